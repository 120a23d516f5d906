//! Taking back what people do to a name so that it cannot be clicked on: `hxxp`, dots and signs in
//! brackets, full-width forms, invisible characters. Linear, and doing it twice changes nothing.

/// A text as it was meant, and where each byte of it stood.
pub(crate) struct Refanged {
    /// The text.
    pub(crate) text: String,
    /// For each byte of the text, and for its end, the place in the original.
    pub(crate) origin: Vec<usize>,
}

/// The text as it was meant before it was defanged.
#[must_use]
pub fn refang(text: &str) -> String {
    refang_mapped(text).text
}

/// The same, with the place of each byte in the original.
pub(crate) fn refang_mapped(text: &str) -> Refanged {
    let (chars, end) = (levelled(text), text.len());
    let chars = without_brackets(&chars);
    let chars = with_schemes(chars);
    let mut refanged = Refanged {
        text: String::with_capacity(end),
        origin: Vec::with_capacity(end + 1),
    };
    for (char, at) in chars {
        refanged.text.push(char);
        refanged.origin.resize(refanged.text.len(), at);
    }
    refanged.origin.push(end);
    refanged
}

/// Full-width forms of ASCII become ASCII, invisible characters go; an ideographic full stop is a
/// dot only where it stands within a name, for between sentences it is a full stop.
fn levelled(text: &str) -> Vec<(char, usize)> {
    let is_invisible = |char: char| {
        matches!(
            char,
            '\u{200b}'..='\u{200d}' | '\u{2060}' | '\u{feff}' | '\u{ad}'
        )
    };
    let mut chars: Vec<(char, usize)> = text
        .char_indices()
        .filter(|(_, char)| !is_invisible(*char))
        .map(|(at, char)| match char {
            '\u{ff01}'..='\u{ff5e}' => {
                let ascii = char::from_u32(u32::from(char) - 0xff01 + 0x21);
                (ascii.unwrap_or(char), at)
            }
            _ => (char, at),
        })
        .collect();
    for at in 1..chars.len().saturating_sub(1) {
        let is_name = |at: usize| chars[at].0.is_ascii_alphanumeric();
        if is_stop(chars[at].0) && is_name(at - 1) && is_name(at + 1) {
            chars[at].0 = '.';
        }
    }
    chars
}

fn is_stop(char: char) -> bool {
    matches!(char, '\u{3002}' | '\u{ff61}')
}

/// What may stand in brackets, and what it means.
const WORDS: [(&str, &str); 9] = [
    (".", "."),
    ("\u{3002}", "."),
    ("dot", "."),
    ("://", "://"),
    (":", ":"),
    ("/", "/"),
    ("@", "@"),
    ("at", "@"),
    ("www", "www"),
];
/// Most brackets around one sign that are looked at.
const BRACKETS_MAX: usize = 4;

fn without_brackets(chars: &[(char, usize)]) -> Vec<(char, usize)> {
    let mut out: Vec<(char, usize)> = Vec::with_capacity(chars.len());
    let mut at = 0;
    while at < chars.len() {
        let may_begin = matches!(chars[at].0, '[' | '(' | '{' | '.' | ' ');
        match may_begin.then(|| bracketed(chars, at, &out)).flatten() {
            Some((meant, end)) => {
                out.extend(meant.chars().map(|char| (char, chars[at].1)));
                at = end;
            }
            None => {
                out.push(chars[at]);
                at += 1;
            }
        }
    }
    out
}

/// A sign in brackets that begins here, with letters or digits on both sides: what it means, and
/// where the text goes on. A bracket on one side only is enough for a dot.
fn bracketed(
    chars: &[(char, usize)],
    begin: usize,
    before: &[(char, usize)],
) -> Option<(&'static str, usize)> {
    let char = |at: usize| chars.get(at).map(|(char, _)| *char);
    let run = |from: usize, set: &[char]| {
        let is_in = |at: &usize| char(*at).is_some_and(|char| set.contains(&char));
        (from..from + BRACKETS_MAX).take_while(is_in).count()
    };
    let blank = |from: usize| from + usize::from(char(from) == Some(' '));
    let opening = blank(begin);
    let opens = run(opening, &['[', '(', '{']);
    let word_at = match opens {
        0 if opening == begin => begin,
        0 => return None,
        _ => blank(opening + opens),
    };
    let (meant, word_end) = WORDS.iter().find_map(|(word, meant)| {
        let mut end = word_at;
        for expected in word.chars() {
            if char(end)?.to_ascii_lowercase() != expected {
                return None;
            }
            end += 1;
        }
        Some((*meant, end))
    })?;
    let closing = if opens == 0 {
        word_end
    } else {
        blank(word_end)
    };
    let closes = run(closing, &[']', ')', '}']);
    let has_one_side = meant == "." && (opens > 0) != (closes > 0);
    if !(opens > 0 && closes > 0 || has_one_side) || (has_one_side && opening != begin) {
        return None;
    }
    let mut end = if closes > 0 {
        closing + closes
    } else {
        word_end
    };
    if opens > 0 && closes > 0 && opening != begin {
        end = blank(end);
    }
    let is_name = |char: char| char.is_alphanumeric() || char == '_' || char == '-';
    let fits_left = before
        .last()
        .is_some_and(|(char, _)| is_name(*char) || *char == ':');
    let fits_right = char(end).is_some_and(|char| is_name(char) || matches!(char, '/' | ':'));
    // A dot needs names on both sides; a colon or slash may stand beside its like.
    let names = char(end).is_some_and(is_name) && before.last().is_some_and(|(c, _)| is_name(*c));
    let fits = if matches!(meant, "." | "@") {
        names
    } else {
        fits_left && fits_right
    };
    fits.then_some((meant, end))
}

/// `hxxp`, `h**p` and their like before `://` are `http`; `fxp` is `ftp`.
fn with_schemes(mut chars: Vec<(char, usize)>) -> Vec<(char, usize)> {
    const SCHEMES: [(&str, &str); 9] = [
        ("hxxp", "http"),
        ("h**p", "http"),
        ("htxp", "http"),
        ("hxtp", "http"),
        ("h__p", "http"),
        ("hxxps", "https"),
        ("h**ps", "https"),
        ("h__ps", "https"),
        ("fxp", "ftp"),
    ];
    for at in 0..chars.len() {
        if chars[at].0 != ':' || chars.get(at + 1).map(|c| c.0) != Some('/') {
            continue;
        }
        for (written, meant) in SCHEMES {
            let Some(begin) = at.checked_sub(written.len()) else {
                continue;
            };
            let is_written = chars[begin..at]
                .iter()
                .zip(written.chars())
                .all(|((char, _), expected)| char.to_ascii_lowercase() == expected);
            let is_whole = begin == 0 || !chars[begin - 1].0.is_ascii_alphanumeric();
            if is_written && is_whole {
                for ((char, _), meant) in chars[begin..at].iter_mut().zip(meant.chars()) {
                    *char = meant;
                }
                break;
            }
        }
    }
    chars
}
