//! Which field holds what: data, one file for each kind of log, read strictly.

use std::collections::BTreeMap;

use serde::Deserialize;
use thiserror::Error;

use crate::kind::{Kind, KindSet};

/// Longest name of a field.
const NAME_BYTES_MAX: usize = 64;
/// Most fields of one mapping.
const FIELDS_MAX: usize = 1024;

/// The mapping for Zeek, as it comes with the program.
pub const ZEEK: &str = include_str!("../data/zeek.toml");
/// The mapping for Suricata's EVE, as it comes with the program.
pub const SURICATA_EVE: &str = include_str!("../data/suricata-eve.toml");

/// How the values of a field are looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Plan {
    /// Not at all.
    Skip,
    /// By their shape.
    Shape,
    /// As these kinds and no others.
    Kinds(KindSet),
    /// Each word in them by its shape.
    Tokens,
    /// As the host of a URL, perhaps with a port.
    UrlHost,
    /// As a URL without its host.
    UrlPath,
}

/// A mapping, ready for use.
#[derive(Clone, Debug)]
pub struct Mapping {
    name: String,
    unmapped: Plan,
    /// Open addressing; the number of slots is a power of two, more than twice that of fields.
    slots: Vec<Option<(Box<[u8]>, Plan)>>,
}

/// Why a mapping is refused.
#[derive(Debug, Error)]
pub enum MappingError {
    /// It is not TOML, or has a key that is not known.
    #[error("the field mapping cannot be read")]
    Toml(#[from] toml::de::Error),
    /// Another version.
    #[error("a field mapping of version {0} is not known here")]
    Version(u32),
    /// A field is looked at in a way that does not exist.
    #[error("field {field}: there is no `{word}`")]
    Word {
        /// The field.
        field: String,
        /// What it says.
        word: String,
    },
    /// Too many fields, or a name too long.
    #[error("more than {FIELDS_MAX} fields, or a name of more than {NAME_BYTES_MAX} bytes")]
    TooLarge,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    version: u32,
    name: String,
    unmapped: String,
    fields: BTreeMap<String, Words>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Words {
    One(String),
    Many(Vec<String>),
}

impl Mapping {
    /// Read a mapping.
    pub fn from_toml(text: &str) -> Result<Self, MappingError> {
        let written: Written = toml::from_str(text)?;
        if written.version != 1 {
            return Err(MappingError::Version(written.version));
        }
        let is_long = |name: &String| name.len() > NAME_BYTES_MAX;
        if written.fields.len() > FIELDS_MAX || written.fields.keys().any(is_long) {
            return Err(MappingError::TooLarge);
        }
        let slots = (written.fields.len() * 4).next_power_of_two().max(64);
        let unmapped = plan("unmapped", &Words::One(written.unmapped))?;
        let mut mapping = Self {
            name: written.name,
            unmapped,
            slots: vec![None; slots],
        };
        for (field, words) in &written.fields {
            let plan = plan(field, words)?;
            let mut at = mapping.slot(field.as_bytes());
            while mapping.slots[at].is_some() {
                at = (at + 1) % slots;
            }
            mapping.slots[at] = Some((field.as_bytes().into(), plan));
        }
        Ok(mapping)
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// How the values of this field are looked at.
    #[inline]
    pub(crate) fn plan(&self, field: &[u8]) -> Plan {
        let mut at = self.slot(field);
        while let Some((name, plan)) = &self.slots[at] {
            if name.as_ref() == field {
                return *plan;
            }
            at = (at + 1) % self.slots.len();
        }
        self.unmapped
    }

    /// Where a name is looked for first: length, first, middle and last byte tell names apart.
    #[inline]
    fn slot(&self, name: &[u8]) -> usize {
        let byte = |at: usize| usize::from(name.get(at).copied().unwrap_or_default());
        let last = name.len().saturating_sub(1);
        let hash = name.len() * 131 + byte(0) * 31 + byte(last / 2) * 7 + byte(last) * 17;
        hash & (self.slots.len() - 1)
    }
}

fn plan(field: &str, words: &Words) -> Result<Plan, MappingError> {
    let refuse = |word: &str| MappingError::Word {
        field: field.to_owned(),
        word: word.to_owned(),
    };
    let words = match words {
        Words::One(word) => std::slice::from_ref(word),
        Words::Many(words) => words,
    };
    if let [word] = words {
        match word.as_str() {
            "skip" => return Ok(Plan::Skip),
            "shape" => return Ok(Plan::Shape),
            "tokens" => return Ok(Plan::Tokens),
            "url-host" => return Ok(Plan::UrlHost),
            "url-path" => return Ok(Plan::UrlPath),
            _ => {}
        }
    }
    let kinds = words
        .iter()
        .map(|word| Kind::from_name(word).ok_or_else(|| refuse(word)))
        .collect::<Result<Vec<_>, _>>()?;
    match kinds.is_empty() {
        true => Err(refuse("")),
        false => Ok(Plan::Kinds(KindSet::of(&kinds))),
    }
}
