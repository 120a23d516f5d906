//! Files that grow, are rotated, cut or replaced: what `tail -F` does, for one file or a folder.
//!
//! The system tells when something in the folder changes; where it does not (a share on the
//! network), a look every half a second does. A file is known by its number on the disk: under a
//! new number the old one is read to its end first, then the new one from its beginning.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use noroshi_match::HEAD_BYTES;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use serde::{Deserialize, Serialize};

use super::feed::{Feed, Format, Tally};
use super::files::{Packing, packing};
use crate::command::Failure;
use crate::home::in_folder;
use crate::node::Node;
use crate::sink::Sink;

/// Bytes that are read at once.
const PIECE_BYTES: usize = 1 << 20;
/// Pieces of one file before the others have their turn.
const TURN_PIECES: usize = 16;
/// Most files of a folder that are followed.
const FILES_MAX: usize = 1024;
/// Longest wait for a change, before it is looked anyway.
const WAIT: Timespec = Timespec {
    tv_sec: 0,
    tv_nsec: 500_000_000,
};

/// How far a file was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Place {
    /// The file's number on the disk.
    pub(super) inode: u64,
    /// Up to here in whole lines.
    pub(super) offset: u64,
}

/// Followed files of one source.
pub(super) struct Follower {
    path: PathBuf,
    source: String,
    format: Format,
    files: BTreeMap<PathBuf, Tail>,
    known: BTreeMap<PathBuf, Place>,
    notices: Notices,
    piece: Vec<u8>,
    /// What files that are gone came to.
    past: Tally,
}

struct Tail {
    file: File,
    inode: u64,
    offset: u64,
    feed: Feed,
}

impl Follower {
    /// Follow a file, which need not be there yet, or the files of a folder; those that are known
    /// go on at their places.
    pub(super) fn new(
        path: &Path,
        source: &str,
        format: Format,
        known: BTreeMap<PathBuf, Place>,
    ) -> Self {
        let folder = if path.is_dir() {
            path
        } else {
            path.parent().unwrap_or(path)
        };
        Self {
            path: path.to_owned(),
            source: source.to_owned(),
            format,
            files: BTreeMap::new(),
            known,
            notices: Notices::of(folder),
            piece: vec![0; PIECE_BYTES],
            past: Tally::default(),
        }
    }

    /// How far each file was read.
    pub(super) fn places(&self) -> BTreeMap<PathBuf, Place> {
        let place = |tail: &Tail| Place {
            inode: tail.inode,
            offset: tail.feed.at(),
        };
        let files = self.files.iter();
        files
            .map(|(path, tail)| (path.clone(), place(tail)))
            .collect()
    }

    /// What came of all files.
    pub(super) fn tally(&self) -> Tally {
        let mut tally = self.past;
        for tail in self.files.values() {
            tally.add(&tail.feed.tally());
        }
        tally
    }

    /// The format of the first file that has one.
    pub(super) fn format(&self) -> Option<String> {
        let mut files = self.files.values();
        files.find_map(|tail| tail.feed.format().map(str::to_owned))
    }

    /// Read what is there. `Some(true)`: all of it; `Some(false)`: there is more; none: whoever
    /// watches has gone.
    pub(super) fn round(
        &mut self,
        node: &Node,
        sink: &mut dyn Sink,
    ) -> Result<Option<bool>, Failure> {
        let mut is_all = true;
        for path in self.paths() {
            let mut pieces = 0;
            loop {
                match self.read(node, &path, sink)? {
                    Step::Gone => return Ok(None),
                    Step::Nothing => break,
                    Step::Read => pieces += 1,
                }
                if pieces == TURN_PIECES {
                    is_all = false;
                    break;
                }
            }
        }
        Ok(Some(is_all))
    }

    /// Wait until something may have changed.
    pub(super) fn wait(&mut self) {
        self.notices.wait();
    }

    fn paths(&self) -> Vec<PathBuf> {
        if !self.path.is_dir() {
            return vec![self.path.clone()];
        }
        let is_fit = |path: &PathBuf| {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            path.is_file() && !name.starts_with('.')
        };
        let files = in_folder(&self.path).into_iter().filter(is_fit);
        files.take(FILES_MAX).collect()
    }

    /// Read a piece of this file, or go over to the one that took its place.
    fn read(&mut self, node: &Node, path: &Path, sink: &mut dyn Sink) -> Result<Step, Failure> {
        if !self.files.contains_key(path) {
            // A file that is not there yet, or packed by a rotation, is not read.
            let Ok(Packing::Plain) = packing(path) else {
                return Ok(Step::Nothing);
            };
            let Some(tail) = self.open(node, path, sink)? else {
                return Ok(Step::Nothing);
            };
            self.files.insert(path.to_owned(), tail);
        }
        let Some(tail) = self.files.get_mut(path) else {
            return Ok(Step::Nothing);
        };
        match tail.file.read(&mut self.piece) {
            Ok(0) | Err(_) => {}
            Ok(count) => {
                tail.offset += count as u64;
                let is_watched = tail.feed.take(node, &self.piece[..count], sink)?;
                return Ok(if is_watched { Step::Read } else { Step::Gone });
            }
        }
        let now = std::fs::metadata(path).ok();
        let length = tail.file.metadata().map_or(0, |meta| meta.len());
        let is_cut = length < tail.offset;
        let is_other = now.as_ref().is_some_and(|meta| meta.ino() != tail.inode);
        if is_cut || is_other {
            // What was rotated away is read: its last line may lack its end.
            tail.feed.end(node, sink)?;
            if let Some(tail) = self.files.remove(path) {
                self.past.add(&tail.feed.tally());
            }
            self.known.remove(path);
            return Ok(Step::Read);
        }
        Ok(Step::Nothing)
    }

    fn open(&self, node: &Node, path: &Path, sink: &mut dyn Sink) -> Result<Option<Tail>, Failure> {
        let Ok(mut file) = File::open(path) else {
            return Ok(None);
        };
        let Ok(meta) = file.metadata() else {
            return Ok(None);
        };
        let shown = path.display().to_string();
        let mut feed = Feed::new(node, &self.source, &shown, self.format.clone())?;
        let place = self.known.get(path).filter(|place| {
            place.inode == meta.ino() && place.offset <= meta.len() && place.offset > 0
        });
        let mut offset = 0;
        if let Some(place) = place {
            let mut head = Vec::new();
            let mut start = (&file).take(HEAD_BYTES as u64);
            let is_read = start.read_to_end(&mut head).is_ok();
            if is_read && file.seek(SeekFrom::Start(place.offset)).is_ok() {
                feed.resume(node, place.offset, &head, sink)?;
                offset = place.offset;
            }
        }
        Ok(Some(Tail {
            inode: meta.ino(),
            file,
            offset,
            feed,
        }))
    }
}

enum Step {
    Read,
    Nothing,
    Gone,
}

/// What the system tells of a folder.
struct Notices {
    queue: Option<std::os::fd::OwnedFd>,
}

impl Notices {
    #[cfg(target_os = "linux")]
    fn of(folder: &Path) -> Self {
        use rustix::fs::inotify::{CreateFlags, WatchFlags, add_watch, init};
        let flags = WatchFlags::MODIFY
            | WatchFlags::CREATE
            | WatchFlags::MOVED_TO
            | WatchFlags::MOVED_FROM
            | WatchFlags::DELETE;
        let queue = init(CreateFlags::NONBLOCK | CreateFlags::CLOEXEC).ok();
        let queue = queue.filter(|queue| add_watch(queue, folder, flags).is_ok());
        Self { queue }
    }

    #[cfg(not(target_os = "linux"))]
    fn of(_: &Path) -> Self {
        Self { queue: None }
    }

    fn wait(&mut self) {
        let mut none: [PollFd<'_>; 0] = [];
        let Some(queue) = &self.queue else {
            let _ = poll(&mut none, Some(&WAIT));
            return;
        };
        let mut one = [PollFd::new(queue, PollFlags::IN)];
        if poll(&mut one, Some(&WAIT)).is_ok_and(|ready| ready > 0) {
            let mut told = [0; 4096];
            while rustix::io::read(queue, &mut told).is_ok_and(|count| count > 0) {}
        }
    }
}
