//! Keyed fingerprints: a strongly universal hash (Dietzfelbinger's multiply-shift over vectors).
//!
//! For a key that its maker does not know, any two different values of up to 512 bytes share a
//! 64-bit fingerprint with a chance of 2^-64, so neither a partner's indicators nor telemetry can
//! be made to collide. That is proven for values chosen without knowledge of the key, which is the
//! case here: no fingerprint is ever shown to anybody. Longer values go block by block.

use sha2::{Digest, Sha256};

use crate::kind::Kind;

/// Words of eight bytes that one level of the hash takes.
const WORDS_MAX: usize = 64;
/// Bytes that one level takes.
const BLOCK_BYTES: usize = WORDS_MAX * 8;
/// Bit 0x20 of every byte: the difference between upper and lower case.
const CASE: u64 = 0x2020_2020_2020_2020;
/// Marks the apex of a domain in the filter; no kind has this number.
const APEX: u8 = 0x40;
/// Marks the blocks and the levels of what is longer than one block.
const BLOCK: u8 = 0x80;

/// The key, expanded. The same 32 bytes always give the same fingerprints.
pub struct Keyed {
    multipliers: Box<[u128; WORDS_MAX + 2]>,
}

impl Keyed {
    /// From 32 secret random bytes.
    #[must_use]
    pub fn new(key: &[u8; 32]) -> Self {
        let multiplier = |number: usize| {
            let number = u32::try_from(number).unwrap_or(u32::MAX);
            let digest = Sha256::new()
                .chain_update(b"noroshi-match 1")
                .chain_update(key)
                .chain_update(number.to_le_bytes())
                .finalize();
            digest[..16]
                .iter()
                .fold(0_u128, |value, byte| value << 8 | u128::from(*byte))
        };
        Self {
            multipliers: Box::new(std::array::from_fn(multiplier)),
        }
    }

    /// The fingerprint of a value of a kind, in its normal form or, where the kind has no case, in
    /// any case.
    #[inline]
    pub(crate) fn value(&self, kind: Kind, value: &[u8]) -> u64 {
        let case = if kind.is_caseless() { CASE } else { 0 };
        self.whole(kind as u8, value, case)
    }

    /// The fingerprint of a domain's last two labels, which the filter is asked first.
    #[inline]
    pub(crate) fn apex(&self, labels: &[u8]) -> u64 {
        self.whole(APEX, labels, CASE)
    }

    /// A checksum over bytes of any length, which only who has the key can make.
    pub(crate) fn checksum(&self, bytes: &[u8]) -> u64 {
        self.whole(BLOCK, bytes, 0)
    }

    #[inline]
    fn whole(&self, tag: u8, bytes: &[u8], case: u64) -> u64 {
        if bytes.len() <= BLOCK_BYTES {
            return self.level(tag, bytes, case);
        }
        self.long(tag, bytes, case)
    }

    /// Blocks first, then the list of their fingerprints, until one block is left.
    #[cold]
    fn long(&self, tag: u8, bytes: &[u8], case: u64) -> u64 {
        let mut level: u8 = 0;
        let mut list: Vec<u8> = Vec::new();
        let blocks = |bytes: &[u8], level: u8, case: u64| {
            let tag = BLOCK | (level & 0x3f) | (tag & APEX);
            bytes
                .chunks(BLOCK_BYTES)
                .flat_map(|block| self.level(tag, block, case).to_le_bytes())
                .collect::<Vec<u8>>()
        };
        list.extend(blocks(bytes, level, case));
        while list.len() > BLOCK_BYTES - 8 {
            level += 1;
            list = blocks(&list, level, 0);
        }
        list.extend((bytes.len() as u64).to_le_bytes());
        self.level(tag, &list, 0)
    }

    /// One level: every word times its own multiplier, the upper half of the sum.
    #[inline]
    fn level(&self, tag: u8, bytes: &[u8], case: u64) -> u64 {
        let head = u64::from(tag) << 32 | bytes.len() as u64;
        let [first, second, rest @ ..] = self.multipliers.as_ref();
        let mut sum = second.wrapping_add(first.wrapping_mul(u128::from(head)));
        let (words, tail) = bytes.as_chunks::<8>();
        let mut multipliers = rest.iter();
        for (word, multiplier) in words.iter().zip(&mut multipliers) {
            let word = u64::from_le_bytes(*word) | case;
            sum = sum.wrapping_add(multiplier.wrapping_mul(u128::from(word)));
        }
        if let (false, Some(multiplier)) = (tail.is_empty(), multipliers.next()) {
            let word = partial(tail) | case;
            sum = sum.wrapping_add(multiplier.wrapping_mul(u128::from(word)));
        }
        mix((sum >> 64) as u64)
    }
}

/// Fewer than eight bytes as a word, without a loop over them.
#[inline]
fn partial(tail: &[u8]) -> u64 {
    match tail.len() {
        0 => 0,
        1..=3 => {
            let (first, middle, last) = (tail[0], tail[tail.len() / 2], tail[tail.len() - 1]);
            u64::from(first) | u64::from(middle) << 8 | u64::from(last) << 16
        }
        length => {
            let four = |at: usize| {
                let bytes = tail.get(at..at + 4).and_then(|four| four.try_into().ok());
                u64::from(u32::from_le_bytes(bytes.unwrap_or_default()))
            };
            four(0) | four(length - 4) << 32
        }
    }
}

/// A bijection that spreads the bits, so that both halves are fit for use.
#[inline]
fn mix(hash: u64) -> u64 {
    let hash = (hash ^ hash >> 32).wrapping_mul(0xd6e8_feb8_6659_fd93);
    hash ^ hash >> 32
}

/// A place below `places` for the upper half of a fingerprint.
#[inline]
pub(crate) fn place(hash: u64, places: usize) -> usize {
    ((u128::from(hash) * places as u128) >> 64) as usize
}
