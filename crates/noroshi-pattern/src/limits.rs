//! What one pattern may cost, decided when it is read; nothing is discovered at run time.

/// The caps on one pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PatternLimits {
    /// Longest pattern, in bytes.
    pub bytes_max: usize,
    /// Deepest nesting of brackets and qualifiers.
    pub depth_max: usize,
    /// Most comparisons, and most constants in all of its sets.
    pub terms_max: usize,
    /// Most ways of satisfying it once every OR between observations is spelled out.
    pub alternatives_max: usize,
    /// Most observations that one such way binds, where they differ in what they must be.
    pub bound_max: usize,
    /// Most repetitions of one observation.
    pub repeats_max: u32,
    /// Most regular expressions.
    pub regexes_max: usize,
    /// Largest compiled regular expression, in bytes.
    pub regex_bytes_max: usize,
}

impl PatternLimits {
    /// The caps a node uses. Feeds join thousands of values by OR in one pattern; none is known
    /// that binds more than a dozen observations.
    pub const DEFAULT: Self = Self {
        bytes_max: 500_000,
        depth_max: 64,
        terms_max: 20_000,
        alternatives_max: 256,
        bound_max: 64,
        repeats_max: 10_000,
        regexes_max: 64,
        regex_bytes_max: 1 << 18,
    };
}

impl Default for PatternLimits {
    fn default() -> Self {
        Self::DEFAULT
    }
}
