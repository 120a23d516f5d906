//! Patterns and observations by chance, from a small world in which they often have to do with each
//! other. The same seed, the same world.

use noroshi_model::{Object, Timestamp, Value};
use noroshi_pattern::{
    Comparison, ComparisonExpression, Constant, ObjectPath, Observation, ObservationExpression,
    ObservedObject, Order, Pattern, Qualifier, Step, Test,
};

pub(crate) struct Chance(pub(crate) u64);

impl Chance {
    /// SplitMix64 (Steele, Lea and Flood, 2014).
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    pub(crate) fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next() % bound.max(1) as u64).unwrap()
    }

    fn one<'a, T>(&mut self, list: &'a [T]) -> &'a T {
        &list[self.below(list.len())]
    }

    fn time(&mut self) -> Timestamp {
        Timestamp::from_micros(self.below(8) as i64 * 1_000_000)
    }
}

const TEXTS: [&str; 12] = [
    "a",
    "b",
    "ab",
    "%",
    "'\\",
    "1970-01-01T00:00:03Z",
    "10.0.0.1",
    "10.0.0.0/24",
    "2001:db8::1",
    "\u{e4}",
    "a\u{308}",
    "6162",
];
const SHAPES: [&str; 6] = ["a%", "_", "%b%", "", "\u{e4}", "__"];
const REGEXES: [&str; 5] = ["a", "^b$", "[ab]+", "a|0", "."];
const NETS: [&str; 5] = [
    "10.0.0.0/24",
    "10.0.0.1",
    "0.0.0.0/0",
    "2001:db8::/32",
    "10.0.0.0/8",
];

fn text(chance: &mut Chance) -> String {
    (*chance.one(&TEXTS)).to_owned()
}

fn constant(chance: &mut Chance) -> Constant {
    match chance.below(12) {
        0..=3 => Constant::Text(text(chance)),
        4..=7 => Constant::Integer(chance.below(3) as i64 - 1),
        8 => Constant::Float(*chance.one(&[0.0, 0.5, -1.0, 1.0])),
        9 => Constant::Boolean(chance.below(2) == 0),
        10 => Constant::Hex(b"ab".to_vec()),
        _ => Constant::Time(chance.time()),
    }
}

fn path(chance: &mut Chance) -> ObjectPath {
    let key = |name: &str| Step::Key(name.into());
    let steps = match chance.below(10) {
        0..=3 => vec![key("n")],
        4 | 5 => vec![key("s")],
        6 => vec![
            key("l"),
            if chance.below(2) == 0 {
                Step::Any
            } else {
                Step::Index(1)
            },
        ],
        7 => vec![key("d_hex")],
        8 => vec![key("o_ref"), key(["n", "s", "type"][chance.below(3)])],
        _ => vec![key("o_refs"), Step::Any, key("n")],
    };
    ObjectPath {
        object_type: (*chance.one(&["x-a", "x-b"])).into(),
        steps,
    }
}

fn comparison(chance: &mut Chance, depth: usize) -> ComparisonExpression {
    // Half of them are often true, so that much of what follows has something to join.
    if chance.below(2) == 0 {
        let likely = Comparison {
            path: ObjectPath {
                object_type: (*chance.one(&["x-a", "x-b"])).into(),
                steps: vec![Step::Key("n".into())],
            },
            negated: false,
            test: [
                Test::Exists,
                Test::Equal(Constant::Integer(0)),
                Test::Unequal(constant(chance)),
            ][chance.below(3)]
            .clone(),
        };
        return ComparisonExpression::Test(likely);
    }
    match chance.below(if depth == 0 { 5 } else { 8 }) {
        0..=4 => {
            let test = match chance.below(12) {
                0..=4 => Test::Equal(constant(chance)),
                5 => Test::Unequal(constant(chance)),
                6 => {
                    let order = *chance.one(&[
                        Order::Less,
                        Order::LessOrEqual,
                        Order::Greater,
                        Order::GreaterOrEqual,
                    ]);
                    match constant(chance) {
                        Constant::Boolean(_) => Test::Exists,
                        constant => Test::Ordered(order, constant),
                    }
                }
                7 => Test::In((0..chance.below(3)).map(|_| constant(chance)).collect()),
                8 => Test::Like((*chance.one(&SHAPES)).to_owned()),
                9 => Test::Matches((*chance.one(&REGEXES)).to_owned()),
                10 if chance.below(2) == 0 => Test::IsSubset((*chance.one(&NETS)).to_owned()),
                10 => Test::IsSuperset((*chance.one(&NETS)).to_owned()),
                _ => Test::Exists,
            };
            ComparisonExpression::Test(Comparison {
                path: path(chance),
                negated: chance.below(5) == 0,
                test,
            })
        }
        5 | 6 => ComparisonExpression::All(vec![
            comparison(chance, depth - 1),
            comparison(chance, depth - 1),
        ]),
        _ => ComparisonExpression::Any(vec![
            comparison(chance, depth - 1),
            comparison(chance, depth - 1),
        ]),
    }
}

fn observed(chance: &mut Chance, depth: usize) -> ObservationExpression {
    let two = |chance: &mut Chance| {
        let mut parts = vec![observed(chance, depth - 1), observed(chance, depth - 1)];
        if chance.below(4) == 0 {
            parts.push(observed(chance, depth - 1));
        }
        parts
    };
    match chance.below(if depth == 0 { 2 } else { 9 }) {
        0 | 1 => ObservationExpression::One(comparison(chance, 1)),
        2 | 3 => ObservationExpression::All(two(chance)),
        4 => ObservationExpression::Any(two(chance)),
        5 | 6 => ObservationExpression::Sequence(two(chance)),
        _ => {
            let qualifiers = match chance.below(6) {
                0 => vec![Qualifier::Repeats(1 + chance.below(3) as u32)],
                1 | 2 => vec![within(chance)],
                3 => vec![Qualifier::Repeats(2), within(chance)],
                4 => vec![within(chance), Qualifier::Repeats(2)],
                _ => {
                    let start = chance.time();
                    vec![Qualifier::StartStop(start, start.plus_seconds(4))]
                }
            };
            ObservationExpression::Qualified(Box::new(observed(chance, depth - 1)), qualifiers)
        }
    }
}

fn within(chance: &mut Chance) -> Qualifier {
    Qualifier::Within(*chance.one(&[1, 1_000_000, 1_500_000, 3_000_000, 5_000_000]))
}

/// A pattern that binds few observations, as the reference tries every way to bind them.
pub(crate) fn pattern(chance: &mut Chance) -> Pattern {
    loop {
        let depth = *chance.one(&[0, 1, 1, 2, 2]);
        let root = observed(chance, depth);
        if bound(&root) <= 4 {
            return Pattern { root };
        }
    }
}

/// The most observations that an expression binds.
fn bound(expression: &ObservationExpression) -> usize {
    let each = |parts: &[ObservationExpression]| parts.iter().map(bound).collect::<Vec<_>>();
    match expression {
        ObservationExpression::One(_) => 1,
        ObservationExpression::All(parts) | ObservationExpression::Sequence(parts) => {
            each(parts).iter().sum()
        }
        ObservationExpression::Any(parts) => each(parts).into_iter().max().unwrap_or_default(),
        ObservationExpression::Qualified(inner, qualifiers) => {
            qualifiers
                .iter()
                .fold(bound(inner), |all, qualifier| match qualifier {
                    Qualifier::Repeats(times) => all * *times as usize,
                    Qualifier::Within(_) | Qualifier::StartStop(..) => all,
                })
        }
    }
}

fn value(chance: &mut Chance) -> Value {
    match chance.below(8) {
        0..=3 => Value::Int(chance.below(3) as i64 - 1),
        4 | 5 => text(chance).into(),
        6 => Value::Float(0.5),
        _ => Value::Bool(chance.below(2) == 0),
    }
}

fn object(chance: &mut Chance, others: usize) -> Object {
    let mut object = Object::new().with("type", *chance.one(&["x-a", "x-b"]));
    let reference = |chance: &mut Chance| Value::from(format!("o{}", chance.below(others + 1)));
    if chance.below(4) > 0 {
        let value = value(chance);
        object.insert("n", value);
    }
    if chance.below(2) == 0 {
        object.insert("s", text(chance));
    }
    if chance.below(3) == 0 {
        let list: Vec<Value> = (0..chance.below(3)).map(|_| value(chance)).collect();
        object.insert("l", list);
    }
    if chance.below(3) == 0 {
        object.insert("d_hex", *chance.one(&["6162", "zz", "e4"]));
    }
    if chance.below(3) == 0 {
        let one = reference(chance);
        object.insert("o_ref", one);
    }
    if chance.below(4) == 0 {
        let list: Vec<Value> = (0..chance.below(3)).map(|_| reference(chance)).collect();
        object.insert("o_refs", list);
    }
    object
}

/// An observation at one time, or over a span and several times where that is asked for.
pub(crate) fn observation(chance: &mut Chance, id: u64, is_spread: bool) -> Observation {
    let number = 1 + chance.below(3);
    let objects = (0..number)
        .map(|at| ObservedObject {
            key: format!("o{at}").into(),
            properties: object(chance, number),
        })
        .collect();
    let first = chance.time();
    let (last, count) = if is_spread && chance.below(3) == 0 {
        (
            first.plus_seconds(chance.below(4) as i64),
            1 + chance.below(2) as u32,
        )
    } else {
        (first, 1)
    };
    Observation::over(id, (first, last), count, objects).unwrap()
}
