//! Partners cosign (C2SP tlog-cosignature, `cosignature/v1`): a checkpoint of a partner's log is
//! compared with the mirror, signed beside its owner's signature, stored, and only then given back.
//! The owner keeps it with the log, so that a proof from it stands on two keys.
//!
//! Who wants a cosignature says so in the note itself: it bears the owner's own. A node that does
//! not know them reads past that line, as every note reader does, and is never sent an answer it
//! could not read.

use noroshi_model::NodeId;
use noroshi_model::document::text;
use noroshi_model::json::Object;
use noroshi_model::ledger::LineKind;
use noroshi_model::manifest::{Manifest, Purpose};
use noroshi_seal::tlog::{Checkpoint, cosign, cosigned_at};
use noroshi_store::{Log, Reader, Tx, WriteError};

use crate::command::Failure;
use crate::node::{Node, store_failure};
use crate::receive::Alarms;
use crate::records::Peer;
use crate::send::{cosigner_name, log_name};

impl Node {
    /// The checkpoint of the log kept for a peer that goes with its entries, and asks the peer to
    /// cosign it.
    pub(crate) fn asking_checkpoint(&self, peer: &NodeId) -> Result<String, Failure> {
        let (_, note) = self.log_checkpoint(peer)?;
        self.cosign(&note)
            .map_err(|error| Failure::new("link.frame", 1, error))
    }

    /// The same, unless the peer has cosigned the log as it stands: an answer that was lost is
    /// asked for again with the next acknowledgement.
    pub(crate) fn asking_again(&self, peer: &NodeId) -> Result<Option<String>, Failure> {
        let reader = self.inside()?;
        let (size, _) = reader.log_root(peer, false).map_err(store_failure)?;
        let kept = reader
            .newest_checkpoint(Log::For(peer))
            .map_err(store_failure)?;
        if size == 0 || kept.is_some_and(|(kept, _)| kept == size) {
            return Ok(None);
        }
        drop(reader);
        self.asking_checkpoint(peer).map(Some)
    }

    /// A note with this node's cosignature of now.
    fn cosign(&self, note: &str) -> Result<String, noroshi_seal::tlog::NoteError> {
        let seconds = u64::try_from(self.now().micros() / 1_000_000).unwrap_or_default();
        let keys = self.keys();
        let name = cosigner_name(&self.me());
        cosign(note, &name, &keys.ledger.public(), &keys.ledger, seconds)
    }

    /// The peer's checkpoint must be its own, and where the mirror has come that far, agree. One
    /// that is smaller than the mirror is late, or the peer shows another log than it sent. One
    /// over the whole mirror is kept, and cosigned where the peer asks for it: what is returned is
    /// to be given to the peer once it is durable.
    ///
    /// No two roots of one size are ever signed: the mirror has one, and a leaf in it is never
    /// replaced. A node that came back from a backup signs with other keys.
    pub(crate) fn check_mirror(
        &self,
        tx: &mut Tx<'_>,
        peer: &Peer,
        alarms: &mut Alarms,
        note: &str,
    ) -> Result<Option<String>, WriteError> {
        let node = peer.node();
        let name = log_name(&node, Some(&self.me()));
        let mut keys = unrevoked(&peer.manifest);
        let opened = keys.find_map(|key| Some((key, Checkpoint::open(note, &name, &key).ok()?)));
        let Some((key, said)) = opened.filter(|(_, said)| said.origin == name) else {
            let why = "a checkpoint is not signed by the peer's ledger key";
            return self.dispute(tx, peer, alarms, why).map(|()| None);
        };
        let Some(root) = tx.mirror_root_at(&node, said.size)? else {
            // Of entries still under way: a later one will be compared.
            return Ok(None);
        };
        if said.root != root {
            let why = "the peer's log has another root than the entries it sent";
            return self.dispute(tx, peer, alarms, why).map(|()| None);
        }
        if said.size != tx.mirror_root(&node)?.0 {
            return Ok(None);
        }
        let kept = tx.mirror_checkpoint(&node, said.size)?;
        if cosigned_at(note, &cosigner_name(&node), &key).is_err() {
            if kept.is_none() {
                tx.mirror_checkpoint_put(&node, said.size, note)?;
            }
            return Ok(None);
        }
        // What was signed once is given again.
        let (mine, own) = (cosigner_name(&self.me()), self.keys().ledger.public());
        if let Some(kept) = kept.filter(|kept| cosigned_at(kept, &mine, &own).is_ok()) {
            return Ok(Some(kept));
        }
        let cosigned = self.cosign(note).map_err(|error| {
            // It was opened above.
            WriteError::Damaged(error.to_string())
        })?;
        tx.mirror_checkpoint_put(&node, said.size, &cosigned)?;
        Ok(Some(cosigned))
    }

    /// The peer gives back a checkpoint of the log kept for it, cosigned. It is kept if this node
    /// signed it, the log still says the same, and the cosignature is the peer's; anything else is
    /// a dispute: of two lives of this node, or about what the peer saw.
    pub(crate) fn take_cosigned(
        &self,
        tx: &mut Tx<'_>,
        peer: &Peer,
        alarms: &mut Alarms,
        note: &str,
    ) -> Result<(), WriteError> {
        let node = peer.node();
        let name = log_name(&self.me(), Some(&node));
        // Also with a key that was revoked since: it was on its way.
        let keys = self.keys().manifest.keys.clone();
        let own = keys.iter().filter(|key| key.purpose == Purpose::Ledger);
        let mut own = own.filter_map(|key| key.public.as_slice().try_into().ok());
        let opened = own.find_map(|key| Checkpoint::open(note, &name, &key).ok());
        let Some(said) = opened.filter(|said| said.origin == name) else {
            let why = "the peer cosigned a checkpoint that this node did not sign";
            return self.dispute(tx, peer, alarms, why);
        };
        let cosigner = cosigner_name(&node);
        if !unrevoked(&peer.manifest).any(|key| cosigned_at(note, &cosigner, &key).is_ok()) {
            let why = "a cosignature is not the peer's";
            return self.dispute(tx, peer, alarms, why);
        }
        if tx.log_root_at(&node, said.size)? != Some(said.root) {
            let why = "the peer cosigned another log than the one that is kept for it here";
            return self.dispute(tx, peer, alarms, why);
        }
        tx.log_checkpoint_put(&node, said.size, note)
    }

    fn dispute(
        &self,
        tx: &mut Tx<'_>,
        peer: &Peer,
        alarms: &mut Alarms,
        why: &str,
    ) -> Result<(), WriteError> {
        if !alarms.is_new(self.now(), why) {
            return Ok(());
        }
        let body = Object::new()
            .with("peer", text(peer.node()))
            .with("why", why);
        tx.append(&self.line(LineKind::Disputed, None, body))
            .map(|_| ())
    }

    /// How far a partner has cosigned the log kept for it, and when it last did.
    pub(crate) fn cosigned(
        &self,
        reader: &Reader<'_>,
        node: &NodeId,
    ) -> Result<Option<(u64, u64)>, Failure> {
        let kept = reader
            .newest_checkpoint(Log::For(node))
            .map_err(store_failure)?;
        let Some((size, note)) = kept else {
            return Ok(None);
        };
        let seconds = self.cosigned_by(node, &note)?;
        Ok(seconds.map(|seconds| (size, seconds)))
    }

    /// When a node cosigned the note, in seconds of POSIX time; with whichever of its keys.
    pub(crate) fn cosigned_by(&self, node: &NodeId, note: &str) -> Result<Option<u64>, Failure> {
        let name = cosigner_name(node);
        let keys = self.ledger_keys_of(node)?;
        let mut times = keys
            .iter()
            .filter_map(|key| cosigned_at(note, &name, key).ok());
        Ok(times.next())
    }
}

/// The ledger keys of a manifest that are not revoked.
fn unrevoked(manifest: &Manifest) -> impl Iterator<Item = [u8; 32]> + '_ {
    let keys = manifest.unrevoked(Purpose::Ledger);
    keys.filter_map(|key| key.public.as_slice().try_into().ok())
}
