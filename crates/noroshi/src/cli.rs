//! The command line: every command with a sentence, an example and what comes next.

mod agreement;
mod catalogue;
mod coalition;
mod connect;
mod export;
mod held;
mod indicator;
mod keep;
mod key;
mod pattern;
mod rule;
mod sigma;
mod taxii;
mod tearline;
mod telemetry;
#[cfg(test)]
mod tests;
mod third;
mod view;
mod warning;

use std::path::{Path, PathBuf};

use clap::{Args, Parser, Subcommand};
use noroshi_node::command::Selection;
use noroshi_node::messages::Lang;
use noroshi_node::{Command, ConnectCommand, SigninCommand, TaxiiCommand};

pub(crate) use connect::ServerOptions;
use key::KeyTask;
pub(crate) use key::RootKey;
use noroshi_node::ViewCommand;
pub(crate) use pattern::PatternTask;
pub(crate) use sigma::SigmaTask;
pub(crate) use view::{ManOptions, PasteOptions, ShellOptions};

/// One small node per organisation. Nodes share threat intelligence under rules they can prove.
///
/// Exit codes: 0 done, 2 wrong use, 3 refused by a rule, 4 not found, 5 store or ledger damaged,
/// 6 a partner could not be reached, 7 another process has the store, 1 anything else.
#[derive(Debug, Parser)]
#[command(name = "noroshi", version, max_term_width = 100)]
pub(crate) struct Cli {
    /// The node's folder [default: $XDG_DATA_HOME/noroshi or ~/.local/share/noroshi].
    #[arg(long, global = true, env = "NOROSHI_HOME", value_name = "FOLDER")]
    home: Option<PathBuf>,
    /// Language of answers: en or ja [default: as noroshi.toml says, then LC_ALL, then LANG].
    #[arg(
        long = "lang",
        global = true,
        env = "NOROSHI_LANG",
        value_name = "LANG"
    )]
    pub(crate) language: Option<String>,
    /// The one that was chosen.
    #[arg(skip)]
    pub(crate) lang: Lang,
    /// Print every event as one JSON line.
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// File with `name: passphrase` lines for scripts; mode 600.
    #[arg(
        long,
        global = true,
        env = "NOROSHI_PASSPHRASE_FILE",
        value_name = "FILE"
    )]
    pub(crate) passphrase_file: Option<PathBuf>,
    #[command(subcommand)]
    command: Top,
}

/// What the process is to do.
pub(crate) enum Task {
    Demo(DemoOptions),
    Init(InitOptions),
    Serve,
    Completions(ShellOptions),
    Man(ManOptions),
    Pattern(PatternTask),
    Sigma(SigmaTask),
    Ask(Asked),
}

/// A command for the node, and whose signature it needs.
pub(crate) enum Asked {
    /// Just run it.
    Plain(Command),
    /// Run it; sign the act it prepares as this person.
    Act(Command, String),
    /// The same for an act that the root signs too.
    Rooted(Command, String, RootKey),
    /// Approve an act as this person.
    Approve(String, String),
    /// Make a key for a new person, then ask for the person to be added.
    AddPerson(String, String),
    /// Make a secret, or take the key of a certificate, and ask for the credential.
    Token(TaxiiCommand, Option<PathBuf>),
    /// Take secrets and certificates for a channel from files; as this person, where it is an act.
    Connect(Box<(ConnectCommand, ServerOptions, Option<String>)>),
    /// Find the indicators in a text from a file, and make items of them where that is asked.
    Paste(view::PasteOptions),
    /// Take a proof from a file.
    CheckProof {
        /// The proof.
        file: PathBuf,
        /// The older checkpoint it starts from.
        since: Option<PathBuf>,
        /// Keys to trust in place of a node's.
        keys: Option<PathBuf>,
    },
    /// Tell what is defined in this program.
    Types,
    /// Take an agreement from a file and propose it as this person.
    Propose(PathBuf, String),
    /// Make a version for release, with the object from a file where one is named.
    Tearline(Box<tearline::TearlineOptions>),
    /// Take the review's rules from a file and ask for them as this person.
    Review(PathBuf, String),
    /// Make a backup as this person; plain where that is asked.
    Backup(PathBuf, String, bool),
    /// Make a node of a backup, as this person, with keys from this folder.
    Restore {
        file: PathBuf,
        keys: Option<PathBuf>,
        root_key: Option<PathBuf>,
        person: String,
    },
    /// Check a backup, unpacked in this folder meanwhile.
    VerifyBackup(PathBuf, Option<PathBuf>),
}

impl Cli {
    pub(crate) fn lang(&self) -> Lang {
        self.lang
    }

    pub(crate) fn home(&self) -> PathBuf {
        home_of(self.home.as_deref())
    }

    pub(crate) fn task(&self) -> Task {
        match &self.command {
            Top::Demo(options) => Task::Demo(options.clone()),
            Top::Init(options) => Task::Init(options.clone()),
            Top::Serve => Task::Serve,
            Top::Completions(options) => Task::Completions(options.clone()),
            Top::Man(options) => Task::Man(options.clone()),
            Top::Pattern(task) => Task::Pattern(task.clone()),
            Top::Sigma(task) => Task::Sigma(task.clone()),
            other => Task::Ask(asked(other)),
        }
    }
}

/// The node's folder: as said, or where this system keeps such things.
pub(crate) fn home_of(said: Option<&Path>) -> PathBuf {
    if let Some(home) = said {
        return std::path::absolute(home).unwrap_or_else(|_| home.to_path_buf());
    }
    let base = std::env::var_os("XDG_DATA_HOME")
        .map(PathBuf::from)
        .or_else(|| std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".local/share")));
    base.unwrap_or_default().join("noroshi")
}

#[derive(Clone, Debug, Subcommand)]
enum Top {
    /// Watch two nodes, Japan and the United States, share real data; every step is checked.
    ///
    /// Example: noroshi demo --lang ja
    Demo(DemoOptions),
    /// Make a node in an empty folder.
    ///
    /// Example: noroshi init --name-en "Ministry of Defense" --name-ja 防衛省 --nation JPN
    /// --person sato --person suzuki.  Next: noroshi serve
    Init(InitOptions),
    /// Run the node: its link for partners and its socket for your commands.
    ///
    /// Example: noroshi serve.  Next, in another terminal: noroshi peer invite --as NAME
    Serve,
    /// Read STIX 2.1, STIX 2.0 or KEV from files, folders or standard input (-).
    ///
    /// Example: noroshi import report.json --profile own.  Next: noroshi share
    Import {
        /// Files and folders; - for standard input.
        #[arg(required = true)]
        paths: Vec<PathBuf>,
        /// Source profile: which markings the objects get that carry none.
        #[arg(long)]
        profile: Option<String>,
    },
    /// List items in the order they came.
    ///
    /// Example: noroshi list --type malware --state held
    List {
        /// STIX type; `agreement` lists agreements too.
        #[arg(long = "type")]
        kind: Option<String>,
        /// admitted, held, withdrawn or destroyed; of agreements in_force, ended, and so on.
        #[arg(long)]
        state: Option<String>,
        /// A profile's name or a peer.
        #[arg(long)]
        source: Option<String>,
        /// Rows.
        #[arg(long, default_value_t = 50)]
        limit: u32,
        /// Go on after this row.
        #[arg(long)]
        after: Option<u64>,
    },
    /// Show one item or agreement whole: by hash, the beginning of one, or STIX id.
    ///
    /// Example: noroshi show 1f0c2a9b
    Show {
        /// Which.
        item: String,
        /// What surrounds it too: who holds it, relations, sightings, its line of the ledger.
        #[arg(long)]
        around: bool,
    },
    /// Search in everything, Japanese included.
    ///
    /// Example: noroshi search 特定 秘密 --type report --since 2026-11-01
    Search(view::SearchOptions),
    /// What came since your last look, what waits for you, how the partners stand.
    ///
    /// Example: noroshi now --as sato.  Next: noroshi now --as sato --seen
    Now(view::NowOptions),
    /// Find the indicators in a text: a report, a mail, a list, defanged or not.
    ///
    /// Example: noroshi paste report.txt.  Next: noroshi paste report.txt --take own
    Paste(view::PasteOptions),
    /// Threats: techniques, who threatens whom.
    #[command(subcommand)]
    Threat(view::ThreatTask),
    /// Plan, explain and ask for a release. What stays is explained rule by rule.
    ///
    /// Example: noroshi share --to USA --type vulnerability --as sato --dry-run
    Share {
        /// Items by hash or STIX id.
        items: Vec<String>,
        /// Recipients: nation, alias, node id, or circle:NAME.
        #[arg(long, required = true)]
        to: Vec<String>,
        /// All current items of this type.
        #[arg(long = "type")]
        kind: Option<String>,
        /// All current items of this source.
        #[arg(long)]
        source: Option<String>,
        /// All current items with these words.
        #[arg(long)]
        text: Option<String>,
        /// Everything current.
        #[arg(long)]
        all: bool,
        /// Purpose; an agreement's clause must cover it.
        #[arg(long, default_value = "defence")]
        purpose: String,
        /// flash, immediate, priority or routine.
        #[arg(long, default_value = "routine")]
        precedence: String,
        /// Explain only.
        #[arg(long)]
        dry_run: bool,
        /// How long it can be approved, in minutes.
        #[arg(long, default_value_t = 60)]
        expires: u32,
        /// Answer for a finding of the review that stops an item; a second person must as well.
        #[arg(long, value_name = "CODE:ITEM")]
        accept: Vec<String>,
        /// Who asks.
        #[arg(long = "as", value_name = "NAME")]
        person: String,
    },
    /// Make a version of an item for release: an item of its own, whose derivation never leaves.
    ///
    /// Example: noroshi tearline 1f0c2a9b --drop description --marking TLP:GREEN --as sato.
    /// Next: noroshi act approve ACT, then noroshi share
    Tearline(tearline::TearlineOptions),
    /// Take an item back everywhere: hide it (withdraw) or erase it (destroy).
    ///
    /// Example: noroshi recall 1f0c2a9b --mode destroy --reason "source at risk" --as sato
    Recall {
        /// Which.
        item: String,
        /// withdraw or destroy.
        #[arg(long)]
        mode: String,
        /// Why, for the partners' people.
        #[arg(long)]
        reason: String,
        /// Who asks.
        #[arg(long = "as", value_name = "NAME")]
        person: String,
    },
    /// Agreements: what each side may release to the other.
    #[command(subcommand)]
    Agreement(agreement::AgreementTask),
    /// Originator's control: ask before another's item goes on, and answer.
    #[command(subcommand)]
    Consent(third::ConsentTask),
    /// Private circles: one name for several partners, who do not learn of one another.
    #[command(subcommand)]
    Circle(third::CircleTask),
    /// Partners: invite, accept, confirm, exchange.
    #[command(subcommand)]
    Peer(PeerTask),
    /// Who reads by TAXII 2.1 without a node of its own, and what may go to it.
    #[command(subcommand)]
    Client(taxii::ClientTask),
    /// TAXII collections: views of what is released to a client.
    #[command(subcommand)]
    Collection(taxii::CollectionTask),
    /// Write what a collection shows in a tool's format: what its client may read, and no more.
    ///
    /// Example: noroshi export indicators --format zeek --to /opt/zeek/intel.dat
    Export(export::ExportOptions),
    /// Credentials of TAXII clients.
    #[command(subcommand)]
    Token(taxii::TokenTask),
    /// Channels to other people's servers: what comes from there, and goes there.
    #[command(subcommand)]
    Connect(connect::ConnectTask),
    /// Public sources, switched on and off by name.
    #[command(subcommand)]
    Feed(connect::FeedTask),
    /// The people of this node.
    #[command(subcommand)]
    Person(PersonTask),
    /// Source profiles: what a source's objects carry by default.
    #[command(subcommand)]
    Profile(ProfileTask),
    /// Rules of this node.
    #[command(subcommand)]
    Rule(rule::RuleTask),
    /// Hold our own traffic against the indicators at work; hits are shown at once and kept as
    /// sightings.
    ///
    /// Example: noroshi watch /var/log/zeek/current --follow.  Next: noroshi alarm list
    Watch(telemetry::WatchOptions),
    /// The formats of logs that are known, and what the running node watches.
    ///
    /// Example: noroshi sources.  Next: noroshi watch dns.log --format dnsmasq
    Sources,
    /// Items kept apart until somebody decides.
    #[command(subcommand)]
    Held(held::HeldTask),
    /// Indicators at work on our own telemetry.
    #[command(subcommand)]
    Indicator(indicator::IndicatorTask),
    /// What our own telemetry hit, and what came of it.
    #[command(subcommand)]
    Sighting(indicator::SightingTask),
    /// Catalogues that came with the program, for use offline.
    #[command(subcommand)]
    Catalogue(catalogue::CatalogueTask),
    /// Searches that a person keeps.
    #[command(subcommand)]
    Searches(catalogue::SearchesTask),
    /// Coalitions that markings may name, and who belongs to them.
    #[command(subcommand)]
    Coalition(coalition::CoalitionTask),
    /// Warning problems, their levels, warnings and who acknowledged them.
    #[command(subcommand)]
    Warning(warning::WarningTask),
    /// Orders that wait for a second person, and those that were carried out.
    #[command(subcommand)]
    Act(ActTask),
    /// The node's keys.
    #[command(subcommand)]
    Key(KeyTask),
    /// Who holds what, since when, and who has not answered.
    ///
    /// Example: noroshi receipts --outstanding.  Next: noroshi peer sync
    Receipts {
        /// Only this item.
        #[arg(long)]
        item: Option<String>,
        /// Only this partner.
        #[arg(long)]
        peer: Option<String>,
        /// Only what is not answered.
        #[arg(long)]
        outstanding: bool,
        /// Rows.
        #[arg(long, default_value_t = 100)]
        limit: u32,
    },
    /// The definitions of the project's own types. Shared, they tell a partner that they are known
    /// here; who has not told gets a note or report in place of an object of one.
    ///
    /// Example: noroshi types > types.json.  Next: noroshi import types.json --profile own
    Types,
    /// What each side gave, got and has not answered; by partner and month.
    ///
    /// Example: noroshi balance --with USA.  Next: noroshi receipts --outstanding
    Balance {
        /// Only this partner.
        #[arg(long, value_name = "PEER")]
        with: Option<String>,
    },
    /// The ledger: list, verify, prove, check, export.
    #[command(subcommand)]
    Ledger(keep::LedgerTask),
    /// Backups: made while the node works, checked anywhere.
    #[command(subcommand)]
    Backup(keep::BackupTask),
    /// A lost node comes back from a backup, and asks its partners what it lost.
    #[command(subcommand)]
    Restore(keep::RestoreTask),
    /// Alarms: what wants a person's eye.
    #[command(subcommand)]
    Alarm(keep::AlarmTask),
    /// Is the node well? Each check says what is, whether it is good, and what mends it.
    ///
    /// Example: noroshi doctor.  Ends with 1 where something is bad; ! marks what to look at.
    Doctor {
        /// Build the index of search anew.
        #[arg(long)]
        rebuild_search: bool,
    },
    /// STIX patterns: check one, try one.
    #[command(subcommand)]
    Pattern(PatternTask),
    /// Sigma rules: which STIX patterns they are, and what they find.
    #[command(subcommand)]
    Sigma(SigmaTask),
    /// Print what completes commands in your shell.
    ///
    /// Example: noroshi completions bash > ~/.local/share/bash-completion/completions/noroshi
    Completions(ShellOptions),
    /// Write a manual page for every command into a folder.
    ///
    /// Example: noroshi man ~/.local/share/man/man1.  Next: man noroshi-share
    Man(ManOptions),
}

/// Options of `demo`.
#[derive(Clone, Debug, Args)]
pub(crate) struct DemoOptions {
    /// Plant a fault; the demonstration must find it: gate, recall, ledger or receipt.
    #[arg(long = "break", value_name = "FAULT", value_parser = ["gate", "recall", "ledger", "receipt"])]
    pub(crate) fault: Option<String>,
    /// Leave both nodes running and say how to talk to them.
    #[arg(long)]
    pub(crate) keep: bool,
}

/// Options of `init`.
#[derive(Clone, Debug, Args)]
pub(crate) struct InitOptions {
    /// The organisation in English.
    #[arg(long)]
    pub(crate) name_en: String,
    /// The organisation in Japanese.
    #[arg(long)]
    pub(crate) name_ja: String,
    /// Its nation: JPN, USA, ...
    #[arg(long)]
    pub(crate) nation: String,
    /// ministry, unit, agency, operator or partner.
    #[arg(long, default_value = "ministry")]
    pub(crate) kind: String,
    /// operational or exercise, for ever.
    #[arg(long, default_value = "operational")]
    pub(crate) world: String,
    /// Where the link listens.
    #[arg(long, default_value = "127.0.0.1:7460")]
    pub(crate) listen: String,
    /// Where partners find it [default: as --listen].
    #[arg(long)]
    pub(crate) address: Option<String>,
    /// Where the console is served; empty for nowhere.
    #[arg(long, default_value = "127.0.0.1:7480", value_name = "ADDRESS")]
    pub(crate) console: String,
    /// A founding person; at least two.
    #[arg(long = "person", value_name = "NAME")]
    pub(crate) persons: Vec<String>,
    /// Lock keys cheaply: for demonstrations and tests.
    #[arg(long, hide = true)]
    pub(crate) cheap_keys: bool,
}

#[derive(Clone, Debug, Subcommand)]
enum PeerTask {
    /// Make a code for a partner: good for fifteen minutes and five tries.
    ///
    /// Example: noroshi peer invite --as sato.  Next: read the code out; the partner's peer accept
    Invite {
        /// Who invites.
        #[arg(long = "as", value_name = "NAME")]
        person: String,
    },
    /// Use a partner's code.
    ///
    /// Example: noroshi peer accept jp.example:7461 123456789012 --as smith.  Next: peer confirm
    Accept {
        /// The partner's host:port.
        address: String,
        /// The code.
        code: String,
        /// Who accepts.
        #[arg(long = "as", value_name = "NAME")]
        person: String,
    },
    /// Type the fingerprint that the partner's people read out.
    ///
    /// Example: noroshi peer confirm JPN --fingerprint "12345 ..." --as smith.  Next: peer sync
    Confirm {
        /// Which peer.
        peer: String,
        /// Digits and check word, or all the words.
        #[arg(long)]
        fingerprint: String,
        /// Who confirms.
        #[arg(long = "as", value_name = "NAME")]
        person: String,
    },
    /// Give a peer an alias or another address.
    ///
    /// Example: noroshi peer set USA --alias washington --as sato
    Set {
        /// Which peer.
        peer: String,
        /// Alias.
        #[arg(long, required_unless_present = "address")]
        alias: Option<String>,
        /// host:port.
        #[arg(long)]
        address: Option<String>,
        /// Who orders it.
        #[arg(long = "as", value_name = "NAME")]
        person: String,
    },
    /// End a peering, alone and at once.
    ///
    /// Example: noroshi peer remove USA --as sato
    Remove {
        /// Which peer.
        peer: String,
        /// Who orders it.
        #[arg(long = "as", value_name = "NAME")]
        person: String,
    },
    /// List peers and this node's own fingerprint.
    ///
    /// Example: noroshi peer list
    List,
    /// Exchange now, until both sides have nothing left.
    ///
    /// Example: noroshi peer sync USA.  Next: noroshi receipts --outstanding
    Sync {
        /// Which peer; all if absent.
        peer: Option<String>,
    },
}

#[derive(Clone, Debug, Subcommand)]
enum PersonTask {
    /// Add a person; makes the key here and asks for a second person's approval.
    ///
    /// Example: noroshi person add tanaka --as sato.  Next: noroshi act approve ACT --as suzuki
    Add {
        /// The new person.
        name: String,
        /// Who asks.
        #[arg(long = "as", value_name = "NAME")]
        person: String,
    },
    /// Give a person a code for a console account, also for a lost password or authenticator.
    ///
    /// Example: noroshi person code tanaka --as sato.  Next: tanaka opens the console's /enrol
    Code {
        /// Whose.
        name: String,
        /// Who gives it.
        #[arg(long = "as", value_name = "NAME")]
        person: String,
    },
    /// Set what a person is there for; a second person approves.
    ///
    /// Example: noroshi person duties tanaka --duty watch --duty analysis --as sato
    Duties {
        /// Whose.
        name: String,
        /// watch, analysis, release, audit or administration; the last three in three hands.
        #[arg(long = "duty", required = true)]
        duties: Vec<String>,
        /// Who asks.
        #[arg(long = "as", value_name = "NAME")]
        person: String,
    },
    /// List persons.
    ///
    /// Example: noroshi person list
    List,
    /// Revoke a person, alone and at once.
    ///
    /// Example: noroshi person revoke tanaka --as sato
    Revoke {
        /// Whom.
        name: String,
        /// Who orders it.
        #[arg(long = "as", value_name = "NAME")]
        person: String,
    },
}

#[derive(Clone, Debug, Subcommand)]
enum ProfileTask {
    /// Set a profile; a second person approves.
    ///
    /// Example: noroshi profile set mitre --title "MITRE ATT&CK" --marking TLP:CLEAR --as sato
    Set {
        /// Its name.
        name: String,
        /// Where the objects come from.
        #[arg(long)]
        title: String,
        /// Markings for objects that carry none.
        #[arg(long = "marking", required = true)]
        markings: Vec<String>,
        /// The objects are this organisation's own work.
        #[arg(long)]
        own: bool,
        /// Who orders it.
        #[arg(long = "as", value_name = "NAME")]
        person: String,
    },
    /// List profiles.
    ///
    /// Example: noroshi profile list
    List,
}

#[derive(Clone, Debug, Subcommand)]
enum ActTask {
    /// List acts.
    ///
    /// Example: noroshi act list --state pending
    List {
        /// pending, done, returned or expired.
        #[arg(long)]
        state: Option<String>,
    },
    /// Show one act.
    ///
    /// Example: noroshi act show 1f0c2a9b
    Show {
        /// Its id or the beginning of it.
        act: String,
    },
    /// Approve an act as the second person.
    ///
    /// Example: noroshi act approve 1f0c2a9b --as suzuki
    Approve {
        /// Its id or the beginning of it.
        act: String,
        /// Who approves.
        #[arg(long = "as", value_name = "NAME")]
        person: String,
    },
}

fn asked(top: &Top) -> Asked {
    match top.clone() {
        Top::Demo(_)
        | Top::Init(_)
        | Top::Serve
        | Top::Completions(_)
        | Top::Man(_)
        | Top::Pattern(_)
        | Top::Sigma(_) => Asked::Plain(Command::Doctor),
        Top::Doctor { rebuild_search } => Asked::Plain(if rebuild_search {
            Command::TextRebuild
        } else {
            Command::Doctor
        }),
        Top::Alarm(task) => keep::alarm(task),
        Top::Import { paths, profile } => {
            let whole = |path: PathBuf| {
                let is_stdin = path.as_os_str() == "-";
                if is_stdin {
                    path
                } else {
                    std::path::absolute(&path).unwrap_or(path)
                }
            };
            let paths = paths.into_iter().map(whole).collect();
            Asked::Plain(Command::Import { paths, profile })
        }
        Top::List {
            kind,
            state,
            source,
            limit,
            after,
        } => Asked::Plain(Command::List {
            kind,
            state,
            source,
            limit,
            after,
        }),
        Top::Show { item, around } if around => {
            Asked::Plain(Command::View(ViewCommand::Item { item }))
        }
        Top::Show { item, .. } => Asked::Plain(Command::Show { item }),
        Top::Search(options) => options.asked(),
        Top::Now(options) => options.asked(),
        Top::Watch(options) => options.asked(),
        Top::Sources => telemetry::sources(),
        Top::Paste(options) => Asked::Paste(options),
        Top::Threat(task) => task.asked(),
        Top::Share {
            items,
            to,
            kind,
            source,
            text,
            all,
            purpose,
            precedence,
            dry_run,
            expires,
            accept,
            person,
        } => {
            let select = Selection {
                items,
                kind,
                source,
                text,
                all,
            };
            let command = Command::Share {
                select,
                to,
                purpose,
                precedence,
                person: person.clone(),
                dry_run,
                expires_minutes: expires,
                accept,
            };
            if dry_run {
                Asked::Plain(command)
            } else {
                Asked::Act(command, person)
            }
        }
        Top::Tearline(options) => Asked::Tearline(Box::new(options)),
        Top::Recall {
            item,
            mode,
            reason,
            person,
        } => {
            let by = person.clone();
            Asked::Act(
                Command::Recall {
                    item,
                    mode,
                    reason,
                    person,
                },
                by,
            )
        }
        Top::Agreement(task) => agreement::agreement(task),
        Top::Peer(task) => peer(task),
        Top::Person(task) => match task {
            PersonTask::Add { name, person } => Asked::AddPerson(name, person),
            PersonTask::Code { name, person } => {
                Asked::Plain(Command::Signin(SigninCommand::Code { name, person }))
            }
            PersonTask::Duties {
                name,
                duties,
                person,
            } => {
                let by = person.clone();
                let set = SigninCommand::Duties {
                    name,
                    duties,
                    person,
                };
                Asked::Act(Command::Signin(set), by)
            }
            PersonTask::List => Asked::Plain(Command::PersonList),
            PersonTask::Revoke { name, person } => Asked::Act(
                Command::PersonRevoke {
                    name,
                    person: person.clone(),
                },
                person,
            ),
        },
        Top::Profile(ProfileTask::List) => Asked::Plain(Command::ProfileList),
        Top::Profile(ProfileTask::Set {
            name,
            title,
            markings,
            own,
            person,
        }) => {
            let by = person.clone();
            Asked::Act(
                Command::ProfileSet {
                    name,
                    title,
                    markings,
                    own,
                    person,
                },
                by,
            )
        }
        Top::Rule(task) => task.asked(),
        Top::Held(task) => task.asked(),
        Top::Indicator(task) => task.asked(),
        Top::Sighting(task) => task.asked(),
        Top::Catalogue(task) => task.asked(),
        Top::Searches(task) => task.asked(),
        Top::Coalition(task) => task.asked(),
        Top::Warning(task) => task.asked(),
        Top::Act(ActTask::List { state }) => Asked::Plain(Command::ActList { state }),
        Top::Act(ActTask::Show { act }) => Asked::Plain(Command::ActShow { act }),
        Top::Act(ActTask::Approve { act, person }) => Asked::Approve(act, person),
        Top::Key(task) => task.asked(),
        Top::Consent(task) => third::consent(task),
        Top::Circle(task) => third::circle(task),
        Top::Client(task) => task.asked(),
        Top::Collection(task) => task.asked(),
        Top::Export(options) => options.asked(),
        Top::Token(task) => task.asked(),
        Top::Connect(task) => task.asked(),
        Top::Feed(task) => task.asked(),
        Top::Receipts {
            item,
            peer,
            outstanding,
            limit,
        } => Asked::Plain(Command::Receipts {
            item,
            peer,
            outstanding,
            limit,
        }),
        Top::Types => Asked::Types,
        Top::Balance { with } => Asked::Plain(Command::Balance { with }),
        Top::Ledger(task) => keep::ledger(task),
        Top::Backup(task) => keep::backup(task),
        Top::Restore(task) => keep::restore(task),
    }
}

fn peer(task: PeerTask) -> Asked {
    match task {
        PeerTask::Invite { person } => Asked::Plain(Command::PeerInvite { person }),
        PeerTask::Accept {
            address,
            code,
            person,
        } => Asked::Plain(Command::PeerAccept {
            address,
            code,
            person,
        }),
        PeerTask::Confirm {
            peer,
            fingerprint,
            person,
        } => {
            let by = person.clone();
            Asked::Act(
                Command::PeerConfirm {
                    peer,
                    fingerprint,
                    person,
                },
                by,
            )
        }
        PeerTask::Set {
            peer,
            alias,
            address,
            person,
        } => Asked::Plain(Command::PeerSet {
            peer,
            alias,
            address,
            person,
        }),
        PeerTask::Remove { peer, person } => Asked::Act(
            Command::PeerRemove {
                peer,
                person: person.clone(),
            },
            person,
        ),
        PeerTask::List => Asked::Plain(Command::PeerList),
        PeerTask::Sync { peer } => Asked::Plain(Command::Sync { peer }),
    }
}
