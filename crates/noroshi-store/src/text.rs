//! The words of an item as full text sees them.
//!
//! SQLite's `unicode61` tokeniser finds words by their separators, which Japanese does not write.
//! So runs of Han, kana and hangul are cut here into overlapping pairs: 特定秘密 becomes 特定 定秘
//! 秘密 密, and a search for any characters in a row finds it, for one alone as the beginning of a
//! pair. The trigram tokeniser was rejected: it cannot find words of two characters, and its index
//! is several times larger. A change here raises the number in [`crate::text_index`].

use noroshi_model::json::{Object, Value};
use unicode_normalization::UnicodeNormalization as _;

/// Most text indexed of one item, in bytes.
const TEXT_BYTES_MAX: usize = 20_000;

/// Properties whose text nobody searches for.
const SKIPPED: [&str; 6] = [
    "spec_version",
    "created",
    "modified",
    "object_marking_refs",
    "granular_markings",
    "lang",
];

/// The words of an object, ready for the index.
#[must_use]
pub fn of_object(object: &Object) -> String {
    let mut words = String::new();
    // The title first: of a text that is too long, the end is left out.
    for first in ["name", "value", "pattern", "aliases"] {
        if let Some(value) = object.get(first) {
            collect(value, &mut words);
        }
    }
    for (name, value) in object.iter() {
        if !SKIPPED.contains(&name) && !["name", "value", "pattern", "aliases"].contains(&name) {
            collect(value, &mut words);
        }
    }
    terms(&words)
}

fn collect(value: &Value, words: &mut String) {
    if words.len() >= TEXT_BYTES_MAX {
        return;
    }
    match value {
        Value::String(text) => {
            let mut end = text.len().min(TEXT_BYTES_MAX - words.len());
            while !text.is_char_boundary(end) {
                end -= 1;
            }
            words.push_str(&text[..end]);
            words.push(' ');
        }
        Value::Array(values) => values.iter().for_each(|value| collect(value, words)),
        Value::Object(object) => object.iter().for_each(|(_, value)| collect(value, words)),
        Value::Null | Value::Bool(_) | Value::Int(_) | Value::Float(_) => {}
    }
}

/// The text as the index keeps it: in the form NFKC, which makes half-width kana, full-width
/// letters and letters with marks of their own one with what they stand for; and runs of
/// characters that write no spaces cut into overlapping pairs, their last character once more for
/// itself.
#[must_use]
pub fn terms(text: &str) -> String {
    cut(text, true)
}

/// `whole`: does the text end where it ends, or may more follow?
fn cut(text: &str, whole: bool) -> String {
    if text.is_ascii() {
        return text.to_owned();
    }
    let mut out = String::with_capacity(text.len() * 2);
    let mut run: Option<char> = None;
    let mut length = 0;
    for c in text.nfkc() {
        if !is_unspaced(c) {
            end_run(&mut out, run.take());
            length = 0;
            out.push(c);
            continue;
        }
        if let Some(before) = run.replace(c) {
            out.extend([' ', before, c]);
        }
        length += 1;
    }
    if whole || length == 1 {
        end_run(&mut out, run);
    }
    out
}

/// The last character of a run stands for itself too: every character then begins some term, and
/// one alone is found as the beginning of one.
fn end_run(out: &mut String, last: Option<char>) {
    if let Some(last) = last {
        out.extend([' ', last, ' ']);
    }
}

fn is_unspaced(c: char) -> bool {
    matches!(c,
        '\u{3005}'..='\u{3007}' | '\u{3041}'..='\u{309f}' | '\u{30a1}'..='\u{30fa}'
        | '\u{30fc}'..='\u{30ff}'
        | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{ac00}'..='\u{d7af}'
        | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3134f}')
}

/// What a person typed as a query: every part must occur, in any order; the characters of a part
/// in a row; the last part may be the beginning of a word, and so may every part that ends in
/// characters that write no spaces. `None` when there is nothing to find.
#[must_use]
pub fn query(typed: &str) -> Option<String> {
    // Made alike before it is parted: NFKC turns the wide space into a plain one.
    let typed: String = typed.chars().take(500).collect::<String>().nfkc().collect();
    let mut phrases: Vec<String> = typed
        .split_whitespace()
        .filter(|part| part.chars().any(char::is_alphanumeric))
        .map(|part| {
            let is_open = part.chars().next_back().is_some_and(is_unspaced);
            let terms = cut(part, false).replace('"', " ");
            let star = if is_open { "*" } else { "" };
            format!("\"{}\"{star}", terms.trim())
        })
        .collect();
    if let Some(last) = phrases.last_mut()
        && !last.ends_with('*')
    {
        last.push('*');
    }
    (!phrases.is_empty()).then(|| phrases.join(" AND "))
}

/// Do all the words typed occur in a text that is in no index? As [`query`] finds them: a word from
/// its beginning, and to its end where it is not the last.
#[must_use]
pub fn occurs(text: &str, typed: &str) -> bool {
    let alike = |text: &str| text.nfkc().flat_map(char::to_lowercase).collect::<String>();
    let (text, typed) = (
        alike(text),
        alike(&typed.chars().take(500).collect::<String>()),
    );
    let parts: Vec<&str> = typed
        .split_whitespace()
        .filter(|part| part.chars().any(char::is_alphanumeric))
        .collect();
    let is_word = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() && !is_unspaced(c));
    let at = |part: &str, is_last: bool| {
        let (first, last) = (part.chars().next(), part.chars().next_back());
        text.match_indices(part).any(|(start, _)| {
            let before = text[..start].chars().next_back();
            let after = text[start + part.len()..].chars().next();
            let begins = !(is_word(first) && is_word(before));
            begins && (is_last || !(is_word(last) && is_word(after)))
        })
    };
    let last = parts.len().saturating_sub(1);
    !parts.is_empty()
        && parts
            .iter()
            .enumerate()
            .all(|(n, part)| at(part, n == last))
}

#[cfg(test)]
mod tests {
    use super::{occurs, query, terms};

    #[test]
    fn a_text_in_no_index_is_found_by_the_same_words() {
        let text = "Guidelines on ｻｲﾊﾞｰ協力 (Defence) 特定秘密";
        for typed in [
            "guidelines",
            "defe",
            "サイバー協",
            "秘",
            "Ｇｕｉｄｅｌｉｎｅｓ サイバー",
        ] {
            assert!(occurs(text, typed), "{typed}");
        }
        for typed in ["lines", "guide defence", "秘特", "", "。"] {
            assert!(!occurs(text, typed), "{typed}");
        }
    }

    #[test]
    fn runs_without_spaces_are_cut_into_pairs_and_their_last_character() {
        assert_eq!(terms("plain words"), "plain words");
        assert_eq!(terms("特定秘密"), " 特定 定秘 秘密 密 ");
        assert_eq!(terms("秘").trim(), "秘");
        assert_eq!(terms("APT攻撃"), "APT 攻撃 撃 ");
    }

    #[test]
    fn what_is_written_in_another_width_is_the_same_word() {
        assert_eq!(terms("ｻｲﾊﾞｰ"), terms("サイバー"));
        assert_eq!(terms("ＡＰＴ２９　攻撃"), terms("APT29 攻撃"));
        // A kana and its mark apart, as some systems write file names.
        assert_eq!(terms("か\u{3099}い"), terms("がい"));
    }

    #[test]
    fn a_query_is_left_open_at_its_end() {
        assert_eq!(query("特定秘").as_deref(), Some("\"特定 定秘\"*"));
        assert_eq!(query("秘 apt").as_deref(), Some("\"秘\"* AND \"apt\"*"));
        assert_eq!(query("apt 秘").as_deref(), Some("\"apt\" AND \"秘\"*"));
        assert_eq!(query("特定　秘密"), query("特定 秘密"));
        assert_eq!(query("。 \""), None);
    }
}
