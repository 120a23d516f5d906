//! Persons' keys: made and unlocked where the person sits, never sent to the node.

use std::path::Path;

use noroshi_model::act::Act;
use noroshi_model::ids::ActId;
use noroshi_model::manifest::Manifest;
use noroshi_model::{Context, PersonId, Rng, Signer, World, signing};
use noroshi_seal::keyfile::{self, Cost};
use noroshi_seal::sign::SigningKey;

use crate::command::Failure;
use crate::home::{Home, read_private, write_private};

/// Shortest passphrase accepted, in characters.
pub const PASSPHRASE_CHARS_MIN: usize = 8;

/// Make a key for a person, locked with a passphrase, and keep it in the node's folder.
/// Returns the public half.
///
/// # Errors
/// The passphrase is too short, the person has a key already, or the file cannot be written.
pub fn create_key(
    home: &Path,
    person: &PersonId,
    passphrase: &str,
    rng: &dyn Rng,
    cheap: bool,
) -> Result<[u8; 32], Failure> {
    let path = Home::at(home).person_key(person);
    if path.exists() {
        return Err(Failure::new(
            "person.exists",
            3,
            format_args!("{} exists: a name is never reused", path.display()),
        )
        .arg("person", person));
    }
    let key = SigningKey::generate(rng);
    write_private(&path, &lock("person", &key, passphrase, rng, cheap)?)?;
    Ok(key.public())
}

/// Unlock a person's key.
///
/// # Errors
/// There is none, others can read the file, or the passphrase is wrong.
pub fn unlock(
    home: &Path,
    person: &PersonId,
    passphrase: &str,
) -> Result<Box<dyn Signer>, Failure> {
    let path = Home::at(home).person_key(person);
    if !path.exists() {
        return Err(Failure::new(
            "person.no_key",
            4,
            format_args!("there is no key of {person} at {}", path.display()),
        )
        .arg("person", person));
    }
    Ok(Box::new(open("person", &path, passphrase)?))
}

/// The public half of a person's key that is in the node's folder, if the passphrase opens it.
///
/// # Errors
/// Others can read the file, or the passphrase is wrong.
pub(crate) fn public_of(
    home: &Path,
    person: &PersonId,
    passphrase: &str,
) -> Result<Option<[u8; 32]>, Failure> {
    let path = Home::at(home).person_key(person);
    if !path.exists() {
        return Ok(None);
    }
    Ok(Some(open("person", &path, passphrase)?.public()))
}

/// Unlock the organisation's identity root: at `kept` where it is kept elsewhere, else in the
/// node's folder.
///
/// # Errors
/// It is not there, others can read the file, or the passphrase is wrong.
pub fn unlock_root(
    home: &Path,
    kept: Option<&Path>,
    passphrase: &str,
) -> Result<Box<dyn Signer>, Failure> {
    let path = kept.map_or_else(|| Home::at(home).key("root"), Path::to_path_buf);
    if !path.exists() {
        return Err(Failure::new(
            "key.root_offline",
            4,
            format_args!(
                "the root key is not at {}: say with --root-key where it is kept",
                path.display()
            ),
        )
        .arg("file", path.display()));
    }
    Ok(Box::new(open("root", &path, passphrase)?))
}

/// The root's signature over a manifest to be, as [`crate::Command::Endorse`] takes it.
///
/// # Errors
/// The bytes are no manifest.
pub fn sign_manifest(root: &dyn Signer, manifest: &[u8]) -> Result<[u8; 64], Failure> {
    let world = Manifest::from_bytes(manifest)
        .map_err(|error| Failure::new("key.manifest", 5, error))?
        .world;
    Ok(root.sign(&signing::message(Context::Manifest, world, manifest)))
}

/// A person's signature under an act, as [`crate::Command::Endorse`] takes it.
#[must_use]
pub fn sign_act(
    signer: &dyn Signer,
    world: World,
    act: &ActId,
    person: &PersonId,
    is_requester: bool,
) -> [u8; 64] {
    let payload = Act::endorsed_payload(act, person, is_requester);
    signer.sign(&signing::message(Context::Act, world, &payload))
}

/// A signing key as the bytes of its locked file.
pub(crate) fn lock(
    kind: &str,
    key: &SigningKey,
    passphrase: &str,
    rng: &dyn Rng,
    cheap: bool,
) -> Result<Vec<u8>, Failure> {
    if passphrase.chars().count() < PASSPHRASE_CHARS_MIN {
        return Err(Failure::new(
            "person.short_passphrase",
            2,
            format_args!("a passphrase has at least {PASSPHRASE_CHARS_MIN} characters"),
        )
        .arg("least", PASSPHRASE_CHARS_MIN));
    }
    let cost = if cheap { Cost::CHEAP } else { Cost::DEFAULT };
    Ok(keyfile::lock(kind, &*key.seed(), passphrase, rng, cost))
}

fn open(kind: &str, path: &Path, passphrase: &str) -> Result<SigningKey, Failure> {
    let file = read_private(path)?;
    let seed = keyfile::unlock(kind, &file, passphrase).map_err(|error| {
        Failure::new("key.locked", 3, format_args!("{}: {error}", path.display()))
            .arg("file", path.display())
    })?;
    let seed: &[u8; 32] = seed.as_slice().try_into().map_err(|_| {
        Failure::new(
            "key.damaged",
            5,
            format_args!("{} holds no signing key", path.display()),
        )
        .arg("file", path.display())
    })?;
    Ok(SigningKey::from_seed(seed))
}
