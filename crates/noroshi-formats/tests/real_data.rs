//! Published data as it is: every object accepted, conversions frozen, and no harm from damage.
//!
//! Sources and licences of the samples: `test-data/README.md`.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use noroshi_formats::stream::{RawEntry, Splitter};
use noroshi_formats::{Form, Valid, read};
use noroshi_model::Limits;
use noroshi_model::json::Value;
use proptest::prelude::*;

const ICS: &[u8] = include_bytes!("../test-data/attack-ics/sample.json");
const ENTERPRISE: &[u8] = include_bytes!("../test-data/attack-enterprise/sample.json");
const KEV: &[u8] = include_bytes!("../test-data/kev/sample.json");

fn entries(file: &[u8]) -> Vec<RawEntry> {
    Splitter::new(file, Limits::DEFAULT)
        .collect::<Result<_, _>>()
        .expect("the sample is whole")
}

fn items(file: &[u8]) -> Vec<Valid> {
    entries(file)
        .into_iter()
        .map(|entry| entry.read(&Limits::DEFAULT).map(|(valid, _)| valid))
        .collect::<Result<_, _>>()
        .expect("published data is accepted")
}

/// One line per item: its name and its id.
fn names(items: &[Valid]) -> String {
    items.iter().fold(String::new(), |mut text, item| {
        writeln!(text, "{} {}", item.hash(), item.head().id).expect("a string takes all");
        text
    })
}

/// Clause: I2
#[test]
fn every_type_of_the_published_files_is_accepted() {
    for (file, count, kinds, converted) in [
        (ICS, 29, 16, false),
        (ENTERPRISE, 31, 15, true),
        (KEV, 20, 1, true),
    ] {
        let items = items(file);
        let found: BTreeSet<&str> = items.iter().map(|item| item.head().id.kind()).collect();
        assert_eq!((items.len(), found.len()), (count, kinds), "{found:?}");
        for item in &items {
            let id = &item.head().id;
            assert_eq!(item.is_converted(), converted, "{id}");
            assert_eq!(item.object().str("spec_version"), Some("2.1"), "{id}");
            assert!(item.head().created.is_some(), "{id}");
            // MITRE's statement marking has no name.
            assert_eq!(
                item.head().title.is_empty(),
                id.kind() == "marking-definition"
            );
        }
    }
}

/// A peer reads 2.1 only and gets canonical bytes: whatever was admitted must pass there too.
#[test]
fn what_is_admitted_here_is_admitted_at_the_peer_as_the_same_item() {
    for file in [ICS, ENTERPRISE, KEV] {
        for item in items(file) {
            let (again, _) = read(item.canonical(), Form::Stix21, &Limits::DEFAULT).unwrap();
            assert_eq!(again.hash(), item.hash());
            assert_eq!(again.object(), item.object());
            assert_eq!((again.received(), again.is_converted()), (None, false));
        }
    }
}

#[test]
fn what_was_received_is_kept_to_the_byte() {
    for file in [ICS, ENTERPRISE, KEV] {
        for entry in entries(file) {
            let bytes = entry.bytes.clone();
            let (item, _) = entry.read(&Limits::DEFAULT).unwrap();
            assert_eq!(item.received(), Some(&*bytes));
        }
    }
}

/// Two nodes that import one file hold the same items: a conversion never changes by accident.
#[test]
fn conversions_come_to_the_items_they_always_came_to() {
    let enterprise = include_str!("../test-data/attack-enterprise/expected.txt");
    assert_eq!(names(&items(ENTERPRISE)), enterprise);
    assert_eq!(
        names(&items(KEV)),
        include_str!("../test-data/kev/expected.txt")
    );
}

/// Clause: T2
#[test]
fn a_kev_entry_keeps_what_the_catalogue_says() {
    for (entry, item) in entries(KEV).iter().zip(items(KEV)) {
        let source = Value::parse(&entry.bytes, &Limits::DEFAULT).unwrap();
        let source = source.as_object().unwrap();
        let extensions = item.object().get("extensions").and_then(Value::as_object);
        let kev = extensions
            .and_then(|all| all.get(noroshi_formats::KEV_EXTENSION))
            .and_then(Value::as_object)
            .unwrap();
        for (field, property) in [
            ("vendorProject", "vendor_project"),
            ("product", "product"),
            ("vulnerabilityName", "vulnerability_name"),
            ("requiredAction", "required_action"),
            (
                "knownRansomwareCampaignUse",
                "known_ransomware_campaign_use",
            ),
            ("notes", "notes"),
        ] {
            assert_eq!(kev.get(property), source.get(field), "{field}");
        }
        assert_eq!(item.object().get("name"), source.get("cveID"));
        let due = format!("{}T00:00:00.000Z", source.str("dueDate").unwrap());
        assert_eq!(kev.str("due_date"), Some(&*due));
    }
}

proptest! {
    #[test]
    fn no_damage_to_published_data_makes_it_panic(
        which in 0_usize..3,
        hits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
        cut in any::<prop::sample::Index>(),
    ) {
        let mut bytes = [ICS, ENTERPRISE, KEV][which].to_vec();
        for (at, byte) in &hits {
            let at = at.index(bytes.len());
            bytes[at] = *byte;
        }
        // A cut among the first 30 kB keeps a case short; half of the cases are cut.
        if hits.len() % 2 == 0 {
            bytes.truncate(cut.index(bytes.len()).min(30_000));
        }
        for entry in Splitter::new(&bytes[..], Limits::DEFAULT).flatten().take(12) {
            if let Ok((item, _)) = entry.read(&Limits::DEFAULT) {
                let again = read(item.canonical(), Form::Stix21, &Limits::DEFAULT);
                prop_assert_eq!(again.map(|(again, _)| again.hash()), Ok(item.hash()));
            }
        }
    }
}
