//! A disk that keeps only what was synced: a file system in memory with two images, the one that
//! processes see and the one that a power cut leaves. It knows no kernel; `mount` shows it to one.
//!
//! As strict as POSIX allows: data are durable after an fsync of their file, a name after an fsync
//! of its folder. A cut leaves nothing that was not synced, or any part of it: whole pages, half
//! pages, a longer file with a hole, in whatever order.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::{OsStr, OsString};

use crate::chance::Chance;

/// Bytes of a page: what a disk takes or loses as one.
const PAGE: usize = 4096;
/// Bytes of a sector: what a torn page is torn at.
const SECTOR: usize = 512;
/// The root folder.
pub(crate) const ROOT: u64 = 1;

/// What a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Folder,
    File,
    Socket,
}

/// Files and folders by number.
#[derive(Clone, Debug)]
pub(crate) struct Disk {
    nodes: BTreeMap<u64, Inode>,
    next: u64,
}

#[derive(Clone, Debug)]
pub(crate) struct Inode {
    pub(crate) kind: Kind,
    /// Permission bits; durable at once, because no promise rests on them.
    pub(crate) mode: u16,
    /// Do calls that change it count?
    pub(crate) counted: bool,
    pub(crate) bytes: Vec<u8>,
    synced_bytes: Vec<u8>,
    /// Pages in which the two images may differ.
    dirty: BTreeSet<usize>,
    pub(crate) names: BTreeMap<OsString, u64>,
    synced_names: BTreeMap<OsString, u64>,
}

impl Inode {
    fn new(kind: Kind, mode: u16) -> Self {
        Self {
            kind,
            mode,
            counted: true,
            bytes: Vec::new(),
            synced_bytes: Vec::new(),
            dirty: BTreeSet::new(),
            names: BTreeMap::new(),
            synced_names: BTreeMap::new(),
        }
    }

    /// What was written is taken for durable, and is not.
    pub(crate) fn forget_dirty(&mut self) {
        self.dirty.clear();
    }

    fn touch(&mut self, from: usize, to: usize) {
        self.dirty.extend(from / PAGE..to.div_ceil(PAGE));
    }

    fn sync(&mut self) {
        self.synced_bytes.resize(self.bytes.len(), 0);
        for page in std::mem::take(&mut self.dirty) {
            let range = page_range(page, self.bytes.len());
            self.synced_bytes[range.clone()].copy_from_slice(&self.bytes[range]);
        }
        self.synced_names.clone_from(&self.names);
    }
}

fn page_range(page: usize, length: usize) -> core::ops::Range<usize> {
    (page * PAGE).min(length)..((page + 1) * PAGE).min(length)
}

/// What of the unsynced a power cut leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Remains {
    /// Nothing.
    Nothing,
    /// Whatever chance left of it.
    Parts,
}

impl Disk {
    /// An empty one.
    pub(crate) fn new() -> Self {
        Self {
            nodes: BTreeMap::from([(ROOT, Inode::new(Kind::Folder, 0o700))]),
            next: ROOT + 1,
        }
    }

    pub(crate) fn inode(&self, number: u64) -> Option<&Inode> {
        self.nodes.get(&number)
    }

    pub(crate) fn inode_mut(&mut self, number: u64) -> Option<&mut Inode> {
        self.nodes.get_mut(&number)
    }

    pub(crate) fn find(&self, folder: u64, name: &OsStr) -> Option<u64> {
        self.nodes.get(&folder)?.names.get(name).copied()
    }

    /// A new file or folder under that name; `None` where the folder is none.
    pub(crate) fn make(&mut self, folder: u64, name: &OsStr, kind: Kind, mode: u16) -> Option<u64> {
        let number = self.next;
        self.nodes
            .get_mut(&folder)?
            .names
            .insert(name.to_owned(), number);
        self.nodes.insert(number, Inode::new(kind, mode));
        self.next += 1;
        Some(number)
    }

    /// Take a name away; the file stays as long as somebody has it open or a cut brings it back.
    pub(crate) fn unlink(&mut self, folder: u64, name: &OsStr) -> Option<u64> {
        self.nodes.get_mut(&folder)?.names.remove(name)
    }

    /// Move a name, over another where there is one.
    pub(crate) fn rename(&mut self, from: (u64, &OsStr), to: (u64, &OsStr)) -> Option<()> {
        let number = self.unlink(from.0, from.1)?;
        let folder = self.nodes.get_mut(&to.0)?;
        folder.names.insert(to.1.to_owned(), number);
        Some(())
    }

    pub(crate) fn write(&mut self, number: u64, at: u64, bytes: &[u8]) -> Option<()> {
        let inode = self.nodes.get_mut(&number)?;
        let at = usize::try_from(at).ok()?;
        let end = at.checked_add(bytes.len())?;
        let before = inode.bytes.len();
        if end > before {
            inode.bytes.resize(end, 0);
            inode.touch(before, end);
        }
        inode.bytes[at..end].copy_from_slice(bytes);
        inode.touch(at, end);
        Some(())
    }

    pub(crate) fn resize(&mut self, number: u64, length: u64) -> Option<()> {
        let inode = self.nodes.get_mut(&number)?;
        let length = usize::try_from(length).ok()?;
        let before = inode.bytes.len();
        inode.bytes.resize(length, 0);
        inode.touch(before.min(length), before.max(length));
        Some(())
    }

    /// The file's bytes, or the folder's names, are durable when this returns.
    pub(crate) fn sync(&mut self, number: u64) {
        if let Some(inode) = self.nodes.get_mut(&number) {
            inode.sync();
        }
    }

    /// Everything is durable.
    #[cfg(test)]
    pub(crate) fn sync_all(&mut self) {
        self.nodes.values_mut().for_each(Inode::sync);
    }

    /// All bytes of all files, for a disk that is full at some size.
    pub(crate) fn used(&self) -> u64 {
        self.nodes
            .values()
            .map(|inode| inode.bytes.len() as u64)
            .sum()
    }

    /// The disk after the power is back.
    pub(crate) fn after_cut(&self, remains: Remains, chance: &mut Chance) -> Self {
        let mut left = self.clone();
        for inode in left.nodes.values_mut() {
            match remains {
                Remains::Nothing => lose_all(inode),
                Remains::Parts => lose_parts(inode, chance),
            }
            inode.sync();
        }
        left
    }
}

fn lose_all(inode: &mut Inode) {
    inode.bytes.clone_from(&inode.synced_bytes);
    inode.names.clone_from(&inode.synced_names);
}

/// Every page, and the file's length, and the folder's names, each arrived or did not.
fn lose_parts(inode: &mut Inode, chance: &mut Chance) {
    if chance.below(2) == 0 {
        inode.names.clone_from(&inode.synced_names);
    }
    let seen = std::mem::replace(&mut inode.bytes, inode.synced_bytes.clone());
    if chance.below(2) == 0 {
        inode.bytes.resize(seen.len(), 0);
    }
    for page in &inode.dirty {
        let range = page_range(*page, seen.len().min(inode.bytes.len()));
        let whole = chance.below(3);
        for sector in (range.start..range.end).step_by(SECTOR) {
            let end = (sector + SECTOR).min(range.end);
            // A third of the pages arrive, a third do not, a third are torn.
            if whole == 0 || (whole == 1 && chance.below(2) == 0) {
                inode.bytes[sector..end].copy_from_slice(&seen[sector..end]);
            }
        }
    }
    // What is now there is what is durable: every page may differ from before.
    let length = inode.bytes.len().max(inode.synced_bytes.len());
    inode.touch(0, length);
}

#[cfg(test)]
mod tests {
    use super::{Disk, Kind, ROOT, Remains};
    use crate::chance::Chance;

    fn cut(disk: &Disk) -> Disk {
        disk.after_cut(Remains::Nothing, &mut Chance::new(1))
    }

    #[test]
    fn a_name_needs_its_folder_synced_and_bytes_their_file() {
        let mut disk = Disk::new();
        let file = disk.make(ROOT, "a".as_ref(), Kind::File, 0o600).unwrap();
        disk.write(file, 0, b"first").unwrap();
        disk.sync(file);
        assert_eq!(
            cut(&disk).find(ROOT, "a".as_ref()),
            None,
            "the name is not durable"
        );
        disk.sync(ROOT);
        disk.write(file, 0, b"other").unwrap();
        let left = cut(&disk);
        assert_eq!(left.find(ROOT, "a".as_ref()), Some(file));
        assert_eq!(left.inode(file).unwrap().bytes, b"first");
        disk.sync(file);
        assert_eq!(cut(&disk).inode(file).unwrap().bytes, b"other");
    }

    #[test]
    fn a_rename_and_an_unlink_come_back_unless_the_folder_was_synced() {
        let mut disk = Disk::new();
        let old = disk.make(ROOT, "old".as_ref(), Kind::File, 0o600).unwrap();
        disk.sync(ROOT);
        disk.rename((ROOT, "old".as_ref()), (ROOT, "new".as_ref()))
            .unwrap();
        assert_eq!(cut(&disk).find(ROOT, "old".as_ref()), Some(old));
        disk.sync(ROOT);
        assert_eq!(cut(&disk).find(ROOT, "new".as_ref()), Some(old));
        disk.unlink(ROOT, "new".as_ref()).unwrap();
        assert_eq!(cut(&disk).find(ROOT, "new".as_ref()), Some(old));
    }

    #[test]
    fn a_file_made_longer_or_shorter_is_so_after_the_sync_only() {
        let mut disk = Disk::new();
        let file = disk.make(ROOT, "a".as_ref(), Kind::File, 0o600).unwrap();
        disk.write(file, 0, &[7; 10_000]).unwrap();
        disk.sync_all();
        disk.resize(file, 100).unwrap();
        assert_eq!(cut(&disk).inode(file).unwrap().bytes, [7; 10_000]);
        disk.write(file, 5_000, b"x").unwrap();
        disk.sync(file);
        let left = cut(&disk);
        let bytes = &left.inode(file).unwrap().bytes;
        assert_eq!(
            (bytes.len(), bytes[99], bytes[100], bytes[5_000]),
            (5_001, 7, 0, b'x')
        );
    }

    #[test]
    fn what_chance_leaves_is_of_the_old_or_of_the_new_and_the_synced_is_whole() {
        for seed in 0..200 {
            let mut disk = Disk::new();
            let file = disk.make(ROOT, "a".as_ref(), Kind::File, 0o600).unwrap();
            disk.write(file, 0, &[1; 9_000]).unwrap();
            disk.sync_all();
            disk.write(file, 4_096, &[2; 9_000]).unwrap();
            let left = disk.after_cut(Remains::Parts, &mut Chance::new(seed));
            let bytes = &left.inode(file).unwrap().bytes;
            assert!(bytes[..4_096].iter().all(|byte| *byte == 1));
            assert!(bytes[4_096..9_000].iter().all(|byte| matches!(byte, 1 | 2)));
            assert!(bytes[9_000..].iter().all(|byte| matches!(byte, 0 | 2)));
            assert!(matches!(bytes.len(), 9_000 | 13_096));
        }
    }
}
