//! Writing, inside one transaction: items, ledger lines, records.

use noroshi_gate::{Admitted, Held, Label, Marked};
use noroshi_model::ledger::LedgerLine;
use noroshi_model::{Attribution, Digest, ItemHash, StixId, Timestamp, Value};
use noroshi_seal::merkle::{Hash, leaf_hash};
use noroshi_seal::tlog::Checkpoint;
use rusqlite::{Connection, OptionalExtension, params};

use crate::error::WriteError;
use crate::merkle::{LEDGER, LogId};
use crate::open::Writer;
use crate::read::{self, KeyValue};
use crate::rows::{ItemState, RecordKind, StoredItem};
use crate::text;
use crate::text_index::words;

/// Longest ledger line, in bytes: a tile's entry bundle gives each two bytes of length.
const LINE_BYTES_MAX: usize = 60_000;

/// What putting an item came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Added {
    /// Its position.
    pub seq: u64,
    /// Was it new? The same bytes again change nothing.
    pub fresh: bool,
}

/// A transaction under way. What it wrote stands only when [`crate::Store::write`] returns.
pub struct Tx<'a> {
    pub(crate) writer: &'a mut Writer,
}

/// What of an item is written beside its object.
struct Placement<'a> {
    attribution: Option<&'a Attribution>,
    source: &'a str,
    at: Timestamp,
    state: ItemState,
    reasons: String,
    line: u64,
}

/// Who answers for an item, as columns.
#[derive(Default)]
struct Signed {
    role: Option<i64>,
    node: Option<i64>,
    key: Option<i64>,
    assigned: Option<i64>,
    signature: Option<[u8; 64]>,
}

impl<'a> Tx<'a> {
    pub(crate) fn new(writer: &'a mut Writer) -> Self {
        Self { writer }
    }

    pub(crate) fn finish(self) -> Result<(), WriteError> {
        let Writer {
            connection,
            edges,
            touched,
            ..
        } = self.writer;
        edges.save(connection)?;
        touched.save(connection)?;
        Ok(())
    }

    pub(crate) fn connection(&self) -> &Connection {
        &self.writer.connection
    }

    /// Put an admitted item with its ledger line. The same bytes again: nothing changes.
    ///
    /// # Errors
    /// See [`WriteError`].
    pub fn admit(
        &mut self,
        admitted: &Admitted,
        attribution: &Attribution,
        source: &str,
        line: &LedgerLine,
    ) -> Result<Added, WriteError> {
        let marked = admitted.marked();
        if let Some(seq) = self.seq_of(&marked.hash())? {
            return Ok(Added { seq, fresh: false });
        }
        let placement = Placement {
            attribution: Some(attribution),
            source,
            at: line.at,
            state: ItemState::Admitted,
            reasons: String::new(),
            line: self.append(line)?,
        };
        let seq = self.insert(marked, &placement)?;
        self.index_text(seq, marked)?;
        self.settle_versions(&marked.valid().head().id)?;
        Ok(Added { seq, fresh: true })
    }

    /// Put a held item with its ledger line and reasons. The same bytes again: nothing changes.
    ///
    /// # Errors
    /// See [`WriteError`].
    pub fn hold(
        &mut self,
        held: &Held,
        attribution: Option<&Attribution>,
        source: &str,
        line: &LedgerLine,
    ) -> Result<Added, WriteError> {
        let marked = held.marked();
        if let Some(seq) = self.seq_of(&marked.hash())? {
            return Ok(Added { seq, fresh: false });
        }
        let codes: Vec<&str> = held.reasons().iter().map(|reason| reason.code()).collect();
        let placement = Placement {
            attribution,
            source,
            at: line.at,
            state: ItemState::Held,
            reasons: codes.join(" "),
            line: self.append(line)?,
        };
        let seq = self.insert(marked, &placement)?;
        Ok(Added { seq, fresh: true })
    }

    fn insert(&mut self, marked: &Marked, placement: &Placement<'_>) -> Result<u64, WriteError> {
        let valid = marked.valid();
        let head = valid.head();
        let label = label_text(&marked.highest());
        let kind = self.word(head.id.kind())?;
        let label = self.word(&label)?;
        let source = self.word(placement.source)?;
        let signed = self.signed(placement.attribution)?;
        self.connection()
            .prepare_cached(
                "INSERT INTO item (hash, hash_key, id, id_key, kind, modified, title, state,
                   superseded, label, role, node, key, assigned, signature, source, at, ledger,
                   reasons, canonical, received)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, 0, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16,
                   ?17, ?18, ?19, ?20)",
            )?
            .execute(params![
                valid.hash().bytes(),
                hash_key(&valid.hash()),
                head.id.as_str(),
                id_key(&head.id),
                kind,
                head.modified.micros(),
                head.title,
                placement.state.code(),
                label,
                signed.role,
                signed.node,
                signed.key,
                signed.assigned,
                signed.signature,
                source,
                placement.at.micros(),
                placement.line.cast_signed(),
                placement.reasons,
                valid.canonical(),
                valid.received(),
            ])?;
        Ok(self.connection().last_insert_rowid().cast_unsigned())
    }

    /// The columns that say who answers for an item.
    fn signed(&mut self, by: Option<&Attribution>) -> Result<Signed, WriteError> {
        let Some(by) = by else {
            return Ok(Signed::default());
        };
        let listed: Vec<&str> = by.assigned.iter().map(StixId::as_str).collect();
        Ok(Signed {
            role: Some(i64::from(by.role.byte())),
            node: Some(self.word(&by.node.to_string())?),
            key: Some(self.word(&by.key.to_string())?),
            assigned: Some(self.word(&listed.join(" "))?),
            signature: Some(by.signature),
        })
    }

    fn index_text(&self, seq: u64, marked: &Marked) -> Result<(), WriteError> {
        self.connection()
            .prepare_cached("INSERT INTO item_text (rowid, text) VALUES (?1, ?2)")?
            .execute(params![
                seq.cast_signed(),
                text::of_object(marked.valid().object())
            ])?;
        Ok(())
    }

    fn unindex_text(&self, seq: u64, canonical: &[u8]) -> Result<(), WriteError> {
        let words = words(canonical)
            .ok_or_else(|| WriteError::Damaged(format!("item {seq} is not readable")))?;
        self.connection()
            .prepare_cached(
                "INSERT INTO item_text (item_text, rowid, text) VALUES ('delete', ?1, ?2)",
            )?
            .execute(params![seq.cast_signed(), words])?;
        Ok(())
    }

    /// A held item is admitted after all, or one that is there is answered for by another, who
    /// replaces who answered before.
    ///
    /// # Errors
    /// The item is neither held nor admitted any more; or see [`WriteError`].
    pub fn readmit(
        &mut self,
        stored: &StoredItem,
        admitted: &Admitted,
        by: Option<(&Attribution, &str)>,
    ) -> Result<(), WriteError> {
        let marked = admitted.marked();
        let label = self.word(&label_text(&marked.highest()))?;
        let seq = stored.seq.cast_signed();
        let changed = self
            .connection()
            .prepare_cached(
                "UPDATE item SET state = 0, reasons = '', label = ?3
                 WHERE seq = ?1 AND state IN (0, 1) AND hash = ?2",
            )?
            .execute(params![seq, marked.hash().bytes(), label])?;
        if changed != 1 {
            return Err(WriteError::Refused(
                "only the held item itself can be admitted",
            ));
        }
        if let Some((by, source)) = by {
            let signed = self.signed(Some(by))?;
            let source = self.word(source)?;
            self.connection()
                .prepare_cached(
                    "UPDATE item SET role = ?2, node = ?3, key = ?4, assigned = ?5,
                       signature = ?6, source = ?7 WHERE seq = ?1",
                )?
                .execute(params![
                    seq,
                    signed.role,
                    signed.node,
                    signed.key,
                    signed.assigned,
                    signed.signature,
                    source
                ])?;
        }
        if stored.state == ItemState::Held {
            self.index_text(stored.seq, marked)?;
        }
        self.settle_versions(&marked.valid().head().id)
    }

    /// Hide an item; its bytes stay. `false`: there is no such item, or it is gone already.
    ///
    /// # Errors
    /// See [`WriteError`].
    pub fn withdraw(&mut self, hash: &ItemHash) -> Result<bool, WriteError> {
        self.take_away(hash, ItemState::Withdrawn)
    }

    /// Erase an item: bytes, received bytes, title, full text. The row stays as a tombstone. Call
    /// [`crate::Store::scrub`] after the transaction.
    ///
    /// # Errors
    /// See [`WriteError`].
    pub fn destroy(&mut self, hash: &ItemHash) -> Result<bool, WriteError> {
        self.take_away(hash, ItemState::Destroyed)
    }

    fn take_away(&mut self, hash: &ItemHash, state: ItemState) -> Result<bool, WriteError> {
        let Some(stored) = self.item(hash)? else {
            return Ok(false);
        };
        if matches!(stored.state, ItemState::Destroyed) || stored.state == state {
            return Ok(false);
        }
        self.writer.weighs = true;
        self.note_taken_back(&stored)?;
        let seq = stored.seq.cast_signed();
        if let (ItemState::Admitted, Some(bytes)) = (stored.state, &stored.canonical) {
            self.unindex_text(stored.seq, bytes)?;
        }
        let erase = state == ItemState::Destroyed;
        self.writer.erases |= erase;
        self.connection()
            .prepare_cached(if erase {
                "UPDATE item SET state = ?2, title = '', canonical = NULL, received = NULL,
                   superseded = 0 WHERE seq = ?1"
            } else {
                "UPDATE item SET state = ?2, superseded = 0 WHERE seq = ?1"
            })?
            .execute(params![seq, state.code()])?;
        self.settle_versions(&stored.id)?;
        Ok(true)
    }

    /// Add a line to the ledger; its number.
    ///
    /// # Errors
    /// The line is longer than [`LINE_BYTES_MAX`] or does not read back: in the ledger for ever, it
    /// would stop whoever lists, verifies or exports it. Or see [`WriteError`].
    pub fn append(&mut self, line: &LedgerLine) -> Result<u64, WriteError> {
        let leaf = line.to_bytes();
        if leaf.len() > LINE_BYTES_MAX {
            return Err(WriteError::Refused("a ledger line is longer than 60 kB"));
        }
        if !line.reads_back(&leaf) {
            return Err(WriteError::Refused("a ledger line does not read back"));
        }
        let number = self.append_hash(LEDGER, leaf_hash(&leaf))?;
        self.connection()
            .prepare_cached("INSERT INTO ledger (idx, leaf) VALUES (?1, ?2)")?
            .execute(params![number.cast_signed(), leaf])?;
        Ok(number)
    }

    pub(crate) fn append_hash(&mut self, log: LogId, leaf: Hash) -> Result<u64, WriteError> {
        let Writer {
            connection, edges, ..
        } = &mut *self.writer;
        edges.append(connection, log, leaf)
    }

    /// The item of that name, whatever its state.
    ///
    /// # Errors
    /// See [`WriteError`].
    pub fn item(&self, hash: &ItemHash) -> Result<Option<StoredItem>, WriteError> {
        Ok(read::item(self.connection(), hash)?)
    }

    /// The position of an item.
    ///
    /// # Errors
    /// See [`WriteError`].
    pub fn seq_of(&self, hash: &ItemHash) -> Result<Option<u64>, WriteError> {
        Ok(read::seq_of(self.connection(), hash)?)
    }

    /// Where the item of that name stands, if it is here.
    ///
    /// # Errors
    /// See [`WriteError`].
    pub fn state(&self, hash: &ItemHash) -> Result<Option<ItemState>, WriteError> {
        Ok(read::state(self.connection(), hash)?)
    }

    /// Put a small record.
    ///
    /// # Errors
    /// See [`WriteError`].
    pub fn put(&mut self, kind: RecordKind, key: &[u8], value: &[u8]) -> Result<(), WriteError> {
        self.writer.weighs |= kind.weighs();
        self.connection()
            .prepare_cached("INSERT OR REPLACE INTO record (kind, key, value) VALUES (?1, ?2, ?3)")?
            .execute(params![kind.code(), key, value])?;
        Ok(())
    }

    /// Take a small record away.
    ///
    /// # Errors
    /// See [`WriteError`].
    pub fn delete(&mut self, kind: RecordKind, key: &[u8]) -> Result<(), WriteError> {
        self.writer.weighs |= kind.weighs();
        self.connection()
            .prepare_cached("DELETE FROM record WHERE kind = ?1 AND key = ?2")?
            .execute(params![kind.code(), key])?;
        Ok(())
    }

    /// Read a small record as it stands in this transaction.
    ///
    /// # Errors
    /// See [`WriteError`].
    pub fn get(&self, kind: RecordKind, key: &[u8]) -> Result<Option<Vec<u8>>, WriteError> {
        Ok(read::record(self.connection(), kind, key)?)
    }

    /// Every small record of a kind as it stands in this transaction, in key order. For kinds of
    /// which there are few.
    ///
    /// # Errors
    /// See [`WriteError`].
    pub fn records(&self, kind: RecordKind) -> Result<Vec<read::KeyValue>, WriteError> {
        Ok(read::records(self.connection(), kind)?)
    }

    /// Every record of a kind whose key begins so, as they stand in this transaction.
    ///
    /// # Errors
    /// See [`WriteError`].
    pub fn records_under(
        &self,
        kind: RecordKind,
        beginning: &[u8],
    ) -> Result<Vec<KeyValue>, WriteError> {
        Ok(read::records_under(self.connection(), kind, beginning)?)
    }

    /// Keep a signed checkpoint of the ledger.
    ///
    /// # Errors
    /// One that is kept of the same size states another root; or see [`WriteError`].
    pub fn checkpoint_put(&mut self, size: u64, note: &str) -> Result<(), WriteError> {
        self.put_checkpoint(LEDGER, size, note)
    }

    pub(crate) fn checkpoint_at(
        &self,
        log: LogId,
        size: u64,
    ) -> Result<Option<String>, WriteError> {
        let known = self
            .connection()
            .prepare_cached("SELECT note FROM checkpoint WHERE log = ?1 AND size = ?2")?
            .query_row(params![log, size.cast_signed()], |row| row.get(0))
            .optional()?;
        Ok(known)
    }

    pub(crate) fn put_checkpoint(
        &mut self,
        log: LogId,
        size: u64,
        note: &str,
    ) -> Result<(), WriteError> {
        let known = self.checkpoint_at(log, size)?;
        let root = |note: &str| Checkpoint::unverified(note).ok().map(|said| said.root);
        if known.is_some_and(|known| root(&known) != root(note)) {
            // What was once signed is the evidence: nothing takes its place.
            let what = format!("two checkpoints of size {size} state different roots");
            return Err(WriteError::Damaged(what));
        }
        self.connection()
            .prepare_cached(
                "INSERT OR REPLACE INTO checkpoint (log, size, note) VALUES (?1, ?2, ?3)",
            )?
            .execute(params![log, size.cast_signed(), note])?;
        Ok(())
    }

    /// The number of an interned text.
    pub(crate) fn word(&mut self, text: &str) -> Result<i64, WriteError> {
        if let Some(id) = self.writer.words.get(text) {
            return Ok(*id);
        }
        let connection = &self.writer.connection;
        let known: Option<i64> = connection
            .prepare_cached("SELECT id FROM word WHERE text = ?1")?
            .query_row([text], |row| row.get(0))
            .optional()?;
        let id = match known {
            Some(id) => id,
            None => {
                connection
                    .prepare_cached("INSERT INTO word (text) VALUES (?1)")?
                    .execute([text])?;
                connection.last_insert_rowid()
            }
        };
        // Few different texts occur; a peer that made many would only cost lookups.
        if self.writer.words.len() < 10_000 {
            self.writer.words.insert(text.to_owned(), id);
        }
        Ok(id)
    }
}

/// Caps for what this store wrote itself: as wide as configuration allows.
pub(crate) const STORED: noroshi_model::Limits = noroshi_model::Limits {
    object_bytes_max: 8_000_000,
    depth_max: 128,
    values_max: 1_000_000,
    string_bytes_max: 8_000_000,
    objects_max: usize::MAX,
};

pub(crate) fn label_text(label: &Label) -> String {
    let bytes = Value::Object(label.to_object()).canonical();
    String::from_utf8_lossy(&bytes).into_owned()
}

pub(crate) fn hash_key(hash: &ItemHash) -> i64 {
    first_eight(&hash.0)
}

pub(crate) fn id_key(id: &StixId) -> i64 {
    first_eight(&Digest::of(id.as_str().as_bytes()))
}

pub(crate) fn first_eight(digest: &Digest) -> i64 {
    let mut eight = [0; 8];
    eight.copy_from_slice(&digest.0[..8]);
    i64::from_be_bytes(eight)
}
