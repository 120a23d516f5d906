//! Agreements between nodes: what each party may release to the other, under which clause.
//!
//! An agreement is an item of the custom STIX type `agreement`. It is in force only when every
//! party has signed the same bytes ([`crate::Context::Agreement`] over the item hash), inside its
//! dates, and while no party suspends it.

use std::collections::BTreeMap;

use crate::document::{DocumentError, Fields, hex, text};
use crate::ids::{ItemHash, NodeId, StixId};
use crate::json::{Object, Value};
use crate::limits::Limits;
use crate::org::Nation;
use crate::time::Timestamp;

/// Extension-definition id of the project's own STIX types.
pub const ONTOLOGY_EXTENSION: &str = "extension-definition--c2513584-860d-4951-a2a9-3a3e6848865f";

/// A signatory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Party {
    /// The node.
    pub node: NodeId,
    /// Its name in English when the agreement was drawn up.
    pub name_en: String,
    /// Its name in Japanese when the agreement was drawn up.
    pub name_ja: String,
    /// Its nation.
    pub nation: Nation,
}

/// A clause in words, in both languages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Clause {
    /// Its number, such as `3.1`.
    pub id: String,
    /// English text.
    pub text_en: String,
    /// Japanese text.
    pub text_ja: String,
}

/// May the receiver pass a released item on?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Onward {
    /// No.
    None,
    /// To others inside the sharing community, where the marking allows it (TLP:GREEN, CLEAR).
    Community,
}

/// One direction of release that a clause allows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReleaseTerm {
    /// The clause that allows it.
    pub clause: String,
    /// Releasing party.
    pub from: NodeId,
    /// Receiving party.
    pub to: NodeId,
    /// STIX object types covered; `*` alone covers all.
    pub types: Vec<String>,
    /// Purposes covered; `*` alone covers all.
    pub purposes: Vec<String>,
    /// Per axis (`tlp`, ...) the highest level that may be released. An axis not named here is
    /// not covered: an item that carries it stays.
    pub ceilings: BTreeMap<String, String>,
    /// Passing on.
    pub onward: Onward,
}

/// Two values on different axes that both parties hold to be of one rank, `axis:level` each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Equivalence {
    /// One side, such as `jp-mod:hi`.
    pub left: String,
    /// The other, such as `us-class:confidential`.
    pub right: String,
}

/// The agreement as read from its item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Agreement {
    /// `agreement--uuid`.
    pub id: StixId,
    /// When it was drawn up.
    pub created: Timestamp,
    /// When this version was drawn up.
    pub modified: Timestamp,
    /// Its title in English.
    pub title: String,
    /// Its title in Japanese.
    pub title_ja: String,
    /// treaty, guidelines, statement, mou, gsoma or plan.
    pub kind: String,
    /// Two or more.
    pub parties: Vec<Party>,
    /// In force from.
    pub valid_from: Timestamp,
    /// In force until, exclusive.
    pub valid_until: Timestamp,
    /// The words.
    pub clauses: Vec<Clause>,
    /// What may be released.
    pub releases: Vec<ReleaseTerm>,
    /// Equivalences both sides adopt by signing.
    pub equivalences: Vec<Equivalence>,
    /// May the parties know of one another that they hold an item? Without it a forwarding node
    /// tells an originator only how many hold it.
    pub members_known: bool,
}

/// Is an agreement at work at some instant? Computed by the node from signatures and dates.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// All parties signed, inside its dates, nobody suspends it.
    InForce,
    /// Not all parties have signed; who is missing.
    Unsigned(Vec<NodeId>),
    /// Before `valid_from`.
    NotYet(Timestamp),
    /// At or after `valid_until`.
    Ended(Timestamp),
    /// A party suspends it.
    Suspended(NodeId),
}

impl Agreement {
    const DOCUMENT: &str = "agreement";
    /// Kinds an agreement may have (reference: data model, `agreement`).
    pub const KINDS: [&str; 6] = ["treaty", "guidelines", "statement", "mou", "gsoma", "plan"];
    /// Most parties, clauses, terms and equivalences, each.
    pub const LIST_MAX: usize = 256;
    /// Largest agreement, in bytes of its canonical form: what every node must be able to keep,
    /// send and read again.
    pub const BYTES_MAX: usize = 64 * 1024;
    /// Longest clause, in bytes of one language.
    pub const CLAUSE_BYTES_MAX: usize = 8 * 1024;
    /// Longest title, name, number, type, purpose, axis or level, in bytes.
    pub const WORD_BYTES_MAX: usize = 500;

    /// Is this node a party?
    #[must_use]
    pub fn has_party(&self, node: &NodeId) -> bool {
        self.parties.iter().any(|party| party.node == *node)
    }

    /// What the signatures and dates make of the agreement at an instant.
    #[must_use]
    pub fn standing(
        &self,
        signed_by: &[NodeId],
        suspended_by: &[NodeId],
        now: Timestamp,
    ) -> Standing {
        let missing: Vec<NodeId> = self
            .parties
            .iter()
            .map(|party| party.node)
            .filter(|node| !signed_by.contains(node))
            .collect();
        if !missing.is_empty() {
            Standing::Unsigned(missing)
        } else if let Some(node) = suspended_by.iter().find(|node| self.has_party(node)) {
            Standing::Suspended(*node)
        } else if now < self.valid_from {
            Standing::NotYet(self.valid_from)
        } else if now >= self.valid_until {
            Standing::Ended(self.valid_until)
        } else {
            Standing::InForce
        }
    }

    /// The bytes each party signs under [`crate::Context::Agreement`]: the item hash.
    #[must_use]
    pub fn signed_payload(hash: &ItemHash) -> Vec<u8> {
        hash.bytes().to_vec()
    }

    /// The STIX object.
    #[must_use]
    pub fn to_value(&self) -> Value {
        let parties = self.parties.iter().map(party_value);
        let clauses = self.clauses.iter().map(|clause| {
            Value::Object(
                Object::new()
                    .with("id", clause.id.as_str())
                    .with("text_en", clause.text_en.as_str())
                    .with("text_ja", clause.text_ja.as_str()),
            )
        });
        let equivalences = self.equivalences.iter().map(|pair| {
            Value::Object(
                Object::new()
                    .with("left", pair.left.as_str())
                    .with("right", pair.right.as_str()),
            )
        });
        let extension = Object::new().with("extension_type", "new-sdo");
        let mut object = Object::new()
            .with("type", Self::DOCUMENT)
            .with("spec_version", "2.1")
            .with("id", self.id.as_str())
            .with("created", text(self.created))
            .with("modified", text(self.modified))
            .with("title", self.title.as_str())
            .with("title_ja", self.title_ja.as_str())
            .with("kind", self.kind.as_str())
            .with("parties", parties.collect::<Vec<Value>>())
            .with("valid_from", text(self.valid_from))
            .with("valid_until", text(self.valid_until))
            .with("clauses", clauses.collect::<Vec<Value>>())
            .with(
                "releases",
                self.releases.iter().map(term_value).collect::<Vec<Value>>(),
            )
            .with("equivalences", equivalences.collect::<Vec<Value>>())
            .with(
                "extensions",
                Object::new().with(ONTOLOGY_EXTENSION, extension),
            );
        // Absent where it is not so: agreements signed before the property existed keep their name.
        if self.members_known {
            object.insert("members_known", true);
        }
        Value::Object(object)
    }

    /// Read canonical bytes, as they are signed and kept.
    ///
    /// # Errors
    /// Longer than [`Agreement::BYTES_MAX`], not canonical, or see [`Agreement::from_value`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, DocumentError> {
        let refused = |problem: String| DocumentError::Field {
            document: Self::DOCUMENT,
            field: "(document)".into(),
            problem,
        };
        if bytes.len() > Self::BYTES_MAX {
            return Err(refused(format!("is longer than {} bytes", Self::BYTES_MAX)));
        }
        let value =
            Value::parse(bytes, &Limits::DEFAULT).map_err(|source| DocumentError::Json {
                document: Self::DOCUMENT,
                source,
            })?;
        if value.canonical() != bytes {
            return Err(refused("is not in canonical form (RFC 8785)".into()));
        }
        Self::from_value(value)
    }

    /// Read the STIX object strictly: a party signs nothing that this node does not understand.
    ///
    /// # Errors
    /// A field missing, unknown or refused; a term that names no clause or no party.
    pub fn from_value(value: Value) -> Result<Self, DocumentError> {
        let mut fields = Fields::of(Self::DOCUMENT, value)?;
        if fields.text("type")? != Self::DOCUMENT || fields.text("spec_version")? != "2.1" {
            return Err(fields.refused("type", "is not `agreement` of STIX 2.1"));
        }
        fields.value("extensions")?;
        let agreement = Self {
            id: fields.parsed("id")?,
            created: fields.parsed("created")?,
            modified: fields.parsed("modified")?,
            title: fields.text("title")?,
            title_ja: fields.text("title_ja")?,
            kind: fields.text("kind")?,
            parties: each(&mut fields, "parties", party)?,
            valid_from: fields.parsed("valid_from")?,
            valid_until: fields.parsed("valid_until")?,
            clauses: each(&mut fields, "clauses", clause)?,
            releases: each(&mut fields, "releases", term)?,
            equivalences: each(&mut fields, "equivalences", equivalence)?,
            members_known: match fields.maybe("members_known") {
                None => false,
                Some(Value::Bool(true)) => true,
                Some(_) => return Err(fields.refused("members_known", "is not true")),
            },
        };
        agreement.check(&fields)?;
        fields.end()?;
        Ok(agreement)
    }

    fn check(&self, fields: &Fields) -> Result<(), DocumentError> {
        if self.id.kind() != Self::DOCUMENT {
            return Err(fields.refused("id", "is not `agreement--uuid`"));
        }
        if !Self::KINDS.contains(&self.kind.as_str()) {
            return Err(fields.refused(
                "kind",
                "is not treaty, guidelines, statement, mou, gsoma or plan",
            ));
        }
        if self.valid_until <= self.valid_from {
            return Err(fields.refused("valid_until", "is not after `valid_from`"));
        }
        self.check_lengths(fields)?;
        let mut nodes: Vec<_> = self.parties.iter().map(|party| party.node).collect();
        nodes.sort_unstable();
        nodes.dedup();
        if nodes.len() < 2 || nodes.len() != self.parties.len() {
            return Err(fields.refused("parties", "are not two or more different nodes"));
        }
        for term in &self.releases {
            if !self.clauses.iter().any(|clause| clause.id == term.clause) {
                return Err(fields.refused(
                    "releases",
                    format!("name clause {}, which is not there", term.clause),
                ));
            }
            if term.from == term.to || !self.has_party(&term.from) || !self.has_party(&term.to) {
                return Err(fields.refused("releases", "go from one party to another"));
            }
        }
        Ok(())
    }

    /// Nothing in it is longer than a person reads, or a screen shows.
    fn check_lengths(&self, fields: &Fields) -> Result<(), DocumentError> {
        let mut words = vec![&self.title, &self.title_ja];
        words.extend(self.parties.iter().flat_map(|p| [&p.name_en, &p.name_ja]));
        words.extend(self.clauses.iter().map(|clause| &clause.id));
        words.extend(self.equivalences.iter().flat_map(|e| [&e.left, &e.right]));
        for term in &self.releases {
            words.extend(term.types.iter().chain(&term.purposes));
            words.extend(term.ceilings.iter().flat_map(|(axis, level)| [axis, level]));
            let longest = term.types.len().max(term.purposes.len());
            if longest.max(term.ceilings.len()) > Self::LIST_MAX {
                return Err(fields.refused("releases", "hold a list of more than 256 entries"));
            }
        }
        if words.iter().any(|word| word.len() > Self::WORD_BYTES_MAX) {
            let problem = "holds a title, name or word longer than 500 bytes";
            return Err(fields.refused("(document)", problem));
        }
        let mut texts = self.clauses.iter().flat_map(|c| [&c.text_en, &c.text_ja]);
        if texts.any(|text| text.len() > Self::CLAUSE_BYTES_MAX) {
            return Err(fields.refused("clauses", "hold one longer than 8 KiB"));
        }
        Ok(())
    }
}

fn each<T>(
    fields: &mut Fields,
    field: &str,
    read: fn(Value) -> Result<T, DocumentError>,
) -> Result<Vec<T>, DocumentError> {
    let values = fields.list(field)?;
    if values.len() > Agreement::LIST_MAX {
        return Err(fields.refused(field, "has more than 256 entries"));
    }
    values.into_iter().map(read).collect()
}

/// A party as it stands in documents.
pub(crate) fn party_value(party: &Party) -> Value {
    Value::Object(
        Object::new()
            .with("node", text(party.node))
            .with("name_en", party.name_en.as_str())
            .with("name_ja", party.name_ja.as_str())
            .with("nation", party.nation.as_str()),
    )
}

pub(crate) fn party(value: Value) -> Result<Party, DocumentError> {
    let mut fields = Fields::of("agreement party", value)?;
    let party = Party {
        node: fields.parsed("node")?,
        name_en: fields.text("name_en")?,
        name_ja: fields.text("name_ja")?,
        nation: fields.parsed("nation")?,
    };
    fields.end()?;
    Ok(party)
}

fn clause(value: Value) -> Result<Clause, DocumentError> {
    let mut fields = Fields::of("agreement clause", value)?;
    let clause = Clause {
        id: fields.text("id")?,
        text_en: fields.text("text_en")?,
        text_ja: fields.text("text_ja")?,
    };
    fields.end()?;
    Ok(clause)
}

fn equivalence(value: Value) -> Result<Equivalence, DocumentError> {
    let mut fields = Fields::of("agreement equivalence", value)?;
    let pair = Equivalence {
        left: fields.text("left")?,
        right: fields.text("right")?,
    };
    fields.end()?;
    Ok(pair)
}

fn term(value: Value) -> Result<ReleaseTerm, DocumentError> {
    let mut fields = Fields::of("agreement release term", value)?;
    let ceilings = match fields.value("ceilings")? {
        Value::Object(object) => object
            .into_iter()
            .map(|(axis, level)| match level {
                Value::String(level) => Ok((axis.into(), level.into())),
                _ => Err(fields.refused("ceilings", "holds a level that is not a string")),
            })
            .collect::<Result<BTreeMap<String, String>, _>>()?,
        _ => return Err(fields.refused("ceilings", "is no object of axis and level")),
    };
    let onward = match fields.text("onward")?.as_str() {
        "none" => Onward::None,
        "community" => Onward::Community,
        _ => return Err(fields.refused("onward", "is not none or community")),
    };
    let term = ReleaseTerm {
        clause: fields.text("clause")?,
        from: fields.parsed("from")?,
        to: fields.parsed("to")?,
        types: fields.parsed_list("types")?,
        purposes: fields.parsed_list("purposes")?,
        ceilings,
        onward,
    };
    fields.end()?;
    Ok(term)
}

fn term_value(term: &ReleaseTerm) -> Value {
    let mut ceilings = Object::new();
    for (axis, level) in &term.ceilings {
        ceilings.insert(axis.as_str(), level.as_str());
    }
    Value::Object(
        Object::new()
            .with("clause", term.clause.as_str())
            .with("from", hex(term.from.bytes()))
            .with("to", hex(term.to.bytes()))
            .with(
                "types",
                term.types.iter().map(String::as_str).collect::<Vec<_>>(),
            )
            .with(
                "purposes",
                term.purposes.iter().map(String::as_str).collect::<Vec<_>>(),
            )
            .with("ceilings", ceilings)
            .with(
                "onward",
                match term.onward {
                    Onward::None => "none",
                    Onward::Community => "community",
                },
            ),
    )
}
