//! The review before release: a finding that stops keeps its item until persons answer for it by
//! name; what is found is told to the releaser's own people and to nobody else.

use serde_json::{Value, json};

use super::stage::{Party, Stage, id, object};
use crate::Command;
use crate::command::EndorseAnswer;

const RED: &str = "marking-definition--e828b379-4e03-4974-9ac4-e53a884c97c1";

fn with(number: u32, property: &str, text: &str) -> Value {
    let mut object = object(number, 40);
    object[property] = text.into();
    object
}

/// An item of the node that the partner may not see.
fn closed(party: &Party, number: u32, name: &str) {
    let mut closed = with(number, "name", name);
    closed["object_marking_refs"] = json!([RED]);
    party.import("own", &[closed]);
}

fn accepting(party: &Party, item: u32, accept: &[&str]) -> Command {
    let mut command = party.share(&[&id(item)]);
    if let Command::Share { accept: given, .. } = &mut command {
        *given = accept.iter().map(|one| (*one).to_owned()).collect();
    }
    command
}

/// The codes of what the review finds in an item for the partner, and what becomes of it.
fn found(party: &Party, item: u32) -> (Vec<String>, String) {
    let mut command = party.share(&[&id(item)]);
    if let Command::Share { dry_run, .. } = &mut command {
        *dry_run = true;
    }
    let plan = party.ask(command);
    let line = &plan["recipients"][0]["lines"][0];
    let codes = line["findings"].as_array().unwrap().iter();
    let codes = codes.map(|finding| finding["code"].as_str().unwrap().to_owned());
    (
        codes.collect(),
        line["outcome"].as_str().unwrap().to_owned(),
    )
}

fn stopped(codes: &[&str]) -> (Vec<String>, String) {
    let codes = codes.iter().map(|code| (*code).to_owned());
    (codes.collect(), "stopped".to_owned())
}

fn set_rules(party: &Party, rules: Value) {
    party.order(Command::ReviewSet {
        rules,
        person: party.first().to_owned(),
    });
}

/// Clause: I5
#[test]
fn what_a_text_says_of_closed_items_stops_it() {
    let stage = Stage::new();
    let jp = &stage.jp;
    closed(jp, 1, "Operation Silent Heron");
    jp.import(
        "own",
        &[
            with(2, "description", "part of operation silent-heron"),
            with(3, "description", &format!("see {}", id(1))),
            with(4, "description", "(S//NF) from a source"),
            with(5, "description", "plain"),
        ],
    );
    assert_eq!(found(jp, 2), stopped(&["review.closed_name"]));
    assert_eq!(found(jp, 3), stopped(&["review.closed_id"]));
    assert_eq!(found(jp, 4), stopped(&["review.marking"]));
    assert_eq!(found(jp, 5), (vec![], "release".to_owned()));
    // The same name on an item that the partner may see is no secret.
    jp.import("own", &[with(6, "name", "Operation Silent Heron")]);
    assert_eq!(found(jp, 2), (vec![], "release".to_owned()));
    // Its own name apart: that item itself still bears the name of a closed one.
    assert_eq!(found(jp, 6), stopped(&["review.closed_name"]));
}

/// Clause: I5
#[test]
fn a_name_that_was_erased_is_looked_for_no_more() {
    let stage = Stage::new();
    let jp = &stage.jp;
    closed(jp, 1, "Operation Silent Heron");
    jp.import(
        "own",
        &[with(2, "description", "of Operation Silent Heron")],
    );
    assert_eq!(found(jp, 2), stopped(&["review.closed_name"]));
    jp.order(jp.recall(&id(1), "destroy"));
    assert_eq!(found(jp, 2), (vec![], "release".to_owned()));
}

/// Clause: I5
#[test]
fn what_stops_stays_unless_two_persons_answer_for_it() {
    let stage = Stage::new();
    let (jp, us) = (&stage.jp, &stage.us);
    jp.import("own", &[with(1, "description", "mark it NOFORN or not")]);
    let plan = jp.ask(jp.share(&[&id(1)]));
    assert_eq!(plan["recipients"][0]["stopped"], 1, "{plan}");
    assert!(plan["act"].is_null());
    let denied = jp.lines("release.denied");
    let reasons = &denied[0]["body"]["items"][0]["reasons"];
    assert_eq!(*reasons, json!(["review.marking"]), "{denied:?}");
    // Accepted is what is there, by its item and code.
    for wrong in ["review.mail", "review.none", "review.marking"] {
        let accept = format!("{wrong}:{}", id(1));
        let accept = if wrong == "review.marking" {
            wrong
        } else {
            &accept
        };
        let refused = jp.try_ask(accepting(jp, 1, &[accept])).unwrap_err();
        assert_eq!(refused.code, "share.accept", "{wrong}");
    }
    // TLP:CLEAR needs one person; an accepted finding always two.
    let accept = format!("marking:{}", id(1));
    let act = jp.prepare(accepting(jp, 1, &[&accept])).unwrap();
    assert!(act.needs_second_person);
    let asked = jp.endorse(&act, 0).unwrap();
    assert_eq!(asked.act.state, "pending");
    let shown = jp.rows(Command::ActShow {
        act: act.id.clone(),
    });
    let finding = &shown[0]["recipients"][0]["lines"][0]["findings"][0];
    assert_eq!(finding["accepted"], true, "{shown:?}");
    let done: EndorseAnswer = jp.endorse(&asked.act, 1).unwrap();
    assert_eq!((done.act.state.as_str(), done.entries), ("done", 1));
    let lines = jp.lines("act.done");
    let accepted = &lines.last().unwrap()["body"]["subject"]["accepted"][0];
    assert_eq!(accepted["code"], "review.marking", "{accepted}");
    assert_eq!(accepted["at"], json!(["description:8-14"]));
    jp.sync();
    assert_eq!(us.state(&id(1)).as_deref(), Some("admitted"));
    // Nothing of the review is known there.
    for party in [us, jp] {
        let rows = party.rows(Command::LedgerList {
            from: 0,
            limit: 10_000,
            kind: None,
        });
        let text = serde_json::to_string(&rows).unwrap();
        assert_eq!(text.contains("review.marking"), party.other == "USA");
    }
}

/// Clause: I5
#[test]
fn what_is_found_between_order_and_approval_sends_the_act_back() {
    let stage = Stage::new();
    let jp = &stage.jp;
    let text = "NOFORN, said operation silent heron";
    jp.import("own", &[with(1, "description", text)]);
    let accept = format!("review.marking:{}", id(1));
    let act = jp.prepare(accepting(jp, 1, &[&accept])).unwrap();
    let asked = jp.endorse(&act, 0).unwrap();
    closed(jp, 2, "Operation Silent Heron");
    let failure = jp.endorse(&asked.act, 1).unwrap_err();
    assert_eq!(failure.code, "act.returned", "{failure}");
    assert!(failure.detail.contains("is the name of item"), "{failure}");
    // Also where one person suffices, and the plan was reviewed a moment ago.
    jp.import("own", &[with(3, "description", "by the amber finch")]);
    let act = jp.prepare(jp.share(&[&id(3)])).unwrap();
    assert!(!act.needs_second_person);
    closed(jp, 4, "Amber Finch");
    let failure = jp.endorse(&act, 0).unwrap_err();
    assert_eq!(failure.code, "act.returned", "{failure}");
}

/// Clause: I5
#[test]
fn the_words_of_the_node_and_how_grave_a_finding_is_are_rules_two_persons_set() {
    let stage = Stage::new();
    let jp = &stage.jp;
    jp.import(
        "own",
        &[with(1, "description", "第1サイバー群 a@b.example")],
    );
    assert_eq!(
        found(jp, 1),
        (vec!["review.mail".to_owned()], "release".to_owned())
    );
    let refused = jp.try_ask(Command::ReviewSet {
        rules: json!({ "v": 1, "severities": { "review.none": "off" }, "words": [], "internal": [] }),
        person: jp.first().to_owned(),
    });
    assert_eq!(refused.unwrap_err().code, "rule.review");
    let rules = json!({
        "v": 1, "severities": { "review.mail": "off" }, "words": ["第1サイバー群"], "internal": [],
    });
    let act = jp.prepare(Command::ReviewSet {
        rules: rules.clone(),
        person: jp.first().to_owned(),
    });
    assert!(act.unwrap().needs_second_person);
    set_rules(jp, rules.clone());
    assert_eq!(found(jp, 1), stopped(&["review.own_word"]));
    assert_eq!(jp.ask(Command::RuleShow)["review"], rules);
}

/// A reduced rendition is looked at as it leaves: what is withheld needs no second look.
///
/// Clause: I5
#[test]
fn what_does_not_leave_is_not_looked_at() {
    let stage = Stage::new();
    let jp = &stage.jp;
    let mut part = with(1, "description", "NOFORN and more");
    part["granular_markings"] = json!([{ "selectors": ["description"], "marking_ref": RED }]);
    jp.import("own", &[part]);
    assert_eq!(found(jp, 1), (vec![], "reduced".to_owned()));
}
