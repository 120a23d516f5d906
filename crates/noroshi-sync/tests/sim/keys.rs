//! The keys of a run: real ones, or cheap ones whose encapsulation is the key itself, where the
//! crypto is not the point. Frames are sealed with the real cipher either way.

use std::collections::BTreeMap;

use noroshi_model::{Digest, Rng, Signer, Verifier, World};
use noroshi_seal::sealing::{FrameKey, SealingKey, decapsulate, encapsulate};
use noroshi_seal::sign::{Ed25519, SigningKey};
use noroshi_sync::Announcement;

use crate::chance::Chance;
use crate::faults::Fault;
use crate::node::{NODES, node_id};

/// How epochs are sealed and signed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Seal {
    Cheap,
    Real,
}

/// Everybody's keys.
pub(crate) struct Keys {
    real: Vec<(SealingKey, SigningKey)>,
    /// The key of each direction's current sending epoch.
    sending: BTreeMap<(usize, usize), [u8; 32]>,
}

struct Seeded<'a>(std::sync::Mutex<&'a mut Chance>);

impl Rng for Seeded<'_> {
    fn fill(&self, buffer: &mut [u8]) {
        let mut chance = self.0.lock().expect("nobody else has it");
        buffer.fill_with(|| chance.bytes::<1>()[0]);
    }
}

impl Keys {
    pub(crate) fn new(seal: Seal, chance: &mut Chance) -> Self {
        let count = if seal == Seal::Real { NODES } else { 0 };
        let rng = Seeded(std::sync::Mutex::new(chance));
        let pair = |_| {
            let sealing = SealingKey::generate().expect("a key can be made");
            (sealing, SigningKey::generate(&rng))
        };
        Self {
            real: (0..count).map(pair).collect(),
            sending: BTreeMap::new(),
        }
    }

    /// A new epoch's key, and how it travels. From now on frames are sealed with it.
    pub(crate) fn begin(
        &mut self,
        from: usize,
        to: usize,
        epoch: u64,
        fault: Fault,
        chance: &mut Chance,
    ) -> (Vec<u8>, FrameKey) {
        let (encapsulation, key) = self.encapsulated(from, to, epoch, fault, chance);
        self.sending.insert((from, to), *key.to_bytes());
        (encapsulation, key)
    }

    /// A new key, and how it travels.
    pub(crate) fn encapsulated(
        &self,
        from: usize,
        to: usize,
        epoch: u64,
        fault: Fault,
        chance: &mut Chance,
    ) -> (Vec<u8>, FrameKey) {
        match self.real.get(to) {
            Some((sealing, _)) => {
                let context = context(from, to, epoch);
                encapsulate(&sealing.public(), &context).expect("the key is one")
            }
            None => {
                let mut bytes = chance.bytes();
                if fault == Fault::KeyFromNumber {
                    bytes = Digest::of(&context(from, to, epoch)).0;
                }
                (bytes.to_vec(), frame_key(&bytes))
            }
        }
    }

    /// The key frames are sealed with now.
    pub(crate) fn sending(&self, from: usize, to: usize) -> [u8; 32] {
        self.sending.get(&(from, to)).copied().unwrap_or_default()
    }

    /// The key of an announced epoch, for the node it is for.
    pub(crate) fn open(&self, me: usize, announcement: &Announcement) -> Option<FrameKey> {
        match self.real.get(me) {
            Some((sealing, _)) => {
                let context = Announcement::key_context(
                    World::Operational,
                    &announcement.from,
                    &announcement.to,
                    announcement.epoch,
                );
                decapsulate(sealing, &announcement.encapsulation, &context).ok()
            }
            None => {
                let bytes: [u8; 32] = announcement.encapsulation.as_slice().try_into().ok()?;
                Some(frame_key(&bytes))
            }
        }
    }

    pub(crate) fn sign(&self, me: usize, payload: &[u8]) -> [u8; 64] {
        match self.real.get(me) {
            Some((_, signing)) => signing.sign(payload),
            None => {
                let half = Digest::of_parts(&[node_id(me).bytes(), payload]).0;
                let mut signature = [0; 64];
                signature[..32].copy_from_slice(&half);
                signature
            }
        }
    }

    pub(crate) fn verifies(&self, by: usize, payload: &[u8], signature: &[u8; 64]) -> bool {
        match self.real.get(by) {
            Some((_, signing)) => Ed25519.verify(&signing.public(), payload, signature),
            None => self.sign(by, payload) == *signature,
        }
    }
}

fn context(from: usize, to: usize, epoch: u64) -> Vec<u8> {
    Announcement::key_context(World::Operational, &node_id(from), &node_id(to), epoch)
}

pub(crate) fn frame_key(bytes: &[u8; 32]) -> FrameKey {
    FrameKey::from_bytes(bytes).expect("every 32 bytes are a key")
}
