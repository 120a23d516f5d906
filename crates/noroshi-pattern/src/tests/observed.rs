//! Observations out of observed-data, refused and taken.

use noroshi_model::{Limits, Value};

use super::{engine, run};
use crate::{Engine, EngineLimits, observations};

const HEAD: &str = r#""type":"observed-data","id":"observed-data--1","first_observed":"2026-01-01T00:00:00Z","last_observed":"2026-01-01T00:00:09Z""#;

fn read(text: &str) -> Value {
    Value::parse(text.as_bytes(), &Limits::DEFAULT).expect(text)
}

fn hits(pattern: &str, stix: &str) -> usize {
    let mut engine: Engine = engine(EngineLimits::WHOLE, &[pattern]);
    run(&mut engine, &observations(&read(stix)).unwrap()).len()
}

#[test]
fn what_is_malformed_is_refused_by_object_and_property() {
    let many: Vec<String> = (0..1_001)
        .map(|n| format!(r#""{n}":{{"type":"x"}}"#))
        .collect();
    let many = many.join(",");
    for (stix, part) in [
        ("1".to_owned(), "neither a bundle nor a list"),
        ("[1]".to_owned(), "neither a bundle nor a list"),
        (format!("{{{HEAD}}}"), "`number_observed` is missing"),
        (
            format!(r#"{{{HEAD},"number_observed":1}}"#),
            "`object_refs` is missing",
        ),
        (
            format!(r#"{{{HEAD},"number_observed":1,"object_refs":[1]}}"#),
            "`object_refs`",
        ),
        (
            format!(r#"{{{HEAD},"number_observed":0,"object_refs":[]}}"#),
            "no times at all",
        ),
        (
            format!(r#"{{{HEAD},"number_observed":-1,"object_refs":[]}}"#),
            "`number_observed`",
        ),
        (
            format!(r#"{{{HEAD},"number_observed":1,"objects":{{"0":1}}}}"#),
            "`objects`",
        ),
        (
            format!(r#"{{{HEAD},"number_observed":1,"objects":{{{many}}}}}"#),
            "1001 objects",
        ),
        (
            HEAD.replace("09Z", "x").replace(r#""type""#, r#"{"type""#) + "}",
            "`last_observed`",
        ),
        (
            HEAD.replace("2026-01-01T00:00:09Z", "2025-01-01T00:00:09Z")
                .replace(r#""type""#, r#"{"type""#)
                + r#","number_observed":1,"object_refs":[]}"#,
            "last observed before",
        ),
    ] {
        let error = observations(&read(&stix)).unwrap_err();
        assert!(error.to_string().contains(part), "{stix}: {error}");
    }
}

#[test]
fn observed_data_of_2_1_and_2_0_are_taken_with_their_references() {
    let pattern = "[network-traffic:dst_ref.value = '198.51.100.1'] REPEATS 2 TIMES";
    let of_21 = format!(
        r#"{{"type":"bundle","objects":[{{{HEAD},"number_observed":2,"object_refs":["n--1","a--1","gone--1"]}},
        {{"type":"network-traffic","id":"n--1","dst_ref":"a--1"}},
        {{"type":"ipv4-addr","id":"a--1","value":"198.51.100.1"}}]}}"#
    );
    assert_eq!(hits(pattern, &of_21), 1);
    let of_20 = format!(
        r#"{{{HEAD},"number_observed":2,"objects":{{"0":{{"type":"network-traffic","dst_ref":"1"}},
        "1":{{"type":"ipv4-addr","value":"198.51.100.1"}}}}}}"#
    );
    assert_eq!(hits(pattern, &of_20), 1);
    assert_eq!(
        hits(pattern, &of_20.replace(r#"observed":2"#, r#"observed":1"#)),
        0
    );
    // An object of the bundle that no observed-data names was not observed.
    assert_eq!(hits("[x:n = 1]", r#"[{"type":"x","id":"x--1","n":1}]"#), 0);
}
