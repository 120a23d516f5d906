//! Channels and feeds, for people.

use serde_json::Value;

use super::super::{Lang, text};
use super::word;

/// A channel in a line, and what is wrong with it in another.
pub(super) fn row(lang: Lang, row: &Value) -> String {
    let state = text(lang, &format!("channel-state-{}", word(row, "state")), &[]);
    let success = row["last_success"]
        .as_str()
        .map_or_else(|| text(lang, "never", &[]), str::to_owned);
    let line = text(
        lang,
        "channel-row",
        &[
            ("name", &word(row, "name")),
            ("state", &state),
            ("way", &word(row, "way")),
            ("url", &word(row, "url")),
            ("success", &success),
            ("title", &word(row, "title")),
        ],
    );
    let said = [problem(lang, &row["problem"]), note(lang, row)];
    let said = said.into_iter().flatten().map(|said| format!("    {said}"));
    std::iter::once(line)
        .chain(said)
        .collect::<Vec<_>>()
        .join("\n")
}

/// Everything of one channel.
pub(super) fn whole(lang: Lang, answer: &Value) -> String {
    let counts = &answer["counts"];
    let of = |name: &str| word(counts, name);
    let counted = [
        ("read", of("read")),
        ("admitted", of("admitted")),
        ("held", of("held")),
        ("known", of("known")),
        ("refused", of("refused")),
        ("sent", of("sent")),
    ];
    let counted: Vec<(&str, &str)> = counted.iter().map(|(n, v)| (*n, &**v)).collect();
    let settled = [&answer["cursor"]["settled"], &answer["cursor"]["posted"]];
    let settled = settled.iter().find_map(|at| at.as_str()).unwrap_or("-");
    let due = answer["due"].as_str().unwrap_or("-");
    let mut lines = vec![
        row(lang, answer),
        text(lang, "channel-counts", &counted),
        text(
            lang,
            "channel-cursor",
            &[("settled", settled), ("due", due)],
        ),
    ];
    for refused in answer["refused"].as_array().into_iter().flatten() {
        let args = [
            ("id", &*word(refused, "id")),
            ("why", &*word(refused, "why")),
        ];
        lines.push(text(lang, "channel-refused", &args));
    }
    lines.join("\n")
}

/// A collection that is to be had.
pub(super) fn remote(lang: Lang, row: &Value) -> String {
    let rights = [("can_read", "read"), ("can_write", "write")];
    let rights: Vec<&str> = rights
        .into_iter()
        .filter_map(|(field, word)| (row[field] == true).then_some(word))
        .collect();
    text(
        lang,
        "remote-row",
        &[
            ("id", &word(row, "id")),
            ("rights", &rights.join(", ")),
            ("title", &word(row, "title")),
            ("root", &word(row, "root")),
        ],
    )
}

/// An API root that was not looked at.
pub(super) fn passed(lang: Lang, row: &Value) -> String {
    let problem = problem(lang, row).unwrap_or_default();
    let args = [("root", &*word(row, "root")), ("problem", &*problem)];
    text(lang, "remote-passed-row", &args)
}

/// What a round came to.
pub(super) fn round(lang: Lang, answer: &Value) -> String {
    let names = [
        "channel", "read", "admitted", "held", "known", "refused", "sent",
    ];
    let args = names.map(|name| (name, word(answer, name)));
    let args: Vec<(&str, &str)> = args.iter().map(|(n, v)| (*n, &**v)).collect();
    let line = text(lang, "round", &args);
    match note(lang, answer) {
        None => line,
        Some(note) => format!("{line}\n    {note}"),
    }
}

/// A feed of the list.
pub(super) fn feed(lang: Lang, row: &Value) -> String {
    let state = text(lang, &format!("feed-state-{}", word(row, "state")), &[]);
    let title = if lang == Lang::Ja {
        "title_ja"
    } else {
        "title_en"
    };
    text(
        lang,
        "feed-row",
        &[
            ("name", &word(row, "name")),
            ("state", &state),
            ("title", &word(row, title)),
            ("objects", &word(row, "objects")),
            ("marking", &word(row, "marking")),
            ("licence", &word(row, "licence")),
        ],
    )
}

/// A catalogue that came with the program.
pub(super) fn catalogue(lang: Lang, row: &Value) -> String {
    let title = if lang == Lang::Ja {
        "title_ja"
    } else {
        "title_en"
    };
    let state = match row["loaded"].as_str() {
        Some(at) => text(lang, "catalogue-loaded", &[("at", at)]),
        None => text(lang, "catalogue-missing", &[]),
    };
    text(
        lang,
        "catalogue-row",
        &[
            ("name", &word(row, "name")),
            ("title", &word(row, title)),
            ("edition", &word(row, "edition")),
            ("objects", &word(row, "objects")),
            ("state", &state),
            ("licence", &word(row, "licence")),
        ],
    )
}

fn problem(lang: Lang, problem: &Value) -> Option<String> {
    let code = problem["code"].as_str()?;
    let detail = word(problem, "detail");
    let id = format!("channel-problem-{code}");
    Some(text(lang, &id, &[("detail", &detail)]))
}

fn note(lang: Lang, row: &Value) -> Option<String> {
    let code = row["note"].as_str()?;
    Some(text(lang, &format!("channel-note-{code}"), &[]))
}
