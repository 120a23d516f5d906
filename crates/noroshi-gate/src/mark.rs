//! The effective marking of an object, property by property.
//!
//! A property's marking is the join of the object's markings with every granular marking on it or
//! on what holds it. A granular marking never opens what the object closes.

use std::collections::{BTreeMap, BTreeSet};

use noroshi_formats::Valid;
use noroshi_model::json::{Object, Value};
use noroshi_model::selector::{Selector, Step};
use noroshi_model::{ItemHash, StixId};

use crate::label::Label;
use crate::table::{MarkingError, MarkingTable, Meaning, Scope};

/// Most different markings one object may name. Beyond, the rest counts as unknown and the object
/// is held: joining lists that name coalitions is work in the square of their number.
const MARKINGS_MAX: usize = 256;

/// A checked object with its effective marking.
#[derive(Clone, Debug, PartialEq)]
pub struct Marked {
    valid: Valid,
    object: Label,
    places: Vec<(Selector, Label)>,
    unknown: BTreeSet<StixId>,
    assigned: Vec<StixId>,
}

impl Marked {
    /// The object.
    #[must_use]
    pub fn valid(&self) -> &Valid {
        &self.valid
    }

    /// Give the object back, to be marked otherwise.
    #[must_use]
    pub fn into_valid(self) -> Valid {
        self.valid
    }

    /// The item's name.
    #[must_use]
    pub fn hash(&self) -> ItemHash {
        self.valid.hash()
    }

    /// The join of the markings on the object as a whole.
    #[must_use]
    pub fn object_label(&self) -> &Label {
        &self.object
    }

    /// The places with markings of their own, in order, each with all that stands on it: the
    /// object's marking and that of every place at or above it.
    #[must_use]
    pub fn places(&self) -> &[(Selector, Label)] {
        &self.places
    }

    /// The join of everything anywhere on the object: what a banner shows.
    #[must_use]
    pub fn highest(&self) -> Label {
        let places = self.places.iter();
        places.fold(self.object.clone(), |label, (_, place)| label.join(place))
    }

    /// Does no marking on it name dates, nations, coalitions or sources? What the gate answers then
    /// hangs on levels alone, and on no instant.
    #[must_use]
    pub fn is_plain(&self) -> bool {
        let mut places = self.places.iter();
        self.object.rare().is_none() && places.all(|(_, label)| label.rare().is_none())
    }

    /// Markings named that this node does not know.
    #[must_use]
    pub fn unknown(&self) -> &BTreeSet<StixId> {
        &self.unknown
    }

    /// Markings a node ordered on top of the object's own.
    #[must_use]
    pub fn assigned(&self) -> &[StixId] {
        &self.assigned
    }
}

/// Mark an object: its own markings and those assigned to it, read by the definitions of who
/// answers for it.
#[must_use]
pub fn mark(valid: Valid, assigned: &[StixId], table: &MarkingTable, scope: &Scope) -> Marked {
    let mut unknown = BTreeSet::new();
    let mut label = own_meaning(valid.object(), table, &mut unknown);
    let mut named: BTreeSet<StixId> = BTreeSet::new();
    let mut resolve = |id: &StixId| {
        if !named.contains(id) {
            if named.len() == MARKINGS_MAX {
                unknown.insert(id.clone());
                return Label::none();
            }
            named.insert(id.clone());
        }
        match table.resolve(id, scope) {
            Some(Meaning::Marks(label)) => label.clone(),
            Some(Meaning::Statement) => Label::none(),
            None => {
                unknown.insert(id.clone());
                Label::none()
            }
        }
    };
    let object = valid.object();
    for id in ids(object.get("object_marking_refs"))
        .iter()
        .chain(assigned)
    {
        label = label.join(&resolve(id));
    }
    let mut own: BTreeMap<Vec<Step>, Label> = BTreeMap::new();
    let granular = object
        .get("granular_markings")
        .and_then(Value::as_array)
        .unwrap_or_default();
    for marking in granular.iter().filter_map(Value::as_object) {
        let Some(id) = marking.str("marking_ref").and_then(|id| id.parse().ok()) else {
            continue;
        };
        let meaning = resolve(&id);
        let selectors = marking
            .get("selectors")
            .and_then(Value::as_array)
            .unwrap_or_default();
        // The formats room has parsed every selector already; one that did not parse would have
        // refused the object.
        for selector in selectors.iter().filter_map(Value::as_str) {
            if let Ok(selector) = selector.parse::<Selector>() {
                let standing = own.entry(selector.steps().to_vec()).or_default();
                *standing = standing.join(&meaning);
            }
        }
    }
    let mut assigned = assigned.to_vec();
    assigned.sort();
    assigned.dedup();
    Marked {
        places: places(&own, &label),
        object: label,
        unknown,
        assigned,
        valid,
    }
}

/// Each marked place with all that stands on it. A place is at most 64 steps deep, so this is
/// work in proportion to the places, however many there are.
fn places(own: &BTreeMap<Vec<Step>, Label>, object: &Label) -> Vec<(Selector, Label)> {
    let standing = |steps: &[Step]| {
        let above = (1..=steps.len()).filter_map(|length| own.get(&steps[..length]));
        above.fold(object.clone(), |label, place| label.join(place))
    };
    own.keys()
        .filter_map(|steps| Some((Selector::from_steps(steps.clone())?, standing(steps))))
        .collect()
}

/// The definition of NOFORN is no secret: a definition of release that says nothing else is clear.
/// A statement may say anything, and is marked like anything. One that takes a well-known id for
/// something else is held, as if it named a marking nobody knows.
fn own_meaning(object: &Object, table: &MarkingTable, unknown: &mut BTreeSet<StixId>) -> Label {
    if object.str("type") != Some("marking-definition") {
        return Label::none();
    }
    match table.understand(object) {
        Ok((_, Meaning::Marks(_))) => Label::level("tlp", "clear").unwrap_or_default(),
        Err(MarkingError::Squatted(id)) => {
            unknown.insert(id);
            Label::none()
        }
        Ok((_, Meaning::Statement)) | Err(_) => Label::none(),
    }
}

fn ids(value: Option<&Value>) -> Vec<StixId> {
    let values = value.and_then(Value::as_array).unwrap_or_default();
    values
        .iter()
        .filter_map(Value::as_str)
        .filter_map(|id| id.parse().ok())
        .collect()
}
