//! What is a rule, and what is refused, where and why.

use noroshi_model::{Limits, Value};

use crate::{Event, Rule, SigmaError};

/// A rule of these searches and this condition.
pub(super) fn rule(logsource: &str, detection: &str) -> Result<Rule, SigmaError> {
    let text = format!("title: One\nlogsource: {logsource}\ndetection:\n{detection}\n");
    Rule::read(&text).map(|mut rules| rules.remove(0))
}

fn windows(detection: &str) -> Result<Rule, SigmaError> {
    rule(
        "{ category: process_creation, product: windows }",
        detection,
    )
}

fn event(json: &str) -> Event {
    Event::of(&Value::parse(json.as_bytes(), &Limits::DEFAULT).unwrap())
}

/// Which of the events the rule finds, by place.
fn found(detection: &str, events: &[&str]) -> Vec<usize> {
    let runner = windows(detection).unwrap().runner().unwrap();
    let of = |(at, json): (usize, &&str)| runner.finds(&event(json)).then_some(at);
    events.iter().enumerate().filter_map(of).collect()
}

fn refused(detection: &str) -> (&'static str, usize) {
    let error = windows(detection).unwrap_err();
    (error.code, error.line)
}

#[test]
fn a_whole_rule_is_read() {
    let text = "
title: Encoded PowerShell
id: F3B2E1D0-1111-4222-8333-444455556666
status: test
description: |
    PowerShell that is given
    its script in Base64.
references: [ 'https://example.com/one' ]
author: Somebody
date: 2024/03/09
modified: 2026-01-31
tags:
    - attack.execution
    - attack.t1059.001
logsource:
    product: windows
    category: process_creation
detection:
    selection:
        Image|endswith: '\\powershell.exe'
    filter_main: { User: SYSTEM }
    condition: selection and not 1 of filter_*
falsepositives:
    - Administrators
level: high
";
    let rules = Rule::read(text).unwrap();
    let [rule] = rules.as_slice() else {
        panic!("{rules:?}")
    };
    assert_eq!(
        rule.id.as_deref(),
        Some("f3b2e1d0-1111-4222-8333-444455556666")
    );
    assert_eq!(rule.date.as_deref(), Some("2024-03-09"));
    assert_eq!(rule.tags.len(), 2);
    assert_eq!(rule.logsource.category.as_deref(), Some("process_creation"));
    assert!(rule.description.as_deref().unwrap().contains("Base64"));
    assert_eq!(Rule::read(&format!("{text}---{text}")).unwrap().len(), 2);
}

#[test]
fn what_is_no_rule_is_refused_with_its_line() {
    let reasons = |text: &str| Rule::read(text).unwrap_err();
    assert_eq!(reasons("").code, "sigma.shape");
    assert_eq!(reasons("- one\n- two").code, "sigma.shape");
    assert_eq!(reasons("title: [").code, "sigma.yaml");
    assert_eq!(reasons("title: One\ndetection: {}").code, "sigma.shape");
    let twice = reasons("title: One\ntitle: Two");
    assert_eq!((twice.code, twice.line), ("sigma.yaml", 2));
    let alias = reasons("a: &a [x, x]\nb: [*a, *a, *a]");
    assert_eq!((alias.code, alias.line), ("sigma.yaml", 1));
    assert_eq!(reasons("title: !!binary aGk=").code, "sigma.yaml");
    assert_eq!(
        reasons("title: One\ncorrelation: {}").code,
        "sigma.unsupported"
    );
    let deep = "[".repeat(100) + &"]".repeat(100);
    assert_eq!(reasons(&format!("a: {deep}")).code, "sigma.cost");
    assert_eq!(reasons(&"a".repeat(5_000_000)).code, "sigma.cost");
    let many = (0..60_000).map(|_| "- 1\n").collect::<String>();
    assert_eq!(reasons(&many).code, "sigma.cost");
}

#[test]
fn a_detection_that_cannot_be_meant_is_refused() {
    for (detection, code) in [
        ("    condition: a", "sigma.shape"),
        ("    a: { x: 1 }", "sigma.shape"),
        ("    a: {}\n    condition: a", "sigma.shape"),
        ("    a: { x: [] }\n    condition: a", "sigma.shape"),
        ("    a: { x: 1 }\n    condition: b", "sigma.shape"),
        ("    a: { x: 1 }\n    condition: a and", "sigma.shape"),
        ("    a: { x: 1 }\n    condition: (a", "sigma.shape"),
        ("    a: { x: 1 }\n    condition: a a", "sigma.shape"),
        ("    a: { x: 1 }\n    condition: 2 of a", "sigma.shape"),
        ("    a: { x: 1 }\n    condition: 1 of b*", "sigma.shape"),
        (
            "    a: { x: 1 }\n    condition: a | count() > 5",
            "sigma.unsupported",
        ),
        (
            "    a: { x: 1 }\n    timeframe: 5m\n    condition: a",
            "sigma.unsupported",
        ),
        (
            "    a: { x|expand: '%y%' }\n    condition: a",
            "sigma.unsupported",
        ),
        (
            "    a: { x|frobnicate: 1 }\n    condition: a",
            "sigma.unsupported",
        ),
        (
            "    a: { x|wide: y }\n    condition: a",
            "sigma.unsupported",
        ),
        (
            "    a: { x|base64: 'y*' }\n    condition: a",
            "sigma.unsupported",
        ),
        ("    a: { x|i: y }\n    condition: a", "sigma.shape"),
        (
            "    a: { x|cidr: 10.0.0.0/33 }\n    condition: a",
            "sigma.shape",
        ),
        ("    a: { x|gt: many }\n    condition: a", "sigma.shape"),
        (
            "    a: { x|exists: maybe }\n    condition: a",
            "sigma.shape",
        ),
        ("    a: { x: { y: 1 } }\n    condition: a", "sigma.shape"),
    ] {
        assert_eq!(refused(detection).0, code, "{detection}");
    }
    let deep = format!(
        "    a: {{ x: 1 }}\n    condition: {}a{}",
        "(".repeat(40),
        ")".repeat(40)
    );
    assert_eq!(refused(&deep).0, "sigma.cost");
    let values = vec!["v"; 20_001].join(", ");
    let many = format!("    a: {{ x: [{values}] }}\n    condition: a");
    assert_eq!(refused(&many).0, "sigma.cost");
    let values = vec!["v"; 1_000].join(", ");
    let times = vec!["a"; 50].join(" or ");
    let grown = format!("    a: {{ x: [{values}] }}\n    condition: {times}");
    assert_eq!(refused(&grown).0, "sigma.cost");
    let regex = windows("    a: { x|re: 'a(?=b)' }\n    condition: a")
        .unwrap()
        .runner();
    assert_eq!(regex.unwrap_err().code, "sigma.unsupported");
}

#[test]
fn values_mean_what_the_specification_says() {
    let of = |field: &str, events: &[&str]| {
        found(
            &format!("    a:\n        {field}\n    condition: a"),
            events,
        )
    };
    // In either case; whole; `*` and `?`.
    assert_eq!(
        of(
            "x: 'AbC'",
            &[r#"{"x":"aBc"}"#, r#"{"x":"abcd"}"#, r#"{"y":"abc"}"#]
        ),
        [0]
    );
    assert_eq!(
        of("x|cased: 'AbC'", &[r#"{"x":"aBc"}"#, r#"{"x":"AbC"}"#]),
        [1]
    );
    assert_eq!(
        of(
            "x: 'a*c?'",
            &[r#"{"x":"acd"}"#, r#"{"x":"a\nbc1"}"#, r#"{"x":"abc"}"#]
        ),
        [0, 1]
    );
    // A backslash takes a meaning away, and is a backslash elsewhere.
    assert_eq!(of(r"x: 'a\*'", &[r#"{"x":"a*"}"#, r#"{"x":"ab"}"#]), [0]);
    assert_eq!(of(r"x: 'C:\a'", &[r#"{"x":"c:\\a"}"#]), [0]);
    assert_eq!(of(r"x: 'C:\\a'", &[r#"{"x":"c:\\a"}"#]), [0]);
    assert_eq!(of(r"x: 'a\\*'", &[r#"{"x":"a\\b"}"#, r#"{"x":"a*"}"#]), [0]);
    assert_eq!(
        of("x|contains: 'b'", &[r#"{"x":"aBc"}"#, r#"{"x":"ac"}"#]),
        [0]
    );
    assert_eq!(
        of("x|startswith: 'b'", &[r#"{"x":"bc"}"#, r#"{"x":"ab"}"#]),
        [0]
    );
    assert_eq!(
        of("x|endswith: 'b'", &[r#"{"x":"bc"}"#, r#"{"x":"ab"}"#]),
        [1]
    );
    assert_eq!(
        of(
            "x|contains|all: [a, b]",
            &[r#"{"x":"b-a"}"#, r#"{"x":"a"}"#]
        ),
        [0]
    );
    assert_eq!(
        of("x|neq: a", &[r#"{"x":"a"}"#, r#"{"x":"b"}"#, "{}"]),
        [1, 2]
    );
    assert_eq!(
        of("x: 5", &[r#"{"x":5}"#, r#"{"x":"5"}"#, r#"{"x":50}"#]),
        [0, 1]
    );
    assert_eq!(
        of(
            "x|gte: 5",
            &[r#"{"x":5}"#, r#"{"x":4.5}"#, r#"{"x":"many"}"#]
        ),
        [0]
    );
    assert_eq!(
        of("x: null", &[r#"{"x":null}"#, "{}", r#"{"x":""}"#]),
        [0, 1]
    );
    assert_eq!(of("x|exists: true", &[r#"{"x":""}"#, "{}"]), [0]);
    assert_eq!(
        of(
            "x|fieldref: y",
            &[r#"{"x":"A","y":"a"}"#, r#"{"x":"a","y":"b"}"#]
        ),
        [0]
    );
    assert_eq!(
        of(
            "x|cidr: 10.1.0.0/16",
            &[r#"{"x":"10.1.2.3"}"#, r#"{"x":"10.2.0.0"}"#, r#"{"x":"x"}"#]
        ),
        [0]
    );
    assert_eq!(
        of("x|re: '^a.c$'", &[r#"{"x":"abc"}"#, r#"{"x":"ABC"}"#]),
        [0]
    );
    assert_eq!(
        of("x|re|i: '^a.c$'", &[r#"{"x":"abc"}"#, r#"{"x":"ABC"}"#]),
        [0, 1]
    );
    assert_eq!(
        of(
            "x|windash|contains: ' -enc'",
            &[
                r#"{"x":"p /enc"}"#,
                "{\"x\":\"p \u{2014}enc\"}",
                r#"{"x":"p enc"}"#
            ]
        ),
        [0, 1]
    );
    // Of many values of a field one is enough.
    assert_eq!(of("x: b", &[r#"{"x":["a","b"]}"#]), [0]);
    // By the way to it, and by its own name.
    assert_eq!(of("a.b: c", &[r#"{"a":{"b":"c"}}"#]), [0]);
    assert_eq!(of("b: c", &[r#"{"a":{"b":"c"}}"#]), [0]);
}

#[test]
fn base64_is_found_wherever_it_lies() {
    use data_encoding::BASE64;
    let runner = windows("    a: { x|base64offset|contains: 'evil word' }\n    condition: a");
    let runner = runner.unwrap().runner().unwrap();
    for ahead in 0..6 {
        for behind in 0..6 {
            let text = ["y".repeat(ahead), "z".repeat(behind)].join("evil word");
            let mut event = Event::default();
            event.add("x", &BASE64.encode(text.as_bytes()));
            assert!(runner.finds(&event), "{text}");
        }
    }
    let wide = windows("    a: { x|wide|base64offset|contains: 'evil' }\n    condition: a");
    let wide = wide.unwrap().runner().unwrap();
    let mut event = Event::default();
    let bytes: Vec<u8> = "an evil"
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    event.add("x", &BASE64.encode(&bytes));
    assert!(wide.finds(&event));
    let mut event = Event::default();
    event.add("x", &BASE64.encode(b"an evil"));
    assert!(!wide.finds(&event));
}

#[test]
fn searches_go_together_as_the_condition_says() {
    let searches = "    a: { x: 1 }\n    b1: { y: 1 }\n    b2: { z: 1 }\n    _c: { w: 1 }\n";
    let of = |condition: &str| {
        let detection = format!("{searches}    condition: {condition}");
        let events = [
            "{\"x\":1}",
            "{\"y\":1}",
            "{\"z\":1}",
            "{\"y\":1,\"z\":1}",
            "{\"w\":1}",
        ];
        found(&detection, &events)
    };
    assert_eq!(of("a or b1 and b2"), [0, 3]);
    assert_eq!(of("(a or b1) and b2"), [3]);
    assert_eq!(of("not a and not _c"), [1, 2, 3]);
    assert_eq!(of("1 of b*"), [1, 2, 3]);
    assert_eq!(of("all of b*"), [3]);
    assert_eq!(of("1 of them"), [0, 1, 2, 3]);
    assert_eq!(of("NOT 1 OF them"), [4]);
    assert_eq!(of("[a, _c]"), [0, 4]);
    // A list of maps, and words anywhere.
    let list = "    a:\n        - { x: 1 }\n        - { y: 1, z: 1 }\n    condition: a";
    assert_eq!(
        found(list, &["{\"x\":1}", "{\"y\":1}", "{\"y\":1,\"z\":1}"]),
        [0, 2]
    );
    let words = "    a: [ 'evil', 'b?d' ]\n    condition: a";
    assert_eq!(
        found(
            words,
            &[r#"{"x":"an EVIL one"}"#, r#"{"y":{"z":"bad"}}"#, "{}"]
        ),
        [0, 1]
    );
    let all = "    a: { '|all': [ 'evil', 'bad' ] }\n    condition: a";
    assert_eq!(
        found(all, &[r#"{"x":"evil","y":"bad"}"#, r#"{"y":"bad"}"#]),
        [0]
    );
}
