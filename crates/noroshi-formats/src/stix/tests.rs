//! What the check and the upgrade of STIX objects promise, refusals first.

use noroshi_model::Limits;
use noroshi_model::json::{Object, Value};
use proptest::prelude::*;

use super::upgrade;
use crate::{Form, Note, NoteCode, Valid, check, read};

mod evidence;
mod generated;
mod observables;

const UUID: &str = "8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f";

fn parse(json: &str) -> Object {
    match Value::parse(json.as_bytes(), &Limits::DEFAULT).unwrap() {
        Value::Object(object) => object,
        other => panic!("{other:?}"),
    }
}

/// An object of the type with the common properties and these.
fn object(kind: &str, rest: &str) -> Object {
    let mut object = Object::new()
        .with("type", kind)
        .with("spec_version", "2.1")
        .with("id", format!("{kind}--{UUID}"))
        .with("created", "2026-01-01T00:00:00.000Z")
        .with("modified", "2026-01-01T00:00:00.000Z");
    for (key, value) in parse(&format!("{{{rest}}}")) {
        object.insert(key, value);
    }
    object
}

fn read_it(kind: &str, rest: &str) -> Result<(Valid, Vec<Note>), crate::ReadError> {
    check(object(kind, rest).into(), &Limits::DEFAULT)
}

/// The object is refused: which property, in which words, by which section.
#[track_caller]
fn refuses(kind: &str, rest: &str, property: &str, problem: &str, rule: &str) {
    let error = read_it(kind, rest).unwrap_err();
    let expected = format!("{kind}--{UUID}: `{property}` {problem} ({rule})");
    assert_eq!(error.to_string(), expected);
    assert_eq!(error.code(), "read.property");
}

#[track_caller]
fn accepts(kind: &str, rest: &str) -> Vec<Note> {
    match read_it(kind, rest) {
        Ok((_, notes)) => notes,
        Err(error) => panic!("{error}"),
    }
}

#[test]
fn common_properties_of_the_wrong_kind_are_refused_on_every_type() {
    const RULE: &str = "STIX 2.1, 3.2";
    for kind in ["identity", "x-case"] {
        let no = |rest: &str, property: &str, problem: &str, rule: &str| {
            refuses(
                kind,
                &format!(r#""name":"n",{rest}"#),
                property,
                problem,
                rule,
            );
        };
        no(r#""revoked":"no""#, "revoked", "is not true or false", RULE);
        no(r#""labels":"a""#, "labels", "is not a list", RULE);
        no(
            r#""labels":[1]"#,
            "labels",
            "is not a list of strings",
            RULE,
        );
        let range = "is not a whole number from 0 to 100";
        no(r#""confidence":101"#, "confidence", range, RULE);
        no(r#""confidence":-1"#, "confidence", range, RULE);
        no(r#""confidence":0.5"#, "confidence", range, RULE);
        no(
            &format!(r#""created_by_ref":"malware--{UUID}""#),
            "created_by_ref",
            "names a `malware`; it must name identity",
            RULE,
        );
        no(
            &format!(r#""object_marking_refs":["identity--{UUID}"]"#),
            "object_marking_refs.[0]",
            "names a `identity`; it must name marking-definition",
            RULE,
        );
        no(
            r#""spec_version":"2.2""#,
            "spec_version",
            "is not 2.1",
            RULE,
        );
        no(
            r#""modified":"2025-12-31T23:59:59.999Z""#,
            "modified",
            "is earlier than `created`",
            RULE,
        );
        no(
            r#""extensions":{}"#,
            "extensions",
            "is not an object with at least one property",
            "STIX 2.1, 7.3",
        );
        no(
            r#""extensions":{"a":1}"#,
            "extensions.a",
            "is not an object",
            "STIX 2.1, 7.3",
        );
    }
}

#[test]
fn times_are_rfc_3339_in_utc() {
    for time in [
        "2026-01-01",
        "2026-01-01T00:00:00",
        "2026-01-01T00:00:00+09:00",
        "2026-01-01t00:00:00z",
        "2026-02-30T00:00:00Z",
        "2026-01-01T25:00:00Z",
    ] {
        let error = read_it("identity", &format!(r#""name":"n","modified":"{time}""#));
        let said = error.unwrap_err().to_string();
        let expected = format!("`modified` `{time}` is not a time such as");
        assert!(
            said.contains(&expected) && said.ends_with("(STIX 2.1, 2.16)"),
            "{said}"
        );
    }
}

#[test]
fn references_and_phases_are_checked_inside() {
    refuses(
        "identity",
        r#""name":"n","external_references":[{"url":"https://a.example"}]"#,
        "external_references.[0].source_name",
        "is missing: it is required",
        "STIX 2.1, 2.5",
    );
    refuses(
        "identity",
        r#""name":"n","external_references":[{"source_name":"a","url":1}]"#,
        "external_references.[0].url",
        "is not a string",
        "STIX 2.1, 2.5",
    );
    refuses(
        "attack-pattern",
        r#""name":"n","kill_chain_phases":[{"kill_chain_name":"a"}]"#,
        "kill_chain_phases.[0].phase_name",
        "is missing: it is required",
        "STIX 2.1, 2.11",
    );
}

/// Clause: I5
#[test]
fn a_granular_marking_that_marks_nothing_is_refused() {
    const RULE: &str = "STIX 2.1, 7.2.3";
    let marked = |marking: &str| {
        format!(r#""name":"n","labels":["a","b"],"granular_markings":[{{{marking}}}]"#)
    };
    let no = |marking: &str, property: &str, problem: &str, rule: &str| {
        refuses("identity", &marked(marking), property, problem, rule);
    };
    let one = format!(r#""marking_ref":"marking-definition--{UUID}""#);
    let (place, selectors) = ("granular_markings.[0]", "granular_markings.[0].selectors");
    let either = "has not exactly one of marking_ref and lang";
    no(r#""selectors":["name"]"#, place, either, RULE);
    no(
        &format!(r#"{one},"lang":"en","selectors":["name"]"#),
        place,
        either,
        RULE,
    );
    no(
        &format!(r#"{one},"lang":5,"selectors":["name"]"#),
        place,
        either,
        RULE,
    );
    no(
        r#""lang":5,"selectors":["name"]"#,
        "granular_markings.[0].lang",
        "is not a string",
        RULE,
    );
    no(&one, selectors, "is missing or empty", RULE);
    no(
        &format!(r#"{one},"selectors":[]"#),
        selectors,
        "is missing or empty",
        RULE,
    );
    for gone in ["description", "labels.[2]", "name.[0]", "labels.a"] {
        let problem = format!("names `{gone}`, which the object does not have");
        let marking = format!(r#"{one},"selectors":["name","{gone}"]"#);
        no(&marking, selectors, &problem, "STIX 2.1, 7.2.3.1");
    }
    no(
        &format!(r#""marking_ref":"identity--{UUID}","selectors":["name"]"#),
        "granular_markings.[0].marking_ref",
        "names a `identity`; it must name marking-definition",
        RULE,
    );
    accepts(
        "identity",
        &marked(&format!(r#"{one},"selectors":["labels.[1]","name"]"#)),
    );
    accepts("identity", &marked(r#""lang":"ja","selectors":["name"]"#));
}

#[test]
fn properties_that_belong_together_are_checked_together() {
    let seen =
        r#""name":"n","first_seen":"2026-02-01T00:00:00Z","last_seen":"2026-01-01T00:00:00Z""#;
    let backwards = "is earlier than `first_seen`";
    refuses("campaign", seen, "last_seen", backwards, "STIX 2.1, 4.2");
    refuses(
        "threat-actor",
        seen,
        "last_seen",
        backwards,
        "STIX 2.1, 4.17",
    );
    accepts("campaign", &seen.replace("2026-01", "2026-02"));
    let valid = r#""pattern":"p","pattern_type":"stix","valid_from":"2026-01-01T00:00:00Z","valid_until":"2026-01-01T00:00:00Z""#;
    refuses(
        "indicator",
        valid,
        "valid_until",
        "is not later than `valid_from`",
        "STIX 2.1, 4.7",
    );
    let place = "is missing: at least one of region, country, latitude is required";
    refuses(
        "location",
        r#""city":"Yokosuka""#,
        "region",
        place,
        "STIX 2.1, 4.10",
    );
    let half = "is missing: `latitude` requires it";
    refuses(
        "location",
        r#""latitude":35.2"#,
        "longitude",
        half,
        "STIX 2.1, 4.10",
    );
    let off = "is not a number from -90 to 90";
    refuses(
        "location",
        r#""latitude":90.5,"longitude":1"#,
        "latitude",
        off,
        "STIX 2.1, 4.10",
    );
    accepts("location", r#""latitude":35.2,"longitude":139.6"#);
    let unnamed = "is missing: it is required where `is_family` is true";
    refuses(
        "malware",
        r#""is_family":true"#,
        "name",
        unnamed,
        "STIX 2.1, 4.11",
    );
    accepts("malware", r#""is_family":false"#);
    let result = "is missing: at least one of result, analysis_sco_refs is required";
    refuses(
        "malware-analysis",
        r#""product":"p""#,
        "result",
        result,
        "STIX 2.1, 4.12",
    );
    let observed = r#""first_observed":"2026-01-01T00:00:00Z","last_observed":"2026-01-01T00:00:00Z","number_observed":1"#;
    let nothing = "is missing: at least one of object_refs, objects is required";
    refuses(
        "observed-data",
        observed,
        "object_refs",
        nothing,
        "STIX 2.1, 4.14",
    );
    let both = format!(r#"{observed},"objects":{{"0":{{}}}},"object_refs":["file--{UUID}"]"#);
    refuses(
        "observed-data",
        &both,
        "objects",
        "and `object_refs` exclude each other",
        "STIX 2.1, 4.14",
    );
}

#[test]
fn a_link_points_to_an_object_and_not_to_another_link() {
    let rest = format!(
        r#""relationship_type":"uses","source_ref":"malware--{UUID}","target_ref":"sighting--{UUID}""#
    );
    let problem = "names a `sighting`, which it cannot name";
    refuses(
        "relationship",
        &rest,
        "target_ref",
        problem,
        "STIX 2.1, 5.1",
    );
    let rest = format!(r#""sighting_of_ref":"marking-definition--{UUID}""#);
    let problem = "names a `marking-definition`, which it cannot name";
    refuses(
        "sighting",
        &rest,
        "sighting_of_ref",
        problem,
        "STIX 2.1, 5.2",
    );
}

#[test]
fn a_bundle_is_never_kept_as_an_object() {
    let problem = "is a bundle inside another: a bundle is no object and is not kept as one";
    refuses("bundle", r#""objects":[]"#, "type", problem, "STIX 2.1, 8");
}

#[test]
fn a_type_without_a_table_is_bound_by_the_common_rules_only() {
    // `start_time` is the type's own word here, whatever it means elsewhere.
    let notes = accepts(
        "x-case",
        r#""start_time":"noon","stop_time":7,"anything":{"a":[]}"#,
    );
    assert_eq!(notes, Vec::new());
    let mut bare = object("x-case", "");
    bare.remove("modified");
    let error = check(bare.into(), &Limits::DEFAULT)
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("`modified` is missing: it is required"),
        "{error}"
    );
}

#[test]
fn an_observable_needs_neither_times_nor_a_version() {
    let observable = parse(&format!(
        r#"{{"type":"url","id":"url--{UUID}","value":"https://a.example"}}"#
    ));
    let (valid, notes) = check(observable.clone().into(), &Limits::DEFAULT).unwrap();
    assert_eq!(
        (valid.head().title.as_str(), notes),
        ("https://a.example", Vec::new())
    );
    let bytes = observable.canonical();
    let (again, _) = read(&bytes, Form::Stix, &Limits::DEFAULT).unwrap();
    assert!(
        !again.is_converted(),
        "it is of 2.1 although it does not say so"
    );
}

#[test]
fn what_is_imperfect_but_usable_is_noted_and_kept() {
    let code = |rest: &str| {
        let notes = accepts("identity", &format!(r#""name":"n",{rest}"#));
        notes
            .iter()
            .map(|note| (note.code, note.at.clone()))
            .collect::<Vec<_>>()
    };
    assert_eq!(
        code(r#""labels":[]"#),
        [(NoteCode::EmptyList, "labels".to_owned())]
    );
    assert_eq!(
        code(r#""shoe_size":1"#),
        [(NoteCode::UnknownProperty, "shoe_size".to_owned())]
    );
    assert_eq!(code(r#""x_shoe_size":1"#), []);
    assert_eq!(
        code(r#""external_references":[{"source_name":"a"}]"#),
        [(NoteCode::BareReference, "external_references".to_owned())]
    );
    let extension = format!(
        r#""extensions":{{"extension-definition--{UUID}":{{"extension_type":"toplevel-property-extension"}}}},"shoe_size":1"#
    );
    assert_eq!(
        code(&extension),
        [],
        "the extension brings the property along"
    );
    let many: Vec<String> = (0..500).map(|at| format!(r#""p{at}":1"#)).collect();
    assert_eq!(code(&many.join(",")).len(), 50, "notes are bounded too");
}

#[test]
fn messages_hold_no_more_of_the_input_than_a_person_reads() {
    let wild = format!("\u{1b}[31m{}", "x".repeat(100_000));
    for object in [
        object("identity", "").with("id", wild.as_str()),
        object("identity", "").with("type", wild.as_str()),
        object("identity", "")
            .with("name", "n")
            .with("created", wild.as_str()),
    ] {
        let error = check(object.into(), &Limits::DEFAULT)
            .unwrap_err()
            .to_string();
        assert!(error.len() < 1_000, "{}", error.len());
        assert!(!error.contains('\u{1b}'), "{error:?}");
    }
}

fn older(kind: &str, rest: &str) -> (Object, Vec<Note>) {
    let mut object = object(kind, rest);
    object.remove("spec_version");
    upgrade(object)
}

/// Clause: I5
#[test]
fn labels_that_a_granular_marking_names_are_not_moved() {
    // Were `ransomware` taken out, `labels.[1]` would mark `c` and lay `b` open.
    let rest = format!(
        r#""labels":["ransomware","b","c"],"granular_markings":[{{"marking_ref":"marking-definition--{UUID}","selectors":["labels.[1]"]}}]"#
    );
    let (object, notes) = older("malware", &rest);
    assert_eq!(
        object.get("labels"),
        parse(&format!("{{{rest}}}")).get("labels")
    );
    assert_eq!(object.get("malware_types"), None);
    assert!(
        notes
            .iter()
            .any(|note| note.at == "labels" && note.code == NoteCode::Deprecated)
    );
}

#[test]
fn only_labels_of_the_2_0_vocabulary_move() {
    let (object, _) = older("malware", r#""labels":["malware"]"#);
    assert_eq!(
        object.get("malware_types"),
        None,
        "`malware` was no word of the vocabulary"
    );
    let (object, notes) = older("malware", r#""labels":["worm","mine","trojan"]"#);
    assert_eq!(
        object.get("malware_types"),
        Some(&vec!["worm", "trojan"].into())
    );
    assert_eq!(object.get("labels"), Some(&vec!["mine"].into()));
    assert_eq!(notes[0].code, NoteCode::Moved);
    for (kind, label, property) in [
        ("indicator", "benign", "indicator_types"),
        ("report", "threat-report", "report_types"),
        ("threat-actor", "spy", "threat_actor_types"),
        ("tool", "remote-access", "tool_types"),
    ] {
        let (object, _) = older(kind, &format!(r#""labels":["{label}"]"#));
        assert_eq!(object.get(property), Some(&vec![label].into()), "{kind}");
        assert_eq!(object.get("labels"), None, "{kind}");
    }
    let (object, _) = older("identity", r#""labels":["benign"]"#);
    assert_eq!(object.get("labels"), Some(&vec!["benign"].into()));
}

#[test]
fn the_2_0_form_of_observations_is_kept_and_noted() {
    let mut observed = object(
        "observed-data",
        r#""first_observed":"2026-01-01T00:00:00Z","last_observed":"2026-01-01T00:00:00Z","number_observed":1,"objects":{"0":{"type":"file"}}"#,
    );
    observed.remove("spec_version");
    let (valid, notes) = read(&observed.canonical(), Form::Stix, &Limits::DEFAULT).unwrap();
    assert!(valid.is_converted() && valid.object().get("objects").is_some());
    assert_eq!(notes.len(), 1);
    assert_eq!(
        (notes[0].code, &*notes[0].at),
        (NoteCode::Deprecated, "objects")
    );
}

proptest! {
    /// An object that already is of 2.1 form gains only the version by the upgrade.
    #[test]
    fn the_upgrade_done_twice_is_the_upgrade_done_once(
        kind in prop::sample::select(vec!["malware", "indicator", "tool", "report", "identity"]),
        labels in prop::collection::vec(
            prop::sample::select(vec!["worm", "benign", "spy", "other", "remote-access"]), 0..4),
    ) {
        let rest = format!(r#""labels":{labels:?}"#);
        let (once, _) = older(kind, &rest);
        let (twice, _) = upgrade(once.clone());
        prop_assert_eq!(once, twice);
    }
}
