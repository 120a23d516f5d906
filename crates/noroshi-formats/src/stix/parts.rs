//! The check of what has an inside of its own: extensions, references, kill chains, markings.
//!
//! `check.rs` decides which of these a property gets; here is only how each must look.

use noroshi_model::json::{Object, Value};
use noroshi_model::selector::{Selector, Step};

use super::check::Checker;
use crate::error::{Note, NoteCode, ReadError, shown};

impl Checker<'_> {
    /// 7.3: each extension is an object, under the id of its definition or a predefined name.
    pub(super) fn extensions(&self, at: &str, value: &Value) -> Result<(), ReadError> {
        const RULE: &str = "STIX 2.1, 7.3";
        let Some(extensions) = value.as_object().filter(|object| !object.is_empty()) else {
            return self.expect(at, false, "an object with at least one property", RULE);
        };
        for (name, extension) in extensions.iter() {
            let place = format!("{at}.{}", shown(name));
            self.expect(&place, extension.as_object().is_some(), "an object", RULE)?;
            if name.contains("--") {
                self.id(&place, &name.into(), &["extension-definition"], RULE)?;
            }
        }
        Ok(())
    }

    /// 2.5 also wants something that points into the source. A reduced rendition may have lost
    /// just that, and the source alone still says something: noted, not refused.
    pub(super) fn note_bare_references(&self, value: &Value, notes: &mut Vec<Note>) {
        let points = ["description", "url", "external_id"];
        let is_bare = |reference: &Value| {
            reference
                .as_object()
                .is_some_and(|it| points.iter().all(|name| it.get(name).is_none()))
        };
        if value.as_array().unwrap_or_default().iter().any(is_bare) {
            notes.push(Note::new(
                NoteCode::BareReference,
                "external_references",
                "holds a reference without description, url or external_id",
            ));
        }
    }

    /// 2.5: a source, and texts that point into it.
    pub(super) fn external_references(&self, at: &str, value: &Value) -> Result<(), ReadError> {
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
    pub(super) fn kill_chain(&self, at: &str, value: &Value) -> Result<(), ReadError> {
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
    pub(super) fn granular(&self, at: &str, value: &Value) -> Result<(), ReadError> {
        const RULE: &str = "STIX 2.1, 7.2.3";
        for (index, marking) in self.list(at, value, RULE)?.iter().enumerate() {
            let place = format!("{at}.[{index}]");
            let marking = marking
                .as_object()
                .ok_or_else(|| self.refused(&place, "is not an object", RULE))?;
            let has_lang = marking.get("lang").is_some();
            match marking.get("marking_ref") {
                Some(reference) if !has_lang => {
                    self.id(
                        &format!("{place}.marking_ref"),
                        reference,
                        &["marking-definition"],
                        RULE,
                    )?;
                }
                None if has_lang => {
                    let fits = marking.str("lang").is_some();
                    self.expect(&format!("{place}.lang"), fits, "a string", RULE)?;
                }
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
            format_args!("names `{}`, which the object does not have", shown(text)),
            RULE,
        ))
    }

    /// 7.2.1: what it marks stands in `definition` with its type, or in an extension.
    pub(super) fn marking_definition(&self) -> Result<(), ReadError> {
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
