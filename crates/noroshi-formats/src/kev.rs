//! The Known Exploited Vulnerabilities catalogue: each entry becomes a `vulnerability`.
//!
//! Source: the catalogue's own JSON schema (CISA, published with the catalogue).

use std::sync::Arc;

use noroshi_model::document::text;
use noroshi_model::json::{Object, Value};
use noroshi_model::{Digest, Timestamp};

use crate::error::{Note, NoteCode, ReadError};

/// Property extension that carries what the catalogue says beyond STIX. Minted for this project.
pub const KEV_EXTENSION: &str = "extension-definition--2f0a7d9e-8c3b-4e61-9d27-5b1c6a4f8e03";

const RULE: &str = "KEV catalogue schema";
/// Most reference addresses taken from an entry's notes.
const REFERENCES_MAX: usize = 20;

/// What the catalogue says about all its entries, as far as it stood before them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KevContext {
    /// `catalogVersion`.
    pub version: Option<Arc<str>>,
}

/// The STIX 2.1 object an entry becomes.
pub(crate) fn convert(
    mut entry: Object,
    context: &KevContext,
    index: u64,
) -> Result<(Object, Vec<Note>), ReadError> {
    let mut notes = Vec::new();
    let name = entry
        .str("cveID")
        .map_or_else(|| format!("entry {index}"), str::to_owned);
    let take = |entry: &mut Object, field: &str| match entry.remove(field) {
        Some(Value::String(text)) => Ok(String::from(text)),
        _ => Err(ReadError::property(
            &name,
            field,
            "is missing or no string",
            RULE,
        )),
    };
    let cve = take(&mut entry, "cveID")?;
    if !is_cve(&cve) {
        return Err(ReadError::property(
            &name,
            "cveID",
            "is not CVE-year-number",
            RULE,
        ));
    }
    let added = date(&name, "dateAdded", &take(&mut entry, "dateAdded")?)?;
    let short = take(&mut entry, "shortDescription")?;
    let title = take(&mut entry, "vulnerabilityName")?;
    let mut kev = Object::new()
        .with("extension_type", "property-extension")
        .with("vulnerability_name", title.as_str())
        .with("date_added", text(added));
    for (field, property) in [
        ("vendorProject", "vendor_project"),
        ("product", "product"),
        ("requiredAction", "required_action"),
        (
            "knownRansomwareCampaignUse",
            "known_ransomware_campaign_use",
        ),
    ] {
        if let Some(Value::String(value)) = entry.remove(field) {
            kev.insert(property, Value::String(value));
        }
    }
    if let Some(Value::String(due)) = entry.remove("dueDate") {
        kev.insert("due_date", text(date(&name, "dueDate", &due)?));
    }
    if let Some(Value::Array(cwes)) = entry.remove("cwes")
        && !cwes.is_empty()
    {
        kev.insert("cwes", Value::Array(cwes));
    }
    if let Some(version) = &context.version {
        kev.insert("catalog_version", &**version);
    }
    let mut references = vec![Value::Object(
        Object::new()
            .with("source_name", "cve")
            .with("external_id", cve.as_str()),
    )];
    if let Some(Value::String(remarks)) = entry.remove("notes") {
        let addresses = remarks.split([';', ' ']).map(str::trim);
        let addresses: Vec<&str> = addresses
            .filter(|part| part.starts_with("https://"))
            .collect();
        if addresses.len() > REFERENCES_MAX {
            notes.push(Note::new(
                NoteCode::Shortened,
                "notes",
                "names more than 20 addresses",
            ));
        }
        references.extend(
            addresses.iter().take(REFERENCES_MAX).map(|url| {
                Value::Object(Object::new().with("source_name", "kev").with("url", *url))
            }),
        );
        kev.insert("notes", Value::String(remarks));
    }
    if let Some((field, _)) = entry.iter().next() {
        notes.push(Note::new(
            NoteCode::UnknownProperty,
            field,
            "is not known; kept as received",
        ));
    }
    let object = Object::new()
        .with("type", "vulnerability")
        .with("spec_version", "2.1")
        .with("id", format!("vulnerability--{}", uuid_of(&cve)))
        .with("created", text(added))
        .with("modified", text(added))
        .with("name", cve.as_str())
        .with("description", format!("{title}. {short}"))
        .with("external_references", references)
        .with("extensions", Object::new().with(KEV_EXTENSION, kev));
    Ok((object, notes))
}

fn is_cve(text: &str) -> bool {
    let mut parts = text.splitn(3, '-');
    let digits = |part: Option<&str>, least: usize, most: usize| {
        part.is_some_and(|part| {
            (least..=most).contains(&part.len()) && part.bytes().all(|c| c.is_ascii_digit())
        })
    };
    parts.next() == Some("CVE") && digits(parts.next(), 4, 4) && digits(parts.next(), 4, 19)
}

fn date(name: &str, field: &str, text: &str) -> Result<Timestamp, ReadError> {
    format!("{text}T00:00:00Z")
        .parse()
        .map_err(|_| ReadError::property(name, field, "is not a date such as 2025-08-25", RULE))
}

/// The same CVE gets the same id on every node: a UUID of version 8 (RFC 9562, section 5.8) from
/// SHA-256. Version 5 was rejected: it would bring SHA-1 into the binary for this alone.
fn uuid_of(cve: &str) -> String {
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&Digest::of_parts(&[b"noroshi/kev/v1\0", cve.as_bytes()]).0[..16]);
    bytes[6] = (bytes[6] & 0x0f) | 0x80;
    bytes[8] = (bytes[8] & 0x3f) | 0x80;
    let digits: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    let (a, b, c, d, e) = (
        &digits[..8],
        &digits[8..12],
        &digits[12..16],
        &digits[16..20],
        &digits[20..],
    );
    format!("{a}-{b}-{c}-{d}-{e}")
}
