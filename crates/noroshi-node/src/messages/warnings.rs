//! Problems, levels, warnings and proposals as text for people.

use noroshi_assess::words::{Term, confidence_named, likelihood_named};
use serde_json::Value;

use super::render::{say, short, word};
use super::{Lang, text};

/// A problem in a line.
pub(super) fn problem(lang: Lang, row: &Value) -> String {
    if row["level"].is_null() {
        return say(
            lang,
            "warning-problem-unjudged",
            row,
            &["title", "id", "problem"],
        );
    }
    let warned = row["warned"].as_u64();
    let warned = warned.map_or_else(
        || text(lang, "warning-none", &[]),
        |level| level.to_string(),
    );
    let args = [
        ("level", &*word(row, "level")),
        ("title", &*word(row, "title")),
        ("id", &*word(row, "id")),
        ("warned", &*warned),
        ("gaps", &*word(row, "gaps")),
        ("outstanding", &*word(row, "outstanding")),
    ];
    text(lang, "warning-problem", &args)
}

/// A level with what it rests on. Likelihood stands in a line of its own.
pub(super) fn level(lang: Lang, row: &Value) -> String {
    let likelihood = word(row, "likelihood");
    let likelihood = likelihood_named(&likelihood).map(|it| &it.term);
    let percent = row["probability"].as_f64().unwrap_or_default() * 100.0;
    let args = [
        ("likelihood", term(lang, likelihood)),
        ("percent", &*format!("{percent:.1}")),
        ("bits", &*word(row, "bits")),
    ];
    let mut lines = vec![
        say(lang, "warning-level", row, &["level", "title", "as_of"]),
        say(lang, "warning-hypothesis", row, &["hypothesis"]),
        text(lang, "warning-likelihood", &args),
        say(lang, "warning-evidence", row, &["evidence", "table"]),
    ];
    for one in list(&row["contributions"]) {
        let state = word(one, "state");
        let state = if state.is_empty() { "unknown" } else { &*state };
        let adds = one["adds_milli"].as_f64().unwrap_or_default() / 1000.0;
        let left = one["left_permille"].as_f64().unwrap_or_default() / 10.0;
        let args = [
            ("adds", &*format!("{adds:+.2}")),
            (
                "state",
                &*text(lang, &format!("warning-state-{state}"), &[]),
            ),
            ("statement", &*word(one, "statement")),
            ("left", &*format!("{left:.0}")),
            ("evidence", &*list(&one["evidence"]).count().to_string()),
        ];
        let id = if one["is_gap"] == true {
            "warning-gap"
        } else {
            "warning-contributor"
        };
        lines.push(text(lang, id, &args));
    }
    for change in list(&row["history"]) {
        lines.push(say(lang, "warning-change", change, &["at", "from", "to"]));
    }
    for id in list(&row["unread"]).filter_map(Value::as_str) {
        lines.push(text(lang, "warning-unread", &[("id", id)]));
    }
    lines.join("\n")
}

/// A problem whole.
pub(super) fn whole(lang: Lang, answer: &Value) -> String {
    let mut lines = vec![problem(lang, &answer["row"])];
    if answer["level"].is_object() {
        lines.push(level(lang, &answer["level"]));
    }
    lines.extend(list(&answer["reports"]).map(|row| report(lang, row)));
    lines.join("\n")
}

/// A warning, in the reader's language where it is there.
pub(super) fn report(lang: Lang, row: &Value) -> String {
    let state = text(lang, &format!("warning-report-{}", word(row, "state")), &[]);
    let likelihood = word(row, "likelihood");
    let likelihood = likelihood_named(&likelihood).map(|it| &it.term);
    let confidence = word(row, "confidence");
    let confidence = confidence_named(&confidence);
    let args = [
        ("from", &*word(row, "level_from")),
        ("to", &*word(row, "level_to")),
        ("state", &*state),
        ("by", &*word(row, "issued_by")),
        ("at", &*word(row, "modified")),
        ("hash", &*short(row, "hash")),
    ];
    let japanese = word(row, "basis_ja");
    let basis = if lang == Lang::Ja && !japanese.is_empty() {
        japanese
    } else {
        word(row, "basis")
    };
    let mut lines = vec![
        text(lang, "warning-report", &args),
        text(
            lang,
            "warning-report-likelihood",
            &[("term", term(lang, likelihood))],
        ),
        text(
            lang,
            "warning-report-confidence",
            &[("term", term(lang, confidence))],
        ),
        text(lang, "warning-report-basis", &[("basis", &*basis)]),
    ];
    for sent in list(&row["sent"]) {
        let id = match (sent["is_acknowledged"] == true, sent["is_newest"] == true) {
            (true, _) => "warning-sent-acknowledged",
            (false, true) => "warning-sent-outstanding",
            (false, false) => "warning-sent-older",
        };
        lines.push(say(lang, id, sent, &["name"]));
    }
    for ack in list(&row["acks"]) {
        let opinion = text(lang, &format!("opinion-{}", word(ack, "opinion")), &[]);
        let args = [
            ("person", &*word(ack, "person")),
            ("at", &*word(ack, "at")),
            ("opinion", &*opinion),
            ("text", &*word(ack, "text")),
        ];
        lines.push(text(lang, "warning-ack", &args));
    }
    lines.join("\n")
}

/// A proposal to warn.
pub(super) fn proposal(lang: Lang, row: &Value) -> String {
    if row["why"] == "level" {
        return say(lang, "proposal-level", row, &["level", "title", "about"]);
    }
    let title = word(row, "title");
    let title = if title.is_empty() {
        word(row, "about")
    } else {
        title
    };
    let args = [
        ("sightings", &*word(row, "sightings")),
        ("count", &*list(&row["nodes"]).count().to_string()),
        ("title", &*title),
        ("about", &*word(row, "about")),
    ];
    let id = if row["taken_up"].is_null() {
        "proposal-sightings"
    } else {
        "proposal-taken-up"
    };
    text(lang, id, &args)
}

/// What of the desk waits for a person.
pub(super) fn waiting(lang: Lang, waits: &Value) -> Vec<String> {
    let warnings = list(&waits["warnings"]);
    let warnings = warnings.map(|row| {
        let args = [
            ("level", &*word(row, "level_to")),
            ("hash", &*short(row, "hash")),
        ];
        text(lang, "now-warning", &args)
    });
    let proposals = list(&waits["proposals"]).map(|row| proposal(lang, row));
    warnings.chain(proposals).collect()
}

fn term(lang: Lang, term: Option<&Term>) -> &'static str {
    match (term, lang) {
        (Some(term), Lang::Ja) => term.ja,
        (Some(term), Lang::En) => term.en,
        (None, _) => "-",
    }
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}
