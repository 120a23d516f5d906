//! Plain lists, comma-separated values and CEF.

use data_encoding::BASE64;

use super::{Said, Unsaid};
use crate::kind::Kind;

pub(super) const CSV_HEAD: &str = "indicator,kind,value,valid_until,confidence\r\n";

/// Longest value of a custom string in CEF.
const CEF_VALUE_BYTES_MAX: usize = 4000;
/// Severity where an indicator says nothing of confidence.
const SEVERITY: u8 = 5;

/// Values of one kind, in base64 as datasets of strings want them.
pub(super) fn base64_line(said: &Said, only: Kind) -> Result<String, Unsaid> {
    let atom = &said.atom;
    if atom.kind() != only {
        return Err(Unsaid::NoWord(atom.kind()));
    }
    Ok(BASE64.encode(atom.value().as_bytes()) + "\n")
}

pub(super) fn address_line(said: &Said) -> Result<String, Unsaid> {
    match said.atom.kind() {
        Kind::Ipv4 | Kind::Ipv6 => Ok(format!("{}\n", said.atom.value())),
        kind => Err(Unsaid::NoWord(kind)),
    }
}

pub(super) fn hash_line(said: &Said, digits: usize) -> Result<String, Unsaid> {
    let atom = &said.atom;
    if atom.kind() != Kind::Hash || atom.value().len() != digits {
        return Err(Unsaid::NoWord(atom.kind()));
    }
    Ok(format!("{}\n", atom.value()))
}

/// A spreadsheet takes a value that begins so for a formula.
const FORMULA: [char; 4] = ['=', '+', '-', '@'];

pub(super) fn csv_line(said: &Said) -> Result<String, Unsaid> {
    let value = said.atom.value();
    if value.starts_with(FORMULA) || value.chars().any(char::is_control) {
        return Err(Unsaid::Unsafe);
    }
    let value = if value.contains(['"', ',']) {
        format!("\"{}\"", value.replace('"', "\"\""))
    } else {
        value.to_owned()
    };
    let until = said
        .valid_until
        .map_or_else(String::new, |at| at.to_string());
    let confidence = said
        .confidence
        .map_or_else(String::new, |of| of.to_string());
    let kind = said.atom.kind();
    Ok(format!(
        "{},{kind},{value},{until},{confidence}\r\n",
        said.id
    ))
}

pub(super) fn cef_line(said: &Said) -> Result<String, Unsaid> {
    let (kind, value) = (said.atom.kind(), said.atom.value());
    if value.chars().any(char::is_control) {
        return Err(Unsaid::Unsafe);
    }
    if value.len() > CEF_VALUE_BYTES_MAX {
        return Err(Unsaid::TooLong);
    }
    let value = value.replace('\\', "\\\\").replace('=', "\\=");
    let severity = said.confidence.map_or(SEVERITY, |of| of.min(100) / 10);
    let until = said.valid_until.map_or_else(String::new, |at| {
        format!(
            " deviceCustomDate1Label=validUntil deviceCustomDate1={}",
            at.micros() / 1000
        )
    });
    Ok(format!(
        "CEF:0|Noroshi|Noroshi|1|indicator.{kind}|Indicator: {kind}|{severity}|externalId={} \
         cs1Label=value cs1={value} cs2Label=kind cs2={kind}{until}\n",
        said.id
    ))
}
