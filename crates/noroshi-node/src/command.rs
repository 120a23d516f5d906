//! What a person can ask of a node, and the shape of the answers. The CLI, the local socket and
//! later the console and the HTTP API all speak this; nothing can be done that is not here.
//!
//! An answer is data. Words for people come from the message catalogue next door.

mod balance;
mod failure;
mod keep;
mod plan;

use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use balance::{BalanceRow, BalanceSide};
pub use failure::Failure;
pub use keep::{AlarmAnswer, BackupRow, BackupVerified, RecoveryRow, RestoreAnswer};
pub use plan::{FindingRow, PlanAnswer, PlanLine, PlanRecipient, ReasonRow};

/// Most bytes of a command in its JSON form.
pub const COMMAND_BYTES_MAX: usize = 4 * 1024 * 1024;

/// One command. Ids of items are a hash, an unambiguous beginning of one (8 digits or more) or a
/// STIX id (its current version is meant). Peers are named by node id, the beginning of one (8
/// digits or more), nation code where unambiguous, or local alias.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "snake_case", tag = "command")]
pub enum Command {
    /// Read files, folders or standard input. Streams `progress`; answers [`ImportAnswer`].
    Import {
        /// Absolute paths of files and folders; `-` alone means the command's input stream.
        paths: Vec<PathBuf>,
        /// Source profile. Without one, objects keep exactly the markings they carry.
        profile: Option<String>,
    },
    /// A page of items; answers one `item` row each, then [`PageAnswer`]. Of the type `agreement`
    /// also the agreements, one `agreement` row each; their states are their standings.
    List {
        /// Only this STIX type.
        kind: Option<String>,
        /// Only items in this state: admitted, held, withdrawn, destroyed.
        state: Option<String>,
        /// Only from this source: a profile's name or a peer.
        source: Option<String>,
        /// At most so many rows (1 to 10,000).
        limit: u32,
        /// Go on after this sequence number.
        after: Option<u64>,
    },
    /// One item whole; answers `item` ([`ItemAnswer`]), or `agreement` for an agreement.
    Show {
        /// Which.
        item: String,
    },
    /// Full-text search; answers `item` rows, best first, then `agreement` rows, [`PageAnswer`].
    Search {
        /// Words; all must occur.
        text: String,
        /// At most so many rows.
        limit: u32,
    },
    /// Plan a release. Answers [`PlanAnswer`]; with something to release also the act to endorse.
    Share {
        /// What.
        select: Selection,
        /// To whom: peers, or `circle:NAME` for every member of a circle.
        to: Vec<String>,
        /// For what purpose (an agreement's term must cover it).
        purpose: String,
        /// flash, immediate, priority or routine.
        precedence: String,
        /// Who asks.
        person: String,
        /// Only explain: no act is prepared.
        dry_run: bool,
        /// How long the act can be approved, in minutes (1 to 10,080).
        expires_minutes: u32,
        /// Findings of the review that stop and for which the persons answer: `CODE:ITEM`.
        #[serde(default)]
        accept: Vec<String>,
    },
    /// Make a version of an item for release: a row `tearline` ([`TearlineAnswer`]) of what it
    /// would be, then answers [`ActAnswer`]; a dry run answers the former.
    Tearline {
        /// Of which item.
        item: String,
        /// For whom gate and review are asked.
        to: Vec<String>,
        /// The object as a person edited it; the item's own where there is none.
        object: Option<Value>,
        /// Selectors of what goes.
        drop: Vec<String>,
        /// Texts that stand at these selectors instead.
        replace: std::collections::BTreeMap<String, String>,
        /// Its markings, by name or id.
        markings: Vec<String>,
        /// The purpose the gate is asked with.
        purpose: String,
        /// Who asks.
        person: String,
        /// Only show it.
        dry_run: bool,
    },
    /// Prepare a recall of an item everywhere it was released; answers [`ActAnswer`].
    Recall {
        /// Which.
        item: String,
        /// withdraw or destroy.
        mode: String,
        /// Why, for people.
        reason: String,
        /// Who asks.
        person: String,
    },
    /// Draft an agreement with peers from the shipped template; answers [`DraftAnswer`].
    AgreementTemplate {
        /// The other parties.
        with: Vec<String>,
        /// Its title.
        title: Option<String>,
        /// Valid for so many days from now.
        days: u32,
    },
    /// Propose an agreement (this node's signature to be); answers [`ActAnswer`].
    AgreementPropose {
        /// The agreement object, as a template or an officer wrote it.
        agreement: Value,
        /// Who asks.
        person: String,
    },
    /// Sign an agreement a partner proposed; answers [`ActAnswer`].
    AgreementSign {
        /// Its STIX id or the beginning of its hash.
        agreement: String,
        /// Who asks.
        person: String,
    },
    /// Suspend an agreement, alone and at once; answers [`ActAnswer`].
    AgreementSuspend {
        /// Its STIX id or the beginning of its hash.
        agreement: String,
        /// Who asks.
        person: String,
    },
    /// Lift this node's own suspension; answers [`ActAnswer`].
    AgreementResume {
        /// Its STIX id or the beginning of its hash.
        agreement: String,
        /// Who asks.
        person: String,
    },
    /// All agreements; one `agreement` row each.
    AgreementList,
    /// Clients that read by TAXII, their collections and credentials.
    Taxii(crate::taxii::TaxiiCommand),
    /// What people look at first: search with facets, an item's surroundings, now, threats.
    View(crate::views::ViewCommand),
    /// Our own traffic, held against the indicators at work.
    Telemetry(crate::telemetry::TelemetryCommand),
    /// Ways into the console and what people are there for.
    Signin(crate::signin::SigninCommand),
    /// Catalogues that came with the program.
    Catalogue(crate::catalogues::CatalogueCommand),
    /// Warning problems, levels, warnings and their acknowledgement.
    Warning(crate::warning::WarningCommand),
    /// Channels to servers of others, and feeds.
    Connect(crate::connect::ConnectCommand),
    /// Indicators at work on our own telemetry, and sightings.
    Matching(crate::matching::MatchingCommand),
    /// Make a code for a partner; answers [`InviteAnswer`].
    PeerInvite {
        /// Who invites.
        person: String,
    },
    /// Use a partner's code; answers [`PeerAnswer`].
    PeerAccept {
        /// `host:port` of the partner's link.
        address: String,
        /// The code as read out.
        code: String,
        /// Who accepts.
        person: String,
    },
    /// Confirm a peer by its fingerprint as read out by its people; answers [`ActAnswer`].
    PeerConfirm {
        /// Which.
        peer: String,
        /// Digits and word, or all the words, as typed.
        fingerprint: String,
        /// Who confirms.
        person: String,
    },
    /// Give a peer a local alias or another address; answers [`PeerAnswer`].
    PeerSet {
        /// Which.
        peer: String,
        /// Alias.
        alias: Option<String>,
        /// `host:port`.
        address: Option<String>,
        /// Who orders it.
        person: String,
    },
    /// End a peering; answers [`ActAnswer`].
    PeerRemove {
        /// Which.
        peer: String,
        /// Who orders it.
        person: String,
    },
    /// All peers; one `peer` row each, then `own` with this node's name and fingerprint.
    PeerList,
    /// Exchange with a peer now and go on until both sides have nothing left; answers
    /// [`SyncAnswer`].
    Sync {
        /// Which; all confirmed peers if absent.
        peer: Option<String>,
    },
    /// Add a person whose key pair the caller made; answers [`ActAnswer`].
    PersonAdd {
        /// The new person.
        name: String,
        /// Ed25519 public key in hexadecimal.
        public_key: String,
        /// Who asks.
        person: String,
    },
    /// All persons; one `person` row each.
    PersonList,
    /// Revoke a person, alone and at once; answers [`ActAnswer`].
    PersonRevoke {
        /// Whom.
        name: String,
        /// Who orders it.
        person: String,
    },
    /// Set a source profile; answers [`ActAnswer`].
    ProfileSet {
        /// Its name.
        name: String,
        /// Where it comes from.
        title: String,
        /// Markings by name (`TLP:CLEAR`) or id.
        markings: Vec<String>,
        /// Are its objects this organisation's own work?
        own: bool,
        /// Who orders it.
        person: String,
    },
    /// All source profiles; one `profile` row each.
    ProfileList,
    /// Set the marking above which a release needs a second person; answers [`ActAnswer`].
    RuleSet {
        /// Axis and level, such as `tlp:green`.
        second_person_above: String,
        /// Who orders it.
        person: String,
    },
    /// Set what the review before release looks for; answers [`ActAnswer`].
    ReviewSet {
        /// Version 1 of the rules: `severities`, `words`, `internal`.
        rules: Value,
        /// Who orders it.
        person: String,
    },
    /// The rules of this node; answers `rules`.
    RuleShow,
    /// Set a coalition's list of members; answers [`ActAnswer`].
    CoalitionSet {
        /// Four letters, such as `FVEY`.
        coalition: String,
        /// What the list rests on.
        title: String,
        /// The members' codes; none dissolves it.
        nations: Vec<String>,
        /// From when; now where not said.
        from: Option<String>,
        /// Until when; the end of the list that stands where not said, else a year on.
        until: Option<String>,
        /// Who orders it.
        person: String,
    },
    /// Lists of coalitions' members: rows `coalition`, and `partner_list` for what partners say.
    CoalitionList,
    /// Admit a held item that lowers a marking; answers [`ActAnswer`].
    MarkingLower {
        /// Which held item.
        item: String,
        /// Who asks.
        person: String,
    },
    /// Judge every held item again; answers [`HeldAnswer`].
    HeldJudge,
    /// Discard a held item: it is erased and its sender told; answers [`ActAnswer`].
    HeldDiscard {
        /// Which.
        item: String,
        /// Why, for people.
        reason: String,
        /// Who asks.
        person: String,
    },
    /// Ask an originator whether its item may be passed on; answers [`ActAnswer`].
    ConsentRequest {
        /// Which item.
        item: String,
        /// To whom it would go.
        to: String,
        /// For what purpose.
        purpose: String,
        /// Why, for the originator's people.
        reason: String,
        /// How long the question stays open, in days (1 to 31).
        days: u32,
        /// Who asks.
        person: String,
    },
    /// Every question on consent and its answer; one `consent` row each.
    ConsentList,
    /// Agree that an item is passed on; answers [`ActAnswer`].
    ConsentGrant {
        /// The beginning of the question's digest.
        request: String,
        /// Until when: a day, or an instant.
        until: String,
        /// Who asks.
        person: String,
    },
    /// Refuse that an item is passed on; answers [`ActAnswer`].
    ConsentDecline {
        /// The beginning of the question's digest.
        request: String,
        /// Why, for the partner's people.
        reason: String,
        /// Who asks.
        person: String,
    },
    /// Take consent back, alone and at once; answers [`ActAnswer`].
    ConsentWithdraw {
        /// The beginning of the question's digest.
        request: String,
        /// Why, for the partner's people.
        reason: String,
        /// Who orders it.
        person: String,
    },
    /// Set the members of a private circle; answers [`ActAnswer`].
    CircleSet {
        /// Its name.
        name: String,
        /// Its members from now on.
        peers: Vec<String>,
        /// Who asks.
        person: String,
    },
    /// Every circle; one `circle` row each.
    CircleList,
    /// This node's keys; one `key` row each, then `manifest`.
    KeyShow,
    /// Prepare to replace a key; answers [`ActAnswer`] with the manifest that the root must sign.
    KeyRotate {
        /// items, ledger, tls or sealing.
        purpose: String,
        /// Who asks.
        person: String,
    },
    /// Prepare to revoke a key; answers [`ActAnswer`] with the manifest that the root must sign.
    KeyRevoke {
        /// The beginning of the key's id.
        key: String,
        /// Who asks.
        person: String,
    },
    /// Put a signature under an act: the requester's, or the second person's. When the signatures
    /// suffice the act takes effect at once. Answers [`EndorseAnswer`].
    Endorse {
        /// The act's id, or for the requester's first signature as well.
        act: String,
        /// Who signs.
        person: String,
        /// Ed25519 signature in hexadecimal over [`noroshi_model::act::Act::endorsed_payload`]
        /// under [`noroshi_model::Context::Act`].
        signature: String,
        /// The root's signature over the act's manifest, where it has one, in hexadecimal.
        root_signature: Option<String>,
    },
    /// Acts by state: pending, done, returned, expired; one `act` row each.
    ActList {
        /// Only this state.
        state: Option<String>,
    },
    /// One act; first a row of what it would do: `plan` ([`PlanAnswer`]) for a release, `draft`
    /// ([`DraftAnswer`]) for an agreement, else `subject`. Answers [`ActAnswer`].
    ActShow {
        /// Its id or the beginning of it.
        act: String,
    },
    /// Who holds what; one `receipt` row for each item and partner.
    Receipts {
        /// Only of this item.
        item: Option<String>,
        /// Only of this partner.
        peer: Option<String>,
        /// Only what the partner has not answered.
        outstanding: bool,
        /// At most so many rows.
        limit: u32,
    },
    /// What went over between this node and partners; one `balance` row ([`BalanceRow`]) for each
    /// partner and month.
    Balance {
        /// Only this partner.
        with: Option<String>,
    },
    /// Lines of the ledger; one `line` row each, then [`PageAnswer`].
    LedgerList {
        /// From this line.
        from: u64,
        /// At most so many.
        limit: u32,
        /// Only lines of this kind.
        kind: Option<String>,
    },
    /// Verify the ledger and every partner's log from genesis; streams `progress`, answers
    /// `verified`.
    LedgerVerify,
    /// A proof that stands alone: of one line, or that a log continues an earlier state; answers
    /// `proof`.
    LedgerProve {
        /// A line of the node's own ledger.
        line: Option<u64>,
        /// Or: the item whose entry in a partner's log is meant.
        item: Option<String>,
        /// The partner: its log here, or with `theirs` this node's entry in its log.
        peer: Option<String>,
        /// Prove the partner's receipt for the item from the partner's log, as this node holds it.
        receipt: bool,
        /// Or: that the ledger, or the log for the partner, continues what it was at this size.
        #[serde(default)]
        from: Option<u64>,
    },
    /// Check a proof with the keys this node trusts; answers `checked`.
    LedgerCheck {
        /// The proof document.
        proof: Value,
        /// The note of an older checkpoint that the proof must start from.
        #[serde(default)]
        since: Option<String>,
    },
    /// Write the ledger as C2SP tiles into a folder; answers `exported`.
    LedgerExport {
        /// An absolute path that does not exist yet, or is empty.
        folder: PathBuf,
        /// A partner's log instead of the node's own ledger.
        peer: Option<String>,
    },
    /// Make a backup while the node works. Streams `progress`; answers [`BackupRow`].
    BackupMake {
        /// An absolute path of a file that does not exist yet.
        to: PathBuf,
        /// Who orders it.
        person: String,
        /// Locks it; without, it holds no key of any kind.
        lock: Option<BackupLock>,
    },
    /// Backups made so far; one `backup` row each.
    BackupList,
    /// A person states that a backup was destroyed; answers [`BackupRow`].
    BackupForget {
        /// The beginning of its id.
        backup: String,
        /// Who states it.
        person: String,
    },
    /// After a restore: what was lost and what is here again, one `recovery` row for each partner.
    RestoreStatus,
    /// After a restore: serve without this partner's answer; answers [`RecoveryRow`].
    RestoreSkip {
        /// Which.
        peer: String,
        /// Who decides it.
        person: String,
    },
    /// Lines that want a person's eye and were not answered yet; one `line` row each, then
    /// `alarms` ([`PageAnswer`]).
    AlarmList {
        /// Those that were answered too.
        all: bool,
        /// At most so many rows.
        limit: u32,
    },
    /// A person states that every alarm up to a line was seen to; answers [`AlarmAnswer`].
    AlarmAnswer {
        /// The line of the newest alarm that is meant.
        line: u64,
        /// What was done about it.
        note: String,
        /// Who states it.
        person: String,
    },
    /// Check the node's health; one `check` row each, then `doctor`.
    Doctor,
    /// Build the full text anew; streams `progress`, answers `text`.
    TextRebuild,
}

impl Command {
    /// Would it show or give somebody an item?
    pub(crate) fn reads_items(&self) -> bool {
        matches!(
            self,
            Self::List { .. }
                | Self::Show { .. }
                | Self::Search { .. }
                | Self::Share { .. }
                | Self::Tearline { .. }
                | Self::MarkingLower { .. }
        )
    }
}

/// The lock of one backup. The passphrase stays where it was typed: what comes here is the key
/// made from it with a fresh salt, good for this backup only.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BackupLock {
    /// In hexadecimal.
    pub salt: String,
    /// Memory that making the key took, in KiB.
    pub memory_kib: u32,
    /// Passes over it.
    pub passes: u32,
    /// In hexadecimal.
    pub key: String,
}

impl std::fmt::Debug for BackupLock {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("BackupLock")
    }
}

/// Which items to share.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Selection {
    /// These items.
    pub items: Vec<String>,
    /// All current items of this type.
    pub kind: Option<String>,
    /// All current items of this source.
    pub source: Option<String>,
    /// All current items that this search finds.
    pub text: Option<String>,
    /// Everything current.
    pub all: bool,
}

/// What a command sends back while it runs. `row` is one of many, `answer` the last word.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "event")]
pub enum Event {
    /// Long work: how far.
    Progress {
        /// What is being done: a message id of the catalogue, such as `progress-import`.
        label: String,
        /// Done so far.
        done: u64,
        /// Of how many, where known.
        total: Option<u64>,
    },
    /// One of many.
    Row {
        /// plan, draft, subject, item, agreement, peer, own, person, profile, key, act, receipt,
        /// hop, hops, consent, circle, line, check, note, error, backup, recovery, balance.
        kind: String,
        /// Its fields.
        row: Value,
    },
    /// The last word.
    Answer {
        /// import, page, item, plan, rules, act, draft, invite, peer, sync, endorsed, verified,
        /// proof, checked, exported, doctor, manifest, held, backup, backup_verified, restored,
        /// restoring, alarms, alarm, text; what [`crate::views`] names.
        kind: String,
        /// Its fields.
        answer: Value,
    },
}

/// Answer of an import: counts, and the first notes and errors as rows before it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ImportAnswer {
    /// Objects read.
    pub read: u64,
    /// Admitted now.
    pub admitted: u64,
    /// Held, by reason code.
    pub held: std::collections::BTreeMap<String, u64>,
    /// Known before, byte for byte.
    pub known: u64,
    /// Refused as unusable.
    pub refused: u64,
    /// Notes on imperfect input.
    pub notes: u64,
}

impl ImportAnswer {
    /// Count what another part came to as well.
    pub fn add(&mut self, part: Self) {
        self.read += part.read;
        self.admitted += part.admitted;
        self.known += part.known;
        self.refused += part.refused;
        self.notes += part.notes;
        for (code, count) in part.held {
            *self.held.entry(code).or_default() += count;
        }
    }
}

/// After held items were judged again.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct HeldAnswer {
    /// Admitted now.
    pub admitted: u64,
    /// Held still.
    pub held: u64,
}

/// The end of a page.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct PageAnswer {
    /// Rows given.
    pub rows: u64,
    /// Where the next page begins, if there is one.
    pub next: Option<u64>,
}

/// One item row.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ItemRow {
    /// Position in this node's store.
    pub seq: u64,
    /// Its name.
    pub hash: String,
    /// STIX id.
    pub id: String,
    /// STIX type.
    pub kind: String,
    /// Version.
    pub modified: String,
    /// Title.
    pub title: String,
    /// admitted, held, withdrawn, destroyed, superseded.
    pub state: String,
    /// Effective marking of the object as a whole, for people: `TLP:CLEAR`.
    pub marking: String,
    /// originator, attestor, releaser.
    pub role: String,
    /// The node that answers for it.
    pub node: String,
    /// Profile or peer it came from.
    pub source: String,
    /// When it was recorded here.
    pub at: String,
    /// Why it is held, as reason codes.
    pub reasons: Vec<String>,
}

/// An item whole.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ItemAnswer {
    /// The row.
    pub item: ItemRow,
    /// The object; absent when withdrawn or destroyed.
    pub object: Option<Value>,
    /// Do the bytes as received differ from the canonical ones?
    pub has_received: bool,
    /// Does the signature verify with a key this node trusts?
    pub signature: String,
    /// Ledger line that admitted or held it.
    pub ledger_line: Option<u64>,
    /// Other versions and renditions, newest first.
    pub versions: Vec<ItemRow>,
    /// Who holds it.
    pub holders: Vec<ReceiptRow>,
    /// Backups that still hold the bytes of a destroyed item.
    #[serde(default)]
    pub backups: Vec<BackupRow>,
    /// Versions for release made of it, or that it is one of. Known to this node alone.
    #[serde(default)]
    pub tearlines: Vec<TearlineRow>,
}

/// A version for release and what it was made of.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct TearlineRow {
    /// The item it was made of.
    pub original: String,
    /// Its STIX id.
    pub original_id: String,
    /// The version for release.
    pub hash: String,
    /// Its STIX id.
    pub id: String,
    /// Where it stands.
    pub state: String,
    /// Who asked for it.
    pub by: String,
    /// When it was made.
    pub at: String,
}

/// A version for release before it is made.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct TearlineAnswer {
    /// The object.
    pub object: Value,
    /// Its marking.
    pub marking: String,
    /// What gate and review say, by recipient.
    pub recipients: Vec<PlanRecipient>,
}

/// An act.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ActAnswer {
    /// Its id: SHA-256 of its bytes.
    pub id: String,
    /// Its kind.
    pub kind: String,
    /// Its canonical bytes as JSON; what the persons sign.
    pub document: Value,
    /// prepared, pending, done, returned, expired.
    pub state: String,
    /// Must a second person approve?
    pub needs_second_person: bool,
    /// Who asks.
    pub requester: String,
    /// Who approved.
    pub approver: Option<String>,
    /// Until when it can be approved.
    pub expires: String,
    /// The manifest the root must sign too, in hexadecimal.
    pub manifest: Option<String>,
}

/// After a signature.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct EndorseAnswer {
    /// The act.
    pub act: ActAnswer,
    /// Ledger line of what happened.
    pub ledger_line: u64,
    /// For a release or recall: entries put into partners' logs.
    pub entries: u64,
    /// For a recall that destroys: backups here that still hold the bytes.
    #[serde(default)]
    pub backups: Vec<BackupRow>,
    /// For a recall: versions for release that were made of the item and are not recalled with it.
    #[serde(default)]
    pub tearlines: Vec<TearlineRow>,
    /// For a recall: TAXII clients that may have read the item, with their credentials' names. They
    /// hear of no recall: somebody has to tell them.
    #[serde(default)]
    pub clients: Vec<String>,
}

/// An agreement draft.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct DraftAnswer {
    /// The object to edit, then to propose.
    pub agreement: Value,
}

/// A code for a partner.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct InviteAnswer {
    /// To be read out.
    pub code: String,
    /// Where the partner's node finds this one.
    pub address: String,
    /// Until when.
    pub expires: String,
    /// Wrong tries it bears.
    pub tries: u32,
    /// This node's own fingerprint, to be read out afterwards.
    pub fingerprint: FingerprintRow,
}

/// A fingerprint in its three forms.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct FingerprintRow {
    /// Six groups of five digits and a check word.
    pub digits: String,
    /// English words.
    pub words_en: String,
    /// Japanese words.
    pub words_ja: String,
}

/// A peer.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct PeerAnswer {
    /// Node id.
    pub node: String,
    /// English name.
    pub name_en: String,
    /// Japanese name.
    pub name_ja: String,
    /// Nation.
    pub nation: String,
    /// Local alias.
    pub alias: Option<String>,
    /// `host:port`.
    pub address: Option<String>,
    /// pending, confirmed, removed.
    pub state: String,
    /// Has this side confirmed?
    pub confirmed_here: bool,
    /// Has the other side?
    pub confirmed_there: bool,
    /// Last proven contact.
    pub last_contact: Option<String>,
    /// Entries waiting to be delivered.
    pub waiting: u64,
    /// Its fingerprint.
    pub fingerprint: FingerprintRow,
}

/// After an exchange.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct SyncAnswer {
    /// Peers reached.
    pub peers: Vec<String>,
    /// Entries delivered to them.
    pub sent: u64,
    /// Entries applied here.
    pub received: u64,
    /// Bytes out and in.
    pub bytes_out: u64,
    /// Bytes in.
    pub bytes_in: u64,
    /// Peers not reached, each with why.
    pub failed: std::collections::BTreeMap<String, String>,
}

/// Who holds an item.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ReceiptRow {
    /// The item here.
    pub item: String,
    /// Its STIX id.
    pub id: String,
    /// The rendition the partner got.
    pub rendition: String,
    /// The partner.
    pub node: String,
    /// Its name.
    pub name: String,
    /// Number in the partner's log.
    pub number: u64,
    /// release or recall.
    pub entry: String,
    /// When it was released or recalled.
    pub at: String,
    /// The partner's own statement: a fate, or absent while it has not answered.
    pub fate: Option<String>,
    /// The partner's signed time of that statement.
    pub fate_at: Option<String>,
    /// Was the entry voided before it left?
    pub void: bool,
    /// Was its content lost here before a restore?
    #[serde(default)]
    pub lost: bool,
    /// Has the partner cosigned a checkpoint of its log with this entry in it?
    #[serde(default)]
    pub cosigned: bool,
}
