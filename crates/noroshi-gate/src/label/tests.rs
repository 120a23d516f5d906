//! Laws of the join, and the stored forms: version 1 is read for ever, version 2 is frozen.

use std::collections::BTreeSet;

use noroshi_model::{Limits, Nation, Timestamp, Value};
use proptest::prelude::*;

use super::{Label, Source};
use crate::axes::{Axes, AxisKind};
use crate::roster::{Member, Roster};

fn members() -> impl Strategy<Value = BTreeSet<Member>> {
    let codes = ["AUS", "JPN", "USA", "ACGU", "FVEY"];
    prop::sample::subsequence(codes.to_vec(), 0..=4)
        .prop_map(|codes| codes.into_iter().filter_map(Member::from_code).collect())
}

/// A label of any one axis.
fn part() -> impl Strategy<Value = Label> {
    let table = Axes::builtin();
    let mut words: Vec<Label> = Vec::new();
    for axis in table.iter() {
        for level in axis.levels() {
            words.extend(Label::level(&axis.id, &level.id));
            words.extend(Label::word(&axis.id, &level.id));
        }
        words.extend(Label::caveat(&axis.id));
    }
    words.extend(Label::level("tlp", "amber").map(Label::without_release));
    let rosters: Vec<String> = table
        .iter()
        .filter(|axis| axis.kind == AxisKind::Roster)
        .map(|axis| axis.id.clone())
        .collect();
    let source = prop_oneof![
        Just("JPN".parse::<Nation>().map(Source::Nation).unwrap()),
        Just("AUS".parse::<Nation>().map(Source::Nation).unwrap()),
        Just(Source::Identity(
            "identity--00000000-0000-4000-8000-000000000001"
                .parse()
                .unwrap()
        )),
    ];
    let time = || prop::option::of((0_i64..4).prop_map(|s| Timestamp::from_micros(s * 1_000_000)));
    prop_oneof![
        4 => prop::sample::select(words),
        4 => (prop::sample::select(rosters), members(), members())
            .prop_map(|(axis, hold, see)| Label::roster(&axis, Roster::new(hold, see)).unwrap()),
        1 => (prop::sample::select(vec!["us-fgi", "consent"]), source)
            .prop_map(|(axis, source)| Label::source(axis, source).unwrap()),
        1 => (time(), time()).prop_map(|(from, until)| Label::window(from, until)),
    ]
}

fn label() -> impl Strategy<Value = Label> {
    prop::collection::vec(part(), 0..8)
        .prop_map(|parts| parts.iter().fold(Label::none(), |all, one| all.join(one)))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4000))]

    #[test]
    fn a_join_is_associative_commutative_idempotent_and_neutral_to_nothing(
        a in label(), b in label(), c in label()
    ) {
        prop_assert_eq!(a.join(&b).join(&c), a.join(&b.join(&c)));
        prop_assert_eq!(a.join(&b), b.join(&a));
        prop_assert_eq!(a.join(&a), a.clone());
        prop_assert_eq!(a.join(&Label::none()), a.clone());
        prop_assert!(a.join(&b).covers(&a) && a.join(&b).covers(&b));
    }

    #[test]
    fn what_is_stored_is_read_again(a in label()) {
        let stored = Value::Object(a.to_object());
        let bytes = stored.canonical();
        let read = Label::from_value(Value::parse(&bytes, &Limits::DEFAULT).unwrap()).unwrap();
        prop_assert_eq!(&read, &a);
        prop_assert_eq!(Value::Object(read.to_object()).canonical(), bytes);
    }
}

fn read(text: &str) -> Option<Label> {
    let value = Value::parse(text.trim_end().as_bytes(), &Limits::DEFAULT).unwrap();
    Label::from_value(value).ok()
}

/// Clause: I5
#[test]
fn a_label_stored_by_the_first_edition_is_read() {
    let v1 = include_str!("../../test-data/label-v1.json");
    let label = read(v1).unwrap();
    assert_eq!(
        label.to_string(),
        "tlp:amber us-class:secret jp-sds:sds jp-mod:hi us-noforn us-relto:JPN,USA"
    );
    assert!(label.is_release_marking());
    // An empty list is nobody, then as now.
    let nobody = read(r#"{"bars":[],"ladders":{},"rosters":{"us-relto":[]},"v":1}"#).unwrap();
    assert_eq!(nobody.to_string(), "us-relto:");
    assert_eq!(
        read(r#"{"bars":[],"ladders":{},"rosters":{},"v":1}"#),
        Some(Label::none())
    );
}

/// Clause: I5
#[test]
fn the_stored_form_of_the_second_edition_is_frozen() {
    let roster = |codes: &[&str], see: &[&str]| {
        let set = |codes: &[&str]| {
            codes
                .iter()
                .filter_map(|code| Member::from_code(code))
                .collect()
        };
        Label::roster("us-relto", Roster::new(set(codes), set(see))).unwrap()
    };
    let parts = [
        Label::level("tlp", "amber").unwrap(),
        Label::level("jp-sds", "sds").unwrap(),
        Label::level("pap", "red").unwrap(),
        Label::word("jp-sds-category", "防衛").unwrap(),
        Label::caveat("us-orcon").unwrap(),
        roster(&["USA", "FVEY"], &["JPN"]),
        roster(&["USA", "AUS"], &[]),
        Label::source("us-fgi", Source::Nation("AUS".parse().unwrap())).unwrap(),
        Label::window(
            Some("2026-01-01T00:00:00Z".parse().unwrap()),
            Some("2027-01-01T00:00:00Z".parse().unwrap()),
        ),
    ];
    let label = parts.iter().fold(Label::none(), |all, one| all.join(one));
    let frozen = include_str!("../../test-data/label-v2.json");
    let bytes = Value::Object(label.to_object()).canonical();
    assert_eq!(String::from_utf8(bytes).unwrap(), frozen.trim_end());
    assert_eq!(read(frozen), Some(label));
}

#[test]
fn a_stored_label_that_says_more_than_this_node_knows_is_refused() {
    for text in [
        r#"{"v":3}"#,
        r#"{"v":2,"more":1}"#,
        r#"{"v":2,"levels":{"tlp":"ultra"}}"#,
        r#"{"v":2,"levels":{"tlp":"TLP:RED"}}"#,
        r#"{"v":2,"levels":{"tlp":3}}"#,
        r#"{"v":2,"levels":{"us-noforn":"red"}}"#,
        r#"{"v":2,"levels":[]}"#,
        r#"{"v":2,"words":["nobody"]}"#,
        r#"{"v":2,"words":["tlp:red"]}"#,
        r#"{"v":2,"words":7}"#,
        r#"{"v":2,"rosters":{"tlp":[{"hold":[]}]}}"#,
        r#"{"v":2,"rosters":{"us-relto":[{"hold":["Japan"]}]}}"#,
        r#"{"v":2,"sources":["us-fgi:Japan"]}"#,
        r#"{"v":2,"sources":["tlp:JPN"]}"#,
        r#"{"v":2,"release":1}"#,
        r#"{"v":2,"from":"soon"}"#,
        r#"{"v":1,"ladders":{"tlp":["amber"]},"bars":[],"rosters":{}}"#,
        r#"{"v":1,"ladders":{},"bars":["nobody"],"rosters":{}}"#,
        r#"{"v":1,"ladders":{},"bars":[],"rosters":{"us-relto":["FVEY"]}}"#,
    ] {
        assert_eq!(read(text), None, "{text}");
    }
}

#[test]
fn lists_of_nations_are_intersected_and_lists_with_codes_stand_side_by_side() {
    let list = |hold: &str| {
        let codes = hold.split(' ').filter_map(Member::from_code).collect();
        Label::roster("us-relto", Roster::new(codes, BTreeSet::new())).unwrap()
    };
    let shown = |parts: &[&str]| {
        let joined = parts
            .iter()
            .fold(Label::none(), |all, one| all.join(&list(one)));
        joined.to_string()
    };
    assert_eq!(shown(&["USA JPN", "USA AUS"]), "us-relto:USA");
    assert_eq!(
        shown(&["USA JPN", "FVEY"]),
        "us-relto:JPN,USA us-relto:FVEY"
    );
    assert_eq!(shown(&["FVEY", "JPN FVEY"]), "us-relto:FVEY");
    assert_eq!(shown(&["USA", "USA FVEY"]), "us-relto:USA");
    assert_eq!(
        shown(&["USA JPN", "USA AUS", "JPN FVEY"]),
        "us-relto:JPN,FVEY us-relto:USA"
    );
}
