//! What a campaign was and what it found.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Result, ensure};

use crate::story::{Station, Story, Tally};

/// Where a campaign plays.
pub(crate) struct Stage {
    /// The node's program.
    pub(crate) binary: PathBuf,
    /// Where folders are made.
    pub(crate) work: PathBuf,
    pub(crate) seed: u64,
}

impl Stage {
    /// A folder that is gone afterwards.
    pub(crate) fn folder(&self) -> Result<tempfile::TempDir> {
        Ok(tempfile::Builder::new()
            .prefix("campaign-")
            .tempdir_in(&self.work)?)
    }

    /// How far it is.
    pub(crate) fn progress(&self, text: &str) {
        eprint!("\r\x1b[K  {text}");
    }
}

/// A campaign's figures.
pub(crate) struct Report {
    name: &'static str,
    seed: u64,
    tallies: BTreeMap<Station, Tally>,
    /// Figures of other kinds, line by line.
    pub(crate) lines: Vec<String>,
    /// What must not be.
    pub(crate) wrong: Vec<String>,
}

impl Report {
    pub(crate) fn new(name: &'static str, seed: u64) -> Self {
        Self {
            name,
            seed,
            tallies: BTreeMap::new(),
            lines: Vec::new(),
            wrong: Vec::new(),
        }
    }

    /// Strikes at the station that saw fewest, with those of a story that is not done.
    pub(crate) fn least_struck_with(&self, story: &Story) -> u64 {
        let of = |tallies: &BTreeMap<Station, Tally>, station| {
            tallies.get(&station).map_or(0, |tally| tally.struck)
        };
        let sums =
            Station::ALL.map(|station| of(&self.tallies, station) + of(&story.tallies, station));
        sums.into_iter().min().unwrap_or_default()
    }

    pub(crate) fn least_struck(&self) -> u64 {
        let counts =
            Station::ALL.map(|station| self.tallies.get(&station).map_or(0, |tally| tally.struck));
        counts.into_iter().min().unwrap_or_default()
    }

    /// Take over what a story came to.
    pub(crate) fn take(&mut self, story: Story) {
        for (station, tally) in story.tallies {
            let sum = self.tallies.entry(station).or_default();
            sum.runs += tally.runs;
            sum.struck += tally.struck;
            sum.acknowledged += tally.acknowledged;
        }
        self.wrong.extend(story.wrong);
    }

    /// Print it; an error where something was lost, doubled, damaged or not detected.
    pub(crate) fn print(&self, took: Duration) -> Result<()> {
        eprint!("\r\x1b[K");
        println!(
            "== {} (seed {}, {:.0} s)",
            self.name,
            self.seed,
            took.as_secs_f64()
        );
        for (station, tally) in &self.tallies {
            println!(
                "  {:8} runs {:5}, struck {:5}, of these acknowledged before {:5}",
                station.name(),
                tally.runs,
                tally.struck,
                tally.acknowledged
            );
        }
        self.lines.iter().for_each(|line| println!("  {line}"));
        println!(
            "  lost, doubled, damaged or not detected: {}",
            self.wrong.len()
        );
        self.wrong.iter().for_each(|wrong| println!("  ! {wrong}"));
        ensure!(self.wrong.is_empty(), "{} failed", self.name);
        Ok(())
    }
}

/// The node's program, built for release.
pub(crate) fn build(root: &Path) -> Result<PathBuf> {
    let built = std::process::Command::new("cargo")
        .args(["build", "--release", "--locked", "--package", "noroshi"])
        .current_dir(root)
        .status()?;
    ensure!(built.success(), "the release build failed");
    Ok(root.join("target/release/noroshi"))
}
