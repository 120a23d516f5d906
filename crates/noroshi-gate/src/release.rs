//! The permit to leave: [`Released`] is made here and nowhere else, and only what carries content
//! in it can be written to a channel.
//!
//! A permit is never stored and cannot be copied: whoever sends asks the gate again.

use noroshi_formats::ontology::fallback;
use noroshi_formats::{ReadError, Valid};
use noroshi_model::agreement::Agreement;
use noroshi_model::link::EntryKind;
use noroshi_model::{Attribution, ItemHash, Limits, NodeId, StixId};

use crate::decide::{AgreementInForce, Decision, Outcome, Provenance, Recipient, Rules};
use crate::gate::{Gate, not_confirmed};
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
    /// Are they other bytes than the item's: without what was withheld, or its fallback?
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

impl Gate<'_> {
    /// Ask for a permit.
    ///
    /// # Errors
    /// The decision, where nothing may leave.
    pub fn release(
        &mut self,
        item: &Marked,
        provenance: &Provenance,
    ) -> Result<Released<Rendition>, Box<Decision>> {
        let decision = self.decide(item, provenance);
        match leaving(item, &decision) {
            Some(Ok(left)) => Ok(Released {
                recipient: self.recipient().node,
                content: rendition(left.as_ref().unwrap_or(item.valid()), &decision),
            }),
            Some(Err(reason)) => Err(Box::new(denied(decision, reason))),
            None => Err(Box::new(decision)),
        }
    }

    /// What the gate would answer: the decision, and the name of the bytes that would leave.
    #[must_use]
    pub fn preview(
        &mut self,
        item: &Marked,
        provenance: &Provenance,
    ) -> (Option<ItemHash>, Decision) {
        let (outgoing, decision) = self.outgoing(item, provenance);
        (outgoing.map(|outgoing| outgoing.hash()), decision)
    }

    /// The same with the object as it would leave, for people to look at. It is no permit.
    #[must_use]
    pub fn outgoing<'i>(
        &mut self,
        item: &'i Marked,
        provenance: &Provenance,
    ) -> (Option<Outgoing<'i>>, Decision) {
        let decision = self.decide(item, provenance);
        match leaving(item, &decision) {
            Some(Ok(None)) => (Some(Outgoing::Whole(item.valid())), decision),
            Some(Ok(Some(left))) => (Some(Outgoing::Reduced(Box::new(left))), decision),
            Some(Err(reason)) => (None, denied(decision, reason)),
            None => (None, decision),
        }
    }
}

/// An object as it would leave.
#[derive(Clone, Debug)]
pub enum Outgoing<'i> {
    /// The item as it is.
    Whole(&'i Valid),
    /// Without what is withheld, or what stands for it.
    Reduced(Box<Valid>),
}

impl Outgoing<'_> {
    /// The object.
    #[must_use]
    pub fn valid(&self) -> &Valid {
        match self {
            Self::Whole(valid) => valid,
            Self::Reduced(valid) => valid,
        }
    }

    /// The name of its bytes.
    #[must_use]
    pub fn hash(&self) -> ItemHash {
        self.valid().hash()
    }
}

/// [`Gate::release`] for one question alone.
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
    let gate = Gate::new(to, agreements, rules, question);
    gate.forgetful().release(item, provenance)
}

/// [`Gate::preview`] for one question alone.
#[must_use]
pub fn preview(
    item: &Marked,
    provenance: &Provenance,
    to: &Recipient,
    agreements: &[AgreementInForce<'_>],
    rules: &Rules,
    question: &Question<'_>,
) -> (Option<ItemHash>, Decision) {
    let gate = Gate::new(to, agreements, rules, question);
    gate.forgetful().preview(item, provenance)
}

/// What leaves by a decision: `None` nothing; the reduced object, or nothing in its place for the
/// item as it is; or why what could be released is no object.
fn leaving(item: &Marked, decision: &Decision) -> Option<Result<Option<Valid>, Reason>> {
    match decision.outcome {
        Outcome::Refer | Outcome::Deny => None,
        Outcome::Release => Some(Ok(None)),
        Outcome::Reduced => Some(reduced(item, decision).map(Some)),
    }
}

fn rendition(leaving: &Valid, decision: &Decision) -> Rendition {
    Rendition {
        canonical: leaving.canonical().to_vec(),
        hash: leaving.hash(),
        id: leaving.head().id.clone(),
        reduced: decision.outcome == Outcome::Reduced,
        needs_second_person: decision.needs_second_person,
    }
}

fn reduced(item: &Marked, decision: &Decision) -> Result<Valid, Reason> {
    let left = reduce(item.valid().object(), &decision.withheld);
    let left = match noroshi_formats::check(left.into(), &Limits::DEFAULT) {
        Ok((left, _)) => left,
        Err(ReadError::Property { property, .. }) => {
            return Err(Reason::RequiredWithheld { property });
        }
        Err(other) => return Err(invalid(&other)),
    };
    if !decision.in_fallback {
        return Ok(left);
    }
    let stand_in = fallback(&left, &[], &Limits::DEFAULT).map_err(|error| invalid(&error))?;
    Ok(stand_in.unwrap_or(left))
}

fn invalid(error: &ReadError) -> Reason {
    let problem = error.to_string();
    Reason::ReductionInvalid { problem }
}

fn denied(decision: Decision, reason: Reason) -> Decision {
    Decision {
        withheld: decision.withheld,
        ..Decision::stays(Outcome::Deny, vec![reason])
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
    if let Some(reason) = not_confirmed(to.state) {
        return Err(reason);
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decide::Withheld;

    #[test]
    fn what_stays_because_too_little_is_left_says_which_places_would_have_gone() {
        let withheld = vec![Withheld {
            selector: "result".parse().expect("a place"),
            reasons: vec![Reason::NoAgreement {}],
        }];
        let reduced = Decision {
            withheld: withheld.clone(),
            in_fallback: true,
            ..Decision::stays(Outcome::Reduced, Vec::new())
        };
        let reason = Reason::RequiredWithheld {
            property: "result".to_owned(),
        };
        let stays = denied(reduced, reason.clone());
        assert_eq!(stays.outcome, Outcome::Deny);
        assert_eq!((stays.withheld, stays.reasons), (withheld, vec![reason]));
        assert!(!stays.in_fallback && stays.basis.is_none());
    }
}
