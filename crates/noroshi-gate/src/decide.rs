//! What a decision is asked with, and what it answers.

use core::fmt;
use core::str::FromStr;
use std::collections::BTreeMap;

use noroshi_model::agreement::{Agreement, Standing};
use noroshi_model::selector::Selector;
use noroshi_model::{ItemHash, Nation, NodeId, Role, StixId, World};

use crate::axes::{Axes, AxisKind, SLOTS};
use crate::coalitions::Coalitions;
use crate::derivations::Derivations;
use crate::reason::Reason;

/// Where a peering stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PeerState {
    /// Not confirmed by both sides yet.
    Pending,
    /// Confirmed by both sides.
    Confirmed,
    /// Ended.
    Removed,
}

/// Whom an item would go to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recipient {
    /// Its node.
    pub node: NodeId,
    /// Its nation, as its manifest says.
    pub nation: Nation,
    /// Where the peering stands.
    pub state: PeerState,
    /// Operational or exercise.
    pub world: World,
    /// Has it said that it knows the project's own types? Who has not is given the note or report
    /// that stands for an object of one.
    pub knows_own_types: bool,
}

/// An agreement and whether it stands at the instant of the decision.
#[derive(Clone, Debug)]
pub struct AgreementInForce<'a> {
    /// The agreement.
    pub agreement: &'a Agreement,
    /// The item it is.
    pub item: ItemHash,
    /// Its standing.
    pub standing: Standing,
}

/// Who answers for an item, and whether it is there to be released.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Provenance {
    /// In which role.
    pub role: Option<Role>,
    /// Which node; none where nobody signed.
    pub node: Option<NodeId>,
    /// Admitted, and neither withdrawn nor destroyed.
    pub is_available: bool,
}

/// What stays the same for many decisions.
#[derive(Clone, Debug)]
pub struct Rules {
    /// The deciding node.
    pub me: NodeId,
    /// Its nation.
    pub my_nation: Nation,
    /// Its world.
    pub world: World,
    /// Who belongs to which coalition.
    pub coalitions: Coalitions,
    /// Above this a second person must approve.
    pub second_person_above: Threshold,
    /// Versions for release and what they were made of.
    pub derivations: Derivations,
}

/// Levels per ladder up to which one person may release. A ladder not named and anything that is
/// no ladder always want a second person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Threshold {
    levels: BTreeMap<String, String>,
    // INVARIANT: follows from `levels`: per slot the highest rank that one person may release.
    one_person: [u8; SLOTS],
}

impl Default for Threshold {
    fn default() -> Self {
        "tlp:green us-class:unclassified"
            .parse()
            .expect("invariant: both levels are in the table")
    }
}

impl FromStr for Threshold {
    type Err = String;

    /// `axis:level`, several apart by spaces.
    fn from_str(text: &str) -> Result<Self, String> {
        let axes = Axes::builtin();
        let mut levels = BTreeMap::new();
        let mut one_person = axes.unnamed;
        for part in text.split_whitespace() {
            let read = part.split_once(':').and_then(|(id, level)| {
                let rank = axes.rank(id, level)?;
                let axis = axes.get(id)?;
                Some((axis, rank, axis.levels().get(usize::from(rank))?))
            });
            let (axis, rank, level) =
                read.ok_or_else(|| format!("`{part}` is no level of a ladder, such as tlp:green"))?;
            let always_two = matches!(
                axis.kind,
                AxisKind::Ladder {
                    two_persons: true,
                    ..
                }
            );
            one_person[axis.slot] = if always_two { 0 } else { rank + 1 };
            levels.insert(axis.id.clone(), level.id.clone());
        }
        if levels.is_empty() {
            Err("no level is named".to_owned())
        } else {
            Ok(Self { levels, one_person })
        }
    }
}

impl Threshold {
    /// Per slot the highest rank that one person may release; 0 where two must, and no limit to
    /// duties, which ask nobody.
    pub(crate) fn one_person(&self) -> &[u8; SLOTS] {
        &self.one_person
    }
}

impl fmt::Display for Threshold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let levels = self.levels.iter();
        let parts: Vec<String> = levels
            .map(|(axis, level)| format!("{axis}:{level}"))
            .collect();
        f.write_str(&parts.join(" "))
    }
}

/// The gate's four answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It leaves whole.
    Release,
    /// It leaves without some properties.
    Reduced,
    /// Its originator must be asked.
    Refer,
    /// It stays.
    Deny,
}

impl Outcome {
    /// The word shown and stored.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Release => "release",
            Self::Reduced => "reduced",
            Self::Refer => "refer",
            Self::Deny => "deny",
        }
    }
}

/// The clause a release rests on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Basis {
    /// Agreement.
    pub agreement: StixId,
    /// The very version both signed.
    pub item: ItemHash,
    /// Clause.
    pub clause: String,
}

/// A property that stays, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Withheld {
    /// Where.
    pub selector: Selector,
    /// Why.
    pub reasons: Vec<Reason>,
}

/// The answer with its reasons.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// What.
    pub outcome: Outcome,
    /// Properties that stay; empty unless reduced (or denied for them). An object that leaves whole
    /// in its fallback is reduced as well: other bytes leave, and the releaser answers for them.
    pub withheld: Vec<Withheld>,
    /// Why it stays or is referred; empty when it leaves.
    pub reasons: Vec<Reason>,
    /// By which clause it leaves.
    pub basis: Option<Basis>,
    /// Must a second person approve?
    pub needs_second_person: bool,
    /// Does what is left leave as the note or report that stands for it?
    pub in_fallback: bool,
}

impl Decision {
    pub(crate) fn stays(outcome: Outcome, reasons: Vec<Reason>) -> Self {
        Self {
            outcome,
            withheld: Vec::new(),
            reasons,
            basis: None,
            needs_second_person: false,
            in_fallback: false,
        }
    }
}
