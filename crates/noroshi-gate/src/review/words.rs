//! Many words at once: a sorted list that a text is walked along, the longest word that fits.
//!
//! At each place where a word may begin the list is narrowed byte by byte, at most as far as the
//! longest word: linear in the text, whatever the words are.

use noroshi_model::ItemHash;

use super::text::Folded;

/// Longest word that is looked for, in folded bytes.
const WORD_BYTES_MAX: usize = 256;
/// Kinds of beginnings that are told apart.
const BEGINNINGS: usize = 1 << 16;
/// So few words are compared one by one.
const FEW: usize = 8;

/// Words with what each stands for.
pub(super) struct Words<T> {
    // INVARIANT: sorted, each word once, folded, two bytes or more.
    words: Vec<(Box<str>, T)>,
    /// Which beginnings of four bytes any of them has, or of two where it is shorter.
    begins: Vec<u64>,
}

/// A word that stands in a text.
pub(super) struct Hit<'a, T> {
    /// Where, in the folded form.
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) means: &'a T,
}

impl<T> Words<T> {
    /// Fold and sort; of a word given twice the first meaning stands.
    pub(super) fn new(words: impl IntoIterator<Item = (String, T)>) -> Self {
        let folded = words.into_iter();
        let folded = folded.map(|(word, means)| (Folded::word(&word).into_boxed_str(), means));
        let mut words: Vec<_> = folded
            .filter(|(word, _)| (2..=WORD_BYTES_MAX).contains(&word.len()))
            .collect();
        words.sort_by(|(one, _), (other, _)| one.cmp(other));
        words.dedup_by(|(later, _), (kept, _)| later == kept);
        let mut begins = vec![0; BEGINNINGS / 64];
        for (word, _) in &words {
            let (long, short) = beginnings(word.as_bytes());
            let kind = long.unwrap_or(short);
            begins[kind / 64] |= 1 << (kind % 64);
        }
        Self { words, begins }
    }

    /// Every place where a word stands, from the beginning; where several do, the longest.
    pub(super) fn find<'a>(&'a self, text: &'a Folded<'_>) -> impl Iterator<Item = Hit<'a, T>> {
        let bytes = text.folded.as_bytes();
        let mut at = 0;
        core::iter::from_fn(move || {
            while at + 1 < bytes.len() {
                let start = at;
                at += 1;
                if let Some(hit) = self.at(text, start) {
                    at = hit.end;
                    return Some(hit);
                }
            }
            None
        })
    }

    fn at<'a>(&'a self, text: &Folded<'_>, start: usize) -> Option<Hit<'a, T>> {
        let bytes = &text.folded.as_bytes()[start..];
        let has = |kind: usize| self.begins[kind / 64] & (1 << (kind % 64)) != 0;
        let (long, short) = beginnings(bytes);
        let may_begin = has(short) || long.is_some_and(has);
        if !may_begin || !text.folded.is_char_boundary(start) || !text.is_border(start) {
            return None;
        }
        let mut range = &self.words[..];
        let mut longest = None;
        for (depth, byte) in bytes.iter().enumerate() {
            if range.len() <= FEW {
                let fits = |word: &&(Box<str>, T)| {
                    bytes.starts_with(word.0.as_bytes()) && text.is_border(start + word.0.len())
                };
                longest = range.iter().rev().find(fits).or(longest);
                break;
            }
            let next = |word: &str| word.as_bytes().get(depth).copied();
            let low = range.partition_point(|(word, _)| next(word) < Some(*byte));
            let rest = &range[low..];
            range = &rest[..rest.partition_point(|(word, _)| next(word) <= Some(*byte))];
            let whole = range.first().filter(|(word, _)| word.len() == depth + 1);
            longest = whole
                .filter(|_| text.is_border(start + depth + 1))
                .or(longest);
        }
        longest.map(|(word, means)| Hit {
            start,
            end: start + word.len(),
            means,
        })
    }
}

/// The kinds of beginning of four bytes, where there are so many, and of two.
fn beginnings(bytes: &[u8]) -> (Option<usize>, usize) {
    let mixed = |number: u32| (number.wrapping_mul(0x9E37_79B1) >> 16) as usize;
    let long = bytes
        .first_chunk()
        .map(|four| mixed(u32::from_le_bytes(*four)));
    let short = bytes
        .first_chunk()
        .map_or(0, |two| mixed(u16::from_le_bytes(*two).into()));
    (long, short)
}

/// Names of items, to be looked for in what leaves: which items bear each.
pub struct Names(Words<Vec<ItemHash>>);

impl Names {
    /// Most items kept for one name.
    const BEARERS_MAX: usize = 16;
    /// Shortest name that is looked for, in bytes: shorter ones stand in every text.
    const BYTES_MIN: usize = 4;

    /// Names with the items that bear them; one of a few letters is left out.
    #[must_use]
    pub fn new<'a>(names: impl IntoIterator<Item = (&'a str, ItemHash)>) -> Self {
        let mut all: Vec<(String, ItemHash)> = names
            .into_iter()
            .map(|(name, item)| (Folded::word(name), item))
            .filter(|(name, _)| name.len() >= Self::BYTES_MIN)
            .collect();
        all.sort();
        all.dedup();
        let mut grouped: Vec<(String, Vec<ItemHash>)> = Vec::new();
        for (name, item) in all {
            match grouped.last_mut() {
                Some((last, items)) if *last == name => {
                    if items.len() < Self::BEARERS_MAX {
                        items.push(item);
                    }
                }
                _ => grouped.push((name, vec![item])),
            }
        }
        Self(Words::new(grouped))
    }

    pub(super) fn words(&self) -> &Words<Vec<ItemHash>> {
        &self.0
    }
}

impl core::fmt::Debug for Names {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "{} names", self.0.words.len())
    }
}
