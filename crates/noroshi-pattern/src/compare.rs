//! A value against a constant (9.6): what is equal, what comes first, what cannot be compared.
//!
//! Values that cannot be compared are unequal: `=` and IN fail, `!=` holds, an order fails and so
//! does its negation.

use core::cmp::Ordering;

use data_encoding::{BASE64, HEXLOWER_PERMISSIVE};
use noroshi_model::{Timestamp, Value};
use unicode_normalization::{IsNormalized, UnicodeNormalization as _, is_nfc_quick};

use crate::ast::{Comparison, Constant, Order, Test};
use crate::error::PatternError;
use crate::like::Like;
use crate::path::{Kind, Place};
use crate::perl::Expression;
use crate::subnet::Subnet;

/// What stands at a place, as it is compared.
#[derive(Clone, Debug)]
pub(crate) enum Operand<'a> {
    Text(&'a str),
    Bytes(Vec<u8>),
    Integer(i64),
    Float(f64),
    Boolean(bool),
    /// An object, a list, null, or bytes that are badly encoded.
    Other,
}

impl<'a> Operand<'a> {
    pub(crate) fn at(place: &Place<'a>) -> Self {
        let (value, kind) = match place {
            Place::Root(_) => return Self::Other,
            Place::Value(value, kind) => (*value, *kind),
        };
        match (value, kind) {
            (Value::String(text), Kind::Hex) => HEXLOWER_PERMISSIVE
                .decode(text.as_bytes())
                .map_or(Self::Other, Self::Bytes),
            (Value::String(text), Kind::Base64) => BASE64
                .decode(text.as_bytes())
                .map_or(Self::Other, Self::Bytes),
            (Value::String(text), Kind::Plain | Kind::Reference) => Self::Text(text),
            (Value::Int(number), _) => Self::Integer(*number),
            (Value::Float(number), _) => Self::Float(*number),
            (Value::Bool(truth), _) => Self::Boolean(*truth),
            (Value::Null | Value::Array(_) | Value::Object(_), _) => Self::Other,
        }
    }
}

/// A comparison's test, ready to run.
#[derive(Clone, Debug)]
pub(crate) enum Check {
    Equal(Constant),
    Unequal(Constant),
    Ordered(Order, Constant),
    In(Vec<Constant>),
    Like(Like),
    Matches(Box<Expression>),
    IsSubset(Subnet),
    IsSuperset(Subnet),
    Exists,
}

impl Check {
    pub(crate) fn new(
        comparison: &Comparison,
        regex_bytes_max: usize,
    ) -> Result<Self, PatternError> {
        Ok(match &comparison.test {
            Test::Equal(constant) => Self::Equal(constant.clone()),
            Test::Unequal(constant) => Self::Unequal(constant.clone()),
            Test::Ordered(order, constant) => Self::Ordered(*order, constant.clone()),
            Test::In(set) => Self::In(set.clone()),
            Test::Like(text) => Self::Like(Like::new(text)),
            Test::Matches(text) => Self::Matches(Box::new(Expression::new(text, regex_bytes_max)?)),
            Test::IsSubset(text) => network(text).map_or(Self::In(Vec::new()), Self::IsSubset),
            Test::IsSuperset(text) => network(text).map_or(Self::In(Vec::new()), Self::IsSuperset),
            Test::Exists => Self::Exists,
        })
    }

    pub(crate) fn is_exists(&self) -> bool {
        matches!(self, Self::Exists)
    }

    /// Does it hold of one value, NOT aside? None: they cannot be brought into an order.
    pub(crate) fn holds(&self, operand: &Operand<'_>) -> Option<bool> {
        Some(match self {
            Self::Equal(constant) => compare(operand, constant) == Some(Ordering::Equal),
            Self::Unequal(constant) => compare(operand, constant) != Some(Ordering::Equal),
            Self::Ordered(order, constant) => in_order(compare(operand, constant)?, *order),
            Self::In(set) => set
                .iter()
                .any(|constant| compare(operand, constant) == Some(Ordering::Equal)),
            Self::Like(like) => match operand {
                Operand::Text(text) if text.is_ascii() => like.describes(text.chars()),
                Operand::Text(text) => like.describes(text.nfc()),
                Operand::Bytes(bytes) => like.describes(bytes.iter().map(|byte| char::from(*byte))),
                _ => false,
            },
            Self::Matches(expression) => match operand {
                Operand::Text(text) => match is_nfc_quick(text.chars()) {
                    IsNormalized::Yes => expression.finds(text),
                    _ => expression.finds(&text.nfc().collect::<String>()),
                },
                Operand::Bytes(bytes) => expression.finds_in_bytes(bytes),
                _ => false,
            },
            Self::IsSubset(net) => subnet(operand).is_some_and(|value| net.contains(&value)),
            Self::IsSuperset(net) => subnet(operand).is_some_and(|value| value.contains(net)),
            Self::Exists => true,
        })
    }
}

// The parser took no other text.
fn network(text: &str) -> Option<Subnet> {
    Subnet::read(text)
}

fn subnet(operand: &Operand<'_>) -> Option<Subnet> {
    match operand {
        Operand::Text(text) => Subnet::read(text),
        _ => None,
    }
}

fn in_order(found: Ordering, wanted: Order) -> bool {
    match wanted {
        Order::Less => found.is_lt(),
        Order::LessOrEqual => found.is_le(),
        Order::Greater => found.is_gt(),
        Order::GreaterOrEqual => found.is_ge(),
    }
}

/// How a value stands to a constant; None where they cannot be compared.
pub(crate) fn compare(operand: &Operand<'_>, constant: &Constant) -> Option<Ordering> {
    match (operand, constant) {
        (Operand::Integer(a), Constant::Integer(b)) => Some(a.cmp(b)),
        (Operand::Float(a), Constant::Float(b)) => a.partial_cmp(b),
        (Operand::Integer(a), Constant::Float(b)) => mixed(*a, *b),
        (Operand::Float(a), Constant::Integer(b)) => mixed(*b, *a).map(Ordering::reverse),
        (Operand::Boolean(a), Constant::Boolean(b)) => (a == b).then_some(Ordering::Equal),
        // 9.6.2: by code points, without normalising.
        (Operand::Text(a), Constant::Text(b)) => Some((**a).cmp(b.as_str())),
        (Operand::Text(a), Constant::Time(b)) => a.parse::<Timestamp>().ok().map(|a| a.cmp(b)),
        (Operand::Bytes(a), Constant::Hex(b) | Constant::Binary(b)) => Some(a.cmp(b)),
        (Operand::Bytes(a), Constant::Text(b)) => octets(b).map(|b| a.cmp(&b)),
        (Operand::Text(a), Constant::Hex(b) | Constant::Binary(b)) => octets(a).map(|a| a.cmp(b)),
        _ => None,
    }
}

/// 9.6.3: a text stands for bytes where every character is one, U+0000 to U+00FF.
pub(crate) fn octets(text: &str) -> Option<Vec<u8>> {
    text.chars()
        .map(|c| u8::try_from(u32::from(c)).ok())
        .collect()
}

/// A whole number against one with a point, without losing what a float cannot hold.
fn mixed(a: i64, b: f64) -> Option<Ordering> {
    // 2^63, which is exact as a float; below it every whole part fits.
    const EDGE: f64 = 9_223_372_036_854_775_808.0;
    if b.is_nan() {
        return None;
    }
    if b >= EDGE {
        return Some(Ordering::Less);
    }
    if b < -EDGE {
        return Some(Ordering::Greater);
    }
    let whole = b.floor();
    let part = if b > whole {
        Ordering::Less
    } else {
        Ordering::Equal
    };
    Some(a.cmp(&(whole as i64)).then(part))
}
