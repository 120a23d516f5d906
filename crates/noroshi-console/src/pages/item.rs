//! One item: title and who can see it first, then what it says, and everything around it.

use askama::Template;
use noroshi_gate::Deed;
use noroshi_node::messages::Lang;
use noroshi_node::views::{HolderRow, ItemView, ViewCommand};
use noroshi_node::{Command, Failure};
use serde_json::Value;

use super::graph::Graph;
use super::now::title_of;
use crate::http::Response;
use crate::shell::{Shell, harmless};
use crate::visit::Visit;

/// Longest text of one property that is shown as its own, in characters; the rest is in the raw
/// form.
const TEXT_CHARS_MAX: usize = 20_000;
/// Values of a list that are shown.
const VALUES_MAX: usize = 100;
/// Longest raw form that is shown, in bytes.
const RAW_BYTES_MAX: usize = 200_000;
/// What stands elsewhere on the page, or says nothing to people.
const ELSEWHERE: [&str; 11] = [
    "id",
    "type",
    "spec_version",
    "name",
    "modified",
    "object_marking_refs",
    "granular_markings",
    "extensions",
    "lang",
    "created_by_ref",
    "revoked",
];
/// What is read first.
const FIRST: [&str; 10] = [
    "description",
    "value",
    "pattern",
    "pattern_type",
    "labels",
    "indicator_types",
    "valid_from",
    "valid_until",
    "aliases",
    "kill_chain_phases",
];

#[derive(Template)]
#[template(path = "item.html")]
struct Page {
    shell: Shell,
    view: ItemView,
    title: String,
    facts: Vec<Fact>,
    raw: Option<String>,
    is_cut: bool,
    graph: Graph,
    holders: Vec<HolderRow>,
    by: String,
    source: String,
    proves: bool,
}

struct Fact {
    name: String,
    /// Several where it is a list.
    values: Vec<String>,
    is_code: bool,
}

pub(crate) fn show(visit: &Visit<'_>) -> Result<Response, Failure> {
    let item = visit.parts.first().cloned().unwrap_or_default();
    let asked = visit.ask(Command::View(ViewCommand::Item { item }))?;
    let mut view: ItemView = asked
        .answer("around")
        .ok_or_else(|| Failure::new("internal", 1, "the node gave another answer"))?;
    let title = harmless(title_of(&view.item.item));
    for row in &mut view.relations {
        row.title = harmless(&row.title);
        row.label = harmless(&row.label);
    }
    for row in &mut view.sightings {
        row.description = harmless(&row.description);
    }
    let object = view.item.object.as_ref();
    let raw = object.map(|object| serde_json::to_string_pretty(object).unwrap_or_default());
    let raw = raw.map(|raw| harmless(&raw));
    let is_cut = raw.as_ref().is_some_and(|raw| raw.len() > RAW_BYTES_MAX);
    let mut markings: Vec<String> = vec![view.item.item.marking.clone()];
    markings.extend(view.relations.iter().map(|row| row.marking.clone()));
    super::page(&Page {
        shell: visit.shell(&title).marked(markings),
        facts: object.map(facts).unwrap_or_default(),
        raw: raw.map(|raw| cut(&raw, RAW_BYTES_MAX)),
        is_cut,
        graph: Graph::of(&title, &view.relations),
        holders: view.holders.clone(),
        by: named(visit, &view, &view.item.item.node),
        source: named(visit, &view, &view.item.item.source),
        proves: visit.signed_in()?.duties().permit(Deed::ReadLedger),
        title,
        view,
    })
}

/// A node by its name where it is known.
fn named(visit: &Visit<'_>, view: &ItemView, node: &str) -> String {
    let known = view.names.get(node).map(|name| match visit.lang {
        Lang::En => &name.en,
        Lang::Ja => &name.ja,
    });
    harmless(known.map_or(node, |name| name))
}

/// The beginning of a text, within so many bytes.
fn cut(text: &str, most: usize) -> String {
    let mut end = text.len().min(most);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text[..end].to_owned()
}

/// What an object says, property by property: what is read first comes first.
fn facts(object: &Value) -> Vec<Fact> {
    let Value::Object(properties) = object else {
        return Vec::new();
    };
    let first = FIRST
        .iter()
        .filter_map(|name| properties.get_key_value(*name));
    let rest = properties
        .iter()
        .filter(|(name, _)| !FIRST.contains(&name.as_str()));
    first
        .chain(rest)
        .filter(|(name, _)| !ELSEWHERE.contains(&name.as_str()))
        .map(|(name, value)| Fact {
            values: match value {
                Value::Array(values) => values.iter().take(VALUES_MAX).map(shown).collect(),
                value => vec![shown(value)],
            },
            is_code: matches!(name.as_str(), "pattern" | "value" | "hashes"),
            name: harmless(name),
        })
        .collect()
}

fn shown(value: &Value) -> String {
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Object(properties) => {
            // A phase of a kill chain, a reference: what it says, not how it is written.
            let parts = properties.values().filter_map(Value::as_str);
            parts.collect::<Vec<_>>().join(" · ")
        }
        other => other.to_string(),
    };
    let short: String = text.chars().take(TEXT_CHARS_MAX).collect();
    harmless(&short)
}

#[cfg(test)]
mod tests {
    use super::{cut, facts};

    #[test]
    fn what_is_read_first_comes_first_and_what_stands_elsewhere_not_at_all() {
        let object = serde_json::json!({
            "id": "indicator--1", "type": "indicator", "confidence": 80, "pattern": "[a]",
            "description": "what", "labels": ["x", "y"],
            "kill_chain_phases": [{ "kill_chain_name": "k", "phase_name": "p" }],
        });
        let facts = facts(&object);
        let names: Vec<&str> = facts.iter().map(|fact| fact.name.as_str()).collect();
        assert_eq!(
            names,
            [
                "description",
                "pattern",
                "labels",
                "kill_chain_phases",
                "confidence"
            ]
        );
        assert_eq!(facts[2].values, ["x", "y"]);
        assert_eq!(facts[3].values, ["k · p"]);
    }

    #[test]
    fn a_text_is_cut_between_characters() {
        assert_eq!(cut("狼煙", 4), "狼");
        assert_eq!(cut("狼煙", 6), "狼煙");
    }
}
