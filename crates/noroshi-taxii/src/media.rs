//! Media types as clients really write them (TAXII 2.1, 1.6.8 and 3.1; RFC 7231, 5.3.2).

/// What every TAXII response is.
pub const TAXII: &str = "application/taxii+json;version=2.1";
/// What the objects of a collection are.
pub const STIX: &str = "application/stix+json;version=2.1";

/// Why a media type will not do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unacceptable {
    /// It is that of TAXII 2.0 or STIX 2.0.
    Older,
    /// Another.
    Other,
}

/// One media type or range: lower-case name, version and weight, nothing else of it matters here.
struct Media<'a> {
    name: String,
    version: Option<&'a str>,
    /// In thousandths.
    weight: u16,
}

/// How well a range fits what is offered, best last; and whether it is excluded by `q=0`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Fit {
    Anything,
    Application,
    Json,
    Taxii,
    TaxiiVersion,
}

/// May the answer be TAXII 2.1? Without an `Accept` header, or with an empty one, yes.
///
/// JSON and STIX are taken as other names for it: whoever reads them reads the answer.
///
/// # Errors
/// Nothing that was named, or what was named is excluded.
pub fn accepts(header: Option<&str>) -> Result<(), Unacceptable> {
    let header = header.unwrap_or("").trim();
    if header.is_empty() {
        return Ok(());
    }
    let mut best: Option<(Fit, bool)> = None;
    let mut older = false;
    for media in split(header, ',').filter_map(parse) {
        let Some(fit) = fit(&media) else {
            older |= is_older(&media);
            continue;
        };
        let (wanted, known) = (media.weight > 0, best.map(|(fit, _)| fit));
        if known.is_none_or(|known| fit > known) {
            best = Some((fit, wanted));
        } else if known == Some(fit) {
            best = best.map(|(fit, before)| (fit, before || wanted));
        }
    }
    match best {
        Some((_, true)) => Ok(()),
        _ if older => Err(Unacceptable::Older),
        _ => Err(Unacceptable::Other),
    }
}

/// May a body of this type be posted? Envelopes, bundles (as OpenCTI posts them) and plain JSON.
///
/// # Errors
/// It is none of them, or of another version.
pub fn postable(header: Option<&str>) -> Result<(), Unacceptable> {
    let media = header.and_then(parse).ok_or(Unacceptable::Other)?;
    if matches!(
        fit(&media),
        Some(Fit::Json | Fit::Taxii | Fit::TaxiiVersion)
    ) {
        Ok(())
    } else if is_older(&media) {
        Err(Unacceptable::Older)
    } else {
        Err(Unacceptable::Other)
    }
}

/// Is it that of TAXII 2.1, as an API root names the versions it speaks?
pub(crate) fn is_taxii_2_1(text: &str) -> bool {
    parse(text).is_some_and(|media| fit(&media) == Some(Fit::TaxiiVersion))
}

fn fit(media: &Media<'_>) -> Option<Fit> {
    match (media.name.as_str(), media.version) {
        ("*/*", _) => Some(Fit::Anything),
        ("application/*", _) => Some(Fit::Application),
        ("application/json", _) | ("application/stix+json", None | Some("2.1")) => Some(Fit::Json),
        ("application/taxii+json", None) => Some(Fit::Taxii),
        ("application/taxii+json", Some("2.1")) => Some(Fit::TaxiiVersion),
        _ => None,
    }
}

fn is_older(media: &Media<'_>) -> bool {
    let is_vendor = media.name.starts_with("application/vnd.oasis.");
    let is_ours = matches!(
        media.name.as_str(),
        "application/taxii+json" | "application/stix+json"
    );
    is_vendor || (is_ours && media.version == Some("2.0"))
}

/// `None` for what is no media type at all: it is passed over, as an unknown one would be.
fn parse(text: &str) -> Option<Media<'_>> {
    let mut parts = split(text, ';');
    let name = parts.next()?.trim().to_ascii_lowercase();
    let (kind, sub) = name.split_once('/')?;
    if kind.is_empty() || sub.is_empty() || sub.contains('/') {
        return None;
    }
    let (mut version, mut weight) = (None, 1000);
    for part in parts {
        let Some((key, value)) = part.split_once('=') else {
            continue;
        };
        let (key, value) = (key.trim(), unquote(value.trim()));
        if key.eq_ignore_ascii_case("version") {
            version = Some(value);
        } else if key.eq_ignore_ascii_case("q") {
            weight = thousandths(value)?;
        }
    }
    Some(Media {
        name,
        version,
        weight,
    })
}

/// Pieces between separators that stand outside of quotes.
fn split(text: &str, separator: char) -> impl Iterator<Item = &str> {
    let mut quoted = false;
    text.split(move |c| {
        quoted ^= c == '"';
        c == separator && !quoted
    })
}

fn unquote(value: &str) -> &str {
    let inner = value.strip_prefix('"').and_then(|v| v.strip_suffix('"'));
    inner.unwrap_or(value).trim()
}

/// `1`, `0`, `0.5`, `.5`, `1.000`: more digits than three are passed over.
fn thousandths(text: &str) -> Option<u16> {
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    if !part.bytes().all(|c| c.is_ascii_digit()) {
        return None;
    }
    match whole {
        "1" => Some(1000),
        "0" | "" if !text.is_empty() => {
            let digits = part.bytes().chain(*b"000").take(3);
            Some(digits.fold(0, |sum, digit| sum * 10 + u16::from(digit - b'0')))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_read_is_refused() {
        use Unacceptable::{Older, Other};
        for (header, why) in [
            ("text/html", Other),
            ("application/taxii+json;version=2.2", Other),
            ("application/taxii+json;version=2.0", Older),
            ("application/vnd.oasis.taxii+json; version=2.0", Older),
            ("application/vnd.oasis.stix+json", Older),
            ("application/taxii+xml", Other),
            ("application", Other),
            (";;,,;", Other),
            ("/", Other),
            ("application/taxii+json;q=0", Other),
            ("application/taxii+json;version=2.1;q=0, */*", Other),
            (
                "application/taxii+json;version=2.1;q=0.000, application/json",
                Other,
            ),
            ("application/taxii+json;q=two", Other),
            ("text/html, application/xhtml+xml", Other),
            ("\"application/taxii+json", Other),
        ] {
            assert_eq!(accepts(Some(header)), Err(why), "{header}");
        }
        for (header, why) in [
            (None, Other),
            (Some(""), Other),
            (Some("text/plain"), Other),
            (Some("*/*"), Other),
            (Some("application/*"), Other),
            (Some("application/x-www-form-urlencoded"), Other),
            (Some("application/taxii+json;version=2.0"), Older),
            (Some("application/stix+json;version=2.0"), Older),
            (Some("application/vnd.oasis.stix+json; version=2.0"), Older),
        ] {
            assert_eq!(postable(header), Err(why), "{header:?}");
        }
    }

    #[test]
    fn what_clients_really_send_is_understood() {
        for header in [
            "application/taxii+json;version=2.1",
            "application/taxii+json; version=2.1",
            "application/taxii+json ; version = 2.1",
            "application/taxii+json;version=\"2.1\"",
            "APPLICATION/Taxii+JSON;Version=2.1",
            "application/taxii+json",
            "application/taxii+json;charset=utf-8",
            "application/taxii+json;version=2.1;charset=utf-8;q=0.9",
            "application/taxii+json;version=2.1,application/stix+json;version=2.1",
            "application/vnd.oasis.taxii+json; version=2.0, application/taxii+json;version=2.1",
            "text/html, */*;q=0.1",
            "text/html;x=\"a,b\", application/taxii+json",
            "application/*",
            "*/*",
            "application/json",
            "application/stix+json;version=2.1",
            "application/taxii+json;version=2.0;q=0.9, application/taxii+json;q=.5",
            "application/taxii+json;q=0, application/taxii+json;version=2.1",
            " , application/taxii+json;version=2.1 ,",
        ] {
            assert_eq!(accepts(Some(header)), Ok(()), "{header}");
        }
        assert_eq!(accepts(None), Ok(()));
        assert_eq!(accepts(Some(" ")), Ok(()));
        for header in [
            "application/taxii+json;version=2.1",
            "application/taxii+json; version=2.1",
            "application/stix+json; version=2.1",
            "application/stix+json",
            "application/json; charset=utf-8",
        ] {
            assert_eq!(postable(Some(header)), Ok(()), "{header}");
        }
    }
}
