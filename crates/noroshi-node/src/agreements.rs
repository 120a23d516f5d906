//! Agreements: drafted, signed by both sides over the same bytes, suspended by either alone.

mod documents;
mod receive;
mod template;
pub(crate) mod view;

use std::collections::BTreeMap;
use std::sync::Arc;

use noroshi_gate::acts::Approved;
use noroshi_gate::{AgreementInForce, Notice};
use noroshi_model::act::ActKind;
use noroshi_model::agreement::{Agreement, Party, Standing};
use noroshi_model::document::{hex, text};
use noroshi_model::json::{Object, Value};
use noroshi_model::ledger::LineKind;
use noroshi_model::link::{EntryKind, Precedence};
use noroshi_model::manifest::Purpose;
use noroshi_model::{
    Context, Digest, ItemHash, KeyId, NodeId, Organisation, Signer, StixId, Timestamp, Verifier,
    signing,
};
use noroshi_seal::sign::Ed25519;
use noroshi_store::{RecordKind, WriteError};

use crate::acts::{Effect, subject_digest};
use crate::command::{ActAnswer, Failure};
use crate::introductions::Trust;
use crate::node::{Node, lock, store_failure};
use crate::records::{ActRecord, AgreementRecord, AgreementState, Record};

pub(crate) use documents::{AgreementDocument, StateDocument};

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

fn unknown_agreement(named: &str) -> Failure {
    Failure::new(
        "agreement.unknown",
        4,
        format_args!("no one agreement is `{named}`: see `noroshi agreement list`"),
    )
    .arg("agreement", named)
}
