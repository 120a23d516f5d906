//! The indicators at work, changed by commits and looked at by whoever reads telemetry. A look
//! takes one lock for as long as a pointer is copied; matching never waits for a change.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::Duration;

use noroshi_match::{BuildError, Builder, Counts, How, Keyed, Kind, Live as Index, Scanner, View};
use noroshi_model::json::Object;
use noroshi_model::ledger::LineKind;
use noroshi_model::{StixId, Timestamp, Value};
use noroshi_pattern::{Engine, EngineLimits, Observation};
use noroshi_store::{RecordKind, StoredItem, WriteError};

use super::book::{Book, Indicator};
use super::decay::{Decay, last_word};
use super::judge::{self, Idle};
use super::own::{Decision, OwnNames};
use super::read::{Sought, Validity, sought};
use super::sightings::Sighted;
use crate::command::Failure;
use crate::node::{Node, damaged_record, lock, store_failure};
use crate::records::Record;

/// Most indicators at work.
const INDICATORS_MAX: usize = 12_000_000;
/// Most plain values of all of them.
const ATOMS_MAX: u32 = 16_000_000;
/// Changes beside the segment before one segment is made of both.
const PENDING_MAX: usize = 60_000;
/// Values that nobody looks for any more, before everything is built anew without them.
const DEAD_MAX: usize = 200_000;
/// Rows read at once when the set is built.
const PAGE: u32 = 2_000;
/// Indicators that one alarm names; it counts all.
const ALARM_NAMES_MAX: usize = 5;
/// Longest that a follower waits before it looks whether it is to end.
const WAIT: Duration = Duration::from_millis(200);

/// How an indicator was hit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Way {
    /// A plain value of this kind was found.
    Plain(Kind, How),
    /// A pattern was satisfied.
    Pattern,
}

/// One indicator hit by telemetry. It names places in the bytes that were scanned and holds nothing
/// of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hit {
    /// Which indicator.
    pub indicator: Indicator,
    /// What of it was found.
    pub way: Way,
    /// Where the line begins; of a pattern 0.
    pub line: usize,
    /// Where the value stands; of a pattern empty.
    pub value: Range<usize>,
    /// When it happened by the record's own word, where it says so.
    pub seen: Option<Timestamp>,
    /// Of a pattern, the observations that satisfied it, by the caller's numbers.
    pub observations: Vec<u64>,
}

/// What is at work. One for the node; [`Node::live`] gives it.
pub struct Live {
    current: RwLock<Arc<Set>>,
}

/// What is at work now: take one for each piece of telemetry.
pub struct Set {
    view: Arc<View>,
    parts: Arc<Parts>,
}

/// What changes in place.
struct Parts {
    index: Index,
    book: RwLock<Book>,
    engine: Mutex<Engine>,
    /// Rises with every change.
    generation: AtomicU64,
    /// Patterns in the engine.
    patterns: AtomicU64,
}

/// The node's side of it.
#[derive(Default)]
pub(crate) struct Matching {
    live: OnceLock<Arc<Live>>,
    /// Held while the set is built, or follows.
    change: Mutex<()>,
    /// Hits that wait to be written.
    pub(super) tally: Mutex<super::sightings::Tally>,
}

/// What of the node's own records decides about indicators. Exports to tools ask it too.
pub(crate) struct Knowledge {
    own: OwnNames,
    decisions: HashMap<String, Decision>,
    sighted: HashMap<String, Timestamp>,
}

impl Knowledge {
    /// What an indicator looks for and when, or why nothing is; it arrived then.
    pub(crate) fn judge(&self, object: &Object, id: &str, arrived: Timestamp) -> Verdict {
        let sought = sought(object)?;
        let decision = self.decisions.get(id);
        match decision.map(|decision| decision.is_at_work) {
            Some(true) => {}
            Some(false) => return Err(Idle::Stopped),
            None => {
                if let Some(idle) = judge::held(&sought, &self.own) {
                    return Err(idle);
                }
            }
        }
        let mut validity = Validity::of(object);
        if let Sought::Atoms(atoms) = &sought
            && let Some(decay) = Decay::of(object, atoms)
        {
            let sighted = self.sighted.get(id).copied();
            validity = validity.fading(last_word(object, arrived, sighted), decay.span());
        }
        Ok((sought, validity))
    }
}

impl Matching {
    /// An indicator was seen then.
    pub(super) fn seen(&self, indicator: Indicator, at: Timestamp) {
        if let Some(live) = self.live.get() {
            live.current().parts.change().seen(indicator, at.micros());
        }
    }
}

impl Live {
    fn empty(keyed: Arc<Keyed>) -> Self {
        let parts = Parts::of(noroshi_match::Segment::empty(keyed), Book::default());
        Self {
            current: RwLock::new(Arc::new(Set::of(parts))),
        }
    }

    /// What is at work now. Cheap: once for each piece of telemetry, of a megabyte or of a line.
    #[must_use]
    pub fn current(&self) -> Arc<Set> {
        let current = self.current.read();
        Arc::clone(&current.unwrap_or_else(PoisonError::into_inner))
    }

    fn replace(&self, set: Set) {
        let current = self.current.write();
        *current.unwrap_or_else(PoisonError::into_inner) = Arc::new(set);
    }

    /// Is any pattern at work that wants observations? Where none is nobody need make them.
    #[must_use]
    pub fn wants_observations(&self) -> bool {
        self.current().parts.patterns.load(Ordering::Acquire) > 0
    }

    /// Put one observation to every pattern; `now` is the node's clock. Hits are appended.
    pub fn observe(&self, observation: &Observation, now: Timestamp, hits: &mut Vec<Hit>) {
        let set = self.current();
        let mut found = Vec::new();
        lock(&set.parts.engine).observe(observation, now, &mut found);
        let book = set.parts.book();
        for hit in found {
            let slot = u32::try_from(hit.pattern).unwrap_or(u32::MAX);
            if let Some(entry) = book.at_work(slot, now.micros()) {
                hits.push(Hit {
                    indicator: entry.indicator,
                    way: Way::Pattern,
                    line: 0,
                    value: 0..0,
                    seen: Some(observation.last()),
                    observations: hit.observations,
                });
            }
        }
    }
}

impl Set {
    fn of(parts: Arc<Parts>) -> Self {
        Self {
            view: parts.index.view(),
            parts,
        }
    }

    /// Rises with every change of what is at work, whether seen by this set or by the next.
    #[must_use]
    pub fn generation(&self) -> u64 {
        self.parts.generation.load(Ordering::Acquire)
    }

    /// How many indicators are at work.
    #[must_use]
    pub fn len(&self) -> usize {
        self.parts.book().len()
    }

    /// Is none at work?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The index, for whoever asks it by other ways than lines.
    #[must_use]
    pub fn view(&self) -> &View {
        &self.view
    }

    /// Look at whole lines with the caller's scanner. Hits are appended in the order of the lines;
    /// `seen` is asked for the time of each line that is hit, with the line's bytes.
    pub fn scan(
        &self,
        scanner: &mut Scanner,
        chunk: &[u8],
        now: Timestamp,
        seen: &mut dyn FnMut(&[u8]) -> Option<Timestamp>,
        hits: &mut Vec<Hit>,
    ) -> Counts {
        let mut found = Vec::new();
        let counts = scanner.scan(&self.view, chunk, &mut found);
        if found.is_empty() {
            return counts;
        }
        let book = self.parts.book();
        let (mut line, mut time) = (usize::MAX, None);
        for one in found {
            book.each_owner(one.matched.tag, now.micros(), &mut |entry| {
                if line != one.line {
                    line = one.line;
                    let rest = &chunk[line..];
                    let end = rest.iter().position(|byte| *byte == b'\n');
                    time = seen(&rest[..end.unwrap_or(rest.len())]);
                }
                hits.push(Hit {
                    indicator: entry.indicator,
                    way: Way::Plain(one.matched.kind, one.matched.how),
                    line: one.line,
                    value: one.value.clone(),
                    seen: time,
                    observations: Vec::new(),
                });
            });
        }
        counts
    }

    /// Is this indicator at work at this time?
    #[must_use]
    pub fn is_at_work(&self, indicator: Indicator, now: Timestamp) -> bool {
        let entry = self.parts.book().find(indicator);
        entry.is_some_and(|entry| entry.from <= now.micros() && now.micros() < entry.until)
    }

    pub(crate) fn book(&self) -> RwLockReadGuard<'_, Book> {
        self.parts.book()
    }
}

impl Parts {
    fn of(segment: noroshi_match::Segment, book: Book) -> Arc<Self> {
        Arc::new(Self {
            index: Index::new(segment),
            book: RwLock::new(book),
            engine: Mutex::new(Engine::new(EngineLimits::DEFAULT)),
            generation: AtomicU64::new(0),
            patterns: AtomicU64::new(0),
        })
    }

    fn book(&self) -> RwLockReadGuard<'_, Book> {
        self.book.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn change(&self) -> RwLockWriteGuard<'_, Book> {
        self.book.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// Take an indicator out of work, whatever it was.
    fn take(&self, indicator: Indicator) {
        let taken = self.change().take(indicator);
        if let Some((slot, _)) = taken.filter(|(_, entry)| entry.is_pattern)
            && lock(&self.engine).unload(u64::from(slot))
        {
            self.patterns.fetch_sub(1, Ordering::AcqRel);
        }
    }

    /// Put an indicator that is not at work to work.
    fn put(&self, indicator: Indicator, verdict: Verdict) {
        match verdict {
            Ok((Sought::Atoms(atoms), validity)) => {
                let mut book = self.change();
                if book.len() >= INDICATORS_MAX || book.next_tag() >= ATOMS_MAX {
                    return book.rest(indicator, Idle::Full);
                }
                let slot = book.put(indicator, validity);
                let mut tags: Vec<u32> = Vec::with_capacity(atoms.len());
                for atom in &atoms {
                    let next = book.next_tag();
                    tags.push(match self.index.add(atom, next) {
                        Some(known) => known,
                        None => book.new_tag(),
                    });
                }
                book.own(slot, tags);
            }
            Ok((Sought::Program(program), validity)) => {
                let mut book = self.change();
                let slot = book.put(indicator, validity);
                if lock(&self.engine).load(u64::from(slot), *program).is_ok() {
                    book.is_pattern(slot);
                    self.patterns.fetch_add(1, Ordering::AcqRel);
                } else {
                    book.take(indicator);
                    book.rest(indicator, Idle::Full);
                }
            }
            Err(idle) => self.change().rest(indicator, idle),
        }
    }
}

/// What is looked for and when, or why nothing is.
pub(crate) type Verdict = Result<(Sought, Validity), Idle>;

impl Node {
    /// What is at work now, with every change that is committed. The first call builds it from
    /// the store.
    ///
    /// # Errors
    /// A store that fails; more than 4 GiB of values.
    pub fn live(&self) -> Result<Arc<Live>, Failure> {
        let _changing = lock(&self.matching.change);
        let live = match self.matching.live.get() {
            Some(live) => Arc::clone(live),
            None => {
                self.store.follow("indicator");
                let keyed = Arc::new(Keyed::new(&self.chance()));
                let live = Arc::new(Live::empty(Arc::clone(&keyed)));
                live.replace(Set::of(self.built(keyed)?));
                Arc::clone(self.matching.live.get_or_init(|| live))
            }
        };
        self.catch_up(&live)?;
        Ok(live)
    }

    /// Follow commits until told to end: every indicator that comes, changes or goes is at work,
    /// or out of it, at once. Blocks; a thread of its own.
    ///
    /// # Errors
    /// See [`Node::live`].
    pub fn follow_commits(&self, is_over: &dyn Fn() -> bool) -> Result<(), Failure> {
        while !is_over() {
            self.live()?;
            self.store.wait_for_changes(WAIT);
        }
        Ok(())
    }

    /// Everything that is admitted, from the store.
    fn built(&self, keyed: Arc<Keyed>) -> Result<Arc<Parts>, Failure> {
        let known = self.knowledge(None)?;
        let mut book = Book::default();
        let mut tags = HashMap::new();
        let mut builder = Builder::new(Arc::clone(&keyed));
        let mut patterns = Vec::new();
        let mut after = 0;
        loop {
            let page = self.inside()?.current_of_kind("indicator", after, PAGE);
            let page = page.map_err(store_failure)?;
            let Some(last) = page.last() else {
                break;
            };
            after = *last;
            let reader = self.inside()?;
            for seq in page {
                let Some(stored) = reader.item_at(seq).map_err(store_failure)? else {
                    continue;
                };
                let Some(indicator) = Indicator::of(&stored.id) else {
                    continue;
                };
                match self.looked_for(&stored, &known) {
                    Ok((Sought::Atoms(atoms), validity)) => {
                        if book.len() >= INDICATORS_MAX || book.next_tag() >= ATOMS_MAX {
                            book.rest(indicator, Idle::Full);
                            continue;
                        }
                        let slot = book.put(indicator, validity);
                        let mut own = Vec::with_capacity(atoms.len());
                        for atom in atoms {
                            own.push(match tags.get(&atom) {
                                Some(tag) => *tag,
                                None => {
                                    let tag = book.new_tag();
                                    builder.add(&atom, tag).map_err(too_large)?;
                                    tags.insert(atom, tag);
                                    tag
                                }
                            });
                        }
                        book.own(slot, own);
                    }
                    Err(idle) => book.rest(indicator, idle),
                    pattern => patterns.push((indicator, pattern)),
                }
            }
        }
        drop(tags);
        let parts = Parts::of(builder.build(), book);
        for (indicator, pattern) in patterns {
            parts.put(indicator, pattern);
        }
        Ok(parts)
    }

    /// Bring what is at work up to the last commit.
    fn catch_up(&self, live: &Live) -> Result<(), Failure> {
        let changes = self.store.take_changes();
        if changes.is_cut {
            let keyed = Arc::new(Keyed::new(&self.chance()));
            live.replace(Set::of(self.built(keyed)?));
            return Ok(());
        }
        if changes.ids.is_empty() {
            return Ok(());
        }
        let set = live.current();
        let known = self.knowledge(Some(&changes.ids))?;
        let mut held = Vec::new();
        {
            let reader = self.inside()?;
            for id in &changes.ids {
                let stored = reader.current_item(id).map_err(store_failure)?;
                if let Some(idle) = self.at_work_anew(live, &known, id, stored.as_ref()) {
                    held.push((id, idle));
                }
            }
        }
        self.settle_index(live, &set)?;
        self.alarm_held(&held)
    }

    /// One indicator stands so now; why it waits for a person, where it does.
    fn at_work_anew(
        &self,
        live: &Live,
        known: &Knowledge,
        id: &StixId,
        stored: Option<&StoredItem>,
    ) -> Option<Idle> {
        let indicator = Indicator::of(id)?;
        let parts = &live.current().parts;
        parts.take(indicator);
        let mut held = None;
        if let Some(stored) = stored {
            let verdict = self.looked_for(stored, known);
            held = verdict
                .as_ref()
                .err()
                .copied()
                .filter(|idle| idle.is_held());
            parts.put(indicator, verdict);
        }
        parts.generation.fetch_add(1, Ordering::AcqRel);
        held
    }

    /// One alarm for all that came at once and waits for a person.
    fn alarm_held(&self, held: &[(&StixId, Idle)]) -> Result<(), Failure> {
        if held.is_empty() {
            return Ok(());
        }
        let named = held.iter().take(ALARM_NAMES_MAX);
        let named = named.map(|(id, idle)| Value::from(format!("{id} {}", idle.code())));
        let why = "indicators wait for a person: they would hit everything, everybody or ourselves";
        let body = Object::new()
            .with("why", why)
            .with("code", "indicator.held")
            .with("count", held.len() as i64)
            .with("indicators", Value::Array(named.collect()));
        let write = self.store.write(|tx| -> Result<(), WriteError> {
            tx.append(&self.line(LineKind::Alarm, None, body))?;
            Ok(())
        });
        write.map_err(store_failure)
    }

    /// Look at one indicator again: a person decided about it.
    pub(super) fn look_again(&self, id: &StixId) -> Result<(), Failure> {
        let _changing = lock(&self.matching.change);
        if let Some(live) = self.matching.live.get() {
            let known = self.knowledge(Some(std::slice::from_ref(id)))?;
            let stored = self.inside()?.current_item(id).map_err(store_failure)?;
            self.at_work_anew(live, &known, id, stored.as_ref());
        }
        Ok(())
    }

    /// Look at everything again: a rule for all changed.
    pub(super) fn rebuild_live(&self) -> Result<(), Failure> {
        let _changing = lock(&self.matching.change);
        if let Some(live) = self.matching.live.get() {
            let keyed = Arc::new(Keyed::new(&self.chance()));
            live.replace(Set::of(self.built(keyed)?));
        }
        Ok(())
    }

    /// What persons decided and what was sighted: of these indicators, or of all.
    pub(crate) fn knowledge(&self, ids: Option<&[StixId]>) -> Result<Knowledge, Failure> {
        let reader = self.inside()?;
        let rows = |kind| match ids {
            None => reader.records(kind),
            Some(ids) => {
                let one = |id: &StixId| {
                    let key = id.as_str().as_bytes();
                    let value = reader.record(kind, key)?;
                    Ok(value.map(|value| (key.to_vec(), value)))
                };
                ids.iter().filter_map(|id| one(id).transpose()).collect()
            }
        };
        let name = |key: Vec<u8>| String::from_utf8_lossy(&key).into_owned();
        let (mut decisions, mut sighted) = (HashMap::new(), HashMap::new());
        for (key, value) in rows(RecordKind::AtWork).map_err(store_failure)? {
            let decision = Decision::from_bytes(&value).map_err(damaged_record)?;
            decisions.insert(name(key), decision);
        }
        for (key, value) in rows(RecordKind::Sighted).map_err(store_failure)? {
            let seen = Sighted::from_bytes(&value).map_err(damaged_record)?;
            sighted.insert(name(key), seen.last);
        }
        let own = self.own_names()?;
        Ok(Knowledge {
            own,
            decisions,
            sighted,
        })
    }

    /// Make one segment of what stands beside it, when that has become much.
    fn settle_index(&self, live: &Live, set: &Set) -> Result<(), Failure> {
        let parts = &set.parts;
        let (dead, alive) = {
            let book = parts.book();
            (book.dead(), book.len())
        };
        if dead >= DEAD_MAX.max(alive / 2) {
            let keyed = Arc::new(Keyed::new(&self.chance()));
            live.replace(Set::of(self.built(keyed)?));
            return Ok(());
        }
        if parts.index.pending() < PENDING_MAX {
            return Ok(());
        }
        // Nobody else changes the book: this is under the lock of changes.
        let wanted = |tag| parts.book().is_owned(tag);
        parts.index.settle_keeping(&wanted).map_err(too_large)?;
        live.replace(Set::of(Arc::clone(parts)));
        Ok(())
    }

    /// What an admitted indicator looks for and when, or why nothing is.
    fn looked_for(&self, stored: &StoredItem, known: &Knowledge) -> Verdict {
        let bytes = stored.canonical.as_deref().unwrap_or_default();
        let Ok(Value::Object(object)) = Value::parse(bytes, self.limits()) else {
            return Err(Idle::UnreadablePattern);
        };
        known.judge(&object, stored.id.as_str(), stored.at)
    }
}

fn too_large(error: BuildError) -> Failure {
    Failure::new("matching.full", 5, error)
}
