//! Why input cannot be used, and what is imperfect about input that can.

use core::fmt;

use noroshi_model::json::JsonError;

/// Why an object cannot be used. Every variant says which object, which place and what to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// The bytes are no acceptable JSON.
    #[error("object {index}: not readable as JSON: {source}")]
    Json {
        /// Position in the file, from 0.
        index: u64,
        /// Where and why.
        source: JsonError,
    },
    /// A property breaks a rule of the standard.
    #[error("{object}: `{property}` {problem} ({rule})")]
    Property {
        /// The object's id, or its position where it has none.
        object: String,
        /// The property.
        property: String,
        /// What is wrong.
        problem: String,
        /// Section of the standard.
        rule: &'static str,
    },
    /// The file as a whole cannot be read any further.
    #[error("byte {offset}: {problem}")]
    Framing {
        /// Where in the file.
        offset: u64,
        /// What is wrong and what to do.
        problem: String,
    },
}

impl ReadError {
    /// Every code, for the catalogue's completeness.
    pub const CODES: [&'static str; 3] = ["read.json", "read.property", "read.framing"];

    /// Which object it is about: its id, or its position in the file where it has none.
    #[must_use]
    pub fn object(&self) -> String {
        match self {
            Self::Json { index, .. } => format!("object {index}"),
            Self::Property { object, .. } => object.clone(),
            Self::Framing { offset, .. } => format!("byte {offset}"),
        }
    }

    /// A stable code for counting and for the message catalogue.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Json { .. } => "read.json",
            Self::Property { .. } => "read.property",
            Self::Framing { .. } => "read.framing",
        }
    }

    pub(crate) fn property(
        object: impl Into<String>,
        property: impl Into<String>,
        problem: impl fmt::Display,
        rule: &'static str,
    ) -> Self {
        Self::Property {
            object: shown(&object.into()),
            property: shown(&property.into()),
            problem: plain(&problem.to_string(), PROBLEM_CHARS_MAX),
            rule,
        }
    }
}

/// What a note is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum NoteCode {
    /// A property of STIX 2.1 that the input lacked was filled in by the rules of conversion.
    Filled,
    /// A property was moved to its STIX 2.1 name.
    Moved,
    /// A property this type does not have and that is not marked as custom.
    UnknownProperty,
    /// A list that STIX wants non-empty is empty.
    EmptyList,
    /// A value that is kept but shortened for the derived object.
    Shortened,
    /// An external reference that names a source and nothing in it.
    BareReference,
    /// A property the source's own schema requires and the entry lacks.
    Missing,
    /// A property that STIX 2.1 keeps only for old data.
    Deprecated,
    /// A word beyond an open vocabulary of the standard.
    OpenWord,
    /// A text in another form than the standard wants: an address, a language, a time.
    Form,
    /// An id that is not the one the standard would have given.
    OtherId,
    /// A reference to a type that the standard does not mean there.
    OddReference,
}

impl NoteCode {
    /// Every code, for the catalogue's completeness.
    pub const ALL: [Self; 12] = [
        Self::Filled,
        Self::Moved,
        Self::UnknownProperty,
        Self::EmptyList,
        Self::Shortened,
        Self::BareReference,
        Self::Missing,
        Self::Deprecated,
        Self::OpenWord,
        Self::Form,
        Self::OtherId,
        Self::OddReference,
    ];

    /// A stable word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Filled => "note.filled",
            Self::Moved => "note.moved",
            Self::UnknownProperty => "note.unknown_property",
            Self::EmptyList => "note.empty_list",
            Self::Shortened => "note.shortened",
            Self::BareReference => "note.bare_reference",
            Self::Missing => "note.missing",
            Self::Deprecated => "note.deprecated",
            Self::OpenWord => "note.open_word",
            Self::Form => "note.form",
            Self::OtherId => "note.other_id",
            Self::OddReference => "note.odd_reference",
        }
    }
}

/// Something imperfect about input that could be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// What it is about.
    pub code: NoteCode,
    /// Which property.
    pub at: String,
    /// In words.
    pub detail: String,
}

impl Note {
    pub(crate) fn new(code: NoteCode, at: &str, detail: impl Into<String>) -> Self {
        Self {
            code,
            at: shown(at),
            detail: detail.into(),
        }
    }
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` {}", self.at, self.detail)
    }
}

/// Longest account of a problem, in characters: it may quote the input several times.
const PROBLEM_CHARS_MAX: usize = 600;

/// A sender's text as it may stand in a message.
pub(crate) fn shown(text: &str) -> String {
    plain(text, 120)
}

/// Text that is not too long and holds nothing a terminal obeys.
fn plain(text: &str, chars_max: usize) -> String {
    let plain = |c: char| if c.is_control() { '\u{fffd}' } else { c };
    let mut short: String = text.chars().take(chars_max).map(plain).collect();
    if text.chars().nth(chars_max).is_some() {
        short.push('\u{2026}');
    }
    short
}
