//! Why a pattern cannot be used: where, what stands there, what was expected, what to do.

use core::fmt;

/// What is wrong with a pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Problem {
    /// It does not follow the grammar.
    Syntax,
    /// A constant, name or regular expression is not well formed.
    Constant,
    /// It is a regular expression that no linear-time engine can run.
    Regex,
    /// It would cost more than is allowed.
    Cost,
}

impl Problem {
    /// A stable code, for counting and for the message catalogue.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Syntax => "pattern.syntax",
            Self::Constant => "pattern.constant",
            Self::Regex => "pattern.regex",
            Self::Cost => "pattern.cost",
        }
    }
}

/// A pattern that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct PatternError {
    /// The kind of fault.
    pub problem: Problem,
    /// Where, in bytes from the pattern's beginning.
    pub at: usize,
    /// Where, in characters, from 1.
    pub column: usize,
    /// What stands there or what would happen.
    pub found: String,
    /// What was expected, or what to do.
    pub advice: String,
}

impl fmt::Display for PatternError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            column,
            found,
            advice,
            ..
        } = self;
        write!(f, "column {column}: {found}; {advice}")
    }
}

/// Longest piece of a pattern that an error repeats, in characters.
const SHOWN_MAX: usize = 40;

impl PatternError {
    /// An error at `at` in `text`.
    pub(crate) fn new(
        problem: Problem,
        text: &str,
        at: usize,
        found: impl Into<String>,
        advice: impl Into<String>,
    ) -> Self {
        let before = text.get(..at).unwrap_or(text);
        Self {
            problem,
            at,
            column: before.chars().count() + 1,
            found: found.into(),
            advice: advice.into(),
        }
    }
}

/// A piece of somebody's text as an error may repeat it: short, and nothing that moves a cursor.
pub(crate) fn shown(text: &str) -> String {
    let mut short: String = text
        .chars()
        .take(SHOWN_MAX)
        .map(|c| if c.is_control() { '\u{fffd}' } else { c })
        .collect();
    if text.chars().nth(SHOWN_MAX).is_some() {
        short.push('…');
    }
    short
}
