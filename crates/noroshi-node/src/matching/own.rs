//! What persons ordered: which networks and domains are our own, and which indicators are at work
//! in spite of what holds them, or not at work in spite of what they say.

use std::net::IpAddr;

use noroshi_match::{Atom, Kind};
use noroshi_model::document::{DocumentError, Fields, text};
use noroshi_model::json::{Object, Value};
use noroshi_model::ledger::LineKind;
use noroshi_model::{PersonId, StixId, Timestamp};
use noroshi_store::{RecordKind, WriteError};

use super::judge::block;
use crate::command::Failure;
use crate::node::{Node, store_failure};
use crate::records::Record;

/// Most networks, and most domains, that are our own.
const NAMES_MAX: usize = 1_000;
/// Longest reason, in bytes.
const NOTE_BYTES_MAX: usize = 500;

/// Networks and domains of our own.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct OwnNames {
    /// Blocks and addresses in their normal form.
    pub(crate) networks: Vec<String>,
    /// Domains in their normal form; what is below them is ours too.
    pub(crate) domains: Vec<String>,
}

impl Record for OwnNames {
    fn to_bytes(&self) -> Vec<u8> {
        let list = |names: &[String]| {
            let names = names.iter().map(|name| Value::from(name.as_str()));
            Value::Array(names.collect())
        };
        let object = Object::new()
            .with("v", 1)
            .with("networks", list(&self.networks))
            .with("domains", list(&self.domains));
        Value::Object(object).canonical()
    }

    fn from_bytes(bytes: &[u8]) -> Result<Self, DocumentError> {
        let mut fields = Fields::read("record of our own names", bytes)?;
        fields.version(1)?;
        let networks = fields.parsed_list("networks")?;
        let domains = fields.parsed_list("domains")?;
        fields.end()?;
        Ok(Self { networks, domains })
    }
}

impl OwnNames {
    /// From what a person wrote.
    ///
    /// # Errors
    /// `matching.name`: something is neither a network nor a domain, or too many.
    pub(crate) fn written(networks: &[String], domains: &[String]) -> Result<Self, Failure> {
        let refused = |name: &str| {
            let why = format_args!(
                "`{name}` is not what it should be: a network such as \
                                    203.0.113.0/24, a domain such as agency.example"
            );
            Failure::new("matching.name", 2, why).arg("name", name)
        };
        let read = |name: &String, wanted: &[Kind]| {
            let atom = Atom::written(name).map_err(|_| refused(name))?;
            match wanted.contains(&atom.kind()) {
                true => Ok(atom.value().to_owned()),
                false => Err(refused(name)),
            }
        };
        if networks.len() > NAMES_MAX || domains.len() > NAMES_MAX {
            return Err(refused("more than 1,000 of them"));
        }
        let addresses = [Kind::Ipv4, Kind::Ipv6, Kind::Ipv4Net, Kind::Ipv6Net];
        let networks = networks.iter().map(|name| read(name, &addresses));
        let domains = domains.iter().map(|name| read(name, &[Kind::Domain]));
        Ok(Self {
            networks: networks.collect::<Result<_, _>>()?,
            domains: domains.collect::<Result<_, _>>()?,
        })
    }

    /// Does this atom name something of ours, or hold it?
    pub(crate) fn holds(&self, atom: &Atom) -> bool {
        match atom.kind() {
            Kind::Ipv4 | Kind::Ipv6 | Kind::Ipv4Net | Kind::Ipv6Net => {
                let Some(one) = span(atom.value()) else {
                    return false;
                };
                let ours = self.networks.iter().filter_map(|name| span(name));
                ours.into_iter()
                    .any(|(first, last)| one.0 <= last && first <= one.1)
            }
            Kind::Domain => self.has_domain(atom.value()),
            Kind::Mail => {
                let host = atom.value().rsplit_once('@').map(|(_, host)| host);
                host.is_some_and(|host| self.has_domain(host))
            }
            Kind::Url => {
                let rest = atom.value().split_once("://").map_or("", |(_, rest)| rest);
                let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
                let host = host.rsplit_once(':').map_or(host, |(host, _)| host);
                let address = Atom::written(host).is_ok_and(|atom| {
                    matches!(atom.kind(), Kind::Ipv4 | Kind::Ipv6) && self.holds(&atom)
                });
                address || self.has_domain(host)
            }
            _ => false,
        }
    }

    /// Is this name ours, below one of ours, or above one of ours?
    fn has_domain(&self, name: &str) -> bool {
        let below = |lower: &str, upper: &str| {
            lower == upper
                || lower
                    .strip_suffix(upper)
                    .is_some_and(|rest| rest.ends_with('.'))
        };
        self.domains
            .iter()
            .any(|own| below(name, own) || below(own, name))
    }
}

/// First and last address of an address or block, as numbers of one family.
fn span(text: &str) -> Option<((bool, u128), (bool, u128))> {
    let (address, prefix) = match text.split_once('/') {
        Some((address, prefix)) => (address.parse().ok()?, prefix.parse().ok()?),
        None => {
            let address: IpAddr = text.parse().ok()?;
            (address, if address.is_ipv4() { 32 } else { 128_u32 })
        }
    };
    let (is_v4, number, bits) = match address {
        IpAddr::V4(ip) => (true, u128::from(u32::from(ip)), 32),
        IpAddr::V6(ip) => (false, u128::from(ip), 128_u32),
    };
    let width = bits.checked_sub(prefix)?;
    let host = 1_u128.checked_shl(width).map_or(u128::MAX, |size| size - 1);
    Some(((is_v4, number & !host), (is_v4, number | host)))
}

/// A person's word on one indicator.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Decision {
    /// At work, whatever holds it; or not at work.
    pub(crate) is_at_work: bool,
    pub(crate) by: PersonId,
    pub(crate) at: Timestamp,
    pub(crate) note: String,
}

impl Record for Decision {
    fn to_bytes(&self) -> Vec<u8> {
        let object = Object::new()
            .with("v", 1)
            .with("at_work", self.is_at_work)
            .with("by", self.by.as_str())
            .with("at", text(self.at))
            .with("note", self.note.as_str());
        Value::Object(object).canonical()
    }

    fn from_bytes(bytes: &[u8]) -> Result<Self, DocumentError> {
        let mut fields = Fields::read("decision on an indicator", bytes)?;
        fields.version(1)?;
        let Value::Bool(is_at_work) = fields.value("at_work")? else {
            return Err(fields.refused("at_work", "is neither true nor false"));
        };
        let record = Self {
            is_at_work,
            by: fields.parsed("by")?,
            at: fields.parsed("at")?,
            note: fields.text("note")?,
        };
        fields.end()?;
        Ok(record)
    }
}

impl Node {
    /// The networks and domains that are our own.
    pub(crate) fn own_names(&self) -> Result<OwnNames, Failure> {
        Ok(self.record(RecordKind::OwnNames, b"")?.unwrap_or_default())
    }

    /// Say which networks and domains are our own, in place of what was said before.
    pub(crate) fn set_own_names(
        &self,
        networks: &[String],
        domains: &[String],
        person: &str,
    ) -> Result<OwnNames, Failure> {
        let person = self.active_person(person)?.name;
        let names = OwnNames::written(networks, domains)?;
        let body = Object::new()
            .with("rule", "own-names")
            .with("networks", names.networks.len() as i64)
            .with("domains", names.domains.len() as i64);
        self.store
            .write(|tx| -> Result<(), WriteError> {
                tx.put(RecordKind::OwnNames, b"", &names.to_bytes())?;
                tx.append(&self.line(LineKind::Rule, Some(&person), body))?;
                Ok(())
            })
            .map_err(store_failure)?;
        self.rebuild_live()?;
        Ok(names)
    }

    /// Put an indicator to work whatever holds it, or out of work.
    pub(crate) fn decide_indicator(
        &self,
        id: &StixId,
        is_at_work: bool,
        note: &str,
        person: &str,
    ) -> Result<Decision, Failure> {
        let person = self.active_person(person)?.name;
        if note.trim().is_empty() || note.len() > NOTE_BYTES_MAX {
            let why = "say in 1 to 500 bytes why";
            return Err(Failure::new("matching.note", 2, why));
        }
        let decision = Decision {
            is_at_work,
            by: person.clone(),
            at: self.now(),
            note: note.to_owned(),
        };
        let word = if is_at_work { "release" } else { "stop" };
        let body = Object::new()
            .with("rule", format!("indicator.{word}"))
            .with("indicator", id.as_str())
            .with("note", note);
        self.store
            .write(|tx| -> Result<(), WriteError> {
                tx.put(
                    RecordKind::AtWork,
                    id.as_str().as_bytes(),
                    &decision.to_bytes(),
                )?;
                tx.append(&self.line(LineKind::Rule, Some(&person), body))?;
                Ok(())
            })
            .map_err(store_failure)?;
        self.look_again(id)?;
        Ok(decision)
    }

    /// A person's word on this indicator.
    pub(crate) fn decision_on(&self, id: &StixId) -> Result<Option<Decision>, Failure> {
        self.record(RecordKind::AtWork, id.as_str().as_bytes())
    }
}

/// Does a block hold this address?
pub(crate) fn block_holds(atom: &Atom, address: u32) -> bool {
    match block(atom) {
        Some((IpAddr::V4(_), _)) => span(atom.value())
            .is_some_and(|((_, first), (_, last))| (first..=last).contains(&u128::from(address))),
        _ => false,
    }
}
