//! What this room promises, refusals first.

use noroshi_model::Limits;
use proptest::prelude::*;

use crate::stream::Splitter;
use crate::{Form, ReadError, read};

const INDICATOR: &str = r#"{"type":"indicator","spec_version":"2.1","id":"indicator--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f","created":"2016-04-06T20:03:48.000Z","modified":"2016-04-06T20:03:48.000Z","pattern":"[ipv4-addr:value = '198.51.100.1']","pattern_type":"stix","valid_from":"2016-01-01T00:00:00Z"}"#;

fn refusal(text: &str) -> String {
    read(text.as_bytes(), &Form::Stix21, &Limits::DEFAULT)
        .unwrap_err()
        .to_string()
}

fn split(text: &[u8]) -> Vec<Result<String, ReadError>> {
    Splitter::new(text, Limits::DEFAULT)
        .map(|entry| entry.map(|entry| String::from_utf8(entry.bytes).unwrap()))
        .collect()
}

#[test]
fn a_missing_required_property_is_named_with_its_section() {
    let text = refusal(&INDICATOR.replace(r#""pattern_type":"stix","#, ""));
    assert!(text.contains("indicator--8e2e2d2b"), "{text}");
    assert!(
        text.contains("`pattern_type` is missing") && text.contains("4.7"),
        "{text}"
    );
}

#[test]
fn a_duplicate_key_is_refused() {
    let text = refusal(&INDICATOR.replace(
        r#""type":"indicator","#,
        r#""type":"indicator","type":"indicator","#,
    ));
    assert!(text.contains("`type` stands twice"), "{text}");
}

#[test]
fn an_id_of_another_type_is_refused() {
    let text = refusal(&INDICATOR.replace(r#""id":"indicator--"#, r#""id":"malware--"#));
    assert!(text.contains("begins with `malware`"), "{text}");
}

#[test]
fn a_version_older_than_its_object_is_refused() {
    let text = refusal(&INDICATOR.replace(r#""modified":"2016"#, r#""modified":"2015"#));
    assert!(
        text.contains("`modified` is earlier than `created`"),
        "{text}"
    );
}

#[test]
fn a_selector_that_names_nothing_is_refused() {
    let marked = INDICATOR.replace(
        r#""pattern":"#,
        r#""granular_markings":[{"selectors":["description"],"marking_ref":"marking-definition--94868c89-83c2-464b-929b-a1a8aa3c8487"}],"pattern":"#,
    );
    assert!(
        refusal(&marked).contains("names `description`"),
        "{}",
        refusal(&marked)
    );
}

#[test]
fn numbers_beyond_what_readers_keep_and_nul_are_refused() {
    let with =
        |value: &str| INDICATOR.replace(r#""pattern":"#, &format!(r#""x_a":{value},"pattern":"#));
    assert!(refusal(&with("9007199254740992")).contains("2^53-1"));
    assert!(refusal(&with(r#""a\u0000b""#)).contains("NUL"));
    assert!(
        read(
            with("9007199254740991").as_bytes(),
            &Form::Stix21,
            &Limits::DEFAULT
        )
        .is_ok()
    );
}

#[test]
fn nesting_and_size_are_capped() {
    let deep = format!("{}{}", "[".repeat(100), "]".repeat(100));
    let text = refusal(&INDICATOR.replace(r#""pattern":"#, &format!(r#""x_a":{deep},"pattern":"#)));
    assert!(text.contains("nested deeper than 64"), "{text}");
    let long = "a".repeat(1_100_000);
    let text =
        refusal(&INDICATOR.replace(r#""pattern":"#, &format!(r#""x_a":"{long}","pattern":"#)));
    assert!(text.contains("more than the 1000000 allowed"), "{text}");
}

#[test]
fn utf_16_and_a_byte_order_mark_are_refused_with_a_sentence() {
    let utf16: Vec<u8> = "{}".encode_utf16().flat_map(u16::to_le_bytes).collect();
    for bytes in [utf16, b"\xef\xbb\xbf{}".to_vec()] {
        let outcome = split(&bytes);
        assert!(
            outcome[0]
                .as_ref()
                .unwrap_err()
                .to_string()
                .contains("save the file as UTF-8")
        );
    }
}

#[test]
fn a_truncated_bundle_yields_what_was_whole_then_says_where_it_broke_off() {
    let bundle = format!(r#"{{"type":"bundle","objects":[{INDICATOR},{INDICATOR}]}}"#);
    let outcome = split(&bundle.as_bytes()[..bundle.len() - 40]);
    assert_eq!(outcome.len(), 2);
    assert_eq!(outcome[0].as_deref(), Ok(INDICATOR));
    assert!(
        outcome[1]
            .as_ref()
            .unwrap_err()
            .to_string()
            .contains("cut off")
    );
}

#[test]
fn one_object_too_long_does_not_stop_the_others() {
    let long = format!(r#"{{"a":"{}"}}"#, "b".repeat(1_500_000));
    let bundle = format!(r#"{{"objects":[{INDICATOR},{long},{INDICATOR}],"id":"x"}}"#);
    let outcome = split(bundle.as_bytes());
    assert_eq!(outcome.len(), 3);
    assert!(
        outcome[1]
            .as_ref()
            .unwrap_err()
            .to_string()
            .contains("longer than the 1000000 bytes")
    );
    assert_eq!(outcome[2].as_deref(), Ok(INDICATOR));
}

#[test]
fn a_second_list_of_objects_is_refused() {
    let bundle = format!(r#"{{"objects":[{INDICATOR}],"objects":[]}}"#);
    assert!(
        split(bundle.as_bytes())[1]
            .as_ref()
            .unwrap_err()
            .to_string()
            .contains("stands twice")
    );
}

/// Clause: I2
#[test]
fn every_way_to_write_several_objects_is_understood() {
    let ways = [
        format!(r#"{{"type":"bundle","id":"b","objects":[{INDICATOR},{INDICATOR}]}}"#),
        format!("[{INDICATOR}, {INDICATOR}]"),
        format!("{INDICATOR}\n{INDICATOR}\n"),
    ];
    for way in ways {
        let outcome = split(way.as_bytes());
        assert_eq!(
            outcome,
            vec![Ok(INDICATOR.to_owned()), Ok(INDICATOR.to_owned())],
            "{way}"
        );
    }
}

#[test]
fn what_came_is_kept_beside_the_canonical_form_only_where_it_differs() {
    let (valid, _) = read(INDICATOR.as_bytes(), &Form::Stix21, &Limits::DEFAULT).unwrap();
    assert!(valid.received().is_some());
    let canonical = valid.canonical().to_vec();
    let (again, _) = read(&canonical, &Form::Stix21, &Limits::DEFAULT).unwrap();
    assert_eq!((again.received(), again.hash()), (None, valid.hash()));
}

/// Clause: T2
#[test]
fn a_kev_entry_becomes_a_vulnerability_with_the_same_id_everywhere() {
    let catalogue = r#"{"title":"t","catalogVersion":"2025.08.25","vulnerabilities":[{"cveID":"CVE-2025-48384","vendorProject":"Git","product":"Git","vulnerabilityName":"Git Link Following Vulnerability","dateAdded":"2025-08-25","shortDescription":"s","requiredAction":"r","dueDate":"2025-09-15","knownRansomwareCampaignUse":"Unknown","notes":"see https:\/\/example.org\/a ; https://example.org/b","cwes":["CWE-59"]}],"count":1}"#;
    let read_once = || {
        let entry = Splitter::new(catalogue.as_bytes(), Limits::DEFAULT)
            .next()
            .unwrap()
            .unwrap();
        entry.read(&Limits::DEFAULT).unwrap().0
    };
    let valid = read_once();
    assert_eq!(valid.head().id, read_once().head().id);
    assert!(valid.is_converted());
    assert_eq!(valid.object().str("name"), Some("CVE-2025-48384"));
    assert_eq!(
        valid.object().str("created"),
        Some("2025-08-25T00:00:00.000Z")
    );
    let references = valid
        .object()
        .get("external_references")
        .unwrap()
        .as_array()
        .unwrap();
    assert_eq!(references.len(), 3);
}

#[test]
fn a_stix_2_0_object_is_upgraded_and_says_so() {
    let old = r#"{"type":"malware","id":"malware--0c7b5b88-8ff7-4a4d-aa9d-feb398cd0061","created":"2016-05-12T08:17:27.000Z","modified":"2016-05-12T08:17:27.000Z","name":"x","labels":["ransomware"]}"#;
    let (valid, notes) = read(old.as_bytes(), &Form::Stix, &Limits::DEFAULT).unwrap();
    assert!(valid.is_converted());
    assert_eq!(valid.object().str("spec_version"), Some("2.1"));
    assert!(valid.object().get("malware_types").is_some());
    assert!(valid.object().get("labels").is_none());
    assert_eq!(notes.len(), 2);
    assert!(
        read(old.as_bytes(), &Form::Stix21, &Limits::DEFAULT).is_err(),
        "peers send 2.1"
    );
}

/// A reader that gives few bytes at a time.
struct Trickle<'a>(&'a [u8], usize);

impl std::io::Read for Trickle<'_> {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        let count = self.1.min(self.0.len()).min(out.len());
        out[..count].copy_from_slice(&self.0[..count]);
        self.0 = &self.0[count..];
        Ok(count)
    }
}

proptest! {
    #[test]
    fn the_size_of_reads_changes_nothing(step in 1_usize..200, spaces in 0_usize..5) {
        let gap = " ".repeat(spaces);
        let bundle = format!(r#"{{"a":{{"b":[1,"]}}"]}},{gap}"objects":{gap}[{INDICATOR},{gap}{INDICATOR}]{gap},"z":1}}"#);
        let whole = split(bundle.as_bytes());
        let trickled: Vec<_> = Splitter::new(Trickle(bundle.as_bytes(), step), Limits::DEFAULT)
            .map(|entry| entry.map(|entry| String::from_utf8(entry.bytes).unwrap()))
            .collect();
        prop_assert_eq!(whole.len(), 2);
        prop_assert_eq!(whole, trickled);
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        for entry in Splitter::new(&bytes[..], Limits::DEFAULT).flatten() {
            let _ = entry.read(&Limits::DEFAULT);
        }
    }

    #[test]
    fn no_change_to_a_real_object_makes_it_panic(at in 0_usize..INDICATOR.len(), byte in any::<u8>()) {
        let mut bytes = INDICATOR.as_bytes().to_vec();
        bytes[at] = byte;
        let _ = read(&bytes, &Form::Stix, &Limits::DEFAULT);
    }
}
