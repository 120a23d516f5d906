//! A person's last look: up to which position they have seen what came.

use noroshi_model::Timestamp;
use noroshi_model::document::{DocumentError, Fields, text};
use noroshi_model::json::{Object, Value};

use crate::records::{Record, int};

/// Up to where a person has seen what came. Kept by the person's name.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Look {
    /// The newest item they have seen.
    pub(crate) position: u64,
    /// When they looked.
    pub(crate) at: Timestamp,
}

impl Record for Look {
    fn to_bytes(&self) -> Vec<u8> {
        Value::Object(
            Object::new()
                .with("v", 1)
                .with("position", int(self.position))
                .with("at", text(self.at)),
        )
        .canonical()
    }

    fn from_bytes(bytes: &[u8]) -> Result<Self, DocumentError> {
        let mut fields = Fields::read("look record", bytes)?;
        fields.version(1)?;
        let record = Self {
            position: fields.number("position")?,
            at: fields.parsed("at")?,
        };
        fields.end()?;
        Ok(record)
    }
}
