//! Reading, as somebody: what a viewer may not see looks absent.

use noroshi_gate::Label;
use noroshi_model::{Attribution, ItemHash, KeyId, NodeId, Role, StixId, Timestamp, Value};
use noroshi_seal::merkle::{Hash, Tiles};
use rusqlite::types::Value as Sql;
use rusqlite::{Connection, OptionalExtension, Row, Transaction, params, params_from_iter};

use crate::error::ReadError;
use crate::logs::peer_number;
use crate::merkle::{LEDGER, LogId, in_log, out_log, read_edge, tile_hashes};
use crate::open::Store;
use crate::rows::{ItemRow, ItemState, RecordKind, StoredItem};
use crate::sums::{self, ITEM_IS_WHOLE, RECORD_IS_WHOLE};
use crate::text;
use crate::versions::current;
use crate::viewer::Viewer;
use crate::write::{STORED, hash_key, id_key};

/// What a page is narrowed to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// This STIX type.
    pub kind: Option<String>,
    /// This state, as a word.
    pub state: Option<String>,
    /// This source.
    pub source: Option<String>,
    /// No superseded versions or renditions.
    pub current_only: bool,
}

/// A view of the store as one viewer has it. Cheap to make; gives its connection back.
pub struct Reader<'a> {
    store: &'a Store,
    connection: Option<Connection>,
    viewer: Viewer,
}

impl Drop for Reader<'_> {
    fn drop(&mut self) {
        if let Some(connection) = self.connection.take() {
            self.store.give_back(connection);
        }
    }
}

/// A record's key and value.
pub type KeyValue = (Vec<u8>, Vec<u8>);

/// The columns of a row, in the order [`row_of`] reads them.
pub(crate) const ROW: &str =
    "i.seq, i.hash, i.id, i.modified, i.title, i.state, i.superseded, l.text, i.role,
  n.text, s.text, i.at, i.ledger, i.reasons";
/// Where they come from.
pub(crate) const FROM: &str = "item i JOIN word l ON l.id = i.label JOIN word s ON s.id = i.source
  LEFT JOIN word n ON n.id = i.node";

impl<'a> Reader<'a> {
    pub(crate) fn new(store: &'a Store, connection: Connection, viewer: Viewer) -> Self {
        Self {
            store,
            connection: Some(connection),
            viewer,
        }
    }

    pub(crate) fn connection(&self) -> &Connection {
        self.connection
            .as_ref()
            .expect("invariant: taken only when dropped")
    }

    pub(crate) fn sees(&self, state: ItemState) -> bool {
        state != ItemState::Held || self.viewer.sees_held()
    }

    /// The item of that name.
    ///
    /// # Errors
    /// See [`ReadError`].
    pub fn item(&self, hash: &ItemHash) -> Result<Option<StoredItem>, ReadError> {
        Ok(item(self.connection(), hash)?.filter(|stored| self.sees(stored.state)))
    }

    /// The item of that name without its bytes.
    ///
    /// # Errors
    /// See [`ReadError`].
    pub fn item_row(&self, hash: &ItemHash) -> Result<Option<ItemRow>, ReadError> {
        let found = rows(
            self.connection(),
            &format!("SELECT {ROW} FROM {FROM} WHERE i.hash_key = ?1 AND i.hash = ?2"),
            vec![
                Sql::Integer(hash_key(hash)),
                Sql::Blob(hash.bytes().to_vec()),
            ],
        )?;
        Ok(found.into_iter().find(|row| self.sees(row.state)))
    }

    /// The item at that position.
    ///
    /// # Errors
    /// See [`ReadError`].
    pub fn item_at(&self, seq: u64) -> Result<Option<StoredItem>, ReadError> {
        let found = stored(self.connection(), "i.seq = ?1", params![seq.cast_signed()])?;
        Ok(found.filter(|stored| self.sees(stored.state)))
    }

    /// Where the item of that name stands, if it is here.
    ///
    /// # Errors
    /// See [`ReadError`].
    pub fn state(&self, hash: &ItemHash) -> Result<Option<ItemState>, ReadError> {
        state(self.connection(), hash)
    }
    /// Every version and rendition of an object, newest first.
    ///
    /// # Errors
    /// See [`ReadError`].
    pub fn by_stix_id(&self, id: &StixId) -> Result<Vec<ItemRow>, ReadError> {
        let rows = rows(
            self.connection(),
            &format!(
                "SELECT {ROW} FROM {FROM} WHERE i.id_key = ?1 AND i.id = ?2
                 ORDER BY i.modified DESC, i.superseded, i.seq DESC LIMIT 1000"
            ),
            vec![Sql::Integer(id_key(id)), Sql::Text(id.as_str().to_owned())],
        )?;
        Ok(rows
            .into_iter()
            .filter(|row| self.sees(row.state))
            .collect())
    }

    /// The current version of an object.
    ///
    /// # Errors
    /// See [`ReadError`].
    pub fn current(&self, id: &StixId) -> Result<Option<ItemRow>, ReadError> {
        current(self.connection(), id)
    }

    /// Names that begin so (hexadecimal, eight digits or more), at most `limit`.
    ///
    /// # Errors
    /// See [`ReadError`].
    pub fn by_hash_prefix(&self, digits: &str, limit: usize) -> Result<Vec<ItemHash>, ReadError> {
        let clean = digits.len() <= 64 && digits.bytes().all(|c| c.is_ascii_hexdigit());
        if !clean || digits.len() < 8 {
            return Ok(Vec::new());
        }
        let first: String = digits.chars().take(16).collect();
        let bound = |fill: char| {
            let padded: String = first
                .chars()
                .chain(std::iter::repeat(fill))
                .take(16)
                .collect();
            u64::from_str_radix(&padded, 16)
                .map(u64::cast_signed)
                .unwrap_or_default()
        };
        let mut statement = self.connection().prepare_cached(
            "SELECT hash, state FROM item WHERE hash_key BETWEEN ?1 AND ?2 LIMIT 1000",
        )?;
        let mut found = Vec::new();
        let mut rows = statement.query(params![bound('0'), bound('f')])?;
        while let Some(row) = rows.next()? {
            let hash = ItemHash::from_bytes(row.get(0)?);
            let state = ItemState::from_code(row.get(1)?);
            let seen = state.is_some_and(|state| self.sees(state));
            if seen && hash.to_string().starts_with(&digits.to_ascii_lowercase()) {
                found.push(hash);
            }
            if found.len() == limit {
                break;
            }
        }
        Ok(found)
    }

    /// A page of items in the order they came.
    ///
    /// # Errors
    /// See [`ReadError`].
    pub fn page(&self, after: u64, limit: u32, filter: &Filter) -> Result<Vec<ItemRow>, ReadError> {
        let mut wheres = vec!["i.seq > ?1".to_owned()];
        let mut values = vec![Sql::Integer(after.cast_signed())];
        let mut also = |condition: String, value: Sql| {
            values.push(value);
            wheres.push(condition.replace("??", &format!("?{}", values.len())));
        };
        if let Some(kind) = &filter.kind {
            let kind = Sql::Text(kind.clone());
            also(
                "i.kind = (SELECT id FROM word WHERE text = ??)".into(),
                kind,
            );
        }
        if let Some(source) = &filter.source {
            let source = Sql::Text(source.clone());
            also(
                "i.source = (SELECT id FROM word WHERE text = ??)".into(),
                source,
            );
        }
        // States stand in the statement itself: only then can the index of held items be used.
        match filter.state.as_deref().map(ItemState::from_word) {
            Some(Some(state)) if self.sees(state) => {
                wheres.push(format!("i.state = {}", state.code()));
            }
            Some(_) => return Ok(Vec::new()),
            None if self.viewer.sees_held() => {}
            None => wheres.push(format!("i.state <> {}", ItemState::Held.code())),
        }
        if filter.current_only {
            wheres.push("i.superseded = 0".to_owned());
        }
        values.push(Sql::Integer(i64::from(limit)));
        let sql = format!(
            "SELECT {ROW} FROM {FROM} WHERE {} ORDER BY i.seq LIMIT ?{}",
            wheres.join(" AND "),
            values.len()
        );
        rows(self.connection(), &sql, values)
    }

    /// Held items in the order they came.
    ///
    /// # Errors
    /// See [`ReadError`].
    pub fn held(&self, after: u64, limit: u32) -> Result<Vec<ItemRow>, ReadError> {
        let state = Some(ItemState::Held.as_str().to_owned());
        self.page(
            after,
            limit,
            &Filter {
                state,
                ..Filter::default()
            },
        )
    }

    /// Items in whose text the words occur, best first.
    ///
    /// # Errors
    /// See [`ReadError`].
    pub fn search(&self, typed: &str, limit: u32) -> Result<Vec<ItemRow>, ReadError> {
        let query = text::query(typed).ok_or(ReadError::NothingToFind)?;
        rows(
            self.connection(),
            &format!(
                "SELECT {ROW} FROM {FROM} JOIN item_text ON item_text.rowid = i.seq
                 WHERE item_text MATCH ?1 AND i.state = 0 ORDER BY item_text.rank LIMIT ?2"
            ),
            vec![Sql::Text(query), Sql::Integer(i64::from(limit))],
        )
    }

    /// How many items there are, by state.
    ///
    /// # Errors
    /// See [`ReadError`].
    pub fn counts(&self) -> Result<Vec<(ItemState, u64)>, ReadError> {
        let mut statement = self
            .connection()
            .prepare_cached("SELECT state, count(*) FROM item GROUP BY state")?;
        let rows = statement
            .query_map([], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?)))?
            .collect::<Result<Vec<_>, _>>()?;
        let counted = rows.into_iter().filter_map(|(state, count)| {
            ItemState::from_code(state).map(|state| (state, count.cast_unsigned()))
        });
        Ok(counted.filter(|(state, _)| self.sees(*state)).collect())
    }

    /// Ledger leaves from a line on.
    ///
    /// # Errors
    /// See [`ReadError`].
    pub fn ledger(&self, from: u64, limit: u32) -> Result<Vec<(u64, Vec<u8>)>, ReadError> {
        let mut statement = self
            .connection()
            .prepare_cached("SELECT idx, leaf FROM ledger WHERE idx >= ?1 ORDER BY idx LIMIT ?2")?;
        let rows = statement.query_map(params![from.cast_signed(), limit], |row| {
            Ok((row.get::<_, i64>(0)?.cast_unsigned(), row.get(1)?))
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Size and root of the ledger.
    ///
    /// # Errors
    /// See [`ReadError`].
    pub fn ledger_root(&self) -> Result<(u64, Hash), ReadError> {
        let edge = read_edge(self.connection(), LEDGER)
            .map_err(|error| ReadError::Damaged(error.to_string()))?;
        Ok((edge.frontier.size(), edge.frontier.root()))
    }

    /// A small record.
    ///
    /// # Errors
    /// See [`ReadError`].
    pub fn record(&self, kind: RecordKind, key: &[u8]) -> Result<Option<Vec<u8>>, ReadError> {
        record(self.connection(), kind, key)
    }

    /// Every record of a kind, in key order.
    ///
    /// # Errors
    /// See [`ReadError`].
    pub fn records(&self, kind: RecordKind) -> Result<Vec<KeyValue>, ReadError> {
        records(self.connection(), kind)
    }

    /// Every record of a kind whose key begins so, in key order.
    ///
    /// # Errors
    /// See [`ReadError`].
    pub fn records_under(
        &self,
        kind: RecordKind,
        beginning: &[u8],
    ) -> Result<Vec<KeyValue>, ReadError> {
        records_under(self.connection(), kind, beginning)
    }

    /// The next records of a kind whose key begins so, behind a key, in key order: for kinds of
    /// which there are many. Each key is behind the one before, whatever the disk did: who reads on
    /// comes to an end.
    ///
    /// # Errors
    /// See [`ReadError`].
    pub fn records_behind(
        &self,
        kind: RecordKind,
        beginning: &[u8],
        behind: &[u8],
        limit: u32,
    ) -> Result<Vec<KeyValue>, ReadError> {
        let mut statement = self.connection().prepare_cached(&format!(
            "SELECT key, value, {RECORD_IS_WHOLE} FROM record
             WHERE kind = ?1 AND key > ?2 ORDER BY key LIMIT ?3"
        ))?;
        let from = behind.max(beginning);
        let mut rows = statement.query(params![kind.code(), from, limit])?;
        let mut found: Vec<KeyValue> = Vec::new();
        while let Some(row) = rows.next()? {
            let next = key_value(row, kind)?;
            let last = found.last().map_or(from, |(key, _)| key);
            if next.0.as_slice() <= last {
                let what = format!("the order of records of kind {kind:?}");
                return Err(ReadError::Damaged(what));
            }
            found.push(next);
        }
        found.retain(|(key, _)| key.starts_with(beginning));
        Ok(found)
    }

    /// The records of a kind that were written last, newest first: for kinds of which there are
    /// many. Their keys are gone through in the index, their values are not.
    ///
    /// # Errors
    /// See [`ReadError`].
    pub fn records_newest(&self, kind: RecordKind, limit: u32) -> Result<Vec<KeyValue>, ReadError> {
        let mut statement = self.connection().prepare_cached(&format!(
            "SELECT key, value, {RECORD_IS_WHOLE} FROM record WHERE number IN
               (SELECT number FROM record WHERE kind = ?1 ORDER BY number DESC LIMIT ?2)
             ORDER BY number DESC"
        ))?;
        let mut rows = statement.query(params![kind.code(), limit])?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            found.push(key_value(row, kind)?);
        }
        Ok(found)
    }

    /// How many records of a kind there are.
    ///
    /// # Errors
    /// See [`ReadError`].
    pub fn record_count(&self, kind: RecordKind) -> Result<u64, ReadError> {
        let count: i64 = self
            .connection()
            .prepare_cached("SELECT count(*) FROM record WHERE kind = ?1")?
            .query_row([kind.code()], |row| row.get(0))?;
        Ok(count.cast_unsigned())
    }

    /// Until the guard goes, everything is read as it is in this instant. Meanwhile nothing that
    /// was destroyed can be scrubbed from the write-ahead log: not for long work.
    ///
    /// # Errors
    /// See [`ReadError`].
    pub fn instant(&self) -> Result<Instant<'_>, ReadError> {
        Ok(Instant(self.connection().unchecked_transaction()?))
    }

    /// The hashes of the ledger.
    #[must_use]
    pub fn ledger_tiles(&self) -> LogTiles<'_> {
        LogTiles {
            connection: self.connection(),
            log: LEDGER,
        }
    }

    /// The hashes of a partner's log, here or as mirrored.
    ///
    /// # Errors
    /// See [`ReadError`].
    pub fn log_tiles(&self, node: &NodeId, mirror: bool) -> Result<LogTiles<'_>, ReadError> {
        let peer = peer_number(self.connection(), node)?.unwrap_or(-1);
        let log = if mirror { in_log(peer) } else { out_log(peer) };
        Ok(LogTiles {
            connection: self.connection(),
            log,
        })
    }

    /// The newest checkpoint kept of a log: its size and its note.
    ///
    /// # Errors
    /// See [`ReadError`].
    pub fn newest_checkpoint(&self, log: Log<'_>) -> Result<Option<(u64, String)>, ReadError> {
        let log = self.log_id(log)?;
        let found = self
            .connection()
            .prepare_cached(
                "SELECT size, note FROM checkpoint WHERE log = ?1 ORDER BY size DESC LIMIT 1",
            )?
            .query_row([log], |row| {
                Ok((row.get::<_, i64>(0)?.cast_unsigned(), row.get(1)?))
            })
            .optional()?;
        Ok(found)
    }

    pub(crate) fn log_id(&self, log: Log<'_>) -> Result<LogId, ReadError> {
        let number = |node| peer_number(self.connection(), node).map(|number| number.unwrap_or(-1));
        Ok(match log {
            Log::Ledger => LEDGER,
            Log::For(node) => out_log(number(node)?),
            Log::Of(node) => in_log(number(node)?),
        })
    }
}

/// One instant of the store, for one reader.
#[must_use]
pub struct Instant<'a>(#[expect(dead_code, reason = "it ends when dropped")] Transaction<'a>);

/// One of the logs in the store.
#[derive(Clone, Copy, Debug)]
pub enum Log<'a> {
    /// The node's ledger.
    Ledger,
    /// The log kept for a partner.
    For(&'a NodeId),
    /// The mirror of a partner's own log.
    Of(&'a NodeId),
}

/// The hashes of one log.
pub struct LogTiles<'a> {
    connection: &'a Connection,
    log: LogId,
}

impl Tiles for LogTiles<'_> {
    fn tile(&self, level: u8, index: u64, width: u64) -> Option<Vec<Hash>> {
        tile_hashes(self.connection, self.log, level, index, width)
    }
}

pub(crate) fn records(
    connection: &Connection,
    kind: RecordKind,
) -> Result<Vec<KeyValue>, ReadError> {
    let mut statement = connection.prepare_cached(&format!(
        "SELECT key, value, {RECORD_IS_WHOLE} FROM record WHERE kind = ?1 ORDER BY key"
    ))?;
    let mut rows = statement.query([kind.code()])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(key_value(row, kind)?);
    }
    Ok(found)
}

pub(crate) fn record(
    connection: &Connection,
    kind: RecordKind,
    key: &[u8],
) -> Result<Option<Vec<u8>>, ReadError> {
    let found = connection
        .prepare_cached(&format!(
            "SELECT value, {RECORD_IS_WHOLE} FROM record WHERE kind = ?1 AND key = ?2"
        ))?
        .query_row(params![kind.code(), key], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })
        .optional()?;
    let Some((value, is_whole)) = found else {
        return Ok(None);
    };
    sums::check(is_whole, || format!("a record of kind {kind:?}"))?;
    Ok(Some(value))
}

fn key_value(row: &Row<'_>, kind: RecordKind) -> Result<KeyValue, ReadError> {
    sums::check(row.get(2)?, || format!("a record of kind {kind:?}"))?;
    Ok((row.get(0)?, row.get(1)?))
}

pub(crate) fn state(
    connection: &Connection,
    hash: &ItemHash,
) -> Result<Option<ItemState>, ReadError> {
    let code: Option<i64> = connection
        .prepare_cached("SELECT state FROM item WHERE hash_key = ?1 AND hash = ?2")?
        .query_row(params![hash_key(hash), hash.bytes()], |row| row.get(0))
        .optional()?;
    let known = |code| {
        ItemState::from_code(code)
            .ok_or_else(|| ReadError::Damaged(format!("item {hash}: its state")))
    };
    code.map(known).transpose()
}

pub(crate) fn seq_of(connection: &Connection, hash: &ItemHash) -> Result<Option<u64>, ReadError> {
    let seq: Option<i64> = connection
        .prepare_cached("SELECT seq FROM item WHERE hash_key = ?1 AND hash = ?2")?
        .query_row(params![hash_key(hash), hash.bytes()], |row| row.get(0))
        .optional()?;
    Ok(seq.map(i64::cast_unsigned))
}

pub(crate) fn records_under(
    connection: &Connection,
    kind: RecordKind,
    beginning: &[u8],
) -> Result<Vec<KeyValue>, ReadError> {
    let mut statement = connection.prepare_cached(&format!(
        "SELECT key, value, {RECORD_IS_WHOLE} FROM record
         WHERE kind = ?1 AND key >= ?2 ORDER BY key"
    ))?;
    let mut rows = statement.query(params![kind.code(), beginning])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let (key, value) = key_value(row, kind)?;
        if !key.starts_with(beginning) {
            break;
        }
        found.push((key, value));
    }
    Ok(found)
}

pub(crate) fn item(
    connection: &Connection,
    hash: &ItemHash,
) -> Result<Option<StoredItem>, ReadError> {
    stored(
        connection,
        "i.hash_key = ?1 AND i.hash = ?2",
        params![hash_key(hash), hash.bytes()],
    )
}

pub(crate) fn rows(
    connection: &Connection,
    sql: &str,
    values: Vec<Sql>,
) -> Result<Vec<ItemRow>, ReadError> {
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query(params_from_iter(values))?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(row_of(row)?);
    }
    Ok(found)
}

fn stored(
    connection: &Connection,
    condition: &str,
    values: &[&dyn rusqlite::ToSql],
) -> Result<Option<StoredItem>, ReadError> {
    let sql = format!(
        "SELECT {ROW}, k.text, a.text, i.signature, i.canonical, i.received,
           {ITEM_IS_WHOLE}
         FROM {FROM} LEFT JOIN word k ON k.id = i.key LEFT JOIN word a ON a.id = i.assigned
         WHERE {condition}"
    );
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = statement.query(values)?;
    let Some(row) = rows.next()? else {
        return Ok(None);
    };
    let found = row_of(row)?;
    sums::check(row.get(19)?, || format!("item {}", found.seq))?;
    let key: Option<String> = row.get(14)?;
    let assigned: Option<String> = row.get(15)?;
    let signature: Option<[u8; 64]> = row.get(16)?;
    let attribution = match (found.role, found.node, key, signature) {
        (Some(role), Some(node), Some(key), Some(signature)) => {
            let damaged = || ReadError::Damaged(format!("the attribution of item {}", found.seq));
            let key: KeyId = key.parse().map_err(|_| damaged())?;
            let assigned = assigned.unwrap_or_default();
            let assigned = assigned
                .split_whitespace()
                .map(str::parse)
                .collect::<Result<Vec<StixId>, _>>();
            let assigned = assigned.map_err(|_| damaged())?;
            Some(Attribution {
                role,
                node,
                key,
                assigned,
                signature,
            })
        }
        _ => None,
    };
    Ok(Some(StoredItem {
        attribution,
        canonical: row.get(17)?,
        received: row.get(18)?,
        row: found,
    }))
}

fn row_of(row: &Row<'_>) -> Result<ItemRow, ReadError> {
    let seq: i64 = row.get(0)?;
    let damaged = |what: &str| ReadError::Damaged(format!("item {seq}: {what}"));
    let id: String = row.get(2)?;
    let state: i64 = row.get(5)?;
    let label: String = row.get(7)?;
    let role: Option<u8> = row.get(8)?;
    let node: Option<String> = row.get(9)?;
    let reasons: String = row.get(13)?;
    Ok(ItemRow {
        seq: seq.cast_unsigned(),
        hash: ItemHash::from_bytes(row.get(1)?),
        id: id.parse().map_err(|_| damaged("its id"))?,
        modified: Timestamp::from_micros(row.get(3)?),
        title: row.get(4)?,
        state: ItemState::from_code(state).ok_or_else(|| damaged("its state"))?,
        superseded: row.get(6)?,
        label: Value::parse(label.as_bytes(), &STORED)
            .ok()
            .and_then(|value| Label::from_value(value).ok())
            .ok_or_else(|| damaged("its label"))?,
        role: role.and_then(Role::from_byte),
        node: node
            .map(|node| node.parse::<NodeId>())
            .transpose()
            .map_err(|_| damaged("its node"))?,
        source: row.get(10)?,
        at: Timestamp::from_micros(row.get(11)?),
        ledger_line: row.get::<_, Option<i64>>(12)?.map(i64::cast_unsigned),
        reasons: reasons.split_whitespace().map(str::to_owned).collect(),
    })
}
