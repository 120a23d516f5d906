//! What pure rooms are given from outside: time, chance, signatures.

use crate::ids::KeyId;
use crate::time::Timestamp;

/// The time of day, for display, expiry and dates in documents; order never rests on it.
pub trait Clock: Send + Sync {
    /// Now.
    fn now(&self) -> Timestamp;
}

/// Chance fit for keys and salts.
pub trait Rng: Send + Sync {
    /// Fill the buffer with fresh random bytes.
    fn fill(&self, buffer: &mut [u8]);
}

/// A private Ed25519 key at work, wherever it is kept.
pub trait Signer: Send + Sync {
    /// The name of the public half.
    fn key_id(&self) -> KeyId;
    /// Sign a message already built by [`crate::signing`].
    fn sign(&self, message: &[u8]) -> [u8; 64];
}

/// Checks Ed25519 signatures, strictly (RFC 8032).
pub trait Verifier: Send + Sync {
    /// Does this signature over this message belong to this raw public key?
    fn verify(&self, public: &[u8; 32], message: &[u8], signature: &[u8; 64]) -> bool;
}
