//! Commands about channels: other people's servers, and feeds.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use noroshi_node::{Command, ConnectCommand, Server};

use super::Asked;

/// How a server is reached and believed.
#[derive(Clone, Debug, Args)]
pub(crate) struct ServerOptions {
    /// User of HTTP Basic; the password is in --secret-file.
    #[arg(long)]
    pub(crate) user: Option<String>,
    /// File with the password, or without --user with the token; - for standard input.
    #[arg(long, value_name = "FILE")]
    pub(crate) secret_file: Option<PathBuf>,
    /// Certificates of authorities (PEM) to believe in place of the system's.
    #[arg(long, value_name = "FILE")]
    pub(crate) ca: Option<PathBuf>,
    /// SHA-256 of the server's public key, 64 hexadecimal digits; alone, no name or date is looked
    /// at.
    #[arg(long = "pin", value_name = "DIGITS")]
    pub(crate) pins: Vec<String>,
}

impl ServerOptions {
    fn server(&self, url: String) -> Server {
        Server {
            url,
            user: self.user.clone(),
            secret: None,
            authorities: None,
            pins: self.pins.clone(),
        }
    }
}

#[derive(Clone, Debug, Subcommand)]
pub(super) enum ConnectTask {
    /// Read a collection of somebody's TAXII 2.1 server on a schedule, or post to it; a second
    /// person approves. Without --collection, list what is there.
    ///
    /// Example: noroshi connect taxii https://taxii.example/taxii2/ --collection indicators --name
    /// cert --source-profile cert --every 15m --as sato.  Next: noroshi act approve ACT --as suzuki
    Taxii {
        /// Address of its discovery, of an API root, or of the host.
        url: String,
        /// The collection: id, alias or title.
        #[arg(long, requires_all = ["name", "person"])]
        collection: Option<String>,
        /// What the channel is called here: 1 to 40 of a-z 0-9 . _ -
        #[arg(long)]
        name: Option<String>,
        /// What people call it [default: the collection's title].
        #[arg(long)]
        title: Option<String>,
        /// Take in what it has, under this source profile.
        #[arg(long, value_name = "PROFILE", conflicts_with = "push")]
        source_profile: Option<String>,
        /// Post to it what this collection of a client of this node shows.
        #[arg(long, value_name = "COLLECTION")]
        push: Option<String>,
        /// How often: 90s, 15m, 6h, 1d [default: 1h].
        #[arg(long, value_parser = seconds)]
        every: Option<u64>,
        #[command(flatten)]
        server: ServerOptions,
        /// Who asks.
        #[arg(long = "as", value_name = "NAME")]
        person: Option<String>,
    },
    /// Read one document on a schedule: a STIX bundle, or the KEV catalogue; a second person
    /// approves.
    ///
    /// Example: noroshi connect document https://cert.example/bundle.json --name cert-bundle
    /// --source-profile cert --every 6h --as sato
    Document {
        /// Its address.
        url: String,
        /// What the channel is called here: 1 to 40 of a-z 0-9 . _ -
        #[arg(long)]
        name: String,
        /// What people call it [default: the address].
        #[arg(long)]
        title: Option<String>,
        /// Take it in under this source profile.
        #[arg(long, value_name = "PROFILE")]
        source_profile: String,
        /// How often: 90s, 15m, 6h, 1d [default: 1h].
        #[arg(long, value_parser = seconds)]
        every: Option<u64>,
        #[command(flatten)]
        server: ServerOptions,
        /// Who asks.
        #[arg(long = "as", value_name = "NAME")]
        person: String,
    },
    /// List channels and links to partners, with their state.
    ///
    /// Example: noroshi connect list
    List,
    /// Show all that is known of one channel.
    ///
    /// Example: noroshi connect show cert --json
    Show {
        /// Which.
        name: String,
    },
    /// Ask a channel no more, at once.
    ///
    /// Example: noroshi connect pause cert --as sato
    Pause {
        /// Which.
        name: String,
        /// Who orders it.
        #[arg(long = "as", value_name = "NAME")]
        person: String,
    },
    /// Ask it again, from where it stopped; a second person approves.
    ///
    /// Example: noroshi connect resume cert --as sato
    Resume {
        /// Which.
        name: String,
        /// Who asks.
        #[arg(long = "as", value_name = "NAME")]
        person: String,
    },
    /// Remove a channel and its credential, at once. What came stays.
    ///
    /// Example: noroshi connect remove cert --as sato
    Remove {
        /// Which.
        name: String,
        /// Who orders it.
        #[arg(long = "as", value_name = "NAME")]
        person: String,
    },
    /// Ask a channel now, and tell what came of it.
    ///
    /// Example: noroshi connect now cert
    Now {
        /// Which.
        name: String,
    },
}

#[derive(Clone, Debug, Subcommand)]
pub(super) enum FeedTask {
    /// List the public sources this node knows: whose, under which terms, on or off.
    ///
    /// Example: noroshi feed list
    List,
    /// Switch a feed on; a second person approves.
    ///
    /// Example: noroshi feed on cisa-kev --as sato.  Next: noroshi act approve ACT --as suzuki
    On {
        /// Which.
        name: String,
        /// A mirror in place of the public address.
        #[arg(long, value_name = "URL")]
        mirror: Option<String>,
        #[command(flatten)]
        server: ServerOptions,
        /// Who asks.
        #[arg(long = "as", value_name = "NAME")]
        person: String,
    },
    /// Switch a feed off, at once. What came stays.
    ///
    /// Example: noroshi feed off cisa-kev --as sato
    Off {
        /// Which.
        name: String,
        /// Who orders it.
        #[arg(long = "as", value_name = "NAME")]
        person: String,
    },
    /// Ask a feed that is on now.
    ///
    /// Example: noroshi feed now cisa-kev
    Now {
        /// Which.
        name: String,
    },
}

/// Seconds of `90s`, `15m`, `6h`, `1d`, or of a number alone.
fn seconds(text: &str) -> Result<u64, String> {
    let (digits, unit) = match text.char_indices().last() {
        Some((at, 's')) => (&text[..at], 1),
        Some((at, 'm')) => (&text[..at], 60),
        Some((at, 'h')) => (&text[..at], 3600),
        Some((at, 'd')) => (&text[..at], 86_400),
        _ => (text, 1),
    };
    let number: Option<u64> = digits.parse().ok();
    let seconds = number.and_then(|number| number.checked_mul(unit));
    seconds.ok_or_else(|| format!("`{text}` is no time such as 90s, 15m, 6h or 1d"))
}

fn plain(command: ConnectCommand) -> Asked {
    Asked::Plain(Command::Connect(command))
}

fn act(command: ConnectCommand, person: String) -> Asked {
    Asked::Act(Command::Connect(command), person)
}

impl ConnectTask {
    pub(super) fn asked(self) -> Asked {
        match self {
            Self::Taxii {
                url,
                collection: None,
                server,
                ..
            } => {
                let command = ConnectCommand::Find {
                    server: server.server(url),
                };
                Asked::Connect(Box::new((command, server, None)))
            }
            Self::Taxii {
                url,
                collection,
                name,
                title,
                source_profile,
                push,
                every,
                server,
                person,
            } => {
                let person = person.unwrap_or_default();
                let command = ConnectCommand::Set {
                    name: name.unwrap_or_default(),
                    title,
                    server: server.server(url),
                    collection,
                    pull: source_profile,
                    push,
                    every_seconds: every,
                    person: person.clone(),
                };
                Asked::Connect(Box::new((command, server, Some(person))))
            }
            Self::Document {
                url,
                name,
                title,
                source_profile,
                every,
                server,
                person,
            } => {
                let command = ConnectCommand::Set {
                    name,
                    title,
                    server: server.server(url),
                    collection: None,
                    pull: Some(source_profile),
                    push: None,
                    every_seconds: every,
                    person: person.clone(),
                };
                Asked::Connect(Box::new((command, server, Some(person))))
            }
            Self::List => plain(ConnectCommand::List),
            Self::Show { name } => plain(ConnectCommand::Show { name }),
            Self::Now { name } => plain(ConnectCommand::Now { name }),
            Self::Pause { name, person } => {
                let by = person.clone();
                act(ConnectCommand::Pause { name, person }, by)
            }
            Self::Resume { name, person } => {
                let by = person.clone();
                act(ConnectCommand::Resume { name, person }, by)
            }
            Self::Remove { name, person } => {
                let by = person.clone();
                act(ConnectCommand::Remove { name, person }, by)
            }
        }
    }
}

impl FeedTask {
    pub(super) fn asked(self) -> Asked {
        match self {
            Self::List => plain(ConnectCommand::FeedList),
            Self::Now { name } => plain(ConnectCommand::Now { name }),
            Self::Off { name, person } => {
                let by = person.clone();
                act(ConnectCommand::FeedOff { name, person }, by)
            }
            Self::On {
                name,
                mirror,
                server,
                person,
            } => {
                let command = ConnectCommand::FeedOn {
                    name,
                    mirror: mirror.map(|url| server.server(url)),
                    person: person.clone(),
                };
                Asked::Connect(Box::new((command, server, Some(person))))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::seconds;

    #[test]
    fn times_are_read_with_their_units() {
        let read = ["90", "90s", "15m", "6h", "1d"].map(|text| seconds(text).unwrap());
        assert_eq!(read, [90, 90, 900, 21_600, 86_400]);
        for bad in ["", "m", "1w", "-1h", "99999999999999999d", "1.5h", "六h"] {
            assert!(seconds(bad).is_err(), "{bad}");
        }
    }
}
