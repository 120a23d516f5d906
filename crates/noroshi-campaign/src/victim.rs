//! A process that is to die: started, watched, killed when its moment has come, and what it said
//! before.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde_json::Value;

use noroshi_testkit::events;

/// No process of a campaign runs longer: one that does hangs, which is a failure too.
const PATIENCE: Duration = Duration::from_secs(60);

/// What the one who waits is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Happened {
    /// The disk of the victim was struck.
    Struck,
    /// The victim said its first line.
    Ready,
    /// The victim ended.
    Ended,
    /// The process that calls the victim ended.
    CallerEnded,
}

/// When a victim dies.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Moment {
    /// Not by this side's hand.
    Never,
    /// So long after it began.
    After(Duration),
    /// When its disk was struck.
    Struck,
}

/// How a victim ended.
pub(crate) struct Ended {
    /// What it printed.
    pub(crate) printed: Vec<u8>,
    /// The events in it.
    pub(crate) events: Vec<Value>,
    /// What it complained of.
    pub(crate) complained: String,
    /// Was it killed, rather than done?
    pub(crate) died: bool,
    /// From its start to its end.
    pub(crate) took: Duration,
}

#[expect(clippy::disallowed_methods, reason = "processes die at real moments")]
pub(crate) fn now() -> Instant {
    Instant::now()
}

/// A process whose output is read as it comes.
struct Watched {
    child: Child,
    said: std::thread::JoinHandle<Vec<u8>>,
    complained: std::thread::JoinHandle<Vec<u8>>,
    began: Instant,
}

impl Watched {
    fn start(mut command: Command, told: &Sender<Happened>, end: Happened) -> Result<Self> {
        let began = now();
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .context("the binary does not start")?;
        let stdout = child.stdout.take().context("no output")?;
        let mut stderr = child.stderr.take().context("no output")?;
        let told = told.clone();
        let said = std::thread::spawn(move || {
            let mut said = Vec::new();
            let mut reader = BufReader::new(stdout);
            if reader.read_until(b'\n', &mut said).unwrap_or(0) > 0 && end == Happened::Ended {
                // Who waited may have gone on already.
                let _ = told.send(Happened::Ready);
            }
            let _ = reader.read_to_end(&mut said);
            let _ = told.send(end);
            said
        });
        let complained = std::thread::spawn(move || {
            let mut complained = Vec::new();
            let _ = stderr.read_to_end(&mut complained);
            complained
        });
        Ok(Self {
            child,
            said,
            complained,
            began,
        })
    }

    /// Kill it; `release` lets go whoever waits in a call of its disk.
    fn kill(&mut self, release: &dyn Fn()) {
        // It may have ended by itself.
        let _ = self.child.kill();
        release();
    }

    fn end(mut self) -> Result<Ended> {
        let status = self.child.wait()?;
        let took = self.began.elapsed();
        let said = self.said.join().unwrap_or_default();
        let complained = self.complained.join().unwrap_or_default();
        Ok(Ended {
            events: events(&said),
            printed: said,
            complained: String::from_utf8_lossy(&complained).into_owned(),
            died: status.code().is_none(),
            took,
        })
    }
}

/// The channel on which a disk tells that it was struck.
pub(crate) fn wire() -> (Sender<Happened>, Receiver<Happened>) {
    channel()
}

fn wait(wire: &Receiver<Happened>, moment: Moment, began: Instant) -> Result<Option<Happened>> {
    let limit = match moment {
        Moment::After(after) => after.saturating_sub(began.elapsed()),
        Moment::Never | Moment::Struck => PATIENCE,
    };
    match (wire.recv_timeout(limit), moment) {
        (Ok(happened), _) => Ok(Some(happened)),
        (Err(RecvTimeoutError::Timeout), Moment::After(_)) => Ok(None),
        (Err(_), _) => bail!("a process hangs"),
    }
}

/// A command that dies at that moment, if it is not done before.
pub(crate) fn command(
    command: Command,
    moment: Moment,
    wire: &(Sender<Happened>, Receiver<Happened>),
    release: &dyn Fn(),
) -> Result<Ended> {
    let mut victim = Watched::start(command, &wire.0, Happened::Ended)?;
    loop {
        match wait(&wire.1, moment, victim.began) {
            Ok(Some(Happened::Ended)) => break,
            Ok(Some(Happened::Struck) | None) => {
                victim.kill(release);
                break;
            }
            Ok(Some(_)) => {}
            Err(error) => {
                victim.kill(release);
                victim.end()?;
                return Err(error);
            }
        }
    }
    victim.end()
}

/// A server that dies at that moment while another process calls it; it is stopped when that one
/// is done. A moment is counted from the server's first word.
pub(crate) fn server(
    server: Command,
    caller: Command,
    moment: Moment,
    wire: &(Sender<Happened>, Receiver<Happened>),
    release: &dyn Fn(),
) -> Result<(Ended, Option<Ended>)> {
    let mut victim = Watched::start(server, &wire.0, Happened::Ended)?;
    let mut caller = Some(caller);
    let mut calling: Option<Watched> = None;
    let mut until = Moment::Never;
    let mut was_killed = false;
    let outcome = loop {
        match wait(
            &wire.1,
            until,
            calling.as_ref().map_or(victim.began, |c| c.began),
        ) {
            Ok(Some(Happened::Ready)) => {
                if let Some(caller) = caller.take() {
                    calling = Some(Watched::start(caller, &wire.0, Happened::CallerEnded)?);
                    until = moment;
                }
            }
            Ok(Some(Happened::Struck) | None) => {
                was_killed = true;
                until = Moment::Never;
                victim.kill(release);
            }
            Ok(Some(Happened::Ended)) if calling.is_none() => break Ok(()),
            // The caller notices that the server is gone, and ends.
            Ok(Some(Happened::Ended)) => {}
            Ok(Some(Happened::CallerEnded)) => break Ok(()),
            Err(error) => break Err(error),
        }
    };
    victim.kill(release);
    if outcome.is_err()
        && let Some(calling) = &mut calling
    {
        calling.kill(release);
    }
    let called = calling.map(Watched::end).transpose()?;
    let mut ended = victim.end()?;
    ended.died = was_killed;
    outcome.map(|()| (ended, called))
}
