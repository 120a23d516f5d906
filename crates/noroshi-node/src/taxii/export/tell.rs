//! Who gets an export: a person at this node, into a file or a pipe, and the client's own tool,
//! which asks again and again.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Mutex;

use noroshi_model::agreement::Standing;
use noroshi_model::document::text;
use noroshi_model::json::Object;
use noroshi_model::ledger::LineKind;
use noroshi_model::{Digest, PersonId, Timestamp};
use noroshi_store::WriteError;
use serde_json::json;

use super::super::clients::Client;
use super::super::collections::Collection;
use super::{Exported, Form};
use crate::command::{Event, Failure};
use crate::node::{Node, lock, store_failure};
use crate::records::int;
use crate::sink::Sink;

/// Bytes of text in one row of an answer.
const PART_BYTES: usize = 64 * 1024;
/// What is left out is named so often at most, and counted always.
const NAMED_MAX: usize = 10_000;
/// How notes and recalls name what persons here exported.
pub(crate) const BY_HAND: &str = "export";
/// A tool is told that nothing has changed for so long at most without a look: what a date in a
/// marking opens or closes is seen then.
const KEPT_SECONDS: i64 = 60;

/// The tag of each export that a tool read last, and what it rested on.
#[derive(Default)]
pub(crate) struct Kept {
    last: Mutex<BTreeMap<(PersonId, Form), Last>>,
    /// One export at a time: each may be large.
    turn: Mutex<()>,
}

struct Last {
    /// What the gate's answers rest on.
    standpoint: (u64, Vec<Standing>),
    /// Entries of the client's log: what is released does not change what answers rest on.
    entries: u64,
    until: Timestamp,
    digest: Digest,
}

/// An export for a client's tool.
pub(crate) struct Pulled {
    pub(crate) digest: Digest,
    /// None where the tool has it already.
    pub(crate) content: Option<Exported>,
}

impl Node {
    /// Export a collection to a file, or as rows; ends with what is in it and what is not.
    pub(crate) fn export_collection(
        &self,
        name: &str,
        form: &str,
        file: Option<&Path>,
        sink: &mut dyn Sink,
    ) -> Result<(), Failure> {
        let form = Form::named(form).ok_or_else(|| {
            Failure::new(
                "export.format",
                2,
                format_args!("no format is called `{form}`"),
            )
            .arg("format", form)
        })?;
        let collection = self.collection(name)?;
        let client = self.client(collection.client.as_str())?;
        let mut exported = self.exported(&client, &collection, form)?;
        exported
            .left_out
            .extend(self.left_to_pap(&client, &collection, form)?);
        self.note_export(&client, &collection, form, &exported)?;
        match file {
            Some(file) => write(file, &exported)?,
            None => {
                parts(&exported.head, sink);
                parts(&exported.body, sink);
            }
        }
        let mut counts: BTreeMap<&str, u64> = BTreeMap::new();
        for (place, left) in exported.left_out.iter().enumerate() {
            *counts.entry(left.why).or_default() += 1;
            if place < NAMED_MAX {
                sink.send(Event::Row {
                    kind: "left_out".into(),
                    row: json!({ "id": left.id, "value": left.value, "why": left.why }),
                });
            }
        }
        sink.send(Event::Answer {
            kind: "export".into(),
            answer: json!({
                "collection": collection.name.as_str(),
                "client": client.name.as_str(),
                "format": form.name(),
                "file": file.map(|file| file.display().to_string()),
                "count": exported.count,
                "left_out": exported.left_out.len(),
                "why": counts,
                "digest": exported.digest.to_string(),
                "misses_subdomains":
                    matches!(form, Form::Tool(format) if format.misses_subdomains()),
            }),
        });
        Ok(())
    }

    /// Before an export leaves: whom a recall has to name, and a line that says what goes.
    fn note_export(
        &self,
        client: &Client,
        collection: &Collection,
        form: Form,
        exported: &Exported,
    ) -> Result<(), Failure> {
        if let Some(last) = exported.last {
            self.note_served(client, BY_HAND, last)?;
        }
        let body = Object::new()
            .with("collection", collection.name.as_str())
            .with("client", client.name.as_str())
            .with("event", "exported")
            .with("format", form.name())
            .with("count", int(exported.count))
            .with("digest", text(exported.digest));
        let line = self.line(LineKind::Collection, None, body);
        let append = |tx: &mut noroshi_store::Tx<'_>| tx.append(&line).map(|_| ());
        self.store
            .write(append)
            .map_err(store_failure::<WriteError>)
    }

    /// An export for the tool with this credential, unless it has what there is.
    pub(crate) fn pulled_export(
        &self,
        client: &Client,
        collection: &Collection,
        form: Form,
        by: &str,
        has: &dyn Fn(&Digest) -> bool,
    ) -> Result<Pulled, Failure> {
        let key = (collection.name.clone(), form);
        let (standpoint, now) = (self.standpoint()?, self.now());
        let log = client.node(&self.me());
        let (entries, _) = self
            .inside()?
            .log_root(&log, false)
            .map_err(store_failure)?;
        let kept = lock(&self.exports.last)
            .get(&key)
            .filter(|last| {
                last.standpoint == standpoint && last.entries == entries && now < last.until
            })
            .map(|last| last.digest);
        if let Some(digest) = kept.filter(|digest| has(digest)) {
            let content = None;
            return Ok(Pulled { digest, content });
        }
        let _turn = lock(&self.exports.turn);
        let exported = self.exported(client, collection, form)?;
        if let Some(last) = exported.last {
            self.note_served(client, by, last)?;
        }
        let soon = now.plus_seconds(KEPT_SECONDS);
        let last = Last {
            standpoint,
            entries,
            until: exported.turns.map_or(soon, |turns| turns.min(soon)),
            digest: exported.digest,
        };
        lock(&self.exports.last).insert(key, last);
        let digest = exported.digest;
        Ok(Pulled {
            digest,
            content: Some(exported).filter(|_| !has(&digest)),
        })
    }
}

/// Whole lines, as rows.
fn parts(text: &str, sink: &mut dyn Sink) {
    let mut rest = text;
    while !rest.is_empty() {
        let room = rest.as_bytes().get(PART_BYTES..);
        let end = room
            .and_then(|behind| behind.iter().position(|byte| *byte == b'\n'))
            .map_or(rest.len(), |place| PART_BYTES + place + 1);
        let (part, behind) = rest.split_at(end);
        sink.send(Event::Row {
            kind: "export_part".into(),
            row: json!({ "text": part }),
        });
        rest = behind;
    }
}

/// The file as a whole or not at all: a tool may read it at any moment.
fn write(file: &Path, exported: &Exported) -> Result<(), Failure> {
    let mut beside = file.as_os_str().to_owned();
    beside.push(".new");
    let beside = Path::new(&beside);
    let written = std::fs::File::create(beside)
        .and_then(|mut out| {
            use std::io::Write as _;
            out.write_all(exported.head.as_bytes())?;
            out.write_all(exported.body.as_bytes())?;
            out.sync_all()
        })
        .and_then(|()| std::fs::rename(beside, file));
    written.map_err(|error| {
        Failure::new(
            "export.failed",
            1,
            format_args!("{}: {error}", file.display()),
        )
    })
}
