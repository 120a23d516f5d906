//! What was asked and answered, for people and for the ledger.

use noroshi_model::consent::{ConsentAnswer, ConsentRequest};
use noroshi_model::document::text;
use noroshi_model::json::Object;
use noroshi_model::ledger::{LedgerLine, LineKind};
use noroshi_model::{Digest, PersonId, Signed, Timestamp};
use noroshi_store::RecordKind;

use super::{ConsentRecord, unknown};
use crate::command::{Event, Failure};
use crate::introductions::damaged;
use crate::node::{Node, store_failure};
use crate::records::Record;
use crate::sink::Sink;

impl Node {
    /// Every question and answer that this node has a part in.
    pub(crate) fn consent_list(&self, sink: &mut dyn Sink) -> Result<(), Failure> {
        let now = self.now();
        for record in self.records::<ConsentRecord>(RecordKind::Consent)? {
            let row = self.consent_row(&record, now)?;
            sink.send(Event::Row {
                kind: "consent".into(),
                row,
            });
        }
        Ok(())
    }

    fn consent_row(
        &self,
        record: &ConsentRecord,
        now: Timestamp,
    ) -> Result<serde_json::Value, Failure> {
        let request = record.request.as_ref().map(Signed::document);
        let answer = record.answer.as_ref().map(Signed::document);
        let digest = answer
            .map(|answer| answer.request)
            .or_else(|| request.map(ConsentRequest::digest));
        let by = answer
            .map(|answer| answer.to)
            .or_else(|| request.map(|request| request.by));
        let originator = answer
            .map(|answer| answer.by)
            .or_else(|| request.map(|request| request.to));
        let recipient = answer
            .map(|answer| answer.recipient)
            .or_else(|| request.map(|request| request.recipient.node));
        let part = if by == Some(self.me()) {
            "asked"
        } else if originator == Some(self.me()) {
            "to_answer"
        } else {
            "received"
        };
        let text_of = |value: Option<String>| value.unwrap_or_default();
        let item = answer
            .map(|answer| answer.item)
            .or_else(|| request.map(|request| request.item));
        let purpose = answer
            .map(|answer| answer.purpose.clone())
            .or_else(|| request.map(|request| request.purpose.clone()));
        let mut names = Vec::new();
        for node in [by, originator, recipient] {
            let known = node
                .map(|node| self.manifest_of(&node))
                .transpose()?
                .flatten();
            let told = request
                .filter(|request| Some(request.recipient.node) == node)
                .map(|request| request.recipient.name_en.clone());
            let known = known.map(|manifest| manifest.organisation.name_en);
            names.push(known.or(told).unwrap_or_default());
        }
        Ok(serde_json::json!({
            "request": text_of(digest.map(|digest| digest.to_string())),
            "part": part,
            "state": record.state(now),
            "item": text_of(item.map(|item| item.to_string())),
            "id": text_of(request.map(|request| request.id.to_string())),
            "by": text_of(by.map(|node| node.to_string())),
            "by_name": names[0],
            "originator": text_of(originator.map(|node| node.to_string())),
            "originator_name": names[1],
            "recipient": text_of(recipient.map(|node| node.to_string())),
            "recipient_name": names[2],
            "purpose": text_of(purpose),
            "reason": text_of(request.map(|request| request.reason.clone())),
            "asked_at": request.map(|request| request.at.to_string()),
            "expires": request.map(|request| request.expires.to_string()),
            "answered_at": answer.map(|answer| answer.at.to_string()),
            "until": answer.map(|answer| answer.until.to_string()),
            "answer_reason": answer.map(|answer| answer.reason.clone()),
        }))
    }

    /// The one question that a person means, by the beginning of its digest.
    pub(super) fn find_consent(&self, named: &str) -> Result<(Vec<u8>, ConsentRecord), Failure> {
        let rows = self
            .inside()?
            .records_under(RecordKind::Consent, &[])
            .map_err(store_failure)?;
        let matches = |key: &[u8]| {
            let digest = key
                .get(32..)
                .and_then(|digest| <[u8; 32]>::try_from(digest).ok());
            digest.is_some_and(|digest| Digest(digest).to_string().starts_with(named))
        };
        let mut found = rows.into_iter().filter(|(key, _)| matches(key));
        match (found.next(), found.next()) {
            (Some((key, bytes)), None) if named.len() >= 8 => {
                let record = ConsentRecord::from_bytes(&bytes).map_err(damaged);
                Ok((key, record.map_err(store_failure)?))
            }
            _ => Err(unknown(named)),
        }
    }

    pub(super) fn request_line(
        &self,
        event: &str,
        request: &ConsentRequest,
        person: Option<&PersonId>,
    ) -> LedgerLine {
        let body = Object::new()
            .with("event", event)
            .with("request", text(request.digest()))
            .with("item", text(request.item))
            .with("by", text(request.by))
            .with("originator", text(request.to))
            .with("recipient", text(request.recipient.node))
            .with("purpose", request.purpose.as_str());
        self.line(LineKind::Consent, person, body)
    }

    pub(crate) fn consent_line(
        &self,
        event: &str,
        answer: &ConsentAnswer,
        person: Option<&PersonId>,
    ) -> LedgerLine {
        let body = Object::new()
            .with("event", event)
            .with("request", text(answer.request))
            .with("item", text(answer.item))
            .with("by", text(answer.to))
            .with("originator", text(answer.by))
            .with("recipient", text(answer.recipient))
            .with("purpose", answer.purpose.as_str())
            .with("until", text(answer.until))
            .with("reason", answer.reason.as_str());
        self.line(LineKind::Consent, person, body)
    }
}
