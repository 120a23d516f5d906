//! The slow reference: lines taken apart by a full JSON parser, every field compared with a plain
//! map, one value after another. The scanner must find the same, in tests and in the bench.

mod text;

use std::collections::HashMap;
use std::net::IpAddr;

use serde::de::{DeserializeSeed, MapAccess, SeqAccess, Visitor};

use crate::kind::{KINDS, Kind};
use crate::mapping::{Mapping, Plan};
use crate::normal::{Atom, compose_url, split_net, url_host};
use crate::observe::{How, Match};
pub use text::columns;

/// Indicators in a plain map.
#[derive(Default)]
pub struct Reference {
    atoms: HashMap<Atom, u32>,
    nets: Vec<(IpAddr, u8, u32)>,
}

impl Reference {
    /// Take an indicator; of equal ones the first stays.
    pub fn add(&mut self, atom: Atom, tag: u32) {
        if self.atoms.contains_key(&atom) {
            return;
        }
        if matches!(atom.kind(), Kind::Ipv4Net | Kind::Ipv6Net)
            && let Some((ip, prefix)) = split_net(atom.value())
        {
            self.nets.push((ip, prefix, tag));
        }
        self.atoms.insert(atom, tag);
    }

    /// Everything a line of JSON matches, sorted; nothing where the line is no JSON.
    #[must_use]
    pub fn json_line(&self, mapping: &Mapping, line: &[u8]) -> Option<Vec<Match>> {
        let mut event = Event::default();
        let mut reader = serde_json::Deserializer::from_slice(line);
        Walk(&mut event).deserialize(&mut reader).ok()?;
        reader.end().ok()?;
        Some(self.event(mapping, &event.values))
    }

    /// Everything the words of a line match, sorted.
    #[must_use]
    pub fn text_line(&self, line: &[u8]) -> Vec<Match> {
        let mut matches = Vec::new();
        for word in text::words(&String::from_utf8_lossy(line)) {
            for kind in KINDS.into_iter().filter(|kind| kind.is_shaped()) {
                self.kind(kind, &word, false, &mut matches);
            }
        }
        matches.sort_unstable();
        matches
    }

    /// Everything a line of a table matches, sorted; the columns are named.
    #[must_use]
    pub fn csv_line(
        &self,
        mapping: &Mapping,
        names: &[String],
        separator: char,
        line: &str,
    ) -> Vec<Match> {
        let values = text::columns(line, separator);
        let name = |place: usize| names.get(place).cloned().unwrap_or_default();
        let values: Vec<_> = values
            .into_iter()
            .enumerate()
            .map(|(place, value)| (name(place), value))
            .collect();
        self.event(mapping, &values)
    }

    /// Everything that fields and their values match, sorted.
    #[must_use]
    pub fn event(&self, mapping: &Mapping, values: &[(String, String)]) -> Vec<Match> {
        let mut matches = Vec::new();
        let (mut host, mut path) = (None, None);
        for (field, value) in values {
            let plan = mapping.plan(field.as_bytes());
            self.value(plan, value, &mut matches);
            match plan {
                Plan::UrlHost => host = Some(value),
                Plan::UrlPath => path = Some(value),
                Plan::Skip | Plan::Shape | Plan::Kinds(_) | Plan::Tokens => {}
            }
        }
        if let (Some(host), Some(path)) = (host, path)
            && let Some(url) = compose_url(host, path)
        {
            self.find(
                Atom::observed(Kind::Url, &url).ok(),
                How::Whole,
                &mut matches,
            );
        }
        matches.sort_unstable();
        matches
    }

    fn value(&self, plan: Plan, value: &str, matches: &mut Vec<Match>) {
        match plan {
            Plan::Skip | Plan::UrlPath => {}
            Plan::Shape => {
                for kind in KINDS.into_iter().filter(|kind| kind.is_shaped()) {
                    self.kind(kind, value, false, matches);
                }
            }
            Plan::Kinds(kinds) => {
                for kind in KINDS.into_iter().filter(|kind| kinds.has(*kind)) {
                    self.kind(kind, value, false, matches);
                }
            }
            Plan::Tokens => {
                for word in text::words(value) {
                    for kind in KINDS.into_iter().filter(|kind| kind.is_shaped()) {
                        self.kind(kind, &word, true, matches);
                    }
                }
            }
            Plan::UrlHost => self.host(value, false, matches),
        }
    }

    fn host(&self, value: &str, is_part: bool, matches: &mut Vec<Match>) {
        let colons = value.matches(':').count();
        let bare = if let Some(rest) = value.strip_prefix('[')
            && let Some(end) = rest.find(']')
        {
            &rest[..end]
        } else if colons == 1 {
            &value[..value.find(':').unwrap_or_default()]
        } else {
            value
        };
        for kind in [Kind::Ipv4, Kind::Ipv6, Kind::Domain] {
            self.kind(kind, bare, is_part, matches);
        }
    }

    fn kind(&self, kind: Kind, value: &str, is_part: bool, matches: &mut Vec<Match>) {
        let how = |how| if is_part { How::Part } else { how };
        if matches!(kind, Kind::Ipv4 | Kind::Ipv6) {
            let ip = value.parse::<IpAddr>().ok();
            let Some(ip) = ip.filter(|ip| ip.is_ipv4() == (kind == Kind::Ipv4)) else {
                return;
            };
            let atom = Atom::address(ip);
            let ip: Option<IpAddr> = atom.value().parse().ok();
            self.find(Some(atom), how(How::Whole), matches);
            for (net, prefix, tag) in &self.nets {
                if ip.is_some_and(|ip| is_within(ip, *net, *prefix)) {
                    let kind = if net.is_ipv4() {
                        Kind::Ipv4Net
                    } else {
                        Kind::Ipv6Net
                    };
                    let (tag, how) = (*tag, how(How::Within));
                    matches.push(Match { tag, kind, how });
                }
            }
            return;
        }
        if matches!(kind, Kind::Ipv4Net | Kind::Ipv6Net) {
            return;
        }
        let Ok(atom) = Atom::observed(kind, value) else {
            return;
        };
        match kind {
            Kind::Domain => self.domain(atom.value(), is_part, matches),
            Kind::Url => {
                self.find(Some(atom.clone()), how(How::Whole), matches);
                if let Some(bare) = url_host(atom.value()) {
                    self.host(&bare, true, matches);
                }
            }
            Kind::Mail => {
                self.find(Some(atom.clone()), how(How::Whole), matches);
                let (_, domain) = atom.value().rsplit_once('@').unwrap_or_default();
                self.domain(domain, true, matches);
            }
            _ => self.find(Some(atom), how(How::Whole), matches),
        }
    }

    fn domain(&self, name: &str, is_part: bool, matches: &mut Vec<Match>) {
        let labels: Vec<&str> = name.split('.').collect();
        for first in 0..labels.len().saturating_sub(1) {
            let Ok(atom) = Atom::observed(Kind::Domain, &labels[first..].join(".")) else {
                continue;
            };
            if first > 0 && atom.is_public_suffix() {
                continue;
            }
            let how = match (is_part, first) {
                (true, _) => How::Part,
                (false, 0) => How::Whole,
                (false, _) => How::Below,
            };
            self.find(Some(atom), how, matches);
        }
    }

    fn find(&self, atom: Option<Atom>, how: How, matches: &mut Vec<Match>) {
        if let Some(atom) = atom
            && let Some(tag) = self.atoms.get(&atom)
        {
            let (tag, kind) = (*tag, atom.kind());
            matches.push(Match { tag, kind, how });
        }
    }
}

fn is_within(ip: IpAddr, net: IpAddr, prefix: u8) -> bool {
    let bits = |ip: IpAddr| match ip {
        IpAddr::V4(ip) => (u128::from(u32::from(ip)) << 96, 4),
        IpAddr::V6(ip) => (u128::from(ip), 6),
    };
    let ((ip, family), (net, of_net)) = (bits(ip), bits(net));
    let differ = (ip ^ net).checked_shr(128 - u32::from(prefix)).unwrap_or(0);
    family == of_net && differ == 0
}

/// Every string of a line, with the last key before it.
#[derive(Default)]
struct Event {
    key: String,
    values: Vec<(String, String)>,
}

struct Walk<'a>(&'a mut Event);

impl<'de> DeserializeSeed<'de> for Walk<'_> {
    type Value = ();

    fn deserialize<D: serde::Deserializer<'de>>(self, reader: D) -> Result<(), D::Error> {
        reader.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Walk<'_> {
    type Value = ();

    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("JSON")
    }

    fn visit_str<E>(self, value: &str) -> Result<(), E> {
        self.0.values.push((self.0.key.clone(), value.to_owned()));
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        while list.next_element_seed(Walk(self.0))?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(key) = map.next_key::<String>()? {
            self.0.key = key;
            map.next_value_seed(Walk(self.0))?;
        }
        Ok(())
    }
}
