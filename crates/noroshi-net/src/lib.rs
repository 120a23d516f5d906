//! Everything with a socket: the link between nodes, the server for HTTP (TAXII, the console),
//! syslog, and the local command socket.
//!
//! It carries bytes and says who is at the other end; what the bytes mean is decided elsewhere.
//! Outbound connections are made in [`outbound`] and nowhere else.

pub mod listen;
pub mod local;
pub mod outbound;
mod strangers;
mod taxii;
pub mod telemetry;
mod tls;
pub mod web;

pub use listen::{LinkService, Listener, Refusal};
pub use outbound::{Fetcher, Outbound, OutboundError, Patience};
pub use tls::{Identity, TlsError, certificate_key};
pub use web::{Clients, Security, SecurityError, Site, WebLimits, WebListener};
