//! What the own types promise, refusals first.

use noroshi_model::agreement::{Agreement, Clause, Party};
use noroshi_model::json::{Object, Value};
use noroshi_model::{Limits, NodeId, StixId};
use proptest::prelude::*;

use super::{Fallback, definitions, fallback, own_type_of, own_types};
use crate::stix::own::ONTOLOGY_EXTENSION;
use crate::valid::{Form, Valid, check, read};

const UUID: &str = "8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f";
const GREEN: &str = "marking-definition--bab4a63c-aed9-4cf5-a766-dfca5abac2bb";
const RED: &str = "marking-definition--e828b379-4e03-4974-9ac4-e53a884c97c1";
const AMBER: &str = "marking-definition--55d920b0-5e8b-4f79-9ee9-91f868d9b421";

fn parse(json: &str) -> Object {
    match Value::parse(json.as_bytes(), &Limits::DEFAULT).unwrap() {
        Value::Object(object) => object,
        other => panic!("{other:?}"),
    }
}

/// An object of that type as ours declare themselves.
fn own(kind: &str, extension_type: &str, rest: &str) -> Object {
    let extension = Object::new().with("extension_type", extension_type);
    let object = Object::new()
        .with("type", kind)
        .with("spec_version", "2.1")
        .with("id", format!("{kind}--{UUID}"))
        .with("created", "2026-01-01T00:00:00.000Z")
        .with("modified", "2026-02-01T00:00:00.000Z")
        .with(
            "extensions",
            Object::new().with(ONTOLOGY_EXTENSION, extension),
        );
    let more = parse(&format!("{{{rest}}}"));
    more.iter()
        .fold(object, |it, (name, value)| it.with(name, value.clone()))
}

fn at_id(kind: &str) -> StixId {
    format!("{kind}--{UUID}").parse().unwrap()
}

fn valid(object: Object) -> Valid {
    check(object.into(), &Limits::DEFAULT).unwrap().0
}

fn fallen(object: &Valid, translations: &[&Valid]) -> Valid {
    fallback(object, translations, &Limits::DEFAULT)
        .unwrap()
        .unwrap()
}

fn mission(rest: &str) -> Valid {
    let rest = format!(r#""name":"Keep the base flying","owner_ref":"identity--{UUID}"{rest}"#);
    valid(own("mission", "new-sdo", &rest))
}

#[test]
fn an_own_type_is_known_by_its_extension_and_declares_the_right_kind() {
    let bare = own("mission", "new-sdo", "");
    let said = check(bare.clone().into(), &Limits::DEFAULT)
        .unwrap_err()
        .to_string();
    assert!(
        said.contains("`name` is missing: it is required (data model, mission)"),
        "{said}"
    );
    let mut foreign = bare;
    foreign.remove("extensions");
    let foreign = valid(foreign);
    assert_eq!(
        own_type_of(&foreign),
        None,
        "somebody else's word for something else"
    );
    assert_eq!(fallback(&foreign, &[], &Limits::DEFAULT), Ok(None));
    let rest = format!(r#""name":"n","owner_ref":"identity--{UUID}""#);
    let link = own("mission", "new-sro", &rest);
    let said = check(link.into(), &Limits::DEFAULT)
        .unwrap_err()
        .to_string();
    assert!(said.contains("extension_type` is not new-sdo"), "{said}");
    let ends = format!(
        r#""source_ref":"mission--{UUID}","target_ref":"mission--{UUID}","sod":0.5,"cod":30"#
    );
    assert!(check(own("dependency", "new-sro", &ends).into(), &Limits::DEFAULT).is_ok());
    assert!(check(own("dependency", "new-sdo", &ends).into(), &Limits::DEFAULT).is_err());
}

#[test]
fn an_agreement_is_read_by_its_own_reader_and_falls_back_to_a_report() {
    let node = |byte: u8| NodeId::from_bytes([byte; 32]);
    let party = |byte: u8, nation: &str| Party {
        node: node(byte),
        name_en: format!("Ministry {nation}"),
        name_ja: format!("省 {nation}"),
        nation: nation.parse().unwrap(),
    };
    let at = |text: &str| text.parse().unwrap();
    let agreement = Agreement {
        id: at_id("agreement"),
        created: at("2026-01-01T00:00:00Z"),
        modified: at("2026-02-01T00:00:00Z"),
        title: "Sharing".to_owned(),
        title_ja: "共有".to_owned(),
        kind: "mou".to_owned(),
        parties: vec![party(1, "JPN"), party(2, "USA")],
        valid_from: at("2026-01-01T00:00:00Z"),
        valid_until: at("2027-01-01T00:00:00Z"),
        clauses: vec![Clause {
            id: "1".to_owned(),
            text_en: "Indicators are shared.".to_owned(),
            text_ja: "脅威指標を共有する。".to_owned(),
        }],
        releases: Vec::new(),
        equivalences: Vec::new(),
        members_known: true,
    };
    let (object, notes) = check(agreement.to_value(), &Limits::DEFAULT).unwrap();
    assert_eq!(notes, []);
    let report = fallen(&object, &[]);
    assert_eq!(
        report.object().str("name"),
        Some("[Agreement / 協定] Sharing / 共有")
    );
    let text = report.object().str("description").unwrap();
    assert!(
        text.contains("text_en = Indicators are shared., text_ja = 脅威指標を共有する。"),
        "{text}"
    );
    let torn = Agreement {
        title: String::new(),
        ..agreement.clone()
    }
    .to_value();
    let Value::Object(torn) = torn else {
        unreachable!("an agreement is an object")
    };
    let torn = torn.with("parties", Vec::<Value>::new());
    assert!(check(torn.into(), &Limits::DEFAULT).is_err());
    let Value::Object(more) = agreement.to_value() else {
        unreachable!("as above")
    };
    let said = check(more.with("side_letter", "s").into(), &Limits::DEFAULT).unwrap_err();
    assert!(said.to_string().contains("docs/agreement.md"), "{said}");
}

/// Clause: I5
#[test]
fn a_fallback_carries_every_marking_of_what_it_stands_for() {
    let open = mission("");
    assert_eq!(fallen(&open, &[]).object().get("object_marking_refs"), None);
    let marked = mission(&format!(
        r#","criticality":90,"object_marking_refs":["{GREEN}"],"granular_markings":[{{"marking_ref":"{RED}","selectors":["criticality"]}},{{"lang":"ja","selectors":["name"]}}]"#
    ));
    let translation = valid(parse(&format!(
        r#"{{"type":"language-content","spec_version":"2.1","id":"language-content--{UUID}","created":"2026-02-01T00:00:00.000Z","modified":"2026-02-01T00:00:00.000Z","object_ref":"mission--{UUID}","object_marking_refs":["{AMBER}","{GREEN}"],"contents":{{"ja":{{"name":"基地の飛行を保つ"}}}}}}"#
    )));
    let note = fallen(&marked, &[&translation]);
    let markings: Vec<Value> = [GREEN, RED, AMBER].map(Value::from).to_vec();
    assert_eq!(
        note.object().get("object_marking_refs"),
        Some(&markings.into())
    );
    assert_eq!(note.object().get("granular_markings"), None);
}

#[test]
fn a_fallback_says_in_both_languages_what_the_object_says() {
    let translation = |version: &str, of: &str, name: &str| {
        valid(parse(&format!(
            r#"{{"type":"language-content","spec_version":"2.1","id":"language-content--{UUID}","created":"2026-02-01T00:00:00.000Z","modified":"2026-02-01T00:00:00.000Z","object_ref":"{of}","object_modified":"{version}","contents":{{"ja":{{"name":"{name}"}}}}}}"#
        )))
    };
    let object = mission(
        r#","criticality":90,"kind":"MEF","created_by_ref":"identity--0e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f","confidence":80"#,
    );
    let id = object.head().id.to_string();
    let this = translation("2026-02-01T00:00:00Z", &id, "基地の飛行を保つ");
    let older = translation("2026-01-01T00:00:00.000Z", &id, "古い版");
    let other = translation(
        "2026-02-01T00:00:00.000Z",
        &format!("campaign--{UUID}"),
        "別物",
    );
    let note = fallen(&object, &[&older, &other, &this]);
    let text = note.object();
    assert_eq!(
        text.str("abstract"),
        Some("[Mission / 任務] Keep the base flying / 基地の飛行を保つ")
    );
    assert_eq!(
        text.str("content"),
        Some(&*format!(
            "Mission / 任務: {id}\ncriticality: 90\nkind: MEF\nname: Keep the base flying\n\
             owner_ref: identity--{UUID}\n\n[ja]\nname: 基地の飛行を保つ\n"
        ))
    );
    assert_eq!(
        text.get("object_refs"),
        Some(&vec![format!("identity--{UUID}")].into())
    );
    assert_eq!(text.get("confidence"), Some(&Value::Int(80)));
    assert_eq!(
        text.str("created_by_ref"),
        object.object().str("created_by_ref")
    );
    assert_eq!(note.head().modified, object.head().modified);
}

#[test]
fn a_fallback_has_one_id_for_every_version_and_is_the_same_everywhere() {
    let one = fallen(&mission(""), &[]);
    let next = fallen(
        &mission(r#","modified":"2026-03-01T00:00:00.000Z","criticality":10"#),
        &[],
    );
    assert_eq!(one.head().id, next.head().id);
    assert!(next.head().modified > one.head().modified);
    assert_eq!(
        one.head().id.as_str(),
        "note--a91b0f20-b03c-5913-b29c-7f8fdeb83a86"
    );
    assert_eq!(fallen(&mission(""), &[]).canonical(), one.canonical());
    let revoked = fallen(&mission(r#","revoked":true"#), &[]);
    assert!(revoked.head().revoked);
}

#[test]
fn what_refers_to_nothing_known_refers_to_its_maker_or_itself() {
    let arrangement = |more: &str| {
        let rest = format!(r#""members":["JPN","USA"],"agreement_ref":"agreement--{UUID}"{more}"#);
        fallen(&valid(own("partner-arrangement", "new-sdo", &rest)), &[])
    };
    let itself = vec![format!("partner-arrangement--{UUID}")];
    assert_eq!(
        arrangement("").object().get("object_refs"),
        Some(&itself.into())
    );
    let maker = format!("identity--{UUID}");
    let made = arrangement(&format!(r#","created_by_ref":"{maker}""#));
    assert_eq!(made.object().get("object_refs"), Some(&vec![maker].into()));
}

#[test]
fn a_long_text_is_cut_at_a_character_and_a_report_says_it_in_its_description() {
    let long = "烽".repeat(60_000);
    let rest = format!(r#""title":"t","problem":"p","practice":"{long}""#);
    let report = fallen(&valid(own("best-practice", "new-sdo", &rest)), &[]);
    let text = report.object().str("description").unwrap();
    assert!(
        text.len() < 100_010 && text.ends_with('\u{2026}'),
        "{}",
        text.len()
    );
    assert_eq!(
        report.object().str("name"),
        Some("[Best practice / 優良事例] t")
    );
    assert_eq!(
        report.object().str("published"),
        Some("2026-01-01T00:00:00.000Z")
    );
}

#[test]
fn the_definitions_say_what_is_checked() {
    let all = definitions().unwrap();
    assert_eq!(all.len(), 7);
    let ontology = all
        .iter()
        .find(|it| it.head().id.as_str() == ONTOLOGY_EXTENSION)
        .unwrap();
    let schema = ontology.object().str("schema").unwrap();
    for own in own_types() {
        assert!(
            schema.contains(&format!("{}: required: ", own.name))
                || schema.contains(&format!("{}: optional: ", own.name)),
            "{}",
            own.name
        );
    }
    assert!(
        schema.contains("mission: required: name, owner_ref. optional: criticality"),
        "{schema}"
    );
    let maker = &all[0].head().id;
    for definition in &all[1..] {
        assert_eq!(definition.head().created_by.as_ref(), Some(maker));
    }
}

/// Partners keep them: they change only together with their version.
#[test]
fn the_definitions_are_frozen() {
    let frozen = include_str!("../../test-data/ontology/definitions-v1.1.json");
    let made: String = definitions()
        .unwrap()
        .iter()
        .fold(String::new(), |mut text, it| {
            text.push_str(&String::from_utf8_lossy(it.canonical()));
            text.push('\n');
            text
        });
    assert_eq!(
        made, frozen,
        "a changed row needs a new version and date of the definitions"
    );
}

/// What partners keep of the version before is read as ever, and this one follows it.
#[test]
fn the_definitions_before_are_read_as_older_versions_of_the_same() {
    let before = include_str!("../../test-data/ontology/definitions-v1.json");
    for (line, now) in before.lines().zip(definitions().unwrap()) {
        let (before, _) = read(line.as_bytes(), Form::Stix21, &Limits::DEFAULT).unwrap();
        assert_eq!(before.head().id, now.head().id);
        assert!(before.head().modified < now.head().modified);
    }
}

proptest! {
    /// Whatever an object of ours says, its fallback is accepted and read again as the same.
    #[test]
    fn every_fallback_is_accepted_by_those_it_is_for(
        name in "\\PC{1,40}",
        conditions in "\\PC{0,400}",
        more in prop::collection::vec(("x_[a-z]{1,8}", "\\PC{0,30}"), 0..6),
    ) {
        let mut object = own("mission", "new-sdo", "")
            .with("name", name)
            .with("owner_ref", format!("identity--{UUID}"))
            .with("time_profile", conditions);
        for (key, value) in more {
            object.insert(key, vec![value]);
        }
        let object = valid(object);
        let note = fallen(&object, &[]);
        let (again, notes) = read(note.canonical(), Form::Stix21, &Limits::DEFAULT).unwrap();
        prop_assert_eq!(again.hash(), note.hash());
        prop_assert!(notes.is_empty(), "{:?}", notes);
        prop_assert_eq!(own_type_of(&object).unwrap().fallback, Fallback::Note);
    }
}
