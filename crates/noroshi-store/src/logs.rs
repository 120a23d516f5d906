//! Partners' logs: what was released to each, what each acknowledged and stated, and the mirror of
//! what each says it released to this node.

use std::collections::{BTreeMap, BTreeSet};

use noroshi_model::ids::ActId;
use noroshi_model::link::{EntryKind, Fate, LogLeaf, Precedence};
use noroshi_model::{Digest, ItemHash, NodeId, Timestamp};
use noroshi_seal::merkle::{Frontier, Hash, leaf_hash, root_at};
use rusqlite::{Connection, OptionalExtension, Row, params};

use crate::error::{ReadError, WriteError};
use crate::merkle::{Growing, LogId, in_log, out_log, read_edge};
use crate::read::{Reader, seq_of};
use crate::rows::{LogEntry, LogPayload};
use crate::sums::{self, ENTRY_IS_WHOLE};
use crate::write::Tx;

/// An entry of a mirror: its number, its leaf where its bytes came, its leaf hash.
pub type MirrorEntry = (u64, Option<Vec<u8>>, Hash);

/// The columns of an entry, in the order [`entry_of`] reads them; then whether its row is whole.
const ENTRY: &str = "o.leaf, o.kind, o.delivered, o.void, o.fate, o.fate_at, o.item, o.rendition,
  o.act, o.reduced, o.payload, i.hash, o.sent, o.lost, o.leaf_hash";

impl Tx<'_> {
    pub(crate) fn peer_number(&mut self, node: &NodeId) -> Result<i64, WriteError> {
        if let Some(id) = peer_number(self.connection(), node)? {
            return Ok(id);
        }
        self.connection()
            .prepare_cached("INSERT INTO peer (node) VALUES (?1)")?
            .execute([node.bytes()])?;
        Ok(self.connection().last_insert_rowid())
    }

    /// How many entries a partner's log has.
    ///
    /// # Errors
    /// See [`WriteError`].
    pub fn log_size(&mut self, node: &NodeId) -> Result<u64, WriteError> {
        let log = out_log(self.peer_number(node)?);
        let writer = &mut *self.writer;
        Ok(writer.edges.edge(&writer.connection, log)?.frontier.size())
    }

    /// The root over a partner's log as it stands in this transaction.
    ///
    /// # Errors
    /// See [`WriteError`].
    pub fn log_root(&mut self, node: &NodeId) -> Result<Hash, WriteError> {
        let log = out_log(self.peer_number(node)?);
        let writer = &mut *self.writer;
        Ok(writer.edges.edge(&writer.connection, log)?.frontier.root())
    }

    /// Add an entry to a partner's log. Its number must be the log's next.
    ///
    /// # Errors
    /// A number out of order, or see [`WriteError`].
    pub fn log_append(
        &mut self,
        node: &NodeId,
        leaf: &LogLeaf,
        payload: &LogPayload,
    ) -> Result<(), WriteError> {
        let peer = self.peer_number(node)?;
        let bytes = leaf.to_bytes();
        let number = self.append_hash(out_log(peer), leaf_hash(&bytes))?;
        if number != leaf.number {
            return Err(WriteError::Refused(
                "a log entry's number is not the log's next",
            ));
        }
        let (about, act, reduced, body) = match payload {
            LogPayload::Item {
                seq,
                rendition,
                act,
                reduced,
            } => (Some((*seq, *rendition)), *act, *reduced, None),
            LogPayload::Recall {
                seq,
                rendition,
                bytes,
            } => (Some((*seq, *rendition)), None, false, Some(bytes)),
            LogPayload::Bytes(bytes) => (None, None, false, Some(bytes)),
            LogPayload::Lost => {
                return Err(WriteError::Refused("what is lost is not added anew"));
            }
        };
        self.connection()
            .prepare_cached(
                "INSERT INTO log_out (peer, n, kind, precedence, delivered, void, sent, item,
                   rendition, reduced, act, leaf, payload)
                 VALUES (?1, ?2, ?3, ?4, 0, 0, 0, ?5, ?6, ?7, ?8, ?9, ?10)",
            )?
            .execute(params![
                peer,
                number.cast_signed(),
                leaf.kind.byte(),
                leaf.precedence.rank(),
                about.map(|(seq, _)| seq.cast_signed()),
                about.map(|(_, rendition)| *rendition.bytes()),
                reduced,
                act.map(|act| *act.bytes()),
                bytes,
                body,
            ])?;
        if let (EntryKind::Release, LogPayload::Item { seq, reduced, .. }) = (leaf.kind, payload) {
            self.show(peer, leaf, *seq, *reduced)?;
        }
        Ok(())
    }

    /// Put back the place of an entry that was lost with the node: by its leaf, or by the leaf's
    /// hash alone. What the partner has is delivered; what it does not have is void. A release of
    /// an item that is here is known again as one, so that a recall of the item reaches it.
    ///
    /// # Errors
    /// A number out of order, or see [`WriteError`].
    pub fn log_append_lost(
        &mut self,
        node: &NodeId,
        leaf: Result<&LogLeaf, Hash>,
        is_held: bool,
    ) -> Result<(), WriteError> {
        let peer = self.peer_number(node)?;
        let bytes = leaf.map(LogLeaf::to_bytes);
        let hash = bytes
            .as_ref()
            .map_or_else(|hash| *hash, |bytes| leaf_hash(bytes));
        let number = self.append_hash(out_log(peer), hash)?;
        let (leaf, noted) = match leaf {
            Ok(leaf) => (leaf.clone(), None),
            Err(hash) => (stand_in(number), Some(hash)),
        };
        if leaf.number != number {
            return Err(WriteError::Refused(
                "a log entry's number is not the log's next",
            ));
        }
        let released = leaf.kind == EntryKind::Release && is_held && noted.is_none();
        let item = if released {
            self.seq_of(&ItemHash(leaf.digest))?
        } else {
            None
        };
        self.connection()
            .prepare_cached(
                "INSERT INTO log_out (peer, n, kind, precedence, delivered, void, item, rendition,
                   reduced, act, leaf, payload, lost, leaf_hash)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, 0, NULL, ?9, NULL, 1, ?10)",
            )?
            .execute(params![
                peer,
                number.cast_signed(),
                leaf.kind.byte(),
                leaf.precedence.rank(),
                is_held,
                !is_held || noted.is_some(),
                item.map(u64::cast_signed),
                item.map(|_| leaf.digest.0),
                leaf.to_bytes(),
                noted,
            ])?;
        Ok(())
    }

    /// Everything from a number on is to be delivered again: the partner has lost it. How many.
    ///
    /// # Errors
    /// See [`WriteError`].
    pub fn log_redeliver(&mut self, node: &NodeId, from: u64) -> Result<u64, WriteError> {
        let peer = self.peer_number(node)?;
        let changed = self
            .connection()
            .prepare_cached(
                "UPDATE log_out SET delivered = 0 WHERE peer = ?1 AND n >= ?2 AND delivered = 1",
            )?
            .execute(params![peer, bounded(from)])?;
        Ok(changed as u64)
    }

    /// Entries the partner has acknowledged, as ranges with both ends.
    ///
    /// # Errors
    /// See [`WriteError`].
    pub fn log_delivered(
        &mut self,
        node: &NodeId,
        ranges: &[(u64, u64)],
    ) -> Result<u64, WriteError> {
        let peer = self.peer_number(node)?;
        let mut changed = 0;
        for (from, to) in ranges {
            changed += self
                .connection()
                .prepare_cached(
                    "UPDATE log_out INDEXED BY log_out_undelivered SET delivered = 1
                     WHERE peer = ?1 AND n BETWEEN ?2 AND ?3 AND delivered = 0",
                )?
                .execute(params![peer, bounded(*from), bounded(*to)])?;
        }
        Ok(changed as u64)
    }

    /// These entries are framed now, and may arrive from here on. What was voided since it was
    /// read is returned: it must not leave.
    ///
    /// # Errors
    /// See [`WriteError`].
    pub fn log_sent(&mut self, node: &NodeId, numbers: &[u64]) -> Result<Vec<u64>, WriteError> {
        let peer = self.peer_number(node)?;
        let mut statement = self.connection().prepare_cached(
            "UPDATE log_out SET sent = 1 WHERE peer = ?1 AND n = ?2 AND void = 0",
        )?;
        let mut voided = Vec::new();
        for number in numbers {
            if statement.execute(params![peer, bounded(*number)])? == 0 {
                voided.push(*number);
            }
        }
        Ok(voided)
    }

    /// Was the entry ever framed for the partner?
    ///
    /// # Errors
    /// See [`WriteError`].
    pub fn log_was_sent(&mut self, node: &NodeId, number: u64) -> Result<bool, WriteError> {
        let peer = self.peer_number(node)?;
        let sent: Option<bool> = self
            .connection()
            .prepare_cached("SELECT sent FROM log_out WHERE peer = ?1 AND n = ?2")?
            .query_row(params![peer, bounded(number)], |row| row.get(0))
            .optional()?;
        Ok(sent.unwrap_or(false))
    }

    /// Has the partner acknowledged the entry?
    ///
    /// # Errors
    /// See [`WriteError`].
    pub fn log_is_delivered(&mut self, node: &NodeId, number: u64) -> Result<bool, WriteError> {
        let peer = self.peer_number(node)?;
        let delivered: Option<bool> = self
            .connection()
            .prepare_cached("SELECT delivered FROM log_out WHERE peer = ?1 AND n = ?2")?
            .query_row(params![peer, bounded(number)], |row| row.get(0))
            .optional()?;
        Ok(delivered.unwrap_or(false))
    }

    /// Void an entry: its content never leaves any more; its number and leaf hash stay in the log.
    ///
    /// # Errors
    /// See [`WriteError`].
    pub fn log_void(&mut self, node: &NodeId, number: u64) -> Result<(), WriteError> {
        self.writer.weighs = true;
        let peer = self.peer_number(node)?;
        self.connection()
            .prepare_cached("UPDATE log_out SET void = 1 WHERE peer = ?1 AND n = ?2")?
            .execute(params![peer, bounded(number)])?;
        self.hide(peer, number)
    }

    /// The digest an entry's leaf names. Also of a voided one: what was voided after a first try
    /// may have arrived with it, and the partner's receipt for it is true.
    ///
    /// # Errors
    /// See [`WriteError`].
    pub fn log_digest(&mut self, node: &NodeId, number: u64) -> Result<Option<Digest>, WriteError> {
        let peer = self.peer_number(node)?;
        let leaf: Option<Vec<u8>> = self
            .connection()
            .prepare_cached("SELECT leaf FROM log_out WHERE peer = ?1 AND n = ?2")?
            .query_row(params![peer, bounded(number)], |row| row.get(0))
            .optional()?;
        leaf.map(|leaf| leaf_of(&leaf).map(|leaf| leaf.digest))
            .transpose()
            .map_err(Into::into)
    }

    /// Every entry about an item in every partner's log, as it stands in this transaction.
    ///
    /// # Errors
    /// See [`WriteError`].
    pub fn holders(&self, item: &ItemHash) -> Result<Vec<(NodeId, LogEntry)>, WriteError> {
        Ok(holders(self.connection(), item)?)
    }

    /// The partner's statement on an entry. `replaces`: it is later in the partner's log than any
    /// other statement on it; else it counts only where there is none. Clocks have no part in it.
    ///
    /// # Errors
    /// See [`WriteError`].
    pub fn log_fate(
        &mut self,
        node: &NodeId,
        number: u64,
        (fate, at): (Fate, Timestamp),
        replaces: bool,
    ) -> Result<(), WriteError> {
        let peer = self.peer_number(node)?;
        self.connection()
            .prepare_cached(
                "UPDATE log_out SET fate = ?3, fate_at = ?4
                 WHERE peer = ?1 AND n = ?2 AND (fate IS NULL OR ?5)",
            )?
            .execute(params![
                peer,
                bounded(number),
                fate_code(fate),
                at.micros(),
                replaces
            ])?;
        Ok(())
    }

    /// Leaves of the partner's own log that came from behind a number, in order, where their bytes
    /// did.
    ///
    /// # Errors
    /// See [`WriteError`].
    pub fn mirror_behind(
        &mut self,
        node: &NodeId,
        number: u64,
        limit: u32,
    ) -> Result<Vec<LogLeaf>, WriteError> {
        let peer = self.peer_number(node)?;
        let mut statement = self.connection().prepare_cached(
            "SELECT leaf FROM log_in WHERE peer = ?1 AND n > ?2 AND leaf IS NOT NULL
             ORDER BY n LIMIT ?3",
        )?;
        let rows = statement.query_map(params![peer, bounded(number), limit], |row| {
            row.get::<_, Vec<u8>>(0)
        })?;
        let leaves = rows.collect::<Result<Vec<_>, _>>()?;
        let read = leaves.iter().map(|leaf| leaf_of(leaf));
        Ok(read.collect::<Result<_, _>>()?)
    }

    /// The root of a partner's log when it had that size; none where it never came so far.
    ///
    /// # Errors
    /// See [`WriteError`].
    pub fn log_root_at(&mut self, node: &NodeId, size: u64) -> Result<Option<Hash>, WriteError> {
        let log = out_log(self.peer_number(node)?);
        self.root_at(log, size)
    }

    fn root_at(&mut self, log: LogId, size: u64) -> Result<Option<Hash>, WriteError> {
        let writer = &mut *self.writer;
        let edge = writer.edges.edge(&writer.connection, log)?.clone();
        if size > edge.frontier.size() {
            return Ok(None);
        }
        let tiles = Growing {
            connection: &writer.connection,
            log,
            edge: &edge,
        };
        root_at(&tiles, size)
            .map(Some)
            .map_err(|error| WriteError::Damaged(error.to_string()))
    }

    /// Keep a checkpoint of a partner's log that this node signed and the partner cosigned. Of the
    /// earlier ones few are kept: each says less than a later one, which commits to all before.
    ///
    /// # Errors
    /// See [`WriteError`].
    pub fn log_checkpoint_put(
        &mut self,
        node: &NodeId,
        size: u64,
        note: &str,
    ) -> Result<(), WriteError> {
        let log = out_log(self.peer_number(node)?);
        self.put_checkpoint(log, size, note)?;
        self.thin_checkpoints(log, size)
    }

    /// An entry of the partner's own log arrived. `false`: it was there with the same leaf hash.
    ///
    /// # Errors
    /// [`WriteError::Refused`] when the number is taken by another leaf: the partner says two
    /// things. Or see [`WriteError`].
    pub fn mirror_put(
        &mut self,
        node: &NodeId,
        number: u64,
        leaf: Result<&[u8], Hash>,
        fate: Option<Fate>,
    ) -> Result<bool, WriteError> {
        let peer = self.peer_number(node)?;
        let hash = leaf.map_or_else(|hash| hash, leaf_hash);
        if let Some(known) = self.mirror_hash(node, number)? {
            return if known == hash {
                Ok(false)
            } else {
                Err(WriteError::Refused(
                    "the partner gave one number to two entries",
                ))
            };
        }
        self.connection()
            .prepare_cached(
                "INSERT INTO log_in (peer, n, leaf_hash, leaf, fate) VALUES (?1, ?2, ?3, ?4, ?5)",
            )?
            .execute(params![
                peer,
                bounded(number),
                hash,
                leaf.ok(),
                fate.map(fate_code)
            ])?;
        self.grow_mirror(peer)?;
        Ok(true)
    }

    /// The leaf hash that the partner's own log has under that number, as mirrored here.
    ///
    /// # Errors
    /// See [`WriteError`].
    pub fn mirror_hash(&mut self, node: &NodeId, number: u64) -> Result<Option<Hash>, WriteError> {
        let peer = self.peer_number(node)?;
        let known = self
            .connection()
            .prepare_cached("SELECT leaf_hash FROM log_in WHERE peer = ?1 AND n = ?2")?
            .query_row(params![peer, bounded(number)], |row| row.get(0))
            .optional()?;
        Ok(known)
    }

    /// Take into the mirror's tree what now follows without a gap.
    fn grow_mirror(&mut self, peer: i64) -> Result<(), WriteError> {
        loop {
            let writer = &mut *self.writer;
            let next = writer
                .edges
                .edge(&writer.connection, in_log(peer))?
                .frontier
                .size();
            let hash: Option<Vec<u8>> = self
                .connection()
                .prepare_cached("SELECT leaf_hash FROM log_in WHERE peer = ?1 AND n = ?2")?
                .query_row(params![peer, bounded(next)], |row| row.get(0))
                .optional()?;
            let Some(hash) = hash else { return Ok(()) };
            let hash: Hash = hash
                .try_into()
                .map_err(|_| WriteError::Damaged(format!("mirror entry {next}")))?;
            self.append_hash(in_log(peer), hash)?;
        }
    }

    /// Size and root of the mirror, as far as it has no gap.
    ///
    /// # Errors
    /// See [`WriteError`].
    pub fn mirror_root(&mut self, node: &NodeId) -> Result<(u64, Hash), WriteError> {
        let log = in_log(self.peer_number(node)?);
        let writer = &mut *self.writer;
        let frontier = &writer.edges.edge(&writer.connection, log)?.frontier;
        Ok((frontier.size(), frontier.root()))
    }

    /// The root of the mirror when it had that size; none where it never came so far.
    ///
    /// # Errors
    /// See [`WriteError`].
    pub fn mirror_root_at(&mut self, node: &NodeId, size: u64) -> Result<Option<Hash>, WriteError> {
        let log = in_log(self.peer_number(node)?);
        self.root_at(log, size)
    }

    /// The checkpoint kept of the mirror at that size.
    ///
    /// # Errors
    /// See [`WriteError`].
    pub fn mirror_checkpoint(
        &mut self,
        node: &NodeId,
        size: u64,
    ) -> Result<Option<String>, WriteError> {
        let log = in_log(self.peer_number(node)?);
        self.checkpoint_at(log, size)
    }

    /// Keep a checkpoint that the partner signed and the mirror agrees with, and few earlier ones.
    ///
    /// # Errors
    /// See [`WriteError`].
    pub fn mirror_checkpoint_put(
        &mut self,
        node: &NodeId,
        size: u64,
        note: &str,
    ) -> Result<(), WriteError> {
        let log = in_log(self.peer_number(node)?);
        self.put_checkpoint(log, size, note)?;
        self.thin_checkpoints(log, size)
    }

    /// Between half of this size and this size no other checkpoint stays: there is one with every
    /// exchange, and the store must not grow with them.
    fn thin_checkpoints(&self, log: LogId, size: u64) -> Result<(), WriteError> {
        self.connection()
            .prepare_cached("DELETE FROM checkpoint WHERE log = ?1 AND size > ?2 AND size < ?3")?
            .execute(params![log, bounded(size / 2), bounded(size)])?;
        Ok(())
    }
}

impl Reader<'_> {
    /// Entries of a partner's log from a number on.
    ///
    /// # Errors
    /// See [`ReadError`].
    pub fn log_entries(
        &self,
        node: &NodeId,
        from: u64,
        limit: u32,
    ) -> Result<Vec<LogEntry>, ReadError> {
        self.entries(node, "", "o.n >= ?2 ORDER BY o.n", from, limit)
    }

    /// Releases and recalls from a number on that the partner has made no statement on. The cost
    /// does not grow with the log.
    ///
    /// # Errors
    /// See [`ReadError`].
    pub fn log_unanswered(
        &self,
        node: &NodeId,
        from: u64,
        limit: u32,
    ) -> Result<Vec<LogEntry>, ReadError> {
        self.entries(
            node,
            "INDEXED BY log_out_unanswered",
            "o.fate IS NULL AND o.void = 0 AND o.item IS NOT NULL AND o.n >= ?2 ORDER BY o.n",
            from,
            limit,
        )
    }

    fn entries(
        &self,
        node: &NodeId,
        by: &str,
        rest: &str,
        from: u64,
        limit: u32,
    ) -> Result<Vec<LogEntry>, ReadError> {
        let Some(peer) = peer_number(self.connection(), node)? else {
            return Ok(Vec::new());
        };
        let sql = format!(
            "SELECT {ENTRY}, {ENTRY_IS_WHOLE} FROM log_out o {by} LEFT JOIN item i ON i.seq = o.item
             WHERE o.peer = ?1 AND {rest} LIMIT ?3"
        );
        let mut statement = self.connection().prepare_cached(&sql)?;
        let mut rows = statement.query(params![peer, bounded(from), limit])?;
        let mut entries = Vec::new();
        while let Some(row) = rows.next()? {
            entries.push(entry_of(row)?);
        }
        Ok(entries)
    }

    /// Numbers and precedences of what is not acknowledged yet, by precedence, then number; with
    /// or without receipts, which wait while something erased is not gone from every file.
    ///
    /// # Errors
    /// See [`ReadError`].
    pub fn log_waiting_numbers(
        &self,
        node: &NodeId,
        limit: u32,
        receipts: bool,
    ) -> Result<Vec<(u64, u8)>, ReadError> {
        let Some(peer) = peer_number(self.connection(), node)? else {
            return Ok(Vec::new());
        };
        let but = if receipts {
            String::new()
        } else {
            format!("AND kind <> {}", EntryKind::Receipt.byte())
        };
        let mut statement = self.connection().prepare_cached(&format!(
            "SELECT n, precedence FROM log_out INDEXED BY log_out_waiting
             WHERE peer = ?1 AND delivered = 0 {but} ORDER BY precedence, n LIMIT ?2"
        ))?;
        let rows = statement.query_map(params![peer, limit], |row| {
            Ok((row.get::<_, i64>(0)?.cast_unsigned(), row.get(1)?))
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// How many entries wait for a partner.
    ///
    /// # Errors
    /// See [`ReadError`].
    pub fn log_waiting(&self, node: &NodeId) -> Result<u64, ReadError> {
        let Some(peer) = peer_number(self.connection(), node)? else {
            return Ok(0);
        };
        let count: i64 = self
            .connection()
            .prepare_cached("SELECT count(*) FROM log_out WHERE peer = ?1 AND delivered = 0")?
            .query_row([peer], |row| row.get(0))?;
        Ok(count.cast_unsigned())
    }

    /// One entry.
    ///
    /// # Errors
    /// See [`ReadError`].
    pub fn log_entry(&self, node: &NodeId, number: u64) -> Result<Option<LogEntry>, ReadError> {
        let found = self.entries(node, "", "o.n = ?2", number, 1)?;
        Ok(found.into_iter().next())
    }

    /// What the leaf of an entry names, and the partner's last statement on it.
    ///
    /// # Errors
    /// See [`ReadError`].
    pub fn log_stated(
        &self,
        node: &NodeId,
        number: u64,
    ) -> Result<Option<(Digest, Option<Fate>)>, ReadError> {
        let Some(peer) = peer_number(self.connection(), node)? else {
            return Ok(None);
        };
        let found: Option<(Vec<u8>, Option<i64>)> = self
            .connection()
            .prepare_cached("SELECT leaf, fate FROM log_out WHERE peer = ?1 AND n = ?2")?
            .query_row(params![peer, bounded(number)], |row| {
                Ok((row.get(0)?, row.get(1)?))
            })
            .optional()?;
        found
            .map(|(leaf, fate)| Ok((leaf_of(&leaf)?.digest, fate.and_then(fate_from))))
            .transpose()
    }

    /// Was this very rendition of the item released to the partner, and not recalled or voided?
    /// What the partner holds apart or refused may be sent again: it is then judged again.
    ///
    /// # Errors
    /// See [`ReadError`].
    pub fn was_released(
        &self,
        node: &NodeId,
        item: &ItemHash,
        rendition: &ItemHash,
    ) -> Result<bool, ReadError> {
        let entries = self.holders(item)?;
        let last = entries
            .iter()
            .filter(|(to, entry)| {
                to == node && entry.rendition() == Some(*rendition) && !entry.void
            })
            .max_by_key(|(_, entry)| entry.leaf.number);
        Ok(last.is_some_and(|(_, entry)| {
            entry.leaf.kind == EntryKind::Release
                && !matches!(entry.fate, Some(Fate::Held | Fate::Refused))
        }))
    }

    /// Every entry about an item in every partner's log, releases and recalls.
    ///
    /// # Errors
    /// See [`ReadError`].
    pub fn holders(&self, item: &ItemHash) -> Result<Vec<(NodeId, LogEntry)>, ReadError> {
        holders(self.connection(), item)
    }

    /// Size and root of a partner's log, here or as mirrored.
    ///
    /// # Errors
    /// See [`ReadError`].
    pub fn log_root(&self, node: &NodeId, mirror: bool) -> Result<(u64, Hash), ReadError> {
        let peer = peer_number(self.connection(), node)?.unwrap_or(-1);
        let log = if mirror { in_log(peer) } else { out_log(peer) };
        let edge = read_edge(self.connection(), log)
            .map_err(|error| ReadError::Damaged(error.to_string()))?;
        Ok((edge.frontier.size(), edge.frontier.root()))
    }

    /// The growing edge of a partner's log, here or as mirrored.
    ///
    /// # Errors
    /// See [`ReadError`].
    pub fn log_frontier(&self, node: &NodeId, mirror: bool) -> Result<Frontier, ReadError> {
        let peer = peer_number(self.connection(), node)?.unwrap_or(-1);
        let log = if mirror { in_log(peer) } else { out_log(peer) };
        read_edge(self.connection(), log)
            .map(|edge| edge.frontier)
            .map_err(|error| ReadError::Damaged(error.to_string()))
    }

    /// The first entry from a number on that the partner has acknowledged.
    ///
    /// # Errors
    /// See [`ReadError`].
    pub fn log_delivered_from(&self, node: &NodeId, from: u64) -> Result<Option<u64>, ReadError> {
        let Some(peer) = peer_number(self.connection(), node)? else {
            return Ok(None);
        };
        let found: Option<i64> = self
            .connection()
            .prepare_cached(
                "SELECT n FROM log_out WHERE peer = ?1 AND n >= ?2 AND delivered = 1 AND lost = 0
                 ORDER BY n LIMIT 1",
            )?
            .query_row(params![peer, bounded(from)], |row| row.get(0))
            .optional()?;
        Ok(found.map(i64::cast_unsigned))
    }

    /// Which items these renditions in a partner's log are of. One pass over the log.
    ///
    /// # Errors
    /// See [`ReadError`].
    pub fn items_of_renditions(
        &self,
        node: &NodeId,
        renditions: &BTreeSet<ItemHash>,
    ) -> Result<BTreeMap<ItemHash, ItemHash>, ReadError> {
        let mut found = BTreeMap::new();
        let Some(peer) = peer_number(self.connection(), node)? else {
            return Ok(found);
        };
        let mut statement = self.connection().prepare_cached(
            "SELECT o.rendition, i.hash FROM log_out o JOIN item i ON i.seq = o.item
             WHERE o.peer = ?1 AND o.rendition IS NOT NULL",
        )?;
        let mut rows = statement.query([peer])?;
        while let Some(row) = rows.next()? {
            let rendition = ItemHash::from_bytes(row.get(0)?);
            if renditions.contains(&rendition) {
                found.insert(rendition, ItemHash::from_bytes(row.get(1)?));
            }
        }
        Ok(found)
    }

    /// Entries of the partner's own log as mirrored here, from a number on: number, leaf where its
    /// bytes came, leaf hash. Also those behind a gap.
    ///
    /// # Errors
    /// See [`ReadError`].
    pub fn mirror_entries(
        &self,
        node: &NodeId,
        from: u64,
        limit: u32,
    ) -> Result<Vec<MirrorEntry>, ReadError> {
        let Some(peer) = peer_number(self.connection(), node)? else {
            return Ok(Vec::new());
        };
        let mut statement = self.connection().prepare_cached(
            "SELECT n, leaf, leaf_hash FROM log_in WHERE peer = ?1 AND n >= ?2
             ORDER BY n LIMIT ?3",
        )?;
        let rows = statement.query_map(params![peer, bounded(from), limit], |row| {
            Ok((
                row.get::<_, i64>(0)?.cast_unsigned(),
                row.get(1)?,
                row.get(2)?,
            ))
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The leaf of the partner's own log with that number, as mirrored here.
    ///
    /// # Errors
    /// See [`ReadError`].
    pub fn mirror_leaf(&self, node: &NodeId, number: u64) -> Result<Option<Vec<u8>>, ReadError> {
        let Some(peer) = peer_number(self.connection(), node)? else {
            return Ok(None);
        };
        let leaf: Option<Option<Vec<u8>>> = self
            .connection()
            .prepare_cached("SELECT leaf FROM log_in WHERE peer = ?1 AND n = ?2")?
            .query_row(params![peer, bounded(number)], |row| row.get(0))
            .optional()?;
        Ok(leaf.flatten())
    }

    /// The number in the partner's own log whose leaf names this digest.
    ///
    /// # Errors
    /// See [`ReadError`].
    pub fn mirror_find(&self, node: &NodeId, digest: &Digest) -> Result<Option<u64>, ReadError> {
        let Some(peer) = peer_number(self.connection(), node)? else {
            return Ok(None);
        };
        // Asked by a person for one proof: a scan of the partner's leaves is quick enough.
        let mut statement = self
            .connection()
            .prepare_cached("SELECT n, leaf FROM log_in WHERE peer = ?1 AND leaf IS NOT NULL")?;
        let mut rows = statement.query([peer])?;
        while let Some(row) = rows.next()? {
            let leaf: Vec<u8> = row.get(1)?;
            if leaf_of(&leaf)?.digest == *digest {
                return Ok(Some(row.get::<_, i64>(0)?.cast_unsigned()));
            }
        }
        Ok(None)
    }
}

/// What stands in a row for a leaf whose bytes are lost.
fn stand_in(number: u64) -> LogLeaf {
    LogLeaf {
        number,
        kind: EntryKind::Document,
        at: Timestamp::from_micros(0),
        precedence: Precedence::Routine,
        digest: Digest([0; 32]),
        salt: [0; 16],
    }
}

fn holders(connection: &Connection, item: &ItemHash) -> Result<Vec<(NodeId, LogEntry)>, ReadError> {
    let Some(seq) = seq_of(connection, item)? else {
        return Ok(Vec::new());
    };
    let sql = format!(
        "SELECT {ENTRY}, {ENTRY_IS_WHOLE}, p.node FROM log_out o JOIN item i ON i.seq = o.item
         JOIN peer p ON p.id = o.peer WHERE o.item = ?1 ORDER BY o.peer, o.n"
    );
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = statement.query([seq.cast_signed()])?;
    let mut holders = Vec::new();
    while let Some(row) = rows.next()? {
        let node: [u8; 32] = row.get(16)?;
        holders.push((NodeId::from_bytes(node), entry_of(row)?));
    }
    Ok(holders)
}

pub(crate) fn peer_number(
    connection: &Connection,
    node: &NodeId,
) -> Result<Option<i64>, rusqlite::Error> {
    connection
        .prepare_cached("SELECT id FROM peer WHERE node = ?1")?
        .query_row([node.bytes()], |row| row.get(0))
        .optional()
}

fn entry_of(row: &Row<'_>) -> Result<LogEntry, ReadError> {
    let leaf_bytes: Vec<u8> = row.get(0)?;
    let leaf = leaf_of(&leaf_bytes)?;
    let damaged = |what: &str| ReadError::Damaged(format!("log entry {}: {what}", leaf.number));
    sums::check(row.get(15)?, || format!("log entry {}", leaf.number))?;
    let seq: Option<i64> = row.get(6)?;
    let rendition: Option<[u8; 32]> = row.get(7)?;
    let act: Option<[u8; 32]> = row.get(8)?;
    let body: Option<Vec<u8>> = row.get(10)?;
    let lost: bool = row.get(13)?;
    let noted: Option<Hash> = row.get(14)?;
    let about = seq
        .map(i64::cast_unsigned)
        .zip(rendition.map(ItemHash::from_bytes));
    let payload = match (about, body) {
        (Some((seq, rendition)), None) => LogPayload::Item {
            seq,
            rendition,
            act: act.map(ActId::from_bytes),
            reduced: row.get(9)?,
        },
        (Some((seq, rendition)), Some(bytes)) => LogPayload::Recall {
            seq,
            rendition,
            bytes,
        },
        (None, Some(bytes)) => LogPayload::Bytes(bytes),
        (None, None) if lost => LogPayload::Lost,
        (None, None) => return Err(damaged("it carries nothing")),
    };
    let fate: Option<i64> = row.get(4)?;
    let hash: Option<[u8; 32]> = row.get(11)?;
    Ok(LogEntry {
        leaf,
        leaf_hash: noted.unwrap_or_else(|| leaf_hash(&leaf_bytes)),
        leaf_bytes,
        lost,
        payload,
        delivered: row.get(2)?,
        void: row.get(3)?,
        sent: row.get(12)?,
        fate: fate.and_then(fate_from),
        fate_at: row.get::<_, Option<i64>>(5)?.map(Timestamp::from_micros),
        item: hash.map(ItemHash::from_bytes),
    })
}

pub(crate) fn leaf_of(bytes: &[u8]) -> Result<LogLeaf, ReadError> {
    LogLeaf::from_bytes(bytes).map_err(|error| ReadError::Damaged(error.to_string()))
}

/// Positions are below 2^63; a larger number from outside names nothing.
pub(crate) fn bounded(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn fate_code(fate: Fate) -> i64 {
    Fate::ALL
        .iter()
        .position(|known| *known == fate)
        .map_or(-1, |at| at as i64)
}

fn fate_from(code: i64) -> Option<Fate> {
    Fate::ALL.get(usize::try_from(code).ok()?).copied()
}
