//! What can fail, by operation.

use std::path::PathBuf;

/// Why a store cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another process has it.
    #[error(
        "another process has the store in {folder}: stop it, or let commands go through its socket"
    )]
    Locked {
        /// Where.
        folder: PathBuf,
    },
    /// Others than its owner may read or write it.
    #[error("{path} has mode {mode:o}: others may read it; run: chmod 600 {path}")]
    Exposed {
        /// What lies open.
        path: PathBuf,
        /// Its mode.
        mode: u32,
    },
    /// A newer program wrote it.
    #[error("the store has schema {found}, this program knows {known}: use a newer program")]
    Newer {
        /// In the file.
        found: i64,
        /// Here.
        known: i64,
    },
    /// The folder or lock file cannot be used.
    #[error("cannot use the folder {folder}")]
    Folder {
        /// Where.
        folder: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The database refuses.
    #[error("cannot open the database")]
    Database(#[from] rusqlite::Error),
    /// What is stored does not fit together.
    #[error("the store is damaged: {0}; restore a backup, keep this folder for examination")]
    Damaged(String),
    /// The full text could not be brought to this program's way of cutting words.
    #[error("cannot build the full text anew")]
    Text(#[source] WriteError),
}

/// Why a read failed.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The database refuses.
    #[error("cannot read the store")]
    Database(#[from] rusqlite::Error),
    /// What is stored does not fit together.
    #[error("the store is damaged: {0}")]
    Damaged(String),
    /// The index of the full text is damaged. It is made of the items and can be made again.
    #[error("the index of the full text is damaged; items and ledger do not depend on it")]
    FullText,
    /// The search words are none.
    #[error("the search has no word to look for")]
    NothingToFind,
}

/// Why a write failed; nothing of it stands.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// The database refuses: the disk is full, or worse.
    #[error("cannot write the store")]
    Database(#[from] rusqlite::Error),
    /// An earlier write failed in a way after which nothing may be trusted to be durable.
    #[error("an earlier write failed ({0}): restart the node; nothing acknowledged is lost")]
    Poisoned(String),
    /// What is stored does not fit together.
    #[error("the store is damaged: {0}")]
    Damaged(String),
    /// The caller asked for what must not be.
    #[error("refused by the store: {0}")]
    Refused(&'static str),
}

impl From<ReadError> for WriteError {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::Database(error) => Self::Database(error),
            ReadError::Damaged(what) => Self::Damaged(what),
            ReadError::FullText => Self::Damaged(error.to_string()),
            ReadError::NothingToFind => Self::Refused("nothing to find"),
        }
    }
}
