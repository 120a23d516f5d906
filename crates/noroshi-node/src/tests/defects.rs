//! Defects of others, each as a test that it is none here: how MISP shared too much, how guards in
//! front of it were passed, and the classes of attack that follow from both. The comment of a test
//! names the defect.
//!
//! Neighbours: `lies` (forged attributions, recalls and receipts), `roads`, `noroshi-net`'s
//! refusals (who is nobody at the door), `noroshi-store`'s suite (what a viewer may not see).

use noroshi_seal::manifest::SignedManifest;
use noroshi_seal::sign::{Ed25519, SigningKey};
use serde_json::{Value, json};

use super::stage::{Party, Stage, id, object};
use crate::command::{Command, Failure};
use crate::node::lock;

/// What must not have happened: nothing of this item left, waits to leave, or is promised.
fn stays(party: &Party, number: u32) {
    let receipts = party.rows(Command::Receipts {
        item: Some(id(number)),
        peer: None,
        outstanding: false,
        limit: 10,
    });
    assert!(receipts.is_empty(), "{receipts:?}");
}

fn share_to(party: &Party, item: u32, to: &[&str]) -> Result<Value, Failure> {
    let Command::Share {
        select,
        purpose,
        precedence,
        person,
        ..
    } = party.share(&[&id(item)])
    else {
        unreachable!("a share is a share")
    };
    party.try_ask(Command::Share {
        select,
        to: to.iter().map(|to| (*to).to_owned()).collect(),
        purpose,
        precedence,
        person,
        dry_run: false,
        expires_minutes: 60,
        accept: Vec::new(),
    })
}

/// Refused outright, or planned with nothing that leaves.
fn leaves_nothing(outcome: &Result<Value, Failure>) -> bool {
    match outcome {
        Err(_) => true,
        Ok(plan) => {
            let recipients = plan["recipients"].as_array().into_iter().flatten();
            let mut counts = recipients.flat_map(|to| [&to["whole"], &to["reduced"]]);
            plan["act"].is_null() && counts.all(|count| *count == 0)
        }
    }
}

/// MISP#3380, CVE-2021-31780, attack class 4: a group was found by its local number. Here nobody
/// and nothing is named by a number of this store.
///
/// Clause: I6
#[test]
fn a_local_number_names_no_recipient_and_no_item() {
    let stage = Stage::new();
    stage.jp.import("own", &[object(1, 10)]);
    for number in ["0", "1", "2", "00000001", "4294967295"] {
        let outcome = share_to(&stage.jp, 1, &[number]);
        assert_eq!(outcome.unwrap_err().code, "peer.unknown", "{number}");
        let item = number.to_owned();
        let shown = stage.jp.try_ask(Command::Show { item });
        assert_eq!(shown.unwrap_err().code, "item.unknown", "{number}");
    }
    stays(&stage.jp, 1);
}

/// The same where a name given here clashes with another's: two meanings are none.
#[test]
fn an_alias_that_is_anothers_nation_makes_the_name_ambiguous_and_nothing_leaves() {
    let stage = Stage::new();
    let _au = stage.australia();
    stage.jp.import("own", &[object(1, 10)]);
    stage.jp.ask(Command::PeerSet {
        peer: "AUS".to_owned(),
        alias: Some("USA".to_owned()),
        address: None,
        person: "sato".to_owned(),
    });
    let outcome = share_to(&stage.jp, 1, &["USA"]);
    assert_eq!(outcome.unwrap_err().code, "peer.ambiguous");
    stays(&stage.jp, 1);
}

/// CVE-2021-27904 and MISP#4200, attack class 5: "all organisations", a wildcard or no audience at
/// all meant everybody.
///
/// Clause: I6
#[test]
fn no_audience_and_no_wildcard_means_everybody() {
    let stage = Stage::new();
    let _au = stage.australia();
    stage.jp.import("own", &[object(1, 10)]);
    for to in [
        &[][..],
        &["*"],
        &["all"],
        &["ALL"],
        &["everyone"],
        &[""],
        &[" "],
        &["%"],
        &["USA", "*"],
        &["USA,AUS"],
        &["US*"],
        &["null"],
    ] {
        let outcome = share_to(&stage.jp, 1, to);
        assert!(outcome.is_err(), "{to:?}: {outcome:?}");
        stays(&stage.jp, 1);
    }
    let nobody = stage.jp.ask(Command::AgreementTemplate {
        with: Vec::new(),
        title: None,
        days: 30,
    });
    assert_eq!(nobody["agreement"]["releases"], json!([]));
}

/// An agreement whose audience is empty or a wildcard is none.
#[test]
fn an_agreement_without_recipients_is_refused() {
    let stage = Stage::new();
    let draft = stage.jp.ask(Command::AgreementTemplate {
        with: vec!["USA".to_owned()],
        title: None,
        days: 30,
    });
    let propose = |agreement: Value| {
        stage.jp.try_ask(Command::AgreementPropose {
            agreement,
            person: "sato".to_owned(),
        })
    };
    let whole = draft["agreement"].to_string();
    let us = stage.us.node.me().to_string();
    for audience in ["\"*\"", "\"all\"", "\"\"", "null", "1", "true", "[]"] {
        let bent = whole.replace(&format!("\"{us}\""), audience);
        assert_ne!(bent, whole, "the partner is named in it");
        let bent: Value = serde_json::from_str(&bent).unwrap();
        assert!(propose(bent).is_err(), "{audience}");
    }
}

/// MISP#7957, #7315: what was taken back came again by another way.
///
/// Clause: I5
#[test]
fn what_was_recalled_stays_recalled_whoever_sends_it_again() {
    let stage = Stage::new();
    stage.jp.import("own", &[object(1, 100)]);
    stage.jp.order(stage.jp.share(&[&id(1)]));
    stage.jp.sync();
    assert_eq!(stage.us.state(&id(1)).as_deref(), Some("admitted"));
    stage.jp.order(stage.jp.recall(&id(1), "destroy"));
    stage.jp.sync();
    assert_eq!(stage.us.state(&id(1)).as_deref(), Some("destroyed"));
    // The same object in a file at the one who destroyed it.
    let taken = stage.us.bring(Some("feed"), &[object(1, 100)]);
    assert_eq!(taken["admitted"], 0, "{taken}");
    assert_eq!(stage.us.state(&id(1)).as_deref(), Some("destroyed"));
    assert!(leaves_nothing(&share_to(&stage.us, 1, &["JPN"])));
    stage.jp.sync();
    assert_eq!(stage.us.state(&id(1)).as_deref(), Some("destroyed"));
}

/// The same for a member that was removed: nothing it sends or is sent undoes that.
///
/// Clause: I6
#[test]
fn a_removed_partner_gets_nothing_and_is_not_listened_to() {
    let stage = Stage::new();
    stage.jp.import("own", &[object(1, 100)]);
    stage.jp.order(stage.jp.share(&[&id(1)]));
    stage.us.import("own", &[object(2, 100)]);
    stage.us.order(stage.us.share(&[&id(2)]));
    let us = stage.us.node.me();
    stage.jp.order(Command::PeerRemove {
        peer: "USA".to_owned(),
        person: "sato".to_owned(),
    });
    let _ = stage.us.try_sync();
    assert!(stage.jp.node.sync_with(&us, &stage.jp.road).is_err());
    assert_eq!(stage.us.state(&id(1)), None);
    assert_eq!(stage.jp.state(&id(2)), None);
    assert!(share_to(&stage.jp, 1, &["USA"]).is_err());
}

/// MISP#1721: an organisation outside the group received it. A confirmed partner without an
/// agreement is outside.
///
/// Clause: I6
#[test]
fn a_partner_outside_the_agreement_receives_nothing() {
    let stage = Stage::new();
    let au = stage.australia();
    stage.jp.import("own", &[object(1, 100)]);
    stage.jp.order(stage.jp.share(&[&id(1)]));
    assert!(leaves_nothing(&share_to(&stage.jp, 1, &["AUS"])));
    assert!(leaves_nothing(&share_to(&stage.jp, 1, &["USA", "AUS"])) || au.state(&id(1)).is_none());
    stage.jp.sync();
    au.sync();
    assert_eq!(au.state(&id(1)), None);
    assert_eq!(au.admitted(), 0);
}

/// MISP#10019: members' names leak to any member.
///
/// Clause: I6
#[test]
fn a_partner_learns_of_no_other_partner() {
    let stage = Stage::new();
    let au = stage.australia();
    stage.jp.import("own", &[object(1, 100)]);
    stage.jp.order(stage.jp.share(&[&id(1)]));
    stage.jp.sync();
    au.sync();
    let mut known = Vec::new();
    for command in [
        Command::PeerList,
        Command::AgreementList,
        Command::LedgerList {
            from: 0,
            limit: 10_000,
            kind: None,
        },
    ] {
        known.extend(au.rows(command));
    }
    assert!(!known.is_empty());
    let known = json!(known).to_string();
    let us = stage.us.node.me().to_string();
    for secret in [us.as_str(), "Organisation of USA", "usa.example"] {
        assert!(!known.contains(secret), "{secret}");
    }
}

/// MISP#1004, #8708: an event had one group only, nested ones were wrong. Here an item may carry
/// several markings, and all of them hold.
///
/// Clause: I6
#[test]
fn of_several_markings_the_strictest_decides() {
    let stage = Stage::new();
    let clear = "marking-definition--94868c89-83c2-464b-929b-a1a8aa3c8487";
    let red = "marking-definition--e828b379-4e03-4974-9ac4-e53a884c97c1";
    for (number, order) in (1..).zip([[clear, red], [red, clear]]) {
        let mut both = object(number, 10);
        both["object_marking_refs"] = json!(order);
        stage.jp.import("own", &[both]);
        assert!(leaves_nothing(&share_to(&stage.jp, number, &["USA"])));
    }
    // The profile's open marking does not open what the object itself closes.
    let mut closed = object(3, 10);
    closed["object_marking_refs"] = json!([red]);
    stage.jp.import("own", &[closed]);
    assert!(leaves_nothing(&share_to(&stage.jp, 3, &["USA"])));
}

/// CVE-2020-14969, CVE-2019-9482, attack class 3: a correlation told what could not be reached.
/// Whoever sends an item that is here already gets the answer of one that is not.
///
/// Clause: I6
#[test]
fn the_answer_to_an_item_is_the_same_whether_it_was_known_or_not() {
    let stage = Stage::new();
    stage.jp.import("own", &[object(1, 100)]);
    stage.us.import("own", &[object(1, 100), object(2, 100)]);
    for number in [1, 2] {
        stage.us.order(stage.us.share(&[&id(number)]));
        stage.us.sync();
    }
    stage.us.sync();
    let fates = [1, 2].map(|number| {
        let rows = stage.us.rows(Command::Receipts {
            item: Some(id(number)),
            peer: None,
            outstanding: false,
            limit: 10,
        });
        rows[0]["fate"].clone()
    });
    assert_eq!(fates[0], fates[1]);
    assert_eq!(fates[1], "admitted");
}

/// CVE-2026-56424, attack class 2: object A was authorised and object B changed. A signature is for
/// one act, and an act for the bytes it names.
///
/// Clause: I5
#[test]
fn a_signature_for_one_act_moves_no_other() {
    let stage = Stage::new();
    let set = |name: &str| {
        stage.jp.prepare(Command::ProfileSet {
            name: name.to_owned(),
            title: name.to_owned(),
            markings: vec!["TLP:GREEN".to_owned()],
            own: false,
            person: "sato".to_owned(),
        })
    };
    let (first, second) = (set("first").unwrap(), set("second").unwrap());
    let outcome = stage.jp.try_ask(Command::Endorse {
        act: second.id.clone(),
        person: "sato".to_owned(),
        signature: stage.jp.signature(&first, 0),
        root_signature: None,
    });
    assert!(outcome.is_err(), "{outcome:?}");
    let shown = stage.jp.ask(Command::ActShow { act: second.id });
    assert_eq!(shown["state"], "prepared");
}

/// melicertes/csp#27, attack class 6: an organisation's id could be claimed by whoever relays. Here
/// the id is that of the root key: a manifest under another root is another organisation's, and one
/// under this root that another key signed is nobody's.
///
/// Clause: I6
#[test]
fn an_organisations_id_cannot_be_claimed_by_another_root() {
    let stage = Stage::new();
    let impostor = SigningKey::generate(&noroshi_seal::SystemRng);
    let claimed = stage.us.node.keys().manifest.clone();
    let mut other_root = claimed.clone();
    other_root.root = impostor.public();
    let read = SignedManifest::sign(&other_root, &impostor).verify(&Ed25519);
    assert!(read.is_ok_and(|read| read.organisation.node != claimed.organisation.node));
    let mut newer = claimed.clone();
    newer.serial += 1;
    let forged = SignedManifest::sign(&newer, &impostor);
    assert!(forged.verify(&Ed25519).is_err());
    assert!(noroshi_seal::manifest::succeeds(&claimed, &other_root).is_err());
}

/// Attack class 1: the identity is that of the TLS key. Frames that another link sealed, brought by
/// a partner of good standing, are nobody's.
///
/// Clause: I5
#[test]
fn frames_of_one_partner_brought_by_another_are_refused() {
    let stage = Stage::new();
    let au = stage.australia();
    stage.us.import("own", &[object(1, 100)]);
    stage.us.order(stage.us.share(&[&id(1)]));
    let recorded = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
    let tape = std::sync::Arc::clone(&recorded);
    *lock(&stage.us.road.bend) = Some(Box::new(move |body| {
        lock(&tape).push(body.to_vec());
        None
    }));
    let _ = stage.us.try_sync();
    assert!(!lock(&recorded).is_empty());
    for body in lock(&recorded).iter() {
        let _ = stage.jp.node.exchange(&au.node.me(), body);
        let stranger = noroshi_model::NodeId::from_bytes([9; 32]);
        assert!(stage.jp.node.exchange(&stranger, body).is_err());
    }
    assert_eq!(stage.jp.state(&id(1)), None);
    stage.jp.verifies();
}

/// Attack class 4: an object of the partner's takes the id of one of ours.
///
/// Clause: I6
#[test]
fn a_partners_version_of_our_own_object_is_held_and_ours_stays_current() {
    let stage = Stage::new();
    stage.jp.import("own", &[object(1, 100)]);
    let mut newer = object(1, 100);
    newer["modified"] = json!("2026-06-01T00:00:00.000Z");
    newer["name"] = json!("not what it was");
    stage.us.import("own", &[newer]);
    stage.us.order(stage.us.share(&[&id(1)]));
    stage.us.sync();
    let held = stage.jp.lines("item.held");
    assert!(
        held[0].to_string().contains("gate.not_the_originator"),
        "{held:?}"
    );
    let current = stage.jp.node.find_item(&id(1)).unwrap();
    assert_eq!(current.title, "Campaign 1");
}

/// misp-guard 004, attack class 5: labels were compared letter by letter. A marking that is not
/// known exactly closes; no spelling of a strict one is read as an open one.
///
/// Clause: I6
#[test]
fn no_spelling_of_a_marking_opens_what_it_closes() {
    let stage = Stage::new();
    let spellings = [
        "red",
        "RED",
        "Red",
        " red",
        "red\u{200b}",
        "ＲＥＤ",
        "r\u{0435}d",
        "amber+strict",
        "unknown",
        "",
        "white\u{200b}",
    ];
    for (number, spelling) in (1..).zip(spellings) {
        let marking = format!("marking-definition--00000000-0000-4000-8000-{number:012}");
        let definition = json!({
            "type": "marking-definition", "spec_version": "2.1", "id": marking,
            "created": "2026-01-01T00:00:00.000Z", "definition_type": "tlp",
            "definition": { "tlp": spelling },
        });
        let mut marked = object(number, 10);
        marked["object_marking_refs"] = json!([marking]);
        stage.jp.bring(Some("own"), &[definition, marked]);
        let outcome = share_to(&stage.jp, number, &["USA"]);
        assert!(leaves_nothing(&outcome), "{spelling:?}: {outcome:?}");
    }
    // As a profile's marking: known exactly, or refused.
    for spelling in [
        "TLP:RED\u{200b}",
        "ＴＬＰ：ＲＥＤ！",
        "TLP:REDD",
        "TLP",
        "",
        "*",
    ] {
        let outcome = stage.jp.try_ask(Command::ProfileSet {
            name: "bent".to_owned(),
            title: "bent".to_owned(),
            markings: vec![spelling.to_owned()],
            own: true,
            person: "sato".to_owned(),
        });
        assert!(outcome.is_err(), "{spelling:?}");
    }
}

/// misp-guard 005: a number passed where a word was compared, and the other way.
///
/// Clause: I6
#[test]
fn a_number_is_no_word_and_a_word_no_number() {
    let stage = Stage::new();
    let wrong: [(&str, Value); 6] = [
        (
            "object_marking_refs",
            json!("marking-definition--94868c89-83c2-464b-929b-a1a8aa3c8487"),
        ),
        ("object_marking_refs", json!([0])),
        ("object_marking_refs", json!([null])),
        ("modified", json!(1_767_225_600)),
        ("revoked", json!("false")),
        ("granular_markings", json!({})),
    ];
    for (number, (field, value)) in (1..).zip(wrong) {
        let mut bent = object(number, 10);
        bent[field] = value;
        stage.jp.bring(Some("own"), &[bent]);
        assert_eq!(stage.jp.state(&id(number)), None, "{field}");
    }
    let commands = [
        r#"{"command":"list","kind":null,"state":null,"source":null,"limit":"10","after":null}"#,
        r#"{"command":"share","select":{"all":1},"to":["USA"],"purpose":"defence","precedence":"routine","person":"sato","dry_run":false,"expires_minutes":60}"#,
        r#"{"command":"share","select":{"all":true},"to":"USA","purpose":"defence","precedence":0,"person":"sato","dry_run":false,"expires_minutes":60}"#,
        r#"{"command":"share","select":{"everything":true},"to":["USA"],"purpose":"defence","precedence":"routine","person":"sato","dry_run":false,"expires_minutes":60}"#,
    ];
    for command in commands {
        assert!(
            serde_json::from_str::<Command>(command).is_err(),
            "{command}"
        );
    }
    let precedence = |word: &str| {
        let mut command = stage.jp.share(&[]);
        if let Command::Share { precedence, .. } = &mut command {
            *precedence = word.to_owned();
        }
        stage.jp.try_ask(command)
    };
    for word in ["0", "Routine", "ROUTINE ", "", "routine\n"] {
        assert!(precedence(word).is_err(), "{word:?}");
    }
}

/// misp-guard 001: what others wrote went into the log as lines of its own. A name or title may
/// bring no line and no command to the terminal.
#[test]
fn no_text_of_others_begins_a_line_or_commands_a_terminal() {
    let stage = Stage::new();
    let mut forged = object(1, 10);
    forged["name"] = json!("quiet\r\n2026-01-01 item.released USA\u{1b}[2J\u{9b}31m\u{202e}");
    stage.jp.import("own", &[forged]);
    let shown = [
        Command::List {
            kind: None,
            state: None,
            source: None,
            limit: 10,
            after: None,
        },
        Command::Show { item: id(1) },
        Command::Search {
            text: "quiet".to_owned(),
            limit: 10,
        },
    ];
    for command in shown {
        for event in stage.jp.events(command).unwrap() {
            let text = crate::messages::render(crate::messages::Lang::En, &event);
            assert!(
                !text.contains(['\u{1b}', '\u{9b}', '\u{202e}', '\r']),
                "{text:?}"
            );
            let begins = text.lines().any(|line| line.starts_with("2026-01-01 item"));
            assert!(!begins, "{text:?}");
        }
    }
    let ledger = stage.jp.lines("item.admitted");
    assert!(!json!(ledger).to_string().contains("item.released USA"));
}

/// misp-guard 002: the port was not looked at. An address is one host and one port, and whoever
/// answers there must hold the pinned key (the refusals of `noroshi-net`).
#[test]
fn an_address_without_a_plain_host_and_port_is_refused() {
    let stage = Stage::new();
    for address in [
        "usa.example",
        "usa.example:",
        "usa.example:0x1bb",
        "usa.example:70000",
    ] {
        let outcome = stage.jp.try_ask(Command::PeerSet {
            peer: "USA".to_owned(),
            alias: None,
            address: Some(address.to_owned()),
            person: "sato".to_owned(),
        });
        assert_eq!(outcome.unwrap_err().code, "peer.address", "{address}");
    }
}

/// misp-guard 003: secrets in the debug log. What is printed of keys and codes says nothing, and a
/// failure does not repeat what it was given.
#[test]
fn no_secret_is_in_what_a_failure_or_a_debug_line_says() {
    let stage = Stage::new();
    let code: noroshi_seal::pairing::Code = "1234-5678-9012".parse().unwrap();
    assert!(!format!("{code:?}").contains("1234"));
    let failure = stage.jp.try_ask(Command::PeerAccept {
        address: "usa.example:7461".to_owned(),
        code: "9876-5432-1098".to_owned(),
        person: "sato".to_owned(),
    });
    let told = format!("{:?}", failure.unwrap_err());
    assert!(
        !told.contains("9876") && !told.contains("98765432"),
        "{told}"
    );
    let name = "sato".parse().unwrap();
    let wrong = crate::persons::unlock(stage.jp.node.home().path(), &name, "not-the-passphrase-7");
    let told = match wrong {
        Err(failure) => format!("{failure:?}"),
        Ok(_) => panic!("another passphrase opens the key"),
    };
    assert!(!told.contains("not-the-passphrase-7"), "{told}");
}
