//! Receipts: what partners state they did with what they were sent. Signed, checked, kept in both
//! logs. A receipt is that node's statement; it proves who said what, not what they did.

use std::collections::BTreeSet;

use noroshi_model::document::text;
use noroshi_model::json::Object;
use noroshi_model::ledger::LineKind;
use noroshi_model::link::{EntryKind, Fate, Receipt};
use noroshi_model::{Digest, ItemHash, NodeId, Signed};
use noroshi_seal::sign::Ed25519;
use noroshi_store::{LogEntry, RecordKind, Tx, WriteError};

use crate::command::{Event, Failure, PageAnswer, ReceiptRow};
use crate::introductions::Trust;
use crate::node::{Node, store_failure};
use crate::records::int;
use crate::sink::Sink;

/// Entries that may have overtaken a receipt on the road for its statements still to replace
/// earlier ones.
const OVERTAKEN_MAX: u32 = 64;

/// A receipt with its signature, as it travels and is kept.
pub(crate) type SignedReceipt = Signed<Receipt>;

impl Node {
    /// A receipt arrived, under its number in the partner's log. What it states of entries this
    /// node sent is kept; a statement on what was never sent, or on other bytes, is a dispute and
    /// changes nothing.
    pub(crate) fn receive_receipt(
        &self,
        tx: &mut Tx<'_>,
        from: &NodeId,
        place: u64,
        bytes: &[u8],
    ) -> Result<bool, WriteError> {
        let dispute = |tx: &mut Tx<'_>, why: &str| {
            let body = Object::new()
                .with("from", text(from))
                .with("why", why)
                .with("receipt", text(Digest::of(bytes)));
            tx.append(&self.line(LineKind::Disputed, None, body))
                .map(|_| false)
        };
        let Ok(signed) = SignedReceipt::from_bytes(bytes) else {
            return dispute(tx, "the receipt is not well-formed");
        };
        let receipt = signed.document();
        let Some(public) = self.key_in(tx, from, signed.key(), Trust::Closes)? else {
            return dispute(
                tx,
                "the receipt is signed by a key that is not trusted here",
            );
        };
        let addressed =
            receipt.world == self.world() && receipt.by == *from && receipt.to == self.me();
        if !addressed || !signed.verifies(&public, &Ed25519) {
            return dispute(tx, "the receipt's signature, sender or recipient is wrong");
        }
        let later = stated_later(tx, from, place)?;
        let mut lies = 0_u64;
        for (number, digest, fate) in &receipt.fates {
            match tx.log_digest(from, *number)? {
                Some(sent) if sent == *digest => {
                    let replaces = later.as_ref().is_some_and(|later| !later.contains(number));
                    tx.log_fate(from, *number, (*fate, receipt.at), replaces)?;
                    if !matches!(fate, Fate::Admitted | Fate::Held | Fate::Superseded) {
                        self.hop_answered(tx, from, *number, *fate, &signed)?;
                    }
                }
                _ => lies += 1,
            }
        }
        // Kept whole: the proof of what the partner said must not depend on the partner.
        let name = Digest::of(bytes);
        tx.put(
            RecordKind::Receipt,
            &[&from.bytes()[..], &name.0].concat(),
            bytes,
        )?;
        let body = Object::new()
            .with("from", text(from))
            .with("receipt", text(name))
            .with("entries", int(receipt.fates.len() as u64));
        tx.append(&self.line(LineKind::Receipted, None, body))?;
        if lies > 0 {
            return dispute(
                tx,
                "it states a fate for entries that were not sent, or other bytes",
            );
        }
        Ok(true)
    }

    pub(crate) fn receipts(
        &self,
        item: Option<&str>,
        peer: Option<&str>,
        outstanding: bool,
        limit: u32,
        sink: &mut dyn Sink,
    ) -> Result<(), Failure> {
        let only = peer
            .map(|named| self.find_peer(named))
            .transpose()?
            .map(|peer| peer.node());
        let limit = u64::from(limit.clamp(1, 100_000));
        let mut sent = 0;
        let mut emit = |row: ReceiptRow, sink: &mut dyn Sink| {
            let wanted = !outstanding || (row.fate.is_none() && !row.void);
            if wanted && sent < limit {
                let row = serde_json::to_value(row).unwrap_or_default();
                sink.send(Event::Row {
                    kind: "receipt".into(),
                    row,
                });
                sent += 1;
            }
            sent < limit
        };
        if let Some(named) = item {
            let stored = self.find_item(named)?;
            for row in self.receipt_rows_of(&stored.hash)? {
                if only.is_none_or(|node| node.to_string() == row.node) {
                    emit(row, sink);
                }
            }
            if only.is_none() {
                sent += self.hop_rows(&stored.hash, outstanding, sink)?;
            }
        } else {
            let peers = self.records::<crate::records::Peer>(RecordKind::Peer)?;
            let wanted = |node: NodeId| only.is_none_or(|only| only == node);
            'peers: for peer in peers.iter().filter(|peer| wanted(peer.node())) {
                let (node, name) = (peer.node(), &peer.manifest.organisation.name_en);
                let to = Recipient {
                    node: &node,
                    name,
                    cosigned: self.cosigned_size(&node)?,
                };
                let mut from = 0;
                loop {
                    let reader = self.inside()?;
                    let page = if outstanding {
                        reader.log_unanswered(&node, from, 1000)
                    } else {
                        reader.log_entries(&node, from, 1000)
                    };
                    let page = page.map_err(store_failure)?;
                    let Some(last) = page.last() else { break };
                    from = last.leaf.number + 1;
                    for entry in &page {
                        if let Some(row) = self.receipt_row(&to, entry)?
                            && !emit(row, sink)
                        {
                            break 'peers;
                        }
                    }
                }
            }
        }
        let answer = serde_json::to_value(PageAnswer {
            rows: sent,
            next: None,
        })
        .unwrap_or_default();
        sink.send(Event::Answer {
            kind: "page".into(),
            answer,
        });
        Ok(())
    }

    /// What is known of one entry of a partner's log.
    pub(crate) fn receipt_row_for(
        &self,
        peer: &crate::records::Peer,
        entry: &LogEntry,
    ) -> Result<Option<ReceiptRow>, Failure> {
        let node = peer.node();
        let to = Recipient {
            node: &node,
            name: &peer.manifest.organisation.name_en,
            cosigned: self.cosigned_size(&node)?,
        };
        self.receipt_row(&to, entry)
    }

    /// Who holds one item, and what they state.
    pub(crate) fn receipt_rows_of(&self, hash: &ItemHash) -> Result<Vec<ReceiptRow>, Failure> {
        let entries = self.inside()?.holders(hash).map_err(store_failure)?;
        let mut rows = Vec::new();
        for (node, entry) in &entries {
            let name = self.recipient_of(node)?.map(|(_, name)| name);
            let to = Recipient {
                node,
                name: &name.unwrap_or_default(),
                cosigned: self.cosigned_size(node)?,
            };
            rows.extend(self.receipt_row(&to, entry)?);
        }
        Ok(rows)
    }

    /// How many entries of the log for a partner it has cosigned.
    fn cosigned_size(&self, node: &NodeId) -> Result<u64, Failure> {
        let cosigned = self.cosigned(&self.inside()?, node)?;
        Ok(cosigned.map_or(0, |(size, _)| size))
    }

    fn receipt_row(
        &self,
        to: &Recipient<'_>,
        entry: &LogEntry,
    ) -> Result<Option<ReceiptRow>, Failure> {
        if !matches!(entry.leaf.kind, EntryKind::Release | EntryKind::Recall) {
            return Ok(None);
        }
        let known = entry.item.zip(entry.rendition());
        // Lost with the node: the leaf still names the rendition, the item is not known here.
        let Some(rendition) = known
            .map(|(_, rendition)| rendition)
            .or(entry.lost.then_some(ItemHash(entry.leaf.digest)))
        else {
            return Ok(None);
        };
        let stored = match known {
            Some((item, _)) => self.inside()?.item(&item).map_err(store_failure)?,
            None => None,
        };
        Ok(Some(ReceiptRow {
            item: known.map(|(item, _)| item.to_string()).unwrap_or_default(),
            id: stored
                .map(|stored| stored.id.to_string())
                .unwrap_or_default(),
            rendition: rendition.to_string(),
            node: to.node.to_string(),
            name: to.name.to_owned(),
            number: entry.leaf.number,
            entry: entry.leaf.kind.as_str().to_owned(),
            at: entry.leaf.at.to_string(),
            fate: entry.fate.map(|fate| fate.as_str().to_owned()),
            fate_at: entry.fate_at.map(|at| at.to_string()),
            void: entry.void,
            lost: entry.lost,
            cosigned: entry.leaf.number < to.cosigned,
        }))
    }
}

/// Entries on which a receipt that stands behind this one in the partner's log, and came before it,
/// states something. `None`: so much came before it that nobody looks.
fn stated_later(
    tx: &mut Tx<'_>,
    from: &NodeId,
    place: u64,
) -> Result<Option<BTreeSet<u64>>, WriteError> {
    let behind = tx.mirror_behind(from, place, OVERTAKEN_MAX)?;
    if behind.len() == OVERTAKEN_MAX as usize {
        return Ok(None);
    }
    let mut later = BTreeSet::new();
    for leaf in behind.iter().filter(|leaf| leaf.kind == EntryKind::Receipt) {
        let key = [&from.bytes()[..], &leaf.digest.0].concat();
        let kept = tx.get(RecordKind::Receipt, &key)?;
        let signed = kept.and_then(|bytes| SignedReceipt::from_bytes(&bytes).ok());
        let fates = signed.iter().flat_map(|signed| &signed.document().fates);
        later.extend(fates.map(|(number, ..)| number));
    }
    Ok(Some(later))
}

/// To whom a row's entry was released.
struct Recipient<'a> {
    node: &'a NodeId,
    name: &'a str,
    cosigned: u64,
}
