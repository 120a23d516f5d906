//! The condition of a rule: how its searches go together (specification, "Condition").

use std::collections::BTreeMap;

use crate::detection::{Expr, one_or};
use crate::error::SigmaError;
use crate::glob::Glob;

/// Longest condition, and deepest brackets.
const TEXT_BYTES_MAX: usize = 16 * 1024;
const DEPTH_MAX: usize = 32;
/// Most tests that a condition takes in, each time counted.
const TAKEN_MAX: usize = 40_000;

/// Read a condition over these searches.
pub(crate) fn read(
    text: &str,
    line: usize,
    searches: &BTreeMap<&str, Expr>,
) -> Result<Expr, SigmaError> {
    if text.len() > TEXT_BYTES_MAX {
        let detail = format!("a condition of more than {TEXT_BYTES_MAX} bytes");
        return Err(SigmaError::cost(line, detail));
    }
    if text.contains('|') {
        let detail = "counting in a condition was given up by Sigma: write a correlation";
        return Err(SigmaError::unsupported(line, detail));
    }
    let spaced = text.replace('(', " ( ").replace(')', " ) ");
    let mut reader = Reader {
        words: spaced.split_whitespace().collect(),
        at: 0,
        depth: 0,
        taken: 0,
        line,
        searches,
    };
    let expr = reader.any()?;
    match reader.peek() {
        None => Ok(expr),
        Some(word) => Err(reader.unexpected(word, "`and`, `or` or the end")),
    }
}

struct Reader<'a> {
    words: Vec<&'a str>,
    at: usize,
    depth: usize,
    taken: usize,
    line: usize,
    searches: &'a BTreeMap<&'a str, Expr>,
}

impl<'a> Reader<'a> {
    fn peek(&self) -> Option<&'a str> {
        self.words.get(self.at).copied()
    }

    /// Is this the next word, in any case? Then it is taken.
    fn takes(&mut self, word: &str) -> bool {
        let is_next = self
            .peek()
            .is_some_and(|next| next.eq_ignore_ascii_case(word));
        self.at += usize::from(is_next);
        is_next
    }

    fn unexpected(&self, found: &str, expected: &str) -> SigmaError {
        let detail = format!("the condition has `{found}` where {expected} is expected");
        SigmaError::shape(self.line, detail)
    }

    fn any(&mut self) -> Result<Expr, SigmaError> {
        self.joined("or", Self::all, Expr::Any)
    }

    fn all(&mut self) -> Result<Expr, SigmaError> {
        self.joined("and", Self::one, Expr::All)
    }

    fn joined(
        &mut self,
        word: &str,
        part: fn(&mut Self) -> Result<Expr, SigmaError>,
        join: fn(Vec<Expr>) -> Expr,
    ) -> Result<Expr, SigmaError> {
        let mut parts = vec![part(self)?];
        while self.takes(word) {
            parts.push(part(self)?);
        }
        Ok(one_or(parts, join).expect("invariant: there is a first part"))
    }

    fn one(&mut self) -> Result<Expr, SigmaError> {
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            let detail = format!("the condition is nested deeper than {DEPTH_MAX}");
            return Err(SigmaError::cost(self.line, detail));
        }
        let expr = self.one_inside();
        self.depth -= 1;
        expr
    }

    fn one_inside(&mut self) -> Result<Expr, SigmaError> {
        if self.takes("not") {
            return Ok(Expr::Not(Box::new(self.one()?)));
        }
        if self.takes("(") {
            let inner = self.any()?;
            if !self.takes(")") {
                let found = self.peek().unwrap_or("its end");
                return Err(self.unexpected(found, "`)`"));
            }
            return Ok(inner);
        }
        let Some(word) = self.peek() else {
            return Err(self.unexpected("its end", "a search"));
        };
        self.at += 1;
        let is_count = self
            .peek()
            .is_some_and(|next| next.eq_ignore_ascii_case("of"));
        if !is_count {
            return self.search(word);
        }
        self.at += 1;
        let Some(named) = self.peek() else {
            return Err(self.unexpected("its end", "a name, or `them`"));
        };
        self.at += 1;
        match word.to_ascii_lowercase().as_str() {
            "1" | "any" => Ok(Expr::Any(self.named(named)?)),
            "all" => Ok(Expr::All(self.named(named)?)),
            _ => Err(self.unexpected(word, "`1 of` or `all of`")),
        }
    }

    fn search(&mut self, name: &str) -> Result<Expr, SigmaError> {
        let found = self.searches.get(name).cloned().ok_or_else(|| {
            SigmaError::shape(self.line, format!("the condition names no search `{name}`"))
        })?;
        self.count(&found)?;
        Ok(found)
    }

    /// The searches of a name with `*`; `them` is all whose names do not begin with `_`.
    fn named(&mut self, named: &str) -> Result<Vec<Expr>, SigmaError> {
        let is_them = named.eq_ignore_ascii_case("them");
        let wanted = Glob::read(named).whole_regex();
        let wanted = regex::Regex::new(&format!("(?s){wanted}"))
            .map_err(|_| self.unexpected(named, "a name"))?;
        let searches = self.searches;
        let names = searches
            .iter()
            .filter(|(name, _)| {
                if is_them {
                    !name.starts_with('_')
                } else {
                    wanted.is_match(name)
                }
            })
            .map(|(_, search)| search);
        let mut found = Vec::new();
        for search in names {
            self.count(search)?;
            found.push(search.clone());
        }
        if found.is_empty() {
            return Err(self.unexpected(named, "the name of a search"));
        }
        Ok(found)
    }

    fn count(&mut self, search: &Expr) -> Result<(), SigmaError> {
        self.taken += search.tests();
        if self.taken > TAKEN_MAX {
            let detail = format!("the condition takes in more than {TAKEN_MAX} values");
            return Err(SigmaError::cost(self.line, detail));
        }
        Ok(())
    }
}
