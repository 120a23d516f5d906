//! What the doctor asks of the machine: space on the disk, and who can read the node's files.

use std::path::Path;

use super::Report;
use crate::home::{KEY_NAMES, in_folder, open_mode};
use crate::node::Node;

/// With less than this nothing can be relied on to be written, in bytes.
const FULL_BYTES: u64 = 256 * 1024 * 1024;
/// With less than this somebody should look, in bytes; and with less than the store takes, since a
/// backup takes as much.
const LOW_BYTES: u64 = 2 * 1024 * 1024 * 1024;

impl Node {
    pub(super) fn check_disk(&self, report: &mut Report<'_>) {
        let folder = self.home().path();
        let shown = folder.display().to_string();
        let Ok(stat) = rustix::fs::statvfs(folder) else {
            return report.tell("disk-unknown", vec![("folder", shown)]);
        };
        let free = stat.f_bavail.saturating_mul(stat.f_frsize);
        let taken = taken(&self.home().store());
        let code = match free {
            free if free < FULL_BYTES => "disk-full",
            free if free < LOW_BYTES.max(taken) => "disk-low",
            _ => "disk",
        };
        let args = vec![
            ("free", mib(free)),
            ("taken", mib(taken)),
            ("folder", shown),
        ];
        report.tell(code, args);
    }

    /// Folders and key files must give nothing to anybody else: opened once with the right modes
    /// they may have been changed since.
    pub(super) fn check_files(&self, report: &mut Report<'_>) {
        let home = self.home();
        let mut wrong = 0;
        let mut tell = |code, path: &Path, mode: u32| {
            wrong += 1;
            let args = vec![
                ("path", path.display().to_string()),
                ("mode", format!("{mode:o}")),
            ];
            report.tell(code, args);
        };
        for name in KEY_NAMES {
            if !home.key(name).exists() {
                tell("files-missing", &home.key(name), 0);
            }
        }
        let mut files = Vec::new();
        for folder in home.folders() {
            if let Some(mode) = open_mode(&folder) {
                tell("files-open_folder", &folder, mode);
            }
            if folder != home.path() {
                files.extend(in_folder(&folder));
            }
        }
        for file in &files {
            // In the store's closed folder a file's own mode gives nobody anything.
            let is_key = file.extension().is_some_and(|extension| extension == "key");
            if let Some(mode) = open_mode(file).filter(|_| is_key) {
                tell("files-open", file, mode);
            }
        }
        if wrong == 0 {
            report.tell("files", vec![("count", files.len().to_string())]);
        }
    }
}

/// Bytes of the files in a folder.
fn taken(folder: &Path) -> u64 {
    let sizes = in_folder(folder)
        .into_iter()
        .filter_map(|path| std::fs::metadata(path).ok())
        .map(|meta| meta.len());
    sizes.sum()
}

fn mib(bytes: u64) -> String {
    (bytes / (1024 * 1024)).to_string()
}
