//! The node's folder: where its files lie, who may read them, and how they are written.

use std::fs::{self, File, OpenOptions};
use std::io::{Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use noroshi_model::PersonId;
use zeroize::Zeroizing;

use crate::command::Failure;

/// Largest key file read, in bytes.
const KEY_FILE_BYTES_MAX: u64 = 64 * 1024;

/// The folder of one node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Home(PathBuf);

impl Home {
    /// The folder at this path, which need not exist yet.
    #[must_use]
    pub fn at(path: &Path) -> Self {
        Self(path.to_path_buf())
    }

    /// The path itself.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// Where the store lies.
    #[must_use]
    pub fn store(&self) -> PathBuf {
        self.0.join("store")
    }

    /// The local command socket.
    #[must_use]
    pub fn socket(&self) -> PathBuf {
        self.0.join("noroshi.sock")
    }

    /// A node key: `root` (encrypted), `items`, `ledger`, `tls`, `sealing`.
    #[must_use]
    pub fn key(&self, name: &str) -> PathBuf {
        self.0.join("keys").join(format!("{name}.key"))
    }

    /// A person's key, encrypted with that person's passphrase.
    #[must_use]
    pub fn person_key(&self, person: &PersonId) -> PathBuf {
        self.0.join("persons").join(format!("{person}.key"))
    }

    /// The persons whose keys are kept here.
    ///
    /// # Errors
    /// The folder cannot be read.
    pub(crate) fn persons_with_keys(&self) -> Result<Vec<PersonId>, Failure> {
        let folder = self.0.join("persons");
        let entries = fs::read_dir(&folder).map_err(|error| cannot("read", &folder, &error))?;
        let names = entries.flatten().filter_map(|entry| {
            let name = entry.file_name().into_string().ok()?;
            name.strip_suffix(".key")?.parse().ok()
        });
        let mut persons: Vec<PersonId> = names.collect();
        persons.sort();
        Ok(persons)
    }

    /// The folder and its parts.
    pub(crate) fn folders(&self) -> [PathBuf; 4] {
        [
            self.0.clone(),
            self.0.join("keys"),
            self.0.join("persons"),
            self.store(),
        ]
    }

    /// Look again whether folders and key files are this user's alone: what was made so may have
    /// been opened since. The store looks at its own files.
    ///
    /// # Errors
    /// `home.open_folder`, `home.open_secret`: with the command that mends it.
    pub(crate) fn check_closed(&self) -> Result<(), Failure> {
        for folder in self.folders() {
            if let Some(mode) = open_mode(&folder) {
                return Err(open_failure("home.open_folder", &folder, mode, 0o700));
            }
            let is_key = |path: &PathBuf| path.extension().is_some_and(|end| end == "key");
            for file in in_folder(&folder).into_iter().filter(is_key) {
                if let Some(mode) = open_mode(&file) {
                    return Err(open_failure("home.open_secret", &file, mode, 0o600));
                }
            }
        }
        Ok(())
    }

    /// Make the folder and its parts, readable by this user only.
    ///
    /// # Errors
    /// It is there already and not empty, or cannot be made.
    pub fn create(&self) -> Result<(), Failure> {
        let occupied = fs::read_dir(&self.0).is_ok_and(|mut entries| entries.next().is_some());
        if occupied {
            return Err(Failure::new(
                "home.occupied",
                2,
                format_args!("{} is not empty: choose another --home", self.0.display()),
            )
            .arg("folder", self.0.display()));
        }
        // A folder is there after a power cut when the one above it was synced.
        let above = self.0.ancestors().skip(1);
        let stands = above.clone().take_while(|folder| !folder.exists()).count();
        for folder in self.folders() {
            fs::DirBuilder::new()
                .recursive(true)
                .mode(0o700)
                .create(&folder)
                .map_err(|error| cannot("make", &folder, &error))?;
        }
        // An empty folder that was there already may be open to others.
        fs::set_permissions(&self.0, fs::Permissions::from_mode(0o700))
            .map_err(|error| cannot("close to others", &self.0, &error))?;
        for folder in core::iter::once(self.path()).chain(above.take(stands + 1)) {
            sync_folder(folder).map_err(|error| cannot("sync", folder, &error))?;
        }
        Ok(())
    }
}

/// Write a file whole or not at all: a neighbour file, synced, then renamed. Mode 0600.
///
/// # Errors
/// The disk is full, or the folder cannot be written.
pub fn write_private(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    let part = path.with_extension("part");
    let written = (|| {
        let mut file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&part)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&part, path)?;
        match path.parent() {
            Some(folder) => sync_folder(folder),
            None => Ok(()),
        }
    })();
    written.map_err(|error| cannot("write", path, &error))
}

/// Make the names in a folder durable. A relative path's own folder has an empty name.
fn sync_folder(folder: &Path) -> std::io::Result<()> {
    let is_here = folder.as_os_str().is_empty();
    File::open(if is_here { Path::new(".") } else { folder })?.sync_all()
}

/// Read a file that holds a secret; refused when others could read it too.
///
/// # Errors
/// Missing, larger than 64 KiB, or its mode gives group or others any access.
pub fn read_private(path: &Path) -> Result<Zeroizing<Vec<u8>>, Failure> {
    let mut file = File::open(path).map_err(|error| cannot("read", path, &error))?;
    let meta = file
        .metadata()
        .map_err(|error| cannot("read", path, &error))?;
    if let Some(mode) = wide(&meta) {
        return Err(open_failure("home.open_secret", path, mode, 0o600));
    }
    if meta.len() > KEY_FILE_BYTES_MAX {
        return Err(Failure::new(
            "home.file",
            2,
            format_args!("{} is larger than 64 KiB: not a key file", path.display()),
        )
        .arg("file", path.display()));
    }
    let mut bytes = Zeroizing::new(Vec::new());
    file.read_to_end(&mut bytes)
        .map_err(|error| cannot("read", path, &error))?;
    Ok(bytes)
}

/// A path's mode, where it gives group or others anything.
pub(crate) fn open_mode(path: &Path) -> Option<u32> {
    wide(&fs::metadata(path).ok()?)
}

fn wide(meta: &fs::Metadata) -> Option<u32> {
    let mode = meta.permissions().mode() & 0o777;
    (mode & 0o077 != 0).then_some(mode)
}

/// What lies in a folder, sorted; nothing where it cannot be read.
pub(crate) fn in_folder(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
    paths.sort();
    paths
}

/// Others may get at something: refused, with the command that mends it.
pub(crate) fn open_failure(code: &str, path: &Path, mode: u32, closed: u32) -> Failure {
    let path = path.display();
    let command = format!("chmod {closed:o} {path}");
    Failure::new(
        code,
        3,
        format_args!("{path} has mode {mode:o}: others can get at it; run: {command}"),
    )
    .arg("file", path)
    .arg("command", command)
}

fn cannot(what: &str, path: &Path, error: &std::io::Error) -> Failure {
    Failure::new(
        "home.file",
        1,
        format_args!("cannot {what} {}: {error}", path.display()),
    )
    .arg("file", path.display())
}

/// The node's operational keys by file name.
pub(crate) const KEY_NAMES: [&str; 4] = ["items", "ledger", "tls", "sealing"];
