//! Judgements from published tables: how likely, how sure, at which level of warning, and what a
//! judgement is still worth as it ages.
//!
//! Pure: evidence, table and instant go in, numbers and words come out, the same bits on every
//! machine. Exponentials and logarithms are `libm`'s, never the platform's, and sums are made of
//! whole numbers, so that the order of evidence cannot show. No I/O, no clock.

pub mod decay;
pub mod level;
pub mod table;
pub mod words;

#[cfg(test)]
mod tests;

pub use level::{Assessment, Change, Contribution, Evidence, State, TooMuch, assess};
pub use table::{LevelBand, LevelTable, TableError};
