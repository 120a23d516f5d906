//! The ledger's own commands: list, verify from genesis, prove one line, check a proof, export.

use std::path::Path;

use noroshi_model::document::{DocumentError, Fields};
use noroshi_model::json::{Object, Value};
use noroshi_model::ledger::{LedgerLine, LineKind};
use noroshi_model::manifest::Purpose;
use noroshi_model::{Digest, NodeId};
use noroshi_seal::merkle::{TILE_WIDTH, Tiles, inclusion_proof};
use noroshi_seal::proof::LeafProof;
use noroshi_seal::sign::Ed25519;
use noroshi_seal::tlog::{Checkpoint, entry_bundle, tile_path, verifier_key};
use noroshi_store::{RecordKind, VerifyError, WriteError};

use crate::agreements::outer_json;
use crate::command::{Event, Failure, PageAnswer};
use crate::node::{Node, store_failure};
use crate::receipts::SignedReceipt;
use crate::records::Peer;
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
        let kind = kind
            .map(|word| {
                LineKind::from_word(word).ok_or_else(|| {
                    Failure::new(
                        "ledger.kind",
                        2,
                        format_args!("`{word}` is no kind of line"),
                    )
                    .arg("kind", word)
                })
            })
            .transpose()?;
        let (mut next, mut rows) = (from, 0);
        'pages: loop {
            let page = self.inside()?.ledger(next, PAGE).map_err(store_failure)?;
            let Some((last, _)) = page.last() else { break };
            let after = last + 1;
            for (index, leaf) in &page {
                let line = LedgerLine::from_bytes(leaf).map_err(|error| {
                    Failure::new("ledger.damaged", 5, format_args!("line {index}: {error}"))
                })?;
                next = index + 1;
                if kind.is_some_and(|kind| kind != line.kind) {
                    continue;
                }
                let row = serde_json::json!({
                    "index": index,
                    "at": line.at.to_string(),
                    "line": line.kind.as_str(),
                    "person": line.person.map(|person| person.to_string()),
                    "body": outer_json(&Value::Object(line.body)),
                });
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
            .map_err(|error| broken("ledger", "the ledger", &error))?;
        let mut logs = Vec::new();
        for peer in self.records::<Peer>(RecordKind::Peer)? {
            let (node, name) = (peer.node(), &peer.manifest.organisation.name_en);
            let out = reader
                .verify_log(&node, &mut |_| {})
                .map_err(|error| broken("log", &format!("the log for {name}"), &error))?;
            let mirror = reader
                .verify_mirror(&node, &mut |_| {})
                .map_err(|error| broken("mirror", &format!("the log of {name}"), &error))?;
            logs.push(serde_json::json!({
                "peer": node.to_string(),
                "name": name,
                "sent": out.size,
                "received": mirror.size,
            }));
        }
        let receipts = self.verify_receipts()?;
        let items = self.verify_items(sink)?;
        let sink_answer = serde_json::json!({
            "lines": ledger.size,
            "root": Digest(ledger.root).to_string(),
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

    /// Every receipt kept must still carry the partner's signature, every entry the content its
    /// leaf names, and every fate that is shown must stand in a receipt.
    fn verify_receipts(&self) -> Result<u64, Failure> {
        let damaged = |what: String| Failure::new("receipt.damaged", 5, what);
        let mut stated = std::collections::HashSet::new();
        let rows = self
            .inside()?
            .records(RecordKind::Receipt)
            .map_err(store_failure)?;
        for (key, bytes) in &rows {
            let node = key
                .get(..32)
                .and_then(|node| node.try_into().ok())
                .map(NodeId::from_bytes);
            let signed = SignedReceipt::from_bytes(bytes)
                .map_err(|error| damaged(format!("a kept receipt: {error}")))?;
            let public = node
                .and_then(|node| self.any_item_key_of(&node, signed.key()))
                .ok_or_else(|| damaged("a kept receipt is by a key that is not known".into()))?;
            if !signed.verifies(&public, &Ed25519) || Some(signed.document().by) != node {
                return Err(damaged("a kept receipt's signature does not verify".into()));
            }
            for (number, digest, fate) in &signed.document().fates {
                stated.insert((signed.document().by, *number, *digest, *fate));
            }
        }
        for peer in self.records::<Peer>(RecordKind::Peer)? {
            let (node, mut from) = (peer.node(), 0);
            loop {
                let page = self
                    .inside()?
                    .log_entries(&node, from, PAGE)
                    .map_err(store_failure)?;
                let Some(last) = page.last() else { break };
                from = last.leaf.number + 1;
                for entry in &page {
                    self.verify_content(entry)?;
                    let Some(fate) = entry.fate else { continue };
                    let (number, digest) = (entry.leaf.number, entry.leaf.digest);
                    if !stated.contains(&(node, number, digest, fate)) {
                        return Err(damaged(format!(
                            "entry {number} shows a fate that no kept receipt of {node} states"
                        )));
                    }
                }
            }
        }
        Ok(rows.len() as u64)
    }

    /// A signed checkpoint of the ledger as it stands; kept, so that a later one can be shown to
    /// continue it.
    fn ledger_checkpoint(&self) -> Result<(Checkpoint, String), Failure> {
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

    pub(crate) fn ledger_prove(
        &self,
        line: Option<u64>,
        item: Option<&str>,
        peer: Option<&str>,
        receipt: bool,
        sink: &mut dyn Sink,
    ) -> Result<(), Failure> {
        let proof = match (line, item, peer) {
            (Some(line), None, None) => self.prove_line(line)?,
            (None, Some(item), Some(peer)) if receipt => self.prove_receipt(item, peer)?,
            (None, Some(item), Some(peer)) => self.prove_release(item, peer)?,
            _ => {
                return Err(Failure::new(
                    "ledger.prove",
                    2,
                    "name a line of the ledger, or an item and a peer",
                ));
            }
        };
        let answer = outer_json(&proof.to_value());
        sink.send(Event::Answer {
            kind: "proof".into(),
            answer,
        });
        Ok(())
    }

    fn prove_line(&self, line: u64) -> Result<LogProof, Failure> {
        let (checkpoint, note) = self.ledger_checkpoint()?;
        let reader = self.inside()?;
        let leaf = reader
            .ledger(line, 1)
            .map_err(store_failure)?
            .into_iter()
            .next();
        let (_, leaf) = leaf
            .filter(|(index, _)| *index == line)
            .ok_or_else(|| none(line))?;
        let path = inclusion_proof(&reader.ledger_tiles(), line, checkpoint.size)
            .map_err(|error| Failure::new("ledger.prove", 5, error))?;
        let proof = LeafProof {
            leaf,
            index: line,
            path,
            checkpoint: note,
        };
        Ok(LogProof {
            owner: self.me(),
            recipient: None,
            proof,
            receipt: None,
        })
    }

    /// That an item stands in the log kept for a partner.
    fn prove_release(&self, item: &str, peer: &str) -> Result<LogProof, Failure> {
        let stored = self.find_item(item)?;
        let node = self.find_peer(peer)?.node();
        let reader = self.inside()?;
        let held = reader.holders(&stored.hash).map_err(store_failure)?;
        let entry = held
            .into_iter()
            .rev()
            .find(|(to, _)| *to == node)
            .map(|(_, entry)| entry);
        let entry = entry.ok_or_else(|| {
            Failure::new(
                "ledger.not_released",
                4,
                "the item was never released to this partner",
            )
        })?;
        let (size, _) = reader.log_root(&node, false).map_err(store_failure)?;
        let index = entry.leaf.number;
        let tiles = reader.log_tiles(&node, false).map_err(store_failure)?;
        let path = inclusion_proof(&tiles, index, size)
            .map_err(|error| Failure::new("ledger.prove", 5, error))?;
        let checkpoint = self.log_checkpoint(&node)?;
        let proof = LeafProof {
            leaf: entry.leaf_bytes,
            index,
            path,
            checkpoint,
        };
        Ok(LogProof {
            owner: self.me(),
            recipient: Some(node),
            proof,
            receipt: None,
        })
    }

    /// That the partner's own log holds its receipt for an item: from the mirror, under the
    /// partner's signed checkpoint.
    fn prove_receipt(&self, item: &str, peer: &str) -> Result<LogProof, Failure> {
        let stored = self.find_item(item)?;
        let node = self.find_peer(peer)?.node();
        let reader = self.inside()?;
        let missing = || {
            Failure::new(
                "receipt.none",
                4,
                "the partner has given no receipt for this item yet",
            )
        };
        let held = reader.holders(&stored.hash).map_err(store_failure)?;
        let last = held
            .into_iter()
            .rev()
            .find(|(to, entry)| *to == node && entry.fate.is_some());
        let (_, entry) = last.ok_or_else(missing)?;
        let wanted = (entry.leaf.number, entry.leaf.digest);
        let rows = reader.records(RecordKind::Receipt).map_err(store_failure)?;
        let found = rows.iter().rev().find(|(key, bytes)| {
            key.starts_with(node.bytes())
                && SignedReceipt::from_bytes(bytes).is_ok_and(|signed| {
                    signed
                        .document()
                        .fates
                        .iter()
                        .any(|(n, d, _)| (*n, *d) == wanted)
                })
        });
        let (_, bytes) = found.ok_or_else(missing)?;
        let number = reader
            .mirror_find(&node, &Digest::of(bytes))
            .map_err(store_failure)?
            .ok_or_else(missing)?;
        let leaf = reader
            .mirror_leaf(&node, number)
            .map_err(store_failure)?
            .ok_or_else(missing)?;
        let (size, note) = reader
            .log_checkpoint(&node, true)
            .map_err(store_failure)?
            .filter(|(size, _)| *size > number)
            .ok_or_else(|| {
                Failure::new(
                    "receipt.no_checkpoint",
                    4,
                    "the partner's signed checkpoint over its receipt has not come yet: sync again",
                )
            })?;
        let tiles = reader.log_tiles(&node, true).map_err(store_failure)?;
        let path = inclusion_proof(&tiles, number, size)
            .map_err(|error| Failure::new("ledger.prove", 5, error))?;
        let proof = LeafProof {
            leaf,
            index: number,
            path,
            checkpoint: note,
        };
        let receipt = Some(bytes.clone());
        Ok(LogProof {
            owner: node,
            recipient: Some(self.me()),
            proof,
            receipt,
        })
    }

    /// Check a proof with the keys this node trusts.
    pub(crate) fn ledger_check(
        &self,
        document: &serde_json::Value,
        sink: &mut dyn Sink,
    ) -> Result<(), Failure> {
        let refused = |error: &dyn std::fmt::Display| {
            Failure::new("proof.refused", 3, error).arg("problem", error)
        };
        let bytes = serde_json::to_vec(document).map_err(|error| refused(&error))?;
        let value = Value::parse(&bytes, self.limits()).map_err(|error| refused(&error))?;
        let proof = LogProof::from_value(value).map_err(|error| refused(&error))?;
        let keys = self.ledger_keys_of(&proof.owner)?;
        let name = log_name(&proof.owner, proof.recipient.as_ref());
        let outcomes: Vec<_> = keys
            .iter()
            .map(|public| proof.proof.verify(&name, public))
            .collect();
        let checkpoint = match outcomes.iter().find_map(|outcome| outcome.as_ref().ok()) {
            Some(checkpoint) => checkpoint,
            None => {
                let why = outcomes.into_iter().find_map(Result::err);
                return Err(refused(
                    &why.map_or("no ledger key is known".into(), |e| e.to_string()),
                ));
            }
        };
        let receipt = match &proof.receipt {
            None => None,
            Some(bytes) => Some(self.checked_receipt(&proof, bytes)?),
        };
        sink.send(Event::Answer {
            kind: "checked".into(),
            answer: serde_json::json!({
                "owner": proof.owner.to_string(),
                "recipient": proof.recipient.map(|node| node.to_string()),
                "index": proof.proof.index,
                "size": checkpoint.size,
                "root": Digest(checkpoint.root).to_string(),
                "leaf": serde_json::from_slice::<serde_json::Value>(&proof.proof.leaf).unwrap_or_default(),
                "receipt": receipt,
            }),
        });
        Ok(())
    }

    fn checked_receipt(
        &self,
        proof: &LogProof,
        bytes: &[u8],
    ) -> Result<serde_json::Value, Failure> {
        let refused = |why: &str| Failure::new("proof.refused", 3, why).arg("problem", why);
        let leaf = noroshi_model::link::LogLeaf::from_bytes(&proof.proof.leaf)
            .map_err(|_| refused("the leaf is no log leaf"))?;
        if leaf.digest != Digest::of(bytes) {
            return Err(refused("the receipt is not the one the leaf names"));
        }
        let signed = SignedReceipt::from_bytes(bytes)
            .map_err(|_| refused("the receipt is not well-formed"))?;
        let public = self
            .any_item_key_of(&proof.owner, signed.key())
            .ok_or_else(|| refused("the receipt is by a key that is not known"))?;
        if signed.document().by != proof.owner || !signed.verifies(&public, &Ed25519) {
            return Err(refused("the receipt's signature does not verify"));
        }
        Ok(serde_json::json!({
            "by": signed.document().by.to_string(),
            "at": signed.document().at.to_string(),
            "fates": signed.document().fates.len(),
        }))
    }

    /// Ledger keys of a node, newest first, revoked ones included: an old proof stays checkable.
    fn ledger_keys_of(&self, node: &NodeId) -> Result<Vec<[u8; 32]>, Failure> {
        let manifest = if *node == self.me() {
            self.keys().manifest.clone()
        } else {
            let peer = self.peer(node)?.ok_or_else(|| {
                Failure::new(
                    "peer.unknown",
                    4,
                    format_args!("{node} is no peer of this node"),
                )
            })?;
            peer.manifest
        };
        let keys = manifest
            .keys
            .iter()
            .rev()
            .filter(|key| key.purpose == Purpose::Ledger);
        Ok(keys
            .filter_map(|key| key.public.as_slice().try_into().ok())
            .collect())
    }

    /// Write a log as C2SP tiles: `checkpoint`, `tile/…`, and the verifier key beside them.
    pub(crate) fn ledger_export(
        &self,
        folder: &Path,
        peer: Option<&str>,
        sink: &mut dyn Sink,
    ) -> Result<(), Failure> {
        let node = peer
            .map(|named| self.find_peer(named))
            .transpose()?
            .map(|peer| peer.node());
        let name = log_name(&self.me(), node.as_ref());
        let occupied = std::fs::read_dir(folder).is_ok_and(|mut dir| dir.next().is_some());
        if occupied {
            return Err(
                Failure::new("export.occupied", 2, "the folder is not empty")
                    .arg("folder", folder.display()),
            );
        }
        let write = |path: &str, bytes: &[u8]| -> Result<(), Failure> {
            let path = folder.join(path);
            let parent = path.parent().unwrap_or(folder);
            std::fs::create_dir_all(parent)
                .and_then(|()| std::fs::write(&path, bytes))
                .map_err(|error| {
                    Failure::new(
                        "export.failed",
                        1,
                        format_args!("{}: {error}", path.display()),
                    )
                })
        };
        let (size, note) = match &node {
            None => self
                .ledger_checkpoint()
                .map(|(checkpoint, note)| (checkpoint.size, note))?,
            Some(node) => {
                let (size, _) = self
                    .inside()?
                    .log_root(node, false)
                    .map_err(store_failure)?;
                (size, self.log_checkpoint(node)?)
            }
        };
        let reader = self.inside()?;
        let leaves = |from: u64| -> Result<Vec<Vec<u8>>, Failure> {
            let width = u32::try_from(TILE_WIDTH).unwrap_or(256);
            Ok(match &node {
                None => {
                    let page = reader.ledger(from, width).map_err(store_failure)?;
                    page.into_iter().map(|(_, leaf)| leaf).collect()
                }
                Some(node) => {
                    let page = reader
                        .log_entries(node, from, width)
                        .map_err(store_failure)?;
                    page.into_iter().map(|entry| entry.leaf_bytes).collect()
                }
            })
        };
        let mut from = 0;
        while from < size {
            let width = (size - from).min(TILE_WIDTH);
            let mut entries = leaves(from)?;
            entries.truncate(width as usize);
            let bundle = entry_bundle(&entries).ok_or_else(|| {
                Failure::new("export.failed", 1, "a line is too long for the tile format")
            })?;
            write(&tile_path(None, from / TILE_WIDTH, width), &bundle)?;
            from += width;
        }
        let tiles: Box<dyn Tiles + '_> = match &node {
            None => Box::new(reader.ledger_tiles()),
            Some(node) => Box::new(reader.log_tiles(node, false).map_err(store_failure)?),
        };
        let mut row = size;
        for level in 0_u8.. {
            let mut index = 0;
            while index * TILE_WIDTH < row {
                let width = (row - index * TILE_WIDTH).min(TILE_WIDTH);
                let hashes = tiles.tile(level, index, width).ok_or_else(|| {
                    Failure::new(
                        "ledger.damaged",
                        5,
                        format_args!("tile {level}/{index} is missing"),
                    )
                })?;
                let bytes = hashes.get(..width as usize).unwrap_or_default().concat();
                write(&tile_path(Some(level), index, width), &bytes)?;
                index += 1;
            }
            row /= TILE_WIDTH;
            if row == 0 {
                break;
            }
        }
        write("checkpoint", note.as_bytes())?;
        let verifier = verifier_key(&name, &self.keys().ledger.public());
        write("verifier-key", format!("{verifier}\n").as_bytes())?;
        sink.send(Event::Answer {
            kind: "exported".into(),
            answer: serde_json::json!({
                "folder": folder.display().to_string(),
                "lines": size,
                "verifier": verifier,
            }),
        });
        Ok(())
    }
}

/// A proof that names whose log it is from, with the receipt where it proves one.
struct LogProof {
    owner: NodeId,
    recipient: Option<NodeId>,
    proof: LeafProof,
    receipt: Option<Vec<u8>>,
}

impl LogProof {
    fn to_value(&self) -> Value {
        let mut object = Object::new()
            .with("v", 1)
            .with("document", "log proof")
            .with("owner", noroshi_model::document::text(self.owner))
            .with("proof", self.proof.to_value());
        if let Some(recipient) = &self.recipient {
            object.insert("recipient", noroshi_model::document::text(recipient));
        }
        if let Some(receipt) = &self.receipt {
            object.insert("receipt", noroshi_model::document::hex(receipt));
        }
        Value::Object(object)
    }

    fn from_value(value: Value) -> Result<Self, DocumentError> {
        let mut fields = Fields::of("log proof", value)?;
        fields.version(1)?;
        if fields.text("document")? != "log proof" {
            return Err(fields.refused("document", "is not `log proof`"));
        }
        let receipt: Option<String> = fields.maybe_parsed("receipt")?;
        let receipt = receipt
            .map(|digits| {
                noroshi_model::document::unhex(&digits)
                    .ok_or_else(|| fields.refused("receipt", "is not hexadecimal"))
            })
            .transpose()?;
        let proof = Self {
            owner: fields.parsed("owner")?,
            recipient: fields.maybe_parsed("recipient")?,
            proof: LeafProof::from_value(fields.value("proof")?)?,
            receipt,
        };
        fields.end()?;
        Ok(proof)
    }
}

fn broken(code: &str, what: &str, error: &VerifyError) -> Failure {
    Failure::new(
        &format!("{code}.damaged"),
        5,
        format_args!("{what}: {error}"),
    )
    .arg("problem", error)
}

fn none(line: u64) -> Failure {
    Failure::new(
        "ledger.no_line",
        4,
        format_args!("the ledger has no line {line}"),
    )
    .arg("line", line)
}
