//! Mark, judge, record: each object gets its effective marking, the gate admits or holds it, and
//! item, indexes and ledger line are written in one transaction.

use std::sync::mpsc::Receiver;

use noroshi_formats::{Form, Valid};
use noroshi_gate::acts::Approved;
use noroshi_gate::{Admission, AdmitContext, Marked, MarkingTable, Previous, Rules, Via};
use noroshi_model::act::ActKind;
use noroshi_model::document::text;
use noroshi_model::json::Object;
use noroshi_model::ledger::{LedgerLine, LineKind};
use noroshi_model::profile::SourceProfile;
use noroshi_model::{Attribution, ItemHash, NodeId, Role, Signer, StixId, Timestamp};
use noroshi_store::{RecordKind, StoredItem, Tx, WriteError};

use crate::acts::Effect;
use crate::command::{ActAnswer, Failure, ImportAnswer};
use crate::intake::{Counted, Outcome};
use crate::node::{Node, store_failure};
use crate::records::ActRecord;

/// Most batches of an import recorded in one transaction.
const TRANSACTION_BATCHES: usize = 8;
/// Held items judged again in one transaction.
const HELD_PAGE: u32 = 1000;

impl Node {
    /// What can be done for a batch before the store is written: marking and signing. It runs
    /// beside the recording of the batch before, so an object that batch admits may be signed here
    /// in vain; the recording looks again.
    pub(crate) fn prepare_batch(
        &self,
        outcomes: Vec<Outcome>,
        profile: Option<&SourceProfile>,
    ) -> Result<Prepared, Failure> {
        let mut prepared = Prepared::default();
        let mut objects = Vec::with_capacity(outcomes.len());
        for outcome in outcomes {
            prepared.counted.answer.read += 1;
            match outcome {
                Ok((valid, notes)) => {
                    prepared.counted.note(valid.head(), &notes);
                    objects.push(valid);
                }
                Err(error) => {
                    prepared.counted.answer.refused += 1;
                    prepared
                        .counted
                        .row("error", error.code(), error.to_string());
                }
            }
        }
        prepared.learned = self.learn_markings(objects.iter())?;
        let own = profile.is_some_and(|profile| profile.own);
        let table = self.markings();
        let reader = self.inside()?;
        for valid in objects {
            if reader.knows(&valid.hash()).map_err(store_failure)? {
                prepared.counted.answer.known += 1;
                continue;
            }
            // What was converted from another form is nobody's own bytes here.
            let own = own && !valid.is_converted();
            let role = if own {
                Role::Originator
            } else {
                Role::Attestor
            };
            let marked = mark_for(valid, profile, &table);
            let attribution = self.attribute(role, marked.assigned(), &marked.hash());
            prepared.items.push((marked, attribution));
        }
        Ok(prepared)
    }

    /// The recording half of an import. A transaction takes what is ready, up to its cap: under
    /// load commits are few, and what trickles in is durable at once.
    pub(crate) fn record_batches(
        &self,
        batches: &Receiver<Result<Prepared, Failure>>,
        profile: Option<&SourceProfile>,
    ) -> Result<Counted, Failure> {
        let source = profile.map_or("file", |profile| profile.name.as_str());
        let mut counted = Counted::default();
        let mut next = batches.recv().ok();
        while let Some(first) = next.take() {
            let mut prepared = first?;
            let mut recording = Recording {
                source,
                rules: &self.rules()?,
                now: self.now(),
                counted: &mut counted,
            };
            self.store
                .write(|tx| {
                    for taken in 1.. {
                        self.record_prepared(tx, prepared, &mut recording)?;
                        if taken == TRANSACTION_BATCHES {
                            break;
                        }
                        match batches.try_recv() {
                            Ok(Ok(more)) => prepared = more,
                            Ok(failed) => {
                                next = Some(failed);
                                break;
                            }
                            Err(_) => break,
                        }
                    }
                    Ok::<(), WriteError>(())
                })
                .map_err(store_failure)?;
            if next.is_none() {
                next = batches.recv().ok();
            }
        }
        Ok(counted)
    }

    fn record_prepared(
        &self,
        tx: &mut Tx<'_>,
        prepared: Prepared,
        recording: &mut Recording<'_>,
    ) -> Result<(), WriteError> {
        for (id, bytes) in &prepared.learned {
            tx.put(RecordKind::Marking, id.as_str().as_bytes(), bytes)?;
        }
        recording.counted.add(prepared.counted);
        for (marked, attribution) in prepared.items {
            self.record_own(tx, marked, &attribution, recording)?;
        }
        Ok(())
    }

    /// Marking definitions among the objects are learned before anything that names them is
    /// judged, so that their order in a file does not matter.
    fn learn_markings<'a>(
        &self,
        objects: impl Iterator<Item = &'a Valid>,
    ) -> Result<Vec<(StixId, Vec<u8>)>, Failure> {
        let mut learned = Vec::new();
        for valid in objects.filter(|valid| valid.head().id.kind() == "marking-definition") {
            if self.markings_mut().learn(valid.object()).is_ok() {
                learned.push((valid.head().id.clone(), valid.canonical().to_vec()));
            }
        }
        Ok(learned)
    }

    /// Learn one definition and keep it.
    pub(crate) fn learn_marking(&self, valid: &Valid) -> Result<(), Failure> {
        for (id, bytes) in self.learn_markings(std::iter::once(valid))? {
            self.store
                .write(|tx| tx.put(RecordKind::Marking, id.as_str().as_bytes(), &bytes))
                .map_err(store_failure::<WriteError>)?;
        }
        Ok(())
    }

    fn record_own(
        &self,
        tx: &mut Tx<'_>,
        marked: Marked,
        attribution: &Attribution,
        recording: &mut Recording<'_>,
    ) -> Result<(), WriteError> {
        let hash = marked.valid().hash();
        let answer = &mut recording.counted.answer;
        if tx.knows(&hash)? {
            answer.known += 1;
            return Ok(());
        }
        let Recording { source, now, .. } = *recording;
        let context = AdmitContext {
            rules: recording.rules,
            world: self.world(),
            via: Via::Import {
                own: attribution.role == Role::Originator,
            },
            previous: self.previous_of(tx, &marked)?,
            agreements: &[],
            now,
            grants: &[],
        };
        let body = item_body(&hash, source, &self.me());
        match noroshi_gate::admit(marked, &context) {
            Admission::Admitted(admitted) => {
                let line = LedgerLine {
                    at: now,
                    kind: LineKind::Admitted,
                    person: None,
                    body,
                };
                let added = tx.admit(&admitted, attribution, source, &line)?;
                answer.admitted += u64::from(added.fresh);
            }
            Admission::Held(held) => {
                for reason in held.reasons() {
                    *answer.held.entry(reason.code().to_owned()).or_default() += 1;
                }
                let codes: Vec<&str> = held.reasons().iter().map(|r| r.code()).collect();
                let body = body.with("reasons", codes);
                let line = LedgerLine {
                    at: now,
                    kind: LineKind::Held,
                    person: None,
                    body,
                };
                tx.hold(&held, Some(attribution), source, &line)?;
            }
        }
        Ok(())
    }

    /// The version this object would follow, as far as the gate needs it.
    pub(crate) fn previous_of(
        &self,
        tx: &mut Tx<'_>,
        marked: &Marked,
    ) -> Result<Option<Previous>, WriteError> {
        let head = marked.valid().head();
        let current = tx.current(&head.id)?;
        Ok(current.map(|item| Previous {
            modified: item.modified,
            label: item.label,
            answered_by: item.node,
            role: item.role,
        }))
    }

    /// This node's signed answer for an item.
    pub(crate) fn attribute(
        &self,
        role: Role,
        assigned: &[StixId],
        hash: &ItemHash,
    ) -> Attribution {
        let keys = self.keys();
        let key = keys.items.key_id();
        let node = self.me();
        let message = Attribution::message(self.world(), role, &node, &key, assigned, hash);
        let signature = keys.items.sign(&message);
        Attribution {
            role,
            node,
            key,
            assigned: assigned.to_vec(),
            signature,
        }
    }

    /// Items held because a marking was unknown are judged again once definitions have come.
    pub(crate) fn judge_held_again(&self, answer: &mut ImportAnswer) -> Result<(), Failure> {
        let code = noroshi_gate::Reason::UNKNOWN_MARKING;
        if answer.held.contains_key(code) {
            let admitted = self.judge_all_held(code)?;
            answer.admitted += admitted;
            if let Some(count) = answer.held.get_mut(code) {
                *count = count.saturating_sub(admitted);
            }
            answer.held.retain(|_, count| *count > 0);
        }
        Ok(())
    }

    /// The same after a peer has sent something.
    pub(crate) fn judge_peer_held_again(&self) -> Result<u64, Failure> {
        self.judge_all_held(noroshi_gate::Reason::UNKNOWN_MARKING)
    }

    fn judge_all_held(&self, code: &str) -> Result<u64, Failure> {
        let view = self.gate_view("")?;
        let agreements = self.standings(&view.agreements, view.now);
        let mut after = 0;
        let mut admitted = 0;
        loop {
            let held = self
                .inside()?
                .held(after, HELD_PAGE)
                .map_err(store_failure)?;
            let Some(last) = held.last() else {
                return Ok(admitted);
            };
            after = last.seq;
            let mut again = Vec::new();
            for row in held
                .iter()
                .filter(|row| row.reasons.iter().any(|r| r == code))
            {
                let stored = self.inside()?.item(&row.hash).map_err(store_failure)?;
                let Some(stored) = stored else { continue };
                let Some(marked) = self.marked(&stored)? else {
                    continue;
                };
                let sender = match stored.source.parse::<NodeId>() {
                    Ok(node) => self.peer(&node)?.map(|peer| self.recipient(&peer)),
                    Err(_) => None,
                };
                again.push((stored, marked, sender));
            }
            if again.is_empty() {
                continue;
            }
            admitted += self
                .store
                .write(|tx| {
                    let mut count = 0;
                    for (stored, marked, sender) in again {
                        let via = match (&sender, &stored.attribution) {
                            (Some(sender), Some(attribution)) => Via::Peer {
                                sender,
                                attribution,
                            },
                            _ => Via::Import {
                                own: stored.role == Some(Role::Originator),
                            },
                        };
                        let previous = self.previous_of(tx, &marked)?;
                        let context = AdmitContext {
                            rules: &view.rules,
                            world: self.world(),
                            via,
                            previous,
                            agreements: &agreements,
                            now: view.now,
                            grants: &[],
                        };
                        if let Admission::Admitted(item) = noroshi_gate::admit(marked, &context) {
                            tx.readmit(stored.seq, &item)?;
                            let body = Object::new().with("item", text(stored.hash));
                            tx.append(&self.line(LineKind::Readmitted, None, body))?;
                            count += 1;
                        }
                    }
                    Ok::<u64, WriteError>(count)
                })
                .map_err(store_failure)?;
        }
    }

    /// A stored item marked again by the table of now; `None` when its bytes are gone.
    pub(crate) fn marked(&self, stored: &StoredItem) -> Result<Option<Marked>, Failure> {
        let Some(bytes) = &stored.canonical else {
            return Ok(None);
        };
        let (valid, _) =
            noroshi_formats::read(bytes, Form::Stix21, self.limits()).map_err(|error| {
                Failure::new("store.item", 5, format_args!("{}: {error}", stored.hash))
            })?;
        let assigned: &[StixId] = stored
            .attribution
            .as_ref()
            .map_or(&[], |attribution| &attribution.assigned);
        Ok(Some(noroshi_gate::mark(valid, assigned, &self.markings())))
    }

    /// Ask for a held item that lowers its marking to be admitted.
    pub(crate) fn marking_lower(&self, named: &str, person: &str) -> Result<ActAnswer, Failure> {
        let stored = self.find_item(named)?;
        let code = noroshi_gate::Reason::LOWERS_MARKING;
        if !stored.reasons.iter().any(|reason| reason == code) {
            return Err(Failure::new(
                "marking.not_lowering",
                3,
                "this item is not held for lowering a marking",
            )
            .arg("item", named));
        }
        let subject = Object::new()
            .with("item", text(stored.hash))
            .with("id", stored.id.as_str());
        self.prepare(ActKind::MarkingLower, subject, person, true, None, 24 * 60)
    }

    pub(crate) fn execute_marking_lower(
        &self,
        record: &mut ActRecord,
        approved: &Approved,
    ) -> Result<Effect, Failure> {
        let gone = || {
            Failure::new(
                "item.unknown",
                4,
                "the item of this act is not held any more",
            )
        };
        let hash = crate::acts::subject_digest(record, "item")
            .map(ItemHash)
            .ok_or_else(gone)?;
        let stored = self
            .inside()?
            .item(&hash)
            .map_err(store_failure)?
            .ok_or_else(gone)?;
        let marked = self.marked(&stored)?.ok_or_else(gone)?;
        let admitted = noroshi_gate::admit_lowered(marked, approved)
            .map_err(|reason| Failure::new(reason.code(), 3, reason))?;
        let ledger_line = self
            .store
            .write(|tx| {
                tx.readmit(stored.seq, &admitted)?;
                tx.append(&self.line(
                    LineKind::Readmitted,
                    Some(&record.act.requester),
                    Object::new().with("item", text(hash)),
                ))?;
                self.close_act(tx, record, approved)
            })
            .map_err(store_failure::<WriteError>)?;
        Ok(Effect {
            ledger_line,
            entries: 0,
            wake: Vec::new(),
        })
    }
}

/// Mark an object: its own markings, or where they release nothing the profile's as well.
fn mark_for(valid: Valid, profile: Option<&SourceProfile>, table: &MarkingTable) -> Marked {
    let marked = noroshi_gate::mark(valid, &[], table);
    match profile {
        Some(profile) if !marked.object_label().is_release_marking() => {
            noroshi_gate::mark(marked.into_valid(), &profile.assigned, table)
        }
        _ => marked,
    }
}

/// What the objects of one transaction have in common, and what they come to.
struct Recording<'a> {
    source: &'a str,
    rules: &'a Rules,
    now: Timestamp,
    counted: &'a mut Counted,
}

/// A batch on its way to the recorder.
#[derive(Default)]
pub(crate) struct Prepared {
    /// Marking definitions learned, to be kept.
    learned: Vec<(StixId, Vec<u8>)>,
    /// What is to be judged and recorded, with this node's answer for it.
    items: Vec<(Marked, Attribution)>,
    /// What is known of the rest.
    counted: Counted,
}

/// The body of an item's ledger line.
pub(crate) fn item_body(hash: &ItemHash, source: &str, by: &NodeId) -> Object {
    Object::new()
        .with("item", text(hash))
        .with("source", source)
        .with("by", text(by))
}
