//! What is exported says what was said, and nothing that a value says of itself.

use std::collections::{BTreeMap, BTreeSet};

use noroshi_model::Timestamp;
use proptest::prelude::*;

use crate::export::{Export, FORMATS, Format, Said, Unsaid, export};
use crate::{Atom, KINDS, Kind};

const NOW: i64 = 1_795_600_000_000_000;

fn said(number: u32, kind: Kind, text: &str) -> Said {
    Said {
        atom: Atom::observed(kind, text).unwrap(),
        id: format!("indicator--00000000-0000-4000-8000-{number:012}"),
        modified: Timestamp::from_micros(1_790_000_000_000_000),
        valid_until: number
            .is_multiple_of(2)
            .then(|| Timestamp::from_micros(NOW + 1_000_000)),
        confidence: number.is_multiple_of(3).then_some(85),
    }
}

fn some() -> Vec<Said> {
    let values = [
        (Kind::Ipv4, "198.51.100.7"),
        (Kind::Ipv4Net, "203.0.113.0/24"),
        (Kind::Ipv6, "2001:db8::1"),
        (Kind::Ipv6Net, "2001:db8:7::/48"),
        (Kind::Domain, "t.co"),
        (Kind::Domain, "evil_1.example"),
        (Kind::Domain, "co.uk"),
        (Kind::Domain, "32.7.100.51.198.rpz-ip"),
        (Kind::Url, "http://evil.example:8080/a;b?c=|d\"e"),
        (Kind::Url, "https://evil.example/a"),
        (Kind::Hash, "d41d8cd98f00b204e9800998ecf8427e"),
        (Kind::Hash, "da39a3ee5e6b4b0d3255bfef95601890afd80709"),
        (
            Kind::Hash,
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        ),
        (Kind::Mail, "=cmd@evil.example"),
        (Kind::FileName, "#a,\"b\".exe"),
        (Kind::FilePath, "c:\\temp\\a=b.exe"),
        (Kind::RegistryKey, "HKLM\\Software\\Evil"),
        (
            Kind::Certificate,
            "da39a3ee5e6b4b0d3255bfef95601890afd80709",
        ),
        (Kind::Ja3, "d41d8cd98f00b204e9800998ecf8427e"),
        (Kind::Ja4, "t13d1516h2_8daaf6152771_e5627efa2ab1"),
        (Kind::UserAgent, "Evil/1.0 (a; b) | \"c\"\\"),
    ];
    let numbered = values.into_iter().zip(0..);
    numbered
        .map(|((kind, text), number)| said(number, kind, text))
        .collect()
}

fn written(format: Format, all: Vec<Said>) -> Export {
    export(format, all, Timestamp::from_micros(NOW))
}

/// The files are what tools were shown by hand; a change of a format shows here.
///
/// Clause: I2
#[test]
fn each_format_is_as_its_golden_file() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/test-data/export/");
    for format in FORMATS {
        let made = written(format, some());
        let mut text = made.head + &made.body;
        for (id, atom, why) in &made.unsaid {
            let (kind, why) = (atom.kind(), why.code());
            text += &format!("-- {id} {kind} {}: {why}\n", atom.value());
        }
        let path = format!("{folder}{}.txt", format.name());
        let golden = std::fs::read_to_string(&path).unwrap_or_default();
        assert_eq!(text, golden, "{path}");
    }
}

#[test]
fn every_value_is_written_or_handed_back_and_the_order_does_not_count() {
    for format in FORMATS {
        let made = written(format, some());
        let handed = u64::try_from(made.unsaid.len()).unwrap();
        assert_eq!(made.values + handed, some().len() as u64, "{format:?}");
        let mut turned = some();
        turned.reverse();
        turned.extend(some());
        assert_eq!(written(format, turned), made, "{format:?}");
    }
}

#[test]
fn several_who_say_the_same_are_one_rule_and_one_line_each_in_a_table() {
    let both = || {
        vec![
            said(9, Kind::Domain, "a.example"),
            said(8, Kind::Domain, "a.example"),
        ]
    };
    let zeek = written(Format::Zeek, both());
    assert_eq!(zeek.values, 1);
    assert!(zeek.body.ends_with("000000000008\n"), "{}", zeek.body);
    assert_eq!(written(Format::Csv, both()).values, 2);
}

/// An option of a rule: its word and what stands behind it.
type OptionOf = (String, String);

/// A rule taken apart by the grammar of the manual: header, then options between semicolons that
/// are neither in quotes nor escaped.
fn rule(line: &str) -> (String, Vec<OptionOf>) {
    let (header, rest) = line.split_once(" (").expect("options");
    let inner = rest.strip_suffix(";)").expect("an end");
    let (mut options, mut text, mut quoted, mut escaped) =
        (Vec::new(), String::new(), false, false);
    for char in inner.chars().chain([';']) {
        match char {
            ';' if !quoted && !escaped => {
                let option = std::mem::take(&mut text);
                let option = option.trim();
                let (word, value) = option.split_once(':').unwrap_or((option, ""));
                options.push((word.to_owned(), value.to_owned()));
                continue;
            }
            '"' if !escaped => quoted = !quoted,
            _ => {}
        }
        escaped = char == '\\' && !escaped;
        text.push(char);
    }
    assert!(!quoted, "{line}");
    (header.to_owned(), options)
}

/// The bytes that a content stands for.
fn content(value: &str) -> Vec<u8> {
    let inner = value.strip_prefix('"').unwrap().strip_suffix('"').unwrap();
    let mut bytes = Vec::new();
    for (place, part) in inner.split('|').enumerate() {
        if place % 2 == 0 {
            assert!(!part.contains(['"', ';', ':', '\\']), "{value}");
            bytes.extend_from_slice(part.as_bytes());
        } else {
            let digits = part
                .split(' ')
                .map(|pair| u8::from_str_radix(pair, 16).unwrap());
            bytes.extend(digits);
        }
    }
    bytes
}

/// Does a rule's name option find this host, as the engine would?
fn finds(options: &[OptionOf], host: &str) -> bool {
    let has = |word: &str| options.iter().any(|(known, _)| known == word);
    let host = if has("dotprefix") {
        format!(".{host}")
    } else {
        host.to_owned()
    };
    let (_, value) = options.iter().find(|(word, _)| word == "content").unwrap();
    let content = String::from_utf8(content(value)).unwrap();
    let found = if has("nocase") {
        host.to_ascii_lowercase()
    } else {
        host
    };
    match (has("startswith"), has("endswith")) {
        (true, true) => found == content,
        (false, true) => found.ends_with(&content),
        _ => found.contains(&content),
    }
}

/// A short domain that was cut out of nothing must not flag half of the internet.
///
/// Clause: I4c
#[test]
fn a_domain_is_found_whole_or_with_what_lies_below_it_never_within_another() {
    let rules = written(Format::Suricata, vec![said(1, Kind::Domain, "t.co")]).body;
    assert_eq!(rules.lines().count(), 3);
    for line in rules.lines() {
        let (_, options) = rule(line);
        for host in ["pinot.co", "t.com", "at.co.example", "xt.co"] {
            assert!(!finds(&options, host), "{host}: {line}");
        }
        assert!(
            finds(&options, "t.co") && finds(&options, "a.t.co"),
            "{line}"
        );
    }
    let rules = written(Format::Suricata, vec![said(1, Kind::Domain, "co.uk")]).body;
    for line in rules.lines() {
        let (_, options) = rule(line);
        assert!(
            !finds(&options, "bbc.co.uk") && finds(&options, "co.uk"),
            "{line}"
        );
    }
}

#[test]
fn numbers_of_rules_are_in_the_local_range_no_two_alike_and_the_same_in_any_order() {
    let many: Vec<Said> = (0..4000_u32)
        .map(|at| said(at, Kind::Domain, &format!("d{at}.example")))
        .collect();
    let sids = |made: &Export| -> Vec<u32> {
        let sid = |line: &str| {
            let (_, options) = rule(line);
            let sid = options.into_iter().find(|(word, _)| word == "sid");
            sid.unwrap().1.parse().unwrap()
        };
        made.body.lines().map(sid).collect()
    };
    let made = written(Format::Suricata, many.clone());
    let all = sids(&made);
    assert_eq!(all.iter().collect::<BTreeSet<_>>().len(), 12_000);
    assert!(all.iter().all(|sid| (1_000_000..2_000_000).contains(sid)));
    let mut more = many;
    more.reverse();
    assert_eq!(written(Format::Suricata, more.clone()), made);
    // One more moves none but those that it meets.
    more.push(said(9999, Kind::Domain, "a.example"));
    let moved = written(Format::Suricata, more);
    let of = |made: &Export| -> BTreeMap<String, u32> {
        let names = made.body.lines().map(|line| {
            let (head, _) = line.split_once("sid:").unwrap();
            head.to_owned()
        });
        names.zip(sids(made)).collect()
    };
    let (before, after) = (of(&made), of(&moved));
    let changed = before
        .iter()
        .filter(|(line, sid)| after.get(*line) != Some(*sid));
    assert!(changed.count() <= 3);
}

#[test]
fn rules_end_at_half_of_the_range() {
    let many = (0..170_000_u32).map(|at| said(at, Kind::Domain, &format!("d{at}.example")));
    let made = written(Format::Suricata, many.collect());
    assert_eq!(made.values, 166_666);
    assert!(made.unsaid.iter().all(|(_, _, why)| *why == Unsaid::Full));
}

/// The address that a name of the zone stands for, with its prefix.
fn rpz_address(name: &str) -> String {
    let mut parts: Vec<&str> = name.strip_suffix(".rpz-ip").unwrap().split('.').collect();
    let prefix = parts.remove(0);
    parts.reverse();
    if parts.len() == 4 && !parts.contains(&"zz") {
        return format!("{}/{prefix}", parts.join("."));
    }
    let place = parts.iter().position(|part| *part == "zz");
    let mut words = parts.clone();
    if let Some(place) = place {
        words.splice(place..=place, vec!["0"; 9 - parts.len()]);
    }
    let ip: std::net::Ipv6Addr = words.join(":").parse().unwrap();
    format!("{ip}/{prefix}")
}

#[test]
fn a_zone_names_addresses_backwards_and_no_name_is_taken_for_another_trigger() {
    for (kind, text) in [
        (Kind::Ipv4, "198.51.100.7"),
        (Kind::Ipv4Net, "10.0.0.0/8"),
        (Kind::Ipv6, "2001:db8::"),
        (Kind::Ipv6, "::1"),
        (Kind::Ipv6, "1:0:0:2:0:0:0:3"),
        (Kind::Ipv6, "1:0:2:3:4:5:6:7"),
        (Kind::Ipv6Net, "2001:db8::/32"),
    ] {
        let one = said(1, kind, text);
        let wanted = one.atom.value().to_owned();
        let made = written(Format::Rpz, vec![one]).body;
        let name = made.strip_suffix(" CNAME .\n").unwrap();
        let read = rpz_address(name);
        let whole = if wanted.contains(':') { "/128" } else { "/32" };
        assert!(read == wanted || read == wanted.clone() + whole, "{made}");
    }
    for name in ["a.rpz-ip", "x.rpz-client-ip", "y.rpz-drop"] {
        let made = written(Format::Rpz, vec![said(1, Kind::Domain, name)]);
        assert_eq!((made.body.as_str(), made.unsaid[0].2), ("", Unsaid::Unsafe));
    }
    let long = [
        "a".repeat(63),
        "b".repeat(63),
        "c".repeat(63),
        "example".into(),
    ]
    .join(".");
    let made = written(Format::Rpz, vec![said(1, Kind::Domain, &long)]);
    assert_eq!(made.unsaid[0].2, Unsaid::TooLong);
}

/// Fields of a line of RFC 4180.
fn csv(line: &str) -> Vec<String> {
    let (mut fields, mut field, mut quoted) = (Vec::new(), String::new(), false);
    let mut chars = line.chars().peekable();
    while let Some(char) = chars.next() {
        match char {
            '"' if quoted && chars.peek() == Some(&'"') => {
                chars.next();
                field.push('"');
            }
            '"' => quoted = !quoted,
            ',' if !quoted => fields.push(std::mem::take(&mut field)),
            _ => field.push(char),
        }
    }
    fields.push(field);
    fields
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn no_value_leaves_its_place(
        kind in prop::sample::select(KINDS.to_vec()),
        text in "(http://[a-z]{1,4}\\.example/)?[a-z.@/\\\\\"'|;:,=#\t$(){}\\[\\]<>é -]{1,40}",
    ) {
        let Ok(atom) = Atom::observed(kind, &text) else { return Ok(()); };
        let value = atom.value().to_owned();
        let one = || vec![Said { atom: atom.clone(), ..said(1, Kind::Ipv4, "192.0.2.1") }];
        for line in written(Format::Suricata, one()).body.lines() {
            let (header, options) = rule(line);
            prop_assert!(!header.contains(';'));
            let words: Vec<&str> = options.iter().map(|(word, _)| word.as_str()).collect();
            prop_assert!(words.iter().all(|word| [
                "msg", "dns.query", "tls.sni", "http.host", "http.uri.raw", "http.user_agent",
                "tls.cert_fingerprint", "ja3.hash", "dotprefix", "content", "nocase",
                "startswith", "endswith", "sid", "rev",
            ].contains(word)), "{}", line);
            for (_, text) in options.iter().filter(|(word, _)| word == "content") {
                let bytes = content(text);
                let said = format!(".{value}");
                prop_assert!(said.as_bytes().windows(bytes.len()).any(|part| part == bytes));
            }
        }
        for line in written(Format::Zeek, one()).body.lines() {
            let columns: Vec<&str> = line.split('\t').collect();
            prop_assert_eq!(columns.len(), 4);
            prop_assert!(value.ends_with(columns[0]) && !columns[0].starts_with('#'));
        }
        for line in written(Format::Csv, one()).body.split_terminator("\r\n") {
            let fields = csv(line);
            prop_assert_eq!(fields.len(), 5);
            prop_assert_eq!(&fields[2], &value);
        }
        for line in written(Format::Cef, one()).body.lines() {
            prop_assert_eq!(line.matches(" cs2Label=").count(), 1);
            let (_, rest) = line.split_once(" cs1=").unwrap();
            let (escaped, _) = rest.split_once(" cs2Label=").unwrap();
            prop_assert_eq!(escaped.replace("\\=", "=").replace("\\\\", "\\"), value.clone());
        }
        for format in FORMATS {
            let made = written(format, one());
            prop_assert!(made.values + made.unsaid.len() as u64 == 1);
        }
    }
}
