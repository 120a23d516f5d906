//! The check of one STIX 2.1 object against its shape.
//!
//! What makes an object useless to a receiver is an error; what is imperfect is noted and kept:
//! words beyond an open vocabulary, texts in another form, empty optional lists, properties that
//! the type does not have. Published data is full of these.

use core::fmt;

use noroshi_model::json::{Object, Value};
use noroshi_model::{Head, StixId, Timestamp};

use super::forms::{self, Form};
use super::head::head;
use super::sco_id;
use super::shape::{Entry, Kind, Need, Property, Shape};
use super::table::{COMMON, COMMON_LAWS, COMMON_RULE, is_extended, is_observable, shape_of};
use crate::error::{Note, NoteCode, ReadError, shown};

/// Most notes on one object.
const NOTES_MAX: usize = 50;
/// Characters of `2026-01-01T00:00:00.000Z`: precise to the millisecond.
const MILLISECONDS_CHARS: usize = 24;

/// Check an object; its head if it passes.
pub(crate) fn check(object: &Object, notes: &mut Vec<Note>, index: u64) -> Result<Head, ReadError> {
    let notes_max = notes.len() + NOTES_MAX;
    let mut checker = Checker {
        object,
        index,
        notes,
        notes_max,
        is_extended: is_extended(object, "toplevel-property-extension"),
    };
    let id = checker.identity()?;
    let shape = shape_of(id.kind(), object);
    checker.shape(&Place::Top, object, shape)?;
    for law in COMMON_LAWS {
        checker.law(&Place::Top, object, law, &COMMON)?;
    }
    if is_observable(id.kind()) {
        checker.note_other_id(&id);
    }
    Ok(head(object, id))
}

/// A place in an object, kept on the stack and written out only where something is to be said.
#[derive(Clone, Copy)]
pub(crate) enum Place<'p> {
    /// The object itself.
    Top,
    /// A property of what is there.
    Key(&'p Place<'p>, &'p str),
    /// An element of the list that is there.
    At(&'p Place<'p>, usize),
}

impl Place<'_> {
    pub(super) fn key<'p>(&'p self, name: &'p str) -> Place<'p> {
        Place::Key(self, name)
    }

    pub(super) fn at(&self, index: usize) -> Place<'_> {
        Place::At(self, index)
    }
}

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Place::Top => Ok(()),
            Place::Key(Place::Top, name) => f.write_str(name),
            Place::Key(up, name) => write!(f, "{up}.{name}"),
            Place::At(up, index) => write!(f, "{up}.[{index}]"),
        }
    }
}

pub(crate) struct Checker<'a> {
    /// The whole object.
    pub(super) object: &'a Object,
    index: u64,
    notes: &'a mut Vec<Note>,
    notes_max: usize,
    /// Does an extension bring top-level properties along (7.3)?
    is_extended: bool,
}

impl Checker<'_> {
    pub(super) fn refused(
        &self,
        place: impl fmt::Display,
        problem: impl fmt::Display,
        rule: &'static str,
    ) -> ReadError {
        let name = self
            .object
            .str("id")
            .map_or_else(|| format!("object {}", self.index), str::to_owned);
        ReadError::property(name, place.to_string(), problem, rule)
    }

    pub(super) fn expect(
        &self,
        place: &Place<'_>,
        fits: bool,
        expected: impl fmt::Display,
        rule: &'static str,
    ) -> Result<(), ReadError> {
        if fits {
            Ok(())
        } else {
            Err(self.refused(place, format_args!("is not {expected}"), rule))
        }
    }

    pub(super) fn note(
        &mut self,
        code: NoteCode,
        place: impl fmt::Display,
        detail: impl fmt::Display,
    ) {
        if self.notes.len() < self.notes_max {
            self.notes
                .push(Note::new(code, &place.to_string(), detail.to_string()));
        }
    }

    fn identity(&self) -> Result<StixId, ReadError> {
        const MISSING: &str = "is missing or no string: every STIX object has one";
        const ID_RULE: &str = "STIX 2.1, 2.9";
        let text = |name: &str| {
            self.object
                .str(name)
                .ok_or_else(|| self.refused(name, MISSING, COMMON_RULE))
        };
        let kind = text("type")?;
        let id: StixId = text("id")?
            .parse()
            .map_err(|error| self.refused("id", error, ID_RULE))?;
        if id.kind() != kind {
            let problem = format_args!(
                "begins with `{}`, but the type is `{}`",
                id.kind(),
                shown(kind)
            );
            return Err(self.refused("id", problem, ID_RULE));
        }
        if kind == "bundle" {
            let problem =
                "is a bundle inside another: a bundle is no object and is not kept as one";
            return Err(self.refused("type", problem, "STIX 2.1, 8"));
        }
        match self.object.get("spec_version") {
            Some(version) if version.as_str() != Some("2.1") => {
                Err(self.refused("spec_version", "is not 2.1", COMMON_RULE))
            }
            _ => Ok(id),
        }
    }

    /// Hold an object against its shape. Both are in order of name.
    pub(super) fn shape(
        &mut self,
        place: &Place<'_>,
        object: &Object,
        shape: &'static Shape,
    ) -> Result<(), ReadError> {
        let mut rows = shape.properties.iter().peekable();
        for (name, value) in object.iter() {
            while let Some(row) = rows.next_if(|row| row.name < name) {
                self.absent(place, row, shape)?;
            }
            match rows.next_if(|row| row.name == name) {
                Some(row) => self.property(&place.key(name), value, row, shape)?,
                None => self.stranger(place, name, value, shape),
            }
        }
        for row in rows {
            self.absent(place, row, shape)?;
        }
        for law in shape.laws {
            self.law(place, object, law, shape)?;
        }
        Ok(())
    }

    fn absent(&self, place: &Place<'_>, row: &Property, shape: &Shape) -> Result<(), ReadError> {
        if row.need == Need::Must {
            let problem = "is missing: it is required";
            return Err(self.refused(place.key(row.name), problem, rule_of(row, shape)));
        }
        Ok(())
    }

    /// A property that the shape does not have.
    fn stranger(&mut self, place: &Place<'_>, name: &str, value: &Value, shape: &Shape) {
        if name.ends_with("_ref") && value.as_str().is_none_or(|id| StixId::kind_of(id).is_err()) {
            let detail = "is no identifier, as its name says";
            self.note(NoteCode::Form, place.key(name), detail);
        }
        let is_extended = self.is_extended && matches!(place, Place::Top);
        if !shape.is_open && !name.starts_with("x_") && !is_extended {
            let detail = "is no property of this type; kept as it came";
            self.note(NoteCode::UnknownProperty, place.key(name), detail);
        }
    }

    fn property(
        &mut self,
        place: &Place<'_>,
        value: &Value,
        row: &Property,
        shape: &'static Shape,
    ) -> Result<(), ReadError> {
        let rule = rule_of(row, shape);
        if row.need == Need::Stray {
            let detail = "is not used on this type; kept as it came";
            self.note(NoteCode::UnknownProperty, place, detail);
        }
        // Where anything may stand, an empty list may: an agreement can have no equivalences.
        let is_free = matches!(row.kind, Kind::Any);
        if let Value::Array(values) = value
            && values.is_empty()
            && !is_free
        {
            if row.need == Need::Must {
                let problem = "is an empty list: at least one element is required";
                return Err(self.refused(place, problem, rule));
            }
            // STIX wants lists without elements left out. The bytes are another's: kept, noted.
            self.note(NoteCode::EmptyList, place, "is an empty list");
        }
        self.value(place, value, row.kind, rule)
    }

    fn value(
        &mut self,
        place: &Place<'_>,
        value: &Value,
        kind: Kind,
        rule: &'static str,
    ) -> Result<(), ReadError> {
        match kind {
            Kind::Any => Ok(()),
            Kind::Text => self.text(place, value, rule).map(|_| ()),
            Kind::Filled => {
                let fits = !self.text(place, value, rule)?.is_empty();
                self.expect(place, fits, "a string with something in it", rule)
            }
            Kind::Form(form) => {
                let text = self.text(place, value, rule)?;
                self.note_form(place, text, form);
                Ok(())
            }
            Kind::Word(words) => {
                let word = self.text(place, value, rule)?;
                self.note_word(place, word, words);
                Ok(())
            }
            Kind::Choice(words) => self.choice(place, value, words, rule),
            Kind::Texts | Kind::Forms(_) | Kind::Words(_) => self.texts(place, value, kind, rule),
            Kind::Choices(words) => self.each(place, value, rule, |checker, place, value| {
                checker.choice(place, value, words, rule)
            }),
            Kind::Bool => self.expect(place, value.as_bool().is_some(), "true or false", rule),
            Kind::Number(..) | Kind::Integer(..) => self.number(place, value, kind, rule),
            Kind::Time => self.time(place, value).map(|_| ()),
            Kind::Version => {
                self.time(place, value)?;
                if value.as_str().map(str::len) != Some(MILLISECONDS_CHARS) {
                    // Published objects carry seconds and microseconds too, and order is kept.
                    self.note(NoteCode::Form, place, "is not precise to the millisecond");
                }
                Ok(())
            }
            Kind::Id(_) | Kind::IdNot(_) => self.id(place, value, kind, rule),
            Kind::Ids(_) | Kind::IdsNot(_) => {
                self.each(place, value, rule, |checker, place, value| {
                    checker.id(place, value, kind, rule)
                })
            }
            Kind::Hashes => self.hashes(place, value),
            Kind::Hex => {
                let fits = forms::is_hex(self.text(place, value, rule)?);
                self.expect(place, fits, "pairs of hexadecimal digits", "STIX 2.1, 2.6")
            }
            Kind::Base64 => {
                let fits = forms::is_base64(self.text(place, value, rule)?);
                self.expect(place, fits, "base64", "STIX 2.1, 2.1")
            }
            Kind::Object => self.expect(place, value.as_object().is_some(), "an object", rule),
            Kind::List => self.list(place, value, rule).map(|_| ()),
            Kind::Dictionary(entry) => self.dictionary(place, value, entry, rule),
            Kind::Part(shape) => match value.as_object() {
                Some(part) => self.shape(place, part, shape),
                None => self.expect(place, false, "an object", rule),
            },
            Kind::Parts(shape) => {
                self.each(place, value, rule, |checker, place, value| {
                    match value.as_object() {
                        Some(part) => checker.shape(place, part, shape),
                        None => checker.expect(place, false, "an object", shape.rule),
                    }
                })
            }
            Kind::Extensions => self.extensions(place, value),
            Kind::ExternalReferences => self.external_references(place, value),
            Kind::Granular => self.granular(place, value),
        }
    }

    fn text<'v>(
        &self,
        place: &Place<'_>,
        value: &'v Value,
        rule: &'static str,
    ) -> Result<&'v str, ReadError> {
        value
            .as_str()
            .ok_or_else(|| self.refused(place, "is not a string", rule))
    }

    pub(super) fn list<'v>(
        &self,
        place: &Place<'_>,
        value: &'v Value,
        rule: &'static str,
    ) -> Result<&'v [Value], ReadError> {
        value
            .as_array()
            .ok_or_else(|| self.refused(place, "is not a list", rule))
    }

    /// Each element of a list.
    pub(super) fn each(
        &mut self,
        place: &Place<'_>,
        value: &Value,
        rule: &'static str,
        mut check: impl FnMut(&mut Self, &Place<'_>, &Value) -> Result<(), ReadError>,
    ) -> Result<(), ReadError> {
        for (index, value) in self.list(place, value, rule)?.iter().enumerate() {
            check(self, &place.at(index), value)?;
        }
        Ok(())
    }

    fn texts(
        &mut self,
        place: &Place<'_>,
        value: &Value,
        kind: Kind,
        rule: &'static str,
    ) -> Result<(), ReadError> {
        let values = self.list(place, value, rule)?;
        let is_texts = values.iter().all(|value| value.as_str().is_some());
        self.expect(place, is_texts, "a list of strings", rule)?;
        for (index, text) in values.iter().filter_map(Value::as_str).enumerate() {
            match kind {
                Kind::Words(words) => self.note_word(&place.at(index), text, words),
                Kind::Forms(form) => self.note_form(&place.at(index), text, form),
                _ => return Ok(()),
            }
        }
        Ok(())
    }

    fn note_form(&mut self, place: &Place<'_>, text: &str, form: Form) {
        if !form.fits(text) {
            let detail = format_args!("`{}` is not {}", shown(text), form.as_str());
            self.note(NoteCode::Form, place, detail);
        }
    }

    fn note_word(&mut self, place: &Place<'_>, word: &str, words: &[&str]) {
        if !words.contains(&word) {
            let detail = format_args!("`{}` is not of the standard's vocabulary", shown(word));
            self.note(NoteCode::OpenWord, place, detail);
        }
    }

    fn choice(
        &self,
        place: &Place<'_>,
        value: &Value,
        words: &[&str],
        rule: &'static str,
    ) -> Result<(), ReadError> {
        let fits = value.as_str().is_some_and(|word| words.contains(&word));
        self.expect(
            place,
            fits,
            format_args!("one of {}", words.join(", ")),
            rule,
        )
    }

    fn number(
        &self,
        place: &Place<'_>,
        value: &Value,
        kind: Kind,
        rule: &'static str,
    ) -> Result<(), ReadError> {
        match (kind, value) {
            (Kind::Integer(least, most), _) => {
                let fits = value
                    .as_int()
                    .is_some_and(|it| (least..=most).contains(&it));
                let expected = match (least, most) {
                    (0, i64::MAX) => "a whole number of at least 0".to_owned(),
                    (_, i64::MAX) => "a whole number".to_owned(),
                    _ => format!("a whole number from {least} to {most}"),
                };
                self.expect(place, fits, expected, rule)
            }
            (Kind::Number(least, most), _) => {
                let fits = match value {
                    Value::Int(number) => (i64::from(least)..=i64::from(most)).contains(number),
                    Value::Float(number) => (f64::from(least)..=f64::from(most)).contains(number),
                    _ => false,
                };
                let expected = format_args!("a number from {least} to {most}");
                self.expect(place, fits, expected, rule)
            }
            _ => Ok(()),
        }
    }

    pub(super) fn time(&self, place: &Place<'_>, value: &Value) -> Result<Timestamp, ReadError> {
        const RULE: &str = "STIX 2.1, 2.16";
        let text = value
            .as_str()
            .ok_or_else(|| self.refused(place, "is not a timestamp string", RULE))?;
        text.parse()
            .map_err(|error| self.refused(place, error, RULE))
    }

    pub(super) fn id(
        &self,
        place: &Place<'_>,
        value: &Value,
        kinds: Kind,
        rule: &'static str,
    ) -> Result<(), ReadError> {
        let text = value
            .as_str()
            .ok_or_else(|| self.refused(place, "is not an identifier", rule))?;
        let kind =
            StixId::kind_of(text).map_err(|error| self.refused(place, error, "STIX 2.1, 2.9"))?;
        match kinds {
            Kind::Id(kinds) | Kind::Ids(kinds) if !kinds.is_empty() && !kinds.contains(&kind) => {
                let kinds = kinds.join(" or ");
                let problem = format_args!("names a `{kind}`; it must name {kinds}");
                Err(self.refused(place, problem, rule))
            }
            Kind::IdNot(kinds) | Kind::IdsNot(kinds) if kinds.contains(&kind) => {
                let problem = format_args!("names a `{kind}`, which it cannot name");
                Err(self.refused(place, problem, rule))
            }
            _ => Ok(()),
        }
    }

    fn dictionary(
        &mut self,
        place: &Place<'_>,
        value: &Value,
        entry: Entry,
        rule: &'static str,
    ) -> Result<(), ReadError> {
        let Some(entries) = value.as_object().filter(|entries| !entries.is_empty()) else {
            return self.expect(place, false, "an object with at least one property", rule);
        };
        let is_texts = |value: &Value| {
            let texts = value.as_array();
            texts.is_some_and(|texts| texts.iter().all(|text| text.as_str().is_some()))
        };
        for (key, value) in entries.iter() {
            // Keys of real documents, variables and headers hold blanks and brackets.
            if !forms::is_dictionary_key(key) {
                let detail = "is no key of letters, digits, hyphens and underscores";
                self.note(NoteCode::Form, place.key(&shown(key)), detail);
            }
            let (fits, expected) = match entry {
                Entry::Any => continue,
                Entry::Text => (value.as_str().is_some(), "a string"),
                Entry::Texts => (is_texts(value), "a list of strings"),
                Entry::TextOrTexts => (
                    value.as_str().is_some() || is_texts(value),
                    "a string or a list of strings",
                ),
                Entry::Integer => (value.as_int().is_some(), "a whole number"),
                Entry::TextOrInteger => (
                    value.as_str().is_some() || value.as_int().is_some(),
                    "a string or a whole number",
                ),
            };
            if !fits {
                let detail = format_args!("is not {expected}");
                self.note(NoteCode::Form, place.key(&shown(key)), detail);
            }
        }
        Ok(())
    }

    /// An id that is said to follow from the content does (2.9). It only SHOULD, and the id is
    /// what others refer to: noted.
    fn note_other_id(&mut self, id: &StixId) {
        if sco_id::is_version_5(id)
            && let Some(made) = sco_id::sco_id(self.object)
            && made != *id
        {
            let detail = format_args!("does not follow from the content, which makes {made}");
            self.note(NoteCode::OtherId, "id", detail);
        }
    }
}

/// The section a breach of that row is reported under.
fn rule_of(row: &Property, shape: &Shape) -> &'static str {
    if row.is_common {
        COMMON_RULE
    } else {
        shape.rule
    }
}
