//! What is not put to work, and why: what its own word ends, what cannot be run, and what would
//! hit everything, everybody or ourselves. The latter waits for a person.

use std::net::IpAddr;

use noroshi_match::{Atom, Kind};
use noroshi_model::json::Object;
use noroshi_model::{Timestamp, Value};

use super::lists::lists;
use super::own::OwnNames;
use super::read::Sought;
use noroshi_pattern::{Engine, EngineLimits, Observation, ObservedObject, Program};

/// Shortest prefix of a block of IPv4 addresses that is put to work unseen.
const IPV4_PREFIX_MIN: u8 = 16;
/// Shortest prefix of a block of IPv6 addresses that is put to work unseen.
const IPV6_PREFIX_MIN: u8 = 32;

/// How often a sample is seen, for patterns that want several observations.
const AGAIN: u32 = 8;

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

/// Why this waits for a person: it would hit everything, everybody or ourselves.
pub(crate) fn held(sought: &Sought, own: &OwnNames) -> Option<Idle> {
    match sought {
        Sought::Program(program) => too_much(program),
        Sought::Atoms(atoms) => atoms.iter().find_map(|atom| {
            let by_itself = poison(atom);
            let ours = || own.holds(atom).then_some(Idle::Own);
            let everybodys = || lists().holding(atom).map(|_| Idle::Everybody);
            by_itself.or_else(ours).or_else(everybodys)
        }),
    }
}

/// Why this atom waits for a person, by what it is alone.
fn poison(atom: &Atom) -> Option<Idle> {
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

/// What is seen together on some network.
struct Sample {
    domain: &'static str,
    ipv4: &'static str,
    ipv6: &'static str,
    path: &'static str,
    mail: &'static str,
    file: &'static str,
    digit: &'static str,
    command: &'static str,
    port: i64,
}

/// What no network sees: values that are nobody's. A pattern that both satisfy is satisfied by
/// everything.
const NOBODYS: [Sample; 2] = [
    Sample {
        domain: "q7v1.example",
        ipv4: "203.0.113.77",
        ipv6: "2001:db8::77",
        path: "/q7v1",
        mail: "q7v1@q7v1.example",
        file: "q7v1.bin",
        digit: "7",
        command: "q7v1 q7v1",
        port: 47_111,
    },
    Sample {
        domain: "k3w9.test",
        ipv4: "198.51.100.142",
        ipv6: "2001:db8::142",
        path: "/k3w9",
        mail: "k3w9@k3w9.test",
        file: "k3w9",
        digit: "3",
        command: "k3w9",
        port: 58_222,
    },
];

/// What every network sees all day. A pattern that one of them satisfies hits everybody.
const EVERYDAY: [Sample; 3] = [
    Sample {
        domain: "www.google.com",
        ipv4: "8.8.8.8",
        ipv6: "2001:4860:4860::8888",
        path: "/",
        mail: "noreply@google.com",
        file: "svchost.exe",
        digit: "0",
        command: "C:\\Windows\\System32\\svchost.exe -k netsvcs",
        port: 443,
    },
    Sample {
        domain: "outlook.office365.com",
        ipv4: "1.1.1.1",
        ipv6: "2606:4700:4700::1111",
        path: "/index.html",
        mail: "info@microsoft.com",
        file: "chrome.exe",
        digit: "1",
        command: "powershell.exe",
        port: 53,
    },
    Sample {
        domain: "pool.ntp.org",
        ipv4: "9.9.9.9",
        ipv6: "2620:fe::fe",
        path: "/favicon.ico",
        mail: "postmaster@example.net",
        file: "explorer.exe",
        digit: "2",
        command: "/usr/sbin/sshd -D",
        port: 80,
    },
];

/// Why a program waits for a person: everything satisfies it, or what everybody sees does.
fn too_much(program: &Program) -> Option<Idle> {
    if NOBODYS.iter().all(|sample| sample.satisfies(program)) {
        return Some(Idle::TooBroad);
    }
    let is_everybodys = EVERYDAY.iter().any(|sample| sample.satisfies(program));
    is_everybodys.then_some(Idle::Everybody)
}

impl Sample {
    /// Does it satisfy the program, seen again and again?
    fn satisfies(&self, program: &Program) -> bool {
        let mut engine = Engine::new(EngineLimits::WHOLE);
        if engine.load(0, program.clone()).is_err() {
            return false;
        }
        let mut hits = Vec::new();
        for number in 0..AGAIN {
            let micros = 1_790_000_000_000_000 + i64::from(number);
            let at = Timestamp::from_micros(micros);
            if let Ok(observation) = Observation::at(number.into(), at, self.objects()) {
                engine.observe(&observation, at, &mut hits);
            }
        }
        !hits.is_empty()
    }

    /// One object of each type that telemetry gives.
    fn objects(&self) -> Vec<ObservedObject> {
        let value = |text: &str| Object::new().with("value", text);
        let hashes = Object::new()
            .with("MD5", self.digit.repeat(32))
            .with("SHA-1", self.digit.repeat(40))
            .with("SHA-256", self.digit.repeat(64));
        let file = Object::new()
            .with("name", self.file)
            .with("size", 4_711)
            .with("hashes", hashes);
        let traffic = Object::new()
            .with("src_ref", "ipv4-addr")
            .with("dst_ref", "ipv4-addr")
            .with("src_port", self.port)
            .with("dst_port", self.port)
            .with("protocols", Value::Array(vec!["tcp".into()]));
        let url = format!("https://{}{}", self.domain, self.path);
        let objects = [
            ("domain-name", value(self.domain)),
            ("ipv4-addr", value(self.ipv4)),
            ("ipv6-addr", value(self.ipv6)),
            ("url", value(&url)),
            ("email-addr", value(self.mail)),
            ("file", file),
            (
                "process",
                Object::new()
                    .with("command_line", self.command)
                    .with("pid", 4_711),
            ),
            ("network-traffic", traffic),
        ];
        let objects = objects
            .into_iter()
            .map(|(kind, properties)| ObservedObject {
                key: kind.into(),
                properties: properties.with("type", kind),
            });
        objects.collect()
    }
}
