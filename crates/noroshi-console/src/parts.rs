//! A form with a file in it (`multipart/form-data`, RFC 7578), strictly and within caps: what
//! browsers send, and nothing else that the name allows.

use crate::form::Form;

/// Most parts of one form.
const PARTS_MAX: usize = 20;
/// Longest head of a part, in bytes.
const HEAD_BYTES_MAX: usize = 2_048;
/// Longest boundary, in bytes.
const BOUNDARY_BYTES_MAX: usize = 70;

/// A file that came with a form.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Upload {
    /// As the sender calls it; a name and no path.
    pub(crate) name: String,
    pub(crate) bytes: Vec<u8>,
}

/// What the head of a part says.
struct Head {
    name: String,
    file: Option<String>,
}

/// The boundary in the type of a body.
pub(crate) fn boundary(kind: &str) -> Option<&str> {
    let (kind, rest) = kind.split_once(';')?;
    if !kind.trim().eq_ignore_ascii_case("multipart/form-data") {
        return None;
    }
    let boundary = rest.trim().strip_prefix("boundary=")?;
    let plain = |c: char| c.is_ascii_alphanumeric() || "'()+_,-./:=?".contains(c);
    let is_one = (1..=BOUNDARY_BYTES_MAX).contains(&boundary.len());
    (is_one && boundary.chars().all(plain)).then_some(boundary)
}

/// Read one; `None` where it is none. A file that was not chosen is none.
pub(crate) fn read(body: &[u8], boundary: &str) -> Option<(Form, Option<Upload>)> {
    let mark = format!("\r\n--{boundary}").into_bytes();
    let mut rest = body.strip_prefix(&mark[2..])?;
    let (mut fields, mut upload) = (Vec::new(), None);
    for _ in 0..PARTS_MAX {
        if let Some(end) = rest.strip_prefix(b"--") {
            let is_end = end.is_empty() || end == b"\r\n";
            return is_end.then(|| (Form::of(fields), upload));
        }
        rest = rest.strip_prefix(b"\r\n")?;
        let within = &rest[..rest.len().min(HEAD_BYTES_MAX)];
        let at = find(within, b"\r\n\r\n")?;
        let head = head(&rest[..at])?;
        rest = &rest[at + 4..];
        let at = find(rest, &mark)?;
        let (content, after) = (&rest[..at], &rest[at + mark.len()..]);
        rest = after;
        match head.file {
            None => {
                let text = String::from_utf8(content.to_vec()).ok()?;
                if text.contains('\0') {
                    return None;
                }
                fields.push((head.name, text));
            }
            Some(_) if upload.is_some() => return None,
            Some(name) if name.is_empty() && content.is_empty() => {}
            Some(name) => {
                upload = Some(Upload {
                    name,
                    bytes: content.to_vec(),
                });
            }
        }
    }
    None
}

fn head(bytes: &[u8]) -> Option<Head> {
    let mut head = None;
    for line in std::str::from_utf8(bytes).ok()?.split("\r\n") {
        let (name, value) = line.split_once(':')?;
        if name.eq_ignore_ascii_case("content-disposition") && head.is_none() {
            head = Some(disposition(value.trim())?);
        } else if !name.eq_ignore_ascii_case("content-type") {
            return None;
        }
    }
    head
}

/// `form-data; name="a"; filename="b"`: browsers write a quotation mark in a name as `%22`.
fn disposition(value: &str) -> Option<Head> {
    let rest = value.strip_prefix("form-data; name=\"")?;
    let (name, rest) = rest.split_once('"')?;
    let file = match rest {
        "" => None,
        rest => {
            let file = rest.strip_prefix("; filename=\"")?.strip_suffix('"')?;
            if file.contains('"') {
                return None;
            }
            let last = file.rsplit(['/', '\\']).next().unwrap_or_default();
            Some(last.to_owned())
        }
    };
    Some(Head {
        name: name.to_owned(),
        file,
    })
}

fn find(text: &[u8], wanted: &[u8]) -> Option<usize> {
    let mut at = 0;
    while let Some(step) = text.get(at..)?.iter().position(|byte| *byte == wanted[0]) {
        at += step;
        if text[at..].starts_with(wanted) {
            return Some(at);
        }
        at += 1;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::{boundary, read};

    fn body(parts: &[&str]) -> String {
        let parts: Vec<String> = parts
            .iter()
            .map(|part| format!("--x\r\n{part}\r\n"))
            .collect();
        parts.concat() + "--x--\r\n"
    }

    const TOKEN: &str = "Content-Disposition: form-data; name=\"token\"\r\n\r\nabc";
    const FILE: &str = "Content-Disposition: form-data; name=\"file\"; filename=\"C:\\\\a\\\\b.csv\"\r\n\
                        Content-Type: text/csv\r\n\r\n1\r\n--y,2\r\n";

    #[test]
    fn what_is_no_such_form_is_none() {
        let whole = body(&[TOKEN, FILE]);
        for end in 0..whole.len() - 2 {
            assert!(read(&whole.as_bytes()[..end], "x").is_none(), "{end}");
        }
        for bad in [
            body(&[FILE, FILE]),
            body(&["X-Other: a\r\n\r\nb"]),
            body(&["Content-Disposition: attachment; name=\"a\"\r\n\r\nb"]),
            body(&["Content-Disposition: form-data; name=a\r\n\r\nb"]),
            body(&["Content-Disposition: form-data; name=\"a\"\r\n\r\n\0"]),
            body(&[TOKEN; 20]),
            format!("before{whole}"),
            format!("{whole}after"),
        ] {
            assert!(read(bad.as_bytes(), "x").is_none(), "{bad}");
        }
        let long = "a".repeat(71);
        for kind in [
            "multipart/form-data",
            "multipart/form-data; boundary=",
            "multipart/form-data; boundary=a b",
            "multipart/mixed; boundary=a",
            &format!("multipart/form-data; boundary={long}"),
        ] {
            assert_eq!(boundary(kind), None, "{kind}");
        }
    }

    #[test]
    fn fields_and_one_file_are_read() {
        assert_eq!(boundary("multipart/form-data; boundary=x"), Some("x"));
        let (form, file) = read(body(&[TOKEN, FILE]).as_bytes(), "x").unwrap();
        assert_eq!(form.get("token"), Some("abc"));
        let file = file.unwrap();
        assert_eq!(
            (&*file.name, &*file.bytes),
            ("b.csv", &b"1\r\n--y,2\r\n"[..])
        );
        let none = "Content-Disposition: form-data; name=\"file\"; filename=\"\"\r\n\
                    Content-Type: application/octet-stream\r\n\r\n";
        assert_eq!(read(body(&[none]).as_bytes(), "x").unwrap().1, None);
    }
}
