//! What two nodes say of what went over between them.

use serde_json::{Value, json};

use super::stage::{Party, Stage, id, object};
use crate::command::{BalanceRow, BalanceSide, Command};

const GREEN: &str = "marking-definition--bab4a63c-aed9-4cf5-a766-dfca5abac2bb";
const RED: &str = "marking-definition--e828b379-4e03-4974-9ac4-e53a884c97c1";

fn balance(party: &Party) -> Vec<BalanceRow> {
    let rows = party.rows(Command::Balance { with: None });
    let rows = rows
        .into_iter()
        .filter(|row| row.get("month").is_some())
        .map(|row| serde_json::from_value(row).unwrap());
    rows.collect()
}

/// Both directions of every month, from Japan's side.
fn both(party: &Party, mirrored: bool) -> Vec<(String, BalanceSide, BalanceSide)> {
    let rows = balance(party).into_iter().map(|row| match mirrored {
        false => (row.month, row.given, row.got),
        true => (row.month, row.got, row.given),
    });
    rows.collect()
}

fn marked(number: u32, marking: &str) -> Value {
    let mut value = object(number, 40);
    value["object_marking_refs"] = json!([marking]);
    value
}

/// An object that leaves without its description.
fn closed(number: u32) -> Value {
    let mut value = marked(number, GREEN);
    value["description"] = json!("closed");
    value["granular_markings"] = json!([{ "selectors": ["description"], "marking_ref": RED }]);
    value
}

/// The first half of clause I4b: the report counts both directions. The other half, that every
/// request for information ends, waits for such requests: the clause stays on the list.
#[test]
fn what_one_node_gave_is_what_the_other_got_by_month_type_marking_and_answer() {
    let stage = Stage::new();
    let (jp, us) = (&stage.jp, &stage.us);
    assert!(balance(jp).is_empty());
    jp.import("own", &[object(1, 40), marked(2, GREEN), closed(3)]);
    us.import("own", &[object(11, 40), object(12, 40)]);
    jp.order(jp.share(&[&id(1), &id(2), &id(3)]));
    // Before the exchange the giver alone knows of it.
    let before = balance(jp);
    assert_eq!((before[0].given.items, before[0].given.outstanding), (3, 3));
    assert_eq!(before[0].given.median_seconds, None);
    assert!(balance(us).is_empty());
    stage.hands.forward(7);
    jp.sync();
    us.order(us.share(&[&id(11)]));
    us.sync();
    // In the next month.
    stage.hands.forward(15 * 24 * 3600);
    us.order(us.share(&[&id(12)]));
    jp.order(jp.recall(&id(2), "destroy"));
    for _ in 0..3 {
        jp.sync();
        us.sync();
    }
    let (ours, theirs) = (both(jp, false), both(us, true));
    assert_eq!(ours, theirs);
    assert_eq!(ours.len(), 2);
    let (_, given, got) = &ours[0];
    assert_eq!((given.items, given.reduced, given.outstanding), (3, 1, 0));
    assert_eq!(given.by_type.values().sum::<u64>(), 3);
    assert_eq!(given.by_marking.len(), 2, "{given:?}");
    assert_eq!(given.answered.values().sum::<u64>(), 3);
    assert_eq!(given.median_seconds, Some(7));
    assert_eq!((got.items, got.reduced), (1, 0));
    let (_, given, got) = &ours[1];
    assert_eq!(
        (given.items, given.recalls, given.recalls_answered),
        (0, 1, 1)
    );
    assert_eq!((got.items, got.recalls), (1, 0));
    // By partner.
    let with = |with: &str| {
        jp.rows(Command::Balance {
            with: Some(with.to_owned()),
        })
    };
    assert_eq!(with("USA").len(), 2);
    let unknown = Command::Balance {
        with: Some("AUS".to_owned()),
    };
    assert_eq!(jp.try_ask(unknown).unwrap_err().code, "peer.unknown");
}

#[test]
fn what_was_voided_before_it_left_counts_on_neither_side() {
    let stage = Stage::new();
    let (jp, us) = (&stage.jp, &stage.us);
    jp.import("own", &[object(1, 40), object(2, 40)]);
    jp.order(jp.share(&[&id(1), &id(2)]));
    jp.order(jp.recall(&id(1), "withdraw"));
    jp.sync();
    us.sync();
    let ours = both(jp, false);
    assert_eq!(ours, both(us, true));
    assert_eq!((ours[0].1.items, ours[0].1.outstanding), (1, 0));
}
