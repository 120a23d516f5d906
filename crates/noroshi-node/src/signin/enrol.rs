//! Setting up an account: a code, the passphrase of the person's key, a password, an authenticator.

use noroshi_gate::Duties;
use noroshi_model::Digest;
use noroshi_model::json::Object;
use noroshi_model::ledger::LineKind;
use noroshi_model::org::OrganisationKind;
use noroshi_seal::keyfile::Cost;
use noroshi_seal::password::Password;
use noroshi_seal::totp::{SECRET_BYTES, Secret};
use noroshi_store::{RecordKind, WriteError};

use super::account::{Account, EnrolCode};
use super::codes::key_of;
use super::face::Desk;
use super::{PASSWORD_BYTES_MAX, PASSWORD_CHARS_MIN, Whence};
use crate::command::Failure;
use crate::messages::Lang;
use crate::node::{Node, lock, store_failure};
use crate::records::{Person, Record};

/// What a person is shown who came with a good code.
#[derive(Clone, Debug)]
pub struct Enrolment {
    /// Whose account it can be, by name.
    pub persons: Vec<String>,
    /// The authenticator's secret, to be typed.
    pub secret: String,
    /// Is it the first account, so that the organisation is asked about?
    pub is_first: bool,
}

/// What a person sets up an account with.
#[derive(Clone, Copy)]
pub struct Enrol<'a> {
    /// Whose account.
    pub person: &'a str,
    /// Of the person's own key.
    pub passphrase: &'a str,
    /// The password to be.
    pub password: &'a str,
    /// What the authenticator shows now.
    pub code: &'a str,
    /// Who was shown the secret: the same as for [`Node::enrolment`].
    pub visitor: &'a str,
    /// The language the person wants.
    pub lang: Lang,
    /// What the organisation is, and its time zone: with the first account only.
    pub organisation: Option<(OrganisationKind, &'a str)>,
}

impl Node {
    /// What a code sets up. The secret is one for each visitor (a name that only they know): who
    /// saw the code, in a log or over a shoulder, does not know another's authenticator by it.
    ///
    /// # Errors
    /// `signin.code` where it is not good.
    pub fn enrolment(&self, code: &str, visitor: &str) -> Result<Enrolment, Failure> {
        let known = self.code_shown(code)?;
        let persons = match &known.person {
            Some(person) => vec![person.to_string()],
            None => self
                .records::<Person>(RecordKind::Person)?
                .into_iter()
                .filter(|person| person.revoked.is_none())
                .map(|person| person.name.to_string())
                .collect(),
        };
        Ok(Enrolment {
            persons,
            secret: secret_of(&known, visitor).base32(),
            is_first: !self.has_accounts()?,
        })
    }

    /// Set up an account; what the person is there for. The code serves once; a wrong passphrase
    /// leaves it good.
    ///
    /// # Errors
    /// The code, passphrase or authenticator's code is wrong, the password too short, or too much
    /// was tried (`signin.wait`).
    pub fn enrol(&self, code: &str, said: &Enrol<'_>, from: Whence<'_>) -> Result<Duties, Failure> {
        let known = self.code_shown(code)?;
        // One at a time: each takes 64 MiB, and what one found wrong counts before the next.
        let _turn = lock(&self.signin_turn);
        let person = self.active_person(said.person)?.name;
        if known.person.as_ref().is_some_and(|named| *named != person) {
            return Err(wrong_code());
        }
        if known.person.is_none() && self.has_accounts()? {
            return Err(wrong_code());
        }
        check_password(said.password)?;
        let desk = match said.organisation {
            Some((kind, zone)) if !self.has_accounts()? => Some(
                Desk {
                    kind,
                    zone: zone.to_owned(),
                }
                .checked()?,
            ),
            _ => None,
        };
        self.expect_no_wait(Some(&person), from.address)?;
        let secret = secret_of(&known, said.visitor);
        let used = secret.used(said.code, self.now(), None);
        let unlocked = crate::persons::unlock(self.home().path(), &person, said.passphrase);
        let (Ok(_), Some(used)) = (&unlocked, used) else {
            self.tried_in_vain(Some(&person), from.address)?;
            return match unlocked {
                Err(failure) if failure.code != "key.locked" => Err(failure),
                _ => Err(Failure::new(
                    "signin.enrol",
                    3,
                    "the passphrase or the authenticator's code is wrong",
                )),
            };
        };
        let account = Account {
            password: Password::of(said.password, self.rng(), Cost::DEFAULT),
            person,
            secret,
            used,
            lang: said.lang,
            since: self.now(),
        };
        self.write_account(code, &known, &account, desk.as_ref())?;
        self.duties_of(&account.person)
    }

    fn write_account(
        &self,
        code: &str,
        known: &EnrolCode,
        account: &Account,
        desk: Option<&Desk>,
    ) -> Result<(), Failure> {
        let person = &account.person;
        let body = Object::new().with("event", "set");
        let mut lines = vec![self.line(LineKind::Account, Some(person), body)];
        if let Some(desk) = desk {
            let body = Object::new()
                .with("kind", desk.kind.as_str())
                .with("zone", desk.zone.as_str());
            lines.push(self.line(LineKind::Desk, Some(person), body));
        }
        self.store
            .write(|tx| -> Result<(), WriteError> {
                let stored = tx.get(RecordKind::EnrolCode, &key_of(code))?;
                if stored != Some(known.to_bytes()) {
                    return Err(WriteError::Refused("the code was used meanwhile"));
                }
                tx.delete(RecordKind::EnrolCode, &key_of(code))?;
                // Whoever held the old password or authenticator is out.
                super::session::end_all(tx, person)?;
                tx.put(
                    RecordKind::Account,
                    person.as_str().as_bytes(),
                    &account.to_bytes(),
                )?;
                if let Some(desk) = desk {
                    tx.put(RecordKind::Desk, b"", &desk.to_bytes())?;
                }
                for line in &lines {
                    tx.append(line)?;
                }
                Ok(())
            })
            .map_err(store_failure)
    }
}

fn secret_of(known: &EnrolCode, visitor: &str) -> Secret {
    let parts: [&[u8]; 3] = [
        b"noroshi/authenticator/v1\0",
        known.secret.bytes(),
        visitor.as_bytes(),
    ];
    let made = Digest::of_parts(&parts).0;
    let mut bytes = [0; SECRET_BYTES];
    bytes.copy_from_slice(&made[..SECRET_BYTES]);
    Secret::from_bytes(bytes)
}

fn wrong_code() -> Failure {
    Failure::new("signin.code", 3, "this code is not good, or no longer")
}

fn check_password(password: &str) -> Result<(), Failure> {
    let is_long = password.chars().count() >= PASSWORD_CHARS_MIN;
    if is_long && password.len() <= PASSWORD_BYTES_MAX {
        return Ok(());
    }
    Err(Failure::new(
        "signin.password",
        2,
        format_args!(
            "a password has at least {PASSWORD_CHARS_MIN} characters, and 256 bytes at most"
        ),
    )
    .arg("least", PASSWORD_CHARS_MIN))
}
