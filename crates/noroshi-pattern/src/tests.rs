//! Reading and refusing, regular expressions, memory and cost. What patterns mean is in
//! `tests/vectors.rs`, and that the engine keeps to it in `tests/agreement.rs`.

mod cost;
mod grammar;
mod memory;
mod observed;
mod perl;

use noroshi_model::{Object, Timestamp, Value};

use crate::{Engine, EngineLimits, Hit, Observation, ObservedObject, PatternLimits, Program};

fn program(text: &str) -> Program {
    Program::read(text, &PatternLimits::DEFAULT).unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn engine(limits: EngineLimits, patterns: &[&str]) -> Engine {
    let mut engine = Engine::new(limits);
    for (key, text) in (0..).zip(patterns) {
        engine.load(key, program(text)).unwrap();
    }
    engine
}

/// One object of a type with a property, seen at a second.
fn seen(
    id: u64,
    second: i64,
    object_type: &str,
    name: &str,
    value: impl Into<Value>,
) -> Observation {
    let properties = Object::new().with("type", object_type).with(name, value);
    let object = ObservedObject {
        key: "0".into(),
        properties,
    };
    Observation::at(id, at(second), vec![object]).unwrap()
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_micros(second * 1_000_000)
}

/// Put observations to an engine whose clock is at each one's time.
fn run(engine: &mut Engine, observations: &[Observation]) -> Vec<Hit> {
    let mut hits = Vec::new();
    for one in observations {
        engine.observe(one, one.last(), &mut hits);
    }
    hits
}
