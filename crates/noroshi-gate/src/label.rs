//! What a marking asks, joined: the strictest of everything that marks a property.
//!
//! Small and quick to compare: a rank for each ladder, a bit for each word, and what is rare
//! (lists of nations, sources whose consent is needed, dates) behind one shared pointer.

use core::fmt;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use noroshi_model::{Nation, StixId, Timestamp};

use crate::axes::{Axes, Axis, AxisKind, Level, SLOTS};
use crate::roster::{self, Roster};

/// Says that something in the label marks release.
const RELEASE: u128 = 1 << 127;

/// Whose consent a marking asks for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Source {
    /// A nation whose information it is.
    Nation(Nation),
    /// An identity that the marking names as originator.
    Identity(StixId),
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nation(nation) => nation.fmt(f),
            Self::Identity(id) => id.fmt(f),
        }
    }
}

/// The joined marking of an object or a property.
///
/// A join is associative, commutative and idempotent; `Label::none()` is its neutral element.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Label {
    /// Per ranked axis the rank that stands, from 1; 0 where none does.
    ranks: [u8; SLOTS],
    /// The words that stand, and whether something marks release.
    bits: u128,
    // INVARIANT: never an empty one.
    rare: Option<Arc<Rare>>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Rare {
    /// Per axis the lists that must be met, in normal form.
    pub(crate) rosters: BTreeMap<u8, Vec<Roster>>,
    /// Per axis the sources whose consent is needed.
    pub(crate) sources: BTreeSet<(u8, Source)>,
    /// May be released from this instant.
    pub(crate) from: Option<Timestamp>,
    /// May be released until this instant, exclusive.
    pub(crate) until: Option<Timestamp>,
}

impl Label {
    /// No marking at all: never released.
    #[must_use]
    pub fn none() -> Self {
        Self::default()
    }

    /// A level of a ladder or of handling by any of its spellings; `None` where the table does
    /// not know it.
    #[must_use]
    pub fn level(axis: &str, word: &str) -> Option<Self> {
        let axis = Axes::builtin().get(axis)?;
        let rank = u8::try_from(axis.place(word)?).ok()?.checked_add(1)?;
        let mut label = Self::none();
        *label
            .ranks
            .get_mut(axis.slot)
            .filter(|_| axis.is_ranked())? = rank;
        label.bits = release_bit(axis);
        Some(label)
    }

    /// A word of a compartment or notice by any of its spellings; `None` where the table does not
    /// know it.
    #[must_use]
    pub fn word(axis: &str, word: &str) -> Option<Self> {
        let axis = Axes::builtin().get(axis)?;
        let place = axis.place(word).filter(|_| !axis.is_ranked())?;
        Some(Self::of_bits(
            1 << axis.levels()[place].bit | release_bit(axis),
        ))
    }

    /// A bar, an officer's word, or a consent (the originator's, or that of a source nobody
    /// named), by the axis's id; `None` where there is none of that id.
    #[must_use]
    pub fn caveat(axis: &str) -> Option<Self> {
        let axis = Axes::builtin().get(axis)?;
        match axis.kind {
            AxisKind::Bar { .. } | AxisKind::Officer | AxisKind::Consent { .. } => {
                Some(Self::of_bits(1 << axis.bit | release_bit(axis)))
            }
            AxisKind::Ladder { .. }
            | AxisKind::Handling { .. }
            | AxisKind::Roster
            | AxisKind::Display { .. }
            | AxisKind::Compartment { .. }
            | AxisKind::Notice { .. } => None,
        }
    }

    /// A list of who may have it; `None` where the table knows no roster of that id.
    #[must_use]
    pub fn roster(axis: &str, list: Roster) -> Option<Self> {
        let axis = Axes::builtin().get(axis)?;
        matches!(axis.kind, AxisKind::Roster).then(|| {
            let rare = Rare {
                rosters: BTreeMap::from([(axis.number, vec![list])]),
                ..Rare::default()
            };
            Self {
                bits: RELEASE,
                ..Self::of_rare(rare)
            }
        })
    }

    /// The consent of a named source; `None` where the table knows no consent of that id.
    #[must_use]
    pub fn source(axis: &str, source: Source) -> Option<Self> {
        let axis = Axes::builtin().get(axis)?;
        matches!(axis.kind, AxisKind::Consent { .. }).then(|| {
            Self::of_rare(Rare {
                sources: BTreeSet::from([(axis.number, source)]),
                ..Rare::default()
            })
        })
    }

    /// A span of time outside which nothing is released.
    #[must_use]
    pub fn window(from: Option<Timestamp>, until: Option<Timestamp>) -> Self {
        Self::of_rare(Rare {
            from,
            until,
            ..Rare::default()
        })
    }

    pub(crate) fn of_bits(bits: u128) -> Self {
        Self {
            bits,
            ..Self::default()
        }
    }

    pub(crate) fn of_rare(rare: Rare) -> Self {
        let rare = (rare != Rare::default()).then(|| Arc::new(rare));
        Self {
            rare,
            ..Self::default()
        }
    }

    /// The same demands, but nothing of it marks release: it makes other markings stricter and
    /// stands for none itself.
    #[must_use]
    pub(crate) fn without_release(mut self) -> Self {
        self.bits &= !RELEASE;
        self
    }

    pub(crate) fn with_release(mut self) -> Self {
        self.bits |= RELEASE;
        self
    }

    /// The strictest of both.
    #[must_use]
    pub fn join(&self, other: &Self) -> Self {
        let mut ranks = self.ranks;
        for (rank, theirs) in ranks.iter_mut().zip(&other.ranks) {
            *rank = (*rank).max(*theirs);
        }
        let rare = match (&self.rare, &other.rare) {
            (None, one) | (one, None) => one.clone(),
            (Some(mine), Some(theirs)) if mine == theirs => Some(Arc::clone(mine)),
            (Some(mine), Some(theirs)) => Some(Arc::new(mine.join(theirs))),
        };
        Self {
            ranks,
            bits: self.bits | other.bits,
            rare,
        }
    }

    /// Does it say anything about release? An object without is held.
    #[must_use]
    pub fn is_release_marking(&self) -> bool {
        self.bits & RELEASE != 0
    }

    /// Does nothing stand at all?
    #[must_use]
    pub fn is_none(&self) -> bool {
        *self == Self::none()
    }

    /// Is `self` at least as strict as `other` on every axis?
    #[must_use]
    pub fn covers(&self, other: &Self) -> bool {
        self.join(other) == *self
    }

    /// The levels that stand on ladders and handling.
    pub fn levels(&self) -> impl Iterator<Item = (&'static Axis, &'static Level)> {
        Axes::builtin().ranked().filter_map(|axis| {
            let place = usize::from(self.ranks[axis.slot]).checked_sub(1)?;
            Some((axis, axis.levels().get(place)?))
        })
    }

    pub(crate) fn ranks(&self) -> &[u8; SLOTS] {
        &self.ranks
    }

    pub(crate) fn bits(&self) -> u128 {
        self.bits & !RELEASE
    }

    pub(crate) fn rare(&self) -> Option<&Rare> {
        self.rare.as_deref()
    }

    /// The axes and words of the bits that stand, in the table's order.
    pub(crate) fn words(&self) -> impl Iterator<Item = (&'static Axis, Option<&'static Level>)> {
        words_of(self.bits())
    }
}

/// The axes and words of some bits.
pub(crate) fn words_of(
    bits: u128,
) -> impl Iterator<Item = (&'static Axis, Option<&'static Level>)> {
    let mut left = bits;
    core::iter::from_fn(move || {
        let bit = (left != 0).then(|| left.trailing_zeros())?;
        left &= left - 1;
        Some(bit)
    })
    .filter_map(|bit| Axes::builtin().of_bit(bit))
}

fn release_bit(axis: &Axis) -> u128 {
    match axis.kind {
        AxisKind::Ladder { .. }
        | AxisKind::Bar { .. }
        | AxisKind::Roster
        | AxisKind::Compartment { .. } => RELEASE,
        AxisKind::Handling { .. }
        | AxisKind::Display { .. }
        | AxisKind::Notice { .. }
        | AxisKind::Consent { .. }
        | AxisKind::Officer => 0,
    }
}

impl Rare {
    fn join(&self, other: &Self) -> Self {
        let mut joined = self.clone();
        for (axis, lists) in &other.rosters {
            let standing = joined.rosters.entry(*axis).or_default();
            *standing = roster::join(standing, lists);
        }
        joined.sources.extend(other.sources.iter().cloned());
        joined.from = self.from.max(other.from);
        joined.until = match (self.until, other.until) {
            (Some(mine), Some(theirs)) => Some(mine.min(theirs)),
            (one, None) | (None, one) => one,
        };
        joined
    }
}

impl fmt::Display for Label {
    /// `tlp:amber us-noforn us-relto:JPN,USA`; `(unmarked)` where nothing stands.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut parts: Vec<String> = self
            .levels()
            .map(|(axis, level)| format!("{}:{}", axis.id, level.id))
            .collect();
        parts.extend(self.words().map(|(axis, word)| match word {
            Some(word) => format!("{}:{}", axis.id, word.id),
            None => axis.id.clone(),
        }));
        if let Some(rare) = self.rare() {
            let table = Axes::builtin();
            let id = |number: u8| table.numbered(number).map_or("?", |axis| &axis.id);
            for (axis, lists) in &rare.rosters {
                for list in lists {
                    parts.push(format!("{}:{}", id(*axis), members(list.hold().iter())));
                    let see = members(list.see().difference(list.hold()));
                    if let Some(axis) = table.display_of(id(*axis)).filter(|_| !see.is_empty()) {
                        parts.push(format!("{}:{see}", axis.id));
                    }
                }
            }
            let sources = rare.sources.iter();
            parts.extend(sources.map(|(axis, source)| format!("{}:{source}", id(*axis))));
            parts.extend(rare.from.map(|from| format!("from:{from}")));
            parts.extend(rare.until.map(|until| format!("until:{until}")));
        }
        if parts.is_empty() {
            f.write_str("(unmarked)")
        } else {
            f.write_str(&parts.join(" "))
        }
    }
}

fn members<'a>(list: impl Iterator<Item = &'a roster::Member>) -> String {
    let codes: Vec<String> = list.map(ToString::to_string).collect();
    codes.join(",")
}

#[cfg(test)]
mod tests;
