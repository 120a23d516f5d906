//! The world of the cases: the United States' node asks whether an indicator may go to Japan's.

use std::collections::{BTreeMap, BTreeSet};

use noroshi_gate::{
    AgreementInForce, Axes, Channel, Grant, MarkingTable, Outcome, PeerState, Provenance, Question,
    Recipient, Rules, Scope, Threshold,
};
use noroshi_model::agreement::{
    Agreement, Clause, Equivalence, Onward, Party, ReleaseTerm, Standing,
};
use noroshi_model::json::{Object, Value};
use noroshi_model::{Digest, ItemHash, Limits, NodeId, Role, Timestamp, World};

pub(crate) const TLP: [&str; 5] = ["clear", "green", "amber", "amber+strict", "red"];
pub(crate) const US: [&str; 4] = ["unclassified", "confidential", "secret", "top-secret"];
/// When the question is put.
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

/// One marking.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Caveat {
    Tlp(usize),
    Noforn,
    RelTo(Vec<&'static str>),
    Sds,
    Mod,
    UsClass(usize),
    Statement,
    Unknown,
}

/// One direction an agreement allows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Term {
    pub(crate) ceilings: BTreeMap<String, String>,
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
    pub(crate) standing: String,
    pub(crate) equivalence: Option<(String, String)>,
    pub(crate) peer: String,
    pub(crate) world: World,
    pub(crate) origin: String,
    pub(crate) onward: bool,
    pub(crate) available: bool,
    pub(crate) grant: Option<String>,
    pub(crate) recipient: String,
    pub(crate) expected: Expected,
}

/// What an officer expects.
#[derive(Clone, Debug, Default)]
pub(crate) struct Expected {
    outcome: String,
    reason: Option<String>,
    withheld: Option<BTreeSet<String>>,
    second_person: Option<bool>,
}

/// What was answered.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Given {
    pub(crate) outcome: String,
    pub(crate) reasons: BTreeSet<String>,
    pub(crate) withheld: BTreeSet<String>,
    pub(crate) released: BTreeSet<String>,
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
            standing: "in force".into(),
            equivalence: None,
            peer: "confirmed".into(),
            world: World::Operational,
            origin: "own".into(),
            onward: false,
            available: true,
            grant: None,
            recipient: "JPN".into(),
            expected: Expected::default(),
        }
    }
}

/// Everything random about a question.
type RandomAsk = (
    Vec<Caveat>,
    Vec<(usize, Caveat)>,
    Vec<RandomTerm>,
    usize,
    usize,
    [bool; 3],
);

type RandomTerm = (Option<usize>, Option<usize>, [bool; 4]);

impl Ask {
    /// From lines `key: value` as an officer writes them.
    pub(crate) fn read(body: &str) -> Self {
        let mut ask = Self::default();
        for line in body.lines().filter_map(|line| line.split_once(':')) {
            let (key, value) = (line.0.trim(), line.1.trim());
            match key {
                "markings" => ask.markings = words(value).map(|word| caveat(&word)).collect(),
                "granular" => ask.granular = value.split(';').map(granular).collect(),
                "agreement" => ask.terms = value.split(" or ").map(term).collect(),
                "types" => ask.types = value.to_owned(),
                "purposes" => ask.purposes = value.to_owned(),
                "purpose" => ask.purpose = value.to_owned(),
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
                "grant" => ask.grant = Some(value.to_owned()),
                "recipient" => ask.recipient = value.to_owned(),
                "outcome" => ask.expected.outcome = value.to_owned(),
                "reason" => ask.expected.reason = Some(value.to_owned()),
                "stays" => ask.expected.withheld = Some(words(value).collect()),
                "second person" => ask.expected.second_person = Some(value == "yes"),
                other => panic!("`{other}` is no key of a case"),
            }
        }
        assert!(!ask.expected.outcome.is_empty(), "a case says its outcome");
        ask
    }

    pub(crate) fn random((markings, granular, terms, recipient, origin, flags): RandomAsk) -> Self {
        let terms = terms
            .into_iter()
            .map(|(tlp, us, named)| {
                let mut ceilings = BTreeMap::new();
                if let Some(tlp) = tlp {
                    ceilings.insert("tlp".to_owned(), TLP[tlp].to_owned());
                }
                if let Some(us) = us {
                    ceilings.insert("us-class".to_owned(), US[us].to_owned());
                }
                if named[0] && named[1] {
                    ceilings.insert("jp-sds".to_owned(), "sds".to_owned());
                }
                if named[2] {
                    ceilings.insert("jp-mod".to_owned(), "hi".to_owned());
                }
                Term { ceilings }
            })
            .collect();
        Self {
            markings,
            granular,
            terms,
            recipient: ["JPN", "JPN", "USA", "AUS"][recipient].to_owned(),
            origin: ["own", "own", "another"][origin].to_owned(),
            onward: flags[0],
            standing: if flags[1] || flags[2] {
                "in force"
            } else {
                "suspended"
            }
            .to_owned(),
            equivalence: (flags[0] && flags[1])
                .then(|| ("jp-mod:hi".to_owned(), "us-class:confidential".to_owned())),
            ..Self::default()
        }
    }
}

fn words(text: &str) -> impl Iterator<Item = String> + '_ {
    text.split(',')
        .map(str::trim)
        .filter(|word| !word.is_empty())
        .map(str::to_owned)
}

fn caveat(word: &str) -> Caveat {
    let static_word = |word: &str| -> &'static str { Box::leak(word.to_owned().into_boxed_str()) };
    match word {
        "NOFORN" => Caveat::Noforn,
        "特定秘密" => Caveat::Sds,
        "省秘" => Caveat::Mod,
        "statement" => Caveat::Statement,
        "unknown" => Caveat::Unknown,
        _ => {
            if let Some(level) = word.strip_prefix("TLP:") {
                let level = level.to_ascii_lowercase();
                return Caveat::Tlp(TLP.iter().position(|l| *l == level).expect("a TLP level"));
            }
            if let Some(nations) = word.strip_prefix("REL TO") {
                return Caveat::RelTo(nations.split_whitespace().map(static_word).collect());
            }
            let level = word.to_ascii_lowercase().replace(' ', "-");
            Caveat::UsClass(US.iter().position(|l| *l == level).expect("a marking"))
        }
    }
}

fn granular(text: &str) -> (usize, Caveat) {
    let (place, marking) = text.trim().split_once(' ').expect("place marking");
    let place = PLACES
        .iter()
        .position(|known| *known == place)
        .expect("a place");
    (place, caveat(marking.trim()))
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

impl Expected {
    pub(crate) fn differs(&self, given: &Given) -> Option<String> {
        if self.outcome != given.outcome {
            return Some(format!(
                "expected {}, got {} {:?}",
                self.outcome, given.outcome, given.reasons
            ));
        }
        if self
            .reason
            .as_ref()
            .is_some_and(|reason| !given.reasons.contains(reason))
        {
            return Some(format!(
                "expected {:?}, got {:?}",
                self.reason, given.reasons
            ));
        }
        if self
            .withheld
            .as_ref()
            .is_some_and(|places| *places != given.withheld)
        {
            return Some(format!(
                "expected {:?} to stay, got {:?}",
                self.withheld, given.withheld
            ));
        }
        if self
            .second_person
            .is_some_and(|needed| needed != given.second_person)
        {
            return Some(format!("second person: got {}", given.second_person));
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

/// The consent of a case: one that fits, or what is wrong with it.
fn grant(ask: &Ask, item: ItemHash) -> Option<Grant> {
    let fault = ask.grant.as_deref()?;
    let wrong = |word: &str| fault == word;
    Some(Grant {
        by: node(if wrong("other giver") { 8 } else { 9 }),
        nation: "AUS".parse().expect("a nation"),
        item: if wrong("other item") {
            ItemHash(Digest::of(b"other"))
        } else {
            item
        },
        recipient: node(if wrong("other recipient") { 3 } else { 2 }),
        purpose: if wrong("other purpose") {
            "exercise".to_owned()
        } else {
            ask.purpose.clone()
        },
        until: if wrong("expired") {
            NOW.parse().expect("a time")
        } else {
            "2026-06-01T00:00:00.001Z".parse().expect("a time")
        },
    })
}

/// The marking-definition of a caveat: its id and, where the node must learn it, its object.
fn definition(caveat: &Caveat) -> (String, Option<Value>) {
    let national = |number: u32, scheme: &str, level: Option<&str>, more: Object| {
        let id = format!("marking-definition--00000000-0000-4000-8000-{number:012x}");
        let mut body = more
            .with("extension_type", "property-extension")
            .with("scheme", scheme);
        if let Some(level) = level {
            body.insert("level", level);
        }
        let key = "extension-definition--694be976-4ec2-4b80-b47c-48f75510a38d";
        let object = Object::new()
            .with("type", "marking-definition")
            .with("spec_version", "2.1")
            .with("id", id.as_str())
            .with("created", "2026-01-01T00:00:00.000Z")
            .with("extensions", Object::new().with(key, body));
        (id, Some(Value::Object(object)))
    };
    match caveat {
        Caveat::Tlp(level) => {
            let uuid = [
                "94868c89-83c2-464b-929b-a1a8aa3c8487",
                "bab4a63c-aed9-4cf5-a766-dfca5abac2bb",
                "55d920b0-5e8b-4f79-9ee9-91f868d9b421",
                "939a9414-2ddd-4d32-a0cd-375ea402b003",
                "e828b379-4e03-4974-9ac4-e53a884c97c1",
            ][*level];
            (format!("marking-definition--{uuid}"), None)
        }
        Caveat::Noforn => national(
            1,
            "US-CAPCO",
            None,
            Object::new().with("caveats", vec!["NOFORN"]),
        ),
        Caveat::RelTo(nations) => {
            let bits: u32 = nations
                .iter()
                .map(|code| 1 << (code.as_bytes()[0] % 16))
                .sum();
            national(
                0x100 + bits,
                "US-CAPCO",
                None,
                Object::new().with("rel_to", nations.clone()),
            )
        }
        Caveat::Sds => national(2, "JP-SDS", Some("SDS"), Object::new()),
        Caveat::Mod => national(3, "JP-MOD", Some("hi"), Object::new()),
        Caveat::UsClass(level) => {
            let number = 16 + u32::try_from(*level).expect("small");
            national(number, "US-CAPCO", Some(US[*level]), Object::new())
        }
        Caveat::Statement => {
            let id = "marking-definition--00000000-0000-4000-8000-0000000000aa";
            let body = Object::new().with("statement", "Copyright");
            let object = Object::new()
                .with("type", "marking-definition")
                .with("spec_version", "2.1")
                .with("id", id)
                .with("created", "2026-01-01T00:00:00.000Z")
                .with("definition_type", "statement")
                .with("definition", body);
            (id.to_owned(), Some(Value::Object(object)))
        }
        Caveat::Unknown => (
            "marking-definition--00000000-0000-4000-8000-0000000000bb".into(),
            None,
        ),
    }
}

fn object(ask: &Ask, table: &mut MarkingTable) -> Object {
    let mut id_of = |caveat: &Caveat| {
        let (id, definition) = definition(caveat);
        if let Some(Value::Object(object)) = definition {
            table
                .learn(&object, &Scope::Own)
                .expect("the cases' definitions are known to the table");
        }
        Value::from(id)
    };
    let reference = Object::new()
        .with("source_name", "canary-source")
        .with("url", "https://canary.example/url");
    let mut object = Object::new()
        .with("type", "indicator")
        .with("spec_version", "2.1")
        .with("id", "indicator--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f")
        .with("created", "2026-01-01T00:00:00.000Z")
        .with("modified", "2026-01-01T00:00:00.000Z")
        .with("valid_from", "2026-01-01T00:00:00Z")
        .with("pattern_type", "stix")
        .with("pattern", canary("pattern"))
        .with("description", canary("description"))
        .with("labels", vec![canary("labels.[0]"), canary("labels.[1]")])
        .with("external_references", vec![Value::Object(reference)]);
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
    let time = |text: &str| -> Timestamp { text.parse().expect("a time") };
    let parties = ["USA", "JPN", "AUS"].map(|code| Party {
        node: nation(code),
        name_en: code.into(),
        name_ja: code.into(),
        nation: code.parse().expect("a nation"),
    });
    let term =
        |from: NodeId, to: NodeId, ceilings: &BTreeMap<String, String>, onward| ReleaseTerm {
            clause: "1".into(),
            from,
            to,
            types: words(&ask.types).collect(),
            purposes: words(&ask.purposes).collect(),
            ceilings: ceilings.clone(),
            onward,
        };
    let me = node(1);
    let mut releases: Vec<ReleaseTerm> = ask
        .terms
        .iter()
        .map(|one| term(me, nation(&ask.recipient), &one.ceilings, Onward::None))
        .collect();
    if ask.onward {
        releases.push(term(node(9), me, &BTreeMap::new(), Onward::Community));
    }
    let mut all = parties.to_vec();
    for (byte, code) in [(1, "USA"), (9, "AUS")] {
        all.push(Party {
            node: node(byte),
            nation: code.parse().expect("a nation"),
            ..all[0].clone()
        });
    }
    Agreement {
        id: "agreement--00000000-0000-4000-8000-000000000001"
            .parse()
            .expect("an id"),
        created: time("2026-01-01T00:00:00Z"),
        modified: time("2026-01-01T00:00:00Z"),
        title: "t".into(),
        title_ja: "t".into(),
        kind: "mou".into(),
        parties: all,
        valid_from: time("2026-01-01T00:00:00Z"),
        valid_until: time("2030-01-01T00:00:00Z"),
        clauses: vec![Clause {
            id: "1".into(),
            text_en: "a".into(),
            text_ja: "a".into(),
        }],
        releases,
        equivalences: ask
            .equivalence
            .iter()
            .map(|(left, right)| Equivalence {
                left: left.clone(),
                right: right.clone(),
            })
            .collect(),
        members_known: false,
    }
}

impl Given {
    /// Ask the gate.
    pub(crate) fn by_the_gate(ask: &Ask) -> Self {
        let axes = Axes::builtin();
        let mut table = MarkingTable::builtin(&axes);
        let object = object(ask, &mut table);
        let (valid, _) = noroshi_formats::check(Value::Object(object), &Limits::DEFAULT)
            .expect("the cases' objects are valid");
        let marked = noroshi_gate::mark(valid, &[], &table, &Scope::Own);
        let to = Recipient {
            node: nation(&ask.recipient),
            nation: ask.recipient.parse().expect("a nation"),
            state: match ask.peer.as_str() {
                "confirmed" => PeerState::Confirmed,
                "pending" => PeerState::Pending,
                _ => PeerState::Removed,
            },
            world: ask.world,
        };
        let rules = Rules {
            me: node(1),
            my_nation: "USA".parse().expect("a nation"),
            world: World::Operational,
            axes,
            second_person_above: Threshold::default(),
        };
        let agreement = agreement(ask);
        let standing = match ask.standing.as_str() {
            "in force" => Standing::InForce,
            "suspended" => Standing::Suspended(node(2)),
            "unsigned" => Standing::Unsigned(vec![node(2)]),
            _ => Standing::Ended(agreement.valid_until),
        };
        let held = AgreementInForce {
            agreement: &agreement,
            item: ItemHash(Digest::of(b"a")),
            standing,
        };
        let none = ask.standing == "none";
        let agreements = if none { vec![] } else { vec![held] };
        let provenance = Provenance {
            role: Some(Role::Originator),
            node: Some(if ask.origin == "own" {
                node(1)
            } else {
                node(9)
            }),
            is_available: ask.available,
        };
        let grants: Vec<Grant> = grant(ask, marked.hash()).into_iter().collect();
        let question = Question {
            purpose: &ask.purpose,
            now: NOW.parse().expect("a time"),
            channel: Channel::LINK,
            grants: &grants,
        };
        let (_, decision) =
            noroshi_gate::preview(&marked, &provenance, &to, &agreements, &rules, &question);
        let released =
            noroshi_gate::release(&marked, &provenance, &to, &agreements, &rules, &question);
        let bytes = released
            .map(|permit| permit.content().canonical.clone())
            .unwrap_or_default();
        let leaves = matches!(decision.outcome, Outcome::Release | Outcome::Reduced);
        assert_eq!(
            leaves,
            !bytes.is_empty(),
            "the permit is what the preview said"
        );
        let stays: BTreeSet<String> = decision
            .withheld
            .iter()
            .map(|place| place.selector.to_string())
            .collect();
        let has = |text: &str| {
            bytes
                .windows(text.len())
                .any(|window| window == text.as_bytes())
        };
        Self {
            outcome: decision.outcome.as_str().to_owned(),
            reasons: decision
                .reasons
                .iter()
                .map(|reason| reason.code().to_owned())
                .collect(),
            withheld: stays,
            released: PLACES
                .iter()
                .filter(|place| has(canary(place)))
                .map(|p| (*p).to_owned())
                .collect(),
            second_person: decision.needs_second_person,
            bytes,
        }
    }
}
