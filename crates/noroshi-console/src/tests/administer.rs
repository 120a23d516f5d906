//! People, credentials, backups and kept searches, by the pages.

use super::stage::{PASSPHRASE, Stage, text};

#[test]
fn a_newcomer_is_asked_for_with_a_key_of_their_own_and_a_code() {
    let mut stage = Stage::new();
    stage.enrol("sato");
    let mut browser = stage.signed_in("sato");
    browser.get(&stage, "/settings");
    let add = |browser: &mut super::stage::Browser, again: &str, public: &str| {
        let fields = [
            ("name", "tanaka"),
            ("passphrase", PASSPHRASE),
            ("again", again),
            ("public", public),
        ];
        browser.post(&stage, "/settings/person/add", &fields)
    };
    assert_eq!(add(&mut browser, "another one", "").status, 400);
    assert_eq!(add(&mut browser, "", "zz").status, 400);
    // An order that came to nothing leaves a key: whoever knows its passphrase asks again.
    for _ in 0..2 {
        let asked = add(&mut browser, PASSPHRASE, "");
        assert_eq!(asked.status, 303, "{}", text(&asked));
        assert!(asked.header("location").unwrap().starts_with("/acts/"));
    }
    let known = [
        ("name", "suzuki"),
        ("passphrase", PASSPHRASE),
        ("again", PASSPHRASE),
    ];
    assert_eq!(
        browser.post(&stage, "/settings/person/add", &known).status,
        403
    );
    let code = browser.post(&stage, "/settings/person/code", &[("name", "suzuki")]);
    assert!(text(&code).contains("-"), "{}", text(&code));
    assert_eq!(code.status, 200);
    let fields = [("name", "suzuki"), ("duty", "release"), ("duty", "audit")];
    let clash = browser.post(&stage, "/settings/person/duties", &fields);
    assert_eq!(clash.status, 400, "{}", text(&clash));
    let fields = [("name", "suzuki"), ("duty", "release")];
    let asked = browser.post(&stage, "/settings/person/duties", &fields);
    assert!(asked.header("location").unwrap().starts_with("/acts/"));
    // Two must remain.
    let alone = browser.post(&stage, "/settings/person/revoke", &[("name", "suzuki")]);
    assert_eq!(alone.status, 403, "{}", text(&alone));
}

#[test]
fn backups_go_into_the_folder_for_them_and_nowhere_else() {
    let mut stage = Stage::new();
    stage.enrol("sato");
    let mut browser = stage.signed_in("sato");
    browser.get(&stage, "/settings");
    let make = |browser: &mut super::stage::Browser, name: &str, again: &str| {
        let fields = [("name", name), ("passphrase", PASSPHRASE), ("again", again)];
        browser.post(&stage, "/settings/backup", &fields)
    };
    for name in ["../out", "/tmp/out", "", ".hidden", "A", "a b"] {
        assert_eq!(make(&mut browser, name, PASSPHRASE).status, 400, "{name}");
    }
    assert_eq!(make(&mut browser, "monday", "else").status, 400);
    let made = make(&mut browser, "monday", PASSPHRASE);
    assert_eq!(made.status, 303, "{}", text(&made));
    let shown = text(&browser.get(&stage, "/settings"));
    assert!(shown.contains("backups/monday"), "{shown}");
    // Nothing is overwritten.
    assert!(make(&mut browser, "monday", PASSPHRASE).status >= 400);
}

#[test]
fn a_clients_secret_is_shown_once_and_kept_nowhere() {
    let mut stage = Stage::new();
    stage.enrol("sato");
    let mut browser = stage.signed_in("sato");
    browser.get(&stage, "/settings");
    let fields = [("name", "reader"), ("client", "nobody"), ("read", "1")];
    let refused = browser.post(&stage, "/settings/token", &fields);
    assert!(refused.status >= 400 && !text(&refused).contains("noroshi_"));
}

#[test]
fn a_search_is_kept_for_its_person_alone() {
    let mut stage = Stage::new();
    stage.enrol("sato");
    stage.enrol("suzuki");
    let mut browser = stage.signed_in("sato");
    browser.get(&stage, "/items?q=狼煙");
    let nothing = browser.post(&stage, "/items/keep", &[("name", "all")]);
    assert_eq!(nothing.status, 400);
    for name in ["", "\u{7}", &"長".repeat(61)] {
        let refused = browser.post(&stage, "/items/keep", &[("name", name), ("q", "a")]);
        assert_eq!(refused.status, 400, "{name}");
    }
    let fields = [("name", "<b>港"), ("q", "狼煙 a&b"), ("kind", "malware")];
    let kept = browser.post(&stage, "/items/keep", &fields);
    let address = "/items?q=%E7%8B%BC%E7%85%99%20a%26b&kind=malware";
    assert_eq!(kept.header("location"), Some(address));
    let shown = text(&browser.get(&stage, "/items"));
    assert!(shown.contains("&#60;b&#62;港"), "{shown}");
    assert!(shown.contains("href=\"/items?q=%E7%8B%BC%E7%85%99%20a%26b&#38;kind=malware\""));
    let mut other = stage.signed_in("suzuki");
    assert!(!text(&other.get(&stage, "/items")).contains("港"));
    browser.post(&stage, "/items/forget", &[("name", "<b>港")]);
    assert!(!text(&browser.get(&stage, "/items")).contains("港"));
}

#[test]
fn first_steps_suit_what_the_organisation_is_and_are_orders() {
    let mut stage = Stage::new();
    stage.enrol("sato");
    let mut browser = stage.signed_in("sato");
    let shown = text(&browser.get(&stage, "/"));
    // An agency: the stage's choice at the form.
    assert!(shown.contains("tlp:clear us-class:unclassified"), "{shown}");
    assert!(shown.contains("value=\"TLP:GREEN\""), "{shown}");
    assert!(shown.contains("action=\"/catalogues\""));
    let above = [("above", "tlp:clear us-class:unclassified")];
    let order = browser.post(&stage, "/settings/rule", &above);
    assert!(order.header("location").unwrap().starts_with("/acts/"));
    // Who watches neither takes in nor rules: nothing is theirs to do.
    stage.enrol("suzuki");
    stage.duties("suzuki", &["watch"]);
    let mut watch = stage.signed_in("suzuki");
    assert!(!text(&watch.get(&stage, "/")).contains("data-live=\"first\""));
}

#[test]
fn a_file_goes_the_way_of_its_kind() {
    let mut stage = Stage::new();
    stage.enrol("sato");
    let mut browser = stage.signed_in("sato");
    browser.get(&stage, "/paste");
    let kind = "multipart/form-data; boundary=xx";
    browser.headers.insert("content-type", kind.to_owned());
    let send = |browser: &mut super::stage::Browser, token: &str, file: &str| {
        let part = |more: &str, text: &str| {
            format!("--xx\r\nContent-Disposition: form-data; {more}\r\n\r\n{text}\r\n")
        };
        let body = part("name=\"token\"", token)
            + &part("name=\"file\"; filename=\"<i>.csv\"", file)
            + "--xx--\r\n";
        browser.send(&stage, "POST", "/paste/file", &body)
    };
    let token = browser.token.clone();
    assert_eq!(send(&mut browser, "0", "198.51.100.7").status, 403);
    for refused in ["%PDF-1.7 198.51.100.7", "a\0b", ""] {
        assert_eq!(send(&mut browser, &token, refused).status, 400, "{refused}");
    }
    let list = send(
        &mut browser,
        &token,
        "address,seen\r\nupdate-harbour[.]net,yes\r\n",
    );
    assert_eq!(list.status, 200, "{}", text(&list));
    assert!(
        text(&list).contains("update-harbour[.]net"),
        "{}",
        text(&list)
    );
    let object = r#"{"type":"malware","spec_version":"2.1","is_family":true,"name":"Loader",
        "id":"malware--00000000-0000-4000-8000-000000000001",
        "created":"2026-11-25T07:00:00.000Z","modified":"2026-11-25T07:00:00.000Z",
        "object_marking_refs":["marking-definition--94868c89-83c2-464b-929b-a1a8aa3c8487"]}"#;
    let taken = text(&send(&mut browser, &token, &format!("[{object}]")));
    assert!(taken.contains("/items?source="), "{taken}");
    assert!(taken.contains("&#60;i&#62;.csv"), "{taken}");
    browser.headers.remove("content-type");
    assert!(text(&browser.get(&stage, "/items?q=loader")).contains("Loader"));
}
