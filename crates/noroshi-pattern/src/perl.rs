//! MATCHES (9.6.1): Perl's regular expressions, put into terms of an engine whose work is linear
//! in what it searches. What cannot be said there (looking around, referring back, not giving back
//! what was taken) is refused with the reason.
//!
//! As in PCRE without options: `\d`, `\w`, `\s` and `\b` know ASCII, `.` stops at a line's end, `$`
//! also stands ahead of a last line's end; found anywhere unless anchored.

use regex::bytes::{Regex, RegexBuilder};
use unicode_normalization::UnicodeNormalization as _;

use crate::compare::octets;
use crate::error::{PatternError, Problem};

/// A regular expression for texts and for bytes.
#[derive(Clone, Debug)]
pub(crate) struct Expression {
    text: Regex,
    /// None: it has characters that are no byte, so that no bytes match (9.6.3).
    bytes: Option<Regex>,
}

impl Expression {
    pub(crate) fn new(written: &str, bytes_max: usize) -> Result<Self, PatternError> {
        let written: String = written.nfc().collect();
        let text = Translator::run(&written, false)?;
        let text = build(&written, &text, true, bytes_max)?;
        let bytes = match octets(&written) {
            Some(_) => {
                let bytes = Translator::run(&written, true)?;
                Some(build(&written, &bytes, false, bytes_max)?)
            }
            None => None,
        };
        Ok(Self { text, bytes })
    }

    pub(crate) fn finds(&self, text: &str) -> bool {
        self.text.is_match(text.as_bytes())
    }

    pub(crate) fn finds_in_bytes(&self, bytes: &[u8]) -> bool {
        self.bytes
            .as_ref()
            .is_some_and(|regex| regex.is_match(bytes))
    }
}

fn build(
    written: &str,
    translated: &str,
    is_text: bool,
    bytes_max: usize,
) -> Result<Regex, PatternError> {
    RegexBuilder::new(translated)
        .unicode(is_text)
        .size_limit(bytes_max)
        .dfa_size_limit(bytes_max)
        .nest_limit(64)
        .build()
        .map_err(|error| {
            let is_large = matches!(error, regex::Error::CompiledTooBig(_));
            let (problem, found) = if is_large {
                let found = format!("a regular expression that takes over {bytes_max} bytes");
                (Problem::Cost, found)
            } else {
                let said = error.to_string();
                let last = said.lines().last().unwrap_or_default();
                (
                    Problem::Regex,
                    format!("a regular expression that is not one: {last}"),
                )
            };
            let advice = if is_large {
                "repeat less in it"
            } else {
                "correct it"
            };
            PatternError::new(problem, written, 0, found, advice)
        })
}

struct Translator<'a> {
    written: &'a str,
    at: usize,
    out: String,
    is_bytes: bool,
}

const SPACE: &str = r"\t\n\x0B\x0C\r ";
const WORD: &str = "0-9A-Za-z_";

impl<'a> Translator<'a> {
    fn run(written: &'a str, is_bytes: bool) -> Result<String, PatternError> {
        let mut translator = Self {
            written,
            at: 0,
            out: String::with_capacity(written.len() * 2),
            is_bytes,
        };
        while let Some(c) = translator.peek() {
            translator.one(c)?;
        }
        Ok(translator.out)
    }

    fn rest(&self) -> &'a str {
        &self.written[self.at..]
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn next(&mut self) -> Option<char> {
        let c = self.peek()?;
        self.at += c.len_utf8();
        Some(c)
    }

    fn takes(&mut self, text: &str) -> bool {
        let is_here = self.rest().starts_with(text);
        if is_here {
            self.at += text.len();
        }
        is_here
    }

    fn refuse<T>(&self, what: &str) -> Result<T, PatternError> {
        Err(PatternError::new(
            Problem::Regex,
            self.written,
            self.at,
            format!("the regular expression uses {what}"),
            "no engine runs that in linear time; say it in several comparisons",
        ))
    }

    fn one(&mut self, c: char) -> Result<(), PatternError> {
        match c {
            '\\' => {
                self.next();
                return self.escape(false);
            }
            '[' => {
                self.next();
                return self.class();
            }
            '(' => {
                self.next();
                return self.open();
            }
            '$' => {
                self.next();
                self.out.push_str(r"(?:\n?$)");
            }
            '*' | '+' | '?' => {
                self.next();
                self.out.push(c);
                return self.quantified();
            }
            '{' => {
                if let Some(length) = quantifier(self.rest()) {
                    self.out.push_str(&self.rest()[..length]);
                    self.at += length;
                    return self.quantified();
                }
                self.next();
                self.out.push_str(r"\{");
            }
            '}' => {
                self.next();
                self.out.push_str(r"\}");
            }
            '.' | '^' | '|' | ')' => {
                self.next();
                self.out.push(c);
            }
            _ => {
                self.next();
                self.literal(c);
            }
        }
        Ok(())
    }

    /// Behind a quantifier: `?` takes as little, `+` would keep what it took.
    fn quantified(&mut self) -> Result<(), PatternError> {
        if self.takes("?") {
            self.out.push('?');
        } else if self.peek() == Some('+') {
            return self.refuse("a possessive quantifier");
        }
        Ok(())
    }

    fn open(&mut self) -> Result<(), PatternError> {
        for (sign, what) in [
            ("?=", "a look ahead"),
            ("?!", "a look ahead"),
            ("?<=", "a look behind"),
            ("?<!", "a look behind"),
            ("?>", "an atomic group"),
            ("?|", "groups that share numbers"),
            ("?(", "a condition"),
            ("?R", "recursion"),
            ("?&", "recursion"),
            ("?P>", "recursion"),
            ("?P=", "a reference back"),
            ("?C", "a callout"),
            ("*", "a verb of the engine"),
        ] {
            if self.rest().starts_with(sign) {
                return self.refuse(what);
            }
        }
        if self.takes("?#") {
            match self.rest().find(')') {
                Some(end) => self.at += end + 1,
                None => return self.refuse("a comment that does not end"),
            }
            return Ok(());
        }
        let mut after = self.rest().strip_prefix('?').unwrap_or_default().chars();
        if after
            .next()
            .is_some_and(|c| c.is_ascii_digit() || matches!(c, '+'))
            || (self.rest().starts_with("?-") && after.next().is_some_and(|c| c.is_ascii_digit()))
        {
            return self.refuse("recursion");
        }
        self.out.push('(');
        if self.takes("?'") {
            // A third way to name a group.
            let name = self.rest().find('\'').map(|end| &self.rest()[..end]);
            let Some(name) = name else {
                return self.refuse("a name that does not end");
            };
            self.at += name.len() + 1;
            self.out.push_str("?P<");
            self.out.push_str(name);
            self.out.push('>');
        }
        Ok(())
    }

    /// Behind a backslash.
    fn escape(&mut self, in_class: bool) -> Result<(), PatternError> {
        let Some(c) = self.next() else {
            return self.refuse("a backslash at its end");
        };
        match c {
            'd' | 'D' => self.set("0-9", c == 'D', in_class),
            'w' | 'W' => self.set(WORD, c == 'W', in_class),
            's' | 'S' => self.set(SPACE, c == 'S', in_class),
            'h' | 'H' => self.set(r"\t \xA0", c == 'H', in_class),
            'v' | 'V' => self.set(r"\n\x0B\x0C\r\x85", c == 'V', in_class),
            'N' if !in_class => self.out.push_str(r"[^\n]"),
            'R' if !in_class => self.out.push_str(r"(?:\r\n|[\n\x0B\x0C\r\x85])"),
            'b' if in_class => self.out.push_str(r"\x08"),
            'b' => self.out.push_str(r"(?-u:\b)"),
            'B' if !in_class => self.out.push_str(r"(?-u:\B)"),
            'A' | 'z' if !in_class => {
                self.out.push('\\');
                self.out.push(c);
            }
            'Z' if !in_class => self.out.push_str(r"(?:\n?\z)"),
            // What lies ahead of it is not part of the match; whether there is one is all we ask.
            'K' if !in_class => {}
            'G' | 'X' | 'C' if !in_class => return self.refuse("a place only Perl knows"),
            'g' | 'k' => return self.refuse("a reference back"),
            '1'..='3' if self.is_octal() => self.octal(c),
            '1'..='9' if !in_class => return self.refuse("a reference back"),
            '0'..='7' => self.octal(c),
            'a' => self.code(0x07),
            'e' => self.code(0x1B),
            'f' => self.code(0x0C),
            'n' => self.code(0x0A),
            'r' => self.code(0x0D),
            't' => self.code(0x09),
            'c' => {
                let Some(letter) = self.next().filter(char::is_ascii) else {
                    return self.refuse("a control character that is none");
                };
                self.code(u32::from(letter.to_ascii_uppercase()) ^ 0x40);
            }
            'x' => return self.hexadecimal(),
            'p' | 'P' if !self.is_bytes => {
                self.out.push('\\');
                self.out.push(c);
            }
            'p' | 'P' => return self.property(),
            'Q' => {
                let end = self.rest().find("\\E").unwrap_or(self.rest().len());
                let text = &self.rest()[..end];
                text.chars().for_each(|c| self.literal(c));
                self.at += end;
                self.takes("\\E");
            }
            'E' => {}
            'o' | 'u' | 'U' | 'L' | 'l' => return self.refuse("an escape only Perl knows"),
            other => self.literal(other),
        }
        Ok(())
    }

    /// A property of Unicode means nothing of bytes: what stands there matches none.
    fn property(&mut self) -> Result<(), PatternError> {
        self.refuse("a property of Unicode, beside bytes")
    }

    fn set(&mut self, ranges: &str, is_negated: bool, in_class: bool) {
        match (in_class, is_negated) {
            (true, false) => self.out.push_str(ranges),
            (_, true) => {
                self.out.push_str("[^");
                self.out.push_str(ranges);
                self.out.push(']');
            }
            (false, false) => {
                self.out.push('[');
                self.out.push_str(ranges);
                self.out.push(']');
            }
        }
    }

    /// Do two more octal digits follow? Three are a character, unless there were as many groups.
    fn is_octal(&self) -> bool {
        let rest = self.rest().as_bytes();
        rest.len() >= 2 && rest[..2].iter().all(|c| matches!(c, b'0'..=b'7'))
    }

    fn octal(&mut self, first: char) {
        let mut code = first.to_digit(8).unwrap_or_default();
        for _ in 0..2 {
            let Some(digit) = self.peek().and_then(|c| c.to_digit(8)) else {
                break;
            };
            self.next();
            code = code * 8 + digit;
        }
        self.code(code);
    }

    fn hexadecimal(&mut self) -> Result<(), PatternError> {
        let digits = if self.takes("{") {
            let Some(end) = self.rest().find('}') else {
                return self.refuse("a number that does not end");
            };
            let digits = &self.rest()[..end];
            self.at += end + 1;
            digits
        } else {
            let rest = self.rest();
            let length = rest
                .bytes()
                .take(2)
                .take_while(u8::is_ascii_hexdigit)
                .count();
            self.at += length;
            &rest[..length]
        };
        let code = if digits.is_empty() {
            Some(0)
        } else {
            u32::from_str_radix(digits, 16).ok()
        };
        match code.filter(|code| char::from_u32(*code).is_some()) {
            Some(code) => {
                self.code(code);
                Ok(())
            }
            None => self.refuse("a number that is no character"),
        }
    }

    fn code(&mut self, code: u32) {
        self.literal(char::from_u32(code).unwrap_or('\u{fffd}'));
    }

    /// A character for itself.
    fn literal(&mut self, c: char) {
        let code = u32::from(c);
        if self.is_bytes && code > 0xFF {
            // No byte is this character, so nothing matches here.
            self.out.push_str(r"[^\x00-\xFF]");
        } else if c.is_ascii_alphanumeric() || matches!(c, '_' | '<' | '>' | ' ') {
            self.out.push(c);
        } else if c.is_ascii_punctuation() {
            self.out.push('\\');
            self.out.push(c);
        } else if self.is_bytes {
            self.out.push_str(&format!("\\x{code:02X}"));
        } else {
            self.out.push_str(&format!("\\x{{{code:X}}}"));
        }
    }

    fn class(&mut self) -> Result<(), PatternError> {
        self.out.push('[');
        if self.takes("^") {
            self.out.push('^');
        }
        if self.takes("]") {
            self.out.push_str(r"\]");
        }
        loop {
            let Some(c) = self.next() else {
                return self.refuse("a class that does not end");
            };
            match c {
                ']' => {
                    self.out.push(']');
                    return Ok(());
                }
                '\\' => self.escape(true)?,
                '[' if self.rest().starts_with(':') && self.rest().contains(":]") => {
                    let end = self.rest().find(":]").unwrap_or_default() + 2;
                    self.out.push('[');
                    self.out.push_str(&self.rest()[..end]);
                    self.at += end;
                }
                '-' => {
                    // A range where both sides are there; doubled it would mean something else.
                    let is_edge = self.out.ends_with(['[', '^', '-', ']']);
                    self.out.push_str(if is_edge || self.peek() == Some(']') {
                        r"\-"
                    } else {
                        "-"
                    });
                }
                _ => self.literal(c),
            }
        }
    }
}

/// How long a `{n}`, `{n,}` or `{n,m}` is; anything else is a brace.
fn quantifier(text: &str) -> Option<usize> {
    let inner = &text[1..text.find('}')?];
    let (low, high) = inner.split_once(',').unwrap_or((inner, ""));
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|c| c.is_ascii_digit());
    (is_number(low) && (high.is_empty() || is_number(high))).then_some(inner.len() + 2)
}
