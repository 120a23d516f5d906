//! The way in: who may bring a version, under which marking, by whose definitions; and what becomes
//! of an item that is held.

use std::sync::atomic::{AtomicU32, Ordering};

use noroshi_store::Tx;
use serde_json::{Value, json};

use super::stage::{Party, Stage, id, object};
use crate::Command;
use crate::command::Event;
use crate::intake::{Counted, Origin};
use crate::sink::{Silent, Sink};

const CLEAR: &str = "marking-definition--94868c89-83c2-464b-929b-a1a8aa3c8487";
const AMBER: &str = "marking-definition--55d920b0-5e8b-4f79-9ee9-91f868d9b421";
const RED: &str = "marking-definition--e828b379-4e03-4974-9ac4-e53a884c97c1";
/// A definition that the tests give meanings to.
const MINE: &str = "marking-definition--00000000-0000-4000-8000-00000000aaaa";

fn marked(number: u32, day: u32, markings: &[&str]) -> Value {
    let mut value = object(number, 40);
    value["modified"] = json!(format!("2026-01-{day:02}T00:00:00.000Z"));
    value["object_marking_refs"] = json!(markings);
    value
}

/// What a definition of the tests says: NOFORN, or no more than a statement.
fn definition(noforn: bool) -> Value {
    let mut value = json!({
        "type": "marking-definition", "spec_version": "2.1", "id": MINE,
        "created": "2026-01-01T00:00:00.000Z", "object_marking_refs": [CLEAR],
    });
    if noforn {
        value["name"] = json!("NOFORN");
        value["extensions"] = json!({
            "extension-definition--694be976-4ec2-4b80-b47c-48f75510a38d": {
                "extension_type": "property-extension",
                "scheme": "US-CAPCO", "caveats": ["NOFORN"],
            }
        });
    } else {
        value["definition_type"] = json!("statement");
        value["definition"] = json!({ "statement": "all rights reserved" });
    }
    value
}

fn held(party: &Party) -> Vec<Value> {
    party.rows(Command::List {
        kind: None,
        state: Some("held".to_owned()),
        source: None,
        limit: 100,
        after: None,
    })
}

fn hash_of(row: &Value) -> String {
    row["hash"].as_str().unwrap().to_owned()
}

/// What would leave for the partner: release, reduced, refer or deny.
fn outcome(party: &Party, item: &str) -> String {
    let mut command = party.share(&[item]);
    if let Command::Share { dry_run, .. } = &mut command {
        *dry_run = true;
    }
    let plan = party.ask(command);
    let line = &plan["recipients"][0]["lines"][0];
    line["outcome"].as_str().unwrap().to_owned()
}

/// Clause: I5
#[test]
fn a_lower_marking_is_held_whatever_date_the_copy_carries() {
    let stage = Stage::new();
    let us = &stage.us;
    us.import("own", &[marked(1, 10, &[RED])]);
    for day in [10, 9, 11] {
        let mut copy = marked(1, day, &[CLEAR]);
        copy["name"] = json!(format!("copy of day {day}, longer than the one before"));
        let answer = us.bring(Some("own"), &[copy]);
        assert_eq!(answer["held"]["gate.lowers_marking"], 1, "{answer}");
    }
    // What was withdrawn was marked all the same.
    us.order(us.recall(&id(1), "withdraw"));
    let answer = us.bring(Some("own"), &[marked(1, 12, &[CLEAR])]);
    assert_eq!(answer["held"]["gate.lowers_marking"], 1, "{answer}");
}

/// Clause: I5
#[test]
fn two_persons_lower_a_marking_and_nothing_else() {
    let stage = Stage::new();
    let us = &stage.us;
    us.import("own", &[marked(1, 10, &[RED])]);
    us.bring(Some("own"), &[marked(1, 11, &[CLEAR])]);
    // Lower, and not by its maker either: two reasons, of which two persons cure one.
    us.bring(Some("feed"), &[marked(1, 12, &[CLEAR])]);
    let rows = held(us);
    let lower = |row: &Value| Command::MarkingLower {
        item: hash_of(row),
        person: us.people[0].to_owned(),
    };
    let refused = us.try_order(lower(&rows[1])).unwrap_err();
    assert_eq!(refused.code, "held.other_reasons");
    us.order(lower(&rows[0]));
    assert_eq!(outcome(us, &hash_of(&rows[0])), "release");
    assert_eq!(held(us).len(), 1);
    us.verifies();
}

#[test]
fn what_was_held_unmarked_is_admitted_when_it_comes_under_a_profile() {
    let stage = Stage::new();
    let us = &stage.us;
    assert_eq!(us.bring(None, &[object(1, 10)])["held"]["gate.unmarked"], 1);
    assert_eq!(us.bring(None, &[object(1, 10)])["known"], 1);
    us.import("own", &[object(1, 10)]);
    assert_eq!(us.state(&id(1)).as_deref(), Some("admitted"));
    assert_eq!(outcome(us, &id(1)), "release");
    us.verifies();
}

#[test]
fn what_was_held_for_want_of_an_agreement_is_admitted_when_it_stands_and_its_sender_hears() {
    let stage = Stage::new();
    let (jp, us) = (&stage.jp, &stage.us);
    us.suspend();
    jp.import("own", &[object(1, 10)]);
    jp.order(jp.share(&[&id(1)]));
    jp.sync();
    assert_eq!(us.state(&id(1)).as_deref(), Some("held"));
    us.resume();
    assert_eq!(us.state(&id(1)).as_deref(), Some("admitted"));
    us.sync();
    let rows = jp.rows(Command::Receipts {
        item: None,
        peer: None,
        outstanding: false,
        limit: 10,
    });
    assert_eq!(rows[0]["fate"], "admitted", "{rows:?}");
    jp.verifies();
    us.verifies();
}

#[test]
fn a_held_item_is_discarded_by_a_person_and_its_sender_hears() {
    let stage = Stage::new();
    let (jp, us) = (&stage.jp, &stage.us);
    us.suspend();
    jp.import("own", &[object(1, 10), object(2, 10)]);
    jp.order(jp.share(&[]));
    jp.sync();
    let rows = held(us);
    assert_eq!(rows.len(), 2);
    let discard = |item: &str| Command::HeldDiscard {
        item: item.to_owned(),
        reason: "not for us".to_owned(),
        person: us.people[0].to_owned(),
    };
    us.order(discard(&hash_of(&rows[0])));
    let refused = us.try_order(discard(&hash_of(&rows[0]))).unwrap_err();
    assert_eq!(refused.code, "held.not_held");
    us.resume();
    us.sync();
    jp.sync();
    assert_eq!((us.admitted(), held(us).len()), (1, 0));
    let fates: Vec<Value> = jp
        .rows(Command::Receipts {
            item: None,
            peer: None,
            outstanding: false,
            limit: 10,
        })
        .into_iter()
        .map(|row| row["fate"].clone())
        .collect();
    assert!(fates.contains(&json!("destroyed")), "{fates:?}");
    assert!(fates.contains(&json!("admitted")), "{fates:?}");
    us.verifies();
}

/// Clause: I5
#[test]
fn a_definition_from_a_partner_says_nothing_of_our_own_markings() {
    let stage = Stage::new();
    let (jp, us) = (&stage.jp, &stage.us);
    // Japan's node says that our marking is a mere statement, and says it first.
    jp.import("own", &[definition(false)]);
    jp.order(jp.share(&[MINE]));
    jp.sync();
    // Its object holds the place of the id; the meaning of our own is ours all the same.
    us.bring(Some("own"), &[definition(true)]);
    us.import("own", &[marked(1, 1, &[CLEAR, MINE])]);
    assert_eq!(outcome(us, &id(1)), "deny");
    // Nor does a feed say it.
    let answer = us.bring(Some("feed"), &[definition(false)]);
    assert_eq!(answer["refused"], 0, "{answer}");
    assert_eq!(outcome(us, &id(1)), "deny");
}

/// Clause: I5
#[test]
fn a_definition_that_one_source_gives_two_meanings_means_nothing() {
    let stage = Stage::new();
    let us = &stage.us;
    us.bring(Some("feed"), &[definition(false)]);
    us.bring(Some("feed"), &[definition(true)]);
    let answer = us.bring(Some("feed"), &[marked(1, 1, &[CLEAR, MINE])]);
    assert_eq!(answer["held"]["gate.unknown_marking"], 1, "{answer}");
}

/// Clause: I5
#[test]
fn a_destroyed_definition_is_gone_whole_and_what_names_it_leaves_no_more() {
    let stage = Stage::new();
    let said = "all rights reserved";
    let kept = |node: &crate::Node| {
        let reader = node.inside().unwrap();
        let kept = reader.records(noroshi_store::RecordKind::Marking).unwrap();
        assert!(!kept.is_empty(), "that it means nothing is kept");
        kept.iter()
            .any(|(_, bytes)| String::from_utf8_lossy(bytes).contains(said))
    };
    let us = &stage.us;
    us.import("own", &[definition(false), marked(1, 1, &[CLEAR, MINE])]);
    assert_eq!(outcome(us, &id(1)), "release", "a statement closes nothing");
    assert!(kept(&us.node), "the control");
    us.order(us.recall(MINE, "destroy"));
    assert!(!kept(&us.node));
    assert_eq!(outcome(us, &id(1)), "deny");
    let store = us.node.home().store();
    for file in std::fs::read_dir(store).unwrap().map(Result::unwrap) {
        let bytes = std::fs::read(file.path()).unwrap();
        let holds = bytes
            .windows(said.len())
            .any(|part| part == said.as_bytes());
        assert!(!holds, "{} still says it", file.path().display());
    }
    let new = || us.bring(Some("own"), &[marked(2, 1, &[CLEAR, MINE])]);
    assert_eq!(new()["held"]["gate.unknown_marking"], 1);
    // Nor does it come back: neither with the next start nor with the same bytes again.
    let stage = stage.restarted(&["USA"]);
    let us = &stage.us;
    assert_eq!(outcome(us, &id(1)), "deny");
    us.bring(Some("own"), &[definition(false)]);
    assert!(!kept(&us.node));
    assert_eq!(outcome(us, &id(1)), "deny");
}

/// A recall is obeyed while a backup reads the store: until it has ended, the bytes stand in the
/// log behind the pages it reads, and nobody may be told that they are gone.
///
/// Clause: I5
#[test]
fn a_receipt_that_says_destroyed_waits_until_no_file_holds_a_byte() {
    let stage = Stage::new();
    let (jp, us) = (&stage.jp, &stage.us);
    let canary = "canary-waits-7K2";
    let mut item = marked(1, 1, &[CLEAR]);
    item["description"] = json!(canary);
    jp.import("own", &[item]);
    jp.order(jp.share(&[&id(1)]));
    jp.sync();
    assert_eq!(jp.unanswered(), 0);
    let holds = || {
        let files = std::fs::read_dir(us.node.home().store()).unwrap();
        let mut read = files.map(|file| std::fs::read(file.unwrap().path()).unwrap());
        read.any(|bytes| bytes.windows(canary.len()).any(|w| w == canary.as_bytes()))
    };
    let mut told = false;
    let snapshot = us.node.store.snapshot(&mut |_, _| {
        if !told {
            told = true;
            jp.order(jp.recall(&id(1), "destroy"));
            jp.sync();
            jp.sync();
            assert_eq!(us.state(&id(1)).as_deref(), Some("destroyed"));
            assert!(holds(), "the control: it is not gone yet");
            assert_eq!(jp.unanswered(), 1, "told before it was true");
            // What is no receipt goes on.
            us.import("own", &[marked(2, 1, &[CLEAR])]);
            us.order(us.share(&[&id(2)]));
            us.sync();
            assert_eq!(jp.state(&id(2)).as_deref(), Some("admitted"));
        }
        true
    });
    drop(snapshot.unwrap());
    jp.sync();
    assert!(!holds());
    assert_eq!(jp.unanswered(), 0);
}

/// Clause: I5
#[test]
fn who_brought_an_item_first_does_not_own_it_against_its_maker() {
    let stage = Stage::new();
    let (jp, us) = (&stage.jp, &stage.us);
    // Japan has it from a feed; then the United States, who made it, sends it.
    jp.import("feed", &[marked(1, 1, &[CLEAR])]);
    us.import("own", &[marked(1, 1, &[CLEAR])]);
    us.order(us.share(&[&id(1)]));
    us.sync();
    let rows = jp.rows(Command::List {
        kind: Some("campaign".to_owned()),
        state: None,
        source: None,
        limit: 10,
        after: None,
    });
    assert_eq!(rows[0]["role"], "originator", "{rows:?}");
    us.order(us.recall(&id(1), "destroy"));
    us.sync();
    assert_eq!(jp.state(&id(1)).as_deref(), Some("destroyed"));
    jp.verifies();
}

/// Clause: I5
#[test]
fn two_that_both_claim_an_item_may_both_recall_it_and_people_are_told() {
    let stage = Stage::new();
    let (jp, us) = (&stage.jp, &stage.us);
    jp.import("own", &[marked(1, 1, &[CLEAR])]);
    us.import("own", &[marked(1, 1, &[CLEAR])]);
    us.order(us.share(&[&id(1)]));
    us.sync();
    assert_eq!(jp.lines("alarm").len(), 1);
    assert_eq!(jp.state(&id(1)).as_deref(), Some("admitted"));
    us.order(us.recall(&id(1), "withdraw"));
    us.sync();
    assert_eq!(jp.state(&id(1)).as_deref(), Some("withdrawn"));
}

/// Clause: I5
#[test]
fn what_another_attested_and_is_not_public_is_not_versioned_here() {
    let stage = Stage::new();
    let (jp, us) = (&stage.jp, &stage.us);
    us.profile("closed", "TLP:AMBER", false);
    us.import("closed", &[marked(1, 1, &[AMBER])]);
    us.import("feed", &[marked(2, 1, &[CLEAR])]);
    us.order(us.share(&[]));
    us.sync();
    assert_eq!(jp.admitted(), 2);
    let answer = jp.bring(
        Some("feed"),
        &[marked(1, 2, &[AMBER]), marked(2, 2, &[CLEAR])],
    );
    assert_eq!(answer["held"]["gate.not_the_originator"], 1, "{answer}");
    assert_eq!(answer["admitted"], 1, "{answer}");
}

/// Clause: I5
#[test]
fn a_withdrawn_item_shows_neither_title_nor_content() {
    let stage = Stage::new();
    let us = &stage.us;
    us.import("own", &[object(1, 10)]);
    let hash = us.order(us.recall(&id(1), "withdraw"));
    assert_eq!(hash.act.state, "done");
    let rows = us.rows(Command::List {
        kind: None,
        state: Some("withdrawn".to_owned()),
        source: None,
        limit: 10,
        after: None,
    });
    assert_eq!(rows[0]["title"], "");
    let shown = us.ask(Command::Show {
        item: hash_of(&rows[0]),
    });
    assert!(shown["object"].is_null(), "{shown}");
    assert_eq!(shown["item"]["title"], "");
}

/// Clause: I5
#[test]
fn an_observable_with_a_closed_property_stays_whole_because_its_id_would_tell() {
    let stage = Stage::new();
    let us = &stage.us;
    let address = "ipv4-addr--28bb3599-77cd-5a82-a950-b5bc3caf07c4";
    us.import(
        "own",
        &[json!({
            "type": "ipv4-addr", "spec_version": "2.1", "id": address,
            "value": "198.51.100.3", "object_marking_refs": [CLEAR],
            "granular_markings": [{ "marking_ref": RED, "selectors": ["value"] }],
        })],
    );
    assert_eq!(outcome(us, address), "deny");
}

/// Clause: I5
#[test]
fn who_approves_a_release_is_shown_what_would_leave_and_under_which_clause() {
    let stage = Stage::new();
    let us = &stage.us;
    us.import("own", &[marked(1, 1, &[AMBER]), marked(2, 1, &[RED])]);
    let asked = us.prepare(us.share(&[&id(1), &id(2)])).unwrap();
    let shown = us.rows(Command::ActShow { act: asked.id });
    let plan = &shown[0]["recipients"][0];
    assert_eq!((&plan["whole"], &plan["stays"]), (&json!(1), &json!(0)));
    assert_eq!(plan["lines"][0]["id"], id(1));
    assert!(plan["lines"][0]["clause"].is_string(), "{plan}");
}

/// Clause: I5
#[test]
fn an_attempt_to_share_what_stays_stands_in_the_ledger() {
    let stage = Stage::new();
    let us = &stage.us;
    us.import("own", &[marked(1, 1, &[RED]), marked(2, 1, &[CLEAR])]);
    assert_eq!(outcome(us, &id(1)), "deny");
    assert_eq!(
        us.lines("release.denied").len(),
        0,
        "a question is no attempt"
    );
    us.ask(us.share(&[&id(1)]));
    us.order(us.share(&[&id(1), &id(2)]));
    let lines = us.lines("release.denied");
    assert_eq!(lines.len(), 2);
    for line in &lines {
        let body = &line["body"];
        assert_eq!(body["to"], stage.jp.node.me().to_string());
        assert_eq!(body["items"].as_array().unwrap().len(), 1);
        assert_eq!(body["items"][0]["reasons"][0], "gate.above_ceiling");
    }
    us.verifies();
}

#[test]
fn an_object_without_a_current_version_is_found_by_its_id_or_its_versions_are_named() {
    let stage = Stage::new();
    let us = &stage.us;
    let show = |item: &str| {
        us.try_ask(Command::Show {
            item: item.to_owned(),
        })
    };
    let holders = |item: &str| {
        us.try_ask(Command::Receipts {
            item: Some(item.to_owned()),
            peer: None,
            outstanding: false,
            limit: 10,
        })
    };
    let discard = |item: &str| {
        us.try_ask(Command::HeldDiscard {
            item: item.to_owned(),
            reason: "not for us".to_owned(),
            person: us.people[0].to_owned(),
        })
    };
    let missed = show(&id(9)).unwrap_err();
    assert_eq!(missed.code, "item.unknown");
    assert!(missed.detail.contains("noroshi list"));
    let missed = discard(&id(9)).unwrap_err();
    assert!(missed.code == "held.unknown" && missed.detail.contains("noroshi held list"));
    us.import("own", &[marked(1, 10, &[CLEAR])]);
    us.order(us.share(&[&id(1)]));
    us.order(us.recall(&id(1), "destroy"));
    // One version is left, as a tombstone: who had it is still told by the object's id.
    assert_eq!(show(&id(1)).unwrap()["item"]["state"], "destroyed");
    assert_eq!(holders(&id(1)).unwrap()["rows"], 1);
    assert_eq!(discard(&id(1)).unwrap_err().code, "held.not_held");
    // Several are left, none of them current.
    us.bring(None, &[marked(1, 11, &[])]);
    let several = holders(&id(1)).unwrap_err();
    assert_eq!(several.code, "item.no_current");
    assert!(several.detail.contains("(held)") && several.detail.contains("(destroyed)"));
    // Of these one is held: that one is meant where held ones are asked for.
    assert_eq!(discard(&id(1)).unwrap()["kind"], "held.discard");
}

/// Somebody who goes away at the first word.
struct Gone;

impl Sink for Gone {
    fn send(&mut self, _: Event) -> bool {
        false
    }
}

#[test]
fn nothing_is_closed_behind_what_was_not_read_to_its_end() {
    let stage = Stage::new();
    let (party, closed) = (&stage.us, AtomicU32::new(0));
    let profile = party.node.profile("own").unwrap();
    let closing = |_: &mut Tx<'_>, _: &Counted| {
        closed.fetch_add(1, Ordering::SeqCst);
        Ok(())
    };
    let origin = Origin {
        profile: Some(&profile),
        source: "own",
        by_name: false,
        closing: Some(&closing),
        is_at_hand: true,
    };
    let objects: Vec<Value> = (0..300).map(|number| marked(number, 1, &[CLEAR])).collect();
    let text = json!({ "objects": objects }).to_string();
    let cut = party
        .node
        .take_in(&mut text.as_bytes(), None, origin, &mut Gone);
    assert!(cut.is_err_and(|failure| failure.detail.contains("before the end")));
    assert_eq!(closed.load(Ordering::SeqCst), 0);
    let whole = party
        .node
        .take_in(&mut text.as_bytes(), None, origin, &mut Silent);
    assert_eq!(whole.unwrap().answer.read, 300);
    assert_eq!(closed.load(Ordering::SeqCst), 1);
}
