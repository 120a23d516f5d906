//! People at the console as somebody tries to come in who should not.

use std::net::{IpAddr, Ipv4Addr};

use noroshi_model::PersonId;
use noroshi_seal::totp::Secret;

use super::stage::{Party, Stage, object};
use crate::command::{Command, Event, Failure};
use crate::messages::Lang;
use crate::node::lock;
use crate::signin::{Enrol, SignedIn, SigninCommand, Whence};
use crate::sink::Collected;

const PASSWORD: &str = "correct horse battery";
const HOME: Whence<'_> = Whence {
    address: IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1)),
    agent: "a browser",
};
const STRANGE: Whence<'_> = Whence {
    address: IpAddr::V4(Ipv4Addr::new(198, 51, 100, 7)),
    agent: "another",
};

fn secret_of(base32: &str) -> Secret {
    let mut bits = 0_u64;
    let mut bytes = Vec::new();
    for (n, letter) in (1..).zip(base32.bytes()) {
        let value = letter
            - if letter.is_ascii_digit() {
                b'2' - 26
            } else {
                b'A'
            };
        bits = bits << 5 | u64::from(value);
        if n % 8 == 0 {
            bytes.extend_from_slice(&bits.to_be_bytes()[3..]);
        }
    }
    Secret::from_bytes(bytes.try_into().unwrap())
}

/// A code for a person's account, given by another.
fn code(party: &Party, name: &str) -> String {
    let answer = party.ask(Command::Signin(SigninCommand::Code {
        name: name.to_owned(),
        person: party.first().to_owned(),
    }));
    answer["code"].as_str().unwrap().to_owned()
}

/// Set up an account, and what its authenticator holds.
fn enrolled(stage: &Stage, name: &str, password: &str) -> Secret {
    let node = &stage.jp.node;
    let code = code(&stage.jp, name);
    let shown = node.enrolment(&code, "visitor").unwrap();
    let secret = secret_of(&shown.secret);
    let said = Enrol {
        person: name,
        passphrase: "passphrase",
        password,
        code: &secret.code(node.clock_now()),
        visitor: "visitor",
        lang: Lang::En,
        organisation: None,
    };
    node.enrol(&code, &said, HOME).unwrap();
    stage.hands.forward(60);
    secret
}

fn sign_in(stage: &Stage, name: &str, secret: &Secret) -> Result<SignedIn, Failure> {
    let node = &stage.jp.node;
    let code = secret.code(node.clock_now());
    let id = node.sign_in(name, PASSWORD, &code, HOME)?;
    stage.hands.forward(60);
    Ok(node.signed_in(&id, HOME)?.unwrap())
}

fn run_as(party: &Party, who: &SignedIn, command: Command) -> Result<Vec<Event>, Failure> {
    let mut told = Collected::default();
    party
        .node
        .run_as(who, command, None, &party.road, &mut told)?;
    Ok(told.0)
}

fn duties(party: &Party, name: &str, duties: &[&str]) {
    party.order(Command::Signin(SigninCommand::Duties {
        name: name.to_owned(),
        duties: duties.iter().map(|duty| (*duty).to_owned()).collect(),
        person: party.first().to_owned(),
    }));
}

#[test]
fn tries_at_the_same_time_are_no_more_than_tries_one_by_one() {
    let stage = Stage::new();
    let node = &stage.jp.node;
    enrolled(&stage, "sato", PASSWORD);
    let turn = lock(&node.signin_turn);
    let codes: Vec<String> = std::thread::scope(|scope| {
        let tries: Vec<_> = (0..12)
            .map(|n| {
                let from = Whence {
                    address: Ipv4Addr::new(198, 51, 100, n).into(),
                    agent: "",
                };
                scope.spawn(move || node.sign_in("sato", "wrong", "000000", from))
            })
            .collect();
        drop(turn);
        let results = tries.into_iter().map(|one| one.join().unwrap());
        results.map(|result| result.unwrap_err().code).collect()
    });
    let wrong = codes.iter().filter(|code| *code == "signin.wrong").count();
    assert_eq!(wrong, 5, "{codes:?}");
}

#[test]
fn one_code_of_an_authenticator_makes_one_session() {
    let stage = Stage::new();
    let node = &stage.jp.node;
    let secret = enrolled(&stage, "sato", PASSWORD);
    let code = secret.code(node.clock_now());
    let turn = lock(&node.signin_turn);
    let made = std::thread::scope(|scope| {
        let tries = [0; 3].map(|_| scope.spawn(|| node.sign_in("sato", PASSWORD, &code, HOME)));
        drop(turn);
        tries.map(|one| one.join().unwrap())
    });
    assert_eq!(made.iter().filter(|made| made.is_ok()).count(), 1);
    let refused = made.into_iter().filter_map(Result::err);
    assert!(
        refused
            .into_iter()
            .all(|failure| failure.code == "signin.wrong")
    );
}

#[test]
fn what_was_set_up_anew_is_not_overwritten_by_who_held_the_old() {
    let stage = Stage::new();
    let node = &stage.jp.node;
    let person: PersonId = "sato".parse().unwrap();
    let old_secret = enrolled(&stage, "sato", "the old password");
    // Somebody with the old password and authenticator is on the way in.
    let mut old = node.account(&person).unwrap().unwrap();
    let new_secret = enrolled(&stage, "sato", PASSWORD);
    old.used += 1000;
    assert!(node.begin(&old, &node.fresh_name(), HOME).is_err());
    assert!(
        node.sign_in(
            "sato",
            "the old password",
            &old_secret.code(node.clock_now()),
            HOME
        )
        .is_err()
    );
    assert!(sign_in(&stage, "sato", &new_secret).is_ok());
}

#[test]
fn a_name_that_nobody_has_waits_like_a_persons() {
    let stage = Stage::new();
    let node = &stage.jp.node;
    for name in ["sato", "nobody"] {
        let tried = |_| {
            let failure = node.sign_in(name, "wrong", "000000", STRANGE).unwrap_err();
            failure.code
        };
        let codes: Vec<String> = (0..6).map(tried).collect();
        assert_eq!(codes[4..], ["signin.wrong", "signin.wait"], "{name}");
    }
}

#[test]
fn who_tries_a_name_elsewhere_does_not_keep_its_person_out() {
    let stage = Stage::new();
    let secret = enrolled(&stage, "sato", PASSWORD);
    sign_in(&stage, "sato", &secret).unwrap();
    for _ in 0..6 {
        let tried = stage.jp.node.sign_in("sato", "wrong", "000000", STRANGE);
        assert!(tried.is_err());
    }
    assert!(sign_in(&stage, "sato", &secret).is_ok());
}

#[test]
fn who_saw_the_code_does_not_know_the_authenticator_by_it() {
    let stage = Stage::new();
    let node = &stage.jp.node;
    let code = code(&stage.jp, "sato");
    let shown = |visitor| node.enrolment(&code, visitor).unwrap().secret;
    assert_ne!(shown("thief"), shown("visitor"));
    // A page that is loaded again shows the same.
    assert_eq!(shown("visitor"), shown("visitor"));
    let thiefs = secret_of(&shown("thief")).code(node.clock_now());
    let said = Enrol {
        person: "sato",
        passphrase: "passphrase",
        password: PASSWORD,
        code: &thiefs,
        visitor: "visitor",
        lang: Lang::En,
        organisation: None,
    };
    let failure = node.enrol(&code, &said, HOME).unwrap_err();
    assert_eq!(failure.code, "signin.enrol");
}

#[test]
fn who_administers_signs_nothing_that_leaves() {
    let stage = Stage::new();
    let jp = &stage.jp;
    let secret = enrolled(&stage, "suzuki", PASSWORD);
    jp.import("own", &[object(1, 10)]);
    let act = jp.prepare(jp.share(&[])).unwrap();
    let endorse = || Command::Endorse {
        act: act.id.clone(),
        person: "suzuki".to_owned(),
        signature: "00".repeat(64),
        root_signature: None,
    };
    let show = || Command::ActShow {
        act: act.id.clone(),
    };
    for (duty, is_refused) in [("administration", true), ("analysis", false)] {
        duties(jp, "suzuki", &[duty]);
        let suzuki = sign_in(&stage, "suzuki", &secret).unwrap();
        for command in [endorse(), show()] {
            let failure = run_as(jp, &suzuki, command).err();
            let code = failure.map(|failure| failure.code);
            let is_duty = code.as_deref() == Some("duty.none");
            assert_eq!(is_duty, is_refused, "{duty}: {code:?}");
        }
    }
}

#[test]
fn who_comes_later_is_no_founder_whatever_the_clock_says() {
    let stage = Stage::new();
    let jp = &stage.jp;
    stage.hands.forward(-3 * 24 * 3600);
    let key = noroshi_seal::sign::SigningKey::generate(&noroshi_seal::SystemRng);
    jp.order(Command::PersonAdd {
        name: "tanaka".to_owned(),
        public_key: noroshi_model::document::hex(&key.public())
            .as_str()
            .unwrap()
            .to_owned(),
        person: "sato".to_owned(),
    });
    let of = |name: &str| jp.node.duties_of(&name.parse().unwrap()).unwrap();
    assert!(!of("tanaka").permit(noroshi_gate::Deed::Administer));
    assert!(of("sato").permit(noroshi_gate::Deed::Administer));
}

#[test]
fn whoever_is_revoked_is_out_at_once() {
    let stage = Stage::new();
    let jp = &stage.jp;
    let key = noroshi_seal::sign::SigningKey::generate(&noroshi_seal::SystemRng);
    jp.order(Command::PersonAdd {
        name: "tanaka".to_owned(),
        public_key: noroshi_model::document::hex(&key.public())
            .as_str()
            .unwrap()
            .to_owned(),
        person: "sato".to_owned(),
    });
    let secret = enrolled(&stage, "suzuki", PASSWORD);
    let node = &jp.node;
    let id = node
        .sign_in("suzuki", PASSWORD, &secret.code(node.clock_now()), HOME)
        .unwrap();
    assert!(node.signed_in(&id, HOME).unwrap().is_some());
    jp.order(Command::PersonRevoke {
        name: "suzuki".to_owned(),
        person: "sato".to_owned(),
    });
    assert!(node.signed_in(&id, HOME).unwrap().is_none());
    stage.hands.forward(60);
    assert!(sign_in(&stage, "suzuki", &secret).is_err());
}

#[test]
fn a_session_used_from_elsewhere_ends_with_an_alarm() {
    let stage = Stage::new();
    let node = &stage.jp.node;
    let secret = enrolled(&stage, "sato", PASSWORD);
    let id = node
        .sign_in("sato", PASSWORD, &secret.code(node.clock_now()), HOME)
        .unwrap();
    assert!(node.signed_in(&id, STRANGE).unwrap().is_none());
    assert!(node.signed_in(&id, HOME).unwrap().is_none());
    let alarms = stage.jp.events(Command::AlarmList {
        all: false,
        limit: 100,
    });
    let told = serde_json::to_string(&alarms.unwrap()).unwrap();
    assert!(told.contains("used from elsewhere"), "{told}");
}
