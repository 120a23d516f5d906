//! Searches that a person keeps: what was looked for, under a name of the person's own.

use noroshi_model::PersonId;
use noroshi_model::document::{DocumentError, Fields};
use noroshi_model::json::{Object, Value};
use noroshi_store::{RecordKind, WriteError};
use serde::{Deserialize, Serialize};

use super::SearchOrder;
use crate::command::Failure;
use crate::node::{Node, store_failure};
use crate::records::{Record, maybe};

/// Searches that one person keeps.
const KEPT_MAX: usize = 50;
/// Longest name of one, in characters.
const NAME_CHARS_MAX: usize = 60;
/// Longest word of one, in bytes.
const WORD_BYTES_MAX: usize = 2_000;

/// A search that is kept.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SearchRow {
    /// What the person calls it.
    pub name: String,
    /// What is looked for: `text`, `kind`, `marking`, `source`, `by` and `state` alone.
    pub order: SearchOrder,
}

/// The searches that one person keeps, in the order of their names.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Searches(Vec<SearchRow>);

/// The parts of an order that are kept, in the order they are written.
fn words(order: &SearchOrder) -> [(&'static str, &Option<String>); 6] {
    [
        ("text", &order.text),
        ("kind", &order.kind),
        ("marking", &order.marking),
        ("source", &order.source),
        ("by", &order.by),
        ("state", &order.state),
    ]
}

impl Record for Searches {
    fn to_bytes(&self) -> Vec<u8> {
        let one = |row: &SearchRow| {
            let mut object = Object::new().with("name", row.name.as_str());
            for (field, word) in words(&row.order) {
                maybe(&mut object, field, word.as_deref().map(Value::from));
            }
            Value::Object(object)
        };
        let rows: Vec<Value> = self.0.iter().map(one).collect();
        Value::Object(Object::new().with("v", 1).with("searches", rows)).canonical()
    }

    fn from_bytes(bytes: &[u8]) -> Result<Self, DocumentError> {
        let mut fields = Fields::read("searches record", bytes)?;
        fields.version(1)?;
        let rows = fields.list("searches")?.into_iter().map(|value| {
            let mut fields = Fields::of("searches record", value)?;
            let row = SearchRow {
                name: fields.text("name")?,
                order: SearchOrder {
                    text: fields.maybe_parsed("text")?,
                    kind: fields.maybe_parsed("kind")?,
                    marking: fields.maybe_parsed("marking")?,
                    source: fields.maybe_parsed("source")?,
                    by: fields.maybe_parsed("by")?,
                    state: fields.maybe_parsed("state")?,
                    ..SearchOrder::default()
                },
            };
            fields.end()?;
            Ok(row)
        });
        let searches = Self(rows.collect::<Result<_, DocumentError>>()?);
        fields.end()?;
        Ok(searches)
    }
}

impl Node {
    /// The searches that a person keeps.
    pub(super) fn searches(&self, person: &str) -> Result<Vec<SearchRow>, Failure> {
        let person = self.active_person(person)?.name;
        Ok(self.kept_searches(&person)?.0)
    }

    /// Keep a search under a name; one that has it already is replaced.
    pub(super) fn search_keep(
        &self,
        person: &str,
        name: &str,
        order: SearchOrder,
    ) -> Result<Vec<SearchRow>, Failure> {
        let refused =
            |problem: &str| Failure::new("view.search", 2, problem).arg("problem", problem);
        let name = name.trim();
        let is_name = (1..=NAME_CHARS_MAX).contains(&name.chars().count());
        if !is_name || name.chars().any(char::is_control) {
            return Err(refused(
                "a search is kept under a name of 1 to 60 characters",
            ));
        }
        let is_long = |word: &Option<String>| {
            word.as_ref()
                .is_some_and(|word| word.len() > WORD_BYTES_MAX)
        };
        let said = words(&order);
        if said.iter().all(|(_, word)| word.is_none()) {
            return Err(refused("a search that is kept looks for something"));
        }
        if said.iter().any(|(_, word)| is_long(word)) {
            return Err(refused(
                "a search that is kept has at most 2000 bytes in each part",
            ));
        }
        let order = SearchOrder {
            since: None,
            until: None,
            versions: false,
            limit: 0,
            before: None,
            ..order
        };
        let row = SearchRow {
            name: name.to_owned(),
            order,
        };
        self.change_searches(person, |rows| {
            rows.retain(|known| known.name != row.name);
            if rows.len() == KEPT_MAX {
                return Err(refused(
                    "a person keeps at most 50 searches: forget one first",
                ));
            }
            rows.push(row);
            rows.sort_by(|a, b| a.name.cmp(&b.name));
            Ok(())
        })
    }

    /// A search is kept no longer.
    pub(super) fn search_forget(
        &self,
        person: &str,
        name: &str,
    ) -> Result<Vec<SearchRow>, Failure> {
        self.change_searches(person, |rows| {
            rows.retain(|known| known.name != name);
            Ok(())
        })
    }

    fn change_searches(
        &self,
        person: &str,
        change: impl FnOnce(&mut Vec<SearchRow>) -> Result<(), Failure>,
    ) -> Result<Vec<SearchRow>, Failure> {
        let person = self.active_person(person)?.name;
        let mut kept = self.kept_searches(&person)?;
        change(&mut kept.0)?;
        let key = person.as_str().as_bytes();
        self.store
            .write(|tx| tx.put(RecordKind::Searches, key, &kept.to_bytes()))
            .map_err(store_failure::<WriteError>)?;
        Ok(kept.0)
    }

    fn kept_searches(&self, person: &PersonId) -> Result<Searches, Failure> {
        let kept = self.record(RecordKind::Searches, person.as_str().as_bytes())?;
        Ok(kept.unwrap_or_default())
    }
}
