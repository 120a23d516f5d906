//! The manifest: an organisation's description and its operational keys, signed by its root.

use crate::document::{DocumentError, Fields, hex, text};
use crate::ids::{KeyId, NodeId};
use crate::json::{Object, Value};
use crate::org::{Organisation, World};
use crate::time::Timestamp;

/// What a key is for; a key serves one purpose only.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Purpose {
    /// Ed25519: items, recalls, receipts, agreements, epochs.
    Items,
    /// Ed25519: ledger checkpoints.
    Ledger,
    /// ECDSA P-256 public key (SubjectPublicKeyInfo DER): mutual TLS.
    Tls,
    /// X25519 (32 bytes) followed by ML-KEM-768 encapsulation key (1184 bytes): sealed frames.
    Sealing,
}

impl Purpose {
    /// Every purpose.
    pub const ALL: [Self; 4] = [Self::Items, Self::Ledger, Self::Tls, Self::Sealing];

    /// The word used in files.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Items => "items",
            Self::Ledger => "ledger",
            Self::Tls => "tls",
            Self::Sealing => "sealing",
        }
    }

    /// From that word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|purpose| purpose.as_str() == word)
    }
}

/// One operational key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ManifestKey {
    /// SHA-256 of `public`.
    pub id: KeyId,
    /// What it is for.
    pub purpose: Purpose,
    /// The raw public key; its form depends on the purpose.
    pub public: Vec<u8>,
    /// Since when.
    pub from: Timestamp,
    /// Revoked since when; what is logged after this is known is refused.
    pub revoked: Option<Timestamp>,
}

/// A dated list of an organisation's keys. A higher serial replaces a lower one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Manifest {
    /// Whose.
    pub organisation: Organisation,
    /// Operational or exercise.
    pub world: World,
    /// The public root key; `organisation.node` is its hash.
    pub root: [u8; 32],
    /// 1 for the first, then rising by one.
    pub serial: u64,
    /// When it was signed.
    pub issued: Timestamp,
    /// The keys, revoked ones included, in the order they came.
    pub keys: Vec<ManifestKey>,
}

impl Manifest {
    const DOCUMENT: &str = "manifest";
    /// Most keys a manifest may list.
    pub const KEYS_MAX: usize = 256;

    /// The keys of that purpose that are not revoked, in the order they came.
    pub fn unrevoked(&self, purpose: Purpose) -> impl DoubleEndedIterator<Item = &ManifestKey> {
        let keys = self.keys.iter();
        keys.filter(move |key| key.purpose == purpose && key.revoked.is_none())
    }

    /// The newest key of that purpose that is not revoked.
    #[must_use]
    pub fn current(&self, purpose: Purpose) -> Option<&ManifestKey> {
        self.unrevoked(purpose).next_back()
    }

    /// The key of that name.
    #[must_use]
    pub fn key(&self, id: &KeyId) -> Option<&ManifestKey> {
        self.keys.iter().find(|key| key.id == *id)
    }

    /// The canonical bytes, which the root signs under [`crate::Context::Manifest`].
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let org = &self.organisation;
        let keys = self.keys.iter().map(|key| {
            let mut object = Object::new()
                .with("from", text(key.from))
                .with("public", hex(&key.public))
                .with("purpose", key.purpose.as_str());
            if let Some(revoked) = key.revoked {
                object.insert("revoked", text(revoked));
            }
            Value::Object(object)
        });
        let object = Object::new()
            .with("v", 1)
            .with("document", Self::DOCUMENT)
            .with("world", self.world.as_str())
            .with("root", hex(&self.root))
            .with("name_en", org.name_en.as_str())
            .with("name_ja", org.name_ja.as_str())
            .with("nation", org.nation.as_str())
            .with("kind", org.kind.as_str())
            .with("serial", i64::try_from(self.serial).unwrap_or(i64::MAX))
            .with("issued", text(self.issued))
            .with("keys", keys.collect::<Vec<Value>>());
        Value::Object(object).canonical()
    }

    /// Read those bytes.
    ///
    /// # Errors
    /// Anything not exactly as [`Manifest::to_bytes`] writes it.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, DocumentError> {
        let mut fields = Fields::read(Self::DOCUMENT, bytes)?;
        fields.version(1)?;
        if fields.text("document")? != Self::DOCUMENT {
            return Err(fields.refused("document", "is not `manifest`"));
        }
        let root: [u8; 32] = fields.hex("root")?;
        let listed = fields.list("keys")?;
        if listed.len() > Self::KEYS_MAX {
            return Err(fields.refused("keys", "lists more than 256 keys"));
        }
        let keys = listed
            .into_iter()
            .map(key_from)
            .collect::<Result<Vec<_>, _>>()?;
        let manifest = Self {
            organisation: Organisation {
                node: NodeId::of_root(&root),
                name_en: name(&mut fields, "name_en")?,
                name_ja: name(&mut fields, "name_ja")?,
                nation: fields.parsed("nation")?,
                kind: fields.parsed("kind")?,
            },
            world: fields.parsed("world")?,
            root,
            serial: fields.number("serial")?,
            issued: fields.parsed("issued")?,
            keys,
        };
        fields.end()?;
        Ok(manifest)
    }
}

/// An organisation's name: 1 to 200 bytes, no control characters.
fn name(fields: &mut Fields, field: &str) -> Result<String, DocumentError> {
    let name = fields.text(field)?;
    if (1..=200).contains(&name.len()) && !name.chars().any(char::is_control) {
        Ok(name)
    } else {
        Err(fields.refused(field, "is not 1 to 200 bytes without control characters"))
    }
}

fn key_from(value: Value) -> Result<ManifestKey, DocumentError> {
    let mut fields = Fields::of("manifest key", value)?;
    let purpose = Purpose::from_word(&fields.text("purpose")?)
        .ok_or_else(|| fields.refused("purpose", "is not items, ledger, tls or sealing"))?;
    let public = data_encoding::HEXLOWER
        .decode(fields.text("public")?.as_bytes())
        .map_err(|_| fields.refused("public", "is not hexadecimal"))?;
    let length_fits = match purpose {
        Purpose::Items | Purpose::Ledger => public.len() == 32,
        Purpose::Sealing => public.len() == 32 + 1184,
        Purpose::Tls => (32..=200).contains(&public.len()),
    };
    if !length_fits {
        return Err(fields.refused("public", "has a length that its purpose does not have"));
    }
    let key = ManifestKey {
        id: KeyId::of(&public),
        purpose,
        public,
        from: fields.parsed("from")?,
        revoked: fields.maybe_parsed("revoked")?,
    };
    fields.end()?;
    Ok(key)
}
