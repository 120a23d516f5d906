//! `next`: a place in one listing, for whoever was given it.
//!
//! Clients may not read it: the numbers of a log tell by their gaps what was left out. So it is
//! enciphered under a key of the node's, with the caller, the collection and the filters bound in;
//! with any of them changed it opens to nothing. The same place gives the same text.
//!
//! Version 1: the byte 1, 16 bytes of tag, 16 bytes of text; base64url without padding. The tag is
//! the beginning of SHA-256 over key, binding and place, and the text is the place under the
//! beginning of SHA-256 over key, binding and tag (a synthetic initialisation vector).

use data_encoding::BASE64URL_NOPAD;
use noroshi_model::{Digest, Timestamp};

/// The node's secret for cursors. While it stays, so do cursors, across restarts too.
#[derive(Clone)]
pub struct CursorKey([u8; 32]);

/// How far a listing has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// Everything up to this position was given.
    pub position: u64,
    /// The date-added up to which everything was given.
    pub added: Timestamp,
}

const VERSION: u8 = 1;
const LENGTH: usize = 33;

impl CursorKey {
    /// From 32 secret bytes.
    #[must_use]
    pub fn new(secret: [u8; 32]) -> Self {
        Self(secret)
    }

    /// The cursor for a place in the listing that `binding` names.
    #[must_use]
    pub fn seal(&self, binding: &Digest, place: Place) -> String {
        let mut plain = [0; 16];
        plain[..8].copy_from_slice(&place.position.to_be_bytes());
        plain[8..].copy_from_slice(&place.added.micros().to_be_bytes());
        let tag = self.half(b"tag\0", binding, &plain);
        let stream = self.half(b"text", binding, &tag);
        let mut bytes = [VERSION; LENGTH];
        bytes[1..17].copy_from_slice(&tag);
        bytes[17..].copy_from_slice(&xor(plain, stream));
        BASE64URL_NOPAD.encode(&bytes)
    }

    /// The place, if this cursor was made for that listing.
    #[must_use]
    pub fn open(&self, binding: &Digest, cursor: &str) -> Option<Place> {
        let bytes = BASE64URL_NOPAD.decode(cursor.as_bytes()).ok()?;
        let bytes: [u8; LENGTH] = bytes.try_into().ok()?;
        let tag: [u8; 16] = bytes[1..17].try_into().ok()?;
        let text: [u8; 16] = bytes[17..].try_into().ok()?;
        let plain = xor(text, self.half(b"text", binding, &tag));
        let genuine = bytes[0] == VERSION && self.half(b"tag\0", binding, &plain) == tag;
        genuine.then(|| {
            let number = u128::from_be_bytes(plain);
            Place {
                position: (number >> 64) as u64,
                added: Timestamp::from_micros(number as u64 as i64),
            }
        })
    }

    fn half(&self, what: &[u8; 4], binding: &Digest, rest: &[u8; 16]) -> [u8; 16] {
        let parts: [&[u8]; 5] = [
            b"noroshi/taxii/cursor/v1\0",
            what,
            &self.0,
            &binding.0,
            rest,
        ];
        let digest = Digest::of_parts(&parts).0;
        std::array::from_fn(|at| digest[at])
    }
}

impl std::fmt::Debug for CursorKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("CursorKey(..)")
    }
}

fn xor(one: [u8; 16], other: [u8; 16]) -> [u8; 16] {
    std::array::from_fn(|at| one[at] ^ other[at])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn added() -> Timestamp {
        Timestamp::from_micros(1_700_000_000_000_001)
    }

    #[test]
    fn a_changed_cursor_opens_to_nothing() {
        let (key, binding) = (CursorKey::new([3; 32]), Digest::of(b"listing"));
        let cursor = key.seal(&binding, place());
        assert_eq!(key.open(&Digest::of(b"another"), &cursor), None);
        assert_eq!(CursorKey::new([4; 32]).open(&binding, &cursor), None);
        for at in 0..cursor.len() {
            let mut bytes = cursor.clone().into_bytes();
            bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(bytes).unwrap();
            assert_eq!(key.open(&binding, &changed), None, "{at}");
        }
        for text in ["", "A", "%", &cursor[1..], &format!("{cursor}A")] {
            assert_eq!(key.open(&binding, text), None, "{text}");
        }
    }

    /// Frozen: clients keep cursors across an update of the node.
    #[test]
    fn version_1_stays_as_it_is() {
        let (key, binding) = (CursorKey::new([3; 32]), Digest::of(b"listing"));
        let cursor = key.seal(&binding, place());
        assert_eq!(cursor, "AZiy4Xsf-xvDZIdVOYgz4xU3rNBYgyJGiVa_x9us7jAX");
        assert_eq!(key.open(&binding, &cursor), Some(place()));
        let early = Place {
            position: u64::MAX,
            added: Timestamp::from_micros(-1),
        };
        assert_eq!(key.open(&binding, &key.seal(&binding, early)), Some(early));
    }

    fn place() -> Place {
        Place {
            position: 7,
            added: added(),
        }
    }
}
