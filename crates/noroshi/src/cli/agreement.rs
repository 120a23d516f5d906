//! Commands about agreements.

use std::path::PathBuf;

use clap::Subcommand;
use noroshi_node::Command;

use super::Asked;

#[derive(Clone, Debug, Subcommand)]
pub(super) enum AgreementTask {
    /// Print a draft with these partners, to be edited and proposed.
    ///
    /// Example: noroshi agreement template --with USA > draft.json
    Template {
        /// The other parties.
        #[arg(long, required = true)]
        with: Vec<String>,
        /// Title.
        #[arg(long)]
        title: Option<String>,
        /// Valid for so many days.
        #[arg(long, default_value_t = 365)]
        days: u32,
    },
    /// Propose an agreement from a file; two persons sign for this side.
    ///
    /// Example: noroshi agreement propose draft.json --as sato.  Next: the partner's agreement sign
    Propose {
        /// The draft.
        file: PathBuf,
        /// Who asks.
        #[arg(long = "as", value_name = "NAME")]
        person: String,
    },
    /// Sign what a partner proposed; two persons sign for this side.
    ///
    /// Example: noroshi agreement sign agreement--1f0c... --as smith.  Next: noroshi peer sync
    Sign {
        /// STIX id or beginning of its hash.
        agreement: String,
        /// Who asks.
        #[arg(long = "as", value_name = "NAME")]
        person: String,
    },
    /// Suspend an agreement, alone and at once.
    ///
    /// Example: noroshi agreement suspend agreement--1f0c... --as sato.  Next: agreement resume
    Suspend {
        /// STIX id or beginning of its hash.
        agreement: String,
        /// Who orders it.
        #[arg(long = "as", value_name = "NAME")]
        person: String,
    },
    /// Lift this side's suspension.
    ///
    /// Example: noroshi agreement resume agreement--1f0c... --as sato
    Resume {
        /// STIX id or beginning of its hash.
        agreement: String,
        /// Who asks.
        #[arg(long = "as", value_name = "NAME")]
        person: String,
    },
    /// List agreements and where they stand.
    ///
    /// Example: noroshi agreement list
    List,
}

pub(super) fn agreement(task: AgreementTask) -> Asked {
    match task {
        AgreementTask::Template { with, title, days } => {
            Asked::Plain(Command::AgreementTemplate { with, title, days })
        }
        AgreementTask::Propose { file, person } => Asked::Propose(file, person),
        AgreementTask::Sign { agreement, person } => Asked::Act(
            Command::AgreementSign {
                agreement,
                person: person.clone(),
            },
            person,
        ),
        AgreementTask::Suspend { agreement, person } => Asked::Act(
            Command::AgreementSuspend {
                agreement,
                person: person.clone(),
            },
            person,
        ),
        AgreementTask::Resume { agreement, person } => Asked::Act(
            Command::AgreementResume {
                agreement,
                person: person.clone(),
            },
            person,
        ),
        AgreementTask::List => Asked::Plain(Command::AgreementList),
    }
}
