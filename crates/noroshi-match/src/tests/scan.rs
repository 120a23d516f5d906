//! The scanner finds what the slow reference finds, on any line.

use std::sync::Arc;

use proptest::prelude::*;
use proptest::sample::select;

use crate::slow::Reference;
use crate::{
    Atom, Builder, Counts, Hit, How, Keyed, Kind, LINE_BYTES_MAX, Layout, Live, Mapping, Match,
    SURICATA_EVE, Scanner, ZEEK,
};

/// One of each kind, some within and below others.
const ATOMS: [&str; 14] = [
    "evil.com",
    "sub.evil.com",
    "co.jp",
    "198.51.100.7",
    "198.51.100.0/24",
    "198.51.0.0/16",
    "2001:db8::1",
    "2001:db8::/32",
    "http://evil.com/gate.php",
    "d41d8cd98f00b204e9800998ecf8427e",
    "bob@evil.com",
    "xn--wgv71a119e.jp",
    "dropper.exe",
    "t13d1516h2_8daaf6152771_b186095e22b6",
];

fn atoms() -> Vec<Atom> {
    let mut atoms: Vec<Atom> = ATOMS
        .iter()
        .map(|text| Atom::written(text).unwrap())
        .collect();
    atoms.push(Atom::observed(Kind::UserAgent, "Evil/1.0").unwrap());
    atoms.push(Atom::observed(Kind::Ja3, "d41d8cd98f00b204e9800998ecf8427e").unwrap());
    atoms
}

struct Both {
    live: Live,
    reference: Reference,
    mapping: Mapping,
}

/// Index and reference with the same atoms; `shaped` leaves out those that only a field gives away,
/// so that the scanner's shorter ways are taken.
fn both(mapping: &str, shaped: bool, in_delta: bool) -> Both {
    let mut builder = Builder::new(Arc::new(Keyed::new(&[3; 32])));
    let mut reference = Reference::default();
    let atoms: Vec<Atom> = atoms()
        .into_iter()
        .filter(|atom| !shaped || atom.kind().is_shaped())
        .collect();
    for (tag, atom) in atoms.iter().enumerate() {
        if !in_delta {
            builder.add(atom, tag as u32).unwrap();
        }
        reference.add(atom.clone(), tag as u32);
    }
    let live = Live::new(builder.build());
    if in_delta {
        for (tag, atom) in atoms.iter().enumerate() {
            live.add(atom, tag as u32);
        }
    }
    Both {
        live,
        reference,
        mapping: Mapping::from_toml(mapping).unwrap(),
    }
}

impl Both {
    fn scan(&self, layout: Layout, bytes: &[u8]) -> (Vec<Hit>, Counts) {
        let mut hits = Vec::new();
        let mut scanner = Scanner::new(layout, self.mapping.clone());
        let counts = scanner.scan(&self.live.view(), bytes, &mut hits);
        (hits, counts)
    }

    /// The matches of one line, sorted, as the reference gives them.
    fn line(&self, line: &str) -> Vec<Match> {
        let (hits, _) = self.scan(Layout::Json, line.as_bytes());
        let mut matches: Vec<Match> = hits.into_iter().map(|hit| hit.matched).collect();
        matches.sort_unstable();
        matches
    }
}

#[test]
fn each_kind_is_found_in_its_field_and_hits_say_how() {
    let both = both(ZEEK, false, false);
    let vectors = [
        (
            r#"{"id.orig_h":"198.51.100.7"}"#,
            vec![How::Whole, How::Within, How::Within],
        ),
        (
            r#"{"id.orig_h":"198.51.100.8"}"#,
            vec![How::Within, How::Within],
        ),
        (r#"{"query":"www.EVIL.com."}"#, vec![How::Below]),
        (
            r#"{"query":"www.sub.evil.com"}"#,
            vec![How::Below, How::Below],
        ),
        (r#"{"query":"example.co.jp"}"#, vec![]),
        (r#"{"query":"co.jp"}"#, vec![How::Whole]),
        (r#"{"query":"notevil.com"}"#, vec![]),
        (
            r#"{"a":["x","2001:0db8:0::1"]}"#,
            vec![How::Whole, How::Within],
        ),
        (
            r#"{"host":"evil.com:80","uri":"/gate.php"}"#,
            vec![How::Whole, How::Whole],
        ),
        (r#"{"referrer":"http://www.evil.com/"}"#, vec![How::Part]),
        (r#"{"subject":"CN=www.evil.com,O=x"}"#, vec![How::Part]),
        (r#"{"user_agent":"Evil/1.0"}"#, vec![How::Whole]),
        (r#"{"other":"Evil/1.0"}"#, vec![]),
        (
            r#"{"ja3":"d41d8cd98f00b204e9800998ecf8427e"}"#,
            vec![How::Whole],
        ),
        (
            r#"{"md5":"D41D8CD98F00B204E9800998ECF8427E"}"#,
            vec![How::Whole],
        ),
        (r#"{"ts":"evil.com"}"#, vec![]),
        (r#"{"q":"\u0065vil.com"}"#, vec![How::Whole]),
        (r#"{"q":"日本語.jp"}"#, vec![How::Whole]),
        (
            r#"{"mailfrom":"bob@evil.com"}"#,
            vec![How::Whole, How::Part],
        ),
        (r#"{"filename":"Dropper.exe"}"#, vec![How::Whole]),
    ];
    for (line, expected) in vectors {
        let mut found: Vec<How> = both.line(line).iter().map(|matched| matched.how).collect();
        let mut expected = expected;
        found.sort_unstable();
        expected.sort_unstable();
        assert_eq!(found, expected, "{line}");
        assert_eq!(
            both.reference.json_line(&both.mapping, line.as_bytes()),
            Some(both.line(line))
        );
    }
}

#[test]
fn places_of_line_and_value_are_those_in_the_bytes() {
    let both = both(ZEEK, false, false);
    let text = b"{\"a\":1}\n{\"q\":\"evil.com\"}\n";
    let (hits, counts) = both.scan(Layout::Json, text);
    assert_eq!(counts.lines, 2);
    assert_eq!((hits.len(), hits[0].line), (1, 8));
    assert_eq!(&text[hits[0].value.clone()], b"evil.com");
}

#[test]
fn a_line_beyond_the_cap_is_counted_and_the_next_is_looked_at() {
    let both = both(ZEEK, false, false);
    let mut text = format!("{{\"q\":\"{}\"}}\n", "x".repeat(LINE_BYTES_MAX)).into_bytes();
    let place = text.len();
    text.extend(b"{\"q\":\"evil.com\"}\n");
    let (hits, counts) = both.scan(Layout::Json, &text);
    assert_eq!((counts.lines, counts.overlong), (2, 1));
    assert_eq!((hits.len(), hits[0].line), (1, place));
}

#[test]
fn zeeks_own_layout_follows_its_header() {
    let both = both(ZEEK, false, false);
    let text = "#separator \\x09\n#fields\tts\tid.orig_h\tquery\tanswers\tuser_agent\n\
                #types\ttime\taddr\tstring\tvector[string]\tstring\n\
                1.0\t198.51.100.7\twww.evil.com\tx.net,evil.com\tEvil/1.0\n\
                1.0\t10.0.0.1\t-\t(empty)\tEvil\\x2f1.0\n\
                evil.com\n";
    let (hits, counts) = both.scan(Layout::ZeekTsv, text.as_bytes());
    assert_eq!(counts.lines, 6);
    let values: Vec<&str> = hits.iter().map(|hit| &text[hit.value.clone()]).collect();
    let address = "198.51.100.7";
    let expected = [
        address,
        address,
        address,
        "www.evil.com",
        "evil.com",
        "Evil/1.0",
        "Evil\\x2f1.0",
    ];
    assert_eq!(values, expected);
    // Without a header nothing can be said of the columns.
    assert!(
        both.scan(Layout::ZeekTsv, b"198.51.100.7\tevil.com\n")
            .0
            .is_empty()
    );
}

/// Found by chance: of two paths the last could not be read, and the first was forgotten.
#[test]
fn a_path_that_cannot_be_read_hides_no_other() {
    let both = both(ZEEK, false, false);
    let line = b"{\"host\":\"evil.com\",\"uri\":\"/gate.php\",\"uri\":\"/\x8b\"}\n";
    let (hits, _) = both.scan(Layout::Json, line);
    assert!(hits.iter().any(|hit| hit.matched.kind == Kind::Url));
    let columns = "#fields\thost\turi\n#types\tstring\tstring\nevil.com\t\\x2fgate.php\n";
    let (hits, _) = both.scan(Layout::ZeekTsv, columns.as_bytes());
    assert!(hits.iter().any(|hit| hit.matched.kind == Kind::Url));
}

#[test]
fn mappings_are_read_strictly() {
    assert!(Mapping::from_toml(ZEEK).is_ok() && Mapping::from_toml(SURICATA_EVE).is_ok());
    let head = "version = 1\nname = \"x\"\nunmapped = \"shape\"\n";
    assert!(Mapping::from_toml(&format!("{head}[fields]\na = \"domain\"\n")).is_ok());
    assert!(Mapping::from_toml(&format!("{head}[fields]\na = \"domian\"\n")).is_err());
    assert!(Mapping::from_toml(&format!("{head}[fields]\na = []\n")).is_err());
    assert!(Mapping::from_toml(&format!("{head}more = 1\n[fields]\n")).is_err());
    assert!(Mapping::from_toml(&head.replace('1', "2")).is_err());
}

/// Values that match, nearly match, or are in the way.
const VALUES: [&str; 46] = [
    "evil.com",
    "www.evil.com",
    "EVIL.COM.",
    "sub.evil.com",
    "a.b.c.sub.evil.com",
    "notevil.com",
    "evil.com.net",
    "co.jp",
    "x.co.jp",
    "198.51.100.7",
    "198.51.100.77",
    "198.51.7.7",
    "198.52.1.1",
    "198.051.100.7",
    "999.1.1.1",
    "2001:db8::1",
    "2001:0DB8:0:0::1",
    "::ffff:198.51.100.7",
    "::1",
    "http://evil.com/gate.php",
    "HTTP://EVIL.com:80/./gate.php#x",
    "ftp://www.evil.com/",
    "http://198.51.100.7:81/",
    "/gate.php",
    "gate.php?x",
    "evil.com:80",
    "[2001:db8::1]:80",
    "d41d8cd98f00b204e9800998ecf8427e",
    "D41D8CD98F00B204E9800998ECF8427E",
    "bob@evil.com",
    "BOB@WWW.EVIL.COM",
    "日本語.jp",
    "日本語。ＪＰ",
    "dropper.exe",
    "Evil/1.0",
    "t13d1516h2_8daaf6152771_b186095e22b6",
    "CN=www.evil.com, O=(x)",
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb.evil.com",
    "sha1 d41d8cd98f00b204e9800998ecf8427e",
    "",
    " ",
    "a.b",
    "..",
    "2018-03-24T17:15:21.255387Z",
    "mail from aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa bob@evil.com now",
    "\u{7f}.com",
];
const KEYS: [&str; 14] = [
    "ts",
    "query",
    "id.orig_h",
    "host",
    "uri",
    "user_agent",
    "ja3",
    "subject",
    "referrer",
    "x",
    "filename",
    "hostname",
    "url",
    "hash",
];

#[derive(Clone, Debug)]
enum Json {
    Text(&'static str),
    Number(i32),
    List(Vec<Json>),
    Map(Vec<(&'static str, Json)>),
}

fn json() -> impl Strategy<Value = Json> {
    let leaf = prop_oneof![
        4 => select(&VALUES[..]).prop_map(Json::Text),
        1 => any::<i32>().prop_map(Json::Number),
    ];
    let map = |inner| prop::collection::vec((select(&KEYS[..]), inner), 0..6).prop_map(Json::Map);
    let tree = leaf.prop_recursive(3, 24, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Json::List),
            prop::collection::vec((select(&KEYS[..]), inner), 0..6).prop_map(Json::Map),
        ]
    });
    map(tree.boxed())
}

/// Written with or without blanks, with letters escaped here and there.
fn write(json: &Json, style: u8, out: &mut String) {
    let (blank, escape) = (style & 1 != 0, style & 2 != 0);
    let text = |text: &str, out: &mut String| {
        let text = serde_json::to_string(text).unwrap();
        match escape {
            true => out.push_str(&text.replacen('e', "\\u0065", 1).replace('/', "\\/")),
            false => out.push_str(&text),
        }
    };
    match json {
        Json::Text(value) => text(value, out),
        Json::Number(number) => out.push_str(&number.to_string()),
        Json::List(list) => {
            out.push('[');
            for (number, item) in list.iter().enumerate() {
                out.push_str(if number > 0 { "," } else { "" });
                write(item, style, out);
            }
            out.push(']');
        }
        Json::Map(map) => {
            out.push('{');
            for (number, (key, item)) in map.iter().enumerate() {
                out.push_str(if number > 0 { "," } else { "" });
                text(key, out);
                out.push_str(if blank { " : " } else { ":" });
                write(item, style, out);
            }
            out.push('}');
        }
    }
}

/// What a broken line gives: its strings by a reader that goes byte by byte.
fn strings(line: &[u8]) -> Vec<(String, String)> {
    let (mut key, mut values, mut at) = (Some(String::new()), Vec::new(), 0);
    while at < line.len() {
        if line[at] != b'"' {
            at += 1;
            continue;
        }
        let start = at + 1;
        at = start;
        while at < line.len() && line[at] != b'"' {
            at += if line[at] == b'\\' { 2 } else { 1 };
        }
        if at >= line.len() {
            break;
        }
        let raw = &line[start..at];
        at += 1;
        let after = line[at..].iter().find(|byte| !b" \t\r".contains(byte));
        let mut quoted = vec![b'"'];
        let mut after_backslash = false;
        for byte in raw {
            match byte {
                // Behind a backslash it is an escape that does not exist, and stays one.
                0..0x20 if !after_backslash => quoted.extend(format!("\\u{byte:04x}").bytes()),
                _ => quoted.push(*byte),
            }
            after_backslash = *byte == b'\\' && !after_backslash;
        }
        quoted.push(b'"');
        // Control characters are taken as they stand.
        let text = match raw.contains(&b'\\') {
            true => serde_json::from_slice::<String>(&quoted).ok(),
            false => String::from_utf8(raw.to_vec()).ok(),
        };
        if after == Some(&b':') {
            key = text;
        } else if let Some(text) = text {
            values.push((key.clone().unwrap_or_default(), text));
        }
    }
    values
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1500))]

    #[test]
    fn on_any_json_the_scanner_finds_what_the_reference_finds(
        events in prop::collection::vec((json(), 0_u8..4), 1..4),
        shaped in any::<bool>(), in_delta in any::<bool>(), eve in any::<bool>(),
    ) {
        let both = both(if eve { SURICATA_EVE } else { ZEEK }, shaped, in_delta);
        let (mut text, mut expected) = (String::new(), Vec::new());
        for (event, style) in &events {
            let start = text.len();
            write(event, *style, &mut text);
            let matches = both.reference.json_line(&both.mapping, &text.as_bytes()[start..]);
            expected.extend(matches.unwrap().into_iter().map(|matched| (start, matched)));
            text.push('\n');
        }
        let (hits, counts) = both.scan(Layout::Json, text.as_bytes());
        let mut found: Vec<_> = hits.into_iter().map(|hit| (hit.line, hit.matched)).collect();
        found.sort_unstable();
        prop_assert_eq!(found, expected, "{}", text);
        prop_assert_eq!(counts.lines as usize, events.len());
    }

    #[test]
    fn on_a_hostile_line_it_finds_what_can_be_read_and_does_not_fall(
        events in prop::collection::vec((json(), 0_u8..4), 1..3),
        cuts in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..6),
        shaped in any::<bool>(),
    ) {
        let both = both(ZEEK, shaped, false);
        let mut text = String::new();
        for (event, style) in &events {
            write(event, *style, &mut text);
        }
        let mut bytes = text.into_bytes();
        for (place, byte) in &cuts {
            let at = place.index(bytes.len());
            match byte % 3 {
                0 => bytes.truncate(at),
                1 => bytes[at] = *byte,
                _ => bytes.insert(at, *byte),
            }
            if bytes.is_empty() {
                bytes.push(b'x');
            }
        }
        let mut expected = Vec::new();
        let mut start = 0;
        for line in bytes.split(|byte| *byte == b'\n') {
            let matches = both.reference.event(&both.mapping, &strings(line));
            expected.extend(matches.into_iter().map(|matched| (start, matched)));
            start += line.len() + 1;
        }
        let (hits, _) = both.scan(Layout::Json, &bytes);
        let mut found: Vec<_> = hits.into_iter().map(|hit| (hit.line, hit.matched)).collect();
        found.sort_unstable();
        prop_assert_eq!(found, expected, "{}", String::from_utf8_lossy(&bytes));
    }

    #[test]
    fn on_zeeks_columns_the_scanner_finds_what_the_reference_finds(
        rows in prop::collection::vec(prop::collection::vec(select(&VALUES[..]), 5), 1..5),
        keys in prop::collection::vec(select(&KEYS[..]), 5),
        shaped in any::<bool>(),
    ) {
        let both = both(ZEEK, shaped, false);
        let mut text = format!("#fields\t{}\n", keys.join("\t"));
        text.push_str("#types\tstring\tvector[string]\tstring\tset[addr]\tstring\n");
        let mut expected = Vec::new();
        for row in &rows {
            let start = text.len();
            let mut values = Vec::new();
            for (number, (key, value)) in keys.iter().zip(row).enumerate() {
                // A set of two, the first of them escaped.
                let written = match number {
                    1 | 3 => format!("{},evil.com", value.replace(',', "\\x2c")),
                    _ => value.replacen('e', "\\x65", 1),
                };
                text.push_str(&written);
                text.push(if number == 4 { '\n' } else { '\t' });
                values.push(((*key).to_owned(), (*value).to_owned()));
                if matches!(number, 1 | 3) {
                    values.push(((*key).to_owned(), "evil.com".to_owned()));
                }
            }
            let matches = both.reference.event(&both.mapping, &values);
            expected.extend(matches.into_iter().map(|matched| (start, matched)));
        }
        // A URL of two columns is made of single values only; sets have no part in it here.
        let of_one = |found: &(usize, Match)| found.1.kind != Kind::Url || found.1.how != How::Whole;
        let (hits, _) = both.scan(Layout::ZeekTsv, text.as_bytes());
        let mut found: Vec<_> = hits.into_iter().map(|hit| (hit.line, hit.matched)).collect();
        found.sort_unstable();
        found.retain(of_one);
        expected.retain(of_one);
        prop_assert_eq!(found, expected, "{}", text);
    }
}
