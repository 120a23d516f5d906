//! People at the console: how somebody gets an account, signs in, and who a session is.
//!
//! An account belongs to a person of this node and is set up once with a code, which is given at
//! this machine, and the passphrase of the person's own key: a code alone makes nobody. Then a
//! password and a code of an authenticator sign in. A session is known by the digest of its name,
//! ends by itself, and ends at once where it is used from elsewhere. What somebody may do is the
//! gate's answer about the person's duties, asked anew for every request.

pub(crate) mod account;
mod codes;
mod command;
mod deeds;
pub(crate) mod duties;
mod enrol;
pub(crate) mod face;
mod hand;
mod newcomer;
pub(crate) mod session;
mod tries;

use noroshi_gate::{Deed, Duties};
use noroshi_model::{Digest, PersonId, Timestamp};

use crate::command::Failure;
use crate::messages::Lang;

pub use codes::CodeAnswer;
pub use command::SigninCommand;
pub use enrol::{Enrol, Enrolment};
pub use face::{Face, Suggested, usual_zone};
pub use newcomer::SECRET_PREFIX;
pub(crate) use tries::SigninTries;

/// Shortest password, in characters.
pub const PASSWORD_CHARS_MIN: usize = 12;
/// Longest, in bytes.
const PASSWORD_BYTES_MAX: usize = 256;
/// A session that is not used ends after so many seconds.
pub const IDLE_SECONDS: i64 = 15 * 60;
/// And every session after so many.
pub const SESSION_SECONDS: i64 = 8 * 60 * 60;

/// From where somebody calls: what a session is bound to.
#[derive(Clone, Copy, Debug)]
pub struct Whence<'a> {
    /// The network address, without its port.
    pub address: std::net::IpAddr,
    /// What the browser calls itself.
    pub agent: &'a str,
}

impl Whence<'_> {
    fn digest(&self) -> Digest {
        let address = self.address.to_string();
        let parts: [&[u8]; 4] = [
            b"noroshi/whence/v1\0",
            address.as_bytes(),
            b"\0",
            self.agent.as_bytes(),
        ];
        Digest::of_parts(&parts)
    }
}

/// Somebody who has signed in. Made here only, from a session that stands.
#[derive(Clone, Debug)]
pub struct SignedIn {
    person: PersonId,
    duties: Duties,
    lang: Lang,
    since: Timestamp,
    session: Digest,
}

impl SignedIn {
    /// Who.
    #[must_use]
    pub fn person(&self) -> &PersonId {
        &self.person
    }

    /// What the person is there for.
    #[must_use]
    pub fn duties(&self) -> Duties {
        self.duties
    }

    /// The language the person chose.
    #[must_use]
    pub fn lang(&self) -> Lang {
        self.lang
    }

    /// Since when this session stands.
    #[must_use]
    pub fn since(&self) -> Timestamp {
        self.since
    }

    /// Does a duty of the person permit it?
    ///
    /// # Errors
    /// `duty.none`, which names neither what is there nor what is not.
    pub fn expect(&self, deed: Deed) -> Result<(), Failure> {
        if self.duties.permit(deed) {
            return Ok(());
        }
        Err(Failure::new(
            "duty.none",
            3,
            format_args!("no duty of {} permits it", self.person),
        )
        .arg("person", &self.person))
    }
}

impl crate::Node {
    /// A name that nobody can guess, for a visitor who has not signed in.
    #[must_use]
    pub fn fresh_name(&self) -> String {
        Digest(self.chance()).to_string()
    }

    /// What the node's clock says.
    #[must_use]
    pub fn clock_now(&self) -> Timestamp {
        self.now()
    }
}

/// The token that every form of a session carries; whoever does not know the session's name cannot
/// make it.
#[must_use]
pub fn form_token(session: &str) -> String {
    Digest::of_parts(&[b"noroshi/form/v1\0", session.as_bytes()]).to_string()
}
