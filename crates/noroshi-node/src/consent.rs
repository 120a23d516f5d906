//! Originator's control: ask before another's item goes on, answer, withdraw.
//!
//! The forwarding node's question and the originator's answer travel as signed documents. A grant
//! opens exactly one thing, and every time the gate is asked it is read anew: its signature by a
//! key that is not revoked, its end, and that nothing withdrew it.

use noroshi_gate::acts::Approved;
use noroshi_gate::{Grant, Outcome};
use noroshi_model::act::ActKind;
use noroshi_model::agreement::Party;
use noroshi_model::consent::{
    ConsentAnswer, ConsentRequest, PURPOSE_MAX, REASON_MAX, Verdict, is_words,
};
use noroshi_model::document::{DocumentError, Fields, hex, text, unhex};
use noroshi_model::json::{Object, Value};
use noroshi_model::ledger::{LedgerLine, LineKind};
use noroshi_model::link::{EntryKind, Precedence};
use noroshi_model::{Digest, ItemHash, NodeId, PersonId, Signed, Timestamp};
use noroshi_seal::sign::Ed25519;
use noroshi_store::{ItemState, LogEntry, RecordKind, StoredItem, Tx, WriteError};

use crate::acts::{Effect, subject_digest};
use crate::command::{ActAnswer, Event, Failure};
use crate::introductions::{Records, Trust, damaged};
use crate::node::{Node, store_failure};
use crate::plan::provenance;
use crate::records::{ActRecord, Record};
use crate::sink::Sink;

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

// The forwarding node asks.
impl Node {
    /// Write a question to an originator down.
    pub(crate) fn consent_request(
        &self,
        named: &str,
        to: &str,
        purpose: &str,
        reason: &str,
        days: u32,
        person: &str,
    ) -> Result<ActAnswer, Failure> {
        check_words(purpose, reason)?;
        if !(1..=ConsentRequest::DAYS_MAX).contains(&i64::from(days)) {
            return Err(Failure::new(
                "consent.days",
                2,
                "a question is open 1 to 31 days",
            ));
        }
        let stored = self.find_item(named)?;
        let recipient = self.find_peer(to)?.manifest.organisation;
        let originator = stored.attribution.as_ref().map(|by| by.node);
        let originator = originator
            .filter(|node| *node != self.me())
            .ok_or_else(|| {
                Failure::new("consent.own", 2, "the item is this node's own: share it")
            })?;
        if self
            .peer(&originator)?
            .is_none_or(|peer| !peer.is_confirmed())
        {
            return Err(Failure::new(
                "consent.no_link",
                3,
                "its originator is no confirmed partner of this node, so it cannot be asked",
            ));
        }
        let at = self.now();
        let request = ConsentRequest {
            world: self.world(),
            by: self.me(),
            to: originator,
            item: stored.hash,
            id: stored.id.clone(),
            modified: stored.modified,
            recipient: Party {
                node: recipient.node,
                name_en: recipient.name_en,
                name_ja: recipient.name_ja,
                nation: recipient.nation,
            },
            purpose: purpose.to_owned(),
            reason: reason.to_owned(),
            at,
            expires: at.plus_seconds(i64::from(days) * 86_400),
        };
        let bytes = request.to_bytes();
        ConsentRequest::from_bytes(&bytes)
            .map_err(|error| Failure::new("consent.refused", 2, &error).arg("problem", error))?;
        self.would_consent_help(&stored, &request)?;
        let subject = Object::new()
            .with("request", text(request.digest()))
            .with("item", text(request.item))
            .with("id", request.id.as_str())
            .with("originator", text(request.to))
            .with("recipient", text(request.recipient.node))
            .with("purpose", purpose)
            .with("reason", reason)
            .with("expires", text(request.expires));
        let kind = ActKind::ConsentRequest;
        self.prepare(kind, subject, person, false, Some(bytes), 24 * 60)
    }

    /// Nobody is asked for what needs no consent, what consent would not open, or what was asked
    /// already: a question tells the originator whom this node shares with.
    fn would_consent_help(
        &self,
        stored: &StoredItem,
        request: &ConsentRequest,
    ) -> Result<(), Failure> {
        let peer = self.confirmed_peer(&request.recipient.node)?;
        let marked = self.marked(stored)?;
        let Some(marked) = marked.filter(|_| stored.state == ItemState::Admitted) else {
            return Err(Failure::new(
                "consent.gone",
                3,
                "the item is not there to be shared",
            ));
        };
        let view = self.gate_view(&request.purpose)?;
        let agreements = self.standings(&view.agreements, view.now);
        let to = self.recipient(&peer)?;
        let ask = |grants: &[Grant]| {
            let question = view.question(view.now, grants);
            let provenance = provenance(stored);
            noroshi_gate::preview(
                &marked,
                &provenance,
                &to,
                &agreements,
                &view.rules,
                &question,
            )
            .1
        };
        if ask(&self.grants_for(stored)?).outcome != Outcome::Refer {
            return Err(Failure::new(
                "consent.not_needed",
                3,
                "the gate does not refer this to the originator: see `noroshi share --dry-run`",
            ));
        }
        let nation = self
            .manifest_of(&request.to)?
            .map_or(self.nation(), |manifest| manifest.organisation.nation);
        let imagined = Grant {
            by: request.to,
            via: self.me(),
            nation,
            item: request.item,
            recipient: request.recipient.node,
            purpose: request.purpose.clone(),
            until: request.expires,
        };
        if let Some(reason) = ask(&[imagined]).reasons.first() {
            return Err(Failure::new("consent.in_vain", 3, reason).arg("why", reason));
        }
        let known = self
            .inside()?
            .records_under(RecordKind::Consent, request.item.bytes());
        for (_, bytes) in known.map_err(store_failure)? {
            let record = ConsentRecord::from_bytes(&bytes)
                .map_err(damaged)
                .map_err(store_failure)?;
            let same = record.request.as_ref().is_some_and(|known| {
                let known = known.document();
                known.by == request.by
                    && known.recipient.node == request.recipient.node
                    && known.purpose == request.purpose
            });
            if same && record.state(view.now) == "open" {
                return Err(Failure::new(
                    "consent.asked",
                    3,
                    "this was asked already and waits for an answer",
                ));
            }
        }
        Ok(())
    }

    pub(crate) fn execute_consent_request(
        &self,
        record: &mut ActRecord,
        approved: &Approved,
    ) -> Result<Effect, Failure> {
        let changed = || Failure::new("act.changed", 3, "the question is not what was signed");
        let bytes = record.attachment.clone().unwrap_or_default();
        let request = ConsentRequest::from_bytes(&bytes).map_err(|_| changed())?;
        if subject_digest(record, "request") != Some(request.digest()) {
            return Err(changed());
        }
        let stored = self.inside()?.item(&request.item).map_err(store_failure)?;
        self.would_consent_help(&stored.ok_or_else(changed)?, &request)?;
        let key = place(&request.item, &request.digest());
        let to = request.to;
        let line = self.request_line("requested", &request, Some(&record.act.requester));
        let signed = Signed::sign(request, &self.keys().items);
        let document = signed.to_bytes();
        let kept = ConsentRecord {
            request: Some(signed),
            ..ConsentRecord::default()
        };
        let ledger_line = self
            .store
            .write(|tx| {
                tx.put(RecordKind::Consent, &key, &kept.to_bytes())?;
                self.log_bytes(tx, &to, EntryKind::Document, Precedence::Priority, document)?;
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

// The originator answers.
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

// Looking.
impl Node {
    /// Every question and answer that this node has a part in.
    pub(crate) fn consent_list(&self, sink: &mut dyn Sink) -> Result<(), Failure> {
        let now = self.now();
        for record in self.records::<ConsentRecord>(RecordKind::Consent)? {
            let row = self.consent_row(&record, now)?;
            sink.send(Event::Row {
                kind: "consent".into(),
                row,
            });
        }
        Ok(())
    }

    fn consent_row(
        &self,
        record: &ConsentRecord,
        now: Timestamp,
    ) -> Result<serde_json::Value, Failure> {
        let request = record.request.as_ref().map(Signed::document);
        let answer = record.answer.as_ref().map(Signed::document);
        let digest = answer
            .map(|answer| answer.request)
            .or_else(|| request.map(ConsentRequest::digest));
        let by = answer
            .map(|answer| answer.to)
            .or_else(|| request.map(|request| request.by));
        let originator = answer
            .map(|answer| answer.by)
            .or_else(|| request.map(|request| request.to));
        let recipient = answer
            .map(|answer| answer.recipient)
            .or_else(|| request.map(|request| request.recipient.node));
        let part = if by == Some(self.me()) {
            "asked"
        } else if originator == Some(self.me()) {
            "to_answer"
        } else {
            "received"
        };
        let text_of = |value: Option<String>| value.unwrap_or_default();
        let item = answer
            .map(|answer| answer.item)
            .or_else(|| request.map(|request| request.item));
        let purpose = answer
            .map(|answer| answer.purpose.clone())
            .or_else(|| request.map(|request| request.purpose.clone()));
        let mut names = Vec::new();
        for node in [by, originator, recipient] {
            let known = node
                .map(|node| self.manifest_of(&node))
                .transpose()?
                .flatten();
            let told = request
                .filter(|request| Some(request.recipient.node) == node)
                .map(|request| request.recipient.name_en.clone());
            let known = known.map(|manifest| manifest.organisation.name_en);
            names.push(known.or(told).unwrap_or_default());
        }
        Ok(serde_json::json!({
            "request": text_of(digest.map(|digest| digest.to_string())),
            "part": part,
            "state": record.state(now),
            "item": text_of(item.map(|item| item.to_string())),
            "id": text_of(request.map(|request| request.id.to_string())),
            "by": text_of(by.map(|node| node.to_string())),
            "by_name": names[0],
            "originator": text_of(originator.map(|node| node.to_string())),
            "originator_name": names[1],
            "recipient": text_of(recipient.map(|node| node.to_string())),
            "recipient_name": names[2],
            "purpose": text_of(purpose),
            "reason": text_of(request.map(|request| request.reason.clone())),
            "asked_at": request.map(|request| request.at.to_string()),
            "expires": request.map(|request| request.expires.to_string()),
            "answered_at": answer.map(|answer| answer.at.to_string()),
            "until": answer.map(|answer| answer.until.to_string()),
            "answer_reason": answer.map(|answer| answer.reason.clone()),
        }))
    }

    /// The one question that a person means, by the beginning of its digest.
    fn find_consent(&self, named: &str) -> Result<(Vec<u8>, ConsentRecord), Failure> {
        let rows = self
            .inside()?
            .records_under(RecordKind::Consent, &[])
            .map_err(store_failure)?;
        let matches = |key: &[u8]| {
            let digest = key
                .get(32..)
                .and_then(|digest| <[u8; 32]>::try_from(digest).ok());
            digest.is_some_and(|digest| Digest(digest).to_string().starts_with(named))
        };
        let mut found = rows.into_iter().filter(|(key, _)| matches(key));
        match (found.next(), found.next()) {
            (Some((key, bytes)), None) if named.len() >= 8 => {
                let record = ConsentRecord::from_bytes(&bytes).map_err(damaged);
                Ok((key, record.map_err(store_failure)?))
            }
            _ => Err(unknown(named)),
        }
    }

    fn request_line(
        &self,
        event: &str,
        request: &ConsentRequest,
        person: Option<&PersonId>,
    ) -> LedgerLine {
        let body = Object::new()
            .with("event", event)
            .with("request", text(request.digest()))
            .with("item", text(request.item))
            .with("by", text(request.by))
            .with("originator", text(request.to))
            .with("recipient", text(request.recipient.node))
            .with("purpose", request.purpose.as_str());
        self.line(LineKind::Consent, person, body)
    }

    pub(crate) fn consent_line(
        &self,
        event: &str,
        answer: &ConsentAnswer,
        person: Option<&PersonId>,
    ) -> LedgerLine {
        let body = Object::new()
            .with("event", event)
            .with("request", text(answer.request))
            .with("item", text(answer.item))
            .with("by", text(answer.to))
            .with("originator", text(answer.by))
            .with("recipient", text(answer.recipient))
            .with("purpose", answer.purpose.as_str())
            .with("until", text(answer.until))
            .with("reason", answer.reason.as_str());
        self.line(LineKind::Consent, person, body)
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
