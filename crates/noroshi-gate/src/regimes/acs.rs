//! ACS 3.0 (STIX extension 3a65884d), mapped to axes: classification joins the US ladder, NF bars,
//! FOUO is CUI; caveats, sensitivities, communities and entities are words that an agreement must
//! name; nationalities and privileges are lists of who may have it.
//!
//! Where ACS opens something for some and says nothing of others, the reading here is the closed
//! one: organisations cannot be told from nodes, so a list of them is a list of nobody.

use std::collections::BTreeSet;

use super::content::{Content, members};
use super::{level, shortened};
use crate::fold::{fold, fold_code};
use crate::label::Label;
use crate::roster::{Member, Roster};

const FIELDS: [&str; 16] = [
    "extension_type",
    "identifier",
    "name",
    "create_date_time",
    "responsible_entity_custodian",
    "responsible_entity_originator",
    "authority_reference",
    "policy_reference",
    "original_classification",
    "derivative_classification",
    "declassification",
    "resource_disposition",
    "public_release",
    "access_privilege",
    "further_sharing",
    "control_set",
];

const CONTROLS: [&str; 8] = [
    "classification",
    "formal_determination",
    "caveat",
    "sensitivity",
    "shareability",
    "entity",
    "permitted_nationalities",
    "permitted_organizations",
];

/// Controls whose words stand on an axis of their own.
const WORDS: [(&str, &str); 4] = [
    ("caveat", "acs-caveat"),
    ("sensitivity", "acs-sensitivity"),
    ("shareability", "acs-shareability"),
    ("entity", "acs-entity"),
];

/// Actions of an access privilege; `ALL` beside them.
const ACTIONS: [&str; 12] = [
    "ALL",
    "ANONYMOUSACCESS",
    "CISAUSES",
    "DSPLY",
    "IDSRC",
    "INTEL",
    "LEGAL",
    "NETDEF",
    "OPACTION",
    "REQUEST",
    "TEARLINE",
    "TENOT",
];

pub(super) fn label(content: &Content<'_>) -> Result<Label, String> {
    content.only(&FIELDS)?;
    for text in ["identifier", "responsible_entity_custodian"] {
        content.text(text)?;
    }
    for text in ["name", "responsible_entity_originator"] {
        content.maybe_text(text)?;
    }
    content.time("create_date_time")?;
    content.words("authority_reference")?;
    informative(content)?;
    let policy = Policy::read(content.text("policy_reference")?)?;
    let label = controls(&content.part("control_set")?)?;
    let label = label.join(&privileges(&content.parts("access_privilege")?, policy)?);
    Ok(label.join(&sharing(&content.parts("further_sharing")?, policy)?))
}

/// Who classified it when and when that ends: fields of known names, which ask nothing of a
/// recipient. A date of declassification lowers nothing by itself.
fn informative(content: &Content<'_>) -> Result<(), String> {
    const PARTS: [(&str, &[&str]); 5] = [
        (
            "original_classification",
            &[
                "classified_by",
                "classified_on",
                "classification_reason",
                "compilation_reason",
            ],
        ),
        (
            "derivative_classification",
            &["classified_by", "classified_on", "derived_from"],
        ),
        (
            "declassification",
            &[
                "declass_exemption",
                "declass_period",
                "declass_date",
                "declass_event",
            ],
        ),
        (
            "resource_disposition",
            &["disposition_date", "disposition_process"],
        ),
        ("public_release", &["released_by", "released_on"]),
    ];
    for (part, fields) in PARTS {
        if content.has(part) {
            content.part(part)?.only(fields)?;
        }
    }
    Ok(())
}

/// What holds where no rule says otherwise.
#[derive(Clone, Copy)]
struct Policy {
    may_access: bool,
    may_share: bool,
}

impl Policy {
    fn read(reference: &str) -> Result<Self, String> {
        let unknown = || format!("`{}` is no ACS 3.0 policy", shortened(reference));
        let defaults = reference
            .strip_prefix("urn:isa:policy:acs:ns:v3.0?")
            .ok_or_else(unknown)?;
        let (mut access, mut share) = (None, None);
        for default in defaults.split('&') {
            let (place, effect) = match default.split_once('=') {
                Some(("privdefault", effect)) => (&mut access, effect),
                Some(("sharedefault", effect)) => (&mut share, effect),
                _ => return Err(unknown()),
            };
            if place.replace(is_permit(effect)?).is_some() {
                return Err(unknown());
            }
        }
        let both = access.zip(share).ok_or_else(unknown)?;
        Ok(Self {
            may_access: both.0,
            may_share: both.1,
        })
    }
}

fn is_permit(effect: &str) -> Result<bool, String> {
    match fold(effect).as_deref() {
        Some("permit") => Ok(true),
        Some("deny") => Ok(false),
        _ => Err(format!(
            "`{}` is neither permit nor deny",
            shortened(effect)
        )),
    }
}

fn controls(set: &Content<'_>) -> Result<Label, String> {
    set.only(&CONTROLS)?;
    let mut label = level("us-class", set.text("classification")?)?;
    for word in set.words("formal_determination")? {
        let part = match fold(word).as_deref() {
            Some("nf") => Label::caveat("us-noforn"),
            Some("fouo") => Label::level("us-cui", "cui"),
            Some("pii-necessary-to-understand-threat") => Label::word("acs-sensitivity", "pii"),
            _ => Label::word("acs-notice", word),
        };
        label = label.join(&part.ok_or_else(|| not_known(word, "formal determination"))?);
    }
    for (field, axis) in WORDS {
        for word in set.words(field)? {
            let part = Label::word(axis, word).ok_or_else(|| not_known(word, field))?;
            label = label.join(&part);
        }
    }
    if let Some(nations) = nations(set)? {
        label = label.join(&list("acs-nations", nations)?);
    }
    if has_organisations(set)? {
        label = label.join(&list("acs-organisations", BTreeSet::new())?);
    }
    Ok(label)
}

fn not_known(word: &str, field: &str) -> String {
    format!("`{}` is no {field}", shortened(word))
}

/// The nations named; `None` where all may, or nothing is said.
fn nations(part: &Content<'_>) -> Result<Option<BTreeSet<Member>>, String> {
    let codes = part.words("permitted_nationalities")?;
    let all = codes.iter().any(|code| is_all(code));
    let named = members(codes.into_iter().filter(|code| !is_all(code)))?;
    Ok((part.has("permitted_nationalities") && !all).then_some(named))
}

fn has_organisations(part: &Content<'_>) -> Result<bool, String> {
    let named = part.words("permitted_organizations")?;
    Ok(part.has("permitted_organizations") && !named.iter().any(|code| is_all(code)))
}

fn is_all(code: &str) -> bool {
    fold_code(code).as_deref() == Some("ALL")
}

fn list(axis: &str, nations: BTreeSet<Member>) -> Result<Label, String> {
    Label::roster(axis, Roster::new(nations, BTreeSet::new())).ok_or_else(String::new)
}

/// Who may do something with it at all. Where access is denied by default, only those nations
/// may have it that some rule permits; a rule that denies leaves it with the United States.
fn privileges(rules: &[Content<'_>], policy: Policy) -> Result<Label, String> {
    let mut permitted: Option<BTreeSet<Member>> = Some(BTreeSet::new());
    let mut denied = false;
    for rule in rules {
        rule.only(&["privilege_action", "privilege_scope", "rule_effect"])?;
        let action = fold_code(rule.text("privilege_action")?).unwrap_or_default();
        if !ACTIONS.contains(&action.as_str()) {
            return Err(not_known(&action, "privilege_action"));
        }
        let scope = rule.part("privilege_scope")?;
        let allowed = scope_nations(&scope)?;
        if is_permit(rule.text("rule_effect")?)? {
            permitted = permitted.zip(allowed).map(|(mut all, more)| {
                all.extend(more);
                all
            });
        } else {
            denied = true;
        }
    }
    let mut label = Label::none();
    if let Some(nations) = permitted.filter(|_| !policy.may_access) {
        label = label.join(&list("acs-privilege", nations)?);
    }
    if denied {
        let home = members(["USA"])?;
        label = label.join(&list("acs-privilege", home)?);
    }
    Ok(label)
}

/// The nations a privilege reaches; `None` is all. One that is bound to organisations, communities
/// or entities reaches no nation as a whole.
fn scope_nations(scope: &Content<'_>) -> Result<Option<BTreeSet<Member>>, String> {
    scope.only(&[
        "permitted_nationalities",
        "permitted_organizations",
        "shareability",
        "entity",
    ])?;
    let mut is_bound = has_organisations(scope)?;
    for (field, axis) in [
        ("shareability", "acs-shareability"),
        ("entity", "acs-entity"),
    ] {
        for word in scope.words(field)? {
            if !is_all(word) {
                Label::word(axis, word).ok_or_else(|| not_known(word, field))?;
                is_bound = true;
            }
        }
    }
    let nations = nations(scope)?;
    Ok(if is_bound {
        Some(BTreeSet::new())
    } else {
        nations
    })
}

/// Further sharing with foreign governments: denied, it bars them; not permitted, the originator
/// must be asked.
fn sharing(rules: &[Content<'_>], policy: Policy) -> Result<Label, String> {
    let (mut permitted, mut denied) = (policy.may_share, false);
    for rule in rules {
        rule.only(&["sharing_scope", "rule_effect"])?;
        let scopes = rule.words("sharing_scope")?;
        if scopes.is_empty() {
            return Err("`sharing_scope` names nobody".to_owned());
        }
        let abroad = scopes
            .iter()
            .any(|scope| matches!(fold_code(scope).as_deref(), Some("FOREIGNGOV" | "ALL")));
        if is_permit(rule.text("rule_effect")?)? {
            permitted |= abroad;
        } else {
            denied |= abroad;
        }
    }
    if denied {
        Label::caveat("acs-sharing").ok_or_else(String::new)
    } else if permitted {
        Ok(Label::none())
    } else {
        Label::caveat("acs-onward").ok_or_else(String::new)
    }
}
