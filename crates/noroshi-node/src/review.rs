//! The review before release, as the node asks for it: its rules, the names of everything here,
//! and for each recipient which of them it may not see.
//!
//! What is found is told to this node's own people: it stands in the plan, in the act they sign
//! and in this node's ledger, and in nothing that leaves.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use noroshi_gate::review::{Concern, Finding, Named, Names, ReviewRules, Reviewer, Severity};
use noroshi_gate::{Gate, Marked, Outgoing};
use noroshi_model::act::ActKind;
use noroshi_model::document::text;
use noroshi_model::json::{Object, Value};
use noroshi_model::{ItemHash, Limits, NodeId, StixId, Timestamp};
use noroshi_store::{Filter, Reader, RecordKind, StoredItem};

use crate::command::{ActAnswer, Failure, FindingRow};
use crate::node::{Node, lock, store_failure};
use crate::plan::provenance;
use crate::records::{ActRecord, PlanRecord};

/// Where the review's rules stand among the rules.
pub(crate) const REVIEW: &[u8] = b"review";
/// Types whose objects have names of their own: of people, groups, works, not of techniques.
const NAMED: [&str; 10] = [
    "campaign",
    "grouping",
    "identity",
    "incident",
    "infrastructure",
    "intrusion-set",
    "malware",
    "report",
    "threat-actor",
    "tool",
];
/// Properties that hold other names of an object.
const ALIASES: [&str; 2] = ["aliases", "x_mitre_aliases"];
/// Most names in the index; how many are left out is told.
const NAMES_MAX: usize = 500_000;
/// Items of which is remembered whether a recipient may see them.
const REMEMBERED_MAX: usize = 100_000;
/// Rows read at once.
const PAGE: u32 = 1000;

/// The names of what is here, followed as items come. It is thrown away when something is erased.
#[derive(Default)]
pub(crate) struct NameIndex {
    /// By type: read as far as this.
    upto: BTreeMap<&'static str, u64>,
    count: usize,
    left_out: u64,
    names: Arc<Names>,
}

/// What many items are reviewed with.
pub(crate) struct Review {
    reviewer: Reviewer,
    names: Arc<Names>,
    /// Names that found no place in the index.
    pub(crate) left_out: u64,
    now: Timestamp,
}

/// What one recipient may see, as far as it was asked; beyond a number all is asked again.
#[derive(Default)]
pub(crate) struct Sight {
    items: HashMap<ItemHash, Option<Seen>>,
    /// The version that an id stands for.
    newest: HashMap<StixId, Option<ItemHash>>,
}

impl Sight {
    /// Forget what may be otherwise when something new has come, or at another instant. The rest
    /// holds as long as nothing changes that a release is decided by.
    pub(crate) fn keep_lasting(&mut self) {
        self.newest.clear();
        let lasts = |seen: &Seen| seen.is_open && seen.lasts;
        self.items
            .retain(|_, seen| seen.as_ref().is_some_and(lasts));
    }

    /// The version that an id stands for.
    fn newest(&mut self, id: &StixId, reader: &Reader<'_>) -> Result<Option<ItemHash>, Failure> {
        if let Some(newest) = self.newest.get(id) {
            return Ok(*newest);
        }
        let versions = reader.by_stix_id(id).map_err(store_failure)?;
        let newest = versions.first().map(|newest| newest.hash);
        if self.newest.len() == REMEMBERED_MAX {
            self.newest.clear();
        }
        self.newest.insert(id.clone(), newest);
        Ok(newest)
    }
}

/// An item, and whether the recipient may see any of it.
struct Seen {
    id: StixId,
    is_open: bool,
    /// Does that hang on levels alone, and on no instant?
    lasts: bool,
}

/// A kind of finding that a person answers for, of one item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Accept {
    pub(crate) code: String,
    pub(crate) item: ItemHash,
}

/// Findings that stop, accepted by the persons of an act: for one recipient and item those of one
/// code, at these places and no others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Accepted {
    pub(crate) to: NodeId,
    pub(crate) accept: Accept,
    pub(crate) places: Vec<String>,
}

impl Node {
    /// The rules of the review as they stand now.
    pub(crate) fn review_rules(&self) -> Result<ReviewRules, Failure> {
        let stored = self
            .inside()?
            .record(RecordKind::Rule, REVIEW)
            .map_err(store_failure)?;
        let Some(bytes) = stored else {
            return Ok(ReviewRules::default());
        };
        let value = Value::parse(&bytes, &Limits::DEFAULT).ok();
        let rules = value.and_then(|value| ReviewRules::from_value(value).ok());
        rules.ok_or_else(|| Failure::new("store.record", 5, "the review's rules are damaged"))
    }

    /// Ask for other rules of the review.
    pub(crate) fn review_set(
        &self,
        rules: &serde_json::Value,
        person: &str,
    ) -> Result<ActAnswer, Failure> {
        let refused = |error: &dyn core::fmt::Display| {
            Failure::new("rule.review", 2, error).arg("problem", error)
        };
        let bytes = serde_json::to_vec(rules).map_err(|error| refused(&error))?;
        let value = Value::parse(&bytes, &Limits::DEFAULT).map_err(|error| refused(&error))?;
        let rules = ReviewRules::from_value(value).map_err(|error| refused(&error))?;
        let written = String::from_utf8_lossy(&rules.to_bytes()).into_owned();
        let subject = Object::new().with("rule", "review").with("value", written);
        self.prepare(ActKind::RuleSet, subject, person, true, None, 24 * 60)
    }

    /// The rules of this node, for people.
    pub(crate) fn rules_shown(&self) -> Result<serde_json::Value, Failure> {
        let review = self.review_rules()?;
        let mut severities = BTreeMap::new();
        for code in Concern::CODES {
            severities.insert(*code, review.severity(code).as_str());
        }
        let own: serde_json::Value = serde_json::from_slice(&review.to_bytes()).unwrap_or_default();
        Ok(serde_json::json!({
            "second_person_above": self.rules()?.second_person_above.to_string(),
            "review": own,
            "severities": severities,
        }))
    }

    /// A plan was reviewed, in the state that the ledger stands for.
    pub(crate) fn note_reviewed(&self, plan: &PlanRecord) -> Result<(), Failure> {
        let (size, _) = self.inside()?.ledger_root().map_err(store_failure)?;
        *lock(&self.reviewed) = Some((plan.digest(), size));
        Ok(())
    }

    /// Was this plan reviewed, and has nothing happened since? Whatever changes what is found
    /// leaves a line in the ledger: items, rules, agreements, markings.
    pub(crate) fn is_reviewed(&self, plan: &PlanRecord) -> Result<bool, Failure> {
        let (size, _) = self.inside()?.ledger_root().map_err(store_failure)?;
        Ok(*lock(&self.reviewed) == Some((plan.digest(), size)))
    }

    /// Everything the review needs beside item and recipient.
    pub(crate) fn review(&self, now: Timestamp) -> Result<Review, Failure> {
        let (names, left_out) = self.names()?;
        Ok(Review {
            reviewer: Reviewer::new(self.review_rules()?),
            names,
            left_out,
            now,
        })
    }

    /// Something is erased: its names too.
    pub(crate) fn forget_names(&self) {
        *lock(&self.names) = NameIndex::default();
    }

    /// The index with what has come since it was last asked for.
    fn names(&self) -> Result<(Arc<Names>, u64), Failure> {
        let mut index = lock(&self.names);
        let reader = self.inside()?;
        let mut fresh: Vec<(Box<str>, ItemHash)> = Vec::new();
        for kind in NAMED {
            let filter = Filter {
                kind: Some(kind.to_owned()),
                ..Filter::default()
            };
            loop {
                let after = index.upto.get(kind).copied().unwrap_or_default();
                let page = reader.page(after, PAGE, &filter).map_err(store_failure)?;
                let Some(last) = page.last() else { break };
                index.upto.insert(kind, last.seq);
                for row in &page {
                    let stored = reader.item(&row.hash).map_err(store_failure)?;
                    let bytes = stored.and_then(|stored| stored.canonical);
                    for name in bytes.iter().flat_map(|bytes| names_in(bytes)) {
                        if index.count < NAMES_MAX {
                            index.count += 1;
                            fresh.push((name, row.hash));
                        } else {
                            index.left_out += 1;
                        }
                    }
                }
            }
        }
        if !fresh.is_empty() {
            let fresh = fresh.iter().map(|(name, item)| (&**name, *item));
            index.names = Arc::new(index.names.with(fresh));
        }
        Ok((Arc::clone(&index.names), index.left_out))
    }

    /// What the review finds in an item as it would leave for the gate's recipient.
    pub(crate) fn findings(
        &self,
        review: &Review,
        reader: &Reader<'_>,
        (gate, sight): (&mut Gate<'_>, &mut Sight),
        marked: &Marked,
        outgoing: &Outgoing<'_>,
    ) -> Result<Vec<Finding>, Failure> {
        let subject = noroshi_gate::review::Subject {
            object: outgoing.valid().object(),
            item: marked,
            names: &review.names,
            now: review.now,
        };
        let own = &marked.valid().head().id;
        let mut failed = None;
        let mut closed = |named: Named<'_>| match self.closed(named, own, reader, gate, sight) {
            Ok(closed) => closed,
            Err(failure) => {
                failed.get_or_insert(failure);
                None
            }
        };
        let findings = review.reviewer.review(&subject, &mut closed);
        match failed {
            None => Ok(findings),
            Some(failure) => Err(failure),
        }
    }

    /// What of a thing that `own`'s text names the recipient may not see. A name is closed where
    /// no item that bears it is open, apart from the one that leaves.
    fn closed(
        &self,
        named: Named<'_>,
        own: &StixId,
        reader: &Reader<'_>,
        gate: &mut Gate<'_>,
        sight: &mut Sight,
    ) -> Result<Option<ItemHash>, Failure> {
        match named {
            Named::Id(id) if id == own => Ok(None),
            Named::Id(id) => {
                let newest = sight.newest(id, reader)?;
                let seen = newest.map(|hash| self.looked_up(hash, reader, gate, sight));
                let is_closed = seen.transpose()?.flatten().is_some_and(|it| !it.is_open);
                Ok(newest.filter(|_| is_closed))
            }
            Named::Hash(hash) => {
                let seen = self.looked_up(*hash, reader, gate, sight)?;
                Ok(seen.is_some_and(|it| !it.is_open).then_some(*hash))
            }
            Named::Name(items) => {
                let mut closed = None;
                for hash in items {
                    match self.looked_up(*hash, reader, gate, sight)? {
                        Some(seen) if seen.id == *own => {}
                        Some(Seen { is_open: true, .. }) => return Ok(None),
                        Some(_) => closed = Some(*hash),
                        None => {}
                    }
                }
                Ok(closed)
            }
        }
    }

    /// The item of that name as the gate's recipient may see it; nothing where it is not here.
    fn looked_up<'s>(
        &self,
        hash: ItemHash,
        reader: &Reader<'_>,
        gate: &mut Gate<'_>,
        sight: &'s mut Sight,
    ) -> Result<Option<&'s Seen>, Failure> {
        if !sight.items.contains_key(&hash) {
            let stored = reader.item(&hash).map_err(store_failure)?;
            let seen = match stored {
                None => None,
                Some(stored) => Some(self.seen_by(stored, gate)?),
            };
            if sight.items.len() == REMEMBERED_MAX {
                sight.items.clear();
            }
            sight.items.insert(hash, seen);
        }
        Ok(sight.items.get(&hash).and_then(Option::as_ref))
    }

    fn seen_by(&self, stored: StoredItem, gate: &mut Gate<'_>) -> Result<Seen, Failure> {
        let marked = self.marked(&stored)?;
        let opens = |marked: &Marked| gate.preview(marked, &provenance(&stored)).0.is_some();
        Ok(Seen {
            is_open: marked.as_ref().is_some_and(opens),
            lasts: marked.as_ref().is_some_and(Marked::is_plain),
            id: stored.row.id,
        })
    }

    /// What a person accepts, as typed: `review.marking:ITEM`, `marking:ITEM`.
    pub(crate) fn accepts(&self, typed: &[String]) -> Result<Vec<Accept>, Failure> {
        let accept = |typed: &String| {
            let refused = || {
                let problem = "write it as CODE:ITEM, such as review.marking:1f0c2a9b";
                Failure::new("share.accept", 2, format_args!("`{typed}`: {problem}"))
                    .arg("accept", typed)
            };
            let (code, item) = typed.split_once(':').ok_or_else(refused)?;
            let codes = Concern::CODES.iter();
            let short = |known: &&&str| known.strip_prefix("review.").is_some_and(|it| it == code);
            let code = codes.clone().find(|known| **known == code);
            let code = code.or_else(|| Concern::CODES.iter().find(short));
            Ok(Accept {
                code: (*code.ok_or_else(refused)?).to_owned(),
                item: self.find_item(item)?.hash,
            })
        };
        typed.iter().map(accept).collect()
    }
}

/// The names an object gives itself.
fn names_in(bytes: &[u8]) -> Vec<Box<str>> {
    let Ok(Value::Object(object)) = Value::parse(bytes, &Limits::DEFAULT) else {
        return Vec::new();
    };
    let aliases = ALIASES
        .iter()
        .filter_map(|list| object.get(list)?.as_array());
    let aliases = aliases.flatten().filter_map(Value::as_str);
    object
        .str("name")
        .into_iter()
        .chain(aliases)
        .map(Box::from)
        .collect()
}

/// Where a finding stands, as the persons of an act sign it: `description:12-18`.
fn place(finding: &Finding) -> String {
    format!("{}:{}-{}", finding.place, finding.start, finding.end)
}

/// Findings that stop, and for which nobody answers.
pub(crate) fn stopping<'a>(
    findings: &'a [Finding],
    to: &NodeId,
    item: &ItemHash,
    accepted: &[Accepted],
) -> Vec<&'a Finding> {
    let is_accepted = |finding: &Finding| {
        accepted.iter().any(|by| {
            by.to == *to
                && by.accept.item == *item
                && by.accept.code == finding.concern.code()
                && by.places.contains(&place(finding))
        })
    };
    let stops = |finding: &&Finding| finding.severity == Severity::Stops;
    findings
        .iter()
        .filter(stops)
        .filter(|it| !is_accepted(it))
        .collect()
}

/// What is accepted of an item's findings for a recipient, by the order as it is given.
pub(crate) fn accepted(
    findings: &[Finding],
    to: &NodeId,
    item: &ItemHash,
    accepts: &[Accept],
) -> Vec<Accepted> {
    let of_item = accepts.iter().filter(|accept| accept.item == *item);
    let accepted = of_item.map(|accept| Accepted {
        to: *to,
        accept: accept.clone(),
        places: findings
            .iter()
            .filter(|it| it.severity == Severity::Stops && it.concern.code() == accept.code)
            .map(place)
            .collect(),
    });
    accepted
        .filter(|accepted| !accepted.places.is_empty())
        .collect()
}

/// What is accepted, as it stands in an act.
pub(crate) fn accepted_value(accepted: &[Accepted]) -> Value {
    let rows = accepted.iter().map(|one| {
        let places = one.places.iter().map(|place| Value::from(place.as_str()));
        Value::from(
            Object::new()
                .with("to", text(one.to))
                .with("item", text(one.accept.item))
                .with("code", one.accept.code.as_str())
                .with("at", places.collect::<Vec<Value>>()),
        )
    });
    Value::Array(rows.collect())
}

/// What an act accepts.
pub(crate) fn accepted_in(record: &ActRecord) -> Vec<Accepted> {
    let rows = record.act.subject.get("accepted");
    let rows = rows.and_then(Value::as_array).unwrap_or_default();
    let read = |row: &Value| {
        let row = row.as_object()?;
        let places = row.get("at")?.as_array()?;
        Some(Accepted {
            to: row.str("to")?.parse().ok()?,
            accept: Accept {
                code: row.str("code")?.to_owned(),
                item: row.str("item")?.parse().ok()?,
            },
            places: places
                .iter()
                .filter_map(|it| it.as_str().map(str::to_owned))
                .collect(),
        })
    };
    rows.iter().filter_map(read).collect()
}

/// A finding as data.
pub(crate) fn finding_row(finding: &Finding, is_accepted: bool) -> FindingRow {
    let args = finding.concern.args().into_iter();
    FindingRow {
        code: finding.concern.code().to_owned(),
        args: args.map(|(name, value)| (name.to_owned(), value)).collect(),
        text: finding.concern.to_string(),
        place: finding.place.to_string(),
        start: finding.start as u64,
        end: finding.end as u64,
        severity: finding.severity.as_str().to_owned(),
        accepted: is_accepted,
    }
}
