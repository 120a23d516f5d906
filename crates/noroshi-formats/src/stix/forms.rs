//! Written forms of texts: addresses, names, languages. A text in another form is kept and noted,
//! because it still is what somebody observed; whoever matches it reads it again anyway.

use core::net::{Ipv4Addr, Ipv6Addr};

/// A form in which a text is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// An IPv4 address or network in CIDR notation (6.8).
    Ipv4,
    /// An IPv6 address or network in CIDR notation (6.9).
    Ipv6,
    /// A MAC address, colons between lower-case pairs (6.10).
    Mac,
    /// A domain name, also an internationalised one (6.4).
    Domain,
    /// An e-mail address (6.5).
    Email,
    /// A URL (6.15, RFC 3986).
    Url,
    /// A CPE 2.3 name (6.14).
    Cpe,
    /// A media type (6.1, 6.7).
    MediaType,
    /// A language tag (RFC 5646).
    Language,
    /// A country, ISO 3166-1 alpha-2 (4.10).
    Country,
    /// A nation, three letters (GENC, ISO 3166-1 alpha-3).
    Nation,
    /// Lower-case letters, digits and hyphens (5.1).
    TypeName,
    /// A registry key whose hive is written out (6.17).
    RegistryKey,
    /// The name of a protocol, in lower case (6.12).
    Protocol,
}

impl Form {
    /// What a note calls it.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Ipv4 => "an IPv4 address or network",
            Self::Ipv6 => "an IPv6 address or network",
            Self::Mac => "a MAC address such as d2:fb:49:24:37:18",
            Self::Domain => "a domain name",
            Self::Email => "an e-mail address",
            Self::Url => "a URL",
            Self::Cpe => "a CPE 2.3 name",
            Self::MediaType => "a media type such as text/plain",
            Self::Language => "a language tag such as en or ja",
            Self::Country => "a country of two capital letters",
            Self::Nation => "a nation of three capital letters",
            Self::TypeName => "a word of a-z, 0-9 and hyphens",
            Self::RegistryKey => "a registry key with its hive written out",
            Self::Protocol => "a protocol in lower case",
        }
    }

    /// Is the text written so?
    pub(super) fn fits(self, text: &str) -> bool {
        match self {
            Self::Ipv4 => is_network(text, 32, |it| it.parse::<Ipv4Addr>().is_ok()),
            Self::Ipv6 => is_network(text, 128, |it| it.parse::<Ipv6Addr>().is_ok()),
            Self::Mac => is_mac(text),
            Self::Domain => is_domain(text),
            Self::Email => text.rsplit_once('@').is_some_and(|(user, host)| {
                !user.is_empty() && !host.is_empty() && !has_space(text)
            }),
            Self::Url => is_url(text),
            Self::Cpe => text.starts_with("cpe:2.3:") && colons(text) == 12,
            Self::MediaType => text.split_once('/').is_some_and(|(kind, rest)| {
                !kind.is_empty() && !rest.is_empty() && !has_space(kind)
            }),
            Self::Language => is_language(text),
            Self::Country => text.len() == 2 && text.bytes().all(|c| c.is_ascii_uppercase()),
            Self::Nation => text.len() == 3 && text.bytes().all(|c| c.is_ascii_uppercase()),
            Self::TypeName => {
                let allowed = |c: u8| matches!(c, b'a'..=b'z' | b'0'..=b'9' | b'-');
                !text.is_empty() && text.bytes().all(allowed)
            }
            Self::RegistryKey => !["HKLM", "HKCU", "HKCR", "HKCC", "HKU"]
                .iter()
                .any(|short| text.split('\\').next() == Some(short)),
            Self::Protocol => !text.is_empty() && !text.bytes().any(|c| c.is_ascii_uppercase()),
        }
    }
}

fn has_space(text: &str) -> bool {
    text.chars().any(|c| c.is_whitespace() || c.is_control())
}

fn is_network(text: &str, bits_max: u8, is_address: impl Fn(&str) -> bool) -> bool {
    match text.split_once('/') {
        None => is_address(text),
        Some((address, bits)) => {
            let digits = (1..=3).contains(&bits.len()) && bits.bytes().all(|c| c.is_ascii_digit());
            is_address(address) && digits && bits.parse::<u8>().is_ok_and(|bits| bits <= bits_max)
        }
    }
}

fn is_mac(text: &str) -> bool {
    let fits = |(at, c): (usize, u8)| {
        if at % 3 == 2 {
            c == b':'
        } else {
            matches!(c, b'0'..=b'9' | b'a'..=b'f')
        }
    };
    text.len() == 17 && text.bytes().enumerate().all(fits)
}

/// Labels of 1 to 63 bytes; every character beyond ASCII may stand in an internationalised name,
/// and underscores do stand in names that are looked up.
fn is_domain(text: &str) -> bool {
    let text = text.strip_suffix('.').unwrap_or(text);
    let label = |label: &str| {
        let allowed =
            |c: char| !c.is_ascii() || c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
        !label.is_empty() && label.chars().count() <= 63 && label.chars().all(allowed)
    };
    text.chars().count() <= 253 && !has_space(text) && text.split('.').all(label)
}

/// A scheme, a colon and something after it, without white space.
fn is_url(text: &str) -> bool {
    let allowed = |c: u8| c.is_ascii_alphanumeric() || matches!(c, b'+' | b'-' | b'.');
    text.split_once(':').is_some_and(|(scheme, rest)| {
        scheme.starts_with(|c: char| c.is_ascii_alphabetic())
            && scheme.bytes().all(allowed)
            && !rest.is_empty()
            && !has_space(rest)
    })
}

/// Colons that divide: those behind a backslash do not.
fn colons(text: &str) -> usize {
    let bytes = text.as_bytes();
    let divides = |at: usize| bytes[at] == b':' && (at == 0 || bytes[at - 1] != b'\\');
    (0..bytes.len()).filter(|at| divides(*at)).count()
}

/// Well-formed as RFC 5646 2.1 has it, as far as counts: a language of two to eight letters, or
/// `x` and `i` for private and old tags, then subtags of one to eight letters and digits.
pub(super) fn is_language(text: &str) -> bool {
    let mut parts = text.split('-');
    let first = parts.next().unwrap_or_default();
    let is_prefix = matches!(first, "x" | "X" | "i" | "I") && text.len() > 2;
    let is_language =
        (2..=8).contains(&first.len()) && first.bytes().all(|c| c.is_ascii_alphabetic());
    let fits = |part: &str| {
        (1..=8).contains(&part.len()) && part.bytes().all(|c| c.is_ascii_alphanumeric())
    };
    (is_prefix || is_language) && parts.all(fits)
}

/// Base64 of RFC 4648 section 4, padded.
pub(super) fn is_base64(text: &str) -> bool {
    let bytes = text.as_bytes();
    let data = bytes
        .strip_suffix(b"==")
        .or_else(|| bytes.strip_suffix(b"="))
        .unwrap_or(bytes);
    let allowed = |c: &u8| c.is_ascii_alphanumeric() || matches!(c, b'+' | b'/');
    !bytes.is_empty() && bytes.len().is_multiple_of(4) && data.iter().all(allowed)
}

/// Pairs of hexadecimal digits, at least one.
pub(super) fn is_hex(text: &str) -> bool {
    !text.is_empty() && text.len().is_multiple_of(2) && text.bytes().all(|c| c.is_ascii_hexdigit())
}

/// A name that a dictionary may use as key (2.3): letters, digits, hyphen, underscore.
pub(super) fn is_dictionary_key(text: &str) -> bool {
    (1..=250).contains(&text.len())
        && text
            .bytes()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, b'_' | b'-'))
}
