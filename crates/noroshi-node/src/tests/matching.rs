//! Indicators at work on our own telemetry: what comes, goes and is held; hits, alarms, sightings.

use noroshi_match::{Layout, Mapping, Scanner, ZEEK};
use noroshi_model::{Object, Timestamp};
use noroshi_pattern::{Observation, ObservedObject};
use serde_json::{Value, json};

use super::stage::{Party, Stage, field};
use crate::command::Command;
use crate::matching::{Hit, Indicator, MatchingCommand, Way};

const NUMBER: &str = "7d1f6e0a-9f24-4d0e-9c3b-5be6a7b42f0c";

/// An indicator with this pattern, marked TLP:GREEN.
pub(super) fn indicator(number: u32, pattern: &str, more: Value) -> Value {
    let mut object = json!({
        "type": "indicator", "spec_version": "2.1",
        "id": format!("indicator--{number:08x}{}", &NUMBER[8..]),
        "created": "2026-09-01T00:00:00.000Z", "modified": "2026-09-01T00:00:00.000Z",
        "name": "Made by a test", "pattern": pattern, "pattern_type": "stix",
        "valid_from": "2026-09-01T00:00:00Z",
        "object_marking_refs": ["marking-definition--bab4a63c-aed9-4cf5-a766-dfca5abac2bb"],
    });
    for (key, value) in more.as_object().into_iter().flatten() {
        object[key] = value.clone();
    }
    object
}

/// What a party's node hits in a line of Zeek's DNS log for this name.
fn look(party: &Party, name: &str) -> Vec<Hit> {
    scan(
        party,
        &format!("{{\"_path\":\"dns\",\"query\":\"{name}\"}}\n"),
    )
}

fn scan(party: &Party, lines: &str) -> Vec<Hit> {
    let live = party.node.live().unwrap();
    let mut scanner = Scanner::new(Layout::Json, Mapping::from_toml(ZEEK).unwrap());
    let mut hits = Vec::new();
    let now = party.node.now();
    let set = live.current();
    set.scan(
        &mut scanner,
        lines.as_bytes(),
        now,
        &mut |_| None,
        &mut hits,
    );
    hits
}

fn hits_of(party: &Party, name: &str) -> usize {
    look(party, name).len()
}

fn alarms(party: &Party) -> Vec<Value> {
    let events = party
        .events(Command::AlarmList {
            all: true,
            limit: 100,
        })
        .unwrap();
    let rows = events.into_iter().filter_map(|event| match event {
        crate::command::Event::Row { row, .. } => Some(row),
        _ => None,
    });
    rows.filter(|row| row["body"]["code"] == "indicator.hit")
        .collect()
}

fn sightings(party: &Party) -> Vec<Value> {
    let reader = party.node.inside().unwrap();
    let seqs = reader.current_of_kind("sighting", 0, 100).unwrap();
    let bytes = seqs
        .into_iter()
        .map(|seq| reader.item_at(seq).unwrap().unwrap().canonical.unwrap());
    bytes
        .map(|bytes| serde_json::from_slice(&bytes).unwrap())
        .collect()
}

/// A partner's indicator is at work when it has arrived, and stops when it is recalled.
/// Clause: I4c
#[test]
fn a_partners_indicator_is_at_work_and_stops_when_recalled() {
    let stage = Stage::new();
    assert_eq!(hits_of(&stage.us, "c2.threat.example"), 0);
    let one = indicator(1, "[domain-name:value = 'threat.example']", json!({}));
    stage.jp.import("own", std::slice::from_ref(&one));
    let id = field(&one, "id");
    stage.jp.order(stage.jp.share(&[&id]));
    stage.jp.sync();
    let hits = look(&stage.us, "c2.threat.example");
    assert_eq!(hits.len(), 1);
    assert_eq!(
        hits[0].indicator,
        Indicator::of(&id.parse().unwrap()).unwrap()
    );
    assert_eq!(hits[0].indicator.id().as_str(), id);
    assert_eq!(hits_of(&stage.us, "nothreat.example"), 0);
    stage.jp.order(stage.jp.recall(&id, "destroy"));
    stage.jp.sync();
    assert_eq!(hits_of(&stage.us, "c2.threat.example"), 0);
}

/// A newer version takes the place of the older; a revoked one is out of work; two indicators of
/// one value are two hits, and one remains when the other goes.
#[test]
fn versions_and_revocations_are_followed() {
    let stage = Stage::new();
    let old = indicator(2, "[domain-name:value = 'old.example']", json!({}));
    let twin = indicator(
        3,
        "[domain-name:value IN ('old.example', 'twin.example')]",
        json!({}),
    );
    stage.jp.import("own", &[old.clone(), twin]);
    assert_eq!(hits_of(&stage.jp, "old.example"), 2);
    let later = json!({ "modified": "2026-09-02T00:00:00.000Z" });
    let newer = indicator(2, "[domain-name:value = 'new.example']", later);
    stage.jp.import("own", &[newer]);
    assert_eq!(hits_of(&stage.jp, "old.example"), 1);
    assert_eq!(hits_of(&stage.jp, "new.example"), 1);
    let revoked = json!({ "modified": "2026-09-03T00:00:00.000Z", "revoked": true });
    stage.jp.import(
        "own",
        &[indicator(2, "[domain-name:value = 'new.example']", revoked)],
    );
    assert_eq!(hits_of(&stage.jp, "new.example"), 0);
    assert_eq!(hits_of(&stage.jp, "twin.example"), 1);
}

/// What is not valid yet, or no more, hits nothing; time alone changes that.
#[test]
fn an_indicator_works_between_its_times() {
    let stage = Stage::new();
    let now = stage.jp.node.now().micros();
    let at = |seconds: i64| Timestamp::from_micros(now + seconds * 1_000_000).to_string();
    let times = json!({ "valid_from": at(60), "valid_until": at(120) });
    stage.jp.import(
        "own",
        &[indicator(4, "[domain-name:value = 'short.example']", times)],
    );
    assert_eq!(hits_of(&stage.jp, "short.example"), 0);
    stage.hands.forward(61);
    assert_eq!(hits_of(&stage.jp, "short.example"), 1);
    stage.hands.forward(60);
    assert_eq!(hits_of(&stage.jp, "short.example"), 0);
}

/// What would hit everything or nobody in particular is not put to work.
#[test]
fn poison_is_caught_before_it_is_at_work() {
    let stage = Stage::new();
    let patterns = [
        "[ipv4-addr:value ISSUBSET '16.0.0.0/5']",
        "[ipv4-addr:value = '10.1.2.3']",
        "[ipv4-addr:value = '198.0.0.0/9']",
        "[domain-name:value LIKE '%']",
        "[domain-name:value MATCHES '^.*$' OR url:value MATCHES '.']",
        "[ipv4-addr:value != '192.0.2.1']",
        "[domain-name:value LIKE '%.com']",
        "[network-traffic:dst_port = 443] REPEATS 5 TIMES",
    ];
    let objects: Vec<Value> = patterns
        .iter()
        .zip(10_u32..)
        .map(|(pattern, number)| indicator(number, pattern, json!({})))
        .collect();
    stage.jp.import("own", &objects);
    let live = stage.jp.node.live().unwrap();
    assert_eq!(live.current().len(), 0);
    let line = "{\"_path\":\"conn\",\"id.orig_h\":\"10.1.2.3\",\"id.resp_h\":\"17.0.0.1\"}\n";
    assert_eq!(scan(&stage.jp, line), []);
}

/// What is held is never at work, and is once it is admitted.
#[test]
fn what_is_held_is_not_at_work() {
    let stage = Stage::new();
    let unmarked = json!({ "object_marking_refs": null });
    let mut object = indicator(70, "[domain-name:value = 'held.example']", unmarked);
    object
        .as_object_mut()
        .unwrap()
        .remove("object_marking_refs");
    let brought = stage.jp.bring(None, &[object.clone()]);
    assert_eq!(brought["admitted"], 0, "{brought}");
    assert_eq!(hits_of(&stage.jp, "held.example"), 0);
    let brought = stage.jp.bring(Some("own"), &[object]);
    assert_eq!(brought["admitted"], 1, "{brought}");
    assert_eq!(hits_of(&stage.jp, "held.example"), 1);
}

/// A pattern over several observations is at work beside the plain values, and goes as they do.
#[test]
fn patterns_of_several_observations_are_at_work() {
    let stage = Stage::new();
    let pattern = "[domain-name:value = 'first.example'] FOLLOWEDBY \
                   [ipv4-addr:value = '203.0.113.9'] WITHIN 60 SECONDS";
    let live = stage.jp.node.live().unwrap();
    assert!(!live.wants_observations());
    stage.jp.import("own", &[indicator(80, pattern, json!({}))]);
    let live = stage.jp.node.live().unwrap();
    assert!(live.wants_observations());
    let now = stage.jp.node.now();
    let seen = |number: u64, kind: &str, value: &str| {
        let at = Timestamp::from_micros(now.micros() + number.cast_signed() * 1_000_000);
        let properties = Object::new().with("type", kind).with("value", value);
        let object = ObservedObject {
            key: "0".into(),
            properties,
        };
        Observation::at(number, at, vec![object]).unwrap()
    };
    let both = [
        seen(1, "domain-name", "first.example"),
        seen(2, "ipv4-addr", "203.0.113.9"),
    ];
    let observe = || {
        let mut hits = Vec::new();
        for observation in &both {
            live.observe(observation, now, &mut hits);
        }
        hits
    };
    let hits = observe();
    assert_eq!(hits.len(), 1);
    assert_eq!(
        (hits[0].way, &hits[0].observations),
        (Way::Pattern, &vec![1, 2])
    );
    let recorded = stage.jp.node.record_hits("zeek", &hits, now).unwrap();
    assert_eq!((recorded.alarms, recorded.sightings), (1, 1));
    let revoked = json!({ "modified": "2026-09-03T00:00:00.000Z", "revoked": true });
    stage.jp.import("own", &[indicator(80, pattern, revoked)]);
    stage.jp.node.live().unwrap();
    assert!(!live.wants_observations());
    assert_eq!(observe(), []);
}

/// A hundred thousand hits in a second: one alarm, one sighting, whose newer version comes later.
#[test]
fn many_hits_are_one_sighting_and_one_alarm() {
    let stage = Stage::new();
    stage.jp.import(
        "own",
        &[indicator(
            5,
            "[domain-name:value = 'busy.example']",
            json!({}),
        )],
    );
    let mut hits = look(&stage.jp, "busy.example");
    hits[0].seen = Some(stage.jp.node.now());
    let many = vec![hits[0].clone(); 1_000];
    let now = stage.jp.node.now();
    for _ in 0..100 {
        stage.jp.node.record_hits("dns.log", &many, now).unwrap();
    }
    assert_eq!(alarms(&stage.jp).len(), 1);
    let first = sightings(&stage.jp);
    assert_eq!(first.len(), 1);
    assert_eq!(first[0]["count"], 1_000);
    stage.hands.forward(30);
    stage.jp.node.write_sightings().unwrap();
    assert_eq!(sightings(&stage.jp)[0]["count"], 1_000);
    stage.hands.forward(31);
    stage.jp.node.write_sightings().unwrap();
    let second = sightings(&stage.jp);
    assert_eq!(second.len(), 1);
    assert_eq!(
        (&second[0]["count"], &second[0]["id"]),
        (&json!(100_000), &first[0]["id"])
    );
    assert_eq!(alarms(&stage.jp).len(), 1);
    stage.hands.forward(86_400);
    stage
        .jp
        .node
        .record_hits("dns.log", &hits, stage.jp.node.now())
        .unwrap();
    assert_eq!(sightings(&stage.jp).len(), 2);
    assert_eq!(alarms(&stage.jp).len(), 2);
}

/// The sighting goes back to who gave the indicator, and nothing of our telemetry with it:
/// neither value nor host nor source stands in anything that leaves or is kept for others.
#[test]
fn a_sighting_returns_and_no_telemetry_leaves() {
    let stage = Stage::new();
    let one = indicator(6, "[domain-name:value = 'threat.example']", json!({}));
    stage.jp.import("own", std::slice::from_ref(&one));
    stage.jp.order(stage.jp.share(&[&field(&one, "id")]));
    stage.jp.sync();
    let line = "{\"_path\":\"dns\",\"id.orig_h\":\"198.51.100.77\",\"host\":\"desk-canary\",\
                \"query\":\"inner-canary.threat.example\"}\n";
    let hits = scan(&stage.us, line);
    assert_eq!(hits.len(), 1);
    stage
        .us
        .node
        .record_hits("source-canary", &hits, stage.us.node.now())
        .unwrap();
    let told = sightings(&stage.us);
    assert_eq!(told[0]["sighting_of_ref"], one["id"]);
    assert_eq!(told[0]["object_marking_refs"], one["object_marking_refs"]);
    let tell = || {
        Command::Matching(MatchingCommand::Tell {
            to: stage.us.other.to_owned(),
            dry_run: false,
            person: stage.us.first().to_owned(),
        })
    };
    stage.us.order(tell());
    stage.us.sync();
    assert_eq!(
        stage.us.try_ask(tell()).unwrap_err().code,
        "sighting.nothing"
    );
    let arrived = sightings(&stage.jp);
    assert_eq!(arrived.len(), 1);
    assert_eq!(
        (&arrived[0]["id"], &arrived[0]["count"]),
        (&told[0]["id"], &json!(1))
    );
    for canary in [
        "inner-canary",
        "198.51.100.77",
        "desk-canary",
        "source-canary",
    ] {
        let is_in = |bytes: &Vec<u8>| {
            bytes
                .windows(canary.len())
                .any(|at| at == canary.as_bytes())
        };
        for road in [&stage.us.road, &stage.jp.road] {
            assert!(!road.tape.lock().unwrap().iter().any(is_in), "{canary}");
        }
        let whole = Command::Search {
            text: canary.to_owned(),
            limit: 10,
        };
        assert_eq!(stage.us.ask(whole)["rows"], 0, "{canary}");
    }
}

fn life(party: &Party, id: &str) -> Value {
    let item = id.to_owned();
    party.ask(Command::Matching(MatchingCommand::Show { item }))
}

fn codes(party: &Party, code: &str) -> Vec<Value> {
    let all = Command::AlarmList {
        all: true,
        limit: 100,
    };
    let rows = party.rows(all).into_iter();
    rows.filter(|row| row["body"]["code"] == code).collect()
}

/// What a partner sends to make us fire on ourselves or on what everybody uses waits for a person,
/// with the reason, and raises the alarm; a person's word puts it to work, or out of it.
#[test]
fn a_partners_poison_waits_for_a_person() {
    let stage = Stage::new();
    stage.us.ask(Command::Matching(MatchingCommand::SetOwn {
        networks: vec!["198.51.100.0/24".to_owned()],
        domains: vec!["agency.example".to_owned()],
        person: stage.us.first().to_owned(),
    }));
    stage.us.node.live().unwrap();
    let poison = [
        ("[ipv4-addr:value = '198.51.100.7']", "own"),
        ("[ipv4-addr:value = '198.51.0.0/17']", "own"),
        ("[url:value = 'http://mail.agency.example/login']", "own"),
        ("[ipv4-addr:value = '8.8.8.8']", "everybody"),
        ("[ipv4-addr:value = '8.8.8.0/24']", "everybody"),
        ("[domain-name:value = 'google.com']", "everybody"),
        (
            "[file:hashes.MD5 = 'd41d8cd98f00b204e9800998ecf8427e']",
            "everybody",
        ),
        ("[ipv4-addr:value = '127.0.0.1']", "not-public"),
    ];
    let mut ids = Vec::new();
    for ((pattern, _), number) in poison.iter().zip(30_u32..) {
        let object = indicator(number, pattern, json!({}));
        ids.push(field(&object, "id"));
        stage.jp.import("own", &[object]);
    }
    let named: Vec<&str> = ids.iter().map(String::as_str).collect();
    stage.jp.order(stage.jp.share(&named));
    stage.jp.sync();
    let live = stage.us.node.live().unwrap();
    assert_eq!(live.current().len(), 0);
    for (id, (pattern, why)) in ids.iter().zip(poison) {
        let shown = life(&stage.us, id);
        assert_eq!(
            (&shown["at_work"], &shown["why"]),
            (&json!(false), &json!(why)),
            "{pattern}"
        );
    }
    assert_eq!(
        codes(&stage.us, "indicator.held")[0]["body"]["count"],
        poison.len()
    );
    let held = Command::Matching(MatchingCommand::Held { limit: 100 });
    assert_eq!(stage.us.rows(held).len(), poison.len());
    let line = "{\"_path\":\"dns\",\"query\":\"google.com\",\"id.resp_h\":\"8.8.8.8\"}\n";
    assert_eq!(scan(&stage.us, line), []);
    let word = |is_at_work| {
        let (item, person) = (ids[5].clone(), stage.us.first().to_owned());
        let note = "looked at".to_owned();
        Command::Matching(match is_at_work {
            true => MatchingCommand::Release { item, note, person },
            false => MatchingCommand::Stop { item, note, person },
        })
    };
    assert_eq!(stage.us.ask(word(true))["at_work"], true);
    assert_eq!(scan(&stage.us, line).len(), 1);
    let stopped = stage.us.ask(word(false));
    assert_eq!(
        (&stopped["at_work"], &stopped["why"]),
        (&json!(false), &json!("stopped"))
    );
    assert_eq!(scan(&stage.us, line), []);
}

/// What has no end of its own fades by its model, and begins anew when it is seen. A hash does not.
#[test]
fn an_indicator_fades_and_a_sighting_renews_it() {
    let stage = Stage::new();
    let fading = indicator(50, "[domain-name:value = 'fading.example']", json!({}));
    let ends = json!({ "valid_until": "2036-09-01T00:00:00Z" });
    let ending = indicator(51, "[domain-name:value = 'ending.example']", ends);
    stage.jp.import("own", &[fading.clone(), ending]);
    let id = field(&fading, "id");
    let day = 86_400;
    stage.hands.forward(46 * day);
    let shown = life(&stage.jp, &id);
    assert_eq!(shown["at_work"], true, "{shown}");
    let hits = look(&stage.jp, "fading.example");
    stage
        .jp
        .node
        .record_hits("dns", &hits, stage.jp.node.now())
        .unwrap();
    stage.hands.forward(46 * day);
    assert_eq!(hits_of(&stage.jp, "fading.example"), 1);
    assert_eq!(life(&stage.jp, &id)["hits"], 1);
    stage.hands.forward(day);
    assert_eq!(hits_of(&stage.jp, "fading.example"), 0);
    let shown = life(&stage.jp, &id);
    assert_eq!(
        (&shown["at_work"], &shown["why"]),
        (&json!(false), &json!("faded"))
    );
    assert!(shown["score"].as_f64().unwrap() < shown["threshold"].as_f64().unwrap());
    assert_eq!(hits_of(&stage.jp, "ending.example"), 1);
    // A restart comes to the same answer.
    let stage = stage.restarted(&["JPN"]);
    assert_eq!(hits_of(&stage.jp, "fading.example"), 0);
    assert_eq!(hits_of(&stage.jp, "ending.example"), 1);
}

/// A verdict is a sighting with its outcome, and goes where a sighting goes.
#[test]
fn a_verdict_reaches_who_gave_the_indicator() {
    let stage = Stage::new();
    let one = indicator(60, "[domain-name:value = 'wrong.example']", json!({}));
    stage.jp.import("own", std::slice::from_ref(&one));
    stage.jp.order(stage.jp.share(&[&field(&one, "id")]));
    stage.jp.sync();
    let verdict = |outcome: &str| {
        Command::Matching(MatchingCommand::Verdict {
            item: field(&one, "id"),
            outcome: outcome.to_owned(),
            days: 30,
            person: stage.us.first().to_owned(),
        })
    };
    assert_eq!(
        stage.us.try_ask(verdict("maybe")).unwrap_err().code,
        "sighting.outcome"
    );
    let said = stage.us.ask(verdict("not-seen"));
    stage.us.order(stage.us.share(&[&field(&said, "sighting")]));
    stage.us.sync();
    let arrived = sightings(&stage.jp);
    assert_eq!(arrived.len(), 1);
    assert_eq!(arrived[0]["count"], 0);
    assert_eq!(arrived[0]["sighting_of_ref"], one["id"]);
    let extension = arrived[0]["extensions"]
        .as_object()
        .unwrap()
        .values()
        .next();
    assert_eq!(extension.unwrap()["outcome"], "not-seen");
}
