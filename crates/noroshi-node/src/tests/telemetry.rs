//! Our own traffic: files that are packed, broken, growing and rotated, and what never leaves.

use std::cell::Cell;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::matching::indicator;
use super::stage::{Party, Stage, field};
use crate::command::{Command, Event, Failure};
use crate::sink::Collected;
use crate::telemetry::{Format, TelemetryCommand};

/// A word of our traffic that stands in no indicator.
const CANARY: &str = "canary-of-our-own-traffic";

/// A stage whose Japanese node has one indicator at work.
fn stage() -> Stage {
    let stage = Stage::new();
    let one = indicator(1, "[domain-name:value = 'threat.example']", json!({}));
    stage.jp.import("own", &[one]);
    stage
}

fn watch(party: &Party, paths: &[&Path], format: &str) -> Result<Vec<Event>, Failure> {
    party.events(Command::Telemetry(TelemetryCommand::Watch {
        paths: paths.iter().map(|path| path.to_path_buf()).collect(),
        format: format.to_owned(),
        follow: false,
    }))
}

fn rows<'a>(events: &'a [Event], named: &str) -> Vec<&'a Value> {
    let rows = events.iter().filter_map(|event| match event {
        Event::Row { kind, row } if kind == named => Some(row),
        _ => None,
    });
    rows.collect()
}

fn answer(events: &[Event]) -> &Value {
    match events.last() {
        Some(Event::Answer { answer, .. }) => answer,
        other => panic!("no answer: {other:?}"),
    }
}

fn dns(name: &str) -> String {
    format!("{{\"_path\":\"dns\",\"ts\":\"2026-11-25T08:00:00Z\",\"query\":\"{name}\"}}\n")
}

fn packed(text: &str, form: &str) -> Vec<u8> {
    match form {
        "gz" => {
            let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
            packer.write_all(text.as_bytes()).unwrap();
            packer.finish().unwrap()
        }
        _ => zstd::bulk::compress(text.as_bytes(), 1).unwrap(),
    }
}

#[test]
fn files_are_read_packed_or_not_and_each_hit_says_where() {
    let stage = stage();
    let folder = tempfile::tempdir().unwrap();
    let text = format!("{}{}", dns("quiet.example"), dns("www.threat.example"));
    fs::write(folder.path().join("a.json"), &text).unwrap();
    fs::write(folder.path().join("b.json.gz"), packed(&text, "gz")).unwrap();
    fs::write(folder.path().join("c.json.zst"), packed(&text, "zst")).unwrap();
    fs::write(folder.path().join(".hidden"), &text).unwrap();
    let events = watch(&stage.jp, &[folder.path()], "auto").unwrap();
    let sources = rows(&events, "source");
    assert_eq!(sources.len(), 3);
    assert!(
        sources
            .iter()
            .all(|row| row["format"] == "zeek" && row["recognised"] == true)
    );
    let hits = rows(&events, "hit");
    assert_eq!(hits.len(), 3);
    for hit in &hits {
        assert_eq!(
            (&hit["value"], &hit["how"]),
            (&json!("www.threat.example"), &json!("below"))
        );
        assert_eq!(hit["offset"], dns("quiet.example").len());
        assert_eq!(hit["seen"], "2026-11-25T08:00:00.000Z");
    }
    let told = answer(&events);
    assert_eq!(
        (&told["events"], &told["hits"], &told["files"]),
        (&json!(6), &json!(3), &json!(3))
    );
    // The same from the command's input, under a format that is named.
    let command = Command::Telemetry(TelemetryCommand::Watch {
        paths: vec![PathBuf::from("-")],
        format: "zeek".to_owned(),
        follow: false,
    });
    let mut sink = Collected::default();
    let mut input = text.as_bytes();
    let node = &stage.jp.node;
    node.run(command, Some(&mut input), &stage.jp.road, &mut sink)
        .unwrap();
    assert_eq!(rows(&sink.0, "hit").len(), 1);
}

#[test]
fn broken_binary_enormous_and_mixed_lines_hide_nothing_behind_them() {
    let stage = stage();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("bad.json");
    let hit = dns("www.threat.example");
    let mut bytes = dns("quiet.example").repeat(3).into_bytes();
    bytes.extend(b"{\"query\":\"www.thre\n\x00\xff\xfe\x80\n\n}}]\n");
    bytes.extend(hit.as_bytes());
    bytes.extend(format!("{{\"query\":\"{}\n", "a".repeat(2 << 20)).bytes());
    bytes.extend(hit.as_bytes());
    // Two writers in one line, and a clock that ran backwards.
    bytes.extend(format!("{{\"query\":{}", hit.replace("2026", "2025")).bytes());
    bytes.extend(hit.trim_end().bytes());
    fs::write(&file, &bytes).unwrap();
    let events = watch(&stage.jp, &[&file], "auto").unwrap();
    let told = answer(&events);
    assert_eq!((&told["hits"], &told["overlong"]), (&json!(4), &json!(1)));
    assert_eq!(told["backwards"], 1);
    // A packed file that is cut: what was read counts, and the cut is told.
    let many: String = (0..20_000)
        .map(|it| dns(&format!("{it}.quiet.example")))
        .collect();
    let cut = packed(&format!("{hit}{many}"), "gz");
    fs::write(&file, &cut[..cut.len() - 2000]).unwrap();
    let events = watch(&stage.jp, &[&file], "auto").unwrap();
    assert_eq!(rows(&events, "broken").len(), 1);
    assert_eq!(answer(&events)["hits"], 1);
}

#[test]
fn a_source_of_ones_own_is_a_file_and_a_wrong_one_says_where() {
    let stage = stage();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("proxy.log");
    fs::write(
        &file,
        "{\"verdict\":1,\"wanted\":\"threat.example\",\"x\":\"threat.example\"}\n",
    )
    .unwrap();
    let sources = stage.jp.node.home().path().join("sources");
    fs::create_dir(&sources).unwrap();
    let head = "version = 1\nname = \"proxy\"\nmarks = [[\"\\\"verdict\\\":\"]]\n";
    let fine = format!("{head}unmapped = \"skip\"\n[fields]\nwanted = \"domain\"\n");
    fs::write(sources.join("proxy.toml"), &fine).unwrap();
    let events = watch(&stage.jp, &[&file], "auto").unwrap();
    assert_eq!(rows(&events, "source")[0]["format"], "proxy");
    assert_eq!(rows(&events, "hit").len(), 1);
    let refused = watch(&stage.jp, &[&file], "no-such").unwrap_err();
    assert_eq!((refused.code.as_str(), refused.exit), ("source.format", 2));
    assert!(refused.detail.contains("proxy, zeek"), "{}", refused.detail);
    fs::write(
        sources.join("proxy.toml"),
        fine.replace("\"domain\"", "\"domian\""),
    )
    .unwrap();
    let refused = watch(&stage.jp, &[&file], "auto").unwrap_err();
    assert_eq!(refused.code, "source.invalid");
    let says = ["proxy.toml: line 6: `wanted` says `domian`", "url-host"];
    assert!(
        says.iter().all(|it| refused.detail.contains(it)),
        "{}",
        refused.detail
    );
    let absent = watch(&stage.jp, &[&folder.path().join("absent")], "auto").unwrap_err();
    assert_eq!(
        (absent.code.as_str(), absent.exit),
        ("source.unreadable", 4)
    );
}

/// Watch a path, doing one of the steps before each round; the hits by the node's own count.
fn follow(stage: &Stage, path: &Path, steps: &[&dyn Fn()]) -> u64 {
    let step = Cell::new(0);
    let is_over = || {
        let at = step.replace(step.get() + 1);
        match steps.get(at) {
            Some(act) => act(),
            None => return true,
        }
        false
    };
    let node = &stage.jp.node;
    node.watch_source("log", path, Format::Auto, &is_over)
        .unwrap();
    let command = Command::Telemetry(TelemetryCommand::Sources);
    let events = stage.jp.events(command).unwrap();
    rows(&events, "watched")[0]["hits"].as_u64().unwrap()
}

#[test]
fn a_file_that_grows_is_rotated_or_cut_is_read_once_and_goes_on_after_a_restart() {
    let stage = stage();
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("dns.tsv");
    let append = |text: &str| {
        let mut file = fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(&log)
            .unwrap();
        file.write_all(text.as_bytes()).unwrap();
    };
    let head = "#separator \\x09\n#fields\tts\tquery\n#types\ttime\tstring\n";
    let hit = "1.0\twww.threat.example\n";
    let quiet = "1.0\tquiet.example\n";
    let rotate = || {
        append(hit);
        fs::rename(&log, folder.path().join("dns.tsv.1")).unwrap();
        append(head);
        append(hit);
    };
    let cut = || {
        fs::write(&log, "").unwrap();
        append(&format!("{head}{hit}"));
    };
    let steps: [&dyn Fn(); 8] = [
        // Nothing there yet, then half a line, then the rest.
        &|| {},
        &|| append(&format!("{head}1.0\twww.thr")),
        &|| append("eat.example\n"),
        &|| append(&hit.repeat(2)),
        &rotate,
        &|| append(&quiet.repeat(50)),
        &cut,
        &|| {},
    ];
    assert_eq!(follow(&stage, &log, &steps), 6);
    // Another start goes on at the place where the first ended, and knows the columns.
    append(hit);
    assert_eq!(follow(&stage, &log, &[&|| {}, &|| {}]), 1);
    assert_eq!(follow(&stage, &log, &[&|| {}, &|| {}]), 0);
    // A folder: what is new in it is read from its beginning.
    let new = || fs::write(folder.path().join("new.log"), "query: threat.example\n").unwrap();
    assert_eq!(
        follow(&stage, folder.path(), &[&|| {}, &new, &|| {}]),
        4 + 1
    );
}

/// What a partner gets, the store and the ledger hold of our traffic: nothing.
///
/// Clause: I5
#[test]
fn telemetry_never_leaves_by_any_path() {
    let stage = stage();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("dns.json");
    let names = [
        format!("{CANARY}.threat.example"),
        format!("{CANARY}.example"),
    ];
    let text: String = names.iter().map(|name| dns(name)).collect();
    fs::write(&file, text.repeat(100)).unwrap();
    let events = watch(&stage.jp, &[&file], "auto").unwrap();
    assert_eq!(rows(&events, "hit").len(), 100);
    let ids: Vec<String> = stage
        .jp
        .events(Command::List {
            kind: None,
            state: None,
            source: None,
            limit: 100,
            after: None,
        })
        .unwrap()
        .iter()
        .filter_map(|event| match event {
            Event::Row { row, .. } if row["id"].is_string() => Some(field(row, "id")),
            _ => None,
        })
        .collect();
    let ids: Vec<&str> = ids
        .iter()
        .map(String::as_str)
        .filter(|id| id.starts_with("indicator") || id.starts_with("sighting"))
        .collect();
    assert!(ids.iter().any(|id| id.starts_with("indicator")), "{ids:?}");
    stage.jp.order(stage.jp.share(&ids));
    stage.jp.sync();
    stage.us.sync();
    let export = stage.folder.path().join("export");
    stage
        .jp
        .events(Command::LedgerExport {
            folder: export,
            peer: None,
        })
        .unwrap();
    let mut looked = 0;
    search(stage.folder.path(), &mut looked);
    assert!(looked > 100_000, "{looked}");
    for road in [&stage.jp.road, &stage.us.road] {
        let tape = crate::node::lock(&road.tape);
        tape.iter()
            .for_each(|bytes| nothing_of_ours(bytes, "the road"));
    }
}

fn search(path: &Path, looked: &mut u64) {
    if path.is_dir() {
        for entry in fs::read_dir(path).unwrap() {
            search(&entry.unwrap().path(), looked);
        }
    } else if let Ok(bytes) = fs::read(path) {
        *looked += bytes.len() as u64;
        nothing_of_ours(&bytes, &path.display().to_string());
    }
}

fn nothing_of_ours(bytes: &[u8], place: &str) {
    let is_there = bytes
        .windows(CANARY.len())
        .any(|part| part == CANARY.as_bytes());
    assert!(!is_there, "our traffic is in {place}");
}
