//! Objects of the project's own types for who knows them, and what stands for them for who does
//! not.

use noroshi_formats::ontology::fallback_id;
use noroshi_model::agreement::ONTOLOGY_EXTENSION;
use noroshi_model::{Attribution, Limits, Role};
use noroshi_store::WriteError;
use serde_json::{Value, json};

use super::stage::{Party, Stage, field, id, object};
use crate::command::Command;

const RED: &str = "marking-definition--e828b379-4e03-4974-9ac4-e53a884c97c1";

fn mission_id(number: u32) -> String {
    id(number).replace("campaign", "mission")
}

fn note_id(number: u32) -> String {
    fallback_id(&mission_id(number)).unwrap()
}

/// A mission with one property that stays.
pub(super) fn mission(number: u32) -> Value {
    let mut mission = object(number, 30);
    mission["type"] = "mission".into();
    mission["id"] = mission_id(number).into();
    mission["owner_ref"] = "identity--00000000-0000-4000-8000-000000000001".into();
    mission["kind"] = "the closed kind".into();
    mission["extensions"] = json!({ ONTOLOGY_EXTENSION: { "extension_type": "new-sdo" } });
    mission["granular_markings"] = json!([{ "marking_ref": RED, "selectors": ["kind"] }]);
    mission
}

/// The definitions, as a node has them from its own program.
pub(super) fn definitions() -> Vec<Value> {
    let bundle = crate::own_types().unwrap();
    bundle["objects"].as_array().unwrap().clone()
}

/// Share one item; the line of the plan about it.
fn planned(party: &Party, item: &str) -> Value {
    let plan = party.ask(party.share(&[item]));
    let act = serde_json::from_value(plan["act"].clone()).unwrap();
    let asked = party.endorse(&act, 0).unwrap();
    if asked.act.state == "pending" {
        party.endorse(&asked.act, 1).unwrap();
    }
    party.sync();
    plan["recipients"][0]["lines"][0].clone()
}

fn shown(party: &Party, item: &str) -> Value {
    party.ask(Command::Show {
        item: item.to_owned(),
    })
}

/// Clauses: I5, I6
#[test]
fn who_has_not_said_that_it_knows_a_type_is_given_what_stands_for_it() {
    let stage = Stage::new();
    let (jp, us) = (&stage.jp, &stage.us);
    jp.import("own", &[mission(1), mission(2), mission(3)]);
    let line = planned(jp, &mission_id(1));
    assert_eq!(
        (&line["outcome"], &line["in_fallback"]),
        (&json!("reduced"), &json!(true))
    );
    assert!(line["withheld"].get("kind").is_some(), "{line}");
    assert_eq!(us.state(&mission_id(1)), None);
    assert_eq!(us.state(&note_id(1)).as_deref(), Some("admitted"));
    let note = shown(us, &note_id(1)).to_string();
    assert!(note.contains("[Mission / 任務] Campaign 1") && note.contains(&mission_id(1)));
    assert!(!note.contains("the closed kind"), "{note}");
    assert!(note.contains("releaser"), "{note}");
    // Sharing it once more says that it went.
    let again = jp.ask(jp.share(&[&mission_id(1)]));
    assert_eq!(again["recipients"][0]["already"], 1);

    // Its word counts from when it is here.
    us.import("own", &definitions());
    us.order(us.share(&[ONTOLOGY_EXTENSION]));
    us.sync();
    let line = planned(jp, &mission_id(2));
    assert_eq!(
        (&line["outcome"], &line["in_fallback"]),
        (&json!("reduced"), &json!(false))
    );
    assert_eq!(us.state(&mission_id(2)).as_deref(), Some("admitted"));
    assert_eq!(us.state(&note_id(2)), None);
    planned(jp, &mission_id(1));
    assert_eq!(us.state(&mission_id(1)).as_deref(), Some("admitted"));

    // And is taken back with the definition.
    us.order(us.recall(ONTOLOGY_EXTENSION, "withdraw"));
    us.sync();
    assert_eq!(planned(jp, &mission_id(3))["in_fallback"], true);
    assert_eq!(us.state(&mission_id(3)), None);

    // A recall reaches the item and what stood for it.
    jp.order(jp.recall(&mission_id(1), "destroy"));
    jp.sync();
    jp.sync();
    for gone in [mission_id(1), note_id(1)] {
        assert_eq!(us.state(&gone).as_deref(), Some("destroyed"), "{gone}");
    }
    assert_eq!(jp.unanswered(), 0);
    jp.verifies();
    us.verifies();
}

/// Clause: I5
#[test]
fn what_was_approved_in_fallback_goes_back_where_the_word_came_meanwhile() {
    let stage = Stage::new();
    let (jp, us) = (&stage.jp, &stage.us);
    jp.import("own", &[mission(1)]);
    us.import("own", &definitions());
    us.order(us.share(&[ONTOLOGY_EXTENSION]));
    let act = jp.prepare(jp.share(&[&mission_id(1)])).unwrap();
    us.sync();
    assert_eq!(jp.endorse(&act, 0).unwrap_err().code, "act.returned");
    jp.sync();
    assert_eq!(us.state(&note_id(1)), None);
}

/// Clause: I5
#[test]
fn only_its_own_word_says_that_a_partner_knows_the_types() {
    let stage = Stage::new();
    let (jp, us) = (&stage.jp, &stage.us);
    let (me, partner) = (jp.node.me(), us.node.me());
    let definition = definitions()
        .into_iter()
        .find(|object| field(object, "id") == ONTOLOGY_EXTENSION)
        .unwrap();
    let read = |object: &Value| {
        let value = noroshi_model::Value::parse(object.to_string().as_bytes(), &Limits::DEFAULT);
        noroshi_formats::check(value.unwrap(), &Limits::DEFAULT)
            .unwrap()
            .0
    };
    let note = |by: Attribution, object: &Value| {
        let item = read(object);
        let write = jp
            .node
            .store
            .write(|tx| jp.node.note_own_types(tx, &partner, &by, &item));
        write
            .map_err(|error: WriteError| error.to_string())
            .unwrap();
        jp.node.knows_own_types(&partner).unwrap()
    };
    let by = |party: &Party| {
        party
            .node
            .attribute(Role::Originator, &[], &read(&definition).hash())
    };
    assert!(!note(by(jp), &definition), "passed on, signed by another");
    assert!(!note(by(us), &object(1, 10)), "another object");
    assert!(note(by(us), &definition));
    assert!(!jp.node.knows_own_types(&me).unwrap());
}
