//! The command line of what people look at first: search, now, threats; and of what a shell needs.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use noroshi_node::Command;
use noroshi_node::views::{ActorsOrder, SearchOrder, ViewCommand};

use super::Asked;

/// Options of `search`.
#[derive(Clone, Debug, Args)]
pub(super) struct SearchOptions {
    /// Words; all must occur.
    #[arg(required_unless_present_any =
        ["kind", "marking", "source", "by", "state", "since", "until", "facets"])]
    words: Vec<String>,
    /// STIX type.
    #[arg(long = "type")]
    kind: Option<String>,
    /// Effective marking, as shown: TLP:GREEN.
    #[arg(long)]
    marking: Option<String>,
    /// A profile's name or a peer.
    #[arg(long)]
    source: Option<String>,
    /// Who answers for it: a peer, or own.
    #[arg(long)]
    by: Option<String>,
    /// admitted (where nothing is said), held, withdrawn or destroyed.
    #[arg(long)]
    state: Option<String>,
    /// Recorded on this day, or at this instant in UTC, or later.
    #[arg(long, value_name = "DAY")]
    since: Option<String>,
    /// Recorded before this day, or this instant in UTC.
    #[arg(long, value_name = "DAY")]
    until: Option<String>,
    /// Superseded versions and renditions too.
    #[arg(long)]
    versions: bool,
    /// Newest first instead of best first, with counts by type, marking and source.
    #[arg(long)]
    facets: bool,
    /// Go on before this position.
    #[arg(long)]
    before: Option<u64>,
    /// Rows.
    #[arg(long, default_value_t = 20)]
    limit: u32,
}

impl SearchOptions {
    pub(super) fn asked(self) -> Asked {
        let text = self.words.join(" ");
        let order = SearchOrder {
            text: Some(text.clone()).filter(|text| !text.is_empty()),
            kind: self.kind,
            marking: self.marking,
            source: self.source,
            by: self.by,
            state: self.state,
            since: self.since,
            until: self.until,
            versions: self.versions,
            limit: self.limit,
            before: self.before,
        };
        let words_alone = SearchOrder {
            text: order.text.clone(),
            limit: order.limit,
            ..SearchOrder::default()
        };
        if order == words_alone && !self.facets {
            return Asked::Plain(Command::Search {
                text,
                limit: self.limit,
            });
        }
        Asked::Plain(Command::View(ViewCommand::Search(order)))
    }
}

/// Options of `now`.
#[derive(Clone, Debug, Args)]
pub(super) struct NowOptions {
    /// State that everything that came was seen.
    #[arg(long, requires = "person")]
    seen: bool,
    /// Whose look.
    #[arg(long = "as", value_name = "NAME")]
    person: Option<String>,
}

impl NowOptions {
    pub(super) fn asked(self) -> Asked {
        let view = match self.person {
            Some(person) if self.seen => ViewCommand::Looked {
                person,
                position: None,
            },
            person => ViewCommand::Now { person },
        };
        Asked::Plain(Command::View(view))
    }
}

#[derive(Clone, Debug, Subcommand)]
pub(super) enum ThreatTask {
    /// Techniques by the phases of their kill chains, with how many items refer to each.
    ///
    /// Example: noroshi threat matrix
    Matrix,
    /// Who and what threatens, and whom; what is marked with * came within a week.
    ///
    /// Example: noroshi threat actors --type intrusion-set.  Next: noroshi show ID --around
    Actors {
        /// Only this type: intrusion-set, threat-actor, campaign, malware or tool.
        #[arg(long = "type")]
        kind: Option<String>,
        /// Go on before this position; with a type.
        #[arg(long, requires = "kind")]
        before: Option<u64>,
        /// Rows of each type.
        #[arg(long, default_value_t = 100)]
        limit: u32,
    },
}

impl ThreatTask {
    pub(super) fn asked(self) -> Asked {
        let view = match self {
            Self::Matrix => ViewCommand::Matrix,
            Self::Actors {
                kind,
                before,
                limit,
            } => ViewCommand::Actors(ActorsOrder {
                kind,
                before,
                limit,
            }),
        };
        Asked::Plain(Command::View(view))
    }
}

/// Options of `paste`.
#[derive(Clone, Debug, Args)]
pub(crate) struct PasteOptions {
    /// A text; - for standard input.
    pub(crate) file: PathBuf,
    /// Make items of them under this source profile: of all without doubts, but for --only.
    #[arg(long, value_name = "PROFILE")]
    pub(crate) take: Option<String>,
    /// Only these.
    #[arg(long, value_name = "KIND:VALUE", requires = "take")]
    pub(crate) only: Vec<String>,
}

/// Options of `completions`.
#[derive(Clone, Debug, Args)]
pub(crate) struct ShellOptions {
    /// bash, zsh or fish.
    #[arg(value_parser = ["bash", "zsh", "fish"])]
    pub(crate) shell: String,
}

/// Options of `man`.
#[derive(Clone, Debug, Args)]
pub(crate) struct ManOptions {
    /// The folder; made where there is none.
    pub(crate) folder: PathBuf,
}
