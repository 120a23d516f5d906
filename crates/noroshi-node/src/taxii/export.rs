//! What a collection shows, in the languages of tools: another face of the same view.
//!
//! It is read through the gate as the client would read it, and noted as served before it leaves,
//! so that a recall names the client. A tool's format carries no markings, so a tool cannot obey
//! them: unless the client's arrangement says by a ceiling on `pap` how far what it does can be
//! seen, the gate is asked as for one whose ceiling is `pap:green`. What is revoked, not yet valid
//! or valid no more stays; what a format has no words for is handed back with the reason.

mod read;
mod tell;

use std::collections::BTreeSet;

use noroshi_gate::Axes;
use noroshi_match::export::{Format, export};
use noroshi_model::{Digest, Timestamp};
use noroshi_taxii::desk::{Entry, Query};

use self::read::{Read, unsaid};
use super::clients::Client;
use super::collections::{Collection, uuid_of};
use crate::command::Failure;
use crate::node::Node;

pub(crate) use self::tell::{BY_HAND, Kept};

/// Entries of one page.
const PAGE: u32 = 10_000;
/// Most objects and bytes of one export.
const OBJECTS_MAX: usize = 1_000_000;
const BYTES_MAX: usize = 512 * 1024 * 1024;
/// The most that may be exported to what acts where the other side sees it.
const VISIBLE: &str = "green";

/// In which form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Form {
    /// A STIX 2.1 bundle: every object as it is shown, with its markings.
    Stix,
    /// The indicators' values in a tool's format.
    Tool(Format),
}

impl Form {
    /// The form of that name.
    pub(crate) fn named(name: &str) -> Option<Self> {
        match name {
            "stix" => Some(Self::Stix),
            _ => Format::from_name(name).map(Self::Tool),
        }
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Stix => "stix",
            Self::Tool(format) => format.name(),
        }
    }

    pub(crate) fn media(self) -> &'static str {
        match self {
            Self::Stix => "application/stix+json;version=2.1",
            Self::Tool(format) => format.media(),
        }
    }
}

/// An indicator, or a value of it, that is not in an export.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LeftOut {
    pub(crate) id: String,
    pub(crate) value: Option<String>,
    /// Which; see the catalogue's `left-out-why-*`.
    pub(crate) why: &'static str,
}

/// An export of a collection, not yet noted as served.
pub(crate) struct Exported {
    /// What stands before the content, and may hang on the instant.
    pub(crate) head: String,
    pub(crate) body: String,
    /// Of form and content.
    pub(crate) digest: Digest,
    /// Objects, or values.
    pub(crate) count: u64,
    pub(crate) left_out: Vec<LeftOut>,
    /// The time of the last entry that was read.
    pub(crate) last: Option<Timestamp>,
    /// When what is valid changes next by itself.
    pub(crate) turns: Option<Timestamp>,
}

/// What was gathered of a collection.
#[derive(Default)]
struct Gathered {
    read: Read,
    ids: BTreeSet<String>,
    bytes: usize,
    last: Option<Timestamp>,
    too_large: bool,
}

impl Node {
    /// A collection in a form, as its client may read it at this moment.
    pub(crate) fn exported(
        &self,
        client: &Client,
        collection: &Collection,
        form: Form,
    ) -> Result<Exported, Failure> {
        self.expect_recovered()?;
        let now = self.now();
        let pap = pap_limit(client, form);
        let mut gathered = Gathered::default();
        let mut bundle = String::new();
        let known = self.knowledge(None)?;
        self.each_shown(client, collection, form, pap, true, &mut |entry| {
            let size = gathered.bytes + entry.object.len();
            if gathered.too_large || size > BYTES_MAX || gathered.ids.len() >= OBJECTS_MAX {
                gathered.too_large = true;
                return;
            }
            gathered.bytes = size;
            gathered.last = gathered.last.max(Some(entry.added));
            if !gathered.ids.insert(entry.id.to_owned()) {
                return;
            }
            match form {
                Form::Stix => {
                    if !bundle.is_empty() {
                        bundle.push_str(",\n");
                    }
                    bundle.push_str(&String::from_utf8_lossy(entry.object));
                }
                Form::Tool(_) => gathered.read.take(&known, &entry, now),
            }
        })?;
        if gathered.too_large {
            let why = "more than a million objects or 512 MiB: set a narrower collection";
            return Err(Failure::new("export.large", 2, why));
        }
        let (last, objects) = (gathered.last, gathered.ids.len() as u64);
        let Form::Tool(format) = form else {
            return Ok(as_bundle(&bundle, objects, last));
        };
        let mut left_out = gathered.read.left_out;
        let written = export(format, gathered.read.said, now);
        left_out.extend(written.unsaid.into_iter().map(unsaid));
        Ok(Exported {
            digest: Digest::of_parts(&[form.name().as_bytes(), b"\n", written.body.as_bytes()]),
            head: written.head,
            body: written.body,
            count: written.values,
            left_out,
            last,
            turns: gathered.read.turns,
        })
    }

    /// What the collection shows and an export leaves to whoever acts unseen.
    fn left_to_pap(
        &self,
        client: &Client,
        collection: &Collection,
        form: Form,
    ) -> Result<Vec<LeftOut>, Failure> {
        let Some(pap) = pap_limit(client, form) else {
            return Ok(Vec::new());
        };
        let mut ids = [BTreeSet::new(), BTreeSet::new()];
        for (ids, pap) in ids.iter_mut().zip([None, Some(pap)]) {
            self.each_shown(client, collection, form, pap, false, &mut |entry| {
                ids.insert(entry.id.to_owned());
            })?;
        }
        let left_out = |id: &String| LeftOut {
            id: id.clone(),
            value: None,
            why: "pap",
        };
        Ok(ids[0].difference(&ids[1]).map(left_out).collect())
    }

    /// Walk through what is shown, page by page.
    fn each_shown(
        &self,
        client: &Client,
        collection: &Collection,
        form: Form,
        pap: Option<&str>,
        objects: bool,
        out: &mut dyn FnMut(Entry<'_>),
    ) -> Result<(), Failure> {
        let types = match form {
            Form::Stix => Vec::new(),
            Form::Tool(_) => vec!["indicator".to_owned()],
        };
        let mut query = Query {
            types,
            limit: PAGE,
            ..Query::default()
        };
        loop {
            let end = self.collection_page_within(client, collection, &query, objects, pap, out)?;
            match end.last {
                Some(last) if end.more => query.after = Some(last),
                _ => return Ok(()),
            }
        }
    }
}

/// The ceiling on `pap` that the gate is asked with beside the arrangement's own.
fn pap_limit(client: &Client, form: Form) -> Option<&'static str> {
    let Form::Tool(format) = form else {
        // The markings go along.
        return None;
    };
    let place = |level: &str| Axes::builtin().get("pap")?.place(level);
    let terms = client.arrangement.releases.iter();
    let named: Option<Vec<usize>> = terms.map(|term| place(term.ceilings.get("pap")?)).collect();
    let Some(named) = named else {
        return Some(VISIBLE);
    };
    let is_higher = named.into_iter().max() > place(VISIBLE);
    (format.acts() && is_higher).then_some(VISIBLE)
}

/// A bundle whose id is made of what is in it.
fn as_bundle(objects: &str, count: u64, last: Option<Timestamp>) -> Exported {
    let digest = Digest::of_parts(&[b"stix\n", objects.as_bytes()]);
    let id = uuid_of(&digest.0);
    let body = if objects.is_empty() {
        format!("{{\"type\":\"bundle\",\"id\":\"bundle--{id}\"}}\n")
    } else {
        format!("{{\"type\":\"bundle\",\"id\":\"bundle--{id}\",\"objects\":[\n{objects}\n]}}\n")
    };
    Exported {
        head: String::new(),
        body,
        digest,
        count,
        left_out: Vec::new(),
        last,
        turns: None,
    }
}
