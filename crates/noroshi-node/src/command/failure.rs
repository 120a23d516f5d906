//! Why a command failed: a stable code, arguments, an exit code.

use serde::{Deserialize, Serialize};

/// Why a command failed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Failure {
    /// Stable code, such as `item.unknown`; message id `error-item-unknown` in the catalogue.
    pub code: String,
    /// Arguments of the message.
    pub args: std::collections::BTreeMap<String, String>,
    /// The whole chain in English.
    pub detail: String,
    /// Process exit code: 2 wrong use, 3 refused by a rule, 4 not found, 5 the store or ledger is
    /// damaged, 6 a peer could not be reached, 1 anything else.
    pub exit: i32,
}

impl Failure {
    /// A failure without arguments.
    #[must_use]
    pub fn new(code: &str, exit: i32, detail: impl std::fmt::Display) -> Self {
        Self {
            code: code.to_owned(),
            args: std::collections::BTreeMap::new(),
            detail: detail.to_string(),
            exit,
        }
    }

    /// Add an argument.
    #[must_use]
    pub fn arg(mut self, name: &str, value: impl std::fmt::Display) -> Self {
        self.args.insert(name.to_owned(), value.to_string());
        self
    }
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.code, self.detail)
    }
}

impl std::error::Error for Failure {}
