//! Two links over a road that loses, doubles and reorders, with crashes at any point. Seeded: the
//! same seed gives the same run, and a failing seed is printed.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::collections::{BTreeMap, BTreeSet};

use noroshi_gate::{Axes, Notice, PeerState, Recipient, Rules, Threshold, release_notice};
use noroshi_model::link::{EntryKind, LogLeaf, Precedence};
use noroshi_model::{Digest, KeyId, NodeId, Timestamp, World};
use noroshi_seal::sealing::{FrameKey, SealingKey, decapsulate, encapsulate};
use noroshi_sync::{
    Announcement, Config, Event, FrameError, Link, LinkState, Outgoing, Payload, Want,
};
use proptest::prelude::*;

/// A small generator (xorshift64*): enough for choosing faults, and the same everywhere.
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    fn below(&mut self, most: u64) -> u64 {
        self.next() % most
    }

    fn percent(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }
}

/// Faults planted in the harness, each of which the checks must find.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Planted {
    None,
    /// The receiver acknowledges before it has stored.
    AckBeforeCommit,
    /// The receiver applies what it has applied before.
    NoDedupe,
    /// The sender forgets what it has sent.
    NoRetry,
    /// The receiver applies a void entry as if it had content.
    VoidApplied,
}

fn node(byte: u8) -> NodeId {
    NodeId::from_bytes([byte; 32])
}

fn config(me: u8, peer: u8) -> Config {
    Config {
        world: World::Operational,
        me: node(me),
        peer: node(peer),
        frame_bytes_max: 4096,
        received_bytes_max: 1 << 20,
        entries_max: 8,
        in_flight_bytes_max: 16 * 1024,
        retry_after_ms: 500,
    }
}

/// One side with its durable and its volatile part.
struct Side {
    config: Config,
    link: Link,
    durable: LinkState,
    /// What the entries of this side's log say, by number.
    log: BTreeMap<u64, (Precedence, Vec<u8>, bool)>,
    acknowledged: BTreeSet<u64>,
    /// What this side has applied durably: number and how often.
    applied: BTreeMap<u64, u32>,
    order: Vec<u64>,
}

impl Side {
    fn new(config: Config) -> Self {
        Self {
            config,
            link: Link::new(config, LinkState::default()),
            durable: LinkState::default(),
            log: BTreeMap::new(),
            acknowledged: BTreeSet::new(),
            applied: BTreeMap::new(),
            order: Vec::new(),
        }
    }

    fn crash(&mut self) {
        self.link = Link::new(self.config, self.durable.clone());
        for (number, (precedence, ..)) in &self.log {
            if !self.acknowledged.contains(number) {
                self.link.queue(*number, *precedence);
            }
        }
    }

    fn begin_epoch(&mut self, sealing: &[u8], at: Timestamp) {
        let (from, to) = (self.config.me, self.config.peer);
        let epoch = self.link.next_epoch();
        let context = Announcement::key_context(World::Operational, &from, &to, epoch);
        let (encapsulation, key) = encapsulate(sealing, &context).unwrap();
        let announcement = Announcement {
            world: World::Operational,
            from,
            to,
            epoch,
            at,
            manifest: b"manifest".to_vec(),
            manifest_signature: [0; 64],
            sealing_key: KeyId::of(sealing),
            encapsulation,
            key: KeyId::of(b"item key"),
            signature: [0; 64],
        };
        self.link.begin_epoch(&announcement, key);
        self.durable = self.link.state().clone();
    }

    fn send(&mut self, sealing: &[u8], now: Timestamp, planted: Planted) -> Vec<Vec<u8>> {
        let mut frames = Vec::new();
        for _ in 0..4 {
            match self.link.poll(now) {
                None => break,
                Some(Want::Epoch) => self.begin_epoch(sealing, now),
                Some(Want::Ack) => {
                    frames.extend(self.link.frame_entries(Vec::new(), None, now).unwrap());
                    break;
                }
                Some(Want::Entries(numbers)) => {
                    let entries = numbers
                        .iter()
                        .map(|number| self.outgoing(*number))
                        .collect();
                    frames.extend(self.link.frame_entries(entries, None, now).unwrap());
                    if planted == Planted::NoRetry {
                        self.acknowledged.extend(&numbers);
                    }
                }
            }
        }
        if !frames.is_empty()
            && let Some(announcement) = self.link.announcement_frame()
        {
            frames.insert(0, announcement);
        }
        frames
    }

    fn outgoing(&self, number: u64) -> Outgoing {
        let (precedence, bytes, is_void) = &self.log[&number];
        let leaf = LogLeaf {
            number,
            kind: EntryKind::Receipt,
            at: Timestamp::from_micros(0),
            precedence: *precedence,
            digest: Digest::of(bytes),
            salt: [0; 16],
        };
        if *is_void {
            return Outgoing::Void {
                number,
                leaf_hash: [0; 32],
            };
        }
        let to = Recipient {
            node: self.config.peer,
            nation: "JPN".parse().unwrap(),
            state: PeerState::Confirmed,
            world: World::Operational,
        };
        let rules = Rules {
            me: self.config.me,
            my_nation: "USA".parse().unwrap(),
            world: World::Operational,
            axes: Axes::builtin(),
            second_person_above: Threshold::default(),
        };
        let notice = Notice::Receipt {
            bytes: bytes.clone(),
        };
        Outgoing::Entry {
            leaf: leaf.to_bytes(),
            parcel: release_notice(notice, &to, &rules).unwrap(),
        }
    }

    /// Take a frame; crash where chance says so, between handling, storing and acknowledging.
    fn take(&mut self, frame: &[u8], key: &SealingKey, chance: &mut Chance, planted: Planted) {
        let events = match self.link.handle(frame) {
            Ok(events) => events,
            // Late frames of an epoch that is over: the road reorders.
            Err(FrameError::OtherEpoch { .. } | FrameError::EpochRolledBack { .. }) => return,
            Err(error) => panic!("an honest peer's frame was refused: {error}"),
        };
        if chance.percent(2) {
            self.crash();
            return;
        }
        let mut numbers = Vec::new();
        for event in events {
            match event {
                Event::Announced(announcement) => {
                    let context = Announcement::key_context(
                        World::Operational,
                        &announcement.from,
                        &announcement.to,
                        announcement.epoch,
                    );
                    let opened: FrameKey =
                        decapsulate(key, &announcement.encapsulation, &context).unwrap();
                    self.link.accept_epoch(&announcement, opened);
                    self.durable = self.link.state().clone();
                }
                Event::Deliver(delivery) => {
                    if numbers.contains(&delivery.number) && planted != Planted::NoDedupe {
                        continue;
                    }
                    numbers.push(delivery.number);
                    let is_void = matches!(delivery.payload, Payload::Void { .. });
                    if !is_void || planted == Planted::VoidApplied {
                        self.order.push(delivery.number);
                    }
                }
                Event::Acknowledged(ranges) => {
                    let known: Vec<u64> = self
                        .log
                        .keys()
                        .copied()
                        .filter(|n| ranges.contains(*n))
                        .collect();
                    self.acknowledged.extend(known);
                }
                Event::Repeated { .. } | Event::Checkpoint(_) => {}
            }
        }
        let fresh: Vec<u64> = numbers;
        assert!(self.link.applied(&fresh));
        if planted == Planted::AckBeforeCommit && chance.percent(20) {
            // Acknowledged in memory and on the road, then lost.
            self.durable = self.link.state().clone();
            return;
        }
        for number in &fresh {
            *self.applied.entry(*number).or_default() += 1;
        }
        self.durable = self.link.state().clone();
        if planted == Planted::NoDedupe && chance.percent(10) {
            self.durable.applied = noroshi_sync::Ranges::new();
            self.crash();
        }
        if chance.percent(2) {
            self.crash();
        }
    }
}

/// Run one seed. What broke, or a digest of the run.
fn run(seed: u64, planted: Planted) -> Result<Digest, String> {
    let mut chance = Chance(seed.wrapping_mul(2) + 1);
    let keys = [
        SealingKey::generate().unwrap(),
        SealingKey::generate().unwrap(),
    ];
    let mut sides = [Side::new(config(1, 2)), Side::new(config(2, 1))];
    let (loss, double) = (chance.below(30), chance.below(30));
    let mut road: Vec<(u64, usize, Vec<u8>)> = Vec::new();
    let mut trace = Vec::new();
    let total = [20 + chance.below(30), chance.below(20)];
    let mut queued = [0_u64, 0];
    for step in 0..4000_u64 {
        let now = Timestamp::from_micros(i64::try_from(step).unwrap() * 100_000);
        for from in 0..2 {
            if queued[from] < total[from] && chance.percent(30) {
                let number = queued[from];
                let precedence = Precedence::ALL[usize::try_from(chance.below(4)).unwrap()];
                let size = usize::try_from(chance.below(600)).unwrap();
                let is_void = chance.percent(5);
                sides[from]
                    .log
                    .insert(number, (precedence, vec![7; size], is_void));
                sides[from].link.queue(number, precedence);
                queued[from] += 1;
            }
            let public = keys[1 - from].public();
            for frame in sides[from].send(&public, now, planted) {
                for _ in 0..=u64::from(chance.percent(double)) {
                    if !chance.percent(loss) {
                        road.push((step + 1 + chance.below(20), 1 - from, frame.clone()));
                    }
                }
            }
        }
        let due: Vec<_> = road
            .iter()
            .filter(|(at, ..)| *at <= step)
            .cloned()
            .collect();
        road.retain(|(at, ..)| *at > step);
        for (_, to, frame) in due {
            sides[to].take(&frame, &keys[to], &mut chance, planted);
            trace.push(u8::try_from(to).unwrap());
            trace.extend_from_slice(&(frame.len() as u64).to_be_bytes());
        }
        let all_queued = queued == total;
        let settled = (0..2).all(|s| sides[s].acknowledged.len() as u64 == total[s]);
        if all_queued && settled {
            break;
        }
    }
    for from in 0..2 {
        let receiver = &sides[1 - from];
        for (number, (_, _, is_void)) in &sides[from].log {
            let times = receiver.applied.get(number).copied().unwrap_or(0);
            let acknowledged = sides[from].acknowledged.contains(number);
            if times != 1 {
                return Err(format!(
                    "entry {number} was applied {times} times, acknowledged: {acknowledged}"
                ));
            }
            if !acknowledged {
                return Err(format!("entry {number} was never acknowledged"));
            }
            if *is_void && receiver.order.contains(number) {
                return Err(format!("void entry {number} was taken for content"));
            }
        }
    }
    Ok(Digest::of(&trace))
}

/// Clause: I4a, C2
#[test]
fn everything_queued_is_applied_once_and_acknowledged_after_it_whatever_the_road_does() {
    let seeds = if std::env::var_os("RUN_SLOW_TESTS").is_some() {
        20_000
    } else {
        400
    };
    for seed in 0..seeds {
        if let Err(broken) = run(seed, Planted::None) {
            panic!("seed {seed}: {broken}");
        }
    }
}

#[test]
fn the_checks_find_every_planted_fault() {
    for planted in [
        Planted::AckBeforeCommit,
        Planted::NoDedupe,
        Planted::NoRetry,
        Planted::VoidApplied,
    ] {
        let found = (0..60).any(|seed| run(seed, planted).is_err());
        assert!(found, "{planted:?} was not found in 60 seeds");
    }
}

#[test]
fn the_same_seed_gives_the_same_run() {
    for seed in 0..10 {
        assert_eq!(
            run(seed, Planted::None),
            run(seed, Planted::None),
            "seed {seed}"
        );
    }
}

/// Clause: I4a
#[test]
fn flash_goes_before_everything_that_waits() {
    let key = SealingKey::generate().unwrap();
    let mut side = Side::new(config(1, 2));
    for number in 0..1000 {
        side.log
            .insert(number, (Precedence::Routine, vec![1; 500], false));
        side.link.queue(number, Precedence::Routine);
    }
    let now = Timestamp::from_micros(0);
    assert!(!side.send(&key.public(), now, Planted::None).is_empty());
    side.log.insert(1000, (Precedence::Flash, vec![2], false));
    side.link.queue(1000, Precedence::Flash);
    let Some(Want::Entries(next)) = side.link.poll(now) else {
        panic!("nothing to send")
    };
    assert_eq!(next.first(), Some(&1000));
}

#[test]
fn a_rolled_back_or_cloned_peer_is_refused() {
    let key = SealingKey::generate().unwrap();
    let at = Timestamp::from_micros(0);
    let mut receiver = Link::new(config(2, 1), LinkState::default());
    let announce = |state: LinkState| {
        let mut side = Side::new(config(1, 2));
        side.link = Link::new(config(1, 2), state);
        side.begin_epoch(&key.public(), at);
        side.link.announcement_frame().unwrap()
    };
    let accept = |receiver: &mut Link, frame: &[u8]| {
        let Event::Announced(announcement) = receiver.handle(frame).unwrap().remove(0) else {
            panic!("no announcement")
        };
        let opened = FrameKey::from_bytes(&[1; 32]).unwrap();
        receiver.accept_epoch(&announcement, opened);
    };
    let fifth = LinkState {
        sending_epoch: 4,
        ..LinkState::default()
    };
    accept(&mut receiver, &announce(fifth.clone()));
    let back = receiver.handle(&announce(LinkState::default()));
    assert_eq!(
        back,
        Err(FrameError::EpochRolledBack {
            given: 1,
            current: 5
        })
    );
    assert_eq!(
        receiver.handle(&announce(fifth)),
        Err(FrameError::EpochForked(5))
    );
}

/// What a side's acknowledgement comes to at the other, given what it has applied of whose life.
fn acknowledged_by(sender: &mut Side, heard: &LinkState) -> Vec<(u64, u64)> {
    let key = SealingKey::generate().unwrap();
    let at = Timestamp::from_micros(0);
    let mut receiver = Side::new(config(2, 1));
    let next = sender.link.state().peer_epoch;
    receiver.link = Link::new(
        config(2, 1),
        LinkState {
            sending_epoch: next,
            ..heard.clone()
        },
    );
    receiver.begin_epoch(&key.public(), at);
    let announced = receiver.link.announcement_frame().unwrap();
    let mut chance = Chance(1);
    sender.take(&announced, &key, &mut chance, Planted::None);
    let told = receiver.link.frame_entries(Vec::new(), None, at).unwrap();
    let events = sender.link.handle(&told[0]).unwrap();
    let ranges = events.into_iter().filter_map(|event| match event {
        Event::Acknowledged(ranges) => Some(ranges.iter().collect::<Vec<_>>()),
        _ => None,
    });
    ranges.flatten().collect()
}

/// Clause: I4a
#[test]
fn an_acknowledgement_counts_for_its_own_epoch_and_for_what_was_sent_in_it() {
    let key = SealingKey::generate().unwrap();
    let at = Timestamp::from_micros(0);
    let mut sender = Side::new(config(1, 2));
    for number in 0..20 {
        let entry = (Precedence::Routine, vec![1; 50], false);
        sender.log.insert(number, entry);
        sender.link.queue(number, Precedence::Routine);
    }
    sender.begin_epoch(&key.public(), at);
    let announced = sender.link.announcement_frame().unwrap();
    let Some(Want::Entries(first)) = sender.link.poll(at) else {
        panic!("nothing to send")
    };
    let entries = first.iter().map(|number| sender.outgoing(*number));
    let entries = entries.collect();
    sender.link.frame_entries(entries, None, at).unwrap();
    let mut applied = noroshi_sync::Ranges::new();
    assert!(applied.insert(0, 19));
    let digest = Digest::of(&announced[noroshi_sync::HEADER_BYTES..]).0;
    let heard = |epoch, digest| LinkState {
        peer_epoch: epoch,
        peer_announcement: Some(digest),
        applied: applied.clone(),
        ..LinkState::default()
    };
    // It knows another life of the sender, that began its first epoch too; or an earlier epoch.
    assert_eq!(acknowledged_by(&mut sender, &heard(1, [9; 32])), []);
    assert_eq!(acknowledged_by(&mut sender, &heard(0, digest)), []);
    assert_eq!(sender.link.backlog(), 20);
    // It knows this one: what waits and was never sent in it is not acknowledged.
    let told = acknowledged_by(&mut sender, &heard(1, digest));
    assert_eq!(told, [(0, first.len() as u64 - 1)]);
    assert_eq!(sender.link.backlog(), 20 - first.len());
}

proptest! {
    #[test]
    fn no_frame_of_a_stranger_panics_or_delivers(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let mut link = Link::new(config(2, 1), LinkState::default());
        prop_assert!(link.handle(&bytes).is_err());
    }

    #[test]
    fn a_changed_byte_is_refused(at in any::<prop::sample::Index>(), bit in 0_u8..8) {
        let key = SealingKey::generate().unwrap();
        let mut side = Side::new(config(1, 2));
        side.log.insert(0, (Precedence::Routine, vec![9; 50], false));
        side.link.queue(0, Precedence::Routine);
        let mut frames = side.send(&key.public(), Timestamp::from_micros(0), Planted::None);
        let mut other = Side::new(config(2, 1));
        let mut chance = Chance(1);
        other.take(&frames[0], &key, &mut chance, Planted::None);
        let at = at.index(frames[1].len());
        frames[1][at] ^= 1 << bit;
        prop_assert!(other.link.handle(&frames[1]).is_err());
    }

    #[test]
    fn a_number_taken_out_of_ranges_is_out_and_all_others_stay(
        parts in prop::collection::vec((0_u64..100, 0_u64..20), 0..20),
        out in 0_u64..120,
    ) {
        let mut ranges = noroshi_sync::Ranges::new();
        for (from, length) in &parts {
            ranges.insert(*from, from + length);
        }
        let before = ranges.clone();
        prop_assert!(ranges.remove(out));
        prop_assert!(ranges.is_well_formed());
        for number in 0..130 {
            prop_assert_eq!(ranges.contains(number), number != out && before.contains(number));
        }
    }

    #[test]
    fn ranges_join_in_any_order_and_any_number_of_times(
        mut parts in prop::collection::vec((0_u64..200, 0_u64..20), 0..40),
    ) {
        let join = |parts: &[(u64, u64)]| {
            let mut ranges = noroshi_sync::Ranges::new();
            for (from, length) in parts {
                ranges.insert(*from, from + length);
            }
            ranges
        };
        let once = join(&parts);
        let doubled: Vec<_> = parts.iter().chain(&parts).copied().collect();
        prop_assert_eq!(&once, &join(&doubled));
        parts.reverse();
        prop_assert_eq!(&once, &join(&parts));
        prop_assert!(once.is_well_formed());
        for number in 0..250 {
            let inside = parts.iter().any(|(from, length)| (*from..=from + length).contains(&number));
            prop_assert_eq!(once.contains(number), inside);
        }
    }
}
