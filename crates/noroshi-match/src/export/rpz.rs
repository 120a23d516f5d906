//! A DNS response policy zone: names that are answered with NXDOMAIN, and addresses that no answer
//! may have. The zone's own name is wherever it is loaded: every name here is relative to it.
//! Described in draft-vixie-dnsop-dns-rpz-00.

use std::fmt::Write as _;
use std::net::{Ipv4Addr, Ipv6Addr};

use noroshi_model::Timestamp;

use super::{Said, Unsaid};
use crate::kind::Kind;
use crate::normal::Atom;

/// Longest name, in bytes: the zone's own has to fit behind it in 253.
const NAME_BYTES_MAX: usize = 190;

/// Start of authority, with the instant as its serial: it rises with every export.
pub(super) fn head(now: Timestamp) -> String {
    let serial = u32::try_from(now.micros() / 1_000_000).unwrap_or(1);
    format!(
        "$TTL 300\n@ IN SOA localhost. root.localhost. {serial} 300 60 604800 300\n\
         @ IN NS localhost.\n"
    )
}

pub(super) fn lines(said: &Said) -> Result<String, Unsaid> {
    let atom = &said.atom;
    match atom.kind() {
        Kind::Domain => domain(atom),
        Kind::Ipv4 | Kind::Ipv6 | Kind::Ipv4Net | Kind::Ipv6Net => {
            let name = address(atom.value()).ok_or(Unsaid::Unsafe)?;
            Ok(format!("{name}.rpz-ip CNAME .\n"))
        }
        kind => Err(Unsaid::NoWord(kind)),
    }
}

fn domain(atom: &Atom) -> Result<String, Unsaid> {
    let name = atom.value();
    let last = name.rsplit('.').next().unwrap_or_default();
    let is_label = |label: &str| {
        let fits = |byte: u8| {
            byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'_')
        };
        (1..=63).contains(&label.len()) && label.bytes().all(fits)
    };
    // A name below `rpz-ip` and its kin would be read as another trigger than a name.
    if !name.split('.').all(is_label) || last.starts_with("rpz-") {
        return Err(Unsaid::Unsafe);
    }
    if name.len() > NAME_BYTES_MAX {
        return Err(Unsaid::TooLong);
    }
    let mut lines = format!("{name} CNAME .\n");
    // Everybody's names lie below a public suffix.
    if !atom.is_public_suffix() {
        let _ = writeln!(lines, "*.{name} CNAME .");
    }
    Ok(lines)
}

/// Prefix and parts of an address, the last part first: `24.0.2.0.192`, `48.zz.db8.2001`.
fn address(value: &str) -> Option<String> {
    let (ip, prefix) = match value.split_once('/') {
        Some((ip, prefix)) => (ip, Some(prefix.parse::<u8>().ok()?)),
        None => (value, None),
    };
    if let Ok(ip) = ip.parse::<Ipv4Addr>() {
        let [a, b, c, d] = ip.octets();
        return Some(format!("{}.{d}.{c}.{b}.{a}", prefix.unwrap_or(32)));
    }
    let words = ip.parse::<Ipv6Addr>().ok()?.segments();
    let run = longest_zeros(&words);
    let mut parts = Vec::new();
    for (at, word) in words.iter().enumerate() {
        match run {
            Some((first, len)) if at == first && len > 1 => parts.push("zz".to_owned()),
            Some((first, len)) if len > 1 && (first..first + len).contains(&at) => {}
            _ => parts.push(format!("{word:x}")),
        }
    }
    parts.reverse();
    Some(format!("{}.{}", prefix.unwrap_or(128), parts.join(".")))
}

/// The first of the longest runs of zero words: where it begins and how long it is.
fn longest_zeros(words: &[u16; 8]) -> Option<(usize, usize)> {
    let mut best: Option<(usize, usize)> = None;
    let mut at = 0;
    while at < words.len() {
        let len = words[at..].iter().take_while(|word| **word == 0).count();
        if len > best.map_or(0, |(_, len)| len) {
            best = Some((at, len));
        }
        at += len.max(1);
    }
    best
}
