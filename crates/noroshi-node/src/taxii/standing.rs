//! Standing releases: a collection that was ordered to fill itself takes what the gate releases to
//! its client, item by item as they come, and everything once more when the rules change.
//!
//! The order of two persons allows what one person may release; what needs a second person's eyes
//! on the very bytes is never taken, and waits for `noroshi share`.

use std::ops::ControlFlow;
use std::sync::Arc;

use noroshi_gate::{AgreementInForce, Gate, Outcome, Recipient};
use noroshi_model::Digest;
use noroshi_model::document::{DocumentError, Fields, text};
use noroshi_model::json::{Object, Value};
use noroshi_model::ledger::LineKind;
use noroshi_model::link::Precedence;
use noroshi_store::{Filter, ItemRow, Reader, RecordKind, WriteError};

use super::clients::Client;
use super::collections::Collection;
use super::hand::{Brought, Hand};
use super::pages::Seen;
use crate::command::{Event, Failure};
use crate::node::{Node, lock, store_failure};
use crate::parallel;
use crate::plan::{GateView, provenance};
use crate::records::{PlanEntry, Record, int};
use crate::release::Queued;
use crate::review::{Review, Sight, stopping};
use crate::sink::Sink;

/// Items looked at between two writes.
const PAGE: u32 = 1000;

/// How far a collection has looked, and what the gate's answers rested on.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Standing {
    /// The last item looked at.
    seq: u64,
    /// See [`Node::basis`].
    basis: Digest,
}

impl Record for Standing {
    fn to_bytes(&self) -> Vec<u8> {
        Value::Object(
            Object::new()
                .with("v", 1)
                .with("seq", int(self.seq))
                .with("basis", text(self.basis)),
        )
        .canonical()
    }

    fn from_bytes(bytes: &[u8]) -> Result<Self, DocumentError> {
        let mut fields = Fields::read("standing release", bytes)?;
        fields.version(1)?;
        let standing = Self {
            seq: fields.number("seq")?,
            basis: fields.parsed("basis")?,
        };
        fields.end()?;
        Ok(standing)
    }
}

/// One item that a collection looks at.
enum Candidate<'a> {
    /// To be read from the store.
    Stored(Box<ItemRow>),
    /// In hand from who brought it.
    Brought(&'a Brought),
}

fn stored<'a>(row: ItemRow) -> Candidate<'a> {
    Candidate::Stored(Box::new(row))
}

/// What one run of candidates came to for a client.
#[derive(Default)]
struct Looked {
    entries: Vec<PlanEntry>,
    /// Whose answer may be remembered, in the order of the entries.
    plain: Vec<bool>,
    stopped: Vec<Value>,
}

/// What candidates are looked at with, on one thread.
struct Looker<'a> {
    gate: Gate<'a>,
    sight: Sight,
}

/// One collection being filled.
struct Filling<'a> {
    collection: &'a Collection,
    to: Recipient,
    agreements: Vec<AgreementInForce<'a>>,
    review: Review,
    view: &'a GateView,
}

impl Node {
    /// Bring every standing collection up to what the gate says now. How many entries were added.
    /// The work is that of the items that came since; all of them where the rules have changed.
    ///
    /// # Errors
    /// The store fails; what was added stands.
    pub fn release_standing(&self, sink: &mut dyn Sink) -> Result<u64, Failure> {
        self.release_brought(None, sink)
    }

    /// The same for who has just brought items, with what of them is still in hand.
    pub(crate) fn release_brought(
        &self,
        hand: Option<&Hand>,
        sink: &mut dyn Sink,
    ) -> Result<u64, Failure> {
        let collections = self.collections()?;
        // One at a time: two would add the same item twice.
        let _turn = lock(&self.standing_turn);
        let late = self.late_items()?;
        let mut added = 0;
        for collection in collections.iter().filter(|collection| collection.standing) {
            match self.client(collection.client.as_str()) {
                Ok(client) => added += self.fill((collection, &client), (&late, hand), sink)?,
                Err(failure) if failure.exit == 4 => {}
                Err(failure) => return Err(failure),
            }
        }
        if !late.is_empty() {
            self.store
                .write(|tx| {
                    let mut keys = late.iter().map(|row| row.seq.to_be_bytes());
                    keys.try_for_each(|key| tx.delete(RecordKind::Late, &key))
                })
                .map_err(store_failure::<WriteError>)?;
        }
        Ok(added)
    }

    /// Does any collection fill itself?
    pub(crate) fn has_standing(&self) -> Result<bool, Failure> {
        let collections = self.collections()?;
        Ok(collections.iter().any(|collection| collection.standing))
    }

    /// Items that were held when they came, and admitted behind the place a standing release has
    /// looked up to.
    fn late_items(&self) -> Result<Vec<ItemRow>, Failure> {
        let reader = self.inside()?;
        let keys = reader.records(RecordKind::Late).map_err(store_failure)?;
        let mut late = Vec::new();
        for (key, _) in keys {
            let seq = key.try_into().map(u64::from_be_bytes);
            let found = seq.map(|seq| reader.item_at(seq)).unwrap_or(Ok(None));
            late.extend(found.map_err(store_failure)?.map(|stored| stored.row));
        }
        Ok(late)
    }

    fn fill(
        &self,
        (collection, client): (&Collection, &Client),
        (late, hand): (&[ItemRow], Option<&Hand>),
        sink: &mut dyn Sink,
    ) -> Result<u64, Failure> {
        let view = self.gate_view(&collection.purpose)?;
        let basis = self.basis(&view, client, collection)?;
        let key = collection.name.as_str().as_bytes();
        let known: Option<Standing> = self.record(RecordKind::Standing, key)?;
        let last = self.inside()?.last_seq().map_err(store_failure)?;
        let mut seq = match &known {
            Some(known) if known.basis == basis => known.seq,
            Some(_) => {
                self.void_refused(collection, client)?;
                0
            }
            None => 0,
        };
        let filling = Filling {
            collection,
            to: self.client_recipient(client)?,
            agreements: self.standings(&view.agreements, view.now),
            review: self.review(view.now)?,
            view: &view,
        };
        let seen = self.seen(&filling.to, &view, &collection.purpose);
        // What is remembered stands on one table of markings, from here to the end.
        let hand = hand.filter(|hand| hand.is_of(seen.markings()));
        let generation = self.store.generation();
        let mut lookers = self.lookers(&filling, seen.sights(generation));
        let late: Vec<Candidate<'_>> = late.iter().cloned().map(stored).collect();
        let looked = self.look(&filling, &mut lookers, &late)?;
        let mut added = self.queue((&filling, &seen), &looked, None)?;
        let mut written = known;
        while let Some((end, page)) = self.next_page(collection, seq, hand)? {
            seq = end;
            if page.is_empty() {
                continue;
            }
            let looked = self.look(&filling, &mut lookers, &page)?;
            let standing = Standing { seq, basis };
            added += self.queue((&filling, &seen), &looked, Some(&standing))?;
            written = Some(standing);
            sink.send(Event::Progress {
                label: "progress-standing".into(),
                done: seq,
                total: Some(last),
            });
        }
        let standing = Standing {
            seq: seq.max(last),
            basis,
        };
        if written.as_ref() != Some(&standing) {
            self.queue((&filling, &seen), &Looked::default(), Some(&standing))?;
        }
        let sights = lookers.into_iter().map(|looker| looker.sight).collect();
        seen.keep_sights(generation, sights);
        Ok(added)
    }

    /// What came behind a position, and up to where: from who brought it, as far as that goes.
    fn next_page<'h>(
        &self,
        collection: &Collection,
        seq: u64,
        hand: Option<&'h Hand>,
    ) -> Result<Option<(u64, Vec<Candidate<'h>>)>, Failure> {
        let ahead = hand.filter(|hand| hand.after >= seq && hand.upto > seq);
        if let Some(hand) = ahead.filter(|hand| hand.after == seq) {
            let brought = hand.items.iter().map(Candidate::Brought).collect();
            return Ok(Some((hand.upto, brought)));
        }
        let filter = Filter {
            kind: match &collection.types[..] {
                [only] => Some(only.clone()),
                _ => None,
            },
            state: Some("admitted".into()),
            source: collection.source.clone(),
            current_only: true,
        };
        let page = self.inside()?.page(seq, PAGE, &filter);
        let mut page = page.map_err(store_failure)?;
        // What is in hand need not be read.
        page.retain(|row| ahead.is_none_or(|hand| row.seq <= hand.after));
        let end = page.last().map(|row| row.seq);
        let end = end.or(ahead.map(|hand| hand.after));
        Ok(end.map(|end| (end, page.into_iter().map(stored).collect())))
    }

    /// What the gate does not release any more is voided, so that it comes back behind every cursor
    /// should the gate release it again: a client that asked meanwhile has not had it.
    fn void_refused(&self, collection: &Collection, client: &Client) -> Result<(), Failure> {
        let refused = self.no_longer_released(client, collection)?;
        let node = client.node(&self.me());
        for numbers in refused.chunks(PAGE as usize) {
            let body = Object::new()
                .with("to", text(node))
                .with("count", int(numbers.len() as u64))
                .with(
                    "why",
                    "the gate does not release it to this client any more",
                );
            let line = self.line(LineKind::Voided, None, body);
            self.store
                .write(|tx| {
                    for number in numbers {
                        tx.log_void(&node, *number)?;
                    }
                    tx.append(&line).map(|_| ())
                })
                .map_err(store_failure::<WriteError>)?;
        }
        Ok(())
    }

    fn lookers<'a>(&self, filling: &'a Filling<'_>, mut sights: Vec<Sight>) -> Vec<Looker<'a>> {
        let question = filling.view.question(filling.view.now, &[]);
        let rules = &filling.view.rules;
        let looker = |_| Looker {
            gate: Gate::new(&filling.to, &filling.agreements, rules, &question),
            sight: sights.pop().unwrap_or_default(),
        };
        (0..parallel::workers()).map(looker).collect()
    }

    /// Ask the gate, and the review, about these candidates.
    fn look(
        &self,
        filling: &Filling<'_>,
        lookers: &mut [Looker<'_>],
        candidates: &[Candidate<'_>],
    ) -> Result<Looked, Failure> {
        let mut all = Looked::default();
        let look = |looker: &mut Looker<'_>, run: &[Candidate<'_>]| {
            let reader = self.inside()?;
            // One look at the store for the whole run; the gate is asked again on serving.
            let _instant = reader.instant().map_err(store_failure)?;
            let mut looked = Looked::default();
            for candidate in run {
                self.look_at(filling, (looker, &reader), candidate, &mut looked)?;
            }
            Ok(looked)
        };
        parallel::in_order(candidates, lookers, look, |looked| {
            all.entries.extend(looked.entries);
            all.plain.extend(looked.plain);
            all.stopped.extend(looked.stopped);
            ControlFlow::Continue(())
        })?;
        Ok(all)
    }

    fn look_at(
        &self,
        filling: &Filling<'_>,
        (looker, reader): (&mut Looker<'_>, &Reader<'_>),
        candidate: &Candidate<'_>,
        looked: &mut Looked,
    ) -> Result<(), Failure> {
        let read;
        let (marked, provenance) = match candidate {
            Candidate::Brought(brought) => {
                let is_current = reader.is_current(brought.seq).map_err(store_failure)?;
                let kind = brought.marked.valid().head().id.kind();
                if !is_current || !filling.collection.shows(kind, &brought.source) {
                    return Ok(());
                }
                (&brought.marked, brought.provenance)
            }
            Candidate::Stored(row) => {
                if !filling.collection.shows(row.id.kind(), &row.source) {
                    return Ok(());
                }
                let Some(stored) = reader.item_at(row.seq).map_err(store_failure)? else {
                    return Ok(());
                };
                let Some(marked) = self.marked(&stored)? else {
                    return Ok(());
                };
                read = marked;
                (&read, provenance(&stored))
            }
        };
        let (outgoing, decision) = looker.gate.outgoing(marked, &provenance);
        let Some(outgoing) = outgoing.filter(|_| !decision.needs_second_person) else {
            return Ok(());
        };
        let (item, rendition) = (marked.hash(), outgoing.hash());
        let was_released = reader.was_released(&filling.to.node, &item, &rendition);
        if was_released.map_err(store_failure)? {
            return Ok(());
        }
        let asked = (&mut looker.gate, &mut looker.sight);
        let findings = self.findings(&filling.review, reader, asked, marked, &outgoing)?;
        let stops = stopping(&findings, &filling.to.node, &item, &[]);
        if stops.is_empty() {
            let reduced = decision.outcome == Outcome::Reduced;
            let is_own = provenance.node == Some(self.me());
            looked.plain.push(!reduced && is_own && marked.is_plain());
            looked.entries.push(PlanEntry {
                item,
                rendition,
                reduced,
            });
        } else {
            let codes = stops.iter().map(|finding| finding.concern.code());
            let stopped = Object::new()
                .with("item", text(item))
                .with("reasons", codes.collect::<Vec<&str>>());
            looked.stopped.push(stopped.into());
        }
        Ok(())
    }

    /// Put what may leave into the client's log; with it how far was looked.
    fn queue(
        &self,
        (filling, seen): (&Filling<'_>, &Seen),
        looked: &Looked,
        standing: Option<&Standing>,
    ) -> Result<u64, Failure> {
        let Looked {
            entries, stopped, ..
        } = looked;
        if entries.is_empty() && stopped.is_empty() && standing.is_none() {
            return Ok(0);
        }
        let to = filling.to.node;
        let purpose = &*filling.collection.purpose;
        let (first, added) = self
            .store
            .write(|tx| {
                if let Some(standing) = standing {
                    let key = filling.collection.name.as_str().as_bytes();
                    tx.put(RecordKind::Standing, key, &standing.to_bytes())?;
                }
                if !stopped.is_empty() {
                    // For people to look at: they may share it and answer for what was found.
                    let body = Object::new()
                        .with("to", text(to))
                        .with("purpose", purpose)
                        .with("stopped", int(stopped.len() as u64))
                        .with("items", stopped.clone());
                    tx.append(&self.line(LineKind::Denied, None, body))?;
                }
                if entries.is_empty() {
                    return Ok((0, 0));
                }
                let queued = Queued {
                    act: None,
                    person: None,
                    purpose,
                    precedence: Precedence::Routine,
                };
                let added = self.queue_releases(tx, &queued, &to, entries, &mut || {})?;
                // The releases stand at the log's end, whatever was put before them.
                Ok((tx.log_size(&to)? - added, added))
            })
            .map_err(store_failure::<WriteError>)?;
        // Marked by another table than the one the memory stands on, nothing is remembered.
        let is_of_table = Arc::ptr_eq(seen.markings(), &self.markings());
        if is_of_table && added == looked.plain.len() as u64 {
            let plain = (first..).zip(&looked.plain).filter(|(_, plain)| **plain);
            seen.add(plain.map(|(number, _)| number).collect());
        }
        Ok(added)
    }

    /// What the gate's answers for a collection rest on beside the items: rules, arrangement and
    /// where it stands, what is known of markings, and the collection itself.
    fn basis(
        &self,
        view: &GateView,
        client: &Client,
        collection: &Collection,
    ) -> Result<Digest, Failure> {
        let node = client.node(&self.me());
        let standings = self.standings(&view.agreements, view.now);
        let concerns = standings
            .iter()
            .filter(|held| held.agreement.has_party(&node));
        let standings: Vec<String> = concerns
            .map(|held| format!("{} {:?}", held.item, held.standing))
            .collect();
        let markings = self
            .inside()?
            .records(RecordKind::Marking)
            .map_err(store_failure)?;
        let known: Vec<Digest> = markings
            .iter()
            .map(|(key, bytes)| Digest::of_parts(&[key, bytes]))
            .collect();
        let rules = format!(
            "{:?} {:?} {:?}",
            view.rules.second_person_above,
            view.rules.coalitions,
            self.review_rules()?
        );
        let types = if self.knows_own_types(&node)? {
            " knows own types"
        } else {
            ""
        };
        let collection = collection.to_bytes();
        Ok(Digest::of(
            format!(
                "{rules} {standings:?} {known:?} {}{types}",
                Digest::of(&collection)
            )
            .as_bytes(),
        ))
    }
}
