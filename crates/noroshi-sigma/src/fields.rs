//! Which property says what a field says: a table, read strictly.

use std::collections::BTreeMap;

use noroshi_pattern::{
    ComparisonExpression, ObjectPath, ObservationExpression, Pattern, PatternLimits, Step,
};
use serde::Deserialize;
use thiserror::Error;

use crate::rule::LogSource;

/// The table that comes with the program.
const BUILT_IN: &str = include_str!("../data/stix.toml");
/// Most fields of a table.
const FIELDS_MAX: usize = 10_000;

/// Properties by kind of log and field.
#[derive(Clone, Debug)]
pub struct FieldTable(Vec<Source>);

#[derive(Clone, Debug)]
struct Source {
    of: LogSource,
    fields: BTreeMap<String, Place>,
}

/// Where a field's value lies, and how.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Place {
    /// The property; without steps where the object itself is meant.
    pub(crate) path: ObjectPath,
    pub(crate) kind: Kind,
}

/// How a value lies in its property.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Kind {
    #[default]
    Text,
    Name,
    Number,
    Address,
    File,
    Registry,
    Hashes,
}

/// Why a table is refused.
#[derive(Debug, Error)]
pub enum TableError {
    /// It is not TOML, or has a key that is not known.
    #[error("the table of fields cannot be read")]
    Toml(#[from] toml::de::Error),
    /// Another version, or too many fields.
    #[error("a table of fields has version 1 and at most {FIELDS_MAX} fields")]
    Version,
    /// What is to be a property is none.
    #[error("field {field}: `{path}` is no property of a STIX object")]
    Path {
        /// The field.
        field: String,
        /// What it says.
        path: String,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    version: u32,
    source: Vec<WrittenSource>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenSource {
    category: Option<String>,
    product: Option<String>,
    service: Option<String>,
    fields: BTreeMap<String, WrittenPlace>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenPlace {
    path: String,
    #[serde(rename = "as", default)]
    kind: Kind,
}

impl FieldTable {
    /// The table that comes with the program.
    #[must_use]
    pub fn built_in() -> Self {
        Self::read(BUILT_IN).expect("invariant: a test reads it")
    }

    /// Read a table.
    ///
    /// # Errors
    /// What is no TOML, is not known, or names a property that is none.
    pub fn read(text: &str) -> Result<Self, TableError> {
        let written: Written = toml::from_str(text)?;
        let count: usize = written.source.iter().map(|one| one.fields.len()).sum();
        if written.version != 1 || count > FIELDS_MAX {
            return Err(TableError::Version);
        }
        let source = |one: WrittenSource| {
            let place = |(field, place): (String, WrittenPlace)| match path(&place.path) {
                Some(path) => Ok((
                    field,
                    Place {
                        path,
                        kind: place.kind,
                    },
                )),
                None => Err(TableError::Path {
                    field,
                    path: place.path,
                }),
            };
            let fields = one.fields.into_iter().map(place);
            Ok(Source {
                fields: fields.collect::<Result<_, TableError>>()?,
                of: LogSource {
                    category: one.category,
                    product: one.product,
                    service: one.service,
                },
            })
        };
        let sources = written.source.into_iter().map(source);
        sources.collect::<Result<_, _>>().map(Self)
    }

    /// The fields of a kind of log: the first entry that names nothing else than the rule does.
    pub(crate) fn of(&self, logs: &LogSource) -> Option<&BTreeMap<String, Place>> {
        let agrees =
            |wanted: &Option<String>, given: &Option<String>| wanted.is_none() || wanted == given;
        let is_for = |source: &&Source| {
            let of = &source.of;
            agrees(&of.category, &logs.category)
                && agrees(&of.product, &logs.product)
                && agrees(&of.service, &logs.service)
        };
        self.0.iter().find(is_for).map(|source| &source.fields)
    }
}

/// A path as a pattern has it, or the type of an object alone.
fn path(text: &str) -> Option<ObjectPath> {
    if !text.contains(':') {
        let mut path = path(&format!("{text}:x"))?;
        path.steps.clear();
        return Some(path);
    }
    let pattern = Pattern::parse(&format!("[{text} = 'x']"), &PatternLimits::DEFAULT).ok()?;
    match pattern.root {
        ObservationExpression::One(ComparisonExpression::Test(test)) => Some(test.path),
        _ => None,
    }
}

/// A property further on.
pub(crate) fn below(path: &ObjectPath, keys: &[&str]) -> ObjectPath {
    let more = keys.iter().map(|key| match *key {
        "*" => Step::Any,
        key => Step::Key(key.into()),
    });
    ObjectPath {
        object_type: path.object_type.clone(),
        steps: path.steps.iter().cloned().chain(more).collect(),
    }
}
