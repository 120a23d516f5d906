//! What is asked beside item, recipient, agreements and rules: what for, when, by which road, and
//! with whose consent.

use noroshi_model::{ItemHash, Nation, NodeId, Timestamp};

/// What a road does with what goes over it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Channel {
    /// Does the recipient get a copy to keep (a link, a file, an API), or only look at it?
    pub hands_over_copy: bool,
    /// Is it encrypted on the way?
    pub is_encrypted: bool,
}

impl Channel {
    /// The link between nodes: a copy, encrypted twice over.
    pub const LINK: Self = Self {
        hands_over_copy: true,
        is_encrypted: true,
    };
}

/// An originator's consent that somebody passes its item on. Its signature has been verified
/// before it comes here; the gate checks whether it fits the question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    /// Who gave it.
    pub by: NodeId,
    /// Who may pass the item on by it.
    pub via: NodeId,
    /// Of which nation the giver is.
    pub nation: Nation,
    /// For which item.
    pub item: ItemHash,
    /// To whom it may go.
    pub recipient: NodeId,
    /// What for.
    pub purpose: String,
    /// Until when, exclusive.
    pub until: Timestamp,
}

impl Grant {
    /// Does it allow this node to pass this item on to this recipient at that instant, for some
    /// purpose?
    #[must_use]
    pub fn reaches(
        &self,
        via: &NodeId,
        item: &ItemHash,
        recipient: &NodeId,
        now: Timestamp,
    ) -> bool {
        self.via == *via && self.item == *item && self.recipient == *recipient && now < self.until
    }

    /// The same, for one purpose.
    #[must_use]
    pub fn covers(
        &self,
        via: &NodeId,
        item: &ItemHash,
        recipient: &NodeId,
        purpose: &str,
        now: Timestamp,
    ) -> bool {
        self.purpose == purpose && self.reaches(via, item, recipient, now)
    }
}

/// The question put to the gate.
#[derive(Clone, Copy, Debug)]
pub struct Question<'a> {
    /// What for.
    pub purpose: &'a str,
    /// The instant it would leave.
    pub now: Timestamp,
    /// By which road.
    pub channel: Channel,
    /// Verified consents, of any items: those that do not fit are passed over.
    pub grants: &'a [Grant],
}
