//! Rebuild an object from what was released: nothing of what was withheld, nothing that names it.

use std::collections::{BTreeMap, BTreeSet};

use noroshi_model::json::{Object, Value};
use noroshi_model::selector::{Selector, Step};

use crate::decide::Withheld;

/// Lists whose elements are none without these properties (STIX 2.1, 2.5 and 2.11): where one of
/// them stays, the element stays.
const ELEMENTS_NEED: [(&str, &[&str]); 2] = [
    ("external_references", &["source_name"]),
    ("kill_chain_phases", &["kill_chain_name", "phase_name"]),
];

/// The object without the withheld places. What becomes empty goes too.
pub(crate) fn reduce(object: &Object, withheld: &[Withheld]) -> Object {
    let mut closed: BTreeSet<Vec<Step>> = withheld
        .iter()
        .map(|place| place.selector.steps().to_vec())
        .collect();
    close_elements(&mut closed);
    let mut removed = Removed::default();
    let mut reduced = Object::new();
    for (key, value) in object.iter().filter(|(key, _)| *key != "granular_markings") {
        let mut path = vec![Step::Key(key.into())];
        if let Some(value) = prune(value, &mut path, &closed, &mut removed) {
            reduced.insert(key, value);
        }
    }
    let markings = object
        .get("granular_markings")
        .and_then(Value::as_array)
        .unwrap_or_default();
    let kept: Vec<Value> = markings
        .iter()
        .filter_map(|marking| remaining_marking(marking, &removed))
        .collect();
    if !kept.is_empty() {
        reduced.insert("granular_markings", Value::Array(kept));
    }
    reduced
}

/// What went: every path, and per list the positions in ascending order.
#[derive(Default)]
struct Removed {
    paths: BTreeSet<Vec<Step>>,
    positions: BTreeMap<Vec<Step>, Vec<usize>>,
}

impl Removed {
    /// The walk goes through each list from its beginning, so positions come in order.
    fn add(&mut self, path: &[Step]) {
        if let [list @ .., Step::Index(position)] = path {
            self.positions
                .entry(list.to_vec())
                .or_default()
                .push(*position);
        }
        self.paths.insert(path.to_vec());
    }

    /// How many elements of this list went before this position?
    fn before(&self, list: &[Step], position: usize) -> usize {
        self.positions
            .get(list)
            .map_or(0, |gone| gone.partition_point(|one| *one < position))
    }
}

/// An element whose needed property is withheld is withheld whole.
fn close_elements(closed: &mut BTreeSet<Vec<Step>>) {
    let elements: Vec<Vec<Step>> = closed
        .iter()
        .filter_map(|path| match path.as_slice() {
            [Step::Key(list), Step::Index(_), Step::Key(property)] => ELEMENTS_NEED
                .iter()
                .any(|(name, needs)| *name == &**list && needs.contains(&&**property))
                .then(|| path[..2].to_vec()),
            _ => None,
        })
        .collect();
    closed.extend(elements);
}

fn prune(
    value: &Value,
    path: &mut Vec<Step>,
    closed: &BTreeSet<Vec<Step>>,
    removed: &mut Removed,
) -> Option<Value> {
    if closed.contains(path) {
        removed.add(path);
        return None;
    }
    let (was_empty, left) = match value {
        Value::Object(object) => {
            let mut left = Object::new();
            for (key, value) in object.iter() {
                path.push(Step::Key(key.into()));
                if let Some(value) = prune(value, path, closed, removed) {
                    left.insert(key, value);
                }
                path.pop();
            }
            (
                object.is_empty(),
                (!left.is_empty()).then_some(Value::Object(left)),
            )
        }
        Value::Array(values) => {
            let mut left = Vec::new();
            for (index, value) in values.iter().enumerate() {
                path.push(Step::Index(index));
                left.extend(prune(value, path, closed, removed));
                path.pop();
            }
            (
                values.is_empty(),
                (!left.is_empty()).then_some(Value::Array(left)),
            )
        }
        plain => (false, Some(plain.clone())),
    };
    if was_empty {
        return Some(value.clone());
    }
    if left.is_none() {
        removed.add(path);
    }
    left
}

/// A granular marking for what is left: selectors of what went are gone, positions are counted
/// anew; `None` where nothing is left to mark.
fn remaining_marking(marking: &Value, removed: &Removed) -> Option<Value> {
    let marking = marking.as_object()?;
    let selectors = marking.get("selectors").and_then(Value::as_array)?;
    let kept: Vec<Value> = selectors
        .iter()
        .filter_map(|selector| selector.as_str()?.parse::<Selector>().ok())
        .filter_map(|selector| moved(&selector, removed))
        .map(|selector| Value::from(selector.to_string()))
        .collect();
    if kept.is_empty() {
        return None;
    }
    let mut left = marking.clone();
    left.insert("selectors", Value::Array(kept));
    Some(Value::Object(left))
}

/// Where a place stands after the removals; `None` when it or what held it is gone.
fn moved(selector: &Selector, removed: &Removed) -> Option<Selector> {
    let steps = selector.steps();
    let mut after = Vec::with_capacity(steps.len());
    for (at, step) in steps.iter().enumerate() {
        if removed.paths.contains(&steps[..=at]) {
            return None;
        }
        after.push(match step {
            Step::Key(key) => Step::Key(key.clone()),
            Step::Index(index) => Step::Index(index - removed.before(&steps[..at], *index)),
        });
    }
    Selector::from_steps(after)
}

#[cfg(test)]
mod tests {
    use noroshi_model::{Limits, Value};

    use super::reduce;
    use crate::decide::Withheld;

    /// The object of some JSON without those places, as JSON again.
    fn without(json: &str, places: &[&str]) -> String {
        let value = Value::parse(json.as_bytes(), &Limits::DEFAULT).unwrap();
        let withheld: Vec<Withheld> = places
            .iter()
            .map(|place| Withheld {
                selector: place.parse().unwrap(),
                reasons: Vec::new(),
            })
            .collect();
        let left = reduce(value.as_object().unwrap(), &withheld);
        String::from_utf8(Value::Object(left).canonical()).unwrap()
    }

    #[test]
    fn a_marking_follows_what_it_marks_and_goes_with_it() {
        let object = r#"{"granular_markings":[{"marking_ref":"m","selectors":["labels.[0]"]},{"marking_ref":"n","selectors":["labels.[0]","labels.[2]"]}],"labels":["a","b","c"]}"#;
        let left = r#"{"granular_markings":[{"marking_ref":"n","selectors":["labels.[1]"]}],"labels":["b","c"]}"#;
        assert_eq!(without(object, &["labels.[0]"]), left);
    }

    #[test]
    fn a_reference_goes_with_its_source_and_stays_without_its_address() {
        let object = r#"{"external_references":[{"source_name":"s","url":"u"}],"name":"n"}"#;
        let named = "external_references.[0].source_name";
        assert_eq!(without(object, &[named]), r#"{"name":"n"}"#);
        assert_eq!(
            without(object, &["external_references.[0].url"]),
            r#"{"external_references":[{"source_name":"s"}],"name":"n"}"#
        );
        // Elsewhere a property of that name is one like any other.
        let other = r#"{"x_list":[{"source_name":"s","url":"u"}]}"#;
        assert_eq!(
            without(other, &["x_list.[0].source_name"]),
            r#"{"x_list":[{"url":"u"}]}"#
        );
    }

    #[test]
    fn what_becomes_empty_goes_and_what_was_empty_stays() {
        let object = r#"{"a":{"b":"x"},"c":["x"],"d":{},"e":[],"f":{"g":"x","h":"y"}}"#;
        assert_eq!(
            without(object, &["a.b", "c.[0]", "f.g"]),
            r#"{"d":{},"e":[],"f":{"h":"y"}}"#
        );
    }
}
