//! What wants a warning: sightings of several organisations that belong together, and levels that
//! have passed what was last issued. A projection: the same items give the same proposals, however
//! often they are looked at.

use std::collections::{BTreeMap, BTreeSet};

use noroshi_model::StixId;
use noroshi_model::json::{Object, Value};
use noroshi_store::{Sought, StoredItem};
use serde::{Deserialize, Serialize};

use super::objects::said;
use crate::command::Failure;
use crate::node::{Node, store_failure};

/// Sightings that belong together were recorded within this time, in seconds: three days.
const WINDOW_SECONDS: i64 = 72 * 3_600;
/// Most sightings looked at, the newest.
const SIGHTINGS_MAX: u32 = 1_000;
/// Most things sighted whose relationships are looked at.
const SIGHTED_MAX: usize = 200;
/// Most relationships looked at of one.
const RELATIONSHIPS_MAX: u32 = 20;
/// Most sightings a proposal names; all are counted.
const NAMED_MAX: usize = 20;
/// What sightings of several organisations point to together.
const COMMON: [&str; 4] = ["campaign", "intrusion-set", "threat-actor", "malware"];

/// A proposal to warn.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProposalRow {
    /// `sightings` or `level`.
    pub why: String,
    /// STIX id of what it is about: what was seen, what it points to, or the problem.
    pub about: String,
    /// Its title.
    pub title: String,
    /// The level that was passed, of a problem.
    pub level: Option<u8>,
    /// The level of the warning in force, of a problem.
    pub warned: Option<u8>,
    /// Nodes whose sightings they are.
    pub nodes: Vec<String>,
    /// How many sightings.
    pub sightings: u64,
    /// The first of them, by id.
    pub named: Vec<String>,
    /// When the last of them was recorded here.
    pub last: String,
    /// The problem on whose list it stands as evidence already.
    pub taken_up: Option<String>,
}

/// Sightings of one thing.
#[derive(Default)]
struct Together {
    nodes: BTreeSet<String>,
    sightings: BTreeSet<StixId>,
    last: String,
}

impl Node {
    /// What wants a warning, levels first.
    ///
    /// # Errors
    /// A store that fails.
    pub fn proposals(&self) -> Result<Vec<ProposalRow>, Failure> {
        let mut proposals = self.levels_passed()?;
        proposals.extend(self.seen_together()?);
        Ok(proposals)
    }

    fn levels_passed(&self) -> Result<Vec<ProposalRow>, Failure> {
        let problems = self.warning_problems()?.into_iter();
        let passed = problems.filter(|row| match (row.level, row.warned) {
            (Some(level), Some(warned)) => level < warned,
            // Without a warning in force, the level of the table's last band is worth one.
            (Some(level), None) => level < super::watch::NORMAL,
            (None, _) => false,
        });
        let rows = passed.map(|row| ProposalRow {
            why: "level".to_owned(),
            about: row.id.clone(),
            title: row.title,
            level: row.level,
            warned: row.warned,
            taken_up: Some(row.id),
            ..ProposalRow::default()
        });
        Ok(rows.collect())
    }

    fn seen_together(&self) -> Result<Vec<ProposalRow>, Failure> {
        let sought = Sought {
            kind: Some("sighting".to_owned()),
            since: Some(self.now().plus_seconds(-WINDOW_SECONDS)),
            ..Sought::default()
        };
        let mut groups: BTreeMap<StixId, Together> = BTreeMap::new();
        for (stored, sighting) in self.objects_sought(&sought, SIGHTINGS_MAX)? {
            let seen = sighting.str("sighting_of_ref").map(str::parse);
            if let Some(Ok(seen)) = seen.filter(|_| says_seen(&sighting)) {
                groups.entry(seen).or_default().add(&stored);
            }
        }
        let sighted: Vec<StixId> = groups.keys().take(SIGHTED_MAX).cloned().collect();
        for id in &sighted {
            for common in self.points_to(id)? {
                let Some(seen) = groups.get(id) else { continue };
                let (nodes, sightings) = (seen.nodes.clone(), seen.sightings.clone());
                let last = seen.last.clone();
                let group = groups.entry(common).or_default();
                group.nodes.extend(nodes);
                group.sightings.extend(sightings);
                group.last = std::mem::take(&mut group.last).max(last);
            }
        }
        groups.retain(|_, group| group.nodes.len() > 1);
        let wider = |id: &StixId, group: &Together| {
            groups.iter().any(|(other, wide)| {
                other != id
                    && COMMON.contains(&other.kind())
                    && !COMMON.contains(&id.kind())
                    && wide.sightings.is_superset(&group.sightings)
            })
        };
        let kept = groups.iter().filter(|(id, group)| !wider(id, group));
        kept.map(|(id, group)| self.proposal(id, group)).collect()
    }

    /// What an indicator indicates.
    fn points_to(&self, id: &StixId) -> Result<Vec<StixId>, Failure> {
        let related = self.naming(id, "relationship", RELATIONSHIPS_MAX)?;
        let related = related.iter().filter_map(|(_, object)| {
            let is_from = object.str("source_ref") == Some(id.as_str());
            let to: StixId = object.str("target_ref")?.parse().ok()?;
            (is_from && COMMON.contains(&to.kind())).then_some(to)
        });
        Ok(related.collect())
    }

    fn proposal(&self, id: &StixId, group: &Together) -> Result<ProposalRow, Failure> {
        let row = self.local()?.current(id).map_err(store_failure)?;
        let mut taken_up = None;
        let evidence = std::iter::once(id).chain(group.sightings.iter().take(NAMED_MAX));
        for one in evidence {
            let listed = self.naming(one, "warning-indicator", 1)?;
            let listed = listed
                .first()
                .map(|(_, object)| said(object, "problem_ref"));
            taken_up = taken_up.or(listed);
            if taken_up.is_some() {
                break;
            }
        }
        let named = group.sightings.iter().take(NAMED_MAX);
        Ok(ProposalRow {
            why: "sightings".to_owned(),
            about: id.to_string(),
            title: row.map(|row| row.title).unwrap_or_default(),
            nodes: group.nodes.iter().cloned().collect(),
            sightings: group.sightings.len() as u64,
            named: named.map(ToString::to_string).collect(),
            last: group.last.clone(),
            taken_up,
            ..ProposalRow::default()
        })
    }
}

impl Together {
    fn add(&mut self, stored: &StoredItem) {
        self.nodes.extend(stored.node.map(|node| node.to_string()));
        self.sightings.insert(stored.id.clone());
        self.last = std::mem::take(&mut self.last).max(stored.at.to_string());
    }
}

/// A sighting of nothing is none: one that counts 0 says that it was looked for in vain.
fn says_seen(sighting: &Object) -> bool {
    sighting.get("count").and_then(Value::as_int) != Some(0)
}
