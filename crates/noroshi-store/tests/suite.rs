//! One suite for the store, written against its doors only, so that another engine can run it.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use noroshi_gate::{
    Admission, AdmitContext, Admitted, Coalitions, MarkingTable, Rules, Threshold, Via,
};
use noroshi_model::json::Object;
use noroshi_model::ledger::{LedgerLine, LineKind};
use noroshi_model::link::Fate;
use noroshi_model::{Attribution, ItemHash, KeyId, Limits, NodeId, Role, Timestamp, Value, World};
use noroshi_seal::sign::SigningKey;
use noroshi_seal::tlog::Checkpoint;
use noroshi_store::{
    ItemState, Log, LogEntry, OpenError, Options, ReadError, Reader, RecordKind, Store,
    VerifyError, Viewer, WriteError,
};
use proptest::prelude::*;

#[path = "suite/records.rs"]
mod records;
#[path = "suite/views.rs"]
mod views;

fn open(folder: &std::path::Path) -> Store {
    Store::open(folder, &Options::default()).unwrap()
}

fn line(kind: LineKind) -> LedgerLine {
    LedgerLine {
        at: Timestamp::from_micros(5),
        kind,
        person: None,
        body: Object::new(),
    }
}

fn object(number: u32, modified: u32, name: &str) -> Object {
    Object::new()
        .with("type", "malware")
        .with("spec_version", "2.1")
        .with(
            "id",
            format!("malware--00000000-0000-4000-8000-{number:012x}"),
        )
        .with("created", "2026-01-01T00:00:00.000Z")
        .with(
            "modified",
            format!("2026-01-{:02}T00:00:00.000Z", modified + 1),
        )
        .with("is_family", true)
        .with("name", name)
}

fn judge(object: Object) -> Admission {
    let (valid, _) = noroshi_formats::check(Value::Object(object), &Limits::DEFAULT).unwrap();
    let rules = Rules {
        me: NodeId::from_bytes([1; 32]),
        my_nation: "JPN".parse().unwrap(),
        world: World::Operational,
        coalitions: Coalitions::default(),
        second_person_above: Threshold::default(),
        derivations: noroshi_gate::Derivations::default(),
    };
    let context = AdmitContext {
        rules: &rules,
        world: World::Operational,
        via: Via::Import { own: true },
        previous: None,
        agreements: &[],
        now: Timestamp::from_micros(0),
        grants: &[],
    };
    let marked = noroshi_gate::mark(
        valid,
        &[],
        &MarkingTable::builtin(),
        &noroshi_gate::Scope::Own,
    );
    noroshi_gate::admit(marked, &context)
}

fn admitted(number: u32, modified: u32, name: &str) -> (Admitted, Attribution) {
    let clear = "marking-definition--94868c89-83c2-464b-929b-a1a8aa3c8487";
    let marked = object(number, modified, name).with("object_marking_refs", vec![clear]);
    let Admission::Admitted(admitted) = judge(marked) else {
        panic!("held")
    };
    let attribution = Attribution {
        role: Role::Originator,
        node: NodeId::from_bytes([1; 32]),
        key: KeyId::from_bytes([2; 32]),
        assigned: Vec::new(),
        signature: [3; 64],
    };
    (admitted, attribution)
}

fn put(store: &Store, number: u32, modified: u32, name: &str) -> ItemHash {
    let (item, by) = admitted(number, modified, name);
    let admitted_line = line(LineKind::Admitted);
    store
        .write(|tx| tx.admit(&item, &by, "test", &admitted_line))
        .map_err(|error: WriteError| error)
        .unwrap();
    item.marked().hash()
}

/// A frozen store, put into a folder.
fn unpack(packed: &[u8], folder: &std::path::Path) {
    use std::os::unix::fs::PermissionsExt;
    let mut file = std::fs::File::create(folder.join("noroshi.db")).unwrap();
    file.set_permissions(std::fs::Permissions::from_mode(0o600))
        .unwrap();
    zstd::stream::copy_decode(packed, &mut file).unwrap();
}

/// Every byte of every file of the store.
fn everything(folder: &std::path::Path) -> Vec<u8> {
    let files = std::fs::read_dir(folder).unwrap().flatten();
    files
        .flat_map(|file| std::fs::read(file.path()).unwrap_or_default())
        .collect()
}

fn holds(bytes: &[u8], text: &str) -> bool {
    bytes
        .windows(text.len())
        .any(|window| window == text.as_bytes())
}

#[test]
fn a_second_process_is_refused_and_told_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let _first = open(folder.path());
    let second = Store::open(folder.path(), &Options::default());
    let Err(error @ OpenError::Locked { .. }) = second else {
        panic!("two opened one store")
    };
    assert!(error.to_string().contains("another process has the store"));
}

#[test]
fn a_file_that_others_may_read_is_refused_with_the_command_that_closes_it() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("store");
    let store = open(&place);
    put(&store, 1, 0, "x");
    let mode = |path: &std::path::Path| {
        let meta = std::fs::metadata(path).unwrap();
        meta.permissions().mode() & 0o777
    };
    let files = ["noroshi.db", "noroshi.db-wal", "noroshi.db-shm", "lock"];
    for name in files {
        assert_eq!(mode(&place.join(name)), 0o600, "{name}");
    }
    assert_eq!(mode(&place), 0o700);
    // As a process that dies leaves them.
    let left = tempfile::tempdir().unwrap();
    for name in &files[..3] {
        std::fs::copy(place.join(name), left.path().join(name)).unwrap();
    }
    for (name, wide) in [
        ("noroshi.db", 0o640),
        ("noroshi.db-wal", 0o604),
        ("noroshi.db-shm", 0o620),
    ] {
        let path = left.path().join(name);
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(wide)).unwrap();
        let Err(error @ OpenError::Exposed { .. }) = Store::open(left.path(), &Options::default())
        else {
            panic!("{name} of mode {wide:o} was taken")
        };
        let command = format!("chmod 600 {}", path.display());
        assert!(error.to_string().contains(&command), "{error}");
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
    }
    open(left.path());
    // Files of versions that made them open are closed as they are migrated.
    let old = tempfile::tempdir().unwrap();
    let path = old.path().join("noroshi.db");
    unpack(include_bytes!("../test-data/store-v3.db.zst"), old.path());
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
    open(old.path()).close().unwrap();
    assert_eq!(mode(&path), 0o600);
}

#[test]
fn a_failed_transaction_leaves_rows_ledger_and_tree_as_they_were() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    put(&store, 1, 0, "kept");
    let before = store.read(&Viewer::node()).unwrap().ledger_root().unwrap();
    let (item, by) = admitted(2, 0, "lost");
    let outcome: Result<(), WriteError> = store.write(|tx| {
        tx.admit(&item, &by, "test", &line(LineKind::Admitted))?;
        tx.put(RecordKind::Meta, b"k", b"v")?;
        Err(WriteError::Refused("on purpose"))
    });
    assert!(outcome.is_err());
    let reader = store.read(&Viewer::node()).unwrap();
    assert_eq!(reader.ledger_root().unwrap(), before);
    assert!(reader.item(&item.marked().hash()).unwrap().is_none());
    assert_eq!(reader.record(RecordKind::Meta, b"k").unwrap(), None);
    put(&store, 3, 0, "after");
    store
        .read(&Viewer::node())
        .unwrap()
        .verify_ledger(&mut |_| {})
        .unwrap();
}

/// Clause: I5
#[test]
fn a_ledger_line_that_could_not_be_read_or_exported_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let bodies = [
        Object::new().with("why", "x".repeat(60_000)),
        Object::new().with("number", Value::Int(1 << 53)),
        Object::new().with("why", "a\0b"),
    ];
    for body in bodies {
        let line = LedgerLine {
            body,
            ..line(LineKind::Alarm)
        };
        let outcome = store.write(|tx| tx.append(&line));
        assert!(matches!(outcome, Err(WriteError::Refused(_))));
    }
    let long = LedgerLine {
        body: Object::new().with("why", "x".repeat(59_000)),
        ..line(LineKind::Alarm)
    };
    store
        .write(|tx| tx.append(&long))
        .map_err(|error: WriteError| error)
        .unwrap();
    let reader = store.read(&Viewer::node()).unwrap();
    assert_eq!(reader.verify_ledger(&mut |_| {}).unwrap().size, 1);
}

/// Clause: I5
#[test]
fn what_is_destroyed_is_in_no_file_of_the_store_any_more() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let canary = "canary-destroyed-5T7";
    let hash = put(&store, 1, 0, canary);
    put(&store, 2, 0, "stays");
    assert!(
        holds(&everything(folder.path()), canary),
        "the control finds it before"
    );
    assert_eq!(
        store
            .read(&Viewer::node())
            .unwrap()
            .search(canary, 5)
            .unwrap()
            .len(),
        1
    );
    store
        .write(|tx| tx.destroy(&hash))
        .map_err(|error: WriteError| error)
        .unwrap();
    store.scrub().unwrap();
    let left = everything(folder.path());
    assert!(!holds(&left, canary));
    assert!(
        !holds(&left, "destroyed-5T7") && !holds(&left, "5t7"),
        "nor in the full text"
    );
    let reader = store.read(&Viewer::node()).unwrap();
    let tombstone = reader.item(&hash).unwrap().unwrap();
    assert_eq!(
        (tombstone.state, tombstone.canonical.clone()),
        (ItemState::Destroyed, None)
    );
    assert!(reader.search(canary, 5).unwrap().is_empty());
    assert_eq!(reader.search("stays", 5).unwrap().len(), 1);
}

fn destroy(store: &Store, hash: &ItemHash) {
    store
        .write(|tx| tx.destroy(hash))
        .map_err(|error: WriteError| error)
        .unwrap();
}

/// Clause: I5
#[test]
fn a_process_that_dies_after_a_destroy_leaves_no_erased_byte_to_the_next() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let canary = "canary-destroyed-8Q2";
    let hash = put(&store, 1, 0, canary);
    destroy(&store, &hash);
    assert!(store.owes_scrub());
    // The files as a process that dies here leaves them.
    let left = tempfile::tempdir().unwrap();
    for name in ["noroshi.db", "noroshi.db-wal"] {
        std::fs::copy(folder.path().join(name), left.path().join(name)).unwrap();
    }
    assert!(holds(&everything(left.path()), canary), "the control");
    let next = open(left.path());
    assert!(!holds(&everything(left.path()), canary));
    assert!(!next.owes_scrub());
}

/// Clause: I5
#[test]
fn a_reader_that_holds_old_pages_keeps_a_destroy_owed_until_it_ends() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let canary = "canary-destroyed-3R9";
    let hash = put(&store, 1, 0, canary);
    let reader = rusqlite::Connection::open(folder.path().join("noroshi.db")).unwrap();
    reader.execute_batch("BEGIN").unwrap();
    let count = |row: &rusqlite::Row<'_>| row.get::<_, i64>(0);
    let seen = reader.query_row("SELECT count(*) FROM item", [], count);
    assert_eq!(seen, Ok(1));
    destroy(&store, &hash);
    assert!(store.scrub().is_err() && store.owes_scrub());
    reader.execute_batch("COMMIT").unwrap();
    store.scrub().unwrap();
    assert!(!store.owes_scrub());
    assert!(!holds(&everything(folder.path()), canary));
}

/// Clause: I1
#[test]
fn japanese_words_of_two_characters_are_found() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    put(&store, 1, 0, "重要施設への侵入を狙う標的型攻撃");
    put(&store, 2, 0, "Emotet loader at evil.example.com");
    let reader = store.read(&Viewer::local_user()).unwrap();
    let found = |words: &str| reader.search(words, 5).unwrap().len();
    for words in [
        "侵入",
        "標的型",
        "攻撃 施設",
        "emotet",
        "evil.example.com",
        "Emo",
        "ｅｍｏｔｅｔ",
        "重",
        "入",
        "撃",
        "標的型攻",
        "攻撃 重要施",
        "load",
        "loader ev",
    ] {
        assert_eq!(found(words), 1, "{words}");
    }
    assert_eq!(found("侵攻"), 0);
    assert_eq!(found("撃攻"), 0);
    assert!(reader.search("  ", 5).is_err());
}

/// Clause: I1
#[test]
fn kana_of_any_width_and_form_are_one_word() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    put(&store, 1, 0, "サイバー・セキュリティの対策");
    put(&store, 2, 0, "ｻｲﾊﾞｰ攻撃（ＡＰＴ２９）");
    put(&store, 3, 0, "サイハ\u{3099}ー");
    let reader = store.read(&Viewer::local_user()).unwrap();
    let found = |words: &str| reader.search(words, 5).unwrap().len();
    for words in ["サイバー", "ｻｲﾊﾞｰ", "サイハ\u{3099}ー", "サイ", "ﾊﾞ"] {
        assert_eq!(found(words), 3, "{words}");
    }
    assert_eq!(
        (found("apt29"), found("ＡＰＴ"), found("セキュリティ　対")),
        (1, 1, 1)
    );
}

/// Words in an index are taken out as they were put in: an index of other words is built anew.
#[test]
fn a_full_text_of_another_way_of_cutting_words_is_built_anew_at_the_start() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let first = put(&store, 1, 0, "特定秘密");
    for number in 2..2_100 {
        put(&store, number, 0, &format!("ｻｲﾊﾞｰ {number}"));
    }
    store.close().unwrap();
    let raw = || {
        let raw = rusqlite::Connection::open(folder.path().join("noroshi.db")).unwrap();
        noroshi_store::teach(&raw).unwrap();
        raw
    };
    let empty = "INSERT INTO item_text (item_text) VALUES ('delete-all');";
    // As the program before left it: other words, and no number beside them.
    raw()
        .execute_batch(&format!(
            "{empty} INSERT INTO item_text (rowid, text) VALUES (1, '特定 定秘 秘密');
         DELETE FROM record WHERE kind = 0 AND key = CAST('text' AS BLOB);"
        ))
        .unwrap();
    let mut told = Vec::new();
    let options = Options::default();
    let mut tell = |done, total| told.push((done, total));
    let store = Store::open_telling(folder.path(), &options, &mut tell).unwrap();
    assert_eq!(told.first(), Some(&(2_000, 2_099)));
    assert_eq!(told.last(), Some(&(2_099, 2_099)));
    let found = |store: &Store, words: &str| {
        let reader = store.read(&Viewer::local_user()).unwrap();
        reader.search(words, 5_000).unwrap().len()
    };
    assert_eq!((found(&store, "密"), found(&store, "サイバー")), (1, 2_098));
    destroy(&store, &first);
    assert_eq!(found(&store, "密"), 0);
    store.close().unwrap();
    // Stopped in between, it goes on where it was.
    raw()
        .execute_batch(&format!(
            "{empty} UPDATE record SET value = x'01020000000000000832'
         WHERE kind = 0 AND key = CAST('text' AS BLOB);"
        ))
        .unwrap();
    let store = open(folder.path());
    assert_eq!(found(&store, "サイバー"), 2_099 - 0x832);
    // What is lost from it is seen, and comes back.
    let missing = || {
        let reader = store.read(&Viewer::node()).unwrap();
        let sample = reader.text_sample(50).unwrap();
        assert_eq!(sample.looked_up, 50);
        sample.missing
    };
    assert_eq!(missing(), 49);
    assert_eq!(store.rebuild_text(&mut |_, _| {}).unwrap(), 2_098);
    assert_eq!((found(&store, "サイバー"), missing()), (2_098, 0));
    store.close().unwrap();
    // Whatever the disk did to its own rows.
    let path = folder.path().join("noroshi.db");
    for (table, column) in [
        ("item_text_config", "v"),
        ("item_text_data", "block"),
        ("text_block_sum", "sum"),
        ("item_text_idx", "pgno"),
    ] {
        assert!(change_past_the_sum(&path, table, column));
        let store = open(folder.path());
        let reader = store.read(&Viewer::node()).unwrap();
        let told = reader.verify_rows();
        assert!(matches!(told, Err(ReadError::FullText)), "{table}");
        drop(reader);
        store.rebuild_text(&mut |_, _| {}).unwrap();
        assert_eq!(found(&store, "サイバー"), 2_098);
        let reader = store.read(&Viewer::node()).unwrap();
        reader.verify_structure().unwrap();
        drop(reader);
        store.close().unwrap();
    }
}

/// Clause: I5
#[test]
fn any_changed_bit_of_the_ledger_is_found_from_genesis() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    for number in 0..600 {
        put(&store, number, 0, "x");
    }
    store.close().map_err(|error| error.to_string()).unwrap();
    let verify = || {
        let store = open(folder.path());
        let outcome = store
            .read(&Viewer::node())
            .unwrap()
            .verify_ledger(&mut |_| {})
            .is_ok();
        store.close().unwrap();
        outcome
    };
    assert!(verify());
    let change = |sql: &str| {
        let connection = rusqlite::Connection::open(folder.path().join("noroshi.db")).unwrap();
        assert!(connection.execute(sql, []).unwrap() > 0, "{sql}");
    };
    let faults = [
        (
            "UPDATE ledger SET leaf = leaf || ' ' WHERE idx = 300",
            "UPDATE ledger SET leaf = substr(leaf, 1, length(leaf) - 1) WHERE idx = 300",
        ),
        (
            "UPDATE tile SET hashes = x'00' || substr(hashes, 2) WHERE level = 0 AND idx = 1 AND substr(hashes, 1, 1) <> x'00'",
            "",
        ),
    ];
    let (change_leaf, change_back) = faults[0];
    change(change_leaf);
    assert!(!verify(), "a changed leaf");
    // The text was made longer as text; put back as the bytes it was.
    change(change_back);
    change("UPDATE ledger SET leaf = CAST(leaf AS BLOB) WHERE idx = 300");
    assert!(verify());
    change(faults[1].0);
    assert!(!verify(), "a changed tile");
}

/// A checkpoint of some log, signed by some key: who signed is not the store's question.
fn note(size: u64, root: [u8; 32]) -> String {
    let key = SigningKey::from_seed(&[7; 32]);
    let checkpoint = Checkpoint {
        origin: "noroshi/test/ledger".to_owned(),
        size,
        root,
    };
    checkpoint.sign("noroshi/test/ledger", &key.public(), &key)
}

fn keep(store: &Store, size: u64, note: &str) -> Result<(), WriteError> {
    store.write(|tx| tx.checkpoint_put(size, note))
}

/// Clause: I5
#[test]
fn a_ledger_rewritten_whole_does_not_continue_the_checkpoints_kept_of_it() {
    let written = |folder: &std::path::Path, changed: Option<u32>| {
        let store = open(folder);
        let mut roots = Vec::new();
        for number in 0..600 {
            let body = Object::new().with("x", changed == Some(number));
            let mut line = line(LineKind::Alarm);
            line.body = body;
            store
                .write(|tx| tx.append(&line))
                .map_err(|error: WriteError| error)
                .unwrap();
            roots.push(store.read(&Viewer::node()).unwrap().ledger_root().unwrap());
        }
        (store, roots)
    };
    let verified = |store: &Store| {
        let reader = store.read(&Viewer::node()).unwrap();
        reader.verify_ledger(&mut |_| {})
    };
    let contradicted = |store: &Store| match verified(store) {
        Err(VerifyError::Checkpoint { size, .. }) => Some(size),
        _ => None,
    };
    let folders = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let (honest, roots) = written(folders[0].path(), None);
    // Lines, tiles and edges of the second are as consistent as those of the first.
    let (rewritten, _) = written(folders[1].path(), Some(400));
    assert!(verified(&rewritten).is_ok());
    for at in [0, 299, 399, 511, 599] {
        let (size, root) = roots[at];
        keep(&honest, size, &note(size, root)).unwrap();
        keep(&rewritten, size, &note(size, root)).unwrap();
    }
    assert_eq!(verified(&honest).unwrap().checkpoints, 5);
    assert_eq!(
        contradicted(&rewritten),
        Some(512),
        "the first behind line 400"
    );
    // What was signed is not replaced, and nothing says more than there is.
    let other = note(512, rewritten_root(&rewritten));
    assert!(matches!(
        keep(&honest, 512, &other),
        Err(WriteError::Damaged(_))
    ));
    keep(&honest, 601, &note(601, [1; 32])).unwrap();
    assert_eq!(contradicted(&honest), Some(601));
}

fn rewritten_root(store: &Store) -> [u8; 32] {
    let reader = store.read(&Viewer::node()).unwrap();
    noroshi_seal::merkle::root_at(&reader.ledger_tiles(), 512).unwrap()
}

/// Clause: I5
#[test]
fn a_mirror_does_not_part_from_the_checkpoints_its_owner_signed() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let peer = NodeId::from_bytes([9; 32]);
    let mirror = |tx: &mut noroshi_store::Tx<'_>| {
        let mut roots = Vec::new();
        for number in 0..300 {
            tx.mirror_put(&peer, number, Err([number as u8; 32]), None)?;
            roots.push(tx.mirror_root(&peer)?);
        }
        // The tree at every earlier size, while its edge is not written yet.
        for (size, root) in &roots {
            assert_eq!(tx.mirror_root_at(&peer, *size)?, Some(*root), "{size}");
        }
        assert_eq!(tx.mirror_root_at(&peer, 301)?, None);
        let (size, root) = roots[254];
        tx.mirror_checkpoint_put(&peer, size, &note(size, root))?;
        Ok::<_, WriteError>(())
    };
    store.write(mirror).unwrap();
    let verified = || {
        let reader = store.read(&Viewer::node()).unwrap();
        reader.verify_mirror(&peer, &mut |_| {})
    };
    assert_eq!(verified().unwrap().checkpoints, 1);
    let lie =
        |tx: &mut noroshi_store::Tx<'_>| tx.mirror_checkpoint_put(&peer, 256, &note(256, [0; 32]));
    store.write(lie).unwrap();
    assert!(matches!(
        verified(),
        Err(VerifyError::Checkpoint { size: 256, .. })
    ));
}

#[test]
fn a_log_number_out_of_order_is_refused() {
    use noroshi_model::link::{EntryKind, LogLeaf, Precedence};
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let peer = NodeId::from_bytes([9; 32]);
    let leaf = |number| LogLeaf {
        number,
        kind: EntryKind::Document,
        at: Timestamp::from_micros(1),
        precedence: Precedence::Routine,
        digest: noroshi_model::Digest::of(b"x"),
        salt: [0; 16],
    };
    let append = |number| {
        let payload = noroshi_store::LogPayload::Bytes(b"x".to_vec());
        store.write(|tx| tx.log_append(&peer, &leaf(number), &payload))
    };
    assert!(append(1).is_err());
    append(0).unwrap();
    assert!(append(0).is_err());
    append(1).unwrap();
    let reader = store.read(&Viewer::node()).unwrap();
    assert_eq!(reader.log_waiting(&peer).unwrap(), 2);
    assert_eq!(reader.verify_log(&peer, &mut |_| {}).unwrap().size, 2);
}

#[test]
fn a_full_disk_is_an_error_and_loses_nothing_that_was_committed() {
    let folder = tempfile::tempdir().unwrap();
    let options = Options {
        pages_max: Some(80),
        ..Options::default()
    };
    let store = Store::open(folder.path(), &options).unwrap();
    let mut kept = Vec::new();
    for number in 0..2000 {
        let (item, by) = admitted(number, 0, &"long name ".repeat(20));
        let admitted_line = line(LineKind::Admitted);
        let outcome: Result<_, WriteError> =
            store.write(|tx| tx.admit(&item, &by, "test", &admitted_line));
        match outcome {
            Ok(_) => kept.push(item.marked().hash()),
            Err(error) => {
                assert!(matches!(error, WriteError::Database(_)), "{error}");
                break;
            }
        }
    }
    assert!(!kept.is_empty() && kept.len() < 2000);
    drop(store);
    let store = open(folder.path());
    let reader = store.read(&Viewer::node()).unwrap();
    for hash in &kept {
        assert!(reader.item(hash).unwrap().is_some());
    }
    assert_eq!(
        reader.verify_ledger(&mut |_| {}).unwrap().size,
        kept.len() as u64
    );
}

/// Clause: I5
#[test]
fn a_snapshot_is_of_one_instant_and_a_destroy_meanwhile_leaves_no_byte_in_the_store() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    for number in 0..200 {
        put(&store, number, 0, &"some text ".repeat(20));
    }
    let gone = put(&store, 1000, 0, "a secret nobody should keep");
    let before = store.read(&Viewer::node()).unwrap().ledger_root().unwrap();
    let mut told = 0;
    let snapshot = store
        .snapshot(&mut |_, _| {
            if told == 0 {
                put(&store, 2000, 0, "after the instant");
                store.write(|tx| tx.destroy(&gone)).unwrap();
                store.scrub().unwrap();
            }
            told += 1;
            true
        })
        .unwrap();
    assert!(told > 0);
    assert_eq!((snapshot.ledger_size, snapshot.ledger_root), before);
    let copied = std::fs::read(&snapshot.path).unwrap();
    assert!(holds(&copied, "a secret nobody") && !holds(&copied, "after the instant"));
    drop(snapshot);
    let kept = everything(folder.path());
    assert!(holds(&kept, "after the instant") && !holds(&kept, "a secret nobody"));
    let called_off = store.snapshot(&mut |_, _| false);
    assert!(called_off.is_err());
    assert!(!folder.path().join("snapshot.db").exists());
    std::fs::write(folder.path().join("snapshot.db"), b"left over").unwrap();
    drop(store);
    let _store = open(folder.path());
    assert!(!folder.path().join("snapshot.db").exists());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn the_order_in_which_versions_come_changes_nothing(
        mut versions in prop::collection::vec((0_u32..3, 0_u32..4), 1..10),
    ) {
        let current = |versions: &[(u32, u32)]| {
            let folder = tempfile::tempdir().unwrap();
            let store = open(folder.path());
            for (number, modified) in versions {
                put(&store, *number, *modified, "x");
                put(&store, *number, *modified, "x");
            }
            let reader = store.read(&Viewer::node()).unwrap();
            let filter = noroshi_store::Filter { current_only: true, ..Default::default() };
            let mut rows: Vec<_> = reader.page(0, 100, &filter).unwrap().into_iter().map(|r| r.hash).collect();
            rows.sort();
            rows
        };
        let forward = current(&versions);
        versions.reverse();
        prop_assert_eq!(forward, current(&versions));
    }
}

/// Clause: I5
#[test]
fn a_store_of_every_version_ever_written_opens_verifies_and_shows_what_was_put_in() {
    let frozen: [(&[u8], u64, u64); 4] = [
        (include_bytes!("../test-data/store-v1.db.zst"), 4, 1),
        (include_bytes!("../test-data/store-v2.db.zst"), 3, 0),
        (include_bytes!("../test-data/store-v3.db.zst"), 3, 1),
        (include_bytes!("../test-data/store-v4.db.zst"), 4, 1),
    ];
    for (version, (packed, admitted, held)) in (1..).zip(frozen) {
        let folder = tempfile::tempdir().unwrap();
        unpack(packed, folder.path());
        let store = open(folder.path());
        let reader = store.read(&Viewer::node()).unwrap();
        let counts = reader.counts().unwrap();
        let count = |state| {
            let found = counts.iter().find(|(known, _)| *known == state);
            found.map_or(0, |(_, count)| *count)
        };
        assert_eq!(
            (count(ItemState::Admitted), count(ItemState::Held)),
            (admitted, held),
            "version {version}"
        );
        let sample = reader.text_sample(50).unwrap();
        assert_eq!((sample.looked_up, sample.missing), (admitted, 0));
        let lines = reader.verify_ledger(&mut |_| {}).unwrap().size;
        assert!(lines >= admitted + held);
        reader.verify_structure().unwrap();
        let peer = NodeId::from_bytes([9; 32]);
        let entries = reader.log_entries(&peer, 0, 10).unwrap();
        if version < 3 {
            // Of what waited for a partner nobody knows whether it had been framed.
            assert!(entries.iter().all(|entry| entry.sent));
        }
        if version == 2 {
            let states: Vec<_> = entries.iter().map(|e| (e.delivered, e.void)).collect();
            assert_eq!(states, [(true, false), (false, true), (false, false)]);
            assert_eq!(reader.verify_log(&peer, &mut |_| {}).unwrap().size, 3);
        }
        if version == 3 {
            of_version_three(&reader, &entries, &peer);
        }
        if version == 4 {
            drop(reader);
            views::of_version_four(&store, &peer);
        }
    }
}

/// Everything that was put into the store of version 3, rows of every table that has sums since.
fn of_version_three(reader: &Reader<'_>, entries: &[LogEntry], peer: &NodeId) {
    let sent: Vec<_> = entries
        .iter()
        .map(|e| (e.sent, e.delivered, e.fate))
        .collect();
    let waits = (false, false, None);
    assert_eq!(sent, [(true, true, Some(Fate::Admitted)), waits, waits]);
    let mirror = reader.mirror_entries(peer, 0, 10).unwrap();
    assert_eq!(mirror.iter().map(|m| m.0).collect::<Vec<_>>(), [0, 2]);
    for (kind, key, value) in [
        (RecordKind::Profile, &b"kev"[..], &b"a profile"[..]),
        (RecordKind::Rule, b"rule", b"a rule"),
    ] {
        assert_eq!(reader.record(kind, key).unwrap().as_deref(), Some(value));
    }
    let checkpoint = reader.newest_checkpoint(Log::Ledger).unwrap();
    let (size, note) = checkpoint.unwrap();
    assert!(size == 5 && note.starts_with("noroshi/1/ledger\n5\n"));
    let checkpoint = reader.newest_checkpoint(Log::For(peer)).unwrap();
    let (size, note) = checkpoint.unwrap();
    assert!(size == 3 && note.starts_with("noroshi/1/log\n3\n"));
    assert_eq!(reader.search("標的", 5).unwrap().len(), 2);
    let filter = noroshi_store::Filter {
        current_only: true,
        state: Some("admitted".to_owned()),
        ..Default::default()
    };
    let current = reader.page(0, 10, &filter).unwrap();
    let titles: Vec<_> = current.iter().map(|row| row.title.as_str()).collect();
    assert_eq!(titles, ["second version, 標的型攻撃", "Emotet loader"]);
    let gone = object(3, 0, "").str("id").unwrap().parse().unwrap();
    let tombstones = reader.by_stix_id(&gone).unwrap();
    assert_eq!(tombstones.len(), 1);
    assert_eq!(tombstones[0].state, ItemState::Destroyed);
}

/// Clause: I5
#[test]
fn a_changed_value_in_any_column_of_any_table_is_noticed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("noroshi.db");
    unpack(
        include_bytes!("../test-data/store-v3.db.zst"),
        folder.path(),
    );
    open(folder.path()).close().unwrap();
    let whole = std::fs::read(&path).unwrap();
    let noticed = || {
        let store = open(folder.path());
        let reader = store.read(&Viewer::node()).unwrap();
        let peer = NodeId::from_bytes([9; 32]);
        let noticed = reader.verify_structure().is_err()
            || reader.verify_ledger(&mut |_| {}).is_err()
            || reader.verify_log(&peer, &mut |_| {}).is_err()
            || reader.verify_mirror(&peer, &mut |_| {}).is_err();
        drop(reader);
        drop(store);
        noticed
    };
    assert!(!noticed(), "the control");
    let mut tried = 0;
    for (table, column) in summed(&path) {
        std::fs::write(&path, &whole).unwrap();
        if change_past_the_sum(&path, &table, &column) {
            tried += 1;
            assert!(noticed(), "{table}.{column}");
        }
    }
    assert!(tried > 45, "only {tried} columns");
}

/// Every column of every table that has sums, but those that indexes repeat: a bit that changes
/// there changes the row or the index, not both, and the engine's own check finds it.
fn summed(path: &std::path::Path) -> Vec<(String, String)> {
    let connection = rusqlite::Connection::open(path).unwrap();
    let mut statement = connection
        .prepare(
            "SELECT t.name, c.name FROM sqlite_schema t, pragma_table_info(t.name) c
             WHERE t.type = 'table' AND (t.sql LIKE '%row_sum%'
               OR t.name IN ('item_text_data', 'text_block_sum'))
             AND c.name NOT IN ('seq', 'number', 'hash_key', 'id_key')",
        )
        .unwrap();
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)));
    rows.unwrap().collect::<Result<_, _>>().unwrap()
}

/// Change the column in one row, and leave the row's sum as it was, as the disk would.
fn change_past_the_sum(path: &std::path::Path, table: &str, column: &str) -> bool {
    use rusqlite::functions::FunctionFlags;
    let connection = rusqlite::Connection::open(path).unwrap();
    let generated = "SELECT count(*) FROM pragma_table_xinfo(?1) WHERE name = 'sum' AND hidden > 0";
    let has_sum: bool = connection
        .query_row(generated, [table], |row| row.get(0))
        .unwrap();
    let mut which = String::new();
    if has_sum {
        let sql = format!("SELECT sum FROM {table} WHERE {column} IS NOT NULL LIMIT 1");
        let Ok(sum) = connection.query_row(&sql, [], |row| row.get::<_, i64>(0)) else {
            return false;
        };
        let flags = FunctionFlags::SQLITE_INNOCUOUS | FunctionFlags::SQLITE_DETERMINISTIC;
        connection
            .create_scalar_function("row_sum", -1, flags, move |_| Ok(sum))
            .unwrap();
        which = format!("WHERE sum = {sum}");
    }
    let sql = format!(
        "UPDATE OR IGNORE {table} SET {column} = CASE typeof({column})
           WHEN 'integer' THEN {column} + 1 WHEN 'text' THEN {column} || 'x'
           ELSE CAST({column} || x'00' AS BLOB) END {which}"
    );
    connection.execute(&sql, []).unwrap() > 0
}

/// Attack class 3 (CVE-2020-14969, CVE-2019-9482 of MISP): what may not be seen was told by a
/// search, a count, a completion or the cursor of a page.
///
/// Clause: I6
#[test]
fn what_is_held_shows_in_no_search_count_prefix_or_page_of_who_may_not_see_it() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    put(&store, 1, 0, "plain");
    let Admission::Held(held) = judge(object(2, 0, "canary-held")) else {
        panic!("an object without a marking is held")
    };
    let hash = held.marked().hash();
    let id = held.marked().valid().head().id.clone();
    store
        .write(|tx| tx.hold(&held, None, "test", &line(LineKind::Held)))
        .map_err(|error: WriteError| error)
        .unwrap();
    put(&store, 3, 0, "after it");
    let seen = |viewer: &Viewer| {
        let reader = store.read(viewer).unwrap();
        let page = reader
            .page(0, 10, &noroshi_store::Filter::default())
            .unwrap();
        let counts = reader.counts().unwrap();
        (
            reader.item(&hash).unwrap().is_some(),
            reader.item_at(2).unwrap().is_some(),
            reader.by_stix_id(&id).unwrap().len(),
            reader
                .by_hash_prefix(&hash.to_string()[..8], 5)
                .unwrap()
                .len(),
            reader.search("canary", 5).unwrap().len(),
            counts.iter().any(|(state, _)| *state == ItemState::Held),
            page.iter().filter(|row| row.hash == hash).count(),
            reader.held(0, 10).unwrap().len(),
        )
    };
    let nothing = (false, false, 0, 0, 0, false, 0, 0);
    assert_eq!(seen(&Viewer::local_user()), nothing);
    // The control: its officer sees it, but in the search, which is of what was admitted.
    let officer = Viewer::quarantine_officer("sato".parse().unwrap());
    assert_eq!(seen(&officer), (true, true, 1, 1, 0, true, 1, 1));
}
