//! What patterns cost, for `cargo xtask bench --pattern`: alone, a hundred thousand at a time, and
//! as worlds written out for another matcher to answer (`--write FILE`).

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a bench for the terminal, on data of its own"
)]

#[path = "../tests/random/mod.rs"]
mod random;
#[path = "../tests/reference/mod.rs"]
mod reference;

use std::io::Write as _;
use std::time::{Duration, Instant};

use noroshi_model::{Object, Timestamp, Value};
use noroshi_pattern::{
    Engine, EngineLimits, Hit, Observation, ObservedObject, Pattern, PatternLimits, Program,
};
use random::Chance;

/// Runs of each measure; the median counts.
const RUNS: usize = 7;
/// Events put to the loaded engines.
const EVENTS: u32 = 100_000;
/// Worlds that another matcher answers too.
const WORLDS: u64 = 2_000;

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    if let [flag, file] = args.as_slice()
        && flag == "--write"
    {
        write_worlds(file);
        return;
    }
    loaded();
    repeats();
    followed_by();
    compound();
}

fn seen(id: u64, second: i64, properties: Object) -> Observation {
    let key = "domain-name--00000000-0000-4000-8000-000000000000".into();
    let time = Timestamp::from_micros(second * 1_000_000);
    Observation::at(id, time, vec![ObservedObject { key, properties }]).unwrap()
}

fn domain(name: &str) -> Object {
    Object::new()
        .with("type", "domain-name")
        .with("value", name)
}

fn numbered(number: i64) -> Object {
    Object::new().with("type", "x-a").with("n", number)
}

fn median(mut measure: impl FnMut() -> Duration) -> Duration {
    let mut taken: Vec<Duration> = (0..RUNS).map(|_| measure()).collect();
    taken.sort_unstable();
    taken[RUNS / 2]
}

fn program(text: &str) -> Program {
    Program::read(text, &PatternLimits::DEFAULT).unwrap()
}

/// Put observations to an engine; the hits.
fn run(engine: &mut Engine, observations: &[Observation]) -> Vec<Hit> {
    let mut hits = Vec::new();
    for one in observations {
        engine.observe(one, one.last(), &mut hits);
    }
    hits
}

/// An event's cost as the number of patterns grows: single equalities, and a mix with compound
/// ones.
fn loaded() {
    // One event in a hundred names what a pattern asks for.
    let events: Vec<Observation> = (0..EVENTS)
        .map(|id| {
            let name = match id % 100 {
                0 => format!("p{}.example", id % 1_000),
                _ => format!("e{id}.example"),
            };
            seen(u64::from(id), i64::from(id / 100), domain(&name))
        })
        .collect();
    for (name, mixed) in [("equalities", false), ("mixed, half compound", true)] {
        for number in [1_000, 10_000, 100_000, 1_000_000] {
            if mixed && number > 100_000 {
                continue;
            }
            let begun = Instant::now();
            let mut engine = Engine::new(EngineLimits::DEFAULT);
            for key in 0..number {
                engine.load(key, program(&one_of_many(key, mixed))).unwrap();
            }
            let load = begun.elapsed();
            let mut hits = 0;
            let took = median(|| {
                let begun = Instant::now();
                hits = run(&mut engine, &events).len();
                begun.elapsed()
            });
            let each = took.as_nanos() / u128::from(EVENTS);
            println!(
                "{number:9} {name}: {each} ns an event, {hits} hits, loaded from text in {load:.2?}"
            );
        }
    }
}

fn one_of_many(key: u64, mixed: bool) -> String {
    let name = format!("[domain-name:value = 'p{key}.example']");
    match key % 4 {
        1 if mixed => format!("({name} FOLLOWEDBY [url:value = 'u{key}']) WITHIN 60 SECONDS"),
        2 if mixed => format!("{name} REPEATS 3 TIMES WITHIN 600 SECONDS"),
        _ => name,
    }
}

/// Forty that match under REPEATS 6, all in a window too short for six: every one is looked at.
fn repeats() {
    for text in [
        "[x-a:n = 1] REPEATS 6 TIMES WITHIN 5 SECONDS",
        "([x-a:n = 1] AND [x-a:n = 2]) REPEATS 6 TIMES",
    ] {
        let rows: Vec<Observation> = (0..40).map(|id| seen(id, id as i64, numbered(1))).collect();
        let took = median(|| {
            let mut engine = Engine::new(EngineLimits::WHOLE);
            engine.load(1, program(text)).unwrap();
            let begun = Instant::now();
            assert!(run(&mut engine, &rows).is_empty());
            begun.elapsed()
        });
        println!("40 matching under {text}: {took:.1?} in all");
    }
}

fn followed_by() {
    let text = "[x-a:n = 1] FOLLOWEDBY [x-a:n = 2] FOLLOWEDBY [x-a:n = 9]";
    for number in [10_000_u64, 20_000, 40_000, 80_000] {
        let rows: Vec<Observation> = (0..number)
            .map(|id| seen(id, id as i64, numbered(1 + id as i64 % 2)))
            .collect();
        let took = median(|| {
            let mut engine = Engine::new(EngineLimits::DEFAULT);
            engine.load(1, program(text)).unwrap();
            let begun = Instant::now();
            assert!(run(&mut engine, &rows).is_empty());
            begun.elapsed()
        });
        let each = took.as_nanos() / u128::from(number);
        println!("three-step FOLLOWEDBY without a match, {number} observations: {each} ns each");
    }
}

/// The compound pattern that is also given to the other matcher.
const COMPOUND: &str = "([x-a:n = 1] FOLLOWEDBY [x-a:n = 2 OR x-a:n = 3] AND [x-a:n = 5]) \
                        WITHIN 30 SECONDS";

fn compound_rows() -> Vec<Observation> {
    (0..60)
        .map(|id| {
            seen(
                id,
                id as i64 * 7,
                numbered([1, 2, 4, 3, 6][id as usize % 5]),
            )
        })
        .collect()
}

/// Pattern times observations a second, over observations that are parsed already.
fn compound() {
    let rows = compound_rows();
    let pattern: Pattern = COMPOUND.parse().unwrap();
    let expected = reference::is_satisfied(&pattern, &rows.iter().collect::<Vec<_>>());
    const ROUNDS: u32 = 1_000;
    let compiled = program(COMPOUND);
    let mut hits = 0;
    let took = median(|| {
        let begun = Instant::now();
        for _ in 0..ROUNDS {
            let mut engine = Engine::new(EngineLimits::WHOLE);
            engine.load(1, compiled.clone()).unwrap();
            hits = run(&mut engine, &rows).len();
        }
        begun.elapsed() / ROUNDS
    });
    assert_eq!(hits > 0, expected);
    println!(
        "compound pattern over {} parsed observations: {took:.1?}",
        rows.len()
    );
}

/// One world a line: pattern, observed-data bundle, our answer; the first is the compound one.
fn write_worlds(file: &str) {
    let mut out = std::io::BufWriter::new(std::fs::File::create(file).unwrap());
    let pattern: Pattern = COMPOUND.parse().unwrap();
    write_world(&mut out, &pattern, &compound_rows());
    for seed in 0..WORLDS {
        let mut chance = Chance(seed);
        let pattern = random::pattern(&mut chance);
        let rows: Vec<Observation> = (0..1 + chance.below(5))
            .map(|id| random::observation(&mut chance, id as u64, false))
            .collect();
        write_world(&mut out, &pattern, &rows);
    }
    out.flush().unwrap();
}

fn write_world(out: &mut impl std::io::Write, pattern: &Pattern, rows: &[Observation]) {
    let mut engine = Engine::new(EngineLimits::WHOLE);
    let program = Program::compile(pattern, &PatternLimits::DEFAULT).unwrap();
    engine.load(1, program).unwrap();
    let ours = !run(&mut engine, rows).is_empty();
    assert_eq!(
        ours,
        reference::is_satisfied(pattern, &rows.iter().collect::<Vec<_>>())
    );
    let mut objects: Vec<Value> = Vec::new();
    for row in rows {
        let refs: Vec<Value> = row
            .objects()
            .iter()
            .map(|object| Value::from(format!("r{}-{}", row.id, object.key)))
            .collect();
        objects.push(Value::Object(
            Object::new()
                .with("type", "observed-data")
                .with("id", format!("observed-data--{}", row.id))
                .with("first_observed", row.first().to_string())
                .with("last_observed", row.last().to_string())
                .with("number_observed", i64::from(row.count()))
                .with("object_refs", refs),
        ));
        for object in row.objects() {
            let mut properties = object.properties.clone();
            properties.insert("id", format!("r{}-{}", row.id, object.key));
            for name in ["o_ref", "o_refs"] {
                if let Some(value) = properties.get_mut(name) {
                    rename(value, row.id);
                }
            }
            objects.push(Value::Object(properties));
        }
    }
    let bundle = Object::new()
        .with("type", "bundle")
        .with("objects", objects);
    let line = Object::new()
        .with("pattern", pattern.to_string())
        .with("bundle", bundle)
        .with("ours", ours);
    out.write_all(&line.canonical()).unwrap();
    out.write_all(b"\n").unwrap();
}

/// References into the bundle's own names.
fn rename(value: &mut Value, row: u64) {
    match value {
        Value::String(text) => *text = format!("r{row}-{text}").into(),
        Value::Array(list) => list.iter_mut().for_each(|value| rename(value, row)),
        _ => {}
    }
}
