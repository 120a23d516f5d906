//! A pattern looked at by itself: is it one, what does it say, what would it find?
//!
//! Nothing here asks a node: the language's own rules answer, and files are read where the person
//! sits.

use std::io::Read as _;
use std::path::Path;

use noroshi_model::Limits;
use noroshi_model::json::Value;
use noroshi_node::Failure;
use noroshi_node::messages::{self, Lang};
use noroshi_pattern::{
    Engine, EngineLimits, Pattern, PatternError, PatternLimits, Program, atoms, observations,
};

use crate::call::print;
use crate::cli::PatternTask;

/// Most bytes of a file of observations.
const FILE_BYTES_MAX: u64 = 64 * 1024 * 1024;

/// Carry it out.
///
/// # Errors
/// `pattern.syntax` and its kin for a pattern that cannot be used, `pattern.file` for observations
/// that cannot be read. A pattern that finds nothing ends with exit code 4, as a search does.
pub(crate) fn run(lang: Lang, is_json: bool, task: &PatternTask) -> Result<(), Failure> {
    match task {
        PatternTask::Check { pattern } => check(lang, is_json, &typed(pattern)?),
        PatternTask::Match { pattern, file } => find(lang, is_json, &typed(pattern)?, file),
    }
}

/// The pattern as typed, or from standard input for `-`.
fn typed(pattern: &str) -> Result<String, Failure> {
    if pattern != "-" {
        return Ok(pattern.to_owned());
    }
    let most = PatternLimits::DEFAULT.bytes_max as u64 + 1;
    let mut text = String::new();
    let read = std::io::stdin().lock().take(most).read_to_string(&mut text);
    read.map_err(|error| unreadable(&"-", &error))?;
    Ok(text.trim_end().to_owned())
}

fn check(lang: Lang, is_json: bool, text: &str) -> Result<(), Failure> {
    let pattern = Pattern::parse(text, &PatternLimits::DEFAULT).map_err(refused)?;
    // What parses may still cost too much to be at work.
    Program::compile(&pattern, &PatternLimits::DEFAULT).map_err(refused)?;
    let plain = atoms(&pattern);
    if is_json {
        let plain = plain.map(|atoms| {
            let atom = |atom: &noroshi_pattern::Atom<'_>| {
                serde_json::json!({ "type": atom.object_type, "property": atom.property,
                    "value": atom.value })
            };
            atoms.iter().map(atom).collect::<Vec<_>>()
        });
        let answer = serde_json::json!({ "pattern": pattern.to_string(), "plain": plain });
        print(&answer.to_string());
        return Ok(());
    }
    print(&pattern.to_string());
    let kind = match plain {
        None => messages::text(lang, "pattern-compound", &[]),
        Some(atoms) => {
            let count = atoms.len().to_string();
            messages::text(lang, "pattern-plain", &[("count", &count)])
        }
    };
    print(&kind);
    Ok(())
}

fn find(lang: Lang, is_json: bool, text: &str, file: &Path) -> Result<(), Failure> {
    let program = Program::read(text, &PatternLimits::DEFAULT).map_err(refused)?;
    let name = file.display();
    let mut bytes = Vec::new();
    let read = std::fs::File::open(file)
        .and_then(|file| file.take(FILE_BYTES_MAX + 1).read_to_end(&mut bytes));
    read.map_err(|error| unreadable(&name, &error))?;
    if bytes.len() as u64 > FILE_BYTES_MAX {
        return Err(unreadable(&name, &"it is larger than 64 MiB: split it"));
    }
    let limits = Limits {
        object_bytes_max: bytes.len(),
        values_max: bytes.len(),
        ..Limits::DEFAULT
    };
    let stix = Value::parse(&bytes, &limits).map_err(|error| unreadable(&name, &error))?;
    let mut seen = observations(&stix).map_err(|error| unreadable(&name, &error))?;
    // As they would have come: in the order of their times.
    seen.sort_by_key(noroshi_pattern::Observation::last);
    let mut engine = Engine::new(EngineLimits::DEFAULT);
    let at_work = engine.load(0, program);
    at_work.map_err(|error| Failure::new("pattern.cost", 2, error).arg("problem", error))?;
    let mut hits = Vec::new();
    for observation in &seen {
        engine.observe(observation, observation.last(), &mut hits);
    }
    let places: Vec<Vec<u64>> = hits.into_iter().map(|hit| hit.observations).collect();
    if is_json {
        let answer = serde_json::json!({ "observations": seen.len(), "hits": places });
        print(&answer.to_string());
    } else {
        let (hits, of) = (places.len().to_string(), seen.len().to_string());
        let args = [("hits", &*hits), ("observations", &*of)];
        print(&messages::text(lang, "pattern-hits", &args));
        for hit in &places {
            let places: Vec<String> = hit.iter().map(u64::to_string).collect();
            let places = places.join(", ");
            print(&messages::text(lang, "pattern-hit", &[("places", &places)]));
        }
    }
    if places.is_empty() {
        return Err(Failure::new(
            "pattern.nothing",
            4,
            "no observation satisfies it",
        ));
    }
    Ok(())
}

fn refused(error: PatternError) -> Failure {
    Failure::new(error.problem.code(), 2, &error).arg("problem", &error)
}

fn unreadable(name: &dyn std::fmt::Display, problem: &dyn std::fmt::Display) -> Failure {
    Failure::new("pattern.file", 2, format_args!("{name}: {problem}"))
        .arg("file", name)
        .arg("problem", problem)
}
