//! What of HTTP the protocol sees: the parts of a request that matter, and a response.

use std::io::{Error, Read};

/// A request without its body. Every text as it came, nothing decoded.
#[derive(Clone, Copy, Debug, Default)]
pub struct Request<'a> {
    /// Such as `GET`.
    pub method: &'a str,
    /// Without the query.
    pub path: &'a str,
    /// What stands behind the `?`; empty where there is none.
    pub query: &'a str,
    /// Every `Accept` header, joined with commas.
    pub accept: Option<&'a str>,
    /// `Content-Type`.
    pub content_type: Option<&'a str>,
    /// `Authorization`.
    pub authorization: Option<&'a str>,
    /// Every `If-None-Match` header, joined with commas.
    pub if_none_match: Option<&'a str>,
    /// `Content-Length`, where there is one.
    pub content_length: Option<u64>,
    /// The SHA-256 of the public key of the client's certificate, where it showed one.
    pub certificate: Option<&'a [u8; 32]>,
}

/// A response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    /// HTTP status.
    pub status: u16,
    /// Headers, each name once, in lower case.
    pub headers: Vec<(&'static str, String)>,
    /// The body; empty for HEAD.
    pub body: Vec<u8>,
    /// How long the body is, or would be without HEAD.
    pub length: u64,
}

impl Response {
    pub(crate) fn new(status: u16, body: Vec<u8>) -> Self {
        Self {
            status,
            headers: Vec::new(),
            length: body.len() as u64,
            body,
        }
    }

    pub(crate) fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// The value of a header, by its name in lower case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(known, _)| *known == name);
        found.map(|(_, value)| value.as_str())
    }
}

/// Why a body could not be read to its end. Whoever reads from the socket puts it into the
/// [`Error`] that its `Read` returns.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BodyFault {
    /// More bytes than announced as the cap, as sent or once decompressed.
    #[error("the body is larger than this server takes")]
    TooLarge,
    /// It came too slowly.
    #[error("the body came too slowly")]
    Slow,
    /// It ended before its end, or its chunks or its compression are damaged.
    #[error("the body is damaged or ended early")]
    Broken,
    /// Compressed in a way that is not known here.
    #[error("the body is compressed in a way that is not known here")]
    Encoding,
}

impl From<BodyFault> for Error {
    fn from(fault: BodyFault) -> Self {
        Self::other(fault)
    }
}

/// A body with its cap, which remembers what went wrong, whoever reads it.
pub(crate) struct Body<'a> {
    inner: &'a mut dyn Read,
    left: u64,
    pub(crate) fault: Option<BodyFault>,
}

impl<'a> Body<'a> {
    pub(crate) fn new(inner: &'a mut dyn Read, bytes_max: u64) -> Self {
        Self {
            inner,
            left: bytes_max,
            fault: None,
        }
    }
}

impl Read for Body<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        if let Some(fault) = self.fault {
            return Err(fault.into());
        }
        let read = match self.inner.read(buffer) {
            Ok(read) => read,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => return Err(error),
            Err(error) => {
                let known = error.get_ref().and_then(|inner| inner.downcast_ref());
                self.fault = Some(known.copied().unwrap_or(BodyFault::Broken));
                return Err(error);
            }
        };
        match self.left.checked_sub(read as u64) {
            Some(left) => self.left = left,
            None => {
                self.fault = Some(BodyFault::TooLarge);
                return Err(BodyFault::TooLarge.into());
            }
        }
        Ok(read)
    }
}
