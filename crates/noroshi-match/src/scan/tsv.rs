//! Zeek's own layout: columns between tabs, named in the header, sets with commas, `\x` escapes.

use std::ops::Range;

use super::masks::Masks;
use super::{Finder, UrlParts};
use crate::kind::Kind;
use crate::mapping::{Mapping, Plan};

/// Most columns that are looked at.
const COLUMNS_MAX: usize = 1024;

/// The columns of the log, from its header.
#[derive(Default)]
pub(super) struct Columns {
    columns: Vec<Column>,
}

#[derive(Clone, Copy)]
struct Column {
    plan: Plan,
    /// Does it hold several values with commas between them?
    is_set: bool,
}

impl Columns {
    /// A line of the header.
    fn header(&mut self, mapping: &Mapping, line: &[u8]) {
        let fields = |name: &[u8]| {
            let rest = line.strip_prefix(name)?.strip_prefix(b"\t")?;
            Some(rest.split(|byte| *byte == b'\t').take(COLUMNS_MAX))
        };
        if let Some(names) = fields(b"#fields") {
            self.columns = names
                .map(|name| Column {
                    plan: mapping.plan(name),
                    is_set: false,
                })
                .collect();
        }
        if let Some(types) = fields(b"#types") {
            for (column, name) in self.columns.iter_mut().zip(types) {
                column.is_set = name.starts_with(b"set[") || name.starts_with(b"vector[");
            }
        }
    }
}

/// Look at every line of the piece; how many there are. Lines before a header are passed over.
pub(super) fn scan(masks: &Masks, columns: &mut Columns, finder: &mut Finder<'_, '_>) -> u64 {
    let mut lines = 0;
    for Range { start, end } in masks.lines() {
        lines += 1;
        let bytes = &finder.piece.bytes[start..end];
        if bytes.first() == Some(&b'#') {
            columns.header(finder.piece.mapping, bytes);
        } else {
            line(masks, columns, finder, start, end);
        }
    }
    lines
}

fn line(masks: &Masks, columns: &Columns, finder: &mut Finder<'_, '_>, start: usize, end: usize) {
    let mut parts = UrlParts::default();
    let mut from = start;
    let mut tabs = Masks::bits(&masks.mark, start, end).chain([end]);
    for column in &columns.columns {
        let Some(to) = tabs.next() else { break };
        if column.plan != Plan::Skip {
            if column.is_set {
                set(masks, finder, start, from..to, column.plan);
            } else {
                value(masks, finder, start, from..to, column.plan);
                let is_part = matches!(column.plan, Plan::UrlHost | Plan::UrlPath);
                if is_part && text(&finder.piece.bytes[from..to]).is_some() {
                    parts.take(Some(column.plan), from..to);
                }
            }
        }
        from = to + 1;
    }
    if finder.piece.kinds.has(Kind::Url) {
        finder.end_of_line(start, &parts, text);
    }
}

fn set(masks: &Masks, finder: &mut Finder<'_, '_>, line: usize, range: Range<usize>, plan: Plan) {
    let bytes = finder.piece.bytes;
    let mut from = range.start;
    for comma in memchr::memchr_iter(b',', &bytes[range.clone()]) {
        let comma = range.start + comma;
        value(masks, finder, line, from..comma, plan);
        from = comma + 1;
    }
    value(masks, finder, line, from..range.end, plan);
}

#[inline]
fn value(masks: &Masks, finder: &mut Finder<'_, '_>, line: usize, range: Range<usize>, plan: Plan) {
    if !Masks::any(&masks.backslash, range.start, range.end) {
        finder.value(masks, line, range, || plan);
        return;
    }
    let raw = &finder.piece.bytes[range.clone()];
    if let Some(text) = text(raw) {
        finder.look(line, range, &text, plan);
    }
}

/// A value as it was before Zeek wrote it.
fn text(raw: &[u8]) -> Option<String> {
    String::from_utf8(unescaped(raw)).ok()
}

/// `\x2c` and its like as the bytes they stand for; other backslashes stay.
fn unescaped(raw: &[u8]) -> Vec<u8> {
    let digit = |at: usize| char::from(*raw.get(at)?).to_digit(16);
    let mut bytes = Vec::with_capacity(raw.len());
    let mut at = 0;
    while let Some(byte) = raw.get(at) {
        let escaped = (raw[at..].starts_with(b"\\x"))
            .then(|| Some(digit(at + 2)? * 16 + digit(at + 3)?))
            .flatten();
        match escaped {
            Some(value) => {
                bytes.push(u8::try_from(value).unwrap_or_default());
                at += 4;
            }
            None => {
                bytes.push(*byte);
                at += 1;
            }
        }
    }
    bytes
}
