//! Tasks of the project: `cargo xtask test`, `tidy`, `edges`, `licences`, `trace`, `bench`, `fuzz`,
//! `clients`, `browser`, `campaign`.

#![expect(clippy::print_stdout, reason = "a tool for the terminal")]

mod bench;
mod browser;
mod campaign;
mod clients;
mod edges;
mod fuzz;
mod licences;
mod peers;
mod suite;
mod tidy;
mod trace;

use std::path::PathBuf;
use std::process::ExitCode;

const HELP: &str = "cargo xtask TASK
  test    everything: format, lints, edges, tidy, unit and property tests, trace, the real binary
  tidy    rules of form: file heads, line length, file size
  edges   which crate may use which
  licences  which licences, crates and registries the binary may be made of
  trace   clauses of the mission and the tests that name them
  bench   measure: import, link, one new item (see README)
  fuzz    inputs by chance for every decoder, a minute each (see fuzz/README.md)
  clients  real TAXII clients in Python against a server in memory, or ORIGIN USER PASSWORD COLLECTION;
           our own client against medallion
  browser  the console in headless Chromium: keyboard, sizes, rules of accessibility, no script
  campaign  kills, power cuts, failing disks (see docs/reliability.md)";

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let outcome = match args.first().map(String::as_str) {
        Some("test") => suite::run(),
        Some("tidy") => tidy::run(&root()),
        Some("edges") => edges::run(&root()),
        Some("licences") => licences::run(&root()),
        Some("trace") => trace::run(&root()),
        Some("bench") => bench::run(&root(), &args[1..]),
        Some("fuzz") => fuzz::run(&args[1..]),
        Some("clients") => clients::run(&root(), &args[1..]),
        Some("browser") => browser::run(&root(), &args[1..]),
        Some("campaign") => campaign::run(&args[1..]),
        _ => {
            println!("{HELP}");
            return ExitCode::from(2);
        }
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            println!("xtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// The workspace's folder.
fn root() -> PathBuf {
    let here = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    here.parent().map(PathBuf::from).unwrap_or(here)
}
