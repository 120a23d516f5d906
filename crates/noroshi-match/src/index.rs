//! The index: a filter that says no, a table that says which, the values that make sure.
//!
//! A value of telemetry costs one word of the [`filter`] unless it may be in the index; then a line
//! of sixteen 32-bit fingerprints in the [`segment`], and at last the full value, so that no hit
//! is false. A segment never changes; what comes and goes meanwhile stands in the [`live`] delta.

mod filter;
mod live;
mod nets;
mod segment;
mod snapshot;

pub use live::{Live, View};
pub(crate) use segment::apex;
#[cfg(test)]
pub(crate) use segment::fingerprint;
pub use segment::{BuildError, Builder, Segment, Sizes};
pub use snapshot::{SNAPSHOT_VERSION, SnapshotError};
