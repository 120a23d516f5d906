//! An event of a command as text for people.

use serde_json::Value;

mod channels;
mod matching;

use super::{Lang, knows, taxii, telemetry, text, views, warnings};
use crate::command::Event;

/// The text of an event; several lines where it has several parts. Empty: nothing to say. Nothing
/// in it commands a terminal or turns the direction of writing, whoever wrote the names in it.
#[must_use]
pub fn render(lang: Lang, event: &Event) -> String {
    harmless(render_event(lang, event))
}

/// Control characters (but the ends of lines) and those that turn the direction, spelled out.
fn harmless(text: String) -> String {
    let commands = |c: char| is_bidi(c) || (c.is_control() && c != '\n');
    if !text.contains(commands) {
        return text;
    }
    let spelled = |c: char| {
        if commands(c) {
            c.escape_unicode().to_string()
        } else {
            c.to_string()
        }
    };
    text.chars().map(spelled).collect()
}

fn render_event(lang: Lang, event: &Event) -> String {
    match event {
        Event::Progress { label, done, total } => {
            let label = text(lang, label, &[]);
            total.map_or_else(
                || format!("{label} {done}"),
                |total| format!("{label} {done}/{total}"),
            )
        }
        Event::Row { kind, row } => render_row(lang, kind, row),
        Event::Answer { kind, answer } => render_answer(lang, kind, answer),
    }
}

fn render_row(lang: Lang, kind: &str, row: &Value) -> String {
    let yes_no = |field: &str| text(lang, if row[field] == true { "yes" } else { "no" }, &[]);
    match kind {
        "item" => item_row(lang, row),
        "plan" => plan(lang, row),
        "warning_problem" => warnings::problem(lang, row),
        "proposal" => warnings::proposal(lang, row),
        "tearline" => tearline(lang, row),
        "draft" => pretty(&row["agreement"]),
        "subject" => taxii::subject(lang, row).unwrap_or_else(|| pretty(row)),
        "note" | "error" => reading_row(lang, kind, row),
        "act" => say(
            lang,
            "act-row",
            row,
            &["id", "kind", "state", "requester", "expires"],
        ),
        "peer" => {
            let contact = row["last_contact"]
                .as_str()
                .map_or_else(|| text(lang, "never", &[]), str::to_owned);
            let head = text(
                lang,
                "peer-row",
                &[
                    ("nation", &word(row, "nation")),
                    ("name", &name(lang, row)),
                    ("state", &word(row, "state")),
                    ("here", &yes_no("confirmed_here")),
                    ("there", &yes_no("confirmed_there")),
                    ("waiting", &word(row, "waiting")),
                    ("contact", &contact),
                    ("node", &word(row, "node")),
                ],
            );
            let digits = word(&row["fingerprint"], "digits");
            format!(
                "{head}\n{}",
                text(lang, "peer-fingerprint", &[("digits", &digits)])
            )
        }
        "own" => {
            let head = text(
                lang,
                "own-row",
                &[
                    ("name", &name(lang, row)),
                    ("nation", &word(row, "nation")),
                    ("world", &word(row, "world")),
                    ("address", &word(row, "address")),
                    ("node", &word(row, "node")),
                ],
            );
            let digits = word(&row["fingerprint"], "digits");
            format!(
                "{head}\n{}",
                text(lang, "peer-fingerprint", &[("digits", &digits)])
            )
        }
        "agreement" => agreement_row(lang, row),
        "person" => say(
            lang,
            "person-row",
            row,
            &["name", "key", "since", "revoked"],
        ),
        "profile" => text(
            lang,
            "profile-row",
            &[
                ("name", &word(row, "name")),
                ("title", &word(row, "title")),
                ("markings", &word(row, "markings")),
                ("by", &word(row, "ordered_by")),
            ],
        ),
        "coalition" => text(
            lang,
            "coalition-row",
            &[
                ("coalition", &word(row, "coalition")),
                ("serial", &word(row, "serial")),
                ("nations", &word(row, "nations")),
                ("from", &word(row, "valid_from")),
                ("until", &word(row, "valid_until")),
                (
                    "stands",
                    if row["in_force"] == true {
                        "✓"
                    } else {
                        "✗"
                    },
                ),
                ("title", &word(row, "title")),
            ],
        ),
        "partner_list" => say(
            lang,
            if row["same_here"] == true {
                "partner-list-same"
            } else {
                "partner-list-other"
            },
            row,
            &[
                "name",
                "coalition",
                "serial",
                "nations",
                "valid_from",
                "valid_until",
                "title",
            ],
        ),
        "key" => say(lang, "key-row", row, &["purpose", "id", "from", "revoked"]),
        "receipt" => receipt_row(lang, row),
        "hop" => hop_row(lang, row),
        "hops" => text(
            lang,
            "hops-row",
            &[
                ("via", &word(row, "via_name")),
                ("answered", &word(row, "answered")),
                ("outstanding", &word(row, "outstanding")),
            ],
        ),
        "consent" => consent_row(lang, row),
        "circle" => say(lang, "circle-row", row, &["name", "names"]),
        "client" | "collection" | "token" | "left_out" | "export_part" => {
            taxii::row(lang, kind, row)
        }
        "channel" => channels::row(lang, row),
        "source" | "hit" | "broken" | "watched" | "format" => telemetry::row(lang, kind, row),
        "remote" => channels::remote(lang, row),
        "remote_passed" => channels::passed(lang, row),
        "feed" => channels::feed(lang, row),
        "idle" | "sighted" => matching::row(lang, kind, row),
        "catalogue" => channels::catalogue(lang, row),
        "search" => views::kept(lang, row),
        "line" => say(
            lang,
            "line-row",
            row,
            &["index", "at", "line", "person", "body"],
        ),
        "backup" => backup_row(lang, row),
        "recovery" => recovery_row(lang, row),
        "balance" => balance_row(lang, row),
        "check" => check_row(lang, row),
        _ => row.to_string(),
    }
}

fn render_answer(lang: Lang, kind: &str, answer: &Value) -> String {
    match kind {
        "import" => {
            let held = answer["held"].as_object().cloned().unwrap_or_default();
            let sum: u64 = held.values().filter_map(Value::as_u64).sum();
            let mut lines = vec![text(
                lang,
                "import-done",
                &[
                    ("read", &word(answer, "read")),
                    ("admitted", &word(answer, "admitted")),
                    ("known", &word(answer, "known")),
                    ("held", &sum.to_string()),
                    ("refused", &word(answer, "refused")),
                    ("notes", &word(answer, "notes")),
                ],
            )];
            for (code, count) in &held {
                let args = [
                    ("count", &*count.to_string()),
                    ("reason", &*code_text(lang, code)),
                ];
                lines.push(text(lang, "import-held", &args));
            }
            lines.join("\n")
        }
        "channel" => channels::whole(lang, answer),
        "at-work" | "life" | "idle" | "sighted" | "verdict" | "own-names" => {
            matching::answer(lang, kind, answer)
        }
        "watch" => telemetry::watched(lang, answer),
        "sources" => say(lang, "telemetry-sources", answer, &["formats", "watched"]),
        "remotes" => say(lang, "remotes", answer, &["count"]),
        "round" => channels::round(lang, answer),
        "page" => match answer["next"].as_u64() {
            None => say(lang, "page-end", answer, &["rows"]),
            Some(_) => say(lang, "page-more", answer, &["rows", "next"]),
        },
        "plan" => plan(lang, answer),
        "agreement" => {
            let row = agreement_row(lang, answer);
            format!("{row}\n{}", pretty(&answer["object"]))
        }
        "rules" => pretty(answer),
        "tearline" => tearline(lang, answer),
        "act" => say(
            lang,
            "act-row",
            answer,
            &["id", "kind", "state", "requester", "expires"],
        ),
        "endorsed" => {
            let act = &answer["act"];
            if act["state"] == "pending" {
                say(lang, "act-pending", act, &["id", "requester"])
            } else {
                let done = text(
                    lang,
                    "act-done",
                    &[
                        ("kind", &word(act, "kind")),
                        ("id", &short(act, "id")),
                        ("line", &word(answer, "ledger_line")),
                        ("entries", &word(answer, "entries")),
                    ],
                );
                let held = answer["backups"].as_array().into_iter().flatten();
                let held = held.map(|row| say(lang, "backup-holds", row, &["id", "at", "path"]));
                let made = answer["tearlines"].as_array().into_iter().flatten();
                let made = made.map(|row| say(lang, "tearline-of", row, &["id", "state"]));
                [done]
                    .into_iter()
                    .chain(held)
                    .chain(made)
                    .chain(taxii::readers(lang, answer))
                    .collect::<Vec<_>>()
                    .join("\n")
            }
        }
        "code" => say(lang, "person-code", answer, &["code", "person", "expires"]),
        "invite" => {
            let fingerprint = &answer["fingerprint"];
            let words = if lang == Lang::Ja {
                "words_ja"
            } else {
                "words_en"
            };
            text(
                lang,
                "invite",
                &[
                    ("code", &word(answer, "code")),
                    ("address", &word(answer, "address")),
                    ("expires", &word(answer, "expires")),
                    ("tries", &word(answer, "tries")),
                    ("digits", &word(fingerprint, "digits")),
                    ("words", &word(fingerprint, words)),
                ],
            )
        }
        "peer" => {
            let args = [
                ("name", &*name(lang, answer)),
                ("node", &*short(answer, "node")),
            ];
            text(lang, "peer-paired", &args)
        }
        "sync" => {
            let peers = answer["peers"].as_array().map_or(0, Vec::len).to_string();
            let mut lines = vec![text(
                lang,
                "sync-done",
                &[
                    ("peers", &peers),
                    ("sent", &word(answer, "sent")),
                    ("received", &word(answer, "received")),
                    ("out", &word(answer, "bytes_out")),
                    ("in", &word(answer, "bytes_in")),
                ],
            )];
            for (peer, why) in answer["failed"].as_object().into_iter().flatten() {
                let why = why.as_str().unwrap_or_default();
                lines.push(text(lang, "sync-failed", &[("peer", peer), ("why", why)]));
            }
            lines.join("\n")
        }
        "verified" => {
            let mut lines = vec![say(
                lang,
                "verified",
                answer,
                &["lines", "checkpoints", "receipts", "root"],
            )];
            for log in answer["logs"].as_array().into_iter().flatten() {
                let mut log = log.clone();
                if let Some(log) = log.as_object_mut() {
                    let cosigned = log.entry("cosigned").or_insert(Value::Null);
                    if cosigned.is_null() {
                        *cosigned = 0.into();
                    }
                }
                let fields = ["name", "sent", "cosigned", "received"];
                lines.push(say(lang, "verified-log", &log, &fields));
            }
            lines.join("\n")
        }
        "checked" => checked(lang, answer),
        "held" => say(lang, "held-judged", answer, &["admitted", "held"]),
        "backup" => backup_row(lang, answer),
        "recovery" => recovery_row(lang, answer),
        "restoring" if answer["waits"] == 0 => text(lang, "restore-over", &[]),
        "restoring" => say(lang, "restore-waits", answer, &["waits"]),
        "restored" => {
            let fields = ["made", "folder", "lines", "partners"];
            say(lang, "restored", answer, &fields)
        }
        "backup_verified" => {
            let fields = ["id", "at", "lines", "root", "keys"];
            let whole = say(lang, "backup-verified", answer, &fields);
            format!("{}: {whole}", name(lang, answer))
        }
        "export" => taxii::exported(lang, answer),
        "exported" => say(lang, "exported", answer, &["lines", "folder", "verifier"]),
        "doctor" if answer["bad"] == 0 && answer["look"] == 0 => text(lang, "all-well", &[]),
        "doctor" => say(lang, "all-counted", answer, &["look", "bad"]),
        "alarms" if answer["rows"] == 0 => text(lang, "no-alarms", &[]),
        "alarms" => say(lang, "alarms-listed", answer, &["rows"]),
        "alarm" => say(
            lang,
            "alarm-answered",
            answer,
            &["alarms", "up_to", "ledger_line"],
        ),
        "text" => say(lang, "text-built", answer, &["items"]),
        "found" => views::found(lang, answer),
        "around" => views::around(lang, answer, pretty(&answer["item"])),
        "warning" => warnings::whole(lang, answer),
        "level" => warnings::level(lang, answer),
        "now" => views::now(lang, answer),
        "looked" => views::looked(lang, answer),
        "matrix" => views::matrix(lang, answer),
        "actors" => views::actors(lang, answer),
        "lines" => views::lines(lang, answer),
        "paste" => views::paste(lang, answer),
        "taken" => views::taken(lang, answer),
        "manifest" => say(lang, "manifest", answer, &["serial", "issued"]),
        "draft" => pretty(&answer["agreement"]),
        _ => pretty(answer),
    }
}

fn plan(lang: Lang, answer: &Value) -> String {
    let mut lines = Vec::new();
    for recipient in answer["recipients"].as_array().into_iter().flatten() {
        let counts = [
            "name", "whole", "reduced", "refer", "stays", "stopped", "already",
        ];
        lines.push(say(lang, "plan-recipient", recipient, &counts));
        if recipient["agreement"].is_string() {
            lines.push(say(lang, "plan-agreement", recipient, &["agreement"]));
        }
        for line in recipient["lines"].as_array().into_iter().flatten() {
            plan_line(lang, line, &mut lines);
            findings(lang, line, &mut lines);
            if line["outcome"] == "refer" {
                let args = [
                    ("hash", &*short(line, "hash")),
                    ("to", &*short(recipient, "node")),
                ];
                lines.push(text(lang, "plan-refer-next", &args));
            }
        }
    }
    if answer["names_left_out"]
        .as_u64()
        .is_some_and(|left| left > 0)
    {
        lines.push(say(
            lang,
            "plan-names-left-out",
            answer,
            &["names_left_out"],
        ));
    }
    if answer["needs_second_person"] == true {
        lines.push(text(lang, "plan-second", &[]));
    }
    lines.join("\n")
}

fn plan_line(lang: Lang, line: &Value, lines: &mut Vec<String>) {
    let outcome = text(lang, &format!("outcome-{}", word(line, "outcome")), &[]);
    let args = [
        ("outcome", &*outcome),
        ("title", &*word(line, "title")),
        ("id", &*word(line, "id")),
    ];
    lines.push(text(lang, "plan-line", &args));
    if line["clause"].is_string() {
        lines.push(say(lang, "plan-clause", line, &["clause"]));
    }
    if line["in_fallback"] == true {
        lines.push(text(lang, "plan-fallback", &[]));
    }
    for reason in line["reasons"].as_array().into_iter().flatten() {
        let reason = reason_text(lang, reason);
        lines.push(text(lang, "plan-reason", &[("reason", &reason)]));
    }
    for (selector, reasons) in line["withheld"].as_object().into_iter().flatten() {
        let reasons: Vec<String> = reasons
            .as_array()
            .into_iter()
            .flatten()
            .map(|reason| reason_text(lang, reason))
            .collect();
        let args = [
            ("selector", selector.as_str()),
            ("reason", &reasons.join("; ")),
        ];
        lines.push(text(lang, "plan-withheld", &args));
    }
}

/// A version for release before it is made.
fn tearline(lang: Lang, answer: &Value) -> String {
    let parts = [
        pretty(&answer["object"]),
        say(lang, "tearline-made", answer, &["marking"]),
        plan(lang, answer),
    ];
    parts.join("\n").trim_end().to_owned()
}

/// What the review found in a line's item, and how to go on where it stops it.
fn findings(lang: Lang, line: &Value, lines: &mut Vec<String>) {
    for finding in line["findings"].as_array().into_iter().flatten() {
        let severity = match (&finding["severity"], &finding["accepted"]) {
            (_, Value::Bool(true)) => "accepted",
            (severity, _) if severity == "stops" => "stops",
            _ => "warns",
        };
        let args = [
            (
                "severity",
                &*text(lang, &format!("review-is-{severity}"), &[]),
            ),
            ("finding", &*reason_text(lang, finding)),
            ("place", &*word(finding, "place")),
            ("start", &*word(finding, "start")),
            ("end", &*word(finding, "end")),
        ];
        lines.push(text(lang, "plan-finding", &args));
        if severity == "stops" && line["outcome"] == "stopped" {
            let args = [
                ("code", &*word(finding, "code")),
                ("hash", &*short(line, "hash")),
            ];
            lines.push(text(lang, "plan-accept", &args));
        }
    }
}

fn item_row(lang: Lang, row: &Value) -> String {
    let mut line = text(
        lang,
        "item-row",
        &[
            ("hash", &short(row, "hash")),
            ("kind", &word(row, "kind")),
            ("title", &word(row, "title")),
            ("marking", &word(row, "marking")),
            ("state", &word(row, "state")),
        ],
    );
    for code in row["reasons"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
    {
        line.push_str("\n    ");
        line.push_str(&code_text(lang, code));
    }
    line
}

/// A month with a partner: a line for each direction, and what it was by type and marking.
fn balance_row(lang: Lang, row: &Value) -> String {
    let head = [("name", &*name(lang, row)), ("month", &*word(row, "month"))];
    let mut lines = vec![text(lang, "balance-row", &head)];
    for direction in ["given", "got"] {
        let side = &row[direction];
        let counts = |field: &str| -> String {
            let listed = side[field].as_object().into_iter().flatten();
            let listed: Vec<String> = listed
                .map(|(what, count)| format!("{what} {count}"))
                .collect();
            listed.join(", ")
        };
        let answered = side["answered"].as_object().into_iter().flatten();
        let answered: u64 = answered.filter_map(|(_, count)| count.as_u64()).sum();
        let median = side["median_seconds"]
            .as_u64()
            .map_or_else(|| "-".to_owned(), |seconds| duration(lang, seconds));
        let args = [
            ("items", &*word(side, "items")),
            ("reduced", &word(side, "reduced")),
            ("answered", &answered.to_string()),
            ("outstanding", &word(side, "outstanding")),
            ("median", &median),
            ("recalls", &word(side, "recalls")),
            ("types", &counts("by_type")),
            ("markings", &counts("by_marking")),
        ];
        lines.push(text(lang, &format!("balance-{direction}"), &args));
        lines.push(text(lang, "balance-what", &args));
    }
    lines.join("\n")
}

/// A length of time in its largest unit.
fn duration(lang: Lang, seconds: u64) -> String {
    let (unit, length) = [("days", 86_400), ("hours", 3_600), ("minutes", 60)]
        .into_iter()
        .find(|(_, length)| seconds >= 2 * length)
        .unwrap_or(("seconds", 1));
    let count = (seconds / length).to_string();
    text(lang, &format!("duration-{unit}"), &[("count", &count)])
}

fn agreement_row(lang: Lang, row: &Value) -> String {
    let standing = text(lang, &format!("standing-{}", word(row, "standing")), &[]);
    let title = if lang == Lang::Ja {
        word(row, "title_ja")
    } else {
        word(row, "title")
    };
    let assent = text(lang, &format!("assent-{}", word(row, "assent")), &[]);
    text(
        lang,
        "agreement-row",
        &[
            ("standing", &standing),
            ("assent", &assent),
            ("title", &title),
            ("until", &word(row, "valid_until")),
            ("id", &word(row, "id")),
        ],
    )
}

/// A finding of the doctor in words, and below it what mends it.
fn check_row(lang: Lang, row: &Value) -> String {
    let code = word(row, "code");
    let named = row["args"].as_object().into_iter().flatten();
    let mut args: Vec<(&str, String)> = named
        .map(|(name, _)| (name.as_str(), word(&row["args"], name)))
        .collect();
    // What has a name in both languages is called by the person's.
    if lang == Lang::Ja {
        for (name, theirs) in [
            ("name", "name_ja"),
            ("title", "title_ja"),
            ("problem", "problem_ja"),
        ] {
            let theirs = word(&row["args"], theirs);
            if let Some(arg) = args.iter_mut().find(|(arg, _)| *arg == name) {
                arg.1 = theirs;
            }
        }
    }
    let args: Vec<(&str, &str)> = args.iter().map(|(n, v)| (*n, v.as_str())).collect();
    let said = |kind: &str| text(lang, &format!("{kind}-{code}"), &args);
    let mark = match row["state"].as_str() {
        Some("good") => "✓",
        Some("look") => "!",
        _ => "✗",
    };
    let line = text(
        lang,
        "check-row",
        &[("mark", mark), ("detail", &said("doctor"))],
    );
    if row["state"] == "good" {
        return line;
    }
    format!(
        "{line}\n{}",
        text(lang, "check-mend", &[("mend", &said("mend"))])
    )
}

/// What a proof that holds comes to.
fn checked(lang: Lang, answer: &Value) -> String {
    let mut lines = Vec::new();
    if answer["from"].is_u64() {
        lines.push(say(
            lang,
            "proof-continues",
            answer,
            &["from", "size", "root"],
        ));
        if answer["compared"].is_null() {
            lines.push(say(lang, "proof-compare", answer, &["from", "from_root"]));
        }
    } else {
        lines.push(say(lang, "proof-holds", answer, &["index", "size", "root"]));
    }
    let receipt = &answer["receipt"];
    if let Some(fate) = receipt["fate"].as_str() {
        let args = [
            ("by", &*word(receipt, "by")),
            ("item", &word(receipt, "item")),
            ("fate", &text(lang, &format!("fate-{fate}"), &[])),
            ("at", &word(receipt, "at")),
        ];
        lines.push(text(lang, "proof-receipt", &args));
    }
    if answer["cosigned"].is_string() {
        lines.push(say(
            lang,
            "proof-cosigned",
            answer,
            &["recipient", "cosigned"],
        ));
    }
    lines.join("\n")
}

fn receipt_row(lang: Lang, row: &Value) -> String {
    let fate = match (row["void"] == true, row["fate"].as_str()) {
        (true, _) => "fate-void".to_owned(),
        (false, None) => "fate-none".to_owned(),
        (false, Some(fate)) => format!("fate-{fate}"),
    };
    let cosigned = if row["cosigned"] == true {
        text(lang, "receipt-cosigned", &[])
    } else {
        String::new()
    };
    text(
        lang,
        "receipt-row",
        &[
            ("cosigned", &cosigned),
            ("name", &word(row, "name")),
            ("entry", &word(row, "entry")),
            ("number", &word(row, "number")),
            ("id", &word(row, "id")),
            ("fate", &text(lang, &fate, &[])),
            ("released", &instant(row, "at")),
            ("at", &instant(row, "fate_at")),
        ],
    )
}

fn recovery_row(lang: Lang, row: &Value) -> String {
    let waited = if row["waited_for"] == true {
        "restore-waited"
    } else {
        "restore-not-waited"
    };
    let state = text(lang, &format!("restore-{}", word(row, "state")), &[]);
    let args = [
        ("name", &*name(lang, row)),
        ("state", &state),
        ("waited", &text(lang, waited, &[])),
        ("lost", &word(row, "lost")),
        ("reread", &word(row, "reread")),
        ("missing", &word(row, "missing")),
        ("note", &word(row, "note")),
    ];
    text(lang, "recovery-row", &args)
}

fn backup_row(lang: Lang, row: &Value) -> String {
    let locked = text(
        lang,
        if row["locked"] == true {
            "locked"
        } else {
            "plain"
        },
        &[],
    );
    let state = text(lang, &format!("backup-{}", word(row, "state")), &[]);
    let args = [
        ("id", &*word(row, "id")),
        ("at", &word(row, "at")),
        ("state", &state),
        ("locked", &locked),
        ("path", &word(row, "path")),
        ("lines", &word(row, "lines")),
        ("bytes", &word(row, "bytes")),
        ("by", &word(row, "by")),
    ];
    text(lang, "backup-row", &args)
}

fn hop_row(lang: Lang, row: &Value) -> String {
    let fate = row["fate"].as_str().unwrap_or("none");
    let proof = row["proof"].as_str().unwrap_or("none");
    text(
        lang,
        "hop-row",
        &[
            ("via", &word(row, "via_name")),
            ("name", &name(lang, row)),
            ("nation", &word(row, "nation")),
            ("fate", &text(lang, &format!("fate-{fate}"), &[])),
            ("proof", &text(lang, &format!("hop-proof-{proof}"), &[])),
        ],
    )
}

fn consent_row(lang: Lang, row: &Value) -> String {
    let of = |kind: &str| text(lang, &format!("consent-{kind}-{}", word(row, kind)), &[]);
    text(
        lang,
        "consent-row",
        &[
            ("request", &short(row, "request")),
            ("state", &of("state")),
            ("part", &of("part")),
            ("id", &word(row, "id")),
            ("by_name", &word(row, "by_name")),
            ("recipient_name", &word(row, "recipient_name")),
            ("originator_name", &word(row, "originator_name")),
            ("purpose", &word(row, "purpose")),
            ("until", &word(row, "until")),
            ("reason", &word(row, "reason")),
            ("answer_reason", &word(row, "answer_reason")),
        ],
    )
}

/// A gate reason with its arguments.
pub(crate) fn reason_text(lang: Lang, reason: &Value) -> String {
    let id = word(reason, "code").replace('.', "-");
    let args: Vec<(String, String)> = reason["args"]
        .as_object()
        .into_iter()
        .flatten()
        .map(|(name, value)| (name.clone(), value.as_str().unwrap_or_default().to_owned()))
        .collect();
    let args: Vec<(&str, &str)> = args.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
    text(lang, &id, &args)
}

/// A reason code where its arguments are not at hand.
fn code_text(lang: Lang, code: &str) -> String {
    let id = code.replace('.', "-");
    let dashes: Vec<(&str, &str)> = [
        "marking",
        "axis",
        "owner",
        "recipient",
        "level",
        "ceiling",
        "agreement",
        "standing",
        "kind",
        "purpose",
        "state",
        "originator",
        "property",
        "problem",
        "before",
        "now",
        "sender",
    ]
    .map(|name| (name, "…"))
    .to_vec();
    if knows(lang, &id) {
        text(lang, &id, &dashes)
    } else {
        code.to_owned()
    }
}

/// A note or error of reading. In Japanese its meaning, then the English sentence in brackets.
fn reading_row(lang: Lang, kind: &str, row: &Value) -> String {
    let code = word(row, "code").replace('.', "-");
    let meaning = format!("reading-{code}");
    let mut said = word(row, "text");
    if lang == Lang::Ja && knows(lang, &meaning) {
        said = format!("{} ({said})", text(lang, &meaning, &[]));
    }
    let file = word(row, "file");
    text(
        lang,
        &format!("{kind}-row"),
        &[("file", &file), ("text", &said)],
    )
}

pub(super) fn say(lang: Lang, id: &str, row: &Value, fields: &[&str]) -> String {
    let values: Vec<(&str, String)> = fields
        .iter()
        .map(|field| (*field, word(row, field)))
        .collect();
    let args: Vec<(&str, &str)> = values
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    text(lang, id, &args)
}

fn name(lang: Lang, row: &Value) -> String {
    word(
        row,
        if lang == Lang::Ja {
            "name_ja"
        } else {
            "name_en"
        },
    )
}

/// A field as text; lists with commas, nothing for null. Control characters from outside are shown
/// as such, so that a title cannot move a terminal's cursor.
pub(super) fn word(row: &Value, field: &str) -> String {
    let plain = match &row[field] {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Array(values) => {
            let parts: Vec<String> = values
                .iter()
                .map(|value| {
                    value
                        .as_str()
                        .map_or_else(|| value.to_string(), str::to_owned)
                })
                .collect();
            parts.join(", ")
        }
        other => other.to_string(),
    };
    plain
        .chars()
        .map(|c| {
            if c.is_control() || is_bidi(c) {
                '\u{fffd}'
            } else {
                c
            }
        })
        .collect()
}

fn is_bidi(c: char) -> bool {
    matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}' | '\u{61c}')
}

/// An instant for people: to the second, with its zone.
fn instant(row: &Value, field: &str) -> String {
    let written = word(row, field);
    match written.split_once('T') {
        Some((day, time)) if written.ends_with('Z') => {
            let second = time.split(['.', 'Z']).next().unwrap_or_default();
            format!("{day} {second} UTC")
        }
        _ => written,
    }
}

pub(super) fn short(row: &Value, field: &str) -> String {
    word(row, field).chars().take(16).collect()
}

fn pretty(value: &Value) -> String {
    serde_json::to_string_pretty(value).unwrap_or_default()
}
