//! The way out: the gate is asked again for every entry, in the instant it is framed. What it does
//! not release any more, byte for byte as approved, is voided, and its act goes back to its
//! persons.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use noroshi_gate::{Notice, Outcome, Parcel, Recipient, Released};
use noroshi_model::agreement::Standing;
use noroshi_model::document::text;
use noroshi_model::ids::ActId;
use noroshi_model::json::Object;
use noroshi_model::ledger::LineKind;
use noroshi_model::link::{EntryKind, LogLeaf, Precedence};
use noroshi_model::manifest::{ManifestKey, Purpose};
use noroshi_model::{Context, KeyId, NodeId, Role, Signer, signing};
use noroshi_seal::sealing;
use noroshi_seal::tlog::Checkpoint;
use noroshi_store::{LogEntry, LogPayload, RecordKind, WriteError};
use noroshi_sync::{
    Announcement, Config, Link, LinkState, Outgoing, Want, join_frames, split_frames,
};

use crate::acts::act_in;
use crate::command::{Failure, SyncAnswer};
use crate::node::{Node, lock, store_failure};
use crate::outside::Outside;
use crate::plan::{GateView, provenance};
use crate::receive::Alarms;
use crate::records::{ActRecord, ActState, Peer, int};
use crate::release::SECOND_PERSON;
use crate::renewal::Renewed;

/// Bytes of frames in one exchange.
const EXCHANGE_BYTES: usize = 4 * 1024 * 1024;
/// The same until the peer has shown that it knows the epoch: it may not know this node's TLS key
/// yet, and hears a stranger only so far.
const INTRODUCTION_BYTES: usize = 64 * 1024;
/// Entries in one frame at most.
const ENTRIES_MAX: usize = 1024;
/// Entries looked up in the log when the link has little left to send.
const REFILL: u32 = 10_000;
/// Exchanges in one go with a peer: a bound, should both sides never fall silent.
const ROUNDS_MAX: usize = 100_000;

/// Exchanges that move nothing before a peer counts as taking nothing.
const STALLED_ROUNDS: usize = 5;

/// A link with its peer, under a lock of its own.
pub(crate) struct LinkSlot {
    pub(crate) link: Link,
    pub(crate) alarms: Alarms,
    basis: Option<Basis>,
}

/// What a sending epoch rests on; when it changes, the next exchange begins a new epoch.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Basis {
    /// Of this node's manifest, which the announcement carries.
    serial: u64,
    /// The peer's key that the epoch is sealed for.
    sealing: KeyId,
}

/// Why an entry does not leave after all.
struct Stopped {
    number: u64,
    act: Option<ActId>,
    why: String,
}

impl Node {
    /// The link with a peer, made from its durable state the first time.
    pub(crate) fn slot(&self, peer: &NodeId) -> Result<Arc<Mutex<LinkSlot>>, Failure> {
        if let Some(slot) = lock(&self.links).get(peer) {
            return Ok(Arc::clone(slot));
        }
        let bytes = self
            .inside()?
            .record(RecordKind::Link, peer.bytes())
            .map_err(store_failure)?;
        let state = match bytes {
            None => LinkState::default(),
            Some(bytes) => LinkState::from_bytes(&bytes)
                .ok_or_else(|| Failure::new("store.record", 5, "a link's state is damaged"))?,
        };
        let config = Config {
            world: self.world(),
            me: self.me(),
            peer: *peer,
            frame_bytes_max: self.config().frame_bytes_max,
            received_bytes_max: 16 * 1024 * 1024,
            entries_max: ENTRIES_MAX,
            in_flight_bytes_max: 2 * EXCHANGE_BYTES,
            retry_after_ms: 10_000,
        };
        let slot = Arc::new(Mutex::new(LinkSlot {
            link: Link::new(config, state),
            alarms: Alarms::default(),
            basis: None,
        }));
        Ok(Arc::clone(lock(&self.links).entry(*peer).or_insert(slot)))
    }

    /// Frames from a peer, and what there is for it in return. For the server's side of a link.
    ///
    /// # Errors
    /// The peer is not confirmed, or the store fails.
    pub fn exchange(&self, peer: &NodeId, body: &[u8]) -> Result<Vec<u8>, Failure> {
        let known = self.confirmed_peer(peer)?;
        self.expect_answered(peer)?;
        let slot = self.slot(peer)?;
        let mut slot = lock(&slot);
        self.incoming(&known, &mut slot, &split_frames(body))?;
        let frames = self.outgoing(peer, &mut slot)?;
        Ok(join_frames(&frames))
    }

    /// Exchange with a peer until neither side has anything left.
    ///
    /// # Errors
    /// The peer cannot be reached or answers with another key.
    pub fn sync_with(&self, peer: &NodeId, outside: &dyn Outside) -> Result<SyncAnswer, Failure> {
        self.sync_telling(peer, outside, &mut |_, _| {})
    }

    /// The same, and tell after each exchange how far it is: entries that went over so far, either
    /// way, and how many that and what still waits here make together.
    pub(crate) fn sync_telling(
        &self,
        peer: &NodeId,
        outside: &dyn Outside,
        progress: &mut dyn FnMut(u64, u64),
    ) -> Result<SyncAnswer, Failure> {
        let mut answer = SyncAnswer {
            peers: vec![peer.to_string()],
            ..SyncAnswer::default()
        };
        let mut known = self
            .peer(peer)?
            .filter(|known| !known.removed)
            .ok_or_else(|| Failure::new("peer.unknown", 4, "no such peer"))?;
        self.recover_with(peer, outside)?;
        if known.confirmed_here && !known.confirmed_there {
            if !self.exchange_confirmations(&known, outside)? {
                return Ok(answer);
            }
            known = self.confirmed_peer(peer)?;
        }
        if !known.is_confirmed() {
            return Ok(answer);
        }
        let unreachable =
            |problem: String| Failure::new("peer.unreachable", 6, problem).arg("peer", peer);
        let address = known.address.clone();
        let address =
            address.ok_or_else(|| unreachable("the peer's address is not known".into()))?;
        let slot = self.slot(peer)?;
        let mut idle = 0;
        let mut ahead = None;
        for round in 0..ROUNDS_MAX {
            // The lock is not held while the network is waited for: the peer may call meanwhile.
            let frames = match ahead.take() {
                Some((asked, frames)) if asked == self.standpoint()? => frames,
                prepared => {
                    let mut slot = lock(&slot);
                    if prepared.is_some() {
                        // The gate may answer otherwise by now: everything is asked again.
                        slot.link.requeue_all();
                    }
                    self.outgoing(peer, &mut slot)?
                }
            };
            if frames.is_empty() && round > 0 {
                break;
            }
            let body = join_frames(&frames);
            drop(frames);
            let pinned = known.tls_keys();
            // While the peer works on this exchange, the next one is asked of the gate and framed.
            let asked = self.standpoint()?;
            let (reply, next) = std::thread::scope(|scope| {
                let call = scope.spawn(|| outside.exchange(&address, &pinned, &body));
                let next = if lock(&slot).link.waiting() > 0 {
                    self.outgoing(peer, &mut lock(&slot)).map(Some)
                } else {
                    Ok(None)
                };
                (call.join(), next)
            });
            let reply = reply
                .map_err(|_| Failure::new("internal", 1, "the exchange ended abnormally"))?
                .map_err(|error| {
                    lock(&slot).link.requeue_all();
                    unreachable(error.to_string())
                })?;
            ahead = next?
                .filter(|frames| !frames.is_empty())
                .map(|frames| (asked, frames));
            answer.bytes_out += body.len() as u64;
            answer.bytes_in += reply.len() as u64;
            let outcome = self.incoming(&known, &mut lock(&slot), &split_frames(&reply))?;
            answer.received += outcome.applied;
            answer.sent += outcome.acknowledged;
            known = self.confirmed_peer(peer)?;
            let moved = outcome.applied + outcome.acknowledged > 0;
            idle = if moved { 0 } else { idle + 1 };
            let (gone, waits) = (
                answer.sent + answer.received,
                self.inside()?.log_waiting(peer),
            );
            progress(gone, gone + waits.map_err(store_failure)?);
            let slot = lock(&slot);
            if idle == STALLED_ROUNDS && slot.link.backlog() > 0 {
                return Err(Failure::new(
                    "link.stalled",
                    6,
                    "the peer answers and takes nothing of what is sent: ask its people what \
                     `noroshi ledger list --kind alarm` says there",
                )
                .arg("peer", peer));
            }
            if slot.link.backlog() == 0 && !slot.link.owes_ack() && outcome.applied == 0 {
                break;
            }
        }
        self.note_contact(peer)?;
        Ok(answer)
    }

    /// What the gate's answers rest on beside the items: the store's generation, and where each
    /// agreement stands by the clock. As long as it is the same, so are the answers.
    pub(crate) fn standpoint(&self) -> Result<(u64, Vec<Standing>), Failure> {
        let generation = self.store.generation();
        let agreements = self.binding_agreements()?;
        let standings = self.standings(&agreements, self.now()).into_iter();
        Ok((generation, standings.map(|held| held.standing).collect()))
    }

    pub(crate) fn confirmed_peer(&self, peer: &NodeId) -> Result<Peer, Failure> {
        self.peer(peer)?.filter(Peer::is_confirmed).ok_or_else(|| {
            Failure::new(
                "peer.not_confirmed",
                3,
                "the peering is not confirmed by both sides",
            )
        })
    }

    fn note_contact(&self, peer: &NodeId) -> Result<(), Failure> {
        let now = self.now();
        self.change_peer(peer, |known| {
            known.last_contact = Some(now);
            None
        })
        .map(|_| ())
    }

    /// The next frames for a peer, up to the size of one exchange.
    ///
    /// What is signed under one manifest never leaves under the announcement of another: where
    /// keys changed meanwhile, everything is framed again in a new epoch.
    pub(crate) fn outgoing(
        &self,
        peer: &NodeId,
        slot: &mut LinkSlot,
    ) -> Result<Vec<Vec<u8>>, Failure> {
        if self.store.owes_scrub() {
            // A receipt may say `destroyed`: it waits until the bytes are gone from every file.
            // While a backup reads the store that is later: receipts wait for it (see `refill`).
            self.scrub()?;
        }
        loop {
            let peer = self.confirmed_peer(peer)?;
            let basis = Basis {
                serial: self.keys().manifest.serial,
                sealing: sealing_key(&peer)?.id,
            };
            if slot.basis.replace(basis) != Some(basis) {
                slot.link.end_epoch();
            }
            let frames = self.framed(&peer, slot)?;
            if self.keys().manifest.serial == basis.serial {
                return Ok(frames);
            }
        }
    }

    fn framed(&self, peer: &Peer, slot: &mut LinkSlot) -> Result<Vec<Vec<u8>>, Failure> {
        let node = peer.node();
        self.refill(&node, slot)?;
        let mut frames = Vec::new();
        let mut bytes = 0;
        loop {
            let room = if slot.link.is_known() {
                EXCHANGE_BYTES
            } else {
                INTRODUCTION_BYTES
            };
            if bytes >= room {
                break;
            }
            match slot.link.poll(self.now()) {
                None => break,
                Some(Want::Epoch) => self.begin_epoch(peer, slot)?,
                Some(Want::Ack) => {
                    let checkpoint = self.asking_again(&node)?;
                    let checkpoint = checkpoint.as_deref();
                    let framed = slot.link.frame_entries(Vec::new(), checkpoint, self.now());
                    frames.extend(framed.map_err(|error| Failure::new("link.frame", 1, error))?);
                    break;
                }
                Some(Want::Entries(numbers)) => {
                    let entries = self.entries(peer, &numbers, room - bytes)?;
                    let checkpoint = self.asking_checkpoint(&node)?;
                    let framed = slot
                        .link
                        .frame_entries(entries, Some(&checkpoint), self.now());
                    let framed = framed.map_err(|error| Failure::new("link.frame", 1, error))?;
                    bytes += framed.iter().map(Vec::len).sum::<usize>();
                    frames.extend(framed);
                    self.refill(&node, slot)?;
                }
            }
        }
        if !frames.is_empty()
            && let Some(announcement) = slot.link.announcement_frame()
        {
            frames.insert(0, announcement);
        }
        Ok(frames)
    }

    /// What waits in the log and is not with the link yet. The most urgent always, the rest when
    /// the link runs low: the work is proportional to what is sent, not to what waits.
    fn refill(&self, node: &NodeId, slot: &mut LinkSlot) -> Result<(), Failure> {
        if !self.waits_for()?.is_empty() {
            // Restored, and not told of every recall yet: it takes, and gives nothing.
            return Ok(());
        }
        let low = slot.link.backlog() < ENTRIES_MAX;
        let limit = if low { REFILL } else { 64 };
        let waiting = self
            .inside()?
            .log_waiting_numbers(node, limit, !self.store.owes_scrub())
            .map_err(store_failure)?;
        for (number, rank) in waiting {
            slot.link.queue(
                number,
                Precedence::from_rank(rank).unwrap_or(Precedence::Routine),
            );
        }
        Ok(())
    }

    fn begin_epoch(&self, peer: &Peer, slot: &mut LinkSlot) -> Result<(), Failure> {
        let failed = |error: &dyn std::fmt::Display| Failure::new("link.epoch", 1, error);
        let node = peer.node();
        let sealing_key = sealing_key(peer)?;
        let epoch = slot.link.next_epoch();
        let context = Announcement::key_context(self.world(), &self.me(), &node, epoch);
        let (encapsulation, key) =
            sealing::encapsulate(&sealing_key.public, &context).map_err(|error| failed(&error))?;
        let announcement = {
            let keys = self.keys();
            let mut announcement = Announcement {
                world: self.world(),
                from: self.me(),
                to: node,
                epoch,
                at: self.now(),
                manifest: keys.signed.bytes.clone(),
                manifest_signature: keys.signed.signature,
                sealing_key: sealing_key.id,
                encapsulation,
                key: keys.items.key_id(),
                signature: [0; 64],
            };
            let message = signing::message(Context::Epoch, self.world(), &announcement.payload());
            announcement.signature = keys.items.sign(&message);
            announcement
        };
        slot.link.begin_epoch(&announcement, key);
        let state = slot.link.state().to_bytes();
        let body = Object::new()
            .with("to", text(node))
            .with("epoch", int(epoch));
        let line = self.line(LineKind::Epoch, None, body);
        // Durable before the first frame: a number that was used is never used again.
        self.store
            .write(|tx| {
                tx.put(RecordKind::Link, node.bytes(), &state)?;
                tx.append(&line)
            })
            .map_err(store_failure::<WriteError>)?;
        Ok(())
    }

    /// A signed checkpoint of the log kept for a peer.
    pub(crate) fn log_checkpoint(&self, peer: &NodeId) -> Result<(Checkpoint, String), Failure> {
        let (size, root) = self
            .inside()?
            .log_root(peer, false)
            .map_err(store_failure)?;
        let name = log_name(&self.me(), Some(peer));
        let keys = self.keys();
        let checkpoint = Checkpoint {
            origin: name.clone(),
            size,
            root,
        };
        let note = checkpoint.sign(&name, &keys.ledger.public(), &keys.ledger);
        Ok((checkpoint, note))
    }

    /// Ask the gate for each entry, until the room for bytes is taken; what it stops is voided and
    /// its act returned. What is left of the numbers stays queued.
    fn entries(&self, peer: &Peer, numbers: &[u64], room: usize) -> Result<Vec<Outgoing>, Failure> {
        let node = peer.node();
        let recipient = self.recipient(peer)?;
        let mut views = Views {
            by_act: BTreeMap::new(),
            revoked: BTreeMap::new(),
        };
        let mut outgoing = Vec::with_capacity(numbers.len());
        let mut stopped = Vec::new();
        let mut renewed = Vec::new();
        let mut fresh = Vec::new();
        let mut taken = 0;
        for number in numbers {
            if taken >= room {
                break;
            }
            let entry = self
                .inside()?
                .log_entry(&node, *number)
                .map_err(store_failure)?;
            let Some(entry) = entry else { continue };
            let void = Outgoing::Void {
                number: *number,
                leaf_hash: entry.leaf_hash,
            };
            if entry.void || entry.payload == LogPayload::Lost {
                outgoing.push(void);
                continue;
            }
            if let Some(payload) = self.signed_anew(&entry) {
                renewed.push(Renewed { entry, payload });
                outgoing.push(void);
                continue;
            }
            match self.permit(&entry, &recipient, &mut views)? {
                Ok(parcel) => {
                    taken += entry.leaf_bytes.len() + parcel.content().bytes().len();
                    if !entry.sent && entry.leaf.kind == EntryKind::Release {
                        fresh.push(*number);
                    }
                    outgoing.push(Outgoing::Entry {
                        leaf: entry.leaf_bytes,
                        parcel,
                    });
                }
                Err(why) => {
                    let act = match &entry.payload {
                        LogPayload::Item { act, .. } => *act,
                        _ => None,
                    };
                    stopped.push(Stopped {
                        number: *number,
                        act,
                        why,
                    });
                    outgoing.push(void);
                }
            }
        }
        if !stopped.is_empty() {
            self.void_entries(&node, &stopped)?;
        }
        if !renewed.is_empty() {
            self.log_renewed(&node, &renewed)?;
        }
        if !fresh.is_empty() {
            // Durable before they leave: what may have arrived is recalled.
            let sent = self.store.write(|tx| tx.log_sent(&node, &fresh));
            let voided = sent.map_err(store_failure::<WriteError>)?;
            outgoing.retain(|entry| match entry {
                Outgoing::Entry { leaf, .. } => {
                    let number = LogLeaf::from_bytes(leaf).map(|leaf| leaf.number);
                    number.is_ok_and(|number| !voided.contains(&number))
                }
                Outgoing::Void { .. } => true,
            });
        }
        Ok(outgoing)
    }

    /// The permit for one entry, or why there is none.
    fn permit(
        &self,
        entry: &LogEntry,
        to: &Recipient,
        views: &mut Views,
    ) -> Result<Result<Released<Parcel>, String>, Failure> {
        match &entry.payload {
            LogPayload::Item {
                seq,
                rendition,
                act,
                ..
            } => {
                let stored = self.inside()?.item_at(*seq).map_err(store_failure)?;
                let marked = match &stored {
                    Some(stored) => self.marked(stored)?.map(|marked| (stored, marked)),
                    None => None,
                };
                let Some((stored, marked)) = marked else {
                    return Ok(Err("the item is gone".to_owned()));
                };
                let (view, has_second_person) = views.of(self, act.as_ref())?;
                let now = self.now();
                let agreements = self.standings(&view.agreements, now);
                let grants = self.grants_for(stored)?;
                let released = noroshi_gate::release(
                    &marked,
                    &provenance(stored),
                    to,
                    &agreements,
                    &view.rules,
                    &view.question(now, &grants),
                );
                let released = match released {
                    Ok(released) if released.content().hash == *rendition => released,
                    Ok(_) => return Ok(Err("other bytes would leave than were approved".into())),
                    Err(decision) => {
                        let why = decision.reasons.first().map(ToString::to_string);
                        let referred = decision.outcome == Outcome::Refer;
                        let word = if referred { "referred" } else { "denied" };
                        return Ok(Err(format!("{word}: {}", why.unwrap_or_default())));
                    }
                };
                if released.content().needs_second_person && !has_second_person {
                    return Ok(Err(SECOND_PERSON.to_owned()));
                }
                let attribution = if released.content().reduced {
                    let assigned = stored.attribution.as_ref().map(|by| by.assigned.clone());
                    self.attribute(Role::Releaser, &assigned.unwrap_or_default(), rendition)
                } else {
                    match &stored.attribution {
                        Some(by) if !views.has_revoked(self, &by.node, &by.key)? => by.clone(),
                        Some(by) if by.node == self.me() => {
                            self.attribute(by.role, &by.assigned, rendition)
                        }
                        Some(_) => {
                            let why = "it is signed with a key that its signer has revoked: \
                                       ask the signer to share it again";
                            return Ok(Err(why.to_owned()));
                        }
                        None => return Ok(Err("nobody answers for the item".to_owned())),
                    }
                };
                Ok(Ok(released.with_attribution(attribution)))
            }
            LogPayload::Lost => Ok(Err("its content was lost with the node".to_owned())),
            LogPayload::Recall { bytes, .. } => self.notice(
                Notice::Recall {
                    bytes: bytes.clone(),
                },
                to,
            ),
            LogPayload::Bytes(bytes) if entry.leaf.kind == EntryKind::Receipt => self.notice(
                Notice::Receipt {
                    bytes: bytes.clone(),
                },
                to,
            ),
            LogPayload::Bytes(bytes) => {
                let parties = self.document_parties(bytes)?;
                self.notice(
                    Notice::Document {
                        bytes: bytes.clone(),
                        parties,
                    },
                    to,
                )
            }
        }
    }

    fn notice(
        &self,
        notice: Notice,
        to: &Recipient,
    ) -> Result<Result<Released<Parcel>, String>, Failure> {
        let rules = self.rules()?;
        Ok(noroshi_gate::release_notice(notice, to, &rules).map_err(|reason| reason.to_string()))
    }

    fn void_entries(&self, node: &NodeId, stopped: &[Stopped]) -> Result<(), Failure> {
        let acts: BTreeMap<ActId, &str> = stopped
            .iter()
            .rev()
            .filter_map(|one| Some((one.act?, &*one.why)))
            .collect();
        self.store
            .write(|tx| {
                for one in stopped {
                    tx.log_void(node, one.number)?;
                    let body = Object::new()
                        .with("to", text(node))
                        .with("number", int(one.number))
                        .with("why", one.why.as_str());
                    tx.append(&self.line(LineKind::Voided, None, body))?;
                }
                for (act, why) in &acts {
                    // Returned once, however many of its entries are stopped, and wherever.
                    if let Some(mut record) = act_in(tx, act)?
                        && record.state == ActState::Done
                    {
                        self.return_act(tx, &mut record, why)?;
                    }
                }
                Ok::<(), WriteError>(())
            })
            .map_err(store_failure)
    }
}

/// What the gate is asked with, by the act that approved an entry: each act has its own purpose.
struct Views {
    by_act: BTreeMap<Option<ActId>, (GateView, bool)>,
    /// Keys that signed what leaves: are they revoked?
    revoked: BTreeMap<(NodeId, KeyId), bool>,
}

impl Views {
    fn has_revoked(&mut self, node: &Node, by: &NodeId, key: &KeyId) -> Result<bool, Failure> {
        if let Some(known) = self.revoked.get(&(*by, *key)) {
            return Ok(*known);
        }
        let revoked = node.has_revoked(by, key)?;
        self.revoked.insert((*by, *key), revoked);
        Ok(revoked)
    }

    /// What to ask with for an act, and whether a second person approved it.
    fn of(&mut self, node: &Node, act: Option<&ActId>) -> Result<&(GateView, bool), Failure> {
        use std::collections::btree_map::Entry;
        match self.by_act.entry(act.copied()) {
            Entry::Occupied(known) => Ok(known.into_mut()),
            Entry::Vacant(place) => {
                let record = match act {
                    Some(act) => node.record::<ActRecord>(RecordKind::Act, act.bytes())?,
                    None => None,
                };
                let purpose = record
                    .as_ref()
                    .and_then(|record| record.act.subject.str("purpose"))
                    .unwrap_or_default();
                let approved = record.as_ref().is_some_and(|act| act.approval.is_some());
                Ok(place.insert((node.gate_view(purpose)?, approved)))
            }
        }
    }
}

fn sealing_key(peer: &Peer) -> Result<&ManifestKey, Failure> {
    let key = peer.manifest.current(Purpose::Sealing);
    key.ok_or_else(|| Failure::new("link.epoch", 1, "the peer's manifest has no sealing key"))
}

/// The name of a log in checkpoints: the owner's ledger, or its log for a peer.
pub(crate) fn log_name(owner: &NodeId, peer: Option<&NodeId>) -> String {
    match peer {
        None => format!("noroshi/{owner}/ledger"),
        Some(peer) => format!("noroshi/{owner}/to/{peer}"),
    }
}

/// The name under which a node cosigns partners' logs.
pub(crate) fn cosigner_name(node: &NodeId) -> String {
    format!("noroshi/{node}/cosigner")
}
