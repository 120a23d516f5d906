//! Who belongs to a coalition: signed, dated lists. A marking may name a coalition by its code;
//! which nations that means is asked at the instant of release.

use core::fmt;
use core::str::FromStr;
use std::collections::BTreeSet;

use crate::document::{DocumentError, Fields, hex, text};
use crate::ids::{IdError, NodeId};
use crate::json::{Object, Value};
use crate::org::{Nation, World};
use crate::signed::signable;
use crate::time::Timestamp;

/// A coalition by its four-letter code, such as `FVEY` or `ACGU` (CAPCO register: tetragraphs).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Coalition([u8; 4]);

impl Coalition {
    /// The code as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        core::str::from_utf8(&self.0).unwrap_or("????")
    }
}

impl fmt::Display for Coalition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Coalition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Coalition {
    type Err = IdError;
    fn from_str(text: &str) -> Result<Self, IdError> {
        match text.as_bytes() {
            &[a, b, c, d] if [a, b, c, d].iter().all(u8::is_ascii_uppercase) => {
                Ok(Self([a, b, c, d]))
            }
            _ => Err(IdError {
                given: text.chars().take(80).collect(),
                expected: "a coalition's four-letter code such as FVEY",
            }),
        }
    }
}

/// One list: the members of one coalition for one span of time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Membership {
    /// Operational or exercise.
    pub world: World,
    /// Which coalition.
    pub coalition: Coalition,
    /// Counts the lists of this coalition from 1; of those that have begun, the highest stands.
    pub serial: u64,
    /// What it rests on, for people: a treaty, an exchange of notes.
    pub title: String,
    /// The members; none dissolves the coalition.
    pub nations: BTreeSet<Nation>,
    /// From when.
    pub valid_from: Timestamp,
    /// Until when, exclusive. Afterwards it includes nobody: an older list does not come back.
    pub valid_until: Timestamp,
    /// The node that signs it.
    pub by: NodeId,
    /// When it was drawn up.
    pub at: Timestamp,
}

impl Membership {
    const DOCUMENT: &str = "membership";
    /// Most nations of one list.
    pub const NATIONS_MAX: usize = 256;
    /// Longest title, in bytes.
    pub const TITLE_BYTES_MAX: usize = 200;

    /// The canonical bytes, which the node signs under [`crate::Context::Membership`].
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let nations: Vec<&str> = self.nations.iter().map(Nation::as_str).collect();
        Value::Object(
            Object::new()
                .with("v", 1)
                .with("document", Self::DOCUMENT)
                .with("world", self.world.as_str())
                .with("coalition", self.coalition.as_str())
                .with("serial", i64::try_from(self.serial).unwrap_or(i64::MAX))
                .with("title", self.title.as_str())
                .with("nations", nations)
                .with("valid_from", text(self.valid_from))
                .with("valid_until", text(self.valid_until))
                .with("by", hex(self.by.bytes()))
                .with("at", text(self.at)),
        )
        .canonical()
    }

    /// Read those bytes.
    ///
    /// # Errors
    /// Anything not exactly as [`Membership::to_bytes`] writes it.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, DocumentError> {
        let mut fields = Fields::read(Self::DOCUMENT, bytes)?;
        fields.version(1)?;
        if fields.text("document")? != Self::DOCUMENT {
            return Err(fields.refused("document", "is not `membership`"));
        }
        let listed: Vec<Nation> = fields.parsed_list("nations")?;
        let nations: BTreeSet<Nation> = listed.iter().copied().collect();
        if listed.len() > Self::NATIONS_MAX || !listed.is_sorted() || nations.len() != listed.len()
        {
            return Err(fields.refused("nations", "are not at most 256, in order, each once"));
        }
        let list = Self {
            world: fields.parsed("world")?,
            coalition: fields.parsed("coalition")?,
            serial: fields.number("serial")?,
            title: fields.text("title")?,
            nations,
            valid_from: fields.parsed("valid_from")?,
            valid_until: fields.parsed("valid_until")?,
            by: fields.parsed("by")?,
            at: fields.parsed("at")?,
        };
        if list.serial == 0 {
            return Err(fields.refused("serial", "is not at least 1"));
        }
        if list.valid_until <= list.valid_from {
            return Err(fields.refused("valid_until", "is not after `valid_from`"));
        }
        let title = &list.title;
        if !(1..=Self::TITLE_BYTES_MAX).contains(&title.len())
            || title.chars().any(char::is_control)
        {
            return Err(fields.refused("title", "is not 1 to 200 bytes of text"));
        }
        fields.end()?;
        Ok(list)
    }
}

signable!(Membership, "membership", Membership);
