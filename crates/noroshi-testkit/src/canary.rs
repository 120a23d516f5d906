//! Canaries: items that may never leave, under a name that is looked for in every byte that leaves
//! a node, in what it logs, and in everything another node keeps.

use std::collections::BTreeSet;
use std::path::Path;

/// What every canary is called, before its nation. The store keeps titles as they are.
const NAME: &str = "canary-never-to-leave-";
/// Letters of a nation's code.
const NATION_LETTERS: usize = 3;

/// What the canary of a nation is called.
#[must_use]
pub fn name(nation: &str) -> String {
    format!("{NAME}{nation}")
}

/// Is it the title of a canary?
#[must_use]
pub fn is_named_by(title: &str) -> bool {
    title.starts_with(NAME)
}

/// The id of a nation's canary.
#[must_use]
pub fn id(nation: &str) -> String {
    let digits: String = nation.bytes().map(|byte| format!("{byte:02x}")).collect();
    format!("tool--00000000-0000-4000-8000-{digits:0>12}")
}

/// The canary of a nation, as a STIX object under TLP:RED.
#[must_use]
pub fn object(nation: &str) -> String {
    let (id, name) = (id(nation), name(nation));
    format!(
        r#"{{"type":"tool","spec_version":"2.1","id":"{id}",
        "created":"2026-01-01T00:00:00.000Z","modified":"2026-01-01T00:00:00.000Z",
        "name":"{name}","description":"{name}",
        "object_marking_refs":["marking-definition--e828b379-4e03-4974-9ac4-e53a884c97c1"]}}"#
    )
}

/// The nations whose canaries are named in some bytes.
#[must_use]
pub fn named_in(bytes: &[u8]) -> BTreeSet<String> {
    let name = NAME.as_bytes();
    let places = bytes
        .windows(name.len() + NATION_LETTERS)
        .filter(|part| part.starts_with(name));
    let nation = |part: &[u8]| String::from_utf8_lossy(&part[name.len()..]).into_owned();
    places.map(nation).collect()
}

/// The nations whose canaries are named in a file, or in any file below a folder. A file that goes
/// while it is looked for names nobody, as one does that cannot be read.
#[must_use]
pub fn named_below(path: &Path) -> BTreeSet<String> {
    if path.is_file() {
        return named_in(&std::fs::read(path).unwrap_or_default());
    }
    let entries = std::fs::read_dir(path).into_iter().flatten().flatten();
    entries
        .flat_map(|entry| named_below(&entry.path()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{named_below, named_in, object};

    #[test]
    fn a_canary_is_found_in_bytes_and_below_a_folder_and_where_there_is_none_nothing_is() {
        let nations = |found: std::collections::BTreeSet<String>| Vec::from_iter(found);
        let both = [object("JPN"), object("USA")].concat();
        assert_eq!(nations(named_in(both.as_bytes())), ["JPN", "USA"]);
        assert!(named_in(b"canary-never-to-leave-J").is_empty());
        let folder = std::env::temp_dir().join(format!("canary-{}", std::process::id()));
        let below = folder.join("a/b");
        std::fs::create_dir_all(&below).unwrap();
        std::fs::write(below.join("kept"), object("AUS")).unwrap();
        let found = named_below(&folder);
        std::fs::remove_dir_all(&folder).unwrap();
        assert_eq!(nations(found), ["AUS"]);
        assert!(named_below(&folder).is_empty());
    }
}
