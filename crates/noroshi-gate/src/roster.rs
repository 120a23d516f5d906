//! Who may hold an item and who may only see it: lists of nations and coalitions, joined by
//! intersection.
//!
//! What a coalition's code means is known at the instant of release only, so lists that name one
//! are kept side by side and each must be met. Lists of nations alone are intersected at once; a
//! list at least as wide as another asks nothing more and is dropped. That makes one form for
//! each meaning, and the join associative, commutative and idempotent.

use core::fmt;
use core::str::FromStr;
use std::collections::BTreeSet;

use noroshi_model::{Coalition, Nation};

/// A nation or a coalition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Member {
    /// A nation.
    Nation(Nation),
    /// Whoever belongs to the coalition at the instant of release.
    Coalition(Coalition),
}

impl Member {
    /// From a code of three or four capitals.
    pub(crate) fn from_code(code: &str) -> Option<Self> {
        let nation = code.parse().map(Self::Nation);
        nation
            .or_else(|_| Coalition::from_str(code).map(Self::Coalition))
            .ok()
    }
}

impl fmt::Display for Member {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nation(nation) => nation.fmt(f),
            Self::Coalition(coalition) => coalition.fmt(f),
        }
    }
}

/// One list: who may hold, and who may see. An empty list is nobody.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Roster {
    hold: BTreeSet<Member>,
    // INVARIANT: holds everyone who may hold.
    see: BTreeSet<Member>,
}

impl Roster {
    /// Those who may hold it, and those who may see it beside them.
    #[must_use]
    pub fn new(hold: BTreeSet<Member>, mut see: BTreeSet<Member>) -> Self {
        see.extend(&hold);
        Self { hold, see }
    }

    /// Those who may hold it.
    #[must_use]
    pub fn hold(&self) -> &BTreeSet<Member> {
        &self.hold
    }

    /// Those who may see it; whoever may hold it may.
    #[must_use]
    pub fn see(&self) -> &BTreeSet<Member> {
        &self.see
    }

    fn names_nations_only(&self) -> bool {
        self.see
            .iter()
            .all(|member| matches!(member, Member::Nation(_)))
    }

    fn asks_no_less_than(&self, other: &Self) -> bool {
        self.hold.is_subset(&other.hold) && self.see.is_subset(&other.see)
    }
}

/// All that the lists of two normal forms ask together, in the one form that means it. Work in
/// proportion to the one times the other: each side is compared with the other only.
pub(crate) fn join(left: &[Roster], right: &[Roster]) -> Vec<Roster> {
    let meet = |a: &BTreeSet<Member>, b: &BTreeSet<Member>| a.intersection(b).copied().collect();
    let nations = left
        .iter()
        .chain(right)
        .filter(|list| list.names_nations_only())
        .cloned()
        .reduce(|a, b| Roster {
            hold: meet(&a.hold, &b.hold),
            see: meet(&a.see, &b.see),
        });
    let is_needed = |list: &&Roster| {
        let is_met = nations
            .as_ref()
            .is_some_and(|all| all.asks_no_less_than(list));
        !list.names_nations_only() && !is_met
    };
    let of_left = left.iter().filter(is_needed).filter(|list| {
        let mut others = right.iter();
        !others.any(|other| other != *list && other.asks_no_less_than(list))
    });
    let of_right = right.iter().filter(is_needed).filter(|list| {
        let mut others = left.iter();
        !others.any(|other| other.asks_no_less_than(list))
    });
    let mut joined: Vec<Roster> = of_left.chain(of_right).cloned().collect();
    joined.extend(nations.clone());
    joined.sort();
    joined
}
