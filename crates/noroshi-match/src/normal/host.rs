//! Domain names: ASCII, lower case, no dot at the end, at least two labels.

/// Longest domain name, in bytes (RFC 1035, without the root).
const NAME_BYTES_MAX: usize = 253;
/// Longest label, in bytes.
const LABEL_BYTES_MAX: usize = 63;

/// The normal form of a domain name, or nothing where it is none.
pub(crate) fn domain(text: &str) -> Option<String> {
    let mut name = if text.is_ascii() {
        text.to_ascii_lowercase()
    } else if text.len() <= 4 * NAME_BYTES_MAX {
        idna::domain_to_ascii(text).ok()?
    } else {
        return None;
    };
    if name.ends_with('.') {
        name.pop();
    }
    is_normal(name.as_bytes()).then_some(name)
}

/// Does a name that is already lower case and without a final dot have a domain's form? The last
/// label is never a number, so no address is taken for a name. Underscores occur in real names.
fn is_normal(name: &[u8]) -> bool {
    if name.len() > NAME_BYTES_MAX {
        return false;
    }
    let (mut label, mut labels, mut has_letter) = (0, 0, false);
    for byte in name {
        match byte {
            b'.' if label == 0 || label > LABEL_BYTES_MAX => return false,
            b'.' => {
                (label, has_letter) = (0, false);
                labels += 1;
            }
            b'a'..=b'z' | b'-' | b'_' => {
                label += 1;
                has_letter = true;
            }
            b'0'..=b'9' => label += 1,
            _ => return false,
        }
    }
    labels > 0 && label > 0 && label <= LABEL_BYTES_MAX && has_letter
}

/// Is this normal name one under which anybody may register (publicsuffix.org, both parts)?
pub(crate) fn is_public_suffix(name: &str) -> bool {
    psl::suffix(name.as_bytes()).is_some_and(|suffix| suffix.as_bytes() == name.as_bytes())
}

/// Does the name end in a suffix that is on the list, or in one of those outside of the DNS?
pub(crate) fn tld_is_known(name: &str) -> bool {
    let outside = [".onion", ".bit", ".i2p"];
    psl::suffix(name.as_bytes()).is_some_and(|suffix| suffix.is_known())
        || outside.iter().any(|ending| name.ends_with(ending))
}
