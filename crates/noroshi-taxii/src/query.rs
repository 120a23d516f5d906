//! The query of a URL: filters, limit and cursor (TAXII 2.1, 3.4 and 3.5).
//!
//! What the standard calls malformed is refused with the parameter's name. An empty parameter asks
//! nothing, as clients send it that way; a deletion alone takes nothing it would pass over.

use std::str::FromStr;

use noroshi_model::{Digest, StixId, Timestamp};

use crate::desk::{Query, Version};

/// A parameter that an endpoint may know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Filter {
    /// `added_after`
    AddedAfter,
    /// `limit`
    Limit,
    /// `next`
    Next,
    /// `match[id]`
    Id,
    /// `match[type]`
    Type,
    /// `match[version]`
    Version,
    /// `match[spec_version]`
    SpecVersion,
}

impl Filter {
    /// Its name in a URL.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::AddedAfter => "added_after",
            Self::Limit => "limit",
            Self::Next => "next",
            Self::Id => "match[id]",
            Self::Type => "match[type]",
            Self::Version => "match[version]",
            Self::SpecVersion => "match[spec_version]",
        }
    }
}

/// What becomes of a parameter that the endpoint does not know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unknown {
    /// It is passed over, as 3.4 permits.
    Ignored,
    /// It is refused, and so is an empty one: less would be asked than was meant.
    Refused,
}

/// Why a query is refused. The text says what would have been taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum QueryError {
    /// Something is no percent-encoded UTF-8.
    #[error("the query is not percent-encoded UTF-8")]
    Encoding,
    /// More parameters than anybody needs.
    #[error("more than {PARAMETERS_MAX} parameters")]
    Many,
    /// Twice the same parameter.
    #[error("`{0}` is given twice: separate several values with commas")]
    Twice(&'static str),
    /// Not known at this endpoint, where nothing is passed over.
    #[error("`{0}` is not known here, and a deletion does not pass over a filter")]
    Unknown(String),
    /// A value that cannot be read.
    #[error("`{given}` in `{name}` is not {expected}")]
    Value {
        /// The parameter.
        name: &'static str,
        /// The value, shortened.
        given: String,
        /// What would have been taken.
        expected: &'static str,
    },
    /// More values than anybody needs.
    #[error("`{0}` has more than {VALUES_MAX} values: ask in several requests")]
    Values(&'static str),
    /// `all` beside other versions, or one twice.
    #[error("`match[version]` takes each version once, and `all` only alone")]
    Versions,
}

/// Most parameters in one query.
const PARAMETERS_MAX: usize = 64;
/// Most values of one filter.
const VALUES_MAX: usize = 1000;
/// Longest type name (STIX 2.1, 3.1), in bytes.
const TYPE_BYTES_MAX: usize = 250;

/// A query that was understood.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Asked {
    /// Its filters. `after` and the caps are not of the query and stay as they are by default.
    pub query: Query,
    /// At most so many entries; a number too large to hold is the largest.
    pub limit: Option<u32>,
    /// A cursor, unread.
    pub next: Option<String>,
}

impl Asked {
    /// Read a query string.
    ///
    /// # Errors
    /// See [`QueryError`].
    pub fn read(text: &str, known: &[Filter], unknown: Unknown) -> Result<Self, QueryError> {
        let mut asked = Self::default();
        let mut seen = Vec::new();
        let parts = text.split('&').filter(|part| !part.is_empty());
        for (count, part) in parts.enumerate() {
            if count == PARAMETERS_MAX {
                return Err(QueryError::Many);
            }
            let (name, value) = part.split_once('=').unwrap_or((part, ""));
            let (name, value) = (decode(name)?, decode(value)?);
            let Some(filter) = known.iter().find(|filter| filter.name() == name) else {
                if unknown == Unknown::Refused {
                    return Err(QueryError::Unknown(shorten(&name)));
                }
                continue;
            };
            if seen.contains(filter) {
                return Err(QueryError::Twice(filter.name()));
            }
            seen.push(*filter);
            if !value.is_empty() || unknown == Unknown::Refused {
                asked.take(*filter, &value)?;
            }
        }
        Ok(asked)
    }

    fn take(&mut self, filter: Filter, value: &str) -> Result<(), QueryError> {
        let query = &mut self.query;
        match filter {
            Filter::AddedAfter => query.added_after = Some(added_after(value)?),
            Filter::Limit => self.limit = Some(limit(value)?),
            Filter::Next => self.next = Some(value.to_owned()),
            Filter::Id => {
                query.ids = list(filter, value, "a STIX identifier `type--uuid`", |text| {
                    StixId::kind_of(text).is_ok().then(|| text.to_owned())
                })?;
            }
            Filter::Type => {
                query.types = list(filter, value, "the name of a type", |text| {
                    let well = text.len() <= TYPE_BYTES_MAX
                        && text.bytes().all(|byte| byte.is_ascii_graphic());
                    well.then(|| text.to_owned())
                })?;
            }
            Filter::Version => query.versions = versions(value)?,
            Filter::SpecVersion => {
                query.spec_versions = list(filter, value, "a version such as 2.1", |text| {
                    let (major, minor) = text.split_once('.')?;
                    let number = |text: &str| {
                        (1..=9).contains(&text.len()) && text.bytes().all(|c| c.is_ascii_digit())
                    };
                    (number(major) && number(minor)).then(|| text.to_owned())
                })?;
            }
        }
        Ok(())
    }

    /// What a cursor is bound to: everything that decides which entries a listing has, and not how
    /// many a page has, for clients change that on the way. The order of values does not count.
    #[must_use]
    pub fn binding(&self, endpoint: &str, caller: &[u8], collection: &str) -> Digest {
        let mut parts = vec![
            endpoint.as_bytes().to_vec(),
            caller.to_vec(),
            collection.as_bytes().to_vec(),
        ];
        let after = self.query.added_after;
        parts.push(after.map_or(Vec::new(), |time| time.micros().to_be_bytes().to_vec()));
        let versions: Vec<String> = self.query.versions.iter().map(version_name).collect();
        let lists = [
            &self.query.ids,
            &self.query.types,
            &versions,
            &self.query.spec_versions,
        ];
        for values in lists {
            let mut values: Vec<&str> = values.iter().map(String::as_str).collect();
            values.sort_unstable();
            // No value has a comma in it: they were separated at commas.
            parts.push(values.join(",").into_bytes());
        }
        let mut framed = Vec::new();
        for part in parts {
            framed.extend_from_slice(&(part.len() as u64).to_be_bytes());
            framed.extend_from_slice(&part);
        }
        Digest::of(&framed)
    }
}

/// Percent-decoded. A `+` stays one: no value has spaces, and times with an offset have a plus that
/// clients forget to encode.
fn decode(text: &str) -> Result<String, QueryError> {
    percent_decoded(text).ok_or(QueryError::Encoding)
}

/// `None` where it is not percent-encoded UTF-8.
pub(crate) fn percent_decoded(text: &str) -> Option<String> {
    if !text.contains('%') {
        return Some(text.to_owned());
    }
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((byte, tail)) = rest.split_first() {
        rest = tail;
        if *byte != b'%' {
            bytes.push(*byte);
            continue;
        }
        let (digits, tail) = rest.split_at_checked(2)?;
        let digit = |at: usize| char::from(digits[at]).to_digit(16);
        bytes.push((digit(0)? * 16 + digit(1)?) as u8);
        rest = tail;
    }
    String::from_utf8(bytes).ok()
}

fn shorten(text: &str) -> String {
    text.chars().take(60).collect()
}

fn refused(filter: Filter, given: &str, expected: &'static str) -> QueryError {
    QueryError::Value {
        name: filter.name(),
        given: shorten(given),
        expected,
    }
}

/// Values between commas, each once.
fn list(
    filter: Filter,
    value: &str,
    expected: &'static str,
    read: impl Fn(&str) -> Option<String>,
) -> Result<Vec<String>, QueryError> {
    let mut values = Vec::new();
    for text in value.split(',') {
        let text = text.trim_matches(' ');
        let read = Some(text).filter(|text| !text.is_empty()).and_then(&read);
        values.push(read.ok_or_else(|| refused(filter, text, expected))?);
        if values.len() > VALUES_MAX {
            return Err(QueryError::Values(filter.name()));
        }
    }
    values.sort_unstable();
    values.dedup();
    Ok(values)
}

fn versions(value: &str) -> Result<Vec<Version>, QueryError> {
    let mut versions = Vec::new();
    let texts = list(Filter::Version, value, "a version", |text| {
        Some(text.to_owned())
    })?;
    if texts.len() != value.split(',').count() {
        return Err(QueryError::Versions);
    }
    for text in value.split(',') {
        let text = text.trim_matches(' ');
        versions.push(match text {
            "all" => Version::All,
            "first" => Version::First,
            "last" => Version::Last,
            _ => Version::At(Timestamp::from_str(text).map_err(|_| {
                let expected = "`first`, `last`, `all` or a time such as 2026-11-24T08:00:00.000Z";
                refused(Filter::Version, text, expected)
            })?),
        });
    }
    let mut names: Vec<String> = versions.iter().map(version_name).collect();
    names.sort_unstable();
    names.dedup();
    let alone = versions.len() == 1 || !versions.contains(&Version::All);
    if alone && names.len() == versions.len() {
        Ok(versions)
    } else {
        Err(QueryError::Versions)
    }
}

fn version_name(version: &Version) -> String {
    match version {
        Version::Last => "last".to_owned(),
        Version::First => "first".to_owned(),
        Version::All => "all".to_owned(),
        Version::At(time) => time.micros().to_string(),
    }
}

/// Any RFC 3339 time, of any offset and precision; digits past the microsecond change nothing about
/// what is later. The standard wants six digits and `Z`; clients send what their language prints.
fn added_after(text: &str) -> Result<Timestamp, QueryError> {
    let expected = "a time such as 2026-11-24T08:00:00.000000Z";
    let refused = || refused(Filter::AddedAfter, text, expected);
    let upper = text.to_ascii_uppercase();
    if upper.ends_with('Z') {
        return upper.parse().map_err(|_| refused());
    }
    let split = upper.len().checked_sub(6).ok_or_else(refused)?;
    let (local, offset) = upper.split_at_checked(split).ok_or_else(refused)?;
    let sign = match offset.as_bytes() {
        [b'+', _, _, b':', ..] => 1,
        [b'-', _, _, b':', ..] => -1,
        _ => return Err(refused()),
    };
    let number = |text: &str, most: i64| {
        let all_digits = text.bytes().all(|byte| byte.is_ascii_digit());
        let number: Option<i64> = text.parse().ok();
        number.filter(|number| all_digits && *number <= most)
    };
    let hours = offset.get(1..3).and_then(|text| number(text, 23));
    let minutes = offset.get(4..6).and_then(|text| number(text, 59));
    let (Some(hours), Some(minutes)) = (hours, minutes) else {
        return Err(refused());
    };
    let local: Timestamp = format!("{local}Z").parse().map_err(|_| refused())?;
    Ok(local.plus_seconds(-sign * (hours * 3600 + minutes * 60)))
}

fn limit(text: &str) -> Result<u32, QueryError> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    let positive = text.bytes().any(|byte| byte != b'0');
    if text.is_empty() || !digits || !positive {
        return Err(refused(Filter::Limit, text, "a whole number from 1"));
    }
    Ok(text.parse().unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [Filter; 7] = [
        Filter::AddedAfter,
        Filter::Limit,
        Filter::Next,
        Filter::Id,
        Filter::Type,
        Filter::Version,
        Filter::SpecVersion,
    ];

    fn read(text: &str) -> Result<Asked, QueryError> {
        Asked::read(text, &ALL, Unknown::Ignored)
    }

    #[test]
    fn times_with_an_offset_are_the_instant_they_name() {
        let micros = |text: &str| added_after(text).unwrap().micros();
        let noon = micros("2026-01-01T12:00:00Z");
        for same in [
            "2026-01-01T12:00:00.000000Z",
            "2026-01-01t12:00:00.000z",
            "2026-01-01T12:00:00+00:00",
            "2026-01-01T12:00:00-00:00",
            "2026-01-01T21:00:00.0+09:00",
            "2026-01-01T06:30:00-05:30",
            "2026-01-01T12:00:00.0000009Z",
        ] {
            assert_eq!(micros(same), noon, "{same}");
        }
        for text in [
            "yesterday",
            "2026-01-01",
            "2026-01-01T12:00:00",
            "2026-13-01T12:00:00Z",
            "2026-01-01T12:00:00+24:00",
            "2026-01-01T12:00:00+1:000",
            "2026-01-01T12:00:00+01:60",
            "2026-01-01T12:00:00+０1:0",
            "é+01:00",
            "Z",
            "",
        ] {
            assert!(added_after(text).is_err(), "{text}");
        }
    }

    #[test]
    fn what_is_not_encoded_as_a_url_is_refused() {
        for text in ["limit=%", "limit=%1", "limit=%zz", "%ff=1", "next=%C3"] {
            assert_eq!(read(text), Err(QueryError::Encoding), "{text}");
        }
        let many = "a=1&".repeat(PARAMETERS_MAX + 1);
        assert_eq!(read(&many), Err(QueryError::Many));
        let values = vec!["a"; VALUES_MAX + 1].join(",");
        let values = read(&format!("match[type]={values}"));
        assert_eq!(values, Err(QueryError::Values("match[type]")));
    }

    #[test]
    fn a_deletion_passes_over_nothing() {
        let read = |text| Asked::read(text, &[Filter::Version], Unknown::Refused);
        assert!(read("match[id]=x").is_err());
        assert!(read("match[version]=").is_err());
        assert!(read("match[version]").is_err());
        assert!(read("limit=1").is_err());
        assert!(read("").is_ok());
        assert!(read("match[version]=first").is_ok());
    }

    #[test]
    fn the_binding_rests_on_the_listing_and_not_on_the_page() {
        let of = |text: &str| read(text).unwrap().binding("objects", b"me", "c");
        let plain = of("");
        for same in ["limit=3", "next=abc", "match[type]=", "foo=1"] {
            assert_eq!(of(same), plain, "{same}");
        }
        assert_eq!(of("match[type]=a,b"), of("match[type]=b,a,b&limit=1"));
        let other = [
            of("match[type]=a"),
            of("match[type]=b"),
            of("match[spec_version]=2.1"),
            of("match[version]=all"),
            of("match[version]=last"),
            of("added_after=2026-01-01T00:00:00Z"),
            of("added_after=2026-01-01T00:00:01Z"),
            read("").unwrap().binding("manifest", b"me", "c"),
            read("").unwrap().binding("objects", b"you", "c"),
            read("").unwrap().binding("objects", b"me", "d"),
            plain,
        ];
        for (at, one) in other.iter().enumerate() {
            assert!(!other[at + 1..].contains(one), "{at}");
        }
    }
}
