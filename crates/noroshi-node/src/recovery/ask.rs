//! The restored node's side: it asks, holds the answer against what it has, puts back the places of
//! the entries it lost, and obeys its own recalls that it no longer knew.

use std::collections::BTreeSet;

use noroshi_model::document::text;
use noroshi_model::json::Object;
use noroshi_model::ledger::LineKind;
use noroshi_model::link::{EntryKind, LogLeaf, Precedence, Recall, RecallMode};
use noroshi_model::manifest::{Manifest, Purpose};
use noroshi_model::{Digest, ItemHash, KeyId, NodeId, Signed};
use noroshi_seal::manifest::{ManifestError, SignedManifest, restores, succeeds};
use noroshi_seal::merkle::{Frontier, Hash, leaf_hash};
use noroshi_seal::sign::Ed25519;
use noroshi_seal::tlog::Checkpoint;
use noroshi_store::{RecordKind, Tx, WriteError};
use noroshi_sync::LinkState;

use super::LOST_MAX;
use super::answer::begins_with;
use super::wire::{Answer, Extent, Known, Question};
use crate::command::Failure;
use crate::node::{Node, lock, store_failure};
use crate::outside::Outside;
use crate::recall::SignedRecall;
use crate::receive::item_key;
use crate::records::recovery::{RecoveryRecord, RecoveryState};
use crate::records::{Peer, Record};
use crate::send::log_name;

/// What the partner's answers came to when they were held together: how the log stood after each
/// page. The pages are asked for a second time to be written; they must be the same.
struct Held {
    first: Answer,
    after_pages: Vec<Hash>,
}

/// An answer that contradicts what is here, in words for people.
struct Contradicts(String);

impl Node {
    /// Ask a partner what this node lost, and put the places of it back. What the partner's own log
    /// had comes over the link afterwards.
    pub(crate) fn recover_with(&self, node: &NodeId, outside: &dyn Outside) -> Result<(), Failure> {
        let Some(before) = self.recovery(node)?.filter(RecoveryRecord::is_frozen) else {
            return Ok(());
        };
        let outcome = match self.hold(node, outside) {
            Ok(Ok(held)) => self.write_back(node, held, outside),
            Ok(Err(why)) => Ok(Err(why)),
            Err(failure) => Err(failure),
        };
        let (state, why, failure) = match outcome {
            Ok(Ok(())) => return Ok(()),
            Ok(Err(Contradicts(why))) => {
                let failure = Failure::new(
                    "restore.disputed",
                    3,
                    format_args!(
                        "{why}: nothing is exchanged with it before its people and yours agree"
                    ),
                );
                (RecoveryState::Disputed, why, failure.arg("peer", node))
            }
            Err(failure) => (before.state, failure.detail.clone(), failure),
        };
        let is_news = state == RecoveryState::Disputed && before.note.as_ref() != Some(&why);
        self.store
            .write(|tx| {
                if is_news {
                    let body = Object::new()
                        .with("peer", text(node))
                        .with("why", format!("after a restore: {why}"));
                    tx.append(&self.line(LineKind::Alarm, None, body))?;
                }
                change(tx, node, |record| {
                    record.state = state;
                    record.note = Some(why);
                })
            })
            .map_err(store_failure::<WriteError>)?;
        Err(failure)
    }

    /// Ask for a page and check who answers.
    fn ask(&self, node: &NodeId, next: u64, outside: &dyn Outside) -> Result<Answer, Failure> {
        let unreachable = |problem: &dyn std::fmt::Display| {
            Failure::new("peer.unreachable", 6, problem).arg("peer", node)
        };
        let peer = self
            .peer(node)?
            .ok_or_else(|| unreachable(&"no such peer"))?;
        let address = peer.address.clone();
        let address = address.ok_or_else(|| unreachable(&"the peer's address is not known"))?;
        let question = self.question(node, next)?;
        let message = Signed::sign(question.clone(), &self.keys().items).to_bytes();
        let (reply, tls) = outside
            .recover(&address, &message)
            .map_err(|error| unreachable(&error))?;
        self.checked_answer(&peer, &question, &tls, &reply)
    }

    fn question(&self, node: &NodeId, next: u64) -> Result<Question, Failure> {
        let reader = self.inside()?;
        let extent = |mirror: bool| -> Result<Extent, Failure> {
            let (size, root) = reader.log_root(node, mirror).map_err(store_failure)?;
            Ok(Extent {
                size,
                root: Digest(root),
            })
        };
        Ok(Question {
            world: self.world(),
            from: self.me(),
            to: *node,
            nonce: self.chance(),
            manifest: self.keys().signed.clone(),
            sent: extent(false)?,
            received: extent(true)?,
            next,
        })
    }

    /// The answer is the partner's if a manifest of its root names the TLS key that gave it and the
    /// item key that signed it.
    fn checked_answer(
        &self,
        peer: &Peer,
        question: &Question,
        tls: &KeyId,
        reply: &[u8],
    ) -> Result<Answer, Failure> {
        let refused = |why: &dyn std::fmt::Display| {
            Failure::new("recovery.refused", 3, format_args!("the answer: {why}"))
        };
        let signed = Signed::<Answer>::from_bytes(reply).map_err(|error| refused(&error))?;
        let answer = signed.document();
        let fits = answer.world == self.world()
            && answer.from == question.to
            && answer.to == self.me()
            && answer.nonce == question.nonce;
        if !fits {
            return Err(refused(&"it is not to this question"));
        }
        let known = answer.manifest.bytes == peer.manifest_bytes;
        let manifest = answer
            .manifest
            .verify(&Ed25519)
            .map_err(|error| refused(&error))?;
        let follows = |new: &Manifest| -> Result<(), ManifestError> {
            succeeds(&peer.manifest, new).or_else(|_| restores(&peer.manifest, new))
        };
        if !known {
            follows(&manifest).map_err(|error| refused(&error))?;
        }
        let names_tls = manifest
            .current(Purpose::Tls)
            .is_some_and(|key| key.id == *tls);
        let public = item_key(&manifest, signed.key());
        let verifies = public.is_some_and(|public| signed.verifies(&public, &Ed25519));
        if !names_tls || !verifies {
            return Err(refused(&"its keys are not those of the partner's manifest"));
        }
        if !known {
            self.adopt_restored(peer, manifest, &answer.manifest)?;
        }
        Ok(answer.clone())
    }

    /// Go through all the partner knows once, and hold it against what is here and against the
    /// checkpoints this node signed in its lost life.
    fn hold(
        &self,
        node: &NodeId,
        outside: &dyn Outside,
    ) -> Result<Result<Held, Contradicts>, Failure> {
        let (mut frontier, own) = {
            let reader = self.inside()?;
            let frontier = reader.log_frontier(node, false).map_err(store_failure)?;
            let size = frontier.size();
            (frontier, size)
        };
        let first = self.ask(node, own, outside)?;
        if let Some(why) = &first.contradiction {
            return Ok(Err(Contradicts(format!("the partner says: {why}"))));
        }
        let checkpoint = match self.own_checkpoint(node, &first) {
            Ok(checkpoint) => checkpoint,
            Err(why) => return Ok(Err(why)),
        };
        if let Some(why) = self.contradicted(node, &first, checkpoint.as_ref())? {
            return Ok(Err(Contradicts(why)));
        }
        let mut after_pages = Vec::new();
        let mut answer = first.clone();
        let mut lost = 0;
        loop {
            for entry in &answer.entries {
                let floor = first.held.size;
                if let Err(why) = take(&mut frontier, floor, entry, checkpoint.as_ref()) {
                    return Ok(Err(why));
                }
                lost += 1;
            }
            after_pages.push(frontier.root());
            if lost > LOST_MAX {
                return Ok(Err(Contradicts("it names too many entries".to_owned())));
            }
            let last = answer.entries.last().map(|entry| entry.number);
            let Some(last) = last.filter(|_| answer.more) else {
                break;
            };
            answer = self.ask(node, last + 1, outside)?;
        }
        let held = &first.held;
        let grown = held.size > own;
        let complete = frontier.size() == held.size && Digest(frontier.root()) == held.root;
        if grown && !complete {
            let why = "the entries it names do not make the log it says it has";
            return Ok(Err(Contradicts(why.to_owned())));
        }
        if checkpoint.is_some_and(|checkpoint| checkpoint.size > frontier.size()) {
            let why = "it has a checkpoint over more entries than it names";
            return Ok(Err(Contradicts(why.to_owned())));
        }
        Ok(Ok(Held { first, after_pages }))
    }

    /// The checkpoint in the answer must be one this node signed, in this life or an earlier one.
    fn own_checkpoint(
        &self,
        node: &NodeId,
        answer: &Answer,
    ) -> Result<Option<Checkpoint>, Contradicts> {
        let Some(note) = &answer.checkpoint else {
            return Ok(None);
        };
        let name = log_name(&self.me(), Some(node));
        let own = self.keys().manifest.clone();
        let before = answer.before.as_ref().map(|signed| self.own_before(signed));
        let before = match before {
            Some(None) => {
                return Err(Contradicts(
                    "the manifest it had of this node is not by this node's root".to_owned(),
                ));
            }
            Some(manifest) => manifest,
            None => None,
        };
        let keys = [Some(own), before];
        let mut ledger_keys = keys
            .iter()
            .flatten()
            .flat_map(|manifest| &manifest.keys)
            .filter(|key| key.purpose == Purpose::Ledger)
            .filter_map(|key| key.public.as_slice().try_into().ok());
        let opened = ledger_keys.find_map(|key| Checkpoint::open(note, &name, key).ok());
        match opened.filter(|checkpoint| checkpoint.origin == name) {
            Some(checkpoint) => Ok(Some(checkpoint)),
            None => Err(Contradicts(
                "the checkpoint it shows was not signed by this node".to_owned(),
            )),
        }
    }

    /// A manifest of an earlier life, if this node's root has signed it.
    fn own_before(&self, signed: &SignedManifest) -> Option<Manifest> {
        let manifest = signed.verify(&Ed25519).ok()?;
        let root = self.keys().manifest.root;
        (manifest.root == root && manifest.world == self.world()).then_some(manifest)
    }

    /// What the partner has of the part that is still here must agree. That it has less than it
    /// acknowledged is an alarm of its own and no contradiction: it may have lost something too.
    fn contradicted(
        &self,
        node: &NodeId,
        answer: &Answer,
        checkpoint: Option<&Checkpoint>,
    ) -> Result<Option<String>, Failure> {
        let reader = self.inside()?;
        let (own, _) = reader.log_root(node, false).map_err(store_failure)?;
        let tiles = reader.log_tiles(node, false).map_err(store_failure)?;
        if !begins_with(&tiles, own, &answer.held) {
            return Ok(Some(
                "what it has of the log for it is not what is here".to_owned(),
            ));
        }
        let signed = checkpoint.map(|checkpoint| Extent {
            size: checkpoint.size,
            root: Digest(checkpoint.root),
        });
        if signed.is_some_and(|signed| !begins_with(&tiles, own, &signed)) {
            let why = "this node signed a checkpoint that contradicts the log in the backup";
            return Ok(Some(why.to_owned()));
        }
        let acknowledged = reader
            .log_delivered_from(node, answer.held.size)
            .map_err(store_failure)?;
        let told: BTreeSet<u64> = answer.entries.iter().map(|entry| entry.number).collect();
        if let Some(number) = acknowledged.filter(|number| *number < own && !told.contains(number))
        {
            let body = Object::new().with("peer", text(node)).with(
                "why",
                format!("after a restore: the partner has less than it acknowledged: {number}"),
            );
            let line = self.line(LineKind::Alarm, None, body);
            self.store
                .write(|tx| tx.append(&line))
                .map_err(store_failure::<WriteError>)?;
        }
        Ok(None)
    }

    /// Put the places of the lost entries back, page by page, then let the link begin.
    fn write_back(
        &self,
        node: &NodeId,
        held: Held,
        outside: &dyn Outside,
    ) -> Result<Result<(), Contradicts>, Failure> {
        let (target, epoch) = (held.first.size, held.first.epoch);
        let pages = held.after_pages.len();
        let mut answer = held.first;
        let before = answer.before.as_ref();
        let before = before.and_then(|signed| self.own_before(signed));
        let manifests: Vec<Manifest> = [Some(self.keys().manifest.clone()), before]
            .into_iter()
            .flatten()
            .collect();
        let floor = answer.held.size;
        for (page, expected) in held.after_pages.into_iter().enumerate() {
            let is_last = page + 1 == pages;
            let recalls = self.own_recalls(node, &manifests, &answer.entries)?;
            let written = self.store.write(|tx| {
                self.write_page(tx, node, &answer.entries, floor, expected)?;
                for (recall, item) in &recalls {
                    self.obey_own(tx, recall, item)?;
                }
                if is_last {
                    self.end_asking(tx, node, target, epoch)?;
                }
                Ok::<_, WriteError>(())
            });
            match written {
                Err(WriteError::Refused(why)) if why == CHANGED => {
                    return Ok(Err(Contradicts(CHANGED.to_owned())));
                }
                other => other.map_err(store_failure)?,
            }
            if recalls
                .iter()
                .any(|(recall, _)| recall.mode == RecallMode::Destroy)
            {
                self.store.scrub().map_err(store_failure)?;
            }
            let last = answer.entries.last().map(|entry| entry.number);
            if let Some(last) = last.filter(|_| !is_last) {
                answer = self.ask(node, last + 1, outside)?;
            }
        }
        let state = self
            .inside()?
            .record(RecordKind::Link, node.bytes())
            .map_err(store_failure)?
            .and_then(|bytes| LinkState::from_bytes(&bytes));
        if let Some(state) = state {
            lock(&*self.slot(node)?).link.reset(state);
        }
        Ok(Ok(()))
    }

    /// Below `floor` the entries follow on what is here without a gap, and the root must come out
    /// as it did when they were held together. Behind it they stand alone.
    fn write_page(
        &self,
        tx: &mut Tx<'_>,
        node: &NodeId,
        entries: &[Known],
        floor: u64,
        expected: Hash,
    ) -> Result<(), WriteError> {
        let mut lost = entries.len() as u64;
        let (whole, beyond) = entries.split_at(entries.partition_point(|e| e.number < floor));
        for entry in whole {
            if tx.log_size(node)? != entry.number {
                return Err(WriteError::Refused(CHANGED));
            }
            append(tx, node, entry)?;
        }
        if !whole.is_empty() && tx.log_root(node)? != expected {
            return Err(WriteError::Refused(CHANGED));
        }
        for entry in beyond {
            // Numbers that this node gave and the partner never received stay used up.
            while tx.log_size(node)? < entry.number {
                let none = Digest::of(&[]);
                let (kind, precedence) = (EntryKind::Document, Precedence::Routine);
                let leaf = self.next_leaf(tx, node, kind, precedence, none)?;
                tx.log_append_lost(node, Ok(&leaf), false)?;
                lost += 1;
            }
            if tx.log_size(node)? == entry.number {
                append(tx, node, entry)?;
            }
        }
        if lost > 0 {
            change(tx, node, |record| record.lost += lost)?;
        }
        Ok(())
    }

    /// The partner has told everything: the link to it may begin.
    fn end_asking(
        &self,
        tx: &mut Tx<'_>,
        node: &NodeId,
        target: u64,
        epoch: u64,
    ) -> Result<(), WriteError> {
        if let Some(bytes) = tx.get(RecordKind::Link, node.bytes())? {
            let mut state = LinkState::from_bytes(&bytes)
                .ok_or_else(|| WriteError::Damaged("a link's state".to_owned()))?;
            // A clock that was set back can make the floor too low: the partner knows better.
            state.sending_epoch = state.sending_epoch.max(epoch);
            tx.put(RecordKind::Link, node.bytes(), &state.to_bytes())?;
        }
        let now = self.now();
        let record = change(tx, node, |record| {
            record.state = RecoveryState::Answered;
            record.target = target;
            record.answered = Some(now);
            record.note = None;
        })?;
        tx.append(&self.recovery_line(&record, "answered", None))?;
        self.pay_owed(tx, node)?;
        self.note_recovered(tx, node)
    }

    /// Recalls of this node's own that it lost, and the items here that they take back.
    fn own_recalls(
        &self,
        node: &NodeId,
        manifests: &[Manifest],
        entries: &[Known],
    ) -> Result<Vec<(Recall, ItemHash)>, Failure> {
        let mut recalls = Vec::new();
        for entry in entries {
            if let (Ok(leaf), Some(bytes)) = (&entry.leaf, &entry.recall) {
                recalls.extend(self.own_recall(manifests, leaf, bytes));
            }
        }
        if recalls.is_empty() {
            return Ok(Vec::new());
        }
        let reader = self.inside()?;
        let named: BTreeSet<ItemHash> = recalls.iter().map(|recall| recall.item).collect();
        let renditions = reader
            .items_of_renditions(node, &named)
            .map_err(store_failure)?;
        let mut found = Vec::new();
        for recall in recalls {
            let whole = reader.item(&recall.item).map_err(store_failure)?.is_some();
            let here = renditions.get(&recall.item).copied();
            if let Some(item) = here.or(whole.then_some(recall.item)) {
                found.push((recall, item));
            }
        }
        Ok(found)
    }

    fn own_recall(&self, manifests: &[Manifest], leaf: &[u8], bytes: &[u8]) -> Option<Recall> {
        let leaf = LogLeaf::from_bytes(leaf).ok()?;
        let named = leaf.kind == EntryKind::Recall && leaf.digest == Digest::of(bytes);
        let signed = SignedRecall::from_bytes(bytes).ok().filter(|_| named)?;
        let mut keys = manifests.iter().filter_map(|manifest| {
            let key = manifest
                .key(signed.key())
                .filter(|key| key.purpose == Purpose::Items)?;
            key.public.as_slice().try_into().ok()
        });
        // By whichever key of this node, revoked or not: it was said in an earlier life.
        let recall = signed.document();
        let own = recall.by == self.me()
            && recall.world == self.world()
            && keys.any(|public| signed.verifies(public, &Ed25519));
        own.then(|| recall.clone())
    }

    fn obey_own(
        &self,
        tx: &mut Tx<'_>,
        recall: &Recall,
        item: &ItemHash,
    ) -> Result<(), WriteError> {
        let (taken, kind) = match recall.mode {
            RecallMode::Withdraw => (tx.withdraw(item)?, LineKind::Withdrawn),
            RecallMode::Destroy => (self.destroy(tx, item)?, LineKind::Destroyed),
        };
        if taken {
            let body = Object::new()
                .with("item", text(item))
                .with("reason", recall.reason.as_str())
                .with("recalled", text(recall.at));
            tx.append(&self.line(kind, None, body))?;
        }
        Ok(())
    }
}

/// The partner told another thing the second time.
const CHANGED: &str = "the partner does not tell the same twice";

/// One entry of the partner's answer, held against what came before it.
fn take(
    frontier: &mut Frontier,
    floor: u64,
    entry: &Known,
    checkpoint: Option<&Checkpoint>,
) -> Result<(), Contradicts> {
    let hash = match &entry.leaf {
        Ok(leaf) => {
            let named = LogLeaf::from_bytes(leaf).is_ok_and(|leaf| leaf.number == entry.number);
            if !named {
                let why = format!("it names an entry {} that is none", entry.number);
                return Err(Contradicts(why));
            }
            leaf_hash(leaf)
        }
        Err(hash) => *hash,
    };
    if entry.number >= floor {
        return Ok(());
    }
    if entry.number != frontier.size() {
        return Err(Contradicts(format!(
            "it leaves out entry {}",
            frontier.size()
        )));
    }
    frontier.append(hash);
    let signed = checkpoint.filter(|checkpoint| checkpoint.size == frontier.size());
    if signed.is_some_and(|checkpoint| checkpoint.root != frontier.root()) {
        let why = "the entries it names are not those this node signed a checkpoint over";
        return Err(Contradicts(why.to_owned()));
    }
    Ok(())
}

fn append(tx: &mut Tx<'_>, node: &NodeId, entry: &Known) -> Result<(), WriteError> {
    match &entry.leaf {
        Ok(bytes) => {
            let leaf = LogLeaf::from_bytes(bytes).map_err(|_| WriteError::Refused(CHANGED))?;
            tx.log_append_lost(node, Ok(&leaf), true)
        }
        Err(hash) => tx.log_append_lost(node, Err(*hash), true),
    }
}

fn change(
    tx: &mut Tx<'_>,
    node: &NodeId,
    change: impl FnOnce(&mut RecoveryRecord),
) -> Result<RecoveryRecord, WriteError> {
    let bytes = tx.get(RecordKind::Recovery, node.bytes())?;
    let bytes = bytes.ok_or(WriteError::Refused("nothing is to be recovered"))?;
    let mut record = RecoveryRecord::from_bytes(&bytes)
        .map_err(|error| WriteError::Damaged(error.to_string()))?;
    change(&mut record);
    tx.put(RecordKind::Recovery, node.bytes(), &record.to_bytes())?;
    Ok(record)
}
