//! Examples that the makers of the standard and of its extensions publish: all are accepted, and
//! what is noted about each is known. Damage done to them on purpose is refused.
//!
//! Sources and licences of the samples: `test-data/README.md`.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use noroshi_formats::stream::{RawEntry, Splitter};
use noroshi_formats::{Form, NoteCode, check, read, required_properties};
use noroshi_model::Limits;
use noroshi_model::json::{Object, Value};
use proptest::prelude::*;

macro_rules! samples {
    ($($name:literal)*) => {
        &[$(($name, include_bytes!(concat!("../test-data/", $name)))),*]
    };
}

const SAMPLES: &[(&str, &[u8])] = samples! {
    "oasis-examples/apt1.json"
    "oasis-examples/indicator-for-c2-ip-address.json"
    "oasis-examples/indicator-to-campaign-relationship.json"
    "oasis-examples/indicators-for-C2-with-COA.json"
    "oasis-examples/infrastructure.json"
    "oasis-examples/interop-objectmarking-test.json"
    "oasis-examples/malicious-email-indicator-with-attachment.json"
    "oasis-examples/poisonivy.json"
    "oasis-examples/tlp2-marking-definitions.json"
    "oasis-incident/ransomware.json"
    "attack-flow/attack-flow-example.json"
};

fn entries(file: &[u8]) -> Vec<RawEntry> {
    Splitter::new(file, Limits::DEFAULT)
        .collect::<Result<_, _>>()
        .expect("the sample is whole")
}

/// Every object of every sample.
fn objects() -> &'static [(&'static str, Object)] {
    static ALL: OnceLock<Vec<(&str, Object)>> = OnceLock::new();
    ALL.get_or_init(|| {
        let mut all = Vec::new();
        for (name, file) in SAMPLES {
            for entry in entries(file) {
                let (item, _) = entry.read(&Limits::DEFAULT).expect("accepted");
                all.push((*name, item.object().clone()));
            }
        }
        all
    })
}

/// Clause: I2
#[test]
fn every_published_example_is_accepted_and_what_is_noted_is_known() {
    let mut noted: BTreeMap<(&str, &str, String), usize> = BTreeMap::new();
    let mut count = 0;
    for (name, file) in SAMPLES {
        for entry in entries(file) {
            let (item, notes) = entry
                .read(&Limits::DEFAULT)
                .unwrap_or_else(|e| panic!("{name}: {e}"));
            // One relationship of the examples has an identifier with upper-case digits.
            let is_odd = item.head().id.as_str().ends_with("-e9034ac98aba");
            assert_eq!(item.is_converted(), is_odd, "{name}");
            count += 1;
            for note in notes {
                let what = (
                    *name,
                    note.code.as_str(),
                    format!("{} {}", item.head().id.kind(), note.at),
                );
                *noted.entry(what).or_default() += 1;
            }
        }
    }
    assert_eq!(count, 307);
    let text = noted
        .iter()
        .fold(String::new(), |text, ((name, code, at), times)| {
            text + &format!("{times} {code} {at} {name}\n")
        });
    assert_eq!(
        text,
        include_str!("../test-data/oasis-examples/expected-notes.txt")
    );
}

#[test]
fn a_published_example_without_a_required_property_is_refused() {
    let mut tried = 0;
    for (name, object) in objects() {
        let kind = object.str("type").expect("has a type").to_owned();
        for property in required_properties(&kind) {
            let mut without = object.clone();
            if without.remove(property).is_none() {
                continue;
            }
            let said = check(without.into(), &Limits::DEFAULT).expect_err("it lacks something");
            assert!(
                said.to_string().contains(&format!("`{property}`")),
                "{name}: {said}"
            );
            tried += 1;
        }
    }
    assert!(tried > 1_800, "{tried}");
}

#[test]
fn a_published_example_with_a_property_of_no_json_type_is_refused_or_noted() {
    for (name, object) in objects() {
        let is_custom = object
            .str("type")
            .is_some_and(|it| it.starts_with("attack-") && it != "attack-pattern");
        for (property, _) in object.iter() {
            // What a custom type says in words of its own is its own affair.
            if is_custom
                || ["impact", "task", "event"].contains(&object.str("type").unwrap_or_default())
            {
                continue;
            }
            let null = object.clone().with(property, Value::Null);
            let noted = |code: NoteCode| matches!(code, NoteCode::UnknownProperty | NoteCode::Form);
            match check(null.into(), &Limits::DEFAULT) {
                Err(error) => assert!(error.to_string().contains(property), "{name}: {error}"),
                Ok((_, notes)) => assert!(
                    notes.iter().any(|it| it.at == property && noted(it.code)),
                    "{name}: {property}"
                ),
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    /// Reading what was read gives the same item and says the same of it, however the object was
    /// changed before, and nothing panics.
    #[test]
    fn what_was_read_is_read_again_as_the_same(
        which in any::<prop::sample::Index>(),
        from in any::<prop::sample::Index>(),
        property in any::<prop::sample::Index>(),
        other in any::<prop::sample::Index>(),
        value in prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            (-10_i64..1_000_000_000_000).prop_map(Value::from),
            "\\PC{0,60}".prop_map(Value::from),
            prop::collection::vec("[a-z0-9-]{0,50}", 0..3).prop_map(Value::from),
            Just(Value::Object(Object::new())),
        ],
        swap in any::<bool>(),
    ) {
        let all = objects();
        let (_, mut object) = all[which.index(all.len())].clone();
        // Either a value of no meaning, or one that stands elsewhere under another name.
        let (_, donor) = &all[from.index(all.len())];
        let taken = donor.iter().nth(other.index(donor.len())).unwrap();
        let name = object.iter().nth(property.index(object.len())).unwrap().0.to_owned();
        if swap {
            object.insert(name, taken.1.clone());
            object.insert(taken.0, value);
        } else {
            object.insert(name, value);
        }
        let bytes = object.canonical();
        for form in [Form::Stix21, Form::Stix] {
            if let Ok((item, notes)) = read(&bytes, form, &Limits::DEFAULT) {
                let (again, said) = read(item.canonical(), Form::Stix21, &Limits::DEFAULT).unwrap();
                prop_assert_eq!(again.hash(), item.hash());
                prop_assert_eq!(again.object(), item.object());
                prop_assert_eq!(again.head(), item.head());
                if !item.is_converted() {
                    prop_assert_eq!(said, notes);
                }
            }
        }
    }
}
