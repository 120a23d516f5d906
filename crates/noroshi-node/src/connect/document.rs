//! A document at an address is taken in whole where it is another than the last time.

use std::fs::File;
use std::io::{BufReader, BufWriter, Seek, Write};
use std::os::unix::fs::OpenOptionsExt;

use super::ask::{Asking, Trouble};
use super::rounds::{End, Round};

/// Largest document, in bytes once unpacked.
const DOCUMENT_BYTES_MAX: u64 = 512 * 1024 * 1024;

impl Round<'_> {
    /// One round of a channel that reads a document.
    pub(super) fn document(&mut self, asking: &Asking<'_>) -> Result<End, Trouble> {
        let here = |error: &dyn std::fmt::Display| Trouble::new("here", error);
        let mut file = self.nameless().map_err(|error| here(&error))?;
        let tags = (self.state.etag.as_deref(), self.state.modified.as_deref());
        let target = &self.channel.target;
        let mut out = BufWriter::new(&mut file);
        let reply = asking.document(target, tags, DOCUMENT_BYTES_MAX, &mut out)?;
        self.state.last_contact = Some(self.node.now());
        let Some(reply) = reply else {
            return Ok(End::Done);
        };
        out.flush().map_err(|error| here(&error))?;
        drop(out);
        file.rewind().map_err(|error| here(&error))?;
        let size = file.metadata().ok().map(|meta| meta.len());
        let mut next = self.state.clone();
        next.keep_tags(&reply);
        let mut reader = BufReader::with_capacity(256 * 1024, file);
        let answer = self.take_in(&mut reader, size, next)?;
        if answer.read == answer.refused {
            // What is no document of ours this time may be one the next time.
            (self.state.etag, self.state.modified) = (None, None);
            let why = self.state.refused_last.last().map(|(_, why)| why.clone());
            let why = why.unwrap_or_else(|| "there is no object in it".to_owned());
            return Err(Trouble::new("unreadable", why));
        }
        Ok(End::Done)
    }

    /// A file that is gone when it is closed, whatever happens: what is recalled later must not lie
    /// in it.
    fn nameless(&self) -> std::io::Result<File> {
        let name = format!("incoming-{}.part", self.channel.name);
        let path = self.node.home().path().join(name);
        let file = File::options()
            .read(true)
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&path)?;
        std::fs::remove_file(&path)?;
        Ok(file)
    }
}
