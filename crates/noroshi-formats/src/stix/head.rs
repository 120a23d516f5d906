//! The head of an object: the few properties that the node itself works with.

use noroshi_model::json::{Object, Value};
use noroshi_model::{Head, StixId, Timestamp};

/// Longest title kept in a head, in bytes.
const TITLE_BYTES_MAX: usize = 200;

/// What an object is called: the first of these that it has.
pub(crate) const TITLED: [&str; 14] = [
    "name",
    "title",
    "value",
    "relationship_type",
    "content",
    "description",
    "question",
    "statement",
    "problem",
    "path",
    "key",
    "subject",
    "account_login",
    "user_id",
];

/// The head of an object that is sound.
pub(crate) fn head(object: &Object, id: StixId) -> Head {
    let time = |name: &str| {
        object
            .str(name)
            .and_then(|text| text.parse::<Timestamp>().ok())
    };
    let created = time("created");
    let title = TITLED
        .iter()
        .find_map(|name| object.str(name))
        .unwrap_or_default();
    Head {
        modified: time("modified")
            .or(created)
            .unwrap_or(Timestamp::from_micros(0)),
        created,
        created_by: object
            .str("created_by_ref")
            .and_then(|text| text.parse().ok()),
        revoked: object
            .get("revoked")
            .and_then(Value::as_bool)
            .unwrap_or(false),
        title: cut(title, TITLE_BYTES_MAX).to_owned(),
        id,
    }
}

/// The first line, at most so many bytes, cut at a character.
pub(crate) fn cut(text: &str, bytes_max: usize) -> &str {
    let line = text.lines().next().unwrap_or_default();
    let mut end = line.len().min(bytes_max);
    while !line.is_char_boundary(end) {
        end -= 1;
    }
    &line[..end]
}
