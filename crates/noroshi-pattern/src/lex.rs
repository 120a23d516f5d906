//! Text into tokens, each with its place. Constants are read here, so that a bad one is said where
//! it stands.

use data_encoding::{BASE64, HEXLOWER_PERMISSIVE};

use crate::ast::{Constant, Order};
use crate::error::{PatternError, Problem, shown};

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Token {
    Constant(Constant),
    /// A name: letters, digits, underscore, and hyphen where a type stands.
    Name(Box<str>),
    /// One of [`KEYWORDS`].
    Word(&'static str),
    Equal,
    Unequal,
    Ordered(Order),
    Colon,
    Dot,
    Comma,
    Star,
    OpenRound,
    CloseRound,
    OpenSquare,
    CloseSquare,
    End,
}

/// The words of the language, in upper case only (9.3).
pub(crate) const KEYWORDS: [&str; 16] = [
    "AND",
    "OR",
    "NOT",
    "FOLLOWEDBY",
    "LIKE",
    "MATCHES",
    "ISSUPERSET",
    "ISSUBSET",
    "EXISTS",
    "IN",
    "START",
    "STOP",
    "SECONDS",
    "WITHIN",
    "REPEATS",
    "TIMES",
];

/// A token and where it begins.
#[derive(Clone, Debug)]
pub(crate) struct Placed {
    pub(crate) token: Token,
    pub(crate) at: usize,
}

/// All tokens of a pattern, the last of them [`Token::End`].
pub(crate) fn tokens(text: &str) -> Result<Vec<Placed>, PatternError> {
    let mut lexer = Lexer { text, at: 0 };
    let mut tokens = Vec::with_capacity(text.len() / 8 + 8);
    loop {
        lexer.skip()?;
        let at = lexer.at;
        let token = lexer.token()?;
        let is_end = token == Token::End;
        tokens.push(Placed { token, at });
        if is_end {
            return Ok(tokens);
        }
    }
}

struct Lexer<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Lexer<'a> {
    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn fail<T>(
        &self,
        problem: Problem,
        found: impl Into<String>,
        advice: &str,
    ) -> Result<T, PatternError> {
        Err(PatternError::new(
            problem, self.text, self.at, found, advice,
        ))
    }

    /// Spaces and comments.
    fn skip(&mut self) -> Result<(), PatternError> {
        loop {
            let rest = self.rest();
            let trimmed = rest.trim_start_matches(|c: char| c.is_whitespace());
            self.at += rest.len() - trimmed.len();
            if trimmed.starts_with("//") {
                self.at += trimmed.find(['\r', '\n']).unwrap_or(trimmed.len());
            } else if trimmed.starts_with("/*") {
                let Some(end) = trimmed.find("*/").filter(|end| *end > 1) else {
                    return self.fail(
                        Problem::Syntax,
                        "a comment that does not end",
                        "close it by */",
                    );
                };
                self.at += end + 2;
            } else {
                return Ok(());
            }
        }
    }

    fn token(&mut self) -> Result<Token, PatternError> {
        let rest = self.rest();
        let Some(first) = rest.chars().next() else {
            return Ok(Token::End);
        };
        for (sign, token) in [
            ("==", Token::Equal),
            ("!=", Token::Unequal),
            ("<>", Token::Unequal),
            ("<=", Token::Ordered(Order::LessOrEqual)),
            (">=", Token::Ordered(Order::GreaterOrEqual)),
            ("=", Token::Equal),
            ("<", Token::Ordered(Order::Less)),
            (">", Token::Ordered(Order::Greater)),
            (":", Token::Colon),
            (",", Token::Comma),
            ("*", Token::Star),
            ("(", Token::OpenRound),
            (")", Token::CloseRound),
            ("[", Token::OpenSquare),
            ("]", Token::CloseSquare),
        ] {
            if rest.starts_with(sign) {
                self.at += sign.len();
                return Ok(token);
            }
        }
        let second = rest.as_bytes().get(1).copied().unwrap_or_default();
        match first {
            '\'' => self
                .quoted(0)
                .map(|text| Token::Constant(Constant::Text(text))),
            'b' if second == b'\'' => self.binary(),
            'h' if second == b'\'' => self.hex(),
            't' if second == b'\'' => self.time(),
            '.' if !second.is_ascii_digit() => {
                self.at += 1;
                Ok(Token::Dot)
            }
            '0'..='9' | '+' | '-' | '.' => self.number(),
            'a'..='z' | 'A'..='Z' | '_' => Ok(self.name()),
            other => self.fail(
                Problem::Syntax,
                format!("`{}` means nothing here", shown(&other.to_string())),
                "text stands in single quotes, as in 'text'",
            ),
        }
    }

    /// A quoted text of which `skipped` bytes are the letter ahead of the quote.
    fn quoted(&mut self, skipped: usize) -> Result<String, PatternError> {
        let rest = &self.rest()[skipped + 1..];
        let mut text = String::new();
        let mut characters = rest.char_indices();
        while let Some((at, c)) = characters.next() {
            match c {
                '\'' => {
                    self.at += skipped + 1 + at + 1;
                    return Ok(text);
                }
                '\\' => match characters.next() {
                    Some((_, escaped @ ('\'' | '\\'))) => text.push(escaped),
                    _ => {
                        self.at += skipped + 1 + at;
                        return self.fail(
                            Problem::Constant,
                            "a backslash ahead of neither quote nor backslash",
                            "write \\\\ for a backslash and \\' for a quote",
                        );
                    }
                },
                _ => text.push(c),
            }
        }
        self.fail(
            Problem::Syntax,
            "a text whose quote does not close",
            "close it by a single quote; inside, write \\' for one",
        )
    }

    /// What stands between the quotes of `b'..'`, `h'..'` and `t'..'`, where nothing is escaped.
    fn lettered(&mut self) -> Result<&'a str, PatternError> {
        let body = &self.rest()[2..];
        match body.find('\'') {
            Some(end) => Ok(&body[..end]),
            None => self.fail(
                Problem::Syntax,
                "a constant whose quote does not close",
                "close it by a single quote",
            ),
        }
    }

    fn binary(&mut self) -> Result<Token, PatternError> {
        let body = self.lettered()?;
        match BASE64.decode(body.as_bytes()) {
            Ok(bytes) => {
                self.at += body.len() + 3;
                Ok(Token::Constant(Constant::Binary(bytes)))
            }
            Err(_) => self.fail(
                Problem::Constant,
                format!("b'{}' is no base64", shown(body)),
                "give the bytes in base64 with its padding (RFC 4648, section 4)",
            ),
        }
    }

    fn hex(&mut self) -> Result<Token, PatternError> {
        let body = self.lettered()?;
        match HEXLOWER_PERMISSIVE.decode(body.as_bytes()) {
            Ok(bytes) => {
                self.at += body.len() + 3;
                Ok(Token::Constant(Constant::Hex(bytes)))
            }
            Err(_) => self.fail(
                Problem::Constant,
                format!(
                    "h'{}' is not made of pairs of hexadecimal digits",
                    shown(body)
                ),
                "give two digits for each byte",
            ),
        }
    }

    fn time(&mut self) -> Result<Token, PatternError> {
        let body = self.lettered()?;
        match body.parse() {
            Ok(time) => {
                self.at += body.len() + 3;
                Ok(Token::Constant(Constant::Time(time)))
            }
            Err(_) => self.fail(
                Problem::Constant,
                format!("t'{}' is no time", shown(body)),
                "write it as t'2026-11-25T08:00:00Z', in UTC",
            ),
        }
    }

    fn number(&mut self) -> Result<Token, PatternError> {
        let rest = self.rest();
        let unsigned = rest.strip_prefix(['+', '-']).unwrap_or(rest);
        let signed = rest.len() - unsigned.len();
        let digits = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
        let whole = digits(unsigned);
        let after = &unsigned[whole..];
        let parts = after.strip_prefix('.').map_or(0, digits);
        let end = signed + whole + if parts > 0 { parts + 1 } else { 0 };
        let text = &rest[..end];
        let next = rest[end..].chars().next();
        let runs_on = next.is_some_and(|c| c.is_alphanumeric() || c == '_');
        let has_zeros = parts == 0 && whole > 1 && unsigned.starts_with('0');
        if whole + parts == 0 || runs_on || has_zeros {
            return self.fail(
                Problem::Constant,
                format!(
                    "`{}` is no number",
                    shown(&rest[..end + next.map_or(0, char::len_utf8)])
                ),
                "write 12, -12 or 1.5; text stands in single quotes",
            );
        }
        let constant = if parts > 0 {
            text.parse()
                .ok()
                .filter(|n: &f64| n.is_finite())
                .map(Constant::Float)
        } else {
            text.parse().ok().map(Constant::Integer)
        };
        match constant {
            Some(constant) => {
                self.at += end;
                Ok(Token::Constant(constant))
            }
            None => self.fail(
                Problem::Constant,
                format!("{} is beyond 64 bits", shown(text)),
                "no observation holds such a number",
            ),
        }
    }

    fn name(&mut self) -> Token {
        let rest = self.rest();
        let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
        let end = rest.find(|c| !is_part(c)).unwrap_or(rest.len());
        let name = &rest[..end];
        self.at += end;
        match name {
            "true" => Token::Constant(Constant::Boolean(true)),
            "false" => Token::Constant(Constant::Boolean(false)),
            _ => KEYWORDS
                .iter()
                .find(|word| **word == name)
                .map_or_else(|| Token::Name(name.into()), |word| Token::Word(word)),
        }
    }
}
