//! A text in one spelling for comparing, with the way back to the bytes it was made of.
//!
//! Wider than the spelling of labels (`fold.rs`) on purpose: a label that only looks alike is
//! another word and is held, but here a person is shown what was found, and what hides itself
//! behind invisible characters or letters of another script is what is looked for.

/// A text folded for the scan.
pub(super) struct Folded<'a> {
    /// As it stands in the object.
    pub(super) text: &'a str,
    /// Letters small, full-width forms as ASCII, letters that look Latin as Latin, gaps as one
    /// space, invisible characters gone.
    pub(super) folded: String,
    /// Per byte of `folded` where the character it came from begins; one more for the end.
    from: Vec<u32>,
}

impl<'a> Folded<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        if text.is_ascii() {
            Self::of_ascii(text)
        } else {
            Self::of_any(text)
        }
    }

    /// [`Folded::of_any`] for what most texts are.
    fn of_ascii(text: &'a str) -> Self {
        let mut folded = String::with_capacity(text.len());
        let mut from = Vec::with_capacity(text.len() + 1);
        let mut gap = None;
        for (at, c) in (0_u32..).zip(text.bytes()) {
            match c {
                b' ' | b'_' | b'-' | 0x09..=0x0D => gap = gap.or(Some(at)),
                0..0x20 | 0x7F => {}
                _ => {
                    if let Some(gap) = gap.take() {
                        folded.push(' ');
                        from.push(gap);
                    }
                    folded.push(char::from(c.to_ascii_lowercase()));
                    from.push(at);
                }
            }
        }
        from.push(u32::try_from(text.len()).unwrap_or(u32::MAX));
        Self { text, folded, from }
    }

    fn of_any(text: &'a str) -> Self {
        let mut folded = String::with_capacity(text.len());
        let mut from = Vec::with_capacity(text.len() + 1);
        let mut gap = None;
        for (at, c) in text.char_indices() {
            let at = u32::try_from(at).unwrap_or(u32::MAX);
            let c = narrow(c);
            if is_invisible(c) {
                continue;
            }
            if is_gap(c) {
                gap = gap.or(Some(at));
                continue;
            }
            if let Some(gap) = gap.take() {
                folded.push(' ');
                from.push(gap);
            }
            let before = folded.len();
            match latin(c) {
                Some(latin) => folded.push(latin),
                None if c.is_ascii() => folded.push(c.to_ascii_lowercase()),
                None => folded.extend(c.to_lowercase()),
            }
            from.resize(from.len() + folded.len() - before, at);
        }
        from.push(u32::try_from(text.len()).unwrap_or(u32::MAX));
        Self { text, folded, from }
    }

    /// Only the folded form of a word.
    pub(super) fn word(word: &str) -> String {
        Folded::new(word).folded
    }

    /// The bytes of the text that stand behind some of the folded form.
    pub(super) fn span(&self, start: usize, end: usize) -> (usize, usize) {
        let place = |at: usize| self.from.get(at).map_or(self.text.len(), |at| *at as usize);
        let first = place(start);
        // The last character whole, without what was left out behind it.
        let last = place(end.saturating_sub(1));
        let length = self.text[last..].chars().next().map_or(0, char::len_utf8);
        (first, last + length)
    }

    /// May a word begin or end before this byte of the folded form?
    pub(super) fn is_border(&self, at: usize) -> bool {
        let bytes = self.folded.as_bytes();
        if let [before, after] = bytes.get(at.wrapping_sub(1)..=at).unwrap_or_default()
            && before.is_ascii()
            && after.is_ascii()
        {
            return !(before.is_ascii_alphanumeric() && after.is_ascii_alphanumeric());
        }
        let before = self.folded[..at].chars().next_back();
        let after = self.folded[at..].chars().next();
        match (before, after) {
            (Some(before), Some(after)) => !(is_lettered(before) && is_lettered(after)),
            _ => true,
        }
    }
}

/// Of a script that parts its words: two such characters side by side are one word.
fn is_lettered(c: char) -> bool {
    c.is_alphanumeric() && !is_east_asian(c)
}

/// Of a script that writes without gaps between words.
pub(super) fn is_east_asian(c: char) -> bool {
    matches!(
        u32::from(c),
        0x2E80..=0x9FFF | 0xF900..=0xFAFF | 0xFF66..=0xFF9F | 0x2_0000..=0x3_FFFF
    )
}

/// The full-width forms of ASCII as ASCII.
pub(super) fn narrow(c: char) -> char {
    match u32::from(c) {
        wide @ 0xFF01..=0xFF5E => char::from_u32(wide - 0xFF01 + 0x21).unwrap_or(c),
        _ => c,
    }
}

fn is_gap(c: char) -> bool {
    c.is_whitespace() || matches!(c, '_' | '-' | '\u{2010}'..='\u{2015}' | '\u{2212}')
}

/// Characters that turn the direction of writing, or carry text nobody sees.
pub(super) fn is_hidden(c: char) -> bool {
    matches!(
        u32::from(c),
        0x202A..=0x202E | 0x2066..=0x2069 | 0xFFF9..=0xFFFB | 0xE0000..=0xE007F
    ) || (c.is_control() && !matches!(c, '\n' | '\r' | '\t'))
}

/// Characters without width, and marks of direction.
pub(super) fn is_invisible(c: char) -> bool {
    is_hidden(c)
        || matches!(
            u32::from(c),
            0xAD | 0x34F | 0x61C | 0x115F | 0x1160 | 0x17B4 | 0x17B5 | 0x180B..=0x180E
                | 0x200B..=0x200F | 0x2060..=0x2064 | 0x206A..=0x206F | 0x3164 | 0xFEFF | 0xFFA0
        )
}

/// The Latin letter that a letter of Greek or Cyrillic looks like (Unicode TR 39, the letters that
/// are drawn alike in common typefaces).
pub(super) fn latin(c: char) -> Option<char> {
    Some(match c {
        'а' | 'А' | 'Α' | 'α' => 'a',
        'В' | 'Β' => 'b',
        'с' | 'С' | 'ϲ' => 'c',
        'е' | 'Е' | 'Ε' => 'e',
        'Н' | 'Η' => 'h',
        'і' | 'І' | 'Ι' | 'ι' => 'i',
        'ј' | 'Ј' => 'j',
        'К' | 'Κ' | 'κ' => 'k',
        'М' | 'Μ' => 'm',
        'Ν' => 'n',
        'о' | 'О' | 'Ο' | 'ο' => 'o',
        'р' | 'Р' | 'Ρ' | 'ρ' => 'p',
        'ѕ' | 'Ѕ' => 's',
        'Т' | 'Τ' => 't',
        'у' | 'У' | 'Υ' => 'y',
        'х' | 'Х' | 'Χ' => 'x',
        'Ζ' => 'z',
        _ => return None,
    })
}

/// Is it a letter of Greek or Cyrillic?
pub(super) fn is_greek_or_cyrillic(c: char) -> bool {
    matches!(u32::from(c), 0x370..=0x52F | 0x1F00..=0x1FFF) && c.is_alphabetic()
}
