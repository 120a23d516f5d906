//! Rules of observables and meta objects that no single row holds, refusals first.

use noroshi_model::Limits;

use super::{UUID, accepts, parse, refuses};
use crate::{Note, NoteCode, ReadError, check};

fn observable(kind: &str, rest: &str) -> Result<Vec<Note>, ReadError> {
    let json = format!(r#"{{"type":"{kind}","id":"{kind}--{UUID}",{rest}}}"#);
    check(parse(&json).into(), &Limits::DEFAULT).map(|(_, notes)| notes)
}

#[track_caller]
fn no(kind: &str, rest: &str, property: &str, problem: &str, rule: &str) {
    let said = observable(kind, rest).unwrap_err().to_string();
    let expected = format!("{kind}--{UUID}: `{property}` {problem} (STIX 2.1, {rule})");
    assert_eq!(said, expected);
}

#[test]
fn an_artifact_is_either_here_or_at_an_address_with_hashes() {
    let either = "is missing: at least one of payload_bin, url is required";
    no(
        "artifact",
        r#""mime_type":"text/plain""#,
        "payload_bin",
        either,
        "6.1",
    );
    let both = r#""payload_bin":"aGk=","url":"https://a.example","hashes":{"MD5":"00000000000000000000000000000000"}"#;
    no(
        "artifact",
        both,
        "payload_bin",
        "and `url` exclude each other",
        "6.1",
    );
    let unproven = "is missing: `url` requires it";
    no(
        "artifact",
        r#""url":"https://a.example""#,
        "hashes",
        unproven,
        "6.1",
    );
    no(
        "artifact",
        r#""payload_bin":"a""#,
        "payload_bin",
        "is not base64",
        "2.1",
    );
    let keyed = r#""payload_bin":"aGk=","decryption_key":"k""#;
    let problem = "is missing: `decryption_key` requires it";
    no("artifact", keyed, "encryption_algorithm", problem, "6.1");
    let known = "is not one of AES-256-GCM, ChaCha20-Poly1305, mime-type-indicated";
    let rot = r#""payload_bin":"aGk=","encryption_algorithm":"rot13""#;
    no("artifact", rot, "encryption_algorithm", known, "6.1");
}

#[test]
fn a_message_has_the_body_that_it_says_it_has() {
    let whole = "is allowed only where `is_multipart` is false";
    no(
        "email-message",
        r#""is_multipart":true,"body":"b""#,
        "body",
        whole,
        "6.6",
    );
    let parts = r#""is_multipart":false,"body_multipart":[{"body":"b"}]"#;
    let problem = "is allowed only where `is_multipart` is true";
    no("email-message", parts, "body_multipart", problem, "6.6");
    let empty = r#""is_multipart":true,"body_multipart":[{"content_type":"text/plain"}]"#;
    let problem = "is missing: at least one of body, body_raw_ref is required";
    no(
        "email-message",
        empty,
        "body_multipart.[0].body",
        problem,
        "6.6.2",
    );
    assert!(observable("email-message", r#""is_multipart":false,"body":"b""#).is_ok());
}

#[test]
fn traffic_has_an_end_and_protocols_and_ends_only_when_it_is_over() {
    let nobody = "is missing: at least one of src_ref, dst_ref is required";
    no(
        "network-traffic",
        r#""protocols":["tcp"]"#,
        "src_ref",
        nobody,
        "6.12",
    );
    let from = format!(r#""src_ref":"ipv4-addr--{UUID}""#);
    let with = |rest: &str| format!("{from},{rest}");
    let none = "is an empty list: at least one element is required";
    no(
        "network-traffic",
        &with(r#""protocols":[]"#),
        "protocols",
        none,
        "6.12",
    );
    let running = "is allowed only where `is_active` is false";
    for active in ["", r#","is_active":true"#] {
        let ended = with(&format!(
            r#""protocols":["tcp"],"end":"2026-01-01T00:00:00Z"{active}"#
        ));
        no("network-traffic", &ended, "end", running, "6.12");
    }
    let port = "is not a whole number from 0 to 65535";
    let high = with(r#""protocols":["tcp"],"dst_port":65536"#);
    no("network-traffic", &high, "dst_port", port, "6.12");
    let back = with(
        r#""protocols":["tcp"],"is_active":false,"start":"2026-01-02T00:00:00Z","end":"2026-01-01T00:00:00Z""#,
    );
    no(
        "network-traffic",
        &back,
        "end",
        "is earlier than `start`",
        "6.12",
    );
    let loud = observable("network-traffic", &with(r#""protocols":["TCP"]"#)).unwrap();
    assert_eq!(
        (loud[0].code, &*loud[0].at),
        (NoteCode::Form, "protocols.[0]")
    );
}

#[test]
fn known_digests_have_their_length_and_unknown_algorithms_are_noted() {
    let file = |hashes: &str| observable("file", &format!(r#""hashes":{{{hashes}}}"#));
    for (name, digits) in [
        ("MD5", 32),
        ("SHA-1", 40),
        ("SHA-256", 64),
        ("SHA-512", 128),
        ("SHA3-256", 64),
        ("SHA3-512", 128),
    ] {
        let problem = format!("is not {digits} hexadecimal digits");
        for bad in [
            "a".repeat(digits - 1),
            "a".repeat(digits + 1),
            "g".repeat(digits),
        ] {
            let rest = format!(r#""hashes":{{"{name}":"{bad}"}}"#);
            no("file", &rest, &format!("hashes.{name}"), &problem, "2.7");
        }
        let upper = "AB".repeat(digits / 2);
        assert_eq!(file(&format!(r#""{name}":"{upper}""#)), Ok(Vec::new()));
    }
    no(
        "file",
        r#""hashes":{}"#,
        "hashes",
        "is not an object with at least one hash",
        "2.7",
    );
    no(
        "file",
        r#""hashes":{"MD5":7}"#,
        "hashes.MD5",
        "is not a string",
        "2.7",
    );
    let other = file(r#""SHA256":"00""#).unwrap();
    assert_eq!(
        (other[0].code, &*other[0].at),
        (NoteCode::OpenWord, "hashes.SHA256")
    );
    assert_eq!(file(r#""TLSH":"T1ABC","SSDEEP":"3:a:b""#), Ok(Vec::new()));
}

#[test]
fn what_says_nothing_is_refused() {
    for (kind, rule) in [
        ("process", "6.13"),
        ("user-account", "6.16"),
        ("windows-registry-key", "6.17"),
        ("x509-certificate", "6.18"),
    ] {
        let problem = format!("says nothing: at least one property of `{kind}` is required");
        no(kind, r#""defanged":false"#, "(object)", &problem, rule);
    }
    let ext = r#""extensions":{"windows-service-ext":{"service_name":"s"}}"#;
    assert_eq!(observable("process", ext), Ok(Vec::new()));
    let empty = r#""name":"f","extensions":{"pdf-ext":{}}"#;
    let problem = "says nothing: at least one property of `pdf-ext` is required";
    no(
        "file",
        empty,
        "extensions.pdf-ext.(object)",
        problem,
        "6.7.4",
    );
    let name = "is missing: at least one of hashes, name is required";
    no("file", r#""size":1"#, "hashes", name, "6.7");
}

#[test]
fn parts_within_parts_are_named_to_the_last() {
    let pe = |rest: &str| {
        format!(r#""name":"f","extensions":{{"windows-pebinary-ext":{{"pe_type":"exe",{rest}}}}}"#)
    };
    let at = "extensions.windows-pebinary-ext.sections.[0].name";
    let problem = "is missing: it is required";
    no(
        "file",
        &pe(r#""sections":[{"size":1}]"#),
        at,
        problem,
        "6.7.6.3",
    );
    let at = "extensions.windows-pebinary-ext.optional_header.hashes.MD5";
    let short = "is not 32 hexadecimal digits";
    no(
        "file",
        &pe(r#""optional_header":{"hashes":{"MD5":"0"}}"#),
        at,
        short,
        "2.7",
    );
    let odd = "extensions.windows-pebinary-ext.machine_hex";
    no(
        "file",
        &pe(r#""machine_hex":"abc""#),
        odd,
        "is not pairs of hexadecimal digits",
        "2.6",
    );
    let values = r#""key":"HKEY_LOCAL_MACHINE\\A","values":[{"data_type":"REG_QUUX"}]"#;
    let said = observable("windows-registry-key", values)
        .unwrap_err()
        .to_string();
    assert!(
        said.contains("`values.[0].data_type` is not one of REG_NONE"),
        "{said}"
    );
}

#[test]
fn texts_in_another_form_are_kept_and_noted() {
    for (kind, rest, at) in [
        (
            "ipv4-addr",
            r#""value":"1.2.3[.]4","defanged":true"#,
            "value",
        ),
        ("ipv4-addr", r#""value":"1.2.3.4/33""#, "value"),
        ("ipv4-addr", r#""value":"1.2.3.4/+8""#, "value"),
        ("ipv6-addr", r#""value":"1.2.3.4""#, "value"),
        ("mac-addr", r#""value":"D2:FB:49:24:37:18""#, "value"),
        ("domain-name", r#""value":"https://a.example""#, "value"),
        ("domain-name", r#""value":"a..b""#, "value"),
        ("email-addr", r#""value":"nobody""#, "value"),
        ("url", r#""value":"a.example/x""#, "value"),
        ("url", r#""value":"https://a.example/ x""#, "value"),
        ("software", r#""name":"n","cpe":"cpe:/a:b:c""#, "cpe"),
        ("windows-registry-key", r#""key":"HKLM\\System""#, "key"),
        (
            "process",
            r#""environment_variables":{"ProgramFiles(x86)":"C:"}"#,
            "environment_variables.ProgramFiles(x86)",
        ),
        ("file", r#""name":"n","owner_ref":"root""#, "owner_ref"),
    ] {
        let notes = observable(kind, rest).unwrap();
        assert_eq!(
            (notes[0].code, &*notes[0].at),
            (NoteCode::Form, at),
            "{rest}"
        );
    }
    let notes = accepts("location", r#""country":"Japan""#);
    assert_eq!((notes[0].code, &*notes[0].at), (NoteCode::Form, "country"));
    // Published objects are precise to the second or the microsecond.
    let notes = accepts("identity", r#""name":"n","created":"2025-01-01T00:00:00Z""#);
    assert_eq!((notes[0].code, &*notes[0].at), (NoteCode::Form, "created"));
    let stray = observable("url", r#""value":"https://a.example","labels":["a"]"#).unwrap();
    assert_eq!(
        (stray[0].code, &*stray[0].at),
        (NoteCode::UnknownProperty, "labels")
    );
}

#[test]
fn an_extension_definition_lists_new_properties_only_where_it_brings_some() {
    let definition = |types: &str, more: &str| {
        format!(
            r#""created_by_ref":"identity--{UUID}","name":"n","schema":"s","version":"1","extension_types":[{types}]{more}"#
        )
    };
    let listed = r#","extension_properties":["toxicity"]"#;
    let problem = "is allowed only where `extension_types` has toplevel-property-extension";
    let rule = "STIX 2.1, 7.3.1";
    let kind = "extension-definition";
    refuses(
        kind,
        &definition(r#""new-sdo""#, listed),
        "extension_properties",
        problem,
        rule,
    );
    let top = r#""toplevel-property-extension""#;
    assert_eq!(accepts(kind, &definition(top, listed)), []);
    assert_eq!(
        accepts(kind, &definition(top, ""))[0].code,
        NoteCode::Missing
    );
    let known =
        "is not one of new-sdo, new-sco, new-sro, property-extension, toplevel-property-extension";
    let other = definition(r#""new-type""#, "");
    refuses(kind, &other, "extension_types.[0]", known, "STIX 2.1, 7.3");
}

#[test]
fn contents_in_languages_are_found_by_their_tags() {
    const RULE: &str = "STIX 2.1, 7.1";
    let content =
        |contents: &str| format!(r#""object_ref":"campaign--{UUID}","contents":{{{contents}}}"#);
    let kind = "language-content";
    let tag = "is not a language tag such as en or ja (RFC 5646)";
    for bad in ["j", "ja_JP", "日本語", "", "en-", "en-123456789"] {
        let rest = content(&format!(r#""{bad}":{{"name":"n"}}"#));
        refuses(kind, &rest, &format!("contents.{bad}"), tag, RULE);
    }
    let object = "is not an object with at least one property";
    refuses(kind, &content(r#""ja":"n""#), "contents.ja", object, RULE);
    refuses(kind, &content(r#""ja":{}"#), "contents.ja", object, RULE);
    let bundle = format!(r#""object_ref":"bundle--{UUID}","contents":{{"ja":{{"name":"n"}}}}"#);
    let problem = "names a `bundle`, which it cannot name";
    refuses(kind, &bundle, "object_ref", problem, RULE);
    assert_eq!(
        accepts(
            kind,
            &content(r#""ja":{"name":"烽火"},"zh-Hant-TW":{"name":"n"}"#)
        ),
        []
    );
}

#[test]
fn extensions_say_which_type_they_are_of() {
    let with =
        |name: &str, inside: &str| format!(r#""name":"n","extensions":{{"{name}":{{{inside}}}}}"#);
    let defined = format!("extension-definition--{UUID}");
    let at = format!("extensions.{defined}.extension_type");
    let known =
        "is not one of new-sdo, new-sco, new-sro, property-extension, toplevel-property-extension";
    let other = with(&defined, r#""extension_type":"other""#);
    refuses("campaign", &other, &at, known, "STIX 2.1, 7.3.2");
    let notes = accepts("campaign", &with(&defined, r#""a":1"#));
    assert_eq!((notes[0].code, &*notes[0].at), (NoteCode::Missing, &*at));
    let notes = accepts("campaign", &with("integrity-ext", r#""a":1"#));
    assert_eq!(
        notes[0].code,
        NoteCode::UnknownProperty,
        "a draft's own name"
    );
    refuses(
        "campaign",
        &with(&format!("identity--{UUID}"), r#""a":1"#),
        &format!("extensions.identity--{UUID}"),
        "names a `identity`; it must name extension-definition",
        "STIX 2.1, 7.3",
    );
}

#[test]
fn a_custom_observable_needs_no_times() {
    let extension = |kind: &str| {
        format!(
            r#"{{"type":"x-pipe","id":"x-pipe--{UUID}","extensions":{{"extension-definition--{UUID}":{{"extension_type":"{kind}"}}}},"value":7}}"#
        )
    };
    let read = |json: &str| check(parse(json).into(), &Limits::DEFAULT).map(|(_, notes)| notes);
    assert_eq!(read(&extension("new-sco")), Ok(Vec::new()));
    let said = read(&extension("new-sdo")).unwrap_err().to_string();
    assert!(said.contains("`created` is missing"), "{said}");
}

#[test]
fn references_to_what_is_not_meant_there_are_noted() {
    let sighting = |of: &str| accepts("sighting", &format!(r#""sighting_of_ref":"{of}--{UUID}""#));
    assert_eq!(sighting("indicator"), []);
    assert_eq!(sighting("x-mine"), []);
    let notes = sighting("ipv4-addr");
    assert_eq!(
        (notes[0].code, &*notes[0].at),
        (NoteCode::OddReference, "sighting_of_ref")
    );
    let observed = |refs: &[&str]| {
        let refs: Vec<String> = refs.iter().map(|it| format!("{it}--{UUID}")).collect();
        let rest = format!(
            r#""first_observed":"2026-01-01T00:00:00Z","last_observed":"2026-01-01T00:00:00Z","number_observed":1,"object_refs":{refs:?}"#
        );
        accepts("observed-data", &rest)
    };
    assert_eq!(observed(&["relationship", "file"]), []);
    assert_eq!(observed(&["x-mine"]), []);
    let notes = observed(&["relationship", "malware"]);
    assert_eq!(
        (notes[0].code, &*notes[0].at),
        (NoteCode::OddReference, "object_refs")
    );
}

#[test]
fn a_stix_pattern_whose_brackets_or_quotes_do_not_close_is_noted() {
    let indicator = |kind: &str, pattern: &str| {
        let rest = format!(
            r#""valid_from":"2026-01-01T00:00:00Z","pattern_type":"{kind}","pattern":"{pattern}""#
        );
        accepts("indicator", &rest)
    };
    for whole in [
        "[url:value = 'https://a.example/[x)']",
        "([a:b = 'it\\\\'s'] AND [c:d[0].e IN ('f', 'g')]) WITHIN 5 SECONDS",
        "[file:hashes.'SHA-256' = 'ab']",
    ] {
        assert_eq!(indicator("stix", whole), [], "{whole}");
    }
    for torn in [
        "url:value = 'a'",
        "[url:value = 'a]",
        "[a:b = 'c'",
        "[a:b IN ('c']",
        "([a:b = 1])]",
        "'[]'",
    ] {
        let notes = indicator("stix", torn);
        assert_eq!(
            (notes[0].code, &*notes[0].at),
            (NoteCode::Form, "pattern"),
            "{torn}"
        );
        assert_eq!(indicator("sigma", torn), [], "{torn}");
    }
}
