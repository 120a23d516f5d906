//! Which object of an own type a note or report on a client's page stands for.
//!
//! The id of what stands in is made of the object's id and cannot be read backwards; so the log's
//! objects of own types are looked at once, and later only those that came since.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;

use noroshi_formats::ontology::{fallback_id, own_types};
use noroshi_model::NodeId;
use noroshi_store::{Reader, ViewEntry};

use super::pages::{Stop, may_be_fallback};
use crate::command::Failure;
use crate::node::lock;

/// What stands in for what, of one client's log.
#[derive(Default)]
pub(super) struct Fallbacks(Mutex<Known>);

#[derive(Default)]
struct Known {
    /// The store's generation: what is taken back may have been brought back in another.
    generation: u64,
    /// The number from which on nothing was looked at.
    next: u64,
    /// Numbers of entries, by the id of what stands in; a version each.
    numbers: BTreeMap<Box<str>, u64>,
}

impl Fallbacks {
    /// The ids of the objects that these stand in for, as far as they do.
    pub(super) fn stood_for(
        &self,
        ids: &[&String],
        reader: &Reader<'_>,
        to: &NodeId,
        generation: u64,
    ) -> Result<Vec<String>, Failure> {
        let own: BTreeSet<&str> = own_types().iter().map(|own| own.name).collect();
        let mut known = lock(&self.0);
        if known.generation != generation {
            *known = Known {
                generation,
                ..Known::default()
            };
        }
        let from = known.next;
        let mut one = |entry: ViewEntry<'_>| -> Result<bool, Stop> {
            known.next = entry.number + 1;
            if let Some(id) = fallback_id(entry.id).filter(|_| may_be_fallback(&entry)) {
                known.numbers.insert(id.into(), entry.number);
            }
            Ok(true)
        };
        reader
            .view(to, from, &own, &mut one)
            .map_err(Failure::from)?;
        let mut stood_for = Vec::new();
        for number in ids.iter().filter_map(|id| known.numbers.get(id.as_str())) {
            let mut one = |entry: ViewEntry<'_>| -> Result<bool, Stop> {
                if entry.number == *number {
                    stood_for.push(entry.id.to_owned());
                }
                Ok(false)
            };
            reader
                .view(to, *number, &own, &mut one)
                .map_err(Failure::from)?;
        }
        Ok(stood_for)
    }
}
