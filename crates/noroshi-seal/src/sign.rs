//! Ed25519 (RFC 8032) at work, and the system's chance.

use core::fmt;

use aws_lc_rs::rand::SecureRandom;
use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};
use noroshi_model::{KeyId, Rng, Signer, Verifier};
use zeroize::Zeroizing;

/// A private Ed25519 key, ready to sign.
pub struct SigningKey {
    pair: Ed25519KeyPair,
    public: [u8; 32],
    id: KeyId,
    seed: Zeroizing<[u8; 32]>,
}

impl SigningKey {
    /// A new key.
    #[must_use]
    pub fn generate(rng: &dyn Rng) -> Self {
        let mut seed = Zeroizing::new([0; 32]);
        rng.fill(&mut *seed);
        Self::from_seed(&seed)
    }

    /// The key of a seed; every 32 bytes are one.
    #[must_use]
    pub fn from_seed(seed: &[u8; 32]) -> Self {
        let pair = Ed25519KeyPair::from_seed_unchecked(seed)
            .expect("invariant: every 32 bytes are an Ed25519 seed");
        let mut public = [0; 32];
        public.copy_from_slice(pair.public_key().as_ref());
        Self {
            id: KeyId::of(&public),
            pair,
            public,
            seed: Zeroizing::new(*seed),
        }
    }

    /// The seed, to be kept.
    #[must_use]
    pub fn seed(&self) -> Zeroizing<[u8; 32]> {
        self.seed.clone()
    }

    /// The raw public key.
    #[must_use]
    pub fn public(&self) -> [u8; 32] {
        self.public
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey({})", self.id)
    }
}

impl Signer for SigningKey {
    fn key_id(&self) -> KeyId {
        self.id
    }

    fn sign(&self, message: &[u8]) -> [u8; 64] {
        let mut signature = [0; 64];
        signature.copy_from_slice(self.pair.sign(message).as_ref());
        signature
    }
}

/// Checks Ed25519 signatures.
#[derive(Clone, Copy, Debug, Default)]
pub struct Ed25519;

impl Verifier for Ed25519 {
    fn verify(&self, public: &[u8; 32], message: &[u8], signature: &[u8; 64]) -> bool {
        UnparsedPublicKey::new(&ED25519, public)
            .verify(message, signature)
            .is_ok()
    }
}

/// The operating system's chance, through the crypto library.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemRng;

impl Rng for SystemRng {
    fn fill(&self, buffer: &mut [u8]) {
        // Without chance no key, salt or nonce is safe: stopping is the only right answer.
        aws_lc_rs::rand::SystemRandom::new()
            .fill(buffer)
            .expect("the operating system gives random bytes");
    }
}
