//! May this item, or which part of it, go to this recipient now, and by which clause?

use core::fmt;
use core::str::FromStr;
use std::collections::BTreeMap;

use noroshi_model::agreement::{Agreement, Onward, ReleaseTerm, Standing};
use noroshi_model::selector::{Selector, Step};
use noroshi_model::{ItemHash, Nation, NodeId, Role, StixId, World};

use crate::axes::{Axes, AxisKind};
use crate::label::Label;
use crate::mark::{Marked, label_at};
use crate::question::Question;
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
    /// The axes of marking.
    pub axes: Axes,
    /// Above this a second person must approve.
    pub second_person_above: Threshold,
}

/// Levels per ladder up to which one person may release. A ladder not named, a bar or a roster
/// always wants a second person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Threshold(BTreeMap<String, (u8, String)>);

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
        for part in text.split_whitespace() {
            let rank = part.split_once(':').and_then(|(axis, level)| {
                axes.rank(axis, level)
                    .map(|rank| (axis.to_owned(), (rank, level.to_owned())))
            });
            let (axis, level) =
                rank.ok_or_else(|| format!("`{part}` is no level of a ladder, such as tlp:green"))?;
            levels.insert(axis, level);
        }
        if levels.is_empty() {
            Err("no level is named".to_owned())
        } else {
            Ok(Self(levels))
        }
    }
}

impl fmt::Display for Threshold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts: Vec<String> = self
            .0
            .iter()
            .map(|(axis, (_, level))| format!("{axis}:{level}"))
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
    /// Properties that stay; empty unless reduced (or denied for them).
    pub withheld: Vec<Withheld>,
    /// Why it stays or is referred; empty when it leaves.
    pub reasons: Vec<Reason>,
    /// By which clause it leaves.
    pub basis: Option<Basis>,
    /// Must a second person approve?
    pub needs_second_person: bool,
}

impl Decision {
    pub(crate) fn stays(outcome: Outcome, reasons: Vec<Reason>) -> Self {
        Self {
            outcome,
            withheld: Vec::new(),
            reasons,
            basis: None,
            needs_second_person: false,
        }
    }
}

/// Properties that carry the markings themselves: without them the rest would look more open than
/// it is, so where one of them may not leave, nothing does.
const MARKING_PROPERTIES: [&str; 2] = ["object_marking_refs", "granular_markings"];

/// Decide on one item for one recipient.
#[must_use]
pub fn decide(
    item: &Marked,
    provenance: &Provenance,
    to: &Recipient,
    agreements: &[AgreementInForce<'_>],
    rules: &Rules,
    question: &Question<'_>,
) -> Decision {
    let barred = preconditions(item, provenance, to, rules);
    if !barred.is_empty() {
        return Decision::stays(Outcome::Deny, barred);
    }
    if let Some(originator) = consent_missing(item, provenance, to, agreements, rules, question) {
        let reason = Reason::OriginatorConsent { originator };
        return Decision::stays(Outcome::Refer, vec![reason]);
    }
    let kind = item.valid().head().id.kind();
    let purpose = question.purpose;
    let terms = match covering_terms(agreements, &rules.me, to, kind, purpose) {
        Ok(terms) => terms,
        Err(reasons) => return Decision::stays(Outcome::Deny, reasons),
    };
    let basis = match permitted(item.object_label(), to, &terms, rules) {
        Ok(basis) => basis,
        Err(reasons) => return Decision::stays(Outcome::Deny, reasons),
    };
    let withheld = withheld_places(item, to, &terms, rules);
    let missing = withheld
        .iter()
        .find_map(|place| needed(kind, &place.selector));
    if let Some(property) = missing {
        let reasons = vec![Reason::RequiredWithheld { property }];
        return Decision {
            withheld,
            ..Decision::stays(Outcome::Deny, reasons)
        };
    }
    Decision {
        outcome: if withheld.is_empty() {
            Outcome::Release
        } else {
            Outcome::Reduced
        },
        reasons: Vec::new(),
        basis: Some(basis),
        needs_second_person: needs_second_person(item, &withheld, rules),
        withheld,
    }
}

/// The property without which nothing of the object may leave, if the place is one.
fn needed(kind: &str, place: &Selector) -> Option<String> {
    let Some(Step::Key(name)) = place.steps().first() else {
        return None;
    };
    let is_whole = place.steps().len() == 1;
    let is_needed = MARKING_PROPERTIES.contains(&&**name)
        || (is_whole && noroshi_formats::required_properties(kind).contains(&&**name))
        // The id of an observable is made from its properties: who knows the one can find the
        // other by trying.
        || noroshi_formats::is_observable(kind);
    is_needed.then(|| name.to_string())
}

/// What denies before any agreement is looked at.
fn preconditions(
    item: &Marked,
    provenance: &Provenance,
    to: &Recipient,
    rules: &Rules,
) -> Vec<Reason> {
    let mut reasons = Vec::new();
    if to.world != rules.world {
        reasons.push(Reason::OtherWorld {});
    }
    match to.state {
        PeerState::Confirmed => {}
        PeerState::Pending => reasons.push(Reason::PeerNotConfirmed {
            state: "pending".into(),
        }),
        PeerState::Removed => reasons.push(Reason::PeerNotConfirmed {
            state: "removed".into(),
        }),
    }
    if !provenance.is_available || provenance.node.is_none() {
        reasons.push(Reason::NotAvailable {});
    }
    for marking in item.unknown() {
        reasons.push(Reason::UnknownMarking {
            marking: marking.clone(),
        });
    }
    if !item.object_label().is_release_marking() {
        reasons.push(Reason::Unmarked {});
    }
    reasons
}

/// The originator that must be asked before its item is passed on, if one must.
fn consent_missing(
    item: &Marked,
    provenance: &Provenance,
    to: &Recipient,
    agreements: &[AgreementInForce<'_>],
    rules: &Rules,
    question: &Question<'_>,
) -> Option<NodeId> {
    let node = provenance.node.filter(|node| *node != rules.me)?;
    let granted = question.grants.iter().any(|grant| {
        grant.by == node && grant.covers(&item.hash(), &to.node, question.purpose, question.now)
    });
    if granted {
        return None;
    }
    let me = Recipient {
        node: rules.me,
        nation: rules.my_nation,
        state: PeerState::Confirmed,
        world: rules.world,
    };
    let kind = item.valid().head().id.kind();
    let allowed = may_pass_on(&item.highest(), |onward| {
        covering_terms(agreements, &node, &me, kind, question.purpose)
            .is_ok_and(|terms| terms.iter().any(|(.., term)| term.onward == onward))
    });
    (!allowed).then_some(node)
}

/// Passing on: TLP:CLEAR always, TLP:GREEN where the originator's term says `community`, anything
/// else not without consent (TLP 2.0: sharing beyond needs the source's permission).
pub(crate) fn may_pass_on(label: &Label, term_says: impl Fn(Onward) -> bool) -> bool {
    if label.bars().next().is_some() || label.rosters().next().is_some() {
        return false;
    }
    let mut ladders = label.ladders();
    match (ladders.next(), ladders.next()) {
        (Some(("tlp", 0, _)), None) => true,
        (Some(("tlp", 1, _)), None) => term_says(Onward::Community),
        _ => false,
    }
}

/// A term and the agreement it stands in.
pub(crate) type Term<'a> = (&'a Agreement, ItemHash, &'a ReleaseTerm);

/// The terms in force from one node to another that cover type and purpose. The receiving party
/// must still be of the nation that all signed it in with.
pub(crate) fn covering_terms<'a>(
    agreements: &'a [AgreementInForce<'a>],
    from: &NodeId,
    to: &Recipient,
    kind: &str,
    purpose: &str,
) -> Result<Vec<Term<'a>>, Vec<Reason>> {
    let is_party = |held: &&AgreementInForce<'_>| {
        let parties = &held.agreement.parties;
        held.agreement.has_party(from)
            && parties
                .iter()
                .any(|party| party.node == to.node && party.nation == to.nation)
    };
    let between: Vec<_> = agreements.iter().filter(is_party).collect();
    if between.is_empty() {
        return Err(vec![Reason::NoAgreement {}]);
    }
    let mut terms: Vec<Term<'a>> = Vec::new();
    let mut resting = Vec::new();
    for held in between {
        if held.standing == Standing::InForce {
            let directed = held.agreement.releases.iter();
            let directed = directed.filter(|term| term.from == *from && term.to == to.node);
            terms.extend(directed.map(|term| (held.agreement, held.item, term)));
        } else {
            resting.push(Reason::NotInForce {
                agreement: held.agreement.id.clone(),
                standing: standing_word(&held.standing).to_owned(),
            });
        }
    }
    if terms.is_empty() {
        return Err(if resting.is_empty() {
            vec![Reason::NoAgreement {}]
        } else {
            resting
        });
    }
    let covers = |list: &[String], word: &str| list.iter().any(|one| one == "*" || one == word);
    terms.retain(|(_, _, term)| covers(&term.types, kind));
    if terms.is_empty() {
        return Err(vec![Reason::TypeNotCovered {
            kind: kind.to_owned(),
        }]);
    }
    terms.retain(|(_, _, term)| covers(&term.purposes, purpose));
    if terms.is_empty() {
        return Err(vec![Reason::PurposeNotCovered {
            purpose: purpose.to_owned(),
        }]);
    }
    Ok(terms)
}

fn standing_word(standing: &Standing) -> &'static str {
    match standing {
        Standing::InForce => "in force",
        Standing::Unsigned(_) => "not signed by all",
        Standing::NotYet(_) => "not yet valid",
        Standing::Ended(_) => "ended",
        Standing::Suspended(_) => "suspended",
    }
}

/// Does some term permit this label for this recipient? The terms are asked one by one and never
/// combined; that any one suffices keeps the answer monotone in the label.
pub(crate) fn permitted(
    label: &Label,
    to: &Recipient,
    terms: &[Term<'_>],
    rules: &Rules,
) -> Result<Basis, Vec<Reason>> {
    let mut closed: Vec<Reason> = label
        .bars()
        .filter_map(|axis| match rules.axes.get(axis).map(|axis| &axis.kind) {
            Some(AxisKind::Bar { owner }) if *owner == to.nation => None,
            Some(AxisKind::Bar { owner }) => Some(Reason::Barred {
                axis: axis.to_owned(),
                owner: *owner,
                recipient: to.nation,
            }),
            _ => Some(Reason::NotCovered {
                axis: axis.to_owned(),
                level: String::new(),
            }),
        })
        .collect();
    for (axis, nations) in label.rosters() {
        if !nations.contains(&to.nation) {
            let axis = axis.to_owned();
            closed.push(Reason::NotOnRoster {
                axis,
                recipient: to.nation,
            });
        }
    }
    let mut nearest: Option<Vec<Reason>> = None;
    for (agreement, item, term) in terms {
        let reasons = above_ceilings(label, agreement, term, &rules.axes);
        if reasons.is_empty() && closed.is_empty() {
            let (agreement, clause) = (agreement.id.clone(), term.clause.clone());
            return Ok(Basis {
                agreement,
                item: *item,
                clause,
            });
        }
        if nearest
            .as_ref()
            .is_none_or(|known| reasons.len() < known.len())
        {
            nearest = Some(reasons);
        }
    }
    closed.extend(nearest.unwrap_or_default());
    Err(closed)
}

fn above_ceilings(
    label: &Label,
    agreement: &Agreement,
    term: &ReleaseTerm,
    axes: &Axes,
) -> Vec<Reason> {
    let within = |axis: &str, level: &str| -> Option<Result<(), String>> {
        let ceiling = term.ceilings.get(axis)?;
        let fits = axes.rank(axis, level)? <= axes.rank(axis, ceiling)?;
        Some(if fits { Ok(()) } else { Err(ceiling.clone()) })
    };
    let mut reasons = Vec::new();
    for (axis, _, level) in label.ladders() {
        match within(axis, level) {
            Some(Ok(())) => {}
            Some(Err(ceiling)) => reasons.push(Reason::AboveCeiling {
                axis: axis.to_owned(),
                level: level.to_owned(),
                ceiling,
            }),
            None => {
                let equal = equivalents(agreement, axis, level, axes)
                    .any(|(axis, level)| within(axis, level) == Some(Ok(())));
                if !equal {
                    let (axis, level) = (axis.to_owned(), level.to_owned());
                    reasons.push(Reason::NotCovered { axis, level });
                }
            }
        }
    }
    reasons
}

/// Levels of other axes that the agreement's parties hold to be equal to this level or to a
/// higher one of its axis: who may have CONFIDENTIAL may have what is below it, or a caveat more
/// would release more. An equivalence counts only inside the agreement both have signed it in.
fn equivalents<'a>(
    agreement: &'a Agreement,
    axis: &'a str,
    level: &'a str,
    axes: &'a Axes,
) -> impl Iterator<Item = (&'a str, &'a str)> {
    let reaches = move |side: &'a str| {
        side.split_once(':').is_some_and(|(other, highest)| {
            other == axis && axes.rank(axis, level) <= axes.rank(axis, highest)
        })
    };
    agreement
        .equivalences
        .iter()
        .flat_map(|pair| [(&pair.left, &pair.right), (&pair.right, &pair.left)])
        .filter(move |(here, _)| reaches(here))
        .filter_map(|(_, there)| there.split_once(':'))
}

fn withheld_places(
    item: &Marked,
    to: &Recipient,
    terms: &[Term<'_>],
    rules: &Rules,
) -> Vec<Withheld> {
    let mut withheld = Vec::new();
    for (selector, _) in item.places() {
        let label = label_at(item, selector.steps());
        if let Err(reasons) = permitted(&label, to, terms, rules) {
            withheld.push(Withheld {
                selector: selector.clone(),
                reasons,
            });
        }
    }
    withheld.sort_by(|a, b| a.selector.cmp(&b.selector));
    withheld
}

/// One person may release what stays at or below the threshold on every ladder and has nothing
/// else; some ladders want two whatever the node says.
fn needs_second_person(item: &Marked, withheld: &[Withheld], rules: &Rules) -> bool {
    let leaves = |selector: &Selector| {
        !withheld
            .iter()
            .any(|place| place.selector.covers(selector.steps()))
    };
    let label = item
        .places()
        .iter()
        .filter(|(selector, _)| leaves(selector))
        .fold(item.object_label().clone(), |label, (_, place)| {
            label.join(place)
        });
    let two_always = |axis: &str| {
        matches!(
            rules.axes.get(axis).map(|axis| &axis.kind),
            Some(AxisKind::Ladder {
                two_persons: true,
                ..
            })
        )
    };
    label.bars().next().is_some()
        || label.rosters().next().is_some()
        || label.ladders().any(|(axis, rank, _)| {
            two_always(axis)
                || rules
                    .second_person_above
                    .0
                    .get(axis)
                    .is_none_or(|(most, _)| rank > *most)
        })
}
