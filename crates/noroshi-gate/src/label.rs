//! What a marking asks, joined: the strictest of everything that marks a property.

use core::fmt;
use std::collections::{BTreeMap, BTreeSet};

use noroshi_model::document::{DocumentError, Fields};
use noroshi_model::json::Object;
use noroshi_model::{Nation, Value};

use crate::axes::{Axes, AxisKind};

/// The joined marking of an object or a property.
///
/// A join is associative, commutative and idempotent; `Label::none()` is its neutral element.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Label {
    /// Per ladder the rank that stands.
    ladders: BTreeMap<String, (u8, String)>,
    /// The bars that stand.
    bars: BTreeSet<String>,
    /// Per roster the nations it may go to; an empty set is nobody.
    rosters: BTreeMap<String, BTreeSet<Nation>>,
}

impl Label {
    /// No marking at all: never released.
    #[must_use]
    pub fn none() -> Self {
        Self::default()
    }

    /// One level of a ladder; `None` where the table does not know it.
    #[must_use]
    pub fn ladder(axes: &Axes, axis: &str, level: &str) -> Option<Self> {
        let rank = axes.rank(axis, level)?;
        let mut label = Self::none();
        label
            .ladders
            .insert(axis.to_owned(), (rank, level.to_owned()));
        Some(label)
    }

    /// A bar; `None` where the table does not know it.
    #[must_use]
    pub fn bar(axes: &Axes, axis: &str) -> Option<Self> {
        matches!(axes.get(axis)?.kind, AxisKind::Bar { .. }).then(|| {
            let mut label = Self::none();
            label.bars.insert(axis.to_owned());
            label
        })
    }

    /// A roster; `None` where the table does not know it.
    #[must_use]
    pub fn roster(axes: &Axes, axis: &str, nations: BTreeSet<Nation>) -> Option<Self> {
        matches!(axes.get(axis)?.kind, AxisKind::Roster).then(|| {
            let mut label = Self::none();
            label.rosters.insert(axis.to_owned(), nations);
            label
        })
    }

    /// The strictest of both.
    #[must_use]
    pub fn join(&self, other: &Self) -> Self {
        let mut joined = self.clone();
        for (axis, level) in &other.ladders {
            let standing = joined
                .ladders
                .entry(axis.clone())
                .or_insert_with(|| level.clone());
            if level.0 > standing.0 {
                *standing = level.clone();
            }
        }
        joined.bars.extend(other.bars.iter().cloned());
        for (axis, nations) in &other.rosters {
            match joined.rosters.get_mut(axis) {
                Some(standing) => standing.retain(|nation| nations.contains(nation)),
                None => {
                    joined.rosters.insert(axis.clone(), nations.clone());
                }
            }
        }
        joined
    }

    /// Does it say anything about release? An object without is held.
    #[must_use]
    pub fn is_release_marking(&self) -> bool {
        !self.ladders.is_empty() || !self.bars.is_empty() || !self.rosters.is_empty()
    }

    /// Is `self` at least as strict as `other` on every axis?
    #[must_use]
    pub fn covers(&self, other: &Self) -> bool {
        self.join(other) == *self
    }

    /// The ladders that stand: axis, rank, level.
    pub fn ladders(&self) -> impl Iterator<Item = (&str, u8, &str)> {
        self.ladders
            .iter()
            .map(|(axis, (rank, level))| (&**axis, *rank, &**level))
    }

    /// The bars that stand.
    pub fn bars(&self) -> impl Iterator<Item = &str> {
        self.bars.iter().map(String::as_str)
    }

    /// The rosters that stand.
    pub fn rosters(&self) -> impl Iterator<Item = (&str, &BTreeSet<Nation>)> {
        self.rosters
            .iter()
            .map(|(axis, nations)| (&**axis, nations))
    }

    /// The stored form, versioned.
    #[must_use]
    pub fn to_object(&self) -> Object {
        let mut ladders = Object::new();
        for (axis, (rank, level)) in &self.ladders {
            let level = Value::Array(vec![Value::Int(i64::from(*rank)), level.as_str().into()]);
            ladders.insert(axis.as_str(), level);
        }
        let mut rosters = Object::new();
        for (axis, nations) in &self.rosters {
            let nations: Vec<&str> = nations.iter().map(Nation::as_str).collect();
            rosters.insert(axis.as_str(), nations);
        }
        let bars: Vec<&str> = self.bars.iter().map(String::as_str).collect();
        Object::new()
            .with("v", 1)
            .with("ladders", ladders)
            .with("bars", bars)
            .with("rosters", rosters)
    }

    /// Read the stored form.
    ///
    /// # Errors
    /// A field missing, unknown or refused.
    pub fn from_value(value: Value) -> Result<Self, DocumentError> {
        let mut fields = Fields::of("label", value)?;
        fields.version(1)?;
        let mut label = Self::none();
        let Value::Object(ladders) = fields.value("ladders")? else {
            return Err(fields.refused("ladders", "is no object"));
        };
        for (axis, level) in ladders {
            let read = level.as_array().and_then(|parts| match parts {
                [rank, level] => Some((
                    u8::try_from(rank.as_int()?).ok()?,
                    level.as_str()?.to_owned(),
                )),
                _ => None,
            });
            let read = read.ok_or_else(|| fields.refused("ladders", "holds no [rank, level]"))?;
            label.ladders.insert(axis.into(), read);
        }
        label.bars = fields.parsed_list::<String>("bars")?.into_iter().collect();
        let Value::Object(rosters) = fields.value("rosters")? else {
            return Err(fields.refused("rosters", "is no object"));
        };
        for (axis, nations) in rosters {
            let nations = nations.as_array().unwrap_or_default().iter();
            let nations = nations
                .map(|nation| nation.as_str().and_then(|text| text.parse().ok()))
                .collect::<Option<BTreeSet<Nation>>>()
                .ok_or_else(|| fields.refused("rosters", "holds something that is no nation"))?;
            label.rosters.insert(axis.into(), nations);
        }
        fields.end()?;
        Ok(label)
    }
}

impl fmt::Display for Label {
    /// `tlp:amber us-noforn us-relto:JPN,USA`; `(unmarked)` where nothing stands.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut parts: Vec<String> = self
            .ladders
            .iter()
            .map(|(axis, (_, level))| format!("{axis}:{level}"))
            .collect();
        parts.extend(self.bars.iter().cloned());
        for (axis, nations) in &self.rosters {
            let nations: Vec<&str> = nations.iter().map(Nation::as_str).collect();
            parts.push(format!("{axis}:{}", nations.join(",")));
        }
        if parts.is_empty() {
            f.write_str("(unmarked)")
        } else {
            f.write_str(&parts.join(" "))
        }
    }
}
