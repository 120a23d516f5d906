//! What strangers send to the TAXII server, before any of it is believed.

use std::io::Read;
use std::sync::{Arc, LazyLock};

use noroshi_model::{Digest, StixId, Timestamp};
use noroshi_taxii::client::{
    Envelope, Target, http_date, read_collections, read_discovery, read_root, read_status,
    retry_after,
};
use noroshi_taxii::cursor::Place;
use noroshi_taxii::desk::{
    Barred, Caller, Collection, Credential, Desk, Entry, Fault, PageEnd, Query, Status,
};
use noroshi_taxii::query::{Asked, Unknown};
use noroshi_taxii::routes::{Endpoint, ROUTES};
use noroshi_taxii::{About, CursorKey, Request, Response, Taxii, media as negotiation};
use serde_json::Value;

/// Lets everybody in, has one entry in one collection, and reads what is posted.
struct Open;

impl Desk for Open {
    fn caller(&self, credential: Credential<'_>) -> Result<Caller, Barred> {
        match credential {
            Credential::None => Err(Barred::Unknown),
            _ => Ok(Caller(Vec::new())),
        }
    }

    fn collections(&self, _: &Caller) -> Result<Vec<Collection>, Fault> {
        Ok(vec![Collection {
            id: "11111111-1111-4111-8111-111111111111".to_owned(),
            title: "open".to_owned(),
            description: None,
            alias: Some("open".to_owned()),
            can_read: true,
            can_write: true,
        }])
    }

    fn collection(&self, caller: &Caller, name: &str) -> Result<Collection, Fault> {
        let mut all = self.collections(caller)?.into_iter();
        all.find(|one| one.id == name || one.alias.as_deref() == Some(name))
            .ok_or(Fault::Absent)
    }

    fn page(
        &self,
        _: &Caller,
        _: &Collection,
        query: &Query,
        objects: bool,
        out: &mut dyn FnMut(Entry<'_>),
    ) -> Result<PageEnd, Fault> {
        assert!((1..=10_000).contains(&query.limit), "the cap is kept");
        for position in [7, 9] {
            out(Entry {
                position,
                added: Timestamp::from_micros(position as i64),
                id: "tool--00000000-0000-4000-8000-000000000001",
                version: Timestamp::from_micros(0),
                object: if objects { b"{\"id\":\"tool\"}" } else { b"" },
            });
        }
        Ok(PageEnd {
            more: query.after.is_none(),
            last: Some(9),
        })
    }

    fn add(&self, _: &Caller, _: &Collection, body: &mut dyn Read) -> Result<Status, Fault> {
        let mut bytes = Vec::new();
        let read = body.read_to_end(&mut bytes);
        Err(read.map_or(Fault::Unavailable, |_| Fault::Unusable("No.".to_owned())))
    }

    fn status(&self, _: &Caller, _: &str) -> Result<Status, Fault> {
        Err(Fault::Absent)
    }

    fn delete(&self, _: &Caller, _: &Collection, _: &StixId, _: &Query) -> Result<(), Fault> {
        Ok(())
    }
}

static TAXII: LazyLock<Taxii> =
    LazyLock::new(|| Taxii::new(Arc::new(Open), About::new("open"), CursorKey::new([1; 32])));

/// The head of a request and its body. Whatever is asked, the answer has a status of the table, a
/// body that is JSON, and an error body that names the status.
pub(crate) fn request(bytes: &[u8]) -> bool {
    let split = bytes.windows(2).position(|two| two == b"\n\n");
    let (head, mut body) = match split {
        Some(at) => (&bytes[..at], &bytes[at + 2..]),
        None => (bytes, &b""[..]),
    };
    let head = String::from_utf8_lossy(head);
    let mut lines = head.lines();
    let (method, target) = lines
        .next()
        .and_then(|l| l.split_once(' '))
        .unwrap_or(("", ""));
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let headers: Vec<(&str, &str)> = lines.filter_map(|line| line.split_once(": ")).collect();
    let header = |name: &str| {
        let found = headers
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map(|(_, value)| *value)
    };
    let request = Request {
        method,
        path,
        query,
        accept: header("accept"),
        content_type: header("content-type"),
        authorization: header("authorization"),
        if_none_match: header("if-none-match"),
        content_length: header("content-length").and_then(|text| text.parse().ok()),
        certificate: None,
    };
    let response = TAXII.answer(&request, &mut body);
    holds(&request, &response);
    response.status < 400
}

fn holds(request: &Request<'_>, response: &Response) {
    const KNOWN: [u16; 13] = [
        200, 202, 204, 304, 400, 401, 404, 405, 406, 413, 415, 422, 403,
    ];
    assert!(KNOWN.contains(&response.status), "{}", response.status);
    for (_, value) in &response.headers {
        let plain = |byte: u8| (0x20..0x7f).contains(&byte);
        assert!(value.bytes().all(plain), "a header that is none: {value:?}");
    }
    let bare = request.method == "HEAD" || request.method == "DELETE" || response.length == 0;
    if bare && response.body.is_empty() {
        return;
    }
    let body: Value = serde_json::from_slice(&response.body).expect("every body is JSON");
    if response.status >= 400 {
        assert_eq!(body["http_status"], response.status.to_string());
        assert!(body["title"].is_string() && body["description"].is_string());
    }
}

/// A query that is taken binds its cursor to what it asks, whatever the order it came in.
pub(crate) fn query(bytes: &[u8]) -> bool {
    let Ok(text) = core::str::from_utf8(bytes) else {
        return false;
    };
    let mut taken = false;
    for route in ROUTES {
        let unknown = match route.endpoint {
            Endpoint::Delete => Unknown::Refused,
            _ => Unknown::Ignored,
        };
        let Ok(asked) = Asked::read(text, route.filters, unknown) else {
            continue;
        };
        taken = true;
        assert_ne!(asked.limit, Some(0));
        let reversed: Vec<&str> = text.split('&').rev().collect();
        let again = Asked::read(&reversed.join("&"), route.filters, unknown);
        let again = again.expect("parameters have no order");
        let binding = |asked: &Asked| asked.binding("x", b"me", "c");
        assert_eq!(binding(&asked), binding(&again));
    }
    taken
}

/// `Accept` and `Content-Type`: what may be posted may be sent back.
pub(crate) fn media(bytes: &[u8]) -> bool {
    let Ok(text) = core::str::from_utf8(bytes) else {
        return false;
    };
    let acceptable = negotiation::accepts(Some(text)).is_ok();
    negotiation::postable(Some(text)).is_ok() || acceptable
}

/// A cursor that opens is the one that was made for its place.
pub(crate) fn cursor(bytes: &[u8]) -> bool {
    let (key, binding) = (CursorKey::new([2; 32]), Digest::of(b"listing"));
    let place = Place {
        position: bytes.len() as u64,
        added: Timestamp::from_micros(bytes.first().copied().map_or(-1, i64::from)),
    };
    assert_eq!(key.open(&binding, &key.seal(&binding, place)), Some(place));
    let Ok(text) = core::str::from_utf8(bytes) else {
        return false;
    };
    key.open(&binding, text).is_some_and(|place| {
        assert_eq!(key.seal(&binding, place), text);
        true
    })
}

/// What another's server answers: envelopes, resources, times, and where it says to go on. Nothing
/// leads to another host.
pub(crate) fn answer(bytes: &[u8]) -> bool {
    if let Ok(text) = core::str::from_utf8(bytes) {
        let home: Target = "https://taxii.example/api/"
            .parse()
            .expect("a plain address");
        for reference in text.split_whitespace() {
            if let Ok(there) = home.on_it(reference) {
                assert_eq!(there.authority(), home.authority());
                assert!(there.is_tls());
            }
            if let Ok(read) = reference.parse::<Target>() {
                assert_eq!(read.to_string().parse::<Target>().as_ref(), Ok(&read));
            }
        }
        let _ = (
            http_date(text),
            retry_after(text, Timestamp::from_micros(0)),
        );
    }
    if let Ok(discovery) = read_discovery(bytes) {
        assert!(discovery.api_roots.len() <= 1000);
    }
    let _ = (read_root(bytes), read_status(bytes));
    let collections = read_collections(bytes);
    Envelope::read(bytes).is_ok_and(|read| read.objects <= bytes.len() as u64)
        || collections.is_ok()
}
