//! From STIX 2.0 to 2.1, object by object.
//!
//! Source: STIX 2.1, appendix B ("Changes from earlier versions"): `spec_version` on every object,
//! `labels` of some types moved to a property of their own, `is_family` on malware, `pattern_type`
//! on indicators, `identity_class` optional.

use noroshi_model::json::{Object, Value};

use super::table::OBSERVABLES;
use crate::error::{Note, NoteCode};

/// Types whose 2.0 `labels` hold a vocabulary that 2.1 gives a property of its own.
const LABELS_MOVE: &[(&str, &str)] = &[
    ("indicator", "indicator_types"),
    ("malware", "malware_types"),
    ("report", "report_types"),
    ("threat-actor", "threat_actor_types"),
    ("tool", "tool_types"),
];

/// Is this a STIX 2.0 object? 2.0 had no `spec_version` on objects and no top-level observables, so
/// an observable without one is of 2.1.
pub(crate) fn is_older(object: &Object) -> bool {
    let kind = object.str("type").unwrap_or_default();
    object
        .get("spec_version")
        .is_none_or(|version| version.as_str() == Some("2.0"))
        && !OBSERVABLES.contains(&kind)
}

/// The 2.1 object a 2.0 object becomes, and what was filled in or moved.
pub(crate) fn upgrade(mut object: Object) -> (Object, Vec<Note>) {
    let mut notes = Vec::new();
    object.insert("spec_version", "2.1");
    let kind = object.str("type").unwrap_or_default().to_owned();
    if let Some((_, moved)) = LABELS_MOVE.iter().find(|(name, _)| *name == kind)
        && object.get(moved).is_none()
        && let Some(labels) = object.remove("labels")
    {
        object.insert(*moved, labels);
        notes.push(Note::new(
            NoteCode::Moved,
            "labels",
            format!("moved to `{moved}`"),
        ));
    }
    match kind.as_str() {
        "malware" if object.get("is_family").is_none() => {
            // 2.0 could not say it; ATT&CK and most others describe families.
            object.insert("is_family", true);
            notes.push(Note::new(NoteCode::Filled, "is_family", "taken as true"));
        }
        "indicator" if object.get("pattern_type").is_none() => {
            object.insert("pattern_type", "stix");
            notes.push(Note::new(
                NoteCode::Filled,
                "pattern_type",
                "taken as `stix`",
            ));
        }
        _ => {}
    }
    // 2.0 allowed lists without elements; 2.1 does not.
    let empty: Vec<String> = object
        .iter()
        .filter(|(_, value)| matches!(value, Value::Array(values) if values.is_empty()))
        .map(|(name, _)| name.to_owned())
        .collect();
    for name in empty.iter().filter(|name| !name.starts_with("x_")) {
        object.remove(name);
        notes.push(Note::new(
            NoteCode::EmptyList,
            name,
            "was an empty list; left out",
        ));
    }
    (object, notes)
}
