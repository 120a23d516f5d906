//! Merkle trees as RFC 6962 (section 2.1) and RFC 9162 define them: growing, proving, checking.

use noroshi_model::Digest;

/// A node of the tree.
pub type Hash = [u8; 32];

/// Hashes in a full tile (C2SP tlog-tiles): eight levels of the tree.
pub const TILE_WIDTH: u64 = 256;

/// The hash of a leaf's bytes.
#[must_use]
pub fn leaf_hash(bytes: &[u8]) -> Hash {
    Digest::of_parts(&[&[0], bytes]).0
}

/// The hash of two subtrees.
#[must_use]
pub fn node_hash(left: &Hash, right: &Hash) -> Hash {
    Digest::of_parts(&[&[1], left, right]).0
}

/// The root of an empty tree.
#[must_use]
pub fn empty_root() -> Hash {
    Digest::of(&[]).0
}

/// The right edge of a growing tree: the roots of its perfect subtrees, largest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Frontier {
    size: u64,
    // INVARIANT: one hash for each set bit of `size`, from the highest bit down.
    edge: Vec<Hash>,
}

impl Frontier {
    /// An empty tree.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// How many leaves.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Add a leaf's hash. Amortised one node hash a leaf.
    pub fn append(&mut self, leaf: Hash) {
        let mut hash = leaf;
        let mut size = self.size;
        while size & 1 == 1 {
            let left = self
                .edge
                .pop()
                .expect("invariant: one hash for each set bit");
            hash = node_hash(&left, &hash);
            size >>= 1;
        }
        self.edge.push(hash);
        self.size += 1;
    }

    /// The root over all leaves.
    #[must_use]
    pub fn root(&self) -> Hash {
        let mut hashes = self.edge.iter().rev();
        let Some(last) = hashes.next() else {
            return empty_root();
        };
        hashes.fold(*last, |right, left| node_hash(left, &right))
    }

    /// Size as 8 bytes, then the edge.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = self.size.to_be_bytes().to_vec();
        bytes.extend(self.edge.iter().flatten());
        bytes
    }

    /// From those bytes; `None` when they do not fit together.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (size, rest) = bytes.split_first_chunk::<8>()?;
        let size = u64::from_be_bytes(*size);
        let edge: Vec<Hash> = rest
            .chunks(32)
            .map(|hash| hash.try_into().ok())
            .collect::<Option<_>>()?;
        (edge.len() == size.count_ones() as usize).then_some(Self { size, edge })
    }
}

/// Where the hashes of a tree lie, in tiles: `tile(level, index)` holds up to 256 hashes, each the
/// root of 256^level leaves.
pub trait Tiles {
    /// At least the first `width` hashes of a tile; `None` when they are not there.
    fn tile(&self, level: u8, index: u64, width: u64) -> Option<Vec<Hash>>;
}

/// A proof that cannot be made because a hash is not there, or because nothing of the kind exists.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no proof can be made: {why}")]
pub struct ProofError {
    /// What is missing.
    pub why: &'static str,
}

/// The root of the tree when it had that size.
///
/// # Errors
/// A tile is missing: it never was so large.
pub fn root_at(tiles: &dyn Tiles, size: u64) -> Result<Hash, ProofError> {
    if size == 0 {
        return Ok(empty_root());
    }
    range_root(tiles, 0, size)
}

/// The audit path of a leaf in the tree of that size (RFC 6962, 2.1.1).
///
/// # Errors
/// The leaf is not in the tree, or a tile is missing.
pub fn inclusion_proof(tiles: &dyn Tiles, index: u64, size: u64) -> Result<Vec<Hash>, ProofError> {
    if index >= size {
        return Err(ProofError {
            why: "the leaf is not in a tree of this size",
        });
    }
    let mut path = Vec::new();
    let (mut from, mut to) = (0, size);
    while to - from > 1 {
        let split = from + largest_power_below(to - from);
        if index < split {
            path.push(range_root(tiles, split, to)?);
            to = split;
        } else {
            path.push(range_root(tiles, from, split)?);
            from = split;
        }
    }
    path.reverse();
    Ok(path)
}

/// The proof that the tree of the new size continues the old one (RFC 6962, 2.1.2).
///
/// # Errors
/// The old tree is larger, or a tile is missing.
pub fn consistency_proof(tiles: &dyn Tiles, old: u64, new: u64) -> Result<Vec<Hash>, ProofError> {
    if old > new {
        return Err(ProofError {
            why: "the old tree is larger than the new one",
        });
    }
    let mut path = Vec::new();
    if old == 0 || old == new {
        return Ok(path);
    }
    let (mut from, mut to) = (0, new);
    let mut whole = true;
    while old != to {
        let split = from + largest_power_below(to - from);
        if old <= split {
            path.push(range_root(tiles, split, to)?);
            to = split;
        } else {
            path.push(range_root(tiles, from, split)?);
            from = split;
            whole = false;
        }
    }
    if !whole {
        path.push(range_root(tiles, from, to)?);
    }
    path.reverse();
    Ok(path)
}

/// Does the path lead from the leaf to the root? (RFC 9162, 2.1.3.2.)
#[must_use]
pub fn verify_inclusion(leaf: &Hash, index: u64, size: u64, path: &[Hash], root: &Hash) -> bool {
    if index >= size || path.len() > 64 {
        return false;
    }
    let (mut node, mut last) = (index, size - 1);
    let mut hash = *leaf;
    for step in path {
        if last == 0 {
            return false;
        }
        if node & 1 == 1 || node == last {
            hash = node_hash(step, &hash);
            while node & 1 == 0 && node != 0 {
                node >>= 1;
                last >>= 1;
            }
        } else {
            hash = node_hash(&hash, step);
        }
        node >>= 1;
        last >>= 1;
    }
    last == 0 && hash == *root
}

/// Does the new tree continue the old one? (RFC 9162, 2.1.4.2.)
#[must_use]
pub fn verify_consistency(
    old: u64,
    old_root: &Hash,
    new: u64,
    new_root: &Hash,
    path: &[Hash],
) -> bool {
    if old > new || path.len() > 65 {
        return false;
    }
    if old == new {
        return path.is_empty() && old_root == new_root;
    }
    if old == 0 {
        return path.is_empty() && *old_root == empty_root();
    }
    let mut steps = path.iter();
    let first = if old.is_power_of_two() {
        Some(old_root)
    } else {
        steps.next()
    };
    let Some(first) = first else { return false };
    let (mut node, mut last) = (old - 1, new - 1);
    while node & 1 == 1 {
        node >>= 1;
        last >>= 1;
    }
    let (mut from_old, mut from_new) = (*first, *first);
    for step in steps {
        if last == 0 {
            return false;
        }
        if node & 1 == 1 || node == last {
            from_old = node_hash(step, &from_old);
            from_new = node_hash(step, &from_new);
            while node & 1 == 0 && node != 0 {
                node >>= 1;
                last >>= 1;
            }
        } else {
            from_new = node_hash(&from_new, step);
        }
        node >>= 1;
        last >>= 1;
    }
    last == 0 && from_old == *old_root && from_new == *new_root
}

fn largest_power_below(count: u64) -> u64 {
    // For count >= 2: the largest power of two strictly below it.
    1 << (63 - (count - 1).leading_zeros())
}

/// The root over leaves `from..to`, where `from` is a multiple of the power of two that spans it,
/// as every range of the two proofs is.
fn range_root(tiles: &dyn Tiles, from: u64, to: u64) -> Result<Hash, ProofError> {
    let count = to - from;
    if count.is_power_of_two() {
        return perfect_root(tiles, from, count);
    }
    let split = largest_power_below(count);
    let left = perfect_root(tiles, from, split)?;
    let right = range_root(tiles, from + split, to)?;
    Ok(node_hash(&left, &right))
}

/// The root of a perfect subtree: read from the highest tile level that has it.
fn perfect_root(tiles: &dyn Tiles, from: u64, count: u64) -> Result<Hash, ProofError> {
    let log = count.trailing_zeros();
    let level = log / 8;
    let within = log % 8;
    let first = from >> (8 * level);
    let width = 1_u64 << within;
    let tile = first / TILE_WIDTH;
    let start = first % TILE_WIDTH;
    let missing = ProofError {
        why: "a hash of the tree is missing",
    };
    let level = u8::try_from(level).map_err(|_| missing)?;
    let hashes = tiles.tile(level, tile, start + width).ok_or(missing)?;
    let (start, width) = (start as usize, width as usize);
    let mut row: Vec<Hash> = hashes.get(start..start + width).ok_or(missing)?.to_vec();
    while row.len() > 1 {
        row = row
            .chunks_exact(2)
            .map(|pair| node_hash(&pair[0], &pair[1]))
            .collect();
    }
    row.first().copied().ok_or(missing)
}
