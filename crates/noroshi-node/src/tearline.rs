//! A version for release: an item of its own, with its own id and marking, made of one that stays.
//!
//! What it was made of is a private record of this node and nothing else: no property, no
//! relationship, no line a partner sees. The gate denies to everybody whatever names both
//! ([`noroshi_gate::Derivations`]), whoever wrote it.

use std::collections::BTreeMap;
use std::sync::Arc;

use noroshi_formats::{Form, Valid};
use noroshi_gate::acts::Approved;
use noroshi_gate::{
    Admission, AdmitContext, Derivations, Gate, Marked, Provenance, Scope, Via, mark,
};
use noroshi_model::act::ActKind;
use noroshi_model::document::{DocumentError, Fields, text};
use noroshi_model::json::{Object, Value};
use noroshi_model::ledger::LineKind;
use noroshi_model::selector::{Selector, Step};
use noroshi_model::{ItemHash, Limits, PersonId, Role, StixId, Timestamp};
use noroshi_store::{RecordKind, StoredItem, WriteError};

use crate::acts::{Effect, subject_digest};
use crate::admit::item_body;
use crate::command::{ActAnswer, Event, Failure, PlanRecipient, TearlineAnswer, TearlineRow};
use crate::node::{Node, lock, store_failure};
use crate::plan::shown_for;
use crate::records::{ActRecord, Record};
use crate::review::Sight;
use crate::sink::Sink;

/// The source of items made here for release.
const SOURCE: &str = "tearline";
/// What a version for release does not take over from its original.
const NOT_TAKEN: [&str; 7] = [
    "id",
    "created",
    "modified",
    "created_by_ref",
    "revoked",
    "object_marking_refs",
    "granular_markings",
];
/// Types of which there is no version for release: an observable's id is made of its content,
/// and definitions are what others judge by.
const NOT_MADE: [&str; 3] = [
    "extension-definition",
    "language-content",
    "marking-definition",
];

/// What was made of what.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Tearline {
    original: ItemHash,
    original_id: StixId,
    tearline: ItemHash,
    tearline_id: StixId,
    by: PersonId,
    at: Timestamp,
}

impl Tearline {
    fn key(&self) -> Vec<u8> {
        [&self.original.bytes()[..], self.tearline.bytes()].concat()
    }
}

impl Record for Tearline {
    fn to_bytes(&self) -> Vec<u8> {
        Value::Object(
            Object::new()
                .with("v", 1)
                .with("original", text(self.original))
                .with("original_id", self.original_id.as_str())
                .with("tearline", text(self.tearline))
                .with("tearline_id", self.tearline_id.as_str())
                .with("by", self.by.as_str())
                .with("at", text(self.at)),
        )
        .canonical()
    }

    fn from_bytes(bytes: &[u8]) -> Result<Self, DocumentError> {
        let mut fields = Fields::read("tearline record", bytes)?;
        fields.version(1)?;
        let tearline = Self {
            original: fields.parsed("original")?,
            original_id: fields.parsed("original_id")?,
            tearline: fields.parsed("tearline")?,
            tearline_id: fields.parsed("tearline_id")?,
            by: fields.parsed("by")?,
            at: fields.parsed("at")?,
        };
        fields.end()?;
        Ok(tearline)
    }
}

/// What a person asks for.
pub(crate) struct Order<'a> {
    pub(crate) item: &'a str,
    pub(crate) to: &'a [String],
    pub(crate) object: Option<&'a serde_json::Value>,
    pub(crate) drop: &'a [String],
    pub(crate) replace: &'a BTreeMap<String, String>,
    pub(crate) markings: &'a [String],
    pub(crate) purpose: &'a str,
    pub(crate) person: &'a str,
    pub(crate) dry_run: bool,
}

impl Node {
    /// Write a version for release down, and show what gate and review say of it.
    pub(crate) fn tearline(&self, order: &Order<'_>, sink: &mut dyn Sink) -> Result<(), Failure> {
        self.active_person(order.person)?;
        let original = self.find_item(order.item)?;
        let valid = self.tearline_of(&original, order)?;
        let marked = mark(valid, &[], &self.markings(), &Scope::Own);
        if !marked.unknown().is_empty() || !marked.object_label().is_release_marking() {
            let problem = "a version for release carries markings that this node knows, and one \
                           of release among them: name them with --marking";
            return Err(Failure::new("tearline.marking", 2, problem));
        }
        let shown = TearlineAnswer {
            object: crate::agreements::outer_json(&Value::Object(marked.valid().object().clone())),
            marking: marked.highest().to_string(),
            recipients: self.tearline_plan(&marked, order)?,
        };
        let shown = serde_json::to_value(shown).unwrap_or_default();
        if order.dry_run {
            let (kind, answer) = ("tearline".to_owned(), shown);
            sink.send(Event::Answer { kind, answer });
            return Ok(());
        }
        let act = self.tearline_act(&original, &marked, order.person)?;
        let (kind, row) = ("tearline".to_owned(), shown);
        sink.send(Event::Row { kind, row });
        sink.send(Event::Answer {
            kind: "act".to_owned(),
            answer: serde_json::to_value(act).unwrap_or_default(),
        });
        Ok(())
    }

    fn tearline_act(
        &self,
        original: &StoredItem,
        marked: &Marked,
        person: &str,
    ) -> Result<ActAnswer, Failure> {
        let valid = marked.valid();
        let subject = Object::new()
            .with("item", text(original.hash))
            .with("id", original.id.as_str())
            .with("before", text(&original.label))
            .with("tearline", text(valid.hash()))
            .with("tearline_id", valid.head().id.as_str())
            .with("now", text(marked.highest()));
        let bytes = Some(valid.canonical().to_vec());
        self.prepare(ActKind::TearlineMake, subject, person, true, bytes, 24 * 60)
    }

    /// The new object: the edited one or the original without what is dropped, under an id of its
    /// own. Nothing in it names the original.
    fn tearline_of(&self, original: &StoredItem, order: &Order<'_>) -> Result<Valid, Failure> {
        let refused = |error: &dyn core::fmt::Display| {
            Failure::new("tearline.refused", 2, error).arg("problem", error)
        };
        let kind = original.id.kind();
        if NOT_MADE.contains(&kind) || noroshi_formats::is_observable(kind) {
            let problem = format_args!("there is no version for release of a {kind}");
            return Err(Failure::new("tearline.type", 2, problem).arg("kind", kind));
        }
        let bytes = match order.object {
            Some(edited) => serde_json::to_vec(edited).map_err(|error| refused(&error))?,
            None => original.canonical.clone().ok_or_else(|| {
                Failure::new("tearline.refused", 3, "the original's bytes are gone")
                    .arg("problem", "its bytes are gone")
            })?,
        };
        let read = Value::parse(&bytes, self.limits()).map_err(|error| refused(&error))?;
        let Value::Object(mut object) = read else {
            return Err(refused(&"it is no JSON object"));
        };
        for name in NOT_TAKEN {
            object.remove(name);
        }
        for (selector, value) in changes(order) {
            change(&mut object, selector, value)?;
        }
        let markings = order.markings.iter();
        let markings = markings.map(|named| self.marking_id(named, &Scope::Own));
        let markings: Vec<Value> = markings
            .map(|id| id.map(|id| Value::from(id.as_str())))
            .collect::<Result<_, _>>()?;
        let kind = object.str("type").unwrap_or(kind).to_owned();
        object.insert("id", format!("{kind}--{}", self.uuid()));
        object.insert("created", text(self.now()));
        object.insert("modified", text(self.now()));
        if !markings.is_empty() {
            object.insert("object_marking_refs", markings);
        }
        let bytes = Value::Object(object).canonical();
        let read = noroshi_formats::read(&bytes, Form::Stix21, self.limits());
        let (valid, _) = read.map_err(|error| refused(&error))?;
        self.expect_unnamed(original, &valid)?;
        Ok(valid)
    }

    /// Neither the original's UUID nor the name of any of its versions stands in the object.
    fn expect_unnamed(&self, original: &StoredItem, made: &Valid) -> Result<(), Failure> {
        let bytes = String::from_utf8_lossy(made.canonical()).to_ascii_lowercase();
        let versions = self
            .inside()?
            .by_stix_id(&original.id)
            .map_err(store_failure)?;
        let (_, uuid) = original.id.as_str().split_at(original.id.kind().len() + 2);
        let hashes = versions.iter().map(|row| row.hash.to_string());
        let mut names = hashes.chain([original.hash.to_string(), uuid.to_owned()]);
        match names.find(|name| bytes.contains(name)) {
            None => Ok(()),
            Some(name) => {
                let problem = "it names what it is made of: take that out";
                Err(Failure::new(
                    "tearline.names_original",
                    3,
                    format_args!("{problem} ({name})"),
                )
                .arg("name", name))
            }
        }
    }

    /// What gate and review say of it for each recipient, as if it were here already.
    fn tearline_plan(
        &self,
        marked: &Marked,
        order: &Order<'_>,
    ) -> Result<Vec<PlanRecipient>, Failure> {
        let view = self.gate_view(order.purpose)?;
        let agreements = self.standings(&view.agreements, view.now);
        let question = view.question(view.now, &[]);
        let review = self.review(view.now)?;
        let provenance = Provenance {
            role: Some(Role::Originator),
            node: Some(self.me()),
            is_available: true,
        };
        let mut shown = Vec::new();
        for (recipient, name) in self.addressed(order.to)? {
            let mut gate = Gate::new(&recipient, &agreements, &view.rules, &question);
            let mut sight = Sight::default();
            let (outgoing, decision) = gate.outgoing(marked, &provenance);
            let findings = match &outgoing {
                None => Vec::new(),
                Some(outgoing) => {
                    let asked = (&mut gate, &mut sight);
                    self.findings(&review, &self.inside()?, asked, marked, outgoing)?
                }
            };
            shown.push(shown_for(&recipient, &name, marked, &decision, &findings));
        }
        Ok(shown)
    }

    pub(crate) fn execute_tearline(
        &self,
        record: &mut ActRecord,
        approved: &Approved,
    ) -> Result<Effect, Failure> {
        let damaged = || Failure::new("act.subject", 5, "the act's subject is not readable");
        let original = subject_digest(record, "item")
            .map(ItemHash)
            .ok_or_else(damaged)?;
        let made = subject_digest(record, "tearline")
            .map(ItemHash)
            .ok_or_else(damaged)?;
        let bytes = record.attachment.as_deref().ok_or_else(damaged)?;
        let (valid, _) =
            noroshi_formats::read(bytes, Form::Stix21, &Limits::DEFAULT).map_err(|_| damaged())?;
        let original = self.inside()?.item(&original).map_err(store_failure)?;
        let original = original
            .filter(|_| valid.hash() == made)
            .ok_or_else(damaged)?;
        let derivation = Tearline {
            original: original.hash,
            original_id: original.id.clone(),
            tearline: made,
            tearline_id: valid.head().id.clone(),
            by: record.act.requester.clone(),
            at: self.now(),
        };
        let attribution = self.attribute(Role::Originator, &[], &made);
        let marked = mark(valid, &[], &self.markings(), &Scope::Own);
        let rules = self.rules()?;
        let body = item_body(&made, SOURCE, &self.me());
        let line = self.line(LineKind::Admitted, Some(&record.act.requester), body);
        let outcome = self
            .store
            .write(|tx| {
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
                    Admission::Held(held) => Ok(Err(held.reasons().to_vec())),
                    Admission::Admitted(admitted) => {
                        tx.admit(&admitted, &attribution, SOURCE, &line)?;
                        tx.put(
                            RecordKind::Tearline,
                            &derivation.key(),
                            &derivation.to_bytes(),
                        )?;
                        self.close_act(tx, record, approved).map(Ok)
                    }
                }
            })
            .map_err(store_failure::<WriteError>)?;
        let ledger_line = outcome.map_err(|reasons| {
            let why = reasons.first().map(ToString::to_string).unwrap_or_default();
            Failure::new("tearline.refused", 3, &why).arg("problem", why)
        })?;
        Ok(Effect {
            ledger_line,
            entries: 0,
            wake: Vec::new(),
        })
    }

    /// What was made of what, for the gate; read anew when something changed.
    pub(crate) fn derivations(&self) -> Result<Derivations, Failure> {
        let generation = self.store.generation();
        let mut kept = lock(&self.derived);
        if let Some((read_at, derivations)) = &*kept
            && *read_at == generation
        {
            return Ok(derivations.clone());
        }
        let made = self.records::<Tearline>(RecordKind::Tearline)?;
        let pairs = made
            .into_iter()
            .map(|one| (one.tearline_id, one.original_id));
        let derivations: Derivations = Arc::new(pairs.collect());
        *kept = Some((generation, derivations.clone()));
        Ok(derivations)
    }

    /// The versions for release that were made of an item, of any of its versions.
    pub(crate) fn tearlines_of(&self, id: &StixId) -> Result<Vec<TearlineRow>, Failure> {
        let made = self.records::<Tearline>(RecordKind::Tearline)?.into_iter();
        let mut rows = Vec::new();
        for one in made.filter(|one| one.original_id == *id || one.tearline_id == *id) {
            let stored = self.inside()?.item(&one.tearline).map_err(store_failure)?;
            rows.push(TearlineRow {
                original: one.original.to_string(),
                original_id: one.original_id.to_string(),
                hash: one.tearline.to_string(),
                id: one.tearline_id.to_string(),
                state: stored.map_or("", |stored| stored.state.as_str()).to_owned(),
                by: one.by.to_string(),
                at: one.at.to_string(),
            });
        }
        Ok(rows)
    }

    /// A random UUID (version 4).
    pub(crate) fn uuid(&self) -> String {
        let mut bytes: [u8; 16] = self.chance();
        bytes[6] = bytes[6] & 0x0F | 0x40;
        bytes[8] = bytes[8] & 0x3F | 0x80;
        let digits = noroshi_model::document::hex(&bytes);
        let digits = digits.as_str().unwrap_or_default();
        [
            &digits[..8],
            &digits[8..12],
            &digits[12..16],
            &digits[16..20],
            &digits[20..],
        ]
        .join("-")
    }
}

/// What is dropped (nothing in its place) or replaced, in the order in which positions in lists
/// keep their meaning: the last first.
fn changes<'a>(order: &'a Order<'_>) -> Vec<(&'a str, Option<&'a str>)> {
    let replaced = order
        .replace
        .iter()
        .map(|(at, text)| (&**at, Some(&**text)));
    let mut dropped: Vec<&str> = order.drop.iter().map(String::as_str).collect();
    let place = |selector: &&str| selector.parse::<Selector>().ok();
    dropped.sort_by_key(|selector| std::cmp::Reverse(place(selector)));
    replaced
        .chain(dropped.into_iter().map(|at| (at, None)))
        .collect()
}

/// Drop or replace the text at one place.
fn change(object: &mut Object, selector: &str, text: Option<&str>) -> Result<(), Failure> {
    let none = || {
        Failure::new(
            "tearline.selector",
            2,
            format_args!("the object has nothing at `{selector}`"),
        )
        .arg("selector", selector)
    };
    let place: Selector = selector.parse().map_err(|_| none())?;
    let (last, path) = place.steps().split_last().ok_or_else(none)?;
    let mut holder = Value::Object(std::mem::take(object));
    let mut at = &mut holder;
    for step in path {
        at = match (at, step) {
            (Value::Object(inner), Step::Key(key)) => inner.get_mut(key).ok_or_else(none)?,
            (Value::Array(values), Step::Index(index)) => {
                values.get_mut(*index).ok_or_else(none)?
            }
            _ => return Err(none()),
        };
    }
    let found = match (at, last) {
        (Value::Object(inner), Step::Key(key)) => match text {
            Some(text) => inner.get_mut(key).map(|value| *value = text.into()),
            None => inner.remove(key).map(|_| ()),
        },
        (Value::Array(values), Step::Index(index)) if *index < values.len() => match text {
            Some(text) => values.get_mut(*index).map(|value| *value = text.into()),
            None => {
                values.remove(*index);
                Some(())
            }
        },
        _ => None,
    };
    found.ok_or_else(none)?;
    if let Value::Object(whole) = holder {
        *object = whole;
    }
    Ok(())
}
