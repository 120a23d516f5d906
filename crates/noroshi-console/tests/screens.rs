//! The further pages, as a browser asks for them: each in both languages with what partners wrote
//! made harmless; from a pasted report to items under an order that two persons signed.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod desk;

use std::path::Path;

use desk::{Browser, Stage};
use noroshi_node::messages::Lang;

/// The text of a page without its tags.
fn text_of(page: &str) -> String {
    let mut text = String::new();
    let mut is_tag = false;
    for c in page.chars() {
        match c {
            '<' => is_tag = true,
            '>' => is_tag = false,
            c if !is_tag => text.push(c),
            _ => {}
        }
    }
    text
}

/// Kept where the build keeps its output, to be looked at.
fn keep(name: &str, page: &str) {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("screens");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join(name), page).unwrap();
}

const PAGES: &[&str] = &[
    "/share",
    "/share?items=indicator--00000000-0000-4000-8000-000000000005",
    "/recall?item=indicator--00000000-0000-4000-8000-000000000005",
    "/acts",
    "/acts?state=done",
    "/paste",
    "/partners",
    "/partners/balance",
    "/threats",
    "/threats/matrix?parts=1",
    "/ledger",
    "/ledger/0",
    "/settings",
];

#[test]
fn every_page_is_in_both_languages_and_what_others_wrote_is_harmless_in_it() {
    let stage = Stage::new();
    for (person, lang) in [("sato", Lang::En), ("suzuki", Lang::Ja)] {
        let browser = stage.signed_in(person, lang);
        for address in PAGES {
            let page = browser.get(address);
            let plain = |c: char| if c.is_ascii_alphanumeric() { c } else { '-' };
            let name: String = address.chars().map(plain).collect();
            keep(&format!("{}{name}.html", lang.as_str()), &page);
            assert!(!page.contains("<script>alert"), "{address}");
            assert!(!page.contains('\u{202e}'), "{address}");
            // A message that is missing is told by its id.
            let text = text_of(&page);
            for id in ["console-", "doctor-", "standing-"] {
                assert!(!text.contains(id), "{address} {id}: {text}");
            }
            assert!(page.len() < 150_000, "{address}: {} bytes", page.len());
        }
    }
}

#[test]
fn a_pasted_report_becomes_items_under_an_order_that_two_persons_signed() {
    let stage = Stage::new();
    let sato = stage.signed_in("sato", Lang::En);
    let suzuki = stage.signed_in("suzuki", Lang::Ja);
    let profile = [
        ("name", "own"),
        ("title", "Our work"),
        ("markings", "TLP:GREEN"),
        ("own", "1"),
    ];
    let act = sato.led("/settings/profile", &profile);
    let id = act.strip_prefix("/acts/").unwrap();
    let signed = |who: &Browser<'_>, passphrase: &str| {
        let fields = [("act", id), ("passphrase", passphrase)];
        who.post(&act, &fields).status
    };
    // Not with another passphrase, not with a form of another act, and not twice by one person.
    assert_eq!(signed(&sato, "not the passphrase"), 403);
    let other = [("act", "00"), ("passphrase", "passphrase")];
    assert_eq!(sato.post(&act, &other).status, 404);
    assert_eq!(signed(&sato, "passphrase"), 303);
    assert!(sato.get("/acts").contains(id));
    assert!(signed(&sato, "passphrase") >= 400);
    let asked = suzuki.get(&act);
    keep("ja-act.html", &asked);
    assert!(asked.contains("name=\"passphrase\""));
    assert!(!sato.get(&act).contains("name=\"passphrase\""));
    assert_eq!(signed(&suzuki, "passphrase"), 303);
    assert!(sato.get("/acts?state=done").contains(id));

    let report = "悪性の通信先は hxxp://bad[.]example-malware[.]co[.]jp/x と evil[.]co[.]jp です。\n\
        It also asks 8.8.8.8 and 10.1.2.3, and drops d41d8cd98f00b204e9800998ecf8427e.";
    let read = sato.post("/paste", &[("text", report)]);
    let page = String::from_utf8(read.body).unwrap();
    keep("en-paste-read.html", &page);
    assert_eq!(read.status, 200, "{page}");
    for there in ["hxxp", "resolver", "internal networks", "empty file"] {
        assert!(page.contains(there), "{there}: {page}");
    }
    // The name that an item here knows leads to it.
    assert!(page.contains("href=\"/items/"), "{page}");
    let taken = [
        ("text", report),
        ("chosen", "domain:evil.co.jp"),
        ("chosen", "ipv4:203.0.113.9"),
        ("profile", "own"),
    ];
    let next = sato.led("/paste/take", &taken);
    assert_eq!(next.matches("items=indicator--").count(), 1, "{next}");
    assert!(sato.get(&next).contains("indicator--"));
    let none = [
        ("text", report),
        ("chosen", "ipv4:203.0.113.9"),
        ("profile", "own"),
    ];
    assert_eq!(sato.post("/paste/take", &none).status, 400);
    assert_eq!(sato.post("/paste", &[("text", "")]).status, 400);
}

#[test]
fn a_line_has_a_proof_that_is_saved_and_an_invitation_a_code_that_is_drawn() {
    let stage = Stage::new();
    let sato = stage.signed_in("sato", Lang::En);
    let saved = sato.send("GET", "/ledger/0/proof", "");
    assert_eq!(saved.header("content-type"), Some("application/json"));
    let proof: serde_json::Value = serde_json::from_slice(&saved.body).unwrap();
    assert!(proof.as_object().is_some_and(|proof| !proof.is_empty()));
    for nowhere in ["/ledger/999999", "/ledger/x", "/acts/00"] {
        let status = sato.send("GET", nowhere, "").status;
        assert!(matches!(status, 400 | 404), "{nowhere}: {status}");
    }
    let invited = sato.post("/partners/invite", &[]);
    let page = String::from_utf8(invited.body).unwrap();
    keep("en-invite.html", &page);
    assert_eq!(invited.status, 200);
    assert!(page.contains("<svg class=\"qr\""), "{page}");
    // Forms that are not of this session are turned away.
    for action in [
        "/partners/invite",
        "/share",
        "/paste",
        "/settings/rule",
        "/recall",
    ] {
        let status = sato.send("POST", action, "token=00").status;
        assert_eq!(status, 403, "{action}");
    }
}
