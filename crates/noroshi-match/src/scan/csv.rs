//! Columns between separators, named in the first line; quotes as RFC 4180 has them. A record ends
//! with its line: what stands behind a line break within quotes is looked at as a line of its own.

use std::ops::Range;

use super::masks::Masks;
use super::{Finder, UrlParts};
use crate::kind::Kind;
use crate::mapping::{Mapping, Plan};

/// Most columns that have a name; those behind are looked at as unmapped ones are.
const COLUMNS_MAX: usize = 1024;
/// What may stand between columns; the one that the header has most of is taken.
pub(crate) const SEPARATORS: [u8; 4] = [b',', b';', b'\t', b'|'];

/// The columns, from the first line.
#[derive(Default)]
pub(super) struct Header {
    columns: Option<Columns>,
}

struct Columns {
    separator: u8,
    plans: Vec<Plan>,
}

/// A field of a record.
struct Field {
    range: Range<usize>,
    /// Do doubled quotes stand in it?
    has_quotes: bool,
}

/// The separator of a header.
pub(crate) fn separator(header: &[u8]) -> u8 {
    let count = |separator: u8| memchr::memchr_iter(separator, header).count();
    let most = SEPARATORS.into_iter().rev().max_by_key(|it| count(*it));
    most.unwrap_or(b',')
}

/// Look at every line of the piece; how many there are.
pub(super) fn scan(masks: &Masks, header: &mut Header, finder: &mut Finder<'_, '_>) -> u64 {
    let mut lines = 0;
    for mut line in masks.lines() {
        lines += 1;
        if finder.piece.bytes[line.clone()].last() == Some(&b'\r') {
            line.end -= 1;
        }
        match &header.columns {
            Some(columns) => record(masks, columns, finder, line),
            None => {
                let bytes = &finder.piece.bytes[line];
                header.columns = Some(Columns::named(finder.piece.mapping, bytes));
            }
        }
    }
    lines
}

impl Columns {
    fn named(mapping: &Mapping, line: &[u8]) -> Self {
        let line = line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line);
        let separator = separator(line);
        let mut plans = Vec::new();
        fields(line, separator, |field| {
            if plans.len() < COLUMNS_MAX {
                plans.push(mapping.plan(&text(&line[field.range.clone()], &field)));
            }
        });
        Self { separator, plans }
    }
}

fn record(masks: &Masks, columns: &Columns, finder: &mut Finder<'_, '_>, line: Range<usize>) {
    let bytes = finder.piece.bytes;
    let unmapped = finder.piece.mapping.unmapped();
    let mut plans = columns.plans.iter().copied();
    let mut parts = UrlParts::default();
    fields(&bytes[line.clone()], columns.separator, |field| {
        let plan = plans.next().unwrap_or(unmapped);
        let place = line.start + field.range.start..line.start + field.range.end;
        if plan == Plan::Skip {
            return;
        }
        let is_part = matches!(plan, Plan::UrlHost | Plan::UrlPath);
        if field.has_quotes {
            if let Ok(text) = String::from_utf8(text(&bytes[place.clone()], &field)) {
                finder.look(line.start, place, &text, plan);
            }
        } else {
            finder.value(masks, line.start, place.clone(), || plan);
            if is_part && std::str::from_utf8(&bytes[place.clone()]).is_ok() {
                parts.take(Some(plan), place);
            }
        }
    });
    if finder.piece.kinds.has(Kind::Url) {
        finder.end_of_line(line.start, &parts, |raw| {
            String::from_utf8(raw.to_vec()).ok()
        });
    }
}

/// Every field of a line. A quote that is never closed closes at the end of the line.
fn fields(line: &[u8], separator: u8, mut each: impl FnMut(Field)) {
    let mut at = 0;
    loop {
        let rest = &line[at..];
        let (range, has_quotes, after) = match rest.first() {
            Some(b'"') => quoted(line, at + 1),
            _ => {
                let length = memchr::memchr(separator, rest).unwrap_or(rest.len());
                (at..at + length, false, at + length)
            }
        };
        each(Field { range, has_quotes });
        // What stands between a closing quote and the separator is no value.
        match memchr::memchr(separator, &line[after..]) {
            Some(next) => at = after + next + 1,
            None => return,
        }
    }
}

/// What stands in quotes from here, whether doubled ones are in it, and the place behind them.
fn quoted(line: &[u8], start: usize) -> (Range<usize>, bool, usize) {
    let (mut at, mut has_quotes) = (start, false);
    while let Some(found) = memchr::memchr(b'"', &line[at..]) {
        let close = at + found;
        if line.get(close + 1) != Some(&b'"') {
            return (start..close, has_quotes, close + 1);
        }
        has_quotes = true;
        at = close + 2;
    }
    (start..line.len(), has_quotes, line.len())
}

/// A field with its doubled quotes undone.
fn text(raw: &[u8], field: &Field) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(raw.len());
    let mut is_second = false;
    for byte in raw {
        is_second = field.has_quotes && *byte == b'"' && !is_second;
        if *byte != b'"' || is_second || !field.has_quotes {
            bytes.push(*byte);
        }
    }
    bytes
}
