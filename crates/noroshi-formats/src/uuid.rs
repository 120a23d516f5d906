//! UUIDs that follow from content, so that every node comes to the same id.

use sha1::{Digest as _, Sha1};

/// The UUID of version 5 (RFC 9562, 5.5) of a name in a namespace.
pub(crate) fn version_5(namespace: &[u8; 16], name: &[u8]) -> String {
    let hash = Sha1::new().chain_update(namespace).chain_update(name);
    let hash: [u8; 20] = hash.finalize().into();
    written(&hash, 5)
}

/// The first 16 bytes of a hash as a UUID of that version.
pub(crate) fn written(hash: &[u8], version: u8) -> String {
    let mut text = String::with_capacity(36);
    for (at, byte) in hash.iter().take(16).enumerate() {
        let byte = match at {
            6 => (byte & 0x0f) | (version << 4),
            8 => (byte & 0x3f) | 0x80,
            _ => *byte,
        };
        if matches!(at, 4 | 6 | 8 | 10) {
            text.push('-');
        }
        for nibble in [byte >> 4, byte & 0x0f] {
            text.push(char::from_digit(u32::from(nibble), 16).unwrap_or('0'));
        }
    }
    text
}
