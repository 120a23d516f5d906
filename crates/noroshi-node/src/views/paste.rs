//! Paste anything: a report, a mail, a list, defanged or not, in either language. What is an
//! indicator in it, with its context; what is likely none, and why; who knows it already. One more
//! order makes items of what a person chose.

use std::net::IpAddr;

use noroshi_match::{Atom, Extract, Kind, Reason, Why, extract};
use noroshi_model::Timestamp;
use noroshi_store::{Effort, Reader, Sought};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::Names;
use crate::command::{Event, Failure, ImportAnswer};
use crate::node::{Node, store_failure};
use crate::sink::{Collected, Sink};

/// Longest text that is taken, in bytes.
pub const PASTE_BYTES_MAX: usize = 1_000_000;
/// Most indicators told of one text.
const FOUND_MAX: usize = 1_000;
/// Most of them that are looked up here, the first ones.
const LOOKED_UP_MAX: usize = 300;
/// Most items named that know one of them.
const KNOWN_MAX: usize = 3;
/// Longest context, in characters.
const CONTEXT_CHARS: usize = 240;

/// What is in a text.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PasteView {
    /// Indicators, in the order of the text.
    pub found: Vec<PasteRow>,
    /// What looks like one and was passed over: as written, and why.
    pub passed_over: Vec<PassedRow>,
    /// Was there more than is told?
    pub is_cut: bool,
    /// What the nodes in it are called.
    pub names: Names,
}

/// One indicator of a text.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PasteRow {
    /// What kind: `ipv4`, `domain`, ...
    pub kind: String,
    /// Its normal form.
    pub value: String,
    /// A form that cannot be clicked on.
    pub defanged: String,
    /// As it stands in the text, where that is another form.
    pub written: Option<String>,
    /// The line it stands in.
    pub context: String,
    /// Why it is likely none: codes; their words are `console-doubt-CODE` in the catalogue.
    pub doubts: Vec<String>,
    /// Items here that name it.
    pub known: Vec<KnownRow>,
    /// Can an item be made of it?
    pub can_take: bool,
}

/// An item that knows an indicator.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct KnownRow {
    /// Its hash.
    pub hash: String,
    /// Its STIX type.
    pub kind: String,
    /// Its title.
    pub title: String,
    /// Its effective marking.
    pub marking: String,
    /// The node that answers for it.
    pub node: String,
    /// Where it came from.
    pub source: String,
}

/// What was passed over.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PassedRow {
    /// As written.
    pub written: String,
    /// Why: a code, as for doubts.
    pub why: String,
}

/// Items that were made of what a person chose.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct TakenAnswer {
    /// STIX ids of the indicators.
    pub ids: Vec<String>,
    /// What became of them.
    pub import: ImportAnswer,
}

impl Node {
    /// What is in a text. The work is capped: 1,000 indicators, of which 300 are looked up.
    ///
    /// # Errors
    /// `paste.text` for one that is empty or too long; a store that fails.
    pub fn paste_view(&self, text: &str) -> Result<PasteView, Failure> {
        self.expect_recovered()?;
        let found = read(text)?;
        let reader = self.local()?;
        let mut view = PasteView {
            is_cut: found.is_cut || found.found.len() > FOUND_MAX,
            ..PasteView::default()
        };
        for (place, one) in found.found.iter().take(FOUND_MAX).enumerate() {
            let written = text.get(one.span.clone()).unwrap_or_default();
            let known = if place < LOOKED_UP_MAX {
                self.who_knows(&reader, one.atom.value())?
            } else {
                Vec::new()
            };
            view.found.push(PasteRow {
                kind: one.atom.kind().to_string(),
                value: one.atom.value().to_owned(),
                defanged: one.atom.defanged(),
                written: one
                    .reasons
                    .iter()
                    .any(|reason| *reason != Reason::Levelled)
                    .then(|| written.to_owned()),
                context: context(text, one.span.start),
                doubts: doubts(&one.atom).into_iter().map(str::to_owned).collect(),
                known,
                can_take: pattern(&one.atom).is_some(),
            });
        }
        let passed = found.passed_over.iter().take(FOUND_MAX);
        view.passed_over = passed
            .map(|one| PassedRow {
                written: text.get(one.span.clone()).unwrap_or_default().to_owned(),
                why: passed_over(one.why).to_owned(),
            })
            .collect();
        let known = view.found.iter().flat_map(|row| &row.known);
        let nodes = known.flat_map(|row| [&row.node, &row.source]);
        view.names = self.names_of(nodes.map(String::as_str))?;
        Ok(view)
    }

    /// Items that name a value, the newest first: found by its words, and looked at in full.
    fn who_knows(&self, reader: &Reader<'_>, value: &str) -> Result<Vec<KnownRow>, Failure> {
        let sought = Sought {
            text: Some(value.replace(char::is_whitespace, " ")),
            ..Sought::default()
        };
        let rows = u32::try_from(KNOWN_MAX * 4).unwrap_or(u32::MAX);
        let effort = Effort {
            rows,
            examined: rows,
        };
        let found = match reader.find(&sought, effort) {
            Ok(found) => found,
            // Nothing of it is a word.
            Err(noroshi_store::ReadError::NothingToFind) => return Ok(Vec::new()),
            Err(error) => return Err(store_failure(error)),
        };
        let mut known = Vec::new();
        for row in found.rows {
            let stored = reader.item_at(row.seq).map_err(store_failure)?;
            let bytes = stored
                .and_then(|stored| stored.canonical)
                .unwrap_or_default();
            if known.len() < KNOWN_MAX && names_it(&String::from_utf8_lossy(&bytes), value) {
                known.push(KnownRow {
                    hash: row.hash.to_string(),
                    kind: row.id.kind().to_owned(),
                    title: row.title.clone(),
                    marking: row.label.to_string(),
                    node: row.node.map(|node| node.to_string()).unwrap_or_default(),
                    source: row.source.clone(),
                });
            }
        }
        Ok(known)
    }

    /// Make indicators of what was chosen of a text, and take them in under a source profile.
    ///
    /// # Errors
    /// `paste.text`, `paste.none` where nothing of it was chosen, and what an import fails with.
    pub fn paste_take(
        &self,
        text: &str,
        chosen: &[String],
        profile: &str,
        sink: &mut dyn Sink,
    ) -> Result<TakenAnswer, Failure> {
        let found = read(text)?;
        let now = self.now();
        let mut made = Vec::new();
        for one in found.found.iter().take(FOUND_MAX) {
            let named = format!("{}:{}", one.atom.kind(), one.atom.value());
            if let Some(pattern) = pattern(&one.atom).filter(|_| chosen.contains(&named)) {
                let context = context(text, one.span.start);
                made.push(self.indicator(one.atom.value(), &pattern, &context, now));
            }
        }
        if made.is_empty() {
            let why = "none of what was chosen is in the text";
            return Err(Failure::new("paste.none", 2, why));
        }
        let ids = made
            .iter()
            .filter_map(|one| one["id"].as_str().map(str::to_owned));
        let ids = ids.collect();
        let bundle = json!({ "type": "bundle", "objects": made }).to_string();
        let mut told = Collected::default();
        let paths = [std::path::PathBuf::from("-")];
        let mut input = bundle.as_bytes();
        self.import(&paths, Some(profile), Some(&mut input), &mut told)?;
        let mut import = ImportAnswer::default();
        for event in told.0 {
            match event {
                Event::Answer { answer, .. } => {
                    import = serde_json::from_value(answer).unwrap_or_default();
                }
                other => {
                    sink.send(other);
                }
            }
        }
        Ok(TakenAnswer { ids, import })
    }

    fn indicator(&self, value: &str, pattern: &str, context: &str, now: Timestamp) -> Value {
        let mut bytes: [u8; 16] = self.chance();
        bytes[6] = bytes[6] & 0x0f | 0x40;
        bytes[8] = bytes[8] & 0x3f | 0x80;
        let digits: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        let id = format!(
            "indicator--{}-{}-{}-{}-{}",
            &digits[..8],
            &digits[8..12],
            &digits[12..16],
            &digits[16..20],
            &digits[20..]
        );
        let at = Timestamp::from_micros(now.micros() / 1000 * 1000).to_string();
        json!({
            "type": "indicator", "spec_version": "2.1", "id": id, "created": at, "modified": at,
            "name": value, "description": context, "pattern": pattern, "pattern_type": "stix",
            "valid_from": at,
        })
    }
}

fn read(text: &str) -> Result<Extract, Failure> {
    if text.trim().is_empty() || text.len() > PASTE_BYTES_MAX {
        let why = format_args!("a text has 1 to {PASTE_BYTES_MAX} bytes");
        return Err(Failure::new("paste.text", 2, why).arg("most", PASTE_BYTES_MAX));
    }
    Ok(extract(text))
}

/// The line in which something stands, cut around it.
fn context(text: &str, at: usize) -> String {
    // A line may be as long as the text: only what is near is looked at.
    let before = text.get(..at).unwrap_or_default().chars().rev();
    let near = before
        .take(CONTEXT_CHARS / 2)
        .take_while(|c| *c != '\n')
        .map(char::len_utf8)
        .sum::<usize>();
    let line = text.get(at - near..).unwrap_or_default().chars();
    line.take(CONTEXT_CHARS)
        .take_while(|c| !matches!(c, '\n' | '\r'))
        .collect::<String>()
        .trim()
        .to_owned()
}

/// Does an object name the value, and not a longer one that begins or ends so?
fn names_it(object: &str, value: &str) -> bool {
    let (object, value) = (object.to_ascii_lowercase(), value.to_ascii_lowercase());
    let joins = |c: Option<char>| {
        c.is_some_and(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_'))
    };
    object.match_indices(&*value).any(|(start, _)| {
        let before = object[..start].chars().next_back();
        let after = object[start + value.len()..].chars().next();
        !joins(before) && !joins(after)
    })
}

/// The pattern that an indicator of it has; none where STIX has no comparison that says it.
fn pattern(atom: &Atom) -> Option<String> {
    let value = atom.value().replace('\\', "\\\\").replace('\'', "\\'");
    let path = match atom.kind() {
        Kind::Ipv4 => "ipv4-addr:value",
        Kind::Ipv6 => "ipv6-addr:value",
        Kind::Ipv4Net => return Some(format!("[ipv4-addr:value ISSUBSET '{value}']")),
        Kind::Ipv6Net => return Some(format!("[ipv6-addr:value ISSUBSET '{value}']")),
        Kind::Domain => "domain-name:value",
        Kind::Url => "url:value",
        Kind::Mail => "email-addr:value",
        Kind::FileName => "file:name",
        Kind::RegistryKey => "windows-registry-key:key",
        Kind::Hash => match value.len() {
            32 => "file:hashes.MD5",
            40 => "file:hashes.'SHA-1'",
            64 => "file:hashes.'SHA-256'",
            128 => "file:hashes.'SHA-512'",
            _ => return None,
        },
        Kind::FilePath | Kind::Certificate | Kind::Ja3 | Kind::Ja4 | Kind::UserAgent => {
            return None;
        }
    };
    Some(format!("[{path} = '{value}']"))
}

fn passed_over(why: Why) -> &'static str {
    match why {
        Why::UnknownEnding => "unknown_ending",
        Why::UnclearName => "unclear_name",
        Why::TooWide => "too_wide",
        Why::NoHost => "no_host",
    }
}

/// Hashes of nothing at all: MD5, SHA-1, SHA-256 of the empty file.
const EMPTY: [&str; 3] = [
    "d41d8cd98f00b204e9800998ecf8427e",
    "da39a3ee5e6b4b0d3255bfef95601890afd80709",
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
];
/// Resolvers that anybody may ask, as of 2026-11.
const RESOLVERS: [&str; 8] = [
    "1.1.1.1",
    "1.0.0.1",
    "8.8.8.8",
    "8.8.4.4",
    "9.9.9.9",
    "149.112.112.112",
    "208.67.222.222",
    "208.67.220.220",
];
/// Names for examples and for no network: RFC 2606, RFC 6761, RFC 6762.
const RESERVED: [&str; 8] = [
    "example.com",
    "example.net",
    "example.org",
    "example",
    "test",
    "invalid",
    "localhost",
    "local",
];
/// Where reports lead their readers, as of 2026-11: a reference there is seldom an indicator.
const REFERENCES: [&str; 16] = [
    "attack.mitre.org",
    "cve.org",
    "cve.mitre.org",
    "nvd.nist.gov",
    "cisa.gov",
    "jpcert.or.jp",
    "ipa.go.jp",
    "nisc.go.jp",
    "ncsc.gov.uk",
    "github.com",
    "virustotal.com",
    "microsoft.com",
    "google.com",
    "wikipedia.org",
    "linkedin.com",
    "youtube.com",
];

/// Why a value is likely no indicator.
fn doubts(atom: &Atom) -> Vec<&'static str> {
    let value = atom.value();
    let mut doubts = Vec::new();
    match atom.kind() {
        Kind::Ipv4 | Kind::Ipv6 => {
            if let Ok(ip) = value.parse::<IpAddr>() {
                doubts.extend(address_doubt(ip));
            }
            if RESOLVERS.contains(&value) {
                doubts.push("resolver");
            }
        }
        Kind::Hash if EMPTY.contains(&value) => doubts.push("empty_file"),
        Kind::Domain | Kind::Url | Kind::Mail => {
            let host = host_of(value);
            if under(host, &RESERVED) {
                doubts.push("reserved_name");
            }
            if under(host, &REFERENCES) {
                doubts.push("reference");
            }
        }
        _ => {}
    }
    doubts
}

/// The host of a URL or mail address, or the name itself.
fn host_of(value: &str) -> &str {
    let rest = value.split_once("://").map_or(value, |(_, rest)| rest);
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = host.rsplit('@').next().unwrap_or_default();
    host.split(':').next().unwrap_or_default()
}

fn under(host: &str, names: &[&str]) -> bool {
    names.iter().any(|name| {
        host == *name
            || host
                .strip_suffix(name)
                .is_some_and(|rest| rest.ends_with('.'))
    })
}

fn address_doubt(ip: IpAddr) -> Option<&'static str> {
    match ip {
        IpAddr::V4(ip) => {
            let [a, b, ..] = ip.octets();
            let is_shared = a == 100 && (64..128).contains(&b);
            if ip.is_private() || ip.is_link_local() || is_shared {
                Some("internal")
            } else if ip.is_documentation() {
                Some("documentation")
            } else if ip.is_multicast() || ip.is_broadcast() || a >= 240 || a == 0 {
                Some("no_host")
            } else {
                None
            }
        }
        IpAddr::V6(ip) => {
            let first = ip.segments()[0];
            if first & 0xfe00 == 0xfc00 || first & 0xffc0 == 0xfe80 {
                Some("internal")
            } else if ip.segments()[..2] == [0x2001, 0xdb8] {
                Some("documentation")
            } else if ip.is_multicast() {
                Some("no_host")
            } else {
                None
            }
        }
    }
}
