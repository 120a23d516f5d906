//! What every item carries beside its bytes: a head read from them, and who answers for them.

use crate::ids::{ItemHash, KeyId, NodeId, StixId};
use crate::org::World;
use crate::signing::{self, Context};
use crate::time::Timestamp;

/// The few properties of a STIX object that the node itself works with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// The STIX identifier; its `kind()` equals the object's `type`.
    pub id: StixId,
    /// `modified`; where the type has none (marking-definition, SCO), `created`, else 1970.
    pub modified: Timestamp,
    /// `created`, where the object has one.
    pub created: Option<Timestamp>,
    /// `created_by_ref`, where the object has one.
    pub created_by: Option<StixId>,
    /// `revoked`.
    pub revoked: bool,
    /// A short title: `name` or `title`, else an observable's `value`, else `relationship_type`,
    /// else the first line of `content` or `description`, else what the type is about; empty where
    /// there is none. At most 200 bytes, cut at a character.
    pub title: String,
}

/// In which role a node answers for an item.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// It made the object.
    Originator,
    /// It brought in an object that came unsigned (a feed, a file). Never taken for the originator.
    Attestor,
    /// It made this rendition of another item: reduced for a recipient.
    Releaser,
}

impl Role {
    /// The byte that stands in signatures and stores.
    #[must_use]
    pub fn byte(self) -> u8 {
        match self {
            Self::Originator => b'o',
            Self::Attestor => b'a',
            Self::Releaser => b'r',
        }
    }

    /// From that byte.
    #[must_use]
    pub fn from_byte(byte: u8) -> Option<Self> {
        match byte {
            b'o' => Some(Self::Originator),
            b'a' => Some(Self::Attestor),
            b'r' => Some(Self::Releaser),
            _ => None,
        }
    }

    /// The word shown and stored in JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Originator => "originator",
            Self::Attestor => "attestor",
            Self::Releaser => "releaser",
        }
    }
}

/// A node's signed answer for an item: who, in which role, and which markings it ordered on top
/// of those the object itself carries (a source profile's default travels here, signed, so that
/// the recipient sees the same effective marking).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attribution {
    /// In which role.
    pub role: Role,
    /// The node that answers.
    pub node: NodeId,
    /// Its item key.
    pub key: KeyId,
    /// Marking-definition ids ordered by the node, sorted, without repetition, at most 32.
    pub assigned: Vec<StixId>,
    /// Ed25519 over [`Attribution::message`].
    pub signature: [u8; 64],
}

impl Attribution {
    /// Most markings an attribution may order.
    pub const ASSIGNED_MAX: usize = 32;

    /// The bytes an attribution signs:
    /// context, world, role, node, key, item hash, then each assigned marking and a newline.
    #[must_use]
    pub fn message(
        world: World,
        role: Role,
        node: &NodeId,
        key: &KeyId,
        assigned: &[StixId],
        hash: &ItemHash,
    ) -> Vec<u8> {
        let mut payload = Vec::with_capacity(97 + assigned.len() * 60);
        payload.push(role.byte());
        payload.extend_from_slice(node.bytes());
        payload.extend_from_slice(key.bytes());
        payload.extend_from_slice(hash.bytes());
        for marking in assigned {
            payload.extend_from_slice(marking.as_str().as_bytes());
            payload.push(b'\n');
        }
        signing::message(Context::Item, world, &payload)
    }
}
