//! What must hold, whatever the road and the processes do. The checks keep a record of their own of
//! what was promised, which no fault of a node touches.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use noroshi_model::Digest;
use noroshi_seal::merkle::{Frontier, Hash};

/// An epoch of the year 2100: none of a run may come near it.
const EPOCH_MAX: u64 = 4_102_444_800 << 20;

/// A check's answer: what broke, in words.
pub(crate) type Found = Result<(), String>;

/// What one node has written for another.
#[derive(Clone, Default)]
pub(crate) struct Written {
    /// Leaf hash of each number.
    leaves: Vec<Hash>,
    tree: Frontier,
    /// The root when the log had one entry, two entries, and so on.
    roots: Vec<Hash>,
    voided: BTreeSet<u64>,
}

/// The record the checks keep. Directions are (from, to).
#[derive(Default)]
pub(crate) struct Truth {
    written: BTreeMap<(usize, usize), Written>,
    /// Every key and counter a frame was sealed with.
    nonces: HashSet<([u8; 32], u64)>,
    /// The last sending epoch of each direction.
    sending: BTreeMap<(usize, usize), u64>,
    /// The announcement accepted last: its manifest's serial and epoch, and its digest.
    accepted: BTreeMap<(usize, usize), ((u8, u64), Digest)>,
    /// Numbers applied durably.
    applied: BTreeMap<(usize, usize), BTreeSet<u64>>,
    /// Who made an item.
    origin: BTreeMap<Digest, usize>,
    /// Who has recalled an item.
    recalled: BTreeSet<(Digest, usize)>,
    /// Nodes that came back from a backup: what their links promise begins anew.
    restored: BTreeSet<usize>,
}

fn broken(text: impl Into<String>) -> Found {
    Err(text.into())
}

impl Truth {
    /// A node came back from an older state. As the protocol stands, nothing more is promised of
    /// its links than that no key and counter is used twice and that nobody is led astray.
    pub(crate) fn restored(&mut self, node: usize) {
        self.restored.insert(node);
    }

    /// Are both ends as they were, so that everything must arrive?
    pub(crate) fn promises(&self, from: usize, to: usize) -> bool {
        !self.restored.contains(&from) && !self.restored.contains(&to)
    }

    /// An entry was written into the log that `from` keeps for `to`.
    pub(crate) fn wrote(&mut self, from: usize, to: usize, number: u64, leaf: Hash) -> Found {
        let promised = self.promises(from, to);
        let log = self.written.entry((from, to)).or_default();
        if !promised {
            return Ok(());
        }
        if number != log.leaves.len() as u64 {
            return broken(format!("{from}>{to}: number {number} leaves a gap"));
        }
        log.leaves.push(leaf);
        log.tree.append(leaf);
        log.roots.push(log.tree.root());
        Ok(())
    }

    pub(crate) fn voided(&mut self, from: usize, to: usize, number: u64) {
        let log = self.written.entry((from, to)).or_default();
        log.voided.insert(number);
    }

    /// The content of an entry is about to leave.
    pub(crate) fn content_leaves(&self, from: usize, to: usize, number: u64) -> Found {
        match self.written.get(&(from, to)) {
            Some(log) if log.voided.contains(&number) && self.promises(from, to) => broken(
                format!("{from}>{to}: entry {number} leaves after it was voided"),
            ),
            _ => Ok(()),
        }
    }

    /// An epoch begins.
    pub(crate) fn began(&mut self, from: usize, to: usize, epoch: u64) -> Found {
        let last = self.sending.insert((from, to), epoch).unwrap_or(0);
        if epoch <= last && self.promises(from, to) {
            return broken(format!("{from}>{to}: epoch {epoch} begins after {last}"));
        }
        Ok(())
    }

    /// A frame is sealed.
    pub(crate) fn sealed(&mut self, key: [u8; 32], counter: u64) -> Found {
        if self.nonces.insert((key, counter)) {
            Ok(())
        } else {
            broken(format!("counter {counter} is used twice with one key"))
        }
    }

    /// An announcement is accepted. Under a newer manifest epochs begin where they like.
    pub(crate) fn accepted(
        &mut self,
        from: usize,
        to: usize,
        epoch: (u8, u64),
        digest: Digest,
    ) -> Found {
        if epoch.1 > EPOCH_MAX {
            return broken(format!(
                "{from}>{to}: epoch {} is ahead of all time",
                epoch.1
            ));
        }
        let last = self.accepted.insert((from, to), (epoch, digest));
        match last {
            Some((last, _)) if epoch < last => broken(format!(
                "{from}>{to}: epoch {epoch:?} accepted after {last:?}"
            )),
            Some((last, other)) if epoch == last && digest != other => broken(format!(
                "{from}>{to}: epoch {epoch:?} accepted with two keys"
            )),
            _ => Ok(()),
        }
    }

    /// The receiver goes back to an older state, and to what it had accepted then.
    pub(crate) fn forgets_accepted(&mut self, to: usize) {
        self.accepted.retain(|(_, at), _| *at != to);
    }

    /// An entry was applied, durably, for that time.
    pub(crate) fn applied(
        &mut self,
        from: usize,
        to: usize,
        number: u64,
        leaf: Hash,
        times: u32,
    ) -> Found {
        self.applied.entry((from, to)).or_default().insert(number);
        if !self.promises(from, to) {
            return Ok(());
        }
        let log = self.written.get(&(from, to));
        let index = usize::try_from(number).unwrap_or(usize::MAX);
        let known = log.and_then(|log| log.leaves.get(index));
        if known != Some(&leaf) {
            return broken(format!(
                "{from}>{to}: entry {number} is not what was written"
            ));
        }
        if times != 1 {
            return broken(format!("{from}>{to}: entry {number} applied {times} times"));
        }
        Ok(())
    }

    /// The sender takes an entry for acknowledged.
    pub(crate) fn acknowledged(&self, from: usize, to: usize, number: u64) -> Found {
        let applied = self.applied.get(&(from, to));
        let durable = applied.is_some_and(|numbers| numbers.contains(&number));
        if !durable && self.promises(from, to) {
            return broken(format!(
                "{from}>{to}: entry {number} acknowledged, not applied"
            ));
        }
        Ok(())
    }

    /// A void entry has no content to be applied.
    pub(crate) fn void_applied(
        &self,
        from: usize,
        to: usize,
        number: u64,
        as_content: bool,
    ) -> Found {
        let log = self.written.get(&(from, to));
        let is_void = log.is_some_and(|log| log.voided.contains(&number));
        if as_content {
            return broken(format!(
                "{from}>{to}: void entry {number} taken for content"
            ));
        }
        if !is_void && self.promises(from, to) {
            return broken(format!(
                "{from}>{to}: entry {number} is void to the receiver only"
            ));
        }
        Ok(())
    }

    /// The receiver's mirror has grown to that size.
    pub(crate) fn mirrored(&self, from: usize, to: usize, size: u64, root: Hash) -> Found {
        if size == 0 || !self.promises(from, to) {
            return Ok(());
        }
        let index = usize::try_from(size - 1).unwrap_or(usize::MAX);
        let log = self.written.get(&(from, to));
        match log.and_then(|log| log.roots.get(index)) {
            Some(known) if *known == root => Ok(()),
            _ => broken(format!("{from}>{to}: another root at size {size}")),
        }
    }

    pub(crate) fn made(&mut self, item: Digest, by: usize) {
        self.origin.insert(item, by);
    }

    pub(crate) fn origin(&self, item: &Digest) -> Option<usize> {
        self.origin.get(item).copied()
    }

    pub(crate) fn is_recalled(&self, item: &Digest, by: usize) -> bool {
        self.recalled.contains(&(*item, by))
    }

    pub(crate) fn recalled(&mut self, item: Digest, by: usize) {
        self.recalled.insert((item, by));
    }

    /// An item is destroyed at a node.
    pub(crate) fn destroyed(&self, item: &Digest) -> Found {
        match self.origin.get(item) {
            Some(by) if self.recalled.contains(&(*item, *by)) => Ok(()),
            _ => broken("an item was destroyed that its originator has not recalled"),
        }
    }

    /// Entries, most urgent first, that are sent now; and the most urgent that was left behind.
    pub(crate) fn ordered(sent: &[u8], left: Option<u8>) -> Found {
        if sent.windows(2).any(|two| two[0] > two[1]) {
            return broken("a less urgent entry goes before a more urgent one");
        }
        match (sent.last(), left) {
            (Some(last), Some(left)) if left < *last => {
                broken(format!("rank {last} goes while rank {left} waits"))
            }
            _ => Ok(()),
        }
    }
}
