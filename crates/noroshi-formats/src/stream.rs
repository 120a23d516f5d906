//! Taking a file apart without holding it: one entry at a time, whatever the size of the whole.
//!
//! Recognised: a STIX bundle, a list of STIX objects, STIX objects one after the other (also one
//! a line), and the KEV catalogue. Memory: the largest entry allowed plus one read.

use std::io::Read;

use noroshi_model::Limits;
use noroshi_model::json::Value;

use crate::error::{Note, ReadError};
use crate::valid::{Form, Valid, read_at};

mod scan;
#[cfg(test)]
mod tests;

use scan::Scan;

/// Bytes asked of the reader at a time.
const CHUNK_BYTES: usize = 128 * 1024;
/// Longest top-level key or scalar that is looked at, in bytes.
const HEADER_BYTES_MAX: usize = 4096;

/// One entry of a file, not yet parsed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RawEntry {
    /// Its position among the entries, from 0.
    pub index: u64,
    /// How it is written.
    pub form: Form,
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// Where it ends in the file: progress.
    pub byte_offset: u64,
}

impl RawEntry {
    /// Parse and check the entry.
    ///
    /// # Errors
    /// See [`ReadError`].
    pub fn read(self, limits: &Limits) -> Result<(Valid, Vec<Note>), ReadError> {
        read_at(&self.bytes, self.form, limits, self.index)
    }
}

/// Where in the file the splitter stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// Before the first byte, or between top-level values.
    Top,
    /// Inside the list of entries; `bool`: an entry has been seen, so a comma must come first.
    Entries(bool),
    /// Behind the list of entries, in the object around it.
    Tail,
    /// At the end, or after an error that ends the file.
    Done,
}

/// Splits a file into entries.
pub struct Splitter<R> {
    reader: R,
    limits: Limits,
    buffer: Vec<u8>,
    /// Position in `buffer` of the next byte to look at.
    at: usize,
    /// Position in the file of `buffer[0]`.
    base: u64,
    ended: bool,
    place: Place,
    is_kev: bool,
    wrapped: bool,
    /// Anything but white space has been seen.
    began: bool,
    count: u64,
}

impl<R: Read> Splitter<R> {
    /// A splitter over a reader.
    pub fn new(reader: R, limits: Limits) -> Self {
        Self {
            reader,
            limits,
            buffer: Vec::new(),
            at: 0,
            base: 0,
            ended: false,
            place: Place::Top,
            is_kev: false,
            wrapped: false,
            began: false,
            count: 0,
        }
    }

    /// Read on; `false` at the end of the file. What was passed is let go of first.
    fn fill(&mut self) -> Result<bool, ReadError> {
        if self.ended {
            return Ok(false);
        }
        let held = self.buffer.len();
        self.buffer.resize(held + CHUNK_BYTES, 0);
        let read = loop {
            match self.reader.read(&mut self.buffer[held..]) {
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                outcome => break outcome,
            }
        };
        let count = match read {
            Ok(count) => count.min(CHUNK_BYTES),
            Err(error) => {
                self.buffer.truncate(held);
                return Err(self.broken(format!("the file cannot be read on: {error}")));
            }
        };
        self.buffer.truncate(held + count);
        self.ended = count == 0;
        Ok(count > 0)
    }

    fn forget_passed(&mut self) {
        if self.at >= CHUNK_BYTES {
            self.buffer.drain(..self.at);
            self.base += self.at as u64;
            self.at = 0;
        }
    }

    /// The next byte that is no white space, not consumed; `None` at the end.
    fn peek(&mut self) -> Result<Option<u8>, ReadError> {
        loop {
            while let Some(&byte) = self.buffer.get(self.at) {
                if !matches!(byte, b' ' | b'\t' | b'\n' | b'\r') {
                    return Ok(Some(byte));
                }
                self.at += 1;
            }
            self.forget_passed();
            if !self.fill()? {
                return Ok(None);
            }
        }
    }

    /// As `peek`, where the file may not end.
    fn must_peek(&mut self) -> Result<u8, ReadError> {
        self.peek()?.ok_or_else(|| self.cut_off())
    }

    fn broken(&self, problem: impl Into<String>) -> ReadError {
        ReadError::Framing {
            offset: self.base + self.at as u64,
            problem: problem.into(),
        }
    }

    fn cut_off(&self) -> ReadError {
        let start = self.base + self.at as u64;
        ReadError::Framing {
            offset: self.base + self.buffer.len() as u64,
            problem: format!(
                "the file ends in the middle of what begins at byte {start}: it was cut off; \
                 fetch it again"
            ),
        }
    }

    /// Consume one JSON value from `at` on; its bytes, or `None` when it is longer than `max`
    /// (then it is passed over without being held).
    fn value(&mut self, max: usize) -> Result<Option<Vec<u8>>, ReadError> {
        let mut scan = Scan::default();
        let mut looked = self.at;
        let mut passed = 0_usize;
        loop {
            match scan.run(&self.buffer[looked..]) {
                Some(used) => {
                    let end = looked + used;
                    let length = passed + (end - self.at);
                    let bytes = (length <= max).then(|| self.buffer[self.at..end].to_vec());
                    self.at = end;
                    self.forget_passed();
                    return Ok(bytes);
                }
                None => looked = self.buffer.len(),
            }
            if passed + (looked - self.at) > max {
                // Too long to hold: pass over what is here, go on scanning.
                passed += looked - self.at;
                self.at = looked;
                self.forget_passed();
                looked = self.at;
            }
            if !self.fill()? {
                if scan.may_end() {
                    let bytes = self.buffer[self.at..].to_vec();
                    self.at = self.buffer.len();
                    return Ok((passed == 0).then_some(bytes));
                }
                return Err(self.cut_off());
            }
        }
    }

    /// The first byte of the file tells what is refused with a sentence of its own.
    fn check_encoding(&mut self) -> Result<(), ReadError> {
        while self.buffer.len() < 4 && self.fill()? {}
        let refuse = |what: &str| {
            Err(self.broken(format!(
                "{what}: save the file as UTF-8 without a byte order mark"
            )))
        };
        match self.buffer.as_slice() {
            [0xef, 0xbb, 0xbf, ..] => refuse("the file begins with a byte order mark"),
            [0xfe, 0xff, ..] | [0xff, 0xfe, ..] | [0, _, ..] | [_, 0, ..] => {
                refuse("the file is UTF-16 or UTF-32")
            }
            _ => Ok(()),
        }
    }

    fn step(&mut self) -> Result<Option<RawEntry>, ReadError> {
        loop {
            match self.place {
                Place::Done => return Ok(None),
                Place::Top => {
                    if self.base == 0 && self.at == 0 {
                        self.check_encoding()?;
                    }
                    match self.peek()? {
                        None if self.began => self.place = Place::Done,
                        None => return Err(self.broken("the file is empty; fetch it again")),
                        Some(b'[') if self.count == 0 => {
                            self.began = true;
                            self.at += 1;
                            self.place = Place::Entries(false);
                        }
                        Some(b'{') => {
                            self.began = true;
                            if let Some(entry) = self.top_object()? {
                                return Ok(Some(entry));
                            }
                        }
                        Some(_) => {
                            return Err(self.broken(
                                "neither a STIX bundle, STIX objects nor a KEV catalogue begins here",
                            ));
                        }
                    }
                }
                Place::Entries(seen) => match self.peek()? {
                    None => return Err(self.cut_off()),
                    Some(b']') => {
                        self.at += 1;
                        self.place = if self.wrapped {
                            Place::Tail
                        } else {
                            Place::Top
                        };
                    }
                    Some(b',') if seen => {
                        self.at += 1;
                        if self.peek()? == Some(b']') {
                            return Err(self.broken("a comma stands before the end of the list"));
                        }
                        self.place = Place::Entries(false);
                    }
                    Some(_) if !seen => {
                        self.place = Place::Entries(true);
                        return self.entry().map(Some);
                    }
                    Some(_) => return Err(self.broken("a comma is missing between two objects")),
                },
                Place::Tail => self.tail()?,
            }
        }
    }

    /// An object at the top: a bundle or catalogue opens up, anything else is an entry itself.
    fn top_object(&mut self) -> Result<Option<RawEntry>, ReadError> {
        let start = self.at;
        self.at += 1;
        let outcome = self.find_list();
        match outcome? {
            true => {
                self.wrapped = true;
                self.place = Place::Entries(false);
                Ok(None)
            }
            false => {
                // `find_list` never lets go of bytes, so the object still begins at `start`.
                self.at = start;
                self.entry().map(Some)
            }
        }
    }

    /// Look through the members of the object just opened for the list of entries. `true`: `at`
    /// stands inside the list. `false`: there is none within the largest object allowed, or the
    /// object is of a type of its own, which makes the list one of its properties.
    fn find_list(&mut self) -> Result<bool, ReadError> {
        let opened = self.at;
        let mut is_wrapper = true;
        let mut is_advisory = false;
        loop {
            if self.hold_peek()? != Some(b'"') {
                return Ok(false);
            }
            let Some(key) = self.hold_value(opened)? else {
                return Ok(false);
            };
            if self.hold_peek()? != Some(b':') {
                return Ok(false);
            }
            self.at += 1;
            let is_list = self.hold_peek()? == Some(b'[');
            let key = text_of(&key);
            if matches!(&*key, "objects" | "vulnerabilities") {
                // `objects` of observed-data is an object, never a list.
                if !is_list || !is_wrapper {
                    return Ok(false);
                }
                self.is_kev = key == "vulnerabilities";
                if self.is_kev && is_advisory {
                    return Err(self.broken("a CSAF advisory, which is not read here"));
                }
                self.at += 1;
                return Ok(true);
            }
            let Some(value) = self.hold_value(opened)? else {
                return Ok(false);
            };
            match &*key {
                "type" => is_wrapper = text_of(&value) == "bundle",
                "document" => is_advisory = true,
                _ => {}
            }
            if self.hold_peek()? != Some(b',') {
                return Ok(false);
            }
            self.at += 1;
        }
    }

    /// As `peek`, but nothing passed is let go of.
    fn hold_peek(&mut self) -> Result<Option<u8>, ReadError> {
        loop {
            while let Some(&byte) = self.buffer.get(self.at) {
                if !matches!(byte, b' ' | b'\t' | b'\n' | b'\r') {
                    return Ok(Some(byte));
                }
                self.at += 1;
            }
            if self.at > self.limits.object_bytes_max + CHUNK_BYTES || !self.fill()? {
                return Ok(None);
            }
        }
    }

    /// As `value`, but nothing is let go of; `None` when the object around it gets too long.
    fn hold_value(&mut self, opened: usize) -> Result<Option<Vec<u8>>, ReadError> {
        let mut scan = Scan::default();
        let mut looked = self.at;
        loop {
            if let Some(used) = scan.run(&self.buffer[looked..]) {
                let end = looked + used;
                let bytes = self.buffer[self.at..end.min(self.at + HEADER_BYTES_MAX)].to_vec();
                self.at = end;
                return Ok(Some(bytes));
            }
            looked = self.buffer.len();
            if looked - opened > self.limits.object_bytes_max || !self.fill()? {
                return Ok(None);
            }
        }
    }

    fn entry(&mut self) -> Result<RawEntry, ReadError> {
        let index = self.count;
        self.count += 1;
        if self.count > self.limits.objects_max as u64 {
            return Err(self.broken(format!(
                "more than {} objects in one file",
                self.limits.objects_max
            )));
        }
        let bytes = self.value(self.limits.object_bytes_max)?;
        let byte_offset = self.base + self.at as u64;
        let form = if self.is_kev { Form::Kev } else { Form::Stix };
        match bytes {
            Some(bytes) => Ok(RawEntry {
                index,
                form,
                bytes,
                byte_offset,
            }),
            None => Err(ReadError::property(
                format!("object {index}"),
                "(object)",
                format_args!(
                    "is longer than the {} bytes allowed (limits.object_bytes)",
                    self.limits.object_bytes_max
                ),
                "node limits",
            )),
        }
    }

    /// Members behind the list: passed over; a second list would be a file that says two things.
    fn tail(&mut self) -> Result<(), ReadError> {
        match self.must_peek()? {
            b'}' => {
                self.at += 1;
                self.wrapped = false;
                self.place = Place::Top;
                Ok(())
            }
            b',' => {
                self.at += 1;
                if self.must_peek()? != b'"' {
                    return Err(self.broken("a property name is missing"));
                }
                let key = self.value(HEADER_BYTES_MAX)?;
                let key = key.as_deref().map(text_of);
                if matches!(key.as_deref(), Some("objects" | "vulnerabilities")) {
                    return Err(self.broken("the list of objects stands twice in the file"));
                }
                if self.must_peek()? != b':' {
                    return Err(self.broken("a colon is missing after a property name"));
                }
                self.at += 1;
                self.must_peek()?;
                self.value(self.limits.object_bytes_max).map(|_| ())
            }
            _ => Err(self.broken("a comma or brace is missing after the list of objects")),
        }
    }
}

impl<R: Read> Iterator for Splitter<R> {
    type Item = Result<RawEntry, ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        match self.step() {
            Ok(entry) => entry.map(Ok),
            Err(error @ ReadError::Framing { .. }) => {
                self.place = Place::Done;
                Some(Err(error))
            }
            // One entry was too long; it was passed over and the next one stands ready.
            Err(error) => Some(Err(error)),
        }
    }
}

/// The text of a JSON string, escapes undone, so that no spelling of a name slips through; empty
/// for whatever is no string.
fn text_of(bytes: &[u8]) -> String {
    match Value::parse(bytes, &Limits::DEFAULT) {
        Ok(Value::String(text)) => text.into(),
        _ => String::new(),
    }
}
