//! A recall goes on to where its item went on, and the answers come back.
//!
//! A forwarding node obeys the originator's recall and puts the originator's own signed bytes,
//! unchanged, into the log of everyone it passed the item on to; a rendition it made itself it
//! recalls in its own name. Once for each recall and recipient, so that it ends. What the hops
//! answer goes back to whoever sent the recall in a signed report: by name where the reader may
//! know of the hop, else as a number.

use std::collections::BTreeMap;

use noroshi_model::agreement::Party;
use noroshi_model::consent::{Hop, HopReport, Verdict};
use noroshi_model::document::{DocumentError, Fields, hex, text, unhex};
use noroshi_model::json::{Object, Value};
use noroshi_model::ledger::LineKind;
use noroshi_model::link::{EntryKind, Fate, Precedence, Recall, Receipt};
use noroshi_model::{Digest, ItemHash, NodeId, Signed};
use noroshi_seal::sign::Ed25519;
use noroshi_store::{LogPayload, RecordKind, StoredItem, Tx, WriteError};

use crate::command::{Event, Failure};
use crate::consent::ConsentRecord;
use crate::introductions::{Trust, agreements_in, damaged};
use crate::node::{Node, lock, store_failure};
use crate::recall::SignedRecall;
use crate::receipts::SignedReceipt;
use crate::records::{Record, int};
use crate::sink::Sink;

/// Where things of this module stand among the records of their kind, by their first byte.
mod place {
    use noroshi_model::{Digest, NodeId};

    /// This node sent that recall to that node; the recall it follows from, if it does.
    pub(super) fn sent(recall: &Digest, to: &NodeId) -> Vec<u8> {
        [&b"s"[..], &recall.0, to.bytes()].concat()
    }

    /// The recall as it came in.
    pub(super) fn came(recall: &Digest) -> Vec<u8> {
        [&b"c"[..], &recall.0].concat()
    }

    /// All hops of a recall.
    pub(super) fn hops(recall: &Digest) -> Vec<u8> {
        [&b"h"[..], &recall.0].concat()
    }

    /// One hop, by the number of the entry that passed the recall on.
    pub(super) fn hop(recall: &Digest, node: &NodeId, number: u64) -> Vec<u8> {
        [&hops(recall)[..], node.bytes(), &number.to_be_bytes()].concat()
    }

    /// The same before the entry is in the log, by what it will hold.
    pub(super) fn waiting(recall: &Digest, node: &NodeId, sent: &Digest) -> Vec<u8> {
        [&hops(recall)[..], node.bytes(), &sent.0[..]].concat()
    }

    /// The recall that an entry of a partner's log passed on.
    pub(super) fn entry(node: &NodeId, number: u64) -> Vec<u8> {
        [&b"e"[..], node.bytes(), &number.to_be_bytes()].concat()
    }

    /// The last report of a hop on a recall.
    pub(super) fn report(recall: &Digest, by: &NodeId) -> Vec<u8> {
        [&b"r"[..], &recall.0, by.bytes()].concat()
    }
}

/// A recall that came in and was passed on.
pub(crate) struct Came {
    /// Who sent it here.
    from: NodeId,
    /// Who ordered it.
    by: NodeId,
    item: ItemHash,
    /// Serial of the last report on it.
    serial: u64,
}

impl Record for Came {
    fn to_bytes(&self) -> Vec<u8> {
        Value::Object(
            Object::new()
                .with("v", 1)
                .with("from", text(self.from))
                .with("by", text(self.by))
                .with("item", text(self.item))
                .with("serial", int(self.serial)),
        )
        .canonical()
    }

    fn from_bytes(bytes: &[u8]) -> Result<Self, DocumentError> {
        let mut fields = Fields::read("recall that came", bytes)?;
        fields.version(1)?;
        let came = Self {
            from: fields.parsed("from")?,
            by: fields.parsed("by")?,
            item: fields.parsed("item")?,
            serial: fields.number("serial")?,
        };
        fields.end()?;
        Ok(came)
    }
}

/// One node that a recall was passed on to.
pub(crate) struct Passed {
    node: NodeId,
    /// The recall as sent there: the one that came, or this node's own for its rendition.
    sent: Digest,
    fate: Option<Fate>,
    receipt: Option<Vec<u8>>,
}

impl Record for Passed {
    fn to_bytes(&self) -> Vec<u8> {
        let mut object = Object::new()
            .with("v", 1)
            .with("node", text(self.node))
            .with("sent", text(self.sent));
        if let Some(fate) = self.fate {
            object.insert("fate", fate.as_str());
        }
        if let Some(receipt) = &self.receipt {
            object.insert("receipt", hex(receipt));
        }
        Value::Object(object).canonical()
    }

    fn from_bytes(bytes: &[u8]) -> Result<Self, DocumentError> {
        let mut fields = Fields::read("passed recall", bytes)?;
        fields.version(1)?;
        let fate: Option<String> = fields.maybe_parsed("fate")?;
        let receipt: Option<String> = fields.maybe_parsed("receipt")?;
        let passed = Self {
            node: fields.parsed("node")?,
            sent: fields.parsed("sent")?,
            fate: fate.as_deref().and_then(Fate::from_word),
            receipt: receipt.as_deref().and_then(unhex),
        };
        fields.end()?;
        Ok(passed)
    }
}

// On the way out.
impl Node {
    /// This node's own recall goes to a recipient: reports on it will be believed.
    pub(crate) fn note_recall_sent(
        &self,
        tx: &mut Tx<'_>,
        recall: &Digest,
        to: &NodeId,
    ) -> Result<(), WriteError> {
        tx.put(RecordKind::Hop, &place::sent(recall, to), b"")
    }

    /// A recall stands in a recipient's log. One that is passed on is known by its number from now
    /// on; that may be later than it was passed on, where the log was closed after a restore.
    pub(crate) fn recall_logged(
        &self,
        tx: &mut Tx<'_>,
        node: &NodeId,
        number: u64,
        sent: &Digest,
    ) -> Result<(), WriteError> {
        let Some(recall) = parent_of(tx, sent, node)? else {
            return Ok(());
        };
        let waiting = place::waiting(&recall, node, sent);
        let (Some(passed), Some(came)) = (
            tx.get(RecordKind::Hop, &waiting)?,
            tx.get(RecordKind::Hop, &place::came(&recall))?,
        ) else {
            return Ok(());
        };
        let came = Came::from_bytes(&came).map_err(damaged)?;
        tx.delete(RecordKind::Hop, &waiting)?;
        tx.put(RecordKind::Hop, &place::hop(&recall, node, number), &passed)?;
        tx.put(RecordKind::Hop, &place::entry(node, number), &recall.0)?;
        let body = Object::new()
            .with("item", text(came.item))
            .with("recall", text(recall))
            .with("by", text(came.by))
            .with("to", text(node))
            .with("number", int(number))
            .with("own", *sent != recall);
        tx.append(&self.line(LineKind::RecallPassed, None, body))?;
        lock(&self.wakes).insert(*node);
        Ok(())
    }

    /// A recall of this node was signed anew and stands in the log again: what is answered to it,
    /// and told of it by hops behind, names the new one.
    pub(crate) fn recall_renewed(
        &self,
        tx: &mut Tx<'_>,
        node: &NodeId,
        (number, sent): (u64, &Digest),
        (again, sent_again): (u64, &Digest),
    ) -> Result<(), WriteError> {
        let Some(parent) = tx.get(RecordKind::Hop, &place::sent(sent, node))? else {
            return Ok(());
        };
        tx.put(RecordKind::Hop, &place::sent(sent_again, node), &parent)?;
        let entry = place::entry(node, number);
        let Some(recall) = tx.get(RecordKind::Hop, &entry)?.and_then(digest_from) else {
            return Ok(());
        };
        let hop = place::hop(&recall, node, number);
        if let Some(kept) = tx.get(RecordKind::Hop, &hop)? {
            let mut passed = Passed::from_bytes(&kept).map_err(damaged)?;
            passed.sent = *sent_again;
            tx.delete(RecordKind::Hop, &hop)?;
            let hop = place::hop(&recall, node, again);
            tx.put(RecordKind::Hop, &hop, &passed.to_bytes())?;
        }
        tx.delete(RecordKind::Hop, &entry)?;
        tx.put(RecordKind::Hop, &place::entry(node, again), &recall.0)
    }

    /// Pass an obeyed recall on to everyone this node passed the item on to. The clients whose logs
    /// may have been read answer nothing: they count as outstanding for good.
    pub(crate) fn pass_recall_on(
        &self,
        tx: &mut Tx<'_>,
        from: &NodeId,
        signed: &SignedRecall,
        stored: &StoredItem,
        read: &[NodeId],
    ) -> Result<(), WriteError> {
        let recall = signed.document();
        let bytes = signed.to_bytes();
        let came = Digest::of(&bytes);
        let mut count = 0_u64;
        for (node, entry) in tx.holders(&recall.item)? {
            let Some(rendition) = entry.rendition() else {
                continue;
            };
            // What was voided after it left may have arrived all the same.
            let concerned = entry.leaf.kind == EntryKind::Release && (entry.sent || !entry.void);
            if !concerned || node == *from || node == recall.by {
                continue;
            }
            if self.is_client(tx, &node)? {
                // It reads pages and hears no recalls: the item is on none of them from now on.
                tx.log_void(&node, entry.leaf.number)?;
                let hop = place::hop(&came, &node, entry.leaf.number);
                if read.contains(&node) && tx.get(RecordKind::Hop, &hop)?.is_none() {
                    if count == 0 {
                        self.note_came(tx, from, recall, &came)?;
                    }
                    let passed = Passed {
                        node,
                        sent: came,
                        fate: None,
                        receipt: None,
                    };
                    tx.put(RecordKind::Hop, &hop, &passed.to_bytes())?;
                    count += 1;
                }
                continue;
            }
            let sent = if rendition != recall.item {
                // Its reader knows nothing of the whole item: the releaser answers for this one.
                let own = Recall {
                    by: self.me(),
                    item: rendition,
                    at: self.now(),
                    ..recall.clone()
                };
                Signed::sign(own, &self.keys().items).to_bytes()
            } else {
                bytes.clone()
            };
            let digest = Digest::of(&sent);
            if tx
                .get(RecordKind::Hop, &place::sent(&digest, &node))?
                .is_some()
            {
                continue;
            }
            if !tx.log_is_delivered(&node, entry.leaf.number)? {
                tx.log_void(&node, entry.leaf.number)?;
            }
            if !entry.sent {
                continue;
            }
            if count == 0 {
                self.note_came(tx, from, recall, &came)?;
            }
            let passed = Passed {
                node,
                sent: digest,
                fate: None,
                receipt: None,
            };
            let waiting = place::waiting(&came, &node, &digest);
            tx.put(RecordKind::Hop, &waiting, &passed.to_bytes())?;
            tx.put(RecordKind::Hop, &place::sent(&digest, &node), &came.0)?;
            // It stands in the log now, or where that is closed after a restore, once it opens.
            let payload = LogPayload::Recall {
                seq: stored.seq,
                rendition,
                bytes: sent,
            };
            let ahead = Precedence::Immediate;
            self.log_notice(tx, &node, EntryKind::Recall, ahead, payload)?;
            count += 1;
        }
        if count == 0 {
            return Ok(());
        }
        self.report_hops(tx, &came)
    }

    /// A recall that is passed on: from whom it came.
    fn note_came(
        &self,
        tx: &mut Tx<'_>,
        from: &NodeId,
        recall: &Recall,
        came: &Digest,
    ) -> Result<(), WriteError> {
        let key = place::came(came);
        if tx.get(RecordKind::Hop, &key)?.is_some() {
            return Ok(());
        }
        let came = Came {
            from: *from,
            by: recall.by,
            item: recall.item,
            serial: 0,
        };
        tx.put(RecordKind::Hop, &key, &came.to_bytes())
    }
}

// On the way back.
impl Node {
    /// A receipt states what a hop did with a recall that was passed on to it.
    pub(crate) fn hop_answered(
        &self,
        tx: &mut Tx<'_>,
        node: &NodeId,
        number: u64,
        fate: Fate,
        receipt: &SignedReceipt,
    ) -> Result<(), WriteError> {
        let came = tx.get(RecordKind::Hop, &place::entry(node, number))?;
        let Some(came) = came.and_then(digest_from) else {
            return Ok(());
        };
        let key = place::hop(&came, node, number);
        let Some(kept) = tx.get(RecordKind::Hop, &key)? else {
            return Ok(());
        };
        let mut passed = Passed::from_bytes(&kept).map_err(damaged)?;
        let bytes = receipt.to_bytes();
        // A receipt that covers more would tell the originator of what is not its own.
        let alone = receipt.document().fates.len() == 1 && bytes.len() <= HopReport::RECEIPT_MAX;
        passed.fate = Some(fate);
        passed.receipt = alone.then_some(bytes);
        tx.put(RecordKind::Hop, &key, &passed.to_bytes())?;
        self.report_hops(tx, &came)
    }

    /// Tell whoever sent a recall here how it stands with the hops behind.
    fn report_hops(&self, tx: &mut Tx<'_>, recall: &Digest) -> Result<(), WriteError> {
        let key = place::came(recall);
        let Some(kept) = tx.get(RecordKind::Hop, &key)? else {
            return Ok(());
        };
        let mut came = Came::from_bytes(&kept).map_err(damaged)?;
        came.serial += 1;
        tx.put(RecordKind::Hop, &key, &came.to_bytes())?;
        let mut report = HopReport {
            world: self.world(),
            by: self.me(),
            to: came.from,
            recall: *recall,
            item: came.item,
            serial: came.serial,
            at: self.now(),
            hops: Vec::new(),
            others_answered: 0,
            others_outstanding: 0,
        };
        let readers = [came.from, came.by];
        for (_, bytes) in tx.records_under(RecordKind::Hop, &place::hops(recall))? {
            let passed = Passed::from_bytes(&bytes).map_err(damaged)?;
            let node = passed.node;
            let named = self.may_know_of(tx, &readers, &node, Some(&came.item))?;
            let party = self.party_of(tx, &node)?;
            let hop = party.map(|party| Hop {
                via: self.me(),
                party,
                fate: passed.fate,
                receipt: passed.receipt,
            });
            count_hop(&mut report, passed.fate, hop.filter(|_| named));
            let behind = tx.get(RecordKind::Hop, &place::report(&passed.sent, &node))?;
            let Some(behind) = behind else { continue };
            let behind = Signed::<HopReport>::from_bytes(&behind).map_err(damaged)?;
            let behind = behind.document();
            report.others_answered = report
                .others_answered
                .saturating_add(behind.others_answered);
            report.others_outstanding = report
                .others_outstanding
                .saturating_add(behind.others_outstanding);
            for hop in &behind.hops {
                let known = named && self.may_know_of(tx, &readers, &hop.party.node, None)?;
                count_hop(&mut report, hop.fate, known.then(|| hop.clone()));
            }
        }
        let bytes = Signed::sign(report, &self.keys().items).to_bytes();
        let (kind, soon) = (EntryKind::Document, Precedence::Priority);
        self.log_bytes(tx, &came.from, kind, soon, bytes)?;
        lock(&self.wakes).insert(came.from);
        Ok(())
    }

    /// May these readers know that a node holds an item? Where an agreement of all of them says
    /// that its members are known; and the originator where it consented to that very recipient.
    fn may_know_of(
        &self,
        tx: &Tx<'_>,
        readers: &[NodeId; 2],
        node: &NodeId,
        item: Option<&ItemHash>,
    ) -> Result<bool, WriteError> {
        let [reader, originator] = readers;
        if let Some(item) = item.filter(|_| reader == originator) {
            for (_, bytes) in tx.records_under(RecordKind::Consent, item.bytes())? {
                let record = ConsentRecord::from_bytes(&bytes).map_err(damaged)?;
                let consented = record.answer.as_ref().is_some_and(|answer| {
                    let answer = answer.document();
                    answer.by == *originator
                        && answer.recipient == *node
                        && answer.verdict != Verdict::Declined
                });
                if consented {
                    return Ok(true);
                }
            }
        }
        Ok(agreements_in(tx)?.iter().any(|record| {
            let agreement = &record.agreement;
            let signed = record.signed_by();
            agreement.members_known
                && agreement
                    .parties
                    .iter()
                    .all(|party| signed.contains(&party.node))
                && [reader, originator, node, &self.me()]
                    .into_iter()
                    .all(|node| agreement.has_party(node))
        }))
    }

    fn party_of(&self, tx: &Tx<'_>, node: &NodeId) -> Result<Option<Party>, WriteError> {
        let manifest = self.manifest_in(tx, node)?;
        Ok(manifest.map(|(manifest, _)| Party {
            node: *node,
            name_en: manifest.organisation.name_en,
            name_ja: manifest.organisation.name_ja,
            nation: manifest.organisation.nation,
        }))
    }

    /// A hop tells of the hops behind it. `Err` tells why that is refused.
    pub(crate) fn receive_hops(
        &self,
        tx: &mut Tx<'_>,
        from: &NodeId,
        signed: &Signed<HopReport>,
    ) -> Result<Result<(), String>, WriteError> {
        let refused = |why: &str| Ok(Err(format!("a report of hops: {why}")));
        let report = signed.document();
        if report.by != *from || report.to != self.me() || report.world != self.world() {
            return refused("it is not from its sender to this node");
        }
        let public = self.key_in(tx, from, signed.key(), Trust::Closes)?;
        if !public.is_some_and(|public| signed.verifies(&public, &Ed25519)) {
            return refused("its signature does not verify");
        }
        let Some(parent) = tx.get(RecordKind::Hop, &place::sent(&report.recall, from))? else {
            return refused("this node sent no such recall to its sender");
        };
        let key = place::report(&report.recall, from);
        if let Some(known) = tx.get(RecordKind::Hop, &key)? {
            let known = Signed::<HopReport>::from_bytes(&known).map_err(damaged)?;
            if known.document().serial >= report.serial {
                return Ok(Ok(()));
            }
        }
        tx.put(RecordKind::Hop, &key, &signed.to_bytes())?;
        let answered = report.hops.iter().filter(|hop| hop.fate.is_some()).count() as u64;
        let body = Object::new()
            .with("from", text(from))
            .with("item", text(report.item))
            .with("recall", text(report.recall))
            .with("hops", int(report.hops.len() as u64))
            .with("answered", int(answered))
            .with("others_answered", int(report.others_answered))
            .with("others_outstanding", int(report.others_outstanding));
        tx.append(&self.line(LineKind::Hops, None, body))?;
        if let Some(parent) = digest_from(parent) {
            self.report_hops(tx, &parent)?;
        }
        Ok(Ok(()))
    }
}

// Looking.
impl Node {
    /// The hops behind the holders of an item, as its recalls brought them to light; one `hop` row
    /// each, and one for those that are only counted. How many rows.
    pub(crate) fn hop_rows(
        &self,
        item: &ItemHash,
        outstanding: bool,
        sink: &mut dyn Sink,
    ) -> Result<u64, Failure> {
        let mut told: BTreeMap<(NodeId, Digest), Signed<HopReport>> = BTreeMap::new();
        let reader = self.inside()?;
        for (node, entry) in reader.holders(item).map_err(store_failure)? {
            if entry.leaf.kind != EntryKind::Recall {
                continue;
            }
            let recall = entry.leaf.digest;
            let key = place::report(&recall, &node);
            let bytes = reader
                .record(RecordKind::Hop, &key)
                .map_err(store_failure)?;
            if let Some(bytes) = bytes {
                let report = Signed::from_bytes(&bytes)
                    .map_err(damaged)
                    .map_err(store_failure)?;
                told.insert((node, recall), report);
            }
        }
        let mut rows = 0;
        for ((node, recall), report) in &told {
            let report = report.document();
            for hop in &report.hops {
                if outstanding && hop.fate.is_some() {
                    continue;
                }
                let proof = self.hop_proof(hop, recall)?;
                let (party, via) = (&hop.party, self.name_of(&hop.via)?);
                rows += 1;
                sink.send(Event::Row {
                    kind: "hop".into(),
                    row: serde_json::json!({
                        "item": item.to_string(),
                        "recall": recall.to_string(),
                        "node": party.node.to_string(),
                        "name_en": party.name_en,
                        "name_ja": party.name_ja,
                        "nation": party.nation.as_str(),
                        "via": hop.via.to_string(),
                        "via_name": via,
                        "fate": hop.fate.map(Fate::as_str),
                        "proof": proof,
                        "at": report.at.to_string(),
                    }),
                });
            }
            let others = report
                .others_answered
                .saturating_add(report.others_outstanding);
            if others > 0 && (!outstanding || report.others_outstanding > 0) {
                rows += 1;
                sink.send(Event::Row {
                    kind: "hops".into(),
                    row: serde_json::json!({
                        "item": item.to_string(),
                        "recall": recall.to_string(),
                        "via": node.to_string(),
                        "via_name": self.name_of(node)?,
                        "answered": report.others_answered,
                        "outstanding": report.others_outstanding,
                        "at": report.at.to_string(),
                    }),
                });
            }
        }
        Ok(rows)
    }

    fn name_of(&self, node: &NodeId) -> Result<String, Failure> {
        let manifest = self.manifest_of(node)?;
        Ok(manifest.map_or_else(|| node.to_string(), |known| known.organisation.name_en))
    }

    /// What a hop's fate rests on: `receipt`, signed by the hop for this very recall; else the
    /// `word` of the node that reports it; nothing where the hop has not answered.
    fn hop_proof(&self, hop: &Hop, recall: &Digest) -> Result<Option<&'static str>, Failure> {
        let Some(fate) = hop.fate else {
            return Ok(None);
        };
        let signed = hop.receipt.as_ref();
        let signed = signed.and_then(|bytes| SignedReceipt::from_bytes(bytes).ok());
        let Some(signed) = signed else {
            return Ok(Some("word"));
        };
        let Receipt { by, to, fates, .. } = signed.document();
        let states =
            matches!(&fates[..], [(_, digest, stated)] if digest == recall && *stated == fate);
        let public = self.any_item_key_of(&hop.party.node, signed.key());
        let holds = *by == hop.party.node
            && *to == hop.via
            && states
            && public.is_some_and(|public| signed.verifies(&public, &Ed25519));
        Ok(Some(if holds { "receipt" } else { "word" }))
    }
}

/// The recall that one of this node follows from; none where it is its own, or it sent none such.
fn parent_of(tx: &Tx<'_>, sent: &Digest, to: &NodeId) -> Result<Option<Digest>, WriteError> {
    let parent = tx.get(RecordKind::Hop, &place::sent(sent, to))?;
    Ok(parent.and_then(digest_from))
}

fn digest_from(bytes: Vec<u8>) -> Option<Digest> {
    bytes.try_into().ok().map(Digest)
}

/// A hop goes into a report by name, or where it may not be named or there is no room, as a number.
fn count_hop(report: &mut HopReport, fate: Option<Fate>, named: Option<Hop>) {
    match named {
        Some(hop) if report.hops.len() < HopReport::HOPS_MAX => report.hops.push(hop),
        _ if fate.is_some() => report.others_answered = report.others_answered.saturating_add(1),
        _ => report.others_outstanding = report.others_outstanding.saturating_add(1),
    }
}
