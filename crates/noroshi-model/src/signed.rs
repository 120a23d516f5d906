//! A document with the signature under it, as it travels and is kept: one envelope for all kinds.

use crate::document::{DocumentError, Fields, hex, text, unhex};
use crate::ids::KeyId;
use crate::json::{Object, Value};
use crate::org::World;
use crate::ports::{Signer, Verifier};
use crate::signing::{self, Context};

/// A document that an organisation's item key signs.
pub trait Signable: Sized {
    /// The envelope's field that holds the document, which also tells the kinds apart.
    const FIELD: &'static str;
    /// What the signature is for.
    const CONTEXT: Context;

    /// The world it was signed in.
    fn world(&self) -> World;

    /// The canonical bytes.
    fn to_bytes(&self) -> Vec<u8>;

    /// Read those bytes.
    ///
    /// # Errors
    /// Anything not exactly as [`Signable::to_bytes`] writes it.
    fn from_bytes(bytes: &[u8]) -> Result<Self, DocumentError>;
}

/// A document, the key that signed it and the signature. It keeps the very bytes that were signed,
/// so that whoever passes it on changes nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signed<D> {
    document: D,
    // INVARIANT: what `document` was read from or written as.
    bytes: Vec<u8>,
    key: KeyId,
    signature: [u8; 64],
}

impl<D: Signable> Signed<D> {
    /// Sign a document.
    #[must_use]
    pub fn sign(document: D, signer: &dyn Signer) -> Self {
        let bytes = document.to_bytes();
        let message = signing::message(D::CONTEXT, document.world(), &bytes);
        Self {
            key: signer.key_id(),
            signature: signer.sign(&message),
            document,
            bytes,
        }
    }

    /// What is signed. Whether the signature holds is [`Signed::verifies`]'s question.
    pub fn document(&self) -> &D {
        &self.document
    }

    /// The key that is said to have signed.
    pub fn key(&self) -> &KeyId {
        &self.key
    }

    /// Has this raw public key signed it, in the world the document names?
    #[must_use]
    pub fn verifies(&self, public: &[u8; 32], verifier: &dyn Verifier) -> bool {
        let message = signing::message(D::CONTEXT, self.document.world(), &self.bytes);
        verifier.verify(public, &message, &self.signature)
    }

    /// The canonical bytes of the envelope.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        Value::Object(
            Object::new()
                .with("v", 1)
                .with(D::FIELD, hex(&self.bytes))
                .with("key", text(self.key))
                .with("signature", hex(&self.signature)),
        )
        .canonical()
    }

    /// Read those bytes.
    ///
    /// # Errors
    /// Anything not exactly as [`Signed::to_bytes`] writes it.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, DocumentError> {
        let mut fields = Fields::read(D::FIELD, bytes)?;
        fields.version(1)?;
        let digits = fields.text(D::FIELD)?;
        let bytes = unhex(&digits).ok_or_else(|| fields.refused(D::FIELD, "is not hexadecimal"))?;
        let signed = Self {
            document: D::from_bytes(&bytes)?,
            bytes,
            key: fields.parsed("key")?,
            signature: fields.hex("signature")?,
        };
        fields.end()?;
        Ok(signed)
    }
}

/// A [`Signable`] whose canonical form and reading stand on the type itself.
macro_rules! signable {
    ($kind:ty, $field:literal, $context:ident) => {
        impl $crate::signed::Signable for $kind {
            const FIELD: &'static str = $field;
            const CONTEXT: $crate::Context = $crate::Context::$context;

            fn world(&self) -> $crate::World {
                self.world
            }

            fn to_bytes(&self) -> Vec<u8> {
                <$kind>::to_bytes(self)
            }

            fn from_bytes(bytes: &[u8]) -> Result<Self, $crate::DocumentError> {
                <$kind>::from_bytes(bytes)
            }
        }
    };
}
pub(crate) use signable;
