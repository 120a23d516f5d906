//! Clients, collections and credentials as text for people.

use serde_json::Value;

use super::render::{say, word};
use super::{Lang, text};

pub(super) fn row(lang: Lang, kind: &str, row: &Value) -> String {
    match kind {
        "client" => {
            let id = if row["removed"] == true {
                "client-row-removed"
            } else {
                "client-row"
            };
            let fields = ["name", "title", "nation", "until", "entries"];
            say(lang, id, row, &fields)
        }
        "collection" => {
            let fields = ["name", "id", "client", "types", "title"];
            say(lang, "collection-row", row, &fields)
        }
        "export_part" => word(row, "text"),
        "left_out" => {
            let why = text(lang, &format!("left-out-why-{}", word(row, "why")), &[]);
            let (name, value) = (word(row, "id"), word(row, "value"));
            let args = [("id", &*name), ("value", &*value), ("why", &*why)];
            let is_whole = row["value"].is_null();
            let id = if is_whole {
                "left-out"
            } else {
                "left-out-value"
            };
            text(lang, id, &args)
        }
        _ => {
            let id = if row["revoked"].is_null() {
                "token-row"
            } else {
                "token-row-revoked"
            };
            let collections = match row["collections"].as_array() {
                Some(named) if !named.is_empty() => word(row, "collections"),
                _ => text(lang, "every-collection", &[]),
            };
            let args = [
                ("name", &*word(row, "name")),
                ("client", &word(row, "client")),
                ("collections", &collections),
                ("expires", &word(row, "expires")),
                ("revoked", &word(row, "revoked")),
            ];
            text(lang, id, &args)
        }
    }
}

/// What an export came to.
pub(super) fn exported(lang: Lang, answer: &Value) -> String {
    let mut lines = vec![say(
        lang,
        "export-done",
        answer,
        &["collection", "client", "format", "count"],
    )];
    if answer["left_out"] != 0 {
        lines.push(say(lang, "export-left-out", answer, &["left_out"]));
    }
    if answer["misses_subdomains"] == true {
        lines.push(text(lang, "export-no-subdomains", &[]));
    }
    lines.join("\n")
}

/// What an act that sets or removes a client does, in words; nothing of another act.
pub(super) fn subject(lang: Lang, row: &Value) -> Option<String> {
    let client = row["client"].as_str()?;
    let Some(arrangement) = row.get("arrangement") else {
        let alone = row.as_object().is_some_and(|fields| fields.len() == 1);
        return alone.then(|| text(lang, "client-subject-removed", &[("client", client)]));
    };
    let term = &arrangement["releases"][0];
    let ceilings = term["ceilings"].as_object()?.iter();
    let ceilings: Vec<String> = ceilings
        .map(|(axis, level)| format!("{axis}:{}", level.as_str().unwrap_or_default()))
        .collect();
    let args = [
        ("client", client),
        ("title", &*word(row, "title")),
        ("nation", &word(row, "nation")),
        ("types", &word(term, "types")),
        ("purposes", &word(term, "purposes")),
        ("ceilings", &ceilings.join(", ")),
        ("until", &word(arrangement, "valid_until")),
    ];
    Some(text(lang, "client-subject", &args))
}

/// Who may have read what is recalled.
pub(super) fn readers(lang: Lang, answer: &Value) -> Option<String> {
    let clients = answer["clients"].as_array()?;
    let named = word(answer, "clients");
    (!clients.is_empty()).then(|| text(lang, "recall-read-by", &[("clients", &named)]))
}
