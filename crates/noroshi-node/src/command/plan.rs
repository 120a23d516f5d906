//! What gate and review say of a release before it is made, as it is answered.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::ActAnswer;

/// A reason with its arguments, as the gate gave it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ReasonRow {
    /// Stable code, such as `gate.noforn`.
    pub code: String,
    /// Typed arguments as text.
    pub args: BTreeMap<String, String>,
    /// English, for logs.
    pub text: String,
}

/// Something the review before release found in an item.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct FindingRow {
    /// Stable code, such as `review.marking`.
    pub code: String,
    /// Typed arguments as text.
    pub args: BTreeMap<String, String>,
    /// English, for logs.
    pub text: String,
    /// The property, as a selector.
    pub place: String,
    /// The first byte within its text.
    pub start: u64,
    /// The byte after the last.
    pub end: u64,
    /// stops or warns.
    pub severity: String,
    /// Does the order answer for it?
    pub accepted: bool,
}

/// What would happen to one item for one recipient.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct PlanLine {
    /// The item.
    pub hash: String,
    /// STIX id.
    pub id: String,
    /// Title.
    pub title: String,
    /// Its effective marking.
    #[serde(default)]
    pub marking: String,
    /// release, reduced, refer, deny; stopped where the review keeps it.
    pub outcome: String,
    /// Selectors of properties that stay, each with why.
    pub withheld: BTreeMap<String, Vec<ReasonRow>>,
    /// Why it stays or is referred.
    pub reasons: Vec<ReasonRow>,
    /// Clause that allows it.
    pub clause: Option<String>,
    /// Leaves as a note or report: the recipient has not said that it knows the type.
    #[serde(default)]
    pub in_fallback: bool,
    /// What the review found in what would leave.
    #[serde(default)]
    pub findings: Vec<FindingRow>,
}

/// The plan for one recipient. Lines list everything that does not leave whole, the first hundred
/// that do, and the first thousand of these in which the review found something.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct PlanRecipient {
    /// Node id.
    pub node: String,
    /// Name.
    pub name: String,
    /// Leaves whole.
    pub whole: u64,
    /// Leaves reduced.
    pub reduced: u64,
    /// Must ask the originator.
    pub refer: u64,
    /// Stays.
    pub stays: u64,
    /// Could leave by the rules, and the review keeps it.
    #[serde(default)]
    pub stopped: u64,
    /// Was released to it before, byte for byte: nothing to do.
    pub already: u64,
    /// Agreement that allows the releases.
    pub agreement: Option<String>,
    /// Lines.
    pub lines: Vec<PlanLine>,
}

/// A plan.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct PlanAnswer {
    /// By recipient.
    pub recipients: Vec<PlanRecipient>,
    /// Is a second person needed?
    pub needs_second_person: bool,
    /// Names of items that the review had no room for.
    #[serde(default)]
    pub names_left_out: u64,
    /// The act, when one was prepared.
    pub act: Option<ActAnswer>,
}
