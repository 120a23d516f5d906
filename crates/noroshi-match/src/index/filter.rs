//! A blocked Bloom filter: one 64-bit word a key, four bits in it. Words are atomic, so that a key
//! can be added while others ask.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::keyed::place;

/// Bits for each key: about one miss in fifty passes.
const BITS_A_KEY: usize = 10;

pub(crate) struct Filter {
    words: Vec<AtomicU64>,
}

impl Filter {
    /// Room for so many keys.
    pub(crate) fn for_keys(keys: usize) -> Self {
        let words = (keys * BITS_A_KEY).div_ceil(64).max(16);
        Self::from_words(vec![0; words])
    }

    pub(crate) fn from_words(words: Vec<u64>) -> Self {
        let words = words.into_iter().map(AtomicU64::new).collect();
        Self { words }
    }

    pub(crate) fn words(&self) -> impl Iterator<Item = u64> {
        self.words.iter().map(|word| word.load(Ordering::Relaxed))
    }

    pub(crate) fn bytes(&self) -> usize {
        self.words.len() * 8
    }

    pub(crate) fn add(&self, hash: u64) {
        if let Some(word) = self.words.get(place(hash, self.words.len())) {
            // Release: who sees the bit finds the entry, which was written before.
            word.fetch_or(bits(hash), Ordering::Release);
        }
    }

    /// Add while nobody else has it yet.
    pub(crate) fn add_alone(&mut self, hash: u64) {
        let at = place(hash, self.words.len());
        if let Some(word) = self.words.get_mut(at) {
            *word.get_mut() |= bits(hash);
        }
    }

    #[inline]
    pub(crate) fn may_hold(&self, hash: u64) -> bool {
        let bits = bits(hash);
        self.words
            .get(place(hash, self.words.len()))
            .is_some_and(|word| word.load(Ordering::Acquire) & bits == bits)
    }
}

/// Four bits by the lower part of the fingerprint; the upper chose the word.
#[inline]
fn bits(hash: u64) -> u64 {
    1 << (hash & 63) | 1 << (hash >> 6 & 63) | 1 << (hash >> 12 & 63) | 1 << (hash >> 18 & 63)
}
