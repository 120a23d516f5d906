//! The doctor: what it finds, in what words, and what it says mends it.

use std::os::unix::fs::PermissionsExt;

use noroshi_model::json::Object;
use noroshi_model::ledger::LineKind;
use noroshi_store::WriteError;
use serde_json::Value;

use super::stage::{Party, Stage, field, object};
use crate::command::{Command, Event, Failure};
use crate::messages::{Lang, render};
use crate::sink::Collected;

/// What the doctor finds, and whether it lets the node pass.
fn doctor(party: &Party) -> (Vec<Value>, Result<(), Failure>) {
    let mut sink = Collected::default();
    let outcome = party
        .node
        .run(Command::Doctor, None, &party.road, &mut sink);
    let rows = sink.0.into_iter().filter_map(|event| match event {
        Event::Row { row, .. } => Some(row),
        _ => None,
    });
    (rows.collect(), outcome)
}

/// The codes that are not good.
fn ailments(party: &Party) -> Vec<String> {
    let (rows, outcome) = doctor(party);
    let bad = rows.iter().filter(|row| row["state"] == "bad").count();
    assert_eq!(outcome.is_err(), bad > 0);
    let codes = rows
        .iter()
        .filter(|row| row["state"] != "good" && row["check"] != "disk")
        .map(|row| field(row, "code"));
    codes.collect()
}

#[test]
fn the_doctor_tells_good_from_bad_and_each_finding_what_mends_it() {
    let stage = Stage::new();
    // The stage's agreement is made for a month.
    let found = |expected: &[&str]| assert_eq!(ailments(&stage.jp), expected);
    found(&["agreement-near", "backup-none"]);
    let days = |days: i64| stage.hands.forward(days * 24 * 3600);
    days(2);
    found(&["peer-away", "agreement-near", "backup-none"]);
    days(20);
    found(&["peer-lost", "agreement-near", "backup-none"]);
    days(20);
    found(&["peer-lost", "agreement-ended", "backup-none"]);
    days(300);
    let keys = ["keys-old"; 4];
    found(
        &[
            &["peer-lost", "agreement-ended"],
            &keys[..],
            &["backup-none"],
        ]
        .concat(),
    );
    let (rows, _) = doctor(&stage.jp);
    for row in rows.iter().filter(|row| row["state"] != "good") {
        assert!(!field(row, "mend").is_empty(), "{row}");
    }
}

#[test]
fn a_clock_that_went_back_is_seen_by_the_ledger_and_by_what_partners_signed() {
    let stage = Stage::new();
    stage.us.import("own", &[object(1, 10)]);
    stage.us.order(stage.us.share(&[]));
    stage.us.sync();
    stage.hands.forward(-24 * 3600);
    let found = ailments(&stage.jp);
    for code in ["clock-went_back", "clock-behind"] {
        assert!(found.contains(&code.to_owned()), "{found:?}");
    }
}

#[test]
fn files_that_others_can_open_are_named_with_the_command_that_closes_them() {
    let stage = Stage::new();
    let home = stage.jp.node.home();
    let mode = |path: &std::path::Path, bits| {
        std::fs::set_permissions(path, PermissionsExt::from_mode(bits)).unwrap();
    };
    mode(&home.key("items"), 0o640);
    mode(&home.store(), 0o755);
    let (rows, outcome) = doctor(&stage.jp);
    assert_eq!(outcome.unwrap_err().code, "doctor.bad");
    let mends: Vec<String> = rows
        .iter()
        .filter(|row| row["check"] == "files")
        .map(|row| field(row, "mend"))
        .collect();
    assert!(mends[0].starts_with("chmod 700") && mends[0].ends_with("store"));
    assert!(mends[1].starts_with("chmod 600") && mends[1].contains("items.key"));
}

#[test]
fn an_alarm_stays_open_until_a_person_says_what_was_done() {
    let stage = Stage::new();
    let jp = &stage.jp;
    let alarm = |why: &str| {
        let body = Object::new().with("why", why);
        let line = jp.node.line(LineKind::Alarm, None, body);
        let told = jp.node.store.write(|tx| tx.append(&line));
        told.map_err(|error: WriteError| error).unwrap()
    };
    let (first, second) = (alarm("one"), alarm("two"));
    assert!(ailments(jp).contains(&"alarms-open".to_owned()));
    let list = |all| jp.rows(Command::AlarmList { all, limit: 10 }).len();
    assert_eq!((list(false), list(true)), (2, 2));
    let answer = |line, note: &str, person: &str| {
        jp.try_ask(Command::AlarmAnswer {
            line,
            note: note.to_owned(),
            person: person.to_owned(),
        })
    };
    let refused = |line, note, person| answer(line, note, person).unwrap_err().code;
    assert_eq!(refused(second + 1, "seen", "sato"), "alarm.unknown");
    assert_eq!(refused(second, " ", "sato"), "alarm.note");
    assert_eq!(refused(second, "seen", "nobody"), "person.unknown");
    answer(first, "the partner was called", "sato").unwrap();
    assert_eq!((list(false), list(true)), (1, 2));
    assert_eq!(refused(first, "again", "sato"), "alarm.unknown");
    answer(second, "a new key was made", "suzuki").unwrap();
    assert!(!ailments(jp).contains(&"alarms-open".to_owned()));
    let lines = jp.lines("alarm.answered");
    assert_eq!(lines.len(), 2);
    assert_eq!(lines[1]["body"]["note"], "a new key was made");
    jp.verifies();
}

#[test]
fn the_doctor_speaks_the_persons_language() {
    let stage = Stage::new();
    stage.hands.forward(20 * 24 * 3600);
    let (rows, _) = doctor(&stage.jp);
    let said = |lang| {
        let rows = rows.iter().map(|row| Event::Row {
            kind: "check".to_owned(),
            row: row.clone(),
        });
        let lines: Vec<String> = rows.map(|event| render(lang, &event)).collect();
        lines.join("\n")
    };
    let (en, ja) = (said(Lang::En), said(Lang::Ja));
    assert!(en.contains("! No backup was made yet\n    → noroshi backup make"));
    assert!(ja.contains("! 控えはまだない\n    → noroshi backup make"));
    assert!(en.contains("was not reached for 20 days") && ja.contains("20 日間通信がない"));
    // What is called in two languages is called by the person's.
    let name = &stage.us.node.keys().manifest.organisation.name_ja.clone();
    assert!(ja.contains(name.as_str()), "{ja}");
}
