//! Which field holds what: data, one file for each kind of log, read strictly.

use std::collections::BTreeMap;

use serde::Deserialize;
use thiserror::Error;

use crate::kind::{KINDS, Kind, KindSet};
use crate::scan::{LAYOUTS, Layout};

/// Longest name of a field, and longest text of a mark.
const NAME_BYTES_MAX: usize = 64;
/// Most fields of one mapping.
const FIELDS_MAX: usize = 1024;
/// Most marks of one mapping, and most texts of one mark.
const MARKS_MAX: usize = 32;
/// Words that say how a field is looked at, beside the kinds.
const PLANS: [(&str, Plan); 5] = [
    ("skip", Plan::Skip),
    ("shape", Plan::Shape),
    ("tokens", Plan::Tokens),
    ("url-host", Plan::UrlHost),
    ("url-path", Plan::UrlPath),
];

/// The mapping for Zeek, as it comes with the program.
pub const ZEEK: &str = include_str!("../data/zeek.toml");
/// The mapping for Suricata's EVE, as it comes with the program.
pub const SURICATA_EVE: &str = include_str!("../data/suricata-eve.toml");

/// Every mapping that comes with the program; of those that fit equally well the first is taken.
pub const BUILT_IN: [&str; 12] = [
    ZEEK,
    SURICATA_EVE,
    include_str!("../data/windows.toml"),
    include_str!("../data/ocsf.toml"),
    include_str!("../data/ecs.toml"),
    include_str!("../data/bind.toml"),
    include_str!("../data/dnsmasq.toml"),
    include_str!("../data/unbound.toml"),
    include_str!("../data/syslog.toml"),
    include_str!("../data/json.toml"),
    include_str!("../data/csv.toml"),
    include_str!("../data/text.toml"),
];

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
    layouts: Vec<Layout>,
    marks: Vec<Mark>,
    unmapped: Plan,
    /// Open addressing; the number of slots is a power of two, more than twice that of fields.
    slots: Vec<Option<(Box<[u8]>, Plan)>>,
}

/// Texts that a line of this kind of log has, all of them.
#[derive(Clone, Debug)]
struct Mark {
    /// What the line begins with.
    head: Vec<u8>,
    /// What stands somewhere in it.
    texts: Vec<Vec<u8>>,
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
    #[error("line {line}: `{field}` says `{word}`; write one of: {known}")]
    Word {
        /// The line of the file, from one.
        line: usize,
        /// The field.
        field: String,
        /// What it says.
        word: String,
        /// What there is.
        known: String,
    },
    /// Too many fields, or a name too long.
    #[error("more than {FIELDS_MAX} fields, or a name of more than {NAME_BYTES_MAX} bytes")]
    TooLarge,
    /// Marks that are empty, too many or too long.
    #[error(
        "`marks` takes up to {MARKS_MAX} lists of up to {MARKS_MAX} texts of 1 to {NAME_BYTES_MAX} \
         bytes"
    )]
    Marks,
    /// The name is none that can stand in a list.
    #[error("`name` is `{0}`; write 1 to 32 of a-z, 0-9 and -")]
    Name(String),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    version: u32,
    name: String,
    layouts: Option<Vec<String>>,
    #[serde(default)]
    marks: Vec<Vec<String>>,
    unmapped: String,
    #[serde(default)]
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
        if !is_name(&written.name) {
            return Err(MappingError::Name(written.name));
        }
        let slots = (written.fields.len() * 4).next_power_of_two().max(64);
        let refuse = |field: &str, word: &str, known: String| MappingError::Word {
            line: line_of(text, field),
            field: field.to_owned(),
            word: word.to_owned(),
            known,
        };
        let layouts = written.layouts.unwrap_or_else(|| vec!["json".to_owned()]);
        let layouts = layouts.iter().map(|word| {
            let known = || LAYOUTS.map(Layout::name).join(", ");
            Layout::from_name(word).ok_or_else(|| refuse("layouts", word, known()))
        });
        let plan = |field: &str, words: &Words| {
            plan(words).map_err(|word| refuse(field, &word, words_there_are()))
        };
        let mut mapping = Self {
            name: written.name.clone(),
            layouts: layouts.collect::<Result<_, _>>()?,
            marks: marks(&written.marks)?,
            unmapped: plan("unmapped", &Words::One(written.unmapped))?,
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

    /// How its lines may be laid out.
    #[must_use]
    pub fn layouts(&self) -> &[Layout] {
        &self.layouts
    }

    /// Are there marks by which its lines are known?
    pub(crate) fn has_marks(&self) -> bool {
        !self.marks.is_empty()
    }

    /// Has the line one of its marks?
    pub(crate) fn knows(&self, line: &[u8]) -> bool {
        self.marks.iter().any(|mark| {
            let has = |text: &Vec<u8>| memchr::memmem::find(line, text).is_some();
            line.starts_with(&mark.head) && mark.texts.iter().all(has)
        })
    }

    /// How the values of a field that is not named are looked at.
    pub(crate) fn unmapped(&self) -> Plan {
        self.unmapped
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

/// How words say that a field is looked at; the word that does not exist.
fn plan(words: &Words) -> Result<Plan, String> {
    let words = match words {
        Words::One(word) => std::slice::from_ref(word),
        Words::Many(words) => words,
    };
    if let [word] = words
        && let Some((_, plan)) = PLANS.iter().find(|(name, _)| name == word)
    {
        return Ok(*plan);
    }
    let kinds = words
        .iter()
        .map(|word| Kind::from_name(word).ok_or_else(|| word.clone()))
        .collect::<Result<Vec<_>, _>>()?;
    match kinds.is_empty() {
        true => Err(String::new()),
        false => Ok(Plan::Kinds(KindSet::of(&kinds))),
    }
}

/// A mark's texts; one that begins with `^` stands at the beginning of the line.
fn marks(written: &[Vec<String>]) -> Result<Vec<Mark>, MappingError> {
    let is_fit = |text: &String| (1..=NAME_BYTES_MAX).contains(&text.len());
    let fit = |mark: &Vec<String>| (1..=MARKS_MAX).contains(&mark.len()) && mark.iter().all(is_fit);
    if written.len() > MARKS_MAX || !written.iter().all(fit) {
        return Err(MappingError::Marks);
    }
    let mark = |mark: &Vec<String>| {
        let head = mark.iter().find_map(|text| text.strip_prefix('^'));
        let texts = mark.iter().filter(|text| !text.starts_with('^'));
        Mark {
            head: head.unwrap_or_default().as_bytes().to_vec(),
            texts: texts.map(|text| text.as_bytes().to_vec()).collect(),
        }
    };
    Ok(written.iter().map(mark).collect())
}

fn is_name(name: &str) -> bool {
    let is_fit = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    (1..=32).contains(&name.len()) && name.bytes().all(is_fit)
}

/// The line, from one, that says something of this field.
fn line_of(text: &str, field: &str) -> usize {
    let says = |line: &str| {
        let rest = line.trim_start().trim_start_matches(['"', '\'']);
        let rest = rest.strip_prefix(field).map(str::trim_start);
        rest.is_some_and(|rest| rest.starts_with(['=', '"', '\'']))
    };
    text.lines().position(says).map_or(1, |place| place + 1)
}

fn words_there_are() -> String {
    let plans = PLANS.iter().map(|(name, _)| *name);
    let words: Vec<&str> = plans.chain(KINDS.map(Kind::name)).collect();
    words.join(", ")
}
