//! A frame at a node's door. What an honest link refuses is let in only where a fault is planted.

use noroshi_model::{Timestamp, World};
use noroshi_seal::sealing::FrameKey;
use noroshi_sync::{Announcement, Event, FrameError, Link, LinkState};

use crate::faults::Fault;
use crate::node::{Run, config};

/// An epoch that was announced with everything it takes. `false`: it is refused.
pub(crate) fn accept_epoch(
    link: &mut Link,
    announcement: &Announcement,
    key: FrameKey,
    now: Timestamp,
    fault: Fault,
) -> bool {
    let again = FrameKey::from_bytes(&key.to_bytes()).expect("it is a key");
    let refused = match link.accept_epoch(announcement, key, now) {
        Ok(()) => return true,
        Err(refused) => refused,
    };
    // A clock of the year 2100 takes what is ahead; an epoch that is over is followed by any.
    let (lets_in, now) = match refused {
        FrameError::EpochRolledBack { .. } => (fault == Fault::OldEpochAccepted, now),
        FrameError::EpochForked(_) => (fault == Fault::ForkAccepted, now),
        FrameError::EpochAhead { .. } => (
            fault == Fault::EpochAheadAccepted,
            Timestamp::from_micros(9_000_000_000_000_000),
        ),
        _ => (false, now),
    };
    link.end_revoked_epoch(|_| lets_in);
    lets_in && link.accept_epoch(announcement, again, now).is_ok()
}

/// What a frame comes to.
pub(crate) fn handle(
    link: &mut Link,
    me: usize,
    from: usize,
    frame: &[u8],
    run: &mut Run,
) -> Vec<Event> {
    let refused = match link.handle(frame) {
        Ok(events) => return events,
        Err(refused) => refused,
    };
    let lets_in = match refused {
        FrameError::OtherWorld => run.fault == Fault::OtherWorldAccepted,
        _ => false,
    };
    if !lets_in {
        return Vec::new();
    }
    let fresh = || Link::new(config(me, from, World::Exercise), LinkState::default());
    let other = run.other_world.entry((me, from)).or_insert_with(fresh);
    let events = other.handle(frame).unwrap_or_default();
    for event in &events {
        if let Event::Announced(announcement) = event
            && let Some(key) = run.keys.open(me, announcement)
        {
            let _ = other.accept_epoch(announcement, key, announcement.at);
        }
    }
    events
        .into_iter()
        .filter(|event| matches!(event, Event::Deliver(_)))
        .collect()
}
