//! `cargo xtask bench --review FILE...`: what the review before release finds in published data,
//! by code, and what it costs beside the gate.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use noroshi_formats::stream::Splitter;
use noroshi_gate::review::{Finding, Named, Names, ReviewRules, Reviewer, Severity, Subject};
use noroshi_gate::{Marked, MarkingTable, Scope};
use noroshi_model::Limits;

use super::node::now;

/// How often every item is looked at.
const ROUNDS: u32 = 5;

/// Build this tool as it would be shipped, and measure in it.
pub(crate) fn run(root: &Path, files: &[String]) -> Result<()> {
    let status = Command::new(env!("CARGO"))
        .args(["run", "--release", "--locked", "--package", "xtask"])
        .args(["--", "bench", "--review-here"])
        .args(files)
        .current_dir(root)
        .status()
        .context("cargo does not start")?;
    ensure!(status.success(), "the bench ended with {status}");
    Ok(())
}

/// Measure in this process.
pub(crate) fn measure(files: &[String]) -> Result<()> {
    ensure!(!files.is_empty(), "name files of STIX or KEV");
    for file in files {
        let items = items(file)?;
        let names = Names::new(items.iter().map(|item| {
            let head = item.valid().head();
            (&*head.title, item.hash())
        }));
        let reviewer = Reviewer::new(ReviewRules::default());
        let begun = now();
        let mut found = Vec::new();
        for _ in 0..ROUNDS {
            found.clear();
            for item in &items {
                found.push(look(&reviewer, item, &names)?);
            }
        }
        let took = begun.elapsed() / ROUNDS;
        print_found(file, &items, &found);
        let bytes: usize = items
            .iter()
            .map(|item| item.valid().canonical().len())
            .sum();
        let each = took.as_nanos() as f64 / items.len() as f64;
        let rate = bytes as f64 / took.as_secs_f64() / 1e6;
        println!("  {each:.0} ns an item, {rate:.0} MB a second, {names:?} in the index\n");
    }
    Ok(())
}

fn items(file: &str) -> Result<Vec<Marked>> {
    let table = MarkingTable::builtin();
    let open = File::open(file).with_context(|| file.to_owned())?;
    let mut items = Vec::new();
    for entry in Splitter::new(open, Limits::DEFAULT) {
        let (valid, _) = entry?.read(&Limits::DEFAULT)?;
        items.push(noroshi_gate::mark(valid, &[], &table, &Scope::Own));
    }
    Ok(items)
}

fn look(reviewer: &Reviewer, item: &Marked, names: &Names) -> Result<Vec<Finding>> {
    let subject = Subject {
        object: item.valid().object(),
        item,
        names,
        now: "2026-11-25T00:00:00Z".parse()?,
    };
    Ok(reviewer.review(&subject, &mut |_: Named<'_>| None))
}

fn print_found(file: &str, items: &[Marked], found: &[Vec<Finding>]) {
    let stopped = found.iter().filter(|of| {
        let mut of = of.iter();
        of.any(|finding| finding.severity == Severity::Stops)
    });
    let (stopped, any) = (
        stopped.count(),
        found.iter().filter(|of| !of.is_empty()).count(),
    );
    println!(
        "{file}: {} items, {any} with findings, {stopped} would stop",
        items.len()
    );
    let mut by_code: BTreeMap<&str, (usize, Vec<String>)> = BTreeMap::new();
    for (item, of) in items.iter().zip(found) {
        for finding in of {
            let (count, examples) = by_code.entry(finding.concern.code()).or_default();
            *count += 1;
            if examples.len() < 8 {
                let id = item.valid().head().id.kind();
                examples.push(format!("{id} {}: {}", finding.place, finding.concern));
            }
        }
    }
    for (code, (count, examples)) in by_code {
        println!("  {code}: {count}");
        examples
            .iter()
            .for_each(|example| println!("      {example}"));
    }
}
