//! Passphrases: asked at the terminal, or read from a file that only its owner can read.

use std::os::unix::fs::PermissionsExt;

use noroshi_node::Failure;
use noroshi_node::messages::text;

use crate::cli::Cli;

/// Largest passphrase file read, in bytes.
const FILE_BYTES_MAX: u64 = 64 * 1024;

/// The passphrase of a person, or of `root`.
pub(crate) fn passphrase(cli: &Cli, person: &str) -> Result<String, Failure> {
    ask(cli, person, "ask-passphrase")
}

/// A new passphrase, asked twice at the terminal.
pub(crate) fn new_passphrase(cli: &Cli, person: &str) -> Result<String, Failure> {
    let first = ask(cli, person, "ask-new-passphrase")?;
    if cli.passphrase_file.is_some() {
        return Ok(first);
    }
    let second = ask(cli, person, "ask-passphrase")?;
    if first == second {
        Ok(first)
    } else {
        Err(Failure::new(
            "passphrase.differs",
            2,
            "the two passphrases are not the same",
        ))
    }
}

fn ask(cli: &Cli, person: &str, message: &str) -> Result<String, Failure> {
    if cli.passphrase_file.is_some() {
        return from_file(cli, person);
    }
    let prompt = text(cli.lang(), message, &[("person", person)]);
    rpassword::prompt_password(format!("{prompt} ")).map_err(|error| {
        Failure::new(
            "passphrase.none",
            2,
            format_args!("no passphrase could be asked for ({error}): use --passphrase-file"),
        )
    })
}

fn from_file(cli: &Cli, person: &str) -> Result<String, Failure> {
    let path = cli.passphrase_file.clone().unwrap_or_default();
    let refused = |problem: &str| {
        Failure::new(
            "passphrase.file",
            2,
            format_args!("{}: {problem}", path.display()),
        )
    };
    let meta = std::fs::metadata(&path).map_err(|error| refused(&error.to_string()))?;
    if meta.permissions().mode() & 0o077 != 0 {
        return Err(refused("others can read it: run chmod 600"));
    }
    if meta.len() > FILE_BYTES_MAX {
        return Err(refused("is larger than 64 KiB"));
    }
    let text = std::fs::read_to_string(&path).map_err(|error| refused(&error.to_string()))?;
    let mut lines = text.lines().filter_map(|line| line.split_once(':'));
    let found = lines.find(|(name, _)| name.trim() == person);
    found
        .map(|(_, passphrase)| passphrase.trim().to_owned())
        .ok_or_else(|| refused(&format!("has no line `{person}: passphrase`")))
}
