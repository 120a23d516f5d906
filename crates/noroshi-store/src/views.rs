//! A client's log read as a view: entry by entry with the item as it lies, for who serves pages of
//! it. Nothing is copied that the page does not take.
//!
//! Beside such a log stand narrow rows of what may still be served (`view_entry`), made with each
//! entry and taken away when it is voided: a page goes from one to the next, by number, by type or
//! by object and version, and reads nothing of the log itself.

use std::collections::BTreeSet;

use noroshi_model::ids::ActId;
use noroshi_model::link::{EntryKind, LogLeaf};
use noroshi_model::{ItemHash, NodeId, StixId, Timestamp};
use rusqlite::fallible_streaming_iterator::FallibleStreamingIterator as _;
use rusqlite::{Connection, OptionalExtension, Row, Rows, params};

use crate::error::{ReadError, WriteError};
use crate::logs::{bounded, leaf_of, peer_number};
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
    /// Are the bytes that were released the item without some properties?
    pub reduced: bool,
    /// The object's id.
    pub id: &'a str,
    /// The object's version.
    pub modified: Timestamp,
    /// Is a newer version or fuller rendition here? Not said: whether the reader has it.
    pub superseded: bool,
    /// From where it came, as a number: see [`Reader::source_number`].
    pub source: i64,
    /// Canonical bytes.
    pub canonical: &'a [u8],
}

/// What was released under a number, and by whose order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReleasedEntry {
    /// The bytes that were released.
    pub rendition: ItemHash,
    /// The act that approved it.
    pub act: Option<ActId>,
}

/// Which entries about one object are looked at, and in which order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Versions {
    /// All, the newest version first; of one version the entry that was added last.
    NewestFirst,
    /// All, the oldest version first; of one version the entry that was added first.
    OldestFirst,
    /// Those of one version, the one that was added last first.
    Of(Timestamp),
}

/// The columns of an entry, in the order [`entry_of`] reads them.
const ENTRY: &str = "v.n, v.at, v.item, v.reduced, i.id, v.modified, i.superseded, i.source,
  i.canonical";

impl Reader<'_> {
    /// The position of the newest item; 0 where there is none.
    ///
    /// # Errors
    /// See [`ReadError`].
    pub fn last_seq(&self) -> Result<u64, ReadError> {
        Ok(last_seq(self.connection())?)
    }

    /// Is the item at that position admitted, and no newer or fuller one here?
    ///
    /// # Errors
    /// See [`ReadError`].
    pub fn is_current(&self, seq: u64) -> Result<bool, ReadError> {
        let found: Option<bool> = self
            .connection()
            .prepare_cached("SELECT state = 0 AND superseded = 0 FROM item WHERE seq = ?1")?
            .query_row([seq.cast_signed()], |row| row.get(0))
            .optional()?;
        Ok(found.unwrap_or(false))
    }

    /// The number that a source has in [`ViewEntry::source`]; none where nothing came from it.
    ///
    /// # Errors
    /// See [`ReadError`].
    pub fn source_number(&self, source: &str) -> Result<Option<i64>, ReadError> {
        Ok(word_number(self.connection(), source)?)
    }

    /// Walk a log's servable entries from a number on, in order, until the walker says stop: those
    /// of the types named, or of any where none is. Of what is left out nothing is read.
    ///
    /// # Errors
    /// See [`ReadError`], or the walker's.
    pub fn view<E: From<ReadError>>(
        &self,
        node: &NodeId,
        from: u64,
        types: &BTreeSet<&str>,
        walk: &mut dyn FnMut(ViewEntry<'_>) -> Result<bool, E>,
    ) -> Result<(), E> {
        let failed = |error: rusqlite::Error| E::from(ReadError::from(error));
        let connection = self.connection();
        let Some(peer) = peer_number(connection, node).map_err(failed)? else {
            return Ok(());
        };
        if types.is_empty() {
            let sql = format!(
                "SELECT {ENTRY} FROM view_entry v CROSS JOIN item i ON i.seq = v.item
                 WHERE v.peer = ?1 AND v.n >= ?2 AND i.state = 0 ORDER BY v.n"
            );
            return self.walk(&sql, params![peer, bounded(from)], walk);
        }
        let sql = format!(
            "SELECT {ENTRY} FROM view_entry v INDEXED BY view_entry_kind
             CROSS JOIN item i ON i.seq = v.item
             WHERE v.peer = ?1 AND v.kind = ?3 AND v.n >= ?2 AND i.state = 0 ORDER BY v.n"
        );
        let mut statements = Vec::with_capacity(types.len());
        for kind in types {
            // A type that no item has is on no page.
            if let Some(kind) = word_number(connection, kind).map_err(failed)? {
                let statement = connection.prepare_cached(&sql).map_err(failed)?;
                statements.push((statement, kind));
            }
        }
        let runs = statements
            .iter_mut()
            .map(|(statement, kind)| statement.query(params![peer, bounded(from), *kind]));
        merged(runs.collect::<Result<_, _>>().map_err(failed)?, walk)
    }

    /// The servable entries about one object in a log.
    ///
    /// # Errors
    /// See [`ReadError`], or the walker's.
    pub fn view_of<E: From<ReadError>>(
        &self,
        node: &NodeId,
        id: &StixId,
        versions: Versions,
        walk: &mut dyn FnMut(ViewEntry<'_>) -> Result<bool, E>,
    ) -> Result<(), E> {
        let failed = |error: rusqlite::Error| E::from(ReadError::from(error));
        let Some(peer) = peer_number(self.connection(), node).map_err(failed)? else {
            return Ok(());
        };
        let (of, way, modified) = match versions {
            Versions::NewestFirst => ("", "DESC", None),
            Versions::OldestFirst => ("", "ASC", None),
            Versions::Of(modified) => ("AND v.modified = ?3", "DESC", Some(modified.micros())),
        };
        let sql = format!(
            "SELECT {ENTRY} FROM view_entry v INDEXED BY view_entry_object
             CROSS JOIN item i ON i.seq = v.item
             WHERE v.peer = ?1 AND v.object = ?2 {of} AND i.state = 0
             ORDER BY v.modified {way}, v.n {way}"
        );
        let mut walk = |entry: ViewEntry<'_>| {
            // The index knows eight bytes of a hash; others may share them.
            if entry.id == id.as_str() {
                walk(entry)
            } else {
                Ok(true)
            }
        };
        match modified {
            Some(modified) => self.walk(&sql, params![peer, id_key(id), modified], &mut walk),
            None => self.walk(&sql, params![peer, id_key(id)], &mut walk),
        }
    }

    fn walk<E: From<ReadError>>(
        &self,
        sql: &str,
        values: &[&dyn rusqlite::ToSql],
        walk: &mut dyn FnMut(ViewEntry<'_>) -> Result<bool, E>,
    ) -> Result<(), E> {
        let failed = |error: rusqlite::Error| E::from(ReadError::from(error));
        let mut statement = self.connection().prepare_cached(sql).map_err(failed)?;
        let mut rows = statement.query(values).map_err(failed)?;
        while let Some(row) = rows.next().map_err(failed)? {
            if !walk(entry_of(row)?)? {
                break;
            }
        }
        Ok(())
    }

    /// What was released under a number of a log, and by whose order.
    ///
    /// # Errors
    /// See [`ReadError`].
    pub fn released_entry(
        &self,
        node: &NodeId,
        number: u64,
    ) -> Result<Option<ReleasedEntry>, ReadError> {
        let Some(peer) = peer_number(self.connection(), node)? else {
            return Ok(None);
        };
        let found = self
            .connection()
            .prepare_cached(
                "SELECT rendition, act FROM log_out
                 WHERE peer = ?1 AND n = ?2 AND kind = ?3 AND void = 0 AND rendition IS NOT NULL",
            )?
            .query_row(
                params![peer, bounded(number), EntryKind::Release.byte()],
                |row| {
                    let act: Option<[u8; 32]> = row.get(1)?;
                    Ok(ReleasedEntry {
                        rendition: ItemHash::from_bytes(row.get(0)?),
                        act: act.map(ActId::from_bytes),
                    })
                },
            )
            .optional()?;
        Ok(found)
    }

    /// The time of the entry that stands so many behind the first one later than that instant, or
    /// of the view's last; none where nothing is in it.
    ///
    /// # Errors
    /// See [`ReadError`].
    pub fn view_ahead(
        &self,
        node: &NodeId,
        at: Timestamp,
        ahead: u64,
    ) -> Result<Option<Timestamp>, ReadError> {
        let from = self.log_later_than(node, at)?;
        let Some(peer) = peer_number(self.connection(), node)? else {
            return Ok(None);
        };
        let time: Option<i64> = self
            .connection()
            .prepare_cached(
                "SELECT at FROM view_entry WHERE peer = ?1 AND n < ?2 ORDER BY n DESC LIMIT 1",
            )?
            .query_row(params![peer, bounded(from.saturating_add(ahead))], |row| {
                row.get(0)
            })
            .optional()?;
        Ok(time.map(Timestamp::from_micros))
    }

    /// The first number of a view whose time is later than that instant, or one behind its last.
    /// Times in a log rise with its numbers.
    ///
    /// # Errors
    /// See [`ReadError`].
    pub fn log_later_than(&self, node: &NodeId, at: Timestamp) -> Result<u64, ReadError> {
        let Some(peer) = peer_number(self.connection(), node)? else {
            return Ok(0);
        };
        let last: Option<i64> = self
            .connection()
            .prepare_cached("SELECT max(n) FROM view_entry WHERE peer = ?1")?
            .query_row([peer], |row| row.get(0))?;
        let mut next = self.connection().prepare_cached(
            "SELECT n, at FROM view_entry WHERE peer = ?1 AND n >= ?2 ORDER BY n LIMIT 1",
        )?;
        let (mut low, mut high) = (0, last.map_or(0, |last| last + 1));
        while low < high {
            let middle = low + (high - low) / 2;
            // Numbers of what was voided are left out: the next one is as good.
            let found: Option<(i64, i64)> = next
                .query_row([peer, middle], |row| Ok((row.get(0)?, row.get(1)?)))
                .optional()?;
            match found {
                Some((number, time)) if time <= at.micros() => low = number + 1,
                _ => high = middle,
            }
        }
        Ok(low.cast_unsigned())
    }
}

/// Runs that are in order each, as one that is in order.
fn merged<E: From<ReadError>>(
    mut runs: Vec<Rows<'_>>,
    walk: &mut dyn FnMut(ViewEntry<'_>) -> Result<bool, E>,
) -> Result<(), E> {
    let failed = |error: rusqlite::Error| E::from(ReadError::from(error));
    let mut heads = Vec::with_capacity(runs.len());
    for run in &mut runs {
        heads.push(head(run).map_err(failed)?);
    }
    loop {
        let heads_there = heads.iter().enumerate();
        let first = heads_there
            .filter_map(|(at, head)| head.map(|number| (number, at)))
            .min();
        let Some((_, at)) = first else {
            return Ok(());
        };
        if let Some(row) = runs[at].get()
            && !walk(entry_of(row)?)?
        {
            return Ok(());
        }
        heads[at] = head(&mut runs[at]).map_err(failed)?;
    }
}

/// Go on to a run's next row; its number.
fn head(run: &mut Rows<'_>) -> Result<Option<i64>, rusqlite::Error> {
    run.next()?.map(|row| row.get(0)).transpose()
}

impl Tx<'_> {
    /// The position of the newest item as it stands in this transaction; 0 where there is none.
    ///
    /// # Errors
    /// See [`WriteError`].
    pub fn last_seq(&self) -> Result<u64, WriteError> {
        Ok(last_seq(self.connection())?)
    }

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
        let last = last.map(|leaf| leaf_of(&leaf)).transpose()?;
        Ok(match last {
            Some(last) if last.at >= now => after(last.at),
            _ => now,
        })
    }

    /// From now on this log is read page by page. What is in it already is taken into its view,
    /// once.
    ///
    /// # Errors
    /// See [`WriteError`].
    pub fn log_open_view(&mut self, node: &NodeId) -> Result<(), WriteError> {
        let peer = self.peer_number(node)?;
        if self.viewed()?.contains(&peer) {
            return Ok(());
        }
        self.connection()
            .prepare_cached("INSERT INTO viewed_log (peer) VALUES (?1)")?
            .execute([peer])?;
        self.writer.viewed = None;
        let sql = "SELECT leaf, item, reduced FROM log_out
             WHERE peer = ?1 AND kind = ?2 AND void = 0 AND lost = 0 AND item IS NOT NULL
             ORDER BY n";
        let connection = self.connection();
        let mut statement = connection.prepare_cached(sql)?;
        let mut rows = statement.query(params![peer, EntryKind::Release.byte()])?;
        while let Some(row) = rows.next()? {
            let leaf: Vec<u8> = row.get(0)?;
            let seq: i64 = row.get(1)?;
            put_entry(
                connection,
                peer,
                &leaf_of(&leaf)?,
                seq.cast_unsigned(),
                row.get(2)?,
            )?;
        }
        Ok(())
    }

    /// A release was added to a log: to its view too, where the log has one.
    pub(crate) fn show(
        &mut self,
        peer: i64,
        leaf: &LogLeaf,
        seq: u64,
        reduced: bool,
    ) -> Result<(), WriteError> {
        if self.viewed()?.contains(&peer) {
            put_entry(self.connection(), peer, leaf, seq, reduced)?;
        }
        Ok(())
    }

    /// An entry was voided: its view does not have it any more.
    pub(crate) fn hide(&mut self, peer: i64, number: u64) -> Result<(), WriteError> {
        if self.viewed()?.contains(&peer) {
            self.connection()
                .prepare_cached("DELETE FROM view_entry WHERE peer = ?1 AND n = ?2")?
                .execute(params![peer, bounded(number)])?;
        }
        Ok(())
    }

    fn viewed(&mut self) -> Result<&BTreeSet<i64>, WriteError> {
        let writer = &mut *self.writer;
        let viewed = match writer.viewed.take() {
            Some(viewed) => viewed,
            None => {
                let mut statement = writer
                    .connection
                    .prepare_cached("SELECT peer FROM viewed_log")?;
                let peers = statement.query_map([], |row| row.get(0))?;
                peers.collect::<Result<_, _>>()?
            }
        };
        Ok(writer.viewed.insert(viewed))
    }
}

fn put_entry(
    connection: &Connection,
    peer: i64,
    leaf: &LogLeaf,
    seq: u64,
    reduced: bool,
) -> Result<(), WriteError> {
    connection
        .prepare_cached(
            "INSERT INTO view_entry (peer, n, at, item, kind, object, modified, reduced)
             SELECT ?1, ?2, ?3, seq, kind, id_key, modified, ?5 FROM item WHERE seq = ?4",
        )?
        .execute(params![
            peer,
            bounded(leaf.number),
            leaf.at.micros(),
            seq.cast_signed(),
            reduced
        ])?;
    Ok(())
}

fn last_seq(connection: &Connection) -> Result<u64, rusqlite::Error> {
    let last: Option<i64> = connection
        .prepare_cached("SELECT max(seq) FROM item")?
        .query_row([], |row| row.get(0))?;
    Ok(last.unwrap_or_default().cast_unsigned())
}

fn word_number(connection: &Connection, text: &str) -> Result<Option<i64>, rusqlite::Error> {
    connection
        .prepare_cached("SELECT id FROM word WHERE text = ?1")?
        .query_row([text], |row| row.get(0))
        .optional()
}

/// A microsecond later.
fn after(at: Timestamp) -> Timestamp {
    Timestamp::from_micros(at.micros().saturating_add(1))
}

fn entry_of<'a>(row: &'a Row<'_>) -> Result<ViewEntry<'a>, ReadError> {
    let damaged = |at: usize| ReadError::Damaged(format!("column {at} of a log's view"));
    let id = row.get_ref(4)?.as_str().map_err(|_| damaged(4))?;
    let canonical = row.get_ref(8)?.as_blob().map_err(|_| damaged(8))?;
    Ok(ViewEntry {
        number: row.get::<_, i64>(0)?.cast_unsigned(),
        at: Timestamp::from_micros(row.get(1)?),
        seq: row.get::<_, i64>(2)?.cast_unsigned(),
        reduced: row.get(3)?,
        id,
        modified: Timestamp::from_micros(row.get(5)?),
        superseded: row.get(6)?,
        source: row.get(7)?,
        canonical,
    })
}
