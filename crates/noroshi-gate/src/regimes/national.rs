//! National markings, this project's own extension (694be976): US-CAPCO and the Japanese regimes,
//! each on its own axis.

use std::collections::BTreeSet;

use noroshi_model::Nation;

use super::content::{Content, members};
use super::{level, shortened};
use crate::axes::Axes;
use crate::fold::{fold, fold_code};
use crate::label::{Label, Source};
use crate::roster::{Member, Roster};

const FIELDS: [&str; 11] = [
    "extension_type",
    "scheme",
    "level",
    "caveats",
    "rel_to",
    "fgi_source",
    "sds_category",
    "originator_ref",
    "handling",
    "declassify_on",
    "consent_required",
];

/// The axes of levels a scheme has.
fn axes_of(scheme: &str) -> Option<&'static [&'static str]> {
    match fold(scheme).as_deref()? {
        "us-capco" => Some(&["us-class", "us-cui"]),
        "jp-sds" => Some(&["jp-sds"]),
        "jp-mda" => Some(&["jp-mda"]),
        "jp-mod" => Some(&["jp-mod"]),
        "jp-gov" => Some(&["jp-gov"]),
        "jp-eis" => Some(&["jp-eis"]),
        _ => None,
    }
}

pub(super) fn label(content: &Content<'_>) -> Result<Label, String> {
    content.only(&FIELDS)?;
    let scheme = content.text("scheme")?;
    let axes = axes_of(scheme).ok_or_else(|| format!("`{}` is no scheme", shortened(scheme)))?;
    let is_us = axes.contains(&"us-class");
    let mut label = Label::none();
    if let Some(word) = content.maybe_text("level")? {
        let known = axes.iter().find_map(|axis| Label::level(axis, word));
        let unknown = || format!("`{}` is no level of {}", shortened(word), axes[0]);
        label = label.join(&known.ok_or_else(unknown)?);
    }
    if is_us {
        label = label.join(&us_caveats(content)?);
    } else if content.has("caveats") || content.has("rel_to") || content.has("fgi_source") {
        return Err("only US-CAPCO has caveats, rel_to and fgi_source".to_owned());
    }
    label = label.join(&japanese(content, axes[0])?);
    // It lowers nothing by itself, whenever it is: a person must. But it must be a date.
    if let Some(date) = content.maybe_text("declassify_on")? {
        let midnight = format!("{date}T00:00:00Z");
        let is_date = date.parse::<noroshi_model::Timestamp>().is_ok()
            || midnight.parse::<noroshi_model::Timestamp>().is_ok();
        if !is_date {
            return Err("`declassify_on` is no date".to_owned());
        }
    }
    label = label.join(&consent(content)?);
    Ok(label)
}

/// Caveats by word; `REL TO`, `DISPLAY ONLY` and `FGI` may name codes. Both lists of one
/// definition belong together: who is on either may see, who is on `REL TO` may hold.
fn us_caveats(content: &Content<'_>) -> Result<Label, String> {
    let mut label = Label::none();
    let mut lists: Option<(BTreeSet<Member>, BTreeSet<Member>)> = None;
    if content.has("rel_to") {
        lists.get_or_insert_default().0 = members(content.words("rel_to")?)?;
    }
    for caveat in content.words("caveats")? {
        let folded = fold(caveat).unwrap_or_default();
        let codes = |rest: &str| {
            let words = rest.split(['-', ',']).filter(|code| !code.is_empty());
            members(words)
        };
        if let Some(rest) = of_list(&folded, "rel-to") {
            lists.get_or_insert_default().0.extend(codes(rest)?);
        } else if let Some(rest) = of_list(&folded, "display-only") {
            lists.get_or_insert_default().1.extend(codes(rest)?);
        } else if let Some(rest) = of_list(&folded, "fgi").filter(|rest| !rest.is_empty()) {
            label = label.join(&foreign(rest)?);
        } else if Label::level("us-cui", &folded).is_some() {
            label = label.join(&level("us-cui", &folded)?);
        } else {
            let known = Axes::builtin().caveat(&folded);
            let known = known.and_then(|axis| Label::caveat(&axis.id));
            let unknown = || format!("`{}` is no caveat", shortened(caveat));
            label = label.join(&known.ok_or_else(unknown)?);
        }
    }
    if let Some(source) = content.maybe_text("fgi_source")? {
        label = label.join(&foreign(&fold(source).unwrap_or_default())?);
    }
    if let Some((hold, see)) = lists {
        let list = Label::roster("us-relto", Roster::new(hold, see));
        label = label.join(&list.ok_or("REL TO is not known")?);
    }
    Ok(label)
}

/// What follows a caveat that takes codes.
fn of_list<'a>(folded: &'a str, caveat: &str) -> Option<&'a str> {
    let rest = folded.strip_prefix(caveat)?;
    (rest.is_empty() || rest.starts_with('-')).then_some(rest)
}

/// Foreign government information: of nations by their codes, or of one that is not named.
fn foreign(text: &str) -> Result<Label, String> {
    let mut label = Label::none();
    let codes = text.split(['-', ',', ' ']).filter(|code| !code.is_empty());
    for code in codes {
        let part = match fold_code(code).as_deref() {
            Some("FGI") => Label::caveat("us-fgi"),
            Some(code) => code
                .parse::<Nation>()
                .ok()
                .and_then(|nation| Label::source("us-fgi", Source::Nation(nation))),
            None => None,
        };
        label = label.join(&part.ok_or_else(|| format!("`{}` is no nation", shortened(code)))?);
    }
    if label.is_none() {
        return Err("`fgi_source` names nobody".to_owned());
    }
    Ok(label)
}

/// The category of a specially designated secret, and handling words.
fn japanese(content: &Content<'_>, axis: &str) -> Result<Label, String> {
    let mut label = Label::none();
    if let Some(category) = content.maybe_text("sds_category")? {
        let word = Label::word("jp-sds-category", category).filter(|_| axis == "jp-sds");
        let unknown = || format!("`{}` is no category of {axis}", shortened(category));
        label = label.join(&word.ok_or_else(unknown)?);
        // A category without a level is a specially designated secret all the same.
        label = label.join(&level("jp-sds", "sds")?);
    }
    if let Some(handling) = content.maybe_text("handling")? {
        let known = ["jp-handling", "pap"]
            .iter()
            .find_map(|axis| Label::level(axis, handling));
        let unknown = || format!("`{}` is no handling", shortened(handling));
        label = label.join(&known.ok_or_else(unknown)?);
    }
    Ok(label)
}

/// Whose consent is required: the one named, else whoever answers for the item.
fn consent(content: &Content<'_>) -> Result<Label, String> {
    let required = content.maybe_flag("consent_required")?.unwrap_or(false);
    let named = match content.maybe_text("originator_ref")? {
        None => None,
        Some(id) => {
            let id = id.parse().ok();
            Some(id.filter(|id: &noroshi_model::StixId| id.kind() == "identity"))
        }
    };
    match named {
        Some(None) => Err("`originator_ref` is no identity".to_owned()),
        _ if !required => Ok(Label::none()),
        Some(Some(id)) => Label::source("consent", Source::Identity(id)).ok_or_else(String::new),
        None => Label::caveat("consent").ok_or_else(String::new),
    }
}
