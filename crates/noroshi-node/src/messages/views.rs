//! Views as text for people.

use serde_json::Value;

use super::render::{say, short, word};
use super::{Lang, text};

/// What a search found, but for its rows.
pub(super) fn found(lang: Lang, answer: &Value) -> String {
    let id = if answer["is_capped"] == true {
        "found-capped"
    } else {
        "found"
    };
    let mut lines = vec![say(lang, id, answer, &["total"])];
    for facet in ["kinds", "markings", "sources", "by"] {
        let values = listed(&answer["facets"][facet], answer, lang);
        if !values.is_empty() {
            let values = [("values", &*values.join("  "))];
            lines.push(text(lang, &format!("facet-{facet}"), &values));
        }
    }
    if answer["next"].is_u64() {
        lines.push(say(lang, "found-more", answer, &["next"]));
    }
    lines.join("\n")
}

/// The values of a facet with their counts; nodes by their names.
fn listed(values: &Value, answer: &Value, lang: Lang) -> Vec<String> {
    let values = values.as_array().into_iter().flatten();
    values
        .map(|value| {
            format!(
                "{} {}",
                called(answer, &word(value, "value"), lang),
                value["count"]
            )
        })
        .collect()
}

/// A node's name, where the answer knows it.
fn called(answer: &Value, node: &str, lang: Lang) -> String {
    let known = &answer["names"][node];
    let field = if lang == Lang::Ja { "ja" } else { "en" };
    known[field].as_str().unwrap_or(node).to_owned()
}

/// A search that a person keeps.
pub(super) fn kept(lang: Lang, row: &Value) -> String {
    let order = &row["order"];
    let fields = ["text", "kind", "marking", "source", "by", "state"];
    let said = fields.into_iter().filter_map(|field| order[field].as_str());
    let said = said.collect::<Vec<_>>().join(" · ");
    let args = [("name", &*word(row, "name")), ("order", &*said)];
    text(lang, "search-row", &args)
}

/// What surrounds an item, behind the item itself.
pub(super) fn around(lang: Lang, answer: &Value, item: String) -> String {
    let mut lines = vec![item];
    for holder in answer["holders"].as_array().into_iter().flatten() {
        let state = text(lang, &format!("holder-{}", word(holder, "state")), &[]);
        let extent = if holder["reduced"] == true {
            "holder-reduced"
        } else {
            "holder-whole"
        };
        let args = [
            ("name", &*word(holder, "name")),
            ("state", &*state),
            ("extent", &*text(lang, extent, &[])),
            ("version", &*word(holder, "modified")),
            ("at", &*word(holder, "at")),
        ];
        lines.push(text(lang, "holder-row", &args));
    }
    for relation in answer["relations"].as_array().into_iter().flatten() {
        let id = if relation["direction"] == "out" {
            "relation-out"
        } else {
            "relation-in"
        };
        lines.push(say(lang, id, relation, &["label", "kind", "title", "id"]));
    }
    if answer["relations_capped"] == true {
        lines.push(text(lang, "relations-capped", &[]));
    }
    for sighting in answer["sightings"].as_array().into_iter().flatten() {
        let by = called(answer, &word(sighting, "node"), lang);
        let args = [
            ("by", &*by),
            ("count", &*word(sighting, "count")),
            ("last", &*word(sighting, "last_seen")),
            ("at", &*word(sighting, "at")),
        ];
        lines.push(text(lang, "sighting-row", &args));
    }
    let line = &answer["line"];
    if line.is_object() {
        let args = [
            ("line", &*word(line, "index")),
            ("kind", &*word(line, "line")),
            ("at", &*word(line, "at")),
        ];
        lines.push(text(lang, "around-line", &args));
    }
    lines.join("\n")
}

/// What came and what waits.
pub(super) fn now(lang: Lang, answer: &Value) -> String {
    let (came, waits) = (&answer["came"], &answer["waits"]);
    let id = match (answer["last_look"].is_object(), came["is_capped"] == true) {
        (true, false) => "now-came",
        (true, true) => "now-came-capped",
        (false, false) => "now-came-day",
        (false, true) => "now-came-day-capped",
    };
    let mut lines = vec![say(lang, id, came, &["total"])];
    let from = listed(&came["sources"], answer, lang).join("  ");
    if !from.is_empty() {
        lines.push(text(lang, "facet-sources", &[("values", &*from)]));
    }
    for act in waits["acts"].as_array().into_iter().flatten() {
        lines.push(say(
            lang,
            "now-act",
            act,
            &["id", "kind", "requester", "expires"],
        ));
    }
    if waits["held"] != 0 {
        lines.push(say(lang, "now-held", waits, &["held"]));
    }
    for consent in waits["consents"].as_array().into_iter().flatten() {
        let args = [
            ("by", &*word(consent, "by_name")),
            ("to", &*word(consent, "recipient_name")),
            ("request", &*short(consent, "request")),
        ];
        lines.push(text(lang, "now-consent", &args));
    }
    for recall in waits["recalls"].as_array().into_iter().flatten() {
        lines.push(say(lang, "now-recall", recall, &["name", "id", "at"]));
    }
    if waits["alarms"]["count"] != 0 {
        lines.push(say(lang, "now-alarms", &waits["alarms"], &["count"]));
    }
    lines.extend(super::warnings::waiting(lang, waits));
    if lines.len() == 1 + usize::from(!from.is_empty()) {
        lines.push(text(lang, "now-nothing", &[]));
    }
    for partner in answer["partners"].as_array().into_iter().flatten() {
        lines.push(light(lang, partner));
    }
    lines.join("\n")
}

/// How a partner stands, and why.
fn light(lang: Lang, partner: &Value) -> String {
    let mark = match partner["light"].as_str() {
        Some("green") => "●",
        Some("amber") => "▲",
        _ => "■",
    };
    format!("{mark} {}", partner_said(lang, partner))
}

/// What is to be said of a partner, in words.
pub(super) fn partner_said(lang: Lang, partner: &Value) -> String {
    let contact = partner["last_contact"].as_str().unwrap_or("-");
    let args = [
        ("name", &*word(partner, "name_en")),
        ("name_ja", &*word(partner, "name_ja")),
        ("nation", &*word(partner, "nation")),
        ("contact", contact),
        ("days", &*word(partner, "days")),
        ("waiting", &*word(partner, "waiting")),
    ];
    let id = format!("doctor-{}", word(partner, "code"));
    text(lang, &id, &args)
}

/// Techniques that something refers to, by kill chain and phase.
pub(super) fn matrix(lang: Lang, answer: &Value) -> String {
    let mut lines = vec![say(lang, "matrix-as-of", answer, &["as_of"])];
    for chain in answer["chains"].as_array().into_iter().flatten() {
        lines.push(titled(chain));
        for phase in chain["phases"].as_array().into_iter().flatten() {
            let techniques = phase["techniques"].as_array();
            let techniques: Vec<String> = techniques
                .into_iter()
                .flatten()
                .filter(|technique| technique["mentions"] != 0)
                .map(|technique| {
                    let (number, title) = (word(technique, "number"), word(technique, "title"));
                    format!("    {number} {title}  {}", technique["mentions"])
                })
                .collect();
            if !techniques.is_empty() {
                lines.push(format!("  {}", titled(phase)));
                lines.extend(techniques);
            }
        }
    }
    lines.join("\n")
}

/// A title, or the name where there is none.
fn titled(row: &Value) -> String {
    let title = word(row, "title");
    if title.is_empty() {
        word(row, "name")
    } else {
        title
    }
}

/// Who threatens, and whom.
pub(super) fn actors(lang: Lang, answer: &Value) -> String {
    let mut lines = Vec::new();
    for actor in answer["actors"].as_array().into_iter().flatten() {
        let mark = if actor["is_new"] == true { "*" } else { " " };
        let fields = ["kind", "title", "aliases", "targets", "marking", "modified"];
        lines.push(format!("{mark} {}", say(lang, "actor-row", actor, &fields)));
    }
    for target in answer["targeted"].as_array().into_iter().flatten() {
        lines.push(say(lang, "targeted-row", target, &["title", "kind", "by"]));
    }
    if answer["next"].is_u64() {
        lines.push(say(lang, "found-more", answer, &["next"]));
    }
    lines.join("\n")
}

/// The end of a page of lines.
pub(super) fn lines(lang: Lang, answer: &Value) -> String {
    let more = answer["next"].is_u64();
    let id = if more { "lines-more" } else { "lines-end" };
    say(lang, id, answer, &["size", "next"])
}

/// A person's last look.
pub(super) fn looked(lang: Lang, answer: &Value) -> String {
    say(lang, "looked", answer, &["position"])
}

/// The indicators of a text.
pub(super) fn paste(lang: Lang, answer: &Value) -> String {
    let mut lines = Vec::new();
    let doubt = |code: &str| text(lang, &format!("console-doubt-{code}"), &[]);
    for row in answer["found"].as_array().into_iter().flatten() {
        let kind = text(
            lang,
            &format!("console-indicator-{}", word(row, "kind")),
            &[],
        );
        let args = [("kind", &*kind), ("value", &*word(row, "defanged"))];
        lines.push(text(lang, "paste-row", &args));
        for code in row["doubts"].as_array().into_iter().flatten() {
            let said = doubt(code.as_str().unwrap_or_default());
            lines.push(text(lang, "paste-doubt", &[("doubt", &*said)]));
        }
        for known in row["known"].as_array().into_iter().flatten() {
            let args = [
                ("by", &*called(answer, &word(known, "node"), lang)),
                ("title", &*word(known, "title")),
                ("marking", &*word(known, "marking")),
                ("hash", &*short(known, "hash")),
            ];
            lines.push(text(lang, "paste-known", &args));
        }
    }
    if lines.is_empty() {
        lines.push(text(lang, "paste-none", &[]));
    }
    for passed in answer["passed_over"].as_array().into_iter().flatten() {
        let said = doubt(passed["why"].as_str().unwrap_or_default());
        let args = [("written", &*word(passed, "written")), ("doubt", &*said)];
        lines.push(text(lang, "paste-passed", &args));
    }
    lines.join("\n")
}

/// Items that were made of them.
pub(super) fn taken(lang: Lang, answer: &Value) -> String {
    let count = answer["ids"].as_array().map_or(0, Vec::len).to_string();
    let admitted = word(&answer["import"], "admitted");
    text(
        lang,
        "taken",
        &[("count", &*count), ("admitted", &*admitted)],
    )
}
