//! One way to build the bytes that are signed, so that no signature can serve two purposes.

use crate::org::World;

/// What a signature is for. The word and its version stand at the head of the signed bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Context {
    /// An item or a rendition of one ([`crate::item::Attribution`]).
    Item,
    /// A manifest of operational keys, by the identity root.
    Manifest,
    /// An agreement, by a party.
    Agreement,
    /// Suspending or resuming an agreement, by a party.
    AgreementState,
    /// A request or approval of an act, by a person.
    Act,
    /// A recall, by the originator or releaser.
    Recall,
    /// A receipt, by the receiving node.
    Receipt,
    /// The start of a sending epoch on a link.
    Epoch,
    /// A pairing confirmation.
    Pairing,
    /// A question to an originator whether its item may be passed on.
    ConsentRequest,
    /// The originator's answer.
    ConsentAnswer,
    /// What a forwarding node tells of the hops behind it.
    HopReport,
    /// A coalition's list of members, by the node that keeps it.
    Membership,
    /// A question of a node that came back from a backup, or a partner's answer to it.
    Recovery,
}

impl Context {
    fn head(self) -> &'static [u8] {
        match self {
            Self::Item => b"noroshi/item/v1\0",
            Self::Manifest => b"noroshi/manifest/v1\0",
            Self::Agreement => b"noroshi/agreement/v1\0",
            Self::AgreementState => b"noroshi/agreement-state/v1\0",
            Self::Act => b"noroshi/act/v1\0",
            Self::Recall => b"noroshi/recall/v1\0",
            Self::Receipt => b"noroshi/receipt/v1\0",
            Self::Epoch => b"noroshi/epoch/v1\0",
            Self::Pairing => b"noroshi/pairing/v1\0",
            Self::ConsentRequest => b"noroshi/consent-request/v1\0",
            Self::ConsentAnswer => b"noroshi/consent-answer/v1\0",
            Self::HopReport => b"noroshi/hop-report/v1\0",
            Self::Membership => b"noroshi/membership/v1\0",
            Self::Recovery => b"noroshi/recovery/v1\0",
        }
    }
}

/// The bytes to sign: context and version, a NUL, the world's byte, then the payload.
#[must_use]
pub fn message(context: Context, world: World, payload: &[u8]) -> Vec<u8> {
    let head = context.head();
    let mut bytes = Vec::with_capacity(head.len() + 1 + payload.len());
    bytes.extend_from_slice(head);
    bytes.push(world.byte());
    bytes.extend_from_slice(payload);
    bytes
}
