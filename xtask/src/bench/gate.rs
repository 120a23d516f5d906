//! `cargo xtask bench --gate`: decisions a second on one core. One decision is one item, one
//! recipient, all its properties, reasons included; more than a thousand label classes over every
//! axis, a third of the items with granular markings.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use noroshi_gate::{
    AgreementInForce, Axes, AxisKind, Channel, Coalitions, Decision, Gate, Marked, MarkingTable,
    Outcome, PeerState, Provenance, Question, Recipient, Rules, Scope, Threshold,
};
use noroshi_model::agreement::{Agreement, Clause, Onward, Party, ReleaseTerm, Standing};
use noroshi_model::json::{Object, Value};
use noroshi_model::{Digest, ItemHash, Limits, Membership, NodeId, Role, Timestamp, World};

/// Items asked about, each of a label class of its own or shared with few.
const ITEMS: usize = 6_000;
/// Fewest label classes for the figure to count.
const CLASSES_MIN: usize = 1_000;
/// Decisions of each measure, and how often it is taken; the median counts.
const DECISIONS: usize = 3_000_000;
const RUNS: usize = 3;

/// Build this tool as it would be shipped, and measure in it.
pub(crate) fn run(root: &Path) -> Result<()> {
    let status = Command::new(env!("CARGO"))
        .args(["run", "--release", "--locked", "--package", "xtask"])
        .args(["--", "bench", "--gate-here"])
        .current_dir(root)
        .status()
        .context("cargo does not start")?;
    ensure!(status.success(), "the bench ended with {status}");
    Ok(())
}

/// Measure in this process.
pub(crate) fn measure() -> Result<()> {
    let mut chance = Chance(0x9E37_79B9_7F4A_7C15);
    let (table, ids) = definitions()?;
    let items = (0..ITEMS)
        .map(|number| item(number, &ids, &table, &mut chance))
        .collect::<Result<Vec<Marked>>>()?;
    let classes: std::collections::HashSet<_> = items.iter().map(Marked::highest).collect();
    let granular = items
        .iter()
        .filter(|item| !item.places().is_empty())
        .count();
    ensure!(
        classes.len() >= CLASSES_MIN,
        "only {} label classes",
        classes.len()
    );
    let axes = Axes::builtin().iter().count();
    println!(
        "{ITEMS} items of {} label classes over {axes} axes, {granular} with granular markings",
        classes.len()
    );
    let agreement = agreement()?;
    let held = [AgreementInForce {
        agreement: &agreement,
        item: ItemHash(Digest::of(b"agreement")),
        standing: Standing::InForce,
    }];
    let (rules, to) = (rules()?, recipient()?);
    let question = Question {
        purpose: "defence",
        now: at()?,
        channel: Channel::LINK,
        grants: &[],
    };
    let gate = || Gate::new(&to, &held, &rules, &question);
    let mut answers = BTreeMap::new();
    let mut counting = gate();
    for item in &items {
        let outcome = counting.decide(item, &own()).outcome.as_str();
        *answers.entry(outcome).or_insert(0_usize) += 1;
    }
    println!("answers: {answers:?}");
    let mut remembering = gate();
    rate("a gate that remembers, warm", &items, |item| {
        remembering.decide(item, &own())
    })?;
    let mut forgetful = gate().forgetful();
    rate("a gate that does not remember", &items, |item| {
        forgetful.decide(item, &own())
    })?;
    rate("a gate made anew for every decision", &items, |item| {
        noroshi_gate::decide(item, &own(), &to, &held, &rules, &question)
    })?;
    Ok(())
}

#[expect(clippy::cast_precision_loss, reason = "a rate for people")]
fn rate(what: &str, items: &[Marked], mut decide: impl FnMut(&Marked) -> Decision) -> Result<()> {
    let mut times = Vec::new();
    for _ in 0..RUNS {
        let began = on_core()?;
        let mut leave = 0_usize;
        for item in items.iter().cycle().take(DECISIONS) {
            let decision = std::hint::black_box(decide(item));
            leave += usize::from(decision.outcome == Outcome::Release);
        }
        std::hint::black_box(leave);
        times.push(on_core()?.saturating_sub(began));
    }
    times.sort();
    let took = times[RUNS / 2].as_secs_f64();
    println!(
        "{what}: {:.2} million decisions a second of one core",
        DECISIONS as f64 / took / 1e6
    );
    Ok(())
}

/// How long this thread has had a core so far: what others do on the machine counts as little as
/// it can.
fn on_core() -> Result<Duration> {
    let path = "/proc/thread-self/schedstat";
    let text = std::fs::read_to_string(path).context(path)?;
    let nanos = text.split(' ').next().and_then(|nanos| nanos.parse().ok());
    Ok(Duration::from_nanos(nanos.context(path)?))
}

/// A small generator (xorshift64*), the same everywhere.
struct Chance(u64);

impl Chance {
    fn below(&mut self, count: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let drawn = self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33;
        usize::try_from(drawn).unwrap_or_default() % count
    }
}

/// Definitions over every axis that a marking can name, learned by a table.
fn definitions() -> Result<(MarkingTable, Vec<String>)> {
    let mut table = MarkingTable::builtin();
    let mut ids: Vec<String> = ["CLEAR", "GREEN", "AMBER", "RED"]
        .iter()
        .filter_map(|level| table.by_name(&format!("TLP:{level}")))
        .map(|id| id.to_string())
        .collect();
    let mut learn = |extension: &str, content: Object| -> Result<()> {
        let id = format!(
            "marking-definition--00000000-0000-4000-8000-{:012x}",
            ids.len()
        );
        let object = Object::new()
            .with("type", "marking-definition")
            .with("spec_version", "2.1")
            .with("id", id.as_str())
            .with("created", "2026-01-01T00:00:00.000Z")
            .with(
                "extensions",
                Object::new().with(&format!("extension-definition--{extension}"), content),
            );
        table.learn(&object, &Scope::Own)?;
        ids.push(id);
        Ok(())
    };
    let national = "694be976-4ec2-4b80-b47c-48f75510a38d";
    let schemes = [
        ("us-class", "US-CAPCO"),
        ("us-cui", "US-CAPCO"),
        ("jp-sds", "JP-SDS"),
        ("jp-mda", "JP-MDA"),
        ("jp-mod", "JP-MOD"),
        ("jp-gov", "JP-GOV"),
        ("jp-eis", "JP-EIS"),
    ];
    for (axis, scheme) in schemes {
        let levels = Axes::builtin()
            .get(axis)
            .map(|axis| axis.levels())
            .unwrap_or_default();
        for level in levels {
            learn(
                national,
                Object::new()
                    .with("scheme", scheme)
                    .with("level", level.id.as_str()),
            )?;
        }
    }
    for axis in Axes::builtin().iter() {
        let field = match (axis.id.as_str(), &axis.kind) {
            ("jp-sds-category", _) => ("JP-SDS", "sds_category"),
            (_, AxisKind::Handling { .. }) if !axis.id.starts_with("iep") => ("JP-GOV", "handling"),
            _ => continue,
        };
        for level in axis.levels().iter().filter(|level| !level.stays) {
            learn(
                national,
                Object::new()
                    .with("scheme", field.0)
                    .with(field.1, level.id.as_str()),
            )?;
        }
    }
    for caveat in [
        "NOFORN",
        "ORCON",
        "RELIDO",
        "FGI JPN",
        "REL TO USA, JPN",
        "REL TO USA, AUS",
        "REL TO USA, ACGU",
        "REL TO ACGU",
        "DISPLAY ONLY JPN",
    ] {
        learn(
            national,
            Object::new()
                .with("scheme", "US-CAPCO")
                .with("caveats", vec![caveat]),
        )?;
    }
    for tlp in ["green", "amber"] {
        learn("762e2e97-ee51-43e5-a9ea-165fbb862c4a", iep(tlp))?;
    }
    for word in ["LES", "PCII"] {
        learn("3a65884d-005a-4290-8335-cb2d778a83ce", acs(word))?;
    }
    Ok((table, ids))
}

fn iep(tlp: &str) -> Object {
    Object::new()
        .with("iep_id", "1")
        .with("iep_version", "2.0")
        .with("description", "bench")
        .with("start_date", "2026-01-01T00:00:00Z")
        .with("end_date", "2030-01-01T00:00:00Z")
        .with("encrypt_in_transit", "must")
        .with("permitted_actions", "internally-visible-actions")
        .with("affected_party_notifications", "may")
        .with("tlp", tlp)
        .with("provider_attribution", "may")
        .with("unmodified_resale", "must-not")
}

fn acs(sensitivity: &str) -> Object {
    let set = Object::new()
        .with("classification", "U")
        .with("sensitivity", vec![sensitivity])
        .with("permitted_nationalities", vec!["USA", "JPN"]);
    Object::new()
        .with("identifier", "isa:bench")
        .with("create_date_time", "2026-01-01T00:00:00Z")
        .with("responsible_entity_custodian", "USA.DHS")
        .with(
            "policy_reference",
            "urn:isa:policy:acs:ns:v3.0?privdefault=permit&sharedefault=permit",
        )
        .with("control_set", set)
}

/// An indicator with one to three markings; every third has granular ones on two places.
fn item(
    number: usize,
    ids: &[String],
    table: &MarkingTable,
    chance: &mut Chance,
) -> Result<Marked> {
    // The first four are TLP; with one of them each item is a release marking at least.
    let mut markings = vec![ids[chance.below(3)].as_str()];
    for _ in 0..chance.below(3) {
        markings.push(&ids[chance.below(ids.len())]);
    }
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
        .with("pattern", "[ipv4-addr:value = '198.51.100.3']")
        .with("description", "seen at the gateway")
        .with("labels", vec!["one", "two"])
        .with("object_marking_refs", markings);
    if number.is_multiple_of(3) {
        let mark = |place: &str, id: &String| {
            Value::Object(
                Object::new()
                    .with("selectors", vec![place])
                    .with("marking_ref", id.as_str()),
            )
        };
        let marks = [
            mark("description", &ids[chance.below(ids.len())]),
            mark("labels.[1]", &ids[chance.below(ids.len())]),
        ];
        object.insert("granular_markings", Value::Array(marks.into()));
    }
    let (valid, _) = noroshi_formats::check(Value::Object(object), &Limits::DEFAULT)?;
    Ok(noroshi_gate::mark(valid, &[], table, &Scope::Own))
}

fn at() -> Result<Timestamp> {
    Ok("2026-06-01T00:00:00Z".parse()?)
}

fn node(byte: u8) -> NodeId {
    NodeId::from_bytes([byte; 32])
}

fn own() -> Provenance {
    Provenance {
        role: Some(Role::Originator),
        node: Some(node(1)),
        is_available: true,
    }
}

fn recipient() -> Result<Recipient> {
    Ok(Recipient {
        node: node(2),
        nation: "JPN".parse()?,
        state: PeerState::Confirmed,
        world: World::Operational,
        knows_own_types: true,
    })
}

fn rules() -> Result<Rules> {
    let nations = ["AUS", "CAN", "GBR", "JPN", "USA"];
    let list = Membership {
        world: World::Operational,
        coalition: "ACGU".parse()?,
        serial: 1,
        title: "bench".to_owned(),
        nations: nations
            .iter()
            .map(|code| code.parse())
            .collect::<Result<BTreeSet<_>, _>>()?,
        valid_from: "2026-01-01T00:00:00Z".parse()?,
        valid_until: "2027-01-01T00:00:00Z".parse()?,
        by: node(1),
        at: at()?,
    };
    Ok(Rules {
        me: node(1),
        my_nation: "USA".parse()?,
        world: World::Operational,
        coalitions: Coalitions::new([list]),
        second_person_above: Threshold::default(),
        derivations: noroshi_gate::Derivations::default(),
    })
}

/// Three terms: two that are asked in vain for most labels, and one that goes far.
fn agreement() -> Result<Agreement> {
    let party = |byte, code: &str| -> Result<Party> {
        Ok(Party {
            node: node(byte),
            name_en: code.to_owned(),
            name_ja: code.to_owned(),
            nation: code.parse()?,
        })
    };
    let term = |ceilings: &[(&str, &str)]| ReleaseTerm {
        clause: "1".to_owned(),
        from: node(1),
        to: node(2),
        types: vec!["*".to_owned()],
        purposes: vec!["defence".to_owned()],
        ceilings: ceilings
            .iter()
            .map(|(axis, level)| ((*axis).to_owned(), (*level).to_owned()))
            .collect(),
        onward: Onward::None,
    };
    let from = "2026-01-01T00:00:00Z".parse()?;
    Ok(Agreement {
        id: "agreement--00000000-0000-4000-8000-000000000001".parse()?,
        created: from,
        modified: from,
        title: "bench".to_owned(),
        title_ja: "bench".to_owned(),
        kind: "mou".to_owned(),
        members_known: true,
        parties: vec![party(1, "USA")?, party(2, "JPN")?],
        valid_from: from,
        valid_until: "2030-01-01T00:00:00Z".parse()?,
        clauses: vec![Clause {
            id: "1".to_owned(),
            text_en: "a".to_owned(),
            text_ja: "a".to_owned(),
        }],
        releases: vec![
            term(&[("tlp", "green")]),
            term(&[("tlp", "amber"), ("us-class", "confidential")]),
            term(&[
                ("tlp", "amber"),
                ("us-class", "secret"),
                ("us-cui", "cui"),
                ("jp-mod", "hi"),
                ("jp-gov", "gokuhi"),
                ("jp-sds", "sds"),
                ("jp-sds-category", "defence diplomacy"),
                ("acs-sensitivity", "les"),
            ]),
        ],
        equivalences: Vec::new(),
    })
}
