//! Telemetry on its way to the indicators: kinds of logs, lines out of streams, files that grow,
//! and the hunt through what was read before.
//!
//! What comes in is cut into whole lines (`lines`), recognised (`kinds`), held against what is at
//! work ([`Feed`]) and forgotten: nothing of it is stored but the fingerprints of `sketches`, in
//! the node's folder alone. Hits go to [`Node::record_hits`]. Sockets are elsewhere; what they
//! take is given to a [`Feed`] too.
//!
//! INVARIANT: no line and no value of telemetry reaches the store, the ledger, a partner or a
//! client. Values that were hit are shown to whoever asked for the watch, and go no further.

mod command;
mod feed;
mod files;
mod follow;
mod kinds;
mod lines;
mod seen;
mod watch;

pub use command::TelemetryCommand;
pub use feed::{Feed, Format, Tally};
pub use watch::Watches;

#[cfg(test)]
mod tests;
