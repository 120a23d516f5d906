//! Keys in files: locked with a passphrase (persons, the root) or plain (a node's operational
//! keys, which must be there after a power cut without a person).
//!
//! Locked: Argon2id (RFC 9106) makes a key from the passphrase, AES-256-GCM-SIV locks the secret.
//! Both forms are canonical JSON with a version and the kind of key, so that one is never taken
//! for another.

use argon2::{Algorithm, Argon2, Params, Version};
use noroshi_model::Rng;
use noroshi_model::document::{DocumentError, Fields, hex};
use noroshi_model::json::{Object, Value};
use zeroize::Zeroizing;

use crate::sealing::FrameKey;

/// What guessing a passphrase costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cost {
    /// Memory, in KiB.
    pub memory_kib: u32,
    /// Passes over it.
    pub passes: u32,
}

impl Cost {
    /// RFC 9106, section 4, second recommended option: 64 MiB, three passes.
    pub const DEFAULT: Self = Self {
        memory_kib: 64 * 1024,
        passes: 3,
    };
    /// For demonstrations and tests: no protection against guessing.
    pub const CHEAP: Self = Self {
        memory_kib: 64,
        passes: 1,
    };
    /// More than this a file may not ask for: it would eat the machine.
    const MOST: Self = Self {
        memory_kib: 1024 * 1024,
        passes: 10,
    };
}

/// Why a key file cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyFileError {
    /// Not a key file of this project.
    #[error("not a key file: {0}")]
    Document(#[from] DocumentError),
    /// It asks for more work than this node is willing to do.
    #[error("asks for more memory or passes than 1 GiB and 10: not made by this project")]
    Cost,
    /// The passphrase is wrong; a changed byte looks the same.
    #[error("the passphrase is wrong, or the file was changed")]
    Passphrase,
}

const DOCUMENT: &str = "key file";

/// Lock a secret.
#[must_use]
pub fn lock(kind: &str, secret: &[u8], passphrase: &str, rng: &dyn Rng, cost: Cost) -> Vec<u8> {
    let mut salt = [0; 16];
    rng.fill(&mut salt);
    let header = header(kind, &salt, cost);
    let key = stretch(passphrase, &salt, cost).expect("invariant: our own costs are in range");
    // The salt is fresh for every file, so the key is, and one nonce serves.
    let sealed = FrameKey::from_bytes(&key)
        .and_then(|key| {
            key.seal(
                0,
                &Value::Object(header.clone()).canonical(),
                secret.to_vec(),
            )
        })
        .expect("invariant: a key file's secret is short");
    Value::Object(header.with("locked", hex(&sealed))).canonical()
}

/// Unlock a secret.
///
/// # Errors
/// See [`KeyFileError`].
pub fn unlock(
    kind: &str,
    file: &[u8],
    passphrase: &str,
) -> Result<Zeroizing<Vec<u8>>, KeyFileError> {
    let mut fields = Fields::read(DOCUMENT, file)?;
    fields.version(1)?;
    let named = fields.text("kind")?;
    if named != kind {
        return Err(fields
            .refused("kind", format_args!("is `{named}`, not `{kind}`"))
            .into());
    }
    let salt: [u8; 16] = fields.hex("salt")?;
    let number = |fields: &mut Fields, field: &str| -> Result<u32, KeyFileError> {
        u32::try_from(fields.number(field)?).map_err(|_| KeyFileError::Cost)
    };
    let cost = Cost {
        memory_kib: number(&mut fields, "memory_kib")?,
        passes: number(&mut fields, "passes")?,
    };
    let digits = fields.text("locked")?;
    let sealed = noroshi_model::document::unhex(&digits)
        .ok_or_else(|| fields.refused("locked", "is not hexadecimal"))?;
    fields.end()?;
    let key = stretch(passphrase, &salt, cost).ok_or(KeyFileError::Cost)?;
    let header = Value::Object(header(kind, &salt, cost)).canonical();
    FrameKey::from_bytes(&key)
        .and_then(|key| key.open(0, &header, &sealed))
        .map(Zeroizing::new)
        .map_err(|_| KeyFileError::Passphrase)
}

fn header(kind: &str, salt: &[u8; 16], cost: Cost) -> Object {
    Object::new()
        .with("v", 1)
        .with("kind", kind)
        .with("salt", hex(salt))
        .with("memory_kib", i64::from(cost.memory_kib))
        .with("passes", i64::from(cost.passes))
}

/// The key that a passphrase makes with this salt; `None` where the cost is out of bounds.
pub(crate) fn stretch(
    passphrase: &str,
    salt: &[u8; 16],
    cost: Cost,
) -> Option<Zeroizing<[u8; 32]>> {
    if cost.memory_kib > Cost::MOST.memory_kib || cost.passes > Cost::MOST.passes {
        return None;
    }
    let params = Params::new(cost.memory_kib, cost.passes, 1, Some(32)).ok()?;
    let mut key = Zeroizing::new([0; 32]);
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password_into(passphrase.as_bytes(), salt, &mut *key)
        .ok()?;
    Some(key)
}

/// A secret in plain.
#[must_use]
pub fn plain(kind: &str, secret: &[u8]) -> Vec<u8> {
    let object = Object::new()
        .with("v", 1)
        .with("kind", kind)
        .with("secret", hex(secret));
    Value::Object(object).canonical()
}

/// Read a secret in plain.
///
/// # Errors
/// Not a plain key file of this kind.
pub fn read_plain(kind: &str, file: &[u8]) -> Result<Zeroizing<Vec<u8>>, KeyFileError> {
    let mut fields = Fields::read(DOCUMENT, file)?;
    fields.version(1)?;
    let named = fields.text("kind")?;
    if named != kind {
        return Err(fields
            .refused("kind", format_args!("is `{named}`, not `{kind}`"))
            .into());
    }
    let digits = Zeroizing::new(fields.text("secret")?);
    let secret = noroshi_model::document::unhex(&digits)
        .ok_or_else(|| fields.refused("secret", "is not hexadecimal"))?;
    fields.end()?;
    Ok(Zeroizing::new(secret))
}
