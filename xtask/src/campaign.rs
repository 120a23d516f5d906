//! `cargo xtask campaign`: starts the campaign of crates/noroshi-campaign, built for release.

use anyhow::Result;

use crate::suite::cargo;

/// Run it with these arguments.
pub(crate) fn run(args: &[String]) -> Result<()> {
    let start = ["run", "--release", "--quiet", "--locked", "--package"];
    let named = ["noroshi-campaign", "--"];
    let args = args.iter().map(String::as_str);
    let all: Vec<&str> = start.into_iter().chain(named).chain(args).collect();
    cargo(&all)
}
