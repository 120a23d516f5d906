//! One search over everything: words, and what an item is; newest first; with facets.

use std::collections::BTreeMap;

use noroshi_store::{Effort, ItemState, Sought};
use serde::{Deserialize, Serialize};

use super::{Names, instant};
use crate::command::{Event, Failure, ItemRow};
use crate::node::{Node, store_failure};
use crate::sink::Collected;

/// Candidates of one search that are examined and counted.
const EXAMINED_MAX: u32 = 5_000;
/// Most rows of one page.
const ROWS_MAX: u32 = 1_000;
/// Values of one facet that are told, the most frequent first.
const FACET_VALUES_MAX: usize = 20;
/// Longest text that is searched for, in bytes.
const TEXT_BYTES_MAX: usize = 2_000;

/// What is searched for. All that is said must be true of an item.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SearchOrder {
    /// Words; all must occur.
    pub text: Option<String>,
    /// STIX type.
    pub kind: Option<String>,
    /// Effective marking, as shown, in letters of either case: `TLP:GREEN`.
    pub marking: Option<String>,
    /// A profile's name or a peer.
    pub source: Option<String>,
    /// Who answers for it: a peer, or `own` for this node.
    pub by: Option<String>,
    /// admitted (where nothing is said), held, withdrawn or destroyed.
    pub state: Option<String>,
    /// Recorded on this day or later, or at this instant or later.
    pub since: Option<String>,
    /// Recorded before this day or instant.
    pub until: Option<String>,
    /// Superseded versions and renditions too.
    pub versions: bool,
    /// At most so many rows (1 to 1,000); 50 where it is 0.
    pub limit: u32,
    /// Go on before this position.
    pub before: Option<u64>,
}

/// One value of a facet.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Facet {
    /// As an order takes it.
    pub value: String,
    /// How many of the examined have it.
    pub count: u64,
}

/// What the found items are, each list with the most frequent first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Facets {
    /// STIX types.
    pub kinds: Vec<Facet>,
    /// Effective markings.
    pub markings: Vec<Facet>,
    /// Profiles and peers they came from; peers by node id.
    pub sources: Vec<Facet>,
    /// Node ids of who answers for them.
    pub by: Vec<Facet>,
}

/// What a search found.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct SearchAnswer {
    /// Newest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub items: Vec<ItemRow>,
    /// Agreements with these words, on the first page of a search for words alone.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub agreements: Vec<serde_json::Value>,
    /// Where the next page begins, if there may be one.
    pub next: Option<u64>,
    /// How many items, up to the cap.
    pub total: u64,
    /// Were more candidates left than one search examines?
    pub is_capped: bool,
    /// What they are.
    pub facets: Facets,
    /// What the nodes in it are called.
    pub names: Names,
}

impl Node {
    /// Search, newest first, with facets. The work is capped: at most 5,000 candidates of the
    /// fullest index are examined, and `next` goes on behind them.
    ///
    /// # Errors
    /// `list.limit`, `list.state`, `view.instant`, `search.text`, `peer.unknown` for what makes no
    /// sense; a store that fails.
    pub fn find(&self, order: &SearchOrder) -> Result<SearchAnswer, Failure> {
        self.expect_recovered()?;
        let sought = self.sought(order)?;
        let rows = if order.limit == 0 { 50 } else { order.limit };
        if rows > ROWS_MAX {
            let why = "a page of a search has 1 to 1,000 rows";
            return Err(Failure::new("search.limit", 2, why));
        }
        let effort = Effort {
            rows,
            examined: EXAMINED_MAX,
        };
        let found = self
            .officer()?
            .find(&sought, effort)
            .map_err(store_failure)?;
        let items: Vec<ItemRow> = found.rows.iter().map(|row| self.item_row(row)).collect();
        let nodes = found.nodes.keys().chain(found.sources.keys());
        let of_rows = items.iter().flat_map(|row| [&row.node, &row.source]);
        Ok(SearchAnswer {
            names: self.names_of(nodes.chain(of_rows).map(String::as_str))?,
            agreements: self.agreements_found(order)?,
            next: found.next,
            total: found.total,
            is_capped: found.is_capped,
            facets: Facets {
                kinds: facet(found.kinds),
                markings: facet(found.markings),
                sources: facet(found.sources),
                by: facet(found.nodes),
            },
            items,
        })
    }

    fn sought(&self, order: &SearchOrder) -> Result<Sought, Failure> {
        let text = order.text.as_deref().map(str::trim);
        let text = text.filter(|text| !text.is_empty());
        let findable = |text: &&str| noroshi_store::text::query(text).is_some();
        if text.is_some_and(|text| text.len() > TEXT_BYTES_MAX || !findable(&text)) {
            let why = "there is no word in what is searched for, or it is too long";
            return Err(Failure::new("search.text", 2, why));
        }
        let state = order.state.as_deref().map(|word| {
            ItemState::from_word(word).ok_or_else(|| {
                let why = "a state is one of admitted, held, withdrawn, destroyed";
                Failure::new("list.state", 2, why).arg("state", word)
            })
        });
        let by = order.by.as_deref().map(|by| match by {
            "own" => Ok(self.me().to_string()),
            named if named.parse::<noroshi_model::NodeId>().is_ok() => Ok(named.to_owned()),
            named => self.find_peer(named).map(|peer| peer.node().to_string()),
        });
        Ok(Sought {
            text: text.map(str::to_owned),
            kind: order.kind.clone(),
            source: order.source.as_deref().map(|named| self.source_name(named)),
            node: by.transpose()?,
            marking: order.marking.as_deref().map(str::to_ascii_lowercase),
            state: state.transpose()?,
            versions: order.versions,
            since: order.since.as_deref().map(instant).transpose()?,
            until: order.until.as_deref().map(instant).transpose()?,
            before: order.before,
            ..Sought::default()
        })
    }

    /// Agreements are documents, not items: words alone find them.
    fn agreements_found(&self, order: &SearchOrder) -> Result<Vec<serde_json::Value>, Failure> {
        let words_alone = SearchOrder {
            text: order.text.clone(),
            limit: order.limit,
            ..SearchOrder::default()
        };
        let Some(text) = order.text.as_deref().filter(|_| *order == words_alone) else {
            return Ok(Vec::new());
        };
        let mut sink = Collected::default();
        self.agreements_with(text, 20, &mut sink)?;
        let rows = sink.0.into_iter().filter_map(|event| match event {
            Event::Row { row, .. } => Some(row),
            Event::Progress { .. } | Event::Answer { .. } => None,
        });
        Ok(rows.collect())
    }
}

/// The values of one facet, the most frequent first.
pub(super) fn facet(counts: BTreeMap<String, u64>) -> Vec<Facet> {
    let mut values: Vec<Facet> = counts
        .into_iter()
        .map(|(value, count)| Facet { value, count })
        .collect();
    values.sort_by(|a, b| b.count.cmp(&a.count).then_with(|| a.value.cmp(&b.value)));
    values.truncate(FACET_VALUES_MAX);
    values
}
