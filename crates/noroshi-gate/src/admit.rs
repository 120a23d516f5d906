//! May this object into the store, or is it held apart until somebody decides?

use noroshi_model::{Attribution, NodeId, Role, Timestamp, World};

use crate::acts::Approved;
use crate::consent::{self, Passage, may_pass_on};
use crate::decide::{AgreementInForce, Recipient, Rules};
use crate::gate::{Closed, not_confirmed};
use crate::label::Label;
use crate::mark::Marked;
use crate::question::{Channel, Grant};
use crate::reason::Reason;
use crate::terms;

/// How an object came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Via<'a> {
    /// Brought in here; as this organisation's own work, or another's.
    Import {
        /// Own work?
        own: bool,
    },
    /// From a peer, with who answers for it. Its signature has been checked.
    Peer {
        /// The sender.
        sender: &'a Recipient,
        /// Who answers.
        attribution: &'a Attribution,
    },
}

/// What is known of the version this object would follow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Previous {
    /// Its time.
    pub modified: Timestamp,
    /// Its marking.
    pub label: Label,
    /// Who answers for it.
    pub answered_by: Option<NodeId>,
    /// In which role.
    pub role: Option<Role>,
}

/// Everything an admission rests on beside the object.
#[derive(Clone, Debug)]
pub struct AdmitContext<'a> {
    /// The admitting node's rules.
    pub rules: &'a Rules,
    /// The world the object was signed in.
    pub world: World,
    /// How it came.
    pub via: Via<'a>,
    /// The version before it.
    pub previous: Option<Previous>,
    /// The agreements with their standing.
    pub agreements: &'a [AgreementInForce<'a>],
    /// The instant it comes in.
    pub now: Timestamp,
    /// Verified consents of originators to what others pass on, of any items.
    pub grants: &'a [Grant],
}

/// May be stored and worked with.
#[derive(Debug, PartialEq)]
pub struct Admitted {
    marked: Marked,
}

impl Admitted {
    /// The object with its marking.
    #[must_use]
    pub fn marked(&self) -> &Marked {
        &self.marked
    }

    /// Give the object back, with its marking: it is recorded.
    #[must_use]
    pub fn into_marked(self) -> Marked {
        self.marked
    }
}

/// Must be kept apart, with the reasons.
#[derive(Debug, PartialEq)]
pub struct Held {
    marked: Marked,
    // INVARIANT: not empty.
    reasons: Vec<Reason>,
}

impl Held {
    /// The object with its marking.
    #[must_use]
    pub fn marked(&self) -> &Marked {
        &self.marked
    }

    /// Why.
    #[must_use]
    pub fn reasons(&self) -> &[Reason] {
        &self.reasons
    }
}

/// The gate's answer at the way in.
#[derive(Debug, PartialEq)]
pub enum Admission {
    /// Into the store.
    Admitted(Admitted),
    /// Into quarantine.
    Held(Held),
}

/// Judge an object at the way in.
#[must_use]
pub fn admit(marked: Marked, context: &AdmitContext<'_>) -> Admission {
    let mut reasons = Vec::new();
    if context.world != context.rules.world {
        reasons.push(Reason::OtherWorld {});
    }
    for marking in marked.unknown() {
        reasons.push(Reason::UnknownMarking {
            marking: marking.clone(),
        });
    }
    if !marked.object_label().is_release_marking() {
        reasons.push(Reason::Unmarked {});
    }
    if let Via::Peer {
        sender,
        attribution,
    } = context.via
    {
        from_peer(&marked, sender, attribution, context, &mut reasons);
    }
    if let Some(previous) = &context.previous {
        against_previous(&marked, previous, context, &mut reasons);
    }
    if reasons.is_empty() {
        Admission::Admitted(Admitted { marked })
    } else {
        reasons.sort();
        reasons.dedup();
        Admission::Held(Held { marked, reasons })
    }
}

fn from_peer(
    marked: &Marked,
    sender: &Recipient,
    attribution: &Attribution,
    context: &AdmitContext<'_>,
    reasons: &mut Vec<Reason>,
) {
    if sender.world != context.rules.world {
        reasons.push(Reason::OtherWorld {});
    }
    reasons.extend(not_confirmed(sender.state));
    let kind = marked.valid().head().id.kind();
    let rules = context.rules;
    let me = (&rules.me, rules.my_nation);
    let highest = marked.highest();
    let (hash, originator) = (marked.hash(), attribution.node);
    // What it was passed on for is the sender's question: any purpose a grant names will do.
    let granted = context.grants.iter();
    let passage = Passage {
        item: marked,
        originator,
        holder: sender.node,
        holder_nation: sender.nation,
        recipient_nation: rules.my_nation,
        granted: granted
            .filter(|grant| grant.reaches(&sender.node, &hash, &rules.me, context.now))
            .collect(),
    };
    let passes = || {
        // The originator's word to the sender, where this node is a party, or to this node.
        let holders = [(&sender.node, sender.nation), me];
        consent::may_pass_on(&highest, |onward| {
            holders.into_iter().any(|holder| {
                terms::directed(context.agreements, &originator, holder, kind, None)
                    .is_ok_and(|terms| terms.iter().any(|(_, term)| term.onward == onward))
            })
        })
    };
    if !passage.has_originator() && !passes() {
        reasons.push(Reason::MayNotPassOn {
            sender: sender.node,
            originator,
        });
    }
    reasons.extend(passage.missing(&highest));
    // Whoever passes an item on under its originator's consent and calls it its own lies. Where it
    // holds information of another source, the consent may be that source's.
    let has_sources = highest.rare().is_some_and(|rare| !rare.sources.is_empty());
    let mut grants = context.grants.iter();
    let posed = grants
        .find(|grant| grant.via == sender.node && grant.item == hash && grant.by != sender.node)
        .filter(|_| originator == sender.node && !has_sources);
    if let Some(grant) = posed {
        reasons.push(Reason::NotTheOriginator {
            originator: grant.by,
        });
    }
    // The purpose was the sender's question; here any purpose the terms name will do.
    match terms::covering(context.agreements, &sender.node, me, kind, None) {
        Ok(terms) => {
            let closed = Closed::new(
                rules.my_nation,
                Channel::LINK,
                context.now,
                &rules.coalitions,
            );
            reasons.extend(closed.answer(&highest, &terms).err().unwrap_or_default());
        }
        Err(none) => reasons.extend(none),
    }
}

/// A version may not say less than the one before without two persons, and comes from whoever
/// answers for the object.
fn against_previous(
    marked: &Marked,
    previous: &Previous,
    context: &AdmitContext<'_>,
    reasons: &mut Vec<Reason>,
) {
    let (answers, role) = match context.via {
        Via::Import { own } => (
            context.rules.me,
            if own {
                Role::Originator
            } else {
                Role::Attestor
            },
        ),
        Via::Peer { attribution, .. } => (attribution.node, attribution.role),
    };
    if let Some(node) = previous.answered_by
        && !may_follow(previous, answers, role)
    {
        reasons.push(Reason::NotTheOriginator { originator: node });
    }
    // Whatever its date: an older version under a lower marking would be released by its hash.
    let now = marked.highest();
    // A rendition of the same version by the same node lacks what it withheld, and its marking.
    let is_rendition = role == Role::Releaser
        && previous.answered_by == Some(answers)
        && marked.valid().head().modified == previous.modified;
    if !is_rendition && !now.covers(&previous.label) {
        reasons.push(Reason::LowersMarking {
            before: previous.label.to_string(),
            now: now.to_string(),
        });
    }
}

/// May this node in this role bring a further version of the object?
fn may_follow(previous: &Previous, answers: NodeId, role: Role) -> bool {
    let same = previous.answered_by == Some(answers);
    match previous.role {
        // Whoever made it, or made the rendition this node holds; and not as a mere attestor.
        Some(Role::Originator | Role::Releaser) => same && role != Role::Attestor,
        // Anybody may bring in again what is public. What is not stays with the node that attested
        // it, unless its maker comes.
        Some(Role::Attestor) => {
            same || role == Role::Originator || may_pass_on(&previous.label, |_| false)
        }
        None => true,
    }
}

/// Judge an item that was held for lowering its marking again, on the word of two persons. They
/// answer for the lower marking and for nothing else: any other reason holds it still.
///
/// # Errors
/// Every reason that stands beside the lower marking.
pub fn admit_lowered(
    marked: Marked,
    context: &AdmitContext<'_>,
    _two_persons: &Approved,
) -> Result<Admitted, Vec<Reason>> {
    match admit(marked, context) {
        Admission::Admitted(admitted) => Ok(admitted),
        Admission::Held(Held {
            marked,
            mut reasons,
        }) => {
            reasons.retain(|reason| !matches!(reason, Reason::LowersMarking { .. }));
            if reasons.is_empty() {
                Ok(Admitted { marked })
            } else {
                Err(reasons)
            }
        }
    }
}

/// Only who answers for an item may take it back: its originator or attestor, or the releaser of
/// this very rendition.
#[must_use]
pub fn may_recall(by: &NodeId, attribution: Option<&Attribution>) -> bool {
    attribution.is_some_and(|attribution| attribution.node == *by)
}
