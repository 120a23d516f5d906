//! Every place where bytes from outside are read, each as a function from any bytes to whether they
//! were taken. What is taken must come out as it went in. Nothing may panic, hang or grow.

mod matching;
mod targets;
mod taxii;

/// One decoder.
pub struct Target {
    /// Its name, and that of its folder in the corpus.
    pub name: &'static str,
    /// Give it bytes; were they taken?
    pub run: fn(&[u8]) -> bool,
}

pub use targets::TARGETS;
