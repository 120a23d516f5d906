//! What is asked of a server, and what comes back of it.

use core::fmt;

use noroshi_model::KeyId;

use super::target::Target;

/// A word that is never shown: a password or a token.
#[derive(Clone, PartialEq, Eq)]
pub struct Word(pub String);

impl fmt::Debug for Word {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(a secret)")
    }
}

/// What a client shows of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Credential {
    /// HTTP Basic.
    Basic {
        /// The user.
        user: String,
        /// The password.
        password: Word,
    },
    /// A bearer's token.
    Bearer(Word),
}

impl Credential {
    /// The value of the `Authorization` header.
    #[must_use]
    pub fn header(&self) -> String {
        match self {
            Self::Basic { user, password } => {
                let pair = format!("{user}:{}", password.0);
                format!("Basic {}", data_encoding::BASE64.encode(pair.as_bytes()))
            }
            Self::Bearer(token) => format!("Bearer {}", token.0),
        }
    }
}

/// Whom to believe that it is the server: authorities, keys, or both.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Trust {
    /// Certificates of authorities (PEM) in place of the system's.
    pub authorities: Option<String>,
    /// SHA-256 of public keys. With these alone no name and no date is looked at.
    pub pins: Vec<KeyId>,
}

/// How it is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// Read.
    Get,
    /// Add.
    Post,
    /// Withdraw.
    Delete,
}

/// One call to a server.
#[derive(Clone, Debug)]
pub struct Call<'a> {
    /// How.
    pub method: Method,
    /// Where.
    pub target: &'a Target,
    /// Whom to believe.
    pub trust: &'a Trust,
    /// What to show; only ever to that host.
    pub credential: Option<&'a Credential>,
    /// What is taken as an answer.
    pub accept: &'a str,
    /// What is posted: its media type and bytes.
    pub body: Option<(&'a str, &'a [u8])>,
    /// `If-None-Match`.
    pub etag: Option<&'a str>,
    /// `If-Modified-Since`.
    pub modified: Option<&'a str>,
    /// Most bytes of the answer's body, as sent and once unpacked.
    pub bytes_max: u64,
}

/// The head of an answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reply {
    /// HTTP status.
    pub status: u16,
    /// Headers, by name in lower case; values that are no visible text are left out.
    pub headers: Vec<(String, String)>,
}

impl Reply {
    /// The value of a header, by its name in lower case; the first, where it is given twice.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }
}

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CallFault {
    /// No connection stands.
    #[error("no connection: {0}")]
    Connect(String),
    /// In the clear, and the name leads to another machine.
    #[error("plain HTTP is for this machine only")]
    Plain,
    /// Another certificate or key than is believed, or no TLS at all.
    #[error("the TLS handshake failed: {0}")]
    Tls(String),
    /// It took too long.
    #[error("no answer in time")]
    Slow,
    /// More than is taken.
    #[error("the answer is larger than is taken, as sent or once unpacked")]
    TooLarge,
    /// It broke off, or its compression is damaged or not known.
    #[error("the answer is damaged or broke off: {0}")]
    Damaged(String),
    /// What came could not be kept here.
    #[error("what came cannot be kept here: {0}")]
    Here(String),
}
