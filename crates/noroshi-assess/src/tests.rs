//! Golden vectors, properties of the engine, and what tables refuse.

use noroshi_model::Timestamp;
use proptest::prelude::*;

use crate::decay::Polynomial;
use crate::level::{EVIDENCE_MAX, STATES_MAX, probability};
use crate::words::{CONFIDENCE, LIKELIHOOD, dni_of, likelihood_of};
use crate::{Assessment, Evidence, LevelTable, State, TableError, assess};

const HOUR_US: i64 = 3_600_000_000;
/// 2026-11-25T12:00:00Z.
const NOW_US: i64 = 1_795_608_000_000_000;

fn table() -> LevelTable {
    LevelTable::newest().unwrap()
}

fn ago(hours: i64) -> Timestamp {
    Timestamp::from_micros(NOW_US - hours * HOUR_US)
}

fn said(id: &str, llr_milli: i64, states: &[(i64, State)]) -> Evidence {
    Evidence {
        id: id.to_owned(),
        llr_milli,
        states: states
            .iter()
            .map(|(at, state)| (ago(*at), *state))
            .collect(),
    }
}

fn now(evidence: &[Evidence]) -> Assessment {
    assess(&table(), 50, evidence, ago(0)).unwrap()
}

#[test]
fn what_is_out_of_range_is_refused() {
    let refused =
        |prior: u16, evidence: &[Evidence]| assess(&table(), prior, evidence, ago(0)).is_err();
    assert!(refused(0, &[]) && refused(1000, &[]));
    assert!(refused(50, &[said("a", 0, &[])]));
    assert!(refused(50, &[said("a", 20_001, &[])]));
    let many: Vec<Evidence> = (0..=EVIDENCE_MAX).map(|_| said("a", 1, &[])).collect();
    assert!(refused(50, &many));
    let long = vec![(1, State::Observed); STATES_MAX + 1];
    assert!(refused(50, &[said("a", 1, &long)]));
    assert!(!refused(50, &[said("a", 1, &long[..STATES_MAX])]));
}

#[test]
fn tables_that_do_not_go_together_are_refused() {
    let text = include_str!("../tables/levels-2026-11-25.json");
    assert!(LevelTable::named("another").unwrap().is_none());
    assert!(LevelTable::named(&table().name).unwrap().is_some());
    for (from, to) in [
        ("\"enter_permille\": 900", "\"enter_permille\": 600"),
        ("\"exit_permille\": 800", "\"exit_permille\": 901"),
        ("\"level\": 4", "\"level\": 5"),
        ("\"decay_delta_milli\": 500", "\"decay_delta_milli\": 0"),
        ("\"step_s\": 21600", "\"step_s\": 60"),
        ("\"normal\": 5", "\"normal\": 0"),
        ("\"normal\": 5", "\"normal\": 5, \"more\": 1"),
        ("\"v\": 1", "\"v\": 2"),
    ] {
        assert!(text.contains(from), "{from}");
        let read = LevelTable::from_bytes(text.replacen(from, to, 1).as_bytes());
        assert!(
            matches!(
                read,
                Err(TableError::Unsound(_) | TableError::Unreadable(_))
            ),
            "{to}"
        );
    }
}

/// The numbers both sides get, bit for bit, frozen.
/// Clause: I4c
#[test]
fn the_same_evidence_gives_the_frozen_bits() {
    let cases: &[(&str, Vec<Evidence>)] = &[
        ("nothing", vec![]),
        (
            "one-observed",
            vec![said("a", 2_000, &[(0, State::Observed)])],
        ),
        (
            "aged-and-negated",
            vec![
                said("a", 3_500, &[(24 * 7, State::Observed)]),
                said("b", 2_000, &[(24 * 30, State::Possible)]),
                said("c", 1_000, &[(24 * 3, State::Negated)]),
            ],
        ),
        (
            "falls-late",
            vec![said(
                "a",
                6_000,
                &[(100, State::Observed), (60, State::Negated)],
            )],
        ),
        (
            "gone",
            vec![said("a", 6_000, &[(24 * 91, State::Observed)])],
        ),
    ];
    let mut made = String::new();
    for (name, evidence) in cases {
        let it = now(evidence);
        made.push_str(&format!(
            "{name} level={} log_odds_pico={} p={:016x}",
            it.level,
            it.log_odds_pico,
            it.probability.to_bits()
        ));
        for change in &it.history {
            made.push_str(&format!(" {}:{}>{}", change.at, change.from, change.to));
        }
        made.push('\n');
    }
    assert_eq!(made, include_str!("../test-data/levels-v1.txt"));
}

#[test]
fn a_level_is_entered_at_once_and_left_late() {
    let seen = [(40, State::Observed)];
    let taken_back = [(40, State::Observed), (39, State::Negated)];
    assert_eq!(now(&[said("a", 6_000, &seen)]).level, 1);
    let held = now(&[said("a", 6_000, &taken_back)]);
    assert_eq!(held.level, 1, "within the dwell of 72 hours");
    assert!(held.probability < 0.2);
    let over = [(100, State::Observed), (99, State::Negated)];
    let over = now(&[said("a", 6_000, &over)]);
    assert_eq!(over.level, 5);
    assert_eq!(over.history.first().map(|change| change.to), Some(1));
}

#[test]
fn what_nobody_has_looked_at_is_a_gap() {
    let it = now(&[
        said("a", 2_000, &[(1, State::Observed)]),
        said("b", 3_000, &[]),
        said("c", 3_000, &[(1, State::NotObserved)]),
        said("d", 2_000, &[(24 * 80, State::Observed)]),
        said("e", 2_000, &[(-1, State::Observed)]),
    ]);
    let gaps = it.contributions.iter().filter(|one| one.is_gap);
    let gaps: Vec<&str> = gaps.map(|one| one.id.as_str()).collect();
    assert_eq!(gaps, ["d", "b", "c", "e"]);
    assert_eq!(it.contributions[0].id, "a");
}

#[test]
fn misps_own_figures_come_out() {
    let nids = Polynomial {
        tau_days: 120.0,
        delta: 2.0,
    };
    let days = |days: f64| (days * 24.0) as i64 * HOUR_US;
    for (day, score) in [(0.0, 80.0), (7.0, 60.68), (30.0, 40.0), (60.0, 23.43)] {
        assert!((nids.score(80.0, days(day)) - score).abs() < 0.006, "{day}");
    }
    assert!((nids.score(80.0, days(46.875)) - 30.0).abs() < 1e-9);
    assert_eq!(nids.score(80.0, days(120.0)), 0.0);
}

/// Clause: T3b
#[test]
fn each_probability_has_one_word_and_it_is_no_word_of_confidence() {
    for (p, word) in [
        (0.0, "almost-no-chance"),
        (0.05, "very-unlikely"),
        (0.449, "unlikely"),
        (0.5, "roughly-even-chance"),
        (0.55, "likely"),
        (0.80, "very-likely"),
        (1.0, "almost-certain"),
    ] {
        assert_eq!(likelihood_of(p).term.name, word);
    }
    for pair in LIKELIHOOD.windows(2) {
        assert_eq!(pair[0].to_percent, pair[1].from_percent);
    }
    for row in LIKELIHOOD {
        assert!(CONFIDENCE.iter().all(|term| term.name != row.term.name));
    }
    assert!((0..=100).all(|value| dni_of(value).is_some()) && dni_of(101).is_none());
}

fn states() -> impl Strategy<Value = Vec<(i64, State)>> {
    let state = (0_usize..4).prop_map(|at| State::ALL[at]);
    prop::collection::vec((0_i64..3_000, state), 0..5)
}

fn evidence() -> impl Strategy<Value = Vec<Evidence>> {
    let one = (1_i64..5_000, states());
    prop::collection::vec(one, 0..6).prop_map(|all| {
        let named = all.iter().enumerate();
        named
            .map(|(at, (llr, states))| said(&format!("indicator-{at}"), *llr, states))
            .collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    /// Clause: I4c
    #[test]
    fn the_order_of_evidence_does_not_matter(mut evidence in evidence()) {
        let first = now(&evidence);
        evidence.reverse();
        for one in &mut evidence {
            one.states.reverse();
        }
        prop_assert_eq!(first, now(&evidence));
    }

    /// More support: a new indicator that was possible or seen.
    #[test]
    fn more_support_never_gives_a_lesser_level(
        mut evidence in evidence(),
        at in 0_i64..3_000,
        llr in 1_i64..5_000,
        is_sure: bool,
    ) {
        let before = now(&evidence);
        let state = if is_sure { State::Observed } else { State::Possible };
        evidence.push(said("more", llr, &[(at, state)]));
        let after = now(&evidence);
        prop_assert!(after.log_odds_pico >= before.log_odds_pico);
        prop_assert!(after.level <= before.level, "{} then {}", before.level, after.level);
    }

    /// No level is left within the dwell of its band after it was entered.
    #[test]
    fn a_level_never_flaps_within_its_dwell(evidence in evidence()) {
        let table = table();
        let history = now(&evidence).history;
        for (at, change) in history.iter().enumerate() {
            if change.to > change.from {
                let band = table.bands.iter().find(|band| band.level == change.from).unwrap();
                let entered = history[..at].iter().rev().find(|it| it.to <= change.from && it.from > change.from);
                let held = change.at.micros() - entered.unwrap().at.micros();
                prop_assert!(held >= band.dwell_s * 1_000_000);
            }
        }
    }

    #[test]
    fn a_probability_is_one(log_odds in any::<i32>()) {
        let p = probability(i64::from(log_odds) * 10_000_000);
        prop_assert!((0.0..=1.0).contains(&p));
    }
}
