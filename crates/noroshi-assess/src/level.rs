//! The level of a warning problem: log-odds over its indicators, and bands with hysteresis.
//!
//! `L = L0 + sum llr * s * d`: the log-odds of the hypothesis before any evidence, and for each
//! indicator its log-likelihood ratio times how far its state speaks for it times what is left of
//! that state. Terms are whole numbers of 10^-12 nat, so that the sum has no order.
//!
//! Each level is a latch: on as soon as the probability reaches where it is entered, off at a step
//! of the grid when the probability is below where it is left and the dwell has passed since it
//! would last have been entered. The level is the gravest latch that is on. So a warning rises at
//! once and falls late, and more support at every instant never gives a lesser level.

use noroshi_model::Timestamp;

use crate::table::LevelTable;

/// Most indicators of a problem.
pub const EVIDENCE_MAX: usize = 500;
/// Most states of all indicators together.
pub const STATES_MAX: usize = 5_000;
/// The largest log-likelihood ratio, in thousandths of a nat.
pub const LLR_MILLI_MAX: i64 = 20_000;
/// 10^-12 nat, of which the sums are made.
const PICO: f64 = 1e12;

/// What is known of an indicator.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum State {
    /// It was looked for and not seen: nothing is known.
    NotObserved,
    /// It may have been seen.
    Possible,
    /// It was seen.
    Observed,
    /// It is known not to be so.
    Negated,
}

impl State {
    /// Every one.
    pub const ALL: [Self; 4] = [
        Self::NotObserved,
        Self::Possible,
        Self::Observed,
        Self::Negated,
    ];

    /// The word in objects.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NotObserved => "not-observed",
            Self::Possible => "possible",
            Self::Observed => "observed",
            Self::Negated => "negated",
        }
    }

    /// From that word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == word)
    }

    /// How far it speaks for the hypothesis, in thousandths.
    fn milli(self) -> i64 {
        match self {
            Self::NotObserved => 0,
            Self::Possible => 500,
            Self::Observed => 1_000,
            Self::Negated => -1_000,
        }
    }
}

/// An indicator with everything that was said of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Evidence {
    /// Its name; one entry each.
    pub id: String,
    /// Log-likelihood ratio in thousandths of a nat, 1 to [`LLR_MILLI_MAX`].
    pub llr_milli: i64,
    /// Its states and since when each holds, in any order.
    pub states: Vec<(Timestamp, State)>,
}

/// More than is judged at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("more than {EVIDENCE_MAX} indicators or {STATES_MAX} states, or a weight out of range")]
pub struct TooMuch;

/// What an indicator contributes.
#[derive(Clone, Debug, PartialEq)]
pub struct Contribution {
    /// Its name.
    pub id: String,
    /// Its state now; `None` where nothing was ever said.
    pub state: Option<State>,
    /// Since when.
    pub since: Option<Timestamp>,
    /// What is left of it, in millionths.
    pub left_ppm: i64,
    /// Its term, in 10^-12 nat.
    pub term_pico: i64,
    /// Is nothing known, or is too little left of it?
    pub is_gap: bool,
}

/// The level changed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Change {
    /// When.
    pub at: Timestamp,
    /// From which.
    pub from: u8,
    /// To which.
    pub to: u8,
    /// The probability at that instant.
    pub probability: f64,
}

/// A level with all that it rests on.
#[derive(Clone, Debug, PartialEq)]
pub struct Assessment {
    /// The level.
    pub level: u8,
    /// Log-odds of the hypothesis, in 10^-12 nat.
    pub log_odds_pico: i64,
    /// Its probability.
    pub probability: f64,
    /// The log-odds before any evidence.
    pub prior_pico: i64,
    /// What each indicator contributes, the largest first, whichever way it speaks.
    pub contributions: Vec<Contribution>,
    /// The way here within the table's window, oldest first.
    pub history: Vec<Change>,
}

/// The level of a hypothesis at an instant. `prior_permille` is its probability before any
/// evidence (1 to 999). What was said after the instant is not known yet.
///
/// # Errors
/// More evidence than the caps allow, or a weight or prior out of range.
pub fn assess(
    table: &LevelTable,
    prior_permille: u16,
    evidence: &[Evidence],
    as_of: Timestamp,
) -> Result<Assessment, TooMuch> {
    let states: usize = evidence.iter().map(|one| one.states.len()).sum();
    let in_range = |one: &Evidence| (1..=LLR_MILLI_MAX).contains(&one.llr_milli);
    if evidence.len() > EVIDENCE_MAX
        || states > STATES_MAX
        || !(1..=999).contains(&prior_permille)
        || !evidence.iter().all(in_range)
    {
        return Err(TooMuch);
    }
    let mut sorted: Vec<Evidence> = evidence.to_vec();
    for one in &mut sorted {
        one.states.sort_unstable();
    }
    let prior = f64::from(prior_permille) / 1000.0;
    let prior_pico = whole(libm::log(prior / (1.0 - prior)) * PICO);
    let at = |instant: Timestamp| {
        let terms = sorted.iter().map(|one| term(table, one, instant).2);
        prior_pico + terms.sum::<i64>()
    };
    let (level, history) = replay(table, &sorted, as_of, &at);
    let mut contributions: Vec<Contribution> = sorted
        .iter()
        .map(|one| contribution(table, one, as_of))
        .collect();
    contributions.sort_by(|a, b| {
        let by_weight = b.term_pico.abs().cmp(&a.term_pico.abs());
        by_weight.then_with(|| a.id.cmp(&b.id))
    });
    let log_odds_pico = at(as_of);
    Ok(Assessment {
        level,
        log_odds_pico,
        probability: probability(log_odds_pico),
        prior_pico,
        contributions,
        history,
    })
}

/// The probability of log-odds in 10^-12 nat.
#[must_use]
pub fn probability(log_odds_pico: i64) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "both sides lose the same")]
    let nats = log_odds_pico as f64 / PICO;
    1.0 / (1.0 + libm::exp(-nats))
}

/// The state in force at an instant, what is left of it in millionths, and its term.
fn term(
    table: &LevelTable,
    one: &Evidence,
    at: Timestamp,
) -> (Option<(Timestamp, State)>, i64, i64) {
    let known = one.states.partition_point(|(since, _)| *since <= at);
    let Some((since, state)) = known.checked_sub(1).and_then(|last| one.states.get(last)) else {
        return (None, 0, 0);
    };
    let left_ppm = whole(table.decay.left(at.micros() - since.micros()) * 1e6);
    let term = one.llr_milli * state.milli() * left_ppm;
    (Some((*since, *state)), left_ppm, term)
}

fn contribution(table: &LevelTable, one: &Evidence, at: Timestamp) -> Contribution {
    let (state, left_ppm, term_pico) = term(table, one, at);
    let stale = i64::try_from(table.stale_permille).unwrap_or(i64::MAX);
    let is_silent = state.is_none_or(|(_, state)| state == State::NotObserved);
    Contribution {
        id: one.id.clone(),
        state: state.map(|(_, state)| state),
        since: state.map(|(since, _)| since),
        left_ppm,
        term_pico,
        is_gap: is_silent || left_ppm < stale.saturating_mul(1000),
    }
}

/// Follow the latches from the window's beginning. Entered at any instant that counts, left at
/// steps of the grid only: those are the same whatever the evidence.
fn replay(
    table: &LevelTable,
    evidence: &[Evidence],
    as_of: Timestamp,
    log_odds: &dyn Fn(Timestamp) -> i64,
) -> (u8, Vec<Change>) {
    let step_us = table.step_s.saturating_mul(1_000_000);
    let start = as_of.micros() - table.window_s.saturating_mul(1_000_000);
    let start = start.div_euclid(step_us) * step_us;
    let steps = (0..).map(|step| start + step * step_us);
    let steps = steps.take_while(|at| *at <= as_of.micros());
    let said = evidence.iter().flat_map(|one| &one.states);
    let said = said.map(|(at, _)| at.micros());
    let said = said.filter(|at| (start..=as_of.micros()).contains(at));
    let mut instants: Vec<(i64, bool)> = steps.map(|at| (at, true)).collect();
    instants.extend(said.map(|at| (at, false)));
    instants.push((as_of.micros(), false));
    instants.sort_unstable();
    instants.dedup();

    let mut entered: Vec<Option<i64>> = vec![None; table.bands.len()];
    let mut level = table.normal;
    let mut history = Vec::new();
    for (at, is_step) in instants {
        let now = Timestamp::from_micros(at);
        let probability = probability(log_odds(now));
        for (band, entered) in table.bands.iter().zip(&mut entered) {
            let dwell_us = band.dwell_s.saturating_mul(1_000_000);
            if probability >= permille(band.enter_permille) {
                *entered = Some(at);
            } else if let Some(last) = *entered {
                let may_leave = is_step && at - last >= dwell_us;
                if may_leave && probability < permille(band.exit_permille) {
                    *entered = None;
                }
            }
        }
        let on = table.bands.iter().zip(&entered);
        let gravest = on.filter(|(_, entered)| entered.is_some());
        let to = gravest.map(|(band, _)| band.level).min();
        let to = to.unwrap_or(table.normal);
        if to != level {
            history.push(Change {
                at: now,
                from: level,
                to,
                probability,
            });
            level = to;
        }
    }
    (level, history)
}

fn permille(number: u64) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "at most 1000")]
    let number = number as f64;
    number / 1000.0
}

/// To the nearest whole number.
fn whole(number: f64) -> i64 {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "within 2 * 10^16, and saturating"
    )]
    let whole = libm::round(number) as i64;
    whole
}
