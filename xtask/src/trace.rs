//! Clauses of the mission and the tests that name them. The list of untested ones may only shrink.
//! And the table of others' defects: every test it names is there.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};

/// Defects of others and attacks, each with the tests that it is none here.
const DEFECTS: &str = "docs/defects.md";

/// Print each clause with its tests; fail where the list of untested ones is not exact.
pub(crate) fn run(root: &Path) -> Result<()> {
    let clauses = read_list(&root.join("mission/clauses.txt"))?;
    let untested: BTreeSet<String> = read_list(&root.join("mission/untested.txt"))?
        .into_keys()
        .collect();
    let output = Command::new("git")
        .args([
            "ls-files",
            "--cached",
            "--others",
            "--exclude-standard",
            "*.rs",
        ])
        .current_dir(root)
        .output()
        .context("git does not start")?;
    let mut tests: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut functions = BTreeSet::new();
    for name in String::from_utf8_lossy(&output.stdout).lines() {
        let text = std::fs::read_to_string(root.join(name)).unwrap_or_default();
        for (id, test) in named(&text) {
            tests.entry(id).or_default().push(format!("{name}: {test}"));
        }
        functions.extend(tests_in(&text).map(str::to_owned));
    }
    let mut problems = Vec::new();
    for (id, words) in &clauses {
        let of_it = tests.get(id).map_or(&[][..], Vec::as_slice);
        println!("{id:5} {words}");
        of_it.iter().for_each(|test| println!("        {test}"));
        match (of_it.is_empty(), untested.contains(id)) {
            (true, false) => problems.push(format!("{id} has no test any more")),
            (false, true) => problems.push(format!("{id} has a test: take it off untested.txt")),
            _ => {}
        }
    }
    problems.extend(
        tests
            .keys()
            .filter(|id| !clauses.contains_key(*id))
            .map(|id| format!("a test names clause {id}, which does not exist")),
    );
    let table = std::fs::read_to_string(root.join(DEFECTS)).context(DEFECTS)?;
    let absent = promised(&table).filter(|test| !functions.contains(*test));
    problems.extend(absent.map(|test| format!("{DEFECTS} names {test}, which is no test")));
    println!(
        "{} of {} clauses have tests",
        clauses.len() - untested.len(),
        clauses.len()
    );
    if problems.is_empty() {
        Ok(())
    } else {
        bail!(problems.join("; "))
    }
}

/// Lines `id words`; `#` begins a remark.
fn read_list(path: &Path) -> Result<BTreeMap<String, String>> {
    let text = std::fs::read_to_string(path).with_context(|| path.display().to_string())?;
    let lines = text
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with('#'));
    Ok(lines
        .map(|line| {
            let (id, words) = line.split_once(' ').unwrap_or((line, ""));
            (id.to_owned(), words.trim().to_owned())
        })
        .collect())
}

/// Clause ids in doc comments, each with the test function below it.
fn named(text: &str) -> Vec<(String, String)> {
    let mark = concat!("/// ", "Clause: ");
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    let mut found = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        let Some(ids) = line.strip_prefix(mark) else {
            continue;
        };
        let below = lines[at..].iter().find_map(|line| line.strip_prefix("fn "));
        let test = below.and_then(|line| line.split('(').next()).unwrap_or("?");
        found.extend(
            ids.split(',')
                .map(|id| (id.trim().to_owned(), test.to_owned())),
        );
    }
    found
}

/// The functions that are tests.
fn tests_in(text: &str) -> impl Iterator<Item = &str> {
    let marks = ["#[test]", "#[tokio::test]"];
    let mut lines = text.lines().map(str::trim);
    std::iter::from_fn(move || {
        lines.by_ref().find(|line| marks.contains(line))?;
        lines.by_ref().find_map(|line| {
            line.strip_prefix("async ")
                .unwrap_or(line)
                .strip_prefix("fn ")
        })
    })
    .filter_map(|test| test.split('(').next())
}

/// The tests that a table names: what stands between back quotes and reads like one.
fn promised(table: &str) -> impl Iterator<Item = &str> {
    let quoted = table.split('`').skip(1).step_by(2);
    quoted.filter(|word| {
        let is_name = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
        word.matches('_').count() > 1 && word.bytes().all(is_name)
    })
}

#[cfg(test)]
mod tests {
    use super::{named, promised, tests_in};

    #[test]
    fn a_table_promises_what_reads_like_a_test_and_a_file_has_what_is_one() {
        let table = "| MISP#1 | `it_stays_here`, `defects.rs`: `so_does_it`, `RUN_IT` |";
        let promised: Vec<&str> = promised(table).collect();
        assert_eq!(promised, ["it_stays_here", "so_does_it"]);
        let text = "#[test]\nfn it_stays_here() {}\nfn no_test_at_all() {}\n\
            #[tokio::test]\n#[expect(x)]\nasync fn so_does_it() {}\n";
        let found: Vec<&str> = tests_in(text).collect();
        assert_eq!(found, ["it_stays_here", "so_does_it"]);
    }

    #[test]
    fn a_clause_is_traced_to_the_test_below_it() {
        let text = format!("/// {} I5, P4\n#[test]\nfn it_stays() {{}}\n", "Clause:");
        let expected = [("I5", "it_stays"), ("P4", "it_stays")];
        let expected = expected.map(|(id, test)| (id.to_owned(), test.to_owned()));
        assert_eq!(named(&text), expected);
    }
}
