//! Organisations, their nations and the world (operational or exercise) a node lives in.

use core::fmt;
use core::str::FromStr;

use crate::ids::{IdError, NodeId};

/// A nation by its three-letter code (ISO 3166-1 alpha-3, as GENC uses it), such as `JPN`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Nation([u8; 3]);

impl Nation {
    /// The code as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        core::str::from_utf8(&self.0).unwrap_or("???")
    }
}

impl fmt::Display for Nation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Nation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Nation {
    type Err = IdError;
    fn from_str(text: &str) -> Result<Self, IdError> {
        match text.as_bytes() {
            &[a, b, c] if [a, b, c].iter().all(u8::is_ascii_uppercase) => Ok(Self([a, b, c])),
            _ => Err(IdError {
                given: text.chars().take(80).collect(),
                expected: "a nation's three-letter code such as JPN or USA",
            }),
        }
    }
}

/// What an organisation is; sane rules follow from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum OrganisationKind {
    /// A ministry or department.
    Ministry,
    /// A military or cyber unit.
    Unit,
    /// An agency.
    Agency,
    /// An operator of critical infrastructure.
    Operator,
    /// Any other partner.
    Partner,
}

impl OrganisationKind {
    /// Every kind, in the order a person is offered them.
    pub const ALL: [Self; 5] = [
        Self::Ministry,
        Self::Unit,
        Self::Agency,
        Self::Operator,
        Self::Partner,
    ];

    /// The word used in files.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ministry => "ministry",
            Self::Unit => "unit",
            Self::Agency => "agency",
            Self::Operator => "operator",
            Self::Partner => "partner",
        }
    }
}

impl FromStr for OrganisationKind {
    type Err = IdError;
    fn from_str(text: &str) -> Result<Self, IdError> {
        Self::ALL
            .into_iter()
            .find(|kind| kind.as_str() == text)
            .ok_or(IdError {
                given: text.chars().take(80).collect(),
                expected: "one of ministry, unit, agency, operator, partner",
            })
    }
}

/// An organisation as its own signed manifest describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Organisation {
    /// The node, named by its root key.
    pub node: NodeId,
    /// Its name in English.
    pub name_en: String,
    /// Its name in Japanese.
    pub name_ja: String,
    /// The nation it belongs to.
    pub nation: Nation,
    /// What it is.
    pub kind: OrganisationKind,
}

/// Operational or exercise: fixed when a node is made, in every signature and frame, never mixed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum World {
    /// The real thing.
    Operational,
    /// An exercise.
    Exercise,
}

impl World {
    /// The byte that stands in signatures and frames.
    #[must_use]
    pub fn byte(self) -> u8 {
        match self {
            Self::Operational => b'O',
            Self::Exercise => b'E',
        }
    }

    /// From that byte.
    #[must_use]
    pub fn from_byte(byte: u8) -> Option<Self> {
        match byte {
            b'O' => Some(Self::Operational),
            b'E' => Some(Self::Exercise),
            _ => None,
        }
    }

    /// The word used in files.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Operational => "operational",
            Self::Exercise => "exercise",
        }
    }
}

impl FromStr for World {
    type Err = IdError;
    fn from_str(text: &str) -> Result<Self, IdError> {
        match text {
            "operational" => Ok(Self::Operational),
            "exercise" => Ok(Self::Exercise),
            _ => Err(IdError {
                given: text.chars().take(80).collect(),
                expected: "operational or exercise",
            }),
        }
    }
}
