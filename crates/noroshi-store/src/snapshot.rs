//! A copy of the store as it stands in one instant, while it goes on being written.
//!
//! The copy is made page by page (SQLite's backup interface) under one read transaction: in WAL
//! mode that holds up no writer, and what is written meanwhile is not in the copy. `VACUUM INTO`
//! was rejected: it builds every index and the full text anew, ten times the work, for the same
//! bytes; and it tells no progress.

use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use noroshi_seal::merkle::Hash;
use rusqlite::backup::{Backup, StepResult};
use rusqlite::{Connection, OpenFlags};

use crate::error::{ReadError, WriteError};
use crate::merkle::{LEDGER, read_edge};
use crate::open::{Store, guard, prepare_reader};

/// Pages copied between two looks at whether to go on.
const PAGES: i32 = 1024;
/// Page cache of each side of the copy, in bytes.
const CACHE: u64 = 4 * 1024 * 1024;

/// A snapshot on the disk, taken away when this is dropped.
#[derive(Debug)]
pub struct Snapshot {
    /// The file: a database like the store's own, for its owner only.
    pub path: PathBuf,
    /// Lines of the ledger in it.
    pub ledger_size: u64,
    /// The root over them.
    pub ledger_root: Hash,
}

impl Drop for Snapshot {
    fn drop(&mut self) {
        remove(&self.path);
    }
}

/// Why no snapshot was made.
#[derive(Debug, thiserror::Error)]
pub enum SnapshotError {
    /// Whoever asked for it does not want it any more.
    #[error("the snapshot was called off")]
    CalledOff,
    /// The file cannot be made.
    #[error("cannot make the snapshot {path}")]
    File {
        /// Where.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The database refuses: most often the disk is full.
    #[error("cannot copy the store")]
    Database(#[from] rusqlite::Error),
    /// What is stored does not fit together.
    #[error("the store is damaged: {0}")]
    Damaged(String),
}

impl From<ReadError> for SnapshotError {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::Database(error) => Self::Database(error),
            other => Self::Damaged(other.to_string()),
        }
    }
}

/// Snapshots under way, and whether a scrub waits for their end.
#[derive(Default)]
pub(crate) struct Snapshots {
    pub(crate) active: u32,
    pub(crate) scrub_due: bool,
}

/// Counts a snapshot as long as it reads.
struct Active<'a>(&'a Store);

impl<'a> Active<'a> {
    fn begin(store: &'a Store) -> Self {
        guard(&store.snapshots).active += 1;
        Self(store)
    }

    /// The reading is over: what waited for it is done now.
    fn end(self) -> Result<(), WriteError> {
        let store = self.0;
        drop(self);
        if store.scrub_is_due() {
            store.scrub()?;
        }
        Ok(())
    }
}

impl Drop for Active<'_> {
    fn drop(&mut self) {
        guard(&self.0.snapshots).active -= 1;
    }
}

impl Store {
    /// Copy the store as it stands now into a file beside it. `progress` is told pages done and
    /// pages in all, and says whether to go on. One at a time: a second takes the first's place.
    ///
    /// # Errors
    /// See [`SnapshotError`].
    pub fn snapshot(
        &self,
        progress: &mut dyn FnMut(u64, u64) -> bool,
    ) -> Result<Snapshot, SnapshotError> {
        let path = self.folder().join(NAME);
        remove(&path);
        let trouble = |source| SnapshotError::File {
            path: path.clone(),
            source,
        };
        OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&path)
            .map_err(trouble)?;
        let mut snapshot = Snapshot {
            path,
            ledger_size: 0,
            ledger_root: [0; 32],
        };
        let active = Active::begin(self);
        (snapshot.ledger_size, snapshot.ledger_root) = self.copy(&snapshot.path, progress)?;
        active.end().map_err(|error| match error {
            WriteError::Database(error) => SnapshotError::Database(error),
            other => SnapshotError::Damaged(other.to_string()),
        })?;
        Ok(snapshot)
    }

    fn copy(
        &self,
        to: &Path,
        progress: &mut dyn FnMut(u64, u64) -> bool,
    ) -> Result<(u64, Hash), SnapshotError> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let source = Connection::open_with_flags(self.folder().join("noroshi.db"), flags)?;
        prepare_reader(&source, CACHE)?;
        // The first read inside the transaction fixes what all of it sees.
        source.execute_batch("BEGIN")?;
        let edge = read_edge(&source, LEDGER)
            .map_err(|error| SnapshotError::Damaged(error.to_string()))?;
        let mut target = Connection::open(to)?;
        target.execute_batch(&format!(
            "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -{};",
            CACHE / 1024
        ))?;
        {
            let copy = Backup::new(&source, &mut target)?;
            loop {
                let step = copy.step(PAGES)?;
                let told = copy.progress();
                let all = u64::try_from(told.pagecount).unwrap_or_default();
                let left = u64::try_from(told.remaining).unwrap_or_default();
                if !progress(all.saturating_sub(left), all) {
                    return Err(SnapshotError::CalledOff);
                }
                match step {
                    StepResult::Done => break,
                    StepResult::More => {}
                    // Neither side has another user: the source is read under a transaction that
                    // stands, the target is new.
                    _ => return Err(SnapshotError::Damaged("the copy is locked".to_owned())),
                }
            }
        }
        target.close().map_err(|(_, error)| error)?;
        Ok((edge.frontier.size(), edge.frontier.root()))
    }
}

/// The snapshot's file in the store's folder.
const NAME: &str = "snapshot.db";

/// What a process that died left behind, journals included.
pub(crate) fn remove_left_over(folder: &Path) {
    remove(&folder.join(NAME));
}

fn remove(path: &Path) {
    for suffix in ["", "-journal", "-wal", "-shm"] {
        let mut name = path.as_os_str().to_owned();
        name.push(suffix);
        // What is not there need not be taken away.
        let _ = std::fs::remove_file(PathBuf::from(name));
    }
}
