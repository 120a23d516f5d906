//! What is remembered, for how long, and what clocks that are wrong cannot do.

use super::{at, engine, program, run, seen};
use crate::{Engine, EngineLimits, LoadError};

const LIVE: EngineLimits = EngineLimits::DEFAULT;

#[test]
fn after_a_hit_a_pattern_begins_anew() {
    let mut engine = engine(LIVE, &["[x:n = 1] REPEATS 2 TIMES"]);
    let rows: Vec<_> = (0..5).map(|id| seen(id, 10, "x", "n", 1)).collect();
    let hits = run(&mut engine, &rows);
    let named: Vec<_> = hits.iter().map(|hit| hit.observations.clone()).collect();
    assert_eq!(named, [vec![0, 1], vec![2, 3]]);
    assert_eq!(engine.remembered(), 1);
}

#[test]
fn what_comes_late_is_put_in_its_place_up_to_a_limit() {
    let text = "([x:n = 1] FOLLOWEDBY [x:n = 2]) WITHIN 1000 SECONDS";
    let mut engine = engine(LIVE, &[text]);
    // The second part comes first; the first part four minutes later, of an earlier time.
    let rows = [seen(1, 1_000, "x", "n", 2), seen(2, 760, "x", "n", 1)];
    assert_eq!(run(&mut engine, &rows)[0].observations, [2, 1]);
    let rows = [seen(3, 1_000, "x", "n", 2), seen(4, 690, "x", "n", 1)];
    assert!(run(&mut engine, &rows).is_empty());
    assert_eq!(engine.tally().late, 1);
}

#[test]
fn an_observation_from_the_future_makes_nothing_be_forgotten() {
    let text = "([x:n = 1] AND [x:n = 2]) WITHIN 60 SECONDS";
    let mut engine = engine(LIVE, &[text, "[x:n = 1]"]);
    let mut hits = Vec::new();
    engine.observe(&seen(1, 100, "x", "n", 1), at(100), &mut hits);
    engine.observe(&seen(2, 900_000, "x", "n", 1), at(101), &mut hits);
    engine.observe(&seen(3, 102, "x", "n", 2), at(102), &mut hits);
    let of_pair: Vec<_> = hits.iter().filter(|hit| hit.pattern == 0).collect();
    assert_eq!(of_pair[0].observations, [1, 3]);
    // A pattern of one observation has nothing to forget.
    assert_eq!(hits.iter().filter(|hit| hit.pattern == 1).count(), 2);
    assert_eq!(engine.tally().ahead, 1);
}

#[test]
fn nothing_is_remembered_past_its_window_even_where_nothing_comes_any_more() {
    let text = "([x:n = 1] AND [x:n = 2]) WITHIN 60 SECONDS";
    let mut engine = engine(LIVE, &[text, text]);
    run(&mut engine, &[seen(1, 100, "x", "n", 1)]);
    assert_eq!(engine.remembered(), 2);
    run(
        &mut engine,
        &[seen(2, 5_000, "y", "n", 1), seen(3, 5_000, "y", "n", 1)],
    );
    assert_eq!(engine.remembered(), 0);
}

#[test]
fn memory_is_bounded_for_a_pattern_and_over_all() {
    let limits = EngineLimits {
        candidates_max: 10,
        remembered_max: 15,
        ..LIVE
    };
    let text = "[x:n = 1] AND [x:n = 2]";
    let mut engine = engine(limits, &[text, "[x:n = 1] AND [x:n = 3]"]);
    let rows: Vec<_> = (0..100).map(|id| seen(id, 10, "x", "n", 1)).collect();
    assert!(run(&mut engine, &rows).is_empty());
    assert!(engine.remembered() <= 16, "{}", engine.remembered());
    assert!(engine.tally().dropped > 150);
    // What came last is what is kept.
    let hits = run(&mut engine, &[seen(100, 10, "x", "n", 2)]);
    assert_eq!(hits.len(), 1);
}

#[test]
fn patterns_without_a_value_have_a_cap_and_give_their_place_back() {
    let limits = EngineLimits {
        without_value_max: 1,
        patterns_max: 3,
        ..LIVE
    };
    let mut engine = Engine::new(limits);
    engine.load(1, program("[x:n > 1]")).unwrap();
    assert_eq!(
        engine.load(2, program("[x:n > 2]")),
        Err(LoadError::WithoutValue { max: 1 })
    );
    assert_eq!(engine.load(1, program("[x:n = 2]")), Err(LoadError::Taken));
    engine.load(2, program("[x:n = 2 AND x:m > 1]")).unwrap();
    assert!(engine.unload(1) && !engine.unload(1));
    engine.load(3, program("[NOT EXISTS x:m]")).unwrap();
    engine.load(4, program("[x:n = 4]")).unwrap();
    assert_eq!(
        engine.load(5, program("[x:n = 5]")),
        Err(LoadError::Full { max: 3 })
    );
    assert_eq!(run(&mut engine, &[seen(1, 1, "x", "n", 4)]).len(), 2);
}
