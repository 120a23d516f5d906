//! The fields of an extension, each read as the one JSON type it may have.

use std::collections::BTreeSet;

use noroshi_model::Timestamp;
use noroshi_model::json::{Object, Value};

use super::shortened;
use crate::fold::fold_code;
use crate::roster::Member;

/// Most words or codes of one list.
const WORDS_MAX: usize = 256;

pub(super) struct Content<'a>(&'a Object);

impl<'a> Content<'a> {
    pub(super) fn of(object: &'a Object) -> Self {
        Self(object)
    }

    /// No field but these may be there.
    pub(super) fn only(&self, known: &[&str]) -> Result<(), String> {
        match self.0.iter().find(|(key, _)| !known.contains(key)) {
            None => Ok(()),
            Some((key, _)) => Err(format!("`{}` is no field of it", shortened(key))),
        }
    }

    pub(super) fn has(&self, key: &str) -> bool {
        self.0.get(key).is_some()
    }

    pub(super) fn maybe_text(&self, key: &str) -> Result<Option<&'a str>, String> {
        match self.0.get(key) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(format!("`{key}` is not a string")),
        }
    }

    pub(super) fn text(&self, key: &str) -> Result<&'a str, String> {
        self.maybe_text(key)?
            .ok_or_else(|| format!("`{key}` is missing"))
    }

    /// A list of words; none where the field is absent.
    pub(super) fn words(&self, key: &str) -> Result<Vec<&'a str>, String> {
        let Some(value) = self.0.get(key) else {
            return Ok(Vec::new());
        };
        let words = value.as_array().filter(|words| words.len() <= WORDS_MAX);
        words
            .and_then(|words| words.iter().map(Value::as_str).collect())
            .ok_or_else(|| format!("`{key}` is no list of at most {WORDS_MAX} words"))
    }

    /// A list of objects; none where the field is absent.
    pub(super) fn parts(&self, key: &str) -> Result<Vec<Self>, String> {
        let Some(value) = self.0.get(key) else {
            return Ok(Vec::new());
        };
        let parts = value.as_array().filter(|parts| parts.len() <= WORDS_MAX);
        parts
            .and_then(|parts| {
                parts
                    .iter()
                    .map(|part| part.as_object().map(Content))
                    .collect()
            })
            .ok_or_else(|| format!("`{key}` is no list of at most {WORDS_MAX} objects"))
    }

    pub(super) fn part(&self, key: &str) -> Result<Self, String> {
        let part = self.0.get(key).and_then(Value::as_object);
        part.map(Content)
            .ok_or_else(|| format!("`{key}` is no object"))
    }

    pub(super) fn maybe_flag(&self, key: &str) -> Result<Option<bool>, String> {
        match self.0.get(key) {
            None => Ok(None),
            Some(Value::Bool(flag)) => Ok(Some(*flag)),
            Some(_) => Err(format!("`{key}` is not true or false")),
        }
    }

    pub(super) fn maybe_time(&self, key: &str) -> Result<Option<Timestamp>, String> {
        let Some(text) = self.maybe_text(key)? else {
            return Ok(None);
        };
        text.parse()
            .map(Some)
            .map_err(|_| format!("`{key}` is no time"))
    }

    pub(super) fn time(&self, key: &str) -> Result<Timestamp, String> {
        self.maybe_time(key)?
            .ok_or_else(|| format!("`{key}` is missing"))
    }
}

/// Nations and coalitions by their codes, in any spelling.
pub(super) fn members<'a>(
    codes: impl IntoIterator<Item = &'a str>,
) -> Result<BTreeSet<Member>, String> {
    let read = |code: &str| {
        let member = fold_code(code).and_then(|code| Member::from_code(&code));
        member.ok_or_else(|| format!("`{}` is no nation and no coalition", shortened(code)))
    };
    codes.into_iter().map(read).collect()
}
