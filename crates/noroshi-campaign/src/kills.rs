//! `kill -9` at every station: real processes with folders of their own, killed at a moment drawn
//! from how long they took before.

use std::collections::BTreeMap;
use std::process::Command;
use std::time::Duration;

use anyhow::Result;

use crate::chance::Chance;
use crate::report::{Report, Stage};
use crate::story::{Hand, Side, Station, Story};
use crate::victim::{self, Ended, Moment, wire};

/// Rounds of one pair of nodes: then a new one begins, so that a round takes no longer than before.
const ROUNDS: u64 = 40;

/// Kills until every station saw so many.
pub(crate) fn run(stage: &Stage, kills: u64) -> Result<Report> {
    let mut report = Report::new("kills", stage.seed);
    let mut hand = Killer {
        chance: Chance::new(stage.seed),
        typical: BTreeMap::new(),
    };
    while report.least_struck() < kills {
        let folder = stage.folder()?;
        let homes = [folder.path().join("jp"), folder.path().join("us")];
        for home in &homes {
            std::fs::create_dir_all(home)?;
        }
        let mut story = Story::begin(&stage.binary, folder.path(), [&homes[0], &homes[1]])?;
        for _ in 0..ROUNDS {
            story.round(&mut hand)?;
            stage.progress(&format!(
                "kills: {} of {kills} at the station with fewest",
                report.least_struck_with(&story)
            ));
            if report.least_struck_with(&story) >= kills {
                break;
            }
        }
        report.take(story);
    }
    Ok(report)
}

struct Killer {
    chance: Chance,
    /// How long a process took at a station, from its start or the call to its end.
    typical: BTreeMap<Station, Duration>,
}

impl Killer {
    /// A moment up to a little behind the usual end: the end is a moment too.
    fn moment(&mut self, station: Station) -> Moment {
        let typical = self.typical.get(&station).copied();
        let typical = typical.unwrap_or(Duration::from_millis(60));
        let micros = u64::try_from(typical.as_micros()).unwrap_or(u64::MAX);
        Moment::After(Duration::from_micros(
            self.chance.below(micros + micros / 10),
        ))
    }

    fn learn(&mut self, station: Station, took: Duration, died: bool) {
        let typical = self.typical.entry(station).or_insert(took);
        if died {
            // Died late: it takes longer than was thought.
            *typical = (*typical).max(took);
        } else {
            *typical = (*typical * 7 + took) / 8;
        }
    }
}

impl Hand for Killer {
    fn command(&mut self, station: Station, _: Side, command: Command) -> Result<Ended> {
        let moment = self.moment(station);
        let ended = victim::command(command, moment, &wire(), &|| ())?;
        if station != Station::Restart {
            self.learn(station, ended.took, ended.died);
        }
        Ok(ended)
    }

    fn server(
        &mut self,
        station: Station,
        _: Side,
        server: Command,
        caller: Command,
    ) -> Result<(Ended, Option<Ended>)> {
        let moment = self.moment(station);
        let (ended, called) = victim::server(server, caller, moment, &wire(), &|| ())?;
        if let Some(called) = &called {
            self.learn(station, called.took, ended.died);
        }
        Ok((ended, called))
    }
}
