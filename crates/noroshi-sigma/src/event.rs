//! Events as rules see them, and rules run over them as they are written. This is slow and plain:
//! what a rule says is decided here, and its pattern is held against it in the tests.

use std::collections::BTreeMap;
use std::net::IpAddr;

use noroshi_model::json::Value;
use noroshi_pattern::Order;
use regex::{Regex, RegexBuilder};

use crate::detection::{Expr, Test, Wanted};
use crate::error::SigmaError;
use crate::rule::Rule;

/// Largest compiled regular expression, in bytes.
const REGEX_BYTES_MAX: usize = 1 << 20;
/// Deepest nesting of an event whose fields are looked for.
const DEPTH_MAX: usize = 16;

/// One event of a log: values by field.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Event(BTreeMap<String, Vec<String>>);

impl Event {
    /// The fields of a JSON object: each under its way from the top (`winlog.event_data.Image`) and
    /// under its own name (`Image`). Null counts as no value.
    #[must_use]
    pub fn of(json: &Value) -> Self {
        let mut event = Self::default();
        event.take("", "", json, 0);
        event
    }

    /// Add a value of a field.
    pub fn add(&mut self, field: &str, value: &str) {
        let values = self.0.entry(field.to_owned()).or_default();
        values.push(value.to_owned());
    }

    fn take(&mut self, way: &str, name: &str, json: &Value, depth: usize) {
        match json {
            Value::Object(object) if depth < DEPTH_MAX => {
                for (key, value) in object.iter() {
                    let way = if way.is_empty() {
                        key.to_owned()
                    } else {
                        format!("{way}.{key}")
                    };
                    self.take(&way, key, value, depth + 1);
                }
            }
            Value::Array(list) if depth < DEPTH_MAX => {
                for value in list {
                    self.take(way, name, value, depth + 1);
                }
            }
            Value::Null | Value::Object(_) | Value::Array(_) => {}
            value => {
                let text = match value {
                    Value::String(text) => text.to_string(),
                    other => String::from_utf8_lossy(&other.canonical()).into_owned(),
                };
                if way != name {
                    self.add(name, &text);
                }
                self.add(way, &text);
            }
        }
    }

    fn values(&self, field: &str) -> &[String] {
        self.0.get(field).map_or(&[], Vec::as_slice)
    }
}

/// A rule that can be run.
#[derive(Clone, Debug)]
pub struct Runner(Node);

#[derive(Clone, Debug)]
enum Node {
    All(Vec<Node>),
    Any(Vec<Node>),
    Not(Box<Node>),
    Finds(Option<String>, Box<Regex>),
    Test(Test),
}

impl Rule {
    /// Make it ready to run.
    ///
    /// # Errors
    /// A regular expression that no linear-time engine runs, or that is too large.
    pub fn runner(&self) -> Result<Runner, SigmaError> {
        node(&self.detection).map(Runner)
    }
}

impl Runner {
    /// Is the event one that the rule looks for?
    #[must_use]
    pub fn finds(&self, event: &Event) -> bool {
        holds(&self.0, event)
    }
}

fn node(expr: &Expr) -> Result<Node, SigmaError> {
    let nodes = |parts: &[Expr]| parts.iter().map(node).collect::<Result<Vec<_>, _>>();
    Ok(match expr {
        Expr::All(parts) => Node::All(nodes(parts)?),
        Expr::Any(parts) => Node::Any(nodes(parts)?),
        Expr::Not(inner) => Node::Not(Box::new(node(inner)?)),
        Expr::Test(test) => {
            let finds = |regex: String| -> Result<Node, SigmaError> {
                let regex = RegexBuilder::new(&regex)
                    .size_limit(REGEX_BYTES_MAX)
                    .dfa_size_limit(REGEX_BYTES_MAX)
                    .build()
                    .map_err(|error| {
                        let said = error.to_string();
                        let last = said.lines().last().unwrap_or_default().to_owned();
                        SigmaError::unsupported(0, format!("the regular expression: {last}"))
                    })?;
                Ok(Node::Finds(test.field.clone(), Box::new(regex)))
            };
            match &test.wanted {
                Wanted::Text { glob, cased } => {
                    let flags = if *cased { "(?s)" } else { "(?is)" };
                    // A word without a field is looked for inside of values.
                    let regex = if test.field.is_none() {
                        glob.clone().open(true, true).whole_regex()
                    } else {
                        glob.whole_regex()
                    };
                    finds(format!("{flags}{regex}"))?
                }
                Wanted::Regex(regex) => finds(regex.clone())?,
                _ => Node::Test(test.clone()),
            }
        }
    })
}

fn holds(node: &Node, event: &Event) -> bool {
    match node {
        Node::All(parts) => parts.iter().all(|part| holds(part, event)),
        Node::Any(parts) => parts.iter().any(|part| holds(part, event)),
        Node::Not(inner) => !holds(inner, event),
        Node::Finds(Some(field), regex) => event
            .values(field)
            .iter()
            .any(|value| regex.is_match(value)),
        Node::Finds(None, regex) => event
            .0
            .values()
            .flatten()
            .any(|value| regex.is_match(value)),
        Node::Test(test) => is_met(test, event),
    }
}

fn is_met(test: &Test, event: &Event) -> bool {
    let values = event.values(test.field.as_deref().unwrap_or_default());
    match &test.wanted {
        Wanted::Null => values.is_empty(),
        Wanted::Exists(is) => values.is_empty() != *is,
        Wanted::SameAs(other) => {
            let others = event.values(other);
            let is_same = |value: &String| {
                let value = value.to_lowercase();
                others.iter().any(|other| other.to_lowercase() == value)
            };
            values.iter().any(is_same)
        }
        Wanted::Number(order, wanted) => values.iter().any(|value| {
            value.parse::<f64>().is_ok_and(|value| match order {
                Order::Less => value < *wanted,
                Order::LessOrEqual => value <= *wanted,
                Order::Greater => value > *wanted,
                Order::GreaterOrEqual => value >= *wanted,
            })
        }),
        Wanted::Block(block) => values.iter().any(|value| is_within(value, block)),
        // These were made regular expressions of.
        Wanted::Text { .. } | Wanted::Regex(_) => false,
    }
}

fn is_within(value: &str, block: &str) -> bool {
    let (network, length) = block.split_once('/').unwrap_or((block, ""));
    let (Ok(length), Ok(value), Ok(network)) = (
        length.parse::<u32>(),
        value.parse::<IpAddr>(),
        network.parse::<IpAddr>(),
    ) else {
        return false;
    };
    match (value, network) {
        (IpAddr::V4(value), IpAddr::V4(network)) => {
            let both = value.to_bits() ^ network.to_bits();
            both.checked_shr(32 - length).unwrap_or(0) == 0
        }
        (IpAddr::V6(value), IpAddr::V6(network)) => {
            let both = value.to_bits() ^ network.to_bits();
            both.checked_shr(128 - length).unwrap_or(0) == 0
        }
        _ => false,
    }
}
