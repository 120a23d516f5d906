//! What a person can ask about indicators at work and about sightings.

use noroshi_gate::Label;
use noroshi_match::Atom;
use noroshi_model::json::Object;
use noroshi_model::{StixId, Timestamp, Value};
use noroshi_store::StoredItem;
use serde::{Deserialize, Serialize};

use super::book::Indicator;
use super::decay::{Decay, last_word};
use super::judge::Idle;
use super::lists::lists;
use super::read::{Sought, Validity, sought};
use super::sightings::{Outcome, Sighted};
use crate::command::{Event, Failure, PageAnswer, Selection};
use crate::node::{Node, store_failure};
use crate::plan::Ask;
use crate::sink::Sink;
use noroshi_store::RecordKind;

/// Most sightings of one release.
const TOLD_MAX: usize = 1_000;
/// Most plain values told of one indicator.
const VALUES_MAX: usize = 20;

/// One command about indicators at work and sightings.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "snake_case", tag = "matching")]
pub enum MatchingCommand {
    /// How many indicators are at work, and how many are not, by reason; answers [`AtWorkAnswer`].
    Status,
    /// Indicators that wait for a person, and why; one `idle` row each.
    Held {
        /// Most rows.
        limit: u32,
    },
    /// What is known of one indicator's life; answers [`LifeAnswer`].
    Show {
        /// Which.
        item: String,
    },
    /// Put an indicator to work whatever holds it; answers [`LifeAnswer`].
    Release {
        /// Which.
        item: String,
        /// Why.
        note: String,
        /// Who says so.
        person: String,
    },
    /// Take an indicator out of work; answers [`LifeAnswer`].
    Stop {
        /// Which.
        item: String,
        /// Why.
        note: String,
        /// Who says so.
        person: String,
    },
    /// Say which networks and domains are our own; answers [`OwnAnswer`].
    SetOwn {
        /// Blocks and addresses.
        networks: Vec<String>,
        /// Domains, with what is below them.
        domains: Vec<String>,
        /// Who says so.
        person: String,
    },
    /// Which networks and domains are our own; answers [`OwnAnswer`].
    ShowOwn,
    /// What was sighted in our own telemetry; one `sighted` row each, the newest first.
    Sightings {
        /// Most rows.
        limit: u32,
    },
    /// Ask for the release of every sighting that a partner was not given yet, of indicators that
    /// partner gave; answers [`crate::command::PlanAnswer`], as a share does.
    Tell {
        /// The partner.
        to: String,
        /// Explain only.
        dry_run: bool,
        /// Who asks.
        person: String,
    },
    /// Say what came of looking at an indicator's hits; answers [`VerdictAnswer`].
    Verdict {
        /// Which indicator.
        item: String,
        /// `true-positive`, `false-positive` or `not-seen`.
        outcome: String,
        /// Days up to now that were looked at.
        days: u32,
        /// Who says so.
        person: String,
    },
}

/// What is at work.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AtWorkAnswer {
    /// Indicators at work.
    pub at_work: u64,
    /// Those that are not, by reason.
    pub idle: std::collections::BTreeMap<String, u64>,
}

/// The life of one indicator.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct LifeAnswer {
    /// Its STIX id.
    pub id: String,
    /// What it is called.
    pub title: String,
    /// Is it at work now?
    pub at_work: bool,
    /// Why not: a reason's word, `not-yet`, `expired` or `faded`.
    pub why: Option<String>,
    /// The list for which it waits, or the value that holds it.
    pub because: Option<String>,
    /// From when it holds.
    pub from: Option<String>,
    /// Until when, by its own word or by the model.
    pub until: Option<String>,
    /// The model by which it fades.
    pub model: Option<String>,
    /// Its score now, and below which one it is at work no more.
    pub score: Option<f64>,
    /// See `score`.
    pub threshold: Option<f64>,
    /// Lists of what everybody uses that its values are on.
    pub lists: Vec<String>,
    /// Who answers for it.
    pub contributor: String,
    /// What its marking lets us do in the open (PAP): `anything`, or `watch` only.
    pub action: String,
    /// Hits in our own telemetry.
    pub hits: u64,
    /// The last of them.
    pub last_hit: Option<String>,
    /// What a person decided.
    pub decision: Option<String>,
}

/// Networks and domains of our own.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwnAnswer {
    /// Blocks and addresses.
    pub networks: Vec<String>,
    /// Domains.
    pub domains: Vec<String>,
}

/// A verdict that was written.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct VerdictAnswer {
    /// The sighting that says it.
    pub sighting: String,
    /// Of which indicator.
    pub indicator: String,
    /// What.
    pub outcome: String,
}

impl Node {
    pub(crate) fn run_matching(
        &self,
        command: MatchingCommand,
        sink: &mut dyn Sink,
    ) -> Result<(), Failure> {
        match command {
            MatchingCommand::Status => answer(sink, "at-work", self.at_work()?),
            MatchingCommand::Held { limit } => self.held_from_work(limit, sink),
            MatchingCommand::Show { item } => {
                let stored = self.indicator_named(&item)?;
                answer(sink, "life", self.life_of(&stored)?)
            }
            MatchingCommand::Release { item, note, person } => {
                let stored = self.indicator_named(&item)?;
                self.decide_indicator(&stored.id, true, &note, &person)?;
                answer(sink, "life", self.life_of(&stored)?)
            }
            MatchingCommand::Stop { item, note, person } => {
                let stored = self.indicator_named(&item)?;
                self.decide_indicator(&stored.id, false, &note, &person)?;
                answer(sink, "life", self.life_of(&stored)?)
            }
            MatchingCommand::SetOwn {
                networks,
                domains,
                person,
            } => {
                let names = self.set_own_names(&networks, &domains, &person)?;
                let (networks, domains) = (names.networks, names.domains);
                answer(sink, "own-names", OwnAnswer { networks, domains })
            }
            MatchingCommand::ShowOwn => {
                let names = self.own_names()?;
                let (networks, domains) = (names.networks, names.domains);
                answer(sink, "own-names", OwnAnswer { networks, domains })
            }
            MatchingCommand::Sightings { limit } => self.sighted_rows(limit, sink),
            MatchingCommand::Tell {
                to,
                dry_run,
                person,
            } => {
                let select = Selection {
                    items: self.sightings_for(&to)?,
                    ..Selection::default()
                };
                let ask = Ask {
                    to: &[to],
                    purpose: "defence",
                    precedence: "routine",
                    person: &person,
                    dry_run,
                    expires_minutes: 60,
                    accept: &[],
                };
                let plan = self.share(&select, &ask, sink)?;
                answer(sink, "plan", plan)
            }
            MatchingCommand::Verdict {
                item,
                outcome,
                days,
                person,
            } => {
                let stored = self.indicator_named(&item)?;
                let outcome = Outcome::from_word(&outcome)?;
                let sighting = self.say_verdict(&stored, outcome, days, &person)?;
                let said = VerdictAnswer {
                    sighting: sighting.to_string(),
                    indicator: stored.id.to_string(),
                    outcome: outcome.as_str().to_owned(),
                };
                answer(sink, "verdict", said)
            }
        }
    }

    /// The indicator of that name.
    fn indicator_named(&self, named: &str) -> Result<StoredItem, Failure> {
        let stored = self.find_item(named)?;
        if stored.id.kind() == "indicator" {
            return Ok(stored);
        }
        let why = format_args!("{} is no indicator", stored.id);
        Err(Failure::new("matching.indicator", 2, why).arg("item", named))
    }

    fn at_work(&self) -> Result<AtWorkAnswer, Failure> {
        let set = self.live()?.current();
        let book = set.book();
        let mut counted = AtWorkAnswer {
            at_work: book.len() as u64,
            ..AtWorkAnswer::default()
        };
        let (idle, unnamed) = book.idle();
        for (_, idle) in idle {
            *counted.idle.entry(idle.code().to_owned()).or_default() += 1;
        }
        if unnamed > 0 {
            counted.idle.insert("more".to_owned(), unnamed);
        }
        Ok(counted)
    }

    fn held_from_work(&self, limit: u32, sink: &mut dyn Sink) -> Result<(), Failure> {
        let mut held: Vec<(Indicator, Idle)> = {
            let set = self.live()?.current();
            let book = set.book();
            let (idle, _) = book.idle();
            idle.filter(|(_, idle)| idle.is_held()).collect()
        };
        held.sort_unstable();
        let mut rows = 0;
        for (indicator, _) in held.iter().take(limit as usize) {
            let item = self.inside()?.current_item(&indicator.id());
            let Some(stored) = item.map_err(store_failure)? else {
                continue;
            };
            rows += 1;
            let row = serde_json::to_value(self.life_of(&stored)?).unwrap_or_default();
            let kind = "idle".into();
            if !sink.send(Event::Row { kind, row }) {
                break;
            }
        }
        answer(sink, "idle", PageAnswer { rows, next: None })
    }

    /// The life of an indicator: is it at work, why not, until when, who gave it.
    fn life_of(&self, stored: &StoredItem) -> Result<LifeAnswer, Failure> {
        let now = self.now();
        let sighted: Option<Sighted> =
            self.record(RecordKind::Sighted, stored.id.as_str().as_bytes())?;
        let mut life = LifeAnswer {
            id: stored.id.to_string(),
            title: stored.title.clone(),
            contributor: self.contributor(stored)?,
            action: action(&stored.label).to_owned(),
            hits: sighted.as_ref().map_or(0, |sighted| sighted.total),
            last_hit: sighted.as_ref().map(|sighted| sighted.last.to_string()),
            ..LifeAnswer::default()
        };
        if let Some(decision) = self.decision_on(&stored.id)? {
            let note = &decision.note;
            life.decision = Some(format!("{} {}: {note}", decision.by, decision.at));
        }
        let Some(object) = self.readable_object(stored) else {
            life.why = Some(stored.state.as_str().to_owned());
            return Ok(life);
        };
        let is_admitted = stored.state == noroshi_store::ItemState::Admitted;
        let atoms = match sought(&object) {
            Ok(Sought::Atoms(atoms)) => atoms,
            Ok(Sought::Program(_)) | Err(_) => Vec::new(),
        };
        self.tell_times(
            &mut life,
            &object,
            &atoms,
            (stored.at, sighted.map(|s| s.last), now),
        );
        for list in atoms
            .iter()
            .take(VALUES_MAX)
            .flat_map(|atom| lists().of(atom))
        {
            let told = format!("{} ({}, {})", list.title, list.name, list.version);
            if !life.lists.contains(&told) {
                life.lists.push(told);
            }
        }
        let own = self.own_names()?;
        life.because = atoms.iter().find_map(|atom| {
            let list = lists().holding(atom).map(|list| list.title.clone());
            list.or_else(|| own.holds(atom).then(|| atom.defanged()))
        });
        if !is_admitted || stored.superseded {
            life.why = Some(
                if is_admitted {
                    "superseded"
                } else {
                    stored.state.as_str()
                }
                .to_owned(),
            );
            return Ok(life);
        }
        let set = self.live()?.current();
        let Some(indicator) = Indicator::of(&stored.id) else {
            return Ok(life);
        };
        life.at_work = set.is_at_work(indicator, now);
        let idle = set.book().why_idle(indicator);
        if let Some(idle) = idle {
            life.why = Some(idle.code().to_owned());
        }
        if life.at_work {
            life.why = None;
        }
        Ok(life)
    }

    /// From when until when it holds, and by which model it fades.
    fn tell_times(
        &self,
        life: &mut LifeAnswer,
        object: &Object,
        atoms: &[Atom],
        (arrived, sighted, now): (Timestamp, Option<Timestamp>, Timestamp),
    ) {
        let validity = Validity::of(object);
        life.from = object.str("valid_from").map(str::to_owned);
        life.until = object.str("valid_until").map(str::to_owned);
        if now.micros() < validity.from {
            life.why = Some("not-yet".to_owned());
        } else if validity.until <= now.micros() {
            life.why = Some("expired".to_owned());
        }
        if let Some(decay) = Decay::of(object, atoms) {
            let last = last_word(object, arrived, sighted);
            let until = last.saturating_add(decay.span());
            life.model = Some(decay.model.name.clone());
            let score = decay.score(now.micros().saturating_sub(last));
            life.score = Some((score * 10.0).round() / 10.0);
            life.threshold = Some(decay.threshold());
            life.until = Some(Timestamp::from_micros(until).to_string());
            if until <= now.micros() {
                life.why = Some("faded".to_owned());
            }
        }
    }

    /// Who answers for an item, by name where we know one.
    fn contributor(&self, stored: &StoredItem) -> Result<String, Failure> {
        let Some(node) = stored.node else {
            return Ok(stored.source.clone());
        };
        if node == self.me() {
            return Ok(format!("{} ({})", self.organisation_name(), stored.source));
        }
        let named = self.recipient_of(&node)?.map(|(_, name)| name);
        Ok(named.unwrap_or_else(|| node.to_string()))
    }

    fn readable_object(&self, stored: &StoredItem) -> Option<Object> {
        match Value::parse(stored.canonical.as_deref()?, self.limits()) {
            Ok(Value::Object(object)) => Some(object),
            _ => None,
        }
    }

    /// The sightings of this node that a partner was not given yet, of indicators it gave: by hash,
    /// the oldest first, as many as one release takes here.
    fn sightings_for(&self, partner: &str) -> Result<Vec<String>, Failure> {
        self.write_sightings()?;
        let peer = self.find_peer(partner)?.node();
        let (mut found, mut after) = (Vec::new(), 0);
        loop {
            let reader = self.inside()?;
            let page = reader.current_of_kind("sighting", after, TOLD_MAX as u32);
            let page = page.map_err(store_failure)?;
            let Some(last) = page.last() else {
                break;
            };
            after = *last;
            for seq in page {
                let Some(stored) = reader.item_at(seq).map_err(store_failure)? else {
                    continue;
                };
                let object = self.readable_object(&stored);
                let of = object
                    .as_ref()
                    .and_then(|object| object.str("sighting_of_ref"));
                let Some(Ok(of)) = of.map(str::parse::<StixId>) else {
                    continue;
                };
                let given = reader.current(&of).map_err(store_failure)?;
                let is_theirs = given.is_some_and(|row| row.node == Some(peer));
                if stored.node != Some(self.me()) || !is_theirs {
                    continue;
                }
                let holders = reader.holders(&stored.hash).map_err(store_failure)?;
                if holders
                    .iter()
                    .all(|(node, entry)| *node != peer || entry.void)
                {
                    found.push(stored.hash.to_string());
                }
            }
            if found.len() >= TOLD_MAX {
                found.truncate(TOLD_MAX);
                break;
            }
        }
        if found.is_empty() {
            let why = "every sighting of what this partner gave has been released to it";
            return Err(Failure::new("sighting.nothing", 4, why));
        }
        Ok(found)
    }

    fn sighted_rows(&self, limit: u32, sink: &mut dyn Sink) -> Result<(), Failure> {
        self.write_sightings()?;
        let reader = self.inside()?;
        let newest = reader.records_newest(RecordKind::Sighted, limit);
        let mut rows = 0;
        for (key, bytes) in newest.map_err(store_failure)? {
            let key = String::from_utf8_lossy(&key).into_owned();
            let (Ok(id), Ok(sighted)) = (
                key.parse::<StixId>(),
                <Sighted as crate::records::Record>::from_bytes(&bytes),
            ) else {
                continue;
            };
            let known = reader.current(&id).map_err(store_failure)?;
            let row = serde_json::json!({
                "indicator": key,
                "title": known.map(|row| row.title).unwrap_or_default(),
                "count": sighted.total,
                "first": sighted.first.to_string(),
                "last": sighted.last.to_string(),
                "sighting": sighted.sighting.as_str(),
            });
            rows += 1;
            let kind = "sighted".into();
            if !sink.send(Event::Row { kind, row }) {
                break;
            }
        }
        answer(sink, "sighted", PageAnswer { rows, next: None })
    }
}

/// What a marking lets us do with an indicator (PAP): below green nothing that its target can see.
fn action(label: &Label) -> &'static str {
    if may_act_openly(label) {
        "anything"
    } else {
        "watch"
    }
}

/// May what is so marked be given to tools that block, or ask the other side?
pub(crate) fn may_act_openly(label: &Label) -> bool {
    let shown = label.to_string().to_ascii_lowercase();
    !["pap:red", "pap:amber"]
        .iter()
        .any(|level| shown.contains(level))
}

fn answer(sink: &mut dyn Sink, kind: &str, value: impl Serialize) -> Result<(), Failure> {
    let answer = serde_json::to_value(value).map_err(|error| Failure::new("internal", 1, error))?;
    let kind = kind.into();
    sink.send(Event::Answer { kind, answer });
    Ok(())
}
