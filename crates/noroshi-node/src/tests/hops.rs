//! A recall reaches every hop, and its originator learns what it may of them.

use noroshi_model::link::{EntryKind, Precedence, Recall, RecallMode};
use noroshi_model::manifest::Purpose;
use noroshi_model::{Digest, Signed};
use noroshi_store::{LogPayload, RecordKind, WriteError};
use serde_json::{Value, json};

use super::stage::{Party, id, object};
use super::third::Three;
use crate::TaxiiCommand;
use crate::command::Command;
use crate::node::{lock, store_failure};
use crate::records::recovery::RecoveryRecord;
use crate::records::{AgreementRecord, PlanEntry, Record};
use crate::release::Queued;

/// Hops and counts that Japan is told of for an item.
fn told(jp: &Party, number: u32) -> (Vec<Value>, Vec<Value>) {
    let reader = jp.node.officer().unwrap();
    let versions = reader.by_stix_id(&id(number).parse().unwrap()).unwrap();
    let rows = jp.rows(Command::Receipts {
        item: Some(versions[0].hash.to_string()),
        peer: None,
        outstanding: false,
        limit: 100,
    });
    let hops = rows.iter().filter(|row| row.get("proof").is_some());
    let counts = rows.iter().filter(|row| row.get("answered").is_some());
    (hops.cloned().collect(), counts.cloned().collect())
}

/// Clause: I6
#[test]
fn a_recall_follows_its_item_to_every_hop_and_each_answers_with_its_own_receipt() {
    let three = Three::new(false);
    let (jp, us, au) = (&three.stage.jp, &three.us, &three.au);
    three.gone_on(1);
    jp.order(jp.recall(&id(1), "destroy"));
    jp.sync();
    assert_eq!(us.state(&id(1)).as_deref(), Some("destroyed"));
    // The far hop has not been reached: the originator sees who is outstanding.
    let (hops, _) = told(jp, 1);
    let outstanding = |hop: &Value| (hop["nation"].clone(), hop["fate"].clone());
    assert_eq!(outstanding(&hops[0]), (json!("AUS"), json!(null)));
    three.stage.hands.forward(7 * 86_400);
    three.settle();
    assert_eq!(au.state(&id(1)).as_deref(), Some("destroyed"));
    let (hops, counts) = told(jp, 1);
    assert_eq!(hops.len(), 1);
    assert_eq!(hops[0]["fate"], "destroyed");
    assert_eq!(hops[0]["proof"], "receipt");
    assert_eq!(hops[0]["via"], us.node.me().to_string());
    assert!(counts.is_empty());
    // Once for each recall and recipient, however often it is played.
    assert_eq!(us.lines("recall.passed").len(), 1);
    three.settle();
    assert_eq!(us.lines("recall.passed").len(), 1);
    for party in [jp, us, au] {
        party.verifies();
    }
}

/// Four nations in a row, one agreement of all: nobody has a link with all others.
///
/// Clause: I6
#[test]
fn a_recall_reaches_the_third_hop_and_its_word_comes_back_over_two() {
    let three = Three::new(false);
    let (jp, us, au) = (&three.stage.jp, &three.us, &three.au);
    let (au_far, nz) = three.stage.past(au, "AUS", "NZL", ["aroha", "tane"]);
    let draft = |with: &[&str]| {
        au_far.ask(Command::AgreementTemplate {
            with: with.iter().map(ToString::to_string).collect(),
            title: None,
            days: 60,
        })["agreement"]
            .take()
    };
    let mut four = draft(&["USA", "NZL"]);
    let known = jp
        .node
        .records::<AgreementRecord>(RecordKind::Agreement)
        .unwrap();
    let theirs = known
        .iter()
        .find(|known| known.agreement.parties.len() == 3)
        .unwrap();
    let value: Value = serde_json::from_slice(&theirs.bytes).unwrap();
    let japan = value["parties"]
        .as_array()
        .unwrap()
        .iter()
        .find(|party| party["nation"] == "JPN");
    four["parties"]
        .as_array_mut()
        .unwrap()
        .push(japan.unwrap().clone());
    four["members_known"] = json!(true);
    let id_of_four = four["id"].as_str().unwrap().to_owned();
    let settle = || {
        for _ in 0..5 {
            three.settle();
            au_far.sync();
        }
    };
    // Terms for each direction of each link.
    let mut term = four["releases"][0].clone();
    let mut terms = four["releases"].as_array().unwrap().clone();
    for (from, to) in [(jp, us), (us, jp)] {
        term["from"] = json!(from.node.me().to_string());
        term["to"] = json!(to.node.me().to_string());
        terms.push(term.clone());
    }
    four["releases"] = json!(terms);
    au_far.order(Command::AgreementPropose {
        agreement: four,
        person: au.people[0].to_owned(),
    });
    settle();
    for party in [us, jp, &nz] {
        party.sign(&id_of_four);
        settle();
    }
    jp.import("own", &[object(1, 100)]);
    jp.order(jp.share(&[&id(1)]));
    settle();
    us.order(us.share(&[&id(1)]));
    settle();
    au_far.order(au_far.share(&[&id(1)]));
    settle();
    for party in [us, au, &nz] {
        assert_eq!(party.state(&id(1)).as_deref(), Some("admitted"));
    }
    jp.order(jp.recall(&id(1), "destroy"));
    settle();
    for party in [us, au, &nz] {
        assert_eq!(party.state(&id(1)).as_deref(), Some("destroyed"));
        party.verifies();
    }
    let (mut hops, counts) = told(jp, 1);
    hops.sort_by_key(|hop| hop["nation"].to_string());
    let said: Vec<_> = hops
        .iter()
        .map(|hop| {
            (
                hop["nation"].as_str().unwrap(),
                hop["fate"].as_str().unwrap(),
            )
        })
        .collect();
    assert_eq!(
        said,
        [("AUS", "destroyed"), ("NZL", "destroyed")],
        "{counts:?}"
    );
    assert_eq!(hops[1]["via"], au.node.me().to_string());
}

/// Clause: I6
#[test]
fn a_hop_that_the_originator_may_not_know_of_is_a_number_and_no_name() {
    for members_known in [false, true] {
        let three = Three::new(members_known);
        let (jp, us, au) = (&three.stage.jp, &three.us, &three.au);
        jp.import("own", &[object(1, 100)]);
        jp.order(jp.share(&[&id(1)]));
        three.settle();
        // Open to all: passed on without asking anyone.
        us.order(us.share(&[&id(1)]));
        three.settle();
        assert_eq!(au.state(&id(1)).as_deref(), Some("admitted"));
        jp.order(jp.recall(&id(1), "withdraw"));
        three.settle();
        assert_eq!(au.state(&id(1)).as_deref(), Some("withdrawn"));
        let (hops, counts) = told(jp, 1);
        if members_known {
            assert_eq!((hops.len(), counts.len()), (1, 0));
            assert_eq!(hops[0]["nation"], "AUS");
        } else {
            assert_eq!((hops.len(), counts.len()), (0, 1));
            assert_eq!(counts[0]["answered"], 1);
            assert!(!counts[0].to_string().contains(&au.node.me().to_string()));
        }
    }
}

/// Clause: I6
#[test]
fn a_recall_that_overtakes_its_item_at_the_second_hop_meets_it_there() {
    let three = Three::new(false);
    let (jp, us, au) = (&three.stage.jp, &three.us, &three.au);
    three.shared(1);
    three.consented(1);
    us.order(us.share(&[&id(1)]));
    // The item left and was lost on the far road, as far as anybody knows: the recall goes.
    *lock(&us.road.bend) = Some(Box::new(|_| None));
    assert!(us.try_sync().is_err());
    *lock(&us.road.bend) = None;
    jp.order(jp.recall(&id(1), "destroy"));
    jp.sync();
    us.sync();
    assert_eq!(au.state(&id(1)), None);
    let received = au.lines("recall.received");
    assert_eq!(received[0]["body"]["outcome"], "noted");
    three.settle();
    assert_eq!(told(jp, 1).0[0]["fate"], "noted");
    assert_eq!(au.admitted(), 0);
}

/// Clause: I6
#[test]
fn a_forwarder_recalls_nothing_that_is_not_its_own() {
    let three = Three::new(false);
    let (jp, us, au) = (&three.stage.jp, &three.us, &three.au);
    three.gone_on(1);
    let refused = us.try_order(us.recall(&id(1), "destroy")).unwrap_err();
    assert_eq!(refused.code, "recall.not_yours");
    let stored = us.node.find_item(&id(1)).unwrap();
    let to = au.node.me();
    for by in [us.node.me(), jp.node.me()] {
        let recall = Recall {
            world: noroshi_model::World::Operational,
            by,
            item: stored.hash,
            id: stored.id.clone(),
            modified: stored.modified,
            mode: RecallMode::Destroy,
            reason: "a lie".to_owned(),
            at: us.node.now(),
        };
        let bytes = Signed::sign(recall, &us.node.keys().items).to_bytes();
        let stored = us.node.find_item(&id(1)).unwrap();
        us.node
            .store
            .write(|tx| {
                let payload = LogPayload::Recall {
                    seq: stored.seq,
                    rendition: stored.hash,
                    bytes,
                };
                let (kind, ahead) = (EntryKind::Recall, Precedence::Immediate);
                us.node.log_notice(tx, &to, kind, ahead, payload)
            })
            .map_err(store_failure::<WriteError>)
            .unwrap();
        us.sync();
        assert_eq!(au.state(&id(1)).as_deref(), Some("admitted"));
    }
}

/// Clause: I6
#[test]
fn a_rendition_of_the_forwarders_own_is_recalled_in_its_name() {
    let three = Three::new(false);
    let (us, au) = (&three.us, &three.au);
    // A property that Australia's agreement does not cover stays with the United States.
    let mut part = object(1, 100);
    part["object_marking_refs"] = json!([noroshi_marking("TLP:AMBER")]);
    part["aliases"] = json!(["kept"]);
    part["granular_markings"] = json!([{
        "marking_ref": noroshi_marking("TLP:RED"), "selectors": ["aliases"]
    }]);
    us.import("closed", &[part]);
    us.order(us.share(&[&id(1)]));
    three.settle();
    assert_eq!(au.state(&id(1)).as_deref(), Some("admitted"));
    us.order(us.recall(&id(1), "destroy"));
    three.settle();
    assert_eq!(au.state(&id(1)).as_deref(), Some("destroyed"));
}

/// Japan's item, of which Australia may have less than the United States, has gone on with its
/// consent.
fn reduced_on() -> Three {
    let three = Three::drafted(|draft| {
        let parties = draft["parties"].as_array().unwrap();
        let far = parties
            .iter()
            .find(|party| party["nation"] == "AUS")
            .unwrap()["node"]
            .clone();
        for term in draft["releases"].as_array_mut().unwrap() {
            if term["to"] == far {
                term["ceilings"]["tlp"] = json!("green");
            }
        }
    });
    let (jp, us, au) = (&three.stage.jp, &three.us, &three.au);
    let mut part = object(1, 100);
    part["object_marking_refs"] = json!([noroshi_marking("TLP:GREEN")]);
    part["granular_markings"] = json!([{
        "marking_ref": noroshi_marking("TLP:AMBER"), "selectors": ["description"]
    }]);
    jp.import("closed", &[part]);
    jp.order(jp.share(&[&id(1)]));
    three.settle();
    three.consented(1);
    us.order(us.share(&[&id(1)]));
    three.settle();
    assert_eq!(au.state(&id(1)).as_deref(), Some("admitted"));
    let [here, there] = [us, au].map(|party| party.node.find_item(&id(1)).unwrap().hash);
    assert_ne!(here, there, "it went on reduced");
    three
}

/// Clause: I6
#[test]
fn what_went_on_reduced_under_consent_comes_back_and_its_maker_hears_of_the_hop() {
    let three = reduced_on();
    let (jp, us, au) = (&three.stage.jp, &three.us, &three.au);
    jp.order(jp.recall(&id(1), "destroy"));
    three.settle();
    for party in [us, au] {
        assert_eq!(party.state(&id(1)).as_deref(), Some("destroyed"));
        party.verifies();
    }
    let (hops, counts) = told(jp, 1);
    assert_eq!(hops.len(), 1, "{counts:?}");
    assert_eq!(
        (&hops[0]["nation"], &hops[0]["fate"]),
        (&json!("AUS"), &json!("destroyed"))
    );
    // The recall it answered is the releaser's own: its word stands for the hop's.
    assert_eq!(hops[0]["proof"], "word");
    assert_eq!(us.lines("recall.passed")[0]["body"]["own"], true);
}

/// Clause: I6
#[test]
fn a_passed_on_recall_that_is_signed_anew_is_answered_under_its_new_number() {
    let three = reduced_on();
    let (jp, us, au) = (&three.stage.jp, &three.us, &three.au);
    *lock(&us.road.bend) = Some(Box::new(|_| None));
    jp.order(jp.recall(&id(1), "destroy"));
    jp.sync();
    assert!(us.try_sync().is_err());
    us.rotate(Purpose::Items);
    us.revoke_former(Purpose::Items);
    *lock(&us.road.bend) = None;
    three.settle();
    assert_eq!(au.state(&id(1)).as_deref(), Some("destroyed"));
    let voided = us.lines("release.voided");
    assert!(
        voided
            .iter()
            .any(|line| line["body"].get("again").is_some()),
        "{voided:?}"
    );
    let (hops, _) = told(jp, 1);
    assert_eq!((hops.len(), &hops[0]["fate"]), (1, &json!("destroyed")));
}

/// Clause: I6
#[test]
fn a_recall_that_waited_for_a_closed_log_is_told_of_as_every_other() {
    let three = Three::new(false);
    let (jp, us, au) = (&three.stage.jp, &three.us, &three.au);
    three.gone_on(1);
    // As after a restore, before Australia has told what was lost.
    let node = au.node.me();
    let freeze = |tx: &mut noroshi_store::Tx<'_>| {
        let (sent, received) = (tx.log_size(&node)?, tx.mirror_root(&node)?.0);
        let record = RecoveryRecord::new(node, true, sent, received);
        tx.put(RecordKind::Recovery, node.bytes(), &record.to_bytes())
    };
    let frozen = us.node.store.write(freeze);
    frozen.map_err(store_failure::<WriteError>).unwrap();
    jp.order(jp.recall(&id(1), "destroy"));
    jp.sync();
    assert_eq!(us.state(&id(1)).as_deref(), Some("destroyed"));
    assert!(us.lines("recall.passed").is_empty());
    three.settle();
    assert_eq!(au.state(&id(1)).as_deref(), Some("destroyed"));
    assert_eq!(us.lines("recall.passed").len(), 1);
    let (hops, counts) = told(jp, 1);
    assert_eq!((hops.len(), counts.len()), (1, 0));
    assert_eq!(
        (&hops[0]["fate"], &hops[0]["proof"]),
        (&json!("destroyed"), &json!("receipt"))
    );
}

fn noroshi_marking(name: &str) -> String {
    let known = [
        (
            "TLP:GREEN",
            "marking-definition--bab4a63c-aed9-4cf5-a766-dfca5abac2bb",
        ),
        (
            "TLP:AMBER",
            "marking-definition--55d920b0-5e8b-4f79-9ee9-91f868d9b421",
        ),
        (
            "TLP:RED",
            "marking-definition--e828b379-4e03-4974-9ac4-e53a884c97c1",
        ),
    ];
    let found = known.iter().find(|(known, _)| *known == name);
    found.unwrap().1.to_owned()
}

/// Clause: I6
#[test]
fn a_report_of_hops_is_believed_only_from_whom_the_recall_was_sent_to() {
    let three = Three::new(false);
    let (jp, us) = (&three.stage.jp, &three.us);
    let report = noroshi_model::consent::HopReport {
        world: noroshi_model::World::Operational,
        by: us.node.me(),
        to: jp.node.me(),
        recall: Digest::of(b"no such recall"),
        item: noroshi_model::ItemHash(Digest::of(b"item")),
        serial: 1,
        at: us.node.now(),
        hops: Vec::new(),
        others_answered: 1_000_000,
        others_outstanding: 0,
    };
    let bytes = Signed::sign(report, &us.node.keys().items).to_bytes();
    let (kind, soon) = (EntryKind::Document, Precedence::Priority);
    us.node
        .store
        .write(|tx| {
            us.node
                .log_bytes(tx, &jp.node.me(), kind, soon, bytes)
                .map(|_| ())
        })
        .map_err(store_failure::<WriteError>)
        .unwrap();
    three.settle();
    assert!(jp.lines("recall.hops").is_empty());
    assert_eq!(jp.lines("item.refused").len(), 1);
}

/// A client reads pages and answers nothing: the forwarder names it to its own people, and the
/// originator sees somebody outstanding.
///
/// Clause: I6
#[test]
fn a_client_that_may_have_read_it_counts_as_outstanding() {
    let three = Three::new(false);
    let (jp, us) = (&three.stage.jp, &three.us);
    three.gone_on(1);
    us.order(Command::Taxii(TaxiiCommand::ClientSet {
        name: "siem".into(),
        title: "A tool".into(),
        nation: "USA".into(),
        ceilings: vec!["tlp:green".into()],
        types: Vec::new(),
        purposes: Vec::new(),
        days: 30,
        person: us.first().into(),
    }));
    let node = us.node.client("siem").unwrap().node(&us.node.me());
    let item = us.node.officer().unwrap();
    let item = item.by_stix_id(&id(1).parse().unwrap()).unwrap()[0].hash;
    let release = |tx: &mut noroshi_store::Tx<'_>| {
        let order = Queued {
            act: None,
            person: None,
            purpose: "defence",
            precedence: Precedence::Routine,
        };
        let entry = PlanEntry {
            item,
            rendition: item,
            reduced: false,
        };
        us.node
            .queue_releases(tx, &order, &node, &[entry], &mut || {})?;
        let read = br#"{"until":"2100-01-01T00:00:00.000Z","v":1}"#;
        tx.put(RecordKind::Served, b"siem\0siem-1", read)
    };
    us.node.store.write::<_, WriteError>(release).unwrap();
    jp.order(jp.recall(&id(1), "withdraw"));
    three.settle();
    let (hops, counts) = told(jp, 1);
    assert_eq!((hops.len(), &hops[0]["fate"]), (1, &json!("withdrawn")));
    assert_eq!(counts[0]["outstanding"], 1);
    let line = us.lines("recall.received").remove(0).to_string();
    assert!(line.contains("client:siem (siem-1)"), "{line}");
    for party in [jp, us] {
        party.verifies();
    }
}
