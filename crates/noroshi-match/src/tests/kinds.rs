//! Each kind of log that the program knows: recognised by real lines, and what is found in them is
//! what the slow reference finds.

use std::collections::BTreeSet;
use std::sync::Arc;

use proptest::prelude::*;
use proptest::sample::select;

use crate::slow::{Reference, columns};
use crate::{
    Atom, BUILT_IN, Builder, Keyed, Kind, Layout, Live, Mapping, MappingError, Match, Recognised,
    Scanner, extract, recognise,
};

type Sample = (
    &'static str,
    Layout,
    &'static str,
    &'static [(Kind, &'static str)],
);

/// Name of the mapping, layout, sample, and things that must be found in it.
const SAMPLES: [Sample; 11] = [
    (
        "zeek",
        Layout::Json,
        include_str!("../../test-data/telemetry/zeek.json"),
        &[],
    ),
    (
        "zeek",
        Layout::ZeekTsv,
        include_str!("../../test-data/telemetry/zeek.tsv"),
        &[],
    ),
    (
        "suricata-eve",
        Layout::Json,
        include_str!("../../test-data/telemetry/eve.json"),
        &[],
    ),
    (
        "windows",
        Layout::Json,
        include_str!("../../test-data/telemetry/windows.json"),
        &[
            (Kind::FilePath, r"C:\Windows\System32\notepad.exe"),
            (Kind::FileName, "notepad.exe"),
            (
                Kind::Hash,
                "236F5A0247BA02EAB637157DC792ADA4AF59347B2F07ED754124E22280DC5258",
            ),
        ],
    ),
    (
        "ocsf",
        Layout::Json,
        include_str!("../../test-data/telemetry/ocsf.json"),
        &[
            (Kind::Domain, "firewall.canary"),
            (Kind::Ipv4, "127.0.0.62"),
        ],
    ),
    (
        "ecs",
        Layout::Json,
        include_str!("../../test-data/telemetry/ecs.json"),
        &[
            (Kind::Domain, "example.org"),
            (Kind::Url, "https://files.example.org/a.bin"),
            (Kind::UserAgent, "curl/8.9.1"),
            (Kind::FilePath, r"c:\windows\system32\curl.exe"),
            (Kind::Ja3, "d41d8cd98f00b204e9800998ecf8427e"),
        ],
    ),
    (
        "bind",
        Layout::Text,
        include_str!("../../test-data/telemetry/bind.log"),
        &[
            (Kind::Domain, "example.com"),
            (Kind::Ipv4, "104.219.136.31"),
            (Kind::Ipv6, "2003:f8:733:b600:6018:bbe4:d0ed:22"),
        ],
    ),
    (
        "dnsmasq",
        Layout::Text,
        include_str!("../../test-data/telemetry/dnsmasq.log"),
        &[
            (Kind::Domain, "www.example.org"),
            (Kind::Ipv4, "198.51.100.7"),
            (Kind::Ipv6, "fe80::1c2d:3eff:fe4f:5a6b"),
        ],
    ),
    (
        "unbound",
        Layout::Text,
        include_str!("../../test-data/telemetry/unbound.log"),
        &[
            (Kind::Domain, "mail.example.net"),
            (Kind::Ipv6, "2001:db8::20"),
        ],
    ),
    (
        "syslog",
        Layout::Text,
        include_str!("../../test-data/telemetry/syslog.log"),
        &[(Kind::Domain, "jerry.land")],
    ),
    (
        "csv",
        Layout::Csv,
        include_str!("../../test-data/telemetry/proxy.csv"),
        &[
            (Kind::Url, "http://www.example.org/a.php?x=1"),
            (Kind::Domain, "portal.example.net"),
            (Kind::Ipv6, "2001:db8::22"),
        ],
    ),
];

fn mappings() -> Vec<Mapping> {
    BUILT_IN
        .iter()
        .map(|text| Mapping::from_toml(text).unwrap())
        .collect()
}

fn named(name: &str) -> Mapping {
    let mut all = mappings().into_iter();
    all.find(|mapping| mapping.name() == name).unwrap()
}

struct Both {
    live: Live,
    reference: Reference,
}

fn both(atoms: &[Atom]) -> Both {
    let mut builder = Builder::new(Arc::new(Keyed::new(&[5; 32])));
    let mut reference = Reference::default();
    for (tag, atom) in (0..).zip(atoms) {
        builder.add(atom, tag).unwrap();
        reference.add(atom.clone(), tag);
    }
    Both {
        live: Live::new(builder.build()),
        reference,
    }
}

impl Both {
    /// What the scanner finds, by the place of the line.
    fn scan(&self, layout: Layout, mapping: &Mapping, bytes: &[u8]) -> Vec<(usize, Match)> {
        let mut hits = Vec::new();
        Scanner::new(layout, mapping.clone()).scan(&self.live.view(), bytes, &mut hits);
        let mut found: Vec<_> = hits.iter().map(|hit| (hit.line, hit.matched)).collect();
        found.sort_unstable();
        found
    }

    /// What the reference finds.
    fn slow(&self, layout: Layout, mapping: &Mapping, bytes: &[u8]) -> Vec<(usize, Match)> {
        let (mut found, mut start, mut names) = (Vec::new(), 0, None::<(Vec<String>, char)>);
        for line in bytes.split(|byte| *byte == b'\n') {
            let text = String::from_utf8_lossy(line);
            let text = text.strip_suffix('\r').unwrap_or(&text);
            let matches = match layout {
                Layout::Json => self.reference.json_line(mapping, line).unwrap_or_default(),
                Layout::Text => self.reference.text_line(line),
                Layout::Csv => match &names {
                    Some((names, separator)) => {
                        self.reference.csv_line(mapping, names, *separator, text)
                    }
                    None => {
                        let count = |mark: &char| text.matches(*mark).count();
                        let mark = [',', ';', '\t', '|'].into_iter().rev().max_by_key(count);
                        names = Some((columns(text, mark.unwrap()), mark.unwrap()));
                        Vec::new()
                    }
                },
                Layout::ZeekTsv => {
                    if let Some(rest) = text.strip_prefix("#fields\t") {
                        names = Some((rest.split('\t').map(str::to_owned).collect(), '\t'));
                    }
                    let (names, _) = names.clone().unwrap_or_default();
                    let values = names.into_iter().zip(text.split('\t'));
                    let each = |(name, value): (String, &str)| {
                        let values = value.split(',').map(str::to_owned);
                        values
                            .map(|value| (name.clone(), value))
                            .collect::<Vec<_>>()
                    };
                    match text.starts_with('#') {
                        true => Vec::new(),
                        false => {
                            let values: Vec<_> = values.flat_map(each).collect();
                            self.reference.event(mapping, &values)
                        }
                    }
                }
            };
            found.extend(matches.into_iter().map(|matched| (start, matched)));
            start += line.len() + 1;
        }
        found.sort_unstable();
        found
    }
}

/// Everything in the text that can be an indicator, in every kind it can be read as.
fn planted(text: &str) -> Vec<Atom> {
    let mut atoms: BTreeSet<(Kind, String)> = BTreeSet::new();
    let mut take = |atom: &Atom| atoms.insert((atom.kind(), atom.value().to_owned()));
    for found in extract(&text.replace("\\\\", "\\")).found {
        take(&found.atom);
    }
    let kinds = [
        Kind::FilePath,
        Kind::FileName,
        Kind::Ja3,
        Kind::Ja4,
        Kind::UserAgent,
    ];
    for value in text.replace("\\\\", "\\").split(['"', ',']) {
        for kind in kinds {
            Atom::observed(kind, value).iter().for_each(|atom| {
                take(atom);
            });
        }
    }
    let atom = |(kind, value): &(Kind, String)| Atom::observed(*kind, value).ok();
    atoms.iter().filter_map(atom).collect()
}

#[test]
fn each_kind_of_log_is_recognised_and_what_is_in_it_is_found() {
    let mappings = mappings();
    for (name, layout, sample, wanted) in SAMPLES {
        let Recognised {
            mapping,
            layout: is,
        } = recognise(sample.as_bytes(), &mappings).unwrap();
        assert_eq!((mappings[mapping].name(), is), (name, layout));
        let mapping = &mappings[mapping];
        let mut atoms = planted(sample);
        atoms.extend(
            wanted
                .iter()
                .map(|(kind, value)| Atom::observed(*kind, value).unwrap()),
        );
        let both = both(&atoms);
        let found = both.scan(layout, mapping, sample.as_bytes());
        assert_eq!(
            found,
            both.slow(layout, mapping, sample.as_bytes()),
            "{name}"
        );
        assert!(
            found.len() >= sample.lines().count() / 2,
            "{name}: {}",
            found.len()
        );
        for (kind, value) in wanted {
            let wanted = Atom::observed(*kind, value).unwrap();
            let tag = atoms.iter().position(|atom| *atom == wanted).unwrap();
            let has = found.iter().any(|(_, matched)| matched.tag as usize == tag);
            assert!(has, "{name}: {kind} {value}");
        }
    }
}

#[test]
fn lines_that_nobody_marked_go_by_their_form() {
    let mappings = mappings();
    let named = |text: &str| {
        let is = recognise(text.as_bytes(), &mappings);
        is.map(|is| (mappings[is.mapping].name(), is.layout))
    };
    assert_eq!(
        named("{\"a\":1}\n{\"b\":2}\n"),
        Some(("json", Layout::Json))
    );
    assert_eq!(named("a;b\n1;2\n3;4\n"), Some(("csv", Layout::Csv)));
    assert_eq!(named("hello, you\nwhat\n"), Some(("text", Layout::Text)));
    assert_eq!(named("\n\n"), None);
    assert_eq!(
        named("Nov 25 10:00:00 gw sshd[1]: Failed password for root from 10.0.0.1\n"),
        Some(("syslog", Layout::Text))
    );
    assert_eq!(
        named(
            "<134>1 2026-11-25T10:00:00Z h a - - - {\"timestamp\":\"x\",\"event_type\":\"dns\"}\n"
        ),
        Some(("suricata-eve", Layout::Json))
    );
}

#[test]
fn a_mapping_that_is_wrong_says_where_and_what_to_write() {
    let text = "version = 1\nname = \"x\"\nunmapped = \"shape\"\n[fields]\na = \"skip\"\n\"b\" = \"domian\"\n";
    let error = Mapping::from_toml(text).unwrap_err();
    assert!(
        matches!(&error, MappingError::Word { line: 6, .. }),
        "{error}"
    );
    assert!(
        error.to_string().contains("url-host, url-path, ipv4"),
        "{error}"
    );
    let head = "version = 1\nunmapped = \"shape\"\n";
    assert!(Mapping::from_toml(&format!("{head}name = \"../x\"\n")).is_err());
    let wrong = [
        "layouts = [\"xml\"]",
        "marks = [[]]",
        "marks = [[\"\"]]",
        "more = 1",
    ];
    for more in wrong {
        let text = format!("{head}name = \"x\"\n{more}\n");
        assert!(Mapping::from_toml(&text).is_err(), "{more}");
    }
    let many = format!("{head}name = \"x\"\nmarks = [{}]\n", "[\"a\"],".repeat(33));
    assert!(Mapping::from_toml(&many).is_err());
}

#[test]
fn words_are_cut_out_of_sentences_urls_and_what_colons_join() {
    let text =
        b"(see http://a.example/x?u=1,2). from:bob@b.example, [2001:db8::1]:53 10.0.0.1:80... \
                 ip:fe80::1: ::1 c.example. url=https://d.example/(x) ://e.example .f.example:";
    let words: Vec<_> = crate::words::words(text)
        .map(|word| std::str::from_utf8(&text[word]).unwrap())
        .collect();
    let expected = [
        "http://a.example/x?u=1,2",
        "see",
        "from",
        "bob@b.example",
        "2001:db8::1",
        "53",
        "10.0.0.1",
        "80",
        "ip",
        "fe80::1",
        "::1",
        "c.example",
        "https://d.example/(x)",
        "url",
        "e.example",
        "f.example",
    ];
    assert_eq!(
        words.iter().collect::<BTreeSet<_>>(),
        expected.iter().collect::<BTreeSet<_>>()
    );
}

const PIECES: [&str; 30] = [
    "evil.com",
    "www.evil.com",
    "EVIL.com.",
    "198.51.100.7",
    "198.51.7.7",
    "2001:db8::1",
    "::1",
    "::ffff:198.51.100.7",
    "http://evil.com/gate.php",
    "HTTP://evil.com:80/gate.php",
    "://",
    ":",
    "::",
    ".",
    "..",
    "bob@evil.com",
    "d41d8cd98f00b204e9800998ecf8427e",
    "日本語.jp",
    "xn--a",
    "é",
    "\"",
    "(",
    ")",
    "//",
    "=",
    " ",
    "\t",
    "#",
    "-",
    "\r",
];
const ATOMS: [&str; 9] = [
    "evil.com",
    "co.jp",
    "198.51.100.7",
    "198.51.0.0/16",
    "2001:db8::/32",
    "::1",
    "http://evil.com/gate.php",
    "d41d8cd98f00b204e9800998ecf8427e",
    "bob@evil.com",
];

fn some() -> Both {
    let atoms: Vec<Atom> = ATOMS
        .iter()
        .map(|text| Atom::written(text).unwrap())
        .collect();
    both(&atoms)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1500))]

    #[test]
    fn in_any_text_the_scanner_finds_what_the_reference_finds(
        lines in prop::collection::vec(prop::collection::vec(select(&PIECES[..]), 0..24), 1..4),
    ) {
        let text = lines.iter().map(|line| line.concat()).collect::<Vec<_>>().join("\n");
        let (both, mapping) = (some(), named("text"));
        let found = both.scan(Layout::Text, &mapping, text.as_bytes());
        prop_assert_eq!(found, both.slow(Layout::Text, &mapping, text.as_bytes()), "{:?}", text);
    }

    #[test]
    fn in_any_table_the_scanner_finds_what_the_reference_finds(
        lines in prop::collection::vec(prop::collection::vec(select(&PIECES[..]), 0..16), 1..4),
        commas in prop::collection::vec(any::<prop::sample::Index>(), 0..8),
    ) {
        let mut text = "host,uri,query,ts,other\n".to_owned();
        for line in &lines {
            let mut line: Vec<&str> = line.clone();
            for comma in &commas {
                line.insert(comma.index(line.len() + 1), ",");
            }
            text.push_str(line.concat().trim_end_matches('\r'));
            text.push('\n');
        }
        let both = some();
        for mapping in [named("csv"), named("zeek")] {
            let found = both.scan(Layout::Csv, &mapping, text.as_bytes());
            let slow = both.slow(Layout::Csv, &mapping, text.as_bytes());
            // A URL of two fields is made of plain ones only.
            let of_one = |found: &&(usize, Match)| !text.contains('"') || found.1.kind != Kind::Url;
            let (found, slow): (Vec<_>, Vec<_>) = (
                found.iter().filter(of_one).collect(),
                slow.iter().filter(of_one).collect(),
            );
            prop_assert_eq!(found, slow, "{:?}", text);
        }
    }
}
