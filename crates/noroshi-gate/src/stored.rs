//! Labels as the store keeps them. Version 2 is written; version 1, of nodes that know ladders,
//! bars and rosters only, is read for ever.

use std::collections::BTreeSet;

use noroshi_model::document::{DocumentError, Fields, text};
use noroshi_model::json::Object;
use noroshi_model::{Nation, Value};

use crate::axes::{Axes, Axis};
use crate::label::{Label, Rare, Source};
use crate::roster::{Member, Roster};

impl Label {
    /// The stored form; what does not stand is left out.
    #[must_use]
    pub fn to_object(&self) -> Object {
        let mut object = Object::new().with("v", 2);
        let mut levels = Object::new();
        for (axis, level) in self.levels() {
            levels.insert(axis.id.as_str(), level.id.as_str());
        }
        if !levels.is_empty() {
            object.insert("levels", levels);
        }
        let words: Vec<String> = self
            .words()
            .map(|(axis, word)| match word {
                Some(word) => format!("{}:{}", axis.id, word.id),
                None => axis.id.clone(),
            })
            .collect();
        if !words.is_empty() {
            object.insert("words", words);
        }
        if self.is_release_marking() {
            object.insert("release", true);
        }
        if let Some(rare) = self.rare() {
            rare_to(&mut object, rare);
        }
        object
    }

    /// Read the stored form.
    ///
    /// # Errors
    /// A field missing, unknown or refused; an axis, level or word that this node does not know:
    /// a newer one wrote it.
    pub fn from_value(value: Value) -> Result<Self, DocumentError> {
        let mut fields = Fields::of("label", value)?;
        let label = match fields.number("v")? {
            1 => first(&mut fields)?,
            2 => second(&mut fields)?,
            other => {
                return Err(fields.refused(
                    "v",
                    format_args!("is {other}; this node knows 1 and 2: update it"),
                ));
            }
        };
        fields.end()?;
        Ok(label)
    }
}

fn rare_to(object: &mut Object, rare: &Rare) {
    let id = |number: u8| {
        Axes::builtin()
            .numbered(number)
            .map_or("?", |axis| &axis.id)
    };
    let codes = |list: &BTreeSet<Member>| list.iter().map(ToString::to_string).collect::<Vec<_>>();
    let mut rosters = Object::new();
    for (axis, lists) in &rare.rosters {
        let lists = lists.iter().map(|list| {
            let hold = Object::new().with("hold", codes(list.hold()));
            let only: BTreeSet<Member> = list.see().difference(list.hold()).copied().collect();
            Value::Object(if only.is_empty() {
                hold
            } else {
                hold.with("see", codes(&only))
            })
        });
        rosters.insert(id(*axis), Value::Array(lists.collect()));
    }
    if !rosters.is_empty() {
        object.insert("rosters", rosters);
    }
    let sources = rare.sources.iter();
    let sources: Vec<String> = sources
        .map(|(axis, source)| format!("{}:{source}", id(*axis)))
        .collect();
    if !sources.is_empty() {
        object.insert("sources", sources);
    }
    if let Some(from) = rare.from {
        object.insert("from", text(from));
    }
    if let Some(until) = rare.until {
        object.insert("until", text(until));
    }
}

fn second(fields: &mut Fields) -> Result<Label, DocumentError> {
    let unknown = |fields: &Fields, field: &str, what: &str| {
        fields.refused(
            field,
            format_args!("names {what}, which this node does not know"),
        )
    };
    let mut label = Label::none();
    for (axis, level) in object(fields, "levels")? {
        let read = level.as_str().and_then(|level| level_of(&axis, level));
        let read = read.ok_or_else(|| unknown(fields, "levels", &axis))?;
        label = label.join(&read);
    }
    for word in texts(fields, "words")? {
        let read = match word.split_once(':') {
            Some((axis, word)) => Label::word(axis, word),
            None => Label::caveat(&word),
        };
        label = label.join(&read.ok_or_else(|| unknown(fields, "words", &word))?);
    }
    for (axis, lists) in object(fields, "rosters")? {
        for list in lists.as_array().unwrap_or_default() {
            let list = list.as_object().and_then(stored_roster);
            let read = list.and_then(|list| Label::roster(&axis, list));
            label = label.join(&read.ok_or_else(|| unknown(fields, "rosters", &axis))?);
        }
    }
    for source in texts(fields, "sources")? {
        let read = source.split_once(':').and_then(|(axis, source)| {
            let nation = source.parse::<Nation>().map(Source::Nation);
            let source = nation
                .or_else(|_| source.parse().map(Source::Identity))
                .ok()?;
            Label::source(axis, source)
        });
        label = label.join(&read.ok_or_else(|| unknown(fields, "sources", &source))?);
    }
    let (from, until) = (fields.maybe_parsed("from")?, fields.maybe_parsed("until")?);
    label = label.join(&Label::window(from, until));
    // Said apart, because the same level may stand without marking release (IEP's).
    let release = match fields.maybe("release") {
        None => false,
        Some(value) => value
            .as_bool()
            .ok_or_else(|| fields.refused("release", "is not true or false"))?,
    };
    Ok(if release {
        label.with_release()
    } else {
        label.without_release()
    })
}

/// Version 1: `ladders` with rank and level, `bars`, `rosters` of nations; all mark release.
fn first(fields: &mut Fields) -> Result<Label, DocumentError> {
    let mut label = Label::none();
    for (axis, level) in object(fields, "ladders")? {
        let level = level.as_array().and_then(|parts| match parts {
            [Value::Int(_), level] => level_of(&axis, level.as_str()?),
            _ => None,
        });
        let read = level.ok_or_else(|| fields.refused("ladders", "holds no [rank, level]"))?;
        label = label.join(&read);
    }
    for bar in fields.parsed_list::<String>("bars")? {
        let read = Label::caveat(&bar);
        label = label.join(&read.ok_or_else(|| fields.refused("bars", "hold no bar"))?);
    }
    for (axis, nations) in object(fields, "rosters")? {
        let nations = nations.as_array().unwrap_or_default().iter();
        let nations = nations
            .map(|nation| Some(Member::Nation(nation.as_str()?.parse().ok()?)))
            .collect::<Option<BTreeSet<Member>>>();
        let read =
            nations.and_then(|nations| Label::roster(&axis, Roster::new(nations, BTreeSet::new())));
        let problem = "holds something that is no nation";
        label = label.join(&read.ok_or_else(|| fields.refused("rosters", problem))?);
    }
    Ok(label)
}

/// A level by its id alone: what is stored is never another spelling.
fn level_of(axis: &str, level: &str) -> Option<Label> {
    let known: &Axis = Axes::builtin().get(axis)?;
    let is_id = known.levels().iter().any(|one| one.id == level);
    Label::level(axis, level).filter(|_| is_id)
}

fn stored_roster(list: &Object) -> Option<Roster> {
    let members = |key: &str| -> Option<BTreeSet<Member>> {
        let codes = list.get(key).and_then(Value::as_array).unwrap_or_default();
        codes
            .iter()
            .map(|code| Member::from_code(code.as_str()?))
            .collect()
    };
    Some(Roster::new(members("hold")?, members("see")?))
}

fn object(fields: &mut Fields, field: &str) -> Result<Object, DocumentError> {
    match fields.maybe(field) {
        None => Ok(Object::new()),
        Some(Value::Object(object)) => Ok(object),
        Some(_) => Err(fields.refused(field, "is no object")),
    }
}

fn texts(fields: &mut Fields, field: &str) -> Result<Vec<String>, DocumentError> {
    match fields.maybe(field) {
        None => Ok(Vec::new()),
        Some(value) => value
            .as_array()
            .and_then(|texts| {
                let texts = texts.iter().map(|text| text.as_str().map(str::to_owned));
                texts.collect()
            })
            .ok_or_else(|| fields.refused(field, "is no list of words")),
    }
}
