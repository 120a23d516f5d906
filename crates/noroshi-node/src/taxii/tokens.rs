//! Credentials of clients, and who is let in by them.
//!
//! A secret is 256 bits of chance, made where the person sits; only its SHA-256 comes here. So a
//! request costs one look-up, no secret can be guessed, and a slow key derivation would protect
//! nothing: that is for passwords that people choose. Wrong tries are slowed down and told in the
//! ledger; a right one always passes, or anybody could lock a client out by trying its name.

use std::collections::BTreeMap;

use noroshi_gate::acts::Approved;
use noroshi_model::act::ActKind;
use noroshi_model::document::{DocumentError, Fields, hex, text, unhex};
use noroshi_model::json::{Object, Value};
use noroshi_model::ledger::LineKind;
use noroshi_model::{Digest, PersonId, Timestamp};
use noroshi_store::RecordKind;
use noroshi_taxii::desk::{Barred, Credential};

use crate::acts::{Effect, subject_as};
use crate::command::{ActAnswer, Event, Failure};
use crate::node::{Node, lock};
use crate::records::{ActRecord, Record, flag, int, maybe};
use crate::sink::Sink;

/// Wrong tries in one minute before they are slowed down and told.
const WRONG_MAX: u32 = 30;
/// Requests a credential may make in one minute, where nothing else was asked for.
const RATE: u64 = 60_000;
/// Longest life of a credential, in days.
const DAYS_MAX: u32 = 1100;

/// A credential as it is stored, under the digest of its secret or of its certificate's key.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Token {
    pub(crate) name: PersonId,
    pub(crate) client: PersonId,
    /// Names of collections; none named means all of the client's.
    pub(crate) collections: Vec<String>,
    pub(crate) read: bool,
    pub(crate) write: bool,
    /// Is it the key of a client certificate, rather than a secret?
    certificate: bool,
    digest: [u8; 32],
    expires: Timestamp,
    /// Requests in a minute.
    rate: u64,
    revoked: Option<Timestamp>,
}

impl Token {
    fn subject(&self) -> Object {
        let mut object = Object::new()
            .with("name", self.name.as_str())
            .with("client", self.client.as_str())
            .with(
                "collections",
                self.collections
                    .iter()
                    .map(|name| Value::from(name.as_str()))
                    .collect::<Vec<_>>(),
            )
            .with("read", self.read)
            .with("write", self.write)
            .with("certificate", self.certificate)
            .with("digest", hex(&self.digest))
            .with("expires", text(self.expires))
            .with("rate", int(self.rate));
        maybe(&mut object, "revoked", self.revoked.map(text));
        object
    }

    fn from_fields(mut fields: Fields) -> Result<Self, DocumentError> {
        let token = Self {
            name: fields.parsed("name")?,
            client: fields.parsed("client")?,
            collections: fields.parsed_list("collections")?,
            read: flag(&mut fields, "read")?,
            write: flag(&mut fields, "write")?,
            certificate: flag(&mut fields, "certificate")?,
            digest: fields.hex("digest")?,
            expires: fields.parsed("expires")?,
            rate: fields.number("rate")?,
            revoked: fields.maybe_parsed("revoked")?,
        };
        fields.end()?;
        Ok(token)
    }

    /// Under what it is stored.
    pub(crate) fn key(&self) -> &[u8; 32] {
        &self.digest
    }

    /// Is it for that collection of its client?
    pub(crate) fn names(&self, collection: &str) -> bool {
        self.collections.is_empty() || self.collections.iter().any(|name| name == collection)
    }
}

impl Record for Token {
    fn to_bytes(&self) -> Vec<u8> {
        Value::Object(self.subject().with("v", 1)).canonical()
    }

    fn from_bytes(bytes: &[u8]) -> Result<Self, DocumentError> {
        let mut fields = Fields::read("token record", bytes)?;
        fields.version(1)?;
        Self::from_fields(fields)
    }
}

/// What was tried of late, in memory: after a restart everyone begins anew.
#[derive(Debug, Default)]
pub(crate) struct Tries {
    minute: i64,
    /// Requests of this minute by credential.
    requests: BTreeMap<[u8; 32], u64>,
    wrong: u32,
}

impl Tries {
    fn turn(&mut self, now: Timestamp) {
        let minute = now.micros() / 60_000_000;
        if minute != self.minute {
            *self = Self {
                minute,
                ..Self::default()
            };
        }
    }

    /// Is there room for one more request of this credential?
    fn admits(&mut self, now: Timestamp, token: &Token) -> bool {
        self.turn(now);
        let made = self.requests.entry(token.digest).or_default();
        *made += 1;
        *made <= token.rate
    }

    /// One more wrong try in this minute; how many now.
    fn wrong(&mut self, now: Timestamp) -> u32 {
        self.turn(now);
        self.wrong = self.wrong.saturating_add(1);
        self.wrong
    }
}

/// Seconds until the next minute.
fn rest_of_minute(now: Timestamp) -> u32 {
    let passed = (now.micros() / 1_000_000).rem_euclid(60);
    u32::try_from(60 - passed).unwrap_or(60)
}

/// What is asked for a credential.
pub(crate) struct TokenAsked<'a> {
    pub(crate) name: &'a str,
    pub(crate) client: &'a str,
    pub(crate) collections: &'a [String],
    pub(crate) read: bool,
    pub(crate) write: bool,
    /// SHA-256 of the secret or of the certificate's public key, in hexadecimal.
    pub(crate) digest: &'a str,
    pub(crate) certificate: bool,
    pub(crate) days: u32,
    pub(crate) rate: Option<u64>,
}

impl Node {
    /// Who shows that credential? All that is wrong with one looks alike.
    pub(crate) fn token_shown(&self, credential: Credential<'_>) -> Result<Token, Barred> {
        let (digest, user, certificate) = match credential {
            Credential::None => return Err(Barred::Unknown),
            Credential::Bearer(secret) => (Digest::of(secret.as_bytes()).0, None, false),
            Credential::Basic(user, secret) => (Digest::of(secret.as_bytes()).0, Some(user), false),
            Credential::Certificate(key) => (*key, None, true),
        };
        let now = self.now();
        let known: Option<Token> = self
            .record(RecordKind::Token, &digest)
            .map_err(|_| Barred::Later(1))?;
        let is_good = |token: &Token| {
            token.revoked.is_none()
                && now < token.expires
                && token.certificate == certificate
                && user.is_none_or(|user| user == token.name.as_str())
                && self.client(token.client.as_str()).is_ok()
        };
        match known.filter(is_good) {
            Some(token) if lock(&self.tries).admits(now, &token) => Ok(token),
            Some(_) => Err(Barred::Later(rest_of_minute(now))),
            None => {
                let wrong = lock(&self.tries).wrong(now);
                if wrong == WRONG_MAX {
                    let body = Object::new()
                        .with("event", "wrong")
                        .with("tries", int(wrong.into()));
                    let line = self.line(LineKind::Token, None, body);
                    // A ledger that cannot be written tells so elsewhere; nobody is let in.
                    let _ = self.store.write(|tx| tx.append(&line).map(|_| ()));
                }
                if wrong >= WRONG_MAX {
                    return Err(Barred::Later(rest_of_minute(now)));
                }
                Err(Barred::Unknown)
            }
        }
    }

    /// The credential a caller came with, once it was let in.
    pub(crate) fn token_of(&self, digest: &[u8]) -> Result<Option<Token>, Failure> {
        self.record(RecordKind::Token, digest)
    }

    /// Ask for a credential: one person. It opens no more than two persons have arranged.
    pub(crate) fn token_set(
        &self,
        asked: &TokenAsked<'_>,
        person: &str,
    ) -> Result<ActAnswer, Failure> {
        let refused = |problem: &dyn std::fmt::Display| {
            Failure::new("token.refused", 2, problem).arg("problem", problem)
        };
        let name: PersonId = asked
            .name
            .parse()
            .map_err(|_| refused(&"a credential's name is 1 to 40 of a-z 0-9 . _ -"))?;
        let client = self.client(asked.client)?.name;
        if !(1..=DAYS_MAX).contains(&asked.days) {
            return Err(refused(&"a credential lasts 1 to 1100 days"));
        }
        if !asked.read && !asked.write {
            return Err(refused(&"say --read, --write or both"));
        }
        let here = self.collections()?;
        for named in asked.collections {
            let is_of_client = |known: &super::collections::Collection| {
                known.name.as_str() == named && known.client == client
            };
            if !here.iter().any(is_of_client) {
                return Err(refused(&format_args!(
                    "{client} has no collection `{named}`"
                )));
            }
        }
        let taken = self.records::<Token>(RecordKind::Token)?;
        if taken
            .iter()
            .any(|known| known.name == name && known.revoked.is_none())
        {
            return Err(refused(&format_args!(
                "a credential `{name}` is in use: revoke it first"
            )));
        }
        let digest = unhex(asked.digest)
            .and_then(|bytes| bytes.try_into().ok())
            .ok_or_else(|| refused(&"a digest is 64 lower-case hexadecimal digits"))?;
        let token = Token {
            name,
            client,
            collections: asked.collections.to_vec(),
            read: asked.read,
            write: asked.write,
            certificate: asked.certificate,
            digest,
            expires: self.now().plus_seconds(i64::from(asked.days) * 86_400),
            rate: asked.rate.unwrap_or(RATE),
            revoked: None,
        };
        self.prepare(ActKind::TokenSet, token.subject(), person, false, None, 60)
    }

    /// Ask for a credential to be revoked: one person, at once.
    pub(crate) fn token_revoke(&self, name: &str, person: &str) -> Result<ActAnswer, Failure> {
        let known = self.records::<Token>(RecordKind::Token)?.into_iter();
        let mut named =
            known.filter(|token| token.name.as_str() == name && token.revoked.is_none());
        let mut token = named.next().ok_or_else(|| {
            Failure::new(
                "token.unknown",
                4,
                format_args!("no credential is called `{name}`: see `noroshi token list`"),
            )
            .arg("token", name)
        })?;
        token.revoked = Some(self.now());
        self.prepare(
            ActKind::TokenRevoke,
            token.subject(),
            person,
            false,
            None,
            60,
        )
    }

    pub(crate) fn execute_token(
        &self,
        record: &mut ActRecord,
        approved: &Approved,
    ) -> Result<Effect, Failure> {
        let token = subject_as(record, "token", Token::from_fields)?;
        let act = &record.act;
        let line = self.line(LineKind::Token, Some(&act.requester), act.subject.clone());
        self.take_effect(record, approved, &line, |tx| {
            tx.put(RecordKind::Token, &token.digest, &token.to_bytes())
        })
    }

    pub(crate) fn token_list(&self, sink: &mut dyn Sink) -> Result<(), Failure> {
        for token in self.records::<Token>(RecordKind::Token)? {
            let row = serde_json::json!({
                "name": token.name.as_str(),
                "client": token.client.as_str(),
                "collections": token.collections,
                "read": token.read,
                "write": token.write,
                "certificate": token.certificate,
                "expires": token.expires.to_string(),
                "revoked": token.revoked.map(|at| at.to_string()),
                "rate": token.rate,
            });
            sink.send(Event::Row {
                kind: "token".into(),
                row,
            });
        }
        Ok(())
    }
}
