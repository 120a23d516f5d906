//! The partner's side: who asks is checked, what it says is held against the mirror, and what its
//! log had beyond the backup is sent again.

use std::collections::BTreeMap;

use noroshi_model::document::text;
use noroshi_model::json::Object;
use noroshi_model::ledger::LineKind;
use noroshi_model::link::{EntryKind, LogLeaf};
use noroshi_model::manifest::{Manifest, Purpose};
use noroshi_model::{Digest, KeyId, NodeId, Signed};
use noroshi_seal::manifest::SignedManifest;
use noroshi_seal::merkle::{Tiles, root_at};
use noroshi_seal::sign::Ed25519;
use noroshi_store::{Log, RecordKind, WriteError};

use super::wire::{Answer, Extent, Known, PAGE_BYTES, Question};
use crate::command::Failure;
use crate::node::{Node, lock, store_failure};
use crate::receive::item_key;
use crate::records::recovery::RecoveryRecord;
use crate::records::{Peer, int};

/// Entries looked up at a time.
const ROWS: u32 = 512;

impl Node {
    /// A question of a node that says it came back from a backup, from whoever holds this TLS key.
    ///
    /// # Errors
    /// `recovery.refused`, with nothing in it that tells what is here.
    pub fn recover(&self, tls: &KeyId, message: &[u8]) -> Result<Vec<u8>, Failure> {
        let question = self.checked_question(tls, message)?;
        let node = question.from;
        let contradiction = self.contradiction(&question)?;
        if contradiction.is_none() {
            self.send_again(&node, question.received.size)?;
        }
        let answer = self.answer_to(&question, contradiction)?;
        Ok(Signed::sign(answer, &self.keys().items).to_bytes())
    }

    fn checked_question(&self, tls: &KeyId, message: &[u8]) -> Result<Question, Failure> {
        let refused = |why: &dyn std::fmt::Display| Failure::new("recovery.refused", 3, why);
        let signed = Signed::<Question>::from_bytes(message).map_err(|error| refused(&error))?;
        let question = signed.document();
        let known = self.peer(&question.from)?.filter(|peer| !peer.removed);
        let peer = known.ok_or_else(|| refused(&"it comes from nobody who is known here"))?;
        if question.world != self.world() || question.to != self.me() {
            return Err(refused(&"it is for another node or world"));
        }
        let manifest = question
            .manifest
            .verify(&Ed25519)
            .map_err(|error| refused(&error))?;
        let names = |purpose: Purpose, id: &KeyId| {
            manifest.current(purpose).is_some_and(|key| key.id == *id)
        };
        if !names(Purpose::Tls, tls) || !names(Purpose::Items, signed.key()) {
            return Err(refused(&"its keys are not those of its manifest"));
        }
        let public = item_key(&manifest, signed.key());
        if !public.is_some_and(|public| signed.verifies(&public, &Ed25519)) {
            return Err(refused(&"its signature does not verify"));
        }
        if peer.manifest_bytes != question.manifest.bytes {
            noroshi_seal::manifest::restores(&peer.manifest, &manifest)
                .map_err(|error| refused(&error))?;
            self.adopt_restored(&peer, manifest, &question.manifest)?;
        }
        Ok(question.clone())
    }

    /// The peer lives on under new keys. What its old ones signed stays checkable; a sending epoch
    /// ends with the sealing key it rests on.
    pub(super) fn adopt_restored(
        &self,
        peer: &Peer,
        manifest: Manifest,
        signed: &SignedManifest,
    ) -> Result<(), Failure> {
        let node = peer.node();
        let body = Object::new()
            .with("node", text(node))
            .with("serial", int(manifest.serial))
            .with("manifest", text(Digest::of(&signed.bytes)));
        let before = [&peer.manifest_signature[..], &peer.manifest_bytes].concat();
        let key = earlier_key(&node, peer.manifest.serial);
        self.store
            .write(|tx| tx.put(RecordKind::Manifest, &key, &before))
            .map_err(store_failure::<WriteError>)?;
        self.change_peer(&node, |known| {
            known.manifest = manifest;
            known.manifest_bytes.clone_from(&signed.bytes);
            known.manifest_signature = signed.signature;
            Some(self.line(LineKind::Manifest, None, body.with("event", "restored")))
        })?;
        // What was in flight was sealed for a key that is gone.
        let slot = self.slot(&node)?;
        lock(&slot).link.requeue_all();
        Ok(())
    }

    /// Manifests of a peer that a restore has replaced, newest first.
    pub(crate) fn earlier_manifests(&self, node: &NodeId) -> Result<Vec<SignedManifest>, Failure> {
        let rows = self
            .inside()?
            .records(RecordKind::Manifest)
            .map_err(store_failure)?;
        let mut found: Vec<SignedManifest> = rows
            .iter()
            .filter(|(key, _)| key.starts_with(node.bytes()))
            .filter_map(|(_, bytes)| {
                let (signature, bytes) = bytes.split_first_chunk::<64>()?;
                Some(SignedManifest {
                    bytes: bytes.to_vec(),
                    signature: *signature,
                })
            })
            .collect();
        found.reverse();
        Ok(found)
    }

    /// What the asker says it has must be a beginning of what is here. A contradiction is an alarm
    /// and told to the asker; nothing is sent again then.
    fn contradiction(&self, question: &Question) -> Result<Option<String>, Failure> {
        let node = &question.from;
        let reader = self.inside()?;
        let (mirrored, _) = reader.log_root(node, true).map_err(store_failure)?;
        let (own, _) = reader.log_root(node, false).map_err(store_failure)?;
        let mirror = reader.log_tiles(node, true).map_err(store_failure)?;
        let log = reader.log_tiles(node, false).map_err(store_failure)?;
        let waits = self
            .recovery(node)?
            .is_some_and(|record| record.is_frozen());
        let why = if !begins_with(&mirror, mirrored, &question.sent) {
            Some("its log for us is not the one that was received here")
        } else if question.received.size > own && !waits {
            Some("it has more of the log for it than was ever in it")
        } else if !begins_with(&log, own, &question.received) {
            Some("what it has of the log for it is not what was sent")
        } else {
            None
        };
        if let Some(why) = why {
            let slot = self.slot(node)?;
            let alarm = format!("after a restore: {why}");
            if lock(&slot).alarms.is_new(self.now(), &alarm) {
                let body = Object::new().with("peer", text(node)).with("why", alarm);
                let line = self.line(LineKind::Alarm, None, body);
                self.store
                    .write(|tx| tx.append(&line))
                    .map_err(store_failure::<WriteError>)?;
            }
        }
        Ok(why.map(str::to_owned))
    }

    /// Whatever the asker does not have is undelivered again. The gate is asked for each entry as
    /// it is framed, as always.
    fn send_again(&self, node: &NodeId, from: u64) -> Result<(), Failure> {
        let frozen = self
            .recovery(node)?
            .is_some_and(|record| RecoveryRecord::is_frozen(&record));
        if frozen {
            // This node waits for the asker itself: first its own log is made whole.
            return Ok(());
        }
        self.store
            .write(|tx| {
                let again = tx.log_redeliver(node, from)?;
                if again > 0 {
                    let body = Object::new()
                        .with("event", "sent_again")
                        .with("peer", text(node))
                        .with("from", int(from))
                        .with("entries", int(again));
                    tx.append(&self.line(LineKind::Restored, None, body))?;
                }
                Ok(())
            })
            .map_err(store_failure::<WriteError>)
    }

    fn answer_to(
        &self,
        question: &Question,
        contradiction: Option<String>,
    ) -> Result<Answer, Failure> {
        let node = &question.from;
        let (entries, more) = match contradiction {
            None => self.known_entries(node, question.next)?,
            Some(_) => (Vec::new(), false),
        };
        let reader = self.inside()?;
        let (size, root) = reader.log_root(node, true).map_err(store_failure)?;
        let checkpoint = reader
            .newest_checkpoint(Log::Of(node))
            .map_err(store_failure)?;
        let (own, _) = reader.log_root(node, false).map_err(store_failure)?;
        let slot = self.slot(node)?;
        let epoch = lock(&slot).link.state().peer_epoch;
        Ok(Answer {
            world: self.world(),
            from: self.me(),
            to: *node,
            nonce: question.nonce,
            manifest: self.keys().signed.clone(),
            before: self.earlier_manifests(node)?.into_iter().next(),
            contradiction,
            held: Extent {
                size,
                root: Digest(root),
            },
            checkpoint: checkpoint.map(|(_, note)| note),
            epoch,
            size: own,
            entries,
            more,
        })
    }

    /// A page of the mirror, with the recalls that were kept.
    fn known_entries(&self, node: &NodeId, next: u64) -> Result<(Vec<Known>, bool), Failure> {
        let rows = self
            .inside()?
            .mirror_entries(node, next, ROWS)
            .map_err(store_failure)?;
        let full = rows.len() == ROWS as usize;
        let mut recalls: Option<BTreeMap<Digest, Vec<u8>>> = None;
        let (mut entries, mut bytes) = (Vec::new(), 0);
        for (number, leaf, hash) in rows {
            let recall = match leaf.as_deref().map(LogLeaf::from_bytes) {
                Some(Ok(leaf)) if leaf.kind == EntryKind::Recall => {
                    if recalls.is_none() {
                        recalls = Some(self.kept_recalls()?);
                    }
                    recalls
                        .as_ref()
                        .and_then(|kept| kept.get(&leaf.digest))
                        .cloned()
                }
                _ => None,
            };
            let length = leaf.as_ref().map_or(32, Vec::len) + recall.as_ref().map_or(0, Vec::len);
            bytes += 2 * length + 64;
            if bytes > PAGE_BYTES && !entries.is_empty() {
                return Ok((entries, true));
            }
            entries.push(Known {
                number,
                leaf: leaf.ok_or(hash),
                recall,
            });
        }
        Ok((entries, full))
    }

    fn kept_recalls(&self) -> Result<BTreeMap<Digest, Vec<u8>>, Failure> {
        let rows = self
            .inside()?
            .records(RecordKind::Tombstone)
            .map_err(store_failure)?;
        Ok(rows
            .into_iter()
            .map(|(_, bytes)| (Digest::of(&bytes), bytes))
            .collect())
    }
}

/// Is the extent a beginning of the log with these tiles? One that is longer is not contradicted.
pub(super) fn begins_with(tiles: &dyn Tiles, size: u64, extent: &Extent) -> bool {
    extent.size > size || root_at(tiles, extent.size).is_ok_and(|root| root == extent.root.0)
}

/// Where a replaced manifest is kept: by node, then serial.
fn earlier_key(node: &NodeId, serial: u64) -> Vec<u8> {
    [&node.bytes()[..], &serial.to_be_bytes()].concat()
}
