//! Policy as a release officer reads it: every case of the Markdown beside this file, an
//! independent evaluator that must agree with the gate on random cases, and the laws.

mod caveat;
mod chance;
mod evaluator;
mod world;

use caveat::{Caveat, Definitions};
use chance::Chance;
use proptest::prelude::*;
use world::{Ask, Given, Stage};

const FILES: [(&str, &str); 9] = [
    ("refusals.md", include_str!("refusals.md")),
    ("american.md", include_str!("american.md")),
    ("japanese.md", include_str!("japanese.md")),
    ("coalitions.md", include_str!("coalitions.md")),
    ("consent.md", include_str!("consent.md")),
    ("handling.md", include_str!("handling.md")),
    ("spelling.md", include_str!("spelling.md")),
    ("tearlines.md", include_str!("tearlines.md")),
    ("permissions.md", include_str!("permissions.md")),
];

/// Clause: I5
#[test]
fn every_case_an_officer_wrote_is_decided_as_written() {
    let mut count = 0;
    let mut wrong = Vec::new();
    for (file, text) in FILES {
        for case in text.split("\n## ").skip(1) {
            count += 1;
            let title = case.lines().next().unwrap_or_default();
            let body = case.split("```").nth(1).unwrap_or_default();
            let ask = Ask::read(body);
            let given = Given::by_the_gate(&ask, &mut Definitions::new());
            if let Some(difference) = ask.expected.differs(&given) {
                wrong.push(format!("{file}: {title}: {difference}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(count >= 150, "{count} cases");
}

/// A million cases where slow tests run, a tenth of it elsewhere.
///
/// Clause: I5
#[test]
fn the_gate_and_an_independent_evaluator_agree_on_a_million_cases_over_all_axes() {
    let slow = std::env::var_os("RUN_SLOW_TESTS").is_some();
    let cases: u64 = if slow { 1_000_000 } else { 100_000 };
    let mut definitions = Definitions::new();
    let mut outcomes = std::collections::BTreeMap::new();
    for seed in 0..cases {
        let ask = Chance::new(seed).ask();
        let decision = Stage::of(&ask, &mut definitions).decision();
        let by_evaluator = evaluator::decide(&ask);
        let places = decision
            .withheld
            .iter()
            .map(|place| place.selector.to_string());
        assert_eq!(
            (
                decision.outcome.as_str(),
                places.collect(),
                decision.needs_second_person
            ),
            (
                by_evaluator.outcome,
                by_evaluator.withheld,
                by_evaluator.second_person
            ),
            "seed {seed}: {ask:#?}\n{decision:#?}"
        );
        *outcomes.entry(by_evaluator.outcome).or_insert(0_u64) += 1;
    }
    // Every answer is common enough for the agreement to mean something.
    for outcome in ["release", "reduced", "refer", "deny"] {
        let count = outcomes.get(outcome).copied().unwrap_or_default();
        assert!(count * 50 >= cases, "{outcomes:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3000))]

    #[test]
    fn another_caveat_never_releases_more(seed in any::<u64>(), at in 0_usize..7) {
        let mut chance = Chance::new(seed);
        // The first marking of all is what makes an object releasable: there is one to begin with.
        let mut ask = chance.ask();
        ask.markings.push(Caveat::Tlp(0));
        let definitions = &mut Definitions::new();
        let before = Given::by_the_gate(&ask, definitions);
        let mut stricter = ask.clone();
        match at {
            6 => stricter.markings.push(chance.caveat()),
            place => stricter.granular.push((place, chance.caveat())),
        }
        // Consents name the item by its bytes: those of the stricter item are given anew.
        let after = Given::by_the_gate(&stricter, definitions);
        prop_assert!(after.released().is_subset(&before.released()), "{stricter:#?}");
    }

    #[test]
    fn what_leaves_reduced_holds_no_byte_of_what_stays(seed in any::<u64>()) {
        let ask = Chance::new(seed).ask();
        let given = Given::by_the_gate(&ask, &mut Definitions::new());
        for place in &given.withheld {
            let canary = world::canary(place);
            prop_assert!(!given.bytes.windows(canary.len()).any(|w| w == canary.as_bytes()));
        }
    }

    #[test]
    fn equal_questions_get_equal_answers_and_equal_bytes(seed in any::<u64>()) {
        let ask = || Chance::new(seed).ask();
        let given = Given::by_the_gate(&ask(), &mut Definitions::new());
        prop_assert_eq!(given, Given::by_the_gate(&ask(), &mut Definitions::new()));
    }

    #[test]
    fn a_gate_that_remembers_answers_as_one_that_does_not(seed in any::<u64>()) {
        // Many items at one gate: what it remembers of the earlier must not tint the later.
        let mut chance = Chance::new(seed);
        let definitions = &mut Definitions::new();
        let first = chance.ask();
        let stage = Stage::of(&first, definitions);
        let items: Vec<Stage> = (0..8)
            .map(|_| {
                let markings = chance.ask();
                let ask = Ask { markings: markings.markings, granular: markings.granular, ..first.clone() };
                Stage::of(&ask, definitions)
            })
            .collect();
        stage.at_gate(|mut gate| {
            for item in items.iter().chain(&items) {
                let alone = stage.at_gate(|gate| {
                    let mut gate = gate.forgetful();
                    gate.preview(&item.marked, &item.provenance)
                });
                let remembered = gate.preview(&item.marked, &item.provenance);
                prop_assert_eq!(format!("{remembered:?}"), format!("{alone:?}"));
                prop_assert_eq!(remembered, alone);
            }
            Ok(())
        })?;
    }
}
