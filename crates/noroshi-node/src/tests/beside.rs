//! Bytes that are here already: what their sender is told says nothing of who else brought them.

use serde_json::{Value, json};

use super::stage::{Party, Stage, field, id, object};
use crate::command::Command;

/// What became of a sender's releases, the latest first.
fn fates(sender: &Party) -> Vec<Value> {
    let mut rows = sender.rows(Command::Receipts {
        item: None,
        peer: None,
        outstanding: false,
        limit: 100,
    });
    rows.iter_mut().map(|row| row["fate"].take()).collect()
}

/// How long the receiver's log is at its partner.
fn told(partner: &Party, receiver: &Party) -> u64 {
    let reader = partner.node.inside().unwrap();
    reader.log_root(&receiver.node.me(), true).unwrap().0
}

/// Japan sends what is held at the United States until their agreement stands again; under that
/// profile the same bytes were brought there before. The fates, and how much Japan was told.
fn held_then_admitted(sender_profile: &str, before: Option<&str>) -> (Vec<Vec<Value>>, u64) {
    let stage = Stage::new();
    let (jp, us) = (&stage.jp, &stage.us);
    if let Some(profile) = before {
        us.import(profile, &[object(1, 10)]);
    }
    us.suspend();
    jp.import(sender_profile, &[object(1, 10)]);
    jp.order(jp.share(&[&id(1)]));
    jp.sync();
    let mut seen = vec![fates(jp)];
    us.resume();
    us.sync();
    seen.push(fates(jp));
    assert_eq!(us.state(&id(1)).as_deref(), Some("admitted"));
    let kept = us.node.inside().unwrap();
    let kept = kept.records(noroshi_store::RecordKind::Beside).unwrap();
    assert_eq!(kept, [], "nothing waits any more");
    us.verifies();
    jp.verifies();
    (seen, told(jp, us))
}

/// Clause: I6
#[test]
fn the_answer_to_bytes_that_another_brought_is_the_answer_to_new_ones() {
    for sender in ["own", "feed"] {
        let alone = held_then_admitted(sender, None);
        assert_eq!(alone.0, [[json!("held")], [json!("admitted")]]);
        for before in ["own", "feed"] {
            let beside = held_then_admitted(sender, Some(before));
            assert_eq!(beside, alone, "{sender} beside {before}");
        }
    }
}

/// Clause: I6
#[test]
fn a_recalled_delivery_is_not_said_to_be_admitted_later() {
    let stage = Stage::new();
    let (jp, us) = (&stage.jp, &stage.us);
    us.import("own", &[object(1, 10)]);
    us.suspend();
    jp.import("feed", &[object(1, 10)]);
    jp.order(jp.share(&[&id(1)]));
    jp.sync();
    assert_eq!(fates(jp), [json!("held")]);
    jp.order(jp.recall(&id(1), "withdraw"));
    jp.sync();
    let before = fates(jp);
    assert!(before.contains(&json!("withdrawn")), "{before:?}");
    us.resume();
    us.sync();
    assert_eq!(fates(jp), before);
    assert_eq!(us.state(&id(1)).as_deref(), Some("admitted"));
}

/// Clause: I6
#[test]
fn who_takes_back_what_another_brought_as_well_hears_what_it_would_hear_alone() {
    let recalled = |before: Option<&str>| {
        let stage = Stage::new();
        let (jp, us) = (&stage.jp, &stage.us);
        if let Some(profile) = before {
            us.import(profile, &[object(1, 10)]);
        }
        jp.import("feed", &[object(1, 10)]);
        jp.order(jp.share(&[&id(1)]));
        jp.sync();
        jp.order(jp.recall(&id(1), "withdraw"));
        jp.sync();
        let first = fates(jp);
        // Its word is taken back once; what it never brought it only makes note of.
        let taken = us.lines("recall.received");
        assert_eq!(taken[0]["body"]["outcome"], "withdrawn");
        us.verifies();
        (first, us.state(&id(1)))
    };
    let (alone, withdrawn) = recalled(None);
    assert_eq!(withdrawn.as_deref(), Some("withdrawn"));
    for before in ["own", "feed"] {
        let (beside, state) = recalled(Some(before));
        assert_eq!(beside, alone, "{before}");
        assert_eq!(state.as_deref(), Some("admitted"));
    }
}

/// Japan holds the same bytes from the United States and then from Australia.
struct Two {
    stage: Stage,
    au: Party,
    agreements: [String; 2],
}

impl Two {
    fn new() -> Self {
        let stage = Stage::new();
        let (_, au) = stage.member("AUS", ["bruce", "sheila"]);
        au.profile("feed", "TLP:CLEAR", false);
        let with = |party: &Party| field(&party.rows(Command::AgreementList)[0], "id");
        let two = Self {
            agreements: [with(&stage.us), with(&au)],
            stage,
            au,
        };
        let jp = &two.stage.jp;
        for (party, agreement) in [&two.stage.us, &two.au].into_iter().zip(&two.agreements) {
            jp.order(Command::AgreementSuspend {
                agreement: agreement.clone(),
                person: jp.first().to_owned(),
            });
            party.import("feed", &[object(1, 10)]);
            party.order(party.share(&[&id(1)]));
            party.sync();
            assert_eq!(fates(party), [json!("held")]);
        }
        two
    }

    /// The agreement with one of them stands again, and both ask for news.
    fn resume(&self, which: usize) -> [Vec<Value>; 2] {
        let jp = &self.stage.jp;
        jp.order(Command::AgreementResume {
            agreement: self.agreements[which].clone(),
            person: jp.first().to_owned(),
        });
        [&self.stage.us, &self.au].map(|party| {
            party.sync();
            fates(party)
        })
    }
}

/// Clause: I6
#[test]
fn of_two_who_wait_for_the_same_bytes_each_hears_of_its_own_delivery() {
    let (held, admitted) = ([json!("held")], [json!("admitted")]);
    let two = Two::new();
    assert_eq!(two.resume(0), [&admitted[..], &held]);
    assert_eq!(two.resume(1), [&admitted[..], &admitted]);
    // Australia's delivery takes the place of the one that was held first, which waits on.
    let two = Two::new();
    assert_eq!(two.resume(1), [&held[..], &admitted]);
    assert_eq!(two.resume(0), [&admitted[..], &admitted]);
    two.stage.jp.verifies();
}
