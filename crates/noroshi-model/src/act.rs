//! Acts: everything a person orders that needs a name under it, most of it two names.
//!
//! An act's canonical bytes are what both persons sign ([`crate::Context::Act`]). The gate decides
//! whether the signatures suffice; the node carries the act out with its ledger line.

use crate::document::{DocumentError, Fields, hex, text};
use crate::ids::{ActId, Digest, KeyId, PersonId};
use crate::json::{Object, Value};
use crate::org::World;
use crate::time::Timestamp;

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $word:literal,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum $name { $($(#[$vdoc])* $variant,)* }
        impl $name {
            /// Every one, in order.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];
            /// The word used in files and ledgers.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word,)* }
            }
            /// From that word.
            #[must_use]
            pub fn from_word(word: &str) -> Option<Self> {
                match word { $($word => Some(Self::$variant),)* _ => None }
            }
        }
    };
}
pub(crate) use words;

words! {
    /// What an act orders.
    ActKind {
        /// Release a plan to its recipients; subject: plan digest, recipients, purpose.
        Release = "release",
        /// Recall an item; subject: item, mode, reason.
        Recall = "recall",
        /// Make a version of an item for release, with a marking of its own; subject: both items.
        TearlineMake = "tearline.make",
        /// Draw up or accept an agreement; subject: its item hash.
        AgreementSign = "agreement.sign",
        /// Suspend an agreement, alone and at once.
        AgreementSuspend = "agreement.suspend",
        /// Resume an agreement this node suspended.
        AgreementResume = "agreement.resume",
        /// Set a source profile.
        ProfileSet = "profile.set",
        /// Set a rule of the node, such as above which marking a second person is needed.
        RuleSet = "rule.set",
        /// Set a coalition's list of members; subject: the list. One that only narrows needs one
        /// person.
        CoalitionSet = "coalition.set",
        /// Add a person.
        PersonAdd = "person.add",
        /// Revoke a person, alone and at once.
        PersonRevoke = "person.revoke",
        /// Set what a person is there for.
        PersonDuties = "person.duties",
        /// Confirm a peer's fingerprint.
        PeerConfirm = "peer.confirm",
        /// End a peering, alone and at once.
        PeerRemove = "peer.remove",
        /// Replace an operational key.
        KeyRotate = "key.rotate",
        /// Revoke an operational key.
        KeyRevoke = "key.revoke",
        /// Admit an item that lowers the marking of its earlier version.
        MarkingLower = "marking.lower",
        /// Erase a held item; subject: item, reason.
        HeldDiscard = "held.discard",
        /// Ask an originator whether its item may be passed on.
        ConsentRequest = "consent.request",
        /// Agree that a partner passes this node's item on.
        ConsentGrant = "consent.grant",
        /// Refuse that.
        ConsentDecline = "consent.decline",
        /// Take back what was agreed, alone and at once.
        ConsentWithdraw = "consent.withdraw",
        /// Set the members of a private circle.
        CircleSet = "circle.set",
        /// Make items of the warning desk; subject: what for, and the items.
        WarningMake = "warning.make",
        /// Let an organisation or tool without a node read by TAXII, under an arrangement.
        ClientSet = "client.set",
        /// End that, alone and at once.
        ClientRemove = "client.remove",
        /// Set a collection of a client.
        CollectionSet = "collection.set",
        /// End a collection, alone and at once.
        CollectionRemove = "collection.remove",
        /// Give a client a credential for some of its collections.
        TokenSet = "token.set",
        /// Revoke a credential, alone and at once.
        TokenRevoke = "token.revoke",
        /// Set a channel to somebody's server: what comes from there, or goes there.
        ChannelSet = "channel.set",
        /// Ask a channel no more, alone and at once.
        ChannelPause = "channel.pause",
        /// Ask it again.
        ChannelResume = "channel.resume",
        /// End a channel, alone and at once.
        ChannelRemove = "channel.remove",
    }
}

impl ActKind {
    /// Must a second person approve, whatever the subject? A release and a recall depend on more
    /// (the gate says); what only closes a door needs one person, so that it is never late.
    #[must_use]
    pub fn always_needs_two(self) -> bool {
        match self {
            Self::AgreementSign
            | Self::AgreementResume
            | Self::ProfileSet
            | Self::RuleSet
            | Self::PersonAdd
            | Self::PersonDuties
            | Self::KeyRotate
            | Self::KeyRevoke
            | Self::MarkingLower
            | Self::TearlineMake
            | Self::ConsentGrant
            | Self::ConsentDecline
            | Self::CircleSet
            | Self::ClientSet
            | Self::CollectionSet
            | Self::ChannelSet
            | Self::ChannelResume => true,
            Self::Release
            | Self::Recall
            | Self::AgreementSuspend
            | Self::ConsentRequest
            | Self::ConsentWithdraw
            | Self::PersonRevoke
            | Self::CoalitionSet
            | Self::PeerConfirm
            | Self::PeerRemove
            | Self::HeldDiscard
            | Self::WarningMake
            | Self::ClientRemove
            | Self::CollectionRemove
            | Self::TokenSet
            | Self::TokenRevoke
            | Self::ChannelPause
            | Self::ChannelRemove => false,
        }
    }
}

/// An order, before or after it is signed.
#[derive(Clone, Debug, PartialEq)]
pub struct Act {
    /// Operational or exercise.
    pub world: World,
    /// What is ordered.
    pub kind: ActKind,
    /// Its particulars; for a release the digest of the exact outgoing bytes, recipients, purpose.
    pub subject: Object,
    /// Who asks.
    pub requester: PersonId,
    /// When.
    pub at: Timestamp,
    /// After this nobody can approve it any more.
    pub expires: Timestamp,
    /// Makes every act one of its own, so that no approval serves twice.
    pub nonce: [u8; 16],
}

/// One person's signature under an act.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endorsement {
    /// Who.
    pub person: PersonId,
    /// With which key.
    pub key: KeyId,
    /// When, by the node's clock.
    pub at: Timestamp,
    /// Ed25519 over [`Act::endorsed_payload`].
    pub signature: [u8; 64],
}

impl Act {
    const DOCUMENT: &str = "act";

    /// The act's name.
    #[must_use]
    pub fn id(&self) -> ActId {
        ActId(Digest::of(&self.to_bytes()))
    }

    /// What a person signs under [`crate::Context::Act`]: `request` or `approve`, the person, the
    /// act's name. The name covers every byte of the act.
    #[must_use]
    pub fn endorsed_payload(id: &ActId, person: &PersonId, is_requester: bool) -> Vec<u8> {
        let word: &[u8] = if is_requester {
            b"request\0"
        } else {
            b"approve\0"
        };
        [word, person.as_str().as_bytes(), b"\0", id.bytes()].concat()
    }

    /// The canonical bytes.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        Value::Object(
            Object::new()
                .with("v", 1)
                .with("document", Self::DOCUMENT)
                .with("world", self.world.as_str())
                .with("kind", self.kind.as_str())
                .with("subject", self.subject.clone())
                .with("requester", self.requester.as_str())
                .with("at", text(self.at))
                .with("expires", text(self.expires))
                .with("nonce", hex(&self.nonce)),
        )
        .canonical()
    }

    /// Read those bytes.
    ///
    /// # Errors
    /// Anything not exactly as [`Act::to_bytes`] writes it.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, DocumentError> {
        let mut fields = Fields::read(Self::DOCUMENT, bytes)?;
        fields.version(1)?;
        if fields.text("document")? != Self::DOCUMENT {
            return Err(fields.refused("document", "is not `act`"));
        }
        let kind = ActKind::from_word(&fields.text("kind")?)
            .ok_or_else(|| fields.refused("kind", "is not an act this node knows"))?;
        let Value::Object(subject) = fields.value("subject")? else {
            return Err(fields.refused("subject", "is no object"));
        };
        let act = Self {
            world: fields.parsed("world")?,
            kind,
            subject,
            requester: fields.parsed("requester")?,
            at: fields.parsed("at")?,
            expires: fields.parsed("expires")?,
            nonce: fields.hex("nonce")?,
        };
        fields.end()?;
        Ok(act)
    }
}
