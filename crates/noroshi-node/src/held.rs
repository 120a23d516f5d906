//! The life of a held item: judged again when what held it may have changed, admitted below its
//! earlier marking on the word of two persons, or discarded.

use noroshi_gate::acts::Approved;
use noroshi_gate::{
    Admission, AdmitContext, AgreementInForce, Grant, Marked, Recipient, Rules, Via,
};
use noroshi_model::act::ActKind;
use noroshi_model::document::text;
use noroshi_model::json::Object;
use noroshi_model::ledger::LineKind;
use noroshi_model::link::Fate;
use noroshi_model::{ItemHash, NodeId, PersonId, Role, StixId};
use noroshi_store::{ItemState, RecordKind, StoredItem, Tx, WriteError};
use noroshi_sync::LinkState;

use crate::acts::Effect;
use crate::command::{ActAnswer, Failure, HeldAnswer, ImportAnswer};
use crate::look::no_current;
use crate::node::{Node, store_failure};
use crate::records::ActRecord;

/// Held items judged again in one transaction.
pub(crate) const PAGE: u32 = 1000;

/// Which held items are judged again.
#[derive(Clone, Copy)]
pub(crate) enum Which<'a> {
    /// All of them.
    All,
    /// What this peer sent.
    From(&'a NodeId),
    /// What is held for this reason, among others.
    For(&'static str),
}

/// A held item and what it is judged by.
pub(crate) struct Case {
    pub(crate) stored: StoredItem,
    pub(crate) marked: Marked,
    pub(crate) sender: Option<Recipient>,
}

/// What every item of one pass is judged with.
pub(crate) struct View<'a> {
    rules: &'a Rules,
    agreements: &'a [AgreementInForce<'a>],
}

impl Node {
    /// Items held because a marking was unknown are judged again once definitions have come, with
    /// what names them or behind it.
    pub(crate) fn judge_held_again(
        &self,
        answer: &mut ImportAnswer,
        has_learned: bool,
    ) -> Result<(), Failure> {
        let code = noroshi_gate::Reason::UNKNOWN_MARKING;
        if has_learned || answer.held.contains_key(code) {
            let admitted = self.judge_held(Which::For(code))?;
            answer.admitted += admitted;
            if let Some(count) = answer.held.get_mut(code) {
                *count = count.saturating_sub(admitted);
            }
            answer.held.retain(|_, count| *count > 0);
        }
        Ok(())
    }

    /// Judge every held item again, at a person's word.
    pub(crate) fn held_judge(&self) -> Result<HeldAnswer, Failure> {
        let admitted = self.judge_held(Which::All)?;
        let mut held = 0;
        let mut after = 0;
        loop {
            let page = self.inside()?.held(after, PAGE).map_err(store_failure)?;
            let Some(last) = page.last() else {
                return Ok(HeldAnswer { admitted, held });
            };
            after = last.seq;
            held += page.len() as u64;
        }
    }

    /// Judge held items again; how many are admitted now. Their senders are told.
    pub(crate) fn judge_held(&self, which: Which<'_>) -> Result<u64, Failure> {
        let gate = self.gate_view("")?;
        let agreements = self.standings(&gate.agreements, gate.now);
        let view = View {
            rules: &gate.rules,
            agreements: &agreements,
        };
        let mut after = 0;
        let mut admitted = 0;
        loop {
            let held = self.inside()?.held(after, PAGE).map_err(store_failure)?;
            let Some(last) = held.last() else {
                self.judge_beside(which, &view)?;
                return Ok(admitted);
            };
            after = last.seq;
            let wanted = held.iter().filter(|row| match which {
                Which::All => true,
                Which::From(node) => row.source == node.to_string(),
                Which::For(code) => row.reasons.iter().any(|reason| reason == code),
            });
            let mut cases = Vec::new();
            for row in wanted {
                cases.extend(self.case(&row.hash)?);
            }
            if cases.is_empty() {
                continue;
            }
            admitted += self
                .store
                .write(|tx| {
                    let mut count = 0;
                    for case in cases {
                        count += u64::from(self.judge_case(tx, case, &view)?);
                    }
                    Ok::<u64, WriteError>(count)
                })
                .map_err(store_failure)?;
        }
    }

    fn case(&self, hash: &ItemHash) -> Result<Option<Case>, Failure> {
        let Some(stored) = self.inside()?.item(hash).map_err(store_failure)? else {
            return Ok(None);
        };
        self.case_of(stored)
    }

    pub(crate) fn case_of(&self, stored: StoredItem) -> Result<Option<Case>, Failure> {
        let Some(marked) = self.marked(&stored)? else {
            return Ok(None);
        };
        let sender = match stored.source.parse::<NodeId>() {
            Ok(node) => {
                let peer = self.peer(&node)?;
                peer.map(|peer| self.recipient(&peer)).transpose()?
            }
            Err(_) => None,
        };
        Ok(Some(Case {
            stored,
            marked,
            sender,
        }))
    }

    /// `true`: it is admitted now. A recall that came meanwhile is obeyed instead.
    fn judge_case(&self, tx: &mut Tx<'_>, case: Case, view: &View<'_>) -> Result<bool, WriteError> {
        let Case {
            stored,
            marked,
            sender,
        } = case;
        if self.obey_earlier(tx, &stored)?.is_some() {
            return Ok(false);
        }
        let grants = self.grants_in(tx, &stored.hash)?;
        let theirs = (&stored, sender.as_ref());
        let context = self.held_context(tx, theirs, &marked, view, &grants, None)?;
        let Admission::Admitted(admitted) = noroshi_gate::admit(marked, &context) else {
            return Ok(false);
        };
        tx.readmit(&stored, &admitted, None)?;
        self.readmitted(tx, &stored.hash, None)?;
        Ok(true)
    }

    /// What a held item by that sender is judged with, `without` an item that stands here.
    pub(crate) fn held_context<'a>(
        &self,
        tx: &mut Tx<'_>,
        (stored, sender): (&'a StoredItem, Option<&'a Recipient>),
        marked: &Marked,
        view: &View<'a>,
        grants: &'a [Grant],
        without: Option<&ItemHash>,
    ) -> Result<AdmitContext<'a>, WriteError> {
        let via = match (sender, &stored.attribution) {
            (Some(sender), Some(attribution)) => Via::Peer {
                sender,
                attribution,
            },
            _ => Via::Import {
                own: stored.role == Some(Role::Originator),
            },
        };
        Ok(AdmitContext {
            rules: view.rules,
            world: self.world(),
            via,
            previous: self.previous_of(tx, marked, without)?,
            agreements: view.agreements,
            now: self.now(),
            grants,
        })
    }

    /// A recall by who answers for a held item stands already: obey it; its fate.
    pub(crate) fn obey_earlier(
        &self,
        tx: &mut Tx<'_>,
        stored: &StoredItem,
    ) -> Result<Option<Fate>, WriteError> {
        let Some(by) = stored.attribution.as_ref().map(|by| by.node) else {
            return Ok(None);
        };
        let Some(recall) = self.earlier_recall(tx, &stored.hash, &by)? else {
            return Ok(None);
        };
        let fate = self.obey(tx, &recall)?;
        self.gone(tx, &stored.hash, fate, &recall.reason, None)?;
        Ok(Some(fate))
    }

    /// The ledger line of an item that is admitted after all, and the news for who sent it.
    pub(crate) fn readmitted(
        &self,
        tx: &mut Tx<'_>,
        hash: &ItemHash,
        person: Option<&PersonId>,
    ) -> Result<(), WriteError> {
        let body = Object::new().with("item", text(hash));
        tx.append(&self.line(LineKind::Readmitted, person, body))?;
        if let Some(seq) = tx.seq_of(hash)? {
            // Standing releases may have gone past it while it was held.
            tx.put(RecordKind::Late, &seq.to_be_bytes(), b"")?;
        }
        self.tell_sender(tx, hash, Fate::Admitted)
    }

    /// The ledger line of a held item that is taken away, and the news for who sent it.
    fn gone(
        &self,
        tx: &mut Tx<'_>,
        hash: &ItemHash,
        fate: Fate,
        reason: &str,
        person: Option<&PersonId>,
    ) -> Result<(), WriteError> {
        let kind = match fate {
            Fate::Withdrawn => LineKind::Withdrawn,
            _ => LineKind::Destroyed,
        };
        let body = Object::new()
            .with("item", text(hash))
            .with("reason", reason);
        tx.append(&self.line(kind, person, body))?;
        self.tell_sender(tx, hash, fate)
    }

    /// Remember under which number of the sender's log a held item came, for the news on it.
    pub(crate) fn note_held(
        &self,
        tx: &mut Tx<'_>,
        hash: &ItemHash,
        sender: &NodeId,
        number: u64,
    ) -> Result<(), WriteError> {
        let value = [&sender.bytes()[..], &number.to_be_bytes()].concat();
        tx.put(RecordKind::HeldEntry, hash.bytes(), &value)
    }

    /// What became of a held item is told to who sent it, in a receipt of its own.
    fn tell_sender(&self, tx: &mut Tx<'_>, hash: &ItemHash, fate: Fate) -> Result<(), WriteError> {
        let Some(noted) = tx.get(RecordKind::HeldEntry, hash.bytes())? else {
            return Ok(());
        };
        tx.delete(RecordKind::HeldEntry, hash.bytes())?;
        match noted_entry(&noted) {
            Some((node, number)) => self.tell(tx, &node, number, hash, fate),
            None => Ok(()),
        }
    }

    /// What became of that entry of a partner's log, in a receipt of its own.
    pub(crate) fn tell(
        &self,
        tx: &mut Tx<'_>,
        node: &NodeId,
        number: u64,
        hash: &ItemHash,
        fate: Fate,
    ) -> Result<(), WriteError> {
        let state = tx.get(RecordKind::Link, node.bytes())?;
        let epoch = state
            .and_then(|bytes| LinkState::from_bytes(&bytes))
            .map_or(0, |state| state.peer_epoch);
        self.give_receipt(tx, node, epoch, vec![(number, hash.0, fate)])
    }

    /// Ask for a held item that lowers its marking to be admitted.
    pub(crate) fn marking_lower(&self, named: &str, person: &str) -> Result<ActAnswer, Failure> {
        let stored = self.find_held(named)?;
        let code = noroshi_gate::Reason::LOWERS_MARKING;
        if !stored.reasons.iter().any(|reason| reason == code) {
            return Err(Failure::new(
                "marking.not_lowering",
                3,
                "this item is not held for lowering a marking",
            )
            .arg("item", named));
        }
        let others: Vec<&str> = stored
            .reasons
            .iter()
            .map(String::as_str)
            .filter(|reason| *reason != code)
            .collect();
        if !others.is_empty() {
            return Err(still_held(&others));
        }
        let previous = self.versions_label(&stored)?;
        let subject = Object::new()
            .with("item", text(stored.hash))
            .with("id", stored.id.as_str())
            .with("before", previous)
            .with("now", text(&stored.label));
        self.prepare(ActKind::MarkingLower, subject, person, true, None, 24 * 60)
    }

    /// The marking that a held item would lower, for the persons who sign.
    fn versions_label(&self, stored: &StoredItem) -> Result<String, Failure> {
        let versions = self
            .inside()?
            .by_stix_id(&stored.id)
            .map_err(store_failure)?;
        let label = versions
            .iter()
            .filter(|row| row.state != ItemState::Held && !row.superseded)
            .fold(noroshi_gate::Label::none(), |label, row| {
                label.join(&row.label)
            });
        Ok(label.to_string())
    }

    pub(crate) fn execute_marking_lower(
        &self,
        record: &mut ActRecord,
        approved: &Approved,
    ) -> Result<Effect, Failure> {
        let case = self.act_case(record)?;
        let gate = self.gate_view("")?;
        let agreements = self.standings(&gate.agreements, gate.now);
        let view = View {
            rules: &gate.rules,
            agreements: &agreements,
        };
        let Case {
            stored,
            marked,
            sender,
        } = case;
        let outcome = self
            .store
            .write(|tx| {
                let grants = self.grants_in(tx, &stored.hash)?;
                let theirs = (&stored, sender.as_ref());
                let context = self.held_context(tx, theirs, &marked, &view, &grants, None)?;
                match noroshi_gate::admit_lowered(marked, &context, approved) {
                    Err(reasons) => Ok(Err(reasons)),
                    Ok(admitted) => {
                        tx.readmit(&stored, &admitted, None)?;
                        self.readmitted(tx, &stored.hash, Some(&record.act.requester))?;
                        self.close_act(tx, record, approved).map(Ok)
                    }
                }
            })
            .map_err(store_failure::<WriteError>)?;
        let ledger_line = outcome.map_err(|reasons| {
            let codes: Vec<&str> = reasons.iter().map(|reason| reason.code()).collect();
            still_held(&codes)
        })?;
        Ok(quiet(ledger_line))
    }

    /// Ask for a held item to be discarded: erased, and its sender told.
    pub(crate) fn held_discard(
        &self,
        named: &str,
        reason: &str,
        person: &str,
    ) -> Result<ActAnswer, Failure> {
        let stored = self.find_held(named)?;
        if stored.state != ItemState::Held {
            return Err(Failure::new(
                "held.not_held",
                3,
                "this item is not held: recall it with `noroshi recall`",
            )
            .arg("item", named));
        }
        crate::recall::check_reason(reason)?;
        let subject = Object::new()
            .with("item", text(stored.hash))
            .with("id", stored.id.as_str())
            .with("reason", reason);
        self.prepare(ActKind::HeldDiscard, subject, person, false, None, 60)
    }

    pub(crate) fn execute_held_discard(
        &self,
        record: &mut ActRecord,
        approved: &Approved,
    ) -> Result<Effect, Failure> {
        let stored = self.act_case(record)?.stored;
        let reason = record.act.subject.str("reason").unwrap_or_default();
        let reason = reason.to_owned();
        let ledger_line = self
            .store
            .write(|tx| {
                self.destroy(tx, &stored.hash)?;
                let person = record.act.requester.clone();
                self.gone(tx, &stored.hash, Fate::Destroyed, &reason, Some(&person))?;
                self.close_act(tx, record, approved)
            })
            .map_err(store_failure::<WriteError>)?;
        self.scrub()?;
        Ok(quiet(ledger_line))
    }

    /// The held item a person means. An object's id means the version that is held, whichever is
    /// current.
    fn find_held(&self, named: &str) -> Result<StoredItem, Failure> {
        if let Ok(id) = named.parse::<StixId>() {
            let reader = self.officer()?;
            let mut held = reader.by_stix_id(&id).map_err(store_failure)?;
            held.retain(|row| row.state == ItemState::Held);
            match &held[..] {
                [] => {}
                [one] => {
                    if let Some(stored) = reader.item(&one.hash).map_err(store_failure)? {
                        return Ok(stored);
                    }
                }
                several => return Err(no_current(&id, several)),
            }
        }
        self.find_item(named).map_err(|failure| {
            if failure.code != "item.unknown" {
                return failure;
            }
            let why = format_args!("nothing held is called `{named}`: see `noroshi held list`");
            Failure::new("held.unknown", 4, why).arg("item", named)
        })
    }

    /// The held item an act is about.
    fn act_case(&self, record: &ActRecord) -> Result<Case, Failure> {
        let gone = || {
            Failure::new(
                "item.unknown",
                4,
                "the item of this act is not held any more",
            )
        };
        let hash = crate::acts::subject_digest(record, "item")
            .map(ItemHash)
            .ok_or_else(gone)?;
        let case = self.case(&hash)?;
        case.filter(|case| case.stored.state == ItemState::Held)
            .ok_or_else(gone)
    }
}

/// Whose log a held item came in, and under which number.
pub(crate) fn noted_entry(noted: &[u8]) -> Option<(NodeId, u64)> {
    let (node, number) = noted.split_first_chunk::<32>()?;
    let number = number.try_into().map(u64::from_be_bytes).ok()?;
    Some((NodeId::from_bytes(*node), number))
}

fn still_held(codes: &[&str]) -> Failure {
    Failure::new(
        "held.other_reasons",
        3,
        format_args!("it is held for more than its marking: {}", codes.join(", ")),
    )
    .arg("reasons", codes.join(", "))
}

fn quiet(ledger_line: u64) -> Effect {
    Effect {
        ledger_line,
        entries: 0,
        wake: Vec::new(),
    }
}
