//! Keys that are rotated and revoked while partners are connected, away, or just starting.

use noroshi_model::manifest::Purpose;

use super::stage::{Party, Stage, id, object};
use crate::command::Command;
use crate::node::lock;

/// An item each way, receipts in, nothing refused, and both books in order.
fn both_ways(stage: &Stage, number: u32) {
    for (at, [from, to]) in [[&stage.jp, &stage.us], [&stage.us, &stage.jp]]
        .into_iter()
        .enumerate()
    {
        let number = 2 * number + u32::try_from(at).unwrap();
        from.import("own", &[object(number, 100)]);
        from.order(from.share(&[&id(number)]));
        from.sync();
        to.sync();
        from.sync();
        assert_eq!(to.state(&id(number)).as_deref(), Some("admitted"));
        assert_eq!(from.unanswered(), 0, "{} is not answered", id(number));
    }
    for party in [&stage.jp, &stage.us] {
        for kind in ["receipt.disputed", "alarm", "item.refused"] {
            assert_eq!(party.lines(kind), Vec::<serde_json::Value>::new());
        }
        party.verifies();
    }
}

/// What both sides do between a rotation and the next exchange.
const STARTS: [&[&str]; 4] = [&[], &["JPN"], &["USA"], &["JPN", "USA"]];

fn serial_known(of: &Party, at: &Party) -> u64 {
    let peer = at.node.peer(&of.node.me()).unwrap().unwrap();
    peer.manifest.serial
}

/// Clause: I5
#[test]
fn a_rotated_key_reaches_a_connected_partner_and_both_go_on_whoever_starts_again() {
    for purpose in Purpose::ALL {
        let mut stage = Stage::new();
        both_ways(&stage, 0);
        for (number, nations) in (1_u32..).zip(STARTS) {
            stage.jp.rotate(purpose);
            stage.jp.sync();
            assert_eq!(serial_known(&stage.jp, &stage.us), u64::from(number) + 1);
            stage = stage.restarted(nations);
            both_ways(&stage, number);
        }
    }
}

/// Clause: I5
#[test]
fn a_partner_away_during_rotations_learns_of_them_whoever_calls_first_and_starts_again() {
    for purpose in Purpose::ALL {
        let mut stage = Stage::new();
        for (number, nations) in (0_u32..).zip(STARTS.repeat(2)) {
            stage.jp.rotate(purpose);
            stage.us.rotate(purpose);
            stage.jp.rotate(purpose);
            stage = stage.restarted(nations);
            let first = [&stage.jp, &stage.us][usize::from(number >= 4)];
            first.sync();
            both_ways(&stage, number);
        }
    }
}

/// Clause: I5
#[test]
fn what_is_under_way_when_a_sealing_key_is_replaced_is_still_opened_until_it_is_revoked() {
    let mut stage = Stage::new();
    both_ways(&stage, 0);
    // The partner's epoch is sealed for the old key; this node starts again and must open it anew.
    stage.jp.rotate(Purpose::Sealing);
    stage = stage.restarted(&["JPN"]);
    stage.us.import("own", &[object(90, 100)]);
    stage.us.order(stage.us.share(&[&id(90)]));
    stage.us.sync();
    assert_eq!(stage.jp.state(&id(90)).as_deref(), Some("admitted"));
    both_ways(&stage, 1);
    // Both revoke what the other still seals for: each hears of the other's new key first.
    for party in [&stage.jp, &stage.us] {
        party.rotate(Purpose::Sealing);
        party.revoke_former(Purpose::Sealing);
    }
    stage = stage.restarted(&["JPN", "USA"]);
    both_ways(&stage, 2);
}

/// Clause: I5
#[test]
fn a_partner_away_while_tls_keys_are_revoked_is_met_again_by_an_introduction_and_by_no_other() {
    let mut stage = Stage::new();
    both_ways(&stage, 0);
    stage.jp.rotate(Purpose::Tls);
    stage.jp.revoke_former(Purpose::Tls);
    stage = stage.restarted(&["JPN", "USA"]);
    // The partner knows the revoked key only: it does not find this node by calling.
    let refused = stage.us.try_sync().unwrap_err();
    assert_eq!(refused.code, "peer.unreachable", "{refused:?}");
    // Whoever recorded the introduction holds another key than the manifest lists.
    let tape = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
    let recorder = std::sync::Arc::clone(&tape);
    *lock(&stage.jp.road.bend) = Some(Box::new(move |body| {
        lock(&recorder).push(body.to_vec());
        None
    }));
    stage.jp.try_sync().unwrap_err();
    *lock(&stage.jp.road.bend) = None;
    let introduction = lock(&tape).pop().unwrap();
    let us = &stage.us.node;
    let key = stage
        .jp
        .node
        .keys()
        .manifest
        .current(Purpose::Tls)
        .unwrap()
        .id;
    let other = noroshi_model::KeyId::of(b"another");
    assert_eq!(us.peer_introduced(&other, &introduction), None);
    let mut altered = introduction.clone();
    let at = altered.len() / 2;
    altered[at] ^= 1;
    for body in [&altered[..], &introduction[..60], b""] {
        assert_eq!(us.peer_introduced(&key, body), None);
    }
    assert_eq!(
        us.peer_introduced(&key, &introduction),
        Some(stage.jp.node.me())
    );
    // The road was lost to it before; now it hears of the new manifest, and both go on.
    stage.jp.sync();
    assert_eq!(
        us.peer_introduced(&key, &introduction),
        None,
        "once is enough"
    );
    both_ways(&stage, 1);
}

/// Clause: I5
#[test]
fn secrets_of_revoked_keys_and_of_acts_that_came_to_nothing_do_not_stay_on_the_disk() {
    let stage = Stage::new();
    let files = || {
        let folder = stage.jp.node.home().path().join("keys");
        let mut names: Vec<_> = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    };
    let before = files();
    let rotate = |purpose: &str| Command::KeyRotate {
        purpose: purpose.to_owned(),
        person: "sato".to_owned(),
    };
    // Two ask at one time: the one that is approved takes effect, the other is refused.
    let [first, second] = [(); 2].map(|()| stage.jp.prepare(rotate("sealing")).unwrap());
    let asked = stage.jp.endorse(&first, 0).unwrap().act;
    let late = stage.jp.endorse(&second, 0).unwrap().act;
    stage.jp.endorse(&asked, 1).unwrap();
    assert_eq!(
        stage.jp.endorse(&late, 1).unwrap_err().code,
        "key.stale_manifest"
    );
    assert_eq!(files().len(), before.len() + 1, "the former key is kept");
    stage.jp.revoke_former(Purpose::Sealing);
    assert_eq!(files(), before);
    // A secret that is gone before the approval: refused, and the node keeps what it has.
    let act = stage.jp.prepare(rotate("items")).unwrap();
    let asked = stage.jp.endorse(&act, 0).unwrap().act;
    for name in files().iter().filter(|name| !before.contains(name)) {
        std::fs::remove_file(stage.jp.node.home().path().join("keys").join(name)).unwrap();
    }
    assert_eq!(stage.jp.endorse(&asked, 1).unwrap_err().code, "key.damaged");
    stage.jp.import("own", &[object(1, 100)]);
}

/// Clause: I5
#[test]
fn a_peers_alias_and_address_are_changed_by_a_person_and_stand_in_the_ledger() {
    let stage = Stage::new();
    let set = |person: &str| Command::PeerSet {
        peer: "USA".to_owned(),
        alias: Some("washington".to_owned()),
        address: Some("us.example:1".to_owned()),
        person: person.to_owned(),
    };
    let refused = stage.jp.try_ask(set("nobody")).unwrap_err();
    assert_eq!(refused.code, "person.unknown");
    stage.jp.ask(set("sato"));
    let lines = stage.jp.lines("peer");
    let line = lines.last().unwrap();
    assert_eq!(line["person"], "sato", "{line}");
    let body = &line["body"];
    assert_eq!(body["event"], "changed", "{body}");
    assert_eq!(body["alias"], "washington", "{body}");
    assert_eq!(body["address"], "us.example:1", "{body}");
}
