//! What an observation costs: counted in expressions evaluated, not in time, so that no machine is
//! too slow for it.

use noroshi_model::{Object, Value};

use super::{engine, program, run, seen};
use crate::{Engine, EngineLimits, Observation, ObservedObject};

#[test]
fn with_many_patterns_an_observation_costs_what_it_touches() {
    let mut many = Engine::new(EngineLimits::DEFAULT);
    for key in 0..20_000 {
        let text = match key % 4 {
            0 => format!("[x:n = 'value {key}']"),
            1 => format!("[x:n IN ('value {key}', 'b') AND x:port > 80]"),
            2 => format!("[x:n = 'value {key}'] FOLLOWEDBY [y:n = 'value {key}']"),
            _ => format!("[x:n = 'value {key}' AND x:own_{key} = 1]"),
        };
        many.load(key, program(&text)).unwrap();
    }
    run(
        &mut many,
        &[
            seen(1, 1, "x", "n", "value 4"),
            seen(2, 1, "x", "n", "nothing"),
        ],
    );
    assert_eq!(many.tally().evaluated, 1);
    for key in 0..20_000 {
        assert!(many.unload(key));
    }
    assert_eq!(many.len(), 0);
}

#[test]
fn forty_under_repeats_six_and_three_steps_without_end_stay_linear() {
    let mut engine = engine(
        EngineLimits::WHOLE,
        &[
            "([x:n = 1] AND [x:n = 2] AND [x:n = 3]) REPEATS 6 TIMES",
            "[x:n = 1] FOLLOWEDBY [x:n = 2] FOLLOWEDBY [x:n = 9]",
        ],
    );
    let rows: Vec<_> = (0..40)
        .map(|id| seen(id, 10, "x", "n", 1 + i64::try_from(id % 2).unwrap()))
        .collect();
    assert!(run(&mut engine, &rows).is_empty());
    assert_eq!(engine.tally().unsure, 0);
}

#[test]
fn a_search_that_would_never_end_is_given_up_and_counted() {
    // Pairs that lie close, so many of them that no order of trying finds out soon.
    let text = "(([x:n = 1] AND [x:m = 1]) WITHIN 2 SECONDS) REPEATS 12 TIMES";
    let limits = EngineLimits {
        steps_max: 1_000,
        ..EngineLimits::WHOLE
    };
    let mut engine = engine(limits, &[text]);
    let rows: Vec<_> = (0_u32..60)
        .map(|id| {
            seen(
                u64::from(id),
                i64::from(id / 3) * 2,
                "x",
                if id % 3 == 0 { "n" } else { "m" },
                1,
            )
        })
        .collect();
    run(&mut engine, &rows);
    assert!(engine.remembered() <= 60);
}

#[test]
fn a_web_of_references_is_walked_only_so_far_and_counted() {
    let all = 200;
    let names: Vec<Value> = (0..all).map(|at| Value::from(format!("{at}"))).collect();
    let objects = (0..all)
        .map(|at| ObservedObject {
            key: format!("{at}").into(),
            properties: Object::new()
                .with("type", "x")
                .with("o_refs", names.clone()),
        })
        .collect();
    let web = Observation::at(1, super::at(1), objects).unwrap();
    let steps = "o_refs[*].".repeat(12);
    let text = format!("[x:{steps}n = 1 OR x:{steps}m != 1]");
    let mut engine = engine(EngineLimits::DEFAULT, &[&text]);
    assert!(run(&mut engine, &[web]).is_empty());
    assert_eq!(engine.tally().cut, 1);
}

#[test]
fn like_does_not_blow_up() {
    let shape = "%a".repeat(200);
    let text = format!("[x:n LIKE '{shape}b']");
    let value = "a".repeat(5_000);
    assert!(
        run(
            &mut engine(EngineLimits::DEFAULT, &[&text]),
            &[seen(1, 1, "x", "n", value)]
        )
        .is_empty()
    );
}
