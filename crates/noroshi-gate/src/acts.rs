//! Do the signatures under an act suffice? Self-approval, approval after an edit, reuse, expiry
//! and revoked persons are refused here, each by its own name.

use noroshi_model::act::{Act, Endorsement};
use noroshi_model::ids::ActId;
use noroshi_model::{Context, PersonId, Timestamp, Verifier, World, signing};

/// The persons of the node, as far as an approval needs them.
pub trait Persons {
    /// The public key of a person, and since when the person is revoked.
    fn key(&self, person: &PersonId) -> Option<([u8; 32], Option<Timestamp>)>;
}

/// Proof that an act's signatures suffice. Made here only, spent by carrying the act out.
#[derive(Debug)]
pub struct Approved {
    act: ActId,
}

impl Approved {
    /// Which act.
    #[must_use]
    pub fn act(&self) -> &ActId {
        &self.act
    }
}

/// Why an act is not approved.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ActRefusal {
    /// It was carried out or returned before.
    #[error("it was used before: an approval serves once")]
    Used,
    /// Its time is over.
    #[error("it expired at {0}: ask again")]
    Expired(Timestamp),
    /// It belongs to the other world.
    #[error("it is of the other world: exercise and operation never mix")]
    OtherWorld,
    /// The request is not by the person it names.
    #[error("the request is signed by {0}, not by who asks in it")]
    NotTheRequester(PersonId),
    /// Nobody here is called that.
    #[error("no person is called {0}")]
    UnknownPerson(PersonId),
    /// The person may sign no more.
    #[error("{0} is revoked")]
    RevokedPerson(PersonId),
    /// The signature does not fit: another act, another person, or a changed byte.
    #[error("the signature by {0} does not fit this act: it was signed for other bytes")]
    Signature(PersonId),
    /// A second person is needed.
    #[error("a second person must approve")]
    SecondPersonMissing,
    /// Requester and approver are one.
    #[error("who asks cannot approve: another person must")]
    SelfApproval,
    /// Two names, one key.
    #[error("both signatures are by one key: another person's key must approve")]
    SameKey,
}

impl ActRefusal {
    /// The stable code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Used => "act.used",
            Self::Expired(_) => "act.expired",
            Self::OtherWorld => "act.other_world",
            Self::NotTheRequester(_) => "act.not_the_requester",
            Self::UnknownPerson(_) => "act.unknown_person",
            Self::RevokedPerson(_) => "act.revoked_person",
            Self::Signature(_) => "act.bad_signature",
            Self::SecondPersonMissing => "act.second_person_missing",
            Self::SelfApproval => "act.self_approval",
            Self::SameKey => "act.same_key",
        }
    }
}

/// What an approval is judged by, beside the signatures.
#[derive(Clone, Copy)]
pub struct ActContext<'a> {
    /// The node's persons.
    pub persons: &'a dyn Persons,
    /// Was the act carried out or returned before?
    pub is_used: bool,
    /// Must a second person approve?
    pub needs_two: bool,
    /// The node's world.
    pub world: World,
    /// Now.
    pub now: Timestamp,
    /// Checks signatures.
    pub verifier: &'a dyn Verifier,
}

/// Check the requester's half, before a second person is asked.
///
/// # Errors
/// See [`ActRefusal`].
pub fn check_request(
    act: &Act,
    request: &Endorsement,
    context: &ActContext<'_>,
) -> Result<(), ActRefusal> {
    if context.is_used {
        return Err(ActRefusal::Used);
    }
    if act.world != context.world {
        return Err(ActRefusal::OtherWorld);
    }
    if context.now >= act.expires {
        return Err(ActRefusal::Expired(act.expires));
    }
    if request.person != act.requester {
        return Err(ActRefusal::NotTheRequester(request.person.clone()));
    }
    signed(act, request, true, context).map(|_| ())
}

/// Check everything; the proof, if it suffices.
///
/// # Errors
/// See [`ActRefusal`].
pub fn approve(
    act: &Act,
    request: &Endorsement,
    approval: Option<&Endorsement>,
    context: &ActContext<'_>,
) -> Result<Approved, ActRefusal> {
    check_request(act, request, context)?;
    let Some(approval) = approval else {
        return if context.needs_two {
            Err(ActRefusal::SecondPersonMissing)
        } else {
            Ok(Approved { act: act.id() })
        };
    };
    if approval.person == act.requester {
        return Err(ActRefusal::SelfApproval);
    }
    let first = signed(act, request, true, context)?;
    let second = signed(act, approval, false, context)?;
    if first == second {
        return Err(ActRefusal::SameKey);
    }
    Ok(Approved { act: act.id() })
}

/// The public key that signed, if it is the person's and the person may sign.
fn signed(
    act: &Act,
    endorsement: &Endorsement,
    is_requester: bool,
    context: &ActContext<'_>,
) -> Result<[u8; 32], ActRefusal> {
    let person = &endorsement.person;
    let (public, revoked) = context
        .persons
        .key(person)
        .ok_or_else(|| ActRefusal::UnknownPerson(person.clone()))?;
    if revoked.is_some() {
        return Err(ActRefusal::RevokedPerson(person.clone()));
    }
    let payload = Act::endorsed_payload(&act.id(), person, is_requester);
    let message = signing::message(Context::Act, act.world, &payload);
    if context
        .verifier
        .verify(&public, &message, &endorsement.signature)
    {
        Ok(public)
    } else {
        Err(ActRefusal::Signature(person.clone()))
    }
}
