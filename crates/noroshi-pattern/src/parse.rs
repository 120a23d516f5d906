//! Tokens into a pattern, by recursive descent with a cap on depth. The grammar is that of STIX
//! 2.1, 9.3 to 9.7; AND binds closer than OR, OR closer than FOLLOWEDBY.

use core::str::FromStr;

use crate::ast::{
    Comparison, ComparisonExpression, Constant, ObjectPath, ObservationExpression, Pattern,
    Qualifier, Step, Test,
};
use crate::error::{PatternError, Problem, shown};
use crate::lex::{Placed, Token, tokens};
use crate::limits::PatternLimits;

/// Longest WITHIN: a century. Longer says nothing that leaving it out does not.
const WITHIN_MAX_SECONDS: f64 = 3_155_760_000.0;

impl Pattern {
    /// Read a pattern strictly.
    ///
    /// # Errors
    /// What does not follow the grammar, a constant that is none, a cap of `limits`.
    pub fn parse(text: &str, limits: &PatternLimits) -> Result<Self, PatternError> {
        if text.len() > limits.bytes_max {
            return Err(PatternError::new(
                Problem::Cost,
                text,
                0,
                format!(
                    "{} bytes are more than the {} allowed",
                    text.len(),
                    limits.bytes_max
                ),
                "split it into several indicators",
            ));
        }
        let mut parser = Parser {
            text,
            tokens: tokens(text)?,
            next: 0,
            last: 0,
            depth: 0,
            terms: 0,
            limits,
        };
        let root = parser.sequence()?;
        match parser.peek() {
            Token::End => Ok(Self { root }),
            _ => Err(parser.unexpected("AND, OR, FOLLOWEDBY, a qualifier or the end")),
        }
    }
}

impl FromStr for Pattern {
    type Err = PatternError;

    fn from_str(text: &str) -> Result<Self, PatternError> {
        Self::parse(text, &PatternLimits::DEFAULT)
    }
}

struct Parser<'a> {
    text: &'a str,
    // INVARIANT: ends with `Token::End`, beyond which `next` never goes.
    tokens: Vec<Placed>,
    next: usize,
    /// The one taken last.
    last: usize,
    depth: usize,
    terms: usize,
    limits: &'a PatternLimits,
}

impl Parser<'_> {
    fn peek(&self) -> &Token {
        &self.tokens[self.next].token
    }

    fn at(&self) -> usize {
        self.tokens[self.next].at
    }

    fn take(&mut self) -> Token {
        let token = self.tokens[self.next].token.clone();
        self.last = self.next;
        if token != Token::End {
            self.next += 1;
        }
        token
    }

    fn takes(&mut self, token: &Token) -> bool {
        let is_it = self.peek() == token;
        if is_it {
            self.take();
        }
        is_it
    }

    fn takes_word(&mut self, word: &str) -> bool {
        let is_it = matches!(self.peek(), Token::Word(found) if *found == word);
        if is_it {
            self.take();
        }
        is_it
    }

    fn wants(&mut self, token: &Token, expected: &str) -> Result<(), PatternError> {
        if self.takes(token) {
            Ok(())
        } else {
            Err(self.unexpected(expected))
        }
    }

    fn wants_word(&mut self, word: &str) -> Result<(), PatternError> {
        if self.takes_word(word) {
            Ok(())
        } else {
            Err(self.unexpected(word))
        }
    }

    fn fail(&self, at: usize, problem: Problem, found: String, advice: &str) -> PatternError {
        PatternError::new(problem, self.text, at, found, advice)
    }

    fn unexpected(&self, expected: &str) -> PatternError {
        let at = self.at();
        let end = self
            .tokens
            .get(self.next + 1)
            .map_or(self.text.len(), |next| next.at);
        let found = match self.peek() {
            Token::End => "the pattern ends here".to_owned(),
            _ => format!("`{}` stands here", shown(self.text[at..end].trim_end())),
        };
        let mut advice = format!("expected {expected}");
        if let Token::Name(name) = self.peek() {
            let upper = name.to_ascii_uppercase();
            if crate::lex::KEYWORDS.contains(&upper.as_str()) {
                advice = format!("{advice}; the words of the language are in upper case");
            }
        }
        self.fail(at, Problem::Syntax, found, &advice)
    }

    /// Go one level down for as long as `inner` takes.
    fn deeper<T>(
        &mut self,
        inner: impl FnOnce(&mut Self) -> Result<T, PatternError>,
    ) -> Result<T, PatternError> {
        if self.depth == self.limits.depth_max {
            let found = format!("more than {} brackets within each other", self.depth);
            return Err(self.fail(self.at(), Problem::Cost, found, "say it with fewer"));
        }
        self.depth += 1;
        let outcome = inner(self);
        self.depth -= 1;
        outcome
    }

    fn count_term(&mut self) -> Result<(), PatternError> {
        self.terms += 1;
        if self.terms > self.limits.terms_max {
            let found = format!(
                "more than {} comparisons and constants",
                self.limits.terms_max
            );
            return Err(self.fail(
                self.at(),
                Problem::Cost,
                found,
                "split it into several patterns",
            ));
        }
        Ok(())
    }

    fn joined<T>(
        &mut self,
        word: &str,
        part: fn(&mut Self) -> Result<T, PatternError>,
        join: fn(Vec<T>) -> T,
    ) -> Result<T, PatternError> {
        let first = part(self)?;
        if !matches!(self.peek(), Token::Word(found) if *found == word) {
            return Ok(first);
        }
        let mut parts = vec![first];
        while self.takes_word(word) {
            parts.push(part(self)?);
        }
        Ok(join(parts))
    }

    fn sequence(&mut self) -> Result<ObservationExpression, PatternError> {
        self.joined("FOLLOWEDBY", Self::any, ObservationExpression::Sequence)
    }

    fn any(&mut self) -> Result<ObservationExpression, PatternError> {
        self.joined("OR", Self::all, ObservationExpression::Any)
    }

    fn all(&mut self) -> Result<ObservationExpression, PatternError> {
        self.joined("AND", Self::qualified, ObservationExpression::All)
    }

    fn qualified(&mut self) -> Result<ObservationExpression, PatternError> {
        let is_group = self.peek() == &Token::OpenRound;
        let mut expression = match self.take() {
            Token::OpenSquare => {
                let inner = self.deeper(Self::comparisons)?;
                self.wants(&Token::CloseSquare, "AND, OR or `]`")?;
                ObservationExpression::One(inner)
            }
            Token::OpenRound => {
                let inner = self.deeper(Self::sequence)?;
                self.wants(
                    &Token::CloseRound,
                    "AND, OR, FOLLOWEDBY, a qualifier or `)`",
                )?;
                inner
            }
            _ => return Err(self.back("an observation in square brackets, or `(`")),
        };
        // What a group in brackets was qualified by is one unit; what follows qualifies that.
        let mut here: Vec<Qualifier> = Vec::new();
        loop {
            let at = self.at();
            let Some(qualifier) = self.qualifier()? else {
                break;
            };
            let is_twice = here
                .iter()
                .any(|other| core::mem::discriminant(other) == core::mem::discriminant(&qualifier));
            if is_twice && !is_group {
                let found = "the same kind of qualifier a second time".to_owned();
                let advice = "put the expression and its first qualifier in round brackets";
                return Err(self.fail(at, Problem::Syntax, found, advice));
            }
            if is_twice {
                let inner = core::mem::take(&mut here);
                expression = self.wrapped(expression, inner)?;
            }
            here.push(qualifier);
        }
        self.wrapped(expression, here)
    }

    /// Qualifiers nest, too: a chain of them is as deep as the brackets that would say it.
    fn wrapped(
        &self,
        expression: ObservationExpression,
        qualifiers: Vec<Qualifier>,
    ) -> Result<ObservationExpression, PatternError> {
        if qualifiers.is_empty() {
            return Ok(expression);
        }
        let mut nested = 0;
        let mut inner = &expression;
        while let ObservationExpression::Qualified(deeper, _) = inner {
            (nested, inner) = (nested + 1, &**deeper);
        }
        if nested + self.depth >= self.limits.depth_max {
            let found = format!("more than {nested} qualifiers around each other");
            return Err(self.fail(self.at(), Problem::Cost, found, "say it with fewer"));
        }
        Ok(ObservationExpression::Qualified(
            Box::new(expression),
            qualifiers,
        ))
    }

    fn qualifier(&mut self) -> Result<Option<Qualifier>, PatternError> {
        if self.takes_word("REPEATS") {
            let at = self.at();
            let count = match self.take() {
                Token::Constant(Constant::Integer(count)) => count,
                _ => return Err(self.back("how many times, as in REPEATS 5 TIMES")),
            };
            let repeats = u32::try_from(count)
                .ok()
                .filter(|count| (1..=self.limits.repeats_max).contains(count));
            let Some(repeats) = repeats else {
                let found = format!("REPEATS {count} TIMES");
                let advice = format!("between 1 and {} times", self.limits.repeats_max);
                return Err(self.fail(at, Problem::Cost, found, &advice));
            };
            self.wants_word("TIMES")?;
            Ok(Some(Qualifier::Repeats(repeats)))
        } else if self.takes_word("WITHIN") {
            let at = self.at();
            let seconds = match self.take() {
                #[expect(
                    clippy::cast_precision_loss,
                    reason = "capped just below, far under 2^53"
                )]
                Token::Constant(Constant::Integer(seconds)) => seconds as f64,
                Token::Constant(Constant::Float(seconds)) => seconds,
                _ => return Err(self.back("a number of seconds, as in WITHIN 300 SECONDS")),
            };
            if !(0.000_001..=WITHIN_MAX_SECONDS).contains(&seconds) {
                let found = format!("WITHIN {seconds} SECONDS");
                let advice = "between a microsecond and a century";
                return Err(self.fail(at, Problem::Cost, found, advice));
            }
            self.wants_word("SECONDS")?;
            #[expect(
                clippy::cast_possible_truncation,
                reason = "a century in microseconds fits"
            )]
            let micros = (seconds * 1e6).round() as i64;
            Ok(Some(Qualifier::Within(micros)))
        } else if self.takes_word("START") {
            let start = self.time()?;
            self.wants_word("STOP")?;
            let at = self.at();
            let stop = self.time()?;
            if stop <= start {
                let found = "STOP is not after START, so nothing lies between them".to_owned();
                return Err(self.fail(at, Problem::Constant, found, "give the later time second"));
            }
            Ok(Some(Qualifier::StartStop(start, stop)))
        } else {
            Ok(None)
        }
    }

    fn time(&mut self) -> Result<noroshi_model::Timestamp, PatternError> {
        match self.take() {
            Token::Constant(Constant::Time(time)) => Ok(time),
            _ => Err(self.back("a time, as in t'2026-11-25T08:00:00Z'")),
        }
    }

    /// Unexpected, of the token taken last.
    fn back(&mut self, expected: &str) -> PatternError {
        self.next = self.last;
        self.unexpected(expected)
    }

    fn comparisons(&mut self) -> Result<ComparisonExpression, PatternError> {
        self.joined("OR", Self::comparisons_and, ComparisonExpression::Any)
    }

    fn comparisons_and(&mut self) -> Result<ComparisonExpression, PatternError> {
        self.joined("AND", Self::comparison, ComparisonExpression::All)
    }

    fn comparison(&mut self) -> Result<ComparisonExpression, PatternError> {
        if self.takes(&Token::OpenRound) {
            let inner = self.deeper(Self::comparisons)?;
            self.wants(&Token::CloseRound, "AND, OR or `)`")?;
            return Ok(inner);
        }
        self.count_term()?;
        let is_not = self.takes_word("NOT");
        if self.takes_word("EXISTS") {
            let path = self.path()?;
            return Ok(ComparisonExpression::Test(Comparison {
                path,
                negated: is_not,
                test: Test::Exists,
            }));
        }
        if is_not {
            return Err(self.unexpected("EXISTS; elsewhere NOT stands behind the path"));
        }
        let path = self.path()?;
        let negated = self.takes_word("NOT");
        let test = self.test()?;
        Ok(ComparisonExpression::Test(Comparison {
            path,
            negated,
            test,
        }))
    }

    fn test(&mut self) -> Result<Test, PatternError> {
        let at = self.at();
        match self.take() {
            Token::Equal => self.constant().map(Test::Equal),
            Token::Unequal => self.constant().map(Test::Unequal),
            Token::Ordered(order) => match self.constant()? {
                Constant::Boolean(_) => {
                    let found = "true and false have no order".to_owned();
                    Err(self.fail(at, Problem::Constant, found, "compare them by = or !="))
                }
                constant => Ok(Test::Ordered(order, constant)),
            },
            Token::Word("IN") => self.set().map(Test::In),
            Token::Word("LIKE") => self.string().map(Test::Like),
            Token::Word("MATCHES") => self.string().map(Test::Matches),
            Token::Word("ISSUBSET") => self.network().map(Test::IsSubset),
            Token::Word("ISSUPERSET") => self.network().map(Test::IsSuperset),
            _ => Err(self.back(
                "a comparison: =, !=, <, <=, >, >=, IN, LIKE, MATCHES, ISSUBSET or \
                 ISSUPERSET",
            )),
        }
    }

    fn constant(&mut self) -> Result<Constant, PatternError> {
        match self.take() {
            Token::Constant(constant) => Ok(constant),
            _ => {
                Err(self.back("a constant, such as 'text', 12, 1.5, true, h'ff', b'/w==' or t'..'"))
            }
        }
    }

    fn string(&mut self) -> Result<String, PatternError> {
        match self.take() {
            Token::Constant(Constant::Text(text)) => Ok(text),
            _ => Err(self.back("a text in single quotes")),
        }
    }

    fn network(&mut self) -> Result<String, PatternError> {
        let at = self.at();
        let text = self.string()?;
        if crate::subnet::Subnet::read(&text).is_none() {
            let found = format!("`{}` is neither an address nor a network", shown(&text));
            let advice = "write it as 198.51.100.0/24 or 2001:db8::/32";
            return Err(self.fail(at, Problem::Constant, found, advice));
        }
        Ok(text)
    }

    fn set(&mut self) -> Result<Vec<Constant>, PatternError> {
        self.wants(&Token::OpenRound, "a set of constants in round brackets")?;
        let mut set = Vec::new();
        if self.takes(&Token::CloseRound) {
            return Ok(set);
        }
        loop {
            self.count_term()?;
            set.push(self.constant()?);
            if self.takes(&Token::CloseRound) {
                return Ok(set);
            }
            self.wants(&Token::Comma, "`,` or `)`")?;
        }
    }

    fn path(&mut self) -> Result<ObjectPath, PatternError> {
        let object_type = match self.take() {
            Token::Name(name) => name,
            _ => return Err(self.back("a type of object, as in file:name")),
        };
        self.wants(&Token::Colon, "`:` and a property, as in file:name")?;
        let mut steps = vec![self.key()?];
        loop {
            if self.takes(&Token::Dot) {
                steps.push(self.key()?);
            } else if self.takes(&Token::OpenSquare) {
                let step = match self.take() {
                    Token::Star => Step::Any,
                    Token::Constant(Constant::Integer(index)) if index >= 0 => {
                        Step::Index(usize::try_from(index).unwrap_or(usize::MAX))
                    }
                    _ => return Err(self.back("the number of an element, from 0, or *")),
                };
                self.wants(&Token::CloseSquare, "`]`")?;
                steps.push(step);
            } else {
                break;
            }
            if steps.len() > self.limits.depth_max {
                let found = format!("a path of more than {} steps", self.limits.depth_max);
                return Err(self.fail(self.at(), Problem::Cost, found, "no object is so deep"));
            }
        }
        Ok(ObjectPath { object_type, steps })
    }

    fn key(&mut self) -> Result<Step, PatternError> {
        let at = self.at();
        match self.take() {
            Token::Name(name) if name.contains('-') => {
                let found = format!("`{}` has a hyphen", shown(&name));
                let advice = "put it in quotes, as in hashes.'SHA-256'";
                Err(self.fail(at, Problem::Syntax, found, advice))
            }
            Token::Name(name) => Ok(Step::Key(name)),
            Token::Constant(Constant::Text(name)) => Ok(Step::Key(name.into())),
            Token::Word(word) => {
                let found = format!("{word} is a word of the language");
                let advice = format!("as a property put it in quotes: '{word}'");
                Err(self.fail(at, Problem::Syntax, found, &advice))
            }
            _ => Err(self.back("a property's name")),
        }
    }
}
