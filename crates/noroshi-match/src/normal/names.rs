//! Hashes, mail addresses, files, registry keys, certificates, fingerprints, user agents.

use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfc_quick};

use super::host::domain;

/// Longest local part of a mail address, in bytes (RFC 5321).
const LOCAL_BYTES_MAX: usize = 64;
/// Longest name of a file, in bytes.
const FILE_NAME_BYTES_MAX: usize = 255;
/// Longest user agent that is compared, in bytes.
const USER_AGENT_BYTES_MAX: usize = 1024;

/// Endings by which a bare name is known to be a file's.
const FILE_ENDINGS: [&str; 52] = [
    "7z", "apk", "bat", "bin", "bmp", "cab", "chm", "class", "cmd", "conf", "cpl", "dat", "dll",
    "doc", "docm", "docx", "elf", "exe", "gif", "gz", "hta", "img", "iso", "jar", "jpg", "js",
    "jse", "lnk", "log", "msi", "ocx", "pdf", "php", "pl", "png", "ps1", "py", "rar", "rtf", "scr",
    "sh", "so", "sys", "tar", "tmp", "txt", "vbe", "vbs", "xls", "xlsm", "xlsx", "zip",
];

/// Hexadecimal digits in lower case, of one of these lengths.
pub(crate) fn digits(text: &str, lengths: &[usize]) -> Option<String> {
    let fits = lengths.contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    fits.then(|| text.to_ascii_lowercase())
}

/// A mail address. Case is dropped in the local part too: nobody tells mailboxes apart by it.
pub(crate) fn mail(text: &str) -> Option<String> {
    let (local, host) = text.rsplit_once('@')?;
    let is_fit = |byte: u8| byte.is_ascii_graphic() && !br#"<>()[]\,;:@""#.contains(&byte);
    // Words with single dots between them (RFC 5322, dot-atom).
    let has_words = local.split('.').all(|word| !word.is_empty());
    if !has_words || local.len() > LOCAL_BYTES_MAX || !local.bytes().all(is_fit) {
        return None;
    }
    Some(format!("{}@{}", local.to_ascii_lowercase(), domain(host)?))
}

/// Composed, without control characters, ASCII letters in lower case.
fn folded(text: &str) -> Option<String> {
    if text.chars().any(char::is_control) {
        return None;
    }
    let mut name = match is_nfc_quick(text.chars()) {
        IsNormalized::Yes => text.to_owned(),
        IsNormalized::No | IsNormalized::Maybe => text.nfc().collect(),
    };
    name.make_ascii_lowercase();
    Some(name)
}

/// A file's name. Case is dropped, as Windows does: whoever wrote the indicator seldom knows it.
pub(crate) fn file_name(text: &str) -> Option<String> {
    let is_name = !text.is_empty()
        && text.len() <= FILE_NAME_BYTES_MAX
        && text != "."
        && text != ".."
        && !text.contains(['/', '\\']);
    is_name.then(|| folded(text)).flatten()
}

/// A file's path; doubled separators are one, prefixes of the Windows object manager are dropped.
pub(crate) fn file_path(text: &str) -> Option<String> {
    let mut text = text;
    while let Some(rest) = ["\\\\?\\", "\\??\\", "\\\\.\\"]
        .iter()
        .find_map(|prefix| text.strip_prefix(prefix))
    {
        text = rest;
    }
    if !text.contains(['/', '\\']) || text.ends_with(['/', '\\']) {
        return None;
    }
    let (lead, rest) = match text.strip_prefix("\\\\") {
        Some(rest) => ("\\\\", rest.trim_start_matches('\\')),
        None => ("", text),
    };
    let path = folded(rest)?;
    let mut value = lead.to_owned();
    let mut last = ' ';
    for char in path.chars() {
        if !(matches!(char, '/' | '\\') && char == last) {
            value.push(char);
        }
        last = char;
    }
    Some(value)
}

/// Short names of the hives, and the kernel's, with the full ones.
const HIVES: [(&str, &str); 12] = [
    ("hklm", "hkey_local_machine"),
    ("hkcu", "hkey_current_user"),
    ("hkcr", "hkey_classes_root"),
    ("hku", "hkey_users"),
    ("hkcc", "hkey_current_config"),
    ("\\registry\\machine", "hkey_local_machine"),
    ("\\registry\\user", "hkey_users"),
    ("hkey_local_machine", "hkey_local_machine"),
    ("hkey_current_user", "hkey_current_user"),
    ("hkey_classes_root", "hkey_classes_root"),
    ("hkey_users", "hkey_users"),
    ("hkey_current_config", "hkey_current_config"),
];

/// A registry key with its hive's full name, in lower case.
pub(crate) fn registry_key(text: &str) -> Option<String> {
    let text = folded(text)?;
    let (hive, rest) = HIVES.iter().find_map(|(short, hive)| {
        let rest = text.strip_prefix(short)?;
        let rest = rest.strip_prefix(':').unwrap_or(rest);
        rest.starts_with('\\').then_some((hive, rest))
    })?;
    let mut key = (*hive).to_owned();
    for part in rest.split('\\').filter(|part| !part.is_empty()) {
        key.push('\\');
        key.push_str(part);
    }
    (key.len() > hive.len()).then_some(key)
}

/// A certificate's fingerprint, with or without colons: MD5, SHA-1 or SHA-256.
pub(crate) fn certificate(text: &str) -> Option<String> {
    if !text.contains(':') {
        return digits(text, &[32, 40, 64]);
    }
    let mut plain = String::with_capacity(64);
    for pair in text.split(':') {
        if pair.len() != 2 || plain.len() == 64 {
            return None;
        }
        plain.push_str(pair);
    }
    digits(&plain, &[32, 40, 64])
}

/// JA4: transport, version, SNI, counts and ALPN; two hashes cut to twelve digits.
pub(crate) fn ja4(text: &str) -> Option<String> {
    let text = text.to_ascii_lowercase();
    let mut parts = text.split('_');
    let (head, first, second) = (parts.next()?, parts.next()?, parts.next()?);
    let is_hash = |part: &str| part.len() == 12 && part.bytes().all(|b| b.is_ascii_hexdigit());
    let bytes = head.as_bytes();
    let is_head = bytes.len() == 10
        && matches!(bytes[0], b't' | b'q' | b'd')
        && matches!(bytes[3], b'd' | b'i')
        && bytes[1..3]
            .iter()
            .chain(&bytes[8..])
            .all(u8::is_ascii_alphanumeric)
        && bytes[4..8].iter().all(u8::is_ascii_digit);
    (is_head && is_hash(first) && is_hash(second) && parts.next().is_none()).then_some(text)
}

/// A user agent as the client writes it, without blanks around it.
pub(crate) fn user_agent(text: &str) -> Option<String> {
    let text = text.trim();
    let fits = !text.is_empty()
        && text.len() <= USER_AGENT_BYTES_MAX
        && !text.chars().any(char::is_control);
    fits.then(|| text.to_owned())
}

/// Does a bare name end as files do?
pub(crate) fn has_file_ending(name: &str) -> bool {
    name.rsplit_once('.').is_some_and(|(stem, ending)| {
        !stem.is_empty()
            && ending.len() <= 5
            && FILE_ENDINGS
                .iter()
                .any(|known| known.eq_ignore_ascii_case(ending))
    })
}
