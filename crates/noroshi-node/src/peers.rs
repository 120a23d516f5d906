//! Partners: who they are, whether both sides have confirmed, how they are named here.

use std::collections::BTreeSet;

use noroshi_gate::acts::Approved;
use noroshi_gate::{PeerState, Recipient};
use noroshi_model::act::ActKind;
use noroshi_model::document::text;
use noroshi_model::json::Object;
use noroshi_model::ledger::{LedgerLine, LineKind};
use noroshi_model::manifest::{Manifest, Purpose};
use noroshi_model::{KeyId, NodeId};
use noroshi_seal::fingerprint::Fingerprint;
use noroshi_seal::manifest::SignedManifest;
use noroshi_seal::sign::Ed25519;
use noroshi_store::{RecordKind, Tx, WriteError};

use crate::acts::Effect;
use crate::command::{ActAnswer, Event, Failure, PeerAnswer};
use crate::init::fingerprint_row;
use crate::node::{Node, store_failure};
use crate::records::{ActRecord, Peer, Record};
use crate::sink::Sink;

impl Node {
    /// The peer of this node id.
    pub(crate) fn peer(&self, node: &NodeId) -> Result<Option<Peer>, Failure> {
        self.record(RecordKind::Peer, node.bytes())
    }

    /// The one peer that a person means.
    pub(crate) fn find_peer(&self, named: &str) -> Result<Peer, Failure> {
        let matches = |peer: &Peer| {
            let org = &peer.manifest.organisation;
            peer.alias.as_deref() == Some(named)
                || org.nation.as_str().eq_ignore_ascii_case(named)
                || (named.len() >= 8 && org.node.to_string().starts_with(named))
        };
        let peers = self.records::<Peer>(RecordKind::Peer)?;
        let mut found = peers
            .into_iter()
            .filter(|peer| !peer.removed && matches(peer));
        match (found.next(), found.next()) {
            (Some(peer), None) => Ok(peer),
            (None, _) => Err(Failure::new(
                "peer.unknown",
                4,
                format_args!("no peer is called `{named}`: see `noroshi peer list`"),
            )
            .arg("peer", named)),
            (Some(_), Some(_)) => Err(Failure::new(
                "peer.ambiguous",
                2,
                format_args!("`{named}` names several peers: use an alias or the node id"),
            )
            .arg("peer", named)),
        }
    }

    /// Which peer holds this TLS key? A removed peer is as unknown as a stranger.
    #[must_use]
    pub fn peer_of_tls(&self, key: &KeyId) -> Option<NodeId> {
        let peers = self.records::<Peer>(RecordKind::Peer).ok()?;
        peers
            .iter()
            .find(|peer| !peer.removed && peer.tls_keys().contains(key))
            .map(Peer::node)
    }

    /// Does a manifest list a key that this node or another peer lists already? Then two would
    /// answer to one name: whoever holds the key is taken for the one or the other.
    pub(crate) fn lists_key_of_another(&self, peers: &[Peer], manifest: &Manifest) -> bool {
        let own = self.keys().manifest.clone();
        let others = peers.iter().map(|peer| &peer.manifest).chain([&own]);
        let taken: BTreeSet<KeyId> = others
            .filter(|other| other.organisation.node != manifest.organisation.node)
            .flat_map(|other| other.keys.iter().map(|key| key.id))
            .collect();
        manifest.keys.iter().any(|key| taken.contains(&key.id))
    }

    /// Which peer introduces itself with a TLS key that nobody is known to hold? One whose
    /// announcement begins the body and brings a manifest, signed by the root that was paired and
    /// following the one known here, that lists the key. So a peer that revoked its old keys while
    /// this node was away is met again, and nobody else: the manifest is no secret, but only its
    /// node proves to hold the key.
    #[must_use]
    pub fn peer_introduced(&self, key: &KeyId, body: &[u8]) -> Option<NodeId> {
        let announcement = noroshi_sync::announced_in(body)?;
        let peer = self.confirmed_peer(&announcement.from).ok()?;
        let signed = SignedManifest {
            bytes: announcement.manifest,
            signature: announcement.manifest_signature,
        };
        let manifest = signed.verify(&Ed25519).ok()?;
        noroshi_seal::manifest::succeeds(&peer.manifest, &manifest).ok()?;
        let mut keys = manifest.unrevoked(Purpose::Tls);
        keys.any(|listed| listed.id == *key).then(|| peer.node())
    }

    /// Peers worth an exchange now and then: an address, and this side has confirmed.
    #[must_use]
    pub fn peers_to_sync(&self) -> Vec<NodeId> {
        let peers = self.records::<Peer>(RecordKind::Peer).unwrap_or_default();
        peers
            .iter()
            .filter(|peer| peer.address.is_some() && peer.confirmed_here && !peer.removed)
            .map(Peer::node)
            .collect()
    }

    /// The peer as the gate sees a recipient.
    pub(crate) fn recipient(&self, peer: &Peer) -> Result<Recipient, Failure> {
        Ok(Recipient {
            node: peer.node(),
            nation: peer.manifest.organisation.nation,
            state: match (peer.removed, peer.is_confirmed()) {
                (true, _) => PeerState::Removed,
                (false, true) => PeerState::Confirmed,
                (false, false) => PeerState::Pending,
            },
            world: peer.manifest.world,
            knows_own_types: self.knows_own_types(&peer.node())?,
        })
    }

    pub(crate) fn peer_list(&self, sink: &mut dyn Sink) -> Result<(), Failure> {
        for peer in self.records::<Peer>(RecordKind::Peer)? {
            let row = serde_json::to_value(self.peer_answer(&peer)?).unwrap_or_default();
            sink.send(Event::Row {
                kind: "peer".into(),
                row,
            });
        }
        let keys = self.keys();
        let org = &keys.manifest.organisation;
        let fingerprint = fingerprint_row(&Fingerprint::of_root(&keys.manifest.root));
        sink.send(Event::Row {
            kind: "own".into(),
            row: serde_json::json!({
                "node": org.node.to_string(),
                "name_en": org.name_en,
                "name_ja": org.name_ja,
                "nation": org.nation.as_str(),
                "world": self.world().as_str(),
                "address": self.config().address,
                "fingerprint": fingerprint,
                "restoring": self.waits_for()?.len(),
            }),
        });
        Ok(())
    }

    pub(crate) fn peer_answer(&self, peer: &Peer) -> Result<PeerAnswer, Failure> {
        let org = &peer.manifest.organisation;
        let waiting = self
            .inside()?
            .log_waiting(&org.node)
            .map_err(store_failure)?;
        Ok(PeerAnswer {
            node: org.node.to_string(),
            name_en: org.name_en.clone(),
            name_ja: org.name_ja.clone(),
            nation: org.nation.to_string(),
            alias: peer.alias.clone(),
            address: peer.address.clone(),
            state: peer.state().to_owned(),
            confirmed_here: peer.confirmed_here,
            confirmed_there: peer.confirmed_there,
            last_contact: peer.last_contact.map(|at| at.to_string()),
            waiting,
            fingerprint: fingerprint_row(&Fingerprint::of_root(&peer.manifest.root)),
        })
    }

    pub(crate) fn peer_set(
        &self,
        named: &str,
        alias: Option<String>,
        address: Option<String>,
        person: &str,
    ) -> Result<PeerAnswer, Failure> {
        let person = self.active_person(person)?.name;
        let node = self.find_peer(named)?.node();
        if let Some(alias) = &alias {
            let clean = (1..=40).contains(&alias.len()) && !alias.chars().any(char::is_control);
            if !clean {
                return Err(Failure::new(
                    "peer.alias",
                    2,
                    "an alias is 1 to 40 bytes of text",
                ));
            }
        }
        if let Some(address) = &address
            && address
                .rsplit_once(':')
                .is_none_or(|(_, port)| port.parse::<u16>().is_err())
        {
            return Err(Failure::new("peer.address", 2, "an address is host:port"));
        }
        let peer = self.change_peer(&node, |peer| {
            let mut line = self.peer_line(peer, "changed", Some(&person));
            if let Some(alias) = alias {
                line.body.insert("alias", alias.as_str());
                peer.alias = Some(alias);
            }
            if let Some(address) = address {
                line.body.insert("address", address.as_str());
                peer.address = Some(address);
            }
            Some(line)
        })?;
        self.peer_answer(&peer)
    }

    /// Change what is known of a peer, inside one transaction: its record is read there too, so
    /// that two changes at one time never undo each other. The ledger line of the change goes with
    /// it, where it has one.
    pub(crate) fn change_peer(
        &self,
        node: &NodeId,
        change: impl FnOnce(&mut Peer) -> Option<LedgerLine>,
    ) -> Result<Peer, Failure> {
        let changed = self.store.write(|tx| {
            let mut peer = peer_in(tx, node)?;
            let line = change(&mut peer);
            tx.put(RecordKind::Peer, node.bytes(), &peer.to_bytes())?;
            if let Some(line) = line {
                tx.append(&line)?;
            }
            Ok(peer)
        });
        changed.map_err(store_failure::<WriteError>)
    }

    /// A person types what the other side read out; only the right fingerprint makes an act.
    pub(crate) fn peer_confirm(
        &self,
        named: &str,
        typed: &str,
        person: &str,
    ) -> Result<ActAnswer, Failure> {
        let peer = self.find_peer(named)?;
        let fingerprint = Fingerprint::of_root(&peer.manifest.root);
        if !fingerprint.matches(typed) {
            return Err(Failure::new(
                "peer.fingerprint",
                3,
                "this is not the fingerprint of the node that was paired: ask its people to read \
                 it out again; if it still differs, somebody stands between you: remove the peer",
            )
            .arg("peer", named));
        }
        let subject = Object::new()
            .with("node", text(peer.node()))
            .with("fingerprint", fingerprint.digits());
        self.prepare(ActKind::PeerConfirm, subject, person, false, None, 60)
    }

    pub(crate) fn peer_remove(&self, named: &str, person: &str) -> Result<ActAnswer, Failure> {
        let peer = self.find_peer(named)?;
        let subject = Object::new().with("node", text(peer.node()));
        self.prepare(ActKind::PeerRemove, subject, person, false, None, 60)
    }

    pub(crate) fn execute_peer(
        &self,
        record: &mut ActRecord,
        approved: &Approved,
    ) -> Result<Effect, Failure> {
        let node: Option<NodeId> = record
            .act
            .subject
            .str("node")
            .and_then(|node| node.parse().ok());
        let node = node.filter(|node| self.peer(node).is_ok_and(|peer| peer.is_some()));
        let node = node.ok_or_else(|| {
            Failure::new(
                "peer.unknown",
                4,
                "the peer of this act is not known any more",
            )
        })?;
        let confirms = record.act.kind == ActKind::PeerConfirm;
        let event = if confirms {
            "confirmed_here"
        } else {
            "removed"
        };
        let person = record.act.requester.clone();
        let ledger_line = self
            .store
            .write(|tx| {
                let mut peer = peer_in(tx, &node)?;
                if confirms {
                    peer.confirmed_here = true;
                } else {
                    peer.removed = true;
                }
                tx.put(RecordKind::Peer, node.bytes(), &peer.to_bytes())?;
                tx.append(&self.peer_line(&peer, event, Some(&person)))?;
                self.close_act(tx, record, approved)
            })
            .map_err(store_failure::<WriteError>)?;
        Ok(Effect {
            ledger_line,
            entries: 0,
            wake: vec![node],
        })
    }

    pub(crate) fn peer_line(
        &self,
        peer: &Peer,
        event: &str,
        person: Option<&noroshi_model::PersonId>,
    ) -> LedgerLine {
        let body = Object::new()
            .with("event", event)
            .with("node", text(peer.node()))
            .with("name", peer.manifest.organisation.name_en.as_str());
        self.line(LineKind::Peer, person, body)
    }
}

/// Every peer as it stands in the transaction.
pub(crate) fn peers_in(tx: &Tx<'_>) -> Result<Vec<Peer>, WriteError> {
    let rows = tx.records(RecordKind::Peer)?;
    let read = rows.iter().map(|(_, bytes)| Peer::from_bytes(bytes));
    read.collect::<Result<_, _>>()
        .map_err(|error| WriteError::Damaged(error.to_string()))
}

/// A peer's record as it stands in the transaction.
fn peer_in(tx: &Tx<'_>, node: &NodeId) -> Result<Peer, WriteError> {
    let bytes = tx.get(RecordKind::Peer, node.bytes())?;
    let bytes = bytes.ok_or(WriteError::Refused("the peer is not known any more"))?;
    Peer::from_bytes(&bytes).map_err(|error| WriteError::Damaged(error.to_string()))
}
