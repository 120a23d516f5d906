//! Faults that can be planted in the simulated nodes, each with the seeds within which the checks
//! must find it. A fault that no check finds would mean that the simulation looks and does not see.

/// What is wrong with every node of a run.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Fault {
    None,
    /// The receiver answers, and commits only afterwards.
    AckBeforeCommit,
    /// The link's state is stored, what came with it is not.
    AckWithoutContent,
    /// What came is stored, the link's state is not.
    ContentWithoutState,
    /// A link that is ahead of a store whose commit failed is used on.
    KeepsLinkAfterFailedCommit,
    /// Everything up to the highest number is acknowledged, whatever is missing below.
    CumulativeAck,
    /// The acknowledgement reaches beyond the partner's log.
    AckBeyondLog,
    /// The sender counts as delivered what it has sent.
    NoRetry,
    /// What was in flight is not queued again when the process starts again.
    ForgetsInFlight,
    /// What was in flight is dropped when the road breaks off.
    DropsOnFailure,
    /// Time never passes for the link.
    NoTimer,
    /// The number of the sending epoch is not stored.
    EpochNotStored,
    /// The epoch's number is not stored, and its key follows from its number.
    KeyFromNumber,
    /// An announcement of a lower epoch is accepted.
    OldEpochAccepted,
    /// A second announcement under one number is accepted.
    ForkAccepted,
    /// An epoch far ahead of the time is accepted.
    EpochAheadAccepted,
    /// An announcement under a key that is known to be revoked is accepted.
    RevokedAccepted,
    /// The epoch that a revoked key announced stays: the peer's own are below it.
    RevokedEpochStays,
    /// An announcement is not checked for its signature.
    UnsignedAccepted,
    /// A frame of the other world is opened.
    OtherWorldAccepted,
    /// What comes twice is applied twice.
    NoDedupe,
    /// The log of a partner leaves out a number.
    SkipsNumber,
    /// An entry's leaf is made anew, with other chance, when it is sent again.
    LeafMadeAnew,
    /// A void entry's place is not kept by the receiver.
    DropsVoid,
    /// A void entry is not sent at all.
    VoidNotSent,
    /// A void entry is taken for content.
    VoidAsContent,
    /// What was voided leaves all the same.
    VoidLeaves,
    /// The least urgent goes first.
    WrongOrder,
    /// Flash waits its turn like everything else.
    FlashWaits,
    /// A recall by another than the originator is obeyed.
    ObeysStrangers,
    /// A recall that overtakes its item is not kept.
    ForgetsRecall,
    /// A recall that overtakes its item is kept in memory only.
    RecallInMemory,
    /// A recall counts only if the sender's clock says that it is later than its item.
    OrderByClock,
    /// A receipt is written after the transaction, and lost when the process dies between.
    ReceiptAfterCommit,
    /// A receipt is believed for another entry than it names.
    ReceiptForNeighbour,
}

/// Every fault with the number of seeds within which it must be found.
pub(crate) const TABLE: [(Fault, u64); 34] = [
    (Fault::AckBeforeCommit, 100),
    (Fault::AckWithoutContent, 100),
    (Fault::ContentWithoutState, 100),
    (Fault::KeepsLinkAfterFailedCommit, 100),
    (Fault::CumulativeAck, 100),
    (Fault::AckBeyondLog, 100),
    (Fault::NoRetry, 100),
    (Fault::ForgetsInFlight, 100),
    (Fault::DropsOnFailure, 100),
    (Fault::NoTimer, 100),
    (Fault::EpochNotStored, 100),
    (Fault::KeyFromNumber, 100),
    (Fault::OldEpochAccepted, 100),
    (Fault::ForkAccepted, 1000),
    (Fault::EpochAheadAccepted, 100),
    (Fault::RevokedAccepted, 100),
    (Fault::RevokedEpochStays, 100),
    (Fault::UnsignedAccepted, 1000),
    (Fault::OtherWorldAccepted, 100),
    (Fault::NoDedupe, 100),
    (Fault::SkipsNumber, 100),
    (Fault::LeafMadeAnew, 100),
    (Fault::DropsVoid, 100),
    (Fault::VoidNotSent, 100),
    (Fault::VoidAsContent, 100),
    (Fault::VoidLeaves, 100),
    (Fault::WrongOrder, 100),
    (Fault::FlashWaits, 100),
    (Fault::ObeysStrangers, 100),
    (Fault::ForgetsRecall, 1000),
    (Fault::RecallInMemory, 1000),
    (Fault::OrderByClock, 100),
    (Fault::ReceiptAfterCommit, 100),
    (Fault::ReceiptForNeighbour, 100),
];
