//! FIRST IEP 2.0 (STIX extension 762e2e97): duties that travel, a span of time, and a TLP that
//! makes others stricter. Alone it is no release marking.

use super::content::Content;
use super::level;
use crate::fold::fold;
use crate::label::Label;

const FIELDS: [&str; 14] = [
    "extension_type",
    "name",
    "iep_id",
    "iep_version",
    "description",
    "start_date",
    "end_date",
    "encrypt_in_transit",
    "permitted_actions",
    "affected_party_notifications",
    "tlp",
    "provider_attribution",
    "unmodified_resale",
    "external_reference",
];

/// Fields that are levels of an axis of their own.
const DUTIES: [(&str, &str); 5] = [
    ("encrypt_in_transit", "iep-encrypt"),
    ("permitted_actions", "iep-actions"),
    ("affected_party_notifications", "iep-notify"),
    ("provider_attribution", "iep-attribution"),
    ("unmodified_resale", "iep-resale"),
];

pub(super) fn label(content: &Content<'_>) -> Result<Label, String> {
    content.only(&FIELDS)?;
    for text in ["iep_id", "description"] {
        content.text(text)?;
    }
    for text in ["name", "external_reference"] {
        content.maybe_text(text)?;
    }
    if fold(content.text("iep_version")?).as_deref() != Some("2.0") {
        return Err("its IEP version is not 2.0".to_owned());
    }
    let (from, until) = (content.time("start_date")?, content.maybe_time("end_date")?);
    let mut label = level("tlp", content.text("tlp")?)?.join(&Label::window(Some(from), until));
    for (field, axis) in DUTIES {
        label = label.join(&level(axis, content.text(field)?)?);
    }
    Ok(label.without_release())
}
