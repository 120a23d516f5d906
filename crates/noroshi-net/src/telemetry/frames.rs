//! Messages out of a stream of syslog (RFC 6587): counted, or ended by a line feed or a zero byte,
//! as each one begins. Every message becomes one line.

/// Longest message, in bytes; a longer one is passed over and counted.
const MESSAGE_BYTES_MAX: usize = 1 << 20;
/// Digits of a count: more than the longest message needs.
const COUNT_DIGITS_MAX: usize = 8;

/// What of a message has come.
#[derive(Default)]
pub(super) struct Frames {
    rest: Vec<u8>,
    state: State,
    overlong: u64,
}

#[derive(Default)]
enum State {
    /// Before a message, or within the digits of its count.
    #[default]
    Begin,
    /// So many bytes are still to come.
    Counted(usize),
    /// Until a line feed or a zero byte.
    Line,
    /// So many bytes are passed over.
    PassCounted(usize),
    /// Everything is passed over until a line feed or a zero byte.
    PassLine,
}

impl Frames {
    /// Take a piece; messages that are whole are appended, each as a line.
    pub(super) fn push(&mut self, mut piece: &[u8], lines: &mut Vec<u8>) {
        while !piece.is_empty() {
            piece = match self.state {
                State::Begin => self.begin(piece),
                State::Counted(left) => {
                    let (now, after) = piece.split_at(left.min(piece.len()));
                    self.rest.extend_from_slice(now);
                    self.state = State::Counted(left - now.len());
                    if left == now.len() {
                        self.give(lines);
                    }
                    after
                }
                State::PassCounted(left) => {
                    let count = left.min(piece.len());
                    self.state = match left - count {
                        0 => State::Begin,
                        left => State::PassCounted(left),
                    };
                    &piece[count..]
                }
                State::Line | State::PassLine => self.line(piece, lines),
            };
        }
    }

    /// The stream is at its end.
    pub(super) fn end(&mut self, lines: &mut Vec<u8>) {
        if !matches!(self.state, State::PassCounted(_) | State::PassLine) {
            self.give(lines);
        }
    }

    /// How many messages were above the cap since this was last asked.
    pub(super) fn take_overlong(&mut self) -> u64 {
        std::mem::take(&mut self.overlong)
    }

    /// Digits and a blank are a count; anything else begins a message that ends by itself.
    fn begin<'a>(&mut self, piece: &'a [u8]) -> &'a [u8] {
        let Some((byte, after)) = piece.split_first() else {
            return piece;
        };
        match byte {
            b'0'..=b'9' if self.rest.len() < COUNT_DIGITS_MAX => {
                self.rest.push(*byte);
                after
            }
            b' ' if !self.rest.is_empty() => {
                let digits = self.rest.iter();
                let count = digits.fold(0, |sum, digit| sum * 10 + usize::from(digit - b'0'));
                self.rest.clear();
                self.state = if count > MESSAGE_BYTES_MAX {
                    self.overlong += 1;
                    State::PassCounted(count)
                } else if count == 0 {
                    State::Begin
                } else {
                    State::Counted(count)
                };
                after
            }
            _ => {
                self.state = State::Line;
                piece
            }
        }
    }

    fn line<'a>(&mut self, piece: &'a [u8], lines: &mut Vec<u8>) -> &'a [u8] {
        let end = piece.iter().position(|byte| matches!(byte, b'\n' | 0));
        let (now, after) = match end {
            Some(end) => (&piece[..end], &piece[end + 1..]),
            None => (piece, &[][..]),
        };
        let is_passed = matches!(self.state, State::PassLine);
        if !is_passed && self.rest.len() + now.len() > MESSAGE_BYTES_MAX {
            self.overlong += 1;
            self.rest = Vec::new();
            self.state = State::PassLine;
        } else if !is_passed {
            self.rest.extend_from_slice(now);
        }
        if end.is_some() {
            self.give(lines);
        }
        after
    }

    fn give(&mut self, lines: &mut Vec<u8>) {
        message(&self.rest, lines);
        self.rest.clear();
        self.state = State::Begin;
    }
}

/// One message as one line: line feeds within it become blanks.
pub(super) fn message(bytes: &[u8], lines: &mut Vec<u8>) {
    let bytes = bytes.trim_ascii_end();
    if bytes.is_empty() {
        return;
    }
    lines.extend(bytes.iter().map(|byte| match byte {
        b'\n' | b'\r' | 0 => b' ',
        byte => *byte,
    }));
    lines.push(b'\n');
}

/// The last column of the system's table of UDP sockets, for those of this port.
pub(super) fn drops(table: &str, port: u16) -> u64 {
    let of_port = |line: &&str| {
        let local = line.split_whitespace().nth(1);
        let digits = local
            .and_then(|local| local.rsplit_once(':'))
            .map(|(_, digits)| digits);
        digits.is_some_and(|digits| u16::from_str_radix(digits, 16) == Ok(port))
    };
    let rows = table.lines().skip(1).filter(of_port);
    rows.filter_map(|line| line.split_whitespace().next_back()?.parse::<u64>().ok())
        .sum()
}

#[cfg(test)]
mod tests {
    use super::{Frames, MESSAGE_BYTES_MAX, drops};

    fn lines(stream: &[u8], piece: usize) -> (String, u64) {
        let (mut frames, mut lines) = (Frames::default(), Vec::new());
        for piece in stream.chunks(piece) {
            frames.push(piece, &mut lines);
        }
        frames.end(&mut lines);
        (
            String::from_utf8_lossy(&lines).into_owned(),
            frames.take_overlong(),
        )
    }

    #[test]
    fn counted_and_ended_messages_are_told_apart_whatever_the_pieces() {
        let stream = b"11 <34>1 a\nb c<34>plain\n5 <1>xy<13>zero\x000 \n\n<2>last";
        let expected = "<34>1 a b c\n<34>plain\n<1>xy\n<13>zero\n<2>last\n";
        for piece in 1..stream.len() + 1 {
            assert_eq!(lines(stream, piece), (expected.to_owned(), 0), "{piece}");
        }
    }

    #[test]
    fn a_message_above_the_cap_is_passed_over_and_counted() {
        let long = "x".repeat(MESSAGE_BYTES_MAX + 1);
        for stream in [
            format!("{} {long}3 <1>", long.len()),
            format!("<1>{long}\n<1>\n"),
        ] {
            assert_eq!(lines(stream.as_bytes(), 65_536), ("<1>\n".to_owned(), 1));
        }
        // A count that no message has is none: the digits are text.
        assert_eq!(lines(b"123456789 x\n", 4).0, "123456789 x\n");
    }

    #[test]
    fn what_the_system_dropped_stands_in_its_table() {
        let table = "  sl  local_address rem_address st tx rx tr tm retrnsmt uid timeout inode ref ptr drops\n\
                     1: 0100007F:1592 00000000:0000 07 0:0 00:0 0 0 0 9 2 0 41\n\
                     2: 0100007F:1593 00000000:0000 07 0:0 00:0 0 0 0 9 2 0 7\n";
        assert_eq!((drops(table, 0x1592), drops(table, 1)), (41, 0));
    }
}
