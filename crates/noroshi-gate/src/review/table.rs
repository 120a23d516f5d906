//! What is looked for, as dated data: words of marking, suffixes of private networks, parameters
//! that follow people, and how grave each finding is where a node has no rule of its own.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use noroshi_model::document::{DocumentError, Fields};
use noroshi_model::{Limits, Timestamp, Value};

use super::rules::Severity;
use super::words::Words;
use crate::axes::Axes;
use crate::label::Label;

const BUILTIN: &str = include_str!("../../data/review-v1.json");

/// Where a word counts as a mark.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Where {
    /// Anywhere.
    Anywhere,
    /// Where it is written in capitals.
    Capitals,
    /// Alone on its line, or at its beginning before `//`, in capitals.
    Line,
    /// Alone on its line, or alone in brackets.
    Stamp,
}

/// A word of marking.
pub(super) struct Mark {
    pub(super) place: Where,
    /// What it may stand for: one of these on the item is enough. None: it is harmless.
    pub(super) means: Vec<Label>,
}

/// The table this binary carries.
pub(super) struct Table {
    /// Since when this edition applies.
    pub(super) valid_from: Timestamp,
    pub(super) marks: Words<Mark>,
    pub(super) severities: BTreeMap<String, Severity>,
    pub(super) internal: BTreeSet<String>,
    pub(super) government: BTreeSet<String>,
    pub(super) internal_labels: BTreeSet<String>,
    pub(super) tracking: BTreeSet<String>,
    pub(super) credentials: BTreeSet<String>,
    pub(super) zones: BTreeSet<String>,
    pub(super) past: BTreeSet<String>,
}

impl Table {
    pub(super) fn builtin() -> &'static Self {
        static TABLE: LazyLock<Table> = LazyLock::new(|| {
            Table::read(BUILTIN.as_bytes()).expect("invariant: the table in the binary is tested")
        });
        &TABLE
    }

    fn read(bytes: &[u8]) -> Result<Self, DocumentError> {
        let value =
            Value::parse(bytes, &Limits::DEFAULT).map_err(|source| DocumentError::Json {
                document: "review table",
                source,
            })?;
        let mut fields = Fields::of("review table", value)?;
        fields.version(1)?;
        fields.text("source")?;
        let mut marks = Vec::new();
        for value in fields.list("marks")? {
            marks.extend(mark(value)?);
        }
        for word in fields.parsed_list::<String>("harmless")? {
            let place = Where::Anywhere;
            let means = Vec::new();
            marks.push((word, Mark { place, means }));
        }
        let set = |fields: &mut Fields, name: &str| -> Result<BTreeSet<String>, DocumentError> {
            Ok(fields.parsed_list(name)?.into_iter().collect())
        };
        let table = Self {
            valid_from: fields.parsed("valid_from")?,
            marks: Words::new(marks),
            severities: severities(&mut fields)?,
            internal: set(&mut fields, "internal")?,
            government: set(&mut fields, "government")?,
            internal_labels: set(&mut fields, "internal_labels")?,
            tracking: set(&mut fields, "tracking")?,
            credentials: set(&mut fields, "credentials")?,
            zones: set(&mut fields, "zones")?,
            past: set(&mut fields, "past")?,
        };
        fields.end()?;
        Ok(table)
    }
}

/// How grave each code is, all of them named.
pub(super) fn severities(fields: &mut Fields) -> Result<BTreeMap<String, Severity>, DocumentError> {
    let Value::Object(listed) = fields.value("severities")? else {
        return Err(fields.refused("severities", "is no object"));
    };
    let mut severities = BTreeMap::new();
    for (code, word) in listed.iter() {
        let severity = word.as_str().and_then(Severity::from_word);
        let severity = severity.filter(|_| super::Concern::CODES.contains(&code));
        let severity = severity
            .ok_or_else(|| fields.refused("severities", format_args!("say nothing of `{code}`")))?;
        severities.insert(code.to_owned(), severity);
    }
    Ok(severities)
}

/// A mark in each way its colon is written.
fn mark(value: Value) -> Result<Vec<(String, Mark)>, DocumentError> {
    let mut fields = Fields::of("review mark", value)?;
    let text = fields.text("text")?;
    let place = match fields.text("where")?.as_str() {
        "anywhere" => Where::Anywhere,
        "capitals" => Where::Capitals,
        "line" => Where::Line,
        "stamp" => Where::Stamp,
        _ => return Err(fields.refused("where", "is no place")),
    };
    let named = fields.parsed_list::<String>("means")?;
    let means = named.iter().map(|name| label(name));
    let means: Option<Vec<Label>> = means.collect();
    let means = means.ok_or_else(|| fields.refused("means", "is on no axis"))?;
    fields.end()?;
    let mut ways = vec![text.clone()];
    if text.contains(':') {
        ways.extend([text.replace(':', ": "), text.replace(':', " ")]);
    }
    let ways = ways.into_iter().map(|way| {
        let means = means.clone();
        (way, Mark { place, means })
    });
    Ok(ways.collect())
}

/// `axis:level`, or a caveat's axis.
fn label(name: &str) -> Option<Label> {
    match name.split_once(':') {
        Some((axis, level)) => Label::level(axis, level),
        None => Label::caveat(Axes::builtin().get(name).map(|axis| &*axis.id)?),
    }
}
