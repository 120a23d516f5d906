//! Lists of coalitions' members: set by an act, signed by the node, handed to the gate, which
//! looks into them at every release and again at sending. Partners of the nations on a list are
//! given it; what they give is kept as their word and opens nothing here.

use std::collections::BTreeSet;

use noroshi_gate::acts::Approved;
use noroshi_gate::{AgreementInForce, Coalitions};
use noroshi_model::act::ActKind;
use noroshi_model::agreement::Standing;
use noroshi_model::document::text;
use noroshi_model::json::{Object, Value};
use noroshi_model::ledger::LineKind;
use noroshi_model::link::{EntryKind, Precedence};
use noroshi_model::manifest::Purpose;
use noroshi_model::signed::Signed;
use noroshi_model::{Coalition, Membership, Nation, NodeId, Timestamp};
use noroshi_seal::sign::Ed25519;
use noroshi_store::{RecordKind, Tx, WriteError};

use crate::acts::Effect;
use crate::command::{ActAnswer, Event, Failure};
use crate::introductions::{Trust, agreements_in};
use crate::node::{Node, store_failure};
use crate::records::{ActRecord, Peer, Record};
use crate::sink::Sink;

/// How long a list lasts where nobody says and none stands.
const DAYS_DEFAULT: i64 = 365;
/// Most coalitions of which one partner's list is kept.
const PARTNER_LISTS_MAX: usize = 64;

impl Record for Signed<Membership> {
    fn to_bytes(&self) -> Vec<u8> {
        self.to_bytes()
    }

    fn from_bytes(bytes: &[u8]) -> Result<Self, noroshi_model::DocumentError> {
        Self::from_bytes(bytes)
    }
}

/// What a person says of a list.
pub(crate) struct ListOrder<'a> {
    pub(crate) coalition: &'a str,
    pub(crate) title: &'a str,
    pub(crate) nations: &'a [String],
    pub(crate) from: Option<&'a str>,
    pub(crate) until: Option<&'a str>,
    pub(crate) person: &'a str,
}

impl Node {
    /// The lists this node keeps, for the gate.
    pub(crate) fn coalitions(&self) -> Result<Coalitions, Failure> {
        let kept = self.kept_lists()?;
        Ok(Coalitions::new(
            kept.into_iter().map(|list| list.document().clone()),
        ))
    }

    /// Every list kept. A row that this node did not sign opens nothing: the store is damaged.
    fn kept_lists(&self) -> Result<Vec<Signed<Membership>>, Failure> {
        let kept = self.records::<Signed<Membership>>(RecordKind::Coalition)?;
        let keys = self.keys();
        let is_ours = |list: &Signed<Membership>| {
            let own = keys.manifest.keys.iter();
            own.filter(|key| key.purpose == Purpose::Items && key.id == *list.key())
                .filter_map(|key| <[u8; 32]>::try_from(key.public.as_slice()).ok())
                .any(|public| list.verifies(&public, &Ed25519))
        };
        if kept.iter().all(is_ours) {
            Ok(kept)
        } else {
            let problem = "a coalition's list is not signed by this node";
            Err(Failure::new("store.record", 5, problem))
        }
    }

    pub(crate) fn coalition_set(&self, order: &ListOrder<'_>) -> Result<ActAnswer, Failure> {
        let refused = |error: &dyn core::fmt::Display| Failure::new("coalition.refused", 2, error);
        let coalition: Coalition = order.coalition.parse().map_err(|error| refused(&error))?;
        let nations = order.nations.iter().map(|nation| nation.parse::<Nation>());
        let nations: BTreeSet<Nation> = nations
            .collect::<Result<_, _>>()
            .map_err(|error| refused(&error))?;
        let time = |text: Option<&str>| text.map(str::parse::<Timestamp>).transpose();
        let from = time(order.from).map_err(|error| refused(&error))?;
        let until = time(order.until).map_err(|error| refused(&error))?;
        let now = self.now();
        let from = from.unwrap_or(now);
        let lists = self.coalitions()?;
        let standing = lists.in_force(coalition, from);
        let last = standing.map_or(from.plus_seconds(DAYS_DEFAULT * 86_400), |list| {
            list.valid_until
        });
        let list = Membership {
            world: self.world(),
            coalition,
            serial: lists.last_serial(coalition) + 1,
            title: order.title.to_owned(),
            nations,
            valid_from: from,
            valid_until: until.unwrap_or(last),
            by: self.me(),
            at: now,
        };
        // What is stored must be readable again: checked before anyone signs it.
        Membership::from_bytes(&list.to_bytes()).map_err(|error| refused(&error))?;
        let needs_two = !lists.only_narrows(&list);
        let subject = Object::new().with("list", Value::String(written(&list).into()));
        self.prepare(
            ActKind::CoalitionSet,
            subject,
            order.person,
            needs_two,
            None,
            24 * 60,
        )
    }

    pub(crate) fn execute_coalition(
        &self,
        record: &mut ActRecord,
        approved: &Approved,
    ) -> Result<Effect, Failure> {
        let list = record.act.subject.str("list");
        let list = list.and_then(|text| Membership::from_bytes(text.as_bytes()).ok());
        let list = list
            .ok_or_else(|| Failure::new("act.subject", 5, "the act's subject is not readable"))?;
        let lists = self.coalitions()?;
        let has_changed = list.serial != lists.last_serial(list.coalition) + 1
            || !(record.needs_two || lists.only_narrows(&list));
        if has_changed {
            let why = "another list of this coalition has come since";
            self.store
                .write(|tx| self.return_act(tx, record, why))
                .map_err(store_failure::<WriteError>)?;
            return Err(Failure::new("coalition.changed", 3, why));
        }
        let now = self.now();
        let overtaken: Vec<Vec<u8>> = self
            .kept_lists()?
            .iter()
            .map(Signed::document)
            .filter(|old| old.coalition == list.coalition && list.valid_from <= now)
            .map(key)
            .collect();
        let body = Object::new()
            .with("coalition", list.coalition.as_str())
            .with("list", Value::String(written(&list).into()));
        let line = self.line(LineKind::Coalition, Some(&record.act.requester), body);
        let readers = self.list_readers(&list)?;
        let signed = Signed::sign(list, &self.keys().items);
        let ledger_line = self
            .store
            .write(|tx| {
                for key in &overtaken {
                    tx.delete(RecordKind::Coalition, key)?;
                }
                tx.put(
                    RecordKind::Coalition,
                    &key(signed.document()),
                    &signed.to_bytes(),
                )?;
                tx.append(&line)?;
                for reader in &readers {
                    let (kind, soon) = (EntryKind::Document, Precedence::Priority);
                    self.log_bytes(tx, reader, kind, soon, signed.to_bytes())?;
                }
                self.close_act(tx, record, approved)
            })
            .map_err(store_failure::<WriteError>)?;
        Ok(Effect {
            ledger_line,
            entries: readers.len() as u64,
            wake: readers,
        })
    }

    /// Whom a list of this node is given: partners of the nations it names, under an agreement in
    /// force. Nobody else learns that there is such a coalition.
    pub(crate) fn list_readers(&self, list: &Membership) -> Result<Vec<NodeId>, Failure> {
        let agreements = self.binding_agreements()?;
        let standings = self.standings(&agreements, self.now());
        let peers = self.records::<Peer>(RecordKind::Peer)?.into_iter();
        let is_member = |peer: &Peer| {
            peer.is_confirmed() && list.nations.contains(&peer.manifest.organisation.nation)
        };
        let members = peers.filter(is_member).map(|peer| peer.node());
        Ok(members
            .filter(|node| is_partner(&standings, node))
            .collect())
    }

    /// A partner's list arrived. It is kept as the partner's word and means nothing to the gate:
    /// which nations a code includes here, two persons of this node say.
    pub(crate) fn receive_list(
        &self,
        tx: &mut Tx<'_>,
        from: &NodeId,
        signed: &Signed<Membership>,
    ) -> Result<Result<(), String>, WriteError> {
        let refused = |why: &str| Ok(Err(format!("a coalition's list: {why}")));
        let list = signed.document();
        if list.by != *from || list.world != self.world() {
            return refused("it is not its sender's, or of another world");
        }
        let public = self.key_in(tx, from, signed.key(), Trust::Opens)?;
        if !public.is_some_and(|public| signed.verifies(&public, &Ed25519)) {
            return refused("its signature does not verify");
        }
        let mut agreements = agreements_in(tx)?;
        agreements.retain(|record| record.is_signed_by(&self.me()));
        if !is_partner(&self.standings(&agreements, self.now()), from) {
            return refused("no agreement with its sender is in force");
        }
        let key = [&from.bytes()[..], list.coalition.as_str().as_bytes()].concat();
        match tx.get(RecordKind::PartnerList, &key)? {
            Some(known) => {
                let known = Signed::<Membership>::from_bytes(&known)
                    .map_err(|error| WriteError::Damaged(error.to_string()))?;
                // The later one stands, in whichever order they come.
                if known.document().serial >= list.serial {
                    return Ok(Ok(()));
                }
            }
            None => {
                let kept = tx.records_under(RecordKind::PartnerList, from.bytes())?;
                if kept.len() >= PARTNER_LISTS_MAX {
                    return refused("its sender has lists of too many coalitions here");
                }
            }
        }
        tx.put(RecordKind::PartnerList, &key, &signed.to_bytes())?;
        let body = Object::new()
            .with("from", text(from))
            .with("coalition", list.coalition.as_str())
            .with("list", Value::String(written(list).into()));
        tx.append(&self.line(LineKind::Coalition, None, body))?;
        Ok(Ok(()))
    }

    pub(crate) fn coalition_list(&self, sink: &mut dyn Sink) -> Result<(), Failure> {
        let now = self.now();
        let lists = self.coalitions()?;
        for kept in self.kept_lists()? {
            let list = kept.document();
            let stands = lists.in_force(list.coalition, now) == Some(list);
            let nations: Vec<&str> = list.nations.iter().map(Nation::as_str).collect();
            sink.send(Event::Row {
                kind: "coalition".into(),
                row: serde_json::json!({
                    "coalition": list.coalition.as_str(),
                    "serial": list.serial,
                    "title": list.title,
                    "nations": nations,
                    "valid_from": list.valid_from.to_string(),
                    "valid_until": list.valid_until.to_string(),
                    "in_force": stands,
                }),
            });
        }
        self.partner_lists(&lists, sink)
    }

    /// What partners say of coalitions, and whether this node says the same.
    fn partner_lists(&self, lists: &Coalitions, sink: &mut dyn Sink) -> Result<(), Failure> {
        let now = self.now();
        for kept in self.records::<Signed<Membership>>(RecordKind::PartnerList)? {
            let list = kept.document();
            let peer = self.peer(&list.by)?;
            let name = peer.map(|peer| peer.manifest.organisation.name_en);
            let own = lists.in_force(list.coalition, now);
            let nations: Vec<&str> = list.nations.iter().map(Nation::as_str).collect();
            sink.send(Event::Row {
                kind: "partner_list".into(),
                row: serde_json::json!({
                    "by": list.by.to_string(),
                    "name": name.unwrap_or_default(),
                    "coalition": list.coalition.as_str(),
                    "serial": list.serial,
                    "title": list.title,
                    "nations": nations,
                    "valid_from": list.valid_from.to_string(),
                    "valid_until": list.valid_until.to_string(),
                    "same_here": own.is_some_and(|own| own.nations == list.nations),
                }),
            });
        }
        Ok(())
    }
}

/// Is the node a party of an agreement in force?
fn is_partner(standings: &[AgreementInForce<'_>], node: &NodeId) -> bool {
    standings
        .iter()
        .any(|held| held.standing == Standing::InForce && held.agreement.has_party(node))
}

/// The document's bytes are canonical JSON, hence text.
fn written(list: &Membership) -> String {
    String::from_utf8_lossy(&list.to_bytes()).into_owned()
}

/// Where a list stands among the records: by coalition, then serial.
fn key(list: &Membership) -> Vec<u8> {
    [
        list.coalition.as_str().as_bytes(),
        &list.serial.to_be_bytes(),
    ]
    .concat()
}
