//! Channels: secrets and certificates are read from files here, and go with the order to the node,
//! which keeps the secret among its keys.

use std::io::Read;
use std::path::Path;

use noroshi_node::{Command, ConnectCommand, Failure, Secret, Server};

use crate::cli::{Cli, ServerOptions};
use crate::{act, call};

/// Largest file with a secret or with certificates, in bytes.
const FILE_BYTES_MAX: u64 = 512 * 1024;

pub(crate) fn run(
    cli: &Cli,
    mut command: ConnectCommand,
    options: &ServerOptions,
    person: Option<&str>,
) -> Result<(), Failure> {
    match &mut command {
        ConnectCommand::Find { server } | ConnectCommand::Set { server, .. } => {
            fill(server, options)?;
        }
        ConnectCommand::FeedOn {
            mirror: Some(mirror),
            ..
        } => fill(mirror, options)?,
        _ => {}
    }
    let command = Command::Connect(command);
    match person {
        None => call::run(cli, &command, false).map(|_| ()),
        Some(person) => act::request(cli, &command, person, None),
    }
}

fn fill(server: &mut Server, options: &ServerOptions) -> Result<(), Failure> {
    let secret = options.secret_file.as_deref().map(read).transpose()?;
    server.secret = secret.map(|secret| Secret(secret.trim_end_matches(['\r', '\n']).to_owned()));
    server.authorities = options.ca.as_deref().map(read).transpose()?;
    Ok(())
}

fn read(path: &Path) -> Result<String, Failure> {
    let unreadable = |error: &dyn std::fmt::Display| {
        Failure::new(
            "file.unreadable",
            2,
            format_args!("{}: {error}", path.display()),
        )
    };
    let mut text = String::new();
    let taken = if path.as_os_str() == "-" {
        std::io::stdin()
            .take(FILE_BYTES_MAX + 1)
            .read_to_string(&mut text)
    } else {
        std::fs::File::open(path)
            .and_then(|file| file.take(FILE_BYTES_MAX + 1).read_to_string(&mut text))
    };
    taken.map_err(|error| unreadable(&error))?;
    if text.len() as u64 > FILE_BYTES_MAX {
        return Err(unreadable(&"larger than 512 KiB"));
    }
    Ok(text)
}
