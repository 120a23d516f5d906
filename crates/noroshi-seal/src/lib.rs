//! Keys, signatures, sealing, Merkle proofs, checkpoints. The only room that knows the crypto
//! library (aws-lc-rs); what others see are our own types.
//!
//! Never I/O and never a clock. Chance comes in as [`noroshi_model::Rng`], except where the crypto
//! library makes keys itself (ML-KEM, X25519 ephemerals, P-256, SPAKE2), from the same source.

pub mod backup;
pub mod fingerprint;
pub mod keyfile;
pub mod manifest;
pub mod merkle;
pub mod pairing;
pub mod password;
pub mod proof;
pub mod sealing;
pub mod sign;
pub mod tlog;
pub mod tls;
pub mod totp;
mod words;

#[cfg(test)]
mod tests;

pub use sign::SystemRng;

/// The crypto library refused; it never says why.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the crypto library could not {doing}")]
pub struct CryptoError {
    /// What was tried.
    pub doing: &'static str,
}

pub(crate) fn failed(doing: &'static str) -> CryptoError {
    CryptoError { doing }
}
