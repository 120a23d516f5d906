//! A plan of a release as people read it: for each recipient what leaves whole, reduced, stays, by
//! which rule, and what the review found.

use noroshi_node::command::{
    Command, FindingRow, PeerAnswer, PlanAnswer, PlanLine, PlanRecipient, ReasonRow,
};
use noroshi_node::messages::{Lang, text};

use crate::shell::harmless;
use crate::visit::Visit;

/// A plan.
pub(crate) struct Plan {
    pub(crate) recipients: Vec<Recipient>,
    pub(crate) needs_second: bool,
    pub(crate) left_out: u64,
}

/// One recipient of it.
pub(crate) struct Recipient {
    pub(crate) name: String,
    pub(crate) counts: Vec<(&'static str, u64)>,
    pub(crate) agreement: Option<String>,
    pub(crate) lines: Vec<Line>,
}

/// One item for one recipient.
pub(crate) struct Line {
    pub(crate) title: String,
    pub(crate) hash: String,
    pub(crate) marking: String,
    pub(crate) outcome: String,
    pub(crate) clause: Option<String>,
    pub(crate) reasons: Vec<String>,
    /// Properties that stay, each with why.
    pub(crate) withheld: Vec<(String, String)>,
    pub(crate) findings: Vec<Finding>,
}

/// Something the review found.
pub(crate) struct Finding {
    pub(crate) said: String,
    pub(crate) place: String,
    pub(crate) stops: bool,
    /// What answers for it: `CODE:ITEM`.
    pub(crate) accept: String,
    pub(crate) accepted: bool,
}

impl Plan {
    /// Words for a plan.
    pub(crate) fn of(visit: &Visit<'_>, plan: PlanAnswer) -> Self {
        let mut recipients: Vec<Recipient> = Vec::new();
        let names = japanese_names(visit);
        for mut one in plan.recipients {
            if let Some(peer) = names.iter().find(|peer| peer.node == one.node) {
                one.name.clone_from(&peer.name_ja);
            }
            recipients.push(recipient(visit.lang, one));
        }
        Self {
            recipients,
            needs_second: plan.needs_second_person,
            left_out: plan.names_left_out,
        }
    }

    /// Of everything that is named.
    pub(crate) fn markings(&self) -> Vec<String> {
        let lines = self.recipients.iter().flat_map(|one| &one.lines);
        lines.map(|line| line.marking.clone()).collect()
    }

    /// Does something leave?
    pub(crate) fn releases(&self) -> bool {
        let counts = self.recipients.iter().flat_map(|one| &one.counts);
        counts
            .into_iter()
            .any(|(what, count)| matches!(*what, "whole" | "reduced") && *count > 0)
    }
}

/// Plans carry English names. Whoever may not see partners reads those.
fn japanese_names(visit: &Visit<'_>) -> Vec<PeerAnswer> {
    match visit.lang {
        Lang::En => Vec::new(),
        Lang::Ja => visit
            .ask(Command::PeerList)
            .map_or_else(|_| Vec::new(), |answers| answers.rows("peer")),
    }
}

fn recipient(lang: Lang, one: PlanRecipient) -> Recipient {
    let counts = [
        ("whole", one.whole),
        ("reduced", one.reduced),
        ("refer", one.refer),
        ("stays", one.stays),
        ("stopped", one.stopped),
        ("already", one.already),
    ];
    Recipient {
        name: harmless(&one.name),
        counts: counts.into_iter().filter(|(_, count)| *count > 0).collect(),
        agreement: one.agreement,
        lines: one.lines.into_iter().map(|one| line(lang, one)).collect(),
    }
}

fn line(lang: Lang, one: PlanLine) -> Line {
    let withheld = one.withheld.iter().map(|(place, reasons)| {
        let said: Vec<String> = reasons
            .iter()
            .map(|reason| reason_said(lang, reason))
            .collect();
        (harmless(place), said.join("; "))
    });
    Line {
        withheld: withheld.collect(),
        title: harmless(if one.title.is_empty() {
            &one.id
        } else {
            &one.title
        }),
        reasons: one
            .reasons
            .iter()
            .map(|reason| reason_said(lang, reason))
            .collect(),
        findings: one
            .findings
            .iter()
            .map(|found| finding(lang, &one.hash, found))
            .collect(),
        hash: one.hash,
        marking: one.marking,
        outcome: one.outcome,
        clause: one.clause,
    }
}

fn finding(lang: Lang, item: &str, found: &FindingRow) -> Finding {
    Finding {
        said: said(lang, &found.code, &found.args, &found.text),
        place: harmless(&found.place),
        stops: found.severity == "stops",
        accept: format!("{}:{item}", found.code),
        accepted: found.accepted,
    }
}

fn reason_said(lang: Lang, reason: &ReasonRow) -> String {
    said(lang, &reason.code, &reason.args, &reason.text)
}

/// The words of a code with its arguments; the English text where the catalogue has none.
fn said(
    lang: Lang,
    code: &str,
    args: &std::collections::BTreeMap<String, String>,
    english: &str,
) -> String {
    let id = code.replace('.', "-");
    let args: Vec<(&str, &str)> = args
        .iter()
        .map(|(name, value)| (&**name, &**value))
        .collect();
    let said = if noroshi_node::messages::knows(lang, &id) {
        text(lang, &id, &args)
    } else {
        english.to_owned()
    };
    harmless(&said)
}
