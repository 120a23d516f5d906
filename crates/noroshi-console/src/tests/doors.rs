//! The ratchet over the route table: nobody, every duty, forged and replayed forms.

use noroshi_gate::Duties;
use noroshi_model::Duty;
use noroshi_node::command::Command;

use super::stage::{Browser, PASSPHRASE, Stage, text};
use crate::routes::{Access, Method, Route, TABLE};

/// An address of a route; what stands at `{}` is not there.
fn address(route: &Route) -> String {
    route.path.replace("{}", "00000000")
}

fn ask(browser: &mut Browser, stage: &Stage, route: &Route) -> crate::Response {
    match route.method {
        Method::Get => browser.get(stage, &address(route)),
        Method::Post => browser.post(stage, &address(route), &[]),
    }
}

#[test]
fn nobody_gets_nothing_but_what_is_for_anybody() {
    let mut stage = Stage::new();
    stage.enrol("sato");
    for route in TABLE.iter().filter(|route| route.access != Access::Anybody) {
        let mut browser = Browser::default();
        browser.get(&stage, "/signin");
        let answer = ask(&mut browser, &stage, route);
        assert_eq!(answer.status, 303, "{}", route.path);
        let to = answer.header("location").unwrap();
        assert!(to.starts_with("/signin"), "{}: {to}", route.path);
        assert!(answer.body.is_empty(), "{}", route.path);
    }
}

#[test]
fn every_route_is_for_those_alone_whose_duty_permits_it() {
    let mut stage = Stage::new();
    stage.enrol("sato");
    stage.enrol("suzuki");
    for duty in Duty::ALL {
        stage.duties("suzuki", &[duty.as_str()]);
        let duties = Duties::new(&[*duty]).unwrap();
        let mut browser = stage.signed_in("suzuki");
        for route in TABLE {
            let Access::Deed(deed) = route.access else {
                continue;
            };
            // The token is in every page that the person may see.
            let seen = browser.get(&stage, "/");
            assert_eq!(seen.status, 200, "{duty:?}: {}", text(&seen));
            let answer = ask(&mut browser, &stage, route);
            // A page may refuse for reasons of its own: an act that is not there, a missing field.
            let is_let_in = answer.status != 403 || !text(&answer).contains("no duty of");
            assert_eq!(is_let_in, duties.permit(deed), "{duty:?} {}", route.path);
        }
    }
}

#[test]
fn a_form_that_is_forged_or_of_another_session_changes_nothing() {
    let mut stage = Stage::new();
    stage.enrol("sato");
    stage.enrol("suzuki");
    let mut other = stage.signed_in("suzuki");
    other.get(&stage, "/");
    let mut own = stage.signed_in("sato");
    own.get(&stage, "/");
    for route in TABLE.iter().filter(|route| route.method == Method::Post) {
        let path = address(route);
        let mut tried: Vec<(&str, Browser, String)> = Vec::new();
        tried.push(("no token", own.clone(), String::new()));
        tried.push(("wrong token", own.clone(), "token=0000".to_owned()));
        tried.push(("another's", own.clone(), format!("token={}", other.token)));
        for (name, header, value) in [
            ("another site", "sec-fetch-site", "cross-site"),
            ("a sister site", "sec-fetch-site", "same-site"),
            ("a bookmark", "sec-fetch-site", "none"),
            ("text", "content-type", "text/plain"),
            ("parts", "content-type", "multipart/form-data; boundary=x"),
        ] {
            let mut browser = own.clone();
            browser.headers.insert(header, value.to_owned());
            tried.push((name, browser, format!("token={}", own.token)));
        }
        let mut old = own.clone();
        old.headers.remove("sec-fetch-site");
        tried.push(("no origin", old.clone(), format!("token={}", own.token)));
        old.headers
            .insert("origin", "https://evil.example".to_owned());
        tried.push(("an origin", old, format!("token={}", own.token)));
        for (name, mut browser, body) in tried {
            let answer = browser.send(&stage, "POST", &path, &body);
            let refused = matches!(answer.status, 400 | 403);
            assert!(refused, "{path} with {name}: {}", answer.status);
        }
    }
    assert_eq!(own.get(&stage, "/").status, 200, "still signed in");
}

#[test]
fn a_browser_that_tells_only_its_origin_is_heard() {
    let mut stage = Stage::new();
    stage.enrol("sato");
    let mut own = stage.signed_in("sato");
    own.get(&stage, "/");
    own.headers.remove("sec-fetch-site");
    own.headers
        .insert("origin", "http://127.0.0.1:7480".to_owned());
    assert_eq!(own.post(&stage, "/signout", &[]).status, 303);
}

#[test]
fn a_form_after_signing_out_is_nobodys() {
    let mut stage = Stage::new();
    stage.enrol("sato");
    let mut own = stage.signed_in("sato");
    own.get(&stage, "/");
    let kept = own.clone();
    assert_eq!(own.post(&stage, "/signout", &[]).status, 303);
    let mut replayed = kept;
    let answer = replayed.post(&stage, "/looked", &[]);
    assert_eq!(answer.status, 403);
    assert_eq!(replayed.get(&stage, "/").status, 303);
}

#[test]
fn a_name_that_was_made_to_point_here_is_not_answered() {
    let mut stage = Stage::new();
    stage.enrol("sato");
    for host in [
        "evil.example:7480",
        "127.0.0.1",
        "127.0.0.1:80",
        "",
        "127.0.0.1:7480.evil",
    ] {
        let mut browser = stage.signed_in("sato");
        browser.headers.insert("host", host.to_owned());
        assert_eq!(browser.get(&stage, "/").status, 421, "{host}");
    }
}

#[test]
fn every_answer_forbids_what_does_not_come_from_here() {
    let mut stage = Stage::new();
    stage.enrol("sato");
    let mut browser = stage.signed_in("sato");
    for route in TABLE {
        let answer = ask(&mut browser.clone(), &stage, route);
        let policy = answer.header("content-security-policy").unwrap();
        assert!(policy.starts_with("default-src 'none'"), "{}", route.path);
        assert!(!policy.contains("unsafe") && policy.contains("frame-ancestors 'none'"));
        for (name, value) in [
            ("x-content-type-options", "nosniff"),
            ("referrer-policy", "no-referrer"),
        ] {
            assert_eq!(answer.header(name), Some(value), "{}", route.path);
        }
        let cache = answer.header("cache-control").unwrap();
        assert_eq!(
            cache == "no-store",
            !answer.status.eq(&200) || !cache.contains("public")
        );
    }
    for name in ["noroshi.css", "noroshi.js", "noroshi.svg"] {
        let file = browser.get(&stage, &format!("/static/{name}"));
        assert_eq!(file.status, 200);
        assert!(file.header("set-cookie").is_none());
    }
}

#[test]
fn other_methods_and_addresses_are_nothing() {
    let stage = Stage::new();
    let mut browser = Browser::default();
    for (method, path, status) in [
        ("GET", "/no/such", 404),
        ("GET", "/static/../Cargo.toml", 404),
        ("GET", "/static/none.css", 404),
        ("PUT", "/", 405),
        ("DELETE", "/items", 405),
        ("GET", "/signout", 405),
        ("POST", "/items", 405),
    ] {
        let answer = browser.send(&stage, method, path, "");
        assert_eq!(answer.status, status, "{method} {path}");
    }
}

/// CVE-2026-56424, attack class 2: the address was authorised, and what the body named was changed.
///
/// Clause: I5
#[test]
fn a_form_that_names_another_act_than_its_address_signs_neither() {
    let mut stage = Stage::new();
    stage.enrol("sato");
    let order = |name: &str| {
        let act = stage.act(Command::ProfileSet {
            name: name.to_owned(),
            title: name.to_owned(),
            markings: vec!["TLP:GREEN".to_owned()],
            own: true,
            person: "sato".to_owned(),
        });
        act.id
    };
    let (first, second) = (order("first"), order("second"));
    let state = |act: &String| stage.act(Command::ActShow { act: act.clone() }).state;
    let mut browser = stage.signed_in("sato");
    let mut sign = |address: &str, fields: &[(&str, &str)]| {
        let path = format!("/acts/{address}");
        assert_eq!(browser.get(&stage, &path).status, 200);
        let fields = [fields, &[("passphrase", PASSPHRASE)]].concat();
        browser.post(&stage, &path, &fields).status
    };
    for (address, other) in [(&first, &second), (&second, &first)] {
        let short = &address[..8];
        for named in [&[("act", other.as_str())][..], &[("act", short)], &[]] {
            assert_ne!(sign(address, named), 303, "{named:?}");
        }
    }
    assert_eq!([&first, &second].map(state), ["prepared", "prepared"]);
    assert_eq!(sign(&first, &[("act", &first)]), 303);
    assert_ne!(state(&first), "prepared");
    assert_eq!(state(&second), "prepared");
}
