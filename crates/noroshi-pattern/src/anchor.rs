//! What an observation must hold at the least before a comparison expression is worth looking at:
//! one of some values at their paths, or something at a path, or an object of a type.

use std::hash::{BuildHasher, RandomState};

use crate::ast::{Comparison, ComparisonExpression, Constant, ObjectPath, Step, Test};
use crate::compare::{Operand, octets};
use crate::path::Kind;

/// One thing of which an observation must have one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Anchor {
    /// A value at a path.
    Value(ObjectPath, Key),
    /// Something at a path.
    Path(ObjectPath),
    /// An object of a type.
    Type(Box<str>),
}

impl Anchor {
    pub(crate) fn is_value(&self) -> bool {
        matches!(self, Self::Value(..))
    }
}

/// A value as it is looked up: what is equal by 9.6 has the same key.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Key {
    Text(Box<str>),
    Bytes(Vec<u8>),
    Integer(i64),
    /// The bits of a number that is not whole.
    Float(u64),
    Boolean(bool),
    /// Microseconds.
    Time(i64),
}

impl Key {
    /// The key a constant is looked up by where a property's name says this of its values; None
    /// where nothing there can equal it.
    fn of(constant: &Constant, is_binary: bool) -> Option<Self> {
        Some(match constant {
            Constant::Integer(number) => Self::Integer(*number),
            Constant::Float(number) => Self::number(*number),
            Constant::Text(text) if is_binary => Self::Bytes(octets(text)?),
            Constant::Text(text) => Self::Text(text.as_str().into()),
            Constant::Boolean(truth) => Self::Boolean(*truth),
            Constant::Hex(bytes) | Constant::Binary(bytes) if is_binary => {
                Self::Bytes(bytes.clone())
            }
            Constant::Hex(bytes) | Constant::Binary(bytes) => {
                Self::Text(bytes.iter().map(|byte| char::from(*byte)).collect())
            }
            Constant::Time(time) => Self::Time(time.micros()),
        })
    }

    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_precision_loss,
        reason = "taken back where it did not come out the same"
    )]
    fn number(number: f64) -> Self {
        let whole = number as i64;
        if whole as f64 == number && whole != i64::MAX {
            Self::Integer(whole)
        } else {
            Self::Float(number.to_bits())
        }
    }

    /// The number this value at a path is looked up by.
    pub(crate) fn hashed(&self, path: u32, hasher: &RandomState) -> u64 {
        match self {
            Self::Text(text) => Look::Text(text).hashed(path, hasher),
            Self::Bytes(bytes) => Look::Bytes(bytes).hashed(path, hasher),
            Self::Integer(number) => Look::Integer(*number).hashed(path, hasher),
            Self::Float(bits) => Look::Float(*bits).hashed(path, hasher),
            Self::Boolean(truth) => Look::Boolean(*truth).hashed(path, hasher),
            Self::Time(micros) => Look::Time(*micros).hashed(path, hasher),
        }
    }
}

/// A key that borrows, for looking up what stands in an observation.
#[derive(Clone, Copy, Debug, Hash)]
pub(crate) enum Look<'a> {
    Text(&'a str),
    Bytes(&'a [u8]),
    Integer(i64),
    Float(u64),
    Boolean(bool),
    Time(i64),
}

impl<'a> Look<'a> {
    /// What a value is looked up by.
    pub(crate) fn at(operand: &'a Operand<'_>) -> Option<Self> {
        match operand {
            Operand::Text(text) => Some(Self::Text(text)),
            Operand::Bytes(bytes) => Some(Self::Bytes(bytes)),
            Operand::Integer(number) => Some(Self::Integer(*number)),
            Operand::Float(number) => Some(match Key::number(*number) {
                Key::Integer(whole) => Self::Integer(whole),
                _ => Self::Float(number.to_bits()),
            }),
            Operand::Boolean(truth) => Some(Self::Boolean(*truth)),
            Operand::Other => None,
        }
    }

    pub(crate) fn hashed(self, path: u32, hasher: &RandomState) -> u64 {
        hasher.hash_one((path, self))
    }
}

/// A value as rare as they come, and one that every other observation has.
const RARE: u64 = 1;
const COMMON: u64 = 1_000;
const ANYWHERE: u64 = 1_000_000;

/// The anchors of an expression, one of which an observation must hold for it to be true.
pub(crate) fn anchors(expression: &ComparisonExpression) -> Vec<Anchor> {
    let mut found = weighed(expression).1;
    found.sort_unstable();
    found.dedup();
    found
}

fn weighed(expression: &ComparisonExpression) -> (u64, Vec<Anchor>) {
    match expression {
        ComparisonExpression::Test(comparison) => test(comparison),
        ComparisonExpression::All(parts) => parts
            .iter()
            .map(weighed)
            .min_by_key(|(weight, _)| *weight)
            .unwrap_or_default(),
        ComparisonExpression::Any(parts) => {
            parts
                .iter()
                .map(weighed)
                .fold((0, Vec::new()), |(sum, mut all), (weight, more)| {
                    all.extend(more);
                    (sum.saturating_add(weight), all)
                })
        }
    }
}

fn test(comparison: &Comparison) -> (u64, Vec<Anchor>) {
    let path = &comparison.path;
    let set = match (&comparison.test, comparison.negated) {
        (Test::Equal(constant), false) | (Test::Unequal(constant), true) => {
            core::slice::from_ref(constant)
        }
        (Test::In(set), false) => set.as_slice(),
        (Test::Exists, true) => return (ANYWHERE, vec![Anchor::Type(path.object_type.clone())]),
        _ => return (ANYWHERE / 10, vec![Anchor::Path(path.clone())]),
    };
    let is_binary = is_binary(path);
    let mut weight = 0_u64;
    let mut found = Vec::with_capacity(set.len());
    for constant in set {
        if let Some(key) = Key::of(constant, is_binary) {
            weight += heaviness(path, &key);
            found.push(Anchor::Value(path.clone(), key));
        }
    }
    (weight, found)
}

fn heaviness(path: &ObjectPath, key: &Key) -> u64 {
    let is_kind = matches!(path.steps.last(), Some(Step::Key(name)) if &**name == "type");
    match key {
        Key::Text(text) if text.len() >= 4 && !is_kind => RARE,
        Key::Bytes(bytes) if bytes.len() >= 4 => RARE,
        _ => COMMON,
    }
}

/// Does the last property's name say that bytes stand there?
pub(crate) fn is_binary(path: &ObjectPath) -> bool {
    let name = path.steps.iter().rev().find_map(|step| match step {
        Step::Key(name) => Some(name),
        Step::Index(_) | Step::Any => None,
    });
    name.is_some_and(|name| Kind::of(name).is_binary())
}
