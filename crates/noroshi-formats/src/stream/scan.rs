//! Where one JSON value ends, found without parsing it. The splitter in `stream.rs` cuts there.

/// Finds the end of one JSON value, byte by byte, keeping its place between reads. It balances
/// brackets and strings and leaves the grammar to the parser.
#[derive(Default)]
pub(crate) struct Scan {
    depth: usize,
    in_string: bool,
    escaped: bool,
    scalar: bool,
}

impl Scan {
    /// How many bytes belong to the value, once its end is among them.
    pub(crate) fn run(&mut self, bytes: &[u8]) -> Option<usize> {
        let mut at = 0;
        while let Some(&byte) = bytes.get(at) {
            if self.in_string {
                at += 1;
                if self.escaped {
                    self.escaped = false;
                } else if byte == b'\\' {
                    self.escaped = true;
                } else if byte == b'"' {
                    self.in_string = false;
                    if self.depth == 0 {
                        return Some(at);
                    }
                } else {
                    let rest = &bytes[at..];
                    at += rest
                        .iter()
                        .position(|c| matches!(c, b'"' | b'\\'))
                        .unwrap_or(rest.len());
                }
                continue;
            }
            match byte {
                b'"' if self.scalar => return Some(at),
                b'"' => self.in_string = true,
                b'{' | b'[' => self.depth += 1,
                b'}' | b']' if self.depth == 0 => return Some(at),
                b'}' | b']' => {
                    self.depth -= 1;
                    if self.depth == 0 {
                        return Some(at + 1);
                    }
                }
                b',' | b':' | b' ' | b'\t' | b'\n' | b'\r' if self.depth == 0 => return Some(at),
                _ if self.depth == 0 => self.scalar = true,
                _ => {}
            }
            at += 1;
        }
        None
    }

    /// May the file end here? Only after a scalar, which nothing closes.
    pub(crate) fn may_end(&self) -> bool {
        self.depth == 0 && !self.in_string && self.scalar
    }
}
