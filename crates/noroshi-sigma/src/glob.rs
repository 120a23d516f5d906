//! A value of a rule: text in which `*` stands for anything and `?` for one character.

use std::fmt::Write as _;

/// A part of a value.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Piece {
    Literal(String),
    /// `?`
    One,
    /// `*`
    Many,
    /// What shells of Windows take for the sign ahead of an option (modifier `windash`).
    Dash,
}

/// A value; pieces side by side, never two literals nor two `Many` in a row.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Glob(pub(crate) Vec<Piece>);

/// Signs that [`Piece::Dash`] stands for.
pub(crate) const DASHES: [char; 5] = ['-', '/', '\u{2013}', '\u{2014}', '\u{2015}'];

impl Glob {
    /// As written in a rule: a backslash takes the meaning of `*`, `?` and of a backslash, and is
    /// itself ahead of anything else (specification, "Escaping").
    pub(crate) fn read(text: &str) -> Self {
        let mut glob = Self::default();
        let mut rest = text.chars().peekable();
        while let Some(c) = rest.next() {
            match c {
                '\\' => match rest.next_if(|next| matches!(next, '*' | '?' | '\\')) {
                    Some(escaped) => glob.push_char(escaped),
                    None => glob.push_char('\\'),
                },
                '*' => glob.push(Piece::Many),
                '?' => glob.push(Piece::One),
                other => glob.push_char(other),
            }
        }
        glob
    }

    /// Text without meaning beyond itself.
    pub(crate) fn literal(text: &str) -> Self {
        let mut glob = Self::default();
        glob.push(Piece::Literal(text.to_owned()));
        glob
    }

    /// Add a piece at the end.
    pub(crate) fn push(&mut self, piece: Piece) {
        match (self.0.last_mut(), piece) {
            (Some(Piece::Literal(last)), Piece::Literal(more)) => last.push_str(&more),
            (Some(Piece::Many), Piece::Many) => {}
            (_, Piece::Literal(text)) if text.is_empty() => {}
            (_, piece) => self.0.push(piece),
        }
    }

    fn push_char(&mut self, c: char) {
        match self.0.last_mut() {
            Some(Piece::Literal(last)) => last.push(c),
            _ => self.0.push(Piece::Literal(c.to_string())),
        }
    }

    /// Of pieces, joined as they may be.
    pub(crate) fn of(pieces: impl IntoIterator<Item = Piece>) -> Self {
        let mut glob = Self::default();
        pieces.into_iter().for_each(|piece| glob.push(piece));
        glob
    }

    /// With anything ahead of it, behind it, or both.
    pub(crate) fn open(self, ahead: bool, behind: bool) -> Self {
        let many = |is: bool| is.then_some(Piece::Many);
        Self::of(many(ahead).into_iter().chain(self.0).chain(many(behind)))
    }

    /// Every sign of an option in it stands for any such sign: one that has no letter, digit or
    /// `_` ahead of it and one behind it.
    pub(crate) fn any_dash(self) -> Self {
        let is_word = |c: char| c.is_alphanumeric() || c == '_';
        let mut glob = Self::default();
        let mut before = None;
        let pieces = self.0;
        for (at, piece) in pieces.iter().enumerate() {
            let Piece::Literal(text) = piece else {
                glob.push(piece.clone());
                before = None;
                continue;
            };
            let next_piece = pieces.get(at + 1);
            let mut chars = text.chars().peekable();
            while let Some(c) = chars.next() {
                let after = chars.peek().copied();
                let word_after = after.is_some_and(is_word)
                    || (after.is_none() && next_piece == Some(&Piece::One));
                if matches!(c, '-' | '/') && !before.is_some_and(is_word) && word_after {
                    glob.push(Piece::Dash);
                } else {
                    glob.push_char(c);
                }
                before = Some(c);
            }
        }
        glob
    }

    /// The text, where it is nothing else.
    pub(crate) fn as_literal(&self) -> Option<&str> {
        match self.0.as_slice() {
            [] => Some(""),
            [Piece::Literal(text)] => Some(text),
            _ => None,
        }
    }

    /// Does it stand for anything at all?
    pub(crate) fn is_anything(&self) -> bool {
        self.0 == [Piece::Many]
    }

    /// As the inside of a regular expression for which `.` is any character: without what opens
    /// and closes it at either end, which [`Self::anchors`] tells.
    pub(crate) fn regex(&self) -> String {
        let mut out = String::new();
        let (first, last) = (0, self.0.len().saturating_sub(1));
        for (at, piece) in self.0.iter().enumerate() {
            match piece {
                Piece::Many if at == first || at == last => {}
                Piece::Many => out.push_str(".*"),
                Piece::One => out.push('.'),
                Piece::Dash => {
                    out.push_str("[/");
                    let others = DASHES.iter().filter(|dash| **dash != '-' && **dash != '/');
                    out.extend(others);
                    out.push_str("-]");
                }
                Piece::Literal(text) => escape(text, &mut out),
            }
        }
        out
    }

    /// Does it begin where the text begins, and end where the text ends?
    pub(crate) fn anchors(&self) -> (bool, bool) {
        let is_many = |piece: Option<&Piece>| piece == Some(&Piece::Many);
        (!is_many(self.0.first()), !is_many(self.0.last()))
    }

    /// As a whole regular expression, read alike by Rust's engine and by a pattern's MATCHES.
    pub(crate) fn whole_regex(&self) -> String {
        let (begins, ends) = self.anchors();
        let (from, to) = (
            if begins { r"\A" } else { "" },
            if ends { r"\z" } else { "" },
        );
        format!("{from}{}{to}", self.regex())
    }
}

fn escape(text: &str, out: &mut String) {
    for c in text.chars() {
        match c {
            '\\' | '.' | '+' | '*' | '?' | '(' | ')' | '|' | '[' | ']' | '{' | '}' | '^' | '$'
            | '#' | '&' | '-' | '~' => {
                out.push('\\');
                out.push(c);
            }
            c if c.is_control() => {
                let _ = write!(out, r"\x{{{:x}}}", u32::from(c));
            }
            c => out.push(c),
        }
    }
}
