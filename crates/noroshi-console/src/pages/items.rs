//! Items: one search box over everything, facets that narrow it, pages by position.

use askama::Template;
use noroshi_node::command::ItemRow;
use noroshi_node::messages::Lang;
use noroshi_node::views::{Facet, SearchAnswer, SearchOrder, SearchRow, ViewCommand};
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
    /// Searches that the person keeps, each with where it is.
    kept: Vec<(String, String)>,
    /// Is something looked for that could be kept?
    may_keep: bool,
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
    let wanted = order(query);
    let may_keep = wanted != SearchOrder::default();
    let asked = visit.ask(Command::View(ViewCommand::Search(SearchOrder {
        before: query.get("before").and_then(|text| text.parse().ok()),
        ..wanted
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
        kept: kept(visit)?,
        may_keep,
    })
}

/// What a query or a form looks for.
fn order(query: &Form) -> SearchOrder {
    let given = |name: &str| query.get(name).map(str::to_owned);
    SearchOrder {
        text: given("q"),
        kind: given("kind"),
        marking: given("marking"),
        source: given("source"),
        by: given("by"),
        state: given("state"),
        ..SearchOrder::default()
    }
}

fn kept(visit: &Visit<'_>) -> Result<Vec<(String, String)>, Failure> {
    let person = visit.signed_in()?.person().to_string();
    let asked = visit.ask(Command::View(ViewCommand::Searches { person }))?;
    let rows: Vec<SearchRow> = asked.rows("search");
    Ok(rows
        .into_iter()
        .map(|row| (row.name, address(&row.order)))
        .collect())
}

/// Where a kept search is.
fn address(order: &SearchOrder) -> String {
    let fields = [
        ("q", &order.text),
        ("kind", &order.kind),
        ("marking", &order.marking),
        ("source", &order.source),
        ("by", &order.by),
        ("state", &order.state),
    ];
    let said = fields.into_iter().filter_map(|(name, value)| {
        let value = value.as_deref()?;
        Some(format!("{name}={}", encoded(value)))
    });
    format!("/items?{}", said.collect::<Vec<_>>().join("&"))
}

/// Keep what is looked for.
pub(crate) fn keep(visit: &Visit<'_>) -> Result<Response, Failure> {
    let order = order(&visit.form);
    let here = address(&order);
    visit.ask(Command::View(ViewCommand::SearchKeep {
        person: visit.signed_in()?.person().to_string(),
        name: visit.form.text("name").to_owned(),
        order,
    }))?;
    Ok(Response::see(here))
}

/// Keep a search no longer.
pub(crate) fn forget(visit: &Visit<'_>) -> Result<Response, Failure> {
    visit.ask(Command::View(ViewCommand::SearchForget {
        person: visit.signed_in()?.person().to_string(),
        name: visit.form.text("name").to_owned(),
    }))?;
    Ok(Response::see("/items"))
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
