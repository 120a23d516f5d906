//! The Known Exploited Vulnerabilities catalogue: each entry becomes a `vulnerability`.
//!
//! Source: the catalogue's own JSON schema (CISA, published with the catalogue).

use noroshi_model::document::text;
use noroshi_model::json::{Object, Value};
use noroshi_model::{Digest, Timestamp};

use crate::error::{Note, NoteCode, ReadError, shown};
use crate::uuid;

#[cfg(test)]
mod tests;

/// Property extension that carries what the catalogue says beyond STIX. Minted for this project.
pub const KEV_EXTENSION: &str = "extension-definition--2f0a7d9e-8c3b-4e61-9d27-5b1c6a4f8e03";

const RULE: &str = "KEV catalogue schema";
/// Most reference addresses taken from an entry's notes.
const REFERENCES_MAX: usize = 20;
/// Most weaknesses of an entry.
const WEAKNESSES_MAX: usize = 100;
/// Longest text of an entry, in bytes; the longest published so far has 572.
const FIELD_BYTES_MAX: usize = 20_000;

/// Texts taken over as they are: field, property, whether the catalogue's schema requires it.
const FIELDS: &[(&str, &str, bool)] = &[
    ("vendorProject", "vendor_project", true),
    ("product", "product", true),
    ("requiredAction", "required_action", true),
    (
        "knownRansomwareCampaignUse",
        "known_ransomware_campaign_use",
        false,
    ),
];

/// The STIX 2.1 object an entry becomes.
pub(crate) fn convert(entry: Object, index: u64) -> Result<(Object, Vec<Note>), ReadError> {
    let name = entry
        .str("cveID")
        .map_or_else(|| format!("entry {index}"), shown);
    let mut entry = Entry {
        left: entry,
        name,
        notes: Vec::new(),
    };
    let cve = entry.text("cveID")?;
    if !is_cve(&cve) {
        return Err(entry.refused("cveID", "is not CVE-year-number"));
    }
    let added = entry.text("dateAdded")?;
    let added = entry.date("dateAdded", &added)?;
    let short = entry.text("shortDescription")?;
    let title = entry.text("vulnerabilityName")?;
    let remarks = entry.maybe_text("notes")?;
    let mut references = vec![Value::Object(
        Object::new()
            .with("source_name", "cve")
            .with("external_id", cve.as_str()),
    )];
    references.extend(entry.addresses(remarks.as_deref().unwrap_or_default()));
    let mut kev = entry.rest()?;
    kev.insert("vulnerability_name", title.as_str());
    kev.insert("date_added", text(added));
    if let Some(remarks) = remarks {
        kev.insert("notes", remarks);
    }
    let unknown = entry.left.iter().next().map(|(field, _)| field.to_owned());
    if let Some(field) = unknown {
        let detail = "is not known; kept as received";
        entry.note(NoteCode::UnknownProperty, &field, detail);
    }
    let object = Object::new()
        .with("type", "vulnerability")
        .with("spec_version", "2.1")
        .with("id", format!("vulnerability--{}", uuid_of(&cve)))
        .with("created", text(added))
        .with("modified", text(added))
        .with("name", cve.as_str())
        .with("description", format!("{title}. {short}"))
        .with("labels", vec!["known-exploited"])
        .with("external_references", references)
        .with("extensions", Object::new().with(KEV_EXTENSION, kev));
    Ok((object, entry.notes))
}

/// An entry while it is taken apart.
struct Entry {
    /// What nobody has taken yet.
    left: Object,
    /// How messages name it.
    name: String,
    notes: Vec<Note>,
}

impl Entry {
    fn refused(&self, field: &str, problem: &str) -> ReadError {
        ReadError::property(&*self.name, field, problem, RULE)
    }

    fn note(&mut self, code: NoteCode, field: &str, detail: &str) {
        self.notes.push(Note::new(code, field, detail));
    }

    fn text(&mut self, field: &str) -> Result<String, ReadError> {
        self.maybe_text(field)?
            .ok_or_else(|| self.refused(field, "is missing"))
    }

    fn maybe_text(&mut self, field: &str) -> Result<Option<String>, ReadError> {
        match self.left.remove(field) {
            None => Ok(None),
            Some(Value::String(text)) if text.len() <= FIELD_BYTES_MAX => {
                Ok(Some(String::from(text)))
            }
            Some(Value::String(_)) => Err(self.refused(field, "is longer than 20000 bytes")),
            Some(_) => Err(self.refused(field, "is not a string")),
        }
    }

    fn date(&self, field: &str, text: &str) -> Result<Timestamp, ReadError> {
        format!("{text}T00:00:00Z")
            .parse()
            .map_err(|_| self.refused(field, "is not a date such as 2025-08-25"))
    }

    /// What the extension says beyond name, date and remarks.
    fn rest(&mut self) -> Result<Object, ReadError> {
        let mut kev = Object::new().with("extension_type", "property-extension");
        for (field, property, required) in FIELDS {
            match self.maybe_text(field)? {
                Some(value) => {
                    kev.insert(*property, value);
                }
                None if *required => self.note(NoteCode::Missing, field, "is missing"),
                None => {}
            }
        }
        match self.maybe_text("dueDate")? {
            Some(due) => {
                kev.insert("due_date", text(self.date("dueDate", &due)?));
            }
            None => self.note(NoteCode::Missing, "dueDate", "is missing"),
        }
        if let Some(cwes) = self.weaknesses()? {
            kev.insert("cwes", cwes);
        }
        Ok(kev)
    }

    /// The list of weaknesses, left out where it is empty.
    fn weaknesses(&mut self) -> Result<Option<Value>, ReadError> {
        let is_cwe = |value: &Value| {
            value
                .as_str()
                .and_then(|text| text.strip_prefix("CWE-"))
                .is_some_and(|number| is_digits(number, 1, 9))
        };
        match self.left.remove("cwes") {
            None => Ok(None),
            Some(Value::Array(cwes)) if cwes.len() > WEAKNESSES_MAX => {
                Err(self.refused("cwes", "names more than 100 weaknesses"))
            }
            Some(Value::Array(cwes)) if cwes.iter().all(is_cwe) => {
                Ok((!cwes.is_empty()).then_some(Value::Array(cwes)))
            }
            Some(_) => Err(self.refused("cwes", "is not a list of CWE-number")),
        }
    }

    /// The web addresses among an entry's remarks, as external references.
    fn addresses(&mut self, remarks: &str) -> Vec<Value> {
        let is_address = |part: &&str| part.starts_with("https://") || part.starts_with("http://");
        let mut addresses: Vec<&str> = remarks
            .split(|c: char| c == ';' || c.is_whitespace())
            .map(|part| part.trim_end_matches(','))
            .filter(is_address)
            .collect();
        if addresses.len() > REFERENCES_MAX {
            addresses.truncate(REFERENCES_MAX);
            let detail = "names more than 20 addresses; the first 20 became references";
            self.note(NoteCode::Shortened, "notes", detail);
        }
        let reference = |url: &str| Object::new().with("source_name", "kev").with("url", url);
        addresses
            .into_iter()
            .map(|url| Value::Object(reference(url)))
            .collect()
    }
}

fn is_digits(text: &str, least: usize, most: usize) -> bool {
    (least..=most).contains(&text.len()) && text.bytes().all(|c| c.is_ascii_digit())
}

fn is_cve(text: &str) -> bool {
    let number = text
        .strip_prefix("CVE-")
        .and_then(|rest| rest.split_once('-'));
    number.is_some_and(|(year, number)| is_digits(year, 4, 4) && is_digits(number, 4, 19))
}

/// The same CVE gets the same id on every node: a UUID of version 8 (RFC 9562, section 5.8) from
/// SHA-256. Version 5 was rejected: it would bring SHA-1 into the binary for this alone.
fn uuid_of(cve: &str) -> String {
    let hash = Digest::of_parts(&[b"noroshi/kev/v1\0", cve.as_bytes()]);
    uuid::written(&hash.0, 8)
}
