//! Mark, judge, record: each object gets its effective marking, the gate admits or holds it, and
//! item, indexes and ledger line are written in one transaction.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::Duration;

use noroshi_formats::Valid;
use noroshi_gate::{
    Admission, AdmitContext, Learned, Marked, MarkingTable, Previous, Rules, Scope, Via,
};
use noroshi_model::document::text;
use noroshi_model::json::Object;
use noroshi_model::ledger::{LedgerLine, LineKind};
use noroshi_model::profile::SourceProfile;
use noroshi_model::{Attribution, Digest, Head, ItemHash, NodeId, Role, Signer, StixId, Timestamp};
use noroshi_store::{ItemState, RecordKind, Standing, StoredItem, Tx, WriteError};

use crate::command::Failure;
use crate::intake::{Counted, ObjectFate, Origin, Outcome, Verdict};
use crate::node::{Node, store_failure};
use crate::taxii::hand::Taking;

/// Most batches of an import recorded in one transaction.
const TRANSACTION_BATCHES: usize = 32;
/// How long a transaction waits for the next batch: about what it would cost to commit without it,
/// for a post of a thousand objects is one commit then and not sixteen.
const GATHER: Duration = Duration::from_millis(10);
/// Why nothing is closed behind objects that may not be all.
const CUT: &str = "reading ended before the end: nothing of the last objects is kept";
/// The source of what is imported without a profile.
pub(crate) const NO_PROFILE: &str = "file";

impl Node {
    /// What can be done for a batch before the store is written: marking and signing. It runs
    /// beside the recording of the batch before, so an object that batch admits may be signed here
    /// in vain; the recording looks again.
    pub(crate) fn prepare_batch(
        &self,
        outcomes: Vec<Outcome>,
        origin: Origin<'_>,
    ) -> Result<Prepared, Failure> {
        let profile = origin.profile;
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
                    if origin.by_name {
                        prepared.counted.fate(ObjectFate {
                            id: error.object(),
                            version: None,
                            verdict: Verdict::Refused(error.to_string()),
                        });
                    }
                    prepared
                        .counted
                        .row("error", error.code(), error.to_string());
                }
            }
        }
        let scope = origin.scope();
        prepared.learned = self.learn_markings(objects.iter(), &scope, &mut prepared.counted);
        prepared.counted.has_learned = !prepared.learned.is_empty();
        let own = profile.is_some_and(|profile| profile.own);
        let table = self.markings();
        prepared.markings = Some(Arc::clone(&table));
        let reader = self.inside()?;
        for valid in objects {
            // A held one may be judged otherwise now: with a profile that marks it, say.
            match reader.state(&valid.hash()).map_err(store_failure)? {
                None | Some(ItemState::Held) => {}
                Some(_) => {
                    prepared.counted.answer.known += 1;
                    if origin.by_name {
                        prepared.counted.fate(fate(valid.head(), Verdict::Known));
                    }
                    continue;
                }
            }
            // What was converted from another form is nobody's own bytes here.
            let own = own && !valid.is_converted();
            let role = if own {
                Role::Originator
            } else {
                Role::Attestor
            };
            let marked = mark_for(valid, profile, &table, &scope);
            let attribution = self.attribute(role, marked.assigned(), &marked.hash());
            prepared.items.push((marked, attribution));
        }
        Ok(prepared)
    }

    /// The recording half of an import. A transaction takes what is ready, up to its cap: under
    /// load commits are few, and what trickles in is durable at once.
    pub(crate) fn record_batches(
        &self,
        batches: &Receiver<Option<Result<Prepared, Failure>>>,
        origin: Origin<'_>,
        mut taking: Taking,
    ) -> Result<Counted, Failure> {
        let mut counted = Counted::default();
        let mut next = match batches.recv() {
            Ok(first) => first,
            Err(_) => cut(origin).map(|()| None).map_err(store_failure)?,
        };
        while let Some(first) = next.take() {
            let mut prepared = first?;
            let mut recording = Recording {
                origin,
                rules: &self.rules()?,
                now: self.now(),
                counted: &mut counted,
                taking: &mut taking,
                scope: origin.scope(),
            };
            let mut is_over = false;
            self.store
                .write(|tx| {
                    recording.taking.begin(tx, origin.source)?;
                    for taken in 1.. {
                        self.record_prepared(tx, prepared, &mut recording)?;
                        // Waiting here is for the parser, and hardly for who sends.
                        let more = if origin.is_at_hand {
                            batches.recv().map_err(|_| RecvTimeoutError::Disconnected)
                        } else {
                            batches.recv_timeout(GATHER)
                        };
                        match more {
                            Ok(Some(Ok(more))) if taken < TRANSACTION_BATCHES => {
                                prepared = more;
                                continue;
                            }
                            Ok(Some(more)) => next = Some(more),
                            Ok(None) => {
                                is_over = true;
                                close(tx, origin, recording.counted)?;
                            }
                            Err(RecvTimeoutError::Timeout) => {}
                            Err(RecvTimeoutError::Disconnected) => {
                                is_over = true;
                                cut(origin)?;
                            }
                        }
                        break;
                    }
                    recording.taking.end(tx)
                })
                .map_err(store_failure)?;
            if next.is_none() && !is_over {
                match batches.recv() {
                    Ok(Some(more)) => next = Some(more),
                    Ok(None) => self
                        .store
                        .write(|tx| close(tx, origin, &counted))
                        .map_err(store_failure)?,
                    Err(_) => cut(origin).map_err(store_failure)?,
                }
            }
        }
        counted.hand = taking.taken();
        Ok(counted)
    }

    fn record_prepared(
        &self,
        tx: &mut Tx<'_>,
        prepared: Prepared,
        recording: &mut Recording<'_>,
    ) -> Result<(), WriteError> {
        for (valid, scope, learned) in &prepared.learned {
            keep_definition(tx, valid, scope, *learned)?;
        }
        recording.counted.add(prepared.counted);
        if let Some(markings) = &prepared.markings {
            recording.taking.expect(markings);
        }
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
        scope: &Scope,
        counted: &mut Counted,
    ) -> Vec<(Valid, Scope, Learned)> {
        let mut kept = Vec::new();
        for valid in objects.filter(|valid| valid.head().id.kind() == "marking-definition") {
            // Whoever remembers answers forgets them where the table changes: not for nothing.
            let weighed = self.markings().weigh(valid.object(), scope);
            let learned = match weighed {
                // Nor for a definition that is not understood.
                Ok(Learned::Known) | Err(_) => weighed,
                Ok(_) => self.with_markings(|table| table.learn(valid.object(), scope)),
            };
            match learned {
                Ok(Learned::Known) => {}
                Ok(learned) => {
                    if learned == Learned::Disputed {
                        let why = "it is known with other content from this source: until that is \
                                   settled, what names it is held";
                        let id = &valid.head().id;
                        counted.row("error", "marking.disputed", format!("{id}: {why}"));
                    }
                    kept.push((valid.clone(), scope.clone(), learned));
                }
                Err(error) => counted.row("note", "marking.not_understood", error.to_string()),
            }
        }
        kept
    }

    /// Learn one definition of a source and keep it. `true`: it was not known.
    pub(crate) fn learn_marking(&self, valid: &Valid, origin: Origin<'_>) -> Result<bool, Failure> {
        let one = std::iter::once(valid);
        let mut counted = Counted::default();
        let kept = self.learn_markings(one, &origin.scope(), &mut counted);
        let has_learned = !kept.is_empty();
        for (valid, scope, learned) in kept {
            self.store
                .write(|tx| keep_definition(tx, &valid, &scope, learned))
                .map_err(store_failure::<WriteError>)?;
        }
        Ok(has_learned)
    }

    /// Judge and record one object.
    fn record_own(
        &self,
        tx: &mut Tx<'_>,
        marked: Marked,
        attribution: &Attribution,
        recording: &mut Recording<'_>,
    ) -> Result<(), WriteError> {
        let by_name = recording.origin.by_name;
        let head = by_name.then(|| marked.valid().head().clone());
        let verdict = self.judge_own(tx, marked, attribution, recording)?;
        if let Some(head) = head {
            recording.counted.fate(fate(&head, verdict));
        }
        Ok(())
    }

    fn judge_own(
        &self,
        tx: &mut Tx<'_>,
        marked: Marked,
        attribution: &Attribution,
        recording: &mut Recording<'_>,
    ) -> Result<Verdict, WriteError> {
        let hash = marked.valid().hash();
        let answer = &mut recording.counted.answer;
        let held = match tx.state(&hash)? {
            None => None,
            Some(ItemState::Held) => tx.item(&hash)?,
            Some(_) => {
                answer.known += 1;
                return Ok(Verdict::Known);
            }
        };
        // What a partner sent is its word, and judged by that.
        let is_ours = |stored: &StoredItem| stored.node.is_none_or(|node| node == self.me());
        if held.as_ref().is_some_and(|stored| !is_ours(stored)) {
            answer.known += 1;
            return Ok(Verdict::Known);
        }
        let (source, now) = (recording.origin.source, recording.now);
        let context = AdmitContext {
            rules: recording.rules,
            world: self.world(),
            via: Via::Import {
                own: attribution.role == Role::Originator,
            },
            previous: self.previous_of(tx, &marked, None)?,
            agreements: &[],
            now,
            grants: &[],
        };
        let body = item_body(&hash, source, &self.me());
        match noroshi_gate::admit(marked, &context) {
            Admission::Admitted(admitted) => {
                answer.admitted += 1;
                if let Some(stored) = held {
                    tx.readmit(&stored, &admitted, Some((attribution, source)))?;
                    self.readmitted(tx, &hash, None)?;
                    return Ok(Verdict::Admitted);
                }
                let line = LedgerLine {
                    at: now,
                    kind: LineKind::Admitted,
                    person: None,
                    body,
                };
                let added = tx.admit(&admitted, attribution, source, &line)?;
                let by = (attribution.node, attribution.role);
                let from = (source, &recording.scope);
                let marked = admitted.into_marked();
                recording.taking.put(added.seq, marked, by, from);
                Ok(Verdict::Admitted)
            }
            Admission::Held(_) if held.is_some() => {
                answer.known += 1;
                Ok(Verdict::Known)
            }
            Admission::Held(held) => {
                for reason in held.reasons() {
                    *answer.held.entry(reason.code().to_owned()).or_default() += 1;
                }
                let codes: Vec<&str> = held.reasons().iter().map(|r| r.code()).collect();
                let verdict = Verdict::Held(codes.iter().map(ToString::to_string).collect());
                let body = body.with("reasons", codes);
                let line = LedgerLine {
                    at: now,
                    kind: LineKind::Held,
                    person: None,
                    body,
                };
                tx.hold(&held, Some(attribution), source, &line)?;
                Ok(verdict)
            }
        }
    }

    /// The version this object would follow, as far as the gate needs it.
    pub(crate) fn previous_of(
        &self,
        tx: &mut Tx<'_>,
        marked: &Marked,
        without: Option<&ItemHash>,
    ) -> Result<Option<Previous>, WriteError> {
        let standing = tx.standing(&marked.valid().head().id, without)?;
        Ok(standing.map(|Standing { newest, label }| Previous {
            modified: newest.modified,
            label,
            answered_by: newest.node,
            role: newest.role,
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

    /// A marking definition is about to be destroyed: what was kept of it goes too, for every
    /// source that brought it, and it means nothing from now on. What names it is held or does not
    /// leave, and whoever brings it again changes nothing of that, as with any destroyed item.
    /// Where the transaction fails after this, it means nothing until the next start.
    pub(crate) fn forget_definition(
        &self,
        tx: &mut Tx<'_>,
        stored: &StoredItem,
    ) -> Result<(), WriteError> {
        if stored.id.kind() != "marking-definition" {
            return Ok(());
        }
        let id = stored.id.as_str().as_bytes();
        for (key, bytes) in tx.records_under(RecordKind::Marking, id)? {
            if Digest::of(&bytes) != stored.hash.0 {
                continue;
            }
            tx.put(RecordKind::Marking, &key, b"")?;
            let scope = String::from_utf8_lossy(&key);
            let scope = scope
                .split_once('\0')
                .and_then(|(_, scope)| scope.parse().ok());
            // Before scopes were kept: the item itself tells whose word it was.
            let scope = scope.unwrap_or_else(|| self.scope_of(stored));
            self.with_markings(|table| table.dispute(stored.id.clone(), scope));
        }
        Ok(())
    }

    /// A stored item marked again by the table of now; `None` when its bytes are gone.
    pub(crate) fn marked(&self, stored: &StoredItem) -> Result<Option<Marked>, Failure> {
        let Some(bytes) = &stored.canonical else {
            return Ok(None);
        };
        let valid = noroshi_formats::reread(bytes, &stored.hash, self.limits())
            .map_err(|error| Failure::new("store.item", 5, error))?;
        let assigned: &[StixId] = stored
            .attribution
            .as_ref()
            .map_or(&[], |attribution| &attribution.assigned);
        let scope = self.scope_of(stored);
        let table = self.markings();
        Ok(Some(noroshi_gate::mark(valid, assigned, &table, &scope)))
    }
}

/// All came: write what was to be written then.
fn close(tx: &mut Tx<'_>, origin: Origin<'_>, counted: &Counted) -> Result<(), WriteError> {
    origin
        .closing
        .map_or(Ok(()), |closing| closing(tx, counted))
}

/// It ended before all came.
fn cut(origin: Origin<'_>) -> Result<(), WriteError> {
    match origin.closing {
        Some(_) => Err(WriteError::Refused(CUT)),
        None => Ok(()),
    }
}

/// Mark an object: its own markings, or where they release nothing the profile's as well.
fn mark_for(
    valid: Valid,
    profile: Option<&SourceProfile>,
    table: &MarkingTable,
    scope: &Scope,
) -> Marked {
    let marked = noroshi_gate::mark(valid, &[], table, scope);
    match profile {
        Some(profile) if !marked.object_label().is_release_marking() => {
            noroshi_gate::mark(marked.into_valid(), &profile.assigned, table, scope)
        }
        _ => marked,
    }
}

/// Keep a learned definition, or that it is disputed.
pub(crate) fn keep_definition(
    tx: &mut Tx<'_>,
    valid: &Valid,
    scope: &Scope,
    learned: Learned,
) -> Result<(), WriteError> {
    let key = format!("{}\0{scope}", valid.head().id);
    let bytes = match learned {
        Learned::New => valid.canonical(),
        Learned::Disputed => b"",
        Learned::Known => return Ok(()),
    };
    tx.put(RecordKind::Marking, key.as_bytes(), bytes)
}

/// What the objects of one transaction have in common, and what they come to.
struct Recording<'a> {
    origin: Origin<'a>,
    rules: &'a Rules,
    now: Timestamp,
    counted: &'a mut Counted,
    /// Where what is admitted is kept for standing collections.
    taking: &'a mut Taking,
    /// By whose definitions it was marked.
    scope: Scope,
}

/// A batch on its way to the recorder.
#[derive(Default)]
pub(crate) struct Prepared {
    /// Marking definitions learned, to be kept.
    learned: Vec<(Valid, Scope, Learned)>,
    /// What is to be judged and recorded, with this node's answer for it.
    items: Vec<(Marked, Attribution)>,
    /// What is known of the rest.
    counted: Counted,
    /// What the items were marked by.
    markings: Option<Arc<MarkingTable>>,
}

fn fate(head: &Head, verdict: Verdict) -> ObjectFate {
    ObjectFate {
        id: head.id.to_string(),
        version: Some(head.modified),
        verdict,
    }
}

/// The body of an item's ledger line.
pub(crate) fn item_body(hash: &ItemHash, source: &str, by: &NodeId) -> Object {
    Object::new()
        .with("item", text(hash))
        .with("source", source)
        .with("by", text(by))
}
