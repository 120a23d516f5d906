//! `cargo xtask campaign`: starts the campaign of crates/noroshi-campaign, built for release.

use std::process::Command;

use anyhow::Result;

use crate::suite::cargo;

/// Pairs of stores in a campaign, and in a quick one.
const PAIRS: u32 = 1_000_000;
const PAIRS_QUICK: u32 = 100_000;

/// Run it with these arguments. `--only interference` is a test of noroshi-sync with more pairs.
pub(crate) fn run(args: &[String]) -> Result<()> {
    let has = |word: &str| args.iter().any(|arg| arg == word);
    if has("interference") {
        let pairs = if has("--quick") { PAIRS_QUICK } else { PAIRS };
        return interference(pairs);
    }
    let start = ["run", "--release", "--quiet", "--locked", "--package"];
    let named = ["noroshi-campaign", "--"];
    let args = args.iter().map(String::as_str);
    let all: Vec<&str> = start.into_iter().chain(named).chain(args).collect();
    cargo(&all)
}

/// What a recipient may not see changes no byte of what it gets, for so many pairs of stores.
fn interference(pairs: u32) -> Result<()> {
    let args = ["test", "--release", "--locked", "--package", "noroshi-sync"];
    let status = Command::new("cargo")
        .args(args)
        .args(["--test", "noninterference"])
        .env("NOROSHI_NONINTERFERENCE", pairs.to_string())
        .status()?;
    anyhow::ensure!(status.success(), "what is hidden shows");
    Ok(())
}
