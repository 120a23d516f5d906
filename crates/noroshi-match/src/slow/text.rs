//! The words of a text and the columns of a line, character by character, written apart from what
//! the scanner does.

use std::net::Ipv6Addr;

/// The words of a text.
pub(super) fn words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let (before, after) = match first_url(rest) {
            Some((begin, end)) => {
                words.push(rest[begin..end].to_owned());
                (&rest[..begin], &rest[end..])
            }
            None => (rest, ""),
        };
        let is_cut = |char: char| {
            char.is_ascii() && !char.is_ascii_alphanumeric() && !".-_@:".contains(char)
        };
        before.split(is_cut).for_each(|run| joined(run, &mut words));
        rest = after;
    }
    words
}

/// Where the first URL of a text begins and ends.
fn first_url(text: &str) -> Option<(usize, usize)> {
    for (at, _) in text.match_indices("://") {
        let scheme = text[..at]
            .chars()
            .rev()
            .take_while(char::is_ascii_alphanumeric)
            .count();
        if scheme == 0 {
            continue;
        }
        let ends = |char: char| char <= ' ' || "\"'<>`|\u{7f}".contains(char);
        let body = &text[at + 3..];
        let mut body = &body[..body.find(ends).unwrap_or(body.len())];
        let has_bracket = body.contains('(');
        while let Some(last) = body.chars().last() {
            let is_punctuation = ".,;:!?]}*".contains(last) || last == ')' && !has_bracket;
            if !is_punctuation {
                break;
            }
            body = &body[..body.len() - 1];
        }
        return Some((at - scheme, at + 3 + body.len()));
    }
    None
}

/// What colons join.
fn joined(run: &str, words: &mut Vec<String>) {
    let push = |word: &str, words: &mut Vec<String>| {
        let word = word.trim_matches('.');
        if !word.is_empty() {
            words.push(word.to_owned());
        }
    };
    let mut rest = run;
    loop {
        let Some((head, tail)) = rest.split_once(':') else {
            return push(rest, words);
        };
        let bare = rest.strip_suffix([':', '.']).unwrap_or(rest);
        for address in [rest, bare] {
            if address.parse::<Ipv6Addr>().is_ok() {
                return words.push(address.to_owned());
            }
        }
        push(head, words);
        rest = tail;
    }
}

/// The values of a line of a table.
#[must_use]
pub fn columns(line: &str, separator: char) -> Vec<String> {
    let (mut values, mut value) = (Vec::new(), String::new());
    let mut chars = line.chars().peekable();
    let (mut is_begin, mut in_quotes, mut is_over) = (true, false, false);
    while let Some(char) = chars.next() {
        if in_quotes {
            if char != '"' {
                value.push(char);
            } else if chars.peek() == Some(&'"') {
                chars.next();
                value.push('"');
            } else {
                (in_quotes, is_over) = (false, true);
            }
        } else if char == separator {
            values.push(std::mem::take(&mut value));
            (is_begin, is_over) = (true, false);
            continue;
        } else if char == '"' && is_begin {
            in_quotes = true;
        } else if !is_over {
            value.push(char);
        }
        is_begin = false;
    }
    values.push(value);
    values
}
