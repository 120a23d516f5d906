//! What somebody who administers makes at the console and the command line makes where its person
//! sits: a newcomer's key, a secret, a backup's lock and place.

use std::fs;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::PathBuf;

use noroshi_gate::Deed;
use noroshi_model::{Digest, PersonId};
use noroshi_store::RecordKind;

use super::SignedIn;
use crate::backup::{hex_of, lock_of};
use crate::command::{BackupLock, Failure};
use crate::node::Node;
use crate::persons;
use crate::records::Person;

/// What stands before a secret, so that scanners for leaked secrets know one.
pub const SECRET_PREFIX: &str = "noroshi_";
/// The folder for backups in the node's own.
const BACKUPS: &str = "backups";

impl Node {
    /// The public half, in hexadecimal, of a new person's key, which is made here and locked with a
    /// passphrase. Where an order came to nothing the key it left is used, if the passphrase opens
    /// it.
    ///
    /// # Errors
    /// `duty.none`, `person.name`, `person.exists`, a short passphrase, a file that cannot be
    /// written.
    pub fn newcomer_key(
        &self,
        who: &SignedIn,
        name: &str,
        passphrase: &str,
    ) -> Result<String, Failure> {
        who.expect(Deed::Administer)?;
        let person: PersonId = name
            .parse()
            .map_err(|error| Failure::new("person.name", 2, error).arg("person", name))?;
        let key = person.as_str().as_bytes();
        if self.record::<Person>(RecordKind::Person, key)?.is_some() {
            let why = format_args!("{person} was here before: a name is never reused");
            return Err(Failure::new("person.exists", 3, why).arg("person", name));
        }
        let home = self.home().path();
        let public = match persons::public_of(home, &person, passphrase)? {
            Some(left) => left,
            None => persons::create_key(home, &person, passphrase, self.rng(), false)?,
        };
        Ok(hex_of(&public))
    }

    /// A secret for a client's credential, and its digest in hexadecimal, which is all that the
    /// node keeps of it.
    #[must_use]
    pub fn fresh_secret(&self) -> (String, String) {
        let secret = format!("{SECRET_PREFIX}{}", hex_of(&self.chance::<32>()));
        let digest = hex_of(&Digest::of(secret.as_bytes()).0);
        (secret, digest)
    }

    /// Where a backup of that name goes: into a folder of the node's own, so that who administers
    /// from elsewhere writes nowhere else.
    ///
    /// # Errors
    /// `duty.none`, `backup.name`, a folder that cannot be made.
    pub fn backup_file(&self, who: &SignedIn, name: &str) -> Result<PathBuf, Failure> {
        who.expect(Deed::Administer)?;
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "._-".contains(c);
        let is_name = (1..=60).contains(&name.len()) && name.chars().all(plain);
        if !is_name || name.starts_with('.') {
            let why = "a backup's name is 1 to 60 of a-z 0-9 . _ - and begins with no dot";
            return Err(Failure::new("backup.name", 2, why));
        }
        let folder = self.home().path().join(BACKUPS);
        let made = fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&folder);
        made.map_err(|error| {
            Failure::new(
                "home.file",
                1,
                format_args!("{}: {error}", folder.display()),
            )
        })?;
        Ok(folder.join(name))
    }

    /// The lock of a backup that a passphrase opens.
    ///
    /// # Errors
    /// The passphrase is too short.
    pub fn backup_lock(&self, passphrase: &str) -> Result<BackupLock, Failure> {
        lock_of(passphrase, self.rng())
    }
}
