//! Atomic indicators in the languages of the tools that people run.
//!
//! Pure: values in, text out. A value never leaves its place in a line: each format escapes in its
//! own way, and what it cannot carry is handed back with the reason, never dropped in silence. The
//! order is that of the values, whatever order they came in, so that equal sets give equal bytes.
//! Names match as wholes, never as parts of longer ones.

mod lists;
mod rpz;
mod suricata;
mod zeek;

use noroshi_model::Timestamp;

use crate::kind::Kind;
use crate::normal::Atom;

/// Values of one export at most: what is beyond is handed back as [`Unsaid::Full`].
pub const VALUES_MAX: usize = 1_000_000;

/// A format of a tool.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Format {
    /// Rules of Suricata 7 and later.
    Suricata,
    /// A Suricata dataset of type `string`: domain names.
    SuricataDomains,
    /// A Suricata dataset of type `ip`: addresses.
    SuricataAddresses,
    /// MD5 of files, one a line: Suricata's `filemd5`, or a dataset of type `md5`.
    Md5,
    /// SHA-1 of files, one a line: Suricata's `filesha1`.
    Sha1,
    /// SHA-256 of files, one a line: Suricata's `filesha256`, or a dataset of type `sha256`.
    Sha256,
    /// A file of Zeek's intelligence framework.
    Zeek,
    /// A DNS response policy zone that answers NXDOMAIN.
    Rpz,
    /// Comma-separated values, RFC 4180.
    Csv,
    /// ArcSight's Common Event Format, one line for each.
    Cef,
}

/// Every format.
pub const FORMATS: [Format; 10] = [
    Format::Suricata,
    Format::SuricataDomains,
    Format::SuricataAddresses,
    Format::Md5,
    Format::Sha1,
    Format::Sha256,
    Format::Zeek,
    Format::Rpz,
    Format::Csv,
    Format::Cef,
];

impl Format {
    /// Its name in commands and addresses.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Suricata => "suricata",
            Self::SuricataDomains => "suricata-domains",
            Self::SuricataAddresses => "suricata-addresses",
            Self::Md5 => "md5",
            Self::Sha1 => "sha1",
            Self::Sha256 => "sha256",
            Self::Zeek => "zeek",
            Self::Rpz => "rpz",
            Self::Csv => "csv",
            Self::Cef => "cef",
        }
    }

    /// The format of that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        FORMATS.into_iter().find(|format| format.name() == name)
    }

    /// Its media type.
    #[must_use]
    pub fn media(self) -> &'static str {
        match self {
            Self::Csv => "text/csv; charset=utf-8",
            _ => "text/plain; charset=utf-8",
        }
    }

    /// Does whoever loads it act where the other side can see it? A name server that answers
    /// otherwise does; what only looks does not.
    #[must_use]
    pub fn acts(self) -> bool {
        self == Self::Rpz
    }

    /// Does it find a domain as it stands only, not what lies below it?
    #[must_use]
    pub fn misses_subdomains(self) -> bool {
        matches!(self, Self::SuricataDomains | Self::Zeek)
    }
}

/// One value of an indicator.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Said {
    /// What is looked for.
    pub atom: Atom,
    /// The indicator's STIX id.
    pub id: String,
    /// The indicator's version.
    pub modified: Timestamp,
    /// Until when it holds, where it says so.
    pub valid_until: Option<Timestamp>,
    /// How sure its maker is, 0 to 100, where it says so.
    pub confidence: Option<u8>,
}

/// Why a value is not in the output.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Unsaid {
    /// The format has no word for this kind.
    NoWord(Kind),
    /// What is on the wire is encrypted, so that a rule would never find it.
    Encrypted,
    /// It has characters that the format cannot carry within a value.
    Unsafe,
    /// It is longer than the format takes.
    TooLong,
    /// The output is full.
    Full,
}

impl Unsaid {
    /// A word for programs; people get a sentence from the catalogue.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::NoWord(_) => "no-word",
            Self::Encrypted => "encrypted",
            Self::Unsafe => "unsafe",
            Self::TooLong => "too-long",
            Self::Full => "full",
        }
    }
}

/// An export.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Export {
    /// What stands before the values; of it alone the instant is a part.
    pub head: String,
    /// The values.
    pub body: String,
    /// How many values are in it.
    pub values: u64,
    /// Those that are not, each once, with the indicator's id.
    pub unsaid: Vec<(String, Atom, Unsaid)>,
}

/// Write values in a format. Where several indicators say the same value, lists and rules name the
/// first by id, and `csv` and `cef` have a line for each.
#[must_use]
pub fn export(format: Format, mut all: Vec<Said>, now: Timestamp) -> Export {
    all.sort_unstable();
    if matches!(format, Format::Csv | Format::Cef) {
        all.dedup_by(|a, b| a.atom == b.atom && a.id == b.id);
    } else {
        all.dedup_by(|a, b| a.atom == b.atom);
    }
    let mut out = Export {
        head: match format {
            Format::Zeek => zeek::HEAD.to_owned(),
            Format::Rpz => rpz::head(now),
            Format::Csv => lists::CSV_HEAD.to_owned(),
            _ => String::new(),
        },
        ..Export::default()
    };
    let mut sids = suricata::Sids::default();
    for (place, said) in all.into_iter().enumerate() {
        let line = if place >= VALUES_MAX {
            Err(Unsaid::Full)
        } else {
            match format {
                Format::Suricata => suricata::rules(&said, &mut sids),
                Format::SuricataDomains => lists::base64_line(&said, Kind::Domain),
                Format::SuricataAddresses => lists::address_line(&said),
                Format::Md5 => lists::hash_line(&said, 32),
                Format::Sha1 => lists::hash_line(&said, 40),
                Format::Sha256 => lists::hash_line(&said, 64),
                Format::Zeek => zeek::line(&said),
                Format::Rpz => rpz::lines(&said),
                Format::Csv => lists::csv_line(&said),
                Format::Cef => lists::cef_line(&said),
            }
        };
        match line {
            Ok(line) => {
                out.body.push_str(&line);
                out.values += 1;
            }
            Err(why) => out.unsaid.push((said.id, said.atom, why)),
        }
    }
    out
}
