//! What goes over a link and stays provable: log leaves, recalls, receipts.

use crate::act::words;
use crate::document::{DocumentError, Fields, hex, text};
use crate::ids::{Digest, ItemHash, NodeId, StixId};
use crate::json::{Object, Value};
use crate::org::World;
use crate::signed::signable;
use crate::time::Timestamp;

words! {
    /// How urgent (NATO message precedence). The order of variants is the order of sending.
    Precedence {
        /// Before everything, over every live channel.
        Flash = "flash",
        /// Before priority; recalls never travel lower.
        Immediate = "immediate",
        /// Before routine.
        Priority = "priority",
        /// The bulk.
        Routine = "routine",
    }
}

impl Precedence {
    /// 0 for flash to 3 for routine: the byte in frames and stores.
    #[must_use]
    pub fn rank(self) -> u8 {
        match self {
            Self::Flash => 0,
            Self::Immediate => 1,
            Self::Priority => 2,
            Self::Routine => 3,
        }
    }

    /// From that byte.
    #[must_use]
    pub fn from_rank(rank: u8) -> Option<Self> {
        Self::ALL.get(usize::from(rank)).copied()
    }
}

words! {
    /// What a line of a partner's log stands for.
    EntryKind {
        /// An item or rendition released to the partner.
        Release = "release",
        /// A recall of something released before.
        Recall = "recall",
        /// This node's receipt for what the partner released to it.
        Receipt = "receipt",
        /// A document between the two: an agreement, its signature, its suspension.
        Document = "document",
    }
}

impl EntryKind {
    /// The byte in frames and stores.
    #[must_use]
    pub fn byte(self) -> u8 {
        match self {
            Self::Release => 0,
            Self::Recall => 1,
            Self::Receipt => 2,
            Self::Document => 3,
        }
    }

    /// From that byte.
    #[must_use]
    pub fn from_byte(byte: u8) -> Option<Self> {
        Self::ALL.get(usize::from(byte)).copied()
    }
}

/// One line of the log that a node keeps for one partner. Its canonical bytes are the Merkle leaf.
/// The salt keeps a leaf hash from confirming a guess.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogLeaf {
    /// Position in the log, from 0, without gaps; also the release number on the wire.
    pub number: u64,
    /// What it stands for.
    pub kind: EntryKind,
    /// When it became the partner's.
    pub at: Timestamp,
    /// How urgent.
    pub precedence: Precedence,
    /// Item hash of the rendition, or SHA-256 of the recall, receipt or document bytes.
    pub digest: Digest,
    /// Fresh chance.
    pub salt: [u8; 16],
}

impl LogLeaf {
    const DOCUMENT: &str = "log leaf";

    /// The canonical bytes.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        Value::Object(
            Object::new()
                .with("v", 1)
                .with("n", i64::try_from(self.number).unwrap_or(i64::MAX))
                .with("kind", self.kind.as_str())
                .with("at", text(self.at))
                .with("precedence", self.precedence.as_str())
                .with("digest", text(self.digest))
                .with("salt", hex(&self.salt)),
        )
        .canonical()
    }

    /// Read those bytes.
    ///
    /// # Errors
    /// Anything not exactly as [`LogLeaf::to_bytes`] writes it.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, DocumentError> {
        let mut fields = Fields::read(Self::DOCUMENT, bytes)?;
        fields.version(1)?;
        let leaf = Self {
            number: fields.number("n")?,
            kind: EntryKind::from_word(&fields.text("kind")?)
                .ok_or_else(|| fields.refused("kind", "is not known to this node"))?,
            at: fields.parsed("at")?,
            precedence: Precedence::from_word(&fields.text("precedence")?)
                .ok_or_else(|| fields.refused("precedence", "is not known to this node"))?,
            digest: fields.parsed("digest")?,
            salt: fields.hex("salt")?,
        };
        fields.end()?;
        Ok(leaf)
    }
}

words! {
    /// What a recall asks for.
    RecallMode {
        /// Hide it: nobody reads or forwards it, the bytes stay.
        Withdraw = "withdraw",
        /// Erase it: bytes, indexes, full text and write-ahead log; the hash stays as tombstone.
        Destroy = "destroy",
    }
}

/// An order by the originator, or by the releaser for its own rendition, to take an item back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recall {
    /// Operational or exercise.
    pub world: World,
    /// Who recalls.
    pub by: NodeId,
    /// The rendition the recipient got.
    pub item: ItemHash,
    /// Its STIX identifier.
    pub id: StixId,
    /// Its version.
    pub modified: Timestamp,
    /// What is asked.
    pub mode: RecallMode,
    /// Why, for people; at most 500 bytes.
    pub reason: String,
    /// When.
    pub at: Timestamp,
}

impl Recall {
    const DOCUMENT: &str = "recall";

    /// The canonical bytes, signed by the item key under [`crate::Context::Recall`].
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        Value::Object(
            Object::new()
                .with("v", 1)
                .with("document", Self::DOCUMENT)
                .with("world", self.world.as_str())
                .with("by", text(self.by))
                .with("item", text(self.item))
                .with("id", self.id.as_str())
                .with("modified", text(self.modified))
                .with("mode", self.mode.as_str())
                .with("reason", self.reason.as_str())
                .with("at", text(self.at)),
        )
        .canonical()
    }

    /// Read those bytes.
    ///
    /// # Errors
    /// Anything not exactly as [`Recall::to_bytes`] writes it.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, DocumentError> {
        let mut fields = Fields::read(Self::DOCUMENT, bytes)?;
        fields.version(1)?;
        if fields.text("document")? != Self::DOCUMENT {
            return Err(fields.refused("document", "is not `recall`"));
        }
        let recall = Self {
            world: fields.parsed("world")?,
            by: fields.parsed("by")?,
            item: fields.parsed("item")?,
            id: fields.parsed("id")?,
            modified: fields.parsed("modified")?,
            mode: RecallMode::from_word(&fields.text("mode")?)
                .ok_or_else(|| fields.refused("mode", "is not withdraw or destroy"))?,
            reason: fields.text("reason")?,
            at: fields.parsed("at")?,
        };
        if recall.reason.len() > 500 {
            return Err(fields.refused("reason", "is longer than 500 bytes"));
        }
        fields.end()?;
        Ok(recall)
    }
}

signable!(Recall, "recall", Recall);

words! {
    /// What became of one delivered entry at the receiving node. That node's statement, no more.
    Fate {
        /// Admitted and stored; or known before and the same.
        Admitted = "admitted",
        /// Kept apart, with reasons, for its officers to look at.
        Held = "held",
        /// A newer version or fuller rendition was there already.
        Superseded = "superseded",
        /// Recalled before it came, or recalled now: hidden.
        Withdrawn = "withdrawn",
        /// Recalled: erased.
        Destroyed = "destroyed",
        /// A recall of something this node never had; noted, should it still come.
        Noted = "noted",
        /// Refused: it may not come from that node, or is not well-formed.
        Refused = "refused",
    }
}

/// The receiving node's signed statement on entries it was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// Operational or exercise.
    pub world: World,
    /// Who states it.
    pub by: NodeId,
    /// To whom.
    pub to: NodeId,
    /// The sending epoch the entry numbers belong to.
    pub epoch: u64,
    /// When.
    pub at: Timestamp,
    /// Each entry's number, the digest that its leaf names, and its fate.
    pub fates: Vec<(u64, Digest, Fate)>,
}

impl Receipt {
    const DOCUMENT: &str = "receipt";
    /// Most fates in one receipt: in hexadecimal inside its envelope it stays far below the longest
    /// string a node reads.
    pub const FATES_MAX: usize = 1024;

    /// The canonical bytes, signed by the item key under [`crate::Context::Receipt`].
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let fates = self.fates.iter().map(|(number, digest, fate)| {
            Value::Array(vec![
                Value::Int(i64::try_from(*number).unwrap_or(i64::MAX)),
                text(digest),
                fate.as_str().into(),
            ])
        });
        Value::Object(
            Object::new()
                .with("v", 1)
                .with("document", Self::DOCUMENT)
                .with("world", self.world.as_str())
                .with("by", text(self.by))
                .with("to", text(self.to))
                .with("epoch", i64::try_from(self.epoch).unwrap_or(i64::MAX))
                .with("at", text(self.at))
                .with("fates", fates.collect::<Vec<Value>>()),
        )
        .canonical()
    }

    /// Read those bytes.
    ///
    /// # Errors
    /// Anything not exactly as [`Receipt::to_bytes`] writes it.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, DocumentError> {
        let mut fields = Fields::read(Self::DOCUMENT, bytes)?;
        fields.version(1)?;
        if fields.text("document")? != Self::DOCUMENT {
            return Err(fields.refused("document", "is not `receipt`"));
        }
        let listed = fields.list("fates")?;
        if listed.len() > Self::FATES_MAX {
            return Err(fields.refused("fates", "lists more than 1024 entries"));
        }
        let fates = listed
            .iter()
            .map(|entry| {
                fate_from(entry).ok_or_else(|| {
                    fields.refused(
                        "fates",
                        "holds something that is not [number, digest, fate]",
                    )
                })
            })
            .collect::<Result<Vec<_>, _>>()?;
        let receipt = Self {
            world: fields.parsed("world")?,
            by: fields.parsed("by")?,
            to: fields.parsed("to")?,
            epoch: fields.number("epoch")?,
            at: fields.parsed("at")?,
            fates,
        };
        fields.end()?;
        Ok(receipt)
    }
}
signable!(Receipt, "receipt", Receipt);

fn fate_from(entry: &Value) -> Option<(u64, Digest, Fate)> {
    let [number, digest, fate] = entry.as_array()? else {
        return None;
    };
    let number = u64::try_from(number.as_int()?).ok()?;
    Some((
        number,
        digest.as_str()?.parse().ok()?,
        Fate::from_word(fate.as_str()?)?,
    ))
}
