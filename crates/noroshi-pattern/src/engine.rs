//! Many patterns at work on observations as they come.
//!
//! A pattern of one observation is decided on the spot. For any other the engine remembers what
//! its parts matched, no longer than its WITHIN (or the horizon, where it has none) and no more
//! than a cap; a hit ends what it remembers. Observations may come out of order by
//! [`EngineLimits::late_max`]; later ones, and ones from beyond [`EngineLimits::ahead_max`], count
//! only for patterns of one observation, as a clock that is wrong must not make the engine forget
//! what is right.

use std::collections::HashMap;

use noroshi_model::Timestamp;

use crate::index::{Index, Site};
use crate::observation::Observation;
use crate::program::Program;
use crate::solve::Candidate;
use crate::state::{Memory, State};

/// What an engine may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EngineLimits {
    /// Most patterns.
    pub patterns_max: usize,
    /// Most expressions that name no value to be equal to: each costs every observation with its
    /// path.
    pub without_value_max: usize,
    /// How long a pattern without WITHIN remembers, in microseconds.
    pub horizon: i64,
    /// How far out of order an observation may come, in microseconds.
    pub late_max: i64,
    /// How far ahead of now an observation may be, in microseconds.
    pub ahead_max: i64,
    /// Most observations that one pattern remembers, but for one that repeats more often.
    pub candidates_max: usize,
    /// Most observations remembered over all patterns.
    pub remembered_max: usize,
    /// Most steps of one search.
    pub steps_max: u32,
}

impl EngineLimits {
    /// For telemetry as it comes: a day's memory, five minutes out of order, one minute ahead.
    pub const DEFAULT: Self = Self {
        patterns_max: 2_000_000,
        without_value_max: 20_000,
        horizon: 86_400_000_000,
        late_max: 300_000_000,
        ahead_max: 60_000_000,
        candidates_max: 1_024,
        remembered_max: 4_000_000,
        steps_max: 20_000,
    };

    /// For a file that is looked at as a whole: nothing is too old, too late or too far ahead.
    pub const WHOLE: Self = Self {
        horizon: i64::MAX,
        late_max: i64::MAX,
        ahead_max: i64::MAX,
        candidates_max: 100_000,
        steps_max: 1_000_000,
        ..Self::DEFAULT
    };
}

/// A pattern was satisfied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hit {
    /// The pattern, by the key it was loaded under.
    pub pattern: u64,
    /// The observations that satisfied it, by id, in the order of their times.
    pub observations: Vec<u64>,
}

/// Why a pattern is not at work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LoadError {
    /// As many patterns as are allowed.
    #[error("{max} patterns are at work, which is as many as are allowed")]
    Full {
        /// The cap.
        max: usize,
    },
    /// Too many patterns that name no value.
    #[error(
        "the pattern names no value to be equal to, so that it costs every observation with its \
         path; {max} such expressions are at work, which is as many as are allowed"
    )]
    WithoutValue {
        /// The cap.
        max: usize,
    },
    /// The key is taken.
    #[error("a pattern is at work under the same key")]
    Taken,
}

/// What did not go as it should, counted since the engine was made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Observations too late for patterns that remember, once for each such pattern.
    pub late: u64,
    /// Observations from too far ahead, once each.
    pub ahead: u64,
    /// Observations let go before their time for want of room.
    pub dropped: u64,
    /// Searches that ran out of steps.
    pub unsure: u64,
    /// Observations that refer so much to themselves that not all of them was seen.
    pub cut: u64,
    /// Expressions that were evaluated.
    pub evaluated: u64,
}

/// Patterns at work.
#[derive(Debug)]
pub struct Engine {
    limits: EngineLimits,
    index: Index,
    patterns: Vec<Option<Loaded>>,
    keys: HashMap<u64, u32>,
    unused: Vec<u32>,
    remembered: usize,
    /// The next pattern to be swept.
    swept: usize,
    tally: Tally,
    candidates: Vec<(Site, usize)>,
}

#[derive(Debug)]
struct Loaded {
    key: u64,
    program: Program,
    /// None: nothing is remembered.
    state: Option<Box<State>>,
}

impl Engine {
    /// No patterns yet.
    #[must_use]
    pub fn new(limits: EngineLimits) -> Self {
        Self {
            limits,
            index: Index::default(),
            patterns: Vec::new(),
            keys: HashMap::new(),
            unused: Vec::new(),
            remembered: 0,
            swept: 0,
            tally: Tally::default(),
            candidates: Vec::new(),
        }
    }

    /// How many patterns are at work.
    #[must_use]
    pub fn len(&self) -> usize {
        self.keys.len()
    }

    /// Is none at work?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// What was counted.
    #[must_use]
    pub fn tally(&self) -> Tally {
        self.tally
    }

    /// How many observations are remembered, over all patterns.
    #[must_use]
    pub fn remembered(&self) -> usize {
        self.remembered
    }

    /// Put a pattern to work under a key.
    ///
    /// # Errors
    /// A cap of the engine, or a key that is taken.
    pub fn load(&mut self, key: u64, program: Program) -> Result<(), LoadError> {
        if self.keys.contains_key(&key) {
            return Err(LoadError::Taken);
        }
        let max = self.limits.patterns_max;
        if self.keys.len() >= max {
            return Err(LoadError::Full { max });
        }
        let anchors = program
            .expressions
            .iter()
            .flat_map(|expression| &expression.anchors);
        let more = anchors.filter(|anchor| !anchor.is_value()).count();
        let max = self.limits.without_value_max;
        if more > 0 && self.index.without_value() + more > max {
            return Err(LoadError::WithoutValue { max });
        }
        let pattern = match self.unused.pop() {
            Some(pattern) => pattern,
            None => {
                self.patterns.push(None);
                u32::try_from(self.patterns.len() - 1).map_err(|_| LoadError::Full { max })?
            }
        };
        each_anchor(&program, pattern, |anchor, site| {
            self.index.insert(anchor, site)
        });
        self.keys.insert(key, pattern);
        self.patterns[pattern as usize] = Some(Loaded {
            key,
            program,
            state: None,
        });
        Ok(())
    }

    /// Take a pattern away; was it there?
    pub fn unload(&mut self, key: u64) -> bool {
        let Some(pattern) = self.keys.remove(&key) else {
            return false;
        };
        if let Some(loaded) = self.patterns[pattern as usize].take() {
            self.remembered -= loaded.state.as_ref().map_or(0, |state| state.remembered());
            each_anchor(&loaded.program, pattern, |anchor, site| {
                self.index.remove(anchor, site)
            });
        }
        self.unused.push(pattern);
        true
    }

    /// Put an observation to every pattern; `now` is the time by the node's own clock.
    pub fn observe(&mut self, observation: &Observation, now: Timestamp, hits: &mut Vec<Hit>) {
        let last = observation.last().micros();
        let is_ahead = last > now.micros().saturating_add(self.limits.ahead_max);
        self.tally.ahead += u64::from(is_ahead);
        let mut candidates = core::mem::take(&mut self.candidates);
        let is_whole = self.index.candidates(observation, &mut candidates);
        self.tally.cut += u64::from(!is_whole);
        candidates.sort_unstable();
        candidates.dedup();
        for sites in candidates.chunk_by(|a, b| a.0.pattern == b.0.pattern) {
            self.touch(sites, observation, is_ahead, hits);
        }
        self.candidates = candidates;
        self.sweep(now.micros());
    }

    /// Put an observation to one pattern, of which these expressions may hold.
    fn touch(
        &mut self,
        sites: &[(Site, usize)],
        observation: &Observation,
        is_ahead: bool,
        hits: &mut Vec<Hit>,
    ) {
        let Some(loaded) = &mut self.patterns[sites[0].0.pattern as usize] else {
            return;
        };
        let mut leaves = 0;
        for of_one in sites.chunk_by(|a, b| a.0 == b.0) {
            let expression = of_one[0].0.expression as usize;
            let holds = of_one.iter().any(|(_, object)| {
                self.tally.evaluated += 1;
                loaded.program.expressions[expression].holds(observation, *object)
            });
            if holds {
                leaves |= loaded.program.leaves_of(expression, observation);
            }
        }
        if leaves == 0 {
            return;
        }
        let hit = match loaded.program.single(leaves) {
            true => {
                if let Some(state) = &mut loaded.state {
                    self.remembered -= state.remembered();
                    state.clear();
                }
                Some(vec![observation.id])
            }
            false if is_ahead || loaded.program.is_single() => None,
            false => {
                let new = Candidate {
                    id: observation.id,
                    first: observation.first().micros(),
                    last: observation.last().micros(),
                    count: observation.count(),
                    leaves,
                };
                remember(
                    loaded,
                    new,
                    &self.limits,
                    &mut self.remembered,
                    &mut self.tally,
                )
            }
        };
        hits.extend(hit.map(|observations| Hit {
            pattern: loaded.key,
            observations,
        }));
    }

    /// Look at one more pattern for what is past its time: patterns that nothing touches any more
    /// give back what they hold.
    fn sweep(&mut self, now: i64) {
        if self.remembered == 0 {
            return;
        }
        self.swept = if self.swept + 1 < self.patterns.len() {
            self.swept + 1
        } else {
            0
        };
        let Some(Some(loaded)) = self.patterns.get_mut(self.swept) else {
            return;
        };
        if let Some(state) = &mut loaded.state {
            self.remembered -= state.remembered();
            let left = state.sweep(&loaded.program, now, &memory(&self.limits));
            self.remembered += left;
            if left == 0 {
                loaded.state = None;
            }
        }
    }
}

fn remember(
    loaded: &mut Loaded,
    new: Candidate,
    limits: &EngineLimits,
    remembered: &mut usize,
    tally: &mut Tally,
) -> Option<Vec<u64>> {
    let state = loaded.state.get_or_insert_default();
    let before = state.remembered();
    let mut memory = memory(limits);
    if *remembered >= limits.remembered_max {
        // The house is full: this pattern may go on with what it has, and no more.
        memory.candidates_max = before.max(1);
    }
    let outcome = state.observe(&loaded.program, new, &memory);
    *remembered = *remembered - before + state.remembered();
    tally.late += u64::from(outcome.late);
    tally.unsure += u64::from(outcome.unsure);
    tally.dropped += outcome.dropped as u64;
    outcome.hit
}

fn memory(limits: &EngineLimits) -> Memory {
    Memory {
        horizon: limits.horizon,
        late: limits.late_max,
        candidates_max: limits.candidates_max,
        steps_max: limits.steps_max,
    }
}

fn each_anchor(
    program: &Program,
    pattern: u32,
    mut visit: impl FnMut(&crate::anchor::Anchor, Site),
) {
    for (at, expression) in program.expressions.iter().enumerate() {
        let expression_at = u32::try_from(at).unwrap_or(u32::MAX);
        for anchor in &expression.anchors {
            let site = Site {
                pattern,
                expression: expression_at,
            };
            visit(anchor, site);
        }
    }
}
