//! Do the signatures under an act suffice? Every refusal by its own name, then what suffices.

use noroshi_gate::acts::{ActContext, Persons, approve, check_request};
use noroshi_model::act::{Act, ActKind, Endorsement};
use noroshi_model::json::Object;
use noroshi_model::{Context, Digest, KeyId, PersonId, Timestamp, Verifier, World, signing};

/// Signs and verifies with a hash over key and message: enough to tell who signed what.
struct Hashes;

fn sign(public: &[u8; 32], message: &[u8]) -> [u8; 64] {
    let mut signature = [0; 64];
    signature[..32].copy_from_slice(&Digest::of_parts(&[public, message]).0);
    signature
}

impl Verifier for Hashes {
    fn verify(&self, public: &[u8; 32], message: &[u8], signature: &[u8; 64]) -> bool {
        sign(public, message) == *signature
    }
}

/// sato and suzuki, an alias of sato with the same key, and tanaka, who is revoked.
struct Office;

impl Persons for Office {
    fn key(&self, person: &PersonId) -> Option<([u8; 32], Option<Timestamp>)> {
        match person.as_str() {
            "sato" | "alias" => Some(([1; 32], None)),
            "suzuki" => Some(([2; 32], None)),
            "tanaka" => Some(([3; 32], Some(at(0)))),
            _ => None,
        }
    }
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_micros(seconds * 1_000_000)
}

fn act(requester: &str) -> Act {
    Act {
        world: World::Operational,
        kind: ActKind::Recall,
        subject: Object::new().with("item", "x"),
        requester: requester.parse().expect("a person"),
        at: at(10),
        expires: at(20),
        nonce: [7; 16],
    }
}

fn endorse(act: &Act, person: &str, is_requester: bool) -> Endorsement {
    let person: PersonId = person.parse().expect("a person");
    let public = Office.key(&person).map_or([9; 32], |(public, _)| public);
    let payload = Act::endorsed_payload(&act.id(), &person, is_requester);
    Endorsement {
        signature: sign(
            &public,
            &signing::message(Context::Act, act.world, &payload),
        ),
        key: KeyId::of(&public),
        at: at(11),
        person,
    }
}

fn context(now: i64) -> ActContext<'static> {
    ActContext {
        persons: &Office,
        is_used: false,
        needs_two: true,
        world: World::Operational,
        now: at(now),
        verifier: &Hashes,
    }
}

#[test]
fn what_does_not_suffice_is_refused_by_its_own_name() {
    let sato = act("sato");
    let request = endorse(&sato, "sato", true);
    let approval = endorse(&sato, "suzuki", false);
    let code = |request: &Endorsement, approval: Option<&Endorsement>, context: &ActContext<'_>| {
        approve(&sato, request, approval, context)
            .unwrap_err()
            .code()
    };
    let usual = context(15);
    let used = ActContext {
        is_used: true,
        ..usual
    };
    assert_eq!(code(&request, Some(&approval), &used), "act.used");
    let exercise = ActContext {
        world: World::Exercise,
        ..usual
    };
    assert_eq!(
        code(&request, Some(&approval), &exercise),
        "act.other_world"
    );
    // The instant of expiry is too late, the one before is not.
    assert_eq!(code(&request, Some(&approval), &context(20)), "act.expired");
    assert!(approve(&sato, &request, Some(&approval), &context(19)).is_ok());
    let other = endorse(&sato, "suzuki", true);
    assert_eq!(
        code(&other, Some(&approval), &usual),
        "act.not_the_requester"
    );
    assert_eq!(code(&request, None, &usual), "act.second_person_missing");
    assert_eq!(code(&request, Some(&request), &usual), "act.self_approval");
    let alias = endorse(&sato, "alias", false);
    assert_eq!(code(&request, Some(&alias), &usual), "act.same_key");
    let unknown = endorse(&sato, "nobody", false);
    assert_eq!(code(&request, Some(&unknown), &usual), "act.unknown_person");
    let revoked = endorse(&sato, "tanaka", false);
    assert_eq!(code(&request, Some(&revoked), &usual), "act.revoked_person");
    // A request is no approval, and a signature under another act is none under this.
    let as_request = endorse(&sato, "suzuki", true);
    assert_eq!(
        code(&request, Some(&as_request), &usual),
        "act.bad_signature"
    );
    let changed = Act {
        nonce: [8; 16],
        ..act("sato")
    };
    let for_other = endorse(&changed, "sato", true);
    assert_eq!(
        code(&for_other, Some(&approval), &usual),
        "act.bad_signature"
    );
    for (requester, refusal) in [
        ("nobody", "act.unknown_person"),
        ("tanaka", "act.revoked_person"),
    ] {
        let asked = act(requester);
        let request = endorse(&asked, requester, true);
        let refused = check_request(&asked, &request, &usual).unwrap_err();
        assert_eq!(refused.code(), refusal);
    }
}

#[test]
fn one_suffices_where_one_does_and_two_where_two_must() {
    let sato = act("sato");
    let request = endorse(&sato, "sato", true);
    let approval = endorse(&sato, "suzuki", false);
    let alone = ActContext {
        needs_two: false,
        ..context(15)
    };
    assert!(check_request(&sato, &request, &context(15)).is_ok());
    assert_eq!(
        approve(&sato, &request, None, &alone).unwrap().act(),
        &sato.id()
    );
    let both = approve(&sato, &request, Some(&approval), &context(15)).unwrap();
    assert_eq!(both.act(), &sato.id());
}
