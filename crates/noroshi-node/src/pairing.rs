//! Two nodes meet: a single-use code runs a PAKE bound to both root keys, then each side's people
//! confirm the other's fingerprint. Until both confirmations stand, a peer receives nothing.

use std::collections::BTreeMap;

use noroshi_model::document::{DocumentError, Fields, hex, text};
use noroshi_model::json::{Object, Value};
use noroshi_model::ledger::LineKind;
use noroshi_model::manifest::Purpose;
use noroshi_model::{Context, KeyId, NodeId, Signer, Verifier, signing};
use noroshi_seal::fingerprint::Fingerprint;
use noroshi_seal::manifest::succeeds;
use noroshi_seal::pairing::{Accepter, Code, Inviter, InviterPending, PeerManifest};
use noroshi_seal::sign::Ed25519;
use noroshi_store::{RecordKind, Tx, WriteError};

use crate::command::{Failure, InviteAnswer, PeerAnswer};
use crate::init::fingerprint_row;
use crate::node::{Node, lock, store_failure};
use crate::outside::Outside;
use crate::peers::peers_in;
use crate::records::recovery::RecoveryRecord;
use crate::records::{Invite, Peer, Record};

/// How long a code is good for, in seconds.
const CODE_SECONDS: i64 = 15 * 60;
/// Wrong tries a code bears.
const CODE_TRIES: u64 = 5;
/// Most pairings half way at one time.
const PENDING_MAX: usize = 16;
/// The one invitation a node has open at a time stands under this key.
pub(crate) const INVITE: &[u8] = b"open";

/// Pairings that wait for their third message, by the TLS key of who began them.
#[derive(Default)]
pub(crate) struct Pairing {
    pending: BTreeMap<KeyId, Waiting>,
}

/// A pairing that waits for its third message.
struct Waiting {
    pending: InviterPending,
    /// Where its accepter says it is found.
    address: Option<String>,
    /// The invitation it was begun with: no other lets it finish.
    code: String,
}

impl Node {
    /// Make a code. A new code replaces one still open.
    pub(crate) fn peer_invite(&self, person: &str) -> Result<InviteAnswer, Failure> {
        let person = self.active_person(person)?;
        let code = Code::generate(self.rng());
        let invite = Invite {
            code: code.to_string(),
            expires: self.now().plus_seconds(CODE_SECONDS),
            tries_left: CODE_TRIES,
            by: person.name.clone(),
        };
        let line = self.line(
            LineKind::Peer,
            Some(&person.name),
            Object::new()
                .with("event", "invited")
                .with("expires", text(invite.expires)),
        );
        self.store
            .write(|tx| {
                tx.put(RecordKind::Invite, INVITE, &invite.to_bytes())?;
                tx.append(&line)
            })
            .map_err(store_failure::<WriteError>)?;
        Ok(InviteAnswer {
            code: invite.code,
            address: self.config().address.clone(),
            expires: invite.expires.to_string(),
            tries: u32::try_from(CODE_TRIES).unwrap_or(u32::MAX),
            fingerprint: fingerprint_row(&Fingerprint::of_root(&self.keys().manifest.root)),
        })
    }

    /// Use a partner's code, from this side.
    pub(crate) fn peer_accept(
        &self,
        address: &str,
        code: &str,
        person: &str,
        outside: &dyn Outside,
    ) -> Result<PeerAnswer, Failure> {
        let person = self.active_person(person)?;
        let code: Code = code
            .parse()
            .map_err(|error| Failure::new("pairing.code", 2, error))?;
        let failed = |error: &dyn std::fmt::Display| {
            Failure::new(
                "pairing.failed",
                3,
                format_args!("{error}: check the code and ask for a new one if it is used up"),
            )
            .arg("address", address)
        };
        let unreachable = |error: crate::outside::OutsideError| {
            Failure::new("peer.unreachable", 6, error).arg("address", address)
        };
        let own = self.keys().signed.clone();
        let (accepter, first) = Accepter::start(&code, &own);
        let wrapped = wrap(1, Some(&self.config().address), &first);
        let (reply, tls) = outside.pair(address, &wrapped).map_err(unreachable)?;
        let (_, second, _) = unwrap(&reply, 2).map_err(|error| failed(&error))?;
        let (third, peer) = accepter.finish(&second).map_err(|error| failed(&error))?;
        expect_tls(&peer, &tls).map_err(|error| failed(&error))?;
        let (done, _) = outside
            .pair(address, &wrap(3, None, &third))
            .map_err(unreachable)?;
        unwrap(&done, 4).map_err(|error| failed(&error))?;
        let address = Some(address.to_owned());
        let peer = self.add_peer(peer, address, Some(&person.name), None)?;
        self.peer_answer(&peer)
    }

    /// A pairing or confirmation message from outside, from whoever holds this TLS key.
    ///
    /// # Errors
    /// `pairing.refused`, with nothing in it that would help a guess.
    pub fn pair(&self, tls: &KeyId, body: &[u8]) -> Result<Vec<u8>, Failure> {
        if let Ok(confirmation) = Confirmation::from_bytes(body) {
            return self.confirmation_received(&confirmation);
        }
        let refused = || Failure::new("pairing.refused", 3, "the pairing message is refused");
        match unwrap(body, 0).map_err(|_| refused())? {
            (1, message, address) => self.pair_first(tls, &message, address),
            (3, message, _) => self.pair_third(tls, &message),
            _ => Err(refused()),
        }
    }

    fn pair_first(
        &self,
        tls: &KeyId,
        message: &[u8],
        address: Option<String>,
    ) -> Result<Vec<u8>, Failure> {
        let refused = |why: &str| Failure::new("pairing.refused", 3, why);
        // The try is spent before anything is answered, in the transaction that saw it was left:
        // an answer is worth one guess, however many ask at one time.
        let spent = self.store.write(|tx| {
            let Some(mut invite) = self.open_invite(tx)?.filter(|invite| invite.tries_left > 0)
            else {
                return Ok(None);
            };
            invite.tries_left -= 1;
            tx.put(RecordKind::Invite, INVITE, &invite.to_bytes())?;
            Ok(Some(invite))
        });
        let invite = spent
            .map_err(store_failure::<WriteError>)?
            .ok_or_else(|| refused("no invitation is open"))?;
        let code: Code = invite
            .code
            .parse()
            .map_err(|_| refused("the invitation is damaged"))?;
        let own = self.keys().signed.clone();
        let (reply, pending) = Inviter::new(&code, &own)
            .answer(message)
            .map_err(|_| refused("the first message is refused"))?;
        let mut pairing = lock(&self.pairing);
        if pairing.pending.len() >= PENDING_MAX {
            pairing.pending.clear();
        }
        let waiting = Waiting {
            pending,
            address,
            code: invite.code,
        };
        pairing.pending.insert(*tls, waiting);
        Ok(wrap(2, None, &reply))
    }

    /// The invitation that is open now, as the transaction sees it.
    fn open_invite(&self, tx: &Tx<'_>) -> Result<Option<Invite>, WriteError> {
        let invite = tx
            .get(RecordKind::Invite, INVITE)?
            .map(|bytes| Invite::from_bytes(&bytes))
            .transpose()
            .map_err(|error| WriteError::Damaged(error.to_string()))?;
        Ok(invite.filter(|invite| self.now() < invite.expires))
    }

    fn pair_third(&self, tls: &KeyId, message: &[u8]) -> Result<Vec<u8>, Failure> {
        let refused = |why: &str| Failure::new("pairing.refused", 3, why);
        let waiting = lock(&self.pairing)
            .pending
            .remove(tls)
            .ok_or_else(|| refused("no pairing waits for this message"))?;
        let peer = waiting
            .pending
            .finish(message)
            .map_err(|_| refused("the code was not the same"))?;
        expect_tls(&peer, tls).map_err(|_| refused("the TLS key is not in the manifest"))?;
        self.add_peer(peer, waiting.address, None, Some(&waiting.code))?;
        // Single use: whoever else waits has nothing to finish with.
        lock(&self.pairing).pending.clear();
        Ok(wrap(4, None, b""))
    }

    /// Keep who was paired. With a code, its invitation is used up in the same transaction, and
    /// must be the one that is open.
    fn add_peer(
        &self,
        paired: PeerManifest,
        address: Option<String>,
        person: Option<&noroshi_model::PersonId>,
        code: Option<&str>,
    ) -> Result<Peer, Failure> {
        let manifest = paired.manifest;
        if manifest.world != self.world() {
            return Err(Failure::new(
                "pairing.world",
                3,
                "an exercise node and an operational node never pair",
            ));
        }
        if manifest.organisation.node == self.me() {
            return Err(Failure::new(
                "pairing.self",
                2,
                "a node does not pair with itself",
            ));
        }
        let peer = Peer {
            manifest_bytes: paired.signed.bytes,
            manifest_signature: paired.signed.signature,
            manifest,
            alias: None,
            address,
            confirmed_here: false,
            confirmed_there: false,
            removed: false,
            last_contact: Some(self.now()),
            since: self.now(),
        };
        let line = self.peer_line(&peer, "paired", person);
        let added = self.store.write(|tx| {
            if let Some(code) = code {
                if self.open_invite(tx)?.is_none_or(|open| open.code != code) {
                    let why = "the invitation is used up";
                    return Ok(Err(Failure::new("pairing.refused", 3, why)));
                }
                tx.delete(RecordKind::Invite, INVITE)?;
            }
            let known = peers_in(tx)?;
            let before = known.iter().find(|known| known.node() == peer.node());
            if let Some(before) = before.filter(|b| b.manifest_bytes != peer.manifest_bytes)
                && let Err(error) = succeeds(&before.manifest, &peer.manifest)
            {
                return Ok(Err(Failure::new("pairing.older", 3, error)));
            }
            if self.lists_key_of_another(&known, &peer.manifest) {
                let why = "the other side's manifest lists a key that is another node's";
                return Ok(Err(Failure::new("pairing.refused", 3, why)));
            }
            tx.put(RecordKind::Peer, peer.node().bytes(), &peer.to_bytes())?;
            if tx
                .get(RecordKind::Meta, crate::restore::RESTORED)?
                .is_some()
            {
                // It may be a partner of the life that was lost, and know its numbers.
                let node = peer.node();
                let (sent, received) = (tx.log_size(&node)?, tx.mirror_root(&node)?.0);
                let record = RecoveryRecord::new(node, false, sent, received);
                tx.put(RecordKind::Recovery, node.bytes(), &record.to_bytes())?;
            }
            tx.append(&line)?;
            Ok(Ok(()))
        });
        added.map_err(store_failure::<WriteError>)??;
        Ok(peer)
    }

    /// Tell a peer whether this side has confirmed, and hear the same. Both may ask, any number of
    /// times. `true` when both have confirmed.
    pub(crate) fn exchange_confirmations(
        &self,
        peer: &Peer,
        outside: &dyn Outside,
    ) -> Result<bool, Failure> {
        let address = peer.address.as_deref().unwrap_or_default();
        let mine = self.confirmation(peer);
        let (reply, tls) = outside
            .pair(address, &mine.to_bytes())
            .map_err(|error| Failure::new("peer.unreachable", 6, error).arg("address", address))?;
        if !peer.tls_keys().contains(&tls) {
            return Err(Failure::new(
                "peer.other_key",
                3,
                format_args!("{address} answers with a TLS key that the peer does not hold"),
            )
            .arg("address", address));
        }
        let theirs = Confirmation::from_bytes(&reply)
            .map_err(|error| Failure::new("pairing.refused", 3, error))?;
        self.note_confirmation(&theirs)?;
        Ok(self
            .peer(&peer.node())?
            .is_some_and(|peer| peer.is_confirmed()))
    }

    fn confirmation_received(&self, theirs: &Confirmation) -> Result<Vec<u8>, Failure> {
        let peer = self.note_confirmation(theirs)?;
        Ok(self.confirmation(&peer).to_bytes())
    }

    fn confirmation(&self, peer: &Peer) -> Confirmation {
        let keys = self.keys();
        let payload = Confirmation::payload(
            &self.me(),
            &peer.node(),
            &peer.manifest.root,
            peer.confirmed_here,
        );
        let message = signing::message(Context::Pairing, self.world(), &payload);
        Confirmation {
            by: self.me(),
            to: peer.node(),
            confirmed: peer.confirmed_here,
            key: keys.items.key_id(),
            signature: keys.items.sign(&message),
        }
    }

    fn note_confirmation(&self, theirs: &Confirmation) -> Result<Peer, Failure> {
        let refused = || Failure::new("pairing.refused", 3, "the confirmation is refused");
        if theirs.to != self.me() {
            return Err(refused());
        }
        let mut peer = self
            .peer(&theirs.by)?
            .filter(|peer| !peer.removed)
            .ok_or_else(refused)?;
        let key = peer
            .manifest
            .key(&theirs.key)
            .filter(|key| key.purpose == Purpose::Items && key.revoked.is_none());
        let public: &[u8; 32] = key
            .and_then(|key| key.public.as_slice().try_into().ok())
            .ok_or_else(refused)?;
        let payload = Confirmation::payload(
            &theirs.by,
            &self.me(),
            &self.keys().manifest.root,
            theirs.confirmed,
        );
        let message = signing::message(Context::Pairing, self.world(), &payload);
        if !Ed25519.verify(public, &message, &theirs.signature) {
            return Err(refused());
        }
        if theirs.confirmed && !peer.confirmed_there {
            peer = self.change_peer(&theirs.by, |peer| {
                peer.confirmed_there = true;
                Some(self.peer_line(peer, "confirmed_there", None))
            })?;
        }
        Ok(peer)
    }
}

/// The TLS key that carried the pairing must be one the manifest names.
fn expect_tls(peer: &PeerManifest, tls: &KeyId) -> Result<(), &'static str> {
    let mut keys = peer.manifest.unrevoked(Purpose::Tls);
    if keys.any(|key| key.id == *tls) {
        Ok(())
    } else {
        Err("the other side's TLS key is not in its manifest")
    }
}

/// One side's word on whether its people have confirmed the other's fingerprint.
pub(crate) struct Confirmation {
    by: NodeId,
    to: NodeId,
    confirmed: bool,
    key: KeyId,
    signature: [u8; 64],
}

impl Confirmation {
    const DOCUMENT: &str = "confirmation";

    /// Names the other side's root, so that a confirmation of one root never serves another.
    fn payload(by: &NodeId, to: &NodeId, root: &[u8; 32], confirmed: bool) -> Vec<u8> {
        [&by.bytes()[..], to.bytes(), root, &[u8::from(confirmed)]].concat()
    }

    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        Value::Object(
            Object::new()
                .with("v", 1)
                .with("document", Self::DOCUMENT)
                .with("by", text(self.by))
                .with("to", text(self.to))
                .with("confirmed", self.confirmed)
                .with("key", text(self.key))
                .with("signature", hex(&self.signature)),
        )
        .canonical()
    }

    pub(crate) fn from_bytes(bytes: &[u8]) -> Result<Self, DocumentError> {
        let mut fields = Fields::read(Self::DOCUMENT, bytes)?;
        fields.version(1)?;
        if fields.text("document")? != Self::DOCUMENT {
            return Err(fields.refused("document", "is not `confirmation`"));
        }
        let confirmed = fields
            .value("confirmed")?
            .as_bool()
            .ok_or_else(|| fields.refused("confirmed", "is not true or false"))?;
        let confirmation = Self {
            by: fields.parsed("by")?,
            to: fields.parsed("to")?,
            confirmed,
            key: fields.parsed("key")?,
            signature: fields.hex("signature")?,
        };
        fields.end()?;
        Ok(confirmation)
    }
}

/// A pairing message in its envelope: which step, and where the sender is to be found.
pub(crate) fn wrap(step: i64, address: Option<&str>, message: &[u8]) -> Vec<u8> {
    let mut object = Object::new()
        .with("v", 1)
        .with("document", "pairing")
        .with("step", step)
        .with("message", hex(message));
    if let Some(address) = address {
        object.insert("address", address);
    }
    Value::Object(object).canonical()
}

/// Open the envelope; `expected` 0 takes any step.
pub(crate) fn unwrap(
    bytes: &[u8],
    expected: u64,
) -> Result<(u64, Vec<u8>, Option<String>), DocumentError> {
    let mut fields = Fields::read("pairing", bytes)?;
    fields.version(1)?;
    if fields.text("document")? != "pairing" {
        return Err(fields.refused("document", "is not `pairing`"));
    }
    let step = fields.number("step")?;
    if expected != 0 && step != expected {
        return Err(fields.refused("step", format_args!("is {step}, not {expected}")));
    }
    let digits = fields.text("message")?;
    let message = noroshi_model::document::unhex(&digits)
        .ok_or_else(|| fields.refused("message", "is not hexadecimal"))?;
    let address: Option<String> = fields.maybe_parsed("address")?;
    let plausible = |address: &String| {
        address.len() <= 300
            && address
                .rsplit_once(':')
                .is_some_and(|(_, port)| port.parse::<u16>().is_ok())
    };
    if address.as_ref().is_some_and(|address| !plausible(address)) {
        return Err(fields.refused("address", "is not host:port"));
    }
    fields.end()?;
    Ok((step, message, address))
}
