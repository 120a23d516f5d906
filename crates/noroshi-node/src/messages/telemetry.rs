//! Our own traffic, for people.

use serde_json::Value;

use super::render::{say, word};
use super::{Lang, text};

/// A row about telemetry.
pub(super) fn row(lang: Lang, kind: &str, row: &Value) -> String {
    match kind {
        "source" => {
            let id = if row["recognised"] == true {
                "telemetry-recognised"
            } else {
                "telemetry-named"
            };
            say(lang, id, row, &["from", "format", "layout"])
        }
        "hit" => {
            let how = text(lang, &format!("telemetry-how-{}", word(row, "how")), &[]);
            let args = [
                ("indicator", &*word(row, "indicator")),
                ("value", &*word(row, "value")),
                ("how", &*how),
                ("kind", &*word(row, "kind")),
                ("from", &*word(row, "from")),
                ("offset", &*word(row, "offset")),
                ("seen", row["seen"].as_str().unwrap_or("-")),
            ];
            text(lang, "telemetry-hit", &args)
        }
        "broken" => say(lang, "telemetry-broken", row, &["from", "problem"]),
        "watched" => {
            let format = row["format"].as_str().unwrap_or("-");
            let mut args = vec![("format", format.to_owned())];
            for name in [
                "name", "from", "since", "bytes", "events", "hits", "overlong", "dropped",
            ] {
                args.push((name, word(row, name)));
            }
            let args: Vec<(&str, &str)> = args.iter().map(|(n, v)| (*n, &**v)).collect();
            let line = text(lang, "telemetry-watched", &args);
            match row["problem"].as_str() {
                Some(problem) => format!("{line}\n    {problem}"),
                None => line,
            }
        }
        _ => {
            let id = if row["own"] == true {
                "telemetry-format-own"
            } else {
                "telemetry-format"
            };
            let layouts = row["layouts"].as_array().into_iter().flatten();
            let layouts: Vec<&str> = layouts.filter_map(Value::as_str).collect();
            let args = [
                ("name", &*word(row, "name")),
                ("layouts", &*layouts.join(", ")),
            ];
            text(lang, id, &args)
        }
    }
}

/// What came of a watch.
pub(super) fn watched(lang: Lang, answer: &Value) -> String {
    let names = [
        "files",
        "bytes",
        "events",
        "hits",
        "seconds",
        "events_a_second",
    ];
    let mut lines = vec![say(lang, "telemetry-done", answer, &names)];
    for (name, id) in [
        ("overlong", "telemetry-overlong"),
        ("backwards", "telemetry-backwards"),
    ] {
        if answer[name].as_u64().is_some_and(|count| count > 0) {
            lines.push(say(lang, id, answer, &[name]));
        }
    }
    lines.join("\n")
}
