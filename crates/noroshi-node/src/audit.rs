//! Does what is stored still say what was signed? The file's own structure, and every item against
//! its name, its signature and the ledger line that brought it. Reads only.
//!
//! The neighbour `ledger` verifies leaves, tiles and receipts.

use noroshi_model::Digest;
use noroshi_model::ledger::LedgerLine;
use noroshi_store::{Filter, ItemState, LogEntry, LogPayload, StoredItem};

use crate::command::{Event, Failure};
use crate::node::{Node, store_failure};
use crate::sink::Sink;

/// Items looked at between two signs of progress.
const PAGE: u32 = 1_000;

impl Node {
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
