//! TAXII 2.1 (OASIS Standard, 10 June 2021) without sockets: a request in, a response out.
//!
//! What stands behind it is a [`desk::Desk`]: who somebody is, which collections there are for
//! them, pages of what was released to them, and the one way in for what they post. Where the
//! standard leaves room, ADR 12 says what was decided. [`client`] is the other end, for polling
//! other people's servers. Sockets are in `noroshi-net`.

pub mod answer;
pub mod client;
mod credential;
pub mod cursor;
pub mod desk;
mod export;
pub mod http;
pub mod media;
mod openapi;
mod page;
mod problem;
pub mod query;
mod resources;
pub mod routes;

pub use answer::{About, Taxii};
pub use cursor::CursorKey;
pub use desk::Desk;
pub use http::{BodyFault, Request, Response};
pub use problem::Problem;
