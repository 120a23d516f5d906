//! Commands about those who read by TAXII: clients, collections, credentials.

use std::path::PathBuf;

use clap::Subcommand;
use noroshi_node::{Command, TaxiiCommand};

use super::Asked;

#[derive(Clone, Debug, Subcommand)]
pub(super) enum ClientTask {
    /// Let an organisation or tool without a node read what is within these ceilings; a second
    /// person approves.
    ///
    /// Example: noroshi client set siem --title "Watch floor SIEM" --nation JPN --ceiling tlp:amber
    /// --as sato.  Next: noroshi collection set
    Set {
        /// Its name: 1 to 40 of a-z 0-9 . _ -
        name: String,
        /// What people call it.
        #[arg(long)]
        title: String,
        /// Its nation's three letters.
        #[arg(long)]
        nation: String,
        /// The highest that may go to it, axis:level; an axis not named lets nothing through.
        #[arg(long = "ceiling", required = true)]
        ceilings: Vec<String>,
        /// Only these STIX types [default: all].
        #[arg(long = "type")]
        types: Vec<String>,
        /// Only for these purposes [default: all].
        #[arg(long = "purpose")]
        purposes: Vec<String>,
        /// For so many days.
        #[arg(long, default_value_t = 365)]
        days: u32,
        /// Who asks.
        #[arg(long = "as", value_name = "NAME")]
        person: String,
    },
    /// Remove a client, at once: nothing of its log is served any more.
    ///
    /// Example: noroshi client remove siem --as sato
    Remove {
        /// Which.
        name: String,
        /// Who orders it.
        #[arg(long = "as", value_name = "NAME")]
        person: String,
    },
    /// List clients and until when their arrangements last.
    ///
    /// Example: noroshi client list
    List,
}

#[derive(Clone, Debug, Subcommand)]
pub(super) enum CollectionTask {
    /// Set a collection: a view of what is released to one client; a second person approves.
    ///
    /// Example: noroshi collection set indicators --title Indicators --client siem --type indicator
    /// --standing --as sato.  Next: noroshi token set
    Set {
        /// Its name, also in URLs: 1 to 40 of a-z 0-9 . _ -
        name: String,
        /// What people call it.
        #[arg(long)]
        title: String,
        /// Whose.
        #[arg(long)]
        client: String,
        /// Only these STIX types [default: all].
        #[arg(long = "type")]
        types: Vec<String>,
        /// Only what came from this source: a profile's name or a peer.
        #[arg(long)]
        source: Option<String>,
        /// Take in what the client posts, under this source profile [default: nothing is taken].
        #[arg(long)]
        profile: Option<String>,
        /// Fill itself with what the gate releases to the client and one person may release.
        /// Without it the collection shows what was shared by `noroshi share --to client:NAME`.
        #[arg(long)]
        standing: bool,
        /// Purpose; the client's arrangement must cover it.
        #[arg(long, default_value = "defence")]
        purpose: String,
        /// Who asks.
        #[arg(long = "as", value_name = "NAME")]
        person: String,
    },
    /// Remove a collection, at once. What was released stays in the client's log.
    ///
    /// Example: noroshi collection remove indicators --as sato
    Remove {
        /// Which.
        name: String,
        /// Who orders it.
        #[arg(long = "as", value_name = "NAME")]
        person: String,
    },
    /// List collections.
    ///
    /// Example: noroshi collection list
    List,
}

#[derive(Clone, Debug, Subcommand)]
pub(super) enum TokenTask {
    /// Give a client a credential. The secret is shown once; the node keeps its digest only.
    ///
    /// Example: noroshi token set siem-reader --client siem --read --as sato
    Set {
        /// Its name; the user where a client knows HTTP Basic only.
        name: String,
        /// Whose.
        #[arg(long)]
        client: String,
        /// Only for these collections [default: all of the client's].
        #[arg(long = "collection")]
        collections: Vec<String>,
        /// It may read.
        #[arg(long)]
        read: bool,
        /// It may add, and delete what the client added.
        #[arg(long)]
        write: bool,
        /// A client certificate (PEM) in place of a secret: whoever holds its key is let in.
        #[arg(long, value_name = "FILE")]
        certificate: Option<PathBuf>,
        /// For so many days.
        #[arg(long, default_value_t = 365)]
        days: u32,
        /// Requests in a minute [default: 60000].
        #[arg(long)]
        rate: Option<u64>,
        /// Who orders it.
        #[arg(long = "as", value_name = "NAME")]
        person: String,
    },
    /// Revoke a credential, at once.
    ///
    /// Example: noroshi token revoke siem-reader --as sato
    Revoke {
        /// Which.
        name: String,
        /// Who orders it.
        #[arg(long = "as", value_name = "NAME")]
        person: String,
    },
    /// List credentials; never a secret.
    ///
    /// Example: noroshi token list
    List,
}

fn act(command: TaxiiCommand, person: String) -> Asked {
    Asked::Act(Command::Taxii(command), person)
}

fn plain(command: TaxiiCommand) -> Asked {
    Asked::Plain(Command::Taxii(command))
}

impl ClientTask {
    pub(super) fn asked(self) -> Asked {
        match self {
            Self::Set {
                name,
                title,
                nation,
                ceilings,
                types,
                purposes,
                days,
                person,
            } => act(
                TaxiiCommand::ClientSet {
                    name,
                    title,
                    nation,
                    ceilings,
                    types,
                    purposes,
                    days,
                    person: person.clone(),
                },
                person,
            ),
            Self::Remove { name, person } => act(
                TaxiiCommand::ClientRemove {
                    name,
                    person: person.clone(),
                },
                person,
            ),
            Self::List => plain(TaxiiCommand::ClientList),
        }
    }
}

impl CollectionTask {
    pub(super) fn asked(self) -> Asked {
        match self {
            Self::Set {
                name,
                title,
                client,
                types,
                source,
                profile,
                standing,
                purpose,
                person,
            } => act(
                TaxiiCommand::CollectionSet {
                    name,
                    title,
                    client,
                    types,
                    source,
                    profile,
                    standing,
                    purpose,
                    person: person.clone(),
                },
                person,
            ),
            Self::Remove { name, person } => act(
                TaxiiCommand::CollectionRemove {
                    name,
                    person: person.clone(),
                },
                person,
            ),
            Self::List => plain(TaxiiCommand::CollectionList),
        }
    }
}

impl TokenTask {
    pub(super) fn asked(self) -> Asked {
        match self {
            Self::Set {
                name,
                client,
                collections,
                read,
                write,
                certificate,
                days,
                rate,
                person,
            } => {
                let command = TaxiiCommand::TokenSet {
                    name,
                    client,
                    collections,
                    read,
                    write,
                    digest: String::new(),
                    certificate: certificate.is_some(),
                    days,
                    rate,
                    person,
                };
                Asked::Token(command, certificate)
            }
            Self::Revoke { name, person } => act(
                TaxiiCommand::TokenRevoke {
                    name,
                    person: person.clone(),
                },
                person,
            ),
            Self::List => plain(TaxiiCommand::TokenList),
        }
    }
}
