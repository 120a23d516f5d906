//! The newest lines of the ledger first, narrowed by kind and person.

use noroshi_model::PersonId;
use noroshi_model::ledger::{LedgerLine, LineKind};
use serde::{Deserialize, Serialize};

use crate::command::Failure;
use crate::ledger::{damaged_line, kind_of, line_row};
use crate::node::{Node, store_failure};

/// Lines read at once.
const PAGE: u32 = 1_000;
/// Most lines examined for one page.
const EXAMINED_MAX: u64 = 10_000;
/// Most rows of one page.
const ROWS_MAX: u32 = 1_000;

/// Which lines.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LedgerOrder {
    /// Only lines of this kind.
    pub kind: Option<String>,
    /// Only what this person did.
    pub by: Option<String>,
    /// Go on before this line.
    pub before: Option<u64>,
    /// At most so many rows (1 to 1,000); 50 where it is 0.
    pub limit: u32,
}

/// A page of lines.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct LedgerPage {
    /// Newest first, each as `noroshi ledger list --json` shows it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lines: Vec<serde_json::Value>,
    /// Where the next page begins, if there may be one.
    pub next: Option<u64>,
    /// How many lines the ledger has.
    pub size: u64,
}

impl Node {
    /// Lines, newest first. The work is capped: at most 10,000 lines are examined, and `next` goes
    /// on before them.
    ///
    /// # Errors
    /// `ledger.kind`, `person.name`, `list.limit` for what makes no sense; a damaged ledger.
    pub fn ledger_view(&self, order: &LedgerOrder) -> Result<LedgerPage, Failure> {
        let kind = order.kind.as_deref().map(kind_of).transpose()?;
        let person = order.by.as_deref().map(|name| {
            let name = name.parse::<PersonId>();
            name.map_err(|error| Failure::new("person.name", 2, error))
        });
        let person = person.transpose()?;
        let limit = if order.limit == 0 {
            50
        } else {
            order.limit.min(ROWS_MAX)
        };
        let reader = self.inside()?;
        let (size, _) = reader.ledger_root().map_err(store_failure)?;
        let start = order.before.unwrap_or(size).min(size);
        let floor = start.saturating_sub(EXAMINED_MAX);
        let mut page = LedgerPage {
            size,
            ..LedgerPage::default()
        };
        let mut end = start;
        while end > floor {
            let from = end.saturating_sub(u64::from(PAGE)).max(floor);
            let count = u32::try_from(end - from).unwrap_or(PAGE);
            let leaves = reader.ledger(from, count).map_err(store_failure)?;
            for (index, leaf) in leaves.iter().rev().filter(|(_, leaf)| may_be(leaf, kind)) {
                let line = LedgerLine::from_bytes(leaf);
                let line = line.map_err(|error| damaged_line(*index, &error))?;
                let is_sought = kind.is_none_or(|kind| kind == line.kind)
                    && (person.is_none() || person == line.person);
                if !is_sought {
                    continue;
                }
                page.lines.push(line_row(*index, line));
                if page.lines.len() == limit as usize {
                    page.next = Some(*index).filter(|index| *index > 0);
                    return Ok(page);
                }
            }
            end = from;
        }
        page.next = Some(floor).filter(|floor| *floor > 0);
        Ok(page)
    }
}

/// Could these bytes be a line of that kind? Most are not, and are not taken apart for it.
fn may_be(leaf: &[u8], kind: Option<LineKind>) -> bool {
    kind.is_none_or(|kind| {
        let word = kind.as_str().as_bytes();
        leaf.windows(word.len()).any(|window| window == word)
    })
}
