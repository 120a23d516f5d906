//! The marking-definitions a node knows: the well-known ones, and those it has learned. What a
//! definition means is read in `regimes`.
//!
//! Ids: TLP 2.0 as FIRST and OASIS publish them (2022-10-01); TLP 1 from STIX 2.1, 7.2.1.4.

use core::fmt;
use core::str::FromStr;
use std::collections::BTreeMap;

use noroshi_model::ids::IdError;
use noroshi_model::json::{Object, Value};
use noroshi_model::{Digest, NodeId, StixId};

use crate::fold::fold;
use crate::label::Label;
use crate::regimes;

/// Well-known definitions: id, TLP level, name.
const WELL_KNOWN: [(&str, &str, &str); 9] = [
    ("94868c89-83c2-464b-929b-a1a8aa3c8487", "clear", "TLP:CLEAR"),
    ("bab4a63c-aed9-4cf5-a766-dfca5abac2bb", "green", "TLP:GREEN"),
    ("55d920b0-5e8b-4f79-9ee9-91f868d9b421", "amber", "TLP:AMBER"),
    (
        "939a9414-2ddd-4d32-a0cd-375ea402b003",
        "amber+strict",
        "TLP:AMBER+STRICT",
    ),
    ("e828b379-4e03-4974-9ac4-e53a884c97c1", "red", "TLP:RED"),
    ("613f2e26-407d-48c7-9eca-b8e91df99dc9", "clear", "TLP:WHITE"),
    (
        "34098fce-860f-48ae-8e50-ebd3cc5e41da",
        "green",
        "TLP:GREEN (1.0)",
    ),
    (
        "f88d31f6-486f-44da-b317-01333bde0b82",
        "amber",
        "TLP:AMBER (1.0)",
    ),
    (
        "5e57c739-391a-4eb3-b6be-7d15ca92d5ed",
        "red",
        "TLP:RED (1.0)",
    ),
];

/// What one definition means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Meaning {
    /// It marks: release, or only how to handle what another marking releases.
    Marks(Label),
    /// It is a statement (a copyright line, terms): known, but no release marking.
    Statement,
}

/// Whose word a learned definition is, and whose items are read by it. A definition speaks only
/// for the items of who brought it: otherwise whoever comes first with another node's id decides
/// what that node's marking means.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    /// This organisation's own work; its definitions serve all its sources.
    Own,
    /// What came through this source profile.
    Profile(Box<str>),
    /// What this node answers for.
    Node(NodeId),
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Own => f.write_str("own"),
            Self::Profile(name) => write!(f, "profile:{name}"),
            Self::Node(node) => write!(f, "node:{node}"),
        }
    }
}

impl FromStr for Scope {
    type Err = IdError;
    fn from_str(text: &str) -> Result<Self, IdError> {
        if text == "own" {
            return Ok(Self::Own);
        }
        if let Some(name) = text.strip_prefix("profile:") {
            return Ok(Self::Profile(name.into()));
        }
        match text.strip_prefix("node:") {
            Some(node) => node.parse().map(Self::Node),
            None => Err(IdError {
                given: text.chars().take(80).collect(),
                expected: "own, profile:NAME or node:ID",
            }),
        }
    }
}

/// What learning a definition came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Learned {
    /// New to this node.
    New,
    /// Known with the same content.
    Known,
    /// Known with other content from the same source: from now on it means nothing, and what
    /// names it is held. Keeping the first would let a forged one that came earlier stand.
    Disputed,
}

/// Why a definition is not learned. Items that name it are held.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MarkingError {
    /// It has no id of a marking-definition.
    #[error("the definition has no marking-definition id")]
    Id,
    /// The id is a well-known one's, and this says something else.
    #[error("{0} is well known with another meaning: a definition is never replaced")]
    Squatted(StixId),
    /// This node does not know what it means.
    #[error("{id}: {problem}")]
    Unknown {
        /// Which.
        id: StixId,
        /// What it does not know.
        problem: String,
    },
}

/// The definitions a node knows.
#[derive(Clone, Debug)]
pub struct MarkingTable {
    /// Well-known ones: their content may be written in several ways and has to mean the same.
    known: BTreeMap<StixId, Known>,
    /// Learned ones, by id, then whose word they are; `None`: disputed.
    learned: BTreeMap<(StixId, Scope), Option<Known>>,
}

#[derive(Clone, Debug)]
struct Known {
    meaning: Meaning,
    name: Option<String>,
    /// Hash of the definition's canonical bytes; of no use for a well-known one.
    content: Digest,
}

impl MarkingTable {
    /// The well-known definitions.
    #[must_use]
    pub fn builtin() -> Self {
        let mut known = BTreeMap::new();
        for (uuid, level, name) in WELL_KNOWN {
            let id = format!("marking-definition--{uuid}").parse::<StixId>();
            if let (Ok(id), Some(label)) = (id, Label::level("tlp", level)) {
                let meaning = Meaning::Marks(label);
                known.insert(
                    id,
                    Known {
                        meaning,
                        name: Some(name.to_owned()),
                        content: Digest([0; 32]),
                    },
                );
            }
        }
        Self {
            known,
            learned: BTreeMap::new(),
        }
    }

    /// Learn a marking-definition object for the items of one source.
    ///
    /// # Errors
    /// See [`MarkingError`]; the table is then unchanged.
    pub fn learn(&mut self, definition: &Object, scope: &Scope) -> Result<Learned, MarkingError> {
        let (id, meaning) = self.understand(definition)?;
        let content = content_of(definition);
        let learned = self.weighed(&id, &content, scope);
        let known = match learned {
            Learned::Known => return Ok(Learned::Known),
            Learned::New => Some(Known {
                meaning,
                name: definition.str("name").map(str::to_owned),
                content,
            }),
            Learned::Disputed => None,
        };
        self.learned.insert((id, scope.clone()), known);
        Ok(learned)
    }

    /// What learning it would come to.
    ///
    /// # Errors
    /// See [`MarkingError`].
    pub fn weigh(&self, definition: &Object, scope: &Scope) -> Result<Learned, MarkingError> {
        let (id, _) = self.understand(definition)?;
        Ok(self.weighed(&id, &content_of(definition), scope))
    }

    fn weighed(&self, id: &StixId, content: &Digest, scope: &Scope) -> Learned {
        if self.known.contains_key(id) {
            return Learned::Known;
        }
        match self.learned.get(&(id.clone(), scope.clone())) {
            None => Learned::New,
            Some(Some(first)) if first.content != *content => Learned::Disputed,
            Some(_) => Learned::Known,
        }
    }

    /// Note that a definition is disputed, as an earlier run of the node found.
    pub fn dispute(&mut self, id: StixId, scope: Scope) {
        self.learned.insert((id, scope), None);
    }

    /// What a definition says, whether or not it is learned.
    ///
    /// # Errors
    /// See [`MarkingError`].
    pub(crate) fn understand(
        &self,
        definition: &Object,
    ) -> Result<(StixId, Meaning), MarkingError> {
        let id: StixId = definition
            .str("id")
            .and_then(|id| id.parse().ok())
            .ok_or(MarkingError::Id)?;
        if id.kind() != "marking-definition" {
            return Err(MarkingError::Id);
        }
        let meaning = regimes::meaning(definition).map_err(|problem| MarkingError::Unknown {
            id: id.clone(),
            problem,
        })?;
        match self.known.get(&id) {
            Some(known) if known.meaning != meaning => Err(MarkingError::Squatted(id)),
            _ => Ok((id, meaning)),
        }
    }

    /// What a definition means on the items of one source, if it is known.
    #[must_use]
    pub fn resolve(&self, id: &StixId, scope: &Scope) -> Option<&Meaning> {
        self.find(id, scope).map(|known| &known.meaning)
    }

    fn find(&self, id: &StixId, scope: &Scope) -> Option<&Known> {
        if let Some(known) = self.known.get(id) {
            return Some(known);
        }
        if self.learned.is_empty() {
            return None;
        }
        let by = |scope: &Scope| self.learned.get(&(id.clone(), scope.clone()));
        let found = match scope {
            Scope::Profile(_) => by(&Scope::Own).or_else(|| by(scope)),
            Scope::Own | Scope::Node(_) => by(scope),
        };
        found?.as_ref()
    }

    /// The name people use for it on the items of one source.
    #[must_use]
    pub fn name_of(&self, id: &StixId, scope: &Scope) -> Option<String> {
        self.find(id, scope).and_then(|known| known.name.clone())
    }

    /// A well-known definition by the name people use, such as `TLP:GREEN`.
    #[must_use]
    pub fn by_name(&self, name: &str) -> Option<StixId> {
        let name = fold(name)?;
        let matches = |known: &Known| known.name.as_deref().and_then(fold).as_ref() == Some(&name);
        self.known
            .iter()
            .find(|(_, known)| matches(known))
            .map(|(id, _)| id.clone())
    }
}

/// By what two definitions of one id are told apart.
fn content_of(definition: &Object) -> Digest {
    Digest::of(&Value::Object(definition.clone()).canonical())
}
