//! The record of how it stands with a partner after a restore.

use noroshi_model::document::{DocumentError, Fields, hex, text};
use noroshi_model::json::{Object, Value};
use noroshi_model::link::{EntryKind, Precedence};
use noroshi_model::{ItemHash, NodeId, PersonId, Timestamp};
use noroshi_store::LogPayload;

use super::{Record, flag, int, maybe};

/// How far the recovery with a partner is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RecoveryState {
    /// It has not answered. Nothing is put into the log kept for it.
    Waiting,
    /// It has; what it sends again is not all here yet.
    Answered,
    /// Everything the partner had is here again.
    Done,
    /// What it states contradicts what is here.
    Disputed,
}

impl RecoveryState {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Answered => "answered",
            Self::Done => "done",
            Self::Disputed => "disputed",
        }
    }

    fn from_word(word: &str) -> Option<Self> {
        [Self::Waiting, Self::Answered, Self::Done, Self::Disputed]
            .into_iter()
            .find(|state| state.as_str() == word)
    }
}

/// How it stands with a partner after a restore.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct RecoveryRecord {
    pub(crate) node: NodeId,
    pub(crate) state: RecoveryState,
    /// Does the node serve nobody until this partner has answered?
    pub(crate) blocking: bool,
    /// Entries of the log for it that the backup had.
    pub(crate) had_sent: u64,
    /// Entries of its log that the backup had.
    pub(crate) had_received: u64,
    /// Entries of the log for it that were lost here and whose places are back.
    pub(crate) lost: u64,
    /// Size of its log when it answered: so far must the mirror come.
    pub(crate) target: u64,
    pub(crate) answered: Option<Timestamp>,
    /// Who decided not to wait for it.
    pub(crate) skipped_by: Option<PersonId>,
    /// What is wrong, or what came of the last try.
    pub(crate) note: Option<String>,
}

impl RecoveryRecord {
    pub(crate) fn new(node: NodeId, blocking: bool, had_sent: u64, had_received: u64) -> Self {
        Self {
            node,
            state: RecoveryState::Waiting,
            blocking,
            had_sent,
            had_received,
            lost: 0,
            target: 0,
            answered: None,
            skipped_by: None,
            note: None,
        }
    }

    /// May nothing be added to the log for this partner, because it may know numbers that this
    /// node has lost?
    pub(crate) fn is_frozen(&self) -> bool {
        matches!(self.state, RecoveryState::Waiting | RecoveryState::Disputed)
    }

    /// Does the node serve nobody because of it?
    pub(crate) fn is_waited_for(&self) -> bool {
        self.blocking && self.state != RecoveryState::Done
    }
}

impl Record for RecoveryRecord {
    fn to_bytes(&self) -> Vec<u8> {
        let mut object = Object::new()
            .with("v", 1)
            .with("node", text(self.node))
            .with("state", self.state.as_str())
            .with("blocking", self.blocking)
            .with("had_sent", int(self.had_sent))
            .with("had_received", int(self.had_received))
            .with("lost", int(self.lost))
            .with("target", int(self.target));
        maybe(&mut object, "answered", self.answered.map(text));
        let by = self.skipped_by.as_ref().map(|by| Value::from(by.as_str()));
        maybe(&mut object, "skipped_by", by);
        maybe(&mut object, "note", self.note.as_deref().map(Value::from));
        Value::Object(object).canonical()
    }

    fn from_bytes(bytes: &[u8]) -> Result<Self, DocumentError> {
        let mut fields = Fields::read("recovery record", bytes)?;
        fields.version(1)?;
        let record = Self {
            node: fields.parsed("node")?,
            state: RecoveryState::from_word(&fields.text("state")?)
                .ok_or_else(|| fields.refused("state", "is not known"))?,
            blocking: flag(&mut fields, "blocking")?,
            had_sent: fields.number("had_sent")?,
            had_received: fields.number("had_received")?,
            lost: fields.number("lost")?,
            target: fields.number("target")?,
            answered: fields.maybe_parsed("answered")?,
            skipped_by: fields.maybe_parsed("skipped_by")?,
            note: fields.maybe_parsed("note")?,
        };
        fields.end()?;
        Ok(record)
    }
}

/// An entry that waits for a partner's log to open. Never a release: that is asked for again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Owed {
    pub(crate) kind: EntryKind,
    pub(crate) precedence: Precedence,
    pub(crate) payload: LogPayload,
}

impl Owed {
    /// What the entry's leaf names.
    pub(crate) fn bytes(&self) -> &[u8] {
        match &self.payload {
            LogPayload::Recall { bytes, .. } | LogPayload::Bytes(bytes) => bytes,
            LogPayload::Item { .. } | LogPayload::Lost => &[],
        }
    }
}

impl Record for Owed {
    fn to_bytes(&self) -> Vec<u8> {
        let mut object = Object::new()
            .with("v", 1)
            .with("kind", self.kind.as_str())
            .with("precedence", self.precedence.as_str())
            .with("bytes", hex(self.bytes()));
        if let LogPayload::Recall { seq, rendition, .. } = &self.payload {
            object.insert("seq", int(*seq));
            object.insert("rendition", text(rendition));
        }
        Value::Object(object).canonical()
    }

    fn from_bytes(bytes: &[u8]) -> Result<Self, DocumentError> {
        let mut fields = Fields::read("owed entry", bytes)?;
        fields.version(1)?;
        let kind = EntryKind::from_word(&fields.text("kind")?)
            .ok_or_else(|| fields.refused("kind", "is not known"))?;
        let precedence = Precedence::from_word(&fields.text("precedence")?)
            .ok_or_else(|| fields.refused("precedence", "is not known"))?;
        let bytes = super::bytes_field(&mut fields, "bytes")?;
        let rendition: Option<ItemHash> = fields.maybe_parsed("rendition")?;
        let payload = match rendition {
            None => LogPayload::Bytes(bytes),
            Some(rendition) => LogPayload::Recall {
                seq: fields.number("seq")?,
                rendition,
                bytes,
            },
        };
        fields.end()?;
        Ok(Self {
            kind,
            precedence,
            payload,
        })
    }
}
