//! Script, markup and controls in every field that somebody else writes.

use super::stage::{Stage, text};

const MARKING: &str = "marking-definition--94868c89-83c2-464b-929b-a1a8aa3c8487";
const NASTY: &str =
    "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>\u{202e}\u{200b}{{ 7*7 }}";

fn objects() -> serde_json::Value {
    let common = |kind: &str, n: u32| {
        serde_json::json!({
            "type": kind, "spec_version": "2.1",
            "id": format!("{kind}--00000000-0000-4000-8000-00000000000{n}"),
            "created": "2026-11-25T07:00:00.000Z", "modified": "2026-11-25T07:00:00.000Z",
            "object_marking_refs": [MARKING],
        })
    };
    let mut malware = common("malware", 1);
    malware["name"] = NASTY.into();
    malware["description"] = NASTY.into();
    malware["is_family"] = false.into();
    malware["aliases"] = vec![NASTY].into();
    malware["labels"] = vec![NASTY].into();
    malware["external_references"] = serde_json::json!([
        { "source_name": NASTY, "url": "javascript:alert(3)", "description": NASTY }
    ]);
    let mut actor = common("threat-actor", 2);
    actor["name"] = format!("{NASTY}{}", "x".repeat(3000)).into();
    actor["goals"] = vec![NASTY].into();
    let mut relation = common("relationship", 3);
    relation["relationship_type"] = "uses".into();
    relation["description"] = NASTY.into();
    relation["source_ref"] = actor["id"].clone();
    relation["target_ref"] = malware["id"].clone();
    serde_json::json!([malware, actor, relation])
}

/// What no page may have, whoever wrote what stands on it.
fn check(page: &str, body: &str) {
    for bad in [
        "<script>alert",
        "<img",
        "onerror=alert(2)>\"",
        "\u{202e}",
        "\u{200b}",
    ] {
        assert!(!body.contains(bad), "{page} has {bad:?}");
    }
    let mut rest = body;
    while let Some((_, after)) = rest.split_once("href=\"") {
        let to = after.split('"').next().unwrap();
        assert!(to.starts_with(['/', '#', '?']), "{page} leads to {to}");
        rest = after;
    }
    for inline in [" style=", " onclick=", " onload=", "<style"] {
        assert!(!body.contains(inline), "{page} has {inline}");
    }
}

#[test]
fn what_somebody_else_wrote_is_shown_and_does_nothing() {
    let mut stage = Stage::new();
    stage.enrol("sato");
    stage.import(&objects());
    let mut browser = stage.signed_in("sato");
    let listed = text(&browser.get(&stage, "/items"));
    assert!(listed.contains("&#60;script&#62;") || listed.contains("&lt;script&gt;"));
    assert!(listed.contains("⟨U+202E⟩"), "{listed}");
    check("/items", &listed);
    check("/", &text(&browser.get(&stage, "/")));
    let mut seen = 0;
    for part in listed.split("href=\"/items/").skip(1) {
        let path = format!("/items/{}", part.split('"').next().unwrap());
        let answer = browser.get(&stage, &path);
        assert_eq!(answer.status, 200, "{path}");
        check(&path, &text(&answer));
        seen += 1;
    }
    assert!(seen >= 3, "{seen} items were looked at");
}

#[test]
fn what_a_person_types_is_shown_and_does_nothing() {
    let mut stage = Stage::new();
    stage.enrol("sato");
    stage.import(&objects());
    let mut browser = stage.signed_in("sato");
    let nasty = crate::form::encoded(NASTY);
    for path in [
        format!("/items?q={nasty}"),
        format!("/items?q=a&kind={nasty}"),
        format!("/items?marking={nasty}"),
        format!("/items?source={nasty}"),
        format!("/items?before={nasty}&state={nasty}"),
        format!("/items/{nasty}"),
        format!("/ledger/{nasty}/proof"),
        format!("/{nasty}"),
        format!("/signin?to={nasty}"),
        format!("/enrol?code={nasty}"),
    ] {
        let answer = browser.get(&stage, &path);
        assert!(answer.status < 500, "{path}: {}", answer.status);
        let body = text(&answer);
        for bad in ["<script>alert", "<img"] {
            assert!(!body.contains(bad), "{path} has {bad}");
        }
    }
}
