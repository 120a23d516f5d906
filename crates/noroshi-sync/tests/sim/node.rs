//! One node: what is on its disk, what is in its memory, and what it does with an exchange, as
//! `noroshi-node` does it. The links, leaves, trees and permits are the real ones.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, OnceLock};

use noroshi_gate::{Coalitions, Notice, PeerState, Recipient, Rules, Threshold, release_notice};
use noroshi_model::link::{EntryKind, Fate, LogLeaf, Precedence};
use noroshi_model::{Digest, KeyId, NodeId, Timestamp, World};
use noroshi_seal::merkle::{Frontier, Hash, leaf_hash};
use noroshi_sync::{
    Announcement, Config, Delivery, Event, Link, LinkState, Outgoing, Payload, Want,
};

use crate::chance::Chance;
use crate::checks::{Found, Truth};
use crate::content::Content;
use crate::faults::Fault;
use crate::keys::Keys;

/// How many nodes there are.
pub(crate) const NODES: usize = 3;

/// What a run shares: the fault, chance, keys, and the record of the checks.
pub(crate) struct Run {
    pub(crate) fault: Fault,
    pub(crate) chance: Chance,
    pub(crate) keys: Keys,
    pub(crate) truth: Truth,
    /// Is the weather bad? Only then do processes die.
    pub(crate) weather: bool,
    /// Links of the other world: only where a fault lets its frames in.
    pub(crate) other_world: BTreeMap<(usize, usize), Link>,
}

/// A line of the log kept for a partner.
#[derive(Clone)]
pub(crate) struct Entry {
    pub(crate) leaf: Arc<[u8]>,
    pub(crate) precedence: Precedence,
    pub(crate) content: Arc<[u8]>,
    pub(crate) void: bool,
    pub(crate) delivered: bool,
    /// What the partner's receipt says, with the digest it names.
    pub(crate) fate: Option<Fate>,
}

/// What is on disk about one partner.
#[derive(Clone, Default)]
pub(crate) struct Kept {
    link: Option<Vec<u8>>,
    /// The newest of the partner's manifests.
    serial: u8,
    pub(crate) log: Vec<Entry>,
    tree: Frontier,
    mirror: BTreeMap<u64, Hash>,
    pub(crate) mirror_tree: Frontier,
    /// How often each of the partner's entries was applied.
    pub(crate) applied: BTreeMap<u64, u32>,
    /// Entries that came with content.
    pub(crate) with_content: BTreeSet<u64>,
}

/// The disk.
#[derive(Clone, Default)]
pub(crate) struct Disk {
    pub(crate) with: [Kept; NODES],
    /// Of the node's own manifest: each revokes the item key of the one before.
    serial: u8,
    /// Items by digest: `true` while they may be read.
    pub(crate) items: BTreeMap<Digest, bool>,
    /// Recalls that came before their item, with who gave them.
    tombstones: BTreeSet<(Digest, usize)>,
}

/// A node.
pub(crate) struct Node {
    pub(crate) me: usize,
    pub(crate) disk: Disk,
    /// Memory: gone when the process dies.
    links: [Option<Link>; NODES],
    sent: [BTreeSet<u64>; NODES],
    noted: BTreeSet<(Digest, usize)>,
    /// How far this node's clock is off, in microseconds.
    pub(crate) clock_off: i64,
    /// What was ever sent: only for faults that rest on it.
    ever_sent: BTreeSet<(usize, u64)>,
}

pub(crate) fn node_id(index: usize) -> NodeId {
    NodeId::from_bytes([u8::try_from(index + 1).unwrap_or(0); 32])
}

/// The item key that a node's manifest of that serial lists unrevoked.
fn item_key(node: usize, serial: u8) -> KeyId {
    KeyId::of(&[u8::try_from(node).unwrap_or(0), serial])
}

pub(crate) fn config(me: usize, peer: usize, world: World) -> Config {
    Config {
        world,
        me: node_id(me),
        peer: node_id(peer),
        frame_bytes_max: 1500,
        received_bytes_max: 1 << 20,
        entries_max: 6,
        in_flight_bytes_max: 6 * 1024,
        retry_after_ms: 500,
    }
}

/// What arrived in one exchange, sorted.
#[derive(Default)]
struct Batch {
    deliveries: Vec<Delivery>,
    acknowledged: Vec<(u64, u64)>,
    note: Option<String>,
    /// Epochs accepted: the manifest's serial, the number, the announcement's digest.
    epochs: Vec<(u8, u64, Digest)>,
}

impl Node {
    pub(crate) fn new(me: usize) -> Self {
        Self {
            me,
            disk: Disk::default(),
            links: [None, None, None],
            sent: Default::default(),
            noted: BTreeSet::new(),
            clock_off: 0,
            ever_sent: BTreeSet::new(),
        }
    }

    fn now(&self, time: Timestamp) -> Timestamp {
        Timestamp::from_micros(time.micros() + self.clock_off)
    }

    /// The process dies: memory is gone.
    pub(crate) fn crash(&mut self) {
        self.links = [None, None, None];
        self.sent = Default::default();
        self.noted.clear();
    }

    /// The node comes back with the disk of an earlier day.
    pub(crate) fn restore(&mut self, disk: Disk, run: &mut Run) {
        self.disk = disk;
        self.crash();
        run.truth.restored(self.me);
        run.truth.forgets_accepted(self.me);
    }

    /// The link with a peer, made from its durable state the first time.
    fn link(&mut self, peer: usize) -> &mut Link {
        let kept = self.disk.with[peer].link.as_deref();
        let me = self.me;
        self.links[peer].get_or_insert_with(|| {
            let state = kept.map(|bytes| LinkState::from_bytes(bytes).expect("the state is whole"));
            let config = config(me, peer, World::Operational);
            Link::new(config, state.unwrap_or_default())
        })
    }

    fn store_link(&mut self, peer: usize) {
        let state = self.link(peer).state().to_bytes();
        self.disk.with[peer].link = Some(state);
    }

    /// Write an entry into the log for a partner. Its number.
    pub(crate) fn append(
        &mut self,
        to: usize,
        content: &Content,
        precedence: Precedence,
        time: Timestamp,
        run: &mut Run,
    ) -> Result<u64, String> {
        let at = self.now(time);
        let kept = &mut self.disk.with[to];
        let mut number = kept.log.len() as u64;
        if run.fault == Fault::SkipsNumber && number > 3 && run.chance.percent(10) {
            number += 1;
        }
        let bytes = content.to_bytes();
        let leaf = leaf(number, content.kind(), precedence, &bytes, at, run);
        let hash = leaf_hash(&leaf);
        kept.tree.append(hash);
        kept.log.push(Entry {
            leaf: leaf.into(),
            precedence,
            content: bytes.into(),
            void: false,
            delivered: false,
            fate: None,
        });
        run.truth.wrote(self.me, to, number, hash)?;
        Ok(number)
    }

    pub(crate) fn void(&mut self, to: usize, number: u64, run: &mut Run) {
        let index = usize::try_from(number).unwrap_or(usize::MAX);
        if let Some(entry) = self.disk.with[to].log.get_mut(index) {
            entry.void = true;
            run.truth.voided(self.me, to, number);
        }
    }

    /// What waits in the log and is not with the link yet.
    fn refill(&mut self, to: usize, fault: Fault) {
        let waiting: Vec<(u64, Precedence)> = (0_u64..)
            .zip(&self.disk.with[to].log)
            .filter(|(number, entry)| {
                let forgotten =
                    fault == Fault::ForgetsInFlight && self.ever_sent.contains(&(to, *number));
                let skipped = fault == Fault::VoidNotSent && entry.void;
                !entry.delivered && !forgotten && !skipped
            })
            .map(|(number, entry)| (number, entry.precedence))
            .collect();
        for (number, precedence) in waiting {
            let precedence = match (fault, precedence) {
                (Fault::WrongOrder, Precedence::Flash) => Precedence::Routine,
                (Fault::WrongOrder, Precedence::Routine) => Precedence::Flash,
                (Fault::FlashWaits, _) => Precedence::Routine,
                (_, precedence) => precedence,
            };
            self.link(to).queue(number, precedence);
        }
    }

    /// The next frames for a partner.
    pub(crate) fn outgoing(
        &mut self,
        to: usize,
        time: Timestamp,
        run: &mut Run,
    ) -> Result<Vec<Vec<u8>>, String> {
        let now = if run.fault == Fault::NoTimer {
            Timestamp::from_micros(0)
        } else {
            self.now(time)
        };
        let mut frames = Vec::new();
        for _ in 0..3 {
            self.refill(to, run.fault);
            match self.link(to).poll(now) {
                None => break,
                Some(Want::Epoch) => self.begin_epoch(to, now, run)?,
                Some(Want::Ack) => {
                    let framed = self.link(to).frame_entries(Vec::new(), None, now);
                    frames.extend(framed.map_err(|error| error.to_string())?);
                    break;
                }
                Some(Want::Entries(numbers)) => {
                    self.check_order(to, &numbers, run)?;
                    let entries = self.entries(to, &numbers, run)?;
                    let note = self.note(to);
                    let framed = self.link(to).frame_entries(entries, Some(&note), now);
                    frames.extend(framed.map_err(|error| error.to_string())?);
                    if run.fault == Fault::NoRetry {
                        for number in &numbers {
                            self.disk.with[to].log[usize::try_from(*number).unwrap_or(0)]
                                .delivered = true;
                        }
                    }
                }
            }
        }
        self.check_nonces(to, &frames, run)?;
        if !frames.is_empty()
            && let Some(announcement) = self.link(to).announcement_frame()
        {
            frames.insert(0, announcement);
        }
        Ok(frames)
    }

    /// The size and root of the log for a partner, as a checkpoint states them.
    fn note(&self, to: usize) -> String {
        let tree = &self.disk.with[to].tree;
        format!("{} {}", tree.size(), Digest(tree.root()))
    }

    /// The item key is replaced, and the one before revoked: what leaves needs a new epoch.
    pub(crate) fn rotate(&mut self) {
        self.disk.serial += 1;
        for link in self.links.iter_mut().flatten() {
            link.end_epoch();
        }
    }

    /// The announcement of an epoch under the item key of now.
    pub(crate) fn announcement(
        &self,
        to: usize,
        epoch: u64,
        at: Timestamp,
        encapsulation: Vec<u8>,
        keys: &Keys,
    ) -> Announcement {
        let mut announcement = Announcement {
            world: World::Operational,
            from: node_id(self.me),
            to: node_id(to),
            epoch,
            at,
            manifest: vec![self.disk.serial],
            manifest_signature: [0; 64],
            sealing_key: KeyId::of(&[u8::try_from(to).unwrap_or(0)]),
            encapsulation,
            key: item_key(self.me, self.disk.serial),
            signature: [0; 64],
        };
        announcement.signature = keys.sign(self.me, &announcement.payload());
        announcement
    }

    fn begin_epoch(&mut self, to: usize, now: Timestamp, run: &mut Run) -> Found {
        let (me, epoch) = (self.me, self.link(to).next_epoch());
        let (encapsulation, key) = run.keys.begin(me, to, epoch, run.fault, &mut run.chance);
        let announcement = self.announcement(to, epoch, now, encapsulation, &run.keys);
        self.link(to).begin_epoch(&announcement, key);
        if run.fault != Fault::KeyFromNumber {
            run.truth.began(me, to, epoch)?;
        }
        if !matches!(run.fault, Fault::EpochNotStored | Fault::KeyFromNumber) {
            self.store_link(to);
        }
        Ok(())
    }

    /// The most urgent of what was never sent goes; nothing more urgent is left behind.
    fn check_order(&mut self, to: usize, numbers: &[u64], run: &Run) -> Found {
        let log = &self.disk.with[to].log;
        let rank = |number: &u64| {
            let entry = log.get(usize::try_from(*number).unwrap_or(usize::MAX));
            entry.map_or(u8::MAX, |entry| entry.precedence.rank())
        };
        let ranks: Vec<u8> = numbers.iter().map(rank).collect();
        let left = (0_u64..).zip(log).filter(|(number, entry)| {
            !entry.delivered && !numbers.contains(number) && !self.sent[to].contains(number)
        });
        let left = left.map(|(_, entry)| entry.precedence.rank()).min();
        let skips = run.fault == Fault::VoidNotSent;
        Truth::ordered(&ranks, left.filter(|_| !skips))?;
        self.sent[to].extend(numbers);
        self.ever_sent
            .extend(numbers.iter().map(|number| (to, *number)));
        Ok(())
    }

    fn check_nonces(&mut self, to: usize, frames: &[Vec<u8>], run: &mut Run) -> Found {
        for frame in frames {
            let eight = |at: usize| {
                let mut bytes = [0; 8];
                bytes.copy_from_slice(&frame[at..at + 8]);
                u64::from_be_bytes(bytes)
            };
            let key = run.keys.sending(self.me, to);
            run.truth.sealed(key, eight(19))?;
        }
        Ok(())
    }

    /// Entries with the gate's permit, asked for as they are framed.
    fn entries(&self, to: usize, numbers: &[u64], run: &mut Run) -> Result<Vec<Outgoing>, String> {
        let (recipient, rules) = recipient_and_rules(self.me, to);
        let mut outgoing = Vec::new();
        for number in numbers {
            let index = usize::try_from(*number).unwrap_or(usize::MAX);
            // A number that the log does not have, because it was left out, has nothing to send.
            let Some(entry) = self.disk.with[to].log.get(index) else {
                continue;
            };
            let mut leaf_bytes = entry.leaf.to_vec();
            if run.fault == Fault::LeafMadeAnew && run.chance.percent(20) {
                let mut anew = LogLeaf::from_bytes(&leaf_bytes).expect("the leaf is whole");
                anew.salt = run.chance.bytes();
                leaf_bytes = anew.to_bytes();
            }
            if entry.void && run.fault != Fault::VoidLeaves {
                outgoing.push(Outgoing::Void {
                    number: *number,
                    leaf_hash: leaf_hash(&leaf_bytes),
                });
                continue;
            }
            run.truth.content_leaves(self.me, to, *number)?;
            let parcel = release_notice(notice(&entry.content, to), &recipient, rules)
                .map_err(|reason| reason.to_string())?;
            outgoing.push(Outgoing::Entry {
                leaf: leaf_bytes,
                parcel,
            });
        }
        Ok(outgoing)
    }

    /// The road broke off, and this side knows.
    pub(crate) fn road_failed(&mut self, to: usize, run: &Run) {
        if run.fault == Fault::DropsOnFailure {
            for number in std::mem::take(&mut self.sent[to]) {
                self.disk.with[to].log[usize::try_from(number).unwrap_or(0)].delivered = true;
            }
        }
        self.link(to).requeue_all();
    }

    /// Frames from a partner. `true`: the process lives, and answers.
    pub(crate) fn incoming(
        &mut self,
        from: usize,
        frames: &[&[u8]],
        time: Timestamp,
        run: &mut Run,
    ) -> Result<bool, String> {
        let mut batch = Batch::default();
        let mut seen = BTreeSet::new();
        for frame in frames {
            let me = self.me;
            let events = crate::arrival::handle(self.link(from), me, from, frame, run);
            for event in events {
                match event {
                    Event::Announced(announced) => {
                        self.announced(*announced, from, &mut batch, time, run);
                    }
                    event => self.sort(event, from, &mut batch, &mut seen, run)?,
                }
            }
        }
        let quiet = batch.deliveries.is_empty()
            && batch.acknowledged.is_empty()
            && batch.note.is_none()
            && batch.epochs.is_empty();
        if quiet {
            return Ok(true);
        }
        self.apply(from, batch, time, run)
    }

    fn announced(
        &mut self,
        announcement: Announcement,
        from: usize,
        batch: &mut Batch,
        time: Timestamp,
        run: &Run,
    ) {
        let payload = announcement.payload();
        let signed = run.keys.verifies(from, &payload, &announcement.signature);
        if !signed && run.fault != Fault::UnsignedAccepted {
            return;
        }
        let serial = announcement.manifest.first().copied().unwrap_or_default();
        let known = &mut self.disk.with[from].serial;
        *known = serial.max(*known);
        let current = item_key(from, *known);
        if announcement.key != current && run.fault != Fault::RevokedAccepted {
            return;
        }
        let stays = matches!(run.fault, Fault::RevokedEpochStays | Fault::RevokedAccepted);
        let link = self.link(from);
        link.end_revoked_epoch(|key| key != Some(current) && !stays);
        let Some(key) = run.keys.open(self.me, &announcement) else {
            return;
        };
        let now = self.now(time);
        let link = self.link(from);
        if crate::arrival::accept_epoch(link, &announcement, key, now, run.fault) {
            let digest = Digest::of(&payload);
            batch.epochs.push((serial, announcement.epoch, digest));
        }
    }

    fn sort(
        &mut self,
        event: Event,
        from: usize,
        batch: &mut Batch,
        seen: &mut BTreeSet<u64>,
        run: &mut Run,
    ) -> Found {
        match event {
            Event::Announced(_) => {}
            Event::Deliver(delivery) => {
                if seen.insert(delivery.number) || run.fault == Fault::NoDedupe {
                    batch.deliveries.push(*delivery);
                }
            }
            Event::Repeated { number, leaf_hash } => {
                let kept = self.disk.with[from].mirror.get(&number);
                if kept.is_some_and(|kept| *kept != leaf_hash) && run.truth.promises(from, self.me)
                {
                    return Err(format!("entry {number} came again as another"));
                }
            }
            Event::Acknowledged(ranges) => batch.acknowledged.extend(ranges.iter()),
            Event::Checkpoint(note) => batch.note = Some(note),
            // Nobody here asks for one.
            Event::Cosigned(_) => {}
        }
        Ok(())
    }

    /// Apply a batch in one transaction; the process may die at its beginning, its end, or find
    /// the disk full.
    fn apply(
        &mut self,
        from: usize,
        batch: Batch,
        time: Timestamp,
        run: &mut Run,
    ) -> Result<bool, String> {
        let numbers: Vec<u64> = batch.deliveries.iter().map(|one| one.number).collect();
        if !self.link(from).applied(&numbers) {
            return Err("an honest partner has too many gaps".to_owned());
        }
        self.lie_in_acknowledgement(from, &numbers, run);
        if run.weather && run.chance.percent(2) {
            match run.fault {
                // The answer is on its way before the commit that never comes.
                Fault::AckBeforeCommit => {
                    let link = self.link(from).state().clone();
                    self.crash();
                    let config = config(self.me, from, World::Operational);
                    self.links[from] = Some(Link::new(config, link));
                    return Ok(true);
                }
                Fault::AckWithoutContent => self.store_link(from),
                _ => {}
            }
            self.crash();
            return Ok(false);
        }
        if run.weather && run.chance.percent(2) {
            // The disk is full: the transaction fails, and the link in memory is forgotten.
            if run.fault != Fault::KeepsLinkAfterFailedCommit {
                self.links[from] = None;
                self.sent[from].clear();
            }
            return Ok(false);
        }
        let fates = self.commit(from, &batch, run)?;
        if run.fault != Fault::ContentWithoutState || run.chance.percent(50) {
            self.store_link(from);
        }
        let dies_between = run.fault == Fault::ReceiptAfterCommit && run.chance.percent(10);
        if !fates.is_empty() && !dies_between {
            self.append(
                from,
                &Content::Receipt(fates),
                Precedence::Priority,
                time,
                run,
            )?;
        }
        if dies_between || (run.weather && run.chance.percent(2)) {
            self.crash();
            return Ok(false);
        }
        Ok(true)
    }

    fn lie_in_acknowledgement(&mut self, from: usize, numbers: &[u64], run: &Run) {
        let Some(highest) = numbers.iter().max() else {
            return;
        };
        let lies = match run.fault {
            Fault::CumulativeAck => 0..=*highest,
            Fault::AckBeyondLog => highest + 1..=highest + 20,
            _ => return,
        };
        let lies: Vec<u64> = lies.collect();
        self.link(from).applied(&lies);
    }

    /// The transaction itself. What is said of each entry.
    fn commit(
        &mut self,
        from: usize,
        batch: &Batch,
        run: &mut Run,
    ) -> Result<Vec<(u64, Digest, Fate)>, String> {
        for (serial, epoch, digest) in &batch.epochs {
            run.truth
                .accepted(from, self.me, (*serial, *epoch), *digest)?;
        }
        for (low, high) in &batch.acknowledged {
            for (number, entry) in (0_u64..).zip(&mut self.disk.with[from].log) {
                if (*low..=*high).contains(&number) && !entry.delivered {
                    entry.delivered = true;
                    run.truth.acknowledged(self.me, from, number)?;
                }
            }
        }
        let mut fates = Vec::new();
        for delivery in &batch.deliveries {
            fates.extend(self.apply_one(from, delivery, run)?);
        }
        if let Some(note) = &batch.note {
            self.check_note(from, note, run)?;
        }
        Ok(fates)
    }

    fn apply_one(
        &mut self,
        from: usize,
        delivery: &Delivery,
        run: &mut Run,
    ) -> Result<Option<(u64, Digest, Fate)>, String> {
        let number = delivery.number;
        let (hash, content) = match &delivery.payload {
            Payload::Void { leaf_hash } => {
                if run.fault == Fault::DropsVoid {
                    return Ok(None);
                }
                let as_content = run.fault == Fault::VoidAsContent;
                run.truth.void_applied(from, self.me, number, as_content)?;
                (*leaf_hash, None)
            }
            Payload::Notice { bytes, .. } => (leaf_hash(&delivery.leaf_bytes), Some(bytes)),
            Payload::Item { .. } => return Err("nobody sends items here".to_owned()),
        };
        let kept = &mut self.disk.with[from];
        let times = kept.applied.entry(number).or_default();
        *times += 1;
        run.truth.applied(from, self.me, number, hash, *times)?;
        self.mirror(from, number, hash, run)?;
        let Some(bytes) = content else {
            return Ok(None);
        };
        self.disk.with[from].with_content.insert(number);
        let Some(content) = Content::read(bytes) else {
            return Err("content that nobody wrote".to_owned());
        };
        let fate = self.content(from, delivery, content, run)?;
        Ok(fate.map(|fate| (number, Digest::of(bytes), fate)))
    }

    /// Keep the partner's leaf, and grow the mirror's tree as far as there is no gap.
    fn mirror(&mut self, from: usize, number: u64, hash: Hash, run: &Run) -> Found {
        let kept = &mut self.disk.with[from];
        kept.mirror.entry(number).or_insert(hash);
        while let Some(next) = kept.mirror.get(&kept.mirror_tree.size()) {
            kept.mirror_tree.append(*next);
            let (size, root) = (kept.mirror_tree.size(), kept.mirror_tree.root());
            run.truth.mirrored(from, self.me, size, root)?;
        }
        Ok(())
    }

    fn check_note(&self, from: usize, note: &str, run: &Run) -> Found {
        let tree = &self.disk.with[from].mirror_tree;
        let (size, root) = note.split_once(' ').unwrap_or_default();
        let same_size = size == tree.size().to_string();
        if same_size && root != Digest(tree.root()).to_string() && run.truth.promises(from, self.me)
        {
            return Err("the partner states another root than its entries give".to_owned());
        }
        Ok(())
    }

    fn content(
        &mut self,
        from: usize,
        delivery: &Delivery,
        content: Content,
        run: &mut Run,
    ) -> Result<Option<Fate>, String> {
        Ok(match content {
            Content::Item { .. } => {
                let item = delivery.leaf.as_ref().map(|leaf| leaf.digest);
                let item = item.ok_or("an item without a leaf")?;
                let recalled = self.disk.tombstones.contains(&(item, from))
                    || self.noted.contains(&(item, from));
                let readable = self.disk.items.entry(item).or_insert(true);
                *readable &= !recalled;
                Some(if *readable {
                    Fate::Admitted
                } else {
                    Fate::Destroyed
                })
            }
            Content::Recall {
                by,
                item,
                at,
                item_at,
            } => {
                if by != from || (run.fault == Fault::OrderByClock && at <= item_at) {
                    return Ok(Some(Fate::Refused));
                }
                Some(self.recall(from, item, run)?)
            }
            Content::Receipt(fates) => {
                for (number, digest, fate) in fates {
                    let shift = u64::from(run.fault == Fault::ReceiptForNeighbour);
                    let index = usize::try_from(number + shift).unwrap_or(usize::MAX);
                    let entry = self.disk.with[from].log.get_mut(index);
                    let Some(entry) = entry else { continue };
                    if Digest::of(&entry.content) == digest || shift == 1 {
                        entry.fate = Some(fate);
                    }
                }
                None
            }
        })
    }

    fn recall(&mut self, from: usize, item: Digest, run: &Run) -> Result<Fate, String> {
        let known = self.disk.items.contains_key(&item);
        if !known {
            match run.fault {
                Fault::ForgetsRecall => {}
                Fault::RecallInMemory => drop(self.noted.insert((item, from))),
                _ => drop(self.disk.tombstones.insert((item, from))),
            }
            return Ok(Fate::Noted);
        }
        let is_its_own = run.truth.origin(&item) == Some(from);
        if !is_its_own && run.fault != Fault::ObeysStrangers {
            return Ok(Fate::Refused);
        }
        run.truth.destroyed(&item)?;
        self.disk.items.insert(item, false);
        Ok(Fate::Destroyed)
    }
}

fn leaf(
    number: u64,
    kind: EntryKind,
    precedence: Precedence,
    content: &[u8],
    at: Timestamp,
    run: &mut Run,
) -> Vec<u8> {
    let leaf = LogLeaf {
        number,
        kind,
        at,
        precedence,
        digest: Digest::of(content),
        salt: run.chance.bytes(),
    };
    leaf.to_bytes()
}

fn notice(content: &[u8], to: usize) -> Notice {
    let bytes = content.to_vec();
    match Content::read(content).map(|content| content.kind()) {
        Some(EntryKind::Recall) => Notice::Recall { bytes },
        Some(EntryKind::Receipt) => Notice::Receipt { bytes },
        _ => Notice::Document {
            bytes,
            parties: vec![node_id(to)],
        },
    }
}

fn recipient_and_rules(me: usize, to: usize) -> (Recipient, &'static Rules) {
    static RULES: OnceLock<[Rules; NODES]> = OnceLock::new();
    let nation = "JPN".parse().expect("a nation");
    let recipient = Recipient {
        node: node_id(to),
        nation,
        state: PeerState::Confirmed,
        world: World::Operational,
        knows_own_types: true,
    };
    let rules = RULES.get_or_init(|| {
        [0, 1, 2].map(|me| Rules {
            me: node_id(me),
            my_nation: nation,
            world: World::Operational,
            coalitions: Coalitions::default(),
            second_person_above: Threshold::default(),
            derivations: noroshi_gate::Derivations::default(),
        })
    });
    (recipient, &rules[me])
}
