//! Accounts as they are stored: one for each person who has set one up.

use noroshi_model::document::{DocumentError, Fields, hex, text};
use noroshi_model::json::{Object, Value};
use noroshi_model::{PersonId, Timestamp};
use noroshi_seal::password::Password;
use noroshi_seal::totp::Secret;
use noroshi_store::RecordKind;

use crate::command::Failure;
use crate::messages::Lang;
use crate::node::Node;
use crate::records::{Record, int, maybe};

/// A person's way in.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Account {
    pub(crate) person: PersonId,
    pub(crate) password: Password,
    pub(crate) secret: Secret,
    /// The authenticator's step that was used last: none serves twice.
    pub(crate) used: u64,
    pub(crate) lang: Lang,
    pub(crate) since: Timestamp,
}

impl Record for Account {
    fn to_bytes(&self) -> Vec<u8> {
        Value::Object(
            Object::new()
                .with("v", 1)
                .with("person", self.person.as_str())
                .with("password", self.password.to_value())
                .with("totp", hex(self.secret.bytes()))
                .with("used", int(self.used))
                .with("language", self.lang.as_str())
                .with("since", text(self.since)),
        )
        .canonical()
    }

    fn from_bytes(bytes: &[u8]) -> Result<Self, DocumentError> {
        let mut fields = Fields::read("account record", bytes)?;
        fields.version(1)?;
        let account = Self {
            person: fields.parsed("person")?,
            password: Password::from_value(fields.value("password")?)?,
            secret: Secret::from_bytes(fields.hex("totp")?),
            used: fields.number("used")?,
            lang: lang_field(&mut fields)?,
            since: fields.parsed("since")?,
        };
        fields.end()?;
        Ok(account)
    }
}

pub(super) fn lang_field(fields: &mut Fields) -> Result<Lang, DocumentError> {
    let word = fields.text("language")?;
    Lang::from_word(&word).ok_or_else(|| fields.refused("language", "is not known"))
}

/// A code that sets up an account, under the digest of it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct EnrolCode {
    /// For whom; for whichever person of the node where nobody has an account yet.
    pub(crate) person: Option<PersonId>,
    /// What each visitor's own is made from.
    pub(crate) secret: Secret,
    pub(crate) expires: Timestamp,
}

impl Record for EnrolCode {
    fn to_bytes(&self) -> Vec<u8> {
        let mut object = Object::new()
            .with("v", 1)
            .with("totp", hex(self.secret.bytes()))
            .with("expires", text(self.expires));
        let person = self.person.as_ref().map(PersonId::as_str);
        maybe(&mut object, "person", person.map(Value::from));
        Value::Object(object).canonical()
    }

    fn from_bytes(bytes: &[u8]) -> Result<Self, DocumentError> {
        let mut fields = Fields::read("enrolment record", bytes)?;
        fields.version(1)?;
        let code = Self {
            person: fields.maybe_parsed("person")?,
            secret: Secret::from_bytes(fields.hex("totp")?),
            expires: fields.parsed("expires")?,
        };
        fields.end()?;
        Ok(code)
    }
}

impl Node {
    pub(crate) fn account(&self, person: &PersonId) -> Result<Option<Account>, Failure> {
        self.record(RecordKind::Account, person.as_str().as_bytes())
    }

    /// Has anybody set up an account?
    ///
    /// # Errors
    /// The store fails.
    pub fn has_accounts(&self) -> Result<bool, Failure> {
        let count = self.inside()?.record_count(RecordKind::Account);
        Ok(count.map_err(crate::node::store_failure)? > 0)
    }
}
