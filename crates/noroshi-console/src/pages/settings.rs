//! Settings: people and what they are there for, rules as words, sources, coalitions, tokens,
//! backups. Each part is there for whom a duty permits to see it.

use askama::Template;
use noroshi_gate::Deed;
use noroshi_model::Duty;
use noroshi_node::command::BackupRow;
use noroshi_node::{Command, Failure, TaxiiCommand};
use serde_json::Value;

use super::share::to_act;
use crate::http::Response;
use crate::shell::{Shell, harmless};
use crate::visit::Visit;

#[derive(Template)]
#[template(path = "settings.html")]
struct Page {
    shell: Shell,
    people: Option<Vec<Person>>,
    rules: Rules,
    profiles: Vec<Profile>,
    coalitions: Vec<Coalition>,
    tokens: Vec<Token>,
    backups: Option<Vec<BackupRow>>,
    may_rule: bool,
    /// Whoever may arrange gives credentials to these clients.
    clients: Option<Vec<String>>,
    duties: Vec<&'static str>,
}

struct Person {
    name: String,
    key: String,
    since: String,
    revoked: Option<String>,
}

/// Rules of the node.
struct Rules {
    second_above: String,
    review: Vec<(String, String)>,
}

struct Profile {
    name: String,
    title: String,
    markings: String,
    own: bool,
    by: String,
}

struct Coalition {
    name: String,
    title: String,
    nations: String,
    until: String,
    in_force: bool,
}

struct Token {
    name: String,
    client: String,
    expires: String,
    revoked: Option<String>,
}

/// The page.
pub(crate) fn show(visit: &Visit<'_>) -> Result<Response, Failure> {
    let duties = visit.signed_in()?.duties();
    let administers = duties.permit(Deed::Administer);
    let people = match administers {
        true => Some(rows(visit, Command::PersonList, "person", person)?),
        false => None,
    };
    let backups = match administers {
        true => Some(visit.ask(Command::BackupList)?.rows("backup")),
        false => None,
    };
    let tokens = Command::Taxii(TaxiiCommand::TokenList);
    let clients = Command::Taxii(TaxiiCommand::ClientList);
    let rules: Value = visit
        .ask(Command::RuleShow)?
        .answer("rules")
        .unwrap_or_default();
    super::page(&Page {
        shell: visit.shell(&visit.say("console-settings")),
        people,
        rules: rules_said(&rules),
        profiles: rows(visit, Command::ProfileList, "profile", profile)?,
        coalitions: rows(visit, Command::CoalitionList, "coalition", coalition)?,
        tokens: rows(visit, tokens, "token", token)?,
        backups,
        may_rule: duties.permit(Deed::Rule),
        clients: match duties.permit(Deed::Arrange) {
            true => Some(rows(visit, clients, "client", |row| word(row, "name"))?),
            false => None,
        },
        duties: Duty::ALL.iter().map(|duty| duty.as_str()).collect(),
    })
}

fn rows<T>(
    visit: &Visit<'_>,
    command: Command,
    kind: &str,
    of: fn(&Value) -> T,
) -> Result<Vec<T>, Failure> {
    let rows: Vec<Value> = visit.ask(command)?.rows(kind);
    Ok(rows.iter().map(of).collect())
}

fn word(row: &Value, field: &str) -> String {
    harmless(row[field].as_str().unwrap_or_default())
}

fn list(row: &Value, field: &str) -> String {
    let many = row[field].as_array().into_iter().flatten();
    harmless(
        &many
            .filter_map(Value::as_str)
            .collect::<Vec<_>>()
            .join(", "),
    )
}

fn person(row: &Value) -> Person {
    Person {
        name: word(row, "name"),
        key: word(row, "key").chars().take(16).collect(),
        since: word(row, "since"),
        revoked: row["revoked"].as_str().map(str::to_owned),
    }
}

fn profile(row: &Value) -> Profile {
    Profile {
        name: word(row, "name"),
        title: word(row, "title"),
        markings: list(row, "markings"),
        own: row["own"] == true,
        by: word(row, "ordered_by"),
    }
}

fn coalition(row: &Value) -> Coalition {
    Coalition {
        name: word(row, "coalition"),
        title: word(row, "title"),
        nations: list(row, "nations"),
        until: word(row, "valid_until"),
        in_force: row["in_force"] == true,
    }
}

fn token(row: &Value) -> Token {
    Token {
        name: word(row, "name"),
        client: word(row, "client"),
        expires: word(row, "expires"),
        revoked: row["revoked"].as_str().map(str::to_owned),
    }
}

/// What the review does with what it finds, and above what a second person is needed.
fn rules_said(rules: &Value) -> Rules {
    let severities = rules["review"]["severities"].as_object();
    let severities = severities.into_iter().flatten();
    Rules {
        second_above: word(rules, "second_person_above"),
        review: severities
            .map(|(code, severity)| {
                let severity = severity.as_str().unwrap_or_default();
                (harmless(code), harmless(severity))
            })
            .collect(),
    }
}

/// Set above which marking a release needs a second person.
pub(crate) fn rule(visit: &Visit<'_>) -> Result<Response, Failure> {
    let person = visit.signed_in()?.person().to_string();
    let asked = visit.ask(Command::RuleSet {
        second_person_above: visit.form.text("above").trim().to_owned(),
        person,
    })?;
    to_act(asked.answer("act"))
}

/// Set a source profile.
pub(crate) fn profile_set(visit: &Visit<'_>) -> Result<Response, Failure> {
    let person = visit.signed_in()?.person().to_string();
    let markings = visit.form.text("markings").split([',', ' ', '\n']);
    let markings = markings.map(str::trim).filter(|text| !text.is_empty());
    let asked = visit.ask(Command::ProfileSet {
        name: visit.form.text("name").trim().to_owned(),
        title: visit.form.text("title").trim().to_owned(),
        markings: markings.map(str::to_owned).collect(),
        own: visit.form.get("own").is_some(),
        person,
    })?;
    to_act(asked.answer("act"))
}
