//! A rule as a STIX pattern: one observation of one object, or of one of several (conformance
//! level 1 of STIX 2.1, 12.7).
//!
//! What cannot be said is never left out where that would find more than the rule does: an
//! alternative may be missing, and is told; a condition may not. A field that is missing satisfies
//! `not` in Sigma and nothing in STIX, so a negation says EXISTS beside it.

use std::collections::{BTreeMap, BTreeSet};

use noroshi_pattern::{
    Comparison, ComparisonExpression, Constant, ObjectPath, ObservationExpression, Pattern,
    PatternLimits, Program, Step, Test as Stix,
};

use crate::detection::{Expr, Test, Wanted};
use crate::fields::{FieldTable, Kind, Place, below};
use crate::glob::Glob;
use crate::paths::{splits, with_full_hive};
use crate::rule::Rule;

/// Values that one regular expression takes.
const TOGETHER_MAX: usize = 40;
/// Things that are told as unsaid; further ones are counted in none.
const UNSAID_MAX: usize = 100;
/// Names of hashes as logs have them, and as STIX does (STIX 2.1, 10.7).
const HASHES: [(&str, &str); 4] = [
    ("MD5", "MD5"),
    ("SHA1", "SHA-1"),
    ("SHA256", "SHA-256"),
    ("SHA512", "SHA-512"),
];

/// What of a rule a pattern says.
#[derive(Clone, Debug, PartialEq)]
pub struct Conversion {
    /// The pattern; `None` where it would say too little to be the rule.
    pub pattern: Option<Pattern>,
    /// What it does not say, in the order of the rule; nothing where the pattern is the rule.
    pub unsaid: Vec<Unsaid>,
}

/// Something that a pattern does not say.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Unsaid {
    /// A stable code: `source`, `field`, `word`, `value`, `list`, `apart`, `cost`.
    pub code: &'static str,
    /// The field, the log or the types of objects.
    pub what: String,
}

impl Rule {
    /// Say it as a pattern.
    #[must_use]
    pub fn convert(&self, table: &FieldTable) -> Conversion {
        let Some(fields) = table.of(&self.logsource) else {
            let of = &self.logsource;
            let parts = [&of.category, &of.product, &of.service];
            let named: Vec<&str> = parts.into_iter().flatten().map(String::as_str).collect();
            return Conversion {
                pattern: None,
                unsaid: vec![unsaid("source", &named.join("/"))],
            };
        };
        let is_windows = self
            .logsource
            .product
            .as_deref()
            .is_none_or(|name| name == "windows");
        let mut saying = Saying {
            fields,
            separator: if is_windows { '\\' } else { '/' },
            unsaid: Vec::new(),
        };
        let said = saying.say(&self.detection, false);
        let pattern = said
            .and_then(|said| saying.of_one_object(said))
            .and_then(|said| saying.affordable(said));
        Conversion {
            pattern,
            unsaid: saying.unsaid,
        }
    }
}

fn unsaid(code: &'static str, what: &str) -> Unsaid {
    Unsaid {
        code,
        what: what.to_owned(),
    }
}

struct Saying<'a> {
    fields: &'a BTreeMap<String, Place>,
    separator: char,
    unsaid: Vec<Unsaid>,
}

impl Saying<'_> {
    fn note(&mut self, code: &'static str, what: &str) {
        let note = unsaid(code, what);
        if self.unsaid.len() < UNSAID_MAX && !self.unsaid.contains(&note) {
            self.unsaid.push(note);
        }
    }

    /// What holds where the expression does, or, `negated`, where it does not.
    fn say(&mut self, expr: &Expr, negated: bool) -> Option<ComparisonExpression> {
        match (expr, negated) {
            (Expr::Not(inner), _) => self.say(inner, !negated),
            (Expr::Test(test), false) => self.test(test),
            (Expr::Test(test), true) => {
                let said = self.test(test)?;
                self.not(said, test.field.as_deref().unwrap_or_default())
            }
            (Expr::All(parts), false) | (Expr::Any(parts), true) => {
                // All are looked at, so that everything unsaid is told at once.
                let said: Vec<_> = parts.iter().map(|part| self.say(part, negated)).collect();
                let said: Option<Vec<_>> = said.into_iter().collect();
                Some(all(said?))
            }
            (Expr::Any(parts), false) | (Expr::All(parts), true) => {
                let said: Vec<_> = parts
                    .iter()
                    .filter_map(|part| self.say(part, negated))
                    .collect();
                (!said.is_empty()).then(|| any(said))
            }
        }
    }

    fn test(&mut self, test: &Test) -> Option<ComparisonExpression> {
        let Some(field) = &test.field else {
            self.note("word", &shown(&test.wanted));
            return None;
        };
        let Some(place) = self.fields.get(field) else {
            self.note("field", field);
            return None;
        };
        let said = match &test.wanted {
            Wanted::Null => Some(self.exists(place, true)),
            Wanted::Exists(is) => Some(self.exists(place, !is)),
            Wanted::Text { glob, cased } => self.text(place, glob, *cased),
            Wanted::Regex(regex) if place.kind == Kind::Text => {
                Some(one(&place.path, Stix::Matches(regex.clone())))
            }
            Wanted::Block(block) if place.kind == Kind::Address => {
                Some(one(&place.path, Stix::IsSubset(block.clone())))
            }
            Wanted::Number(order, number) if place.kind == Kind::Number => {
                Some(one(&place.path, Stix::Ordered(*order, constant(*number))))
            }
            _ => None,
        };
        if said.is_none() {
            self.note("value", &format!("{field}: {}", shown(&test.wanted)));
        }
        said
    }

    fn exists(&self, place: &Place, negated: bool) -> ComparisonExpression {
        let path = match place.kind {
            Kind::File => below(&place.path, &["name"]),
            Kind::Registry => below(&place.path, &["key"]),
            _ => place.path.clone(),
        };
        ComparisonExpression::Test(Comparison {
            path,
            negated,
            test: Stix::Exists,
        })
    }

    fn text(&self, place: &Place, glob: &Glob, cased: bool) -> Option<ComparisonExpression> {
        let path = &place.path;
        match place.kind {
            Kind::Text => Some(matches(path, glob, cased)),
            Kind::Name => Some(match glob.as_literal() {
                Some(name) => {
                    let name = Constant::Text(name.to_lowercase());
                    one(path, Stix::Equal(name))
                }
                None => matches(path, glob, false),
            }),
            Kind::Number => {
                let number = glob.as_literal()?.parse().ok()?;
                Some(one(path, Stix::Equal(Constant::Integer(number))))
            }
            Kind::Address => Some(match glob.as_literal() {
                Some(address) => {
                    let address = Constant::Text(address.to_lowercase());
                    one(path, Stix::Equal(address))
                }
                None => matches(path, glob, false),
            }),
            Kind::Hashes => hashes(path, glob),
            Kind::File => {
                let name = below(path, &["name"]);
                let folder = below(path, &["parent_directory_ref", "path"]);
                Some(self.path(glob, cased, self.separator, (&folder, &name)))
            }
            Kind::Registry => {
                let key = below(path, &["key"]);
                let value = below(path, &["values", "*", "name"]);
                let glob = with_full_hive(glob);
                // It names a key alone, or a value in one.
                Some(any(vec![
                    matches(&key, &glob, cased),
                    self.path(&glob, cased, '\\', (&key, &value)),
                ]))
            }
        }
    }

    fn path(
        &self,
        glob: &Glob,
        cased: bool,
        separator: char,
        (folder, name): (&ObjectPath, &ObjectPath),
    ) -> ComparisonExpression {
        let ways = splits(glob, separator).into_iter().map(|split| {
            let parts = [(folder, split.folder), (name, split.name)];
            let parts = parts
                .into_iter()
                .filter_map(|(path, glob)| Some(matches(path, &glob?, cased)));
            let parts: Vec<_> = parts.collect();
            if parts.is_empty() {
                one(name, Stix::Exists)
            } else {
                all(parts)
            }
        });
        let ways: Vec<_> = ways.collect();
        if ways.is_empty() {
            // Without a separator it is a name that no folder is told of.
            let alone = ComparisonExpression::Test(Comparison {
                path: folder.clone(),
                negated: true,
                test: Stix::Exists,
            });
            return all(vec![matches(name, glob, cased), alone]);
        }
        any(ways)
    }

    /// What holds where this does not, a missing property included.
    fn not(&mut self, said: ComparisonExpression, field: &str) -> Option<ComparisonExpression> {
        let mut negate = |parts: Vec<ComparisonExpression>| {
            let parts = parts.into_iter().map(|part| self.not(part, field));
            parts.collect::<Option<Vec<_>>>()
        };
        match said {
            ComparisonExpression::All(parts) => negate(parts).map(any),
            ComparisonExpression::Any(parts) => negate(parts).map(all),
            ComparisonExpression::Test(mut test) => {
                if test.path.steps.contains(&Step::Any) {
                    // Of a list it would say that some element is another.
                    self.note("list", field);
                    return None;
                }
                test.negated = !test.negated;
                if test.test == Stix::Exists {
                    return Some(ComparisonExpression::Test(test));
                }
                let missing = ComparisonExpression::Test(Comparison {
                    path: test.path.clone(),
                    negated: true,
                    test: Stix::Exists,
                });
                Some(any(vec![missing, ComparisonExpression::Test(test)]))
            }
        }
    }

    /// In one comparison expression AND joins what is said of one object. Types that a condition
    /// cannot hold of together are left out, and told.
    fn of_one_object(&mut self, said: ComparisonExpression) -> Option<ComparisonExpression> {
        let mut types = BTreeSet::new();
        collect_types(&said, &mut types);
        if types.len() == 1 {
            return Some(said);
        }
        let mut is_whole = true;
        let of_each: Vec<_> = types
            .iter()
            .filter_map(|kind| restrict(&said, kind, false, &mut is_whole))
            .collect();
        if !is_whole || of_each.is_empty() {
            let named: Vec<&str> = types.iter().map(|kind| &**kind).collect();
            self.note("apart", &named.join(", "));
        }
        (!of_each.is_empty()).then(|| any(of_each))
    }

    fn affordable(&mut self, said: ComparisonExpression) -> Option<Pattern> {
        let pattern = Pattern {
            root: ObservationExpression::One(said),
        };
        let text = pattern.to_string();
        match Program::read(&text, &PatternLimits::DEFAULT) {
            Ok(_) => Some(pattern),
            Err(error) => {
                self.note("cost", &error.to_string());
                None
            }
        }
    }
}

fn collect_types(said: &ComparisonExpression, types: &mut BTreeSet<Box<str>>) {
    match said {
        ComparisonExpression::Test(test) => {
            types.insert(test.path.object_type.clone());
        }
        ComparisonExpression::All(parts) | ComparisonExpression::Any(parts) => {
            parts.iter().for_each(|part| collect_types(part, types));
        }
    }
}

/// What the expression says of objects of one type; `whole` turns false where an alternative inside
/// of a condition is lost.
fn restrict(
    said: &ComparisonExpression,
    kind: &str,
    inside: bool,
    whole: &mut bool,
) -> Option<ComparisonExpression> {
    match said {
        ComparisonExpression::Test(test) => (&*test.path.object_type == kind).then(|| said.clone()),
        ComparisonExpression::All(parts) => {
            let parts = parts.iter().map(|part| restrict(part, kind, true, whole));
            let parts: Option<Vec<_>> = parts.collect();
            *whole &= parts.is_some();
            parts.map(all)
        }
        ComparisonExpression::Any(parts) => {
            let found: Vec<_> = parts
                .iter()
                .filter_map(|part| restrict(part, kind, inside, whole))
                .collect();
            *whole &= !inside || found.len() == parts.len();
            (!found.is_empty()).then(|| any(found))
        }
    }
}

fn one(path: &ObjectPath, test: Stix) -> ComparisonExpression {
    ComparisonExpression::Test(Comparison {
        path: path.clone(),
        negated: false,
        test,
    })
}

/// A value's text, in letters of either case unless `cased`.
fn matches(path: &ObjectPath, glob: &Glob, cased: bool) -> ComparisonExpression {
    let has_case = |text: &str| text.to_lowercase() != text.to_uppercase();
    match glob.as_literal() {
        Some(text) if cased || !has_case(text) => {
            one(path, Stix::Equal(Constant::Text(text.to_owned())))
        }
        _ if glob.is_anything() => one(path, Stix::Exists),
        _ => {
            let flags = if cased { CASED } else { CASELESS };
            one(
                path,
                Stix::Matches(format!("{flags}{}", glob.whole_regex())),
            )
        }
    }
}

const CASED: &str = "(?s)";
const CASELESS: &str = "(?is)";

/// A hash in a list of them: `*SHA256=...*` and nothing around it.
fn hashes(path: &ObjectPath, glob: &Glob) -> Option<ComparisonExpression> {
    let text = glob.0.iter().find_map(|piece| match piece {
        crate::glob::Piece::Literal(text) => Some(text.as_str()),
        _ => None,
    })?;
    let (begins, _) = glob.anchors();
    let is_listed = glob.0.len() == 1 + usize::from(!begins) + usize::from(!glob.anchors().1);
    let (name, hash) = text.split_once('=')?;
    let (_, name) = HASHES
        .into_iter()
        .find(|(known, _)| known.eq_ignore_ascii_case(name))?;
    let digits = match name {
        "MD5" => 32,
        "SHA-1" => 40,
        "SHA-256" => 64,
        _ => 128,
    };
    let is_hash = hash.len() == digits && hash.bytes().all(|byte| byte.is_ascii_hexdigit());
    (is_listed && is_hash).then(|| {
        let hash = Constant::Text(hash.to_ascii_lowercase());
        one(&below(path, &[name]), Stix::Equal(hash))
    })
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "a whole number within what JSON holds"
)]
fn constant(number: f64) -> Constant {
    if number.fract() == 0.0 && number.abs() < 9.0e15 {
        Constant::Integer(number as i64)
    } else {
        Constant::Float(number)
    }
}

fn all(parts: Vec<ComparisonExpression>) -> ComparisonExpression {
    let mut flat = Vec::with_capacity(parts.len());
    for part in parts {
        match part {
            ComparisonExpression::All(inner) => flat.extend(inner),
            part => flat.push(part),
        }
    }
    single(flat, ComparisonExpression::All)
}

/// Values of one property are put into one regular expression or one set, so that a list of names
/// is one comparison.
fn any(parts: Vec<ComparisonExpression>) -> ComparisonExpression {
    let mut flat: Vec<ComparisonExpression> = Vec::with_capacity(parts.len());
    for part in parts {
        match part {
            ComparisonExpression::Any(inner) => flat.extend(inner),
            part => flat.push(part),
        }
    }
    // Where in `joined` the values of a property and a kind of comparison are gathered.
    let mut gathered: BTreeMap<(ObjectPath, &str), (usize, BTreeSet<String>)> = BTreeMap::new();
    let mut joined: Vec<Option<ComparisonExpression>> = Vec::new();
    for part in flat {
        match value(&part) {
            Some((path, way, value)) => {
                let place = gathered.entry((path, way)).or_insert_with(|| {
                    joined.push(None);
                    (joined.len() - 1, BTreeSet::new())
                });
                place.1.insert(value);
            }
            None => joined.push(Some(part)),
        }
    }
    let mut places: BTreeMap<usize, Vec<ComparisonExpression>> = BTreeMap::new();
    for ((path, way), (at, values)) in gathered {
        places.insert(at, together(&path, way, values));
    }
    let mut all = Vec::new();
    for (at, part) in joined.into_iter().enumerate() {
        match part {
            Some(part) => all.push(part),
            None => all.extend(places.remove(&at).unwrap_or_default()),
        }
    }
    single(all, ComparisonExpression::Any)
}

/// A comparison that may stand with others of its kind.
fn value(part: &ComparisonExpression) -> Option<(ObjectPath, &'static str, String)> {
    let ComparisonExpression::Test(Comparison {
        path,
        negated: false,
        test,
    }) = part
    else {
        return None;
    };
    match test {
        Stix::Equal(Constant::Text(text)) => Some((path.clone(), "=", text.clone())),
        Stix::Matches(regex) => [CASELESS, CASED].into_iter().find_map(|flags| {
            let inner = regex.strip_prefix(flags)?;
            Some((path.clone(), flags, inner.to_owned()))
        }),
        _ => None,
    }
}

fn together(path: &ObjectPath, way: &str, values: BTreeSet<String>) -> Vec<ComparisonExpression> {
    if way == "=" {
        let mut texts: Vec<Constant> = values.into_iter().map(Constant::Text).collect();
        let test = match texts.len() {
            1 => Stix::Equal(texts.remove(0)),
            _ => Stix::In(texts),
        };
        return vec![one(path, test)];
    }
    let values: Vec<String> = values.into_iter().collect();
    values
        .chunks(TOGETHER_MAX)
        .map(|chunk| one(path, Stix::Matches(format!("{way}{}", chunk.join("|")))))
        .collect()
}

fn single(
    mut parts: Vec<ComparisonExpression>,
    join: fn(Vec<ComparisonExpression>) -> ComparisonExpression,
) -> ComparisonExpression {
    if parts.len() == 1 {
        parts.swap_remove(0)
    } else {
        join(parts)
    }
}

/// What was wanted, short enough to be told.
fn shown(wanted: &Wanted) -> String {
    let whole = match wanted {
        Wanted::Text { glob, .. } => glob
            .as_literal()
            .map_or_else(|| glob.regex(), str::to_owned),
        Wanted::Regex(regex) => regex.clone(),
        Wanted::Block(block) => block.clone(),
        Wanted::Number(_, number) => number.to_string(),
        Wanted::Null => "null".to_owned(),
        Wanted::Exists(is) => is.to_string(),
        Wanted::SameAs(field) => format!("fieldref {field}"),
    };
    whole.chars().take(80).collect()
}
