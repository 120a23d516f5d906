//! The engine and the slow reference agree on every pattern and every row of observations that
//! chance makes. A disagreement prints its seed. `NOROSHI_PATTERN_ROUNDS` sets how many worlds are
//! tried.

#![expect(clippy::unwrap_used, reason = "a failed test may panic")]

mod random;
mod reference;

use noroshi_pattern::{Engine, EngineLimits, Observation, Pattern, PatternLimits, Program};

use random::Chance;

fn rounds() -> u64 {
    let given = std::env::var("NOROSHI_PATTERN_ROUNDS").ok();
    let default = if cfg!(debug_assertions) {
        4_000
    } else {
        100_000
    };
    given.map_or(default, |given| given.parse().unwrap())
}

struct Seen {
    hits: u64,
    bound: u64,
}

/// One pattern, one row of observations: the hits fall on the same observations.
fn agree(seed: u64, limits: EngineLimits, is_spread: bool, is_sorted: bool, seen: &mut Seen) {
    let mut chance = Chance(seed);
    let made = random::pattern(&mut chance);
    let text = made.to_string();
    let pattern: Pattern = text
        .parse()
        .unwrap_or_else(|error| panic!("seed {seed}: {text}: {error}"));
    assert_eq!(pattern.to_string(), text, "seed {seed}");
    let mut row: Vec<Observation> = (0..1 + chance.below(if is_spread { 4 } else { 6 }))
        .map(|id| random::observation(&mut chance, id as u64, is_spread))
        .collect();
    if is_sorted {
        row.sort_by_key(Observation::last);
    }
    let program = Program::compile(&pattern, &PatternLimits::DEFAULT)
        .unwrap_or_else(|error| panic!("seed {seed}: {text}: {error}"));
    let mut engine = Engine::new(limits);
    engine.load(7, program).unwrap();
    let mut since: Vec<&Observation> = Vec::new();
    for one in &row {
        since.push(one);
        let mut hits = Vec::new();
        engine.observe(one, one.last(), &mut hits);
        let expected = reference::is_satisfied(&pattern, &since);
        let shown = || format!("seed {seed}: {text}\n{since:#?}\n{hits:?}");
        assert_eq!(!hits.is_empty(), expected, "{}", shown());
        if let Some(hit) = hits.first() {
            seen.hits += 1;
            seen.bound += u64::from(hit.observations.len() > 1);
            let named: Vec<&Observation> = since
                .iter()
                .copied()
                .filter(|one| hit.observations.contains(&one.id))
                .collect();
            assert!(hit.observations.contains(&one.id), "{}", shown());
            assert_eq!(named.len(), hit.observations.len(), "{}", shown());
            assert!(reference::is_satisfied(&pattern, &named), "{}", shown());
            since.clear();
        }
    }
    assert_eq!(engine.tally().unsure, 0, "seed {seed}: {text}");
    assert!(engine.unload(7));
    assert_eq!((engine.len(), engine.remembered()), (0, 0), "seed {seed}");
}

#[expect(
    clippy::print_stdout,
    reason = "how much was tried belongs to the result"
)]
fn all_agree(name: &str, limits: EngineLimits, is_spread: bool, is_sorted: bool) {
    let mut seen = Seen { hits: 0, bound: 0 };
    let all = rounds();
    for seed in 0..all {
        agree(seed, limits, is_spread, is_sorted, &mut seen);
    }
    println!(
        "{name}: {all} worlds, {} hits, {} of several observations",
        seen.hits, seen.bound
    );
    // A world in which little happens would prove little.
    assert!(seen.hits > all / 4 && seen.bound > all / 40);
}

#[test]
fn the_engine_agrees_with_the_reference_in_order_remembering_no_longer_than_it_must() {
    let limits = EngineLimits {
        late_max: 0,
        ..EngineLimits::WHOLE
    };
    all_agree("in order", limits, false, true);
}

#[test]
fn the_engine_agrees_with_the_reference_out_of_order() {
    all_agree("out of order", EngineLimits::WHOLE, false, false);
}

#[test]
fn the_engine_agrees_with_the_reference_over_spans_of_time() {
    all_agree("spans", EngineLimits::WHOLE, true, false);
}
