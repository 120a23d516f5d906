//! Fields of a query or a form (`application/x-www-form-urlencoded`), strictly and within caps.

/// Most fields of one form.
const FIELDS_MAX: usize = 1_200;

/// Fields by name, in the order they came.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Form(Vec<(String, String)>);

impl Form {
    /// Read one; `None` where it is none: bad escapes, bad UTF-8, NUL, too many fields.
    pub(crate) fn parse(text: &[u8]) -> Option<Self> {
        let mut fields = Vec::new();
        for part in text
            .split(|byte| *byte == b'&')
            .filter(|part| !part.is_empty())
        {
            let mut halves = part.splitn(2, |byte| *byte == b'=');
            let name = decoded(halves.next().unwrap_or_default())?;
            let value = decoded(halves.next().unwrap_or_default())?;
            if fields.len() == FIELDS_MAX {
                return None;
            }
            fields.push((name, value));
        }
        Some(Self(fields))
    }

    /// Of fields that were read otherwise.
    pub(crate) fn of(fields: Vec<(String, String)>) -> Self {
        Self(fields)
    }

    /// As a query, with one field set to something else.
    pub(crate) fn with(&self, name: &str, value: &str) -> String {
        let mut query = String::from("?");
        for (known, kept) in self.0.iter().filter(|(known, _)| known != name) {
            query.push_str(&format!("{}={}&", encoded(known), encoded(kept)));
        }
        query.push_str(&format!("{name}={}", encoded(value)));
        query
    }

    /// The first field of that name; nothing where it is not there or blank.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().find(|(known, _)| known == name);
        found
            .map(|(_, value)| value.as_str())
            .filter(|value| !value.trim().is_empty())
    }

    /// The same, empty where it is not there.
    pub(crate) fn text(&self, name: &str) -> &str {
        self.get(name).unwrap_or_default()
    }

    /// The value of every field of that name that is not blank.
    pub(crate) fn every(&self, name: &str) -> Vec<&str> {
        let found = self.0.iter().filter(|(known, _)| known == name);
        found
            .map(|(_, value)| value.as_str())
            .filter(|value| !value.trim().is_empty())
            .collect()
    }

    /// How many fields there are.
    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }
}

fn decoded(text: &[u8]) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((first, after)) = rest.split_first() {
        rest = after;
        match first {
            b'+' => bytes.push(b' '),
            b'%' => {
                let (digits, after) = rest.split_first_chunk::<2>()?;
                let digit = |c: u8| char::from(c).to_digit(16);
                let value = digit(digits[0])? * 16 + digit(digits[1])?;
                bytes.push(u8::try_from(value).ok()?);
                rest = after;
            }
            byte => bytes.push(*byte),
        }
    }
    let text = String::from_utf8(bytes).ok()?;
    (!text.contains('\0')).then_some(text)
}

/// A text as one part of a path or query.
pub(crate) fn encoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~') {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::{Form, encoded};

    #[test]
    fn what_is_no_form_is_none() {
        for bad in ["a=%", "a=%4", "a=%zz", "a=%ff", "a=%00", "%00=a"] {
            assert_eq!(Form::parse(bad.as_bytes()), None, "{bad}");
        }
        let many = "a=b&".repeat(1_201);
        assert_eq!(Form::parse(many.as_bytes()), None);
        assert_eq!(
            Form::parse("a=b&".repeat(1_200).as_bytes()).unwrap().len(),
            1_200
        );
    }

    #[test]
    fn fields_are_read_and_the_first_counts() {
        let form = Form::parse("q=%E7%8B%BC+%7E&q=x&empty=&blank=+".as_bytes()).unwrap();
        assert_eq!(form.get("q"), Some("狼 ~"));
        assert_eq!(
            (form.get("empty"), form.get("blank"), form.get("no")),
            (None, None, None)
        );
        assert_eq!(Form::parse(b"").unwrap(), Form::default());
    }

    #[test]
    fn one_field_is_set_and_the_others_are_kept() {
        let form = Form::parse(b"code=AB+C&lang=en").unwrap();
        assert_eq!(form.with("lang", "ja"), "?code=AB%20C&lang=ja");
        assert_eq!(Form::default().with("lang", "ja"), "?lang=ja");
    }

    #[test]
    fn what_is_written_is_read() {
        let text = "狼煙 & <script> = \u{202e} %+/?#'\"";
        let form = Form::parse(format!("q={}", encoded(text)).as_bytes()).unwrap();
        assert_eq!(form.get("q"), Some(text));
    }
}
