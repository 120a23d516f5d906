//! The id of a cyber-observable, made from what it says, so that one observation has one id.
//!
//! Source: STIX 2.1, 2.9: a UUID of version 5 in the standard's namespace over the canonical JSON
//! (RFC 8785) of the id contributing properties, which section 6 names for each type.

use noroshi_model::StixId;
use noroshi_model::json::{Object, Value};

use crate::uuid;

/// 00abedb4-aa42-466c-9c01-fed23315a9b7
const NAMESPACE: [u8; 16] = [
    0x00, 0xab, 0xed, 0xb4, 0xaa, 0x42, 0x46, 0x6c, 0x9c, 0x01, 0xfe, 0xd2, 0x33, 0x15, 0xa9, 0xb7,
];
/// Of several hashes only the first of these contributes; where there is none of these, the first
/// in canonical order.
const HASH_ORDER: [&str; 4] = ["MD5", "SHA-1", "SHA-256", "SHA-512"];

/// The id contributing properties, by type in order of name.
pub(super) const CONTRIBUTING: &[(&str, &[&str])] = &[
    ("artifact", &["hashes", "payload_bin"]),
    ("autonomous-system", &["number"]),
    ("directory", &["path"]),
    ("domain-name", &["value"]),
    ("email-addr", &["value"]),
    ("email-message", &["body", "from_ref", "subject"]),
    (
        "file",
        &["extensions", "hashes", "name", "parent_directory_ref"],
    ),
    ("ipv4-addr", &["value"]),
    ("ipv6-addr", &["value"]),
    ("mac-addr", &["value"]),
    ("mutex", &["name"]),
    (
        "network-traffic",
        &[
            "dst_port",
            "dst_ref",
            "end",
            "extensions",
            "protocols",
            "src_port",
            "src_ref",
            "start",
        ],
    ),
    // Two processes may agree in everything: each gets an id of its own.
    ("process", &[]),
    ("software", &["cpe", "name", "swid", "vendor", "version"]),
    ("url", &["value"]),
    (
        "user-account",
        &["account_login", "account_type", "user_id"],
    ),
    ("windows-registry-key", &["key", "values"]),
    ("x509-certificate", &["hashes", "serial_number"]),
];

/// The id that follows from an observable's content.
///
/// `None` where the type is no observable of the standard or has none of the properties its id is
/// made from: then the id is random (version 4).
#[must_use]
pub fn sco_id(object: &Object) -> Option<StixId> {
    let kind = object.str("type")?;
    let at = CONTRIBUTING
        .binary_search_by(|(name, _)| (*name).cmp(kind))
        .ok()?;
    let (_, names) = CONTRIBUTING.get(at)?;
    let mut contributing = Object::new();
    for name in *names {
        match (*name, object.get(name)) {
            (_, None) => {}
            ("hashes", Some(Value::Object(hashes))) => {
                if let Some((algorithm, digest)) = chosen(hashes) {
                    let hash = Object::new().with(algorithm, digest.clone());
                    contributing.insert(*name, hash);
                }
            }
            (_, Some(value)) => {
                contributing.insert(*name, value.clone());
            }
        }
    }
    if contributing.is_empty() {
        return None;
    }
    let uuid = uuid::version_5(&NAMESPACE, &contributing.canonical());
    format!("{kind}--{uuid}").parse().ok()
}

fn chosen(hashes: &Object) -> Option<(&str, &Value)> {
    let by_order = HASH_ORDER
        .iter()
        .find_map(|name| hashes.get(name).map(|digest| (*name, digest)));
    by_order.or_else(|| hashes.iter().next())
}

/// Does the id say that it is of version 5?
pub(super) fn is_version_5(id: &StixId) -> bool {
    // INVARIANT of `StixId`: it ends in a UUID of 36 characters; the 15th tells the version.
    let text = id.as_str().as_bytes();
    text.get(text.len().wrapping_sub(22)) == Some(&b'5')
}
