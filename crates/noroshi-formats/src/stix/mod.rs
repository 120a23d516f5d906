//! STIX: the check of a 2.1 object against the standard's tables, and the upgrade from 2.0.

mod check;
mod laws;
mod parts;
mod table;
#[cfg(test)]
mod tests;
mod upgrade;

pub(crate) use check::check;
pub use table::{is_observable, required_properties};
pub(crate) use upgrade::{is_older, upgrade};
