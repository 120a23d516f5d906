//! A partner whose keys are right and whose statements are not.

use noroshi_gate::Released;
use noroshi_model::link::{EntryKind, Fate, Precedence, Recall, RecallMode, Receipt};
use noroshi_model::{Attribution, Digest, NodeId, Role, Signer, World};
use noroshi_store::{LogPayload, RecordKind, WriteError};
use noroshi_sync::{LinkState, Outgoing, join_frames};

use super::stage::{Party, Stage, id, object};
use crate::node::{lock, store_failure};
use crate::plan::provenance;
use crate::recall::SignedRecall;
use crate::receipts::SignedReceipt;

pub(super) fn write(
    party: &Party,
    work: impl FnOnce(&mut noroshi_store::Tx<'_>) -> Result<(), WriteError>,
) {
    party
        .node
        .store
        .write(work)
        .map_err(store_failure::<WriteError>)
        .unwrap();
}

fn receipt(from: &NodeId, to: &NodeId, number: u64, digest: Digest) -> Receipt {
    Receipt {
        world: World::Operational,
        by: *from,
        to: *to,
        epoch: 1,
        at: noroshi_model::Timestamp::from_micros(0),
        fates: vec![(number, digest, Fate::Destroyed)],
    }
}

/// Clause: I5
#[test]
fn a_receipt_for_what_was_not_sent_or_by_another_key_is_disputed_and_changes_no_fate() {
    let stage = Stage::new();
    stage.jp.import("own", &[object(1, 100)]);
    stage.jp.order(stage.jp.share(&[&id(1)]));
    stage.jp.sync();
    stage.us.sync();
    let before = stage.jp.rows(crate::Command::Receipts {
        item: None,
        peer: None,
        outstanding: false,
        limit: 10,
    });
    let (jp, us) = (stage.jp.node.me(), stage.us.node.me());
    let bytes_of =
        |receipt: Receipt, signer: &dyn Signer| SignedReceipt::sign(receipt, signer).to_bytes();
    let keys = stage.us.node.keys();
    let lies = [
        // Never sent; other bytes; signed by the wrong key; somebody else's; no receipt at all.
        bytes_of(receipt(&us, &jp, 9_999, Digest::of(b"x")), &keys.items),
        bytes_of(receipt(&us, &jp, 0, Digest::of(b"x")), &keys.items),
        bytes_of(receipt(&us, &jp, 0, Digest::of(b"x")), &keys.ledger),
        bytes_of(receipt(&jp, &us, 0, Digest::of(b"x")), &keys.items),
        b"{}".to_vec(),
    ];
    drop(keys);
    for (told, lie) in lies.into_iter().enumerate() {
        write(&stage.us, |tx| {
            let node = &stage.us.node;
            node.log_bytes(tx, &jp, EntryKind::Receipt, Precedence::Priority, lie)?;
            Ok(())
        });
        stage.us.sync();
        assert_eq!(stage.jp.lines("receipt.disputed").len(), told + 1);
    }
    let after = stage.jp.rows(crate::Command::Receipts {
        item: None,
        peer: None,
        outstanding: false,
        limit: 10,
    });
    assert_eq!(before, after);
    stage.jp.verifies();
}

/// Clause: I5
#[test]
fn a_partner_cannot_recall_what_is_not_its_own() {
    let stage = Stage::new();
    stage.jp.import("own", &[object(1, 100)]);
    stage.jp.order(stage.jp.share(&[&id(1)]));
    stage.jp.sync();
    let refused = stage.us.try_order(stage.us.recall(&id(1), "destroy"));
    assert_eq!(refused.unwrap_err().code, "recall.not_yours");
    // A partner whose own gate is broken sends it all the same.
    let (jp, us) = (stage.jp.node.me(), stage.us.node.me());
    let stored = stage.us.node.find_item(&id(1)).unwrap();
    for by in [us, jp] {
        let recall = Recall {
            world: World::Operational,
            by,
            item: stored.hash,
            id: stored.id.clone(),
            modified: stored.modified,
            mode: RecallMode::Destroy,
            reason: "a lie".to_owned(),
            at: stored.at,
        };
        let bytes = SignedRecall::sign(recall, &stage.us.node.keys().items).to_bytes();
        write(&stage.us, |tx| {
            let (kind, digest) = (EntryKind::Recall, Digest::of(&bytes));
            let us = &stage.us.node;
            let leaf = us.next_leaf(tx, &jp, kind, Precedence::Immediate, digest)?;
            let payload = LogPayload::Recall {
                seq: stored.seq,
                rendition: stored.hash,
                bytes,
            };
            tx.log_append(&jp, &leaf, &payload)
        });
        stage.us.sync();
    }
    assert_eq!(stage.jp.state(&id(1)).as_deref(), Some("admitted"));
    // Its own word on what another made is noted, as it is for what is not here at all: the answer
    // must not tell. In the other's name it is refused.
    let noted = stage.jp.lines("recall.received");
    assert_eq!(noted.len(), 1);
    assert_eq!(noted[0]["body"]["outcome"], "noted");
    assert_eq!(stage.jp.lines("item.refused").len(), 1);
}

/// Send one waiting entry with another answer for it than the true one.
pub(super) fn send_forged(party: &Party, item: &str, forge: impl Fn(Attribution) -> Attribution) {
    let node = &party.node;
    let peer = node.find_peer(party.other).unwrap();
    let stored = node.find_item(item).unwrap();
    let marked = node.marked(&stored).unwrap().unwrap();
    let view = node.gate_view("defence").unwrap();
    let agreements = node.standings(&view.agreements, view.now);
    let released: Released<_> = noroshi_gate::release(
        &marked,
        &provenance(&stored),
        &node.recipient(&peer).unwrap(),
        &agreements,
        &view.rules,
        &view.question(view.now, &node.grants_for(&stored).unwrap()),
    )
    .unwrap();
    let parcel = released.with_attribution(forge(stored.attribution.clone().unwrap()));
    let waiting = node.inside().unwrap();
    let numbers = waiting
        .log_waiting_numbers(&peer.node(), 1_000, true)
        .unwrap();
    let entries = numbers
        .into_iter()
        .map(|(number, _)| waiting.log_entry(&peer.node(), number).unwrap().unwrap());
    let mut releases = entries.filter(|entry| entry.leaf.kind == EntryKind::Release);
    let leaf = releases.next_back().unwrap().leaf_bytes;
    drop(releases);
    drop(waiting);
    let slot = node.slot(&peer.node()).unwrap();
    let mut slot = lock(&slot);
    let entry = Outgoing::Entry { leaf, parcel };
    let now = node.now();
    let mut frames = slot.link.frame_entries(vec![entry], None, now).unwrap();
    if let Some(announcement) = slot.link.announcement_frame() {
        frames.insert(0, announcement);
    }
    let to = &party.road;
    let _ = crate::Outside::exchange(to, "forged", &peer.tls_keys(), &join_frames(&frames));
}

/// Clause: I5
#[test]
fn a_wrong_signature_and_an_attestor_that_poses_as_originator_are_refused() {
    let stage = Stage::new();
    let jp = stage.jp.node.me();
    let resign = |mut by: Attribution, role: Role, node: NodeId| {
        let hash = stage.us.node.find_item(&id(1)).unwrap().hash;
        let keys = stage.us.node.keys();
        let message = Attribution::message(
            World::Operational,
            role,
            &node,
            &by.key,
            &by.assigned,
            &hash,
        );
        by.signature = keys.items.sign(&message);
        Attribution { role, node, ..by }
    };
    type Forge<'a> = &'a dyn Fn(Attribution) -> Attribution;
    let forgeries: [Forge<'_>; 4] = [
        // A flipped bit in the signature.
        &|mut by| {
            by.signature[0] ^= 1;
            by
        },
        // It attested, and says afterwards that it made it: the role is signed.
        &|by| Attribution {
            role: Role::Originator,
            ..by
        },
        // It says that the other side made it, under its own key.
        &|by| resign(by, Role::Originator, jp),
        // Markings taken off after signing.
        &|by| Attribution {
            assigned: Vec::new(),
            ..by
        },
    ];
    for (at, forge) in (1_u32..).zip(forgeries) {
        // Each its own item, so that none is met as known before.
        stage.us.import("feed", &[object(at, 100)]);
        stage.us.order(stage.us.share(&[&id(at)]));
        send_forged(&stage.us, &id(at), forge);
        assert_eq!(stage.jp.state(&id(at)), None, "forgery {at} was taken");
        assert_eq!(stage.jp.lines("item.refused").len(), at as usize);
    }
    // The number of a refused entry is spent; the truth goes under a new one.
    assert_eq!(stage.jp.admitted(), 0);
    stage.jp.verifies();
}

/// Clause: I6
#[test]
fn what_another_made_is_not_taken_from_a_partner_that_may_not_pass_it_on() {
    let stage = Stage::new();
    let au = stage.australia();
    stage.us.profile("closed", "TLP:AMBER", false);
    stage.us.import("closed", &[object(1, 100)]);
    stage.us.order(stage.us.share(&[&id(1)]));
    // Australia made it and signed it; nobody agreed that the United States may hand it on.
    send_forged(&stage.us, &id(1), |by| {
        let hash = stage.us.node.find_item(&id(1)).unwrap().hash;
        let keys = au.node.keys();
        let (role, node, key) = (Role::Originator, au.node.me(), keys.items.key_id());
        let world = World::Operational;
        let message = Attribution::message(world, role, &node, &key, &by.assigned, &hash);
        Attribution {
            role,
            node,
            key,
            signature: keys.items.sign(&message),
            ..by
        }
    });
    assert_eq!(stage.jp.state(&id(1)).as_deref(), Some("held"));
    let held = stage.jp.lines("item.held");
    assert!(
        held[0].to_string().contains("gate.may_not_pass_on"),
        "{held:?}"
    );
    assert_eq!(stage.jp.admitted(), 0);
}

/// Clause: I5
#[test]
fn a_partner_that_rolls_back_its_epoch_is_noticed_and_not_listened_to() {
    let stage = Stage::new();
    stage.us.import("own", &[object(1, 100)]);
    stage.us.order(stage.us.share(&[&id(1)]));
    stage.us.sync();
    assert_eq!(stage.jp.state(&id(1)).as_deref(), Some("admitted"));
    let jp = stage.jp.node.me();
    let alarms = stage.jp.lines("alarm").len();
    // Its durable state of the link is that of the first day.
    lock(&stage.us.node.links).clear();
    write(&stage.us, |tx| {
        tx.put(
            RecordKind::Link,
            jp.bytes(),
            &LinkState::default().to_bytes(),
        )
    });
    stage.us.import("own", &[object(2, 100)]);
    stage.us.order(stage.us.share(&[&id(2)]));
    let stalled = stage.us.try_sync().unwrap_err();
    assert_eq!(stalled.code, "link.stalled");
    // It is told once, not once for every frame.
    let told = stage.jp.lines("alarm").len() - alarms;
    assert!((1..=2).contains(&told), "{told} alarms");
    assert_eq!(
        stage.jp.state(&id(2)),
        None,
        "nothing of a rolled-back epoch"
    );
    assert_eq!(stage.jp.state(&id(1)).as_deref(), Some("admitted"));
}

/// Frames of void entries by this party's link, given to the other side.
fn send_voids(stage: &Stage, voids: &[(u64, [u8; 32])]) {
    let (us, jp) = (&stage.us.node, stage.jp.node.me());
    let slot = us.slot(&jp).unwrap();
    let mut slot = lock(&slot);
    let entries = voids.iter().map(|(number, leaf_hash)| Outgoing::Void {
        number: *number,
        leaf_hash: *leaf_hash,
    });
    let entries = entries.collect();
    let frames = slot.link.frame_entries(entries, None, us.now()).unwrap();
    stage
        .jp
        .node
        .exchange(&us.me(), &join_frames(&frames))
        .unwrap();
}

/// Clause: I5
#[test]
fn a_number_given_to_two_entries_is_disputed_and_not_acknowledged() {
    let stage = Stage::new();
    stage.us.import("own", &[object(1, 100)]);
    stage.us.order(stage.us.share(&[&id(1)]));
    stage.us.sync();
    let (us, jp) = (stage.us.node.me(), stage.jp.node.me());
    let number = 0;
    let entry = stage.us.node.inside().unwrap().log_entry(&jp, number);
    let honest = noroshi_seal::merkle::leaf_hash(&entry.unwrap().unwrap().leaf_bytes);
    let is_acknowledged = || {
        let slot = stage.jp.node.slot(&us).unwrap();
        lock(&slot).link.is_applied(number)
    };
    assert!(is_acknowledged());
    for _ in 0..3 {
        send_voids(&stage, &[(number, [9; 32])]);
        assert!(!is_acknowledged());
    }
    // Twice in one exchange, the second time with another leaf.
    send_voids(&stage, &[(number, honest), (number, [8; 32])]);
    assert!(!is_acknowledged());
    assert_eq!(stage.jp.lines("receipt.disputed").len(), 1, "once an hour");
    // A restart forgets none of it; what the first entry was is acknowledged again.
    lock(&stage.jp.node.links).clear();
    assert!(!is_acknowledged());
    stage.us.sync();
    send_voids(&stage, &[(number, honest)]);
    assert!(is_acknowledged());
    assert_eq!(stage.jp.state(&id(1)).as_deref(), Some("admitted"));
    stage.jp.verifies();
}

/// Clause: I5
#[test]
fn what_could_not_be_stored_is_acknowledged_by_nobody() {
    let stage = Stage::new();
    let (us, jp) = (stage.us.node.me(), stage.jp.node.me());
    stage.us.sync();
    let first = stage
        .us
        .node
        .inside()
        .unwrap()
        .log_root(&jp, false)
        .unwrap()
        .0;
    // So many gaps that one more is refused, after another entry of the batch has fitted in.
    let mut state = LinkState::from_bytes(
        &stage
            .jp
            .node
            .inside()
            .unwrap()
            .record(RecordKind::Link, us.bytes())
            .unwrap()
            .unwrap(),
    )
    .unwrap();
    let gaps = 10_000 - state.applied.iter().count() as u64;
    for gap in 0..gaps {
        let number = first + 101 + 2 * gap;
        assert!(state.applied.insert(number, number));
    }
    let bytes = state.to_bytes();
    lock(&stage.jp.node.links).clear();
    write(&stage.jp, |tx| tx.put(RecordKind::Link, us.bytes(), &bytes));
    stage.us.sync();
    // A sync under way holds the slot; meanwhile the partner calls, and the store refuses.
    let held = stage.jp.node.slot(&us).unwrap();
    let sender = stage.us.node.slot(&jp).unwrap();
    let voids = [first + 100, first + 50].map(|number| Outgoing::Void {
        number,
        leaf_hash: [7; 32],
    });
    let now = stage.us.node.now();
    let frames = lock(&sender)
        .link
        .frame_entries(voids.into(), None, now)
        .unwrap();
    let refused = stage.jp.node.exchange(&us, &join_frames(&frames));
    assert_eq!(refused.unwrap_err().code, "link.gaps");
    assert!(!lock(&held).link.is_applied(first + 100));
    let again = stage.jp.node.slot(&us).unwrap();
    assert!(
        std::sync::Arc::ptr_eq(&held, &again),
        "one slot for one peer"
    );
}

/// Clause: I5
#[test]
fn what_a_partner_says_at_length_is_told_in_short_and_the_ledger_stays_readable() {
    let stage = Stage::new();
    let (us, jp) = (stage.us.node.me(), stage.jp.node.me());
    let link = noroshi_sync::link_id(&us, &jp);
    for number in 0..3_u8 {
        let announcement = noroshi_model::json::Object::new()
            .with("v", 1)
            .with("document", "epoch announcement")
            .with("world", format!("{number}{}", "x".repeat(300_000)));
        let body = noroshi_model::Value::Object(announcement).canonical();
        let head = [&[1, 0, World::Operational.byte()][..], &link, &[0; 16]].concat();
        let frame = [head, body].concat();
        stage.jp.node.exchange(&us, &join_frames(&[frame])).unwrap();
    }
    let alarms = stage.jp.lines("alarm");
    assert!(!alarms.is_empty());
    for alarm in alarms {
        assert!(alarm["body"]["why"].as_str().unwrap().len() <= 500);
    }
    stage.jp.verifies();
}
