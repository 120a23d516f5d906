//! Coalitions: a code means whom the list of that instant names.

use serde_json::{Value, json};

use super::stage::{Party, Stage, id, object};
use crate::command::Command;

const MARKING: &str = "marking-definition--00000000-0000-4000-8000-00000000f0e1";

fn definition() -> Value {
    json!({
        "type": "marking-definition", "spec_version": "2.1", "id": MARKING,
        "created": "2026-01-01T00:00:00.000Z", "name": "REL TO USA, FVEY",
        "extensions": { "extension-definition--694be976-4ec2-4b80-b47c-48f75510a38d": {
            "extension_type": "property-extension",
            "scheme": "US-CAPCO", "rel_to": ["USA", "FVEY"],
        }},
    })
}

fn set(party: &Party, nations: &[&str], until: Option<&str>) -> Command {
    Command::CoalitionSet {
        coalition: "FVEY".to_owned(),
        title: "test".to_owned(),
        nations: nations.iter().map(|nation| (*nation).to_owned()).collect(),
        from: None,
        until: until.map(str::to_owned),
        person: party.first().to_owned(),
    }
}

fn marked(number: u32) -> Value {
    let mut object = object(number, 100);
    object["object_marking_refs"] = json!([MARKING]);
    object
}

/// Clause: I5
#[test]
fn a_code_means_whom_the_list_names_and_a_removed_member_receives_nothing_from_then_on() {
    let stage = Stage::new();
    let items = [definition(), marked(1), marked(2)];
    stage.us.import("own", &items);
    stage.us.order(stage.us.share(&[MARKING]));
    // No list: the code includes nobody.
    let plan = stage.us.ask(stage.us.share(&[&id(1)]));
    assert_eq!(plan["recipients"][0]["stays"], 1, "{plan}");
    for party in [&stage.us, &stage.jp] {
        party.order(set(party, &["GBR", "JPN", "USA"], None));
    }
    stage.us.order(stage.us.share(&[&id(1)]));
    stage.us.sync();
    stage.us.sync();
    assert_eq!(stage.jp.state(&id(1)).as_deref(), Some("admitted"));
    // Approved and waiting, then the member goes: it is not sent. One person may narrow.
    stage.us.order(stage.us.share(&[&id(2)]));
    let act = stage
        .us
        .prepare(set(&stage.us, &["GBR", "USA"], None))
        .unwrap();
    assert_eq!(stage.us.endorse(&act, 0).unwrap().act.state, "done");
    stage.us.sync();
    stage.us.sync();
    assert_eq!(stage.jp.state(&id(2)), None);
    assert_eq!(stage.us.lines("release.voided").len(), 1);
    assert_eq!(stage.us.lines("coalition").len(), 2);
    stage.us.verifies();
    let rows = stage.us.rows(Command::CoalitionList);
    assert_eq!(rows.len(), 1);
    assert_eq!(
        (&rows[0]["serial"], &rows[0]["in_force"]),
        (&json!(2), &json!(true))
    );
}

/// Clause: I5
#[test]
fn one_person_alone_widens_no_list_and_lengthens_none() {
    let stage = Stage::new();
    let us = &stage.us;
    for (nations, until) in [
        (&["USA"][..], None),
        (&["GBR", "USA"], None),
        (&["USA"], Some("2029-01-01T00:00:00Z")),
    ] {
        let act = us.prepare(set(us, nations, until)).unwrap();
        assert_eq!(us.endorse(&act, 0).unwrap().act.state, "pending");
        us.endorse(&act, 1).unwrap();
    }
    // Two orders at once: the second was made for another list than the one that stands.
    let first = us.prepare(set(us, &["AUS", "USA"], None)).unwrap();
    let second = us.prepare(set(us, &["CAN", "USA"], None)).unwrap();
    for act in [&first, &second] {
        us.endorse(act, 0).unwrap();
    }
    us.endorse(&first, 1).unwrap();
    let failure = us.endorse(&second, 1).unwrap_err();
    assert_eq!(failure.code, "coalition.changed");
}

#[test]
fn a_list_that_nobody_could_read_again_is_not_asked_for() {
    let stage = Stage::new();
    let us = &stage.us;
    let refused = |coalition: &str, title: &str, nation: &str, until: Option<&str>| {
        let command = Command::CoalitionSet {
            coalition: coalition.to_owned(),
            title: title.to_owned(),
            nations: vec![nation.to_owned()],
            from: None,
            until: until.map(str::to_owned),
            person: us.first().to_owned(),
        };
        us.try_ask(command).unwrap_err().code == "coalition.refused"
    };
    assert!(refused("fvey", "t", "USA", None));
    assert!(refused("FIVE EYES", "t", "USA", None));
    assert!(refused("FVEY", "", "USA", None));
    assert!(refused("FVEY", "t", "US", None));
    assert!(refused("FVEY", "t", "USA", Some("tomorrow")));
    assert!(refused("FVEY", "t", "USA", Some("2020-01-01T00:00:00Z")));
}
