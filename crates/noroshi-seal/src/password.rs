//! Passwords as they are kept: what Argon2id (RFC 9106) makes of one, with its salt and cost.

use noroshi_model::Rng;
use noroshi_model::document::{DocumentError, Fields, hex};
use noroshi_model::json::{Object, Value};

use crate::keyfile::{Cost, stretch};

/// A password that is kept; the password itself cannot be told from it but by guessing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Password {
    salt: [u8; 16],
    cost: Cost,
    made: [u8; 32],
}

impl Password {
    /// Keep this one. Takes the time and memory of the cost.
    #[must_use]
    pub fn of(password: &str, rng: &dyn Rng, cost: Cost) -> Self {
        let mut salt = [0; 16];
        rng.fill(&mut salt);
        let made = stretch(password, &salt, cost).expect("invariant: our own costs are in range");
        Self {
            salt,
            cost,
            made: *made,
        }
    }

    /// Is it this one? Takes the time and memory it took to make it.
    #[must_use]
    pub fn is(&self, typed: &str) -> bool {
        let typed = stretch(typed, &self.salt, self.cost);
        typed.is_some_and(|typed| is_equal(&*typed, &self.made))
    }

    /// As a part of a document.
    #[must_use]
    pub fn to_value(&self) -> Value {
        Value::Object(
            Object::new()
                .with("salt", hex(&self.salt))
                .with("memory_kib", i64::from(self.cost.memory_kib))
                .with("passes", i64::from(self.cost.passes))
                .with("made", hex(&self.made)),
        )
    }

    /// Read that part.
    ///
    /// # Errors
    /// Anything not as [`Password::to_value`] writes it.
    pub fn from_value(value: Value) -> Result<Self, DocumentError> {
        let mut fields = Fields::of("password", value)?;
        let number = |fields: &mut Fields, field: &str| -> Result<u32, DocumentError> {
            let number = fields.number(field)?;
            u32::try_from(number).map_err(|_| fields.refused(field, "is too large"))
        };
        let password = Self {
            salt: fields.hex("salt")?,
            cost: Cost {
                memory_kib: number(&mut fields, "memory_kib")?,
                passes: number(&mut fields, "passes")?,
            },
            made: fields.hex("made")?,
        };
        fields.end()?;
        Ok(password)
    }
}

/// Are two secrets the same? Takes the same time wherever they differ.
#[must_use]
pub fn is_equal(one: &[u8], other: &[u8]) -> bool {
    aws_lc_rs::constant_time::verify_slices_are_equal(one, other).is_ok()
}

#[cfg(test)]
mod tests {
    use super::{Password, is_equal};
    use crate::SystemRng;
    use crate::keyfile::Cost;

    #[test]
    fn only_the_password_itself_is_it() {
        let kept = Password::of("correct horse 馬", &SystemRng, Cost::CHEAP);
        assert!(!kept.is("correct horse") && !kept.is("") && !kept.is("correct horse 馬 "));
        assert!(kept.is("correct horse 馬"));
    }

    #[test]
    fn two_of_one_password_differ_and_each_reads_back() {
        let [one, other] = [0, 1].map(|_| Password::of("a password", &SystemRng, Cost::CHEAP));
        assert_ne!(one, other);
        assert_eq!(Password::from_value(one.to_value()), Ok(one));
    }

    #[test]
    fn a_cost_that_would_eat_the_machine_is_never_paid() {
        let mut kept = Password::of("a password", &SystemRng, Cost::CHEAP);
        kept.cost.memory_kib = u32::MAX;
        assert!(!kept.is("a password"));
    }

    #[test]
    fn secrets_are_equal_or_not() {
        assert!(is_equal(b"abc", b"abc"));
        assert!(!is_equal(b"abc", b"abd") && !is_equal(b"abc", b"ab"));
    }
}
