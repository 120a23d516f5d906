//! The originator answers, and the answer arrives.

use noroshi_gate::acts::Approved;
use noroshi_model::act::ActKind;
use noroshi_model::consent::{ConsentAnswer, ConsentRequest, REASON_MAX, Verdict, is_words};
use noroshi_model::document::text;
use noroshi_model::link::{EntryKind, Precedence};
use noroshi_model::{ItemHash, NodeId, Signed, Timestamp};
use noroshi_seal::sign::Ed25519;
use noroshi_store::{ItemState, LogEntry, RecordKind, StoredItem, Tx, WriteError};

use super::{ConsentRecord, OPEN_MAX, PER_ITEM_MAX, answer_subject, bad_reason, place, unknown};
use crate::acts::{Effect, subject_digest};
use crate::command::{ActAnswer, Failure};
use crate::introductions::{Trust, damaged};
use crate::node::{Node, store_failure};
use crate::records::{ActRecord, Record};

impl Node {
    /// A partner asks. `Err` tells why the question is refused.
    pub(crate) fn receive_consent_request(
        &self,
        tx: &mut Tx<'_>,
        from: &NodeId,
        signed: Signed<ConsentRequest>,
    ) -> Result<Result<(), String>, WriteError> {
        let refused = |why: &str| Ok(Err(format!("a question for consent: {why}")));
        let request = signed.document();
        if request.by != *from || request.to != self.me() || request.world != self.world() {
            return refused("it is not from its sender to this node");
        }
        let public = self.key_in(tx, from, signed.key(), Trust::Opens)?;
        if !public.is_some_and(|public| signed.verifies(&public, &Ed25519)) {
            return refused("its signature does not verify");
        }
        let now = self.now();
        if request.expires <= now {
            return refused("it has lapsed");
        }
        if self.shared_as(from, request)?.is_none() {
            // What was never shared with it is as unknown as what does not exist.
            return refused("this node shared no such item with the sender");
        }
        let key = place(&request.item, &request.digest());
        if tx.get(RecordKind::Consent, &key)?.is_some() {
            return Ok(Ok(()));
        }
        if !self.has_room_for(tx, from, now)? {
            return refused("too many questions of the sender are open");
        }
        let line = self.request_line("asked", request, None);
        let kept = ConsentRecord {
            request: Some(signed),
            ..ConsentRecord::default()
        };
        tx.put(RecordKind::Consent, &key, &kept.to_bytes())?;
        tx.append(&line)?;
        Ok(Ok(()))
    }

    /// Room for one more question of a partner; those that lapsed unanswered make way.
    fn has_room_for(
        &self,
        tx: &mut Tx<'_>,
        from: &NodeId,
        now: Timestamp,
    ) -> Result<bool, WriteError> {
        let mut open = 0;
        for (key, bytes) in tx.records_under(RecordKind::Consent, &[])? {
            let record = ConsentRecord::from_bytes(&bytes).map_err(damaged)?;
            let theirs = record
                .request
                .as_ref()
                .is_some_and(|request| request.document().by == *from);
            match record.state(now) {
                "open" if theirs => open += 1,
                "lapsed" if theirs => tx.delete(RecordKind::Consent, &key)?,
                _ => {}
            }
        }
        Ok(open < OPEN_MAX)
    }

    /// The item of this node's that the asking node holds under the hash it names.
    fn shared_as(
        &self,
        with: &NodeId,
        request: &ConsentRequest,
    ) -> Result<Option<StoredItem>, WriteError> {
        let reader = self
            .inside()
            .map_err(|_| WriteError::Refused("the store cannot be read"))?;
        for row in reader.by_stix_id(&request.id)? {
            let mut last: Option<LogEntry> = None;
            for (to, entry) in reader.holders(&row.hash)? {
                if to == *with && entry.rendition() == Some(request.item) && !entry.void {
                    last = Some(entry);
                }
            }
            let shared = last.is_some_and(|entry| entry.leaf.kind == EntryKind::Release);
            let stored = reader.item(&row.hash)?;
            let own = |stored: &StoredItem| {
                let by = stored.attribution.as_ref().map(|by| by.node);
                by == Some(self.me()) && stored.state == ItemState::Admitted
            };
            if shared && let Some(stored) = stored.filter(own) {
                return Ok(Some(stored));
            }
        }
        Ok(None)
    }

    pub(crate) fn consent_grant(
        &self,
        named: &str,
        until: &str,
        person: &str,
    ) -> Result<ActAnswer, Failure> {
        let (_, record) = self.find_consent(named)?;
        let request = self.asked_of_me(&record, "open")?;
        let end = if until.len() == 10 {
            format!("{until}T00:00:00Z")
        } else {
            until.to_owned()
        };
        let end: Timestamp = end.parse().map_err(|_| {
            Failure::new(
                "consent.until",
                2,
                "an end is a day such as 2026-12-31 or an instant such as 2026-12-31T12:00:00Z",
            )
        })?;
        let latest = self.now().plus_seconds(ConsentAnswer::DAYS_MAX * 86_400);
        if end <= self.now() || end > latest {
            return Err(Failure::new(
                "consent.until",
                2,
                "a grant ends in the future, within 366 days",
            ));
        }
        let subject = answer_subject(request).with("until", text(end));
        self.prepare(ActKind::ConsentGrant, subject, person, true, None, 24 * 60)
    }

    pub(crate) fn consent_refuse(
        &self,
        named: &str,
        reason: &str,
        person: &str,
        kind: ActKind,
    ) -> Result<ActAnswer, Failure> {
        if !is_words(reason, REASON_MAX) {
            return Err(bad_reason());
        }
        let (_, record) = self.find_consent(named)?;
        let wanted = if kind == ActKind::ConsentWithdraw {
            "granted"
        } else {
            "open"
        };
        let subject = answer_subject(self.asked_of_me(&record, wanted)?).with("reason", reason);
        self.prepare(kind, subject, person, false, None, 24 * 60)
    }

    fn asked_of_me<'a>(
        &self,
        record: &'a ConsentRecord,
        wanted: &str,
    ) -> Result<&'a ConsentRequest, Failure> {
        let request = record.request.as_ref().map(Signed::document);
        let request = request
            .filter(|request| request.to == self.me())
            .ok_or_else(|| {
                Failure::new(
                    "consent.not_asked",
                    3,
                    "this question is not put to this node",
                )
            })?;
        let state = record.state(self.now());
        if state == wanted {
            Ok(request)
        } else {
            Err(Failure::new(
                "consent.state",
                3,
                format_args!("it is {state}, not {wanted}"),
            )
            .arg("state", state))
        }
    }

    /// The act took effect: the node signs the answer its people gave.
    pub(crate) fn execute_consent_answer(
        &self,
        record: &mut ActRecord,
        approved: &Approved,
    ) -> Result<Effect, Failure> {
        let gone = || unknown("of this act");
        let item = subject_digest(record, "item")
            .map(ItemHash)
            .ok_or_else(gone)?;
        let digest = subject_digest(record, "request").ok_or_else(gone)?;
        let key = place(&item, &digest);
        let mut kept: ConsentRecord = self.record(RecordKind::Consent, &key)?.ok_or_else(gone)?;
        let kind = record.act.kind;
        let (verdict, wanted) = match kind {
            ActKind::ConsentGrant => (Verdict::Granted, "open"),
            ActKind::ConsentWithdraw => (Verdict::Withdrawn, "granted"),
            _ => (Verdict::Declined, "open"),
        };
        let request = self.asked_of_me(&kept, wanted)?;
        if verdict == Verdict::Granted
            && self
                .shared_as(&request.by, request)
                .map_err(store_failure)?
                .is_none()
        {
            return Err(Failure::new(
                "consent.gone",
                3,
                "the item was recalled meanwhile",
            ));
        }
        let at = self.now();
        let until = record
            .act
            .subject
            .str("until")
            .and_then(|end| end.parse().ok());
        let answer = ConsentAnswer {
            world: self.world(),
            by: self.me(),
            to: request.by,
            request: digest,
            item,
            recipient: request.recipient.node,
            purpose: request.purpose.clone(),
            verdict,
            reason: record
                .act
                .subject
                .str("reason")
                .unwrap_or_default()
                .to_owned(),
            at,
            until: until.unwrap_or(at),
        };
        ConsentAnswer::from_bytes(&answer.to_bytes())
            .map_err(|error| Failure::new("consent.refused", 3, &error).arg("problem", error))?;
        let to = answer.to;
        let line = self.consent_line(verdict.as_str(), &answer, Some(&record.act.requester));
        let signed = Signed::sign(answer, &self.keys().items);
        let document = signed.to_bytes();
        kept.answer = Some(signed);
        let ledger_line = self
            .store
            .write(|tx| {
                tx.put(RecordKind::Consent, &key, &kept.to_bytes())?;
                self.log_bytes(
                    tx,
                    &to,
                    EntryKind::Document,
                    Precedence::Immediate,
                    document,
                )?;
                tx.append(&line)?;
                self.close_act(tx, record, approved)
            })
            .map_err(store_failure::<WriteError>)?;
        Ok(Effect {
            ledger_line,
            entries: 1,
            wake: vec![to],
        })
    }
}

// Answers arrive: at the forwarding node, and at the recipient ahead of the item.
impl Node {
    pub(crate) fn receive_consent_answer(
        &self,
        tx: &mut Tx<'_>,
        from: &NodeId,
        signed: Signed<ConsentAnswer>,
    ) -> Result<Result<(), String>, WriteError> {
        let refused = |why: &str| Ok(Err(format!("an answer on consent: {why}")));
        let answer = signed.document().clone();
        let trust = match answer.verdict {
            Verdict::Granted => Trust::Opens,
            Verdict::Declined | Verdict::Withdrawn => Trust::Closes,
        };
        let public = self.key_in(tx, &answer.by, signed.key(), trust)?;
        let verifies = public.is_some_and(|public| signed.verifies(&public, &Ed25519));
        if !verifies || answer.world != self.world() {
            return refused("its signature is not by a key of its originator that is trusted here");
        }
        let key = place(&answer.item, &answer.request);
        let known = tx.get(RecordKind::Consent, &key)?;
        let known = known
            .map(|bytes| ConsentRecord::from_bytes(&bytes).map_err(damaged))
            .transpose()?;
        let mut kept = known.unwrap_or_default();
        if answer.to == self.me() && answer.by == *from {
            let asked = kept.request.as_ref().is_some_and(|request| {
                let asked = request.document();
                asked.by == self.me()
                    && asked.to == answer.by
                    && asked.recipient.node == answer.recipient
                    && asked.purpose == answer.purpose
            });
            if !asked {
                return refused("this node did not ask for it");
            }
        } else if !(answer.recipient == self.me() && answer.to == *from) {
            return refused("it is for others");
        } else if tx
            .records_under(RecordKind::Consent, answer.item.bytes())?
            .len()
            >= PER_ITEM_MAX
        {
            return refused("there is too much consent on one item");
        }
        let closed = kept
            .answer
            .as_ref()
            .is_some_and(|known| known.document().verdict != Verdict::Granted);
        if closed || kept.answer.as_ref() == Some(&signed) {
            return Ok(Ok(()));
        }
        // What opened for the recipient closes for it as well, and is signed anew for it as well.
        if kept.passed {
            let (kind, urgent) = (EntryKind::Document, Precedence::Immediate);
            self.log_bytes(tx, &answer.recipient, kind, urgent, signed.to_bytes())?;
        }
        kept.answer = Some(signed);
        tx.put(RecordKind::Consent, &key, &kept.to_bytes())?;
        tx.append(&self.consent_line(answer.verdict.as_str(), &answer, None))?;
        Ok(Ok(()))
    }
}
