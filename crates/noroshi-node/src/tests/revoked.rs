//! What was signed with a key that is revoked, on both sides of the revocation.

use std::sync::{Arc, Mutex};

use noroshi_model::agreement::Agreement;
use noroshi_model::json::Object;
use noroshi_model::link::{Fate, Recall, RecallMode, Receipt};
use noroshi_model::manifest::Purpose;
use noroshi_model::{
    Attribution, Context, Digest, ItemHash, NodeId, Role, Signer, World, document, signing,
};
use noroshi_seal::sign::SigningKey;
use noroshi_store::RecordKind;
use serde_json::Value;

use super::lies::{send_forged, write};
use super::stage::{Party, Stage, id, object};
use crate::command::Command;
use crate::node::lock;
use crate::recall::SignedRecall;
use crate::receipts::SignedReceipt;
use crate::records::AgreementRecord;

/// Replace the item key and revoke the one before.
fn revoke_items(party: &Party) {
    party.rotate(Purpose::Items);
    party.revoke_former(Purpose::Items);
}

/// Send what waits, but let the answer be lost: the other side has applied it, and its receipts
/// wait there.
fn sync_without_answer(from: &Party, to: &Party) {
    let body = Arc::new(Mutex::new(Vec::new()));
    let taken = Arc::clone(&body);
    *lock(&from.road.bend) = Some(Box::new(move |bytes| {
        *lock(&taken) = bytes.to_vec();
        None
    }));
    from.try_sync().unwrap_err();
    *lock(&from.road.bend) = None;
    to.node.exchange(&from.node.me(), &lock(&body)).unwrap();
}

fn nothing_is_refused(stage: &Stage) {
    for party in [&stage.jp, &stage.us] {
        for kind in ["alarm", "receipt.disputed", "item.refused"] {
            assert_eq!(party.lines(kind), Vec::<Value>::new());
        }
        party.verifies();
    }
}

fn suspensions(party: &Party) -> Vec<String> {
    let lines = party.lines("agreement").into_iter();
    lines
        .filter_map(|line| line["body"]["event"].as_str().map(str::to_owned))
        .filter(|event| event == "suspended" || event == "resumed")
        .collect()
}

/// Clause: I5
#[test]
fn what_was_logged_before_the_revocation_and_comes_after_it_is_not_lost() {
    for nations in [&[][..], &["JPN"], &["USA"]] {
        let mut stage = Stage::new();
        stage.jp.import("own", &[object(1, 100), object(2, 100)]);
        stage.jp.order(stage.jp.share(&[&id(1)]));
        stage.jp.sync();
        stage.us.sync();
        // All four kinds wait under the old key: a receipt, words on the agreement, an item, and a
        // recall of what is there already.
        stage.us.import("own", &[object(3, 100)]);
        stage.us.order(stage.us.share(&[&id(3)]));
        sync_without_answer(&stage.us, &stage.jp);
        assert_eq!(stage.us.unanswered(), 1);
        stage.jp.order(stage.jp.share(&[&id(2)]));
        stage.jp.suspend();
        stage.jp.resume();
        stage.jp.order(stage.jp.recall(&id(1), "destroy"));
        revoke_items(&stage.jp);
        stage = stage.restarted(nations);
        stage.jp.sync();
        stage.us.sync();
        stage.jp.sync();
        assert_eq!(stage.us.state(&id(1)).as_deref(), Some("destroyed"));
        assert_eq!(stage.us.state(&id(2)).as_deref(), Some("admitted"));
        assert_eq!(suspensions(&stage.us), ["suspended", "resumed"]);
        assert_eq!([stage.jp.unanswered(), stage.us.unanswered()], [0, 0]);
        // Voided and logged anew: receipt, two words, recall. The item kept its number.
        assert!(stage.jp.lines("release.voided").len() >= 4);
        let shown = stage.us.ask(Command::Show { item: id(2) });
        assert_eq!(shown["signature"], "verified", "{shown}");
        nothing_is_refused(&stage);
        // Own stock that the revoked key had signed is shared as before.
        stage.jp.import("own", &[object(4, 100)]);
        revoke_items(&stage.jp);
        stage.jp.order(stage.jp.share(&[&id(4)]));
        stage.jp.sync();
        assert_eq!(stage.us.state(&id(4)).as_deref(), Some("admitted"));
        nothing_is_refused(&stage);
    }
}

/// Clause: I5
#[test]
fn a_recall_that_arrived_while_its_acknowledgement_was_lost_is_harmless_when_it_comes_anew() {
    let stage = Stage::new();
    stage.jp.import("own", &[object(1, 100)]);
    stage.jp.order(stage.jp.share(&[&id(1)]));
    stage.jp.sync();
    stage.jp.order(stage.jp.recall(&id(1), "destroy"));
    sync_without_answer(&stage.jp, &stage.us);
    assert_eq!(stage.us.state(&id(1)).as_deref(), Some("destroyed"));
    revoke_items(&stage.jp);
    stage.jp.sync();
    stage.us.sync();
    assert_eq!(stage.jp.unanswered(), 0);
    assert_eq!(stage.us.state(&id(1)).as_deref(), Some("destroyed"));
    nothing_is_refused(&stage);
}

/// Clause: I5
#[test]
fn what_a_thief_of_the_old_key_signs_is_refused_whatever_date_it_bears_and_whoever_brings_it() {
    let stage = Stage::new();
    let au = stage.australia().node.me();
    let (jp, us) = (stage.jp.node.me(), stage.us.node.me());
    let stolen = SigningKey::from_seed(&stage.us.node.keys().items.seed());
    stage.us.import("own", &[object(1, 100)]);
    stage.us.order(stage.us.share(&[&id(1)]));
    stage.us.sync();
    revoke_items(&stage.us);
    stage.us.sync();
    let item = stage.us.node.find_item(&id(1)).unwrap();
    // Dated long before the revocation, brought by a partner that is in league with the thief.
    let long_ago = noroshi_model::Timestamp::from_micros(0);
    let recall = SignedRecall::sign(
        Recall {
            world: World::Operational,
            by: us,
            item: item.hash,
            id: item.id.clone(),
            modified: item.modified,
            mode: RecallMode::Destroy,
            reason: "a lie".to_owned(),
            at: long_ago,
        },
        &stolen,
    );
    let receipt = SignedReceipt::sign(
        Receipt {
            world: World::Operational,
            by: us,
            to: jp,
            epoch: 1,
            at: long_ago,
            fates: vec![(0, Digest([0; 32]), Fate::Destroyed)],
        },
        &stolen,
    );
    let node = &stage.jp.node;
    write(&stage.jp, |tx| {
        let (fate, _) = node.receive_recall(tx, &au, &recall.to_bytes())?;
        assert_eq!(fate, Fate::Refused);
        assert!(!node.receive_receipt(tx, &us, 9_999, &receipt.to_bytes())?);
        Ok(())
    });
    assert_eq!(stage.jp.state(&id(1)).as_deref(), Some("admitted"));
    assert_eq!(stage.jp.lines("item.refused").len(), 1);
    assert_eq!(stage.jp.lines("receipt.disputed").len(), 1);
    // An item that the thief makes, on the link of its own node: as if that node were in its hand.
    stage.us.import("own", &[object(2, 100)]);
    stage.us.order(stage.us.share(&[&id(2)]));
    send_forged(&stage.us, &id(2), |by| {
        let hash = stage.us.node.find_item(&id(2)).unwrap().hash;
        let key = stolen.key_id();
        let message = Attribution::message(
            World::Operational,
            Role::Originator,
            &us,
            &key,
            &by.assigned,
            &hash,
        );
        Attribution {
            key,
            signature: stolen.sign(&message),
            ..by
        }
    });
    assert_eq!(stage.jp.state(&id(2)), None);
    assert_eq!(stage.jp.lines("item.refused").len(), 2);
    stage.jp.verifies();
}

/// Clause: I5
#[test]
fn a_copy_of_the_node_from_before_the_revocation_is_not_listened_to() {
    let stage = Stage::new();
    stage.jp.import("own", &[object(1, 100)]);
    let thief = stage.stolen();
    revoke_items(&stage.jp);
    stage.jp.sync();
    // It has the old keys whole, and begins epochs above what the partner has seen.
    thief.order(thief.share(&[&id(1)]));
    for _ in 0..5 {
        let body = {
            let us = stage.us.node.me();
            let slot = thief.node.slot(&us).unwrap();
            let mut slot = lock(&slot);
            slot.link.end_epoch();
            let frames = thief.node.outgoing(&us, &mut slot).unwrap();
            noroshi_sync::join_frames(&frames)
        };
        stage.us.node.exchange(&thief.node.me(), &body).unwrap();
    }
    assert_eq!(stage.us.state(&id(1)), None);
    assert!(!stage.us.lines("alarm").is_empty());
    stage.jp.order(stage.jp.share(&[&id(1)]));
    stage.jp.sync();
    assert_eq!(stage.us.state(&id(1)).as_deref(), Some("admitted"));
    stage.us.verifies();
}

/// Issue 2: item and TLS keys are stolen, and the thief announces as high an epoch as it can.
///
/// Clause: I5
#[test]
fn a_thief_locks_nobody_out_for_longer_than_the_stolen_keys_are_good() {
    let stage = Stage::new();
    stage
        .jp
        .import("own", &[object(1, 100), object(2, 100), object(3, 100)]);
    let thief = stage.stolen();
    let us = stage.us.node.me();
    let announce = |epoch: u64| {
        let slot = thief.node.slot(&us).unwrap();
        let mut slot = lock(&slot);
        let mut state = slot.link.state().clone();
        state.sending_epoch = epoch - 1;
        slot.link.reset(state);
        let frames = thief.node.outgoing(&us, &mut slot).unwrap();
        let body = noroshi_sync::join_frames(&frames);
        stage.us.node.exchange(&thief.node.me(), &body).unwrap();
    };
    let arrives = |number: u32| {
        stage.jp.order(stage.jp.share(&[&id(number)]));
        let _ = stage.jp.try_sync();
        stage.us.state(&id(number)).is_some()
    };
    let alarmed = |why: &str| {
        let alarms = stage.us.lines("alarm").into_iter();
        alarms
            .filter(|line| line["body"]["why"].as_str().unwrap().contains(why))
            .count()
    };
    announce((1 << 53) - 1);
    assert_eq!(alarmed("further ahead than its time"), 1);
    assert!(arrives(1), "the numbers are not used up");
    let seconds = stage.us.node.now().micros() / 1_000_000;
    let high = noroshi_sync::epoch_of_second(seconds + 300 * 86_400);
    announce(high);
    assert!(!arrives(2));
    revoke_items(&stage.jp);
    stage.jp.sync();
    assert_eq!(stage.us.state(&id(2)).as_deref(), Some("admitted"));
    announce(high + 1);
    assert_eq!(alarmed("revoked"), 1);
    assert!(arrives(3));
    stage.us.verifies();
}

/// Clause: I5
#[test]
fn a_partys_signature_under_its_revoked_key_is_left_out_and_the_senders_own_counts() {
    let stage = Stage::new();
    let au = stage.australia();
    let us = stage.us.node.me();
    let stolen = SigningKey::from_seed(&stage.us.node.keys().items.seed());
    revoke_items(&stage.us);
    stage.us.sync();
    let draft = stage.jp.ask(Command::AgreementTemplate {
        with: vec!["USA".to_owned(), "AUS".to_owned()],
        title: None,
        days: 30,
    });
    let text = serde_json::to_vec(&draft["agreement"]).unwrap();
    let value = noroshi_model::Value::parse(&text, &noroshi_model::Limits::DEFAULT).unwrap();
    let hash = ItemHash(Digest::of(&value.canonical()));
    let payload = Agreement::signed_payload(&hash);
    let message = signing::message(Context::Agreement, World::Operational, &payload);
    let signed = |node: NodeId, signer: &dyn Signer| {
        let object = Object::new()
            .with("node", document::text(node))
            .with("key", document::text(signer.key_id()))
            .with("signature", document::hex(&signer.sign(&message)));
        noroshi_model::Value::Object(object)
    };
    let signatures = vec![
        signed(us, &stolen),
        signed(au.node.me(), &au.node.keys().items),
    ];
    let sent = noroshi_model::Value::Object(
        Object::new()
            .with("v", 1)
            .with("document", "agreement")
            .with("agreement", value)
            .with("signatures", signatures),
    );
    let node = &stage.jp.node;
    for (from, taken) in [(us, false), (au.node.me(), true)] {
        write(&stage.jp, |tx| {
            let answer = node.receive_document(tx, &from, &sent.canonical())?;
            assert_eq!(answer.is_ok(), taken, "{answer:?}");
            Ok(())
        });
    }
    let kept: AgreementRecord = node
        .record(RecordKind::Agreement, hash.bytes())
        .unwrap()
        .unwrap();
    assert_eq!(kept.signed_by(), [au.node.me()]);
}
