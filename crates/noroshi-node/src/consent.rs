//! Originator's control: ask before another's item goes on, answer, withdraw.
//!
//! The forwarding node's question and the originator's answer travel as signed documents. A grant
//! opens exactly one thing, and every time the gate is asked it is read anew: its signature by a
//! key that is not revoked, its end, and that nothing withdrew it.

mod answer;
mod ask;
mod look;

use noroshi_gate::Grant;
use noroshi_model::consent::{
    ConsentAnswer, ConsentRequest, PURPOSE_MAX, REASON_MAX, Verdict, is_words,
};
use noroshi_model::document::{DocumentError, Fields, hex, text, unhex};
use noroshi_model::json::{Object, Value};
use noroshi_model::link::{EntryKind, Precedence};
use noroshi_model::{Digest, ItemHash, NodeId, Signed, Timestamp};
use noroshi_seal::sign::Ed25519;
use noroshi_store::{RecordKind, StoredItem, Tx, WriteError};

use crate::command::Failure;
use crate::introductions::{Records, Trust, damaged};
use crate::node::{Node, store_failure};
use crate::records::Record;

/// Questions of one partner that may be open here at one time.
const OPEN_MAX: usize = 32;
/// Consent that is kept for one item.
const PER_ITEM_MAX: usize = 256;

/// A question and its answer as they stand at this node: asked by it, asked of it, or, without the
/// question, an answer that a forwarding node sent ahead of an item.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct ConsentRecord {
    pub(crate) request: Option<Signed<ConsentRequest>>,
    pub(crate) answer: Option<Signed<ConsentAnswer>>,
    /// At the forwarding node: has the recipient been sent the grant?
    pub(crate) passed: bool,
}

impl Record for ConsentRecord {
    fn to_bytes(&self) -> Vec<u8> {
        let mut object = Object::new().with("v", 1).with("passed", self.passed);
        if let Some(request) = &self.request {
            object.insert("request", hex(&request.to_bytes()));
        }
        if let Some(answer) = &self.answer {
            object.insert("answer", hex(&answer.to_bytes()));
        }
        Value::Object(object).canonical()
    }

    fn from_bytes(bytes: &[u8]) -> Result<Self, DocumentError> {
        let mut fields = Fields::read("consent record", bytes)?;
        fields.version(1)?;
        let mut part = |field: &str| -> Result<Option<Vec<u8>>, DocumentError> {
            let digits: Option<String> = fields.maybe_parsed(field)?;
            digits
                .map(|digits| {
                    unhex(&digits).ok_or_else(|| fields.refused(field, "is not hexadecimal"))
                })
                .transpose()
        };
        let (request, answer) = (part("request")?, part("answer")?);
        let record = Self {
            request: request
                .map(|bytes| Signed::from_bytes(&bytes))
                .transpose()?,
            answer: answer.map(|bytes| Signed::from_bytes(&bytes)).transpose()?,
            passed: fields
                .value("passed")?
                .as_bool()
                .ok_or_else(|| fields.refused("passed", "is not true or false"))?,
        };
        fields.end()?;
        Ok(record)
    }
}

impl ConsentRecord {
    /// open, lapsed, granted, expired, declined or withdrawn.
    fn state(&self, now: Timestamp) -> &'static str {
        match (&self.answer, &self.request) {
            (Some(answer), _) => match answer.document().verdict {
                Verdict::Granted if now >= answer.document().until => "expired",
                verdict => verdict.as_str(),
            },
            (None, Some(request)) if now >= request.document().expires => "lapsed",
            (None, _) => "open",
        }
    }
}

/// Where consent on an item stands: under the item, then the request.
fn place(item: &ItemHash, request: &Digest) -> Vec<u8> {
    [&item.bytes()[..], &request.0].concat()
}

// What the gate is asked with.
impl Node {
    /// Consent on an item that counts now.
    pub(crate) fn grants_in(
        &self,
        records: &dyn Records,
        item: &ItemHash,
    ) -> Result<Vec<Grant>, WriteError> {
        self.grants_under(records, item.bytes())
    }

    fn grants_under(
        &self,
        records: &dyn Records,
        beginning: &[u8],
    ) -> Result<Vec<Grant>, WriteError> {
        let mut grants = Vec::new();
        for (_, bytes) in records.under(RecordKind::Consent, beginning)? {
            let record = ConsentRecord::from_bytes(&bytes).map_err(damaged)?;
            if let Some(answer) = &record.answer
                && answer.document().verdict == Verdict::Granted
            {
                grants.extend(self.grant_of(records, answer)?);
            }
        }
        Ok(grants)
    }

    /// All consent that counts now, for many items at once. People give it, so there is not much.
    pub(crate) fn every_grant(&self) -> Result<Vec<Grant>, Failure> {
        self.grants_under(&self.inside()?, &[])
            .map_err(store_failure)
    }

    /// The same for a stored item on its way out. This node's own items need nobody's consent.
    pub(crate) fn grants_for(&self, stored: &StoredItem) -> Result<Vec<Grant>, Failure> {
        match &stored.attribution {
            Some(by) if by.node != self.me() => {
                let reader = self.inside()?;
                self.grants_in(&reader, &stored.hash).map_err(store_failure)
            }
            _ => Ok(Vec::new()),
        }
    }

    fn grant_of(
        &self,
        records: &dyn Records,
        signed: &Signed<ConsentAnswer>,
    ) -> Result<Option<Grant>, WriteError> {
        let answer = signed.document();
        let key = self.key_in(records, &answer.by, signed.key(), Trust::Opens)?;
        let verifies = key.is_some_and(|public| signed.verifies(&public, &Ed25519));
        let manifest = self.manifest_in(records, &answer.by)?;
        Ok(manifest
            .filter(|_| verifies && answer.world == self.world())
            .map(|(manifest, _)| Grant {
                by: answer.by,
                via: answer.to,
                nation: manifest.organisation.nation,
                item: answer.item,
                recipient: answer.recipient,
                purpose: answer.purpose.clone(),
                until: answer.until,
            }))
    }

    /// Put the consent an item leaves under into the recipient's log, ahead of the item.
    pub(crate) fn send_consent(
        &self,
        tx: &mut Tx<'_>,
        to: &NodeId,
        item: &ItemHash,
        purpose: &str,
        precedence: Precedence,
    ) -> Result<(), WriteError> {
        let ahead = if precedence == Precedence::Flash {
            Precedence::Flash
        } else {
            Precedence::Immediate
        };
        for (key, bytes) in tx.records_under(RecordKind::Consent, item.bytes())? {
            let mut record = ConsentRecord::from_bytes(&bytes).map_err(damaged)?;
            let Some(answer) = &record.answer else {
                continue;
            };
            let grant = answer.document();
            let fits = grant.to == self.me() && grant.recipient == *to && grant.purpose == purpose;
            if !fits || record.passed || grant.verdict != Verdict::Granted {
                continue;
            }
            let line = self.consent_line("used", grant, None);
            let originator = grant.by;
            let document = answer.to_bytes();
            self.introduce(tx, to, &originator, ahead)?;
            self.log_bytes(tx, to, EntryKind::Document, ahead, document)?;
            record.passed = true;
            tx.put(RecordKind::Consent, &key, &record.to_bytes())?;
            tx.append(&line)?;
        }
        Ok(())
    }
}

fn answer_subject(request: &ConsentRequest) -> Object {
    Object::new()
        .with("request", text(request.digest()))
        .with("item", text(request.item))
        .with("id", request.id.as_str())
        .with("by", text(request.by))
        .with("recipient", text(request.recipient.node))
        .with("recipient_name", request.recipient.name_en.as_str())
        .with("recipient_nation", request.recipient.nation.as_str())
        .with("purpose", request.purpose.as_str())
}

fn check_words(purpose: &str, reason: &str) -> Result<(), Failure> {
    if !is_words(purpose, PURPOSE_MAX) {
        return Err(Failure::new(
            "consent.purpose",
            2,
            "a purpose is 1 to 100 bytes of text",
        ));
    }
    if !is_words(reason, REASON_MAX) {
        return Err(bad_reason());
    }
    Ok(())
}

fn bad_reason() -> Failure {
    Failure::new("consent.reason", 2, "a reason is 1 to 500 bytes of text")
}

fn unknown(named: &str) -> Failure {
    Failure::new(
        "consent.unknown",
        4,
        format_args!("no one question begins with `{named}`: see `noroshi consent list`"),
    )
    .arg("request", named)
}
