//! The words of an item as full text sees them.
//!
//! SQLite's `unicode61` tokeniser finds words by their separators, which Japanese does not write.
//! So runs of Han, kana and hangul are cut here into overlapping pairs: 特定秘密 becomes 特定 定秘
//! 秘密, and a search for any two characters in a row finds it. The trigram tokeniser was rejected:
//! it cannot find words of two characters, and its index is several times larger.

use noroshi_model::json::{Object, Value};

/// Most text indexed of one item, in bytes.
const TEXT_BYTES_MAX: usize = 20_000;

/// Properties whose text nobody searches for.
const SKIPPED: [&str; 6] = [
    "spec_version",
    "created",
    "modified",
    "object_marking_refs",
    "granular_markings",
    "lang",
];

/// The words of an object, ready for the index.
#[must_use]
pub fn of_object(object: &Object) -> String {
    let mut words = String::new();
    // The title first: of a text that is too long, the end is left out.
    for first in ["name", "value", "pattern", "aliases"] {
        if let Some(value) = object.get(first) {
            collect(value, &mut words);
        }
    }
    for (name, value) in object.iter() {
        if !SKIPPED.contains(&name) && !["name", "value", "pattern", "aliases"].contains(&name) {
            collect(value, &mut words);
        }
    }
    terms(&words)
}

fn collect(value: &Value, words: &mut String) {
    if words.len() >= TEXT_BYTES_MAX {
        return;
    }
    match value {
        Value::String(text) => {
            let mut end = text.len().min(TEXT_BYTES_MAX - words.len());
            while !text.is_char_boundary(end) {
                end -= 1;
            }
            words.push_str(&text[..end]);
            words.push(' ');
        }
        Value::Array(values) => values.iter().for_each(|value| collect(value, words)),
        Value::Object(object) => object.iter().for_each(|(_, value)| collect(value, words)),
        Value::Null | Value::Bool(_) | Value::Int(_) | Value::Float(_) => {}
    }
}

/// The text with runs of characters that write no spaces cut into overlapping pairs.
#[must_use]
pub fn terms(text: &str) -> String {
    if text.is_ascii() {
        return text.to_owned();
    }
    let mut out = String::with_capacity(text.len() * 2);
    let mut before: Option<char> = None;
    let mut alone = false;
    for c in text.chars().map(half_width) {
        if !is_unspaced(c) {
            finish(&mut out, before.take(), alone);
            out.push(c);
            continue;
        }
        match before.replace(c) {
            None => alone = true,
            Some(first) => {
                out.push(' ');
                out.push(first);
                out.push(c);
                alone = false;
            }
        }
    }
    finish(&mut out, before, alone);
    out
}

/// A run of one character has no pair: it stands for itself.
fn finish(out: &mut String, before: Option<char>, alone: bool) {
    if let Some(last) = before {
        if alone {
            out.push(' ');
            out.push(last);
        }
        out.push(' ');
    }
}

/// Full-width letters and digits as half-width ones.
fn half_width(c: char) -> char {
    match c {
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(c) - 0xfee0).unwrap_or(c),
        '\u{3000}' => ' ',
        _ => c,
    }
}

fn is_unspaced(c: char) -> bool {
    matches!(c,
        '\u{3005}'..='\u{3007}' | '\u{3041}'..='\u{309f}' | '\u{30a1}'..='\u{30ff}'
        | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{ac00}'..='\u{d7af}'
        | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3134f}')
}

/// What a person typed as a query: every part must occur, in any order; the characters of a part
/// in a row; the last part may be the beginning of a word. `None` when there is nothing to find.
#[must_use]
pub fn query(typed: &str) -> Option<String> {
    let cut: String = typed.chars().take(500).collect();
    let mut phrases: Vec<String> = cut
        .split_whitespace()
        .map(|part| terms(part).replace('"', " "))
        .filter(|part| part.chars().any(char::is_alphanumeric))
        .map(|part| format!("\"{}\"", part.trim()))
        .collect();
    if let Some(last) = phrases.last_mut()
        && last.is_ascii()
    {
        last.push('*');
    }
    (!phrases.is_empty()).then(|| phrases.join(" AND "))
}
