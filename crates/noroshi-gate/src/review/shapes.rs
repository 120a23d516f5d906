//! Shapes in a text: ids and hashes, long blobs, telephone numbers, clock times with a zone,
//! characters that hide, words of mixed scripts.

use noroshi_model::{ItemHash, StixId};

use super::table::Table;
use super::text::{is_greek_or_cyrillic, is_hidden, is_invisible};

/// Shortest run of base64 that counts as a blob, in characters.
const BASE64_MIN: usize = 120;
/// Shortest run of hexadecimal digits that counts as one; shorter ones are hashes and keys.
const HEX_MIN: usize = 72;
/// Lengths of hashes in hexadecimal digits, above that.
const HASHES: [usize; 2] = [96, 128];
/// Bytes of `--` and a UUID.
const UUID_BYTES: usize = 38;
/// Longest rest of a clock time behind its first colon, in bytes.
const TIME_BYTES_MAX: usize = 20;
/// Longest name of a type, in bytes.
const TYPE_BYTES_MAX: usize = 250;

/// What a run of characters is.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Shape {
    Id(StixId),
    Hash(ItemHash),
    Blob(usize),
    Telephone,
    Zone(String),
    Hidden(char),
    Invisible(char),
    Mixed(String),
}

/// A shape with its bytes in the text.
pub(super) struct Seen {
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) shape: Shape,
}

/// STIX ids and names of items.
pub(super) fn names(text: &str, seen: &mut Vec<Seen>) {
    ids(text, seen);
    if text.len() < 64 {
        return;
    }
    for (start, end) in byte_runs(text, u8::is_ascii_hexdigit) {
        if end - start == 64
            && let Ok(hash) = text[start..end].to_ascii_lowercase().parse()
        {
            let shape = Shape::Hash(hash);
            seen.push(Seen { start, end, shape });
        }
    }
}

/// STIX ids.
pub(super) fn ids(text: &str, seen: &mut Vec<Seen>) {
    for (at, _) in text.match_indices("--") {
        let kind = text.as_bytes()[..at].iter().rev().take(TYPE_BYTES_MAX);
        let is_kind = |c: &&u8| c.is_ascii_lowercase() || c.is_ascii_digit() || **c == b'-';
        let start = at - kind.take_while(is_kind).count();
        let id = text
            .get(start..at + UUID_BYTES)
            .and_then(|id| id.parse().ok());
        if let Some(id) = id {
            let (end, shape) = (at + UUID_BYTES, Shape::Id(id));
            seen.push(Seen { start, end, shape });
        }
    }
}

/// Everything else, but in links.
pub(super) fn shapes(text: &str, links: &[(usize, usize)], seen: &mut Vec<Seen>) {
    let is_in_link = |start: usize| {
        let at = links.partition_point(|(_, end)| *end <= start);
        links.get(at).is_some_and(|(first, _)| *first <= start)
    };
    blobs(text, &is_in_link, seen);
    telephones(text, &is_in_link, seen);
    zones(text, seen);
}

/// Characters that hide, and words of mixed scripts. For every text, also one that nobody reads.
pub(super) fn scripts(text: &str, seen: &mut Vec<Seen>) {
    let is_control = |c: u8| c.is_ascii_control() && !matches!(c, b'\n' | b'\r' | b'\t');
    if text.is_ascii() && !text.bytes().any(is_control) {
        return;
    }
    let mut hidden = Vec::new();
    for (start, c) in text.char_indices() {
        let shape = match c {
            c if is_hidden(c) => Shape::Hidden(c),
            c if is_invisible(c) => Shape::Invisible(c),
            _ => continue,
        };
        // Each kind of character once: a text in which they stand has hundreds of them.
        if !hidden.contains(&c) {
            hidden.push(c);
            let end = start + c.len_utf8();
            seen.push(Seen { start, end, shape });
        }
    }
    if !text.chars().any(is_greek_or_cyrillic) {
        return;
    }
    let mut start = 0;
    for word in text.split(|c: char| !c.is_alphabetic()) {
        let (begin, end) = (start, start + word.len());
        start = end + text[end..].chars().next().map_or(0, char::len_utf8);
        let is_mixed =
            word.chars().any(|c| c.is_ascii_alphabetic()) && word.chars().any(is_greek_or_cyrillic);
        // A micro sign or a beta beside a unit is no attempt to look like another word.
        if is_mixed && word.chars().count() >= 4 {
            let shape = Shape::Mixed(word.chars().take(40).collect());
            let start = begin;
            seen.push(Seen { start, end, shape });
        }
    }
}

/// The longest runs of ASCII characters of one kind.
fn byte_runs(text: &str, is_part: impl Fn(&u8) -> bool) -> impl Iterator<Item = (usize, usize)> {
    let bytes = text.as_bytes();
    let mut at = 0;
    core::iter::from_fn(move || {
        let start = at + bytes[at..].iter().position(&is_part)?;
        let length = bytes[start..].iter().position(|c| !is_part(c));
        at = start + length.unwrap_or(bytes.len() - start);
        Some((start, at))
    })
}

fn blobs(text: &str, is_in_link: &dyn Fn(usize) -> bool, seen: &mut Vec<Seen>) {
    if text.len() < HEX_MIN {
        return;
    }
    let is_base64 = |c: &u8| c.is_ascii_alphanumeric() || matches!(c, b'+' | b'/' | b'=');
    for (start, end) in byte_runs(text, is_base64) {
        let run = &text[start..end];
        let length = run.len();
        if length < HEX_MIN {
            continue;
        }
        let is_hex = run.bytes().all(|c| c.is_ascii_hexdigit());
        let has = |kind: fn(&u8) -> bool| run.as_bytes().iter().any(kind);
        let is_blob = if is_hex {
            length >= HEX_MIN && !HASHES.contains(&length)
        } else {
            length >= BASE64_MIN
                && has(u8::is_ascii_uppercase)
                && has(u8::is_ascii_lowercase)
                && has(u8::is_ascii_digit)
        };
        if is_blob && !is_in_link(start) {
            let shape = Shape::Blob(length);
            seen.push(Seen { start, end, shape });
        }
    }
}

/// Numbers as people write them for calling: `+81 3 1234 5678`, `03-1234-5678`, `(202) 555-0123`.
fn telephones(text: &str, is_in_link: &dyn Fn(usize) -> bool, seen: &mut Vec<Seen>) {
    let is_part = |c: &u8| c.is_ascii_digit() || matches!(c, b'+' | b'-' | b' ' | b'(' | b')');
    for (first, last) in byte_runs(text, is_part) {
        if last - first < 10 {
            continue;
        }
        let run = &text[first..last];
        let digits = run.bytes().filter(u8::is_ascii_digit).count();
        if !(10..=15).contains(&digits) || is_in_link(first) {
            continue;
        }
        let run = run.trim_matches(|c: char| matches!(c, ' ' | '-'));
        let start = first + text[first..].find(run).unwrap_or_default();
        let end = start + run.len();
        let before = text[..start].chars().next_back();
        let after = text[end..].chars().next();
        let is_free = |c: Option<char>| c.is_none_or(|c| !c.is_ascii_alphanumeric() && c != '.');
        let stands = is_free(before) && (is_free(after) || after == Some('.'));
        if stands && is_number(run) {
            let shape = Shape::Telephone;
            seen.push(Seen { start, end, shape });
        }
    }
}

fn is_number(run: &str) -> bool {
    let groups: Vec<usize> = run
        .split(|c: char| !c.is_ascii_digit())
        .filter(|group| !group.is_empty())
        .map(str::len)
        .collect();
    if run.starts_with('+') {
        return groups.len() >= 2 || groups.iter().sum::<usize>() >= 11;
    }
    match *groups {
        [area, middle, 4] => {
            let sum = area + middle + 4;
            let japanese = run.starts_with(['0', '(']) && (10..=11).contains(&sum) && area >= 2;
            japanese || (area, middle) == (3, 3)
        }
        _ => false,
    }
}

/// A clock time with the zone of whoever wrote it: `14:05 JST`, `14:05:09+09:00`.
fn zones(text: &str, seen: &mut Vec<Seen>) {
    for (colon, _) in text.match_indices(':') {
        let bytes = text.as_bytes();
        let digit = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_digit);
        let is_clock = colon >= 2
            && digit(colon - 1)
            && digit(colon - 2)
            && digit(colon + 1)
            && digit(colon + 2)
            && !digit(colon + 3);
        if !is_clock {
            continue;
        }
        // Seconds, and fractions of them, belong to the time.
        let is_rest = |c: &u8| c.is_ascii_digit() || matches!(c, b':' | b'.');
        let rest = bytes[colon..].iter().take(TIME_BYTES_MAX);
        let rest = rest.take_while(|c| is_rest(c)).count();
        let end = colon + rest;
        let after = text[end..].strip_prefix(' ').unwrap_or(&text[end..]);
        let word: String = after
            .chars()
            .take_while(char::is_ascii_alphanumeric)
            .take(6)
            .collect();
        let is_offset = |sign: char| {
            let digits = after.strip_prefix(sign).unwrap_or_default();
            let digits = digits.bytes().take(2).filter(u8::is_ascii_digit).count();
            digits == 2 && !after[1..].starts_with("00")
        };
        let zone = if Table::builtin().zones.contains(&word) {
            word
        } else if is_offset('+') || (is_offset('-') && !text[end..].starts_with(' ')) {
            after.chars().take(6).collect()
        } else {
            continue;
        };
        let start = colon - 2;
        // The seconds' colon meets the same zone once more.
        if seen.last().is_none_or(|last| last.end != end) {
            let shape = Shape::Zone(zone);
            seen.push(Seen { start, end, shape });
        }
    }
}
