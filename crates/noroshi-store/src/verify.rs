//! Verifying from genesis: every leaf is hashed anew, every tile and edge compared, and the root at
//! the size of every checkpoint that was kept. Streaming. Who signed the checkpoints is the
//! caller's question: [`Reader::checkpoints`].

use noroshi_model::NodeId;
use noroshi_seal::merkle::{Frontier, Hash, TILE_WIDTH, leaf_hash};
use noroshi_seal::tlog::Checkpoint;
use rusqlite::{Connection, Rows, params};

use crate::error::ReadError;
use crate::logs::{bounded, peer_number};
use crate::merkle::{LEDGER, LogId, get_tile, in_log, out_log, read_edge, root_of};
use crate::open::MIGRATIONS;
use crate::read::{Log, Reader};
use crate::sums::{self, teach};

/// What a verified log came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verified {
    /// Leaves.
    pub size: u64,
    /// Root over them.
    pub root: Hash,
    /// Checkpoints kept of it, each of which it continues.
    pub checkpoints: u64,
}

/// What does not fit.
#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    /// The store cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// A leaf, tile or edge was changed, is missing, or is too many.
    #[error("entry {index}: {problem}")]
    Broken {
        /// The first entry concerned.
        index: u64,
        /// What does not fit.
        problem: &'static str,
    },
    /// The log does not continue what a checkpoint over so many entries once said of it.
    #[error("the checkpoint kept over {size} entries: {problem}")]
    Checkpoint {
        /// The checkpoint's size.
        size: u64,
        /// What does not fit.
        problem: &'static str,
    },
}

impl From<rusqlite::Error> for VerifyError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Read(ReadError::Database(error))
    }
}

/// Tables, indexes and triggers: kind, name, the table concerned, how it was made.
type Schema = Vec<(String, String, String, Option<String>)>;

fn schema(connection: &Connection) -> Result<Schema, rusqlite::Error> {
    let sql = "SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY type, name";
    let mut statement = connection.prepare(sql)?;
    let rows = statement.query_map([], |row| {
        Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))
    })?;
    rows.collect()
}

fn expected_schema() -> Result<Schema, rusqlite::Error> {
    let fresh = Connection::open_in_memory()?;
    teach(&fresh)?;
    for script in MIGRATIONS {
        fresh.execute_batch(script)?;
    }
    schema(&fresh)
}

impl Reader<'_> {
    /// Verify the file itself: pages, trees, indexes against their rows, the full text, and that
    /// tables and indexes are those this program makes.
    ///
    /// # Errors
    /// [`ReadError::Damaged`] with the first fault.
    pub fn verify_structure(&self) -> Result<(), ReadError> {
        let check = "PRAGMA integrity_check(1)";
        let found: String = self.connection().query_row(check, [], |row| row.get(0))?;
        if found.contains("FTS5") {
            return Err(ReadError::FullText);
        }
        if found != "ok" {
            return Err(ReadError::Damaged(found));
        }
        if schema(self.connection())? != expected_schema()? {
            let changed = "a table or index is not as this program made it";
            return Err(ReadError::Damaged(changed.to_owned()));
        }
        self.verify_rows()
    }

    /// Compare every row that has a sum with it: quicker than all of the structure.
    ///
    /// # Errors
    /// [`ReadError::Damaged`] with the first table concerned; [`ReadError::FullText`] where it is
    /// only the index of the full text.
    pub fn verify_rows(&self) -> Result<(), ReadError> {
        sums::verify(self.connection())
    }

    /// Verify the node's ledger. `progress` is told how many lines are done.
    ///
    /// # Errors
    /// See [`VerifyError`].
    pub fn verify_ledger(&self, progress: &mut dyn FnMut(u64)) -> Result<Verified, VerifyError> {
        let sql = "SELECT idx, leaf, NULL FROM ledger WHERE ?1 = ?1 ORDER BY idx";
        self.verify(LEDGER, sql, 0, progress)
    }

    /// Verify the log kept for a partner.
    ///
    /// # Errors
    /// See [`VerifyError`].
    pub fn verify_log(
        &self,
        node: &NodeId,
        progress: &mut dyn FnMut(u64),
    ) -> Result<Verified, VerifyError> {
        let peer = peer_number(self.connection(), node)
            .map_err(ReadError::from)?
            .unwrap_or(-1);
        let sql = "SELECT n, CASE WHEN leaf_hash IS NULL THEN leaf END, leaf_hash
                   FROM log_out WHERE peer = ?1 ORDER BY n";
        self.verify(out_log(peer), sql, peer, progress)
    }

    /// Verify the mirror of a partner's log, as far as it has no gap.
    ///
    /// # Errors
    /// See [`VerifyError`].
    pub fn verify_mirror(
        &self,
        node: &NodeId,
        progress: &mut dyn FnMut(u64),
    ) -> Result<Verified, VerifyError> {
        let peer = peer_number(self.connection(), node)
            .map_err(ReadError::from)?
            .unwrap_or(-1);
        let sql = "SELECT n, leaf, leaf_hash FROM log_in WHERE peer = ?1 ORDER BY n";
        self.verify(in_log(peer), sql, peer, progress)
    }

    fn verify(
        &self,
        log: LogId,
        sql: &str,
        peer: i64,
        progress: &mut dyn FnMut(u64),
    ) -> Result<Verified, VerifyError> {
        let broken = |index: u64, problem| VerifyError::Broken { index, problem };
        // Edge, leaves and checkpoints of one instant, whatever is written meanwhile.
        let _instant = self.instant()?;
        let edge = read_edge(self.connection(), log)
            .map_err(|error| ReadError::Damaged(error.to_string()))?;
        let size = edge.frontier.size();
        let mut frontier = Frontier::new();
        let mut tile: Vec<Hash> = Vec::new();
        let mut parents: Vec<Hash> = Vec::new();
        let mut statement = self.connection().prepare_cached(sql)?;
        let mut rows = statement.query(params![peer])?;
        let mut kept = self.connection().prepare_cached(KEPT)?;
        let mut kept = Kept::of(kept.query(params![log])?)?;
        while let Some(row) = rows.next()? {
            let index = row.get::<_, i64>(0)?.cast_unsigned();
            if index >= size && log != LEDGER && log % 2 == 0 {
                // Behind a gap of the mirror: not in the tree yet.
                break;
            }
            if index != frontier.size() || index >= size {
                return Err(broken(
                    frontier.size(),
                    "a leaf is missing, or one is too many",
                ));
            }
            let leaf: Option<Vec<u8>> = row.get(1)?;
            let noted: Option<Vec<u8>> = row.get(2)?;
            let hash = match (&leaf, &noted) {
                (Some(leaf), None) => leaf_hash(leaf),
                (Some(leaf), Some(noted)) if leaf_hash(leaf)[..] == noted[..] => leaf_hash(leaf),
                (None, Some(noted)) => noted[..]
                    .try_into()
                    .map_err(|_| broken(index, "a leaf hash is not 32 bytes"))?,
                _ => return Err(broken(index, "the leaf is not the one that was hashed")),
            };
            kept.compare(&frontier)?;
            frontier.append(hash);
            tile.push(hash);
            if tile.len() as u64 == TILE_WIDTH {
                let number = index / TILE_WIDTH;
                let stored = get_tile(self.connection(), log, 0, number)?;
                if stored.as_deref() != Some(&tile.concat()[..]) {
                    return Err(broken(index + 1 - TILE_WIDTH, "its tile was changed"));
                }
                parents.push(root_of(&tile));
                tile.clear();
                progress(index + 1);
            }
        }
        if frontier.size() != size {
            return Err(broken(frontier.size(), "the last leaves are missing"));
        }
        kept.compare(&frontier)?;
        let checkpoints = kept.end()?;
        self.verify_upper(log, parents)?;
        if frontier != edge.frontier || tile != edge.tail {
            return Err(broken(0, "the root is not the one that was kept"));
        }
        progress(size);
        Ok(Verified {
            size,
            root: frontier.root(),
            checkpoints,
        })
    }

    /// Checkpoints kept of a log from a size on, smallest first: size and note.
    ///
    /// # Errors
    /// See [`ReadError`].
    pub fn checkpoints(
        &self,
        log: Log<'_>,
        from: u64,
        limit: u32,
    ) -> Result<Vec<(u64, String)>, ReadError> {
        let log = self.log_id(log)?;
        let mut statement = self.connection().prepare_cached(
            "SELECT size, note FROM checkpoint WHERE log = ?1 AND size >= ?2
             ORDER BY size LIMIT ?3",
        )?;
        let rows = statement.query_map(params![log, bounded(from), limit], |row| {
            Ok((row.get::<_, i64>(0)?.cast_unsigned(), row.get(1)?))
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The tiles above the first level, from the roots below them.
    fn verify_upper(&self, log: LogId, mut row: Vec<Hash>) -> Result<(), VerifyError> {
        let mut level = 1_u8;
        while !row.is_empty() {
            for (index, part) in row.chunks(256).enumerate() {
                let index = index as u64;
                let stored = get_tile(self.connection(), log, level, index)?;
                if stored.as_deref() != Some(&part.concat()[..]) {
                    let first = index << (8 * u32::from(level) + 8);
                    return Err(VerifyError::Broken {
                        index: first,
                        problem: "an upper tile was changed",
                    });
                }
            }
            row = row.chunks_exact(256).map(root_of).collect();
            level += 1;
        }
        Ok(())
    }
}

/// The checkpoints kept of a log.
const KEPT: &str = "SELECT size, note FROM checkpoint WHERE log = ?1 ORDER BY size";

/// Those checkpoints, smallest first, beside the tree that grows past them.
struct Kept<'a> {
    rows: Rows<'a>,
    next: Option<Checkpoint>,
    passed: u64,
}

impl<'a> Kept<'a> {
    fn of(rows: Rows<'a>) -> Result<Self, VerifyError> {
        let mut kept = Self {
            rows,
            next: None,
            passed: 0,
        };
        kept.advance()?;
        Ok(kept)
    }

    fn advance(&mut self) -> Result<(), VerifyError> {
        self.next = match self.rows.next()? {
            None => None,
            Some(row) => {
                let size = row.get::<_, i64>(0)?.cast_unsigned();
                let note: String = row.get(1)?;
                let said = Checkpoint::unverified(&note).ok();
                let said = said.filter(|checkpoint| checkpoint.size == size);
                let problem = "it is not readable, or is of another size";
                Some(said.ok_or(VerifyError::Checkpoint { size, problem })?)
            }
        };
        Ok(())
    }

    /// Where a checkpoint was kept at the size the tree now has, the roots must be the same.
    fn compare(&mut self, tree: &Frontier) -> Result<(), VerifyError> {
        let Some(said) = self.next.take_if(|said| said.size == tree.size()) else {
            return Ok(());
        };
        if said.root != tree.root() {
            return Err(VerifyError::Checkpoint {
                size: said.size,
                problem: "the entries before it are not those it was signed over",
            });
        }
        self.passed += 1;
        self.advance()
    }

    /// How many there were; none may be larger than the log.
    fn end(self) -> Result<u64, VerifyError> {
        match self.next {
            None => Ok(self.passed),
            Some(said) => Err(VerifyError::Checkpoint {
                size: said.size,
                problem: "the log has fewer entries now",
            }),
        }
    }
}
