//! A partner's or client's log read as a view: entry by entry with the item as it lies, for who
//! serves pages of it. Nothing is copied that the page does not take.

use noroshi_model::ids::ActId;
use noroshi_model::link::EntryKind;
use noroshi_model::{ItemHash, NodeId, StixId, Timestamp};
use rusqlite::{OptionalExtension, Row, params};

use crate::error::{ReadError, WriteError};
use crate::logs::{bounded, leaf_of, peer_number};
use crate::merkle::{out_log, read_edge};
use crate::read::Reader;
use crate::write::{Tx, id_key};

/// One release of a log with its item, lent while the view is walked.
#[derive(Debug)]
pub struct ViewEntry<'a> {
    /// Its number in the log.
    pub number: u64,
    /// When it became the reader's.
    pub at: Timestamp,
    /// The item's position in the store.
    pub seq: u64,
    /// The bytes that were released.
    pub rendition: ItemHash,
    /// Are they the item without some properties?
    pub reduced: bool,
    /// The act that approved it.
    pub act: Option<ActId>,
    /// The object's id.
    pub id: &'a str,
    /// The object's version.
    pub modified: Timestamp,
    /// Is a newer version or fuller rendition here? Not said: whether the reader has it.
    pub superseded: bool,
    /// From where it came: a profile, a partner or a client.
    pub source: &'a str,
    /// Canonical bytes.
    pub canonical: &'a [u8],
}

/// The columns of an entry, in the order [`entry_of`] reads them.
const ENTRY: &str = "o.n, o.leaf, o.item, o.rendition, o.reduced, o.act, i.id, i.modified,
  i.superseded, s.text, i.canonical";
/// What may still be served: releases that are not voided, of items that are admitted.
const SERVABLE: &str = "o.peer = ?1 AND o.kind = ?2 AND o.void = 0 AND o.lost = 0 AND i.state = 0";

impl Reader<'_> {
    /// The position of the newest item; 0 where there is none.
    ///
    /// # Errors
    /// See [`ReadError`].
    pub fn last_seq(&self) -> Result<u64, ReadError> {
        let last: Option<i64> = self
            .connection()
            .prepare_cached("SELECT max(seq) FROM item")?
            .query_row([], |row| row.get(0))?;
        Ok(last.unwrap_or_default().cast_unsigned())
    }

    /// Walk a log's servable entries from a number on, in order, until the walker says stop.
    ///
    /// # Errors
    /// See [`ReadError`], or the walker's.
    pub fn view<E: From<ReadError>>(
        &self,
        node: &NodeId,
        from: u64,
        walk: &mut dyn FnMut(ViewEntry<'_>) -> Result<bool, E>,
    ) -> Result<(), E> {
        let sql = format!(
            "SELECT {ENTRY} FROM log_out o CROSS JOIN item i ON i.seq = o.item
             JOIN word s ON s.id = i.source
             WHERE {SERVABLE} AND o.n >= ?3 ORDER BY o.n"
        );
        self.walk(node, &sql, bounded(from), walk)
    }

    /// The servable entries about one object in a log, in their order.
    ///
    /// # Errors
    /// See [`ReadError`], or the walker's.
    pub fn view_of<E: From<ReadError>>(
        &self,
        node: &NodeId,
        id: &StixId,
        walk: &mut dyn FnMut(ViewEntry<'_>) -> Result<bool, E>,
    ) -> Result<(), E> {
        // From the items to the log: few items share an id, many entries are in a log.
        let sql = format!(
            "SELECT {ENTRY} FROM item i INDEXED BY item_id
             CROSS JOIN log_out o INDEXED BY log_out_item ON o.item = i.seq
             JOIN word s ON s.id = i.source
             WHERE {SERVABLE} AND i.id_key = ?3 ORDER BY o.n"
        );
        let mut walk = |entry: ViewEntry<'_>| {
            // The index knows eight bytes of a hash; others may share them.
            if entry.id == id.as_str() {
                walk(entry)
            } else {
                Ok(true)
            }
        };
        self.walk(node, &sql, id_key(id), &mut walk)
    }

    fn walk<E: From<ReadError>>(
        &self,
        node: &NodeId,
        sql: &str,
        third: i64,
        walk: &mut dyn FnMut(ViewEntry<'_>) -> Result<bool, E>,
    ) -> Result<(), E> {
        let failed = |error: rusqlite::Error| E::from(ReadError::from(error));
        let Some(peer) = peer_number(self.connection(), node).map_err(failed)? else {
            return Ok(());
        };
        let mut statement = self.connection().prepare_cached(sql).map_err(failed)?;
        let release = EntryKind::Release.byte();
        let mut rows = statement
            .query(params![peer, release, third])
            .map_err(failed)?;
        while let Some(row) = rows.next().map_err(failed)? {
            if !walk(entry_of(row)?)? {
                break;
            }
        }
        Ok(())
    }

    /// The first number in a log whose time is later than that instant; the log's size where none
    /// is. Times in a log rise with its numbers.
    ///
    /// # Errors
    /// See [`ReadError`].
    pub fn log_later_than(&self, node: &NodeId, at: Timestamp) -> Result<u64, ReadError> {
        let Some(peer) = peer_number(self.connection(), node)? else {
            return Ok(0);
        };
        let edge = read_edge(self.connection(), out_log(peer))
            .map_err(|error| ReadError::Damaged(error.to_string()))?;
        let mut statement = self
            .connection()
            .prepare_cached("SELECT leaf FROM log_out WHERE peer = ?1 AND n = ?2")?;
        let (mut low, mut high) = (0, edge.frontier.size());
        while low < high {
            let middle = low + (high - low) / 2;
            let leaf: Vec<u8> =
                statement.query_row(params![peer, bounded(middle)], |row| row.get(0))?;
            if at_of(&leaf)? > at {
                high = middle;
            } else {
                low = middle + 1;
            }
        }
        Ok(low)
    }
}

impl Tx<'_> {
    /// The time for a log's next entry: now, or a microsecond after the last one where the clock
    /// has not gone on since. So no two entries of a log share a time, and their order is that of
    /// their numbers.
    ///
    /// # Errors
    /// See [`WriteError`].
    pub fn log_next_at(&mut self, node: &NodeId, now: Timestamp) -> Result<Timestamp, WriteError> {
        let size = self.log_size(node)?;
        let Some(peer) = peer_number(self.connection(), node)? else {
            return Ok(now);
        };
        let last: Option<Vec<u8>> = self
            .connection()
            .prepare_cached("SELECT leaf FROM log_out WHERE peer = ?1 AND n = ?2")?
            .query_row(params![peer, bounded(size.wrapping_sub(1))], |row| {
                row.get(0)
            })
            .optional()?;
        let last = last.map(|leaf| at_of(&leaf)).transpose()?;
        Ok(match last {
            Some(last) if last >= now => after(last),
            _ => now,
        })
    }
}

/// A microsecond later.
fn after(at: Timestamp) -> Timestamp {
    Timestamp::from_micros(at.micros().saturating_add(1))
}

fn entry_of<'a>(row: &'a Row<'_>) -> Result<ViewEntry<'a>, ReadError> {
    let blob = |at: usize| -> Result<&'a [u8], ReadError> {
        let value = row.get_ref(at)?;
        value
            .as_blob()
            .map_err(|_| ReadError::Damaged(format!("column {at} of a log's view")))
    };
    let word = |at: usize| -> Result<&'a str, ReadError> {
        let value = row.get_ref(at)?;
        value
            .as_str()
            .map_err(|_| ReadError::Damaged(format!("column {at} of a log's view")))
    };
    let act: Option<[u8; 32]> = row.get(5)?;
    Ok(ViewEntry {
        number: row.get::<_, i64>(0)?.cast_unsigned(),
        at: at_of(blob(1)?)?,
        seq: row.get::<_, i64>(2)?.cast_unsigned(),
        rendition: ItemHash::from_bytes(row.get(3)?),
        reduced: row.get(4)?,
        act: act.map(ActId::from_bytes),
        id: word(6)?,
        modified: Timestamp::from_micros(row.get(7)?),
        superseded: row.get(8)?,
        source: word(9)?,
        canonical: blob(10)?,
    })
}

/// The time in a leaf's canonical bytes. `at` sorts first among its keys, so that a page of a
/// thousand need not read a thousand documents whole.
fn at_of(leaf: &[u8]) -> Result<Timestamp, ReadError> {
    let text = leaf
        .strip_prefix(br#"{"at":""#)
        .and_then(|rest| rest.split(|byte| *byte == b'"').next())
        .and_then(|text| std::str::from_utf8(text).ok());
    match text.and_then(|text| text.parse().ok()) {
        Some(at) => Ok(at),
        None => leaf_of(leaf).map(|leaf| leaf.at),
    }
}
