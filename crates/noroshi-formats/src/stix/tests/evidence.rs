//! Evidence from elsewhere: the ids and tables of the Python library `stix2`, the JSON schemas of
//! OASIS, and the ids of an OASIS example. The `make.py` beside the data wrote them.

use noroshi_model::Limits;
use noroshi_model::json::{Object, Value};

use super::super::observables::EXTENSIONS;
use super::super::shape::{Kind, Need, Shape};
use super::super::{objects, observables};
use super::{accepts, parse};
use crate::{NoteCode, check, sco_id};

const IDS: &str = include_str!("../../../test-data/stix2-library/ids.json");
const TABLES: &str = include_str!("../../../test-data/stix2-library/tables.txt");

fn id_of(json: &str) -> Option<String> {
    sco_id(&parse(json)).map(|id| id.to_string())
}

#[test]
fn an_observable_gets_the_id_that_the_reference_vectors_give() {
    for (json, uuid) in [
        (
            r#"{"type":"email-addr","value":"evil@decryptyourstuff.zip"}"#,
            "872bd204-384b-548b-a2d2-24eee3b48fe8",
        ),
        (
            r#"{"type":"user-account","account_login":"qrzTalker4514","account_type":"fake-app"}"#,
            "8692770d-34f4-5681-8628-810d62dbfcb6",
        ),
        (
            r#"{"type":"ipv4-addr","value":"198.51.100.3"}"#,
            "28bb3599-77cd-5a82-a950-b5bc3caf07c4",
        ),
        (
            r#"{"type":"domain-name","value":"例え.jp"}"#,
            "23e4afa5-dfcd-52bd-87a6-10a971d48a94",
        ),
    ] {
        let id = id_of(json).unwrap();
        assert!(id.ends_with(&format!("--{uuid}")), "{id}");
    }
}

#[test]
fn every_observable_gets_the_id_that_the_python_library_gives() {
    let Value::Array(objects) = Value::parse(IDS.as_bytes(), &Limits::DEFAULT).unwrap() else {
        panic!("a list");
    };
    let mut kinds = std::collections::BTreeSet::new();
    for value in objects {
        let object = value.as_object().unwrap().clone();
        let kind = object.str("type").unwrap().to_owned();
        if kind == "process" {
            assert_eq!(sco_id(&object), None, "a process gets a random id");
        } else {
            let made = sco_id(&object).unwrap();
            assert_eq!(Some(made.as_str()), object.str("id"), "{object:?}");
        }
        let (_, notes) = check(value, &Limits::DEFAULT).unwrap();
        assert!(
            notes.iter().all(|it| it.code != NoteCode::OtherId),
            "{notes:?}"
        );
        kinds.insert(kind);
    }
    assert_eq!(kinds.len(), 18);
}

#[test]
fn an_id_of_version_5_that_does_not_follow_from_the_content_is_noted() {
    let observable = |id: &str| {
        let object = parse(r#"{"type":"ipv4-addr","value":"198.51.100.3"}"#);
        check(object.with("id", id).into(), &Limits::DEFAULT)
            .unwrap()
            .1
    };
    let notes = observable("ipv4-addr--28bb3599-77cd-5a82-a950-b5bc3caf07c5");
    assert_eq!((notes[0].code, &*notes[0].at), (NoteCode::OtherId, "id"));
    assert!(
        notes[0]
            .detail
            .contains("28bb3599-77cd-5a82-a950-b5bc3caf07c4")
    );
    assert_eq!(
        observable("ipv4-addr--28bb3599-77cd-5a82-a950-b5bc3caf07c4"),
        []
    );
    assert_eq!(
        observable("ipv4-addr--28bb3599-77cd-4a82-a950-b5bc3caf07c5"),
        []
    );
}

#[test]
fn nothing_to_make_an_id_from_makes_none() {
    assert_eq!(id_of(r#"{"type":"indicator","name":"n"}"#), None);
    assert_eq!(id_of(r#"{"type":"x-mine","value":"n"}"#), None);
    assert_eq!(id_of(r#"{"value":"n"}"#), None);
    assert_eq!(id_of(r#"{"type":"file","size":1}"#), None);
    assert_eq!(id_of(r#"{"type":"file","hashes":{}}"#), None);
    assert!(
        id_of(r#"{"type":"file","hashes":7}"#).is_some(),
        "whatever it is, no panic"
    );
}

/// Where our tables differ from the library's, and why.
fn is_known_difference(kind: &str, property: &str) -> bool {
    match (kind, property) {
        // The library fills these in by itself, so it does not demand them.
        (_, "created" | "modified") | ("indicator", "valid_from") => true,
        // The standard's table of 4.6 has no such property.
        ("incident", "kill_chain_phases") => true,
        // The standard names three types; the library takes every observable.
        ("malware-analysis", "sample_ref") => true,
        _ => false,
    }
}

fn rows(kind: &str) -> Option<&'static Shape> {
    let types = objects::TYPES.iter().chain(observables::TYPES);
    let extensions = EXTENSIONS.iter().map(|(_, shape)| shape);
    types.chain(extensions).find(|shape| shape.name == kind)
}

/// Does a row say what the library's line says?
fn agrees(row: Kind, line: &str) -> bool {
    let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
    let mut listed: Vec<&str> = rest.split(' ').filter(|it| !it.is_empty()).collect();
    let mut same = |ours: &[&str]| {
        let mut ours = ours.to_vec();
        ours.sort_unstable();
        listed.sort_unstable();
        ours == listed
    };
    match (row, word) {
        (Kind::Text | Kind::Filled | Kind::Form(_), "string" | "pattern") => true,
        // The standard leaves these two words open.
        (Kind::Word(_), "string") => true,
        (Kind::Word(words), "vocabulary") | (Kind::Choice(words), "enum") => same(words),
        (Kind::Bool, "boolean") => true,
        (Kind::Integer(least, most), "integer") => {
            let bounds: Vec<Option<i64>> = listed.iter().map(|it| it.parse().ok()).collect();
            bounds[0].is_none_or(|it| it == least) && bounds[1].is_none_or(|it| it == most)
        }
        (Kind::Number(..), "float") => true,
        (Kind::Time | Kind::Version, "timestamp") => true,
        (Kind::Id(kinds), "ref") => same(kinds),
        (Kind::IdNot(_), "ref") => listed.is_empty(),
        (Kind::Hashes, "hashes") | (Kind::Hex, "hex") | (Kind::Base64, "binary") => true,
        (Kind::Dictionary(_), "dictionary") | (Kind::Extensions, "extensions") => true,
        (Kind::Part(_), "embeddedobject") => true,
        (Kind::Object, "observable" | "marking") => true,
        (Kind::Texts | Kind::Forms(_), "list") => rest == "of string",
        (Kind::Words(words), "list") => agrees(Kind::Word(words), &rest[3..]),
        (Kind::Choices(words), "list") => agrees(Kind::Choice(words), &rest[3..]),
        (Kind::Ids(kinds), "list") => agrees(Kind::Id(kinds), &rest[3..]),
        (Kind::IdsNot(kinds), "list") => agrees(Kind::IdNot(kinds), &rest[3..]),
        (Kind::Granular | Kind::ExternalReferences | Kind::Parts(_), "list") => {
            rest == "of part" || rest == "of embeddedobject"
        }
        _ => false,
    }
}

#[test]
fn the_tables_agree_with_those_of_the_python_library() {
    let mut lines = 0;
    for line in TABLES.lines() {
        let mut words = line.splitn(4, ' ');
        let mut word = || words.next().unwrap();
        let (kind, property, need, of) = (word(), word(), word(), word());
        lines += 1;
        if is_known_difference(kind, property) {
            continue;
        }
        let shape = rows(kind).unwrap_or_else(|| panic!("{line}"));
        let row = shape.properties.iter().find(|row| row.name == property);
        let row = row.unwrap_or_else(|| panic!("no row for {line}"));
        assert_eq!(row.need == Need::Must, need == "must", "{line}");
        assert!(row.need != Need::Stray, "{line}");
        assert!(agrees(row.kind, of), "{line}: {:?}", row.kind);
    }
    assert!(lines > 600, "{lines}");
}

/// Where our tables differ from the schemas of OASIS, and why.
fn is_known_difference_from_the_schemas(kind: &str, property: &str) -> bool {
    match (kind, property) {
        // The schema takes four definitions apart, each with its own words.
        ("marking-definition", _) => true,
        // Common properties that the table in 3.2 of the standard keeps from these types.
        ("language-content", "lang") => true,
        ("extension-definition", "confidence" | "lang" | "extensions") => true,
        // Required in both of the alternatives that the schema has of it.
        ("email-message", "is_multipart") => true,
        // The standard requires its maker (7.3.1).
        ("extension-definition", "created_by_ref") => true,
        _ => false,
    }
}

#[test]
fn the_tables_agree_with_the_schemas_of_oasis() {
    let schemas = include_str!("../../../test-data/oasis-schemas/tables.txt");
    let mut differing = Vec::new();
    for line in schemas.lines() {
        let mut words = line.split(' ');
        let mut word = || words.next().unwrap();
        let (kind, property, need) = (word(), word(), word());
        let words: Vec<&str> = words.collect();
        if is_known_difference_from_the_schemas(kind, property) {
            continue;
        }
        let shape = rows(kind).unwrap_or_else(|| panic!("{line}"));
        let row = shape.properties.iter().find(|row| row.name == property);
        let agrees = row.is_some_and(|row| {
            let same = match row.kind {
                Kind::Choice(ours) | Kind::Choices(ours) => {
                    let mut ours = ours.to_vec();
                    ours.sort_unstable();
                    ours == words
                }
                _ => true,
            };
            same && row.need != Need::Stray && (row.need == Need::Must) == (need == "must")
        });
        if !agrees {
            differing.push(line);
        }
    }
    assert_eq!(differing, Vec::<&str>::new());
    assert!(schemas.lines().count() > 700);
}

#[test]
fn no_row_is_missing_from_the_library() {
    let types = objects::TYPES.iter().chain(observables::TYPES);
    for shape in types.chain(EXTENSIONS.iter().map(|(_, shape)| shape)) {
        for row in shape
            .properties
            .iter()
            .filter(|row| row.need != Need::Stray)
        {
            let line = format!("{} {} ", shape.name, row.name);
            let is_basic = ["type", "id", "spec_version"].contains(&row.name);
            assert!(
                is_basic || TABLES.lines().any(|it| it.starts_with(&line)),
                "{line}"
            );
        }
    }
}

#[test]
fn tlp_markings_that_are_not_the_standards_own_are_noted() {
    let marking = |rest: &str| {
        let object = Object::new()
            .with("type", "marking-definition")
            .with("spec_version", "2.1")
            .with(
                "id",
                "marking-definition--613f2e26-407d-48c7-9eca-b8e91df99dc9",
            )
            .with("created", "2017-01-20T00:00:00.000Z");
        let more = parse(&format!(
            r#"{{"definition_type":"tlp","definition":{{{rest}}}}}"#
        ));
        let object = more
            .iter()
            .fold(object, |it, (name, value)| it.with(name, value.clone()));
        check(object.into(), &Limits::DEFAULT).map(|(_, notes)| notes)
    };
    assert_eq!(marking(r#""tlp":"white""#), Ok(Vec::new()));
    assert_eq!(
        marking(r#""tlp":"red""#).unwrap()[0].code,
        NoteCode::OtherId
    );
    assert_eq!(
        marking(r#""tlp":"clear""#).unwrap()[0].code,
        NoteCode::OpenWord
    );
    assert!(marking(r#""tlp":4"#).is_err());
    assert!(marking(r#""level":"red""#).is_err());
    let notes = accepts("identity", r#""name":"n","lang":"english language""#);
    assert_eq!(notes[0].code, NoteCode::Form);
}
