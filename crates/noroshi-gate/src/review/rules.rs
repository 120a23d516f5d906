//! What a node itself sets for the review: how grave each finding is, words of its own nation's
//! units and systems, suffixes of its own networks.

use std::collections::{BTreeMap, BTreeSet};

use noroshi_model::document::{DocumentError, Fields};
use noroshi_model::json::{Object, Value};

use super::table::{Table, severities};

/// Most words of one node.
const WORDS_MAX: usize = 10_000;
/// Longest word, in bytes.
const WORD_BYTES_MAX: usize = 200;

/// What a finding does to a release.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    /// The item stays, unless a person names the finding in the order and answers for it.
    Stops,
    /// It is shown.
    Warns,
    /// It is not looked at.
    Off,
}

impl Severity {
    /// The word in rules and plans.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Stops => "stops",
            Self::Warns => "warns",
            Self::Off => "off",
        }
    }

    /// From that word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        let all = [Self::Stops, Self::Warns, Self::Off];
        all.into_iter().find(|severity| severity.as_str() == word)
    }
}

/// The rules of one node for the review. Stored and signed as a document of version 1.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReviewRules {
    /// Where they differ from the table's.
    severities: BTreeMap<String, Severity>,
    words: BTreeSet<String>,
    internal: BTreeSet<String>,
}

impl ReviewRules {
    const DOCUMENT: &str = "review rules";

    /// The canonical bytes.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let list = |texts: &BTreeSet<String>| {
            let texts = texts.iter().map(|text| Value::from(text.as_str()));
            texts.collect::<Vec<Value>>()
        };
        let mut severities = Object::new();
        for (code, severity) in &self.severities {
            severities.insert(code.as_str(), severity.as_str());
        }
        let object = Object::new()
            .with("v", 1)
            .with("severities", severities)
            .with("words", list(&self.words))
            .with("internal", list(&self.internal));
        Value::Object(object).canonical()
    }

    /// Read what a person wrote, or what stands in the store: severities of codes that are named,
    /// words (2 to 200 bytes, at most 10,000), and suffixes of host names in small letters.
    ///
    /// # Errors
    /// A field too many or too few, an unknown code or severity, a word out of bounds.
    pub fn from_value(value: Value) -> Result<Self, DocumentError> {
        let mut fields = Fields::of(Self::DOCUMENT, value)?;
        fields.version(1)?;
        let rules = Self {
            severities: severities(&mut fields)?,
            words: fields.parsed_list("words")?.into_iter().collect(),
            internal: fields.parsed_list("internal")?.into_iter().collect(),
        };
        let is_word = |word: &String| {
            (2..=WORD_BYTES_MAX).contains(&word.len()) && !word.chars().any(char::is_control)
        };
        if rules.words.len() > WORDS_MAX || !rules.words.iter().all(is_word) {
            return Err(fields.refused("words", "are at most 10,000 of 2 to 200 bytes"));
        }
        let is_name = |name: &String| {
            let plain = |c: u8| c.is_ascii_lowercase() || c.is_ascii_digit() || b"-.".contains(&c);
            (2..=WORD_BYTES_MAX).contains(&name.len()) && name.bytes().all(plain)
        };
        if rules.internal.len() > WORDS_MAX || !rules.internal.iter().all(is_name) {
            return Err(fields.refused("internal", "are names of domains in small letters"));
        }
        fields.end()?;
        Ok(rules)
    }

    /// What a finding of that code does.
    #[must_use]
    pub fn severity(&self, code: &str) -> Severity {
        let own = self.severities.get(code);
        let known = own.or_else(|| Table::builtin().severities.get(code));
        known.copied().unwrap_or(Severity::Stops)
    }

    /// Words of units and systems that are not to be named.
    pub fn words(&self) -> impl Iterator<Item = &str> {
        self.words.iter().map(String::as_str)
    }

    /// Suffixes of this organisation's own networks.
    pub(super) fn internal(&self) -> &BTreeSet<String> {
        &self.internal
    }
}
