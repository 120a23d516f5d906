//! Clients: who reads by TAXII without a node, and under which arrangement.

use std::collections::BTreeMap;

use noroshi_gate::acts::Approved;
use noroshi_gate::{Axes, AxisKind, PeerState, Recipient};
use noroshi_model::act::ActKind;
use noroshi_model::agreement::{Agreement, Clause, Onward, Party, ReleaseTerm};
use noroshi_model::document::{DocumentError, Fields, text};
use noroshi_model::json::{Object, Value};
use noroshi_model::ledger::LineKind;
use noroshi_model::{Digest, KeyId, Nation, NodeId, PersonId, Timestamp};
use noroshi_store::{RecordKind, Tx, WriteError};

use crate::acts::Effect;
use crate::agreements::{outer_json, party};
use crate::command::{ActAnswer, Event, Failure};
use crate::node::{Node, store_failure};
use crate::records::{ActRecord, AgreementRecord, Record, flag};
use crate::sink::Sink;

/// What stands before a client's name among recipients.
const CLIENT: &str = "client:";
/// Longest arrangement, in days.
const DAYS_MAX: u32 = 3660;

/// A client as it is stored.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Client {
    pub(crate) name: PersonId,
    pub(crate) title: String,
    pub(crate) nation: Nation,
    /// What may go to it, until when.
    pub(crate) arrangement: Agreement,
    pub(crate) removed: bool,
    pub(crate) since: Timestamp,
}

impl Client {
    /// The name of its log, and the party of its arrangement. No node has it: nodes are named by
    /// their root key.
    pub(crate) fn node(&self, me: &NodeId) -> NodeId {
        node_of(me, &self.name)
    }
}

fn node_of(me: &NodeId, name: &PersonId) -> NodeId {
    let parts: [&[u8]; 3] = [b"noroshi client v1", me.bytes(), name.as_str().as_bytes()];
    NodeId::from_bytes(Digest::of_parts(&parts).0)
}

impl Record for Client {
    fn to_bytes(&self) -> Vec<u8> {
        Value::Object(
            Object::new()
                .with("v", 1)
                .with("name", self.name.as_str())
                .with("title", self.title.as_str())
                .with("nation", text(self.nation))
                .with("arrangement", self.arrangement.to_value())
                .with("removed", self.removed)
                .with("since", text(self.since)),
        )
        .canonical()
    }

    fn from_bytes(bytes: &[u8]) -> Result<Self, DocumentError> {
        let mut fields = Fields::read("client record", bytes)?;
        fields.version(1)?;
        let client = Self {
            name: fields.parsed("name")?,
            title: fields.text("title")?,
            nation: fields.parsed("nation")?,
            arrangement: Agreement::from_value(fields.value("arrangement")?)?,
            removed: flag(&mut fields, "removed")?,
            since: fields.parsed("since")?,
        };
        fields.end()?;
        Ok(client)
    }
}

/// What is asked for a client.
pub(crate) struct ClientAsked<'a> {
    pub(crate) name: &'a str,
    pub(crate) title: &'a str,
    pub(crate) nation: &'a str,
    /// `axis:level` each.
    pub(crate) ceilings: &'a [String],
    pub(crate) types: &'a [String],
    pub(crate) purposes: &'a [String],
    pub(crate) days: u32,
}

impl Node {
    /// Every client, removed ones included.
    pub(crate) fn clients(&self) -> Result<Vec<Client>, Failure> {
        self.records(RecordKind::Client)
    }

    /// The client of that name, unless it was removed.
    pub(crate) fn client(&self, name: &str) -> Result<Client, Failure> {
        let known: Option<Client> = self.record(RecordKind::Client, name.as_bytes())?;
        known.filter(|client| !client.removed).ok_or_else(|| {
            Failure::new(
                "client.unknown",
                4,
                format_args!("no client is called `{name}`: see `noroshi client list`"),
            )
            .arg("client", name)
        })
    }

    /// The client whose log that is, if it is one's.
    pub(crate) fn client_of(&self, node: &NodeId) -> Result<Option<Client>, Failure> {
        let clients = self.clients()?;
        Ok(clients
            .into_iter()
            .find(|client| client.node(&self.me()) == *node))
    }

    /// The same inside a transaction: is that log a client's?
    pub(crate) fn is_client(&self, tx: &Tx<'_>, node: &NodeId) -> Result<bool, WriteError> {
        let clients = tx.records(RecordKind::Client)?;
        Ok(clients.iter().any(|(_, bytes)| {
            Client::from_bytes(bytes).is_ok_and(|client| client.node(&self.me()) == *node)
        }))
    }

    /// The log of the client of that name, also of one that was removed.
    pub(crate) fn log_of_client(
        &self,
        tx: &Tx<'_>,
        name: &PersonId,
    ) -> Result<Option<NodeId>, WriteError> {
        let kept = tx.get(RecordKind::Client, name.as_str().as_bytes())?;
        let client = kept.and_then(|bytes| Client::from_bytes(&bytes).ok());
        Ok(client.map(|client| client.node(&self.me())))
    }

    /// The client that a recipient as typed stands for, if it names one.
    pub(crate) fn client_named(&self, named: &str) -> Result<Option<Client>, Failure> {
        named
            .strip_prefix(CLIENT)
            .map(|name| self.client(name))
            .transpose()
    }

    /// A client as the gate is asked for it.
    pub(crate) fn client_recipient(&self, client: &Client) -> Result<Recipient, Failure> {
        let node = client.node(&self.me());
        Ok(Recipient {
            node,
            nation: client.nation,
            state: if client.removed {
                PeerState::Removed
            } else {
                PeerState::Confirmed
            },
            world: self.world(),
            knows_own_types: self.knows_own_types(&node)?,
        })
    }

    /// What may go to clients, as the gate asks for it. A client has no key to sign with: the act
    /// of two persons that set it stands for both signatures.
    pub(crate) fn arrangements(&self) -> Result<Vec<AgreementRecord>, Failure> {
        let clients = self.clients()?.into_iter().filter(|client| !client.removed);
        Ok(clients
            .map(|client| {
                let parties = client.arrangement.parties.iter();
                AgreementRecord {
                    bytes: client.arrangement.to_value().canonical(),
                    signatures: parties
                        .map(|party| (party.node, KeyId::of(&[]), [0; 64]))
                        .collect(),
                    states: Vec::new(),
                    agreement: client.arrangement,
                }
            })
            .collect())
    }

    /// Each client's log is read page by page: those of before logs had views get theirs.
    pub(crate) fn open_views(&self) -> Result<(), Failure> {
        let clients = self.clients()?;
        let open = |tx: &mut Tx<'_>| {
            let mut logs = clients.iter().map(|client| client.node(&self.me()));
            logs.try_for_each(|log| tx.log_open_view(&log))
        };
        if clients.is_empty() {
            return Ok(());
        }
        self.store.write(open).map_err(store_failure::<WriteError>)
    }

    /// Ask for a client to be set: two persons.
    pub(crate) fn client_set(
        &self,
        asked: &ClientAsked<'_>,
        person: &str,
    ) -> Result<ActAnswer, Failure> {
        let refused = |problem: &dyn std::fmt::Display| {
            Failure::new("client.refused", 2, problem).arg("problem", problem)
        };
        let name: PersonId = asked
            .name
            .parse()
            .map_err(|_| refused(&"a client's name is 1 to 40 of a-z 0-9 . _ -"))?;
        self.expect_unused(&name)?;
        let nation: Nation = asked.nation.parse().map_err(|error| refused(&error))?;
        if !(1..=DAYS_MAX).contains(&asked.days) {
            return Err(refused(&"an arrangement lasts 1 to 3660 days"));
        }
        let mut ceilings = BTreeMap::new();
        for ceiling in asked.ceilings {
            let (axis, level) = ceiling
                .split_once(':')
                .filter(|(axis, level)| is_ceiling(axis, level))
                .ok_or_else(|| {
                    refused(&format_args!("`{ceiling}` is no level: write tlp:amber"))
                })?;
            ceilings.insert(axis.to_owned(), level.to_owned());
        }
        let now = self.now();
        let node = node_of(&self.me(), &name);
        let own = &self.keys().manifest.organisation;
        let arrangement = Agreement {
            id: self.fresh_id("agreement"),
            created: now,
            modified: now,
            title: format!("Arrangement for {}", asked.title),
            title_ja: format!("{} への提供の取決め", asked.title),
            kind: "plan".into(),
            parties: vec![
                party(own),
                Party {
                    node,
                    name_en: asked.title.to_owned(),
                    name_ja: asked.title.to_owned(),
                    nation,
                },
            ],
            valid_from: now,
            valid_until: now.plus_seconds(i64::from(asked.days) * 86_400),
            clauses: vec![Clause {
                id: "1".into(),
                text_en: "What is within the ceilings may be read by this client.".into(),
                text_ja: "上限以内のものは、このクライアントが読むことができる。".into(),
            }],
            releases: vec![ReleaseTerm {
                clause: "1".into(),
                from: self.me(),
                to: node,
                types: words(asked.types),
                purposes: words(asked.purposes),
                ceilings,
                onward: Onward::None,
            }],
            equivalences: Vec::new(),
            members_known: false,
        };
        // What is stored must be readable again: checked before anyone signs it.
        let value = arrangement.to_value();
        Agreement::from_value(value.clone()).map_err(|error| refused(&error))?;
        let subject = Object::new()
            .with("client", name.as_str())
            .with("title", asked.title)
            .with("nation", text(nation))
            .with("arrangement", value);
        self.prepare(ActKind::ClientSet, subject, person, true, None, 24 * 60)
    }

    /// Credentials and a log hang on a client's name: nobody has it after one that was removed.
    fn expect_unused(&self, name: &PersonId) -> Result<(), Failure> {
        let known: Option<Client> = self.record(RecordKind::Client, name.as_str().as_bytes())?;
        if known.is_none_or(|known| !known.removed) {
            return Ok(());
        }
        let problem = format!("`{name}` was removed: a client's name is never used again");
        Err(Failure::new("client.refused", 3, &problem).arg("problem", problem))
    }

    /// Ask for a client to be removed: one person, at once.
    pub(crate) fn client_remove(&self, name: &str, person: &str) -> Result<ActAnswer, Failure> {
        let client = self.client(name)?;
        let subject = Object::new().with("client", client.name.as_str());
        self.prepare(ActKind::ClientRemove, subject, person, false, None, 60)
    }

    pub(crate) fn execute_client(
        &self,
        record: &mut ActRecord,
        approved: &Approved,
    ) -> Result<Effect, Failure> {
        let damaged = |error| Failure::new("act.changed", 3, error);
        let subject = Value::Object(record.act.subject.clone());
        let mut fields = Fields::of("client", subject).map_err(damaged)?;
        let name: String = fields.text("client").map_err(damaged)?;
        let client = if record.act.kind == ActKind::ClientSet {
            let arrangement = fields.value("arrangement").map_err(damaged)?;
            let name = name
                .parse()
                .map_err(|error| Failure::new("act.changed", 3, error))?;
            self.expect_unused(&name)?;
            Client {
                name,
                title: fields.text("title").map_err(damaged)?,
                nation: fields.parsed("nation").map_err(damaged)?,
                arrangement: Agreement::from_value(arrangement).map_err(damaged)?,
                removed: false,
                since: self.now(),
            }
        } else {
            Client {
                removed: true,
                ..self.client(&name)?
            }
        };
        let body = record.act.subject.clone().with("removed", client.removed);
        let line = self.line(LineKind::Client, Some(&record.act.requester), body);
        self.take_effect(record, approved, &line, |tx| {
            let key = client.name.as_str().as_bytes();
            tx.put(RecordKind::Client, key, &client.to_bytes())?;
            tx.log_open_view(&client.node(&self.me()))
        })
    }

    pub(crate) fn client_list(&self, sink: &mut dyn Sink) -> Result<(), Failure> {
        for client in self.clients()? {
            let (released, _) = self
                .inside()?
                .log_root(&client.node(&self.me()), false)
                .map_err(store_failure)?;
            sink.send(Event::Row {
                kind: "client".into(),
                row: serde_json::json!({
                    "name": client.name.as_str(),
                    "title": client.title,
                    "nation": client.nation.to_string(),
                    "removed": client.removed,
                    "until": client.arrangement.valid_until.to_string(),
                    "entries": released,
                    "arrangement": outer_json(&client.arrangement.to_value()),
                }),
            });
        }
        Ok(())
    }
}

/// Is it a level that a ceiling may name: of a ladder, or of a duty that travels, such as PAP?
fn is_ceiling(axis: &str, level: &str) -> bool {
    Axes::builtin().get(axis).is_some_and(|axis| {
        let is_ranked = matches!(
            axis.kind,
            AxisKind::Ladder { .. } | AxisKind::Handling { .. }
        );
        is_ranked && axis.place(level).is_some()
    })
}

/// Words, or `*` alone where none is named.
fn words(named: &[String]) -> Vec<String> {
    if named.is_empty() {
        vec!["*".to_owned()]
    } else {
        named.to_vec()
    }
}
