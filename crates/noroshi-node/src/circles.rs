//! Private circles: a name for several partners, known to this node alone.
//!
//! `--to circle:NAME` stands for each member, each asked of the gate under this node's own
//! agreement with it. Nothing that leaves says that there is a circle, what it is called or who
//! else is in it: a partner's log holds what was released to that partner and nothing more.

use noroshi_gate::acts::Approved;
use noroshi_model::act::ActKind;
use noroshi_model::document::{DocumentError, Fields, text};
use noroshi_model::json::{Object, Value};
use noroshi_model::ledger::LineKind;
use noroshi_model::{NodeId, PersonId};
use noroshi_store::RecordKind;

use crate::acts::Effect;
use crate::command::{ActAnswer, Event, Failure};
use crate::node::Node;
use crate::records::{ActRecord, Peer, Record};
use crate::sink::Sink;

/// Most members of a circle.
const MEMBERS_MAX: usize = 256;
/// What stands before a circle's name among recipients.
const CIRCLE: &str = "circle:";

/// A circle as it is stored.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Circle {
    name: PersonId,
    members: Vec<NodeId>,
}

impl Record for Circle {
    fn to_bytes(&self) -> Vec<u8> {
        Value::Object(
            Object::new()
                .with("v", 1)
                .with("name", self.name.as_str())
                .with(
                    "members",
                    self.members.iter().map(text).collect::<Vec<Value>>(),
                ),
        )
        .canonical()
    }

    fn from_bytes(bytes: &[u8]) -> Result<Self, DocumentError> {
        let mut fields = Fields::read("circle record", bytes)?;
        fields.version(1)?;
        let circle = Self {
            name: fields.parsed("name")?,
            members: fields.parsed_list("members")?,
        };
        fields.end()?;
        Ok(circle)
    }
}

impl Node {
    /// Ask for a circle to have these members from now on.
    pub(crate) fn circle_set(
        &self,
        name: &str,
        peers: &[String],
        person: &str,
    ) -> Result<ActAnswer, Failure> {
        let name: PersonId = name.parse().map_err(|_| {
            Failure::new(
                "circle.name",
                2,
                "a circle's name is 1 to 40 of a-z 0-9 . _ -",
            )
        })?;
        let mut members = peers
            .iter()
            .map(|named| self.find_peer(named).map(|peer| peer.node()))
            .collect::<Result<Vec<NodeId>, Failure>>()?;
        members.sort_unstable();
        members.dedup();
        if members.is_empty() || members.len() > MEMBERS_MAX {
            return Err(Failure::new(
                "circle.members",
                2,
                "a circle has 1 to 256 members",
            ));
        }
        let subject = Object::new()
            .with("circle", name.as_str())
            .with("members", members.iter().map(text).collect::<Vec<Value>>());
        self.prepare(ActKind::CircleSet, subject, person, true, None, 24 * 60)
    }

    pub(crate) fn execute_circle(
        &self,
        record: &mut ActRecord,
        approved: &Approved,
    ) -> Result<Effect, Failure> {
        let damaged = |error| Failure::new("act.changed", 3, error);
        let subject = Value::Object(record.act.subject.clone());
        let mut fields = Fields::of("circle", subject).map_err(damaged)?;
        let circle = Circle {
            name: fields.parsed("circle").map_err(damaged)?,
            members: fields.parsed_list("members").map_err(damaged)?,
        };
        let act = &record.act;
        let line = self.line(LineKind::Circle, Some(&act.requester), act.subject.clone());
        self.take_effect(record, approved, &line, |tx| {
            let key = circle.name.as_str().as_bytes();
            tx.put(RecordKind::Circle, key, &circle.to_bytes())
        })
    }

    pub(crate) fn circle_list(&self, sink: &mut dyn Sink) -> Result<(), Failure> {
        for circle in self.records::<Circle>(RecordKind::Circle)? {
            let mut names = Vec::new();
            for member in &circle.members {
                let peer = self.peer(member)?;
                let name = peer.map(|peer| peer.manifest.organisation.name_en);
                names.push(name.unwrap_or_default());
            }
            let members: Vec<String> = circle.members.iter().map(ToString::to_string).collect();
            sink.send(Event::Row {
                kind: "circle".into(),
                row: serde_json::json!({
                    "name": circle.name.as_str(),
                    "members": members,
                    "names": names,
                }),
            });
        }
        Ok(())
    }

    /// The peers that a recipient as typed stands for: one, or the members of a circle.
    pub(crate) fn recipients_named(&self, named: &str) -> Result<Vec<Peer>, Failure> {
        let Some(name) = named.strip_prefix(CIRCLE) else {
            return Ok(vec![self.find_peer(named)?]);
        };
        let circle: Option<Circle> = self.record(RecordKind::Circle, name.as_bytes())?;
        let circle = circle.ok_or_else(|| {
            Failure::new(
                "circle.unknown",
                4,
                format_args!("no circle is called `{name}`: see `noroshi circle list`"),
            )
            .arg("circle", name)
        })?;
        let mut members = Vec::new();
        for member in &circle.members {
            members.extend(self.peer(member)?.filter(|peer| !peer.removed));
        }
        Ok(members)
    }
}
