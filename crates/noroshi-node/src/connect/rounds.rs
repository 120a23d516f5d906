//! When a channel is asked, and what is kept of how it went. Time and chance are the node's.

use std::collections::BTreeSet;
use std::io::Read;
use std::sync::Mutex;

use noroshi_model::{PersonId, Timestamp};
use noroshi_store::{RecordKind, Tx, WriteError};
use noroshi_taxii::client::{Credential, Word};

use super::ask::{Asking, Trouble};
use super::channel::{Channel, Form, Way};
use super::command::RoundAnswer;
use super::state::{ChannelState, Problem};
use crate::command::{Event, Failure, ImportAnswer};
use crate::home::read_private;
use crate::intake::{Counted, Origin};
use crate::node::{Node, lock, store_failure};
use crate::outside::Outside;
use crate::records::Record as _;
use crate::sink::Sink;

/// After the first failure, in seconds; each further one doubles it.
const BACKOFF_SECONDS: u64 = 30;
/// No longer than this, unless the channel is asked more seldom anyway, in seconds.
const BACKOFF_MAX_SECONDS: u64 = 3600;
/// The longest that a server may ask to be left alone, in seconds.
const WAIT_MAX_SECONDS: u64 = 86_400;

/// Channels that are being asked: each by one at a time.
#[derive(Default)]
pub(crate) struct Rounds {
    at_work: Mutex<BTreeSet<PersonId>>,
    /// Those whose last round ended well in the middle of a listing.
    in_order: Mutex<BTreeSet<PersonId>>,
}

struct Turn<'a>(&'a Rounds, PersonId);

impl<'a> Turn<'a> {
    fn take(rounds: &'a Rounds, name: &PersonId) -> Option<Self> {
        let is_new = lock(&rounds.at_work).insert(name.clone());
        is_new.then(|| Self(rounds, name.clone()))
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        lock(&self.0.at_work).remove(&self.1);
    }
}

/// How a round ended that succeeded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// Everything there is.
    Done,
    /// There is more: it goes on at once.
    More,
}

/// One channel at work.
pub(super) struct Round<'a> {
    pub(super) node: &'a Node,
    pub(super) channel: &'a Channel,
    pub(super) state: &'a mut ChannelState,
    sink: &'a mut dyn Sink,
    has_learned: bool,
}

impl Round<'_> {
    /// Tell how far it is. `false`: nobody waits for it any more.
    pub(super) fn progress(&mut self) -> bool {
        self.sink.send(Event::Progress {
            label: "progress-channel".into(),
            done: self.state.read + self.state.sent,
            total: None,
        })
    }

    /// Take in a page; the cursor behind it becomes durable with its last objects.
    pub(super) fn take_page(&mut self, bytes: &[u8], next: ChannelState) -> Result<(), Trouble> {
        let mut reader = bytes;
        self.take_in(&mut reader, None, next).map(|_| ())
    }

    /// Take in what a reader gives, under the channel's profile; with the last of it the state.
    pub(super) fn take_in(
        &mut self,
        reader: &mut dyn Read,
        size: Option<u64>,
        next: ChannelState,
    ) -> Result<ImportAnswer, Trouble> {
        let profile = self.node.profile(self.channel.way.by().as_str());
        let profile = profile.map_err(|failure| Trouble::new("gone_here", failure.detail))?;
        let channel = self.channel;
        let key = channel.name.as_str().as_bytes();
        let closing = |tx: &mut Tx<'_>, counted: &Counted| {
            expect_unchanged(channel, tx)?;
            let mut next = next.clone();
            next.count(counted);
            tx.put(RecordKind::ChannelState, key, &next.to_bytes())
        };
        let origin = Origin {
            profile: Some(&profile),
            source: profile.name.as_str(),
            by_name: true,
            closing: Some(&closing),
            is_at_hand: true,
        };
        let mut silent = crate::sink::Silent;
        let counted = self.node.take_in(reader, size, origin, &mut silent);
        let counted = counted.map_err(trouble_here)?;
        let mut next = next;
        next.count(&counted);
        *self.state = next;
        self.has_learned |= counted.has_learned;
        Ok(counted.answer)
    }
}

/// Inside a transaction: the order is still the one that the round works by.
pub(super) fn expect_unchanged(channel: &Channel, tx: &Tx<'_>) -> Result<(), WriteError> {
    let stored = tx.get(RecordKind::Channel, channel.name.as_str().as_bytes())?;
    if stored.as_deref() == Some(&channel.to_bytes()) {
        return Ok(());
    }
    Err(WriteError::Refused("the channel was changed meanwhile"))
}

/// What failed here and not at the other side.
pub(super) fn trouble_here(failure: Failure) -> Trouble {
    Trouble::new("here", failure.detail)
}

impl Node {
    /// The channels whose time has come, by name.
    ///
    /// # Errors
    /// The store fails.
    pub fn channels_due(&self) -> Result<Vec<String>, Failure> {
        let now = self.now();
        let mut due = Vec::new();
        for channel in self.channels()? {
            if channel.paused || lock(&self.rounds.at_work).contains(&channel.name) {
                continue;
            }
            let state = self.channel_state(&channel.name)?;
            if state.due.is_none_or(|at| at <= now) {
                due.push((state.due, channel.name.to_string()));
            }
        }
        // Who waits longest goes first.
        due.sort();
        Ok(due.into_iter().map(|(_, name)| name).collect())
    }

    /// Ask a channel now: take what there is, or give what there is. What fails at the other side
    /// is kept with the channel and in the answer; it is no failure of this node.
    ///
    /// # Errors
    /// No such channel, it is paused, or it is being asked already; the store fails.
    pub fn channel_round(
        &self,
        name: &str,
        outside: &dyn Outside,
        sink: &mut dyn Sink,
    ) -> Result<RoundAnswer, Failure> {
        self.expect_recovered()?;
        let channel = self.channel(name)?;
        if channel.paused {
            let why = format_args!("the channel {name} is paused: noroshi connect resume {name}");
            return Err(Failure::new("channel.paused", 3, why).arg("channel", name));
        }
        let Some(_turn) = Turn::take(&self.rounds, &channel.name) else {
            let why = format_args!("the channel {name} is being asked at this moment");
            return Err(Failure::new("channel.busy", 3, why).arg("channel", name));
        };
        let before = self.channel_state(&channel.name)?;
        let mut state = before.clone();
        let mut round = Round {
            node: self,
            channel: &channel,
            state: &mut state,
            sink: &mut *sink,
            has_learned: false,
        };
        let outcome = round.run(outside);
        let has_learned = round.has_learned;
        if outcome == Ok(End::More) {
            lock(&self.rounds.in_order).insert(channel.name.clone());
        }
        self.settle(&channel, &mut state, &outcome)?;
        if state.read > before.read {
            let held = state.held - before.held;
            let mut answer = ImportAnswer::default();
            if held > 0 {
                let code = noroshi_gate::Reason::UNKNOWN_MARKING;
                answer.held.insert(code.to_owned(), held);
            }
            self.judge_held_again(&mut answer, has_learned)?;
            self.release_standing(sink)?;
        }
        Ok(answer_of(&channel, &before, &state))
    }

    /// Keep how a round ended, and when the next one is.
    fn settle(
        &self,
        channel: &Channel,
        state: &mut ChannelState,
        outcome: &Result<End, Trouble>,
    ) -> Result<(), Failure> {
        let now = self.now();
        let chance = u64::from_be_bytes(self.chance());
        let wait = match outcome {
            Ok(end) => {
                (state.failures, state.problem) = (0, None);
                state.last_success = Some(now);
                match end {
                    End::More => 0,
                    End::Done => spread(channel.every_seconds, chance),
                }
            }
            Err(trouble) => {
                state.failures += 1;
                state.problem = Some(Problem {
                    code: trouble.code.to_owned(),
                    detail: trouble.detail.clone(),
                    at: now,
                });
                let asked = trouble.wait.unwrap_or(0).min(WAIT_MAX_SECONDS);
                backoff(state.failures, channel.every_seconds, chance).max(asked)
            }
        };
        state.due = Some(after(now, wait));
        let key = channel.name.as_str().as_bytes();
        let order = channel.to_bytes();
        self.store
            .write(|tx| {
                // Another order by now has a state of its own.
                if tx.get(RecordKind::Channel, key)?.as_deref() != Some(&order[..]) {
                    return Ok(());
                }
                tx.put(RecordKind::ChannelState, key, &state.to_bytes())
            })
            .map_err(store_failure::<WriteError>)
    }

    /// The credential that a channel shows.
    fn credential_of(&self, channel: &Channel) -> Result<Option<Credential>, Trouble> {
        let Some(shown) = &channel.shown else {
            return Ok(None);
        };
        let path = self.home().key(&super::orders::secret_name(&shown.id));
        let secret = read_private(&path)
            .ok()
            .and_then(|bytes| String::from_utf8(bytes.to_vec()).ok());
        let secret = secret.ok_or_else(|| Trouble::new("credential", path.display()))?;
        Ok(Some(match &shown.user {
            None => Credential::Bearer(Word(secret)),
            Some(user) => Credential::Basic {
                user: user.clone(),
                password: Word(secret),
            },
        }))
    }
}

impl Round<'_> {
    fn run(&mut self, outside: &dyn Outside) -> Result<End, Trouble> {
        let credential = self.node.credential_of(self.channel)?;
        let asking = Asking {
            outside,
            trust: &self.channel.trust,
            credential: credential.as_ref(),
            now: self.node.now(),
        };
        match (self.channel.form, &self.channel.way) {
            (Form::Taxii, Way::Pull(_)) => {
                if !lock(&self.node.rounds.in_order).remove(&self.channel.name) {
                    self.state.broke_off();
                }
                self.pull(&asking)
            }
            (Form::Taxii, Way::Push(_)) => self.push(&asking),
            (Form::Document, _) => self.document(&asking),
        }
    }
}

/// Not all at the same second: up to a tenth later.
fn spread(seconds: u64, chance: u64) -> u64 {
    seconds + chance % (seconds / 10 + 1)
}

/// How long a channel is left alone after so many failures in a row, in seconds: doubled each
/// time, half of it by chance.
fn backoff(failures: u64, every_seconds: u64, chance: u64) -> u64 {
    let doublings = failures.saturating_sub(1).min(20);
    let most = every_seconds.max(BACKOFF_MAX_SECONDS);
    let whole = (BACKOFF_SECONDS << doublings).min(most);
    whole / 2 + chance % (whole / 2 + 1)
}

fn after(now: Timestamp, seconds: u64) -> Timestamp {
    now.plus_seconds(i64::try_from(seconds).unwrap_or(i64::MAX))
}

fn answer_of(channel: &Channel, before: &ChannelState, state: &ChannelState) -> RoundAnswer {
    RoundAnswer {
        channel: channel.name.to_string(),
        read: state.read - before.read,
        admitted: state.admitted - before.admitted,
        held: state.held - before.held,
        known: state.known - before.known,
        refused: state.refused - before.refused,
        sent: state.sent - before.sent,
        problem: state.problem.as_ref().map(|problem| problem.code.clone()),
        detail: state.problem.as_ref().map(|problem| problem.detail.clone()),
        note: state.note.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waiting_doubles_up_to_its_cap_and_half_of_it_is_chance() {
        let longest = |failures| backoff(failures, 600, u64::MAX - u64::MAX % 1_000_000);
        for failures in 1..80 {
            let (least, most) = (backoff(failures, 600, 0), longest(failures));
            assert!(least >= 15 && most <= 3600, "{failures}: {least} {most}");
        }
        assert_eq!([1, 2, 3].map(|n| backoff(n, 600, 0)), [15, 30, 60]);
        assert_eq!(backoff(1, 600, 15), 30);
        assert_eq!(backoff(99, 600, 0), 1800);
        assert_eq!(backoff(99, 86_400, 0), 43_200);
        assert_eq!(
            (spread(3600, 0), spread(3600, 360), spread(3600, 361)),
            (3600, 3960, 3600)
        );
    }
}
