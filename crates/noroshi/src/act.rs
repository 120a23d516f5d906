//! Commands of the person at this machine, and the signatures some of them need. Private keys are
//! unlocked here and never leave this process.

use std::io::Read;
use std::path::Path;

use noroshi_model::ids::ActId;
use noroshi_model::{PersonId, World};
use noroshi_node::command::{ActAnswer, PlanAnswer};
use noroshi_node::messages::text;
use noroshi_node::views::{PasteView, ViewCommand};
use noroshi_node::{Command, Event, Failure, persons};
use noroshi_seal::SystemRng;
use serde_json::Value;

use crate::backup;
use crate::call::{self, hex};
use crate::cli::{Asked, Cli, PasteOptions};
use crate::connect;
use crate::restore;
use crate::secrets::{new_passphrase, passphrase};
use crate::token;

/// Largest file read as a proof or agreement, in bytes.
const FILE_BYTES_MAX: u64 = 4 * 1024 * 1024;

pub(crate) fn run(cli: &Cli, asked: Asked) -> Result<(), Failure> {
    match asked {
        Asked::Plain(command) => call::run(cli, &command, false).map(|_| ()),
        Asked::Act(command, person) => request(cli, &command, &person, None),
        Asked::Rooted(command, person, root) => {
            request(cli, &command, &person, root.file.as_deref())
        }
        Asked::Approve(act, person) => {
            let command = Command::ActShow { act };
            let act = answer_of(call::run(cli, &command, cli.json)?, "act")?;
            endorse(cli, &parsed(act)?, &person, None)
        }
        Asked::Backup(file, person, plain) => backup::make(cli, file, person, plain),
        Asked::VerifyBackup(file, work) => backup::verify(cli, &file, work),
        Asked::Restore {
            file,
            keys,
            root_key,
            person,
        } => restore::restore(cli, &file, keys, root_key, &person),
        Asked::AddPerson(name, person) => add_person(cli, &name, &person),
        Asked::Token(command, certificate) => token::give(cli, command, certificate.as_deref()),
        Asked::Connect(order) => {
            let (command, options, person) = *order;
            connect::run(cli, command, &options, person.as_deref())
        }
        Asked::Paste(options) => paste(cli, &options),
        Asked::CheckProof { file, since, keys } => {
            check_proof(cli, &file, since.as_deref(), keys.as_deref())
        }
        Asked::Types => {
            let (kind, answer) = ("bundle".to_owned(), noroshi_node::own_types()?);
            call::show(cli, &Event::Answer { kind, answer });
            Ok(())
        }
        Asked::Tearline(options) => {
            let object = options.edit.as_deref().map(read_json).transpose()?;
            let (person, dry_run) = (options.person.clone(), options.dry_run);
            let command = options.command(object);
            if dry_run {
                return call::run(cli, &command, false).map(|_| ());
            }
            request(cli, &command, &person, None)
        }
        Asked::Review(file, person) => {
            let rules = read_json(&file)?;
            let by = person.clone();
            request(
                cli,
                &Command::ReviewSet { rules, person: by },
                &person,
                None,
            )
        }
        Asked::Propose(file, person) => {
            let agreement = read_json(&file)?;
            request(
                cli,
                &Command::AgreementPropose {
                    agreement,
                    person: person.clone(),
                },
                &person,
                None,
            )
        }
    }
}

/// Find the indicators in a text; make items of those that are wanted.
fn paste(cli: &Cli, options: &PasteOptions) -> Result<(), Failure> {
    let text = read_text(&options.file)?;
    let view = ViewCommand::Paste { text: text.clone() };
    let told = call::run(cli, &Command::View(view), options.take.is_some())?;
    let Some(profile) = options.take.clone() else {
        return Ok(());
    };
    let view: PasteView = parsed(answer_of(told, "paste")?)?;
    let sure = view
        .found
        .into_iter()
        .filter(|row| row.can_take && row.doubts.is_empty())
        .map(|row| format!("{}:{}", row.kind, row.value));
    let chosen = if options.only.is_empty() {
        sure.collect()
    } else {
        options.only.clone()
    };
    let take = ViewCommand::Take {
        text,
        chosen,
        profile,
    };
    call::run(cli, &Command::View(take), false).map(|_| ())
}

/// Ask for an act and sign the request.
pub(crate) fn request(
    cli: &Cli,
    command: &Command,
    person: &str,
    root: Option<&Path>,
) -> Result<(), Failure> {
    let quiet = !matches!(
        command,
        Command::Share { .. } | Command::Tearline { .. } | Command::Matching(_)
    );
    let last = call::run(cli, command, quiet)?;
    let act = match last {
        Some(Event::Answer { kind, answer }) if kind == "plan" => {
            let plan: PlanAnswer = parsed(answer)?;
            match plan.act {
                Some(act) => act,
                None => {
                    return Err(Failure::new(
                        "share.nothing_leaves",
                        3,
                        "nothing leaves: see the reasons above",
                    ));
                }
            }
        }
        other => parsed(answer_of(other, "act")?)?,
    };
    endorse(cli, &act, person, root)
}

fn endorse(cli: &Cli, act: &ActAnswer, person: &str, root: Option<&Path>) -> Result<(), Failure> {
    let damaged = |error: &dyn std::fmt::Display| Failure::new("act.answer", 1, error);
    let name: PersonId = person
        .parse()
        .map_err(|error| Failure::new("person.name", 2, error).arg("person", person))?;
    let id: ActId = act.id.parse().map_err(|error| damaged(&error))?;
    // What is signed is what is shown: the id must be that of the document in hand.
    let document = serde_json::to_vec(&act.document).map_err(|error| damaged(&error))?;
    let value = noroshi_model::Value::parse(&document, &noroshi_model::Limits::DEFAULT)
        .map_err(|error| damaged(&error))?;
    let read =
        noroshi_model::act::Act::from_bytes(&value.canonical()).map_err(|error| damaged(&error))?;
    if read.id() != id {
        return Err(damaged(&"the act's id does not belong to its document"));
    }
    let is_requester = act.state == "prepared";
    let signer = persons::unlock(&cli.home(), &name, &passphrase(cli, person)?)?;
    let world: World = read.world;
    let signature = persons::sign_act(&*signer, world, &id, &name, is_requester);
    let root_signature = match act.manifest.as_deref().filter(|_| is_requester) {
        None => None,
        Some(manifest) => {
            let manifest = noroshi_model::document::unhex(manifest)
                .ok_or_else(|| damaged(&"the manifest is not hexadecimal"))?;
            let root = persons::unlock_root(&cli.home(), root, &passphrase(cli, "root")?)?;
            Some(hex(&persons::sign_manifest(&*root, &manifest)?))
        }
    };
    let command = Command::Endorse {
        act: act.id.clone(),
        person: person.to_owned(),
        signature: hex(&signature),
        root_signature,
    };
    call::run(cli, &command, false).map(|_| ())
}

fn add_person(cli: &Cli, name: &str, person: &str) -> Result<(), Failure> {
    let new: PersonId = name
        .parse()
        .map_err(|error| Failure::new("person.name", 2, error).arg("person", name))?;
    let passphrase = new_passphrase(cli, name)?;
    let public = persons::create_key(&cli.home(), &new, &passphrase, &SystemRng, false)?;
    if !cli.json {
        call::print(&text(cli.lang(), "person-added", &[("person", name)]));
    }
    let command = Command::PersonAdd {
        name: name.to_owned(),
        public_key: hex(&public),
        person: person.to_owned(),
    };
    request(cli, &command, person, None)
}

/// Check a proof with the keys of the node here, or with keys from a file and no node.
fn check_proof(
    cli: &Cli,
    file: &Path,
    since: Option<&Path>,
    keys: Option<&Path>,
) -> Result<(), Failure> {
    let proof = read_json(file)?;
    let since = since.map(read_text).transpose()?;
    let Some(keys) = keys else {
        let check = Command::LedgerCheck { proof, since };
        return call::run(cli, &check, false).map(|_| ());
    };
    let answer = noroshi_node::check::with_keys(&proof, since.as_deref(), &read_text(keys)?)?;
    let kind = "checked".to_owned();
    call::show(cli, &Event::Answer { kind, answer });
    Ok(())
}

fn unreadable(path: &Path, error: &dyn std::fmt::Display) -> Failure {
    Failure::new(
        "file.unreadable",
        2,
        format_args!("{}: {error}", path.display()),
    )
}

fn read_text(path: &Path) -> Result<String, Failure> {
    String::from_utf8(read_file(path)?).map_err(|error| unreadable(path, &error))
}

fn read_file(path: &Path) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    let taken = if path.as_os_str() == "-" {
        std::io::stdin()
            .take(FILE_BYTES_MAX + 1)
            .read_to_end(&mut bytes)
    } else {
        std::fs::File::open(path)
            .and_then(|file| file.take(FILE_BYTES_MAX + 1).read_to_end(&mut bytes))
    };
    taken.map_err(|error| unreadable(path, &error))?;
    if bytes.len() as u64 > FILE_BYTES_MAX {
        return Err(unreadable(path, &"larger than 4 MiB"));
    }
    Ok(bytes)
}

fn read_json(path: &Path) -> Result<Value, Failure> {
    let value = serde_json::from_slice(&read_file(path)?);
    let value: Value = value.map_err(|error| unreadable(path, &error))?;
    // What this program printed with --json is taken as it is.
    let inner = value
        .get("answer")
        .map(|answer| answer.get("agreement").unwrap_or(answer));
    Ok(inner.cloned().unwrap_or(value))
}

fn answer_of(event: Option<Event>, wanted: &str) -> Result<Value, Failure> {
    match event {
        Some(Event::Answer { kind, answer }) if kind == wanted => Ok(answer),
        _ => Err(Failure::new(
            "internal",
            1,
            "the node gave another answer than expected",
        )),
    }
}

fn parsed<T: for<'a> serde::Deserialize<'a>>(value: Value) -> Result<T, Failure> {
    serde_json::from_value(value).map_err(|error| Failure::new("internal", 1, error))
}
