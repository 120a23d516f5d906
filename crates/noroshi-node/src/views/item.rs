//! One item with all that surrounds it: who can see it, its versions, what it names and what names
//! it, sightings, where it came from, its ledger line.
//!
//! What names it is found by the full text, which holds the ids that an item names. Of an item with
//! more than 20,000 bytes of text the end is in no index, and what is named there is not found.

use std::collections::BTreeMap;

use noroshi_model::json::Object;
use noroshi_model::ledger::LedgerLine;
use noroshi_model::link::{EntryKind, Fate};
use noroshi_model::{StixId, Value};
use noroshi_store::{Effort, ItemState, LogEntry, LogPayload, Reader, Sought, StoredItem};
use serde::{Deserialize, Serialize};

use super::Names;
use crate::command::{Failure, ItemAnswer};
use crate::ledger::{damaged_line, line_row};
use crate::node::{Node, store_failure};

/// Most relations told of in each direction.
const RELATIONS_MAX: usize = 200;
/// Most versions whose holders are looked up.
const VERSIONS_MAX: usize = 50;

/// An item with all that surrounds it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ItemView {
    /// The item whole, its versions and receipts.
    pub item: ItemAnswer,
    /// Which partners and clients were given it: one row each.
    pub holders: Vec<HolderRow>,
    /// What it names and what names it.
    pub relations: Vec<RelationRow>,
    /// Were there more relations than are told?
    pub relations_capped: bool,
    /// Who saw it.
    pub sightings: Vec<SightingRow>,
    /// The line of the ledger that records it, as `noroshi ledger list --json` shows it.
    pub line: Option<serde_json::Value>,
    /// What the nodes in it are called.
    pub names: Names,
}

/// What one partner or client was given of an object, over all its versions.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HolderRow {
    /// The partner's node; a client's own.
    pub node: String,
    /// What it is called.
    pub name: String,
    /// Where it stands: `waiting` not delivered yet, `delivered` and no statement, `holds`, `held`
    /// apart, `refused`, `recalling` no statement on the recall yet, `recalled`.
    pub state: String,
    /// Was it given without some properties?
    pub reduced: bool,
    /// The version it was given last.
    pub modified: String,
    /// The hash of that version here.
    pub hash: String,
    /// The number of the entry in the partner's log.
    pub number: u64,
    /// When it was released, or recalled.
    pub at: String,
}

/// One relation.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RelationRow {
    /// `out`: the item names the other. `in`: the other names it.
    pub direction: String,
    /// The kind of relationship, or the property that names the other.
    pub label: String,
    /// The other's STIX id.
    pub id: String,
    /// Its type.
    pub kind: String,
    /// Its title; empty where it is not here.
    pub title: String,
    /// Is it here, as an item there to be worked with?
    pub known: bool,
    /// Its effective marking.
    pub marking: String,
    /// The hash of the relationship object, where one makes the relation.
    pub by: Option<String>,
}

/// One sighting.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SightingRow {
    /// Its STIX id.
    pub id: String,
    /// Its hash.
    pub hash: String,
    /// How often it was seen.
    pub count: u64,
    /// First seen.
    pub first_seen: Option<String>,
    /// Last seen.
    pub last_seen: Option<String>,
    /// The node that answers for it.
    pub node: String,
    /// When it was recorded here.
    pub at: String,
    /// What was written beside it.
    pub description: String,
}

impl Node {
    /// One item with all that surrounds it. The work is capped: 200 relations each way, 50
    /// versions; what names it is found through the full text.
    ///
    /// # Errors
    /// `item.unknown`, `item.ambiguous`, `item.no_current`; a store that fails.
    pub fn item_view(&self, named: &str) -> Result<ItemView, Failure> {
        self.expect_recovered()?;
        let item = self.item_shown(named)?;
        let stored = self.find_item(&item.item.hash)?;
        let mut view = ItemView {
            holders: self.holder_rows(&item)?,
            ..ItemView::default()
        };
        let reader = self.local()?;
        if let Some(object) = self.readable(&stored) {
            let own = stored.id.as_str();
            let mut out = Vec::new();
            for (property, value) in object.iter() {
                named_in(property, value, &mut |id| {
                    out.push((property.to_owned(), id))
                });
            }
            out.retain(|(_, id)| id.as_str() != own);
            view.relations_capped = out.len() > RELATIONS_MAX;
            for (label, id) in out.into_iter().take(RELATIONS_MAX) {
                view.relations.push(relation(&reader, "out", label, &id)?);
            }
            self.surroundings(&reader, &stored, &mut view)?;
        }
        if let Some(number) = item.ledger_line {
            let lines = self.inside()?.ledger(number, 1).map_err(store_failure)?;
            if let Some((index, leaf)) = lines.first() {
                let line = LedgerLine::from_bytes(leaf);
                let line = line.map_err(|error| damaged_line(*index, &error))?;
                view.line = Some(line_row(*index, line));
            }
        }
        let nodes = [&item.item.node, &item.item.source].into_iter();
        let nodes = nodes.chain(view.holders.iter().map(|row| &row.node));
        let nodes = nodes.chain(view.sightings.iter().map(|row| &row.node));
        view.names = self.names_of(nodes.map(String::as_str))?;
        view.item = item;
        Ok(view)
    }

    /// What names the item: relationships, sightings, and whatever refers to it by a property.
    fn surroundings(
        &self,
        reader: &Reader<'_>,
        stored: &StoredItem,
        view: &mut ItemView,
    ) -> Result<(), Failure> {
        let sought = Sought {
            mentions: Some(stored.id.clone()),
            ..Sought::default()
        };
        let rows = u32::try_from(RELATIONS_MAX).unwrap_or(u32::MAX);
        let effort = Effort {
            rows,
            examined: rows * 4,
        };
        let found = reader.find(&sought, effort).map_err(store_failure)?;
        view.relations_capped |= found.next.is_some();
        for row in found.rows.iter().filter(|row| row.id != stored.id) {
            let other = reader.item_at(row.seq).map_err(store_failure)?;
            let Some((other, object)) = other.and_then(|other| {
                let object = self.readable(&other)?;
                Some((other, object))
            }) else {
                continue;
            };
            let own = stored.id.as_str();
            match row.id.kind() {
                "sighting" if object.str("sighting_of_ref") == Some(own) => {
                    view.sightings.push(sighting(&other, &object));
                }
                "relationship" => {
                    let ends = [
                        ("out", "source_ref", "target_ref"),
                        ("in", "target_ref", "source_ref"),
                    ];
                    for (direction, here, there) in ends {
                        let is_here = object.str(here) == Some(own);
                        let there = object.str(there).and_then(|id| id.parse::<StixId>().ok());
                        if let Some(there) = there.filter(|_| is_here) {
                            let label = object.str("relationship_type").unwrap_or_default();
                            let mut made = relation(reader, direction, label.to_owned(), &there)?;
                            made.by = Some(row.hash.to_string());
                            view.relations.push(made);
                        }
                    }
                }
                _ => {
                    let mut by = None;
                    for (property, value) in object.iter() {
                        named_in(property, value, &mut |id| {
                            if id.as_str() == own {
                                by.get_or_insert_with(|| property.to_owned());
                            }
                        });
                    }
                    if let Some(label) = by {
                        view.relations.push(relation(reader, "in", label, &row.id)?);
                    }
                }
            }
        }
        Ok(())
    }

    /// The object, where it may be read.
    pub(crate) fn readable(&self, stored: &StoredItem) -> Option<Object> {
        let is_readable = matches!(stored.state, ItemState::Admitted | ItemState::Held);
        let bytes = stored.canonical.as_deref().filter(|_| is_readable)?;
        match Value::parse(bytes, self.limits()) {
            Ok(Value::Object(object)) => Some(object),
            _ => None,
        }
    }

    /// Who was given the object, whichever version: by partner the last that happened.
    fn holder_rows(&self, item: &ItemAnswer) -> Result<Vec<HolderRow>, Failure> {
        let versions = std::iter::once(&item.item).chain(&item.versions);
        let mut last: BTreeMap<String, (u64, HolderRow)> = BTreeMap::new();
        for version in versions.take(VERSIONS_MAX) {
            let Ok(hash) = version.hash.parse() else {
                continue;
            };
            for (node, entry) in self.inside()?.holders(&hash).map_err(store_failure)? {
                let Some((state, reduced)) = standing(&entry) else {
                    continue;
                };
                let number = entry.leaf.number;
                let key = node.to_string();
                // A recall names the rendition, and not whether it was whole: that it was
                // reduced is known from the release before it.
                let before = last
                    .get(&key)
                    .map_or((0, false), |(n, row)| (*n, row.reduced));
                if last.contains_key(&key) && before.0 > number {
                    continue;
                }
                let name = self.recipient_of(&node)?.map(|(_, name)| name);
                let row = HolderRow {
                    node: key.clone(),
                    name: name.unwrap_or_default(),
                    state: state.to_owned(),
                    reduced: reduced.unwrap_or(before.1),
                    modified: version.modified.clone(),
                    hash: version.hash.clone(),
                    number,
                    at: entry.leaf.at.to_string(),
                };
                last.insert(key, (number, row));
            }
        }
        Ok(last.into_values().map(|(_, row)| row).collect())
    }
}

/// What an entry says of where its item stands at the partner, and whether it was given reduced.
fn standing(entry: &LogEntry) -> Option<(&'static str, Option<bool>)> {
    if entry.void {
        return None;
    }
    let reduced = match &entry.payload {
        LogPayload::Item { reduced, .. } => Some(*reduced),
        LogPayload::Recall { .. } | LogPayload::Bytes(_) | LogPayload::Lost => None,
    };
    let state = match (entry.leaf.kind, entry.fate) {
        (EntryKind::Release, None) if entry.delivered => "delivered",
        (EntryKind::Release, None) => "waiting",
        (EntryKind::Release, Some(Fate::Held)) => "held",
        (EntryKind::Release, Some(Fate::Refused)) => "refused",
        (EntryKind::Release, Some(_)) => "holds",
        (EntryKind::Recall, None) => "recalling",
        (EntryKind::Recall, Some(_)) => "recalled",
        _ => return None,
    };
    Some((state, reduced))
}

fn relation(
    reader: &Reader<'_>,
    direction: &str,
    label: String,
    id: &StixId,
) -> Result<RelationRow, Failure> {
    let row = reader.current(id).map_err(store_failure)?;
    let row = row.filter(|row| row.state == ItemState::Admitted);
    Ok(RelationRow {
        direction: direction.to_owned(),
        label,
        id: id.to_string(),
        kind: id.kind().to_owned(),
        known: row.is_some(),
        marking: row
            .as_ref()
            .map(|row| row.label.to_string())
            .unwrap_or_default(),
        title: row.map(|row| row.title).unwrap_or_default(),
        by: None,
    })
}

fn sighting(stored: &StoredItem, object: &Object) -> SightingRow {
    let text = |name: &str| object.str(name).map(str::to_owned);
    let count = object.get("count").and_then(Value::as_int).unwrap_or(1);
    SightingRow {
        id: stored.id.to_string(),
        hash: stored.hash.to_string(),
        count: u64::try_from(count).unwrap_or_default(),
        first_seen: text("first_seen"),
        last_seen: text("last_seen"),
        node: stored.node.map(|node| node.to_string()).unwrap_or_default(),
        at: stored.at.to_string(),
        description: text("description").unwrap_or_default(),
    }
}

/// The objects that a property names: those that end in `_ref` or `_refs`, but for markings.
fn named_in(property: &str, value: &Value, each: &mut dyn FnMut(StixId)) {
    let is_marking = property == "object_marking_refs";
    if is_marking || !(property.ends_with("_ref") || property.ends_with("_refs")) {
        return;
    }
    let texts = std::slice::from_ref(value);
    for value in value.as_array().unwrap_or(texts) {
        if let Some(Ok(id)) = value.as_str().map(str::parse) {
            each(id);
        }
    }
}
