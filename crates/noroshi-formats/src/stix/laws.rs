//! What is demanded of properties taken together: spans, choices, dependences. As data in the rows
//! of the tables; here is what each kind of demand means.

use noroshi_model::json::{Object, Value};

use super::check::{Checker, Place};
use super::shape::Shape;
use crate::error::ReadError;

/// One demand on several properties of an object.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Law {
    /// The second time is not earlier than the first.
    NotEarlier(&'static str, &'static str),
    /// The second time is later than the first.
    Later(&'static str, &'static str),
    /// At least one of these is there.
    AnyOf(&'static [&'static str]),
    /// At least one property is there beside the common ones; an extension counts.
    Something,
    /// Not both of these are there.
    NotBoth(&'static str, &'static str),
    /// Where the first is, the second is too.
    Needs(&'static str, &'static str),
    /// Where the first is true, the second is there.
    NeedsIfTrue(&'static str, &'static str),
    /// The first is there only where the second is so.
    OnlyWhere(&'static str, &'static str, bool),
    /// What no row can say.
    More(More),
}

/// A demand written out.
pub(crate) type More = fn(&mut Checker<'_>, &Object) -> Result<(), ReadError>;

impl Checker<'_> {
    pub(super) fn law(
        &mut self,
        place: &Place<'_>,
        object: &Object,
        law: &Law,
        shape: &Shape,
    ) -> Result<(), ReadError> {
        let has = |name: &str| object.get(name).is_some();
        let is = |name: &str| object.get(name).and_then(Value::as_bool);
        let demand = |fits: bool, at: &str, problem: core::fmt::Arguments<'_>| {
            fits.then_some(())
                .ok_or_else(|| self.refused(place.key(at), problem, shape.rule))
        };
        match *law {
            Law::NotEarlier(from, to) => self.span(place, object, (from, to), false, shape.rule),
            Law::Later(from, to) => self.span(place, object, (from, to), true, shape.rule),
            Law::AnyOf(names) => demand(
                names.iter().any(|name| has(name)),
                names.first().copied().unwrap_or_default(),
                format_args!(
                    "is missing: at least one of {} is required",
                    names.join(", ")
                ),
            ),
            Law::Something => {
                let mut own = shape.properties.iter().filter(|row| !row.is_common);
                demand(
                    has("extensions") || own.any(|row| has(row.name)),
                    "(object)",
                    format_args!(
                        "says nothing: at least one property of `{}` is required",
                        shape.name
                    ),
                )
            }
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
                is(flag) != Some(true) || has(needed),
                needed,
                format_args!("is missing: it is required where `{flag}` is true"),
            ),
            Law::OnlyWhere(name, flag, truth) => demand(
                !has(name) || is(flag) == Some(truth),
                name,
                format_args!("is allowed only where `{flag}` is {truth}"),
            ),
            Law::More(more) => more(self, object),
        }
    }

    /// Spans of time do not run backwards; `strict`: they are not empty either.
    fn span(
        &self,
        place: &Place<'_>,
        object: &Object,
        (from, to): (&str, &str),
        strict: bool,
        rule: &'static str,
    ) -> Result<(), ReadError> {
        let (Some(start), Some(end)) = (object.get(from), object.get(to)) else {
            return Ok(());
        };
        let start = self.time(&place.key(from), start)?;
        let end = self.time(&place.key(to), end)?;
        if end < start {
            let problem = format_args!("is earlier than `{from}`");
            return Err(self.refused(place.key(to), problem, rule));
        }
        if strict && end == start {
            let problem = format_args!("is not later than `{from}`");
            return Err(self.refused(place.key(to), problem, rule));
        }
        Ok(())
    }
}
