//! What is not put to work, and why: what its own word ends, what cannot be run, and what would
//! hit everything, everybody or ourselves. The latter waits for a person.

use std::net::IpAddr;

use noroshi_match::{Atom, Kind};
use noroshi_model::json::Object;
use noroshi_model::{Timestamp, Value};
use noroshi_pattern::{Engine, EngineLimits, Observation, ObservedObject, Program};

/// Shortest prefix of a block of IPv4 addresses that is put to work unseen.
const IPV4_PREFIX_MIN: u8 = 16;
/// Shortest prefix of a block of IPv6 addresses that is put to work unseen.
const IPV6_PREFIX_MIN: u8 = 32;

/// Why an indicator is not at work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Idle {
    /// Its maker revoked it.
    Revoked,
    /// Its pattern is not in STIX's language.
    OtherLanguage,
    /// Its pattern cannot be run.
    UnreadablePattern,
    /// As many are at work as there is room for.
    Full,
    /// Held: it matches everything, or half a continent.
    TooBroad,
    /// Held: an address that is nobody's on the internet.
    NotPublic,
    /// Held: it names this organisation's own networks or domains.
    Own,
    /// Held: it is on a list of what everybody uses.
    Everybody,
    /// A person took it out of work.
    Stopped,
}

impl Idle {
    /// Every reason.
    pub(crate) const ALL: [Self; 9] = [
        Self::Revoked,
        Self::OtherLanguage,
        Self::UnreadablePattern,
        Self::Full,
        Self::TooBroad,
        Self::NotPublic,
        Self::Own,
        Self::Everybody,
        Self::Stopped,
    ];

    /// The word for it, as it is shown and translated.
    pub(crate) fn code(self) -> &'static str {
        match self {
            Self::Revoked => "revoked",
            Self::OtherLanguage => "other-language",
            Self::UnreadablePattern => "unreadable-pattern",
            Self::Full => "full",
            Self::TooBroad => "too-broad",
            Self::NotPublic => "not-public",
            Self::Own => "own",
            Self::Everybody => "everybody",
            Self::Stopped => "stopped",
        }
    }

    /// Can a person put it to work all the same?
    pub(crate) fn is_held(self) -> bool {
        match self {
            Self::TooBroad | Self::NotPublic | Self::Own | Self::Everybody => true,
            Self::Revoked
            | Self::OtherLanguage
            | Self::UnreadablePattern
            | Self::Full
            | Self::Stopped => false,
        }
    }
}

/// Why this atom waits for a person, by what it is alone.
pub(crate) fn poison(atom: &Atom) -> Option<Idle> {
    match atom.kind() {
        Kind::Ipv4 | Kind::Ipv6 => {
            let address = atom.value().parse::<IpAddr>().ok()?;
            (!is_public(address)).then_some(Idle::NotPublic)
        }
        Kind::Ipv4Net | Kind::Ipv6Net => {
            let (address, prefix) = block(atom)?;
            let least = match address {
                IpAddr::V4(_) => IPV4_PREFIX_MIN,
                IpAddr::V6(_) => IPV6_PREFIX_MIN,
            };
            if prefix < least {
                Some(Idle::TooBroad)
            } else {
                (!is_public(address)).then_some(Idle::NotPublic)
            }
        }
        _ => None,
    }
}

/// Address and prefix of a block.
pub(crate) fn block(atom: &Atom) -> Option<(IpAddr, u8)> {
    let (address, prefix) = atom.value().split_once('/')?;
    Some((address.parse().ok()?, prefix.parse().ok()?))
}

/// Can this address be somebody's on the internet? Those of documentation count, for exercises.
fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(ip) => {
            let [first, second, ..] = ip.octets();
            let is_shared = first == 100 && (64..128).contains(&second);
            !(ip.is_private()
                || ip.is_loopback()
                || ip.is_link_local()
                || ip.is_multicast()
                || ip.is_broadcast()
                || first == 0
                || is_shared)
        }
        IpAddr::V6(ip) => {
            let first = ip.segments()[0];
            let is_local = first & 0xFE00 == 0xFC00 || first & 0xFFC0 == 0xFE80;
            !(ip.is_loopback() || ip.is_unspecified() || ip.is_multicast() || is_local)
        }
    }
}

/// Would this program be satisfied by what nobody would call a threat? It is tried on two
/// observations of which no value is anybody's: what both satisfy is satisfied by everything.
pub(crate) fn is_too_broad(program: &Program) -> bool {
    let mut engine = Engine::new(EngineLimits::WHOLE);
    if engine.load(0, program.clone()).is_err() {
        return false;
    }
    let mut hits = Vec::new();
    for (number, salt) in [(1_u64, "q7v1"), (2, "k3w9")] {
        let at = Timestamp::from_micros(1_790_000_000_000_000);
        if let Ok(observation) = Observation::at(number, at, nobodys(salt)) {
            engine.observe(&observation, at, &mut hits);
        }
    }
    hits.len() > 1 || hits.iter().any(|hit| hit.observations.len() > 1)
}

/// One object of each type that telemetry gives, with values that are nobody's.
fn nobodys(salt: &str) -> Vec<ObservedObject> {
    let last = if salt == "q7v1" { "77" } else { "142" };
    let digits = |length: usize| {
        salt.bytes()
            .map(|byte| byte % 16)
            .cycle()
            .take(length)
            .fold(String::new(), |mut text, digit| {
                text.push(char::from_digit(u32::from(digit), 16).unwrap_or('0'));
                text
            })
    };
    let hashes = Object::new()
        .with("MD5", digits(32))
        .with("SHA-1", digits(40))
        .with("SHA-256", digits(64));
    let objects = [
        (
            "domain-name",
            Object::new().with("value", format!("{salt}.example")),
        ),
        (
            "ipv4-addr",
            Object::new().with("value", format!("203.0.113.{last}")),
        ),
        (
            "ipv6-addr",
            Object::new().with("value", format!("2001:db8::{last}")),
        ),
        (
            "url",
            Object::new().with("value", format!("http://{salt}.example/{salt}")),
        ),
        (
            "email-addr",
            Object::new().with("value", format!("{salt}@{salt}.example")),
        ),
        (
            "file",
            Object::new()
                .with("name", format!("{salt}.bin"))
                .with("size", 4_711)
                .with("hashes", hashes),
        ),
        (
            "process",
            Object::new()
                .with("command_line", format!("{salt} {salt}"))
                .with("pid", 4_711),
        ),
        (
            "network-traffic",
            Object::new()
                .with("src_ref", "ipv4-addr")
                .with("dst_ref", "ipv4-addr")
                .with("dst_port", 47_111)
                .with("protocols", Value::Array(vec!["tcp".into()])),
        ),
    ];
    objects
        .into_iter()
        .map(|(kind, properties)| ObservedObject {
            key: kind.into(),
            properties: properties.with("type", kind),
        })
        .collect()
}
