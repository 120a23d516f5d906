//! Items: one search box over everything, facets that narrow it, pages by position.

use askama::Template;
use noroshi_node::command::ItemRow;
use noroshi_node::messages::Lang;
use noroshi_node::views::{Facet, SearchAnswer, SearchOrder, ViewCommand};
use noroshi_node::{Command, Failure};

use crate::form::{Form, encoded};
use crate::http::Response;
use crate::shell::{Shell, harmless};
use crate::visit::Visit;

/// What a search is narrowed by, in the order it is offered.
const NARROWED_BY: [&str; 5] = ["kind", "marking", "source", "by", "state"];

#[derive(Template)]
#[template(path = "items.html")]
struct Page {
    shell: Shell,
    rows: Vec<ItemRow>,
    total: u64,
    is_capped: bool,
    groups: Vec<Group>,
    /// What narrows it now, each with where it goes without.
    chosen: Vec<Choice>,
    /// What the search box carries on.
    carried: Vec<(&'static str, String)>,
    /// Where the next page is.
    next: Option<String>,
}

/// One facet.
struct Group {
    name: &'static str,
    choices: Vec<Choice>,
}

/// One value of it.
struct Choice {
    text: String,
    count: u64,
    path: String,
}

pub(crate) fn show(visit: &Visit<'_>) -> Result<Response, Failure> {
    let query = &visit.query;
    let given = |name: &str| query.get(name).map(str::to_owned);
    let asked = visit.ask(Command::View(ViewCommand::Search(SearchOrder {
        text: given("q"),
        kind: given("kind"),
        marking: given("marking"),
        source: given("source"),
        by: given("by"),
        state: given("state"),
        before: query.get("before").and_then(|text| text.parse().ok()),
        ..SearchOrder::default()
    })))?;
    let mut rows: Vec<ItemRow> = asked.rows("item");
    for row in &mut rows {
        row.title = harmless(&row.title);
    }
    let found: SearchAnswer = asked.answer("found").unwrap_or_default();
    let markings: Vec<String> = rows.iter().map(|row| row.marking.clone()).collect();
    let mut shell = visit.shell(&visit.say("console-items")).marked(markings);
    shell.search = query.text("q").to_owned();
    let next = found
        .next
        .map(|next| path(query, "before", &next.to_string()));
    super::page(&Page {
        groups: groups(visit, &found),
        chosen: chosen(visit, &found),
        carried: NARROWED_BY
            .into_iter()
            .filter_map(|name| Some((name, given(name)?)))
            .collect(),
        total: found.total,
        is_capped: found.is_capped,
        shell,
        rows,
        next,
    })
}

/// The address of this search with one field set to something else; empty takes it away.
fn path(query: &Form, name: &str, value: &str) -> String {
    let mut fields = Vec::new();
    let kept = std::iter::once("q").chain(NARROWED_BY).chain(["before"]);
    for known in kept {
        let is_it = known == name;
        // Another facet begins at the newest again.
        let text = match known {
            _ if is_it => value,
            "before" => "",
            _ => query.text(known),
        };
        if !text.is_empty() {
            fields.push(format!("{known}={}", encoded(text)));
        }
    }
    format!("/items?{}", fields.join("&"))
}

fn groups(visit: &Visit<'_>, found: &SearchAnswer) -> Vec<Group> {
    let facets = [
        ("kind", &found.facets.kinds),
        ("marking", &found.facets.markings),
        ("source", &found.facets.sources),
        ("by", &found.facets.by),
    ];
    facets
        .into_iter()
        .filter(|(name, values)| visit.query.get(name).is_none() && values.len() > 1)
        .map(|(name, values)| Group {
            name,
            choices: values
                .iter()
                .map(|facet| choice(visit, found, name, facet))
                .collect(),
        })
        .collect()
}

fn choice(visit: &Visit<'_>, found: &SearchAnswer, name: &'static str, facet: &Facet) -> Choice {
    Choice {
        text: name_of(visit, found, &facet.value),
        count: facet.count,
        path: path(&visit.query, name, &facet.value),
    }
}

fn chosen(visit: &Visit<'_>, found: &SearchAnswer) -> Vec<Choice> {
    let set = NARROWED_BY
        .into_iter()
        .filter_map(|name| Some((name, visit.query.get(name)?)));
    set.map(|(name, value)| Choice {
        text: name_of(visit, found, value),
        count: 0,
        path: path(&visit.query, name, ""),
    })
    .collect()
}

/// A node by its name where it is known.
fn name_of(visit: &Visit<'_>, found: &SearchAnswer, value: &str) -> String {
    let known = found.names.get(value).map(|name| match visit.lang {
        Lang::En => &name.en,
        Lang::Ja => &name.ja,
    });
    harmless(known.map_or(value, |name| name))
}
