//! The scanner: finds the values in the raw bytes of telemetry and asks the index, without taking
//! the lines apart as JSON or keeping anything of them.
//!
//! Bit masks of a piece of telemetry are made first ([`masks`]): where quotes, dots, colons and
//! line ends are. The layout ([`json`], [`tsv`]) walks the values by them; [`value`] turns each one
//! away by its shape or puts its fingerprint into a list; the list is held against the filter in
//! one go, so that many cache misses run at once; what passes is looked at in full
//! ([`crate::observe`]).
//!
//! Each value is compared as the layout's own reader would have it. In JSON, a value's field is the
//! last key before it. A line that is broken is searched as far as it can be read.

pub(crate) mod csv;
mod json;
mod masks;
mod text;
mod tsv;
mod value;

use std::ops::Range;

use crate::index::View;
use crate::kind::KindSet;
use crate::mapping::{Mapping, Plan};
use crate::observe::{How, Match, observe, observe_url, wants_fields};
use masks::Masks;

/// Longest line that is looked at, in bytes; longer ones are counted and skipped.
pub const LINE_BYTES_MAX: usize = 1 << 20;
/// Telemetry is taken in pieces of whole lines of about this size, so that masks stay in the cache.
const PIECE_BYTES: usize = 16 * 1024;

/// How the lines of telemetry are laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// One JSON object a line.
    Json,
    /// Zeek's own: columns between tabs, named in a header.
    ZeekTsv,
    /// Columns between commas, semicolons, tabs or bars, named in the first line.
    Csv,
    /// Free text: syslog, the logs of name servers, and whatever has no columns.
    Text,
}

/// Every layout.
pub const LAYOUTS: [Layout; 4] = [Layout::Json, Layout::ZeekTsv, Layout::Csv, Layout::Text];

impl Layout {
    /// Its name in field mappings, in answers and on screens.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::ZeekTsv => "zeek-tsv",
            Self::Csv => "csv",
            Self::Text => "text",
        }
    }

    /// The layout of this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        LAYOUTS.into_iter().find(|layout| layout.name() == name)
    }
}

/// A match, and where it is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Hit {
    /// Where the line begins, in the bytes that were scanned.
    pub line: usize,
    /// Where the value stands, as written; of a URL made of two fields, its path.
    pub value: Range<usize>,
    /// What it matches, and how.
    pub matched: Match,
}

/// What was looked at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Lines, of every kind.
    pub lines: u64,
    /// Lines longer than the cap, which were not looked at.
    pub overlong: u64,
}

/// Scans telemetry piece by piece; keeps its buffers, and the header where the layout
/// has one, between the pieces.
pub struct Scanner {
    layout: Layout,
    mapping: Mapping,
    masks: Masks,
    candidates: Vec<Candidate>,
    columns: tsv::Columns,
    header: csv::Header,
}

/// A value that may match.
#[derive(Clone, Copy)]
struct Candidate {
    hash: u64,
    start: u32,
    end: u32,
    line: u32,
    plan: Plan,
    /// Is the fingerprint to be asked for, or is it certain that one must look?
    is_sure: bool,
}

/// Host and path of one event, as they come by.
#[derive(Clone, Default)]
struct UrlParts {
    host: Option<Range<usize>>,
    path: Option<Range<usize>>,
}

/// What a piece is scanned with.
struct Piece<'a> {
    view: &'a View,
    mapping: &'a Mapping,
    /// The kinds that the view has.
    kinds: KindSet,
    /// Has the view kinds that only a field gives away?
    wants_fields: bool,
    bytes: &'a [u8],
    /// Where the piece begins in what the caller gave.
    base: usize,
}

impl Scanner {
    /// For lines of this layout with these fields.
    #[must_use]
    pub fn new(layout: Layout, mapping: Mapping) -> Self {
        Self {
            layout,
            mapping,
            masks: Masks::default(),
            candidates: Vec::new(),
            columns: tsv::Columns::default(),
            header: csv::Header::default(),
        }
    }

    /// Look at whole lines; the last one may lack its end. Hits are appended, in the order of the
    /// lines.
    pub fn scan(&mut self, view: &View, bytes: &[u8], hits: &mut Vec<Hit>) -> Counts {
        let mut counts = Counts::default();
        let kinds = view.kinds();
        let mut begin = 0;
        while begin < bytes.len() {
            let end = piece_end(bytes, begin);
            let piece = Piece {
                view,
                mapping: &self.mapping,
                kinds,
                wants_fields: wants_fields(kinds),
                bytes: &bytes[begin..end],
                base: begin,
            };
            begin = end;
            if piece.bytes.len() > LINE_BYTES_MAX {
                counts.lines += 1;
                counts.overlong += 1;
                continue;
            }
            let before = hits.len();
            self.candidates.clear();
            let mut finder = Finder {
                piece: &piece,
                candidates: &mut self.candidates,
                hits,
            };
            counts.lines += match self.layout {
                Layout::Json => {
                    self.masks.make(piece.bytes, b'"');
                    json::scan(&self.masks, &mut finder)
                }
                Layout::ZeekTsv => {
                    self.masks.make(piece.bytes, b'\t');
                    tsv::scan(&self.masks, &mut self.columns, &mut finder)
                }
                Layout::Csv => {
                    self.masks.make(piece.bytes, b',');
                    csv::scan(&self.masks, &mut self.header, &mut finder)
                }
                Layout::Text => {
                    self.masks.make(piece.bytes, b' ');
                    text::scan(&self.masks, &mut finder)
                }
            };
            finder.resolve();
            hits[before..].sort_unstable_by_key(|hit| {
                (hit.line, hit.value.start, hit.value.end, hit.matched)
            });
        }
        counts
    }
}

/// The end of a piece of whole lines; of a line longer than a piece, the end of that line.
fn piece_end(bytes: &[u8], begin: usize) -> usize {
    let rest = &bytes[begin..];
    if rest.len() <= PIECE_BYTES {
        return bytes.len();
    }
    match memchr::memrchr(b'\n', &rest[..PIECE_BYTES]) {
        Some(at) => begin + at + 1,
        None => memchr::memchr(b'\n', rest).map_or(bytes.len(), |at| begin + at + 1),
    }
}

/// Collects what a piece gives.
struct Finder<'a, 'b> {
    piece: &'b Piece<'a>,
    candidates: &'b mut Vec<Candidate>,
    hits: &'b mut Vec<Hit>,
}

impl Finder<'_, '_> {
    /// Hold the candidates against the filter; look at those that pass in full.
    fn resolve(&mut self) {
        let view = self.piece.view;
        let mut kept = 0;
        for at in 0..self.candidates.len() {
            let candidate = self.candidates[at];
            self.candidates[kept] = candidate;
            kept += usize::from(candidate.is_sure || view.may_hold(candidate.hash));
        }
        self.candidates.truncate(kept);
        for at in 0..kept {
            let candidate = self.candidates[at];
            let range = candidate.start as usize..candidate.end as usize;
            let value = self.piece.bytes.get(range.clone()).unwrap_or_default();
            if let Ok(value) = std::str::from_utf8(value) {
                self.look(candidate.line as usize, range, value, candidate.plan);
            }
        }
    }

    /// Look at a value in full; `range` is where it stands as written.
    fn look(&mut self, line: usize, range: Range<usize>, value: &str, plan: Plan) {
        let (base, hits) = (self.piece.base, &mut *self.hits);
        observe(self.piece.view, plan, value, &mut |matched| {
            hits.push(Hit {
                line: base + line,
                value: base + range.start..base + range.end,
                matched,
            });
        });
    }

    /// The URL that host and path of an event make.
    fn look_at_url(&mut self, line: usize, parts: &UrlParts, host: &str, path: &str) {
        let Some(range) = parts.path.clone() else {
            return;
        };
        let (base, hits) = (self.piece.base, &mut *self.hits);
        observe_url(self.piece.view, host, path, &mut |matched| {
            hits.push(Hit {
                line: base + line,
                value: base + range.start..base + range.end,
                matched,
            });
        });
    }

    /// The same from ranges of the piece, as `read` understands them.
    fn end_of_line(
        &mut self,
        line: usize,
        parts: &UrlParts,
        read: impl Fn(&[u8]) -> Option<String>,
    ) {
        let (Some(host), Some(path)) = (&parts.host, &parts.path) else {
            return;
        };
        let text = |range: &Range<usize>| read(self.piece.bytes.get(range.clone())?);
        if let (Some(host), Some(path)) = (text(host), text(path)) {
            self.look_at_url(line, parts, &host, &path);
        }
    }
}

/// A match with the value of an event whole, as [`How::Whole`] would be.
impl Match {
    /// Is the value itself the indicator?
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.how == How::Whole
    }
}
