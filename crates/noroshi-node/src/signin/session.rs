//! Sessions: a name that only the browser has, ends by itself, and serves from one place.

use std::net::IpAddr;

use noroshi_model::document::{DocumentError, Fields, hex, text};
use noroshi_model::json::{Object, Value};
use noroshi_model::ledger::LineKind;
use noroshi_model::{Digest, PersonId, Timestamp};
use noroshi_seal::keyfile::Cost;
use noroshi_seal::password::Password;
use noroshi_store::{RecordKind, Tx, WriteError};

use super::account::Account;
use super::{IDLE_SECONDS, SESSION_SECONDS, SignedIn, Whence};
use crate::command::Failure;
use crate::messages::Lang;
use crate::node::{Node, lock, store_failure};
use crate::records::Record;

/// That a session was used is written down when so many seconds have passed since it last was: not
/// every page costs a write, and none lives longer than it should.
const SEEN_SECONDS: i64 = 60;
/// Sessions that one person has at a time; the oldest goes.
const SESSIONS_MAX: usize = 8;

/// A session as it is stored, under the digest of its name.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Session {
    pub(crate) person: PersonId,
    pub(crate) whence: [u8; 32],
    pub(crate) since: Timestamp,
    pub(crate) seen: Timestamp,
}

impl Session {
    fn is_over(&self, now: Timestamp) -> bool {
        now >= self.since.plus_seconds(SESSION_SECONDS)
            || now >= self.seen.plus_seconds(IDLE_SECONDS)
            // A clock that went back must not make it longer.
            || now < self.since
    }
}

impl Record for Session {
    fn to_bytes(&self) -> Vec<u8> {
        Value::Object(
            Object::new()
                .with("v", 1)
                .with("person", self.person.as_str())
                .with("whence", hex(&self.whence))
                .with("since", text(self.since))
                .with("seen", text(self.seen)),
        )
        .canonical()
    }

    fn from_bytes(bytes: &[u8]) -> Result<Self, DocumentError> {
        let mut fields = Fields::read("session record", bytes)?;
        fields.version(1)?;
        let session = Self {
            person: fields.parsed("person")?,
            whence: fields.hex("whence")?,
            since: fields.parsed("since")?,
            seen: fields.parsed("seen")?,
        };
        fields.end()?;
        Ok(session)
    }
}

impl Node {
    /// Sign in; the name of the new session, which only the caller then knows.
    ///
    /// # Errors
    /// `signin.wrong` whatever is wrong, or `signin.wait` after too many wrong tries.
    pub fn sign_in(
        &self,
        name: &str,
        password: &str,
        code: &str,
        from: Whence<'_>,
    ) -> Result<String, Failure> {
        let person: Option<PersonId> = name.trim().parse().ok();
        self.expect_no_wait(person.as_ref(), from.address)?;
        // One at a time: each takes 64 MiB, and what one found wrong counts before the next.
        let _turn = lock(&self.signin_turn);
        self.expect_no_wait(person.as_ref(), from.address)?;
        let account = match &person {
            Some(person) if self.active_person(person.as_str()).is_ok() => self.account(person)?,
            _ => None,
        };
        let is_password = match &account {
            Some(account) => account.password.is(password),
            // As long as for a person who is there: the time tells no name.
            None => {
                let _ = Password::of(password, self.rng(), Cost::DEFAULT);
                false
            }
        };
        let used = account.as_ref().and_then(|account| {
            let step = account
                .secret
                .used(code.trim(), self.now(), Some(account.used));
            step.filter(|_| is_password)
        });
        let (Some(mut account), Some(used)) = (account, used) else {
            self.tried_in_vain(person.as_ref(), from.address)?;
            return Err(Failure::new(
                "signin.wrong",
                3,
                "name, password or code is wrong",
            ));
        };
        account.used = used;
        let id = Digest(self.chance()).to_string();
        self.begin(&account, &id, from)?;
        lock(&self.signin_tries).right(&account.person, from.address, self.now());
        Ok(id)
    }

    pub(crate) fn begin(
        &self,
        account: &Account,
        id: &str,
        from: Whence<'_>,
    ) -> Result<(), Failure> {
        let now = self.now();
        let session = Session {
            person: account.person.clone(),
            whence: from.digest().0,
            since: now,
            seen: now,
        };
        let person = &account.person;
        let body = Object::new().with("event", "in");
        let line = self.line(LineKind::Session, Some(person), body);
        self.store
            .write(|tx| -> Result<(), WriteError> {
                let key = person.as_str().as_bytes();
                let stored = tx.get(RecordKind::Account, key)?;
                let stored = stored.and_then(|bytes| Account::from_bytes(&bytes).ok());
                // Set up anew meanwhile, the old password and authenticator open nothing.
                let stored = stored.filter(|stored| {
                    stored.used < account.used
                        && stored.secret == account.secret
                        && stored.password == account.password
                });
                let Some(mut stored) = stored else {
                    return Err(WriteError::Refused("the code was used meanwhile"));
                };
                stored.used = account.used;
                tx.put(RecordKind::Account, key, &stored.to_bytes())?;
                tidy(tx, person, now)?;
                tx.put(RecordKind::Session, &key_of(id), &session.to_bytes())?;
                tx.append(&line).map(|_| ())
            })
            .map_err(store_failure)
    }

    /// Who a session is; nobody where it is over, unknown, or used from elsewhere, which ends it.
    ///
    /// # Errors
    /// The store fails.
    pub fn signed_in(&self, id: &str, from: Whence<'_>) -> Result<Option<SignedIn>, Failure> {
        self.who_is(id, from, true)
    }

    /// The same, for a screen that looks by itself: it does not count as use, so that a session
    /// nobody uses ends although its page is open.
    ///
    /// # Errors
    /// The store fails.
    pub fn standing(&self, id: &str, from: Whence<'_>) -> Result<Option<SignedIn>, Failure> {
        self.who_is(id, from, false)
    }

    fn who_is(
        &self,
        id: &str,
        from: Whence<'_>,
        is_use: bool,
    ) -> Result<Option<SignedIn>, Failure> {
        let key = key_of(id);
        let Some(session) = self.record::<Session>(RecordKind::Session, &key)? else {
            return Ok(None);
        };
        let now = self.now();
        if session.is_over(now) {
            self.end(&key, &session.person, "over")?;
            return Ok(None);
        }
        if session.whence != from.digest().0 {
            self.end(&key, &session.person, "elsewhere")?;
            return Ok(None);
        }
        let account = self.account(&session.person)?;
        let person = self.active_person(session.person.as_str());
        let (Some(account), Ok(_)) = (account, person) else {
            self.end(&key, &session.person, "revoked")?;
            return Ok(None);
        };
        if is_use && session.seen.plus_seconds(SEEN_SECONDS) <= now {
            self.touch(&key, &session, now)?;
        }
        Ok(Some(SignedIn {
            duties: self.duties_of(&session.person)?,
            person: session.person,
            lang: account.lang,
            since: session.since,
            session: Digest(key),
        }))
    }

    fn touch(&self, key: &[u8; 32], session: &Session, now: Timestamp) -> Result<(), Failure> {
        let seen = Session {
            seen: now,
            ..session.clone()
        };
        self.store
            .write(|tx| -> Result<(), WriteError> {
                // Ended meanwhile, it stays ended.
                if tx.get(RecordKind::Session, key)?.is_some() {
                    tx.put(RecordKind::Session, key, &seen.to_bytes())?;
                }
                Ok(())
            })
            .map_err(store_failure)
    }

    /// Sign out: the session is no more.
    ///
    /// # Errors
    /// The store fails.
    pub fn sign_out(&self, who: &SignedIn) -> Result<(), Failure> {
        self.end(&who.session.0, &who.person, "out")
    }

    /// Another language for a person.
    ///
    /// # Errors
    /// The store fails.
    pub fn choose_language(&self, who: &SignedIn, lang: Lang) -> Result<(), Failure> {
        let key = who.person.as_str().as_bytes();
        self.store
            .write(|tx| -> Result<(), WriteError> {
                let stored = tx.get(RecordKind::Account, key)?;
                let Some(Ok(mut account)) = stored.map(|bytes| Account::from_bytes(&bytes)) else {
                    return Err(WriteError::Refused("the account is no more"));
                };
                account.lang = lang;
                tx.put(RecordKind::Account, key, &account.to_bytes())
            })
            .map_err(store_failure)
    }

    fn end(&self, key: &[u8; 32], person: &PersonId, event: &str) -> Result<(), Failure> {
        let body = Object::new().with("event", event);
        let mut lines = vec![self.line(LineKind::Session, Some(person), body)];
        if event == "elsewhere" {
            let why = "a session was used from elsewhere and has ended";
            let body = Object::new().with("why", why).with("of", person.as_str());
            lines.push(self.line(LineKind::Alarm, None, body));
        }
        self.store
            .write(|tx| -> Result<(), WriteError> {
                if tx.get(RecordKind::Session, key)?.is_none() {
                    return Ok(());
                }
                tx.delete(RecordKind::Session, key)?;
                for line in &lines {
                    tx.append(line)?;
                }
                Ok(())
            })
            .map_err(store_failure)
    }

    /// Refuse who has tried too often of late.
    pub(super) fn expect_no_wait(
        &self,
        person: Option<&PersonId>,
        from: IpAddr,
    ) -> Result<(), Failure> {
        let wait = lock(&self.signin_tries).wait(person, from, self.now());
        if wait == 0 {
            return Ok(());
        }
        let why = format_args!("too many wrong tries: wait {wait} seconds");
        Err(Failure::new("signin.wait", 3, why).arg("seconds", wait))
    }

    /// Count a wrong try with a name; where it locks a person out, an alarm says so.
    pub(super) fn tried_in_vain(
        &self,
        name: Option<&PersonId>,
        from: IpAddr,
    ) -> Result<(), Failure> {
        let is_person = name.is_some_and(|name| self.active_person(name.as_str()).is_ok());
        let locks = lock(&self.signin_tries).wrong(name, is_person, from, self.now());
        let Some(person) = name.filter(|_| locks) else {
            return Ok(());
        };
        let body = Object::new()
            .with("why", "too many wrong tries at signing in")
            .with("of", person.as_str())
            .with("from", from.to_string());
        let line = self.line(LineKind::Alarm, None, body);
        let written = self.store.write(|tx| tx.append(&line).map(|_| ()));
        written.map_err(store_failure::<WriteError>)
    }
}

/// Under what a session is stored: who reads the store cannot use it.
fn key_of(id: &str) -> [u8; 32] {
    Digest::of_parts(&[b"noroshi/session/v1\0", id.as_bytes()]).0
}

/// Sessions that are over go, and of a person who has too many the oldest.
fn tidy(tx: &mut Tx<'_>, person: &PersonId, now: Timestamp) -> Result<(), WriteError> {
    let mut own = Vec::new();
    for (key, bytes) in tx.records(RecordKind::Session)? {
        match Session::from_bytes(&bytes) {
            Ok(session) if !session.is_over(now) => {
                if session.person == *person {
                    own.push((session.since, key));
                }
            }
            _ => tx.delete(RecordKind::Session, &key)?,
        }
    }
    own.sort();
    let excess = (own.len() + 1).saturating_sub(SESSIONS_MAX);
    for (_, key) in own.iter().take(excess) {
        tx.delete(RecordKind::Session, key)?;
    }
    Ok(())
}

/// Every session of a person ends.
pub(super) fn end_all(tx: &mut Tx<'_>, person: &PersonId) -> Result<(), WriteError> {
    for (key, bytes) in tx.records(RecordKind::Session)? {
        if Session::from_bytes(&bytes).is_ok_and(|session| session.person == *person) {
            tx.delete(RecordKind::Session, &key)?;
        }
    }
    Ok(())
}
