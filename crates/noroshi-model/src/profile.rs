//! Source profiles: what a source's objects carry by default, and who ordered it.

use crate::document::{DocumentError, Fields, text};
use crate::ids::{PersonId, StixId};
use crate::json::{Object, Value};
use crate::time::Timestamp;

/// A named source. Its markings are assigned to objects that carry no release marking of their
/// own; they never lower what an object carries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceProfile {
    /// Short name used on the command line, such as `mitre-attack`.
    pub name: PersonId,
    /// Where it comes from, for people.
    pub title: String,
    /// Marking-definition ids, sorted, 1 to 32 of them.
    pub assigned: Vec<StixId>,
    /// Are objects of this source this organisation's own work? Then the node signs them as
    /// originator; otherwise as attestor only.
    pub own: bool,
    /// Who ordered it.
    pub ordered_by: PersonId,
    /// When.
    pub at: Timestamp,
}

impl SourceProfile {
    const DOCUMENT: &str = "source profile";

    /// The document.
    #[must_use]
    pub fn to_object(&self) -> Object {
        Object::new()
            .with("v", 1)
            .with("name", self.name.as_str())
            .with("title", self.title.as_str())
            .with(
                "assigned",
                self.assigned.iter().map(StixId::as_str).collect::<Vec<_>>(),
            )
            .with("own", self.own)
            .with("ordered_by", self.ordered_by.as_str())
            .with("at", text(self.at))
    }

    /// Read it.
    ///
    /// # Errors
    /// A field missing, unknown or refused.
    pub fn from_value(value: Value) -> Result<Self, DocumentError> {
        let mut fields = Fields::of(Self::DOCUMENT, value)?;
        fields.version(1)?;
        let mut assigned: Vec<StixId> = fields.parsed_list("assigned")?;
        assigned.sort();
        assigned.dedup();
        if !(1..=32).contains(&assigned.len()) {
            return Err(fields.refused("assigned", "does not name 1 to 32 markings"));
        }
        let own = fields
            .value("own")?
            .as_bool()
            .ok_or_else(|| fields.refused("own", "is not true or false"))?;
        let profile = Self {
            name: fields.parsed("name")?,
            title: fields.text("title")?,
            assigned,
            own,
            ordered_by: fields.parsed("ordered_by")?,
            at: fields.parsed("at")?,
        };
        fields.end()?;
        Ok(profile)
    }
}
