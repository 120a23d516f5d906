//! A lost node comes back from a backup: everything in it is checked before anything is kept; the
//! node gets new operational keys under its root, its links new epochs that no earlier life can
//! have used, and what waited for a signature goes back to its persons. What happened after the
//! backup the partners know: `recovery` asks them.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use noroshi_model::document::{hex, text};
use noroshi_model::json::Object;
use noroshi_model::ledger::{LedgerLine, LineKind};
use noroshi_model::manifest::{Manifest, ManifestKey, Purpose};
use noroshi_model::{Clock, Digest, KeyId, PersonId, Rng, Signer, Timestamp};
use noroshi_seal::manifest::SignedManifest;
use noroshi_store::{Options, RecordKind, Store, Tx, WriteError};
use noroshi_sync::{EPOCH_CHANCE_BITS, LinkState, epoch_of_second};

use crate::backup::hex_of;
use crate::backup::unpack::{Passing, Unpacked, unpack};
use crate::command::{Failure, RestoreAnswer};
use crate::home::{Home, read_private, write_private};
use crate::keys::{Keys, fresh_key};
use crate::node::{Node, store_failure};
use crate::records::backup::{BackupRecord, BackupState};
use crate::records::recovery::RecoveryRecord;
use crate::records::{ActRecord, ActState, Peer, Person, Record, int};
use crate::sink::Sink;
use crate::taxii::served::note_all_served;

/// Under this key of [`RecordKind::Meta`] stands when the node came back last.
pub(crate) const RESTORED: &[u8] = b"restored";

/// A backup taken out and checked, beside the folder where the node is to stand.
pub struct Staged {
    home: Home,
    folder: Passing,
    target: PathBuf,
    unpacked: Unpacked,
}

impl Staged {
    /// Take a backup out and check all of it. `keys` is a folder with the `NAME.key` files of
    /// persons that the backup does not bring. Nothing is kept unless [`Staged::finish`] succeeds.
    ///
    /// # Errors
    /// There is something in the node's folder, the backup does not hold together, or the disk
    /// does not take it.
    pub fn unpack(
        file: &Path,
        key: Option<&[u8; 32]>,
        home: &Path,
        keys: Option<&Path>,
        progress: &mut dyn FnMut(&str, u64, u64),
    ) -> Result<Self, Failure> {
        let occupied = fs::read_dir(home).is_ok_and(|mut entries| entries.next().is_some());
        if occupied || home.is_file() {
            return Err(Failure::new(
                "home.occupied",
                2,
                format_args!("{} is not empty: choose another --home", home.display()),
            )
            .arg("folder", home.display()));
        }
        let mut beside = home.as_os_str().to_owned();
        beside.push(".restoring");
        let folder = Passing::new(Path::new(&beside))?;
        let staged = Home::at(&folder.0);
        let unpacked = unpack(file, key, &staged, progress)?;
        if let Some(keys) = keys {
            bring_keys(keys, &staged)?;
        }
        Ok(Self {
            home: staged,
            folder,
            target: home.to_path_buf(),
            unpacked,
        })
    }

    /// Where the locked keys of root and persons lie meanwhile, as in a node's folder.
    #[must_use]
    pub fn home(&self) -> &Path {
        self.home.path()
    }

    /// Give the node its new keys and epochs, and put it into its folder.
    ///
    /// # Errors
    /// The root or the person is not the node's, the clock stands before the backup, or the disk
    /// does not take it. Nothing is kept then.
    pub fn finish(
        self,
        person: &PersonId,
        person_key: &dyn Signer,
        root: &dyn Signer,
        clock: Arc<dyn Clock>,
        rng: Arc<dyn Rng>,
        sink: &mut dyn Sink,
    ) -> Result<RestoreAnswer, Failure> {
        let now = clock.now();
        let header = &self.unpacked.header;
        if now < header.at {
            return Err(Failure::new(
                "restore.clock",
                3,
                format_args!(
                    "the clock says {now}, before the backup of {}: set it right, so that no epoch \
                     is used twice",
                    header.at
                ),
            ));
        }
        let old = &self.unpacked.manifest;
        if KeyId::of(&old.root) != root.key_id() {
            return Err(Failure::new(
                "restore.root",
                3,
                "this is not the root of the node in the backup",
            ));
        }
        let manifest = self.next_manifest(now)?;
        let signed = SignedManifest::sign(&manifest, root);
        let store = Store::open(&self.home.store(), &Options::default()).map_err(store_failure)?;
        let life = Life {
            now,
            person,
            random: random_bits(&*rng),
        };
        check_person(&store, person, person_key)?;
        let partners = store
            .write(|tx| self.begin_life(tx, &life, &manifest, &signed))
            .map_err(store_failure::<WriteError>)?;
        store.close().map_err(store_failure)?;
        let node = Node::open(self.home.path(), clock, rng)?;
        node.ledger_verify(sink)?;
        node.close()?;
        let answer = RestoreAnswer {
            node: header.node.to_string(),
            folder: self.target.display().to_string(),
            backup: hex_of(&header.id),
            made: header.at.to_string(),
            lines: header.ledger_size,
            serial: manifest.serial,
            partners,
        };
        self.move_in()?;
        Ok(answer)
    }

    /// New keys for every purpose, the old ones revoked. The serial counts microseconds from here
    /// on: it is above every serial of a life that this backup knows nothing of, and another for
    /// each restore.
    fn next_manifest(&self, now: Timestamp) -> Result<Manifest, Failure> {
        let mut manifest = self.unpacked.manifest.clone();
        for key in manifest.keys.iter_mut().filter(|key| key.revoked.is_none()) {
            key.revoked = Some(now);
        }
        for purpose in Purpose::ALL {
            let (secret, public) = fresh_key(purpose)?;
            let path = self.home.key(purpose.as_str());
            write_private(&path, &Keys::file(purpose, &secret))?;
            manifest.keys.push(ManifestKey {
                id: KeyId::of(&public),
                purpose,
                public,
                from: now,
                revoked: None,
            });
        }
        if manifest.keys.len() > Manifest::KEYS_MAX {
            return Err(Failure::new(
                "key.manifest",
                3,
                "the manifest would list more than 256 keys",
            ));
        }
        let micros = u64::try_from(now.micros()).unwrap_or_default();
        manifest.serial = micros.max(manifest.serial + 1);
        manifest.issued = now;
        Ok(manifest)
    }

    /// Everything that makes the store that of a new life, in one transaction; how many partners
    /// are to be asked.
    fn begin_life(
        &self,
        tx: &mut Tx<'_>,
        life: &Life<'_>,
        manifest: &Manifest,
        signed: &SignedManifest,
    ) -> Result<u64, WriteError> {
        let own = [&signed.signature[..], &signed.bytes].concat();
        tx.put(RecordKind::Manifest, b"own", &own)?;
        let header = &self.unpacked.header;
        let body = Object::new()
            .with("event", "restored")
            .with("backup", hex(&header.id))
            .with("digest", text(self.unpacked.digest))
            .with("made", text(header.at))
            .with("lines", int(header.ledger_size))
            .with("serial", int(manifest.serial))
            .with("manifest", text(Digest::of(&signed.bytes)));
        tx.append(&life.line(LineKind::Restored, body))?;
        tx.put(RecordKind::Meta, RESTORED, life.now.to_string().as_bytes())?;
        tx.delete(RecordKind::Invite, crate::pairing::INVITE)?;
        self.complete_own_record(tx)?;
        return_acts(tx, life)?;
        note_all_served(tx, life.now)?;
        let mut partners = 0;
        for (_, bytes) in tx.records(RecordKind::Peer)? {
            let peer = Peer::from_bytes(&bytes).map_err(|error| damaged(&error))?;
            if !peer.removed {
                begin_link(tx, life, &peer)?;
                partners += 1;
            }
        }
        Ok(partners)
    }

    /// The backup in hand knows itself as begun only: now it is known whole.
    fn complete_own_record(&self, tx: &mut Tx<'_>) -> Result<(), WriteError> {
        let header = &self.unpacked.header;
        let Some(bytes) = tx.get(RecordKind::Backup, &header.id)? else {
            return Ok(());
        };
        let mut record = BackupRecord::from_bytes(&bytes).map_err(|error| damaged(&error))?;
        record.state = BackupState::Made;
        record.lines = Some(header.ledger_size);
        record.digest = Some(self.unpacked.digest);
        record.bytes = self.unpacked.bytes;
        tx.put(RecordKind::Backup, &header.id, &record.to_bytes())
    }

    /// The staged folder takes its place; a crash before this leaves nothing but the staged one.
    fn move_in(self) -> Result<(), Failure> {
        let moved = fs::rename(self.home.path(), &self.target).and_then(|()| {
            match self
                .target
                .parent()
                .filter(|parent| !parent.as_os_str().is_empty())
            {
                Some(parent) => File::open(parent)?.sync_all(),
                None => Ok(()),
            }
        });
        moved.map_err(|error| {
            let target = self.target.display();
            Failure::new(
                "home.file",
                1,
                format_args!("cannot make {target}: {error}"),
            )
            .arg("file", target)
        })?;
        drop(self.folder);
        Ok(())
    }
}

/// What marks this life of the node off from every other.
struct Life<'a> {
    now: Timestamp,
    person: &'a PersonId,
    random: u64,
}

impl Life<'_> {
    fn line(&self, kind: LineKind, body: Object) -> LedgerLine {
        LedgerLine {
            at: self.now,
            kind,
            person: Some(self.person.clone()),
            body,
        }
    }

    /// Below every epoch of this life: the seconds, then chance. An earlier life counts by ones
    /// from such a number, or from 0, and cannot have come this far; another life of the same
    /// second has other chance, and other keys in any case.
    fn epoch_floor(&self, known: u64) -> u64 {
        let floor = epoch_of_second(self.now.micros() / 1_000_000) | self.random;
        floor.max(known + (1 << EPOCH_CHANCE_BITS))
    }
}

fn random_bits(rng: &dyn Rng) -> u64 {
    let mut bytes = [0; 8];
    rng.fill(&mut bytes);
    u64::from_be_bytes(bytes) & ((1 << EPOCH_CHANCE_BITS) - 1)
}

/// Whoever restores holds the key of a person of the node who is not revoked.
fn check_person(store: &Store, person: &PersonId, key: &dyn Signer) -> Result<(), Failure> {
    let reader = store
        .read(&noroshi_store::Viewer::node())
        .map_err(store_failure)?;
    let bytes = reader
        .record(RecordKind::Person, person.as_str().as_bytes())
        .map_err(store_failure)?;
    let known = bytes.and_then(|bytes| Person::from_bytes(&bytes).ok());
    let fits = known.is_some_and(|known| known.revoked.is_none() && known.key() == key.key_id());
    if fits {
        Ok(())
    } else {
        Err(Failure::new(
            "restore.person",
            3,
            format_args!("{person} is no person of the node in the backup, or has another key"),
        )
        .arg("person", person))
    }
}

/// Whatever waited for a signature may have been signed, and done, after the backup: it is asked
/// for again or not at all.
fn return_acts(tx: &mut Tx<'_>, life: &Life<'_>) -> Result<(), WriteError> {
    const WHY: &str = "the node was restored from a backup: it may have taken effect since";
    for (key, bytes) in tx.records(RecordKind::Act)? {
        let mut record = ActRecord::from_bytes(&bytes).map_err(|error| damaged(&error))?;
        if !matches!(record.state, ActState::Prepared | ActState::Pending) {
            continue;
        }
        record.state = ActState::Returned;
        record.note = Some(WHY.to_owned());
        tx.put(RecordKind::Act, &key, &record.to_bytes())?;
        tx.delete(RecordKind::Plan, &key)?;
        let body = Object::new()
            .with("act", text(record.act.id()))
            .with("kind", record.act.kind.as_str())
            .with("why", WHY);
        tx.append(&life.line(LineKind::Returned, body))?;
    }
    Ok(())
}

/// A partner's link begins above every epoch of before, and the partner is to be asked.
fn begin_link(tx: &mut Tx<'_>, life: &Life<'_>, peer: &Peer) -> Result<(), WriteError> {
    let node = peer.node();
    let mut state = match tx.get(RecordKind::Link, node.bytes())? {
        None => LinkState::default(),
        Some(bytes) => LinkState::from_bytes(&bytes)
            .ok_or_else(|| WriteError::Damaged("a link's state".to_owned()))?,
    };
    state.sending_epoch = life.epoch_floor(state.sending_epoch);
    tx.put(RecordKind::Link, node.bytes(), &state.to_bytes())?;
    let record = RecoveryRecord::new(
        node,
        peer.is_confirmed(),
        tx.log_size(&node)?,
        tx.mirror_root(&node)?.0,
    );
    tx.put(RecordKind::Recovery, node.bytes(), &record.to_bytes())
}

fn damaged(error: &dyn std::fmt::Display) -> WriteError {
    WriteError::Damaged(error.to_string())
}

/// Persons' keys that the backup does not bring, from where they are kept.
fn bring_keys(from: &Path, to: &Home) -> Result<(), Failure> {
    let unreadable = |error: std::io::Error| {
        Failure::new("home.file", 1, format_args!("{}: {error}", from.display()))
            .arg("file", from.display())
    };
    for entry in fs::read_dir(from).map_err(unreadable)?.flatten() {
        let name = entry.file_name().into_string().unwrap_or_default();
        let person = name.strip_suffix(".key");
        let Some(person) = person.and_then(|name| name.parse::<PersonId>().ok()) else {
            continue;
        };
        let path = to.person_key(&person);
        if !path.exists() {
            write_private(&path, &read_private(&entry.path())?)?;
        }
    }
    Ok(())
}
