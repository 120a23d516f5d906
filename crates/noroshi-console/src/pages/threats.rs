//! Threats: who threatens whom, and techniques on the phases of their kill chains, as a table that
//! is its own text.

use askama::Template;
use noroshi_node::views::{
    ActorRow, ActorsOrder, ActorsView, Chain, MatrixView, Targeted, Technique, ViewCommand,
};
use noroshi_node::{Command, Failure};

use crate::form::encoded;
use crate::http::Response;
use crate::shell::{Shell, harmless};
use crate::visit::Visit;

/// Types of who and what threatens, as the view takes them.
const KINDS: [&str; 5] = [
    "intrusion-set",
    "threat-actor",
    "campaign",
    "malware",
    "tool",
];

#[derive(Template)]
#[template(path = "threats.html")]
struct Page {
    shell: Shell,
    kinds: [&'static str; 5],
    kind: String,
    actors: Vec<Actor>,
    next: Option<u64>,
    targeted: Vec<Targeted>,
}

/// One actor.
struct Actor {
    id: String,
    kind: String,
    title: String,
    aliases: String,
    said: Vec<(String, String)>,
    targets: String,
    marking: String,
    at: String,
    is_new: bool,
}

/// Who and what threatens.
pub(crate) fn show(visit: &Visit<'_>) -> Result<Response, Failure> {
    let kind = KINDS.iter().find(|kind| **kind == visit.query.text("type"));
    let order = ActorsOrder {
        kind: kind.map(|kind| (*kind).to_owned()),
        before: visit.query.get("before").and_then(|at| at.parse().ok()),
        limit: if kind.is_some() { 100 } else { 20 },
    };
    let asked = visit.ask(Command::View(ViewCommand::Actors(order)))?;
    let view: ActorsView = asked.answer("actors").unwrap_or_default();
    let markings: Vec<String> = view
        .actors
        .iter()
        .map(|actor| actor.marking.clone())
        .collect();
    let targeted = view.targeted.into_iter().take(12).map(|mut one| {
        one.title = harmless(if one.title.is_empty() {
            &one.id
        } else {
            &one.title
        });
        one
    });
    super::page(&Page {
        shell: visit.shell(&visit.say("console-threats")).marked(markings),
        kinds: KINDS,
        kind: kind.copied().unwrap_or_default().to_owned(),
        actors: view.actors.into_iter().map(actor).collect(),
        next: view.next,
        targeted: targeted.collect(),
    })
}

fn actor(row: ActorRow) -> Actor {
    let said = row.said.into_iter();
    Actor {
        title: harmless(&row.title),
        aliases: harmless(&row.aliases.join(", ")),
        said: said.map(|(name, text)| (name, harmless(&text))).collect(),
        targets: harmless(&row.targets.join(", ")),
        id: row.id,
        kind: row.kind,
        marking: row.marking,
        at: row.at,
        is_new: row.is_new,
    }
}

#[derive(Template)]
#[template(path = "matrix.html")]
struct Matrix {
    shell: Shell,
    chains: Vec<Tab>,
    /// As a part of an address.
    chain: String,
    as_of: String,
    with_parts: bool,
    columns: Vec<Column>,
    /// The legend: each step and from how many on it begins.
    steps: [(u8, u64); 5],
}

/// One kill chain to choose.
struct Tab {
    /// As a part of an address.
    name: String,
    title: String,
    is_here: bool,
}

/// One phase.
struct Column {
    title: String,
    cells: Vec<Cell>,
}

/// One technique.
struct Cell {
    id: String,
    number: String,
    title: String,
    mentions: u64,
    /// How much refers to it, in five steps.
    heat: u8,
    /// Sub-techniques that are not shown one by one.
    parts: usize,
    is_new: bool,
}

/// The matrix of one kill chain.
pub(crate) fn matrix(visit: &Visit<'_>) -> Result<Response, Failure> {
    let asked = visit.ask(Command::View(ViewCommand::Matrix))?;
    let view: MatrixView = asked.answer("matrix").unwrap_or_default();
    let wanted = visit.query.text("chain");
    let with_parts = visit.query.get("parts").is_some();
    let chain = view.chains.iter().find(|chain| chain.name == wanted);
    // The largest where none is chosen.
    let largest = || view.chains.iter().max_by_key(|chain| techniques(chain));
    let chain = chain.or_else(largest);
    let columns = chain
        .map(|chain| columns(chain, with_parts))
        .unwrap_or_default();
    let here = chain.map(|chain| chain.name.clone()).unwrap_or_default();
    let tab = |chain: &Chain| Tab {
        name: encoded(&chain.name),
        title: shown(chain),
        is_here: chain.name == here,
    };
    super::page(&Matrix {
        shell: visit.shell(&visit.say("console-matrix")),
        chains: view.chains.iter().map(tab).collect(),
        chain: encoded(&here),
        as_of: view.as_of,
        with_parts,
        columns,
        steps: [0, 1, 5, 20, 80].map(|least| (heat(least), least)),
    })
}

fn techniques(chain: &Chain) -> usize {
    chain
        .phases
        .iter()
        .map(|phase| phase.techniques.len())
        .sum()
}

fn shown(chain: &Chain) -> String {
    harmless(if chain.title.is_empty() {
        &chain.name
    } else {
        &chain.title
    })
}

fn columns(chain: &Chain, with_parts: bool) -> Vec<Column> {
    let phases = chain.phases.iter();
    phases
        .map(|phase| {
            let all = &phase.techniques;
            let is_shown = |one: &&Technique| with_parts || !one.number.contains('.');
            let cells = all.iter().filter(is_shown).map(|one| {
                let under = format!("{}.", one.number);
                let is_part =
                    |part: &&Technique| !one.number.is_empty() && part.number.starts_with(&under);
                let parts: Vec<&Technique> = all.iter().filter(is_part).collect();
                let hidden = if with_parts { 0 } else { parts.len() };
                let more: u64 = parts.iter().take(hidden).map(|part| part.mentions).sum();
                let mentions = one.mentions + more;
                Cell {
                    id: one.id.clone(),
                    number: harmless(&one.number),
                    title: harmless(&one.title),
                    mentions,
                    heat: heat(mentions),
                    parts: hidden,
                    is_new: one.is_new,
                }
            });
            Column {
                title: harmless(if phase.title.is_empty() {
                    &phase.name
                } else {
                    &phase.title
                }),
                cells: cells.collect(),
            }
        })
        .collect()
}

/// Five steps, so that few and many are told apart at a glance; the number stands beside it.
fn heat(mentions: u64) -> u8 {
    match mentions {
        0 => 0,
        1..=4 => 1,
        5..=19 => 2,
        20..=79 => 3,
        _ => 4,
    }
}
