//! An export, verified from its files alone and by other code than made it: the tree is computed
//! as RFC 6962 defines it, from the leaves down, and the files are read as C2SP describes them.

use std::path::Path;

use noroshi_model::{Digest, Verifier};
use noroshi_seal::sign::Ed25519;

use super::stage::{Party, Stage, id, object};
use crate::Command;

type Hash = [u8; 32];

fn sha256(parts: &[&[u8]]) -> Hash {
    Digest::of_parts(parts).0
}

fn base64(text: &str) -> Vec<u8> {
    let letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let (mut bits, mut held, mut bytes) = (0_u32, 0, Vec::new());
    for letter in text.trim_end_matches('=').chars() {
        bits = (bits << 6) | u32::try_from(letters.find(letter).unwrap()).unwrap();
        held += 6;
        if held >= 8 {
            held -= 8;
            bytes.push((bits >> held) as u8);
        }
    }
    bytes
}

/// MTH of RFC 6962, 2.1.
fn tree_hash(leaves: &[Vec<u8>]) -> Hash {
    match leaves {
        [] => sha256(&[]),
        [leaf] => sha256(&[&[0], leaf]),
        many => {
            let mut split = 1;
            while split * 2 < many.len() {
                split *= 2;
            }
            let (left, right) = many.split_at(split);
            sha256(&[&[1], &tree_hash(left), &tree_hash(right)])
        }
    }
}

/// The bundle or tile of that number, whole or the part of it that there is, and its width.
fn read_tile(folder: &Path, level: &str, number: usize) -> Option<(Vec<u8>, usize)> {
    let whole = folder.join(format!("tile/{level}/{number:03}"));
    if whole.is_file() {
        return Some((std::fs::read(whole).unwrap(), 256));
    }
    let partial = folder.join(format!("tile/{level}/{number:03}.p"));
    let file = std::fs::read_dir(partial).ok()?.next()?.unwrap();
    let width = file.file_name().to_str().unwrap().parse().unwrap();
    Some((std::fs::read(file.path()).unwrap(), width))
}

fn leaves(folder: &Path) -> Vec<Vec<u8>> {
    let mut leaves = Vec::new();
    let mut number = 0;
    while let Some((bundle, width)) = read_tile(folder, "entries", number) {
        let mut rest = &bundle[..];
        for _ in 0..width {
            let length = usize::from(u16::from_be_bytes([rest[0], rest[1]]));
            leaves.push(rest[2..2 + length].to_vec());
            rest = &rest[2 + length..];
        }
        assert!(rest.is_empty(), "bundle {number}");
        number += 1;
    }
    leaves
}

/// Every tile says what the leaves below it say, and there is none too many; how many there are.
fn tiles_fit(folder: &Path, leaves: &[Vec<u8>]) -> usize {
    let mut count = 0;
    for (level, span) in [(0, 1), (1, 256), (2, 256 * 256)] {
        let hashes: Vec<Hash> = leaves.chunks_exact(span).map(tree_hash).collect();
        for (number, part) in hashes.chunks(256).enumerate() {
            let (tile, width) = read_tile(folder, &level.to_string(), number).unwrap();
            assert_eq!(
                (width, tile),
                (part.len(), part.concat()),
                "tile {level}/{number}"
            );
            count += 1;
        }
        let next = hashes.len().div_ceil(256);
        assert!(read_tile(folder, &level.to_string(), next).is_none());
    }
    count
}

/// The note's text, size and root; its signature is by the key in the file beside it.
fn signed(folder: &Path) -> (usize, Hash) {
    let read = |name: &str| std::fs::read_to_string(folder.join(name)).unwrap();
    let (note, keys) = (read("checkpoint"), read("verifier-key"));
    let key = keys.lines().next().unwrap();
    let (name, rest) = key.split_once('+').unwrap();
    let (hash, typed) = rest.split_once('+').unwrap();
    let typed = base64(typed);
    assert_eq!(typed[0], 1, "Ed25519");
    let public: [u8; 32] = typed[1..].try_into().unwrap();
    let (text, signatures) = note.split_once("\n\n").unwrap();
    let text = format!("{text}\n");
    let line = signatures.lines().next().unwrap();
    let blob = line.strip_prefix(&format!("\u{2014} {name} ")).unwrap();
    let blob = base64(blob);
    let four = sha256(&[name.as_bytes(), b"\n\x01", &public]);
    let digits: String = four[..4].iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!((&blob[..4], hash), (&four[..4], &*digits));
    let signature: &[u8; 64] = blob[4..].try_into().unwrap();
    assert!(Ed25519.verify(&public, text.as_bytes(), signature));
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!((lines.len(), lines[0]), (3, name));
    let root = base64(lines[2]);
    (lines[1].parse().unwrap(), root.try_into().unwrap())
}

/// Export, and verify what the folder says; how many lines and tiles there are.
fn exported(party: &Party, folder: &Path, peer: Option<&str>) -> (usize, usize) {
    party.ask(Command::LedgerExport {
        folder: folder.to_owned(),
        peer: peer.map(str::to_owned),
    });
    let (size, root) = signed(folder);
    let leaves = leaves(folder);
    assert_eq!(leaves.len(), size);
    assert_eq!(tree_hash(&leaves), root);
    for leaf in &leaves {
        assert!(serde_json::from_slice::<serde_json::Value>(leaf).is_ok());
    }
    (size, tiles_fit(folder, &leaves))
}

/// Clause: I5
#[test]
fn an_export_of_several_tiles_is_verified_from_its_files_alone() {
    let stage = Stage::new();
    let objects: Vec<_> = (0..600).map(|number| object(number, 20)).collect();
    stage.jp.import("own", &objects);
    let ids: Vec<String> = (0..300).map(id).collect();
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    stage.jp.order(stage.jp.share(&ids));
    stage.jp.sync();
    let folder = stage.folder.path();
    let (lines, tiles) = exported(&stage.jp, &folder.join("ledger"), None);
    assert!(lines > 600 && tiles == 4, "{lines} lines, {tiles} tiles");
    let (lines, tiles) = exported(&stage.jp, &folder.join("log"), Some("USA"));
    assert!(
        (301..512).contains(&lines) && tiles == 3,
        "{lines} lines, {tiles} tiles"
    );
    let keys = std::fs::read_to_string(folder.join("log/verifier-key")).unwrap();
    assert_eq!(keys.lines().count(), 2, "the log's key and its cosigner's");
}
