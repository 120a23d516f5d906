//! STIX: the check of a 2.1 object against the standard's tables, and the upgrade from 2.0.

mod shape;

mod check;
mod forms;
mod head;
mod laws;
mod objects;
mod observables;
pub(crate) mod own;
mod parts;
mod sco_id;
mod table;
#[cfg(test)]
mod tests;
mod upgrade;
mod words;

pub(crate) use check::check;
pub(crate) use head::{TITLED, cut, head};
pub use sco_id::sco_id;
pub(crate) use shape::{Need, Shape};
pub use table::{is_observable, required_properties};
pub(crate) use table::{is_own, is_standard, own_type};
pub(crate) use upgrade::{is_older, upgrade, with_lower_ids};
