//! The link's server from outside, by clients that keep to nothing.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod door;
mod refusals;
mod slow;
