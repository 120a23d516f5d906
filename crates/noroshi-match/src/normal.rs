//! Normal forms: one spelling for each thing, so that equal things are equal bytes.
//!
//! Two doors. [`Atom::observed`] takes a value as a log writes it: case, trailing dots and
//! internationalised names are levelled, nothing else is guessed. [`Atom::written`] takes what a
//! person wrote in a list or a report: defanged, with blanks around it, of a kind to be guessed.

mod host;
mod names;
mod url;

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use thiserror::Error;

use crate::kind::Kind;
use crate::refang::refang;

pub(crate) use host::{is_public_suffix, tld_is_known};
pub(crate) use names::has_file_ending;
pub(crate) use url::{compose as compose_url, host as url_host};

/// Longest value of an atom, in bytes.
pub const VALUE_BYTES_MAX: usize = 4096;
/// Shortest prefixes that are taken; a shorter one is no indicator but half a continent.
const PREFIX_MIN: (u8, u8) = (4, 8);

/// One atomic indicator in its normal form.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Atom {
    // INVARIANT: `value` is the normal form of its kind, at most `VALUE_BYTES_MAX` bytes.
    kind: Kind,
    value: String,
}

/// Why a text is no atomic indicator.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Unfit {
    /// It cannot be read as this kind.
    #[error("not of kind {0}")]
    Not(Kind),
    /// No kind fits.
    #[error("no kind of indicator looks like this")]
    Unknown,
    /// A prefix so short that it would match nearly everything.
    #[error("a block of addresses so wide matches everything")]
    TooWide,
    /// Longer than any value that is compared.
    #[error("longer than {VALUE_BYTES_MAX} bytes")]
    TooLong,
    /// An address with a port: two comparisons, so no atom.
    #[error("an address with a port is more than one comparison")]
    Port,
    /// A path without the host that serves it.
    #[error("a path without its host")]
    NoHost,
}

impl Atom {
    /// The value as a log gives it, under a kind that is known. Refang nothing, trim nothing.
    pub fn observed(kind: Kind, text: &str) -> Result<Self, Unfit> {
        if text.len() > VALUE_BYTES_MAX {
            return Err(Unfit::TooLong);
        }
        let value = match kind {
            Kind::Ipv4 => text.parse::<Ipv4Addr>().ok().map(|ip| ip.to_string()),
            Kind::Ipv6 => match text.parse::<Ipv6Addr>().ok().map(unmapped) {
                Some(IpAddr::V6(ip)) => Some(ip.to_string()),
                Some(IpAddr::V4(_)) | None => None,
            },
            Kind::Ipv4Net | Kind::Ipv6Net => return net(kind, text),
            Kind::Domain => host::domain(text),
            Kind::Url => url::normal(text),
            Kind::Hash => names::digits(text, &[32, 40, 56, 64, 96, 128]),
            Kind::Mail => names::mail(text),
            Kind::FileName => names::file_name(text),
            Kind::FilePath => names::file_path(text),
            Kind::RegistryKey => names::registry_key(text),
            Kind::Certificate => names::certificate(text),
            Kind::Ja3 => names::digits(text, &[32]),
            Kind::Ja4 => names::ja4(text),
            Kind::UserAgent => names::user_agent(text),
        };
        match value {
            Some(value) if value.len() <= VALUE_BYTES_MAX => Ok(Self { kind, value }),
            Some(_) => Err(Unfit::TooLong),
            None => Err(Unfit::Not(kind)),
        }
    }

    /// An address of either family; IPv4 within IPv6 is IPv4.
    #[must_use]
    pub fn address(ip: IpAddr) -> Self {
        let ip = match ip {
            IpAddr::V6(ip) => unmapped(ip),
            IpAddr::V4(_) => ip,
        };
        let kind = match ip {
            IpAddr::V4(_) => Kind::Ipv4,
            IpAddr::V6(_) => Kind::Ipv6,
        };
        let value = ip.to_string();
        Self { kind, value }
    }

    /// What a person wrote as one entry of a list: refanged, and its kind guessed.
    pub fn written(text: &str) -> Result<Self, Unfit> {
        let text = text.trim();
        if text.len() > VALUE_BYTES_MAX {
            return Err(Unfit::TooLong);
        }
        // Most lists hold plain values; only what may be defanged pays for the look.
        let plain = text.bytes().all(is_plain);
        if plain {
            return guess_plain(text);
        }
        guess(refang(text).trim())
    }

    /// What it names.
    #[must_use]
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// The normal form.
    #[must_use]
    pub fn value(&self) -> &str {
        &self.value
    }

    /// Is it a domain under which anybody may register? Such a name matches itself only.
    #[must_use]
    pub fn is_public_suffix(&self) -> bool {
        self.kind == Kind::Domain && is_public_suffix(&self.value)
    }

    /// So that it cannot be clicked on, for reports and mail; [`crate::refang`] takes it back.
    #[must_use]
    pub fn defanged(&self) -> String {
        match self.kind {
            Kind::Ipv4 | Kind::Ipv4Net | Kind::Domain => self.value.replace('.', "[.]"),
            Kind::Mail => {
                let (local, host) = self.value.rsplit_once('@').unwrap_or_default();
                format!("{local}@{}", host.replace('.', "[.]"))
            }
            Kind::Url => url::defanged(&self.value),
            Kind::Ipv6
            | Kind::Ipv6Net
            | Kind::Hash
            | Kind::FileName
            | Kind::FilePath
            | Kind::RegistryKey
            | Kind::Certificate
            | Kind::Ja3
            | Kind::Ja4
            | Kind::UserAgent => self.value.clone(),
        }
    }
}

fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_')
}

/// IPv4 that travels within IPv6 is the same host.
fn unmapped(ip: Ipv6Addr) -> IpAddr {
    ip.to_ipv4_mapped().map_or(IpAddr::V6(ip), IpAddr::V4)
}

/// Address and prefix of a block in its normal form.
pub(crate) fn split_net(text: &str) -> Option<(IpAddr, u8)> {
    let (address, prefix) = text.split_once('/')?;
    if prefix.is_empty() || prefix.len() > 3 || !prefix.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    Some((address.parse().ok()?, prefix.parse().ok()?))
}

fn net(kind: Kind, text: &str) -> Result<Atom, Unfit> {
    let (ip, prefix) = split_net(text).ok_or(Unfit::Not(kind))?;
    let atom = net_atom(ip, prefix)?;
    let is_one = atom.kind == Kind::Ipv4 || atom.kind == Kind::Ipv6;
    if atom.kind == kind || is_one {
        Ok(atom)
    } else {
        Err(Unfit::Not(kind))
    }
}

/// The block; one of a single address is that address.
fn net_atom(ip: IpAddr, prefix: u8) -> Result<Atom, Unfit> {
    match ip {
        IpAddr::V4(ip) => match prefix {
            32 => Ok(Atom::address(ip.into())),
            33.. => Err(Unfit::Not(Kind::Ipv4Net)),
            _ if prefix < PREFIX_MIN.0 => Err(Unfit::TooWide),
            _ => Ok(Atom {
                kind: Kind::Ipv4Net,
                value: format!("{}/{prefix}", masked_v4(ip, prefix)),
            }),
        },
        IpAddr::V6(ip) => match (ip.to_ipv4_mapped(), prefix) {
            (Some(ip), 96..=128) => net_atom(ip.into(), prefix - 96),
            (_, 128) => Ok(Atom::address(ip.into())),
            (_, 129..) => Err(Unfit::Not(Kind::Ipv6Net)),
            _ if prefix < PREFIX_MIN.1 => Err(Unfit::TooWide),
            _ => Ok(Atom {
                kind: Kind::Ipv6Net,
                value: format!("{}/{prefix}", masked_v6(ip, prefix)),
            }),
        },
    }
}

/// The address with its host's bits cleared; `prefix` at most 32.
pub(crate) fn masked_v4(ip: Ipv4Addr, prefix: u8) -> Ipv4Addr {
    let mask = u32::MAX.checked_shl(32 - u32::from(prefix)).unwrap_or(0);
    Ipv4Addr::from(u32::from(ip) & mask)
}

/// The address with its host's bits cleared; `prefix` at most 128.
pub(crate) fn masked_v6(ip: Ipv6Addr, prefix: u8) -> Ipv6Addr {
    let mask = u128::MAX.checked_shl(128 - u32::from(prefix)).unwrap_or(0);
    Ipv6Addr::from(u128::from(ip) & mask)
}

/// The same as [`guess`] where there are only letters, digits, dots, hyphens and underscores.
fn guess_plain(text: &str) -> Result<Atom, Unfit> {
    if text.starts_with(|first: char| first.is_ascii_digit())
        && let Ok(ip) = text.parse::<Ipv4Addr>()
    {
        return Ok(Atom::address(ip.into()));
    }
    if !text.contains('.') {
        return first_of(&[Kind::Hash, Kind::Ja4], text).ok_or(Unfit::Unknown);
    }
    guess_name(text)
}

/// The kind that a refanged entry of a list is of.
fn guess(text: &str) -> Result<Atom, Unfit> {
    if text.contains("://") {
        return Atom::observed(Kind::Url, text);
    }
    if let Ok(ip) = text.parse::<IpAddr>() {
        return Ok(Atom::address(ip));
    }
    if let Some((ip, prefix)) = split_net(text) {
        return net_atom(ip, prefix);
    }
    if text.parse::<std::net::SocketAddr>().is_ok() {
        return Err(Unfit::Port);
    }
    if text.contains('@') {
        return Atom::observed(Kind::Mail, text);
    }
    let by_form = [Kind::Hash, Kind::Ja4, Kind::RegistryKey];
    if let Some(atom) = first_of(&by_form, text) {
        return Ok(atom);
    }
    if text.contains('\\') {
        return Atom::observed(Kind::FilePath, text);
    }
    if let Some((host, _)) = text.split_once('/') {
        return match host.is_empty() {
            true => Err(Unfit::NoHost),
            false => Atom::observed(Kind::Url, &format!("http://{text}")),
        };
    }
    guess_name(text.strip_prefix("*.").unwrap_or(text))
}

/// A file where the name ends like one and no domain does, else a domain.
fn guess_name(name: &str) -> Result<Atom, Unfit> {
    if has_file_ending(name) && !tld_is_known(name) {
        return Atom::observed(Kind::FileName, name);
    }
    Atom::observed(Kind::Domain, name).map_err(|_| Unfit::Unknown)
}

fn first_of(kinds: &[Kind], text: &str) -> Option<Atom> {
    kinds
        .iter()
        .find_map(|kind| Atom::observed(*kind, text).ok())
}
