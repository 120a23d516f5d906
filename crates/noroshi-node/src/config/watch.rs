//! `[[watch]]`: the sources of telemetry that the running node watches.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use serde::Deserialize;

/// Most sources of one node.
const WATCHES_MAX: usize = 64;

/// One source of telemetry.
#[derive(Clone, Debug, PartialEq)]
pub struct Watch {
    /// What people call it.
    pub name: String,
    /// Where it comes from.
    pub from: WatchFrom,
    /// `auto`, or the name of a format.
    pub format: String,
}

/// Where telemetry comes from.
#[derive(Clone, Debug, PartialEq)]
pub enum WatchFrom {
    /// A file, which may grow and be rotated, or the files of a folder.
    Path(PathBuf),
    /// Syslog, one message a datagram.
    Udp(SocketAddr),
    /// Syslog over TCP (RFC 6587), or TLS (RFC 5425) with certificates and key in these files.
    Tcp(SocketAddr, Option<(PathBuf, PathBuf)>),
    /// Lines posted over HTTP by who knows the token in this file; certificates and key.
    Http(SocketAddr, PathBuf, Option<(PathBuf, PathBuf)>),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WatchSection {
    name: String,
    from: String,
    format: Option<String>,
    certificate: Option<PathBuf>,
    key: Option<PathBuf>,
    token_file: Option<PathBuf>,
}

/// Every source, checked.
pub(super) fn checked(sections: Vec<WatchSection>, home: &Path) -> Result<Vec<Watch>, String> {
    if sections.len() > WATCHES_MAX {
        return Err(format!("more than {WATCHES_MAX} `[[watch]]`"));
    }
    let mut watches: Vec<Watch> = Vec::with_capacity(sections.len());
    for section in sections {
        let watch = section.checked(home)?;
        if watches.iter().any(|known| known.name == watch.name) {
            return Err(format!("two `[[watch]]` have the name `{}`", watch.name));
        }
        watches.push(watch);
    }
    Ok(watches)
}

impl WatchSection {
    fn checked(self, home: &Path) -> Result<Watch, String> {
        let name = self.name.clone();
        let is_fit = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        if !(1..=32).contains(&name.len()) || !name.bytes().all(is_fit) {
            return Err(format!(
                "`watch.name` is `{name}`; write 1 to 32 of a-z, 0-9 and -"
            ));
        }
        let from = self
            .from(home)
            .map_err(|problem| format!("watch `{name}`: {problem}"))?;
        Ok(Watch {
            name,
            from,
            format: self.format.unwrap_or_else(|| "auto".to_owned()),
        })
    }

    fn from(&self, home: &Path) -> Result<WatchFrom, String> {
        let tls = match (&self.certificate, &self.key) {
            (Some(certificate), Some(key)) => Some((home.join(certificate), home.join(key))),
            (None, None) => None,
            _ => return Err("name both `certificate` and `key`, or neither".into()),
        };
        let token = self.token_file.as_ref().map(|token| home.join(token));
        let (scheme, rest) = self.from.split_once(':').unwrap_or(("", &self.from));
        let address = || {
            rest.parse::<SocketAddr>().map_err(|_| {
                format!(
                    "`from` is `{}`; write {scheme}: and IP address:port",
                    self.from
                )
            })
        };
        let from = match (scheme, tls, token) {
            ("udp", None, None) => WatchFrom::Udp(address()?),
            ("tcp", None, None) => WatchFrom::Tcp(address()?, None),
            ("tls", Some(tls), None) => WatchFrom::Tcp(address()?, Some(tls)),
            ("tls", None, _) => return Err("name `certificate` and `key` for tls".into()),
            ("http", None, Some(token)) if address()?.ip().is_loopback() => {
                WatchFrom::Http(address()?, token, None)
            }
            ("http", None, Some(_)) => {
                return Err("without TLS only 127.0.0.1 is served: write https".into());
            }
            ("https", Some(tls), Some(token)) => WatchFrom::Http(address()?, token, Some(tls)),
            ("http" | "https", _, None) => return Err("name `token_file`".into()),
            ("https", None, _) => return Err("name `certificate` and `key` for https".into()),
            _ if self.from.starts_with('/') && self.certificate.is_none() => {
                if self.token_file.is_some() {
                    return Err("a file needs no `token_file`".into());
                }
                WatchFrom::Path(PathBuf::from(&self.from))
            }
            _ => {
                return Err(format!(
                    "`from` is `{}`; write an absolute path, or udp:, tcp:, tls:, http: or https: \
                     with address:port and only what belongs to it",
                    self.from
                ));
            }
        };
        Ok(from)
    }
}
