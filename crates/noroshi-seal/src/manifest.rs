//! A manifest with its root's signature, and which manifest may follow which.

use noroshi_model::document::DocumentError;
use noroshi_model::manifest::Manifest;
use noroshi_model::{Context, Signer, Verifier, signing};

/// The bytes of a manifest and the root's signature over them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedManifest {
    /// Canonical bytes.
    pub bytes: Vec<u8>,
    /// By the root it names.
    pub signature: [u8; 64],
}

/// Why a manifest is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ManifestError {
    /// Not readable.
    #[error(transparent)]
    Document(#[from] DocumentError),
    /// The root it names did not sign it.
    #[error("the manifest's root has not signed it")]
    Signature,
    /// Another root: that is another node, to be paired anew.
    #[error("the manifest has another root or world: a changed root is a new peering")]
    OtherRoot,
    /// The organisation calls itself of another nation or kind. Agreements and markings go by
    /// both, so its people must be asked again.
    #[error("the manifest has another nation or kind of organisation: that is a new peering")]
    OtherOrganisation,
    /// Not newer than the one that is known.
    #[error("the manifest's serial {given} does not follow {known}")]
    Serial {
        /// Of the manifest offered.
        given: u64,
        /// Of the one known.
        known: u64,
    },
    /// A key was dropped, altered, or is no longer revoked.
    #[error("the manifest drops, alters or un-revokes a key that was listed before")]
    History,
}

impl SignedManifest {
    /// Sign with the root.
    #[must_use]
    pub fn sign(manifest: &Manifest, root: &dyn Signer) -> Self {
        let bytes = manifest.to_bytes();
        let message = signing::message(Context::Manifest, manifest.world, &bytes);
        Self {
            signature: root.sign(&message),
            bytes,
        }
    }

    /// Read, and check the signature by the root that the manifest names. Whose root that should
    /// be is the caller's question.
    ///
    /// # Errors
    /// Not readable, or not signed by that root.
    pub fn verify(&self, verifier: &dyn Verifier) -> Result<Manifest, ManifestError> {
        let manifest = Manifest::from_bytes(&self.bytes)?;
        let message = signing::message(Context::Manifest, manifest.world, &self.bytes);
        if verifier.verify(&manifest.root, &message, &self.signature) {
            Ok(manifest)
        } else {
            Err(ManifestError::Signature)
        }
    }
}

/// May `new` be the manifest of the node that came back from a backup? Beside what [`succeeds`]
/// asks it may lack keys that were made after the backup; but every key in use is new, and none
/// that is known is in use any more.
///
/// # Errors
/// Another root or world, an old serial, or a known key still in use.
pub fn restores(old: &Manifest, new: &Manifest) -> Result<(), ManifestError> {
    if old.root != new.root || old.world != new.world {
        return Err(ManifestError::OtherRoot);
    }
    if new.serial <= old.serial {
        return Err(ManifestError::Serial {
            given: new.serial,
            known: old.serial,
        });
    }
    let ended = old.keys.iter().all(|before| {
        new.key(&before.id)
            .is_none_or(|after| after.purpose == before.purpose && after.revoked.is_some())
    });
    if ended {
        Ok(())
    } else {
        Err(ManifestError::History)
    }
}

/// May `new` take the place of `old`?
///
/// # Errors
/// Another root or world, another nation or kind of organisation, an old serial, or a history that
/// was rewritten.
pub fn succeeds(old: &Manifest, new: &Manifest) -> Result<(), ManifestError> {
    if old.root != new.root || old.world != new.world {
        return Err(ManifestError::OtherRoot);
    }
    let (before, after) = (&old.organisation, &new.organisation);
    if before.nation != after.nation || before.kind != after.kind {
        return Err(ManifestError::OtherOrganisation);
    }
    if new.serial <= old.serial {
        return Err(ManifestError::Serial {
            given: new.serial,
            known: old.serial,
        });
    }
    let kept = old.keys.iter().all(|before| {
        new.key(&before.id).is_some_and(|after| {
            let revocation_kept = before.revoked.is_none() || before.revoked == after.revoked;
            after.purpose == before.purpose && after.from == before.from && revocation_kept
        })
    });
    if kept {
        Ok(())
    } else {
        Err(ManifestError::History)
    }
}
