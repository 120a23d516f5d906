//! What is answered when something cannot be done (TAXII 2.1, 3.6): one table.
//!
//! The texts say what to do. None tells what the caller may not see: what is absent and what is
//! hidden has one text.

use serde_json::json;

use crate::desk::{Barred, Fault};
use crate::http::{BodyFault, Response};
use crate::media::{TAXII, Unacceptable};
use crate::query::QueryError;

/// An answer that is no success.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    status: u16,
    code: &'static str,
    title: &'static str,
    description: String,
    headers: Vec<(&'static str, String)>,
}

/// Seconds after which a client may come back when the node is busy.
const RETRY_SECONDS: u32 = 5;

impl Problem {
    fn new(
        (status, code, title): (u16, &'static str, &'static str),
        description: impl Into<String>,
    ) -> Self {
        Self {
            status,
            code,
            title,
            description: description.into(),
            headers: Vec::new(),
        }
    }

    fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// There is no such thing for this caller.
    #[must_use]
    pub fn absent() -> Self {
        Self::new(
            (404, "absent", "Not found"),
            "There is nothing of that name here for this credential: look at /taxii2/ and go on \
             from there.",
        )
    }

    pub(crate) fn method(allow: String) -> Self {
        let text = format!("This resource knows {allow}.");
        Self::new((405, "method", "Method not allowed"), text).with("allow", allow)
    }

    pub(crate) fn forbidden(text: impl Into<String>) -> Self {
        Self::new((403, "forbidden", "Forbidden"), text)
    }

    pub(crate) fn not_acceptable(why: Unacceptable) -> Self {
        let text = match why {
            Unacceptable::Older => format!(
                "This server speaks TAXII 2.1 and carries STIX 2.1. Set the client to TAXII 2.1 \
                 (in Python: taxii2client.v21), which sends Accept: {TAXII}."
            ),
            Unacceptable::Other => format!("Send Accept: {TAXII}."),
        };
        Self::new((406, "not-acceptable", "Not acceptable"), text)
    }

    pub(crate) fn media_type(why: Unacceptable) -> Self {
        let text = match why {
            Unacceptable::Older => format!(
                "This server speaks TAXII 2.1. Set the client to TAXII 2.1 and post an envelope as \
                 Content-Type: {TAXII}; STIX 2.0 objects in it are brought up to 2.1."
            ),
            Unacceptable::Other => format!("Post an envelope as Content-Type: {TAXII}."),
        };
        Self::new((415, "media-type", "Unsupported media type"), text)
    }

    pub(crate) fn next() -> Self {
        Self::new(
            (400, "next", "Bad request"),
            "This `next` belongs to another listing: give it with the collection and the filters \
             it came with, or begin without it.",
        )
    }

    pub(crate) fn too_large(bytes_max: u64) -> Self {
        let text = format!(
            "A body may have {bytes_max} bytes, also once decompressed: post in several parts."
        );
        Self::new((413, "too-large", "Content too large"), text)
    }

    pub(crate) fn body(fault: BodyFault, bytes_max: u64) -> Self {
        match fault {
            BodyFault::TooLarge => Self::too_large(bytes_max),
            BodyFault::Slow => Self::new(
                (408, "slow", "Request timeout"),
                "The body came too slowly: post in smaller parts.",
            ),
            BodyFault::Broken => Self::new(
                (400, "broken", "Bad request"),
                "The body ended early or its chunks or compression are damaged: post it again.",
            ),
            BodyFault::Encoding => Self::new(
                (415, "encoding", "Unsupported media type"),
                "Post the body as it is, or compressed with gzip or br.",
            )
            .with("accept-encoding", "gzip, br"),
        }
    }

    pub(crate) fn barred(barred: Barred) -> Self {
        match barred {
            Barred::Unknown => Self::new(
                (401, "unauthorised", "Unauthorized"),
                "Send a credential that is valid here: a token (Authorization: Bearer), a user \
                 with a password (Authorization: Basic), or a client certificate.",
            )
            .with(
                "www-authenticate",
                "Basic realm=\"TAXII\", charset=\"UTF-8\", Bearer realm=\"TAXII\"",
            ),
            Barred::Later(seconds) => Self::new(
                (429, "too-many", "Too many requests"),
                format!("Try again in {seconds} seconds."),
            )
            .with("retry-after", seconds.to_string()),
        }
    }

    /// A fault of the desk, while something was posted or not.
    pub(crate) fn fault(fault: Fault) -> Self {
        let text = fault.to_string();
        match fault {
            Fault::Absent => Self::absent(),
            Fault::Forbidden(text) => Self::forbidden(text),
            Fault::Unusable(text) => Self::new((422, "unusable", "Unprocessable content"), text),
            Fault::TooLarge(bytes_max) => Self::too_large(bytes_max),
            Fault::Unavailable => Self::new((503, "unavailable", "Service unavailable"), text)
                .with("retry-after", RETRY_SECONDS.to_string()),
        }
    }

    /// The node cannot take another request at the moment.
    #[must_use]
    pub fn busy() -> Self {
        Self::fault(Fault::Unavailable)
    }

    /// Something that nobody expected; what it was is for the node's own log.
    #[must_use]
    pub fn internal() -> Self {
        Self::new(
            (500, "internal", "Internal server error"),
            "The node could not answer: try again, and tell whoever runs it if it stays so.",
        )
    }

    /// As it is sent.
    #[must_use]
    pub fn response(self) -> Response {
        let body = json!({
            "title": self.title,
            "description": self.description,
            "error_code": self.code,
            "http_status": self.status.to_string(),
        });
        let mut response = Response::new(self.status, body.to_string().into_bytes())
            .with("content-type", TAXII)
            .with("cache-control", "no-store");
        response.headers.extend(self.headers);
        response
    }
}

impl From<QueryError> for Problem {
    fn from(error: QueryError) -> Self {
        let text = format!("The query cannot be used: {error}.");
        Self::new((400, "query", "Bad request"), text)
    }
}

impl From<Fault> for Problem {
    fn from(fault: Fault) -> Self {
        Self::fault(fault)
    }
}
