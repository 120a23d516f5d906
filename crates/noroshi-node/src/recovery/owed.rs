//! What a partner is owed while its log is closed: recalls and documents cannot wait for its
//! answer, and their numbers must. They are kept in order and put into the log when it opens.

use noroshi_model::link::{EntryKind, Precedence};
use noroshi_model::{Digest, NodeId};
use noroshi_store::{KeyValue, LogPayload, RecordKind, Tx, WriteError};

use crate::node::Node;
use crate::records::Record;
use crate::records::recovery::{Owed, RecoveryRecord};

impl Node {
    /// Put a recall, receipt or document into a partner's log, or keep it until that opens.
    pub(crate) fn log_notice(
        &self,
        tx: &mut Tx<'_>,
        node: &NodeId,
        kind: EntryKind,
        precedence: Precedence,
        payload: LogPayload,
    ) -> Result<(), WriteError> {
        let owed = Owed {
            kind,
            precedence,
            payload,
        };
        if is_closed(tx, node)? {
            let before = owed_to(tx, node)?;
            let last = before
                .last()
                .and_then(|(key, _)| key.last_chunk::<8>().copied());
            let next = last.map_or(0, |last| u64::from_be_bytes(last) + 1);
            let key = [&node.bytes()[..], &next.to_be_bytes()].concat();
            return tx.put(RecordKind::Owed, &key, &owed.to_bytes());
        }
        self.log_owed(tx, node, &owed)
    }

    fn log_owed(&self, tx: &mut Tx<'_>, node: &NodeId, owed: &Owed) -> Result<(), WriteError> {
        let digest = Digest::of(owed.bytes());
        let leaf = self.next_leaf(tx, node, owed.kind, owed.precedence, digest)?;
        tx.log_append(node, &leaf, &owed.payload)?;
        match owed.kind {
            EntryKind::Recall => self.recall_logged(tx, node, leaf.number, &digest),
            EntryKind::Release | EntryKind::Receipt | EntryKind::Document => Ok(()),
        }
    }

    /// The log is open: what was kept goes into it.
    pub(super) fn pay_owed(&self, tx: &mut Tx<'_>, node: &NodeId) -> Result<(), WriteError> {
        for (key, bytes) in owed_to(tx, node)? {
            let owed =
                Owed::from_bytes(&bytes).map_err(|error| WriteError::Damaged(error.to_string()))?;
            self.log_owed(tx, node, &owed)?;
            tx.delete(RecordKind::Owed, &key)?;
        }
        Ok(())
    }
}

fn is_closed(tx: &Tx<'_>, node: &NodeId) -> Result<bool, WriteError> {
    let Some(bytes) = tx.get(RecordKind::Recovery, node.bytes())? else {
        return Ok(false);
    };
    RecoveryRecord::from_bytes(&bytes)
        .map(|record| record.is_frozen())
        .map_err(|error| WriteError::Damaged(error.to_string()))
}

fn owed_to(tx: &Tx<'_>, node: &NodeId) -> Result<Vec<KeyValue>, WriteError> {
    let mut owed = tx.records(RecordKind::Owed)?;
    owed.retain(|(key, _)| key.starts_with(node.bytes()));
    Ok(owed)
}
