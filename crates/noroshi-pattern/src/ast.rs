//! A pattern as it was written, without the brackets and spaces that change nothing.

use noroshi_model::Timestamp;

/// A parsed pattern. Text form: its `Display`, which is canonical and reads back to the same
/// pattern.
#[derive(Clone, Debug, PartialEq)]
pub struct Pattern {
    /// What must be observed.
    pub root: ObservationExpression,
}

/// What must be observed (9.5).
#[derive(Clone, Debug, PartialEq)]
pub enum ObservationExpression {
    /// One observation: `[...]`.
    One(ComparisonExpression),
    /// AND: each on observations of its own.
    All(Vec<Self>),
    /// OR: one of them.
    Any(Vec<Self>),
    /// FOLLOWEDBY: each on observations of its own, none before those of the part ahead.
    Sequence(Vec<Self>),
    /// Qualifiers, applied from left to right, no kind twice.
    Qualified(Box<Self>, Vec<Qualifier>),
}

/// What limits or repeats the expression ahead of it (9.5.1).
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Qualifier {
    /// That many times, each on observations of its own.
    Repeats(u32),
    /// All within less than this many microseconds.
    Within(i64),
    /// All from the first instant on and before the second.
    StartStop(Timestamp, Timestamp),
}

/// What one object of one observation must be (9.6).
#[derive(Clone, Debug, PartialEq)]
pub enum ComparisonExpression {
    /// A single comparison.
    Test(Comparison),
    /// AND: on the same object.
    All(Vec<Self>),
    /// OR.
    Any(Vec<Self>),
}

/// A property against constants.
#[derive(Clone, Debug, PartialEq)]
pub struct Comparison {
    /// Which property of which type of object.
    pub path: ObjectPath,
    /// NOT.
    pub negated: bool,
    /// What it is held against.
    pub test: Test,
}

/// Where a value lies (9.7).
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ObjectPath {
    /// The type of object it begins at.
    pub object_type: Box<str>,
    /// The way from there; the first step is a key.
    pub steps: Vec<Step>,
}

/// One step of a path.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Step {
    /// A property or a dictionary's key; past a reference, a property of the object it names.
    Key(Box<str>),
    /// An element of a list, from 0.
    Index(usize),
    /// Any element of a list.
    Any,
}

/// What a value is held against (9.6.1).
#[derive(Clone, Debug, PartialEq)]
pub enum Test {
    /// `=`
    Equal(Constant),
    /// `!=`
    Unequal(Constant),
    /// `<`, `<=`, `>`, `>=`
    Ordered(Order, Constant),
    /// IN
    In(Vec<Constant>),
    /// LIKE
    Like(String),
    /// MATCHES, as the pattern's author wrote it
    Matches(String),
    /// ISSUBSET
    IsSubset(String),
    /// ISSUPERSET
    IsSuperset(String),
    /// EXISTS
    Exists,
}

/// Which way round.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
}

/// A constant (9.2).
#[derive(Clone, Debug, PartialEq)]
pub enum Constant {
    /// A whole number.
    Integer(i64),
    /// A number with a point.
    Float(f64),
    /// `'text'`, unescaped.
    Text(String),
    /// `true` or `false`.
    Boolean(bool),
    /// `h'..'`
    Hex(Vec<u8>),
    /// `b'..'`
    Binary(Vec<u8>),
    /// `t'..'`
    Time(Timestamp),
}
