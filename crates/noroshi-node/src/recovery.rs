//! After a restore: what the partners still know is asked of each, before the node serves anybody.
//!
//! A partner knows the restored node by its root alone: the question carries a manifest that the
//! root has signed anew, comes over a TLS connection whose key that manifest names, and is signed
//! by the manifest's item key. Holding that TLS key now is what makes it fresh. The partner answers
//! with what it mirrored of the lost log, and sends again what its own log has beyond the backup.

mod answer;
mod ask;
pub(crate) mod owed;
pub(crate) mod wire;

use noroshi_model::document::text;
use noroshi_model::json::Object;
use noroshi_model::ledger::LineKind;
use noroshi_model::{NodeId, PersonId};
use noroshi_store::{RecordKind, Tx, WriteError};

use crate::command::{Event, Failure, RecoveryRow};
use crate::node::{Node, store_failure};
use crate::records::recovery::{RecoveryRecord, RecoveryState};
use crate::records::{Peer, Record, int};
use crate::sink::Sink;

/// Most entries of one log that are taken as lost: a bound on what a partner can make a node write.
const LOST_MAX: u64 = 10_000_000;

impl Node {
    /// Partners without whose answer the node serves nobody.
    pub(crate) fn waits_for(&self) -> Result<Vec<NodeId>, Failure> {
        let records = self.records::<RecoveryRecord>(RecordKind::Recovery)?;
        let mut waited = Vec::new();
        for record in records.iter().filter(|record| record.is_waited_for()) {
            let peer = self.peer(&record.node)?;
            if peer.is_some_and(|peer| !peer.removed) {
                waited.push(record.node);
            }
        }
        Ok(waited)
    }

    /// Refuse what may touch an item that was recalled since the backup.
    pub(crate) fn expect_recovered(&self) -> Result<(), Failure> {
        let waits = self.waits_for()?.len();
        if waits == 0 {
            return Ok(());
        }
        Err(Failure::new(
            "restore.unfinished",
            3,
            format_args!(
                "the node was restored from a backup and {waits} partners have not told what it \
                 lost: items may have been recalled since. `noroshi peer sync` asks them, \
                 `noroshi restore status` shows it, `noroshi restore skip PEER --as NAME` goes on \
                 without one"
            ),
        )
        .arg("count", waits))
    }

    pub(crate) fn recovery(&self, peer: &NodeId) -> Result<Option<RecoveryRecord>, Failure> {
        self.record(RecordKind::Recovery, peer.bytes())
    }

    /// Refuse to add to a log whose numbers the partner may know better.
    pub(crate) fn expect_answered(&self, peer: &NodeId) -> Result<(), Failure> {
        match self.recovery(peer)?.filter(RecoveryRecord::is_frozen) {
            None => Ok(()),
            Some(record) => Err(Failure::new(
                "restore.unanswered",
                6,
                format_args!(
                    "{peer} has not told what this node lost ({}): nothing is sent to it before",
                    record.note.as_deref().unwrap_or("not reached yet")
                ),
            )
            .arg("peer", peer)),
        }
    }

    pub(crate) fn recovery_line(
        &self,
        record: &RecoveryRecord,
        event: &str,
        person: Option<&PersonId>,
    ) -> noroshi_model::ledger::LedgerLine {
        let mut body = Object::new()
            .with("event", event)
            .with("peer", text(record.node))
            .with("had_sent", int(record.had_sent))
            .with("had_received", int(record.had_received))
            .with("lost", int(record.lost))
            .with("target", int(record.target));
        if let Some(note) = &record.note {
            body.insert("note", note.as_str());
        }
        self.line(LineKind::Restored, person, body)
    }

    /// Inside the transaction that applied what a partner sent: is everything here again?
    pub(crate) fn note_recovered(&self, tx: &mut Tx<'_>, peer: &NodeId) -> Result<(), WriteError> {
        let Some(bytes) = tx.get(RecordKind::Recovery, peer.bytes())? else {
            return Ok(());
        };
        let mut record = RecoveryRecord::from_bytes(&bytes)
            .map_err(|error| WriteError::Damaged(error.to_string()))?;
        if record.state == RecoveryState::Answered && tx.mirror_root(peer)?.0 >= record.target {
            record.state = RecoveryState::Done;
            tx.put(RecordKind::Recovery, peer.bytes(), &record.to_bytes())?;
            tx.append(&self.recovery_line(&record, "complete", None))?;
        }
        Ok(())
    }

    /// A person decides that the node serves without this partner's answer.
    pub(crate) fn restore_skip(&self, named: &str, person: &str) -> Result<RecoveryRow, Failure> {
        let person = self.active_person(person)?;
        let peer = self.find_peer(named)?;
        let record = self.recovery(&peer.node())?;
        let mut record = record
            .filter(RecoveryRecord::is_waited_for)
            .ok_or_else(|| {
                Failure::new(
                    "restore.not_waiting",
                    3,
                    format_args!("nothing waits for `{named}`"),
                )
                .arg("peer", named)
            })?;
        record.blocking = false;
        record.skipped_by = Some(person.name.clone());
        let line = self.recovery_line(&record, "skipped", Some(&person.name));
        self.store
            .write(|tx| {
                tx.put(
                    RecordKind::Recovery,
                    record.node.bytes(),
                    &record.to_bytes(),
                )?;
                tx.append(&line)
            })
            .map_err(store_failure::<WriteError>)?;
        self.recovery_row(&record, &peer)
    }

    /// What was lost, what is here again, what is missing; by partner.
    pub(crate) fn restore_status(&self, sink: &mut dyn Sink) -> Result<(), Failure> {
        for record in self.records::<RecoveryRecord>(RecordKind::Recovery)? {
            let Some(peer) = self.peer(&record.node)? else {
                continue;
            };
            let row = serde_json::to_value(self.recovery_row(&record, &peer)?).unwrap_or_default();
            sink.send(Event::Row {
                kind: "recovery".into(),
                row,
            });
        }
        let waits = self.waits_for()?.len();
        sink.send(Event::Answer {
            kind: "restoring".into(),
            answer: serde_json::json!({ "waits": waits }),
        });
        Ok(())
    }

    fn recovery_row(&self, record: &RecoveryRecord, peer: &Peer) -> Result<RecoveryRow, Failure> {
        let (received, _) = self
            .inside()?
            .log_root(&record.node, true)
            .map_err(store_failure)?;
        let org = &peer.manifest.organisation;
        Ok(RecoveryRow {
            peer: record.node.to_string(),
            name_en: org.name_en.clone(),
            name_ja: org.name_ja.clone(),
            state: record.state.as_str().to_owned(),
            waited_for: record.is_waited_for(),
            skipped_by: record.skipped_by.as_ref().map(ToString::to_string),
            had_sent: record.had_sent,
            lost: record.lost,
            had_received: record.had_received,
            reread: received.saturating_sub(record.had_received),
            missing: record.target.saturating_sub(received),
            note: record.note.clone(),
        })
    }
}
