//! Where one thing ends and another begins: cases that a small fault in the review would change.

use noroshi_model::{Limits, Value};

use super::{
    CLEAR, ReviewRules, check, closed_item, code, found_in, marked, object, review, rules,
};

/// Clause: I5
#[test]
fn the_same_is_said_once_of_a_property_and_again_of_another() {
    let twice = "a@b.example and a@b.example";
    check(twice, &[("review.mail", "a@b.example")]);
    let both = object("description", twice, CLEAR).with("objective", "a@b.example");
    let found = review(&marked(both), ReviewRules::default());
    let places: Vec<String> = found.iter().map(|it| it.place.to_string()).collect();
    assert_eq!(places, ["description", "objective"]);
}

/// Clause: I5
#[test]
fn a_link_within_a_link_is_part_of_it() {
    check("https://h.example/to/http://10.1.2.3/x", &[]);
    code(
        "http://10.1.2.3/to/https://h.example/x",
        "review.link_internal",
        "http://10.1.2.3/to/https://h.example/x",
    );
}

/// Clause: I5
#[test]
fn addresses_of_one_machine_and_one_wire_are_internal_and_others_are_not() {
    for link in [
        "http://[fe80::1]/x",
        "http://127.0.0.1/x",
        "http://169.254.1.1/x",
        "http://100.64.1.1/x",
        "http://[::1]/x",
    ] {
        code(link, "review.link_internal", link);
    }
    check(
        "http://[2001:db8::1]/x http://100.128.1.1/x http://169.253.1.1/x",
        &[],
    );
}

/// Clause: I5
#[test]
fn a_word_at_the_end_of_a_sentence_is_no_host_and_nothing_longer_than_a_host_is() {
    let own = || rules(r#"{"v":1,"severities":{},"words":[],"internal":["intra"]}"#);
    let text = "it is in the intra. So it is.";
    assert_eq!(
        review(&marked(object("description", text, CLEAR)), own()),
        []
    );
    let host = marked(object(
        "description",
        "it is on srv.intra. So it is.",
        CLEAR,
    ));
    assert_eq!(review(&host, own()).len(), 1);
    let label = "ab-cd-".repeat(40);
    code(
        &format!("{label}.mod.example"),
        "review.link_internal",
        &format!("{label}.mod.example"),
    );
    check(&format!("{label}abcd.mod.example"), &[]);
}

/// Clause: I5
#[test]
fn a_mail_address_has_a_user_and_one_domain_under_a_top_of_letters() {
    check("@b.example a@b@c.example a@b.42 a@b.c a@example", &[]);
}

/// Clause: I5
#[test]
fn a_stamp_stands_alone_or_between_two_brackets() {
    check("これは秘」と言う", &[]);
    check("これは「秘と言う", &[]);
    code("これは「秘」と言う", "review.marking", "秘");
}

/// Clause: I5
#[test]
fn a_long_mark_is_read_to_its_end_and_a_banner_ends_before_the_sentence() {
    let nations = "JPN, AUS, CAN, GBR, NZL, DEU, FRA, ITA, ESP, PRT, POL, NOR, SWE, FIN, DNK, EST, \
                   LVA, LTU, NLD, BEL, LUX, CZE, SVK";
    let mark = format!("(TOP SECRET//NOFORN/ORCON/RELIDO/REL TO USA, {nations})");
    assert!((150..174).contains(&mark.len()), "{}", mark.len());
    code(&format!("{mark} The source"), "review.marking", &mark);
    code(
        "SECRET//NOFORN The text",
        "review.marking",
        "SECRET//NOFORN",
    );
}

/// Clause: I5
#[test]
fn a_mark_says_what_it_asks_unless_it_names_a_control_that_is_not_known() {
    let asks = |text: &str| {
        let found = review(
            &marked(object("description", text, CLEAR)),
            ReviewRules::default(),
        );
        let args = found[0].concern.args();
        let asks = args.into_iter().find(|(name, _)| *name == "asks");
        asks.map(|(_, asks)| asks).unwrap()
    };
    assert!(
        asks("(S//NF) text").contains("noforn"),
        "{}",
        asks("(S//NF) text")
    );
    assert_eq!(asks("(S//QQQ) text"), "?");
}

#[test]
fn the_rules_take_ten_thousand_words_and_no_more() {
    let of = |field: &str, count: usize| {
        let words: Vec<String> = (0..count).map(|n| format!("\"w{n}\"")).collect();
        let (words, none) = (words.join(","), "");
        let (words, internal) = if field == "words" {
            (&*words, none)
        } else {
            (none, &*words)
        };
        let text =
            format!(r#"{{"v":1,"severities":{{}},"words":[{words}],"internal":[{internal}]}}"#);
        let value = Value::parse(text.as_bytes(), &Limits::DEFAULT).unwrap();
        ReviewRules::from_value(value)
    };
    for field in ["words", "internal"] {
        assert!(of(field, 10_000).is_ok(), "{field}");
        assert!(of(field, 10_001).is_err(), "{field}");
    }
}

/// Clause: I5
#[test]
fn a_hash_alone_and_ids_of_every_kind_of_type_are_looked_up() {
    let hash = closed_item().to_string();
    code(&hash, "review.closed_hash", &hash);
    let uuid = "00000000-0000-4000-8000-00000000c105";
    for kind in ["report", "intrusion-set", "x509-certificate"] {
        let id = format!("{kind}--{uuid}");
        code(&format!("see {id}."), "review.closed_id", &id);
    }
}

/// Clause: I5
#[test]
fn a_control_character_hides_in_plain_text_as_well() {
    code("x\u{7}y", "review.hidden", "\u{7}");
    assert_eq!(found_in("x\ty\r\nz", CLEAR), []);
}

/// Clause: I5
#[test]
fn a_mark_before_a_banner_is_said_beside_it_and_one_in_it_with_it() {
    let mark = |mark| ("review.marking", mark);
    check("TOP SECRET//NOFORN", &[mark("TOP SECRET//NOFORN")]);
    check(
        "FOUO before SECRET//NF",
        &[mark("SECRET//NF"), mark("FOUO")],
    );
}

/// Clause: I5
#[test]
fn a_banner_begins_with_a_word_and_is_read_as_far_as_its_cap() {
    check("XSECRET//NF and S//NF", &[]);
    // "REL TO " and 31 codes: 160 characters of controls.
    let whole = format!("SECRET//REL TO {}", ["USA"; 31].join(", "));
    code(&whole, "review.marking", &whole);
    code(&format!("{whole}A"), "review.marking", &whole);
}

/// Clause: I5
#[test]
fn a_paragraph_opens_with_its_portion_mark_behind_blanks_and_bullets() {
    code("seen\n \t• (S) The source", "review.marking", "(S)");
    code("  (TS) The source", "review.marking", "(TS)");
    check("seen • (S) The source", &[]);
    check("(TS) 2x and (S) 2x", &[]);
}
