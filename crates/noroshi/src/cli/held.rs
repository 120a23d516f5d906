//! What a person asks about items kept apart.

use clap::Subcommand;
use noroshi_node::Command;

use super::Asked;

#[derive(Clone, Debug, Subcommand)]
pub(crate) enum HeldTask {
    /// List what is held, and why.
    ///
    /// Example: noroshi held list
    List {
        /// At most so many rows.
        #[arg(long, default_value_t = 100)]
        limit: u32,
    },
    /// Judge every held item again, by the agreements and definitions of now.
    ///
    /// Example: noroshi held judge
    Judge,
    /// Discard a held item: it is erased, and its sender is told.
    ///
    /// Example: noroshi held discard 1f0c2a9b --reason "not for us" --as sato
    Discard {
        /// Which.
        item: String,
        /// Why, for people.
        #[arg(long)]
        reason: String,
        /// Who asks.
        #[arg(long = "as", value_name = "NAME")]
        person: String,
    },
}

impl HeldTask {
    /// The command it is.
    pub(super) fn asked(&self) -> Asked {
        match self.clone() {
            Self::List { limit } => Asked::Plain(Command::List {
                kind: None,
                state: Some("held".to_owned()),
                source: None,
                limit,
                after: None,
            }),
            Self::Judge => Asked::Plain(Command::HeldJudge),
            Self::Discard {
                item,
                reason,
                person,
            } => Asked::Act(
                Command::HeldDiscard {
                    item,
                    reason,
                    person: person.clone(),
                },
                person,
            ),
        }
    }
}
