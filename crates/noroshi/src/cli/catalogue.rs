//! What a person asks about catalogues that came with the program, and searches they keep.

use clap::Subcommand;
use noroshi_node::views::SearchOrder;
use noroshi_node::{CatalogueCommand, Command, ViewCommand};

use super::Asked;

#[derive(Clone, Debug, Subcommand)]
pub(crate) enum CatalogueTask {
    /// List the catalogues that came with the program, and which are taken in.
    ///
    /// Example: noroshi catalogue list
    List,
    /// Take one in, offline. Feeds of the same names renew them.
    ///
    /// Example: noroshi catalogue load cisa-kev --as sato.  Next: noroshi search ransomware
    Load {
        /// Which.
        name: String,
        /// Who asks.
        #[arg(long = "as", value_name = "NAME")]
        person: String,
    },
}

impl CatalogueTask {
    /// The command it is.
    pub(super) fn asked(&self) -> Asked {
        let command = match self.clone() {
            Self::List => CatalogueCommand::List,
            Self::Load { name, person } => CatalogueCommand::Load { name, person },
        };
        Asked::Plain(Command::Catalogue(command))
    }
}

#[derive(Clone, Debug, Subcommand)]
pub(crate) enum SearchesTask {
    /// List the searches that a person keeps.
    ///
    /// Example: noroshi searches list --as sato
    List {
        /// Whose.
        #[arg(long = "as", value_name = "NAME")]
        person: String,
    },
    /// Keep a search under a name; one that has it already is replaced.
    ///
    /// Example: noroshi searches keep ports "港湾" --type indicator --as sato
    Keep {
        /// What the person calls it.
        name: String,
        /// Words; all must occur.
        words: Vec<String>,
        /// STIX type.
        #[arg(long = "type", value_name = "TYPE")]
        kind: Option<String>,
        /// Effective marking.
        #[arg(long)]
        marking: Option<String>,
        /// A profile's name or a peer.
        #[arg(long)]
        source: Option<String>,
        /// Who answers for it.
        #[arg(long)]
        by: Option<String>,
        /// admitted, held, withdrawn or destroyed.
        #[arg(long)]
        state: Option<String>,
        /// Whose.
        #[arg(long = "as", value_name = "NAME")]
        person: String,
    },
    /// Keep a search no longer.
    ///
    /// Example: noroshi searches forget ports --as sato
    Forget {
        /// Which.
        name: String,
        /// Whose.
        #[arg(long = "as", value_name = "NAME")]
        person: String,
    },
}

impl SearchesTask {
    /// The command it is.
    pub(super) fn asked(&self) -> Asked {
        let view = match self.clone() {
            Self::List { person } => ViewCommand::Searches { person },
            Self::Keep {
                name,
                words,
                kind,
                marking,
                source,
                by,
                state,
                person,
            } => ViewCommand::SearchKeep {
                person,
                name,
                order: SearchOrder {
                    text: Some(words.join(" ")).filter(|text| !text.is_empty()),
                    kind,
                    marking,
                    source,
                    by,
                    state,
                    ..SearchOrder::default()
                },
            },
            Self::Forget { name, person } => ViewCommand::SearchForget { person, name },
        };
        Asked::Plain(Command::View(view))
    }
}
