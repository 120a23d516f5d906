//! Does what is stored still say what was signed? Ledger, logs and mirrors from genesis, with every
//! checkpoint that was kept of them; every receipt; the file's own structure; and every item
//! against its name, its signature and the ledger line that brought it. Reads only, and in a
//! stream: a page of entries, one receipt, and a bit for each entry of one partner's log.

use noroshi_model::ledger::LedgerLine;
use noroshi_model::{Digest, NodeId};
use noroshi_seal::sign::Ed25519;
use noroshi_seal::tlog::Checkpoint;
use noroshi_store::{
    Filter, ItemState, Log, LogEntry, LogPayload, Reader, RecordKind, StoredItem, VerifyError,
};

use crate::check::time_of;
use crate::command::{Event, Failure};
use crate::ledger::contradicted;
use crate::node::{Node, store_failure};
use crate::receipts::SignedReceipt;
use crate::records::Peer;
use crate::send::log_name;
use crate::sink::Sink;

/// Items looked at between two signs of progress.
const PAGE: u32 = 1_000;
/// Entries of a log, receipts or checkpoints read at a time: each may have two hundred thousand
/// bytes.
const FEW: u32 = 64;

impl Node {
    /// Verify everything from genesis: the ledger, each partner's log, each mirror, every receipt
    /// that was kept, and every item.
    pub(crate) fn ledger_verify(&self, sink: &mut dyn Sink) -> Result<(), Failure> {
        let reader = self.inside()?;
        let (size, _) = reader.ledger_root().map_err(store_failure)?;
        let mut progress = |done: u64| {
            let label = "progress-verify".into();
            sink.send(Event::Progress {
                label,
                done,
                total: Some(size),
            });
        };
        let ledger = reader
            .verify_ledger(&mut progress)
            .map_err(|error| broken("the ledger", &error))?;
        self.verify_checkpoints(&reader, Log::Ledger, "the ledger")?;
        let (mut logs, mut receipts) = (Vec::new(), 0);
        for peer in self.records::<Peer>(RecordKind::Peer)? {
            let (node, name) = (peer.node(), &peer.manifest.organisation.name_en);
            let what = format!("the log for {name}");
            let out = reader
                .verify_log(&node, &mut |_| {})
                .map_err(|error| broken(&what, &error))?;
            self.verify_checkpoints(&reader, Log::For(&node), &what)?;
            let what = format!("the log of {name}");
            let mirror = reader
                .verify_mirror(&node, &mut |_| {})
                .map_err(|error| broken(&what, &error))?;
            self.verify_checkpoints(&reader, Log::Of(&node), &what)?;
            receipts += self.verify_receipts(&reader, &node)?;
            let cosigned = self.cosigned(&reader, &node)?;
            logs.push(serde_json::json!({
                "peer": node.to_string(),
                "name": name,
                "sent": out.size,
                "received": mirror.size,
                "cosigned": cosigned.map(|(size, _)| size),
                "cosigned_at": cosigned.map(|(_, seconds)| time_of(seconds)),
                "received_checkpoints": mirror.checkpoints,
            }));
        }
        let kept = reader.record_count(RecordKind::Receipt);
        if kept.map_err(store_failure)? > receipts {
            return Err(unreceipted("a kept receipt is of nobody who is known"));
        }
        let items = self.verify_items(sink)?;
        let sink_answer = serde_json::json!({
            "lines": ledger.size,
            "root": Digest(ledger.root).to_string(),
            "checkpoints": ledger.checkpoints,
            "logs": logs,
            "receipts": receipts,
            "items": items,
        });
        sink.send(Event::Answer {
            kind: "verified".into(),
            answer: sink_answer,
        });
        Ok(())
    }

    /// Every checkpoint kept of a log must be that log's, signed by its owner. The roots were
    /// compared as the log was gone through.
    fn verify_checkpoints(
        &self,
        reader: &Reader<'_>,
        log: Log<'_>,
        what: &str,
    ) -> Result<(), Failure> {
        let (owner, recipient) = match log {
            Log::Ledger => (self.me(), None),
            Log::For(peer) => (self.me(), Some(*peer)),
            Log::Of(peer) => (*peer, Some(self.me())),
        };
        let name = log_name(&owner, recipient.as_ref());
        let keys = self.ledger_keys_of(&owner)?;
        let mut from = 0;
        loop {
            let page = reader.checkpoints(log, from, FEW).map_err(store_failure)?;
            let Some((last, _)) = page.last() else {
                return Ok(());
            };
            from = last + 1;
            for (size, note) in &page {
                let mut opened = keys
                    .iter()
                    .filter_map(|key| Checkpoint::open(note, &name, key).ok());
                if !opened.any(|said| said.origin == name && said.size == *size) {
                    return Err(contradicted(what, *size, &"its signature does not verify"));
                }
                if let Log::For(peer) = log
                    && self.cosigned_by(peer, note)?.is_none()
                {
                    return Err(contradicted(
                        what,
                        *size,
                        &"its cosignature does not verify",
                    ));
                }
            }
        }
    }

    /// Every receipt of a partner must still carry its signature, every entry of the log for it the
    /// content its leaf names, and every fate that is shown must stand in a receipt. How many
    /// receipts there are.
    fn verify_receipts(&self, reader: &Reader<'_>, node: &NodeId) -> Result<u64, Failure> {
        let _instant = reader.instant().map_err(store_failure)?;
        let (size, _) = reader.log_root(node, false).map_err(store_failure)?;
        let mut stated = Marks::of(size);
        let (mut behind, mut count) = (Vec::new(), 0);
        loop {
            let page = reader
                .records_behind(RecordKind::Receipt, node.bytes(), &behind, FEW)
                .map_err(store_failure)?;
            let Some((last, _)) = page.last() else { break };
            behind.clone_from(last);
            count += page.len() as u64;
            for (key, bytes) in &page {
                self.verify_receipt(reader, node, key, bytes, &mut stated)?;
            }
        }
        let mut from = 0;
        loop {
            let page = reader.log_entries(node, from, FEW).map_err(store_failure)?;
            let Some(last) = page.last() else {
                return Ok(count);
            };
            from = last.leaf.number + 1;
            for entry in &page {
                self.verify_content(entry)?;
                let number = entry.leaf.number;
                if entry.fate.is_some() && !stated.has(number) {
                    return Err(unreceipted(format_args!(
                        "entry {number} shows a fate that no kept receipt of {node} states"
                    )));
                }
            }
        }
    }

    /// One receipt: its name, its signature; the entries whose fate it states are marked.
    fn verify_receipt(
        &self,
        reader: &Reader<'_>,
        node: &NodeId,
        key: &[u8],
        bytes: &[u8],
        stated: &mut Marks,
    ) -> Result<(), Failure> {
        if key.get(32..) != Some(&Digest::of(bytes).0[..]) {
            return Err(unreceipted("a kept receipt is not the one it is kept as"));
        }
        let signed = SignedReceipt::from_bytes(bytes)
            .map_err(|error| unreceipted(format_args!("a kept receipt: {error}")))?;
        let public = self
            .any_item_key_of(node, signed.key())
            .ok_or_else(|| unreceipted("a kept receipt is by a key that is not known"))?;
        if !signed.verifies(&public, &Ed25519) || signed.document().by != *node {
            return Err(unreceipted("a kept receipt's signature does not verify"));
        }
        for (number, digest, fate) in &signed.document().fates {
            let shown = reader.log_stated(node, *number).map_err(store_failure)?;
            if shown == Some((*digest, Some(*fate))) {
                stated.mark(*number);
            }
        }
        Ok(())
    }

    /// Verify every item; how many there are.
    pub(crate) fn verify_items(&self, sink: &mut dyn Sink) -> Result<u64, Failure> {
        let reader = self.inside()?;
        reader.verify_structure().map_err(store_failure)?;
        let (mut after, mut count) = (0, 0);
        loop {
            let page = reader
                .page(after, PAGE, &Filter::default())
                .map_err(store_failure)?;
            let Some(last) = page.last() else {
                break;
            };
            after = last.seq;
            for row in &page {
                let stored = reader.item_at(row.seq).map_err(store_failure)?;
                let stored = stored.ok_or_else(|| damaged(row.seq, "it is gone"))?;
                self.verify_item(&stored)?;
            }
            count += page.len() as u64;
            sink.send(Event::Progress {
                label: "progress-verify".into(),
                done: count,
                total: None,
            });
        }
        // A row whose words are lost is on no page.
        let counts = reader.counts().map_err(store_failure)?;
        let kept: u64 = counts.iter().map(|(_, count)| count).sum();
        if kept == count {
            Ok(count)
        } else {
            Err(damaged(after, "not every item can be read"))
        }
    }

    fn verify_item(&self, stored: &StoredItem) -> Result<(), Failure> {
        let seq = stored.seq;
        self.verify_line(stored)?;
        match (self.marked(stored)?, stored.state) {
            (None, ItemState::Destroyed) => {
                // Nothing is left to compare its id with but the index it is found by.
                let reader = self.inside()?;
                let found = reader.by_stix_id(&stored.id).map_err(store_failure)?;
                if !found.iter().any(|row| row.seq == seq) {
                    return Err(damaged(seq, "it is not found by its id"));
                }
            }
            (None, _) => return Err(damaged(seq, "its bytes are missing")),
            (Some(_), ItemState::Destroyed) => {
                return Err(damaged(seq, "it is destroyed, and its bytes are there"));
            }
            (Some(marked), _) => {
                let (valid, head) = (marked.valid(), marked.valid().head());
                if valid.hash() != stored.hash {
                    return Err(damaged(seq, "its bytes are not those that were named"));
                }
                let same = head.id == stored.id
                    && head.modified == stored.modified
                    && head.title == stored.title;
                if !same {
                    return Err(damaged(
                        seq,
                        "its id, version or title is not that of its bytes",
                    ));
                }
            }
        }
        // What was never admitted may be signed by a key that nobody here was asked to trust.
        match (self.signature_word(stored), stored.state) {
            ("verified", _) => Ok(()),
            (word, ItemState::Admitted) | (word @ "invalid", _) => {
                Err(damaged(seq, &format!("its signature is {word}")))
            }
            _ => Ok(()),
        }
    }

    /// What an entry of a partner's log carries must be what its leaf names.
    pub(crate) fn verify_content(&self, entry: &LogEntry) -> Result<(), Failure> {
        let digest = match &entry.payload {
            LogPayload::Item { rendition, .. } => rendition.0,
            LogPayload::Recall { bytes, .. } | LogPayload::Bytes(bytes) => Digest::of(bytes),
            // Lost with a node that was restored: only its place in the log is left.
            LogPayload::Lost => return Ok(()),
        };
        if entry.void || digest == entry.leaf.digest {
            return Ok(());
        }
        let number = entry.leaf.number;
        Err(Failure::new(
            "store.item",
            5,
            format_args!("entry {number} of a partner's log carries what its leaf does not name"),
        ))
    }

    /// The line that brought it must name it, and say when. Where it came from may change: what
    /// another attested passes to its maker.
    fn verify_line(&self, stored: &StoredItem) -> Result<(), Failure> {
        let Some(number) = stored.ledger_line else {
            return Err(damaged(stored.seq, "no ledger line names it"));
        };
        let lines = self.inside()?.ledger(number, 1).map_err(store_failure)?;
        let line = lines
            .first()
            .filter(|(index, _)| *index == number)
            .and_then(|(_, leaf)| LedgerLine::from_bytes(leaf).ok())
            .ok_or_else(|| damaged(stored.seq, "its ledger line is not there"))?;
        let names = line.body.str("item") == Some(&stored.hash.to_string());
        if names && line.at == stored.at {
            Ok(())
        } else {
            Err(damaged(
                stored.seq,
                "its ledger line speaks of something else",
            ))
        }
    }
}

fn damaged(seq: u64, problem: &str) -> Failure {
    Failure::new("store.item", 5, format_args!("item {seq}: {problem}"))
}

/// One bit for each entry of a log.
struct Marks(Vec<u64>);

impl Marks {
    fn of(size: u64) -> Self {
        let words = usize::try_from(size.div_ceil(64)).unwrap_or(usize::MAX);
        Self(vec![0; words])
    }

    /// The word that holds a number's bit, and the bit.
    fn place(number: u64) -> (usize, u64) {
        let word = usize::try_from(number / 64).unwrap_or(usize::MAX);
        (word, 1 << (number % 64))
    }

    fn mark(&mut self, number: u64) {
        let (word, bit) = Self::place(number);
        if let Some(word) = self.0.get_mut(word) {
            *word |= bit;
        }
    }

    fn has(&self, number: u64) -> bool {
        let (word, bit) = Self::place(number);
        self.0.get(word).is_some_and(|word| word & bit != 0)
    }
}

fn unreceipted(what: impl std::fmt::Display) -> Failure {
    Failure::new("receipt.damaged", 5, what)
}

fn broken(what: &str, error: &VerifyError) -> Failure {
    match error {
        VerifyError::Checkpoint { size, problem } => contradicted(what, *size, problem),
        VerifyError::Read(_) | VerifyError::Broken { .. } => {
            Failure::new("ledger.damaged", 5, format_args!("{what}: {error}")).arg("problem", error)
        }
    }
}
