//! Opening, locking, migrating and closing the store; one writer, readers beside it.

use std::collections::{BTreeSet, HashMap};
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use noroshi_model::StixId;
use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use crate::closed;
use crate::error::{OpenError, ReadError, WriteError};
use crate::follow::Following;
use crate::merkle::Edges;
use crate::read::Reader;
use crate::snapshot::{Snapshots, remove_left_over};
use crate::sums::{Touched, teach};
use crate::text_index::bring_up;
use crate::viewer::Viewer;
use crate::write::Tx;

/// Migrations in order; the store's `user_version` says how many have run.
pub(crate) const MIGRATIONS: [&str; 5] = [
    include_str!("migrations/0001.sql"),
    include_str!("migrations/0002.sql"),
    include_str!("migrations/0003.sql"),
    include_str!("migrations/0004.sql"),
    include_str!("migrations/0005.sql"),
];
/// Statements kept ready on each connection.
const STATEMENTS: usize = 128;

/// How a store is opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// Page cache of the writer, in bytes; each reader has a sixteenth.
    pub cache_bytes: u64,
    /// Pages in the write-ahead log before it is written back.
    pub checkpoint_pages: u32,
    /// Largest database, in pages of 4 KiB; for tests of a full disk.
    pub pages_max: Option<u32>,
    /// What a commit waits for. No configuration reaches this.
    pub durability: Durability,
}

/// What a commit waits for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Durability {
    /// The disk: what is acknowledged survives a power cut.
    #[default]
    Full,
    /// Nothing: what is acknowledged survives a crash of the process only. The control of the
    /// campaign, which must lose what is written so; no node is opened with it.
    Control,
}

impl Durability {
    fn pragma(self) -> &'static str {
        match self {
            Self::Full => "FULL",
            Self::Control => "NORMAL",
        }
    }
}

impl Default for Options {
    fn default() -> Self {
        Self {
            cache_bytes: 48 * 1024 * 1024,
            checkpoint_pages: 16_000,
            pages_max: None,
            durability: Durability::Full,
        }
    }
}

/// An open store.
pub struct Store {
    folder: PathBuf,
    options: Options,
    writer: Mutex<Writer>,
    readers: Mutex<Vec<Connection>>,
    /// Counts the transactions that changed something a release is decided by.
    generation: AtomicU64,
    /// Was something erased whose bytes may still stand in the write-ahead log?
    owes_scrub: AtomicBool,
    pub(crate) snapshots: Mutex<Snapshots>,
    pub(crate) following: Following,
    /// Held as long as the store is open.
    _lock: File,
}

pub(crate) struct Writer {
    pub(crate) connection: Connection,
    pub(crate) edges: Edges,
    pub(crate) words: HashMap<String, i64>,
    pub(crate) touched: Touched,
    /// The logs that are read page by page, as far as they are known.
    pub(crate) viewed: Option<BTreeSet<i64>>,
    pub(crate) poisoned: Option<String>,
    /// Has the transaction under way changed something a release is decided by?
    pub(crate) weighs: bool,
    /// Has it erased bytes?
    pub(crate) erases: bool,
    /// The objects whose versions it has changed.
    pub(crate) settled: Vec<StixId>,
}

impl Store {
    /// Open the store in a folder, make it where there is none, bring it to this version.
    ///
    /// # Errors
    /// See [`OpenError`].
    pub fn open(folder: &Path, options: &Options) -> Result<Self, OpenError> {
        Self::open_telling(folder, options, &mut |_, _| {})
    }

    /// The same, and tell how far it is where the full text has to be built anew first: items done,
    /// and of how many.
    ///
    /// # Errors
    /// See [`OpenError`].
    pub fn open_telling(
        folder: &Path,
        options: &Options,
        progress: &mut dyn FnMut(u64, u64),
    ) -> Result<Self, OpenError> {
        let lock = closed::prepare(folder)?;
        remove_left_over(folder);
        let mut connection = Connection::open(folder.join("noroshi.db"))?;
        prepare(&connection, options, options.cache_bytes)?;
        keep_log(&connection, folder)?;
        migrate(&mut connection)?;
        let touched = Touched::watch(&mut connection)?;
        bring_up(&mut connection, &touched, progress).map_err(OpenError::Text)?;
        // A process that died between a destroy and its scrub left erased bytes in the log.
        connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
        Ok(Self {
            folder: folder.to_path_buf(),
            options: *options,
            writer: Mutex::new(Writer {
                connection,
                edges: Edges::default(),
                words: HashMap::new(),
                touched,
                viewed: None,
                poisoned: None,
                weighs: false,
                erases: false,
                settled: Vec::new(),
            }),
            readers: Mutex::new(Vec::new()),
            generation: AtomicU64::new(0),
            owes_scrub: AtomicBool::new(false),
            snapshots: Mutex::new(Snapshots::default()),
            following: Following::default(),
            _lock: lock,
        })
    }

    /// Write in one transaction: all of it stands when this returns, or none.
    ///
    /// # Errors
    /// What the work says, or [`WriteError`].
    pub fn write<T, E: From<WriteError>>(
        &self,
        work: impl FnOnce(&mut Tx<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        let mut writer = self.writer();
        if let Some(why) = &writer.poisoned {
            return Err(WriteError::Poisoned(why.clone()).into());
        }
        begin(&writer.connection)?;
        (writer.weighs, writer.erases) = (false, false);
        writer.touched.clear();
        writer.settled.clear();
        let mut tx = Tx::new(&mut writer);
        let outcome = match work(&mut tx) {
            Ok(value) => tx.finish().map(|()| value).map_err(E::from),
            Err(error) => Err(error),
        };
        match outcome.and_then(|value| commit(&mut writer).map(|()| value).map_err(E::from)) {
            Ok(value) => {
                writer.edges.keep();
                if writer.erases {
                    self.owes_scrub.store(true, Ordering::SeqCst);
                }
                if writer.weighs {
                    self.generation.fetch_add(1, Ordering::SeqCst);
                }
                self.following.committed(&mut writer.settled);
                Ok(value)
            }
            Err(error) => {
                let back = writer.connection.execute_batch("ROLLBACK");
                writer.edges.restore();
                writer.words.clear();
                writer.viewed = None;
                // A rollback that fails because nothing is open is fine: the engine did it itself.
                if let Err(problem) = back
                    && !writer.connection.is_autocommit()
                {
                    writer.poisoned = Some(problem.to_string());
                }
                Err(error)
            }
        }
    }

    /// Rises with every transaction that changed what a release is decided by: agreements, peers,
    /// rules, acts, manifests, markings, and items or entries taken back. It rises before
    /// [`Store::write`] returns, and begins anew with the process: whoever asked the gate under one
    /// generation and finds the same one later need not ask again for the store's sake.
    #[must_use]
    pub fn generation(&self) -> u64 {
        self.generation.load(Ordering::SeqCst)
    }

    /// Read as somebody.
    ///
    /// # Errors
    /// The database cannot be opened once more.
    pub fn read(&self, viewer: &Viewer) -> Result<Reader<'_>, ReadError> {
        let kept = guard(&self.readers).pop();
        let connection = match kept {
            Some(connection) => connection,
            None => {
                let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
                let connection =
                    Connection::open_with_flags(self.folder.join("noroshi.db"), flags)?;
                prepare_reader(&connection, self.options.cache_bytes / 16)?;
                connection
            }
        };
        Ok(Reader::new(self, connection, viewer.clone()))
    }

    pub(crate) fn give_back(&self, connection: Connection) {
        let mut readers = guard(&self.readers);
        if readers.len() < 8 {
            readers.push(connection);
        }
    }

    /// After a destroy: the write-ahead log is written back and cut to nothing, so that no erased
    /// byte is left in the store's files. Pages freed are overwritten by `secure_delete`. While a
    /// snapshot is taken this waits for its end, and is done then.
    ///
    /// # Errors
    /// The database refuses; a reader that never ends keeps the log.
    pub fn scrub(&self) -> Result<(), WriteError> {
        // Held to the end: no snapshot begins meanwhile.
        let mut snapshots = guard(&self.snapshots);
        snapshots.scrub_due = snapshots.active > 0;
        if snapshots.scrub_due {
            return Ok(());
        }
        // Readers that are not at work hold no snapshot; those at work are waited for.
        guard(&self.readers).clear();
        let writer = self.writer();
        let busy: i64 =
            writer
                .connection
                .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))?;
        if busy == 0 {
            self.owes_scrub.store(false, Ordering::SeqCst);
            Ok(())
        } else {
            Err(WriteError::Refused(
                "a reader still holds old pages: try again",
            ))
        }
    }

    /// Was something erased that [`Store::scrub`] has not cleared from the log yet? Until then
    /// nobody may be told that it is destroyed. The next start clears it in any case.
    #[must_use]
    pub fn owes_scrub(&self) -> bool {
        self.owes_scrub.load(Ordering::SeqCst)
    }

    pub(crate) fn scrub_is_due(&self) -> bool {
        let snapshots = guard(&self.snapshots);
        snapshots.scrub_due && snapshots.active == 0
    }

    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Close in good order.
    ///
    /// # Errors
    /// The last write back fails; everything committed is still durable.
    pub fn close(self) -> Result<(), WriteError> {
        guard(&self.readers).clear();
        let writer = self
            .writer
            .into_inner()
            .unwrap_or_else(PoisonError::into_inner);
        writer
            .connection
            .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
        writer
            .connection
            .close()
            .map_err(|(_, error)| WriteError::Database(error))
    }

    pub(crate) fn writer(&self) -> MutexGuard<'_, Writer> {
        guard(&self.writer)
    }
}

pub(crate) fn guard<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn begin(connection: &Connection) -> Result<(), WriteError> {
    connection
        .execute_batch("BEGIN IMMEDIATE")
        .map_err(WriteError::Database)
}

/// A commit that fails on the disk is not tried again: after a failed fsync nobody knows what is
/// durable (PostgreSQL learned it in 2018). Every later write is refused until a restart.
fn commit(writer: &mut Writer) -> Result<(), WriteError> {
    writer.connection.execute_batch("COMMIT").map_err(|error| {
        let is_io = matches!(
            error.sqlite_error_code(),
            Some(rusqlite::ErrorCode::SystemIoFailure | rusqlite::ErrorCode::DatabaseCorrupt)
        );
        if is_io {
            writer.poisoned = Some(error.to_string());
        }
        WriteError::Database(error)
    })
}

/// Statements are planned once, whatever is bound to them. Without it the engine plans a statement
/// anew for each value it compares with the condition of a partial index.
fn plan_once(connection: &Connection) -> Result<(), rusqlite::Error> {
    teach(connection)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    Ok(())
}

fn prepare(connection: &Connection, options: &Options, cache: u64) -> Result<(), OpenError> {
    plan_once(connection)?;
    // There is one writer: only a checkpoint ever waits, for readers.
    connection.busy_timeout(std::time::Duration::from_secs(1))?;
    connection.execute_batch(&format!(
        "PRAGMA page_size = 4096;
         PRAGMA journal_mode = WAL;
         PRAGMA synchronous = {};
         PRAGMA secure_delete = ON;
         PRAGMA trusted_schema = OFF;
         PRAGMA temp_store = MEMORY;
         PRAGMA wal_autocheckpoint = {};
         PRAGMA cache_size = -{};",
        options.durability.pragma(),
        options.checkpoint_pages,
        cache / 1024
    ))?;
    if let Some(pages) = options.pages_max {
        connection.execute_batch(&format!("PRAGMA max_page_count = {pages}"))?;
    }
    Ok(())
}

/// Make the write-ahead log's name durable before anything is committed to it.
///
/// The engine syncs the folder too when it first syncs a new log, and goes on where that fails.
/// When the power goes then, the log of an earlier process is there again under this name, for the
/// engine takes it away without a sync, and its old pages are read over newer ones.
fn keep_log(connection: &Connection, folder: &Path) -> Result<(), OpenError> {
    // Any read opens the log, and makes its file where there is none.
    connection.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(()))?;
    let synced = File::open(folder).and_then(|folder| folder.sync_all());
    synced.map_err(|source| OpenError::Folder {
        folder: folder.to_path_buf(),
        source,
    })
}

pub(crate) fn prepare_reader(connection: &Connection, cache: u64) -> Result<(), ReadError> {
    plan_once(connection)?;
    connection.busy_timeout(std::time::Duration::from_secs(5))?;
    connection.execute_batch(&format!(
        "PRAGMA query_only = ON; PRAGMA trusted_schema = OFF; PRAGMA cache_size = -{};",
        (cache / 1024).max(512)
    ))?;
    Ok(())
}

fn migrate(connection: &mut Connection) -> Result<(), OpenError> {
    let known = MIGRATIONS.len() as i64;
    let found: i64 = connection.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    if found > known {
        return Err(OpenError::Newer { found, known });
    }
    for (version, script) in MIGRATIONS
        .iter()
        .enumerate()
        .skip(usize::try_from(found).unwrap_or(0))
    {
        let tx = connection.transaction()?;
        tx.execute_batch(script)?;
        tx.execute_batch(&format!("PRAGMA user_version = {}", version + 1))?;
        tx.commit()?;
    }
    Ok(())
}
