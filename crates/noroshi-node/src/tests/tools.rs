//! Exports to tools: what a client may read, in the tool's words, and nothing else.

use noroshi_model::Digest;
use noroshi_taxii::desk::{Caller, Collection, Credential, Fault};
use noroshi_taxii::{About, CursorKey, Desk, Request, Taxii};
use serde_json::{Value, json};

use super::stage::{Party, Stage};
use super::taxii::served;
use crate::TaxiiCommand;
use crate::command::{Command, Event, Failure};

const RED: &str = "marking-definition--e828b379-4e03-4974-9ac4-e53a884c97c1";
const GREEN: &str = "marking-definition--bab4a63c-aed9-4cf5-a766-dfca5abac2bb";

fn name(number: u32) -> String {
    format!("indicator--00000000-0000-4000-8000-{number:012}")
}

fn indicator(number: u32, pattern: &str) -> Value {
    json!({
        "type": "indicator", "spec_version": "2.1", "id": name(number),
        "created": "2026-01-01T00:00:00.000Z", "modified": "2026-01-01T00:00:00.000Z",
        "pattern": pattern, "pattern_type": "stix", "valid_from": "2026-01-01T00:00:00Z",
        "object_marking_refs": [GREEN],
    })
}

fn domain(number: u32) -> Value {
    indicator(
        number,
        &format!("[domain-name:value = 'd{number}.example']"),
    )
}

fn pap(number: u32, level: &str) -> Value {
    json!({
        "type": "marking-definition", "spec_version": "2.1",
        "id": format!("marking-definition--00000000-0000-4000-8000-{number:012}"),
        "created": "2026-01-01T00:00:00.000Z",
        "definition_type": "pap", "definition": { "pap": level },
    })
}

fn limited(number: u32, marking: &Value) -> Value {
    let mut object = domain(number);
    object["object_marking_refs"] = json!([GREEN, marking["id"]]);
    object
}

fn ready() -> (Stage, Caller, Collection) {
    let (stage, caller, shown) = served();
    stage.jp.profile("own", "TLP:GREEN", true);
    (stage, caller, shown)
}

fn export(format: &str) -> Command {
    Command::Taxii(TaxiiCommand::Export {
        collection: "all".into(),
        format: format.into(),
        file: None,
    })
}

/// The text, what is left out by id with why, and the answer.
fn exported(party: &Party, format: &str) -> (String, Vec<(String, String)>, Value) {
    let (mut text, mut left_out, mut last) = (String::new(), Vec::new(), Value::Null);
    for event in party.events(export(format)).unwrap() {
        match event {
            Event::Row { kind, row } if kind == "export_part" => {
                text.push_str(row["text"].as_str().unwrap());
            }
            Event::Row { kind, row } if kind == "left_out" => left_out.push((
                row["id"].as_str().unwrap().to_owned(),
                row["why"].as_str().unwrap().to_owned(),
            )),
            Event::Answer { answer, .. } => last = answer,
            _ => {}
        }
    }
    left_out.sort();
    (text, left_out, last)
}

/// Clause: I2
#[test]
fn a_tool_gets_what_its_client_may_read_while_it_holds_and_nothing_else() {
    let (stage, _, _) = ready();
    let party = &stage.jp;
    let unknown = |command| -> Failure { party.events(command).unwrap_err() };
    assert_eq!(unknown(export("snort")).code, "export.format");
    let mut elsewhere = domain(2);
    elsewhere["object_marking_refs"] = json!([RED]);
    let mut late = domain(3);
    late["valid_until"] = json!("2026-02-01T00:00:00Z");
    let mut early = domain(4);
    early["valid_from"] = json!("2036-02-01T00:00:00Z");
    let mut revoked = domain(5);
    revoked["revoked"] = json!(true);
    let mut other = domain(6);
    other["pattern_type"] = json!("sigma");
    party.import(
        "own",
        &[
            domain(1),
            elsewhere,
            late,
            early,
            revoked,
            other,
            indicator(7, "[file:name = 'a' AND file:size = 3]"),
            indicator(8, "[windows-registry-key:key = 'HKLM\\\\Software\\\\Evil']"),
            indicator(9, "[ipv4-addr:value = '192.168.1.1']"),
        ],
    );
    let (text, left_out, answer) = exported(party, "zeek");
    assert_eq!(text.lines().count(), 2, "{text}");
    assert!(text.contains("d1.example\tIntel::DOMAIN"), "{text}");
    let wanted = [
        (3, "expired"),
        (4, "early"),
        (5, "revoked"),
        (6, "other-language"),
        (7, "compound"),
        (8, "no-word"),
        (9, "not-public"),
    ];
    let wanted = wanted.map(|(number, why)| (name(number), why.to_owned()));
    assert_eq!(left_out, wanted);
    assert_eq!(
        (&answer["count"], &answer["left_out"]),
        (&json!(1), &json!(7))
    );
    let lines = party.lines("collection");
    let last = &lines.last().unwrap()["body"];
    assert_eq!(
        (&last["event"], &last["format"]),
        (&json!("exported"), &json!("zeek"))
    );
    // Everything the client may read is in the bundle, with its markings.
    let (text, _, answer) = exported(party, "stix");
    let bundle: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(bundle["objects"].as_array().unwrap().len(), 8, "{answer}");
    assert!(!text.contains("d2.example"));
}

/// Clause: I2
#[test]
fn what_is_recalled_is_in_no_export_and_the_recall_names_who_had_it() {
    let (stage, _, _) = ready();
    let party = &stage.jp;
    party.import("own", &[domain(1), domain(2)]);
    let recalled = party.order(party.recall(&name(2), "withdraw"));
    assert!(recalled.clients.is_empty(), "{:?}", recalled.clients);
    assert!(!exported(party, "csv").0.contains("d2.example"));
    let recalled = party.order(party.recall(&name(1), "withdraw"));
    assert_eq!(recalled.clients, ["client:siem (export)"]);
    assert_eq!(exported(party, "csv").2["count"], 0);
}

fn client(party: &Party, name: &str, ceilings: &[&str]) {
    party.order(Command::Taxii(TaxiiCommand::ClientSet {
        name: name.into(),
        title: "A tool".into(),
        nation: "JPN".into(),
        ceilings: ceilings.iter().map(|one| (*one).to_owned()).collect(),
        types: Vec::new(),
        purposes: Vec::new(),
        days: 30,
        person: party.first().into(),
    }));
}

/// Clause: I4c
#[test]
fn what_may_not_be_acted_on_visibly_goes_only_to_whom_the_arrangement_trusts_with_it() {
    let (stage, caller, shown) = ready();
    let party = &stage.jp;
    let (red, green) = (pap(100, "red"), pap(101, "green"));
    party.bring(Some("own"), &[red.clone(), green.clone()]);
    party.import("own", &[limited(1, &red), limited(2, &green), domain(3)]);
    let (text, left_out, _) = exported(party, "csv");
    assert!(!text.contains("d1.example"), "{text}");
    assert!(
        text.contains("d2.example") && text.contains("d3.example"),
        "{text}"
    );
    assert_eq!(left_out, [(name(1), "pap".to_owned())]);
    let has_none = |_: &Digest| false;
    let pulled = party
        .node
        .export(&caller, &shown, "csv", &has_none)
        .unwrap();
    let pulled = String::from_utf8(pulled.body.unwrap()).unwrap();
    assert_eq!(pulled, text);
    // An arrangement that says so trusts the tool, but never a format that acts.
    client(party, "siem", &["tlp:green", "pap:red"]);
    assert!(exported(party, "csv").0.contains("d1.example"));
    let (zone, left_out, _) = exported(party, "rpz");
    assert!(
        !zone.contains("d1.example") && zone.contains("d2.example"),
        "{zone}"
    );
    assert_eq!(left_out, [(name(1), "pap".to_owned())]);
}

/// Clause: I2
#[test]
fn a_tool_that_polls_is_told_that_nothing_changed_until_something_does() {
    let (stage, caller, shown) = ready();
    let party = &stage.jp;
    let mut ends = domain(1);
    ends["valid_until"] = json!("2036-01-01T00:00:00Z");
    party.import("own", &[ends, domain(2)]);
    let pull = |known: Option<Digest>| {
        let has = |digest: &Digest| known.as_ref() == Some(digest);
        party.node.export(&caller, &shown, "rpz", &has).unwrap()
    };
    let unknown = party.node.export(&caller, &shown, "snort", &|_| false);
    assert_eq!(unknown, Err(Fault::Absent));
    let first = pull(None);
    assert!(first.body.is_some());
    for _ in 0..2 {
        let again = pull(Some(first.digest));
        assert_eq!((again.body, again.digest), (None, first.digest));
    }
    // The serial of a zone is the instant, and no part of what is compared.
    stage.hands.forward(3600);
    assert_eq!(pull(Some(first.digest)).body, None);
    party.import("own", &[domain(3)]);
    let changed = pull(Some(first.digest));
    let text = String::from_utf8(changed.body.unwrap()).unwrap();
    assert!(text.contains("d3.example"), "{text}");
    let recalled = party.order(party.recall(&name(3), "withdraw"));
    assert_eq!(recalled.clients, ["client:siem (siem-1)"]);
    let back = pull(Some(changed.digest));
    assert_eq!(back.digest, first.digest);
    assert!(party.node.caller(Credential::Bearer("another")).is_err());
}

#[test]
fn a_file_is_written_whole_in_place_of_the_one_before() {
    let (stage, _, _) = ready();
    let party = &stage.jp;
    party.import("own", &[domain(1)]);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("intel.dat");
    std::fs::write(&file, "before").unwrap();
    let to = |file: &std::path::Path| {
        Command::Taxii(TaxiiCommand::Export {
            collection: "all".into(),
            format: "zeek".into(),
            file: Some(file.to_owned()),
        })
    };
    party.ask(to(&file));
    let text = std::fs::read_to_string(&file).unwrap();
    assert!(
        text.starts_with("#fields\t") && text.contains("d1.example"),
        "{text}"
    );
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    let nowhere = party.try_ask(to(&folder.path().join("none/intel.dat")));
    assert_eq!(nowhere.unwrap_err().code, "export.failed");
}

/// Clause: I2
#[test]
fn over_http_an_export_is_behind_the_same_door_as_the_collection() {
    let (stage, _, _) = ready();
    let party = &stage.jp;
    client(party, "other", &["tlp:green"]);
    party.order(Command::Taxii(TaxiiCommand::CollectionSet {
        name: "theirs".into(),
        title: "Another's".into(),
        client: "other".into(),
        types: Vec::new(),
        source: None,
        profile: None,
        standing: true,
        purpose: "defence".into(),
        person: party.first().into(),
    }));
    party.import("own", &[domain(1)]);
    let taxii = Taxii::new(party.node.clone(), About::new("T"), CursorKey::new([5; 32]));
    let ask = |method: &str, path: &str, secret: Option<&str>, tag: Option<&str>| {
        let bearer = secret.map(|secret| format!("Bearer {secret}"));
        let request = Request {
            method,
            path,
            authorization: bearer.as_deref(),
            if_none_match: tag,
            ..Request::default()
        };
        taxii.answer(&request, &mut std::io::empty())
    };
    let (secret, path) = (Some(super::taxii::SECRET), "/export/all/zeek");
    assert_eq!(ask("GET", path, None, None).status, 401);
    assert_eq!(ask("GET", path, Some("another"), None).status, 401);
    assert_eq!(ask("POST", path, secret, None).status, 405);
    for path in [
        "/export/",
        "/export/all",
        "/export/all/",
        "/export/all/snort",
        "/export/all/zeek/more",
        "/export/%ff/zeek",
        "/export/none/zeek",
        "/export/theirs/zeek",
    ] {
        assert_eq!(ask("GET", path, secret, None).status, 404, "{path}");
    }
    let first = ask("GET", path, secret, None);
    let text = String::from_utf8(first.body.clone()).unwrap();
    assert!(first.status == 200 && text.contains("d1.example"), "{text}");
    assert_eq!(
        first.header("content-type"),
        Some("text/plain; charset=utf-8")
    );
    let tag = first.header("etag").unwrap();
    let again = ask("GET", path, secret, Some(tag));
    assert_eq!((again.status, again.body.len()), (304, 0));
    let head = ask("HEAD", path, secret, None);
    assert_eq!((head.body.len(), head.length), (0, first.length));
}
