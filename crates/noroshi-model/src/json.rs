//! The JSON tree, its strict reader and its canonical writer (RFC 8785).
//!
//! The reader refuses what would let two documents pass for one: duplicate keys, numbers beyond
//! 2^53-1, NUL in strings, bad UTF-8, bytes after the end. It lives here and not in the formats
//! room because every signed document, ledger line and frame uses it, not only STIX.

use core::cell::Cell;
use core::cmp::Ordering;
use core::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};

use crate::limits::Limits;

#[cfg(test)]
mod tests;

/// Largest magnitude of a number: the integers that every JSON reader keeps exactly (RFC 7493).
pub(crate) const NUMBER_MAX: i64 = (1 << 53) - 1;

/// A JSON value.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// A number that is a whole number, within ±(2^53-1).
    Int(i64),
    /// Any other number; finite, within ±(2^53-1).
    Float(f64),
    /// A string without NUL.
    String(Box<str>),
    /// A list.
    Array(Vec<Value>),
    /// Properties.
    Object(Object),
}

/// Properties in canonical order (by UTF-16 code units), each name once.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Object(
    // INVARIANT: sorted by `key_order`, without repetition.
    Vec<(Box<str>, Value)>,
);

/// Why bytes are not JSON that this node accepts.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}, column {column}: {problem}")]
pub struct JsonError {
    /// What is wrong.
    pub problem: String,
    /// Line in the text, from 1.
    pub line: usize,
    /// Column in the line, in bytes, from 1.
    pub column: usize,
}

impl Value {
    /// Read one JSON text strictly.
    ///
    /// # Errors
    /// Syntax, a cap of `limits`, a duplicate key, a number beyond 2^53-1, NUL, bad UTF-8.
    pub fn parse(bytes: &[u8], limits: &Limits) -> Result<Self, JsonError> {
        if bytes.len() > limits.object_bytes_max {
            return Err(JsonError {
                problem: format!(
                    "{} bytes are more than the {} allowed for one object",
                    bytes.len(),
                    limits.object_bytes_max
                ),
                line: 1,
                column: 1,
            });
        }
        let values_left = Cell::new(limits.values_max);
        let seed = Seed {
            limits,
            values_left: &values_left,
            depth: 0,
        };
        let mut reader = serde_json::Deserializer::from_slice(bytes);
        let value = seed.deserialize(&mut reader).map_err(json_error)?;
        reader.end().map_err(json_error)?;
        Ok(value)
    }

    /// The canonical bytes (RFC 8785): properties in UTF-16 order, shortest numbers, no spaces.
    #[must_use]
    pub fn canonical(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(1024);
        write(self, &mut out);
        out
    }

    /// The string, if it is one.
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        if let Self::String(text) = self {
            Some(text)
        } else {
            None
        }
    }

    /// The whole number, if it is one.
    #[must_use]
    pub fn as_int(&self) -> Option<i64> {
        if let Self::Int(number) = self {
            Some(*number)
        } else {
            None
        }
    }

    /// The truth value, if it is one.
    #[must_use]
    pub fn as_bool(&self) -> Option<bool> {
        if let Self::Bool(truth) = self {
            Some(*truth)
        } else {
            None
        }
    }

    /// The list, if it is one.
    #[must_use]
    pub fn as_array(&self) -> Option<&[Value]> {
        if let Self::Array(values) = self {
            Some(values)
        } else {
            None
        }
    }

    /// The properties, if it is an object.
    #[must_use]
    pub fn as_object(&self) -> Option<&Object> {
        if let Self::Object(object) = self {
            Some(object)
        } else {
            None
        }
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::String(text.into())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::String(text.into())
    }
}

impl From<bool> for Value {
    fn from(truth: bool) -> Self {
        Self::Bool(truth)
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Int(number)
    }
}

impl From<Object> for Value {
    fn from(object: Object) -> Self {
        Self::Object(object)
    }
}

impl<T: Into<Self>> From<Vec<T>> for Value {
    fn from(values: Vec<T>) -> Self {
        Self::Array(values.into_iter().map(Into::into).collect())
    }
}

impl Object {
    /// No properties.
    #[must_use]
    pub fn new() -> Self {
        Self(Vec::new())
    }

    /// The property's value.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Value> {
        let at = self
            .0
            .binary_search_by(|(name, _)| key_order(name, key))
            .ok()?;
        self.0.get(at).map(|(_, value)| value)
    }

    /// The property's value, to change in place.
    #[must_use]
    pub fn get_mut(&mut self, key: &str) -> Option<&mut Value> {
        let at = self
            .0
            .binary_search_by(|(name, _)| key_order(name, key))
            .ok()?;
        self.0.get_mut(at).map(|(_, value)| value)
    }

    /// The property as a string, if it is there and is one.
    #[must_use]
    pub fn str(&self, key: &str) -> Option<&str> {
        self.get(key).and_then(Value::as_str)
    }

    /// Set a property; the value it had before, if any.
    pub fn insert(&mut self, key: impl Into<Box<str>>, value: impl Into<Value>) -> Option<Value> {
        let key = key.into();
        let value = value.into();
        match self.0.binary_search_by(|(name, _)| key_order(name, &key)) {
            Ok(at) => Some(core::mem::replace(&mut self.0[at].1, value)),
            Err(at) => {
                self.0.insert(at, (key, value));
                None
            }
        }
    }

    /// Set a property and go on, for building documents in one expression.
    #[must_use]
    pub fn with(mut self, key: &str, value: impl Into<Value>) -> Self {
        self.insert(key, value);
        self
    }

    /// Take a property away.
    pub fn remove(&mut self, key: &str) -> Option<Value> {
        let at = self
            .0
            .binary_search_by(|(name, _)| key_order(name, key))
            .ok()?;
        Some(self.0.remove(at).1)
    }

    /// The properties in canonical order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.0.iter().map(|(key, value)| (&**key, value))
    }

    /// How many properties.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Are there none?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The canonical bytes (RFC 8785) of the object these properties make.
    #[must_use]
    pub fn canonical(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(1024);
        write_object(self, &mut out);
        out
    }

    /// From properties in any order; the first repeated name if one repeats.
    ///
    /// # Errors
    /// The name that stands twice.
    pub fn from_pairs(mut pairs: Vec<(Box<str>, Value)>) -> Result<Self, Box<str>> {
        pairs.sort_by(|(a, _), (b, _)| key_order(a, b));
        match pairs.windows(2).find(|two| two[0].0 == two[1].0) {
            Some(two) => Err(two[0].0.clone()),
            None => Ok(Self(pairs)),
        }
    }
}

impl IntoIterator for Object {
    type Item = (Box<str>, Value);
    type IntoIter = std::vec::IntoIter<Self::Item>;
    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

/// RFC 8785, section 3.2.3: names sort by UTF-16 code units. That is byte order except between
/// U+E000..U+FFFF and the supplementary planes, so the slow path is taken only there.
fn key_order(a: &str, b: &str) -> Ordering {
    if a.is_ascii() && b.is_ascii() {
        a.cmp(b)
    } else {
        a.encode_utf16().cmp(b.encode_utf16())
    }
}

fn json_error(error: serde_json::Error) -> JsonError {
    let (line, column) = (error.line(), error.column());
    let mut problem = error.to_string();
    if let Some(end) = problem.rfind(" at line ") {
        problem.truncate(end);
    }
    JsonError {
        problem,
        line,
        column,
    }
}

#[derive(Clone, Copy)]
struct Seed<'a> {
    limits: &'a Limits,
    values_left: &'a Cell<usize>,
    depth: usize,
}

impl Seed<'_> {
    fn count<E: serde::de::Error>(&self) -> Result<(), E> {
        let left = self.values_left.get().checked_sub(1).ok_or_else(|| {
            E::custom(format_args!(
                "more than {} values in one object",
                self.limits.values_max
            ))
        })?;
        self.values_left.set(left);
        Ok(())
    }

    fn deeper<E: serde::de::Error>(self) -> Result<Self, E> {
        let depth = self.depth + 1;
        if depth > self.limits.depth_max {
            return Err(E::custom(format_args!(
                "nested deeper than {} levels",
                self.limits.depth_max
            )));
        }
        Ok(Self { depth, ..self })
    }

    fn text<E: serde::de::Error>(&self, text: &str) -> Result<Box<str>, E> {
        if text.len() > self.limits.string_bytes_max {
            return Err(E::custom(format_args!(
                "a string of {} bytes, more than the {} allowed",
                text.len(),
                self.limits.string_bytes_max
            )));
        }
        if text.as_bytes().contains(&0) {
            return Err(E::custom("a string with a NUL character"));
        }
        Ok(text.into())
    }
}

impl<'de> DeserializeSeed<'de> for Seed<'_> {
    type Value = Value;
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

/// A key, capped like any string.
struct KeySeed<'a>(Seed<'a>);

impl<'de> DeserializeSeed<'de> for KeySeed<'_> {
    type Value = Box<str>;
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Box<str>, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for KeySeed<'_> {
    type Value = Box<str>;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a property name")
    }
    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Box<str>, E> {
        self.0.text(text)
    }
}

impl<'de> Visitor<'de> for Seed<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E: serde::de::Error>(self) -> Result<Value, E> {
        self.count()?;
        Ok(Value::Null)
    }

    fn visit_bool<E: serde::de::Error>(self, truth: bool) -> Result<Value, E> {
        self.count()?;
        Ok(Value::Bool(truth))
    }

    fn visit_i64<E: serde::de::Error>(self, number: i64) -> Result<Value, E> {
        self.count()?;
        if number.unsigned_abs() > NUMBER_MAX.unsigned_abs() {
            return Err(E::custom(format_args!(
                "the number {number} is beyond 2^53-1"
            )));
        }
        Ok(Value::Int(number))
    }

    fn visit_u64<E: serde::de::Error>(self, number: u64) -> Result<Value, E> {
        match i64::try_from(number) {
            Ok(number) => self.visit_i64(number),
            Err(_) => Err(E::custom(format_args!(
                "the number {number} is beyond 2^53-1"
            ))),
        }
    }

    #[expect(
        clippy::cast_possible_truncation,
        reason = "whole and within ±(2^53-1), proved above"
    )]
    fn visit_f64<E: serde::de::Error>(self, number: f64) -> Result<Value, E> {
        self.count()?;
        #[expect(clippy::cast_precision_loss, reason = "2^53-1 is exact in an f64")]
        let max = NUMBER_MAX as f64;
        if !number.is_finite() || number.abs() > max {
            return Err(E::custom(format_args!(
                "the number {number} is beyond 2^53-1"
            )));
        }
        // `1.0` and `1` are one number (RFC 8785 writes both as `1`), so they are one value here.
        if number.fract() == 0.0 {
            Ok(Value::Int(number as i64))
        } else {
            Ok(Value::Float(number))
        }
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Value, E> {
        self.count()?;
        self.text(text).map(Value::String)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        self.count()?;
        let inner = self.deeper()?;
        let mut values = Vec::new();
        while let Some(value) = seq.next_element_seed(inner)? {
            values.push(value);
        }
        Ok(Value::Array(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        self.count()?;
        let inner = self.deeper()?;
        let mut pairs = Vec::new();
        while let Some(key) = map.next_key_seed(KeySeed(inner))? {
            pairs.push((key, map.next_value_seed(inner)?));
        }
        Object::from_pairs(pairs).map(Value::Object).map_err(|key| {
            // The name is the sender's: its beginning is enough, and no control characters.
            let key: String = key.chars().take(80).flat_map(char::escape_debug).collect();
            A::Error::custom(format_args!("the property `{key}` stands twice"))
        })
    }
}

fn write(value: &Value, out: &mut Vec<u8>) {
    match value {
        Value::Null => out.extend_from_slice(b"null"),
        Value::Bool(true) => out.extend_from_slice(b"true"),
        Value::Bool(false) => out.extend_from_slice(b"false"),
        Value::Int(number) => out.extend_from_slice(number.to_string().as_bytes()),
        Value::Float(number) => {
            out.extend_from_slice(ryu_js::Buffer::new().format(*number).as_bytes());
        }
        Value::String(text) => write_string(text, out),
        Value::Array(values) => {
            out.push(b'[');
            for (at, value) in values.iter().enumerate() {
                if at > 0 {
                    out.push(b',');
                }
                write(value, out);
            }
            out.push(b']');
        }
        Value::Object(object) => write_object(object, out),
    }
}

fn write_object(object: &Object, out: &mut Vec<u8>) {
    out.push(b'{');
    for (at, (key, value)) in object.iter().enumerate() {
        if at > 0 {
            out.push(b',');
        }
        write_string(key, out);
        out.push(b':');
        write(value, out);
    }
    out.push(b'}');
}

/// RFC 8785, section 3.2.2.2: only `"`, `\` and controls are escaped, the short way where one is.
fn write_string(text: &str, out: &mut Vec<u8>) {
    out.push(b'"');
    let bytes = text.as_bytes();
    let mut from = 0;
    for (at, &byte) in bytes.iter().enumerate() {
        if byte >= 0x20 && byte != b'"' && byte != b'\\' {
            continue;
        }
        out.extend_from_slice(&bytes[from..at]);
        from = at + 1;
        match byte {
            b'"' => out.extend_from_slice(b"\\\""),
            b'\\' => out.extend_from_slice(b"\\\\"),
            0x08 => out.extend_from_slice(b"\\b"),
            0x09 => out.extend_from_slice(b"\\t"),
            0x0a => out.extend_from_slice(b"\\n"),
            0x0c => out.extend_from_slice(b"\\f"),
            0x0d => out.extend_from_slice(b"\\r"),
            control => out.extend_from_slice(format!("\\u{control:04x}").as_bytes()),
        }
    }
    out.extend_from_slice(&bytes[from..]);
    out.push(b'"');
}
