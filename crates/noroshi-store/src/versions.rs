//! Versions and renditions of one object: which is current, and what a further one follows.
//!
//! Whoever sends many versions of one object makes each of them cost what the first did: every
//! question here is answered by the ends of an index, whatever lies between.

use noroshi_gate::Label;
use noroshi_model::{ItemHash, StixId, Value};
use rusqlite::types::Value as Sql;
use rusqlite::{Connection, Row, params};

use crate::error::{ReadError, WriteError};
use crate::read::{FROM, ROW, record, rows};
use crate::rows::{ItemRow, RecordKind};
use crate::write::{STORED, Tx, id_key, label_text};

/// What a further version of an object follows.
#[derive(Clone, Debug, PartialEq)]
pub struct Standing {
    /// Its current version; where there is none, the newest that was taken back.
    pub newest: ItemRow,
    /// The join of its marking and those of everything that was taken back.
    pub label: Label,
}

/// Among an object's admitted versions: those that are not superseded, and the best of the rest.
/// By its invariant the first part is one row, two while a new one is settled.
const CANDIDATES: &str = "
  SELECT seq, modified, role IS 114, length(canonical), hash, superseded FROM item INDEXED BY item_id
    WHERE id_key = ?1 AND superseded = 0 AND state = 0 AND id = ?2
  UNION ALL SELECT * FROM (
    SELECT seq, modified, role IS 114, length(canonical), hash, superseded
      FROM item INDEXED BY item_older
      WHERE id_key = ?1 AND state = 0 AND superseded = 1 AND id = ?2
      ORDER BY modified DESC, (role IS 114), length(canonical) DESC, hash DESC LIMIT 1)";

/// A version that may be current. Its order is by what makes it so.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Candidate {
    modified: i64,
    is_whole: bool,
    length: Option<i64>,
    hash: Vec<u8>,
    seq: i64,
    superseded: bool,
}

impl Candidate {
    fn read(row: &Row<'_>) -> Result<Self, rusqlite::Error> {
        let is_rendition: bool = row.get(2)?;
        Ok(Self {
            seq: row.get(0)?,
            modified: row.get(1)?,
            is_whole: !is_rendition,
            length: row.get(3)?,
            hash: row.get(4)?,
            superseded: row.get(5)?,
        })
    }
}

impl Tx<'_> {
    /// Which of an object's versions and renditions is current: the newest; of one version the
    /// one signed by who made it before a rendition of it, then the one with more in it. The order
    /// in which they came does not matter.
    pub(crate) fn settle_versions(&mut self, id: &StixId) -> Result<(), WriteError> {
        self.writer.settled.push(id.clone());
        let mut candidates: Vec<Candidate> = {
            let mut statement = self.connection().prepare_cached(CANDIDATES)?;
            let rows = statement.query_map(params![id_key(id), id.as_str()], Candidate::read)?;
            rows.collect::<Result<_, _>>()?
        };
        candidates.sort_by(|a, b| b.cmp(a));
        for (place, candidate) in candidates.iter().enumerate() {
            let superseded = place > 0;
            if candidate.superseded != superseded {
                self.connection()
                    .prepare_cached("UPDATE item SET superseded = ?2 WHERE seq = ?1")?
                    .execute(params![candidate.seq, superseded])?;
            }
        }
        Ok(())
    }

    /// What a further version of an object follows. What was taken back was marked all the same:
    /// its marking counts. `without` an item it says what there would be if that were not here.
    ///
    /// # Errors
    /// See [`WriteError`].
    pub fn standing(
        &mut self,
        id: &StixId,
        without: Option<&ItemHash>,
    ) -> Result<Option<Standing>, WriteError> {
        let mut current = current(self.connection(), id)?;
        if without.is_some_and(|hash| current.as_ref().is_some_and(|row| row.hash == *hash)) {
            current = one(
                self.connection(),
                id,
                "item i INDEXED BY item_older",
                "i.state = 0 AND i.superseded = 1
                 ORDER BY i.modified DESC, (i.role IS 114), length(i.canonical) DESC, i.hash DESC",
            )?;
        }
        let taken = one(
            self.connection(),
            id,
            "item i INDEXED BY item_taken",
            "i.state > 1 ORDER BY i.modified DESC, i.seq DESC",
        )?;
        let label = match &taken {
            Some(_) => Some(self.taken_back(id)?),
            None => None,
        };
        Ok(current.or(taken).map(|newest| Standing {
            label: label.map_or_else(|| newest.label.clone(), |label| label.join(&newest.label)),
            newest,
        }))
    }

    /// The join of the markings of everything of an object that was taken back, kept with it.
    fn taken_back(&mut self, id: &StixId) -> Result<Label, WriteError> {
        let known = record(
            self.connection(),
            RecordKind::TakenBack,
            id.as_str().as_bytes(),
        )?;
        if let Some(bytes) = known {
            return read_label(&bytes, id);
        }
        // Taken back before the join was kept: made once, from all of them.
        let mut label = Label::default();
        for text in self.labels_taken_back(id)? {
            label = label.join(&read_label(text.as_bytes(), id)?);
        }
        self.keep_taken_back(id, &label)?;
        Ok(label)
    }

    /// One more of an object is about to be taken back.
    pub(crate) fn note_taken_back(&mut self, row: &ItemRow) -> Result<(), WriteError> {
        let label = self.taken_back(&row.id)?;
        let joined = label.join(&row.label);
        if joined == label {
            return Ok(());
        }
        self.keep_taken_back(&row.id, &joined)
    }

    fn keep_taken_back(&mut self, id: &StixId, label: &Label) -> Result<(), WriteError> {
        let text = label_text(label);
        self.put(
            RecordKind::TakenBack,
            id.as_str().as_bytes(),
            text.as_bytes(),
        )
    }

    fn labels_taken_back(&self, id: &StixId) -> Result<Vec<String>, WriteError> {
        let mut statement = self.connection().prepare_cached(
            "SELECT DISTINCT l.text FROM item i INDEXED BY item_taken JOIN word l ON l.id = i.label
             WHERE i.id_key = ?1 AND i.state > 1 AND i.id = ?2",
        )?;
        let rows = statement.query_map(params![id_key(id), id.as_str()], |row| row.get(0))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}

fn read_label(text: &[u8], id: &StixId) -> Result<Label, WriteError> {
    Value::parse(text, &STORED)
        .ok()
        .and_then(|value| Label::from_value(value).ok())
        .ok_or_else(|| WriteError::Damaged(format!("the marking of what was taken back of {id}")))
}

/// The current version of an object.
pub(crate) fn current(connection: &Connection, id: &StixId) -> Result<Option<ItemRow>, ReadError> {
    let by = "item i INDEXED BY item_id";
    one(connection, id, by, "i.superseded = 0 AND i.state = 0")
}

/// The first row of an object by that index and condition.
fn one(
    connection: &Connection,
    id: &StixId,
    by: &str,
    rest: &str,
) -> Result<Option<ItemRow>, ReadError> {
    let from = FROM.replacen("item i", by, 1);
    let found = rows(
        connection,
        &format!("SELECT {ROW} FROM {from} WHERE i.id_key = ?1 AND i.id = ?2 AND {rest} LIMIT 1"),
        vec![Sql::Integer(id_key(id)), Sql::Text(id.as_str().to_owned())],
    )?;
    Ok(found.into_iter().next())
}

#[cfg(test)]
mod tests;
