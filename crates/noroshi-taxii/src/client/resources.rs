//! What a server says of itself: discovery, API roots, collections, statuses (TAXII 2.1, 4 and 5).
//! Unknown properties are passed over, as the standard wants; what is known is held to its kind.

use noroshi_model::json::{Object, Value};
use noroshi_model::{Limits, StixId};

/// Most API roots and collections that are looked at.
const LISTED_MAX: usize = 1000;
/// Most fates of a status that are looked at by name.
const FATES_MAX: usize = 1000;
/// Longest text for people that is kept, in characters.
const TEXT_CHARS_MAX: usize = 300;
/// Longest id of a collection or status.
const ID_BYTES_MAX: usize = 200;

/// Why an answer is not the resource that was asked for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ResourceFault {
    /// No JSON object.
    #[error("it is no JSON object")]
    Form,
    /// A property is missing or of the wrong kind.
    #[error("`{0}` is missing or of the wrong kind")]
    Property(&'static str),
    /// More entries than are looked at.
    #[error("it lists more than is looked at")]
    TooMany,
}

/// Discovery (4.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Discovery {
    /// What the server calls itself.
    pub title: String,
    /// The API root it would have used.
    pub default: Option<String>,
    /// Every one there is: addresses, or paths on it.
    pub api_roots: Vec<String>,
}

/// An API root (4.2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiRoot {
    /// What it is called.
    pub title: String,
    /// Does it say that it speaks TAXII 2.1?
    pub speaks_2_1: bool,
    /// Largest body it takes.
    pub max_content_length: u64,
}

/// A collection (5.2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RemoteCollection {
    /// Its id: a UUID, in some servers another word.
    pub id: String,
    /// What it is called.
    pub title: String,
    /// Another name for it.
    pub alias: Option<String>,
    /// May this caller read it?
    pub can_read: bool,
    /// May this caller add to it?
    pub can_write: bool,
}

/// What became of one posted object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fate {
    /// Its id.
    pub id: String,
    /// Why, as the server says it.
    pub message: String,
}

/// A status (4.3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RemoteStatus {
    /// Its id.
    pub id: String,
    /// Is nothing pending?
    pub is_complete: bool,
    /// How many it concerns.
    pub total: u64,
    /// Taken.
    pub succeeded: u64,
    /// Refused.
    pub failed: u64,
    /// Neither yet.
    pub pending: u64,
    /// The first of the refused by name.
    pub failures: Vec<Fate>,
}

/// Read a discovery.
///
/// # Errors
/// See [`ResourceFault`].
pub fn read_discovery(bytes: &[u8]) -> Result<Discovery, ResourceFault> {
    let object = object(bytes)?;
    let roots = list(&object, "api_roots")?;
    let api_roots = roots
        .iter()
        .map(|root| root.as_str().map(str::to_owned))
        .collect::<Option<Vec<_>>>()
        .ok_or(ResourceFault::Property("api_roots"))?;
    Ok(Discovery {
        title: words(&object, "title")?,
        default: object.str("default").map(str::to_owned),
        api_roots,
    })
}

/// Read an API root.
///
/// # Errors
/// See [`ResourceFault`].
pub fn read_root(bytes: &[u8]) -> Result<ApiRoot, ResourceFault> {
    let object = object(bytes)?;
    let versions = list(&object, "versions")?;
    let is_2_1 = |version: &Value| version.as_str().is_some_and(crate::media::is_taxii_2_1);
    let most = object.get("max_content_length").and_then(Value::as_int);
    Ok(ApiRoot {
        title: words(&object, "title")?,
        speaks_2_1: versions.iter().any(is_2_1),
        max_content_length: most
            .and_then(|most| u64::try_from(most).ok())
            .ok_or(ResourceFault::Property("max_content_length"))?,
    })
}

/// Read the collections of an API root.
///
/// # Errors
/// See [`ResourceFault`].
pub fn read_collections(bytes: &[u8]) -> Result<Vec<RemoteCollection>, ResourceFault> {
    let object = object(bytes)?;
    let listed = list(&object, "collections")?;
    listed.iter().map(collection).collect()
}

/// Read one collection.
///
/// # Errors
/// See [`ResourceFault`].
pub fn read_collection(bytes: &[u8]) -> Result<RemoteCollection, ResourceFault> {
    collection(&Value::Object(object(bytes)?))
}

fn collection(value: &Value) -> Result<RemoteCollection, ResourceFault> {
    let object = value
        .as_object()
        .ok_or(ResourceFault::Property("collections"))?;
    let id = object.str("id").filter(|id| is_plain_id(id));
    let flag = |name| object.get(name).and_then(Value::as_bool);
    Ok(RemoteCollection {
        id: id.ok_or(ResourceFault::Property("id"))?.to_owned(),
        title: words(object, "title")?,
        alias: object.str("alias").map(shortened),
        can_read: flag("can_read").ok_or(ResourceFault::Property("can_read"))?,
        can_write: flag("can_write").ok_or(ResourceFault::Property("can_write"))?,
    })
}

/// Read a status.
///
/// # Errors
/// See [`ResourceFault`].
pub fn read_status(bytes: &[u8]) -> Result<RemoteStatus, ResourceFault> {
    let object = object(bytes)?;
    let number = |name| {
        let number = object.get(name).and_then(Value::as_int);
        number.and_then(|number| u64::try_from(number).ok())
    };
    let id = object.str("id").filter(|id| is_plain_id(id));
    let is_complete = match object.str("status") {
        Some("complete") => true,
        Some("pending") => false,
        _ => return Err(ResourceFault::Property("status")),
    };
    let listed = object.get("failures").and_then(Value::as_array);
    let failures = listed
        .unwrap_or(&[])
        .iter()
        .take(FATES_MAX)
        .filter_map(|fate| {
            let fate = fate.as_object()?;
            Some(Fate {
                id: fate
                    .str("id")
                    .and_then(|id| id.parse::<StixId>().ok())?
                    .to_string(),
                message: shortened(fate.str("message").unwrap_or_default()),
            })
        });
    Ok(RemoteStatus {
        id: id.ok_or(ResourceFault::Property("id"))?.to_owned(),
        is_complete,
        total: number("total_count").ok_or(ResourceFault::Property("total_count"))?,
        succeeded: number("success_count").ok_or(ResourceFault::Property("success_count"))?,
        failed: number("failure_count").ok_or(ResourceFault::Property("failure_count"))?,
        pending: number("pending_count").ok_or(ResourceFault::Property("pending_count"))?,
        failures: failures.collect(),
    })
}

fn object(bytes: &[u8]) -> Result<Object, ResourceFault> {
    match Value::parse(bytes, &Limits::DEFAULT) {
        Ok(Value::Object(object)) => Ok(object),
        _ => Err(ResourceFault::Form),
    }
}

/// A list that may be absent.
fn list<'a>(object: &'a Object, name: &'static str) -> Result<&'a [Value], ResourceFault> {
    let Some(value) = object.get(name) else {
        return Ok(&[]);
    };
    let values = value.as_array().ok_or(ResourceFault::Property(name))?;
    if values.len() > LISTED_MAX {
        return Err(ResourceFault::TooMany);
    }
    Ok(values)
}

fn words(object: &Object, name: &'static str) -> Result<String, ResourceFault> {
    let text = object.str(name).ok_or(ResourceFault::Property(name))?;
    Ok(shortened(text))
}

/// An id that stands in a path without an escape and cannot lead out of it.
fn is_plain_id(id: &str) -> bool {
    (1..=ID_BYTES_MAX).contains(&id.len())
        && id
            .bytes()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, b'-' | b'_' | b'.'))
        && !id.starts_with('.')
}

fn shortened(text: &str) -> String {
    let plain = text.chars().filter(|c| !c.is_control());
    plain.take(TEXT_CHARS_MAX).collect()
}
