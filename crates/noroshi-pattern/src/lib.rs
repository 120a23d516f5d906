//! The STIX 2.1 pattern language (STIX 2.1, part 9): text in, a bounded program out, run over
//! observations as they come.
//!
//! Never I/O, never a clock or chance: time and observations are handed in. Observations are made
//! of telemetry next door in `noroshi-match`; whole lists of plain values are matched there too,
//! for which [`atoms`] says which patterns are such. ADR 17 argues the engine.

mod anchor;
mod ast;
mod atoms;
mod compare;
mod engine;
mod error;
mod index;
mod lex;
mod like;
mod limits;
mod observation;
mod observed;
mod parse;
mod path;
mod perl;
mod plan;
mod print;
mod program;
mod solve;
mod state;
mod subnet;

#[cfg(test)]
mod tests;

pub use ast::{
    Comparison, ComparisonExpression, Constant, ObjectPath, ObservationExpression, Order, Pattern,
    Qualifier, Step, Test,
};
pub use atoms::{Atom, atoms};
pub use engine::{Engine, EngineLimits, Hit, LoadError, Tally};
pub use error::{PatternError, Problem};
pub use limits::PatternLimits;
pub use observation::{Observation, ObservationError, ObservedObject};
pub use observed::{ObservedError, observations};
pub use program::Program;
