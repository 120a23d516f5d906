//! Backups: what is refused, what is in them, and who is told that they still hold something.

use std::collections::BTreeSet;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use noroshi_model::document::hex;
use noroshi_seal::backup::{CHUNK_BYTES, Lock};
use noroshi_seal::keyfile::Cost;
use noroshi_seal::{SystemRng, keyfile};
use noroshi_testkit::canary::named_in;
use proptest::prelude::*;
use zeroize::Zeroizing;

use super::stage::{Party, Stage, id, object};
use crate::backup::stream::{self, Reader};
use crate::backup::{hex_of, verify};
use crate::command::{BackupLock, Command, Failure};
use crate::home::{Home, KEY_NAMES, read_private};

/// A lock that is quick to open.
pub(super) fn lock() -> (Lock, Zeroizing<[u8; 32]>) {
    let lock = Lock::fresh(&SystemRng, Cost::CHEAP);
    let key = lock.key("a passphrase of its own").unwrap();
    (lock, key)
}

/// Make a backup of a party's node; locked with the key, where one is given.
pub(super) fn back_up(
    party: &Party,
    to: &Path,
    lock: Option<&(Lock, Zeroizing<[u8; 32]>)>,
) -> Result<serde_json::Value, Failure> {
    party.try_ask(Command::BackupMake {
        to: to.to_path_buf(),
        person: party.people[0].to_owned(),
        lock: lock.map(|(lock, key)| BackupLock {
            salt: hex_of(&lock.salt),
            memory_kib: lock.cost.memory_kib,
            passes: lock.cost.passes,
            key: hex_of(&**key),
        }),
    })
}

fn check(file: &Path, key: Option<&[u8; 32]>) -> Result<u64, Failure> {
    let work = tempfile::tempdir().unwrap();
    verify(file, key, work.path(), &mut |_, _, _| {}).map(|verified| verified.lines)
}

/// Everything a backup holds, opened, one file after the other.
fn opened(file: &Path, key: Option<&[u8; 32]>) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let home = Home::at(&folder.path().join("node"));
    home.create().unwrap();
    let mut from = std::fs::File::open(file).unwrap();
    let header = stream::read_header(&mut from).unwrap();
    let reader = Reader::new(from, &header, key).unwrap();
    let create = |path: &Path| std::fs::File::create(path);
    let entries = reader.unpack(&home, &create, &mut |_, _| {}).unwrap();
    let bytes = entries
        .iter()
        .map(|entry| std::fs::read(entry.path(&home)).unwrap());
    bytes.collect::<Vec<_>>().concat()
}

fn holds(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

fn refused(outcome: Result<u64, Failure>, codes: &[&str]) {
    let code = outcome.unwrap_err().code;
    assert!(codes.contains(&code.as_str()), "{code}");
}

/// Clause: I5
#[test]
fn a_backup_is_refused_where_it_would_replace_something_or_by_whom_nobody_knows() {
    let stage = Stage::new();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a.backup");
    std::fs::write(&file, b"mine").unwrap();
    let there = back_up(&stage.jp, &file, None).unwrap_err();
    assert_eq!(there.code, "backup.exists");
    assert_eq!(std::fs::read(&file).unwrap(), b"mine");
    let stranger = stage.jp.try_ask(Command::BackupMake {
        to: folder.path().join("b.backup"),
        person: "nobody".to_owned(),
        lock: None,
    });
    assert_eq!(stranger.unwrap_err().code, "person.unknown");
    let nowhere = back_up(&stage.jp, &folder.path().join("no/where"), None).unwrap_err();
    assert_eq!(nowhere.code, "backup.failed");
    let rows = stage.jp.rows(Command::BackupList);
    let states: Vec<_> = rows.iter().map(|row| row["state"].clone()).collect();
    assert_eq!(states, ["failed"], "only what was begun is known");
    assert!(!stage.jp.node.home().store().join("snapshot.db").exists());
}

/// Clause: I5
#[test]
fn a_backup_that_was_cut_off_reordered_or_lengthened_or_is_locked_otherwise_is_refused() {
    let stage = Stage::new();
    let large: Vec<_> = (0..4).map(|number| object(number, 400_000)).collect();
    stage.jp.import("own", &large);
    let folder = tempfile::tempdir().unwrap();
    let (lock, key) = lock();
    for locked in [true, false] {
        let file = folder.path().join(format!("{locked}.backup"));
        let pair = (lock, key.clone());
        back_up(&stage.jp, &file, locked.then_some(&pair)).unwrap();
        let key = locked.then_some(&*key);
        check(&file, key).unwrap();
        let whole = std::fs::read(&file).unwrap();
        let bent = folder.path().join("bent");
        let other = |bytes: &[u8], codes: &[&str]| {
            std::fs::write(&bent, bytes).unwrap();
            refused(check(&bent, key), codes);
        };
        let head = stream_head(&whole);
        let body = CHUNK_BYTES + if locked { 16 } else { 32 } + 5;
        let cuts = [0, 3, 16, 20, head - 1, head, head + 4, head + body];
        for cut in cuts.into_iter().chain([whole.len() - 1]) {
            other(&whole[..cut], &["backup.refused", "backup.contents"]);
        }
        other(&[&whole[..], b"x"].concat(), &["backup.refused"]);
        let (first, rest) = whole[head..].split_at(body);
        let (second, rest) = rest.split_at(rest.len().min(body));
        let swapped = [&whole[..head], second, first, rest].concat();
        other(&swapped, &["backup.refused"]);
        let without_first = [&whole[..head], second, rest].concat();
        other(&without_first, &["backup.refused"]);
        let newer = String::from_utf8_lossy(&whole[20..head]).replace("\"v\":1", "\"v\":2");
        let newer = [&whole[..20], newer.as_bytes(), &whole[head..]].concat();
        other(&newer, &["backup.newer"]);
        other(b"#!/bin/sh\n", &["backup.refused"]);
    }
    let file = folder.path().join("true.backup");
    refused(check(&file, Some(&[7; 32])), &["backup.refused"]);
    refused(check(&file, None), &["backup.locked"]);
    let plain = folder.path().join("false.backup");
    refused(check(&plain, Some(&key)), &["backup.locked"]);
}

/// Where the first chunk begins.
fn stream_head(whole: &[u8]) -> usize {
    let length: [u8; 4] = whole[16..20].try_into().unwrap();
    20 + u32::from_be_bytes(length) as usize
}

/// Clause: I5
#[test]
fn any_single_bit_that_flips_is_found() {
    let stage = Stage::new();
    let folder = tempfile::tempdir().unwrap();
    let (lock, key) = lock();
    let pair = (lock, key.clone());
    let files = [true, false].map(|locked| {
        let file = folder.path().join(format!("{locked}.backup"));
        back_up(&stage.jp, &file, locked.then_some(&pair)).unwrap();
        (locked, std::fs::read(&file).unwrap())
    });
    let bent = folder.path().join("bent");
    proptest!(ProptestConfig::with_cases(300), |(at in any::<prop::sample::Index>(), bit in 0..8_u8)| {
        for (locked, whole) in &files {
            let mut bytes = whole.clone();
            let at = at.index(bytes.len());
            bytes[at] ^= 1 << bit;
            std::fs::write(&bent, &bytes).unwrap();
            let outcome = check(&bent, locked.then_some(&*key));
            prop_assert!(outcome.is_err(), "byte {} bit {}", at, bit);
        }
    });
}

/// Clause: I5
#[test]
fn a_backup_is_known_to_the_ledger_private_whole_and_leaves_nothing_beside_it() {
    let stage = Stage::new();
    stage.jp.import("own", &[object(1, 100)]);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a.backup");
    let (lock, key) = lock();
    let row = back_up(&stage.jp, &file, Some(&(lock, key.clone()))).unwrap();
    let mode = std::fs::metadata(&file).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let names: Vec<_> = std::fs::read_dir(folder.path()).unwrap().collect();
    assert_eq!(names.len(), 1);
    assert!(!stage.jp.node.home().store().join("snapshot.db").exists());
    let events: Vec<_> = stage
        .jp
        .lines("backup")
        .iter()
        .map(|line| line["body"]["event"].clone())
        .collect();
    assert_eq!(events, ["begun", "made"]);
    let digest = noroshi_model::Digest::of(&std::fs::read(&file).unwrap()).to_string();
    assert_eq!(row["digest"], digest);
    assert_eq!(stage.jp.lines("backup")[1]["body"]["digest"], digest);
    assert_eq!(check(&file, Some(&key)).unwrap(), row["lines"]);
    stage.jp.verifies();
}

/// Clause: I5
#[test]
fn no_backup_holds_a_private_key_that_is_not_locked_and_a_plain_one_holds_none() {
    let stage = Stage::new();
    let folder = tempfile::tempdir().unwrap();
    let (lock, key) = lock();
    let pair = (lock, key.clone());
    let (locked, plain) = (folder.path().join("locked"), folder.path().join("plain"));
    back_up(&stage.jp, &locked, Some(&pair)).unwrap();
    back_up(&stage.jp, &plain, None).unwrap();
    let home = stage.jp.node.home();
    let person = "sato".parse().unwrap();
    let mut secrets: Vec<Vec<u8>> = Vec::new();
    for name in KEY_NAMES {
        let file = read_private(&home.key(name)).unwrap();
        secrets.push(keyfile::read_plain(name, &file).unwrap().to_vec());
    }
    for (kind, path) in [
        ("root", home.key("root")),
        ("person", home.person_key(&person)),
    ] {
        let file = read_private(&path).unwrap();
        secrets.push(keyfile::unlock(kind, &file, "passphrase").unwrap().to_vec());
    }
    let contents = [
        std::fs::read(&locked).unwrap(),
        opened(&locked, Some(&key)),
        std::fs::read(&plain).unwrap(),
        opened(&plain, None),
    ];
    for bytes in &contents {
        for secret in &secrets {
            assert!(!holds(bytes, secret));
            let digits = hex(secret);
            assert!(!holds(bytes, digits.as_str().unwrap().as_bytes()));
        }
    }
    // The locked forms are in the locked backup, and in the plain one not even they.
    for path in [home.key("root"), home.person_key(&person)] {
        let file = read_private(&path).unwrap();
        assert!(holds(&contents[1], &file));
        assert!(!holds(&contents[3], &file));
    }
}

/// Clause: I5
#[test]
fn an_opened_backup_holds_its_own_canary_and_none_of_a_partner_and_a_locked_one_shows_none() {
    let stage = Stage::new();
    stage.jp.import("own", &[object(1, 100)]);
    stage.jp.order(stage.jp.share(&[&id(1)]));
    stage.jp.sync();
    stage.us.sync();
    let folder = tempfile::tempdir().unwrap();
    let pair = lock();
    for (party, nation) in [(&stage.jp, "JPN"), (&stage.us, "USA")] {
        let file = |kind: &str| folder.path().join(format!("{nation}-{kind}"));
        let (locked, plain) = (file("locked"), file("plain"));
        back_up(party, &locked, Some(&pair)).unwrap();
        back_up(party, &plain, None).unwrap();
        let own = BTreeSet::from([nation.to_owned()]);
        for bytes in [opened(&locked, Some(&pair.1)), opened(&plain, None)] {
            assert_eq!(named_in(&bytes), own);
            assert!(
                holds(&bytes, id(1).as_bytes()),
                "what was shared is in both"
            );
        }
        assert!(named_in(&std::fs::read(&locked).unwrap()).is_empty());
    }
}

/// Clause: I5
#[test]
fn who_destroys_is_told_which_backups_still_hold_the_bytes_and_a_later_one_does_not() {
    let stage = Stage::new();
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| -> PathBuf { folder.path().join(name) };
    back_up(&stage.jp, &at("before"), None).unwrap();
    stage.jp.import("own", &[object(1, 3000)]);
    let content = object(1, 3000)["description"].as_str().unwrap().to_owned();
    let holding = back_up(&stage.jp, &at("holding"), None).unwrap();
    assert!(holds(&opened(&at("holding"), None), content.as_bytes()));
    let done = stage.jp.order(stage.jp.recall(&id(1), "destroy"));
    let paths = |rows: &[crate::command::BackupRow]| -> BTreeSet<String> {
        rows.iter().map(|row| row.path.clone()).collect()
    };
    let only = BTreeSet::from([at("holding").display().to_string()]);
    assert_eq!(paths(&done.backups), only);
    back_up(&stage.jp, &at("after"), None).unwrap();
    assert!(!holds(&opened(&at("after"), None), content.as_bytes()));
    let hash = stage.jp.rows(Command::List {
        kind: Some("campaign".to_owned()),
        state: None,
        source: None,
        limit: 10,
        after: None,
    })[0]["hash"]
        .as_str()
        .unwrap()
        .to_owned();
    let shown = |party: &Party| {
        let shown = party.ask(Command::Show { item: hash.clone() });
        let rows: Vec<crate::command::BackupRow> =
            serde_json::from_value(shown["backups"].clone()).unwrap();
        paths(&rows)
    };
    assert_eq!(shown(&stage.jp), only);
    assert!(stage.jp.lines("backup").iter().any(|line| {
        line["body"]["event"] == "holds"
            && line["body"]["backups"] == serde_json::json!([holding["id"]])
    }));
    let forget = || {
        stage.jp.try_ask(Command::BackupForget {
            backup: holding["id"].as_str().unwrap().to_owned(),
            person: "sato".to_owned(),
        })
    };
    assert_eq!(forget().unwrap_err().code, "backup.still_there");
    std::fs::remove_file(at("holding")).unwrap();
    forget().unwrap();
    assert_eq!(shown(&stage.jp), BTreeSet::new());
    stage.jp.verifies();
}

/// Clause: I5
#[test]
fn a_recall_that_comes_from_a_partner_names_the_backups_too() {
    let stage = Stage::new();
    stage.jp.import("own", &[object(1, 100)]);
    stage.jp.order(stage.jp.share(&[&id(1)]));
    stage.jp.sync();
    let folder = tempfile::tempdir().unwrap();
    back_up(&stage.us, &folder.path().join("us"), None).unwrap();
    let hash = stage.us.node.find_item(&id(1)).unwrap().hash;
    stage.jp.order(stage.jp.recall(&id(1), "destroy"));
    stage.jp.sync();
    assert_eq!(stage.us.state(&id(1)).as_deref(), Some("destroyed"));
    assert_eq!(stage.us.node.backups_holding(&hash).unwrap().len(), 1);
}

/// Clause: I5
#[test]
fn a_backup_taken_during_an_import_is_of_one_instant_and_holds_up_nothing() {
    let stage = Stage::new();
    let folder = tempfile::tempdir().unwrap();
    let objects: Vec<_> = (0..3000).map(|number| object(number, 200)).collect();
    let lines = std::thread::scope(|scope| {
        let import = scope.spawn(|| stage.jp.import("own", &objects));
        let mut lines = Vec::new();
        for number in 0.. {
            let file = folder.path().join(number.to_string());
            back_up(&stage.jp, &file, None).unwrap();
            lines.push(check(&file, None).unwrap());
            if import.is_finished() {
                break;
            }
        }
        lines
    });
    assert!(lines.is_sorted(), "{lines:?}");
    assert_eq!(stage.jp.admitted(), 3000);
    stage.jp.verifies();
}

#[test]
fn the_lock_of_a_backup_shows_nothing_of_its_key() {
    let lock = BackupLock {
        key: "ab".repeat(32),
        ..BackupLock {
            salt: "00".repeat(16),
            memory_kib: 64,
            passes: 1,
            key: String::new(),
        }
    };
    let command = Command::BackupMake {
        to: "/x".into(),
        person: "sato".into(),
        lock: Some(lock),
    };
    assert!(!format!("{command:?}").contains("abab"));
}
