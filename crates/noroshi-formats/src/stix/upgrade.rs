//! From STIX 2.0 to 2.1, object by object.
//!
//! Source: STIX 2.1, appendix B ("Changes from earlier versions"): `spec_version` on every object,
//! `labels` of some types moved to a property of their own, `is_family` on malware, `pattern_type`
//! on indicators, `identity_class` optional.

use noroshi_model::StixId;
use noroshi_model::json::{Object, Value};

use super::table::is_observable;
use crate::error::{Note, NoteCode};

/// Types whose 2.0 `labels` hold a vocabulary that 2.1 gives a property of its own: type, property,
/// the vocabulary (STIX 2.0 part 1, section 6). Labels outside it were free then and stay labels.
const LABELS_MOVE: &[(&str, &str, &[&str])] = &[
    (
        "indicator",
        "indicator_types",
        &[
            "anomalous-activity",
            "anonymization",
            "benign",
            "compromised",
            "malicious-activity",
            "attribution",
        ],
    ),
    (
        "malware",
        "malware_types",
        &[
            "adware",
            "backdoor",
            "bot",
            "ddos",
            "dropper",
            "exploit-kit",
            "keylogger",
            "ransomware",
            "remote-access-trojan",
            "resource-exploitation",
            "rogue-security-software",
            "rootkit",
            "screen-capture",
            "spyware",
            "trojan",
            "virus",
            "worm",
        ],
    ),
    (
        "report",
        "report_types",
        &[
            "threat-report",
            "attack-pattern",
            "campaign",
            "identity",
            "indicator",
            "intrusion-set",
            "malware",
            "observed-data",
            "threat-actor",
            "tool",
            "vulnerability",
        ],
    ),
    (
        "threat-actor",
        "threat_actor_types",
        &[
            "activist",
            "competitor",
            "crime-syndicate",
            "criminal",
            "hacker",
            "insider-accidental",
            "insider-disgruntled",
            "nation-state",
            "sensationalist",
            "spy",
            "terrorist",
        ],
    ),
    (
        "tool",
        "tool_types",
        &[
            "denial-of-service",
            "exploitation",
            "information-gathering",
            "network-capture",
            "credential-exploitation",
            "remote-access",
            "vulnerability-scanning",
        ],
    ),
];

/// Is this a STIX 2.0 object? 2.0 had no `spec_version` on objects and no top-level observables, so
/// an observable without one is of 2.1.
pub(crate) fn is_older(object: &Object) -> bool {
    let kind = object.str("type").unwrap_or_default();
    object
        .get("spec_version")
        .is_none_or(|version| version.as_str() == Some("2.0"))
        && !is_observable(kind)
}

/// The 2.1 object a 2.0 object becomes, and what was filled in or moved.
pub(crate) fn upgrade(mut object: Object) -> (Object, Vec<Note>) {
    let mut notes = Vec::new();
    object.insert("spec_version", "2.1");
    let kind = object.str("type").unwrap_or_default().to_owned();
    move_labels(&kind, &mut object, &mut notes);
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

/// The same object with the UUIDs of its identifiers in lower case, if that changes any.
///
/// RFC 9562 has them written so and read in either case; published examples of the standard's own
/// makers hold both. Here one object has one name, so the item is the one in lower case.
pub(crate) fn with_lower_ids(mut object: Object) -> Option<(Object, Note)> {
    let mut changed = None;
    let names: Vec<String> = object.iter().map(|(name, _)| name.to_owned()).collect();
    for name in names {
        if let Some(value) = object.get_mut(&name)
            && lower(&name, value)
        {
            changed.get_or_insert(name);
        }
    }
    let detail = "has upper-case digits in an identifier; written in lower case";
    changed.map(|name| (object, Note::new(NoteCode::Form, &name, detail)))
}

fn lower(name: &str, value: &mut Value) -> bool {
    match value {
        Value::String(id) if name == "id" || name.ends_with("_ref") => {
            let small = id.to_ascii_lowercase();
            let is_other = StixId::kind_of(id).is_err() && StixId::kind_of(&small).is_ok();
            if is_other {
                *id = small.into();
            }
            is_other
        }
        Value::Array(values) => {
            let inner = name.strip_suffix('s').unwrap_or(name);
            values
                .iter_mut()
                .fold(false, |any, it| lower(inner, it) | any)
        }
        Value::Object(object) => {
            let names: Vec<String> = object.iter().map(|(name, _)| name.to_owned()).collect();
            names.iter().fold(false, |any, name| {
                object.get_mut(name).is_some_and(|it| lower(name, it)) | any
            })
        }
        _ => false,
    }
}

/// Move the labels of the type's 2.0 vocabulary to the property 2.1 has for them.
fn move_labels(kind: &str, object: &mut Object, notes: &mut Vec<Note>) {
    let Some((_, property, vocabulary)) = LABELS_MOVE.iter().find(|(name, ..)| *name == kind)
    else {
        return;
    };
    // Where the property stands already, the object says it itself: nothing is moved. Labels that
    // are no list of strings are left for the check to refuse.
    let is_texts = |labels: &&[Value]| labels.iter().all(|label| label.as_str().is_some());
    let Some(labels) = object
        .get("labels")
        .and_then(Value::as_array)
        .filter(is_texts)
        .filter(|_| object.get(property).is_none())
    else {
        return;
    };
    let (moved, stay): (Vec<Value>, Vec<Value>) = labels.iter().cloned().partition(|label| {
        label
            .as_str()
            .is_some_and(|label| vocabulary.contains(&label))
    });
    if moved.is_empty() {
        return;
    }
    // A selector names labels by position: moving them would put its marking on another label.
    if marks_labels(object) {
        let detail = "stay where they are: a granular marking names them";
        notes.push(Note::new(NoteCode::Deprecated, "labels", detail));
        return;
    }
    object.insert(*property, moved);
    if stay.is_empty() {
        object.remove("labels");
    } else {
        object.insert("labels", stay);
    }
    let detail = format!("moved to `{property}`, as far as they are of its vocabulary");
    notes.push(Note::new(NoteCode::Moved, "labels", detail));
}

fn marks_labels(object: &Object) -> bool {
    let markings = object.get("granular_markings").and_then(Value::as_array);
    let selectors = markings
        .unwrap_or_default()
        .iter()
        .filter_map(|marking| marking.as_object()?.get("selectors")?.as_array())
        .flatten();
    selectors
        .filter_map(Value::as_str)
        .any(|selector| selector.split('.').next() == Some("labels"))
}
