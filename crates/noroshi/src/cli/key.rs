//! `noroshi key`: the node's own keys, and where the root that signs for them is kept.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use noroshi_node::Command;

use super::Asked;

#[derive(Clone, Debug, Subcommand)]
pub(super) enum KeyTask {
    /// List keys.
    ///
    /// Example: noroshi key show
    Show,
    /// Replace a key: items, ledger, tls or sealing. The root signs; a second person approves.
    /// Partners learn of it with the next exchange. A replaced TLS key is presented until it is
    /// revoked; a replaced sealing key opens what is under way until then.
    ///
    /// Example: noroshi key rotate items --as sato --root-key /media/safe/root.key.
    /// Next: noroshi act approve ACT --as suzuki
    Rotate {
        /// Which.
        purpose: String,
        /// Who asks.
        #[arg(long = "as", value_name = "NAME")]
        person: String,
        #[command(flatten)]
        root: RootKey,
    },
    /// Revoke a key that was replaced.
    ///
    /// Example: noroshi key revoke 1f0c2a9b --as sato.  Next: noroshi act approve ACT --as suzuki
    Revoke {
        /// The beginning of its id.
        key: String,
        /// Who asks.
        #[arg(long = "as", value_name = "NAME")]
        person: String,
        #[command(flatten)]
        root: RootKey,
    },
}

/// Where the identity root is kept.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct RootKey {
    /// The root's key file, where it is not kept in the node's folder; it is read, never copied.
    #[arg(long = "root-key", env = "NOROSHI_ROOT_KEY", value_name = "FILE")]
    pub(crate) file: Option<PathBuf>,
}

impl KeyTask {
    pub(super) fn asked(self) -> Asked {
        match self {
            Self::Show => Asked::Plain(Command::KeyShow),
            Self::Rotate {
                purpose,
                person,
                root,
            } => {
                let by = person.clone();
                Asked::Rooted(Command::KeyRotate { purpose, person }, by, root)
            }
            Self::Revoke { key, person, root } => {
                let by = person.clone();
                Asked::Rooted(Command::KeyRevoke { key, person }, by, root)
            }
        }
    }
}
