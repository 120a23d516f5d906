//! An object of an own type as a note or report, for receivers that do not know the type.
//!
//! The fallback holds no more than the object and carries all of its markings: those of single
//! properties mark the whole of it, because its text is made of all of them. So it is never more
//! open than what it stands for. Reduce first, then fall back.

use std::fmt::Write as _;

use noroshi_model::json::{Object, Value};
use noroshi_model::{Limits, StixId};

use super::{Fallback, OwnType, own_type_of};
use crate::error::ReadError;
use crate::stix::own::registered;
use crate::stix::{TITLED, cut, is_standard, own_type};
use crate::uuid;
use crate::valid::{Valid, check};

/// c2513584-860d-4951-a2a9-3a3e6848865f, the ontology's own UUID: the namespace of fallback ids.
const NAMESPACE: [u8; 16] = [
    0xc2, 0x51, 0x35, 0x84, 0x86, 0x0d, 0x49, 0x51, 0xa2, 0xa9, 0x3a, 0x3e, 0x68, 0x48, 0x86, 0x5f,
];
/// Longest text of a fallback, in bytes; what is longer is cut and says so.
const TEXT_BYTES_MAX: usize = 100_000;
/// Longest title, in bytes, of each language.
const TITLE_BYTES_MAX: usize = 200;
/// Most objects a fallback refers to.
const REFS_MAX: usize = 500;
/// Common properties that are taken over as they are.
const KEPT: [&str; 6] = [
    "confidence",
    "created_by_ref",
    "external_references",
    "labels",
    "lang",
    "revoked",
];

/// The note or report that stands for an object of an own type; `None` for any other object.
///
/// `translations` are language-content objects known for it; those that are about another object
/// or another version of it are passed over. Markings that a node orders on top of an object do
/// not stand in it: the caller orders them on the fallback as well.
///
/// # Errors
/// The fallback itself would not be accepted: it grew beyond `limits`.
pub fn fallback(
    object: &Valid,
    translations: &[&Valid],
    limits: &Limits,
) -> Result<Option<Valid>, ReadError> {
    let Some(own) = own_type_of(object) else {
        return Ok(None);
    };
    let about: Vec<&Valid> = translations
        .iter()
        .copied()
        .filter(|it| is_about(it, object))
        .collect();
    let built = build(own, object, &about);
    check(Value::Object(built), limits).map(|(valid, _)| Some(valid))
}

/// The id of what stands for an object of an own type; `None` where the id is of no own type.
#[must_use]
pub fn fallback_id(id: &str) -> Option<String> {
    let (kind, _) = id.split_once("--")?;
    let uuid = uuid::version_5(&NAMESPACE, id.as_bytes());
    registered(kind).map(|own| format!("{}--{uuid}", kind_of(own)))
}

fn kind_of(own: &OwnType) -> &'static str {
    match own.fallback {
        Fallback::Note => "note",
        Fallback::Report => "report",
    }
}

fn build(own: &OwnType, object: &Valid, translations: &[&Valid]) -> Object {
    let (id, source) = (object.head().id.as_str(), object.object());
    let kind = kind_of(own);
    let uuid = uuid::version_5(&NAMESPACE, id.as_bytes());
    let created = source.str("created").unwrap_or_default();
    let mut built = Object::new()
        .with("type", kind)
        .with("spec_version", "2.1")
        .with("id", format!("{kind}--{uuid}"))
        .with("created", created)
        .with("modified", source.str("modified").unwrap_or(created))
        .with("object_refs", refs(object));
    for name in KEPT {
        if let Some(value) = source.get(name) {
            built.insert(name, value.clone());
        }
    }
    let mut references = match built.remove("external_references") {
        Some(Value::Array(references)) => references,
        _ => Vec::new(),
    };
    let reference = Object::new()
        .with("source_name", "noroshi")
        .with("external_id", id);
    references.push(reference.into());
    built.insert("external_references", references);
    let markings = markings(object, translations);
    if !markings.is_empty() {
        built.insert("object_marking_refs", markings);
    }
    let title = title(own, source, translations);
    let text = text(own, object, translations);
    match own.fallback {
        Fallback::Note => built.with("abstract", title).with("content", text),
        Fallback::Report => built
            .with("name", title)
            .with("description", text)
            .with("published", created),
    }
}

/// Is this a translation of that very version?
fn is_about(translation: &Valid, object: &Valid) -> bool {
    let translated = translation.object();
    let version = translated.str("object_modified");
    translation.head().id.kind() == "language-content"
        && translated.str("object_ref") == Some(object.head().id.as_str())
        && version.is_none_or(|it| it.parse() == Ok(object.head().modified))
}

/// What the object speaks of, as far as anybody knows the types; else who made it; else itself.
fn refs(object: &Valid) -> Vec<Value> {
    let mut found: Vec<&str> = Vec::new();
    for (name, value) in own_properties(object) {
        let ids = match value {
            Value::String(_) if name.ends_with("_ref") => core::slice::from_ref(value),
            Value::Array(ids) if name.ends_with("_refs") => ids,
            _ => continue,
        };
        let ids = ids.iter().filter_map(Value::as_str);
        found.extend(ids.filter(|id| is_known(id)));
    }
    found.sort_unstable();
    found.dedup();
    found.truncate(REFS_MAX);
    if found.is_empty() {
        let maker = object.object().str("created_by_ref");
        found.push(maker.unwrap_or(object.head().id.as_str()));
    }
    found.into_iter().map(Value::from).collect()
}

fn is_known(id: &str) -> bool {
    StixId::kind_of(id).is_ok_and(is_standard)
}

/// Every marking of the object, of its properties and of its translations, in order, each once.
fn markings(object: &Valid, translations: &[&Valid]) -> Vec<Value> {
    let mut all: Vec<&str> = Vec::new();
    for object in core::iter::once(&object).chain(translations) {
        let list = |name: &str| {
            let list = object.object().get(name).and_then(Value::as_array);
            list.unwrap_or_default()
        };
        let whole = list("object_marking_refs").iter().filter_map(Value::as_str);
        let parts = list("granular_markings")
            .iter()
            .filter_map(|marking| marking.as_object()?.str("marking_ref"));
        for marking in whole.chain(parts) {
            if !all.contains(&marking) {
                all.push(marking);
            }
        }
    }
    all.into_iter().map(Value::from).collect()
}

/// Properties of the type itself: what the common ones say is taken over elsewhere.
fn own_properties(object: &Valid) -> impl Iterator<Item = (&str, &Value)> {
    let shape = own_type(object.head().id.kind());
    let is_common = move |name: &str| {
        shape.is_some_and(|shape| {
            let mut rows = shape.properties.iter();
            rows.any(|row| row.is_common && row.name == name)
        })
    };
    object
        .object()
        .iter()
        .filter(move |(name, _)| !is_common(name))
}

/// `[Mission / 任務] name`, and the name in Japanese where it is known.
fn title(own: &OwnType, source: &Object, translations: &[&Valid]) -> String {
    let named = |name: &&&str| source.str(name).is_some();
    let first = [own.titled_by];
    let name = first.iter().chain(&TITLED).find(named).copied();
    let mut title = format!("[{} / {}]", own.english, own.japanese);
    let Some(name) = name else {
        return title;
    };
    let text = source.str(name).unwrap_or_default();
    let _ = write!(title, " {}", cut(text, TITLE_BYTES_MAX));
    let beside = source.str(&format!("{name}_ja"));
    let translated = translations.iter().find_map(|it| {
        let contents = it.object().get("contents")?.as_object()?;
        contents.get("ja")?.as_object()?.str(name)
    });
    if let Some(japanese) = beside.or(translated).filter(|it| *it != text) {
        let _ = write!(title, " / {}", cut(japanese, TITLE_BYTES_MAX));
    }
    title
}

/// Every property in a line of its own, then the translations by language.
fn text(own: &OwnType, object: &Valid, translations: &[&Valid]) -> String {
    let mut text = format!("{} / {}: {}\n", own.english, own.japanese, object.head().id);
    for (name, value) in own_properties(object) {
        line(&mut text, name, value);
    }
    let contents = translations
        .iter()
        .filter_map(|it| it.object().get("contents")?.as_object())
        .flat_map(Object::iter);
    for (language, content) in contents {
        let _ = write!(text, "\n[{language}]\n");
        for (name, value) in content.as_object().into_iter().flat_map(Object::iter) {
            line(&mut text, name, value);
        }
    }
    if text.len() > TEXT_BYTES_MAX {
        let mut end = TEXT_BYTES_MAX;
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        text.truncate(end);
        text.push('\u{2026}');
    }
    text
}

fn line(text: &mut String, name: &str, value: &Value) {
    // Where the text is full already nothing more is written: it is cut there anyway.
    if text.len() > TEXT_BYTES_MAX {
        return;
    }
    let _ = write!(text, "{name}: ");
    written(text, value);
    text.push('\n');
}

fn written(text: &mut String, value: &Value) {
    match value {
        Value::String(it) => text.push_str(it),
        Value::Array(values) => {
            for (at, value) in values.iter().enumerate() {
                if at > 0 {
                    text.push_str("; ");
                }
                written(text, value);
            }
        }
        Value::Object(object) => {
            for (at, (name, value)) in object.iter().enumerate() {
                if at > 0 {
                    text.push_str(", ");
                }
                let _ = write!(text, "{name} = ");
                written(text, value);
            }
        }
        Value::Null | Value::Bool(_) | Value::Int(_) | Value::Float(_) => {
            text.push_str(&String::from_utf8_lossy(&value.canonical()));
        }
    }
}
