//! Sigma rules looked at by themselves: which patterns are they, what do they find?
//!
//! Nothing here asks a node: rules and events are files where the person sits.

use std::fs::File;
use std::io::{BufRead, BufReader, Read as _};
use std::path::{Path, PathBuf};

use noroshi_model::Limits;
use noroshi_model::json::Value;
use noroshi_node::Failure;
use noroshi_node::messages::{self, Lang};
use noroshi_sigma::{Conversion, Event, FieldTable, Rule, Runner};
use serde_json::json;

use crate::call::{complain, print};
use crate::cli::SigmaTask;

/// Most bytes of a file of rules, and most files.
const RULES_BYTES_MAX: u64 = 4 * 1024 * 1024;
const FILES_MAX: usize = 100_000;
/// Longest event.
const EVENT_BYTES_MAX: u64 = 1024 * 1024;

/// Carry it out.
///
/// # Errors
/// `sigma.file` for what cannot be read, `sigma.yaml` and its kin where no rule can be used,
/// `sigma.nothing` (exit code 4) where nothing can be said or is found.
pub(crate) fn run(lang: Lang, is_json: bool, task: &SigmaTask) -> Result<(), Failure> {
    match task {
        SigmaTask::Check { paths } => check(lang, is_json, &rules(lang, paths)?),
        SigmaTask::Convert { paths } => convert(lang, &rules(lang, paths)?),
        SigmaTask::Find {
            rules: path,
            events,
        } => {
            let rules = rules(lang, core::slice::from_ref(path))?;
            find(lang, is_json, &rules, events)
        }
    }
}

fn check(lang: Lang, is_json: bool, rules: &[Rule]) -> Result<(), Failure> {
    let table = FieldTable::built_in();
    for rule in rules {
        let said = rule.convert(&table);
        if is_json {
            let unsaid = said.unsaid.iter();
            let unsaid: Vec<_> = unsaid
                .map(|one| json!({ "code": one.code, "what": one.what }))
                .collect();
            let pattern = said.pattern.map(|pattern| pattern.to_string());
            let answer = json!({ "id": rule.id, "title": rule.title, "pattern": pattern,
                "level": pattern.is_some().then_some(1), "unsaid": unsaid });
            print(&answer.to_string());
            continue;
        }
        let verdict = match (&said.pattern, said.unsaid.is_empty()) {
            (None, _) => "sigma-not-said",
            (Some(_), true) => "sigma-said",
            (Some(_), false) => "sigma-said-in-part",
        };
        print(&messages::text(lang, verdict, &[("title", &rule.title)]));
        if let Some(pattern) = &said.pattern {
            print(&format!("  {pattern}"));
        }
        tell_unsaid(lang, &said, &mut |line| print(line));
    }
    Ok(())
}

fn tell_unsaid(lang: Lang, said: &Conversion, tell: &mut dyn FnMut(&str)) {
    for one in &said.unsaid {
        let message = format!("sigma-unsaid-{}", one.code);
        let text = messages::text(lang, &message, &[("what", &one.what)]);
        tell(&format!("  - {text}"));
    }
}

fn convert(lang: Lang, rules: &[Rule]) -> Result<(), Failure> {
    let table = FieldTable::built_in();
    let mut indicators = Vec::new();
    for rule in rules {
        let said = rule.convert(&table);
        let (Some(pattern), Some(id)) = (&said.pattern, &rule.id) else {
            let why = if rule.id.is_none() {
                "sigma-no-id"
            } else {
                "sigma-not-said"
            };
            complain(&messages::text(lang, why, &[("title", &rule.title)]));
            tell_unsaid(lang, &said, &mut |line| complain(line));
            continue;
        };
        if !said.unsaid.is_empty() {
            let args = [("title", &*rule.title)];
            complain(&messages::text(lang, "sigma-said-in-part", &args));
            tell_unsaid(lang, &said, &mut |line| complain(line));
        }
        match indicator(rule, id, &pattern.to_string()) {
            Some(indicator) => indicators.push(indicator),
            None => complain(&messages::text(
                lang,
                "sigma-no-date",
                &[("title", &rule.title)],
            )),
        }
    }
    if indicators.is_empty() {
        return Err(nothing("none of the rules can be said as a pattern"));
    }
    print(&json!({ "type": "bundle", "objects": indicators }).to_string());
    Ok(())
}

/// The rule as a STIX indicator that keeps its id, its author and where it comes from; `None`
/// without a date.
fn indicator(rule: &Rule, id: &str, pattern: &str) -> Option<serde_json::Value> {
    let day = |day: &str| format!("{day}T00:00:00.000Z");
    let created = day(rule.date.as_deref().or(rule.modified.as_deref())?);
    let modified = rule
        .modified
        .as_deref()
        .map_or_else(|| created.clone(), day);
    let mut source = json!({ "source_name": "sigma", "external_id": id });
    if let Some(author) = &rule.author {
        source["description"] = json!(author);
    }
    let mut references = vec![source];
    let (mut phases, mut labels) = (Vec::new(), Vec::new());
    for tag in &rule.tags {
        match tag.strip_prefix("attack.") {
            Some(technique) if technique.starts_with(['t', 'T']) && is_technique(technique) => {
                let technique = technique.to_uppercase();
                references.push(json!({ "source_name": "mitre-attack", "external_id": technique }));
            }
            Some(tactic) if !tactic.starts_with(['g', 's']) || tactic.contains('-') => {
                let tactic = tactic.replace('_', "-");
                phases.push(json!({ "kill_chain_name": "mitre-attack", "phase_name": tactic }));
            }
            _ => labels.push(json!(tag)),
        }
    }
    let addresses = rule.references.iter();
    references.extend(addresses.map(|url| json!({ "source_name": "sigma", "url": url })));
    let mut indicator = json!({
        "type": "indicator", "spec_version": "2.1", "id": format!("indicator--{id}"),
        "created": created, "modified": modified.max(created.clone()), "name": rule.title,
        "pattern": pattern, "pattern_type": "stix", "pattern_version": "2.1",
        "valid_from": created, "external_references": references,
    });
    let lists = [("kill_chain_phases", phases), ("labels", labels)];
    for (name, list) in lists {
        if !list.is_empty() {
            indicator[name] = json!(list);
        }
    }
    if let Some(description) = &rule.description {
        indicator["description"] = json!(description.trim());
    }
    Some(indicator)
}

/// A technique's number, such as `t1059.001`.
fn is_technique(tag: &str) -> bool {
    let digits = tag[1..].split('.');
    tag.len() > 1
        && digits
            .into_iter()
            .all(|part| part.bytes().all(|b| b.is_ascii_digit()))
}

fn find(lang: Lang, is_json: bool, rules: &[Rule], path: &Path) -> Result<(), Failure> {
    let runners: Vec<(&Rule, Runner)> = rules
        .iter()
        .map(|rule| Ok((rule, rule.runner().map_err(refused)?)))
        .collect::<Result<_, Failure>>()?;
    let file = File::open(path).map_err(|error| unreadable(path, &error))?;
    let mut reader = BufReader::new(file);
    let (mut line, mut events, mut found, mut passed) = (Vec::new(), 0_u64, 0_u64, 0_u64);
    loop {
        line.clear();
        let mut capped = (&mut reader).take(EVENT_BYTES_MAX + 1);
        let read = capped.read_until(b'\n', &mut line);
        if read.map_err(|error| unreadable(path, &error))? == 0 {
            break;
        }
        events += 1;
        if line.len() as u64 > EVENT_BYTES_MAX {
            reader
                .skip_until(b'\n')
                .map_err(|error| unreadable(path, &error))?;
            passed += 1;
            continue;
        }
        let text = line.trim_ascii();
        let Some(event) = Value::parse(text, &Limits::DEFAULT).ok().filter(is_object) else {
            passed += u64::from(!text.is_empty());
            continue;
        };
        let event = Event::of(&event);
        for (rule, _) in runners.iter().filter(|(_, runner)| runner.finds(&event)) {
            found += 1;
            if is_json {
                let id = &rule.id;
                print(&json!({ "line": events, "id": id, "title": rule.title }).to_string());
            } else {
                print(&format!("{events}: {}", rule.title));
            }
        }
    }
    if !is_json {
        let [found, events, passed] = [found, events, passed].map(|count| count.to_string());
        let args = [
            ("found", &*found),
            ("events", &*events),
            ("passed", &*passed),
        ];
        print(&messages::text(lang, "sigma-found", &args));
    }
    if found == 0 {
        return Err(nothing("no event is what the rules look for"));
    }
    Ok(())
}

fn is_object(value: &Value) -> bool {
    matches!(value, Value::Object(_))
}

/// Every rule of the files. One that cannot be used is told and passed over, as long as there is
/// another.
fn rules(lang: Lang, paths: &[PathBuf]) -> Result<Vec<Rule>, Failure> {
    let (mut rules, mut last) = (Vec::new(), None);
    for path in files(paths)? {
        match read(&path) {
            Ok(read) => rules.extend(read),
            Err(failure) => {
                complain(&messages::failure(lang, &failure));
                last = Some(failure);
            }
        }
    }
    match last {
        Some(failure) if rules.is_empty() => Err(failure),
        _ if rules.is_empty() => Err(nothing("there is no .yml file")),
        _ => Ok(rules),
    }
}

fn read(path: &Path) -> Result<Vec<Rule>, Failure> {
    let mut text = String::new();
    let file = File::open(path).map_err(|error| unreadable(path, &error))?;
    let read = file.take(RULES_BYTES_MAX + 1).read_to_string(&mut text);
    read.map_err(|error| unreadable(path, &error))?;
    Rule::read(&text).map_err(|error| refused(error).arg("file", path.display()))
}

/// The files that are named, and those of folders in name order; links are not followed out of a
/// folder.
fn files(paths: &[PathBuf]) -> Result<Vec<PathBuf>, Failure> {
    let mut waiting: Vec<PathBuf> = paths.iter().rev().cloned().collect();
    let mut files = Vec::new();
    while let Some(path) = waiting.pop() {
        let meta = std::fs::metadata(&path).map_err(|error| unreadable(&path, &error))?;
        if !meta.is_dir() {
            files.push(path);
            continue;
        }
        let mut inside = Vec::new();
        for entry in std::fs::read_dir(&path).map_err(|error| unreadable(&path, &error))? {
            let entry = entry.map_err(|error| unreadable(&path, &error))?;
            let kind = entry
                .file_type()
                .map_err(|error| unreadable(&path, &error))?;
            let path = entry.path();
            let is_rule = path
                .extension()
                .is_some_and(|end| end == "yml" || end == "yaml");
            if kind.is_dir() || (kind.is_file() && is_rule) {
                inside.push(path);
            }
        }
        inside.sort();
        waiting.extend(inside.into_iter().rev());
        if files.len() + waiting.len() > FILES_MAX {
            return Err(unreadable(&path, &"more than 100,000 files at once"));
        }
    }
    Ok(files)
}

fn refused(error: noroshi_sigma::SigmaError) -> Failure {
    Failure::new(error.code, 2, &error).arg("problem", &error)
}

fn nothing(why: &str) -> Failure {
    Failure::new("sigma.nothing", 4, why)
}

fn unreadable(path: &Path, problem: &dyn std::fmt::Display) -> Failure {
    Failure::new(
        "sigma.file",
        2,
        format_args!("{}: {problem}", path.display()),
    )
    .arg("file", path.display())
    .arg("problem", problem)
}
