//! The node's own keys at work, and their rotation and revocation under the root.

use std::path::{Path, PathBuf};

use noroshi_model::KeyId;

use noroshi_model::act::ActKind;
use noroshi_model::document::text;
use noroshi_model::json::Object;
use noroshi_model::ledger::LineKind;
use noroshi_model::manifest::{Manifest, ManifestKey, Purpose};
use noroshi_seal::manifest::SignedManifest;
use noroshi_seal::sealing::SealingKey;
use noroshi_seal::sign::{Ed25519, SigningKey};
use noroshi_seal::{SystemRng, keyfile};
use noroshi_store::{RecordKind, Tx};
use zeroize::Zeroizing;

use crate::command::{ActAnswer, Event, Failure};
use crate::home::{Home, read_private, write_private};
use crate::node::Node;
use crate::records::ActRecord;
use crate::sink::Sink;

/// The operational keys, unlocked, and the manifest that names them.
pub(crate) struct Keys {
    pub(crate) items: SigningKey,
    pub(crate) ledger: SigningKey,
    /// The oldest that is not revoked.
    pub(crate) tls: Zeroizing<Vec<u8>>,
    pub(crate) sealing: SealingKey,
    /// Replaced and not revoked: frames under way may still be sealed for them.
    former_sealing: Vec<SealingKey>,
    pub(crate) manifest: Manifest,
    pub(crate) signed: SignedManifest,
}

impl Keys {
    /// The file form of an operational key: versioned, with its purpose, mode 0600, not encrypted:
    /// a node must start again after a power cut without a person at hand.
    pub(crate) fn file(purpose: Purpose, secret: &[u8]) -> Vec<u8> {
        keyfile::plain(purpose.as_str(), secret)
    }

    /// The secret half of a sealing key of this node, current or replaced.
    pub(crate) fn sealing_of(&self, key: &KeyId) -> Option<&SealingKey> {
        let known = std::iter::once(&self.sealing).chain(&self.former_sealing);
        known
            .into_iter()
            .find(|known| KeyId::of(&known.public()) == *key)
    }

    /// Read the keys that the manifest names as current; each must match its public half.
    pub(crate) fn read(home: &Home, signed: SignedManifest) -> Result<Self, Failure> {
        let manifest = signed.verify(&Ed25519).map_err(|error| {
            Failure::new("key.manifest", 5, format_args!("own manifest: {error}"))
        })?;
        let items = signing_key(home, &manifest, Purpose::Items)?;
        let ledger = signing_key(home, &manifest, Purpose::Ledger)?;
        let tls = current_secret(home, &manifest, Purpose::Tls)?;
        let former_tls = former_secrets(home, &manifest, Purpose::Tls)?;
        let sealing = SealingKey::from_bytes(&current_secret(home, &manifest, Purpose::Sealing)?)
            .map_err(|error| damaged(home, Purpose::Sealing, error))?;
        let former_sealing = former_secrets(home, &manifest, Purpose::Sealing)?
            .iter()
            .map(|secret| SealingKey::from_bytes(secret))
            .collect::<Result<_, _>>()
            .map_err(|error| damaged(home, Purpose::Sealing, error))?;
        Ok(Self {
            items,
            ledger,
            tls: former_tls.into_iter().next().unwrap_or(tls),
            sealing,
            former_sealing,
            manifest,
            signed,
        })
    }
}

/// A new secret and its public half, in the forms [`Purpose`] names.
pub(crate) fn fresh_key(purpose: Purpose) -> Result<(Zeroizing<Vec<u8>>, Vec<u8>), Failure> {
    let failed = |error: &dyn std::fmt::Display| Failure::new("key.generate", 1, error);
    match purpose {
        Purpose::Items | Purpose::Ledger => {
            let key = SigningKey::generate(&SystemRng);
            Ok((Zeroizing::new(key.seed().to_vec()), key.public().to_vec()))
        }
        Purpose::Sealing => {
            let key = SealingKey::generate().map_err(|error| failed(&error))?;
            let public = key.public();
            Ok((key.to_bytes(), public))
        }
        Purpose::Tls => noroshi_seal::tls::generate().map_err(|error| failed(&error)),
    }
}

/// The secret of the key that the manifest names as current. A rotation that was cut off between
/// its commit and the moving of the files is finished here.
fn current_secret(
    home: &Home,
    manifest: &Manifest,
    purpose: Purpose,
) -> Result<Zeroizing<Vec<u8>>, Failure> {
    let kept = home.key(purpose.as_str());
    let other = || damaged(home, purpose, "is not the key the manifest names");
    let wanted = manifest.current(purpose).ok_or_else(other)?;
    let fits = |secret: &[u8]| public_of(purpose, secret).as_ref() == Some(&wanted.public);
    let secret = secret(home, purpose, &kept)?;
    if fits(&secret) {
        return Ok(secret);
    }
    let waiting = own_file(home, purpose, &wanted.id);
    let rotated = read_secret(purpose, &waiting).filter(|secret| fits(secret));
    let rotated = rotated.ok_or_else(other)?;
    let former = public_of(purpose, &secret).map(|public| KeyId::of(&public));
    if let Some(former) = former.filter(|former| is_of_use(manifest, purpose, former)) {
        write_private(
            &own_file(home, purpose, &former),
            &Keys::file(purpose, &secret),
        )?;
    }
    write_private(&kept, &Keys::file(purpose, &rotated))?;
    // The copy has no further use; a failure to remove it is no failure of the rotation.
    let _ = std::fs::remove_file(&waiting);
    Ok(rotated)
}

/// Replaced and not revoked, and its secret still opens something: what is signed needs none.
fn is_of_use(manifest: &Manifest, purpose: Purpose, key: &KeyId) -> bool {
    let opens = matches!(purpose, Purpose::Tls | Purpose::Sealing);
    let listed = manifest.key(key);
    opens && listed.is_some_and(|key| key.purpose == purpose && key.revoked.is_none())
}

/// The secrets of replaced keys that are of use, oldest first. Those of revoked keys are removed.
fn former_secrets(
    home: &Home,
    manifest: &Manifest,
    purpose: Purpose,
) -> Result<Vec<Zeroizing<Vec<u8>>>, Failure> {
    let mut secrets = Vec::new();
    for key in manifest.keys.iter().filter(|key| key.purpose == purpose) {
        let path = own_file(home, purpose, &key.id);
        if !path.exists() {
            continue;
        }
        if is_of_use(manifest, purpose, &key.id) {
            secrets.push(secret(home, purpose, &path)?);
        } else {
            // It opens nothing any more; a failure to remove it is no reason not to start.
            let _ = std::fs::remove_file(&path);
        }
    }
    Ok(secrets)
}

/// The public half of a secret; none where it is no secret of that purpose.
fn public_of(purpose: Purpose, secret: &[u8]) -> Option<Vec<u8>> {
    match purpose {
        Purpose::Items | Purpose::Ledger => {
            let seed: &[u8; 32] = secret.try_into().ok()?;
            Some(SigningKey::from_seed(seed).public().to_vec())
        }
        Purpose::Sealing => SealingKey::from_bytes(secret).ok().map(|key| key.public()),
        Purpose::Tls => noroshi_seal::tls::public_of(secret).ok(),
    }
}

/// Before a manifest takes effect: is the secret of every key here that it makes current? A node
/// without one could not start again.
pub(crate) fn check_secrets(home: &Home, manifest: &Manifest) -> Result<(), Failure> {
    for purpose in Purpose::ALL {
        let wanted = manifest.current(purpose);
        let is_here = wanted.is_some_and(|key| {
            [home.key(purpose.as_str()), own_file(home, purpose, &key.id)]
                .iter()
                .filter_map(|path| read_secret(purpose, path))
                .any(|secret| public_of(purpose, &secret).as_ref() == Some(&key.public))
        });
        if !is_here {
            return Err(damaged(
                home,
                purpose,
                "the new key's secret is gone: rotate again",
            ));
        }
    }
    Ok(())
}

/// Secrets that waited for an act which a newer manifest has made stale.
fn remove_strays(home: &Home, manifest: &Manifest) {
    let entries = std::fs::read_dir(home.path().join("keys"));
    for entry in entries.into_iter().flatten().flatten() {
        let name = entry.file_name();
        let waiting = name.to_str().and_then(|name| name.strip_suffix(".key"));
        let key: Option<KeyId> = waiting
            .and_then(|name| name.split_once('-'))
            .filter(|(purpose, _)| Purpose::from_word(purpose).is_some())
            .and_then(|(_, key)| key.parse().ok());
        if key.is_some_and(|key| manifest.key(&key).is_none()) {
            // Nothing depends on it being gone.
            let _ = std::fs::remove_file(entry.path());
        }
    }
}

fn read_secret(purpose: Purpose, path: &Path) -> Option<Zeroizing<Vec<u8>>> {
    keyfile::read_plain(purpose.as_str(), &read_private(path).ok()?).ok()
}

fn secret(home: &Home, purpose: Purpose, path: &Path) -> Result<Zeroizing<Vec<u8>>, Failure> {
    let file = read_private(path)?;
    keyfile::read_plain(purpose.as_str(), &file).map_err(|error| damaged(home, purpose, error))
}

fn signing_key(home: &Home, manifest: &Manifest, purpose: Purpose) -> Result<SigningKey, Failure> {
    let bytes = current_secret(home, manifest, purpose)?;
    let seed: &[u8; 32] = bytes
        .as_slice()
        .try_into()
        .map_err(|_| damaged(home, purpose, "holds no 32-byte seed"))?;
    Ok(SigningKey::from_seed(seed))
}

/// Where a secret lies that is not the current one: it waits for its act to take effect, or was
/// replaced and is of use.
fn own_file(home: &Home, purpose: Purpose, key: &KeyId) -> PathBuf {
    home.key(&format!("{}-{key}", purpose.as_str()))
}

fn damaged(home: &Home, purpose: Purpose, problem: impl std::fmt::Display) -> Failure {
    let path = home.key(purpose.as_str());
    Failure::new(
        "key.damaged",
        5,
        format_args!("{}: {problem}", path.display()),
    )
    .arg("file", path.display())
}

impl Node {
    pub(crate) fn key_show(&self, sink: &mut dyn Sink) {
        let keys = self.keys();
        for key in &keys.manifest.keys {
            sink.send(Event::Row {
                kind: "key".into(),
                row: serde_json::json!({
                    "id": key.id.to_string(),
                    "purpose": key.purpose.as_str(),
                    "from": key.from.to_string(),
                    "revoked": key.revoked.map(|at| at.to_string()),
                }),
            });
        }
        sink.send(Event::Answer {
            kind: "manifest".into(),
            answer: serde_json::json!({
                "node": self.me().to_string(),
                "serial": keys.manifest.serial,
                "issued": keys.manifest.issued.to_string(),
            }),
        });
    }

    /// Prepare to replace a key. The new secret waits beside the old one until the act takes
    /// effect.
    pub(crate) fn key_rotate(&self, purpose: &str, person: &str) -> Result<ActAnswer, Failure> {
        let purpose = Purpose::from_word(purpose).ok_or_else(|| {
            Failure::new(
                "key.purpose",
                2,
                "a key serves items, ledger, tls or sealing",
            )
        })?;
        let (secret, public) = fresh_key(purpose)?;
        let id = KeyId::of(&public);
        let now = self.now();
        let manifest = self.next_manifest(|keys| {
            keys.push(ManifestKey {
                id,
                purpose,
                public,
                from: now,
                revoked: None,
            });
        });
        // Written after the manifest was drawn up: what `remove_strays` takes away under a newer
        // one belongs to an act that is refused anyway.
        write_private(
            &own_file(self.home(), purpose, &id),
            &Keys::file(purpose, &secret),
        )?;
        let subject = Object::new()
            .with("purpose", purpose.as_str())
            .with("key", text(id));
        self.prepare_manifest_act(ActKind::KeyRotate, subject, person, &manifest)
    }

    /// Prepare to revoke a key. The current key of a purpose is rotated first: a node without a
    /// key could not even tell its partners of the revocation.
    pub(crate) fn key_revoke(&self, key: &str, person: &str) -> Result<ActAnswer, Failure> {
        let (id, purpose) = {
            let keys = self.keys();
            let mut found = keys
                .manifest
                .keys
                .iter()
                .filter(|known| known.id.to_string().starts_with(key));
            let one = found
                .next()
                .filter(|_| key.len() >= 8 && found.next().is_none());
            let one = one.ok_or_else(|| {
                Failure::new(
                    "key.unknown",
                    4,
                    format_args!("no one key begins with `{key}`"),
                )
                .arg("key", key)
            })?;
            if keys.manifest.current(one.purpose).map(|current| current.id) == Some(one.id) {
                return Err(Failure::new(
                    "key.current",
                    3,
                    format_args!(
                        "{} is the current key for {p}: rotate it first (key rotate {p}), then revoke it",
                        one.id,
                        p = one.purpose.as_str()
                    ),
                )
                .arg("purpose", one.purpose.as_str()));
            }
            (one.id, one.purpose)
        };
        let now = self.now();
        let manifest = self.next_manifest(|keys| {
            for key in keys
                .iter_mut()
                .filter(|key| key.id == id && key.revoked.is_none())
            {
                key.revoked = Some(now);
            }
        });
        let subject = Object::new()
            .with("purpose", purpose.as_str())
            .with("key", text(id));
        self.prepare_manifest_act(ActKind::KeyRevoke, subject, person, &manifest)
    }

    fn next_manifest(&self, change: impl FnOnce(&mut Vec<ManifestKey>)) -> Manifest {
        let mut manifest = self.keys().manifest.clone();
        change(&mut manifest.keys);
        manifest.serial += 1;
        manifest.issued = self.now();
        manifest
    }

    fn prepare_manifest_act(
        &self,
        kind: ActKind,
        subject: Object,
        person: &str,
        manifest: &Manifest,
    ) -> Result<ActAnswer, Failure> {
        let bytes = manifest.to_bytes();
        let subject = subject.with("manifest", text(noroshi_model::Digest::of(&bytes)));
        self.prepare(kind, subject, person, true, Some(bytes), 60)
    }

    /// The manifest an act carries, with the root's signature checked.
    pub(crate) fn attested_manifest(
        &self,
        record: &ActRecord,
    ) -> Result<(Manifest, SignedManifest), Failure> {
        let missing = || {
            Failure::new(
                "key.root_signature",
                3,
                "the root has not signed the new manifest",
            )
        };
        let signed = SignedManifest {
            bytes: record.attachment.clone().ok_or_else(missing)?,
            signature: record.root_signature.ok_or_else(missing)?,
        };
        let manifest = signed.verify(&Ed25519).map_err(|_| missing())?;
        noroshi_seal::manifest::succeeds(&self.keys().manifest, &manifest).map_err(|error| {
            Failure::new(
                "key.stale_manifest",
                3,
                format_args!("{error}: prepare the act again"),
            )
        })?;
        Ok((manifest, signed))
    }

    /// Let a new manifest take effect: in the store, with its ledger line.
    pub(crate) fn adopt_manifest(
        &self,
        tx: &mut Tx<'_>,
        manifest: &Manifest,
        signed: &SignedManifest,
    ) -> Result<(), noroshi_store::WriteError> {
        let mut own = signed.signature.to_vec();
        own.extend_from_slice(&signed.bytes);
        tx.put(RecordKind::Manifest, b"own", &own)?;
        let body = Object::new()
            .with("node", text(self.me()))
            .with("serial", crate::records::int(manifest.serial))
            .with("manifest", text(noroshi_model::Digest::of(&signed.bytes)));
        tx.append(&self.line(LineKind::Manifest, None, body))?;
        Ok(())
    }

    /// After the commit: work with the new keys. Reading them moves a rotated secret into its
    /// place. Links notice by themselves that what they announced is not the manifest any more.
    pub(crate) fn install_keys(&self, signed: SignedManifest) -> Result<(), Failure> {
        let keys = Keys::read(self.home(), signed)?;
        remove_strays(self.home(), &keys.manifest);
        self.replace_keys(keys);
        Ok(())
    }
}
