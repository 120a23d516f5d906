//! Strict reading of the project's own signed documents: every field named, none left over.

use core::fmt::Display;
use core::str::FromStr;

use crate::json::{JsonError, Object, Value};
use crate::limits::Limits;

/// Why bytes are not the document they should be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DocumentError {
    /// Not even JSON.
    #[error("{document}: not readable as JSON")]
    Json {
        /// Which document.
        document: &'static str,
        /// Where and why.
        #[source]
        source: JsonError,
    },
    /// A field is missing, of the wrong kind, or has a value that is refused.
    #[error("{document}: `{field}` {problem}")]
    Field {
        /// Which document.
        document: &'static str,
        /// Which field.
        field: String,
        /// What is wrong with it.
        problem: String,
    },
}

/// The fields of one document, taken one by one; [`Fields::end`] refuses what is left.
pub struct Fields {
    document: &'static str,
    object: Object,
}

impl Fields {
    /// Parse bytes that must be the canonical JSON of one object.
    ///
    /// # Errors
    /// Not JSON, not an object, or not in canonical form.
    pub fn read(document: &'static str, bytes: &[u8]) -> Result<Self, DocumentError> {
        let value = Value::parse(bytes, &Limits::DEFAULT)
            .map_err(|source| DocumentError::Json { document, source })?;
        if value.canonical() != bytes {
            return Err(refused(
                document,
                "(document)",
                "is not in canonical form (RFC 8785)",
            ));
        }
        Self::of(document, value)
    }

    /// The fields of a value that must be an object.
    ///
    /// # Errors
    /// It is no object.
    pub fn of(document: &'static str, value: Value) -> Result<Self, DocumentError> {
        match value {
            Value::Object(object) => Ok(Self { document, object }),
            _ => Err(refused(document, "(document)", "is no JSON object")),
        }
    }

    /// An error about a field.
    #[must_use]
    pub fn refused(&self, field: &str, problem: impl Display) -> DocumentError {
        refused(self.document, field, problem)
    }

    /// Take a field that may be absent.
    pub fn maybe(&mut self, field: &str) -> Option<Value> {
        self.object.remove(field)
    }

    /// Take a field.
    ///
    /// # Errors
    /// It is absent.
    pub fn value(&mut self, field: &str) -> Result<Value, DocumentError> {
        self.maybe(field)
            .ok_or_else(|| self.refused(field, "is missing"))
    }

    /// Take a field that is a string.
    ///
    /// # Errors
    /// It is absent or no string.
    pub fn text(&mut self, field: &str) -> Result<String, DocumentError> {
        match self.value(field)? {
            Value::String(text) => Ok(text.into()),
            _ => Err(self.refused(field, "is not a string")),
        }
    }

    /// Take a field that is a whole number of at least 0.
    ///
    /// # Errors
    /// It is absent, no whole number, or negative.
    pub fn number(&mut self, field: &str) -> Result<u64, DocumentError> {
        let number = self
            .value(field)?
            .as_int()
            .and_then(|number| u64::try_from(number).ok());
        number.ok_or_else(|| self.refused(field, "is not a whole number of at least 0"))
    }

    /// Take a field that is a list.
    ///
    /// # Errors
    /// It is absent or no list.
    pub fn list(&mut self, field: &str) -> Result<Vec<Value>, DocumentError> {
        match self.value(field)? {
            Value::Array(values) => Ok(values),
            _ => Err(self.refused(field, "is not a list")),
        }
    }

    /// Take a field whose text parses as a `T`.
    ///
    /// # Errors
    /// It is absent, no string, or does not parse.
    pub fn parsed<T: FromStr<Err: Display>>(&mut self, field: &str) -> Result<T, DocumentError> {
        let text = self.text(field)?;
        text.parse().map_err(|error| self.refused(field, error))
    }

    /// Take a field that may be absent and whose text parses as a `T`.
    ///
    /// # Errors
    /// It is there but no string, or does not parse.
    pub fn maybe_parsed<T: FromStr<Err: Display>>(
        &mut self,
        field: &str,
    ) -> Result<Option<T>, DocumentError> {
        if self.object.get(field).is_some() {
            self.parsed(field).map(Some)
        } else {
            Ok(None)
        }
    }

    /// Take a field that is a list of texts, each parsing as a `T`.
    ///
    /// # Errors
    /// It is absent, no list, or an element does not parse.
    pub fn parsed_list<T: FromStr<Err: Display>>(
        &mut self,
        field: &str,
    ) -> Result<Vec<T>, DocumentError> {
        let values = self.list(field)?;
        values
            .iter()
            .map(|value| match value.as_str() {
                Some(text) => text.parse().map_err(|error| self.refused(field, error)),
                None => Err(self.refused(field, "holds something that is not a string")),
            })
            .collect()
    }

    /// Take a field of exactly `N` bytes in lower-case hexadecimal.
    ///
    /// # Errors
    /// It is absent or not such a text.
    pub fn hex<const N: usize>(&mut self, field: &str) -> Result<[u8; N], DocumentError> {
        let text = self.text(field)?;
        let bytes = data_encoding::HEXLOWER.decode(text.as_bytes()).ok();
        bytes
            .and_then(|bytes| bytes.try_into().ok())
            .ok_or_else(|| self.refused(field, format_args!("is not {N} bytes in hexadecimal")))
    }

    /// Check the document's version, always the field `v`.
    ///
    /// # Errors
    /// Another version: a newer node wrote it.
    pub fn version(&mut self, known: u64) -> Result<(), DocumentError> {
        let version = self.number("v")?;
        if version == known {
            Ok(())
        } else {
            Err(self.refused(
                "v",
                format_args!("is {version}; this node knows {known}: update it"),
            ))
        }
    }

    /// Nothing may be left over.
    ///
    /// # Errors
    /// A field that the document does not have.
    pub fn end(self) -> Result<(), DocumentError> {
        match self.object.iter().next() {
            None => Ok(()),
            Some((field, _)) => Err(self.refused(field, "is not a field of this document")),
        }
    }
}

fn refused(document: &'static str, field: &str, problem: impl Display) -> DocumentError {
    DocumentError::Field {
        document,
        field: field.to_owned(),
        problem: problem.to_string(),
    }
}

/// Bytes as a lower-case hexadecimal JSON string.
#[must_use]
pub fn hex(bytes: &[u8]) -> Value {
    Value::String(data_encoding::HEXLOWER.encode(bytes).into())
}

/// Anything that prints, as a JSON string.
#[must_use]
pub fn text(value: impl Display) -> Value {
    Value::String(value.to_string().into())
}

/// Bytes from lower-case hexadecimal.
#[must_use]
pub fn unhex(digits: &str) -> Option<Vec<u8>> {
    data_encoding::HEXLOWER.decode(digits.as_bytes()).ok()
}
