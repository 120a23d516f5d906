//! What kind of log this is, by its first lines. A guess that is told to the person, who may know
//! better: the layout by the form of the lines, the mapping by the marks it names.

use crate::mapping::Mapping;
use crate::scan::{Layout, csv};

/// Bytes of a log that are looked at.
pub const HEAD_BYTES: usize = 64 * 1024;
/// Lines that are looked at.
const LINES_MAX: usize = 64;

/// What was recognised.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Recognised {
    /// The place of the mapping in the list that was given.
    pub mapping: usize,
    /// How the lines are laid out.
    pub layout: Layout,
}

/// The mapping whose marks most lines have, among those of the lines' layout; where no line has
/// one, the first that takes this layout and names no marks.
#[must_use]
pub fn recognise(head: &[u8], mappings: &[Mapping]) -> Option<Recognised> {
    let head = &head[..head.len().min(HEAD_BYTES)];
    let lines: Vec<&[u8]> = head
        .split(|byte| *byte == b'\n')
        .map(|line| line.strip_suffix(b"\r").unwrap_or(line))
        .filter(|line| !line.is_empty())
        .take(LINES_MAX)
        .collect();
    let layout = layout(&lines)?;
    let votes = |mapping: &Mapping| lines.iter().filter(|line| mapping.knows(line)).count();
    let of_layout = || {
        let numbered = mappings.iter().enumerate();
        numbered.filter(|(_, mapping)| mapping.layouts().contains(&layout))
    };
    let most = of_layout()
        .map(|(place, mapping)| (votes(mapping), place))
        .filter(|(votes, _)| *votes > 0)
        .max_by_key(|(votes, place)| (*votes, std::cmp::Reverse(*place)));
    let mapping = match most {
        Some((_, place)) => place,
        None => of_layout().find(|(_, mapping)| !mapping.has_marks())?.0,
    };
    Some(Recognised { mapping, layout })
}

/// The layout that the lines show.
fn layout(lines: &[&[u8]]) -> Option<Layout> {
    let first = lines.first()?;
    if first.starts_with(b"#separator ") || first.starts_with(b"#fields\t") {
        return Some(Layout::ZeekTsv);
    }
    let is_json = |line: &&&[u8]| {
        line[0] == b'{' || memchr::memmem::find(line, b"{\"").is_some() && line.ends_with(b"}")
    };
    if lines.iter().filter(is_json).count() * 2 >= lines.len() {
        return Some(Layout::Json);
    }
    Some(if is_csv(first, &lines[1..]) {
        Layout::Csv
    } else {
        Layout::Text
    })
}

/// Names in the first line, and lines with as many separators below it. The last line may be cut.
fn is_csv(header: &[u8], rows: &[&[u8]]) -> bool {
    let separator = csv::separator(header);
    let is_name = |name: &[u8]| {
        let name = name.trim_ascii().trim_ascii_start();
        let name = name.strip_prefix(b"\"").unwrap_or(name);
        let is_fit = |byte: &u8| byte.is_ascii_alphanumeric() || b"_-. \"()/#".contains(byte);
        name.first().is_some_and(u8::is_ascii_alphabetic) && name.iter().all(is_fit)
    };
    let header = header.strip_prefix(b"\xef\xbb\xbf").unwrap_or(header);
    let names: Vec<&[u8]> = header.split(|byte| *byte == separator).collect();
    let same = |row: &&&[u8]| {
        let count = memchr::memchr_iter(separator, row).count();
        count + 1 >= names.len()
    };
    let rows = if rows.len() > 1 {
        &rows[..rows.len() - 1]
    } else {
        rows
    };
    names.len() > 1
        && names.iter().all(|name| is_name(name))
        && !rows.is_empty()
        && rows.iter().filter(same).count() * 10 >= rows.len() * 9
}
