//! A sum of each row over what it says, so that a bit which the disk changed is noticed. It finds
//! accidents: whoever can write the file can make sums too, and is found by signatures and proofs.
//!
//! The engine computes it, in a generated column, so that no statement can forget it; the
//! migrations from 0004 on say over which columns. Only the full text's blocks have theirs in a
//! table of its own, kept by [`Touched`]: triggers on them were tried, and make the engine call
//! itself without end. What has no sum is vouched for otherwise: leaves, tiles and edges by the
//! trees, words and partners by their indexes, which `PRAGMA integrity_check` compares with their
//! rows.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use noroshi_model::Digest;
use rusqlite::functions::{Context, FunctionFlags};
use rusqlite::types::ValueRef;
use rusqlite::{Connection, OptionalExtension};

use crate::error::ReadError;
use crate::open::guard;
use crate::write::first_eight;

/// The tables whose rows have a sum, and the columns it is over, as their migration says.
const SUMMED: [(&str, &str); 6] = [
    ("item", ITEM),
    ("record", "kind, key, value"),
    ("checkpoint", "log, size, note"),
    ("log_out", ENTRY),
    ("log_in", "peer, n, leaf_hash, leaf, fate"),
    (
        "view_entry",
        "peer, n, at, item, kind, object, modified, reduced",
    ),
];
const ITEM: &str = "hash, id, kind, modified, title, state, superseded, label, role, node, key, \
  assigned, signature, source, at, ledger, reasons, length(canonical), received";
const ENTRY: &str = "peer, n, kind, precedence, delivered, void, item, rendition, reduced, act, \
  fate, fate_at, leaf, payload, sent, lost, leaf_hash";

/// Is the row what was written? To be asked among the columns of an item called `i`.
pub(crate) const ITEM_IS_WHOLE: &str = "i.sum = row_sum(i.hash, i.id, i.kind, i.modified, i.title,
  i.state, i.superseded, i.label, i.role, i.node, i.key, i.assigned, i.signature, i.source, i.at,
  i.ledger, i.reasons, length(i.canonical), i.received)";
/// The same of a record.
pub(crate) const RECORD_IS_WHOLE: &str = "sum = row_sum(kind, key, value)";
/// The same of an entry of a partner's log called `o`.
pub(crate) const ENTRY_IS_WHOLE: &str = "o.sum = row_sum(o.peer, o.n, o.kind, o.precedence,
  o.delivered, o.void, o.item, o.rendition, o.reduced, o.act, o.fate, o.fate_at, o.leaf,
  o.payload, o.sent, o.lost, o.leaf_hash)";

/// Rows of the full text's own tables that are not what was written, or have no sum, or the other
/// way round.
const TEXT: [&str; 4] = [
    "SELECT 1 FROM item_text_data d LEFT JOIN text_block_sum s ON s.id = d.id
     WHERE s.sum IS NOT row_sum(d.id, d.block) LIMIT 1",
    "SELECT 1 FROM text_block_sum s LEFT JOIN item_text_data d ON d.id = s.id
     WHERE d.id IS NULL LIMIT 1",
    "SELECT 1 FROM item_text_idx WHERE sum IS NOT row_sum(segid, term, pgno) LIMIT 1",
    "SELECT 1 FROM item_text_config WHERE sum IS NOT row_sum(k, v) LIMIT 1",
];

/// The blocks of the full text that the transaction under way has changed.
#[derive(Default)]
pub(crate) struct Touched(Arc<Mutex<BTreeSet<i64>>>);

impl Touched {
    /// Watch a connection.
    pub(crate) fn watch(connection: &mut Connection) -> Result<Self, rusqlite::Error> {
        let touched = Self::default();
        let blocks = Arc::clone(&touched.0);
        connection.update_hook(Some(move |_, _: &str, table: &str, id| {
            if table == "item_text_data" {
                guard(&blocks).insert(id);
            }
        }))?;
        Ok(touched)
    }

    /// A transaction begins: nothing is touched.
    pub(crate) fn clear(&self) {
        guard(&self.0).clear();
    }

    /// Write the sums of what was touched: before the commit.
    pub(crate) fn save(&self, connection: &Connection) -> Result<(), rusqlite::Error> {
        // A savepoint makes the engine write what it has collected of the full text; otherwise it
        // would do so in the commit.
        connection.execute_batch("SAVEPOINT text; RELEASE text")?;
        let blocks = std::mem::take(&mut *guard(&self.0));
        let mut put = connection.prepare_cached(
            "INSERT OR REPLACE INTO text_block_sum
             SELECT id, row_sum(id, block) FROM item_text_data WHERE id = ?1",
        )?;
        let mut take = connection.prepare_cached("DELETE FROM text_block_sum WHERE id = ?1")?;
        for id in blocks {
            if put.execute([id])? == 0 {
                take.execute([id])?;
            }
        }
        Ok(())
    }
}

/// Teach a connection the function that sums a row: without it rows of a store can be read, and
/// none written.
///
/// # Errors
/// The engine refuses.
pub fn teach(connection: &Connection) -> Result<(), rusqlite::Error> {
    let flags = FunctionFlags::SQLITE_UTF8
        | FunctionFlags::SQLITE_DETERMINISTIC
        | FunctionFlags::SQLITE_INNOCUOUS;
    connection.create_scalar_function("row_sum", -1, flags, |row| Ok(sum(row)))
}

/// The first eight bytes of a SHA-256 over each value's kind, length and bytes.
fn sum(row: &Context<'_>) -> i64 {
    let mut bytes = Vec::with_capacity(512);
    for at in 0..row.len() {
        let number;
        let (kind, value): (u8, &[u8]) = match row.get_raw(at) {
            ValueRef::Null => (0, &[]),
            ValueRef::Integer(integer) => {
                number = integer.to_be_bytes();
                (1, &number)
            }
            ValueRef::Real(real) => {
                number = real.to_bits().to_be_bytes();
                (2, &number)
            }
            ValueRef::Text(text) => (3, text),
            ValueRef::Blob(blob) => (4, blob),
        };
        bytes.push(kind);
        bytes.extend_from_slice(&(value.len() as u64).to_be_bytes());
        bytes.extend_from_slice(value);
    }
    first_eight(&Digest::of(&bytes))
}

/// What a row's check among its columns came to.
pub(crate) fn check(is_whole: bool, what: impl FnOnce() -> String) -> Result<(), ReadError> {
    if is_whole {
        Ok(())
    } else {
        Err(ReadError::Damaged(format!(
            "{}: its row is not what was written",
            what()
        )))
    }
}

/// Compare every row that has a sum with it.
pub(crate) fn verify(connection: &Connection) -> Result<(), ReadError> {
    for (table, columns) in SUMMED {
        let sql = format!("SELECT 1 FROM {table} WHERE sum IS NOT row_sum({columns}) LIMIT 1");
        if found(connection, &sql)? {
            return Err(ReadError::Damaged(format!(
                "a row of {table} is not what was written"
            )));
        }
    }
    for sql in TEXT {
        if found(connection, sql)? {
            return Err(ReadError::FullText);
        }
    }
    Ok(())
}

fn found(connection: &Connection, sql: &str) -> Result<bool, rusqlite::Error> {
    let row: Option<i64> = connection
        .prepare(sql)?
        .query_row([], |row| row.get(0))
        .optional()?;
    Ok(row.is_some())
}
