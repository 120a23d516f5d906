//! Codes that set up an account: made at this machine, good once and for a day.

use noroshi_model::json::Object;
use noroshi_model::ledger::LineKind;
use noroshi_model::{Digest, PersonId};
use noroshi_seal::totp::Secret;
use noroshi_store::{RecordKind, WriteError};
use serde::{Deserialize, Serialize};

use super::account::EnrolCode;
use crate::command::Failure;
use crate::node::{Node, store_failure};
use crate::records::Record;

/// How long a code is good.
const CODE_SECONDS: i64 = 24 * 60 * 60;
/// No letter or digit that is taken for another.
const ALPHABET: &[u8; 32] = b"ABCDEFGHJKLMNPQRSTUVWXYZ23456789";
/// Characters of a code: 80 bits.
const CODE_CHARS: usize = 16;

/// A code for a person's console account.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct CodeAnswer {
    /// Shown once.
    pub code: String,
    /// Whose account it sets up; anybody's of this node where nobody has one.
    pub person: Option<String>,
    /// Until when.
    pub expires: String,
}

impl Node {
    /// The code for the first account, made anew; none where somebody has one.
    ///
    /// # Errors
    /// The store fails.
    pub fn first_code(&self) -> Result<Option<CodeAnswer>, Failure> {
        if self.has_accounts()? {
            return Ok(None);
        }
        self.make_code(None, None).map(Some)
    }

    /// A code for a person's account; also for one who lost the password or authenticator. It opens
    /// nothing without the passphrase of that person's key.
    pub(crate) fn person_code(&self, name: &str, by: &str) -> Result<CodeAnswer, Failure> {
        let by = self.active_person(by)?.name;
        let person = self.active_person(name)?.name;
        self.make_code(Some(person), Some(&by))
    }

    fn make_code(
        &self,
        person: Option<PersonId>,
        by: Option<&PersonId>,
    ) -> Result<CodeAnswer, Failure> {
        let chance: [u8; CODE_CHARS] = self.chance();
        let letters = chance.map(|byte| char::from(ALPHABET[usize::from(byte & 31)]));
        let groups: Vec<String> = letters
            .chunks(4)
            .map(|group| group.iter().collect())
            .collect();
        let code = groups.join("-");
        let record = EnrolCode {
            person: person.clone(),
            secret: Secret::generate(self.rng()),
            expires: self.now().plus_seconds(CODE_SECONDS),
        };
        let mut body = Object::new().with("event", "code");
        if let Some(person) = &person {
            body.insert("for", person.as_str());
        }
        let line = self.line(LineKind::Account, by, body);
        self.store
            .write(|tx| -> Result<(), WriteError> {
                // One code for each: the one that was printed last.
                for (key, bytes) in tx.records(RecordKind::EnrolCode)? {
                    if EnrolCode::from_bytes(&bytes).is_ok_and(|known| known.person != person) {
                        continue;
                    }
                    tx.delete(RecordKind::EnrolCode, &key)?;
                }
                tx.put(RecordKind::EnrolCode, &key_of(&code), &record.to_bytes())?;
                tx.append(&line).map(|_| ())
            })
            .map_err(store_failure)?;
        Ok(CodeAnswer {
            code,
            person: person.map(|person| person.to_string()),
            expires: record.expires.to_string(),
        })
    }

    /// What a code sets up, if it is good.
    pub(super) fn code_shown(&self, code: &str) -> Result<EnrolCode, Failure> {
        let known: Option<EnrolCode> = self.record(RecordKind::EnrolCode, &key_of(code))?;
        let now = self.now();
        known
            .filter(|known| now < known.expires)
            .ok_or_else(|| Failure::new("signin.code", 3, "this code is not good, or no longer"))
    }
}

/// Under what a code is stored: its digest, however it was typed.
pub(super) fn key_of(code: &str) -> [u8; 32] {
    let typed = code.chars().filter(char::is_ascii_alphanumeric).take(64);
    let typed: String = typed.map(|c| c.to_ascii_uppercase()).collect();
    Digest::of_parts(&[b"noroshi/enrol/v1\0", typed.as_bytes()]).0
}
