//! Addresses of others' servers, as an officer writes them.

use core::fmt;
use core::str::FromStr;

/// Longest address, in bytes.
const TARGET_BYTES_MAX: usize = 2048;

/// Why a text is no address that is called.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TargetFault {
    /// Neither `https://` nor `http://`.
    #[error("an address begins with https://")]
    Scheme,
    /// No such host name or number.
    #[error("the host is a name of letters, digits, `-` and `.`, or a number address")]
    Host,
    /// No such port.
    #[error("the port is a number from 1 to 65535")]
    Port,
    /// A user name in it would be sent and shown where nobody looks for a secret.
    #[error("an address names no user: say --user, and the secret by file")]
    User,
    /// Other than visible ASCII, or a fragment, or too long.
    #[error("an address is at most 2048 visible ASCII characters, without `#`")]
    Text,
    /// In the clear to another machine.
    #[error("http:// is for this machine only: write https://")]
    Plain,
    /// It leads to another host, port or scheme than the one that was named.
    #[error("it leads to another host: {0}")]
    Elsewhere(String),
}

/// One address: scheme, host, port, path and query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    is_tls: bool,
    host: String,
    port: u16,
    /// Begins with `/`.
    path: String,
}

impl FromStr for Target {
    type Err = TargetFault;

    fn from_str(text: &str) -> Result<Self, TargetFault> {
        let is_plain_text = text.bytes().all(|c| c.is_ascii_graphic() && c != b'#');
        if !is_plain_text || text.len() > TARGET_BYTES_MAX {
            return Err(TargetFault::Text);
        }
        let (scheme, rest) = text.split_once("://").ok_or(TargetFault::Scheme)?;
        let is_tls = match &*scheme.to_ascii_lowercase() {
            "https" => true,
            "http" => false,
            _ => return Err(TargetFault::Scheme),
        };
        let end = rest.find(['/', '?']).unwrap_or(rest.len());
        let (authority, path) = rest.split_at(end);
        if authority.contains('@') {
            return Err(TargetFault::User);
        }
        let (host, port) = split_port(authority)?;
        let port = match port {
            None => {
                if is_tls {
                    443
                } else {
                    80
                }
            }
            Some(port) => number(port).ok_or(TargetFault::Port)?,
        };
        let host = host_of(host).ok_or(TargetFault::Host)?;
        let target = Self {
            is_tls,
            host,
            port,
            path: match path {
                "" => "/".to_owned(),
                path if path.starts_with('?') => format!("/{path}"),
                path => path.to_owned(),
            },
        };
        if !is_tls && !target.names_this_machine() {
            return Err(TargetFault::Plain);
        }
        Ok(target)
    }
}

impl Target {
    /// Through TLS?
    #[must_use]
    pub fn is_tls(&self) -> bool {
        self.is_tls
    }

    /// The host, without the brackets of a number address.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The port.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Path and query, as they go into the request line.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// What goes into the `Host` header.
    #[must_use]
    pub fn authority(&self) -> String {
        let host = if self.host.contains(':') {
            format!("[{}]", self.host)
        } else {
            self.host.clone()
        };
        let usual = if self.is_tls { 443 } else { 80 };
        if self.port == usual {
            host
        } else {
            format!("{host}:{}", self.port)
        }
    }

    /// What this address's own server means by a reference: an address of the same server, or a
    /// path on it.
    ///
    /// # Errors
    /// It leads elsewhere, or is no address. Whoever holds a credential for one host must not be
    /// led to show it to another.
    pub fn on_it(&self, reference: &str) -> Result<Self, TargetFault> {
        if reference.contains("://") {
            let other: Self = reference
                .parse()
                .map_err(|_| TargetFault::Elsewhere(shortened(reference)))?;
            let same =
                (other.is_tls, &other.host, other.port) == (self.is_tls, &self.host, self.port);
            return if same {
                Ok(other)
            } else {
                Err(TargetFault::Elsewhere(shortened(reference)))
            };
        }
        let is_path = reference.starts_with('/') && !reference.starts_with("//");
        let is_plain = reference.bytes().all(|c| c.is_ascii_graphic() && c != b'#');
        if !is_path || !is_plain || reference.len() > TARGET_BYTES_MAX {
            return Err(TargetFault::Elsewhere(shortened(reference)));
        }
        Ok(Self {
            path: reference.to_owned(),
            ..self.clone()
        })
    }

    /// The same with a slash at the end of its path, as every address in TAXII has one.
    #[must_use]
    pub fn folder(&self) -> Self {
        Self {
            path: self.below("").path,
            ..self.clone()
        }
    }

    /// Something below this address: a path without its first `/`, whose parts need no escape.
    #[must_use]
    pub fn below(&self, path: &str) -> Self {
        let own = self.path.split('?').next().unwrap_or("/");
        let own = own.strip_suffix('/').unwrap_or(own);
        Self {
            path: format!("{own}/{path}"),
            ..self.clone()
        }
    }

    /// The same with a query.
    #[must_use]
    pub fn with_query(&self, pairs: &[(&str, &str)]) -> Self {
        let own = self.path.split('?').next().unwrap_or("/");
        let query: Vec<String> = pairs
            .iter()
            .map(|(name, value)| format!("{name}={}", escaped(value)))
            .collect();
        Self {
            path: format!("{own}?{}", query.join("&")),
            ..self.clone()
        }
    }

    fn names_this_machine(&self) -> bool {
        let number: Result<core::net::IpAddr, _> = self.host.parse();
        self.host == "localhost" || number.is_ok_and(|address| address.is_loopback())
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.is_tls { "https" } else { "http" };
        write!(f, "{scheme}://{}{}", self.authority(), self.path)
    }
}

fn split_port(authority: &str) -> Result<(&str, Option<&str>), TargetFault> {
    if let Some(rest) = authority.strip_prefix('[') {
        let (host, after) = rest.split_once(']').ok_or(TargetFault::Host)?;
        if host.parse::<core::net::Ipv6Addr>().is_err() {
            return Err(TargetFault::Host);
        }
        return match after.strip_prefix(':') {
            None if after.is_empty() => Ok((host, None)),
            None => Err(TargetFault::Host),
            port => Ok((host, port)),
        };
    }
    Ok(match authority.split_once(':') {
        None => (authority, None),
        Some((host, port)) => (host, Some(port)),
    })
}

fn number(port: &str) -> Option<u16> {
    let digits = port.bytes().all(|c| c.is_ascii_digit());
    let number: u16 = port.parse().ok().filter(|_| digits)?;
    (number > 0).then_some(number)
}

fn host_of(host: &str) -> Option<String> {
    if host.parse::<core::net::IpAddr>().is_ok() {
        return Some(host.to_ascii_lowercase());
    }
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && label
                .bytes()
                .all(|c| c.is_ascii_alphanumeric() || c == b'-' || c == b'_')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    let is_name = host.len() <= 253 && host.split('.').all(is_label);
    is_name.then(|| host.to_ascii_lowercase())
}

/// Everything that is not surely harmless, percent-encoded.
fn escaped(value: &str) -> String {
    let mut out = String::with_capacity(value.len());
    for byte in value.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

fn shortened(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(100).collect()
}
