//! A page's body, written into one buffer as its entries come: an object's bytes are copied once,
//! as they lie, and nothing is parsed or written again.

use noroshi_model::Timestamp;

use crate::cursor::Place;
use crate::desk::{Entry, PageEnd};
use crate::media::STIX;
use crate::resources::{push_text, six_digits};

/// What the entries become.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Objects,
    Manifest,
    Versions,
}

impl Kind {
    fn list(self) -> &'static str {
        match self {
            Self::Objects | Self::Manifest => "{\"objects\":[",
            Self::Versions => "{\"versions\":[",
        }
    }
}

pub(crate) struct Page {
    kind: Kind,
    body: Vec<u8>,
    entries_left: u32,
    bytes_max: usize,
    first: Option<Timestamp>,
    last: Option<Place>,
    /// Entries came that did not fit.
    cut: bool,
}

impl Page {
    pub(crate) fn new(kind: Kind, limit: u32, bytes_max: usize) -> Self {
        let likely = (limit as usize).saturating_mul(512).min(bytes_max);
        let mut body = Vec::with_capacity(likely.min(4 << 20) + 256);
        body.extend_from_slice(kind.list().as_bytes());
        Self {
            kind,
            body,
            entries_left: limit,
            bytes_max,
            first: None,
            last: None,
            cut: false,
        }
    }

    /// Take an entry, or leave it to the next page: one always fits.
    pub(crate) fn take(&mut self, entry: Entry<'_>) {
        let full = !self.is_empty() && self.body.len() >= self.bytes_max;
        self.cut |= self.entries_left == 0 || full;
        if self.cut {
            return;
        }
        self.entries_left -= 1;
        if self.first.is_none() {
            self.first = Some(entry.added);
        } else {
            self.body.push(b',');
        }
        self.last = Some(Place {
            position: entry.position,
            added: entry.added,
        });
        match self.kind {
            Kind::Objects => self.body.extend_from_slice(entry.object),
            Kind::Manifest => {
                self.body.extend_from_slice(b"{\"id\":");
                push_text(&mut self.body, entry.id);
                self.body.extend_from_slice(b",\"date_added\":");
                push_text(&mut self.body, &six_digits(entry.added));
                self.body.extend_from_slice(b",\"version\":");
                push_text(&mut self.body, &entry.version.to_string());
                self.body.extend_from_slice(b",\"media_type\":");
                push_text(&mut self.body, STIX);
                self.body.push(b'}');
            }
            Kind::Versions => push_text(&mut self.body, &entry.version.to_string()),
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.first.is_none()
    }

    /// Where the listing goes on, if there is more; `begun` is where this page began.
    pub(crate) fn rest(&self, end: PageEnd, begun: Place) -> Option<Place> {
        let last = self.last.unwrap_or(begun);
        if self.cut {
            return Some(last);
        }
        end.more.then(|| Place {
            position: end.last.unwrap_or(last.position).max(last.position),
            added: last.added,
        })
    }

    /// The dates of the first and the last entry, or twice that where the page began.
    pub(crate) fn dates(&self, begun: Place) -> (Timestamp, Timestamp) {
        let first = self.first.unwrap_or(begun.added);
        (first, self.last.map_or(begun.added, |last| last.added))
    }

    pub(crate) fn finish(mut self, next: Option<&str>) -> Vec<u8> {
        match (self.is_empty(), next) {
            (true, None) => return b"{}".to_vec(),
            (true, Some(_)) => self.body.truncate(1),
            (false, _) => self.body.extend_from_slice(b"],"),
        }
        match next {
            Some(next) => {
                self.body.extend_from_slice(b"\"more\":true,\"next\":");
                push_text(&mut self.body, next);
                self.body.push(b'}');
            }
            None => self.body.extend_from_slice(b"\"more\":false}"),
        }
        self.body
    }
}
