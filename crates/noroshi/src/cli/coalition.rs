//! What a person asks about coalitions.

use clap::Subcommand;
use noroshi_node::Command;

use super::Asked;

#[derive(Clone, Debug, Subcommand)]
pub(crate) enum CoalitionTask {
    /// Set who belongs to a coalition. A second person approves, unless it only narrows. Partners
    /// of the nations on the list are given it.
    ///
    /// Example: noroshi coalition set FVEY --title "1946 agreement" --nation USA --nation GBR
    /// --as sato.  Next: noroshi act approve ACT --as suzuki
    Set {
        /// Its code of four letters.
        coalition: String,
        /// What the list rests on, such as a treaty.
        #[arg(long)]
        title: String,
        /// A member's three-letter code; once for each, none to dissolve it.
        #[arg(long = "nation", value_name = "CODE")]
        nations: Vec<String>,
        /// From when, such as 2026-12-01T00:00:00Z; now, if not said.
        #[arg(long, value_name = "TIME")]
        from: Option<String>,
        /// Until when; the end of the list that stands, if not said, or a year on.
        #[arg(long, value_name = "TIME")]
        until: Option<String>,
        /// Who orders it.
        #[arg(long = "as", value_name = "NAME")]
        person: String,
    },
    /// All lists, and which of them stand; and what partners say of coalitions, which is their word
    /// and opens nothing here.
    ///
    /// Example: noroshi coalition list
    List,
}

impl CoalitionTask {
    /// The command it is.
    pub(super) fn asked(&self) -> Asked {
        match self.clone() {
            Self::List => Asked::Plain(Command::CoalitionList),
            Self::Set {
                coalition,
                title,
                nations,
                from,
                until,
                person,
            } => {
                let by = person.clone();
                let command = Command::CoalitionSet {
                    coalition,
                    title,
                    nations,
                    from,
                    until,
                    person,
                };
                Asked::Act(command, by)
            }
        }
    }
}
