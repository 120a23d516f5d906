//! What of an indicator goes into a tool: its plain values, while it holds and where the matching
//! station would put them to work.

use noroshi_match::Atom;
use noroshi_match::export::{Said, Unsaid};
use noroshi_model::json::Object;
use noroshi_model::{Limits, Timestamp, Value};
use noroshi_taxii::desk::Entry;

use super::LeftOut;
use crate::matching::{Idle, Knowledge, Sought};

/// What was read of the indicators of a collection.
#[derive(Default)]
pub(super) struct Read {
    pub(super) said: Vec<Said>,
    pub(super) left_out: Vec<LeftOut>,
    /// When the first of them begins or ends to hold.
    pub(super) turns: Option<Timestamp>,
}

impl Read {
    /// Read one; what is not taken stands in `left_out`.
    pub(super) fn take(&mut self, known: &Knowledge, entry: &Entry<'_>, now: Timestamp) {
        let value = Value::parse(entry.object, &Limits::DEFAULT).ok();
        let taken = match value.as_ref().and_then(Value::as_object) {
            Some(object) => self.values(known, entry, object, now),
            None => Err("unreadable-pattern"),
        };
        if let Err(why) = taken {
            self.left_out.push(LeftOut {
                id: entry.id.to_owned(),
                value: None,
                why,
            });
        }
    }

    fn values(
        &mut self,
        known: &Knowledge,
        entry: &Entry<'_>,
        object: &Object,
        now: Timestamp,
    ) -> Result<(), &'static str> {
        let judged = known.judge(object, entry.id, entry.added);
        let (sought, validity) = judged.map_err(Idle::code)?;
        if now.micros() < validity.from {
            self.turn(validity.from);
            return Err("early");
        }
        if validity.until <= now.micros() {
            return Err("expired");
        }
        self.turn(validity.until);
        let Sought::Atoms(atoms) = sought else {
            return Err("compound");
        };
        let modified = object.str("modified").and_then(|text| text.parse().ok());
        let confidence = object.get("confidence").and_then(Value::as_int);
        let said = |atom| Said {
            atom,
            id: entry.id.to_owned(),
            modified: modified.unwrap_or(Timestamp::from_micros(0)),
            valid_until: (validity.until < i64::MAX)
                .then(|| Timestamp::from_micros(validity.until)),
            confidence: confidence.and_then(|of| u8::try_from(of).ok()),
        };
        self.said.extend(atoms.into_iter().map(said));
        Ok(())
    }

    fn turn(&mut self, at: i64) {
        if at < i64::MAX {
            let at = Timestamp::from_micros(at);
            self.turns = Some(self.turns.map_or(at, |known| known.min(at)));
        }
    }
}

/// What a format had no words for.
pub(super) fn unsaid((id, atom, why): (String, Atom, Unsaid)) -> LeftOut {
    LeftOut {
        id,
        value: Some(atom.value().to_owned()),
        why: why.code(),
    }
}
