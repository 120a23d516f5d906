//! The terms of agreements, made ready: what each lets through on every axis.

use noroshi_model::agreement::{Agreement, Party, ReleaseTerm, Standing};
use noroshi_model::{ItemHash, Nation, NodeId};

use crate::axes::{Axes, Axis, AxisKind, SLOTS};
use crate::decide::{AgreementInForce, Basis};
use crate::label::{Label, words_of};
use crate::reason::Reason;

/// A term, and the highest it lets through.
#[derive(Clone, Debug)]
pub(crate) struct Term<'a> {
    agreement: &'a Agreement,
    item: ItemHash,
    term: &'a ReleaseTerm,
    /// Per slot the highest rank that may pass; 0 is none.
    ceilings: [u8; SLOTS],
    /// The words of compartments it names.
    words: u128,
}

impl<'a> Term<'a> {
    fn new(held: &AgreementInForce<'a>, term: &'a ReleaseTerm) -> Self {
        let agreement = held.agreement;
        let table = Axes::builtin();
        let (mut ceilings, mut words) = (table.unnamed, 0);
        let named = term.ceilings.iter();
        for (axis, named) in named.filter_map(|(id, named)| Some((table.get(id)?, named))) {
            if axis.is_ranked() {
                ceilings[axis.slot] = axis.place(named).map_or(0, rank);
            } else if matches!(axis.kind, AxisKind::Compartment { .. }) {
                let named = named.split([' ', ',']).filter_map(|word| axis.place(word));
                words = named.fold(words, |words, place| words | 1 << axis.levels()[place].bit);
            }
        }
        for (axis, rank) in by_equivalence(agreement, term) {
            ceilings[axis.slot] = ceilings[axis.slot].max(rank);
        }
        Self {
            agreement,
            item: held.item,
            term,
            ceilings,
            words,
        }
    }

    /// Does it let the label through?
    pub(crate) fn permits(&self, label: &Label) -> bool {
        fits(label.ranks(), &self.ceilings)
            && label.bits() & Axes::builtin().compartments & !self.words == 0
    }

    /// How many reasons there are why it does not.
    pub(crate) fn distance(&self, label: &Label) -> usize {
        let ranks = label.ranks().iter().zip(&self.ceilings);
        let missing = label.bits() & Axes::builtin().compartments & !self.words;
        ranks.filter(|(rank, ceiling)| rank > ceiling).count() + missing.count_ones() as usize
    }

    /// Why it does not.
    pub(crate) fn closes(&self, label: &Label) -> Vec<Reason> {
        let above = label
            .levels()
            .filter(|(axis, _)| label.ranks()[axis.slot] > self.ceilings[axis.slot]);
        let mut reasons: Vec<Reason> = above
            .map(|(axis, level)| {
                let (id, level) = (axis.id.clone(), level.id.clone());
                match self.term.ceilings.get(&id).cloned() {
                    Some(ceiling) => Reason::AboveCeiling {
                        axis: id,
                        level,
                        ceiling,
                    },
                    None => Reason::NotCovered { axis: id, level },
                }
            })
            .collect();
        let missing = label.bits() & Axes::builtin().compartments & !self.words;
        reasons.extend(words_of(missing).map(|(axis, word)| Reason::NotCovered {
            axis: axis.id.clone(),
            level: word.map(|word| word.id.clone()).unwrap_or_default(),
        }));
        reasons
    }

    pub(crate) fn basis(&self) -> Basis {
        Basis {
            agreement: self.agreement.id.clone(),
            item: self.item,
            clause: self.term.clause.clone(),
        }
    }
}

/// Is every rank at or below its limit?
pub(crate) fn fits(ranks: &[u8; SLOTS], limits: &[u8; SLOTS]) -> bool {
    ranks.iter().zip(limits).all(|(rank, limit)| rank <= limit)
}

fn rank(place: usize) -> u8 {
    u8::try_from(place + 1).unwrap_or(0)
}

/// Levels of ladders that the term does not name, but which the agreement's parties hold to be
/// equal to a level it lets through. Who may have CONFIDENTIAL may have what is below it, or a
/// caveat more would release more. Counts only inside the agreement both have signed.
fn by_equivalence(
    agreement: &Agreement,
    term: &ReleaseTerm,
) -> impl Iterator<Item = (&'static Axis, u8)> {
    let table = Axes::builtin();
    let lets_through = move |side: &str| {
        side.split_once(':').is_some_and(|(other, level)| {
            let ceiling = term
                .ceilings
                .get(other)
                .and_then(|named| table.rank(other, named));
            let level = table.rank(other, level);
            level.is_some() && level <= ceiling
        })
    };
    let pairs = agreement.equivalences.iter();
    pairs
        .flat_map(|pair| [(&pair.left, &pair.right), (&pair.right, &pair.left)])
        .filter_map(move |(here, there)| {
            let (id, level) = here.split_once(':')?;
            let axis = table.get(id).filter(|axis| {
                let is_ladder = matches!(axis.kind, AxisKind::Ladder { .. });
                is_ladder && !term.ceilings.contains_key(id)
            })?;
            let place = axis.place(level)?;
            lets_through(there).then(|| (axis, rank(place)))
        })
}

/// The terms in force from one node to another that cover type and purpose (any purpose where
/// none is asked for), made ready.
pub(crate) fn covering<'a>(
    agreements: &'a [AgreementInForce<'a>],
    from: &NodeId,
    to: (&NodeId, Nation),
    kind: &str,
    purpose: Option<&str>,
) -> Result<Vec<Term<'a>>, Vec<Reason>> {
    let terms = directed(agreements, from, to, kind, purpose)?;
    Ok(terms
        .into_iter()
        .map(|(held, term)| Term::new(held, term))
        .collect())
}

/// The same terms as they stand. The receiving party must still be of the nation that all signed
/// it in with.
pub(crate) fn directed<'a>(
    agreements: &'a [AgreementInForce<'a>],
    from: &NodeId,
    (to, nation): (&NodeId, Nation),
    kind: &str,
    purpose: Option<&str>,
) -> Result<Vec<(&'a AgreementInForce<'a>, &'a ReleaseTerm)>, Vec<Reason>> {
    let is_receiver = |party: &Party| party.node == *to && party.nation == nation;
    let between: Vec<_> = agreements
        .iter()
        .filter(|held| {
            held.agreement.has_party(from) && held.agreement.parties.iter().any(is_receiver)
        })
        .collect();
    if between.is_empty() {
        return Err(vec![Reason::NoAgreement {}]);
    }
    let mut terms = Vec::new();
    let mut resting = Vec::new();
    for held in between {
        if held.standing == Standing::InForce {
            let directed = held.agreement.releases.iter();
            let directed = directed.filter(|term| term.from == *from && term.to == *to);
            terms.extend(directed.map(|term| (held, term)));
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
    terms.retain(|(_, term)| covers(&term.types, kind));
    if terms.is_empty() {
        let kind = kind.to_owned();
        return Err(vec![Reason::TypeNotCovered { kind }]);
    }
    if let Some(purpose) = purpose {
        terms.retain(|(_, term)| covers(&term.purposes, purpose));
        if terms.is_empty() {
            let purpose = purpose.to_owned();
            return Err(vec![Reason::PurposeNotCovered { purpose }]);
        }
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
