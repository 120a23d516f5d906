//! What stands behind a field's name: how its values are meant (specification, "Modifiers").

use std::net::IpAddr;

use data_encoding::BASE64;
use noroshi_pattern::Order;

use crate::detection::Wanted;
use crate::error::SigmaError;
use crate::glob::Glob;
use crate::yaml::{Node, What};

/// A field's modifiers, read.
#[derive(Clone, Debug, Default)]
pub(crate) struct Modifiers {
    /// In the order they are applied in.
    steps: Vec<Step>,
    /// Every value must hold, not only one of them.
    pub(crate) all: bool,
    /// None of it may hold.
    pub(crate) not: bool,
    cased: bool,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Step {
    Contains,
    StartsWith,
    EndsWith,
    Dash,
    /// UTF-16, little end first or not.
    Wide(bool),
    Base64,
    Base64Offset,
    /// With these flags of the expression.
    Regex {
        caseless: bool,
        lines: bool,
        dot_all: bool,
    },
    Block,
    Compare(Order),
    Exists,
    SameAs,
}

impl Modifiers {
    /// Of the words behind a field's name.
    pub(crate) fn read<'a>(
        words: impl Iterator<Item = &'a str>,
        line: usize,
    ) -> Result<Self, SigmaError> {
        let mut read = Self::default();
        for word in words {
            let step = match word {
                "all" => {
                    read.all = true;
                    continue;
                }
                "neq" => {
                    read.not = true;
                    continue;
                }
                "cased" => {
                    read.cased = true;
                    continue;
                }
                "i" | "m" | "s" => {
                    read.flag(word, line)?;
                    continue;
                }
                "contains" => Step::Contains,
                "startswith" => Step::StartsWith,
                "endswith" => Step::EndsWith,
                "windash" => Step::Dash,
                "wide" | "utf16le" => Step::Wide(true),
                "utf16be" => Step::Wide(false),
                "base64" => Step::Base64,
                "base64offset" => Step::Base64Offset,
                "re" => Step::Regex {
                    caseless: false,
                    lines: false,
                    dot_all: false,
                },
                "cidr" => Step::Block,
                "lt" => Step::Compare(Order::Less),
                "lte" => Step::Compare(Order::LessOrEqual),
                "gt" => Step::Compare(Order::Greater),
                "gte" => Step::Compare(Order::GreaterOrEqual),
                "exists" => Step::Exists,
                "fieldref" => Step::SameAs,
                "expand" => {
                    let detail = "`expand` wants values that stand in no rule: write them out";
                    return Err(SigmaError::unsupported(line, detail));
                }
                other => {
                    let detail = format!("the modifier `{other}` is not known here");
                    return Err(SigmaError::unsupported(line, detail));
                }
            };
            read.steps.push(step);
        }
        Ok(read)
    }

    /// A flag of the regular expression ahead of it.
    fn flag(&mut self, word: &str, line: usize) -> Result<(), SigmaError> {
        match (self.steps.last_mut(), word) {
            (Some(Step::Regex { caseless, .. }), "i") => *caseless = true,
            (Some(Step::Regex { lines, .. }), "m") => *lines = true,
            (Some(Step::Regex { dot_all, .. }), "s") => *dot_all = true,
            _ => {
                let detail = format!("the modifier `{word}` goes behind `re`");
                return Err(SigmaError::shape(line, detail));
            }
        }
        Ok(())
    }

    /// What a value asks for; several where one of them is enough.
    pub(crate) fn apply(&self, value: &Node) -> Result<Vec<Wanted>, SigmaError> {
        let line = value.line;
        let Some(text) = value.text() else {
            return match (&value.what, self.steps.as_slice()) {
                (What::Null, []) => Ok(vec![Wanted::Null]),
                (What::Null, _) => Err(SigmaError::shape(line, "nothing is known of null")),
                _ => Err(SigmaError::shape(line, "a value is a word or a number")),
            };
        };
        match self.steps.as_slice() {
            []
            | [
                Step::Contains | Step::StartsWith | Step::EndsWith | Step::Dash,
                ..,
            ]
            | [Step::Wide(_) | Step::Base64 | Step::Base64Offset, ..] => self.texts(&text, line),
            [
                Step::Regex {
                    caseless,
                    lines,
                    dot_all,
                },
            ] => {
                let flags: String = [(*caseless, 'i'), (*lines, 'm'), (*dot_all, 's')]
                    .into_iter()
                    .filter_map(|(is, flag)| is.then_some(flag))
                    .collect();
                let flags = match flags.as_str() {
                    "" => String::new(),
                    flags => format!("(?{flags})"),
                };
                Ok(vec![Wanted::Regex(format!("{flags}{text}"))])
            }
            [Step::Block] => block(&text, line).map(|block| vec![Wanted::Block(block)]),
            [Step::Compare(order)] => {
                let number: f64 = text
                    .parse()
                    .ok()
                    .filter(|number: &f64| number.is_finite())
                    .ok_or_else(|| SigmaError::shape(line, format!("`{text}` is no number")))?;
                Ok(vec![Wanted::Number(*order, number)])
            }
            [Step::Exists] => match value.what {
                What::Boolean(is) => Ok(vec![Wanted::Exists(is)]),
                _ => Err(SigmaError::shape(line, "`exists` is true or false")),
            },
            [Step::SameAs] => Ok(vec![Wanted::SameAs(text)]),
            _ => {
                let detail = "these modifiers do not go together";
                Err(SigmaError::unsupported(line, detail))
            }
        }
    }

    fn texts(&self, text: &str, line: usize) -> Result<Vec<Wanted>, SigmaError> {
        let mut globs = vec![Glob::read(text)];
        let mut wide = None;
        for step in &self.steps {
            let open = |ahead, behind| {
                let globs = globs.clone().into_iter();
                globs.map(|glob: Glob| glob.open(ahead, behind)).collect()
            };
            globs = match step {
                Step::Contains => open(true, true),
                Step::StartsWith => open(false, true),
                Step::EndsWith => open(true, false),
                Step::Dash => globs.into_iter().map(Glob::any_dash).collect(),
                Step::Wide(little) => {
                    wide = Some(*little);
                    continue;
                }
                Step::Base64 => vec![Glob::literal(&BASE64.encode(&bytes(
                    &globs,
                    wide.take(),
                    line,
                )?))],
                Step::Base64Offset => base64_offsets(&bytes(&globs, wide.take(), line)?),
                _ => {
                    let detail = "these modifiers do not go together";
                    return Err(SigmaError::unsupported(line, detail));
                }
            };
        }
        if wide.is_some() {
            let detail = "UTF-16 is looked for in Base64 only: add `base64` or `base64offset`";
            return Err(SigmaError::unsupported(line, detail));
        }
        let cased = self.cased;
        let texts = globs.into_iter().map(|glob| Wanted::Text { glob, cased });
        Ok(texts.collect())
    }
}

/// The bytes of the only value, in UTF-8 or UTF-16.
fn bytes(globs: &[Glob], wide: Option<bool>, line: usize) -> Result<Vec<u8>, SigmaError> {
    let [glob] = globs else {
        let detail = "Base64 is made of one value";
        return Err(SigmaError::unsupported(line, detail));
    };
    let text = glob.as_literal().ok_or_else(|| {
        SigmaError::unsupported(line, "Base64 of a value with `*` or `?` has no one form")
    })?;
    Ok(match wide {
        None => text.as_bytes().to_vec(),
        Some(true) => text.encode_utf16().flat_map(u16::to_le_bytes).collect(),
        Some(false) => text.encode_utf16().flat_map(u16::to_be_bytes).collect(),
    })
}

/// What of the Base64 is the same wherever the bytes lie in what was encoded: for each of the three
/// places, without the signs that what is ahead or behind has a part in.
fn base64_offsets(bytes: &[u8]) -> Vec<Glob> {
    let at = |offset: usize| {
        let padded = [&vec![b' '; offset][..], bytes].concat();
        let encoded = BASE64.encode(&padded);
        let from = [0, 2, 3][offset];
        let cut = [0, 3, 2][padded.len() % 3];
        let shared = encoded.get(from..encoded.len().saturating_sub(cut));
        Glob::literal(shared.unwrap_or_default())
    };
    (0..3).map(at).collect()
}

/// A block of addresses, checked.
fn block(text: &str, line: usize) -> Result<String, SigmaError> {
    let (address, length) = text.split_once('/').unwrap_or((text, ""));
    let most = match address.parse::<IpAddr>() {
        Ok(IpAddr::V4(_)) => 32,
        Ok(IpAddr::V6(_)) => 128,
        Err(_) => 0,
    };
    let is_block = length.parse::<u8>().is_ok_and(|length| length <= most) && most > 0;
    if is_block {
        Ok(text.to_owned())
    } else {
        let detail = format!("`{text}` is no block of addresses such as 192.0.2.0/24");
        Err(SigmaError::shape(line, detail))
    }
}
