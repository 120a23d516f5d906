//! Roads that lose, repeat, reorder and cut; agreements and rules that change meanwhile.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use noroshi_sync::{join_frames, split_frames};

use super::stage::{Party, Stage, id, object};
use crate::command::{ActAnswer, Command, Event};
use crate::node::lock;

/// Thirty items, released and waiting.
fn thirty(party: &Party) {
    let objects: Vec<_> = (0..30).map(|number| object(number, 100)).collect();
    party.import("own", &objects);
    party.order(party.share(&[]));
}

/// Everything arrived, once, and is answered for.
fn is_whole(stage: &Stage) {
    stage.jp.sync();
    stage.us.sync();
    assert_eq!(stage.us.admitted(), 30);
    assert_eq!(stage.jp.unanswered(), 0);
    stage.jp.verifies();
    stage.us.verifies();
}

/// Clause: I5
#[test]
fn long_work_tells_how_far_it_is_and_never_more_than_there_is() {
    let stage = Stage::new();
    let objects: Vec<_> = (1..=600).map(|number| object(number, 10)).collect();
    stage.us.import("own", &objects);
    let far = |label: &str, events: Vec<Event>| -> Vec<(u64, u64)> {
        let told = events.into_iter().filter_map(|event| match event {
            Event::Progress {
                label: told,
                done,
                total,
            } if told == label => Some((done, total.unwrap())),
            _ => None,
        });
        told.collect()
    };
    let act = stage.us.prepare(stage.us.share(&[])).unwrap();
    let endorse = |act: &ActAnswer, who: usize| Command::Endorse {
        act: act.id.clone(),
        person: stage.us.people[who].to_owned(),
        signature: stage.us.signature(act, who),
        root_signature: None,
    };
    let events = stage.us.events(endorse(&act, 0)).unwrap();
    let released = far("progress-release", events);
    assert!(released.len() > 1, "{released:?}");
    assert!(released.is_sorted(), "{released:?}");
    assert!(
        released
            .iter()
            .all(|(done, total)| done <= total && *total == 1200)
    );
    let synced = stage.us.events(Command::Sync { peer: None }).unwrap();
    let synced = far("progress-sync", synced);
    assert!(synced.len() > 1, "{synced:?}");
    assert!(synced.iter().all(|(done, total)| done <= total));
    assert_eq!(synced.last().unwrap().0, synced.last().unwrap().1);
}

#[test]
fn frames_cut_anywhere_are_refused_and_what_was_cut_comes_again() {
    let stage = Stage::new();
    thirty(&stage.jp);
    let calls = AtomicUsize::new(0);
    *lock(&stage.jp.road.bend) = Some(Box::new(move |body| {
        let call = calls.fetch_add(1, Ordering::SeqCst);
        Some(body[..body.len() * call.min(7) / 7].to_vec())
    }));
    for _ in 0..8 {
        // A cut exchange may fail or bring nothing; it must not bring something else.
        let _ = stage.jp.try_sync();
        assert!(stage.us.admitted() <= 30);
        stage.hands.forward(60);
    }
    *lock(&stage.jp.road.bend) = None;
    is_whole(&stage);
}

/// Clause: I5
#[test]
fn frames_in_reverse_order_and_twice_come_to_the_same() {
    let stage = Stage::new();
    thirty(&stage.jp);
    *lock(&stage.jp.road.bend) = Some(Box::new(|body| {
        let mut frames = split_frames(body);
        frames.reverse();
        let twice: Vec<Vec<u8>> = frames
            .iter()
            .chain(&frames)
            .map(|frame| frame.to_vec())
            .collect();
        Some(join_frames(&twice))
    }));
    for _ in 0..3 {
        let _ = stage.jp.try_sync();
        stage.hands.forward(60);
    }
    *lock(&stage.jp.road.bend) = None;
    is_whole(&stage);
}

/// Clause: I5
#[test]
fn an_exchange_played_again_later_changes_nothing() {
    let stage = Stage::new();
    thirty(&stage.jp);
    let recorded = Arc::new(Mutex::new(Vec::new()));
    let tape = Arc::clone(&recorded);
    *lock(&stage.jp.road.bend) = Some(Box::new(move |body| {
        lock(&tape).push(body.to_vec());
        Some(body.to_vec())
    }));
    stage.jp.sync();
    is_whole(&stage);
    *lock(&stage.jp.road.bend) = None;
    stage.jp.order(stage.jp.recall(&id(7), "destroy"));
    stage.jp.sync();
    assert_eq!(stage.us.state(&id(7)).as_deref(), Some("destroyed"));
    let admitted = stage.us.lines("item.admitted").len();
    for body in lock(&recorded).iter() {
        let _ = stage.us.node.exchange(&stage.jp.node.me(), body);
    }
    assert_eq!(stage.us.lines("item.admitted").len(), admitted);
    assert_eq!(stage.us.state(&id(7)).as_deref(), Some("destroyed"));
    assert_eq!(stage.us.admitted(), 29);
    stage.us.verifies();
}

/// Clause: I5
#[test]
fn a_recall_that_overtakes_its_item_meets_it_when_it_comes() {
    let stage = Stage::new();
    let (jp, us) = (&stage.jp.node, stage.us.node.me());
    stage.jp.import("own", &[object(1, 100)]);
    stage.jp.order(stage.jp.share(&[&id(1)]));
    let frames = || {
        let slot = jp.slot(&us).unwrap();
        join_frames(&jp.outgoing(&us, &mut lock(&slot)).unwrap())
    };
    // The item is on its way, and the way is long; the log believes it delivered, for otherwise
    // the recall would void it.
    let late = frames();
    jp.store
        .write(|tx| tx.log_delivered(&us, &[(0, 1_000)]).map(|_| ()))
        .map_err(crate::node::store_failure::<noroshi_store::WriteError>)
        .unwrap();
    stage.jp.order(stage.jp.recall(&id(1), "destroy"));
    stage.us.node.exchange(&jp.me(), &frames()).unwrap();
    assert_eq!(stage.us.state(&id(1)), None);
    assert_eq!(stage.us.lines("recall.received").len(), 1);
    stage.us.node.exchange(&jp.me(), &late).unwrap();
    assert_eq!(stage.us.state(&id(1)).as_deref(), Some("destroyed"));
    assert_eq!(stage.us.admitted(), 0);
}

/// Clause: I5
#[test]
fn an_agreement_that_ends_in_the_middle_of_a_sync_stops_what_has_not_left() {
    let stage = Stage::new();
    let objects: Vec<_> = (0..1_500).map(|number| object(number, 15_000)).collect();
    stage.jp.import("own", &objects);
    stage.jp.order(stage.jp.share(&[]));
    let hands = Arc::clone(&stage.hands);
    let calls = AtomicUsize::new(0);
    *lock(&stage.jp.road.bend) = Some(Box::new(move |body| {
        if calls.fetch_add(1, Ordering::SeqCst) == 1 {
            hands.forward(40 * 24 * 3600);
        }
        Some(body.to_vec())
    }));
    stage.jp.sync();
    let (arrived, voided) = (stage.us.admitted(), stage.jp.lines("release.voided").len());
    // What was on the road in that moment is held at the other end.
    let held = stage.us.lines("item.held").len();
    assert!(
        arrived > 0 && voided > 0,
        "{arrived} arrived, {voided} voided"
    );
    // An entry may be both: voided before it was sent a second time, when the first had arrived.
    assert!(arrived + held + voided >= 1_500, "{held} held");
    stage.us.sync();
    assert_eq!(
        stage.jp.lines("receipt.disputed").len(),
        0,
        "what arrived is not disputed"
    );
    stage.jp.verifies();
    stage.us.verifies();
}

/// Clause: I5
#[test]
fn what_the_rules_do_not_release_any_more_goes_back_to_its_persons() {
    let stage = Stage::new();
    stage.jp.import("own", &[object(1, 100), object(2, 100)]);
    // Suspended between plan and signature: nothing is logged for the partner.
    let act = stage.jp.prepare(stage.jp.share(&[&id(1)])).unwrap();
    let released = stage.jp.prepare(stage.jp.share(&[&id(2)])).unwrap();
    let done = stage.jp.endorse(&released, 0).unwrap();
    assert_eq!((done.act.state.as_str(), done.entries), ("done", 1));
    stage.jp.suspend();
    let refused = stage.jp.endorse(&act, 0).unwrap_err();
    assert_eq!(refused.exit, 3, "{refused:?}");
    // Suspended between signature and sending: voided, and its act returned.
    stage.jp.sync();
    assert_eq!(stage.us.state(&id(2)), None);
    assert_eq!(stage.jp.lines("release.voided").len(), 1);
    let acts = stage.jp.rows(crate::Command::ActList {
        state: Some("returned".to_owned()),
    });
    assert!(acts.iter().any(|act| act["id"] == released.id), "{acts:?}");
}

/// Clause: I5
#[test]
fn what_may_have_arrived_is_recalled_though_it_was_voided_and_what_never_left_is_not_named() {
    let stage = Stage::new();
    let (jp, us) = (&stage.jp.node, stage.us.node.me());
    stage.jp.import("own", &[object(1, 100), object(2, 100)]);
    stage.jp.order(stage.jp.share(&[&id(1)]));
    // It arrives, and the acknowledgement is lost; then it is voided here.
    let slot = jp.slot(&us).unwrap();
    let frames = join_frames(&jp.outgoing(&us, &mut lock(&slot)).unwrap());
    drop(slot);
    stage.us.node.exchange(&jp.me(), &frames).unwrap();
    assert_eq!(stage.us.state(&id(1)).as_deref(), Some("admitted"));
    stage.jp.order(stage.jp.share(&[&id(2)]));
    stage.jp.suspend();
    stage.hands.forward(60);
    stage.jp.sync();
    assert_eq!(stage.jp.lines("release.voided").len(), 2);
    assert_eq!(stage.us.state(&id(2)), None);
    let never = stage.jp.order(stage.jp.recall(&id(2), "destroy"));
    assert_eq!(never.entries, 0);
    let recalled = stage.jp.order(stage.jp.recall(&id(1), "destroy"));
    assert_eq!(recalled.entries, 1);
    stage.jp.sync();
    assert_eq!(stage.us.state(&id(1)).as_deref(), Some("destroyed"));
    assert_eq!(stage.us.lines("recall.received").len(), 1);
}

/// Clause: I5
#[test]
fn what_waits_and_never_left_is_voided_by_a_recall_and_the_partner_hears_nothing() {
    let stage = Stage::new();
    stage.jp.import("own", &[object(1, 100)]);
    stage.jp.order(stage.jp.share(&[&id(1)]));
    let recalled = stage.jp.order(stage.jp.recall(&id(1), "withdraw"));
    assert_eq!(recalled.entries, 0);
    assert_eq!(stage.jp.lines("release.voided").len(), 1);
    stage.jp.sync();
    assert_eq!(stage.us.lines("recall.received").len(), 0);
    assert_eq!(stage.us.state(&id(1)), None);
    stage.jp.verifies();
    stage.us.verifies();
}

/// Clause: I5
#[test]
fn frames_prepared_ahead_do_not_leave_once_the_gate_would_answer_otherwise() {
    let stage = Stage::new();
    let objects: Vec<_> = (0..1_500).map(|number| object(number, 15_000)).collect();
    stage.jp.import("own", &objects);
    stage.jp.order(stage.jp.share(&[]));
    let (jp, us) = (Arc::clone(&stage.jp.node), Arc::clone(&stage.us.node));
    let calls = AtomicUsize::new(0);
    let arrived = Arc::new(AtomicUsize::new(0));
    let seen = Arc::clone(&arrived);
    *lock(&stage.jp.road.bend) = Some(Box::new(move |body| {
        let call = calls.fetch_add(1, Ordering::SeqCst);
        let count = || {
            let reader = us.officer().unwrap();
            let counts = reader.counts().unwrap();
            counts.iter().map(|(_, count)| *count as usize).sum()
        };
        if call == 2 {
            // The next frames are prepared meanwhile; then the agreement is suspended.
            let slot = jp.slot(&us.me()).unwrap();
            let waiting = lock(&slot).link.waiting();
            for _ in 0..1_000_000 {
                if lock(&slot).link.waiting() < waiting {
                    break;
                }
                std::thread::yield_now();
            }
            let mut kept = jp.agreements().unwrap().remove(0);
            kept.note_state(crate::records::AgreementState {
                node: jp.me(),
                serial: 1,
                suspended: true,
                at: jp.now(),
            });
            let bytes = crate::records::Record::to_bytes(&kept);
            let kind = noroshi_store::RecordKind::Agreement;
            jp.store
                .write(|tx| tx.put(kind, kept.hash().bytes(), &bytes))
                .map_err(crate::node::store_failure::<noroshi_store::WriteError>)
                .unwrap();
        } else if call == 3 {
            seen.store(count(), Ordering::SeqCst);
        }
        Some(body.to_vec())
    }));
    stage.jp.sync();
    let before = arrived.load(Ordering::SeqCst);
    assert!(before > 0 && before < 1_500);
    let after: u64 = {
        let reader = stage.us.node.officer().unwrap();
        let counts = reader.counts().unwrap();
        counts.iter().map(|(_, count)| *count).sum()
    };
    assert_eq!(after as usize, before, "nothing came after the suspension");
}
