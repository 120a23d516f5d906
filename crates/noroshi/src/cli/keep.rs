//! The command line of what is kept: ledger, alarms, backups and restores.

use std::path::PathBuf;

use clap::Subcommand;
use noroshi_node::Command;
use noroshi_node::views::{LedgerOrder, ViewCommand};

use super::{Asked, RootKey};

#[derive(Clone, Debug, Subcommand)]
pub(super) enum BackupTask {
    /// Make a backup while the node works. The passphrase of `backup` locks it; the root's and
    /// persons' locked keys are in it, the node's own keys never are.
    ///
    /// Example: noroshi backup make /media/usb/node.backup --as sato
    /// Next: noroshi backup verify /media/usb/node.backup
    Make {
        /// A new file.
        file: PathBuf,
        /// Do not lock it, for those who lock by other means; then it holds no key of any kind.
        #[arg(long)]
        plain: bool,
        /// Who orders it.
        #[arg(long = "as", value_name = "NAME")]
        person: String,
    },
    /// List the backups that were made.
    ///
    /// Example: noroshi backup list
    List,
    /// Check a backup whole, every byte and the ledger inside. Needs no node.
    ///
    /// Example: noroshi backup verify /media/usb/node.backup
    Verify {
        /// The backup.
        file: PathBuf,
        /// A folder to unpack it in meanwhile [default: the system's for temporary files].
        #[arg(long)]
        work: Option<PathBuf>,
    },
    /// State that a backup was destroyed: it is not named any more where an item is destroyed.
    ///
    /// Example: noroshi backup forget 1f0c2a9b --as sato
    Forget {
        /// The beginning of its id.
        backup: String,
        /// Who states it.
        #[arg(long = "as", value_name = "NAME")]
        person: String,
    },
}

#[derive(Clone, Debug, Subcommand)]
pub(super) enum RestoreTask {
    /// Make a node of a backup in an empty folder. It gets new keys, signed by the root, and serves
    /// nobody before its partners have told what it lost.
    ///
    /// Example: noroshi restore from /media/usb/node.backup --as sato.  Next: noroshi serve
    From {
        /// The backup.
        backup: PathBuf,
        /// A folder with NAME.key files of persons whose keys the backup does not bring.
        #[arg(long)]
        keys: Option<PathBuf>,
        #[command(flatten)]
        root: RootKey,
        /// Who restores; a person of the node.
        #[arg(long = "as", value_name = "NAME")]
        person: String,
    },
    /// What was lost, what is here again, what is missing; by partner.
    ///
    /// Example: noroshi restore status
    Status,
    /// Serve without this partner's answer. Items may have been recalled by it since.
    ///
    /// Example: noroshi restore skip USA --as sato
    Skip {
        /// Which partner.
        peer: String,
        /// Who decides it.
        #[arg(long = "as", value_name = "NAME")]
        person: String,
    },
}

pub(super) fn backup(task: BackupTask) -> Asked {
    let whole = |path: PathBuf| std::path::absolute(&path).unwrap_or(path);
    match task {
        BackupTask::Make {
            file,
            plain,
            person,
        } => Asked::Backup(whole(file), person, plain),
        BackupTask::List => Asked::Plain(Command::BackupList),
        BackupTask::Verify { file, work } => Asked::VerifyBackup(file, work),
        BackupTask::Forget { backup, person } => {
            Asked::Plain(Command::BackupForget { backup, person })
        }
    }
}

pub(super) fn restore(task: RestoreTask) -> Asked {
    match task {
        RestoreTask::From {
            backup,
            keys,
            root,
            person,
        } => Asked::Restore {
            file: backup,
            keys,
            root_key: root.file,
            person,
        },
        RestoreTask::Status => Asked::Plain(Command::RestoreStatus),
        RestoreTask::Skip { peer, person } => Asked::Plain(Command::RestoreSkip { peer, person }),
    }
}

#[derive(Clone, Debug, Subcommand)]
pub(super) enum LedgerTask {
    /// List lines.
    ///
    /// Example: noroshi ledger list --kind alarm
    List {
        /// From this line.
        #[arg(long, default_value_t = 0)]
        from: u64,
        /// Lines.
        #[arg(long, default_value_t = 50)]
        limit: u32,
        /// Only this kind.
        #[arg(long)]
        kind: Option<String>,
        /// The newest first.
        #[arg(long, conflicts_with = "from")]
        newest: bool,
        /// Only what this person did; with --newest.
        #[arg(long, value_name = "NAME", requires = "newest")]
        by: Option<String>,
        /// Go on before this line; with --newest.
        #[arg(long, value_name = "LINE", requires = "newest")]
        before: Option<u64>,
    },
    /// Verify everything from genesis.
    ///
    /// Example: noroshi ledger verify
    Verify,
    /// Prove a line, a release, a partner's receipt, or that a log continues an earlier state.
    ///
    /// Example: noroshi ledger prove --item 1f0c2a9b --peer USA --receipt > proof.json
    /// Example: noroshi ledger prove --from 300 --peer USA > proof.json
    Prove {
        /// A line of the ledger.
        #[arg(long)]
        line: Option<u64>,
        /// An item.
        #[arg(long)]
        item: Option<String>,
        /// The partner it was released to.
        #[arg(long)]
        peer: Option<String>,
        /// The partner's receipt for it.
        #[arg(long)]
        receipt: bool,
        /// That the ledger, or with --peer the log for that partner, continues what it was with so
        /// many entries.
        #[arg(long, value_name = "SIZE")]
        from: Option<u64>,
    },
    /// Check a proof, also one that another node made.
    ///
    /// Example: noroshi ledger check proof.json
    /// Example: noroshi ledger check proof.json --since checkpoint
    /// Example: noroshi ledger check proof.json --keys verifier-key
    Check {
        /// The proof; - for standard input.
        file: PathBuf,
        /// The older checkpoint that was kept: the log must continue that very one.
        #[arg(long, value_name = "FILE")]
        since: Option<PathBuf>,
        /// Trust these verifier keys, one a line as `ledger export` writes them; needs no node.
        #[arg(long, value_name = "FILE")]
        keys: Option<PathBuf>,
    },
    /// Write a log as C2SP tiles, for others' tools.
    ///
    /// Example: noroshi ledger export /tmp/ledger --peer USA
    Export {
        /// An empty folder.
        folder: PathBuf,
        /// A partner's log instead of the ledger.
        #[arg(long)]
        peer: Option<String>,
    },
}

pub(super) fn ledger(task: LedgerTask) -> Asked {
    match task {
        LedgerTask::List {
            limit,
            kind,
            newest,
            by,
            before,
            ..
        } if newest => Asked::Plain(Command::View(ViewCommand::Ledger(LedgerOrder {
            kind,
            by,
            before,
            limit,
        }))),
        LedgerTask::List {
            from, limit, kind, ..
        } => Asked::Plain(Command::LedgerList { from, limit, kind }),
        LedgerTask::Verify => Asked::Plain(Command::LedgerVerify),
        LedgerTask::Prove {
            line,
            item,
            peer,
            receipt,
            from,
        } => Asked::Plain(Command::LedgerProve {
            line,
            item,
            peer,
            receipt,
            from,
        }),
        LedgerTask::Check { file, since, keys } => Asked::CheckProof { file, since, keys },
        LedgerTask::Export { folder, peer } => {
            let folder = std::path::absolute(&folder).unwrap_or(folder);
            Asked::Plain(Command::LedgerExport { folder, peer })
        }
    }
}

#[derive(Clone, Debug, Subcommand)]
pub(super) enum AlarmTask {
    /// List what wants a person's eye and was not answered yet.
    ///
    /// Example: noroshi alarm list.  Next: noroshi alarm answer LINE --note "..." --as NAME
    List {
        /// Those that were answered too.
        #[arg(long)]
        all: bool,
        /// Rows.
        #[arg(long, default_value_t = 100)]
        limit: u32,
    },
    /// State that every alarm up to a line was seen to; it stands in the ledger.
    ///
    /// Example: noroshi alarm answer 812 --note "their clock was wrong" --as sato
    Answer {
        /// The line of the newest alarm that is meant.
        line: u64,
        /// What was done about it.
        #[arg(long)]
        note: String,
        /// Who states it.
        #[arg(long = "as", value_name = "NAME")]
        person: String,
    },
}

pub(super) fn alarm(task: AlarmTask) -> Asked {
    Asked::Plain(match task {
        AlarmTask::List { all, limit } => Command::AlarmList { all, limit },
        AlarmTask::Answer { line, note, person } => Command::AlarmAnswer { line, note, person },
    })
}
