//! What one value of telemetry matches, whole and exact: normal form, fingerprint, full value.
//! The scanner only decides which values need this.

use std::net::{IpAddr, Ipv6Addr};

use crate::index::View;
use crate::kind::{KINDS, Kind, KindSet};
use crate::mapping::Plan;
use crate::normal::{Atom, compose_url, url_host};
use crate::words::words;

/// How a value matches an indicator.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum How {
    /// The value is the indicator.
    Whole,
    /// The value is a name below the indicator's domain.
    Below,
    /// The address lies in the indicator's block.
    Within,
    /// A part of the value is, or is below or within, the indicator: a URL's host, a word.
    Part,
}

/// One match of one value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Match {
    /// The caller's tag of the indicator.
    pub tag: u32,
    /// The indicator's kind.
    pub kind: Kind,
    /// How the value matches.
    pub how: How,
}

impl View {
    /// Every match of one atom: itself, the domains above it, the blocks around it, and of a URL
    /// its host.
    pub fn matches(&self, atom: &Atom, each: &mut dyn FnMut(Match)) {
        one(self, atom.kind(), atom.value(), None, each);
    }
}

/// Every match of a value in a field with this plan.
pub(crate) fn observe(view: &View, plan: Plan, value: &str, each: &mut dyn FnMut(Match)) {
    match plan {
        Plan::Skip | Plan::UrlPath => {}
        Plan::Shape => shape(view, value, None, each),
        Plan::Kinds(kinds) => {
            for kind in KINDS.into_iter().filter(|kind| kinds.has(*kind)) {
                one(view, kind, value, None, each);
            }
        }
        Plan::Tokens => {
            for word in words(value.as_bytes()) {
                shape(
                    view,
                    value.get(word).unwrap_or_default(),
                    Some(How::Part),
                    each,
                );
            }
        }
        Plan::UrlHost => host(view, value, None, each),
    }
}

/// The URL made of two fields of one event.
pub(crate) fn observe_url(view: &View, host: &str, path: &str, each: &mut dyn FnMut(Match)) {
    if view.kinds().has(Kind::Url)
        && let Some(url) = compose_url(host, path)
    {
        find(view, Kind::Url, &url, How::Whole, each);
    }
}

fn shape(view: &View, value: &str, part: Option<How>, each: &mut dyn FnMut(Match)) {
    for kind in KINDS.into_iter().filter(|kind| kind.is_shaped()) {
        one(view, kind, value, part, each);
    }
}

/// A host with, perhaps, a port.
fn host(view: &View, value: &str, part: Option<How>, each: &mut dyn FnMut(Match)) {
    let bare = match value
        .strip_prefix('[')
        .and_then(|rest| rest.split_once(']'))
    {
        Some((ip, _)) => ip,
        None if value.matches(':').count() == 1 => value.split(':').next().unwrap_or_default(),
        None => value,
    };
    for kind in [Kind::Ipv4, Kind::Ipv6, Kind::Domain] {
        one(view, kind, bare, part, each);
    }
}

/// The value as this kind; `part` says that it is itself a part of something.
fn one(view: &View, kind: Kind, value: &str, part: Option<How>, each: &mut dyn FnMut(Match)) {
    match kind {
        Kind::Ipv4 => {
            if let Ok(ip) = value.parse() {
                address(view, IpAddr::V4(ip), part, each);
            }
        }
        Kind::Ipv6 => {
            if let Ok(ip) = value.parse::<Ipv6Addr>() {
                let ip = ip.to_ipv4_mapped().map_or(IpAddr::V6(ip), IpAddr::V4);
                address(view, ip, part, each);
            }
        }
        // A block is never seen in telemetry; addresses find the blocks around them.
        Kind::Ipv4Net | Kind::Ipv6Net => {}
        Kind::Domain => {
            if may_be_domain(view, value)
                && let Ok(atom) = Atom::observed(kind, value)
            {
                name(view, atom.value(), part, each);
            }
        }
        Kind::Url => {
            if value.contains("://")
                && let Ok(atom) = Atom::observed(kind, value)
            {
                find(view, kind, atom.value(), part.unwrap_or(How::Whole), each);
                if let Some(bare) = url_host(atom.value()) {
                    host(view, &bare, Some(How::Part), each);
                }
            }
        }
        Kind::Mail => {
            if value.contains('@')
                && let Ok(atom) = Atom::observed(kind, value)
            {
                find(view, kind, atom.value(), part.unwrap_or(How::Whole), each);
                if let Some((_, domain)) = atom.value().rsplit_once('@') {
                    name(view, domain, Some(How::Part), each);
                }
            }
        }
        Kind::Hash
        | Kind::FileName
        | Kind::FilePath
        | Kind::RegistryKey
        | Kind::Certificate
        | Kind::Ja3
        | Kind::Ja4
        | Kind::UserAgent => {
            if view.kinds().has(kind)
                && let Ok(atom) = Atom::observed(kind, value)
            {
                find(view, kind, atom.value(), part.unwrap_or(How::Whole), each);
            }
        }
    }
}

/// Can this be a name whose last two labels are in the filter? Names that are not ASCII always can.
fn may_be_domain(view: &View, value: &str) -> bool {
    let name = value.strip_suffix('.').unwrap_or(value).as_bytes();
    !value.is_ascii() || view.may_hold(view.keyed().apex(crate::index::apex(name)))
}

fn address(view: &View, ip: IpAddr, part: Option<How>, each: &mut dyn FnMut(Match)) {
    let atom = Atom::address(ip);
    find(
        view,
        atom.kind(),
        atom.value(),
        part.unwrap_or(How::Whole),
        each,
    );
    let kind = if ip.is_ipv4() {
        Kind::Ipv4Net
    } else {
        Kind::Ipv6Net
    };
    view.nets_around(ip, |tag| {
        let how = part.unwrap_or(How::Within);
        each(Match { tag, kind, how });
    });
}

/// A normal name and every domain above it.
fn name(view: &View, name: &str, part: Option<How>, each: &mut dyn FnMut(Match)) {
    let mut rest = name;
    while rest.contains('.') {
        let hash = view.keyed().value(Kind::Domain, rest.as_bytes());
        let is_whole = rest.len() == name.len();
        if let Some(entry) = view.find(Kind::Domain, rest, hash)
            && (is_whole || !entry.only_itself)
        {
            let how = if is_whole { How::Whole } else { How::Below };
            each(Match {
                tag: entry.tag,
                kind: Kind::Domain,
                how: part.unwrap_or(how),
            });
        }
        let Some((_, above)) = rest.split_once('.') else {
            break;
        };
        rest = above;
    }
}

fn find(view: &View, kind: Kind, value: &str, how: How, each: &mut dyn FnMut(Match)) {
    let hash = view.keyed().value(kind, value.as_bytes());
    if let Some(entry) = view.find(kind, value, hash) {
        let tag = entry.tag;
        each(Match { tag, kind, how });
    }
}

/// Of these kinds, is one among those that only a field gives away?
pub(crate) fn wants_fields(kinds: KindSet) -> bool {
    kinds.has_unshaped()
}
