//! The shapes in which stored things are handed out.

use noroshi_gate::Label;
use noroshi_model::ids::ActId;
use noroshi_model::link::{Fate, LogLeaf};
use noroshi_model::{Attribution, ItemHash, NodeId, Role, StixId, Timestamp};
use noroshi_seal::merkle::Hash;

/// Where an item stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ItemState {
    /// There to be worked with.
    Admitted,
    /// In quarantine.
    Held,
    /// Recalled: hidden.
    Withdrawn,
    /// Recalled: erased; the row is a tombstone.
    Destroyed,
}

impl ItemState {
    const ALL: [Self; 4] = [Self::Admitted, Self::Held, Self::Withdrawn, Self::Destroyed];

    /// The word shown.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Admitted => "admitted",
            Self::Held => "held",
            Self::Withdrawn => "withdrawn",
            Self::Destroyed => "destroyed",
        }
    }

    /// From that word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == word)
    }

    pub(crate) fn code(self) -> i64 {
        match self {
            Self::Admitted => 0,
            Self::Held => 1,
            Self::Withdrawn => 2,
            Self::Destroyed => 3,
        }
    }

    pub(crate) fn from_code(code: i64) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.code() == code)
    }
}

/// An item without its bytes.
#[derive(Clone, Debug, PartialEq)]
pub struct ItemRow {
    /// Position in the store; pages go by it.
    pub seq: u64,
    /// Name.
    pub hash: ItemHash,
    /// STIX id.
    pub id: StixId,
    /// Version.
    pub modified: Timestamp,
    /// Title.
    pub title: String,
    /// State.
    pub state: ItemState,
    /// Is there a newer version or fuller rendition?
    pub superseded: bool,
    /// Effective marking: the join of everything on it.
    pub label: Label,
    /// Role of who answers.
    pub role: Option<Role>,
    /// Who answers.
    pub node: Option<NodeId>,
    /// Profile or peer it came from.
    pub source: String,
    /// When it was recorded.
    pub at: Timestamp,
    /// Ledger line.
    pub ledger_line: Option<u64>,
    /// Why it is held, as codes.
    pub reasons: Vec<String>,
}

/// An item with its bytes, where they are still there.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredItem {
    /// Everything but the bytes.
    pub row: ItemRow,
    /// Who answers for it, whole.
    pub attribution: Option<Attribution>,
    /// Canonical bytes; none when destroyed.
    pub canonical: Option<Vec<u8>>,
    /// Bytes as received, where they differ.
    pub received: Option<Vec<u8>>,
}

impl std::ops::Deref for StoredItem {
    type Target = ItemRow;
    fn deref(&self) -> &ItemRow {
        &self.row
    }
}

/// What an entry of a partner's log carries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LogPayload {
    /// An item: made anew by the gate when it is sent.
    Item {
        /// Which.
        seq: u64,
        /// The rendition that was approved.
        rendition: ItemHash,
        /// The act that approved it.
        act: Option<ActId>,
        /// Without some properties?
        reduced: bool,
    },
    /// A recall of an item.
    Recall {
        /// Which.
        seq: u64,
        /// The rendition the partner got.
        rendition: ItemHash,
        /// Signed bytes.
        bytes: Vec<u8>,
    },
    /// A receipt or document.
    Bytes(Vec<u8>),
    /// Nothing any more: it was lost with the node, and is of no item that is here.
    Lost,
}

/// An entry of a partner's log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogEntry {
    /// The line that was logged.
    pub leaf: LogLeaf,
    /// Its bytes.
    pub leaf_bytes: Vec<u8>,
    /// What stands in the tree: the hash of those bytes, but where they are lost as well.
    pub leaf_hash: Hash,
    /// Was its content lost with the node before a restore?
    pub lost: bool,
    /// What it carries.
    pub payload: LogPayload,
    /// Has the partner acknowledged it?
    pub delivered: bool,
    /// Is its content voided: does it leave no more?
    pub void: bool,
    /// Was it framed for the partner before? It may then have arrived, acknowledged or not.
    pub sent: bool,
    /// The partner's statement on it.
    pub fate: Option<Fate>,
    /// The partner's time of that statement.
    pub fate_at: Option<Timestamp>,
    /// The item it is about.
    pub item: Option<ItemHash>,
}

impl LogEntry {
    /// The rendition it is about.
    #[must_use]
    pub fn rendition(&self) -> Option<ItemHash> {
        match &self.payload {
            LogPayload::Item { rendition, .. } | LogPayload::Recall { rendition, .. } => {
                Some(*rendition)
            }
            LogPayload::Bytes(_) | LogPayload::Lost => None,
        }
    }
}

macro_rules! record_kinds {
    ($($(#[$doc:meta])* $name:ident = $code:literal,)*) => {
        /// Kinds of small records. The number is stored; it never changes.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum RecordKind { $($(#[$doc])* $name,)* }
        impl RecordKind {
            /// Every kind.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            pub(crate) fn code(self) -> i64 {
                match self { $(Self::$name => $code,)* }
            }

            /// Is a release decided by records of this kind?
            pub(crate) fn weighs(self) -> bool {
                matches!(
                    self,
                    Self::Peer
                        | Self::Agreement
                        | Self::Act
                        | Self::Rule
                        | Self::Manifest
                        | Self::Marking
                        | Self::Consent
                        | Self::Client
                        | Self::Tearline
                        | Self::OwnTypes
                )
            }
        }
    };
}

record_kinds! {
    /// Facts about the store.
    Meta = 0,
    /// Partners.
    Peer = 1,
    /// Persons.
    Person = 2,
    /// Agreements.
    Agreement = 3,
    /// Acts.
    Act = 4,
    /// Plans of release acts.
    Plan = 5,
    /// Source profiles.
    Profile = 6,
    /// Rules.
    Rule = 7,
    /// Recalls that came before their item.
    Tombstone = 8,
    /// Durable states of links.
    Link = 9,
    /// Open invitations.
    Invite = 10,
    /// Manifests.
    Manifest = 11,
    /// Learned marking definitions.
    Marking = 12,
    /// Partners' receipts, whole.
    Receipt = 13,
    /// Under which number of its sender's log a held item came.
    HeldEntry = 14,
    /// Who else says that an item is its own.
    Claim = 15,
    /// Lists of coalitions' members.
    Coalition = 16,
    /// Backups that were made, by their id.
    Backup = 20,
    /// Destroyed items that backups held when they were destroyed, by item.
    InBackups = 21,
    /// After a restore: how it stands with each partner.
    Recovery = 22,
    /// Entries that wait for a partner's log to open after a restore.
    Owed = 23,
    /// Private circles.
    Circle = 24,
    /// Recalls passed on and what the hops behind said.
    Hop = 25,
    /// Which manifest was introduced to whom.
    Introduced = 26,
    /// Consent asked and answered, by item, then request.
    Consent = 27,
    /// The join of the markings of an object's versions that were taken back, by STIX id.
    TakenBack = 32,
    /// Versions for release, by what they were made of.
    Tearline = 35,
    /// Deliveries held beside items that another brought, by sender, then item.
    Beside = 36,
    /// Partners' lists of coalitions' members, by partner, then coalition.
    PartnerList = 37,
    /// Up to which line of the ledger alarms were answered.
    Alarm = 38,
    /// Organisations and tools that read by TAXII, without a node.
    Client = 44,
    /// Collections, each a view of one client's log.
    Collection = 45,
    /// Credentials of clients.
    Token = 46,
    /// What became of what clients posted.
    Status = 47,
    /// How far a standing release has looked, by collection.
    Standing = 48,
    /// Items that were admitted late, for standing releases to look at once more.
    Late = 49,
    /// Channels to servers of others.
    Channel = 50,
    /// How far each of them is, and how it stands.
    ChannelState = 51,
    /// What servers of others are to delete, by channel, then item.
    Deletion = 52,
    /// Up to where clients may have read their logs, by client, then credential.
    Served = 56,
    /// Partners and clients that said that they know the project's own types.
    OwnTypes = 58,
    /// Who answers for a delivery of bytes that another brought, by item, then node.
    Brought = 59,
    /// Up to which item a person has seen what came, by the person's name.
    Look = 70,
    /// Persons' ways into the console.
    Account = 61,
    /// Sessions at the console, by the digest of their names.
    Session = 62,
    /// Codes that set up an account, by their digests.
    EnrolCode = 63,
    /// What persons are there for.
    Duties = 64,
    /// What the organisation is and in which time it lives, for its own screens.
    Desk = 65,
    /// Networks and domains of our own, which no indicator may name unseen.
    OwnNames = 80,
    /// What persons decided about single indicators, by STIX id.
    AtWork = 81,
    /// What was seen of an indicator in our own telemetry, by the indicator's STIX id.
    Sighted = 82,
    /// Catalogues that came with the program and were taken in, by name.
    Catalogue = 66,
    /// Searches that a person keeps, by the person's name.
    Searches = 67,
}
