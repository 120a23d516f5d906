//! Two cookies: the session's name, and a visitor's before there is a session. Both go to this site
//! alone, no script reads them, and other sites' requests do not carry them.

use crate::Seat;

/// Which cookie.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Kind {
    Session,
    Visitor,
}

impl Seat {
    /// Browsers keep `__Host-` to one host over TLS, without a domain. In the clear they know no
    /// such promise, and only this machine is served so.
    fn cookie(self, kind: Kind) -> String {
        let prefix = if self.is_secure { "__Host-" } else { "" };
        let name = match kind {
            Kind::Session => "noroshi",
            Kind::Visitor => "noroshi-visitor",
        };
        format!("{prefix}{name}-{}", self.port)
    }

    /// The value that a `Cookie` header has for it: 64 hexadecimal digits or nothing.
    pub(crate) fn cookie_in(self, kind: Kind, header: &str) -> Option<String> {
        let name = self.cookie(kind);
        // Several headers come joined by commas, several cookies by semicolons.
        let mut found = header.split([';', ',']).filter_map(|part| {
            let (known, value) = part.trim().split_once('=')?;
            (known == name).then_some(value)
        });
        let value = found.next()?;
        let is_ours = value.len() == 64 && value.bytes().all(|c| c.is_ascii_hexdigit());
        // Two of one name: somebody else put one there.
        (is_ours && found.next().is_none()).then(|| value.to_owned())
    }

    /// `Set-Cookie` for a value; an empty one takes it away.
    pub(crate) fn set_cookie(self, kind: Kind, value: &str) -> String {
        let secure = if self.is_secure { "; Secure" } else { "" };
        let gone = if value.is_empty() { "; Max-Age=0" } else { "" };
        format!(
            "{}={value}; Path=/; HttpOnly; SameSite=Strict{secure}{gone}",
            self.cookie(kind)
        )
    }
}

#[cfg(test)]
mod tests {
    use super::Kind;
    use crate::Seat;

    const PLAIN: Seat = Seat {
        is_secure: false,
        port: 7480,
    };
    const SECURE: Seat = Seat {
        is_secure: true,
        port: 443,
    };

    #[test]
    fn over_tls_it_is_bound_to_its_host() {
        let set = SECURE.set_cookie(Kind::Session, "ab");
        assert_eq!(
            set,
            "__Host-noroshi-443=ab; Path=/; HttpOnly; SameSite=Strict; Secure"
        );
        assert!(!PLAIN.set_cookie(Kind::Session, "ab").contains("Secure"));
        assert!(PLAIN.set_cookie(Kind::Visitor, "").ends_with("Max-Age=0"));
    }

    #[test]
    fn only_a_value_of_ours_is_read_and_only_where_it_stands_alone() {
        let id = "0f".repeat(32);
        let read = |header: &str| PLAIN.cookie_in(Kind::Session, header);
        assert_eq!(read(&format!("a=b; noroshi-7480={id}")), Some(id.clone()));
        for bad in [
            "noroshi-7480=0f".to_owned(),
            format!("noroshi-7481={id}"),
            format!("noroshi-7480={id}; noroshi-7480={id}"),
            format!("noroshi-visitor-7480={id}"),
        ] {
            assert_eq!(read(&bad), None, "{bad}");
        }
    }
}
