//! Whole lines out of a stream that comes in pieces. What is kept between two pieces is bounded.

use noroshi_match::LINE_BYTES_MAX;

/// What of a line has come, and where in the stream it begins.
#[derive(Default)]
pub(super) struct Lines {
    rest: Vec<u8>,
    /// The line is above the cap; the rest of it is passed over.
    is_overlong: bool,
    /// Lines that were above the cap.
    pub(super) overlong: u64,
    /// Place in the stream where `rest` begins.
    at: u64,
}

impl Lines {
    /// From this place in the stream on.
    pub(super) fn from(at: u64) -> Self {
        Self {
            at,
            ..Self::default()
        }
    }

    /// Where the first byte stands that was not given out yet.
    pub(super) fn at(&self) -> u64 {
        self.at
    }

    /// Take a piece; whole lines are given out with the place where they begin.
    pub(super) fn push<E>(
        &mut self,
        bytes: &[u8],
        mut each: impl FnMut(u64, &[u8]) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut bytes = bytes;
        if !self.rest.is_empty() || self.is_overlong {
            let Some(end) = bytes.iter().position(|byte| *byte == b'\n') else {
                self.keep(bytes);
                return Ok(());
            };
            let (first, after) = bytes.split_at(end + 1);
            bytes = after;
            self.keep(first);
            if std::mem::take(&mut self.is_overlong) {
                self.at += first.len() as u64;
            } else {
                let line = std::mem::take(&mut self.rest);
                let at = self.at;
                self.at += line.len() as u64;
                each(at, &line)?;
                self.rest = line;
                self.rest.clear();
            }
        }
        if let Some(last) = bytes.iter().rposition(|byte| *byte == b'\n') {
            let (whole, after) = bytes.split_at(last + 1);
            let at = self.at;
            self.at += whole.len() as u64;
            each(at, whole)?;
            bytes = after;
        }
        self.keep(bytes);
        Ok(())
    }

    /// The stream is at its end; the last line may lack its own.
    pub(super) fn end<E>(
        &mut self,
        each: impl FnOnce(u64, &[u8]) -> Result<(), E>,
    ) -> Result<(), E> {
        self.is_overlong = false;
        let line = std::mem::take(&mut self.rest);
        if line.is_empty() {
            return Ok(());
        }
        let at = self.at;
        self.at += line.len() as u64;
        each(at, &line)
    }

    /// Keep a part of a line, unless the line is above the cap.
    fn keep(&mut self, part: &[u8]) {
        if self.is_overlong {
            self.at += if part.last() == Some(&b'\n') {
                0
            } else {
                part.len() as u64
            };
        } else if self.rest.len() + part.len() > LINE_BYTES_MAX + 1 {
            self.overlong += 1;
            self.at += self.rest.len() as u64;
            self.rest = Vec::new();
            self.is_overlong = true;
            self.at += if part.last() == Some(&b'\n') {
                0
            } else {
                part.len() as u64
            };
        } else {
            self.rest.extend_from_slice(part);
        }
    }
}
