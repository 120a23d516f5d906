//! Collections in the formats of tools, beside TAXII: `GET /export/{collection}/{format}`.
//!
//! The same credentials, caps and collections as TAXII's; no page and no media type to be asked
//! for, since what tools poll with knows neither. A tag tells a tool that nothing has changed.

use noroshi_model::Digest;

use crate::answer::{Taxii, has_tag};
use crate::desk::Caller;
use crate::http::{Request, Response};
use crate::problem::Problem;
use crate::query::percent_decoded;

/// Where exports lie.
const ROOT: &str = "/export/";
const METHODS: &str = "GET, HEAD, OPTIONS";
/// Longest name of a collection or format that is looked up, in bytes.
const NAME_BYTES_MAX: usize = 250;

/// Collection and format that a path names, where it is one of an export.
pub(crate) fn named(path: &str) -> Option<Result<(String, String), Problem>> {
    let rest = path.strip_prefix(ROOT)?;
    let decoded = |text: &str| percent_decoded(text).filter(|text| !text.is_empty());
    let (collection, format) = rest.split_once('/').unwrap_or((rest, ""));
    let named = decoded(collection)
        .zip(decoded(format))
        .filter(|(collection, format)| collection.len().max(format.len()) <= NAME_BYTES_MAX);
    Some(named.ok_or_else(Problem::absent))
}

impl Taxii {
    /// An export for a caller who was let in.
    pub(crate) fn export(
        &self,
        caller: &Caller,
        request: &Request<'_>,
        (collection, format): &(String, String),
    ) -> Result<Response, Problem> {
        match request.method {
            "GET" | "HEAD" => {}
            "OPTIONS" => return Ok(Response::new(204, Vec::new()).with("allow", METHODS)),
            _ => return Err(Problem::method(METHODS.to_owned())),
        }
        let desk = self.desk();
        let collection = desk.collection(caller, collection)?;
        if !collection.can_read {
            return Err(Problem::absent());
        }
        let tag = |digest: &Digest| format!("W/\"{}\"", &digest.to_string()[..32]);
        let has = |digest: &Digest| has_tag(request, &tag(digest));
        let export = desk.export(caller, &collection, format, &has)?;
        let response = match export.body {
            Some(body) => Response::new(200, body).with("content-type", export.media),
            None => Response::new(304, Vec::new()),
        };
        Ok(response
            .with("cache-control", "private, no-cache")
            .with("etag", tag(&export.digest)))
    }
}
