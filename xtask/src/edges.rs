//! Which crate may use which, and which may not reach a socket. ARCHITECTURE.md says why.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};
use serde_json::Value;

/// Our crates, each with those it may use.
const MAY_USE: &[(&str, &[&str])] = &[
    ("noroshi-model", &[]),
    ("noroshi-pattern", &["noroshi-model"]),
    ("noroshi-formats", &["noroshi-model", "noroshi-pattern"]),
    ("noroshi-seal", &["noroshi-model"]),
    ("noroshi-gate", &["noroshi-model", "noroshi-formats"]),
    (
        "noroshi-store",
        &[
            "noroshi-model",
            "noroshi-formats",
            "noroshi-seal",
            "noroshi-gate",
        ],
    ),
    (
        "noroshi-sync",
        &["noroshi-model", "noroshi-seal", "noroshi-gate"],
    ),
    (
        "noroshi-node",
        &[
            "noroshi-model",
            "noroshi-pattern",
            "noroshi-formats",
            "noroshi-seal",
            "noroshi-gate",
            "noroshi-match",
            "noroshi-assess",
            "noroshi-store",
            "noroshi-sync",
            "noroshi-taxii",
        ],
    ),
    ("noroshi-taxii", &["noroshi-model"]),
    ("noroshi-sigma", &["noroshi-model", "noroshi-pattern"]),
    ("noroshi-match", &["noroshi-model", "noroshi-formats"]),
    ("noroshi-assess", &["noroshi-model"]),
    ("noroshi-net", &["noroshi-model", "noroshi-taxii"]),
    (
        "noroshi-console",
        &["noroshi-model", "noroshi-gate", "noroshi-node"],
    ),
    (
        "noroshi",
        &[
            "noroshi-model",
            "noroshi-pattern",
            "noroshi-sigma",
            "noroshi-seal",
            "noroshi-taxii",
            "noroshi-node",
            "noroshi-net",
            "noroshi-console",
        ],
    ),
    ("noroshi-testkit", &[]),
    (
        "noroshi-fuzz",
        &[
            "noroshi-model",
            "noroshi-formats",
            "noroshi-seal",
            "noroshi-gate",
            "noroshi-sync",
            "noroshi-node",
            "noroshi-pattern",
            "noroshi-sigma",
            "noroshi-taxii",
            "noroshi-match",
        ],
    ),
    (
        "noroshi-campaign",
        &[
            "noroshi-model",
            "noroshi-seal",
            "noroshi-store",
            "noroshi-sync",
            "noroshi-node",
            "noroshi-testkit",
        ],
    ),
    (
        "xtask",
        &[
            "noroshi-model",
            "noroshi-formats",
            "noroshi-seal",
            "noroshi-gate",
            "noroshi-match",
            "noroshi-store",
            "noroshi-testkit",
        ],
    ),
];

/// Rooms without I/O, and what they must not reach.
const PURE: [&str; 10] = [
    "noroshi-model",
    "noroshi-pattern",
    "noroshi-formats",
    "noroshi-seal",
    "noroshi-gate",
    "noroshi-sync",
    "noroshi-taxii",
    "noroshi-match",
    "noroshi-assess",
    "noroshi-sigma",
];
const FORBIDDEN: [&str; 6] = ["tokio", "hyper", "rustls", "socket2", "mio", "rusqlite"];

type Graph = BTreeMap<String, BTreeSet<String>>;

/// Check the workspace as cargo resolves it.
pub(crate) fn run(root: &Path) -> Result<()> {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--locked"])
        .current_dir(root)
        .output()
        .context("cargo does not start")?;
    let metadata: Value = serde_json::from_slice(&output.stdout).context("cargo metadata")?;
    let problems = check(&graph(&metadata));
    if problems.is_empty() {
        println!("edges as they may be");
        return Ok(());
    }
    problems.iter().for_each(|problem| println!("{problem}"));
    bail!("{} edges that may not be", problems.len())
}

/// Normal dependencies by crate name; tests may use what they like.
fn graph(metadata: &Value) -> Graph {
    let names: BTreeMap<&str, &str> = list(&metadata["packages"])
        .filter_map(|package| Some((package["id"].as_str()?, package["name"].as_str()?)))
        .collect();
    let mut graph = Graph::new();
    for node in list(&metadata["resolve"]["nodes"]) {
        let Some(name) = node["id"].as_str().and_then(|id| names.get(id)) else {
            continue;
        };
        let uses = list(&node["deps"])
            .filter(|dep| list(&dep["dep_kinds"]).any(|kind| kind["kind"].is_null()))
            .filter_map(|dep| {
                names
                    .get(dep["pkg"].as_str()?)
                    .map(|name| (*name).to_owned())
            });
        graph.entry((*name).to_owned()).or_default().extend(uses);
    }
    graph
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn check(graph: &Graph) -> Vec<String> {
    let mut problems = Vec::new();
    for (name, uses) in graph {
        let is_ours = |name: &str| name.starts_with("noroshi") || name == "xtask";
        if !is_ours(name) {
            continue;
        }
        let Some((_, allowed)) = MAY_USE.iter().find(|(known, _)| known == name) else {
            problems.push(format!("{name} is not in the table of rooms"));
            continue;
        };
        for used in uses.iter().filter(|used| is_ours(used)) {
            if !allowed.contains(&used.as_str()) {
                problems.push(format!("{name} may not use {used}"));
            }
        }
    }
    for pure in PURE {
        for reached in reach(graph, pure) {
            if FORBIDDEN.contains(&reached.as_str()) {
                problems.push(format!("{pure} reaches {reached}: it may know no I/O"));
            }
        }
    }
    problems
}

fn reach(graph: &Graph, from: &str) -> BTreeSet<String> {
    let mut reached = BTreeSet::new();
    let mut waiting = vec![from.to_owned()];
    while let Some(name) = waiting.pop() {
        for used in graph.get(&name).into_iter().flatten() {
            if reached.insert(used.clone()) {
                waiting.push(used.clone());
            }
        }
    }
    reached
}

#[cfg(test)]
mod tests {
    use super::{Graph, check};

    fn graph(edges: &[(&str, &str)]) -> Graph {
        let mut graph = Graph::new();
        for (from, to) in edges {
            graph
                .entry((*from).to_owned())
                .or_default()
                .insert((*to).to_owned());
        }
        graph
    }

    #[test]
    fn an_edge_that_may_not_be_is_found() {
        assert!(check(&graph(&[("noroshi-gate", "noroshi-store")]))[0].contains("may not use"));
        assert!(check(&graph(&[("noroshi-secret", "serde")]))[0].contains("not in the table"));
        let hidden = graph(&[("noroshi-sync", "innocent"), ("innocent", "tokio")]);
        assert!(check(&hidden)[0].contains("reaches tokio"));
        assert!(check(&graph(&[("noroshi-gate", "noroshi-model")])).is_empty());
    }
}
