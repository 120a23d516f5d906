//! Standing releases: a collection that was ordered to fill itself takes what the gate releases to
//! its client, item by item as they come, and everything once more when the rules change.
//!
//! The order of two persons allows what one person may release; what needs a second person's eyes
//! on the very bytes is never taken, and waits for `noroshi share`.

use noroshi_gate::{Gate, Outcome};
use noroshi_model::Digest;
use noroshi_model::document::{DocumentError, Fields, text};
use noroshi_model::json::{Object, Value};
use noroshi_model::ledger::LineKind;
use noroshi_model::link::Precedence;
use noroshi_store::{Filter, ItemRow, RecordKind, WriteError};

use super::clients::Client;
use super::collections::Collection;
use super::pages::is_plain;
use crate::command::{Event, Failure};
use crate::node::{Node, lock, store_failure};
use crate::plan::{GateView, provenance};
use crate::records::{PlanEntry, Record, int};
use crate::release::Queued;
use crate::review::{Sight, stopping};
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

impl Node {
    /// Bring every standing collection up to what the gate says now. How many entries were added.
    /// The work is that of the items that came since; all of them where the rules have changed.
    ///
    /// # Errors
    /// The store fails; what was added stands.
    pub fn release_standing(&self, sink: &mut dyn Sink) -> Result<u64, Failure> {
        let collections = self.collections()?;
        // One at a time: two would add the same item twice.
        let _turn = lock(&self.standing_turn);
        let late = self.late_items()?;
        let mut added = 0;
        for collection in collections.iter().filter(|collection| collection.standing) {
            match self.client(collection.client.as_str()) {
                Ok(client) => added += self.fill(collection, &client, &late, sink)?,
                Err(failure) if failure.exit == 4 => {}
                Err(failure) => return Err(failure),
            }
        }
        if !late.is_empty() {
            self.store
                .write(|tx| {
                    late.iter()
                        .try_for_each(|row| tx.delete(RecordKind::Late, &row.seq.to_be_bytes()))
                })
                .map_err(store_failure::<WriteError>)?;
        }
        Ok(added)
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
        collection: &Collection,
        client: &Client,
        late: &[ItemRow],
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
        let mut added = self.take(collection, client, &view, late, None)?;
        let filter = Filter {
            kind: match &collection.types[..] {
                [only] => Some(only.clone()),
                _ => None,
            },
            state: Some("admitted".into()),
            source: collection.source.clone(),
            current_only: true,
        };
        loop {
            let page = self
                .inside()?
                .page(seq, PAGE, &filter)
                .map_err(store_failure)?;
            let Some(end) = page.last() else {
                break;
            };
            seq = end.seq;
            let standing = Standing { seq, basis };
            added += self.take(collection, client, &view, &page, Some(&standing))?;
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
        if known.as_ref() != Some(&standing) {
            self.take(collection, client, &view, &[], Some(&standing))?;
        }
        Ok(added)
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

    /// Ask the gate about these items and put into the client's log what it releases; with it how
    /// far was looked.
    fn take(
        &self,
        collection: &Collection,
        client: &Client,
        view: &GateView,
        rows: &[ItemRow],
        standing: Option<&Standing>,
    ) -> Result<u64, Failure> {
        let to = self.client_recipient(client)?;
        let agreements = self.standings(&view.agreements, view.now);
        let question = view.question(view.now, &[]);
        let mut gate = Gate::new(&to, &agreements, &view.rules, &question);
        let review = self.review(view.now)?;
        let mut sight = Sight::default();
        let mut entries = Vec::new();
        // Whose answer may be remembered, in their order.
        let mut plain = Vec::new();
        let mut stopped: Vec<Value> = Vec::new();
        for row in rows {
            if !collection.shows(row.id.kind(), &row.source) {
                continue;
            }
            let reader = self.inside()?;
            let Some(stored) = reader.item_at(row.seq).map_err(store_failure)? else {
                continue;
            };
            let Some(marked) = self.marked(&stored)? else {
                continue;
            };
            let (outgoing, decision) = gate.outgoing(&marked, &provenance(&stored));
            let Some(outgoing) = outgoing.filter(|_| !decision.needs_second_person) else {
                continue;
            };
            let rendition = outgoing.hash();
            let was_released = reader
                .was_released(&to.node, &stored.hash, &rendition)
                .map_err(store_failure)?;
            if was_released {
                continue;
            }
            let asked = (&mut gate, &mut sight);
            let findings = self.findings(&review, &self.inside()?, asked, &marked, &outgoing)?;
            let stops = stopping(&findings, &to.node, &stored.hash, &[]);
            if stops.is_empty() {
                let reduced = decision.outcome == Outcome::Reduced;
                plain.push(!reduced && is_plain(&self.me(), &stored, &marked));
                entries.push(PlanEntry {
                    item: stored.hash,
                    rendition,
                    reduced,
                });
            } else {
                let codes = stops.iter().map(|finding| finding.concern.code());
                stopped.push(
                    Object::new()
                        .with("item", text(stored.hash))
                        .with("reasons", codes.collect::<Vec<&str>>())
                        .into(),
                );
            }
        }
        if entries.is_empty() && stopped.is_empty() && standing.is_none() {
            return Ok(0);
        }
        let seen = self.seen(&to, view, &collection.purpose);
        let (first, added) = self
            .store
            .write(|tx| {
                if let Some(standing) = standing {
                    let key = collection.name.as_str().as_bytes();
                    tx.put(RecordKind::Standing, key, &standing.to_bytes())?;
                }
                if !stopped.is_empty() {
                    // For people to look at: they may share it and answer for what was found.
                    let body = Object::new()
                        .with("to", text(to.node))
                        .with("purpose", collection.purpose.as_str())
                        .with("stopped", int(stopped.len() as u64))
                        .with("items", stopped);
                    tx.append(&self.line(LineKind::Denied, None, body))?;
                }
                if entries.is_empty() {
                    return Ok((0, 0));
                }
                let queued = Queued {
                    act: None,
                    person: None,
                    purpose: &collection.purpose,
                    precedence: Precedence::Routine,
                };
                let added = self.queue_releases(tx, &queued, &to.node, &entries, &mut || {})?;
                // The releases stand at the log's end, whatever was put before them.
                Ok((tx.log_size(&to.node)? - added, added))
            })
            .map_err(store_failure::<WriteError>)?;
        if added == plain.len() as u64 {
            let plain = (first..).zip(plain).filter(|(_, plain)| *plain);
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
