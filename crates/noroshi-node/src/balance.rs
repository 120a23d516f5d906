//! The balance between this node and a partner: what each gave, got and has not answered, by month,
//! type and marking. Read from the log for the partner, the mirror of the partner's own log and the
//! receipts in both: what both nodes hold, so that their reports agree.

use std::collections::BTreeMap;

use noroshi_model::link::{EntryKind, Fate, LogLeaf};
use noroshi_model::{ItemHash, NodeId, Role, Timestamp};
use noroshi_store::{ItemRow, LogPayload, Reader, RecordKind};

use crate::command::{BalanceRow, BalanceSide, Event, Failure, PageAnswer};
use crate::node::{Node, store_failure};
use crate::receipts::SignedReceipt;
use crate::records::Peer;
use crate::run::told;
use crate::sink::Sink;

/// Entries read at once.
const PAGE: u32 = 1_000;

/// An answered entry: what became of it, and when that was stated.
type Answer = (Fate, Timestamp);

/// One direction of one month while it is counted.
#[derive(Default)]
struct Count {
    side: BalanceSide,
    /// Seconds to the answer, and how many took so long.
    waited: BTreeMap<u64, u64>,
}

impl Count {
    /// One more entry: about which object, reduced or not, with what answer.
    fn add(
        &mut self,
        leaf: &LogLeaf,
        about: Option<&ItemRow>,
        reduced: bool,
        answer: Option<Answer>,
    ) {
        let side = &mut self.side;
        if leaf.kind == EntryKind::Recall {
            side.recalls += 1;
            side.recalls_answered += u64::from(answer.is_some());
            return;
        }
        side.items += 1;
        side.reduced += u64::from(reduced);
        let kind = about.map_or("-", |row| row.id.kind());
        *side.by_type.entry(kind.to_owned()).or_default() += 1;
        // What a marking was before it was reduced only its giver knows.
        if let Some(row) = about.filter(|_| !reduced) {
            let marking = row.label.to_string();
            *side.by_marking.entry(marking).or_default() += 1;
        }
        match answer {
            None => side.outstanding += 1,
            Some((fate, at)) => {
                *side.answered.entry(fate.as_str().to_owned()).or_default() += 1;
                let micros = at.micros().saturating_sub(leaf.at.micros());
                let seconds = u64::try_from((micros + 500_000) / 1_000_000).unwrap_or(0);
                *self.waited.entry(seconds).or_default() += 1;
            }
        }
    }

    fn done(mut self) -> BalanceSide {
        let all: u64 = self.waited.values().sum();
        let mut before = 0;
        let middle = self.waited.into_iter().find(|(_, count)| {
            before += count;
            2 * before >= all
        });
        self.side.median_seconds = middle.map(|(seconds, _)| seconds);
        self.side
    }
}

/// Both directions of every month.
type Months = BTreeMap<String, [Count; 2]>;

impl Node {
    /// The balance with one partner, or with each.
    pub(crate) fn balance(&self, with: Option<&str>, sink: &mut dyn Sink) -> Result<(), Failure> {
        let peers = match with {
            Some(named) => vec![self.find_peer(named)?],
            None => self.records::<Peer>(RecordKind::Peer)?,
        };
        let mut rows = 0;
        for peer in &peers {
            let node = peer.node();
            let mut months = Months::new();
            let answers = self.count_given(&node, &mut months, sink)?;
            self.count_got(&node, &answers, &mut months, sink)?;
            for (month, [given, got]) in months {
                let organisation = &peer.manifest.organisation;
                let row = BalanceRow {
                    node: node.to_string(),
                    name_en: organisation.name_en.clone(),
                    name_ja: organisation.name_ja.clone(),
                    month,
                    given: given.done(),
                    got: got.done(),
                };
                rows += 1;
                sink.send(Event::Row {
                    kind: "balance".into(),
                    row: serde_json::to_value(row).unwrap_or_default(),
                });
            }
        }
        let answer = serde_json::to_value(PageAnswer { rows, next: None }).unwrap_or_default();
        sink.send(Event::Answer {
            kind: "page".into(),
            answer,
        });
        Ok(())
    }

    /// What went to the partner; on the way, what this node stated on entries of the partner.
    fn count_given(
        &self,
        node: &NodeId,
        months: &mut Months,
        sink: &mut dyn Sink,
    ) -> Result<BTreeMap<u64, Answer>, Failure> {
        let reader = self.inside()?;
        let (size, _) = reader.log_root(node, false).map_err(store_failure)?;
        let mut progress = told(sink, "progress-balance");
        let (mut answers, mut from) = (BTreeMap::new(), 0);
        loop {
            let page = reader
                .log_entries(node, from, PAGE)
                .map_err(store_failure)?;
            let Some(last) = page.last() else {
                return Ok(answers);
            };
            from = last.leaf.number + 1;
            for entry in &page {
                if let (EntryKind::Receipt, LogPayload::Bytes(bytes)) =
                    (entry.leaf.kind, &entry.payload)
                {
                    stated(bytes, &mut answers);
                }
                // What was voided never left, unless the partner has answered it.
                let counts = is_exchanged(&entry.leaf) && (!entry.void || entry.fate.is_some());
                if !counts {
                    continue;
                }
                let about = match &entry.item {
                    Some(item) => row_of(&reader, item)?,
                    None => None,
                };
                let reduced = matches!(entry.payload, LogPayload::Item { reduced: true, .. });
                let answer = entry.fate.zip(entry.fate_at);
                let [given, _] = months.entry(month(&entry.leaf)).or_default();
                given.add(&entry.leaf, about.as_ref(), reduced, answer);
            }
            progress(from, size);
        }
    }

    /// What came from the partner, with what this node stated on it.
    fn count_got(
        &self,
        node: &NodeId,
        answers: &BTreeMap<u64, Answer>,
        months: &mut Months,
        sink: &mut dyn Sink,
    ) -> Result<(), Failure> {
        let reader = self.inside()?;
        let (size, _) = reader.log_root(node, true).map_err(store_failure)?;
        let mut progress = told(sink, "progress-balance");
        let mut from = 0;
        loop {
            let page = reader
                .mirror_entries(node, from, PAGE)
                .map_err(store_failure)?;
            let Some((last, ..)) = page.last() else {
                return Ok(());
            };
            from = last + 1;
            // Of what was voided before it left only the leaf's hash came.
            for (number, leaf) in page
                .iter()
                .filter_map(|(n, leaf, _)| Some((n, leaf.as_ref()?)))
            {
                let leaf = LogLeaf::from_bytes(leaf)
                    .map_err(|error| Failure::new("ledger.damaged", 5, error))?;
                if !is_exchanged(&leaf) {
                    continue;
                }
                let about = row_of(&reader, &ItemHash(leaf.digest))?;
                let reduced = about
                    .as_ref()
                    .is_some_and(|row| row.role == Some(Role::Releaser));
                let answer = answers.get(number).copied();
                let [_, got] = months.entry(month(&leaf)).or_default();
                got.add(&leaf, about.as_ref(), reduced, answer);
            }
            progress(from, size);
        }
    }
}

/// Take what a receipt of this node states; a later statement replaces an earlier one.
fn stated(receipt: &[u8], answers: &mut BTreeMap<u64, Answer>) {
    let Ok(signed) = SignedReceipt::from_bytes(receipt) else {
        return;
    };
    let receipt = signed.document();
    for (number, _, fate) in &receipt.fates {
        let known = answers.entry(*number).or_insert((*fate, receipt.at));
        if known.1 <= receipt.at {
            *known = (*fate, receipt.at);
        }
    }
}

fn is_exchanged(leaf: &LogLeaf) -> bool {
    matches!(leaf.kind, EntryKind::Release | EntryKind::Recall)
}

/// The month of a release, as both nodes read it in the leaf.
fn month(leaf: &LogLeaf) -> String {
    leaf.at.to_string().chars().take("2026-11".len()).collect()
}

fn row_of(reader: &Reader<'_>, item: &ItemHash) -> Result<Option<ItemRow>, Failure> {
    reader.item_row(item).map_err(store_failure)
}
