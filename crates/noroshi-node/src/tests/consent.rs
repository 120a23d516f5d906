//! Nothing of another's goes on without its consent; consent opens one thing and no more.

use noroshi_gate::Reason;
use noroshi_model::consent::{ConsentAnswer, ConsentRequest, Verdict};
use noroshi_model::{Digest, ItemHash, Signed, Signer};
use noroshi_seal::sign::SigningKey;
use noroshi_store::{RecordKind, WriteError};

use super::lies::send_forged;
use super::stage::{field, id, object};
use super::third::{Three, signed};
use crate::command::Command;
use crate::consent::ConsentRecord;
use crate::node::store_failure;

/// The United States sends on what Japan made, with Japan's own signature, whatever its own gate
/// says: it brings the item in as a feed's and puts Japan's attribution under it.
fn sent_on_unasked(three: &Three, number: u32) {
    let (jp, us) = (&three.stage.jp, &three.us);
    jp.import("closed", &[object(number, 100)]);
    let true_one = jp.node.find_item(&id(number)).unwrap().attribution.unwrap();
    us.import("passed", &[object(number, 100)]);
    us.order(us.share(&[&id(number)]));
    send_forged(us, &id(number), |_| true_one.clone());
}

fn outcome(three: &Three, number: u32, purpose: &str) -> (u64, u64) {
    let Command::Share {
        select,
        to,
        precedence,
        person,
        expires_minutes,
        ..
    } = three.us.share(&[&id(number)])
    else {
        panic!("a share is a share");
    };
    let plan = three.us.ask(Command::Share {
        select,
        to,
        purpose: purpose.to_owned(),
        precedence,
        person,
        dry_run: true,
        expires_minutes,
        accept: Vec::new(),
    });
    let recipient = &plan["recipients"][0];
    (
        recipient["refer"].as_u64().unwrap(),
        recipient["whole"].as_u64().unwrap(),
    )
}

/// Clause: I6
#[test]
fn what_another_made_is_referred_and_a_receiver_holds_what_comes_all_the_same() {
    let three = Three::new(false);
    three.shared(1);
    assert_eq!(outcome(&three, 1, "defence"), (1, 0));
    sent_on_unasked(&three, 2);
    assert_eq!(three.au.state(&id(2)).as_deref(), Some("held"));
    let held = three.au.lines("item.held");
    assert!(held[0].to_string().contains(Reason::MAY_NOT_PASS_ON));
    assert_eq!(three.au.admitted(), 0);
}

/// Clause: I6
#[test]
fn a_receiver_takes_no_consent_but_the_originators_own_for_this_item_this_way() {
    let three = Three::new(false);
    let (jp, us, au) = (&three.stage.jp, &three.us, &three.au);
    sent_on_unasked(&three, 1);
    let right = three.right_answer(1);
    let jp_keys = jp.node.keys();
    let us_keys = us.node.keys();
    let by_jp = |answer: ConsentAnswer| signed(answer, &jp_keys.items);
    let other_item = ItemHash(Digest::of(b"another rendition"));
    let long_ago = right.at.plus_seconds(-10 * 86_400);
    let wrong: Vec<(&str, Vec<u8>)> = vec![
        (
            "another item",
            by_jp(ConsentAnswer {
                item: other_item,
                ..right.clone()
            }),
        ),
        (
            "for another",
            by_jp(ConsentAnswer {
                recipient: noroshi_model::NodeId::from_bytes([9; 32]),
                ..right.clone()
            }),
        ),
        (
            "given to another",
            by_jp(ConsentAnswer {
                to: noroshi_model::NodeId::from_bytes([9; 32]),
                ..right.clone()
            }),
        ),
        (
            "expired",
            by_jp(ConsentAnswer {
                at: long_ago,
                until: long_ago.plus_seconds(86_400),
                ..right.clone()
            }),
        ),
        (
            "declined",
            by_jp(ConsentAnswer {
                request: Digest::of(b"declined"),
                verdict: Verdict::Declined,
                reason: "no".to_owned(),
                until: right.at,
                ..right.clone()
            }),
        ),
        (
            "signed by the forwarder",
            signed(right.clone(), &us_keys.items),
        ),
        (
            "signed by a key for something else",
            signed(right.clone(), &jp_keys.ledger),
        ),
        (
            "of the forwarder itself",
            signed(
                ConsentAnswer {
                    by: us.node.me(),
                    to: noroshi_model::NodeId::from_bytes([9; 32]),
                    ..right.clone()
                },
                &us_keys.items,
            ),
        ),
        (
            "of an exercise",
            by_jp(ConsentAnswer {
                world: noroshi_model::World::Exercise,
                ..right.clone()
            }),
        ),
    ];
    for (what, bytes) in wrong {
        three.deliver(us, bytes);
        assert_eq!(au.state(&id(1)).as_deref(), Some("held"), "{what}");
    }
    // The one that is right: what was held is judged again.
    three.deliver(us, by_jp(right));
    assert_eq!(au.state(&id(1)).as_deref(), Some("admitted"));
    assert_eq!(au.lines("item.readmitted").len(), 1);
    au.verifies();
}

/// Clause: I6
#[test]
fn consent_by_a_key_that_is_revoked_opens_nothing() {
    let three = Three::new(false);
    let jp = &three.stage.jp;
    three.shared(1);
    let stolen = SigningKey::from_seed(&jp.node.keys().items.seed());
    jp.rotate(noroshi_model::manifest::Purpose::Items);
    jp.revoke_former(noroshi_model::manifest::Purpose::Items);
    three.settle();
    three.us.order(three.ask(1));
    three.settle();
    let mut answer = three.right_answer(1);
    let request = three.open();
    answer.request = Digest(
        noroshi_model::document::unhex(&request)
            .unwrap()
            .try_into()
            .unwrap(),
    );
    // Straight to the forwarder: Japan's own node would sign anew what waits in its log.
    let us = &three.us.node;
    let forged = signed(answer.clone(), &stolen);
    let taken = us
        .store
        .write(|tx| us.receive_document(tx, &jp.node.me(), &forged))
        .map_err(store_failure::<WriteError>);
    let why = taken.unwrap().unwrap_err();
    assert!(why.contains("trusted here"), "{why}");
    assert_eq!(outcome(&three, 1, "defence"), (1, 0));
    // The same under the key that stands.
    three.deliver(jp, signed(answer, &jp.node.keys().items));
    assert_eq!(outcome(&three, 1, "defence"), (0, 1));
}

/// What was granted stays granted when the key under it is replaced and revoked: here, at the
/// forwarder, and at the recipient, which holds what comes under no consent that it can check.
///
/// Clause: I6
#[test]
fn a_grant_outlives_the_key_that_signed_it() {
    let three = Three::new(false);
    let (jp, us, au) = (&three.stage.jp, &three.us, &three.au);
    three.gone_on(1);
    three.shared(2);
    three.consented(2);
    let keys = |party: &super::stage::Party| -> Vec<_> {
        let kept = party
            .node
            .records::<ConsentRecord>(RecordKind::Consent)
            .unwrap();
        kept.iter()
            .map(|record| *record.answer.as_ref().unwrap().key())
            .collect()
    };
    let before = keys(jp);
    jp.rotate(noroshi_model::manifest::Purpose::Items);
    jp.revoke_former(noroshi_model::manifest::Purpose::Items);
    three.settle();
    let now = jp.node.keys().items.key_id();
    assert!(!before.contains(&now));
    // Australia has the one that went ahead of its item.
    for (party, kept) in [(jp, 2), (us, 2), (au, 1)] {
        assert_eq!(keys(party), vec![now; kept], "{}", party.people[0]);
    }
    assert_eq!(outcome(&three, 2, "defence"), (0, 1));
    let events = jp.lines("consent").into_iter();
    let renewed = events.filter(|line| line["body"]["event"] == "renewed");
    assert_eq!(renewed.count(), 2);
    let lines = jp.lines("consent").len();
    jp.node.renew_consent().unwrap();
    assert_eq!(jp.lines("consent").len(), lines, "once");
    // A grant that was taken back is not renewed.
    let listed = jp.rows(Command::ConsentList);
    let second = listed.iter().find(|row| row["id"] == id(2)).unwrap();
    let request = field(second, "request");
    jp.order(Command::ConsentWithdraw {
        request,
        reason: "source".to_owned(),
        person: jp.people[0].to_owned(),
    });
    jp.rotate(noroshi_model::manifest::Purpose::Items);
    jp.revoke_former(noroshi_model::manifest::Purpose::Items);
    three.settle();
    assert_eq!(outcome(&three, 2, "defence"), (1, 0));
    for party in [jp, us, au] {
        party.verifies();
    }
}

/// Clause: I6
#[test]
fn a_sender_whose_own_gate_lies_poses_in_vain_as_originator_of_what_was_consented_to() {
    let three = Three::new(false);
    let (jp, us, au) = (&three.stage.jp, &three.us, &three.au);
    jp.import("closed", &[object(1, 100)]);
    three.deliver(us, signed(three.right_answer(1), &jp.node.keys().items));
    // The same bytes, answered for by the forwarder.
    us.import("closed", &[object(1, 100)]);
    us.order(us.share(&[&id(1)]));
    us.sync();
    assert_eq!(au.state(&id(1)).as_deref(), Some("held"));
    let held = au.lines("item.held");
    assert!(
        held[0].to_string().contains("gate.not_the_originator"),
        "{held:?}"
    );
}

/// Clause: I6
#[test]
fn an_item_goes_on_under_the_originators_consent_and_every_ledger_says_so() {
    let three = Three::new(false);
    let (jp, us, au) = (&three.stage.jp, &three.us, &three.au);
    three.gone_on(1);
    let stored = au.node.find_item(&id(1)).unwrap();
    assert_eq!(stored.attribution.unwrap().node, jp.node.me());
    assert_eq!(
        outcome(&three, 1, "exercise"),
        (1, 0),
        "consent names one purpose"
    );
    let events = |party: &super::stage::Party| -> Vec<String> {
        let lines = party.lines("consent");
        lines
            .iter()
            .map(|line| field(&line["body"], "event"))
            .collect()
    };
    assert_eq!(events(jp), ["asked", "granted"]);
    assert_eq!(events(us), ["requested", "granted", "used"]);
    assert_eq!(events(au), ["granted"]);
    // What the reason said stays between the two that spoke.
    let rows = au.rows(Command::ConsentList);
    assert!(!format!("{rows:?}").contains("same actor"));
    for party in [jp, us, au] {
        party.verifies();
    }
}

/// Clause: I6
#[test]
fn consent_for_one_item_opens_no_other() {
    let three = Three::new(false);
    three.shared(1);
    three.shared(2);
    three.consented(1);
    assert_eq!(outcome(&three, 1, "defence"), (0, 1));
    assert_eq!(outcome(&three, 2, "defence"), (1, 0));
}

/// Clause: I6
#[test]
fn consent_that_ends_or_is_withdrawn_before_sending_stops_what_was_approved() {
    for withdraws in [false, true] {
        let three = Three::new(false);
        let (jp, us, au) = (&three.stage.jp, &three.us, &three.au);
        three.shared(1);
        let request = three.consented(1);
        us.order(us.share(&[&id(1)]));
        if withdraws {
            jp.order(Command::ConsentWithdraw {
                request,
                reason: "the source is at risk".to_owned(),
                person: jp.people[0].to_owned(),
            });
            jp.sync();
        } else {
            three.stage.hands.forward(25 * 86_400);
        }
        us.sync();
        assert_eq!(au.state(&id(1)), None);
        assert_eq!(us.lines("release.voided").len(), 1);
        let returned = us.rows(Command::ActList {
            state: Some("returned".to_owned()),
        });
        assert_eq!(returned.len(), 1);
        three.settle();
        assert_eq!(au.state(&id(1)), None);
        // The grant had gone ahead: what closes goes after it.
        if withdraws {
            let last = au.lines("consent").pop().unwrap();
            assert_eq!(last["body"]["event"], "withdrawn");
        }
        us.verifies();
    }
}

/// Clause: I6
#[test]
fn an_old_grant_played_again_after_its_withdrawal_opens_nothing() {
    let three = Three::new(false);
    let (jp, us) = (&three.stage.jp, &three.us);
    sent_on_unasked(&three, 1);
    let right = three.right_answer(1);
    let gone = ConsentAnswer {
        verdict: Verdict::Withdrawn,
        reason: "no more".to_owned(),
        until: right.at,
        ..right.clone()
    };
    for answer in [gone, right] {
        three.deliver(us, signed(answer, &jp.node.keys().items));
        assert_eq!(three.au.state(&id(1)).as_deref(), Some("held"));
    }
}

/// Clause: I6
#[test]
fn a_declined_request_opens_nothing_and_says_why_to_who_asked_alone() {
    let three = Three::new(false);
    let (jp, us, au) = (&three.stage.jp, &three.us, &three.au);
    three.shared(1);
    us.order(three.ask(1));
    let again = us.try_order(three.ask(1)).unwrap_err();
    assert_eq!(again.code, "consent.asked");
    three.settle();
    jp.order(Command::ConsentDecline {
        request: three.open(),
        reason: "not yet".to_owned(),
        person: jp.people[0].to_owned(),
    });
    three.settle();
    assert_eq!(outcome(&three, 1, "defence"), (1, 0));
    let rows = us.rows(Command::ConsentList);
    assert_eq!(
        (&rows[0]["state"], &rows[0]["answer_reason"]),
        (&"declined".into(), &"not yet".into())
    );
    assert!(au.rows(Command::ConsentList).is_empty());
    assert!(us.try_order(three.ask(1)).is_ok(), "it may ask once more");
}

/// Clause: I6
#[test]
fn nobody_is_asked_in_vain_or_about_what_is_ones_own() {
    let three = Three::new(false);
    let (jp, us) = (&three.stage.jp, &three.us);
    us.import("closed", &[object(1, 100)]);
    assert_eq!(us.try_order(three.ask(1)).unwrap_err().code, "consent.own");
    // Above the ceiling between the forwarder and the third: consent would open nothing.
    jp.profile("open", "TLP:CLEAR", true);
    jp.import("open", &[object(2, 100)]);
    jp.order(jp.share(&[&id(2)]));
    three.settle();
    assert_eq!(
        us.try_order(three.ask(2)).unwrap_err().code,
        "consent.not_needed"
    );
    three.shared(3);
    let mut purpose = three.ask(3);
    if let Command::ConsentRequest { purpose, .. } = &mut purpose {
        *purpose = "press".to_owned();
    }
    assert_eq!(us.try_order(purpose).unwrap_err().code, "consent.in_vain");
}

/// Clause: I6
#[test]
fn a_flood_of_questions_is_capped_and_questions_about_the_unknown_are_refused() {
    let three = Three::new(false);
    let (jp, us) = (&three.stage.jp, &three.us);
    three.shared(1);
    let item = us.node.find_item(&id(1)).unwrap();
    let question = |number: u32, item: ItemHash| {
        let at = us.node.now();
        let au = &three.au.node.keys().manifest.organisation.clone();
        let request = ConsentRequest {
            world: noroshi_model::World::Operational,
            by: us.node.me(),
            to: jp.node.me(),
            item,
            id: id(1).parse().unwrap(),
            modified: at,
            recipient: noroshi_model::agreement::Party {
                node: au.node,
                name_en: au.name_en.clone(),
                name_ja: au.name_ja.clone(),
                nation: au.nation,
            },
            purpose: "defence".to_owned(),
            reason: format!("question {number}"),
            at,
            expires: at.plus_seconds(86_400),
        };
        Signed::sign(request, &us.node.keys().items).to_bytes()
    };
    three.deliver(
        &three.stage.us,
        question(0, ItemHash(Digest::of(b"unknown"))),
    );
    assert!(jp.rows(Command::ConsentList).is_empty());
    for number in 0..40 {
        three.deliver(&three.stage.us, question(number, item.hash));
    }
    assert_eq!(jp.rows(Command::ConsentList).len(), 32);
    assert_eq!(jp.lines("item.refused").len(), 9);
    // What lapsed unanswered makes way.
    three.stage.hands.forward(2 * 86_400);
    three.deliver(&three.stage.us, question(99, item.hash));
    assert_eq!(jp.rows(Command::ConsentList).len(), 1);
}
