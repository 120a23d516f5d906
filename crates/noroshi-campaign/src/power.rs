//! Power cuts at every station, on disks that keep only what was synced; and the control: a writer
//! that does not wait for the disk must lose what it acknowledged, or the disk proves nothing.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use noroshi_model::ledger::{LedgerLine, LineKind};
use noroshi_model::{Object, Timestamp};
use noroshi_store::{Durability, Options, Store, Viewer, WriteError};
use noroshi_testkit::{Node, free_address};

use crate::chance::Chance;
use crate::disk::Remains;
use crate::mount::{Mounted, Plan};
use crate::report::{Report, Stage};
use crate::story::{Hand, Side, Station, Story};
use crate::victim::{self, Ended, Moment, wire};

/// Rounds of one pair of nodes.
const ROUNDS: u64 = 20;
/// Lines of one transaction of the writer.
const LINES: u64 = 4;
/// Pages after which the writer's log is written back: few, so that cuts fall into that as well.
const CHECKPOINT_PAGES: u32 = 50;

/// Cuts until every station saw so many, then as many at the birth of a node and of the writer.
pub(crate) fn run(stage: &Stage, cuts: u64) -> Result<Report> {
    let mut report = Report::new("power", stage.seed);
    let mut chance = Chance::new(stage.seed);
    while report.least_struck() < cuts {
        let folder = stage.folder()?;
        let mut hand = Cutter::new(folder.path(), chance.fork())?;
        let homes = [folder.path().join("jp"), folder.path().join("us")];
        let mut story = Story::begin(&stage.binary, folder.path(), [&homes[0], &homes[1]])?;
        for _ in 0..ROUNDS {
            story.round(&mut hand)?;
            let least = report.least_struck_with(&story);
            stage.progress(&format!("power: {least} of {cuts} cuts at every station"));
            if least >= cuts {
                break;
            }
        }
        report.take(story);
    }
    births(stage, cuts, &mut chance, &mut report)?;
    let full = writers(stage, cuts, Durability::Full, &mut chance)?;
    let control = writers(stage, cuts, Durability::Control, &mut chance)?;
    for (name, figures) in [("FULL", &full), ("NORMAL, the control", &control)] {
        report.lines.push(format!(
            "writer, synchronous={name}: {cuts} cuts, {} lines acknowledged, {} lost",
            figures.acknowledged, figures.lost
        ));
    }
    if full.lost > 0 {
        report.wrong.push(format!("LOST: {} lines", full.lost));
    }
    if control.lost == 0 {
        let problem = "the control lost nothing: this disk does not show what a power cut does";
        report.wrong.push(problem.to_owned());
    }
    Ok(report)
}

/// Cuts the power of the node that writes, at a call drawn from how many it made before.
struct Cutter {
    disks: BTreeMap<Side, Mounted>,
    chance: Chance,
    typical: BTreeMap<Station, u64>,
}

impl Cutter {
    fn new(folder: &Path, chance: Chance) -> Result<Self> {
        let disk = |name: &str| Mounted::new(&folder.join(name));
        Ok(Self {
            disks: BTreeMap::from([(Side::Jp, disk("jp")?), (Side::Us, disk("us")?)]),
            chance,
            typical: BTreeMap::new(),
        })
    }

    /// Strike a run: at some call, or when it is done, which is the moment that shows whether what
    /// was acknowledged is durable.
    fn strike<T>(
        &mut self,
        station: Station,
        side: Side,
        work: impl FnOnce(&Wire, &dyn Fn()) -> Result<T>,
    ) -> Result<T> {
        let typical = self.typical.get(&station).copied().unwrap_or(200);
        let call = 1 + self.chance.below(typical + typical / 3);
        let wire = wire();
        let disk = self.disks.get_mut(&side).context("no disk")?;
        disk.arm(Plan::CutAt(call, wire.0.clone()));
        let done = work(&wire, &|| disk.release())?;
        let (calls, struck) = disk.calls();
        let typical = self.typical.entry(station).or_insert(calls);
        *typical = if struck == 0 {
            calls
        } else {
            (*typical).max(calls)
        };
        let remains = if self.chance.below(2) == 0 {
            Remains::Nothing
        } else {
            Remains::Parts
        };
        disk.power_cycle(remains, &mut self.chance)?;
        Ok(done)
    }
}

type Wire = (
    std::sync::mpsc::Sender<victim::Happened>,
    std::sync::mpsc::Receiver<victim::Happened>,
);

impl Hand for Cutter {
    fn command(&mut self, station: Station, side: Side, command: Command) -> Result<Ended> {
        // A server at rest writes nothing more: it is cut off after a while.
        let mut ended = self.strike(station, side, |wire, release| {
            if station == Station::Restart {
                let idle = Command::new("true");
                let moment = Moment::Struck;
                return Ok(victim::server(command, idle, moment, wire, release)?.0);
            }
            victim::command(command, Moment::Struck, wire, release)
        })?;
        ended.died = true;
        Ok(ended)
    }

    fn server(
        &mut self,
        station: Station,
        side: Side,
        server: Command,
        caller: Command,
    ) -> Result<(Ended, Option<Ended>)> {
        let (mut ended, called) = self.strike(station, side, |wire, release| {
            victim::server(server, caller, Moment::Struck, wire, release)
        })?;
        ended.died = true;
        Ok((ended, called))
    }
}

/// A node that says it was made is there after a cut.
fn births(stage: &Stage, cuts: u64, chance: &mut Chance, report: &mut Report) -> Result<()> {
    let mut acknowledged = 0;
    for cut in 0..cuts {
        let folder = stage.folder()?;
        let home = folder.path().join("disk");
        let mut disk = Mounted::new(&home)?;
        let mut node = Node::new(&stage.binary, folder.path(), "JPN", &free_address()?)?;
        node.home = home.join("node");
        let wire = wire();
        // Every fourth cut comes when all is done.
        let call = if cut % 4 == 0 {
            u64::MAX
        } else {
            1 + chance.below(120)
        };
        disk.arm(Plan::CutAt(call, wire.0.clone()));
        let init = node.init_command();
        let ended = victim::command(init, Moment::Struck, &wire, &|| disk.release())?;
        let made = ended.events.iter().any(|event| event["kind"] == "init");
        disk.power_cycle(Remains::Nothing, chance)?;
        acknowledged += u64::from(made);
        if made && let Err(error) = node.run(&["doctor"]) {
            report
                .wrong
                .push(format!("LOST: a node that was made: {error:#}"));
        }
        stage.progress(&format!(
            "power: {cut} of {cuts} cuts at the birth of a node"
        ));
    }
    report.lines.push(format!(
        "init: {cuts} cuts, {acknowledged} nodes acknowledged, each there after the cut"
    ));
    Ok(())
}

/// What writers acknowledged and what was gone afterwards.
#[derive(Default)]
struct Figures {
    acknowledged: u64,
    lost: u64,
}

/// Cut a process that writes into the store alone, over and over, on a disk that stays.
fn writers(
    stage: &Stage,
    cuts: u64,
    durability: Durability,
    chance: &mut Chance,
) -> Result<Figures> {
    let folder = stage.folder()?;
    let place = folder.path().join("disk");
    let mut disk = Mounted::new(&place)?;
    let me = std::env::current_exe()?;
    let mut figures = Figures::default();
    let mut before = 0;
    for cut in 0..cuts {
        let wire = wire();
        disk.arm(Plan::CutAt(20 + chance.below(400), wire.0.clone()));
        let mut writer = Command::new(&me);
        let word = match durability {
            Durability::Full => "full",
            Durability::Control => "control",
        };
        writer.arg("writer").arg(place.join("store")).arg(word);
        let ended = victim::command(writer, Moment::Struck, &wire, &|| disk.release())?;
        ensure!(ended.died, "the writer ended: {}", ended.complained);
        let last = ended.events.iter().filter_map(|event| event.as_u64()).max();
        let acknowledged = last.unwrap_or(before);
        figures.acknowledged += acknowledged - before.min(acknowledged);
        disk.power_cycle(Remains::Nothing, chance)?;
        let store = Store::open(&place.join("store"), &options(durability))?;
        let found = store
            .read(&Viewer::node())?
            .verify_ledger(&mut |_| {})?
            .size;
        store.close()?;
        figures.lost += acknowledged.saturating_sub(found);
        before = found;
        stage.progress(&format!("power: {cut} of {cuts} cuts of a writer, {word}"));
    }
    Ok(figures)
}

fn options(durability: Durability) -> Options {
    Options {
        checkpoint_pages: CHECKPOINT_PAGES,
        durability,
        ..Options::default()
    }
}

/// The process that is cut: it adds lines and says after each commit how many there are.
pub(crate) fn writer(folder: &Path, durability: Durability) -> Result<()> {
    let store = Store::open(folder, &options(durability))?;
    let mut out = std::io::stdout();
    loop {
        let written = store.write(|tx| {
            let mut last = 0;
            for number in 0..LINES {
                let body = Object::new().with("filler", "x".repeat(600 + number as usize));
                last = tx.append(&LedgerLine {
                    at: Timestamp::from_micros(0),
                    kind: LineKind::Alarm,
                    person: None,
                    body,
                })?;
            }
            Ok::<u64, WriteError>(last + 1)
        })?;
        writeln!(out, "{written}")?;
        out.flush()?;
    }
}
