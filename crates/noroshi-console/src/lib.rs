//! The console: pages for the node's own people. A request in, a response out; no sockets here.
//!
//! Every request goes through one door (`door.rs`): the route table says who may, the session says
//! who asks, the gate says whether a duty permits it. A page is a function of a `Visit` and asks
//! the node by the same commands as the command line. Templates escape everything; text that
//! people read comes from the catalogue in `noroshi-node`. `docs/how-to-add-a-page.md` is the
//! checklist.

mod cookies;
mod door;
mod form;
mod http;
mod live;
mod loading;
mod pages;
mod parts;
mod qr;
pub mod routes;
mod shell;
mod statics;
mod times;
mod visit;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use noroshi_node::{Node, Outside};

pub use http::{Request, Response, plain};
pub use live::Viewer;

/// The console of one node. Cheap to clone.
#[derive(Clone)]
pub struct Console {
    node: Arc<Node>,
    outside: Arc<dyn Outside>,
    seat: Seat,
    loading: loading::Loading,
    marks: live::Marks,
}

/// Where the console is served.
#[derive(Clone, Copy, Debug)]
pub struct Seat {
    /// Over TLS?
    pub is_secure: bool,
    /// The port: cookies of a machine are shared between its ports, so theirs are named by it.
    pub port: u16,
}

impl Console {
    /// The console of that node.
    #[must_use]
    pub fn new(node: Arc<Node>, outside: Arc<dyn Outside>, seat: Seat) -> Self {
        Self {
            node,
            outside,
            seat,
            loading: loading::Loading::default(),
            marks: live::Marks::default(),
        }
    }
}
