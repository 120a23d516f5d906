//! Collections: views of a client's log, and whether they fill themselves.

use noroshi_gate::acts::Approved;
use noroshi_model::act::ActKind;
use noroshi_model::document::{DocumentError, Fields};
use noroshi_model::json::{Object, Value};
use noroshi_model::ledger::LineKind;
use noroshi_model::{Digest, PersonId};
use noroshi_store::RecordKind;

use crate::acts::{Effect, subject_as};
use crate::command::{ActAnswer, Event, Failure};
use crate::node::Node;
use crate::records::{ActRecord, Record, flag, maybe};
use crate::sink::Sink;

/// Most types a collection is narrowed to.
const TYPES_MAX: usize = 64;

/// A collection as it is stored.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Collection {
    /// Its alias in URLs.
    pub(crate) name: PersonId,
    pub(crate) title: String,
    /// Whose log it is a view of.
    pub(crate) client: PersonId,
    /// Only these STIX types; none named means all.
    pub(crate) types: Vec<String>,
    /// Only what came from this source.
    pub(crate) source: Option<String>,
    /// Under which source profile what the client posts is taken in; none, and nothing is.
    pub(crate) profile: Option<PersonId>,
    /// Does it fill itself with what the gate releases to the client?
    pub(crate) standing: bool,
    /// For what purpose.
    pub(crate) purpose: String,
    pub(crate) removed: bool,
}

impl Collection {
    /// Its id in TAXII: a UUID made from its name, so that it is the same after a restore. Version
    /// 8 of RFC 9562: what it is made of is our own.
    pub(crate) fn id(&self) -> String {
        let parts: [&[u8]; 2] = [b"noroshi collection v1", self.name.as_str().as_bytes()];
        uuid_of(&Digest::of_parts(&parts).0)
    }

    /// Does it show objects of that type from that source?
    pub(crate) fn shows(&self, kind: &str, source: &str) -> bool {
        (self.types.is_empty() || self.types.iter().any(|known| known == kind))
            && self.source.as_deref().is_none_or(|known| known == source)
    }

    fn subject(&self) -> Object {
        let mut object = Object::new()
            .with("name", self.name.as_str())
            .with("title", self.title.as_str())
            .with("client", self.client.as_str())
            .with(
                "types",
                self.types
                    .iter()
                    .map(|t| Value::from(t.as_str()))
                    .collect::<Vec<_>>(),
            )
            .with("standing", self.standing)
            .with("purpose", self.purpose.as_str())
            .with("removed", self.removed);
        let profile = self.profile.as_ref().map(PersonId::as_str);
        maybe(&mut object, "profile", profile.map(Value::from));
        maybe(
            &mut object,
            "source",
            self.source.as_deref().map(Value::from),
        );
        object
    }

    fn from_fields(mut fields: Fields) -> Result<Self, DocumentError> {
        let collection = Self {
            name: fields.parsed("name")?,
            title: fields.text("title")?,
            client: fields.parsed("client")?,
            types: fields.parsed_list("types")?,
            source: fields.maybe_parsed("source")?,
            profile: fields.maybe_parsed("profile")?,
            standing: flag(&mut fields, "standing")?,
            purpose: fields.text("purpose")?,
            removed: flag(&mut fields, "removed")?,
        };
        fields.end()?;
        Ok(collection)
    }
}

/// Sixteen bytes in the form of a UUID of version 8.
pub(super) fn uuid_of(bytes: &[u8; 32]) -> String {
    let mut short = [0; 16];
    short.copy_from_slice(&bytes[..16]);
    short[6] = (short[6] & 0x0f) | 0x80;
    short[8] = (short[8] & 0x3f) | 0x80;
    let digits: String = short.iter().map(|byte| format!("{byte:02x}")).collect();
    [
        &digits[..8],
        &digits[8..12],
        &digits[12..16],
        &digits[16..20],
        &digits[20..],
    ]
    .join("-")
}

impl Record for Collection {
    fn to_bytes(&self) -> Vec<u8> {
        Value::Object(self.subject().with("v", 1)).canonical()
    }

    fn from_bytes(bytes: &[u8]) -> Result<Self, DocumentError> {
        let mut fields = Fields::read("collection record", bytes)?;
        fields.version(1)?;
        Self::from_fields(fields)
    }
}

/// What is asked for a collection.
pub(crate) struct CollectionAsked<'a> {
    pub(crate) name: &'a str,
    pub(crate) title: &'a str,
    pub(crate) client: &'a str,
    pub(crate) types: &'a [String],
    pub(crate) source: Option<&'a str>,
    pub(crate) profile: Option<&'a str>,
    pub(crate) standing: bool,
    pub(crate) purpose: &'a str,
}

impl Node {
    /// Every collection that was not removed.
    pub(crate) fn collections(&self) -> Result<Vec<Collection>, Failure> {
        let mut all: Vec<Collection> = self.records(RecordKind::Collection)?;
        all.retain(|collection| !collection.removed);
        Ok(all)
    }

    /// The collection of that name.
    pub(crate) fn collection_named(&self, name: &PersonId) -> Result<Collection, Failure> {
        self.collection(name.as_str())
    }

    pub(super) fn collection(&self, name: &str) -> Result<Collection, Failure> {
        let known: Option<Collection> = self.record(RecordKind::Collection, name.as_bytes())?;
        known.filter(|known| !known.removed).ok_or_else(|| {
            Failure::new(
                "collection.unknown",
                4,
                format_args!("no collection is called `{name}`: see `noroshi collection list`"),
            )
            .arg("collection", name)
        })
    }

    /// Ask for a collection to be set: two persons.
    pub(crate) fn collection_set(
        &self,
        asked: &CollectionAsked<'_>,
        person: &str,
    ) -> Result<ActAnswer, Failure> {
        let refused = |problem: &dyn std::fmt::Display| {
            Failure::new("collection.refused", 2, problem).arg("problem", problem)
        };
        let name = asked
            .name
            .parse()
            .map_err(|_| refused(&"a collection's name is 1 to 40 of a-z 0-9 . _ -"))?;
        if !(1..=200).contains(&asked.title.len()) || asked.title.chars().any(char::is_control) {
            return Err(refused(&"a collection's title is 1 to 200 bytes of text"));
        }
        let is_type = |kind: &String| {
            kind.len() <= 250
                && kind
                    .bytes()
                    .all(|c| c.is_ascii_lowercase() || c == b'-' || c.is_ascii_digit())
        };
        if asked.types.len() > TYPES_MAX || !asked.types.iter().all(is_type) {
            return Err(refused(&"at most 64 types, each of a-z 0-9 -"));
        }
        let collection = Collection {
            name,
            title: asked.title.to_owned(),
            client: self.client(asked.client)?.name,
            types: asked.types.to_vec(),
            source: asked.source.map(|source| self.source_name(source)),
            profile: asked
                .profile
                .map(|name| self.profile(name))
                .transpose()?
                .map(|profile| profile.name),
            standing: asked.standing,
            purpose: asked.purpose.to_owned(),
            removed: false,
        };
        let subject = collection.subject();
        Collection::from_fields(
            Fields::of("collection", Value::Object(subject.clone()))
                .map_err(|error| refused(&error))?,
        )
        .map_err(|error| refused(&error))?;
        self.prepare(ActKind::CollectionSet, subject, person, true, None, 24 * 60)
    }

    /// Ask for a collection to be removed: one person, at once.
    pub(crate) fn collection_remove(&self, name: &str, person: &str) -> Result<ActAnswer, Failure> {
        let mut collection = self.collection(name)?;
        collection.removed = true;
        let subject = collection.subject();
        self.prepare(ActKind::CollectionRemove, subject, person, false, None, 60)
    }

    pub(crate) fn execute_collection(
        &self,
        record: &mut ActRecord,
        approved: &Approved,
    ) -> Result<Effect, Failure> {
        let collection = subject_as(record, "collection", Collection::from_fields)?;
        let act = &record.act;
        let line = self.line(
            LineKind::Collection,
            Some(&act.requester),
            act.subject.clone(),
        );
        let effect = self.take_effect(record, approved, &line, |tx| {
            let key = collection.name.as_str().as_bytes();
            tx.put(RecordKind::Collection, key, &collection.to_bytes())?;
            // What it has looked at counts no more: it may be narrowed otherwise now.
            tx.delete(RecordKind::Standing, key)
        })?;
        self.release_standing(&mut crate::sink::Silent)?;
        Ok(effect)
    }

    pub(crate) fn collection_list(&self, sink: &mut dyn Sink) -> Result<(), Failure> {
        for collection in self.collections()? {
            let mut row = serde_json::json!({
                "id": collection.id(),
                "name": collection.name.as_str(),
                "title": collection.title,
                "client": collection.client.as_str(),
                "types": collection.types,
                "standing": collection.standing,
                "purpose": collection.purpose,
            });
            row["source"] = collection.source.into();
            row["profile"] = collection
                .profile
                .map(|name| name.as_str().to_owned())
                .into();
            sink.send(Event::Row {
                kind: "collection".into(),
                row,
            });
        }
        Ok(())
    }
}
