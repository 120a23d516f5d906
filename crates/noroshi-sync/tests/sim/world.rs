//! The world of one seed: three nodes that share, void, recall and answer in bad weather; then the
//! road heals, and everything promised must come true within a bounded number of exchanges.

use std::collections::{BTreeMap, BTreeSet};

use noroshi_model::link::{EntryKind, Precedence};
use noroshi_model::{Digest, Timestamp, World as WorldName};
use noroshi_sync::{Announcement, Link, LinkState, Outgoing, Want};

use crate::chance::Chance;
use crate::checks::{Found, Truth};
use crate::content::Content;
use crate::faults::Fault;
use crate::keys::{Keys, Seal, frame_key};
use crate::node::{Disk, NODES, Node, Run, config};
use crate::road::{self, Road};

/// Steps of bad weather, of a tenth of a second each.
const WEATHER: u64 = 150;
/// Steps of a second after which a healed road must have delivered everything: the longest wait
/// before a retry is 32 seconds.
const HEALED: u64 = 100;
/// Exchanges that a pair may need in that time, both ways.
const EXCHANGES_MAX: u64 = 200;
/// A day, in microseconds.
const DAY: i64 = 86_400_000_000;

/// An item that was shared.
struct Shared {
    by: usize,
    digest: Digest,
    at: i64,
    /// To whom, under which number.
    with: Vec<(usize, u64)>,
}

struct World {
    run: Run,
    nodes: [Node; NODES],
    road: Road,
    step: u64,
    time: i64,
    trace: Trace,
    shared: Vec<Shared>,
    backup: Option<(usize, Disk)>,
    /// A thief of a node's item key: whose, who is deceived, and which epoch is announced.
    thief: Option<(usize, usize, u64)>,
    twin: Option<Vec<Vec<u8>>>,
    exchanges: BTreeMap<(usize, usize), u64>,
}

/// A digest of everything that happened, in order.
struct Trace(u64);

impl Trace {
    fn note(&mut self, bytes: &[u8]) {
        for part in bytes.chunks(8) {
            let mut eight = [0; 8];
            eight[..part.len()].copy_from_slice(part);
            let mixed = (self.0 ^ u64::from_le_bytes(eight)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
            self.0 = mixed ^ (mixed >> 32);
        }
    }
}

/// Run one seed. What broke, or the trace.
pub(crate) fn run(seed: u64, fault: Fault, seal: Seal) -> Result<u64, String> {
    let mut world = World::new(seed, fault, seal);
    world.weather()?;
    world.heal()?;
    world.settled()?;
    Ok(world.trace.0)
}

impl World {
    fn new(seed: u64, fault: Fault, seal: Seal) -> Self {
        let mut chance = Chance::new(seed);
        let road = Road::new(&mut chance, WEATHER);
        let keys = Keys::new(seal, &mut chance);
        let twin = chance.percent(20).then(|| twin(&mut chance));
        let thief = chance.percent(30).then(|| thief(&mut chance));
        Self {
            run: Run {
                fault,
                chance,
                keys,
                truth: Truth::default(),
                weather: true,
                other_world: BTreeMap::new(),
            },
            nodes: [Node::new(0), Node::new(1), Node::new(2)],
            road,
            step: 0,
            time: 1_790_000_000_000_000,
            trace: Trace(0xcbf2_9ce4_8422_2325),
            shared: Vec::new(),
            backup: None,
            thief,
            twin,
            exchanges: BTreeMap::new(),
        }
    }

    fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.time)
    }

    fn weather(&mut self) -> Found {
        while self.step < WEATHER {
            self.time += 100_000;
            self.something_happens()?;
            self.trouble()?;
            self.exchange(60)?;
        }
        Ok(())
    }

    fn heal(&mut self) -> Found {
        self.road.heal();
        self.run.weather = false;
        self.exchanges.clear();
        for _ in 0..HEALED {
            self.time += 1_000_000;
            self.exchange(100)?;
        }
        if let Some((pair, count)) = self.exchanges.iter().find(|(_, n)| **n > EXCHANGES_MAX) {
            return Err(format!("{pair:?} still talk after {count} exchanges"));
        }
        Ok(())
    }

    /// Share, void, recall.
    fn something_happens(&mut self) -> Found {
        if self.run.chance.percent(25) && self.step < WEATHER - 30 {
            self.share()?;
        }
        if self.run.chance.percent(4) {
            self.void();
        }
        if self.run.chance.percent(5) {
            self.recall()?;
        }
        Ok(())
    }

    fn share(&mut self) -> Found {
        let by = self.run.chance.index(NODES);
        let precedence = Precedence::ALL[self.run.chance.index(4)];
        let content = Content::Item {
            id: self.shared.len() as u64,
            padding: self.run.chance.index(900),
        };
        let digest = Digest::of(&content.to_bytes());
        let first = (by + 1 + self.run.chance.index(2)) % NODES;
        let mut to = vec![first];
        if self.run.chance.percent(30) {
            to.push(3 - by - first);
        }
        self.run.truth.made(digest, by);
        let mut with = Vec::new();
        for to in to {
            let now = self.now();
            let number = self.nodes[by].append(to, &content, precedence, now, &mut self.run)?;
            with.push((to, number));
        }
        let at = self.time + self.nodes[by].clock_off;
        self.shared.push(Shared {
            by,
            digest,
            at,
            with,
        });
        Ok(())
    }

    /// The gate stops an entry that is not acknowledged: it is voided.
    fn void(&mut self) {
        if self.shared.is_empty() {
            return;
        }
        let shared = &self.shared[self.run.chance.index(self.shared.len())];
        let (to, number) = shared.with[self.run.chance.index(shared.with.len())];
        let index = usize::try_from(number).unwrap_or(usize::MAX);
        let entry = self.nodes[shared.by].disk.with[to].log.get(index);
        if entry.is_some_and(|entry| !entry.delivered && !entry.void) {
            self.nodes[shared.by].void(to, number, &mut self.run);
        }
    }

    /// The originator takes an item back; now and then somebody tries who is not the originator.
    fn recall(&mut self) -> Found {
        if self.shared.is_empty() {
            return Ok(());
        }
        let shared = &self.shared[self.run.chance.index(self.shared.len())];
        let (item, item_at, owner) = (shared.digest, shared.at, shared.by);
        let is_liar = self.run.chance.percent(20);
        let (by, to) = if is_liar {
            let other = shared.with[0].0;
            (other, vec![(3 - owner - other, None)])
        } else {
            let holders = shared.with.iter().map(|(to, number)| (*to, Some(*number)));
            (owner, holders.collect())
        };
        if !is_liar {
            self.run.truth.recalled(item, by);
        }
        let at = self.time + self.nodes[by].clock_off;
        for (to, number) in to {
            if let Some(number) = number {
                let index = usize::try_from(number).unwrap_or(usize::MAX);
                let entry = self.nodes[by].disk.with[to].log.get(index);
                if entry.is_some_and(|entry| !entry.delivered) {
                    self.nodes[by].void(to, number, &mut self.run);
                }
            }
            let content = Content::Recall {
                by,
                item,
                at,
                item_at,
            };
            let now = self.now();
            let urgent = Precedence::Immediate;
            self.nodes[by].append(to, &content, urgent, now, &mut self.run)?;
        }
        Ok(())
    }

    /// Processes die, clocks jump, somebody restores a backup, and an exercise knocks at the door.
    fn trouble(&mut self) -> Found {
        let who = self.run.chance.index(NODES);
        if self.run.chance.percent(3) {
            self.nodes[who].crash();
        }
        if self.run.chance.percent(3) {
            let days = i64::try_from(self.run.chance.below(9)).unwrap_or(0) - 4;
            let part = i64::try_from(self.run.chance.below(60)).unwrap_or(0) * 1_000_000;
            self.nodes[who].clock_off += days * DAY + part;
        }
        if self.step == WEATHER / 3 && self.run.chance.percent(20) {
            self.backup = Some((who, self.nodes[who].disk.clone()));
        }
        if self.step == WEATHER / 3 * 2
            && let Some((who, disk)) = self.backup.take()
        {
            self.nodes[who].restore(disk, &mut self.run);
        }
        self.theft();
        if self.step == WEATHER / 2
            && let Some(frames) = self.twin.take()
        {
            self.road
                .send(self.step, 0, 1, frames, &mut self.run.chance);
        }
        Ok(())
    }

    /// Somebody has stolen an item key and announces an epoch with it; the key is replaced and
    /// revoked; the thief tries again.
    fn theft(&mut self) {
        let Some((owner, deceived, epoch)) = self.thief else {
            return;
        };
        if self.step == WEATHER / 10 * 7 {
            self.nodes[owner].rotate();
        }
        let before = self.step == WEATHER / 2;
        if !before && self.step != WEATHER / 10 * 8 {
            return;
        }
        let (run, now) = (&mut self.run, Timestamp::from_micros(self.time));
        let (encapsulation, _) =
            run.keys
                .encapsulated(owner, deceived, epoch, Fault::None, &mut run.chance);
        let thief = if before {
            self.nodes[owner].announcement(deceived, epoch, now, encapsulation, &run.keys)
        } else {
            // With the key it has, which is revoked by now.
            Node::new(owner).announcement(deceived, epoch, now, encapsulation, &run.keys)
        };
        let mut link = Link::new(
            config(owner, deceived, WorldName::Operational),
            LinkState::default(),
        );
        link.begin_epoch(&thief, frame_key(&[9; 32]));
        let frames = link.announcement_frame().into_iter().collect();
        self.road
            .send(self.step, owner, deceived, frames, &mut run.chance);
    }

    /// One step of the road: who has something to say says it, and what arrives is taken.
    fn exchange(&mut self, percent: u64) -> Found {
        for from in 0..NODES {
            for to in (0..NODES).filter(|to| *to != from) {
                // In good weather only what is promised anything is looked at.
                let looked_at = self.run.weather || self.run.truth.promises(from, to);
                if looked_at && self.run.chance.percent(percent) {
                    self.send(from, to)?;
                }
            }
        }
        for one in self.road.arriving(self.step) {
            self.trace.note(&one.body);
            self.trace
                .note(&[u8::try_from(one.from * NODES + one.to).unwrap_or(0)]);
            let frames = road::frames(&one.body);
            let now = self.now();
            let node = &mut self.nodes[one.to];
            if node.incoming(one.from, &frames, now, &mut self.run)? {
                self.send(one.to, one.from)?;
            }
        }
        self.step += 1;
        Ok(())
    }

    fn send(&mut self, from: usize, to: usize) -> Found {
        let now = self.now();
        let frames = self.nodes[from].outgoing(to, now, &mut self.run)?;
        if frames.is_empty() {
            return Ok(());
        }
        let pair = (from.min(to), from.max(to));
        if self.run.truth.promises(from, to) {
            *self.exchanges.entry(pair).or_default() += 1;
        }
        let chance = &mut self.run.chance;
        let arrived = self.road.send(self.step, from, to, frames, chance);
        // A caller learns that its exchange failed; who only answers does not.
        if !arrived && self.run.chance.percent(30) {
            self.nodes[from].road_failed(to, &self.run);
        }
        Ok(())
    }

    /// Everything that was promised has come true, and nobody has anything left to say.
    fn settled(&mut self) -> Found {
        for from in 0..NODES {
            for to in (0..NODES).filter(|to| *to != from) {
                if self.run.truth.promises(from, to) {
                    self.settled_between(from, to)?;
                }
            }
        }
        // A day later all are as silent as now.
        self.time += DAY;
        for from in 0..NODES {
            for to in (0..NODES).filter(|to| *to != from) {
                let now = self.now();
                let frames = self.nodes[from].outgoing(to, now, &mut self.run)?;
                if self.run.truth.promises(from, to) && !frames.is_empty() {
                    return Err(format!("{from}>{to}: the link does not fall silent"));
                }
            }
        }
        self.recalls_have_won()
    }

    fn settled_between(&self, from: usize, to: usize) -> Found {
        let log = &self.nodes[from].disk.with[to].log;
        let there = &self.nodes[to].disk.with[from];
        for (number, entry) in (0_u64..).zip(log) {
            let times = there.applied.get(&number).copied().unwrap_or(0);
            if times != 1 || !entry.delivered {
                let delivered = entry.delivered;
                return Err(format!(
                    "{from}>{to}: entry {number} applied {times} times, acknowledged: {delivered}"
                ));
            }
            let kind = Content::read(&entry.content).map(|content| content.kind());
            let is_answered = entry.fate.is_some() || kind == Some(EntryKind::Receipt);
            if there.with_content.contains(&number) && !is_answered {
                return Err(format!(
                    "{from}>{to}: entry {number} was never answered for"
                ));
            }
        }
        if there.mirror_tree.size() != log.len() as u64 {
            return Err(format!("{from}>{to}: the mirror is shorter than the log"));
        }
        Ok(())
    }

    fn recalls_have_won(&self) -> Found {
        for shared in &self.shared {
            if !self.run.truth.is_recalled(&shared.digest, shared.by) {
                continue;
            }
            let holders: BTreeSet<usize> = shared.with.iter().map(|(to, _)| *to).collect();
            for to in holders {
                let readable = self.nodes[to].disk.items.get(&shared.digest) == Some(&true);
                if readable && self.run.truth.promises(shared.by, to) {
                    return Err(format!("{to} still reads an item that was recalled"));
                }
            }
        }
        Ok(())
    }
}

/// Whose key is stolen, who is deceived, and the epoch that is announced: the next but a few, as
/// high as is taken, or as high as can be written.
fn thief(chance: &mut Chance) -> (usize, usize, u64) {
    let owner = chance.index(NODES);
    let deceived = (owner + 1 + chance.index(2)) % NODES;
    let epochs = [
        20,
        noroshi_sync::epoch_of_second(1_790_000_000 + 300 * 86_400),
        (1 << 53) - 1,
    ];
    (owner, deceived, epochs[chance.index(epochs.len())])
}

/// Frames of an exercise between the same two nodes, as they would come by mistake.
fn twin(chance: &mut Chance) -> Vec<Vec<u8>> {
    let mut link = Link::new(config(0, 1, WorldName::Exercise), LinkState::default());
    let now = Timestamp::from_micros(0);
    assert_eq!(link.poll(now), Some(Want::Epoch), "a new link");
    let key: [u8; 32] = chance.bytes();
    let announcement = Announcement {
        world: WorldName::Exercise,
        from: crate::node::node_id(0),
        to: crate::node::node_id(1),
        epoch: 1000,
        at: now,
        manifest: Vec::new(),
        manifest_signature: [0; 64],
        sealing_key: noroshi_model::KeyId::of(&[1]),
        encapsulation: key.to_vec(),
        key: noroshi_model::KeyId::of(b"item key"),
        signature: [0; 64],
    };
    link.begin_epoch(&announcement, frame_key(&key));
    let void = Outgoing::Void {
        number: 0,
        leaf_hash: chance.bytes(),
    };
    let mut frames = link
        .frame_entries(vec![void], None, now)
        .expect("a void entry can be framed");
    frames.insert(0, link.announcement_frame().expect("it is not known yet"));
    frames
}
