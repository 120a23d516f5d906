//! Records about backups: which were made, and which destroyed items they still hold.

use noroshi_model::document::{DocumentError, Fields, hex, text};
use noroshi_model::json::{Object, Value};
use noroshi_model::{Digest, PersonId, Timestamp};

use super::{Record, flag, int, maybe};

/// How far a backup came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BackupState {
    /// Begun, and not known to be finished: part of it may lie somewhere.
    Begun,
    /// Whole.
    Made,
    /// Given up, its file taken away.
    Failed,
    /// Destroyed, as a person states.
    Forgotten,
}

impl BackupState {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Begun => "begun",
            Self::Made => "made",
            Self::Failed => "failed",
            Self::Forgotten => "forgotten",
        }
    }

    fn from_word(word: &str) -> Option<Self> {
        [Self::Begun, Self::Made, Self::Failed, Self::Forgotten]
            .into_iter()
            .find(|state| state.as_str() == word)
    }
}

/// A backup of this node.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct BackupRecord {
    pub(crate) id: [u8; 16],
    pub(crate) at: Timestamp,
    pub(crate) by: PersonId,
    /// Where it was written.
    pub(crate) path: String,
    pub(crate) locked: bool,
    pub(crate) state: BackupState,
    /// Lines of the ledger in it; not known before it is whole.
    pub(crate) lines: Option<u64>,
    /// SHA-256 of the file.
    pub(crate) digest: Option<Digest>,
    pub(crate) bytes: u64,
}

impl BackupRecord {
    /// Is it still somewhere, as far as is known?
    pub(crate) fn exists(&self) -> bool {
        matches!(self.state, BackupState::Begun | BackupState::Made)
    }

    /// Is it whole, and still somewhere, as far as is known?
    pub(crate) fn is_whole(&self) -> bool {
        self.state == BackupState::Made
    }

    /// Could it hold an item that was recorded in this line of the ledger and is still here? One
    /// that was never finished could hold anything.
    pub(crate) fn may_hold(&self, line: Option<u64>) -> bool {
        let before = self
            .lines
            .zip(line)
            .is_none_or(|(lines, line)| line < lines);
        self.exists() && before
    }
}

impl Record for BackupRecord {
    fn to_bytes(&self) -> Vec<u8> {
        let mut object = Object::new()
            .with("v", 1)
            .with("id", hex(&self.id))
            .with("at", text(self.at))
            .with("by", self.by.as_str())
            .with("path", self.path.as_str())
            .with("locked", self.locked)
            .with("state", self.state.as_str())
            .with("bytes", int(self.bytes));
        maybe(&mut object, "lines", self.lines.map(int));
        maybe(&mut object, "digest", self.digest.map(text));
        Value::Object(object).canonical()
    }

    fn from_bytes(bytes: &[u8]) -> Result<Self, DocumentError> {
        let mut fields = Fields::read("backup record", bytes)?;
        fields.version(1)?;
        let lines = match fields.maybe("lines") {
            None => None,
            Some(value) => Some(
                value
                    .as_int()
                    .and_then(|lines| u64::try_from(lines).ok())
                    .ok_or_else(|| fields.refused("lines", "is no whole number"))?,
            ),
        };
        let record = Self {
            id: fields.hex("id")?,
            at: fields.parsed("at")?,
            by: fields.parsed("by")?,
            path: fields.text("path")?,
            locked: flag(&mut fields, "locked")?,
            state: BackupState::from_word(&fields.text("state")?)
                .ok_or_else(|| fields.refused("state", "is not known"))?,
            lines,
            digest: fields.maybe_parsed("digest")?,
            bytes: fields.number("bytes")?,
        };
        fields.end()?;
        Ok(record)
    }
}

/// The backups that held an item when it was destroyed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Remains {
    pub(crate) ids: Vec<[u8; 16]>,
}

impl Record for Remains {
    fn to_bytes(&self) -> Vec<u8> {
        let ids: Vec<Value> = self.ids.iter().map(|id| hex(id)).collect();
        Value::Object(Object::new().with("v", 1).with("backups", ids)).canonical()
    }

    fn from_bytes(bytes: &[u8]) -> Result<Self, DocumentError> {
        let mut fields = Fields::read("record of a destroyed item", bytes)?;
        fields.version(1)?;
        let listed = fields.list("backups")?;
        let ids = listed.iter().map(|id| {
            id.as_str()
                .and_then(noroshi_model::document::unhex)
                .and_then(|id| id.try_into().ok())
                .ok_or_else(|| fields.refused("backups", "holds something that is no id"))
        });
        let remains = Self {
            ids: ids.collect::<Result<_, _>>()?,
        };
        fields.end()?;
        Ok(remains)
    }
}
