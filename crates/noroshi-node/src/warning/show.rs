//! A problem as people look at it: its level, its warnings, who acknowledged and who has not.

use std::collections::BTreeMap;

use noroshi_model::json::{Object, Value};
use noroshi_model::{StixId, Timestamp};
use noroshi_store::{Effort, Sought, StoredItem};
use serde::{Deserialize, Serialize};

use super::objects::{number, said, time};
use super::{ACKNOWLEDGED, LevelView, SOURCE, STOOD_DOWN};
use crate::command::Failure;
use crate::node::{Node, store_failure};
use crate::views::Names;

/// Most problems on the board.
const PROBLEMS_MAX: u32 = 100;
/// Most warnings of a problem, and received warnings looked through.
const REPORTS_MAX: u32 = 100;
/// Most opinions and translations of a warning.
const ABOUT_MAX: u32 = 200;

/// A problem in a line.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ProblemRow {
    /// STIX id.
    pub id: String,
    /// What it is called.
    pub title: String,
    /// The question.
    pub question: String,
    /// The level now; absent where it cannot be judged here.
    pub level: Option<u8>,
    /// The word of likelihood now.
    pub likelihood: String,
    /// Why it cannot be judged: a failure's code.
    pub problem: String,
    /// Gaps on the list.
    pub gaps: u64,
    /// The level of the newest warning in force, whoever issued it.
    pub warned: Option<u8>,
    /// Acknowledgements that are outstanding.
    pub outstanding: u64,
    /// The node that answers for it.
    pub node: String,
}

/// A problem whole.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct WarningView {
    /// The row.
    pub row: ProblemRow,
    /// The level; absent where it cannot be judged here.
    pub level: Option<LevelView>,
    /// Its warnings, the newest first.
    pub reports: Vec<ReportRow>,
    /// What the nodes in it are called.
    pub names: Names,
}

/// A warning.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReportRow {
    /// STIX id.
    pub id: String,
    /// The newest version.
    pub hash: String,
    /// When that was issued.
    pub modified: String,
    /// STIX id of the problem.
    pub problem: String,
    /// The person who issued it.
    pub issued_by: String,
    /// The node that answers for it.
    pub node: String,
    /// in-force, expired or stood-down.
    pub state: String,
    /// From which level.
    pub level_from: Option<u8>,
    /// To which.
    pub level_to: Option<u8>,
    /// A word of likelihood.
    pub likelihood: String,
    /// A word of confidence.
    pub confidence: String,
    /// What it rests on, in English.
    pub basis: String,
    /// The same in Japanese; empty where that is not here.
    pub basis_ja: String,
    /// What would change it, in English.
    pub change: String,
    /// The same in Japanese.
    pub change_ja: String,
    /// Until when it holds.
    pub valid_until: Option<String>,
    /// Whom it was sent to, and whether they acknowledged this version.
    pub sent: Vec<SentRow>,
    /// Acknowledgements of this version that are here, this node's own among them.
    pub acks: Vec<Ack>,
    /// To how many it was sent that have not acknowledged this version.
    pub outstanding: u64,
}

/// Somebody a warning was sent to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SentRow {
    /// The node.
    pub node: String,
    /// What it is called.
    pub name: String,
    /// waiting, delivered, holds, held, refused, recalling, recalled.
    pub state: String,
    /// Was it sent the newest version?
    pub is_newest: bool,
    /// Has it acknowledged that?
    pub is_acknowledged: bool,
}

/// An acknowledgement.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ack {
    /// The node that answers for it.
    pub node: String,
    /// Who gave it.
    pub person: String,
    /// When.
    pub at: String,
    /// What that side thinks: a word of STIX opinions.
    pub opinion: String,
    /// In its words.
    pub text: String,
}

impl Node {
    /// Every problem, the newest first.
    pub(super) fn warning_problems(&self) -> Result<Vec<ProblemRow>, Failure> {
        let all = self.newest_of("warning-problem", PROBLEMS_MAX)?;
        let each = all.iter().map(|(stored, object)| {
            let view = self.warning_of(stored, object)?;
            Ok(view.row)
        });
        each.collect()
    }

    /// A problem with its level and its warnings.
    ///
    /// # Errors
    /// `warning.kind`, `item.unknown`; a store that fails.
    pub fn warning_view(&self, problem: &str) -> Result<WarningView, Failure> {
        let (stored, object) = self.of_kind(problem, "warning-problem")?;
        let mut view = self.warning_of(&stored, &object)?;
        let reports = view.reports.iter();
        let nodes = reports.flat_map(|row| {
            let acks = row.acks.iter().map(|ack| &ack.node);
            std::iter::once(&row.node).chain(acks)
        });
        let nodes = nodes.chain(std::iter::once(&view.row.node));
        view.names = self.names_of(nodes.map(String::as_str))?;
        Ok(view)
    }

    fn warning_of(&self, stored: &StoredItem, object: &Object) -> Result<WarningView, Failure> {
        let (level, problem) = match self.level_of(stored, object, self.now()) {
            Ok(level) => (Some(level), String::new()),
            // One that cannot be judged is shown with the reason, among the others.
            Err(failure) if failure.code.starts_with("warning.") => (None, failure.code),
            Err(failure) => return Err(failure),
        };
        let mut reports = Vec::new();
        for (stored, report) in self.naming(&stored.id, "warning-report", REPORTS_MAX)? {
            if report.str("problem_ref") == Some(object.str("id").unwrap_or_default()) {
                reports.push(self.report_row(&stored, &report)?);
            }
        }
        reports.sort_by(|a, b| b.modified.cmp(&a.modified));
        let in_force = reports.iter().find(|row| row.state == "in-force");
        let row = ProblemRow {
            id: stored.id.to_string(),
            title: said(object, "title"),
            question: said(object, "question"),
            level: level.as_ref().map(|level| level.level),
            likelihood: level
                .as_ref()
                .map(|level| level.likelihood.clone())
                .unwrap_or_default(),
            problem,
            gaps: level.as_ref().map_or(0, |level| level.gaps),
            warned: in_force.and_then(|row| row.level_to),
            outstanding: reports.iter().map(|row| row.outstanding).sum(),
            node: stored.node.map(|node| node.to_string()).unwrap_or_default(),
        };
        Ok(WarningView {
            row,
            level,
            reports,
            names: Names::new(),
        })
    }

    /// A warning with who has it and who acknowledged it.
    pub(super) fn report_row(
        &self,
        stored: &StoredItem,
        report: &Object,
    ) -> Result<ReportRow, Failure> {
        let modified = said(report, "modified");
        let mut row = ReportRow {
            id: stored.id.to_string(),
            hash: stored.hash.to_string(),
            problem: said(report, "problem_ref"),
            issued_by: said(report, "issued_by"),
            node: stored.node.map(|node| node.to_string()).unwrap_or_default(),
            state: state_of(report, self.now()).to_owned(),
            level_from: number(report, "level_from"),
            level_to: number(report, "level_to"),
            likelihood: said(report, "likelihood_term"),
            confidence: said(report, "confidence_term"),
            basis: said(report, "basis"),
            change: said(report, "what_would_change"),
            valid_until: report.str("valid_until").map(str::to_owned),
            acks: self.acks_of(&stored.id, &modified)?,
            ..ReportRow::default()
        };
        for (_, other) in self.naming(&stored.id, "language-content", ABOUT_MAX)? {
            let contents = other.get("contents").and_then(Value::as_object);
            let texts = contents.and_then(|contents| contents.get("ja")?.as_object());
            let is_this = other.str("object_modified") == Some(&*modified);
            if let Some(texts) = texts.filter(|_| is_this) {
                row.basis_ja = said(texts, "basis");
                row.change_ja = said(texts, "what_would_change");
            }
        }
        for holder in self.item_view(&row.hash)?.holders {
            let is_acknowledged = row.acks.iter().any(|ack| ack.node == holder.node);
            row.sent.push(SentRow {
                is_newest: holder.modified == modified,
                node: holder.node,
                name: holder.name,
                state: holder.state,
                is_acknowledged,
            });
        }
        let owing = |sent: &&SentRow| !sent.is_acknowledged && !sent.state.starts_with("recall");
        row.outstanding = row.sent.iter().filter(owing).count() as u64;
        row.modified = modified;
        Ok(row)
    }

    /// Acknowledgements of one version of a warning, the last of each node.
    fn acks_of(&self, report: &StixId, modified: &str) -> Result<Vec<Ack>, Failure> {
        let mut last: BTreeMap<String, Ack> = BTreeMap::new();
        for (stored, opinion) in self.naming(report, "opinion", ABOUT_MAX)? {
            if !acknowledges(&opinion, report, modified) {
                continue;
            }
            let authors = opinion.get("authors").and_then(Value::as_array);
            let person = authors.and_then(|all| all.first()?.as_str());
            let ack = Ack {
                node: stored.node.map(|node| node.to_string()).unwrap_or_default(),
                person: person.unwrap_or_default().to_owned(),
                at: said(&opinion, "created"),
                opinion: said(&opinion, "opinion"),
                text: said(&opinion, "explanation"),
            };
            let before = last.get(&ack.node).is_some_and(|before| before.at > ack.at);
            if !before {
                last.insert(ack.node.clone(), ack);
            }
        }
        Ok(last.into_values().collect())
    }

    /// Warnings of others in force that nobody here has acknowledged, the newest first.
    pub(crate) fn warnings_unanswered(&self) -> Result<Vec<ReportRow>, Failure> {
        let mut open = Vec::new();
        let me = self.me();
        for (stored, report) in self.newest_of("warning-report", REPORTS_MAX)? {
            let is_open = stored.node.is_some_and(|node| node != me)
                && state_of(&report, self.now()) == "in-force";
            if is_open {
                let row = self.report_row(&stored, &report)?;
                if !row.acks.iter().any(|ack| ack.node == me.to_string()) {
                    open.push(row);
                }
            }
        }
        Ok(open)
    }

    /// The newest current objects of a type.
    pub(super) fn newest_of(
        &self,
        kind: &str,
        most: u32,
    ) -> Result<Vec<(StoredItem, Object)>, Failure> {
        let sought = Sought {
            kind: Some(kind.to_owned()),
            ..Sought::default()
        };
        self.objects_sought(&sought, most)
    }

    /// The objects that are looked for.
    pub(super) fn objects_sought(
        &self,
        sought: &Sought,
        most: u32,
    ) -> Result<Vec<(StoredItem, Object)>, Failure> {
        let reader = self.local()?;
        let effort = Effort {
            rows: most,
            examined: most.saturating_mul(4),
        };
        let found = reader.find(sought, effort).map_err(store_failure)?;
        let mut objects = Vec::new();
        for row in found.rows {
            let stored = reader.item_at(row.seq).map_err(store_failure)?;
            objects.extend(stored.and_then(|stored| {
                let object = self.readable(&stored)?;
                Some((stored, object))
            }));
        }
        Ok(objects)
    }
}

/// Is a warning in force?
fn state_of(report: &Object, now: Timestamp) -> &'static str {
    let labels = report.get("labels").and_then(Value::as_array);
    let labels = labels.unwrap_or_default();
    if labels
        .iter()
        .any(|label| label.as_str() == Some(STOOD_DOWN))
    {
        "stood-down"
    } else if time(report, "valid_until").is_some_and(|until| until <= now) {
        "expired"
    } else {
        "in-force"
    }
}

/// Does an opinion acknowledge that version of that warning?
fn acknowledges(opinion: &Object, report: &StixId, modified: &str) -> bool {
    let list = |name: &str| opinion.get(name).and_then(Value::as_array);
    let has = |name: &str, wanted: &str| {
        let mut values = list(name).unwrap_or_default().iter();
        values.any(|value| value.as_str() == Some(wanted))
    };
    let references = list("external_references").unwrap_or_default();
    let mut references = references.iter().filter_map(Value::as_object);
    has("labels", ACKNOWLEDGED)
        && has("object_refs", report.as_str())
        && references.any(|it| {
            it.str("source_name") == Some(SOURCE) && it.str("external_id") == Some(modified)
        })
}
