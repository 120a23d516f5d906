//! Times in HTTP's headers.

use noroshi_model::Timestamp;

const MONTHS: [&str; 12] = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
];

/// A time as HTTP writes it, such as `Wed, 25 Nov 2026 08:00:00 GMT` (RFC 9110, 5.6.7); the
/// obsolete forms are not read. The day of the week is not looked at.
#[must_use]
pub fn http_date(text: &str) -> Option<Timestamp> {
    let (_, rest) = text.trim().split_once(", ")?;
    let mut parts = rest.split(' ');
    let (day, month, year) = (parts.next()?, parts.next()?, parts.next()?);
    let (time, zone) = (parts.next()?, parts.next()?);
    if zone != "GMT" || parts.next().is_some() {
        return None;
    }
    let month = MONTHS.iter().position(|known| *known == month)? + 1;
    format!("{year}-{month:02}-{day}T{time}Z").parse().ok()
}

/// How many seconds a server asks to be left alone: its `Retry-After`, in seconds or as a time.
#[must_use]
pub fn retry_after(text: &str, now: Timestamp) -> Option<u64> {
    let text = text.trim();
    if !text.is_empty() && text.len() <= 10 && text.bytes().all(|c| c.is_ascii_digit()) {
        return text.parse().ok();
    }
    let at = http_date(text)?;
    Some(u64::try_from((at.micros() - now.micros()) / 1_000_000).unwrap_or(0))
}
