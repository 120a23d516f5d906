//! Marking definitions: whose word one is, what a second of the same id does, and what a node says
//! of one that it does not know.

use noroshi_gate::{Learned, Marked, MarkingError, MarkingTable, Scope, mark};
use noroshi_model::json::{Object, Value};
use noroshi_model::{Limits, StixId};

const TLP_RED: &str = "marking-definition--e828b379-4e03-4974-9ac4-e53a884c97c1";
const OWN: &str = "marking-definition--00000000-0000-4000-8000-000000000001";
const OTHER: &str = "marking-definition--00000000-0000-4000-8000-000000000002";

fn id(text: &str) -> StixId {
    text.parse().expect("an id")
}

/// A definition of a TLP level.
fn definition(of: &str, level: &str, name: &str) -> Object {
    Object::new()
        .with("type", "marking-definition")
        .with("spec_version", "2.1")
        .with("id", of)
        .with("created", "2026-01-01T00:00:00.000Z")
        .with("name", name)
        .with("definition_type", "tlp")
        .with("definition", Object::new().with("tlp", level))
}

fn marked(object: Object, assigned: &[StixId]) -> Marked {
    let (valid, _) =
        noroshi_formats::check(Value::Object(object), &Limits::DEFAULT).expect("well formed");
    mark(valid, assigned, &MarkingTable::builtin(), &Scope::Own)
}

#[test]
fn a_scope_is_written_as_it_is_read() {
    let node = format!("node:{}", noroshi_model::NodeId::from_bytes([1; 32]));
    for text in ["own", "profile:feed", &node] {
        assert_eq!(text.parse::<Scope>().expect("a scope").to_string(), text);
    }
    for text in ["", "owner", "node:", "feed"] {
        assert!(text.parse::<Scope>().is_err(), "{text}");
    }
}

#[test]
fn a_definition_is_never_replaced_and_one_with_two_contents_means_nothing() {
    let scope = Scope::Profile("feed".into());
    let mut table = MarkingTable::builtin();
    let squatter = table.learn(&definition(TLP_RED, "clear", "n"), &scope);
    assert_eq!(squatter, Err(MarkingError::Squatted(id(TLP_RED))));
    let same = table.learn(&definition(TLP_RED, "red", "n"), &scope);
    assert_eq!(same, Ok(Learned::Known));
    let first = definition(OWN, "green", "ours");
    assert_eq!(table.learn(&first, &scope), Ok(Learned::New));
    assert_eq!(table.learn(&first, &scope), Ok(Learned::Known));
    assert_eq!(table.name_of(&id(OWN), &scope).as_deref(), Some("ours"));
    let second = table.learn(&definition(OWN, "clear", "ours"), &scope);
    assert_eq!(second, Ok(Learned::Disputed));
    assert_eq!(table.resolve(&id(OWN), &scope), None);
    assert_eq!(table.name_of(&id(OWN), &scope), None);
}

#[test]
fn a_dispute_that_an_earlier_run_found_still_stands() {
    let mut table = MarkingTable::builtin();
    let green = definition(OWN, "green", "ours");
    assert_eq!(table.learn(&green, &Scope::Own), Ok(Learned::New));
    table.dispute(id(OWN), Scope::Own);
    assert_eq!(table.resolve(&id(OWN), &Scope::Own), None);
    assert_eq!(table.learn(&green, &Scope::Own), Ok(Learned::Known));
    assert_eq!(table.resolve(&id(OWN), &Scope::Own), None);
}

#[test]
fn a_definition_of_release_is_clear_itself_and_a_squatting_one_is_held() {
    let red = marked(definition(OWN, "red", "n"), &[]);
    assert_eq!(red.object_label().to_string(), "tlp:clear");
    assert!(red.unknown().is_empty());
    let squatter = marked(definition(TLP_RED, "clear", "n"), &[]);
    assert!(!squatter.object_label().is_release_marking());
    assert!(squatter.unknown().contains(&id(TLP_RED)));
}

#[test]
fn markings_a_node_ordered_are_listed_once_and_in_order() {
    let ordered = [id(OTHER), id(TLP_RED), id(OTHER)];
    let item = marked(definition(OWN, "clear", "n"), &ordered);
    assert_eq!(item.assigned(), [id(OTHER), id(TLP_RED)]);
    assert_eq!(item.object_label().to_string(), "tlp:red");
}

#[test]
fn a_level_that_is_not_known_is_named_without_control_characters_and_cut_short() {
    let mut table = MarkingTable::builtin();
    let mut problem = |level: &str| {
        let learned = table.learn(&definition(OWN, level, "n"), &Scope::Own);
        learned.expect_err("no level").to_string()
    };
    assert!(problem("ult\u{1b}ra").contains("`ultra` is no level of tlp"));
    let cut = format!("`{}` is no level", "x".repeat(40));
    assert!(problem(&"x".repeat(200)).contains(&cut));
}
