//! The credential in an `Authorization` header.

use data_encoding::{BASE64, BASE64_NOPAD};

use crate::desk::Credential;
use crate::http::Request;

/// Longest header that is looked at, in bytes.
const BYTES_MAX: usize = 4096;

/// A credential with what it lends.
pub(crate) enum Shown<'a> {
    Nothing,
    Bearer(&'a str),
    Basic(String, String),
    Certificate(&'a [u8; 32]),
}

impl Shown<'_> {
    pub(crate) fn lend(&self) -> Credential<'_> {
        match self {
            Shown::Nothing => Credential::None,
            Shown::Bearer(token) => Credential::Bearer(token),
            Shown::Basic(user, password) => Credential::Basic(user, password),
            Shown::Certificate(key) => Credential::Certificate(key),
        }
    }
}

/// A header counts before a certificate. One that cannot be read is no credential: it must not
/// fall back to the certificate, or a mistyped token would act as somebody else.
pub(crate) fn shown<'a>(request: &Request<'a>) -> Shown<'a> {
    match (request.authorization, request.certificate) {
        (Some(header), _) => header_of(header).unwrap_or(Shown::Nothing),
        (None, Some(key)) => Shown::Certificate(key),
        (None, None) => Shown::Nothing,
    }
}

fn header_of(header: &str) -> Option<Shown<'_>> {
    if header.len() > BYTES_MAX {
        return None;
    }
    let (scheme, rest) = header.trim().split_once(' ')?;
    let rest = rest.trim();
    if rest.is_empty() || rest.contains(' ') {
        return None;
    }
    // `Token` is what taxii2-client's TokenAuth writes.
    if scheme.eq_ignore_ascii_case("bearer") || scheme.eq_ignore_ascii_case("token") {
        return Some(Shown::Bearer(rest));
    }
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let bytes = BASE64.decode(rest.as_bytes());
    let bytes = bytes
        .or_else(|_| BASE64_NOPAD.decode(rest.as_bytes()))
        .ok()?;
    // RFC 7617 leaves the charset open, and Python's requests writes Latin-1.
    let text = String::from_utf8(bytes).unwrap_or_else(|error| {
        error
            .as_bytes()
            .iter()
            .map(|byte| char::from(*byte))
            .collect()
    });
    let (user, password) = text.split_once(':')?;
    Some(Shown::Basic(user.to_owned(), password.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(header: &str) -> String {
        let request = Request {
            authorization: Some(header),
            certificate: Some(&[1; 32]),
            ..Request::default()
        };
        match shown(&request) {
            Shown::Nothing => "nothing".to_owned(),
            Shown::Bearer(token) => format!("token {token}"),
            Shown::Basic(user, password) => format!("{user} / {password}"),
            Shown::Certificate(_) => "certificate".to_owned(),
        }
    }

    #[test]
    fn what_cannot_be_read_is_no_credential_and_not_the_certificate() {
        let long = format!("Bearer {}", "x".repeat(BYTES_MAX));
        for header in [
            "",
            "Bearer",
            "Bearer ",
            "Bearer a b",
            "Digest x",
            "Basic ???",
            "Basic YQ==",
            &long,
        ] {
            assert_eq!(read(header), "nothing", "{header}");
        }
    }

    #[test]
    fn schemes_are_read_in_any_case() {
        assert_eq!(read("Bearer abc"), "token abc");
        assert_eq!(read("bearer  abc "), "token abc");
        assert_eq!(read("Token abc"), "token abc");
        assert_eq!(read("Basic dTpwOnE="), "u / p:q");
        assert_eq!(read("BASIC dTpwOnE"), "u / p:q");
        assert_eq!(read("Basic dTo="), "u / ");
        // `u:ü` in UTF-8 and in Latin-1.
        assert_eq!(read("Basic dTrDvA=="), "u / ü");
        assert_eq!(read("Basic dTr8"), "u / ü");
    }
}
