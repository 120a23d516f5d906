//! Nodes that are no peers here: a partner of a common agreement introduces them with their
//! manifest.
//!
//! A manifest proves itself: its root signed it, and the node's id is the root's hash, which
//! stands in the agreement. So the road it came over need not be trusted, only the agreement:
//! signatures of an introduced node count under agreements it is a party of; items and consent
//! count only while such an agreement is in force.

use noroshi_model::agreement::{Agreement, Standing};
use noroshi_model::document::{DocumentError, Fields, hex, text, unhex};
use noroshi_model::json::{Object, Value};
use noroshi_model::ledger::LineKind;
use noroshi_model::link::{EntryKind, Precedence};
use noroshi_model::manifest::Manifest;
use noroshi_model::{Digest, KeyId, NodeId};
use noroshi_seal::manifest::{SignedManifest, succeeds};
use noroshi_seal::sign::Ed25519;
use noroshi_store::{KeyValue, Reader, RecordKind, Tx, WriteError};

use crate::command::Failure;
use crate::node::{Node, store_failure};
use crate::receive::item_key;
use crate::records::{AgreementRecord, Peer, Record};

/// Small records, read in a transaction or beside one.
pub(crate) trait Records {
    /// One record.
    fn one(&self, kind: RecordKind, key: &[u8]) -> Result<Option<Vec<u8>>, WriteError>;
    /// Every record whose key begins so.
    fn under(&self, kind: RecordKind, beginning: &[u8]) -> Result<Vec<KeyValue>, WriteError>;
}

impl Records for Tx<'_> {
    fn one(&self, kind: RecordKind, key: &[u8]) -> Result<Option<Vec<u8>>, WriteError> {
        self.get(kind, key)
    }

    fn under(&self, kind: RecordKind, beginning: &[u8]) -> Result<Vec<KeyValue>, WriteError> {
        self.records_under(kind, beginning)
    }
}

impl Records for Reader<'_> {
    fn one(&self, kind: RecordKind, key: &[u8]) -> Result<Option<Vec<u8>>, WriteError> {
        Ok(self.record(kind, key)?)
    }

    fn under(&self, kind: RecordKind, beginning: &[u8]) -> Result<Vec<KeyValue>, WriteError> {
        Ok(self.records_under(kind, beginning)?)
    }
}

/// For what a key is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Trust {
    /// To let something in: an introduced node counts while an agreement with it is in force.
    Opens,
    /// To take something away, or to read what was signed: any node whose manifest is known.
    Closes,
}

/// A manifest on its way to a party of a common agreement.
pub(crate) struct Introduction(SignedManifest);

impl Introduction {
    /// The field that tells this document from others.
    pub(crate) const FIELD: &str = "introduction";

    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        Value::Object(
            Object::new()
                .with("v", 1)
                .with(Self::FIELD, hex(&self.0.bytes))
                .with("signature", hex(&self.0.signature)),
        )
        .canonical()
    }

    pub(crate) fn from_bytes(bytes: &[u8]) -> Result<Self, DocumentError> {
        let mut fields = Fields::read(Self::FIELD, bytes)?;
        fields.version(1)?;
        let digits = fields.text(Self::FIELD)?;
        let signed = SignedManifest {
            bytes: unhex(&digits)
                .ok_or_else(|| fields.refused(Self::FIELD, "is not hexadecimal"))?,
            signature: fields.hex("signature")?,
        };
        fields.end()?;
        Ok(Self(signed))
    }

    /// Whom it introduces, by its own word.
    pub(crate) fn node(&self) -> Option<NodeId> {
        let manifest = Manifest::from_bytes(&self.0.bytes).ok()?;
        Some(manifest.organisation.node)
    }
}

impl Node {
    /// The manifest this node has of another: its own, a peer's, or an introduced one.
    pub(crate) fn manifest_in(
        &self,
        records: &dyn Records,
        node: &NodeId,
    ) -> Result<Option<(Manifest, SignedManifest)>, WriteError> {
        let signed = if *node == self.me() {
            Some(self.keys().signed.clone())
        } else if let Some(peer) = records.one(RecordKind::Peer, node.bytes())? {
            let peer = Peer::from_bytes(&peer).map_err(damaged)?;
            Some(SignedManifest {
                bytes: peer.manifest_bytes,
                signature: peer.manifest_signature,
            })
        } else {
            let kept = records.one(RecordKind::Manifest, node.bytes())?;
            kept.as_deref().and_then(stored_manifest)
        };
        signed
            .map(|signed| {
                let manifest = Manifest::from_bytes(&signed.bytes).map_err(damaged)?;
                Ok((manifest, signed))
            })
            .transpose()
    }

    /// The raw item key of a node, not revoked, if it is trusted here for that.
    pub(crate) fn key_in(
        &self,
        records: &dyn Records,
        node: &NodeId,
        key: &KeyId,
        trust: Trust,
    ) -> Result<Option<[u8; 32]>, WriteError> {
        let Some((manifest, _)) = self.manifest_in(records, node)? else {
            return Ok(None);
        };
        let direct = *node == self.me() || records.one(RecordKind::Peer, node.bytes())?.is_some();
        let trusted = direct || trust == Trust::Closes || self.vouched_for(records, node)?;
        Ok(item_key(&manifest, key).filter(|_| trusted))
    }

    /// The same for a signature under an agreement of which the node is a party.
    pub(crate) fn party_key_in(
        &self,
        records: &dyn Records,
        agreement: &Agreement,
        node: &NodeId,
        key: &KeyId,
    ) -> Result<Option<[u8; 32]>, WriteError> {
        if !agreement.has_party(node) {
            return Ok(None);
        }
        self.key_in(records, node, key, Trust::Closes)
    }

    /// Is the node a party of an agreement in force that this node has signed?
    fn vouched_for(&self, records: &dyn Records, node: &NodeId) -> Result<bool, WriteError> {
        let agreements = agreements_in(records)?;
        Ok(self.standings(&agreements, self.now()).iter().any(|held| {
            held.standing == Standing::InForce
                && held.agreement.has_party(&self.me())
                && held.agreement.has_party(node)
        }))
    }

    /// Send a party the manifests of the other parties of an agreement, each once.
    pub(crate) fn introduce_parties(
        &self,
        tx: &mut Tx<'_>,
        to: &NodeId,
        agreement: &Agreement,
    ) -> Result<(), WriteError> {
        for about in agreement.parties.iter().map(|party| party.node) {
            self.introduce(tx, to, &about, Precedence::Immediate)?;
        }
        Ok(())
    }

    /// Send a partner the manifest of another node, unless it has been sent already.
    pub(crate) fn introduce(
        &self,
        tx: &mut Tx<'_>,
        to: &NodeId,
        about: &NodeId,
        precedence: Precedence,
    ) -> Result<(), WriteError> {
        let common = |record: &AgreementRecord| {
            let parties = [to, about, &self.me()];
            parties
                .iter()
                .all(|party| record.agreement.has_party(party))
        };
        if *about == self.me() || about == to || !agreements_in(tx)?.iter().any(common) {
            return Ok(());
        }
        let Some((_, signed)) = self.manifest_in(tx, about)? else {
            return Ok(());
        };
        let key = [&to.bytes()[..], about.bytes()].concat();
        let name = Digest::of(&signed.bytes);
        if tx.get(RecordKind::Introduced, &key)?.as_deref() == Some(&name.0) {
            return Ok(());
        }
        tx.put(RecordKind::Introduced, &key, &name.0)?;
        let bytes = Introduction(signed).to_bytes();
        self.log_bytes(tx, to, EntryKind::Document, precedence, bytes)?;
        Ok(())
    }

    /// A peer has a new manifest: whoever knows it through this node hears of it, so that a key
    /// revoked there is trusted nowhere.
    pub(crate) fn introduce_again(
        &self,
        tx: &mut Tx<'_>,
        about: &NodeId,
    ) -> Result<(), WriteError> {
        for (key, _) in tx.records_under(RecordKind::Introduced, &[])? {
            let (to, known) = key.split_at(key.len().min(32));
            if known == about.bytes()
                && let Ok(to) = <[u8; 32]>::try_from(to)
            {
                self.introduce(tx, &NodeId::from_bytes(to), about, Precedence::Immediate)?;
            }
        }
        Ok(())
    }

    /// A partner introduces a node. `Err` tells why it is refused.
    pub(crate) fn receive_introduction(
        &self,
        tx: &mut Tx<'_>,
        from: &NodeId,
        document: &Introduction,
    ) -> Result<Result<(), String>, WriteError> {
        let signed = &document.0;
        let manifest = match signed.verify(&Ed25519) {
            Ok(manifest) if manifest.world == self.world() => manifest,
            Ok(_) => return Ok(Err("the manifest is of another world".into())),
            Err(error) => return Ok(Err(error.to_string())),
        };
        let node = manifest.organisation.node;
        if node == self.me() || tx.get(RecordKind::Peer, node.bytes())?.is_some() {
            // Whom this node knows itself it needs nobody to tell of.
            return Ok(Ok(()));
        }
        let common = agreements_in(tx)?.into_iter().any(|record| {
            [from, &node, &self.me()]
                .into_iter()
                .all(|party| record.agreement.has_party(party))
        });
        if !common {
            return Ok(Err(format!(
                "{node} is no party of an agreement with its introducer and this node"
            )));
        }
        let kept = tx.get(RecordKind::Manifest, node.bytes())?;
        if let Some(known) = kept.as_deref().and_then(stored_manifest) {
            let known = Manifest::from_bytes(&known.bytes).map_err(damaged)?;
            if known.serial >= manifest.serial {
                return Ok(Ok(()));
            }
            if let Err(error) = succeeds(&known, &manifest) {
                return Ok(Err(error.to_string()));
            }
        }
        let stored = [&signed.signature[..], &signed.bytes].concat();
        tx.put(RecordKind::Manifest, node.bytes(), &stored)?;
        let body = Object::new()
            .with("node", text(node))
            .with("name", manifest.organisation.name_en.as_str())
            .with("manifest", text(Digest::of(&signed.bytes)))
            .with("from", text(from));
        tx.append(&self.line(LineKind::Introduced, None, body))?;
        Ok(Ok(()))
    }

    /// Whom an introduction concerns: those who share an agreement with this node and the
    /// introduced one.
    pub(crate) fn introduction_parties(&self, about: &NodeId) -> Result<Vec<NodeId>, Failure> {
        let agreements = self.agreements()?;
        let common = agreements
            .iter()
            .filter(|record| record.agreement.has_party(about));
        Ok(common
            .flat_map(|record| record.agreement.parties.iter().map(|party| party.node))
            .collect())
    }

    /// The manifest of a node, read beside any transaction.
    pub(crate) fn manifest_of(&self, node: &NodeId) -> Result<Option<Manifest>, Failure> {
        let reader = self.inside()?;
        let found = self.manifest_in(&reader, node).map_err(store_failure)?;
        Ok(found.map(|(manifest, _)| manifest))
    }
}

/// Every agreement as it stands where it is read; one that does not read binds nobody.
pub(crate) fn agreements_in(records: &dyn Records) -> Result<Vec<AgreementRecord>, WriteError> {
    let rows = records.under(RecordKind::Agreement, &[])?;
    let read = rows
        .iter()
        .filter_map(|(_, bytes)| AgreementRecord::from_bytes(bytes).ok());
    Ok(read.collect())
}

/// A manifest as it is stored: the root's signature, then the bytes.
fn stored_manifest(bytes: &[u8]) -> Option<SignedManifest> {
    let (signature, bytes) = bytes.split_first_chunk::<64>()?;
    Some(SignedManifest {
        bytes: bytes.to_vec(),
        signature: *signature,
    })
}

/// A stored record that does not read.
pub(crate) fn damaged(error: DocumentError) -> WriteError {
    WriteError::Damaged(error.to_string())
}
