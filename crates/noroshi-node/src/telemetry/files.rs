//! Telemetry in files that are read once, to their end: plain, gzip or zstd, told by their first
//! bytes. What is unpacked is looked at as it comes; nothing is kept of it.

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};

use crate::command::Failure;
use crate::home::in_folder;

/// Most files of one folder.
const FILES_MAX: usize = 10_000;
/// Deepest folder within folders.
const DEPTH_MAX: usize = 8;
/// Largest window of zstd that is taken, as a power of two: 128 MiB.
const WINDOW_LOG_MAX: u32 = 27;

/// How a file is packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Packing {
    Plain,
    Gzip,
    Zstd,
}

/// By a file's first bytes.
pub(super) fn packing(path: &Path) -> std::io::Result<Packing> {
    let mut head = [0; 4];
    let mut file = File::open(path)?;
    let mut have = 0;
    while have < head.len() {
        match file.read(&mut head[have..])? {
            0 => break,
            count => have += count,
        }
    }
    Ok(match head {
        [0x1f, 0x8b, ..] => Packing::Gzip,
        [0x28, 0xb5, 0x2f, 0xfd] => Packing::Zstd,
        _ => Packing::Plain,
    })
}

/// A reader of what is in the file.
pub(super) fn open(path: &Path) -> std::io::Result<Box<dyn Read + Send>> {
    let packing = packing(path)?;
    let file = BufReader::with_capacity(256 * 1024, File::open(path)?);
    Ok(match packing {
        Packing::Plain => Box::new(file),
        Packing::Gzip => Box::new(flate2::bufread::MultiGzDecoder::new(file)),
        Packing::Zstd => {
            let mut reader = zstd::stream::read::Decoder::with_buffer(file)?;
            reader.window_log_max(WINDOW_LOG_MAX)?;
            Box::new(reader)
        }
    })
}

/// The files of these paths: of a folder those in it, but for hidden ones, in the order of names.
pub(super) fn files_of(paths: &[PathBuf]) -> Result<Vec<PathBuf>, Failure> {
    let mut files = Vec::new();
    for path in paths {
        walk(path, 0, &mut files)?;
    }
    Ok(files)
}

fn walk(path: &Path, depth: usize, files: &mut Vec<PathBuf>) -> Result<(), Failure> {
    let meta = std::fs::metadata(path).map_err(|error| unreadable(path, &error))?;
    if !meta.is_dir() {
        files.push(path.to_owned());
    } else if depth < DEPTH_MAX {
        for inner in in_folder(path) {
            let name = inner
                .file_name()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned();
            if !name.starts_with('.') {
                walk(&inner, depth + 1, files)?;
            }
        }
    }
    if files.len() > FILES_MAX {
        return Err(Failure::new(
            "source.files",
            2,
            format_args!("more than {FILES_MAX} files; name a smaller folder"),
        ));
    }
    Ok(())
}

pub(super) fn unreadable(path: &Path, error: &std::io::Error) -> Failure {
    let shown = path.display();
    Failure::new(
        "source.unreadable",
        4,
        format_args!("cannot read {shown}: {error}"),
    )
    .arg("file", shown)
}
