//! When an event happened by the word of its own line. Clocks of sources may say anything; what
//! is read here is shown and bounds nothing.

use noroshi_model::Timestamp;

/// Bytes of a line in which its time is looked for.
const HEAD_BYTES: usize = 512;

/// The first time that stands in a line: RFC 3339 with or without a zone, or Zeek's seconds.
pub(super) fn seen(line: &[u8]) -> Option<Timestamp> {
    let head = &line[..line.len().min(HEAD_BYTES)];
    let zeek = head.windows(5).position(|five| five == b"\"ts\":");
    let seconds = zeek.map_or(head, |at| &head[at + 5..]);
    if let Some(time) = epoch(seconds) {
        return Some(time);
    }
    head.windows(19).enumerate().find_map(|(at, window)| {
        let shape = b"0000-00-00T00:00:00";
        let fits = shape.iter().zip(window).all(|(shape, byte)| match shape {
            b'0' => byte.is_ascii_digit(),
            b'T' => matches!(byte, b'T' | b' '),
            mark => byte == mark,
        });
        fits.then(|| rfc3339(window, &head[at + 19..])).flatten()
    })
}

/// Ten digits of seconds, a dot and a fraction, at the beginning.
fn epoch(text: &[u8]) -> Option<Timestamp> {
    let digits = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    if digits != 10 || text.get(10) != Some(&b'.') {
        return None;
    }
    let seconds = number(&text[..10])?;
    let (micros, _) = fraction(&text[10..]);
    Some(Timestamp::from_micros(seconds * 1_000_000 + micros))
}

fn rfc3339(text: &[u8], after: &[u8]) -> Option<Timestamp> {
    let text = std::str::from_utf8(text).ok()?;
    let whole: Timestamp = format!("{}T{}Z", &text[..10], &text[11..]).parse().ok()?;
    let (micros, length) = fraction(after);
    let zone = &after[length..];
    let digits: Vec<u8> = zone
        .iter()
        .skip(1)
        .take(5)
        .filter(|it| it.is_ascii_digit())
        .copied()
        .collect();
    let sign = match zone.first() {
        Some(b'+') if digits.len() == 4 => 1,
        Some(b'-') if digits.len() == 4 => -1,
        _ => 0,
    };
    let offset = match sign {
        0 => 0,
        _ => (number(&digits[..2])? * 60 + number(&digits[2..])?) * 60 * sign,
    };
    Some(Timestamp::from_micros(
        whole.micros() + micros - offset * 1_000_000,
    ))
}

/// Microseconds behind a dot, and how long dot and digits are.
fn fraction(text: &[u8]) -> (i64, usize) {
    if text.first() != Some(&b'.') {
        return (0, 0);
    }
    let digits = text[1..]
        .iter()
        .take_while(|byte| byte.is_ascii_digit())
        .count();
    let place = |at: usize| {
        i64::from(
            text.get(1 + at)
                .filter(|_| at < digits)
                .map_or(0, |it| it - b'0'),
        )
    };
    let micros = (0..6).fold(0, |sum, at| sum * 10 + place(at));
    (micros, 1 + digits)
}

fn number(digits: &[u8]) -> Option<i64> {
    std::str::from_utf8(digits).ok()?.parse().ok()
}
