//! Why a rule cannot be used: where, what stands there, what to do.

use core::fmt;

/// A rule that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct SigmaError {
    /// A stable code, for counting and for the message catalogue.
    pub code: &'static str,
    /// In which line, from 1; 0 where it is the rule as a whole.
    pub line: usize,
    /// What is wrong, and what to do.
    pub detail: String,
}

impl SigmaError {
    /// The text is no YAML as Sigma uses it.
    pub(crate) fn yaml(line: usize, detail: impl Into<String>) -> Self {
        Self::new("sigma.yaml", line, detail)
    }

    /// It is YAML, and no rule.
    pub(crate) fn shape(line: usize, detail: impl Into<String>) -> Self {
        Self::new("sigma.shape", line, detail)
    }

    /// It is a rule, and asks for something that is not done here.
    pub(crate) fn unsupported(line: usize, detail: impl Into<String>) -> Self {
        Self::new("sigma.unsupported", line, detail)
    }

    /// It would cost more than is allowed.
    pub(crate) fn cost(line: usize, detail: impl Into<String>) -> Self {
        Self::new("sigma.cost", line, detail)
    }

    fn new(code: &'static str, line: usize, detail: impl Into<String>) -> Self {
        let detail = detail.into();
        Self { code, line, detail }
    }
}

impl fmt::Display for SigmaError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.line > 0 {
            write!(f, "line {}: ", self.line)?;
        }
        f.write_str(&self.detail)
    }
}
