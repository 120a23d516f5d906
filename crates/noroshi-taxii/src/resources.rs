//! The small resources as JSON (TAXII 2.1, 4 and 5). Lists that are empty are left out.

use noroshi_model::Timestamp;
use serde_json::{Map, Value, json};

use crate::answer::About;
use crate::desk::{Collection, Fate, Status};
use crate::media::{STIX, TAXII};
use crate::routes::ROOT;

/// A TAXII timestamp: always six digits (section 2).
pub(crate) fn six_digits(time: Timestamp) -> String {
    let text = time.to_string();
    match text.strip_suffix('Z') {
        // Milliseconds: 2026-11-24T08:00:00.000
        Some(plain) if plain.len() == 23 => format!("{plain}000Z"),
        _ => text,
    }
}

/// A JSON string. What we write is nearly always free of what must be escaped.
pub(crate) fn push_text(body: &mut Vec<u8>, text: &str) {
    let plain = |byte: u8| byte >= 0x20 && byte != b'"' && byte != b'\\';
    if text.bytes().all(plain) {
        body.push(b'"');
        body.extend_from_slice(text.as_bytes());
        body.push(b'"');
    } else {
        body.extend_from_slice(Value::from(text).to_string().as_bytes());
    }
}

pub(crate) fn discovery(about: &About) -> Value {
    let root = format!("{}{ROOT}", about.origin.as_deref().unwrap_or(""));
    let mut value = json!({
        "title": about.title,
        "default": root,
        "api_roots": [root],
    });
    insert(&mut value, "description", about.description.as_deref());
    insert(&mut value, "contact", about.contact.as_deref());
    value
}

pub(crate) fn api_root(about: &About) -> Value {
    let mut value = json!({
        "title": about.title,
        "versions": [TAXII],
        "max_content_length": about.body_bytes_max,
        "x_noroshi_page_max": about.page_max,
    });
    insert(&mut value, "description", about.description.as_deref());
    value
}

pub(crate) fn collections(list: &[Collection]) -> Value {
    if list.is_empty() {
        return json!({});
    }
    let list: Vec<Value> = list.iter().map(collection).collect();
    json!({ "collections": list })
}

pub(crate) fn collection(collection: &Collection) -> Value {
    let mut value = json!({
        "id": collection.id,
        "title": collection.title,
        "can_read": collection.can_read,
        "can_write": collection.can_write,
        "media_types": [STIX],
    });
    insert(&mut value, "description", collection.description.as_deref());
    insert(&mut value, "alias", collection.alias.as_deref());
    value
}

fn insert(value: &mut Value, key: &str, text: Option<&str>) {
    if let Some(text) = text {
        value[key] = text.into();
    }
}

/// The counts are of all objects. A list is given where it is whole: clients hold its length
/// against the count. The beginning of a longer one stands under a name of ours.
pub(crate) fn status(status: &Status) -> Value {
    let mut value = json!({
        "id": status.id,
        "status": if status.is_complete { "complete" } else { "pending" },
        "request_timestamp": six_digits(status.requested),
        "total_count": status.total,
        "success_count": status.succeeded,
        "failure_count": status.failed,
        "pending_count": status.pending,
    });
    let lists = [
        ("successes", &status.successes, status.succeeded),
        ("failures", &status.failures, status.failed),
        ("pendings", &status.pendings, status.pending),
    ];
    for (name, fates, count) in lists {
        if fates.is_empty() {
            continue;
        }
        let list: Vec<Value> = fates
            .iter()
            .map(|one| fate(one, status.requested))
            .collect();
        if list.len() as u64 == count {
            value[name] = list.into();
        } else {
            value[format!("x_noroshi_first_{name}")] = list.into();
        }
    }
    value
}

fn fate(fate: &Fate, requested: Timestamp) -> Value {
    let mut value = Map::new();
    let id = if fate.id.is_empty() {
        "unknown"
    } else {
        &fate.id
    };
    value.insert("id".to_owned(), id.into());
    // Objects without a version have one that is this server's: when they were posted.
    let version = fate
        .version
        .clone()
        .unwrap_or_else(|| six_digits(requested));
    value.insert("version".to_owned(), version.into());
    if let Some(message) = &fate.message {
        value.insert("message".to_owned(), message.as_str().into());
    }
    value.into()
}
