//! Every row of every table, tried: what it demands is refused without, whatever the type.

use noroshi_model::Limits;
use noroshi_model::json::{Object, Value};

use super::super::forms::Form;
use super::super::laws::Law;
use super::super::own::{
    EXTENSIONS as OWN_EXTENSIONS, ONTOLOGY_EXTENSION, OWN_TYPES, extension_type,
};
use super::super::sco_id::CONTRIBUTING;
use super::super::shape::{Entry, Kind, Need, Property, Shape};
use super::super::table::{is_observable, own_type};
use super::super::{objects, observables, own, required_properties};
use super::UUID;
use crate::{Note, NoteCode, ReadError, check};

/// Every type that is checked row by row. Agreements have a reader of their own.
fn types() -> impl Iterator<Item = &'static Shape> {
    let all = objects::TYPES.iter().chain(observables::TYPES);
    all.chain(own::TYPES.iter().filter(|it| it.name != "agreement"))
}

fn try_it(object: &Object) -> Result<Vec<Note>, ReadError> {
    check(object.clone().into(), &Limits::DEFAULT).map(|(_, notes)| notes)
}

/// A value as the row wants it.
fn sample(row: &Property) -> Value {
    let id = |kind: &str| Value::from(format!("{kind}--{UUID}"));
    let one = |kinds: &[&str]| id(kinds.first().unwrap_or(&"identity"));
    let other =
        |free: [&str; 2], kinds: &[&str]| id(free.iter().find(|it| !kinds.contains(it)).unwrap());
    let parsed = |json: &str| Value::parse(json.as_bytes(), &Limits::DEFAULT).unwrap();
    match row.kind {
        Kind::Filled if row.name == "pattern" => "[url:value = 'a']".into(),
        Kind::Text | Kind::Filled | Kind::Any => "text".into(),
        Kind::Form(form) => written(form).into(),
        Kind::Forms(form) => vec![written(form)].into(),
        Kind::Word(words) | Kind::Choice(words) => words[0].into(),
        Kind::Words(words) | Kind::Choices(words) => words.to_vec().into(),
        Kind::Bool => true.into(),
        Kind::Integer(least, most) => most.min(least.max(1)).into(),
        Kind::Number(least, most) => i64::from(most.min(least.max(1))).into(),
        Kind::Time => "2026-01-01T00:00:00Z".into(),
        Kind::Version => "2026-01-01T00:00:00.000Z".into(),
        Kind::Id(kinds) => one(kinds),
        Kind::IdNot(kinds) => other(["identity", "file"], kinds),
        Kind::Ids(kinds) => vec![one(kinds)].into(),
        Kind::IdsNot(kinds) => vec![other(["file", "identity"], kinds)].into(),
        Kind::Texts | Kind::List => vec!["text"].into(),
        Kind::Hashes => Object::new().with("MD5", "a".repeat(32)).into(),
        Kind::Hex => "4d5a".into(),
        Kind::Base64 => "aGk=".into(),
        Kind::ExternalReferences => parsed(r#"[{"source_name":"cve","external_id":"1"}]"#),
        Kind::Granular => parsed(r#"[{"lang":"ja","selectors":["type"]}]"#),
        Kind::Dictionary(Entry::Any) => parsed(r#"{"en":{"name":"n"}}"#),
        Kind::Dictionary(Entry::Integer) => parsed(r#"{"SO_A":1}"#),
        Kind::Dictionary(Entry::Texts) => parsed(r#"{"Host":["a"]}"#),
        Kind::Dictionary(_) => parsed(r#"{"Host":"a"}"#),
        Kind::Extensions => parsed(&format!(
            r#"{{"extension-definition--{UUID}":{{"extension_type":"property-extension"}}}}"#
        )),
        Kind::Part(shape) => filled(shape).into(),
        Kind::Parts(shape) => vec![Value::Object(filled(shape))].into(),
        Kind::Object => Object::new().with("statement", "s").into(),
    }
}

fn written(form: Form) -> &'static str {
    match form {
        Form::Ipv4 => "198.51.100.0/24",
        Form::Ipv6 => "2001:db8::1",
        Form::Mac => "d2:fb:49:24:37:18",
        Form::Domain => "例え.jp",
        Form::Email => "a@b.example",
        Form::Url => "https://a.example/",
        Form::Cpe => r"cpe:2.3:a:micro\:soft:word:2000:*:*:*:*:*:*:*",
        Form::MediaType => "text/plain",
        Form::Language => "ja-Jpan-JP",
        Form::Country => "JP",
        Form::Nation => "JPN",
        Form::TypeName => "related-to",
        Form::RegistryKey => r"HKEY_LOCAL_MACHINE\System",
        Form::Protocol => "tcp",
    }
}

/// An object with every property that is of use in its shape, as far as the laws let them be
/// together.
fn filled(shape: &Shape) -> Object {
    let mut object = Object::new();
    for row in shape
        .properties
        .iter()
        .filter(|row| row.need != Need::Stray)
    {
        object.insert(row.name, sample(row));
    }
    for law in shape.laws {
        match law {
            Law::NotBoth(one, _) | Law::OnlyWhere(one, _, false) => {
                object.remove(one);
            }
            Law::Later(_, to) if object.get(to).is_some() => {
                object.insert(*to, "2026-01-02T00:00:00Z");
            }
            _ => {}
        }
    }
    object
}

fn full(shape: &Shape) -> Object {
    let mut object = filled(shape)
        .with("type", shape.name)
        .with("id", format!("{}--{UUID}", shape.name))
        .with("spec_version", "2.1");
    if let Some(extension_type) = extension_type(shape.name) {
        let extension = Object::new().with("extension_type", extension_type);
        object.insert(
            "extensions",
            Object::new().with(ONTOLOGY_EXTENSION, extension),
        );
    }
    object
}

/// The least that is accepted: whatever can be left out is.
fn least(shape: &Shape) -> Object {
    let mut object = full(shape);
    for row in shape.properties {
        let is_own = row.name == "extensions" && extension_type(shape.name).is_some();
        let mut without = object.clone();
        if !is_own && without.remove(row.name).is_some() && try_it(&without).is_ok() {
            object = without;
        }
    }
    object
}

#[track_caller]
fn refused(object: &Object, property: &str) {
    match try_it(object) {
        Ok(notes) => panic!("accepted: `{property}` of {object:?}, {notes:?}"),
        Err(error) => {
            let said = error.to_string();
            assert!(said.contains(&format!("`{property}")), "{property}: {said}");
        }
    }
}

/// Clause: I2
#[test]
fn without_a_required_property_an_object_is_refused_and_with_all_of_them_accepted() {
    let mut types_seen = 0;
    for shape in types() {
        let object = least(shape);
        let notes = try_it(&object).unwrap();
        assert!(
            notes.iter().all(|it| it.code == NoteCode::Missing),
            "{notes:?}"
        );
        for name in shape.required {
            let mut without = object.clone();
            assert!(without.remove(name).is_some(), "{}: {name}", shape.name);
            refused(&without, name);
        }
        // What is left beside is there for a law's sake: without it the law speaks.
        for (name, _) in object.iter() {
            let mut without = object.clone();
            without.remove(name);
            assert!(name == "extensions" || try_it(&without).is_err(), "{name}");
        }
        assert_eq!(required_properties(shape.name), shape.required);
        types_seen += 1;
    }
    assert_eq!(types_seen, 24 + 18 + 27);
}

#[test]
fn with_every_property_an_object_is_accepted_without_a_note() {
    for shape in types() {
        assert_eq!(try_it(&full(shape)), Ok(Vec::new()), "{}", shape.name);
    }
}

/// A value of a JSON type that no row of this kind takes.
fn wrong(kind: Kind) -> Option<Value> {
    Some(match kind {
        Kind::Any => return None,
        Kind::Text
        | Kind::Filled
        | Kind::Form(_)
        | Kind::Word(_)
        | Kind::Choice(_)
        | Kind::Time
        | Kind::Version
        | Kind::Id(_)
        | Kind::IdNot(_)
        | Kind::Hex
        | Kind::Base64
        | Kind::Bool => 7_i64.into(),
        Kind::Integer(..)
        | Kind::Number(..)
        | Kind::Forms(_)
        | Kind::Words(_)
        | Kind::Choices(_)
        | Kind::Ids(_)
        | Kind::IdsNot(_)
        | Kind::Texts
        | Kind::List
        | Kind::ExternalReferences
        | Kind::Granular
        | Kind::Parts(_)
        | Kind::Hashes
        | Kind::Dictionary(_)
        | Kind::Extensions
        | Kind::Part(_)
        | Kind::Object => "text".into(),
    })
}

#[test]
fn a_property_of_the_wrong_json_type_is_refused_on_every_type() {
    for shape in types() {
        let object = full(shape);
        // What the standard does not use on a type is still checked: others read it by name.
        for row in shape.properties {
            if let Some(value) = wrong(row.kind) {
                refused(&object.clone().with(row.name, value), row.name);
                refused(&object.clone().with(row.name, Value::Null), row.name);
            }
        }
    }
}

#[test]
fn a_list_is_refused_with_an_element_of_another_type_and_where_it_must_have_one_and_has_none() {
    for shape in types() {
        for row in shape.properties {
            let mixed = match sample(row) {
                Value::Array(mut values) if !matches!(row.kind, Kind::List) => {
                    values.push(Value::Null);
                    values
                }
                _ => continue,
            };
            let object = full(shape);
            refused(&object.clone().with(row.name, mixed), row.name);
            let none = object.with(row.name, Vec::<Value>::new());
            match row.need {
                Need::Must => refused(&none, row.name),
                Need::May | Need::Stray => {
                    let notes = try_it(&none).unwrap();
                    assert!(notes.iter().any(|it| it.at == row.name), "{notes:?}");
                }
            }
        }
    }
}

#[test]
fn a_reference_to_a_type_it_cannot_name_is_refused() {
    let foreign = |kinds: &[&str], allowed: bool| {
        let free = ["bundle", "identity", "malware", "relationship", "url"];
        let kind = free.iter().find(|it| kinds.contains(it) != allowed);
        Value::from(format!("{}--{UUID}", kind.unwrap()))
    };
    let mut tried = 0;
    for shape in types() {
        for row in shape.properties {
            let value = match row.kind {
                Kind::Id(kinds) if !kinds.is_empty() => foreign(kinds, true),
                Kind::Ids(kinds) if !kinds.is_empty() => vec![foreign(kinds, true)].into(),
                Kind::IdNot(kinds) => foreign(kinds, false),
                Kind::IdsNot(kinds) => vec![foreign(kinds, false)].into(),
                _ => continue,
            };
            refused(&full(shape).with(row.name, value), row.name);
            tried += 1;
        }
    }
    assert!(tried > 100, "{tried}");
}

#[test]
fn words_beyond_an_enumeration_are_refused_and_beyond_a_vocabulary_noted() {
    for shape in types() {
        for row in shape.properties {
            let object = full(shape);
            match row.kind {
                Kind::Choice(_) => refused(&object.with(row.name, "quux"), row.name),
                Kind::Choices(_) => refused(&object.with(row.name, vec!["quux"]), row.name),
                Kind::Word(_) if row.name != "definition_type" => {
                    let notes = try_it(&object.with(row.name, "quux")).unwrap();
                    assert_eq!(notes.len(), 1, "{}: {notes:?}", row.name);
                }
                Kind::Words(_) => {
                    let notes = try_it(&object.with(row.name, vec!["quux"])).unwrap();
                    assert_eq!(notes.len(), 1, "{}: {notes:?}", row.name);
                }
                _ => {}
            }
        }
    }
}

#[test]
fn a_number_beyond_its_range_is_refused() {
    for shape in types() {
        for row in shape.properties {
            let (least, most) = match row.kind {
                Kind::Integer(least, most) => (least, most),
                Kind::Number(least, most) => (i64::from(least), i64::from(most)),
                _ => continue,
            };
            let object = full(shape);
            if least > -1_000_000_000_000 {
                refused(&object.clone().with(row.name, least - 1), row.name);
            }
            if most < 1_000_000_000_000 {
                refused(&object.clone().with(row.name, most + 1), row.name);
            }
            if matches!(row.kind, Kind::Integer(..)) {
                refused(&object.with(row.name, Value::Float(1.5)), row.name);
            }
        }
    }
}

#[test]
fn extensions_that_are_known_are_checked_on_the_type_they_belong_to() {
    let all = observables::EXTENSIONS.iter().chain(OWN_EXTENSIONS);
    let mut seen = 0;
    for (carrier, shape) in all {
        let carrier = types().find(|it| it.name == *carrier).unwrap();
        let place = format!("extensions.{}", shape.name);
        let on = |carrier: &Shape, extension: Object| {
            let extension = extension.with("extension_type", "property-extension");
            full(carrier).with("extensions", Object::new().with(shape.name, extension))
        };
        let extension = filled(shape);
        let notes = try_it(&on(carrier, extension.clone())).unwrap();
        let expected = usize::from(!shape.name.contains("--"));
        assert!(notes.len() <= expected, "{notes:?}");
        for name in shape.required {
            let mut without = extension.clone();
            without.remove(name);
            refused(&on(carrier, without), &format!("{place}.{name}"));
        }
        for row in shape.properties {
            if let Some(value) = wrong(row.kind) {
                let place = format!("{place}.{}", row.name);
                refused(
                    &on(carrier, extension.clone().with(row.name, value)),
                    &place,
                );
            }
        }
        if shape.laws.iter().any(|law| matches!(law, Law::Something)) {
            refused(&on(carrier, Object::new()), &place);
        }
        let elsewhere = types().find(|it| it.name == "campaign").unwrap();
        let notes = try_it(&on(elsewhere, extension)).unwrap();
        assert!(
            notes.iter().any(|it| it.detail.contains("belongs on")),
            "{notes:?}"
        );
        seen += 1;
    }
    assert_eq!(seen, 12 + 5);
}

#[test]
fn tables_are_in_order_and_agree_with_one_another() {
    for table in [objects::TYPES, observables::TYPES, own::TYPES] {
        assert!(table.is_sorted_by(|a, b| a.name < b.name));
        for shape in table {
            let names = || shape.properties.iter().map(|row| row.name);
            assert!(names().is_sorted_by(|a, b| a < b), "{}: twice", shape.name);
        }
    }
    let contributing: Vec<&str> = CONTRIBUTING.iter().map(|(name, _)| *name).collect();
    let kinds: Vec<&str> = observables::TYPES.iter().map(|it| it.name).collect();
    assert_eq!(contributing, kinds);
    for (name, properties) in CONTRIBUTING {
        let shape = observables::TYPES
            .iter()
            .find(|it| it.name == *name)
            .unwrap();
        for property in *properties {
            assert!(shape.properties.iter().any(|row| row.name == *property));
        }
    }
    let registered: Vec<&str> = OWN_TYPES.iter().map(|own| own.name).collect();
    let rows: Vec<&str> = own::TYPES.iter().map(|it| it.name).collect();
    assert_eq!(registered, rows);
    for own in OWN_TYPES {
        assert!(!is_observable(own.name));
        let shape = own_type(own.name).unwrap();
        let titled = own.titled_by;
        assert!(
            titled.is_empty() || shape.properties.iter().any(|row| row.name == titled),
            "{titled}"
        );
    }
}
