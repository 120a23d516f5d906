//! Pairing by a spoken code: SPAKE2 (RFC 9382, group Ed25519), then both sides prove that they
//! reached the same secret over the same two manifests, and so over both root keys.
//!
//! Three messages, no I/O: the accepter begins, the inviter answers, the accepter finishes. A wrong
//! code costs the one who guesses a try and tells nothing else. Whoever swaps a manifest on the way
//! changes the transcript and fails like a wrong code.

use core::fmt;
use core::str::FromStr;

use aws_lc_rs::hmac;
use noroshi_model::Rng;
use noroshi_model::document::{DocumentError, Fields, hex};
use noroshi_model::ids::IdError;
use noroshi_model::json::{Object, Value};
use noroshi_model::manifest::Manifest;
use spake2::{Ed25519Group, Identity, Password, Spake2};

use crate::manifest::{ManifestError, SignedManifest};
use crate::sign::Ed25519;

/// Digits of a code: 10^12 possibilities, five tries.
const CODE_DIGITS: usize = 12;

/// A single-use code of twelve digits.
#[derive(Clone, PartialEq, Eq)]
pub struct Code([u8; CODE_DIGITS]);

impl Code {
    /// A new code; every digit equally likely.
    #[must_use]
    pub fn generate(rng: &dyn Rng) -> Self {
        let mut digits = [0; CODE_DIGITS];
        for digit in &mut digits {
            *digit = loop {
                let mut byte = [0];
                rng.fill(&mut byte);
                // 250 is the largest multiple of ten a byte reaches; the rest would favour 0 to 5.
                if byte[0] < 250 {
                    break b'0' + byte[0] % 10;
                }
            };
        }
        Self(digits)
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = core::str::from_utf8(&self.0).unwrap_or_default();
        write!(f, "{}-{}-{}", &text[..4], &text[4..8], &text[8..])
    }
}

impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Code(…)")
    }
}

impl FromStr for Code {
    type Err = IdError;

    /// Digits in groups of any form, full-width ones included: people read it over the telephone.
    fn from_str(text: &str) -> Result<Self, IdError> {
        let refused = || IdError {
            given: "the code".into(),
            expected: "twelve digits",
        };
        let mut digits = Vec::new();
        for c in text.chars().take(64) {
            match (plain_digit(c), c) {
                (Some(digit), _) => digits.push(digit),
                (None, ' ' | '-' | '\u{3000}' | '－' | 'ー') => {}
                (None, _) => return Err(refused()),
            }
        }
        digits.try_into().map(Self).map_err(|_| refused())
    }
}

/// A digit, half or full width, as ASCII.
pub(crate) fn plain_digit(c: char) -> Option<u8> {
    let value = match c {
        '０'..='９' => u32::from(c) - u32::from('０'),
        _ => c.to_digit(10)?,
    };
    u8::try_from(value).ok().map(|value| b'0' + value)
}

/// Why a pairing failed. The other side learns only that it did.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PairingError {
    /// Not readable.
    #[error("the pairing message is not well-formed: {0}")]
    Document(#[from] DocumentError),
    /// The manifest is not signed by its own root.
    #[error("the other side's manifest is refused: {0}")]
    Manifest(#[from] ManifestError),
    /// Not the same code, or somebody changed a message on the way.
    #[error("the code is not the same on both sides, or a message was changed on the way")]
    Code,
}

/// The other side, as the pairing proved it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PeerManifest {
    /// Its manifest, read.
    pub manifest: Manifest,
    /// Its bytes and signature.
    pub signed: SignedManifest,
}

/// The side that was given a code, after its first message.
pub struct Accepter {
    state: Spake2<Ed25519Group>,
    mine: Offer,
}

/// The side that gave the code, waiting for the first message.
pub struct Inviter {
    state: Spake2<Ed25519Group>,
    mine: Offer,
}

/// The side that gave the code, waiting for the third message.
pub struct InviterPending {
    expected: [u8; 32],
    peer: PeerManifest,
}

/// A manifest and a SPAKE2 share.
#[derive(Clone)]
struct Offer {
    signed: SignedManifest,
    share: Vec<u8>,
}

const ACCEPTER: &[u8] = b"noroshi accepter v1";
const INVITER: &[u8] = b"noroshi inviter v1";

impl Accepter {
    /// Begin; the first message.
    #[must_use]
    pub fn start(code: &Code, mine: &SignedManifest) -> (Self, Vec<u8>) {
        let (state, share) = Spake2::<Ed25519Group>::start_a(
            &Password::new(code.0),
            &Identity::new(ACCEPTER),
            &Identity::new(INVITER),
        );
        let mine = Offer {
            signed: mine.clone(),
            share,
        };
        let first = mine.to_bytes(1, None);
        (Self { state, mine }, first)
    }

    /// Read the answer; the third message and who the other side is.
    ///
    /// # Errors
    /// See [`PairingError`].
    pub fn finish(self, second: &[u8]) -> Result<(Vec<u8>, PeerManifest), PairingError> {
        let (theirs, proof) = Offer::from_bytes(2, second)?;
        let manifest = theirs.signed.verify(&Ed25519)?;
        let key = self
            .state
            .finish(&theirs.share)
            .map_err(|_| PairingError::Code)?;
        let key = transcript_key(&key, &self.mine, &theirs);
        hmac::verify(&key, INVITER, &proof.ok_or(PairingError::Code)?)
            .map_err(|_| PairingError::Code)?;
        let third = Object::new()
            .with("v", 1)
            .with("step", 3)
            .with("proof", hex(hmac::sign(&key, ACCEPTER).as_ref()));
        Ok((
            Value::Object(third).canonical(),
            PeerManifest {
                manifest,
                signed: theirs.signed,
            },
        ))
    }
}

impl Inviter {
    /// Wait for the first message.
    #[must_use]
    pub fn new(code: &Code, mine: &SignedManifest) -> Self {
        let (state, share) = Spake2::<Ed25519Group>::start_b(
            &Password::new(code.0),
            &Identity::new(ACCEPTER),
            &Identity::new(INVITER),
        );
        Self {
            state,
            mine: Offer {
                signed: mine.clone(),
                share,
            },
        }
    }

    /// Read the first message; the answer, and what waits for the third.
    ///
    /// # Errors
    /// See [`PairingError`]. A wrong code does not show here: the answer proves nothing to who
    /// does not know it.
    pub fn answer(self, first: &[u8]) -> Result<(Vec<u8>, InviterPending), PairingError> {
        let (theirs, _) = Offer::from_bytes(1, first)?;
        let manifest = theirs.signed.verify(&Ed25519)?;
        let key = self
            .state
            .finish(&theirs.share)
            .map_err(|_| PairingError::Code)?;
        let key = transcript_key(&key, &theirs, &self.mine);
        let proof = hmac::sign(&key, INVITER);
        let mut expected = [0; 32];
        expected.copy_from_slice(hmac::sign(&key, ACCEPTER).as_ref());
        let second = self.mine.to_bytes(2, Some(proof.as_ref()));
        let peer = PeerManifest {
            manifest,
            signed: theirs.signed,
        };
        Ok((second, InviterPending { expected, peer }))
    }
}

impl InviterPending {
    /// Read the third message; who the other side is.
    ///
    /// # Errors
    /// See [`PairingError`].
    pub fn finish(self, third: &[u8]) -> Result<PeerManifest, PairingError> {
        let mut fields = Fields::read("pairing step 3", third)?;
        fields.version(1)?;
        if fields.number("step")? != 3 {
            return Err(fields.refused("step", "is not 3").into());
        }
        let proof: [u8; 32] = fields.hex("proof")?;
        fields.end()?;
        aws_lc_rs::constant_time::verify_slices_are_equal(&proof, &self.expected)
            .map_err(|_| PairingError::Code)?;
        Ok(self.peer)
    }
}

impl Offer {
    fn to_bytes(&self, step: i64, proof: Option<&[u8]>) -> Vec<u8> {
        let mut object = Object::new()
            .with("v", 1)
            .with("step", step)
            .with("manifest", hex(&self.signed.bytes))
            .with("signature", hex(&self.signed.signature))
            .with("share", hex(&self.share));
        if let Some(proof) = proof {
            object.insert("proof", hex(proof));
        }
        Value::Object(object).canonical()
    }

    fn from_bytes(step: u64, bytes: &[u8]) -> Result<(Self, Option<[u8; 32]>), DocumentError> {
        let mut fields = Fields::read("pairing message", bytes)?;
        fields.version(1)?;
        if fields.number("step")? != step {
            return Err(fields.refused("step", format_args!("is not {step}")));
        }
        let unhex = |fields: &mut Fields, field: &str| {
            let digits = fields.text(field)?;
            noroshi_model::document::unhex(&digits)
                .ok_or_else(|| fields.refused(field, "is not hexadecimal"))
        };
        let offer = Self {
            signed: SignedManifest {
                bytes: unhex(&mut fields, "manifest")?,
                signature: fields.hex("signature")?,
            },
            share: unhex(&mut fields, "share")?,
        };
        let proof = if step == 2 {
            Some(fields.hex("proof")?)
        } else {
            None
        };
        fields.end()?;
        Ok((offer, proof))
    }
}

/// The key of both proofs: the shared secret over everything both sides have seen.
fn transcript_key(secret: &[u8], accepter: &Offer, inviter: &Offer) -> hmac::Key {
    let secret = hmac::Key::new(hmac::HMAC_SHA256, secret);
    let mut context = hmac::Context::with_key(&secret);
    context.update(b"noroshi/pairing-transcript/v1\0");
    for offer in [accepter, inviter] {
        for part in [
            &offer.signed.bytes[..],
            &offer.signed.signature,
            &offer.share,
        ] {
            context.update(&(part.len() as u64).to_be_bytes());
            context.update(part);
        }
    }
    hmac::Key::new(hmac::HMAC_SHA256, context.sign().as_ref())
}
