//! What a person can ask about clients, their collections and credentials.

use serde::{Deserialize, Serialize};

use super::clients::ClientAsked;
use super::collections::CollectionAsked;
use super::tokens::TokenAsked;
use crate::command::{Event, Failure};
use crate::node::Node;
use crate::sink::Sink;

/// One command about TAXII.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "snake_case", tag = "taxii")]
pub enum TaxiiCommand {
    /// Set a client and what may go to it; two persons. Answers [`crate::command::ActAnswer`].
    ClientSet {
        /// 1 to 40 of `a-z 0-9 . _ -`.
        name: String,
        /// What people call it.
        title: String,
        /// Three letters.
        nation: String,
        /// `axis:level` each: the highest that may go to it.
        ceilings: Vec<String>,
        /// STIX types; none means all.
        types: Vec<String>,
        /// Purposes; none means all.
        purposes: Vec<String>,
        /// For so many days.
        days: u32,
        /// Who asks.
        person: String,
    },
    /// Remove a client, at once; answers [`crate::command::ActAnswer`].
    ClientRemove {
        /// Which.
        name: String,
        /// Who asks.
        person: String,
    },
    /// Every client; one `client` row each.
    ClientList,
    /// Set a collection; two persons. Answers [`crate::command::ActAnswer`].
    CollectionSet {
        /// 1 to 40 of `a-z 0-9 . _ -`; its alias in URLs.
        name: String,
        /// What people call it.
        title: String,
        /// Whose log it shows.
        client: String,
        /// STIX types; none means all.
        types: Vec<String>,
        /// Only from this source.
        source: Option<String>,
        /// Source profile for what the client posts; none, and nothing is taken.
        profile: Option<String>,
        /// Does it fill itself?
        standing: bool,
        /// For what purpose.
        purpose: String,
        /// Who asks.
        person: String,
    },
    /// Remove a collection, at once; answers [`crate::command::ActAnswer`].
    CollectionRemove {
        /// Which.
        name: String,
        /// Who asks.
        person: String,
    },
    /// Every collection; one `collection` row each.
    CollectionList,
    /// What a collection shows, in a tool's format: rows `export_part` where no file is named, rows
    /// `left_out` for what is not in it; answers `export`.
    Export {
        /// Which.
        collection: String,
        /// Such as `zeek`.
        format: String,
        /// Absolute path.
        file: Option<std::path::PathBuf>,
    },
    /// Give a credential; answers [`crate::command::ActAnswer`].
    TokenSet {
        /// 1 to 40 of `a-z 0-9 . _ -`; the user where a client knows HTTP Basic only.
        name: String,
        /// Whose.
        client: String,
        /// For which collections; none means all of the client's.
        collections: Vec<String>,
        /// May it read?
        read: bool,
        /// May it add?
        write: bool,
        /// SHA-256, in hexadecimal, of the secret or of the certificate's public key.
        digest: String,
        /// Is it a certificate's?
        certificate: bool,
        /// For so many days.
        days: u32,
        /// Requests in a minute.
        rate: Option<u64>,
        /// Who asks.
        person: String,
    },
    /// Revoke a credential, at once; answers [`crate::command::ActAnswer`].
    TokenRevoke {
        /// Which.
        name: String,
        /// Who asks.
        person: String,
    },
    /// Every credential; one `token` row each. Never a secret.
    TokenList,
}

impl Node {
    pub(crate) fn run_taxii(
        &self,
        command: TaxiiCommand,
        sink: &mut dyn Sink,
    ) -> Result<(), Failure> {
        let act = match command {
            TaxiiCommand::ClientSet {
                name,
                title,
                nation,
                ceilings,
                types,
                purposes,
                days,
                person,
            } => {
                let asked = ClientAsked {
                    name: &name,
                    title: &title,
                    nation: &nation,
                    ceilings: &ceilings,
                    types: &types,
                    purposes: &purposes,
                    days,
                };
                self.client_set(&asked, &person)?
            }
            TaxiiCommand::ClientRemove { name, person } => self.client_remove(&name, &person)?,
            TaxiiCommand::CollectionSet {
                name,
                title,
                client,
                types,
                source,
                profile,
                standing,
                purpose,
                person,
            } => {
                let asked = CollectionAsked {
                    name: &name,
                    title: &title,
                    client: &client,
                    types: &types,
                    source: source.as_deref(),
                    profile: profile.as_deref(),
                    standing,
                    purpose: &purpose,
                };
                self.collection_set(&asked, &person)?
            }
            TaxiiCommand::CollectionRemove { name, person } => {
                self.collection_remove(&name, &person)?
            }
            TaxiiCommand::TokenSet {
                name,
                client,
                collections,
                read,
                write,
                digest,
                certificate,
                days,
                rate,
                person,
            } => {
                let asked = TokenAsked {
                    name: &name,
                    client: &client,
                    collections: &collections,
                    read,
                    write,
                    digest: &digest,
                    certificate,
                    days,
                    rate,
                };
                self.token_set(&asked, &person)?
            }
            TaxiiCommand::TokenRevoke { name, person } => self.token_revoke(&name, &person)?,
            TaxiiCommand::Export {
                collection,
                format,
                file,
            } => return self.export_collection(&collection, &format, file.as_deref(), sink),
            TaxiiCommand::ClientList => return self.client_list(sink),
            TaxiiCommand::CollectionList => return self.collection_list(sink),
            TaxiiCommand::TokenList => return self.token_list(sink),
        };
        sink.send(Event::Answer {
            kind: "act".into(),
            answer: serde_json::to_value(act).unwrap_or_default(),
        });
        Ok(())
    }
}
