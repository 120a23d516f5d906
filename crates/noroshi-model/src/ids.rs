//! Names of things as types: hashes, nodes, keys, persons and STIX ids. Never a bare `String`.

use core::fmt;
use core::str::FromStr;

use data_encoding::HEXLOWER;
use sha2::{Digest as _, Sha256};

/// An id that could not be read, with the text that was given (shortened) and what was expected.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{given}` is not {expected}")]
pub struct IdError {
    /// The refused text, at most 80 characters of it.
    pub given: String,
    /// What would have been accepted.
    pub expected: &'static str,
}

impl IdError {
    fn new(given: &str, expected: &'static str) -> Self {
        Self {
            given: given.chars().take(80).collect(),
            expected,
        }
    }
}

/// A SHA-256 value.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest(pub [u8; 32]);

impl Digest {
    /// SHA-256 of the bytes.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }

    /// SHA-256 of the parts one after the other; the caller makes the parts unambiguous.
    #[must_use]
    pub fn of_parts(parts: &[&[u8]]) -> Self {
        let mut hasher = Sha256::new();
        for part in parts {
            hasher.update(part);
        }
        Self(hasher.finalize().into())
    }
}

macro_rules! digest_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub Digest);

        impl $name {
            /// The 32 bytes.
            #[must_use]
            pub fn bytes(&self) -> &[u8; 32] {
                &self.0.0
            }

            /// From the 32 bytes.
            #[must_use]
            pub fn from_bytes(bytes: [u8; 32]) -> Self {
                Self(Digest(bytes))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.0, f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(&self.0, f)
            }
        }

        impl FromStr for $name {
            type Err = IdError;
            fn from_str(text: &str) -> Result<Self, IdError> {
                text.parse().map(Self)
            }
        }
    };
}

digest_id! {
    /// An item's name: SHA-256 of its canonical bytes.
    ItemHash
}
digest_id! {
    /// An organisation's node: SHA-256 of `noroshi/node/v1`, a NUL and the public root key.
    NodeId
}
digest_id! {
    /// A public key's name: SHA-256 of the raw public key bytes.
    KeyId
}
digest_id! {
    /// An act's name: SHA-256 of its canonical bytes.
    ActId
}

impl NodeId {
    /// The node whose identity root is this Ed25519 public key.
    #[must_use]
    pub fn of_root(root: &[u8; 32]) -> Self {
        Self(Digest::of_parts(&[b"noroshi/node/v1\0", root]))
    }
}

impl KeyId {
    /// The name of this raw public key.
    #[must_use]
    pub fn of(public: &[u8]) -> Self {
        Self(Digest::of(public))
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&HEXLOWER.encode(&self.0))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&HEXLOWER.encode(&self.0))
    }
}

impl FromStr for Digest {
    type Err = IdError;
    fn from_str(text: &str) -> Result<Self, IdError> {
        let refused = || IdError::new(text, "64 lower-case hexadecimal digits");
        let bytes = HEXLOWER.decode(text.as_bytes()).map_err(|_| refused())?;
        bytes.try_into().map(Self).map_err(|_| refused())
    }
}

/// A person of this organisation: a short name, unique in the node, never reused.
///
/// 1 to 40 characters of `a-z 0-9 . _ -`, beginning with a letter.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PersonId(Box<str>);

impl PersonId {
    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for PersonId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for PersonId {
    type Err = IdError;
    fn from_str(text: &str) -> Result<Self, IdError> {
        let allowed =
            |c: u8| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, b'.' | b'_' | b'-');
        let well_formed = (1..=40).contains(&text.len())
            && text.as_bytes()[0].is_ascii_lowercase()
            && text.bytes().all(allowed);
        if well_formed {
            Ok(Self(text.into()))
        } else {
            Err(IdError::new(
                text,
                "a person's name of 1 to 40 letters a-z, digits, `.`, `_`, `-`",
            ))
        }
    }
}

/// A STIX identifier, `type--uuid` (STIX 2.1, section 2.9): type of 3 to 250 characters
/// `a-z 0-9 -`, then a UUID in lower case. ATT&CK and others use versions 1, 4 and 5.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StixId(Box<str>);

impl StixId {
    /// The whole identifier.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The object type the identifier names, such as `indicator`.
    #[must_use]
    pub fn kind(&self) -> &str {
        // INVARIANT: `from_str` proved that the last 38 bytes are `--` and a UUID.
        &self.0[..self.0.len() - 38]
    }

    /// The object type that a text names, if it is an identifier; nothing is allocated.
    ///
    /// # Errors
    /// It is no identifier.
    pub fn kind_of(text: &str) -> Result<&str, IdError> {
        let refused = || IdError::new(text, "a STIX identifier `type--uuid`");
        let split = text.len().checked_sub(38).ok_or_else(refused)?;
        let (kind, rest) = text.as_bytes().split_at(split);
        if (3..=250).contains(&kind.len()) && is_type_name(kind) && is_dashed_uuid(rest) {
            // All of it is ASCII, proved above.
            Ok(&text[..split])
        } else {
            Err(refused())
        }
    }
}

impl fmt::Display for StixId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for StixId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for StixId {
    type Err = IdError;
    fn from_str(text: &str) -> Result<Self, IdError> {
        Self::kind_of(text).map(|_| Self(text.into()))
    }
}

fn is_type_name(kind: &[u8]) -> bool {
    kind.iter()
        .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || *c == b'-')
}

fn is_dashed_uuid(rest: &[u8]) -> bool {
    rest.len() == 38
        && rest.iter().enumerate().all(|(at, c)| match at {
            0 | 1 | 10 | 15 | 20 | 25 => *c == b'-',
            _ => c.is_ascii_digit() || (b'a'..=b'f').contains(c),
        })
}
