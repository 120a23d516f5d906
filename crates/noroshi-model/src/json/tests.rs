//! What the JSON reader and writer promise, refusals first. Vectors: RFC 8785, sections 3.2.2 and
//! 3.2.3 and appendix B.

use proptest::prelude::*;

use super::{JsonError, NUMBER_MAX, Object, Value};
use crate::limits::Limits;

fn parse(text: &str) -> Result<Value, JsonError> {
    Value::parse(text.as_bytes(), &Limits::DEFAULT)
}

fn canonical(text: &str) -> String {
    String::from_utf8(parse(text).unwrap().canonical()).unwrap()
}

#[track_caller]
fn refused(bytes: &[u8], because: &str) {
    let error = Value::parse(bytes, &Limits::DEFAULT).unwrap_err();
    assert!(error.to_string().contains(because), "{error}");
}

/// Clause: I5
#[test]
fn two_documents_cannot_pass_for_one() {
    refused(br#"{"a":1,"a":2}"#, "the property `a` stands twice");
    refused(br#"{"a":1,"\u0061":2}"#, "the property `a` stands twice");
    refused(br#"{"x":[{"b":1,"c":2,"b":1}]}"#, "`b` stands twice");
    refused(br#"{"a":1} {"a":1}"#, "trailing characters");
    refused(b"9007199254740992", "beyond 2^53-1");
    refused(b"-9007199254740992", "beyond 2^53-1");
    refused(b"9007199254740992.0", "beyond 2^53-1");
    refused(b"18446744073709551615", "beyond 2^53-1");
    refused(b"1e30", "beyond 2^53-1");
    refused(b"1e999", "number out of range");
    refused(br#""a\u0000b""#, "NUL");
    refused(br#"{"a\u0000":1}"#, "NUL");
    refused(br#""\ud800""#, "unexpected end of hex escape");
    refused(br#""\ud800\u0041""#, "lone leading surrogate");
    refused(br#""\udc00""#, "lone leading surrogate");
    refused(b"\"\xff\"", "invalid unicode code point");
    refused(b"\"\xed\xa0\x80\"", "invalid unicode code point");
    refused(b"\"a\tb\"", "control character");
}

#[test]
fn what_is_no_json_is_refused_with_its_place() {
    for text in [
        "", "nul", "[1,]", "{\"a\":}", "{a:1}", "01", "+1", ".5", "NaN", "'a'",
    ] {
        assert!(parse(text).is_err(), "{text}");
    }
    let error = parse("{\n  \"a\": 1,\n  \"b\": x\n}").unwrap_err();
    assert_eq!((error.line, error.column), (3, 8), "{error}");
    assert!(!error.problem.contains("at line"), "{error}");
}

#[test]
fn every_cap_holds_at_its_edge() {
    let limits = Limits {
        object_bytes_max: 40,
        depth_max: 3,
        values_max: 5,
        string_bytes_max: 4,
        objects_max: 1,
    };
    let check = |text: &str| Value::parse(text.as_bytes(), &limits).map_err(|e| e.to_string());
    let says = |text: &str, because: &str| {
        let said = check(text).unwrap_err();
        assert!(said.contains(because), "{said}");
    };
    says(&" ".repeat(41), "41 bytes are more than the 40 allowed");
    says("[[[[]]]]", "nested deeper than 3 levels");
    says("[1,2,3,4,5]", "more than 5 values");
    says(r#""12345""#, "a string of 5 bytes");
    says(r#"{"12345":1}"#, "a string of 5 bytes");
    assert!(check(&format!("[1{}]", " ".repeat(37))).is_ok());
    assert!(check("[[[1]]]").is_ok());
    assert!(check("[1,2,3,4]").is_ok());
    assert!(check(r#"{"1234":"1234"}"#).is_ok());
}

#[test]
fn a_message_never_carries_a_long_or_wild_name() {
    let key = format!("\\u001b[2J{}", "k".repeat(10_000));
    let error = parse(&format!(r#"{{"{key}":1,"{key}":2}}"#)).unwrap_err();
    assert!(error.problem.contains("stands twice"), "{error}");
    assert!(error.problem.len() < 300, "{}", error.problem.len());
    assert!(!error.problem.contains('\u{1b}'));
}

#[test]
fn nesting_far_beyond_the_cap_is_refused_without_harm() {
    for open in ["[", "{\"a\":"] {
        refused(open.repeat(100_000).as_bytes(), "nested deeper than 64");
    }
}

/// RFC 8785, appendix B: the bits of a double and its text. Numbers beyond 2^53-1 are never read,
/// but the writer keeps to the table there too.
#[test]
fn numbers_are_written_as_the_table_of_the_rfc_says() {
    let table: [(u64, &str); 24] = [
        (0x0000_0000_0000_0000, "0"),
        (0x8000_0000_0000_0000, "0"),
        (0x0000_0000_0000_0001, "5e-324"),
        (0x8000_0000_0000_0001, "-5e-324"),
        (0x7fef_ffff_ffff_ffff, "1.7976931348623157e+308"),
        (0xffef_ffff_ffff_ffff, "-1.7976931348623157e+308"),
        (0x4340_0000_0000_0000, "9007199254740992"),
        (0xc340_0000_0000_0000, "-9007199254740992"),
        (0x4430_0000_0000_0000, "295147905179352830000"),
        (0x44b5_2d02_c7e1_4af5, "9.999999999999997e+22"),
        (0x44b5_2d02_c7e1_4af6, "1e+23"),
        (0x44b5_2d02_c7e1_4af7, "1.0000000000000001e+23"),
        (0x444b_1ae4_d6e2_ef4e, "999999999999999700000"),
        (0x444b_1ae4_d6e2_ef4f, "999999999999999900000"),
        (0x444b_1ae4_d6e2_ef50, "1e+21"),
        (0x3eb0_c6f7_a0b5_ed8c, "9.999999999999997e-7"),
        (0x3eb0_c6f7_a0b5_ed8d, "0.000001"),
        (0x41b3_de43_5555_5553, "333333333.3333332"),
        (0x41b3_de43_5555_5554, "333333333.33333325"),
        (0x41b3_de43_5555_5555, "333333333.3333333"),
        (0x41b3_de43_5555_5556, "333333333.3333334"),
        (0x41b3_de43_5555_5557, "333333333.33333343"),
        (0xbecb_f647_612f_3696, "-0.0000033333333333333333"),
        (0x4314_3ff3_c1cb_0959, "1424953923781206.2"),
    ];
    for (bits, text) in table {
        let written = Value::Float(f64::from_bits(bits)).canonical();
        assert_eq!(String::from_utf8(written).unwrap(), text, "{bits:016x}");
    }
}

#[test]
fn one_number_has_one_text() {
    for text in ["1", "1.0", "1e0", "10e-1", "100E-2"] {
        assert_eq!(canonical(text), "1", "{text}");
    }
    for text in ["0", "-0", "-0.0", "0e5", "0.0"] {
        assert_eq!(canonical(text), "0", "{text}");
    }
    assert_eq!(canonical("9007199254740991"), "9007199254740991");
    assert_eq!(canonical("-9007199254740991.0"), "-9007199254740991");
}

/// RFC 8785, section 3.2.3: the order is that of UTF-16 code units, so the emoji (a surrogate
/// pair) stands before U+FB33, although its code point is the larger.
#[test]
fn names_sort_as_the_example_of_the_rfc_does() {
    let text = r#"{
        "\u20ac": "Euro Sign",
        "\r": "Carriage Return",
        "\ufb33": "Hebrew Letter Dalet With Dagesh",
        "1": "One",
        "\ud83d\ude00": "Emoji: Grinning Face",
        "\u0080": "Control",
        "\u00f6": "Latin Small Letter O With Diaeresis"
    }"#;
    let Value::Object(object) = parse(text).unwrap() else {
        panic!("an object was given");
    };
    let values: Vec<&str> = object.iter().filter_map(|(_, v)| v.as_str()).collect();
    let expected = [
        "Carriage Return",
        "One",
        "Control",
        "Latin Small Letter O With Diaeresis",
        "Euro Sign",
        "Emoji: Grinning Face",
        "Hebrew Letter Dalet With Dagesh",
    ];
    assert_eq!(values, expected);
    assert_eq!(object.str("\u{1f600}"), Some("Emoji: Grinning Face"));
    assert_eq!(
        object.str("\u{fb33}"),
        Some("Hebrew Letter Dalet With Dagesh")
    );
}

/// RFC 8785, section 3.2.2, without its 1E30, which lies beyond what is read here.
#[test]
fn the_example_of_the_rfc_comes_out_as_printed_there() {
    let text = r#"{
        "numbers": [333333333.33333329, 4.50, 2e-3, 0.000000000000000000000000001],
        "string": "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/",
        "literals": [null, true, false]
    }"#;
    let expected = concat!(
        r#"{"literals":[null,true,false],"#,
        r#""numbers":[333333333.3333333,4.5,0.002,1e-27],"#,
        r#""string":"€$\u000f\nA'B\"\\\\\"/"}"#
    );
    assert_eq!(canonical(text), expected);
}

#[test]
fn controls_are_escaped_the_short_way_and_nothing_else_is() {
    assert_eq!(
        canonical(r#""\b\t\n\f\r\u0001\u001f\u007f\u2028\/日本""#),
        "\"\\b\\t\\n\\f\\r\\u0001\\u001f\u{7f}\u{2028}/日本\""
    );
}

fn number() -> impl Strategy<Value = Value> {
    let max = 9_007_199_254_740_991.0_f64;
    let fits = move |n: &f64| n.is_finite() && n.abs() <= max && n.fract() != 0.0;
    prop_oneof![
        (-NUMBER_MAX..=NUMBER_MAX).prop_map(Value::Int),
        any::<f64>()
            .prop_filter("a fraction in range", fits)
            .prop_map(Value::Float),
        (-1.0e6..1.0e6_f64)
            .prop_filter("a fraction", |n| n.fract() != 0.0)
            .prop_map(Value::Float),
    ]
}

fn text() -> impl Strategy<Value = Box<str>> {
    prop::collection::vec(any::<char>(), 0..12).prop_map(|chars| {
        let text: String = chars.into_iter().filter(|c| *c != '\0').collect();
        text.into()
    })
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        number(),
        text().prop_map(Value::String),
    ];
    leaf.prop_recursive(5, 64, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::Array),
            prop::collection::vec((text(), inner), 0..6).prop_map(|pairs| {
                let mut object = Object::new();
                for (key, value) in pairs {
                    object.insert(key, value);
                }
                Value::Object(object)
            }),
        ]
    })
}

proptest! {
    #[test]
    fn what_is_written_reads_back_as_the_same(value in value()) {
        let written = value.canonical();
        let read = Value::parse(&written, &Limits::DEFAULT).unwrap();
        prop_assert_eq!(&read, &value);
        prop_assert_eq!(read.canonical(), written);
    }

    #[test]
    fn another_reader_sees_the_same_document(value in value()) {
        let written = value.canonical();
        let theirs: serde_json::Value = serde_json::from_slice(&written).unwrap();
        let again = serde_json::to_vec(&theirs).unwrap();
        let read = Value::parse(&again, &Limits::DEFAULT).unwrap();
        prop_assert_eq!(read.canonical(), written);
    }

    #[test]
    fn an_object_writes_as_the_value_that_holds_it(value in value()) {
        if let Value::Object(object) = &value {
            prop_assert_eq!(object.canonical(), value.canonical());
        }
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let _ = Value::parse(&bytes, &Limits::DEFAULT);
    }
}
