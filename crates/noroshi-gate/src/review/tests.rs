//! What the review finds and, as much, what it leaves alone.

use noroshi_model::json::{Object, Value};
use noroshi_model::{ItemHash, Limits, Timestamp};
use proptest::prelude::*;

use super::{FINDINGS_MAX, Finding, Named, Names, ReviewRules, Reviewer, Severity, Subject};
use crate::mark::{Marked, mark};
use crate::table::{MarkingTable, Scope};

mod edges;

const CLEAR: &str = "marking-definition--94868c89-83c2-464b-929b-a1a8aa3c8487";
const RED: &str = "marking-definition--e828b379-4e03-4974-9ac4-e53a884c97c1";
const CLOSED_ID: &str = "report--00000000-0000-4000-8000-00000000c105";
/// Objects of these types under that UUID are closed.
const CLOSED_KINDS: [&str; 3] = ["report", "intrusion-set", "x509-certificate"];

fn now() -> Timestamp {
    "2026-11-25T00:00:00Z".parse().unwrap()
}

fn object(property: &str, value: impl Into<Value>, marking: &str) -> Object {
    Object::new()
        .with("type", "campaign")
        .with("spec_version", "2.1")
        .with("id", "campaign--00000000-0000-4000-8000-000000000001")
        .with("created", "2026-01-01T00:00:00.000Z")
        .with("modified", "2026-01-02T00:00:00.000Z")
        .with("name", "n")
        .with("object_marking_refs", vec![Value::from(marking)])
        .with(property, value)
}

fn marked(object: Object) -> Marked {
    let (valid, _) = noroshi_formats::check(object.into(), &Limits::DEFAULT).unwrap();
    mark(valid, &[], &MarkingTable::builtin(), &Scope::Own)
}

fn rules(text: &str) -> ReviewRules {
    let value = Value::parse(text.as_bytes(), &Limits::DEFAULT).unwrap();
    ReviewRules::from_value(value).unwrap()
}

fn closed_item() -> ItemHash {
    ItemHash::from_bytes([7; 32])
}

fn review(item: &Marked, rules: ReviewRules) -> Vec<Finding> {
    let names = Names::new([("Midnight Heron", closed_item()), ("黒い鷺", closed_item())]);
    let subject = Subject {
        object: item.valid().object(),
        item,
        names: &names,
        now: now(),
    };
    let mut closed = |named: Named<'_>| {
        let is_closed = match named {
            Named::Id(id) => {
                let same = id.as_str().ends_with(&CLOSED_ID["report".len()..]);
                same && CLOSED_KINDS.contains(&id.kind())
            }
            Named::Hash(hash) => *hash == closed_item(),
            Named::Name(items) => items.contains(&closed_item()),
        };
        is_closed.then(closed_item)
    };
    Reviewer::new(rules).review(&subject, &mut closed)
}

/// The codes found in a description, each with the text it points at.
fn found_in(text: &str, marking: &str) -> Vec<(&'static str, String)> {
    let own = rules(
        r#"{"v":1,"severities":{},"words":["第1サイバー群","Blue Lantern"],
            "internal":["mod.example"]}"#,
    );
    let item = marked(object("description", text, marking));
    let found = review(&item, own).into_iter();
    let found = found.map(|finding| {
        assert_eq!(finding.place.to_string(), "description");
        (
            finding.concern.code(),
            text[finding.start..finding.end].to_owned(),
        )
    });
    found.collect()
}

fn check(text: &str, expected: &[(&str, &str)]) {
    let found = found_in(text, CLEAR);
    let found: Vec<(&str, &str)> = found.iter().map(|(code, at)| (*code, &**at)).collect();
    assert_eq!(found, expected, "{text}");
}

fn code(text: &str, code: &str, at: &str) {
    check(text, &[(code, at)]);
}

/// Clause: I5
#[test]
fn a_mark_stricter_than_the_item_is_found_in_every_form() {
    let marking = |text: &str, mark: &str| code(text, "review.marking", mark);
    marking("As told (S//NF) by the source.", "(S//NF)");
    marking(
        "(TS//SI//REL TO USA, JPN) The source says",
        "(TS//SI//REL TO USA, JPN)",
    );
    marking("first\n(S) The second paragraph.", "(S)");
    marking("SECRET//NOFORN\nThe text", "SECRET//NOFORN");
    marking("x\n  SECRET  \ny", "SECRET");
    marking("It is noforn, they said.", "noforn");
    marking("tlp: amber+strict", "tlp: amber+strict");
    marking("TLP RED only", "TLP RED");
    marking("「秘」文書の写し", "秘");
    marking("【 取扱注意 】", "取扱注意");
    marking("この報告は極秘である", "極秘");
    marking("特定秘密に当たる", "特定秘密");
    marking("［機密］", "機密");
    marking("部外秘とする", "部外秘");
}

/// Clause: I5
#[test]
fn a_mark_in_other_letters_is_the_same_mark() {
    let marking = |text: &str, mark: &str| code(text, "review.marking", mark);
    marking("ＴＬＰ：ＲＥＤ です", "ＴＬＰ：ＲＥＤ");
    marking("（Ｓ／／ＮＦ）本文", "（Ｓ／／ＮＦ）");
    marking("TLP\u{3000}RED", "TLP\u{3000}RED");
    check(
        "it is NO\u{200b}FORN here",
        &[
            ("review.invisible", "\u{200b}"),
            ("review.marking", "NO\u{200b}FORN"),
        ],
    );
    // A Greek Nu and a Cyrillic O.
    check(
        "it is \u{39d}\u{41e}FORN here",
        &[
            ("review.mixed_script", "\u{39d}\u{41e}FORN"),
            ("review.marking", "\u{39d}\u{41e}FORN"),
        ],
    );
}

/// Clause: I5
#[test]
fn words_of_ordinary_texts_are_no_marks() {
    for text in [
        "the client secret is stored; file(s) and host(s)",
        "(C) 2024 The MITRE Corporation",
        "Confidential data was taken. It was top secret? No: a secret.",
        "https://example.com//CONFIDENTIAL and C//D",
        "特定秘密保護法が施行された",
        "機密性、完全性、可用性。機密情報の窃取に注意してください。",
        "(U) unclassified text, (U//FOO",
        "秘密鍵と秘匿通信",
        "TLP:CLEAR",
        "Operation NOFORNICATION",
    ] {
        check(text, &[]);
    }
}

/// Clause: I5
#[test]
fn what_the_item_itself_is_marked_with_may_stand_in_its_text() {
    assert_eq!(found_in("TLP:RED for you", RED), []);
    assert_eq!(found_in("TLP:AMBER for you", RED), []);
    // Where only another property is marked so, it may not.
    let mut part = object("description", "TLP:RED for you", CLEAR);
    let granular = |selector: &str| {
        let selectors = vec![Value::from(selector)];
        vec![Value::from(
            Object::new()
                .with("selectors", selectors)
                .with("marking_ref", RED),
        )]
    };
    part.insert("granular_markings", granular("name"));
    assert_eq!(
        review(&marked(part.clone()), ReviewRules::default()).len(),
        1
    );
    part.insert("granular_markings", granular("description"));
    assert_eq!(review(&marked(part), ReviewRules::default()), []);
}

#[test]
fn the_definition_of_a_marking_may_name_it() {
    let definition = Object::new()
        .with("type", "marking-definition")
        .with("spec_version", "2.1")
        .with(
            "id",
            "marking-definition--00000000-0000-4000-8000-000000000001",
        )
        .with("created", "2026-01-01T00:00:00.000Z")
        .with("name", "TLP:RED")
        .with("definition_type", "statement")
        .with("definition", Object::new().with("statement", "NOFORN"));
    assert_eq!(review(&marked(definition), ReviewRules::default()), []);
}

/// Clause: I5
#[test]
fn what_the_recipient_may_not_see_is_found_by_id_name_and_hash() {
    code(&format!("see {CLOSED_ID}."), "review.closed_id", CLOSED_ID);
    code(
        "by ＭＩＤＮＩＧＨＴ-heron again",
        "review.closed_name",
        "ＭＩＤＮＩＧＨＴ-heron",
    );
    code("これは黒い鷺の仕業", "review.closed_name", "黒い鷺");
    let hash = closed_item().to_string();
    code(&format!("item {hash}"), "review.closed_hash", &hash);
    check(
        "see report--00000000-0000-4000-8000-00000000c106, Midnight Herons",
        &[],
    );
}

/// Clause: I5
#[test]
fn ways_into_internal_networks_are_found() {
    let link = |text: &str, found: &str, at: &str| code(text, &format!("review.{found}"), at);
    link(
        "at http://10.1.2.3/x now",
        "link_internal",
        "http://10.1.2.3/x",
    );
    link(
        "at https://wiki/page.",
        "link_internal",
        "https://wiki/page",
    );
    link(
        "at https://a.b.local/",
        "link_internal",
        "https://a.b.local/",
    );
    link(
        "https://intra.mod.go.jp/a",
        "link_internal",
        "https://intra.mod.go.jp/a",
    );
    link(
        "https://x.mod.example/a",
        "link_internal",
        "https://x.mod.example/a",
    );
    link(
        "host srv.mod.example down",
        "link_internal",
        "srv.mod.example",
    );
    link("http://[fd00::1]/x", "link_internal", "http://[fd00::1]/x");
    link(
        "https://portal.navy.mil/x",
        "link_government",
        "https://portal.navy.mil/x",
    );
    link("file:///C:/a.doc", "link_local", "file:///C:/a.doc");
    link(r"in \\nas01\share\x", "share", r"\\nas01\share");
    link(
        "https://u:p@h.example/",
        "link_credentials",
        "https://u:p@h.example/",
    );
    link(
        "https://h.example/?token=x",
        "link_credentials",
        "https://h.example/?token=x",
    );
    link(
        "https://h.example/?utm_source=x",
        "link_tracking",
        "https://h.example/?utm_source=x",
    );
    link(
        "seen from 192.168.7.8 today",
        "address_internal",
        "192.168.7.8",
    );
    check(
        "https://www.mod.go.jp/a https://attack.mitre.org/x?y=1 8.8.8.8 1.2.3 e.g. config.local",
        &[],
    );
}

/// Clause: I5
#[test]
fn people_times_and_hidden_things_are_found() {
    code(
        "write to a.sato@example.jp",
        "review.mail",
        "a.sato@example.jp",
    );
    code("電話 03-1234-5678 まで", "review.telephone", "03-1234-5678");
    code(
        "call +81 3 1234 5678.",
        "review.telephone",
        "+81 3 1234 5678",
    );
    code("call (202) 555-0123", "review.telephone", "(202) 555-0123");
    code("at 14:05 JST", "review.time_zone", "14:05");
    code(
        "at 2026-01-01T14:05:09+09:00",
        "review.time_zone",
        "14:05:09",
    );
    code("第1サイバー群が対処", "review.own_word", "第1サイバー群");
    code("the BLUE_LANTERN system", "review.own_word", "BLUE_LANTERN");
    code("x\u{202e}txt.exe", "review.hidden", "\u{202e}");
    let blob = "QUJD1a".repeat(30);
    code(&blob, "review.blob", &blob);
    let hex = "ab12".repeat(25);
    code(&hex, "review.blob", &hex);
    check(
        "CVE-2024-12345 2024-01-02 T1566.001 14:05 UTC 14:05:00Z 00:00:00+00:00 1-2-3 10:20:30",
        &[],
    );
    let sha512 = "ab12".repeat(32);
    check(&sha512, &[]);
    let late = marked(object("first_seen", "2027-01-01T00:00:00Z", CLEAR));
    let found = review(&late, ReviewRules::default());
    assert_eq!(found[0].concern.code(), "review.future_time");
}

#[test]
fn subjects_and_references_are_not_texts() {
    let item = object(
        "external_references",
        vec![Value::from(
            Object::new()
                .with("source_name", "x")
                .with("url", "http://10.0.0.1/")
                .with("hashes", Object::new().with("SHA-512", "ab12".repeat(32))),
        )],
        CLEAR,
    );
    let found = review(&marked(item), ReviewRules::default());
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(found[0].place.to_string(), "external_references.[0].url");
}

#[test]
fn rules_set_how_grave_a_finding_is_and_refuse_what_they_do_not_know() {
    let item = marked(object("description", "a@b.example TLP:RED", CLEAR));
    let table = review(&item, ReviewRules::default());
    let of = |findings: &[Finding]| findings.iter().map(|it| it.severity).collect::<Vec<_>>();
    assert_eq!(of(&table), [Severity::Stops, Severity::Warns]);
    let own = rules(
        r#"{"v":1,"severities":{"review.mail":"stops","review.marking":"off"},"words":[],
            "internal":[]}"#,
    );
    assert_eq!(of(&review(&item, own)), [Severity::Stops]);
    for refused in [
        r#"{"v":1,"severities":{"review.none":"stops"},"words":[],"internal":[]}"#,
        r#"{"v":1,"severities":{"review.mail":"maybe"},"words":[],"internal":[]}"#,
        r#"{"v":1,"severities":{},"words":["x"],"internal":[]}"#,
        r#"{"v":1,"severities":{},"words":[],"internal":["A.example"]}"#,
        r#"{"v":1,"severities":{},"words":[],"internal":[],"more":1}"#,
        r#"{"v":2,"severities":{},"words":[],"internal":[]}"#,
    ] {
        let value = Value::parse(refused.as_bytes(), &Limits::DEFAULT).unwrap();
        assert!(ReviewRules::from_value(value).is_err(), "{refused}");
    }
}

/// Rules that are stored are read for ever.
#[test]
fn the_first_form_of_the_rules_stays_readable() {
    let frozen = include_bytes!("../../test-data/review-rules-v1.json").trim_ascii_end();
    let value = Value::parse(frozen, &Limits::DEFAULT).unwrap();
    let rules = ReviewRules::from_value(value).unwrap();
    assert_eq!(rules.to_bytes(), frozen);
    assert_eq!(
        rules.words().collect::<Vec<_>>(),
        ["Blue Lantern", "第1サイバー群"]
    );
}

#[test]
fn every_code_has_a_severity_and_the_findings_are_capped() {
    for code in super::Concern::CODES {
        assert!(
            super::Table::builtin().severities.contains_key(*code),
            "{code}"
        );
    }
    let many: String = (0..500).map(|n| format!("a{n}@d{n}.example ")).collect();
    let found = found_in(&many, CLEAR);
    assert_eq!(found.len(), FINDINGS_MAX + 1);
    assert_eq!(found.last().unwrap().0, "review.too_many");
}

proptest! {
    /// Whatever a text holds, what is found lies within it, on borders of characters.
    #[test]
    fn no_text_harms_the_review(parts in proptest::collection::vec(
        prop_oneof![
            any::<String>(),
            Just("(S//NF".to_owned()), Just("://".to_owned()), Just("\\\\a\\".to_owned()),
            Just("--00000000-0000-4000-8000-000000000001".to_owned()), Just("12:34:".to_owned()),
            Just("+81 ".to_owned()), Just("極秘".to_owned()), Just("\u{200b}".to_owned()),
            Just("Ｓ".to_owned()), Just("@.".to_owned()), Just(" ".to_owned()),
        ], 0..12)) {
        let text: String = parts.concat();
        for (_, at) in found_in(&text, CLEAR) {
            prop_assert!(!at.is_empty());
        }
    }
}

/// Texts made to be slow take time in proportion to their length.
#[test]
fn a_text_made_to_be_slow_is_not() {
    for part in [
        "http://",
        "a--",
        "12:",
        "(S//",
        "秘 ",
        "あ",
        "\\\\a",
        "1-",
        "[.]",
        "x@",
        "//",
        "Midnight ",
    ] {
        let text = part.repeat(450_000 / part.len());
        let item = marked(object("description", text, CLEAR));
        // Quadratic work on a million bytes would not end within a test's patience.
        assert!(review(&item, ReviewRules::default()).len() <= FINDINGS_MAX + 1);
    }
}
