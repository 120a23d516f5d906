//! A frame at a node's door. What an honest link refuses is let in only where a fault is planted.

use noroshi_model::World;
use noroshi_sync::{Event, FrameError, Link, LinkState};

use crate::faults::Fault;
use crate::node::{Run, config};

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
        FrameError::EpochRolledBack { .. } => run.fault == Fault::OldEpochAccepted,
        FrameError::EpochForked(_) => run.fault == Fault::ForkAccepted,
        FrameError::OtherWorld => run.fault == Fault::OtherWorldAccepted,
        _ => false,
    };
    if !lets_in {
        return Vec::new();
    }
    let world = match refused {
        FrameError::OtherWorld => World::Exercise,
        _ => World::Operational,
    };
    let fresh = || Link::new(config(me, from, world), LinkState::default());
    if world == World::Operational {
        return fresh().handle(frame).unwrap_or_default();
    }
    let other = run.other_world.entry((me, from)).or_insert_with(fresh);
    let events = other.handle(frame).unwrap_or_default();
    for event in &events {
        if let Event::Announced(announcement) = event
            && let Some(key) = run.keys.open(me, announcement)
        {
            other.accept_epoch(announcement, key);
        }
    }
    events
        .into_iter()
        .filter(|event| matches!(event, Event::Deliver(_)))
        .collect()
}
