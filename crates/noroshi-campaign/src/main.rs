//! The campaign against a node: kills, power cuts, failing disks, flipped bits. `cargo xtask
//! campaign` starts it; docs/reliability.md says what it promises and what it found.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a tool for the terminal"
)]

mod canary;
mod chance;
mod disk;
mod dump;
mod faults;
mod flips;
mod kills;
mod mount;
mod power;
mod report;
mod story;
mod victim;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, bail};

use noroshi_store::Durability;
use report::{Report, Stage};
use story::Station;

const HELP: &str =
    "cargo xtask campaign [--quick] [--only NAME] [--seed N] [--times N] [--binary FILE]
                      [--station NAME]
  kills    kill -9 at every station of the way
  power    power cuts on a disk that keeps only what was synced
  faults   every write and sync failing in turn; a disk that fills; --station: at that one only
  flips    single bits flipped in everything that is stored or sent";

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    match run(&args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("campaign: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// What was asked for.
struct Asked {
    quick: bool,
    only: Option<String>,
    seed: u64,
    /// Strikes of a kind, where neither the full nor the quick number is wanted.
    times: Option<u64>,
    /// The one station at which calls fail; all of them otherwise.
    station: Option<Station>,
    /// The node's program, where it is not to be built.
    binary: Option<PathBuf>,
}

fn run(args: &[String]) -> Result<()> {
    if let [writer, folder, durability] = args
        && writer == "writer"
    {
        let durability = match durability.as_str() {
            "control" => Durability::Control,
            _ => Durability::Full,
        };
        return power::writer(Path::new(folder), durability);
    }
    let asked = read(args)?;
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let root = here.ancestors().nth(2).unwrap_or(here);
    let work = root.join("target/campaign");
    std::fs::create_dir_all(&work)?;
    let stage = Stage {
        binary: match asked.binary {
            Some(binary) => binary,
            None => report::build(root)?,
        },
        work,
        seed: asked.seed,
    };
    let size = |full: u64, quick: u64| {
        let usual = if asked.quick { quick } else { full };
        asked.times.unwrap_or(usual)
    };
    type Class<'a> = (&'static str, &'a dyn Fn() -> Result<Report>);
    let classes: [Class<'_>; 4] = [
        ("kills", &|| kills::run(&stage, size(1_000, 5))),
        ("power", &|| power::run(&stage, size(300, 5))),
        ("faults", &|| {
            faults::run(&stage, size(1, 40), asked.station)
        }),
        ("flips", &|| flips::run(&stage, size(1_000_000, 20_000))),
    ];
    if !canary::system_dumps(stage.folder()?.path())? {
        println!("this system writes no core dumps: none is looked for");
    }
    let mut found = false;
    for (name, class) in classes {
        if asked.only.as_deref().is_some_and(|only| only != name) {
            continue;
        }
        found = true;
        let began = victim::now();
        class()?.print(began.elapsed())?;
    }
    if !found {
        bail!("no campaign is called so:\n{HELP}");
    }
    Ok(())
}

fn read(args: &[String]) -> Result<Asked> {
    let mut asked = Asked {
        quick: false,
        only: None,
        seed: 1,
        times: None,
        station: None,
        binary: None,
    };
    let mut args = args.iter();
    while let Some(arg) = args.next() {
        let mut value = || args.next().with_context(|| format!("{arg} needs a value"));
        match arg.as_str() {
            "--quick" => asked.quick = true,
            "--only" => asked.only = Some(value()?.clone()),
            "--seed" => asked.seed = value()?.parse().context("--seed needs a number")?,
            "--times" => asked.times = Some(value()?.parse().context("--times needs a number")?),
            "--station" => {
                let name = value()?;
                let mut stations = Station::ALL.into_iter();
                let named = stations.find(|station| station.name() == name);
                asked.station = Some(named.with_context(|| format!("no station `{name}`"))?);
            }
            "--binary" => asked.binary = Some(Path::new(value()?).canonicalize()?),
            _ => bail!("{HELP}"),
        }
    }
    Ok(asked)
}
