//! What came since somebody's last look, what waits for a person, and how the partners stand.

use noroshi_model::ledger::LedgerLine;
use noroshi_model::link::EntryKind;
use noroshi_model::{PersonId, Timestamp};
use noroshi_store::{Effort, ItemState, RecordKind, Sought, WriteError};
use serde::{Deserialize, Serialize};

use super::search::{Facet, facet};
use super::{Look, Names};
use crate::acts::act_answer;
use crate::command::{ActAnswer, Event, Failure, ItemRow, ReceiptRow};
use crate::doctor::Health;
use crate::ledger::line_row;
use crate::node::{Node, lock, store_failure};
use crate::records::{ActRecord, Peer, Record};
use crate::sink::Collected;
use crate::warning::{ProposalRow, ReportRow};

/// Rows of each list.
const ROWS: u32 = 20;
/// Items examined that came since the last look.
const CAME_MAX: u32 = 5_000;
/// Acts looked through, newest first. One that waits is at most a week old.
const ACTS_MAX: u32 = 500;
/// Held items are counted up to this.
const HELD_MAX: u32 = 10_000;
/// Unanswered entries of one partner that are looked through for recalls.
const UNANSWERED_MAX: u32 = 1_000;
/// What came is of the last day, for whoever never looked.
const DAY_SECONDS: i64 = 24 * 3600;

/// What came and what waits.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct NowView {
    /// The instant it was made.
    pub at: String,
    /// The newest position: what a person who has seen all of it states.
    pub position: u64,
    /// The person's last look, where one is kept.
    pub last_look: Option<LookRow>,
    /// What came since then, or within a day.
    pub came: Came,
    /// What waits.
    pub waits: Waits,
    /// Partners, those that need an eye first.
    pub partners: Vec<PartnerLight>,
    /// What the nodes in it are called.
    pub names: Names,
}

/// A person's last look.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LookRow {
    /// Up to which position they have seen what came.
    pub position: u64,
    /// When.
    pub at: String,
}

/// What came.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Came {
    /// How many items, up to the cap.
    pub total: u64,
    /// Were there more than are counted?
    pub is_capped: bool,
    /// The newest of them.
    pub items: Vec<ItemRow>,
    /// How many from where; peers by node id.
    pub sources: Vec<Facet>,
    /// How many of which type.
    pub kinds: Vec<Facet>,
}

/// What waits for a person.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Waits {
    /// Acts that wait for a second person other than the viewer; the nearest to lapse first.
    pub acts: Vec<ActAnswer>,
    /// How many items are held, up to 10,000.
    pub held: u64,
    /// The newest of them.
    pub held_items: Vec<ItemRow>,
    /// Questions on consent that this node has to answer, as `noroshi consent list` shows them.
    pub consents: Vec<serde_json::Value>,
    /// Recalls that partners have not answered.
    pub recalls: Vec<ReceiptRow>,
    /// Alarms that nobody has answered.
    pub alarms: AlarmsOpen,
    /// Warnings of others in force that nobody here has acknowledged.
    #[serde(default)]
    pub warnings: Vec<ReportRow>,
    /// What wants a warning.
    #[serde(default)]
    pub proposals: Vec<ProposalRow>,
}

/// Alarms that nobody has answered.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct AlarmsOpen {
    /// How many.
    pub count: u64,
    /// The newest, newest first, as lines.
    pub lines: Vec<serde_json::Value>,
}

/// How a partner stands.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartnerLight {
    /// Its node id.
    pub node: String,
    /// In English.
    pub name_en: String,
    /// In Japanese.
    pub name_ja: String,
    /// Its nation.
    pub nation: String,
    /// green, amber or red.
    pub light: String,
    /// Why: a finding of the doctor; its words are `doctor-CODE` in the catalogue.
    pub code: String,
    /// The last proven contact.
    pub last_contact: Option<String>,
    /// Whole days since then.
    pub days: i64,
    /// Entries that wait for it.
    pub waiting: u64,
}

/// Open alarms as far as the ledger has been looked through.
#[derive(Default)]
pub(super) struct AlarmWatch {
    /// The first line that counts: the one behind the last answer.
    first: u64,
    /// The first line that was not looked at yet.
    next: u64,
    count: u64,
    /// The newest, newest last.
    newest: Vec<(u64, LedgerLine)>,
}

impl Node {
    /// What came and what waits. Each part is capped; alarms are found by going on in the ledger
    /// from where the last look ended.
    ///
    /// # Errors
    /// `person.unknown` for nobody's look; a store that fails.
    pub fn now_view(&self, person: Option<&str>) -> Result<NowView, Failure> {
        let person = person.map(|name| self.active_person(name)).transpose()?;
        let person = person.map(|person| person.name);
        let look: Option<Look> = match &person {
            Some(name) => self.record(RecordKind::Look, name.as_str().as_bytes())?,
            None => None,
        };
        let now = self.now();
        let came = self.came(look.as_ref(), now)?;
        let waits = self.waits(person.as_ref(), now)?;
        let partners = self.partner_lights()?;
        let nodes = came.sources.iter().map(|facet| &facet.value);
        let nodes = nodes.chain(came.items.iter().map(|row| &row.node));
        let nodes = nodes.chain(waits.held_items.iter().map(|row| &row.source));
        Ok(NowView {
            at: now.to_string(),
            position: self.inside()?.newest().map_err(store_failure)?,
            last_look: look.map(|look| LookRow {
                position: look.position,
                at: look.at.to_string(),
            }),
            names: self.names_of(nodes.map(String::as_str))?,
            came,
            waits,
            partners,
        })
    }

    /// Numbers that are others when something came or was written down: cheap to ask, and nobody
    /// learns anything by them but that it is time to look again.
    ///
    /// # Errors
    /// A store that fails.
    pub fn pulse(&self) -> Result<(u64, u64), Failure> {
        let inside = self.inside()?;
        let newest = inside.newest().map_err(store_failure)?;
        let (lines, _) = inside.ledger_root().map_err(store_failure)?;
        Ok((newest, lines))
    }

    /// A person has seen what came, up to a position. It never goes back.
    ///
    /// # Errors
    /// `person.unknown`; a store that fails.
    pub fn looked(&self, person: &str, position: Option<u64>) -> Result<LookRow, Failure> {
        let person = self.active_person(person)?.name;
        let key = person.as_str().as_bytes();
        let newest = self.inside()?.newest().map_err(store_failure)?;
        let before: Option<Look> = self.record(RecordKind::Look, key)?;
        let position = position.unwrap_or(newest).min(newest);
        let look = Look {
            position: position.max(before.map_or(0, |look| look.position)),
            at: self.now(),
        };
        self.store
            .write(|tx| tx.put(RecordKind::Look, key, &look.to_bytes()))
            .map_err(store_failure::<WriteError>)?;
        Ok(LookRow {
            position: look.position,
            at: look.at.to_string(),
        })
    }

    fn came(&self, look: Option<&Look>, now: Timestamp) -> Result<Came, Failure> {
        if self.expect_recovered().is_err() {
            return Ok(Came::default());
        }
        let sought = Sought {
            after: look.map(|look| look.position),
            since: look.is_none().then(|| now.plus_seconds(-DAY_SECONDS)),
            ..Sought::default()
        };
        let effort = Effort {
            rows: ROWS,
            examined: CAME_MAX,
        };
        let found = self.local()?.find(&sought, effort).map_err(store_failure)?;
        Ok(Came {
            total: found.total,
            is_capped: found.is_capped,
            items: found.rows.iter().map(|row| self.item_row(row)).collect(),
            sources: facet(found.sources),
            kinds: facet(found.kinds),
        })
    }

    fn waits(&self, person: Option<&PersonId>, now: Timestamp) -> Result<Waits, Failure> {
        let held = Sought {
            state: Some(ItemState::Held),
            versions: true,
            ..Sought::default()
        };
        let effort = Effort {
            rows: ROWS,
            examined: ROWS,
        };
        let officer = self.officer()?;
        let found = officer.find(&held, effort).map_err(store_failure)?;
        let (warnings, proposals) = self.warnings_waiting()?;
        Ok(Waits {
            warnings,
            proposals,
            acts: self.acts_waiting(person, now)?,
            held: officer.held_count(HELD_MAX).map_err(store_failure)?,
            held_items: found.rows.iter().map(|row| self.item_row(row)).collect(),
            consents: self.consents_waiting()?,
            recalls: self.recalls_waiting()?,
            alarms: self.alarms_open()?,
        })
    }

    /// What waits at the warning desk; nothing while items are not to be read after a restore.
    fn warnings_waiting(&self) -> Result<(Vec<ReportRow>, Vec<ProposalRow>), Failure> {
        if self.expect_recovered().is_err() {
            return Ok((Vec::new(), Vec::new()));
        }
        let mut proposals = self.proposals()?;
        proposals.retain(|row| row.why == "level" || row.taken_up.is_none());
        proposals.truncate(ROWS as usize);
        Ok((self.warnings_unanswered()?, proposals))
    }

    fn acts_waiting(
        &self,
        person: Option<&PersonId>,
        now: Timestamp,
    ) -> Result<Vec<ActAnswer>, Failure> {
        let newest = self.inside()?.records_newest(RecordKind::Act, ACTS_MAX);
        let newest = newest.map_err(store_failure)?;
        let read = newest.iter().map(|(_, bytes)| {
            ActRecord::from_bytes(bytes)
                .map_err(|error| Failure::new("store.record", 5, error.to_string()))
        });
        let mut waiting = Vec::new();
        for record in read {
            let record = record?;
            let answer = act_answer(&record, now);
            if answer.state == "pending" && person != Some(&record.act.requester) {
                waiting.push(answer);
            }
        }
        waiting.sort_by(|a, b| a.expires.cmp(&b.expires));
        Ok(waiting)
    }

    fn consents_waiting(&self) -> Result<Vec<serde_json::Value>, Failure> {
        let mut sink = Collected::default();
        self.consent_list(&mut sink)?;
        let rows = sink.0.into_iter().filter_map(|event| match event {
            Event::Row { row, .. } => Some(row),
            Event::Progress { .. } | Event::Answer { .. } => None,
        });
        let is_open =
            |row: &serde_json::Value| row["part"] == "to_answer" && row["state"] == "open";
        Ok(rows.filter(is_open).take(ROWS as usize).collect())
    }

    fn recalls_waiting(&self) -> Result<Vec<ReceiptRow>, Failure> {
        let mut waiting = Vec::new();
        for peer in self.records::<Peer>(RecordKind::Peer)? {
            let entries = self
                .inside()?
                .log_unanswered(&peer.node(), 0, UNANSWERED_MAX);
            let entries = entries.map_err(store_failure)?;
            let recalls = entries
                .iter()
                .filter(|entry| entry.leaf.kind == EntryKind::Recall);
            for entry in recalls.take(ROWS as usize) {
                waiting.extend(self.receipt_row_for(&peer, entry)?);
            }
        }
        Ok(waiting)
    }

    fn alarms_open(&self) -> Result<AlarmsOpen, Failure> {
        let first = self.first_open()?;
        let mut watch = lock(&self.kept.alarms);
        if watch.first != first {
            *watch = AlarmWatch {
                first,
                next: first,
                ..AlarmWatch::default()
            };
        }
        let (size, _) = self.inside()?.ledger_root().map_err(store_failure)?;
        let from = watch.next;
        let mut found = Vec::new();
        self.each_alarm(from, &mut |index, line| {
            found.push((index, line));
            true
        })?;
        // Lines may have come while it was looked: they are looked at again, and counted once.
        watch.next = found.last().map_or(size, |(index, _)| size.max(index + 1));
        watch.count += found.len() as u64;
        watch.newest.extend(found);
        let over = watch.newest.len().saturating_sub(ROWS as usize);
        watch.newest.drain(..over);
        let lines = watch.newest.iter().rev();
        Ok(AlarmsOpen {
            count: watch.count,
            lines: lines
                .map(|(index, line)| line_row(*index, line.clone()))
                .collect(),
        })
    }

    /// How the partners stand, those that need an eye first.
    ///
    /// # Errors
    /// A store that fails.
    pub fn partner_lights(&self) -> Result<Vec<PartnerLight>, Failure> {
        let mut lights = Vec::new();
        for peer in self.standing_peers()? {
            let (code, health, days, waiting) = self.partner_found(&peer)?;
            let organisation = &peer.manifest.organisation;
            let row = PartnerLight {
                node: organisation.node.to_string(),
                name_en: organisation.name_en.clone(),
                name_ja: organisation.name_ja.clone(),
                nation: organisation.nation.to_string(),
                light: light(health).to_owned(),
                code: code.to_owned(),
                last_contact: peer.last_contact.map(|at| at.to_string()),
                days,
                waiting,
            };
            lights.push((health, row));
        }
        lights.sort_by_key(|(health, row)| (std::cmp::Reverse(*health), row.name_en.clone()));
        Ok(lights.into_iter().map(|(_, row)| row).collect())
    }
}

fn light(health: Health) -> &'static str {
    match health {
        Health::Good => "green",
        Health::Look => "amber",
        Health::Bad => "red",
    }
}
