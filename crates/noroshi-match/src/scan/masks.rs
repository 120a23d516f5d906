//! Bit masks over a piece of telemetry: one bit a byte, 64 bytes a word.

use std::ops::Range;

use wide::u8x16;

/// The masks.
#[derive(Default)]
pub(super) struct Masks {
    /// Quotes, or tabs: what the layout's values stand between.
    pub(super) mark: Vec<u64>,
    pub(super) newline: Vec<u64>,
    pub(super) backslash: Vec<u64>,
    /// What tells the shape of a value.
    pub(super) shape: Vec<Shape>,
    /// Bytes of the piece.
    pub(super) length: usize,
}

/// Three masks that are looked at together.
#[derive(Clone, Copy, Default)]
pub(super) struct Shape {
    pub(super) dot: u64,
    /// Colons, slashes and at signs: addresses of six, URLs, mail.
    pub(super) sign: u64,
    /// Bytes beyond ASCII.
    pub(super) high: u64,
}

/// The bits of one word.
struct Word {
    mark: u64,
    newline: u64,
    backslash: u64,
    shape: Shape,
}

impl Masks {
    /// Make them for this piece.
    pub(super) fn make(&mut self, bytes: &[u8], mark: u8) {
        self.length = bytes.len();
        for mask in [&mut self.mark, &mut self.newline, &mut self.backslash] {
            mask.clear();
        }
        self.shape.clear();
        let (blocks, tail) = bytes.as_chunks::<64>();
        for block in blocks {
            self.push(&word(block, mark));
        }
        // One word more than there are bytes, so that a window may reach over the end.
        let mut block = [0; 64];
        block[..tail.len()].copy_from_slice(tail);
        self.push(&word(&block, mark));
        self.push(&word(&[0; 64], mark));
    }

    #[inline]
    fn push(&mut self, word: &Word) {
        self.mark.push(word.mark);
        self.newline.push(word.newline);
        self.backslash.push(word.backslash);
        self.shape.push(word.shape);
    }

    /// The lines of the piece, without their ends; what stands behind the last end only where it is
    /// not empty.
    pub(super) fn lines(&self) -> impl Iterator<Item = Range<usize>> {
        let (mut start, length) = (0, self.length);
        let ends = Self::bits(&self.newline, 0, length).chain([length]);
        ends.filter_map(move |end| {
            let line = start..end;
            start = end + 1;
            (!line.is_empty() || end < length).then_some(line)
        })
    }

    /// The shape of up to 64 bytes from here; bits beyond `length` are clear.
    #[inline]
    pub(super) fn window(&self, start: usize, length: usize) -> Shape {
        let (word, shift) = (start / 64, start % 64);
        let (Some(low), Some(high)) = (self.shape.get(word), self.shape.get(word + 1)) else {
            return Shape::default();
        };
        let keep = u64::MAX >> (64 - length.clamp(1, 64));
        let join = |low: u64, high: u64| (low >> shift | (high << 1) << (63 - shift)) & keep;
        Shape {
            dot: join(low.dot, high.dot),
            sign: join(low.sign, high.sign),
            high: join(low.high, high.high),
        }
    }

    /// The bits of a mask within a range, in order.
    #[inline]
    pub(super) fn bits(mask: &[u64], start: usize, end: usize) -> Bits<'_> {
        let at = start / 64;
        let first = mask.get(at).copied().unwrap_or_default();
        Bits {
            mask,
            at,
            bits: first & u64::MAX << (start % 64),
            end,
        }
    }

    /// Is a bit of this mask set within a range?
    #[inline]
    pub(super) fn any(mask: &[u64], start: usize, end: usize) -> bool {
        Self::bits(mask, start, end).next().is_some()
    }
}

/// The places of set bits.
pub(super) struct Bits<'a> {
    mask: &'a [u64],
    at: usize,
    bits: u64,
    end: usize,
}

impl Iterator for Bits<'_> {
    type Item = usize;

    #[inline]
    fn next(&mut self) -> Option<usize> {
        while self.bits == 0 {
            self.at += 1;
            if self.at * 64 >= self.end {
                return None;
            }
            self.bits = *self.mask.get(self.at)?;
        }
        let place = self.at * 64 + self.bits.trailing_zeros() as usize;
        self.bits &= self.bits - 1;
        (place < self.end).then_some(place)
    }
}

#[inline]
fn word(block: &[u8; 64], mark: u8) -> Word {
    let (quarters, _) = block.as_chunks::<16>();
    let mut word = Word {
        mark: 0,
        newline: 0,
        backslash: 0,
        shape: Shape::default(),
    };
    for (number, quarter) in quarters.iter().enumerate() {
        let bytes = u8x16::new(*quarter);
        let is = |byte: u8| bytes.simd_eq(u8x16::splat(byte));
        let put = |bits: u8x16| u64::from(bits.to_bitmask()) << (number * 16);
        word.mark |= put(is(mark));
        word.newline |= put(is(b'\n'));
        word.backslash |= put(is(b'\\'));
        word.shape.dot |= put(is(b'.'));
        word.shape.sign |= put(is(b':') | is(b'/') | is(b'@'));
        word.shape.high |= put(bytes);
    }
    word
}
