//! What a rule looks for: named searches of fields and values, and how they go together.

use std::collections::BTreeMap;

use noroshi_pattern::Order;

use crate::condition;
use crate::error::SigmaError;
use crate::modifiers::Modifiers;
use crate::yaml::{Node, What};

/// Most tests of one rule.
const TESTS_MAX: usize = 20_000;

/// What must hold of an event.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Expr {
    All(Vec<Self>),
    Any(Vec<Self>),
    Not(Box<Self>),
    Test(Test),
}

impl Expr {
    /// How many tests it has.
    pub(crate) fn tests(&self) -> usize {
        match self {
            Self::All(parts) | Self::Any(parts) => parts.iter().map(Self::tests).sum(),
            Self::Not(inner) => inner.tests(),
            Self::Test(_) => 1,
        }
    }
}

/// A field and what is wanted of it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Test {
    /// `None`: anywhere in the event.
    pub(crate) field: Option<String>,
    pub(crate) wanted: Wanted,
}

/// What is wanted of a field.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Wanted {
    /// The whole value, by its letters in either case unless `cased`.
    Text {
        glob: crate::glob::Glob,
        cased: bool,
    },
    /// Found anywhere in it.
    Regex(String),
    /// An address of this block.
    Block(String),
    /// A number on that side of this one.
    Number(Order, f64),
    /// No value.
    Null,
    /// Is the field there?
    Exists(bool),
    /// The value of another field.
    SameAs(String),
}

/// The expression of a rule's `detection`.
pub(crate) fn read(detection: &Node) -> Result<Expr, SigmaError> {
    let What::Map(pairs) = &detection.what else {
        let detail = "`detection` is a map of searches and a condition";
        return Err(SigmaError::shape(detection.line, detail));
    };
    let mut searches = BTreeMap::new();
    let mut tests = 0;
    for (name, node) in pairs {
        match name.as_str() {
            "condition" => {}
            "timeframe" => {
                let detail = "`timeframe` counts over time: write a correlation, which says how";
                return Err(SigmaError::unsupported(node.line, detail));
            }
            _ => {
                searches.insert(name.as_str(), search(node, &mut tests)?);
            }
        }
    }
    let condition = detection
        .get("condition")
        .ok_or_else(|| SigmaError::shape(detection.line, "`detection` has no `condition`"))?;
    let mut any = Vec::new();
    for one in condition.each() {
        let text = one
            .text()
            .ok_or_else(|| SigmaError::shape(one.line, "a condition is a line of text"))?;
        any.push(condition::read(&text, one.line, &searches)?);
    }
    one_or(any, Expr::Any).ok_or_else(|| SigmaError::shape(condition.line, "`condition` is empty"))
}

/// A search: a map whose every line must hold, or a list of which one is enough.
fn search(node: &Node, tests: &mut usize) -> Result<Expr, SigmaError> {
    match &node.what {
        What::Map(pairs) => {
            let mut all = Vec::new();
            for (key, values) in pairs {
                all.push(line(key, values, tests)?);
            }
            one_or(all, Expr::All)
        }
        What::List(nodes) => {
            let mut any = Vec::new();
            for node in nodes {
                any.push(match &node.what {
                    What::Map(_) => search(node, tests)?,
                    _ => line("", node, tests)?,
                });
            }
            one_or(any, Expr::Any)
        }
        _ => Some(line("", node, tests)?),
    }
    .ok_or_else(|| SigmaError::shape(node.line, "a search that looks for nothing"))
}

/// A field and its values.
fn line(key: &str, values: &Node, tests: &mut usize) -> Result<Expr, SigmaError> {
    let mut words = key.split('|');
    let field = words.next().filter(|field| !field.is_empty());
    let modifiers = Modifiers::read(words, values.line)?;
    let mut wanted = Vec::new();
    for value in values.each() {
        let any = modifiers.apply(value)?;
        *tests += any.len();
        if *tests > TESTS_MAX {
            let detail = format!("more than {TESTS_MAX} values: a list of indicators is no rule");
            return Err(SigmaError::cost(values.line, detail));
        }
        let test = |wanted| {
            Expr::Test(Test {
                field: field.map(str::to_owned),
                wanted,
            })
        };
        wanted.extend(one_or(any.into_iter().map(test).collect(), Expr::Any));
    }
    let join = if modifiers.all { Expr::All } else { Expr::Any };
    let joined = one_or(wanted, join)
        .ok_or_else(|| SigmaError::shape(values.line, format!("`{key}` has no values")))?;
    Ok(if modifiers.not {
        Expr::Not(Box::new(joined))
    } else {
        joined
    })
}

/// The only part, or all of them joined; `None` where there is none.
pub(crate) fn one_or(mut parts: Vec<Expr>, join: fn(Vec<Expr>) -> Expr) -> Option<Expr> {
    match parts.len() {
        0 => None,
        1 => parts.pop(),
        _ => Some(join(parts)),
    }
}
