//! Backups: made while the node works, known to its ledger before they are whole, so that whoever
//! destroys an item is told which backups still hold it. Bringing one back is `restore`'s.
//!
//! The node's own operational keys are never in a backup: a restored node makes new ones. Keys
//! locked with a passphrase (the root's where it is kept here, persons') go into a locked backup
//! only.

pub(crate) mod stream;
pub(crate) mod unpack;

use std::collections::BTreeSet;
use std::fs::{self, File, OpenOptions};
use std::io::Read;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use noroshi_model::document::{hex, text, unhex};
use noroshi_model::json::Object;
use noroshi_model::ledger::{LedgerLine, LineKind};
use noroshi_model::{Digest, ItemHash, PersonId, Rng};
use noroshi_seal::backup::{Header, Lock};
use noroshi_seal::keyfile::Cost;
use noroshi_store::{ItemState, RecordKind, Snapshot, SnapshotError, Tx, WriteError};
use zeroize::Zeroizing;

use crate::command::{BackupLock, BackupRow, Event, Failure};
use crate::node::{Node, store_failure};
use crate::persons::PASSPHRASE_CHARS_MIN;
use crate::records::backup::{BackupRecord, BackupState, Remains};
use crate::records::{Record, int};
use crate::sink::Sink;
use stream::{Entry, Writer};

pub use unpack::{header_of, verify};

/// A backup under way: where it goes, and with which key.
struct Order {
    to: PathBuf,
    part: PathBuf,
    lock: Option<(Lock, Zeroizing<[u8; 32]>)>,
    id: [u8; 16],
    by: PersonId,
}

impl Node {
    /// Make a backup. The ledger knows of it before its first byte is written and names its digest
    /// before it bears its name.
    pub(crate) fn backup_make(
        &self,
        to: &Path,
        person: &str,
        lock: Option<&BackupLock>,
        sink: &mut dyn Sink,
    ) -> Result<BackupRow, Failure> {
        let person = self.active_person(person)?;
        let lock = lock.map(read_lock).transpose()?;
        let part = part_of(to)?;
        let _one = self
            .backup_turn
            .try_lock()
            .map_err(|_| Failure::new("backup.busy", 3, "another backup is being made"))?;
        let order = Order {
            to: to.to_path_buf(),
            part,
            lock,
            id: self.chance(),
            by: person.name,
        };
        let mut record = BackupRecord {
            id: order.id,
            at: self.now(),
            by: order.by.clone(),
            path: order.to.display().to_string(),
            locked: order.lock.is_some(),
            state: BackupState::Begun,
            lines: None,
            digest: None,
            bytes: 0,
        };
        self.keep_backup(&record, "begun", &order.by)?;
        match self.write_backup(&order, &mut record, sink) {
            Ok(()) => Ok(backup_row(&record)),
            Err(failure) => {
                let _ = fs::remove_file(&order.part);
                record.state = BackupState::Failed;
                self.keep_backup(&record, "failed", &order.by)?;
                Err(failure)
            }
        }
    }

    fn write_backup(
        &self,
        order: &Order,
        record: &mut BackupRecord,
        sink: &mut dyn Sink,
    ) -> Result<(), Failure> {
        let snapshot = self.snapshot(sink)?;
        let header = Header {
            id: order.id,
            world: self.world(),
            node: self.me(),
            at: record.at,
            ledger_size: snapshot.ledger_size,
            ledger_root: Digest(snapshot.ledger_root),
            lock: order.lock.as_ref().map(|(lock, _)| *lock),
        };
        let failed = |error: &dyn std::fmt::Display| cannot(&order.part, error);
        let file = new_file(&order.part).map_err(|error| failed(&error))?;
        let key = order.lock.as_ref().map(|(_, key)| &**key);
        let mut writer = Writer::begin(file, &header, key).map_err(|error| failed(&error))?;
        for (entry, path) in self.contents(order.lock.is_some(), &snapshot)? {
            let mut source = File::open(&path).map_err(|error| cannot(&path, &error))?;
            let size = source
                .metadata()
                .map_err(|error| cannot(&path, &error))?
                .len();
            let mut told = Told {
                sink,
                done: 0,
                total: size,
            };
            let mut source = Watched {
                from: &mut source,
                told: &mut told,
            };
            let copied = writer.entry(&entry, size, &mut source);
            copied.map_err(|error| failed(&error))?;
        }
        let (file, digest, bytes) = writer.finish().map_err(|error| failed(&error))?;
        file.sync_all().map_err(|error| failed(&error))?;
        drop(snapshot);
        record.state = BackupState::Made;
        record.lines = Some(header.ledger_size);
        record.digest = Some(digest);
        record.bytes = bytes;
        self.keep_backup(record, "made", &order.by)?;
        fs::rename(&order.part, &order.to)
            .and_then(|()| match order.to.parent() {
                Some(folder) => File::open(folder)?.sync_all(),
                None => Ok(()),
            })
            .map_err(|error| cannot(&order.to, &error))
    }

    fn snapshot(&self, sink: &mut dyn Sink) -> Result<Snapshot, Failure> {
        let mut progress = |done: u64, total: u64| {
            sink.send(Event::Progress {
                label: "progress-snapshot".into(),
                done,
                total: Some(total),
            })
        };
        self.store
            .snapshot(&mut progress)
            .map_err(|error| match error {
                SnapshotError::CalledOff => called_off(),
                error => store_failure(error),
            })
    }

    /// What goes in, in order; keys only where the backup is locked.
    fn contents(
        &self,
        locked: bool,
        snapshot: &Snapshot,
    ) -> Result<Vec<(Entry, PathBuf)>, Failure> {
        let home = self.home();
        let mut contents = vec![(Entry::Config, home.path().join("noroshi.toml"))];
        if locked {
            let root = home.key("root");
            if root.exists() {
                contents.push((Entry::Root, root));
            }
            for person in home.persons_with_keys()? {
                let path = home.person_key(&person);
                contents.push((Entry::Person(person), path));
            }
        }
        contents.push((Entry::Store, snapshot.path.clone()));
        Ok(contents)
    }

    fn keep_backup(
        &self,
        record: &BackupRecord,
        event: &str,
        by: &PersonId,
    ) -> Result<(), Failure> {
        let line = self.backup_line(record, event, by);
        self.store
            .write(|tx| {
                tx.put(RecordKind::Backup, &record.id, &record.to_bytes())?;
                tx.append(&line)
            })
            .map_err(store_failure::<WriteError>)?;
        Ok(())
    }

    fn backup_line(&self, record: &BackupRecord, event: &str, by: &PersonId) -> LedgerLine {
        let mut body = Object::new()
            .with("event", event)
            .with("backup", hex(&record.id))
            .with("to", record.path.as_str())
            .with("locked", record.locked);
        if let (Some(lines), Some(digest)) = (record.lines, record.digest) {
            body.insert("lines", int(lines));
            body.insert("digest", text(digest));
            body.insert("bytes", int(record.bytes));
        }
        self.line(LineKind::Backup, Some(by), body)
    }

    pub(crate) fn backup_list(&self, sink: &mut dyn Sink) -> Result<(), Failure> {
        for record in self.backups()? {
            let row = serde_json::to_value(backup_row(&record)).unwrap_or_default();
            sink.send(Event::Row {
                kind: "backup".into(),
                row,
            });
        }
        Ok(())
    }

    /// Every backup known, oldest first.
    pub(crate) fn backups(&self) -> Result<Vec<BackupRecord>, Failure> {
        let mut records = self.records::<BackupRecord>(RecordKind::Backup)?;
        records.sort_by_key(|record| (record.at, record.id));
        Ok(records)
    }

    /// A person states that a backup was destroyed. What lies where it was written is not.
    pub(crate) fn backup_forget(&self, named: &str, person: &str) -> Result<BackupRow, Failure> {
        let person = self.active_person(person)?;
        let mut found = self.backups()?.into_iter().filter(|record| {
            named.len() >= 8 && hex_of(&record.id).starts_with(&named.to_ascii_lowercase())
        });
        let (Some(mut record), None) = (found.next(), found.next()) else {
            return Err(Failure::new(
                "backup.unknown",
                4,
                format_args!("no one backup begins with `{named}`: see `noroshi backup list`"),
            )
            .arg("backup", named));
        };
        let whole = PathBuf::from(&record.path);
        let left = [with_part(&whole), whole];
        if let Some(path) = left.iter().find(|path| path.exists()) {
            return Err(Failure::new(
                "backup.still_there",
                3,
                format_args!("{} is still there: destroy it first", path.display()),
            )
            .arg("file", path.display()));
        }
        record.state = BackupState::Forgotten;
        self.keep_backup(&record, "forgotten", &person.name)?;
        Ok(backup_row(&record))
    }

    /// Destroy an item, and put down which backups hold its bytes still.
    pub(crate) fn destroy(&self, tx: &mut Tx<'_>, item: &ItemHash) -> Result<bool, WriteError> {
        let stored = tx.item(item)?;
        let Some(stored) = stored.filter(|stored| stored.state != ItemState::Destroyed) else {
            return Ok(false);
        };
        self.forget_definition(tx, &stored)?;
        let mut ids = Vec::new();
        for (_, bytes) in tx.records(RecordKind::Backup)? {
            let record = BackupRecord::from_bytes(&bytes)
                .map_err(|error| WriteError::Damaged(error.to_string()))?;
            if record.may_hold(stored.ledger_line) {
                ids.push(record.id);
            }
        }
        if !ids.is_empty() {
            let body = Object::new()
                .with("event", "holds")
                .with("item", text(item))
                .with(
                    "backups",
                    ids.iter().map(|id| hex_of(id)).collect::<Vec<_>>(),
                );
            tx.append(&self.line(LineKind::Backup, None, body))?;
            let remains = Remains { ids }.to_bytes();
            tx.put(RecordKind::InBackups, item.bytes(), &remains)?;
        }
        tx.destroy(item)
    }

    /// The backups that still hold a destroyed item's bytes, as far as this node knows.
    pub(crate) fn backups_holding(&self, item: &ItemHash) -> Result<Vec<BackupRow>, Failure> {
        let Some(remains) = self.record::<Remains>(RecordKind::InBackups, item.bytes())? else {
            return Ok(Vec::new());
        };
        let ids: BTreeSet<[u8; 16]> = remains.ids.into_iter().collect();
        let backups = self.backups()?;
        let still = backups
            .iter()
            .filter(|record| ids.contains(&record.id) && record.exists());
        Ok(still.map(backup_row).collect())
    }
}

pub(crate) fn backup_row(record: &BackupRecord) -> BackupRow {
    BackupRow {
        id: hex_of(&record.id),
        at: record.at.to_string(),
        by: record.by.to_string(),
        path: record.path.clone(),
        locked: record.locked,
        state: record.state.as_str().to_owned(),
        lines: record.lines,
        digest: record.digest.map(|digest| digest.to_string()),
        bytes: record.bytes,
    }
}

/// The key a caller made from a passphrase, for this one backup.
/// The lock of a backup that a passphrase opens, made where the passphrase is typed.
///
/// # Errors
/// The passphrase is too short.
pub fn lock_of(passphrase: &str, rng: &dyn Rng) -> Result<BackupLock, Failure> {
    let least = PASSPHRASE_CHARS_MIN;
    if passphrase.chars().count() < least {
        let why = format_args!("a passphrase has at least {least} characters");
        return Err(Failure::new("person.short_passphrase", 2, why).arg("least", least));
    }
    let lock = Lock::fresh(rng, Cost::DEFAULT);
    let key = lock
        .key(passphrase)
        .map_err(|error| Failure::new("backup.refused", 5, error))?;
    Ok(BackupLock {
        salt: hex_of(&lock.salt),
        memory_kib: lock.cost.memory_kib,
        passes: lock.cost.passes,
        key: hex_of(&*key),
    })
}

fn read_lock(lock: &BackupLock) -> Result<(Lock, Zeroizing<[u8; 32]>), Failure> {
    let wrong = || Failure::new("backup.lock", 2, "the backup's lock is malformed");
    let salt = unhex(&lock.salt).and_then(|salt| salt.try_into().ok());
    let key = unhex(&lock.key).map(Zeroizing::new);
    let key = key.and_then(|key| <[u8; 32]>::try_from(key.as_slice()).ok());
    let cost = Cost {
        memory_kib: lock.memory_kib,
        passes: lock.passes,
    };
    let lock = Lock {
        salt: salt.ok_or_else(wrong)?,
        cost,
    };
    Ok((lock, Zeroizing::new(key.ok_or_else(wrong)?)))
}

fn with_part(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".part");
    PathBuf::from(name)
}

/// Where the backup grows until it is whole. What has its name already is never replaced.
fn part_of(to: &Path) -> Result<PathBuf, Failure> {
    if to.exists() {
        return Err(Failure::new(
            "backup.exists",
            2,
            format_args!("{} exists: name a new file", to.display()),
        )
        .arg("file", to.display()));
    }
    Ok(with_part(to))
}

/// A new file for its owner only; what a backup that died left under this name goes.
fn new_file(path: &Path) -> Result<File, std::io::Error> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
}

pub(crate) fn hex_of(bytes: &[u8]) -> String {
    hex(bytes).as_str().unwrap_or_default().to_owned()
}

fn cannot(path: &Path, error: &dyn std::fmt::Display) -> Failure {
    Failure::new(
        "backup.failed",
        1,
        format_args!("{}: {error}", path.display()),
    )
    .arg("file", path.display())
}

fn called_off() -> Failure {
    Failure::new(
        "backup.called_off",
        1,
        "nobody waits for the backup any more: it was given up",
    )
}

/// How far the writing is, and whether somebody still listens.
struct Told<'a> {
    sink: &'a mut dyn Sink,
    done: u64,
    total: u64,
}

/// A source whose reading is told; it breaks off when nobody listens.
struct Watched<'a, 'b> {
    from: &'a mut File,
    told: &'a mut Told<'b>,
}

impl Read for Watched<'_, '_> {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        let read = self.from.read(out)?;
        self.told.done += read as u64;
        let listens = self.told.sink.send(Event::Progress {
            label: "progress-backup".into(),
            done: self.told.done,
            total: Some(self.told.total),
        });
        if listens {
            Ok(read)
        } else {
            Err(std::io::Error::other("nobody waits for it any more"))
        }
    }
}
