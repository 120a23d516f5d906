//! `cargo xtask test`: every check in order, stopping at the first that fails.

use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::{browser, clients, edges, licences, root, tidy, trace};

/// How long the demonstration may take once it is built. It takes about a tenth of that.
const DEMO_MAX: Duration = Duration::from_secs(60);

/// The binary as `cargo test` leaves it.
const BINARY: &str = "target/debug/noroshi";

/// Run everything.
pub(crate) fn run() -> Result<()> {
    step("format", || cargo(&["fmt", "--all", "--check"]))?;
    step("tidy", || tidy::run(&root()))?;
    step("edges", || edges::run(&root()))?;
    step("licences", || licences::run(&root()))?;
    step("trace", || trace::run(&root()))?;
    step("lints", || {
        cargo(&[
            "clippy",
            "--workspace",
            "--all-targets",
            "--locked",
            "--",
            "-D",
            "warnings",
        ])
    })?;
    // Repeatable: a plain `cargo test` draws other cases each time, the fuzzers do nothing else.
    step("tests", || {
        let drawn = [("PROPTEST_RNG_SEED", "2015")];
        cargo_with(&["test", "--workspace", "--locked"], &drawn)
    })?;
    step("real TAXII clients", || clients::against_a_node(&root()))?;
    step("the gate, a million cases", million)?;
    // The binary that the tests ran: a release of it takes longer to build than all that follows.
    let binary = root().join(BINARY);
    let named = [binary.display().to_string()];
    step("the console in a browser", || browser::run(&root(), &named))?;
    for lang in ["en", "ja"] {
        step(&format!("demo --lang {lang}"), || {
            demo(&["--lang", lang], 0, None)
        })?;
    }
    for fault in ["gate", "recall", "ledger", "receipt"] {
        step(&format!("demo --break {fault}"), || {
            demo(&["--break", fault], 1, Some(fault))
        })?;
    }
    println!("\nall checks passed");
    Ok(())
}

/// One check, and how long it took.
fn step(name: &str, work: impl FnOnce() -> Result<()>) -> Result<()> {
    println!("\n== {name}");
    let began = now();
    work().with_context(|| format!("`{name}` failed"))?;
    println!("== {name}: {} s", began.elapsed().as_secs());
    Ok(())
}

/// Run cargo in the workspace.
pub(crate) fn cargo(args: &[&str]) -> Result<()> {
    cargo_with(args, &[])
}

/// What a plain test run asks a tenth of.
fn million() -> Result<()> {
    let args = [
        "test",
        "--locked",
        // As all tests are built, so that nothing is built again.
        "--workspace",
        "--test",
        "policy",
        "million",
    ];
    cargo_with(&args, &[("RUN_SLOW_TESTS", "1")])
}

fn cargo_with(args: &[&str], envs: &[(&str, &str)]) -> Result<()> {
    let status = Command::new(env!("CARGO"))
        .args(args)
        .current_dir(root())
        .env("CARGO_INCREMENTAL", "0")
        .envs(envs.iter().copied())
        .status()
        .context("cargo does not start")?;
    if status.success() {
        Ok(())
    } else {
        bail!("cargo {} ended with {status}", args.join(" "))
    }
}

#[expect(clippy::disallowed_methods, reason = "how long the checks take")]
fn now() -> Instant {
    Instant::now()
}

/// The real binary: the demonstration must end as expected and, with a fault planted, name it.
fn demo(args: &[&str], exit: i32, names: Option<&str>) -> Result<()> {
    let began = now();
    let output = Command::new(root().join(BINARY))
        .arg("demo")
        .args(args)
        .output()
        .context("the binary does not start")?;
    let took = began.elapsed();
    let said = String::from_utf8_lossy(&output.stdout);
    println!("{said}");
    if took > DEMO_MAX {
        bail!("took {} s; a minute is promised", took.as_secs());
    }
    if output.status.code() != Some(exit) {
        let complained = String::from_utf8_lossy(&output.stderr);
        bail!(
            "ended with {}, expected {exit}: {complained}",
            output.status
        );
    }
    let last = said.lines().last().unwrap_or_default();
    match names {
        Some(fault) if !last.ends_with(&format!(": {fault}")) => {
            bail!("did not name `{fault}`, and it alone: {last}")
        }
        _ => Ok(()),
    }
}
