//! Agreements that a partner proposes in bad faith, and new versions of those in force.

use noroshi_model::agreement::Agreement;
use noroshi_model::document::{hex, text};
use noroshi_model::json::{Object, Value};
use noroshi_model::{Context, Digest, ItemHash, Signer, World, signing};
use noroshi_store::{RecordKind, WriteError};

use super::stage::{Party, Stage, field, id, object};
use crate::Command;
use crate::node::store_failure;

/// An agreement between both, of this party's drafting, changed before it is signed.
fn draft(by: &Party, days: u32, change: impl FnOnce(&mut Agreement)) -> Agreement {
    let answer = by.ask(Command::AgreementTemplate {
        with: vec![by.other.to_owned()],
        title: None,
        days,
    });
    let bytes = serde_json::to_vec(&answer["agreement"]).unwrap();
    let value = Value::parse(&bytes, &noroshi_model::Limits::DEFAULT).unwrap();
    let mut agreement = Agreement::from_value(value).unwrap();
    change(&mut agreement);
    agreement
}

/// The document in which a party proposes an agreement, signed with its item key.
fn proposal(by: &Party, agreement: &Agreement) -> Vec<u8> {
    let value = agreement.to_value();
    let hash = ItemHash(Digest::of(&value.canonical()));
    let payload = Agreement::signed_payload(&hash);
    let message = signing::message(Context::Agreement, World::Operational, &payload);
    let keys = by.node.keys();
    let signature = Object::new()
        .with("node", text(by.node.me()))
        .with("key", text(keys.items.key_id()))
        .with("signature", hex(&keys.items.sign(&message)));
    Value::Object(
        Object::new()
            .with("v", 1)
            .with("document", "agreement")
            .with("agreement", value)
            .with("signatures", vec![Value::Object(signature)]),
    )
    .canonical()
}

/// The other side takes a document as if it had come over the link.
fn receive(at: &Party, from: &Party, bytes: &[u8]) -> Result<(), String> {
    let from = from.node.me();
    let taken = at
        .node
        .store
        .write(|tx| at.node.receive_document(tx, &from, bytes));
    taken.map_err(store_failure::<WriteError>).unwrap()
}

/// Everything still works: a release goes out.
fn still_shares(stage: &Stage, number: u32) {
    stage.jp.import("own", &[object(number, 100)]);
    stage.jp.order(stage.jp.share(&[&id(number)]));
    stage.jp.sync();
    assert_eq!(stage.us.state(&id(number)).as_deref(), Some("admitted"));
}

/// Clause: I6
#[test]
fn an_agreement_larger_than_any_node_keeps_is_refused_and_stops_nothing() {
    let stage = Stage::new();
    let huge = draft(&stage.us, 30, |agreement| {
        let clause = agreement.clauses[0].clone();
        agreement.clauses = (0..200).map(|_| clause.clone()).collect();
        for (at, clause) in agreement.clauses.iter_mut().enumerate() {
            clause.id = at.to_string();
            clause.text_en = "x".repeat(2_000);
        }
    });
    let refused = receive(&stage.jp, &stage.us, &proposal(&stage.us, &huge));
    assert!(refused.is_err());
    let long = draft(&stage.us, 30, |agreement| agreement.title = "x".repeat(501));
    assert!(receive(&stage.jp, &stage.us, &proposal(&stage.us, &long)).is_err());
    let proposed = stage.us.try_order(Command::AgreementPropose {
        agreement: crate::agreements::outer_json(&huge.to_value()),
        person: "smith".to_owned(),
    });
    assert_eq!(proposed.unwrap_err().code, "agreement.refused");
    still_shares(&stage, 1);
}

/// Clause: I6
#[test]
fn an_agreement_that_is_kept_and_does_not_read_is_told_of_and_stops_nothing() {
    let stage = Stage::new();
    let (node, alarms) = (&stage.jp.node, stage.jp.lines("alarm").len());
    node.store
        .write(|tx| tx.put(RecordKind::Agreement, b"damaged", b"{\"v\":9}"))
        .map_err(store_failure::<WriteError>)
        .unwrap();
    node.alarm_unreadable_agreements().unwrap();
    assert_eq!(stage.jp.lines("alarm").len(), alarms + 1);
    still_shares(&stage, 1);
}

/// Clause: I6
#[test]
fn a_peer_may_not_leave_more_proposals_than_people_can_read() {
    let stage = Stage::new();
    let propose = |days: u32| {
        let fresh = draft(&stage.us, days, |_| {});
        receive(&stage.jp, &stage.us, &proposal(&stage.us, &fresh))
    };
    for _ in 0..16 {
        propose(1).unwrap();
    }
    assert!(propose(1).is_err());
    // Unsigned by its sender, it is nobody's proposal.
    let fresh = draft(&stage.us, 5, |_| {});
    let unsigned = Value::parse(
        &proposal(&stage.us, &fresh),
        &noroshi_model::Limits::DEFAULT,
    );
    let Value::Object(document) = unsigned.unwrap() else {
        panic!("a document is an object")
    };
    let unsigned = Value::Object(document.with("signatures", Vec::<Value>::new())).canonical();
    assert!(receive(&stage.jp, &stage.us, &unsigned).is_err());
    // Those that have ended make room.
    stage.hands.forward(2 * 24 * 3600);
    propose(1).unwrap();
    let listed = stage.jp.rows(Command::AgreementList);
    assert_eq!(listed.len(), 2, "the one in force and the new proposal");
    still_shares(&stage, 1);
}

/// Clause: I6
#[test]
fn a_stricter_version_of_an_agreement_ends_the_one_before() {
    let stage = Stage::new();
    let old = stage.jp.rows(Command::AgreementList)[0]["object"].clone();
    let agree = |change: &dyn Fn(&mut serde_json::Value)| {
        stage.hands.forward(1);
        let mut version = old.clone();
        change(&mut version);
        version["modified"] = stage.jp.node.now().to_string().into();
        let proposed = stage.jp.order(Command::AgreementPropose {
            agreement: version,
            person: "sato".to_owned(),
        });
        assert_eq!(proposed.entries, 1);
    };
    // Only indicators from now on; signed here, not yet there: the old one stands.
    agree(&|version| {
        for term in version["releases"].as_array_mut().unwrap() {
            term["types"] = serde_json::json!(["indicator"]);
        }
    });
    still_shares(&stage, 1);
    let proposed = stage.us.rows(Command::AgreementList);
    let unsigned = proposed.iter().find(|row| row["standing"] == "unsigned");
    stage.us.order(Command::AgreementSign {
        agreement: unsigned.unwrap()["hash"].as_str().unwrap()[..16].to_owned(),
        person: "smith".to_owned(),
    });
    stage.us.sync();
    stage.jp.import("own", &[object(2, 100)]);
    let plan = stage.jp.ask(stage.jp.share(&[&id(2)]));
    assert_eq!(plan["recipients"][0]["stays"], 1, "{plan}");
    for party in [&stage.jp, &stage.us] {
        let mut standings: Vec<String> = party
            .rows(Command::AgreementList)
            .iter()
            .map(|row| row["standing"].as_str().unwrap().to_owned())
            .collect();
        standings.sort();
        assert_eq!(standings, ["ended", "in_force"]);
    }
}

/// Clause: P4
#[test]
fn an_agreement_is_joint_while_every_signature_verifies_and_disputed_after_one_changed_byte() {
    let stage = Stage::new();
    let jp = &stage.jp;
    let shown = || jp.rows(Command::AgreementList)[0].clone();
    assert_eq!(
        (&shown()["assent"], &shown()["standing"]),
        (&"joint".into(), &"in_force".into())
    );
    still_shares(&stage, 1);
    let kept = jp.node.agreements().unwrap().remove(0);
    let key = kept.hash();
    for place in 0..2 {
        let mut changed = kept.clone();
        changed.signatures[place].2[7] ^= 1;
        let bytes = crate::records::Record::to_bytes(&changed);
        jp.node
            .store
            .write(|tx| tx.put(RecordKind::Agreement, key.bytes(), &bytes))
            .map_err(store_failure::<WriteError>)
            .unwrap();
        assert_eq!(shown()["assent"], "disputed");
        assert_eq!(shown()["standing"], "disputed");
        jp.import("own", &[object(2 + place as u32, 100)]);
        let plan = jp.ask(jp.share(&[&id(2 + place as u32)]));
        assert_eq!(plan["recipients"][0]["stays"], 1, "{plan}");
    }
    let bytes = crate::records::Record::to_bytes(&kept);
    jp.node
        .store
        .write(|tx| tx.put(RecordKind::Agreement, key.bytes(), &bytes))
        .map_err(store_failure::<WriteError>)
        .unwrap();
    assert_eq!(shown()["assent"], "joint");
    still_shares(&stage, 9);
}

/// Clause: P4
#[test]
fn agreements_are_listed_shown_and_found_beside_items() {
    let stage = Stage::new();
    let (jp, us) = (&stage.jp, &stage.us);
    jp.import("own", &[object(1, 40)]);
    let list = |kind: Option<&str>, state: Option<&str>| {
        jp.rows(Command::List {
            kind: kind.map(str::to_owned),
            state: state.map(str::to_owned),
            source: None,
            limit: 10,
            after: None,
        })
    };
    let search = |text: &str| {
        jp.rows(Command::Search {
            text: text.to_owned(),
            limit: 10,
        })
    };
    let show = |item: &str| {
        jp.try_ask(Command::Show {
            item: item.to_owned(),
        })
    };
    // Refusals and absences first.
    let unknown = "agreement--00000000-0000-4000-8000-000000000001";
    assert_eq!(show(unknown).unwrap_err().code, "item.unknown");
    let state = Command::List {
        kind: None,
        state: Some("in_force".to_owned()),
        source: None,
        limit: 10,
        after: None,
    };
    assert_eq!(jp.try_ask(state).unwrap_err().code, "list.state");
    assert!(search("zzz").is_empty());
    assert!(list(Some("agreement"), Some("suspended")).is_empty());
    assert_eq!(
        list(None, None).len(),
        2,
        "the item and the canary alone, where no type is asked for"
    );
    let rows = list(Some("agreement"), None);
    assert_eq!(rows.len(), 1);
    assert_eq!(rows, list(Some("agreement"), Some("in_force")));
    let (id, hash) = (field(&rows[0], "id"), field(&rows[0], "hash"));
    for named in [&id, &hash, &hash[..8]] {
        assert_eq!(show(named).unwrap(), rows[0], "{named}");
    }
    let title = field(&rows[0], "title_ja");
    for words in [&title, &id, "organisation of usa"] {
        let found = search(words);
        assert!(found.contains(&rows[0]), "{words}: {found:?}");
    }
    jp.suspend();
    assert_eq!(list(Some("agreement"), Some("suspended")).len(), 1);
    assert_eq!(show(&id).unwrap()["standing"], "suspended");
    // They are documents between the parties, kept as such: not items that could be shared.
    let shared = us.try_ask(us.share(&[&id])).unwrap_err();
    assert_eq!(shared.code, "item.unknown");
}
