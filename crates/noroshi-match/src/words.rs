//! The words of free text, as log lines have it: names, addresses, URLs, hashes, mail addresses
//! with whatever stands around them cut away.
//!
//! A word is a run of letters, digits, `.`, `-`, `_`, `@` and everything beyond ASCII. A URL goes
//! on to the next blank or quote. What colons join is an IPv6 address where it can be read as one,
//! else its parts are words of their own (`10.0.0.1:53`, `from:bob@example.org`).

use std::net::Ipv6Addr;
use std::ops::Range;

/// An IPv6 address with an IPv4 one within takes no more.
const IPV6_BYTES_MAX: usize = 45;

/// The words of a text, one after the other, as ranges of its bytes.
pub(crate) struct Words<'a> {
    text: &'a [u8],
    at: usize,
    /// What is left of a run that colons join.
    run: Range<usize>,
}

/// The words of a text.
#[inline]
pub(crate) fn words(text: &[u8]) -> Words<'_> {
    Words {
        text,
        at: 0,
        run: 0..0,
    }
}

impl Iterator for Words<'_> {
    type Item = Range<usize>;

    #[inline]
    fn next(&mut self) -> Option<Range<usize>> {
        loop {
            while !self.run.is_empty() {
                let word = self.part();
                if !word.is_empty() {
                    return Some(word);
                }
            }
            let start = self.at
                + self.text[self.at..]
                    .iter()
                    .position(|byte| is_in_run(*byte))?;
            let rest = &self.text[start..];
            let length = rest.iter().position(|byte| !is_in_run(*byte));
            let end = length.map_or(self.text.len(), |length| start + length);
            (self.run, self.at) = (start..end, end);
            if let Some(url) = self.url() {
                self.run.end = url.start;
                self.at = url.end;
                return Some(url);
            }
        }
    }
}

impl Words<'_> {
    /// The URL whose scheme ends the run.
    #[inline]
    fn url(&self) -> Option<Range<usize>> {
        let end = self.run.end;
        if self.text[end - 1] != b':' || !self.text[end..].starts_with(b"//") {
            return None;
        }
        let before = self.text[self.run.start..end - 1].iter().rev();
        let scheme = before.take_while(|byte| byte.is_ascii_alphanumeric());
        let start = end - 1 - scheme.count();
        if start == end - 1 {
            return None;
        }
        let rest = &self.text[end..];
        let length = rest.iter().position(|byte| ends_url(*byte));
        let mut close = length.map_or(self.text.len(), |length| end + length);
        let has_bracket = self.text[end..close].contains(&b'(');
        while is_after_url(self.text[close - 1], has_bracket) && close > end + 2 {
            close -= 1;
        }
        Some(start..close)
    }

    /// The next part of the run; empty where nothing stands between two colons.
    #[inline]
    fn part(&mut self) -> Range<usize> {
        let run = self.run.clone();
        let bytes = &self.text[run.clone()];
        let Some(colon) = bytes.iter().position(|byte| *byte == b':') else {
            self.run = run.end..run.end;
            return self.trimmed(run);
        };
        if let Some(length) = ipv6(bytes) {
            self.run = run.end..run.end;
            return run.start..run.start + length;
        }
        self.run.start = run.start + colon + 1;
        self.trimmed(run.start..run.start + colon)
    }

    /// Without the dots of the sentence around it.
    #[inline]
    fn trimmed(&self, mut range: Range<usize>) -> Range<usize> {
        while !range.is_empty() && self.text[range.end - 1] == b'.' {
            range.end -= 1;
        }
        while !range.is_empty() && self.text[range.start] == b'.' {
            range.start += 1;
        }
        range
    }
}

/// How much of a run is one IPv6 address: all of it, or all but a final colon or dot.
fn ipv6(bytes: &[u8]) -> Option<usize> {
    if bytes.len() > IPV6_BYTES_MAX + 1 {
        return None;
    }
    let is_one = |bytes: &[u8]| {
        let text = std::str::from_utf8(bytes);
        text.is_ok_and(|text| text.parse::<Ipv6Addr>().is_ok())
    };
    if is_one(bytes) {
        return Some(bytes.len());
    }
    let (last, rest) = bytes.split_last()?;
    (matches!(last, b':' | b'.') && is_one(rest)).then_some(rest.len())
}

/// May this byte stand in a word, or join two?
#[inline]
fn is_in_run(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_' | b'@' | b':') || byte >= 0x80
}

#[inline]
fn ends_url(byte: u8) -> bool {
    byte <= b' ' || matches!(byte, b'"' | b'\'' | b'<' | b'>' | b'`' | b'|' | 0x7f)
}

/// Punctuation of the sentence around a URL.
#[inline]
fn is_after_url(byte: u8, has_bracket: bool) -> bool {
    matches!(
        byte,
        b'.' | b',' | b';' | b':' | b'!' | b'?' | b']' | b'}' | b'*'
    ) || byte == b')' && !has_bracket
}
