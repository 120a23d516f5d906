//! Where a running command's events go.

use crate::command::Event;

/// Takes events; a sink whose reader is gone says so, and long work stops at the next safe place.
pub trait Sink {
    /// Take one event. `false`: nobody listens any more.
    fn send(&mut self, event: Event) -> bool;
}

/// Keeps everything: for tests and short answers.
#[derive(Debug, Default)]
pub struct Collected(pub Vec<Event>);

impl Sink for Collected {
    fn send(&mut self, event: Event) -> bool {
        self.0.push(event);
        true
    }
}

/// Takes everything and says nothing: for work that nobody watches.
#[derive(Debug, Default)]
pub struct Silent;

impl Sink for Silent {
    fn send(&mut self, _: Event) -> bool {
        true
    }
}
