//! Now: what waits for me, partners with the last proven contact, alarms.

use askama::Template;
use noroshi_gate::Deed;
use noroshi_node::command::{ActAnswer, PeerAnswer};
use noroshi_node::messages::Lang;
use noroshi_node::{Command, Failure};
use serde::Deserialize;

use crate::http::Response;
use crate::shell::{Shell, harmless};
use crate::visit::Visit;

/// Rows of a panel.
const ROWS: u32 = 20;

#[derive(Template)]
#[template(path = "now.html")]
struct Page {
    shell: Shell,
    alarms: Vec<Alarm>,
    /// Nothing where the person signs nothing.
    acts: Option<Vec<ActAnswer>>,
    peers: Vec<Peer>,
}

#[derive(Deserialize)]
struct AlarmRow {
    index: u64,
    at: String,
    body: serde_json::Value,
}

struct Alarm {
    index: u64,
    at: String,
    why: String,
}

struct Peer {
    name: String,
    nation: String,
    health: &'static str,
    contact: Option<String>,
    waiting: u64,
}

pub(crate) fn show(visit: &Visit<'_>) -> Result<Response, Failure> {
    let who = visit.signed_in()?;
    let alarms = visit.ask(Command::AlarmList {
        all: false,
        limit: ROWS,
    })?;
    let acts = if who.duties().permit(Deed::Sign) {
        let state = Some("pending".to_owned());
        Some(visit.ask(Command::ActList { state })?.rows("act"))
    } else {
        None
    };
    let peers = visit.ask(Command::PeerList)?;
    super::page(&Page {
        shell: visit.shell(&visit.say("console-now")),
        alarms: alarms.rows("line").into_iter().map(alarm).collect(),
        acts,
        peers: peers
            .rows("peer")
            .into_iter()
            .map(|peer| shown(visit, peer))
            .collect(),
    })
}

fn alarm(row: AlarmRow) -> Alarm {
    Alarm {
        index: row.index,
        at: row.at,
        why: harmless(row.body["why"].as_str().unwrap_or_default()),
    }
}

/// How a partner stands: by when it was last proven to be there.
fn shown(visit: &Visit<'_>, peer: PeerAnswer) -> Peer {
    let name = match visit.lang {
        Lang::En => &peer.name_en,
        Lang::Ja => &peer.name_ja,
    };
    let contact = peer.last_contact.as_deref().and_then(|at| at.parse().ok());
    let health = match contact {
        _ if peer.state != "confirmed" => "amber",
        None => "red",
        Some(at) => health(visit.now, at),
    };
    Peer {
        name: harmless(peer.alias.as_deref().unwrap_or(name)),
        nation: peer.nation.clone(),
        health,
        contact: peer.last_contact.clone(),
        waiting: peer.waiting,
    }
}

/// Green within five minutes, amber within a day.
fn health(now: noroshi_model::Timestamp, at: noroshi_model::Timestamp) -> &'static str {
    if at.plus_seconds(300) >= now {
        "green"
    } else if at.plus_seconds(86_400) >= now {
        "amber"
    } else {
        "red"
    }
}
