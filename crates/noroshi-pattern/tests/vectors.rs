//! STIX 2.1, part 9, section by section: what each says in our words, a pattern, what was
//! observed, and whether that satisfies it. The engine and the slow reference both answer for
//! every vector.
//!
//! Observations are written as `[second, object...]` or `[[first, last, count], object...]`.

#![expect(clippy::unwrap_used, reason = "a failed test may panic")]

mod reference;
mod vectors {
    pub(crate) mod comparing;
    pub(crate) mod observing;
}

use noroshi_model::{Limits, Timestamp, Value};
use noroshi_pattern::{
    Engine, EngineLimits, Hit, Observation, ObservedObject, Pattern, PatternLimits, Program,
};

/// One clause of the specification, in our words, with an example.
pub(crate) struct Vector {
    pub(crate) section: &'static str,
    pub(crate) says: &'static str,
    pub(crate) pattern: &'static str,
    pub(crate) observed: &'static str,
    pub(crate) satisfied: bool,
}

fn observations(written: &str) -> Vec<Observation> {
    let value = Value::parse(written.as_bytes(), &Limits::DEFAULT).expect(written);
    let rows = value.as_array().expect(written).iter().zip(0..);
    rows.map(|(row, id)| {
        let (time, objects) = row.as_array().unwrap().split_first().unwrap();
        let seconds = |value: &Value| Timestamp::from_micros(value.as_int().unwrap() * 1_000_000);
        let (span, count) = match time.as_array() {
            Some([first, last, count]) => {
                let count = u32::try_from(count.as_int().unwrap()).unwrap();
                ((seconds(first), seconds(last)), count)
            }
            _ => ((seconds(time), seconds(time)), 1),
        };
        let objects = objects
            .iter()
            .zip(0..)
            .map(|(object, at)| {
                let properties = object.as_object().unwrap().clone();
                let key = properties.str("id").map_or(format!("#{at}"), str::to_owned);
                let key = key.into();
                ObservedObject { key, properties }
            })
            .collect();
        Observation::over(id, span, count, objects).unwrap()
    })
    .collect()
}

fn hits(pattern: &Pattern, observed: &[Observation]) -> Vec<Hit> {
    let mut engine = Engine::new(EngineLimits::WHOLE);
    let program = Program::compile(pattern, &PatternLimits::DEFAULT).unwrap();
    engine.load(1, program).unwrap();
    let mut hits = Vec::new();
    for one in observed {
        engine.observe(one, one.last(), &mut hits);
    }
    hits
}

#[test]
fn every_clause_of_part_9_is_kept_by_engine_and_reference() {
    let all = vectors::comparing::VECTORS
        .iter()
        .chain(vectors::observing::VECTORS);
    let mut number = 0;
    for vector in all {
        let name = format!("{} {}: {}", vector.section, vector.says, vector.pattern);
        let pattern: Pattern = vector
            .pattern
            .parse()
            .unwrap_or_else(|error| panic!("{name}: {error}"));
        let printed = pattern.to_string();
        assert_eq!(printed.parse::<Pattern>().as_ref(), Ok(&pattern), "{name}");
        let observed = observations(vector.observed);
        let found = !hits(&pattern, &observed).is_empty();
        assert_eq!(found, vector.satisfied, "engine, {name}");
        let by_reference = reference::is_satisfied(&pattern, &observed.iter().collect::<Vec<_>>());
        assert_eq!(by_reference, vector.satisfied, "reference, {name}");
        number += 1;
    }
    println!("{number} vectors");
    assert!(number >= 90, "{number}");
}
