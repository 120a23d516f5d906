//! Laws of one link that need no seed: flash goes first, a peer that was rolled back or cloned is
//! refused, an acknowledgement counts for its own epoch, whatever is changed on the way is refused,
//! ranges join in any order.

use noroshi_model::link::Precedence;
use noroshi_model::{Digest, KeyId, Timestamp, World};
use noroshi_sync::{
    Announcement, Event, FrameError, HEADER_BYTES, Link, LinkState, Outgoing, Ranges, Want,
    epoch_of_second,
};
use proptest::prelude::*;

use crate::keys::frame_key;
use crate::node::{config, node_id};

const EPOCH_KEY: [u8; 32] = [7; 32];
const BEGINNING: i64 = 1_790_000_000_000_000;

fn at() -> Timestamp {
    Timestamp::from_micros(BEGINNING)
}

/// One end of the link between nodes 0 and 1. Its entries are void, and its epochs have one key.
struct End {
    me: usize,
    link: Link,
    /// Which life of the node it is: it stands in the announcement.
    life: u8,
}

impl End {
    fn new(me: usize, state: LinkState) -> Self {
        let config = config(me, 1 - me, World::Operational);
        Self {
            me,
            link: Link::new(config, state),
            life: 1,
        }
    }

    /// Begin an epoch; the frame that announces it.
    fn begin_epoch(&mut self) -> Vec<u8> {
        let announcement = Announcement {
            world: World::Operational,
            from: node_id(self.me),
            to: node_id(1 - self.me),
            epoch: self.link.next_epoch(),
            at: at(),
            manifest: vec![self.life],
            manifest_signature: [0; 64],
            sealing_key: KeyId::of(b"sealing key"),
            encapsulation: b"encapsulation".to_vec(),
            key: KeyId::of(b"item key"),
            signature: [0; 64],
        };
        self.link.begin_epoch(&announcement, frame_key(&EPOCH_KEY));
        self.link.announcement_frame().unwrap()
    }

    fn accept(&mut self, frame: &[u8]) {
        let Event::Announced(announcement) = self.link.handle(frame).unwrap().remove(0) else {
            panic!("no announcement")
        };
        let accepted = self
            .link
            .accept_epoch(&announcement, frame_key(&EPOCH_KEY), at());
        accepted.unwrap();
    }

    /// Why an announcement is not accepted.
    fn refuse(&mut self, frame: &[u8]) -> FrameError {
        let Event::Announced(announcement) = self.link.handle(frame).unwrap().remove(0) else {
            panic!("no announcement")
        };
        let accepted = self
            .link
            .accept_epoch(&announcement, frame_key(&EPOCH_KEY), at());
        accepted.unwrap_err()
    }

    /// What is next, and its frames.
    fn send(&mut self) -> (Vec<u64>, Vec<Vec<u8>>) {
        let Some(Want::Entries(numbers)) = self.link.poll(at()) else {
            panic!("nothing to send")
        };
        let void = |number: &u64| Outgoing::Void {
            number: *number,
            leaf_hash: Digest::of(&number.to_be_bytes()).0,
        };
        let entries = numbers.iter().map(void).collect();
        let frames = self.link.frame_entries(entries, None, at()).unwrap();
        (numbers, frames)
    }
}

/// Clause: I4a
#[test]
fn flash_goes_before_everything_that_waits() {
    let mut sender = End::new(0, LinkState::default());
    sender.begin_epoch();
    for number in 0..1000 {
        sender.link.queue(number, Precedence::Routine);
    }
    assert!(!sender.send().1.is_empty());
    sender.link.queue(1000, Precedence::Flash);
    let Some(Want::Entries(next)) = sender.link.poll(at()) else {
        panic!("nothing to send")
    };
    assert_eq!(next.first(), Some(&1000));
}

/// Clause: I4a
#[test]
fn a_road_that_lost_all_it_could_hold_is_tried_again_and_a_clock_set_back_delays_nothing() {
    let mut sender = End::new(0, LinkState::default());
    sender.begin_epoch();
    for number in 0..1000 {
        sender.link.queue(number, Precedence::Routine);
    }
    let mut sent = 0;
    while matches!(sender.link.poll(at()), Some(Want::Entries(_))) {
        sent += sender.send().0.len();
    }
    assert!(sent < 1000, "the road has no room for all");
    for later_us in [3_600_000_000, -3_600_000_000] {
        let then = Timestamp::from_micros(BEGINNING + later_us);
        let Some(Want::Entries(next)) = sender.link.poll(then) else {
            panic!("what was lost is not sent again")
        };
        assert_eq!(next.first(), Some(&0));
    }
}

#[test]
fn a_rolled_back_or_cloned_peer_is_refused() {
    let mut receiver = End::new(1, LinkState::default());
    let announced = |sending_epoch, life| {
        let state = LinkState {
            sending_epoch,
            ..LinkState::default()
        };
        let mut sender = End::new(0, state);
        sender.life = life;
        sender.begin_epoch()
    };
    receiver.accept(&announced(4, 1));
    let back = FrameError::EpochRolledBack {
        given: 1,
        current: 5,
    };
    assert_eq!(receiver.refuse(&announced(0, 1)), back);
    // The same epoch announced with other bytes: two lives of one node.
    let forked = receiver.refuse(&announced(4, 2));
    assert_eq!(forked, FrameError::EpochForked(5));
    assert_eq!(receiver.link.handle(&announced(4, 1)), Ok(Vec::new()));
}

/// Issue 2: a thief of keys announces as high as it can; then the keys are revoked.
///
/// Clause: I5
#[test]
fn no_epoch_is_far_ahead_of_the_time_and_a_revoked_one_is_followed_by_any() {
    let announced = |sending_epoch| {
        let state = LinkState {
            sending_epoch,
            ..LinkState::default()
        };
        End::new(0, state).begin_epoch()
    };
    let mut receiver = End::new(1, LinkState::default());
    let next_year = epoch_of_second(BEGINNING / 1_000_000 + 365 * 86_400);
    let over = epoch_of_second(BEGINNING / 1_000_000 + 367 * 86_400);
    for ahead in [over, (1 << 53) - 2] {
        let refused = receiver.refuse(&announced(ahead));
        assert!(matches!(refused, FrameError::EpochAhead { .. }));
    }
    receiver.accept(&announced(next_year));
    let locked_out = receiver.refuse(&announced(7));
    assert!(matches!(locked_out, FrameError::EpochRolledBack { .. }));
    receiver
        .link
        .end_revoked_epoch(|key| key != Some(KeyId::of(b"item key")));
    assert_eq!(receiver.refuse(&announced(7)), locked_out);
    receiver
        .link
        .end_revoked_epoch(|key| key == Some(KeyId::of(b"item key")));
    // A process that starts here anew knows it as well.
    let state = LinkState::from_bytes(&receiver.link.state().to_bytes()).unwrap();
    let mut receiver = End::new(1, state);
    receiver.accept(&announced(7));
    assert!(matches!(
        receiver.refuse(&announced(6)),
        FrameError::EpochRolledBack { .. }
    ));
}

/// What an acknowledgement comes to at the sender, told by a peer with that state.
fn acknowledged_by(sender: &mut End, heard: &LinkState) -> Vec<(u64, u64)> {
    let state = LinkState {
        sending_epoch: sender.link.state().peer_epoch,
        ..heard.clone()
    };
    let mut receiver = End::new(1, state);
    sender.accept(&receiver.begin_epoch());
    let told = receiver.link.frame_entries(Vec::new(), None, at()).unwrap();
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
    let mut sender = End::new(0, LinkState::default());
    for number in 0..20 {
        sender.link.queue(number, Precedence::Routine);
    }
    let announced = sender.begin_epoch();
    let (first, _) = sender.send();
    let mut applied = Ranges::new();
    assert!(applied.insert(0, 19));
    let digest = Digest::of(&announced[HEADER_BYTES..]).0;
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

/// Clause: I5
#[test]
fn a_number_that_no_ledger_can_hold_is_refused() {
    for (number, is_taken) in [(1 << 53, false), (u64::MAX, false), ((1 << 53) - 1, true)] {
        let mut sender = End::new(0, LinkState::default());
        let mut receiver = End::new(1, LinkState::default());
        receiver.accept(&sender.begin_epoch());
        let void = Outgoing::Void {
            number,
            leaf_hash: [1; 32],
        };
        let frames = sender.link.frame_entries(vec![void], None, at()).unwrap();
        assert_eq!(receiver.link.handle(&frames[0]).is_ok(), is_taken);
    }
}

proptest! {
    #[test]
    fn no_frame_of_a_stranger_panics_or_delivers(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let mut receiver = End::new(1, LinkState::default());
        prop_assert!(receiver.link.handle(&bytes).is_err());
    }

    #[test]
    fn a_changed_byte_is_refused(at in any::<prop::sample::Index>(), bit in 0_u8..8) {
        let mut sender = End::new(0, LinkState::default());
        let mut receiver = End::new(1, LinkState::default());
        receiver.accept(&sender.begin_epoch());
        sender.link.queue(0, Precedence::Routine);
        let mut frame = sender.send().1.remove(0);
        let at = at.index(frame.len());
        frame[at] ^= 1 << bit;
        prop_assert!(receiver.link.handle(&frame).is_err());
        frame[at] ^= 1 << bit;
        prop_assert!(receiver.link.handle(&frame).is_ok());
    }

    #[test]
    fn ranges_join_in_any_order_and_any_number_of_times(
        mut parts in prop::collection::vec((0_u64..200, 0_u64..20), 0..40),
    ) {
        let join = |parts: &[(u64, u64)]| {
            let mut ranges = Ranges::new();
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

    #[test]
    fn a_number_taken_out_of_ranges_is_out_and_all_others_stay(
        parts in prop::collection::vec((0_u64..100, 0_u64..20), 0..20),
        out in 0_u64..120,
    ) {
        let mut ranges = Ranges::new();
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
}
