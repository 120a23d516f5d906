//! Reading what the world sends: bytes in, a checked STIX 2.1 object and notes out.
//!
//! Never I/O of its own (readers are handed in), never a clock, never a decision on release. It is
//! the sole maker of [`Valid`]. To add a format: `docs/how-to-add-a-format.md`.

mod error;
mod kev;
pub mod ontology;
mod stix;
pub mod stream;
mod uuid;
mod valid;

#[cfg(test)]
mod tests;

pub use error::{Note, NoteCode, ReadError};
pub use kev::KEV_EXTENSION;
pub use stix::{is_observable, required_properties, sco_id};
pub use valid::{Form, Valid, check, read, reread};
