//! Which nations a coalition's code means at an instant.

use std::collections::BTreeMap;

use noroshi_model::{Coalition, Membership, Nation, Timestamp};

use crate::roster::Member;

/// The lists a node keeps.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Coalitions {
    // INVARIANT: per coalition from the highest serial down.
    lists: BTreeMap<Coalition, Vec<Membership>>,
}

impl Coalitions {
    /// From lists whose signatures have been checked.
    #[must_use]
    pub fn new(lists: impl IntoIterator<Item = Membership>) -> Self {
        let mut kept: BTreeMap<Coalition, Vec<Membership>> = BTreeMap::new();
        for list in lists {
            kept.entry(list.coalition).or_default().push(list);
        }
        for lists in kept.values_mut() {
            lists.sort_by_key(|list| core::cmp::Reverse(list.serial));
        }
        Self { lists: kept }
    }

    /// The list that stands at an instant: of those that have begun, the one with the highest
    /// serial, while it lasts. `None` is nobody.
    #[must_use]
    pub fn in_force(&self, coalition: Coalition, now: Timestamp) -> Option<&Membership> {
        let lists = self.lists.get(&coalition)?;
        let newest = lists.iter().find(|list| list.valid_from <= now)?;
        (now < newest.valid_until).then_some(newest)
    }

    /// The highest serial known of a coalition; 0 where none is.
    #[must_use]
    pub fn last_serial(&self, coalition: Coalition) -> u64 {
        let lists = self.lists.get(&coalition);
        lists
            .and_then(|lists| lists.first())
            .map_or(0, |list| list.serial)
    }

    /// Does a new list only close? It names nobody whom the lists kept do not all name, and lasts
    /// no longer than any of them. What only closes needs one person, so that it is never late.
    #[must_use]
    pub fn only_narrows(&self, list: &Membership) -> bool {
        let Some(kept) = self.lists.get(&list.coalition) else {
            return false;
        };
        kept.iter().all(|old| {
            list.nations.is_subset(&old.nations)
                && list.valid_until <= old.valid_until
                && list.valid_from >= old.valid_from
        })
    }

    /// Is the nation meant by this code, at this instant?
    pub(crate) fn includes(&self, member: &Member, nation: Nation, now: Timestamp) -> bool {
        match member {
            Member::Nation(named) => *named == nation,
            Member::Coalition(coalition) => self
                .in_force(*coalition, now)
                .is_some_and(|list| list.nations.contains(&nation)),
        }
    }
}
