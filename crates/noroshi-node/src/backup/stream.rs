//! The stream of a backup: named entries, one after the other, inside sealed chunks. Written and
//! read piece by piece: memory does not grow with the store.
//!
//! ```text
//! contents = entry ... | 0
//! entry    = length of the name 1 | name | size 8 | bytes
//! ```

use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use noroshi_model::{Digest, PersonId};
use noroshi_seal::backup::{
    BackupError, CHUNK_BYTES, CHUNK_HEAD_BYTES, HEADER_BYTES_MAX, Header, MAGIC, Opener, Sealer,
    StreamDigest,
};

use crate::home::Home;

/// Largest entry that is not the store, in bytes.
const SMALL_BYTES_MAX: u64 = 64 * 1024;
/// Most entries.
const ENTRIES_MAX: usize = 10_000;

/// Why a stream cannot be written or read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StreamError {
    /// The file.
    #[error(transparent)]
    Io(#[from] std::io::Error),
    /// Its form, its lock, or a change in it.
    #[error(transparent)]
    Backup(#[from] BackupError),
    /// The crypto library refused.
    #[error(transparent)]
    Crypto(#[from] noroshi_seal::CryptoError),
    /// What is in it is not what a backup holds.
    #[error("the backup's contents are not well-formed: {0}")]
    Contents(&'static str),
}

/// What a backup may hold; nothing else is taken out of one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Entry {
    /// `noroshi.toml`.
    Config,
    /// The root's locked key.
    Root,
    /// A person's locked key.
    Person(PersonId),
    /// The store's database.
    Store,
}

impl Entry {
    fn name(&self) -> String {
        match self {
            Self::Config => "noroshi.toml".to_owned(),
            Self::Root => "keys/root.key".to_owned(),
            Self::Person(person) => format!("persons/{person}.key"),
            Self::Store => "store/noroshi.db".to_owned(),
        }
    }

    fn from_name(name: &str) -> Option<Self> {
        let person = name.strip_prefix("persons/");
        match (name, person.and_then(|name| name.strip_suffix(".key"))) {
            ("noroshi.toml", _) => Some(Self::Config),
            ("keys/root.key", _) => Some(Self::Root),
            ("store/noroshi.db", _) => Some(Self::Store),
            (_, Some(person)) => person.parse().ok().map(Self::Person),
            _ => None,
        }
    }

    /// Where it belongs in a node's folder.
    pub(crate) fn path(&self, home: &Home) -> PathBuf {
        match self {
            Self::Config => home.path().join("noroshi.toml"),
            Self::Root => home.key("root"),
            Self::Person(person) => home.person_key(person),
            Self::Store => home.store().join("noroshi.db"),
        }
    }
}

/// Writes a backup.
pub(crate) struct Writer<W> {
    out: W,
    sealer: Sealer,
    buffer: Vec<u8>,
    digest: StreamDigest,
    bytes: u64,
}

impl<W: Write> Writer<W> {
    /// Write the header.
    ///
    /// # Errors
    /// See [`StreamError`].
    pub(crate) fn begin(
        out: W,
        header: &Header,
        key: Option<&[u8; 32]>,
    ) -> Result<Self, StreamError> {
        let mut writer = Self {
            out,
            sealer: Sealer::new(header, key)?,
            buffer: Vec::with_capacity(CHUNK_BYTES),
            digest: StreamDigest::default(),
            bytes: 0,
        };
        writer.write(&header.head())?;
        Ok(writer)
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), StreamError> {
        self.out.write_all(bytes)?;
        self.digest.update(bytes);
        self.bytes += bytes.len() as u64;
        Ok(())
    }

    fn put(&mut self, mut bytes: &[u8]) -> Result<(), StreamError> {
        while !bytes.is_empty() {
            let room = CHUNK_BYTES - self.buffer.len();
            let (now, rest) = bytes.split_at(room.min(bytes.len()));
            self.buffer.extend_from_slice(now);
            bytes = rest;
            if self.buffer.len() == CHUNK_BYTES {
                self.flush(false)?;
            }
        }
        Ok(())
    }

    fn flush(&mut self, last: bool) -> Result<(), StreamError> {
        let full = std::mem::replace(&mut self.buffer, Vec::with_capacity(CHUNK_BYTES));
        let chunk = self.sealer.chunk(full, last)?;
        self.write(&chunk)
    }

    /// Add an entry of exactly this size.
    ///
    /// # Errors
    /// The source is shorter or longer, or see [`StreamError`].
    pub(crate) fn entry(
        &mut self,
        entry: &Entry,
        size: u64,
        from: &mut dyn Read,
    ) -> Result<(), StreamError> {
        let name = entry.name();
        let length = u8::try_from(name.len()).map_err(|_| StreamError::Contents("a long name"))?;
        self.put(&[length])?;
        self.put(name.as_bytes())?;
        self.put(&size.to_be_bytes())?;
        let mut piece = vec![0; 64 * 1024];
        let mut left = size;
        while left > 0 {
            let most = usize::try_from(left).unwrap_or(usize::MAX).min(piece.len());
            let read = from.read(&mut piece[..most])?;
            if read == 0 {
                return Err(StreamError::Contents("a file that grew shorter"));
            }
            self.put(&piece[..read])?;
            left -= read as u64;
        }
        Ok(())
    }

    /// Write the end; what was written to, the digest of all of it, and its length.
    ///
    /// # Errors
    /// See [`StreamError`].
    pub(crate) fn finish(mut self) -> Result<(W, Digest, u64), StreamError> {
        self.put(&[0])?;
        self.flush(true)?;
        self.out.flush()?;
        Ok((self.out, self.digest.finish(), self.bytes))
    }
}

/// Read the head of a backup.
///
/// # Errors
/// See [`StreamError`].
pub(crate) fn read_header(from: &mut impl Read) -> Result<Header, StreamError> {
    let mut head = [0; 20];
    let read = read_up_to(from, &mut head)?;
    if read < head.len() || head[..16] != MAGIC[..] {
        return Err(BackupError::Magic.into());
    }
    let mut length = [0; 4];
    length.copy_from_slice(&head[16..]);
    let length = usize::try_from(u32::from_be_bytes(length)).unwrap_or(usize::MAX);
    if length > HEADER_BYTES_MAX {
        return Err(BackupError::Magic.into());
    }
    let mut bytes = vec![0; length];
    if read_up_to(from, &mut bytes)? < length {
        return Err(BackupError::CutOff(0).into());
    }
    Ok(Header::from_bytes(&bytes)?)
}

/// Fill the buffer as far as the source goes.
fn read_up_to(from: &mut impl Read, buffer: &mut [u8]) -> Result<usize, std::io::Error> {
    let mut filled = 0;
    while filled < buffer.len() {
        match from.read(&mut buffer[filled..]) {
            Ok(0) => break,
            Ok(read) => filled += read,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

/// Reads a backup whose header was read.
pub(crate) struct Reader<R> {
    from: R,
    opener: Opener,
    chunk: Vec<u8>,
    at: usize,
    is_last: bool,
}

impl<R: Read> Reader<R> {
    /// Go on behind the header.
    ///
    /// # Errors
    /// A lock without a key or a key without a lock.
    pub(crate) fn new(
        from: R,
        header: &Header,
        key: Option<&[u8; 32]>,
    ) -> Result<Self, StreamError> {
        Ok(Self {
            from,
            opener: Opener::new(header, key)?,
            chunk: Vec::new(),
            at: 0,
            is_last: false,
        })
    }

    /// The next chunk; `false` at the end.
    fn fill(&mut self) -> Result<bool, StreamError> {
        if self.is_last {
            return Ok(false);
        }
        let cut_off = BackupError::CutOff(self.opener.chunks());
        let mut head = [0; CHUNK_HEAD_BYTES];
        if read_up_to(&mut self.from, &mut head)? < head.len() {
            return Err(cut_off.into());
        }
        let (last, length) = self.opener.head(head)?;
        let mut body = vec![0; length];
        if read_up_to(&mut self.from, &mut body)? < length {
            return Err(cut_off.into());
        }
        self.chunk = self.opener.chunk(&body, last)?;
        self.at = 0;
        self.is_last = last;
        Ok(true)
    }

    /// What is at hand of the contents, at most so many bytes; empty at the end.
    fn piece(&mut self, most: u64) -> Result<&[u8], StreamError> {
        while self.at == self.chunk.len() && self.fill()? {}
        let left = self.chunk.len() - self.at;
        let taken = usize::try_from(most).unwrap_or(usize::MAX).min(left);
        self.at += taken;
        Ok(&self.chunk[self.at - taken..self.at])
    }

    fn exactly(&mut self, count: usize) -> Result<Vec<u8>, StreamError> {
        let mut bytes = Vec::with_capacity(count);
        while bytes.len() < count {
            let piece = self.piece((count - bytes.len()) as u64)?;
            if piece.is_empty() {
                return Err(StreamError::Contents("an entry that ends too early"));
            }
            bytes.extend_from_slice(piece);
        }
        Ok(bytes)
    }

    /// The next entry and its size; `None` behind the last, when nothing follows.
    fn next_entry(&mut self) -> Result<Option<(Entry, u64)>, StreamError> {
        let length = self.exactly(1)?;
        let length = usize::from(length.first().copied().unwrap_or_default());
        if length == 0 {
            if !self.piece(1)?.is_empty() {
                return Err(StreamError::Contents("bytes behind the last entry"));
            }
            if read_up_to(&mut self.from, &mut [0])? > 0 {
                return Err(BackupError::Trailing.into());
            }
            return Ok(None);
        }
        let name = self.exactly(length)?;
        let name = std::str::from_utf8(&name).unwrap_or_default();
        let entry =
            Entry::from_name(name).ok_or(StreamError::Contents("an entry that no backup holds"))?;
        let size: [u8; 8] = self
            .exactly(8)?
            .try_into()
            .map_err(|_| StreamError::Contents("a size"))?;
        Ok(Some((entry, u64::from_be_bytes(size))))
    }

    /// Take everything out into a new node's folder; the entries that were there. Files are for
    /// their owner only and durable when this returns.
    ///
    /// # Errors
    /// See [`StreamError`]; what was taken out so far is worth nothing then.
    pub(crate) fn unpack(
        mut self,
        home: &Home,
        create: &dyn Fn(&Path) -> Result<std::fs::File, std::io::Error>,
        progress: &mut dyn FnMut(u64, u64),
    ) -> Result<Vec<Entry>, StreamError> {
        let mut entries: Vec<Entry> = Vec::new();
        while let Some((entry, size)) = self.next_entry()? {
            // In order and each once, as they are written: config, root, persons, store.
            if entries.last().is_some_and(|before| *before >= entry) {
                return Err(StreamError::Contents("entries out of order"));
            }
            if entries.len() == ENTRIES_MAX {
                return Err(StreamError::Contents("too many entries"));
            }
            if entry != Entry::Store && size > SMALL_BYTES_MAX {
                return Err(StreamError::Contents("an entry that is too large"));
            }
            let mut file = create(&entry.path(home))?;
            let mut left = size;
            while left > 0 {
                let piece = self.piece(left)?;
                if piece.is_empty() {
                    return Err(StreamError::Contents("an entry that ends too early"));
                }
                file.write_all(piece)?;
                left -= piece.len() as u64;
                progress(size - left, size);
            }
            file.sync_all()?;
            entries.push(entry);
        }
        let whole =
            entries.first() == Some(&Entry::Config) && entries.last() == Some(&Entry::Store);
        if whole {
            Ok(entries)
        } else {
            Err(StreamError::Contents(
                "the configuration or the store is missing",
            ))
        }
    }
}
