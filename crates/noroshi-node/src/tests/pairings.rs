//! Codes that are used up, late, used twice or by two at once; manifests that take another's key.

use std::sync::{Barrier, Mutex};

use noroshi_model::manifest::Purpose;
use noroshi_model::{KeyId, NodeId};
use noroshi_store::{RecordKind, WriteError};

use super::stage::{Party, Stage};
use crate::node::{lock, store_failure};
use crate::outside::{Outside, OutsideError};
use crate::records::{Peer, Record};
use crate::sink::Collected;
use crate::{Command, Failure};

const WRONG: &str = "0000-0000-0000";

fn invite(stage: &Stage) -> String {
    let answer = stage.jp.ask(Command::PeerInvite {
        person: "sato".to_owned(),
    });
    answer["code"].as_str().unwrap().to_owned()
}

fn accept(party: &Party, code: &str, outside: &dyn Outside) -> Result<(), Failure> {
    let command = Command::PeerAccept {
        address: "jpn.example:7461".to_owned(),
        code: code.to_owned(),
        person: "bruce".to_owned(),
    };
    let mut sink = Collected::default();
    party.node.run(command, None, outside, &mut sink)
}

/// How many peers Japan knows beside the United States.
fn newcomers(stage: &Stage) -> usize {
    let peers = stage.jp.node.records::<Peer>(RecordKind::Peer).unwrap();
    peers.len() - 1
}

/// A road on which something else happens before the third message arrives.
struct Slow<'a> {
    road: &'a dyn Outside,
    calls: Mutex<u32>,
    between: &'a (dyn Fn() + Sync),
}

impl Outside for Slow<'_> {
    fn pair(&self, address: &str, message: &[u8]) -> Result<(Vec<u8>, KeyId), OutsideError> {
        *lock(&self.calls) += 1;
        if *lock(&self.calls) == 2 {
            (self.between)();
        }
        self.road.pair(address, message)
    }

    fn exchange(&self, a: &str, pinned: &[KeyId], frames: &[u8]) -> Result<Vec<u8>, OutsideError> {
        self.road.exchange(a, pinned, frames)
    }

    fn recover(&self, a: &str, message: &[u8]) -> Result<(Vec<u8>, KeyId), OutsideError> {
        self.road.recover(a, message)
    }

    fn wake(&self, _: &NodeId) {}

    fn present(&self, _: &[u8]) {}
}

/// Clause: I5
#[test]
fn the_sixth_try_is_refused_even_with_the_right_code() {
    let stage = Stage::new();
    let au = stage.stranger("AUS");
    let code = invite(&stage);
    for _ in 0..5 {
        let guessed = accept(&au, WRONG, &au.road).unwrap_err();
        assert_eq!(guessed.code, "pairing.failed");
    }
    assert!(accept(&au, &code, &au.road).is_err());
    assert_eq!(newcomers(&stage), 0);
    accept(&au, &invite(&stage), &au.road).unwrap();
    assert_eq!(newcomers(&stage), 1);
}

/// Clause: I5
#[test]
fn many_at_once_get_no_more_tries_than_one() {
    let stage = Stage::new();
    let parties: Vec<Party> = ["AUS", "GBR", "CAN", "NZL", "FRA", "DEU", "ITA", "KOR"]
        .map(|nation| stage.stranger(nation))
        .into();
    invite(&stage);
    let barrier = Barrier::new(parties.len());
    let answered = std::thread::scope(|scope| {
        let tries: Vec<_> = parties
            .iter()
            .map(|party| {
                scope.spawn(|| {
                    barrier.wait();
                    accept(party, WRONG, &party.road).unwrap_err().code
                })
            })
            .collect();
        let codes = tries.into_iter().map(|one| one.join().unwrap());
        codes.filter(|code| code == "pairing.failed").count()
    });
    assert_eq!(answered, 5);
}

/// Clause: I5
#[test]
fn a_code_is_good_for_a_quarter_of_an_hour_and_once() {
    let stage = Stage::new();
    let (au, gb) = (stage.stranger("AUS"), stage.stranger("GBR"));
    let late = invite(&stage);
    stage.hands.forward(16 * 60);
    assert!(accept(&au, &late, &au.road).is_err());
    let code = invite(&stage);
    stage.hands.forward(14 * 60);
    accept(&au, &code, &au.road).unwrap();
    assert!(accept(&gb, &code, &gb.road).is_err());
    assert_eq!(newcomers(&stage), 1);
}

/// Clause: I5
#[test]
fn of_two_that_pair_with_one_code_one_finishes() {
    let stage = Stage::new();
    let (au, gb) = (stage.stranger("AUS"), stage.stranger("GBR"));
    let code = invite(&stage);
    let between = || accept(&gb, &code, &gb.road).unwrap();
    let slow = Slow {
        road: &au.road,
        calls: Mutex::new(0),
        between: &between,
    };
    assert!(accept(&au, &code, &slow).is_err());
    assert_eq!(newcomers(&stage), 1);
    // Nor does a pairing begun with one invitation finish with the next.
    let code = invite(&stage);
    let between = || {
        invite(&stage);
    };
    let slow = Slow {
        road: &au.road,
        calls: Mutex::new(0),
        between: &between,
    };
    assert!(accept(&au, &code, &slow).is_err());
    assert_eq!(newcomers(&stage), 1);
}

fn put(party: &Party, peer: &Peer) {
    party
        .node
        .store
        .write(|tx| tx.put(RecordKind::Peer, peer.node().bytes(), &peer.to_bytes()))
        .map_err(store_failure::<WriteError>)
        .unwrap();
}

/// Clause: I5
#[test]
fn a_second_pairing_never_brings_an_older_manifest_back() {
    let stage = Stage::new();
    let au = stage.australia();
    let mut known = stage.jp.node.peer(&au.node.me()).unwrap().unwrap();
    known.manifest.serial += 1;
    known.manifest_bytes = known.manifest.to_bytes();
    put(&stage.jp, &known);
    assert!(accept(&au, &invite(&stage), &au.road).is_err());
    let kept = stage.jp.node.peer(&au.node.me()).unwrap().unwrap();
    assert_eq!(kept.manifest.serial, known.manifest.serial);
    assert!(kept.is_confirmed());
}

/// Clause: I5
#[test]
fn a_manifest_that_lists_the_key_of_another_is_refused() {
    let stage = Stage::new();
    let au = stage.stranger("AUS");
    // Japan knows a peer that holds what is now Australia's TLS key.
    let mut us = stage.jp.node.peer(&stage.us.node.me()).unwrap().unwrap();
    let keys = au.node.keys();
    let tls = keys.manifest.current(Purpose::Tls).unwrap().clone();
    drop(keys);
    us.manifest.keys.push(tls);
    us.manifest_bytes = us.manifest.to_bytes();
    put(&stage.jp, &us);
    assert!(accept(&au, &invite(&stage), &au.road).is_err());
    assert_eq!(newcomers(&stage), 0);
    let peers = stage.jp.node.records::<Peer>(RecordKind::Peer).unwrap();
    let taken = |party: &Party| {
        let manifest = party.node.keys().manifest.clone();
        stage.jp.node.lists_key_of_another(&peers, &manifest)
    };
    assert!(taken(&au) && !taken(&stage.us));
}
