//! Both languages say the same things.

use std::collections::BTreeMap;

use super::{ENGLISH, JAPANESE, Lang, knows, text};

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
}

#[test]
fn every_reason_of_the_gate_has_words_in_both_languages() {
    for code in noroshi_gate::Reason::CODES {
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
