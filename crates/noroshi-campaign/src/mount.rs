//! Shows a [`Disk`] to the kernel as a mounted file system (FUSE), counts the calls that change it,
//! and makes one of them fail or the last one before the power goes.

use std::ffi::OsStr;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::mpsc::Sender;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result};
use fuser::{
    BackgroundSession, Config, Errno, FileAttr, FileHandle, FileType, Filesystem, FopenFlags,
    Generation, INodeNo, LockOwner, MountOption, OpenFlags, RenameFlags, ReplyAttr, ReplyCreate,
    ReplyData, ReplyDirectory, ReplyEmpty, ReplyEntry, ReplyStatfs, ReplyWrite, Request, TimeOrNow,
    WriteFlags,
};

use crate::chance::Chance;
use crate::disk::{Disk, Inode, Kind, ROOT, Remains};
use crate::victim::Happened;

/// How long the kernel may trust what it was told: nobody else changes the disk.
const TTL: Duration = Duration::from_secs(600);
/// The bit pattern of a socket among the file types of `mknod`.
const SOCKET: u32 = 0o140_000;
const FILE_TYPES: u32 = 0o170_000;

/// What is to happen to the disk.
#[derive(Clone, Debug, Default)]
pub(crate) enum Plan {
    #[default]
    Nothing,
    /// The power goes at that call, which does nothing any more; who waits is told.
    CutAt(u64, Sender<Happened>),
    /// That call fails, and the ones after it too where the fault lasts.
    FailAt {
        call: u64,
        errno: Fault,
        lasts: bool,
    },
    /// The disk takes so many bytes and no more.
    FullAt(u64),
}

/// How a call fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The medium does not answer.
    Io,
    /// The disk is full.
    Full,
}

#[derive(Default)]
struct Power {
    /// The power is gone: nothing changes the disk any more.
    is_off: bool,
    /// Those who wait in a call may go.
    released: bool,
}

struct State {
    disk: Disk,
    plan: Plan,
    calls: u64,
    struck: u64,
    power: Power,
}

struct Shared {
    state: Mutex<State>,
    released: Condvar,
    owner: (u32, u32),
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Before a call that changes the disk: may it?
    fn change(&self, grows_to: Option<u64>) -> Result<MutexGuard<'_, State>, Errno> {
        let mut state = self.lock();
        if state.power.is_off {
            return Err(Errno::EIO);
        }
        state.calls += 1;
        let calls = state.calls;
        match state.plan.clone() {
            Plan::CutAt(call, told) if calls == call => {
                state.power.is_off = true;
                state.struck += 1;
                // Who waits may be gone: then nobody needs to be told.
                let _ = told.send(Happened::Struck);
                // From here on no process learns anything: it is killed while it waits.
                while !state.power.released {
                    state = self
                        .released
                        .wait(state)
                        .unwrap_or_else(PoisonError::into_inner);
                }
                Err(Errno::EIO)
            }
            Plan::FailAt { call, errno, lasts } if calls == call || (lasts && calls > call) => {
                state.struck += 1;
                Err(match errno {
                    Fault::Io => Errno::EIO,
                    Fault::Full => Errno::ENOSPC,
                })
            }
            Plan::FullAt(bytes)
                if grows_to.is_some_and(|more| state.disk.used() + more > bytes) =>
            {
                state.struck += 1;
                Err(Errno::ENOSPC)
            }
            _ => Ok(state),
        }
    }

    fn attr(&self, number: u64, inode: &Inode) -> FileAttr {
        let size = inode.bytes.len() as u64;
        FileAttr {
            ino: INodeNo(number),
            size,
            blocks: size.div_ceil(512),
            atime: UNIX_EPOCH,
            mtime: UNIX_EPOCH,
            ctime: UNIX_EPOCH,
            crtime: UNIX_EPOCH,
            kind: file_type(inode.kind),
            perm: inode.mode,
            nlink: 1,
            uid: self.owner.0,
            gid: self.owner.1,
            rdev: 0,
            blksize: 4096,
            flags: 0,
        }
    }
}

fn file_type(kind: Kind) -> FileType {
    match kind {
        Kind::Folder => FileType::Directory,
        Kind::File => FileType::RegularFile,
        Kind::Socket => FileType::Socket,
    }
}

fn mode_bits(mode: u32) -> u16 {
    u16::try_from(mode & 0o7777).unwrap_or(0o600)
}

/// The index of the write-ahead log is shared memory: its pages are written whenever the kernel
/// likes, no promise rests on them, and they would make the count of calls a matter of chance.
fn is_counted(name: &OsStr) -> bool {
    !name.to_string_lossy().ends_with("-shm")
}

struct Handler(Arc<Shared>);

impl Handler {
    fn number(&self, folder: INodeNo, name: &OsStr) -> Result<(u64, FileAttr), Errno> {
        let state = self.0.lock();
        let number = state.disk.find(folder.0, name).ok_or(Errno::ENOENT)?;
        let inode = state.disk.inode(number).ok_or(Errno::ENOENT)?;
        Ok((number, self.0.attr(number, inode)))
    }

    fn make(
        &self,
        folder: INodeNo,
        name: &OsStr,
        kind: Kind,
        mode: u32,
    ) -> Result<FileAttr, Errno> {
        let mut state = if is_counted(name) {
            self.0.change(None)?
        } else {
            self.0.lock()
        };
        let made = state.disk.make(folder.0, name, kind, mode_bits(mode));
        let number = made.ok_or(Errno::ENOENT)?;
        let inode = state.disk.inode_mut(number).ok_or(Errno::ENOENT)?;
        inode.counted = is_counted(name);
        Ok(self.0.attr(number, inode))
    }

    /// The state, ready for a change to that file.
    fn file(&self, number: u64, grows: u64) -> Result<MutexGuard<'_, State>, Errno> {
        let counted = self
            .0
            .lock()
            .disk
            .inode(number)
            .is_some_and(|inode| inode.counted);
        if counted {
            self.0.change(Some(grows))
        } else {
            Ok(self.0.lock())
        }
    }

    fn remove(&self, folder: INodeNo, name: &OsStr) -> Result<(), Errno> {
        let mut state = if is_counted(name) {
            self.0.change(None)?
        } else {
            self.0.lock()
        };
        let number = state.disk.find(folder.0, name).ok_or(Errno::ENOENT)?;
        if state
            .disk
            .inode(number)
            .is_some_and(|inode| !inode.names.is_empty())
        {
            return Err(Errno::ENOTEMPTY);
        }
        state
            .disk
            .unlink(folder.0, name)
            .map(|_| ())
            .ok_or(Errno::ENOENT)
    }

    /// After a sync that failed the kernel takes the pages for written: a later sync says nothing
    /// of them. The worst a system does (PostgreSQL met it in 2018) is what is done here.
    fn sync(&self, number: u64) -> Result<(), Errno> {
        match self.file(number, 0) {
            Ok(mut state) => {
                state.disk.sync(number);
                Ok(())
            }
            Err(error) => {
                let mut state = self.0.lock();
                if !state.power.is_off
                    && let Some(inode) = state.disk.inode_mut(number)
                {
                    inode.forget_dirty();
                }
                Err(error)
            }
        }
    }
}

/// Answer with what was done, or with its error.
macro_rules! answer {
    ($reply:ident, $outcome:expr, $ok:ident => $done:expr) => {
        match $outcome {
            Ok($ok) => $done,
            Err(error) => $reply.error(error),
        }
    };
}

impl Filesystem for Handler {
    fn lookup(&self, _: &Request, parent: INodeNo, name: &OsStr, reply: ReplyEntry) {
        answer!(reply, self.number(parent, name), found =>
            reply.entry(&TTL, &found.1, Generation(0)));
    }

    fn getattr(&self, _: &Request, ino: INodeNo, _: Option<FileHandle>, reply: ReplyAttr) {
        let state = self.0.lock();
        match state.disk.inode(ino.0) {
            Some(inode) => reply.attr(&TTL, &self.0.attr(ino.0, inode)),
            None => reply.error(Errno::ENOENT),
        }
    }

    fn setattr(
        &self,
        _: &Request,
        ino: INodeNo,
        mode: Option<u32>,
        _: Option<u32>,
        _: Option<u32>,
        size: Option<u64>,
        _: Option<TimeOrNow>,
        _: Option<TimeOrNow>,
        _: Option<SystemTime>,
        _: Option<FileHandle>,
        _: Option<SystemTime>,
        _: Option<SystemTime>,
        _: Option<SystemTime>,
        _: Option<fuser::BsdFileFlags>,
        reply: ReplyAttr,
    ) {
        let outcome = (|| {
            if let Some(size) = size {
                let mut state = self.file(ino.0, 0)?;
                state.disk.resize(ino.0, size).ok_or(Errno::ENOENT)?;
            }
            let mut state = self.0.lock();
            let inode = state.disk.inode_mut(ino.0).ok_or(Errno::ENOENT)?;
            if let Some(mode) = mode {
                inode.mode = mode_bits(mode);
            }
            Ok(self.0.attr(ino.0, inode))
        })();
        answer!(reply, outcome, attr => reply.attr(&TTL, &attr));
    }

    fn mknod(
        &self,
        _: &Request,
        parent: INodeNo,
        name: &OsStr,
        mode: u32,
        _: u32,
        _: u32,
        reply: ReplyEntry,
    ) {
        let kind = if mode & FILE_TYPES == SOCKET {
            Kind::Socket
        } else {
            Kind::File
        };
        answer!(reply, self.make(parent, name, kind, mode), attr =>
            reply.entry(&TTL, &attr, Generation(0)));
    }

    fn mkdir(
        &self,
        _: &Request,
        parent: INodeNo,
        name: &OsStr,
        mode: u32,
        _: u32,
        reply: ReplyEntry,
    ) {
        answer!(reply, self.make(parent, name, Kind::Folder, mode), attr =>
            reply.entry(&TTL, &attr, Generation(0)));
    }

    fn unlink(&self, _: &Request, parent: INodeNo, name: &OsStr, reply: ReplyEmpty) {
        answer!(reply, self.remove(parent, name), done => { let () = done; reply.ok() });
    }

    fn rmdir(&self, _: &Request, parent: INodeNo, name: &OsStr, reply: ReplyEmpty) {
        answer!(reply, self.remove(parent, name), done => { let () = done; reply.ok() });
    }

    fn rename(
        &self,
        _: &Request,
        parent: INodeNo,
        name: &OsStr,
        newparent: INodeNo,
        newname: &OsStr,
        _: RenameFlags,
        reply: ReplyEmpty,
    ) {
        let outcome = self.0.change(None).and_then(|mut state| {
            let moved = state.disk.rename((parent.0, name), (newparent.0, newname));
            moved.ok_or(Errno::ENOENT)
        });
        answer!(reply, outcome, done => { let () = done; reply.ok() });
    }

    fn read(
        &self,
        _: &Request,
        ino: INodeNo,
        _: FileHandle,
        offset: u64,
        size: u32,
        _: OpenFlags,
        _: Option<LockOwner>,
        reply: ReplyData,
    ) {
        let state = self.0.lock();
        let Some(inode) = state.disk.inode(ino.0) else {
            return reply.error(Errno::ENOENT);
        };
        let length = inode.bytes.len();
        let from = usize::try_from(offset).unwrap_or(length).min(length);
        let to = from.saturating_add(size as usize).min(length);
        reply.data(&inode.bytes[from..to]);
    }

    fn write(
        &self,
        _: &Request,
        ino: INodeNo,
        _: FileHandle,
        offset: u64,
        data: &[u8],
        _: WriteFlags,
        _: OpenFlags,
        _: Option<LockOwner>,
        reply: ReplyWrite,
    ) {
        let outcome = self.file(ino.0, data.len() as u64).and_then(|mut state| {
            let written = state.disk.write(ino.0, offset, data);
            written.ok_or(Errno::ENOENT)
        });
        let size = u32::try_from(data.len()).unwrap_or(u32::MAX);
        answer!(reply, outcome, done => { let () = done; reply.written(size) });
    }

    fn fsync(&self, _: &Request, ino: INodeNo, _: FileHandle, _: bool, reply: ReplyEmpty) {
        answer!(reply, self.sync(ino.0), done => { let () = done; reply.ok() });
    }

    fn fsyncdir(&self, _: &Request, ino: INodeNo, _: FileHandle, _: bool, reply: ReplyEmpty) {
        answer!(reply, self.sync(ino.0), done => { let () = done; reply.ok() });
    }

    fn readdir(
        &self,
        _: &Request,
        ino: INodeNo,
        _: FileHandle,
        offset: u64,
        mut reply: ReplyDirectory,
    ) {
        let state = self.0.lock();
        let Some(folder) = state.disk.inode(ino.0) else {
            return reply.error(Errno::ENOENT);
        };
        let from = usize::try_from(offset).unwrap_or(usize::MAX);
        for (place, (name, number)) in folder.names.iter().enumerate().skip(from) {
            let kind = state
                .disk
                .inode(*number)
                .map_or(Kind::File, |inode| inode.kind);
            if reply.add(INodeNo(*number), place as u64 + 1, file_type(kind), name) {
                break;
            }
        }
        reply.ok();
    }

    fn create(
        &self,
        _: &Request,
        parent: INodeNo,
        name: &OsStr,
        mode: u32,
        _: u32,
        _: i32,
        reply: ReplyCreate,
    ) {
        answer!(reply, self.make(parent, name, Kind::File, mode), attr =>
            reply.created(&TTL, &attr, Generation(0), FileHandle(0), FopenFlags::empty()));
    }

    fn statfs(&self, _: &Request, _: INodeNo, reply: ReplyStatfs) {
        reply.statfs(1 << 20, 1 << 19, 1 << 19, 1 << 20, 1 << 19, 4096, 255, 4096);
    }
}

/// A disk in use at a place in the file system.
pub(crate) struct Mounted {
    session: Option<BackgroundSession>,
    shared: Arc<Shared>,
    place: PathBuf,
}

impl Mounted {
    /// Show an empty disk at an empty folder.
    ///
    /// Needs `/dev/fuse` and the right to mount: root, or a user namespace that has it.
    pub(crate) fn new(place: &Path) -> Result<Self> {
        std::fs::create_dir_all(place)?;
        let meta = std::fs::metadata(place)?;
        Self::show(Disk::new(), place, (meta.uid(), meta.gid()))
    }

    fn show(disk: Disk, place: &Path, owner: (u32, u32)) -> Result<Self> {
        let shared = Arc::new(Shared {
            state: Mutex::new(State {
                disk,
                plan: Plan::Nothing,
                calls: 0,
                struck: 0,
                power: Power::default(),
            }),
            released: Condvar::new(),
            owner,
        });
        let mut options = Config::default();
        options.mount_options = vec![MountOption::FSName("noroshi-campaign".to_owned())];
        let session = fuser::spawn_mount(Handler(Arc::clone(&shared)), place, &options)
            .with_context(|| format!("cannot mount a file system at {}", place.display()))?;
        Ok(Self {
            session: Some(session),
            shared,
            place: place.to_path_buf(),
        })
    }

    /// From now on count calls anew and do this.
    pub(crate) fn arm(&self, plan: Plan) {
        let mut state = self.shared.lock();
        state.plan = plan;
        state.calls = 0;
        state.struck = 0;
    }

    /// Calls that changed the disk, and how many were struck, since it was armed.
    pub(crate) fn calls(&self) -> (u64, u64) {
        let state = self.shared.lock();
        (state.calls, state.struck)
    }

    /// Bytes of all files.
    pub(crate) fn used(&self) -> u64 {
        self.shared.lock().disk.used()
    }

    /// Let those who wait in a call go. Call it when they cannot do anything any more.
    pub(crate) fn release(&self) {
        self.shared.lock().power.released = true;
        self.shared.released.notify_all();
    }

    /// The power goes, if it has not gone, and comes back.
    pub(crate) fn power_cycle(&mut self, remains: Remains, chance: &mut Chance) -> Result<()> {
        {
            let mut state = self.shared.lock();
            state.power.is_off = true;
            state.power.released = true;
        }
        self.shared.released.notify_all();
        self.unmount()?;
        let left = self.shared.lock().disk.after_cut(remains, chance);
        *self = Self::show(left, &self.place.clone(), self.shared.owner)?;
        Ok(())
    }

    fn unmount(&mut self) -> Result<()> {
        match self.session.take() {
            Some(session) => session
                .umount_and_join()
                .with_context(|| format!("cannot unmount {}", self.place.display())),
            None => Ok(()),
        }
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        self.release();
        // A folder that stays mounted is seen by the next run, which refuses an occupied folder.
        let _ = self.unmount();
    }
}

/// The root's own number, as the kernel knows it.
const _: () = assert!(ROOT == INodeNo::ROOT.0);
