//! The check of what has an inside of its own: extensions, hashes, references, markings, and the
//! demands of meta objects that no row can say.

use noroshi_model::StixId;
use noroshi_model::agreement::Agreement;
use noroshi_model::json::{Object, Value};
use noroshi_model::selector::{Selector, Step};
use noroshi_pattern::{Pattern, PatternLimits};

use super::check::{Checker, Place};
use super::objects::EXTERNAL_REFERENCE;
use super::shape::{Kind, Shape};
use super::table::{is_observable, is_standard};
use super::words::{EXTENSION_TYPES, HASH_ALGORITHMS};
use super::{forms, observables, own};
use crate::error::{NoteCode, ReadError, shown};

/// TLP 1 markings of the standard (7.2.1.4): the level and its one id.
const TLP_1: &[(&str, &str)] = &[
    (
        "white",
        "marking-definition--613f2e26-407d-48c7-9eca-b8e91df99dc9",
    ),
    (
        "green",
        "marking-definition--34098fce-860f-48ae-8e50-ebd3cc5e41da",
    ),
    (
        "amber",
        "marking-definition--f88d31f6-486f-44da-b317-01333bde0b82",
    ),
    (
        "red",
        "marking-definition--5e57c739-391a-4eb3-b6be-7d15ca92d5ed",
    ),
];

impl Checker<'_> {
    /// 7.3: each extension is an object, under the id of its definition or a predefined name.
    pub(super) fn extensions(&mut self, place: &Place<'_>, value: &Value) -> Result<(), ReadError> {
        const RULE: &str = "STIX 2.1, 7.3";
        let Some(extensions) = value.as_object().filter(|object| !object.is_empty()) else {
            return self.expect(place, false, "an object with at least one property", RULE);
        };
        for (name, extension) in extensions.iter() {
            let name = shown(name);
            let here = place.key(&name);
            let Some(extension) = extension.as_object() else {
                return self.expect(&here, false, "an object", RULE);
            };
            if name.contains("--") {
                self.id(
                    &here,
                    &(&*name).into(),
                    Kind::Id(&["extension-definition"]),
                    RULE,
                )?;
            } else if !observables::EXTENSIONS
                .iter()
                .any(|(_, it)| it.name == name)
            {
                // Drafts of OASIS itself use names of their own beside the defining extension.
                let detail = "is neither the id of an extension-definition nor predefined";
                self.note(NoteCode::UnknownProperty, here, detail);
            }
            self.extension(&here, &name, extension)?;
        }
        Ok(())
    }

    fn extension(
        &mut self,
        here: &Place<'_>,
        name: &str,
        extension: &Object,
    ) -> Result<(), ReadError> {
        const RULE: &str = "STIX 2.1, 7.3.2";
        let extension_type = extension.get("extension_type");
        if let Some(given) = extension_type {
            let fits = given
                .as_str()
                .is_some_and(|it| EXTENSION_TYPES.contains(&it));
            let expected = format_args!("one of {}", EXTENSION_TYPES.join(", "));
            self.expect(&here.key("extension_type"), fits, expected, RULE)?;
        } else if name.contains("--") {
            // Without it nobody can tell what the extension extends, but it can be kept.
            let detail = "is missing: an extension says which type it is of";
            self.note(NoteCode::Missing, here.key("extension_type"), detail);
        }
        let kind = self.object.str("type").unwrap_or_default();
        if let Some((carrier, shape)) = extension_shape(name) {
            if carrier != kind {
                let detail = format_args!("belongs on `{carrier}`; kept as it came");
                self.note(NoteCode::UnknownProperty, here, detail);
            }
            self.shape(here, extension, shape)?;
        }
        if name == own::ONTOLOGY_EXTENSION
            && let Some(expected) = own::extension_type(kind)
        {
            let fits = extension_type.and_then(Value::as_str) == Some(expected);
            self.expect(&here.key("extension_type"), fits, expected, RULE)?;
        }
        Ok(())
    }

    /// 2.7: a digest by the name of its algorithm. Known digests have the right length, for they
    /// are compared and named by; names beyond the vocabulary are kept and noted.
    pub(super) fn hashes(&mut self, place: &Place<'_>, value: &Value) -> Result<(), ReadError> {
        const RULE: &str = "STIX 2.1, 2.7";
        let Some(hashes) = value.as_object().filter(|hashes| !hashes.is_empty()) else {
            return self.expect(place, false, "an object with at least one hash", RULE);
        };
        for (name, value) in hashes.iter() {
            let here = place.key(name);
            let Some(digest) = value.as_str() else {
                return self.expect(&here, false, "a string", RULE);
            };
            match HASH_ALGORITHMS.iter().find(|(known, _)| *known == name) {
                Some((_, 0)) => {
                    // Fuzzy hashes have changed their form since the standard was written.
                    if digest.is_empty() || digest.len() > 200 {
                        self.note(NoteCode::Form, here, "is not a hash of that algorithm");
                    }
                }
                Some((_, digits)) => {
                    let fits =
                        digest.len() == *digits && digest.bytes().all(|c| c.is_ascii_hexdigit());
                    let expected = format_args!("{digits} hexadecimal digits");
                    self.expect(&here, fits, expected, RULE)?;
                }
                None => {
                    let detail = "is no algorithm of the standard's vocabulary";
                    self.note(NoteCode::OpenWord, here, detail);
                }
            }
        }
        Ok(())
    }

    /// 2.5: a source, and something that points into it.
    pub(super) fn external_references(
        &mut self,
        place: &Place<'_>,
        value: &Value,
    ) -> Result<(), ReadError> {
        let points = ["description", "url", "external_id"];
        let is_bare = |value: &Value| {
            value
                .as_object()
                .is_some_and(|it| points.iter().all(|name| it.get(name).is_none()))
        };
        if value.as_array().unwrap_or_default().iter().any(is_bare) {
            let detail = "holds a reference without description, url or external_id";
            self.note(NoteCode::BareReference, place, detail);
        }
        let shape: &'static Shape = &EXTERNAL_REFERENCE;
        self.each(
            place,
            value,
            shape.rule,
            |checker, here, value| match value.as_object() {
                Some(reference) => checker.shape(here, reference, shape),
                None => checker.expect(here, false, "an object", shape.rule),
            },
        )
    }

    /// 7.2.3: selectors that name something, and a marking or a language but not both.
    pub(super) fn granular(&mut self, place: &Place<'_>, value: &Value) -> Result<(), ReadError> {
        const RULE: &str = "STIX 2.1, 7.2.3";
        self.each(place, value, RULE, |checker, here, marking| {
            let marking = marking
                .as_object()
                .ok_or_else(|| checker.refused(here, "is not an object", RULE))?;
            match (marking.get("marking_ref"), marking.get("lang")) {
                (Some(reference), None) => {
                    let kinds = Kind::Id(&["marking-definition"]);
                    checker.id(&here.key("marking_ref"), reference, kinds, RULE)?;
                }
                (None, Some(lang)) => {
                    let lang_at = here.key("lang");
                    let Some(lang) = lang.as_str() else {
                        return checker.expect(&lang_at, false, "a string", RULE);
                    };
                    if !forms::is_language(lang) {
                        checker.note(NoteCode::Form, lang_at, "is not a language tag");
                    }
                }
                _ => {
                    let problem = "has not exactly one of marking_ref and lang";
                    return Err(checker.refused(here, problem, RULE));
                }
            }
            let selectors_at = here.key("selectors");
            let selectors = marking
                .get("selectors")
                .and_then(Value::as_array)
                .unwrap_or_default();
            if selectors.is_empty() {
                return Err(checker.refused(selectors_at, "is missing or empty", RULE));
            }
            selectors
                .iter()
                .try_for_each(|selector| checker.selector(&selectors_at, selector))
        })
    }

    fn selector(&self, place: &Place<'_>, selector: &Value) -> Result<(), ReadError> {
        const RULE: &str = "STIX 2.1, 7.2.3.1";
        let text = selector
            .as_str()
            .ok_or_else(|| self.refused(place, "holds no string", RULE))?;
        let parsed: Selector = text
            .parse()
            .map_err(|error| self.refused(place, error, RULE))?;
        if resolves(self.object, parsed.steps()) {
            return Ok(());
        }
        let problem = format_args!("names `{}`, which the object does not have", shown(text));
        Err(self.refused(place, problem, RULE))
    }
}

/// The shape of an extension that this node knows, and the type that carries it.
fn extension_shape(name: &str) -> Option<(&'static str, &'static Shape)> {
    observables::EXTENSIONS
        .iter()
        .chain(own::EXTENSIONS)
        .find(|(_, shape)| shape.name == name)
        .map(|(carrier, shape)| (*carrier, shape))
}

/// 7.2.1: what it marks stands in `definition` with its type, or in an extension.
pub(super) fn marking_definition(
    checker: &mut Checker<'_>,
    object: &Object,
) -> Result<(), ReadError> {
    const RULE: &str = "STIX 2.1, 7.2.1";
    let defined = object.get("definition").is_some() && object.get("definition_type").is_some();
    if !defined && object.get("extensions").is_none() {
        let problem = "and definition_type are missing, and there is no extension";
        return Err(checker.refused("definition", problem, RULE));
    }
    let kind = object.str("definition_type").unwrap_or_default();
    let definition = object.get("definition").and_then(Value::as_object);
    let Some(definition) = definition.filter(|_| matches!(kind, "statement" | "tlp")) else {
        return Ok(());
    };
    let place = Place::Key(&Place::Top, "definition");
    let Some(value) = definition.str(kind) else {
        return checker.expect(&place.key(kind), false, "a string", RULE);
    };
    if kind == "tlp" {
        match TLP_1.iter().find(|(level, _)| *level == value) {
            Some((_, id)) if object.str("id") != Some(id) => {
                let detail = "is not the one the standard gives to this TLP level";
                checker.note(NoteCode::OtherId, "id", detail);
            }
            // TLP 2.0 levels are written so in the field; whether they mark is the gate's to say.
            None => {
                let detail = "is no TLP level of the standard";
                checker.note(NoteCode::OpenWord, place.key(kind), detail);
            }
            Some(_) => {}
        }
    }
    Ok(())
}

/// 7.3: new top-level properties are listed by those extensions that bring some, and no others.
pub(super) fn extension_definition(
    checker: &mut Checker<'_>,
    object: &Object,
) -> Result<(), ReadError> {
    const RULE: &str = "STIX 2.1, 7.3.1";
    let types = object.get("extension_types").and_then(Value::as_array);
    let brings = types
        .unwrap_or_default()
        .iter()
        .any(|it| it.as_str() == Some("toplevel-property-extension"));
    match object.get("extension_properties") {
        Some(_) if !brings => {
            let problem = "is allowed only where `extension_types` has toplevel-property-extension";
            Err(checker.refused("extension_properties", problem, RULE))
        }
        None if brings => {
            let detail = "is missing: it lists the properties that are new";
            checker.note(NoteCode::Missing, "extension_properties", detail);
            Ok(())
        }
        _ => Ok(()),
    }
}

/// 7.1: contents by language, each a dictionary of properties. Who looks up a language finds it
/// by its tag, so a tag that is none makes the translation unusable.
pub(super) fn language_content(
    checker: &mut Checker<'_>,
    object: &Object,
) -> Result<(), ReadError> {
    const RULE: &str = "STIX 2.1, 7.1";
    let place = Place::Key(&Place::Top, "contents");
    let contents = object.get("contents").and_then(Value::as_object);
    for (language, content) in contents.into_iter().flat_map(Object::iter) {
        let language_at = shown(language);
        let here = place.key(&language_at);
        let expected = "a language tag such as en or ja (RFC 5646)";
        checker.expect(&here, forms::is_language(language), expected, RULE)?;
        let filled = content
            .as_object()
            .is_some_and(|content| !content.is_empty());
        let expected = "an object with at least one property";
        checker.expect(&here, filled, expected, RULE)?;
    }
    Ok(())
}

/// 4.14: `objects` is the form of STIX 2.0, deprecated and widespread. References name what was
/// observed: at least one observable, or a type that may be one.
pub(super) fn observed_data(checker: &mut Checker<'_>, object: &Object) -> Result<(), ReadError> {
    if object.get("objects").is_some() {
        let detail = "is the STIX 2.0 form; kept as it came";
        checker.note(NoteCode::Deprecated, "objects", detail);
    }
    let refs = object.get("object_refs").and_then(Value::as_array);
    let is_observed = |id: &Value| {
        let kind = id.as_str().and_then(|id| StixId::kind_of(id).ok());
        kind.is_some_and(|kind| is_observable(kind) || !is_standard(kind))
    };
    if refs.is_some_and(|refs| !refs.iter().any(is_observed)) {
        let detail = "names no observable, which is what was observed";
        checker.note(NoteCode::OddReference, "object_refs", detail);
    }
    Ok(())
}

/// 4.7: a pattern is of the type it says. One that is not is kept, since its object is still said,
/// and never at work. Other types of pattern have readers of their own.
pub(super) fn indicator(checker: &mut Checker<'_>, object: &Object) -> Result<(), ReadError> {
    let pattern = object.str("pattern").unwrap_or_default();
    if object.str("pattern_type") == Some("stix")
        && let Err(error) = Pattern::parse(pattern, &PatternLimits::DEFAULT)
    {
        checker.note(
            NoteCode::Form,
            "pattern",
            format_args!("is no STIX pattern: {error}"),
        );
    }
    Ok(())
}

/// 5.2: what is sighted is a domain object. Platforms do record sightings of observables, and the
/// link says what it means either way.
pub(super) fn sighting(checker: &mut Checker<'_>, object: &Object) -> Result<(), ReadError> {
    let sighted = object.str("sighting_of_ref").unwrap_or_default();
    if StixId::kind_of(sighted).is_ok_and(is_observable) {
        let detail = "names an observable; the standard means a domain object";
        checker.note(NoteCode::OddReference, "sighting_of_ref", detail);
    }
    Ok(())
}

/// An agreement is read strictly: a party signs nothing that this node does not understand.
pub(super) fn agreement(checker: &mut Checker<'_>, object: &Object) -> Result<(), ReadError> {
    Agreement::from_value(Value::Object(object.clone()))
        .map(|_| ())
        .map_err(|error| checker.refused("(object)", error, "docs/agreement.md"))
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
