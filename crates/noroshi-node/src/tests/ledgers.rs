//! Ledger, logs and mirrors against their own past.

use noroshi_model::link::{EntryKind, Fate, LogLeaf, Precedence, Receipt};
use noroshi_model::{Digest, Timestamp, World};
use noroshi_seal::merkle::root_at;
use noroshi_seal::tlog::Checkpoint;
use noroshi_store::{Log, RecordKind};
use noroshi_sync::join_frames;

use super::lies::write;
use super::stage::{Party, Stage, id, object};
use crate::Command;
use crate::node::lock;
use crate::receipts::SignedReceipt;
use crate::send::log_name;

/// The newest checkpoint kept of a party's own ledger.
fn newest(party: &Party) -> Option<(u64, String)> {
    let reader = party.node.inside().unwrap();
    reader.newest_checkpoint(Log::Ledger).unwrap()
}

fn lines(party: &Party) -> u64 {
    party.node.inside().unwrap().ledger_root().unwrap().0
}

/// Clause: I5
#[test]
fn a_node_signs_a_checkpoint_where_lines_were_added_and_only_there() {
    let stage = Stage::new();
    let jp = &stage.jp;
    jp.node.keep_checkpoint().unwrap();
    let first = newest(jp).unwrap();
    assert_eq!(first.0, lines(jp));
    stage.hands.forward(3_600);
    jp.node.keep_checkpoint().unwrap();
    assert_eq!(newest(jp).unwrap(), first, "nothing was added");
    jp.import("own", &[object(1, 100)]);
    jp.node.keep_checkpoint().unwrap();
    assert!(newest(jp).unwrap().0 > first.0);
    let answer = jp.ask(Command::LedgerVerify);
    assert_eq!(answer["checkpoints"], 2, "{answer}");
}

/// Clause: I5
#[test]
fn a_checkpoint_that_another_key_signed_or_the_ledger_contradicts_is_damage_named_by_its_size() {
    let stage = Stage::new();
    let jp = &stage.jp.node;
    let name = log_name(&jp.me(), None);
    let (size, root) = jp.inside().unwrap().ledger_root().unwrap();
    let checkpoint = |size: u64, root: [u8; 32]| Checkpoint {
        origin: name.clone(),
        size,
        root,
    };
    let damage = |party: &Party| {
        let failure = party.try_ask(Command::LedgerVerify).unwrap_err();
        assert_eq!((&*failure.code, failure.exit), ("ledger.checkpoint", 5));
        failure.args["size"].clone()
    };
    {
        // The root is right, the signature is of the key for items.
        let keys = jp.keys();
        let early = root_at(&jp.inside().unwrap().ledger_tiles(), size - 2).unwrap();
        let note = checkpoint(size - 2, early).sign(&name, &keys.items.public(), &keys.items);
        write(&stage.jp, |tx| tx.checkpoint_put(size - 2, &note));
    }
    assert_eq!(damage(&stage.jp), (size - 2).to_string());
    // The signature is right, the root is not: as after a rewrite of what came before.
    let jp = &stage.us.node;
    let keys = jp.keys();
    let name = log_name(&jp.me(), None);
    let said = Checkpoint {
        origin: name.clone(),
        size: 5,
        root,
    };
    let note = said.sign(&name, &keys.ledger.public(), &keys.ledger);
    drop(keys);
    write(&stage.us, |tx| tx.checkpoint_put(5, &note));
    assert_eq!(damage(&stage.us), "5");
    // And nothing more is signed over such a ledger.
    let refused = jp.keep_checkpoint().unwrap_err();
    assert_eq!((&*refused.code, refused.exit), ("ledger.checkpoint", 5));
    assert_eq!(newest(&stage.us).unwrap().0, 5);
}

/// The United States' log for Japan, as its ledger key says it stood at some size.
pub(super) fn checkpoint_of(stage: &Stage, size: u64, root: Option<[u8; 32]>) -> String {
    let (us, jp) = (&stage.us.node, stage.jp.node.me());
    let name = log_name(&us.me(), Some(&jp));
    let tiles = us.inside().unwrap();
    let tiles = tiles.log_tiles(&jp, false).unwrap();
    let checkpoint = Checkpoint {
        origin: name.clone(),
        size,
        root: root.unwrap_or_else(|| root_at(&tiles, size).unwrap()),
    };
    let keys = us.keys();
    checkpoint.sign(&name, &keys.ledger.public(), &keys.ledger)
}

/// Japan is told a checkpoint of the United States' log, and nothing else.
pub(super) fn tell(stage: &Stage, note: &str) {
    let (us, jp) = (&stage.us.node, stage.jp.node.me());
    let slot = us.slot(&jp).unwrap();
    let mut slot = lock(&slot);
    let frames = slot.link.frame_entries(Vec::new(), Some(note), us.now());
    let body = join_frames(&frames.unwrap());
    stage.jp.node.exchange(&us.me(), &body).unwrap();
}

/// Clause: I5
#[test]
fn a_late_checkpoint_of_a_partners_log_is_harmless_and_one_of_another_log_is_disputed() {
    let stage = Stage::new();
    for number in 0..3 {
        stage.us.import("own", &[object(number, 100)]);
        stage.us.order(stage.us.share(&[&id(number)]));
        stage.us.sync();
    }
    let us = stage.us.node.me();
    let mirrored = || {
        let reader = stage.jp.node.inside().unwrap();
        let kept = reader.newest_checkpoint(Log::Of(&us)).unwrap();
        (reader.log_root(&us, true).unwrap(), kept)
    };
    let before = mirrored();
    let size = before.0.0;
    assert!(size > 3);
    tell(&stage, &checkpoint_of(&stage, size - 2, None));
    assert_eq!(stage.jp.lines("receipt.disputed").len(), 0);
    assert_eq!(mirrored(), before);
    // The same size with another root: two logs, one for Japan and one for whoever asks later.
    tell(&stage, &checkpoint_of(&stage, size - 2, Some([5; 32])));
    let disputed = stage.jp.lines("receipt.disputed");
    assert_eq!(disputed.len(), 1);
    assert!(
        disputed[0].to_string().contains("another root"),
        "{disputed:?}"
    );
    assert_eq!(mirrored(), before);
    // What the log will be like nobody here can say yet.
    tell(&stage, &checkpoint_of(&stage, size + 2, Some([5; 32])));
    assert_eq!(stage.jp.lines("receipt.disputed").len(), 1);
    stage.jp.verifies();
}

/// Clause: I5
#[test]
fn every_fate_stands_in_one_of_very_many_receipts_and_none_is_of_a_stranger() {
    let stage = Stage::new();
    stage.jp.import("own", &[object(1, 100)]);
    stage.jp.order(stage.jp.share(&[&id(1)]));
    stage.jp.sync();
    let (jp, us) = (&stage.jp.node, stage.us.node.me());
    let verified = || stage.jp.try_ask(Command::LedgerVerify);
    let count = |answer: serde_json::Value| answer["receipts"].as_u64().unwrap();
    let before = count(verified().unwrap());
    let kept = |node: &[u8], bytes: &[u8]| {
        let key = [node, &Digest::of(bytes).0[..]].concat();
        write(&stage.jp, |tx| tx.put(RecordKind::Receipt, &key, bytes));
        key
    };
    // More than are read at a time, by the same partner.
    for number in 0..200 {
        let receipt = Receipt {
            world: World::Operational,
            by: us,
            to: jp.me(),
            epoch: 1,
            at: Timestamp::from_micros(number),
            fates: Vec::new(),
        };
        let keys = stage.us.node.keys();
        kept(
            us.bytes(),
            &SignedReceipt::sign(receipt, &keys.items).to_bytes(),
        );
    }
    assert_eq!(count(verified().unwrap()), before + 200);
    let rows = jp.inside().unwrap().records(RecordKind::Receipt).unwrap();
    let states = |bytes: &[u8]| {
        let signed = SignedReceipt::from_bytes(bytes).unwrap();
        !signed.document().fates.is_empty()
    };
    let (stating, bytes) = rows.iter().rfind(|(_, bytes)| states(bytes)).unwrap();
    let stranger = kept(&[3; 32], bytes);
    assert_eq!(verified().unwrap_err().code, "receipt.damaged");
    write(&stage.jp, |tx| tx.delete(RecordKind::Receipt, &stranger));
    assert!(verified().is_ok());
    // Kept under another name than its own.
    let renamed = [&us.bytes()[..], &[4; 32]].concat();
    write(&stage.jp, |tx| tx.put(RecordKind::Receipt, &renamed, bytes));
    assert_eq!(verified().unwrap_err().code, "receipt.damaged");
    write(&stage.jp, |tx| tx.delete(RecordKind::Receipt, &renamed));
    write(&stage.jp, |tx| tx.delete(RecordKind::Receipt, stating));
    let failure = verified().unwrap_err();
    assert!(failure.detail.contains("no kept receipt"), "{failure}");
}

/// Clause: I5
#[test]
fn of_two_statements_on_one_entry_the_later_in_the_partners_log_counts_whatever_its_clock_says() {
    let stage = Stage::new();
    stage.jp.import("own", &[object(1, 100)]);
    stage.jp.order(stage.jp.share(&[&id(1)]));
    let (jp, us) = (&stage.jp.node, &stage.us.node);
    let entries = jp.inside().unwrap().log_entries(&us.me(), 0, 100).unwrap();
    let entry = entries.iter().rfind(|entry| entry.item.is_some()).unwrap();
    let (number, digest) = (entry.leaf.number, entry.leaf.digest);
    let states = |fate: Fate, at: i64| {
        let receipt = Receipt {
            world: World::Operational,
            by: us.me(),
            to: jp.me(),
            epoch: 1,
            at: Timestamp::from_micros(at),
            fates: vec![(number, digest, fate)],
        };
        SignedReceipt::sign(receipt, &us.keys().items).to_bytes()
    };
    // It arrives under this number of the United States' log, and is mirrored as every entry is.
    let arrives = |place: u64, bytes: Vec<u8>| {
        write(&stage.jp, |tx| {
            jp.receive_receipt(tx, &us.me(), place, &bytes)?;
            let leaf = LogLeaf {
                number: place,
                kind: EntryKind::Receipt,
                at: Timestamp::from_micros(0),
                precedence: Precedence::Priority,
                digest: Digest::of(&bytes),
                salt: [0; 16],
            };
            tx.mirror_put(&us.me(), place, Ok(&leaf.to_bytes()), None)?;
            Ok(())
        });
        let stated = jp.inside().unwrap().log_stated(&us.me(), number).unwrap();
        stated.unwrap().1.unwrap()
    };
    let (first, _) = jp.inside().unwrap().log_root(&us.me(), true).unwrap();
    assert_eq!(arrives(first + 10, states(Fate::Held, 500)), Fate::Held);
    // The clock was set back between them.
    assert_eq!(
        arrives(first + 20, states(Fate::Admitted, 400)),
        Fate::Admitted
    );
    // One that was overtaken on the road, with a clock that says it is newer.
    assert_eq!(
        arrives(first + 15, states(Fate::Refused, 900)),
        Fate::Admitted
    );
    // What overtook it says nothing of the entry.
    let other = first + 40;
    write(&stage.jp, |tx| {
        tx.mirror_put(&us.me(), other, Err([1; 32]), None)
            .map(|_| ())
    });
    assert_eq!(
        arrives(first + 30, states(Fate::Refused, 100)),
        Fate::Refused
    );
}
