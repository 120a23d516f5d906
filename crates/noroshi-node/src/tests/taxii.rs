//! What a TAXII client is let see and do: refusals first.

use std::collections::BTreeSet;

use noroshi_formats::ontology::fallback_id;
use noroshi_model::agreement::ONTOLOGY_EXTENSION;
use noroshi_model::{Digest, StixId, Timestamp};
use noroshi_taxii::Desk;
use noroshi_taxii::desk::{
    Barred, Caller, Collection, Credential, Fault, PageEnd, Query, Status, Version,
};
use serde_json::{Value, json};

use super::stage::{Party, Stage, field, id, object};
use super::types::{definitions, mission};
use crate::TaxiiCommand;
use crate::command::Command;

pub(super) const SECRET: &str = "noroshi_of-a-test";

/// One entry of a page, kept.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Seen {
    id: String,
    added: Timestamp,
    object: Value,
}

fn client(party: &Party, name: &str, ceiling: &str) {
    party.order(client_set(party, name, ceiling));
}

fn client_set(party: &Party, name: &str, ceiling: &str) -> Command {
    Command::Taxii(TaxiiCommand::ClientSet {
        name: name.into(),
        title: "A tool".into(),
        nation: "JPN".into(),
        ceilings: vec![ceiling.into()],
        types: Vec::new(),
        purposes: Vec::new(),
        days: 30,
        person: party.first().into(),
    })
}

fn collection(party: &Party, name: &str, client: &str, types: &[&str]) {
    party.order(Command::Taxii(TaxiiCommand::CollectionSet {
        name: name.into(),
        title: "Some".into(),
        client: client.into(),
        types: types.iter().map(|kind| (*kind).to_owned()).collect(),
        source: None,
        profile: Some("posted".into()),
        standing: true,
        purpose: "defence".into(),
        person: party.first().into(),
    }));
}

fn token(party: &Party, name: &str, client: &str, secret: &str, write: bool) {
    party.order(Command::Taxii(TaxiiCommand::TokenSet {
        name: name.into(),
        client: client.into(),
        collections: Vec::new(),
        read: true,
        write,
        digest: Digest::of(secret.as_bytes()).to_string(),
        certificate: false,
        days: 10,
        rate: Some(100_000),
        person: party.first().into(),
    }));
}

/// A node with a client that may read up to GREEN, and post.
pub(super) fn served() -> (Stage, Caller, Collection) {
    let stage = Stage::new();
    stage.jp.profile("posted", "TLP:GREEN", false);
    client(&stage.jp, "siem", "tlp:green");
    collection(&stage.jp, "all", "siem", &[]);
    token(&stage.jp, "siem-1", "siem", SECRET, true);
    let caller = stage.jp.node.caller(Credential::Bearer(SECRET)).unwrap();
    let shown = stage.jp.node.collection(&caller, "all").unwrap();
    (stage, caller, shown)
}

fn page(stage: &Stage, caller: &Caller, shown: &Collection, query: &Query) -> (Vec<Seen>, PageEnd) {
    let mut seen = Vec::new();
    let mut keep = |entry: noroshi_taxii::desk::Entry<'_>| {
        seen.push(Seen {
            id: entry.id.to_owned(),
            added: entry.added,
            object: serde_json::from_slice(entry.object).unwrap(),
        });
    };
    let end = stage
        .jp
        .node
        .page(caller, shown, query, true, &mut keep)
        .unwrap();
    (seen, end)
}

pub(super) fn all(stage: &Stage, caller: &Caller, shown: &Collection) -> Vec<Seen> {
    let query = Query {
        limit: 10_000,
        ..Query::default()
    };
    page(stage, caller, shown, &query).0
}

fn ids(seen: &[Seen]) -> Vec<&str> {
    seen.iter().map(|one| &*one.id).collect()
}

fn marked(number: u32, marking: &str) -> Value {
    let mut object = object(number, 50);
    object["object_marking_refs"] = json!([marking]);
    object
}

/// Marking-definitions of TLP 2.0 as published by OASIS.
const GREEN: &str = "marking-definition--bab4a63c-aed9-4cf5-a766-dfca5abac2bb";
const AMBER: &str = "marking-definition--55d920b0-5e8b-4f79-9ee9-91f868d9b421";

fn post(stage: &Stage, caller: &Caller, shown: &Collection, objects: &[Value]) -> Status {
    let envelope = json!({ "objects": objects }).to_string();
    stage
        .jp
        .node
        .add(caller, shown, &mut envelope.as_bytes())
        .unwrap()
}

/// Clause: I5
#[test]
fn nobody_is_let_in_by_what_looks_like_a_credential() {
    let (stage, ..) = served();
    let node = &stage.jp.node;
    for shown in [
        Credential::None,
        Credential::Bearer("noroshi_of-another"),
        Credential::Bearer(""),
        Credential::Basic("siem-2", SECRET),
        Credential::Basic("siem-1", "wrong"),
        Credential::Certificate(&Digest::of(SECRET.as_bytes()).0),
    ] {
        assert_eq!(node.caller(shown), Err(Barred::Unknown), "{shown:?}");
    }
    assert!(node.caller(Credential::Basic("siem-1", SECRET)).is_ok());
    stage.hands.forward(11 * 86_400);
    assert_eq!(
        node.caller(Credential::Bearer(SECRET)),
        Err(Barred::Unknown)
    );
}

/// Clause: I5
#[test]
fn a_revoked_credential_and_a_removed_client_read_nothing_more() {
    let (stage, caller, shown) = served();
    let node = &stage.jp.node;
    stage.jp.order(Command::Taxii(TaxiiCommand::TokenRevoke {
        name: "siem-1".into(),
        person: stage.jp.first().into(),
    }));
    assert_eq!(
        node.caller(Credential::Bearer(SECRET)),
        Err(Barred::Unknown)
    );
    token(&stage.jp, "siem-2", "siem", "another", false);
    stage.jp.order(Command::Taxii(TaxiiCommand::ClientRemove {
        name: "siem".into(),
        person: stage.jp.first().into(),
    }));
    assert_eq!(
        node.caller(Credential::Bearer("another")),
        Err(Barred::Unknown)
    );
    // Nobody has its name, its credentials and its log after it.
    let again = stage.jp.prepare(client_set(&stage.jp, "siem", "tlp:green"));
    assert_eq!(again.unwrap_err().code, "client.refused");
    // Whoever was let in before is asked again at each request.
    let query = Query {
        limit: 1,
        ..Query::default()
    };
    let answer = node.page(&caller, &shown, &query, true, &mut |_| {});
    assert_eq!(answer, Err(Fault::Absent));
}

/// Clause: I5
#[test]
fn wrong_tries_are_slowed_down_and_told_and_a_right_one_passes() {
    let (stage, ..) = served();
    let node = &stage.jp.node;
    let mut slowed = 0;
    for _ in 0..60 {
        slowed += u32::from(node.caller(Credential::Bearer("guess")) != Err(Barred::Unknown));
    }
    assert_eq!(slowed, 31);
    assert!(node.caller(Credential::Bearer(SECRET)).is_ok());
    let told = stage.jp.lines("token").len();
    assert_eq!(told, 2, "the credential given, and the tries");
}

/// Clauses: I5, I6
#[test]
fn a_standing_collection_shows_what_the_gate_releases_and_nothing_else() {
    let (stage, caller, shown) = served();
    stage.jp.profile("plain", "TLP:GREEN", true);
    stage
        .jp
        .import("plain", &[object(1, 50), marked(2, AMBER), object(3, 50)]);
    let seen = all(&stage, &caller, &shown);
    assert_eq!(ids(&seen), [id(1), id(3)]);
    assert!(seen[0].added < seen[1].added);
    // Another client sees nothing of it, not even the collection.
    client(&stage.jp, "other", "tlp:clear");
    token(&stage.jp, "other-1", "other", "other", false);
    let other = stage.jp.node.caller(Credential::Bearer("other")).unwrap();
    assert_eq!(Desk::collections(&*stage.jp.node, &other).unwrap(), []);
    assert_eq!(stage.jp.node.collection(&other, "all"), Err(Fault::Absent));
    assert_eq!(
        stage.jp.node.collection(&other, &shown.id),
        Err(Fault::Absent)
    );
    stage.jp.verifies();
}

/// Clause: I5
#[test]
fn what_the_review_stops_is_on_no_page_and_stands_in_the_ledger() {
    let (stage, caller, shown) = served();
    stage.jp.profile("plain", "TLP:GREEN", true);
    let mut secret = object(2, 50);
    secret["description"] = json!("(S//NF) The source is a person.");
    stage.jp.import("plain", &[object(1, 50), secret.clone()]);
    assert_eq!(ids(&all(&stage, &caller, &shown)), [id(1)]);
    assert_eq!(stage.jp.lines("release.denied").len(), 1);
    // The same where the client posts it itself.
    secret["id"] = json!(id(3));
    post(&stage, &caller, &shown, &[secret]);
    assert_eq!(ids(&all(&stage, &caller, &shown)), [id(1)]);
    assert_eq!(stage.jp.lines("release.denied").len(), 2);
}

/// Clause: I5
#[test]
fn what_names_an_object_of_the_same_post_that_is_closed_is_stopped() {
    let (stage, caller, shown) = served();
    for first in [true, false] {
        let (names, closed) = if first { (1, 2) } else { (3, 4) };
        let mut telling = object(names, 50);
        telling["description"] = json!(format!("See {}.", id(closed)));
        let mut objects = [telling, marked(closed, AMBER)];
        if !first {
            objects.reverse();
        }
        post(&stage, &caller, &shown, &objects);
    }
    assert_eq!(all(&stage, &caller, &shown), []);
    assert_eq!(stage.jp.lines("release.denied").len(), 2);
    // What was remembered of it is forgotten when it is taken back, and what was open too.
    let mut open = object(6, 50);
    open["description"] = json!(format!("See {}.", id(5)));
    post(&stage, &caller, &shown, &[object(5, 50), open.clone()]);
    assert_eq!(ids(&all(&stage, &caller, &shown)), [id(5), id(6)]);
    stage.jp.order(stage.jp.recall(&id(5), "withdraw"));
    open["id"] = json!(id(7));
    post(&stage, &caller, &shown, &[open]);
    assert_eq!(ids(&all(&stage, &caller, &shown)), [id(6)]);
}

/// Clause: I2
#[test]
fn of_versions_in_one_post_the_client_gets_the_newest() {
    let (stage, caller, shown) = served();
    let version = |day: u32| {
        let mut object = object(1, 50);
        object["modified"] = json!(format!("2026-02-{day:02}T00:00:00.000Z"));
        object
    };
    post(
        &stage,
        &caller,
        &shown,
        &[version(1), version(3), version(2)],
    );
    let query = Query {
        versions: vec![Version::All],
        limit: 10,
        ..Query::default()
    };
    let (seen, _) = page(&stage, &caller, &shown, &query);
    let days: Vec<&str> = seen
        .iter()
        .map(|one| &one.object["modified"].as_str().unwrap()[8..10])
        .collect();
    assert_eq!(days, ["03"]);
}

/// Clause: I2
#[test]
fn what_is_in_hand_is_released_once_whatever_came_between() {
    let (stage, caller, shown) = served();
    let node = &stage.jp.node;
    let brought = |numbers: std::ops::Range<u32>| {
        let objects: Vec<Value> = numbers.map(|number| object(number, 50)).collect();
        let text = json!({ "objects": objects }).to_string();
        let profile = node.profile("posted").unwrap();
        let origin = crate::intake::Origin {
            profile: Some(&profile),
            source: "client:siem",
            by_name: true,
            closing: None,
            is_at_hand: false,
        };
        let sink = &mut crate::sink::Silent;
        let counted = node.take_in(&mut text.as_bytes(), None, origin, sink);
        counted.unwrap().hand.unwrap()
    };
    let release = |hand: &crate::taxii::hand::Hand| {
        node.release_brought(Some(hand), &mut crate::sink::Silent)
            .unwrap()
    };
    let hands = [brought(0..3), brought(3..5), brought(5..9)];
    assert_eq!(hands.each_ref().map(|hand| hand.items.len()), [3, 2, 4]);
    // The first two are ahead of what the second brought: they are read from the store.
    assert_eq!(release(&hands[1]), 9);
    assert_eq!([release(&hands[2]), release(&hands[0])], [0, 0]);
    let expected: Vec<String> = (0..9).map(id).collect();
    assert_eq!(ids(&all(&stage, &caller, &shown)), expected);
    stage.jp.verifies();
}

/// Clauses: I2, I3
#[test]
fn a_post_is_durable_when_it_is_answered_and_its_client_reads_it_at_once() {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    let (stage, caller, shown) = served();
    let told = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&told);
    stage.jp.node.on_posted(move || {
        counter.fetch_add(1, Ordering::SeqCst);
    });
    let log = |stage: &Stage| {
        let client = stage.jp.node.client("siem").unwrap();
        let log = client.node(&stage.jp.node.me());
        let size = |tx: &mut noroshi_store::Tx<'_>| tx.log_size(&log);
        stage
            .jp
            .node
            .store
            .write::<_, noroshi_store::WriteError>(size)
            .unwrap()
    };
    let one = |number| post(&stage, &caller, &shown, &[object(number, 50)]);
    let status = one(1);
    // Answered before it is released, and whoever serves knows that it is due.
    assert_eq!((told.load(Ordering::SeqCst), log(&stage)), (1, 0));
    assert_eq!(ids(&all(&stage, &caller, &shown)), [id(1)]);
    assert_eq!(log(&stage), 1);
    let kept = stage.jp.node.status(&caller, &status.id).unwrap();
    assert_eq!(kept.succeeded, 1);
    // Who posts faster than is released waits for it.
    (2..=6).for_each(|number| drop(one(number)));
    assert_eq!((told.load(Ordering::SeqCst), log(&stage)), (5, 6));
    // What a node that died had not released is released by the next one.
    let status = one(7);
    assert_eq!(log(&stage), 6);
    let stage = stage.restarted(&["JPN"]);
    let kept = stage.jp.node.status(&caller, &status.id).unwrap();
    assert_eq!(kept.succeeded, 1);
    let released = stage
        .jp
        .node
        .release_standing(&mut crate::sink::Silent)
        .unwrap();
    assert_eq!((released, log(&stage)), (1, 7));
    stage.jp.verifies();
}

/// Clause: I5
#[test]
fn what_is_recalled_is_on_no_page_any_more() {
    let (stage, caller, shown) = served();
    stage.jp.profile("plain", "TLP:GREEN", true);
    stage
        .jp
        .import("plain", &[object(1, 50), object(2, 50), object(3, 50)]);
    assert_eq!(all(&stage, &caller, &shown).len(), 3);
    let recalled = stage.jp.order(stage.jp.recall(&id(2), "withdraw"));
    assert_eq!(recalled.clients, ["client:siem (siem-1)"]);
    let line = stage.jp.lines("item.withdrawn").remove(0).to_string();
    assert!(line.contains("client:siem (siem-1)"), "{line}");
    stage.jp.order(stage.jp.recall(&id(3), "destroy"));
    assert_eq!(ids(&all(&stage, &caller, &shown)), [id(1)]);
    // What came since and was on no page, nobody can have read.
    stage.jp.import("plain", &[object(4, 50)]);
    let recalled = stage.jp.order(stage.jp.recall(&id(4), "withdraw"));
    assert!(recalled.clients.is_empty(), "{:?}", recalled.clients);
    stage.jp.verifies();
}

/// Clauses: I5, I6
#[test]
fn a_wider_arrangement_appends_and_a_narrower_one_hides() {
    let (stage, caller, shown) = served();
    stage.jp.profile("plain", "TLP:GREEN", true);
    stage
        .jp
        .import("plain", &[marked(1, AMBER), marked(2, GREEN)]);
    let before = all(&stage, &caller, &shown);
    assert_eq!(ids(&before), [id(2)]);
    // AMBER wants a second person by the node's own rule: a standing collection never takes it.
    client(&stage.jp, "siem", "tlp:amber");
    stage
        .jp
        .node
        .release_standing(&mut crate::sink::Silent)
        .unwrap();
    assert_eq!(ids(&all(&stage, &caller, &shown)), [id(2)]);
    let shared = stage.jp.order({
        let mut share = stage.jp.share(&[&id(1)]);
        if let Command::Share { to, .. } = &mut share {
            *to = vec!["client:siem".to_owned()];
        }
        share
    });
    assert_eq!(shared.entries, 1);
    let after = all(&stage, &caller, &shown);
    assert_eq!(
        ids(&after),
        [id(2), id(1)],
        "an old item released late lies ahead of every cursor"
    );
    let cursor = Query {
        added_after: Some(before[0].added),
        limit: 10,
        ..Query::default()
    };
    assert_eq!(ids(&page(&stage, &caller, &shown, &cursor).0), [id(1)]);
    client(&stage.jp, "siem", "tlp:clear");
    assert_eq!(all(&stage, &caller, &shown), []);
}

/// Clause: I5
#[test]
fn what_was_closed_for_a_while_comes_back_behind_every_cursor() {
    let (stage, caller, shown) = served();
    stage.jp.profile("plain", "TLP:GREEN", true);
    stage.jp.import("plain", &[object(1, 50), object(2, 50)]);
    let before = all(&stage, &caller, &shown);
    client(&stage.jp, "siem", "tlp:clear");
    let fill = || stage.jp.node.release_standing(&mut crate::sink::Silent);
    assert_eq!(fill().unwrap(), 0);
    assert_eq!(stage.jp.lines("release.voided").len(), 1);
    client(&stage.jp, "siem", "tlp:green");
    assert_eq!(fill().unwrap(), 2);
    let cursor = Query {
        added_after: before.last().map(|one| one.added),
        limit: 10,
        ..Query::default()
    };
    assert_eq!(
        ids(&page(&stage, &caller, &shown, &cursor).0),
        [id(1), id(2)]
    );
    assert_eq!(fill().unwrap(), 0);
}

/// Clauses: I5, I6
#[test]
fn a_client_that_has_not_posted_the_definition_reads_what_stands_for_an_own_type() {
    let (stage, caller, shown) = served();
    stage.jp.profile("plain", "TLP:GREEN", true);
    stage.jp.import("plain", &[mission(1), object(2, 50)]);
    let own = field(&mission(1), "id");
    let note = fallback_id(&own).unwrap();
    let seen = all(&stage, &caller, &shown);
    assert_eq!(ids(&seen), [&note, &id(2)]);
    assert_eq!(seen[0].object["id"], json!(note));
    assert!(!seen[0].object.to_string().contains("the closed kind"));
    let asked = |query: Query| page(&stage, &caller, &shown, &Query { limit: 10, ..query }).0;
    let by_id = |named: &str| {
        asked(Query {
            ids: vec![named.to_owned()],
            ..Query::default()
        })
    };
    let by_type = |named: &str| {
        asked(Query {
            types: vec![named.to_owned()],
            ..Query::default()
        })
    };
    assert_eq!(ids(&by_id(&note)), [&note]);
    assert_eq!(by_id(&note.replace("note--", "report--")), []);
    assert_eq!(ids(&by_type("note")), [&note]);
    assert_eq!(by_type("mission"), []);
    // What comes after the first look is found as well.
    let later = fallback_id(&field(&mission(7), "id")).unwrap();
    assert_eq!(by_id(&later), []);
    stage.jp.import("plain", &[mission(7)]);
    assert_eq!(ids(&by_id(&later)), [&later]);

    post(&stage, &caller, &shown, &definitions());
    let knows = all(&stage, &caller, &shown);
    assert!(ids(&knows).contains(&&*own) && !ids(&knows).contains(&&*note));
    assert_eq!(ids(&by_type("mission")), [&own, &field(&mission(7), "id")]);
    let every = Query {
        versions: vec![Version::All],
        ..Query::default()
    };
    let deleted = stage.jp.node.delete(
        &caller,
        &shown,
        &ONTOLOGY_EXTENSION.parse().unwrap(),
        &every,
    );
    assert_eq!(deleted, Ok(()));
    stage
        .jp
        .node
        .release_standing(&mut crate::sink::Silent)
        .unwrap();
    assert!(ids(&all(&stage, &caller, &shown)).contains(&&*note));
    assert_eq!(by_type("mission"), []);
}

/// Clause: I5
#[test]
fn an_item_that_was_held_is_on_the_page_once_it_is_admitted() {
    let (stage, caller, shown) = served();
    // Unmarked, and no profile: held. What comes behind it is looked at first.
    stage.jp.bring(None, &[object(1, 50)]);
    stage.jp.profile("plain", "TLP:GREEN", true);
    stage.jp.import("plain", &[object(2, 50)]);
    assert_eq!(ids(&all(&stage, &caller, &shown)), [id(2)]);
    stage.jp.bring(Some("plain"), &[object(1, 50)]);
    assert_eq!(ids(&all(&stage, &caller, &shown)), [id(2), id(1)]);
}

/// Clause: I2
#[test]
fn pages_give_everything_once_whatever_their_size() {
    let (stage, caller, shown) = served();
    stage.jp.profile("plain", "TLP:GREEN", true);
    let objects: Vec<Value> = (0..230).map(|number| object(number, 20)).collect();
    stage.jp.import("plain", &objects);
    let whole = all(&stage, &caller, &shown);
    assert_eq!(whole.len(), 230);
    for limit in [1, 7, 100, 229, 230, 231] {
        let (mut query, mut seen) = (
            Query {
                limit,
                ..Query::default()
            },
            Vec::new(),
        );
        loop {
            let (some, end) = page(&stage, &caller, &shown, &query);
            assert!(some.len() <= limit as usize);
            seen.extend(some);
            query.after = end.last;
            if !end.more {
                break;
            }
        }
        assert_eq!(seen, whole, "pages of {limit}");
        let distinct: BTreeSet<Timestamp> = seen.iter().map(|one| one.added).collect();
        assert_eq!(distinct.len(), 230, "no two share a time");
    }
    // What was answered from memory is what is answered without it.
    assert_eq!(all(&stage, &caller, &shown), whole);
}

/// Clause: I2
#[test]
fn what_is_asked_for_by_name_comes_in_pages_too_in_the_logs_order() {
    let (stage, caller, shown) = served();
    stage.jp.profile("plain", "TLP:GREEN", true);
    let version = |number, day: u32| {
        let mut value = object(number, 40);
        value["modified"] = json!(format!("2026-02-{day:02}T00:00:00.000Z"));
        value
    };
    for day in [3, 5, 9] {
        stage
            .jp
            .import("plain", &[version(2, day), version(1, day + 1)]);
    }
    let query = Query {
        ids: vec![id(1), id(2), id(3)],
        versions: vec![Version::All],
        ..Query::default()
    };
    let every = page(
        &stage,
        &caller,
        &shown,
        &Query {
            limit: 100,
            ..query.clone()
        },
    );
    assert_eq!((every.0.len(), every.1.more), (6, false));
    assert!(every.0.is_sorted_by_key(|seen| seen.added));
    for (limit, bytes_max) in [(1, 0), (4, 0), (100, 1), (3, 700), (5, 700)] {
        let (mut read, mut after) = (Vec::new(), None);
        loop {
            let asked = Query {
                limit,
                bytes_max,
                after,
                ..query.clone()
            };
            let (seen, end) = page(&stage, &caller, &shown, &asked);
            assert!(!seen.is_empty() && seen.len() <= limit as usize);
            after = end.last;
            read.extend(seen);
            if !end.more {
                break;
            }
        }
        assert_eq!(read, every.0, "{limit} objects, {bytes_max} bytes");
    }
}

#[test]
fn types_are_found_in_the_logs_order_and_nothing_else_is() {
    let (stage, caller, shown) = served();
    collection(&stage.jp, "some", "siem", &["campaign", "identity"]);
    let some = stage.jp.node.collection(&caller, "some").unwrap();
    stage.jp.profile("plain", "TLP:GREEN", true);
    let of = |number: u32, kind: &str| {
        let mut object = object(number, 20);
        object["type"] = json!(kind);
        object["id"] = json!(id(number).replace("campaign", kind));
        object
    };
    let kinds = ["campaign", "intrusion-set", "identity"];
    let objects: Vec<Value> = (0..30)
        .map(|number| of(number, kinds[number as usize % 3]))
        .collect();
    stage.jp.import("plain", &objects);
    let asked = |shown: &Collection, types: &[&str], spec: &[&str]| -> Vec<u32> {
        let mut query = Query {
            types: types.iter().map(|kind| (*kind).to_owned()).collect(),
            spec_versions: spec.iter().map(|spec| (*spec).to_owned()).collect(),
            limit: 7,
            ..Query::default()
        };
        let mut numbers = Vec::new();
        loop {
            let (seen, end) = page(&stage, &caller, shown, &query);
            let digits = |id: &str| id[id.len() - 12..].parse::<u32>().unwrap();
            numbers.extend(seen.iter().map(|one| digits(&one.id)));
            query.after = end.last;
            if !end.more {
                return numbers;
            }
        }
    };
    let numbers = |rests: &[u32]| -> Vec<u32> {
        (0..30)
            .filter(|number| rests.contains(&(number % 3)))
            .collect()
    };
    assert_eq!(asked(&shown, &[], &["2.1"]), numbers(&[0, 1, 2]));
    assert_eq!(asked(&shown, &["campaign"], &[]), numbers(&[0]));
    assert_eq!(
        asked(&shown, &["identity", "campaign"], &[]),
        numbers(&[0, 2])
    );
    assert_eq!(asked(&some, &[], &[]), numbers(&[0, 2]));
    assert_eq!(
        asked(&some, &["identity", "intrusion-set"], &[]),
        numbers(&[2])
    );
    for (shown, types, spec) in [
        (&some, &["intrusion-set"][..], &[][..]),
        (&shown, &["tool"], &[]),
        (&shown, &["campaign"], &["2.0"]),
    ] {
        assert!(asked(shown, types, spec).is_empty(), "{types:?} {spec:?}");
    }
}

#[test]
fn a_page_ends_with_the_entry_that_fills_it() {
    let (stage, caller, shown) = served();
    stage.jp.profile("plain", "TLP:GREEN", true);
    let objects: Vec<Value> = (0..10).map(|number| object(number, 1000)).collect();
    stage.jp.import("plain", &objects);
    for ids in [Vec::new(), (0..10).map(id).collect()] {
        let query = Query {
            limit: 100,
            bytes_max: 3000,
            ids,
            ..Query::default()
        };
        let (seen, end) = page(&stage, &caller, &shown, &query);
        assert_eq!((seen.len(), end.more), (3, true));
        let rest = Query {
            after: end.last,
            bytes_max: 0,
            ..query
        };
        let (seen, end) = page(&stage, &caller, &shown, &rest);
        assert_eq!((seen.len(), end.more), (7, false));
    }
}

#[test]
fn json_bombs_are_refused_and_the_rest_is_taken() {
    let (stage, caller, shown) = served();
    let with = |number: u32, bomb: &str| {
        let plain = object(number, 50).to_string();
        format!("{},\"x_bomb\":{bomb}}}", plain.strip_suffix('}').unwrap())
    };
    let bombs = [
        with(1, &format!("{}{}", "[".repeat(5000), "]".repeat(5000))),
        with(2, &format!("[{}0]", "0,".repeat(60_000))),
        with(3, &format!("\"{}\"", "a".repeat(600_000))),
        with(4, &format!("\"{}\"", "b".repeat(1_200_000))),
    ];
    let envelope = format!("{{\"objects\":[{},{}]}}", bombs.join(","), object(5, 50));
    let add = |body: &str| stage.jp.node.add(&caller, &shown, &mut body.as_bytes());
    let status = add(&envelope).unwrap();
    assert_eq!((status.succeeded, status.failed), (1, 4), "{status:?}");
    assert_eq!(ids(&all(&stage, &caller, &shown)), [id(5)]);
    for hollow in ["[", "{\"objects\":[", "{\"x\":", "{\"objects\":{\"x\":"] {
        let told = add(&hollow.repeat(100_000));
        assert!(
            told.is_err() || told.is_ok_and(|status| status.succeeded == 0),
            "{hollow}"
        );
    }
}

/// Clause: I2
#[test]
fn what_is_posted_goes_the_one_way_in_and_its_fate_is_told() {
    let (stage, caller, shown) = served();
    let bad = json!({ "type": "campaign", "spec_version": "2.1", "id": id(9) });
    let unmarked = object(2, 50);
    let status = post(&stage, &caller, &shown, &[object(1, 50), unmarked, bad]);
    assert_eq!((status.total, status.succeeded, status.failed), (3, 2, 1));
    assert_eq!(status.failures[0].id, id(9));
    assert!(
        status.failures[0]
            .message
            .as_ref()
            .is_some_and(|why| why.contains("created"))
    );
    assert_eq!(stage.jp.node.status(&caller, &status.id).unwrap(), status);
    // Marked by the profile as GREEN, so that the client reads back what it posted.
    assert_eq!(ids(&all(&stage, &caller, &shown)), [id(1), id(2)]);
    token(&stage.jp, "reader", "siem", "reader", false);
    let reader = stage.jp.node.caller(Credential::Bearer("reader")).unwrap();
    let refused = stage.jp.node.add(&reader, &shown, &mut &b"{}"[..]);
    assert!(matches!(refused, Err(Fault::Forbidden(_))));
    client(&stage.jp, "other", "tlp:green");
    token(&stage.jp, "other-1", "other", "other", true);
    let other = stage.jp.node.caller(Credential::Bearer("other")).unwrap();
    assert_eq!(stage.jp.node.status(&other, &status.id), Err(Fault::Absent));
}

/// Clause: I2
#[test]
fn a_marking_definition_that_is_posted_last_admits_what_waited_for_it() {
    let (stage, caller, shown) = served();
    let statement = "marking-definition--0a000000-0000-4000-8000-000000000001";
    let mut named = object(1, 50);
    named["object_marking_refs"] = json!([GREEN, statement]);
    let mut other = object(2, 50);
    other["object_marking_refs"] = json!([GREEN, statement.replace("01", "02")]);
    let status = post(&stage, &caller, &shown, &[named, other]);
    let told = status.successes[0].message.as_deref().unwrap_or_default();
    assert!(told.contains("gate.unknown_marking"), "{told}");
    assert_eq!(all(&stage, &caller, &shown), []);
    let definition = json!({
        "type": "marking-definition", "spec_version": "2.1", "id": statement,
        "created": "2026-01-01T00:00:00.000Z", "definition_type": "statement",
        "definition": { "statement": "Copyright of somebody" },
    });
    post(&stage, &caller, &shown, &[definition]);
    let seen = all(&stage, &caller, &shown);
    assert!(ids(&seen).contains(&&*id(1)), "{:?}", ids(&seen));
    // The status tells what became of it since.
    let rows = stage.jp.rows(Command::List {
        kind: None,
        state: Some("held".to_owned()),
        source: None,
        limit: 10,
        after: None,
    });
    stage.jp.order(Command::HeldDiscard {
        item: rows[0]["hash"].as_str().unwrap().to_owned(),
        reason: "not for us".to_owned(),
        person: stage.jp.first().into(),
    });
    let since = stage.jp.node.status(&caller, &status.id).unwrap();
    assert_eq!((since.total, since.succeeded, since.failed), (2, 1, 1));
    let said = |fate: &noroshi_taxii::desk::Fate| fate.message.clone().unwrap_or_default();
    assert!(said(&since.successes[0]).contains("admitted since"));
    assert_eq!(since.failures[0].id, id(2));
    assert!(said(&since.failures[0]).contains("taken away since"));
}

/// Clause: I5
#[test]
fn a_client_deletes_what_it_posted_and_nothing_of_anybody_else() {
    let (stage, caller, shown) = served();
    stage.jp.profile("plain", "TLP:GREEN", true);
    stage.jp.import("plain", &[object(1, 50)]);
    post(&stage, &caller, &shown, &[object(2, 50)]);
    let delete = |number: u32| {
        let id: StixId = id(number).parse().unwrap();
        stage
            .jp
            .node
            .delete(&caller, &shown, &id, &Query::default())
    };
    assert!(matches!(delete(1), Err(Fault::Forbidden(_))));
    assert_eq!(delete(7), Err(Fault::Absent));
    assert_eq!(delete(2), Ok(()));
    assert_eq!(delete(2), Err(Fault::Absent));
    assert_eq!(ids(&all(&stage, &caller, &shown)), [id(1)]);
    assert_eq!(
        stage.jp.state(&id(2)).as_deref(),
        Some("admitted"),
        "the item stays"
    );
    assert_eq!(stage.jp.lines("item.deleted").len(), 1);
}

/// Clause: I2
#[test]
fn versions_are_chosen_among_those_the_client_has() {
    let (stage, caller, shown) = served();
    stage.jp.profile("plain", "TLP:GREEN", true);
    let version = |day: &str, marking: &str| {
        let mut object = marked(1, marking);
        object["modified"] = json!(format!("2026-02-{day}T00:00:00.000Z"));
        object
    };
    stage.jp.import("plain", &[version("01", GREEN)]);
    stage.jp.import("plain", &[version("02", GREEN)]);
    // The newest is not for the client: its newest is the second.
    stage.jp.import("plain", &[version("03", AMBER)]);
    let of = |versions: &[Version]| {
        let query = Query {
            versions: versions.to_vec(),
            limit: 10,
            ..Query::default()
        };
        let (seen, _) = page(&stage, &caller, &shown, &query);
        let named = Query {
            ids: vec![id(1)],
            ..query
        };
        assert_eq!(page(&stage, &caller, &shown, &named).0, seen);
        let days = seen
            .iter()
            .map(|one| one.object["modified"].as_str().unwrap()[8..10].to_owned());
        days.collect::<Vec<String>>()
    };
    assert_eq!(of(&[]), ["02"]);
    assert_eq!(of(&[Version::Last]), ["02"]);
    assert_eq!(of(&[Version::First]), ["01"]);
    assert_eq!(of(&[Version::All]), ["01", "02"]);
    let third: Timestamp = "2026-02-03T00:00:00.000Z".parse().unwrap();
    let first: Timestamp = "2026-02-01T00:00:00.000Z".parse().unwrap();
    assert_eq!(of(&[Version::At(third)]), Vec::<String>::new());
    assert_eq!(of(&[Version::At(first)]), ["01"]);
}
