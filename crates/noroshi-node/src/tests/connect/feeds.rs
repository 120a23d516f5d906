//! Documents that are asked for only where they changed, and feeds as one toggle each.

use super::server::{Answer, Fake};
use super::*;

const KEV: &str = "/known_exploited_vulnerabilities.json";

fn catalogue(numbers: std::ops::Range<u32>) -> Value {
    let entries: Vec<Value> = numbers
        .map(|number| {
            json!({
                "cveID": format!("CVE-2026-{number:04}"), "vendorProject": "Vendor",
                "product": "Product", "vulnerabilityName": "A fault",
                "dateAdded": "2026-08-01", "shortDescription": "It is exploited.",
                "requiredAction": "Update.", "dueDate": "2026-11-22",
                "knownRansomwareCampaignUse": "Unknown", "notes": "", "cwes": [],
            })
        })
        .collect();
    json!({
        "title": "Catalogue", "catalogVersion": "2026.11.01",
        "dateReleased": "2026-08-01T00:00:00.0000Z", "count": entries.len(),
        "vulnerabilities": entries,
    })
}

fn fix(fake: &Fake, end: &str, answer: Answer) {
    crate::node::lock(&fake.fixed).clear();
    fake.fix(end, Ok(answer));
}

fn on(party: &Party, fake: &Fake) {
    order(
        party,
        fake,
        connect(ConnectCommand::FeedOn {
            name: "cisa-kev".into(),
            mirror: None,
            person: party.first().into(),
        }),
    );
}

fn feed(party: &Party) -> Value {
    let rows = party.rows(connect(ConnectCommand::FeedList));
    rows.into_iter()
        .find(|row| row["name"] == "cisa-kev")
        .unwrap()
}

#[test]
fn a_document_that_is_none_leaves_no_tag_and_is_told() {
    for body in ["", "<html>not found</html>", "{\"vulnerabilities\":", "{}"] {
        let stage = Stage::new();
        let (party, fake) = (&stage.jp, Fake::default());
        on(party, &fake);
        let answer = Answer {
            status: 200,
            body: body.into(),
            ..Answer::default()
        };
        fix(&fake, KEV, answer.with("etag", "\"bad\""));
        let told = named_round(party, &fake, "cisa-kev");
        assert_eq!(told.problem.as_deref(), Some("unreadable"), "{body:?}");
        assert!(shown(party, "cisa-kev")["cursor"]["etag"].is_null());
    }
    let stage = Stage::new();
    let (party, fake) = (&stage.jp, Fake::default());
    on(party, &fake);
    // Not modified, though nothing was said of what is here.
    fix(&fake, KEV, Answer::status(304));
    let told = named_round(party, &fake, "cisa-kev");
    assert_eq!(told.problem.as_deref(), Some("redirected"));
    assert_eq!(feed(party)["state"], "failing");
}

/// Clause: I2
#[test]
fn a_feed_is_switched_on_by_two_asked_for_what_changed_and_switched_off_by_one() {
    let stage = Stage::new();
    let (party, fake) = (&stage.jp, Fake::default());
    assert_eq!(feed(party)["state"], "off");
    on(party, &fake);
    assert_eq!(feed(party)["state"], "on");
    fix(
        &fake,
        KEV,
        Answer::json(&catalogue(1..4)).with("etag", "\"one\""),
    );
    assert_eq!(party.node.channels_due().unwrap(), ["cisa-kev"]);
    let told = named_round(party, &fake, "cisa-kev");
    assert_eq!((told.admitted, told.problem), (3, None));
    let profiles = party.rows(Command::ProfileList);
    let profile = profiles
        .iter()
        .find(|row| row["name"] == "cisa-kev")
        .unwrap();
    assert_eq!(profile["markings"], json!(["TLP:CLEAR"]));
    // Unchanged: nothing comes.
    fix(&fake, KEV, Answer::status(304));
    fake.heard();
    let told = named_round(party, &fake, "cisa-kev");
    assert_eq!((told.read, told.problem), (0, None));
    assert_eq!(fake.heard()[0].etag.as_deref(), Some("\"one\""));
    // Changed: only what is new counts.
    fix(
        &fake,
        KEV,
        Answer::json(&catalogue(1..6)).with("etag", "\"two\""),
    );
    let told = named_round(party, &fake, "cisa-kev");
    assert_eq!((told.admitted, told.known), (2, 3));
    assert_eq!(
        (&feed(party)["objects"], &feed(party)["state"]),
        (&json!(5), &json!("on"))
    );
    party.order(connect(ConnectCommand::FeedOff {
        name: "cisa-kev".into(),
        person: party.first().into(),
    }));
    assert_eq!(feed(party)["state"], "off");
    assert!(party.node.channels_due().unwrap().is_empty());
    on(party, &fake);
    assert_eq!(shown(party, "cisa-kev")["cursor"]["etag"], "\"two\"");
    let unknown = ConnectCommand::FeedOff {
        name: "nobody".into(),
        person: party.first().into(),
    };
    assert_eq!(
        party.try_ask(connect(unknown)).unwrap_err().code,
        "feed.unknown"
    );
}

#[test]
fn a_bundle_is_a_document_too_and_leaves_no_file() {
    let stage = Stage::new();
    let (party, fake) = (&stage.jp, Fake::default());
    party.profile("cert", "TLP:GREEN", false);
    let command = ConnectCommand::Set {
        name: "cert".into(),
        title: None,
        server: at("https://cert.example/bundle.json"),
        collection: None,
        pull: Some("cert".into()),
        push: None,
        every_seconds: None,
        person: party.first().into(),
    };
    order(party, &fake, connect(command));
    let bundle = json!({
        "type": "bundle", "id": "bundle--00000000-0000-4000-8000-000000000001",
        "objects": objects(1..4),
    });
    fix(&fake, "/bundle.json", Answer::json(&bundle));
    assert_eq!(round(party, &fake).admitted, 3);
    let left = std::fs::read_dir(party.node.home().path())
        .unwrap()
        .flatten();
    let left: Vec<_> = left.map(|entry| entry.file_name()).collect();
    assert!(
        left.iter()
            .all(|name| !name.to_string_lossy().contains("incoming")),
        "{left:?}"
    );
}
