//! The kinds of atomic indicators. Their numbers stand in snapshot files and never change.

use std::fmt;

/// What an atomic indicator names. Two values of different kinds never match each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Kind {
    /// An IPv4 address, four decimal numbers.
    Ipv4 = 1,
    /// An IPv6 address, written as RFC 5952 says.
    Ipv6 = 2,
    /// A block of IPv4 addresses.
    Ipv4Net = 3,
    /// A block of IPv6 addresses.
    Ipv6Net = 4,
    /// A domain name in ASCII; its subdomains match too, unless it is a public suffix.
    Domain = 5,
    /// A URL with its host.
    Url = 6,
    /// A hash of a file, in hexadecimal digits; the length tells the algorithm.
    Hash = 7,
    /// A mail address.
    Mail = 8,
    /// The name of a file without its folder.
    FileName = 9,
    /// A file with its folder.
    FilePath = 10,
    /// A key of the Windows registry.
    RegistryKey = 11,
    /// The fingerprint of an X.509 certificate, in hexadecimal digits.
    Certificate = 12,
    /// A JA3 or JA3S fingerprint of a TLS hello.
    Ja3 = 13,
    /// A JA4 fingerprint of a TLS client.
    Ja4 = 14,
    /// The user agent that a client names.
    UserAgent = 15,
}

/// Every kind, in the order of the numbers.
pub const KINDS: [Kind; 15] = [
    Kind::Ipv4,
    Kind::Ipv6,
    Kind::Ipv4Net,
    Kind::Ipv6Net,
    Kind::Domain,
    Kind::Url,
    Kind::Hash,
    Kind::Mail,
    Kind::FileName,
    Kind::FilePath,
    Kind::RegistryKey,
    Kind::Certificate,
    Kind::Ja3,
    Kind::Ja4,
    Kind::UserAgent,
];

impl Kind {
    /// The kind of this number.
    #[must_use]
    pub fn from_number(number: u8) -> Option<Self> {
        KINDS.get(usize::from(number).checked_sub(1)?).copied()
    }

    /// Its name in field mappings, in answers and on screens.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Ipv4 => "ipv4",
            Self::Ipv6 => "ipv6",
            Self::Ipv4Net => "ipv4-net",
            Self::Ipv6Net => "ipv6-net",
            Self::Domain => "domain",
            Self::Url => "url",
            Self::Hash => "hash",
            Self::Mail => "mail",
            Self::FileName => "file-name",
            Self::FilePath => "file-path",
            Self::RegistryKey => "registry-key",
            Self::Certificate => "certificate",
            Self::Ja3 => "ja3",
            Self::Ja4 => "ja4",
            Self::UserAgent => "user-agent",
        }
    }

    /// The kind of this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        KINDS.into_iter().find(|kind| kind.name() == name)
    }

    /// Do normal forms of this kind keep their meaning when bit 0x20 of every byte is set? Then
    /// upper and lower case have one fingerprint, and no two normal forms share one by it.
    pub(crate) fn is_caseless(self) -> bool {
        matches!(
            self,
            Self::Ipv4 | Self::Ipv6 | Self::Domain | Self::Hash | Self::Certificate | Self::Ja3
        )
    }

    /// Is a value of this kind known by its shape, in whatever field it stands?
    pub(crate) fn is_shaped(self) -> bool {
        matches!(
            self,
            Self::Ipv4
                | Self::Ipv6
                | Self::Ipv4Net
                | Self::Ipv6Net
                | Self::Domain
                | Self::Url
                | Self::Hash
                | Self::Mail
        )
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

/// A set of kinds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct KindSet(u16);

impl KindSet {
    /// These kinds.
    #[must_use]
    pub fn of(kinds: &[Kind]) -> Self {
        kinds
            .iter()
            .fold(Self::default(), |set, kind| set.with(*kind))
    }

    /// And this kind.
    #[must_use]
    pub fn with(self, kind: Kind) -> Self {
        Self(self.0 | 1 << (kind as u8))
    }

    /// Is this kind among them?
    #[must_use]
    pub fn has(self, kind: Kind) -> bool {
        self.0 & (1 << (kind as u8)) != 0
    }

    /// All kinds of both.
    #[must_use]
    pub fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    pub(crate) fn bits(self) -> u16 {
        self.0
    }

    pub(crate) fn from_bits(bits: u16) -> Self {
        Self(bits)
    }

    /// Is a kind among them that only its field gives away?
    pub(crate) fn has_unshaped(self) -> bool {
        KINDS
            .into_iter()
            .any(|kind| !kind.is_shaped() && self.has(kind))
    }
}
