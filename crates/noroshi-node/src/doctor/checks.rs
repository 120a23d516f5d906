//! What the doctor asks of the store: its own state, what waits for people, partners, agreements,
//! keys and backups.

use std::collections::BTreeMap;

use noroshi_model::agreement::Standing;
use noroshi_model::link::LogLeaf;
use noroshi_model::manifest::Purpose;
use noroshi_model::{Timestamp, ledger::LedgerLine};
use noroshi_store::{ItemState, ReadError, RecordKind};

use super::{Health, Report, health_of};
use crate::acts::act_answer;
use crate::agreements::Assent;
use crate::command::Failure;
use crate::node::{Node, store_failure};
use crate::records::{ActRecord, Peer, Person};

/// Newest items whose words are looked up in the index.
const SAMPLE: u32 = 50;
const DAY_SECONDS: i64 = 24 * 3600;
/// A partner that was not reached for so long is away, and after so long lost, in days.
const AWAY_DAYS: i64 = 1;
const LOST_DAYS: i64 = 14;
/// Agreements are to be renewed in good time, in days.
const NEAR_DAYS: i64 = 30;
/// Keys are replaced once a year; they do not end by themselves, so the doctor says it, in days.
const KEY_DAYS: i64 = 335;
/// A replaced key is wanted until partners have heard of the new one, in days.
const REPLACED_DAYS: i64 = 30;
/// A backup is old after so many days.
const BACKUP_DAYS: i64 = 7;
/// Clocks may differ by so much, in seconds.
const CLOCK_SECONDS: i64 = 120;

impl Node {
    pub(super) fn check_store(&self, report: &mut Report<'_>) -> Result<(), Failure> {
        let reader = self.inside()?;
        let (size, _) = reader.ledger_root().map_err(store_failure)?;
        let newest = reader
            .ledger(size.saturating_sub(1), 1)
            .map_err(store_failure)?;
        let is_there = newest.len() == 1;
        let code = if is_there { "ledger" } else { "ledger-broken" };
        report.tell(code, vec![("lines", size.to_string())]);
        let counts: BTreeMap<_, _> = reader
            .counts()
            .map_err(store_failure)?
            .into_iter()
            .map(|(state, count)| (state.as_str(), count))
            .collect();
        let of = |state: ItemState| counts.get(state.as_str()).copied().unwrap_or(0);
        let args = vec![
            ("admitted", of(ItemState::Admitted).to_string()),
            ("withdrawn", of(ItemState::Withdrawn).to_string()),
            ("destroyed", of(ItemState::Destroyed).to_string()),
        ];
        report.tell("items", args);
        match reader.verify_rows() {
            Ok(()) => report.tell("rows", Vec::new()),
            Err(ReadError::FullText) => report.tell("text-changed", Vec::new()),
            Err(error) => report.tell("rows-changed", vec![("what", error.to_string())]),
        }
        // An index that is damaged may not answer at all.
        if let Ok(sample) = reader.text_sample(SAMPLE) {
            let args = vec![
                ("count", sample.looked_up.to_string()),
                ("missing", sample.missing.to_string()),
            ];
            let code = if sample.missing == 0 {
                "text"
            } else {
                "text-missing"
            };
            report.tell(code, args);
        }
        let held = of(ItemState::Held);
        let code = if held == 0 { "held" } else { "held-some" };
        report.tell(code, vec![("count", held.to_string())]);
        Ok(())
    }

    /// What waits for a person: alarms nobody answered, orders nobody approved, partners to be
    /// asked after a restore.
    pub(super) fn check_waiting(&self, report: &mut Report<'_>) -> Result<(), Failure> {
        let open = self.open_alarms()?;
        match open.last {
            None => report.tell("alarms", Vec::new()),
            Some((line, why)) => {
                let args = vec![
                    ("count", open.count.to_string()),
                    ("line", line.to_string()),
                    ("why", why),
                ];
                report.tell("alarms-open", args);
            }
        }
        let now = self.now();
        let acts = self.records::<ActRecord>(RecordKind::Act)?;
        let pending = acts
            .iter()
            .filter(|act| act_answer(act, now).state == "pending")
            .count();
        let code = if pending == 0 { "acts" } else { "acts-pending" };
        report.tell(code, vec![("count", pending.to_string())]);
        let waits = self.waits_for()?.len();
        if waits > 0 {
            report.tell("restore-waits", vec![("count", waits.to_string())]);
        }
        Ok(())
    }

    pub(super) fn check_channels(&self, report: &mut Report<'_>) -> Result<(), Failure> {
        let (count, failing) = self.failing_channels()?;
        if failing.is_empty() {
            report.tell("channel", vec![("count", count.to_string())]);
        }
        for channel in failing {
            let since = channel
                .since
                .map_or_else(|| "-".to_owned(), |at| at.to_string());
            let args = vec![
                ("channel", channel.name),
                ("problem", channel.problem),
                ("problem_ja", channel.problem_ja),
                ("since", since),
            ];
            report.tell("channel-failing", args);
        }
        Ok(())
    }

    pub(super) fn check_persons(&self, report: &mut Report<'_>) -> Result<(), Failure> {
        let persons = self.records::<Person>(RecordKind::Person)?;
        let active = persons.iter().filter(|person| person.revoked.is_none());
        let active = active.count();
        let code = if active >= 2 {
            "persons"
        } else {
            "persons-few"
        };
        report.tell(code, vec![("count", active.to_string())]);
        Ok(())
    }

    pub(super) fn check_partners(&self, report: &mut Report<'_>) -> Result<(), Failure> {
        let peers = self.standing_peers()?;
        if peers.is_empty() {
            report.tell("peer-none", Vec::new());
        }
        for peer in &peers {
            let (code, _, days, waiting) = self.partner_found(peer)?;
            let contact = peer.last_contact;
            let args = vec![
                ("name", peer.manifest.organisation.name_en.clone()),
                ("name_ja", peer.manifest.organisation.name_ja.clone()),
                ("nation", peer.manifest.organisation.nation.to_string()),
                ("contact", contact.map_or("-".into(), |at| at.to_string())),
                ("days", days.to_string()),
                ("waiting", waiting.to_string()),
            ];
            report.tell(code, args);
        }
        Ok(())
    }

    /// What is to be said of a partner: the finding, how it is meant, whole days since the last
    /// proven contact, and how many entries wait for it.
    pub(crate) fn partner_found(
        &self,
        peer: &Peer,
    ) -> Result<(&'static str, Health, i64, u64), Failure> {
        let waiting = self.inside()?.log_waiting(&peer.node());
        let days = peer.last_contact.map(|at| days_between(at, self.now()));
        let code = match days {
            _ if !peer.is_confirmed() => "peer-pending",
            None => "peer-never",
            Some(days) if days >= LOST_DAYS => "peer-lost",
            Some(days) if days >= AWAY_DAYS => "peer-away",
            Some(_) => "peer",
        };
        let waiting = waiting.map_err(store_failure)?;
        Ok((code, health_of(code), days.unwrap_or_default(), waiting))
    }

    pub(crate) fn standing_peers(&self) -> Result<Vec<Peer>, Failure> {
        let mut peers = self.records::<Peer>(RecordKind::Peer)?;
        peers.retain(|peer| !peer.removed);
        Ok(peers)
    }

    /// This clock against the node's own newest line and against what partners last signed: whoever
    /// signed in this clock's future shows that it is behind, or that theirs is ahead.
    pub(super) fn check_clock(&self, report: &mut Report<'_>) -> Result<(), Failure> {
        let reader = self.inside()?;
        let limit = self.now().plus_seconds(CLOCK_SECONDS);
        let now = ("now", self.now().to_string());
        let (size, _) = reader.ledger_root().map_err(store_failure)?;
        let newest = reader
            .ledger(size.saturating_sub(1), 1)
            .map_err(store_failure)?;
        let newest = newest
            .first()
            .and_then(|(_, leaf)| LedgerLine::from_bytes(leaf).ok());
        let mut is_well = true;
        if let Some(line) = newest.filter(|line| line.at > limit) {
            is_well = false;
            report.tell(
                "clock-went_back",
                vec![now.clone(), ("at", line.at.to_string())],
            );
        }
        for peer in self.standing_peers()? {
            let node = peer.node();
            let (size, _) = reader.log_root(&node, true).map_err(store_failure)?;
            let leaf = reader
                .mirror_leaf(&node, size.saturating_sub(1))
                .map_err(store_failure)?;
            let leaf = leaf.and_then(|leaf| LogLeaf::from_bytes(&leaf).ok());
            if let Some(leaf) = leaf.filter(|leaf| leaf.at > limit) {
                is_well = false;
                let organisation = &peer.manifest.organisation;
                let args = vec![
                    now.clone(),
                    ("at", leaf.at.to_string()),
                    ("name", organisation.name_en.clone()),
                    ("name_ja", organisation.name_ja.clone()),
                ];
                report.tell("clock-behind", args);
            }
        }
        if is_well {
            report.tell("clock", vec![now]);
        }
        Ok(())
    }

    pub(super) fn check_agreements(&self, report: &mut Report<'_>) -> Result<(), Failure> {
        let now = self.now();
        let records = self.agreements()?;
        let standings = self.standings(&records, now);
        for (record, held) in records.iter().zip(&standings) {
            let agreement = &record.agreement;
            let is_replaced = records.iter().any(|other| {
                other.agreement.id == agreement.id && other.agreement.modified > agreement.modified
            });
            if is_replaced {
                continue;
            }
            let days = days_between(now, agreement.valid_until);
            let code = match &held.standing {
                _ if self.assent(record) == Assent::Disputed => "agreement-disputed",
                Standing::Ended(_) => "agreement-ended",
                Standing::Suspended(_) => "agreement-suspended",
                Standing::Unsigned(_) => "agreement-unsigned",
                Standing::InForce | Standing::NotYet(_) if days <= NEAR_DAYS => "agreement-near",
                Standing::InForce | Standing::NotYet(_) => "agreement",
            };
            let title_ja = agreement.title_ja.clone();
            let args = vec![
                ("title", agreement.title.clone()),
                ("title_ja", title_ja),
                ("until", agreement.valid_until.to_string()),
                ("days", days.to_string()),
                ("id", agreement.id.to_string()),
            ];
            report.tell(code, args);
        }
        Ok(())
    }

    pub(super) fn check_keys(&self, report: &mut Report<'_>) {
        let now = self.now();
        let manifest = self.keys().manifest.clone();
        let (mut eldest, mut is_well) = (0, true);
        for purpose in Purpose::ALL {
            let Some(current) = manifest.current(purpose) else {
                continue;
            };
            let days = days_between(current.from, now);
            eldest = eldest.max(days);
            let mut tell = |code, key: String| {
                is_well = false;
                let args = vec![
                    ("purpose", purpose.as_str().to_owned()),
                    ("days", days.to_string()),
                    ("key", key),
                ];
                report.tell(code, args);
            };
            if days >= KEY_DAYS {
                tell("keys-old", current.id.to_string());
            }
            for key in manifest.unrevoked(purpose) {
                if key.id != current.id && days >= REPLACED_DAYS {
                    let name = key.id.to_string();
                    tell("keys-replaced", name.chars().take(16).collect());
                }
            }
        }
        if is_well {
            report.tell("keys", vec![("days", eldest.to_string())]);
        }
        let is_here = self.home().key("root").exists();
        report.tell(if is_here { "root" } else { "root-away" }, Vec::new());
    }

    pub(super) fn check_backups(&self, report: &mut Report<'_>) -> Result<(), Failure> {
        let backups = self.backups()?;
        let newest = backups.iter().rev().find(|backup| backup.is_whole());
        let Some(newest) = newest else {
            report.tell("backup-none", Vec::new());
            return Ok(());
        };
        let days = days_between(newest.at, self.now());
        let code = if days >= BACKUP_DAYS {
            "backup-old"
        } else {
            "backup"
        };
        let args = vec![
            ("path", newest.path.clone()),
            ("at", newest.at.to_string()),
            ("days", days.to_string()),
        ];
        report.tell(code, args);
        Ok(())
    }
}

/// Whole days from one instant to a later one; less than none where it is earlier.
fn days_between(from: Timestamp, to: Timestamp) -> i64 {
    (to.micros() - from.micros()).div_euclid(DAY_SECONDS * 1_000_000)
}
