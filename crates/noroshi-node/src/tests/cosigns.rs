//! Partners cosign: each the log that the other keeps for it.

use noroshi_model::NodeId;
use noroshi_model::link::{EntryKind, Precedence};
use noroshi_seal::tlog::{Checkpoint, VerifierKey, cosign, cosigned_at};
use noroshi_store::Log;
use noroshi_sync::join_frames;
use serde_json::Value;

use super::ledgers::{checkpoint_of, tell};
use super::lies::write;
use super::proofs::{check, keys_of, prove, shared};
use super::stage::{Party, Stage, id, object};
use crate::Command;
use crate::check::with_keys;
use crate::node::{Node, lock};
use crate::send::{cosigner_name, log_name};

/// How many entries of the log that a node keeps for another it has the cosignature over, and how
/// many there are.
fn cosigned(node: &Node, to: &NodeId) -> (u64, u64) {
    let reader = node.inside().unwrap();
    let size = reader.log_root(to, false).unwrap().0;
    let kept = node.cosigned(&reader, to).unwrap();
    (kept.map_or(0, |(size, _)| size), size)
}

fn cosigner_key(of: &Node) -> String {
    let key = VerifierKey {
        name: cosigner_name(&of.me()),
        cosigns: true,
        public: of.keys().ledger.public(),
    };
    format!("{key}\n")
}

/// Clause: I5
#[test]
fn each_partner_cosigns_the_log_kept_for_it_and_a_proof_stands_on_two_keys() {
    let stage = shared(3);
    let (jp, us) = (&stage.jp, &stage.us);
    let (jp_id, us_id) = (jp.node.me(), us.node.me());
    for (node, to) in [(&jp.node, &us_id), (&us.node, &jp_id)] {
        let (done, size) = cosigned(node, to);
        assert!(size > 0 && done == size, "{done} of {size}");
    }
    let verified = jp.ask(Command::LedgerVerify);
    assert_eq!(verified["logs"][0]["cosigned"], verified["logs"][0]["sent"]);
    let rows = jp.rows(Command::Receipts {
        item: None,
        peer: None,
        outstanding: false,
        limit: 10,
    });
    assert!(rows.iter().all(|row| row["cosigned"] == true), "{rows:?}");
    // A third person, who has both keys and no node.
    let proof = prove(jp, [Some(&id(1)), Some("USA")], false, None);
    let log = keys_of(jp, Some(&us_id));
    let both = format!("{log}{}", cosigner_key(&us.node));
    let told = with_keys(&proof, None, &both).unwrap();
    assert!(told["cosigned"].is_string(), "{told}");
    let told = with_keys(&proof, None, &log).unwrap();
    assert_eq!(told["cosigned"], Value::Null, "that key was not given");
    assert!(check(us, &proof, None).unwrap()["cosigned"].is_string());
    // What is new is not cosigned yet, and its proof stands on one key.
    jp.import("own", &[object(9, 100)]);
    jp.order(jp.share(&[&id(9)]));
    let proof = prove(jp, [Some(&id(9)), Some("USA")], false, None);
    assert_eq!(
        with_keys(&proof, None, &both).unwrap()["cosigned"],
        Value::Null
    );
    us.verifies();
    jp.verifies();
}

/// Clause: I5
#[test]
fn a_cosignature_is_given_where_it_is_asked_for_once_and_again_as_it_was() {
    let stage = Stage::new();
    stage.us.import("own", &[object(1, 100)]);
    stage.us.order(stage.us.share(&[&id(1)]));
    stage.us.sync();
    let (us, jp) = (&stage.us.node, &stage.jp.node);
    let (size, kept) = {
        let reader = jp.inside().unwrap();
        reader
            .newest_checkpoint(Log::Of(&us.me()))
            .unwrap()
            .unwrap()
    };
    let mine = |note: &str| {
        let public = jp.keys().ledger.public();
        cosigned_at(note, &cosigner_name(&jp.me()), &public).ok()
    };
    let owes = || lock(&jp.slot(&us.me()).unwrap()).link.owes_ack();
    let now = || {
        let reader = jp.inside().unwrap();
        reader
            .newest_checkpoint(Log::Of(&us.me()))
            .unwrap()
            .unwrap()
    };
    assert!(mine(&kept).is_some());
    // Asked again later: the same bytes as before, no second statement.
    stage.hands.forward(3_600);
    tell(&stage, &us.asking_checkpoint(&jp.me()).unwrap());
    assert_eq!(now(), (size, kept.clone()));
    // A node that knows nothing of cosignatures does not ask, and is given none.
    tell(&stage, &checkpoint_of(&stage, size, None));
    assert!(!owes());
    assert_eq!(now(), (size, kept));
    write(&stage.us, |tx| {
        let bytes = b"{}".to_vec();
        us.log_bytes(
            tx,
            &jp.me(),
            EntryKind::Receipt,
            Precedence::Priority,
            bytes,
        )?;
        Ok(())
    });
    let entry = us
        .inside()
        .unwrap()
        .log_entry(&jp.me(), size)
        .unwrap()
        .unwrap();
    {
        let slot = us.slot(&jp.me()).unwrap();
        let mut slot = lock(&slot);
        let void = noroshi_sync::Outgoing::Void {
            number: size,
            leaf_hash: entry.leaf_hash,
        };
        let note = checkpoint_of(&stage, size + 1, None);
        let framed = slot.link.frame_entries(vec![void], Some(&note), us.now());
        jp.exchange(&us.me(), &join_frames(&framed.unwrap()))
            .unwrap();
    }
    let (later, bare) = now();
    assert_eq!((later, mine(&bare)), (size + 1, None));
    stage.jp.verifies();
}

/// Clause: I5
#[test]
fn an_answer_that_was_lost_is_asked_for_again() {
    let stage = shared(1);
    let (jp, us) = (stage.jp.node.me(), stage.us.node.me());
    stage.jp.import("own", &[object(7, 100)]);
    stage.jp.order(stage.jp.share(&[&id(7)]));
    // The first body arrives; the second, with the cosignature over the receipts, does not.
    let mut bodies = 0;
    *lock(&stage.jp.road.bend) = Some(Box::new(move |body| {
        bodies += 1;
        (bodies == 1).then(|| body.to_vec())
    }));
    assert!(stage.jp.try_sync().is_err());
    *lock(&stage.jp.road.bend) = None;
    let (done, size) = cosigned(&stage.us.node, &jp);
    assert!(done < size, "{done} of {size}");
    // What comes next is acknowledged and answered by nothing: with that it is asked for again.
    write(&stage.jp, |tx| {
        let bytes = b"{}".to_vec();
        let node = &stage.jp.node;
        node.log_bytes(tx, &us, EntryKind::Receipt, Precedence::Priority, bytes)?;
        Ok(())
    });
    stage.jp.sync();
    for (node, to) in [(&stage.us.node, &jp), (&stage.jp.node, &us)] {
        let (done, size) = cosigned(node, to);
        assert_eq!(done, size);
    }
}

/// The United States give Japan a cosigned checkpoint of Japan's log for them.
fn give(stage: &Stage, note: String) {
    let (us, jp) = (&stage.us.node, stage.jp.node.me());
    let slot = us.slot(&jp).unwrap();
    let mut slot = lock(&slot);
    slot.link.give_cosigned(note);
    let frames = slot.link.frame_entries(Vec::new(), None, us.now());
    let body = join_frames(&frames.unwrap());
    stage.jp.node.exchange(&us.me(), &body).unwrap();
}

/// Clause: I5
#[test]
fn a_cosignature_by_another_over_another_log_or_of_another_life_is_disputed_and_not_kept() {
    let stage = shared(2);
    let (jp, us) = (&stage.jp.node, &stage.us.node);
    let before = cosigned(jp, &us.me());
    let name = log_name(&jp.me(), Some(&us.me()));
    let signed = |party: &Party, size: u64, root: [u8; 32]| {
        let said = Checkpoint {
            origin: name.clone(),
            size,
            root,
        };
        let keys = party.node.keys();
        said.sign(&name, &keys.ledger.public(), &keys.ledger)
    };
    let by = |node: &Node, note: &str| {
        let keys = node.keys();
        let name = cosigner_name(&us.me());
        cosign(note, &name, &keys.ledger.public(), &keys.ledger, 5).unwrap()
    };
    let (size, root) = jp.inside().unwrap().log_root(&us.me(), false).unwrap();
    let lies = [
        // Over what Japan never signed, by a key that is not the partner's, over a larger log than
        // there is and over another one: the last two only another life of this node can have
        // signed.
        by(us, &signed(&stage.us, size, root)),
        by(jp, &signed(&stage.jp, size, root)),
        by(us, &signed(&stage.jp, size + 1, root)),
        by(us, &signed(&stage.jp, size - 1, root)),
        "no note".to_owned(),
    ];
    for (at, lie) in lies.into_iter().enumerate() {
        // Each is told of once an hour.
        stage.hands.forward(3_600);
        give(&stage, lie);
        assert_eq!(stage.jp.lines("receipt.disputed").len(), at + 1);
    }
    assert_eq!(cosigned(jp, &us.me()), before);
    give(&stage, by(us, &signed(&stage.jp, size, root)));
    assert_eq!(stage.jp.lines("receipt.disputed").len(), 5);
    stage.jp.verifies();
}
