//! The level of a problem: read from items at each look, never kept.

use noroshi_assess::level::EVIDENCE_MAX;
use noroshi_assess::words::likelihood_of;
use noroshi_assess::{Evidence, assess};
use noroshi_model::json::Object;
use noroshi_model::{Digest, Timestamp};
use noroshi_store::StoredItem;
use serde::{Deserialize, Serialize};

use super::objects::{evidence, ids, judged_by, said};
use crate::command::Failure;
use crate::node::{Node, store_failure};

/// The level without a warning, in every table that ships.
pub(super) const NORMAL: u8 = 5;
/// Most pieces of evidence shown of one indicator.
const EVIDENCE_SHOWN_MAX: usize = 50;

/// A level with all that it rests on.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct LevelView {
    /// STIX id of the problem.
    pub problem: String,
    /// What it is called.
    pub title: String,
    /// What is judged.
    pub hypothesis: String,
    /// The instant that it is the level of.
    pub as_of: String,
    /// The table it is judged by.
    pub table: String,
    /// The level; 1 is the gravest.
    pub level: u8,
    /// How likely the hypothesis is.
    pub probability: f64,
    /// The same, bit for bit: what two nodes compare.
    pub bits: String,
    /// Log-odds in 10^-12 nat.
    pub log_odds_pico: i64,
    /// The word for it: a name of the likelihood scale.
    pub likelihood: String,
    /// How likely it was before any evidence, in thousandths.
    pub prior_permille: u16,
    /// SHA-256 over the evidence: where it is the same, so is the level.
    pub evidence: String,
    /// What each indicator contributes, the largest first.
    pub contributions: Vec<ContributionRow>,
    /// Indicators about which nothing, or nothing fresh, is known.
    pub gaps: u64,
    /// Indicators on the list that cannot be judged: their weight is not readable here.
    pub unread: Vec<String>,
    /// The way here, oldest first.
    pub history: Vec<LevelChange>,
}

/// What an indicator contributes.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ContributionRow {
    /// STIX id.
    pub id: String,
    /// What must happen.
    pub statement: String,
    /// Its state; empty where nobody has stated any.
    pub state: String,
    /// Since when.
    pub since: Option<String>,
    /// What is left of it, in thousandths.
    pub left_permille: i64,
    /// Its weight, in thousandths of a nat.
    pub weight_milli: i64,
    /// What it adds to the log-odds, in thousandths of a nat.
    pub adds_milli: i64,
    /// Is nothing, or nothing fresh, known?
    pub is_gap: bool,
    /// The node that answers for it.
    pub node: String,
    /// What its state rests on.
    pub evidence: Vec<EvidenceRow>,
}

/// A piece of evidence.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct EvidenceRow {
    /// STIX id.
    pub id: String,
    /// Its title; empty where it is not here.
    pub title: String,
    /// Is it here?
    pub known: bool,
}

/// The level changed.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct LevelChange {
    /// When.
    pub at: String,
    /// From which.
    pub from: u8,
    /// To which.
    pub to: u8,
}

impl Node {
    /// The level of a problem at an instant, now where none is said.
    ///
    /// # Errors
    /// `warning.kind`, `warning.table`, `warning.too_much`; a store that fails.
    pub fn level_view(&self, problem: &str, at: Option<Timestamp>) -> Result<LevelView, Failure> {
        let (stored, object) = self.of_kind(problem, "warning-problem")?;
        self.level_of(&stored, &object, at.unwrap_or_else(|| self.now()))
    }

    pub(super) fn level_of(
        &self,
        stored: &StoredItem,
        problem: &Object,
        as_of: Timestamp,
    ) -> Result<LevelView, Failure> {
        let judged = judged_by(problem)?;
        let listed = self.indicators_of(stored)?;
        let mut read: Vec<Evidence> = Vec::new();
        let mut unread = Vec::new();
        for (indicator, object) in &listed {
            match evidence(&indicator.id, object) {
                Some(one) => read.push(one),
                None => unread.push(indicator.id.to_string()),
            }
        }
        let it = assess(&judged.table, judged.prior_permille, &read, as_of);
        let it = it.map_err(|error| Failure::new("warning.too_much", 3, error))?;
        let mut contributions = Vec::new();
        for one in it.contributions {
            let listed = listed.iter().find(|(item, _)| item.id.as_str() == one.id);
            let weight = read.iter().find(|it| it.id == one.id);
            let mut row = ContributionRow {
                id: one.id,
                state: one.state.map_or("", |state| state.as_str()).to_owned(),
                since: one.since.map(|since| since.to_string()),
                left_permille: one.left_ppm / 1_000,
                weight_milli: weight.map_or(0, |it| it.llr_milli),
                adds_milli: one.term_pico / 1_000_000_000,
                is_gap: one.is_gap,
                ..ContributionRow::default()
            };
            if let Some((item, object)) = listed {
                row.statement = said(object, "statement");
                row.node = item.node.map(|node| node.to_string()).unwrap_or_default();
                row.evidence = self.evidence_rows(object)?;
            }
            contributions.push(row);
        }
        Ok(LevelView {
            problem: stored.id.to_string(),
            title: said(problem, "title"),
            hypothesis: judged.hypothesis,
            as_of: as_of.to_string(),
            table: judged.table.name,
            level: it.level,
            probability: it.probability,
            bits: format!("{:016x}", it.probability.to_bits()),
            log_odds_pico: it.log_odds_pico,
            likelihood: likelihood_of(it.probability).term.name.to_owned(),
            prior_permille: judged.prior_permille,
            evidence: digest(&read),
            gaps: contributions.iter().filter(|row| row.is_gap).count() as u64,
            contributions,
            unread,
            history: it
                .history
                .iter()
                .map(|change| LevelChange {
                    at: change.at.to_string(),
                    from: change.from,
                    to: change.to,
                })
                .collect(),
        })
    }

    /// The indicators on a problem's list, whoever put them there. One more than can be judged is
    /// looked for, so that too many are noticed.
    pub(super) fn indicators_of(
        &self,
        problem: &StoredItem,
    ) -> Result<Vec<(StoredItem, Object)>, Failure> {
        let most = u32::try_from(EVIDENCE_MAX + 1).unwrap_or(u32::MAX);
        let mut listed = self.naming(&problem.id, "warning-indicator", most)?;
        listed.retain(|(_, object)| object.str("problem_ref") == Some(problem.id.as_str()));
        Ok(listed)
    }

    fn evidence_rows(&self, indicator: &Object) -> Result<Vec<EvidenceRow>, Failure> {
        let reader = self.local()?;
        let ids = ids(indicator, "evidence_refs").into_iter();
        ids.take(EVIDENCE_SHOWN_MAX)
            .map(|id| {
                let row = reader.current(&id).map_err(store_failure)?;
                Ok(EvidenceRow {
                    id: id.to_string(),
                    known: row.is_some(),
                    title: row.map(|row| row.title).unwrap_or_default(),
                })
            })
            .collect()
    }
}

/// One name for all the evidence, in whatever order it was found.
fn digest(evidence: &[Evidence]) -> String {
    let mut lines: Vec<String> = evidence
        .iter()
        .map(|one| {
            let mut states = one.states.clone();
            states.sort_unstable();
            let states = states.iter().map(|(at, state)| (at, state.as_str()));
            let states: Vec<String> = states.map(|(at, word)| format!("{at} {word}")).collect();
            format!("{} {} {}\n", one.id, one.llr_milli, states.join(" "))
        })
        .collect();
    lines.sort_unstable();
    Digest::of(lines.concat().as_bytes()).to_string()
}
