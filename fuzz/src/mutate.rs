//! Inputs from a corpus: the same seed, the same inputs.

/// Longest input made, in bytes.
const BYTES_MAX: usize = 256 * 1024;

/// Pieces that decoders of ours and of JSON look at.
const PIECES: &[&[u8]] = &[
    b"{",
    b"}",
    b"[",
    b"]",
    b",",
    b":",
    b"\"",
    b"\\",
    b"\\u0000",
    b"\\ud800",
    b"null",
    b"true",
    b"false",
    b"0",
    b"-1",
    b"1e400",
    b"9007199254740993",
    b"18446744073709551616",
    b"\n",
    b"\r\n",
    b"\0",
    b"\xef\xbb\xbf",
    b"\xff",
    b"\xc0\x80",
    b"\xe2\x80\xae",
    b"[[[[[[[[[[[[[[[[",
    b".[0]",
    b"\"v\":1",
    b"\"v\":2",
    b"\"id\"",
    b"\"type\"",
    b"--",
    b"==",
    b"\xff\xff\xff\xff",
    b"\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01",
];

pub(crate) struct Maker {
    state: u64,
    corpus: Vec<Vec<u8>>,
}

impl Maker {
    pub(crate) fn new(seed: u64, name: &str, corpus: Vec<Vec<u8>>) -> Self {
        // Each decoder has a stream of its own (FNV-1a of its name).
        let fold = |hash: u64, byte: &u8| (hash ^ u64::from(*byte)).wrapping_mul(0x100_0000_01b3);
        let state = name.as_bytes().iter().fold(0xcbf2_9ce4_8422_2325, fold);
        Self {
            state: state ^ seed,
            corpus,
        }
    }

    /// SplitMix64 (Steele, Lea and Flood, 2014).
    fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, bound: usize) -> usize {
        let bound = bound.max(1) as u64;
        usize::try_from(self.next() % bound).unwrap_or_default()
    }

    /// The next input.
    pub(crate) fn make(&mut self) -> Vec<u8> {
        let at = self.below(self.corpus.len());
        let mut input = self.corpus[at].clone();
        // One change most often: what is wrong in one place is refused in the deepest check.
        let changes = 1 << self.below(4);
        for _ in 0..changes {
            self.change(&mut input);
        }
        input.truncate(BYTES_MAX);
        input
    }

    fn change(&mut self, input: &mut Vec<u8>) {
        let at = self.below(input.len() + 1).min(input.len());
        let to = (at + self.below(64)).min(input.len());
        match self.below(8) {
            0 => {
                if let Some(byte) = input.get_mut(at) {
                    *byte ^= 1 << (self.next() % 8);
                }
            }
            1 => {
                let byte = self.next().to_le_bytes()[0];
                if let Some(place) = input.get_mut(at) {
                    *place = byte;
                }
            }
            2 => drop(input.drain(at..to)),
            3 => {
                let piece = PIECES[self.below(PIECES.len())];
                input.splice(at..at, piece.iter().copied());
            }
            4 => {
                let piece = PIECES[self.below(PIECES.len())];
                input.splice(at..to, piece.iter().copied());
            }
            5 => {
                let copy = input[at..to].to_vec();
                let times = 1 + self.below(32);
                input.splice(at..at, copy.repeat(times));
            }
            6 => self.splice(input, at),
            _ => input.truncate(at),
        }
    }

    /// The rest of another input from here on.
    fn splice(&mut self, input: &mut Vec<u8>, at: usize) {
        let other = self.below(self.corpus.len());
        let from = self.below(self.corpus[other].len());
        input.truncate(at);
        input.extend_from_slice(&self.corpus[other][from..]);
    }
}
