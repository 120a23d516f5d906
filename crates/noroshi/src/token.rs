//! A credential for a TAXII client: the secret is made here, shown once, and never crosses to the
//! node, which keeps its digest.

use std::path::Path;

use noroshi_model::{Digest, Rng};
use noroshi_node::messages::text;
use noroshi_node::signin::SECRET_PREFIX;
use noroshi_node::{Command, Failure, TaxiiCommand};
use noroshi_seal::SystemRng;

use crate::act;
use crate::call::{self, hex};
use crate::cli::Cli;

/// Largest certificate file, in bytes.
const FILE_BYTES_MAX: u64 = 64 * 1024;

pub(crate) fn give(
    cli: &Cli,
    mut command: TaxiiCommand,
    certificate: Option<&Path>,
) -> Result<(), Failure> {
    let TaxiiCommand::TokenSet {
        digest,
        person,
        name,
        ..
    } = &mut command
    else {
        return Err(Failure::new("internal", 1, "no order for a credential"));
    };
    let (person, name) = (person.clone(), name.clone());
    let secret = match certificate {
        Some(file) => {
            *digest = hex(key_in(file)?.bytes());
            None
        }
        None => {
            let mut chance = [0; 32];
            SystemRng.fill(&mut chance);
            let secret = format!("{SECRET_PREFIX}{}", hex(&chance));
            *digest = hex(&Digest::of(secret.as_bytes()).0);
            Some(secret)
        }
    };
    act::request(cli, &Command::Taxii(command), &person, None)?;
    if let Some(secret) = secret {
        if cli.json {
            let answer = serde_json::json!({ "name": name, "secret": secret });
            let event =
                serde_json::json!({ "event": "answer", "kind": "secret", "answer": answer });
            call::print(&event.to_string());
        } else {
            let args = [("name", &*name), ("secret", &*secret)];
            call::print(&text(cli.lang(), "token-secret", &args));
        }
    }
    Ok(())
}

fn key_in(file: &Path) -> Result<noroshi_model::KeyId, Failure> {
    let refused = |error: &dyn std::fmt::Display| {
        Failure::new(
            "file.unreadable",
            2,
            format_args!("{}: {error}", file.display()),
        )
    };
    let size = std::fs::metadata(file)
        .map_err(|error| refused(&error))?
        .len();
    if size > FILE_BYTES_MAX {
        return Err(refused(&"a certificate is at most 64 KiB"));
    }
    let pem = std::fs::read(file).map_err(|error| refused(&error))?;
    noroshi_net::certificate_key(&pem).map_err(|error| refused(&error))
}
