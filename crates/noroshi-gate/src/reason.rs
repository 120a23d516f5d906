//! Why the gate answers as it does: stable codes with typed arguments.

use noroshi_model::{Nation, NodeId, StixId, Timestamp};

use crate::coded::coded;

coded! {
    /// One reason.
    Reason
    /// No marking that says anything of release.
    Unmarked {} = "gate.unmarked", "it carries no release marking";
    /// A marking this node does not know.
    UnknownMarking {
        /// Which.
        marking: StixId
    } = "gate.unknown_marking", "the marking {marking} is not known here";
    /// A caveat bars every nation but its owner's.
    Barred {
        /// The caveat's axis.
        axis: String,
        /// Whose it is.
        owner: Nation,
        /// Who asked.
        recipient: Nation
    } = "gate.barred", "{axis} bars release to {recipient}: only {owner} may hold it";
    /// The recipient's nation is not on the list.
    NotOnRoster {
        /// The list's axis.
        axis: String,
        /// Who asked.
        recipient: Nation
    } = "gate.not_on_roster", "{axis} does not name {recipient}";
    /// The recipient's nation may see it, but this road hands over a copy.
    DisplayOnly {
        /// The list's axis.
        axis: String,
        /// Who asked.
        recipient: Nation
    } = "gate.display_only", "{axis}: {recipient} may see it but not hold a copy";
    /// It never leaves the organisation.
    StaysInside {
        /// On this axis.
        axis: String,
        /// The item's level.
        level: String
    } = "gate.stays_inside", "{axis}:{level} never leaves the organisation";
    /// It goes over encrypted roads only.
    NotEncrypted {
        /// On this axis.
        axis: String,
        /// The item's level.
        level: String
    } = "gate.not_encrypted", "{axis}:{level} goes over encrypted roads only";
    /// Its marking's time has not come.
    NotYetValid {
        /// When it comes.
        from: Timestamp
    } = "gate.not_yet_valid", "its marking begins at {from}";
    /// Its marking's time is over.
    NoLongerValid {
        /// When it ended.
        until: Timestamp
    } = "gate.no_longer_valid", "its marking ended at {until}";
    /// Above the agreement's ceiling.
    AboveCeiling {
        /// On this axis.
        axis: String,
        /// The item's level.
        level: String,
        /// The agreement's.
        ceiling: String
    } = "gate.above_ceiling", "{axis}:{level} is above the agreed {ceiling}";
    /// The agreement says nothing of this axis.
    NotCovered {
        /// The axis.
        axis: String,
        /// The item's level.
        level: String
    } = "gate.not_covered", "no agreement in force covers {axis}:{level}";
    /// There is no agreement between the two at all.
    NoAgreement {} = "gate.no_agreement", "there is no agreement with this partner";
    /// There is one, but it does not stand now.
    NotInForce {
        /// Which.
        agreement: StixId,
        /// unsigned, not yet, ended, suspended.
        standing: String
    } = "gate.not_in_force", "agreement {agreement} is not in force: {standing}";
    /// No term covers the object's type.
    TypeNotCovered {
        /// The type.
        kind: String
    } = "gate.type_not_covered", "no agreement in force covers objects of type {kind}";
    /// No term covers the purpose.
    PurposeNotCovered {
        /// The purpose.
        purpose: String
    } = "gate.purpose_not_covered", "no agreement in force covers the purpose {purpose}";
    /// The partner is not confirmed by both sides.
    PeerNotConfirmed {
        /// pending or removed.
        state: String
    } = "gate.peer_not_confirmed", "the partner is {state}: it receives nothing";
    /// Exercise and operation never meet.
    OtherWorld {} = "gate.other_world", "exercise and operational data never mix";
    /// It names a version for release and what that was made of.
    PrivateDerivation {} = "gate.private_derivation", "it tells what a version for release was made of: that stays here";
    /// Another organisation's item: its originator must be asked.
    OriginatorConsent {
        /// Who made it.
        originator: NodeId
    } = "gate.originator_consent", "it came from {originator}, who has not agreed to passing it on";
    /// A source named in the marking must be asked.
    SourceConsent {
        /// The axis that asks for it.
        axis: String,
        /// Whose consent is missing: a nation, an identity, or one that is not named.
        source: String
    } = "gate.source_consent", "{axis}: {source} has not consented";
    /// Withdrawn, destroyed or held: not there to be released.
    NotAvailable {} = "gate.not_available", "it is withdrawn or held here";
    /// A property without which the object is none must stay.
    RequiredWithheld {
        /// Which.
        property: String
    } = "gate.required_withheld", "`{property}` must stay, and without it the object is none";
    /// What is left after reduction is no valid object.
    ReductionInvalid {
        /// Why.
        problem: String
    } = "gate.reduction_invalid", "what could be released is no valid object: {problem}";
    /// The new version carries less than the old one.
    LowersMarking {
        /// Before.
        before: String,
        /// Now.
        now: String
    } = "gate.lowers_marking", "it lowers the marking from {before} to {now}: two persons must agree";
    /// Someone else made the earlier version.
    NotTheOriginator {
        /// Who did.
        originator: NodeId
    } = "gate.not_the_originator", "only {originator}, who made it, may bring a new version";
    /// The sender may not pass this on.
    MayNotPassOn {
        /// The sender.
        sender: NodeId,
        /// Who made it.
        originator: NodeId
    } = "gate.may_not_pass_on", "{sender} may not pass on what {originator} made";
    /// The document is not for this recipient.
    NotAParty {} = "gate.not_a_party", "the document concerns others";
}

impl Reason {
    /// Code of [`Reason::UnknownMarking`]: items held for it are judged again when definitions
    /// come.
    pub const UNKNOWN_MARKING: &'static str = "gate.unknown_marking";
    /// Code of [`Reason::MayNotPassOn`]: items held for it are judged again when consent comes.
    pub const MAY_NOT_PASS_ON: &'static str = "gate.may_not_pass_on";
    /// Code of [`Reason::LowersMarking`]: items held for it wait for two persons.
    pub const LOWERS_MARKING: &'static str = "gate.lowers_marking";
}
