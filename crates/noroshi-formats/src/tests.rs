//! What this room promises, refusals first.

use noroshi_model::Limits;
use proptest::prelude::*;

use crate::stream::Splitter;
use crate::{Form, ReadError, check, read};

const INDICATOR: &str = r#"{"type":"indicator","spec_version":"2.1","id":"indicator--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f","created":"2016-04-06T20:03:48.000Z","modified":"2016-04-06T20:03:48.000Z","pattern":"[ipv4-addr:value = '198.51.100.1']","pattern_type":"stix","valid_from":"2016-01-01T00:00:00Z"}"#;

fn refusal(text: &str) -> String {
    read(text.as_bytes(), Form::Stix21, &Limits::DEFAULT)
        .unwrap_err()
        .to_string()
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
fn numbers_beyond_what_readers_keep_and_nul_are_refused() {
    let with =
        |value: &str| INDICATOR.replace(r#""pattern":"#, &format!(r#""x_a":{value},"pattern":"#));
    assert!(refusal(&with("9007199254740992")).contains("2^53-1"));
    assert!(refusal(&with(r#""a\u0000b""#)).contains("NUL"));
    assert!(
        read(
            with("9007199254740991").as_bytes(),
            Form::Stix21,
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
fn what_came_is_kept_beside_the_canonical_form_only_where_it_differs() {
    let (valid, _) = read(INDICATOR.as_bytes(), Form::Stix21, &Limits::DEFAULT).unwrap();
    assert!(valid.received().is_some());
    let canonical = valid.canonical().to_vec();
    let (again, _) = read(&canonical, Form::Stix21, &Limits::DEFAULT).unwrap();
    assert_eq!((again.received(), again.hash()), (None, valid.hash()));
}

/// `1e15` is four bytes as sent and sixteen in canonical form.
#[test]
fn what_a_peer_could_not_read_is_not_admitted() {
    let limits = Limits {
        object_bytes_max: 600,
        ..Limits::DEFAULT
    };
    let numbers = vec!["1e15"; 40].join(",");
    let text = INDICATOR.replace(r#""pattern":"#, &format!(r#""x_a":[{numbers}],"pattern":"#));
    assert!(text.len() <= 600, "{}", text.len());
    let error = read(text.as_bytes(), Form::Stix21, &limits).unwrap_err();
    let said = error.to_string();
    assert!(
        said.contains("bytes in canonical form, more than the 600 allowed"),
        "{said}"
    );
    assert!(read(text.as_bytes(), Form::Stix21, &Limits::DEFAULT).is_ok());
}

#[test]
fn what_is_no_object_is_refused() {
    for text in ["7", "[]", "null", "\"a\""] {
        assert_eq!(
            refusal(text),
            "object 0: `(object)` is no JSON object (STIX 2.1, 3.1)"
        );
    }
    let built = check(vec!["a"].into(), &Limits::DEFAULT).unwrap_err();
    assert_eq!(built.code(), "read.property");
    let broken = read(b"{", Form::Stix21, &Limits::DEFAULT).unwrap_err();
    assert!(
        matches!(broken, ReadError::Json { index: 0, .. }),
        "{broken}"
    );
    assert_eq!(broken.code(), "read.json");
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
    let (valid, notes) = read(old.as_bytes(), Form::Stix, &Limits::DEFAULT).unwrap();
    assert!(valid.is_converted());
    assert_eq!(valid.object().str("spec_version"), Some("2.1"));
    assert!(valid.object().get("malware_types").is_some());
    assert!(valid.object().get("labels").is_none());
    assert_eq!(notes.len(), 2);
    assert!(
        read(old.as_bytes(), Form::Stix21, &Limits::DEFAULT).is_err(),
        "peers send 2.1"
    );
}

proptest! {
    #[test]
    fn no_change_to_a_real_object_makes_it_panic(at in 0_usize..INDICATOR.len(), byte in any::<u8>()) {
        let mut bytes = INDICATOR.as_bytes().to_vec();
        bytes[at] = byte;
        let _ = read(&bytes, Form::Stix, &Limits::DEFAULT);
    }
}
