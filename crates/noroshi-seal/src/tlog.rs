//! Checkpoints as signed notes and logs as static tiles, so that others' tools can verify them.
//!
//! Source: C2SP `signed-note`, `tlog-checkpoint`, `tlog-tiles`, `tlog-cosignature`. Ed25519 notes
//! (signature type 1) and cosignatures (type 4).

use core::fmt::Write as _;

use data_encoding::{BASE64, HEXLOWER};
use noroshi_model::{Digest, Signer, Verifier};

use crate::merkle::{Hash, TILE_WIDTH};
use crate::sign::Ed25519;

/// Longest entry that fits an entry bundle: its length is written in 16 bits.
pub const ENTRY_BYTES_MAX: usize = 65_535;
/// Longest note read, in bytes.
const NOTE_BYTES_MAX: usize = 16 * 1024;
/// Most signature lines read.
const SIGNATURES_MAX: usize = 32;

/// What a log says of itself at one size.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// The log's name, such as `noroshi/ab12…/ledger`.
    pub origin: String,
    /// How many leaves.
    pub size: u64,
    /// The root over them.
    pub root: Hash,
}

/// Why a note is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoteError {
    /// It does not follow the grammar.
    #[error("the note is not well-formed: {0}")]
    Grammar(&'static str),
    /// It has no signature by that key.
    #[error("the note is not signed by the key that was asked for")]
    Unsigned,
    /// It has a signature line of that key that does not verify.
    #[error("the note's signature does not verify")]
    Signature,
}

impl Checkpoint {
    /// The signed text.
    #[must_use]
    pub fn text(&self) -> String {
        format!(
            "{}\n{}\n{}\n",
            self.origin,
            self.size,
            BASE64.encode(&self.root)
        )
    }

    /// The note: text, an empty line, one signature line.
    #[must_use]
    pub fn sign(&self, name: &str, public: &[u8; 32], signer: &dyn Signer) -> String {
        let mut note = self.text();
        let signature = signer.sign(note.as_bytes());
        let blob = [&key_hash(name, public)[..], &signature].concat();
        let _ = write!(note, "\n\u{2014} {name} {}\n", BASE64.encode(&blob));
        note
    }

    /// Read a note and check the signature of one key; other signatures are left alone.
    ///
    /// # Errors
    /// See [`NoteError`].
    pub fn open(note: &str, name: &str, public: &[u8; 32]) -> Result<Self, NoteError> {
        let (text, signatures) = split(note)?;
        check_signature(&text, signatures, name, public)?;
        read_text(&text)
    }

    /// Read what a note says without asking who signed it: for comparing it with a log whose
    /// keys are not at hand.
    ///
    /// # Errors
    /// [`NoteError::Grammar`].
    pub fn unverified(note: &str) -> Result<Self, NoteError> {
        split(note).and_then(|(text, _)| read_text(&text))
    }
}

/// The signed text and the lines of signatures.
fn split(note: &str) -> Result<(String, &str), NoteError> {
    if note.len() > NOTE_BYTES_MAX {
        return Err(NoteError::Grammar("longer than 16 KiB"));
    }
    let plain = |c: char| c == '\n' || !c.is_control();
    if !note.chars().all(plain) || !note.ends_with('\n') {
        return Err(NoteError::Grammar(
            "control characters, or no newline at the end",
        ));
    }
    let (head, signatures) = note
        .rsplit_once("\n\n")
        .ok_or(NoteError::Grammar("no empty line"))?;
    Ok((format!("{head}\n"), signatures))
}

/// What the lines of one key come to: `check` is given each blob behind the key's hash.
fn by_key<T>(
    signatures: &str,
    name: &str,
    wanted: [u8; 4],
    check: impl Fn(&[u8]) -> Result<T, NoteError>,
) -> Result<T, NoteError> {
    let mut verdict = Err(NoteError::Unsigned);
    for (count, line) in signatures.lines().enumerate() {
        if count >= SIGNATURES_MAX {
            return Err(NoteError::Grammar("more than 32 signatures"));
        }
        let mut parts = line
            .strip_prefix("\u{2014} ")
            .unwrap_or_default()
            .split(' ');
        let (Some(by), Some(blob), None) = (parts.next(), parts.next(), parts.next()) else {
            return Err(NoteError::Grammar("a line that is no signature"));
        };
        let blob = BASE64
            .decode(blob.as_bytes())
            .map_err(|_| NoteError::Grammar("a signature that is not base64"))?;
        let Some((hash, signature)) = blob.split_first_chunk::<4>() else {
            return Err(NoteError::Grammar("a signature that is too short"));
        };
        if by == name && *hash == wanted {
            verdict = Ok(check(signature)?);
        }
    }
    verdict
}

fn check_signature(
    text: &str,
    signatures: &str,
    name: &str,
    public: &[u8; 32],
) -> Result<(), NoteError> {
    by_key(signatures, name, key_hash(name, public), |signature| {
        let signature: &[u8; 64] = signature
            .try_into()
            .map_err(|_| NoteError::Grammar("an Ed25519 signature that is not 64 bytes"))?;
        if Ed25519.verify(public, text.as_bytes(), signature) {
            Ok(())
        } else {
            Err(NoteError::Signature)
        }
    })
}

/// What a cosigner signs (C2SP tlog-cosignature, `cosignature/v1`): as of this second, this is the
/// largest consistent state of that log it has seen.
fn cosigned_text(seconds: u64, text: &str) -> String {
    format!("cosignature/v1\ntime {seconds}\n{text}")
}

/// A checkpoint's note with one more line: the cosignature of who has compared it with all that it
/// has seen of the log. `seconds` is POSIX time.
///
/// # Errors
/// [`NoteError::Grammar`]: it is no note.
pub fn cosign(
    note: &str,
    name: &str,
    public: &[u8; 32],
    signer: &dyn Signer,
    seconds: u64,
) -> Result<String, NoteError> {
    let (text, _) = split(note)?;
    let signature = signer.sign(cosigned_text(seconds, &text).as_bytes());
    let hash = typed_key_hash(COSIGNATURE, name, public);
    let blob = [&hash[..], &seconds.to_be_bytes(), &signature].concat();
    Ok(format!("{note}\u{2014} {name} {}\n", BASE64.encode(&blob)))
}

/// When a cosigner signed a checkpoint's note, in seconds of POSIX time.
///
/// # Errors
/// See [`NoteError`].
pub fn cosigned_at(note: &str, name: &str, public: &[u8; 32]) -> Result<u64, NoteError> {
    let (text, signatures) = split(note)?;
    let wanted = typed_key_hash(COSIGNATURE, name, public);
    by_key(signatures, name, wanted, |blob| {
        let length = NoteError::Grammar("an Ed25519 cosignature that is not 72 bytes");
        let (seconds, signature) = blob.split_first_chunk::<8>().ok_or(length)?;
        let signature: &[u8; 64] = signature.try_into().map_err(|_| length)?;
        let seconds = u64::from_be_bytes(*seconds);
        let message = cosigned_text(seconds, &text);
        // The specification keeps times within 63 bits.
        if i64::try_from(seconds).is_ok() && Ed25519.verify(public, message.as_bytes(), signature) {
            Ok(seconds)
        } else {
            Err(NoteError::Signature)
        }
    })
}

/// How many of a note's signature lines none of these keys made, or which do not verify: of such a
/// line any bit may be another and nobody notices.
///
/// # Errors
/// [`NoteError::Grammar`]: it is no note.
pub fn unverified_lines(note: &str, known: &[VerifierKey]) -> Result<usize, NoteError> {
    let (text, signatures) = split(note)?;
    let is_good = |line: &str| {
        let alone = format!("{text}\n{line}\n");
        known.iter().any(|key| {
            if key.cosigns {
                cosigned_at(&alone, &key.name, &key.public).is_ok()
            } else {
                Checkpoint::open(&alone, &key.name, &key.public).is_ok()
            }
        })
    };
    Ok(signatures.lines().filter(|line| !is_good(line)).count())
}

fn read_text(text: &str) -> Result<Checkpoint, NoteError> {
    let mut lines = text.lines();
    let origin = lines.next().filter(|line| !line.is_empty());
    let origin = origin.ok_or(NoteError::Grammar("no origin"))?;
    let size_text = lines.next().unwrap_or_default();
    let size: u64 = size_text
        .parse()
        .map_err(|_| NoteError::Grammar("the size is no number"))?;
    if size.to_string() != size_text {
        return Err(NoteError::Grammar("the size is not written plainly"));
    }
    let root = BASE64
        .decode(lines.next().unwrap_or_default().as_bytes())
        .ok()
        .and_then(|bytes| bytes.try_into().ok())
        .ok_or(NoteError::Grammar("the root is not 32 bytes in base64"))?;
    Ok(Checkpoint {
        origin: origin.to_owned(),
        size,
        root,
    })
}

/// Signature type of a note that a log signs.
const SIGNATURE: u8 = 1;
/// Signature type of a timestamped cosignature.
const COSIGNATURE: u8 = 4;

/// The first four bytes of SHA-256 over name, newline, algorithm 1, public key (signed-note).
#[must_use]
pub fn key_hash(name: &str, public: &[u8; 32]) -> [u8; 4] {
    typed_key_hash(SIGNATURE, name, public)
}

fn typed_key_hash(kind: u8, name: &str, public: &[u8; 32]) -> [u8; 4] {
    let digest = Digest::of_parts(&[name.as_bytes(), b"\n", &[kind], public]).0;
    [digest[0], digest[1], digest[2], digest[3]]
}

/// A key with its name, as note tools take it: `name+hash+base64`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifierKey {
    /// The log's, or the cosigner's.
    pub name: String,
    /// Does it cosign, rather than sign for a log?
    pub cosigns: bool,
    /// The raw Ed25519 key.
    pub public: [u8; 32],
}

impl VerifierKey {
    /// Read one line. `None`: another form, another algorithm, or a hash that is not its own.
    #[must_use]
    pub fn parse(line: &str) -> Option<Self> {
        let mut parts = line.splitn(3, '+');
        let (name, hash, typed) = (parts.next()?, parts.next()?, parts.next()?);
        let typed = BASE64.decode(typed.as_bytes()).ok()?;
        let (kind, public) = typed.split_first()?;
        let key = Self {
            name: name.to_owned(),
            cosigns: match *kind {
                SIGNATURE => false,
                COSIGNATURE => true,
                _ => return None,
            },
            public: public.try_into().ok()?,
        };
        let known = HEXLOWER.encode(&typed_key_hash(*kind, name, &key.public));
        (known == hash && !name.is_empty()).then_some(key)
    }
}

impl core::fmt::Display for VerifierKey {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let kind = if self.cosigns { COSIGNATURE } else { SIGNATURE };
        let hash = HEXLOWER.encode(&typed_key_hash(kind, &self.name, &self.public));
        let typed = [&[kind], &self.public[..]].concat();
        write!(f, "{}+{hash}+{}", self.name, BASE64.encode(&typed))
    }
}

/// The path of a tile (tlog-tiles): `tile/<L>/<N>[.p/<W>]`; level `None` is an entry bundle.
/// `width` 256 is a full tile.
#[must_use]
pub fn tile_path(level: Option<u8>, index: u64, width: u64) -> String {
    let mut groups = vec![format!("{:03}", index % 1000)];
    let mut rest = index / 1000;
    while rest > 0 {
        groups.push(format!("x{:03}", rest % 1000));
        rest /= 1000;
    }
    groups.reverse();
    let level = level.map_or_else(|| "entries".to_owned(), |level| level.to_string());
    let mut path = format!("tile/{level}/{}", groups.join("/"));
    if width < TILE_WIDTH {
        let _ = write!(path, ".p/{width}");
    }
    path
}

/// Entries one after the other, each with its length in 16 bits before it.
/// `None` when one is longer than [`ENTRY_BYTES_MAX`].
#[must_use]
pub fn entry_bundle(entries: &[Vec<u8>]) -> Option<Vec<u8>> {
    let mut bundle = Vec::new();
    for entry in entries {
        bundle.extend_from_slice(&u16::try_from(entry.len()).ok()?.to_be_bytes());
        bundle.extend_from_slice(entry);
    }
    Some(bundle)
}
