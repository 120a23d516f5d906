//! Threats: techniques by the phases of their kill chains, and who threatens whom.
//!
//! The order of the phases is that of the matrices and tactics that are in the store; a kill chain
//! of which there is none has its phases by name.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use noroshi_model::json::Object;
use noroshi_model::{StixId, Timestamp, Value};
use noroshi_store::{Effort, ItemRow, Reader, Sought};
use serde::{Deserialize, Serialize};

use crate::command::Failure;
use crate::node::{Node, lock, store_failure};

/// Most techniques of a matrix.
const TECHNIQUES_MAX: u32 = 5_000;
/// References to one technique are counted up to this.
const MENTIONS_MAX: u32 = 100;
/// A matrix is made anew at most so often, in seconds: its counts are up to so old.
const FRESH_SECONDS: i64 = 60;
/// Most actors of one type on a page.
const ACTORS_MAX: u32 = 500;
/// Relationships examined for who is targeted.
const TARGETS_MAX: u32 = 2_000;
/// A week, in seconds: what changed since then is new.
const WEEK_SECONDS: i64 = 7 * 24 * 3600;
/// Types of who and what threatens.
const ACTOR_KINDS: [&str; 5] = [
    "intrusion-set",
    "threat-actor",
    "campaign",
    "malware",
    "tool",
];

/// Every kill chain with its phases and techniques.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MatrixView {
    /// When its counts were made.
    pub as_of: String,
    /// By kill chain.
    pub chains: Vec<Chain>,
}

/// One kill chain.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Chain {
    /// Its name: `mitre-attack`.
    pub name: String,
    /// What its matrix is called, where there is one.
    pub title: String,
    /// In order.
    pub phases: Vec<Phase>,
}

/// One phase, or tactic.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Phase {
    /// Its name: `initial-access`.
    pub name: String,
    /// What its tactic is called, where there is one.
    pub title: String,
    /// By number, sub-techniques behind what they belong to.
    pub techniques: Vec<Technique>,
}

/// One technique.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Technique {
    /// Its STIX id.
    pub id: String,
    /// Its number: `T1566.001`; empty where it has none.
    pub number: String,
    /// What it is called.
    pub title: String,
    /// How many items refer to it, up to 100.
    pub mentions: u64,
    /// Was it recorded here within a week?
    pub is_new: bool,
}

/// Which actors.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ActorsOrder {
    /// Only this type: intrusion-set, threat-actor, campaign, malware or tool.
    pub kind: Option<String>,
    /// Go on before this position; with a type only.
    pub before: Option<u64>,
    /// At most so many of each type (1 to 500); 100 where it is 0.
    pub limit: u32,
}

/// Who threatens, and whom.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ActorsView {
    /// Those recorded last first.
    pub actors: Vec<ActorRow>,
    /// Where the next page begins, where one type was asked for.
    pub next: Option<u64>,
    /// Who is targeted, the most often first.
    pub targeted: Vec<Targeted>,
}

/// Who or what threatens.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ActorRow {
    /// STIX id.
    pub id: String,
    /// STIX type.
    pub kind: String,
    /// What it is called.
    pub title: String,
    /// Other names.
    pub aliases: Vec<String>,
    /// What it is said to be: types, motivation, resources, sophistication; as its source says it.
    pub said: BTreeMap<String, String>,
    /// Effective marking.
    pub marking: String,
    /// Where it came from.
    pub source: String,
    /// Version.
    pub modified: String,
    /// When it was recorded here.
    pub at: String,
    /// Was that within a week?
    pub is_new: bool,
    /// Whom it targets, by title.
    pub targets: Vec<String>,
}

/// Who is targeted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Targeted {
    /// STIX id.
    pub id: String,
    /// What it is called; empty where it is not here.
    pub title: String,
    /// STIX type.
    pub kind: String,
    /// By how many.
    pub by: u64,
}

/// What relationships say of targets: by target, and by who targets.
#[derive(Default)]
struct Aims {
    by_target: BTreeMap<StixId, BTreeSet<StixId>>,
    by_actor: HashMap<StixId, BTreeSet<StixId>>,
}

impl Node {
    /// Techniques by the phases of their kill chains, with how many items refer to each. Made anew
    /// at most once a minute; its work grows with the number of techniques, not with the store.
    ///
    /// # Errors
    /// A store that fails.
    pub fn matrix_view(&self) -> Result<Arc<MatrixView>, Failure> {
        self.expect_recovered()?;
        let now = self.now();
        let mut kept = lock(&self.kept.matrix);
        let is_fresh = |made: &Arc<MatrixView>| {
            let at: Option<Timestamp> = made.as_of.parse().ok();
            at.is_some_and(|at| at <= now && now < at.plus_seconds(FRESH_SECONDS))
        };
        if let Some(made) = kept.as_ref().filter(|made| is_fresh(made)) {
            return Ok(Arc::clone(made));
        }
        let made = Arc::new(self.matrix(now)?);
        *kept = Some(Arc::clone(&made));
        Ok(made)
    }

    fn matrix(&self, now: Timestamp) -> Result<MatrixView, Failure> {
        let reader = self.local()?;
        let mut chains: BTreeMap<String, BTreeMap<String, Vec<Technique>>> = BTreeMap::new();
        for (row, object) in self.all_of(&reader, "attack-pattern", TECHNIQUES_MAX)? {
            if is_past(&object) {
                continue;
            }
            let mentions = reader.mention_count(&row.id, MENTIONS_MAX + 1);
            let technique = Technique {
                id: row.id.to_string(),
                number: number_of(&object),
                title: row.title.clone(),
                // It names itself.
                mentions: mentions.map_err(store_failure)?.saturating_sub(1),
                is_new: is_new(&row, now),
            };
            for (chain, phase) in phases_of(&object) {
                let phases = chains.entry(chain).or_default();
                phases.entry(phase).or_default().push(technique.clone());
            }
        }
        let order = self.phase_order(&reader)?;
        let chains = chains.into_iter().map(|(name, phases)| {
            let known = order.get(&name);
            let place = |phase: &str| {
                let at = known.and_then(|(_, tactics)| tactics.iter().position(|t| t.0 == phase));
                at.unwrap_or(usize::MAX)
            };
            let mut phases: Vec<Phase> = phases
                .into_iter()
                .map(|(phase, mut techniques)| {
                    techniques.sort_by(|a, b| (&a.number, &a.title).cmp(&(&b.number, &b.title)));
                    let tactic = known.and_then(|(_, all)| all.iter().find(|t| t.0 == phase));
                    Phase {
                        title: tactic.map(|tactic| tactic.1.clone()).unwrap_or_default(),
                        name: phase,
                        techniques,
                    }
                })
                .collect();
            phases.sort_by_key(|phase| place(&phase.name));
            Chain {
                title: known.map(|(title, _)| title.clone()).unwrap_or_default(),
                name,
                phases,
            }
        });
        Ok(MatrixView {
            as_of: now.to_string(),
            chains: chains.collect(),
        })
    }

    /// By kill chain what its matrix is called, and its tactics in order: short name and title.
    #[expect(
        clippy::type_complexity,
        reason = "a table that is used once, right above"
    )]
    fn phase_order(
        &self,
        reader: &Reader<'_>,
    ) -> Result<BTreeMap<String, (String, Vec<(String, String)>)>, Failure> {
        let mut order = BTreeMap::new();
        for (row, matrix) in self.all_of(reader, "x-mitre-matrix", 20)? {
            let Some(chain) = external_id(&matrix).map(|id| chain_of(&id)) else {
                continue;
            };
            let mut tactics = Vec::new();
            let refs = matrix.get("tactic_refs").and_then(Value::as_array);
            for id in refs.unwrap_or_default().iter().take(100) {
                let Some(Ok(id)) = id.as_str().map(str::parse::<StixId>) else {
                    continue;
                };
                let Some(row) = reader.current(&id).map_err(store_failure)? else {
                    continue;
                };
                let stored = reader.item_at(row.seq).map_err(store_failure)?;
                let object = stored.and_then(|stored| self.readable(&stored));
                let short = object.as_ref().and_then(|o| o.str("x_mitre_shortname"));
                if let Some(short) = short {
                    tactics.push((short.to_owned(), row.title.clone()));
                }
            }
            order.insert(chain, (row.title.clone(), tactics));
        }
        Ok(order)
    }

    /// Every current item of a type, newest first, up to a cap.
    fn all_of(
        &self,
        reader: &Reader<'_>,
        kind: &str,
        cap: u32,
    ) -> Result<Vec<(ItemRow, Object)>, Failure> {
        let sought = Sought {
            kind: Some(kind.to_owned()),
            ..Sought::default()
        };
        self.read_all(reader, &sought, cap).map(|(found, _)| found)
    }

    /// What is found with its objects, and where the next page begins.
    #[expect(
        clippy::type_complexity,
        reason = "rows with their objects, and a cursor"
    )]
    fn read_all(
        &self,
        reader: &Reader<'_>,
        sought: &Sought,
        cap: u32,
    ) -> Result<(Vec<(ItemRow, Object)>, Option<u64>), Failure> {
        let effort = Effort {
            rows: cap,
            examined: cap.saturating_mul(2),
        };
        let found = reader.find(sought, effort).map_err(store_failure)?;
        let mut all = Vec::with_capacity(found.rows.len());
        for row in found.rows {
            let stored = reader.item_at(row.seq).map_err(store_failure)?;
            if let Some(object) = stored.and_then(|stored| self.readable(&stored)) {
                all.push((row, object));
            }
        }
        Ok((all, found.next))
    }

    /// Who threatens and whom, those recorded last first.
    ///
    /// # Errors
    /// `threat.kind` for a type that is none of an actor; a store that fails.
    pub fn actors_view(&self, order: &ActorsOrder) -> Result<ActorsView, Failure> {
        self.expect_recovered()?;
        let kinds: Vec<&str> = match order.kind.as_deref() {
            None => ACTOR_KINDS.to_vec(),
            Some(kind) if ACTOR_KINDS.contains(&kind) => vec![kind],
            Some(kind) => {
                let why = format_args!("`{kind}` is none of {}", ACTOR_KINDS.join(", "));
                return Err(Failure::new("threat.kind", 2, why).arg("kind", kind));
            }
        };
        let limit = if order.limit == 0 {
            100
        } else {
            order.limit.min(ACTORS_MAX)
        };
        let reader = self.local()?;
        let aims = self.aims(&reader)?;
        let mut titles: HashMap<StixId, String> = HashMap::new();
        for id in aims.by_target.keys() {
            let row = reader.current(id).map_err(store_failure)?;
            titles.insert(id.clone(), row.map(|row| row.title).unwrap_or_default());
        }
        let now = self.now();
        let mut view = ActorsView::default();
        for kind in &kinds {
            let sought = Sought {
                kind: Some((*kind).to_owned()),
                before: order.before.filter(|_| kinds.len() == 1),
                ..Sought::default()
            };
            let (found, next) = self.read_all(&reader, &sought, limit)?;
            view.next = next.filter(|_| kinds.len() == 1);
            let rows = found.iter().filter(|(_, object)| !is_past(object));
            view.actors.extend(rows.map(|(row, object)| {
                let mut actor = actor(row, object, now);
                let targets = aims.by_actor.get(&row.id).into_iter().flatten();
                let named = targets
                    .filter_map(|id| titles.get(id))
                    .filter(|t| !t.is_empty());
                actor.targets = named.cloned().collect();
                actor
            }));
        }
        let targeted = aims.by_target.iter().map(|(id, by)| Targeted {
            id: id.to_string(),
            title: titles.get(id).cloned().unwrap_or_default(),
            kind: id.kind().to_owned(),
            by: by.len() as u64,
        });
        view.targeted = targeted.collect();
        view.targeted
            .sort_by(|a, b| b.by.cmp(&a.by).then_with(|| a.title.cmp(&b.title)));
        view.targeted.truncate(50);
        Ok(view)
    }

    /// What the newest relationships say of who targets whom.
    fn aims(&self, reader: &Reader<'_>) -> Result<Aims, Failure> {
        let sought = Sought {
            // The word stands in the text of each; whether it is the type is seen in the object.
            text: Some("relationship targets".to_owned()),
            kind: Some("relationship".to_owned()),
            ..Sought::default()
        };
        let mut aims = Aims::default();
        for (_, object) in self.read_all(reader, &sought, TARGETS_MAX)?.0 {
            let end = |name: &str| object.str(name).and_then(|id| id.parse::<StixId>().ok());
            let is_aim = object.str("relationship_type") == Some("targets");
            if let (true, Some(actor), Some(target)) =
                (is_aim, end("source_ref"), end("target_ref"))
            {
                let by = aims.by_target.entry(target.clone()).or_default();
                by.insert(actor.clone());
                aims.by_actor.entry(actor).or_default().insert(target);
            }
        }
        Ok(aims)
    }
}

fn actor(row: &ItemRow, object: &Object, now: Timestamp) -> ActorRow {
    const SAID: [&str; 8] = [
        "threat_actor_types",
        "roles",
        "primary_motivation",
        "secondary_motivations",
        "goals",
        "resource_level",
        "sophistication",
        "malware_types",
    ];
    let texts = |name: &str| -> Vec<String> {
        let value = object.get(name);
        let many = value.and_then(Value::as_array).unwrap_or_default().iter();
        let many = many.filter_map(Value::as_str);
        many.chain(value.and_then(Value::as_str))
            .take(20)
            .map(str::to_owned)
            .collect()
    };
    let said = SAID
        .iter()
        .map(|name| ((*name).to_owned(), texts(name).join(", ")));
    ActorRow {
        id: row.id.to_string(),
        kind: row.id.kind().to_owned(),
        title: row.title.clone(),
        aliases: texts("aliases")
            .into_iter()
            .filter(|name| *name != row.title)
            .collect(),
        said: said.filter(|(_, text)| !text.is_empty()).collect(),
        marking: row.label.to_string(),
        source: row.source.clone(),
        modified: row.modified.to_string(),
        at: row.at.to_string(),
        is_new: is_new(row, now),
        targets: Vec::new(),
    }
}

fn is_new(row: &ItemRow, now: Timestamp) -> bool {
    row.at > now.plus_seconds(-WEEK_SECONDS)
}

/// Does its maker say that it is no longer to be used?
fn is_past(object: &Object) -> bool {
    let says = |name: &str| object.get(name).and_then(Value::as_bool) == Some(true);
    says("revoked") || says("x_mitre_deprecated")
}

/// The kill chain of a matrix: that of `ics-attack` is `mitre-ics-attack`, that of
/// `enterprise-attack` is `mitre-attack`.
fn chain_of(matrix: &str) -> String {
    match matrix {
        "enterprise-attack" => "mitre-attack".to_owned(),
        other => format!("mitre-{other}"),
    }
}

fn external_id(object: &Object) -> Option<String> {
    let references = object
        .get("external_references")
        .and_then(Value::as_array)?;
    references.iter().find_map(|reference| {
        let reference = reference.as_object()?;
        let is_attack = reference.str("source_name")?.starts_with("mitre");
        reference
            .str("external_id")
            .filter(|_| is_attack)
            .map(str::to_owned)
    })
}

fn number_of(object: &Object) -> String {
    external_id(object).unwrap_or_default()
}

fn phases_of(object: &Object) -> Vec<(String, String)> {
    let phases = object.get("kill_chain_phases").and_then(Value::as_array);
    let phases = phases.unwrap_or_default().iter().take(50);
    phases
        .filter_map(|phase| {
            let phase = phase.as_object()?;
            let name = |field: &str| phase.str(field).map(str::to_owned);
            Some((name("kill_chain_name")?, name("phase_name")?))
        })
        .collect()
}
