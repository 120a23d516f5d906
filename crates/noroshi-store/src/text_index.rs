//! The full-text index as a thing that can be built anew: what is in it follows from the items.
//!
//! [`text`] decides how words are cut. An index keeps no text, so taking one item out of it gives
//! the words once more: cut in another way than they were put in, they would be left behind. So
//! the way of cutting has a number, kept beside the index; where it is another than this program's,
//! the index is built anew when the store is opened, in steps that a stop in between cannot spoil.

use noroshi_model::Value;
use rusqlite::{Connection, OptionalExtension, params};

use crate::error::{ReadError, WriteError};
use crate::open::{Store, Writer};
use crate::read::{Reader, record};
use crate::rows::RecordKind;
use crate::sums::Touched;
use crate::text;
use crate::write::STORED;

/// How words are cut by this program. 1: as they stand, kanji and kana in pairs. 2: after NFKC, and
/// the last character of such a run for itself too. Rises with [`text`], and with the version of
/// Unicode behind NFKC.
const CUTTING: u8 = 2;
/// Where it is kept.
const KEY: &[u8] = b"text";
/// Items in one transaction.
const STEP: u32 = 2_000;

/// Empties the index whatever state its own tables are in, a damaged one included: its settings are
/// put back first, without which the engine does not open it.
const EMPTY: &str = "
  DELETE FROM item_text_data; DELETE FROM item_text_idx; DELETE FROM item_text_config;
  DELETE FROM text_block_sum;
  INSERT INTO item_text_config VALUES ('secure-delete', 1), ('version', 5);
  INSERT INTO item_text (item_text) VALUES ('delete-all');";

/// How far the index is: the way words are cut, and after which item it goes on being built.
#[derive(Clone, Copy, PartialEq, Eq)]
struct State {
    cutting: u8,
    /// `None`: it is whole.
    after: Option<i64>,
}

impl State {
    const WHOLE: Self = Self {
        cutting: CUTTING,
        after: None,
    };

    fn to_bytes(self) -> Vec<u8> {
        let mut bytes = vec![1, self.cutting];
        if let Some(after) = self.after {
            bytes.extend(after.to_be_bytes());
        }
        bytes
    }

    /// Before this was kept there was one way; what does not read is built anew.
    fn from_bytes(bytes: Option<&[u8]>) -> Self {
        let from = |after: &[u8]| Some(i64::from_be_bytes(after.try_into().ok()?));
        match bytes {
            Some([1, cutting]) => Self {
                cutting: *cutting,
                after: None,
            },
            Some([1, cutting, after @ ..]) => Self {
                cutting: from(after).map_or(0, |_| *cutting),
                after: from(after),
            },
            Some(_) | None => Self {
                cutting: 1,
                after: None,
            },
        }
    }
}

/// How many of the newest items are found by their words.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TextSample {
    /// Items looked up.
    pub looked_up: u64,
    /// Of those, not found.
    pub missing: u64,
}

impl Store {
    /// Build the full text anew; how many items are in it. Whoever writes waits meanwhile.
    ///
    /// # Errors
    /// See [`WriteError`].
    pub fn rebuild_text(&self, progress: &mut dyn FnMut(u64, u64)) -> Result<u64, WriteError> {
        let mut writer = self.writer();
        let stale = State {
            cutting: 0,
            after: None,
        };
        keep(&writer.connection, stale)?;
        let Writer {
            connection,
            touched,
            ..
        } = &mut *writer;
        bring_up(connection, touched, progress)
    }
}

impl Reader<'_> {
    /// Look the newest items up by the beginnings of their own words.
    ///
    /// # Errors
    /// See [`ReadError`].
    pub fn text_sample(&self, items: u32) -> Result<TextSample, ReadError> {
        let mut newest = self.connection().prepare_cached(
            "SELECT seq, canonical FROM item WHERE state = 0 AND canonical IS NOT NULL
             ORDER BY seq DESC LIMIT ?1",
        )?;
        let mut find = self
            .connection()
            .prepare_cached("SELECT 1 FROM item_text WHERE item_text MATCH ?1 AND rowid = ?2")?;
        let mut rows = newest.query([items])?;
        let mut sample = TextSample::default();
        while let Some(row) = rows.next()? {
            let (seq, canonical): (i64, Vec<u8>) = (row.get(0)?, row.get(1)?);
            let words = words(&canonical).unwrap_or_default();
            let Some(query) = words.split_whitespace().find_map(text::query) else {
                continue;
            };
            sample.looked_up += 1;
            let found: Option<i64> = find
                .query_row(params![query, seq], |row| row.get(0))
                .optional()?;
            sample.missing += u64::from(found.is_none());
        }
        Ok(sample)
    }
}

/// Bring the index to this program's way of cutting words, from wherever it stands; how many items
/// were put in.
pub(crate) fn bring_up(
    connection: &mut Connection,
    touched: &Touched,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<u64, WriteError> {
    let kept = record(connection, RecordKind::Meta, KEY)?;
    let mut state = State::from_bytes(kept.as_deref());
    if state == State::WHOLE {
        return Ok(0);
    }
    let total: i64 =
        connection.query_row("SELECT count(*) FROM item WHERE state = 0", [], |row| {
            row.get(0)
        })?;
    if state.cutting != CUTTING {
        state = State {
            cutting: CUTTING,
            after: Some(0),
        };
        touched.clear();
        let tx = connection.transaction()?;
        tx.execute_batch(EMPTY)?;
        keep(&tx, state)?;
        touched.save(&tx)?;
        tx.commit()?;
    }
    let mut done = 0;
    while let Some(after) = state.after {
        touched.clear();
        let tx = connection.transaction()?;
        let (count, last) = put_in(&tx, after)?;
        state.after = last;
        keep(&tx, state)?;
        touched.save(&tx)?;
        tx.commit()?;
        done += count;
        progress(done, total.cast_unsigned().max(done));
    }
    Ok(done)
}

/// Put the next items in; how many, and the last one where there may be more.
fn put_in(connection: &Connection, after: i64) -> Result<(u64, Option<i64>), WriteError> {
    let mut next = connection.prepare_cached(
        "SELECT seq, canonical FROM item WHERE seq > ?1 AND state = 0 AND canonical IS NOT NULL
         ORDER BY seq LIMIT ?2",
    )?;
    let mut put =
        connection.prepare_cached("INSERT INTO item_text (rowid, text) VALUES (?1, ?2)")?;
    let mut rows = next.query(params![after, STEP])?;
    let (mut count, mut last) = (0, None);
    while let Some(row) = rows.next()? {
        let (seq, canonical): (i64, Vec<u8>) = (row.get(0)?, row.get(1)?);
        // What does not read any more has no words to be found by; `ledger verify` names it.
        if let Some(words) = words(&canonical) {
            put.execute(params![seq, words])?;
        }
        (count, last) = (count + 1, Some(seq));
    }
    Ok((count, last))
}

fn keep(connection: &Connection, state: State) -> Result<(), WriteError> {
    connection.execute(
        "INSERT OR REPLACE INTO record (kind, key, value) VALUES (?1, ?2, ?3)",
        params![RecordKind::Meta.code(), KEY, state.to_bytes()],
    )?;
    Ok(())
}

/// An object's words, as the index has them.
pub(crate) fn words(canonical: &[u8]) -> Option<String> {
    match Value::parse(canonical, &STORED) {
        Ok(Value::Object(object)) => Some(text::of_object(&object)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::{CUTTING, State};

    #[test]
    fn the_state_of_the_index_reads_back_and_what_does_not_read_is_built_anew() {
        for after in [None, Some(0), Some(77_000)] {
            let state = State {
                cutting: CUTTING,
                after,
            };
            assert!(State::from_bytes(Some(&state.to_bytes())) == state);
        }
        for bytes in [None, Some(&b""[..]), Some(b"x"), Some(&[1, CUTTING, 0])] {
            assert!(State::from_bytes(bytes).cutting != CUTTING);
        }
        // Frozen: the first byte is the version of the record.
        assert_eq!(State::WHOLE.to_bytes(), [1, 2]);
    }
}
