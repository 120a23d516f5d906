//! The nodes of a bench: how long an import takes, and a release until it is answered.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::Result;
use noroshi_testkit::{Node, settle};

#[expect(clippy::disallowed_methods, reason = "a bench measures real time")]
pub(super) fn now() -> Instant {
    Instant::now()
}

/// Import a file; how long it took and how many items it brought.
pub(super) fn import(node: &Node, bundle: &Path) -> Result<(Duration, u64)> {
    let path = bundle.display().to_string();
    let began = now();
    let answer = node.answer(&["import", &path, "--profile", "bench"])?;
    Ok((
        began.elapsed(),
        answer["admitted"].as_u64().unwrap_or_default(),
    ))
}

/// Release what a share names, and exchange until every release is answered.
pub(super) fn share(jp: &Node, what: &[&str]) -> Result<()> {
    jp.order(&[&["share"], what, &["--to", "USA"]].concat())?;
    settle(jp)
}
