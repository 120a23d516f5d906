//! Partners: how each stands, the agreements in words, what went over, and how one more is added:
//! a code read out, then each side's fingerprint.

use askama::Template;
use noroshi_node::command::{BalanceRow, InviteAnswer, PeerAnswer};
use noroshi_node::messages::{Lang, text};
use noroshi_node::views::{NowView, PartnerLight, ViewCommand};
use noroshi_node::{Command, Failure};
use serde_json::Value;

use super::share::to_act;
use crate::http::Response;
use crate::qr::Qr;
use crate::shell::{Shell, harmless};
use crate::visit::Visit;

#[derive(Template)]
#[template(path = "partners.html")]
struct Page {
    shell: Shell,
    own: Own,
    partners: Vec<Partner>,
    agreements: Vec<Agreement>,
    may_arrange: bool,
}

/// This node, as others know it.
struct Own {
    name: String,
    nation: String,
    address: String,
    digits: String,
    words: String,
}

/// One partner.
struct Partner {
    node: String,
    name: String,
    nation: String,
    address: String,
    state: String,
    light: String,
    said: String,
    digits: String,
    words: String,
    /// Its fingerprint is to be typed here.
    waits_for_us: bool,
}

/// One agreement in words.
struct Agreement {
    id: String,
    title: String,
    standing: String,
    standing_word: String,
    until: String,
    parties: Vec<String>,
    terms: Vec<String>,
    clauses: Vec<(String, String)>,
    may_sign: bool,
}

/// The page.
pub(crate) fn show(visit: &Visit<'_>) -> Result<Response, Failure> {
    let peers = visit.ask(Command::PeerList)?;
    let lights = lights(visit)?;
    let rows: Vec<PeerAnswer> = peers.rows("peer");
    let here: Option<Value> = peers.rows("own").pop();
    let here = here.unwrap_or_default();
    let standing = rows.into_iter().filter(|peer| peer.state != "removed");
    let partners = standing.map(|peer| partner(visit, peer, &lights)).collect();
    let agreements: Vec<Value> = visit.ask(Command::AgreementList)?.rows("agreement");
    let me = here["node"].clone();
    super::page(&Page {
        shell: visit.shell(&visit.say("console-partners")),
        own: own(visit.lang, &here),
        partners,
        agreements: agreements
            .iter()
            .map(|row| agreement(visit.lang, row, &me))
            .collect(),
        may_arrange: visit
            .signed_in()?
            .duties()
            .permit(noroshi_gate::Deed::Arrange),
    })
}

fn lights(visit: &Visit<'_>) -> Result<Vec<PartnerLight>, Failure> {
    if !visit
        .signed_in()?
        .duties()
        .permit(noroshi_gate::Deed::ReadItems)
    {
        return Ok(super::now::without_items(visit)?.partners);
    }
    let now: Option<NowView> = visit
        .ask(Command::View(ViewCommand::Now { person: None }))?
        .answer("now");
    Ok(now.map(|now| now.partners).unwrap_or_default())
}

fn by_lang<'a>(lang: Lang, row: &'a Value, english: &str, japanese: &str) -> &'a str {
    let field = match lang {
        Lang::En => english,
        Lang::Ja => japanese,
    };
    row[field].as_str().unwrap_or_default()
}

fn own(lang: Lang, row: &Value) -> Own {
    let said = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    Own {
        name: by_lang(lang, row, "name_en", "name_ja").to_owned(),
        nation: said(&row["nation"]),
        address: said(&row["address"]),
        digits: said(&row["fingerprint"]["digits"]),
        words: by_lang(lang, &row["fingerprint"], "words_en", "words_ja").to_owned(),
    }
}

fn partner(visit: &Visit<'_>, peer: PeerAnswer, lights: &[PartnerLight]) -> Partner {
    let light = lights.iter().find(|light| light.node == peer.node);
    let light = light.cloned().unwrap_or_default();
    let (name, words) = match visit.lang {
        Lang::En => (&peer.name_en, &peer.fingerprint.words_en),
        Lang::Ja => (&peer.name_ja, &peer.fingerprint.words_ja),
    };
    let name = peer.alias.as_ref().unwrap_or(name);
    Partner {
        name: harmless(name),
        nation: peer.nation.clone(),
        address: harmless(peer.address.as_deref().unwrap_or_default()),
        state: peer.state.clone(),
        said: harmless(&light_said(visit, &light)),
        light: light.light,
        digits: peer.fingerprint.digits.clone(),
        words: words.clone(),
        waits_for_us: !peer.confirmed_here,
        node: peer.node,
    }
}

/// Why a partner's light is as it is, in words.
fn light_said(visit: &Visit<'_>, light: &PartnerLight) -> String {
    let (days, waiting) = (light.days.to_string(), light.waiting.to_string());
    let contact = light.last_contact.as_deref().map_or_else(
        || "-".to_owned(),
        |at| {
            let at = visit.zone.when_of(at);
            format!("{} ({})", at.here, at.utc)
        },
    );
    let name = match visit.lang {
        Lang::En => &light.name_en,
        Lang::Ja => &light.name_ja,
    };
    let args = [
        ("name", &**name),
        ("name_ja", &*light.name_ja),
        ("nation", &*light.nation),
        ("contact", &*contact),
        ("days", &*days),
        ("waiting", &*waiting),
    ];
    text(visit.lang, &format!("doctor-{}", light.code), &args)
}

fn agreement(lang: Lang, row: &Value, me: &Value) -> Agreement {
    let object = &row["object"];
    let parties = row["parties"].as_array().into_iter().flatten();
    let named: Vec<(String, String, bool)> = parties
        .map(|party| {
            let name = harmless(by_lang(lang, party, "name_en", "name_ja"));
            let node = party["node"].as_str().unwrap_or_default().to_owned();
            (node, name, party["signed"] == true)
        })
        .collect();
    let name = |node: &Value| {
        let node = node.as_str().unwrap_or_default();
        let known = named.iter().find(|(known, ..)| known == node);
        known.map_or_else(|| harmless(node), |(_, name, _)| name.clone())
    };
    let list = |value: &Value| {
        let many = value
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(Value::as_str);
        harmless(&many.collect::<Vec<_>>().join(", "))
    };
    let all = |value: &Value, id: &str| {
        let said = list(value);
        if said == "*" {
            text(lang, id, &[])
        } else {
            said
        }
    };
    let releases = object["releases"].as_array().into_iter().flatten();
    let terms = releases.map(|term| {
        let ceilings = term["ceilings"].as_object().into_iter().flatten();
        let ceilings: Vec<String> = ceilings
            .map(|(axis, level)| format!("{axis}:{}", level.as_str().unwrap_or_default()))
            .collect();
        let onward = if term["onward"] == "community" {
            "community"
        } else {
            "none"
        };
        text(
            lang,
            "console-agreement-term",
            &[
                ("from", &*name(&term["from"])),
                ("to", &*name(&term["to"])),
                (
                    "types",
                    &*all(&term["types"], "console-agreement-all-types"),
                ),
                (
                    "purposes",
                    &*all(&term["purposes"], "console-agreement-all-purposes"),
                ),
                ("ceilings", &*harmless(&ceilings.join(", "))),
                (
                    "onward",
                    &*text(lang, &format!("console-agreement-onward-{onward}"), &[]),
                ),
                (
                    "clause",
                    &*harmless(term["clause"].as_str().unwrap_or_default()),
                ),
            ],
        )
    });
    let clauses = object["clauses"].as_array().into_iter().flatten();
    let clauses = clauses.map(|clause| {
        let id = harmless(clause["id"].as_str().unwrap_or_default());
        (id, harmless(by_lang(lang, clause, "text_en", "text_ja")))
    });
    let standing = row["standing"].as_str().unwrap_or_default().to_owned();
    let unsigned_here = named
        .iter()
        .any(|(node, _, signed)| Some(&**node) == me.as_str() && !signed);
    Agreement {
        id: row["id"].as_str().unwrap_or_default().to_owned(),
        title: harmless(by_lang(lang, row, "title", "title_ja")),
        standing_word: text(lang, &format!("standing-{standing}"), &[]),
        may_sign: standing == "unsigned" && unsigned_here,
        standing,
        until: row["valid_until"].as_str().unwrap_or_default().to_owned(),
        terms: terms.collect(),
        clauses: clauses.collect(),
        parties: named
            .iter()
            .map(|(_, name, signed)| format!("{name} {}", if *signed { "✓" } else { "…" }))
            .collect(),
    }
}

#[derive(Template)]
#[template(path = "invite.html")]
struct Invite {
    shell: Shell,
    invite: InviteAnswer,
    words: String,
    qr: Qr,
}

/// A code for a partner, to be read out or scanned.
pub(crate) fn invite(visit: &Visit<'_>) -> Result<Response, Failure> {
    let person = visit.signed_in()?.person().to_string();
    let asked = visit.ask(Command::PeerInvite { person })?;
    let invite: InviteAnswer = asked
        .answer("invite")
        .ok_or_else(|| Failure::new("internal", 1, "no invitation was answered"))?;
    let words = match visit.lang {
        Lang::En => invite.fingerprint.words_en.clone(),
        Lang::Ja => invite.fingerprint.words_ja.clone(),
    };
    super::page(&Invite {
        shell: visit.shell(&visit.say("console-invite")),
        // What the partner's command line takes: whoever scans it can paste it.
        qr: Qr::of(&format!("{} {}", invite.address, invite.code)),
        words,
        invite,
    })
}

/// Use a partner's code.
pub(crate) fn accept(visit: &Visit<'_>) -> Result<Response, Failure> {
    let person = visit.signed_in()?.person().to_string();
    visit.ask(Command::PeerAccept {
        address: visit.form.text("address").trim().to_owned(),
        code: visit.form.text("code").trim().to_owned(),
        person,
    })?;
    Ok(Response::see("/partners"))
}

/// Confirm a partner by the fingerprint that was read out.
pub(crate) fn confirm(visit: &Visit<'_>) -> Result<Response, Failure> {
    let person = visit.signed_in()?.person().to_string();
    let asked = visit.ask(Command::PeerConfirm {
        peer: visit.form.text("peer").to_owned(),
        fingerprint: visit.form.text("fingerprint").to_owned(),
        person,
    })?;
    to_act(asked.answer("act"))
}

/// Sign what a partner proposed.
pub(crate) fn sign_agreement(visit: &Visit<'_>) -> Result<Response, Failure> {
    let person = visit.signed_in()?.person().to_string();
    let asked = visit.ask(Command::AgreementSign {
        agreement: visit.form.text("agreement").to_owned(),
        person,
    })?;
    to_act(asked.answer("act"))
}

/// Exchange with a partner now.
pub(crate) fn sync(visit: &Visit<'_>) -> Result<Response, Failure> {
    let peer = visit.form.get("peer").map(str::to_owned);
    visit.ask(Command::Sync { peer })?;
    Ok(Response::see("/partners"))
}

#[derive(Template)]
#[template(path = "balance.html")]
struct Balance {
    shell: Shell,
    rows: Vec<BalanceRow>,
    lang: Lang,
}

/// What each side gave and got, by month.
pub(crate) fn balance(visit: &Visit<'_>) -> Result<Response, Failure> {
    let with = visit.query.get("with").map(str::to_owned);
    let asked = visit.ask(Command::Balance { with })?;
    super::page(&Balance {
        shell: visit.shell(&visit.say("console-balance")),
        rows: asked.rows("balance"),
        lang: visit.lang,
    })
}
