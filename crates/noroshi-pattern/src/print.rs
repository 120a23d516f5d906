//! The canonical form: one space between parts, round brackets only where they change something.

use core::fmt::{self, Display, Formatter, Write as _};

use data_encoding::{BASE64, HEXLOWER};

use crate::ast::{
    Comparison, ComparisonExpression, Constant, ObjectPath, ObservationExpression, Order, Pattern,
    Qualifier, Step, Test,
};
use crate::lex::KEYWORDS;

impl Display for Pattern {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        observation(f, &self.root)
    }
}

fn observation(f: &mut Formatter<'_>, expression: &ObservationExpression) -> fmt::Result {
    match expression {
        ObservationExpression::One(inner) => {
            f.write_str("[")?;
            comparison(f, inner)?;
            f.write_str("]")
        }
        ObservationExpression::All(parts) => observations(f, parts, " AND ", 2),
        ObservationExpression::Any(parts) => observations(f, parts, " OR ", 1),
        ObservationExpression::Sequence(parts) => observations(f, parts, " FOLLOWEDBY ", 0),
        ObservationExpression::Qualified(inner, qualifiers) => {
            let is_plain = matches!(**inner, ObservationExpression::One(_));
            grouped(f, !is_plain, |f| observation(f, inner))?;
            qualifiers
                .iter()
                .try_for_each(|qualifier| write!(f, " {qualifier}"))
        }
    }
}

/// How close an expression holds together, against what joins it.
fn closeness(expression: &ObservationExpression) -> u8 {
    match expression {
        ObservationExpression::Sequence(_) => 0,
        ObservationExpression::Any(_) => 1,
        ObservationExpression::All(_) => 2,
        ObservationExpression::One(_) | ObservationExpression::Qualified(..) => 3,
    }
}

fn observations(
    f: &mut Formatter<'_>,
    parts: &[ObservationExpression],
    word: &str,
    close: u8,
) -> fmt::Result {
    for (at, part) in parts.iter().enumerate() {
        if at > 0 {
            f.write_str(word)?;
        }
        grouped(f, closeness(part) <= close, |f| observation(f, part))?;
    }
    Ok(())
}

fn grouped(
    f: &mut Formatter<'_>,
    is_grouped: bool,
    inner: impl FnOnce(&mut Formatter<'_>) -> fmt::Result,
) -> fmt::Result {
    if is_grouped {
        f.write_str("(")?;
        inner(f)?;
        f.write_str(")")
    } else {
        inner(f)
    }
}

fn comparison(f: &mut Formatter<'_>, expression: &ComparisonExpression) -> fmt::Result {
    let (parts, word, is_and) = match expression {
        ComparisonExpression::Test(test) => return write!(f, "{test}"),
        ComparisonExpression::All(parts) => (parts, " AND ", true),
        ComparisonExpression::Any(parts) => (parts, " OR ", false),
    };
    for (at, part) in parts.iter().enumerate() {
        if at > 0 {
            f.write_str(word)?;
        }
        let is_grouped = match part {
            ComparisonExpression::Test(_) => false,
            ComparisonExpression::All(_) => is_and,
            ComparisonExpression::Any(_) => true,
        };
        grouped(f, is_grouped, |f| comparison(f, part))?;
    }
    Ok(())
}

impl Display for Qualifier {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Repeats(times) => write!(f, "REPEATS {times} TIMES"),
            Self::Within(micros) => {
                write!(f, "WITHIN {}", micros / 1_000_000)?;
                let rest = micros % 1_000_000;
                if rest > 0 {
                    let digits = format!("{rest:06}");
                    write!(f, ".{}", digits.trim_end_matches('0'))?;
                }
                f.write_str(" SECONDS")
            }
            Self::StartStop(start, stop) => write!(f, "START t'{start}' STOP t'{stop}'"),
        }
    }
}

impl Display for Comparison {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Self {
            path,
            negated,
            test,
        } = self;
        let not = if *negated { "NOT " } else { "" };
        match test {
            Test::Exists => write!(f, "{not}EXISTS {path}"),
            Test::Equal(constant) => write!(f, "{path} {not}= {constant}"),
            Test::Unequal(constant) => write!(f, "{path} {not}!= {constant}"),
            Test::Ordered(order, constant) => write!(f, "{path} {not}{order} {constant}"),
            Test::In(set) => {
                write!(f, "{path} {not}IN (")?;
                for (at, constant) in set.iter().enumerate() {
                    let comma = if at > 0 { ", " } else { "" };
                    write!(f, "{comma}{constant}")?;
                }
                f.write_str(")")
            }
            Test::Like(text) => written(f, path, not, "LIKE", text),
            Test::Matches(text) => written(f, path, not, "MATCHES", text),
            Test::IsSubset(text) => written(f, path, not, "ISSUBSET", text),
            Test::IsSuperset(text) => written(f, path, not, "ISSUPERSET", text),
        }
    }
}

fn written(
    f: &mut Formatter<'_>,
    path: &ObjectPath,
    not: &str,
    word: &str,
    text: &str,
) -> fmt::Result {
    write!(f, "{path} {not}{word} ")?;
    quote(f, text)
}

impl Display for Order {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Less => "<",
            Self::LessOrEqual => "<=",
            Self::Greater => ">",
            Self::GreaterOrEqual => ">=",
        })
    }
}

impl Display for ObjectPath {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{}:", self.object_type)?;
        for (at, step) in self.steps.iter().enumerate() {
            match step {
                Step::Key(key) => {
                    f.write_str(if at > 0 { "." } else { "" })?;
                    if is_bare(key) {
                        f.write_str(key)?
                    } else {
                        quote(f, key)?
                    }
                }
                Step::Index(index) => write!(f, "[{index}]")?,
                Step::Any => f.write_str("[*]")?,
            }
        }
        Ok(())
    }
}

/// May a key stand without quotes?
fn is_bare(key: &str) -> bool {
    let is_first = |c: char| c.is_ascii_alphabetic() || c == '_';
    key.starts_with(is_first)
        && key.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
        && !KEYWORDS.contains(&key)
        && !matches!(key, "true" | "false")
}

impl Display for Constant {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Integer(number) => write!(f, "{number}"),
            Self::Float(number) if number.fract() == 0.0 => write!(f, "{number:.1}"),
            Self::Float(number) => write!(f, "{number}"),
            Self::Text(text) => quote(f, text),
            Self::Boolean(truth) => write!(f, "{truth}"),
            Self::Hex(bytes) => write!(f, "h'{}'", HEXLOWER.encode(bytes)),
            Self::Binary(bytes) => write!(f, "b'{}'", BASE64.encode(bytes)),
            Self::Time(time) => write!(f, "t'{time}'"),
        }
    }
}

fn quote(f: &mut Formatter<'_>, text: &str) -> fmt::Result {
    f.write_char('\'')?;
    for c in text.chars() {
        if matches!(c, '\'' | '\\') {
            f.write_char('\\')?;
        }
        f.write_char(c)?;
    }
    f.write_char('\'')
}
