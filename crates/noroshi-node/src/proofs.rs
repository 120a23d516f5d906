//! Proofs that stand alone: made from a log here, checked with the keys this node trusts.

use noroshi_model::document::{DocumentError, Fields};
use noroshi_model::json::{Object, Value};
use noroshi_model::{Digest, NodeId};
use noroshi_seal::merkle::inclusion_proof;
use noroshi_seal::proof::LeafProof;
use noroshi_seal::sign::Ed25519;
use noroshi_store::{Log, RecordKind};

use crate::agreements::outer_json;
use crate::command::{Event, Failure};
use crate::node::{Node, store_failure};
use crate::receipts::SignedReceipt;
use crate::send::log_name;
use crate::sink::Sink;

impl Node {
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
            .newest_checkpoint(Log::Of(&node))
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

fn none(line: u64) -> Failure {
    Failure::new(
        "ledger.no_line",
        4,
        format_args!("the ledger has no line {line}"),
    )
    .arg("line", line)
}
