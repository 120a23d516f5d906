//! Logs that are read page by page: what is in a view, and in which order it is given.

use std::collections::BTreeSet;

use noroshi_model::StixId;
use noroshi_model::link::{EntryKind, LogLeaf, Precedence};
use noroshi_store::{LogPayload, Tx, Versions, ViewEntry};

use super::*;

/// Whose log is read page by page.
fn viewer() -> NodeId {
    NodeId::from_bytes([9; 32])
}

/// An object of another type than [`object`] makes.
fn domain(number: u32) -> Admitted {
    let clear = "marking-definition--94868c89-83c2-464b-929b-a1a8aa3c8487";
    let domain = Object::new()
        .with("type", "domain-name")
        .with("spec_version", "2.1")
        .with(
            "id",
            format!("domain-name--00000000-0000-4000-8000-{number:012x}"),
        )
        .with("value", format!("h{number}.example.com"))
        .with("object_marking_refs", vec![clear]);
    let Admission::Admitted(domain) = judge(domain) else {
        panic!("held")
    };
    domain
}

fn put_domain(store: &Store, number: u32) -> ItemHash {
    let (item, (_, by)) = (domain(number), admitted(1, 0, "x"));
    store
        .write(|tx| tx.admit(&item, &by, "feed", &line(LineKind::Admitted)))
        .map_err(|error: WriteError| error)
        .unwrap();
    item.marked().hash()
}

/// The time of the entry with that number.
fn at(number: u64) -> Timestamp {
    Timestamp::from_micros(1_000_000 + 10 * number.cast_signed())
}

fn release(tx: &mut Tx<'_>, item: &ItemHash) -> Result<(), WriteError> {
    let number = tx.log_size(&viewer())?;
    let leaf = LogLeaf {
        number,
        kind: EntryKind::Release,
        at: at(number),
        precedence: Precedence::Routine,
        digest: item.0,
        salt: [0; 16],
    };
    let payload = LogPayload::Item {
        seq: tx.seq_of(item)?.unwrap(),
        rendition: *item,
        act: None,
        reduced: false,
    };
    tx.log_append(&viewer(), &leaf, &payload)
}

fn written(store: &Store, work: impl FnOnce(&mut Tx<'_>) -> Result<(), WriteError>) {
    store.write(work).unwrap();
}

fn numbers(reader: &Reader<'_>, from: u64, types: &[&str]) -> Vec<u64> {
    let types: BTreeSet<&str> = types.iter().copied().collect();
    let mut seen = Vec::new();
    let mut one = |entry: ViewEntry<'_>| -> Result<bool, ReadError> {
        assert_eq!(entry.at, at(entry.number));
        seen.push(entry.number);
        Ok(true)
    };
    reader.view(&viewer(), from, &types, &mut one).unwrap();
    seen
}

fn of(reader: &Reader<'_>, id: &str, versions: Versions) -> Vec<u64> {
    let id: StixId = id.parse().unwrap();
    let mut seen = Vec::new();
    let mut one = |entry: ViewEntry<'_>| -> Result<bool, ReadError> {
        seen.push(entry.number);
        Ok(true)
    };
    reader.view_of(&viewer(), &id, versions, &mut one).unwrap();
    seen
}

/// Nothing where nobody reads the log so; what may still be served once somebody does.
pub(super) fn of_version_four(store: &Store, peer: &NodeId) {
    let shown = || {
        let reader = store.read(&Viewer::node()).unwrap();
        let mut seen = Vec::new();
        let mut one = |entry: ViewEntry<'_>| -> Result<bool, ReadError> {
            let kind = entry.id.split_once("--").unwrap().0.to_owned();
            seen.push((entry.number, entry.at.micros(), kind, entry.reduced));
            Ok(true)
        };
        reader.view(peer, 0, &BTreeSet::new(), &mut one).unwrap();
        seen
    };
    assert_eq!(shown(), []);
    for _ in 0..2 {
        written(store, |tx| tx.log_open_view(peer));
    }
    let entry = |number: u64, kind: &str, reduced| {
        let at = 1_700_000_000_000_000 + number.cast_signed() * 7;
        (number, at, kind.to_owned(), reduced)
    };
    // The second was voided, the fourth destroyed; behind them a document and a recall.
    let left = [
        entry(0, "malware", false),
        entry(2, "malware", false),
        entry(4, "domain-name", true),
    ];
    assert_eq!(shown(), left);
    let reader = store.read(&Viewer::node()).unwrap();
    reader.verify_structure().unwrap();
    let entry = reader.released_entry(peer, 1).unwrap();
    assert_eq!(entry, None, "a voided one");
}

/// Clause: I2
#[test]
fn a_view_has_what_may_be_served_by_number_type_object_and_time() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let first = put(&store, 1, 0, "first version");
    let domains = [put_domain(&store, 1), put_domain(&store, 2)];
    let second = put(&store, 1, 1, "second version");
    let other = put(&store, 2, 0, "another");
    // What was logged before anybody read the log so, and what comes behind it.
    written(&store, |tx| {
        release(tx, &second)?;
        release(tx, &domains[0])?;
        tx.log_open_view(&viewer())?;
        release(tx, &other)?;
        release(tx, &first)?;
        release(tx, &domains[1])
    });
    let reader = store.read(&Viewer::node()).unwrap();
    assert_eq!(numbers(&reader, 0, &[]), [0, 1, 2, 3, 4]);
    assert_eq!(numbers(&reader, 0, &["domain-name"]), [1, 4]);
    assert_eq!(numbers(&reader, 2, &["domain-name"]), [4]);
    let both = ["malware", "domain-name", "indicator"];
    assert_eq!(numbers(&reader, 1, &both), [1, 2, 3, 4]);
    assert!(numbers(&reader, 0, &["indicator"]).is_empty());
    let id = "malware--00000000-0000-4000-8000-000000000001";
    assert_eq!(of(&reader, id, Versions::NewestFirst), [0, 3]);
    assert_eq!(of(&reader, id, Versions::OldestFirst), [3, 0]);
    let day = "2026-01-01T00:00:00.000Z".parse().unwrap();
    assert_eq!(of(&reader, id, Versions::Of(day)), [3]);
    assert_eq!(reader.source_number("nowhere").unwrap(), None);
    drop(reader);
    written(&store, |tx| {
        tx.log_void(&viewer(), 1)?;
        tx.log_void(&viewer(), 4)
    });
    destroy(&store, &other);
    let reader = store.read(&Viewer::node()).unwrap();
    assert_eq!(numbers(&reader, 0, &[]), [0, 3]);
    assert_eq!(numbers(&reader, 0, &both), [0, 3]);
    // Of the numbers that are left out the time is not known, and it is not missed.
    let later = |number: u64, micros: i64| {
        let time = Timestamp::from_micros(at(number).micros() + micros);
        reader.log_later_than(&viewer(), time).unwrap()
    };
    assert_eq!([later(0, -1), later(0, 0), later(0, 1)], [0, 1, 1]);
    assert_eq!(numbers(&reader, later(2, 0), &[]), [3]);
    assert_eq!(later(3, 0), 4);
    assert!(numbers(&reader, later(9, 0), &[]).is_empty());
    reader.verify_structure().unwrap();
}

/// Clause: I2
#[test]
fn a_view_is_as_its_log_whatever_was_rolled_back() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let item = put(&store, 1, 0, "x");
    let undone: Result<(), WriteError> = store.write(|tx| {
        tx.log_open_view(&viewer())?;
        release(tx, &item)?;
        Err(WriteError::Refused("on purpose"))
    });
    assert!(undone.is_err());
    written(&store, |tx| release(tx, &item));
    let reader = store.read(&Viewer::node()).unwrap();
    let shown = numbers(&reader, 0, &[]);
    assert!(shown.is_empty(), "nobody reads it so");
    drop(reader);
    written(&store, |tx| tx.log_open_view(&viewer()));
    let reader = store.read(&Viewer::node()).unwrap();
    assert_eq!(numbers(&reader, 0, &[]), [0]);
}
