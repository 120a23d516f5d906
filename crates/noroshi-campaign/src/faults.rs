//! Every call that changes the disk failing in turn, at every station: the medium that does not
//! answer, once or for good, and the disk that is full. After each run the power goes too, so that
//! what a failed sync left in memory only is gone.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};

use crate::chance::Chance;
use crate::disk::Remains;
use crate::mount::{Fault, Mounted, Plan};
use crate::report::{Report, Stage};
use crate::story::{Hand, Side, Station, Story};
use crate::victim::{self, Ended, Moment, wire};

/// Rounds of one pair of nodes.
const ROUNDS: u64 = 20;
/// Bytes by which a full disk grows from run to run.
const STEP: u64 = 4096;
/// Runs in which a call does not come before it counts as behind the last one: how many calls a run
/// makes is a matter of moments, and a short run must not end a way before its time.
const TRIES: u32 = 8;

/// The ways of failing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    Io { lasts: bool },
    NoSpace { lasts: bool },
    Full,
}

const WAYS: [Way; 5] = [
    Way::Io { lasts: false },
    Way::Io { lasts: true },
    Way::NoSpace { lasts: false },
    Way::NoSpace { lasts: true },
    Way::Full,
];

/// Fail every `stride`th call of every station, or of one, in every way, each in a run of its own.
pub(crate) fn run(stage: &Stage, stride: u64, only: Option<Station>) -> Result<Report> {
    let mut report = Report::new("faults", stage.seed);
    let mut sweep: BTreeMap<Station, Sweep> = Station::ALL
        .map(|station| match only {
            Some(only) if only != station => (station, Sweep::done()),
            _ => (station, Sweep::default()),
        })
        .into();
    while sweep.values().any(|sweep| !sweep.is_done()) {
        let folder = stage.folder()?;
        let mut hand = Failer::new(folder.path(), stride, sweep, Chance::new(stage.seed))?;
        let homes = [folder.path().join("jp"), folder.path().join("us")];
        let mut story = Story::begin(&stage.binary, folder.path(), [&homes[0], &homes[1]])?;
        for _ in 0..ROUNDS {
            story.round(&mut hand)?;
            let done = hand.sweep.values().filter(|sweep| sweep.is_done()).count();
            let most = hand.sweep.values().map(|sweep| sweep.call).max();
            stage.progress(&format!(
                "faults: {done} of {} stations done; at call {}",
                Station::ALL.len(),
                most.unwrap_or_default()
            ));
            if done == Station::ALL.len() {
                break;
            }
        }
        sweep = hand.sweep.clone();
        report.take(story);
    }
    for (station, sweep) in sweep {
        report.lines.push(format!(
            "{:8} calls that failed, each way: {:?}",
            station.name(),
            sweep.reached
        ));
    }
    Ok(report)
}

/// How far a station's calls were tried.
#[derive(Clone, Debug, Default)]
struct Sweep {
    way: usize,
    call: u64,
    /// Runs in a row in which that call did not come.
    missed: u32,
    /// How many calls came before the first that did not, by way.
    reached: Vec<u64>,
}

impl Sweep {
    /// One that tries nothing.
    fn done() -> Self {
        Self {
            way: WAYS.len(),
            ..Self::default()
        }
    }

    fn is_done(&self) -> bool {
        self.way >= WAYS.len()
    }

    /// The next call; the same one where it did not come; behind the last one, the next way.
    fn next(&mut self, was_struck: bool, stride: u64) {
        self.missed += 1;
        if was_struck {
            self.call += stride;
            self.missed = 0;
        } else if self.missed == TRIES {
            self.reached.push(self.call);
            self.call = 0;
            self.missed = 0;
            self.way += 1;
        }
    }
}

struct Failer {
    disks: BTreeMap<Side, Mounted>,
    stride: u64,
    sweep: BTreeMap<Station, Sweep>,
    chance: Chance,
}

impl Failer {
    fn new(
        folder: &Path,
        stride: u64,
        sweep: BTreeMap<Station, Sweep>,
        chance: Chance,
    ) -> Result<Self> {
        let disk = |name: &str| Mounted::new(&folder.join(name));
        Ok(Self {
            disks: BTreeMap::from([(Side::Jp, disk("jp")?), (Side::Us, disk("us")?)]),
            stride,
            sweep,
            chance,
        })
    }

    /// Run with the next call of the station failing; was one struck?
    fn strike<T>(
        &mut self,
        station: Station,
        side: Side,
        work: impl FnOnce() -> Result<T>,
    ) -> Result<(T, bool)> {
        let disk = self.disks.get_mut(&side).context("no disk")?;
        let sweep = self.sweep.entry(station).or_default();
        let fail = |errno, lasts| Plan::FailAt {
            call: sweep.call + 1,
            errno,
            lasts,
        };
        disk.arm(match WAYS.get(sweep.way) {
            Some(Way::Io { lasts }) => fail(Fault::Io, *lasts),
            Some(Way::NoSpace { lasts }) => fail(Fault::Full, *lasts),
            Some(Way::Full) => Plan::FullAt(disk.used() + sweep.call * STEP),
            None => Plan::Nothing,
        });
        let done = work()?;
        let struck = disk.calls().1 > 0;
        if !sweep.is_done() {
            sweep.next(struck, self.stride);
        }
        disk.power_cycle(Remains::Nothing, &mut self.chance)?;
        Ok((done, struck))
    }
}

impl Hand for Failer {
    fn command(&mut self, station: Station, side: Side, command: Command) -> Result<Ended> {
        let (mut ended, struck) = self.strike(station, side, || {
            if station == Station::Restart {
                let idle = Command::new("true");
                return Ok(victim::server(command, idle, Moment::Never, &wire(), &|| ())?.0);
            }
            victim::command(command, Moment::Never, &wire(), &|| ())
        })?;
        ended.died = struck;
        Ok(ended)
    }

    fn server(
        &mut self,
        station: Station,
        side: Side,
        server: Command,
        caller: Command,
    ) -> Result<(Ended, Option<Ended>)> {
        let ((mut ended, called), struck) = self.strike(station, side, || {
            victim::server(server, caller, Moment::Never, &wire(), &|| ())
        })?;
        ended.died = struck;
        Ok((ended, called))
    }
}

#[cfg(test)]
mod tests {
    use super::{Sweep, TRIES, WAYS};

    #[test]
    fn a_short_run_does_not_end_a_way_and_a_call_that_never_comes_does() {
        let mut sweep = Sweep::default();
        for _ in 0..3 {
            sweep.next(true, 2);
            (1..TRIES).for_each(|_| sweep.next(false, 2));
        }
        assert_eq!((sweep.call, sweep.way), (6, 0));
        for _ in 0..WAYS.len() {
            sweep.next(true, 2);
            assert!(!sweep.is_done());
            (0..TRIES).for_each(|_| sweep.next(false, 2));
        }
        assert!(sweep.is_done());
        assert_eq!(sweep.reached, [8, 2, 2, 2, 2]);
        assert!(Sweep::done().is_done());
    }
}
