//! The envelope around a page of objects (TAXII 2.1, 3.7), without reading the objects: they are
//! taken apart where everything that comes in is.

use super::NEXT_BYTES_MAX;

/// Deepest nesting that is walked through.
const DEPTH_MAX: u32 = 200;

/// What an envelope says beside its objects.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Envelope {
    /// Is there more?
    pub more: bool,
    /// Where it goes on.
    pub next: Option<String>,
    /// How many objects it has, whatever they are.
    pub objects: u64,
}

/// Why bytes are no envelope.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EnvelopeFault {
    /// Not one JSON object, or broken in its structure.
    #[error("it is no JSON object, or breaks off")]
    Form,
    /// The same property twice.
    #[error("it says the same thing twice")]
    Twice,
    /// `more`, `next` or `objects` is of another kind than it should be.
    #[error("`more`, `next` or `objects` is of the wrong kind")]
    Kind,
    /// `next` is longer than is kept.
    #[error("`next` is longer than 4096 bytes")]
    Next,
    /// Deeper than is walked through.
    #[error("it is nested deeper than 200")]
    Depth,
}

impl Envelope {
    /// Read what stands around the objects. An object is walked over: what is wrong inside it is
    /// found when it is taken in, and told by its name.
    ///
    /// # Errors
    /// See [`EnvelopeFault`].
    pub fn read(bytes: &[u8]) -> Result<Self, EnvelopeFault> {
        let mut walk = Walk {
            bytes: bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes),
            at: 0,
        };
        let mut envelope = Self::default();
        let mut seen = [false; 3];
        walk.expect(b'{')?;
        if walk.peek() == Some(b'}') {
            walk.at += 1;
            return walk.end().map(|()| envelope);
        }
        loop {
            let name = walk.text()?;
            walk.expect(b':')?;
            let known = match name {
                b"more" => Some(0),
                b"next" => Some(1),
                b"objects" => Some(2),
                _ => None,
            };
            if let Some(at) = known {
                if seen[at] {
                    return Err(EnvelopeFault::Twice);
                }
                seen[at] = true;
            }
            match name {
                b"more" => envelope.more = flag(walk.value()?)?,
                b"next" => envelope.next = next(walk.value()?)?,
                b"objects" => envelope.objects = walk.list()?,
                _ => {
                    walk.value()?;
                }
            }
            match walk.peek() {
                Some(b',') => walk.at += 1,
                Some(b'}') => {
                    walk.at += 1;
                    return walk.end().map(|()| envelope);
                }
                _ => return Err(EnvelopeFault::Form),
            }
        }
    }
}

fn flag(value: &[u8]) -> Result<bool, EnvelopeFault> {
    match value {
        b"true" => Ok(true),
        b"false" | b"null" => Ok(false),
        _ => Err(EnvelopeFault::Kind),
    }
}

/// An opaque text; some servers write a number.
fn next(value: &[u8]) -> Result<Option<String>, EnvelopeFault> {
    if value.len() > NEXT_BYTES_MAX {
        return Err(EnvelopeFault::Next);
    }
    let read: serde_json::Value = serde_json::from_slice(value).map_err(|_| EnvelopeFault::Kind)?;
    match read {
        serde_json::Value::Null => Ok(None),
        serde_json::Value::String(text) if text.is_empty() => Ok(None),
        serde_json::Value::String(text) => Ok(Some(text)),
        serde_json::Value::Number(number) => Ok(Some(number.to_string())),
        _ => Err(EnvelopeFault::Kind),
    }
}

/// Walks over JSON without reading it.
struct Walk<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Walk<'a> {
    fn peek(&mut self) -> Option<u8> {
        while self
            .bytes
            .get(self.at)
            .is_some_and(|c| c.is_ascii_whitespace())
        {
            self.at += 1;
        }
        self.bytes.get(self.at).copied()
    }

    fn expect(&mut self, byte: u8) -> Result<(), EnvelopeFault> {
        if self.peek() == Some(byte) {
            self.at += 1;
            Ok(())
        } else {
            Err(EnvelopeFault::Form)
        }
    }

    fn end(&mut self) -> Result<(), EnvelopeFault> {
        match self.peek() {
            None => Ok(()),
            Some(_) => Err(EnvelopeFault::Form),
        }
    }

    /// A string; what stands between its quotes, as it is written.
    fn text(&mut self) -> Result<&'a [u8], EnvelopeFault> {
        self.expect(b'"')?;
        let from = self.at;
        loop {
            match self.bytes.get(self.at) {
                None => return Err(EnvelopeFault::Form),
                Some(b'\\') => self.at += 2,
                Some(b'"') => {
                    self.at += 1;
                    return Ok(&self.bytes[from..self.at - 1]);
                }
                Some(_) => self.at += 1,
            }
        }
    }

    /// One value of any kind, as it is written.
    fn value(&mut self) -> Result<&'a [u8], EnvelopeFault> {
        let first = self.peek().ok_or(EnvelopeFault::Form)?;
        let from = self.at;
        match first {
            b'"' => {
                self.text()?;
            }
            b'{' | b'[' => self.nested()?,
            _ => {
                let is_part = |c: &u8| c.is_ascii_alphanumeric() || matches!(c, b'-' | b'+' | b'.');
                while self.bytes.get(self.at).is_some_and(is_part) {
                    self.at += 1;
                }
                if self.at == from {
                    return Err(EnvelopeFault::Form);
                }
            }
        }
        Ok(&self.bytes[from..self.at])
    }

    /// An object or list, over everything in it. That its brackets fit is seen by their stack.
    fn nested(&mut self) -> Result<(), EnvelopeFault> {
        let mut open: Vec<u8> = Vec::new();
        loop {
            match self.bytes.get(self.at).copied() {
                None => return Err(EnvelopeFault::Form),
                Some(b'"') => {
                    self.text()?;
                    continue;
                }
                Some(byte @ (b'{' | b'[')) => {
                    open.push(byte);
                    if open.len() > DEPTH_MAX as usize {
                        return Err(EnvelopeFault::Depth);
                    }
                }
                Some(byte @ (b'}' | b']')) => {
                    let fits = if byte == b'}' { b'{' } else { b'[' };
                    if open.pop() != Some(fits) {
                        return Err(EnvelopeFault::Form);
                    }
                    if open.is_empty() {
                        self.at += 1;
                        return Ok(());
                    }
                }
                Some(_) => {}
            }
            self.at += 1;
        }
    }

    /// A list; how many values it has. `null` is an empty one.
    fn list(&mut self) -> Result<u64, EnvelopeFault> {
        if self.peek() != Some(b'[') {
            return match self.value()? {
                b"null" => Ok(0),
                _ => Err(EnvelopeFault::Kind),
            };
        }
        self.at += 1;
        if self.peek() == Some(b']') {
            self.at += 1;
            return Ok(0);
        }
        let mut count = 0;
        loop {
            self.value()?;
            count += 1;
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b']') => {
                    self.at += 1;
                    return Ok(count);
                }
                _ => return Err(EnvelopeFault::Form),
            }
        }
    }
}
