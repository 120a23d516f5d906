//! What was hit becomes a count, an alarm and a sighting.
//!
//! A sighting says that an indicator was seen here, how often, first and last: no value, no host,
//! no line, no source. There is one for each indicator and day, whose newer versions replace the
//! older at a bounded pace, however many hits there are. It is marked as its indicator is, so that
//! it may go back to whoever may have the indicator, and leaves by the gate as everything does.

use std::collections::{BTreeMap, BTreeSet};

use noroshi_formats::Form;
use noroshi_gate::{Admission, AdmitContext, Scope, Via, mark};
use noroshi_model::document::{DocumentError, Fields, text};
use noroshi_model::json::{Object, Value};
use noroshi_model::ledger::LineKind;
use noroshi_model::{Digest, Limits, PersonId, Role, StixId, Timestamp};
use noroshi_store::{RecordKind, StoredItem, Tx, WriteError};
use serde::{Deserialize, Serialize};

use super::book::Indicator;
use super::live::Hit;
use crate::admit::item_body;
use crate::command::Failure;
use crate::node::{Node, damaged_record, lock, store_failure};
use crate::records::{Record, int};

/// What ledger and store call the source of sightings.
pub(crate) const SOURCE: &str = "sighting";
/// A sighting counts what happened within this time of its first hit, in microseconds: a day.
const PERIOD: i64 = 86_400_000_000;
/// A newer version of a sighting is made no sooner than this after the last: a minute.
const PACE: i64 = 60_000_000;
/// An indicator that goes on being hit raises the alarm again after this: an hour.
const ALARM_AGAIN: i64 = 3_600_000_000;
/// Hits of indicators whose alarm is out wait so long at most before they are written: a second.
const WAIT: i64 = 1_000_000;
/// Alarms of one look; what more indicators were hit is one alarm for all of them.
const ALARMS_MAX: u32 = 100;
/// Times of alarms kept in memory; without them the records are asked.
const ALARMED_MAX: usize = 200_000;
/// And no more than so many indicators' hits wait.
const WAITING_MAX: usize = 10_000;
/// Most indicators written in one transaction.
const BATCH: usize = 1_000;
/// STIX 2.1, 5.2: the largest count.
const COUNT_MAX: u64 = 999_999_999;
/// How a clock that is ahead may date a hit: no further than a day from now.
const AHEAD_MAX: i64 = 86_400_000_000;
/// TLP:CLEAR, for the identity that sightings name.
const CLEAR: &str = "marking-definition--94868c89-83c2-464b-929b-a1a8aa3c8487";
/// The extension by which a sighting says what came of looking.
pub(super) const VERDICT_EXTENSION: &str =
    "extension-definition--5be6a7b4-2f0c-4d0e-9c3b-7d1f6e0a9f24";

/// What recording some hits came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recorded {
    /// Hits that were taken.
    pub hits: u64,
    /// Indicators that raised the alarm: a line of the ledger each.
    pub alarms: u64,
    /// Sightings made, or made anew with a later version.
    pub sightings: u64,
}

/// Hits of one indicator that are not written yet.
#[derive(Clone, Debug)]
struct Waiting {
    count: u64,
    first: Timestamp,
    last: Timestamp,
    source: String,
}

/// Hits that wait to be written, and whose alarm is out.
#[derive(Default)]
pub(crate) struct Tally {
    waiting: BTreeMap<Indicator, Waiting>,
    /// Since when the oldest of them waits.
    since: Option<Timestamp>,
    /// When each indicator last raised the alarm, as far as this process knows.
    alarmed: BTreeMap<Indicator, Timestamp>,
    /// Indicators whose newest sighting does not tell everything yet.
    behind: BTreeSet<Indicator>,
    /// Was it asked what an earlier process left behind?
    is_loaded: bool,
}

/// What was seen of an indicator.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Sighted {
    pub(crate) total: u64,
    pub(crate) first: Timestamp,
    pub(crate) last: Timestamp,
    pub(crate) alarmed: Timestamp,
    /// The sighting of the running day.
    pub(crate) sighting: StixId,
    /// When that day began.
    begun: Timestamp,
    /// What happened in it.
    count: u64,
    day_first: Timestamp,
    /// What its newest version tells, and when that was made.
    told: u64,
    told_at: Timestamp,
}

impl Record for Sighted {
    fn to_bytes(&self) -> Vec<u8> {
        let object = Object::new()
            .with("v", 1)
            .with("total", int(self.total))
            .with("first", text(self.first))
            .with("last", text(self.last))
            .with("alarmed", text(self.alarmed))
            .with("sighting", self.sighting.as_str())
            .with("begun", text(self.begun))
            .with("count", int(self.count))
            .with("day_first", text(self.day_first))
            .with("told", int(self.told))
            .with("told_at", text(self.told_at));
        Value::Object(object).canonical()
    }

    fn from_bytes(bytes: &[u8]) -> Result<Self, DocumentError> {
        let mut fields = Fields::read("record of what was sighted", bytes)?;
        fields.version(1)?;
        let record = Self {
            total: fields.number("total")?,
            first: fields.parsed("first")?,
            last: fields.parsed("last")?,
            alarmed: fields.parsed("alarmed")?,
            sighting: fields.parsed("sighting")?,
            begun: fields.parsed("begun")?,
            count: fields.number("count")?,
            day_first: fields.parsed("day_first")?,
            told: fields.number("told")?,
            told_at: fields.parsed("told_at")?,
        };
        fields.end()?;
        Ok(record)
    }
}

impl Node {
    /// Take what telemetry hit: count it, raise the alarm once an hour for each indicator, and
    /// keep a sighting of it. `source` is the name of the telemetry's source, for this node's own
    /// alarms; `at` is the node's time. What raises an alarm is durable when this returns; more
    /// hits of the same indicator are written within a second by the next call, or by
    /// [`Node::write_sightings`].
    ///
    /// # Errors
    /// A store that fails; the hits then wait for the next call.
    pub fn record_hits(
        &self,
        source: &str,
        hits: &[Hit],
        at: Timestamp,
    ) -> Result<Recorded, Failure> {
        let mut tally = lock(&self.matching.tally);
        let mut is_new = false;
        for hit in hits {
            let latest = Timestamp::from_micros(at.micros().saturating_add(AHEAD_MAX));
            let seen = hit.seen.unwrap_or(at).min(latest);
            let alarmed = tally.alarmed.get(&hit.indicator);
            is_new |= alarmed.is_none_or(|out| at.micros() - out.micros() >= ALARM_AGAIN);
            let waiting = tally
                .waiting
                .entry(hit.indicator)
                .or_insert_with(|| Waiting {
                    count: 0,
                    first: seen,
                    last: seen,
                    source: short(source),
                });
            waiting.count += 1;
            waiting.first = waiting.first.min(seen);
            waiting.last = waiting.last.max(seen);
        }
        if !hits.is_empty() {
            tally.since.get_or_insert(at);
        }
        let mut recorded = Recorded::default();
        let is_late = tally
            .since
            .is_some_and(|since| at.micros() - since.micros() >= WAIT);
        if is_new || is_late || tally.waiting.len() > WAITING_MAX {
            recorded = self.write_waiting(&mut tally, at)?;
        }
        recorded.hits = hits.len() as u64;
        Ok(recorded)
    }

    /// Write what waits, and make the versions of sightings that are due: every second or so, and
    /// before the node closes.
    ///
    /// # Errors
    /// A store that fails; nothing is lost, and tried again.
    pub fn write_sightings(&self) -> Result<Recorded, Failure> {
        let mut tally = lock(&self.matching.tally);
        let now = self.now();
        self.write_waiting(&mut tally, now)
    }

    fn write_waiting(&self, tally: &mut Tally, at: Timestamp) -> Result<Recorded, Failure> {
        let mut recorded = Recorded::default();
        if !tally.is_loaded {
            tally.behind = self.left_behind()?;
            tally.is_loaded = true;
        }
        let behind = tally.behind.iter().copied();
        let mut due: Vec<Indicator> = tally.waiting.keys().copied().chain(behind).collect();
        due.sort_unstable();
        due.dedup();
        if due.is_empty() {
            return Ok(recorded);
        }
        let rules = self.rules()?;
        let mut alarms = Alarms {
            left: ALARMS_MAX,
            more: 0,
        };
        for batch in due.chunks(BATCH) {
            let mut done = Vec::with_capacity(batch.len());
            let outcome = self.store.write(|tx| -> Result<(), WriteError> {
                for indicator in batch {
                    let waiting = tally.waiting.get(indicator);
                    let one = self.write_one(tx, &rules, *indicator, waiting, (at, &mut alarms))?;
                    done.push((*indicator, one));
                }
                Ok(())
            });
            outcome.map_err(store_failure)?;
            for (indicator, one) in done {
                if let Some(last) = one.last {
                    self.matching.seen(indicator, last);
                }
                tally.waiting.remove(&indicator);
                if let Some(alarmed) = one.alarmed {
                    tally.alarmed.insert(indicator, alarmed);
                }
                if one.is_behind {
                    tally.behind.insert(indicator);
                } else {
                    tally.behind.remove(&indicator);
                }
                recorded.alarms += u64::from(one.has_alarmed);
                recorded.sightings += u64::from(one.has_told);
            }
        }
        tally.since = None;
        if tally.alarmed.len() > ALARMED_MAX {
            tally.alarmed.clear();
        }
        if alarms.more > 0 {
            recorded.alarms += 1;
            let body = Object::new()
                .with(
                    "why",
                    "more indicators were seen in our own telemetry at once",
                )
                .with("code", "indicator.hits")
                .with("count", int(alarms.more));
            let line = self.line(LineKind::Alarm, None, body);
            let written = self.store.write(|tx| tx.append(&line));
            written.map_err(store_failure::<WriteError>)?;
        }
        Ok(recorded)
    }

    /// Indicators whose sightings an earlier process did not tell whole.
    fn left_behind(&self) -> Result<BTreeSet<Indicator>, Failure> {
        let rows = self.inside()?.records(RecordKind::Sighted);
        let mut behind = BTreeSet::new();
        for (key, bytes) in rows.map_err(store_failure)? {
            let sighted = Sighted::from_bytes(&bytes).map_err(damaged_record)?;
            let id = String::from_utf8_lossy(&key).parse::<StixId>().ok();
            if sighted.told < sighted.count
                && let Some(indicator) = id.as_ref().and_then(Indicator::of)
            {
                behind.insert(indicator);
            }
        }
        Ok(behind)
    }

    /// Write what waits of one indicator: its record, an alarm, a sighting, as each is due.
    fn write_one(
        &self,
        tx: &mut Tx<'_>,
        rules: &noroshi_gate::Rules,
        indicator: Indicator,
        waiting: Option<&Waiting>,
        (at, alarms): (Timestamp, &mut Alarms),
    ) -> Result<Written, WriteError> {
        let id = indicator.id();
        let key = id.as_str().as_bytes();
        let before = match tx.get(RecordKind::Sighted, key)? {
            Some(bytes) => Some(Sighted::from_bytes(&bytes).map_err(damaged)?),
            None => None,
        };
        let mut written = Written::default();
        let mut sighted = match (before, waiting) {
            (None, None) => return Ok(written),
            (Some(sighted), None) => sighted,
            (before, Some(waiting)) => {
                let fresh = before.is_none();
                let mut sighted = self.counted(before, waiting, at);
                let since = at.micros().saturating_sub(sighted.alarmed.micros());
                if fresh || since >= ALARM_AGAIN {
                    sighted.alarmed = at;
                    written.has_alarmed = alarms.left > 0;
                    if written.has_alarmed {
                        alarms.left -= 1;
                        let body = alarm(&id, waiting, &sighted);
                        tx.append(&self.line(LineKind::Alarm, None, body))?;
                    } else {
                        alarms.more += 1;
                    }
                }
                sighted
            }
        };
        let is_due = sighted.told == 0 || at.micros() - sighted.told_at.micros() >= PACE;
        if sighted.told < sighted.count && is_due {
            written.has_told = self.tell_sighting(tx, rules, &id, &sighted, at)?;
            sighted.told = sighted.count;
            sighted.told_at = at;
        }
        written.is_behind = sighted.told < sighted.count;
        written.alarmed = Some(sighted.alarmed);
        written.last = Some(sighted.last);
        tx.put(RecordKind::Sighted, key, &sighted.to_bytes())?;
        Ok(written)
    }

    /// What there was, with what waits; a new day where the running one is over.
    fn counted(&self, before: Option<Sighted>, waiting: &Waiting, at: Timestamp) -> Sighted {
        let begin = |total, first, last, alarmed| Sighted {
            total,
            first,
            last,
            alarmed,
            sighting: id_from("sighting", self.chance()),
            begun: at,
            count: waiting.count,
            day_first: waiting.first,
            told: 0,
            told_at: at,
        };
        let Some(mut sighted) = before else {
            return begin(waiting.count, waiting.first, waiting.last, at);
        };
        let total = sighted.total.saturating_add(waiting.count);
        let (first, last) = (
            sighted.first.min(waiting.first),
            sighted.last.max(waiting.last),
        );
        if at.micros() - sighted.begun.micros() >= PERIOD && sighted.told == sighted.count {
            return begin(total, first, last, sighted.alarmed);
        }
        (sighted.total, sighted.first, sighted.last) = (total, first, last);
        sighted.count = sighted.count.saturating_add(waiting.count);
        sighted.day_first = sighted.day_first.min(waiting.first);
        sighted
    }

    /// Make the sighting's next version; `false`: its indicator is not here any more.
    fn tell_sighting(
        &self,
        tx: &mut Tx<'_>,
        rules: &noroshi_gate::Rules,
        id: &StixId,
        sighted: &Sighted,
        at: Timestamp,
    ) -> Result<bool, WriteError> {
        let Some(markings) = self.markings_of(id)? else {
            return Ok(false);
        };
        self.keep_identity(tx, rules, at)?;
        let object = self
            .sighting(id, &sighted.sighting, (sighted.begun, at), markings)
            .with("count", int(sighted.count.min(COUNT_MAX)))
            .with("first_seen", text(sighted.day_first))
            .with("last_seen", text(sighted.last.max(sighted.day_first)));
        self.bring_own(tx, rules, object, None)?;
        Ok(true)
    }

    /// The frame of a sighting: who says it, of what, under which markings.
    fn sighting(
        &self,
        of: &StixId,
        id: &StixId,
        (created, modified): (Timestamp, Timestamp),
        markings: Vec<Value>,
    ) -> Object {
        let identity = self.own_identity();
        Object::new()
            .with("type", "sighting")
            .with("spec_version", "2.1")
            .with("id", id.as_str())
            .with("created_by_ref", identity.as_str())
            .with("created", text(created))
            .with("modified", text(modified))
            .with("sighting_of_ref", of.as_str())
            .with(
                "where_sighted_refs",
                Value::Array(vec![identity.as_str().into()]),
            )
            .with("object_marking_refs", Value::Array(markings))
    }

    /// The markings of an indicator that is here: its own, or those it was given on its way in.
    fn markings_of(&self, id: &StixId) -> Result<Option<Vec<Value>>, WriteError> {
        let reader = self.inside().map_err(inner)?;
        let Some(stored) = reader.current_item(id).map_err(inner)? else {
            return Ok(None);
        };
        Ok(Some(self.markings_on(&stored)))
    }

    fn markings_on(&self, stored: &StoredItem) -> Vec<Value> {
        let bytes = stored.canonical.as_deref().unwrap_or_default();
        let object = Value::parse(bytes, self.limits()).ok();
        let object = object.as_ref().and_then(Value::as_object);
        let own = object.and_then(|object| object.get("object_marking_refs"));
        let mut markings = own.and_then(Value::as_array).unwrap_or_default().to_vec();
        if let Some(by) = &stored.attribution {
            markings.extend(by.assigned.iter().map(|id| Value::from(id.as_str())));
        }
        markings
    }

    /// Bring in an object of this node's own making.
    fn bring_own(
        &self,
        tx: &mut Tx<'_>,
        rules: &noroshi_gate::Rules,
        object: Object,
        person: Option<&PersonId>,
    ) -> Result<(), WriteError> {
        let bytes = Value::Object(object).canonical();
        let read = noroshi_formats::read(&bytes, Form::Stix21, &Limits::DEFAULT);
        let (valid, _) = read.map_err(inner)?;
        let hash = valid.hash();
        let attribution = self.attribute(Role::Originator, &[], &hash);
        let marked = mark(valid, &[], &self.markings(), &Scope::Own);
        let context = AdmitContext {
            rules,
            world: self.world(),
            via: Via::Import { own: true },
            previous: self.previous_of(tx, &marked, None)?,
            agreements: &[],
            now: self.now(),
            grants: &[],
        };
        let body = item_body(&hash, SOURCE, &self.me());
        match noroshi_gate::admit(marked, &context) {
            Admission::Admitted(admitted) => {
                let line = self.line(LineKind::Admitted, person, body);
                tx.admit(&admitted, &attribution, SOURCE, &line)?;
            }
            Admission::Held(held) => {
                let codes: Vec<&str> = held.reasons().iter().map(|r| r.code()).collect();
                let line = self.line(LineKind::Held, person, body.with("reasons", codes));
                tx.hold(&held, Some(&attribution), SOURCE, &line)?;
            }
        }
        Ok(())
    }

    /// The id of the identity that stands for this organisation in its sightings.
    pub(crate) fn own_identity(&self) -> StixId {
        let digest = Digest::of(format!("noroshi identity 1 {}", self.me()).as_bytes());
        let mut bytes = [0_u8; 16];
        bytes.copy_from_slice(&digest.0[..16]);
        id_from("identity", bytes)
    }

    /// The identity itself, once.
    fn keep_identity(
        &self,
        tx: &mut Tx<'_>,
        rules: &noroshi_gate::Rules,
        at: Timestamp,
    ) -> Result<(), WriteError> {
        let id = self.own_identity();
        let known = self.inside().map_err(inner)?.current(&id).map_err(inner)?;
        if known.is_some() {
            return Ok(());
        }
        let object = Object::new()
            .with("type", "identity")
            .with("spec_version", "2.1")
            .with("id", id.as_str())
            .with("created", text(at))
            .with("modified", text(at))
            .with("name", self.organisation_name())
            .with("identity_class", "organization")
            .with("object_marking_refs", Value::Array(vec![CLEAR.into()]));
        self.bring_own(tx, rules, object, None)
    }
}

/// Alarms that may still be raised by themselves, and those beyond.
struct Alarms {
    left: u32,
    more: u64,
}

/// What became of writing one indicator's hits.
#[derive(Default)]
struct Written {
    alarmed: Option<Timestamp>,
    last: Option<Timestamp>,
    has_alarmed: bool,
    has_told: bool,
    is_behind: bool,
}

/// The alarm of a hit: which indicator, how often, in which source.
fn alarm(id: &StixId, waiting: &Waiting, sighted: &Sighted) -> Object {
    Object::new()
        .with("why", "an indicator was seen in our own telemetry")
        .with("code", "indicator.hit")
        .with("indicator", id.as_str())
        .with("source", waiting.source.as_str())
        .with("count", int(waiting.count))
        .with("total", int(sighted.total))
        .with("last", text(waiting.last))
}

/// An id of that type of 16 bytes, as a UUID of version 4.
pub(crate) fn id_from(kind: &str, mut bytes: [u8; 16]) -> StixId {
    bytes[6] = bytes[6] & 0x0F | 0x40;
    bytes[8] = bytes[8] & 0x3F | 0x80;
    let digits = format!("{:032x}", u128::from_be_bytes(bytes));
    let parts = [
        &digits[..8],
        &digits[8..12],
        &digits[12..16],
        &digits[16..20],
        &digits[20..],
    ];
    format!("{kind}--{}", parts.join("-"))
        .parse()
        .expect("invariant: 32 digits in five groups are a UUID")
}

/// A name of a source as an alarm may repeat it.
fn short(source: &str) -> String {
    source
        .chars()
        .filter(|char| !char.is_control())
        .take(120)
        .collect()
}

fn inner(error: impl std::fmt::Display) -> WriteError {
    WriteError::Damaged(error.to_string())
}

fn damaged(error: DocumentError) -> WriteError {
    WriteError::Damaged(error.to_string())
}

/// What came of looking at an indicator's hits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// It was what the indicator says.
    TruePositive,
    /// It was something else.
    FalsePositive,
    /// Nothing was seen though it was looked for.
    NotSeen,
}

impl Outcome {
    /// The word in the extension.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::TruePositive => "true-positive",
            Self::FalsePositive => "false-positive",
            Self::NotSeen => "not-seen",
        }
    }

    /// From what a person wrote.
    ///
    /// # Errors
    /// `sighting.outcome`.
    pub(crate) fn from_word(word: &str) -> Result<Self, Failure> {
        [Self::TruePositive, Self::FalsePositive, Self::NotSeen]
            .into_iter()
            .find(|outcome| outcome.as_str() == word)
            .ok_or_else(|| {
                let why = "an outcome is true-positive, false-positive or not-seen";
                Failure::new("sighting.outcome", 2, why)
            })
    }
}

/// Longest period of a verdict, in days.
const DAYS_MAX: u32 = 366;

impl Node {
    /// A person says what came of looking: a sighting of its own, with the outcome in an
    /// extension; of what was not seen with a count of nought.
    pub(crate) fn say_verdict(
        &self,
        stored: &StoredItem,
        outcome: Outcome,
        days: u32,
        person: &str,
    ) -> Result<StixId, Failure> {
        let person = self.active_person(person)?.name;
        if days == 0 || days > DAYS_MAX {
            let why = "a period is 1 to 366 days";
            return Err(Failure::new("sighting.period", 2, why));
        }
        let now = self.now();
        let begin = now.micros() - i64::from(days) * PERIOD;
        let begin = Timestamp::from_micros(begin);
        let sighted: Option<Sighted> =
            self.record(RecordKind::Sighted, stored.id.as_str().as_bytes())?;
        let seen = sighted.filter(|_| outcome != Outcome::NotSeen);
        let count = match outcome {
            Outcome::NotSeen => 0,
            _ => seen.as_ref().map_or(1, |seen| seen.total.min(COUNT_MAX)),
        };
        let (first, last) = seen.map_or((begin, now), |seen| (seen.first, seen.last));
        let id = id_from("sighting", self.chance());
        let extension = Object::new()
            .with("extension_type", "property-extension")
            .with("outcome", outcome.as_str());
        let object = self
            .sighting(&stored.id, &id, (now, now), self.markings_on(stored))
            .with("count", int(count))
            .with("first_seen", text(first))
            .with("last_seen", text(last.max(first)))
            .with(
                "extensions",
                Object::new().with(VERDICT_EXTENSION, extension),
            );
        let rules = self.rules()?;
        self.store
            .write(|tx| {
                self.keep_identity(tx, &rules, now)?;
                self.bring_own(tx, &rules, object, Some(&person))
            })
            .map_err(store_failure::<WriteError>)?;
        Ok(id)
    }
}
