//! Sealed frames: a hybrid post-quantum key for each sending epoch, then authenticated encryption.
//!
//! Key: X25519 and ML-KEM-768, combined as X-Wing does (draft-connolly-cfrg-xwing-kem, section
//! 5.3): SHA3-256 over the ML-KEM secret, the X25519 secret, the X25519 ciphertext, the recipient's
//! X25519 key and a label; then HKDF-SHA256 with the epoch's context. Frames: AES-256-GCM-SIV
//! (RFC 8452), which survives a nonce used twice better than GCM does; the counter is the nonce.

use aws_lc_rs::aead::{AES_256_GCM_SIV, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::agreement::{self, PrivateKey, UnparsedPublicKey, X25519};
use aws_lc_rs::digest::{self, SHA3_256};
use aws_lc_rs::encoding::{AsBigEndian, Curve25519SeedBin};
use aws_lc_rs::hkdf::{HKDF_SHA256, KeyType, Salt};
use aws_lc_rs::kem::{Ciphertext, DecapsulationKey, EncapsulationKey, ML_KEM_768};
use zeroize::Zeroizing;

use crate::{CryptoError, failed};

/// Bytes of a public sealing key: X25519, then ML-KEM-768.
pub const PUBLIC_BYTES: usize = 32 + 1184;
/// Bytes of an encapsulation: X25519 ephemeral, then ML-KEM-768 ciphertext.
pub const ENCAPSULATION_BYTES: usize = 32 + 1088;
/// Bytes that sealing adds.
pub const TAG_BYTES: usize = 16;
/// X-Wing's label.
const LABEL: &[u8; 6] = b"\\.//^\\";

/// A private sealing key.
pub struct SealingKey {
    x25519: PrivateKey,
    x25519_public: [u8; 32],
    kem: DecapsulationKey,
    kem_public: Vec<u8>,
}

impl core::fmt::Debug for SealingKey {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("SealingKey")
    }
}

impl SealingKey {
    /// A new key.
    ///
    /// # Errors
    /// The crypto library refuses.
    pub fn generate() -> Result<Self, CryptoError> {
        let x25519 = PrivateKey::generate(&X25519).map_err(|_| failed("make an X25519 key"))?;
        let kem =
            DecapsulationKey::generate(&ML_KEM_768).map_err(|_| failed("make an ML-KEM key"))?;
        Self::assemble(x25519, kem, None)
    }

    /// The secret as kept in a file: X25519 secret, ML-KEM public key, ML-KEM decapsulation key.
    #[must_use]
    pub fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        let mut bytes = Zeroizing::new(Vec::new());
        let x25519: Curve25519SeedBin<'_> = self
            .x25519
            .as_be_bytes()
            .expect("invariant: an X25519 key can be written");
        bytes.extend_from_slice(x25519.as_ref());
        bytes.extend_from_slice(&self.kem_public);
        let kem = self
            .kem
            .key_bytes()
            .expect("invariant: an ML-KEM key can be written");
        bytes.extend_from_slice(kem.as_ref());
        bytes
    }

    /// From those bytes.
    ///
    /// # Errors
    /// They are not a key.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, CryptoError> {
        let wrong = || failed("read a sealing key");
        let (x25519, rest) = bytes.split_at_checked(32).ok_or_else(wrong)?;
        let (kem_public, kem) = rest.split_at_checked(1184).ok_or_else(wrong)?;
        let x25519 = PrivateKey::from_private_key(&X25519, x25519).map_err(|_| wrong())?;
        let kem = DecapsulationKey::new(&ML_KEM_768, kem).map_err(|_| wrong())?;
        Self::assemble(x25519, kem, Some(kem_public.to_vec()))
    }

    fn assemble(
        x25519: PrivateKey,
        kem: DecapsulationKey,
        kem_public: Option<Vec<u8>>,
    ) -> Result<Self, CryptoError> {
        let public = x25519
            .compute_public_key()
            .map_err(|_| failed("read an X25519 key"))?;
        let x25519_public = public
            .as_ref()
            .try_into()
            .map_err(|_| failed("read an X25519 key"))?;
        let kem_public = match kem_public {
            Some(bytes) => bytes,
            None => kem
                .encapsulation_key()
                .and_then(|key| key.key_bytes().map(|bytes| bytes.as_ref().to_vec()))
                .map_err(|_| failed("read an ML-KEM key"))?,
        };
        Ok(Self {
            x25519,
            x25519_public,
            kem,
            kem_public,
        })
    }

    /// The public half ([`PUBLIC_BYTES`]).
    #[must_use]
    pub fn public(&self) -> Vec<u8> {
        [&self.x25519_public[..], &self.kem_public].concat()
    }
}

/// Make an epoch's key for a recipient; the encapsulation goes to the recipient.
///
/// # Errors
/// The public key is none, or the crypto library refuses.
pub fn encapsulate(recipient: &[u8], info: &[u8]) -> Result<(Vec<u8>, FrameKey), CryptoError> {
    let wrong = || failed("use the recipient's sealing key");
    if recipient.len() != PUBLIC_BYTES {
        return Err(wrong());
    }
    let (x25519, kem) = recipient.split_at_checked(32).ok_or_else(wrong)?;
    let kem = EncapsulationKey::new(&ML_KEM_768, kem).map_err(|_| wrong())?;
    let (ciphertext, kem_secret) = kem.encapsulate().map_err(|_| wrong())?;
    let ephemeral = PrivateKey::generate(&X25519).map_err(|_| wrong())?;
    let ephemeral_public = ephemeral.compute_public_key().map_err(|_| wrong())?;
    let shared = agree(&ephemeral, x25519)?;
    let key = combine(
        kem_secret.as_ref(),
        &shared,
        ephemeral_public.as_ref(),
        x25519,
        info,
    )?;
    Ok((
        [ephemeral_public.as_ref(), ciphertext.as_ref()].concat(),
        key,
    ))
}

/// The epoch's key from an encapsulation.
///
/// # Errors
/// The encapsulation is malformed. One for another key gives another key: frames then do not open.
pub fn decapsulate(
    key: &SealingKey,
    encapsulation: &[u8],
    info: &[u8],
) -> Result<FrameKey, CryptoError> {
    let wrong = || failed("open the encapsulation");
    if encapsulation.len() != ENCAPSULATION_BYTES {
        return Err(wrong());
    }
    let (ephemeral, ciphertext) = encapsulation.split_at_checked(32).ok_or_else(wrong)?;
    let kem_secret = key
        .kem
        .decapsulate(Ciphertext::from(ciphertext))
        .map_err(|_| wrong())?;
    let shared = agree(&key.x25519, ephemeral)?;
    combine(
        kem_secret.as_ref(),
        &shared,
        ephemeral,
        &key.x25519_public,
        info,
    )
}

fn agree(mine: &PrivateKey, theirs: &[u8]) -> Result<Zeroizing<Vec<u8>>, CryptoError> {
    let theirs = UnparsedPublicKey::new(&X25519, theirs);
    agreement::agree(mine, theirs, failed("agree on a secret"), |secret| {
        Ok(Zeroizing::new(secret.to_vec()))
    })
}

fn combine(
    kem_secret: &[u8],
    shared: &[u8],
    ephemeral: &[u8],
    recipient: &[u8],
    info: &[u8],
) -> Result<FrameKey, CryptoError> {
    let parts = [kem_secret, shared, ephemeral, recipient, LABEL].concat();
    let parts = Zeroizing::new(parts);
    let secret = digest::digest(&SHA3_256, &parts);
    let prk = Salt::new(HKDF_SHA256, b"noroshi/frame-key/v1").extract(secret.as_ref());
    let mut key = Zeroizing::new([0; 32]);
    prk.expand(&[info], Length32)
        .and_then(|okm| okm.fill(&mut *key))
        .map_err(|_| failed("derive the frame key"))?;
    FrameKey::from_bytes(&key)
}

struct Length32;

impl KeyType for Length32 {
    fn len(&self) -> usize {
        32
    }
}

/// The key of one sending epoch.
pub struct FrameKey {
    key: LessSafeKey,
    // Kept so that the sender can go on after a restart without a new epoch.
    bytes: Zeroizing<[u8; 32]>,
}

impl core::fmt::Debug for FrameKey {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("FrameKey")
    }
}

impl FrameKey {
    /// From the 32 bytes [`FrameKey::to_bytes`] gave.
    ///
    /// # Errors
    /// The crypto library refuses.
    pub fn from_bytes(bytes: &[u8; 32]) -> Result<Self, CryptoError> {
        let key =
            UnboundKey::new(&AES_256_GCM_SIV, bytes).map_err(|_| failed("use a frame key"))?;
        Ok(Self {
            key: LessSafeKey::new(key),
            bytes: Zeroizing::new(*bytes),
        })
    }

    /// The secret bytes.
    #[must_use]
    pub fn to_bytes(&self) -> Zeroizing<[u8; 32]> {
        self.bytes.clone()
    }

    /// Seal a frame. The caller never uses a counter twice.
    ///
    /// # Errors
    /// The plaintext is too long for the cipher.
    pub fn seal(
        &self,
        counter: u64,
        header: &[u8],
        plaintext: Vec<u8>,
    ) -> Result<Vec<u8>, CryptoError> {
        let mut bytes = plaintext;
        self.key
            .seal_in_place_append_tag(nonce(counter), Aad::from(header), &mut bytes)
            .map_err(|_| failed("seal a frame"))?;
        Ok(bytes)
    }

    /// Open a frame.
    ///
    /// # Errors
    /// Another key, counter, header or a changed byte.
    pub fn open(&self, counter: u64, header: &[u8], sealed: &[u8]) -> Result<Vec<u8>, CryptoError> {
        let mut bytes = sealed.to_vec();
        let length = self
            .key
            .open_in_place(nonce(counter), Aad::from(header), &mut bytes)
            .map_err(|_| failed("open a frame"))?
            .len();
        bytes.truncate(length);
        Ok(bytes)
    }
}

fn nonce(counter: u64) -> Nonce {
    let mut bytes = [0; 12];
    bytes[4..].copy_from_slice(&counter.to_be_bytes());
    Nonce::assume_unique_for_key(bytes)
}
