//! Fingerprints of a root key, as people read them out: six groups of five digits and a check
//! word, or fourteen words in English or Japanese.
//!
//! Thirty digits carry 99.66 bits; the check word brings eight more, so that what is typed is never
//! below 100. The words carry 112. Both come from SHA-256 over `noroshi/fingerprint/v1`, NUL, root.

use noroshi_model::Digest;

use crate::pairing::plain_digit;
use crate::words::{ENGLISH, JAPANESE};

/// Words of the spoken form.
const WORDS: usize = 14;

/// The fingerprint of one root key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fingerprint {
    digits: String,
    check: usize,
    words: [usize; WORDS],
}

impl Fingerprint {
    /// Of a public root key.
    #[must_use]
    pub fn of_root(root: &[u8; 32]) -> Self {
        let bytes = Digest::of_parts(&[b"noroshi/fingerprint/v1\0", root]).0;
        let mut digits = String::new();
        // Two halves of 15 digits each from 64 bits: the remainder's bias is below 2^-13.
        for half in [&bytes[..8], &bytes[8..16]] {
            let value = half
                .iter()
                .fold(0_u64, |value, byte| (value << 8) | u64::from(*byte));
            digits.push_str(&format!("{:015}", value % 1_000_000_000_000_000));
        }
        let mut words = [0; WORDS];
        for (word, byte) in words.iter_mut().zip(&bytes[16..30]) {
            *word = usize::from(*byte);
        }
        Self {
            digits,
            check: usize::from(bytes[30]),
            words,
        }
    }

    /// Six groups of five digits and the check word.
    #[must_use]
    pub fn digits(&self) -> String {
        let groups: Vec<&str> = (0..6).map(|at| &self.digits[at * 5..at * 5 + 5]).collect();
        format!("{} {}", groups.join(" "), ENGLISH[self.check])
    }

    /// The English words.
    #[must_use]
    pub fn words_en(&self) -> Vec<&'static str> {
        self.words.iter().map(|at| ENGLISH[*at]).collect()
    }

    /// The Japanese words.
    #[must_use]
    pub fn words_ja(&self) -> Vec<&'static str> {
        self.words.iter().map(|at| JAPANESE[*at]).collect()
    }

    /// Is this what was typed: the digits with the check word (in either language), or all the
    /// words of one language? Spacing, hyphens, case and full-width digits do not matter.
    #[must_use]
    pub fn matches(&self, typed: &str) -> bool {
        let mut digits = String::new();
        let mut words = Vec::new();
        let separators = [' ', '-', '\u{3000}', '\t', '\n', ','];
        for part in typed.split(separators).filter(|part| !part.is_empty()) {
            if part.chars().all(|c| plain_digit(c).is_some()) {
                digits.extend(part.chars().filter_map(plain_digit).map(char::from));
            } else {
                words.push(part.to_lowercase());
            }
        }
        if digits.is_empty() {
            return words == self.words_en() || words == self.words_ja();
        }
        let is_check = |word: &String| word == ENGLISH[self.check] || word == JAPANESE[self.check];
        digits == self.digits && words.len() == 1 && words.iter().all(is_check)
    }
}
