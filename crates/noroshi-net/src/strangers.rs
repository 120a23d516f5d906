//! Whom nobody here knows: pairing messages, introductions, questions after a restore. A body is
//! read first, in a short time, and only a whole one takes a turn: who sends slowly keeps nobody
//! waiting. Those who have not been heard yet are few; one more drops the one that waits longest.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{Semaphore, SemaphorePermit, oneshot};
use tokio::time::timeout;

/// Those not heard yet, and the turns of those who are.
pub(crate) struct Strangers {
    turns: Semaphore,
    waiting: Mutex<Waiting>,
    waiting_max: usize,
    time: Duration,
}

#[derive(Default)]
struct Waiting {
    next: u64,
    /// Oldest first. A sender that is dropped tells its stranger to go.
    places: VecDeque<(u64, oneshot::Sender<()>)>,
}

/// Why a stranger is not heard.
pub(crate) enum Unheard<E> {
    /// Others came after it, and there were too many.
    Dropped,
    /// Its time was over before it had said everything and its turn had come.
    Late,
    /// Its body was refused.
    Refused(E),
}

impl Strangers {
    /// So many turns at one time, so many who wait, so long for each of them.
    pub(crate) fn new(turns: usize, waiting_max: usize, time: Duration) -> Self {
        Self {
            turns: Semaphore::new(turns),
            waiting: Mutex::default(),
            waiting_max,
            time,
        }
    }

    /// Read what a stranger says, then wait for its turn. The turn lasts as long as the permit.
    pub(crate) async fn hear<T, E>(
        &self,
        read: impl Future<Output = Result<T, E>>,
    ) -> Result<(T, SemaphorePermit<'_>), Unheard<E>> {
        let (_place, dropped) = self.take_place();
        let whole = async {
            let said = read.await.map_err(Unheard::Refused)?;
            let turn = self.turns.acquire().await.map_err(|_| Unheard::Dropped)?;
            Ok((said, turn))
        };
        tokio::select! {
            heard = timeout(self.time, whole) => heard.unwrap_or(Err(Unheard::Late)),
            _ = dropped => Err(Unheard::Dropped),
        }
    }

    fn take_place(&self) -> (Place<'_>, oneshot::Receiver<()>) {
        let (sender, dropped) = oneshot::channel();
        let mut waiting = self.lock();
        if waiting.places.len() >= self.waiting_max {
            waiting.places.pop_front();
        }
        let number = waiting.next;
        waiting.next += 1;
        waiting.places.push_back((number, sender));
        let of = self;
        (Place { of, number }, dropped)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A place among those who wait, given back however the waiting ends.
struct Place<'a> {
    of: &'a Strangers,
    number: u64,
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let mut waiting = self.of.lock();
        waiting.places.retain(|(number, _)| *number != self.number);
    }
}
