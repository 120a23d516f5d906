//! Can observations be bound so that every bound is kept? A search over what a pattern remembers,
//! narrowed after every choice, with a cap on its steps.

use crate::plan::{Bounds, FREE, LeafPlan};

/// What a pattern remembers of an observation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Candidate {
    pub(crate) id: u64,
    /// Microseconds.
    pub(crate) first: i64,
    pub(crate) last: i64,
    /// How many observations it stands for.
    pub(crate) count: u32,
    /// Which leaves it satisfies, by bit.
    pub(crate) leaves: u64,
}

impl Candidate {
    pub(crate) fn is(&self, leaf: usize) -> bool {
        self.leaves >> leaf & 1 == 1
    }

    pub(crate) fn is_point(&self) -> bool {
        self.first == self.last
    }
}

/// What came of a search.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Found {
    /// These candidates, by position, one for each observation to bind.
    Binding(Vec<usize>),
    /// There is none.
    None,
    /// The steps were used up.
    Unsure,
}

/// Look for a binding in which the candidate at `new` takes part.
pub(crate) fn search(
    bounds: &Bounds,
    leaves: &[LeafPlan],
    candidates: &[Candidate],
    new: usize,
    steps_max: u32,
) -> Found {
    let all = bounds.len();
    let mut search = Search {
        bounds,
        leaves,
        candidates,
        chosen: vec![None; all],
        left: candidates.iter().map(|candidate| candidate.count).collect(),
        twins: twins(bounds),
        steps: steps_max,
    };
    let open = Window {
        low: vec![i64::MIN; all],
        high: vec![i64::MAX; all],
    };
    for slot in 0..all {
        // Of several that are alike, the new one may as well be the first.
        if search.twins[slot].is_some() {
            continue;
        }
        let window = search.fits(slot, new, &open);
        if let Some(window) = window {
            search.choose(slot, new);
            let found = search.rest(&window, Some(slot));
            if found {
                let binding = search.chosen.iter().flatten().copied().collect();
                return Found::Binding(binding);
            }
            search.give_back(slot);
        }
        if search.steps == 0 {
            return Found::Unsure;
        }
    }
    Found::None
}

/// For each slot the one ahead of it that is bounded in just the same way: REPEATS makes such, and
/// to try both orders of them would be waste.
fn twins(bounds: &Bounds) -> Vec<Option<usize>> {
    let all = bounds.len();
    let alike = |a: usize, b: usize| {
        bounds.leaves[a] == bounds.leaves[b]
            && bounds.apart(a, b) == bounds.apart(b, a)
            && (0..all)
                .filter(|other| *other != a && *other != b)
                .all(|other| {
                    bounds.apart(a, other) == bounds.apart(b, other)
                        && bounds.apart(other, a) == bounds.apart(other, b)
                })
    };
    (0..all)
        .map(|slot| (0..slot).rev().find(|ahead| alike(*ahead, slot)))
        .collect()
}

/// When each observation may have been.
#[derive(Clone)]
struct Window {
    low: Vec<i64>,
    high: Vec<i64>,
}

struct Search<'a> {
    bounds: &'a Bounds,
    leaves: &'a [LeafPlan],
    candidates: &'a [Candidate],
    chosen: Vec<Option<usize>>,
    left: Vec<u32>,
    twins: Vec<Option<usize>>,
    steps: u32,
}

impl Search<'_> {
    fn choose(&mut self, slot: usize, candidate: usize) {
        self.chosen[slot] = Some(candidate);
        self.left[candidate] -= 1;
    }

    fn give_back(&mut self, slot: usize) {
        if let Some(candidate) = self.chosen[slot].take() {
            self.left[candidate] += 1;
        }
    }

    /// The times in which a candidate could be this slot's.
    fn overlap(&self, slot: usize, candidate: usize, window: &Window) -> Option<(i64, i64)> {
        let leaf = self.bounds.leaves[slot];
        let candidate = &self.candidates[candidate];
        let span = self.leaves[leaf].span;
        let low = candidate.first.max(span.from).max(window.low[slot]);
        let high = candidate
            .last
            .min(span.before.saturating_sub(1))
            .min(window.high[slot]);
        (candidate.is(leaf) && low <= high).then_some((low, high))
    }

    /// The window once this slot has this candidate; None where another slot is left without time.
    /// The bounds are closed, so one look at each is enough.
    fn fits(&self, slot: usize, candidate: usize, window: &Window) -> Option<Window> {
        let (low, high) = self.overlap(slot, candidate, window)?;
        let mut window = window.clone();
        (window.low[slot], window.high[slot]) = (low, high);
        for other in 0..self.bounds.len() {
            let after = self.bounds.apart(slot, other);
            if after != FREE {
                window.high[other] = window.high[other].min(high.saturating_add(after));
            }
            let before = self.bounds.apart(other, slot);
            if before != FREE {
                window.low[other] = window.low[other].max(low.saturating_sub(before));
            }
            if window.low[other] > window.high[other] {
                return None;
            }
        }
        Some(window)
    }

    /// Bind what is left.
    fn rest(&mut self, window: &Window, fixed: Option<usize>) -> bool {
        let Some((slot, choices)) = self.narrowest(window, fixed) else {
            return self.chosen.iter().all(Option::is_some);
        };
        for candidate in choices {
            if self.steps == 0 {
                return false;
            }
            self.steps -= 1;
            if let Some(next) = self.fits(slot, candidate, window) {
                self.choose(slot, candidate);
                if self.rest(&next, fixed) {
                    return true;
                }
                self.give_back(slot);
            }
        }
        false
    }

    /// The slot with the fewest choices; empty choices where some slot, or some that are alike,
    /// have too few.
    fn narrowest(&self, window: &Window, fixed: Option<usize>) -> Option<(usize, Vec<usize>)> {
        let mut best: Option<(usize, Vec<usize>)> = None;
        for slot in (0..self.bounds.len()).filter(|slot| self.chosen[*slot].is_none()) {
            let after = self.ahead(slot, fixed);
            if after == Ahead::Open {
                continue;
            }
            let choices: Vec<usize> = (0..self.candidates.len())
                .filter(|at| self.left[*at] > 0)
                .filter(|at| !matches!(after, Ahead::Chosen(ahead) if *at < ahead))
                .filter(|at| self.overlap(slot, *at, window).is_some())
                .collect();
            let room: u64 = choices.iter().map(|at| u64::from(self.left[*at])).sum();
            if room < self.alike_open(slot) {
                return Some((slot, Vec::new()));
            }
            if best
                .as_ref()
                .is_none_or(|(_, fewest)| choices.len() < fewest.len())
            {
                best = Some((slot, choices));
            }
        }
        best
    }

    /// How many slots from this one on are alike and open.
    fn alike_open(&self, slot: usize) -> u64 {
        let mut number = 1;
        let mut last = slot;
        for other in slot + 1..self.bounds.len() {
            if self.twins[other] == Some(last) {
                last = other;
                number += u64::from(self.chosen[other].is_none());
            }
        }
        number
    }

    /// What the one that is alike, ahead of this one, has.
    fn ahead(&self, slot: usize, fixed: Option<usize>) -> Ahead {
        match self.twins[slot] {
            // The new candidate stands first wherever it lies, so it sets no order.
            Some(twin) if Some(twin) == fixed => Ahead::None,
            Some(twin) => self.chosen[twin].map_or(Ahead::Open, Ahead::Chosen),
            None => Ahead::None,
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Ahead {
    None,
    Open,
    Chosen(usize),
}
