//! Pages that are open hear of what their person may see, and nothing else.

use noroshi_node::signin::SESSION_SECONDS;
use serde_json::json;

use super::stage::{Browser, Stage};
use crate::live::Viewer;
use crate::{Request, Response};

fn follow(stage: &Stage, browser: &Browser) -> (Response, Option<Viewer>) {
    let cookies: Vec<String> = browser
        .cookies
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    let header = |name: &str| match name {
        "cookie" => Some(cookies.join("; ")),
        name => browser.headers.get(name).cloned(),
    };
    stage.console.follow(&mut Request {
        method: "GET",
        path: "/live",
        query: "",
        from: browser.from,
        header: &header,
        body: &mut std::io::empty(),
    })
}

fn import(stage: &Stage) {
    stage.import(
        &json!([{ "type": "malware", "spec_version": "2.1", "is_family": true,
        "id": "malware--00000000-0000-4000-8000-000000000001", "name": "Loader",
        "created": "2026-11-25T07:00:00.000Z", "modified": "2026-11-25T07:00:00.000Z",
        "object_marking_refs": ["marking-definition--94868c89-83c2-464b-929b-a1a8aa3c8487"] }]),
    );
}

#[test]
fn a_stream_is_for_who_has_signed_in_and_ends_with_the_session() {
    let mut stage = Stage::new();
    stage.enrol("sato");
    let (answer, viewer) = follow(&stage, &Browser::default());
    assert_eq!(answer.status, 303);
    assert!(viewer.is_none());
    let mut browser = stage.signed_in("sato");
    let mut elsewhere = browser.clone();
    elsewhere.headers.insert("user-agent", "Thief/1".to_owned());
    let (answer, viewer) = follow(&stage, &browser);
    assert_eq!(answer.header("content-type"), Some("text/event-stream"));
    let mut viewer = viewer.unwrap();
    assert!(viewer.news().unwrap().starts_with(b"retry: "));
    assert_eq!(viewer.news(), Some(Vec::new()));
    browser.get(&stage, "/");
    assert_eq!(browser.post(&stage, "/signout", &[]).status, 303);
    assert_eq!(viewer.news(), None);
    // One that is tried with from elsewhere ends for everybody.
    let browser = stage.signed_in("sato");
    elsewhere.cookies = browser.cookies.clone();
    let mut viewer = follow(&stage, &browser).1.unwrap();
    assert!(follow(&stage, &elsewhere).1.is_none());
    assert_eq!(viewer.news(), None);
}

#[test]
fn looking_on_keeps_no_session_alive() {
    let mut stage = Stage::new();
    stage.enrol("sato");
    let mut browser = stage.signed_in("sato");
    let mut viewer = follow(&stage, &browser).1.unwrap();
    let mut minutes = 0;
    while viewer.news().is_some() {
        stage.pass(60);
        browser.headers.insert("x-noroshi-live", "1".to_owned());
        browser.get(&stage, "/");
        minutes += 1;
        assert!(minutes * 60 < SESSION_SECONDS, "it never ends");
    }
    assert!((15..=16).contains(&minutes), "{minutes}");
}

#[test]
fn who_reads_no_items_hears_of_none() {
    let mut stage = Stage::new();
    stage.enrol("sato");
    stage.enrol("suzuki");
    stage.duties("suzuki", &["audit"]);
    let (reader, auditor) = (stage.signed_in("sato"), stage.signed_in("suzuki"));
    let mut reader = follow(&stage, &reader).1.unwrap();
    let mut auditor = follow(&stage, &auditor).1.unwrap();
    for viewer in [&mut reader, &mut auditor] {
        viewer.news();
        assert_eq!(viewer.news(), Some(Vec::new()), "nothing happened");
    }
    import(&stage);
    assert!(!reader.news().unwrap().is_empty());
    assert_eq!(auditor.news(), Some(Vec::new()));
}
