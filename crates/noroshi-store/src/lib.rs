//! What the node keeps: items with their indexes, the ledger, partners' logs, small records.
//! SQLite inside the binary; one transaction for an item, its indexes and its ledger line.
//!
//! It decides nothing. It takes what the gate made ([`noroshi_gate::Admitted`],
//! [`noroshi_gate::Held`]) or a ledger line, and every read names its [`Viewer`].

mod closed;
mod error;
mod find;
mod follow;
mod logs;
mod merkle;
mod open;
mod read;
mod rows;
mod snapshot;
mod sums;
pub mod text;
mod text_index;
mod verify;
mod versions;
mod viewer;
mod views;
mod write;

pub use error::{OpenError, ReadError, WriteError};
pub use find::{Effort, Found, Sought};
pub use follow::Changes;
pub use logs::MirrorEntry;
pub use open::{Durability, Options, Store};
pub use read::{Filter, Instant, KeyValue, Log, LogTiles, Reader};
pub use rows::{ItemRow, ItemState, LogEntry, LogPayload, RecordKind, StoredItem};
pub use snapshot::{Snapshot, SnapshotError};
pub use sums::teach;
pub use text_index::TextSample;
pub use verify::{Verified, VerifyError};
pub use versions::Standing;
pub use viewer::Viewer;
pub use views::{ReleasedEntry, Versions, ViewEntry};
pub use write::{Added, Tx};
