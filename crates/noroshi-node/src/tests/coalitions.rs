//! Coalitions: a code means whom the list of that instant names.

use noroshi_model::link::{EntryKind, Precedence};
use noroshi_model::{Membership, Signed, Timestamp, World};
use serde_json::{Value, json};

use super::stage::{Party, Stage, id, object};
use crate::command::Command;
use crate::node::store_failure;

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
    let lines = stage.us.lines("coalition");
    let own = lines.iter().filter(|line| line["body"]["from"].is_null());
    assert_eq!(own.count(), 2);
    stage.us.verifies();
    let mut rows = stage.us.rows(Command::CoalitionList);
    rows.retain(|row| row["by"].is_null());
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

/// What partners say, as it is shown there.
fn words(party: &Party) -> Vec<Value> {
    let mut rows = party.rows(Command::CoalitionList);
    rows.retain(|row| !row["by"].is_null());
    rows
}

/// Clause: I5
#[test]
fn a_partners_list_is_its_word_and_neither_opens_nor_closes_anything_here() {
    let stage = Stage::new();
    let (us, jp) = (&stage.us, &stage.jp);
    us.import("own", &[definition(), marked(1), marked(2)]);
    us.order(us.share(&[MARKING]));
    jp.order(set(jp, &["GBR", "JPN", "USA"], None));
    jp.sync();
    let rows = words(us);
    assert_eq!(rows.len(), 1);
    assert_eq!(rows[0]["nations"], json!(["GBR", "JPN", "USA"]));
    assert_eq!(rows[0]["same_here"], false);
    let stays = |number: u32| us.ask(us.share(&[&id(number)]))["recipients"][0]["stays"].take();
    assert_eq!(stays(1), 1, "its word opens nothing");
    // Two persons here say the same: that opens.
    us.order(set(us, &["GBR", "JPN", "USA"], None));
    assert_eq!(words(us)[0]["same_here"], true);
    us.order(us.share(&[&id(1)]));
    // The partner drops itself, or nearly all: what it says changes nothing either.
    jp.order(set(jp, &["USA"], None));
    jp.sync();
    let rows = words(us);
    assert_eq!(
        rows.len(),
        1,
        "the later one stands in place of the earlier"
    );
    assert_eq!(
        (
            &rows[0]["serial"],
            &rows[0]["nations"],
            &rows[0]["same_here"]
        ),
        (&json!(2), &json!(["USA"]), &json!(false))
    );
    assert_eq!(stays(2), 0);
    us.verifies();
    jp.verifies();
}

/// Clause: I6
#[test]
fn a_list_is_given_to_partners_of_its_nations_and_to_nobody_else() {
    let stage = Stage::new();
    let (_, au) = stage.member("AUS", ["bruce", "sheila"]);
    let (us, jp) = (&stage.us, &stage.jp);
    let given = jp.order(set(jp, &["AUS", "GBR", "JPN"], None));
    assert_eq!(given.entries, 1);
    jp.sync();
    au.sync();
    assert_eq!((words(us).len(), words(&au).len()), (0, 1));
    assert_eq!(us.lines("coalition").len(), 0);
    // Suspended: nothing goes there.
    jp.order(Command::AgreementSuspend {
        agreement: super::stage::field(&au.rows(Command::AgreementList)[0], "id"),
        person: jp.first().to_owned(),
    });
    let given = jp.order(set(jp, &["AUS", "JPN"], None));
    assert_eq!(given.entries, 0);
}

fn list(by: &Party, coalition: &str, serial: u64) -> Membership {
    Membership {
        world: World::Operational,
        coalition: coalition.parse().unwrap(),
        serial,
        title: "test".to_owned(),
        nations: ["JPN", "USA"].map(|nation| nation.parse().unwrap()).into(),
        valid_from: Timestamp::from_micros(1_700_000_000_000_000),
        valid_until: Timestamp::from_micros(1_900_000_000_000_000),
        by: by.node.me(),
        at: Timestamp::from_micros(1_700_000_000_000_000),
    }
}

/// The United States put these lists, signed by their key, into their log for Japan.
fn deliver(us: &Party, jp: &Party, lists: Vec<Membership>) {
    for list in lists {
        let bytes = Signed::sign(list, &us.node.keys().items).to_bytes();
        let (kind, soon) = (EntryKind::Document, Precedence::Priority);
        us.node
            .store
            .write(|tx| us.node.log_bytes(tx, &jp.node.me(), kind, soon, bytes))
            .map_err(store_failure::<noroshi_store::WriteError>)
            .unwrap();
    }
    us.sync();
}

/// Clause: I5
#[test]
fn a_list_that_is_not_its_senders_own_is_refused() {
    let stage = Stage::new();
    let (us, jp) = (&stage.us, &stage.jp);
    // Another's list under the sender's key; and one of another world.
    let mut exercise = list(us, "ACGU", 1);
    exercise.world = World::Exercise;
    deliver(us, jp, vec![list(jp, "FVEY", 1), exercise]);
    assert_eq!(jp.lines("item.refused").len(), 2);
    // An older one after a later one changes nothing.
    deliver(us, jp, vec![list(us, "FVEY", 3), list(us, "FVEY", 2)]);
    assert_eq!(words(jp)[0]["serial"], 3);
    // Not more than so many.
    let code = |number: u8| {
        format!(
            "AA{}{}",
            char::from(b'A' + number / 26),
            char::from(b'A' + number % 26)
        )
    };
    let many = (0..70).map(|number| list(us, &code(number), 1));
    deliver(us, jp, many.collect());
    assert_eq!(words(jp).len(), 64);
    assert_eq!(jp.lines("item.refused").len(), 2 + 7);
    // With no agreement in force a list is not taken.
    jp.suspend();
    deliver(us, jp, vec![list(us, "FVEY", 4)]);
    assert_eq!(words(jp).iter().filter(|row| row["serial"] == 4).count(), 0);
    jp.verifies();
}
