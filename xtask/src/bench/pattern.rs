//! `cargo xtask bench --pattern`: what patterns cost, alone and a million at a time, and where
//! OASIS's stix2-matcher answers otherwise, each difference by the clause it goes against.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::peers;

/// The contender and what it stands on, pinned.
const CONTENDER: [&str; 3] = [
    "stix2-matcher==3.0.0",
    "stix2-patterns==2.1.2",
    "antlr4-python3-runtime==4.13.2",
];

pub(crate) fn run(root: &Path) -> Result<()> {
    let mut build = Command::new(env!("CARGO"));
    build.args([
        "build",
        "--release",
        "--locked",
        "--package",
        "noroshi-pattern",
    ]);
    build.args(["--example", "bench"]);
    finish(build.current_dir(root))?;
    let bench = root.join("target/release/examples/bench");
    finish(&mut Command::new(&bench))?;
    let tools = peers::installed(root, "stix2-matcher", &CONTENDER)?;
    let worlds = root.join("target/pattern-worlds.jsonl");
    finish(Command::new(&bench).arg("--write").arg(&worlds))?;
    let script = root.join("crates/noroshi-pattern/examples/stix2_matcher.py");
    let mut compare = Command::new("python3");
    finish(compare.env("PYTHONPATH", &tools).arg(script).arg(&worlds))
}

fn finish(command: &mut Command) -> Result<()> {
    let name = command.get_program().to_string_lossy().into_owned();
    let status = command
        .status()
        .with_context(|| format!("{name} does not start"))?;
    ensure!(status.success(), "{name} ended with {status}");
    Ok(())
}
