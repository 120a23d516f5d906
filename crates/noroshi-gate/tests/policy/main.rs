//! Policy as a release officer reads it: every case of the Markdown beside this file, and an
//! independent evaluator that must agree with the gate on random cases.

mod evaluator;
mod world;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use world::{Ask, Caveat, Given};

const FILES: [(&str, &str); 2] = [
    ("refusals.md", include_str!("refusals.md")),
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
            let given = Given::by_the_gate(&ask);
            if let Some(difference) = ask.expected.differs(&given) {
                wrong.push(format!("{file}: {title}: {difference}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(count >= 40, "{count} cases");
}

fn caveat() -> impl Strategy<Value = Caveat> {
    prop_oneof![
        4 => (0_usize..5).prop_map(Caveat::Tlp),
        1 => Just(Caveat::Noforn),
        2 => prop::sample::subsequence(vec!["USA", "JPN", "AUS"], 0..=3).prop_map(Caveat::RelTo),
        1 => Just(Caveat::Sds),
        1 => Just(Caveat::Mod),
        1 => (0_usize..4).prop_map(Caveat::UsClass),
        1 => Just(Caveat::Statement),
    ]
}

fn ask() -> impl Strategy<Value = Ask> {
    (
        prop::collection::vec(caveat(), 0..4),
        prop::collection::vec((0_usize..6, caveat()), 0..4),
        prop::collection::vec(
            (
                prop::option::weighted(0.9, 0_usize..5),
                prop::option::of(0_usize..4),
                any::<[bool; 4]>(),
            ),
            0..3,
        ),
        0_usize..4,
        0_usize..3,
        any::<[bool; 3]>(),
    )
        .prop_map(Ask::random)
}

/// Clause: I5
#[test]
fn the_gate_and_an_independent_evaluator_agree_on_a_hundred_thousand_cases() {
    let cases = 100_000;
    let mut runner = TestRunner::new(Config {
        cases,
        failure_persistence: None,
        ..Config::default()
    });
    runner
        .run(&ask(), |ask| {
            let by_gate = Given::by_the_gate(&ask);
            let by_evaluator = evaluator::decide(&ask);
            prop_assert_eq!(by_gate.outcome, by_evaluator.outcome);
            prop_assert_eq!(by_gate.withheld, by_evaluator.withheld);
            Ok(())
        })
        .unwrap();
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3000))]

    #[test]
    fn another_caveat_never_releases_more(ask in ask(), at in 0_usize..7, more in caveat()) {
        // The first marking of all is what makes an object releasable: there is one to begin with.
        let mut ask = ask;
        ask.markings.push(Caveat::Tlp(0));
        let before = Given::by_the_gate(&ask);
        let mut stricter = ask.clone();
        match at {
            6 => stricter.markings.push(more),
            place => stricter.granular.push((place, more)),
        }
        let after = Given::by_the_gate(&stricter);
        for property in &after.released {
            prop_assert!(before.released.contains(property), "{property} leaves only with the caveat");
        }
    }

    #[test]
    fn what_leaves_reduced_holds_no_byte_of_what_stays(ask in ask()) {
        let given = Given::by_the_gate(&ask);
        for place in &given.withheld {
            let canary = world::canary(place);
            prop_assert!(!given.bytes.windows(canary.len()).any(|w| w == canary.as_bytes()));
        }
    }

    #[test]
    fn equal_questions_get_equal_answers_and_equal_bytes(ask in ask()) {
        prop_assert_eq!(Given::by_the_gate(&ask), Given::by_the_gate(&ask));
    }
}
