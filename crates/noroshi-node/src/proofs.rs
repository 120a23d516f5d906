//! Proofs that stand alone: that a line stands in the ledger, a release or a partner's receipt in
//! a log, or that a log continues an earlier state of itself. Made here, checked in `check`.

use noroshi_model::document::{DocumentError, Fields, hex, text, unhex};
use noroshi_model::json::{Object, Value};
use noroshi_model::link::Fate;
use noroshi_model::{Digest, NodeId};
use noroshi_seal::merkle::{Tiles, consistency_proof, inclusion_proof, root_at};
use noroshi_seal::proof::{ContinuationProof, LeafProof};
use noroshi_store::{Log, LogPayload, Reader, RecordKind};

use crate::agreements::outer_json;
use crate::command::{Event, Failure};
use crate::node::{Node, store_failure};
use crate::receipts::SignedReceipt;
use crate::records::int;
use crate::sink::Sink;

/// Receipts read at a time: each may have two hundred thousand bytes.
const FEW: u32 = 16;

/// What is to be proved.
pub(crate) struct Wanted<'a> {
    /// A line of the ledger.
    pub(crate) line: Option<u64>,
    /// An item released to the peer.
    pub(crate) item: Option<&'a str>,
    /// A partner.
    pub(crate) peer: Option<&'a str>,
    /// Not the release but the partner's receipt for it.
    pub(crate) receipt: bool,
    /// That the log continues the state it had at this size.
    pub(crate) from: Option<u64>,
}

impl Node {
    pub(crate) fn ledger_prove(
        &self,
        wanted: &Wanted<'_>,
        sink: &mut dyn Sink,
    ) -> Result<(), Failure> {
        let proof = match *wanted {
            Wanted {
                line: None,
                item: None,
                peer,
                receipt: false,
                from: Some(from),
            } => self.prove_continuation(from, peer)?,
            Wanted {
                line: Some(line),
                item: None,
                peer: None,
                receipt: false,
                from: None,
            } => self.prove_line(line)?.to_value(),
            Wanted {
                line: None,
                item: Some(item),
                peer: Some(peer),
                receipt,
                from: None,
            } => {
                let proof = if receipt {
                    self.prove_receipt(item, peer)
                } else {
                    self.prove_release(item, peer)
                };
                proof?.to_value()
            }
            _ => {
                return Err(Failure::new(
                    "ledger.prove",
                    2,
                    "name a line of the ledger, an item and a peer, or an earlier size of a log",
                ));
            }
        };
        let answer = outer_json(&proof);
        sink.send(Event::Answer {
            kind: "proof".into(),
            answer,
        });
        Ok(())
    }

    /// That the ledger, or the log kept for a partner, continues the state it had at a size.
    fn prove_continuation(&self, from: u64, peer: Option<&str>) -> Result<Value, Failure> {
        let recipient = peer
            .map(|named| self.find_peer(named))
            .transpose()?
            .map(|peer| peer.node());
        let (later, checkpoint) = match &recipient {
            None => self.ledger_checkpoint()?,
            Some(node) => self.log_checkpoint(node)?,
        };
        if from == 0 || from > later.size {
            return Err(Failure::new(
                "ledger.no_size",
                4,
                format_args!("the log has {} entries: it never had {from}", later.size),
            )
            .arg("from", from)
            .arg("size", later.size));
        }
        let reader = self.inside()?;
        let tiles: Box<dyn Tiles + '_> = match &recipient {
            None => Box::new(reader.ledger_tiles()),
            Some(node) => Box::new(reader.log_tiles(node, false).map_err(store_failure)?),
        };
        let damaged = |error| Failure::new("ledger.damaged", 5, error);
        let proof = ContinuationProof {
            from,
            root: root_at(&*tiles, from).map_err(damaged)?,
            path: consistency_proof(&*tiles, from, later.size).map_err(damaged)?,
            checkpoint,
        };
        Ok(LogContinuation {
            owner: self.me(),
            recipient,
            proof,
        }
        .to_value())
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
        let index = entry.leaf.number;
        let (size, checkpoint) = self.log_note(&reader, &node, index)?;
        let tiles = reader.log_tiles(&node, false).map_err(store_failure)?;
        let path = inclusion_proof(&tiles, index, size)
            .map_err(|error| Failure::new("ledger.prove", 5, error))?;
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

    /// The signed checkpoint that the proof of an entry rests on: the newest that the partner has
    /// cosigned, where it reaches so far, so that the proof stands on two keys.
    fn log_note(
        &self,
        reader: &Reader<'_>,
        node: &NodeId,
        index: u64,
    ) -> Result<(u64, String), Failure> {
        let cosigned = reader
            .newest_checkpoint(Log::For(node))
            .map_err(store_failure)?;
        match cosigned.filter(|(size, _)| *size > index) {
            Some(kept) => Ok(kept),
            None => {
                let (checkpoint, note) = self.log_checkpoint(node)?;
                Ok((checkpoint.size, note))
            }
        }
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
        let fate = entry.fate.ok_or_else(missing)?;
        let wanted = (entry.leaf.number, entry.leaf.digest, fate);
        let bytes = receipt_that_states(&reader, &node, wanted)?.ok_or_else(missing)?;
        let number = reader
            .mirror_find(&node, &Digest::of(&bytes))
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
        let receipt = ProvedReceipt {
            bytes,
            about: Some(About {
                number: entry.leaf.number,
                recall: match entry.payload {
                    LogPayload::Recall { bytes, .. } => Some(bytes),
                    LogPayload::Item { .. } | LogPayload::Bytes(_) | LogPayload::Lost => None,
                },
            }),
        };
        Ok(LogProof {
            owner: node,
            recipient: Some(self.me()),
            proof,
            receipt: Some(receipt),
        })
    }
}

/// The receipt of a partner that states this of an entry.
fn receipt_that_states(
    reader: &Reader<'_>,
    node: &NodeId,
    wanted: (u64, Digest, Fate),
) -> Result<Option<Vec<u8>>, Failure> {
    let mut behind = Vec::new();
    loop {
        let page = reader
            .records_behind(RecordKind::Receipt, node.bytes(), &behind, FEW)
            .map_err(store_failure)?;
        let Some((last, _)) = page.last() else {
            return Ok(None);
        };
        behind.clone_from(last);
        let found = page.into_iter().find(|(_, bytes)| {
            SignedReceipt::from_bytes(bytes)
                .is_ok_and(|signed| signed.document().fates.contains(&wanted))
        });
        if let Some((_, bytes)) = found {
            return Ok(Some(bytes));
        }
    }
}

/// A proof that names whose log it is from, with the receipt where it proves one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LogProof {
    pub(crate) owner: NodeId,
    pub(crate) recipient: Option<NodeId>,
    pub(crate) proof: LeafProof,
    pub(crate) receipt: Option<ProvedReceipt>,
}

/// A receipt in a proof.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ProvedReceipt {
    pub(crate) bytes: Vec<u8>,
    /// Which of its statements is meant; not in proofs of version 1.
    pub(crate) about: Option<About>,
}

/// One statement of a receipt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct About {
    /// The entry's number.
    pub(crate) number: u64,
    /// Where the entry is a recall, that recall: its item is named in it and not in the receipt.
    pub(crate) recall: Option<Vec<u8>>,
}

impl LogProof {
    pub(crate) const DOCUMENT: &str = "log proof";

    /// Version 1, or 2 where it says which of a receipt's statements is meant.
    pub(crate) fn to_value(&self) -> Value {
        let mut object = envelope(Self::DOCUMENT, &self.owner, self.recipient.as_ref())
            .with("proof", self.proof.to_value());
        if let Some(receipt) = &self.receipt {
            object.insert("receipt", hex(&receipt.bytes));
            if let Some(about) = &receipt.about {
                object.insert("v", 2);
                object.insert("entry", int(about.number));
                if let Some(recall) = &about.recall {
                    object.insert("recall", hex(recall));
                }
            }
        }
        Value::Object(object)
    }

    pub(crate) fn from_value(value: Value) -> Result<Self, DocumentError> {
        let mut fields = Fields::of(Self::DOCUMENT, value)?;
        let version = fields.number("v")?;
        if version != 1 && version != 2 {
            let why = format_args!("is {version}; this node knows 1 and 2: update it");
            return Err(fields.refused("v", why));
        }
        if fields.text("document")? != Self::DOCUMENT {
            return Err(fields.refused("document", "is not `log proof`"));
        }
        let (receipt, about) = if version == 1 {
            (bytes_of(&mut fields, "receipt")?, None)
        } else {
            let receipt = bytes_of(&mut fields, "receipt")?;
            let receipt = receipt.ok_or_else(|| fields.refused("receipt", "is missing"))?;
            let about = About {
                number: fields.number("entry")?,
                recall: bytes_of(&mut fields, "recall")?,
            };
            (Some(receipt), Some(about))
        };
        let proof = Self {
            owner: fields.parsed("owner")?,
            recipient: fields.maybe_parsed("recipient")?,
            proof: LeafProof::from_value(fields.value("proof")?)?,
            receipt: receipt.map(|bytes| ProvedReceipt { bytes, about }),
        };
        fields.end()?;
        Ok(proof)
    }
}

/// A proof that a log continues an earlier state of itself; it names whose log it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LogContinuation {
    pub(crate) owner: NodeId,
    pub(crate) recipient: Option<NodeId>,
    pub(crate) proof: ContinuationProof,
}

impl LogContinuation {
    pub(crate) const DOCUMENT: &str = "log continuation";

    pub(crate) fn to_value(&self) -> Value {
        let object = envelope(Self::DOCUMENT, &self.owner, self.recipient.as_ref());
        Value::Object(object.with("proof", self.proof.to_value()))
    }

    pub(crate) fn from_value(value: Value) -> Result<Self, DocumentError> {
        let mut fields = Fields::of(Self::DOCUMENT, value)?;
        fields.version(1)?;
        if fields.text("document")? != Self::DOCUMENT {
            return Err(fields.refused("document", "is not `log continuation`"));
        }
        let proof = Self {
            owner: fields.parsed("owner")?,
            recipient: fields.maybe_parsed("recipient")?,
            proof: ContinuationProof::from_value(fields.value("proof")?)?,
        };
        fields.end()?;
        Ok(proof)
    }
}

/// What every proof begins with: its document, and whose log it is from.
fn envelope(document: &str, owner: &NodeId, recipient: Option<&NodeId>) -> Object {
    let object = Object::new()
        .with("v", 1)
        .with("document", document)
        .with("owner", text(owner));
    match recipient {
        None => object,
        Some(recipient) => object.with("recipient", text(recipient)),
    }
}

fn bytes_of(fields: &mut Fields, field: &str) -> Result<Option<Vec<u8>>, DocumentError> {
    let digits: Option<String> = fields.maybe_parsed(field)?;
    digits
        .map(|digits| unhex(&digits).ok_or_else(|| fields.refused(field, "is not hexadecimal")))
        .transpose()
}

fn none(line: u64) -> Failure {
    Failure::new(
        "ledger.no_line",
        4,
        format_args!("the ledger has no line {line}"),
    )
    .arg("line", line)
}
