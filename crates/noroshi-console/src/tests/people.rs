//! Setting up an account, signing in, and how a session ends.

use noroshi_model::Clock as _;

use super::stage::{Browser, PASSPHRASE, PASSWORD, Stage, text};

fn fields<'a>(
    code: &'a str,
    person: &'a str,
    passphrase: &'a str,
    password: &'a str,
    digits: &'a str,
) -> Vec<(&'static str, &'a str)> {
    vec![
        ("enrolment", code),
        ("person", person),
        ("passphrase", passphrase),
        ("password", password),
        ("again", password),
        ("code", digits),
        ("kind", "unit"),
        ("zone", "Asia/Tokyo"),
        ("lang", "ja"),
    ]
}

#[test]
fn a_code_alone_makes_nobody() {
    let stage = Stage::new();
    let code = stage.code_for("sato");
    let mut browser = Browser::default();
    browser.get(&stage, &format!("/enrol?code={code}"));
    let digits = stage.secret_of(&browser, &code);
    let digits = digits.code(stage.hands.now());
    for (code, person, passphrase, password, digits) in [
        (
            "AAAA-AAAA-AAAA-AAAA",
            "sato",
            PASSPHRASE,
            PASSWORD,
            &*digits,
        ),
        (&code, "nobody", PASSPHRASE, PASSWORD, &digits),
        (&code, "sato", "another passphrase", PASSWORD, &digits),
        (&code, "sato", PASSPHRASE, "short", &digits),
        (&code, "sato", PASSPHRASE, PASSWORD, "000000"),
    ] {
        let said = fields(code, person, passphrase, password, digits);
        let answer = browser.post(&stage, "/enrol", &said);
        assert!((400..500).contains(&answer.status), "{}", answer.status);
        assert!(!stage.node.has_accounts().unwrap());
    }
    let mut differ = fields(&code, "sato", PASSPHRASE, PASSWORD, &digits);
    differ[4].1 = "a long and quiet sentenze";
    assert_eq!(browser.post(&stage, "/enrol", &differ).status, 400);
    let said = fields(&code, "sato", PASSPHRASE, PASSWORD, &digits);
    assert_eq!(browser.post(&stage, "/enrol", &said).status, 303);
    assert!(stage.node.has_accounts().unwrap());
    assert_eq!(stage.node.face().unwrap().kind.as_str(), "unit");
    // It serves once, and nobody gets in by the first link any more.
    let again = browser.post(&stage, "/enrol", &said);
    assert_eq!(again.status, 403, "{}", text(&again));
    assert!(stage.node.first_code().unwrap().is_none());
}

#[test]
fn anothers_code_is_not_good_and_none_is_after_a_day() {
    let mut stage = Stage::new();
    stage.enrol("sato");
    let code = stage.code_for("suzuki");
    let mut browser = Browser::default();
    browser.get(&stage, &format!("/enrol?code={code}"));
    let digits = stage.secret_of(&browser, &code);
    let digits = digits.code(stage.hands.now());
    let said = fields(&code, "sato", PASSPHRASE, PASSWORD, &digits);
    assert_eq!(browser.post(&stage, "/enrol", &said).status, 403);
    stage.pass(24 * 3600);
    assert_eq!(
        browser.get(&stage, &format!("/enrol?code={code}")).status,
        403
    );
}

#[test]
fn a_second_account_does_not_say_what_the_organisation_is() {
    let mut stage = Stage::new();
    stage.enrol("sato");
    assert_eq!(stage.node.face().unwrap().kind.as_str(), "agency");
    let code = stage.code_for("suzuki");
    let mut browser = Browser::default();
    let shown = browser.get(&stage, &format!("/enrol?code={code}"));
    let digits = stage.secret_of(&browser, &code);
    let digits = digits.code(stage.hands.now());
    assert!(!text(&shown).contains("name=\"kind\""));
    let said = fields(&code, "suzuki", PASSPHRASE, PASSWORD, &digits);
    assert_eq!(browser.post(&stage, "/enrol", &said).status, 303);
    assert_eq!(stage.node.face().unwrap().kind.as_str(), "agency");
}

#[test]
fn only_name_password_and_a_fresh_code_together_sign_in() {
    let mut stage = Stage::new();
    stage.enrol("sato");
    let mut browser = Browser::default();
    browser.get(&stage, "/signin");
    let digits = stage.code_of("sato");
    for (name, password, code) in [
        ("sato", "a long and quiet sentence!", &*digits),
        ("sato", PASSWORD, "000000"),
        ("suzuki", PASSWORD, &digits),
        ("<script>", PASSWORD, &digits),
    ] {
        let said = [("name", name), ("password", password), ("code", code)];
        let answer = browser.post(&stage, "/signin", &said);
        assert_eq!(answer.status, 403, "{name}");
        assert!(!text(&answer).contains("<script>alert"), "{name}");
    }
    let said = [("name", "sato"), ("password", PASSWORD), ("code", &digits)];
    let mut twin = browser.clone();
    assert_eq!(browser.post(&stage, "/signin", &said).status, 303);
    // The same code once more.
    assert_eq!(twin.post(&stage, "/signin", &said).status, 403);
    assert!(stage.ledger_says("\"event\":\"in\""));
}

#[test]
fn who_guesses_waits_and_an_alarm_says_so() {
    let mut stage = Stage::new();
    stage.enrol("sato");
    let mut browser = Browser::default();
    browser.get(&stage, "/signin");
    let wrong = [("name", "sato"), ("password", "guess"), ("code", "000000")];
    for _ in 0..5 {
        assert_eq!(browser.post(&stage, "/signin", &wrong).status, 403);
    }
    let digits = stage.code_of("sato");
    let right = [("name", "sato"), ("password", PASSWORD), ("code", &digits)];
    assert_eq!(browser.post(&stage, "/signin", &right).status, 429);
    assert!(stage.ledger_says("too many wrong tries"));
    stage.pass(15 * 60 + 1);
    let digits = stage.code_of("sato");
    let right = [("name", "sato"), ("password", PASSWORD), ("code", &digits)];
    assert_eq!(browser.post(&stage, "/signin", &right).status, 303);
}

#[test]
fn a_session_ends_when_it_is_not_used_and_in_any_case_after_eight_hours() {
    let mut stage = Stage::new();
    stage.enrol("sato");
    let mut browser = stage.signed_in("sato");
    stage.pass(15 * 60 - 1);
    assert_eq!(browser.get(&stage, "/").status, 200);
    stage.pass(15 * 60);
    assert_eq!(browser.get(&stage, "/").status, 303);
    let mut browser = stage.signed_in("sato");
    for _ in 0..47 {
        stage.pass(10 * 60);
        assert_eq!(browser.get(&stage, "/").status, 200);
    }
    stage.pass(10 * 60);
    assert_eq!(browser.get(&stage, "/").status, 303);
}

#[test]
fn a_session_that_is_used_from_elsewhere_ends_for_both() {
    let mut stage = Stage::new();
    stage.enrol("sato");
    for elsewhere in [true, false] {
        let mut browser = stage.signed_in("sato");
        assert_eq!(browser.get(&stage, "/").status, 200);
        let mut thief = browser.clone();
        if elsewhere {
            thief.from = std::net::Ipv4Addr::new(192, 0, 2, 66).into();
        } else {
            thief.headers.insert("user-agent", "curl/8".to_owned());
        }
        assert_eq!(thief.get(&stage, "/").status, 303);
        assert_eq!(browser.get(&stage, "/").status, 303);
        assert!(stage.ledger_says("used from elsewhere"));
    }
}

#[test]
fn a_new_account_of_a_person_ends_the_old_ones_sessions() {
    let mut stage = Stage::new();
    stage.enrol("sato");
    let mut browser = stage.signed_in("sato");
    assert_eq!(browser.get(&stage, "/").status, 200);
    stage.enrol("sato");
    assert_eq!(browser.get(&stage, "/").status, 303);
}

#[test]
fn a_person_chooses_a_language_and_is_nobody_sent_elsewhere() {
    let mut stage = Stage::new();
    stage.enrol("sato");
    let mut browser = stage.signed_in("sato");
    browser.get(&stage, "/");
    let said = [("lang", "ja"), ("to", "//evil.example")];
    let answer = browser.post(&stage, "/language", &said);
    assert_eq!(answer.header("location"), Some("/"));
    let shown = text(&browser.get(&stage, "/"));
    assert!(shown.contains("<html lang=\"ja\"") && shown.contains("現況"));
    assert!(shown.contains("防衛省"));
}
