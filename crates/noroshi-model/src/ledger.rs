//! Lines of the node's own ledger: what it accepted, held, decided, released, recalled, was told.

use crate::act::words;
use crate::document::{DocumentError, Fields, text};
use crate::ids::PersonId;
use crate::json::{NUMBER_MAX, Object, Value};
use crate::time::Timestamp;

#[cfg(test)]
mod tests;

words! {
    /// What a ledger line records.
    LineKind {
        /// The node came to be: organisation, world, root, founding persons.
        Genesis = "genesis",
        /// The node started again after a stop; its epoch.
        Started = "started",
        /// An item was admitted.
        Admitted = "item.admitted",
        /// An item was held, with reasons.
        Held = "item.held",
        /// A held item was judged again and admitted.
        Readmitted = "item.readmitted",
        /// An item was withdrawn by recall.
        Withdrawn = "item.withdrawn",
        /// An item was erased by recall.
        Destroyed = "item.destroyed",
        /// Something from a peer was refused.
        Refused = "item.refused",
        /// A person asked for an act.
        Requested = "act.requested",
        /// A second person approved an act.
        Approved = "act.approved",
        /// An act took effect.
        Done = "act.done",
        /// An act was returned to its persons: bytes, recipient or rule had changed.
        Returned = "act.returned",
        /// Entries were put into a partner's log.
        Released = "release",
        /// A person asked for a release of which something stays: what, for whom, and why.
        Denied = "release.denied",
        /// An entry of a partner's log was voided before it left.
        Voided = "release.voided",
        /// A partner's receipt came in.
        Receipted = "receipt",
        /// A partner's receipt or log contradicts what this node sent.
        Disputed = "receipt.disputed",
        /// A recall came in from a partner.
        RecallReceived = "recall.received",
        /// A recall was passed on to whom its item had gone on to.
        RecallPassed = "recall.passed",
        /// A partner told what the hops behind it did with a recall.
        Hops = "recall.hops",
        /// Consent to passing on was asked, given, refused, withdrawn or used.
        Consent = "consent",
        /// The manifest of a node that is no peer came from a partner of an agreement.
        Introduced = "manifest.introduced",
        /// A private circle was set.
        Circle = "circle",
        /// A client was set or removed.
        Client = "client",
        /// A collection was set or removed.
        Collection = "collection",
        /// A credential was given, revoked, or tried in vain too often.
        Token = "token",
        /// A channel was set, paused, resumed or removed; objects were posted to its server.
        Channel = "channel",
        /// A client withdrew from its collections what it had posted.
        Deleted = "item.deleted",
        /// A peer was invited, accepted, confirmed or removed.
        Peer = "peer",
        /// A manifest of this node or a peer took effect.
        Manifest = "manifest",
        /// An agreement was received, signed, suspended or resumed.
        Agreement = "agreement",
        /// A source profile took effect.
        Profile = "profile",
        /// A rule took effect.
        Rule = "rule",
        /// A coalition's list of members took effect.
        Coalition = "coalition",
        /// A person was added or revoked.
        Person = "person",
        /// A person's way into the console: a code was made, an account set up, or locked.
        Account = "account",
        /// A person signed in or out at the console, or a session was ended.
        Session = "session",
        /// The duties of a person were set.
        Duties = "duties",
        /// What the organisation is and in which time it lives, for its own screens.
        Desk = "desk",
        /// A link began a new epoch, here or at the peer.
        Epoch = "link.epoch",
        /// A backup was begun, made, given up or stated to be destroyed.
        Backup = "backup",
        /// The node came back from a backup, and what followed with each partner.
        Restored = "restored",
        /// Something that wants a person's eye.
        Alarm = "alarm",
        /// A person states that every alarm up to a line was seen to.
        AlarmAnswered = "alarm.answered",
    }
}

/// One line. Its canonical bytes are the Merkle leaf.
#[derive(Clone, Debug, PartialEq)]
pub struct LedgerLine {
    /// When, by the node's clock; order is the line's position, not its time.
    pub at: Timestamp,
    /// What.
    pub kind: LineKind,
    /// Who, where a person decided.
    pub person: Option<PersonId>,
    /// The particulars, by kind; values only, never secrets.
    pub body: Object,
}

impl LedgerLine {
    const DOCUMENT: &str = "ledger line";

    /// The canonical bytes.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut object = Object::new()
            .with("v", 1)
            .with("at", text(self.at))
            .with("line", self.kind.as_str())
            .with("body", self.body.clone());
        if let Some(person) = &self.person {
            object.insert("person", person.as_str());
        }
        Value::Object(object).canonical()
    }

    /// Read those bytes.
    ///
    /// # Errors
    /// Anything not exactly as [`LedgerLine::to_bytes`] writes it.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, DocumentError> {
        let mut fields = Fields::read(Self::DOCUMENT, bytes)?;
        fields.version(1)?;
        let kind = LineKind::from_word(&fields.text("line")?)
            .ok_or_else(|| fields.refused("line", "is not a kind this node knows"))?;
        let Value::Object(body) = fields.value("body")? else {
            return Err(fields.refused("body", "is no object"));
        };
        let line = Self {
            at: fields.parsed("at")?,
            kind,
            person: fields.maybe_parsed("person")?,
            body,
        };
        fields.end()?;
        Ok(line)
    }

    /// Would [`LedgerLine::from_bytes`] give back this very line? What lines are commonly made of
    /// is looked through, which costs a fraction of reading; anything else is read.
    #[must_use]
    pub fn reads_back(&self, bytes: &[u8]) -> bool {
        let years = 0..=MICROS_MAX;
        let plain = years.contains(&self.at.micros()) && is_plain_object(&self.body, 0);
        plain || Self::from_bytes(bytes).as_ref() == Ok(self)
    }
}

/// The last microsecond of the year 9999.
const MICROS_MAX: i64 = 253_402_300_799_999_999;
/// Deepest nesting of a body that is looked through.
const PLAIN_DEPTH_MAX: u8 = 8;

fn is_plain_object(object: &Object, depth: u8) -> bool {
    let mut properties = object.iter();
    properties.all(|(name, value)| !name.contains('\0') && is_plain(value, depth + 1))
}

fn is_plain(value: &Value, depth: u8) -> bool {
    match value {
        Value::Null | Value::Bool(_) => true,
        Value::Int(number) => (-NUMBER_MAX..=NUMBER_MAX).contains(number),
        // A whole number would come back as another kind of value.
        Value::Float(_) => false,
        Value::String(text) => !text.contains('\0'),
        Value::Array(values) => {
            depth < PLAIN_DEPTH_MAX && values.iter().all(|value| is_plain(value, depth + 1))
        }
        Value::Object(object) => depth < PLAIN_DEPTH_MAX && is_plain_object(object, depth),
    }
}
