//! Proofs as documents: made here, checked by the other side, refused where they are bent.

use noroshi_model::NodeId;
use noroshi_model::json::Value as Json;
use noroshi_seal::proof::{ContinuationProof, LeafProof};
use noroshi_seal::tlog::VerifierKey;
use noroshi_store::Log;
use serde_json::{Value, json};

use super::stage::{Party, Stage, field, id, object};
use crate::agreements::outer_json;
use crate::check::with_keys;
use crate::proofs::{About, LogContinuation, LogProof, ProvedReceipt};
use crate::send::{cosigner_name, log_name};
use crate::{Command, Failure};

pub(super) fn shared(count: u32) -> Stage {
    let stage = Stage::new();
    for number in 0..count {
        stage.jp.import("own", &[object(number, 100)]);
        stage.jp.order(stage.jp.share(&[&id(number)]));
        stage.jp.sync();
    }
    stage.us.sync();
    stage
}

pub(super) fn prove(
    party: &Party,
    of: [Option<&str>; 2],
    receipt: bool,
    from: Option<u64>,
) -> Value {
    try_prove(party, of, receipt, from).unwrap()
}

fn try_prove(
    party: &Party,
    [item, peer]: [Option<&str>; 2],
    receipt: bool,
    from: Option<u64>,
) -> Result<Value, Failure> {
    party.try_ask(Command::LedgerProve {
        line: None,
        item: item.map(str::to_owned),
        peer: peer.map(str::to_owned),
        receipt,
        from,
    })
}

pub(super) fn check(party: &Party, proof: &Value, since: Option<&str>) -> Result<Value, Failure> {
    party.try_ask(Command::LedgerCheck {
        proof: proof.clone(),
        since: since.map(str::to_owned),
    })
}

pub(super) fn keys_of(owner: &Party, peer: Option<&NodeId>) -> String {
    let key = VerifierKey {
        name: log_name(&owner.node.me(), peer),
        cosigns: false,
        public: owner.node.keys().ledger.public(),
    };
    assert_eq!(VerifierKey::parse(&key.to_string()), Some(key.clone()));
    format!("{key}\n")
}

/// Clause: I5
#[test]
fn a_log_that_continues_what_the_other_side_kept_is_told_from_one_that_does_not() {
    let stage = shared(5);
    let (jp, us) = (&stage.jp, &stage.us);
    let (jp_id, us_id) = (jp.node.me(), us.node.me());
    let (size, note) = {
        let reader = us.node.inside().unwrap();
        reader.checkpoints(Log::Of(&jp_id), 0, 1).unwrap().remove(0)
    };
    let refused = |proof: &Value, since: Option<&str>| {
        let failure = check(us, proof, since).unwrap_err();
        assert_eq!(failure.exit, 3, "{failure}");
        (failure.code, failure.detail)
    };
    let proof = prove(jp, [None, Some("USA")], false, Some(size));
    // Another root, path or size; a signature by another key; a checkpoint of another log.
    for (part, bent) in [
        (
            "root",
            json!("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="),
        ),
        ("path", json!([])),
        ("from", json!(size + 1)),
        ("checkpoint", json!(note)),
    ] {
        let mut other = proof.clone();
        other["proof"][part] = bent;
        assert_eq!(refused(&other, None).0, "proof.refused", "{part}");
    }
    let mut other = proof.clone();
    other["owner"] = json!(us_id.to_string());
    assert!(refused(&other, None).1.contains("another log"));
    let ledger = prove(jp, [None, None], false, Some(1));
    let of_ledger = ledger["proof"]["checkpoint"].as_str().unwrap();
    let (_, why) = refused(&proof, Some(of_ledger));
    assert!(
        why.contains("the older checkpoint") && why.contains("another log"),
        "{why}"
    );
    let forged = note.replace("\n\n", "\nextension\n\n");
    assert!(refused(&proof, Some(&forged)).1.contains("does not verify"));
    let longer = prove(jp, [None, Some("USA")], false, Some(size + 1));
    assert!(refused(&longer, Some(&note)).1.contains("is over"));
    // What it never was.
    for from in [0, 10_000] {
        let none = try_prove(jp, [None, Some("USA")], false, Some(from)).unwrap_err();
        assert_eq!((&*none.code, none.exit), ("ledger.no_size", 4));
    }
    // Signed by the right key, and another root than the one that was kept.
    let rewritten = {
        let mut said = noroshi_seal::tlog::Checkpoint::unverified(&note).unwrap();
        said.root = [1; 32];
        let keys = jp.node.keys();
        said.sign(&said.origin, &keys.ledger.public(), &keys.ledger)
    };
    assert_eq!(refused(&proof, Some(&rewritten)).0, "proof.rewritten");
    // And the truth: against the mirror, the checkpoint that was kept, with the key alone.
    let checked = check(us, &proof, None).unwrap();
    assert_eq!(
        (&checked["from"], &checked["compared"]),
        (&json!(size), &json!("mirror"))
    );
    let checked = check(us, &proof, Some(&note)).unwrap();
    assert_eq!(checked["compared"], "checkpoint");
    let checked = with_keys(&proof, Some(&note), &keys_of(jp, Some(&us_id))).unwrap();
    assert_eq!(checked["compared"], "checkpoint");
    // The ledger itself: nobody else has a mirror of it.
    let checked = check(us, &ledger, None).unwrap();
    assert_eq!(checked["compared"], Value::Null);
}

/// Clause: I5
#[test]
fn with_keys_alone_a_proof_holds_under_its_own_key_and_under_no_other() {
    let stage = shared(1);
    let (jp, us) = (&stage.jp, stage.us.node.me());
    let proof = prove(jp, [Some(&id(0)), Some("USA")], false, None);
    let refused = |keys: &str| with_keys(&proof, None, keys).unwrap_err().code;
    assert_eq!(refused(""), "proof.keys");
    assert_eq!(refused("no key"), "proof.keys");
    assert_eq!(refused(&keys_of(jp, None)), "proof.refused");
    assert_eq!(refused(&keys_of(&stage.us, Some(&us))), "proof.refused");
    let checked = with_keys(&proof, None, &keys_of(jp, Some(&us))).unwrap();
    assert_eq!(checked["leaf"]["kind"], "release");
    let receipt = prove(jp, [Some(&id(0)), Some("USA")], true, None);
    let keys = keys_of(&stage.us, Some(&jp.node.me()));
    let why = with_keys(&receipt, None, &keys).unwrap_err();
    assert!(why.detail.contains("by a key that is not known"), "{why}");
}

/// Clause: I5
#[test]
fn a_receipts_proof_names_the_item_its_fate_and_when() {
    let stage = shared(2);
    let (jp, us) = (&stage.jp, &stage.us);
    let hash = jp.node.find_item(&id(1)).unwrap().hash.to_string();
    let proof = prove(jp, [Some(&id(1)), Some("USA")], true, None);
    let named = check(us, &proof, None).unwrap()["receipt"].clone();
    assert_eq!(
        (&*field(&named, "item"), &*field(&named, "fate")),
        (&*hash, "admitted")
    );
    assert_eq!(field(&named, "by"), us.node.me().to_string());
    // One of the receipt's other statements, or of none of them.
    let mut other = proof.clone();
    other["entry"] = json!(4_000);
    assert_eq!(check(us, &other, None).unwrap_err().code, "proof.refused");
    stage.hands.forward(60);
    jp.order(jp.recall(&id(1), "destroy"));
    jp.sync();
    jp.sync();
    let proof = prove(jp, [Some(&hash), Some("USA")], true, None);
    let named = check(us, &proof, None).unwrap()["receipt"].clone();
    assert_eq!(
        (&*field(&named, "item"), &*field(&named, "fate")),
        (&*hash, "destroyed")
    );
    // The recall names the item; another one is none of the receipt's.
    let mut other = proof.clone();
    other["recall"] = json!("7b7d");
    assert_eq!(check(us, &other, None).unwrap_err().code, "proof.refused");
    // What a node of before proves names no statement.
    let mut older = proof.clone();
    older["v"] = json!(1);
    for part in ["entry", "recall"] {
        older.as_object_mut().unwrap().remove(part);
    }
    let checked = check(us, &older, None).unwrap();
    assert_eq!(checked["receipt"]["fate"], Value::Null);
    assert!(checked["receipt"]["fates"].as_u64() > Some(0));
}

/// Clause: I5
#[test]
fn proofs_are_written_as_they_always_were() {
    let (owner, recipient) = (NodeId::from_bytes([1; 32]), NodeId::from_bytes([2; 32]));
    let leaf = |receipt: Option<ProvedReceipt>| LogProof {
        owner,
        recipient: Some(recipient),
        proof: LeafProof {
            leaf: b"leaf".to_vec(),
            index: 3,
            path: vec![[4; 32], [5; 32]],
            checkpoint: "a note\n".to_owned(),
        },
        receipt,
    };
    let receipt = |about: Option<About>| {
        leaf(Some(ProvedReceipt {
            bytes: b"receipt".to_vec(),
            about,
        }))
    };
    let about = About {
        number: 6,
        recall: Some(b"recall".to_vec()),
    };
    let leaves = [
        (
            leaf(None),
            include_str!("../../test-data/log-proof-v1.json"),
        ),
        (
            receipt(None),
            include_str!("../../test-data/log-proof-receipt-v1.json"),
        ),
        (
            receipt(Some(about)),
            include_str!("../../test-data/log-proof-v2.json"),
        ),
    ];
    for (proof, frozen) in leaves {
        let value = proof.to_value();
        assert_eq!(outer_json(&value).to_string(), frozen.trim_end());
        assert_eq!(LogProof::from_value(value).unwrap(), proof);
    }
    let continuation = LogContinuation {
        owner,
        recipient: None,
        proof: ContinuationProof {
            from: 7,
            root: [8; 32],
            path: vec![[9; 32]],
            checkpoint: "a note\n".to_owned(),
        },
    };
    let frozen = include_str!("../../test-data/log-continuation-v1.json");
    let value: Json = continuation.to_value();
    assert_eq!(outer_json(&value).to_string(), frozen.trim_end());
    assert_eq!(LogContinuation::from_value(value).unwrap(), continuation);
    assert_eq!(cosigner_name(&owner), format!("noroshi/{owner}/cosigner"));
}

/// Clause: I5
#[test]
fn every_bit_of_a_receipts_proof_counts() {
    let stage = shared(2);
    let jp = &stage.jp;
    jp.order(jp.recall(&id(0), "withdraw"));
    for _ in 0..2 {
        jp.sync();
        stage.us.sync();
    }
    for number in 0..2 {
        let proof = prove(jp, [Some(&id(number)), Some("USA")], true, None);
        check(jp, &proof, None).unwrap();
        let text = proof.to_string();
        let passed: Vec<usize> = (0..text.len())
            .filter(|at| {
                let mut bytes = text.clone().into_bytes();
                bytes[*at] ^= 1 << (at % 7);
                let bent = serde_json::from_slice::<Value>(&bytes);
                bent.is_ok_and(|bent| bent != proof && check(jp, &bent, None).is_ok())
            })
            .collect();
        let shown: Vec<&str> = passed
            .iter()
            .filter_map(|at| text.get(at.saturating_sub(30)..at + 10))
            .take(5)
            .collect();
        assert_eq!(shown, Vec::<&str>::new(), "{} passed", passed.len());
    }
}
