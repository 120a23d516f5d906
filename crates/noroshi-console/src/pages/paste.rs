//! Paste anything: indicators of a text with their context, doubts and who knows them; what is
//! chosen becomes items, and the next page shares them.

use askama::Template;
use noroshi_gate::Deed;
use noroshi_node::command::ImportAnswer;
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

/// What a file that holds objects came to.
#[derive(Template)]
#[template(path = "taken.html")]
struct Taken {
    shell: Shell,
    name: String,
    counts: String,
    rows: Vec<String>,
    has_items: bool,
    may_share: bool,
    items: String,
    share: String,
}

/// A file was chosen: objects go the way of every import, a text is read as if it were pasted.
pub(crate) fn file(visit: &Visit<'_>) -> Result<Response, Failure> {
    let none = || Failure::new("paste.file", 2, "no file came");
    let file = visit.file.as_ref().ok_or_else(none)?;
    if file.bytes.starts_with(b"%PDF-") {
        let why = "a PDF is not taken apart here: copy its text out of a viewer and paste it";
        return Err(Failure::new("paste.pdf", 2, why));
    }
    let bytes = file
        .bytes
        .strip_prefix(b"\xef\xbb\xbf")
        .unwrap_or(&file.bytes);
    let first = bytes.iter().find(|byte| !byte.is_ascii_whitespace());
    if matches!(first, Some(b'{' | b'[')) {
        return import(visit, &file.name, bytes);
    }
    let text = std::str::from_utf8(bytes)
        .ok()
        .filter(|text| !text.contains('\0'));
    let text = text.ok_or_else(|| {
        let why = "a file is JSON (STIX 2.1, 2.0, KEV) or text in UTF-8, such as CSV";
        Failure::new("paste.kind", 2, why)
    })?;
    if file.name.to_ascii_lowercase().ends_with(".csv") {
        return read_text(visit, cells(text));
    }
    read_text(visit, text.to_owned())
}

/// A table with a blank behind each cell: a comma may stand in an address, so that what reads
/// texts takes it for a part of one. What stands in quotation marks stays as it is.
fn cells(table: &str) -> String {
    let mut apart = String::with_capacity(table.len());
    let mut is_quoted = false;
    for char in table.chars() {
        is_quoted ^= char == '"';
        apart.push(char);
        if !is_quoted && matches!(char, ',' | ';') {
            apart.push(' ');
        }
    }
    apart
}

fn import(visit: &Visit<'_>, name: &str, mut bytes: &[u8]) -> Result<Response, Failure> {
    let profile = visit.form.get("profile").map(str::to_owned);
    let source = profile.as_deref().map(encoded).unwrap_or_default();
    let command = Command::Import {
        paths: vec!["-".into()],
        profile,
    };
    let asked = visit.ask_with(command, Some(&mut bytes))?;
    let answer: ImportAnswer = asked.answer("import").unwrap_or_default();
    let mut said = asked.said(visit.lang);
    let duties = visit.signed_in()?.duties();
    super::page(&Taken {
        shell: visit.shell(&visit.say("console-paste-file")),
        name: harmless(name),
        counts: said.pop().unwrap_or_default(),
        rows: said,
        has_items: answer.admitted + answer.known > 0,
        may_share: !source.is_empty() && answer.admitted > 0 && duties.permit(Deed::Propose),
        items: format!("/items?source={source}"),
        share: format!("/share?source={source}"),
    })
}

/// A text was pasted.
pub(crate) fn read(visit: &Visit<'_>) -> Result<Response, Failure> {
    read_text(visit, visit.form.text("text").to_owned())
}

fn read_text(visit: &Visit<'_>, text: String) -> Result<Response, Failure> {
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
