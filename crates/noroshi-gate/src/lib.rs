//! Decisions only: markings, admission, release, reduction, approval. Deny is the default.
//!
//! No I/O, no clock, no chance: a decision is a pure function of rules, agreements, item,
//! recipient and the instant that is handed in. Sole maker of [`Marked`], [`Admitted`], [`Held`],
//! [`Released`] and [`acts::Approved`]; the compiler keeps anyone else from making one.

pub mod acts;
mod admit;
mod axes;
mod coalitions;
mod coded;
mod consent;
mod decide;
mod derivations;
mod duties;
mod fold;
mod gate;
mod label;
mod mark;
mod question;
mod reason;
mod reduce;
mod regimes;
mod release;
pub mod review;
mod roster;
mod stored;
mod table;
mod terms;

pub use admit::{
    Admission, AdmitContext, Admitted, Held, Previous, Via, admit, admit_lowered, may_recall,
};
pub use axes::{Axes, Axis, AxisKind, Level};
pub use coalitions::Coalitions;
pub use decide::{
    AgreementInForce, Basis, Decision, Outcome, PeerState, Provenance, Recipient, Rules, Threshold,
    Withheld,
};
pub use derivations::Derivations;
pub use duties::{Clash, Deed, Duties};
pub use gate::{Gate, decide};
pub use label::{Label, Source};
pub use mark::{Marked, mark};
pub use question::{Channel, Grant, Question};
pub use reason::Reason;
pub use release::{
    Notice, Outgoing, Parcel, Released, Rendition, preview, release, release_notice,
};
pub use roster::{Member, Roster};
pub use table::{Learned, MarkingError, MarkingTable, Meaning, Scope};
