//! The slow reference: STIX 2.1, part 9, written down plainly, one clause at a time, without
//! thought for speed. It shares nothing with the engine but the parsed pattern and the
//! observation.
//!
//! It tries every way to bind observations, and for each whether times can be chosen, inside the
//! spans in which the observations were made, that keep every qualifier and FOLLOWEDBY.

use noroshi_model::{Object, Timestamp, Value};
use noroshi_pattern::{
    Comparison, ComparisonExpression, Constant, Observation, ObservationExpression, Order, Pattern,
    Qualifier, Step, Test,
};

/// Is the pattern satisfied by some of these observations?
pub(crate) fn is_satisfied(pattern: &Pattern, observations: &[&Observation]) -> bool {
    // An observation that was made several times is several.
    let instances: Vec<&Observation> = observations
        .iter()
        .flat_map(|one| std::iter::repeat_n(*one, one.count() as usize))
        .collect();
    bindings(&pattern.root, &instances)
        .iter()
        .any(|binding| has_times(binding, &instances))
}

/// Observations chosen, by number, and what is asked of their times, by place in the choice.
#[derive(Clone)]
struct Binding {
    chosen: Vec<usize>,
    bounds: Vec<Bound>,
}

/// The time of `later` less that of `earlier` is at most so many microseconds; None is 1970.
#[derive(Clone)]
struct Bound {
    earlier: Option<usize>,
    later: Option<usize>,
    most: i64,
}

impl Binding {
    /// Both, if they share no observation (9.5.2: different observations).
    fn and(&self, other: &Self) -> Option<Self> {
        if self.chosen.iter().any(|one| other.chosen.contains(one)) {
            return None;
        }
        let moved = |place: Option<usize>| place.map(|place| place + self.chosen.len());
        let mut both = self.clone();
        both.chosen.extend(&other.chosen);
        both.bounds.extend(other.bounds.iter().map(|bound| Bound {
            earlier: moved(bound.earlier),
            later: moved(bound.later),
            most: bound.most,
        }));
        Some(both)
    }
}

fn bindings(expression: &ObservationExpression, instances: &[&Observation]) -> Vec<Binding> {
    match expression {
        ObservationExpression::One(inner) => (0..instances.len())
            .filter(|at| is_true_somewhere(inner, instances[*at]))
            .map(|at| Binding {
                chosen: vec![at],
                bounds: Vec::new(),
            })
            .collect(),
        ObservationExpression::Any(parts) => parts
            .iter()
            .flat_map(|part| bindings(part, instances))
            .collect(),
        ObservationExpression::All(parts) => joined(parts, instances, false),
        ObservationExpression::Sequence(parts) => joined(parts, instances, true),
        ObservationExpression::Qualified(inner, qualifiers) => {
            let mut found = bindings(inner, instances);
            for qualifier in qualifiers {
                found = qualified(&found, *qualifier);
            }
            found
        }
    }
}

fn joined(
    parts: &[ObservationExpression],
    instances: &[&Observation],
    is_sequence: bool,
) -> Vec<Binding> {
    let mut found = bindings(&parts[0], instances);
    for part in &parts[1..] {
        let next = bindings(part, instances);
        let mut both = Vec::new();
        for left in &found {
            for right in &next {
                let Some(mut binding) = left.and(right) else {
                    continue;
                };
                if is_sequence {
                    // 9.5.2: no time on the right is before one on the left.
                    for early in 0..left.chosen.len() {
                        for late in left.chosen.len()..binding.chosen.len() {
                            binding.bounds.push(Bound {
                                earlier: Some(late),
                                later: Some(early),
                                most: 0,
                            });
                        }
                    }
                }
                both.push(binding);
            }
        }
        found = both;
    }
    found
}

fn qualified(found: &[Binding], qualifier: Qualifier) -> Vec<Binding> {
    match qualifier {
        // 9.5.1: so many times, each on different observations.
        Qualifier::Repeats(times) => {
            let mut sofar: Vec<Binding> = found.to_vec();
            for _ in 1..times {
                let mut more = Vec::new();
                for left in &sofar {
                    more.extend(found.iter().filter_map(|right| left.and(right)));
                }
                sofar = more;
            }
            sofar
        }
        // 9.5.1: the last is before the first plus the window.
        Qualifier::Within(micros) => {
            let mut found = found.to_vec();
            for binding in &mut found {
                for earlier in 0..binding.chosen.len() {
                    for later in 0..binding.chosen.len() {
                        if earlier != later {
                            binding.bounds.push(Bound {
                                earlier: Some(earlier),
                                later: Some(later),
                                most: micros - 1,
                            });
                        }
                    }
                }
            }
            found
        }
        // 9.5.1: from START on, before STOP.
        Qualifier::StartStop(start, stop) => {
            let mut found = found.to_vec();
            for binding in &mut found {
                for place in 0..binding.chosen.len() {
                    binding.bounds.push(Bound {
                        earlier: None,
                        later: Some(place),
                        most: stop.micros() - 1,
                    });
                    binding.bounds.push(Bound {
                        earlier: Some(place),
                        later: None,
                        most: -start.micros(),
                    });
                }
            }
            found
        }
    }
}

/// Can times be chosen? As for any bounds on differences: unless going round some circle of them
/// would put an instant before itself (Bellman and Ford).
fn has_times(binding: &Binding, instances: &[&Observation]) -> bool {
    let all = binding.chosen.len();
    let number = |place: Option<usize>| place.unwrap_or(all);
    let mut bounds: Vec<(usize, usize, i64)> = binding
        .bounds
        .iter()
        .map(|bound| (number(bound.earlier), number(bound.later), bound.most))
        .collect();
    for (place, at) in binding.chosen.iter().enumerate() {
        bounds.push((all, place, instances[*at].last().micros()));
        bounds.push((place, all, -instances[*at].first().micros()));
    }
    let mut latest = vec![0_i64; all + 1];
    for _ in 0..=all + 1 {
        for (earlier, later, most) in &bounds {
            latest[*later] = latest[*later].min(latest[*earlier] + most);
        }
    }
    bounds
        .iter()
        .all(|(earlier, later, most)| latest[*later] <= latest[*earlier] + most)
}

/// 9.6: the comparisons joined by AND are about one and the same object.
fn is_true_somewhere(expression: &ComparisonExpression, observation: &Observation) -> bool {
    observation
        .objects()
        .iter()
        .any(|object| is_true(expression, observation, &object.properties))
}

fn is_true(expression: &ComparisonExpression, observation: &Observation, root: &Object) -> bool {
    match expression {
        ComparisonExpression::All(parts) => {
            parts.iter().all(|part| is_true(part, observation, root))
        }
        ComparisonExpression::Any(parts) => {
            parts.iter().any(|part| is_true(part, observation, root))
        }
        ComparisonExpression::Test(comparison) => {
            root.str("type") == Some(&comparison.path.object_type)
                && test(comparison, observation, root)
        }
    }
}

fn test(comparison: &Comparison, observation: &Observation, root: &Object) -> bool {
    let root = Value::Object(root.clone());
    let values = values(
        observation,
        vec![(root, String::new())],
        &comparison.path.steps,
    );
    if comparison.test == Test::Exists {
        return values.is_empty() == comparison.negated;
    }
    values
        .iter()
        .any(|(value, name)| match holds(&comparison.test, value, name) {
            Some(outcome) => outcome != comparison.negated,
            None => false,
        })
}

/// 9.7: the values a path leads to, each with the name of the property it stands in.
fn values(
    observation: &Observation,
    here: Vec<(Value, String)>,
    steps: &[Step],
) -> Vec<(Value, String)> {
    let Some((step, rest)) = steps.split_first() else {
        return here;
    };
    let mut next = Vec::new();
    for (value, name) in here {
        let is_reference = name.ends_with("_ref") || name.ends_with("_refs");
        let value = match (step, &value) {
            // 9.7.4: past a reference lies the object it names.
            (Step::Key(_), Value::String(key)) if is_reference => match observation.object(key) {
                Some(object) => Value::Object(object.properties.clone()),
                None => continue,
            },
            _ => value,
        };
        match (step, value) {
            (Step::Key(key), Value::Object(object)) => {
                if let Some(value) = object.get(key) {
                    next.push((value.clone(), key.to_string()));
                }
            }
            (Step::Index(index), Value::Array(list)) => {
                next.extend(list.get(*index).map(|value| (value.clone(), name)));
            }
            (Step::Any, Value::Array(list)) => {
                next.extend(list.iter().map(|value| (value.clone(), name.clone())));
            }
            _ => {}
        }
    }
    values(observation, next, rest)
}

enum Operand {
    Bytes(Vec<u8>),
    Json(Value),
}

/// None: the two have no order, so that neither the test nor its negation is true.
fn holds(test: &Test, value: &Value, name: &str) -> Option<bool> {
    let operand = match value.as_str() {
        Some(text) if name.ends_with("_hex") => {
            match data_encoding::HEXLOWER_PERMISSIVE.decode(text.as_bytes()) {
                Ok(bytes) => Operand::Bytes(bytes),
                Err(_) => Operand::Json(Value::Null),
            }
        }
        Some(text) if name.ends_with("_bin") => {
            match data_encoding::BASE64.decode(text.as_bytes()) {
                Ok(bytes) => Operand::Bytes(bytes),
                Err(_) => Operand::Json(Value::Null),
            }
        }
        _ => Operand::Json(value.clone()),
    };
    let is_equal = |constant: &Constant| {
        matches!(
            compare(&operand, constant),
            Some(core::cmp::Ordering::Equal)
        )
    };
    match test {
        Test::Equal(constant) => Some(is_equal(constant)),
        Test::Unequal(constant) => Some(!is_equal(constant)),
        Test::In(set) => Some(set.iter().any(is_equal)),
        Test::Ordered(order, constant) => {
            let found = compare(&operand, constant)?;
            Some(match order {
                Order::Less => found.is_lt(),
                Order::LessOrEqual => found.is_le(),
                Order::Greater => found.is_gt(),
                Order::GreaterOrEqual => found.is_ge(),
            })
        }
        Test::Like(shape) => Some(match &operand {
            Operand::Json(Value::String(text)) => like(&nfc(shape), &nfc(text)),
            Operand::Bytes(bytes) => {
                let text: Vec<char> = bytes.iter().map(|byte| char::from(*byte)).collect();
                like(&nfc(shape), &text)
            }
            Operand::Json(_) => false,
        }),
        Test::Matches(regex) => Some(match &operand {
            Operand::Json(Value::String(text)) => {
                let text: String = nfc(text).into_iter().collect();
                let regex: String = nfc(regex).into_iter().collect();
                regex::Regex::new(&regex).unwrap().is_match(&text)
            }
            Operand::Bytes(bytes) => {
                let regex = format!("(?-u){regex}");
                regex::bytes::Regex::new(&regex).unwrap().is_match(bytes)
            }
            Operand::Json(_) => false,
        }),
        Test::IsSubset(net) => Some(match &operand {
            Operand::Json(Value::String(text)) => is_within(text, net),
            _ => false,
        }),
        Test::IsSuperset(net) => Some(match &operand {
            Operand::Json(Value::String(text)) => is_within(net, text),
            _ => false,
        }),
        Test::Exists => Some(true),
    }
}

fn nfc(text: &str) -> Vec<char> {
    unicode_normalization::UnicodeNormalization::nfc(text).collect()
}

fn like(shape: &[char], text: &[char]) -> bool {
    match (shape.split_first(), text.split_first()) {
        (None, None) => true,
        (None, Some(_)) => false,
        (Some(('%', rest)), None) => like(rest, text),
        (Some(('%', rest)), Some((_, after))) => like(rest, text) || like(shape, after),
        (Some(('_', rest)), Some((_, after))) => like(rest, after),
        (Some((want, rest)), Some((have, after))) => want == have && like(rest, after),
        (Some(_), None) => false,
    }
}

/// Is every address of the first a member of the second? Bit by bit.
fn is_within(inner: &str, outer: &str) -> bool {
    let (Some(inner), Some(outer)) = (bits(inner), bits(outer)) else {
        return false;
    };
    inner.1 == outer.1 && inner.0.len() >= outer.0.len() && inner.0.starts_with(&outer.0)
}

/// The bits of an address that its prefix fixes, and how many there are in all.
fn bits(text: &str) -> Option<(Vec<bool>, usize)> {
    let (address, length) = match text.split_once('/') {
        Some((address, length)) => (address, Some(length.parse::<usize>().ok()?)),
        None => (text, None),
    };
    let octets = match address.parse::<core::net::IpAddr>().ok()? {
        core::net::IpAddr::V4(address) => address.octets().to_vec(),
        core::net::IpAddr::V6(address) => address.octets().to_vec(),
    };
    let all: Vec<bool> = octets
        .iter()
        .flat_map(|octet| (0..8).rev().map(move |bit| octet >> bit & 1 == 1))
        .collect();
    let length = length.unwrap_or(all.len());
    (length <= all.len()).then(|| (all[..length].to_vec(), all.len()))
}

fn compare(operand: &Operand, constant: &Constant) -> Option<core::cmp::Ordering> {
    // 9.6.3: a text stands for bytes if no character of it is beyond U+00FF.
    let octets = |text: &str| -> Option<Vec<u8>> {
        text.chars().map(|c| u8::try_from(c as u32).ok()).collect()
    };
    match (operand, constant) {
        (Operand::Bytes(a), Constant::Hex(b) | Constant::Binary(b)) => Some(a.cmp(b)),
        (Operand::Bytes(a), Constant::Text(b)) => Some(a.cmp(&octets(b)?)),
        (Operand::Json(Value::String(a)), Constant::Hex(b) | Constant::Binary(b)) => {
            Some(octets(a)?.cmp(b))
        }
        (Operand::Json(Value::String(a)), Constant::Text(b)) => Some(a.chars().cmp(b.chars())),
        (Operand::Json(Value::String(a)), Constant::Time(b)) => {
            Some(a.parse::<Timestamp>().ok()?.cmp(b))
        }
        (Operand::Json(Value::Bool(a)), Constant::Boolean(b)) => {
            (a == b).then_some(core::cmp::Ordering::Equal)
        }
        (Operand::Json(Value::Int(a)), Constant::Integer(b)) => Some(a.cmp(b)),
        (Operand::Json(Value::Int(a)), Constant::Float(b)) => (*a as f64).partial_cmp(b),
        (Operand::Json(Value::Float(a)), Constant::Integer(b)) => a.partial_cmp(&(*b as f64)),
        (Operand::Json(Value::Float(a)), Constant::Float(b)) => a.partial_cmp(b),
        _ => None,
    }
}
