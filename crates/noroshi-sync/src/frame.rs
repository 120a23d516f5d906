//! Frames and records, version 1: self-contained, in any order, any number of times, over any road.
//!
//! ```text
//! frame  = version 1 | kind 1 | world 1 | link 8 | epoch 8 | counter 8 | body
//! kind   = 0 announce: body is a signed announcement, not sealed
//!          1 sealed:   body is AEAD(records), header as associated data, counter as nonce
//! record = postcard of `Record`
//! ```

use noroshi_model::document::{DocumentError, Fields, hex, text};
use noroshi_model::json::{Object, Value};
use noroshi_model::link::EntryKind;
use noroshi_model::{Attribution, Digest, ItemHash, KeyId, NodeId, Role, Timestamp, World};
use noroshi_seal::sealing::FrameKey;
use serde::{Deserialize, Serialize};

use crate::ranges::Ranges;

#[cfg(test)]
mod tests;

/// Bytes before a frame's body.
pub const HEADER_BYTES: usize = 27;
const VERSION: u8 = 1;
const ANNOUNCE: u8 = 0;
const SEALED: u8 = 1;
/// Largest announcement, in bytes: a manifest and an encapsulation, both in hexadecimal.
const ANNOUNCEMENT_BYTES_MAX: usize = 512 * 1024;

/// Most records in one frame: entries, acknowledgement, checkpoint.
const RECORDS_MAX: u64 = 4096;

/// Why a frame is refused. Nothing of it is used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    /// Shorter than a header, or of another version.
    #[error("the frame is truncated or of another version")]
    Header,
    /// Longer than this side takes.
    #[error("the frame has {0} bytes, more than this side takes")]
    TooLong(usize),
    /// From an exercise to operations or the other way.
    #[error("the frame is of the other world")]
    OtherWorld,
    /// For another pair of nodes, or sent back to its sender.
    #[error("the frame belongs to another link")]
    OtherLink,
    /// Sealed under an epoch that is not the peer's current one.
    #[error("the frame is of epoch {given}; the current one is {current}")]
    OtherEpoch {
        /// Of the frame.
        given: u64,
        /// The peer's current epoch here; 0 before the first.
        current: u64,
    },
    /// It does not open: another key, or a changed byte.
    #[error("the frame does not open: it was changed, or sealed with another key")]
    Seal,
    /// It opens, but its records are not well-formed: the peer is at fault.
    #[error("the frame's records are not well-formed: {0}")]
    Records(&'static str),
    /// The announcement cannot be read.
    #[error("the announcement is not well-formed: {0}")]
    Announcement(#[from] DocumentError),
    /// The peer went back to an earlier epoch.
    #[error("the peer announces epoch {given} after {current}: it was rolled back")]
    EpochRolledBack {
        /// Announced.
        given: u64,
        /// Highest before.
        current: u64,
    },
    /// Two announcements under one number.
    #[error("the peer announces epoch {0} a second time with another key: it was cloned")]
    EpochForked(u64),
    /// A number that no honest life of the peer can have come to.
    #[error("the peer announces epoch {given}, which is further ahead than its time: above {most}")]
    EpochAhead {
        /// Announced.
        given: u64,
        /// Highest that is taken now.
        most: u64,
    },
}

/// A frame's header, read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Header {
    pub(crate) is_sealed: bool,
    pub(crate) world: World,
    pub(crate) link: [u8; 8],
    pub(crate) epoch: u64,
    pub(crate) counter: u64,
}

impl Header {
    pub(crate) fn to_bytes(self) -> [u8; HEADER_BYTES] {
        let mut bytes = [0; HEADER_BYTES];
        bytes[0] = VERSION;
        bytes[1] = if self.is_sealed { SEALED } else { ANNOUNCE };
        bytes[2] = self.world.byte();
        bytes[3..11].copy_from_slice(&self.link);
        bytes[11..19].copy_from_slice(&self.epoch.to_be_bytes());
        bytes[19..].copy_from_slice(&self.counter.to_be_bytes());
        bytes
    }

    pub(crate) fn read(frame: &[u8]) -> Result<(Self, &[u8]), FrameError> {
        let (head, body) = frame
            .split_first_chunk::<HEADER_BYTES>()
            .ok_or(FrameError::Header)?;
        let is_sealed = match (head[0], head[1]) {
            (VERSION, ANNOUNCE) => false,
            (VERSION, SEALED) => true,
            _ => return Err(FrameError::Header),
        };
        let eight = |from: usize| {
            let mut bytes = [0; 8];
            bytes.copy_from_slice(&head[from..from + 8]);
            bytes
        };
        let header = Self {
            is_sealed,
            world: World::from_byte(head[2]).ok_or(FrameError::Header)?,
            link: eight(3),
            epoch: u64::from_be_bytes(eight(11)),
            counter: u64::from_be_bytes(eight(19)),
        };
        Ok((header, body))
    }
}

/// The name of a direction between two nodes: a frame sent back to its sender does not fit.
#[must_use]
pub fn link_id(from: &NodeId, to: &NodeId) -> [u8; 8] {
    let digest = Digest::of_parts(&[b"noroshi/link/v1\0", from.bytes(), to.bytes()]).0;
    let mut id = [0; 8];
    id.copy_from_slice(&digest[..8]);
    id
}

/// The start of a sending epoch: signed by the sender's item key under
/// [`noroshi_model::Context::Epoch`] over [`Announcement::payload`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Announcement {
    /// Operational or exercise.
    pub world: World,
    /// Who will send.
    pub from: NodeId,
    /// To whom.
    pub to: NodeId,
    /// The epoch's number; strictly rising.
    pub epoch: u64,
    /// When it began.
    pub at: Timestamp,
    /// The sender's manifest, so that a rotated key is known before it is used.
    pub manifest: Vec<u8>,
    /// The root's signature over it.
    pub manifest_signature: [u8; 64],
    /// For the recipient's sealing key of this id.
    pub sealing_key: KeyId,
    /// The epoch's key, encapsulated.
    pub encapsulation: Vec<u8>,
    /// The sender's item key.
    pub key: KeyId,
    /// By that key.
    pub signature: [u8; 64],
}

impl Announcement {
    const DOCUMENT: &str = "epoch announcement";

    fn body(&self) -> Object {
        Object::new()
            .with("v", 1)
            .with("document", Self::DOCUMENT)
            .with("world", self.world.as_str())
            .with("from", text(self.from))
            .with("to", text(self.to))
            .with("epoch", i64::try_from(self.epoch).unwrap_or(i64::MAX))
            .with("at", text(self.at))
            .with("manifest", hex(&self.manifest))
            .with("manifest_signature", hex(&self.manifest_signature))
            .with("sealing_key", text(self.sealing_key))
            .with("encapsulation", hex(&self.encapsulation))
            .with("key", text(self.key))
    }

    /// What is signed: everything but the signature.
    #[must_use]
    pub fn payload(&self) -> Vec<u8> {
        Value::Object(self.body()).canonical()
    }

    /// What the epoch's key is bound to beside the key exchange itself.
    #[must_use]
    pub fn key_context(world: World, from: &NodeId, to: &NodeId, epoch: u64) -> Vec<u8> {
        [
            &[world.byte()][..],
            from.bytes(),
            to.bytes(),
            &epoch.to_be_bytes(),
        ]
        .concat()
    }

    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        Value::Object(self.body().with("signature", hex(&self.signature))).canonical()
    }

    pub(crate) fn from_bytes(bytes: &[u8]) -> Result<Self, FrameError> {
        if bytes.len() > ANNOUNCEMENT_BYTES_MAX {
            return Err(FrameError::TooLong(bytes.len()));
        }
        let mut fields = Fields::read(Self::DOCUMENT, bytes)?;
        fields.version(1)?;
        if fields.text("document")? != Self::DOCUMENT {
            return Err(fields
                .refused("document", "is not `epoch announcement`")
                .into());
        }
        let unhex = |fields: &mut Fields, field: &str| {
            let digits = fields.text(field)?;
            noroshi_model::document::unhex(&digits)
                .ok_or_else(|| fields.refused(field, "is not hexadecimal"))
        };
        let announcement = Self {
            world: fields.parsed("world")?,
            from: fields.parsed("from")?,
            to: fields.parsed("to")?,
            epoch: fields.number("epoch")?,
            at: fields.parsed("at")?,
            manifest: unhex(&mut fields, "manifest")?,
            manifest_signature: fields.hex("manifest_signature")?,
            sealing_key: fields.parsed("sealing_key")?,
            encapsulation: unhex(&mut fields, "encapsulation")?,
            key: fields.parsed("key")?,
            signature: fields.hex("signature")?,
        };
        fields.end()?;
        Ok(announcement)
    }
}

/// What an entry brings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Payload {
    /// An item or rendition.
    Item {
        /// Canonical bytes.
        canonical: Vec<u8>,
        /// Who answers for it.
        attribution: Attribution,
    },
    /// A signed recall, receipt or document.
    Notice {
        /// Which.
        kind: EntryKind,
        /// Its bytes.
        bytes: Vec<u8>,
    },
    /// Voided before it left: only its place in the log remains.
    Void {
        /// The leaf's hash.
        leaf_hash: [u8; 32],
    },
}

/// One record inside a sealed frame. The order of variants is the wire format: new ones go last.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Record {
    /// An item with its log leaf.
    Item {
        leaf: Vec<u8>,
        canonical: Vec<u8>,
        attribution: WireAttribution,
    },
    /// A recall, receipt or document with its log leaf.
    Notice {
        leaf: Vec<u8>,
        kind: u8,
        bytes: Vec<u8>,
    },
    /// A voided entry.
    Void { number: u64, leaf_hash: [u8; 32] },
    /// What of the other side's log is applied here, by an epoch's number alone. Not written any
    /// more, and not believed: two lives of a node may begin an epoch under one number.
    Ack { epoch: u64, applied: Ranges },
    /// The signed checkpoint of the sender's log for this peer.
    Checkpoint { note: String },
    /// The sender does not know the recipient's epoch: announce it again.
    NeedAnnouncement,
    /// What of the other side's log is applied here, told to the very epoch that the announcement
    /// of this digest began.
    Applied {
        epoch: u64,
        announcement: [u8; 32],
        applied: Ranges,
    },
    /// A checkpoint of the recipient's own log with the sender's cosignature. Only ever an answer
    /// to a checkpoint that asks for it: a node that does not know this record never gets one.
    Cosigned { note: String },
}

/// An attribution on the wire.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct WireAttribution {
    role: u8,
    node: [u8; 32],
    key: [u8; 32],
    #[serde(deserialize_with = "few")]
    assigned: Vec<String>,
    signature: Vec<u8>,
}

impl WireAttribution {
    pub(crate) fn of(attribution: &Attribution) -> Self {
        Self {
            role: attribution.role.byte(),
            node: *attribution.node.bytes(),
            key: *attribution.key.bytes(),
            assigned: attribution
                .assigned
                .iter()
                .map(ToString::to_string)
                .collect(),
            signature: attribution.signature.to_vec(),
        }
    }

    pub(crate) fn read(self) -> Result<Attribution, FrameError> {
        let wrong = FrameError::Records("an attribution");
        let assigned = self
            .assigned
            .iter()
            .map(|id| id.parse())
            .collect::<Result<Vec<_>, _>>();
        let assigned: Vec<noroshi_model::StixId> = assigned.map_err(|_| wrong.clone())?;
        let ordered = assigned.windows(2).all(|two| two[0] < two[1]);
        if !ordered || assigned.len() > Attribution::ASSIGNED_MAX {
            return Err(wrong);
        }
        Ok(Attribution {
            role: Role::from_byte(self.role).ok_or(wrong.clone())?,
            node: NodeId::from_bytes(self.node),
            key: KeyId::from_bytes(self.key),
            assigned,
            signature: self.signature.try_into().map_err(|_| wrong)?,
        })
    }
}

/// Seal records into a frame.
pub(crate) fn seal(
    header: Header,
    records: &[Record],
    key: &FrameKey,
) -> Result<Vec<u8>, noroshi_seal::CryptoError> {
    let plaintext =
        postcard::to_allocvec(records).expect("invariant: records can always be written");
    let head = header.to_bytes();
    let sealed = key.seal(header.counter, &head, plaintext)?;
    Ok([&head[..], &sealed].concat())
}

/// Open a sealed frame's body.
pub(crate) fn open(header: Header, body: &[u8], key: &FrameKey) -> Result<Vec<Record>, FrameError> {
    let plaintext = key
        .open(header.counter, &header.to_bytes(), body)
        .map_err(|_| FrameError::Seal)?;
    let wrong = |_| FrameError::Records("the encoding");
    // One by one and counted: a record of one byte takes a hundred and seventy in memory.
    let (count, mut rest) = postcard::take_from_bytes::<u64>(&plaintext).map_err(wrong)?;
    if count > RECORDS_MAX {
        return Err(FrameError::Records("their number"));
    }
    let mut records = Vec::new();
    for _ in 0..count {
        let (record, left) = postcard::take_from_bytes(rest).map_err(wrong)?;
        records.push(record);
        rest = left;
    }
    if rest.is_empty() {
        Ok(records)
    } else {
        Err(FrameError::Records("what stands behind them"))
    }
}

/// A list of at most as many texts as an attribution may order; longer ones are not even read.
fn few<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    struct Few;
    impl<'de> serde::de::Visitor<'de> for Few {
        type Value = Vec<String>;

        fn expecting(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
            write!(f, "at most {} markings", Attribution::ASSIGNED_MAX)
        }

        fn visit_seq<A: serde::de::SeqAccess<'de>>(
            self,
            mut given: A,
        ) -> Result<Self::Value, A::Error> {
            let mut texts = Vec::new();
            while let Some(text) = given.next_element()? {
                if texts.len() == Attribution::ASSIGNED_MAX {
                    return Err(serde::de::Error::custom(
                        "more markings than an item may have",
                    ));
                }
                texts.push(text);
            }
            Ok(texts)
        }
    }
    deserializer.deserialize_seq(Few)
}

/// The name of the content of an item record.
pub(crate) fn content_digest(payload: &Payload) -> Option<Digest> {
    match payload {
        Payload::Item { canonical, .. } => Some(ItemHash(Digest::of(canonical)).0),
        Payload::Notice { bytes, .. } => Some(Digest::of(bytes)),
        Payload::Void { .. } => None,
    }
}

/// Frames one after the other, each with its length in four bytes before it: a body for HTTPS, a
/// file, a message.
#[must_use]
pub fn join_frames(frames: &[Vec<u8>]) -> Vec<u8> {
    let mut body = Vec::with_capacity(frames.iter().map(|frame| frame.len() + 4).sum());
    for frame in frames {
        let length = u32::try_from(frame.len()).unwrap_or(u32::MAX);
        body.extend_from_slice(&length.to_be_bytes());
        body.extend_from_slice(frame);
    }
    body
}

/// The announcement that a body begins with, if it does. Nothing of it is checked.
#[must_use]
pub fn announced_in(body: &[u8]) -> Option<Announcement> {
    let (length, rest) = body.split_first_chunk::<4>()?;
    let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
    let (header, body) = Header::read(rest.get(..length)?).ok()?;
    let announcement = (!header.is_sealed).then(|| Announcement::from_bytes(body))?;
    announcement.ok()
}

/// Take such a body apart; a truncated end still yields every whole frame before it.
#[must_use]
pub fn split_frames(mut body: &[u8]) -> Vec<&[u8]> {
    let mut frames = Vec::new();
    while let Some((length, rest)) = body.split_first_chunk::<4>() {
        let length = usize::try_from(u32::from_be_bytes(*length)).unwrap_or(usize::MAX);
        let Some((frame, rest)) = rest.split_at_checked(length) else {
            break;
        };
        frames.push(frame);
        body = rest;
    }
    frames
}
