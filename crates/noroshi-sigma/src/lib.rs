//! Sigma rules (specification 2.1): read strictly, run over events, and said as STIX patterns.
//!
//! A rule is a question to logs by their field names; a STIX pattern is one to observations. What
//! of a rule a pattern can say is decided by a table (`data/stix.toml`), and what it cannot say is
//! told, never left out in silence. Never I/O, never a clock. Rejected: one pattern for each value
//! (a list of two hundred names is one comparison here), and guessing where the table is silent.

mod condition;
mod convert;
mod detection;
mod error;
mod event;
mod fields;
mod glob;
mod modifiers;
mod paths;
mod rule;
mod yaml;

#[cfg(test)]
mod tests;

pub use convert::{Conversion, Unsaid};
pub use error::SigmaError;
pub use event::{Event, Runner};
pub use fields::{FieldTable, TableError};
pub use rule::{LogSource, Rule};
