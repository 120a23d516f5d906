//! What people look at first: a search with its facets, an item with all that surrounds it, what
//! waits now, threats, the newest lines of the ledger. Each is one function with one answer, for
//! the command line, the console and whoever asks by JSON. Reads only, but for the mark of a look.
//!
//! The work of every view is capped, whatever the store holds, and an answer says where a cap ended
//! it. What is kept between two looks stands in [`Kept`] and can be made anew at any time.

mod item;
mod ledger;
mod look;
mod now;
mod paste;
mod search;
mod searches;
mod threats;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use noroshi_model::{NodeId, Timestamp};
use serde::{Deserialize, Serialize};

use crate::command::{Event, Failure};
use crate::node::Node;
use crate::sink::Sink;

pub use item::{HolderRow, ItemView, RelationRow, SightingRow};
pub use ledger::{LedgerOrder, LedgerPage};
pub(crate) use look::Look;
pub use now::{AlarmsOpen, Came, LookRow, NowView, PartnerLight, Waits};
pub use paste::{KnownRow, PASTE_BYTES_MAX, PassedRow, PasteRow, PasteView, TakenAnswer};
pub use search::{Facet, Facets, SearchAnswer, SearchOrder};
pub use searches::SearchRow;
#[cfg(test)]
pub(crate) use searches::Searches;
pub use threats::{
    ActorRow, ActorsOrder, ActorsView, Chain, MatrixView, Phase, Targeted, Technique,
};

/// One look.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "snake_case", tag = "view")]
pub enum ViewCommand {
    /// Search, newest first, with facets; one `item` row each, `agreement` rows on the first page,
    /// then answers `found` ([`SearchAnswer`] without its rows).
    Search(SearchOrder),
    /// One item with all that surrounds it; answers `around` ([`ItemView`]).
    Item {
        /// Which.
        item: String,
    },
    /// What came and what waits; answers `now` ([`NowView`]).
    Now {
        /// Whose look: what came since their last one, and acts they asked for are left out.
        person: Option<String>,
    },
    /// A person has seen what came, up to a position; answers `looked` ([`LookRow`]).
    Looked {
        /// Who.
        person: String,
        /// The position; the newest where it is not said.
        position: Option<u64>,
    },
    /// Searches that a person keeps; one `search` row each ([`SearchRow`]).
    Searches {
        /// Whose.
        person: String,
    },
    /// Keep a search; then as [`Self::Searches`].
    SearchKeep {
        /// Whose.
        person: String,
        /// What the person calls it: 1 to 60 characters.
        name: String,
        /// What is looked for.
        order: SearchOrder,
    },
    /// Keep a search no longer; then as [`Self::Searches`].
    SearchForget {
        /// Whose.
        person: String,
        /// Which.
        name: String,
    },
    /// Techniques by the phases of their kill chains; answers `matrix` ([`MatrixView`]).
    Matrix,
    /// Who threatens, and whom; answers `actors` ([`ActorsView`]).
    Actors(ActorsOrder),
    /// Lines of the ledger, newest first; one `line` row each, then answers `lines`
    /// ([`LedgerPage`] without its rows).
    Ledger(LedgerOrder),
    /// Indicators of a text; answers `paste` ([`PasteView`]).
    Paste {
        /// The text.
        text: String,
    },
    /// Make items of indicators of a text; rows of the import, then answers `taken`
    /// ([`TakenAnswer`]).
    Take {
        /// The text.
        text: String,
        /// Which: `KIND:VALUE` each.
        chosen: Vec<String>,
        /// The source profile they are taken in under.
        profile: String,
    },
}

/// What an organisation is called.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Name {
    /// In English.
    pub en: String,
    /// In Japanese.
    pub ja: String,
    /// Its nation.
    pub nation: String,
}

/// Names by node id.
pub type Names = BTreeMap<String, Name>;

/// What views keep between two looks. All of it can be made anew.
#[derive(Default)]
pub(crate) struct Kept {
    /// Open alarms up to a line of the ledger.
    alarms: Mutex<now::AlarmWatch>,
    /// The matrix as it was made last.
    matrix: Mutex<Option<Arc<MatrixView>>>,
}

impl Node {
    pub(crate) fn run_view(&self, view: ViewCommand, sink: &mut dyn Sink) -> Result<(), Failure> {
        match view {
            ViewCommand::Search(order) => {
                let mut found = self.find(&order)?;
                send_rows(sink, "item", std::mem::take(&mut found.items));
                send_rows(sink, "agreement", std::mem::take(&mut found.agreements));
                answer(sink, "found", found)
            }
            ViewCommand::Item { item } => answer(sink, "around", self.item_view(&item)?),
            ViewCommand::Now { person } => answer(sink, "now", self.now_view(person.as_deref())?),
            ViewCommand::Looked { person, position } => {
                answer(sink, "looked", self.looked(&person, position)?)
            }
            ViewCommand::Searches { person } => {
                send_rows(sink, "search", self.searches(&person)?);
                Ok(())
            }
            ViewCommand::SearchKeep {
                person,
                name,
                order,
            } => {
                send_rows(sink, "search", self.search_keep(&person, &name, order)?);
                Ok(())
            }
            ViewCommand::SearchForget { person, name } => {
                send_rows(sink, "search", self.search_forget(&person, &name)?);
                Ok(())
            }
            ViewCommand::Matrix => answer(sink, "matrix", &*self.matrix_view()?),
            ViewCommand::Actors(order) => answer(sink, "actors", self.actors_view(&order)?),
            ViewCommand::Ledger(order) => {
                let mut page = self.ledger_view(&order)?;
                send_rows(sink, "line", std::mem::take(&mut page.lines));
                answer(sink, "lines", page)
            }
            ViewCommand::Paste { text } => answer(sink, "paste", self.paste_view(&text)?),
            ViewCommand::Take {
                text,
                chosen,
                profile,
            } => {
                let taken = self.paste_take(&text, &chosen, &profile, sink)?;
                answer(sink, "taken", taken)
            }
        }
    }

    /// What these nodes are called, as far as it is known here.
    pub(crate) fn names_of<'a>(
        &self,
        nodes: impl Iterator<Item = &'a str>,
    ) -> Result<Names, Failure> {
        let mut names = Names::new();
        for node in nodes {
            if names.contains_key(node) {
                continue;
            }
            let Ok(id) = node.parse::<NodeId>() else {
                continue;
            };
            if let Some(manifest) = self.manifest_of(&id)? {
                let organisation = &manifest.organisation;
                let name = Name {
                    en: organisation.name_en.clone(),
                    ja: organisation.name_ja.clone(),
                    nation: organisation.nation.to_string(),
                };
                names.insert(node.to_owned(), name);
            }
        }
        Ok(names)
    }
}

/// An instant as a person writes it: whole, or a day alone, which begins at midnight UTC.
pub(crate) fn instant(typed: &str) -> Result<Timestamp, Failure> {
    let whole = typed.parse::<Timestamp>();
    let day = || format!("{typed}T00:00:00.000Z").parse::<Timestamp>();
    whole.or_else(|_| day()).map_err(|_| {
        let why = format_args!("`{typed}` is no day (2026-11-25) and no instant in UTC");
        Failure::new("view.instant", 2, why).arg("instant", typed)
    })
}

pub(crate) fn send_rows<T: Serialize>(sink: &mut dyn Sink, kind: &str, rows: Vec<T>) {
    for row in rows {
        let row = serde_json::to_value(row).unwrap_or_default();
        sink.send(Event::Row {
            kind: kind.to_owned(),
            row,
        });
    }
}

pub(crate) fn answer(
    sink: &mut dyn Sink,
    kind: &str,
    value: impl Serialize,
) -> Result<(), Failure> {
    let answer = serde_json::to_value(value).map_err(|error| Failure::new("internal", 1, error))?;
    sink.send(Event::Answer {
        kind: kind.to_owned(),
        answer,
    });
    Ok(())
}
