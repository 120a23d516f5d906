//! What every row of every table of a store says, column by column, as digests to compare.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::Result;
use noroshi_model::Digest;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, OpenFlags};

/// A digest of each column over all rows; tables that cannot be read have one of their own.
pub(crate) struct Dump(BTreeMap<String, Digest>);

impl Dump {
    /// The columns that say something else there.
    pub(crate) fn differences(&self, other: &Self) -> Vec<String> {
        let names = self.0.keys().chain(other.0.keys());
        let mut changed: Vec<String> = names
            .filter(|name| self.0.get(*name) != other.0.get(*name))
            .cloned()
            .collect();
        changed.sort();
        changed.dedup();
        changed
    }
}

/// Read a store's file, without its node.
pub(crate) fn dump(database: &Path) -> Result<Dump> {
    let connection = Connection::open_with_flags(database, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    let mut tables = BTreeMap::new();
    let schema = "SELECT type, name, tbl_name, sql FROM sqlite_schema";
    columns(&connection, "sqlite_schema", schema, &mut tables)?;
    let names: Vec<String> = connection
        .prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND sql NOT LIKE 'CREATE VIRTUAL%'")?
        .query_map([], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    for name in names {
        let select = format!("SELECT * FROM {name}");
        if let Err(error) = columns(&connection, &name, &select, &mut tables) {
            tables.insert(name, Digest::of(error.to_string().as_bytes()));
        }
    }
    Ok(Dump(tables))
}

fn columns(
    connection: &Connection,
    table: &str,
    select: &str,
    into: &mut BTreeMap<String, Digest>,
) -> Result<()> {
    let mut statement = connection.prepare(select)?;
    let names: Vec<String> = statement.column_names().map(str::to_owned).collect();
    let mut bytes = vec![Vec::new(); names.len()];
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        for (at, bytes) in bytes.iter_mut().enumerate() {
            let (kind, value): (u8, Vec<u8>) = match row.get_ref(at)? {
                ValueRef::Null => (0, Vec::new()),
                ValueRef::Integer(number) => (1, number.to_be_bytes().to_vec()),
                ValueRef::Real(number) => (2, number.to_be_bytes().to_vec()),
                ValueRef::Text(text) => (3, text.to_vec()),
                ValueRef::Blob(blob) => (4, blob.to_vec()),
            };
            bytes.push(kind);
            bytes.extend_from_slice(&(value.len() as u64).to_be_bytes());
            bytes.extend_from_slice(&value);
        }
    }
    for (name, bytes) in names.iter().zip(bytes) {
        into.insert(format!("{table}.{name}"), Digest::of(&bytes));
    }
    Ok(())
}
