//! The bare engine: the very rows an import left behind, written with the same schema, PRAGMAs,
//! batches and cache, and nothing else: no reading of STIX, no gate, no signatures.

use std::path::Path;
use std::time::Duration;

use anyhow::Result;
use noroshi_model::{Limits, Value};
use rusqlite::types::Value as Sql;
use rusqlite::{Connection, params_from_iter};

use super::node::now;

/// Rows of items in one transaction, as an import writes them under load.
const BATCH: usize = 2000;

/// The rows an import left behind, by table, and the text of each item.
pub(super) struct Rows {
    words: Vec<Vec<Sql>>,
    items: Vec<Vec<Sql>>,
    texts: Vec<(i64, String)>,
    ledger: Vec<Vec<Sql>>,
    tiles: Vec<Vec<Sql>>,
}

impl Rows {
    pub(super) fn read(path: &Path) -> Result<Self> {
        let connection = Connection::open(path)?;
        let all = |sql: &str| -> Result<Vec<Vec<Sql>>> {
            let mut statement = connection.prepare(sql)?;
            // The sum of a row is the engine's to write.
            let has_sum = statement.column_names().last() == Some("sum");
            let width = statement.column_count() - usize::from(has_sum);
            let rows = statement.query_map([], |row| (0..width).map(|at| row.get(at)).collect())?;
            Ok(rows.collect::<Result<_, _>>()?)
        };
        let items = all("SELECT * FROM item ORDER BY seq")?;
        let texts = items
            .iter()
            .filter_map(|row| match (row.first(), row.get(row.len() - 2)) {
                (Some(Sql::Integer(seq)), Some(Sql::Blob(bytes))) => {
                    let value = Value::parse(bytes, &Limits::DEFAULT).ok()?;
                    Some((*seq, noroshi_store::text::of_object(value.as_object()?)))
                }
                _ => None,
            })
            .collect();
        Ok(Self {
            words: all("SELECT * FROM word")?,
            items,
            texts,
            ledger: all("SELECT * FROM ledger ORDER BY idx")?,
            tiles: all("SELECT * FROM tile")?,
        })
    }

    /// Write them all, durably, into an empty store of the same schema; how long it took.
    pub(super) fn write(&self, folder: &Path) -> Result<Duration> {
        // The store makes its own schema; the bench then writes past it.
        let options = noroshi_store::Options::default();
        let store = noroshi_store::Store::open(folder, &options)?;
        store.close()?;
        let connection = Connection::open(folder.join("noroshi.db"))?;
        noroshi_store::teach(&connection)?;
        connection.execute_batch(&format!(
            "PRAGMA synchronous = FULL; PRAGMA secure_delete = ON; PRAGMA temp_store = MEMORY;
             PRAGMA wal_autocheckpoint = {}; PRAGMA cache_size = -{};",
            options.checkpoint_pages,
            options.cache_bytes / 1024
        ))?;
        let insert = |table: &str, rows: &[Vec<Sql>]| -> Result<()> {
            let Some(first) = rows.first() else {
                return Ok(());
            };
            let marks = vec!["?"; first.len()].join(",");
            let sql = format!("INSERT INTO {table} VALUES ({marks})");
            let mut statement = connection.prepare_cached(&sql)?;
            for row in rows {
                statement.execute(params_from_iter(row))?;
            }
            Ok(())
        };
        let began = now();
        connection.execute_batch("BEGIN")?;
        insert("word", &self.words)?;
        insert("tile", &self.tiles)?;
        connection.execute_batch("COMMIT")?;
        let batches = self.items.chunks(BATCH).zip(self.texts.chunks(BATCH));
        let mut ledger = self.ledger.chunks(BATCH);
        for (items, texts) in batches {
            connection.execute_batch("BEGIN")?;
            insert("item", items)?;
            let sql = "INSERT INTO item_text (rowid, text) VALUES (?1, ?2)";
            let mut statement = connection.prepare_cached(sql)?;
            for (seq, text) in texts {
                statement.execute((seq, text))?;
            }
            insert("ledger", ledger.next().unwrap_or_default())?;
            connection.execute_batch("COMMIT")?;
        }
        connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
        Ok(began.elapsed())
    }
}
