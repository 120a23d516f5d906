//! Matching of atomic indicators against telemetry: normal forms, an index, a scanner of lines.
//!
//! Pure: no I/O, no clock, no chance of its own; the key of the fingerprints comes from the caller.
//! Telemetry goes in and tags of indicators come out; nothing of a line is kept. What becomes of a
//! hit is the node's business; patterns of more than one comparison are `noroshi-pattern`'s.

pub mod export;
mod extract;
mod index;
mod keyed;
mod kind;
mod list;
mod mapping;
mod normal;
mod observe;
mod recognise;
mod refang;
mod scan;
pub mod slow;
mod words;

pub use extract::{Extract, FOUND_MAX, Found, PassedOver, Reason, TEXT_BYTES_MAX, Why, extract};
pub use index::{BuildError, Builder, Live, SNAPSHOT_VERSION, Segment, Sizes, SnapshotError, View};
pub use keyed::Keyed;
pub use kind::{KINDS, Kind, KindSet};
pub use list::{Loaded, load_list};
pub use mapping::{BUILT_IN, Mapping, MappingError, SURICATA_EVE, ZEEK};
pub use normal::{Atom, Unfit, VALUE_BYTES_MAX};
pub use observe::{How, Match};
pub use recognise::{HEAD_BYTES, Recognised, recognise};
pub use refang::refang;
pub use scan::{Counts, Hit, LAYOUTS, LINE_BYTES_MAX, Layout, Scanner};

#[cfg(test)]
mod tests;
