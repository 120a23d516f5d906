//! Documents on agreements arrive: proposals, signatures, suspensions; and go on to parties that
//! have no link with their sender.

use noroshi_model::agreement::Agreement;
use noroshi_model::link::{EntryKind, Precedence};
use noroshi_model::{Context, Digest, ItemHash, NodeId, Verifier, signing};
use noroshi_seal::sign::Ed25519;
use noroshi_store::{RecordKind, Tx, WriteError};

use super::{AgreementDocument, PROPOSALS_MAX, StateDocument};
use crate::node::Node;
use crate::records::{AgreementRecord, Peer, Record};

impl Node {
    /// An agreement with signatures arrived from a party of it.
    pub(crate) fn receive_agreement(
        &self,
        tx: &mut Tx<'_>,
        from: &NodeId,
        document: AgreementDocument,
    ) -> Result<Result<(), String>, WriteError> {
        let hash = ItemHash(Digest::of(&document.bytes));
        let agreement = &document.agreement;
        if !agreement.has_party(from) || !agreement.has_party(&self.me()) {
            return Ok(Err(
                "the agreement is not between its sender and this node".into()
            ));
        }
        let known = tx.get(RecordKind::Agreement, hash.bytes())?;
        let mut kept = match known.and_then(|bytes| AgreementRecord::from_bytes(&bytes).ok()) {
            Some(kept) => kept,
            None => {
                if let Err(why) = self.room_for_proposal(tx, from, &document)? {
                    return Ok(Err(why));
                }
                AgreementRecord {
                    agreement: document.agreement,
                    bytes: document.bytes,
                    signatures: Vec::new(),
                    states: Vec::new(),
                }
            }
        };
        let message = signing::message(
            Context::Agreement,
            self.world(),
            &Agreement::signed_payload(&hash),
        );
        let mut news = false;
        for (node, key, signature) in document.signatures {
            if kept.signed_by().contains(&node) || node == self.me() {
                continue;
            }
            let Some(public) = self.party_key_in(tx, &kept.agreement, &node, &key)? else {
                // Left out, not held against the sender: that party signs anew, and sends itself,
                // what it has not delivered here.
                if node != *from && self.has_revoked(&node, &key).unwrap_or(false) {
                    continue;
                }
                return Ok(Err(format!(
                    "a signature is by a key of {node} that is not trusted here"
                )));
            };
            if !Ed25519.verify(&public, &message, &signature) {
                return Ok(Err("a signature under the agreement does not verify".into()));
            }
            kept.signatures.push((node, key, signature));
            news = true;
        }
        if news {
            tx.put(RecordKind::Agreement, hash.bytes(), &kept.to_bytes())?;
            tx.append(&self.agreement_line(&kept, "received", None, from))?;
            // Parties without a link of their own hear of it through those who have one; what
            // this node does not sign itself it does not carry about.
            if kept.is_signed_by(&self.me()) {
                let document = AgreementDocument::of(&kept).to_bytes();
                self.relay_to_parties(tx, from, &kept.agreement, &document)?;
            }
        }
        Ok(Ok(()))
    }

    /// A proposal is taken from who signs it, while it can still come into force, and while not
    /// too many of that peer's wait: what nobody here has asked for must not fill the store.
    fn room_for_proposal(
        &self,
        tx: &mut Tx<'_>,
        from: &NodeId,
        document: &AgreementDocument,
    ) -> Result<Result<(), String>, WriteError> {
        if !document.signatures.iter().any(|(by, _, _)| by == from) {
            return Ok(Err("the proposal is not signed by who sends it".into()));
        }
        let now = self.now();
        if document.agreement.valid_until <= now {
            return Ok(Err("the proposed agreement has ended".into()));
        }
        let mut waiting = 0;
        for (key, bytes) in tx.records(RecordKind::Agreement)? {
            let Ok(kept) = AgreementRecord::from_bytes(&bytes) else {
                continue;
            };
            if kept.is_signed_by(&self.me()) || !kept.is_signed_by(from) {
                continue;
            }
            if kept.agreement.valid_until <= now {
                tx.delete(RecordKind::Agreement, &key)?;
            } else {
                waiting += 1;
            }
        }
        if waiting >= PROPOSALS_MAX {
            let why = format!("{waiting} proposals of this peer wait to be signed or to end");
            return Ok(Err(why));
        }
        Ok(Ok(()))
    }

    /// Pass a document on an agreement on to the other parties that are peers, and introduce the
    /// parties to one another. Only news is passed on, so that it ends.
    fn relay_to_parties(
        &self,
        tx: &mut Tx<'_>,
        from: &NodeId,
        agreement: &Agreement,
        document: &[u8],
    ) -> Result<(), WriteError> {
        for party in agreement.parties.iter().map(|party| party.node) {
            let peer = tx.get(RecordKind::Peer, party.bytes())?;
            let peer = peer.and_then(|bytes| Peer::from_bytes(&bytes).ok());
            if party == *from || !peer.is_some_and(|peer| peer.is_confirmed()) {
                continue;
            }
            self.introduce_parties(tx, &party, agreement)?;
            let (kind, urgent) = (EntryKind::Document, Precedence::Immediate);
            self.log_bytes(tx, &party, kind, urgent, document.to_vec())?;
        }
        Ok(())
    }

    /// A party's word on whether an agreement rests, from that party or passed on by another.
    pub(crate) fn receive_state(
        &self,
        tx: &mut Tx<'_>,
        from: &NodeId,
        document: &StateDocument,
        bytes: &[u8],
    ) -> Result<Result<(), String>, WriteError> {
        let known = tx.get(RecordKind::Agreement, document.agreement.bytes())?;
        let known = known.and_then(|bytes| AgreementRecord::from_bytes(&bytes).ok());
        // One between others is as unknown to the sender as none.
        let Some(mut kept) = known.filter(|kept| kept.agreement.has_party(from)) else {
            return Ok(Err("the agreement is not known here".into()));
        };
        let by = document.state.node;
        let Some(public) = self.party_key_in(tx, &kept.agreement, &by, &document.key)? else {
            return Ok(Err("the key is not trusted here".into()));
        };
        if !document.verifies(&public, self.world()) {
            return Ok(Err("the signature does not verify".into()));
        }
        let word = if document.state.suspended {
            "suspended"
        } else {
            "resumed"
        };
        if by != self.me() && kept.note_state(document.state.clone()) {
            tx.put(
                RecordKind::Agreement,
                document.agreement.bytes(),
                &kept.to_bytes(),
            )?;
            tx.append(&self.agreement_line(&kept, word, None, &by))?;
            self.relay_to_parties(tx, from, &kept.agreement, bytes)?;
        }
        Ok(Ok(()))
    }
}
