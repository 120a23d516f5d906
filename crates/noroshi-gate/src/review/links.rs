//! Links, hosts, addresses: where a text leads, and what the way there gives away.

use std::collections::BTreeSet;
use std::net::{Ipv4Addr, Ipv6Addr};

use super::table::Table;

/// Longest host name or mail address that is looked at, in bytes.
const HOST_BYTES_MAX: usize = 253;

/// What a link gives away.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Leads {
    /// To a host of an internal network.
    Internal(String),
    /// To a host of a government or armed force.
    Government(String),
    /// To a file.
    Local(String),
    /// To a share; its name.
    Share(String),
    /// With credentials; the host.
    Credentials(String),
    /// With a parameter that follows people.
    Tracking(String),
    /// An address of an internal network, without a link.
    Address(String),
    /// A person's mail address; its domain.
    Mail(String),
}

/// Something found, with its bytes in the text.
pub(super) struct Found {
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) leads: Leads,
}

/// Look at every link, host and mail address; the spans of links come back.
pub(super) fn look(
    text: &str,
    own: &BTreeSet<String>,
    found: &mut Vec<Found>,
) -> Vec<(usize, usize)> {
    let mut links = Vec::new();
    for (at, _) in text.match_indices("://") {
        let start = scheme_start(text, at);
        let is_inside = links.last().is_some_and(|(_, end)| start < *end);
        if start == at || is_inside {
            continue;
        }
        let end = text[at..]
            .find(ends_link)
            .map_or(text.len(), |end| at + end);
        links.push((start, end));
        let end = start
            + text[start..end]
                .trim_end_matches(['.', ',', ';', ':', '!', '?'])
                .len();
        link(text, start, at + 3, end, own, found);
    }
    shares(text, found);
    tokens(text, &links, own, found);
    links
}

fn ends_link(c: char) -> bool {
    c.is_whitespace() || c.is_control() || "\"'<>()「」『』【】、。`".contains(c)
}

fn scheme_start(text: &str, at: usize) -> usize {
    let scheme = text.as_bytes()[..at].iter().rev();
    let length = scheme
        .take(20)
        .take_while(|c| c.is_ascii_alphanumeric())
        .count();
    at - length
}

fn link(
    text: &str,
    start: usize,
    begin: usize,
    end: usize,
    own: &BTreeSet<String>,
    found: &mut Vec<Found>,
) {
    let begin = begin.min(end);
    let mut add = |leads| found.push(Found { start, end, leads });
    if text[start..end].to_ascii_lowercase().starts_with("file:") {
        add(Leads::Local(text[start..end].chars().take(80).collect()));
        return;
    }
    let rest = &text[begin..end];
    let (authority, path) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
    let (user, host) = authority.rsplit_once('@').unwrap_or(("", authority));
    let host = host_of(host);
    if !user.is_empty() {
        add(Leads::Credentials(host.clone()));
    }
    if is_internal(&host, own) {
        add(Leads::Internal(host.clone()));
    } else if has_suffix(&host, &Table::builtin().government) && !host.starts_with("www.") {
        add(Leads::Government(host.clone()));
    }
    let query = path.split_once('?').map_or("", |(_, query)| query);
    let query = query.split('#').next().unwrap_or_default();
    for parameter in query.split(['&', ';']) {
        let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
        let name = name.to_ascii_lowercase();
        let table = Table::builtin();
        if table.tracking.contains(&name) {
            add(Leads::Tracking(name));
        } else if !value.is_empty() && table.credentials.contains(&name) {
            add(Leads::Credentials(host.clone()));
        }
    }
}

/// The host in small letters, without its port; brackets against clicking are undone.
fn host_of(written: &str) -> String {
    if let Some(inner) = written.strip_prefix('[')
        && let Some((address, _)) = inner.split_once(']')
        && address.contains(':')
    {
        return address.to_ascii_lowercase();
    }
    let plain = written.replace("[.]", ".").replace("(.)", ".");
    let host = plain.split(':').next().unwrap_or_default();
    let cut: String = host.chars().take(HOST_BYTES_MAX).collect();
    cut.trim_end_matches('.').to_lowercase()
}

fn is_internal(host: &str, own: &BTreeSet<String>) -> bool {
    if let Ok(address) = host.parse::<Ipv4Addr>() {
        return is_private(address);
    }
    if let Ok(address) = host.parse::<Ipv6Addr>() {
        return address.is_loopback()
            || (address.segments()[0] & 0xFE00) == 0xFC00
            || (address.segments()[0] & 0xFFC0) == 0xFE80;
    }
    let table = Table::builtin();
    let is_plain = !host.is_empty() && host.bytes().all(|c| c.is_ascii_alphanumeric() || c == b'-');
    is_plain
        || has_suffix(host, own)
        || has_suffix(host, &table.internal)
        || host
            .split('.')
            .any(|label| table.internal_labels.contains(label))
}

fn is_private(address: Ipv4Addr) -> bool {
    is_of_a_network(address) || address.is_loopback() || address.is_link_local()
}

/// Private, and one machine's among many: every machine has the others.
fn is_of_a_network(address: Ipv4Addr) -> bool {
    let [first, second, ..] = address.octets();
    address.is_private() || (first == 100 && (64..128).contains(&second))
}

/// Is the host one of these domains, or in one?
fn has_suffix(host: &str, suffixes: &BTreeSet<String>) -> bool {
    let mut rest = host;
    loop {
        if suffixes.contains(rest) {
            return true;
        }
        match rest.split_once('.') {
            Some((_, after)) => rest = after,
            None => return false,
        }
    }
}

/// `\\host\share`.
fn shares(text: &str, found: &mut Vec<Found>) {
    for (at, _) in text.match_indices("\\\\") {
        let rest = &text[at + 2..];
        let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
        let host = rest.find(|c| !is_name(c)).unwrap_or(rest.len());
        let after = rest[host..].strip_prefix('\\').unwrap_or_default();
        let share = after
            .find(|c| !(is_name(c) || c == '$'))
            .unwrap_or(after.len());
        let is_host = rest[..host].starts_with(|c: char| c.is_ascii_alphanumeric());
        if (2..=HOST_BYTES_MAX).contains(&host) && is_host && share > 0 {
            let end = at + 2 + host + 1 + share;
            let leads = Leads::Share(text[at..end].chars().take(80).collect());
            found.push(Found {
                start: at,
                end,
                leads,
            });
        }
    }
}

/// Hosts, addresses and mail addresses that stand without a link.
fn tokens(text: &str, links: &[(usize, usize)], own: &BTreeSet<String>, found: &mut Vec<Found>) {
    // All of them are ASCII, so bytes do.
    let is_part = |c: &u8| c.is_ascii_alphanumeric() || matches!(c, b'.' | b'_' | b'-' | b'@');
    let bytes = text.as_bytes();
    let mut links = links.iter().peekable();
    let mut at = 0;
    while let Some(begin) = bytes[at..].iter().position(is_part) {
        let start = at + begin;
        let length = bytes[start..].iter().position(|c| !is_part(c));
        at = start + length.unwrap_or(bytes.len() - start);
        while links.next_if(|(_, end)| *end <= start).is_some() {}
        let in_link = links.peek().is_some_and(|(first, _)| *first < at);
        let has_dot = bytes[start..at - 1].contains(&b'.');
        if in_link || !has_dot || at - start > HOST_BYTES_MAX {
            continue;
        }
        let token = text[start..at].trim_matches(['.', '-', '_']);
        if let Some(leads) = token_leads(token, own) {
            found.push(Found {
                start,
                end: start + text[start..at].trim_end_matches(['.', '-', '_']).len(),
                leads,
            });
        }
    }
}

fn token_leads(token: &str, own: &BTreeSet<String>) -> Option<Leads> {
    if let Some((user, domain)) = token.split_once('@') {
        let (_, top) = domain.rsplit_once('.')?;
        let is_top = top.len() >= 2 && top.bytes().all(|c| c.is_ascii_alphabetic());
        let is_mail = !user.is_empty() && is_top && !domain.contains('@');
        return is_mail.then(|| Leads::Mail(domain.to_ascii_lowercase()));
    }
    if let Ok(address) = token.parse::<Ipv4Addr>() {
        return is_of_a_network(address).then(|| Leads::Address(token.to_owned()));
    }
    let host = token.to_ascii_lowercase();
    // `config.local` is a file as well; a host of three labels is none.
    let is_host = has_suffix(&host, own)
        || (host.matches('.').count() >= 2 && has_suffix(&host, &Table::builtin().internal));
    is_host.then_some(Leads::Internal(host))
}
