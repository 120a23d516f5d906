//! What stands behind TAXII: clients without a node, their collections and credentials, pages of
//! what was released to them, and the one way in for what they post.
//!
//! A *client* is an organisation or tool that has no node of its own. An arrangement, ordered by
//! two persons, says what may go to it, as an agreement does for a partner. What is released to it
//! stands in a log of its own, like a partner's; a *collection* is a view of that log. A *standing*
//! collection is filled by itself with what the gate releases whole or reduced to that client;
//! what a second person must approve is never among it.

pub(crate) mod behind;
pub(crate) mod clients;
pub(crate) mod collections;
mod command;
mod desk;
pub(crate) mod export;
mod fallbacks;
pub(crate) mod hand;
mod pages;
pub(crate) mod posts;
pub(crate) mod served;
pub(crate) mod standing;
pub(crate) mod tokens;

pub use command::TaxiiCommand;
pub(crate) use export::Kept as KeptExports;
pub(crate) use pages::Views;
pub(crate) use served::Known;
pub(crate) use tokens::Tries;
