//! The peer protocol without I/O: what to send next, what a frame says, what is acknowledged.
//!
//! Never a socket, a clock, chance or a store of its own: frames, instants and keys come in; frames
//! and events go out; durable state is handed to the node, which keeps it in the transaction that
//! applies what came. It writes content only from [`noroshi_gate::Released`].

mod frame;
mod link;
mod ranges;
mod state;

pub use frame::{
    Announcement, FrameError, HEADER_BYTES, Payload, announced_in, join_frames, link_id,
    split_frames,
};
pub use link::{
    Config, Delivery, EPOCH_CHANCE_BITS, Event, Link, Outgoing, SendError, Want, epoch_of_second,
};
pub use ranges::Ranges;
pub use state::LinkState;
