//! What definitions mean, and which are not known. `-` stands for unknown, `statement` for one.

use noroshi_model::{Limits, Value};

use super::meaning;
use crate::table::Meaning;

fn read(text: &str) -> String {
    let value = Value::parse(text.as_bytes(), &Limits::DEFAULT).unwrap();
    match meaning(value.as_object().unwrap()) {
        Ok(Meaning::Marks(label)) if label.is_release_marking() => label.to_string(),
        Ok(Meaning::Marks(label)) => format!("no release: {label}"),
        Ok(Meaning::Statement) => "statement".to_owned(),
        Err(_) => "-".to_owned(),
    }
}

fn check(extension: &str, cases: &[(&str, &str)]) {
    for (content, expected) in cases {
        let text = format!(r#"{{"extensions":{{"{extension}":{{{content}}}}}}}"#);
        assert_eq!(read(&text), *expected, "{content}");
    }
}

#[test]
fn definitions_by_type_are_read_strictly() {
    for (text, expected) in [
        (
            r#"{"definition_type":"tlp","definition":{"tlp":"amber"}}"#,
            "tlp:amber",
        ),
        (
            r#"{"definition_type":"TLP","definition":{"tlp":"WHITE"}}"#,
            "tlp:clear",
        ),
        (
            r#"{"definition_type":"tlp","definition":{"tlp":"ＡＭＢＥＲ"}}"#,
            "tlp:amber",
        ),
        (
            r#"{"definition_type":"tlp","definition":{"tlp":"АMBER"}}"#,
            "-",
        ),
        (r#"{"definition_type":"tlp","definition":{"tlp":3}}"#, "-"),
        (
            r#"{"definition_type":"tlp","definition":{"tlp":"green","x":1}}"#,
            "-",
        ),
        (r#"{"definition_type":"tlp","definition":{}}"#, "-"),
        (r#"{"definition_type":"tlp"}"#, "-"),
        (r#"{"definition":{"tlp":"green"}}"#, "-"),
        (r#"{"definition_type":7,"definition":{"tlp":"green"}}"#, "-"),
        (
            r#"{"definition_type":"pap","definition":{"pap":"PAP:RED"}}"#,
            "no release: pap:red",
        ),
        (
            r#"{"definition_type":"pap","definition":{"pap":"amber+strict"}}"#,
            "-",
        ),
        (
            r#"{"definition_type":"statement","definition":{"statement":"(c)"}}"#,
            "statement",
        ),
        (
            r#"{"definition_type":"statement","definition":{"statement":7}}"#,
            "-",
        ),
        (
            r#"{"definition_type":"statement","definition":{"statement":"a","tlp":"red"}}"#,
            "-",
        ),
        (
            r#"{"definition_type":"x-secret","definition":{"level":"9"}}"#,
            "-",
        ),
        (r#"{"extensions":[]}"#, "-"),
        (r#"{"extensions":{}}"#, "-"),
        (r#"{}"#, "-"),
    ] {
        assert_eq!(read(text), expected, "{text}");
    }
}

#[test]
fn everything_a_definition_says_is_joined() {
    let tlp = super::TLP2;
    let green = r#"{"tlp_2_0":"green"}"#;
    let text = format!(
        r#"{{"definition_type":"tlp","definition":{{"tlp":"red"}},"extensions":{{"{tlp}":{green}}}}}"#
    );
    assert_eq!(read(&text), "tlp:red");
    let unknown = "extension-definition--00000000-0000-4000-8000-000000000001";
    let text = format!(r#"{{"extensions":{{"{tlp}":{green},"{unknown}":{{"x":1}}}}}}"#);
    assert_eq!(read(&text), "-");
}

#[test]
fn tlp_2_by_its_extension() {
    check(
        super::TLP2,
        &[
            (
                r#""extension_type":"property-extension","tlp_2_0":"amber+strict""#,
                "tlp:amber+strict",
            ),
            (r#""tlp_2_0":"TLP:RED""#, "tlp:red"),
            (r#""tlp_2_0":"ultra""#, "-"),
            (r#""tlp_2_0":["red"]"#, "-"),
            (r#""tlp_2_0":"red","more":"x""#, "-"),
            (r#""extension_type":"new-sdo","tlp_2_0":"red""#, "-"),
            (r#""extension_type":1,"tlp_2_0":"red""#, "-"),
        ],
    );
}

#[test]
fn american_markings() {
    let s = |rest: &str| format!(r#""scheme":"US-CAPCO"{rest}"#);
    let cases = [
        (r#","level":"SECRET""#, "us-class:secret"),
        (r#","level":"ts""#, "us-class:top-secret"),
        (r#","level":"ＴＯＰ　ＳＥＣＲＥＴ""#, "us-class:top-secret"),
        (r#","level":"CUI""#, "us-cui:cui"),
        (r#","level":"極秘""#, "-"),
        (r#","level":2"#, "-"),
        (
            r#","level":"C","caveats":["NF"]"#,
            "us-class:confidential us-noforn",
        ),
        (
            r#","caveats":["noforn","oc","RELIDO"]"#,
            "us-noforn us-orcon us-relido",
        ),
        (r#","caveats":["FOUO"]"#, "us-cui:cui"),
        (r#","caveats":["ORCON"]"#, "no release: us-orcon"),
        (r#","caveats":["RELIDO"]"#, "no release: us-relido"),
        (r#","caveats":"NOFORN""#, "-"),
        (r#","caveats":["NOFORN",1]"#, "-"),
        (r#","caveats":["WNINTEL"]"#, "-"),
        (r#","rel_to":["USA","JPN"]"#, "us-relto:JPN,USA"),
        (r#","rel_to":["usa","ｊｐｎ"]"#, "us-relto:JPN,USA"),
        (r#","rel_to":["USA","FVEY"]"#, "us-relto:USA,FVEY"),
        (r#","rel_to":[]"#, "us-relto:"),
        (r#","rel_to":"USA""#, "-"),
        (r#","rel_to":["Japan"]"#, "-"),
        (r#","rel_to":[392]"#, "-"),
        (r#","caveats":["REL TO USA, JPN"]"#, "us-relto:JPN,USA"),
        (r#","caveats":["REL"]"#, "-"),
        (r#","caveats":["RELATED"]"#, "-"),
        (
            r#","caveats":["DISPLAY ONLY JPN"]"#,
            "us-relto: us-display:JPN",
        ),
        (
            r#","rel_to":["USA"],"caveats":["DISPLAY ONLY JPN, AUS"]"#,
            "us-relto:USA us-display:AUS,JPN",
        ),
        (r#","caveats":["DISPLAY ONLY"]"#, "us-relto:"),
        (r#","caveats":["FGI"]"#, "no release: us-fgi"),
        (r#","caveats":["FGI JPN"]"#, "no release: us-fgi:JPN"),
        (
            r#","fgi_source":"JPN AUS""#,
            "no release: us-fgi:AUS us-fgi:JPN",
        ),
        (r#","fgi_source":"FGI""#, "no release: us-fgi"),
        (r#","fgi_source":"""#, "-"),
        (r#","fgi_source":"FVEY""#, "-"),
        (r#","fgi_source":["JPN"]"#, "-"),
        (
            r#","level":"S","handling":"PAP:AMBER""#,
            "us-class:secret pap:amber",
        ),
        (r#","level":"S","handling":"secret""#, "-"),
        (r#","level":"S","handling":1"#, "-"),
        (
            r#","level":"S","consent_required":true"#,
            "us-class:secret consent",
        ),
        (
            r#","level":"S","consent_required":false"#,
            "us-class:secret",
        ),
        (r#","level":"S","consent_required":"true""#, "-"),
        (
            r#","level":"S","consent_required":true,"originator_ref":"identity--00000000-0000-4000-8000-000000000001""#,
            "us-class:secret consent:identity--00000000-0000-4000-8000-000000000001",
        ),
        (
            r#","level":"S","originator_ref":"identity--00000000-0000-4000-8000-000000000001""#,
            "us-class:secret",
        ),
        (
            r#","level":"S","originator_ref":"malware--00000000-0000-4000-8000-000000000001""#,
            "-",
        ),
        (r#","level":"S","originator_ref":"Ministry""#, "-"),
        (r#","level":"S","originator_ref":7"#, "-"),
        (
            r#","level":"S","declassify_on":"2030-01-01""#,
            "us-class:secret",
        ),
        (
            r#","level":"S","declassify_on":"2030-01-01T00:00:00Z""#,
            "us-class:secret",
        ),
        (r#","level":"S","declassify_on":"soon""#, "-"),
        (r#","level":"S","declassify_on":2030"#, "-"),
        (r#","level":"S","sds_category":"防衛""#, "-"),
        (r#","level":"S","released":true"#, "-"),
        ("", "-"),
    ];
    for (rest, expected) in cases {
        check(super::NATIONAL, &[(&s(rest), expected)]);
    }
    check(
        super::NATIONAL,
        &[
            (r#""level":"S""#, "-"),
            (r#""scheme":"UK","level":"S""#, "-"),
        ],
    );
}

#[test]
fn japanese_markings() {
    check(
        super::NATIONAL,
        &[
            (r#""scheme":"JP-SDS","level":"特定秘密""#, "jp-sds:sds"),
            (r#""scheme":"jp_sds","level":"SDS""#, "jp-sds:sds"),
            (
                r#""scheme":"JP-SDS","level":"特定秘密（機密）""#,
                "jp-sds:kimitsu",
            ),
            (
                r#""scheme":"JP-SDS","sds_category":"防衛""#,
                "jp-sds:sds jp-sds-category:defence",
            ),
            (
                r#""scheme":"JP-SDS","level":"sds","sds_category":"counter_terrorism""#,
                "jp-sds:sds jp-sds-category:counter-terrorism",
            ),
            (
                r#""scheme":"JP-SDS","level":"sds","sds_category":"economy""#,
                "-",
            ),
            (
                r#""scheme":"JP-SDS","level":"sds","sds_category":["防衛"]"#,
                "-",
            ),
            (
                r#""scheme":"JP-SDS","level":"sds","caveats":["NOFORN"]"#,
                "-",
            ),
            (r#""scheme":"JP-SDS","level":"sds","rel_to":["USA"]"#, "-"),
            (r#""scheme":"JP-SDS","level":"sds","fgi_source":"USA""#, "-"),
            (r#""scheme":"JP-MDA","level":"秘""#, "jp-mda:hi"),
            (r#""scheme":"JP-MDA","level":"極秘""#, "jp-mda:gokuhi"),
            (r#""scheme":"JP-MDA","level":"機密""#, "jp-mda:kimitsu"),
            (r#""scheme":"JP-MDA","level":"省秘""#, "-"),
            (r#""scheme":"JP-MOD","level":"省秘""#, "jp-mod:hi"),
            (r#""scheme":"JP-MOD","level":"極秘""#, "-"),
            (r#""scheme":"JP-GOV","level":"極秘""#, "jp-gov:gokuhi"),
            (
                r#""scheme":"JP-EIS","level":"重要経済安保情報""#,
                "jp-eis:eis",
            ),
            (
                r#""scheme":"JP-GOV","handling":"部内限り""#,
                "no release: jp-handling:internal-only",
            ),
            (
                r#""scheme":"JP-GOV","handling":"取扱注意""#,
                "no release: jp-handling:handle-with-care",
            ),
            (
                r#""scheme":"JP-GOV","handling":"注意""#,
                "no release: jp-handling:caution",
            ),
            (
                r#""scheme":"JP-GOV","level":"秘","handling":"注意""#,
                "jp-gov:hi jp-handling:caution",
            ),
        ],
    );
}

const IEP: &str = r#""extension_type":"property-extension","iep_id":"a","iep_version":"2.0","description":"d","start_date":"2026-01-01T00:00:00Z","end_date":"2027-01-01T00:00:00Z","encrypt_in_transit":"must","permitted_actions":"internally-visible-actions","affected_party_notifications":"may","tlp":"amber","provider_attribution":"must-not","unmodified_resale":"must-not""#;

#[test]
fn iep_is_a_duty_and_no_release_marking() {
    let whole = "no release: tlp:amber iep-encrypt:must iep-actions:internally-visible-actions \
                 iep-notify:may iep-attribution:must-not iep-resale:must-not \
                 from:2026-01-01T00:00:00.000Z until:2027-01-01T00:00:00.000Z";
    let changed = |from: &str, to: &str| {
        assert!(IEP.contains(from), "{from}");
        IEP.replace(from, to)
    };
    let spelled = changed(r#""must","permitted"#, r#""MUST","permitted"#);
    check(super::IEP, &[(IEP, whole), (&spelled, whole)]);
    let open = changed(r#""end_date":"2027-01-01T00:00:00Z","#, "");
    check(
        super::IEP,
        &[(&open, whole.split(" until").next().unwrap())],
    );
    for (from, to) in [
        (r#""iep_id":"a","#, ""),
        (r#""iep_version":"2.0","#, ""),
        (r#""iep_version":"2.0""#, r#""iep_version":2.0"#),
        (r#""iep_version":"2.0""#, r#""iep_version":"1.0""#),
        (r#""description":"d","#, ""),
        (r#""start_date":"2026-01-01T00:00:00Z","#, ""),
        (
            r#""start_date":"2026-01-01T00:00:00Z""#,
            r#""start_date":"2026""#,
        ),
        (r#""end_date":"2027-01-01T00:00:00Z""#, r#""end_date":1"#),
        (r#""encrypt_in_transit":"must","#, ""),
        (
            r#""encrypt_in_transit":"must""#,
            r#""encrypt_in_transit":true"#,
        ),
        (r#""internally-visible-actions""#, r#""anything""#),
        (
            r#""affected_party_notifications":"may""#,
            r#""affected_party_notifications":"must""#,
        ),
        (r#""tlp":"amber","#, ""),
        (r#""tlp":"amber""#, r#""tlp":"purple""#),
        (
            r#""provider_attribution":"must-not""#,
            r#""provider_attribution":"never""#,
        ),
        (
            r#""unmodified_resale":"must-not""#,
            r#""unmodified_resale":"must""#,
        ),
        (r#""iep_id":"a""#, r#""iep_id":"a","extra":"b""#),
        (r#""iep_id":"a""#, r#""iep_id":"a","name":1"#),
    ] {
        check(super::IEP, &[(&changed(from, to), "-")]);
    }
}

const ACS: &str = r#""extension_type":"property-extension","identifier":"isa:guide.19001.ACS3-1","create_date_time":"2026-01-01T00:00:00Z","responsible_entity_custodian":"USA.DHS.US-CERT","policy_reference":"urn:isa:policy:acs:ns:v3.0?privdefault=permit&sharedefault=permit","control_set":{"classification":"U"}"#;

fn acs(from: &str, to: &str) -> String {
    assert!(ACS.contains(from), "{from}");
    ACS.replace(from, to)
}

#[test]
fn acs_controls_stand_on_their_axes() {
    let set = |controls: &str| acs(r#"{"classification":"U"}"#, controls);
    for (controls, expected) in [
        (r#"{"classification":"U"}"#, "us-class:unclassified"),
        (r#"{"classification":"TS"}"#, "us-class:top-secret"),
        (r#"{"classification":"R"}"#, "-"),
        (r#"{"classification":0}"#, "-"),
        (r#"{}"#, "-"),
        (
            r#"{"classification":"S","formal_determination":["NF"]}"#,
            "us-class:secret us-noforn",
        ),
        (
            r#"{"classification":"U","formal_determination":["FOUO","AIS","PUBREL"]}"#,
            "us-class:unclassified us-cui:cui acs-notice:pubrel acs-notice:ais",
        ),
        (
            r#"{"classification":"U","formal_determination":["PII-NECESSARY-TO-UNDERSTAND-THREAT"]}"#,
            "us-class:unclassified acs-sensitivity:pii",
        ),
        (
            r#"{"classification":"U","formal_determination":["SECRET"]}"#,
            "-",
        ),
        (r#"{"classification":"U","formal_determination":"NF"}"#, "-"),
        (
            r#"{"classification":"U","caveat":["FISA"],"sensitivity":["LES","PCII"],"shareability":["NCC"],"entity":["MIL","GOV"]}"#,
            "us-class:unclassified acs-caveat:fisa acs-sensitivity:pcii acs-sensitivity:les \
             acs-shareability:ncc acs-entity:mil acs-entity:gov",
        ),
        (r#"{"classification":"U","caveat":["ORCON"]}"#, "-"),
        (r#"{"classification":"U","sensitivity":["SECRET"]}"#, "-"),
        (r#"{"classification":"U","shareability":["ALL"]}"#, "-"),
        (r#"{"classification":"U","entity":[1]}"#, "-"),
        (
            r#"{"classification":"U","permitted_nationalities":["USA","JPN"]}"#,
            "us-class:unclassified acs-nations:JPN,USA",
        ),
        (
            r#"{"classification":"U","permitted_nationalities":[]}"#,
            "us-class:unclassified acs-nations:",
        ),
        (
            r#"{"classification":"U","permitted_nationalities":["ALL"]}"#,
            "us-class:unclassified",
        ),
        (
            r#"{"classification":"U","permitted_nationalities":["JP"]}"#,
            "-",
        ),
        (
            r#"{"classification":"U","permitted_organizations":["USA.DHS"]}"#,
            "us-class:unclassified acs-organisations:",
        ),
        (
            r#"{"classification":"U","permitted_organizations":["ALL"]}"#,
            "us-class:unclassified",
        ),
        (r#"{"classification":"TS","sci_controls":["SI"]}"#, "-"),
        (
            r#"{"classification":"U","logical_authority_category":["LAC1"]}"#,
            "-",
        ),
    ] {
        check(super::ACS, &[(&set(controls), expected)]);
    }
}

#[test]
fn acs_without_a_required_field_or_with_an_unknown_word_is_unknown() {
    for (from, to) in [
        (r#""identifier":"isa:guide.19001.ACS3-1","#, ""),
        (r#""create_date_time":"2026-01-01T00:00:00Z","#, ""),
        (
            r#""create_date_time":"2026-01-01T00:00:00Z""#,
            r#""create_date_time":"today""#,
        ),
        (r#""responsible_entity_custodian":"USA.DHS.US-CERT","#, ""),
        (
            r#""responsible_entity_custodian":"USA.DHS.US-CERT""#,
            r#""responsible_entity_custodian":1"#,
        ),
        (
            r#"privdefault=permit&sharedefault=permit"#,
            "privdefault=permit",
        ),
        (
            r#"privdefault=permit&sharedefault=permit"#,
            "sharedefault=permit",
        ),
        (
            r#"privdefault=permit&"#,
            "privdefault=permit&privdefault=permit&",
        ),
        (r#"privdefault=permit"#, "privdefault=maybe"),
        (
            r#"privdefault=permit&"#,
            "privdefault=permit&otherdefault=permit&",
        ),
        (r#"acs:ns:v3.0?"#, "acs:ns:v2.0?"),
        (r#","control_set":{"classification":"U"}"#, ""),
        (
            r#""control_set":{"classification":"U"}"#,
            r#""control_set":"U""#,
        ),
        (r#""identifier""#, r#""sep_version":"1","identifier""#),
        (
            r#""identifier""#,
            r#""authority_reference":"urn:x","identifier""#,
        ),
        (
            r#""identifier""#,
            r#""public_release":{"releasable":"false"},"identifier""#,
        ),
        (
            r#""identifier""#,
            r#""declassification":"2030","identifier""#,
        ),
        (r#""identifier""#, r#""name":1,"identifier""#),
    ] {
        check(super::ACS, &[(&acs(from, to), "-")]);
    }
    let known = acs(
        r#""identifier""#,
        r#""authority_reference":["urn:x"],"public_release":{"released_by":"x"},"declassification":{"declass_date":"2030-01-01T00:00:00Z"},"name":"n","identifier""#,
    );
    check(super::ACS, &[(&known, "us-class:unclassified")]);
}

#[test]
fn a_word_that_acs_does_not_have_is_named_with_its_field() {
    let set = acs(
        r#"{"classification":"U"}"#,
        r#"{"classification":"U","entity":["NOBODY"]}"#,
    );
    let text = format!(r#"{{"extensions":{{"{}":{{{set}}}}}}}"#, super::ACS);
    let value = Value::parse(text.as_bytes(), &Limits::DEFAULT).unwrap();
    let problem = super::meaning(value.as_object().unwrap()).unwrap_err();
    assert_eq!(problem, "`NOBODY` is no entity");
}

#[test]
fn acs_privileges_and_further_sharing_close_what_they_do_not_open() {
    let rule = |effect: &str, scope: &str| {
        format!(
            r#""access_privilege":[{{"privilege_action":"CISAUSES","privilege_scope":{scope},"rule_effect":"{effect}"}}],"#
        )
    };
    let denied = acs("privdefault=permit", "privdefault=deny");
    let with = |base: &str, rule: &str| {
        base.replacen(r#""identifier""#, &format!("{rule}\"identifier\""), 1)
    };
    let all = r#"{"permitted_nationalities":["ALL"],"permitted_organizations":["ALL"],"shareability":["ALL"],"entity":["ALL"]}"#;
    let u = "us-class:unclassified";
    for (text, expected) in [
        (denied.clone(), format!("{u} acs-privilege:")),
        (with(&denied, &rule("permit", all)), u.to_owned()),
        (
            with(
                &denied,
                &rule("permit", r#"{"permitted_nationalities":["JPN"]}"#),
            ),
            format!("{u} acs-privilege:JPN"),
        ),
        (
            with(
                &denied,
                &rule(
                    "permit",
                    r#"{"permitted_nationalities":["JPN"],"entity":["GOV"]}"#,
                ),
            ),
            format!("{u} acs-privilege:"),
        ),
        (
            with(
                &denied,
                &rule("permit", r#"{"permitted_organizations":["USA.DHS"]}"#),
            ),
            format!("{u} acs-privilege:"),
        ),
        (with(ACS, &rule("permit", all)), u.to_owned()),
        (
            with(ACS, &rule("deny", all)),
            format!("{u} acs-privilege:USA"),
        ),
        (with(ACS, &rule("maybe", all)), "-".to_owned()),
        (
            with(ACS, &rule("deny", r#"{"clearance":["TS"]}"#)),
            "-".to_owned(),
        ),
        (
            with(ACS, &rule("deny", r#"{"entity":["KING"]}"#)),
            "-".to_owned(),
        ),
        (
            with(ACS, &rule("permit", all).replace("CISAUSES", "DESTROY")),
            "-".to_owned(),
        ),
        (with(ACS, r#""access_privilege":{},"#), "-".to_owned()),
    ] {
        check(super::ACS, &[(&text, &expected)]);
    }
    let share = |scope: &str, effect: &str| {
        format!(r#""further_sharing":[{{"sharing_scope":{scope},"rule_effect":"{effect}"}}],"#)
    };
    let closed = acs("sharedefault=permit", "sharedefault=deny");
    for (text, expected) in [
        (closed.clone(), format!("{u} acs-onward")),
        (
            with(&closed, &share(r#"["FOREIGNGOV"]"#, "permit")),
            u.to_owned(),
        ),
        (with(&closed, &share(r#"["ALL"]"#, "permit")), u.to_owned()),
        (
            with(&closed, &share(r#"["SECTOR"]"#, "permit")),
            format!("{u} acs-onward"),
        ),
        (with(ACS, &share(r#"["SECTOR"]"#, "deny")), u.to_owned()),
        (
            with(ACS, &share(r#"["ForeignGov"]"#, "deny")),
            format!("{u} acs-sharing"),
        ),
        (with(ACS, &share("[]", "deny")), "-".to_owned()),
        (with(ACS, &share(r#""ALL""#, "deny")), "-".to_owned()),
    ] {
        check(super::ACS, &[(&text, &expected)]);
    }
}
