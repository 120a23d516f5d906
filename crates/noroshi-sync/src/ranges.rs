//! A set of entry numbers as ranges: what one side has applied. Joining is idempotent and does not
//! depend on order, so acknowledgements may come late, twice, or by another road.

use serde::{Deserialize, Serialize};

/// Most ranges kept: more gaps than this mean a peer that sends nonsense.
pub(crate) const RANGES_MAX: usize = 10_000;

/// Can it be the number of an entry? Larger ones cannot be written into the ledger: its numbers
/// are JSON's, exact up to 2^53-1.
pub(crate) fn is_number(number: u64) -> bool {
    number < 1 << 53
}

/// Numbers as ranges with both ends, ascending, not touching.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ranges(
    // INVARIANT: each range is (from, to) with from <= to, and the next begins above to + 1.
    Vec<(u64, u64)>,
);

impl Ranges {
    /// None.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Is the number in it?
    #[must_use]
    pub fn contains(&self, number: u64) -> bool {
        let at = self.0.partition_point(|(_, to)| *to < number);
        self.0.get(at).is_some_and(|(from, _)| *from <= number)
    }

    /// Add a range; `false` when that would make too many gaps (nothing is added then).
    pub fn insert(&mut self, from: u64, to: u64) -> bool {
        if from > to {
            return true;
        }
        let first = self
            .0
            .partition_point(|(_, end)| end.saturating_add(1) < from);
        let last = self
            .0
            .partition_point(|(start, _)| *start <= to.saturating_add(1));
        let merged = self.0[first..last]
            .iter()
            .fold((from, to), |(low, high), (start, end)| {
                (low.min(*start), high.max(*end))
            });
        if first == last && self.0.len() >= RANGES_MAX {
            return false;
        }
        self.0.splice(first..last, [merged]);
        true
    }

    /// Take a number out; `false` when that would make too many gaps (nothing is taken out then).
    pub fn remove(&mut self, number: u64) -> bool {
        let at = self.0.partition_point(|(_, to)| *to < number);
        let Some((from, to)) = self.0.get(at).copied().filter(|(from, _)| *from <= number) else {
            return true;
        };
        let below = (from < number).then(|| (from, number - 1));
        let above = (number < to).then(|| (number + 1, to));
        if below.is_some() && above.is_some() && self.0.len() >= RANGES_MAX {
            return false;
        }
        self.0.splice(at..=at, below.into_iter().chain(above));
        true
    }

    /// Add everything of another set.
    pub fn join(&mut self, other: &Self) {
        for (from, to) in &other.0 {
            self.insert(*from, *to);
        }
    }

    /// The ranges in order.
    pub fn iter(&self) -> impl Iterator<Item = (u64, u64)> + '_ {
        self.0.iter().copied()
    }

    /// How many numbers.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.0.iter().map(|(from, to)| to - from + 1).sum()
    }

    /// The first number that is not in it.
    #[must_use]
    pub fn first_missing(&self) -> u64 {
        match self.0.first() {
            Some((0, to)) => to.saturating_add(1),
            _ => 0,
        }
    }

    /// Well-formed, as anything from outside must be before use?
    #[must_use]
    pub fn is_well_formed(&self) -> bool {
        let ordered = self.0.iter().all(|(from, to)| from <= to && is_number(*to));
        let apart = self
            .0
            .windows(2)
            .all(|two| two[0].1.saturating_add(1) < two[1].0);
        ordered && apart && self.0.len() <= RANGES_MAX
    }

    /// At most so many ranges, the lowest: an acknowledgement must fit its frame. What is left out
    /// is acknowledged later or sent again.
    #[must_use]
    pub fn lowest(&self, most: usize) -> Self {
        Self(self.0.iter().take(most).copied().collect())
    }
}
