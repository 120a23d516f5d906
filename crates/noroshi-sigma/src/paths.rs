//! A way to a file, or to a value of the registry, in two parts: logs write it as one text, STIX as
//! the folder and the name in it.

use crate::glob::{Glob, Piece};

/// The two parts; `None` where anything will do, even nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Split {
    pub(crate) folder: Option<Glob>,
    pub(crate) name: Option<Glob>,
}

/// Every way in which a value can be a folder, a separator and a name without separators: exactly
/// the texts that the value stands for, as long as they have a separator. Where the value begins
/// with `*` names without a folder are among them too.
pub(crate) fn splits(glob: &Glob, separator: char) -> Vec<Split> {
    let mut found = Vec::new();
    for at in (0..glob.0.len()).rev() {
        let (ahead, piece, behind) = (&glob.0[..at], &glob.0[at], &glob.0[at + 1..]);
        let both = |folder: Vec<Piece>, name: Vec<Piece>| Split {
            folder: part(folder),
            name: part(name),
        };
        match piece {
            // The last separator lies somewhere in it.
            Piece::Many => found.push(both(
                [ahead, &[Piece::Many]].concat(),
                [&[Piece::Many], behind].concat(),
            )),
            Piece::One => found.push(both(ahead.to_vec(), behind.to_vec())),
            Piece::Dash if separator == '/' => found.push(both(ahead.to_vec(), behind.to_vec())),
            Piece::Dash => {}
            Piece::Literal(text) => {
                if let Some((folder, name)) = text.rsplit_once(separator) {
                    let literal = |text: &str| Piece::Literal(text.to_owned());
                    found.push(both(
                        [ahead, &[literal(folder)]].concat(),
                        [&[literal(name)], behind].concat(),
                    ));
                    // What is ahead of it cannot hold the last one.
                    return found;
                }
            }
        }
    }
    found
}

fn part(pieces: Vec<Piece>) -> Option<Glob> {
    let glob = Glob::of(pieces);
    (!glob.is_anything()).then_some(glob)
}

/// Keys of the registry under their full names: logs shorten them, STIX does not (STIX 2.1, 6.17).
pub(crate) fn with_full_hive(glob: &Glob) -> Glob {
    let Some(Piece::Literal(first)) = glob.0.first() else {
        return glob.clone();
    };
    let (hive, rest) = first.split_once('\\').unwrap_or((first, ""));
    let full = match hive.to_ascii_uppercase().as_str() {
        "HKLM" => "HKEY_LOCAL_MACHINE",
        "HKCU" => "HKEY_CURRENT_USER",
        "HKCR" => "HKEY_CLASSES_ROOT",
        "HKU" => "HKEY_USERS",
        "HKCC" => "HKEY_CURRENT_CONFIG",
        _ => return glob.clone(),
    };
    let literal = Piece::Literal(format!("{full}\\{rest}"));
    Glob::of(core::iter::once(literal).chain(glob.0[1..].iter().cloned()))
}
