//! The review before release: what a person should look at in the very bytes that would leave.
//!
//! The gate decides by markings; people write more into texts than they mark. This looks at the
//! outgoing rendition for marks stricter than the item's own, names and ids of what the recipient
//! may not see, ways into internal networks, people, hidden characters. It opens nothing and
//! decides nothing: a finding that stops keeps an item until a person answers for it by name.
//!
//! Findings speak of closed items, so they are for the releaser's own people: nothing here is
//! part of what leaves, and the gate's own answer never depends on them.
//!
//! Linear in the text (`words.rs` says how), and at most [`FINDINGS_MAX`] findings.

mod concern;
mod links;
mod marks;
mod rules;
mod shapes;
mod table;
mod text;
mod words;

#[cfg(test)]
mod tests;

use noroshi_model::json::{Object, Value};
use noroshi_model::selector::{Selector, Step};
use noroshi_model::{ItemHash, StixId, Timestamp};

pub use concern::{Concern, Finding};
pub use rules::{ReviewRules, Severity};
pub use words::Names;

use crate::label::Label;
use crate::mark::Marked;
use links::Leads;
use shapes::Shape;
use table::Table;
use text::Folded;
use words::Words;

/// Most findings in one item; one more says that there are more.
pub const FINDINGS_MAX: usize = 100;

/// Properties that hold no text of anybody's.
const SILENT: [&str; 9] = [
    "type",
    "id",
    "spec_version",
    "lang",
    "object_marking_refs",
    "granular_markings",
    "pattern_type",
    "pattern_version",
    "payload_bin",
];
/// Properties that are the item's very subject: what a text should not lead to is what these are
/// there to tell.
const SUBJECTS: [&str; 2] = ["pattern", "hashes"];

/// Types whose subject are markings: that their texts name them marks nothing.
const OF_MARKINGS: [&str; 5] = [
    "agreement",
    "channel",
    "extension-definition",
    "marking-definition",
    "partner-arrangement",
];

/// Something a text names, of which the recipient may see nothing perhaps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Named<'a> {
    /// An object.
    Id(&'a StixId),
    /// A version of one.
    Hash(&'a ItemHash),
    /// A name, with the items that bear it.
    Name(&'a [ItemHash]),
}

/// The review by one node's rules, ready for many items.
pub struct Reviewer {
    rules: ReviewRules,
    words: Words<()>,
}

/// What is looked at: the outgoing object, and whose marking it carries.
pub struct Subject<'a> {
    /// The object as it would leave.
    pub object: &'a Object,
    /// The item it is made of.
    pub item: &'a Marked,
    /// Names of items, those that are closed among them.
    pub names: &'a Names,
    /// The instant of release.
    pub now: Timestamp,
}

impl Reviewer {
    /// Make it ready.
    #[must_use]
    pub fn new(rules: ReviewRules) -> Self {
        let words = Words::new(rules.words().map(|word| (word.to_owned(), ())));
        Self { rules, words }
    }

    /// Look at one item. `closed` is asked what of a thing that is named the recipient may not
    /// see: that item, or nothing.
    #[must_use]
    pub fn review(
        &self,
        subject: &Subject<'_>,
        closed: &mut dyn FnMut(Named<'_>) -> Option<ItemHash>,
    ) -> Vec<Finding> {
        let kind = subject.item.valid().head().id.kind();
        let mut look = Look {
            reviewer: self,
            subject,
            closed,
            is_observable: noroshi_formats::is_observable(kind),
            is_of_markings: OF_MARKINGS.contains(&kind),
            own: Label::none(),
            path: Vec::new(),
            findings: Vec::new(),
            more: 0,
        };
        for (name, value) in subject.object.iter() {
            if SILENT.contains(&name) {
                continue;
            }
            look.own = standing(subject.item, name);
            look.path.push(Step::Key(name.into()));
            look.value(name, value);
            look.path.pop();
        }
        look.end()
    }
}

/// What stands on a property of the first level: the object's marking and the property's.
fn standing(item: &Marked, name: &str) -> Label {
    let is_it = |steps: &[Step]| matches!(steps, [Step::Key(key)] if **key == *name);
    let places = item
        .places()
        .iter()
        .filter(|(place, _)| is_it(place.steps()));
    places.fold(item.object_label().clone(), |label, (_, place)| {
        label.join(place)
    })
}

/// One item being looked at.
struct Look<'a, 'b> {
    reviewer: &'a Reviewer,
    subject: &'a Subject<'a>,
    closed: &'a mut (dyn FnMut(Named<'_>) -> Option<ItemHash> + 'b),
    is_observable: bool,
    is_of_markings: bool,
    /// What stands on the property.
    own: Label,
    path: Vec<Step>,
    findings: Vec<Finding>,
    more: usize,
}

impl Look<'_, '_> {
    fn value(&mut self, name: &str, value: &Value) {
        match value {
            Value::String(text) => self.string(name, text),
            Value::Array(values) => {
                for (index, value) in values.iter().enumerate() {
                    self.path.push(Step::Index(index));
                    self.value(name, value);
                    self.path.pop();
                }
            }
            Value::Object(object) => {
                for (key, value) in object.iter() {
                    self.path.push(Step::Key(key.into()));
                    // What an object under `hashes` is called matters no more than in a list.
                    let name = if SUBJECTS.contains(&name) { name } else { key };
                    if !SILENT.contains(&name) {
                        self.value(name, value);
                    }
                    self.path.pop();
                }
            }
            Value::Null | Value::Bool(_) | Value::Int(_) | Value::Float(_) => {}
        }
    }

    fn string(&mut self, name: &str, text: &str) {
        // References are the graph itself: markings withhold them.
        if name.ends_with("_ref") || name.ends_with("_refs") {
            return;
        }
        if self.path.len() == 1 && Table::builtin().past.contains(name) {
            self.time(text);
            return;
        }
        let is_subject = self.is_observable || SUBJECTS.contains(&name);
        self.scripts(text);
        self.named(&Folded::new(text));
        if !is_subject {
            self.leads(text);
        }
    }

    fn time(&mut self, text: &str) {
        if let Ok(at) = text.parse::<Timestamp>()
            && at > self.subject.now
        {
            self.add(0, text.len(), Concern::FutureTime { at });
        }
    }

    /// Characters that hide.
    fn scripts(&mut self, text: &str) {
        let mut seen = Vec::new();
        shapes::scripts(text, &mut seen);
        for seen in seen {
            let code = |c: char| format!("U+{:04X}", u32::from(c));
            let concern = match seen.shape {
                Shape::Hidden(c) => Concern::Hidden { character: code(c) },
                Shape::Invisible(c) => Concern::Invisible { character: code(c) },
                Shape::Mixed(word) => Concern::MixedScript { word },
                _ => continue,
            };
            self.add(seen.start, seen.end, concern);
        }
    }

    /// Marks, words of this node, names and ids of what is closed.
    fn named(&mut self, folded: &Folded<'_>) {
        let text = folded.text;
        let mut marks = Vec::new();
        if !self.is_of_markings {
            marks::stricter(folded, &self.own, &mut marks);
        }
        for mark in marks {
            let asks = mark.asks.map_or("?".to_owned(), |label| label.to_string());
            let concern = Concern::Marking {
                mark: text[mark.start..mark.end].to_owned(),
                asks,
            };
            self.add(mark.start, mark.end, concern);
        }
        for hit in self.reviewer.words.find(folded) {
            let (start, end) = folded.span(hit.start, hit.end);
            let word = text[start..end].to_owned();
            self.add(start, end, Concern::OwnWord { word });
        }
        for (start, end, bearers) in self.subject.names.find(folded) {
            if let Some(item) = (self.closed)(Named::Name(&bearers)) {
                let (start, end) = folded.span(start, end);
                let name = text[start..end].to_owned();
                self.add(start, end, Concern::ClosedName { name, item });
            }
        }
        let mut seen = Vec::new();
        shapes::names(text, &mut seen);
        for seen in seen {
            let concern = match seen.shape {
                Shape::Id(id) => {
                    let item = (self.closed)(Named::Id(&id));
                    item.map(|_| Concern::ClosedId { id })
                }
                Shape::Hash(hash) => {
                    let item = (self.closed)(Named::Hash(&hash));
                    item.map(|_| Concern::ClosedHash { hash })
                }
                _ => None,
            };
            if let Some(concern) = concern {
                self.add(seen.start, seen.end, concern);
            }
        }
    }

    /// Where a text leads, and shapes that give people away.
    fn leads(&mut self, text: &str) {
        let mut found = Vec::new();
        let links = links::look(text, self.reviewer.rules.internal(), &mut found);
        for found in found {
            let concern = match found.leads {
                Leads::Internal(host) => Concern::LinkInternal { host },
                Leads::Government(host) => Concern::LinkGovernment { host },
                Leads::Local(link) => Concern::LinkLocal { link },
                Leads::Share(share) => Concern::Share { share },
                Leads::Credentials(host) => Concern::LinkCredentials { host },
                Leads::Tracking(parameter) => Concern::LinkTracking { parameter },
                Leads::Address(address) => Concern::AddressInternal { address },
                Leads::Mail(domain) => Concern::Mail { domain },
            };
            self.add(found.start, found.end, concern);
        }
        let mut seen = Vec::new();
        shapes::shapes(text, &links, &mut seen);
        for seen in seen {
            let concern = match seen.shape {
                Shape::Blob(length) => Concern::Blob { length },
                Shape::Telephone => Concern::Telephone {},
                Shape::Zone(zone) => Concern::TimeZone { zone },
                _ => continue,
            };
            self.add(seen.start, seen.end, concern);
        }
    }

    fn add(&mut self, start: usize, end: usize, concern: Concern) {
        let severity = self.reviewer.rules.severity(concern.code());
        let Some(place) = Selector::from_steps(self.path.clone()) else {
            return;
        };
        if severity == Severity::Off {
            return;
        }
        // The same said twice of one property is said once.
        let is_known = |finding: &Finding| finding.concern == concern && finding.place == place;
        if self.findings.iter().any(is_known) {
            return;
        }
        if self.findings.len() == FINDINGS_MAX {
            self.more += 1;
            return;
        }
        self.findings.push(Finding {
            concern,
            place,
            start,
            end,
            severity,
        });
    }

    fn end(mut self) -> Vec<Finding> {
        let last = self.findings.last().filter(|_| self.more > 0);
        if let Some(last) = last.cloned() {
            let concern = Concern::TooMany { count: self.more };
            let severity = self.reviewer.rules.severity(concern.code());
            self.findings.push(Finding {
                concern,
                severity,
                ..last
            });
        }
        self.findings
    }
}

/// The STIX ids that stand in a text.
pub(crate) fn ids_in(text: &str) -> impl Iterator<Item = StixId> {
    let mut seen = Vec::new();
    shapes::ids(text, &mut seen);
    seen.into_iter().filter_map(|seen| match seen.shape {
        Shape::Id(id) => Some(id),
        _ => None,
    })
}

/// Since when the table of this binary applies.
#[must_use]
pub fn table_valid_from() -> Timestamp {
    Table::builtin().valid_from
}
