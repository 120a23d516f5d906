//! Items: one search box over everything, and pages of what there is.

use askama::Template;
use noroshi_node::command::{ItemRow, PageAnswer};
use noroshi_node::{Command, Failure};

use crate::form::encoded;
use crate::http::Response;
use crate::shell::{Shell, harmless};
use crate::visit::Visit;

/// Rows of a page.
const ROWS: u32 = 50;

#[derive(Template)]
#[template(path = "items.html")]
struct Page {
    shell: Shell,
    text: String,
    rows: Vec<ItemRow>,
    /// Where the next page is.
    next: Option<String>,
}

pub(crate) fn show(visit: &Visit<'_>) -> Result<Response, Failure> {
    let text = visit.query.text("q");
    let after = visit
        .query
        .get("after")
        .and_then(|after| after.parse().ok());
    let asked = if text.is_empty() {
        visit.ask(Command::List {
            kind: visit.query.get("kind").map(str::to_owned),
            state: None,
            source: None,
            limit: ROWS,
            after,
        })?
    } else {
        visit.ask(Command::Search {
            text: text.to_owned(),
            limit: ROWS,
        })?
    };
    let mut rows: Vec<ItemRow> = asked.rows("item");
    for row in &mut rows {
        row.title = harmless(&row.title);
    }
    let page: PageAnswer = asked.answer("page").unwrap_or_default();
    let markings: Vec<String> = rows.iter().map(|row| row.marking.clone()).collect();
    let mut shell = visit.shell(&visit.say("console-items")).marked(markings);
    shell.search = text.to_owned();
    super::page(&Page {
        shell,
        text: text.to_owned(),
        rows,
        next: page
            .next
            .map(|next| format!("/items?q={}&after={next}", encoded(text))),
    })
}
