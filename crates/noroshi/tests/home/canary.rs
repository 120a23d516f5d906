//! A canary in every node that has a partner: an item that may never leave, looked for in all that
//! the other node prints, logs and keeps.

use std::collections::BTreeSet;
use std::path::Path;

use super::{Home, write};

/// What every canary is called, before its nation. The store keeps titles as they are.
const NAME: &str = "canary-never-to-leave-";

/// Put the canary of its nation into a node.
pub(super) fn seed(home: &Home) {
    let nation = &home.nation;
    let digits: String = nation.bytes().map(|byte| format!("{byte:02x}")).collect();
    let canary = format!(
        r#"{{"type":"tool","spec_version":"2.1","id":"tool--00000000-0000-4000-8000-{digits:0>12}",
        "created":"2026-01-01T00:00:00.000Z","modified":"2026-01-01T00:00:00.000Z",
        "name":"{NAME}{nation}","description":"{NAME}{nation}",
        "object_marking_refs":["marking-definition--e828b379-4e03-4974-9ac4-e53a884c97c1"]}}"#
    );
    let file = write(home, "canary.json", &canary);
    home.ok(&["import", &file]);
}

/// What a node prints names no canary of another.
pub(super) fn expect_own(home: &Home, printed: &[u8]) {
    let mut found = canaries_in(printed);
    found.remove(&home.nation);
    assert!(found.is_empty(), "canaries left: {found:?}");
}

/// Everything a node keeps names its own canary, once it has a partner, and no other; its log
/// names none.
pub(super) fn expect_kept(home: &Home) {
    let log = std::fs::read(home.log()).unwrap_or_default();
    assert!(canaries_in(&log).is_empty(), "a canary is in the log");
    let mut found = BTreeSet::new();
    search(&home.folder.path().join("node"), &mut found);
    let own = BTreeSet::from([home.nation.clone()]);
    let expected = if home.has_partner.get() {
        own
    } else {
        BTreeSet::new()
    };
    assert_eq!(found, expected, "canaries kept by {}", home.nation);
}

/// The nations whose canaries are named in some bytes.
fn canaries_in(bytes: &[u8]) -> BTreeSet<String> {
    let name = NAME.as_bytes();
    let places = bytes
        .windows(name.len() + 3)
        .filter(|part| part.starts_with(name));
    let nation = |part: &[u8]| String::from_utf8_lossy(&part[name.len()..]).into_owned();
    places.map(nation).collect()
}

fn search(path: &Path, found: &mut BTreeSet<String>) {
    if path.is_dir() {
        for entry in std::fs::read_dir(path).unwrap() {
            search(&entry.unwrap().path(), found);
        }
    } else if path.is_file() {
        found.extend(canaries_in(&std::fs::read(path).unwrap_or_default()));
    }
}
