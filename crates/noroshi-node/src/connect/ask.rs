//! One question to somebody's server, and what is wrong with what came back.

use std::io::Write;

use noroshi_model::Timestamp;
use noroshi_taxii::client::{
    Call, CallFault, Credential, Method, RESOURCE_BYTES_MAX, Reply, Target, Trust, retry_after,
};

use super::state::shortened;
use crate::outside::Outside;

/// Spellings of the media type, the standard's own first: some servers know only another.
const SPELLINGS: [&str; 3] = [
    "application/taxii+json;version=2.1",
    "application/taxii+json; version=2.1",
    "application/json",
];
/// What a document may be.
const ANY: &str = "application/json, application/stix+json;q=0.9, */*;q=0.1";

/// Why something did not succeed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Trouble {
    /// Of the catalogue's `channel-problem-...`.
    pub(crate) code: &'static str,
    /// The particulars, in English.
    pub(crate) detail: String,
    /// So many seconds the server asks to be left alone.
    pub(crate) wait: Option<u64>,
}

impl Trouble {
    pub(crate) fn new(code: &'static str, detail: impl std::fmt::Display) -> Self {
        Self {
            code,
            detail: shortened(&detail.to_string()),
            wait: None,
        }
    }
}

impl From<CallFault> for Trouble {
    fn from(fault: CallFault) -> Self {
        let code = match &fault {
            CallFault::Connect(_) => "unreachable",
            CallFault::Plain => "plain",
            CallFault::Tls(_) => "tls",
            CallFault::Slow => "slow",
            CallFault::TooLarge => "too_large",
            CallFault::Damaged(_) => "damaged",
            CallFault::Here(_) => "here",
        };
        Self::new(code, fault)
    }
}

/// Somebody's server, and how it is spoken to.
pub(crate) struct Asking<'a> {
    pub(crate) outside: &'a dyn Outside,
    pub(crate) trust: &'a Trust,
    pub(crate) credential: Option<&'a Credential>,
    pub(crate) now: Timestamp,
}

impl Asking<'_> {
    /// A resource that is no list of objects.
    pub(crate) fn resource(&self, target: &Target) -> Result<Vec<u8>, Trouble> {
        let (_, bytes) = self.read(target, RESOURCE_BYTES_MAX)?;
        Ok(bytes)
    }

    /// Read by TAXII, in whichever spelling the server takes.
    pub(crate) fn read(
        &self,
        target: &Target,
        bytes_max: u64,
    ) -> Result<(Reply, Vec<u8>), Trouble> {
        let read = self.spelled(&[200], &|| Ok(true), |spelling, out| {
            let call = self.call(Method::Get, target, spelling, bytes_max);
            self.outside.call(&call, out)
        })?;
        read.ok_or_else(|| Trouble::new("unacceptable", "it was not asked"))
    }

    /// Post an envelope, as long as it may leave: asked anew before each spelling, for the answer
    /// to one may be long in coming. `None` where it may not any more.
    pub(crate) fn post(
        &self,
        target: &Target,
        body: &[u8],
        may_leave: &dyn Fn() -> Result<bool, Trouble>,
    ) -> Result<Option<(Reply, Vec<u8>)>, Trouble> {
        self.spelled(&[202, 200, 201], may_leave, |spelling, out| {
            let call = Call {
                body: Some((spelling, body)),
                ..self.call(Method::Post, target, spelling, RESOURCE_BYTES_MAX)
            };
            self.outside.call(&call, out)
        })
    }

    /// Ask for an object to be deleted.
    pub(crate) fn delete(&self, target: &Target) -> Result<(), Trouble> {
        self.spelled(&[200, 202, 204], &|| Ok(true), |spelling, out| {
            let call = self.call(Method::Delete, target, spelling, RESOURCE_BYTES_MAX);
            self.outside.call(&call, out)
        })
        .map(|_| ())
    }

    /// A document, unless it is still the one that these tags name: then `None`.
    pub(crate) fn document(
        &self,
        target: &Target,
        tags: (Option<&str>, Option<&str>),
        bytes_max: u64,
        out: &mut dyn Write,
    ) -> Result<Option<Reply>, Trouble> {
        let call = Call {
            etag: tags.0,
            modified: tags.1,
            ..self.call(Method::Get, target, ANY, bytes_max)
        };
        let reply = self.outside.call(&call, out)?;
        if reply.status == 304 && tags != (None, None) {
            return Ok(None);
        }
        self.check(&reply, &[200])?;
        Ok(Some(reply))
    }

    fn call<'a>(
        &'a self,
        method: Method,
        target: &'a Target,
        accept: &'a str,
        bytes_max: u64,
    ) -> Call<'a> {
        Call {
            method,
            target,
            trust: self.trust,
            credential: self.credential,
            accept,
            body: None,
            etag: None,
            modified: None,
            bytes_max,
        }
    }

    fn spelled(
        &self,
        good: &[u16],
        goes_on: &dyn Fn() -> Result<bool, Trouble>,
        mut ask: impl FnMut(&str, &mut Vec<u8>) -> Result<Reply, CallFault>,
    ) -> Result<Option<(Reply, Vec<u8>)>, Trouble> {
        let mut last = Trouble::new("unacceptable", "no spelling of TAXII 2.1 is taken");
        for spelling in SPELLINGS {
            if !goes_on()? {
                return Ok(None);
            }
            let mut bytes = Vec::new();
            let reply = ask(spelling, &mut bytes)?;
            match self.check(&reply, good) {
                Ok(()) => return Ok(Some((reply, bytes))),
                Err(trouble) if trouble.code == "unacceptable" => last = trouble,
                Err(trouble) => return Err(trouble),
            }
        }
        Err(last)
    }

    /// Is it what was hoped for? If not, what is wrong.
    fn check(&self, reply: &Reply, good: &[u16]) -> Result<(), Trouble> {
        let status = reply.status;
        if good.contains(&status) {
            return Ok(());
        }
        let (code, detail) = match status {
            300..=399 => {
                let to = reply.header("location").unwrap_or("somewhere");
                ("redirected", shortened(to))
            }
            400 | 422 => ("refused", status.to_string()),
            401 => ("unauthorised", status.to_string()),
            403 => ("forbidden", status.to_string()),
            404 | 410 => ("absent", status.to_string()),
            406 | 415 => ("unacceptable", status.to_string()),
            408 | 429 | 503 => ("busy", status.to_string()),
            413 => ("too_large_there", status.to_string()),
            500..=599 => ("server", status.to_string()),
            _ => ("unexpected", status.to_string()),
        };
        let asked = reply.header("retry-after");
        Err(Trouble {
            wait: asked.and_then(|text| retry_after(text, self.now)),
            ..Trouble::new(code, detail)
        })
    }
}
