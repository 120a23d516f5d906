//! Non-interference from gate to frame: two stores that are equal in what a recipient may see give
//! it the same bytes. One of the two also holds items closed to it, other values in the properties
//! withheld from it, and items for another partner. Its frames, raw and with fresh chance for each
//! entry, its log's size, root and order, and what is sent again are compared byte by byte.
//!
//! Here is no database: formats, gate, seal and link are real, the store is a list. Whole nodes are
//! compared in `noroshi-node/src/tests/twins.rs`. `NOROSHI_NONINTERFERENCE=n` sets how many pairs.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use noroshi_gate::{
    AgreementInForce, Channel, Coalitions, Gate, Marked, MarkingTable, PeerState, Provenance,
    Question, Recipient, Released, Rendition, Rules, Scope, Threshold,
};
use noroshi_model::agreement::{Agreement, Clause, Onward, Party, ReleaseTerm, Standing};
use noroshi_model::json::{Object, Value};
use noroshi_model::link::{EntryKind, LogLeaf, Precedence};
use noroshi_model::{Attribution, Digest, ItemHash, KeyId, Limits, NodeId, Role, Timestamp, World};
use noroshi_seal::merkle::{Frontier, leaf_hash};
use noroshi_seal::sealing::FrameKey;
use noroshi_sync::{Announcement, Config, Link, LinkState, Outgoing, Want};

#[path = "sim/chance.rs"]
mod chance;

use chance::Chance;

const PAIRS: u64 = 100_000;
const PAIRS_SLOW: u64 = 1_000_000;
const ME: u8 = 1;
const THEM: u8 = 2;
const THIRD: u8 = 3;
const NATIONAL: &str = "extension-definition--694be976-4ec2-4b80-b47c-48f75510a38d";

/// Markings by name: those of TLP, and three that the table learns.
const TLP: [&str; 5] = [
    "marking-definition--94868c89-83c2-464b-929b-a1a8aa3c8487",
    "marking-definition--bab4a63c-aed9-4cf5-a766-dfca5abac2bb",
    "marking-definition--55d920b0-5e8b-4f79-9ee9-91f868d9b421",
    "marking-definition--939a9414-2ddd-4d32-a0cd-375ea402b003",
    "marking-definition--e828b379-4e03-4974-9ac4-e53a884c97c1",
];
const NOFORN: &str = "marking-definition--00000000-0000-4000-8000-000000000001";
const SDS: &str = "marking-definition--00000000-0000-4000-8000-000000000002";
const REL_AUS: &str = "marking-definition--00000000-0000-4000-8000-000000000003";
const UNKNOWN: &str = "marking-definition--00000000-0000-4000-8000-000000000004";
const CLOSED: [&str; 7] = [TLP[2], TLP[3], TLP[4], NOFORN, SDS, REL_AUS, UNKNOWN];
/// What may be withheld of an object of this test.
const PLACES: [&str; 5] = [
    "description",
    "labels.[0]",
    "labels.[1]",
    "external_references.[0].url",
    "external_references.[0]",
];

fn node(byte: u8) -> NodeId {
    NodeId::from_bytes([byte; 32])
}

fn at() -> Timestamp {
    "2026-06-01T00:00:00Z".parse().unwrap()
}

/// Rules, markings and the agreement: the same for every store.
struct Ground {
    rules: Rules,
    table: MarkingTable,
    agreement: Agreement,
}

fn ground() -> &'static Ground {
    static GROUND: OnceLock<Ground> = OnceLock::new();
    GROUND.get_or_init(|| {
        let mut table = MarkingTable::builtin();
        let us = |more: Object| more.with("scheme", "US-CAPCO");
        let bodies = [
            (NOFORN, us(Object::new().with("caveats", vec!["NOFORN"]))),
            (
                REL_AUS,
                us(Object::new().with("rel_to", vec!["USA", "AUS"])),
            ),
            (
                SDS,
                Object::new().with("scheme", "JP-SDS").with("level", "SDS"),
            ),
        ];
        for (id, body) in bodies {
            let body = body.with("extension_type", "property-extension");
            let definition = Object::new()
                .with("type", "marking-definition")
                .with("spec_version", "2.1")
                .with("id", id)
                .with("created", "2026-01-01T00:00:00.000Z")
                .with("extensions", Object::new().with(NATIONAL, body));
            table.learn(&definition, &Scope::Own).unwrap();
        }
        Ground {
            rules: Rules {
                me: node(ME),
                my_nation: "USA".parse().unwrap(),
                world: World::Operational,
                coalitions: Coalitions::default(),
                second_person_above: Threshold::default(),
                derivations: noroshi_gate::Derivations::default(),
            },
            table,
            agreement: agreement(),
        }
    })
}

/// The recipient may have TLP:GREEN, the third TLP:RED.
fn agreement() -> Agreement {
    let party = |byte: u8, nation: &str| Party {
        node: node(byte),
        name_en: nation.into(),
        name_ja: nation.into(),
        nation: nation.parse().unwrap(),
    };
    let term = |to: u8, level: &str| ReleaseTerm {
        clause: "1".into(),
        from: node(ME),
        to: node(to),
        types: vec!["*".into()],
        purposes: vec!["*".into()],
        ceilings: BTreeMap::from([("tlp".to_owned(), level.to_owned())]),
        onward: Onward::None,
    };
    Agreement {
        id: "agreement--00000000-0000-4000-8000-000000000001"
            .parse()
            .unwrap(),
        created: "2026-01-01T00:00:00Z".parse().unwrap(),
        modified: "2026-01-01T00:00:00Z".parse().unwrap(),
        title: "t".into(),
        title_ja: "t".into(),
        kind: "mou".into(),
        parties: vec![party(ME, "USA"), party(THEM, "JPN"), party(THIRD, "AUS")],
        valid_from: "2026-01-01T00:00:00Z".parse().unwrap(),
        valid_until: "2030-01-01T00:00:00Z".parse().unwrap(),
        clauses: vec![Clause {
            id: "1".into(),
            text_en: "a".into(),
            text_ja: "a".into(),
        }],
        releases: vec![term(THEM, "green"), term(THIRD, "red")],
        equivalences: Vec::new(),
        members_known: false,
    }
}

/// How an object is marked; `secret` is what stands in the places that are closed.
struct Plan {
    number: u64,
    marking: &'static str,
    closed: BTreeSet<(&'static str, &'static str)>,
}

impl Plan {
    fn is_closed(&self, place: &str) -> bool {
        let covers = |closed: &str| {
            place == closed
                || place
                    .strip_prefix(closed)
                    .is_some_and(|rest| rest.starts_with('.'))
        };
        self.closed.iter().any(|(closed, _)| covers(closed))
    }

    fn marked(&self, secret: &str) -> Marked {
        let number = self.number;
        let text = |place: &str| {
            let which = if self.is_closed(place) {
                secret
            } else {
                "open"
            };
            format!("{which}-{number}-{place}")
        };
        let reference = Object::new()
            .with("source_name", text("external_references.[0].source_name"))
            .with(
                "url",
                format!("https://{}.example", text("external_references.[0].url")),
            );
        let mut object = Object::new()
            .with("type", "indicator")
            .with("spec_version", "2.1")
            .with(
                "id",
                format!("indicator--00000000-0000-4000-8000-{number:012x}"),
            )
            .with("created", "2026-01-01T00:00:00.000Z")
            .with("modified", "2026-01-01T00:00:00.000Z")
            .with("valid_from", "2026-01-01T00:00:00Z")
            .with("pattern_type", "stix")
            .with(
                "pattern",
                format!("[domain-name:value = 'd{number}.example']"),
            )
            .with("description", text("description"))
            .with("labels", vec![text("labels.[0]"), text("labels.[1]")])
            .with("external_references", vec![Value::Object(reference)])
            .with("object_marking_refs", vec![self.marking]);
        if !self.closed.is_empty() {
            let marks = self.closed.iter().map(|(place, marking)| {
                let mark = Object::new().with("selectors", vec![*place]);
                Value::Object(mark.with("marking_ref", *marking))
            });
            object.insert("granular_markings", marks.collect::<Vec<Value>>());
        }
        let (valid, _) = noroshi_formats::check(Value::Object(object), &Limits::DEFAULT).unwrap();
        noroshi_gate::mark(valid, &[], &ground().table, &Scope::Own)
    }
}

/// Something the recipient may see, whole or in part.
fn open_plan(number: u64, chance: &mut Chance) -> Plan {
    let closed = (0..chance.below(3)).map(|_| {
        let marking = [TLP[2], TLP[3], TLP[4], NOFORN, SDS, REL_AUS];
        (PLACES[chance.index(5)], marking[chance.index(6)])
    });
    Plan {
        number,
        closed: closed.collect(),
        marking: TLP[usize::from(chance.percent(50))],
    }
}

/// The gate towards one partner, which remembers what it answered, for as long as the work takes.
fn with_gate<T>(to: u8, work: impl FnOnce(&mut Gate<'_>) -> T) -> T {
    let ground = ground();
    let nation = if to == THEM { "JPN" } else { "AUS" };
    let recipient = Recipient {
        node: node(to),
        nation: nation.parse().unwrap(),
        state: PeerState::Confirmed,
        world: World::Operational,
        knows_own_types: true,
    };
    let held = [AgreementInForce {
        agreement: &ground.agreement,
        item: ItemHash(Digest::of(b"agreement")),
        standing: Standing::InForce,
    }];
    let question = Question {
        purpose: "defence",
        now: at(),
        channel: Channel::LINK,
        grants: &[],
    };
    work(&mut Gate::new(&recipient, &held, &ground.rules, &question))
}

/// Everything in the stores is this node's own.
fn own() -> Provenance {
    Provenance {
        role: Some(Role::Originator),
        node: Some(node(ME)),
        is_available: true,
    }
}

/// The sender's side towards one partner: log and link.
struct Side {
    link: Link,
    tree: Frontier,
    leaves: Vec<Vec<u8>>,
    entries: Vec<usize>,
    chance: Chance,
}

impl Side {
    fn new(to: u8, seed: u64) -> Self {
        let config = Config {
            world: World::Operational,
            me: node(ME),
            peer: node(to),
            frame_bytes_max: 3000,
            received_bytes_max: 1 << 20,
            entries_max: 3,
            in_flight_bytes_max: 8 * 1024,
            retry_after_ms: 1000,
        };
        let mut link = Link::new(config, LinkState::default());
        let announcement = Announcement {
            world: World::Operational,
            from: node(ME),
            to: node(to),
            epoch: 1,
            at: at(),
            manifest: Vec::new(),
            manifest_signature: [0; 64],
            sealing_key: KeyId::of(b"sealing"),
            encapsulation: Vec::new(),
            key: KeyId::of(b"items"),
            signature: [0; 64],
        };
        link.begin_epoch(&announcement, FrameKey::from_bytes(&[to; 32]).unwrap());
        Self {
            link,
            tree: Frontier::new(),
            leaves: Vec::new(),
            entries: Vec::new(),
            chance: Chance::new(seed ^ u64::from(to)),
        }
    }

    /// The gate lets it go: it gets the next number.
    fn log(&mut self, at_index: usize, rendition: &Released<Rendition>) {
        let precedence = Precedence::ALL[self.chance.index(4)];
        let leaf = LogLeaf {
            number: self.leaves.len() as u64,
            kind: EntryKind::Release,
            at: at(),
            precedence,
            digest: rendition.content().hash.0,
            salt: self.chance.bytes(),
        };
        self.link.queue(leaf.number, precedence);
        let bytes = leaf.to_bytes();
        self.tree.append(leaf_hash(&bytes));
        self.leaves.push(bytes);
        self.entries.push(at_index);
    }

    /// Everything that leaves until the road is full, and what leaves again an hour later.
    fn frames(&mut self, store: &[Marked], gate: &mut Gate<'_>) -> Vec<Vec<u8>> {
        let mut frames = Vec::new();
        for hour in 0..2 {
            let now = at().plus_seconds(3600 * hour);
            let note = format!("{} {}", self.tree.size(), Digest(self.tree.root()));
            while let Some(Want::Entries(numbers)) = self.link.poll(now) {
                let entries = numbers.iter().map(|number| {
                    let at = usize::try_from(*number).unwrap();
                    let released = gate.release(&store[self.entries[at]], &own()).unwrap();
                    let parcel = released.with_attribution(attribution());
                    let leaf = self.leaves[at].clone();
                    Outgoing::Entry { leaf, parcel }
                });
                let entries = entries.collect();
                frames.extend(self.link.frame_entries(entries, Some(&note), now).unwrap());
            }
        }
        frames.extend(self.link.announcement_frame());
        frames
    }
}

fn attribution() -> Attribution {
    Attribution {
        role: Role::Releaser,
        node: node(ME),
        key: KeyId::of(b"items"),
        assigned: Vec::new(),
        signature: [9; 64],
    }
}

/// What goes to a partner out of a store: its log and all frames.
fn sent(store: &[Marked], to: u8, seed: u64) -> (Side, Vec<Vec<u8>>) {
    with_gate(to, |gate| {
        let mut side = Side::new(to, seed);
        for (index, item) in store.iter().enumerate() {
            if let Ok(rendition) = gate.release(item, &own()) {
                side.log(index, &rendition);
            }
        }
        let frames = side.frames(store, gate);
        (side, frames)
    })
}

/// All that the recipient gets: the log's size and root, the frames.
fn given(store: &[Marked], seed: u64) -> (u64, [u8; 32], Vec<Vec<u8>>) {
    let (side, frames) = sent(store, THEM, seed);
    (side.tree.size(), side.tree.root(), frames)
}

/// One pair. How many items were hidden and how many went out, or what differed.
fn pair(seed: u64) -> Result<(usize, u64), String> {
    let mut chance = Chance::new(seed);
    let (mut plain, mut laden) = (Vec::new(), Vec::new());
    let mut hidden = 0;
    for number in 0..1 + chance.below(4) {
        for extra in 0..chance.below(3) {
            let plan = Plan {
                number: 1000 + number * 10 + extra,
                marking: CLOSED[chance.index(7)],
                closed: BTreeSet::new(),
            };
            let item = plan.marked("hidden");
            if with_gate(THEM, |gate| gate.release(&item, &own()).is_ok()) {
                return Err(format!("{} was released", plan.marking));
            }
            laden.push(item);
            hidden += 1;
        }
        let plan = open_plan(number, &mut chance);
        plain.push(plan.marked("one"));
        laden.push(plan.marked("quite-another"));
    }
    // What is sent to the third goes on beside it.
    let (third, _) = sent(&laden, THIRD, seed);
    let (one, other) = (given(&plain, seed), given(&laden, seed));
    if third.tree.size() < one.0 {
        return Err("the third got less than it may have".to_owned());
    }
    if one == other {
        Ok((hidden, one.0))
    } else {
        Err(format!("log sizes {} and {}", one.0, other.0))
    }
}

fn pairs() -> u64 {
    let told = std::env::var("NOROSHI_NONINTERFERENCE").ok();
    let slow = std::env::var_os("RUN_SLOW_TESTS").is_some();
    let usual = if slow { PAIRS_SLOW } else { PAIRS };
    told.and_then(|text| text.parse().ok()).unwrap_or(usual)
}

/// Clause: I6
#[test]
fn stores_that_differ_in_what_a_recipient_may_not_see_give_it_the_same_bytes() {
    let (pairs, next) = (pairs(), AtomicU64::new(0));
    let threads = std::thread::available_parallelism().map_or(2, std::num::NonZero::get);
    let counted = std::thread::scope(|scope| {
        let worker = || {
            let mut counted = (0, 0);
            loop {
                let seed = next.fetch_add(1, Ordering::Relaxed);
                if seed >= pairs {
                    return counted;
                }
                let (hidden, sent) = pair(seed).unwrap_or_else(|why| panic!("pair {seed}: {why}"));
                counted = (counted.0 + hidden, counted.1 + sent);
            }
        };
        let threads: Vec<_> = (0..threads).map(|_| scope.spawn(worker)).collect();
        let counts = threads.into_iter().map(|thread| thread.join().unwrap());
        counts.fold((0, 0), |all, one| (all.0 + one.0, all.1 + one.1))
    });
    let (hidden, sent) = counted;
    println!("{pairs} pairs, {hidden} hidden items, {sent} entries");
    assert!(hidden > 0 && sent > 0, "nothing was compared");
}

/// Clause: I6
#[test]
fn a_reduced_rendition_holds_no_byte_name_or_place_of_what_was_withheld() {
    let mut reduced = 0;
    for seed in 0..5_000 {
        let mut chance = Chance::new(seed);
        let plan = open_plan(seed, &mut chance);
        let secret = format!("withheld{:016x}", chance.next());
        let item = plan.marked(&secret);
        let Ok(released) = with_gate(THEM, |gate| gate.release(&item, &own())) else {
            panic!("seed {seed}: what may be seen in part was not released")
        };
        if !released.content().reduced {
            continue;
        }
        reduced += 1;
        let mut side = Side::new(THEM, seed);
        side.log(0, &released);
        let bytes = released.content().canonical.clone();
        // Everything that is sealed into the frame, in the clear.
        let leaving = [
            bytes.as_slice(),
            &side.leaves[0],
            format!("{:?}", attribution()).as_bytes(),
        ]
        .concat();
        let text = String::from_utf8(leaving).unwrap();
        assert!(!text.contains(&secret), "seed {seed}: {text}");
        assert!(
            !text.contains(&item.hash().to_string()),
            "the name of the whole item"
        );
        for (place, _) in plan.closed.iter() {
            let value = format!("{secret}-{seed}-{place}");
            assert!(!text.contains(&Digest::of(value.as_bytes()).to_string()));
            // A place in a list may be named by what moved up into it; a property may not.
            let is_property = !place.contains('[');
            assert!(
                !(is_property && text.contains(place)),
                "seed {seed}: {place}"
            );
        }
    }
    assert!(reduced > 1_000, "{reduced} were reduced");
}

/// Clause: I6
#[test]
fn a_leak_that_is_planted_is_found() {
    // The hidden item is marked for the recipient after all: sizes, roots and bytes differ.
    let plan = open_plan(1, &mut Chance::new(1));
    let leak = Plan {
        number: 2,
        marking: TLP[0],
        closed: BTreeSet::new(),
    };
    let plain = vec![plan.marked("one")];
    let laden = vec![leak.marked("leak"), plan.marked("one")];
    let (one, other) = (given(&plain, 1), given(&laden, 1));
    assert!(one.0 != other.0 && one.1 != other.1 && one.2 != other.2);
}
