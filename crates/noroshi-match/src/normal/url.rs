//! URLs: scheme and host in lower case, no user, no default port, no fragment, dots resolved,
//! percent signs only where they are needed (RFC 3986, section 6.2.2).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::host::domain;

/// Longest scheme.
const SCHEME_BYTES_MAX: usize = 16;

/// The parts of a URL in their normal form.
struct Parts {
    scheme: String,
    host: String,
    port: Option<u16>,
    rest: String,
}

/// The normal form, or nothing where this is no URL with a host.
pub(crate) fn normal(text: &str) -> Option<String> {
    let parts = split(text)?;
    let mut url = format!("{}://{}", parts.scheme, parts.host);
    if let Some(port) = parts.port {
        url.push_str(&format!(":{port}"));
    }
    url.push_str(&parts.rest);
    Some(url)
}

/// The host of a URL: a domain's normal form, or an address.
pub(crate) fn host(text: &str) -> Option<String> {
    let host = split(text)?.host;
    let bare = host
        .strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'));
    Some(bare.map_or_else(|| host.clone(), str::to_owned))
}

/// The URL that a log splits into host (with or without a port) and path.
pub(crate) fn compose(host: &str, path: &str) -> Option<String> {
    if path.contains("://") {
        return normal(path);
    }
    let slash = if path.starts_with('/') { "" } else { "/" };
    normal(&format!("http://{host}{slash}{path}"))
}

/// `hxxp` and dots in brackets, in the host only.
pub(crate) fn defanged(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else {
        return url.to_owned();
    };
    let end = rest.find(['/', '?']).unwrap_or(rest.len());
    let (host, path) = rest.split_at(end);
    let scheme = match scheme {
        "http" => "hxxp",
        "https" => "hxxps",
        other => other,
    };
    format!("{scheme}://{}{path}", host.replace('.', "[.]"))
}

fn split(text: &str) -> Option<Parts> {
    let (scheme, rest) = text.split_once("://")?;
    let scheme = scheme.to_ascii_lowercase();
    let is_scheme = scheme.len() <= SCHEME_BYTES_MAX
        && scheme.starts_with(|first: char| first.is_ascii_lowercase())
        && scheme
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.'));
    if !is_scheme || rest.chars().any(|c| c.is_control() || c == ' ') {
        return None;
    }
    let end = rest.find(['/', '?', '#', '\\']).unwrap_or(rest.len());
    let (authority, rest) = rest.split_at(end);
    // Whatever stands before the last @ is a name for the server, not part of it.
    let authority = authority
        .rsplit_once('@')
        .map_or(authority, |(_, host)| host);
    let (host, port) = host_and_port(authority)?;
    let standard = match scheme.as_str() {
        "http" | "ws" => Some(80),
        "https" | "wss" => Some(443),
        "ftp" => Some(21),
        _ => None,
    };
    Some(Parts {
        host,
        port: port.filter(|port| Some(*port) != standard),
        rest: path_and_query(rest),
        scheme,
    })
}

fn host_and_port(authority: &str) -> Option<(String, Option<u16>)> {
    if let Some(rest) = authority.strip_prefix('[') {
        let (ip, rest) = rest.split_once(']')?;
        let ip: Ipv6Addr = ip.parse().ok()?;
        let host = match ip.to_ipv4_mapped() {
            Some(ip) => ip.to_string(),
            None => format!("[{ip}]"),
        };
        return Some((host, port(rest)?));
    }
    let (host, rest) = authority.split_at(authority.find(':').unwrap_or(authority.len()));
    let port = port(rest)?;
    if let Ok(ip) = host.parse::<Ipv4Addr>() {
        return Some((IpAddr::V4(ip).to_string(), port));
    }
    // A name of one label is a host of its own network; it is a URL all the same.
    let is_label = |host: &str| {
        let fits = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        !host.is_empty() && host.len() <= 63 && host.bytes().all(fits)
    };
    domain(host)
        .or_else(|| is_label(host).then(|| host.to_ascii_lowercase()))
        .map(|host| (host, port))
}

/// `:8080`, `:` or nothing.
fn port(text: &str) -> Option<Option<u16>> {
    match text.strip_prefix(':') {
        None if text.is_empty() => Some(None),
        None => None,
        Some("") => Some(None),
        Some(digits) if digits.bytes().all(|byte| byte.is_ascii_digit()) => {
            digits.parse().ok().map(Some)
        }
        Some(_) => None,
    }
}

fn path_and_query(rest: &str) -> String {
    let rest = rest.split('#').next().unwrap_or_default();
    let (path, query) = match rest.split_once('?') {
        Some((path, query)) => (path, Some(query)),
        None => (rest, None),
    };
    let mut normal = without_dots(&percent(&path.replace('\\', "/")));
    if let Some(query) = query {
        normal.push('?');
        normal.push_str(&percent(query));
    }
    normal
}

/// Resolve `.` and `..`; an empty path is `/`.
fn without_dots(path: &str) -> String {
    let mut kept: Vec<&str> = Vec::new();
    let mut parts = path.trim_start_matches('/').split('/').peekable();
    let lead = path.len() - path.trim_start_matches('/').len();
    while let Some(part) = parts.next() {
        let is_last = parts.peek().is_none();
        match part {
            "." | ".." => {
                if part == ".." {
                    kept.pop();
                }
                if is_last {
                    kept.push("");
                }
            }
            part => kept.push(part),
        }
    }
    // A path that begins with several slashes keeps them: some servers tell them apart.
    format!("{}{}", "/".repeat(lead.max(1)), kept.join("/"))
}

/// Unreserved characters bare, everything outside of ASCII escaped, digits of escapes in capitals.
fn percent(text: &str) -> String {
    let mut normal = String::with_capacity(text.len());
    let bytes = text.as_bytes();
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        at += 1;
        let escaped = (byte == b'%')
            .then(|| hex(bytes.get(at).copied()?, bytes.get(at + 1).copied()?))
            .flatten();
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
        match escaped {
            Some(value) if plain(value) => {
                normal.push(char::from(value));
                at += 2;
            }
            Some(value) => {
                normal.push_str(&format!("%{value:02X}"));
                at += 2;
            }
            None if byte.is_ascii() => normal.push(char::from(byte)),
            None => normal.push_str(&format!("%{byte:02X}")),
        }
    }
    normal
}

fn hex(high: u8, low: u8) -> Option<u8> {
    let digit = |byte: u8| char::from(byte).to_digit(16);
    u8::try_from(digit(high)? * 16 + digit(low)?).ok()
}
