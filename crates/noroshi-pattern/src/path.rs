//! Where a path leads in an observation (9.7): properties, elements, and other objects by
//! reference.
//!
//! A reference is followed when a further step goes past it; as the last step it is the id that
//! stands there. An object that several references lead to is visited once a step, and how many
//! places are looked at has a cap, so that no web of references costs more than that.

use noroshi_model::{Object, Value};

use crate::ast::Step;
use crate::observation::Observation;

/// A place in an observation.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Place<'a> {
    /// An object of the observation, by its position.
    Root(usize),
    /// A value, and what its property's name says of it.
    Value(&'a Value, Kind),
}

/// What the name of a property says of its values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Plain,
    /// `.._hex`: bytes in hexadecimal digits.
    Hex,
    /// `.._bin`: bytes in base64.
    Base64,
    /// `.._ref`, `.._refs`: names other objects.
    Reference,
}

impl Kind {
    pub(crate) fn of(name: &str) -> Self {
        if name.ends_with("_hex") {
            Self::Hex
        } else if name.ends_with("_bin") {
            Self::Base64
        } else if name.ends_with("_ref") || name.ends_with("_refs") {
            Self::Reference
        } else {
            Self::Plain
        }
    }

    pub(crate) fn is_binary(self) -> bool {
        matches!(self, Self::Hex | Self::Base64)
    }
}

/// How many places may still be looked at: what refers to everything, over and over, ends there.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reach(usize);

impl Reach {
    /// For the way of one path from one object.
    pub(crate) const OF_ONE: Self = Self(100_000);
    /// For all paths that patterns ask for, over a whole observation.
    pub(crate) const OF_ALL: Self = Self(1_000_000);

    pub(crate) fn is_spent(self) -> bool {
        self.0 == 0
    }
}

/// A step, borrowed.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Move<'s> {
    Key(&'s str),
    Index(usize),
    Any,
}

impl<'s> From<&'s Step> for Move<'s> {
    fn from(step: &'s Step) -> Self {
        match step {
            Step::Key(name) => Self::Key(name),
            Step::Index(index) => Self::Index(*index),
            Step::Any => Self::Any,
        }
    }
}

/// One step on from every place; nowhere once the reach is spent.
pub(crate) fn step<'a>(
    observation: &'a Observation,
    places: &[Place<'a>],
    step: Move<'_>,
    reach: &mut Reach,
    out: &mut Vec<Place<'a>>,
) {
    out.clear();
    reach.0 = reach.0.saturating_sub(places.len());
    if reach.is_spent() {
        return;
    }
    match step {
        Move::Key(name) => {
            let kind = Kind::of(name);
            each_object(observation, places, |object| {
                out.extend(object.get(name).map(|value| Place::Value(value, kind)));
            });
        }
        Move::Index(index) => {
            for place in places {
                if let Place::Value(Value::Array(list), kind) = place {
                    out.extend(list.get(index).map(|value| Place::Value(value, *kind)));
                }
            }
        }
        Move::Any => {
            for place in places {
                if let Place::Value(Value::Array(list), kind) = place {
                    out.extend(list.iter().map(|value| Place::Value(value, *kind)));
                }
            }
        }
    }
    reach.0 = reach.0.saturating_sub(out.len());
}

/// The properties at every place that has some, references followed, no referenced object twice.
pub(crate) fn each_object<'a>(
    observation: &'a Observation,
    places: &[Place<'a>],
    mut visit: impl FnMut(&'a Object),
) {
    let mut named = Vec::new();
    for place in places {
        match place {
            Place::Root(at) => visit(&observation.objects()[*at].properties),
            Place::Value(Value::Object(object), _) => visit(object),
            Place::Value(Value::String(key), Kind::Reference) => {
                named.extend(observation.position(key));
            }
            Place::Value(..) => {}
        }
    }
    named.sort_unstable();
    named.dedup();
    for at in named {
        visit(&observation.objects()[at].properties);
    }
}

/// Every place a path leads to from an object of the observation.
pub(crate) fn resolve<'a>(
    observation: &'a Observation,
    root: usize,
    steps: &[Step],
    reach: &mut Reach,
) -> Vec<Place<'a>> {
    let mut here = vec![Place::Root(root)];
    let mut next = Vec::new();
    for one in steps {
        step(observation, &here, one.into(), reach, &mut next);
        core::mem::swap(&mut here, &mut next);
        if here.is_empty() {
            break;
        }
    }
    here
}
