//! Paste anything: indicators of a text with their context, doubts and who knows them; what is
//! chosen becomes items, and the next page shares them.

use askama::Template;
use noroshi_node::messages::Lang;
use noroshi_node::views::{KnownRow, Names, PasteView, TakenAnswer, ViewCommand};
use noroshi_node::{Command, Failure};
use serde::Deserialize;

use crate::form::encoded;
use crate::http::Response;
use crate::shell::{Shell, harmless};
use crate::visit::Visit;

#[derive(Template)]
#[template(path = "paste.html")]
struct Page {
    shell: Shell,
    text: String,
    read: Option<Read>,
    profiles: Vec<Profile>,
}

/// A source profile that items can be made under.
#[derive(Deserialize)]
struct Profile {
    name: String,
    title: String,
    markings: Vec<String>,
    own: bool,
}

/// What was read.
struct Read {
    rows: Vec<Row>,
    passed_over: Vec<(String, String)>,
    is_cut: bool,
}

/// One indicator.
struct Row {
    value: String,
    defanged: String,
    kind: String,
    context: String,
    written: Option<String>,
    doubts: Vec<String>,
    known: Vec<Known>,
    can_take: bool,
    is_chosen: bool,
}

/// An item that knows it.
struct Known {
    hash: String,
    title: String,
    marking: String,
    by: String,
}

/// The empty page.
pub(crate) fn show(visit: &Visit<'_>) -> Result<Response, Failure> {
    page(visit, String::new(), None, Vec::new())
}

/// A text was pasted.
pub(crate) fn read(visit: &Visit<'_>) -> Result<Response, Failure> {
    let text = visit.form.text("text").to_owned();
    let command = Command::View(ViewCommand::Paste { text: text.clone() });
    let view: PasteView = visit.ask(command)?.answer("paste").unwrap_or_default();
    let known = view.found.iter().flat_map(|row| &row.known);
    let markings = known.map(|known| known.marking.clone()).collect();
    let read = Read {
        rows: view
            .found
            .into_iter()
            .map(|row| self::row(visit.lang, row, &view.names))
            .collect(),
        passed_over: view
            .passed_over
            .into_iter()
            .map(|one| (harmless(&one.written), one.why))
            .collect(),
        is_cut: view.is_cut,
    };
    page(visit, text, Some(read), markings)
}

fn page(
    visit: &Visit<'_>,
    text: String,
    read: Option<Read>,
    markings: Vec<String>,
) -> Result<Response, Failure> {
    let mut profiles: Vec<Profile> = visit.ask(Command::ProfileList)?.rows("profile");
    // What the organisation found itself is the likeliest.
    profiles.sort_by_key(|profile| (!profile.own, profile.name.clone()));
    super::page(&Page {
        shell: visit.shell(&visit.say("console-paste")).marked(markings),
        text,
        read,
        profiles,
    })
}

fn row(lang: Lang, row: noroshi_node::views::PasteRow, names: &Names) -> Row {
    let known: Vec<Known> = row
        .known
        .iter()
        .map(|one| known(lang, one, names))
        .collect();
    Row {
        is_chosen: row.can_take && row.doubts.is_empty() && known.is_empty(),
        value: format!("{}:{}", row.kind, row.value),
        defanged: harmless(&row.defanged),
        context: harmless(&row.context),
        written: row
            .written
            .filter(|text| *text != row.defanged)
            .as_deref()
            .map(harmless),
        kind: row.kind,
        doubts: row.doubts,
        can_take: row.can_take,
        known,
    }
}

fn known(lang: Lang, row: &KnownRow, names: &Names) -> Known {
    let by = names.get(&row.node).map_or(&row.source, |name| match lang {
        Lang::En => &name.en,
        Lang::Ja => &name.ja,
    });
    Known {
        hash: row.hash.clone(),
        title: harmless(if row.title.is_empty() {
            &row.kind
        } else {
            &row.title
        }),
        marking: row.marking.clone(),
        by: harmless(by),
    }
}

/// Make items of what was chosen, and go on to share them.
pub(crate) fn take(visit: &Visit<'_>) -> Result<Response, Failure> {
    let chosen = visit.form.every("chosen").into_iter().map(str::to_owned);
    let command = Command::View(ViewCommand::Take {
        text: visit.form.text("text").to_owned(),
        chosen: chosen.collect(),
        profile: visit.form.text("profile").to_owned(),
    });
    let taken: Option<TakenAnswer> = visit.ask(command)?.answer("taken");
    let taken = taken.ok_or_else(|| Failure::new("internal", 1, "nothing was taken"))?;
    // A path has its bounds; more than these are shared by their source.
    const NAMED_MAX: usize = 100;
    if taken.ids.len() > NAMED_MAX {
        let source = encoded(visit.form.text("profile"));
        return Ok(Response::see(format!(
            "/share?type=indicator&source={source}"
        )));
    }
    let items: Vec<String> = taken
        .ids
        .iter()
        .map(|id| format!("items={}", encoded(id)))
        .collect();
    Ok(Response::see(format!("/share?{}", items.join("&"))))
}
