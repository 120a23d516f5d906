//! People, credentials and backups: what the command line does about them, as forms. What the
//! command line has signed is an act here too; secrets that were made are shown once.

use askama::Template;
use noroshi_node::signin::CodeAnswer;
use noroshi_node::{Command, Failure, SigninCommand, TaxiiCommand};

use super::share::to_act;
use crate::http::Response;
use crate::shell::Shell;
use crate::visit::Visit;

/// Days for which a credential is good, where nobody says.
const DAYS: u32 = 365;

/// A secret that is shown once.
#[derive(Template)]
#[template(path = "secret.html")]
struct Secret {
    shell: Shell,
    /// Whose or which.
    name: String,
    secret: String,
    /// Until when, where it ends by itself.
    expires: Option<String>,
    /// What to do with it, as a message.
    hint: &'static str,
    /// Where to go on.
    next: String,
}

fn me(visit: &Visit<'_>) -> Result<String, Failure> {
    Ok(visit.signed_in()?.person().to_string())
}

fn field(visit: &Visit<'_>, name: &str) -> String {
    visit.form.text(name).trim().to_owned()
}

/// A code for a person's account.
pub(crate) fn code(visit: &Visit<'_>) -> Result<Response, Failure> {
    let asked = visit.ask(Command::Signin(SigninCommand::Code {
        name: field(visit, "name"),
        person: me(visit)?,
    }))?;
    let made: CodeAnswer = asked.answer("code").unwrap_or_default();
    super::page(&Secret {
        shell: visit.shell(&visit.say("console-person-code")),
        name: made.person.unwrap_or_default(),
        secret: made.code,
        expires: Some(made.expires),
        hint: "console-person-code-hint",
        next: "/settings".to_owned(),
    })
}

/// Another person: with a key of their own that is made here and locked with a passphrase they
/// type, or with the public half of one that they made elsewhere.
pub(crate) fn add(visit: &Visit<'_>) -> Result<Response, Failure> {
    let name = field(visit, "name");
    let given = field(visit, "public");
    let public_key = if given.is_empty() {
        let passphrase = visit.form.text("passphrase");
        if passphrase != visit.form.text("again") {
            let why = "the two passphrases differ";
            return Err(Failure::new("passphrase.differs", 2, why));
        }
        let node = &visit.console.node;
        node.newcomer_key(visit.signed_in()?, &name, passphrase)?
    } else {
        given
    };
    let asked = visit.ask(Command::PersonAdd {
        name,
        public_key,
        person: me(visit)?,
    })?;
    to_act(asked.answer("act"))
}

/// Revoke a person.
pub(crate) fn revoke(visit: &Visit<'_>) -> Result<Response, Failure> {
    let asked = visit.ask(Command::PersonRevoke {
        name: field(visit, "name"),
        person: me(visit)?,
    })?;
    to_act(asked.answer("act"))
}

/// Set what a person is there for.
pub(crate) fn duties(visit: &Visit<'_>) -> Result<Response, Failure> {
    let duties = visit.form.every("duty").into_iter().map(str::to_owned);
    let asked = visit.ask(Command::Signin(SigninCommand::Duties {
        name: field(visit, "name"),
        duties: duties.collect(),
        person: me(visit)?,
    }))?;
    to_act(asked.answer("act"))
}

/// Give a client a credential: its secret is made here and shown once; the node keeps the digest.
pub(crate) fn token(visit: &Visit<'_>) -> Result<Response, Failure> {
    let (secret, digest) = visit.console.node.fresh_secret();
    let asked = visit.ask(Command::Taxii(TaxiiCommand::TokenSet {
        name: field(visit, "name"),
        client: field(visit, "client"),
        collections: Vec::new(),
        read: visit.form.get("read").is_some(),
        write: visit.form.get("write").is_some(),
        digest,
        certificate: false,
        days: field(visit, "days").parse().unwrap_or(DAYS),
        rate: None,
        person: me(visit)?,
    }))?;
    let act: Option<noroshi_node::command::ActAnswer> = asked.answer("act");
    let act = act.ok_or_else(|| Failure::new("internal", 1, "an act was not answered"))?;
    super::page(&Secret {
        shell: visit.shell(&visit.say("console-token-secret")),
        name: field(visit, "name"),
        secret,
        expires: None,
        hint: "console-token-secret-hint",
        next: format!("/acts/{}", act.id),
    })
}

/// Revoke a credential.
pub(crate) fn token_revoke(visit: &Visit<'_>) -> Result<Response, Failure> {
    let asked = visit.ask(Command::Taxii(TaxiiCommand::TokenRevoke {
        name: field(visit, "name"),
        person: me(visit)?,
    }))?;
    to_act(asked.answer("act"))
}

/// Make a backup, locked with a passphrase, in the folder that the node keeps for them.
pub(crate) fn backup(visit: &Visit<'_>) -> Result<Response, Failure> {
    let passphrase = visit.form.text("passphrase");
    if passphrase != visit.form.text("again") {
        let why = "the two passphrases differ";
        return Err(Failure::new("passphrase.differs", 2, why));
    }
    let node = &visit.console.node;
    visit.ask(Command::BackupMake {
        to: node.backup_file(visit.signed_in()?, &field(visit, "name"))?,
        person: me(visit)?,
        lock: Some(node.backup_lock(passphrase)?),
    })?;
    Ok(Response::see("/settings#backups"))
}

/// State that a backup was destroyed.
pub(crate) fn backup_forget(visit: &Visit<'_>) -> Result<Response, Failure> {
    visit.ask(Command::BackupForget {
        backup: field(visit, "backup"),
        person: me(visit)?,
    })?;
    Ok(Response::see("/settings#backups"))
}
