//! Codes of authenticators: TOTP (RFC 6238) as they all expect it, HMAC-SHA-1, six digits, 30
//! seconds.
//!
//! SHA-1 is meant: authenticators know nothing else, and what breaks SHA-1 does not break HMAC.

use aws_lc_rs::hmac;
use data_encoding::BASE32_NOPAD;
use noroshi_model::{Rng, Timestamp};

/// Seconds a code is good for.
const STEP_SECONDS: i64 = 30;
/// Steps before and after now whose code is taken: clocks differ, and typing takes time.
const DRIFT: u64 = 1;
/// 160 bits, as RFC 4226 recommends.
pub const SECRET_BYTES: usize = 20;

/// What node and authenticator share.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Secret([u8; SECRET_BYTES]);

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret")
    }
}

impl Secret {
    /// A new one.
    #[must_use]
    pub fn generate(rng: &dyn Rng) -> Self {
        let mut bytes = [0; SECRET_BYTES];
        rng.fill(&mut bytes);
        Self(bytes)
    }

    /// The one of these bytes.
    #[must_use]
    pub fn from_bytes(bytes: [u8; SECRET_BYTES]) -> Self {
        Self(bytes)
    }

    /// Its bytes, to be kept.
    #[must_use]
    pub fn bytes(&self) -> &[u8; SECRET_BYTES] {
        &self.0
    }

    /// In the letters and digits that people type into an authenticator.
    #[must_use]
    pub fn base32(&self) -> String {
        BASE32_NOPAD.encode(&self.0)
    }

    /// The code of an instant.
    #[must_use]
    pub fn code(&self, at: Timestamp) -> String {
        format!("{:06}", self.number(step(at), 1_000_000))
    }

    /// The step whose code was typed, if it is one of now and behind the one that was used last: a
    /// code serves once.
    #[must_use]
    pub fn used(&self, typed: &str, now: Timestamp, last: Option<u64>) -> Option<u64> {
        let now = step(now);
        let steps = now.saturating_sub(DRIFT)..=now.saturating_add(DRIFT);
        steps
            .filter(|step| last.is_none_or(|last| *step > last))
            .find(|step| {
                let code = format!("{:06}", self.number(*step, 1_000_000));
                crate::password::is_equal(code.as_bytes(), typed.as_bytes())
            })
    }

    /// RFC 4226, section 5.3.
    fn number(&self, step: u64, modulus: u32) -> u32 {
        number(&self.0, step, modulus)
    }
}

fn number(secret: &[u8], step: u64, modulus: u32) -> u32 {
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, secret);
    let tag = hmac::sign(&key, &step.to_be_bytes());
    let tag = tag.as_ref();
    let at = tag.last().map_or(0, |byte| usize::from(byte & 0xf));
    let four = tag.get(at..at + 4).and_then(|four| four.try_into().ok());
    (u32::from_be_bytes(four.unwrap_or_default()) & 0x7fff_ffff) % modulus
}

fn step(at: Timestamp) -> u64 {
    let seconds = at.micros().div_euclid(1_000_000);
    seconds.div_euclid(STEP_SECONDS).max(0).cast_unsigned()
}

#[cfg(test)]
mod tests {
    use super::{Secret, number, step};
    use noroshi_model::Timestamp;

    const RFC: &[u8; 20] = b"12345678901234567890";

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_micros(seconds * 1_000_000)
    }

    #[test]
    fn the_vectors_of_rfc_6238_hold() {
        for (seconds, code) in [
            (59, 94_287_082),
            (1_111_111_109, 7_081_804),
            (1_111_111_111, 14_050_471),
            (1_234_567_890, 89_005_924),
            (2_000_000_000, 69_279_037),
            (20_000_000_000, 65_353_130),
        ] {
            assert_eq!(number(RFC, step(at(seconds)), 100_000_000), code);
        }
        assert_eq!(Secret::from_bytes(*RFC).code(at(1_111_111_109)), "081804");
    }

    #[test]
    fn a_code_serves_once_and_none_before_it_any_more() {
        let secret = Secret::from_bytes(*RFC);
        let code = secret.code(at(90));
        let used = secret.used(&code, at(90), None).unwrap();
        assert_eq!(secret.used(&code, at(90), Some(used)), None);
        assert_eq!(secret.used(&secret.code(at(60)), at(90), Some(used)), None);
        assert!(
            secret
                .used(&secret.code(at(120)), at(120), Some(used))
                .is_some()
        );
    }

    #[test]
    fn a_code_of_another_time_or_shape_is_none() {
        let secret = Secret::from_bytes(*RFC);
        for seconds in [0, 30, 180, 3600] {
            assert_eq!(secret.used(&secret.code(at(seconds)), at(110), None), None);
        }
        for typed in ["", "1", "000000000000", "abcdef", "１２３４５６"] {
            assert_eq!(secret.used(typed, at(110), None), None, "{typed}");
        }
        for near in [80, 110, 140] {
            assert!(secret.used(&secret.code(at(near)), at(110), None).is_some());
        }
    }

    #[test]
    fn authenticators_get_it_in_base32() {
        assert_eq!(
            Secret::from_bytes(*RFC).base32(),
            "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
        );
    }
}
