//! The permit to leave: [`Released`] is made here and nowhere else, and only what carries content
//! in it can be written to a channel.
//!
//! A permit is never stored and cannot be copied: whoever sends asks the gate again.

use noroshi_model::agreement::Agreement;
use noroshi_model::link::EntryKind;
use noroshi_model::{Attribution, ItemHash, Limits, NodeId, StixId};

use crate::decide::{
    AgreementInForce, Decision, Outcome, PeerState, Provenance, Recipient, Rules, decide,
};
use crate::mark::Marked;
use crate::question::Question;
use crate::reason::Reason;
use crate::reduce::reduce;

/// Something the gate has released to one recipient, in this instant.
///
/// ```compile_fail
/// // A permit cannot be made outside the gate: its fields are private.
/// let permit = noroshi_gate::Released { recipient: todo!(), content: () };
/// ```
/// ```compile_fail
/// // A permit cannot be copied: it is spent by sending.
/// fn twice(permit: noroshi_gate::Released<noroshi_gate::Parcel>) -> bool {
///     let copy = permit.clone();
///     copy.recipient() == permit.recipient()
/// }
/// ```
#[derive(Debug)]
pub struct Released<T> {
    recipient: NodeId,
    content: T,
}

impl<T> Released<T> {
    /// To whom.
    #[must_use]
    pub fn recipient(&self) -> &NodeId {
        &self.recipient
    }

    /// What.
    #[must_use]
    pub fn content(&self) -> &T {
        &self.content
    }

    /// Spend the permit.
    #[must_use]
    pub fn into_content(self) -> T {
        self.content
    }
}

/// The bytes of an item as one recipient gets them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rendition {
    /// Canonical bytes.
    pub canonical: Vec<u8>,
    /// Their name.
    pub hash: ItemHash,
    /// The object's id.
    pub id: StixId,
    /// Were properties withheld?
    pub reduced: bool,
    /// Must a second person have approved that they leave?
    pub needs_second_person: bool,
}

/// What a log entry carries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Parcel {
    /// An item or rendition with who answers for it.
    Item {
        /// Canonical bytes.
        canonical: Vec<u8>,
        /// Their name.
        hash: ItemHash,
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
}

impl Parcel {
    /// The bytes that leave.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        match self {
            Self::Item { canonical, .. } => canonical,
            Self::Notice { bytes, .. } => bytes,
        }
    }
}

/// A notice on its way to the gate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Notice {
    /// A recall of something this recipient was sent.
    Recall {
        /// Signed bytes.
        bytes: Vec<u8>,
    },
    /// A receipt for what this recipient sent.
    Receipt {
        /// Signed bytes.
        bytes: Vec<u8>,
    },
    /// A document and whom it concerns.
    Document {
        /// Signed bytes.
        bytes: Vec<u8>,
        /// The parties.
        parties: Vec<NodeId>,
    },
}

impl Notice {
    /// A document on an agreement: for its parties only.
    #[must_use]
    pub fn document(bytes: Vec<u8>, agreement: &Agreement) -> Self {
        let parties = agreement.parties.iter().map(|party| party.node).collect();
        Self::Document { bytes, parties }
    }
}

/// Ask for a permit.
///
/// # Errors
/// The decision, where nothing may leave.
pub fn release(
    item: &Marked,
    provenance: &Provenance,
    to: &Recipient,
    agreements: &[AgreementInForce<'_>],
    rules: &Rules,
    question: &Question<'_>,
) -> Result<Released<Rendition>, Box<Decision>> {
    let (rendition, decision) = resolve(item, provenance, to, agreements, rules, question);
    match rendition {
        Some(content) => Ok(Released {
            recipient: to.node,
            content,
        }),
        None => Err(Box::new(decision)),
    }
}

/// What the gate would answer: the decision, and the name of the bytes that would leave.
#[must_use]
pub fn preview(
    item: &Marked,
    provenance: &Provenance,
    to: &Recipient,
    agreements: &[AgreementInForce<'_>],
    rules: &Rules,
    question: &Question<'_>,
) -> (Option<ItemHash>, Decision) {
    let (rendition, decision) = resolve(item, provenance, to, agreements, rules, question);
    (rendition.map(|rendition| rendition.hash), decision)
}

fn resolve(
    item: &Marked,
    provenance: &Provenance,
    to: &Recipient,
    agreements: &[AgreementInForce<'_>],
    rules: &Rules,
    question: &Question<'_>,
) -> (Option<Rendition>, Decision) {
    let mut decision = decide(item, provenance, to, agreements, rules, question);
    let valid = item.valid();
    let id = valid.head().id.clone();
    match decision.outcome {
        Outcome::Refer | Outcome::Deny => (None, decision),
        Outcome::Release => {
            let canonical = valid.canonical().to_vec();
            (
                Some(Rendition {
                    canonical,
                    hash: valid.hash(),
                    id,
                    reduced: false,
                    needs_second_person: decision.needs_second_person,
                }),
                decision,
            )
        }
        Outcome::Reduced => {
            let reduced = reduce(valid.object(), &decision.withheld);
            match noroshi_formats::check(reduced.into(), &Limits::DEFAULT) {
                Ok((left, _)) => {
                    let canonical = left.canonical().to_vec();
                    (
                        Some(Rendition {
                            canonical,
                            hash: left.hash(),
                            id,
                            reduced: true,
                            needs_second_person: decision.needs_second_person,
                        }),
                        decision,
                    )
                }
                Err(error) => {
                    let reason = match &error {
                        noroshi_formats::ReadError::Property { property, .. } => {
                            Reason::RequiredWithheld {
                                property: property.clone(),
                            }
                        }
                        other => Reason::ReductionInvalid {
                            problem: other.to_string(),
                        },
                    };
                    decision = Decision {
                        withheld: decision.withheld,
                        ..Decision::stays(Outcome::Deny, vec![reason])
                    };
                    (None, decision)
                }
            }
        }
    }
}

impl Released<Rendition> {
    /// The rendition with the signature that goes with it.
    #[must_use]
    pub fn with_attribution(self, attribution: Attribution) -> Released<Parcel> {
        let Rendition {
            canonical, hash, ..
        } = self.content;
        let content = Parcel::Item {
            canonical,
            hash,
            attribution,
        };
        Released {
            recipient: self.recipient,
            content,
        }
    }
}

/// Ask for a permit for a notice: only to a confirmed peer of this world, and a document only to
/// its parties. A recall and a receipt name nothing that the recipient was not sent or did not
/// send itself.
///
/// # Errors
/// Why not.
pub fn release_notice(
    notice: Notice,
    to: &Recipient,
    rules: &Rules,
) -> Result<Released<Parcel>, Reason> {
    if to.world != rules.world {
        return Err(Reason::OtherWorld {});
    }
    match to.state {
        PeerState::Confirmed => {}
        PeerState::Pending => {
            return Err(Reason::PeerNotConfirmed {
                state: "pending".into(),
            });
        }
        PeerState::Removed => {
            return Err(Reason::PeerNotConfirmed {
                state: "removed".into(),
            });
        }
    }
    let (kind, bytes) = match notice {
        Notice::Recall { bytes } => (EntryKind::Recall, bytes),
        Notice::Receipt { bytes } => (EntryKind::Receipt, bytes),
        Notice::Document { parties, .. } if !parties.contains(&to.node) => {
            return Err(Reason::NotAParty {});
        }
        Notice::Document { bytes, .. } => (EntryKind::Document, bytes),
    };
    Ok(Released {
        recipient: to.node,
        content: Parcel::Notice { kind, bytes },
    })
}
