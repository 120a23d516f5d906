//! What an indicator looks for: plain values for the index, or a program for the engine.

use noroshi_match::{Atom, Kind, Unfit};
use noroshi_model::json::Object;
use noroshi_model::{Timestamp, Value};
use noroshi_pattern::{
    Atom as Plain, ComparisonExpression, ObservationExpression, Pattern, PatternLimits, Program,
    Step, Test, atoms,
};

use super::judge::Idle;

/// What is looked for.
pub(crate) enum Sought {
    /// Any one of these.
    Atoms(Vec<Atom>),
    /// A pattern.
    Program(Box<Program>),
}

/// The times between which an indicator holds by its own word, in microseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Validity {
    pub(crate) from: i64,
    pub(crate) until: i64,
    /// How long it is at work after the last word on it; nought: it does not fade.
    pub(crate) span: i64,
}

impl Validity {
    /// By `valid_from` and `valid_until`.
    pub(crate) fn of(object: &Object) -> Self {
        let time = |name| {
            let text = object.str(name)?;
            text.parse::<Timestamp>().ok().map(Timestamp::micros)
        };
        Self {
            from: time("valid_from").unwrap_or(i64::MIN),
            until: time("valid_until").unwrap_or(i64::MAX),
            span: 0,
        }
    }
}

impl Validity {
    /// Of one that fades so long after its last word.
    pub(crate) fn fading(self, last: i64, span: i64) -> Self {
        Self {
            until: self.until.min(last.saturating_add(span)),
            span,
            ..self
        }
    }
}

/// What this indicator looks for, or why it looks for nothing.
///
/// # Errors
/// Why it is not put to work.
pub(crate) fn sought(object: &Object) -> Result<Sought, Idle> {
    if object.get("revoked").and_then(Value::as_bool) == Some(true) {
        return Err(Idle::Revoked);
    }
    if object.str("pattern_type") != Some("stix") {
        return Err(Idle::OtherLanguage);
    }
    let text = object.str("pattern").unwrap_or_default();
    let pattern =
        Pattern::parse(text, &PatternLimits::DEFAULT).map_err(|_| Idle::UnreadablePattern)?;
    let plain = atoms(&pattern).or_else(|| subset(&pattern).map(|one| vec![one]));
    if let Some(plain) = plain {
        match plain.iter().map(atom).collect::<Result<Vec<_>, _>>() {
            Ok(mut found) => {
                found.sort_unstable();
                found.dedup();
                return Ok(Sought::Atoms(found));
            }
            Err(Unfit::TooWide) => return Err(Idle::TooBroad),
            // A value without a normal form can be compared all the same, as it stands.
            Err(_) => {}
        }
    }
    let program = Program::compile(&pattern, &PatternLimits::DEFAULT);
    let program = program.map_err(|_| Idle::UnreadablePattern)?;
    Ok(Sought::Program(Box::new(program)))
}

/// The block of `[ipv4-addr:value ISSUBSET '198.51.100.0/24']`, for either family.
fn subset(pattern: &Pattern) -> Option<Plain<'_>> {
    let ObservationExpression::One(ComparisonExpression::Test(comparison)) = &pattern.root else {
        return None;
    };
    let object_type = &*comparison.path.object_type;
    let is_value = matches!(&comparison.path.steps[..], [Step::Key(key)] if &**key == "value");
    let is_address = matches!(object_type, "ipv4-addr" | "ipv6-addr");
    match &comparison.test {
        Test::IsSubset(block) if is_value && is_address && !comparison.negated => Some(Plain {
            object_type,
            property: "value",
            value: block,
        }),
        _ => None,
    }
}

/// The normal form of a plain indicator.
fn atom(plain: &Plain<'_>) -> Result<Atom, Unfit> {
    let is_block = plain.value.contains('/');
    let kind = match (plain.object_type, plain.property) {
        ("ipv4-addr", _) if is_block => Kind::Ipv4Net,
        ("ipv4-addr", _) => Kind::Ipv4,
        ("ipv6-addr", _) if is_block => Kind::Ipv6Net,
        ("ipv6-addr", _) => {
            let address = plain.value.parse().map_err(|_| Unfit::Not(Kind::Ipv6))?;
            return Ok(Atom::address(address));
        }
        ("domain-name", _) => Kind::Domain,
        ("url", _) | ("artifact", "url") => Kind::Url,
        ("email-addr", _) => Kind::Mail,
        ("file", "name") => Kind::FileName,
        ("file" | "artifact", _) => Kind::Hash,
        ("x509-certificate", "serial_number") => return Err(Unfit::Unknown),
        ("x509-certificate", _) => Kind::Certificate,
        ("windows-registry-key", _) => Kind::RegistryKey,
        _ => return Err(Unfit::Unknown),
    };
    Atom::observed(kind, plain.value)
}
