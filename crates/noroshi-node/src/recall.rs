//! Take back: the originator, or the releaser for its own rendition, recalls what it shared.

use noroshi_gate::acts::Approved;
use noroshi_model::act::ActKind;
use noroshi_model::document::text;
use noroshi_model::json::{Object, Value};
use noroshi_model::ledger::LineKind;
use noroshi_model::link::{EntryKind, Fate, Precedence, Recall, RecallMode};
use noroshi_model::{Digest, ItemHash, NodeId, Signed};
use noroshi_seal::sign::Ed25519;
use noroshi_store::{ItemState, LogPayload, RecordKind, StoredItem, Tx, WriteError};

use crate::acts::{Effect, subject_digest};
use crate::command::{ActAnswer, Failure};
use crate::introductions::Trust;
use crate::node::{Node, store_failure};
use crate::records::{ActRecord, int};

/// A recall with its signature, as it travels and is kept.
pub(crate) type SignedRecall = Signed<Recall>;

/// Clients that a recall's ledger line names at most; the answer to who orders it names all.
const CLIENTS_NAMED: usize = 100;

impl Node {
    /// Write a recall down. One person may recall below the second-person line: a recall only
    /// closes; the rule that opened decides nothing here.
    pub(crate) fn recall(
        &self,
        named: &str,
        mode: &str,
        reason: &str,
        person: &str,
    ) -> Result<ActAnswer, Failure> {
        let mode = RecallMode::from_word(mode)
            .ok_or_else(|| Failure::new("recall.mode", 2, "a recall is withdraw or destroy"))?;
        check_reason(reason)?;
        let stored = self.find_item(named)?;
        let holders = self
            .inside()?
            .holders(&stored.hash)
            .map_err(store_failure)?;
        if holders.is_empty() && stored.state != ItemState::Admitted {
            return Err(Failure::new(
                "recall.nothing",
                3,
                "nobody holds this item and it is gone here",
            ));
        }
        self.check_may_recall(&stored, &holders)?;
        let subject = Object::new()
            .with("item", text(stored.hash))
            .with("id", stored.id.as_str())
            .with("mode", mode.as_str())
            .with("reason", reason);
        self.prepare(ActKind::Recall, subject, person, false, None, 60)
    }

    /// An item of another originator is recalled here only where this node made the rendition.
    fn check_may_recall(
        &self,
        stored: &StoredItem,
        holders: &[(NodeId, noroshi_store::LogEntry)],
    ) -> Result<(), Failure> {
        let answers = stored
            .attribution
            .as_ref()
            .is_some_and(|by| by.node == self.me());
        let only_own_renditions = holders
            .iter()
            .all(|(_, entry)| entry.rendition() != Some(stored.hash));
        if answers || (!holders.is_empty() && only_own_renditions) {
            return Ok(());
        }
        Err(Failure::new(
            "recall.not_yours",
            3,
            "only the originator may recall an item, or the releaser its own rendition: \
             ask the originator",
        ))
    }

    pub(crate) fn execute_recall(
        &self,
        record: &mut ActRecord,
        approved: &Approved,
    ) -> Result<Effect, Failure> {
        let gone = || {
            Failure::new(
                "item.unknown",
                4,
                "the item of this act is not known any more",
            )
        };
        let hash = subject_digest(record, "item")
            .map(ItemHash)
            .ok_or_else(gone)?;
        let stored = self
            .inside()?
            .item(&hash)
            .map_err(store_failure)?
            .ok_or_else(gone)?;
        let holders = self.inside()?.holders(&hash).map_err(store_failure)?;
        self.check_may_recall(&stored, &holders)?;
        let subject = &record.act.subject;
        let mode = subject
            .str("mode")
            .and_then(RecallMode::from_word)
            .ok_or_else(gone)?;
        let reason = subject.str("reason").unwrap_or_default().to_owned();
        let mut recalls = Vec::new();
        for (node, entry) in &holders {
            let Some(rendition) = entry.rendition() else {
                continue;
            };
            // What was framed once may have arrived, even if it was voided afterwards.
            let may_be_there = entry.sent || !entry.void;
            if entry.leaf.kind != EntryKind::Release || !may_be_there {
                continue;
            }
            let recall = Recall {
                world: self.world(),
                by: self.me(),
                item: rendition,
                id: stored.id.clone(),
                modified: stored.modified,
                mode,
                reason: reason.clone(),
                at: self.now(),
            };
            let signed = SignedRecall::sign(recall, &self.keys().items);
            recalls.push((*node, entry.leaf.number, rendition, signed));
        }
        let kind = match mode {
            RecallMode::Withdraw => LineKind::Withdrawn,
            RecallMode::Destroy => LineKind::Destroyed,
        };
        let clients = self.clients_that_may_have_read(&hash)?;
        let (ledger_line, entries) = self
            .store
            .write(|tx| {
                let mut sent = 0;
                for (node, number, rendition, signed) in &recalls {
                    if !tx.log_is_delivered(node, *number)? {
                        tx.log_void(node, *number)?;
                    }
                    if !tx.log_was_sent(node, *number)? {
                        // It never left, and a recall would tell of it: it is only never sent.
                        let body = Object::new()
                            .with("to", text(node))
                            .with("number", int(*number))
                            .with("why", "recalled before it was sent");
                        tx.append(&self.line(LineKind::Voided, None, body))?;
                        continue;
                    }
                    sent += 1;
                    let bytes = signed.to_bytes();
                    self.note_recall_sent(tx, &Digest::of(&bytes), node)?;
                    let payload = LogPayload::Recall {
                        seq: stored.seq,
                        rendition: *rendition,
                        bytes,
                    };
                    let precedence = Precedence::Immediate;
                    self.log_notice(tx, node, EntryKind::Recall, precedence, payload)?;
                }
                self.ask_to_delete(tx, &stored)?;
                match mode {
                    RecallMode::Withdraw => tx.withdraw(&hash)?,
                    RecallMode::Destroy => self.destroy(tx, &hash)?,
                };
                let mut body = Object::new()
                    .with("item", text(hash))
                    .with("reason", reason.as_str());
                name_clients(&mut body, &clients);
                tx.append(&self.line(kind, Some(&record.act.requester), body))?;
                let line = self.close_act(tx, record, approved)?;
                Ok::<_, WriteError>((line, sent))
            })
            .map_err(store_failure)?;
        if mode == RecallMode::Destroy {
            self.scrub()?;
        }
        let wake = recalls.iter().map(|(node, ..)| *node).collect();
        Ok(Effect {
            ledger_line,
            entries,
            wake,
        })
    }

    /// A recall arrived from a peer: obey it if it is the peer's to give.
    pub(crate) fn receive_recall(
        &self,
        tx: &mut Tx<'_>,
        from: &NodeId,
        bytes: &[u8],
    ) -> Result<(Fate, Option<ItemHash>), WriteError> {
        let refuse = |tx: &mut Tx<'_>, why: &str| {
            let body = Object::new().with("from", text(from)).with("why", why);
            tx.append(&self.line(LineKind::Refused, None, body))
                .map(|_| (Fate::Refused, None))
        };
        let Ok(signed) = SignedRecall::from_bytes(bytes) else {
            return refuse(tx, "the recall is not well-formed");
        };
        let recall = signed.document();
        // A recall closes: it is obeyed also where the agreement with its sender has ended.
        let Some(public) = self.key_in(tx, &recall.by, signed.key(), Trust::Closes)? else {
            return refuse(tx, "the recall is signed by a key that is not trusted here");
        };
        if recall.world != self.world() || !signed.verifies(&public, &Ed25519) {
            return refuse(tx, "the recall's signature does not verify in this world");
        }
        let stored = tx.item(&recall.item)?;
        let is_theirs = match &stored {
            None => false,
            Some(stored) => {
                noroshi_gate::may_recall(&recall.by, stored.attribution.as_ref())
                    || self.has_claim(tx, &recall.item, &recall.by)?
            }
        };
        // Kept under the item's name and the recaller's, so that only an item the recaller may
        // recall is ever met by it; a recaller that loses its node hears of it again from here.
        let key = [&recall.item.bytes()[..], recall.by.bytes()].concat();
        tx.put(RecordKind::Tombstone, &key, bytes)?;
        self.forget_own_types(tx, recall)?;
        let Some(stored) = stored.filter(|_| is_theirs) else {
            // It overtook its item, or names one that another answers for. The answer is the same:
            // a recall must not find out what is here. Who brought the same bytes as another takes
            // its own delivery back, and is told no more than that: the bytes stay.
            let was_brought = self.take_back_brought(tx, &recall.item, &recall.by)?;
            let fate = if was_brought {
                Fate::Withdrawn
            } else {
                Fate::Noted
            };
            let body = recall_body(recall, fate.as_str());
            tx.append(&self.line(LineKind::RecallReceived, None, body))?;
            return Ok((fate, Some(recall.item)));
        };
        let readers = self.logs_that_may_have_been_read(&recall.item);
        let readers = readers.map_err(|failure| WriteError::Damaged(failure.detail))?;
        self.ask_to_delete(tx, &stored)?;
        let fate = self.obey(tx, recall)?;
        let mut body = recall_body(recall, fate.as_str());
        let (logs, clients): (Vec<NodeId>, Vec<String>) = readers.into_iter().unzip();
        name_clients(&mut body, &clients);
        tx.append(&self.line(LineKind::RecallReceived, None, body))?;
        self.pass_recall_on(tx, from, &signed, &stored, &logs)?;
        Ok((fate, Some(recall.item)))
    }

    /// A recall that came before its item, if there is one by who answers for the item.
    pub(crate) fn earlier_recall(
        &self,
        tx: &mut Tx<'_>,
        item: &ItemHash,
        by: &NodeId,
    ) -> Result<Option<Recall>, WriteError> {
        let key = [&item.bytes()[..], by.bytes()].concat();
        let kept = tx.get(RecordKind::Tombstone, &key)?;
        Ok(kept
            .and_then(|bytes| SignedRecall::from_bytes(&bytes).ok())
            .map(|kept| kept.document().clone()))
    }

    pub(crate) fn obey(&self, tx: &mut Tx<'_>, recall: &Recall) -> Result<Fate, WriteError> {
        match recall.mode {
            RecallMode::Withdraw => {
                tx.withdraw(&recall.item)?;
                Ok(Fate::Withdrawn)
            }
            RecallMode::Destroy => {
                self.destroy(tx, &recall.item)?;
                Ok(Fate::Destroyed)
            }
        }
    }
}

/// The clients that may have read what is recalled, in the ledger's words.
fn name_clients(body: &mut Object, clients: &[String]) {
    if !clients.is_empty() {
        let named = clients.iter().map(|name| name.as_str().into());
        body.insert("clients", named.take(CLIENTS_NAMED).collect::<Vec<Value>>());
    }
}

/// A reason for people: 1 to 500 bytes, no control characters.
pub(crate) fn check_reason(reason: &str) -> Result<(), Failure> {
    let is_text = (1..=500).contains(&reason.len()) && !reason.chars().any(char::is_control);
    if is_text {
        Ok(())
    } else {
        Err(Failure::new(
            "recall.reason",
            2,
            "a reason is 1 to 500 bytes of text",
        ))
    }
}

fn recall_body(recall: &Recall, outcome: &str) -> Object {
    Object::new()
        .with("item", text(recall.item))
        .with("by", text(recall.by))
        .with("mode", recall.mode.as_str())
        .with("reason", recall.reason.as_str())
        .with("outcome", outcome)
}
