//! Pages of a client's log. The gate is asked again for everything that is served; what it answered
//! for an entry is remembered as one bit, for as long as all that the answer rests on is the same.
//!
//! Only plain answers are remembered: *whole*, by levels alone. What is reduced, dated, named to
//! nations or coalitions, or passed on with an originator's consent is asked for each time.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use noroshi_formats::ontology::{own_type_named, own_types};
use noroshi_gate::{Gate, Marked, MarkingTable, Recipient, Rendition, Rules};
use noroshi_model::agreement::Standing;
use noroshi_model::ids::ActId;
use noroshi_model::{ItemHash, NodeId, StixId, Timestamp};
use noroshi_store::{ReadError, RecordKind, StoredItem, Versions, ViewEntry};
use noroshi_taxii::desk::{Entry, PageEnd, Query, Version};

use super::clients::Client;
use super::collections::Collection;
use super::fallbacks::Fallbacks;
use crate::command::Failure;
use crate::node::{Node, lock, store_failure};
use crate::plan::{GateView, provenance};
use crate::records::ActRecord;
use crate::review::Sight;

/// Entries looked at for one page at most: a filter that finds little gives a short page that says
/// there is more, and no request takes long.
const LOOKED_MAX: usize = 50_000;
/// Objects that one request names at most.
const IDS_MAX: usize = 1000;

/// What was released of each client's log, by client and purpose.
#[derive(Default)]
pub(crate) struct Views(Mutex<BTreeMap<(NodeId, String), Arc<Seen>>>);

/// One client's, as long as everything it rests on is the same.
pub(crate) struct Seen {
    basis: Basis,
    bits: RwLock<Bits>,
    fallbacks: Fallbacks,
    /// What the client may see of items that texts name, and the store's generation it is of.
    sights: Mutex<(u64, Vec<Sight>)>,
}

/// All that a plain answer of the gate rests on beside the item.
#[derive(Clone)]
struct Basis {
    to: Recipient,
    rules: Rules,
    standings: Vec<(ItemHash, Standing)>,
    markings: Arc<MarkingTable>,
}

impl Basis {
    fn is(&self, other: &Self) -> bool {
        let (a, b) = (&self.rules, &other.rules);
        self.to == other.to
            && self.standings == other.standings
            && a.second_person_above == b.second_person_above
            && a.coalitions == b.coalitions
            && a.derivations == b.derivations
            // A table that is held here is never changed in place: another one is made.
            && Arc::ptr_eq(&self.markings, &other.markings)
    }
}

/// A set of numbers.
#[derive(Default)]
struct Bits(Vec<u64>);

impl Bits {
    fn has(&self, number: u64) -> bool {
        let at = usize::try_from(number / 64).ok();
        at.and_then(|at| self.0.get(at))
            .is_some_and(|word| word >> (number % 64) & 1 == 1)
    }

    fn add(&mut self, number: u64) {
        let Ok(at) = usize::try_from(number / 64) else {
            return;
        };
        if self.0.len() <= at {
            self.0.resize(at + 1, 0);
        }
        self.0[at] |= 1 << (number % 64);
    }
}

/// Why a walk stops early.
pub(super) enum Stop {
    Failed(Failure),
}

impl From<ReadError> for Stop {
    fn from(error: ReadError) -> Self {
        Self::Failed(store_failure(error))
    }
}

impl From<Failure> for Stop {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

impl From<Stop> for Failure {
    fn from(Stop::Failed(failure): Stop) -> Self {
        failure
    }
}

/// An entry on its way to a page, where it must be kept for a moment.
struct Kept {
    at: Timestamp,
    id: String,
    version: Timestamp,
    object: Vec<u8>,
}

/// What was found by name, in the order of the log: never more than a page of it, however many
/// versions there are.
struct Found {
    limit: usize,
    bytes_max: u64,
    kept: BTreeMap<Timestamp, Kept>,
    bytes: u64,
    /// Is there more than fits?
    more: bool,
}

impl Found {
    fn of(query: &Query) -> Self {
        Self {
            limit: usize::try_from(query.limit).unwrap_or(usize::MAX),
            bytes_max: most(query.bytes_max),
            kept: BTreeMap::new(),
            bytes: 0,
            more: false,
        }
    }

    fn add(&mut self, kept: Kept) {
        self.bytes += kept.object.len() as u64;
        if let Some(before) = self.kept.insert(kept.at, kept) {
            self.bytes -= before.object.len() as u64;
        }
        // As on every page, the object that reaches the cap is the last.
        while let Some(last) = self.kept.last_entry() {
            let before = self.bytes - last.get().object.len() as u64;
            if self.kept.len() <= self.limit && before < self.bytes_max {
                break;
            }
            self.bytes = before;
            self.kept.pop_last();
            self.more = true;
        }
    }
}

/// What the gate says of one entry.
enum Answer {
    /// It leaves as it lies; may that be remembered?
    Whole { plain: bool },
    /// It leaves without some properties, or as what stands for it.
    Reduced(Rendition),
    /// It is not for this client any more.
    Absent,
}

/// The gate for one client, and what it remembers.
struct Lens<'a> {
    node: &'a Node,
    to: NodeId,
    gate: Gate<'a>,
    collection: &'a Collection,
    /// The number of the only source it shows; none where nothing came from there.
    source: Option<Option<i64>>,
    acts: BTreeMap<ActId, bool>,
    seen: &'a Seen,
    /// Numbers to be remembered when the walk is over.
    learned: Vec<u64>,
}

impl Node {
    /// A page of a collection.
    pub(crate) fn collection_page(
        &self,
        client: &Client,
        collection: &Collection,
        query: &Query,
        objects: bool,
        out: &mut dyn FnMut(Entry<'_>),
    ) -> Result<PageEnd, Failure> {
        self.collection_page_within(client, collection, query, objects, None, out)
    }

    /// The same, with the gate asked as if the arrangement's ceiling on `pap` were no higher.
    pub(super) fn collection_page_within(
        &self,
        client: &Client,
        collection: &Collection,
        query: &Query,
        objects: bool,
        pap: Option<&str>,
        out: &mut dyn FnMut(Entry<'_>),
    ) -> Result<PageEnd, Failure> {
        self.through(client, collection, pap, |lens| {
            if query.ids.is_empty() {
                lens.walk(query, objects, out)
            } else {
                lens.look_up(query, objects, out)
            }
        })
    }

    /// Entries of a collection that the gate does not release any more.
    pub(super) fn no_longer_released(
        &self,
        client: &Client,
        collection: &Collection,
    ) -> Result<Vec<u64>, Failure> {
        let mut refused = Vec::new();
        self.through(client, collection, None, |lens| {
            let mut one = |entry: ViewEntry<'_>| -> Result<bool, Stop> {
                if lens.is_shown(&entry) && matches!(lens.ask(&entry)?, Answer::Absent) {
                    refused.push(entry.number);
                }
                Ok(true)
            };
            let reader = self.inside()?;
            let to = client.node(&self.me());
            let types = collection.types.iter().map(|kind| &**kind).collect();
            reader.view(&to, 0, &types, &mut one).map_err(Failure::from)
        })?;
        Ok(refused)
    }

    /// Look at a client's log as the gate answers for it now.
    fn through<T>(
        &self,
        client: &Client,
        collection: &Collection,
        pap: Option<&str>,
        look: impl FnOnce(&mut Lens<'_>) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let to = self.client_recipient(client)?;
        let mut view = self.gate_view(&collection.purpose)?;
        let mut seen_for = collection.purpose.clone();
        if let Some(pap) = pap {
            for record in Arc::make_mut(&mut view.agreements) {
                let terms = record.agreement.releases.iter_mut();
                for term in terms.filter(|term| term.to == to.node) {
                    term.ceilings.insert("pap".to_owned(), pap.to_owned());
                }
            }
            // What the gate answers so is remembered by itself: no purpose has a line feed.
            seen_for = format!("{seen_for}\npap:{pap}");
        }
        let agreements = self.standings(&view.agreements, view.now);
        let seen = self.seen(&to, &view, &seen_for);
        let grants = self.every_grant()?;
        let question = view.question(view.now, &grants);
        let source = collection.source.as_deref();
        let source =
            source.map(|source| self.inside()?.source_number(source).map_err(store_failure));
        let mut lens = Lens {
            node: self,
            to: to.node,
            gate: Gate::new(&to, &agreements, &view.rules, &question),
            collection,
            source: source.transpose()?,
            acts: BTreeMap::new(),
            seen: &seen,
            learned: Vec::new(),
        };
        let outcome = look(&mut lens);
        seen.add(std::mem::take(&mut lens.learned));
        outcome
    }

    /// What is remembered of the gate's answers for a client, on what they rest on now.
    pub(super) fn seen(&self, to: &Recipient, view: &GateView, purpose: &str) -> Arc<Seen> {
        let agreements = self.standings(&view.agreements, view.now);
        let basis = Basis {
            to: to.clone(),
            rules: view.rules.clone(),
            standings: agreements
                .into_iter()
                .filter(|held| held.agreement.has_party(&to.node))
                .map(|held| (held.item, held.standing))
                .collect(),
            markings: self.markings(),
        };
        self.views.of(to.node, purpose, basis)
    }
}

impl Seen {
    /// What is remembered of that generation, to be given back.
    pub(super) fn sights(&self, generation: u64) -> Vec<Sight> {
        let (of, sights) = std::mem::take(&mut *lock(&self.sights));
        if of == generation { sights } else { Vec::new() }
    }

    /// Remember what will be the same the next time.
    pub(super) fn keep_sights(&self, generation: u64, mut sights: Vec<Sight>) {
        sights.iter_mut().for_each(Sight::keep_lasting);
        *lock(&self.sights) = (generation, sights);
    }

    /// The table of markings that what is remembered stands on.
    pub(super) fn markings(&self) -> &Arc<MarkingTable> {
        &self.basis.markings
    }

    /// The gate released these entries whole, by levels alone.
    pub(crate) fn add(&self, numbers: Vec<u64>) {
        if !numbers.is_empty() {
            let mut bits = self.bits.write().unwrap_or_else(PoisonError::into_inner);
            numbers.into_iter().for_each(|number| bits.add(number));
        }
    }
}

impl Views {
    /// What is remembered on that basis; nothing where it is another one now.
    fn of(&self, node: NodeId, purpose: &str, basis: Basis) -> Arc<Seen> {
        let mut all = lock(&self.0);
        let key = (node, purpose.to_owned());
        match all.get(&key).filter(|seen| seen.basis.is(&basis)) {
            Some(seen) => Arc::clone(seen),
            None => {
                let seen = Arc::new(Seen {
                    basis,
                    bits: RwLock::default(),
                    fallbacks: Fallbacks::default(),
                    sights: Mutex::default(),
                });
                all.insert(key, Arc::clone(&seen));
                seen
            }
        }
    }
}

impl<'a> Lens<'a> {
    /// In the order of the log.
    fn walk(
        &mut self,
        query: &Query,
        objects: bool,
        out: &mut dyn FnMut(Entry<'_>),
    ) -> Result<PageEnd, Failure> {
        let Some(types) = self.types(query) else {
            return Ok(PageEnd::default());
        };
        let reader = self.node.inside()?;
        let to = self.to;
        let from = match start(query) {
            Some(at) => reader.log_later_than(&to, at).map_err(store_failure)?,
            None => 0,
        };
        let seen = self.seen;
        let bits = seen.bits.read().unwrap_or_else(PoisonError::into_inner);
        let (mut end, mut given, mut looked, mut bytes) = (PageEnd::default(), 0, 0, 0_u64);
        let bytes_max = most(query.bytes_max);
        let mut out = |entry: Entry<'_>| {
            bytes += entry.object.len() as u64;
            out(entry);
            bytes
        };
        let mut size = 0;
        let mut one = |entry: ViewEntry<'_>| -> Result<bool, Stop> {
            if looked == LOOKED_MAX {
                end.more = true;
                return Ok(false);
            }
            looked += 1;
            if given == query.limit || size >= bytes_max {
                // Is there one more for this client? Only then is it told of more.
                end.more = self.write(&entry, query, &bits, false, &mut |_| {})?;
                return Ok(!end.more);
            }
            let mut give = |entry: Entry<'_>| size = out(entry);
            given += u32::from(self.write(&entry, query, &bits, objects, &mut give)?);
            end.last = Some(position(entry.at));
            Ok(true)
        };
        reader
            .view(&to, from, &types, &mut one)
            .map_err(Failure::from)?;
        Ok(end)
    }

    /// By name: few entries, in the order of the log.
    fn look_up(
        &mut self,
        query: &Query,
        objects: bool,
        out: &mut dyn FnMut(Entry<'_>),
    ) -> Result<PageEnd, Failure> {
        let reader = self.node.inside()?;
        let Some(types) = self.types(query) else {
            return Ok(PageEnd::default());
        };
        let after = start(query);
        let seen = self.seen;
        let bits = seen.bits.read().unwrap_or_else(PoisonError::into_inner);
        let mut found = Found::of(query);
        let to = self.to;
        let ids = self.with_fallbacks(&query.ids)?;
        for id in ids.iter().take(IDS_MAX) {
            // What is no id names nothing.
            let Ok(id) = id.parse::<StixId>() else {
                continue;
            };
            if !types.is_empty() && !types.contains(id.kind()) {
                continue;
            }
            let mut one = |entry: ViewEntry<'_>| -> Result<bool, Stop> {
                if after.is_none_or(|after| entry.at > after) {
                    let mut keep = |entry: Entry<'_>| {
                        found.add(Kept {
                            at: entry.added,
                            id: entry.id.to_owned(),
                            version: entry.version,
                            object: entry.object.to_vec(),
                        });
                    };
                    self.write(&entry, query, &bits, objects, &mut keep)?;
                }
                Ok(true)
            };
            reader
                .view_of(&to, &id, Versions::OldestFirst, &mut one)
                .map_err(Failure::from)?;
        }
        for kept in found.kept.values() {
            out(Entry {
                position: position(kept.at),
                added: kept.at,
                id: &kept.id,
                version: kept.version,
                object: &kept.object,
            });
        }
        Ok(PageEnd {
            more: found.more,
            last: found.kept.keys().next_back().map(|at| position(*at)),
        })
    }

    /// The ids, and those of the objects that notes and reports among them may stand for. Only what
    /// is of an own type is looked at.
    fn with_fallbacks(&self, ids: &[String]) -> Result<Vec<String>, Failure> {
        let ids: Vec<String> = ids.iter().take(IDS_MAX).cloned().collect();
        let is_wanted = |id: &String| may_stand_for_own(kind_of(id));
        if self.gate.recipient().knows_own_types || !ids.iter().any(is_wanted) {
            return Ok(ids);
        }
        let wanted: Vec<&String> = ids.iter().filter(|id| is_wanted(id)).collect();
        let reader = self.node.inside()?;
        let generation = self.node.store.generation();
        let stood_for = &self.seen.fallbacks;
        let stood_for = stood_for.stood_for(&wanted, &reader, &self.to, generation)?;
        Ok(stood_for.into_iter().chain(ids).collect())
    }

    /// Give the entry to the page, if it is on it.
    fn write(
        &mut self,
        entry: &ViewEntry<'_>,
        query: &Query,
        bits: &Bits,
        objects: bool,
        out: &mut dyn FnMut(Entry<'_>),
    ) -> Result<bool, Failure> {
        if !self.is_shown(entry) {
            return Ok(false);
        }
        let reduced;
        let (id, object) = if self.is_remembered(entry, bits) {
            (entry.id, entry.canonical)
        } else {
            match self.ask(entry)? {
                Answer::Absent => return Ok(false),
                Answer::Whole { plain } => {
                    if plain {
                        self.learned.push(entry.number);
                    }
                    (entry.id, entry.canonical)
                }
                Answer::Reduced(rendition) => {
                    reduced = rendition;
                    (reduced.id.as_str(), &*reduced.canonical)
                }
            }
        };
        if !is_of_types(id, query) || !self.is_version(entry, query, bits)? {
            return Ok(false);
        }
        out(Entry {
            position: position(entry.at),
            added: entry.at,
            id,
            version: version_of(entry),
            object: if objects { object } else { &[] },
        });
        Ok(true)
    }

    /// The types that are on the page: none named means any; nothing at all can be on it where
    /// none is left.
    fn types<'q>(&self, query: &'q Query) -> Option<BTreeSet<&'q str>>
    where
        'a: 'q,
    {
        let is_spec = |spec: &String| spec == "2.1";
        if !query.spec_versions.is_empty() && !query.spec_versions.iter().any(is_spec) {
            return None;
        }
        let shown: BTreeSet<&str> = self.collection.types.iter().map(|kind| &**kind).collect();
        let mut named: BTreeSet<&str> = query.types.iter().map(|kind| &**kind).collect();
        if named.iter().any(|kind| may_stand_for_own(kind)) {
            // What stands for an object is of another type: that is seen when it is made.
            named.extend(own_types().iter().map(|own| own.name));
        }
        if shown.is_empty() || named.is_empty() {
            return Some(&shown | &named);
        }
        Some(&shown & &named).filter(|both| !both.is_empty())
    }

    /// Does the collection show what came from there?
    fn is_shown(&self, entry: &ViewEntry<'_>) -> bool {
        self.source
            .is_none_or(|source| source == Some(entry.source))
    }

    /// Is it one of the versions asked for, among those this client has?
    fn is_version(
        &mut self,
        entry: &ViewEntry<'_>,
        query: &Query,
        bits: &Bits,
    ) -> Result<bool, Failure> {
        // A fuller rendition that was released later stands for the lesser one.
        let is_settled = !entry.superseded && !entry.reduced;
        let wants = |version: &Version| query.versions.contains(version);
        let newest_wanted = query.versions.is_empty() || wants(&Version::Last);
        if is_settled && (newest_wanted || wants(&Version::All)) {
            return Ok(true);
        }
        if wants(&Version::At(version_of(entry))) || wants(&Version::All) {
            return Ok(!entry.reduced || self.is_last_of_version(entry, bits)?);
        }
        if newest_wanted {
            let newest = self.first_of(entry, Versions::NewestFirst, bits)?;
            if newest.is_some_and(|(number, _)| number == entry.number) {
                return Ok(true);
            }
        }
        if !wants(&Version::First) {
            return Ok(false);
        }
        let oldest = self.first_of(entry, Versions::OldestFirst, bits)?;
        Ok(
            oldest.is_some_and(|(_, modified)| modified == entry.modified)
                && self.is_last_of_version(entry, bits)?,
        )
    }

    fn is_last_of_version(&mut self, entry: &ViewEntry<'_>, bits: &Bits) -> Result<bool, Failure> {
        let last = self.first_of(entry, Versions::Of(entry.modified), bits)?;
        Ok(last.is_some_and(|(number, _)| number == entry.number))
    }

    /// The first of the entries about the same object that this client may have: its number and
    /// its version. As a rule that is the first one, however many there are.
    fn first_of(
        &mut self,
        entry: &ViewEntry<'_>,
        versions: Versions,
        bits: &Bits,
    ) -> Result<Option<(u64, Timestamp)>, Failure> {
        let Ok(id) = entry.id.parse::<StixId>() else {
            return Ok(None);
        };
        let reader = self.node.inside()?;
        let to = self.to;
        let mut first = None;
        let mut one = |other: ViewEntry<'_>| -> Result<bool, Stop> {
            if self.is_remembered(&other, bits) || !matches!(self.ask(&other)?, Answer::Absent) {
                first = Some((other.number, other.modified));
            }
            Ok(first.is_none())
        };
        reader
            .view_of(&to, &id, versions, &mut one)
            .map_err(Failure::from)?;
        Ok(first)
    }

    /// Did the gate release it whole before, on what still stands?
    fn is_remembered(&self, entry: &ViewEntry<'_>, bits: &Bits) -> bool {
        !entry.reduced && bits.has(entry.number)
    }

    /// Ask the gate about an entry as it stands now.
    fn ask(&mut self, entry: &ViewEntry<'_>) -> Result<Answer, Failure> {
        let reader = self.node.inside()?;
        let as_released = reader.released_entry(&self.to, entry.number);
        let stored = reader.item_at(entry.seq).map_err(store_failure)?;
        let (Some(as_released), Some(stored)) = (as_released.map_err(store_failure)?, stored)
        else {
            return Ok(Answer::Absent);
        };
        let Some(marked) = self.node.marked(&stored)? else {
            return Ok(Answer::Absent);
        };
        let Ok(released) = self.gate.release(&marked, &provenance(&stored)) else {
            return Ok(Answer::Absent);
        };
        let rendition = released.content();
        if rendition.hash != as_released.rendition
            || (rendition.needs_second_person && !self.was_approved(as_released.act.as_ref())?)
        {
            return Ok(Answer::Absent);
        }
        if rendition.reduced {
            return Ok(Answer::Reduced(released.into_content()));
        }
        let me = self.node.me();
        Ok(Answer::Whole {
            plain: !rendition.needs_second_person && is_plain(&me, &stored, &marked),
        })
    }

    /// Did a second person approve the act?
    fn was_approved(&mut self, act: Option<&ActId>) -> Result<bool, Failure> {
        let Some(act) = act else {
            return Ok(false);
        };
        if let Some(known) = self.acts.get(act) {
            return Ok(*known);
        }
        let record: Option<ActRecord> = self.node.record(RecordKind::Act, act.bytes())?;
        let approved = record.is_some_and(|record| record.approval.is_some());
        self.acts.insert(*act, approved);
        Ok(approved)
    }
}

/// Does what the gate answers for the item hang on nothing but levels: no date, nation, coalition
/// or source in its markings, and no consent of another?
pub(super) fn is_plain(me: &NodeId, stored: &StoredItem, marked: &Marked) -> bool {
    stored.node == Some(*me) && marked.is_plain()
}

fn kind_of(id: &str) -> &str {
    id.split("--").next().unwrap_or_default()
}

fn is_of_types(id: &str, query: &Query) -> bool {
    query.types.is_empty() || query.types.iter().any(|named| named == kind_of(id))
}

/// Are objects of that type such as stand for those of own types?
fn may_stand_for_own(kind: &str) -> bool {
    matches!(kind, "note" | "report")
}

/// May what was released be what stands for an object of an own type?
pub(super) fn may_be_fallback(entry: &ViewEntry<'_>) -> bool {
    entry.reduced && own_type_named(kind_of(entry.id)).is_some()
}

/// A cap in bytes, where 0 is none.
fn most(bytes_max: u64) -> u64 {
    if bytes_max == 0 { u64::MAX } else { bytes_max }
}

/// Only entries later than this.
fn start(query: &Query) -> Option<Timestamp> {
    let after = query
        .after
        .map(|position| Timestamp::from_micros(position.cast_signed()));
    after.max(query.added_after)
}

/// Where an entry stands: its time, which no other entry of the log shares. So a position is good
/// for ever, also after the node came back from a backup.
fn position(at: Timestamp) -> u64 {
    at.micros().cast_unsigned()
}

/// An object's version: `modified` or `created`; where it has neither, when it was added (TAXII
/// 2.1, 5.3.1).
fn version_of(entry: &ViewEntry<'_>) -> Timestamp {
    if entry.modified.micros() == 0 {
        entry.at
    } else {
        entry.modified
    }
}
