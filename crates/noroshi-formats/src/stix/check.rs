//! The check of one STIX 2.1 object against the tables.

use noroshi_model::agreement::Agreement;
use noroshi_model::json::{Object, Value};
use noroshi_model::{Head, StixId, Timestamp};

use super::laws::{LAWS, Law};
use super::table::{COMMON, Kind, OBSERVABLES, Property, type_of};
use crate::error::{Note, NoteCode, ReadError, shown};

/// Longest title kept in a head, in bytes.
const TITLE_BYTES_MAX: usize = 200;
/// Most notes on properties that a type does not have, per object.
const UNKNOWN_NOTED_MAX: usize = 50;
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
    checker.span("created", "modified", false, COMMON_RULE)?;
    let kind = id.kind();
    if kind == "bundle" {
        let problem = "is a bundle inside another: a bundle is no object and is not kept as one";
        return Err(checker.refused("type", problem, "STIX 2.1, 8"));
    } else if kind == "agreement" {
        Agreement::from_value(Value::Object(object.clone())).map_err(|error| {
            ReadError::property(&object_name, "(object)", error, "docs/agreement.md")
        })?;
    } else if let Some(known) = type_of(kind) {
        for property in known.properties {
            checker.property(property, known.rule, notes)?;
        }
        checker.required(super::table::required_properties(kind), known.rule)?;
        for (_, law) in LAWS.iter().filter(|(name, _)| *name == kind) {
            checker.law(law, known.rule)?;
        }
        checker.unknown_properties(known.properties, notes);
        if kind == "observed-data" && object.get("objects").is_some() {
            let detail = "is the STIX 2.0 form; kept as it came";
            notes.push(Note::new(NoteCode::Deprecated, "objects", detail));
        }
        if kind == "marking-definition" {
            checker.marking_definition()?;
        }
    } else if !OBSERVABLES.contains(&kind) {
        checker.required(super::table::required_properties(kind), COMMON_RULE)?;
    }
    Ok(head(object, id))
}

pub(super) struct Checker<'a> {
    pub(super) object: &'a Object,
    name: &'a str,
}

impl Checker<'_> {
    pub(super) fn refused(
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
                format_args!(
                    "begins with `{}`, but the type is `{}`",
                    id.kind(),
                    shown(kind)
                ),
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
        if property.kind == Kind::ExternalReferences {
            self.note_bare_references(value, notes);
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
            Kind::Number(least, most) => {
                let fits = match value {
                    Value::Int(number) => (i64::from(least)..=i64::from(most)).contains(number),
                    Value::Float(number) => (f64::from(least)..=f64::from(most)).contains(number),
                    _ => false,
                };
                let expected = format_args!("a number from {least} to {most}");
                self.expect(at, fits, expected, rule)
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
            Kind::Id(kinds) => self.id(at, value, kinds, rule).map(|_| ()),
            Kind::IdNot(kinds) => {
                let id = self.id(at, value, &[], rule)?;
                let problem = format_args!("names a `{}`, which cannot be linked", id.kind());
                if kinds.contains(&id.kind()) {
                    return Err(self.refused(at, problem, rule));
                }
                Ok(())
            }
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
            Kind::Extensions => self.extensions(at, value),
            Kind::ExternalReferences => self.external_references(at, value),
            Kind::KillChain => self.kill_chain(at, value),
            Kind::Granular => self.granular(at, value),
        }
    }

    pub(super) fn expect(
        &self,
        at: &str,
        fits: bool,
        expected: impl core::fmt::Display,
        rule: &'static str,
    ) -> Result<(), ReadError> {
        if fits {
            Ok(())
        } else {
            Err(self.refused(at, format_args!("is not {expected}"), rule))
        }
    }

    pub(super) fn list<'v>(
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

    pub(super) fn id(
        &self,
        at: &str,
        value: &Value,
        kinds: &[&str],
        rule: &'static str,
    ) -> Result<StixId, ReadError> {
        let text = value
            .as_str()
            .ok_or_else(|| self.refused(at, "is not an identifier", rule))?;
        let id: StixId = text
            .parse()
            .map_err(|error| self.refused(at, error, "STIX 2.1, 2.9"))?;
        if kinds.is_empty() || kinds.contains(&id.kind()) {
            return Ok(id);
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

    fn law(&self, law: &Law, rule: &'static str) -> Result<(), ReadError> {
        let has = |name: &str| self.object.get(name).is_some();
        let demand = |fits: bool, at: &str, problem: core::fmt::Arguments<'_>| {
            fits.then_some(())
                .ok_or_else(|| self.refused(at, problem, rule))
        };
        match *law {
            Law::NotEarlier(from, to) => self.span(from, to, false, rule),
            Law::Later(from, to) => self.span(from, to, true, rule),
            Law::AnyOf(names) => demand(
                names.iter().any(|name| has(name)),
                names.first().copied().unwrap_or_default(),
                format_args!(
                    "is missing: at least one of {} is required",
                    names.join(", ")
                ),
            ),
            Law::NotBoth(one, other) => demand(
                !(has(one) && has(other)),
                one,
                format_args!("and `{other}` exclude each other"),
            ),
            Law::Needs(given, needed) => demand(
                !has(given) || has(needed),
                needed,
                format_args!("is missing: `{given}` requires it"),
            ),
            Law::NeedsIfTrue(flag, needed) => demand(
                self.object.get(flag).and_then(Value::as_bool) != Some(true) || has(needed),
                needed,
                format_args!("is missing: it is required where `{flag}` is true"),
            ),
        }
    }

    /// Spans of time do not run backwards; `strict`: they are not empty either.
    fn span(
        &self,
        from: &str,
        to: &str,
        strict: bool,
        rule: &'static str,
    ) -> Result<(), ReadError> {
        let (Some(start), Some(end)) = (self.object.get(from), self.object.get(to)) else {
            return Ok(());
        };
        let (start, end) = (self.time(from, start)?, self.time(to, end)?);
        if end < start {
            return Err(self.refused(to, format_args!("is earlier than `{from}`"), rule));
        }
        if strict && end == start {
            return Err(self.refused(to, format_args!("is not later than `{from}`"), rule));
        }
        Ok(())
    }

    fn unknown_properties(&self, known: &[Property], notes: &mut Vec<Note>) {
        // An extension of this kind brings top-level properties along (7.3).
        let is_extended = |value: &Value| {
            value
                .as_object()
                .and_then(|extension| extension.str("extension_type"))
                == Some("toplevel-property-extension")
        };
        let extensions = self.object.get("extensions").and_then(Value::as_object);
        if extensions.is_some_and(|all| all.iter().any(|(_, value)| is_extended(value))) {
            return;
        }
        let before = notes.len();
        for (name, _) in self.object.iter() {
            if notes.len() - before >= UNKNOWN_NOTED_MAX {
                return;
            }
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
