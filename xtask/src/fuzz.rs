//! `cargo xtask fuzz`: starts the fuzz runner, built for release.

use anyhow::Result;

use crate::suite::cargo;

/// Run it with these arguments.
pub(crate) fn run(args: &[String]) -> Result<()> {
    let start = ["run", "--release", "--quiet", "--locked", "--package"];
    let args = args.iter().map(String::as_str);
    let all: Vec<&str> = start
        .into_iter()
        .chain(["noroshi-fuzz", "--"])
        .chain(args)
        .collect();
    cargo(&all)
}
