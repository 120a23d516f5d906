//! Chance that follows from a seed: the same everywhere.

/// A small generator (xorshift64*): enough for choosing faults.
#[derive(Clone)]
pub(crate) struct Chance(u64);

impl Chance {
    /// From a seed; neighbouring seeds have nothing in common.
    pub(crate) fn new(seed: u64) -> Self {
        let mixed = (seed.wrapping_add(0x9e37_79b9_7f4a_7c15)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mut chance = Self(mixed ^ (mixed >> 29) | 1);
        for _ in 0..4 {
            chance.next();
        }
        chance
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    /// From 0, below `most`.
    pub(crate) fn below(&mut self, most: u64) -> u64 {
        (self.next() >> 16) % most
    }

    /// An index of a list of that length.
    pub(crate) fn index(&mut self, length: usize) -> usize {
        usize::try_from(self.below(length.max(1) as u64)).unwrap_or(0)
    }

    pub(crate) fn percent(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    pub(crate) fn bytes<const N: usize>(&mut self) -> [u8; N] {
        let mut bytes = [0; N];
        for part in bytes.chunks_mut(8) {
            part.copy_from_slice(&self.next().to_be_bytes()[..part.len()]);
        }
        bytes
    }
}
