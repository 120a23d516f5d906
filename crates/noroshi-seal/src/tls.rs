//! The TLS key: ECDSA P-256, because every TLS library accepts it; identity is the pinned key.

use aws_lc_rs::encoding::{AsDer, PublicKeyX509Der};
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair};
use zeroize::Zeroizing;

use crate::{CryptoError, failed};

/// A new key: PKCS#8 and the SubjectPublicKeyInfo (DER) that partners pin.
///
/// # Errors
/// The crypto library refuses.
pub fn generate() -> Result<(Zeroizing<Vec<u8>>, Vec<u8>), CryptoError> {
    let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING)
        .map_err(|_| failed("make a P-256 key"))?;
    let pkcs8 = pair.to_pkcs8v1().map_err(|_| failed("write a P-256 key"))?;
    let public: PublicKeyX509Der<'_> = pair
        .public_key()
        .as_der()
        .map_err(|_| failed("write a P-256 public key"))?;
    Ok((
        Zeroizing::new(pkcs8.as_ref().to_vec()),
        public.as_ref().to_vec(),
    ))
}

/// The SubjectPublicKeyInfo (DER) of a key in PKCS#8.
///
/// # Errors
/// The bytes are no P-256 key.
pub fn public_of(pkcs8: &[u8]) -> Result<Vec<u8>, CryptoError> {
    let wrong = || failed("read a P-256 key");
    let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, pkcs8);
    let pair = pair.map_err(|_| wrong())?;
    let public: PublicKeyX509Der<'_> = pair.public_key().as_der().map_err(|_| wrong())?;
    Ok(public.as_ref().to_vec())
}
