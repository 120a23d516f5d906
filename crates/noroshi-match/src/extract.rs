//! Indicators in any text, English or Japanese: what is found, where it stands, what had to be
//! undone to read it, and what looks like one but was passed over, with the reason.

use std::collections::HashSet;
use std::net::IpAddr;
use std::ops::Range;

use crate::kind::Kind;
use crate::normal::{Atom, has_file_ending, split_net, tld_is_known};
use crate::refang::{Refanged, refang_mapped};

/// Most bytes of a text that are looked at.
pub const TEXT_BYTES_MAX: usize = 4_000_000;
/// Most indicators that are taken from one text.
pub const FOUND_MAX: usize = 50_000;

/// What was taken from a text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Extract {
    /// Each indicator once, at its first place, in the order of the text.
    pub found: Vec<Found>,
    /// What looks like an indicator and is none.
    pub passed_over: Vec<PassedOver>,
    /// Was the text, or the number of indicators, above the cap, so that some may be missing?
    pub is_cut: bool,
}

/// An indicator and its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// The indicator.
    pub atom: Atom,
    /// Its place in the text as it was given, in bytes.
    pub span: Range<usize>,
    /// What had to be undone to read it; nothing where it stands in its normal form.
    pub reasons: Vec<Reason>,
}

/// What had to be undone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reason {
    /// It was defanged, or written in full-width forms.
    Refanged,
    /// Case, dots, escapes or international letters were levelled.
    Levelled,
    /// A port stood behind the address or name and was left out.
    PortLeftOut,
}

/// What looks like an indicator and was not taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PassedOver {
    /// Its place in the text as it was given, in bytes.
    pub span: Range<usize>,
    /// Why.
    pub why: Why,
}

/// Why something was passed over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Why {
    /// A name whose last label is no top-level domain and no known ending of files.
    UnknownEnding,
    /// A block of addresses so wide that it matches everything.
    TooWide,
    /// A name in international letters that runs into the sentence around it.
    UnclearName,
    /// An address of this very host or of no host, such as 127.0.0.1 or 0.0.0.0.
    NoHost,
}

/// Endings that are both a top-level domain and usual for files; plain, they are read as files.
const AMBIGUOUS: [&str; 9] = ["py", "sh", "pl", "zip", "so", "rs", "md", "mov", "ps"];

/// Every indicator in a text.
#[must_use]
pub fn extract(text: &str) -> Extract {
    let mut end = text.len().min(TEXT_BYTES_MAX);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let mut extract = Extract {
        is_cut: end < text.len(),
        ..Extract::default()
    };
    let refanged = refang_mapped(&text[..end]);
    let mut seen = HashSet::new();
    for Token {
        range: token,
        is_unclear,
    } in tokens(&refanged.text)
    {
        if extract.found.len() >= FOUND_MAX || extract.passed_over.len() >= FOUND_MAX {
            extract.is_cut = true;
            break;
        }
        let written = &refanged.text[token.clone()];
        let read = if is_unclear {
            Some(Read::Not(Why::UnclearName))
        } else {
            read(written)
        };
        match read {
            Some(Read::Taken { atom, within, port }) => {
                if !seen.insert(atom.clone()) {
                    continue;
                }
                let range = token.start + within.start..token.start + within.end;
                let span = original(&refanged, &range);
                let mut reasons = Vec::new();
                if text[span.clone()] != refanged.text[range.clone()] {
                    reasons.push(Reason::Refanged);
                }
                if &refanged.text[range] != atom.value() {
                    reasons.push(Reason::Levelled);
                }
                if port {
                    reasons.push(Reason::PortLeftOut);
                }
                extract.found.push(Found {
                    atom,
                    span,
                    reasons,
                });
            }
            Some(Read::Not(why)) => {
                let span = original(&refanged, &token);
                extract.passed_over.push(PassedOver { span, why });
            }
            None => {}
        }
    }
    extract
}

/// The place of a range of the refanged text in the original.
fn original(refanged: &Refanged, range: &Range<usize>) -> Range<usize> {
    refanged.origin[range.start]..refanged.origin[range.end]
}

/// A stretch of text that may be an indicator.
struct Token {
    range: Range<usize>,
    /// Is it a name in international letters that runs into the sentence around it?
    is_unclear: bool,
}

/// The stretches of a text. A Japanese sentence has no blanks around a name, so they are cut where
/// ASCII ends; a name in international letters needs quotes around it, or a line of its own.
fn tokens(text: &str) -> Vec<Token> {
    let mut tokens = Vec::new();
    let (mut begin, mut before) = (None, '\n');
    for (at, char) in text.char_indices().chain([(text.len(), '\n')]) {
        if !is_delimiter(char) {
            begin.get_or_insert(at);
            continue;
        }
        if let Some(begin) = begin.take() {
            let is_alone = before == '\n' && char == '\n' || is_quote(before) && is_quote(char);
            split_letters(text, begin..at, is_alone, &mut tokens);
        }
        before = char;
    }
    tokens
}

fn is_quote(char: char) -> bool {
    "\"<>「」『』【】〈〉《》“”".contains(char)
}

fn is_delimiter(char: char) -> bool {
    char.is_whitespace() || char.is_control() || is_quote(char) || "|`^、。・".contains(char)
}

/// A stretch as it is where it is ASCII or an international name, else its parts in ASCII.
fn split_letters(text: &str, range: Range<usize>, is_alone: bool, tokens: &mut Vec<Token>) {
    let mut push = |range, is_unclear| tokens.push(Token { range, is_unclear });
    let stretch = &text[range.clone()];
    let whole = trim(text, range.clone());
    if stretch.is_ascii() {
        return push(whole, false);
    }
    // An ASCII name with text right before it is no label of that text: see what is left of it.
    let has_own_label = |name: &str| {
        let last = name.rsplit('.').nth(1).unwrap_or_default();
        !last.is_empty() && !last.bytes().all(|byte| byte.is_ascii_graphic())
    };
    let name = &text[whole.clone()];
    let is_name = Atom::observed(Kind::Domain, name)
        .is_ok_and(|atom| tld_is_known(atom.value()) && (is_alone || has_own_label(name)));
    if is_name {
        return push(whole, !is_alone);
    }
    let mut begin = None;
    for (at, char) in stretch.char_indices().chain([(stretch.len(), 'あ')]) {
        if char.is_ascii() {
            begin.get_or_insert(at);
        } else if let Some(begin) = begin.take() {
            push(trim(text, range.start + begin..range.start + at), false);
        }
    }
}

/// Without the punctuation of the sentence around it.
fn trim(text: &str, range: Range<usize>) -> Range<usize> {
    let stretch = &text[range.clone()];
    let left = stretch.trim_start_matches(['\'', '(', '[', '{', ',', ';', '*', '=', '-', '.']);
    let begin = range.start + stretch.len() - left.len();
    let open = left.contains('(');
    let right = left.trim_end_matches(|char| {
        matches!(
            char,
            '.' | ',' | ';' | ':' | '!' | '?' | '\'' | ']' | '}' | '*' | '\\'
        ) || (char == ')' && !open)
    });
    begin..begin + right.len()
}

/// What a token is.
enum Read {
    Taken {
        atom: Atom,
        within: Range<usize>,
        port: bool,
    },
    Not(Why),
}

fn taken(atom: Atom, within: Range<usize>) -> Option<Read> {
    let port = false;
    Some(Read::Taken { atom, within, port })
}

fn read(token: &str) -> Option<Read> {
    if token.len() < 4 || token.len() > crate::normal::VALUE_BYTES_MAX {
        return None;
    }
    if let Some(at) = token.find("://") {
        let is_scheme = |byte: &u8| byte.is_ascii_alphanumeric();
        let letters = token.as_bytes()[..at]
            .iter()
            .rev()
            .take_while(|b| is_scheme(b));
        let begin = at - letters.count();
        let atom = Atom::observed(Kind::Url, &token[begin..]).ok()?;
        return taken(atom, begin..token.len());
    }
    if let Some(read) = address(token) {
        return Some(read);
    }
    if token.contains('@') {
        let begin = token.find(':').map_or(0, |at| at + 1);
        let atom = Atom::observed(Kind::Mail, &token[begin..]).ok()?;
        return taken(atom, begin..token.len());
    }
    let by_form = [Kind::Hash, Kind::Ja4, Kind::RegistryKey];
    for kind in by_form {
        if let Ok(atom) = Atom::observed(kind, token) {
            return taken(atom, 0..token.len());
        }
    }
    let bytes = token.as_bytes();
    let has_drive = bytes[0].is_ascii_alphabetic() && bytes[1..].starts_with(b":\\");
    if has_drive || token.starts_with("\\\\") || token.starts_with('%') && token.contains('\\') {
        let atom = Atom::observed(Kind::FilePath, token).ok()?;
        return taken(atom, 0..token.len());
    }
    name(token)
}

/// An address with, perhaps, a port, a prefix or a path behind it.
fn address(token: &str) -> Option<Read> {
    let may_be = token
        .bytes()
        .filter(|byte| matches!(byte, b'.' | b':'))
        .count()
        >= 2;
    if !may_be {
        return None;
    }
    if let Some((ip, _)) = split_net(token) {
        let kind = if ip.is_ipv4() {
            Kind::Ipv4Net
        } else {
            Kind::Ipv6Net
        };
        return match Atom::observed(kind, token) {
            Ok(atom) => taken(atom, 0..token.len()),
            Err(_) => Some(Read::Not(Why::TooWide)),
        };
    }
    let socket = token.parse::<std::net::SocketAddr>().ok();
    let (ip, end, port) = match socket {
        Some(socket) => (socket.ip(), token.rfind(':')?, true),
        None => {
            let end = token.find('/').unwrap_or(token.len());
            (token[..end].parse::<IpAddr>().ok()?, end, false)
        }
    };
    if ip.is_loopback() || ip.is_unspecified() {
        return Some(Read::Not(Why::NoHost));
    }
    let begin = usize::from(token.starts_with('['));
    let within = begin..end - usize::from(begin == 1);
    let atom = Atom::address(ip);
    Some(Read::Taken { atom, within, port })
}

/// A domain with, perhaps, a port or a path behind it; else a file's name.
fn name(token: &str) -> Option<Read> {
    let end = token.find(['/', ':', '?', '#']).unwrap_or(token.len());
    let host = token[..end].trim_end_matches('.');
    let atom = Atom::observed(Kind::Domain, host).ok();
    let is_known = atom.as_ref().is_some_and(|atom| tld_is_known(atom.value()));
    let last = host
        .rsplit('.')
        .next()
        .unwrap_or_default()
        .to_ascii_lowercase();
    let is_file = has_file_ending(token)
        && (!is_known || (AMBIGUOUS.contains(&last.as_str()) && host.matches('.').count() == 1));
    if is_file && !token.contains(['/', ':']) {
        let atom = Atom::observed(Kind::FileName, token).ok()?;
        return taken(atom, 0..token.len());
    }
    let atom = atom?;
    if !is_known {
        // Prose has its dots too: only what is written as names are is worth a word.
        let is_name = host.bytes().any(|byte| byte == b'-') || host.matches('.').count() > 1;
        return is_name.then_some(Read::Not(Why::UnknownEnding));
    }
    if atom.is_public_suffix() {
        return None;
    }
    if token[end..].starts_with('/')
        && token.len() > end + 1
        && let Ok(url) = Atom::observed(Kind::Url, &format!("http://{token}"))
    {
        return taken(url, 0..token.len());
    }
    let port = token[end..].starts_with(':');
    let within = 0..host.len();
    Some(Read::Taken { atom, within, port })
}
