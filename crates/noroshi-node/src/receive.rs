//! What a peer sent: opened, checked, judged by the gate, recorded, and answered with a signed
//! receipt. One transaction for a whole exchange; only after it is anything acknowledged.

use std::collections::BTreeSet;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::mpsc::SyncSender;

use noroshi_formats::{Form, Valid};
use noroshi_gate::{
    Admission, AdmitContext, AgreementInForce, Learned, Marked, MarkingTable, Recipient, Rules,
    Scope, Via,
};
use noroshi_model::document::text;
use noroshi_model::json::Object;
use noroshi_model::ledger::LineKind;
use noroshi_model::link::{EntryKind, Fate, Precedence, Receipt};
use noroshi_model::manifest::{Manifest, Purpose};
use noroshi_model::{
    Attribution, Context, Digest, ItemHash, KeyId, NodeId, Role, Timestamp, Verifier, signing,
};
use noroshi_seal::manifest::SignedManifest;
use noroshi_seal::merkle::{Hash, leaf_hash};
use noroshi_seal::sealing::{self, FrameKey};
use noroshi_seal::sign::Ed25519;
use noroshi_store::{ItemState, RecordKind, StoredItem, Tx, WriteError};
use noroshi_sync::{Announcement, Delivery, Event, FrameError, LinkState, Payload};

use crate::admit::{item_body, keep_definition};
use crate::beside::{Beside, is_judged_anew};
use crate::command::Failure;
use crate::held::Which;
use crate::node::{Node, store_failure};
use crate::parallel;
use crate::recall::SignedRecall;
use crate::receipts::SignedReceipt;
use crate::records::{Peer, int};
use crate::send::LinkSlot;

/// Runs of items that are read ahead of the writer.
const READ_AHEAD: usize = 4;

/// An item as it was read, or what is wrong with it; nothing where the entry is no item.
type ReadItem = Option<Result<Valid, String>>;

/// What an exchange brought.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Outcome {
    /// Entries applied here.
    pub(crate) applied: u64,
    /// Entries of ours that the peer has newly acknowledged.
    pub(crate) acknowledged: u64,
}

/// What every entry of one exchange is judged with.
struct BatchView<'a> {
    sender: &'a Recipient,
    rules: &'a Rules,
    agreements: &'a [AgreementInForce<'a>],
    /// With the definitions that this exchange brought and the gate admitted.
    markings: Arc<MarkingTable>,
    /// Those definitions.
    learned: Vec<(Object, Scope)>,
}

/// Alarms about a peer that stand in the ledger already: what is said once an hour is said, and a
/// peer that misbehaves in ever new ways cannot fill the disk with it.
#[derive(Default)]
pub(crate) struct Alarms {
    hour: i64,
    told: BTreeSet<String>,
}

impl Alarms {
    /// Different alarms about one peer in one hour.
    const MAX: usize = 20;

    /// Has this hour not heard it yet, and room for it?
    pub(crate) fn is_new(&mut self, now: Timestamp, alarm: &str) -> bool {
        let hour = now.micros() / 3_600_000_000;
        if hour != self.hour {
            self.hour = hour;
            self.told.clear();
        }
        self.told.len() < Self::MAX && self.told.insert(alarm.to_owned())
    }
}

/// Everything one exchange brought, sorted by what is done with it.
#[derive(Default)]
struct Batch {
    deliveries: Vec<Delivery>,
    /// Numbers that were applied before, with the hash of the leaf they came with now.
    repeated: Vec<(u64, Hash)>,
    acknowledged: Vec<(u64, u64)>,
    checkpoint: Option<String>,
    /// A checkpoint of this node's log for the peer, which the peer has cosigned.
    cosigned: Option<String>,
    alarms: Vec<String>,
}

impl Node {
    /// Take frames from a peer and apply them.
    pub(crate) fn incoming(
        &self,
        peer: &Peer,
        slot: &mut LinkSlot,
        frames: &[&[u8]],
    ) -> Result<Outcome, Failure> {
        let before = slot.link.state().clone();
        let outcome = self.take_frames(peer, slot, frames, &before);
        if outcome.is_err() {
            // The link in memory is ahead of the store, which is the truth: nothing of it may be
            // acknowledged by anybody who holds this slot.
            slot.link.reset(before);
        }
        outcome
    }

    fn take_frames(
        &self,
        peer: &Peer,
        slot: &mut LinkSlot,
        frames: &[&[u8]],
        before: &LinkState,
    ) -> Result<Outcome, Failure> {
        let mut peer = peer.clone();
        end_revoked_epoch(&peer, slot);
        let mut batch = Batch::default();
        let mut seen = BTreeSet::new();
        for frame in frames {
            match slot.link.handle(frame) {
                Ok(events) => {
                    for event in events {
                        self.sort(event, &mut peer, slot, &mut batch, &mut seen)?;
                    }
                }
                // Sealed under a key this node has forgotten: the answer asks for it again.
                Err(FrameError::OtherEpoch { .. }) => {}
                Err(error) => batch.alarms.push(error.to_string()),
            }
        }
        let (now, alarms) = (self.now(), &mut slot.alarms);
        for alarm in &mut batch.alarms {
            *alarm = short(alarm);
        }
        batch.alarms.retain(|alarm| alarms.is_new(now, alarm));
        self.apply(&peer, slot, batch, before)
    }

    fn sort(
        &self,
        event: Event,
        peer: &mut Peer,
        slot: &mut LinkSlot,
        batch: &mut Batch,
        seen: &mut BTreeSet<u64>,
    ) -> Result<(), Failure> {
        match event {
            Event::Announced(announcement) => match self.check_announcement(peer, &announcement) {
                Ok(news) => {
                    // Adopted also where the epoch cannot be opened: a peer that seals for a key
                    // revoked here may have renewed its own, and each waits for the other's news.
                    if let Some((manifest, signed)) = news {
                        self.adopt_peer_manifest(peer, manifest, signed)?;
                        end_revoked_epoch(peer, slot);
                    }
                    let opened = self.open_epoch(&announcement).and_then(|key| {
                        let accepted =
                            key.map(|key| slot.link.accept_epoch(&announcement, key, self.now()));
                        accepted.transpose().map_err(|error| error.to_string())
                    });
                    batch.alarms.extend(opened.err());
                }
                Err(why) => batch.alarms.push(why),
            },
            Event::Deliver(delivery) => {
                // One number twice in one exchange: the second is as good as the first, or a lie.
                if seen.insert(delivery.number) {
                    batch.deliveries.push(*delivery);
                } else {
                    let hash = delivered_hash(&delivery);
                    batch.repeated.push((delivery.number, hash));
                }
            }
            Event::Repeated { number, leaf_hash } => batch.repeated.push((number, leaf_hash)),
            Event::Acknowledged(ranges) => batch.acknowledged.extend(ranges.iter()),
            Event::Checkpoint(note) => batch.checkpoint = Some(note),
            Event::Cosigned(note) => batch.cosigned = Some(note),
        }
        Ok(())
    }

    /// An announcement is the peer's if the manifest in it is, and if a key of that manifest that
    /// is not revoked has signed it.
    fn check_announcement(
        &self,
        peer: &Peer,
        announcement: &Announcement,
    ) -> Result<Option<(Manifest, SignedManifest)>, String> {
        let signed = SignedManifest {
            bytes: announcement.manifest.clone(),
            signature: announcement.manifest_signature,
        };
        let known = peer.manifest_bytes == signed.bytes;
        let manifest = signed.verify(&Ed25519).map_err(|error| error.to_string())?;
        let is_older = manifest.serial < peer.manifest.serial;
        if !known && !is_older {
            noroshi_seal::manifest::succeeds(&peer.manifest, &manifest)
                .map_err(|error| error.to_string())?;
            let peers = self.records::<Peer>(RecordKind::Peer);
            let peers = peers.map_err(|error| error.to_string())?;
            if self.lists_key_of_another(&peers, &manifest) {
                return Err("the peer's manifest lists a key that is another node's".to_owned());
            }
        }
        // An older manifest tells nothing new; what this node knows of the keys counts.
        let current = if known || is_older {
            &peer.manifest
        } else {
            &manifest
        };
        let public = item_key(current, &announcement.key)
            .ok_or("the announcement is signed by a key that is revoked or not in the manifest")?;
        let message = signing::message(Context::Epoch, self.world(), &announcement.payload());
        if !Ed25519.verify(&public, &message, &announcement.signature) {
            return Err("the announcement's signature does not verify".to_owned());
        }
        Ok((!known && !is_older).then_some((manifest, signed)))
    }

    /// The key of an announced epoch. None where it is sealed for a key that was revoked here: this
    /// node's own announcement tells the peer of the new one.
    fn open_epoch(&self, announcement: &Announcement) -> Result<Option<FrameKey>, String> {
        let keys = self.keys();
        let Some(secret) = keys.sealing_of(&announcement.sealing_key) else {
            let listed = keys.manifest.key(&announcement.sealing_key);
            return match listed.filter(|key| key.revoked.is_some()) {
                Some(_) => Ok(None),
                None => Err("the epoch is sealed for a key this node does not have".to_owned()),
            };
        };
        let context = Announcement::key_context(
            self.world(),
            &announcement.from,
            &self.me(),
            announcement.epoch,
        );
        sealing::decapsulate(secret, &announcement.encapsulation, &context)
            .map(Some)
            .map_err(|error| error.to_string())
    }

    fn adopt_peer_manifest(
        &self,
        peer: &mut Peer,
        manifest: Manifest,
        signed: SignedManifest,
    ) -> Result<(), Failure> {
        let body = Object::new()
            .with("node", text(peer.node()))
            .with("serial", int(manifest.serial))
            .with("manifest", text(Digest::of(&signed.bytes)));
        *peer = self.change_peer(&peer.node(), |known| {
            known.manifest = manifest;
            known.manifest_bytes = signed.bytes;
            known.manifest_signature = signed.signature;
            Some(self.line(LineKind::Manifest, None, body))
        })?;
        let node = peer.node();
        self.store
            .write(|tx| self.introduce_again(tx, &node))
            .map_err(store_failure::<WriteError>)
    }

    /// Apply a batch in one transaction with the link's state and this node's receipt.
    fn apply(
        &self,
        peer: &Peer,
        slot: &mut LinkSlot,
        batch: Batch,
        before: &LinkState,
    ) -> Result<Outcome, Failure> {
        let quiet = batch.deliveries.is_empty()
            && batch.repeated.is_empty()
            && batch.acknowledged.is_empty()
            && batch.alarms.is_empty()
            && batch.checkpoint.is_none()
            && batch.cosigned.is_none()
            && slot.link.state() == before;
        if quiet {
            return Ok(Outcome::default());
        }
        let node = peer.node();
        let numbers: Vec<u64> = batch
            .deliveries
            .iter()
            .map(|delivery| delivery.number)
            .collect();
        if !slot.link.applied(&numbers) {
            return Err(Failure::new(
                "link.gaps",
                3,
                "the peer's log has too many gaps",
            ));
        }
        let documents = self.apply_documents(peer, slot, &batch.deliveries)?;
        let sender = self.recipient(peer)?;
        let view = self.gate_view("")?;
        let agreements = self.standings(&view.agreements, view.now);
        let mut batch_view = BatchView {
            sender: &sender,
            rules: &view.rules,
            agreements: &agreements,
            markings: self.markings(),
            learned: Vec::new(),
        };
        let mut learned = Vec::new();
        let mut cosigned = None;
        let outcome = std::thread::scope(|scope| {
            let (give, read) = std::sync::mpsc::sync_channel(READ_AHEAD);
            let deliveries = &*batch.deliveries;
            scope.spawn(move || self.read_items(peer, deliveries, &give));
            let mut read = read.into_iter().flatten();
            self.store.write(|tx| {
                let acknowledged = tx.log_delivered(&node, &batch.acknowledged)?;
                let mut fates = Vec::new();
                let mut applied = documents;
                for delivery in &batch.deliveries {
                    let item = read
                        .next()
                        .ok_or(WriteError::Refused("reading ended early"))?;
                    if is_document(delivery) || self.is_repeated(tx, peer, slot, delivery)? {
                        continue;
                    }
                    let fate = self.apply_one(tx, &mut batch_view, delivery, item)?;
                    applied += 1;
                    let fate = fate.map(|(digest, fate)| (delivery.number, digest, fate));
                    // What is told on to the originator speaks of nothing else.
                    if is_passed_on(delivery, &node) {
                        let alone = fate.into_iter().collect();
                        self.give_receipt(tx, &node, slot.link.state().peer_epoch, alone)?;
                    } else {
                        fates.extend(fate);
                    }
                }
                for (number, hash) in &batch.repeated {
                    self.check_repeated(tx, peer, slot, *number, *hash)?;
                }
                for alarm in &batch.alarms {
                    let body = Object::new()
                        .with("peer", text(node))
                        .with("why", alarm.as_str());
                    tx.append(&self.line(LineKind::Alarm, None, body))?;
                }
                if let Some(note) = &batch.checkpoint {
                    cosigned = self.check_mirror(tx, peer, &mut slot.alarms, note)?;
                }
                if let Some(note) = &batch.cosigned {
                    self.take_cosigned(tx, peer, &mut slot.alarms, note)?;
                }
                self.note_recovered(tx, &node)?;
                let state = slot.link.state();
                self.give_receipt(tx, &node, state.peer_epoch, fates)?;
                tx.put(RecordKind::Link, node.bytes(), &state.to_bytes())?;
                learned = std::mem::take(&mut batch_view.learned);
                Ok::<_, WriteError>(Outcome {
                    applied,
                    acknowledged,
                })
            })
        })
        .map_err(store_failure)?;
        // Only now are they durable.
        if let Some(note) = cosigned {
            slot.link.give_cosigned(note);
        }
        for (definition, scope) in &learned {
            // What the table of this exchange has learned, the node's learns as well.
            let _ = self.with_markings(|table| table.learn(definition, scope));
        }
        // Documents too may change the judgement of items that are held.
        if documents > 0 || !learned.is_empty() {
            self.judge_held(Which::From(&node))?;
        }
        Ok(outcome)
    }

    /// What documents open or close counts for the items beside them: they go first, in a
    /// transaction of their own with their receipt. Should the rest fail, they come again and are
    /// known. How many were applied.
    fn apply_documents(
        &self,
        peer: &Peer,
        slot: &mut LinkSlot,
        deliveries: &[Delivery],
    ) -> Result<u64, Failure> {
        if !deliveries.iter().any(is_document) {
            return Ok(0);
        }
        let node = peer.node();
        self.store
            .write(|tx| {
                let mut fates = Vec::new();
                for delivery in deliveries.iter().filter(|delivery| is_document(delivery)) {
                    if self.is_repeated(tx, peer, slot, delivery)? {
                        continue;
                    }
                    let bytes: &[u8] = match &delivery.payload {
                        Payload::Notice { bytes, .. } => bytes,
                        Payload::Item { .. } | Payload::Void { .. } => &[],
                    };
                    let fate = match self.receive_document(tx, &node, bytes)? {
                        Ok(()) => Fate::Admitted,
                        Err(why) => {
                            self.refuse(tx, &node, &why)?;
                            Fate::Refused
                        }
                    };
                    let leaf = Ok(&*delivery.leaf_bytes);
                    tx.mirror_put(&node, delivery.number, leaf, Some(fate))?;
                    fates.push((delivery.number, Digest::of(bytes), fate));
                }
                let applied = fates.len() as u64;
                self.give_receipt(tx, &node, slot.link.state().peer_epoch, fates)?;
                Ok(applied)
            })
            .map_err(store_failure::<WriteError>)
    }

    /// What stands in the mirror was applied once, or is contradicted by this.
    fn is_repeated(
        &self,
        tx: &mut Tx<'_>,
        peer: &Peer,
        slot: &mut LinkSlot,
        delivery: &Delivery,
    ) -> Result<bool, WriteError> {
        if tx.mirror_hash(&peer.node(), delivery.number)?.is_none() {
            return Ok(false);
        }
        let hash = delivered_hash(delivery);
        self.check_repeated(tx, peer, slot, delivery.number, hash)?;
        Ok(true)
    }

    /// Apply one entry; its fate, where the kind of entry has one.
    fn apply_one(
        &self,
        tx: &mut Tx<'_>,
        view: &mut BatchView<'_>,
        delivery: &Delivery,
        item: ReadItem,
    ) -> Result<Option<(Digest, Fate)>, WriteError> {
        let node = view.sender.node;
        let node = &node;
        let (digest, fate) = match &delivery.payload {
            Payload::Void { leaf_hash } => {
                tx.mirror_put(node, delivery.number, Err(*leaf_hash), None)?;
                return Ok(None);
            }
            Payload::Item {
                canonical,
                attribution,
            } => {
                let hash = ItemHash(Digest::of(canonical));
                let item = item.unwrap_or_else(|| Err("it was not read".to_owned()));
                let by = (delivery.number, attribution);
                let fate = self.apply_item(tx, view, hash, item, by)?;
                if fate == Fate::Held && !self.is_beside(tx, node, &hash)? {
                    self.note_held(tx, &hash, node, delivery.number)?;
                }
                (hash.0, Some(fate))
            }
            Payload::Notice {
                kind: EntryKind::Recall,
                bytes,
            } => {
                let (fate, _) = self.receive_recall(tx, node, bytes)?;
                (Digest::of(bytes), Some(fate))
            }
            Payload::Notice {
                kind: EntryKind::Receipt,
                bytes,
            } => {
                // A receipt is not receipted: that would never end. It is acknowledged.
                self.receive_receipt(tx, node, delivery.number, bytes)?;
                (Digest::of(bytes), None)
            }
            // Applied before: see `apply_documents`.
            Payload::Notice {
                kind: EntryKind::Document | EntryKind::Release,
                ..
            } => return Ok(None),
        };
        tx.mirror_put(node, delivery.number, Ok(&delivery.leaf_bytes), fate)?;
        Ok(fate.map(|fate| (digest, fate)))
    }

    /// An item from a peer: strictly STIX 2.1 in canonical form, signed by who answers for it.
    fn apply_item(
        &self,
        tx: &mut Tx<'_>,
        view: &mut BatchView<'_>,
        hash: ItemHash,
        item: Result<Valid, String>,
        (number, attribution): (u64, &Attribution),
    ) -> Result<Fate, WriteError> {
        let node = view.sender.node;
        let valid = match item {
            Ok(valid) => valid,
            Err(why) => {
                self.refuse(tx, &node, &format!("item {hash}: {why}"))?;
                return Ok(Fate::Refused);
            }
        };
        self.note_own_types(tx, &node, attribution, &valid)?;
        let source = node.to_string();
        let known = tx.item(&hash)?;
        let mut without = None;
        if let Some(stored) = &known {
            self.note_claim(tx, stored, attribution)?;
            // Brought by another: judged as if it were not here.
            let is_others = stored.source != source && stored.state == ItemState::Admitted;
            if !is_others && !is_judged_anew(stored, attribution) {
                return Ok(fate_of(stored.state));
            }
            if is_others {
                self.note_brought(tx, &hash, &attribution.node)?;
                without = Some(&hash);
            }
        }
        let scope = Scope::Node(attribution.node);
        let marked = noroshi_gate::mark(valid, &attribution.assigned, &view.markings, &scope);
        let context = AdmitContext {
            rules: view.rules,
            world: self.world(),
            via: Via::Peer {
                sender: view.sender,
                attribution,
            },
            previous: self.previous_of(tx, &marked, without)?,
            agreements: view.agreements,
            now: self.now(),
            grants: &self.grants_in(tx, &hash)?,
        };
        let body = item_body(&hash, &source, &attribution.node);
        match (noroshi_gate::admit(marked, &context), known) {
            (Admission::Admitted(admitted), known) => {
                match known {
                    None => {
                        let line = self.line(LineKind::Admitted, None, body);
                        tx.admit(&admitted, attribution, &source, &line)?;
                    }
                    Some(stored) => {
                        let by = (&node, attribution);
                        self.admit_beside(tx, &stored, &admitted, &context, by)?;
                    }
                }
                self.learn_from_peer(tx, view, admitted.marked(), &scope)?;
            }
            (Admission::Held(_), Some(stored)) if stored.source == source => {
                return Ok(fate_of(stored.state));
            }
            (Admission::Held(held), Some(_)) => {
                let codes = held.reasons().iter().map(|r| r.code().to_owned());
                let beside = Beside {
                    number,
                    attribution: attribution.clone(),
                    reasons: codes.collect(),
                };
                self.put_beside(tx, &node, &hash, &beside)?;
                return Ok(Fate::Held);
            }
            (Admission::Held(held), None) => {
                let codes: Vec<&str> = held.reasons().iter().map(|r| r.code()).collect();
                let line = self.line(LineKind::Held, None, body.with("reasons", codes));
                tx.hold(&held, Some(attribution), &source, &line)?;
            }
        }
        let Some(stored) = tx.item(&hash)? else {
            return Err(WriteError::Refused("an item that was written is not there"));
        };
        if let Some(fate) = self.obey_earlier(tx, &stored)? {
            return Ok(fate);
        }
        // That a newer version came from somebody else is nothing the sender may learn.
        let sent_newer = if stored.superseded {
            let standing = tx.standing(&stored.id, None)?;
            standing.is_some_and(|standing| standing.newest.source == source)
        } else {
            false
        };
        Ok(if sent_newer {
            Fate::Superseded
        } else {
            fate_of(stored.state)
        })
    }

    /// Read what an exchange brought and check its signatures, on as many threads as there are
    /// cores and ahead of the writer, which then only writes. One place for each delivery, empty
    /// where it is no item; fewer where a thread ended abnormally.
    fn read_items(&self, peer: &Peer, deliveries: &[Delivery], give: &SyncSender<Vec<ReadItem>>) {
        let read = |delivery: &Delivery| match &delivery.payload {
            Payload::Item {
                canonical,
                attribution,
            } => Some(self.signed_item(peer, canonical, attribution)),
            Payload::Void { .. } | Payload::Notice { .. } => None,
        };
        let mut workers = vec![(); parallel::workers()];
        let look = |(): &mut (), run: &[Delivery]| Ok(run.iter().map(read).collect());
        // A writer that failed takes nothing any more; one that gets too little rolls back.
        let _ = parallel::in_order(deliveries, &mut workers, look, |run| match give.send(run) {
            Ok(()) => ControlFlow::Continue(()),
            Err(_) => ControlFlow::Break(()),
        });
    }

    /// Read an item and check the signature of who answers for it, before anything is said of
    /// whether it is known here.
    fn signed_item(
        &self,
        peer: &Peer,
        canonical: &[u8],
        attribution: &Attribution,
    ) -> Result<Valid, String> {
        let (valid, _) = noroshi_formats::read(canonical, Form::Stix21, self.limits())
            .map_err(|error| error.to_string())?;
        if valid.received().is_some() {
            return Err("it is not in canonical form".to_owned());
        }
        let public = self
            .key_for(peer, attribution)
            .ok_or("it is signed by a key that is revoked or not trusted here")?;
        let message = Attribution::message(
            self.world(),
            attribution.role,
            &attribution.node,
            &attribution.key,
            &attribution.assigned,
            &valid.hash(),
        );
        if Ed25519.verify(&public, &message, &attribution.signature) {
            Ok(valid)
        } else {
            Err("the signature does not verify".to_owned())
        }
    }

    /// Another node says that it made an item that is here. Two that both say so are an alarm: the
    /// first stays, and either may recall it.
    fn note_claim(
        &self,
        tx: &mut Tx<'_>,
        stored: &StoredItem,
        attribution: &Attribution,
    ) -> Result<(), WriteError> {
        let is_other = stored.node != Some(attribution.node);
        if !is_other || attribution.role != Role::Originator {
            return Ok(());
        }
        let key = claim_key(&stored.hash, &attribution.node);
        tx.put(RecordKind::Claim, &key, &attribution.signature)?;
        if stored.role == Some(Role::Originator) {
            let body = Object::new()
                .with("item", text(stored.hash))
                .with("peer", text(attribution.node))
                .with("why", "two nodes say that they made the same item");
            tx.append(&self.line(LineKind::Alarm, None, body))?;
        }
        Ok(())
    }

    /// Has this node said that it made the item, though another answers for it here?
    pub(crate) fn has_claim(
        &self,
        tx: &Tx<'_>,
        item: &ItemHash,
        node: &NodeId,
    ) -> Result<bool, WriteError> {
        let claim = tx.get(RecordKind::Claim, &claim_key(item, node))?;
        Ok(claim.is_some())
    }

    /// The key an attribution names: the sender's own, already at hand, or another node's.
    fn key_for(&self, peer: &Peer, attribution: &Attribution) -> Option<[u8; 32]> {
        if attribution.node == peer.node() {
            item_key(&peer.manifest, &attribution.key)
        } else {
            self.item_key_of(&attribution.node, &attribution.key)
        }
    }

    /// A definition is learned when the gate has admitted it, for the items of the node that
    /// answers for it and for nobody else's.
    fn learn_from_peer(
        &self,
        tx: &mut Tx<'_>,
        view: &mut BatchView<'_>,
        marked: &Marked,
        scope: &Scope,
    ) -> Result<(), WriteError> {
        let valid = marked.valid();
        if valid.head().id.kind() != "marking-definition" {
            return Ok(());
        }
        let learned = Arc::make_mut(&mut view.markings).learn(valid.object(), scope);
        if let Ok(learned) = learned
            && learned != Learned::Known
        {
            keep_definition(tx, valid, scope, learned)?;
            view.learned.push((valid.object().clone(), scope.clone()));
        }
        Ok(())
    }

    pub(crate) fn refuse(
        &self,
        tx: &mut Tx<'_>,
        from: &NodeId,
        why: &str,
    ) -> Result<(), WriteError> {
        let body = Object::new()
            .with("from", text(from))
            .with("why", short(why));
        tx.append(&self.line(LineKind::Refused, None, body))
            .map(|_| ())
    }

    /// A number came that is applied already. With the leaf it had, all is well; with another one
    /// the peer contradicts itself: the first stands, and the second is never acknowledged.
    fn check_repeated(
        &self,
        tx: &mut Tx<'_>,
        peer: &Peer,
        slot: &mut LinkSlot,
        number: u64,
        hash: Hash,
    ) -> Result<(), WriteError> {
        let node = peer.node();
        if tx
            .mirror_hash(&node, number)?
            .is_none_or(|known| known == hash)
        {
            return Ok(());
        }
        if !slot.link.forget(number) {
            return Err(WriteError::Refused("the peer's log has too many gaps"));
        }
        let why = "the peer gave one number to two entries: the first stands";
        if !slot.alarms.is_new(self.now(), why) {
            return Ok(());
        }
        let body = Object::new()
            .with("peer", text(node))
            .with("number", int(number))
            .with("why", why);
        tx.append(&self.line(LineKind::Disputed, None, body))
            .map(|_| ())
    }

    /// One signed statement on everything this exchange brought.
    pub(crate) fn give_receipt(
        &self,
        tx: &mut Tx<'_>,
        to: &NodeId,
        epoch: u64,
        fates: Vec<(u64, Digest, Fate)>,
    ) -> Result<(), WriteError> {
        let urgent = fates
            .iter()
            .any(|(_, _, fate)| matches!(fate, Fate::Withdrawn | Fate::Destroyed | Fate::Noted));
        let precedence = if urgent {
            Precedence::Immediate
        } else {
            Precedence::Priority
        };
        for fates in fates.chunks(Receipt::FATES_MAX) {
            let receipt = Receipt {
                world: self.world(),
                by: self.me(),
                to: *to,
                epoch,
                at: self.now(),
                fates: fates.to_vec(),
            };
            let bytes = SignedReceipt::sign(receipt, &self.keys().items).to_bytes();
            self.log_bytes(tx, to, EntryKind::Receipt, precedence, bytes)?;
        }
        Ok(())
    }
}

/// A peer's epoch ends with the key that announced it. Asked of the manifest each time, so that no
/// crash comes between the two.
fn end_revoked_epoch(peer: &Peer, slot: &mut LinkSlot) {
    slot.link.end_revoked_epoch(|key| match key {
        Some(key) => item_key(&peer.manifest, &key).is_none(),
        // It was not kept: whichever it was, the peer can announce again.
        None => {
            let mut keys = peer.manifest.keys.iter();
            keys.any(|key| key.purpose == Purpose::Items && key.revoked.is_some())
        }
    });
}

/// What a ledger line says of a peer's fault: it may quote the peer, and is cut for that.
fn short(why: &str) -> String {
    why.chars().take(500).collect()
}

/// Is it a document between the organisations, rather than an item, recall or receipt?
fn is_document(delivery: &Delivery) -> bool {
    matches!(
        &delivery.payload,
        Payload::Notice {
            kind: EntryKind::Document | EntryKind::Release,
            ..
        }
    )
}

/// Is it a recall by another than its sender?
fn is_passed_on(delivery: &Delivery, sender: &NodeId) -> bool {
    match &delivery.payload {
        Payload::Notice {
            kind: EntryKind::Recall,
            bytes,
        } => SignedRecall::from_bytes(bytes).is_ok_and(|signed| signed.document().by != *sender),
        Payload::Notice { .. } | Payload::Item { .. } | Payload::Void { .. } => false,
    }
}

/// The leaf hash an entry came with.
fn delivered_hash(delivery: &Delivery) -> Hash {
    match &delivery.payload {
        Payload::Void { leaf_hash } => *leaf_hash,
        Payload::Item { .. } | Payload::Notice { .. } => leaf_hash(&delivery.leaf_bytes),
    }
}

fn claim_key(item: &ItemHash, node: &NodeId) -> Vec<u8> {
    [&item.bytes()[..], node.bytes()].concat()
}

fn fate_of(state: noroshi_store::ItemState) -> Fate {
    match state {
        noroshi_store::ItemState::Admitted => Fate::Admitted,
        noroshi_store::ItemState::Held => Fate::Held,
        noroshi_store::ItemState::Withdrawn => Fate::Withdrawn,
        noroshi_store::ItemState::Destroyed => Fate::Destroyed,
    }
}

/// The raw item key of a manifest, if it is one and not revoked.
pub(crate) fn item_key(manifest: &Manifest, key: &KeyId) -> Option<[u8; 32]> {
    let key = manifest.key(key)?;
    let usable = key.purpose == Purpose::Items && key.revoked.is_none();
    usable.then(|| key.public.as_slice().try_into().ok())?
}
