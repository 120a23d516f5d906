//! The caps on everything that comes from outside. One struct, passed down, never global.

/// What one object, document or bundle may cost before it is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Largest single object or document, in bytes of its received form.
    pub object_bytes_max: usize,
    /// Deepest nesting of arrays and objects.
    pub depth_max: usize,
    /// Most values (of every kind, keys not counted) in one object.
    pub values_max: usize,
    /// Longest single string or key, in bytes after unescaping.
    pub string_bytes_max: usize,
    /// Most objects in one bundle or file.
    pub objects_max: usize,
}

impl Limits {
    /// The caps a node starts with: 1 MB an object, as the product promises.
    pub const DEFAULT: Self = Self {
        object_bytes_max: 1_000_000,
        depth_max: 64,
        values_max: 50_000,
        string_bytes_max: 500_000,
        objects_max: 10_000_000,
    };
}

impl Default for Limits {
    fn default() -> Self {
        Self::DEFAULT
    }
}
