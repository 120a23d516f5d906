//! Public sources as data: one toggle each. A feed that is on is a channel of its name, with a
//! source profile of its name; the list says where it is, under which terms, and how it is marked.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use noroshi_model::PersonId;
use noroshi_model::act::ActKind;
use noroshi_model::profile::SourceProfile;
use serde::Deserialize;
use serde_json::json;

use super::channel::{Form, Way};
use super::command::Server;
use super::orders::ChannelAsked;
use crate::command::{ActAnswer, Event, Failure};
use crate::node::Node;
use crate::outside::Outside;
use crate::rules::profile_scope;
use crate::sink::Sink;

/// The list, which a test holds to its form.
const LIST: &str = include_str!("../../../../data/feeds.toml");

/// One feed of the list.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Feed {
    pub(crate) title_en: String,
    pub(crate) title_ja: String,
    /// The document, or the API root.
    pub(crate) url: String,
    /// In TAXII, which collection; a document has none.
    pub(crate) collection: Option<String>,
    /// Its licence, or whose terms hold.
    pub(crate) licence: String,
    /// Where the terms stand.
    pub(crate) terms: String,
    /// How its objects are marked that carry no marking.
    pub(crate) marking: String,
    pub(crate) every_hours: u64,
}

static FEEDS: LazyLock<BTreeMap<String, Feed>> =
    LazyLock::new(|| toml::from_str(LIST).unwrap_or_default());

/// The feed of that name.
pub(crate) fn feed(name: &str) -> Result<&'static Feed, Failure> {
    FEEDS.get(name).ok_or_else(|| {
        Failure::new(
            "feed.unknown",
            4,
            format_args!("no feed is called `{name}`: see `noroshi feed list`"),
        )
        .arg("feed", name)
    })
}

impl Node {
    pub(super) fn feed_list(&self, sink: &mut dyn Sink) -> Result<(), Failure> {
        let channels = self.channels()?;
        for (name, feed) in FEEDS.iter() {
            let channel = channels
                .iter()
                .find(|channel| channel.feed.as_deref() == Some(name));
            let state = channel
                .map(|channel| self.channel_state(&channel.name))
                .transpose()?
                .unwrap_or_default();
            let word = match channel {
                None => "off",
                Some(channel) if channel.paused => "off",
                Some(_) if state.problem.is_some() => "failing",
                Some(_) => "on",
            };
            sink.send(Event::Row {
                kind: "feed".into(),
                row: json!({
                    "name": name,
                    "title_en": feed.title_en,
                    "title_ja": feed.title_ja,
                    "url": channel.map_or_else(|| feed.url.clone(), |c| c.target.to_string()),
                    "form": if feed.collection.is_some() { "taxii" } else { "document" },
                    "licence": feed.licence,
                    "terms": feed.terms,
                    "marking": feed.marking,
                    "every_hours": feed.every_hours,
                    "state": word,
                    "last_success": state.last_success.map(|at| at.to_string()),
                    "objects": state.admitted,
                }),
            });
        }
        Ok(())
    }

    pub(super) fn feed_on(
        &self,
        name: &str,
        mirror: Option<Server>,
        person: &str,
        outside: &dyn Outside,
    ) -> Result<ActAnswer, Failure> {
        let feed = feed(name)?;
        let known = self.channel(name).ok();
        if known.as_ref().is_some_and(|known| known.feed.is_none()) {
            let why = format!("a channel that is no feed is called `{name}`: remove it first");
            return Err(Failure::new("channel.refused", 2, &why).arg("problem", why));
        }
        if mirror.is_none() && known.is_some_and(|known| known.paused) {
            return self.channel_change(name, person, ActKind::ChannelResume);
        }
        let server = mirror.unwrap_or_else(|| Server {
            url: feed.url.clone(),
            ..Server::default()
        });
        let by: PersonId = name
            .parse()
            .map_err(|error| Failure::new("feed.unknown", 4, error).arg("feed", name))?;
        let profile = match self.profile(name) {
            Ok(_) => None,
            Err(_) => Some(SourceProfile {
                name: by.clone(),
                title: feed.title_en.clone(),
                assigned: vec![self.marking_id(&feed.marking, &profile_scope(name, false))?],
                own: false,
                ordered_by: self.active_person(person)?.name,
                at: self.now(),
            }),
        };
        let asked = ChannelAsked {
            name,
            title: Some(&feed.title_en),
            form: if feed.collection.is_some() {
                Form::Taxii
            } else {
                Form::Document
            },
            way: Way::Pull(by),
            server: &server,
            collection: feed.collection.as_deref(),
            every_seconds: Some(feed.every_hours * 3600),
            feed: Some(name),
            profile,
        };
        self.channel_set(&asked, person, outside)
    }

    pub(super) fn feed_off(&self, name: &str, person: &str) -> Result<ActAnswer, Failure> {
        feed(name)?;
        self.channel_change(name, person, ActKind::ChannelPause)
    }
}

#[cfg(test)]
mod tests {
    use noroshi_taxii::client::Target;

    use super::*;

    #[test]
    fn every_feed_of_the_list_is_whole() {
        let list: BTreeMap<String, Feed> = toml::from_str(LIST).unwrap();
        assert!(list.len() >= 5);
        for (name, feed) in &list {
            assert!(name.parse::<PersonId>().is_ok(), "{name}");
            let target: Target = feed.url.parse().unwrap();
            assert!(target.is_tls(), "{name}");
            for text in [&feed.title_en, &feed.title_ja, &feed.licence] {
                assert!((1..=200).contains(&text.chars().count()), "{name}");
            }
            assert!(feed.terms.starts_with("https://"), "{name}");
            assert!((1..=720).contains(&feed.every_hours), "{name}");
            let table = noroshi_gate::MarkingTable::builtin();
            assert!(table.by_name(&feed.marking).is_some(), "{name}");
        }
    }
}
