//! Channels, told: each with its state, what failed, and what to do about it. Links to partners
//! stand among them, for to people they are channels too.

use noroshi_model::Timestamp;
use noroshi_store::RecordKind;
use serde_json::{Value, json};

use super::ask::Trouble;
use super::channel::{Channel, Way};
use super::command::{RoundAnswer, Server};
use super::orders::failed;
use super::state::ChannelState;
use crate::command::{Event, Failure};
use crate::messages::{Lang, text};
use crate::node::Node;
use crate::outside::Outside;
use crate::records::Peer;
use crate::sink::Sink;

/// Failures in a row before the doctor says it.
const PATIENCE: u64 = 3;

impl Node {
    pub(super) fn channel_list(&self, sink: &mut dyn Sink) -> Result<(), Failure> {
        for channel in self.channels()? {
            let state = self.channel_state(&channel.name)?;
            sink.send(Event::Row {
                kind: "channel".into(),
                row: row(&channel, &state, self.now()),
            });
        }
        for peer in self.records::<Peer>(RecordKind::Peer)? {
            if !peer.removed {
                sink.send(Event::Row {
                    kind: "channel".into(),
                    row: self.link_row(&peer)?,
                });
            }
        }
        Ok(())
    }

    pub(super) fn channel_show(&self, name: &str, sink: &mut dyn Sink) -> Result<(), Failure> {
        let channel = self.channel(name)?;
        let state = self.channel_state(&channel.name)?;
        sink.send(Event::Answer {
            kind: "channel".into(),
            answer: row(&channel, &state, self.now()),
        });
        Ok(())
    }

    /// A partner's link as a channel: the same words, as far as they mean something for it.
    fn link_row(&self, peer: &Peer) -> Result<Value, Failure> {
        let answer = self.peer_answer(peer)?;
        let name = peer.alias.clone().unwrap_or_else(|| answer.node.clone());
        let state = match (peer.is_confirmed(), peer.last_contact) {
            (false, _) => "waiting",
            (true, None) => "never",
            (true, Some(_)) => "good",
        };
        Ok(json!({
            "name": name,
            "title": answer.name_en,
            "form": "link",
            "way": "both",
            "url": answer.address,
            "state": state,
            "last_contact": answer.last_contact,
            "last_success": answer.last_contact,
            "waiting": answer.waiting,
        }))
    }

    pub(super) fn remote_list(
        &self,
        server: &Server,
        outside: &dyn Outside,
        sink: &mut dyn Sink,
    ) -> Result<(), Failure> {
        let (found, passed) = self.channel_find(server, outside)?;
        for found in &found {
            let collection = &found.collection;
            let row = json!({
                "root": found.root.to_string(),
                "root_title": found.root_title,
                "id": collection.id,
                "alias": collection.alias,
                "title": collection.title,
                "can_read": collection.can_read,
                "can_write": collection.can_write,
            });
            sink.send(Event::Row {
                kind: "remote".into(),
                row,
            });
        }
        for (root, trouble) in &passed {
            let row = json!({
                "root": root,
                "code": trouble.code,
                "detail": trouble.detail,
            });
            sink.send(Event::Row {
                kind: "remote_passed".into(),
                row,
            });
        }
        sink.send(Event::Answer {
            kind: "remotes".into(),
            answer: json!({ "count": found.len() }),
        });
        Ok(())
    }

    /// A round that a person asked for: what it came to, and a failure where the other side failed.
    pub(super) fn round_told(
        &self,
        round: &RoundAnswer,
        sink: &mut dyn Sink,
    ) -> Result<(), Failure> {
        sink.send(Event::Answer {
            kind: "round".into(),
            answer: serde_json::to_value(round).unwrap_or_default(),
        });
        let Some(problem) = &round.problem else {
            return Ok(());
        };
        let code = CODES.iter().find(|code| *code == problem);
        let detail = round.detail.as_deref().unwrap_or_default();
        Err(failed(&Trouble::new(code.unwrap_or(&"here"), detail)))
    }

    /// Channels that fail again and again, for the doctor: name, what failed, since when it works
    /// no more.
    pub(crate) fn failing_channels(&self) -> Result<(usize, Vec<FailingChannel>), Failure> {
        let channels = self.channels()?;
        let mut failing = Vec::new();
        for channel in &channels {
            let state = self.channel_state(&channel.name)?;
            let Some(problem) = &state.problem else {
                continue;
            };
            if state.failures >= PATIENCE && !channel.paused {
                failing.push(FailingChannel {
                    name: channel.name.to_string(),
                    problem: said(Lang::En, &problem.code, &problem.detail),
                    problem_ja: said(Lang::Ja, &problem.code, &problem.detail),
                    since: state.last_success,
                });
            }
        }
        Ok((channels.len(), failing))
    }
}

/// One that fails again and again.
pub(crate) struct FailingChannel {
    pub(crate) name: String,
    pub(crate) problem: String,
    pub(crate) problem_ja: String,
    pub(crate) since: Option<Timestamp>,
}

/// What can fail, each with its words in the catalogue.
pub(crate) const CODES: &[&str] = &[
    "unreachable",
    "plain",
    "tls",
    "slow",
    "too_large",
    "damaged",
    "here",
    "redirected",
    "elsewhere",
    "refused",
    "unauthorised",
    "forbidden",
    "absent",
    "unacceptable",
    "busy",
    "too_large_there",
    "server",
    "unexpected",
    "unreadable",
    "loops",
    "repeats",
    "endless",
    "unstated",
    "unfinished",
    "credential",
    "gone_here",
];

/// What is odd though it works, each with its words.
pub(crate) const NOTES: &[&str] = &["undated", "wrong_date"];

fn said(lang: Lang, code: &str, detail: &str) -> String {
    text(
        lang,
        &format!("channel-problem-{code}"),
        &[("detail", detail)],
    )
}

fn row(channel: &Channel, state: &ChannelState, now: Timestamp) -> Value {
    let at = |at: Option<Timestamp>| at.map(|at| at.to_string());
    let word = match (channel.paused, &state.problem, state.last_success) {
        (true, ..) => "paused",
        (false, Some(_), _) => "failing",
        (false, None, None) => "never",
        (false, None, Some(_)) => "good",
    };
    let is_over = |problem: &super::state::Problem| (now.micros() - problem.at.micros()).max(0);
    let problem = state.problem.as_ref().map(|problem| {
        json!({
            "code": problem.code,
            "detail": problem.detail,
            "at": problem.at.to_string(),
            "seconds_ago": is_over(problem) / 1_000_000,
            "text": said(Lang::En, &problem.code, &problem.detail),
        })
    });
    let refused = state.refused_last.iter();
    json!({
        "name": channel.name.as_str(),
        "title": channel.title,
        "form": channel.form.as_str(),
        "way": channel.way.as_str(),
        "url": channel.target.to_string(),
        "collection": channel.collection,
        "profile": matches!(channel.way, Way::Pull(_)).then(|| channel.way.by().as_str()),
        "pushes": matches!(channel.way, Way::Push(_)).then(|| channel.way.by().as_str()),
        "user": channel.shown.as_ref().and_then(|shown| shown.user.clone()),
        "has_credential": channel.shown.is_some(),
        "own_authorities": channel.trust.authorities.is_some(),
        "pins": channel.trust.pins.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "every_seconds": channel.every_seconds,
        "feed": channel.feed,
        "ordered_by": channel.ordered_by.as_str(),
        "since": channel.at.to_string(),
        "state": word,
        "last_contact": at(state.last_contact),
        "last_success": at(state.last_success),
        "due": at(state.due),
        "cursor": {
            "settled": at(state.settled),
            "listing": state.listing.is_some(),
            "next": state.listing.as_ref().and_then(|listing| listing.next.clone()),
            "etag": state.etag,
            "posted": at(state.posted),
        },
        "counts": {
            "read": state.read,
            "admitted": state.admitted,
            "held": state.held,
            "known": state.known,
            "refused": state.refused,
            "sent": state.sent,
        },
        "statuses": state.statuses,
        "failures": state.failures,
        "problem": problem,
        "note": state.note.as_deref().filter(|note| NOTES.contains(note)),
        "refused": refused
            .map(|(id, why)| json!({ "id": id, "why": why }))
            .collect::<Vec<_>>(),
    })
}
