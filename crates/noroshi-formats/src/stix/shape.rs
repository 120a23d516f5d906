//! How the form of an object is written down as data: properties, their kinds, the laws on them.
//!
//! The rows themselves are in `objects.rs`, `observables.rs` and `own.rs`; what is common to all
//! in `table.rs`. Rows are put in the order of their names when the program is compiled, so that
//! an object, whose properties are sorted too, is compared with its shape in one walk.

use super::forms::Form;
use super::laws::Law;

/// The kind of value a property takes. A breach is an error, except where it says "noted".
#[derive(Clone, Copy, Debug)]
pub(crate) enum Kind {
    /// A string.
    Text,
    /// A string that is not empty.
    Filled,
    /// A string in a written form; another form is noted.
    Form(Form),
    /// A list of strings in a written form; another form is noted.
    Forms(Form),
    /// A word of an open vocabulary; others are noted.
    Word(&'static [&'static str]),
    /// A list of words of an open vocabulary; others are noted.
    Words(&'static [&'static str]),
    /// A word of a closed enumeration.
    Choice(&'static [&'static str]),
    /// A list of words of a closed enumeration.
    Choices(&'static [&'static str]),
    /// true or false.
    Bool,
    /// A whole number in a range.
    Integer(i64, i64),
    /// A number in a range.
    Number(i32, i32),
    /// A timestamp.
    Time,
    /// A timestamp that names a version: other precision than the millisecond is noted.
    Version,
    /// An identifier of one of these types; empty: any.
    Id(&'static [&'static str]),
    /// An identifier of any type but these.
    IdNot(&'static [&'static str]),
    /// A list of identifiers, their types as in `Id`.
    Ids(&'static [&'static str]),
    /// A list of identifiers, their types as in `IdNot`.
    IdsNot(&'static [&'static str]),
    /// A list of strings.
    Texts,
    /// Hashes by algorithm (2.7).
    Hashes,
    /// An even number of hexadecimal digits (2.6).
    Hex,
    /// Bytes in base64 (2.1).
    Base64,
    /// A list of external references (2.5).
    ExternalReferences,
    /// A list of granular markings (7.2.3).
    Granular,
    /// A dictionary, not empty (2.3); entries of another kind are noted.
    Dictionary(Entry),
    /// Extensions by the id of their definition or their predefined name (7.3).
    Extensions,
    /// An object of that shape.
    Part(&'static Shape),
    /// A list of objects of that shape.
    Parts(&'static Shape),
    /// An object.
    Object,
    /// A list of whatever.
    List,
    /// Anything.
    Any,
}

/// What the entries of a dictionary hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Entry {
    /// Whatever.
    Any,
    /// Strings.
    Text,
    /// Lists of strings.
    Texts,
    /// Strings or lists of strings.
    TextOrTexts,
    /// Whole numbers.
    Integer,
    /// Strings or whole numbers.
    TextOrInteger,
}

/// Whether a property has to be there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Need {
    /// It is required.
    Must,
    /// It is optional.
    May,
    /// The standard does not use it here. It is noted, and checked like elsewhere, because other
    /// rooms read it by name whatever the type.
    Stray,
}

/// One property.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Property {
    pub(crate) name: &'static str,
    pub(crate) kind: Kind,
    pub(crate) need: Need,
    /// Is it one of the common properties (3.2)?
    pub(crate) is_common: bool,
}

pub(super) const fn must(name: &'static str, kind: Kind) -> Property {
    Property {
        name,
        kind,
        need: Need::Must,
        is_common: false,
    }
}

pub(super) const fn may(name: &'static str, kind: Kind) -> Property {
    Property {
        name,
        kind,
        need: Need::May,
        is_common: false,
    }
}

pub(super) const fn stray(name: &'static str, kind: Kind) -> Property {
    Property {
        name,
        kind,
        need: Need::Stray,
        is_common: false,
    }
}

/// The form of a type, an extension or a part of an object.
#[derive(Debug)]
pub(crate) struct Shape {
    /// Its name; the type's, where it is a type.
    pub(crate) name: &'static str,
    /// The section that a breach is reported under.
    pub(crate) rule: &'static str,
    // INVARIANT: in order of name (`rows` sorts).
    pub(crate) properties: &'static [Property],
    /// The names of those that must be there.
    pub(crate) required: &'static [&'static str],
    pub(crate) laws: &'static [Law],
    /// May it have properties that are not here?
    pub(crate) is_open: bool,
}

/// A shape from its row: name, section, what it has in common with others, properties, laws.
macro_rules! shape {
    ($name:literal, $rule:expr, $common:expr, $open:literal,
     [$($property:expr),* $(,)?], [$($law:expr),* $(,)?]) => {{
        const OWN: &[crate::stix::shape::Property] = &[$($property),*];
        const COMMON: &[crate::stix::shape::Property] = $common;
        const ROWS: [crate::stix::shape::Property; OWN.len() + COMMON.len()] =
            crate::stix::shape::rows(OWN, COMMON);
        const REQUIRED: [&str; crate::stix::shape::required_count(&ROWS)] =
            crate::stix::shape::required_names(&ROWS);
        crate::stix::shape::Shape {
            name: $name,
            rule: $rule,
            properties: &ROWS,
            required: &REQUIRED,
            laws: &[$($law),*],
            is_open: $open,
        }
    }};
}

/// A table of types: `"name" "section" COMMON { properties } [laws]`, in order of name.
macro_rules! shapes {
    ($($name:literal $rule:literal $common:ident { $($property:expr),* $(,)? }
       [$($law:expr),* $(,)?])*) => {
        &[$(crate::stix::shape::shape!(
            $name, $rule, $common, false, [$($property),*], [$($law),*]
        )),*]
    };
}

pub(super) use {shape, shapes};

/// A part of an object: nothing in common with others, nothing left open.
macro_rules! part {
    ($name:literal, $rule:literal, [$($property:expr),* $(,)?], [$($law:expr),* $(,)?]) => {
        crate::stix::shape::shape!($name, $rule, &[], false, [$($property),*], [$($law),*])
    };
}

pub(super) use part;

/// The rows of both, the second marked as common, in order of name.
pub(super) const fn rows<const N: usize>(own: &[Property], common: &[Property]) -> [Property; N] {
    let mut all = [may("", Kind::Any); N];
    let mut at = 0;
    while at < N {
        let mut row = if at < own.len() {
            own[at]
        } else {
            common[at - own.len()]
        };
        row.is_common = at >= own.len();
        let mut to = at;
        while to > 0 && is_before(row.name, all[to - 1].name) {
            all[to] = all[to - 1];
            to -= 1;
        }
        all[to] = row;
        at += 1;
    }
    all
}

const fn is_before(one: &str, other: &str) -> bool {
    let (one, other) = (one.as_bytes(), other.as_bytes());
    let mut at = 0;
    while at < one.len() && at < other.len() {
        if one[at] != other[at] {
            return one[at] < other[at];
        }
        at += 1;
    }
    one.len() < other.len()
}

pub(super) const fn required_count(rows: &[Property]) -> usize {
    let (mut at, mut count) = (0, 0);
    while at < rows.len() {
        if matches!(rows[at].need, Need::Must) {
            count += 1;
        }
        at += 1;
    }
    count
}

pub(super) const fn required_names<const N: usize>(rows: &[Property]) -> [&'static str; N] {
    let mut names = [""; N];
    let (mut at, mut to) = (0, 0);
    while at < rows.len() {
        if matches!(rows[at].need, Need::Must) {
            names[to] = rows[at].name;
            to += 1;
        }
        at += 1;
    }
    names
}
