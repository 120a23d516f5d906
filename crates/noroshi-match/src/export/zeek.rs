//! Files of Zeek's intelligence framework: columns between tabs.
//! <https://docs.zeek.org/en/v7.0.0/frameworks/intel.html>
//!
//! Zeek compares whole values without regard to case: a domain does not find what lies below it.

use super::{Said, Unsaid};
use crate::kind::Kind;

pub(super) const HEAD: &str = "#fields\tindicator\tindicator_type\tmeta.source\tmeta.desc\n";

/// Longest value: far below what its reader takes.
const VALUE_BYTES_MAX: usize = 2048;

pub(super) fn line(said: &Said) -> Result<String, Unsaid> {
    let (kind, value) = (said.atom.kind(), said.atom.value());
    let (value, word) = match kind {
        Kind::Ipv4 | Kind::Ipv6 => (value, "ADDR"),
        Kind::Ipv4Net | Kind::Ipv6Net => (value, "SUBNET"),
        Kind::Domain => (value, "DOMAIN"),
        // It names URLs by host and path.
        Kind::Url => (
            value.split_once("://").map_or(value, |(_, rest)| rest),
            "URL",
        ),
        Kind::Hash => (value, "FILE_HASH"),
        Kind::Mail => (value, "EMAIL"),
        Kind::FileName => (value, "FILE_NAME"),
        Kind::Certificate if value.len() == 40 => (value, "CERT_HASH"),
        Kind::UserAgent => (value, "SOFTWARE"),
        Kind::FilePath | Kind::RegistryKey | Kind::Certificate | Kind::Ja3 | Kind::Ja4 => {
            return Err(Unsaid::NoWord(kind));
        }
    };
    if value.len() > VALUE_BYTES_MAX {
        return Err(Unsaid::TooLong);
    }
    // A line that begins with # is a comment, a backslash an escape, - and (empty) are no values.
    let is_unsafe = value.is_empty()
        || value.starts_with('#')
        || matches!(value, "-" | "(empty)")
        || value.contains('\\')
        || value.chars().any(char::is_control);
    if is_unsafe {
        return Err(Unsaid::Unsafe);
    }
    Ok(format!("{value}\tIntel::{word}\tNoroshi\t{}\n", said.id))
}
