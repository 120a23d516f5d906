//! Words for people, in English and Japanese.
pub use lang::Lang;
mod lang;
