//! Text that looks like a marking: words of the table where they stand as marks, portion marks and
//! banners of the US form. What it asks is compared with what stands on the item.

use std::collections::BTreeSet;

use super::table::{Mark, Table, Where};
use super::text::{Folded, narrow};
use crate::axes::{Axes, AxisKind};
use crate::label::Label;
use crate::roster::{Member, Roster};

/// Longest portion mark or banner that is read, in characters.
const MARK_CHARS_MAX: usize = 160;
/// Blanks and bullets that open a paragraph, at most.
const OPENING_CHARS_MAX: usize = 20;
/// Classes as they open a portion mark or banner, the longest first.
const CLASSES: [(&str, &str); 8] = [
    ("TOP SECRET", "top-secret"),
    ("UNCLASSIFIED", "unclassified"),
    ("CONFIDENTIAL", "confidential"),
    ("SECRET", "secret"),
    ("TS", "top-secret"),
    ("S", "secret"),
    ("C", "confidential"),
    ("U", "unclassified"),
];
const BRACKETS: &str = "「」『』【】〔〕（）()[]［］<>《》〈〉";

/// A mark that asks for more than stands on the item.
pub(super) struct Stricter {
    /// Bytes of the text.
    pub(super) start: usize,
    pub(super) end: usize,
    /// What it asks; none where it names a control this node does not know.
    pub(super) asks: Option<Label>,
}

/// Every mark in a text that `own` does not cover.
pub(super) fn stricter(text: &Folded<'_>, own: &Label, found: &mut Vec<Stricter>) {
    let may_have = |pair: &[&str]| pair.iter().any(|mark| text.text.contains(mark));
    if may_have(&["//", "／", "(", "（"]) {
        banners(text.text, own, found);
    }
    let banners = found.len();
    for hit in Table::builtin().marks.find(text) {
        let (start, end) = text.span(hit.start, hit.end);
        let Mark { place, means } = hit.means;
        let is_covered = means.is_empty() || means.iter().any(|label| own.covers(label));
        if is_covered || !stands_as_mark(text.text, start, end, *place) {
            continue;
        }
        // A word of a banner is said with it.
        let next = found[..banners].partition_point(|banner| banner.end <= start);
        if found[..banners]
            .get(next)
            .is_none_or(|banner| start < banner.start)
        {
            let asks = means.first().cloned();
            found.push(Stricter { start, end, asks });
        }
    }
}

fn stands_as_mark(text: &str, start: usize, end: usize, place: Where) -> bool {
    let before = text[..start].trim_end_matches([' ', '\t', '\u{3000}']);
    let after = text[end..].trim_start_matches([' ', '\t', '\u{3000}']);
    let opens = before.is_empty() || before.ends_with('\n');
    let closes = after.is_empty() || after.starts_with(['\n', '\r']);
    let is_alone = opens && closes;
    match place {
        Where::Anywhere => true,
        Where::Capitals => is_in_capitals(&text[start..end]),
        Where::Line => is_alone && is_in_capitals(&text[start..end]),
        Where::Stamp => {
            let bracket = |c: Option<char>| c.is_some_and(|c| BRACKETS.contains(c));
            let in_brackets = bracket(before.chars().next_back()) && bracket(after.chars().next());
            is_alone || in_brackets
        }
    }
}

fn is_in_capitals(text: &str) -> bool {
    let mut letters = text.chars().map(narrow).filter(|c| c.is_alphabetic());
    letters.all(|c| !c.is_lowercase())
}

/// Portion marks `(S//NF)`, `(TS)` at the beginning of a paragraph, banners `SECRET//NOFORN`.
fn banners(text: &str, own: &Label, found: &mut Vec<Stricter>) {
    let mut at = 0;
    let mut before = '\n';
    while let Some(c) = text[at..].chars().next() {
        let (start, last) = (at, before);
        at += c.len_utf8();
        before = c;
        let may_begin = match narrow(c) {
            '(' => true,
            'T' | 'S' | 'C' | 'U' => !last.is_alphanumeric(),
            _ => false,
        };
        let next = text[at..].chars().next().map(narrow);
        if !may_begin || !next.is_some_and(|c| c.is_ascii_uppercase()) {
            continue;
        }
        let window = text[start..].char_indices().take(2 * MARK_CHARS_MAX);
        let window: Vec<(usize, char)> = window.map(|(at, c)| (at, narrow(c))).collect();
        let read = match narrow(c) {
            '(' => portion(&window, line_opens(&text[..start])),
            _ => banner(&window, 0).filter(|(_, mark)| mark.has_controls && mark.is_word),
        };
        let Some((end, mark)) = read else { continue };
        at = window.get(end).map_or(text.len(), |(at, _)| start + at);
        before = ' ';
        let asks = mark.label.filter(|label| !own.covers(label));
        if asks.is_some() || mark.has_unknown {
            let asks = asks.filter(|_| !mark.has_unknown);
            let end = at;
            found.push(Stricter { start, end, asks });
        }
    }
}

/// Is there nothing before on its line but what opens a paragraph?
fn line_opens(before: &str) -> bool {
    let opening = |c: char| c != '\n' && (c.is_whitespace() || "*•-".contains(c));
    let mut back = before.chars().rev().take(OPENING_CHARS_MAX);
    back.find(|c| !opening(*c)).is_none_or(|c| c == '\n')
}

/// What a portion mark or banner says.
struct Read {
    label: Option<Label>,
    /// Is the class written as more than one letter? `C//D` is no banner.
    is_word: bool,
    has_controls: bool,
    has_unknown: bool,
}

/// A mark in round brackets; one without controls counts where a paragraph begins with it.
fn portion(chars: &[(usize, char)], line_opens: bool) -> Option<(usize, Read)> {
    let (end, mark) = banner(chars, 1)?;
    if chars.get(end)?.1 != ')' {
        return None;
    }
    // `(C) 2024` is a copyright, `file(S)` a plural.
    let next = chars.get(end + 2).map(|(_, c)| *c);
    let speaks = chars.get(end + 1).is_some_and(|(_, c)| *c == ' ')
        && next.is_some_and(|c| !c.is_ascii_digit());
    (mark.has_controls || (line_opens && speaks)).then_some((end + 1, mark))
}

/// A class, and the controls behind `//`.
fn banner(chars: &[(usize, char)], at: usize) -> Option<(usize, Read)> {
    let begins = |word: &str, at: usize| {
        let mut letters = word.chars().zip(chars.get(at..).unwrap_or_default());
        chars.len() >= at + word.len() && letters.all(|(letter, (_, c))| letter == *c)
    };
    let (word, level) = CLASSES.iter().find(|(word, _)| {
        let next = chars.get(at + word.len()).map(|(_, c)| *c);
        begins(word, at) && next.is_none_or(|c| !c.is_alphanumeric())
    })?;
    // That a text is unclassified asks for nothing.
    let mut label = match *level {
        "unclassified" => Label::none(),
        level => Label::level("us-class", level)?,
    };
    let mut end = at + word.len();
    let mut has_unknown = false;
    let has_controls = begins("//", end);
    if has_controls {
        let (until, controls) = controls(chars, end + 2);
        for control in controls
            .split('/')
            .map(str::trim)
            .filter(|it| !it.is_empty())
        {
            match asked(control) {
                Some(asked) => label = label.join(&asked),
                None => has_unknown = true,
            }
        }
        end = until;
    }
    let label = (!label.is_none()).then_some(label);
    Some((
        end,
        Read {
            label,
            is_word: word.len() > 1,
            has_controls,
            has_unknown,
        },
    ))
}

/// The controls as far as they are written as such: capitals, and not the first letter of a
/// sentence that follows.
fn controls(chars: &[(usize, char)], from: usize) -> (usize, String) {
    let is_control = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || " ,/-".contains(c);
    let rest = chars.get(from..).unwrap_or_default();
    let rest = rest.iter().take(MARK_CHARS_MAX).map(|(_, c)| *c);
    let mut read: Vec<char> = rest.take_while(|c| is_control(*c)).collect();
    let next = chars.get(from + read.len()).map(|(_, c)| *c);
    if next.is_some_and(char::is_lowercase) {
        while read.last().is_some_and(|c| *c != ' ' && *c != '/') {
            read.pop();
        }
    }
    while read.last().is_some_and(|c| " ,-".contains(*c)) {
        read.pop();
    }
    (from + read.len(), read.into_iter().collect())
}

/// What one control asks; `None` where this node does not know it.
fn asked(control: &str) -> Option<Label> {
    if let Some(list) = control
        .strip_prefix("REL TO ")
        .or(control.strip_prefix("REL "))
    {
        let members = list.split([',', ' ']).filter(|code| !code.is_empty());
        let members: Option<BTreeSet<Member>> = members.map(Member::from_code).collect();
        return Label::roster("us-relto", Roster::new(members?, BTreeSet::new()));
    }
    let table = Axes::builtin();
    if let Some(axis) = table.caveat(control) {
        let says = matches!(
            axis.kind,
            AxisKind::Bar { .. } | AxisKind::Consent { .. } | AxisKind::Officer
        );
        return says.then(|| Label::caveat(&axis.id))?;
    }
    Label::level("us-cui", control)
}
