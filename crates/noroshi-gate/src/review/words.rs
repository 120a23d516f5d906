//! Many words at once: a sorted list that a text is walked along, the longest word that fits.
//!
//! At each place where a word may begin the list is narrowed byte by byte, at most as far as the
//! longest word: linear in the text, whatever the words are.

use std::sync::Arc;

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
        Self::sorted(words)
    }

    /// Of words that are folded, sorted and each there once.
    fn sorted(words: Vec<(Box<str>, T)>) -> Self {
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
        walk(text, |start| self.at(text, start))
    }

    /// What that word stands for.
    fn means(&self, word: &str) -> Option<&T> {
        let found = self
            .words
            .binary_search_by(|(known, _)| (**known).cmp(word));
        found.ok().map(|at| &self.words[at].1)
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

/// Walk along a text, from behind each hit to the next.
fn walk<'a, T: 'a>(
    text: &'a Folded<'_>,
    mut look: impl FnMut(usize) -> Option<Hit<'a, T>>,
) -> impl Iterator<Item = Hit<'a, T>> {
    let mut at = 0;
    core::iter::from_fn(move || {
        while at + 1 < text.folded.len() {
            let start = at;
            at += 1;
            if let Some(hit) = look(start) {
                at = hit.end;
                return Some(hit);
            }
        }
        None
    })
}

/// Names of items, to be looked for in what leaves: which items bear each.
///
/// They lie in parts, each much larger than the one behind it. Names that come are a part of their
/// own, which is joined with the ones before it where it has grown towards them: the work for a
/// name does not hang on how many there are. What is found is the same however they came.
#[derive(Clone, Default)]
pub struct Names {
    parts: Vec<Arc<Part>>,
}

type Part = Words<Vec<ItemHash>>;

impl Names {
    /// Most items kept for one name.
    const BEARERS_MAX: usize = 16;
    /// Shortest name that is looked for, in bytes: shorter ones stand in every text.
    const BYTES_MIN: usize = 4;
    /// A part is so many times as large as the one behind it, at least.
    const STEP: usize = 8;

    /// Names with the items that bear them; one of a few letters is left out.
    #[must_use]
    pub fn new<'a>(names: impl IntoIterator<Item = (&'a str, ItemHash)>) -> Self {
        Self::default().with(names)
    }

    /// The same names and these.
    #[must_use]
    pub fn with<'a>(&self, names: impl IntoIterator<Item = (&'a str, ItemHash)>) -> Self {
        let mut all: Vec<(Box<str>, Vec<ItemHash>)> = names
            .into_iter()
            .map(|(name, item)| (Folded::word(name).into_boxed_str(), vec![item]))
            .filter(|(name, _)| (Self::BYTES_MIN..=WORD_BYTES_MAX).contains(&name.len()))
            .collect();
        let mut parts = self.parts.clone();
        while let Some(last) = parts.pop_if(|last| last.words.len() < Self::STEP * all.len()) {
            all.extend(last.words.iter().cloned());
        }
        all.sort();
        all.dedup_by(|(later, more), (kept, items)| {
            let is_same = later == kept;
            if is_same {
                items.append(more);
            }
            is_same
        });
        for (_, items) in &mut all {
            items.sort_unstable();
            items.dedup();
            items.truncate(Self::BEARERS_MAX);
        }
        if !all.is_empty() {
            parts.push(Arc::new(Words::sorted(all)));
        }
        Self { parts }
    }

    /// Every place where a name stands, from the beginning; where several do, the longest.
    pub(super) fn find<'a>(
        &'a self,
        text: &'a Folded<'_>,
    ) -> impl Iterator<Item = (usize, usize, Vec<ItemHash>)> {
        let longest = move |start| {
            let hits = self.parts.iter().filter_map(|part| part.at(text, start));
            hits.max_by_key(|hit| hit.end)
        };
        walk(text, longest).map(|hit| {
            let name = &text.folded[hit.start..hit.end];
            let bearers = self.parts.iter().filter_map(|part| part.means(name));
            let mut bearers: Vec<ItemHash> = bearers.flatten().copied().collect();
            bearers.sort_unstable();
            bearers.dedup();
            bearers.truncate(Self::BEARERS_MAX);
            (hit.start, hit.end, bearers)
        })
    }
}

impl core::fmt::Debug for Names {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let count: usize = self.parts.iter().map(|part| part.words.len()).sum();
        write!(f, "{count} names")
    }
}

#[cfg(test)]
mod tests {
    use noroshi_model::Digest;
    use proptest::prelude::*;

    use super::*;

    fn bearer(number: u8) -> ItemHash {
        ItemHash(Digest::of(&[number]))
    }

    fn found(names: &Names, text: &str) -> Vec<(usize, usize, Vec<ItemHash>)> {
        names.find(&Folded::new(text)).collect()
    }

    proptest! {
        #[test]
        fn names_are_found_alike_whether_they_came_at_once_or_one_by_one(
            named in prop::collection::vec(("[a-c]{3,6}( [a-c]{3,6})?", 0_u8..40), 1..120),
            pieces in prop::collection::vec(1_usize..30, 1..20),
            text in "([a-c]{3,6} ){0,20}",
        ) {
            let pairs: Vec<(&str, ItemHash)> =
                named.iter().map(|(name, by)| (name.as_str(), bearer(*by))).collect();
            let whole = Names::new(pairs.iter().copied());
            let (mut grown, mut rest) = (Names::default(), &pairs[..]);
            for piece in pieces.iter().cycle() {
                let (some, others) = rest.split_at((*piece).min(rest.len()));
                grown = grown.with(some.iter().copied());
                rest = others;
                if rest.is_empty() {
                    break;
                }
            }
            prop_assert_eq!(found(&grown, &text), found(&whole, &text));
        }
    }

    #[test]
    fn a_name_moves_seldom_however_many_there_are() {
        let (mut names, mut moved) = (Names::default(), 0);
        for number in 0..5000_u32 {
            let before = names.parts.len();
            let name = format!("name {number:05}");
            names = names.with([(&*name, bearer(1))]);
            let newest = names.parts.last().map_or(0, |part| part.words.len());
            moved += newest;
            expect_steps(before, &names);
        }
        // Eight moves a step, and a step for every eightfold: far from 5,000 a name.
        assert!(moved / 5000 < 60, "{moved}");
    }

    fn expect_steps(before: usize, names: &Names) {
        assert!(names.parts.len() <= before + 1);
        let sizes: Vec<usize> = names.parts.iter().map(|part| part.words.len()).collect();
        assert!(
            sizes.windows(2).all(|two| two[0] >= Names::STEP * two[1]),
            "{sizes:?}"
        );
    }
}
