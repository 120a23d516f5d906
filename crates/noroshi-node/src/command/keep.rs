//! What commands about what is kept answer: alarms, backups, restores.

use serde::{Deserialize, Serialize};

/// A backup of this node.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct BackupRow {
    /// Its id.
    pub id: String,
    /// When it was begun.
    pub at: String,
    /// Who ordered it.
    pub by: String,
    /// Where it was written.
    pub path: String,
    /// Is it locked with a passphrase?
    pub locked: bool,
    /// begun, made, failed, forgotten.
    pub state: String,
    /// Lines of the ledger in it.
    pub lines: Option<u64>,
    /// SHA-256 of the file.
    pub digest: Option<String>,
    /// Its length.
    pub bytes: u64,
}

/// After alarms were answered.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct AlarmAnswer {
    /// The line up to which alarms are answered now.
    pub up_to: u64,
    /// How many that were.
    pub alarms: u64,
    /// Ledger line of the answer.
    pub ledger_line: u64,
}

/// A node that came back.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct RestoreAnswer {
    /// The node.
    pub node: String,
    /// Its folder.
    pub folder: String,
    /// Id of the backup.
    pub backup: String,
    /// When that was made; what happened since only partners know.
    pub made: String,
    /// Lines of the ledger in it.
    pub lines: u64,
    /// Serial of the manifest with the new keys.
    pub serial: u64,
    /// Partners to be asked what was lost.
    pub partners: u64,
}

/// How it stands with a partner after a restore.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct RecoveryRow {
    /// Node id.
    pub peer: String,
    /// English name.
    pub name_en: String,
    /// Japanese name.
    pub name_ja: String,
    /// waiting, answered, done, disputed.
    pub state: String,
    /// Does the node serve nobody before this partner is done?
    pub waited_for: bool,
    /// Who decided not to wait.
    pub skipped_by: Option<String>,
    /// Entries for the partner that the backup had.
    pub had_sent: u64,
    /// Entries for it that were lost; their places are back.
    pub lost: u64,
    /// Entries of the partner that the backup had.
    pub had_received: u64,
    /// Entries of the partner that came again since.
    pub reread: u64,
    /// Entries of the partner that are still missing.
    pub missing: u64,
    /// What is wrong, or came of the last try.
    pub note: Option<String>,
}

/// A backup that holds together.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct BackupVerified {
    /// Its id.
    pub id: String,
    /// Of which node.
    pub node: String,
    /// English name of its organisation.
    pub name_en: String,
    /// Japanese name.
    pub name_ja: String,
    /// When it was made.
    pub at: String,
    /// Lines of the ledger in it.
    pub lines: u64,
    /// The root over them.
    pub root: String,
    /// SHA-256 of the file, as `backup list` has it.
    pub digest: String,
    /// Its length.
    pub bytes: u64,
    /// Is it locked with a passphrase?
    pub locked: bool,
    /// Locked keys of root and persons in it.
    pub keys: u64,
}
