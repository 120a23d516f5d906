//! A log as static files, so that others' tools verify it: C2SP tlog-tiles.

use std::path::Path;

use noroshi_seal::merkle::{TILE_WIDTH, Tiles, leaf_hash};
use noroshi_seal::tlog::{VerifierKey, entry_bundle, tile_path};
use noroshi_store::LogEntry;

use crate::command::{Event, Failure};
use crate::node::{Node, store_failure};
use crate::run::told;
use crate::send::{cosigner_name, log_name};
use crate::sink::Sink;

impl Node {
    /// Write a log as C2SP tiles: `checkpoint`, `tile/…`, and the verifier key beside them.
    pub(crate) fn ledger_export(
        &self,
        folder: &Path,
        peer: Option<&str>,
        sink: &mut dyn Sink,
    ) -> Result<(), Failure> {
        let node = peer
            .map(|named| self.find_peer(named))
            .transpose()?
            .map(|peer| peer.node());
        let name = log_name(&self.me(), node.as_ref());
        let occupied = std::fs::read_dir(folder).is_ok_and(|mut dir| dir.next().is_some());
        if occupied {
            return Err(
                Failure::new("export.occupied", 2, "the folder is not empty")
                    .arg("folder", folder.display()),
            );
        }
        let write = |path: &str, bytes: &[u8]| -> Result<(), Failure> {
            let path = folder.join(path);
            let parent = path.parent().unwrap_or(folder);
            std::fs::create_dir_all(parent)
                .and_then(|()| std::fs::write(&path, bytes))
                .map_err(|error| {
                    Failure::new(
                        "export.failed",
                        1,
                        format_args!("{}: {error}", path.display()),
                    )
                })
        };
        let (size, note) = match &node {
            None => self
                .ledger_checkpoint()
                .map(|(checkpoint, note)| (checkpoint.size, note))?,
            Some(node) => self
                .log_checkpoint(node)
                .map(|(checkpoint, note)| (checkpoint.size, note))?,
        };
        let reader = self.inside()?;
        let leaves = |from: u64| -> Result<Vec<Vec<u8>>, Failure> {
            let width = u32::try_from(TILE_WIDTH).unwrap_or(256);
            Ok(match &node {
                None => {
                    let page = reader.ledger(from, width).map_err(store_failure)?;
                    page.into_iter().map(|(_, leaf)| leaf).collect()
                }
                Some(node) => {
                    let page = reader
                        .log_entries(node, from, width)
                        .map_err(store_failure)?;
                    page.into_iter().map(exported).collect::<Result<_, _>>()?
                }
            })
        };
        let mut from = 0;
        while from < size {
            let width = (size - from).min(TILE_WIDTH);
            let mut entries = leaves(from)?;
            entries.truncate(width as usize);
            let bundle = entry_bundle(&entries).ok_or_else(|| {
                Failure::new("export.failed", 1, "a line is too long for the tile format")
            })?;
            write(&tile_path(None, from / TILE_WIDTH, width), &bundle)?;
            from += width;
            told(sink, "progress-export")(from, size);
        }
        let tiles: Box<dyn Tiles + '_> = match &node {
            None => Box::new(reader.ledger_tiles()),
            Some(node) => Box::new(reader.log_tiles(node, false).map_err(store_failure)?),
        };
        let mut row = size;
        for level in 0_u8.. {
            let mut index = 0;
            while index * TILE_WIDTH < row {
                let width = (row - index * TILE_WIDTH).min(TILE_WIDTH);
                let hashes = tiles.tile(level, index, width).ok_or_else(|| {
                    Failure::new(
                        "ledger.damaged",
                        5,
                        format_args!("tile {level}/{index} is missing"),
                    )
                })?;
                let bytes = hashes.get(..width as usize).unwrap_or_default().concat();
                write(&tile_path(Some(level), index, width), &bytes)?;
                index += 1;
            }
            row /= TILE_WIDTH;
            if row == 0 {
                break;
            }
        }
        write("checkpoint", note.as_bytes())?;
        let verifier = VerifierKey {
            name,
            cosigns: false,
            public: self.keys().ledger.public(),
        };
        let mut keys = format!("{verifier}\n");
        if let Some(node) = &node {
            for public in self.ledger_keys_of(node)? {
                let cosigner = VerifierKey {
                    name: cosigner_name(node),
                    cosigns: true,
                    public,
                };
                keys.push_str(&format!("{cosigner}\n"));
            }
        }
        write("verifier-key", keys.as_bytes())?;
        sink.send(Event::Answer {
            kind: "exported".into(),
            answer: serde_json::json!({
                "folder": folder.display().to_string(),
                "lines": size,
                "verifier": verifier.to_string(),
            }),
        });
        Ok(())
    }
}

/// The leaf of an entry, unless only its hash came back after a restore.
fn exported(entry: LogEntry) -> Result<Vec<u8>, Failure> {
    if leaf_hash(&entry.leaf_bytes) == entry.leaf_hash {
        return Ok(entry.leaf_bytes);
    }
    let number = entry.leaf.number;
    let why = format!("the bytes of entry {number} were lost with the node: it cannot be exported");
    Err(Failure::new("export.lost", 4, why).arg("number", number))
}
