//! Whose consent an item needs before it may go to somebody, and who has not given it.

use noroshi_model::agreement::Onward;
use noroshi_model::{Nation, NodeId};

use crate::axes::{Axes, AxisKind};
use crate::label::{Label, Source, words_of};
use crate::mark::Marked;
use crate::question::Grant;
use crate::reason::Reason;

/// One item on its way from one node to another, and the consents that fit the way.
pub(crate) struct Passage<'a> {
    pub(crate) item: &'a Marked,
    /// Who answers for the item.
    pub(crate) originator: NodeId,
    /// Who lets it go.
    pub(crate) holder: NodeId,
    pub(crate) holder_nation: Nation,
    /// Where it goes.
    pub(crate) recipient_nation: Nation,
    /// Verified consents to this very way.
    pub(crate) granted: Vec<&'a Grant>,
}

impl Passage<'_> {
    /// Does whoever answers for the item let it go, or has consented?
    pub(crate) fn has_originator(&self) -> bool {
        self.originator == self.holder
            || self.granted.iter().any(|grant| grant.by == self.originator)
    }

    /// The consents a label asks for that nobody has given. A nation's own information needs no
    /// consent to go back to it, nor where it is that nation's own node that lets it go.
    pub(crate) fn missing(&self, label: &Label) -> Vec<Reason> {
        let table = Axes::builtin();
        let mut missing = Vec::new();
        if label.bits() & table.of_originator != 0 && !self.has_originator() {
            let originator = self.originator;
            missing.push(Reason::OriginatorConsent { originator });
        }
        let unnamed = words_of(label.bits() & table.of_unnamed);
        missing.extend(unnamed.map(|(axis, _)| Reason::SourceConsent {
            axis: axis.id.clone(),
            source: "a source that is not named".to_owned(),
        }));
        let sources = label.rare().into_iter().flat_map(|rare| &rare.sources);
        for (axis, source) in sources.filter(|(_, source)| !self.has_source(source)) {
            missing.push(Reason::SourceConsent {
                axis: table
                    .numbered(*axis)
                    .map(|axis| axis.id.clone())
                    .unwrap_or_default(),
                source: source.to_string(),
            });
        }
        missing
    }

    fn has_source(&self, source: &Source) -> bool {
        match source {
            Source::Nation(nation) => {
                *nation == self.recipient_nation
                    || (*nation == self.holder_nation && self.originator == self.holder)
                    || self.granted.iter().any(|grant| grant.nation == *nation)
            }
            // An identity is known to be the originator's only where the item says so itself.
            Source::Identity(id) => {
                self.item.valid().head().created_by.as_ref() == Some(id) && self.has_originator()
            }
        }
    }
}

/// May somebody pass on what another made, without asking? TLP:CLEAR always, TLP:GREEN where a
/// term of its originator says so, anything else not (TLP 2.0: sharing beyond needs the source's
/// permission). Duties of handling and dates travel with it.
pub(crate) fn may_pass_on(label: &Label, term_says: impl Fn(Onward) -> bool) -> bool {
    let is_plain = label.bits() & Axes::builtin().second_person == 0
        && label
            .rare()
            .is_none_or(|rare| rare.rosters.is_empty() && rare.sources.is_empty());
    let mut ladders = label
        .levels()
        .filter(|(axis, _)| matches!(axis.kind, AxisKind::Ladder { .. }));
    match (ladders.next(), ladders.next()) {
        (Some((axis, level)), None) if is_plain && axis.id == "tlp" => match level.id.as_str() {
            "clear" => true,
            "green" => term_says(Onward::Community),
            _ => false,
        },
        _ => false,
    }
}
