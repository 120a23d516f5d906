//! Agreements as people look at them: listed, shown and found beside items. They are kept once, as
//! the records that the gate asks; what is seen here is made from those.

use noroshi_gate::AgreementInForce;
use noroshi_model::agreement::Standing;
use noroshi_store::text;

use super::{Assent, outer_json};
use crate::command::{Event, Failure};
use crate::node::Node;
use crate::records::AgreementRecord;
use crate::sink::Sink;

/// Their type, as items have one.
pub(crate) const KIND: &str = "agreement";
/// How an agreement may stand, in words.
pub(crate) const STANDINGS: [&str; 6] = [
    "in_force",
    "unsigned",
    "not_yet",
    "ended",
    "suspended",
    "disputed",
];

impl Node {
    pub(crate) fn agreement_list(&self, sink: &mut dyn Sink) -> Result<(), Failure> {
        self.send_agreements(u64::MAX, &|_, _| true, sink)
            .map(|_| ())
    }

    /// The agreements of one standing, or all; how many were sent.
    pub(crate) fn agreements_standing(
        &self,
        standing: Option<&str>,
        limit: u64,
        sink: &mut dyn Sink,
    ) -> Result<u64, Failure> {
        let wanted = |_: &AgreementRecord, word: &str| standing.is_none_or(|asked| asked == word);
        self.send_agreements(limit, &wanted, sink)
    }

    /// The agreements in which the words occur; how many were sent.
    pub(crate) fn agreements_with(
        &self,
        typed: &str,
        limit: u64,
        sink: &mut dyn Sink,
    ) -> Result<u64, Failure> {
        let wanted = |record: &AgreementRecord, _: &str| text::occurs(&words(record), typed);
        self.send_agreements(limit, &wanted, sink)
    }

    /// One agreement whole, if it is one that is meant: by its id the newest version, or by the
    /// beginning of a version's hash.
    pub(crate) fn agreement_shown(
        &self,
        named: &str,
    ) -> Result<Option<serde_json::Value>, Failure> {
        let records = self.agreements()?;
        let standings = self.standings(&records, self.now());
        let named = |record: &AgreementRecord| {
            record.agreement.id.as_str() == named
                || (named.len() >= 8 && record.hash().to_string().starts_with(named))
        };
        let mut meant: Vec<_> = records
            .iter()
            .zip(&standings)
            .filter(|(record, _)| named(record))
            .collect();
        meant.sort_by_key(|(record, _)| record.agreement.modified);
        Ok(meant
            .last()
            .map(|(record, held)| self.agreement_row(record, held)))
    }

    fn send_agreements(
        &self,
        limit: u64,
        wanted: &dyn Fn(&AgreementRecord, &str) -> bool,
        sink: &mut dyn Sink,
    ) -> Result<u64, Failure> {
        let records = self.agreements()?;
        let mut sent = 0;
        for (record, held) in records.iter().zip(self.standings(&records, self.now())) {
            let row = self.agreement_row(record, &held);
            if sent < limit && wanted(record, row["standing"].as_str().unwrap_or_default()) {
                sent += 1;
                sink.send(Event::Row {
                    kind: KIND.into(),
                    row,
                });
            }
        }
        Ok(sent)
    }

    fn agreement_row(
        &self,
        record: &AgreementRecord,
        held: &AgreementInForce<'_>,
    ) -> serde_json::Value {
        let (word, detail) = match &held.standing {
            Standing::InForce => ("in_force", String::new()),
            Standing::Unsigned(missing) => {
                let missing: Vec<String> = missing.iter().map(ToString::to_string).collect();
                ("unsigned", missing.join(" "))
            }
            Standing::NotYet(from) => ("not_yet", from.to_string()),
            Standing::Ended(at) => ("ended", at.to_string()),
            Standing::Suspended(by) => ("suspended", by.to_string()),
        };
        let assent = self.assent(record);
        let word = if assent == Assent::Disputed {
            assent.as_str()
        } else {
            word
        };
        let agreement = &record.agreement;
        let parties = agreement.parties.iter().map(|party| {
            serde_json::json!({
                "node": party.node.to_string(),
                "name_en": party.name_en,
                "name_ja": party.name_ja,
                "signed": record.is_signed_by(&party.node),
            })
        });
        serde_json::json!({
            "hash": record.hash().to_string(),
            "id": agreement.id.as_str(),
            "title": agreement.title,
            "title_ja": agreement.title_ja,
            "standing": word,
            "standing_detail": detail,
            "assent": assent.as_str(),
            "valid_from": agreement.valid_from.to_string(),
            "valid_until": agreement.valid_until.to_string(),
            "members_known": agreement.members_known,
            "parties": parties.collect::<Vec<_>>(),
            "object": outer_json(&agreement.to_value()),
        })
    }
}

/// What an agreement is found by: its titles, parties and clauses.
fn words(record: &AgreementRecord) -> String {
    let agreement = &record.agreement;
    let mut words = vec![agreement.id.as_str(), &agreement.title, &agreement.title_ja];
    for party in &agreement.parties {
        words.extend([
            party.name_en.as_str(),
            &party.name_ja,
            party.nation.as_str(),
        ]);
    }
    for clause in &agreement.clauses {
        words.extend([clause.text_en.as_str(), &clause.text_ja]);
    }
    words.join("\n")
}
