//! The store's files are their owner's alone: made so, and looked at again whenever the store is
//! opened. The folders above are the node's to look at.

use std::fs::{File, OpenOptions, Permissions};
use std::io::{ErrorKind, Read};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use crate::error::OpenError;

/// The database and its neighbours.
const FILES: [&str; 3] = ["noroshi.db", "noroshi.db-wal", "noroshi.db-shm"];
/// The first schema whose files are made closed. Older ones lay open in a closed folder: they are
/// closed as they are migrated.
const CLOSED_SINCE: u32 = 4;
/// Where the schema's number stands in the database.
const SCHEMA_AT: usize = 60;

/// Make the folder where there is none, and the database's file in it.
///
/// # Errors
/// Others may read one of the files, another process has them, or they cannot be used.
pub(crate) fn prepare(folder: &Path) -> Result<File, OpenError> {
    let trouble = |source| OpenError::Folder {
        folder: folder.to_path_buf(),
        source,
    };
    if !folder.exists() {
        make_durably(folder).map_err(trouble)?;
    }
    let lock = private().open(folder.join("lock")).map_err(trouble)?;
    match lock.try_lock() {
        Ok(()) => {}
        Err(std::fs::TryLockError::WouldBlock) => {
            return Err(OpenError::Locked {
                folder: folder.to_path_buf(),
            });
        }
        Err(std::fs::TryLockError::Error(source)) => return Err(trouble(source)),
    }
    let database = folder.join(FILES[0]);
    let mut file = private().read(true).open(&database).map_err(trouble)?;
    let is_old = schema(&mut file).map_err(trouble)? < CLOSED_SINCE;
    for path in FILES.map(|name| folder.join(name)) {
        if is_old {
            close(&path).map_err(trouble)?;
        } else {
            check(&path)?;
        }
    }
    Ok(lock)
}

/// A new file is made for its owner only; the engine gives its neighbours the same mode.
fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(false).mode(0o600);
    options
}

/// The schema that the file says it has; 0 for an empty one.
fn schema(file: &mut File) -> std::io::Result<u32> {
    let mut head = [0; SCHEMA_AT + 4];
    match file.read_exact(&mut head) {
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => return Ok(0),
        other => other?,
    }
    let mut number = [0; 4];
    number.copy_from_slice(&head[SCHEMA_AT..]);
    Ok(u32::from_be_bytes(number))
}

fn close(path: &Path) -> std::io::Result<()> {
    match std::fs::set_permissions(path, Permissions::from_mode(0o600)) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

/// Refused when others than the owner may read or write it. What is not there is closed.
fn check(path: &Path) -> Result<(), OpenError> {
    let mode = match std::fs::metadata(path) {
        Ok(meta) => meta.permissions().mode() & 0o777,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        Err(source) => {
            return Err(OpenError::Folder {
                folder: path.to_path_buf(),
                source,
            });
        }
    };
    if mode & 0o077 == 0 {
        return Ok(());
    }
    Err(OpenError::Exposed {
        path: path.to_path_buf(),
        mode,
    })
}

/// A new folder is there after a power cut when the one above it was synced.
fn make_durably(folder: &Path) -> std::io::Result<()> {
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)?;
    let above: PathBuf = match folder.parent() {
        Some(above) if !above.as_os_str().is_empty() => above.to_path_buf(),
        _ => PathBuf::from("."),
    };
    File::open(above)?.sync_all()
}
