//! The axes of marking as dated data: what levels there are, what a caveat bars, in which words.
//!
//! A new regime is a new entry in `data/axes-v1.json`, not code.

use noroshi_model::document::{DocumentError, Fields};
use noroshi_model::{Limits, Nation, Timestamp, Value};

const BUILTIN: &str = include_str!("../data/axes-v1.json");

/// How an axis joins and what it asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AxisKind {
    /// Ranked levels: the higher wins; released up to the ceiling that an agreement names.
    Ladder {
        /// From the lowest, each with its English and Japanese name.
        levels: Vec<(String, String, String)>,
        /// Does a release always need two persons, whatever the node's own rule?
        two_persons: bool,
    },
    /// A caveat: whoever is not of the owner nation never receives it.
    Bar {
        /// Whose caveat it is.
        owner: Nation,
    },
    /// The nations it may go to: joined by intersection.
    Roster,
}

/// One axis.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Axis {
    /// Its id, such as `tlp`.
    pub id: String,
    /// English name.
    pub name_en: String,
    /// Japanese name.
    pub name_ja: String,
    /// Known since. An item may carry an axis from any time; the date tells which text applied.
    pub valid_from: Timestamp,
    /// What it is.
    pub kind: AxisKind,
}

/// All axes a node knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Axes(Vec<Axis>);

impl Axes {
    /// The table this binary carries.
    #[must_use]
    pub fn builtin() -> Self {
        Self::read(BUILTIN.as_bytes()).expect("invariant: the table in the binary is tested")
    }

    /// Read a table.
    ///
    /// # Errors
    /// A field missing, unknown or refused.
    pub fn read(bytes: &[u8]) -> Result<Self, DocumentError> {
        let value =
            Value::parse(bytes, &Limits::DEFAULT).map_err(|source| DocumentError::Json {
                document: "axes",
                source,
            })?;
        let mut fields = Fields::of("axes", value)?;
        fields.version(1)?;
        fields.text("source")?;
        let axes = fields
            .list("axes")?
            .into_iter()
            .map(axis)
            .collect::<Result<_, _>>()?;
        fields.end()?;
        Ok(Self(axes))
    }

    /// The axis of that id.
    #[must_use]
    pub fn get(&self, id: &str) -> Option<&Axis> {
        self.0.iter().find(|axis| axis.id == id)
    }

    /// All of them, in the table's order.
    pub fn iter(&self) -> impl Iterator<Item = &Axis> {
        self.0.iter()
    }

    /// The rank of a level on a ladder, from 0.
    #[must_use]
    pub fn rank(&self, axis: &str, level: &str) -> Option<u8> {
        let AxisKind::Ladder { levels, .. } = &self.get(axis)?.kind else {
            return None;
        };
        let at = levels.iter().position(|(id, _, _)| id == level)?;
        u8::try_from(at).ok()
    }
}

fn axis(value: Value) -> Result<Axis, DocumentError> {
    let mut fields = Fields::of("axis", value)?;
    let kind = match fields.text("kind")?.as_str() {
        "ladder" => AxisKind::Ladder {
            levels: fields
                .list("levels")?
                .into_iter()
                .map(level)
                .collect::<Result<_, _>>()?,
            two_persons: fields
                .maybe("two_persons")
                .and_then(|v| v.as_bool())
                .unwrap_or(false),
        },
        "bar" => AxisKind::Bar {
            owner: fields.parsed("owner")?,
        },
        "roster" => AxisKind::Roster,
        _ => return Err(fields.refused("kind", "is not ladder, bar or roster")),
    };
    let axis = Axis {
        id: fields.text("id")?,
        name_en: fields.text("name_en")?,
        name_ja: fields.text("name_ja")?,
        valid_from: fields.parsed("valid_from")?,
        kind,
    };
    fields.end()?;
    Ok(axis)
}

fn level(value: Value) -> Result<(String, String, String), DocumentError> {
    let mut fields = Fields::of("axis level", value)?;
    let level = (
        fields.text("id")?,
        fields.text("name_en")?,
        fields.text("name_ja")?,
    );
    fields.end()?;
    Ok(level)
}
