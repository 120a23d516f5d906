//! Strings of JSON lines, by the quotes. A line with a backslash goes the slower way, where
//! escapes are undone.

use std::ops::Range;

use super::masks::Masks;
use super::{Finder, UrlParts};
use crate::kind::Kind;
use crate::mapping::Plan;

/// Look at every line of the piece; how many there are.
pub(super) fn scan(masks: &Masks, finder: &mut Finder<'_, '_>) -> u64 {
    let mut lines = 0;
    for Range { start, end } in masks.lines() {
        lines += 1;
        if Masks::any(&masks.backslash, start, end) {
            escaped_line(finder, start, end);
        } else {
            line(masks, finder, start, end);
        }
    }
    lines
}

#[inline]
fn line(masks: &Masks, finder: &mut Finder<'_, '_>, start: usize, end: usize) {
    let mapping = finder.piece.mapping;
    let bytes = finder.piece.bytes;
    let wants_urls = finder.piece.kinds.has(Kind::Url);
    let mut key = 0..0;
    let mut parts = UrlParts::default();
    let mut quotes = Masks::bits(&masks.mark, start, end);
    while let (Some(open), Some(close)) = (quotes.next(), quotes.next()) {
        let string = open + 1..close;
        if is_key(bytes, close + 1, end) {
            key = string;
            continue;
        }
        let plan = || mapping.plan(&bytes[key.clone()]);
        let plan = match finder.value(masks, start, string.clone(), plan) {
            plan @ Some(_) => plan,
            None if wants_urls => Some(mapping.plan(&bytes[key.clone()])),
            None => None,
        };
        // What cannot be read does not take the place of what can.
        if wants_urls && std::str::from_utf8(&bytes[string.clone()]).is_ok() {
            parts.take(plan, string);
        }
    }
    finder.end_of_line(start, &parts, |raw| String::from_utf8(raw.to_vec()).ok());
}

impl UrlParts {
    /// Keep the string if its field is a part of a URL.
    pub(super) fn take(&mut self, plan: Option<Plan>, string: Range<usize>) {
        match plan {
            Some(Plan::UrlHost) => self.host = Some(string),
            Some(Plan::UrlPath) => self.path = Some(string),
            _ => {}
        }
    }
}

/// Does a colon follow, after blanks?
#[inline]
fn is_key(bytes: &[u8], mut at: usize, end: usize) -> bool {
    while at < end {
        match bytes[at] {
            b':' => return true,
            b' ' | b'\t' | b'\r' => at += 1,
            _ => return false,
        }
    }
    false
}

/// The same with escapes undone; strings that cannot be read match nothing.
fn escaped_line(finder: &mut Finder<'_, '_>, start: usize, end: usize) {
    let bytes = finder.piece.bytes;
    let mapping = finder.piece.mapping;
    let mut plan = mapping.plan(b"");
    let mut parts = UrlParts::default();
    let (mut host, mut path) = (String::new(), String::new());
    let mut at = start;
    while let Some(open) = memchr::memchr(b'"', &bytes[at..end]).map(|found| at + found) {
        let Some(close) = closing(bytes, open + 1, end) else {
            break;
        };
        at = close + 1;
        let string = open + 1..close;
        let text = unescaped(&bytes[string.clone()]);
        if is_key(bytes, at, end) {
            plan = mapping.plan(text.as_deref().unwrap_or_default().as_bytes());
            continue;
        }
        let Some(text) = text else {
            continue;
        };
        finder.look(start, string.clone(), &text, plan);
        parts.take(Some(plan), string);
        match plan {
            Plan::UrlHost => host = text,
            Plan::UrlPath => path = text,
            _ => {}
        }
    }
    if parts.host.is_some() {
        finder.look_at_url(start, &parts, &host, &path);
    }
}

/// The quote that closes a string, which is not escaped.
fn closing(bytes: &[u8], mut at: usize, end: usize) -> Option<usize> {
    loop {
        at += memchr::memchr2(b'"', b'\\', bytes.get(at..end)?)?;
        if bytes[at] == b'"' {
            return Some(at);
        }
        at += 2;
    }
}

/// The text of a string, or nothing where an escape is none of JSON's.
fn unescaped(raw: &[u8]) -> Option<String> {
    let raw = std::str::from_utf8(raw).ok()?;
    let mut text = String::with_capacity(raw.len());
    let mut rest = raw;
    while let Some((plain, escape)) = rest.split_once('\\') {
        text.push_str(plain);
        let (name, after) = escape.split_at_checked(1)?;
        rest = after;
        match name {
            "\"" | "\\" | "/" => text.push_str(name),
            "b" => text.push('\u{8}'),
            "f" => text.push('\u{c}'),
            "n" => text.push('\n'),
            "r" => text.push('\r'),
            "t" => text.push('\t'),
            "u" => {
                let (unit, after) = unit(rest)?;
                rest = after;
                let code = match unit {
                    0xd800..=0xdbff => {
                        let (low, after) = self::unit(rest.strip_prefix("\\u")?)?;
                        rest = after;
                        let low = low.checked_sub(0xdc00).filter(|low| *low < 0x400)?;
                        0x1_0000 + ((unit - 0xd800) << 10) + low
                    }
                    unit => unit,
                };
                text.push(char::from_u32(code)?);
            }
            _ => return None,
        }
    }
    text.push_str(rest);
    Some(text)
}

fn unit(text: &str) -> Option<(u32, &str)> {
    let (digits, rest) = text.split_at_checked(4)?;
    let is_hex = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    let unit = u32::from_str_radix(digits, 16).ok().filter(|_| is_hex)?;
    Some((unit, rest))
}
