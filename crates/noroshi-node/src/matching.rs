//! The station between the record and what leaves: indicators at work on our own telemetry.
//!
//! Whoever reads telemetry asks [`Node::live`] once, [`Live::current`] for each piece, and
//! [`Set::scan`] for what it hits; patterns over several observations take those by
//! [`Live::observe`]. What was hit goes to [`Node::record_hits`], which counts it, raises the alarm
//! and makes sightings of it. No value and no line of telemetry goes further than the caller: a
//! [`Hit`] names places in the caller's own bytes.
//!
//! In the order of the flow: `read` makes of an indicator what is looked for, `judge` holds back
//! what would hit everything, everybody (`lists`) or ourselves (`own`), `decay` says until when it
//! is worth looking for, `book` knows which indicator stands behind what is found, `live` keeps all
//! of it at work while commits go on, `sightings` keeps what was found.

mod book;
mod command;
mod decay;
mod judge;
mod lists;
mod live;
mod own;
mod read;
mod sightings;

pub use book::Indicator;
pub use command::{AtWorkAnswer, LifeAnswer, MatchingCommand, OwnAnswer, VerdictAnswer};
pub use live::{Hit, Live, Set, Way};
pub use sightings::Recorded;

pub(crate) use judge::Idle;
pub(crate) use live::{Knowledge, Matching};
pub(crate) use read::Sought;
#[cfg(test)]
pub(crate) use {own::Decision, own::OwnNames, sightings::Sighted};
