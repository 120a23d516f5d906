//! The index at work: a segment, and beside it a small delta that changes while others look. A
//! change is seen by every look that begins after it; nobody waits for anybody.

use std::collections::{HashMap, HashSet};
use std::net::IpAddr;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use super::filter::Filter;
use super::nets::{Nets, net_bytes};
use super::segment::{BuildError, Builder, Entry, Segment, apex, fingerprint};
use crate::keyed::Keyed;
use crate::kind::{Kind, KindSet};
use crate::normal::{Atom, split_net};

/// Keys that the delta's filter has room for; with more of them it passes more, and is still right.
const DELTA_KEYS: usize = 65_536;

/// The index, changed by one and looked at by many.
pub struct Live {
    keyed: Arc<Keyed>,
    view: RwLock<Arc<View>>,
    /// Held while something changes.
    change: Mutex<()>,
}

/// What one look sees: take one for each piece of telemetry.
pub struct View {
    segment: Arc<Segment>,
    delta: Delta,
}

struct Delta {
    filter: Filter,
    nets: Nets,
    /// Bits of the kinds that were added.
    kinds: AtomicU32,
    state: RwLock<State>,
}

#[derive(Clone, Default)]
struct State {
    added: HashMap<Atom, u32>,
    /// Tags of the segment that are no longer at work.
    removed: HashSet<u32>,
}

impl Live {
    /// With this segment to begin with.
    #[must_use]
    pub fn new(segment: Segment) -> Self {
        let keyed = Arc::clone(&segment.keyed);
        let view = View {
            segment: Arc::new(segment),
            delta: Delta::new(),
        };
        Self {
            keyed,
            view: RwLock::new(Arc::new(view)),
            change: Mutex::new(()),
        }
    }

    /// What is at work now.
    #[must_use]
    pub fn view(&self) -> Arc<View> {
        Arc::clone(&self.view.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn changing(&self) -> MutexGuard<'_, ()> {
        self.change.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Put an atom to work. The tag of an equal one that is already at work is given back, and
    /// nothing changes.
    pub fn add(&self, atom: &Atom, tag: u32) -> Option<u32> {
        let _changing = self.changing();
        let view = self.view();
        let hash = fingerprint(&self.keyed, atom.kind(), atom.value());
        if let Some(entry) = view.find(atom.kind(), atom.value(), hash) {
            return Some(entry.tag);
        }
        view.delta.add(&self.keyed, atom, tag);
        None
    }

    /// Take an atom out of work; its tag.
    pub fn remove(&self, atom: &Atom) -> Option<u32> {
        let _changing = self.changing();
        let view = self.view();
        let hash = fingerprint(&self.keyed, atom.kind(), atom.value());
        let tag = view.find(atom.kind(), atom.value(), hash)?.tag;
        let mut state = view.delta.change();
        if state.added.remove(atom).is_none() {
            state.removed.insert(tag);
        }
        Some(tag)
    }

    /// How many changes stand in the delta; above some thousands, [`Live::settle`] is due.
    #[must_use]
    pub fn pending(&self) -> usize {
        let view = self.view();
        let state = view.delta.look();
        state.added.len() + state.removed.len()
    }

    /// Make one segment of segment and delta. Looks go on meanwhile and see every change; changes
    /// wait only while the new segment takes its place.
    pub fn settle(&self) -> Result<(), BuildError> {
        self.settle_keeping(&|_| true)
    }

    /// The same, and leave out atoms whose tags the caller has no use for any more.
    pub fn settle_keeping(&self, wanted: &dyn Fn(u32) -> bool) -> Result<(), BuildError> {
        let before = self.view();
        let taken = before.delta.look().clone();
        let mut builder = Builder::new(Arc::clone(&self.keyed));
        let keep = |tag| !taken.removed.contains(&tag) && wanted(tag);
        before.segment.pour(&mut builder, keep)?;
        for (atom, tag) in taken.added.iter().filter(|(_, tag)| wanted(**tag)) {
            builder.add(atom, *tag)?;
        }
        let segment = builder.build();
        let _changing = self.changing();
        let view = View {
            segment: Arc::new(segment),
            delta: Delta::new(),
        };
        let now = before.delta.look().clone();
        {
            let mut state = view.delta.change();
            // What went since: from the old segment, or from what was just poured into the new.
            state.removed.extend(now.removed.difference(&taken.removed));
            let gone = taken
                .added
                .iter()
                .filter(|(atom, tag)| now.added.get(*atom) != Some(tag));
            state.removed.extend(gone.map(|(_, tag)| tag));
        }
        for (atom, tag) in now
            .added
            .iter()
            .filter(|(atom, tag)| taken.added.get(*atom) != Some(tag))
        {
            view.delta.add(&self.keyed, atom, *tag);
        }
        *self.view.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(view);
        Ok(())
    }
}

impl View {
    /// The key of all fingerprints.
    #[inline]
    pub(crate) fn keyed(&self) -> &Keyed {
        &self.segment.keyed
    }

    /// The segment, without what changed since it was made.
    #[must_use]
    pub fn segment(&self) -> &Segment {
        &self.segment
    }

    /// The kinds there are.
    #[must_use]
    pub fn kinds(&self) -> KindSet {
        let added = self.delta.kinds.load(Ordering::Acquire);
        let added = KindSet::from_bits(u16::try_from(added).unwrap_or(u16::MAX));
        self.segment.kinds.union(added)
    }

    /// May something with this fingerprint be here?
    #[inline]
    pub(crate) fn may_hold(&self, hash: u64) -> bool {
        self.segment.filter.may_hold(hash) || self.delta.filter.may_hold(hash)
    }

    /// The entry of this value, whose fingerprint is `hash`.
    pub(crate) fn find(&self, kind: Kind, value: &str, hash: u64) -> Option<Entry> {
        if !self.may_hold(hash) {
            return None;
        }
        let entry = self.segment.find(kind, value, hash);
        let state = self.delta.look();
        if state.added.is_empty() && state.removed.is_empty() {
            return entry;
        }
        let entry = entry.filter(|entry| !state.removed.contains(&entry.tag));
        entry.or_else(|| {
            let atom = Atom::observed(kind, value).ok()?;
            let tag = state.added.get(&atom)?;
            Some(Entry {
                tag: *tag,
                only_itself: atom.is_public_suffix(),
            })
        })
    }

    /// Could a block of addresses hold this address?
    #[inline]
    pub(crate) fn may_hold_net(&self, ip: IpAddr) -> bool {
        self.segment.nets.may_hold(ip) || self.delta.nets.may_hold(ip)
    }

    /// The blocks around an address that are here, longest prefix first.
    pub(crate) fn nets_around(&self, ip: IpAddr, mut each: impl FnMut(u32)) {
        if !self.may_hold_net(ip) {
            return;
        }
        let kind = if ip.is_ipv4() {
            Kind::Ipv4Net
        } else {
            Kind::Ipv6Net
        };
        let mut nets: Vec<(IpAddr, u8)> = self.segment.nets.around(ip).collect();
        nets.extend(self.delta.nets.around(ip));
        nets.sort_unstable_by_key(|(_, prefix)| std::cmp::Reverse(*prefix));
        nets.dedup();
        for (net, prefix) in nets {
            let (bytes, length) = net_bytes(net, prefix);
            let hash = self.keyed().value(kind, &bytes[..length]);
            if self.may_hold(hash)
                && let Some(entry) = self.find(kind, &format!("{net}/{prefix}"), hash)
            {
                each(entry.tag);
            }
        }
    }
}

impl Delta {
    fn new() -> Self {
        Self {
            filter: Filter::for_keys(DELTA_KEYS),
            nets: Nets::new(),
            kinds: AtomicU32::new(0),
            state: RwLock::default(),
        }
    }

    fn look(&self) -> std::sync::RwLockReadGuard<'_, State> {
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn change(&self) -> std::sync::RwLockWriteGuard<'_, State> {
        self.state.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// The entry first, then what leads to it.
    fn add(&self, keyed: &Keyed, atom: &Atom, tag: u32) {
        self.change().added.insert(atom.clone(), tag);
        let kind = KindSet::default().with(atom.kind()).bits();
        self.kinds.fetch_or(u32::from(kind), Ordering::Release);
        if matches!(atom.kind(), Kind::Ipv4Net | Kind::Ipv6Net)
            && let Some((ip, prefix)) = split_net(atom.value())
        {
            self.nets.add(ip, prefix);
        }
        self.filter
            .add(fingerprint(keyed, atom.kind(), atom.value()));
        if atom.kind() == Kind::Domain {
            self.filter.add(keyed.apex(apex(atom.value().as_bytes())));
        }
    }
}
