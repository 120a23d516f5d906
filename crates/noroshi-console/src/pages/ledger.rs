//! The ledger: what was decided, newest first; the proof of a line, which stands alone; and how the
//! whole is given to others.

use askama::Template;
use noroshi_model::ledger::LineKind;
use noroshi_node::views::{LedgerOrder, LedgerPage, ViewCommand};
use noroshi_node::{Command, Failure};
use serde_json::Value;

use crate::form::encoded;
use crate::http::Response;
use crate::shell::{Shell, harmless};
use crate::visit::Visit;

#[derive(Template)]
#[template(path = "ledger.html")]
struct Page {
    shell: Shell,
    kinds: Vec<&'static str>,
    kind: String,
    by: String,
    lines: Vec<Line>,
    size: u64,
    /// Where the next page is.
    next: Option<String>,
}

/// One line.
struct Line {
    index: u64,
    at: String,
    kind: String,
    person: String,
    body: Vec<(String, String)>,
}

/// Lines, newest first.
pub(crate) fn show(visit: &Visit<'_>) -> Result<Response, Failure> {
    let some = |name: &str| visit.query.get(name).map(|text| text.trim().to_owned());
    let order = LedgerOrder {
        kind: some("kind"),
        by: some("by"),
        before: visit.query.get("before").and_then(|at| at.parse().ok()),
        limit: 50,
    };
    let (kind, by) = (order.kind.clone(), order.by.clone());
    let asked = visit.ask(Command::View(ViewCommand::Ledger(order)))?;
    let page: LedgerPage = asked.answer("lines").unwrap_or_default();
    let (kind, by) = (kind.unwrap_or_default(), by.unwrap_or_default());
    let next = page.next.map(|before| {
        format!(
            "/ledger?kind={}&by={}&before={before}",
            encoded(&kind),
            encoded(&by)
        )
    });
    super::page(&Page {
        shell: visit.shell(&visit.say("console-ledger")),
        kinds: LineKind::ALL.iter().map(|kind| kind.as_str()).collect(),
        lines: asked.rows("line").iter().map(line).collect(),
        size: page.size,
        kind,
        by,
        next,
    })
}

fn line(row: &Value) -> Line {
    let body = row["body"].as_object().into_iter().flatten();
    Line {
        index: row["index"].as_u64().unwrap_or_default(),
        at: row["at"].as_str().unwrap_or_default().to_owned(),
        kind: row["line"].as_str().unwrap_or_default().to_owned(),
        person: row["person"].as_str().unwrap_or_default().to_owned(),
        body: body
            .map(|(name, value)| (harmless(name), short(value)))
            .collect(),
    }
}

/// A value on one line; the page of the line has it whole.
fn short(value: &Value) -> String {
    const CHARS: usize = 80;
    let text = match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let cut: String = text.chars().take(CHARS).collect();
    let more = if cut.len() < text.len() { "…" } else { "" };
    harmless(&format!("{cut}{more}"))
}

#[derive(Template)]
#[template(path = "line.html")]
struct One {
    shell: Shell,
    line: Line,
    raw: String,
    proof: String,
}

/// The line of that number.
fn found(visit: &Visit<'_>) -> Result<(u64, Value), Failure> {
    let unknown = || Failure::new("ledger.unknown", 4, "there is no such line");
    let index: u64 = visit
        .parts
        .first()
        .and_then(|part| part.parse().ok())
        .ok_or_else(unknown)?;
    let asked = visit.ask(Command::LedgerList {
        from: index,
        limit: 1,
        kind: None,
    })?;
    let row: Option<Value> = asked.rows("line").pop();
    let row = row.filter(|row| row["index"] == index);
    Ok((index, row.ok_or_else(unknown)?))
}

fn proof_of(visit: &Visit<'_>, index: u64) -> Result<Value, Failure> {
    let asked = visit.ask(Command::LedgerProve {
        line: Some(index),
        item: None,
        peer: None,
        receipt: false,
        from: None,
    })?;
    Ok(asked.answer("proof").unwrap_or_default())
}

/// One line with its proof.
pub(crate) fn one(visit: &Visit<'_>) -> Result<Response, Failure> {
    let (index, row) = found(visit)?;
    let proof = proof_of(visit, index)?;
    super::page(&One {
        shell: visit.shell(&visit.shell("").tell("console-line", "line", index)),
        raw: harmless(&serde_json::to_string_pretty(&row).unwrap_or_default()),
        line: line(&row),
        proof: serde_json::to_string_pretty(&proof).unwrap_or_default(),
    })
}

/// The proof as a file that stands alone.
pub(crate) fn proof(visit: &Visit<'_>) -> Result<Response, Failure> {
    let (index, _) = found(visit)?;
    let proof = serde_json::to_string_pretty(&proof_of(visit, index)?).unwrap_or_default();
    let name = format!("attachment; filename=\"noroshi-line-{index}-proof.json\"");
    Ok(Response {
        status: 200,
        headers: vec![
            ("content-type", "application/json".to_owned()),
            ("content-disposition", name),
        ],
        body: proof.into_bytes(),
    })
}
