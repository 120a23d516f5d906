//! What leaves is signed by a key that stands. A partner refuses whatever comes to it under a key
//! that it knows to be revoked, whatever date it bears (ADR 7); so what this node signed before it
//! revoked the key, and has not delivered, is signed anew as it leaves.

use noroshi_model::consent::{ConsentAnswer, ConsentRequest, HopReport, Verdict};
use noroshi_model::document::text;
use noroshi_model::json::Object;
use noroshi_model::ledger::LineKind;
use noroshi_model::link::{EntryKind, Precedence, Recall, Receipt};
use noroshi_model::manifest::{Manifest, Purpose};
use noroshi_model::signed::Signable;
use noroshi_model::{Digest, KeyId, NodeId, Signed};
use noroshi_store::{LogEntry, LogPayload, RecordKind, WriteError};

use crate::command::Failure;
use crate::consent::ConsentRecord;
use crate::node::{Node, store_failure};
use crate::records::{Record, int};

/// An entry whose content was signed anew.
pub(crate) struct Renewed {
    pub(crate) entry: LogEntry,
    pub(crate) payload: LogPayload,
}

impl Node {
    /// Has the node revoked this key, as far as is known here?
    pub(crate) fn has_revoked(&self, node: &NodeId, key: &KeyId) -> Result<bool, Failure> {
        if *node == self.me() {
            return Ok(is_revoked(&self.keys().manifest, key));
        }
        let peer = self.peer(node)?;
        Ok(peer.is_some_and(|peer| is_revoked(&peer.manifest, key)))
    }

    /// The content of an entry that waits under a key of this node that is revoked, signed anew:
    /// the same statement, word for word and with its own date. None where the signature stands.
    pub(crate) fn signed_anew(&self, entry: &LogEntry) -> Option<LogPayload> {
        let any = {
            let keys = self.keys();
            let mut items = keys.manifest.keys.iter();
            items.any(|key| key.purpose == Purpose::Items && key.revoked.is_some())
        };
        if !any {
            return None;
        }
        match &entry.payload {
            // Its signature is no part of the log: it is made as the item leaves.
            LogPayload::Item { .. } | LogPayload::Lost => None,
            LogPayload::Recall {
                seq,
                rendition,
                bytes,
            } => Some(LogPayload::Recall {
                seq: *seq,
                rendition: *rendition,
                bytes: self.anew::<Recall>(bytes)?,
            }),
            LogPayload::Bytes(bytes) => self
                .anew::<Receipt>(bytes)
                .or_else(|| self.agreement_anew(bytes))
                .or_else(|| self.anew::<ConsentRequest>(bytes))
                .or_else(|| self.anew::<ConsentAnswer>(bytes))
                .or_else(|| self.anew::<HopReport>(bytes))
                .map(LogPayload::Bytes),
        }
    }

    fn anew<D: Signable + Clone>(&self, bytes: &[u8]) -> Option<Vec<u8>> {
        let signed = Signed::<D>::from_bytes(bytes).ok()?;
        let keys = self.keys();
        is_revoked(&keys.manifest, signed.key())
            .then(|| Signed::sign(signed.document().clone(), &keys.items).to_bytes())
    }

    /// Consent that this node has granted and that still runs counts nowhere any more once the key
    /// under it is revoked: it is signed anew, word for word, and sent to whom it was granted. Done
    /// once; a second time finds nothing.
    pub(crate) fn renew_consent(&self) -> Result<(), Failure> {
        let mut renewed = Vec::new();
        let records = self.inside()?.records(RecordKind::Consent);
        for (key, bytes) in records.map_err(store_failure)? {
            let Ok(mut record) = ConsentRecord::from_bytes(&bytes) else {
                continue;
            };
            let Some(answer) = &record.answer else {
                continue;
            };
            let grant = answer.document();
            let runs = grant.verdict == Verdict::Granted && self.now() < grant.until;
            if !runs || grant.by != self.me() || !self.has_revoked(&grant.by, answer.key())? {
                continue;
            }
            let again = Signed::sign(grant.clone(), &self.keys().items);
            record.answer = Some(again.clone());
            renewed.push((key, record, again));
        }
        if renewed.is_empty() {
            return Ok(());
        }
        let write = |tx: &mut noroshi_store::Tx<'_>| {
            for (key, record, again) in &renewed {
                let grant = again.document();
                tx.put(RecordKind::Consent, key, &record.to_bytes())?;
                let (kind, ahead) = (EntryKind::Document, Precedence::Immediate);
                self.log_bytes(tx, &grant.to, kind, ahead, again.to_bytes())?;
                tx.append(&self.consent_line("renewed", grant, None))?;
            }
            Ok(())
        };
        self.store.write(write).map_err(store_failure::<WriteError>)
    }

    /// Void the entries and log what was signed anew, with the same urgency, in one transaction.
    pub(crate) fn log_renewed(&self, node: &NodeId, renewed: &[Renewed]) -> Result<(), Failure> {
        let write = |tx: &mut noroshi_store::Tx<'_>| {
            for Renewed { entry, payload } in renewed {
                let number = entry.leaf.number;
                let (LogPayload::Recall { bytes, .. } | LogPayload::Bytes(bytes)) = payload else {
                    continue;
                };
                let (kind, precedence) = (entry.leaf.kind, entry.leaf.precedence);
                let leaf = self.next_leaf(tx, node, kind, precedence, Digest::of(bytes))?;
                tx.log_void(node, number)?;
                tx.log_append(node, &leaf, payload)?;
                if kind == EntryKind::Recall {
                    let (before, after) = (&entry.leaf.digest, &leaf.digest);
                    self.recall_renewed(tx, node, (number, before), (leaf.number, after))?;
                }
                let body = Object::new()
                    .with("to", text(node))
                    .with("number", int(number))
                    .with("why", "signed anew: the key under it is revoked")
                    .with("again", int(leaf.number));
                tx.append(&self.line(LineKind::Voided, None, body))?;
            }
            Ok(())
        };
        self.store.write(write).map_err(store_failure::<WriteError>)
    }
}

/// Does the manifest list the key as revoked?
pub(crate) fn is_revoked(manifest: &Manifest, key: &KeyId) -> bool {
    let listed = manifest.key(key);
    listed.is_some_and(|key| key.revoked.is_some())
}
