//! A backup as one stream: a header that says what it is of, then chunks that fit only behind that
//! header, in their order, up to the last. Cut off, reordered or changed, it does not open.
//!
//! ```text
//! backup = magic 16 | length of the header 4 | header, canonical JSON | chunk ...
//! chunk  = last 1 (0: more follow, 1: the end) | length of the body 4 | body
//! locked: body = AES-256-GCM-SIV of the bytes; nonce: the chunk's number; associated: SHA-256 of
//!         the header, then `last`
//! plain:  body = the bytes, then SHA-256 over the check before it, `last` and the bytes;
//!         before the first chunk the check is SHA-256 of the header
//! ```
//!
//! The plain form finds accidents, not attackers: for those who lock by other means. No I/O here.

use aws_lc_rs::digest;
use noroshi_model::document::{DocumentError, Fields, hex, text};
use noroshi_model::json::{Object, Value};
use noroshi_model::{Digest, NodeId, Rng, Timestamp, World};
use zeroize::Zeroizing;

use crate::keyfile::{Cost, stretch};
use crate::sealing::FrameKey;
use crate::{CryptoError, failed};

/// The first bytes of every backup. The line end shows a transfer that took it for text.
pub const MAGIC: &[u8; 16] = b"noroshi backup\r\n";
/// Longest header, in bytes.
pub const HEADER_BYTES_MAX: usize = 4096;
/// Bytes in a chunk, all but the last; none is longer.
pub const CHUNK_BYTES: usize = 1024 * 1024;
/// Longest body of a chunk, in bytes.
pub const BODY_BYTES_MAX: usize = CHUNK_BYTES + 32;
/// Bytes before a chunk's body.
pub const CHUNK_HEAD_BYTES: usize = 5;

/// The version of header and chunks.
const VERSION: u64 = 1;

/// Why a backup is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BackupError {
    /// No backup of this project.
    #[error("this is no backup of a Noroshi node")]
    Magic,
    /// A newer program wrote it.
    #[error("the backup is of version {0}, this program knows {VERSION}: use a newer program")]
    Newer(u64),
    /// The header cannot be read.
    #[error("the backup's header is damaged: {0}")]
    Header(#[from] DocumentError),
    /// It asks for more work than this program is willing to do.
    #[error("the backup asks for more memory or passes than 1 GiB and 10: it was changed")]
    Cost,
    /// It is locked, and no passphrase was given; or the other way round.
    #[error("the backup is locked: a passphrase is needed")]
    Locked,
    /// A chunk does not open.
    #[error("chunk {0} does not open: the passphrase is wrong, or the file was changed")]
    Chunk(u64),
    /// The end is missing.
    #[error("the backup is cut off after {0} chunks")]
    CutOff(u64),
    /// There is more behind the end.
    #[error("there are bytes behind the end of the backup")]
    Trailing,
}

/// How the key of a locked backup is made from a passphrase.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lock {
    /// Fresh for every backup, so that the key is, and a chunk's number serves as nonce.
    pub salt: [u8; 16],
    /// What guessing costs.
    pub cost: Cost,
}

impl Lock {
    /// A lock for a new backup.
    #[must_use]
    pub fn fresh(rng: &dyn Rng, cost: Cost) -> Self {
        let mut salt = [0; 16];
        rng.fill(&mut salt);
        Self { salt, cost }
    }

    /// The key.
    ///
    /// # Errors
    /// The cost is out of bounds.
    pub fn key(&self, passphrase: &str) -> Result<Zeroizing<[u8; 32]>, BackupError> {
        stretch(passphrase, &self.salt, self.cost).ok_or(BackupError::Cost)
    }
}

/// What a backup says of itself, for anybody to read. It names no partner and no content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// Its name in the node's ledger.
    pub id: [u8; 16],
    /// Operational or exercise.
    pub world: World,
    /// Of which node.
    pub node: NodeId,
    /// When its snapshot was taken.
    pub at: Timestamp,
    /// Lines of the ledger in it.
    pub ledger_size: u64,
    /// The root over them.
    pub ledger_root: Digest,
    /// How it is locked; none: plain.
    pub lock: Option<Lock>,
}

impl Header {
    const DOCUMENT: &str = "backup";

    /// The canonical bytes.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut object = Object::new()
            .with("v", i64::try_from(VERSION).unwrap_or(i64::MAX))
            .with("document", Self::DOCUMENT)
            .with("id", hex(&self.id))
            .with("world", self.world.as_str())
            .with("node", text(self.node))
            .with("at", text(self.at))
            .with(
                "ledger_size",
                i64::try_from(self.ledger_size).unwrap_or(i64::MAX),
            )
            .with("ledger_root", text(self.ledger_root));
        if let Some(lock) = &self.lock {
            object.insert("salt", hex(&lock.salt));
            object.insert("memory_kib", i64::from(lock.cost.memory_kib));
            object.insert("passes", i64::from(lock.cost.passes));
        }
        Value::Object(object).canonical()
    }

    /// Read those bytes.
    ///
    /// # Errors
    /// Of a newer version, or not exactly as [`Header::to_bytes`] writes it.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, BackupError> {
        let mut fields = Fields::read(Self::DOCUMENT, bytes)?;
        let version = fields.number("v")?;
        if version != VERSION {
            return Err(BackupError::Newer(version));
        }
        if fields.text("document")? != Self::DOCUMENT {
            return Err(fields.refused("document", "is not `backup`").into());
        }
        let small = |value: Value, fields: &Fields, field: &str| {
            let number = value.as_int().and_then(|number| u32::try_from(number).ok());
            number.ok_or_else(|| fields.refused(field, "is no small number"))
        };
        let lock = if let Some(salt) = fields.maybe("salt") {
            let salt = salt
                .as_str()
                .and_then(noroshi_model::document::unhex)
                .and_then(|salt| salt.try_into().ok())
                .ok_or_else(|| fields.refused("salt", "is not 16 bytes"))?;
            let (memory, passes) = (fields.value("memory_kib")?, fields.value("passes")?);
            let cost = Cost {
                memory_kib: small(memory, &fields, "memory_kib")?,
                passes: small(passes, &fields, "passes")?,
            };
            Some(Lock { salt, cost })
        } else {
            None
        };
        let header = Self {
            id: fields.hex("id")?,
            world: fields.parsed("world")?,
            node: fields.parsed("node")?,
            at: fields.parsed("at")?,
            ledger_size: fields.number("ledger_size")?,
            ledger_root: fields.parsed("ledger_root")?,
            lock,
        };
        fields.end()?;
        Ok(header)
    }

    /// Magic, length and header: how every backup begins.
    #[must_use]
    pub fn head(&self) -> Vec<u8> {
        let header = self.to_bytes();
        let length = u32::try_from(header.len()).unwrap_or(u32::MAX);
        [&MAGIC[..], &length.to_be_bytes(), &header].concat()
    }
}

/// What ties each chunk to the header and to the chunk before it.
enum Tie {
    Locked { key: FrameKey, header: Digest },
    Plain { check: Digest },
}

impl Tie {
    fn new(header: &Header, key: Option<&[u8; 32]>) -> Result<Self, BackupError> {
        let digest = Digest::of(&header.to_bytes());
        match (header.lock, key) {
            (None, None) => Ok(Self::Plain { check: digest }),
            (Some(_), Some(key)) => {
                let key = FrameKey::from_bytes(key).map_err(|_| BackupError::Locked)?;
                Ok(Self::Locked {
                    key,
                    header: digest,
                })
            }
            _ => Err(BackupError::Locked),
        }
    }
}

fn associated(header: &Digest, last: bool) -> Vec<u8> {
    [&header.0[..], &[u8::from(last)]].concat()
}

fn check_after(check: &Digest, last: bool, bytes: &[u8]) -> Digest {
    Digest::of_parts(&[&check.0, &[u8::from(last)], bytes])
}

/// Makes the chunks of a backup.
pub struct Sealer {
    tie: Tie,
    chunks: u64,
}

impl Sealer {
    /// For a backup with this header; with the key of its lock, where it has one.
    ///
    /// # Errors
    /// A key without a lock, or a lock without a key.
    pub fn new(header: &Header, key: Option<&[u8; 32]>) -> Result<Self, BackupError> {
        Ok(Self {
            tie: Tie::new(header, key)?,
            chunks: 0,
        })
    }

    /// The next chunk with its head, of at most [`CHUNK_BYTES`].
    ///
    /// # Errors
    /// The chunk is too long, or the crypto library refuses.
    pub fn chunk(&mut self, bytes: Vec<u8>, last: bool) -> Result<Vec<u8>, CryptoError> {
        if bytes.len() > CHUNK_BYTES {
            return Err(failed("seal a chunk that is too long"));
        }
        let body = match &mut self.tie {
            Tie::Locked { key, header } => {
                key.seal(self.chunks, &associated(header, last), bytes)?
            }
            Tie::Plain { check } => {
                *check = check_after(check, last, &bytes);
                [&bytes[..], &check.0].concat()
            }
        };
        self.chunks += 1;
        let length = u32::try_from(body.len()).unwrap_or(u32::MAX);
        Ok([&[u8::from(last)][..], &length.to_be_bytes(), &body].concat())
    }
}

/// Opens the chunks of a backup, one after the other.
pub struct Opener {
    tie: Tie,
    chunks: u64,
}

impl Opener {
    /// For a backup with this header; with the key of its lock, where it has one.
    ///
    /// # Errors
    /// A key without a lock, or a lock without a key.
    pub fn new(header: &Header, key: Option<&[u8; 32]>) -> Result<Self, BackupError> {
        Ok(Self {
            tie: Tie::new(header, key)?,
            chunks: 0,
        })
    }

    /// A chunk's head: is it the last, and how long is its body?
    ///
    /// # Errors
    /// No such head.
    pub fn head(&self, head: [u8; CHUNK_HEAD_BYTES]) -> Result<(bool, usize), BackupError> {
        let [last, length @ ..] = head;
        let length = usize::try_from(u32::from_be_bytes(length)).unwrap_or(usize::MAX);
        if last > 1 || length > BODY_BYTES_MAX {
            return Err(BackupError::Chunk(self.chunks));
        }
        Ok((last == 1, length))
    }

    /// The bytes of the next chunk.
    ///
    /// # Errors
    /// It was changed, is not the next, or is locked with another key.
    pub fn chunk(&mut self, body: &[u8], last: bool) -> Result<Vec<u8>, BackupError> {
        let wrong = BackupError::Chunk(self.chunks);
        let bytes = match &mut self.tie {
            Tie::Locked { key, header } => key
                .open(self.chunks, &associated(header, last), body)
                .map_err(|_| wrong)?,
            Tie::Plain { check } => {
                let (bytes, given) = body.split_last_chunk::<32>().ok_or(wrong.clone())?;
                *check = check_after(check, last, bytes);
                if check.0 != *given {
                    return Err(wrong);
                }
                bytes.to_vec()
            }
        };
        self.chunks += 1;
        Ok(bytes)
    }

    /// Chunks opened so far.
    #[must_use]
    pub fn chunks(&self) -> u64 {
        self.chunks
    }
}

/// SHA-256 over a stream.
pub struct StreamDigest(digest::Context);

impl Default for StreamDigest {
    fn default() -> Self {
        Self(digest::Context::new(&digest::SHA256))
    }
}

impl StreamDigest {
    /// Take the next bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// The digest of everything taken.
    #[must_use]
    pub fn finish(self) -> Digest {
        let mut bytes = [0; 32];
        bytes.copy_from_slice(self.0.finish().as_ref());
        Digest(bytes)
    }
}
