//! Plan and explain: what would leave for whom, whole or reduced, and what stays by which rule.
//! The preview is the gate's own answer; `--dry-run` is this same function.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;
use std::sync::Arc;

use noroshi_gate::review::{Finding, Severity};
use noroshi_gate::{
    Channel, Decision, Gate, Grant, Marked, Outcome, Provenance, Question, Recipient, Rules,
};
use noroshi_model::act::ActKind;
use noroshi_model::document::text;
use noroshi_model::json::{Object, Value};
use noroshi_model::ledger::LineKind;
use noroshi_model::link::Precedence;
use noroshi_model::{ItemHash, NodeId};
use noroshi_store::{Filter, Reader, RecordKind, StoredItem, WriteError};

use crate::acts::act_answer;
use crate::command::{
    Event, Failure, FindingRow, PlanAnswer, PlanLine, PlanRecipient, ReasonRow, Selection,
};
use crate::node::{Node, store_failure};
use crate::parallel;
use crate::records::{ActRecord, AgreementRecord, PlanEntry, PlanRecord, Record, int};
use crate::review::{self, Accept, Accepted, Review, Sight};
use crate::sink::Sink;

/// Items released whole that are listed by name; all are counted.
const WHOLE_LISTED_MAX: usize = 100;
/// Lines up to which items are listed in which the review found something.
const FOUND_LISTED_MAX: usize = 1000;
/// The outcome of what the review keeps.
const STOPPED: &str = "stopped";
/// Most items of one plan.
const ITEMS_MAX: usize = 2_000_000;
/// Items that stay which a ledger line names; all are counted.
const DENIED_LISTED_MAX: usize = 100;

/// What a share asks for, beside the selection.
pub(crate) struct Ask<'a> {
    pub(crate) to: &'a [String],
    pub(crate) purpose: &'a str,
    pub(crate) precedence: &'a str,
    pub(crate) person: &'a str,
    pub(crate) dry_run: bool,
    pub(crate) expires_minutes: u32,
    pub(crate) accept: &'a [String],
}

/// Everything the gate is asked with, read once for many items.
pub(crate) struct GateView {
    pub(crate) rules: Rules,
    pub(crate) agreements: Arc<Vec<AgreementRecord>>,
    pub(crate) purpose: String,
    pub(crate) now: noroshi_model::Timestamp,
}

impl GateView {
    /// What is asked of every item that would go over a link at that instant.
    pub(crate) fn question<'a>(
        &'a self,
        now: noroshi_model::Timestamp,
        grants: &'a [Grant],
    ) -> Question<'a> {
        Question {
            purpose: &self.purpose,
            now,
            channel: Channel::LINK,
            grants,
        }
    }
}

/// Everything that many items are looked at with, for every recipient.
struct Looking<'a> {
    review: &'a Review,
    accepts: &'a [Accept],
}

/// Who asks the gate for one recipient, on one thread.
struct Desk<'a> {
    gate: Gate<'a>,
    sight: Sight,
    /// Items released whole that it has made a line of: no more are listed.
    listed: usize,
}

impl<'a> Desk<'a> {
    fn new(gate: Gate<'a>) -> Self {
        Self {
            gate,
            sight: Sight::default(),
            listed: 0,
        }
    }
}

/// What is planned for one recipient.
#[derive(Default)]
struct Planned {
    shown: PlanRecipient,
    entries: Vec<PlanEntry>,
    accepted: Vec<Accepted>,
    needs_two: bool,
}

/// What becomes of one item for one recipient.
enum Verdict {
    /// It was released to this recipient before.
    Already,
    Judged(Box<Judged>),
}

struct Judged {
    counted: Counted,
    entry: Option<PlanEntry>,
    accepted: Vec<Accepted>,
    needs_two: bool,
}

/// A decision as far as it is counted and listed.
struct Counted {
    outcome: Outcome,
    agreement: Option<String>,
    is_stopped: bool,
    is_found: bool,
    line: Option<PlanLine>,
}

impl Node {
    /// Plan a release; with something to release and no dry run, write the act down.
    pub(crate) fn share(
        &self,
        select: &Selection,
        ask: &Ask<'_>,
        sink: &mut dyn Sink,
    ) -> Result<PlanAnswer, Failure> {
        let precedence = Precedence::from_word(ask.precedence).ok_or_else(|| {
            Failure::new(
                "share.precedence",
                2,
                "a precedence is flash, immediate, priority or routine",
            )
        })?;
        if ask.to.is_empty() {
            return Err(Failure::new(
                "share.nobody",
                2,
                "name at least one recipient with --to",
            ));
        }
        self.active_person(ask.person)?;
        let recipients = self.addressed(ask.to)?;
        let view = self.gate_view(ask.purpose)?;
        let agreements = self.standings(&view.agreements, view.now);
        let grants = self.every_grant()?;
        let question = view.question(view.now, &grants);
        let hashes = self.selected(select)?;
        let accepts = self.accepts(ask.accept)?;
        let review = self.review(view.now)?;
        // One gate for each recipient and thread: items by the thousand carry labels by the dozen.
        let gates = || {
            let to = recipients.iter().map(|(recipient, _)| recipient);
            to.map(|to| Gate::new(to, &agreements, &view.rules, &question))
        };
        let mut workers: Vec<Vec<Desk<'_>>> = (0..parallel::workers())
            .map(|_| gates().map(Desk::new).collect())
            .collect();
        let mut planned: Vec<Planned> = recipients
            .iter()
            .map(|(recipient, name)| Planned::for_one(recipient, name))
            .collect();
        let looking = Looking {
            review: &review,
            accepts: &accepts,
        };
        let total = Some(hashes.len() as u64);
        let mut done = 0;
        let look =
            |desks: &mut Vec<Desk<'_>>, run: &[ItemHash]| self.verdicts(run, desks, &looking);
        parallel::in_order(&hashes, &mut workers, look, |run| {
            let label = "progress-plan".into();
            sink.send(Event::Progress { label, done, total });
            done += run.len() as u64;
            for (at, verdict) in run.into_iter().flatten() {
                planned[at].take(verdict);
            }
            ControlFlow::Continue(())
        })?;
        let needs_two = planned.iter().any(|planned| planned.needs_two);
        let accepted: Vec<Accepted> = planned
            .iter_mut()
            .flat_map(|planned| std::mem::take(&mut planned.accepted))
            .collect();
        if let Some(idle) = accepts.iter().find(|accept| {
            let mut accepted = accepted.iter();
            !accepted.any(|by| by.accept == **accept)
        }) {
            let problem = "the review finds nothing of that kind in this item that stops it";
            let named = format!("{}:{}", idle.code, idle.item);
            return Err(
                Failure::new("share.accept", 2, format_args!("`{named}`: {problem}"))
                    .arg("accept", named),
            );
        }
        let plan = PlanRecord {
            recipients: recipients
                .iter()
                .zip(&mut planned)
                .filter(|(_, planned)| !planned.entries.is_empty())
                .map(|((to, _), planned)| (to.node, std::mem::take(&mut planned.entries)))
                .collect(),
        };
        let mut answer = PlanAnswer {
            recipients: planned.into_iter().map(|planned| planned.shown).collect(),
            needs_second_person: needs_two,
            names_left_out: review.left_out,
            act: None,
        };
        if !ask.dry_run {
            self.note_denied(&answer, ask)?;
        }
        if !ask.dry_run && !plan.recipients.is_empty() {
            let record = self.release_act(&plan, ask, precedence, needs_two, &accepted)?;
            answer.act = Some(act_answer(&record, self.now()));
            self.note_reviewed(&plan)?;
        }
        Ok(answer)
    }

    /// Everybody whom recipients as typed stand for, each once, with a name.
    pub(crate) fn addressed(&self, to: &[String]) -> Result<Vec<(Recipient, String)>, Failure> {
        let mut recipients: Vec<(Recipient, String)> = Vec::new();
        for named in to {
            if let Some(client) = self.client_named(named)? {
                recipients.push((self.client_recipient(&client)?, client.title));
                continue;
            }
            for peer in self.recipients_named(named)? {
                if recipients
                    .iter()
                    .any(|(known, _)| known.node == peer.node())
                {
                    continue;
                }
                let name = peer.manifest.organisation.name_en.clone();
                recipients.push((self.recipient(&peer)?, name));
            }
        }
        Ok(recipients)
    }

    /// The attempt stands in the ledger: what was asked for and stays, for whom, and why.
    fn note_denied(&self, answer: &PlanAnswer, ask: &Ask<'_>) -> Result<(), Failure> {
        let person = self.active_person(ask.person)?.name;
        let lines: Vec<_> = answer
            .recipients
            .iter()
            .filter(|recipient| recipient.stays + recipient.refer + recipient.stopped > 0)
            .map(|recipient| {
                let staying = recipient.lines.iter();
                let staying = staying.filter(|line| line.clause.is_none());
                let items: Vec<Value> = staying.take(DENIED_LISTED_MAX).map(denied).collect();
                let body = Object::new()
                    .with("to", recipient.node.as_str())
                    .with("purpose", ask.purpose)
                    .with("stays", int(recipient.stays))
                    .with("refer", int(recipient.refer))
                    .with("stopped", int(recipient.stopped))
                    .with("items", items);
                self.line(LineKind::Denied, Some(&person), body)
            })
            .collect();
        if lines.is_empty() {
            return Ok(());
        }
        self.store
            .write(|tx| {
                lines
                    .iter()
                    .try_for_each(|line| tx.append(line).map(|_| ()))
            })
            .map_err(store_failure::<WriteError>)
    }

    /// Whose log that is, a partner's or a client's, as the gate asks for it, and what it is
    /// called.
    pub(crate) fn recipient_of(
        &self,
        node: &NodeId,
    ) -> Result<Option<(Recipient, String)>, Failure> {
        if let Some(peer) = self.peer(node)? {
            let name = peer.manifest.organisation.name_en.clone();
            return Ok(Some((self.recipient(&peer)?, name)));
        }
        let Some(client) = self.client_of(node)? else {
            return Ok(None);
        };
        Ok(Some((self.client_recipient(&client)?, client.title)))
    }

    /// What the gate needs beside the item and the recipient.
    pub(crate) fn gate_view(&self, purpose: &str) -> Result<GateView, Failure> {
        Ok(GateView {
            rules: self.rules()?,
            agreements: self.binding_agreements()?,
            purpose: purpose.to_owned(),
            now: self.now(),
        })
    }

    /// What becomes of each of these items for each recipient, by the recipient's place; nothing
    /// of an item that is gone.
    fn verdicts(
        &self,
        hashes: &[ItemHash],
        desks: &mut [Desk<'_>],
        looking: &Looking<'_>,
    ) -> Result<Vec<Vec<(usize, Verdict)>>, Failure> {
        let reader = self.inside()?;
        let _instant = reader.instant().map_err(store_failure)?;
        let mut verdicts = Vec::with_capacity(hashes.len());
        for hash in hashes {
            let stored = reader.item(hash).map_err(store_failure)?;
            let marked = match &stored {
                Some(stored) => self.marked(stored)?.map(|marked| (stored, marked)),
                None => None,
            };
            let mut of_item = Vec::with_capacity(desks.len());
            if let Some((stored, marked)) = marked {
                for (at, desk) in desks.iter_mut().enumerate() {
                    of_item.push((at, self.verdict(&reader, stored, &marked, desk, looking)?));
                }
            }
            verdicts.push(of_item);
        }
        Ok(verdicts)
    }

    /// Ask the gate about one item for one recipient.
    fn verdict(
        &self,
        reader: &Reader<'_>,
        stored: &StoredItem,
        marked: &Marked,
        desk: &mut Desk<'_>,
        looking: &Looking<'_>,
    ) -> Result<Verdict, Failure> {
        let Desk {
            gate,
            sight,
            listed,
        } = desk;
        let to = gate.recipient().node;
        let (outgoing, decision) = gate.outgoing(marked, &provenance(stored));
        let Some(outgoing) = outgoing else {
            return Ok(Verdict::Judged(Box::new(Judged {
                counted: Counted::of(marked, &decision, Vec::new(), false, listed),
                entry: None,
                accepted: Vec::new(),
                needs_two: false,
            })));
        };
        let rendition = outgoing.hash();
        let sent = reader.was_released(&to, &stored.hash, &rendition);
        if sent.map_err(store_failure)? {
            return Ok(Verdict::Already);
        }
        let asked = (gate, sight);
        let findings = self.findings(looking.review, reader, asked, marked, &outgoing)?;
        let accepted = review::accepted(&findings, &to, &stored.hash, looking.accepts);
        let (rows, is_stopped) = reviewed(&findings, &to, &stored.hash, &accepted);
        let entry = PlanEntry {
            item: stored.hash,
            rendition,
            reduced: decision.outcome == Outcome::Reduced,
        };
        Ok(Verdict::Judged(Box::new(Judged {
            // Whoever accepts a finding does not do so alone.
            needs_two: !is_stopped && (decision.needs_second_person || !accepted.is_empty()),
            counted: Counted::of(marked, &decision, rows, is_stopped, listed),
            entry: (!is_stopped).then_some(entry),
            accepted,
        })))
    }

    /// What a release act would do as the gate answers now, for who is to sign it. `None` where
    /// its plan is gone: carried out, or returned.
    pub(crate) fn plan_of(&self, record: &ActRecord) -> Result<Option<PlanAnswer>, Failure> {
        let bytes = self
            .inside()?
            .record(RecordKind::Plan, record.act.id().bytes())
            .map_err(store_failure)?;
        let Some(plan) = bytes.and_then(|bytes| PlanRecord::from_bytes(&bytes)) else {
            return Ok(None);
        };
        let purpose = record.act.subject.str("purpose").unwrap_or_default();
        let view = self.gate_view(purpose)?;
        let agreements = self.standings(&view.agreements, view.now);
        let grants = self.every_grant()?;
        let question = view.question(view.now, &grants);
        let review = self.review(view.now)?;
        let accepted = review::accepted_in(record);
        let mut answer = PlanAnswer {
            needs_second_person: record.needs_two,
            ..PlanAnswer::default()
        };
        for (node, entries) in &plan.recipients {
            let Some((recipient, name)) = self.recipient_of(node)? else {
                continue;
            };
            let mut gate = Gate::new(&recipient, &agreements, &view.rules, &question);
            let mut sight = Sight::default();
            let mut planned = Planned::for_one(&recipient, &name);
            let reader = self.inside()?;
            let mut listed = 0;
            for entry in entries {
                let stored = reader.item(&entry.item).map_err(store_failure)?;
                let Some(stored) = stored else { continue };
                let Some(marked) = self.marked(&stored)? else {
                    continue;
                };
                let (outgoing, decision) = gate.outgoing(&marked, &provenance(&stored));
                let findings = match &outgoing {
                    None => Vec::new(),
                    Some(outgoing) => {
                        let asked = (&mut gate, &mut sight);
                        self.findings(&review, &reader, asked, &marked, outgoing)?
                    }
                };
                let (rows, is_stopped) = reviewed(&findings, node, &stored.hash, &accepted);
                let counted = Counted::of(&marked, &decision, rows, is_stopped, &mut listed);
                planned.count(counted);
            }
            answer.recipients.push(planned.shown);
        }
        Ok(Some(answer))
    }

    /// Write the plan and its act down together.
    fn release_act(
        &self,
        plan: &PlanRecord,
        ask: &Ask<'_>,
        precedence: Precedence,
        needs_two: bool,
        accepted: &[Accepted],
    ) -> Result<ActRecord, Failure> {
        let recipients = plan.recipients.iter().map(|(node, entries)| {
            let reduced = entries.iter().filter(|entry| entry.reduced).count() as u64;
            Value::Object(
                Object::new()
                    .with("node", text(node))
                    .with("items", int(entries.len() as u64))
                    .with("reduced", int(reduced)),
            )
        });
        let mut subject = Object::new()
            .with("plan", text(plan.digest()))
            .with("recipients", recipients.collect::<Vec<Value>>())
            .with("purpose", ask.purpose)
            .with("precedence", precedence.as_str());
        if !accepted.is_empty() {
            subject.insert("accepted", review::accepted_value(accepted));
        }
        let record = self.act_record(
            ActKind::Release,
            subject,
            ask.person,
            needs_two,
            None,
            ask.expires_minutes,
        )?;
        let id = record.act.id();
        self.store
            .write(|tx| {
                tx.put(RecordKind::Plan, id.bytes(), &plan.to_bytes())?;
                tx.put(RecordKind::Act, id.bytes(), &record.to_bytes())
            })
            .map_err(store_failure::<WriteError>)?;
        Ok(record)
    }

    /// The items a selection names, each once, in the order of the store.
    fn selected(&self, select: &Selection) -> Result<Vec<ItemHash>, Failure> {
        // Marking definitions go first: who receives them judges by them.
        let mut chosen: BTreeMap<(bool, u64), ItemHash> = BTreeMap::new();
        let place = |row: &noroshi_store::ItemRow| (row.id.kind() != "marking-definition", row.seq);
        let mut named = BTreeSet::new();
        for name in &select.items {
            let stored = self.find_item(name)?;
            named.insert(stored.hash);
            chosen.insert(place(&stored), stored.hash);
        }
        let by_filter = select.all || select.kind.is_some() || select.source.is_some();
        if by_filter {
            let filter = Filter {
                kind: select.kind.clone(),
                state: Some("admitted".into()),
                source: select.source.as_deref().map(|s| self.source_name(s)),
                current_only: true,
            };
            let mut after = 0;
            loop {
                let page = self
                    .inside()?
                    .page(after, 1000, &filter)
                    .map_err(store_failure)?;
                let Some(last) = page.last() else { break };
                after = last.seq;
                chosen.extend(page.iter().map(|row| (place(row), row.hash)));
                if chosen.len() > ITEMS_MAX {
                    return Err(Failure::new(
                        "share.too_many",
                        2,
                        "more than 2,000,000 items at once",
                    ));
                }
            }
        }
        if let Some(words) = &select.text {
            let rows = self.local()?.search(words, 10_000).map_err(store_failure)?;
            chosen.extend(rows.iter().map(|row| (place(row), row.hash)));
        }
        if chosen.is_empty() {
            return Err(Failure::new(
                "share.nothing",
                4,
                "the selection names no item",
            ));
        }
        Ok(chosen.into_values().collect())
    }
}

impl Planned {
    fn for_one(recipient: &Recipient, name: &str) -> Self {
        Self {
            shown: PlanRecipient {
                node: recipient.node.to_string(),
                name: name.to_owned(),
                ..PlanRecipient::default()
            },
            ..Self::default()
        }
    }

    fn take(&mut self, verdict: Verdict) {
        let judged = match verdict {
            Verdict::Already => {
                self.shown.already += 1;
                return;
            }
            Verdict::Judged(judged) => *judged,
        };
        self.count(judged.counted);
        self.entries.extend(judged.entry);
        self.accepted.extend(judged.accepted);
        self.needs_two |= judged.needs_two;
    }

    /// Count a decision and list it, as far as the list goes.
    fn count(&mut self, counted: Counted) {
        let shown = &mut self.shown;
        if counted.is_stopped {
            shown.stopped += 1;
            shown.lines.extend(counted.line.map(|line| PlanLine {
                outcome: STOPPED.to_owned(),
                clause: None,
                ..line
            }));
            return;
        }
        if let Some(agreement) = counted.agreement {
            shown.agreement.get_or_insert(agreement);
        }
        let counter = match counted.outcome {
            Outcome::Release => &mut shown.whole,
            Outcome::Reduced => &mut shown.reduced,
            Outcome::Refer => &mut shown.refer,
            Outcome::Deny => &mut shown.stays,
        };
        *counter += 1;
        let is_listed = counted.outcome != Outcome::Release
            || *counter <= WHOLE_LISTED_MAX as u64
            || (counted.is_found && shown.lines.len() < FOUND_LISTED_MAX);
        if is_listed {
            shown.lines.extend(counted.line);
        }
    }
}

impl Counted {
    /// `listed`: lines made so far of items that leave whole.
    fn of(
        item: &Marked,
        decision: &Decision,
        findings: Vec<FindingRow>,
        is_stopped: bool,
        listed: &mut usize,
    ) -> Self {
        let is_found = !findings.is_empty();
        let is_plain = decision.outcome == Outcome::Release && !is_stopped && !is_found;
        *listed += usize::from(is_plain);
        let is_listed = !is_plain || *listed <= WHOLE_LISTED_MAX;
        Self {
            outcome: decision.outcome,
            agreement: decision
                .basis
                .as_ref()
                .map(|basis| basis.agreement.to_string()),
            is_stopped,
            is_found,
            line: is_listed.then(|| plan_line(item, decision, findings)),
        }
    }
}

/// What gate and review say of one item for one recipient.
pub(crate) fn shown_for(
    recipient: &Recipient,
    name: &str,
    item: &Marked,
    decision: &Decision,
    findings: &[Finding],
) -> PlanRecipient {
    let mut planned = Planned::for_one(recipient, name);
    let (rows, is_stopped) = reviewed(findings, &recipient.node, &item.hash(), &[]);
    planned.count(Counted::of(item, decision, rows, is_stopped, &mut 0));
    planned.shown
}

/// Who answers for a stored item, as the gate asks for it.
pub(crate) fn provenance(stored: &StoredItem) -> Provenance {
    Provenance {
        role: stored.attribution.as_ref().map(|by| by.role),
        node: stored.attribution.as_ref().map(|by| by.node),
        is_available: stored.state == noroshi_store::ItemState::Admitted,
    }
}

/// An item that stays, and the codes why, as the ledger says it.
fn denied(line: &PlanLine) -> Value {
    let stops = line
        .findings
        .iter()
        .filter(|it| it.severity == "stops" && !it.accepted);
    let stops = stops.map(|finding| &*finding.code);
    let codes: Vec<&str> = line
        .reasons
        .iter()
        .map(|reason| &*reason.code)
        .chain(stops)
        .collect();
    Value::Object(
        Object::new()
            .with("item", line.hash.as_str())
            .with("reasons", codes),
    )
}

/// Findings as rows, and whether any keeps the item.
fn reviewed(
    findings: &[Finding],
    to: &NodeId,
    item: &ItemHash,
    accepted: &[Accepted],
) -> (Vec<FindingRow>, bool) {
    let stops = review::stopping(findings, to, item, accepted);
    let row = |finding: &Finding| {
        let is_open = finding.severity == Severity::Warns || stops.contains(&finding);
        review::finding_row(finding, !is_open)
    };
    (findings.iter().map(row).collect(), !stops.is_empty())
}

fn plan_line(item: &Marked, decision: &Decision, findings: Vec<FindingRow>) -> PlanLine {
    let head = item.valid().head();
    let withheld = decision.withheld.iter().map(|place| {
        let reasons = place.reasons.iter().map(reason_row).collect();
        (place.selector.to_string(), reasons)
    });
    PlanLine {
        hash: item.hash().to_string(),
        id: head.id.to_string(),
        title: head.title.clone(),
        marking: item.highest().to_string(),
        outcome: decision.outcome.as_str().to_owned(),
        withheld: withheld.collect(),
        reasons: decision.reasons.iter().map(reason_row).collect(),
        clause: decision.basis.as_ref().map(|basis| basis.clause.clone()),
        in_fallback: decision.in_fallback,
        findings,
    }
}

/// A reason as data.
pub(crate) fn reason_row(reason: &noroshi_gate::Reason) -> ReasonRow {
    ReasonRow {
        code: reason.code().to_owned(),
        args: reason
            .args()
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value))
            .collect(),
        text: reason.to_string(),
    }
}
