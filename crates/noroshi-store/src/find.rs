//! Looking for items, newest first, by their words and by what they are.
//!
//! The work of one look is capped: the way in is an index (the full text, a type's items or the
//! rows in the order they came), at most so many candidates are examined, and where the cap ends a
//! look it says so and gives the place to go on from. So no look grows with the store.

use std::collections::{BTreeMap, HashMap};

use noroshi_gate::Label;
use noroshi_model::{StixId, Timestamp, Value};
use rusqlite::types::Value as Sql;
use rusqlite::{OptionalExtension, Row, params, params_from_iter};

use crate::error::ReadError;
use crate::read::{FROM, ROW, Reader, rows};
use crate::rows::{ItemRow, ItemState};
use crate::text;
use crate::write::STORED;

/// What is looked for. All that is said must be true of an item.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sought {
    /// Words as typed.
    pub text: Option<String>,
    /// Items that name this object anywhere in their text; themselves among them.
    pub mentions: Option<StixId>,
    /// This STIX type.
    pub kind: Option<String>,
    /// This source: a profile, or the node id of the peer that sent it.
    pub source: Option<String>,
    /// The node id of who answers for it.
    pub node: Option<String>,
    /// This effective marking, as its label shows it: `tlp:green`.
    pub marking: Option<String>,
    /// This state; admitted where nothing is said.
    pub state: Option<ItemState>,
    /// Superseded versions and renditions too?
    pub versions: bool,
    /// Recorded at this instant or later.
    pub since: Option<Timestamp>,
    /// Recorded before this instant.
    pub until: Option<Timestamp>,
    /// Only behind this position.
    pub after: Option<u64>,
    /// Only before this position: where the page before ended.
    pub before: Option<u64>,
}

/// How much one look may give and do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Effort {
    /// Most rows given.
    pub rows: u32,
    /// Most candidates examined.
    pub examined: u32,
}

/// What was found: a page of rows, and what all that was examined is.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Found {
    /// Newest first.
    pub rows: Vec<ItemRow>,
    /// Where the next page begins, if there may be one.
    pub next: Option<u64>,
    /// How many of the examined are what was looked for.
    pub total: u64,
    /// Did the cap end the look? Then there may be more than `total`.
    pub is_capped: bool,
    /// Counts of those by STIX type.
    pub kinds: BTreeMap<String, u64>,
    /// By source.
    pub sources: BTreeMap<String, u64>,
    /// By the node that answers for them.
    pub nodes: BTreeMap<String, u64>,
    /// By effective marking, as people read it.
    pub markings: BTreeMap<String, u64>,
}

/// An item as it is examined: numbers only, of words that stand in a table of their own.
struct Candidate {
    seq: i64,
    kind: i64,
    state: i64,
    superseded: bool,
    label: i64,
    source: i64,
    node: Option<i64>,
    at: i64,
}

impl Candidate {
    const COLUMNS: &str = "i.seq, i.kind, i.state, i.superseded, i.label, i.source, i.node, i.at";

    fn read(row: &Row<'_>) -> Result<Self, rusqlite::Error> {
        Ok(Self {
            seq: row.get(0)?,
            kind: row.get(1)?,
            state: row.get(2)?,
            superseded: row.get(3)?,
            label: row.get(4)?,
            source: row.get(5)?,
            node: row.get(6)?,
            at: row.get(7)?,
        })
    }
}

/// Counts by the number of a word.
type Counts = HashMap<i64, u64>;

impl Reader<'_> {
    /// Look for items, newest first.
    ///
    /// # Errors
    /// See [`ReadError`]; [`ReadError::NothingToFind`] where words were typed that are none.
    pub fn find(&self, sought: &Sought, effort: Effort) -> Result<Found, ReadError> {
        let state = sought.state.unwrap_or(ItemState::Admitted);
        if !self.sees(state) {
            return Ok(Found::default());
        }
        let words = [&sought.kind, &sought.source, &sought.node];
        let mut numbers = [None; 3];
        for (number, word) in numbers.iter_mut().zip(words) {
            if let Some(word) = word {
                let Some(known) = self.word_number(word)? else {
                    return Ok(Found::default());
                };
                *number = Some(known);
            }
        }
        let [kind, source, node] = numbers;
        let mut labels: HashMap<i64, String> = HashMap::new();
        let (mut found, mut given) = (Found::default(), Vec::new());
        let mut counts: [Counts; 4] = Default::default();
        let (mut examined, mut last) = (0_u32, None);
        self.candidates(sought, kind, effort.examined, &mut |candidate| {
            examined += 1;
            last = Some(candidate.seq);
            let is_sought = candidate.state == state.code()
                && (sought.versions || !candidate.superseded)
                && kind.is_none_or(|kind| kind == candidate.kind)
                && source.is_none_or(|source| source == candidate.source)
                && node.is_none_or(|node| Some(node) == candidate.node)
                && sought
                    .since
                    .is_none_or(|since| candidate.at >= since.micros())
                && sought
                    .until
                    .is_none_or(|until| candidate.at < until.micros());
            if !is_sought {
                return Ok(());
            }
            if let std::collections::hash_map::Entry::Vacant(place) = labels.entry(candidate.label)
            {
                place.insert(self.label_shown(candidate.label)?);
            }
            let marking = &labels[&candidate.label];
            if sought
                .marking
                .as_ref()
                .is_some_and(|wanted| wanted != marking)
            {
                return Ok(());
            }
            found.total += 1;
            let keys = [Some(candidate.kind), Some(candidate.source), candidate.node];
            for (counts, key) in counts
                .iter_mut()
                .zip([keys, [Some(candidate.label); 3]].concat())
            {
                if let Some(key) = key {
                    *counts.entry(key).or_default() += 1;
                }
            }
            if given.len() < effort.rows as usize {
                given.push(candidate.seq);
            }
            Ok(())
        })?;
        found.is_capped = examined == effort.examined;
        found.next = if found.total > given.len() as u64 {
            given.last().map(|seq| seq.cast_unsigned())
        } else {
            last.filter(|_| found.is_capped).map(i64::cast_unsigned)
        };
        let [kinds, sources, nodes, marked] = counts;
        found.kinds = self.words_of(kinds)?;
        found.sources = self.words_of(sources)?;
        found.nodes = self.words_of(nodes)?;
        for (label, count) in marked {
            let shown = labels.get(&label).cloned().unwrap_or_default();
            *found.markings.entry(shown).or_default() += count;
        }
        for seq in given {
            found.rows.extend(self.row_at(seq)?);
        }
        Ok(found)
    }

    /// Position of the newest item; 0 where there is none.
    ///
    /// # Errors
    /// See [`ReadError`].
    pub fn newest(&self) -> Result<u64, ReadError> {
        let seq: Option<i64> = self
            .connection()
            .prepare_cached("SELECT max(seq) FROM item")?
            .query_row([], |row| row.get(0))?;
        Ok(seq.unwrap_or_default().cast_unsigned())
    }

    /// How many items are held, counted up to a cap.
    ///
    /// # Errors
    /// See [`ReadError`].
    pub fn held_count(&self, cap: u32) -> Result<u64, ReadError> {
        if !self.sees(ItemState::Held) {
            return Ok(0);
        }
        let held = ItemState::Held.code();
        let count: i64 = self
            .connection()
            .prepare_cached(&format!(
                "SELECT count(*) FROM (SELECT 1 FROM item WHERE state = {held} LIMIT ?1)"
            ))?
            .query_row([cap], |row| row.get(0))?;
        Ok(count.cast_unsigned())
    }

    /// How many items name an object in their text, themselves among them, counted up to a cap.
    ///
    /// # Errors
    /// See [`ReadError`].
    pub fn mention_count(&self, id: &StixId, cap: u32) -> Result<u64, ReadError> {
        let count: i64 = self
            .connection()
            .prepare_cached(
                "SELECT count(*) FROM (SELECT rowid FROM item_text WHERE item_text MATCH ?1 LIMIT ?2)",
            )?
            .query_row(params![mention(id), cap], |row| row.get(0))?;
        Ok(count.cast_unsigned())
    }

    /// The candidates, by whichever index leads to the fewest.
    fn candidates(
        &self,
        sought: &Sought,
        kind: Option<i64>,
        limit: u32,
        each: &mut dyn FnMut(&Candidate) -> Result<(), ReadError>,
    ) -> Result<(), ReadError> {
        let columns = Candidate::COLUMNS;
        let (low, high) = self.bounds(sought)?;
        let query = match (&sought.text, &sought.mentions) {
            (None, None) => None,
            (text, id) => {
                let typed = text.as_ref().map(|text| text::query(text));
                let typed = typed.map(|typed| typed.ok_or(ReadError::NothingToFind));
                let parts = [typed.transpose()?, id.as_ref().map(mention)];
                Some(
                    parts
                        .into_iter()
                        .flatten()
                        .collect::<Vec<_>>()
                        .join(" AND "),
                )
            }
        };
        let mut values = vec![Sql::Integer(low), Sql::Integer(high), limit.into()];
        let sql = match (query, kind) {
            (Some(query), _) => {
                values.push(Sql::Text(query));
                format!(
                    "SELECT {columns} FROM item_text CROSS JOIN item i ON i.seq = item_text.rowid
                     WHERE item_text MATCH ?4 AND item_text.rowid > ?1 AND item_text.rowid < ?2
                     ORDER BY item_text.rowid DESC LIMIT ?3"
                )
            }
            (None, Some(kind)) => {
                values.push(Sql::Integer(kind));
                format!(
                    "SELECT {columns} FROM item i INDEXED BY item_kind
                     WHERE i.kind = ?4 AND i.seq > ?1 AND i.seq < ?2 ORDER BY i.seq DESC LIMIT ?3"
                )
            }
            // The state stands in the statement itself: only then its partial index is used.
            (None, None) if sought.state == Some(ItemState::Held) => format!(
                "SELECT {columns} FROM item i INDEXED BY item_held
                 WHERE i.state = {} AND i.seq > ?1 AND i.seq < ?2 ORDER BY i.seq DESC LIMIT ?3",
                ItemState::Held.code()
            ),
            (None, None) => format!(
                "SELECT {columns} FROM item i WHERE i.seq > ?1 AND i.seq < ?2
                 ORDER BY i.seq DESC LIMIT ?3"
            ),
        };
        let mut statement = self.connection().prepare_cached(&sql)?;
        let mut rows = statement.query(params_from_iter(values))?;
        while let Some(row) = rows.next()? {
            each(&Candidate::read(row)?)?;
        }
        Ok(())
    }

    /// Between which positions candidates stand. A period is narrowed to positions by halving: rows
    /// came in the order of their times but where a clock went back, so an hour more is looked at
    /// on both sides, and each row's own time decides.
    fn bounds(&self, sought: &Sought) -> Result<(i64, i64), ReadError> {
        const SLACK: i64 = 3_600;
        let mut low = sought.after.map_or(0, u64::cast_signed);
        let mut high = sought.before.map_or(i64::MAX, u64::cast_signed);
        if let Some(since) = sought.since {
            low = low.max(self.position_of(since.plus_seconds(-SLACK))? - 1);
        }
        if let Some(until) = sought.until {
            high = high.min(self.position_of(until.plus_seconds(SLACK))?);
        }
        Ok((low, high))
    }

    /// The first position whose row is as late as that; one behind the last where none is.
    fn position_of(&self, at: Timestamp) -> Result<i64, ReadError> {
        let mut statement = self
            .connection()
            .prepare_cached("SELECT seq, at FROM item WHERE seq >= ?1 ORDER BY seq LIMIT 1")?;
        let (mut low, mut high) = (1, self.newest()?.cast_signed() + 1);
        while low < high {
            let middle = low + (high - low) / 2;
            let row: Option<(i64, i64)> = statement
                .query_row([middle], |row| Ok((row.get(0)?, row.get(1)?)))
                .optional()?;
            match row {
                Some((seq, found)) if found < at.micros() => low = seq + 1,
                _ => high = middle,
            }
        }
        Ok(low)
    }

    fn word_number(&self, word: &str) -> Result<Option<i64>, ReadError> {
        let number = self
            .connection()
            .prepare_cached("SELECT id FROM word WHERE text = ?1")?
            .query_row([word], |row| row.get(0))
            .optional()?;
        Ok(number)
    }

    fn word(&self, number: i64) -> Result<String, ReadError> {
        let word = self
            .connection()
            .prepare_cached("SELECT text FROM word WHERE id = ?1")?
            .query_row([number], |row| row.get(0))?;
        Ok(word)
    }

    fn words_of(&self, counts: Counts) -> Result<BTreeMap<String, u64>, ReadError> {
        let named = counts.into_iter();
        named
            .map(|(number, count)| Ok((self.word(number)?, count)))
            .collect()
    }

    fn label_shown(&self, number: i64) -> Result<String, ReadError> {
        let text = self.word(number)?;
        let label = Value::parse(text.as_bytes(), &STORED).ok();
        let label = label.and_then(|value| Label::from_value(value).ok());
        label
            .map(|label| label.to_string())
            .ok_or_else(|| ReadError::Damaged(format!("label {number}")))
    }

    fn row_at(&self, seq: i64) -> Result<Option<ItemRow>, ReadError> {
        let found = rows(
            self.connection(),
            &format!("SELECT {ROW} FROM {FROM} WHERE i.seq = ?1"),
            vec![Sql::Integer(seq)],
        )?;
        Ok(found.into_iter().next())
    }
}

/// The words of an id as the full text has them, in a row. Its type is left out: everybody has it.
fn mention(id: &StixId) -> String {
    let id = id.as_str();
    let digits = id.split_once("--").map_or(id, |(_, digits)| digits);
    format!("\"{}\"", digits.replace('"', " "))
}
