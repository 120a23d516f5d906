//! Agreements: drafted, signed by both sides over the same bytes, suspended by either alone.

pub(crate) mod view;

use std::collections::BTreeMap;
use std::sync::Arc;

use noroshi_gate::acts::Approved;
use noroshi_gate::{AgreementInForce, Notice};
use noroshi_model::act::ActKind;
use noroshi_model::agreement::{Agreement, Clause, Onward, Party, ReleaseTerm, Standing};
use noroshi_model::document::{DocumentError, Fields, hex, text};
use noroshi_model::json::{Object, Value};
use noroshi_model::ledger::LineKind;
use noroshi_model::link::{EntryKind, Precedence};
use noroshi_model::manifest::Purpose;
use noroshi_model::{
    Context, Digest, ItemHash, KeyId, NodeId, Organisation, Signer, StixId, Timestamp, Verifier,
    signing,
};
use noroshi_seal::sign::Ed25519;
use noroshi_store::{RecordKind, Tx, WriteError};

use crate::acts::{Effect, subject_digest};
use crate::command::{ActAnswer, DraftAnswer, Failure};
use crate::introductions::Trust;
use crate::node::{Node, lock, store_failure};
use crate::records::{ActRecord, AgreementRecord, AgreementState, Peer, Record, int};

/// Proposals of one peer that wait for this node's signature at one time.
const PROPOSALS_MAX: usize = 16;
/// Longest agreement a template is made for, in days.
const TEMPLATE_DAYS_MAX: u32 = 3660;

/// Whose word a document between organisations is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Assent {
    /// Every party's signature verifies: a common statement.
    Joint,
    /// Some have signed: so far their word alone.
    National,
    /// A signature does not fit the bytes: it binds nobody.
    Disputed,
}

impl Assent {
    /// The word shown.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Joint => "joint",
            Self::National => "national",
            Self::Disputed => "disputed",
        }
    }
}

impl Node {
    /// Every agreement this node knows. One that does not read is left out: it can bind nobody,
    /// and must not stop what the others allow. [`Node::alarm_unreadable_agreements`] tells of it.
    pub(crate) fn agreements(&self) -> Result<Vec<AgreementRecord>, Failure> {
        let rows = self
            .inside()?
            .records(RecordKind::Agreement)
            .map_err(store_failure)?;
        let read = rows
            .iter()
            .filter_map(|(_, bytes)| AgreementRecord::from_bytes(bytes).ok());
        Ok(read.collect())
    }

    /// The agreements that this node has signed: no other can allow a release. Read again only
    /// when something that the gate asks for has changed.
    pub(crate) fn binding_agreements(&self) -> Result<Arc<Vec<AgreementRecord>>, Failure> {
        // Asked before reading: a change meanwhile makes what was read old, never the other way.
        let generation = self.store.generation();
        let mut kept = lock(&self.binding);
        if let Some((read_at, agreements)) = &*kept
            && *read_at == generation
        {
            return Ok(Arc::clone(agreements));
        }
        let mut agreements = self.agreements()?;
        let binds = |record: &AgreementRecord| {
            record.is_signed_by(&self.me()) && self.assent(record) != Assent::Disputed
        };
        agreements.retain(binds);
        agreements.extend(self.arrangements()?);
        let agreements = Arc::new(agreements);
        *kept = Some((generation, Arc::clone(&agreements)));
        Ok(agreements)
    }

    /// Whose word an agreement is: every signature is checked again over the bytes as they are
    /// kept, so that one changed byte disputes it.
    pub(crate) fn assent(&self, record: &AgreementRecord) -> Assent {
        let payload = Agreement::signed_payload(&record.hash());
        let message = signing::message(Context::Agreement, self.world(), &payload);
        let mut verified = 0;
        for (node, key, signature) in &record.signatures {
            // A key that is not known here says nothing, for or against.
            if let Some(public) = self.any_item_key_of(node, key) {
                if !Ed25519.verify(&public, &message, signature) {
                    return Assent::Disputed;
                }
                verified += 1;
            }
        }
        if verified == record.agreement.parties.len() {
            Assent::Joint
        } else {
            Assent::National
        }
    }

    /// At the start: agreements that are kept and do not read are told of, each on its line.
    pub(crate) fn alarm_unreadable_agreements(&self) -> Result<(), Failure> {
        let rows = self
            .inside()?
            .records(RecordKind::Agreement)
            .map_err(store_failure)?;
        let unreadable = rows.iter().filter_map(|(key, bytes)| {
            let error = AgreementRecord::from_bytes(bytes).err()?;
            let why = format!("an agreement that is kept does not read: {error}");
            Some(Object::new().with("agreement", hex(key)).with("why", why))
        });
        let lines: Vec<_> = unreadable
            .map(|body| self.line(LineKind::Alarm, None, body))
            .collect();
        if lines.is_empty() {
            return Ok(());
        }
        let told = self.store.write(|tx| {
            lines
                .iter()
                .try_for_each(|line| tx.append(line).map(|_| ()))
        });
        told.map_err(store_failure::<WriteError>)
    }

    /// The agreements as the gate asks for them: all of them, each with its standing now. Of one
    /// agreement only the newest version that all have signed can be in force: it ends the earlier
    /// ones, whether it allows more or less.
    pub(crate) fn standings<'a>(
        &self,
        records: &'a [AgreementRecord],
        now: Timestamp,
    ) -> Vec<AgreementInForce<'a>> {
        let version = |record: &'a AgreementRecord| (record.agreement.modified, &record.bytes);
        let mut newest: BTreeMap<&StixId, &AgreementRecord> = BTreeMap::new();
        for record in records.iter().filter(|record| record.is_signed_by_all()) {
            let known = newest.entry(&record.agreement.id).or_insert(record);
            if version(record) > version(known) {
                *known = record;
            }
        }
        let standing = |record: &'a AgreementRecord| {
            let newest = newest.get(&record.agreement.id);
            let replaced = newest.filter(|newest| version(newest) > version(record));
            match replaced {
                Some(newest) => Standing::Ended(newest.agreement.modified),
                None => standing(record, now),
            }
        };
        records
            .iter()
            .map(|record| AgreementInForce {
                agreement: &record.agreement,
                item: record.hash(),
                standing: standing(record),
            })
            .collect()
    }

    /// A draft that both sides can sign as it stands: TLP up to AMBER both ways, for defence.
    pub(crate) fn agreement_template(
        &self,
        with: &[String],
        title: Option<String>,
        days: u32,
    ) -> Result<DraftAnswer, Failure> {
        if !(1..=TEMPLATE_DAYS_MAX).contains(&days) {
            return Err(Failure::new(
                "agreement.days",
                2,
                "an agreement lasts 1 to 3660 days",
            ));
        }
        let mut parties = vec![party(&self.keys().manifest.organisation)];
        for named in with {
            parties.push(party(&self.find_peer(named)?.manifest.organisation));
        }
        let now = self.now();
        let terms = |from: &Party| {
            parties
                .iter()
                .filter(|to| to.node != from.node)
                .map(|to| ReleaseTerm {
                    clause: "2".into(),
                    from: from.node,
                    to: to.node,
                    types: vec!["*".into()],
                    purposes: vec!["defence".into()],
                    ceilings: BTreeMap::from([
                        ("tlp".into(), "amber".into()),
                        ("us-class".into(), "unclassified".into()),
                    ]),
                    onward: Onward::None,
                })
                .collect::<Vec<_>>()
        };
        let releases = parties.iter().flat_map(terms).collect();
        let agreement = Agreement {
            id: self.fresh_id("agreement"),
            created: now,
            modified: now,
            title: title.unwrap_or_else(|| "Sharing of cyber threat information".into()),
            title_ja: "サイバー脅威情報の共有".into(),
            kind: "mou".into(),
            parties,
            valid_from: now,
            valid_until: now.plus_seconds(i64::from(days) * 86_400),
            clauses: template_clauses(),
            releases,
            equivalences: Vec::new(),
            members_known: false,
        };
        Ok(DraftAnswer {
            agreement: outer_json(&agreement.to_value()),
        })
    }

    /// Propose an agreement: an act whose effect is this node's signature.
    pub(crate) fn agreement_propose(
        &self,
        draft: &serde_json::Value,
        person: &str,
    ) -> Result<ActAnswer, Failure> {
        let refused = |error: &dyn std::fmt::Display| {
            Failure::new("agreement.refused", 2, error).arg("problem", error)
        };
        let bytes = serde_json::to_vec(draft).map_err(|error| refused(&error))?;
        let value = Value::parse(&bytes, self.limits()).map_err(|error| refused(&error))?;
        let canonical = value.canonical();
        let agreement = Agreement::from_bytes(&canonical).map_err(|error| refused(&error))?;
        self.check_parties(&agreement)?;
        self.prepare_signature(&agreement, canonical, person)
    }

    /// Sign an agreement a partner proposed.
    pub(crate) fn agreement_sign(&self, named: &str, person: &str) -> Result<ActAnswer, Failure> {
        let record = self.find_agreement(named)?;
        if record.signed_by().contains(&self.me()) {
            return Err(Failure::new(
                "agreement.signed",
                3,
                "this node has signed it already",
            ));
        }
        self.prepare_signature(&record.agreement, record.bytes.clone(), person)
    }

    fn prepare_signature(
        &self,
        agreement: &Agreement,
        canonical: Vec<u8>,
        person: &str,
    ) -> Result<ActAnswer, Failure> {
        let subject = Object::new()
            .with("agreement", text(Digest::of(&canonical)))
            .with("id", agreement.id.as_str())
            .with("title", agreement.title.as_str());
        self.prepare(
            ActKind::AgreementSign,
            subject,
            person,
            true,
            Some(canonical),
            7 * 24 * 60,
        )
    }

    pub(crate) fn agreement_state(
        &self,
        named: &str,
        person: &str,
        kind: ActKind,
    ) -> Result<ActAnswer, Failure> {
        let record = self.find_agreement(named)?;
        let subject = Object::new()
            .with("agreement", text(record.hash()))
            .with("id", record.agreement.id.as_str())
            .with("title", record.agreement.title.as_str());
        self.prepare(kind, subject, person, false, None, 60)
    }

    /// The act took effect: sign, keep, and put the signed agreement into the other parties' logs.
    pub(crate) fn execute_agreement_sign(
        &self,
        record: &mut ActRecord,
        approved: &Approved,
    ) -> Result<Effect, Failure> {
        let bytes = record.attachment.clone().unwrap_or_default();
        let hash = ItemHash(Digest::of(&bytes));
        if subject_digest(record, "agreement") != Some(hash.0) {
            return Err(Failure::new(
                "agreement.changed",
                3,
                "the agreement is not what was asked for",
            ));
        }
        let agreement = Agreement::from_bytes(&bytes)
            .map_err(|error| Failure::new("agreement.refused", 2, error))?;
        self.check_parties(&agreement)?;
        let known = self.record::<AgreementRecord>(RecordKind::Agreement, hash.bytes())?;
        let mut kept = known.unwrap_or(AgreementRecord {
            agreement,
            bytes,
            signatures: Vec::new(),
            states: Vec::new(),
        });
        let signature = self.agreement_signature(&hash, &self.keys().items);
        kept.signatures.retain(|(node, _, _)| *node != self.me());
        kept.signatures.push(signature);
        let document = AgreementDocument::of(&kept).to_bytes();
        self.publish_agreement(record, approved, &kept, &document, "signed")
    }

    /// Suspend or resume: this node's word, signed, with a serial that only rises.
    pub(crate) fn execute_agreement_state(
        &self,
        record: &mut ActRecord,
        approved: &Approved,
    ) -> Result<Effect, Failure> {
        let hash = subject_digest(record, "agreement").map(ItemHash);
        let kept = match &hash {
            Some(hash) => self.record::<AgreementRecord>(RecordKind::Agreement, hash.bytes())?,
            None => None,
        };
        let mut kept = kept.ok_or_else(|| unknown_agreement("of this act"))?;
        let own = kept.states.iter().find(|state| state.node == self.me());
        let state = AgreementState {
            node: self.me(),
            serial: own.map_or(1, |state| state.serial + 1),
            suspended: record.act.kind == ActKind::AgreementSuspend,
            at: self.now(),
        };
        let word = if state.suspended {
            "suspended"
        } else {
            "resumed"
        };
        let document = {
            let keys = self.keys();
            StateDocument::sign(&kept.hash(), &state, self.world(), &keys.items).to_bytes()
        };
        kept.note_state(state);
        self.publish_agreement(record, approved, &kept, &document, word)
    }

    fn publish_agreement(
        &self,
        record: &mut ActRecord,
        approved: &Approved,
        kept: &AgreementRecord,
        document: &[u8],
        event: &str,
    ) -> Result<Effect, Failure> {
        let mut others = Vec::new();
        for party in kept
            .agreement
            .parties
            .iter()
            .filter(|party| party.node != self.me())
        {
            if let Some(peer) = self.peer(&party.node)? {
                // The gate is asked here, so that an act never queues what cannot leave, and again
                // when the entry is sent.
                let recipient = self.recipient(&peer)?;
                let notice = Notice::document(document.to_vec(), &kept.agreement);
                if noroshi_gate::release_notice(notice, &recipient, &self.rules()?).is_ok() {
                    others.push(party.node);
                }
            }
        }
        let line = self.agreement_line(kept, event, Some(&record.act.requester), &self.me());
        let ledger_line = self
            .store
            .write(|tx| {
                tx.put(RecordKind::Agreement, kept.hash().bytes(), &kept.to_bytes())?;
                tx.append(&line)?;
                for node in &others {
                    self.log_bytes(
                        tx,
                        node,
                        EntryKind::Document,
                        Precedence::Immediate,
                        document.to_vec(),
                    )?;
                    self.introduce_parties(tx, node, &kept.agreement)?;
                }
                self.close_act(tx, record, approved)
            })
            .map_err(store_failure::<WriteError>)?;
        Ok(Effect {
            ledger_line,
            entries: others.len() as u64,
            wake: others,
        })
    }

    /// An agreement with signatures arrived from a party of it.
    pub(crate) fn receive_agreement(
        &self,
        tx: &mut Tx<'_>,
        from: &NodeId,
        document: AgreementDocument,
    ) -> Result<Result<(), String>, WriteError> {
        let hash = ItemHash(Digest::of(&document.bytes));
        let agreement = &document.agreement;
        if !agreement.has_party(from) || !agreement.has_party(&self.me()) {
            return Ok(Err(
                "the agreement is not between its sender and this node".into()
            ));
        }
        let known = tx.get(RecordKind::Agreement, hash.bytes())?;
        let mut kept = match known.and_then(|bytes| AgreementRecord::from_bytes(&bytes).ok()) {
            Some(kept) => kept,
            None => {
                if let Err(why) = self.room_for_proposal(tx, from, &document)? {
                    return Ok(Err(why));
                }
                AgreementRecord {
                    agreement: document.agreement,
                    bytes: document.bytes,
                    signatures: Vec::new(),
                    states: Vec::new(),
                }
            }
        };
        let message = signing::message(
            Context::Agreement,
            self.world(),
            &Agreement::signed_payload(&hash),
        );
        let mut news = false;
        for (node, key, signature) in document.signatures {
            if kept.signed_by().contains(&node) || node == self.me() {
                continue;
            }
            let Some(public) = self.party_key_in(tx, &kept.agreement, &node, &key)? else {
                // Left out, not held against the sender: that party signs anew, and sends itself,
                // what it has not delivered here.
                if node != *from && self.has_revoked(&node, &key).unwrap_or(false) {
                    continue;
                }
                return Ok(Err(format!(
                    "a signature is by a key of {node} that is not trusted here"
                )));
            };
            if !Ed25519.verify(&public, &message, &signature) {
                return Ok(Err("a signature under the agreement does not verify".into()));
            }
            kept.signatures.push((node, key, signature));
            news = true;
        }
        if news {
            tx.put(RecordKind::Agreement, hash.bytes(), &kept.to_bytes())?;
            tx.append(&self.agreement_line(&kept, "received", None, from))?;
            // Parties without a link of their own hear of it through those who have one; what
            // this node does not sign itself it does not carry about.
            if kept.is_signed_by(&self.me()) {
                let document = AgreementDocument::of(&kept).to_bytes();
                self.relay_to_parties(tx, from, &kept.agreement, &document)?;
            }
        }
        Ok(Ok(()))
    }

    /// A proposal is taken from who signs it, while it can still come into force, and while not
    /// too many of that peer's wait: what nobody here has asked for must not fill the store.
    fn room_for_proposal(
        &self,
        tx: &mut Tx<'_>,
        from: &NodeId,
        document: &AgreementDocument,
    ) -> Result<Result<(), String>, WriteError> {
        if !document.signatures.iter().any(|(by, _, _)| by == from) {
            return Ok(Err("the proposal is not signed by who sends it".into()));
        }
        let now = self.now();
        if document.agreement.valid_until <= now {
            return Ok(Err("the proposed agreement has ended".into()));
        }
        let mut waiting = 0;
        for (key, bytes) in tx.records(RecordKind::Agreement)? {
            let Ok(kept) = AgreementRecord::from_bytes(&bytes) else {
                continue;
            };
            if kept.is_signed_by(&self.me()) || !kept.is_signed_by(from) {
                continue;
            }
            if kept.agreement.valid_until <= now {
                tx.delete(RecordKind::Agreement, &key)?;
            } else {
                waiting += 1;
            }
        }
        if waiting >= PROPOSALS_MAX {
            let why = format!("{waiting} proposals of this peer wait to be signed or to end");
            return Ok(Err(why));
        }
        Ok(Ok(()))
    }

    /// Pass a document on an agreement on to the other parties that are peers, and introduce the
    /// parties to one another. Only news is passed on, so that it ends.
    fn relay_to_parties(
        &self,
        tx: &mut Tx<'_>,
        from: &NodeId,
        agreement: &Agreement,
        document: &[u8],
    ) -> Result<(), WriteError> {
        for party in agreement.parties.iter().map(|party| party.node) {
            let peer = tx.get(RecordKind::Peer, party.bytes())?;
            let peer = peer.and_then(|bytes| Peer::from_bytes(&bytes).ok());
            if party == *from || !peer.is_some_and(|peer| peer.is_confirmed()) {
                continue;
            }
            self.introduce_parties(tx, &party, agreement)?;
            let (kind, urgent) = (EntryKind::Document, Precedence::Immediate);
            self.log_bytes(tx, &party, kind, urgent, document.to_vec())?;
        }
        Ok(())
    }

    /// A party's word on whether an agreement rests, from that party or passed on by another.
    pub(crate) fn receive_state(
        &self,
        tx: &mut Tx<'_>,
        from: &NodeId,
        document: &StateDocument,
        bytes: &[u8],
    ) -> Result<Result<(), String>, WriteError> {
        let known = tx.get(RecordKind::Agreement, document.agreement.bytes())?;
        let known = known.and_then(|bytes| AgreementRecord::from_bytes(&bytes).ok());
        // One between others is as unknown to the sender as none.
        let Some(mut kept) = known.filter(|kept| kept.agreement.has_party(from)) else {
            return Ok(Err("the agreement is not known here".into()));
        };
        let by = document.state.node;
        let Some(public) = self.party_key_in(tx, &kept.agreement, &by, &document.key)? else {
            return Ok(Err("the key is not trusted here".into()));
        };
        if !document.verifies(&public, self.world()) {
            return Ok(Err("the signature does not verify".into()));
        }
        let word = if document.state.suspended {
            "suspended"
        } else {
            "resumed"
        };
        if by != self.me() && kept.note_state(document.state.clone()) {
            tx.put(
                RecordKind::Agreement,
                document.agreement.bytes(),
                &kept.to_bytes(),
            )?;
            tx.append(&self.agreement_line(&kept, word, None, &by))?;
            self.relay_to_parties(tx, from, &kept.agreement, bytes)?;
        }
        Ok(Ok(()))
    }

    /// A document about an agreement, with this node's signature made anew where the key under it
    /// is revoked.
    pub(crate) fn agreement_anew(&self, bytes: &[u8]) -> Option<Vec<u8>> {
        let keys = self.keys();
        let is_mine = |node: &NodeId, key: &KeyId| {
            *node == self.me() && crate::renewal::is_revoked(&keys.manifest, key)
        };
        if let Ok(mut document) = AgreementDocument::from_bytes(bytes) {
            let hash = ItemHash(Digest::of(&document.bytes));
            let mine = document
                .signatures
                .iter_mut()
                .find(|(node, key, _)| is_mine(node, key))?;
            *mine = self.agreement_signature(&hash, &keys.items);
            return Some(document.to_bytes());
        }
        let document = StateDocument::from_bytes(bytes).ok()?;
        is_mine(&document.state.node, &document.key).then(|| {
            let (agreement, state) = (&document.agreement, &document.state);
            StateDocument::sign(agreement, state, self.world(), &keys.items).to_bytes()
        })
    }

    /// This node's signature under an agreement.
    fn agreement_signature(
        &self,
        agreement: &ItemHash,
        signer: &dyn Signer,
    ) -> (NodeId, KeyId, [u8; 64]) {
        let payload = Agreement::signed_payload(agreement);
        let message = signing::message(Context::Agreement, self.world(), &payload);
        (self.me(), signer.key_id(), signer.sign(&message))
    }

    /// The raw item key of a node whether revoked or not: what was signed before stays checkable.
    pub(crate) fn any_item_key_of(&self, node: &NodeId, key: &KeyId) -> Option<[u8; 32]> {
        let listed = |manifest: &noroshi_model::manifest::Manifest| -> Option<[u8; 32]> {
            let key = manifest
                .key(key)
                .filter(|key| key.purpose == Purpose::Items)?;
            key.public.as_slice().try_into().ok()
        };
        if *node == self.me() {
            return listed(&self.keys().manifest);
        }
        let known = self.manifest_of(node).ok()?;
        known.as_ref().and_then(listed).or_else(|| {
            let earlier = self.earlier_manifests(node).ok()?;
            let mut earlier = earlier
                .iter()
                .filter_map(|signed| signed.verify(&Ed25519).ok());
            earlier.find_map(|manifest| listed(&manifest))
        })
    }

    /// The raw item key of a node, if it is trusted here and not revoked.
    pub(crate) fn item_key_of(&self, node: &NodeId, key: &KeyId) -> Option<[u8; 32]> {
        let reader = self.inside().ok()?;
        self.key_in(&reader, node, key, Trust::Opens).ok()?
    }

    /// The agreement a person means: by STIX id or the beginning of its hash.
    pub(crate) fn find_agreement(&self, named: &str) -> Result<AgreementRecord, Failure> {
        let matches = |record: &AgreementRecord| {
            record.agreement.id.as_str() == named
                || (named.len() >= 8 && record.hash().to_string().starts_with(named))
        };
        let mut found = self.agreements()?.into_iter().filter(matches);
        match (found.next(), found.next()) {
            (Some(record), None) => Ok(record),
            _ => Err(unknown_agreement(named)),
        }
    }

    fn check_parties(&self, agreement: &Agreement) -> Result<(), Failure> {
        if !agreement.has_party(&self.me()) {
            return Err(Failure::new(
                "agreement.party",
                2,
                "this node is not a party to it",
            ));
        }
        for party in agreement
            .parties
            .iter()
            .filter(|party| party.node != self.me())
        {
            let manifest = match self.peer(&party.node)? {
                Some(peer) => peer.is_confirmed().then_some(peer.manifest),
                // No peer, but a party of the same agreement has introduced it.
                None => self.manifest_of(&party.node)?,
            };
            let manifest = manifest.ok_or_else(|| {
                Failure::new(
                    "agreement.peer",
                    3,
                    format_args!(
                        "{} is no confirmed peer of this node and nobody has introduced it: pair \
                         first",
                        party.name_en
                    ),
                )
                .arg("party", &party.name_en)
            })?;
            if manifest.organisation.nation != party.nation {
                return Err(Failure::new(
                    "agreement.nation",
                    3,
                    format_args!(
                        "the agreement says {} is of {}, its manifest says {}",
                        party.name_en, party.nation, manifest.organisation.nation
                    ),
                ));
            }
        }
        Ok(())
    }

    fn agreement_line(
        &self,
        kept: &AgreementRecord,
        event: &str,
        person: Option<&noroshi_model::PersonId>,
        by: &NodeId,
    ) -> noroshi_model::ledger::LedgerLine {
        let body = Object::new()
            .with("event", event)
            .with("agreement", text(kept.hash()))
            .with("id", kept.agreement.id.as_str())
            .with("by", text(by))
            .with(
                "signed_by",
                kept.signed_by()
                    .iter()
                    .map(ToString::to_string)
                    .collect::<Vec<_>>(),
            );
        self.line(LineKind::Agreement, person, body)
    }

    /// A fresh STIX id, UUID version 4.
    pub(crate) fn fresh_id(&self, kind: &str) -> noroshi_model::StixId {
        let mut bytes: [u8; 16] = self.chance();
        bytes[6] = (bytes[6] & 0x0f) | 0x40;
        bytes[8] = (bytes[8] & 0x3f) | 0x80;
        let digits: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        let (a, b, c, d, e) = (
            &digits[..8],
            &digits[8..12],
            &digits[12..16],
            &digits[16..20],
            &digits[20..],
        );
        format!("{kind}--{a}-{b}-{c}-{d}-{e}")
            .parse()
            .expect("invariant: a type name and 16 bytes in UUID form are a STIX id")
    }
}

/// Where an agreement stands now, of itself.
fn standing(record: &AgreementRecord, now: Timestamp) -> Standing {
    record
        .agreement
        .standing(&record.signed_by(), &record.suspended_by(), now)
}

/// Our JSON tree as the command surface's.
pub(crate) fn outer_json(value: &Value) -> serde_json::Value {
    serde_json::from_slice(&value.canonical()).unwrap_or_default()
}

pub(crate) fn party(org: &Organisation) -> Party {
    Party {
        node: org.node,
        name_en: org.name_en.clone(),
        name_ja: org.name_ja.clone(),
        nation: org.nation,
    }
}

fn template_clauses() -> Vec<Clause> {
    let clause = |id: &str, en: &str, ja: &str| Clause {
        id: id.into(),
        text_en: en.into(),
        text_ja: ja.into(),
    };
    vec![
        clause(
            "1",
            "The parties share cyber threat and vulnerability information in a timely, routine \
             and two-way manner.",
            "両当事者は、サイバー脅威及び脆弱性に関する情報を適時かつ日常的に双方向で共有する。",
        ),
        clause(
            "2",
            "Each party may release items marked up to TLP:AMBER to the other for the purpose of \
             defence. Markings not named in the terms of this clause are not covered.",
            "各当事者は、防衛の目的のため、TLP:AMBER までの標示を付した情報を他方に提供することができる。\
             本条項に掲げられていない標示は対象としない。",
        ),
        clause(
            "3",
            "The receiving party does not pass on what it received without the originator's \
             consent, and obeys a recall.",
            "受領した当事者は、作成元の同意なく第三者に提供せず、回収の求めに従う。",
        ),
        clause(
            "4",
            "Either party may suspend this agreement alone and at once.",
            "いずれの当事者も、単独で直ちに本合意を停止することができる。",
        ),
    ]
}

fn unknown_agreement(named: &str) -> Failure {
    Failure::new(
        "agreement.unknown",
        4,
        format_args!("no one agreement is `{named}`: see `noroshi agreement list`"),
    )
    .arg("agreement", named)
}

/// An agreement with its signatures, on its way to a party.
pub(crate) struct AgreementDocument {
    pub(crate) agreement: Agreement,
    bytes: Vec<u8>,
    signatures: Vec<(NodeId, KeyId, [u8; 64])>,
}

impl AgreementDocument {
    const DOCUMENT: &str = "agreement";

    fn of(record: &AgreementRecord) -> Self {
        Self {
            agreement: record.agreement.clone(),
            bytes: record.bytes.clone(),
            signatures: record.signatures.clone(),
        }
    }

    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        let signatures = self.signatures.iter().map(|(node, key, signature)| {
            Value::Object(
                Object::new()
                    .with("node", text(node))
                    .with("key", text(key))
                    .with("signature", hex(signature)),
            )
        });
        Value::Object(
            Object::new()
                .with("v", 1)
                .with("document", Self::DOCUMENT)
                .with("agreement", self.agreement.to_value())
                .with("signatures", signatures.collect::<Vec<Value>>()),
        )
        .canonical()
    }

    pub(crate) fn from_bytes(bytes: &[u8]) -> Result<Self, DocumentError> {
        let mut fields = Fields::read("agreement document", bytes)?;
        fields.version(1)?;
        if fields.text("document")? != Self::DOCUMENT {
            return Err(fields.refused("document", "is not `agreement`"));
        }
        let bytes = fields.value("agreement")?.canonical();
        let agreement = Agreement::from_bytes(&bytes)?;
        let listed = fields.list("signatures")?;
        if listed.len() > Agreement::LIST_MAX {
            return Err(fields.refused("signatures", "lists more than 256"));
        }
        let mut signatures = Vec::new();
        for value in listed {
            let mut one = Fields::of("agreement signature", value)?;
            signatures.push((
                one.parsed("node")?,
                one.parsed("key")?,
                one.hex("signature")?,
            ));
            one.end()?;
        }
        fields.end()?;
        Ok(Self {
            agreement,
            bytes,
            signatures,
        })
    }
}

/// A party's signed word on whether the agreement rests.
pub(crate) struct StateDocument {
    pub(crate) agreement: ItemHash,
    state: AgreementState,
    key: KeyId,
    signature: [u8; 64],
}

impl StateDocument {
    /// The word that tells this document from others.
    pub(crate) const DOCUMENT: &str = "agreement.state";

    fn sign(
        agreement: &ItemHash,
        state: &AgreementState,
        world: noroshi_model::World,
        signer: &dyn Signer,
    ) -> Self {
        let mut document = Self {
            agreement: *agreement,
            state: state.clone(),
            key: signer.key_id(),
            signature: [0; 64],
        };
        document.signature = signer.sign(&document.message(world));
        document
    }

    fn verifies(&self, public: &[u8; 32], world: noroshi_model::World) -> bool {
        Ed25519.verify(public, &self.message(world), &self.signature)
    }

    fn message(&self, world: noroshi_model::World) -> Vec<u8> {
        let payload = Value::Object(self.body()).canonical();
        signing::message(Context::AgreementState, world, &payload)
    }

    fn body(&self) -> Object {
        Object::new()
            .with("v", 1)
            .with("document", Self::DOCUMENT)
            .with("agreement", text(self.agreement))
            .with("by", text(self.state.node))
            .with("serial", int(self.state.serial))
            .with("suspended", self.state.suspended)
            .with("at", text(self.state.at))
            .with("key", text(self.key))
    }

    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        Value::Object(self.body().with("signature", hex(&self.signature))).canonical()
    }

    pub(crate) fn from_bytes(bytes: &[u8]) -> Result<Self, DocumentError> {
        let mut fields = Fields::read("agreement state", bytes)?;
        fields.version(1)?;
        if fields.text("document")? != Self::DOCUMENT {
            return Err(fields.refused("document", "is not `agreement.state`"));
        }
        let suspended = fields
            .value("suspended")?
            .as_bool()
            .ok_or_else(|| fields.refused("suspended", "is not true or false"))?;
        let document = Self {
            agreement: fields.parsed("agreement")?,
            state: AgreementState {
                node: fields.parsed("by")?,
                serial: fields.number("serial")?,
                suspended,
                at: fields.parsed("at")?,
            },
            key: fields.parsed("key")?,
            signature: fields.hex("signature")?,
        };
        fields.end()?;
        Ok(document)
    }
}
