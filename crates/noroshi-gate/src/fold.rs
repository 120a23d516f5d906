//! One spelling for each word before words are compared.
//!
//! Labels come as people and programs write them: `ＴＬＰ：ＡＭＢＥＲ`, `Top Secret`, `TOP_SECRET`.
//! What this table does not fold stays another word, and an unknown word is held: a Cyrillic А is
//! no Latin A, and no similarity is ever guessed at.

/// Longest word that is looked up, in bytes.
const WORD_BYTES_MAX: usize = 256;

/// The word in one spelling: full-width forms of ASCII (U+FF01 to U+FF5E, U+3000) as ASCII,
/// letters small, spaces, underscores and hyphens (U+2010 to U+2015, U+2212) as one `-`, none at
/// either end. `None` for what is too long to be a word.
pub(crate) fn fold(text: &str) -> Option<String> {
    if text.len() > WORD_BYTES_MAX {
        return None;
    }
    let mut folded = String::with_capacity(text.len());
    let mut gap = false;
    for c in text.chars().map(narrow) {
        if is_gap(c) {
            gap = !folded.is_empty();
            continue;
        }
        if gap {
            folded.push('-');
            gap = false;
        }
        folded.push(c.to_ascii_lowercase());
    }
    Some(folded)
}

/// The code in one spelling: as [`fold`], in capitals.
pub(crate) fn fold_code(text: &str) -> Option<String> {
    Some(fold(text)?.to_ascii_uppercase())
}

fn narrow(c: char) -> char {
    match u32::from(c) {
        0x3000 => ' ',
        wide @ 0xFF01..=0xFF5E => char::from_u32(wide - 0xFF01 + 0x21).unwrap_or(c),
        _ => c,
    }
}

fn is_gap(c: char) -> bool {
    matches!(
        c,
        ' ' | '\t' | '_' | '-' | '\u{2010}'..='\u{2015}' | '\u{2212}'
    )
}

#[cfg(test)]
mod tests {
    use super::fold;

    #[test]
    fn one_word_in_many_spellings_is_one_word() {
        for text in [
            "TOP SECRET",
            "Top_Secret",
            "  top - secret ",
            "ＴＯＰ　ＳＥＣＲＥＴ",
            "top‐secret",
        ] {
            assert_eq!(fold(text).as_deref(), Some("top-secret"), "{text}");
        }
    }

    #[test]
    fn a_word_is_at_most_256_bytes_long() {
        let longest = "a".repeat(256);
        assert_eq!(fold(&longest), Some(longest));
        assert_eq!(fold(&"a".repeat(257)), None);
    }

    #[test]
    fn what_only_looks_alike_is_another_word() {
        let latin = fold("AMBER");
        // Cyrillic А, a zero-width space, a combining accent, Greek Α.
        for text in [
            "\u{410}MBER",
            "AM\u{200b}BER",
            "A\u{301}MBER",
            "\u{391}MBER",
        ] {
            assert_ne!(fold(text), latin, "{text}");
        }
    }
}
