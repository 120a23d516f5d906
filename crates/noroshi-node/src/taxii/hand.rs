//! What an import or post brought, still in memory: whoever fills standing collections need not
//! read, parse and mark it again. It is no way out of its own: `standing` asks the gate and the
//! review about it as about what it reads from the store.

use std::sync::Arc;

use noroshi_gate::{Marked, MarkingTable, Provenance, Scope};
use noroshi_model::{NodeId, Role};
use noroshi_store::{Tx, WriteError};

use crate::rules::profile_scope;

/// Canonical bytes that are kept at most; beyond, everything is read from the store.
const BYTES_MAX: usize = 4 * 1024 * 1024;

/// Items in the order of the store, every one there is between two of its positions.
pub(crate) struct Hand {
    /// Everything that was admitted behind this position is here...
    pub(crate) after: u64,
    /// ...up to this one.
    pub(crate) upto: u64,
    pub(crate) items: Vec<Brought>,
    bytes: usize,
    /// From where they came.
    source: Arc<str>,
    /// What was known of markings when they were marked.
    markings: Option<Arc<MarkingTable>>,
}

/// An item that was brought, as it was recorded.
pub(crate) struct Brought {
    pub(crate) seq: u64,
    pub(crate) marked: Marked,
    pub(crate) provenance: Provenance,
    pub(crate) source: Arc<str>,
}

/// Where what is recorded is put, as long as it is worth it.
pub(crate) enum Taking {
    /// Nobody wants it, or it became too much.
    No,
    /// Nothing came yet.
    Begins,
    Holds(Hand),
}

impl Hand {
    /// Is it marked by what is known now?
    pub(crate) fn is_of(&self, markings: &Arc<MarkingTable>) -> bool {
        let mut known = self.markings.iter();
        known.all(|known| Arc::ptr_eq(known, markings))
    }
}

impl Taking {
    /// A transaction begins. Where somebody else put items behind those in hand, all is read from
    /// the store.
    pub(crate) fn begin(&mut self, tx: &Tx<'_>, source: &str) -> Result<(), WriteError> {
        let last = match self {
            Self::No => return Ok(()),
            Self::Begins | Self::Holds(_) => tx.last_seq()?,
        };
        match self {
            Self::Begins => {
                *self = Self::Holds(Hand {
                    after: last,
                    upto: last,
                    items: Vec::new(),
                    bytes: 0,
                    source: source.into(),
                    markings: None,
                });
            }
            Self::Holds(hand) if hand.upto == last => {}
            Self::No | Self::Holds(_) => *self = Self::No,
        }
        Ok(())
    }

    /// What comes now was marked by that table; all in hand must be by one.
    pub(crate) fn expect(&mut self, markings: &Arc<MarkingTable>) {
        let Self::Holds(hand) = self else {
            return;
        };
        let known = hand.markings.get_or_insert_with(|| Arc::clone(markings));
        if !Arc::ptr_eq(known, markings) {
            *self = Self::No;
        }
    }

    /// An item was admitted, by this node's own word, marked by the definitions of that scope.
    pub(crate) fn put(
        &mut self,
        seq: u64,
        marked: Marked,
        (me, role): (NodeId, Role),
        (source, scope): (&str, &Scope),
    ) {
        let Self::Holds(hand) = self else {
            return;
        };
        let Some(markings) = &hand.markings else {
            return;
        };
        hand.bytes += marked.valid().canonical().len();
        if hand.bytes > BYTES_MAX {
            *self = Self::No;
            return;
        }
        // As one that is read from the store is marked: by the scope of who answers for it.
        let stored = profile_scope(source, role == Role::Originator);
        let marked = if stored == *scope {
            marked
        } else {
            let assigned = marked.assigned().to_vec();
            noroshi_gate::mark(marked.into_valid(), &assigned, markings, &stored)
        };
        hand.items.push(Brought {
            seq,
            marked,
            provenance: Provenance {
                role: Some(role),
                node: Some(me),
                is_available: true,
            },
            source: Arc::clone(&hand.source),
        });
    }

    /// All that came of a transaction is recorded.
    pub(crate) fn end(&mut self, tx: &Tx<'_>) -> Result<(), WriteError> {
        if let Self::Holds(hand) = self {
            hand.upto = tx.last_seq()?;
        }
        Ok(())
    }

    pub(crate) fn taken(self) -> Option<Hand> {
        match self {
            Self::Holds(hand) => Some(hand),
            Self::No | Self::Begins => None,
        }
    }
}
