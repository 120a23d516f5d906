//! The ledger's lines, and the checkpoints with which it vouches for its own past.
//!
//! Verifying is in `audit`, proving in `proofs`, exporting in `export`.

use noroshi_model::NodeId;
use noroshi_model::json::Value;
use noroshi_model::ledger::{LedgerLine, LineKind};
use noroshi_model::manifest::Purpose;
use noroshi_seal::merkle::root_at;
use noroshi_seal::sign::Ed25519;
use noroshi_seal::tlog::Checkpoint;
use noroshi_store::{Log, WriteError};

use crate::agreements::outer_json;
use crate::command::{Event, Failure, PageAnswer};
use crate::node::{Node, store_failure};
use crate::send::log_name;
use crate::sink::Sink;

/// Lines read at a time.
const PAGE: u32 = 1000;

impl Node {
    pub(crate) fn ledger_list(
        &self,
        from: u64,
        limit: u32,
        kind: Option<&str>,
        sink: &mut dyn Sink,
    ) -> Result<(), Failure> {
        let kind = kind.map(kind_of).transpose()?;
        let (mut next, mut rows) = (from, 0);
        'pages: loop {
            let page = self.inside()?.ledger(next, PAGE).map_err(store_failure)?;
            let Some((last, _)) = page.last() else { break };
            let after = last + 1;
            for (index, leaf) in &page {
                let line =
                    LedgerLine::from_bytes(leaf).map_err(|error| damaged_line(*index, &error))?;
                next = index + 1;
                if kind.is_some_and(|kind| kind != line.kind) {
                    continue;
                }
                let row = line_row(*index, line);
                rows += 1;
                if !sink.send(Event::Row {
                    kind: "line".into(),
                    row,
                }) || rows == u64::from(limit)
                {
                    break 'pages;
                }
            }
            next = after;
        }
        let (size, _) = self.inside()?.ledger_root().map_err(store_failure)?;
        let page = PageAnswer {
            rows,
            next: (next < size).then_some(next),
        };
        let answer = serde_json::to_value(page).unwrap_or_default();
        sink.send(Event::Answer {
            kind: "page".into(),
            answer,
        });
        Ok(())
    }

    /// Sign and keep a checkpoint, if lines were added since the last. What is kept is held against
    /// the ledger by whoever verifies it, so that no later state can deny an earlier one.
    ///
    /// # Errors
    /// The ledger does not continue the last checkpoint that was kept: it was rewritten, and
    /// nothing more is signed over it. Or the store fails.
    pub fn keep_checkpoint(&self) -> Result<(), Failure> {
        let reader = self.inside()?;
        let (size, _) = reader.ledger_root().map_err(store_failure)?;
        let newest = reader
            .newest_checkpoint(Log::Ledger)
            .map_err(store_failure)?;
        if let Some((kept, note)) = newest {
            let said = Checkpoint::unverified(&note).ok();
            let said = said.filter(|said| said.size == kept && kept <= size);
            let continued = said.is_some_and(|said| {
                root_at(&reader.ledger_tiles(), kept).is_ok_and(|root| root == said.root)
            });
            if !continued {
                let why = "the ledger does not continue it";
                return Err(contradicted("the ledger", kept, &why));
            }
            if kept == size {
                return Ok(());
            }
        }
        self.ledger_checkpoint().map(|_| ())
    }

    /// A signed checkpoint of the ledger as it stands; kept, so that a later one can be shown to
    /// continue it.
    pub(crate) fn ledger_checkpoint(&self) -> Result<(Checkpoint, String), Failure> {
        let (size, root) = self.inside()?.ledger_root().map_err(store_failure)?;
        let name = log_name(&self.me(), None);
        let checkpoint = Checkpoint {
            origin: name.clone(),
            size,
            root,
        };
        let note = {
            let keys = self.keys();
            checkpoint.sign(&name, &keys.ledger.public(), &keys.ledger)
        };
        self.store
            .write(|tx| tx.checkpoint_put(size, &note))
            .map_err(store_failure::<WriteError>)?;
        Ok((checkpoint, note))
    }

    /// Ledger keys of a node, newest first, revoked ones included, and those of the manifests that
    /// a restore has replaced: what was signed once stays checkable.
    pub(crate) fn ledger_keys_of(&self, node: &NodeId) -> Result<Vec<[u8; 32]>, Failure> {
        let mut manifests = if *node == self.me() {
            vec![self.keys().manifest.clone()]
        } else {
            let peer = self.peer(node)?.ok_or_else(|| {
                Failure::new(
                    "peer.unknown",
                    4,
                    format_args!("{node} is no peer of this node"),
                )
            })?;
            vec![peer.manifest]
        };
        let earlier = self.earlier_manifests(node)?;
        manifests.extend(
            earlier
                .iter()
                .filter_map(|signed| signed.verify(&Ed25519).ok()),
        );
        let mut keys: Vec<[u8; 32]> = Vec::new();
        for manifest in &manifests {
            let listed = manifest.keys.iter().rev();
            let listed = listed.filter(|key| key.purpose == Purpose::Ledger);
            for key in listed.filter_map(|key| key.public.as_slice().try_into().ok()) {
                if !keys.contains(&key) {
                    keys.push(key);
                }
            }
        }
        Ok(keys)
    }
}

/// A line as it is shown.
pub(crate) fn line_row(index: u64, line: LedgerLine) -> serde_json::Value {
    serde_json::json!({
        "index": index,
        "at": line.at.to_string(),
        "line": line.kind.as_str(),
        "person": line.person.map(|person| person.to_string()),
        "body": outer_json(&Value::Object(line.body)),
    })
}

/// The kind of line a person means.
pub(crate) fn kind_of(word: &str) -> Result<LineKind, Failure> {
    LineKind::from_word(word).ok_or_else(|| {
        let why = format_args!("`{word}` is no kind of line");
        Failure::new("ledger.kind", 2, why).arg("kind", word)
    })
}

/// A line that cannot be read.
pub(crate) fn damaged_line(index: u64, error: &dyn std::fmt::Display) -> Failure {
    Failure::new("ledger.damaged", 5, format_args!("line {index}: {error}"))
}

/// A log that is not what a checkpoint once said of it.
pub(crate) fn contradicted(log: &str, size: u64, problem: &dyn std::fmt::Display) -> Failure {
    Failure::new(
        "ledger.checkpoint",
        5,
        format_args!("{log}: the checkpoint kept over {size} entries: {problem}"),
    )
    .arg("log", log)
    .arg("size", size)
    .arg("problem", problem)
}
