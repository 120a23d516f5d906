//! May this item, or which part of it, go to this recipient now, and by which clause?
//!
//! A [`Gate`] is made for one recipient, purpose, road and instant. It makes agreements and rules
//! ready once, and remembers what it answered for a label: items by the million carry labels by
//! the dozen. It answers what it would answer without memory, to the byte (a property test).

use std::borrow::Cow;
use std::collections::HashMap;

use noroshi_formats::ontology::own_type_of;
use noroshi_model::selector::Step;
use noroshi_model::{ItemHash, Nation, NodeId, Timestamp};

use crate::axes::{Axes, AxisKind, SLOTS};
use crate::coalitions::Coalitions;
use crate::consent::{self, Passage};
use crate::decide::{
    AgreementInForce, Decision, Outcome, PeerState, Provenance, Recipient, Rules, Threshold,
    Withheld,
};
use crate::derivations;
use crate::label::{Label, words_of};
use crate::mark::Marked;
use crate::question::{Channel, Grant, Question};
use crate::reason::Reason;
use crate::roster::{Member, Roster};
use crate::terms::{self, Term, fits};

/// Answers remembered for one type of object; beyond, all are forgotten and learned again.
const REMEMBERED_MAX: usize = 65_536;

/// Properties that carry the markings themselves: without them the rest would look more open than
/// it is, so where one of them may not leave, nothing does.
const MARKING_PROPERTIES: [&str; 2] = ["object_marking_refs", "granular_markings"];

/// The gate for one recipient, purpose, road and instant.
pub struct Gate<'a> {
    to: &'a Recipient,
    agreements: &'a [AgreementInForce<'a>],
    rules: &'a Rules,
    question: Question<'a>,
    closed: Closed<'a>,
    // INVARIANT: in the order of the items they are for.
    grants: Vec<&'a Grant>,
    by_kind: HashMap<Box<str>, usize>,
    covering: Vec<Covering<'a>>,
    remembers: bool,
}

/// The terms that cover one type, and what was answered under them.
struct Covering<'a> {
    terms: Result<Vec<Term<'a>>, Vec<Reason>>,
    answers: HashMap<Label, Answer>,
}

/// By which of the terms a label may leave, or why it may not.
type Answer = Result<usize, Vec<Reason>>;

impl<'a> Gate<'a> {
    /// Make it ready.
    #[must_use]
    pub fn new(
        to: &'a Recipient,
        agreements: &'a [AgreementInForce<'a>],
        rules: &'a Rules,
        question: &Question<'a>,
    ) -> Self {
        let mut grants: Vec<&Grant> = question.grants.iter().collect();
        grants.sort_by_key(|grant| grant.item);
        Self {
            closed: Closed::new(to.nation, question.channel, question.now, &rules.coalitions),
            to,
            agreements,
            rules,
            question: *question,
            grants,
            by_kind: HashMap::new(),
            covering: Vec::new(),
            remembers: true,
        }
    }

    /// The same without memory of answers: what one question alone needs, and what the memory is
    /// compared with.
    #[must_use]
    pub fn forgetful(mut self) -> Self {
        self.remembers = false;
        self
    }

    /// To whom.
    #[must_use]
    pub fn recipient(&self) -> &'a Recipient {
        self.to
    }

    /// Decide on one item.
    #[must_use]
    pub fn decide(&mut self, item: &Marked, provenance: &Provenance) -> Decision {
        let barred = self.preconditions(item, provenance);
        let Some(originator) = provenance.node.filter(|_| barred.is_empty()) else {
            return Decision::stays(Outcome::Deny, barred);
        };
        let hash = item.hash();
        let passage = Passage {
            item,
            originator,
            holder: self.rules.me,
            holder_nation: self.rules.my_nation,
            recipient_nation: self.to.nation,
            granted: self.granted(&hash),
        };
        if !passage.has_originator() && !self.may_pass_on(item, &originator) {
            let reason = Reason::OriginatorConsent { originator };
            return Decision::stays(Outcome::Refer, vec![reason]);
        }
        self.by_terms(item, &passage)
    }

    /// May this node pass on what another made, without asking it?
    fn may_pass_on(&self, item: &Marked, originator: &NodeId) -> bool {
        let kind = item.valid().head().id.kind();
        let me = (&self.rules.me, self.rules.my_nation);
        consent::may_pass_on(&item.highest(), |onward| {
            let purpose = Some(self.question.purpose);
            terms::directed(self.agreements, originator, me, kind, purpose)
                .is_ok_and(|terms| terms.iter().any(|(_, term)| term.onward == onward))
        })
    }

    /// What agreements, lists, dates and sources say.
    fn by_terms(&mut self, item: &Marked, passage: &Passage<'_>) -> Decision {
        let kind = item.valid().head().id.kind();
        let (rules, remembers) = (self.rules, self.remembers);
        let in_fallback = !self.to.knows_own_types && own_type_of(item.valid()).is_some();
        let (closed, covering) = self.covering(kind);
        let mut by = match covering.answer(item.object_label(), closed, remembers) {
            Ok(by) => by,
            Err(reasons) => return Decision::stays(Outcome::Deny, reasons),
        };
        let missing = passage.missing(item.object_label());
        if !missing.is_empty() {
            return Decision::stays(Outcome::Refer, missing);
        }
        let mut leaving = Cow::Borrowed(item.object_label());
        let mut withheld = Vec::new();
        for (selector, label) in item.places() {
            let reasons = match covering.answer(label, closed, remembers) {
                Ok(_) => passage.missing(label),
                Err(reasons) => reasons,
            };
            if reasons.is_empty() {
                leaving = Cow::Owned(leaving.join(label));
            } else {
                let selector = selector.clone();
                withheld.push(Withheld { selector, reasons });
            }
        }
        if let Some(property) = required_among(&withheld, kind) {
            let reasons = vec![Reason::RequiredWithheld { property }];
            let stays = Decision::stays(Outcome::Deny, reasons);
            return Decision { withheld, ..stays };
        }
        if in_fallback {
            // It is one text, made of all that is left and marked by all of it.
            by = match covering.answer(&leaving, closed, remembers) {
                Ok(by) => by,
                Err(reasons) => return Decision::stays(Outcome::Deny, reasons),
            };
            let missing = passage.missing(&leaving);
            if !missing.is_empty() {
                return Decision::stays(Outcome::Refer, missing);
            }
        }
        Decision {
            outcome: if withheld.is_empty() && !in_fallback {
                Outcome::Release
            } else {
                Outcome::Reduced
            },
            reasons: Vec::new(),
            basis: covering.term(by).map(Term::basis),
            needs_second_person: needs_second_person(&leaving, &rules.second_person_above),
            withheld,
            in_fallback,
        }
    }

    /// What denies before any agreement is looked at.
    fn preconditions(&self, item: &Marked, provenance: &Provenance) -> Vec<Reason> {
        let mut reasons = Vec::new();
        if self.to.world != self.rules.world {
            reasons.push(Reason::OtherWorld {});
        }
        reasons.extend(not_confirmed(self.to.state));
        if !provenance.is_available || provenance.node.is_none() {
            reasons.push(Reason::NotAvailable {});
        }
        let unknown = item.unknown().iter().cloned();
        reasons.extend(unknown.map(|marking| Reason::UnknownMarking { marking }));
        if !item.object_label().is_release_marking() {
            reasons.push(Reason::Unmarked {});
        }
        if derivations::tells(item.valid().object(), &self.rules.derivations) {
            reasons.push(Reason::PrivateDerivation {});
        }
        reasons
    }

    /// The consents that fit this item.
    fn granted(&self, item: &ItemHash) -> Vec<&'a Grant> {
        let first = self.grants.partition_point(|grant| grant.item < *item);
        let of_item = self.grants[first..]
            .iter()
            .take_while(|grant| grant.item == *item);
        let Question { purpose, now, .. } = self.question;
        of_item
            .filter(|grant| grant.covers(&self.rules.me, item, &self.to.node, purpose, now))
            .copied()
            .collect()
    }

    fn covering(&mut self, kind: &str) -> (&Closed<'a>, &mut Covering<'a>) {
        let at = match self.by_kind.get(kind) {
            Some(at) => *at,
            None => {
                let purpose = Some(self.question.purpose);
                let (from, to) = (&self.rules.me, (&self.to.node, self.to.nation));
                self.covering.push(Covering {
                    terms: terms::covering(self.agreements, from, to, kind, purpose),
                    answers: HashMap::new(),
                });
                self.by_kind.insert(kind.into(), self.covering.len() - 1);
                self.covering.len() - 1
            }
        };
        (&self.closed, &mut self.covering[at])
    }
}

impl<'a> Covering<'a> {
    /// May the label leave under some term? From memory, where it is known.
    fn answer(&mut self, label: &Label, closed: &Closed<'_>, remembers: bool) -> Answer {
        if let Some(known) = self.answers.get(label) {
            return known.clone();
        }
        let answer = match &self.terms {
            Ok(terms) => closed.answer(label, terms),
            Err(reasons) => Err(reasons.clone()),
        };
        if remembers {
            if self.answers.len() >= REMEMBERED_MAX {
                self.answers.clear();
            }
            self.answers.insert(label.clone(), answer.clone());
        }
        answer
    }

    fn term(&self, at: usize) -> Option<&Term<'a>> {
        self.terms.as_ref().ok()?.get(at)
    }
}

/// A peer that is not confirmed by both sides receives nothing.
pub(crate) fn not_confirmed(state: PeerState) -> Option<Reason> {
    let state = match state {
        PeerState::Confirmed => return None,
        PeerState::Pending => "pending",
        PeerState::Removed => "removed",
    };
    Some(Reason::PeerNotConfirmed {
        state: state.into(),
    })
}

/// The first property among those that stay without which nothing of the object may leave.
fn required_among(withheld: &[Withheld], kind: &str) -> Option<String> {
    withheld
        .iter()
        .find_map(|place| needed(kind, place.selector.steps()))
}

/// The property without which nothing of the object may leave, if the place is one.
fn needed(kind: &str, place: &[Step]) -> Option<String> {
    let Some(Step::Key(name)) = place.first() else {
        return None;
    };
    let is_whole = place.len() == 1;
    let is_needed = MARKING_PROPERTIES.contains(&&**name)
        || (is_whole && noroshi_formats::required_properties(kind).contains(&&**name))
        // The id of an observable is made from its properties: who knows the one can find the
        // other by trying.
        || noroshi_formats::is_observable(kind);
    is_needed.then(|| name.to_string())
}

/// One person may release what stays at or below the node's threshold on every ladder and has
/// nothing else that asks; some ladders want two whatever the node says.
fn needs_second_person(leaving: &Label, above: &Threshold) -> bool {
    leaving.bits() & Axes::builtin().second_person != 0
        || !fits(leaving.ranks(), above.one_person())
        || leaving
            .rare()
            .is_some_and(|rare| !rare.rosters.is_empty() || !rare.sources.is_empty())
}

/// What a recipient, a road and an instant close, whatever any agreement says.
pub(crate) struct Closed<'a> {
    nation: Nation,
    channel: Channel,
    now: Timestamp,
    coalitions: &'a Coalitions,
    /// Bits of the bars against this nation.
    barred: u128,
    /// Per slot the highest rank that may leave at all, and by this road.
    limits: [u8; SLOTS],
}

impl<'a> Closed<'a> {
    pub(crate) fn new(
        nation: Nation,
        channel: Channel,
        now: Timestamp,
        coalitions: &'a Coalitions,
    ) -> Self {
        let table = Axes::builtin();
        let bars = table.bars.iter().filter(|(_, owner)| *owner != nation);
        let mut limits = table.stays_from.map(|from| from - 1);
        if !channel.is_encrypted {
            for (limit, from) in limits.iter_mut().zip(&table.encrypted_from) {
                *limit = (*limit).min(from - 1);
            }
        }
        Self {
            nation,
            channel,
            now,
            coalitions,
            barred: bars.fold(0, |bits, (bit, _)| bits | 1 << bit),
            limits,
        }
    }

    /// Which of the terms permits the label? They are asked one by one and never combined; that
    /// any one suffices keeps the answer monotone in the label. Otherwise why not, by the term
    /// that comes nearest.
    pub(crate) fn answer(&self, label: &Label, terms: &[Term<'_>]) -> Answer {
        let is_open = label.bits() & self.barred == 0
            && fits(label.ranks(), &self.limits)
            && label.rare().is_none_or(|rare| {
                let is_valid = rare.from.is_none_or(|from| from <= self.now)
                    && rare.until.is_none_or(|until| self.now < until);
                let lists = rare.rosters.values().flatten();
                is_valid && lists.into_iter().all(|list| self.meets(list))
            });
        if is_open && let Some(at) = terms.iter().position(|term| term.permits(label)) {
            return Ok(at);
        }
        let mut reasons = self.reasons(label);
        let nearest = terms.iter().min_by_key(|term| term.distance(label));
        reasons.extend(nearest.into_iter().flat_map(|term| term.closes(label)));
        Err(reasons)
    }

    fn names(&self, list: &std::collections::BTreeSet<Member>) -> bool {
        let (nation, now) = (self.nation, self.now);
        list.contains(&Member::Nation(nation))
            || list
                .iter()
                .any(|member| self.coalitions.includes(member, nation, now))
    }

    fn meets(&self, list: &Roster) -> bool {
        self.names(list.hold()) || (!self.channel.hands_over_copy && self.names(list.see()))
    }

    /// Why the label stays, whatever any agreement says.
    fn reasons(&self, label: &Label) -> Vec<Reason> {
        let table = Axes::builtin();
        let recipient = self.nation;
        let mut reasons = Vec::new();
        for (axis, _) in words_of(label.bits() & self.barred) {
            if let AxisKind::Bar { owner } = axis.kind {
                let axis = axis.id.clone();
                reasons.push(Reason::Barred {
                    axis,
                    owner,
                    recipient,
                });
            }
        }
        for (axis, level) in label.levels() {
            let rank = label.ranks()[axis.slot];
            let (axis_id, level) = (axis.id.clone(), level.id.clone());
            if rank >= table.stays_from[axis.slot] {
                reasons.push(Reason::StaysInside {
                    axis: axis_id,
                    level,
                });
            } else if rank > self.limits[axis.slot] {
                reasons.push(Reason::NotEncrypted {
                    axis: axis_id,
                    level,
                });
            }
        }
        let Some(rare) = label.rare() else {
            return reasons;
        };
        for (axis, lists) in &rare.rosters {
            let id = table.numbered(*axis).map_or("", |axis| &axis.id);
            for list in lists.iter().filter(|list| !self.meets(list)) {
                let display = table.display_of(id).filter(|_| self.names(list.see()));
                reasons.push(match display {
                    Some(display) => Reason::DisplayOnly {
                        axis: display.id.clone(),
                        recipient,
                    },
                    None => Reason::NotOnRoster {
                        axis: id.to_owned(),
                        recipient,
                    },
                });
            }
        }
        let begins = rare.from.filter(|from| self.now < *from);
        reasons.extend(begins.map(|from| Reason::NotYetValid { from }));
        let ended = rare.until.filter(|until| *until <= self.now);
        reasons.extend(ended.map(|until| Reason::NoLongerValid { until }));
        reasons
    }
}

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
    Gate::new(to, agreements, rules, question)
        .forgetful()
        .decide(item, provenance)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_answer_is_remembered_up_to_the_cap_and_never_more() {
        let now = Timestamp::from_micros(0);
        let nation = "JPN".parse().expect("a nation");
        let coalitions = Coalitions::default();
        let closed = Closed::new(nation, Channel::LINK, now, &coalitions);
        let mut covering = Covering {
            terms: Err(vec![Reason::NoAgreement {}]),
            answers: HashMap::new(),
        };
        let label =
            |at: usize| Label::window(None, i64::try_from(at).ok().map(Timestamp::from_micros));
        for at in 0..REMEMBERED_MAX {
            assert!(covering.answer(&label(at), &closed, true).is_err());
        }
        assert_eq!(covering.answers.len(), REMEMBERED_MAX);
        assert!(
            covering
                .answer(&label(REMEMBERED_MAX), &closed, true)
                .is_err()
        );
        assert_eq!(covering.answers.len(), 1);
    }
}
