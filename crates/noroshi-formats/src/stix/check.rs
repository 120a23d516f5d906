//! The check of one STIX 2.1 object against the tables.

use noroshi_model::agreement::Agreement;
use noroshi_model::json::{Object, Value};
use noroshi_model::selector::{Selector, Step};
use noroshi_model::{Head, StixId, Timestamp};

use super::table::{COMMON, Kind, OBSERVABLES, Property, type_of};
use crate::error::{Note, NoteCode, ReadError};

/// Longest title kept in a head, in bytes.
const TITLE_BYTES_MAX: usize = 200;
/// The rule for everything common to all objects.
const COMMON_RULE: &str = "STIX 2.1, 3.2";

/// Check an object; its head if it passes.
pub(crate) fn check(object: &Object, notes: &mut Vec<Note>, index: u64) -> Result<Head, ReadError> {
    let object_name = object
        .str("id")
        .map_or_else(|| format!("object {index}"), str::to_owned);
    let checker = Checker {
        object,
        name: &object_name,
    };
    let id = checker.identity()?;
    for property in COMMON {
        checker.property(property, COMMON_RULE, notes)?;
    }
    let kind = id.kind();
    if kind == "agreement" {
        Agreement::from_value(Value::Object(object.clone())).map_err(|error| {
            ReadError::property(&object_name, "(object)", error, "docs/agreement.md")
        })?;
    } else if let Some(known) = type_of(kind) {
        for property in known.properties {
            checker.property(property, known.rule, notes)?;
        }
        checker.required(super::table::required_properties(kind), known.rule)?;
        checker.unknown_properties(known.properties, notes);
        if kind == "marking-definition" {
            checker.marking_definition()?;
        }
    } else if !OBSERVABLES.contains(&kind) {
        checker.required(super::table::required_properties(kind), COMMON_RULE)?;
    }
    checker.times(notes)?;
    Ok(head(object, id))
}

struct Checker<'a> {
    object: &'a Object,
    name: &'a str,
}

impl Checker<'_> {
    fn refused(
        &self,
        property: impl Into<String>,
        problem: impl core::fmt::Display,
        rule: &'static str,
    ) -> ReadError {
        ReadError::property(self.name, property, problem, rule)
    }

    fn identity(&self) -> Result<StixId, ReadError> {
        let kind = self.object.str("type").ok_or_else(|| {
            self.refused(
                "type",
                "is missing or no string: every STIX object has one",
                COMMON_RULE,
            )
        })?;
        let id = self.object.str("id").ok_or_else(|| {
            self.refused(
                "id",
                "is missing or no string: every STIX object has one",
                COMMON_RULE,
            )
        })?;
        let id: StixId = id
            .parse()
            .map_err(|error| self.refused("id", error, "STIX 2.1, 2.9"))?;
        if id.kind() != kind {
            return Err(self.refused(
                "id",
                format_args!("begins with `{}`, but the type is `{kind}`", id.kind()),
                "STIX 2.1, 2.9",
            ));
        }
        if self
            .object
            .str("spec_version")
            .is_some_and(|version| version != "2.1")
        {
            return Err(self.refused("spec_version", "is not 2.1", COMMON_RULE));
        }
        Ok(id)
    }

    fn required(&self, names: &[&str], rule: &'static str) -> Result<(), ReadError> {
        match names.iter().find(|name| self.object.get(name).is_none()) {
            None => Ok(()),
            Some(name) => Err(self.refused(*name, "is missing: it is required", rule)),
        }
    }

    fn property(
        &self,
        property: &Property,
        rule: &'static str,
        notes: &mut Vec<Note>,
    ) -> Result<(), ReadError> {
        let Some(value) = self.object.get(property.name) else {
            return if property.required {
                Err(self.refused(property.name, "is missing: it is required", rule))
            } else {
                Ok(())
            };
        };
        if let Value::Array(values) = value
            && values.is_empty()
        {
            // STIX wants lists without elements left out. The bytes are another's: kept, noted.
            notes.push(Note::new(
                NoteCode::EmptyList,
                property.name,
                "is an empty list",
            ));
            return if property.required {
                Err(self.refused(property.name, "is an empty list, but it is required", rule))
            } else {
                Ok(())
            };
        }
        self.value(property.name, value, property.kind, rule)
    }

    fn value(
        &self,
        at: &str,
        value: &Value,
        kind: Kind,
        rule: &'static str,
    ) -> Result<(), ReadError> {
        match kind {
            Kind::Any => Ok(()),
            Kind::Text => self.expect(at, value.as_str().is_some(), "a string", rule),
            Kind::Bool => self.expect(at, value.as_bool().is_some(), "true or false", rule),
            Kind::Number => {
                let fits = matches!(value, Value::Int(_) | Value::Float(_));
                self.expect(at, fits, "a number", rule)
            }
            Kind::Integer(least, most) => match value.as_int() {
                Some(number) if (least..=most).contains(&number) => Ok(()),
                _ => Err(self.refused(
                    at,
                    format_args!("is not a whole number from {least} to {most}"),
                    rule,
                )),
            },
            Kind::Time => self.time(at, value).map(|_| ()),
            Kind::Id(kinds) => self.id(at, value, kinds, rule),
            Kind::IdList(kinds) => {
                for (index, value) in self.list(at, value, rule)?.iter().enumerate() {
                    self.id(&format!("{at}.[{index}]"), value, kinds, rule)?;
                }
                Ok(())
            }
            Kind::TextList => {
                let texts = self
                    .list(at, value, rule)?
                    .iter()
                    .all(|v| v.as_str().is_some());
                self.expect(at, texts, "a list of strings", rule)
            }
            Kind::Object => self.expect(at, value.as_object().is_some(), "an object", rule),
            Kind::Dictionary => {
                let fits = value.as_object().is_some_and(|object| !object.is_empty());
                self.expect(at, fits, "an object with at least one property", rule)
            }
            Kind::ExternalReferences => self.external_references(at, value),
            Kind::KillChain => self.kill_chain(at, value),
            Kind::Granular => self.granular(at, value),
        }
    }

    fn expect(
        &self,
        at: &str,
        fits: bool,
        expected: &str,
        rule: &'static str,
    ) -> Result<(), ReadError> {
        if fits {
            Ok(())
        } else {
            Err(self.refused(at, format_args!("is not {expected}"), rule))
        }
    }

    fn list<'v>(
        &self,
        at: &str,
        value: &'v Value,
        rule: &'static str,
    ) -> Result<&'v [Value], ReadError> {
        value
            .as_array()
            .ok_or_else(|| self.refused(at, "is not a list", rule))
    }

    fn time(&self, at: &str, value: &Value) -> Result<Timestamp, ReadError> {
        let text = value
            .as_str()
            .ok_or_else(|| self.refused(at, "is not a timestamp string", "STIX 2.1, 2.16"))?;
        text.parse()
            .map_err(|error| self.refused(at, error, "STIX 2.1, 2.16"))
    }

    fn id(
        &self,
        at: &str,
        value: &Value,
        kinds: &[&str],
        rule: &'static str,
    ) -> Result<(), ReadError> {
        let text = value
            .as_str()
            .ok_or_else(|| self.refused(at, "is not an identifier", rule))?;
        let id: StixId = text
            .parse()
            .map_err(|error| self.refused(at, error, "STIX 2.1, 2.9"))?;
        if kinds.is_empty() || kinds.contains(&id.kind()) {
            return Ok(());
        }
        Err(self.refused(
            at,
            format_args!(
                "names a `{}`; it must name {}",
                id.kind(),
                kinds.join(" or ")
            ),
            rule,
        ))
    }

    /// 2.5: a source, and at least one of what points into it.
    fn external_references(&self, at: &str, value: &Value) -> Result<(), ReadError> {
        const RULE: &str = "STIX 2.1, 2.5";
        for (index, reference) in self.list(at, value, RULE)?.iter().enumerate() {
            let place = format!("{at}.[{index}]");
            let reference = reference
                .as_object()
                .ok_or_else(|| self.refused(&place, "is not an object", RULE))?;
            if reference.str("source_name").is_none() {
                return Err(self.refused(
                    format!("{place}.source_name"),
                    "is missing or no string",
                    RULE,
                ));
            }
            for name in ["description", "url", "external_id"] {
                if let Some(value) = reference.get(name) {
                    self.expect(
                        &format!("{place}.{name}"),
                        value.as_str().is_some(),
                        "a string",
                        RULE,
                    )?;
                }
            }
        }
        Ok(())
    }

    /// 2.11.
    fn kill_chain(&self, at: &str, value: &Value) -> Result<(), ReadError> {
        const RULE: &str = "STIX 2.1, 2.11";
        for (index, phase) in self.list(at, value, RULE)?.iter().enumerate() {
            for name in ["kill_chain_name", "phase_name"] {
                let there = phase
                    .as_object()
                    .is_some_and(|phase| phase.str(name).is_some());
                self.expect(&format!("{at}.[{index}].{name}"), there, "a string", RULE)?;
            }
        }
        Ok(())
    }

    /// 7.2.3: selectors that name something, and a marking or a language but not both.
    fn granular(&self, at: &str, value: &Value) -> Result<(), ReadError> {
        const RULE: &str = "STIX 2.1, 7.2.3";
        for (index, marking) in self.list(at, value, RULE)?.iter().enumerate() {
            let place = format!("{at}.[{index}]");
            let marking = marking
                .as_object()
                .ok_or_else(|| self.refused(&place, "is not an object", RULE))?;
            let has_lang = marking.str("lang").is_some();
            match marking.get("marking_ref") {
                Some(reference) if !has_lang => {
                    self.id(
                        &format!("{place}.marking_ref"),
                        reference,
                        &["marking-definition"],
                        RULE,
                    )?;
                }
                None if has_lang => {}
                _ => {
                    return Err(self.refused(
                        &place,
                        "has not exactly one of marking_ref and lang",
                        RULE,
                    ));
                }
            }
            let selectors = marking
                .get("selectors")
                .and_then(Value::as_array)
                .unwrap_or_default();
            if selectors.is_empty() {
                return Err(self.refused(
                    format!("{place}.selectors"),
                    "is missing or empty",
                    RULE,
                ));
            }
            for selector in selectors {
                self.selector(&place, selector)?;
            }
        }
        Ok(())
    }

    fn selector(&self, place: &str, selector: &Value) -> Result<(), ReadError> {
        const RULE: &str = "STIX 2.1, 7.2.3.1";
        let at = || format!("{place}.selectors");
        let text = selector
            .as_str()
            .ok_or_else(|| self.refused(at(), "holds no string", RULE))?;
        let parsed: Selector = text
            .parse()
            .map_err(|error| self.refused(at(), error, RULE))?;
        if resolves(self.object, parsed.steps()) {
            return Ok(());
        }
        Err(self.refused(
            at(),
            format_args!("names `{text}`, which the object does not have"),
            RULE,
        ))
    }

    /// 7.2.1: what it marks stands in `definition` with its type, or in an extension.
    fn marking_definition(&self) -> Result<(), ReadError> {
        const RULE: &str = "STIX 2.1, 7.2.1";
        let defined =
            self.object.get("definition").is_some() && self.object.get("definition_type").is_some();
        if defined || self.object.get("extensions").is_some() {
            return Ok(());
        }
        Err(self.refused(
            "definition",
            "and definition_type are missing, and there is no extension",
            RULE,
        ))
    }

    /// 3.2: a version is not older than its object; 4.7, 4.14 and others: spans do not run
    /// backwards.
    fn times(&self, _notes: &mut [Note]) -> Result<(), ReadError> {
        let spans = [
            ("created", "modified", COMMON_RULE),
            ("first_observed", "last_observed", "STIX 2.1, 4.14"),
            ("valid_from", "valid_until", "STIX 2.1, 4.7"),
            ("start_time", "stop_time", "STIX 2.1, 5.1"),
        ];
        for (from, to, rule) in spans {
            let (Some(start), Some(end)) = (self.object.get(from), self.object.get(to)) else {
                continue;
            };
            if self.time(to, end)? < self.time(from, start)? {
                return Err(self.refused(to, format_args!("is earlier than `{from}`"), rule));
            }
        }
        Ok(())
    }

    fn unknown_properties(&self, known: &[Property], notes: &mut Vec<Note>) {
        for (name, _) in self.object.iter() {
            let is_known = COMMON
                .iter()
                .chain(known)
                .any(|property| property.name == name);
            if !is_known && !name.starts_with("x_") {
                notes.push(Note::new(
                    NoteCode::UnknownProperty,
                    name,
                    "is no property of this type; kept as it came",
                ));
            }
        }
    }
}

fn resolves(object: &Object, steps: &[Step]) -> bool {
    let mut steps = steps.iter();
    let Some(Step::Key(first)) = steps.next() else {
        return false;
    };
    let Some(mut here) = object.get(first) else {
        return false;
    };
    for step in steps {
        let next = match (step, here) {
            (Step::Key(key), Value::Object(object)) => object.get(key),
            (Step::Index(index), Value::Array(values)) => values.get(*index),
            _ => None,
        };
        match next {
            Some(value) => here = value,
            None => return false,
        }
    }
    true
}

fn head(object: &Object, id: StixId) -> Head {
    let time = |name: &str| {
        object
            .str(name)
            .and_then(|text| text.parse::<Timestamp>().ok())
    };
    let created = time("created");
    let titled = [
        "name",
        "title",
        "value",
        "relationship_type",
        "content",
        "description",
    ];
    let title = titled
        .iter()
        .find_map(|name| object.str(name))
        .unwrap_or_default();
    Head {
        modified: time("modified")
            .or(created)
            .unwrap_or(Timestamp::from_micros(0)),
        created,
        created_by: object
            .str("created_by_ref")
            .and_then(|text| text.parse().ok()),
        revoked: object
            .get("revoked")
            .and_then(Value::as_bool)
            .unwrap_or(false),
        title: cut(title),
        id,
    }
}

/// The first line, at most so many bytes, cut at a character.
fn cut(text: &str) -> String {
    let line = text.lines().next().unwrap_or_default();
    let mut end = line.len().min(TITLE_BYTES_MAX);
    while !line.is_char_boundary(end) {
        end -= 1;
    }
    line[..end].to_owned()
}
