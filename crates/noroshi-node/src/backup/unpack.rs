//! Checking a backup without a node: every byte of the file, then the ledger and every partner's
//! log inside from genesis, and that they are the ones the header names.

use std::fs::{self, File};
use std::io::{BufReader, Read};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use noroshi_model::manifest::Manifest;
use noroshi_model::{Digest, NodeId};
use noroshi_seal::backup::{BackupError, Header, StreamDigest};
use noroshi_seal::manifest::SignedManifest;
use noroshi_seal::sign::Ed25519;
use noroshi_store::{Options, Reader as StoreReader, RecordKind, Store, VerifyError, Viewer};

use super::stream::{self, Entry, StreamError};
use super::{hex_of, new_file};
use crate::command::{BackupVerified, Failure};
use crate::home::Home;
use crate::node::{own_manifest, store_failure};
use crate::records::{Peer, Record};

/// A backup that was taken out and holds together.
pub(crate) struct Unpacked {
    /// What it says of itself.
    pub(crate) header: Header,
    /// The node's manifest in it.
    pub(crate) manifest: Manifest,
    /// What was in it.
    pub(crate) entries: Vec<Entry>,
    /// SHA-256 of the file.
    pub(crate) digest: Digest,
    /// Its length.
    pub(crate) bytes: u64,
}

/// Reads a file and hashes what it reads.
struct Hashed<R> {
    from: R,
    digest: StreamDigest,
    bytes: u64,
}

impl<R: Read> Read for Hashed<R> {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        let read = self.from.read(out)?;
        self.digest.update(out.get(..read).unwrap_or_default());
        self.bytes += read as u64;
        Ok(read)
    }
}

/// What a backup says of itself: whether a passphrase is needed.
///
/// # Errors
/// It cannot be read, or is none.
pub fn header_of(file: &Path) -> Result<Header, Failure> {
    let mut from = File::open(file).map_err(|error| refused(file, &error.into()))?;
    stream::read_header(&mut from).map_err(|error| refused(file, &error))
}

/// Check a backup whole. It is unpacked into a folder of its own in `work`, for its owner only,
/// which is taken away again: a database cannot be read in a stream.
///
/// # Errors
/// What does not hold together, and where.
pub fn verify(
    file: &Path,
    key: Option<&[u8; 32]>,
    work: &Path,
    progress: &mut dyn FnMut(&str, u64, u64),
) -> Result<BackupVerified, Failure> {
    let folder = Passing::new(&work.join(format!("noroshi-verify-{}", std::process::id())))?;
    let home = Home::at(&folder.0);
    let unpacked = unpack(file, key, &home, progress)?;
    Ok(BackupVerified {
        id: hex_of(&unpacked.header.id),
        node: unpacked.header.node.to_string(),
        name_en: unpacked.manifest.organisation.name_en,
        name_ja: unpacked.manifest.organisation.name_ja,
        at: unpacked.header.at.to_string(),
        lines: unpacked.header.ledger_size,
        root: unpacked.header.ledger_root.to_string(),
        digest: unpacked.digest.to_string(),
        bytes: unpacked.bytes,
        locked: unpacked.header.lock.is_some(),
        keys: unpacked.entries.len() as u64 - 2,
    })
}

/// Take a backup out into an empty folder and check all of it.
pub(crate) fn unpack(
    file: &Path,
    key: Option<&[u8; 32]>,
    home: &Home,
    progress: &mut dyn FnMut(&str, u64, u64),
) -> Result<Unpacked, Failure> {
    let failed = |error: StreamError| refused(file, &error);
    let from = File::open(file).map_err(|error| failed(error.into()))?;
    let mut from = Hashed {
        from: BufReader::new(from),
        digest: StreamDigest::default(),
        bytes: 0,
    };
    let header = stream::read_header(&mut from).map_err(failed)?;
    let reader = stream::Reader::new(&mut from, &header, key).map_err(failed)?;
    home.create()?;
    let mut told = |done, total| progress("progress-unpack", done, total);
    let entries = reader.unpack(home, &new_file, &mut told).map_err(failed)?;
    let store = Store::open(&home.store(), &Options::default()).map_err(store_failure)?;
    let manifest = check_inside(&store, &header, &mut |done| {
        progress("progress-verify", done, header.ledger_size);
    })?;
    store.close().map_err(store_failure)?;
    Ok(Unpacked {
        header,
        manifest,
        entries,
        digest: from.digest.finish(),
        bytes: from.bytes,
    })
}

/// The ledger inside must be the one the header names, and every log must hold from genesis.
fn check_inside(
    store: &Store,
    header: &Header,
    progress: &mut dyn FnMut(u64),
) -> Result<Manifest, Failure> {
    let other = |what: &str| Failure::new("backup.contents", 5, format_args!("the backup {what}"));
    let signed: SignedManifest = own_manifest(store)?;
    let manifest = signed
        .verify(&Ed25519)
        .map_err(|error| other(&format!("has a manifest that is refused: {error}")))?;
    if manifest.organisation.node != header.node || manifest.world != header.world {
        return Err(other("holds another node than its header names"));
    }
    let reader = store.read(&Viewer::node()).map_err(store_failure)?;
    reader.verify_structure().map_err(store_failure)?;
    let broken = |what: &str, error: &VerifyError| {
        other(&format!("does not hold together: {what}: {error}"))
    };
    let ledger = reader
        .verify_ledger(progress)
        .map_err(|error| broken("the ledger", &error))?;
    if (ledger.size, Digest(ledger.root)) != (header.ledger_size, header.ledger_root) {
        return Err(other("holds another ledger than its header names"));
    }
    for node in peers_in(&reader)? {
        let name = format!("the log for {node}");
        reader
            .verify_log(&node, &mut |_| {})
            .map_err(|error| broken(&name, &error))?;
        let name = format!("the log of {node}");
        reader
            .verify_mirror(&node, &mut |_| {})
            .map_err(|error| broken(&name, &error))?;
    }
    Ok(manifest)
}

fn peers_in(reader: &StoreReader<'_>) -> Result<Vec<NodeId>, Failure> {
    let rows = reader.records(RecordKind::Peer).map_err(store_failure)?;
    let peers = rows.iter().map(|(_, bytes)| Peer::from_bytes(bytes));
    peers
        .map(|peer| peer.map(|peer| peer.node()))
        .collect::<Result<_, _>>()
        .map_err(|error| Failure::new("backup.contents", 5, format_args!("the backup: {error}")))
}

fn refused(file: &Path, error: &StreamError) -> Failure {
    let why = format!("{}: {error}", file.display());
    let failure = match error {
        StreamError::Io(_) => Failure::new("backup.failed", 1, why),
        StreamError::Backup(BackupError::Newer(_)) => Failure::new("backup.newer", 2, why),
        StreamError::Backup(BackupError::Locked) => Failure::new("backup.locked", 2, why),
        StreamError::Backup(_) | StreamError::Crypto(_) => Failure::new("backup.refused", 5, why),
        StreamError::Contents(_) => Failure::new("backup.contents", 5, why),
    };
    failure.arg("file", file.display())
}

/// A folder that goes when this does.
pub(crate) struct Passing(pub(crate) PathBuf);

impl Passing {
    /// A new folder, for its owner only.
    pub(crate) fn new(path: &Path) -> Result<Self, Failure> {
        fs::DirBuilder::new()
            .mode(0o700)
            .create(path)
            .map_err(|error| {
                Failure::new(
                    "backup.work",
                    1,
                    format_args!(
                        "cannot make {}: {error}; if a check or restore was cut off there, \
                         take the folder away",
                        path.display()
                    ),
                )
                .arg("folder", path.display())
            })?;
        Ok(Self(path.to_path_buf()))
    }
}

impl Drop for Passing {
    fn drop(&mut self) {
        // What cannot be taken away is for its owner only; nothing else can be done about it here.
        let _ = fs::remove_dir_all(&self.0);
    }
}
