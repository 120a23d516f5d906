//! Patterns that only say "one of these values": a list of plain indicators, which need no engine.

use crate::ast::{Comparison, ComparisonExpression, Constant, ObjectPath, ObservationExpression};
use crate::ast::{Pattern, Step, Test};

/// A plain indicator: an object of a type with a text at a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Atom<'a> {
    /// The type, such as `domain-name`.
    pub object_type: &'a str,
    /// The last property on the way: `value`, `name`, or the algorithm for a hash.
    pub property: &'a str,
    /// What it must be.
    pub value: &'a str,
}

/// Where plain indicators stand: the type of object and the keys on the way; `*` is any one key.
const PLACES: [(&str, &[&str]); 13] = [
    ("ipv4-addr", &["value"]),
    ("ipv6-addr", &["value"]),
    ("domain-name", &["value"]),
    ("url", &["value"]),
    ("email-addr", &["value"]),
    ("mac-addr", &["value"]),
    ("file", &["name"]),
    ("file", &["hashes", "*"]),
    ("artifact", &["hashes", "*"]),
    ("artifact", &["url"]),
    ("x509-certificate", &["hashes", "*"]),
    ("x509-certificate", &["serial_number"]),
    ("windows-registry-key", &["key"]),
];

/// The plain indicators that a pattern is, any one of which satisfies it; None where it says more.
#[must_use]
pub fn atoms(pattern: &Pattern) -> Option<Vec<Atom<'_>>> {
    let mut atoms = Vec::new();
    observation(&pattern.root, &mut atoms).then_some(atoms)
}

fn observation<'a>(expression: &'a ObservationExpression, out: &mut Vec<Atom<'a>>) -> bool {
    match expression {
        ObservationExpression::One(inner) => comparison(inner, out),
        ObservationExpression::Any(parts) => parts.iter().all(|part| observation(part, out)),
        ObservationExpression::All(_)
        | ObservationExpression::Sequence(_)
        | ObservationExpression::Qualified(..) => false,
    }
}

fn comparison<'a>(expression: &'a ComparisonExpression, out: &mut Vec<Atom<'a>>) -> bool {
    match expression {
        ComparisonExpression::Test(test) => atom(test, out),
        ComparisonExpression::Any(parts) => parts.iter().all(|part| comparison(part, out)),
        ComparisonExpression::All(_) => false,
    }
}

fn atom<'a>(comparison: &'a Comparison, out: &mut Vec<Atom<'a>>) -> bool {
    let Some(property) = plain(&comparison.path) else {
        return false;
    };
    let set = match (&comparison.test, comparison.negated) {
        (Test::Equal(constant), false) | (Test::Unequal(constant), true) => {
            core::slice::from_ref(constant)
        }
        (Test::In(set), false) => set.as_slice(),
        _ => return false,
    };
    set.iter().all(|constant| match constant {
        Constant::Text(value) => {
            out.push(Atom {
                object_type: &comparison.path.object_type,
                property,
                value,
            });
            true
        }
        _ => false,
    })
}

/// The last property's name where a path is one that plain indicators have.
fn plain(path: &ObjectPath) -> Option<&str> {
    let keys: Option<Vec<&str>> = path
        .steps
        .iter()
        .map(|step| match step {
            Step::Key(key) => Some(&**key),
            Step::Index(_) | Step::Any => None,
        })
        .collect();
    let keys = keys?;
    let is_place = PLACES.iter().any(|(object_type, place)| {
        *path.object_type == **object_type
            && place.len() == keys.len()
            && place
                .iter()
                .zip(&keys)
                .all(|(want, key)| *want == "*" || want == key)
    });
    is_place.then(|| keys.last().copied()).flatten()
}
