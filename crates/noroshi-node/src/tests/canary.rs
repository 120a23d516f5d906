//! A canary in every node of every stage: an item that may never leave, under a name that is
//! looked for in every byte that leaves and in everything another node keeps.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use noroshi_testkit::canary::{named_below, named_in};

use super::stage::{Stage, id, object};
use crate::command::Command;
use crate::node::Node;
use crate::outside::Outside;
use crate::sink::Collected;

/// Put the canary of a nation into its node.
pub(super) fn seed(node: &Node, nation: &str, outside: &dyn Outside) {
    let text = noroshi_testkit::canary::object(nation);
    let command = Command::Import {
        paths: vec![PathBuf::from("-")],
        profile: None,
    };
    let mut input = text.as_bytes();
    let mut sink = Collected::default();
    node.run(command, Some(&mut input), outside, &mut sink)
        .unwrap();
}

/// Nothing that leaves names a canary.
pub(super) fn stays(bytes: &[u8]) {
    let found = named_in(bytes);
    assert!(found.is_empty(), "a canary left: {found:?}");
}

/// Looks at the end of a stage into everything its nodes have written.
pub(super) struct Watch(Option<PathBuf>);

impl Watch {
    pub(super) fn of(folder: &Path) -> Self {
        Self(Some(folder.to_path_buf()))
    }

    /// What is wrong in the stage's folder: a node that keeps the canary of another, or none.
    pub(super) fn problems(&self) -> Vec<String> {
        let Some(folder) = &self.0 else {
            return Vec::new();
        };
        let mut problems = Vec::new();
        for entry in std::fs::read_dir(folder).expect("the stage's folder went before the search") {
            let path = entry.unwrap().path();
            let found: BTreeSet<String> = named_below(&path);
            let is_node = path.join("noroshi.toml").exists();
            if found.len() > 1 || (is_node && found.is_empty()) {
                problems.push(format!("{}: canaries {found:?}", path.display()));
            }
        }
        problems
    }

    /// This stage has let one out on purpose.
    fn disarm(&mut self) {
        self.0 = None;
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            let problems = self.problems();
            assert!(problems.is_empty(), "{problems:?}");
        }
    }
}

/// Clause: I5
#[test]
fn a_canary_that_left_or_was_never_there_is_found() {
    let mut stage = Stage::new();
    assert_eq!(stage.watch.problems(), Vec::<String>::new());
    // One more stays where it belongs, whatever is shared.
    stage.jp.import("own", &[object(1, 10)]);
    stage.jp.order(stage.jp.share(&[]));
    stage.jp.sync();
    assert_eq!(stage.us.state(&id(1)).as_deref(), Some("admitted"));
    assert_eq!(stage.watch.problems(), Vec::<String>::new());
    // Japan's canary at the United States, as if it had arrived.
    seed(&stage.us.node, "JPN", &stage.us.road);
    assert_eq!(stage.watch.problems().len(), 1);
    // A node without one.
    let empty = stage.folder.path().join("none");
    std::fs::create_dir(&empty).unwrap();
    std::fs::write(empty.join("noroshi.toml"), "").unwrap();
    assert_eq!(stage.watch.problems().len(), 2);
    let left = std::panic::catch_unwind(|| stays(b"x canary-never-to-leave-JPN y"));
    assert!(left.is_err());
    stage.watch.disarm();
}
