//! A pattern compiled: expressions to evaluate on objects, and plans for what must come together.

use crate::anchor::{Anchor, anchors};
use crate::ast::{ComparisonExpression, Pattern, Step, Test};
use crate::compare::{Check, Operand};
use crate::error::{PatternError, Problem};
use crate::limits::PatternLimits;
use crate::observation::Observation;
use crate::path::{self, Kind, Place};
use crate::plan::{LeafPlan, Plan, TooMuch, plans};

/// A compiled pattern.
#[derive(Clone, Debug)]
pub struct Program {
    pub(crate) expressions: Vec<Expression>,
    pub(crate) leaves: Vec<LeafPlan>,
    pub(crate) plans: Vec<Plan>,
}

/// A comparison expression, ready to run on an object of an observation.
#[derive(Clone, Debug)]
pub(crate) struct Expression {
    test: Compiled,
    pub(crate) anchors: Vec<Anchor>,
}

#[derive(Clone, Debug)]
enum Compiled {
    Test(Box<Held>),
    All(Vec<Compiled>),
    Any(Vec<Compiled>),
}

#[derive(Clone, Debug)]
struct Held {
    object_type: Box<str>,
    steps: Vec<Step>,
    negated: bool,
    check: Check,
}

impl Program {
    /// Read and compile a pattern.
    ///
    /// # Errors
    /// As [`Pattern::parse`] and [`Program::compile`].
    pub fn read(text: &str, limits: &PatternLimits) -> Result<Self, PatternError> {
        Self::compile(&Pattern::parse(text, limits)?, limits)
    }

    /// Compile a pattern.
    ///
    /// # Errors A regular expression no linear-time engine can run; more alternatives, or more
    /// observations to bind, than `limits` allow.
    pub fn compile(pattern: &Pattern, limits: &PatternLimits) -> Result<Self, PatternError> {
        let spelled = plans(&pattern.root, limits).map_err(|much| refused(much, limits))?;
        let regexes: usize = spelled.expressions.iter().map(|inner| regexes(inner)).sum();
        if regexes > limits.regexes_max {
            let found = format!("{regexes} regular expressions");
            let advice = format!("at most {} are allowed; split it", limits.regexes_max);
            return Err(PatternError::new(Problem::Cost, "", 0, found, advice));
        }
        let expressions = spelled.expressions.iter().map(|inner| {
            Ok(Expression {
                test: compiled(inner, limits)?,
                anchors: anchors(inner),
            })
        });
        let expressions = expressions.collect::<Result<_, PatternError>>()?;
        let (leaves, plans) = (spelled.leaves, spelled.plans);
        Ok(Self {
            expressions,
            leaves,
            plans,
        })
    }

    /// Is it satisfied by a single observation, whatever came before?
    #[must_use]
    pub fn is_single(&self) -> bool {
        self.plans
            .iter()
            .all(|plan| matches!(plan, Plan::Single(_)))
    }
}

impl Program {
    /// The leaves, by bit, that an expression satisfies in an observation of this time.
    pub(crate) fn leaves_of(&self, expression: usize, observation: &Observation) -> u64 {
        let mut leaves = 0;
        for (at, leaf) in self.leaves.iter().enumerate() {
            let from = leaf.span.from.max(observation.first().micros());
            let to = leaf
                .span
                .before
                .saturating_sub(1)
                .min(observation.last().micros());
            let is_there = from <= to;
            if is_there && leaf.expressions.binary_search(&expression).is_ok() {
                leaves |= 1 << at;
            }
        }
        leaves
    }

    /// Is one of these leaves enough by itself?
    pub(crate) fn single(&self, leaves: u64) -> bool {
        self.plans
            .iter()
            .any(|plan| matches!(plan, Plan::Single(leaf) if leaves >> leaf & 1 == 1))
    }

    /// Is every way of satisfying it a chain?
    pub(crate) fn is_chains(&self) -> bool {
        self.plans
            .iter()
            .all(|plan| matches!(plan, Plan::Chain { .. }))
    }

    /// How long an observation may wait for others, in microseconds; [`i64::MAX`] where for ever.
    pub(crate) fn keeps(&self) -> i64 {
        let longest = self.plans.iter().map(|plan| match plan {
            Plan::Single(_) => 0,
            Plan::Repeat { apart, .. } | Plan::Chain { apart, .. } => *apart,
            Plan::Search(bounds) => bounds.longest(),
        });
        longest.max().unwrap_or(0)
    }
}

fn refused(much: TooMuch, limits: &PatternLimits) -> PatternError {
    let (found, advice) = match much {
        TooMuch::Alternatives => (
            format!(
                "more than {} ways of satisfying it",
                limits.alternatives_max
            ),
            "join by OR inside one pair of square brackets, or split it into several patterns",
        ),
        TooMuch::Bound => (
            format!(
                "it binds more than {} observations at a time",
                limits.bound_max
            ),
            "repeat less; a single observation may repeat more often",
        ),
        TooMuch::Leaves => (
            format!(
                "more than {} different observations",
                crate::plan::LEAVES_MAX
            ),
            "split it into several patterns",
        ),
    };
    PatternError::new(Problem::Cost, "", 0, found, advice)
}

fn regexes(expression: &ComparisonExpression) -> usize {
    match expression {
        ComparisonExpression::Test(comparison) => {
            usize::from(matches!(comparison.test, Test::Matches(_)))
        }
        ComparisonExpression::All(parts) | ComparisonExpression::Any(parts) => {
            parts.iter().map(regexes).sum()
        }
    }
}

fn compiled(
    expression: &ComparisonExpression,
    limits: &PatternLimits,
) -> Result<Compiled, PatternError> {
    let all = |parts: &[ComparisonExpression]| -> Result<Vec<Compiled>, PatternError> {
        parts.iter().map(|part| compiled(part, limits)).collect()
    };
    Ok(match expression {
        ComparisonExpression::All(parts) => Compiled::All(all(parts)?),
        ComparisonExpression::Any(parts) => Compiled::Any(all(parts)?),
        ComparisonExpression::Test(comparison) => {
            let check = Check::new(comparison, limits.regex_bytes_max).map_err(|mut error| {
                error.found = format!("MATCHES of {}: {}", comparison.path, error.found);
                (error.at, error.column) = (0, 1);
                error
            })?;
            Compiled::Test(Box::new(Held {
                object_type: comparison.path.object_type.clone(),
                steps: comparison.path.steps.clone(),
                negated: comparison.negated,
                check,
            }))
        }
    })
}

impl Expression {
    /// Does it hold of an object of the observation?
    pub(crate) fn holds(&self, observation: &Observation, object: usize) -> bool {
        holds(&self.test, observation, object)
    }
}

fn holds(test: &Compiled, observation: &Observation, object: usize) -> bool {
    match test {
        Compiled::All(parts) => parts.iter().all(|part| holds(part, observation, object)),
        Compiled::Any(parts) => parts.iter().any(|part| holds(part, observation, object)),
        Compiled::Test(held) => held.holds(observation, object),
    }
}

impl Held {
    fn holds(&self, observation: &Observation, object: usize) -> bool {
        let properties = &observation.objects()[object].properties;
        if properties.str("type") != Some(&self.object_type) {
            return false;
        }
        // Most paths are one property; for these nothing is gathered.
        if let ([Step::Key(name)], false) = (self.steps.as_slice(), self.check.is_exists()) {
            let kind = Kind::of(name);
            return properties
                .get(name)
                .is_some_and(|value| self.is_so(&Place::Value(value, kind)));
        }
        let mut reach = path::Reach::OF_ONE;
        let places = path::resolve(observation, object, &self.steps, &mut reach);
        if let Check::Exists = self.check {
            return places.is_empty() == self.negated;
        }
        // One of the values a path leads to is enough; where it leads nowhere nothing holds.
        places.iter().any(|place| self.is_so(place))
    }

    fn is_so(&self, place: &Place<'_>) -> bool {
        let outcome = self.check.holds(&Operand::at(place));
        outcome.is_some_and(|outcome| outcome != self.negated)
    }
}
