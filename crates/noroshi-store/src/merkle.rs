//! Merkle logs in the store: grown in memory, written tile by tile in the transaction that adds
//! the leaves, put back when it is rolled back.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use noroshi_seal::merkle::{Frontier, Hash, TILE_WIDTH, Tiles, node_hash};
use rusqlite::{Connection, OptionalExtension, params};

use crate::error::WriteError;

/// Which log: 0 the ledger, odd numbers a partner's, even ones the mirror of a partner's.
pub(crate) type LogId = i64;

/// The ledger's.
pub(crate) const LEDGER: LogId = 0;

/// The log kept for a partner.
pub(crate) fn out_log(peer: i64) -> LogId {
    2 * peer + 1
}

/// The mirror of a partner's log.
pub(crate) fn in_log(peer: i64) -> LogId {
    2 * peer + 2
}

/// A log's growing edge.
#[derive(Clone, Debug, Default)]
pub(crate) struct Edge {
    pub(crate) frontier: Frontier,
    /// Leaf hashes of the tile that is not full yet.
    pub(crate) tail: Vec<Hash>,
}

/// The edges of all logs, and how they stood when the transaction began.
#[derive(Default)]
pub(crate) struct Edges {
    now: BTreeMap<LogId, Edge>,
    before: BTreeMap<LogId, Option<Edge>>,
}

impl Edges {
    /// The edge of a log, read from the store the first time.
    pub(crate) fn edge(
        &mut self,
        connection: &Connection,
        log: LogId,
    ) -> Result<&mut Edge, WriteError> {
        match self.now.entry(log) {
            Entry::Occupied(known) => Ok(known.into_mut()),
            Entry::Vacant(place) => Ok(place.insert(read_edge(connection, log)?)),
        }
    }

    /// Add a leaf's hash; the leaf's number.
    pub(crate) fn append(
        &mut self,
        connection: &Connection,
        log: LogId,
        leaf: Hash,
    ) -> Result<u64, WriteError> {
        if !self.before.contains_key(&log) {
            let known = self.edge(connection, log)?.clone();
            self.before.insert(log, Some(known));
        }
        let edge = self.edge(connection, log)?;
        let number = edge.frontier.size();
        edge.frontier.append(leaf);
        edge.tail.push(leaf);
        if edge.tail.len() as u64 == TILE_WIDTH {
            let full = std::mem::take(&mut edge.tail);
            write_tiles(connection, log, number / TILE_WIDTH, &full)?;
        }
        Ok(number)
    }

    /// Write the edges that changed: once a transaction, before its commit.
    pub(crate) fn save(&mut self, connection: &Connection) -> Result<(), WriteError> {
        for log in self.before.keys() {
            if let Some(edge) = self.now.get(log) {
                connection
                    .prepare_cached("INSERT OR REPLACE INTO frontier (log, bytes) VALUES (?1, ?2)")?
                    .execute(params![log, edge_bytes(edge)])?;
            }
        }
        Ok(())
    }

    /// The transaction stands.
    pub(crate) fn keep(&mut self) {
        self.before.clear();
    }

    /// The transaction does not stand: everything as it was.
    pub(crate) fn restore(&mut self) {
        for (log, edge) in std::mem::take(&mut self.before) {
            match edge {
                Some(edge) => self.now.insert(log, edge),
                None => self.now.remove(&log),
            };
        }
    }
}

/// The frontier's length, the frontier, the tail's hashes.
fn edge_bytes(edge: &Edge) -> Vec<u8> {
    let frontier = edge.frontier.to_bytes();
    let mut bytes = u32::try_from(frontier.len())
        .unwrap_or(u32::MAX)
        .to_be_bytes()
        .to_vec();
    bytes.extend_from_slice(&frontier);
    bytes.extend(edge.tail.iter().flatten());
    bytes
}

pub(crate) fn read_edge(connection: &Connection, log: LogId) -> Result<Edge, WriteError> {
    let bytes: Option<Vec<u8>> = connection
        .prepare_cached("SELECT bytes FROM frontier WHERE log = ?1")?
        .query_row([log], |row| row.get(0))
        .optional()?;
    let Some(bytes) = bytes else {
        return Ok(Edge::default());
    };
    parse_edge(&bytes).ok_or_else(|| WriteError::Damaged(format!("the edge of log {log}")))
}

fn parse_edge(bytes: &[u8]) -> Option<Edge> {
    let (length, rest) = bytes.split_first_chunk::<4>()?;
    let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
    let (frontier, tail) = rest.split_at_checked(length)?;
    let frontier = Frontier::from_bytes(frontier)?;
    let tail: Vec<Hash> = tail
        .chunks(32)
        .map(|h| h.try_into().ok())
        .collect::<Option<_>>()?;
    (tail.len() as u64 == frontier.size() % TILE_WIDTH).then_some(Edge { frontier, tail })
}

/// A full tile of leaf hashes, and its root into the tile above, as far up as that goes.
fn write_tiles(
    connection: &Connection,
    log: LogId,
    index: u64,
    full: &[Hash],
) -> Result<(), WriteError> {
    put_tile(connection, log, 0, index, &full.concat())?;
    let mut root = root_of(full);
    let (mut level, mut index) = (1_u8, index);
    loop {
        let (tile, place) = (index / TILE_WIDTH, index % TILE_WIDTH);
        let mut hashes = get_tile(connection, log, level, tile)?.unwrap_or_default();
        if hashes.len() as u64 != place * 32 {
            return Err(WriteError::Damaged(format!(
                "tile {level}/{tile} of log {log}"
            )));
        }
        hashes.extend_from_slice(&root);
        put_tile(connection, log, level, tile, &hashes)?;
        if place + 1 < TILE_WIDTH {
            return Ok(());
        }
        let full: Vec<Hash> = hashes
            .chunks_exact(32)
            .filter_map(|h| h.try_into().ok())
            .collect();
        root = root_of(&full);
        index = tile;
        level += 1;
    }
}

/// The root of a full tile's 256 hashes.
pub(crate) fn root_of(full: &[Hash]) -> Hash {
    let mut row = full.to_vec();
    while row.len() > 1 {
        row = row
            .chunks_exact(2)
            .map(|pair| node_hash(&pair[0], &pair[1]))
            .collect();
    }
    row.first().copied().unwrap_or_default()
}

fn put_tile(
    connection: &Connection,
    log: LogId,
    level: u8,
    index: u64,
    hashes: &[u8],
) -> Result<(), WriteError> {
    connection
        .prepare_cached(
            "INSERT OR REPLACE INTO tile (log, level, idx, hashes) VALUES (?1, ?2, ?3, ?4)",
        )?
        .execute(params![log, level, index.cast_signed(), hashes])?;
    Ok(())
}

pub(crate) fn get_tile(
    connection: &Connection,
    log: LogId,
    level: u8,
    index: u64,
) -> Result<Option<Vec<u8>>, rusqlite::Error> {
    connection
        .prepare_cached("SELECT hashes FROM tile WHERE log = ?1 AND level = ?2 AND idx = ?3")?
        .query_row(params![log, level, index.cast_signed()], |row| row.get(0))
        .optional()
}

/// At least the first `width` hashes of a tile, the unfinished one of the leaves included.
pub(crate) fn tile_hashes(
    connection: &Connection,
    log: LogId,
    level: u8,
    index: u64,
    width: u64,
) -> Option<Vec<Hash>> {
    let edge = || read_edge(connection, log).ok();
    hashes_with(connection, log, (level, index), width, edge)
}

/// A log as it stands in a transaction: its edge is not written yet.
pub(crate) struct Growing<'a> {
    pub(crate) connection: &'a Connection,
    pub(crate) log: LogId,
    pub(crate) edge: &'a Edge,
}

impl Tiles for Growing<'_> {
    fn tile(&self, level: u8, index: u64, width: u64) -> Option<Vec<Hash>> {
        let edge = || Some(self.edge.clone());
        hashes_with(self.connection, self.log, (level, index), width, edge)
    }
}

fn hashes_with(
    connection: &Connection,
    log: LogId,
    (level, index): (u8, u64),
    width: u64,
    edge: impl FnOnce() -> Option<Edge>,
) -> Option<Vec<Hash>> {
    let stored = get_tile(connection, log, level, index).ok()?;
    let hashes: Vec<Hash> = match stored {
        Some(bytes) => bytes
            .chunks_exact(32)
            .filter_map(|h| h.try_into().ok())
            .collect(),
        None if level == 0 => {
            let edge = edge()?;
            (edge.frontier.size() / TILE_WIDTH == index).then_some(edge.tail)?
        }
        None => return None,
    };
    (hashes.len() as u64 >= width).then_some(hashes)
}
