//! What marking-definitions mean: the well-known ones, and those this node has learned.
//!
//! Ids: TLP 2.0 as FIRST and OASIS publish them (2022-10-01); TLP 1 from STIX 2.1, 7.2.1.4; the
//! national extension is this project's own.

use core::fmt;
use core::str::FromStr;
use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use noroshi_model::ids::IdError;
use noroshi_model::json::{Object, Value};
use noroshi_model::{Digest, Nation, NodeId, StixId};

use crate::axes::Axes;
use crate::label::Label;

/// Property extension of TLP 2.0 marking-definitions.
const TLP2_EXTENSION: &str = "extension-definition--60a3c5c5-0d10-413e-aab3-9e08dde9e88d";
/// Property extension of national markings, this project's own.
const NATIONAL_EXTENSION: &str = "extension-definition--694be976-4ec2-4b80-b47c-48f75510a38d";

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
    /// It marks release.
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
    axes: Axes,
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
    pub fn builtin(axes: &Axes) -> Self {
        let mut known = BTreeMap::new();
        for (uuid, level, name) in WELL_KNOWN {
            let id = format!("marking-definition--{uuid}").parse::<StixId>();
            if let (Ok(id), Some(label)) = (id, Label::ladder(axes, "tlp", level)) {
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
            axes: axes.clone(),
            known,
            learned: BTreeMap::new(),
        }
    }

    /// The axes behind it.
    #[must_use]
    pub fn axes(&self) -> &Axes {
        &self.axes
    }

    /// Learn a marking-definition object for the items of one source.
    ///
    /// # Errors
    /// See [`MarkingError`]; the table is then unchanged.
    pub fn learn(&mut self, definition: &Object, scope: &Scope) -> Result<Learned, MarkingError> {
        let (id, meaning) = self.understand(definition)?;
        if self.known.contains_key(&id) {
            return Ok(Learned::Known);
        }
        let content = Digest::of(&Value::Object(definition.clone()).canonical());
        match self.learned.entry((id, scope.clone())) {
            Entry::Vacant(place) => {
                let name = definition.str("name").map(str::to_owned);
                place.insert(Some(Known {
                    meaning,
                    name,
                    content,
                }));
                Ok(Learned::New)
            }
            Entry::Occupied(mut place) => {
                let first = place.get().as_ref().map(|known| known.content);
                if first.is_none_or(|first| first == content) {
                    return Ok(Learned::Known);
                }
                place.insert(None);
                Ok(Learned::Disputed)
            }
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
        let meaning = self.meaning(&id, definition)?;
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
        let matches = |known: &Known| {
            known
                .name
                .as_deref()
                .is_some_and(|known| known.eq_ignore_ascii_case(name))
        };
        self.known
            .iter()
            .find(|(_, known)| matches(known))
            .map(|(id, _)| id.clone())
    }

    fn meaning(&self, id: &StixId, definition: &Object) -> Result<Meaning, MarkingError> {
        let unknown = |problem: &str| MarkingError::Unknown {
            id: id.clone(),
            problem: problem.to_owned(),
        };
        if let Some(extensions) = definition.get("extensions").and_then(Value::as_object) {
            // Every extension must be understood: one that is not might ask for more.
            let mut label = Label::none();
            for (extension, content) in extensions.iter() {
                let content = content
                    .as_object()
                    .ok_or_else(|| unknown("an extension is no object"))?;
                let part = match extension {
                    TLP2_EXTENSION => self.tlp(content.get("tlp_2_0")),
                    NATIONAL_EXTENSION => self.national(content),
                    _ => return Err(unknown("it has an extension this node does not know")),
                };
                let part = part
                    .ok_or_else(|| unknown("its extension has a value this node does not know"))?;
                label = label.join(&part);
            }
            return if label.is_release_marking() {
                Ok(Meaning::Marks(label))
            } else {
                Err(unknown("its extension marks nothing"))
            };
        }
        let body = definition.get("definition").and_then(Value::as_object);
        match definition.str("definition_type") {
            Some("statement") => Ok(Meaning::Statement),
            Some("tlp") => self
                .tlp(body.and_then(|body| body.get("tlp")))
                .map(Meaning::Marks)
                .ok_or_else(|| unknown("its TLP level is not one this node knows")),
            _ => Err(unknown("its kind is not one this node knows")),
        }
    }

    /// A TLP level by its word, in any case. Numbers and other types are no levels.
    fn tlp(&self, value: Option<&Value>) -> Option<Label> {
        let word = value?.as_str()?.to_ascii_lowercase();
        let level = if word == "white" { "clear" } else { &word };
        Label::ladder(&self.axes, "tlp", level)
    }

    /// A national marking: `scheme`, and by scheme `level`, `caveats`, `rel_to`. An unknown word
    /// anywhere makes the whole definition unknown.
    fn national(&self, content: &Object) -> Option<Label> {
        let known = ["extension_type", "scheme", "level", "caveats", "rel_to"];
        if content.iter().any(|(key, _)| !known.contains(&key)) {
            return None;
        }
        let level = match content.get("level") {
            Some(value) => Some(value.as_str()?.to_ascii_lowercase()),
            None => None,
        };
        let words = |key: &str| -> Option<Vec<&str>> {
            match content.get(key) {
                Some(value) => value.as_array()?.iter().map(Value::as_str).collect(),
                None => Some(Vec::new()),
            }
        };
        let (caveats, rel_to) = (words("caveats")?, words("rel_to")?);
        let axis = match content.str("scheme")? {
            "US-CAPCO" => "us-class",
            "JP-SDS" => "jp-sds",
            "JP-MOD" => "jp-mod",
            _ => return None,
        };
        let mut label = match &level {
            Some(level) => Label::ladder(&self.axes, axis, level)?,
            None => Label::none(),
        };
        for caveat in caveats {
            let bar = caveat.eq_ignore_ascii_case("noforn") && axis == "us-class";
            label = label.join(&Label::bar(&self.axes, bar.then_some("us-noforn")?)?);
        }
        if content.get("rel_to").is_some() {
            let nations = rel_to
                .iter()
                .map(|code| code.to_ascii_uppercase().parse().ok());
            let nations = nations.collect::<Option<BTreeSet<Nation>>>()?;
            let roster = (axis == "us-class").then_some("us-relto")?;
            label = label.join(&Label::roster(&self.axes, roster, nations)?);
        }
        Some(label)
    }
}
