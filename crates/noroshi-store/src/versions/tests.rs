//! What one more version costs, counted in steps of the engine, when there are many already.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use noroshi_gate::Label;
use noroshi_model::{Digest, ItemHash, StixId, Timestamp};
use rusqlite::params;

use crate::error::WriteError;
use crate::open::{Options, Store};
use crate::write::{Tx, hash_key, id_key, label_text};

const ID: &str = "malware--00000000-0000-4000-8000-000000000001";

fn id() -> StixId {
    ID.parse().unwrap()
}

fn hash(number: i64) -> ItemHash {
    ItemHash(Digest::of(&number.to_be_bytes()))
}

/// A version put in as an admission does, marked by its number.
fn version(tx: &mut Tx<'_>, number: i64, modified: i64) -> Result<(), WriteError> {
    let label = if number % 2 == 0 { "green" } else { "amber" };
    let label = label_text(&Label::level("tlp", label).unwrap());
    let (label, source) = (tx.word(&label)?, tx.word("test")?);
    let hash = hash(number);
    tx.connection()
        .prepare_cached(
            "INSERT INTO item (hash, hash_key, id, id_key, kind, modified, title, state, superseded,
               label, source, at, reasons, canonical)
             VALUES (?1, ?2, ?3, ?4, 1, ?5, '', 0, 0, ?6, ?7, 0, '', CAST('{}' AS BLOB))",
        )?
        .execute(params![
            hash.bytes(),
            hash_key(&hash),
            ID,
            id_key(&id()),
            modified,
            label,
            source
        ])?;
    let seq = tx.connection().last_insert_rowid();
    tx.connection()
        .execute("INSERT INTO item_text (rowid, text) VALUES (?1, '')", [seq])?;
    tx.settle_versions(&id())
}

/// Steps of the engine's machine that the work took.
fn steps(store: &Store, work: impl FnOnce(&mut Tx<'_>) -> Result<(), WriteError>) -> u64 {
    let count = Arc::new(AtomicU64::new(0));
    let counted = Arc::clone(&count);
    store
        .write(|tx| {
            let handler = move || {
                counted.fetch_add(1, Ordering::Relaxed);
                false
            };
            tx.writer.connection.progress_handler(1, Some(handler))?;
            let outcome = work(tx);
            tx.writer
                .connection
                .progress_handler(1, None::<fn() -> bool>)?;
            outcome
        })
        .unwrap();
    count.load(Ordering::Relaxed)
}

/// What the next version, a look at what it follows and one taken back cost behind so many, in an
/// order of coming.
fn costs(many: i64, modified: fn(i64) -> i64, take_back: bool) -> [u64; 3] {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path(), &Options::default()).unwrap();
    store
        .write(|tx| {
            for number in 0..many {
                version(tx, number, modified(number))?;
                if take_back {
                    tx.withdraw(&hash(number))?;
                }
            }
            Ok::<_, WriteError>(())
        })
        .unwrap();
    let next = steps(&store, |tx| version(tx, many, modified(many)));
    let follows = steps(&store, |tx| tx.standing(&id(), None).map(|_| ()));
    let back = steps(&store, |tx| tx.withdraw(&hash(many)).map(|_| ()));
    [next, follows, back]
}

#[test]
fn one_more_version_costs_the_same_behind_few_and_behind_many() {
    let orders: [fn(i64) -> i64; 3] = [|number| number, |number| -number, |_| 7];
    for (order, modified) in orders.into_iter().enumerate() {
        for take_back in [false, true] {
            let few = costs(20, modified, take_back);
            let many = costs(1_000, modified, take_back);
            for (few, many) in few.into_iter().zip(many) {
                // Trees are a level or two deeper; nothing else may grow.
                assert!(
                    many <= few + few / 4,
                    "order {order}, taken back {take_back}: {few} steps behind 20, {many} behind \
                     1000"
                );
            }
        }
    }
}

#[test]
fn what_was_taken_back_before_its_marking_was_kept_still_counts() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path(), &Options::default()).unwrap();
    let written = store.write(|tx| {
        for number in 0..3 {
            version(tx, number, number)?;
            tx.withdraw(&hash(number))?;
        }
        // As an older version of this software left it.
        tx.delete(crate::RecordKind::TakenBack, ID.as_bytes())?;
        version(tx, 4, -1)?;
        tx.standing(&id(), None)
    });
    let standing = written.map_err(|error: WriteError| error).unwrap().unwrap();
    assert_eq!(standing.newest.modified, Timestamp::from_micros(-1));
    assert_eq!(standing.label, Label::level("tlp", "amber").unwrap());
}
