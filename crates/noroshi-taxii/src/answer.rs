//! A request in, a response out.
//!
//! The order of what is checked: who it is (401, 429), whether there is such a path (404), its
//! methods (405), the media type that is wanted (406), the collection (404, 403), the query (400),
//! the body's type and size (415, 413), and only then a body is read.

use std::io::Read;
use std::sync::Arc;

use noroshi_model::{Digest, StixId, Timestamp};
use serde_json::Value;

use crate::credential;
use crate::cursor::{CursorKey, Place};
use crate::desk::{Caller, Collection, Desk, Query, Version};
use crate::export;
use crate::http::{Body, Request, Response};
use crate::media::{self, TAXII};
use crate::openapi;
use crate::page::{Kind, Page};
use crate::problem::Problem;
use crate::query::{Asked, Unknown};
use crate::resources::{self, six_digits};
use crate::routes::{self, Endpoint, Route};

/// What the server says of itself, and its caps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct About {
    /// Its name.
    pub title: String,
    /// In words.
    pub description: Option<String>,
    /// Whom to ask.
    pub contact: Option<String>,
    /// `https://host:port` under which clients know it; without it the root's URL is relative.
    pub origin: Option<String>,
    /// Largest body that is taken, in bytes, also once decompressed.
    pub body_bytes_max: u64,
    /// Most entries on a page, whatever is asked for.
    pub page_max: u32,
    /// Entries on a page where no limit is given.
    pub page_default: u32,
    /// A page ends with the entry with which it reaches so many bytes.
    pub page_bytes_max: usize,
}

impl About {
    /// With the usual caps: bodies of 100 MiB; pages of 10,000, usually 1,000, and 16 MiB.
    #[must_use]
    pub fn new(title: impl Into<String>) -> Self {
        Self {
            title: title.into(),
            description: None,
            contact: None,
            origin: None,
            body_bytes_max: 100 * 1024 * 1024,
            page_max: 10_000,
            page_default: 1_000,
            page_bytes_max: 16 * 1024 * 1024,
        }
    }
}

/// The server's side of the protocol.
#[derive(Clone)]
pub struct Taxii {
    desk: Arc<dyn Desk>,
    about: About,
    cursors: CursorKey,
}

impl Taxii {
    /// Over what stands behind it.
    #[must_use]
    pub fn new(desk: Arc<dyn Desk>, about: About, cursors: CursorKey) -> Self {
        Self {
            desk,
            about,
            cursors,
        }
    }

    pub(crate) fn desk(&self) -> &dyn Desk {
        &*self.desk
    }

    /// What it says of itself.
    #[must_use]
    pub fn about(&self) -> &About {
        &self.about
    }

    /// Answer. Blocks; `body` is read only when everything else was found in order, and what its
    /// errors carry of [`crate::BodyFault`] is told to the client.
    #[must_use]
    pub fn answer(&self, request: &Request<'_>, body: &mut dyn Read) -> Response {
        let answered = self.try_answer(request, body);
        let response = answered.unwrap_or_else(Problem::response);
        finish(request, response)
    }

    fn try_answer(&self, request: &Request<'_>, body: &mut dyn Read) -> Result<Response, Problem> {
        let credential = credential::shown(request);
        let caller = self.desk.caller(credential.lend());
        let caller = caller.map_err(Problem::barred)?;
        if let Some(named) = export::named(request.path) {
            return self.export(&caller, request, &named?);
        }
        let found = routes::find(request.path).ok_or_else(Problem::absent)?;
        let method = match request.method {
            "HEAD" => "GET",
            "OPTIONS" => return Ok(Response::new(204, Vec::new()).with("allow", found.allow())),
            method => method,
        };
        let route = found.route(method);
        let route = route.ok_or_else(|| Problem::method(found.allow()))?;
        media::accepts(request.accept).map_err(Problem::not_acceptable)?;
        let call = Call {
            taxii: self,
            caller,
            request,
            route,
            names: &found.names,
        };
        call.answer(body)
    }
}

/// A request that was let in.
struct Call<'a> {
    taxii: &'a Taxii,
    caller: Caller,
    request: &'a Request<'a>,
    route: &'static Route,
    names: &'a [String],
}

/// What a caller wants of a collection.
#[derive(Clone, Copy)]
enum Wants {
    Sight,
    Reading,
    Writing,
    Both,
}

impl Call<'_> {
    fn answer(&self, body: &mut dyn Read) -> Result<Response, Problem> {
        let desk = &self.taxii.desk;
        let about = &self.taxii.about;
        match self.route.endpoint {
            Endpoint::Discovery => Ok(self.resource(&resources::discovery(about))),
            Endpoint::OpenApi => {
                let body = openapi::description(about).to_string().into_bytes();
                Ok(tagged(self.request, fresh(200, "application/json", body)))
            }
            Endpoint::ApiRoot => Ok(self.resource(&resources::api_root(about))),
            Endpoint::Status => {
                let id = self.names[0].to_ascii_lowercase();
                if !is_uuid(&id) {
                    return Err(Problem::absent());
                }
                let status = resources::status(&desk.status(&self.caller, &id)?);
                Ok(fresh(200, TAXII, status.to_string().into_bytes()))
            }
            Endpoint::Collections => {
                let mut list = desk.collections(&self.caller)?;
                list.retain(|collection| collection.can_read || collection.can_write);
                Ok(self.resource(&resources::collections(&list)))
            }
            Endpoint::Collection => {
                let collection = self.collection(Wants::Sight)?;
                Ok(self.resource(&resources::collection(&collection)))
            }
            Endpoint::Manifest => self.listing(Kind::Manifest),
            Endpoint::Objects => self.listing(Kind::Objects),
            Endpoint::Add => self.add(body),
            Endpoint::Object => self.listing(Kind::Objects),
            Endpoint::Versions => self.listing(Kind::Versions),
            Endpoint::Delete => self.delete(),
        }
    }

    /// A resource that clients may keep and ask about again.
    fn resource(&self, value: &Value) -> Response {
        tagged(
            self.request,
            fresh(200, TAXII, value.to_string().into_bytes()),
        )
    }

    /// One that may neither be read nor written is not there.
    fn collection(&self, wants: Wants) -> Result<Collection, Problem> {
        let name = &self.names[0];
        let lower = name.to_ascii_lowercase();
        let name = if is_uuid(&lower) { &lower } else { name };
        if name.len() > NAME_BYTES_MAX {
            return Err(Problem::absent());
        }
        let collection = self.taxii.desk.collection(&self.caller, name)?;
        let (read, write) = (collection.can_read, collection.can_write);
        match wants {
            _ if !read && !write => Err(Problem::absent()),
            Wants::Reading | Wants::Both if !read => Err(Problem::forbidden(
                "This credential may add to the collection and not read it: ask whoever runs the \
                 server for one that reads.",
            )),
            Wants::Writing | Wants::Both if !write => Err(Problem::forbidden(
                "This credential may read the collection and not change it: ask whoever runs the \
                 server for one that writes.",
            )),
            _ => Ok(collection),
        }
    }

    /// The object that the path names: one that is no identifier is nowhere.
    fn object(&self) -> Result<StixId, Problem> {
        self.names[1].parse().map_err(|_| Problem::absent())
    }

    fn listing(&self, kind: Kind) -> Result<Response, Problem> {
        let collection = self.collection(Wants::Reading)?;
        let id = match self.names.get(1) {
            Some(_) => Some(self.object()?),
            None => None,
        };
        let text = self.request.query;
        let mut asked = Asked::read(text, self.route.filters, Unknown::Ignored)?;
        if let Some(id) = &id {
            asked.query.ids = vec![id.as_str().to_owned()];
        }
        if kind == Kind::Versions {
            asked.query.versions = vec![Version::All];
        }
        let about = &self.taxii.about;
        let listing = self.route.section;
        let binding = asked.binding(listing, &self.caller.0, &collection.id);
        let begun = self.begun(&mut asked, &binding)?;
        let limit = asked.limit.unwrap_or(about.page_default);
        asked.query.limit = limit.clamp(1, about.page_max.max(1));
        asked.query.bytes_max = about.page_bytes_max as u64;

        let mut page = Page::new(kind, asked.query.limit, about.page_bytes_max);
        let objects = kind == Kind::Objects;
        let desk = &self.taxii.desk;
        let mut take = |entry: crate::desk::Entry<'_>| page.take(entry);
        let end = desk.page(&self.caller, &collection, &asked.query, objects, &mut take)?;
        if id.is_some() && page.is_empty() && !end.more {
            self.expect_there(&collection, &asked.query)?;
        }

        let (first, last) = page.dates(begun);
        let next = page
            .rest(end, begun)
            .map(|place| self.taxii.cursors.seal(&binding, place));
        let mut response = fresh(200, TAXII, page.finish(next.as_deref()))
            .with("x-taxii-date-added-first", six_digits(first))
            .with("x-taxii-date-added-last", six_digits(last));
        if self.route.endpoint == Endpoint::Object {
            response = tagged(self.request, response);
        }
        Ok(response)
    }

    /// Where the page begins: behind the cursor, and not before `added_after`.
    fn begun(&self, asked: &mut Asked, binding: &Digest) -> Result<Place, Problem> {
        let mut begun = Place {
            position: 0,
            added: asked.query.added_after.unwrap_or(Timestamp::from_micros(0)),
        };
        if let Some(next) = &asked.next {
            begun = self
                .taxii
                .cursors
                .open(binding, next)
                .ok_or_else(Problem::next)?;
            asked.query.after = Some(begun.position);
        }
        Ok(begun)
    }

    /// Nothing came of one object: is it not there at all, in the versions that were named, or only
    /// left out by the rest of what was asked?
    fn expect_there(&self, collection: &Collection, query: &Query) -> Result<(), Problem> {
        let query = Query {
            ids: query.ids.clone(),
            versions: query.versions.clone(),
            limit: 1,
            ..Query::default()
        };
        let mut there = false;
        let mut see = |_: crate::desk::Entry<'_>| there = true;
        let desk = &self.taxii.desk;
        desk.page(&self.caller, collection, &query, false, &mut see)?;
        if there {
            Ok(())
        } else {
            Err(Problem::absent())
        }
    }

    fn add(&self, body: &mut dyn Read) -> Result<Response, Problem> {
        let collection = self.collection(Wants::Writing)?;
        media::postable(self.request.content_type).map_err(Problem::media_type)?;
        let most = self.taxii.about.body_bytes_max;
        if self
            .request
            .content_length
            .is_some_and(|length| length > most)
        {
            return Err(Problem::too_large(most));
        }
        let mut body = Body::new(body, most);
        let added = self.taxii.desk.add(&self.caller, &collection, &mut body);
        // What was wrong with the body is said before what the desk made of its beginning.
        let status = match (added, body.fault) {
            (Err(_), Some(fault)) => return Err(Problem::body(fault, most)),
            (added, _) => added?,
        };
        let body = resources::status(&status).to_string().into_bytes();
        Ok(fresh(202, TAXII, body))
    }

    fn delete(&self) -> Result<Response, Problem> {
        let collection = self.collection(Wants::Both)?;
        let id = self.object()?;
        let text = self.request.query;
        let asked = Asked::read(text, self.route.filters, Unknown::Refused)?;
        let desk = &self.taxii.desk;
        desk.delete(&self.caller, &collection, &id, &asked.query)?;
        Ok(fresh(200, TAXII, Vec::new()))
    }
}

/// Longest name of a collection that is looked up, in bytes.
const NAME_BYTES_MAX: usize = 250;

fn is_uuid(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte),
        })
}

/// An answer of this moment: nobody keeps it.
fn fresh(status: u16, media: &str, body: Vec<u8>) -> Response {
    Response::new(status, body)
        .with("content-type", media)
        .with("cache-control", "no-store")
}

/// With a tag of its content, or without content where the client has it. The tag is a weak one:
/// the body may be compressed on its way.
fn tagged(request: &Request<'_>, mut response: Response) -> Response {
    let digest = Digest::of(&response.body).to_string();
    let tag = format!("W/\"{}\"", &digest[..32]);
    if has_tag(request, &tag) {
        response.status = 304;
        response.body.clear();
        response.length = 0;
    }
    for (name, value) in &mut response.headers {
        if *name == "cache-control" {
            *value = "private, no-cache".to_owned();
        }
    }
    response.with("etag", tag)
}

/// Does the client say that it has what this tag stands for?
pub(crate) fn has_tag(request: &Request<'_>, tag: &str) -> bool {
    request.if_none_match.is_some_and(|header| {
        let opaque = |tag: &str| tag.trim().trim_start_matches("W/").to_owned();
        header.trim() == "*" || header.split(',').any(|one| opaque(one) == opaque(tag))
    })
}

fn finish(request: &Request<'_>, response: Response) -> Response {
    let mut response = response
        .with("vary", "accept, accept-encoding, authorization")
        .with("x-content-type-options", "nosniff");
    if request.method == "HEAD" {
        response.body = Vec::new();
    }
    response
}
