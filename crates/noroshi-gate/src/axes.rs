//! The axes of marking as dated data: what levels and words there are, what each asks.
//!
//! A new regime is new entries in a new edition beside `data/axes-v2.json`, and a reader for its
//! definitions in `regimes`. Labels stored under the first edition are read by this one: every
//! axis and level of `axes-v1.json` stands here (a test holds it).

use std::collections::BTreeMap;
use std::sync::LazyLock;

use noroshi_model::document::{DocumentError, Fields};
use noroshi_model::{Limits, Nation, Timestamp, Value};

use crate::fold::fold;

const BUILTIN: &str = include_str!("../data/axes-v2.json");

/// Most axes with ranks.
pub(crate) const SLOTS: usize = 24;
/// Most words without rank; the bit above the last one says whether a label marks release.
const BITS_MAX: u32 = 127;

/// One level of a ladder or word of a compartment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Level {
    /// Its id, such as `amber`.
    pub id: String,
    /// English name.
    pub name_en: String,
    /// Japanese name.
    pub name_ja: String,
    /// May it go over encrypted roads only?
    pub encrypted: bool,
    /// Does it never leave the organisation?
    pub stays: bool,
    /// Every spelling, folded; the id is one.
    words: Vec<String>,
    /// For words without rank: the bit.
    pub(crate) bit: u32,
}

/// How an axis joins and what it asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AxisKind {
    /// Ranked levels: the higher wins; released up to the ceiling that an agreement names.
    Ladder {
        /// From the lowest.
        levels: Vec<Level>,
        /// Does a release always need two persons, whatever the node's own rule?
        two_persons: bool,
    },
    /// Ranked duties of whoever holds the item: the strictest wins and travels. No release
    /// marking; a ceiling is asked only where an agreement names one.
    Handling {
        /// From the least strict.
        levels: Vec<Level>,
    },
    /// A caveat: whoever is not of the owner nation never receives it.
    Bar {
        /// Whose caveat it is.
        owner: Nation,
    },
    /// Who may have it: joined by intersection.
    Roster,
    /// Who may see it without holding it; stands in the lists of a roster.
    Display {
        /// The roster's axis.
        roster: String,
    },
    /// Words joined by union; an agreement must name each, or it stays.
    Compartment {
        /// The words.
        words: Vec<Level>,
    },
    /// Words joined by union that ask nothing and travel with the item.
    Notice {
        /// The words.
        words: Vec<Level>,
    },
    /// Somebody's consent, joined by union of whose: the item's originator's, or that of a source
    /// which the marking names.
    Consent {
        /// Is it the originator's? Otherwise a named source's.
        of_originator: bool,
    },
    /// An officer decides: never opens anything, always a second person.
    Officer,
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
    /// Spellings of the caveat itself, folded.
    words: Vec<String>,
    /// Where its rank stands in a label.
    pub(crate) slot: usize,
    /// For bars, officers and consents: the bit.
    pub(crate) bit: u32,
    /// Its place in the table.
    pub(crate) number: u8,
}

impl Axis {
    /// The levels or words it has, in order.
    #[must_use]
    pub fn levels(&self) -> &[Level] {
        match &self.kind {
            AxisKind::Ladder { levels, .. } | AxisKind::Handling { levels } => levels,
            AxisKind::Compartment { words } | AxisKind::Notice { words } => words,
            AxisKind::Bar { .. }
            | AxisKind::Roster
            | AxisKind::Display { .. }
            | AxisKind::Consent { .. }
            | AxisKind::Officer => &[],
        }
    }

    pub(crate) fn is_ranked(&self) -> bool {
        matches!(
            self.kind,
            AxisKind::Ladder { .. } | AxisKind::Handling { .. }
        )
    }

    /// The place of a level among the axis's, from 0, by any of its spellings.
    #[must_use]
    pub fn place(&self, word: &str) -> Option<usize> {
        let place = |word: &str| {
            let mut levels = self.levels().iter();
            levels.position(|level| level.words.iter().any(|known| known == word))
        };
        // Most come as the table writes them, and a folded word folds to itself.
        place(word).or_else(|| place(&fold(word)?))
    }
}

/// All axes this node knows.
#[derive(Debug)]
pub struct Axes {
    axes: Vec<Axis>,
    by_id: BTreeMap<String, usize>,
    /// Which axis and level a bit is.
    bits: Vec<(usize, Option<usize>)>,
    /// Which axis a slot is.
    slots: Vec<usize>,
    /// Bits of compartments: an agreement must name them.
    pub(crate) compartments: u128,
    /// Bits that want a second person.
    pub(crate) second_person: u128,
    /// Bits of the originator's consent.
    pub(crate) of_originator: u128,
    /// Bits of the consent of a source that is not named.
    pub(crate) of_unnamed: u128,
    /// Bars: bit and owner.
    pub(crate) bars: Vec<(u32, Nation)>,
    /// Per slot the highest rank that passes where a term does not name the axis: a duty travels
    /// with the item, and of anything else nothing passes.
    pub(crate) unnamed: [u8; SLOTS],
    /// Per slot the rank (from 1) from which it stays, and from which it wants encryption.
    pub(crate) stays_from: [u8; SLOTS],
    pub(crate) encrypted_from: [u8; SLOTS],
}

impl Axes {
    /// The table this binary carries.
    #[must_use]
    pub fn builtin() -> &'static Self {
        static TABLE: LazyLock<Axes> = LazyLock::new(|| {
            Axes::read(BUILTIN.as_bytes()).expect("invariant: the table in the binary is tested")
        });
        &TABLE
    }

    fn read(bytes: &[u8]) -> Result<Self, DocumentError> {
        let value =
            Value::parse(bytes, &Limits::DEFAULT).map_err(|source| DocumentError::Json {
                document: "axes",
                source,
            })?;
        let mut fields = Fields::of("axes", value)?;
        fields.version(2)?;
        fields.text("source")?;
        let mut table = Self {
            axes: Vec::new(),
            by_id: BTreeMap::new(),
            bits: Vec::new(),
            slots: Vec::new(),
            compartments: 0,
            second_person: 0,
            of_originator: 0,
            of_unnamed: 0,
            bars: Vec::new(),
            unnamed: [0; SLOTS],
            stays_from: [u8::MAX; SLOTS],
            encrypted_from: [u8::MAX; SLOTS],
        };
        for value in fields.list("axes")? {
            table.add(axis(value)?, &fields)?;
        }
        fields.end()?;
        Ok(table)
    }

    /// Number an axis: its slot, its bits, and what they ask.
    fn add(&mut self, mut axis: Axis, fields: &Fields) -> Result<(), DocumentError> {
        let at = self.axes.len();
        axis.number = u8::try_from(at).map_err(|_| fields.refused("axes", "are too many"))?;
        if axis.is_ranked() {
            axis.slot = self.slots.len();
            self.slots.push(at);
            if axis.slot >= SLOTS || axis.levels().len() >= usize::from(u8::MAX) {
                return Err(fields.refused("axes", "have more ranks than a label holds"));
            }
            if matches!(axis.kind, AxisKind::Handling { .. }) {
                self.unnamed[axis.slot] = u8::MAX;
            }
            for (rank, level) in (1..=u8::MAX).zip(axis.levels()) {
                let from = |stands: bool, known: u8| if stands { known.min(rank) } else { known };
                self.stays_from[axis.slot] = from(level.stays, self.stays_from[axis.slot]);
                let known = self.encrypted_from[axis.slot];
                self.encrypted_from[axis.slot] = from(level.encrypted, known);
            }
        }
        let mut next = self.bits.len();
        let mut bit = |level: Option<usize>| -> Result<u32, DocumentError> {
            let number = u32::try_from(next).ok().filter(|bit| *bit < BITS_MAX);
            self.bits.push((at, level));
            next += 1;
            number.ok_or_else(|| fields.refused("axes", "have more words than a label holds"))
        };
        match &mut axis.kind {
            AxisKind::Bar { owner } => {
                axis.bit = bit(None)?;
                self.bars.push((axis.bit, *owner));
                self.second_person |= 1 << axis.bit;
            }
            AxisKind::Consent { of_originator } => {
                axis.bit = bit(None)?;
                if *of_originator {
                    self.of_originator |= 1 << axis.bit;
                } else {
                    self.of_unnamed |= 1 << axis.bit;
                }
                self.second_person |= 1 << axis.bit;
            }
            AxisKind::Officer => {
                axis.bit = bit(None)?;
                self.second_person |= 1 << axis.bit;
            }
            AxisKind::Compartment { words } => {
                for (place, word) in words.iter_mut().enumerate() {
                    word.bit = bit(Some(place))?;
                    self.compartments |= 1 << word.bit;
                    self.second_person |= 1 << word.bit;
                }
            }
            AxisKind::Notice { words } => {
                for (place, word) in words.iter_mut().enumerate() {
                    word.bit = bit(Some(place))?;
                }
            }
            AxisKind::Ladder { .. }
            | AxisKind::Handling { .. }
            | AxisKind::Roster
            | AxisKind::Display { .. } => {}
        }
        if self.by_id.insert(axis.id.clone(), at).is_some() {
            return Err(fields.refused("axes", format_args!("have {} twice", axis.id)));
        }
        self.axes.push(axis);
        Ok(())
    }

    /// The axis of that id.
    #[must_use]
    pub fn get(&self, id: &str) -> Option<&Axis> {
        self.by_id.get(id).map(|at| &self.axes[*at])
    }

    /// All of them, in the table's order.
    pub fn iter(&self) -> impl Iterator<Item = &Axis> {
        self.axes.iter()
    }

    /// The rank of a level on a ladder, from 0.
    #[must_use]
    pub fn rank(&self, axis: &str, level: &str) -> Option<u8> {
        let axis = self.get(axis)?;
        let ladder = matches!(axis.kind, AxisKind::Ladder { .. });
        u8::try_from(axis.place(level).filter(|_| ladder)?).ok()
    }

    /// The caveat of that spelling, one without levels: a bar, an officer, a consent.
    pub(crate) fn caveat(&self, word: &str) -> Option<&Axis> {
        let word = fold(word)?;
        self.axes.iter().find(|axis| axis.words.contains(&word))
    }

    pub(crate) fn numbered(&self, number: u8) -> Option<&Axis> {
        self.axes.get(usize::from(number))
    }

    /// The ranked axes with their slots.
    pub(crate) fn ranked(&self) -> impl Iterator<Item = &Axis> {
        self.slots.iter().map(|at| &self.axes[*at])
    }

    /// What a bit is: its axis and, where it is a word, the word.
    pub(crate) fn of_bit(&self, bit: u32) -> Option<(&Axis, Option<&Level>)> {
        let (at, place) = self.bits.get(usize::try_from(bit).ok()?)?;
        let axis = &self.axes[*at];
        Some((axis, place.and_then(|place| axis.levels().get(place))))
    }

    /// The axis of who may see, for a roster that has one.
    pub(crate) fn display_of(&self, roster: &str) -> Option<&Axis> {
        self.axes
            .iter()
            .find(|axis| matches!(&axis.kind, AxisKind::Display { roster: of } if of == roster))
    }
}

fn axis(value: Value) -> Result<Axis, DocumentError> {
    let mut fields = Fields::of("axis", value)?;
    let kind = match fields.text("kind")?.as_str() {
        "ladder" => AxisKind::Ladder {
            levels: levels(&mut fields)?,
            two_persons: flag(&mut fields, "two_persons")?,
        },
        "handling" => AxisKind::Handling {
            levels: levels(&mut fields)?,
        },
        "compartment" => AxisKind::Compartment {
            words: levels(&mut fields)?,
        },
        "notice" => AxisKind::Notice {
            words: levels(&mut fields)?,
        },
        "bar" => AxisKind::Bar {
            owner: fields.parsed("owner")?,
        },
        "roster" => AxisKind::Roster,
        "display" => AxisKind::Display {
            roster: fields.text("roster")?,
        },
        "consent" => AxisKind::Consent {
            of_originator: match fields.text("of")?.as_str() {
                "originator" => true,
                "source" => false,
                _ => return Err(fields.refused("of", "is not originator or source")),
            },
        },
        "officer" => AxisKind::Officer,
        _ => return Err(fields.refused("kind", "is no kind of axis")),
    };
    let axis = Axis {
        id: fields.text("id")?,
        name_en: fields.text("name_en")?,
        name_ja: fields.text("name_ja")?,
        valid_from: fields.parsed("valid_from")?,
        kind,
        words: words(&mut fields)?,
        slot: 0,
        bit: 0,
        number: 0,
    };
    fields.end()?;
    Ok(axis)
}

fn levels(fields: &mut Fields) -> Result<Vec<Level>, DocumentError> {
    fields.list("levels")?.into_iter().map(level).collect()
}

fn level(value: Value) -> Result<Level, DocumentError> {
    let mut fields = Fields::of("axis level", value)?;
    let id = fields.text("id")?;
    let mut words = words(&mut fields)?;
    words.extend(fold(&id));
    let level = Level {
        name_en: fields.text("name_en")?,
        name_ja: fields.text("name_ja")?,
        encrypted: flag(&mut fields, "encrypted")?,
        stays: flag(&mut fields, "stays")?,
        words,
        bit: 0,
        id,
    };
    fields.end()?;
    Ok(level)
}

/// Spellings, folded once here.
fn words(fields: &mut Fields) -> Result<Vec<String>, DocumentError> {
    let Some(words) = fields.maybe("words") else {
        return Ok(Vec::new());
    };
    let read = words.as_array().and_then(|words| {
        let words = words.iter().map(|word| fold(word.as_str()?));
        words.collect::<Option<Vec<_>>>()
    });
    read.ok_or_else(|| fields.refused("words", "are no list of words"))
}

fn flag(fields: &mut Fields, name: &str) -> Result<bool, DocumentError> {
    match fields.maybe(name) {
        None => Ok(false),
        Some(value) => value
            .as_bool()
            .ok_or_else(|| fields.refused(name, "is not true or false")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_axis_and_level_of_the_first_edition_stands_in_the_same_order() {
        let first = include_bytes!("../data/axes-v1.json");
        let first = Value::parse(first, &Limits::DEFAULT).unwrap();
        let first = first
            .as_object()
            .and_then(|t| t.get("axes")?.as_array())
            .unwrap();
        assert_eq!(first.len(), 6);
        for old in first.iter().map(|axis| axis.as_object().unwrap()) {
            let now = Axes::builtin().get(old.str("id").unwrap()).unwrap();
            let kind = match &now.kind {
                AxisKind::Ladder { .. } => "ladder",
                AxisKind::Bar { .. } => "bar",
                AxisKind::Roster => "roster",
                other => panic!("{other:?} is no kind of the first edition"),
            };
            assert_eq!(old.str("kind"), Some(kind));
            let levels = old
                .get("levels")
                .and_then(Value::as_array)
                .unwrap_or_default();
            for (place, level) in levels.iter().enumerate() {
                let id = level.as_object().and_then(|level| level.str("id")).unwrap();
                assert_eq!(now.levels()[place].id, id);
            }
        }
    }

    #[test]
    fn no_word_means_two_levels_of_one_axis_and_no_caveat_two_axes() {
        let mut caveats = std::collections::BTreeSet::new();
        for axis in Axes::builtin().iter() {
            assert!(
                axis.words.iter().all(|word| caveats.insert(word.clone())),
                "{}",
                axis.id
            );
            for (place, level) in axis.levels().iter().enumerate() {
                assert!(
                    level
                        .words
                        .iter()
                        .all(|word| axis.place(word) == Some(place))
                );
            }
        }
    }

    /// A table of so many ladders with so many levels each, and a compartment of so many words.
    fn table(ladders: usize, levels: usize, words: usize) -> Result<Axes, DocumentError> {
        let axis = |id: &str, kind: &str, levels: usize| {
            let levels: Vec<String> = (0..levels)
                .map(|at| format!(r#"{{"id":"l{at}","name_en":"n","name_ja":"n"}}"#))
                .collect();
            format!(
                r#"{{"id":"{id}","kind":"{kind}","levels":[{}],"name_en":"n","name_ja":"n",
                    "valid_from":"2026-01-01T00:00:00Z"}}"#,
                levels.join(",")
            )
        };
        let mut axes: Vec<String> = (0..ladders)
            .map(|at| axis(&format!("a{at}"), "ladder", levels))
            .collect();
        axes.push(axis("words", "compartment", words));
        let text = format!(r#"{{"v":2,"source":"s","axes":[{}]}}"#, axes.join(","));
        Axes::read(text.as_bytes())
    }

    #[test]
    fn a_table_holds_what_a_label_holds_and_one_more_of_anything_is_refused() {
        assert!(table(25, 1, 1).is_err());
        assert!(table(1, 255, 1).is_err());
        // The bit above the last word says that a label marks release: no word may be it.
        assert!(table(1, 1, 128).is_err());
        let fullest = table(24, 254, 127).unwrap();
        assert_eq!(fullest.rank("a23", "l253"), Some(253));
        assert_eq!(
            fullest.get("words").map(|axis| axis.levels()[126].bit),
            Some(126)
        );
    }

    #[test]
    fn a_table_with_a_fault_is_refused() {
        for (from, to) in [
            ("\"v\": 2", "\"v\": 3"),
            ("\"kind\": \"bar\"", "\"kind\": \"gate\""),
            ("\"of\": \"source\"", "\"of\": \"nobody\""),
            ("\"two_persons\": true", "\"two_persons\": 1"),
            ("\"id\": \"pap\"", "\"id\": \"tlp\""),
            ("\"words\": [\"RELIDO\"]", "\"words\": [7]"),
            ("\"stays\": true", "\"stay\": true"),
        ] {
            assert!(BUILTIN.contains(from), "{from}");
            assert!(
                Axes::read(BUILTIN.replace(from, to).as_bytes()).is_err(),
                "{to}"
            );
        }
    }
}
