//! What the reading of the KEV catalogue promises, refusals first.

use noroshi_model::Limits;
use noroshi_model::json::{Object, Value};

use super::KEV_EXTENSION;
use crate::{Form, Note, NoteCode, ReadError, Valid, read};

fn entry() -> Object {
    Object::new()
        .with("cveID", "CVE-2025-48384")
        .with("vendorProject", "Git")
        .with("product", "Git")
        .with("vulnerabilityName", "Git Link Following Vulnerability")
        .with("dateAdded", "2025-08-25")
        .with("shortDescription", "Git contains a vulnerability.")
        .with("requiredAction", "Apply mitigations.")
        .with("dueDate", "2025-09-15")
        .with("knownRansomwareCampaignUse", "Unknown")
        .with("notes", "")
        .with("cwes", vec!["CWE-59"])
}

fn convert(entry: &Object) -> Result<(Valid, Vec<Note>), ReadError> {
    read(&entry.canonical(), Form::Kev, &Limits::DEFAULT)
}

#[track_caller]
fn refuses(field: &str, value: impl Into<Value>, problem: &str) {
    let error = convert(&entry().with(field, value))
        .unwrap_err()
        .to_string();
    let expected = format!("`{field}` {problem} (KEV catalogue schema)");
    assert!(error.ends_with(&expected), "{error}");
    if field != "cveID" {
        assert!(error.starts_with("CVE-2025-48384: "), "{error}");
    }
}

fn extension(valid: &Valid) -> &Object {
    let extensions = valid.object().get("extensions").and_then(Value::as_object);
    extensions
        .and_then(|all| all.get(KEV_EXTENSION))
        .and_then(Value::as_object)
        .unwrap()
}

#[test]
fn an_entry_that_does_not_say_what_or_when_is_refused() {
    for field in [
        "cveID",
        "dateAdded",
        "shortDescription",
        "vulnerabilityName",
    ] {
        let mut entry = entry();
        entry.remove(field);
        let error = convert(&entry).unwrap_err().to_string();
        let name = if field == "cveID" {
            "entry 0"
        } else {
            "CVE-2025-48384"
        };
        assert_eq!(
            error,
            format!("{name}: `{field}` is missing (KEV catalogue schema)")
        );
    }
}

#[test]
fn fields_of_the_wrong_kind_or_size_are_refused() {
    for cve in [
        "",
        "CVE",
        "CVE-2025",
        "CVE-25-1234",
        "CVE-2025-123",
        "CVE-2025-1234x",
        "cve-2025-1234",
    ] {
        refuses("cveID", cve, "is not CVE-year-number");
    }
    refuses("dateAdded", "25.8.2025", "is not a date such as 2025-08-25");
    refuses("dueDate", "2025-02-30", "is not a date such as 2025-08-25");
    refuses("product", 5_i64, "is not a string");
    refuses("notes", true, "is not a string");
    refuses(
        "requiredAction",
        "x".repeat(20_001),
        "is longer than 20000 bytes",
    );
    refuses("cwes", "CWE-1", "is not a list of CWE-number");
    refuses("cwes", vec!["CWE-"], "is not a list of CWE-number");
    refuses("cwes", vec![1_i64], "is not a list of CWE-number");
    refuses("cwes", vec!["CWE-1"; 101], "names more than 100 weaknesses");
}

#[test]
fn what_is_missing_or_unknown_but_not_needed_is_noted() {
    let mut lean = entry().with("severity", "high");
    lean.remove("product");
    lean.remove("dueDate");
    lean.remove("cwes");
    let (valid, notes) = convert(&lean).unwrap();
    let found: Vec<_> = notes.iter().map(|note| (note.code, &*note.at)).collect();
    let expected = [
        (NoteCode::Missing, "product"),
        (NoteCode::Missing, "dueDate"),
        (NoteCode::UnknownProperty, "severity"),
    ];
    assert_eq!(found, expected);
    assert_eq!(extension(&valid).get("cwes"), None);
    let received = valid.received().unwrap();
    assert_eq!(
        received,
        lean.canonical(),
        "what was not understood is not lost"
    );
}

#[test]
fn addresses_become_references_up_to_twenty() {
    let many: Vec<String> = (0..25)
        .map(|at| format!("https://a.example/{at}"))
        .collect();
    let notes = format!("see {}; ftp://no.example", many.join(" ; "));
    let (valid, notes) = convert(&entry().with("notes", notes)).unwrap();
    let references = valid.object().get("external_references").unwrap();
    let references = references.as_array().unwrap();
    assert_eq!(references.len(), 21, "the CVE itself and twenty addresses");
    assert_eq!(notes[0].code, NoteCode::Shortened);
    let two = entry().with("notes", "https://a.example/, http://b.example/x;y");
    let (valid, _) = convert(&two).unwrap();
    let references = valid.object().get("external_references").unwrap();
    let url = |at: usize| {
        references.as_array().unwrap()[at]
            .as_object()
            .unwrap()
            .str("url")
    };
    assert_eq!(url(1), Some("https://a.example/"));
    assert_eq!(url(2), Some("http://b.example/x"));
}

/// Clause: T2
#[test]
fn the_id_follows_from_the_cve_alone() {
    let (one, _) = convert(&entry()).unwrap();
    let (two, _) = convert(&entry().with("product", "Another")).unwrap();
    assert_eq!(one.head().id, two.head().id);
    assert_ne!(one.hash(), two.hash());
    let (other, _) = convert(&entry().with("cveID", "CVE-2025-48385")).unwrap();
    assert_ne!(one.head().id, other.head().id);
    let id = one.head().id.as_str();
    let uuid = id.strip_prefix("vulnerability--").unwrap();
    assert_eq!(&uuid[14..15], "8", "version 8 of RFC 9562: {uuid}");
    assert!(matches!(&uuid[19..20], "8" | "9" | "a" | "b"), "{uuid}");
    assert_eq!(one.object().str("name"), Some("CVE-2025-48384"));
    assert_eq!(
        one.object().str("created"),
        Some("2025-08-25T00:00:00.000Z")
    );
}
