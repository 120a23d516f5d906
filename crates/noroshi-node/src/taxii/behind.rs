//! What was posted and recorded, and is not in the collections yet that fill themselves.
//!
//! A post is answered once its objects are durable. Their release follows beside the taking in of
//! the next post, on a thread of whoever serves. Whoever reads as the client that posted finds
//! them all the same: a read first releases what of its own client waits. A crash loses nothing,
//! for a standing release reads from the store what nobody has in hand.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, OnceLock};

use noroshi_model::PersonId;

use super::clients::Client;
use super::hand::Hand;
use crate::command::Failure;
use crate::node::{Node, lock};
use crate::sink::Silent;

/// Posts that may wait; who posts more releases first.
const WAITING_MAX: usize = 4;

/// Posts whose objects wait for their release, in the order they came.
#[derive(Default)]
pub(crate) struct Behind {
    waiting: Mutex<VecDeque<Waiting>>,
    /// One at a time takes from what waits.
    turn: Mutex<()>,
    wake: OnceLock<Box<dyn Fn() + Send + Sync>>,
}

#[derive(Clone)]
struct Waiting {
    client: PersonId,
    hand: Option<Arc<Hand>>,
}

impl Node {
    /// From now on posts are answered before they are released, and whoever serves is told by this
    /// that [`Node::release_posted`] is due. Without it they are released before they are answered.
    pub fn on_posted(&self, wake: impl Fn() + Send + Sync + 'static) {
        // Who came first is told; a second one would be told of what is done.
        let _ = self.behind.wake.set(Box::new(wake));
    }

    /// Release what was posted up to now.
    ///
    /// # Errors
    /// The store fails; what was not released is, at the next standing release.
    pub fn release_posted(&self) -> Result<(), Failure> {
        let _turn = lock(&self.behind.turn);
        let count = lock(&self.behind.waiting).len();
        for _ in 0..count {
            let first = lock(&self.behind.waiting).front().cloned();
            let Some(first) = first else {
                break;
            };
            let outcome = self.release_brought(first.hand.as_deref(), &mut Silent);
            // Only now: until then a read of that client waits for this turn.
            lock(&self.behind.waiting).pop_front();
            outcome?;
        }
        Ok(())
    }

    /// What a client posted is recorded: see to its release.
    pub(super) fn release_soon(&self, client: &Client, hand: Option<Hand>) -> Result<(), Failure> {
        if hand.is_none() && !self.has_standing()? {
            return Ok(());
        }
        let waits = {
            let mut waiting = lock(&self.behind.waiting);
            waiting.push_back(Waiting {
                client: client.name.clone(),
                hand: hand.map(Arc::new),
            });
            waiting.len()
        };
        match self.behind.wake.get() {
            Some(wake) if waits <= WAITING_MAX => {
                wake();
                Ok(())
            }
            _ => self.release_posted(),
        }
    }

    /// A client is about to read: what it posted is there.
    pub(super) fn expect_released(&self, client: &Client) -> Result<(), Failure> {
        let waits = |waiting: &Waiting| waiting.client == client.name;
        if lock(&self.behind.waiting).iter().any(waits) {
            self.release_posted()?;
        }
        Ok(())
    }
}
