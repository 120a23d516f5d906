//! Deliveries of bytes that are here because somebody else brought them.
//!
//! Each is judged as if they were not, and its sender is told what that comes to: the answer says
//! nothing of who else has the same. What is held then waits here, beside the item, and is judged
//! again whenever a held item of that sender would be.

use noroshi_gate::{Admission, AdmitContext, Admitted};
use noroshi_model::document::{DocumentError, Fields, hex, text};
use noroshi_model::json::{Object, Value};
use noroshi_model::ledger::LineKind;
use noroshi_model::link::Fate;
use noroshi_model::{Attribution, ItemHash, NodeId, Role};
use noroshi_store::{ItemState, RecordKind, StoredItem, Tx, WriteError};

use crate::admit::item_body;
use crate::command::Failure;
use crate::held::{Case, PAGE, View, Which, noted_entry};
use crate::node::{Node, store_failure};
use crate::records::{Record, int};

/// A delivery that is held though its bytes are here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Beside {
    /// Its number in the sender's log.
    pub(crate) number: u64,
    /// Who answers for it.
    pub(crate) attribution: Attribution,
    /// Codes of why it is held.
    pub(crate) reasons: Vec<String>,
}

impl Record for Beside {
    fn to_bytes(&self) -> Vec<u8> {
        let by = &self.attribution;
        let assigned: Vec<Value> = by.assigned.iter().map(text).collect();
        let reasons: Vec<Value> = self.reasons.iter().map(text).collect();
        Value::Object(
            Object::new()
                .with("v", 1)
                .with("number", int(self.number))
                .with("role", by.role.as_str())
                .with("node", text(by.node))
                .with("key", text(by.key))
                .with("assigned", assigned)
                .with("signature", hex(&by.signature))
                .with("reasons", reasons),
        )
        .canonical()
    }

    fn from_bytes(bytes: &[u8]) -> Result<Self, DocumentError> {
        let mut fields = Fields::read("record of a delivery beside an item", bytes)?;
        fields.version(1)?;
        let word = fields.text("role")?;
        let role = [Role::Originator, Role::Attestor, Role::Releaser]
            .into_iter()
            .find(|role| role.as_str() == word)
            .ok_or_else(|| fields.refused("role", "is not known"))?;
        let record = Self {
            number: fields.number("number")?,
            attribution: Attribution {
                role,
                node: fields.parsed("node")?,
                key: fields.parsed("key")?,
                assigned: fields.parsed_list("assigned")?,
                signature: fields.hex("signature")?,
            },
            reasons: fields.parsed_list("reasons")?,
        };
        fields.end()?;
        Ok(record)
    }
}

/// A delivery on its way to be judged again.
struct Waiting {
    sender: NodeId,
    beside: Beside,
    /// The item as this delivery has it.
    case: Case,
}

impl Node {
    pub(crate) fn put_beside(
        &self,
        tx: &mut Tx<'_>,
        sender: &NodeId,
        hash: &ItemHash,
        beside: &Beside,
    ) -> Result<(), WriteError> {
        tx.put(RecordKind::Beside, &key(sender, hash), &beside.to_bytes())
    }

    /// This node answers for a delivery of an item that another brought: it may take that back.
    pub(crate) fn note_brought(
        &self,
        tx: &mut Tx<'_>,
        item: &ItemHash,
        by: &NodeId,
    ) -> Result<(), WriteError> {
        tx.put(
            RecordKind::Brought,
            &[&item.bytes()[..], by.bytes()].concat(),
            b"",
        )
    }

    /// Whoever answers for a delivery beside the item takes it back. `false`: there is none.
    pub(crate) fn take_back_brought(
        &self,
        tx: &mut Tx<'_>,
        item: &ItemHash,
        by: &NodeId,
    ) -> Result<bool, WriteError> {
        let brought = [&item.bytes()[..], by.bytes()].concat();
        if tx.get(RecordKind::Brought, &brought)?.is_none() {
            return Ok(false);
        }
        tx.delete(RecordKind::Brought, &brought)?;
        tx.delete(RecordKind::Beside, &key(by, item))?;
        Ok(true)
    }

    /// Is this sender's delivery of the item held beside it?
    pub(crate) fn is_beside(
        &self,
        tx: &Tx<'_>,
        sender: &NodeId,
        hash: &ItemHash,
    ) -> Result<bool, WriteError> {
        let kept = tx.get(RecordKind::Beside, &key(sender, hash))?;
        Ok(kept.is_some())
    }

    /// A sender's delivery of bytes that are here is admitted. Where the item was held, or had only
    /// been attested and this is its maker, the item is answered for by this delivery from now on.
    pub(crate) fn admit_beside(
        &self,
        tx: &mut Tx<'_>,
        stored: &StoredItem,
        admitted: &Admitted,
        context: &AdmitContext<'_>,
        (sender, attribution): (&NodeId, &Attribution),
    ) -> Result<(), WriteError> {
        tx.delete(RecordKind::Beside, &key(sender, &stored.hash))?;
        if !is_judged_anew(stored, attribution) {
            return Ok(());
        }
        // The item itself may not be lowered by it.
        let marked = admitted.marked();
        let context = AdmitContext {
            previous: self.previous_of(tx, marked, None)?,
            ..context.clone()
        };
        let Admission::Admitted(admitted) = noroshi_gate::admit(marked.clone(), &context) else {
            return Ok(());
        };
        let source = sender.to_string();
        if stored.state == ItemState::Held && stored.source != source {
            self.set_aside(tx, stored)?;
        }
        let body = item_body(&stored.hash, &source, &attribution.node);
        tx.readmit(stored, &admitted, Some((attribution, &source)))?;
        tx.append(&self.line(LineKind::Readmitted, None, body))?;
        tx.put(RecordKind::Late, &stored.seq.to_be_bytes(), b"")
    }

    /// Another's delivery takes the place of the one an item was held for, which waits on.
    fn set_aside(&self, tx: &mut Tx<'_>, stored: &StoredItem) -> Result<(), WriteError> {
        let noted = tx.get(RecordKind::HeldEntry, stored.hash.bytes())?;
        let Some(((sender, number), attribution)) = noted
            .and_then(|noted| noted_entry(&noted))
            .zip(stored.attribution.clone())
        else {
            return Ok(());
        };
        tx.delete(RecordKind::HeldEntry, stored.hash.bytes())?;
        let beside = Beside {
            number,
            attribution,
            reasons: stored.reasons.clone(),
        };
        self.put_beside(tx, &sender, &stored.hash, &beside)
    }

    /// Judge the deliveries beside items again, and tell their senders of those that are admitted
    /// now.
    pub(crate) fn judge_beside(&self, which: Which<'_>, view: &View<'_>) -> Result<(), Failure> {
        let beginning = match which {
            Which::From(node) => node.bytes().to_vec(),
            Which::All | Which::For(_) => Vec::new(),
        };
        let mut behind = beginning.clone();
        loop {
            let page = self
                .inside()?
                .records_behind(RecordKind::Beside, &beginning, &behind, PAGE)
                .map_err(store_failure)?;
            let Some((last, _)) = page.last() else {
                return Ok(());
            };
            behind.clone_from(last);
            let mut waiting = Vec::new();
            for (key, bytes) in &page {
                waiting.extend(self.waiting(key, bytes, which)?);
            }
            if waiting.is_empty() {
                continue;
            }
            self.store
                .write(|tx| {
                    let mut waiting = waiting.into_iter();
                    waiting.try_for_each(|it| self.judge_waiting(tx, it, view))
                })
                .map_err(store_failure::<WriteError>)?;
        }
    }

    fn waiting(
        &self,
        key: &[u8],
        bytes: &[u8],
        which: Which<'_>,
    ) -> Result<Option<Waiting>, Failure> {
        let damaged = |why: &str| Failure::new("store.record", 5, why);
        let beside = Beside::from_bytes(bytes).map_err(|error| damaged(&error.to_string()))?;
        let is_wanted = match which {
            Which::All | Which::From(_) => true,
            Which::For(code) => beside.reasons.iter().any(|reason| reason == code),
        };
        if !is_wanted {
            return Ok(None);
        }
        let named = key.split_first_chunk::<32>();
        let named = named.and_then(|(node, hash)| Some((node, hash.try_into().ok()?)));
        let (node, hash) = named.ok_or_else(|| damaged("a delivery beside an item has no name"))?;
        let (sender, hash) = (NodeId::from_bytes(*node), ItemHash::from_bytes(hash));
        let Some(mut theirs) = self.inside()?.item(&hash).map_err(store_failure)? else {
            return Ok(None);
        };
        theirs.row.source = sender.to_string();
        theirs.row.node = Some(beside.attribution.node);
        theirs.row.role = Some(beside.attribution.role);
        theirs.attribution = Some(beside.attribution.clone());
        let case = self.case_of(theirs)?;
        Ok(case.map(|case| Waiting {
            sender,
            beside,
            case,
        }))
    }

    fn judge_waiting(
        &self,
        tx: &mut Tx<'_>,
        waiting: Waiting,
        view: &View<'_>,
    ) -> Result<(), WriteError> {
        let Waiting {
            sender,
            beside,
            case,
        } = waiting;
        let Beside {
            number,
            attribution,
            ..
        } = &beside;
        // Another delivery of the same transaction may have changed it.
        let Some(stored) = tx.item(&case.stored.hash)? else {
            return Ok(());
        };
        // What was taken back here, or by who answers for this delivery, is not spoken of again.
        let is_gone = matches!(stored.state, ItemState::Withdrawn | ItemState::Destroyed);
        let recall = self.earlier_recall(tx, &stored.hash, &attribution.node)?;
        if is_gone || recall.is_some() {
            return tx.delete(RecordKind::Beside, &key(&sender, &stored.hash));
        }
        let grants = self.grants_in(tx, &stored.hash)?;
        let theirs = (&case.stored, case.sender.as_ref());
        let without = Some(&stored.hash);
        let context = self.held_context(tx, theirs, &case.marked, view, &grants, without)?;
        let Admission::Admitted(admitted) = noroshi_gate::admit(case.marked, &context) else {
            return Ok(());
        };
        self.admit_beside(tx, &stored, &admitted, &context, (&sender, attribution))?;
        self.tell(tx, &sender, *number, &stored.hash, Fate::Admitted)
    }
}

/// Is an item that is here already judged once more, because of who answers for it now? One that is
/// held always: this delivery may be the one it waited for. One that was only attested passes to
/// its maker.
pub(crate) fn is_judged_anew(stored: &StoredItem, attribution: &Attribution) -> bool {
    match stored.state {
        ItemState::Held => true,
        ItemState::Admitted => {
            stored.node != Some(attribution.node)
                && attribution.role == Role::Originator
                && stored.role == Some(Role::Attestor)
        }
        ItemState::Withdrawn | ItemState::Destroyed => false,
    }
}

/// By sender, so that one sender's are together.
fn key(sender: &NodeId, hash: &ItemHash) -> Vec<u8> {
    [&sender.bytes()[..], hash.bytes()].concat()
}
