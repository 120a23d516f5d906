//! Channels: roads on which objects come from, or go to, servers of others that are no node.
//!
//! A *channel* is one collection of somebody's TAXII server, or one document at an address, one way
//! (`channel::Way`), ordered by two persons. What comes goes `intake`'s way under the channel's
//! source profile; the cursor is durable in the transaction of the objects before it. What goes is
//! read page by page from a collection of a client of this node, as that client would read it
//! itself: so the gate, the review and the log of what was released stand before it like before any
//! other. *Feeds* are channels whose order stands as data in the node's own list.
//!
//! In the order of the flow: `orders` sets channels, `rounds` decides when and keeps what came of
//! it, `ask` puts a question to a server, `find` learns what there is, `pull`, `document`, `push`
//! and `deletions` do the work. Time and chance are the node's; sockets are behind `Outside::call`.

mod ask;
mod channel;
mod command;
mod deletions;
mod document;
pub(crate) mod feeds;
mod find;
mod orders;
mod pull;
mod push;
mod rounds;
mod show;
mod state;

pub(crate) use channel::{Channel, Way};
pub use command::{ConnectCommand, RoundAnswer, Secret, Server};
pub(crate) use rounds::Rounds;
#[cfg(test)]
pub(crate) use {deletions::Deletion, show::CODES, show::NOTES, state::ChannelState};
