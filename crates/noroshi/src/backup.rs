//! `backup`: the passphrase is asked, and the key made from it, where the person sits; a backup is
//! checked without a node.

use std::path::{Path, PathBuf};

use noroshi_node::backup::{self, header_of};
use noroshi_node::sink::Sink;
use noroshi_node::{Command, Event, Failure};
use noroshi_seal::SystemRng;
use noroshi_seal::backup::Lock;
use zeroize::Zeroizing;

use crate::call::{self, Screen};
use crate::cli::Cli;
use crate::secrets::{new_passphrase, passphrase};

/// Under which name a passphrase file has the backup's passphrase.
const NAME: &str = "backup";

pub(crate) fn make(cli: &Cli, to: PathBuf, person: String, plain: bool) -> Result<(), Failure> {
    let lock = if plain {
        None
    } else {
        Some(backup::lock_of(&new_passphrase(cli, NAME)?, &SystemRng)?)
    };
    call::run(cli, &Command::BackupMake { to, person, lock }, false).map(|_| ())
}

pub(crate) fn verify(cli: &Cli, file: &Path, work: Option<PathBuf>) -> Result<(), Failure> {
    let key = unlocked(cli, file)?;
    let work = work.unwrap_or_else(std::env::temp_dir);
    let mut screen = Screen::new(cli, false);
    let verified = {
        let mut progress = |label: &str, done, total| told(&mut screen, label, done, total);
        backup::verify(file, key.as_deref(), &work, &mut progress)?
    };
    screen.send(Event::Answer {
        kind: "backup_verified".to_owned(),
        answer: serde_json::to_value(verified).unwrap_or_default(),
    });
    Ok(())
}

/// The key of a backup that is locked.
pub(crate) fn unlocked(cli: &Cli, file: &Path) -> Result<Option<Zeroizing<[u8; 32]>>, Failure> {
    match header_of(file)?.lock {
        None => Ok(None),
        Some(lock) => key(&lock, &passphrase(cli, NAME)?).map(Some),
    }
}

/// Show how far the work is.
pub(crate) fn told(screen: &mut Screen<'_>, label: &str, done: u64, total: u64) {
    screen.send(Event::Progress {
        label: label.to_owned(),
        done,
        total: Some(total),
    });
}

fn key(lock: &Lock, passphrase: &str) -> Result<Zeroizing<[u8; 32]>, Failure> {
    lock.key(passphrase)
        .map_err(|error| Failure::new("backup.refused", 5, error))
}
