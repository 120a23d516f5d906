//! Normal forms, refanging and extraction: vectors, and what holds for any text.

use proptest::prelude::*;

use crate::{Atom, KINDS, Kind, Reason, Unfit, Why, extract, refang};

fn written(text: &str) -> (Kind, String) {
    let atom = Atom::written(text).unwrap();
    (atom.kind(), atom.value().to_owned())
}

#[test]
fn what_people_write_has_one_normal_form() {
    let vectors = [
        ("198.51.100.7", Kind::Ipv4, "198.51.100.7"),
        ("198[.]51[.]100[.]7", Kind::Ipv4, "198.51.100.7"),
        ("::ffff:198.51.100.7", Kind::Ipv4, "198.51.100.7"),
        ("2001:0DB8:0:0::1", Kind::Ipv6, "2001:db8::1"),
        ("198.51.100.77/24", Kind::Ipv4Net, "198.51.100.0/24"),
        ("198.51.100.7/32", Kind::Ipv4, "198.51.100.7"),
        ("2001:db8:ffff::/33", Kind::Ipv6Net, "2001:db8:8000::/33"),
        ("Evil.Example.COM.", Kind::Domain, "evil.example.com"),
        ("*.evil.example.com", Kind::Domain, "evil.example.com"),
        ("evil(dot)example[.]com", Kind::Domain, "evil.example.com"),
        (
            "ｅｖｉｌ．ｅｘａｍｐｌｅ．ｃｏｍ",
            Kind::Domain,
            "evil.example.com",
        ),
        ("日本語。jp", Kind::Domain, "xn--wgv71a119e.jp"),
        ("BÜCHER.example", Kind::Domain, "xn--bcher-kva.example"),
        (
            "hxxps://Evil[.]com:443/a/../b?q=%7e#x",
            Kind::Url,
            "https://evil.com/b?q=~",
        ),
        (
            "hxxp://user:pw@evil.com:8080",
            Kind::Url,
            "http://evil.com:8080/",
        ),
        ("http://[2001:DB8::1]/", Kind::Url, "http://[2001:db8::1]/"),
        ("evil.com/path", Kind::Url, "http://evil.com/path"),
        ("Bob[at]Evil[.]com", Kind::Mail, "bob@evil.com"),
        (
            "D41D8CD98F00B204E9800998ECF8427E",
            Kind::Hash,
            "d41d8cd98f00b204e9800998ecf8427e",
        ),
        ("Dropper.EXE", Kind::FileName, "dropper.exe"),
        (
            "C:\\\\Windows\\Temp\\A.dll",
            Kind::FilePath,
            "c:\\windows\\temp\\a.dll",
        ),
        (
            "HKLM\\Software\\Run\\",
            Kind::RegistryKey,
            "hkey_local_machine\\software\\run",
        ),
        (
            "t13d1516h2_8daaf6152771_b186095e22b6",
            Kind::Ja4,
            "t13d1516h2_8daaf6152771_b186095e22b6",
        ),
    ];
    for (text, kind, value) in vectors {
        assert_eq!(written(text), (kind, value.to_owned()), "{text}");
    }
}

#[test]
fn what_is_no_atom_is_refused_with_the_reason() {
    let vectors = [
        ("0.0.0.0/0", Unfit::TooWide),
        ("10.0.0.0/3", Unfit::TooWide),
        ("::/0", Unfit::TooWide),
        ("198.51.100.7:443", Unfit::Port),
        ("/gate.php", Unfit::NoHost),
        ("localhost", Unfit::Unknown),
        ("", Unfit::Unknown),
        ("a..b.com", Unfit::Unknown),
    ];
    for (text, unfit) in vectors {
        assert_eq!(Atom::written(text), Err(unfit), "{text}");
    }
    assert_eq!(Atom::written(&"a".repeat(5000)), Err(Unfit::TooLong));
    // What a log gives is not refanged and not trimmed.
    assert!(Atom::observed(Kind::Domain, "evil[.]com").is_err());
    assert!(Atom::observed(Kind::Domain, " evil.com").is_err());
    assert!(Atom::observed(Kind::Ipv4, "010.1.2.3").is_err());
    assert!(Atom::observed(Kind::Domain, "1.2.3.4").is_err());
}

#[test]
fn a_public_suffix_is_known_as_one() {
    let is_suffix = |name: &str| Atom::written(name).unwrap().is_public_suffix();
    assert!(is_suffix("co.jp") && is_suffix("github.io"));
    assert!(!is_suffix("example.co.jp") && !is_suffix("user.github.io"));
}

#[test]
fn kinds_keep_their_numbers_and_names() {
    for (at, kind) in KINDS.into_iter().enumerate() {
        assert_eq!(kind as usize, at + 1);
        assert_eq!(Kind::from_number(kind as u8), Some(kind));
        assert_eq!(Kind::from_name(kind.name()), Some(kind));
    }
    assert_eq!(Kind::from_number(0), None);
    assert_eq!(Kind::from_number(16), None);
}

#[test]
fn a_report_gives_up_its_indicators_in_english_and_japanese() {
    let text = "The loader (hxxps://evil[.]example.com/a.php) talks to 198.51.100[.]7:8080. \
                攻撃者は「ｅｖｉｌ２．ｃｏｍ」を使用し、通信先はc2.example.netです。次の文。\
                宛先は「日本語.jp」、ハッシュはD41D8CD98F00B204E9800998ECF8427Eである。\
                Mail: Bob@Evil.com, file setup.exe; key HKCU\\Software\\Run, version 1.2 of foo.";
    let extract = extract(text);
    let found: Vec<(Kind, &str)> = extract
        .found
        .iter()
        .map(|found| (found.atom.kind(), found.atom.value()))
        .collect();
    assert_eq!(
        found,
        [
            (Kind::Url, "https://evil.example.com/a.php"),
            (Kind::Ipv4, "198.51.100.7"),
            (Kind::Domain, "evil2.com"),
            (Kind::Domain, "c2.example.net"),
            (Kind::Domain, "xn--wgv71a119e.jp"),
            (Kind::Hash, "d41d8cd98f00b204e9800998ecf8427e"),
            (Kind::Mail, "bob@evil.com"),
            (Kind::FileName, "setup.exe"),
            (Kind::RegistryKey, "hkey_current_user\\software\\run"),
        ]
    );
    let at = |number: usize| &text[extract.found[number].span.clone()];
    assert_eq!(at(0), "hxxps://evil[.]example.com/a.php");
    assert_eq!(at(1), "198.51.100[.]7");
    assert_eq!(at(2), "ｅｖｉｌ２．ｃｏｍ");
    assert_eq!(
        extract.found[1].reasons,
        [Reason::Refanged, Reason::PortLeftOut]
    );
    assert_eq!(extract.found[3].reasons, []);
    assert_eq!(extract.found[4].reasons, [Reason::Levelled]);
}

#[test]
fn what_only_looks_like_an_indicator_is_passed_over_with_the_reason() {
    let extract =
        extract("see 127.0.0.1, 0.0.0.0/0 and org.apache.log4j. 宛先は日本語.jp Then, e.g. this.");
    let why: Vec<Why> = extract.passed_over.iter().map(|over| over.why).collect();
    assert_eq!(
        why,
        [
            Why::NoHost,
            Why::TooWide,
            Why::UnknownEnding,
            Why::UnclearName
        ]
    );
    assert!(extract.found.is_empty(), "{:?}", extract.found);
}

/// Texts in which the forms that matter are frequent.
fn texts() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("evil"),
        Just("."),
        Just("[.]"),
        Just("com"),
        Just("(dot)"),
        Just("://"),
        Just("[:]"),
        Just("hxxp"),
        Just("http"),
        Just("/"),
        Just("@"),
        Just("[at]"),
        Just(" "),
        Just("。"),
        Just("．"),
        Just("日本"),
        Just("1"),
        Just("198.51.100.7"),
        Just(":"),
        Just("["),
        Just("]"),
        Just("ｈ"),
        Just("\u{200b}"),
        Just("\\"),
        Just("%2e"),
        Just("#"),
        Just("?"),
        Just("-"),
        Just("h**ps"),
        Just("{"),
        Just("}"),
        Just("("),
        Just(")"),
        Just("2001:db8::1"),
        Just(".exe"),
        Just("\n"),
        Just("「"),
        Just("ß"),
        Just("İ"),
        Just("hklm\\"),
        Just("C:\\"),
    ];
    prop::collection::vec(piece, 0..14).prop_map(|pieces| pieces.concat())
}

/// The short way for plain texts and the long one agree.
#[test]
fn a_plain_entry_is_what_its_defanged_form_is() {
    for text in [
        "evil.com",
        "a.exe",
        "198.51.100.7",
        "1.2.3",
        "setup.zip",
        "localhost",
        "x_y.com",
    ] {
        let blank = format!("[{text}]").replace(['[', ']'], "\u{200b}");
        assert_eq!(Atom::written(text), Atom::written(&blank), "{text}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn refanging_twice_is_refanging_once(text in texts()) {
        let once = refang(&text);
        prop_assert_eq!(refang(&once), once);
    }

    #[test]
    fn a_normal_form_is_its_own_normal_form(text in texts(), number in 1_u8..16) {
        let kind = Kind::from_number(number).unwrap();
        if let Ok(atom) = Atom::observed(kind, &text) {
            prop_assert_eq!(&Atom::observed(atom.kind(), atom.value()).unwrap(), &atom);
        }
        if let Ok(atom) = Atom::written(&text) {
            prop_assert_eq!(&Atom::observed(atom.kind(), atom.value()).unwrap(), &atom);
        }
    }

    #[test]
    fn defanged_and_refanged_is_as_before(text in texts()) {
        if let Ok(atom) = Atom::written(&text) {
            prop_assert_eq!(refang(&atom.defanged()), refang(atom.value()));
            prop_assert_eq!(Atom::written(&atom.defanged()), Atom::written(atom.value()));
        }
    }

    #[test]
    fn spans_lie_in_the_text_and_read_as_the_indicator(text in texts()) {
        for found in extract(&text).found {
            let span = text.get(found.span.clone());
            prop_assert!(span.is_some_and(|span| !span.is_empty()));
            if found.reasons.contains(&Reason::Refanged) {
                // What stood beside it may have been needed to read it; the vectors show these.
                continue;
            }
            let read = refang(span.unwrap());
            let again = Atom::observed(found.atom.kind(), &read)
                .or_else(|_| Atom::observed(Kind::Url, &format!("http://{read}")));
            prop_assert_eq!(again, Ok(found.atom));
        }
    }

    #[test]
    fn any_text_is_taken(text in "\\PC{0,200}") {
        let _ = extract(&text);
        let _ = Atom::written(&text);
    }
}
