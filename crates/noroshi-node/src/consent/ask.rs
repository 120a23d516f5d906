//! The forwarding node asks the originator whether an item may go on.

use noroshi_gate::acts::Approved;
use noroshi_gate::{Grant, Outcome};
use noroshi_model::Signed;
use noroshi_model::act::ActKind;
use noroshi_model::agreement::Party;
use noroshi_model::consent::ConsentRequest;
use noroshi_model::document::text;
use noroshi_model::json::Object;
use noroshi_model::link::{EntryKind, Precedence};
use noroshi_store::{ItemState, RecordKind, StoredItem, WriteError};

use super::{ConsentRecord, check_words, place};
use crate::acts::{Effect, subject_digest};
use crate::command::{ActAnswer, Failure};
use crate::introductions::damaged;
use crate::node::{Node, store_failure};
use crate::plan::provenance;
use crate::records::{ActRecord, Record};

impl Node {
    /// Write a question to an originator down.
    pub(crate) fn consent_request(
        &self,
        named: &str,
        to: &str,
        purpose: &str,
        reason: &str,
        days: u32,
        person: &str,
    ) -> Result<ActAnswer, Failure> {
        check_words(purpose, reason)?;
        if !(1..=ConsentRequest::DAYS_MAX).contains(&i64::from(days)) {
            return Err(Failure::new(
                "consent.days",
                2,
                "a question is open 1 to 31 days",
            ));
        }
        let stored = self.find_item(named)?;
        let recipient = self.find_peer(to)?.manifest.organisation;
        let originator = stored.attribution.as_ref().map(|by| by.node);
        let originator = originator
            .filter(|node| *node != self.me())
            .ok_or_else(|| {
                Failure::new("consent.own", 2, "the item is this node's own: share it")
            })?;
        if self
            .peer(&originator)?
            .is_none_or(|peer| !peer.is_confirmed())
        {
            return Err(Failure::new(
                "consent.no_link",
                3,
                "its originator is no confirmed partner of this node, so it cannot be asked",
            ));
        }
        let at = self.now();
        let request = ConsentRequest {
            world: self.world(),
            by: self.me(),
            to: originator,
            item: stored.hash,
            id: stored.id.clone(),
            modified: stored.modified,
            recipient: Party {
                node: recipient.node,
                name_en: recipient.name_en,
                name_ja: recipient.name_ja,
                nation: recipient.nation,
            },
            purpose: purpose.to_owned(),
            reason: reason.to_owned(),
            at,
            expires: at.plus_seconds(i64::from(days) * 86_400),
        };
        let bytes = request.to_bytes();
        ConsentRequest::from_bytes(&bytes)
            .map_err(|error| Failure::new("consent.refused", 2, &error).arg("problem", error))?;
        self.would_consent_help(&stored, &request)?;
        let subject = Object::new()
            .with("request", text(request.digest()))
            .with("item", text(request.item))
            .with("id", request.id.as_str())
            .with("originator", text(request.to))
            .with("recipient", text(request.recipient.node))
            .with("purpose", purpose)
            .with("reason", reason)
            .with("expires", text(request.expires));
        let kind = ActKind::ConsentRequest;
        self.prepare(kind, subject, person, false, Some(bytes), 24 * 60)
    }

    /// Nobody is asked for what needs no consent, what consent would not open, or what was asked
    /// already: a question tells the originator whom this node shares with.
    fn would_consent_help(
        &self,
        stored: &StoredItem,
        request: &ConsentRequest,
    ) -> Result<(), Failure> {
        let peer = self.confirmed_peer(&request.recipient.node)?;
        let marked = self.marked(stored)?;
        let Some(marked) = marked.filter(|_| stored.state == ItemState::Admitted) else {
            return Err(Failure::new(
                "consent.gone",
                3,
                "the item is not there to be shared",
            ));
        };
        let view = self.gate_view(&request.purpose)?;
        let agreements = self.standings(&view.agreements, view.now);
        let to = self.recipient(&peer)?;
        let ask = |grants: &[Grant]| {
            let question = view.question(view.now, grants);
            let provenance = provenance(stored);
            noroshi_gate::preview(
                &marked,
                &provenance,
                &to,
                &agreements,
                &view.rules,
                &question,
            )
            .1
        };
        if ask(&self.grants_for(stored)?).outcome != Outcome::Refer {
            return Err(Failure::new(
                "consent.not_needed",
                3,
                "the gate does not refer this to the originator: see `noroshi share --dry-run`",
            ));
        }
        let nation = self
            .manifest_of(&request.to)?
            .map_or(self.nation(), |manifest| manifest.organisation.nation);
        let imagined = Grant {
            by: request.to,
            via: self.me(),
            nation,
            item: request.item,
            recipient: request.recipient.node,
            purpose: request.purpose.clone(),
            until: request.expires,
        };
        if let Some(reason) = ask(&[imagined]).reasons.first() {
            return Err(Failure::new("consent.in_vain", 3, reason).arg("why", reason));
        }
        let known = self
            .inside()?
            .records_under(RecordKind::Consent, request.item.bytes());
        for (_, bytes) in known.map_err(store_failure)? {
            let record = ConsentRecord::from_bytes(&bytes)
                .map_err(damaged)
                .map_err(store_failure)?;
            let same = record.request.as_ref().is_some_and(|known| {
                let known = known.document();
                known.by == request.by
                    && known.recipient.node == request.recipient.node
                    && known.purpose == request.purpose
            });
            if same && record.state(view.now) == "open" {
                return Err(Failure::new(
                    "consent.asked",
                    3,
                    "this was asked already and waits for an answer",
                ));
            }
        }
        Ok(())
    }

    pub(crate) fn execute_consent_request(
        &self,
        record: &mut ActRecord,
        approved: &Approved,
    ) -> Result<Effect, Failure> {
        let changed = || Failure::new("act.changed", 3, "the question is not what was signed");
        let bytes = record.attachment.clone().unwrap_or_default();
        let request = ConsentRequest::from_bytes(&bytes).map_err(|_| changed())?;
        if subject_digest(record, "request") != Some(request.digest()) {
            return Err(changed());
        }
        let stored = self.inside()?.item(&request.item).map_err(store_failure)?;
        self.would_consent_help(&stored.ok_or_else(changed)?, &request)?;
        let key = place(&request.item, &request.digest());
        let to = request.to;
        let line = self.request_line("requested", &request, Some(&record.act.requester));
        let signed = Signed::sign(request, &self.keys().items);
        let document = signed.to_bytes();
        let kept = ConsentRecord {
            request: Some(signed),
            ..ConsentRecord::default()
        };
        let ledger_line = self
            .store
            .write(|tx| {
                tx.put(RecordKind::Consent, &key, &kept.to_bytes())?;
                self.log_bytes(tx, &to, EntryKind::Document, Precedence::Priority, document)?;
                tx.append(&line)?;
                self.close_act(tx, record, approved)
            })
            .map_err(store_failure::<WriteError>)?;
        Ok(Effect {
            ledger_line,
            entries: 1,
            wake: vec![to],
        })
    }
}
