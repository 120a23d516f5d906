//! Acts that must not take effect: used, changed, late, by the wrong person, under another rule.

use std::sync::Barrier;

use noroshi_model::World;
use noroshi_store::{RecordKind, WriteError};

use super::stage::{Party, Stage, id, object};
use crate::command::ActAnswer;
use crate::node::store_failure;
use crate::persons;
use crate::records::PlanRecord;
use crate::{Command, Failure};

/// A release that one person may order, of one item.
fn small(stage: &Stage, number: u32) -> ActAnswer {
    stage.jp.import("own", &[object(number, 100)]);
    let act = stage.jp.prepare(stage.jp.share(&[&id(number)])).unwrap();
    assert!(!act.needs_second_person);
    act
}

/// A release that needs a second person, asked for by the first.
fn great(stage: &Stage, number: u32) -> ActAnswer {
    stage.jp.profile("amber", "TLP:AMBER", true);
    stage.jp.import("amber", &[object(number, 100)]);
    let act = stage.jp.prepare(stage.jp.share(&[&id(number)])).unwrap();
    assert!(act.needs_second_person);
    assert_eq!(stage.jp.endorse(&act, 0).unwrap().act.state, "pending");
    act
}

fn one_person_up_to(party: &Party, level: &str) {
    party.order(Command::RuleSet {
        second_person_above: level.to_owned(),
        person: "sato".to_owned(),
    });
}

/// A signature made by one person, handed in under a name for an act.
fn hand_in(party: &Party, by: &str, named: &str, signed: &str, act: &str) -> Result<(), Failure> {
    let home = party.node.home().path();
    let signer = persons::unlock(home, &by.parse().unwrap(), "passphrase").unwrap();
    let (named_id, signed_id) = (named.parse().unwrap(), signed.parse().unwrap());
    let signature = persons::sign_act(&*signer, World::Operational, &signed_id, &named_id, false);
    let digits = noroshi_model::document::hex(&signature);
    let endorse = Command::Endorse {
        act: act.to_owned(),
        person: named.to_owned(),
        signature: digits.as_str().unwrap().to_owned(),
        root_signature: None,
    };
    party.try_ask(endorse).map(|_| ())
}

/// Add a person with the public key of another.
fn add_person(party: &Party, name: &str, with_key_of: &str) {
    let public = party.node.active_person(with_key_of).unwrap().public;
    let public = noroshi_model::document::hex(&public);
    party.order(Command::PersonAdd {
        name: name.to_owned(),
        public_key: public.as_str().unwrap().to_owned(),
        person: "sato".to_owned(),
    });
}

/// Clause: I2
#[test]
fn two_signatures_at_one_moment_carry_an_act_out_once() {
    let stage = Stage::new();
    for number in 0..8 {
        let act = small(&stage, number);
        let barrier = Barrier::new(2);
        let done = std::thread::scope(|scope| {
            let sign = || {
                barrier.wait();
                stage.jp.endorse(&act, 0).is_ok()
            };
            let (one, two) = (scope.spawn(sign), scope.spawn(sign));
            u32::from(one.join().unwrap()) + u32::from(two.join().unwrap())
        });
        assert_eq!(done, 1);
        assert_eq!(stage.jp.lines("release").len() as u32, number + 1);
    }
}

/// Clause: I2
#[test]
fn an_act_moves_on_only_from_the_state_it_was_read_in() {
    let stage = Stage::new();
    let act = small(&stage, 1);
    let mut stale = stage.jp.node.find_act(&act.id).unwrap();
    stage.jp.endorse(&act, 0).unwrap();
    let moved = stage
        .jp
        .node
        .store
        .write(|tx| stage.jp.node.return_act(tx, &mut stale, "late"));
    assert!(matches!(moved, Err(WriteError::Refused(_))));
    let again = stage.jp.endorse(&act, 0).unwrap_err();
    assert_eq!(again.code, "act.used");
    assert_eq!(stage.jp.lines("release").len(), 1);
}

/// Clause: I2
#[test]
fn a_rule_made_stricter_after_the_plan_returns_the_act_to_its_person() {
    let stage = Stage::new();
    stage.jp.profile("green", "TLP:GREEN", true);
    stage.jp.import("green", &[object(1, 100), object(2, 100)]);
    let queued = stage.jp.prepare(stage.jp.share(&[&id(1)])).unwrap();
    let planned = stage.jp.prepare(stage.jp.share(&[&id(2)])).unwrap();
    assert!(!queued.needs_second_person && !planned.needs_second_person);
    assert_eq!(stage.jp.endorse(&queued, 0).unwrap().entries, 1);
    one_person_up_to(&stage.jp, "tlp:clear");
    // Between plan and carrying out; between queueing and sending.
    let refused = stage.jp.endorse(&planned, 0).unwrap_err();
    assert_eq!(refused.code, "act.returned", "{refused:?}");
    stage.jp.sync();
    assert_eq!(stage.us.state(&id(1)), None);
    assert_eq!(stage.jp.lines("release.voided").len(), 1);
    let returned = stage.jp.rows(Command::ActList {
        state: Some("returned".to_owned()),
    });
    assert_eq!(returned.len(), 2, "{returned:?}");
}

/// Clause: I2
#[test]
fn what_two_persons_approved_leaves_under_the_stricter_rule_too() {
    let stage = Stage::new();
    let act = great(&stage, 1);
    one_person_up_to(&stage.jp, "tlp:clear");
    assert_eq!(stage.jp.endorse(&act, 1).unwrap().act.state, "done");
    stage.jp.sync();
    assert_eq!(stage.us.state(&id(1)).as_deref(), Some("admitted"));
}

/// Clause: I2
#[test]
fn an_approval_of_other_bytes_or_after_an_edit_is_refused() {
    let stage = Stage::new();
    let (act, other) = (great(&stage, 1), great(&stage, 2));
    let refused = hand_in(&stage.jp, "suzuki", "suzuki", &other.id, &act.id);
    assert_eq!(refused.unwrap_err().code, "act.bad_signature");
    // Somebody exchanges the plan under the act that was approved.
    let plan = PlanRecord::default().to_bytes();
    let key = other.id.parse::<noroshi_model::ids::ActId>().unwrap();
    stage
        .jp
        .node
        .store
        .write(|tx| tx.put(RecordKind::Plan, key.bytes(), &plan))
        .map_err(store_failure::<WriteError>)
        .unwrap();
    let refused = stage.jp.endorse(&other, 1).unwrap_err();
    assert_eq!(refused.code, "act.changed");
    assert_eq!(stage.jp.lines("release").len(), 0);
}

/// Clause: I2
#[test]
fn who_asks_cannot_approve_under_a_second_name_either() {
    let stage = Stage::new();
    add_person(&stage.jp, "double", "sato");
    let act = great(&stage, 1);
    let own = stage.jp.endorse(&act, 0).unwrap_err();
    assert_eq!(own.code, "act.self_approval");
    let refused = hand_in(&stage.jp, "sato", "double", &act.id, &act.id);
    assert_eq!(refused.unwrap_err().code, "act.same_key");
}

/// Clause: I2
#[test]
fn an_act_that_expired_or_whose_person_is_revoked_takes_no_effect() {
    let stage = Stage::new();
    let (late, act) = (small(&stage, 1), great(&stage, 2));
    add_person(&stage.jp, "third", "suzuki");
    stage.jp.order(Command::PersonRevoke {
        name: "sato".to_owned(),
        person: "sato".to_owned(),
    });
    let refused = stage.jp.endorse(&act, 1).unwrap_err();
    assert_eq!(refused.code, "act.revoked_person");
    let refused = stage.jp.endorse(&late, 0).unwrap_err();
    assert_eq!(refused.code, "person.revoked");
    let stage = Stage::new();
    let (one, two) = (small(&stage, 1), great(&stage, 2));
    stage.hands.forward(3_600);
    for (act, who) in [(&one, 0), (&two, 1)] {
        assert_eq!(stage.jp.endorse(act, who).unwrap_err().code, "act.expired");
    }
    assert_eq!(stage.jp.lines("release").len(), 0);
}
