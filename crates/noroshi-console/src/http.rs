//! Requests and responses as the console knows them.

use std::io::Read;
use std::net::IpAddr;

/// A request, its body not read yet.
pub struct Request<'a> {
    /// Such as `GET`.
    pub method: &'a str,
    /// Without the query.
    pub path: &'a str,
    /// What stands behind the `?`.
    pub query: &'a str,
    /// Who called.
    pub from: IpAddr,
    /// The value of a header by its name in lower case.
    pub header: &'a dyn Fn(&str) -> Option<String>,
    /// The body.
    pub body: &'a mut dyn Read,
}

/// A response.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Response {
    /// HTTP status.
    pub status: u16,
    /// Headers, their names in lower case.
    pub headers: Vec<(&'static str, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl Response {
    pub(crate) fn html(status: u16, body: String) -> Self {
        Self {
            status,
            headers: vec![("content-type", "text/html; charset=utf-8".to_owned())],
            body: body.into_bytes(),
        }
    }

    /// Go and look there.
    pub(crate) fn see(path: impl Into<String>) -> Self {
        Self {
            status: 303,
            headers: vec![("location", path.into())],
            body: Vec::new(),
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

/// An answer with nothing but its status, for when nothing more can be said: 500, or 503 to be
/// tried again.
#[must_use]
pub fn plain(status: u16) -> Response {
    let response = Response {
        status,
        ..Response::default()
    };
    if status == 503 {
        response.with("retry-after", "5")
    } else {
        response
    }
}
