//! What a person asks about this node's own rules.

use std::path::PathBuf;

use clap::Subcommand;
use noroshi_node::Command;

use super::Asked;

#[derive(Clone, Debug, Subcommand)]
pub(crate) enum RuleTask {
    /// Above which marking a second person must approve a release.
    ///
    /// Example: noroshi rule set "tlp:green us-class:unclassified" --as sato
    Set {
        /// Axis and level; several apart by spaces.
        second_person_above: String,
        /// Who orders it.
        #[arg(long = "as", value_name = "NAME")]
        person: String,
    },
    /// Show the rules of this node.
    ///
    /// Example: noroshi rule show.  Next: noroshi rule review FILE
    Show,
    /// What the review before release looks for: a file of JSON with `v` (1), `severities` (stops,
    /// warns or off, by code), `words` of units and systems that are not to be named, and
    /// `internal`, the domains of this organisation's own networks. A second person approves.
    ///
    /// Example: noroshi rule review rules.json --as sato.  Next: noroshi act approve ACT
    Review {
        /// The file; - for standard input.
        file: PathBuf,
        /// Who orders it.
        #[arg(long = "as", value_name = "NAME")]
        person: String,
    },
    /// Admit a held item that lowers its marking; a second person approves.
    ///
    /// Example: noroshi rule lower 1f0c2a9b --as sato.  Next: noroshi act approve ACT --as suzuki
    Lower {
        /// Which held item.
        item: String,
        /// Who asks.
        #[arg(long = "as", value_name = "NAME")]
        person: String,
    },
}

impl RuleTask {
    /// The command it is.
    pub(super) fn asked(&self) -> Asked {
        match self.clone() {
            Self::Set {
                second_person_above,
                person,
            } => Asked::Act(
                Command::RuleSet {
                    second_person_above,
                    person: person.clone(),
                },
                person,
            ),
            Self::Show => Asked::Plain(Command::RuleShow),
            Self::Review { file, person } => Asked::Review(file, person),
            Self::Lower { item, person } => Asked::Act(
                Command::MarkingLower {
                    item,
                    person: person.clone(),
                },
                person,
            ),
        }
    }
}
