//! A canary in every node that has a partner: an item that may never leave, looked for in all that
//! the other node prints, logs and keeps.

use std::collections::BTreeSet;

use noroshi_testkit::canary::{named_below, named_in, object};

use super::{Home, write};

/// Put the canary of its nation into a node.
pub(super) fn seed(home: &Home) {
    let file = write(home, "canary.json", &object(&home.nation));
    home.ok(&["import", &file]);
}

/// What a node prints names no canary of another.
pub(super) fn expect_own(home: &Home, printed: &[u8]) {
    let mut found = named_in(printed);
    found.remove(&home.nation);
    assert!(found.is_empty(), "canaries left: {found:?}");
}

/// Everything a node keeps names its own canary, once it has a partner, and no other; its log
/// names none.
pub(super) fn expect_kept(home: &Home) {
    let logged = named_below(&home.log());
    assert!(logged.is_empty(), "a canary is in the log");
    let found = named_below(&home.folder.path().join("node"));
    let own = BTreeSet::from([home.nation.clone()]);
    let expected = if home.has_partner.get() {
        own
    } else {
        BTreeSet::new()
    };
    assert_eq!(found, expected, "canaries kept by {}", home.nation);
}
