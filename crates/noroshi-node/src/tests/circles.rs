//! Members of a private circle do not learn of one another.

use std::path::Path;

use super::stage::{Party, Stage, field, id, object};
use crate::command::Command;

fn circle(stage: &Stage, peers: &[&str]) -> Command {
    Command::CircleSet {
        name: "pacific".to_owned(),
        peers: peers.iter().map(|peer| (*peer).to_owned()).collect(),
        person: stage.jp.people[0].to_owned(),
    }
}

fn share(stage: &Stage, items: &[&str]) -> Command {
    let mut share = stage.jp.share(items);
    if let Command::Share { to, .. } = &mut share {
        *to = vec!["circle:pacific".to_owned()];
    }
    share
}

/// Every byte that a node keeps of what it was ever sent.
fn kept(folder: &Path, bytes: &mut Vec<u8>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            kept(&path, bytes);
        } else if path.extension().is_none_or(|extension| extension != "toml") {
            bytes.extend(std::fs::read(&path).unwrap_or_default());
        }
    }
}

fn holds(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

/// What Japan's log for a partner comes to: how long, and what its releases are.
fn log_for(stage: &Stage, party: &Party) -> (u64, Vec<String>) {
    let reader = stage.jp.node.inside().unwrap();
    let (size, _) = reader.log_root(&party.node.me(), false).unwrap();
    let entries = reader.log_entries(&party.node.me(), 0, 1000).unwrap();
    let releases = entries.iter().filter(|entry| entry.rendition().is_some());
    (
        size,
        releases
            .map(|entry| entry.leaf.digest.to_string())
            .collect(),
    )
}

/// Clause: I6
#[test]
fn a_circle_is_one_name_for_several_of_whom_each_sees_only_itself() {
    let stage = Stage::new();
    let (jp_au, au) = stage.member("AUS", ["bruce", "sheila"]);
    let ordered = stage.jp.order(circle(&stage, &["USA", "AUS"]));
    assert!(ordered.act.needs_second_person);
    assert_eq!(stage.jp.lines("circle").len(), 1);
    stage.jp.import("own", &[object(1, 100), object(2, 100)]);
    let shared = stage.jp.order(share(&stage, &[]));
    assert_eq!(shared.entries, 4);
    stage.jp.sync();
    jp_au.sync();
    stage.jp.order(stage.jp.recall(&id(2), "destroy"));
    for _ in 0..2 {
        stage.jp.sync();
        jp_au.sync();
    }
    for member in [&stage.us, &au] {
        assert_eq!(member.state(&id(1)).as_deref(), Some("admitted"));
        assert_eq!(member.state(&id(2)).as_deref(), Some("destroyed"));
    }
    for (member, other) in [(&stage.us, &au), (&au, &stage.us)] {
        let mut bytes = Vec::new();
        kept(member.node.home().path(), &mut bytes);
        let manifest = other.node.keys().manifest.clone();
        let org = &manifest.organisation;
        let mut traces = vec![
            org.node.bytes().to_vec(),
            org.node.to_string().into_bytes(),
            org.name_en.clone().into_bytes(),
            other.node.config().address.clone().into_bytes(),
            b"pacific".to_vec(),
        ];
        for key in &manifest.keys {
            traces.push(key.public.clone());
            traces.push(key.id.to_string().into_bytes());
            traces.push(key.id.bytes().to_vec());
        }
        assert!(
            holds(&bytes, &stage.jp.node.me().bytes()[..]),
            "the search finds what is there"
        );
        for trace in traces {
            assert!(
                !holds(&bytes, &trace),
                "{} of {}",
                String::from_utf8_lossy(&trace),
                org.nation
            );
        }
    }
}

/// Clause: I6
#[test]
fn a_members_log_is_the_same_whether_there_are_others_or_none() {
    let alone = Stage::new();
    let many = Stage::new();
    let _au = many.member("AUS", ["bruce", "sheila"]);
    alone.jp.order(circle(&alone, &["USA"]));
    many.jp.order(circle(&many, &["USA", "AUS"]));
    for stage in [&alone, &many] {
        stage.jp.import("own", &[object(1, 100), object(2, 100)]);
        stage.jp.order(share(stage, &[]));
        stage.jp.sync();
        stage.jp.order(stage.jp.recall(&id(2), "withdraw"));
        stage.jp.sync();
        stage.jp.sync();
    }
    let (size, releases) = log_for(&alone, &alone.us);
    let (size_of_many, releases_of_many) = log_for(&many, &many.us);
    assert_eq!(size, size_of_many);
    // Recalls are signed with each world's own keys; what was released is the same.
    assert_eq!(releases[..2], releases_of_many[..2]);
}

/// Clause: I6
#[test]
fn a_circle_opens_nothing_that_an_agreement_does_not_and_is_known_by_its_name() {
    let stage = Stage::new();
    let refused = |name: &str| {
        let mut share = stage.jp.share(&[]);
        if let Command::Share { to, .. } = &mut share {
            *to = vec![name.to_owned()];
        }
        stage.jp.try_order(share).unwrap_err().code
    };
    assert_eq!(refused("circle:nobody"), "circle.unknown");
    let unknown = stage.jp.try_order(circle(&stage, &["FRA"])).unwrap_err();
    assert_eq!(unknown.code, "peer.unknown");
    stage.jp.order(circle(&stage, &["USA"]));
    stage.jp.suspend();
    stage.jp.import("own", &[object(1, 100)]);
    let plan = stage.jp.ask(share(&stage, &[]));
    // The item, and the canary of the stage.
    assert_eq!(plan["recipients"][0]["stays"], 2);
    let rows = stage.jp.rows(Command::CircleList);
    assert_eq!(field(&rows[0], "name"), "pacific");
}
