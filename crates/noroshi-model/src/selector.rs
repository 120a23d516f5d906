//! STIX granular-marking selectors (STIX 2.1, section 7.2.3.1): `labels.[1]`,
//! `external_references.[0].url`.

use core::fmt;
use core::str::FromStr;

use crate::ids::IdError;

/// One step of a path into an object.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Step {
    /// A property's name.
    Key(Box<str>),
    /// A list element's position, from 0.
    Index(usize),
}

/// A path to a property or list element; the first step is always a key.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Selector(Vec<Step>);

impl Selector {
    /// Most steps in a selector.
    pub const STEPS_MAX: usize = 64;

    /// A selector from its steps; `None` when the first is no key or there are none or too many.
    #[must_use]
    pub fn from_steps(steps: Vec<Step>) -> Option<Self> {
        (matches!(steps.first(), Some(Step::Key(_))) && steps.len() <= Self::STEPS_MAX)
            .then_some(Self(steps))
    }

    /// The steps from the top.
    #[must_use]
    pub fn steps(&self) -> &[Step] {
        &self.0
    }

    /// Is `self` the same place as `other`, or above it?
    #[must_use]
    pub fn covers(&self, other: &[Step]) -> bool {
        other.starts_with(&self.0)
    }
}

impl fmt::Display for Selector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, step) in self.0.iter().enumerate() {
            if at > 0 {
                f.write_str(".")?;
            }
            match step {
                Step::Key(key) => f.write_str(key)?,
                Step::Index(index) => write!(f, "[{index}]")?,
            }
        }
        Ok(())
    }
}

impl FromStr for Selector {
    type Err = IdError;
    fn from_str(text: &str) -> Result<Self, IdError> {
        let refused = || IdError {
            given: text.chars().take(80).collect(),
            expected: "a selector such as labels.[0] or external_references.[0].url",
        };
        if text.is_empty() || text.len() > 4000 {
            return Err(refused());
        }
        let steps = text
            .split('.')
            .map(step)
            .collect::<Option<Vec<_>>>()
            .ok_or_else(refused)?;
        Self::from_steps(steps).ok_or_else(refused)
    }
}

fn step(text: &str) -> Option<Step> {
    if let Some(inner) = text.strip_prefix('[') {
        let digits = inner.strip_suffix(']')?;
        let canonical = digits == "0" || !digits.starts_with('0');
        let small = (1..=7).contains(&digits.len());
        let index = (canonical && small && digits.bytes().all(|c| c.is_ascii_digit()))
            .then(|| digits.parse().ok())??;
        return Some(Step::Index(index));
    }
    let allowed = |c: u8| c.is_ascii_alphanumeric() || matches!(c, b'_' | b'-');
    ((1..=250).contains(&text.len()) && text.bytes().all(allowed)).then(|| Step::Key(text.into()))
}
