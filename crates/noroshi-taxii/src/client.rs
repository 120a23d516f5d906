//! The other end: what a client asks of a TAXII 2.1 server, and how what it answers is read.
//!
//! Nothing here is believed before it was read strictly and within its caps, and nothing reaches a
//! socket: [`Call`] says what to ask, whoever has sockets brings the [`Reply`]. What a server says
//! of itself never leads to another host than the one that an officer named.

mod call;
mod envelope;
mod resources;
mod target;
mod times;

pub use call::{Call, CallFault, Credential, Method, Reply, Trust, Word};
pub use envelope::{Envelope, EnvelopeFault};
pub use resources::{
    ApiRoot, Discovery, Fate, RemoteCollection, RemoteStatus, ResourceFault, read_collection,
    read_collections, read_discovery, read_root, read_status,
};
pub use target::{Target, TargetFault};
pub use times::{http_date, retry_after};

/// Largest resource other than objects, in bytes.
pub const RESOURCE_BYTES_MAX: u64 = 1024 * 1024;
/// Largest page of objects, in bytes once unpacked.
pub const PAGE_BYTES_MAX: u64 = 64 * 1024 * 1024;
/// Longest `next` that is kept, in bytes.
pub const NEXT_BYTES_MAX: usize = 4096;

#[cfg(test)]
mod tests;
