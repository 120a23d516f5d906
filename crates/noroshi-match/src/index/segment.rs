//! A set of atoms that never changes: lines of sixteen fingerprints (hot), the place of each one's
//! record beside them (cold), and the records with tag, kind and full value.

use std::sync::Arc;

use thiserror::Error;

use super::filter::Filter;
use super::nets::{Nets, net_bytes};
use crate::keyed::{Keyed, place};
use crate::kind::{Kind, KindSet};
use crate::normal::{Atom, split_net};

/// Fingerprints in a line of 64 bytes.
pub(super) const SLOTS: usize = 16;
/// Lines that one key may spread over before the table is made larger.
const LINES_A_KEY_MAX: usize = 32;
/// Of a hundred slots, so many are taken at most.
const FULL_PERCENT: usize = 88;
/// In a record's kind: it matches itself only, none of its subdomains.
const ONLY_ITSELF: u8 = 0x80;
/// A length in one byte, below this; else in two more.
const SHORT: usize = 255;

/// One line of the table; zero is an empty slot.
pub(super) type Line = [u32; SLOTS];

/// An immutable index.
pub struct Segment {
    pub(super) keyed: Arc<Keyed>,
    pub(super) filter: Filter,
    pub(super) lines: Vec<Line>,
    pub(super) places: Vec<u32>,
    pub(super) records: Vec<u8>,
    pub(super) nets: Nets,
    pub(super) kinds: KindSet,
    pub(super) count: usize,
}

/// What the parts of a segment take, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sizes {
    /// Atoms in it.
    pub atoms: usize,
    /// Filter and fingerprints: what a miss touches.
    pub hot: usize,
    /// Everything.
    pub all: usize,
}

/// Why a segment cannot be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum BuildError {
    /// Records are found by 32-bit places.
    #[error("more than 4 GiB of values in one segment")]
    TooLarge,
}

/// An entry found: its tag, and whether it stands for its subdomains too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) tag: u32,
    pub(crate) only_itself: bool,
}

/// Takes atoms until a segment is made of them.
pub struct Builder {
    keyed: Arc<Keyed>,
    records: Vec<u8>,
    keys: Vec<(u64, u32)>,
    apexes: Vec<u64>,
    nets: Nets,
    kinds: KindSet,
}

impl Builder {
    /// Nothing yet.
    #[must_use]
    pub fn new(keyed: Arc<Keyed>) -> Self {
        Self {
            keyed,
            records: Vec::new(),
            keys: Vec::new(),
            apexes: Vec::new(),
            nets: Nets::new(),
            kinds: KindSet::default(),
        }
    }

    /// Take an atom under the caller's tag. Of equal atoms the first one stays.
    pub fn add(&mut self, atom: &Atom, tag: u32) -> Result<(), BuildError> {
        self.take(atom.kind(), atom.value(), atom.is_public_suffix(), tag)
    }

    fn take(
        &mut self,
        kind: Kind,
        value: &str,
        only_itself: bool,
        tag: u32,
    ) -> Result<(), BuildError> {
        let place = u32::try_from(self.records.len()).map_err(|_| BuildError::TooLarge)?;
        self.keys
            .push((fingerprint(&self.keyed, kind, value), place));
        match kind {
            Kind::Domain => self.apexes.push(self.keyed.apex(apex(value.as_bytes()))),
            Kind::Ipv4Net | Kind::Ipv6Net => {
                if let Some((ip, prefix)) = split_net(value) {
                    self.nets.add(ip, prefix);
                }
            }
            Kind::Ipv4
            | Kind::Ipv6
            | Kind::Url
            | Kind::Hash
            | Kind::Mail
            | Kind::FileName
            | Kind::FilePath
            | Kind::RegistryKey
            | Kind::Certificate
            | Kind::Ja3
            | Kind::Ja4
            | Kind::UserAgent => {}
        }
        self.kinds = self.kinds.with(kind);
        let flag = if only_itself { ONLY_ITSELF } else { 0 };
        self.records.extend_from_slice(&tag.to_le_bytes());
        self.records.push(kind as u8 | flag);
        match u8::try_from(value.len()) {
            Ok(length) if usize::from(length) < SHORT => self.records.push(length),
            _ => {
                let length = u16::try_from(value.len()).unwrap_or(u16::MAX);
                self.records.push(u8::MAX);
                self.records.extend_from_slice(&length.to_le_bytes());
            }
        }
        self.records.extend_from_slice(value.as_bytes());
        Ok(())
    }

    /// The segment.
    #[must_use]
    pub fn build(mut self) -> Segment {
        self.records.shrink_to_fit();
        let mut filter = Filter::for_keys(self.keys.len() + self.apexes.len());
        for hash in self.keys.iter().map(|key| &key.0).chain(&self.apexes) {
            filter.add_alone(*hash);
        }
        drop(std::mem::take(&mut self.apexes));
        let mut slots = (self.keys.len() * 100).div_ceil(FULL_PERCENT);
        loop {
            let lines = slots.div_ceil(SLOTS).max(1);
            let mut segment = Segment {
                keyed: Arc::clone(&self.keyed),
                filter: Filter::for_keys(0),
                lines: vec![[0; SLOTS]; lines],
                places: vec![0; lines * SLOTS],
                records: std::mem::take(&mut self.records),
                nets: Nets::new(),
                kinds: self.kinds,
                count: 0,
            };
            if self
                .keys
                .iter()
                .all(|(hash, place)| segment.put(*hash, *place))
            {
                segment.filter = filter;
                segment.nets = self.nets;
                return segment;
            }
            self.records = segment.records;
            slots += slots / 4 + SLOTS;
        }
    }
}

impl Segment {
    /// A segment without atoms.
    #[must_use]
    pub fn empty(keyed: Arc<Keyed>) -> Self {
        Builder::new(keyed).build()
    }

    /// How many atoms it holds.
    #[must_use]
    pub fn count(&self) -> usize {
        self.count
    }

    /// What it takes.
    #[must_use]
    pub fn sizes(&self) -> Sizes {
        let hot = self.filter.bytes() + size_of_val(self.lines.as_slice());
        Sizes {
            atoms: self.count,
            hot,
            all: hot + size_of_val(self.places.as_slice()) + self.records.capacity(),
        }
    }

    /// Put a record into the first free slot from its line on; false when the lines are full.
    fn put(&mut self, hash: u64, place: u32) -> bool {
        let print = print(hash);
        for step in 0..LINES_A_KEY_MAX {
            let line = self.line(hash, step);
            for slot in 0..SLOTS {
                let found = self.lines[line][slot];
                if found == 0 {
                    self.lines[line][slot] = print;
                    self.places[line * SLOTS + slot] = place;
                    self.count += 1;
                    return true;
                }
                // The same atom again: the first one stays.
                if found == print && self.is_same(self.places[line * SLOTS + slot], place) {
                    return true;
                }
            }
        }
        false
    }

    fn is_same(&self, one: u32, other: u32) -> bool {
        let (one, other) = (self.record(one), self.record(other));
        one.zip(other)
            .is_some_and(|(one, other)| one.kind == other.kind && one.value == other.value)
    }

    #[inline]
    fn line(&self, hash: u64, step: usize) -> usize {
        (place(hash, self.lines.len()) + step) % self.lines.len()
    }

    /// The entry of this value; `hash` is its fingerprint.
    pub(crate) fn find(&self, kind: Kind, value: &str, hash: u64) -> Option<Entry> {
        if self.lines.is_empty() {
            return None;
        }
        let print = print(hash);
        for step in 0..LINES_A_KEY_MAX {
            let line = self.line(hash, step);
            for (slot, found) in self.lines[line].iter().enumerate() {
                if *found != print {
                    continue;
                }
                let place = self.places.get(line * SLOTS + slot)?;
                let record = self.record(*place);
                let same = record.filter(|it| it.kind == kind && it.value == value.as_bytes());
                if let Some(record) = same {
                    return Some(Entry {
                        tag: record.tag,
                        only_itself: record.only_itself,
                    });
                }
            }
            // A line with an empty slot has never sent anything on to the next.
            if self.lines[line][SLOTS - 1] == 0 {
                return None;
            }
        }
        None
    }

    /// Every atom with its tag, in the order of the records.
    pub(super) fn records(&self) -> impl Iterator<Item = Record<'_>> {
        let mut at = 0;
        std::iter::from_fn(move || {
            let (record, end) = read(&self.records, at)?;
            at = end;
            Some(record)
        })
    }

    fn record(&self, place: u32) -> Option<Record<'_>> {
        read(&self.records, place as usize).map(|(record, _)| record)
    }

    /// Put every atom of this segment that `keep` takes into a builder.
    pub(super) fn pour(
        &self,
        builder: &mut Builder,
        keep: impl Fn(u32) -> bool,
    ) -> Result<(), BuildError> {
        for record in self.records().filter(|record| keep(record.tag)) {
            if let Ok(value) = std::str::from_utf8(record.value) {
                builder.take(record.kind, value, record.only_itself, record.tag)?;
            }
        }
        Ok(())
    }
}

/// One record as it lies.
pub(super) struct Record<'a> {
    pub(super) tag: u32,
    pub(super) kind: Kind,
    pub(super) only_itself: bool,
    pub(super) value: &'a [u8],
}

fn read(records: &[u8], at: usize) -> Option<(Record<'_>, usize)> {
    let rest = records.get(at..)?;
    let (tag, rest) = rest.split_first_chunk::<4>()?;
    let (kind, rest) = rest.split_first()?;
    let (length, rest) = rest.split_first()?;
    let (length, head, rest) = if usize::from(*length) < SHORT {
        (usize::from(*length), 6, rest)
    } else {
        let (length, rest) = rest.split_first_chunk::<2>()?;
        (usize::from(u16::from_le_bytes(*length)), 8, rest)
    };
    let record = Record {
        tag: u32::from_le_bytes(*tag),
        kind: Kind::from_number(kind & !ONLY_ITSELF)?,
        only_itself: kind & ONLY_ITSELF != 0,
        value: rest.get(..length)?,
    };
    Some((record, at + head + length))
}

/// What stands in a slot; never zero.
#[inline]
fn print(hash: u64) -> u32 {
    (hash as u32).max(1)
}

/// The last two labels of a domain, or all of it.
#[inline]
pub(crate) fn apex(name: &[u8]) -> &[u8] {
    let mut dots = memchr::memrchr_iter(b'.', name);
    dots.next();
    dots.next().map_or(name, |dot| &name[dot + 1..])
}

/// The fingerprint of an atom: of a block of addresses that of its bytes, else of its value.
pub(crate) fn fingerprint(keyed: &Keyed, kind: Kind, value: &str) -> u64 {
    match split_net(value) {
        Some((ip, prefix)) if matches!(kind, Kind::Ipv4Net | Kind::Ipv6Net) => {
            let (bytes, length) = net_bytes(ip, prefix);
            keyed.value(kind, &bytes[..length])
        }
        Some(_) | None => keyed.value(kind, value.as_bytes()),
    }
}
