//! Instants as microseconds UTC, read from and written as RFC 3339 text.

use core::fmt;
use core::str::FromStr;

/// An instant, in microseconds since 1970-01-01T00:00:00Z.
///
/// Microseconds, because STIX interoperability and TAXII's six digits need them and no more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

/// A text that is no STIX timestamp.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{given}` is not a time such as 2026-11-24T08:00:00.000Z (RFC 3339, ending in Z)")]
pub struct TimeError {
    given: String,
}

/// 0001-01-01 and 9999-12-31T23:59:59.999999 in microseconds: what RFC 3339 can write.
const RANGE_US: core::ops::RangeInclusive<i64> = -62_135_596_800_000_000..=253_402_207_200_000_000;

impl Timestamp {
    /// From microseconds since 1970; clamped to the years 0001 to 9999.
    #[must_use]
    pub fn from_micros(micros: i64) -> Self {
        Self(micros.clamp(*RANGE_US.start(), *RANGE_US.end()))
    }

    /// Microseconds since 1970.
    #[must_use]
    pub fn micros(self) -> i64 {
        self.0
    }

    /// This instant moved by so many seconds (negative: earlier).
    #[must_use]
    pub fn plus_seconds(self, seconds: i64) -> Self {
        Self::from_micros(self.0.saturating_add(seconds.saturating_mul(1_000_000)))
    }
}

impl fmt::Display for Timestamp {
    /// Milliseconds, or microseconds where the instant has them, always with `Z`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let instant = jiff::Timestamp::from_microsecond(self.0).map_err(|_| fmt::Error)?;
        if self.0 % 1000 == 0 {
            write!(f, "{instant:.3}")
        } else {
            write!(f, "{instant:.6}")
        }
    }
}

impl FromStr for Timestamp {
    type Err = TimeError;

    /// Strict RFC 3339 with `T` and `Z` in upper case, as STIX 2.1 section 3.3 wants. Digits past
    /// the microsecond are dropped: the received text stays in the item's bytes.
    fn from_str(text: &str) -> Result<Self, TimeError> {
        let refused = || TimeError {
            given: text.chars().take(60).collect(),
        };
        let shape = text.len() >= 20
            && text.len() <= 40
            && text.ends_with('Z')
            && text.as_bytes().get(10) == Some(&b'T')
            && text
                .bytes()
                .all(|c| c.is_ascii_digit() || matches!(c, b'-' | b':' | b'.' | b'T' | b'Z'));
        if !shape {
            return Err(refused());
        }
        let instant: jiff::Timestamp = text.parse().map_err(|_| refused())?;
        // Floor, so that order is kept before 1970 too.
        let micros = instant.as_nanosecond().div_euclid(1000);
        i64::try_from(micros).map(Self).map_err(|_| refused())
    }
}
