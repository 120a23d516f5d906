//! What a person can ask about channels and feeds.

use std::fmt;

use noroshi_model::PersonId;
use noroshi_model::act::ActKind;
use serde::{Deserialize, Serialize};

use super::channel::{Form, Way};
use super::orders::ChannelAsked;
use crate::command::{Event, Failure};
use crate::node::Node;
use crate::outside::Outside;
use crate::sink::Sink;

/// A password or token on its way to the node's keys: never shown.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Secret(pub String);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(a secret)")
    }
}

/// Somebody's server, and what it is shown.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Server {
    /// `https://`; `http://` for this machine only.
    pub url: String,
    /// With a user HTTP Basic, else a bearer's token.
    pub user: Option<String>,
    /// The password or token.
    pub secret: Option<Secret>,
    /// Authorities to believe in place of the system's: PEM.
    pub authorities: Option<String>,
    /// SHA-256 of public keys to believe, in hexadecimal.
    pub pins: Vec<String>,
}

/// One command about channels.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "snake_case", tag = "connect")]
pub enum ConnectCommand {
    /// What collections there are at a TAXII server; one `remote` row each.
    Find {
        /// Where.
        server: Server,
    },
    /// Set a channel; two persons. Answers [`crate::command::ActAnswer`].
    Set {
        /// 1 to 40 of `a-z 0-9 . _ -`.
        name: String,
        /// What people call it; the collection's own title where none is said.
        title: Option<String>,
        /// Where.
        server: Server,
        /// The collection there by id, alias or title; none for a document.
        collection: Option<String>,
        /// Objects come, under this source profile.
        pull: Option<String>,
        /// Objects go: what this collection of a client shows.
        push: Option<String>,
        /// Seconds between two rounds.
        every_seconds: Option<u64>,
        /// Who asks.
        person: String,
    },
    /// Every channel, links to partners among them; one `channel` row each.
    List,
    /// One channel with all that is known of it; answers `channel`.
    Show {
        /// Which.
        name: String,
    },
    /// Ask it no more, at once; answers [`crate::command::ActAnswer`].
    Pause {
        /// Which.
        name: String,
        /// Who asks.
        person: String,
    },
    /// Ask it again; two persons. Answers [`crate::command::ActAnswer`].
    Resume {
        /// Which.
        name: String,
        /// Who asks.
        person: String,
    },
    /// Remove it, at once; answers [`crate::command::ActAnswer`].
    Remove {
        /// Which.
        name: String,
        /// Who asks.
        person: String,
    },
    /// Ask it now; answers [`RoundAnswer`].
    Now {
        /// Which.
        name: String,
    },
    /// Every feed of the list; one `feed` row each.
    FeedList,
    /// Switch a feed on; two persons. Answers [`crate::command::ActAnswer`].
    FeedOn {
        /// Which.
        name: String,
        /// A mirror in place of the public address.
        mirror: Option<Server>,
        /// Who asks.
        person: String,
    },
    /// Switch it off, at once; answers [`crate::command::ActAnswer`].
    FeedOff {
        /// Which.
        name: String,
        /// Who asks.
        person: String,
    },
}

/// What one round of a channel came to.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct RoundAnswer {
    /// Which.
    pub channel: String,
    /// Objects read.
    pub read: u64,
    /// Admitted now.
    pub admitted: u64,
    /// Held.
    pub held: u64,
    /// Known before, byte for byte.
    pub known: u64,
    /// Refused as unusable, here or there.
    pub refused: u64,
    /// Posted.
    pub sent: u64,
    /// What failed, as a code.
    pub problem: Option<String>,
    /// Its particulars.
    pub detail: Option<String>,
    /// What is odd at the other side, as a code.
    pub note: Option<String>,
}

impl Node {
    pub(crate) fn run_connect(
        &self,
        command: ConnectCommand,
        outside: &dyn Outside,
        sink: &mut dyn Sink,
    ) -> Result<(), Failure> {
        let act = match command {
            ConnectCommand::Set {
                name,
                title,
                server,
                collection,
                pull,
                push,
                every_seconds,
                person,
            } => {
                let (form, way) = meant(collection.is_some(), pull, push)?;
                let asked = ChannelAsked {
                    name: &name,
                    title: title.as_deref(),
                    form,
                    way,
                    server: &server,
                    collection: collection.as_deref(),
                    every_seconds,
                    feed: None,
                    profile: None,
                };
                self.channel_set(&asked, &person, outside)?
            }
            ConnectCommand::Pause { name, person } => {
                self.channel_change(&name, &person, ActKind::ChannelPause)?
            }
            ConnectCommand::Resume { name, person } => {
                self.channel_change(&name, &person, ActKind::ChannelResume)?
            }
            ConnectCommand::Remove { name, person } => {
                self.channel_change(&name, &person, ActKind::ChannelRemove)?
            }
            ConnectCommand::FeedOn {
                name,
                mirror,
                person,
            } => self.feed_on(&name, mirror, &person, outside)?,
            ConnectCommand::FeedOff { name, person } => self.feed_off(&name, &person)?,
            ConnectCommand::Find { server } => return self.remote_list(&server, outside, sink),
            ConnectCommand::List => return self.channel_list(sink),
            ConnectCommand::Show { name } => return self.channel_show(&name, sink),
            ConnectCommand::FeedList => return self.feed_list(sink),
            ConnectCommand::Now { name } => {
                let round = self.channel_round(&name, outside, sink)?;
                return self.round_told(&round, sink);
            }
        };
        sink.send(Event::Answer {
            kind: "act".into(),
            answer: serde_json::to_value(act).unwrap_or_default(),
        });
        Ok(())
    }
}

/// In which form, and which way.
fn meant(
    has_collection: bool,
    pull: Option<String>,
    push: Option<String>,
) -> Result<(Form, Way), Failure> {
    let refused =
        |problem: &str| Failure::new("channel.refused", 2, problem).arg("problem", problem);
    let form = if has_collection {
        Form::Taxii
    } else {
        Form::Document
    };
    let name = |name: String| -> Result<PersonId, Failure> {
        name.parse()
            .map_err(|_| refused("a profile's or collection's name is 1 to 40 of a-z 0-9 . _ -"))
    };
    let way = match (pull, push) {
        (Some(profile), None) => Way::Pull(name(profile)?),
        (None, Some(_)) if form == Form::Document => {
            return Err(refused(
                "objects go to a collection of a TAXII server: name it",
            ));
        }
        (None, Some(collection)) => Way::Push(name(collection)?),
        _ => return Err(refused("either a source profile, or a collection to push")),
    };
    Ok((form, way))
}
