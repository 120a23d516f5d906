//! Documents between partners: one reading, one list of who each concerns, one door in.

use noroshi_model::consent::{ConsentAnswer, ConsentRequest, HopReport, Verdict};
use noroshi_model::document::DocumentError;
use noroshi_model::{Limits, Membership, NodeId, Signable, Signed, Value};
use noroshi_store::{RecordKind, Tx, WriteError};

use crate::agreements::{AgreementDocument, StateDocument};
use crate::command::Failure;
use crate::introductions::Introduction;
use crate::node::Node;
use crate::records::AgreementRecord;

/// Every kind of document that a partner's log carries.
pub(crate) enum Document {
    Agreement(AgreementDocument),
    State(StateDocument),
    Introduction(Introduction),
    Request(Signed<ConsentRequest>),
    Answer(Signed<ConsentAnswer>),
    Hops(Signed<HopReport>),
    List(Signed<Membership>),
}

impl Document {
    /// Read one; which kind it is, its fields say.
    pub(crate) fn from_bytes(bytes: &[u8]) -> Result<Self, DocumentError> {
        let value =
            Value::parse(bytes, &Limits::DEFAULT).map_err(|source| DocumentError::Json {
                document: "document",
                source,
            })?;
        let has = |field: &str| {
            value
                .as_object()
                .is_some_and(|object| object.get(field).is_some())
        };
        let word = value
            .as_object()
            .and_then(|object| object.str("document"))
            .unwrap_or_default();
        Ok(if has(ConsentRequest::FIELD) {
            Self::Request(Signed::from_bytes(bytes)?)
        } else if has(ConsentAnswer::FIELD) {
            Self::Answer(Signed::from_bytes(bytes)?)
        } else if has(HopReport::FIELD) {
            Self::Hops(Signed::from_bytes(bytes)?)
        } else if has(Membership::FIELD) {
            Self::List(Signed::from_bytes(bytes)?)
        } else if has(Introduction::FIELD) {
            Self::Introduction(Introduction::from_bytes(bytes)?)
        } else if word == StateDocument::DOCUMENT {
            Self::State(StateDocument::from_bytes(bytes)?)
        } else {
            Self::Agreement(AgreementDocument::from_bytes(bytes)?)
        })
    }
}

impl Node {
    /// A document arrived from a peer. `Err` tells why it is refused.
    pub(crate) fn receive_document(
        &self,
        tx: &mut Tx<'_>,
        from: &NodeId,
        bytes: &[u8],
    ) -> Result<Result<(), String>, WriteError> {
        match Document::from_bytes(bytes) {
            Ok(Document::Agreement(document)) => self.receive_agreement(tx, from, document),
            Ok(Document::State(document)) => self.receive_state(tx, from, &document, bytes),
            Ok(Document::Introduction(document)) => self.receive_introduction(tx, from, &document),
            Ok(Document::Request(request)) => self.receive_consent_request(tx, from, request),
            Ok(Document::Answer(answer)) => self.receive_consent_answer(tx, from, answer),
            Ok(Document::Hops(report)) => self.receive_hops(tx, from, &report),
            Ok(Document::List(list)) => self.receive_list(tx, from, &list),
            Err(error) => Ok(Err(error.to_string())),
        }
    }

    /// Whom a document concerns; nobody else is ever sent it.
    pub(crate) fn document_parties(&self, bytes: &[u8]) -> Result<Vec<NodeId>, Failure> {
        let of = |record: Option<AgreementRecord>| -> Vec<NodeId> {
            let parties = record.map(|record| record.agreement.parties);
            let parties = parties.unwrap_or_default();
            parties.iter().map(|party| party.node).collect()
        };
        Ok(match Document::from_bytes(bytes) {
            Ok(Document::Agreement(document)) => {
                let parties = document.agreement.parties.iter();
                parties.map(|party| party.node).collect()
            }
            Ok(Document::State(document)) => {
                of(self.record(RecordKind::Agreement, document.agreement.bytes())?)
            }
            Ok(Document::Introduction(document)) => match document.node() {
                Some(about) => self.introduction_parties(&about)?,
                None => Vec::new(),
            },
            Ok(Document::Request(request)) => {
                let request = request.document();
                vec![request.by, request.to]
            }
            Ok(Document::Answer(answer)) => {
                let answer = answer.document();
                let mut parties = vec![answer.by, answer.to];
                // That it was refused is between the two; what was granted goes with the item.
                if answer.verdict != Verdict::Declined {
                    parties.push(answer.recipient);
                }
                parties
            }
            Ok(Document::Hops(report)) => {
                let report = report.document();
                vec![report.by, report.to]
            }
            Ok(Document::List(list)) => self.list_readers(list.document())?,
            Err(_) => Vec::new(),
        })
    }
}
