//! Indicators at work and sightings, for people.

use serde_json::Value;

use super::super::{Lang, text};
use super::{say, word};

/// A row of `noroshi indicator held` or `noroshi sighting list`.
pub(super) fn row(lang: Lang, kind: &str, row: &Value) -> String {
    match kind {
        "sighted" => say(
            lang,
            "sighted-row",
            row,
            &["indicator", "title", "count", "first", "last", "sighting"],
        ),
        _ => {
            let why = reason(lang, row);
            let args = [
                ("id", &*word(row, "id")),
                ("title", &word(row, "title")),
                ("by", &word(row, "contributor")),
                ("why", &why),
            ];
            text(lang, "idle-row", &args)
        }
    }
}

/// The last word of a command about indicators or sightings.
pub(super) fn answer(lang: Lang, kind: &str, answer: &Value) -> String {
    match kind {
        "at-work" => at_work(lang, answer),
        "life" => life(lang, answer),
        "idle" => say(lang, "idle-end", answer, &["rows"]),
        "sighted" => say(lang, "sighted-end", answer, &["rows"]),
        "verdict" => say(
            lang,
            "verdict-said",
            answer,
            &["sighting", "indicator", "outcome"],
        ),
        _ => {
            let list = |name: &str| {
                let names = answer[name].as_array().into_iter().flatten();
                let names: Vec<&str> = names.filter_map(Value::as_str).collect();
                match names.is_empty() {
                    true => "-".to_owned(),
                    false => names.join(", "),
                }
            };
            let args = [
                ("networks", &*list("networks")),
                ("domains", &list("domains")),
            ];
            text(lang, "own-names", &args)
        }
    }
}

fn at_work(lang: Lang, answer: &Value) -> String {
    let mut lines = vec![say(lang, "at-work", answer, &["at_work"])];
    for (reason, count) in answer["idle"].as_object().into_iter().flatten() {
        let why = text(lang, &format!("idle-{reason}"), &[]);
        let args = [("count", &*count.to_string()), ("why", &*why)];
        lines.push(text(lang, "at-work-not", &args));
    }
    lines.join("\n")
}

fn life(lang: Lang, answer: &Value) -> String {
    let head = if answer["at_work"] == true {
        "life-at-work"
    } else {
        "life-idle"
    };
    let why = reason(lang, answer);
    let args = [
        ("id", &*word(answer, "id")),
        ("title", &word(answer, "title")),
        ("why", &why),
    ];
    let mut lines = vec![text(lang, head, &args)];
    lines.push(say(lang, "life-given", answer, &["contributor"]));
    if answer["until"].is_string() {
        lines.push(say(lang, "life-times", answer, &["from", "until"]));
    }
    if answer["model"].is_string() {
        lines.push(say(
            lang,
            "life-score",
            answer,
            &["score", "threshold", "model"],
        ));
    }
    for list in answer["lists"].as_array().into_iter().flatten() {
        let list = list.as_str().unwrap_or_default();
        lines.push(text(lang, "life-list", &[("list", list)]));
    }
    let action = format!("life-action-{}", word(answer, "action"));
    lines.push(text(lang, &action, &[]));
    lines.push(match answer["last_hit"].is_string() {
        true => say(lang, "life-hits", answer, &["hits", "last_hit"]),
        false => text(lang, "life-no-hits", &[]),
    });
    if answer["decision"].is_string() {
        lines.push(say(lang, "life-decision", answer, &["decision"]));
    }
    lines.join("\n")
}

/// Why an indicator is not at work, with what holds it where that is known.
fn reason(lang: Lang, row: &Value) -> String {
    let Some(code) = row["why"].as_str() else {
        return String::new();
    };
    let why = text(lang, &format!("idle-{code}"), &[]);
    match row["because"].as_str() {
        Some(because) => format!("{why} ({because})"),
        None => why,
    }
}
