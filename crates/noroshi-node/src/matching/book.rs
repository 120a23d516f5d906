//! Which indicators stand behind what the index finds, and which are not at work and why.
//!
//! A tag of the index stands for one atom. Several indicators may name it; an indicator that goes
//! leaves its atoms behind until the index is settled, and a tag that nobody owns hits nothing.

use std::collections::HashMap;
use std::collections::hash_map::Entry as Place;

use noroshi_model::StixId;

use super::judge::Idle;
use super::read::Validity;

/// No indicator behind this tag.
const NOBODY: u32 = u32::MAX;
/// From here on an owner is a number of the list of lists.
const MANY: u32 = 1 << 31;
/// Indicators that are not at work are remembered by name up to this many, and counted beyond.
const IDLE_MAX: usize = 200_000;

/// An indicator, by the 128 bits of its STIX id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Indicator(u128);

impl Indicator {
    /// From an id of an indicator; none for objects of other types.
    #[must_use]
    pub fn of(id: &StixId) -> Option<Self> {
        if id.kind() != "indicator" {
            return None;
        }
        let digits = id.as_str().bytes().rev().take(36).collect::<Vec<u8>>();
        let value = digits
            .iter()
            .rev()
            .filter_map(|digit| char::from(*digit).to_digit(16))
            .fold(0_u128, |value, digit| value << 4 | u128::from(digit));
        Some(Self(value))
    }

    /// The STIX id.
    #[must_use]
    pub fn id(self) -> StixId {
        let digits = format!("{:032x}", self.0);
        let parts = [
            &digits[..8],
            &digits[8..12],
            &digits[12..16],
            &digits[16..20],
            &digits[20..],
        ];
        format!("indicator--{}", parts.join("-"))
            .parse()
            .expect("invariant: 32 digits in five groups are a UUID")
    }
}

/// An indicator at work.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Entry {
    pub(crate) indicator: Indicator,
    /// At work from then, in microseconds.
    pub(crate) from: i64,
    /// And until then.
    pub(crate) until: i64,
    /// How long it is at work after the last word on it; nought: it does not fade.
    span: i64,
    /// Is it a pattern of the engine's?
    pub(crate) is_pattern: bool,
    /// Its tag, where it has one only.
    tag: u32,
}

/// The indicators at work, and those that are not.
#[derive(Default)]
pub(crate) struct Book {
    entries: Vec<Option<Entry>>,
    unused: Vec<u32>,
    by_id: HashMap<Indicator, u32>,
    owners: Vec<u32>,
    many: Vec<Vec<u32>>,
    tags: HashMap<u32, Box<[u32]>>,
    idle: HashMap<Indicator, Idle>,
    unnamed: u64,
    dead: usize,
}

impl Book {
    /// Tags given out so far.
    pub(crate) fn next_tag(&self) -> u32 {
        u32::try_from(self.owners.len()).unwrap_or(NOBODY)
    }

    /// A new tag, of an atom that the index did not have.
    pub(crate) fn new_tag(&mut self) -> u32 {
        let tag = self.next_tag();
        self.owners.push(NOBODY);
        self.dead += 1;
        tag
    }

    /// How many indicators are at work.
    pub(crate) fn len(&self) -> usize {
        self.by_id.len()
    }

    /// How many tags nobody owns.
    pub(crate) fn dead(&self) -> usize {
        self.dead
    }

    /// Does anybody own this tag?
    pub(crate) fn is_owned(&self, tag: u32) -> bool {
        self.owners
            .get(tag as usize)
            .is_some_and(|owner| *owner != NOBODY)
    }

    /// Put an indicator to work that is not; its slot.
    pub(crate) fn put(&mut self, indicator: Indicator, validity: Validity) -> u32 {
        let entry = Entry {
            indicator,
            from: validity.from,
            until: validity.until,
            span: validity.span,
            is_pattern: false,
            tag: NOBODY,
        };
        let slot = match self.unused.pop() {
            Some(slot) => {
                self.entries[slot as usize] = Some(entry);
                slot
            }
            None => {
                self.entries.push(Some(entry));
                u32::try_from(self.entries.len() - 1).unwrap_or(MANY - 1)
            }
        };
        self.by_id.insert(indicator, slot);
        slot
    }

    /// The indicator in this slot has these tags, each once.
    pub(crate) fn own(&mut self, slot: u32, tags: Vec<u32>) {
        for tag in &tags {
            let owner = &mut self.owners[*tag as usize];
            match *owner {
                NOBODY => {
                    *owner = slot;
                    self.dead -= 1;
                }
                list if list >= MANY => self.many[(list - MANY) as usize].push(slot),
                one => {
                    let list = u32::try_from(self.many.len()).unwrap_or(MANY - 2);
                    self.many.push(vec![one, slot]);
                    *owner = MANY + list;
                }
            }
        }
        match (&mut self.entries[slot as usize], &tags[..]) {
            (Some(entry), [tag]) => entry.tag = *tag,
            _ => {
                self.tags.insert(slot, tags.into_boxed_slice());
            }
        }
    }

    /// The indicator in this slot is a pattern.
    pub(crate) fn is_pattern(&mut self, slot: u32) {
        if let Some(entry) = &mut self.entries[slot as usize] {
            entry.is_pattern = true;
        }
    }

    /// Take an indicator out of work; its slot and what it was.
    pub(crate) fn take(&mut self, indicator: Indicator) -> Option<(u32, Entry)> {
        if self.idle.remove(&indicator).is_some() {
            return None;
        }
        let slot = self.by_id.remove(&indicator)?;
        let entry = self.entries[slot as usize].take()?;
        let tags = match self.tags.remove(&slot) {
            Some(tags) => tags.into_vec(),
            None if entry.tag == NOBODY => Vec::new(),
            None => vec![entry.tag],
        };
        for tag in tags {
            let owner = &mut self.owners[tag as usize];
            if *owner == slot {
                *owner = NOBODY;
                self.dead += 1;
            } else if *owner >= MANY && *owner != NOBODY {
                let list = &mut self.many[(*owner - MANY) as usize];
                list.retain(|other| *other != slot);
                if list.is_empty() {
                    *owner = NOBODY;
                    self.dead += 1;
                }
            }
        }
        self.unused.push(slot);
        Some((slot, entry))
    }

    /// The indicator is not at work, for this reason.
    pub(crate) fn rest(&mut self, indicator: Indicator, idle: Idle) {
        let is_full = self.idle.len() >= IDLE_MAX;
        match self.idle.entry(indicator) {
            Place::Occupied(mut there) => {
                there.insert(idle);
            }
            Place::Vacant(_) if is_full => self.unnamed += 1,
            Place::Vacant(place) => {
                place.insert(idle);
            }
        }
    }

    /// The indicator was seen: where it fades, it fades from now.
    pub(crate) fn seen(&mut self, indicator: Indicator, at: i64) {
        let Some(slot) = self.by_id.get(&indicator) else {
            return;
        };
        if let Some(entry) = &mut self.entries[*slot as usize]
            && entry.span > 0
        {
            entry.until = entry.until.max(at.saturating_add(entry.span));
        }
    }

    /// The indicator in this slot, where it is at work at this time.
    pub(crate) fn at_work(&self, slot: u32, now: i64) -> Option<Entry> {
        let entry = (*self.entries.get(slot as usize)?)?;
        (entry.from <= now && now < entry.until).then_some(entry)
    }

    /// Each indicator behind a tag that is at work at this time.
    pub(crate) fn each_owner(&self, tag: u32, now: i64, each: &mut dyn FnMut(Entry)) {
        let Some(owner) = self.owners.get(tag as usize).copied() else {
            return;
        };
        if owner == NOBODY {
            return;
        }
        let one = [owner];
        let slots = match owner.checked_sub(MANY) {
            Some(list) => self.many[list as usize].as_slice(),
            None => &one,
        };
        for slot in slots {
            if let Some(entry) = self.at_work(*slot, now) {
                each(entry);
            }
        }
    }

    /// The indicator, where it is in the book.
    pub(crate) fn find(&self, indicator: Indicator) -> Option<Entry> {
        let slot = self.by_id.get(&indicator)?;
        self.entries[*slot as usize]
    }

    /// Every indicator that is not at work, and why; and how many beside them.
    pub(crate) fn idle(&self) -> (impl Iterator<Item = (Indicator, Idle)> + '_, u64) {
        let named = self
            .idle
            .iter()
            .map(|(indicator, idle)| (*indicator, *idle));
        (named, self.unnamed)
    }

    /// Why an indicator is not at work.
    pub(crate) fn why_idle(&self, indicator: Indicator) -> Option<Idle> {
        self.idle.get(&indicator).copied()
    }
}
