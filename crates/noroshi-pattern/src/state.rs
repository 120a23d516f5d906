//! What a pattern remembers, and whether it is satisfied now.
//!
//! After a hit everything is let go: the pattern begins anew with the next observation, so that
//! what satisfied it once does not do so again and again.

use std::collections::VecDeque;

use crate::plan::{Bounds, FREE, Plan, Span};
use crate::program::Program;
use crate::solve::{Candidate, Found, search};

/// How much a pattern remembers, and for how long.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Memory {
    /// Microseconds.
    pub(crate) horizon: i64,
    /// Microseconds.
    pub(crate) late: i64,
    pub(crate) candidates_max: usize,
    pub(crate) steps_max: u32,
}

#[derive(Debug, Default)]
pub(crate) struct State {
    // INVARIANT: by `last`, then by arrival.
    candidates: VecDeque<Candidate>,
    /// How many of them reach over a span of time, or stand for several.
    spread: usize,
    /// One for each plan that is a chain, in order.
    chains: Vec<Chain>,
}

/// What an observation did to a pattern.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Outcome {
    /// The observations that satisfied it, by id.
    pub(crate) hit: Option<Vec<u64>>,
    /// A search ran out of steps.
    pub(crate) unsure: bool,
    /// It came too late to be taken.
    pub(crate) late: bool,
    /// Observations let go before their time, for want of room.
    pub(crate) dropped: usize,
}

impl State {
    pub(crate) fn remembered(&self) -> usize {
        self.candidates.len()
    }

    /// Take in an observation that satisfies some leaves.
    pub(crate) fn observe(
        &mut self,
        program: &Program,
        new: Candidate,
        memory: &Memory,
    ) -> Outcome {
        let mut outcome = Outcome::default();
        let newest = self
            .candidates
            .back()
            .map_or(new.last, |back| back.last.max(new.last));
        if new.last < newest.saturating_sub(memory.late) {
            outcome.late = true;
            return outcome;
        }
        self.forget(program, newest, memory);
        outcome.dropped = self.make_room(memory.candidates_max.max(needed(program)));
        let at = self
            .candidates
            .partition_point(|other| other.last <= new.last);
        let is_in_order = at == self.candidates.len();
        self.spread += usize::from(is_spread(&new));
        self.candidates.insert(at, new);
        self.chain_on(program, is_in_order);
        let hit = self.decide(program, at, memory, &mut outcome.unsure);
        if hit.is_some() {
            self.clear();
        }
        outcome.hit = hit;
        outcome
    }

    pub(crate) fn clear(&mut self) {
        *self = Self::default();
    }

    /// Let go of what nothing to come can be bound with.
    fn forget(&mut self, program: &Program, newest: i64, memory: &Memory) {
        let keep = program
            .keeps()
            .min(memory.horizon)
            .saturating_add(memory.late);
        let edge = newest.saturating_sub(keep);
        while self
            .candidates
            .front()
            .is_some_and(|front| front.last < edge)
        {
            self.pop();
        }
    }

    /// Let go of what is past its time by `now`; how many are left.
    pub(crate) fn sweep(&mut self, program: &Program, now: i64, memory: &Memory) -> usize {
        self.forget(program, now, memory);
        self.candidates.len()
    }

    /// Room for one more; how many were let go for it.
    fn make_room(&mut self, candidates_max: usize) -> usize {
        let mut dropped = 0;
        while self.candidates.len() >= candidates_max {
            self.pop();
            dropped += 1;
        }
        dropped
    }

    fn pop(&mut self) {
        if let Some(front) = self.candidates.pop_front() {
            self.spread -= usize::from(is_spread(&front));
        }
    }

    /// Bring the chains up to date with what was taken in last.
    fn chain_on(&mut self, program: &Program, is_in_order: bool) {
        let mut number = 0;
        for plan in &program.plans {
            let Plan::Chain { leaves, apart } = plan else {
                continue;
            };
            if self.chains.len() == number {
                self.chains.push(Chain::default());
            }
            let chain = &mut self.chains[number];
            number += 1;
            if self.spread > 0 {
                chain.is_stale = true;
            } else if chain.is_stale || !is_in_order {
                *chain = Chain::default();
                for candidate in &self.candidates {
                    chain.push(leaves, *apart, candidate);
                }
            } else if let Some(candidate) = self.candidates.back() {
                chain.push(leaves, *apart, candidate);
            }
        }
    }

    /// The first plan that is satisfied with the help of the candidate at `at`.
    fn decide(
        &mut self,
        program: &Program,
        at: usize,
        memory: &Memory,
        unsure: &mut bool,
    ) -> Option<Vec<u64>> {
        if self.spread == 0 && program.is_chains() {
            return self.complete(program);
        }
        let candidates = &*self.candidates.make_contiguous();
        let mut searched = |bounds: &Bounds| {
            let has_all = bounds
                .leaves
                .iter()
                .all(|leaf| candidates.iter().any(|candidate| candidate.is(*leaf)));
            if !has_all {
                return None;
            }
            match search(bounds, &program.leaves, candidates, at, memory.steps_max) {
                Found::Binding(binding) => Some(ids(candidates, binding)),
                Found::None => None,
                Found::Unsure => {
                    *unsure = true;
                    None
                }
            }
        };
        let mut number = 0;
        for plan in &program.plans {
            let hit = match plan {
                Plan::Single(leaf) => {
                    let new = &candidates[at];
                    new.is(*leaf).then(|| vec![new.id])
                }
                Plan::Repeat { leaf, times, apart } => {
                    let repeat = Repeat {
                        leaf: *leaf,
                        times: *times,
                        apart: *apart,
                        span: program.leaves[*leaf].span,
                    };
                    let is_even = self.spread == 0 && program.leaves.len() == 1;
                    if is_even {
                        repeat.of_points(candidates, at)
                    } else {
                        repeat.of_any(candidates, at)
                    }
                }
                Plan::Chain { leaves, apart } => {
                    let chain = &self.chains[number];
                    number += 1;
                    if chain.is_stale {
                        searched(&Bounds::chain(leaves, *apart))
                    } else {
                        chain.complete(leaves.len())
                    }
                }
                Plan::Search(bounds) => searched(bounds),
            };
            if hit.is_some() {
                return hit;
            }
        }
        None
    }

    /// The first chain that is complete: nothing that is remembered need be looked at.
    fn complete(&self, program: &Program) -> Option<Vec<u64>> {
        let mut chains = program.plans.iter().zip(&self.chains);
        chains.find_map(|(plan, chain)| match plan {
            Plan::Chain { leaves, .. } => chain.complete(leaves.len()),
            Plan::Single(_) | Plan::Repeat { .. } | Plan::Search(_) => None,
        })
    }
}

/// The most that a pattern must remember to be satisfied at all.
fn needed(program: &Program) -> usize {
    let most = program.plans.iter().map(|plan| match plan {
        Plan::Repeat { times, .. } => usize::try_from(*times).unwrap_or(usize::MAX),
        Plan::Single(_) | Plan::Chain { .. } | Plan::Search(_) => 0,
    });
    most.max().unwrap_or_default()
}

fn is_spread(candidate: &Candidate) -> bool {
    !candidate.is_point() || candidate.count > 1
}

fn ids(candidates: &[Candidate], mut binding: Vec<usize>) -> Vec<u64> {
    binding.sort_unstable();
    binding.dedup();
    binding.into_iter().map(|at| candidates[at].id).collect()
}

struct Repeat {
    leaf: usize,
    times: u32,
    apart: i64,
    span: Span,
}

impl Repeat {
    /// Every candidate is one observation of this kind at one time: so many in a row are enough.
    fn of_points(&self, candidates: &[Candidate], at: usize) -> Option<Vec<u64>> {
        let times = usize::try_from(self.times).ok()?;
        let last = candidates.len().checked_sub(times)?;
        for from in at.saturating_sub(times - 1)..=at.min(last) {
            let row = &candidates[from..from + times];
            let taken = row[times - 1].last.saturating_sub(row[0].last);
            if taken <= self.apart {
                return Some(row.iter().map(|candidate| candidate.id).collect());
            }
        }
        None
    }

    /// Some reach over a span of time: is there an instant from which on, for as long as allowed,
    /// enough of them may have been?
    fn of_any(&self, candidates: &[Candidate], at: usize) -> Option<Vec<u64>> {
        let new = self.times_of(&candidates[at])?;
        let earliest = self.opens(new.0);
        let mut changes = Vec::new();
        for candidate in candidates {
            if let Some((low, high)) = self.times_of(candidate) {
                let count = i64::from(candidate.count);
                changes.push((self.opens(low), count));
                changes.push((high.saturating_add(1), -count));
            }
        }
        changes.sort_unstable();
        let mut open = 0;
        let mut changes = changes.into_iter().peekable();
        while let Some((from, change)) = changes.next() {
            open += change;
            let is_whole = changes.peek().is_none_or(|(next, _)| *next > from);
            if is_whole && (earliest..=new.1).contains(&from) && open >= i64::from(self.times) {
                return Some(self.taken(candidates, at, from));
            }
        }
        None
    }

    /// The first instant from which on a time can be reached.
    fn opens(&self, time: i64) -> i64 {
        if self.apart == FREE {
            i64::MIN
        } else {
            time.saturating_sub(self.apart)
        }
    }

    fn times_of(&self, candidate: &Candidate) -> Option<(i64, i64)> {
        let low = candidate.first.max(self.span.from);
        let high = candidate.last.min(self.span.before.saturating_sub(1));
        let high = if self.apart == FREE { i64::MAX } else { high };
        (candidate.is(self.leaf) && low <= high).then_some((low, high))
    }

    /// The new one and as many others as it takes.
    fn taken(&self, candidates: &[Candidate], at: usize, from: i64) -> Vec<u64> {
        let mut missing = i64::from(self.times) - i64::from(candidates[at].count);
        let mut binding = vec![at];
        for (other, candidate) in candidates.iter().enumerate().rev() {
            if missing <= 0 {
                break;
            }
            let is_open = self
                .times_of(candidate)
                .is_some_and(|(low, high)| self.opens(low) <= from && from <= high);
            if other != at && is_open {
                binding.push(other);
                missing -= i64::from(candidate.count);
            }
        }
        ids(candidates, binding)
    }
}

/// How far a chain has come, for observations at single times taken in order.
///
/// For each number of links the way that began last: what can follow an earlier beginning can
/// follow that. Observations at the same time have no order among them, so all of one time are put
/// to the ways that led up to it together.
#[derive(Debug, Default)]
struct Chain {
    /// Up to, and not at, the time of `here`.
    before: Vec<Option<Way>>,
    now: Vec<Option<Way>>,
    here: Vec<Candidate>,
    is_stale: bool,
}

#[derive(Clone, Debug)]
struct Way {
    began: i64,
    ids: Vec<u64>,
}

impl Chain {
    fn complete(&self, links: usize) -> Option<Vec<u64>> {
        self.now
            .get(links)
            .and_then(Option::as_ref)
            .map(|way| way.ids.clone())
    }

    fn push(&mut self, leaves: &[usize], apart: i64, new: &Candidate) {
        let time = new.last;
        if self.here.first().is_none_or(|here| here.last != time) {
            self.here.clear();
            self.before.clone_from(&self.now);
            self.before.resize_with(leaves.len() + 1, || None);
        }
        // As many of one kind as there are links are as good as any number.
        let alike = self
            .here
            .iter()
            .filter(|here| here.leaves == new.leaves)
            .count();
        if alike >= leaves.len() {
            return;
        }
        self.here.push(new.clone());
        self.now.clone_from(&self.before);
        for done in 0..leaves.len() {
            let way = match (&self.before[done], done) {
                (Some(way), _) if apart == FREE || time.saturating_sub(way.began) <= apart => {
                    way.clone()
                }
                (_, 0) => Way {
                    began: time,
                    ids: Vec::new(),
                },
                _ => continue,
            };
            self.extend(leaves, done, way);
        }
    }

    /// As many further links as the observations of this time allow, each its own.
    fn extend(&mut self, leaves: &[usize], done: usize, way: Way) {
        let mut owner: Vec<Option<usize>> = vec![None; self.here.len()];
        for link in done..leaves.len() {
            let mut seen = vec![false; self.here.len()];
            if !assign(&self.here, leaves, link, &mut owner, &mut seen) {
                return;
            }
            let better = |other: &Way| other.began < way.began;
            if self.now[link + 1].as_ref().is_none_or(better) {
                let mut ids = way.ids.clone();
                for link in done..=link {
                    let at = owner.iter().position(|owner| *owner == Some(link));
                    ids.extend(at.map(|at| self.here[at].id));
                }
                let began = way.began;
                self.now[link + 1] = Some(Way { began, ids });
            }
        }
    }
}

/// Give a link an observation, moving others to another of theirs where that makes room (Kuhn,
/// 1955).
fn assign(
    here: &[Candidate],
    leaves: &[usize],
    link: usize,
    owner: &mut [Option<usize>],
    seen: &mut [bool],
) -> bool {
    for at in 0..here.len() {
        if seen[at] || !here[at].is(leaves[link]) {
            continue;
        }
        seen[at] = true;
        let is_free = match owner[at] {
            None => true,
            Some(other) => assign(here, leaves, other, owner, seen),
        };
        if is_free {
            owner[at] = Some(link);
            return true;
        }
    }
    false
}
