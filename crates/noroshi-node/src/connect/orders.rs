//! Two persons set a channel; one pauses or removes it, at once.

use noroshi_gate::acts::Approved;
use noroshi_model::act::ActKind;
use noroshi_model::document::{DocumentError, Fields, hex};
use noroshi_model::json::{Object, Value};
use noroshi_model::ledger::LineKind;
use noroshi_model::profile::SourceProfile;
use noroshi_model::{KeyId, PersonId};
use noroshi_store::RecordKind;
use noroshi_taxii::client::{Credential, Target, Trust, Word};

use super::ask::{Asking, Trouble};
use super::channel::{Channel, EVERY_SECONDS, Form, Shown, Way};
use super::command::Server;
use super::find::{Found, Passed};
use super::state::ChannelState;
use crate::acts::Effect;
use crate::command::{ActAnswer, Failure};
use crate::home::{in_folder, write_private};
use crate::messages::{Lang, text};
use crate::node::Node;
use crate::outside::Outside;
use crate::records::{ActRecord, ActState, Record};

/// Longest secret, in bytes.
const SECRET_BYTES_MAX: usize = 4096;
/// Channels at one time.
const CHANNELS_MAX: usize = 256;

/// What stands before the names of files with channels' secrets.
const SECRET: &str = "channel-";

/// The name, among the keys, of the file that holds a channel's secret.
pub(super) fn secret_name(id: &str) -> String {
    format!("{SECRET}{id}")
}

/// What is asked for a channel.
pub(super) struct ChannelAsked<'a> {
    pub(super) name: &'a str,
    pub(super) title: Option<&'a str>,
    pub(super) form: Form,
    pub(super) way: Way,
    pub(super) server: &'a Server,
    /// The collection's id, alias or title there.
    pub(super) collection: Option<&'a str>,
    pub(super) every_seconds: Option<u64>,
    pub(super) feed: Option<&'a str>,
    /// Set with it, where there is none of that name.
    pub(super) profile: Option<SourceProfile>,
}

fn refused(problem: &dyn std::fmt::Display) -> Failure {
    Failure::new("channel.refused", 2, problem).arg("problem", problem)
}

/// What failed at the other side, as a command's failure.
pub(super) fn failed(trouble: &Trouble) -> Failure {
    let id = format!("channel-problem-{}", trouble.code);
    let detail = [("detail", trouble.detail.as_str())];
    Failure::new("channel.failed", 6, text(Lang::En, &id, &detail))
        .arg("problem", text(Lang::Ja, &id, &detail))
}

/// A server's address, and whom to believe that it is it.
pub(super) fn server_of(server: &Server) -> Result<(Target, Trust, Option<Credential>), Failure> {
    let target: Target = server.url.parse().map_err(|error| refused(&error))?;
    let pins = server.pins.iter().map(|pin| pin.parse::<KeyId>());
    let trust = Trust {
        authorities: server.authorities.clone(),
        pins: pins
            .collect::<Result<_, _>>()
            .map_err(|error| refused(&error))?,
    };
    let is_header = |text: &str| {
        (1..=SECRET_BYTES_MAX).contains(&text.len()) && text.chars().all(|c| !c.is_control())
    };
    let credential = match (&server.secret, &server.user) {
        (None, None) => None,
        (None, Some(_)) => return Err(refused(&"a user needs a password: give it by file")),
        (Some(secret), user) if is_header(&secret.0) => {
            let word = Word(secret.0.clone());
            Some(match user {
                None if secret.0.is_ascii() => Credential::Bearer(word),
                Some(user) if is_header(user) && !user.contains(':') => Credential::Basic {
                    user: user.clone(),
                    password: word,
                },
                _ => return Err(refused(&"a user has no `:`, and a token is ASCII")),
            })
        }
        (Some(_), _) => return Err(refused(&"a secret is one line of 1 to 4096 bytes")),
    };
    Ok((target, trust, credential))
}

impl Node {
    /// Every channel that was not removed.
    pub(crate) fn channels(&self) -> Result<Vec<Channel>, Failure> {
        let mut all: Vec<Channel> = self.records(RecordKind::Channel)?;
        all.retain(|channel| !channel.removed);
        Ok(all)
    }

    /// The channel of that name, unless it was removed.
    pub(crate) fn channel(&self, name: &str) -> Result<Channel, Failure> {
        let known: Option<Channel> = self.record(RecordKind::Channel, name.as_bytes())?;
        known.filter(|known| !known.removed).ok_or_else(|| {
            Failure::new(
                "channel.unknown",
                4,
                format_args!("no channel is called `{name}`: see `noroshi connect list`"),
            )
            .arg("channel", name)
        })
    }

    /// The order is still the one that a round works by.
    pub(super) fn is_unchanged(&self, channel: &Channel) -> Result<bool, Failure> {
        let stored =
            self.record::<Channel>(RecordKind::Channel, channel.name.as_str().as_bytes())?;
        Ok(stored.is_some_and(|stored| stored.to_bytes() == channel.to_bytes()))
    }

    pub(crate) fn channel_state(&self, name: &PersonId) -> Result<ChannelState, Failure> {
        let state = self.record(RecordKind::ChannelState, name.as_str().as_bytes())?;
        Ok(state.unwrap_or_default())
    }

    /// What there is at a server.
    pub(super) fn channel_find(
        &self,
        server: &Server,
        outside: &dyn Outside,
    ) -> Result<(Vec<Found>, Vec<Passed>), Failure> {
        let (target, trust, credential) = server_of(server)?;
        let asking = Asking {
            outside,
            trust: &trust,
            credential: credential.as_ref(),
            now: self.now(),
        };
        asking.find(&target).map_err(|trouble| failed(&trouble))
    }

    /// Ask for a channel to be set: two persons.
    pub(super) fn channel_set(
        &self,
        asked: &ChannelAsked<'_>,
        person: &str,
        outside: &dyn Outside,
    ) -> Result<ActAnswer, Failure> {
        let name: PersonId = asked
            .name
            .parse()
            .map_err(|_| refused(&"a channel's name is 1 to 40 of a-z 0-9 . _ -"))?;
        let is_new = self.channel(name.as_str()).is_err();
        if is_new && self.channels()?.len() >= CHANNELS_MAX {
            return Err(refused(&"there are 256 channels: remove one first"));
        }
        let by = asked.way.by();
        match &asked.way {
            Way::Pull(_) if asked.profile.is_some() => {}
            Way::Pull(_) => {
                if self.profile(by.as_str())?.own {
                    return Err(refused(
                        &"its profile is for this organisation's own work: others' is theirs",
                    ));
                }
            }
            Way::Push(_) => {
                self.collection_named(by)?;
            }
        }
        let (mut target, trust, credential) = server_of(asked.server)?;
        let mut title = asked.title.map(str::to_owned);
        let mut collection = asked.collection.map(str::to_owned);
        if let (Some(named), None) = (asked.collection, asked.feed) {
            let found = self.chosen(named, asked, outside)?;
            title = title.or(Some(found.collection.title));
            collection = Some(found.collection.id);
            target = found.root;
        }
        let title = title.unwrap_or_else(|| target.to_string());
        let is_title = |title: &str| (1..=200).contains(&title.chars().count());
        let person = self.active_person(person)?.name;
        let shown = credential.is_some().then(|| Shown {
            id: hex(&self.chance::<16>())
                .as_str()
                .unwrap_or_default()
                .to_owned(),
            user: asked.server.user.clone(),
        });
        let channel = Channel {
            name,
            title: title.chars().filter(|c| !c.is_control()).collect(),
            form: asked.form,
            way: asked.way.clone(),
            target,
            collection,
            shown,
            trust,
            every_seconds: asked.every_seconds.unwrap_or(EVERY_SECONDS.2),
            feed: asked.feed.map(str::to_owned),
            paused: false,
            removed: false,
            ordered_by: person.clone(),
            at: self.now(),
        };
        if !is_title(&channel.title) {
            return Err(refused(&"a channel's title is 1 to 200 characters"));
        }
        // What is stored must be readable again: checked before anyone signs it.
        let value = Value::Object(channel.to_object());
        Channel::from_value(value.clone()).map_err(|error| refused(&error))?;
        let mut subject = Object::new().with("channel", value);
        if let Some(profile) = &asked.profile {
            subject.insert("profile", profile.to_object());
        }
        let person = person.as_str();
        let act = self.prepare(ActKind::ChannelSet, subject, person, true, None, 24 * 60)?;
        // Only now: a secret that no order names is swept away.
        if let (Some(shown), Some(secret)) = (&channel.shown, &asked.server.secret) {
            let path = self.home().key(&secret_name(&shown.id));
            write_private(&path, secret.0.as_bytes())?;
        }
        Ok(act)
    }

    /// The one collection of a server that is meant, which must allow what the channel does.
    fn chosen(
        &self,
        named: &str,
        asked: &ChannelAsked<'_>,
        outside: &dyn Outside,
    ) -> Result<Found, Failure> {
        let (found, _) = self.channel_find(asked.server, outside)?;
        let is_meant = |found: &&Found| {
            let collection = &found.collection;
            collection.id == named
                || collection.alias.as_deref() == Some(named)
                || collection.title == named
        };
        let mut meant = found.iter().filter(is_meant);
        let (Some(one), None) = (meant.next(), meant.next()) else {
            let why = format_args!(
                "not one collection there is `{named}`: leave --collection out to see which are"
            );
            return Err(Failure::new("channel.collection", 4, why).arg("collection", named));
        };
        let may = match asked.way {
            Way::Pull(_) => one.collection.can_read,
            Way::Push(_) => one.collection.can_write,
        };
        if !may {
            return Err(failed(&Trouble::new(
                "forbidden",
                "the collection does not allow it",
            )));
        }
        Ok(one.clone())
    }

    /// Ask for a channel to be paused, resumed or removed. What opens it again wants two persons.
    pub(super) fn channel_change(
        &self,
        name: &str,
        person: &str,
        kind: ActKind,
    ) -> Result<ActAnswer, Failure> {
        let channel = self.channel(name)?;
        let subject = Object::new().with("channel", channel.name.as_str());
        self.prepare(kind, subject, person, false, None, 24 * 60)
    }

    pub(crate) fn execute_channel(
        &self,
        record: &mut ActRecord,
        approved: &Approved,
    ) -> Result<Effect, Failure> {
        let damaged = |error: DocumentError| Failure::new("act.changed", 3, error);
        let subject = Value::Object(record.act.subject.clone());
        let mut fields = Fields::of("channel order", subject).map_err(damaged)?;
        let mut profile = None;
        let channel = if record.act.kind == ActKind::ChannelSet {
            if let Some(value) = fields.maybe("profile") {
                profile = Some(SourceProfile::from_value(value).map_err(damaged)?);
            }
            Channel::from_value(fields.value("channel").map_err(damaged)?).map_err(damaged)?
        } else {
            let name = fields.text("channel").map_err(damaged)?;
            let mut channel = self.channel(&name)?;
            channel.paused = record.act.kind == ActKind::ChannelPause;
            channel.removed = record.act.kind == ActKind::ChannelRemove;
            channel
        };
        let key = channel.name.as_str().as_bytes();
        let before: Option<Channel> = self.record(RecordKind::Channel, key)?;
        let goes_on = before
            .as_ref()
            .is_some_and(|before| before.is_same_end(&channel));
        let mut state = self.channel_state(&channel.name)?;
        state.due = None;
        let body = record
            .act
            .subject
            .clone()
            .with("event", record.act.kind.as_str());
        let line = self.line(LineKind::Channel, Some(&record.act.requester), body);
        let effect = self.take_effect(record, approved, &line, |tx| {
            if let Some(profile) = &profile {
                let key = profile.name.as_str().as_bytes();
                if tx.get(RecordKind::Profile, key)?.is_none() {
                    tx.put(RecordKind::Profile, key, &profile.to_bytes())?;
                }
            }
            if goes_on {
                tx.put(RecordKind::ChannelState, key, &state.to_bytes())?;
            } else {
                tx.delete(RecordKind::ChannelState, key)?;
            }
            tx.put(RecordKind::Channel, key, &channel.to_bytes())
        })?;
        self.sweep_secrets()?;
        Ok(effect)
    }

    /// Secrets that no channel and no order that waits names are erased.
    fn sweep_secrets(&self) -> Result<(), Failure> {
        let mut named: Vec<String> = self
            .channels()?
            .into_iter()
            .filter_map(|channel| channel.shown.map(|shown| shown.id))
            .collect();
        let now = self.now();
        for record in self.records::<ActRecord>(RecordKind::Act)? {
            let waits = matches!(record.state, ActState::Prepared | ActState::Pending);
            if record.act.kind != ActKind::ChannelSet || !waits || record.act.expires <= now {
                continue;
            }
            let channel = record.act.subject.get("channel").and_then(Value::as_object);
            named.extend(
                channel
                    .and_then(|channel| channel.str("credential"))
                    .map(str::to_owned),
            );
        }
        for path in in_folder(&self.home().path().join("keys")) {
            let name = path.file_name().and_then(|name| name.to_str());
            let id = name
                .and_then(|name| name.strip_prefix(SECRET))
                .and_then(|name| name.strip_suffix(".key"));
            if id.is_some_and(|id| !named.iter().any(|known| known == id)) {
                // Gone already is as good.
                let _ = std::fs::remove_file(&path);
            }
        }
        Ok(())
    }
}
