//! Execute an approved release: the gate is asked again for every item; where any byte or
//! recipient differs from what was approved, nothing is queued and the act goes back.

use std::ops::ControlFlow;

use noroshi_gate::Gate;
use noroshi_gate::acts::Approved;
use noroshi_model::document::text;
use noroshi_model::ids::ActId;
use noroshi_model::json::Object;
use noroshi_model::ledger::LineKind;
use noroshi_model::link::{EntryKind, LogLeaf, Precedence};
use noroshi_model::{Digest, NodeId, PersonId, Timestamp};
use noroshi_store::{LogPayload, RecordKind, Tx, WriteError};

use crate::acts::{Effect, subject_digest};
use crate::command::Failure;
use crate::node::{Node, store_failure};
use crate::parallel;
use crate::plan::{GateView, provenance};
use crate::records::{ActRecord, PlanEntry, PlanRecord, int};
use crate::review::{Review, Sight, accepted_in, stopping};

/// By whose order releases are put into a log.
pub(crate) struct Queued<'a> {
    /// The act; none where a standing collection fills itself.
    pub(crate) act: Option<ActId>,
    pub(crate) person: Option<&'a PersonId>,
    pub(crate) purpose: &'a str,
    pub(crate) precedence: Precedence,
}

/// Why something stays that one person asked for.
pub(crate) const SECOND_PERSON: &str = "a second person must approve it by the rule as it is now";

/// Steps between two signs of progress.
const STRIDE: u64 = 500;

/// How far a release is.
struct Way<'a> {
    done: u64,
    total: u64,
    progress: &'a mut dyn FnMut(u64, u64),
}

impl<'a> Way<'a> {
    fn new(total: u64, progress: &'a mut dyn FnMut(u64, u64)) -> Self {
        Self {
            done: 0,
            total,
            progress,
        }
    }

    fn steps(&mut self, steps: u64) {
        let before = self.done / STRIDE;
        self.done += steps;
        if self.done / STRIDE > before {
            (self.progress)(self.done, self.total);
        }
    }
}

impl Node {
    /// Put what was approved into the recipients' logs.
    pub(crate) fn execute_release(
        &self,
        record: &mut ActRecord,
        approved: &Approved,
        progress: &mut dyn FnMut(u64, u64),
    ) -> Result<Effect, Failure> {
        let id = record.act.id();
        let bytes = self
            .inside()?
            .record(RecordKind::Plan, id.bytes())
            .map_err(store_failure)?;
        let plan = bytes
            .and_then(|bytes| PlanRecord::from_bytes(&bytes))
            .filter(|plan| Some(plan.digest()) == subject_digest(record, "plan"))
            .ok_or_else(|| {
                Failure::new(
                    "act.changed",
                    3,
                    "the plan is not the one that was asked for",
                )
            })?;
        self.expect_recovered()?;
        for (node, _) in &plan.recipients {
            self.expect_answered(node)?;
        }
        let purpose = record
            .act
            .subject
            .str("purpose")
            .unwrap_or_default()
            .to_owned();
        let requester = record.act.requester.clone();
        let view = self.gate_view(&purpose)?;
        // Half the way is asking the gate, half is writing.
        let mut way = Way::new(2 * plan.len(), progress);
        if let Some(why) = self.differs(&plan, &view, record, &mut way)? {
            self.store
                .write(|tx| self.return_act(tx, record, &why))
                .map_err(store_failure::<WriteError>)?;
            return Err(Failure::new(
                "act.returned",
                3,
                format_args!("{why}: nothing was sent; ask again to see the plan as it is now"),
            )
            .arg("act", id)
            .arg("why", why));
        }
        let precedence = record
            .act
            .subject
            .str("precedence")
            .and_then(Precedence::from_word)
            .unwrap_or(Precedence::Routine);
        let (ledger_line, entries) = self
            .store
            .write(|tx| {
                let mut entries = 0;
                let order = Queued {
                    act: Some(id),
                    person: Some(&requester),
                    purpose: &purpose,
                    precedence,
                };
                for (node, lines) in &plan.recipients {
                    entries +=
                        self.queue_releases(tx, &order, node, lines, &mut || way.steps(1))?;
                }
                tx.delete(RecordKind::Plan, id.bytes())?;
                let line = self.close_act(tx, record, approved)?;
                Ok::<_, WriteError>((line, entries))
            })
            .map_err(store_failure)?;
        let wake = plan.recipients.iter().map(|(node, _)| *node).collect();
        Ok(Effect {
            ledger_line,
            entries,
            wake,
        })
    }

    /// Does the gate still answer exactly what was approved, and is the approval one that suffices
    /// now? If not, what differs first.
    fn differs(
        &self,
        plan: &PlanRecord,
        view: &GateView,
        record: &ActRecord,
        way: &mut Way<'_>,
    ) -> Result<Option<String>, Failure> {
        let review = if self.is_reviewed(plan)? {
            None
        } else {
            Some(self.review(view.now)?)
        };
        let agreements = self.standings(&view.agreements, view.now);
        let grants = self.every_grant()?;
        for (node, lines) in &plan.recipients {
            let Some((recipient, _)) = self.recipient_of(node)? else {
                return Ok(Some(format!("{node} is no peer or client any more")));
            };
            let question = view.question(view.now, &grants);
            let mut workers: Vec<_> = (0..parallel::workers())
                .map(|_| {
                    let gate = Gate::new(&recipient, &agreements, &view.rules, &question);
                    (gate, Sight::default())
                })
                .collect();
            let look = |(gate, sight): &mut (Gate<'_>, Sight), run: &[PlanEntry]| {
                let asked = (gate, sight);
                let why = self.first_difference(run, asked, review.as_ref(), record)?;
                Ok((run.len(), why))
            };
            let mut differs = None;
            parallel::in_order(lines, &mut workers, look, |(steps, why)| {
                way.steps(steps as u64);
                differs = why;
                if differs.is_some() {
                    ControlFlow::Break(())
                } else {
                    ControlFlow::Continue(())
                }
            })?;
            if differs.is_some() {
                return Ok(differs);
            }
        }
        Ok(None)
    }

    /// Of these lines of a plan, the first for which the gate or the review answers otherwise.
    /// Without `review`, the gate alone is asked.
    fn first_difference(
        &self,
        lines: &[PlanEntry],
        (gate, sight): (&mut Gate<'_>, &mut Sight),
        review: Option<&Review>,
        record: &ActRecord,
    ) -> Result<Option<String>, Failure> {
        let to = gate.recipient().node;
        let accepted = accepted_in(record);
        let reader = self.inside()?;
        let _instant = reader.instant().map_err(store_failure)?;
        for line in lines {
            let stored = reader.item(&line.item).map_err(store_failure)?;
            let marked = match &stored {
                Some(stored) => self.marked(stored)?.map(|marked| (stored, marked)),
                None => None,
            };
            let Some((stored, marked)) = marked else {
                return Ok(Some(format!("item {} is gone", line.item)));
            };
            let (outgoing, decision) = gate.outgoing(&marked, &provenance(stored));
            let outgoing = outgoing.filter(|outgoing| outgoing.hash() == line.rendition);
            let Some(outgoing) = outgoing else {
                let first = decision.reasons.first();
                let why = first.map_or("other bytes would leave".into(), ToString::to_string);
                return Ok(Some(format!("item {}: {why}", line.item)));
            };
            let findings = match review {
                None => Vec::new(),
                Some(review) => {
                    let asked = (&mut *gate, &mut *sight);
                    self.findings(review, &reader, asked, &marked, &outgoing)?
                }
            };
            let stops = stopping(&findings, &to, &line.item, &accepted);
            if let Some(finding) = stops.first() {
                return Ok(Some(format!("item {}: {}", line.item, finding.concern)));
            }
            if decision.needs_second_person && record.approval.is_none() {
                return Ok(Some(format!("item {}: {SECOND_PERSON}", line.item)));
            }
        }
        Ok(None)
    }

    /// Put releases into a recipient's log, and one line with the log's root into the ledger.
    pub(crate) fn queue_releases(
        &self,
        tx: &mut Tx<'_>,
        order: &Queued<'_>,
        node: &NodeId,
        lines: &[PlanEntry],
        step: &mut dyn FnMut(),
    ) -> Result<u64, WriteError> {
        let precedence = order.precedence;
        for line in lines {
            self.send_consent(tx, node, &line.item, order.purpose, precedence)?;
        }
        let first = tx.log_size(node)?;
        let mut at = tx.log_next_at(node, self.now())?;
        let mut queued = 0;
        for line in lines {
            step();
            let Some(seq) = tx.seq_of(&line.item)? else {
                continue;
            };
            let leaf = LogLeaf {
                number: first + queued,
                kind: EntryKind::Release,
                at,
                precedence,
                digest: line.rendition.0,
                salt: self.chance(),
            };
            let payload = LogPayload::Item {
                seq,
                rendition: line.rendition,
                act: order.act,
                reduced: line.reduced,
            };
            tx.log_append(node, &leaf, &payload)?;
            at = Timestamp::from_micros(at.micros() + 1);
            queued += 1;
        }
        let root = tx.log_root(node)?;
        let mut body = Object::new()
            .with("to", text(node))
            .with("first", int(first))
            .with("count", int(queued))
            .with("log_root", text(Digest(root)));
        if let Some(act) = &order.act {
            body.insert("act", text(act));
        }
        tx.append(&self.line(LineKind::Released, order.person, body))?;
        Ok(queued)
    }

    /// Put a recall, receipt or document into a partner's log.
    pub(crate) fn log_bytes(
        &self,
        tx: &mut Tx<'_>,
        node: &NodeId,
        kind: EntryKind,
        precedence: Precedence,
        bytes: Vec<u8>,
    ) -> Result<(), WriteError> {
        self.log_notice(tx, node, kind, precedence, LogPayload::Bytes(bytes))
    }

    /// The next leaf of a recipient's log: its number, and a time later than the last one's.
    pub(crate) fn next_leaf(
        &self,
        tx: &mut Tx<'_>,
        node: &NodeId,
        kind: EntryKind,
        precedence: Precedence,
        digest: Digest,
    ) -> Result<LogLeaf, WriteError> {
        Ok(LogLeaf {
            number: tx.log_size(node)?,
            kind,
            at: tx.log_next_at(node, self.now())?,
            precedence,
            digest,
            salt: self.chance(),
        })
    }
}
