//! Now: what came in, what waits, partners with the last proven contact, alarms, clocks.

use askama::Template;
use noroshi_gate::Deed;
use noroshi_model::Digest;
use noroshi_node::command::{ItemRow, PeerAnswer};
use noroshi_node::messages::Lang;
use noroshi_node::views::{NowView, PartnerLight, ViewCommand};
use noroshi_node::{Command, Failure};
use serde_json::Value;

use super::first::First;
use crate::http::Response;
use crate::loading::Step;
use crate::shell::{Shell, WhenTag, harmless};
use crate::times::Zone;
use crate::visit::Visit;

/// Rows of the list of alarms for whoever reads no items.
const ALARMS: u32 = 20;

#[derive(Template)]
#[template(path = "now.html")]
struct Page {
    shell: Shell,
    reads_items: bool,
    signs: bool,
    answers_alarms: bool,
    view: NowView,
    alarms: Vec<Alarm>,
    /// The line up to which an answer would cover alarms.
    newest_alarm: Option<u64>,
    partners: Vec<Partner>,
    clocks: Vec<(String, WhenTag)>,
    first: Option<First>,
    /// What the page shows, for whoever asks whether it has changed.
    mark: String,
}

struct Alarm {
    index: u64,
    at: String,
    why: String,
}

struct Partner {
    name: String,
    nation: String,
    light: String,
    contact: Option<String>,
    waiting: u64,
}

pub(crate) fn show(visit: &Visit<'_>) -> Result<Response, Failure> {
    let who = visit.signed_in()?;
    let duties = who.duties();
    let reads_items = duties.permit(Deed::ReadItems);
    let mut view = seen(visit)?;
    let first = First::of(visit)?;
    let mark = mark_of(&view, visit.console.loading.step().as_ref());
    let NowView { came, waits, .. } = &mut view;
    for row in came.items.iter_mut().chain(&mut waits.held_items) {
        row.title = harmless(&row.title);
    }
    let shown = came.items.iter().chain(&waits.held_items);
    let markings: Vec<String> = shown.map(|row| row.marking.clone()).collect();
    let alarms: Vec<Alarm> = view.waits.alarms.lines.iter().map(alarm).collect();
    super::page(&Page {
        shell: visit.shell(&visit.say("console-now")).marked(markings),
        reads_items,
        signs: duties.permit(Deed::Sign),
        answers_alarms: duties.permit(Deed::AnswerAlarm),
        newest_alarm: alarms.iter().map(|alarm| alarm.index).max(),
        alarms,
        partners: view
            .partners
            .iter()
            .map(|row| partner(visit, row))
            .collect(),
        clocks: clocks(visit, &view.partners),
        view,
        first,
        mark,
    })
}

/// What the person sees here, whatever their duties let them.
pub(crate) fn seen(visit: &Visit<'_>) -> Result<NowView, Failure> {
    let who = visit.signed_in()?;
    if !who.duties().permit(Deed::ReadItems) {
        return without_items(visit);
    }
    let person = Some(who.person().to_string());
    let asked = visit.ask(Command::View(ViewCommand::Now { person }))?;
    Ok(asked.answer("now").unwrap_or_default())
}

/// A short name for what is seen: another one where anything but the clock is another.
pub(crate) fn mark_of(view: &NowView, step: Option<&Step>) -> String {
    let still = NowView {
        at: String::new(),
        position: 0,
        ..view.clone()
    };
    let text = serde_json::to_string(&still).unwrap_or_default();
    let step = step.map(|step| (step.name.clone(), step.done, step.failed.is_some()));
    let digest = Digest::of_parts(&[text.as_bytes(), format!("{step:?}").as_bytes()]);
    digest.to_string().chars().take(16).collect()
}

/// For whoever audits or administers: alarms and partners, no item.
pub(crate) fn without_items(visit: &Visit<'_>) -> Result<NowView, Failure> {
    let alarms = visit.ask(Command::AlarmList {
        all: false,
        limit: ALARMS,
    })?;
    let mut view = NowView::default();
    view.waits.alarms.lines = alarms.rows("line");
    view.waits.alarms.count = view.waits.alarms.lines.len() as u64;
    let peers: Vec<PeerAnswer> = visit.ask(Command::PeerList)?.rows("peer");
    view.partners = peers.into_iter().map(|peer| light(visit, peer)).collect();
    Ok(view)
}

/// Green within five minutes, amber within a day.
fn light(visit: &Visit<'_>, peer: PeerAnswer) -> PartnerLight {
    let contact = peer.last_contact.as_deref().and_then(|at| at.parse().ok());
    let within = |at: noroshi_model::Timestamp, seconds| at.plus_seconds(seconds) >= visit.now;
    let light = match contact {
        Some(at) if within(at, 300) => "green",
        Some(at) if within(at, 86_400) => "amber",
        _ => "red",
    };
    PartnerLight {
        node: peer.node,
        name_en: peer.name_en,
        name_ja: peer.name_ja,
        nation: peer.nation,
        light: light.to_owned(),
        last_contact: peer.last_contact,
        waiting: peer.waiting,
        ..PartnerLight::default()
    }
}

fn alarm(line: &Value) -> Alarm {
    let text = |value: &Value| harmless(value.as_str().unwrap_or_default());
    Alarm {
        index: line["index"].as_u64().unwrap_or_default(),
        at: text(&line["at"]),
        why: text(&line["body"]["why"]),
    }
}

fn partner(visit: &Visit<'_>, row: &PartnerLight) -> Partner {
    let name = match visit.lang {
        Lang::En => &row.name_en,
        Lang::Ja => &row.name_ja,
    };
    Partner {
        name: harmless(name),
        nation: row.nation.clone(),
        light: row.light.clone(),
        contact: row.last_contact.clone(),
        waiting: row.waiting,
    }
}

/// What the clock says at each partner's seat of government.
fn clocks(visit: &Visit<'_>, partners: &[PartnerLight]) -> Vec<(String, WhenTag)> {
    let mut nations: Vec<&str> = partners.iter().map(|row| row.nation.as_str()).collect();
    nations.push(&visit.face.nation);
    nations.sort_unstable();
    nations.dedup();
    let clock = |nation: &str| {
        let zone = if nation == visit.face.nation {
            visit.zone.clone()
        } else {
            Zone::named(noroshi_node::signin::usual_zone(nation))
        };
        (nation.to_owned(), WhenTag(zone.when(visit.now)))
    };
    nations.into_iter().map(clock).collect()
}

/// The person has seen what came.
pub(crate) fn looked(visit: &Visit<'_>) -> Result<Response, Failure> {
    let position = visit
        .form
        .get("position")
        .and_then(|text| text.parse().ok());
    visit.ask(Command::View(ViewCommand::Looked {
        person: visit.signed_in()?.person().to_string(),
        position,
    }))?;
    Ok(Response::see("/"))
}

/// The person states that alarms up to a line were seen to.
pub(crate) fn answer_alarms(visit: &Visit<'_>) -> Result<Response, Failure> {
    let line = visit.form.get("line").and_then(|text| text.parse().ok());
    visit.ask(Command::AlarmAnswer {
        line: line.unwrap_or(u64::MAX),
        note: visit.form.text("note").to_owned(),
        person: visit.signed_in()?.person().to_string(),
    })?;
    Ok(Response::see("/"))
}

/// The title of a row, or its id where it has none.
pub(crate) fn title_of(row: &ItemRow) -> &str {
    if row.title.is_empty() {
        &row.id
    } else {
        &row.title
    }
}
