//! TAXII 2.1 (OASIS Standard, 10 June 2021) without sockets: a request in, a response out.
//!
//! What stands behind it is a [`desk::Desk`]: who somebody is, which collections there are for
//! them, pages of what was released to them, and the one way in for what they post.

pub mod desk;

pub use desk::Desk;
