//! Who follows the store: the ids of objects of one type whose versions changed in committed
//! transactions, in the order of the commits.
//!
//! Nothing is told before it is durable. What is told is only that something changed: the follower
//! reads what stands now, so that it is right however late it comes.

use std::sync::{Condvar, Mutex};
use std::time::Duration;

use noroshi_model::StixId;
use rusqlite::params;

use crate::error::ReadError;
use crate::open::{Store, guard};
use crate::read::Reader;
use crate::rows::StoredItem;

/// Most changes kept for a follower that does not come.
const WAITING_MAX: usize = 1_000_000;

/// What changed since the follower last asked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// The objects, in the order of their commits; one may occur twice.
    pub ids: Vec<StixId>,
    /// Too many to be named: the follower must look at everything anew.
    pub is_cut: bool,
}

/// The changes that wait for the follower.
#[derive(Default)]
pub(crate) struct Following {
    state: Mutex<Waiting>,
    changed: Condvar,
}

#[derive(Default)]
struct Waiting {
    kind: Option<&'static str>,
    changes: Changes,
}

impl Following {
    /// A transaction in which the versions of these objects changed is durable.
    pub(crate) fn committed(&self, touched: &mut Vec<StixId>) {
        if touched.is_empty() {
            return;
        }
        let mut waiting = guard(&self.state);
        if let Some(kind) = waiting.kind {
            touched.retain(|id| id.kind() == kind);
            let changes = &mut waiting.changes;
            if changes.ids.len() + touched.len() > WAITING_MAX {
                *changes = Changes {
                    ids: Vec::new(),
                    is_cut: true,
                };
            } else {
                changes.ids.append(touched);
            }
            self.changed.notify_all();
        }
        touched.clear();
    }
}

impl Store {
    /// From now on, keep which objects of this type change. There is one follower.
    pub fn follow(&self, kind: &'static str) {
        guard(&self.following.state).kind = Some(kind);
    }

    /// What changed since this was last asked.
    #[must_use]
    pub fn take_changes(&self) -> Changes {
        std::mem::take(&mut guard(&self.following.state).changes)
    }

    /// Wait until something changed that nobody has taken, or until the time is over.
    pub fn wait_for_changes(&self, most: Duration) {
        let waiting = guard(&self.following.state);
        let is_quiet = |waiting: &mut Waiting| {
            let changes = &waiting.changes;
            changes.ids.is_empty() && !changes.is_cut
        };
        // A poisoned lock is a lock all the same: what it guards is whole after every statement.
        let _ = self
            .following
            .changed
            .wait_timeout_while(waiting, most, is_quiet);
    }
}

impl Reader<'_> {
    /// The positions of admitted objects of a type behind a position, in the order they came, but
    /// for those of which a newer version or fuller rendition is here; at most `limit`.
    ///
    /// # Errors
    /// See [`ReadError`].
    pub fn current_of_kind(
        &self,
        kind: &str,
        after: u64,
        limit: u32,
    ) -> Result<Vec<u64>, ReadError> {
        let mut statement = self.connection().prepare_cached(
            "SELECT seq FROM item INDEXED BY item_kind
             WHERE kind = (SELECT id FROM word WHERE text = ?1) AND seq > ?2
               AND state = 0 AND superseded = 0 ORDER BY seq LIMIT ?3",
        )?;
        let rows = statement.query_map(params![kind, after.cast_signed(), limit], |row| {
            Ok(row.get::<_, i64>(0)?.cast_unsigned())
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The current version of an object with its bytes.
    ///
    /// # Errors
    /// See [`ReadError`].
    pub fn current_item(&self, id: &StixId) -> Result<Option<StoredItem>, ReadError> {
        match self.current(id)? {
            Some(row) => self.item_at(row.seq),
            None => Ok(None),
        }
    }
}
