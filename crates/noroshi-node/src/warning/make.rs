//! Making the desk's items: an order becomes an act that holds the exact objects, and what a
//! person signed is what is admitted, all of it or nothing.

use noroshi_assess::level::LLR_MILLI_MAX;
use noroshi_assess::words::{confidence_named, likelihood_named};
use noroshi_assess::{LevelTable, State};
use noroshi_formats::{Form, Valid};
use noroshi_gate::acts::Approved;
use noroshi_gate::{Admission, AdmitContext, Admitted, Scope, Via, mark};
use noroshi_model::act::ActKind;
use noroshi_model::document::text;
use noroshi_model::json::{Object, Value};
use noroshi_model::ledger::LineKind;
use noroshi_model::{Limits, NodeId, Role, StixId, agreement};
use noroshi_store::{StoredItem, WriteError};

use super::objects::{STATES_MAX, ids, judged_by, number, said, time};
use super::{ACKNOWLEDGED, IssueOrder, SOURCE, STOOD_DOWN, WarningCommand};
use crate::acts::Effect;
use crate::admit::item_body;
use crate::command::{ActAnswer, Failure};
use crate::node::{Node, store_failure};
use crate::records::ActRecord;

/// Most characters of a title or statement.
const TITLE_CHARS_MAX: usize = 200;
/// Most characters of any other text.
const TEXT_CHARS_MAX: usize = 4_000;
/// Most pieces of evidence named at once.
const EVIDENCE_MAX: usize = 50;
/// Longest validity of a warning, in hours: a year.
const HOURS_MAX: u32 = 8_760;
/// The words of a STIX opinion.
const OPINIONS: [&str; 5] = [
    "strongly-disagree",
    "disagree",
    "neutral",
    "agree",
    "strongly-agree",
];

impl Node {
    /// Write an order down as an act, with the objects that it would make.
    pub(super) fn warning_order(&self, order: WarningCommand) -> Result<ActAnswer, Failure> {
        match order {
            WarningCommand::Problem {
                title,
                question,
                hypothesis,
                prior_permille,
                markings,
                person,
            } => {
                let prior = (1..=999).contains(&prior_permille);
                prior
                    .then_some(())
                    .ok_or_else(|| word("prior", "1 to 999"))?;
                let table = LevelTable::newest();
                let table = table.map_err(|error| Failure::new("internal", 1, error))?;
                let hypothesis = Object::new()
                    .with("statement", within(&hypothesis, TEXT_CHARS_MAX)?)
                    .with("prior_permille", i64::from(prior_permille));
                let object = self
                    .new_object("warning-problem")
                    .with("title", within(&title, TITLE_CHARS_MAX)?)
                    .with("question", within(&question, TEXT_CHARS_MAX)?)
                    .with("hypotheses", vec![Value::from(hypothesis)])
                    .with("watch_level", Object::new().with("table", table.name));
                let object = self.marked_with(object, &markings, None)?;
                self.warning_act("problem", vec![object], &person)
            }
            WarningCommand::Indicator {
                problem,
                statement,
                weight,
                markings,
                person,
            } => {
                let (stored, about) = self.of_kind(&problem, "warning-problem")?;
                let object = self
                    .new_object("warning-indicator")
                    .with("statement", within(&statement, TITLE_CHARS_MAX)?)
                    .with("problem_ref", stored.id.as_str())
                    .with("weight", weight_of(&judged_by(&about)?.table, &weight)?)
                    .with("state", State::NotObserved.as_str());
                let object = self.marked_with(object, &markings, Some(&about))?;
                self.warning_act("indicator", vec![object], &person)
            }
            WarningCommand::State { .. } => self.state_order(&order),
            WarningCommand::Issue(order) => self.issue_order(&order),
            WarningCommand::StandDown { .. } => self.stand_down_order(&order),
            WarningCommand::Ack { .. } => self.ack_order(&order),
            WarningCommand::List
            | WarningCommand::Show { .. }
            | WarningCommand::Level { .. }
            | WarningCommand::Proposals
            | WarningCommand::Send(_) => Err(Failure::new("internal", 1, "a command went astray")),
        }
    }

    /// A new version of an indicator of ours, with one state more.
    fn state_order(&self, order: &WarningCommand) -> Result<ActAnswer, Failure> {
        let WarningCommand::State {
            indicator,
            state,
            evidence,
            at,
            person,
        } = order
        else {
            return Err(Failure::new("internal", 1, "a command went astray"));
        };
        let known = State::from_word(state);
        known.ok_or_else(|| word("state", "not-observed, possible, observed, negated"))?;
        let (stored, object) = self.of_kind(indicator, "warning-indicator")?;
        let mut object = self.next_version(&stored, object)?;
        let now = self.now();
        let at = at.as_deref().map(crate::views::instant).transpose()?;
        let at = at.unwrap_or(now);
        if at > now {
            return Err(word("at", "no later than now"));
        }
        if evidence.len() > EVIDENCE_MAX {
            return Err(Failure::new(
                "warning.too_much",
                2,
                "at most 50 pieces of evidence",
            ));
        }
        let mut named: Vec<StixId> = Vec::new();
        for one in evidence {
            let id = self.find_item(one)?.id.clone();
            if !named.contains(&id) {
                named.push(id);
            }
        }
        let refs: Vec<Value> = named.iter().map(text).collect();
        let mut one = Object::new().with("at", text(at)).with("state", &**state);
        let mut states = match object.remove("states") {
            Some(Value::Array(states)) => states,
            _ => Vec::new(),
        };
        if refs.is_empty() {
            object.remove("evidence_refs");
        } else {
            one.insert("evidence_refs", refs.clone());
            object.insert("evidence_refs", refs);
        }
        states.push(one.into());
        let over = states.len().saturating_sub(STATES_MAX);
        states.drain(..over);
        object.insert("states", states);
        object.insert("state", &**state);
        object.insert("last_checked", text(at));
        self.warning_act("state", vec![object], person)
    }

    fn issue_order(&self, order: &IssueOrder) -> Result<ActAnswer, Failure> {
        let (problem, about) = self.of_kind(&order.problem, "warning-problem")?;
        let level = self.level_of(&problem, &about, self.now())?;
        let judged = judged_by(&about)?;
        let likelihood = order.likelihood.as_deref().unwrap_or(&level.likelihood);
        likelihood_named(likelihood)
            .ok_or_else(|| word("likelihood", "a word such as likely or very-likely"))?;
        confidence(&order.confidence)?;
        let to = order.level.unwrap_or(level.level);
        if !(1..=judged.table.normal).contains(&to) {
            return Err(word("level", "a level of the problem's table"));
        }
        if !(1..=HOURS_MAX).contains(&order.hours) {
            return Err(word("hours", "1 to 8760"));
        }
        let (mut report, from) = match &order.follows {
            None => {
                let report = self.new_object("warning-report");
                let report = report.with("problem_ref", problem.id.as_str());
                (report, self.level_issued(&problem)?)
            }
            Some(named) => {
                let (stored, report) = self.of_kind(named, "warning-report")?;
                if report.str("problem_ref") != Some(problem.id.as_str()) {
                    return Err(word("follows", "a warning on the same problem"));
                }
                let from = number(&report, "level_to");
                (self.next_version(&stored, report)?, from)
            }
        };
        let from = from.unwrap_or(judged.table.normal);
        let until = self.now().plus_seconds(i64::from(order.hours) * 3_600);
        let assessment = Object::new()
            .with("table", &*level.table)
            .with("as_of", &*level.as_of)
            .with("level", i64::from(level.level))
            .with("probability_bits", &*level.bits)
            .with("evidence", &*level.evidence);
        report.insert("lang", "en");
        report.insert("level_from", i64::from(from));
        report.insert("level_to", i64::from(to));
        report.insert("likelihood_term", likelihood);
        report.insert("confidence_term", &*order.confidence);
        report.insert("basis", within(&order.basis, TEXT_CHARS_MAX)?);
        report.insert("valid_until", text(until));
        report.insert("issued_by", &*order.person);
        report.insert("assessment", assessment);
        report.remove("what_would_change");
        let mut japanese = Object::new().with("basis", within(&order.basis_ja, TEXT_CHARS_MAX)?);
        match (&order.change, &order.change_ja) {
            (None, None) => {}
            (Some(en), Some(ja)) => {
                report.insert("what_would_change", within(en, TEXT_CHARS_MAX)?);
                japanese.insert("what_would_change", within(ja, TEXT_CHARS_MAX)?);
            }
            _ => return Err(word("change", "in both languages or in none")),
        }
        let markings = match (&order.follows, &order.markings[..]) {
            // A later version keeps its marking where none is named.
            (Some(_), []) => None,
            _ => Some(self.marked_with(Object::new(), &order.markings, Some(&about))?),
        };
        if let Some(marking) = markings
            .as_ref()
            .and_then(|it| it.get("object_marking_refs"))
        {
            report.insert("object_marking_refs", marking.clone());
        }
        let other = self.in_japanese(&report, japanese);
        self.warning_act("issue", vec![report, other], &order.person)
    }

    fn stand_down_order(&self, order: &WarningCommand) -> Result<ActAnswer, Failure> {
        let WarningCommand::StandDown {
            report,
            basis,
            basis_ja,
            confidence: sure,
            person,
        } = order
        else {
            return Err(Failure::new("internal", 1, "a command went astray"));
        };
        confidence(sure)?;
        let (stored, object) = self.of_kind(report, "warning-report")?;
        let problem = said(&object, "problem_ref");
        let (problem, about) = self.of_kind(&problem, "warning-problem")?;
        let level = self.level_of(&problem, &about, self.now())?;
        let normal = judged_by(&about)?.table.normal;
        let from = number(&object, "level_to").unwrap_or(normal);
        let mut object = self.next_version(&stored, object)?;
        object.insert("level_from", i64::from(from));
        object.insert("level_to", i64::from(normal));
        object.insert("likelihood_term", &*level.likelihood);
        object.insert("confidence_term", &**sure);
        object.insert("basis", within(basis, TEXT_CHARS_MAX)?);
        object.insert("issued_by", &**person);
        let modified = said(&object, "modified");
        object.insert("valid_until", modified);
        object.insert("labels", vec![Value::from(STOOD_DOWN)]);
        object.remove("what_would_change");
        let japanese = Object::new().with("basis", within(basis_ja, TEXT_CHARS_MAX)?);
        let other = self.in_japanese(&object, japanese);
        self.warning_act("stand-down", vec![object, other], person)
    }

    fn ack_order(&self, order: &WarningCommand) -> Result<ActAnswer, Failure> {
        let WarningCommand::Ack {
            report,
            opinion,
            text: words,
            person,
        } = order
        else {
            return Err(Failure::new("internal", 1, "a command went astray"));
        };
        if !OPINIONS.contains(&&**opinion) {
            return Err(word("opinion", "strongly-disagree to strongly-agree"));
        }
        let (stored, about) = self.of_kind(report, "warning-report")?;
        // Which version was acknowledged: a follow-up wants an acknowledgement of its own.
        let version = Object::new()
            .with("source_name", SOURCE)
            .with("external_id", said(&about, "modified"));
        let object = self
            .plain_object("opinion")
            .with("opinion", &**opinion)
            .with("explanation", within(words, TEXT_CHARS_MAX)?)
            .with("authors", vec![Value::from(&**person)])
            .with("object_refs", vec![Value::from(stored.id.as_str())])
            .with("labels", vec![Value::from(ACKNOWLEDGED)])
            .with("external_references", vec![Value::from(version)]);
        let object = self.marked_with(object, &[], Some(&about))?;
        self.warning_act("acknowledge", vec![object], person)
    }

    /// What goes along with an item that is sent, and for an acknowledgement to whom it goes.
    pub(super) fn sent_with(&self, named: &str) -> Result<(Vec<String>, Option<NodeId>), Failure> {
        let stored = self.find_item(named)?;
        if stored.id.kind() == "opinion" {
            let (_, object) = self.of_kind(named, "opinion")?;
            let about = ids(&object, "object_refs");
            let about = about.iter().find(|id| id.kind() == "warning-report");
            let about = about.map(|id| self.find_item(id.as_str())).transpose()?;
            let issuer = about.and_then(|about| about.node);
            return Ok((vec![stored.hash.to_string()], issuer));
        }
        let (report, object) = self.of_kind(named, "warning-report")?;
        let (problem, _) = self.of_kind(&said(&object, "problem_ref"), "warning-problem")?;
        let mut items = vec![report.hash.to_string()];
        let others = self.naming(&report.id, "language-content", 50)?;
        let modified = object.str("modified");
        let others = others.iter().filter(|(_, other)| {
            other.str("object_ref") == Some(report.id.as_str())
                && other.str("object_modified") == modified
        });
        items.extend(others.map(|(other, _)| other.hash.to_string()));
        // What others put on the list, or made the problem, is theirs to send.
        let ours = |stored: &StoredItem| stored.node == Some(self.me());
        let listed = self.indicators_of(&problem)?;
        let listed = listed.iter().map(|(stored, _)| stored);
        let along = std::iter::once(&problem).chain(listed);
        items.extend(along.filter(|it| ours(it)).map(|it| it.hash.to_string()));
        Ok((items, None))
    }

    /// The level of the newest warning of ours on a problem.
    fn level_issued(&self, problem: &StoredItem) -> Result<Option<u8>, Failure> {
        let reports = self.naming(&problem.id, "warning-report", 100)?;
        let ours = reports
            .iter()
            .filter(|(stored, _)| stored.node == Some(self.me()));
        let newest = ours.max_by_key(|(stored, _)| stored.modified);
        Ok(newest.and_then(|(_, report)| number(report, "level_to")))
    }

    fn plain_object(&self, kind: &str) -> Object {
        let now = text(self.now());
        Object::new()
            .with("type", kind)
            .with("spec_version", "2.1")
            .with("id", format!("{kind}--{}", self.uuid()))
            .with("created", now.clone())
            .with("modified", now)
    }

    fn new_object(&self, kind: &str) -> Object {
        let ours = Object::new().with("extension_type", "new-sdo");
        let extensions = Object::new().with(agreement::ONTOLOGY_EXTENSION, ours);
        self.plain_object(kind).with("extensions", extensions)
    }

    /// The object as a later version, which only who answers for it makes.
    fn next_version(&self, stored: &StoredItem, mut object: Object) -> Result<Object, Failure> {
        if stored.node != Some(self.me()) || stored.role != Some(Role::Originator) {
            let why = "another organisation answers for it: put an indicator or warning of your \
                       own on the problem";
            return Err(Failure::new("warning.not_ours", 3, why).arg("item", &stored.id));
        }
        let after = time(&object, "modified").unwrap_or(stored.modified);
        let after = noroshi_model::Timestamp::from_micros(after.micros() + 1_000);
        object.insert("modified", text(self.now().max(after)));
        Ok(object)
    }

    /// The texts of a version in Japanese, under the same markings.
    fn in_japanese(&self, report: &Object, texts: Object) -> Object {
        let mut object = self
            .plain_object("language-content")
            .with("object_ref", said(report, "id"))
            .with("object_modified", said(report, "modified"))
            .with("contents", Object::new().with("ja", texts));
        if let Some(markings) = report.get("object_marking_refs") {
            object.insert("object_marking_refs", markings.clone());
        }
        object
    }

    /// The object under the markings that are named, else under those of what it is about.
    fn marked_with(
        &self,
        mut object: Object,
        named: &[String],
        about: Option<&Object>,
    ) -> Result<Object, Failure> {
        let markings: Vec<Value> = named
            .iter()
            .map(|named| {
                let id = self.marking_id(named, &Scope::Own)?;
                Ok(Value::from(id.as_str()))
            })
            .collect::<Result<_, Failure>>()?;
        let about = about.and_then(|about| about.get("object_marking_refs")?.as_array());
        let markings = match (&markings[..], about) {
            ([], Some(about)) => about.to_vec(),
            _ => markings,
        };
        if !markings.is_empty() {
            object.insert("object_marking_refs", markings);
        }
        Ok(object)
    }

    fn warning_act(
        &self,
        what: &str,
        objects: Vec<Object>,
        person: &str,
    ) -> Result<ActAnswer, Failure> {
        let mut names: Vec<Value> = Vec::new();
        let mut bytes: Vec<Value> = Vec::new();
        for object in objects {
            let valid = self.warning_object(&Value::Object(object).canonical())?;
            let name = Object::new()
                .with("id", valid.head().id.as_str())
                .with("item", text(valid.hash()));
            names.push(name.into());
            bytes.push(Value::Object(valid.object().clone()));
        }
        let subject = Object::new().with("what", what).with("items", names);
        let attachment = Some(Value::Array(bytes).canonical());
        self.prepare(
            ActKind::WarningMake,
            subject,
            person,
            false,
            attachment,
            24 * 60,
        )
    }

    /// Read strictly what the desk would make, and see that it may be released to somebody.
    fn warning_object(&self, bytes: &[u8]) -> Result<Valid, Failure> {
        let read = noroshi_formats::read(bytes, Form::Stix21, self.limits());
        let (valid, _) = read
            .map_err(|error| Failure::new("warning.refused", 2, &error).arg("problem", &error))?;
        let marked = mark(valid.clone(), &[], &self.markings(), &Scope::Own);
        if !marked.unknown().is_empty() || !marked.object_label().is_release_marking() {
            let why = "what the warning desk makes carries a marking of release that this node \
                       knows: name it with --marking";
            return Err(Failure::new("warning.marking", 2, why));
        }
        Ok(valid)
    }

    /// What a person signed becomes items: all of them, or none.
    pub(crate) fn execute_warning(
        &self,
        record: &mut ActRecord,
        approved: &Approved,
    ) -> Result<Effect, Failure> {
        let objects = self.warning_objects(record)?;
        let rules = self.rules()?;
        let table = self.markings();
        let marked: Vec<_> = objects
            .into_iter()
            .map(|valid| mark(valid, &[], &table, &Scope::Own))
            .collect();
        // From now on the items hold what the act made, and a recall takes it back.
        record.attachment = None;
        let outcome = self.store.write(|tx| {
            let mut admitted: Vec<Admitted> = Vec::new();
            for marked in marked {
                let context = AdmitContext {
                    rules: &rules,
                    world: self.world(),
                    via: Via::Import { own: true },
                    previous: self.previous_of(tx, &marked, None)?,
                    agreements: &[],
                    now: self.now(),
                    grants: &[],
                };
                match noroshi_gate::admit(marked, &context) {
                    Admission::Held(held) => return Ok(Err(held.reasons().to_vec())),
                    Admission::Admitted(one) => admitted.push(one),
                }
            }
            for one in &admitted {
                let hash = one.marked().hash();
                let body = item_body(&hash, SOURCE, &self.me());
                let line = self.line(LineKind::Admitted, Some(&record.act.requester), body);
                let attribution = self.attribute(Role::Originator, &[], &hash);
                tx.admit(one, &attribution, SOURCE, &line)?;
            }
            self.close_act(tx, record, approved).map(Ok)
        });
        let line = outcome.map_err(store_failure::<WriteError>)?;
        let ledger_line = line.map_err(|reasons| {
            let why = reasons.first().map(ToString::to_string).unwrap_or_default();
            Failure::new("warning.refused", 3, &why).arg("problem", why)
        })?;
        Ok(Effect {
            ledger_line,
            entries: 0,
            wake: Vec::new(),
        })
    }

    /// The objects of an act, which must be those it names.
    pub(crate) fn warning_objects(&self, record: &ActRecord) -> Result<Vec<Valid>, Failure> {
        let damaged = || Failure::new("act.subject", 5, "the act's subject is not readable");
        let bytes = record.attachment.as_deref().unwrap_or(b"[]");
        let Ok(Value::Array(values)) = Value::parse(bytes, &Limits::DEFAULT) else {
            return Err(damaged());
        };
        let items = record.act.subject.get("items").and_then(Value::as_array);
        let items = items.unwrap_or_default();
        if items.len() != values.len() {
            return Err(damaged());
        }
        let named = items.iter().map(|item| item.as_object()?.str("item"));
        let objects = values.iter().zip(named).map(|(value, named)| {
            let bytes = value.canonical();
            let read = noroshi_formats::read(&bytes, Form::Stix21, &Limits::DEFAULT);
            let (valid, _) = read.map_err(|_| damaged())?;
            let is_named = named == Some(&*valid.hash().to_string());
            is_named.then_some(valid).ok_or_else(damaged)
        });
        objects.collect()
    }
}

/// A text that people read: not empty, within a cap.
fn within(typed: &str, most: usize) -> Result<&str, Failure> {
    let typed = typed.trim();
    if typed.is_empty() || typed.chars().count() > most {
        let why = format_args!("a text here has 1 to {most} characters");
        return Err(Failure::new("warning.text", 2, why).arg("most", most));
    }
    Ok(typed)
}

/// A weight: a word of the table, or thousandths of a nat.
fn weight_of(table: &LevelTable, typed: &str) -> Result<i64, Failure> {
    let named = table.weights.iter().find(|(word, _)| word == typed);
    let weight = named
        .map(|(_, weight)| *weight)
        .or_else(|| typed.parse().ok());
    let weight = weight.filter(|weight| (1..=LLR_MILLI_MAX).contains(weight));
    weight.ok_or_else(|| word("weight", "slight, fair, strong, decisive or 1 to 20000"))
}

fn confidence(typed: &str) -> Result<(), Failure> {
    let known = confidence_named(typed).map(|_| ());
    known.ok_or_else(|| word("confidence", "low, moderate or high"))
}

fn word(what: &'static str, allowed: &'static str) -> Failure {
    Failure::new("warning.word", 2, format_args!("{what} is {allowed}"))
        .arg("what", what)
        .arg("allowed", allowed)
}
