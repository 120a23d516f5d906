//! Versions for release: an item of its own, made by two persons, whose derivation nobody else
//! learns, by no road and in no form.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::{Value, json};

use super::stage::{Party, Stage, id, object};
use crate::Command;
use crate::command::{ActAnswer, Failure};
use crate::node::lock;

const AMBER: &str = "marking-definition--55d920b0-5e8b-4f79-9ee9-91f868d9b421";
const RED: &str = "marking-definition--e828b379-4e03-4974-9ac4-e53a884c97c1";

fn original(party: &Party, number: u32) {
    let mut object = object(number, 40);
    object["description"] = "the source sits in the north".into();
    object["object_marking_refs"] = json!([RED]);
    object["labels"] = json!(["one", "two", "three"]);
    party.import("own", &[object]);
}

fn order(party: &Party, item: &str, drop: &[&str], replace: &[(&str, &str)]) -> Command {
    let replace: BTreeMap<String, String> = replace
        .iter()
        .map(|(at, text)| ((*at).to_owned(), (*text).to_owned()))
        .collect();
    Command::Tearline {
        item: item.to_owned(),
        to: vec![party.other.to_owned()],
        object: None,
        drop: drop.iter().map(|at| (*at).to_owned()).collect(),
        replace,
        markings: vec!["TLP:GREEN".to_owned()],
        purpose: "defence".to_owned(),
        person: party.first().to_owned(),
        dry_run: false,
    }
}

/// Made by two persons; the new item's id.
fn made(party: &Party, number: u32) -> String {
    let replace = [("name", "A campaign"), ("labels.[0]", "first")];
    let drop = ["description", "labels.[1]", "labels.[2]"];
    let act = party
        .prepare(order(party, &id(number), &drop, &replace))
        .unwrap();
    assert!(act.needs_second_person);
    let asked = party.endorse(&act, 0).unwrap();
    assert_eq!(asked.act.state, "pending");
    party.endorse(&asked.act, 1).unwrap();
    tearline_id(&act)
}

fn tearline_id(act: &ActAnswer) -> String {
    act.document["subject"]["tearline_id"]
        .as_str()
        .unwrap()
        .to_owned()
}

fn refusal(party: &Party, command: Command) -> Failure {
    party.try_ask(command).unwrap_err()
}

/// Clause: I5
#[test]
fn what_names_its_original_or_is_no_object_is_refused() {
    let stage = Stage::new();
    let jp = &stage.jp;
    original(jp, 1);
    let hash = jp.node.find_item(&id(1)).unwrap().hash.to_string();
    for text in [
        format!("made of {}", id(1)),
        hash,
        id(1)[10..].to_uppercase(),
    ] {
        let command = order(jp, &id(1), &[], &[("description", &text)]);
        assert_eq!(
            refusal(jp, command).code,
            "tearline.names_original",
            "{text}"
        );
    }
    for (drop, replace, code) in [
        (&["nothing"][..], &[][..], "tearline.selector"),
        (&["labels.[9]"], &[], "tearline.selector"),
        (&["labels.[0].x"], &[], "tearline.selector"),
        (&["name"], &[], "tearline.refused"),
        (&[], &[("labels", "x")], "tearline.refused"),
    ] {
        let command = order(jp, &id(1), drop, replace);
        assert_eq!(refusal(jp, command).code, code, "{drop:?} {replace:?}");
    }
    let mut unmarked = order(jp, &id(1), &[], &[]);
    if let Command::Tearline { markings, .. } = &mut unmarked {
        markings.clear();
    }
    assert_eq!(refusal(jp, unmarked).code, "tearline.marking");
    assert!(
        jp.rows(Command::ActList {
            state: Some("prepared".into())
        })
        .iter()
        .all(|act| { act["kind"] != "tearline.make" })
    );
}

/// Clause: I5
#[test]
fn a_version_for_release_is_an_item_of_its_own_and_its_derivation_stays() {
    let stage = Stage::new();
    let (jp, us) = (&stage.jp, &stage.us);
    original(jp, 1);
    let tearline = made(jp, 1);
    assert_ne!(tearline, id(1));
    let shown = jp.ask(Command::Show {
        item: tearline.clone(),
    });
    assert_eq!(shown["object"]["name"], "A campaign");
    assert_eq!(shown["object"]["labels"], json!(["first"]));
    assert_eq!(shown["object"]["description"], Value::Null);
    assert_eq!(shown["item"]["role"], "originator");
    assert_eq!(shown["tearlines"][0]["original_id"], id(1));
    // Whatever names both is refused, though its marking and agreement let it pass.
    let derivation = json!({
        "type": "relationship", "spec_version": "2.1",
        "id": "relationship--00000000-0000-4000-8000-000000000001",
        "created": "2026-01-01T00:00:00.000Z", "modified": "2026-01-01T00:00:00.000Z",
        "relationship_type": "derived-from", "source_ref": tearline, "target_ref": id(1),
    });
    let mut note = object(2, 10);
    note["description"] = format!("{tearline} was made of {}", id(1)).into();
    jp.import("own", &[derivation, note]);
    for item in ["relationship--00000000-0000-4000-8000-000000000001", &id(2)] {
        let plan = jp.ask(jp.share(&[item]));
        let line = &plan["recipients"][0]["lines"][0];
        assert_eq!(line["outcome"], "deny", "{plan}");
        assert_eq!(line["reasons"][0]["code"], "gate.private_derivation");
    }
    // Everything else is shared, the original asked for too; nothing of it arrives.
    jp.order(jp.share(&[&tearline, &id(1)]));
    jp.sync();
    us.sync();
    assert_eq!(us.state(&tearline).as_deref(), Some("admitted"));
    assert_eq!(us.state(&id(1)), None);
    let hash = jp.node.find_item(&id(1)).unwrap().hash;
    let names = [
        id(1).into_bytes(),
        hash.to_string().into_bytes(),
        hash.bytes().to_vec(),
        b"in the north".to_vec(),
        b"derived".to_vec(),
    ];
    let mut left = Vec::new();
    bytes_under(us.node.home().path(), &mut left);
    left.extend(
        lock(&jp.road.tape)
            .iter()
            .chain(&*lock(&us.road.tape))
            .cloned(),
    );
    let shown = us.ask(Command::Show {
        item: tearline.clone(),
    });
    left.push(shown.to_string().into_bytes());
    let rows = us.rows(Command::LedgerList {
        from: 0,
        limit: 10_000,
        kind: None,
    });
    left.push(serde_json::to_vec(&rows).unwrap());
    for name in &names {
        let holds = |bytes: &Vec<u8>| bytes.windows(name.len()).any(|part| part == name);
        assert!(!left.iter().any(holds), "{}", String::from_utf8_lossy(name));
    }
    // The search itself finds what did go.
    let went = |bytes: &Vec<u8>| bytes.windows(10).any(|part| part == b"A campaign");
    assert!(left.iter().any(went));
}

/// Every file of a node's folder.
fn bytes_under(folder: &Path, found: &mut Vec<Vec<u8>>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            bytes_under(&path, found);
        } else if path.is_file() {
            found.push(std::fs::read(&path).unwrap());
        }
    }
}

/// Clause: I5
#[test]
fn recalling_the_original_tells_its_own_people_what_was_made_of_it() {
    let stage = Stage::new();
    let (jp, us) = (&stage.jp, &stage.us);
    original(jp, 1);
    let tearline = made(jp, 1);
    jp.order(jp.share(&[&tearline]));
    jp.sync();
    let done = jp.order(jp.recall(&id(1), "withdraw"));
    assert_eq!(done.tearlines.len(), 1);
    assert_eq!(done.tearlines[0].id, tearline);
    jp.sync();
    assert_eq!(us.state(&tearline).as_deref(), Some("admitted"));
    jp.order(jp.recall(&tearline, "destroy"));
    jp.sync();
    assert_eq!(us.state(&tearline).as_deref(), Some("destroyed"));
}

/// The review looks at it before anybody signs.
///
/// Clause: I5
#[test]
fn gate_and_review_are_asked_before_it_is_made() {
    let stage = Stage::new();
    let jp = &stage.jp;
    original(jp, 1);
    let mut command = order(jp, &id(1), &["description"], &[("labels.[0]", "NOFORN")]);
    if let Command::Tearline { dry_run, .. } = &mut command {
        *dry_run = true;
    }
    let shown = jp.ask(command.clone());
    let line = &shown["recipients"][0]["lines"][0];
    let codes: Vec<&Value> = line["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| &it["code"])
        .collect();
    // It still bears the name of what is closed, too.
    assert_eq!(codes, ["review.marking", "review.closed_name"], "{shown}");
    assert_eq!(line["outcome"], "stopped");
    if let Command::Tearline { markings, .. } = &mut command {
        *markings = vec![AMBER.to_owned(), RED.to_owned()];
    }
    let shown = jp.ask(command);
    assert_eq!(
        shown["recipients"][0]["lines"][0]["outcome"], "deny",
        "{shown}"
    );
    assert_eq!(jp.admitted(), 1, "a dry run makes nothing");
}
