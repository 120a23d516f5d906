//! A desk that keeps everything in memory, for tests and for clients to be tried against.

use std::io::Read;
use std::sync::Mutex;

use noroshi_model::{StixId, Timestamp};
use noroshi_taxii::desk::{
    Barred, Caller, Collection, Credential, Desk, Entry, Fate, Fault, PageEnd, Query, Status,
    Version,
};
use serde_json::Value;

pub(crate) const FULL: &str = "11111111-1111-4111-8111-111111111111";
pub(crate) const READING: &str = "22222222-2222-4222-8222-222222222222";
pub(crate) const WRITING: &str = "33333333-3333-4333-8333-333333333333";
/// There for another caller only.
const UNSEEN: &str = "44444444-4444-4444-8444-444444444444";
/// Of one that may neither read nor write it.
const SHUT: &str = "55555555-5555-4555-8555-555555555555";

struct Row {
    position: u64,
    added: Timestamp,
    collection: String,
    owner: Vec<u8>,
    id: String,
    kind: String,
    spec_version: String,
    version: Timestamp,
    object: Vec<u8>,
}

#[derive(Default)]
pub(crate) struct State {
    rows: Vec<Row>,
    statuses: Vec<(Vec<u8>, Status)>,
    ticks: u64,
}

/// Everything behind one lock, so that what was added later stands later.
#[derive(Default)]
pub(crate) struct Memory {
    /// The key of the one client certificate that is known.
    pub(crate) certificate: Option<[u8; 32]>,
    pub(crate) state: Mutex<State>,
}

impl State {
    /// Several a microsecond in life; here each entry has its own, and its number has gaps.
    fn tick(&mut self) -> (u64, Timestamp) {
        self.ticks += 1;
        let added = Timestamp::from_micros(1_790_000_000_000_000 + self.ticks as i64);
        (self.ticks * 3, added)
    }
}

impl Desk for Memory {
    fn caller(&self, credential: Credential<'_>) -> Result<Caller, Barred> {
        let name = match credential {
            Credential::Bearer("caller") | Credential::Basic("caller", "secret") => "caller",
            Credential::Certificate(key) if self.certificate == Some(*key) => "caller",
            Credential::Bearer("other") => "other",
            Credential::Bearer("insider") => "insider",
            Credential::Bearer("nobody") => "nobody",
            Credential::Bearer("throttled") => return Err(Barred::Later(7)),
            _ => return Err(Barred::Unknown),
        };
        Ok(Caller(name.as_bytes().to_vec()))
    }

    fn collections(&self, caller: &Caller) -> Result<Vec<Collection>, Fault> {
        let all = [
            (FULL, "Everything", true, true),
            (READING, "For reading", true, false),
            (WRITING, "For writing", false, true),
            (SHUT, "Shut", false, false),
            (UNSEEN, "For insiders", true, true),
        ];
        let seen = match caller.0.as_slice() {
            b"caller" => &all[..4],
            b"other" => &all[..1],
            b"insider" => &all[4..],
            _ => &[],
        };
        let list = seen.iter();
        Ok(list
            .map(|(id, title, can_read, can_write)| Collection {
                id: (*id).to_owned(),
                title: (*title).to_owned(),
                description: None,
                alias: (*id == FULL).then(|| "everything".to_owned()),
                can_read: *can_read,
                can_write: *can_write,
            })
            .collect())
    }

    fn collection(&self, caller: &Caller, name: &str) -> Result<Collection, Fault> {
        let mut all = self.collections(caller)?.into_iter();
        all.find(|known| known.id == name || known.alias.as_deref() == Some(name))
            .ok_or(Fault::Absent)
    }

    fn page(
        &self,
        _: &Caller,
        collection: &Collection,
        query: &Query,
        objects: bool,
        out: &mut dyn FnMut(Entry<'_>),
    ) -> Result<PageEnd, Fault> {
        let state = self.state.lock().unwrap();
        let here = |row: &&Row| row.collection == collection.id && matches(row, query);
        let found: Vec<&Row> = state.rows.iter().filter(here).collect();
        let wanted = |row: &&&Row| is_wanted(row, &found, &query.versions);
        let behind = |row: &&&Row| {
            query.after.is_none_or(|after| row.position > after)
                && query.added_after.is_none_or(|after| row.added > after)
        };
        let mut end = PageEnd::default();
        let mut bytes = 0;
        for (count, row) in found.iter().filter(wanted).filter(behind).enumerate() {
            let full = query.bytes_max > 0 && bytes >= query.bytes_max;
            if count == query.limit as usize || full {
                end.more = true;
                break;
            }
            bytes += row.object.len() as u64;
            end.last = Some(row.position);
            out(Entry {
                position: row.position,
                added: row.added,
                id: &row.id,
                version: row.version,
                object: if objects { &row.object } else { &[] },
            });
        }
        Ok(end)
    }

    fn add(
        &self,
        caller: &Caller,
        collection: &Collection,
        envelope: &mut dyn Read,
    ) -> Result<Status, Fault> {
        let unusable = || Fault::Unusable("The body is no envelope of objects.".to_owned());
        let mut body = Vec::new();
        envelope.read_to_end(&mut body).map_err(|_| unusable())?;
        let value: Value = serde_json::from_slice(&body).map_err(|_| unusable())?;
        let list = match value.as_object().map(|envelope| envelope.get("objects")) {
            Some(Some(Value::Array(list))) => list.clone(),
            Some(None) => Vec::new(),
            _ => return Err(unusable()),
        };
        let mut state = self.state.lock().unwrap();
        let (number, requested) = state.tick();
        let mut status = Status {
            id: format!("99999999-9999-4999-8999-{number:012x}"),
            requested,
            is_complete: true,
            total: list.len() as u64,
            succeeded: 0,
            failed: 0,
            pending: 0,
            successes: Vec::new(),
            failures: Vec::new(),
            pendings: Vec::new(),
        };
        for (value, bytes) in list.iter().zip(pieces(&body)) {
            let mut fate = Fate {
                id: value["id"].as_str().unwrap_or("").to_owned(),
                version: value["modified"].as_str().map(str::to_owned),
                message: None,
            };
            let kind = StixId::kind_of(&fate.id).ok();
            if kind.is_none() || kind != value["type"].as_str() {
                fate.message = Some("The id is no identifier of this type.".to_owned());
                status.failures.push(fate);
            } else {
                state.put(&caller.0, &collection.id, value, bytes);
                status.successes.push(fate);
            }
        }
        status.succeeded = status.successes.len() as u64;
        status.failed = status.failures.len() as u64;
        state.statuses.push((caller.0.clone(), status.clone()));
        Ok(status)
    }

    fn status(&self, caller: &Caller, id: &str) -> Result<Status, Fault> {
        let state = self.state.lock().unwrap();
        let mut known = state.statuses.iter();
        let found = known.find(|(of, status)| *of == caller.0 && status.id == id);
        found.map(|(_, status)| status.clone()).ok_or(Fault::Absent)
    }

    fn delete(
        &self,
        caller: &Caller,
        collection: &Collection,
        id: &StixId,
        query: &Query,
    ) -> Result<(), Fault> {
        let mut state = self.state.lock().unwrap();
        let ids = Query {
            ids: vec![id.as_str().to_owned()],
            ..query.clone()
        };
        let versions = match query.versions.as_slice() {
            [] => &[Version::All],
            named => named,
        };
        let here = |row: &&Row| row.collection == collection.id && matches(row, &ids);
        let found: Vec<&Row> = state.rows.iter().filter(here).collect();
        let wanted = found.iter().filter(|row| is_wanted(row, &found, versions));
        let wanted: Vec<(u64, bool)> = wanted
            .map(|row| (row.position, row.owner == caller.0))
            .collect();
        if wanted.is_empty() {
            return Err(Fault::Absent);
        }
        if wanted.iter().any(|(_, own)| !own) {
            return Err(Fault::Forbidden(
                "Another has posted that object.".to_owned(),
            ));
        }
        state
            .rows
            .retain(|row| wanted.iter().all(|(position, _)| *position != row.position));
        Ok(())
    }
}

impl State {
    fn put(&mut self, owner: &[u8], collection: &str, value: &Value, bytes: &[u8]) {
        let (position, added) = self.tick();
        let text = |key: &str| value[key].as_str();
        let version = text("modified").or(text("created"));
        let version = version.and_then(|text| text.parse().ok()).unwrap_or(added);
        let (id, kind) = (text("id").unwrap(), text("type").unwrap());
        let is_known = |row: &Row| {
            let same = row.version == version || text("modified").or(text("created")).is_none();
            row.collection == collection && row.id == id && same
        };
        if self.rows.iter().any(is_known) {
            return;
        }
        self.rows.push(Row {
            position,
            added,
            collection: collection.to_owned(),
            owner: owner.to_vec(),
            id: id.to_owned(),
            kind: kind.to_owned(),
            spec_version: text("spec_version").unwrap_or("2.1").to_owned(),
            version,
            object: bytes.to_vec(),
        });
    }
}

fn matches(row: &Row, query: &Query) -> bool {
    let one_of = |list: &[String], text: &str| list.is_empty() || list.iter().any(|l| l == text);
    one_of(&query.ids, &row.id)
        && one_of(&query.types, &row.kind)
        && one_of(&query.spec_versions, &row.spec_version)
}

fn is_wanted(row: &Row, all: &[&Row], versions: &[Version]) -> bool {
    let of_it = || all.iter().filter(|other| other.id == row.id);
    let is_last = || of_it().all(|other| other.version <= row.version);
    versions.is_empty() && is_last()
        || versions.iter().any(|version| match version {
            Version::All => true,
            Version::Last => is_last(),
            Version::First => of_it().all(|other| other.version >= row.version),
            Version::At(time) => row.version == *time,
        })
}

/// The objects of an envelope as they lie in its bytes.
fn pieces(body: &[u8]) -> Vec<&[u8]> {
    let (mut pieces, mut depth, mut begin) = (Vec::new(), 0_u32, 0);
    let (mut quoted, mut escaped) = (false, false);
    for (at, byte) in body.iter().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            _ if quoted => {}
            b'{' | b'[' => {
                depth += 1;
                if depth == 3 {
                    begin = at;
                }
            }
            b'}' | b']' => {
                if depth == 3 && *byte == b'}' {
                    pieces.push(&body[begin..=at]);
                }
                depth -= 1;
            }
            _ => {}
        }
    }
    pieces
}
