//! Both languages say the same things.

use std::collections::{BTreeMap, BTreeSet};

use std::path::Path;

use noroshi_formats::{NoteCode, ReadError};
use serde_json::json;

use super::{
    CONSOLE_ENGLISH, CONSOLE_JAPANESE, ENGLISH, FAILURES_JAPANESE, JAPANESE, Lang,
    READING_JAPANESE, SCREENS_ENGLISH, SCREENS_JAPANESE, failure, knows, render, text,
};
use crate::Failure;
use crate::command::Event;
use crate::connect::{CODES, NOTES};
use crate::doctor::{FINDINGS, Health};

/// Message ids with the arguments each names.
fn messages(source: &str) -> BTreeMap<String, Vec<String>> {
    let mut found: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut current = String::new();
    for line in source.lines().filter(|line| !line.starts_with('#')) {
        if let Some((id, _)) = line.split_once(" =").filter(|_| !line.starts_with(' ')) {
            current = id.to_owned();
            found.entry(current.clone()).or_default();
        }
        for part in line.split("{ $").skip(1) {
            let name = part.split(' ').next().unwrap_or_default().to_owned();
            found.entry(current.clone()).or_default().push(name);
        }
    }
    found.values_mut().for_each(|names| {
        names.sort();
        names.dedup();
    });
    found
}

#[test]
fn every_message_has_its_other_language_with_the_same_arguments() {
    assert_eq!(messages(ENGLISH), messages(JAPANESE));
    assert_eq!(messages(CONSOLE_ENGLISH), messages(CONSOLE_JAPANESE));
    assert_eq!(messages(SCREENS_ENGLISH), messages(SCREENS_JAPANESE));
}

#[test]
fn every_reason_of_the_gate_has_words_in_both_languages() {
    for code in noroshi_gate::Reason::CODES {
        let id = code.replace('.', "-");
        assert!(knows(Lang::En, &id) && knows(Lang::Ja, &id), "{id}");
    }
}

#[test]
fn every_finding_of_the_doctor_has_words_and_each_that_is_not_good_says_what_mends_it() {
    let mut expected = Vec::new();
    for (code, health) in FINDINGS {
        expected.push(format!("doctor-{code}"));
        if health != Health::Good {
            expected.push(format!("mend-{code}"));
        }
    }
    expected.sort();
    let is_of_it = |id: &String| id.starts_with("doctor-") || id.starts_with("mend-");
    let told: Vec<String> = messages(ENGLISH).into_keys().filter(is_of_it).collect();
    assert_eq!(told, expected);
}

#[test]
fn everything_that_fails_or_is_odd_at_a_channel_has_words_in_both_languages() {
    let problems = CODES.iter().map(|code| format!("channel-problem-{code}"));
    let notes = NOTES.iter().map(|code| format!("channel-note-{code}"));
    let mut expected: Vec<String> = problems.chain(notes).collect();
    expected.sort();
    let is_of_it =
        |id: &String| id.starts_with("channel-problem-") || id.starts_with("channel-note-");
    let told: Vec<String> = messages(ENGLISH).into_keys().filter(is_of_it).collect();
    assert_eq!(told, expected);
}

#[test]
fn every_finding_of_the_review_has_words_in_both_languages() {
    for code in noroshi_gate::review::Concern::CODES {
        let id = code.replace('.', "-");
        assert!(knows(Lang::En, &id) && knows(Lang::Ja, &id), "{id}");
    }
}

#[test]
fn a_missing_message_falls_back_to_its_id_and_arguments() {
    assert_eq!(
        text(Lang::Ja, "no-such-message", &[("a", "b")]),
        "no-such-message a=b"
    );
}

#[test]
fn a_message_takes_its_arguments() {
    assert_eq!(text(Lang::En, "page-end", &[("rows", "3")]), "3 rows");
    assert_eq!(text(Lang::Ja, "page-end", &[("rows", "3")]), "3 件");
}

/// Runs something over every source file of a folder.
fn sources(folder: &Path, each: &mut dyn FnMut(&str)) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, each);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            each(&std::fs::read_to_string(&path).unwrap());
        }
    }
}

/// The codes that failures are made with in a source file.
fn codes(source: &str, found: &mut Vec<String>) {
    let made = source.split("Failure::new(").skip(1);
    let is_code = |code: &&str| {
        let plain = |c: char| c.is_ascii_lowercase() || matches!(c, '.' | '_');
        code.chars().all(plain)
    };
    found.extend(made.filter_map(|rest| {
        let literal = rest.trim_start().strip_prefix('"')?;
        let code = literal.split('"').next().filter(is_code);
        code.map(str::to_owned)
    }));
}

#[test]
fn every_sign_of_progress_has_words() {
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let mut labels = BTreeSet::new();
    for name in ["noroshi-node/src", "noroshi-console/src", "noroshi/src"] {
        sources(&crates.join(name), &mut |source| {
            let named = source.split("\"progress-").skip(1);
            labels.extend(named.filter_map(|rest| Some(rest.split_once('"')?.0.to_owned())));
        });
    }
    // What this test itself takes sources apart with.
    labels.retain(|label| !label.is_empty() && label.chars().all(|c| c.is_ascii_lowercase()));
    assert!(labels.len() > 8, "{labels:?}");
    for label in labels {
        let id = format!("progress-{label}");
        assert!(knows(Lang::En, &id) && knows(Lang::Ja, &id), "{id}");
    }
}

#[test]
fn every_failure_is_told_in_japanese_and_nothing_else_is() {
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let by_variable = [
        "store.locked",
        "store.failed",
        "store.search",
        "home.open_folder",
        "home.open_secret",
        "pattern.constant",
        "pattern.regex",
        "pattern.syntax",
        // Of a rule of Sigma.
        "sigma.cost",
        "sigma.shape",
        "sigma.unsupported",
        "sigma.yaml",
    ];
    let mut made = by_variable.map(str::to_owned).to_vec();
    for name in ["noroshi-node/src", "noroshi-console/src", "noroshi/src"] {
        sources(&crates.join(name), &mut |source| codes(source, &mut made));
    }
    let mut made: Vec<String> = made
        .iter()
        .map(|code| format!("error-{}", code.replace('.', "-")))
        .collect();
    made.sort();
    made.dedup();
    let told: Vec<String> = messages(FAILURES_JAPANESE).into_keys().collect();
    assert_eq!(made, told);
}

#[test]
fn a_failure_says_in_japanese_what_it_means_and_keeps_its_details() {
    let lost = Failure::new("item.unknown", 4, "no item deadbeef");
    assert_eq!(failure(Lang::En, &lost), "failed: no item deadbeef");
    let told = failure(Lang::Ja, &lost);
    assert!(told.contains("その項目はありません") && told.contains("(no item deadbeef)"));
}

#[test]
fn every_note_and_error_of_reading_is_told_in_japanese_and_nothing_else_is() {
    let notes = NoteCode::ALL.map(NoteCode::as_str);
    let marking = ["marking.disputed", "marking.not_understood"];
    let codes = notes.into_iter().chain(ReadError::CODES).chain(marking);
    let mut made: Vec<String> = codes
        .map(|code| format!("reading-{}", code.replace('.', "-")))
        .collect();
    made.sort();
    let told: Vec<String> = messages(READING_JAPANESE).into_keys().collect();
    assert_eq!(made, told);
}

#[test]
fn a_note_says_in_japanese_what_it_means_and_keeps_its_details() {
    let event = |code: &str| Event::Row {
        kind: "note".to_owned(),
        row: json!({ "file": "a.json", "code": code, "text": "`value` is not a URL" }),
    };
    let english = render(Lang::En, &event("note.form"));
    assert!(
        english.ends_with("a.json: `value` is not a URL"),
        "{english}"
    );
    let told = render(Lang::Ja, &event("note.form"));
    assert!(
        told.contains("書式") && told.contains("(`value` is not a URL)"),
        "{told}"
    );
    let other = render(Lang::Ja, &event("no.such"));
    assert!(other.ends_with("a.json: `value` is not a URL"), "{other}");
}

#[test]
fn a_receipt_says_when_it_was_released_and_answered_and_by_which_zone() {
    let row = Event::Row {
        kind: "receipt".to_owned(),
        row: json!({ "name": "Ministry", "entry": "release", "number": 4, "id": "malware--1",
            "at": "2026-11-25T08:00:00.123Z", "fate": "admitted",
            "fate_at": "2026-11-25T08:01:02.000Z" }),
    };
    for lang in Lang::ALL {
        let said = render(lang, &row);
        for instant in ["2026-11-25 08:00:00 UTC", "2026-11-25 08:01:02 UTC"] {
            assert!(said.contains(instant), "{said}");
        }
    }
}
