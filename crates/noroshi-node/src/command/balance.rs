//! What the balance between this node and a partner answers.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// What went over between this node and one partner in one month (UTC, by when it was released).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct BalanceRow {
    /// The partner.
    pub node: String,
    /// English name.
    pub name_en: String,
    /// Japanese name.
    pub name_ja: String,
    /// Such as `2026-11`.
    pub month: String,
    /// What this node gave; the partner's own report has it as `got`, once both have exchanged.
    pub given: BalanceSide,
    /// What it got; the partner has it as `given`.
    pub got: BalanceSide,
}

/// One direction of it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct BalanceSide {
    /// Releases, whole and reduced.
    pub items: u64,
    /// Of these, those without some properties.
    pub reduced: u64,
    /// Releases by STIX type; `-` where the object is not known here.
    pub by_type: BTreeMap<String, u64>,
    /// Releases of whole objects by marking.
    pub by_marking: BTreeMap<String, u64>,
    /// Releases on which whoever got them has made a statement, by fate.
    pub answered: BTreeMap<String, u64>,
    /// Releases without one.
    pub outstanding: u64,
    /// From release to that statement, each by its node's clock: the middle one, in seconds.
    pub median_seconds: Option<u64>,
    /// Recalls.
    pub recalls: u64,
    /// Of these, answered.
    pub recalls_answered: u64,
}
