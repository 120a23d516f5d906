//! A segment as a file: magic, version, what key it is for, lengths, a checksum over each part
//! that only who has the key can make, then the parts as they lie in memory (little-endian).

use std::io::{Read, Write};
use std::sync::Arc;

use thiserror::Error;

use super::filter::Filter;
use super::nets::Nets;
use super::segment::{Line, SLOTS, Segment};
use crate::keyed::Keyed;
use crate::kind::{Kind, KindSet};
use crate::normal::split_net;

/// The version of the form.
pub const SNAPSHOT_VERSION: u32 = 1;
const MAGIC: [u8; 8] = *b"NRSHIDX\n";
/// Lengths of filter (words), lines and records, atoms, kinds, and three checksums.
const FIELDS: usize = 8;
const HEAD_BYTES: usize = 16 + FIELDS * 8;

/// Why a snapshot file is not taken.
#[derive(Debug, Error)]
pub enum SnapshotError {
    /// It cannot be read or written.
    #[error("the snapshot file cannot be read or written")]
    Io(#[from] std::io::Error),
    /// It is none, or of a version that is not known.
    #[error("not a snapshot of this version")]
    Version,
    /// It names sizes above the cap.
    #[error("larger than {max} bytes")]
    TooLarge {
        /// The cap.
        max: u64,
    },
    /// It was made with another key, or is damaged.
    #[error("damaged, or made with another key")]
    Damaged,
}

impl Segment {
    /// Write the segment.
    pub fn write_snapshot(&self, mut to: impl Write) -> Result<(), SnapshotError> {
        let filter: Vec<u64> = self.filter.words().map(u64::to_le).collect();
        let lines: Vec<u32> = self
            .lines
            .iter()
            .flatten()
            .map(|slot| slot.to_le())
            .collect();
        let places: Vec<u32> = self.places.iter().map(|place| place.to_le()).collect();
        let parts: [&[u8]; 4] = [
            bytemuck::cast_slice(&filter),
            bytemuck::cast_slice(&lines),
            bytemuck::cast_slice(&places),
            &self.records,
        ];
        let mut head = Vec::with_capacity(HEAD_BYTES);
        head.extend(MAGIC);
        head.extend(SNAPSHOT_VERSION.to_le_bytes());
        head.extend(0_u32.to_le_bytes());
        let sums = parts.iter().map(|part| self.keyed.checksum(part));
        let sum = sums.fold(0_u64, |sum, part| sum.rotate_left(1) ^ part);
        let fields = [
            filter.len() as u64,
            self.lines.len() as u64,
            self.records.len() as u64,
            self.count as u64,
            u64::from(self.kinds.bits()),
            sum,
            0,
        ];
        head.extend(fields.iter().flat_map(|field| field.to_le_bytes()));
        let seal = self.keyed.checksum(&head);
        head.extend(seal.to_le_bytes());
        to.write_all(&head)?;
        parts.iter().try_for_each(|part| to.write_all(part))?;
        Ok(())
    }

    /// Read a segment, of at most `bytes_max` bytes.
    pub fn read_snapshot(
        keyed: Arc<Keyed>,
        mut from: impl Read,
        bytes_max: u64,
    ) -> Result<Self, SnapshotError> {
        let mut head = [0; HEAD_BYTES];
        from.read_exact(&mut head)?;
        if head[..8] != MAGIC || head[8..12] != SNAPSHOT_VERSION.to_le_bytes() {
            return Err(SnapshotError::Version);
        }
        let (sealed, seal) = head.split_at(HEAD_BYTES - 8);
        if keyed.checksum(sealed).to_le_bytes() != seal {
            return Err(SnapshotError::Damaged);
        }
        let (fields, _) = head[16..].as_chunks::<8>();
        let field = |at: usize| u64::from_le_bytes(fields[at]);
        let bytes = [(0, 8), (1, 128), (2, 1)]
            .iter()
            .try_fold(0_u64, |sum, (at, each)| {
                sum.checked_add(field(*at).checked_mul(*each)?)
            });
        if bytes.is_none_or(|bytes| bytes > bytes_max) {
            return Err(SnapshotError::TooLarge { max: bytes_max });
        }
        let length = |at: usize| usize::try_from(field(at)).unwrap_or(usize::MAX);
        let mut filter = vec![0_u64; length(0)];
        let mut lines: Vec<Line> = vec![[0; SLOTS]; length(1)];
        let mut places = vec![0_u32; length(1) * SLOTS];
        let mut records = vec![0_u8; length(2)];
        let mut sum = 0_u64;
        let parts: [&mut [u8]; 4] = [
            bytemuck::cast_slice_mut(&mut filter),
            bytemuck::cast_slice_mut(&mut lines),
            bytemuck::cast_slice_mut(&mut places),
            &mut records,
        ];
        for part in parts {
            from.read_exact(part)?;
            sum = sum.rotate_left(1) ^ keyed.checksum(part);
        }
        if sum != field(5) || from.read(&mut [0])? != 0 {
            return Err(SnapshotError::Damaged);
        }
        filter
            .iter_mut()
            .for_each(|word| *word = u64::from_le(*word));
        lines
            .iter_mut()
            .flatten()
            .for_each(|slot| *slot = u32::from_le(*slot));
        places
            .iter_mut()
            .for_each(|place| *place = u32::from_le(*place));
        let segment = Self {
            keyed,
            filter: Filter::from_words(filter),
            lines,
            places,
            records,
            nets: Nets::new(),
            kinds: KindSet::from_bits(u16::try_from(field(4)).unwrap_or_default()),
            count: length(3),
        };
        segment.find_nets();
        Ok(segment)
    }

    /// Which blocks of addresses there are; not in the file, for they are few.
    fn find_nets(&self) {
        if !self.kinds.has(Kind::Ipv4Net) && !self.kinds.has(Kind::Ipv6Net) {
            return;
        }
        for record in self.records() {
            let is_net = matches!(record.kind, Kind::Ipv4Net | Kind::Ipv6Net);
            let value = std::str::from_utf8(record.value).unwrap_or_default();
            if let (true, Some((ip, prefix))) = (is_net, split_net(value)) {
                self.nets.add(ip, prefix);
            }
        }
    }
}
