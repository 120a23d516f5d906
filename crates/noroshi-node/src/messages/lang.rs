//! The languages people are answered in.

/// A language.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Lang {
    /// English.
    #[default]
    En,
    /// Japanese.
    Ja,
}

impl Lang {
    /// Every one.
    pub const ALL: [Self; 2] = [Self::En, Self::Ja];

    /// The word used in files and on the command line.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::En => "en",
            Self::Ja => "ja",
        }
    }

    /// From that word, or from a locale such as `ja_JP.UTF-8`.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        match word.split(['_', '-', '.']).next() {
            Some("en") => Some(Self::En),
            Some("ja") => Some(Self::Ja),
            _ => None,
        }
    }
}
