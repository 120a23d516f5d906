//! What must be observed, spelled out: alternatives, each a set of observations to bind and bounds
//! on the time between them.
//!
//! `t[b] - t[a]` has an upper bound for some pairs and none for others, which says FOLLOWEDBY
//! (`t[earlier] - t[later] <= 0`) and WITHIN (`t[any] - t[other] < seconds`) alike. START/STOP
//! moves inwards to the single observation. OR between observations multiplies alternatives,
//! REPEATS the observations; both are capped.

use crate::ast::{ComparisonExpression, ObservationExpression, Qualifier};
use crate::limits::PatternLimits;

/// No bound.
pub(crate) const FREE: i64 = i64::MAX;

/// From the first instant on and before the second, in microseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) from: i64,
    pub(crate) before: i64,
}

impl Span {
    pub(crate) const ALWAYS: Self = Self {
        from: i64::MIN,
        before: i64::MAX,
    };

    fn and(self, other: Self) -> Self {
        Self {
            from: self.from.max(other.from),
            before: self.before.min(other.before),
        }
    }
}

/// One observation to be found: any of these expressions (by number), in this span.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LeafPlan {
    pub(crate) expressions: Vec<usize>,
    pub(crate) span: Span,
}

/// A way of satisfying a pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Plan {
    /// One observation.
    Single(usize),
    /// So many observations of one kind, the last less than so long after the first.
    Repeat { leaf: usize, times: u32, apart: i64 },
    /// One after the other, the last less than so long after the first.
    Chain { leaves: Vec<usize>, apart: i64 },
    /// Anything else.
    Search(Bounds),
}

/// Observations to bind, and the bounds between them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Bounds {
    /// The leaf of each.
    pub(crate) leaves: Vec<usize>,
    // INVARIANT: square; closed, so that no bound follows from two others and is not there.
    apart: Vec<i64>,
}

impl Bounds {
    fn one(leaf: usize) -> Self {
        Self {
            leaves: vec![leaf],
            apart: vec![0],
        }
    }

    /// One after the other, for when a chain must be searched.
    pub(crate) fn chain(leaves: &[usize], apart: i64) -> Self {
        let all = leaves.len();
        let pairs = (0..all).flat_map(|a| (0..all).map(move |b| (a, b)));
        let bound = |(a, b): (usize, usize)| match a.cmp(&b) {
            core::cmp::Ordering::Less => apart,
            core::cmp::Ordering::Equal | core::cmp::Ordering::Greater => 0,
        };
        Self {
            leaves: leaves.to_vec(),
            apart: pairs.map(bound).collect(),
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.leaves.len()
    }

    /// The most that `t[to] - t[from]` may be.
    pub(crate) fn apart(&self, from: usize, to: usize) -> i64 {
        self.apart[from * self.len() + to]
    }

    fn limit(&mut self, from: usize, to: usize, most: i64) {
        let at = from * self.len() + to;
        self.apart[at] = self.apart[at].min(most);
    }

    /// Both, each on observations of its own.
    fn beside(&self, other: &Self) -> Self {
        let (here, there) = (self.len(), other.len());
        let all = here + there;
        let mut apart = vec![FREE; all * all];
        for from in 0..here {
            for to in 0..here {
                apart[from * all + to] = self.apart(from, to);
            }
        }
        for from in 0..there {
            for to in 0..there {
                apart[(here + from) * all + here + to] = other.apart(from, to);
            }
        }
        let leaves = self.leaves.iter().chain(&other.leaves).copied().collect();
        Self { leaves, apart }
    }

    /// Both, the other not before this one.
    fn followed_by(&self, other: &Self) -> Self {
        let mut both = self.beside(other);
        for early in 0..self.len() {
            for late in self.len()..both.len() {
                both.limit(late, early, 0);
            }
        }
        both
    }

    fn within(&mut self, micros: i64) {
        for from in 0..self.len() {
            for to in 0..self.len() {
                if from != to {
                    self.limit(from, to, micros - 1);
                }
            }
        }
    }

    /// Every bound that follows from two others (Floyd and Warshall, 1962).
    fn close(&mut self) {
        let all = self.len();
        for via in 0..all {
            for from in 0..all {
                let first = self.apart(from, via);
                if first == FREE {
                    continue;
                }
                for to in 0..all {
                    let second = self.apart(via, to);
                    if second != FREE {
                        self.limit(from, to, first.saturating_add(second));
                    }
                }
            }
        }
    }

    /// The longest time between any two; [`FREE`] where some pair is not bounded either way round.
    pub(crate) fn longest(&self) -> i64 {
        self.apart.iter().copied().max().unwrap_or(0)
    }

    fn is_chain(&self) -> bool {
        let longest = self.longest();
        let pairs = (0..self.len()).flat_map(|a| (0..self.len()).map(move |b| (a, b)));
        let mut unequal = pairs.filter(|(a, b)| a != b);
        unequal.all(|(a, b)| self.apart(a, b) == if a < b { longest } else { 0 })
    }

    fn is_even(&self) -> bool {
        let longest = self.longest();
        let all = self.len();
        let pairs = (0..all).flat_map(|a| (0..all).map(move |b| (a, b)));
        self.leaves.iter().all(|leaf| *leaf == self.leaves[0])
            && pairs
                .filter(|(a, b)| a != b)
                .all(|(a, b)| self.apart(a, b) == longest)
    }
}

/// Why a pattern costs too much.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TooMuch {
    Alternatives,
    Bound,
    Leaves,
}

/// Most different observations in one pattern: as many as a word has bits.
pub(crate) const LEAVES_MAX: usize = 64;

/// Most bounds that one pattern keeps, over all its alternatives: 128 KiB.
const BOUNDS_MAX: usize = 16_384;

/// A pattern spelled out.
pub(crate) struct Spelled<'a> {
    /// The expressions, by number.
    pub(crate) expressions: Vec<&'a ComparisonExpression>,
    pub(crate) leaves: Vec<LeafPlan>,
    pub(crate) plans: Vec<Plan>,
}

/// Expressions among which one is looked for that is the same: more can be joined by OR only.
const ALIKE_MAX: usize = 64;

/// Spell out a pattern.
pub(crate) fn plans<'a>(
    root: &'a ObservationExpression,
    limits: &'a PatternLimits,
) -> Result<Spelled<'a>, TooMuch> {
    let mut planner = Planner {
        limits,
        expressions: Vec::new(),
        leaves: Vec::new(),
    };
    if let Some(plan) = planner.repeated(root)? {
        return Ok(planner.spelled(vec![plan]));
    }
    let ways = planner.spell(root, Span::ALWAYS)?;
    if ways.iter().map(|way| way.len() * way.len()).sum::<usize>() > BOUNDS_MAX {
        return Err(TooMuch::Bound);
    }
    Ok(planner.spelled(ways.into_iter().map(plan).collect()))
}

fn plan(mut bounds: Bounds) -> Plan {
    bounds.close();
    if bounds.len() == 1 {
        Plan::Single(bounds.leaves[0])
    } else if bounds.is_even() {
        Plan::Repeat {
            leaf: bounds.leaves[0],
            times: u32::try_from(bounds.len()).unwrap_or(u32::MAX),
            apart: bounds.longest(),
        }
    } else if bounds.is_chain() {
        let apart = bounds.longest();
        let leaves = bounds.leaves;
        Plan::Chain { leaves, apart }
    } else {
        Plan::Search(bounds)
    }
}

struct Planner<'a> {
    limits: &'a PatternLimits,
    expressions: Vec<&'a ComparisonExpression>,
    leaves: Vec<LeafPlan>,
}

impl<'a> Planner<'a> {
    fn spelled(self, plans: Vec<Plan>) -> Spelled<'a> {
        Spelled {
            expressions: self.expressions,
            leaves: self.leaves,
            plans,
        }
    }

    /// One observation that repeats, which may do so more often than others are bound.
    fn repeated(&mut self, root: &'a ObservationExpression) -> Result<Option<Plan>, TooMuch> {
        let ObservationExpression::Qualified(inner, qualifiers) = root else {
            return Ok(None);
        };
        let (mut times, mut apart, mut span) = (1, FREE, Span::ALWAYS);
        for qualifier in qualifiers {
            match qualifier {
                Qualifier::Repeats(count) => times = *count,
                Qualifier::Within(micros) if times > 1 => apart = micros - 1,
                Qualifier::Within(_) => {}
                Qualifier::StartStop(start, stop) => span = span_of(start.micros(), stop.micros()),
            }
        }
        if times == 1 {
            return Ok(None);
        }
        let Some(expressions) = self.one_of(inner) else {
            return Ok(None);
        };
        let leaf = self.leaf(expressions, span)?;
        Ok(Some(Plan::Repeat { leaf, times, apart }))
    }

    /// Expressions any of which is one observation: a single one, or several joined by OR.
    fn one_of(&mut self, expression: &'a ObservationExpression) -> Option<Vec<usize>> {
        if !is_one(expression) {
            return None;
        }
        let mut numbers = Vec::new();
        self.number(expression, &mut numbers);
        numbers.sort_unstable();
        numbers.dedup();
        Some(numbers)
    }

    fn number(&mut self, expression: &'a ObservationExpression, out: &mut Vec<usize>) {
        match expression {
            ObservationExpression::One(inner) => {
                let mut among = self.expressions.iter().take(ALIKE_MAX);
                out.push(among.position(|other| *other == inner).unwrap_or_else(|| {
                    self.expressions.push(inner);
                    self.expressions.len() - 1
                }));
            }
            ObservationExpression::Any(parts) => {
                parts.iter().for_each(|part| self.number(part, out));
            }
            ObservationExpression::All(_)
            | ObservationExpression::Sequence(_)
            | ObservationExpression::Qualified(..) => {}
        }
    }

    fn leaf(&mut self, expressions: Vec<usize>, span: Span) -> Result<usize, TooMuch> {
        let leaf = LeafPlan { expressions, span };
        if let Some(at) = self.leaves.iter().position(|other| *other == leaf) {
            return Ok(at);
        }
        if self.leaves.len() == LEAVES_MAX {
            return Err(TooMuch::Leaves);
        }
        self.leaves.push(leaf);
        Ok(self.leaves.len() - 1)
    }

    fn spell(
        &mut self,
        expression: &'a ObservationExpression,
        span: Span,
    ) -> Result<Vec<Bounds>, TooMuch> {
        if let Some(expressions) = self.one_of(expression) {
            return Ok(vec![Bounds::one(self.leaf(expressions, span)?)]);
        }
        match expression {
            // Taken just above.
            ObservationExpression::One(_) => Ok(Vec::new()),
            ObservationExpression::All(parts) => self.joined(parts, span, Bounds::beside),
            ObservationExpression::Sequence(parts) => self.joined(parts, span, Bounds::followed_by),
            ObservationExpression::Any(parts) => {
                let mut ways = Vec::new();
                for part in parts {
                    ways.extend(self.spell(part, span)?);
                    self.count(ways.len())?;
                }
                Ok(ways)
            }
            ObservationExpression::Qualified(inner, qualifiers) => {
                let span = qualifiers
                    .iter()
                    .fold(span, |span, qualifier| match qualifier {
                        Qualifier::StartStop(from, to) => {
                            span.and(span_of(from.micros(), to.micros()))
                        }
                        Qualifier::Repeats(_) | Qualifier::Within(_) => span,
                    });
                let mut ways = self.spell(inner, span)?;
                for qualifier in qualifiers {
                    match qualifier {
                        Qualifier::Repeats(times) => ways = self.times(&ways, *times)?,
                        Qualifier::Within(micros) => {
                            ways.iter_mut().for_each(|way| way.within(*micros));
                        }
                        Qualifier::StartStop(..) => {}
                    }
                }
                Ok(ways)
            }
        }
    }

    fn joined(
        &mut self,
        parts: &'a [ObservationExpression],
        span: Span,
        join: fn(&Bounds, &Bounds) -> Bounds,
    ) -> Result<Vec<Bounds>, TooMuch> {
        // What is not before the last part ahead is not before those ahead of that, as none is
        // empty; but the bound is on each pair, so it joins all that is there.
        let mut ways: Vec<Bounds> = Vec::new();
        for (at, part) in parts.iter().enumerate() {
            let next = self.spell(part, span)?;
            if at == 0 {
                ways = next;
                continue;
            }
            self.count(ways.len() * next.len())?;
            let mut both = Vec::with_capacity(ways.len() * next.len());
            for way in &ways {
                for other in &next {
                    self.bind(way.len() + other.len())?;
                    both.push(join(way, other));
                }
            }
            ways = both;
        }
        Ok(ways)
    }

    /// Every choice of so many ways, in any order, the same one as often as need be.
    fn times(&mut self, ways: &[Bounds], times: u32) -> Result<Vec<Bounds>, TooMuch> {
        // Each way with the number of the last one chosen, so that no choice is made in two orders.
        let mut chosen: Vec<(usize, Bounds)> = ways.iter().cloned().enumerate().collect();
        for _ in 1..times {
            let mut more = Vec::new();
            for (last, sofar) in &chosen {
                for (at, way) in ways.iter().enumerate().skip(*last) {
                    self.bind(sofar.len() + way.len())?;
                    more.push((at, sofar.beside(way)));
                    self.count(more.len())?;
                }
            }
            chosen = more;
        }
        Ok(chosen.into_iter().map(|(_, way)| way).collect())
    }

    fn count(&self, ways: usize) -> Result<(), TooMuch> {
        if ways > self.limits.alternatives_max {
            Err(TooMuch::Alternatives)
        } else {
            Ok(())
        }
    }

    fn bind(&self, observations: usize) -> Result<(), TooMuch> {
        if observations > self.limits.bound_max {
            Err(TooMuch::Bound)
        } else {
            Ok(())
        }
    }
}

/// Is it about one observation, whichever part of it holds?
fn is_one(expression: &ObservationExpression) -> bool {
    match expression {
        ObservationExpression::One(_) => true,
        ObservationExpression::Any(parts) => parts.iter().all(is_one),
        ObservationExpression::All(_)
        | ObservationExpression::Sequence(_)
        | ObservationExpression::Qualified(..) => false,
    }
}

fn span_of(from: i64, before: i64) -> Span {
    Span { from, before }
}
