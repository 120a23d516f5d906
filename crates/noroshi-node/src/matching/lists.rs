//! Lists of what everybody uses, as data: who is on one is no threat by itself. Some hold an
//! indicator until a person looks; the others only explain a hit.
//!
//! The data is a selection of MISP's warning lists (`data/README.md`), packed into the program.

use std::io::Read;
use std::sync::{Arc, OnceLock};

use noroshi_match::{Atom, Builder, How, Keyed, Kind, Live, Unfit, View};

use super::own::block_holds;

const PACKED: &[u8] = include_bytes!("../../../../data/false-positives.txt.zst");
/// More than it unpacks to.
const UNPACKED_BYTES_MAX: u64 = 16 * 1024 * 1024;

/// One list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct List {
    /// Its name, as MISP has it.
    pub(crate) name: String,
    /// What it says of itself.
    pub(crate) title: String,
    /// Its version.
    pub(crate) version: String,
    /// Does an indicator that is on it wait for a person?
    holds: bool,
    /// Do its names stand for what is below them?
    is_below: bool,
}

/// All lists, ready to be asked.
pub(crate) struct Lists {
    lists: Vec<List>,
    /// Which lists each tag is on.
    on: Vec<Vec<u16>>,
    view: Arc<View>,
    /// Addresses on lists that hold, sorted.
    held_v4: Vec<u32>,
}

/// The lists that come with the program; unpacked when first asked for.
pub(crate) fn lists() -> &'static Lists {
    static LISTS: OnceLock<Lists> = OnceLock::new();
    LISTS.get_or_init(|| Lists::read(&unpacked()))
}

fn unpacked() -> String {
    let mut text = String::new();
    let decoder = zstd::stream::read::Decoder::new(PACKED)
        .expect("invariant: what comes with the program is packed as a test says");
    decoder
        .take(UNPACKED_BYTES_MAX)
        .read_to_string(&mut text)
        .expect("invariant: what comes with the program unpacks as a test says");
    text
}

impl Lists {
    fn read(text: &str) -> Self {
        // The key hides nothing here: the lists are public, and nobody chooses what is on them.
        let mut builder = Builder::new(Arc::new(Keyed::new(&[7; 32])));
        let mut tags = std::collections::HashMap::new();
        let (mut lists, mut on, mut held_v4): (Vec<List>, Vec<Vec<u16>>, _) =
            (Vec::new(), Vec::new(), Vec::new());
        for line in text.lines().skip(1) {
            if let Some(head) = line.strip_prefix("= ") {
                lists.extend(List::read(head));
                continue;
            }
            let (Some(list), Ok(atom)) = (lists.last(), Self::atom(line)) else {
                continue;
            };
            if list.holds
                && let Ok(ip) = atom.value().parse::<std::net::Ipv4Addr>()
            {
                held_v4.push(u32::from(ip));
            }
            let number = u16::try_from(lists.len() - 1).unwrap_or(u16::MAX);
            let next = u32::try_from(on.len()).unwrap_or(u32::MAX);
            let tag = *tags.entry(atom.clone()).or_insert(next);
            if tag == next {
                on.push(Vec::new());
                // A list has no room for what 4 GiB have none for: it is then not asked.
                let _ = builder.add(&atom, tag);
            }
            on[tag as usize].push(number);
        }
        held_v4.sort_unstable();
        let view = Live::new(builder.build()).view();
        Self {
            lists,
            on,
            view,
            held_v4,
        }
    }

    fn atom(line: &str) -> Result<Atom, Unfit> {
        match Atom::written(line)? {
            atom if atom.kind() == Kind::FileName => Atom::observed(Kind::Domain, line),
            atom => Ok(atom),
        }
    }

    /// Each list that this atom is on, or below an entry of.
    pub(crate) fn of(&self, atom: &Atom) -> Vec<&List> {
        let mut found: Vec<u16> = Vec::new();
        let block = match atom.kind() {
            // A block is where its first address is.
            Kind::Ipv4Net | Kind::Ipv6Net => atom.value().split_once('/'),
            _ => None,
        };
        let first = block
            .and_then(|(address, _)| address.parse().ok())
            .map(Atom::address);
        self.view
            .matches(first.as_ref().unwrap_or(atom), &mut |matched| {
                for number in &self.on[matched.tag as usize] {
                    let is_exact = matches!(matched.how, How::Whole | How::Within);
                    if is_exact || self.lists[usize::from(*number)].is_below {
                        found.push(*number);
                    }
                }
            });
        found.sort_unstable();
        found.dedup();
        found
            .iter()
            .map(|number| &self.lists[usize::from(*number)])
            .collect()
    }

    /// The list for which this atom waits for a person: it is an entry itself, or a block of
    /// addresses that has one in it, or a URL of nothing but such a name.
    pub(crate) fn holding(&self, atom: &Atom) -> Option<&List> {
        if atom.kind() == Kind::Ipv4Net {
            let first = first_of(atom);
            let next = self
                .held_v4
                .partition_point(|address| u128::from(*address) < first);
            let address = *self.held_v4.get(next)?;
            if !block_holds(atom, address) {
                return None;
            }
            return self.holding(&Atom::address(std::net::Ipv4Addr::from(address).into()));
        }
        let bare = match atom.kind() {
            Kind::Url => {
                let (_, rest) = atom.value().split_once("://")?;
                let host = rest.strip_suffix('/').unwrap_or(rest);
                Atom::observed(Kind::Domain, host).ok()
            }
            _ => None,
        };
        let mut held = None;
        self.view
            .matches(bare.as_ref().unwrap_or(atom), &mut |matched| {
                if matched.how == How::Whole {
                    let numbers = self.on[matched.tag as usize].iter();
                    let mut lists = numbers.map(|number| &self.lists[usize::from(*number)]);
                    held = held.or_else(|| lists.find(|list| list.holds));
                }
            });
        held
    }

    /// Every list.
    #[cfg(test)]
    pub(crate) fn all(&self) -> &[List] {
        &self.lists
    }
}

/// The first address of a block of IPv4 addresses, as a number.
fn first_of(atom: &Atom) -> u128 {
    let first = atom.value().split_once('/').map_or("", |(first, _)| first);
    let first: Result<std::net::Ipv4Addr, _> = first.parse();
    first.map_or(0, |ip| u128::from(u32::from(ip)))
}

impl List {
    /// `name hold|tell below|whole version title`
    fn read(head: &str) -> Option<Self> {
        let mut parts = head.splitn(5, ' ');
        Some(Self {
            name: parts.next()?.to_owned(),
            holds: parts.next()? == "hold",
            is_below: parts.next()? == "below",
            version: parts.next()?.to_owned(),
            title: parts.next()?.to_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use noroshi_match::Atom;

    use super::lists;

    fn names(text: &str) -> Vec<&'static str> {
        let atom = Atom::written(text).unwrap();
        let found = lists().of(&atom).into_iter();
        found.map(|list| list.name.as_str()).collect()
    }

    #[test]
    fn what_comes_with_the_program_is_read_whole() {
        assert_eq!(lists().all().len(), 46);
        assert!(names("8.8.8.8").contains(&"public-dns-v4"));
        assert!(names("google.com").contains(&"tranco10k"));
        assert!(names("bucket.google.com").contains(&"tranco10k"));
        assert_eq!(names("nobodys-own-name.example"), Vec::<&str>::new());
    }

    /// A name below one that everybody uses is not held: that is where phishing lives.
    #[test]
    fn only_entries_themselves_are_held() {
        let held = |text: &str| lists().holding(&Atom::written(text).unwrap()).is_some();
        assert!(held("google.com") && held("http://google.com/") && held("8.8.8.0/24"));
        assert!(!held("evil.google.com") && !held("http://google.com/evil"));
        assert!(!held("203.0.113.0/24"));
    }
}
