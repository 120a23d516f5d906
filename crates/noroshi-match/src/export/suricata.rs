//! Rules of Suricata: <https://docs.suricata.io/en/suricata-7.0.10/rules/>.
//!
//! Every byte of a content that is not a letter, a digit, `.`, `_`, `-` or `/` goes in hexadecimal,
//! so no value ends a content, an option or a rule. Contents are anchored at both ends; a domain
//! that stands for its subdomains is anchored by `dotprefix`, so `t.co` never finds `px.t.com` or
//! `pinot.co`.

use std::fmt::Write as _;

use noroshi_model::Digest;

use super::{Said, Unsaid};
use crate::kind::Kind;
use crate::normal::{Atom, url_host};

/// The range that is kept for rules of one's own: 1,000,000 to 1,999,999.
const SID_FIRST: u32 = 1_000_000;
const SIDS: u32 = 1_000_000;
/// Half of the range: beyond it numbers would wander whenever a rule comes or goes.
const RULES_MAX: u32 = SIDS / 2;
/// Longest content, in bytes: the engine refuses longer ones.
const CONTENT_BYTES_MAX: usize = 255;

/// Which numbers are taken.
///
/// A rule's number is made from the SHA-256 of what it says, within the local range. Of two that
/// fall on the same one the first in the order of the values has it, and the other takes the next
/// that is free: so equal sets always have equal numbers.
#[derive(Default)]
pub(super) struct Sids {
    taken: Vec<u64>,
    count: u32,
}

impl Sids {
    fn take(&mut self, said: &Said, part: &str) -> u32 {
        if self.taken.is_empty() {
            self.taken = vec![0; SIDS.div_ceil(64) as usize];
        }
        let parts: [&[u8]; 5] = [
            b"noroshi suricata sid v1",
            said.id.as_bytes(),
            said.atom.kind().name().as_bytes(),
            said.atom.value().as_bytes(),
            part.as_bytes(),
        ];
        let [a, b, c, d, ..] = Digest::of_parts(&parts).0;
        let mut at = u32::from_be_bytes([a, b, c, d]) % SIDS;
        // At most half are taken, so one is free.
        while self.taken[(at / 64) as usize] >> (at % 64) & 1 == 1 {
            at = (at + 1) % SIDS;
        }
        self.taken[(at / 64) as usize] |= 1 << (at % 64);
        self.count += 1;
        SID_FIRST + at
    }
}

/// The rules that find a value, each on a line.
pub(super) fn rules(said: &Said, sids: &mut Sids) -> Result<String, Unsaid> {
    let found = matches(&said.atom)?;
    if sids.count + u32::try_from(found.len()).unwrap_or(u32::MAX) > RULES_MAX {
        return Err(Unsaid::Full);
    }
    let mut text = String::new();
    for (part, header, options) in found {
        let sid = sids.take(said, part);
        let rev = revision(said);
        let (kind, id) = (said.atom.kind(), &said.id);
        let _ = writeln!(
            text,
            "alert {header} (msg:\"Noroshi {kind} {id}\"; {options}sid:{sid}; rev:{rev};)"
        );
    }
    Ok(text)
}

/// Seconds of the version: they rise with it.
fn revision(said: &Said) -> u32 {
    let seconds = said.modified.micros() / 1_000_000;
    u32::try_from(seconds).unwrap_or(1).max(1)
}

type Match = (&'static str, String, String);

/// Part, header and options of each rule.
fn matches(atom: &Atom) -> Result<Vec<Match>, Unsaid> {
    let value = atom.value();
    let over = |protocol: &str| format!("{protocol} any any -> any any");
    match atom.kind() {
        Kind::Ipv4 | Kind::Ipv6 | Kind::Ipv4Net | Kind::Ipv6Net => {
            let header = format!("ip any any <> [{value}] any");
            Ok(vec![("ip", header, String::new())])
        }
        Kind::Domain => {
            let dns = name(atom, "dns.query", true)?;
            let tls = name(atom, "tls.sni", true)?;
            // The engine has put hosts of HTTP into lower case, and refuses `nocase` there.
            let http = name(atom, "http.host", false)?;
            Ok(vec![
                ("dns", over("dns"), dns),
                ("tls", over("tls"), tls),
                ("http", over("http"), http),
            ])
        }
        Kind::Url => url(value),
        Kind::Certificate if value.len() == 40 => {
            let pairs: Vec<&str> = (0..20).map(|at| &value[at * 2..at * 2 + 2]).collect();
            let content = whole(&pairs.join(":"))?;
            let options = format!("tls.cert_fingerprint; {content}");
            Ok(vec![("cert", over("tls"), options)])
        }
        Kind::Ja3 => {
            let options = format!("ja3.hash; {}", whole(value)?);
            Ok(vec![("ja3", over("tls"), options)])
        }
        Kind::UserAgent => {
            let options = format!("http.user_agent; {}", whole(value)?);
            Ok(vec![("agent", over("http"), options)])
        }
        kind @ (Kind::Hash
        | Kind::Mail
        | Kind::FileName
        | Kind::FilePath
        | Kind::RegistryKey
        | Kind::Certificate
        | Kind::Ja4) => Err(Unsaid::NoWord(kind)),
    }
}

/// A domain with what lies below it; a public suffix as it stands.
fn name(atom: &Atom, buffer: &str, nocase: bool) -> Result<String, Unsaid> {
    let nocase = if nocase { " nocase;" } else { "" };
    if atom.is_public_suffix() {
        let content = content(atom.value())?;
        return Ok(format!(
            "{buffer}; {content}{nocase} startswith; endswith; "
        ));
    }
    let content = content(&format!(".{}", atom.value()))?;
    Ok(format!("{buffer}; dotprefix; {content}{nocase} endswith; "))
}

/// What is asked of a server without TLS.
fn url(value: &str) -> Result<Vec<Match>, Unsaid> {
    let (scheme, rest) = value.split_once("://").unwrap_or_default();
    match scheme {
        "http" => {}
        "https" | "wss" => return Err(Unsaid::Encrypted),
        _ => return Err(Unsaid::NoWord(Kind::Url)),
    }
    let host = url_host(value).ok_or(Unsaid::NoWord(Kind::Url))?;
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let port = authority
        .rsplit_once(':')
        .map(|(_, port)| port)
        .filter(|port| !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit()))
        .filter(|_| !authority.ends_with(']'));
    let port = port.unwrap_or("any");
    let header = format!("http any any -> any {port}");
    let options = format!("http.host; {}http.uri.raw; {}", whole(&host)?, whole(path)?);
    Ok(vec![("url", header, options)])
}

fn whole(value: &str) -> Result<String, Unsaid> {
    Ok(format!("{} startswith; endswith; ", content(value)?))
}

fn content(value: &str) -> Result<String, Unsaid> {
    if value.is_empty() {
        return Err(Unsaid::Unsafe);
    }
    if value.len() > CONTENT_BYTES_MAX {
        return Err(Unsaid::TooLong);
    }
    let mut text = String::from("content:\"");
    let mut in_hex = false;
    for byte in value.bytes() {
        let is_plain = byte.is_ascii_alphanumeric() || b"._-/".contains(&byte);
        match (is_plain, in_hex) {
            (true, true) | (false, false) => text.push('|'),
            (false, true) => text.push(' '),
            (true, false) => {}
        }
        in_hex = !is_plain;
        if is_plain {
            text.push(char::from(byte));
        } else {
            let _ = write!(text, "{byte:02X}");
        }
    }
    if in_hex {
        text.push('|');
    }
    text.push_str("\";");
    Ok(text)
}
