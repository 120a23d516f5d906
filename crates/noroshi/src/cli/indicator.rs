//! Commands about indicators at work on our own telemetry, and about sightings.

use clap::Subcommand;
use noroshi_node::Command;
use noroshi_node::matching::MatchingCommand;

use super::Asked;

#[derive(Clone, Debug, Subcommand)]
pub(crate) enum IndicatorTask {
    /// How many indicators are at work on our telemetry, and why others are not.
    ///
    /// Example: noroshi indicator status
    Status,
    /// List indicators that wait for a person: they would hit everything, everybody or ourselves.
    ///
    /// Example: noroshi indicator held.  Next: noroshi indicator release
    Held {
        /// At most so many rows.
        #[arg(long, default_value_t = 100)]
        limit: u32,
    },
    /// Show the life of an indicator: at work or why not, until when, by which model, who gave it.
    ///
    /// Example: noroshi indicator show 1f0c2a9b
    Show {
        /// Which.
        item: String,
    },
    /// Put an indicator to work whatever holds it back. It is written in the ledger.
    ///
    /// Example: noroshi indicator release 1f0c2a9b --note "our own sinkhole" --as sato
    Release {
        /// Which.
        item: String,
        /// Why.
        #[arg(long)]
        note: String,
        /// Who says so.
        #[arg(long = "as", value_name = "NAME")]
        person: String,
    },
    /// Take an indicator out of work. It is written in the ledger.
    ///
    /// Example: noroshi indicator stop 1f0c2a9b --note "hits our own scanner" --as sato
    Stop {
        /// Which.
        item: String,
        /// Why.
        #[arg(long)]
        note: String,
        /// Who says so.
        #[arg(long = "as", value_name = "NAME")]
        person: String,
    },
    /// Show which networks and domains are our own, or say it with --as, in place of what was said.
    ///
    /// Example: noroshi indicator own --network 203.0.113.0/24 --domain agency.example --as sato
    Own {
        /// A network or address; once for each.
        #[arg(long = "network", value_name = "BLOCK")]
        networks: Vec<String>,
        /// A domain, with all below it; once for each.
        #[arg(long = "domain", value_name = "DOMAIN")]
        domains: Vec<String>,
        /// Who says so.
        #[arg(long = "as", value_name = "NAME")]
        person: Option<String>,
    },
}

#[derive(Clone, Debug, Subcommand)]
pub(crate) enum SightingTask {
    /// List what our own telemetry hit: which indicators, how often, first and last.
    ///
    /// Example: noroshi sighting list.  Next: noroshi sighting share
    List {
        /// At most so many rows.
        #[arg(long, default_value_t = 100)]
        limit: u32,
    },
    /// Share with a partner every sighting of what it gave that it was not given yet.
    ///
    /// Example: noroshi sighting share --to USA --as sato.  Next: noroshi act approve ACT --as NAME
    Share {
        /// The partner that gave the indicators.
        #[arg(long)]
        to: String,
        /// Explain only.
        #[arg(long)]
        dry_run: bool,
        /// Who asks.
        #[arg(long = "as", value_name = "NAME")]
        person: String,
    },
    /// Say what came of looking at an indicator's hits: a sighting that may go to who gave it.
    ///
    /// Example: noroshi sighting verdict 1f0c2a9b false-positive --as sato
    Verdict {
        /// Which indicator.
        item: String,
        /// true-positive, false-positive or not-seen.
        outcome: String,
        /// Days up to now that were looked at.
        #[arg(long, default_value_t = 30)]
        days: u32,
        /// Who says so.
        #[arg(long = "as", value_name = "NAME")]
        person: String,
    },
}

impl IndicatorTask {
    /// The command it is.
    pub(super) fn asked(self) -> Asked {
        plain(match self {
            Self::Status => MatchingCommand::Status,
            Self::Held { limit } => MatchingCommand::Held { limit },
            Self::Show { item } => MatchingCommand::Show { item },
            Self::Release { item, note, person } => MatchingCommand::Release { item, note, person },
            Self::Stop { item, note, person } => MatchingCommand::Stop { item, note, person },
            Self::Own {
                networks,
                domains,
                person: Some(person),
            } => MatchingCommand::SetOwn {
                networks,
                domains,
                person,
            },
            Self::Own { person: None, .. } => MatchingCommand::ShowOwn,
        })
    }
}

impl SightingTask {
    /// The command it is.
    pub(super) fn asked(self) -> Asked {
        plain(match self {
            Self::Share {
                to,
                dry_run,
                person,
            } => {
                let by = person.clone();
                let command = Command::Matching(MatchingCommand::Tell {
                    to,
                    dry_run,
                    person,
                });
                return match dry_run {
                    true => Asked::Plain(command),
                    false => Asked::Act(command, by),
                };
            }
            Self::List { limit } => MatchingCommand::Sightings { limit },
            Self::Verdict {
                item,
                outcome,
                days,
                person,
            } => MatchingCommand::Verdict {
                item,
                outcome,
                days,
                person,
            },
        })
    }
}

fn plain(command: MatchingCommand) -> Asked {
    Asked::Plain(Command::Matching(command))
}
