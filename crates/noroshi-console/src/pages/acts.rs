//! Acts: what somebody ordered, exactly what it would do, and the signatures under it.
//!
//! What is signed is the act's id, the SHA-256 of its exact bytes, which stands on the page; a
//! release's act names the digest of every byte that leaves. The person's own key signs, unlocked
//! by its passphrase for this one signature.

use askama::Template;
use noroshi_node::command::{ActAnswer, PlanAnswer};
use noroshi_node::messages;
use noroshi_node::{Command, Failure};
use serde_json::Value;

use crate::http::Response;
use crate::pages::plan::Plan;
use crate::shell::{Shell, harmless};
use crate::visit::Visit;

/// States an act may be listed by.
const STATES: [&str; 4] = ["pending", "done", "returned", "expired"];
/// Most acts of the list.
const ROWS: usize = 200;

#[derive(Template)]
#[template(path = "acts.html")]
struct List {
    shell: Shell,
    state: String,
    states: [&'static str; 4],
    acts: Vec<ActAnswer>,
    is_capped: bool,
}

#[derive(Template)]
#[template(path = "act.html")]
struct One {
    shell: Shell,
    act: ActAnswer,
    plan: Option<Plan>,
    /// What it is about, where it is no release.
    subject: String,
    /// The person's signature is the next one that it needs.
    may_sign: bool,
    is_request: bool,
    /// The root signs too, which is done at the node's own machine.
    needs_root: bool,
    problem: Option<String>,
}

/// The list.
pub(crate) fn list(visit: &Visit<'_>) -> Result<Response, Failure> {
    let asked = visit.query.text("state");
    let state = STATES
        .iter()
        .find(|state| **state == asked)
        .unwrap_or(&"pending");
    let state = (*state).to_owned();
    let command = Command::ActList {
        state: Some(state.clone()),
    };
    let mut acts: Vec<ActAnswer> = visit.ask(command)?.rows("act");
    let is_capped = acts.len() > ROWS;
    acts.truncate(ROWS);
    super::page(&List {
        shell: visit.shell(&visit.say("console-acts-title")),
        state,
        states: STATES,
        acts,
        is_capped,
    })
}

/// One act.
pub(crate) fn show(visit: &Visit<'_>) -> Result<Response, Failure> {
    shown(visit, 200, None)
}

fn shown(visit: &Visit<'_>, status: u16, problem: Option<String>) -> Result<Response, Failure> {
    let named = visit.parts.first().cloned().unwrap_or_default();
    let asked = visit.ask(Command::ActShow { act: named })?;
    let act: ActAnswer = asked
        .answer("act")
        .ok_or_else(|| Failure::new("internal", 1, "an act was not answered"))?;
    let plan: Option<PlanAnswer> = asked.rows("plan").pop();
    let subject: Vec<Value> = [asked.rows("subject"), asked.rows("draft")].concat();
    let subject = subject.first();
    let subject = subject.map(|row| serde_json::to_string_pretty(row).unwrap_or_default());
    let me = visit.signed_in()?.person().to_string();
    let is_request = act.state == "prepared";
    let may_sign = match act.state.as_str() {
        "prepared" => act.requester == me,
        "pending" => act.requester != me,
        _ => false,
    };
    let title = visit.shell("").word("console-act", &act.kind);
    let plan = plan.map(|plan| Plan::of(visit, plan));
    let markings = plan.as_ref().map(Plan::markings).unwrap_or_default();
    let page = One {
        shell: visit.shell(&title).marked(markings),
        needs_root: act.manifest.is_some(),
        subject: harmless(&subject.unwrap_or_default()),
        plan,
        act,
        may_sign,
        is_request,
        problem,
    };
    Ok(super::html(status, &page))
}

/// A signature.
pub(crate) fn sign(visit: &Visit<'_>) -> Result<Response, Failure> {
    let named = visit.parts.first().map(String::as_str).unwrap_or_default();
    // What was shown is what is signed: the form names the whole id.
    if visit.form.get("act") != Some(named) {
        return Err(Failure::new("act.unknown", 4, "the form is of another act"));
    }
    let passphrase = visit.form.text("passphrase");
    let outside = &*visit.console.outside;
    let node = &visit.console.node;
    match node.sign_act_as(visit.signed_in()?, named, passphrase, visit.whence, outside) {
        Ok(_) => Ok(Response::see(format!("/acts/{named}"))),
        Err(failure) if matches!(failure.code.as_str(), "key.locked" | "signin.wait") => {
            let problem = messages::failure(visit.lang, &failure);
            shown(visit, 403, Some(problem))
        }
        Err(failure) => Err(failure),
    }
}
