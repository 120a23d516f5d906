//! The world of the cases: the United States' node asks whether an indicator may go to Japan's.

use std::collections::{BTreeMap, BTreeSet};

use noroshi_gate::{
    AgreementInForce, Channel, Coalitions, Decision, Gate, Grant, Marked, Outcome, PeerState,
    Provenance, Question, Recipient, Rules, Scope, Threshold,
};
use noroshi_model::agreement::{
    Agreement, Clause, Equivalence, Onward, Party, ReleaseTerm, Standing,
};
use noroshi_model::json::{Object, Value};
use noroshi_model::{Digest, ItemHash, Limits, Membership, NodeId, Role, Timestamp, World};

use crate::caveat::{Caveat, Definitions, IDENTITIES};

/// When the question is put, unless a case says otherwise.
const NOW: &str = "2026-06-01T00:00:00Z";
/// Places that may carry a marking of their own; the last is a required property.
pub(crate) const PLACES: [&str; 6] = [
    "description",
    "labels.[0]",
    "labels.[1]",
    "external_references.[0].url",
    "external_references.[0]",
    "pattern",
];

/// One direction an agreement allows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Term {
    pub(crate) ceilings: BTreeMap<String, String>,
}

/// A coalition's list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct List {
    pub(crate) code: String,
    pub(crate) serial: u64,
    pub(crate) nations: Vec<String>,
    pub(crate) from: String,
    pub(crate) until: String,
}

/// A question.
#[derive(Clone, Debug)]
pub(crate) struct Ask {
    pub(crate) markings: Vec<Caveat>,
    pub(crate) granular: Vec<(usize, Caveat)>,
    pub(crate) terms: Vec<Term>,
    pub(crate) types: String,
    pub(crate) purposes: String,
    pub(crate) purpose: String,
    pub(crate) now: String,
    /// Does the road hand over a copy?
    pub(crate) copy: bool,
    pub(crate) encrypted: bool,
    pub(crate) coalitions: Vec<List>,
    pub(crate) standing: String,
    pub(crate) equivalence: Option<(String, String)>,
    pub(crate) peer: String,
    pub(crate) world: World,
    pub(crate) origin: String,
    pub(crate) onward: bool,
    pub(crate) available: bool,
    pub(crate) grants: Vec<String>,
    pub(crate) recipient: String,
    /// Which of a version for release and its original the item names.
    pub(crate) names: Vec<String>,
    pub(crate) expected: Expected,
}

/// What an officer expects.
#[derive(Clone, Debug, Default)]
pub(crate) struct Expected {
    outcome: String,
    /// Neither more nor fewer.
    reasons: Option<BTreeSet<String>>,
    clause: Option<String>,
    withheld: Option<BTreeSet<String>>,
    second_person: Option<bool>,
}

/// What was answered.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Given {
    pub(crate) outcome: String,
    pub(crate) reasons: BTreeSet<String>,
    pub(crate) clause: Option<String>,
    pub(crate) withheld: BTreeSet<String>,
    pub(crate) second_person: bool,
    pub(crate) bytes: Vec<u8>,
}

impl Default for Ask {
    fn default() -> Self {
        Self {
            markings: Vec::new(),
            granular: Vec::new(),
            terms: vec![Term {
                ceilings: BTreeMap::from([("tlp".into(), "amber".into())]),
            }],
            types: "*".into(),
            purposes: "defence".into(),
            purpose: "defence".into(),
            now: NOW.into(),
            copy: true,
            encrypted: true,
            coalitions: Vec::new(),
            standing: "in force".into(),
            equivalence: None,
            peer: "confirmed".into(),
            world: World::Operational,
            origin: "own".into(),
            onward: false,
            available: true,
            grants: Vec::new(),
            recipient: "JPN".into(),
            names: Vec::new(),
            expected: Expected::default(),
        }
    }
}

impl Ask {
    /// From lines `key: value` as an officer writes them.
    pub(crate) fn read(body: &str) -> Self {
        let mut ask = Self::default();
        for line in body.lines().filter_map(|line| line.split_once(':')) {
            let (key, value) = (line.0.trim(), line.1.trim());
            match key {
                "markings" => ask
                    .markings
                    .extend(words(value).map(|word| Caveat::read(&word))),
                "marking" | "definition" => ask.markings.push(match key {
                    "definition" => Caveat::Raw(value.to_owned()),
                    _ => Caveat::read(value),
                }),
                "granular" => ask.granular = value.split(';').map(granular).collect(),
                "agreement" => ask.terms = value.split(" or ").map(term).collect(),
                "types" => ask.types = value.to_owned(),
                "purposes" => ask.purposes = value.to_owned(),
                "purpose" => ask.purpose = value.to_owned(),
                "at" => ask.now = midnight(value),
                "road" => {
                    ask.copy = value != "screen";
                    ask.encrypted = value != "plain mail";
                }
                "coalition" => ask.coalitions.push(list(value, ask.coalitions.len())),
                "standing" => ask.standing = value.to_owned(),
                "equivalence" => {
                    let (left, right) = value.split_once('=').expect("left=right");
                    ask.equivalence = Some((left.trim().into(), right.trim().into()));
                }
                "peer" => ask.peer = value.to_owned(),
                "world" => ask.world = value.parse().expect("a world"),
                "origin" => ask.origin = value.to_owned(),
                "onward" => ask.onward = value == "community",
                "item" => ask.available = value != "withdrawn",
                "grant" => ask.grants.push(value.to_owned()),
                "names" => ask.names = words(value).collect(),
                "recipient" => ask.recipient = value.to_owned(),
                "outcome" => ask.expected.outcome = value.to_owned(),
                "reason" => ask.expected.reasons = Some(words(value).collect()),
                "clause" => ask.expected.clause = Some(value.to_owned()),
                "stays" => ask.expected.withheld = Some(words(value).collect()),
                "second person" => ask.expected.second_person = Some(value == "yes"),
                other => panic!("`{other}` is no key of a case"),
            }
        }
        assert!(!ask.expected.outcome.is_empty(), "a case says its outcome");
        ask
    }
}

fn words(text: &str) -> impl Iterator<Item = String> + '_ {
    text.split(',')
        .map(str::trim)
        .filter(|word| !word.is_empty())
        .map(str::to_owned)
}

fn midnight(day: &str) -> String {
    format!("{day}T00:00:00Z")
}

fn granular(text: &str) -> (usize, Caveat) {
    let (place, marking) = text.trim().split_once(' ').expect("place marking");
    let place = PLACES
        .iter()
        .position(|known| *known == place)
        .expect("a place");
    (place, Caveat::read(marking.trim()))
}

fn term(text: &str) -> Term {
    let ceilings = words(text).filter(|word| word != "none").map(|word| {
        let (axis, level) = word.split_once('=').expect("axis=level");
        (axis.to_owned(), level.to_owned())
    });
    Term {
        ceilings: ceilings.collect(),
    }
}

/// `FVEY = USA GBR from 2026-01-01 until 2027-01-01`; later lines have higher serials.
fn list(text: &str, before: usize) -> List {
    let (code, rest) = text.split_once('=').expect("CODE = NATIONS");
    let words: Vec<&str> = rest.split_whitespace().collect();
    let after = |word: &str| {
        let at = words.iter().position(|one| *one == word)?;
        words.get(at + 1).map(|day| midnight(day))
    };
    let nations = words
        .iter()
        .take_while(|word| !matches!(**word, "from" | "until"));
    List {
        code: code.trim().to_owned(),
        serial: before as u64 + 1,
        nations: nations.map(|nation| (*nation).to_owned()).collect(),
        from: after("from").unwrap_or_else(|| midnight("2026-01-01")),
        until: after("until").unwrap_or_else(|| midnight("2027-01-01")),
    }
}

impl Expected {
    pub(crate) fn differs(&self, given: &Given) -> Option<String> {
        let Given {
            outcome,
            reasons,
            clause,
            withheld,
            second_person,
            ..
        } = given;
        if self.outcome != *outcome {
            return Some(format!(
                "expected {}, got {outcome} {reasons:?}",
                self.outcome
            ));
        }
        if self
            .reasons
            .as_ref()
            .is_some_and(|expected| expected != reasons)
        {
            return Some(format!("expected {:?}, got {reasons:?}", self.reasons));
        }
        if self.clause.is_some() && self.clause != *clause {
            return Some(format!("expected clause {:?}, got {clause:?}", self.clause));
        }
        if self
            .withheld
            .as_ref()
            .is_some_and(|places| places != withheld)
        {
            return Some(format!(
                "expected {:?} to stay, got {withheld:?}",
                self.withheld
            ));
        }
        if self
            .second_person
            .is_some_and(|needed| needed != *second_person)
        {
            return Some(format!("second person: got {second_person}"));
        }
        None
    }
}

/// Text that stands in one place of the object only.
pub(crate) fn canary(place: &str) -> &'static str {
    match place {
        "description" => "canary-description",
        "labels.[0]" => "canary-label-zero",
        "labels.[1]" => "canary-label-one",
        "external_references.[0].url" => "https://canary.example/url",
        "external_references.[0]" => "canary-source",
        _ => "[canary:pattern = 'x']",
    }
}

/// A version for release, and what it was made of.
const TEARLINE: &str = "report--00000000-0000-4000-8000-000000000001";
const ORIGINAL: &str = "report--00000000-0000-4000-8000-000000000002";

fn id(text: &str) -> noroshi_model::StixId {
    text.parse().expect("an id")
}

fn node(byte: u8) -> NodeId {
    NodeId::from_bytes([byte; 32])
}

fn nation(code: &str) -> NodeId {
    match code {
        "USA" => node(7),
        "JPN" => node(2),
        _ => node(3),
    }
}

fn time(text: &str) -> Timestamp {
    text.parse().expect("a time")
}

/// A consent of a case: one that fits, what is wrong with it, or the nation that gives it.
fn grant(ask: &Ask, fault: &str, item: ItemHash) -> Grant {
    let wrong = |word: &str| fault == word;
    let of_nation = fault.len() == 3;
    let later = Timestamp::from_micros(time(&ask.now).micros() + 1);
    Grant {
        by: node(if wrong("other giver") || of_nation {
            8
        } else {
            9
        }),
        via: node(if wrong("other forwarder") { 8 } else { 1 }),
        nation: if of_nation { fault } else { "AUS" }
            .parse()
            .expect("a nation"),
        item: if wrong("other item") {
            ItemHash(Digest::of(b"other"))
        } else {
            item
        },
        recipient: if wrong("other recipient") {
            node(99)
        } else {
            nation(&ask.recipient)
        },
        purpose: if wrong("other purpose") {
            "exercise".to_owned()
        } else {
            ask.purpose.clone()
        },
        until: if wrong("expired") {
            time(&ask.now)
        } else {
            later
        },
    }
}

fn object(ask: &Ask, definitions: &mut Definitions) -> Object {
    let mut id_of = |caveat: &Caveat| Value::from(definitions.id(caveat));
    let reference = Object::new()
        .with("source_name", "canary-source")
        .with("url", "https://canary.example/url");
    let mut object = Object::new()
        .with("type", "indicator")
        .with("spec_version", "2.1")
        .with("id", "indicator--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f")
        .with("created_by_ref", IDENTITIES[0])
        .with("created", "2026-01-01T00:00:00.000Z")
        .with("modified", "2026-01-01T00:00:00.000Z")
        .with("valid_from", "2026-01-01T00:00:00Z")
        .with("pattern_type", "stix")
        .with("pattern", canary("pattern"))
        .with("description", canary("description"))
        .with("labels", vec![canary("labels.[0]"), canary("labels.[1]")])
        .with("external_references", vec![Value::Object(reference)]);
    for (at, name) in ask.names.iter().enumerate() {
        let named = if name == "tearline" {
            TEARLINE
        } else {
            ORIGINAL
        };
        // One in a reference, the other within a text.
        let (property, text) = match at {
            0 => ("x_named_ref", named.to_owned()),
            _ => ("x_note", format!("made of {named}.")),
        };
        object.insert(property, text);
    }
    if !ask.markings.is_empty() {
        let ids: Vec<Value> = ask.markings.iter().map(&mut id_of).collect();
        object.insert("object_marking_refs", Value::Array(ids));
    }
    if !ask.granular.is_empty() {
        let marks = ask.granular.iter().map(|(place, caveat)| {
            let mark = Object::new()
                .with("selectors", vec![PLACES[*place]])
                .with("marking_ref", id_of(caveat));
            Value::Object(mark)
        });
        object.insert("granular_markings", Value::Array(marks.collect()));
    }
    object
}

fn agreement(ask: &Ask) -> Agreement {
    let parties = ["USA", "JPN", "AUS"].map(|code| Party {
        node: nation(code),
        name_en: code.into(),
        name_ja: code.into(),
        nation: code.parse().expect("a nation"),
    });
    let term =
        |clause: usize, from: NodeId, to: NodeId, ceilings: &BTreeMap<String, String>, onward| {
            ReleaseTerm {
                clause: clause.to_string(),
                from,
                to,
                types: words(&ask.types).collect(),
                purposes: words(&ask.purposes).collect(),
                ceilings: ceilings.clone(),
                onward,
            }
        };
    let me = node(1);
    let mut releases: Vec<ReleaseTerm> = (1..)
        .zip(&ask.terms)
        .map(|(clause, one)| {
            term(
                clause,
                me,
                nation(&ask.recipient),
                &one.ceilings,
                Onward::None,
            )
        })
        .collect();
    if ask.onward {
        releases.push(term(9, node(9), me, &BTreeMap::new(), Onward::Community));
    }
    let mut all = parties.to_vec();
    for (byte, code) in [(1, "USA"), (9, "AUS")] {
        all.push(Party {
            node: node(byte),
            nation: code.parse().expect("a nation"),
            ..all[0].clone()
        });
    }
    let equivalences = ask.equivalence.iter().map(|(left, right)| Equivalence {
        left: left.clone(),
        right: right.clone(),
    });
    Agreement {
        id: "agreement--00000000-0000-4000-8000-000000000001"
            .parse()
            .expect("an id"),
        created: time("2026-01-01T00:00:00Z"),
        modified: time("2026-01-01T00:00:00Z"),
        title: "t".into(),
        title_ja: "t".into(),
        kind: "mou".into(),
        members_known: true,
        parties: all,
        valid_from: time("2026-01-01T00:00:00Z"),
        valid_until: time("2030-01-01T00:00:00Z"),
        clauses: vec![Clause {
            id: "1".into(),
            text_en: "a".into(),
            text_ja: "a".into(),
        }],
        releases,
        equivalences: equivalences.collect(),
    }
}

/// Everything the gate is asked with.
pub(crate) struct Stage {
    pub(crate) marked: Marked,
    pub(crate) provenance: Provenance,
    to: Recipient,
    rules: Rules,
    agreement: Agreement,
    standing: Standing,
    grants: Vec<Grant>,
    purpose: String,
    now: Timestamp,
    channel: Channel,
    without_agreement: bool,
}

impl Stage {
    pub(crate) fn of(ask: &Ask, definitions: &mut Definitions) -> Self {
        let object = object(ask, definitions);
        let (valid, _) = noroshi_formats::check(Value::Object(object), &Limits::DEFAULT)
            .expect("the cases' objects are valid");
        let marked = noroshi_gate::mark(valid, &[], &definitions.table, &Scope::Own);
        let coalitions = ask.coalitions.iter().map(|list| Membership {
            world: World::Operational,
            coalition: list.code.parse().expect("four letters"),
            serial: list.serial,
            title: "a list".to_owned(),
            nations: list
                .nations
                .iter()
                .map(|code| code.parse().expect("a nation"))
                .collect(),
            valid_from: time(&list.from),
            valid_until: time(&list.until),
            by: node(1),
            at: time(&list.from),
        });
        let agreement = agreement(ask);
        Self {
            provenance: Provenance {
                role: Some(Role::Originator),
                node: Some(node(if ask.origin == "own" { 1 } else { 9 })),
                is_available: ask.available,
            },
            to: Recipient {
                node: nation(&ask.recipient),
                nation: ask.recipient.parse().expect("a nation"),
                state: match ask.peer.as_str() {
                    "confirmed" => PeerState::Confirmed,
                    "pending" => PeerState::Pending,
                    _ => PeerState::Removed,
                },
                world: ask.world,
                knows_own_types: true,
            },
            rules: Rules {
                me: node(1),
                my_nation: "USA".parse().expect("a nation"),
                world: World::Operational,
                coalitions: Coalitions::new(coalitions),
                second_person_above: Threshold::default(),
                derivations: noroshi_gate::Derivations::new(
                    [(TEARLINE, ORIGINAL)]
                        .into_iter()
                        .map(|(made, of)| (id(made), id(of)))
                        .collect(),
                ),
            },
            standing: match ask.standing.as_str() {
                "in force" => Standing::InForce,
                "suspended" => Standing::Suspended(node(2)),
                "unsigned" => Standing::Unsigned(vec![node(2)]),
                _ => Standing::Ended(agreement.valid_until),
            },
            agreement,
            grants: ask
                .grants
                .iter()
                .map(|fault| grant(ask, fault, marked.hash()))
                .collect(),
            purpose: ask.purpose.clone(),
            now: time(&ask.now),
            channel: Channel {
                hands_over_copy: ask.copy,
                is_encrypted: ask.encrypted,
            },
            without_agreement: ask.standing == "none",
            marked,
        }
    }

    /// Ask at the gate that stands here.
    pub(crate) fn at_gate<T>(&self, ask: impl FnOnce(Gate<'_>) -> T) -> T {
        let held = [AgreementInForce {
            agreement: &self.agreement,
            item: ItemHash(Digest::of(b"a")),
            standing: self.standing.clone(),
        }];
        let agreements = if self.without_agreement {
            &[][..]
        } else {
            &held
        };
        let question = Question {
            purpose: &self.purpose,
            now: self.now,
            channel: self.channel,
            grants: &self.grants,
        };
        ask(Gate::new(&self.to, agreements, &self.rules, &question))
    }

    /// What the gate decides.
    pub(crate) fn decision(&self) -> Decision {
        self.at_gate(|gate| gate.forgetful().decide(&self.marked, &self.provenance))
    }

    /// What the gate answers, with the bytes that would leave.
    pub(crate) fn given(&self) -> Given {
        self.at_gate(|gate| {
            let mut gate = gate.forgetful();
            let (_, decision) = gate.preview(&self.marked, &self.provenance);
            let permit = gate.release(&self.marked, &self.provenance);
            let bytes = permit.map(|permit| permit.content().canonical.clone());
            Given::new(&decision, bytes.unwrap_or_default())
        })
    }
}

impl Given {
    fn new(decision: &Decision, bytes: Vec<u8>) -> Self {
        let leaves = matches!(decision.outcome, Outcome::Release | Outcome::Reduced);
        assert_eq!(
            leaves,
            !bytes.is_empty(),
            "the permit is what the preview said"
        );
        let basis = decision.basis.as_ref();
        assert_eq!(leaves, basis.is_some(), "what leaves does so by a clause");
        let places = decision.withheld.iter();
        let reasons = decision.reasons.iter();
        Self {
            outcome: decision.outcome.as_str().to_owned(),
            reasons: reasons.map(|reason| reason.code().to_owned()).collect(),
            clause: basis.map(|basis| basis.clause.clone()),
            withheld: places.map(|place| place.selector.to_string()).collect(),
            second_person: decision.needs_second_person,
            bytes,
        }
    }

    /// Ask the gate.
    pub(crate) fn by_the_gate(ask: &Ask, definitions: &mut Definitions) -> Self {
        Stage::of(ask, definitions).given()
    }

    /// Places whose text leaves.
    pub(crate) fn released(&self) -> BTreeSet<&'static str> {
        let has = |text: &str| {
            self.bytes
                .windows(text.len())
                .any(|window| window == text.as_bytes())
        };
        PLACES
            .into_iter()
            .filter(|place| has(canary(place)))
            .collect()
    }
}
