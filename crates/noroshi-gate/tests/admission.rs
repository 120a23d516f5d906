//! The way in: what is held, with which reason, and what is admitted.

use std::collections::{BTreeMap, BTreeSet};

use noroshi_gate::acts::{ActContext, Approved, Persons, approve};
use noroshi_gate::{
    Admission, AdmitContext, AgreementInForce, Coalitions, Grant, Label, Marked, MarkingTable,
    Notice, PeerState, Previous, Reason, Recipient, Rules, Scope, Threshold, Via, admit_lowered,
    may_recall, release_notice,
};
use noroshi_model::act::{Act, ActKind, Endorsement};
use noroshi_model::agreement::{Agreement, Clause, Onward, Party, ReleaseTerm, Standing};
use noroshi_model::json::{Object, Value};
use noroshi_model::{
    Attribution, Digest, ItemHash, KeyId, Limits, NodeId, PersonId, Role, Timestamp, Verifier,
    World,
};

fn node(byte: u8) -> NodeId {
    NodeId::from_bytes([byte; 32])
}

fn time(text: &str) -> Timestamp {
    text.parse().expect("well formed")
}

const NOW: &str = "2026-06-01T00:00:00Z";

/// An object with markings: TLP by name, others by the content of a national definition.
fn marked(markings: &[&str]) -> Marked {
    let mut table = MarkingTable::builtin();
    let mut refs = Vec::new();
    for (number, marking) in markings.iter().enumerate() {
        if let Some(id) = table.by_name(marking) {
            refs.push(id.to_string());
            continue;
        }
        let id = format!("marking-definition--00000000-0000-4000-8000-{number:012}");
        let content = Value::parse(marking.as_bytes(), &Limits::DEFAULT).expect("well formed");
        let key = "extension-definition--694be976-4ec2-4b80-b47c-48f75510a38d";
        let definition = Object::new()
            .with("type", "marking-definition")
            .with("spec_version", "2.1")
            .with("id", id.as_str())
            .with("created", "2026-01-01T00:00:00.000Z")
            .with("extensions", Object::new().with(key, content));
        // A definition that is not understood stays unknown, as in life.
        let _ = table.learn(&definition, &Scope::Own);
        refs.push(id);
    }
    let mut object = Object::new()
        .with("type", "campaign")
        .with("spec_version", "2.1")
        .with("id", "campaign--00000000-0000-4000-8000-000000000001")
        .with("created", "2026-01-01T00:00:00.000Z")
        .with("modified", "2026-01-02T00:00:00.000Z")
        .with("name", "n");
    if !refs.is_empty() {
        object.insert("object_marking_refs", refs);
    }
    let (valid, _) =
        noroshi_formats::check(Value::Object(object), &Limits::DEFAULT).expect("well formed");
    noroshi_gate::mark(valid, &[], &table, &Scope::Own)
}

fn rules() -> Rules {
    Rules {
        me: node(1),
        my_nation: "JPN".parse().expect("well formed"),
        world: World::Operational,
        coalitions: Coalitions::default(),
        second_person_above: Threshold::default(),
        derivations: noroshi_gate::Derivations::default(),
    }
}

fn sender(state: PeerState) -> Recipient {
    Recipient {
        node: node(2),
        nation: "USA".parse().expect("well formed"),
        state,
        world: World::Operational,
        knows_own_types: true,
    }
}

fn by(byte: u8, role: Role) -> Attribution {
    Attribution {
        role,
        node: node(byte),
        key: KeyId::from_bytes([2; 32]),
        assigned: Vec::new(),
        signature: [3; 64],
    }
}

/// The sender may release TLP up to AMBER and US SECRET to us; the originator, node 3, speaks of
/// passing on in a term to the holder named.
fn agreement(onward: Option<(u8, Onward)>) -> Agreement {
    let party = |byte, nation: &str| Party {
        node: node(byte),
        name_en: "n".into(),
        name_ja: "n".into(),
        nation: nation.parse().expect("well formed"),
    };
    let term = |from, to, onward| ReleaseTerm {
        clause: "1".into(),
        from: node(from),
        to: node(to),
        types: vec!["campaign".into()],
        purposes: vec!["defence".into()],
        ceilings: BTreeMap::from([
            ("tlp".into(), "amber".into()),
            ("us-class".into(), "secret".into()),
        ]),
        onward,
    };
    let mut releases = vec![term(2, 1, Onward::None)];
    releases.extend(onward.map(|(to, onward)| term(3, to, onward)));
    Agreement {
        id: "agreement--00000000-0000-4000-8000-000000000001"
            .parse()
            .expect("well formed"),
        created: time(NOW),
        modified: time(NOW),
        title: "t".into(),
        title_ja: "t".into(),
        kind: "mou".into(),
        members_known: true,
        parties: vec![party(1, "JPN"), party(2, "USA"), party(3, "AUS")],
        valid_from: time("2026-01-01T00:00:00Z"),
        valid_until: time("2027-01-01T00:00:00Z"),
        clauses: vec![Clause {
            id: "1".into(),
            text_en: "a".into(),
            text_ja: "a".into(),
        }],
        releases,
        equivalences: Vec::new(),
    }
}

/// One arrival from a partner.
struct Arrival {
    sender: Recipient,
    attribution: Attribution,
    agreement: Agreement,
    standing: Standing,
    grants: Vec<Grant>,
    world: World,
    previous: Option<Previous>,
}

impl Arrival {
    fn new() -> Self {
        Self {
            sender: sender(PeerState::Confirmed),
            attribution: by(2, Role::Originator),
            agreement: agreement(None),
            standing: Standing::InForce,
            grants: Vec::new(),
            world: World::Operational,
            previous: None,
        }
    }

    /// The codes it is held with; none where it is admitted.
    fn held(&self, markings: &[&str]) -> BTreeSet<&'static str> {
        let reasons = self.reasons(markings);
        reasons.iter().map(Reason::code).collect()
    }

    /// The reasons it is held for; none where it is admitted.
    fn reasons(&self, markings: &[&str]) -> Vec<Reason> {
        let rules = rules();
        let agreements = [AgreementInForce {
            agreement: &self.agreement,
            item: ItemHash(Digest::of(b"a")),
            standing: self.standing.clone(),
        }];
        let context = AdmitContext {
            rules: &rules,
            world: self.world,
            via: Via::Peer {
                sender: &self.sender,
                attribution: &self.attribution,
            },
            previous: self.previous.clone(),
            agreements: &agreements,
            now: time(NOW),
            grants: &self.grants,
        };
        match noroshi_gate::admit(marked(markings), &context) {
            Admission::Admitted(_) => Vec::new(),
            Admission::Held(held) => held.reasons().to_vec(),
        }
    }
}

fn codes<const N: usize>(codes: [&'static str; N]) -> BTreeSet<&'static str> {
    codes.into()
}

const FGI_AUS: &str = r#"{"scheme":"US-CAPCO","level":"C","fgi_source":"AUS"}"#;

/// Clause: I5
#[test]
fn what_may_not_come_is_held_with_its_reason() {
    let arrival = Arrival::new();
    assert_eq!(arrival.held(&[]), codes(["gate.unmarked"]));
    assert_eq!(
        arrival.held(&["TLP:CLEAR", r#"{"scheme":"UK"}"#]),
        codes(["gate.unknown_marking"])
    );
    assert_eq!(arrival.held(&["TLP:RED"]), codes(["gate.above_ceiling"]));
    let noforn = r#"{"scheme":"US-CAPCO","level":"U","caveats":["NOFORN"]}"#;
    assert_eq!(arrival.held(&[noforn]), codes(["gate.barred"]));
    let inside = r#"{"scheme":"JP-GOV","handling":"部内限り"}"#;
    assert_eq!(
        arrival.held(&["TLP:CLEAR", inside]),
        codes(["gate.stays_inside"])
    );
    let display = r#"{"scheme":"US-CAPCO","level":"U","caveats":["DISPLAY ONLY JPN"]}"#;
    assert_eq!(arrival.held(&[display]), codes(["gate.display_only"]));
    let coalition = r#"{"scheme":"US-CAPCO","level":"U","rel_to":["USA","FVEY"]}"#;
    assert_eq!(arrival.held(&[coalition]), codes(["gate.not_on_roster"]));
    let world = Arrival {
        world: World::Exercise,
        ..Arrival::new()
    };
    assert_eq!(world.held(&["TLP:CLEAR"]), codes(["gate.other_world"]));
    let mut other = Arrival::new();
    other.sender.world = World::Exercise;
    assert_eq!(other.held(&["TLP:CLEAR"]), codes(["gate.other_world"]));
    for state in [PeerState::Pending, PeerState::Removed] {
        let arrival = Arrival {
            sender: sender(state),
            ..Arrival::new()
        };
        assert_eq!(
            arrival.held(&["TLP:CLEAR"]),
            codes(["gate.peer_not_confirmed"])
        );
    }
    let unsigned = Arrival {
        standing: Standing::Unsigned(vec![node(1)]),
        ..Arrival::new()
    };
    assert_eq!(unsigned.held(&["TLP:CLEAR"]), codes(["gate.not_in_force"]));
    let mut stranger = Arrival::new();
    stranger.agreement.parties.remove(0);
    assert_eq!(stranger.held(&["TLP:CLEAR"]), codes(["gate.no_agreement"]));
    let mut moved = Arrival::new();
    moved.agreement.parties[0].nation = "KOR".parse().unwrap();
    assert_eq!(moved.held(&["TLP:CLEAR"]), codes(["gate.no_agreement"]));
    let mut backwards = Arrival::new();
    backwards.agreement.releases[0].from = node(1);
    backwards.agreement.releases[0].to = node(2);
    assert_eq!(backwards.held(&["TLP:CLEAR"]), codes(["gate.no_agreement"]));
    // A term of the sender to somebody else, or of somebody else to us, is none of its to us.
    let mut elsewhere = Arrival::new();
    elsewhere.agreement.releases[0].to = node(3);
    assert_eq!(elsewhere.held(&["TLP:CLEAR"]), codes(["gate.no_agreement"]));
    let mut others = Arrival::new();
    others.agreement.releases[0].from = node(3);
    assert_eq!(others.held(&["TLP:CLEAR"]), codes(["gate.no_agreement"]));
    let mut malware = Arrival::new();
    malware.agreement.releases[0].types = vec!["malware".into()];
    assert_eq!(
        malware.held(&["TLP:CLEAR"]),
        codes(["gate.type_not_covered"])
    );
    assert_eq!(arrival.held(&["TLP:AMBER"]), codes([]));
    assert_eq!(
        arrival.held(&[r#"{"scheme":"US-CAPCO","level":"S"}"#]),
        codes([])
    );
}

#[test]
fn an_agreement_that_is_not_in_force_is_called_by_its_standing() {
    for (standing, word) in [
        (Standing::Unsigned(vec![node(1)]), "not signed by all"),
        (Standing::NotYet(time(NOW)), "not yet valid"),
        (Standing::Ended(time(NOW)), "ended"),
        (Standing::Suspended(node(2)), "suspended"),
    ] {
        let arrival = Arrival {
            standing,
            ..Arrival::new()
        };
        let [Reason::NotInForce { standing, .. }] = &arrival.reasons(&["TLP:CLEAR"])[..] else {
            panic!("held for its standing alone");
        };
        assert_eq!(standing, word);
    }
}

#[test]
fn an_object_with_more_markings_than_anybody_reads_is_held() {
    let lists: Vec<String> = (0..257_u32)
        .map(|number| {
            let code: String = [number / 676, number / 26 % 26, number % 26]
                .iter()
                .map(|letter| char::from(b'A' + u8::try_from(*letter).unwrap()))
                .collect();
            format!(r#"{{"scheme":"US-CAPCO","rel_to":["USA","JPN","X{code}"]}}"#)
        })
        .collect();
    let lists: Vec<&str> = lists.iter().map(String::as_str).collect();
    let arrival = Arrival::new();
    assert_eq!(arrival.held(&lists[..256]), codes([]));
    assert_eq!(arrival.held(&lists), codes(["gate.unknown_marking"]));
}

/// Clause: I6
#[test]
fn what_another_made_comes_by_its_word_or_its_consent_only() {
    let passed = |onward, grants| Arrival {
        attribution: by(3, Role::Originator),
        agreement: agreement(onward),
        grants,
        ..Arrival::new()
    };
    let held = codes(["gate.may_not_pass_on"]);
    assert_eq!(passed(None, vec![]).held(&["TLP:CLEAR"]), codes([]));
    assert_eq!(passed(None, vec![]).held(&["TLP:GREEN"]), held);
    assert_eq!(
        passed(Some((2, Onward::None)), vec![]).held(&["TLP:GREEN"]),
        held
    );
    for holder in [1, 2] {
        let community = passed(Some((holder, Onward::Community)), vec![]);
        assert_eq!(community.held(&["TLP:GREEN"]), codes([]));
        assert_eq!(community.held(&["TLP:AMBER"]), held);
    }
    let grant = |by, recipient, until: &str| Grant {
        by: node(by),
        via: node(2),
        nation: "AUS".parse().unwrap(),
        item: marked(&["TLP:AMBER"]).hash(),
        recipient: node(recipient),
        purpose: "anything".into(),
        until: time(until),
    };
    let later = "2026-06-01T00:00:00.001Z";
    assert_eq!(
        passed(None, vec![grant(3, 1, later)]).held(&["TLP:AMBER"]),
        codes([])
    );
    for wrong in [grant(2, 1, later), grant(3, 2, later), grant(3, 1, NOW)] {
        assert_eq!(passed(None, vec![wrong]).held(&["TLP:AMBER"]), held);
    }
    assert_eq!(
        passed(None, vec![grant(3, 1, later)]).held(&["TLP:AMBER", "TLP:CLEAR"]),
        held
    );
    // Foreign information in the sender's own item: its nation must have been asked.
    assert_eq!(
        Arrival::new().held(&[FGI_AUS]),
        codes(["gate.source_consent"])
    );
    let ours = FGI_AUS.replace("AUS", "JPN");
    assert_eq!(Arrival::new().held(&[&ours]), codes([]));
    let senders = FGI_AUS.replace("AUS", "USA");
    assert_eq!(Arrival::new().held(&[&senders]), codes([]));
}

/// Clause: I6
#[test]
fn what_its_originator_controls_is_held_and_says_whom_to_ask() {
    let orcon = r#"{"scheme":"US-CAPCO","level":"U","caveats":["ORCON"]}"#;
    let passed_on = Arrival {
        attribution: by(3, Role::Originator),
        ..Arrival::new()
    };
    assert_eq!(
        passed_on.held(&[orcon]),
        codes(["gate.may_not_pass_on", "gate.originator_consent"])
    );
    assert_eq!(Arrival::new().held(&[orcon]), codes([]));
}

/// Clause: I6
#[test]
fn whoever_had_consent_to_pass_an_item_on_does_not_call_it_its_own() {
    let posing = |by: u8, via: u8, item: &[&str], markings: &[&str]| {
        let grant = Grant {
            by: node(by),
            via: node(via),
            nation: "AUS".parse().unwrap(),
            item: marked(item).hash(),
            recipient: node(1),
            purpose: "anything".into(),
            until: time("2026-06-02T00:00:00Z"),
        };
        let arrival = Arrival {
            grants: vec![grant],
            ..Arrival::new()
        };
        arrival.held(markings)
    };
    let (green, amber) = (&["TLP:GREEN"][..], &["TLP:AMBER"][..]);
    assert_eq!(
        posing(3, 2, green, green),
        codes(["gate.not_the_originator"])
    );
    // A consent to another, to another item, or of its own says nothing against it.
    assert_eq!(posing(3, 4, green, green), codes([]));
    assert_eq!(posing(3, 2, amber, green), codes([]));
    assert_eq!(posing(2, 2, green, green), codes([]));
    // Nor does the consent of a source whose information its item holds.
    assert_eq!(posing(3, 2, &[FGI_AUS], &[FGI_AUS]), codes([]));
}

/// Clause: I5
#[test]
fn a_version_says_no_less_and_comes_from_who_may_bring_it() {
    let version = |by_node: u8, by_role, previous_role, label: &str, day: &str| {
        let previous = Previous {
            modified: time(&format!("2026-01-{day}T00:00:00.000Z")),
            label: Label::level("tlp", label).unwrap(),
            answered_by: Some(node(2)),
            role: Some(previous_role),
        };
        let sender = Recipient {
            node: node(by_node),
            ..sender(PeerState::Confirmed)
        };
        let mut agreement = agreement(None);
        if by_node == 3 {
            agreement.releases[0].from = node(3);
        }
        let attribution = by(by_node, by_role);
        let arrival = Arrival {
            sender,
            attribution,
            agreement,
            previous: Some(previous),
            ..Arrival::new()
        };
        arrival.held(&["TLP:GREEN"])
    };
    use Role::{Attestor, Originator, Releaser};
    let lower = codes(["gate.lowers_marking"]);
    let not_its = codes(["gate.not_the_originator"]);
    assert_eq!(version(2, Originator, Originator, "green", "01"), codes([]));
    assert_eq!(version(2, Originator, Originator, "clear", "01"), codes([]));
    assert_eq!(version(2, Originator, Originator, "amber", "01"), lower);
    assert_eq!(version(2, Originator, Originator, "amber", "03"), lower);
    // A reduced copy of the same version lacks what it withheld.
    assert_eq!(version(2, Releaser, Originator, "amber", "02"), codes([]));
    assert_eq!(version(2, Releaser, Originator, "amber", "01"), lower);
    assert_eq!(version(3, Originator, Originator, "green", "01"), not_its);
    assert_eq!(version(2, Attestor, Originator, "green", "01"), not_its);
    assert_eq!(version(3, Releaser, Releaser, "green", "01"), not_its);
    assert_eq!(version(3, Originator, Attestor, "green", "01"), codes([]));
    assert_eq!(version(3, Attestor, Attestor, "green", "01"), not_its);
    assert_eq!(version(3, Attestor, Attestor, "clear", "01"), codes([]));
}

/// Two persons' signatures, whatever they are: the acts' own tests ask about those.
struct Signed;

impl Persons for Signed {
    fn key(&self, _: &PersonId) -> Option<([u8; 32], Option<Timestamp>)> {
        Some(([1; 32], None))
    }
}

impl Verifier for Signed {
    fn verify(&self, _: &[u8; 32], _: &[u8], _: &[u8; 64]) -> bool {
        true
    }
}

fn approved() -> Approved {
    let act = Act {
        world: World::Operational,
        kind: ActKind::Recall,
        subject: Object::new(),
        requester: "sato".parse().expect("a person"),
        at: time(NOW),
        expires: time("2026-06-02T00:00:00Z"),
        nonce: [7; 16],
    };
    let request = Endorsement {
        person: act.requester.clone(),
        key: KeyId::of(&[1; 32]),
        at: time(NOW),
        signature: [0; 64],
    };
    let context = ActContext {
        persons: &Signed,
        is_used: false,
        needs_two: false,
        world: World::Operational,
        now: time(NOW),
        verifier: &Signed,
    };
    approve(&act, &request, None, &context).expect("one suffices")
}

/// Clause: I5
#[test]
fn two_persons_answer_for_a_lower_marking_and_for_nothing_else() {
    let rules = rules();
    let lowered = |world: World| {
        let context = AdmitContext {
            rules: &rules,
            world,
            via: Via::Import { own: true },
            previous: Some(Previous {
                modified: time("2026-01-01T00:00:00Z"),
                label: Label::level("tlp", "red").unwrap(),
                answered_by: Some(node(1)),
                role: Some(Role::Originator),
            }),
            agreements: &[],
            now: time(NOW),
            grants: &[],
        };
        admit_lowered(marked(&["TLP:GREEN"]), &context, &approved())
            .map(|admitted| admitted.marked().object_label().to_string())
            .map_err(|reasons| reasons.iter().map(|reason| reason.code()).collect())
    };
    let still: BTreeSet<&str> = codes(["gate.other_world"]);
    assert_eq!(lowered(World::Exercise), Err(still));
    assert_eq!(lowered(World::Operational), Ok("tlp:green".to_owned()));
}

#[test]
fn only_who_answers_for_an_item_may_take_it_back() {
    assert!(may_recall(&node(2), Some(&by(2, Role::Originator))));
    assert!(!may_recall(&node(3), Some(&by(2, Role::Originator))));
    assert!(!may_recall(&node(2), None));
}

/// Clause: I5
#[test]
fn notices_go_to_confirmed_partners_of_this_world_and_documents_to_their_parties() {
    let to = sender(PeerState::Confirmed);
    let code = |notice: Notice, to: &Recipient| match release_notice(notice, to, &rules()) {
        Ok(permit) => {
            assert_eq!(permit.recipient(), &to.node);
            assert!([&b"r"[..], b"d"].contains(&permit.content().bytes()));
            "leaves"
        }
        Err(reason) => reason.code(),
    };
    let receipt = || Notice::Receipt {
        bytes: b"r".to_vec(),
    };
    let recall = || Notice::Recall {
        bytes: b"r".to_vec(),
    };
    let document = |parties| Notice::Document {
        bytes: b"d".to_vec(),
        parties,
    };
    let other = Recipient {
        world: World::Exercise,
        ..to.clone()
    };
    assert_eq!(code(receipt(), &other), "gate.other_world");
    for state in [PeerState::Pending, PeerState::Removed] {
        assert_eq!(code(recall(), &sender(state)), "gate.peer_not_confirmed");
    }
    assert_eq!(
        code(document(vec![node(1), node(3)]), &to),
        "gate.not_a_party"
    );
    assert_eq!(code(document(vec![node(1), node(2)]), &to), "leaves");
    assert_eq!(code(receipt(), &to), "leaves");
    assert_eq!(code(recall(), &to), "leaves");
    let of_agreement = Notice::document(b"d".to_vec(), &agreement(None));
    assert_eq!(code(of_agreement, &to), "leaves");
}

#[test]
fn the_second_person_rule_is_written_as_it_is_read() {
    let threshold: Threshold = "us-class:secret tlp:TLP:AMBER".parse().unwrap();
    assert_eq!(threshold.to_string(), "tlp:amber us-class:secret");
    for wrong in [
        "",
        "tlp",
        "tlp:ultra",
        "us-noforn:x",
        "pap:red",
        "tlp:amber more",
    ] {
        assert!(wrong.parse::<Threshold>().is_err(), "{wrong}");
    }
}
