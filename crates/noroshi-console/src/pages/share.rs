//! Share: choose what and to whom, see what would leave and by which rule, and ask for it. And take
//! an item back.

use askama::Template;
use noroshi_node::command::{ActAnswer, PeerAnswer, PlanAnswer, Selection};
use noroshi_node::messages::Lang;
use noroshi_node::{Command, Failure};
use serde::Deserialize;

use crate::form::Form;
use crate::http::Response;
use crate::pages::plan::Plan;
use crate::shell::{Shell, harmless};
use crate::visit::Visit;

/// Most items named one by one.
const ITEMS_MAX: usize = 2_000;
/// Precedences, the least urgent first.
const PRECEDENCES: [&str; 4] = ["routine", "priority", "immediate", "flash"];
/// How long an order made here waits for a second person, in minutes.
const EXPIRES_MINUTES: u32 = 24 * 60;

#[derive(Template)]
#[template(path = "share.html")]
struct Page {
    shell: Shell,
    chosen: Chosen,
    recipients: Vec<Recipient>,
    precedences: [&'static str; 4],
    plan: Option<Plan>,
    releases: bool,
}

/// Whom it may go to.
struct Recipient {
    value: String,
    name: String,
    is_chosen: bool,
}

/// What the form says.
struct Chosen {
    items: String,
    kind: String,
    source: String,
    text: String,
    to: Vec<String>,
    purpose: String,
    precedence: String,
    accept: Vec<String>,
}

impl Chosen {
    fn of(form: &Form) -> Self {
        let or = |name: &str, other: &str| form.get(name).unwrap_or(other).trim().to_owned();
        Self {
            items: form.every("items").join("\n"),
            kind: or("type", ""),
            source: or("source", ""),
            text: or("text", ""),
            to: form.every("to").into_iter().map(str::to_owned).collect(),
            purpose: or("purpose", "defence"),
            precedence: or("precedence", "routine"),
            accept: form
                .every("accept")
                .into_iter()
                .map(str::to_owned)
                .collect(),
        }
    }

    fn selects(&self) -> bool {
        [&self.items, &self.kind, &self.source, &self.text]
            .iter()
            .any(|field| !field.trim().is_empty())
    }

    fn command(&self, person: &str, dry_run: bool) -> Command {
        let some = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
        let items = self.items.split_whitespace().take(ITEMS_MAX);
        Command::Share {
            select: Selection {
                items: items.map(str::to_owned).collect(),
                kind: some(&self.kind),
                source: some(&self.source),
                text: some(&self.text),
                all: false,
            },
            to: self.to.clone(),
            purpose: self.purpose.clone(),
            precedence: self.precedence.clone(),
            person: person.to_owned(),
            dry_run,
            expires_minutes: EXPIRES_MINUTES,
            accept: self.accept.clone(),
        }
    }
}

#[derive(Deserialize)]
struct Circle {
    name: String,
}

/// The form, and the plan where something is chosen.
pub(crate) fn show(visit: &Visit<'_>) -> Result<Response, Failure> {
    let chosen = Chosen::of(&visit.query);
    let person = visit.signed_in()?.person().to_string();
    let plan = if chosen.selects() && !chosen.to.is_empty() {
        let asked = visit.ask(chosen.command(&person, true))?;
        asked
            .answer::<PlanAnswer>("plan")
            .map(|plan| Plan::of(visit, plan))
    } else {
        None
    };
    let markings = plan.as_ref().map(Plan::markings).unwrap_or_default();
    super::page(&Page {
        shell: visit.shell(&visit.say("console-share")).marked(markings),
        recipients: recipients(visit, &chosen)?,
        precedences: PRECEDENCES,
        releases: plan.as_ref().is_some_and(Plan::releases),
        plan,
        chosen,
    })
}

fn recipients(visit: &Visit<'_>, chosen: &Chosen) -> Result<Vec<Recipient>, Failure> {
    let peers: Vec<PeerAnswer> = visit.ask(Command::PeerList)?.rows("peer");
    let circles: Vec<Circle> = visit.ask(Command::CircleList)?.rows("circle");
    let is_chosen = |value: &str| chosen.to.iter().any(|to| to == value);
    let peers = peers.into_iter().filter(|peer| peer.state == "confirmed");
    let mut all: Vec<Recipient> = peers
        .map(|peer| {
            let name = match visit.lang {
                Lang::En => &peer.name_en,
                Lang::Ja => &peer.name_ja,
            };
            Recipient {
                name: format!("{} ({})", harmless(name), peer.nation),
                is_chosen: is_chosen(&peer.node),
                value: peer.node,
            }
        })
        .collect();
    all.extend(circles.into_iter().map(|circle| {
        let value = format!("circle:{}", circle.name);
        Recipient {
            name: harmless(&circle.name),
            is_chosen: is_chosen(&value),
            value,
        }
    }));
    Ok(all)
}

/// Ask for the release: the act is written down, and its page is where it is signed.
pub(crate) fn ask(visit: &Visit<'_>) -> Result<Response, Failure> {
    let chosen = Chosen::of(&visit.form);
    let person = visit.signed_in()?.person().to_string();
    let asked = visit.ask(chosen.command(&person, false))?;
    let plan: Option<PlanAnswer> = asked.answer("plan");
    let act = plan.and_then(|plan| plan.act);
    let act = act.ok_or_else(|| Failure::new("share.nothing_leaves", 3, "nothing leaves"))?;
    Ok(Response::see(format!("/acts/{}", act.id)))
}

#[derive(Template)]
#[template(path = "recall.html")]
struct Recall {
    shell: Shell,
    item: String,
    title: String,
}

/// The form that takes an item back.
pub(crate) fn recall_form(visit: &Visit<'_>) -> Result<Response, Failure> {
    let item = visit.query.text("item").to_owned();
    let asked = visit.ask(Command::Show { item: item.clone() })?;
    let shown: Option<noroshi_node::command::ItemAnswer> = asked.answer("item");
    let row = shown.map(|shown| shown.item).unwrap_or_default();
    super::page(&Recall {
        shell: visit
            .shell(&visit.say("console-recall"))
            .marked([row.marking]),
        item,
        title: harmless(&row.title),
    })
}

/// Ask for the recall.
pub(crate) fn recall(visit: &Visit<'_>) -> Result<Response, Failure> {
    let person = visit.signed_in()?.person().to_string();
    let asked = visit.ask(Command::Recall {
        item: visit.form.text("item").to_owned(),
        mode: visit.form.text("mode").to_owned(),
        reason: visit.form.text("reason").to_owned(),
        person,
    })?;
    to_act(asked.answer("act"))
}

/// On to the page of an act that was written down.
pub(super) fn to_act(act: Option<ActAnswer>) -> Result<Response, Failure> {
    let act = act.ok_or_else(|| Failure::new("internal", 1, "no act was answered"))?;
    Ok(Response::see(format!("/acts/{}", act.id)))
}
