//! Looking at what the node holds: lists, one item whole, search. Reads only.

use noroshi_model::{ItemHash, Role, StixId, Verifier};
use noroshi_seal::sign::Ed25519;
use noroshi_store::{Filter, ItemState, StoredItem};

use crate::agreements::{outer_json, view};
use crate::command::{Event, Failure, ItemAnswer, ItemRow, PageAnswer};
use crate::node::{Node, store_failure};
use crate::run::told;
use crate::sink::Sink;

/// Most rows of one page.
const ROWS_MAX: u32 = 10_000;
/// The states a list may be narrowed to.
const STATES: [&str; 4] = ["admitted", "held", "withdrawn", "destroyed"];

impl Node {
    pub(crate) fn list(
        &self,
        kind: Option<String>,
        state: Option<String>,
        source: Option<String>,
        limit: u32,
        after: Option<u64>,
        sink: &mut dyn Sink,
    ) -> Result<(), Failure> {
        check_limit(limit)?;
        let is_agreement = kind.as_deref() == Some(view::KIND);
        if is_agreement
            && state
                .as_deref()
                .is_some_and(|state| view::STANDINGS.contains(&state))
        {
            let sent = self.agreements_standing(state.as_deref(), u64::from(limit), sink)?;
            end_page(sent, None, sink);
            return Ok(());
        }
        if let Some(state) = state.as_deref().filter(|state| !STATES.contains(state)) {
            return Err(Failure::new(
                "list.state",
                2,
                format_args!("`{state}` is no state: admitted, held, withdrawn or destroyed"),
            )
            .arg("state", state));
        }
        let filter = Filter {
            kind,
            state,
            source: source.map(|source| self.source_name(&source)),
            current_only: false,
        };
        // Held items are shown to the person at this machine, who is the quarantine's officer
        // here until roles exist; partners never see them.
        let rows = self
            .officer()?
            .page(after.unwrap_or(0), limit, &filter)
            .map_err(store_failure)?;
        let full = rows.len() as u64 == u64::from(limit);
        let next = rows.last().filter(|_| full).map(|row| row.seq);
        let mut sent = self.send_rows(&rows, sink);
        if is_agreement && filter.state.is_none() && filter.source.is_none() && next.is_none() {
            sent += self.agreements_standing(None, u64::from(limit) - sent, sink)?;
        }
        end_page(sent, next, sink);
        Ok(())
    }

    pub(crate) fn search(
        &self,
        text: &str,
        limit: u32,
        sink: &mut dyn Sink,
    ) -> Result<(), Failure> {
        check_limit(limit)?;
        let rows = self.local()?.search(text, limit).map_err(store_failure)?;
        let sent = self.send_rows(&rows, sink);
        let agreements = self.agreements_with(text, u64::from(limit) - sent, sink)?;
        end_page(sent + agreements, None, sink);
        Ok(())
    }

    /// Build the full text anew.
    pub(crate) fn text_rebuild(&self, sink: &mut dyn Sink) -> Result<(), Failure> {
        let items = self.store.rebuild_text(&mut told(sink, "progress-text"));
        let items = items.map_err(store_failure)?;
        sink.send(Event::Answer {
            kind: "text".into(),
            answer: serde_json::json!({ "items": items }),
        });
        Ok(())
    }

    fn send_rows(&self, rows: &[noroshi_store::ItemRow], sink: &mut dyn Sink) -> u64 {
        for row in rows {
            let row = serde_json::to_value(self.item_row(row)).unwrap_or_default();
            sink.send(Event::Row {
                kind: "item".into(),
                row,
            });
        }
        rows.len() as u64
    }

    pub(crate) fn item_row(&self, row: &noroshi_store::ItemRow) -> ItemRow {
        ItemRow {
            seq: row.seq,
            hash: row.hash.to_string(),
            id: row.id.to_string(),
            kind: row.id.kind().to_owned(),
            modified: row.modified.to_string(),
            // What was taken back is hidden, its title too.
            title: if is_readable(row.state) {
                row.title.clone()
            } else {
                String::new()
            },
            state: if row.superseded && row.state == ItemState::Admitted {
                "superseded".to_owned()
            } else {
                row.state.as_str().to_owned()
            },
            marking: row.label.to_string(),
            role: row.role.map_or("", Role::as_str).to_owned(),
            node: row.node.map(|node| node.to_string()).unwrap_or_default(),
            source: row.source.clone(),
            at: row.at.to_string(),
            reasons: row.reasons.clone(),
        }
    }

    /// One item, or one agreement, whole.
    pub(crate) fn show(&self, named: &str, sink: &mut dyn Sink) -> Result<(), Failure> {
        let (kind, answer) = match self.item_shown(named) {
            Ok(item) => ("item", serde_json::to_value(item).unwrap_or_default()),
            Err(failure) => match self.agreement_shown(named)? {
                Some(agreement) => (view::KIND, agreement),
                None => return Err(failure),
            },
        };
        sink.send(Event::Answer {
            kind: kind.into(),
            answer,
        });
        Ok(())
    }

    pub(crate) fn item_shown(&self, named: &str) -> Result<ItemAnswer, Failure> {
        let stored = self.find_item(named)?;
        let reader = self.officer()?;
        let versions = reader.by_stix_id(&stored.id).map_err(store_failure)?;
        let own = versions.iter().find(|row| row.hash == stored.hash);
        let item = own.map(|row| self.item_row(row)).unwrap_or_default();
        let bytes = stored.canonical.as_deref();
        let object = bytes
            .filter(|_| is_readable(stored.state))
            .and_then(|bytes| {
                noroshi_model::Value::parse(bytes, self.limits())
                    .ok()
                    .map(|value| outer_json(&value))
            });
        Ok(ItemAnswer {
            item,
            object,
            has_received: stored.received.is_some(),
            signature: self.signature_word(&stored).to_owned(),
            ledger_line: stored.ledger_line,
            versions: versions
                .iter()
                .filter(|row| row.hash != stored.hash)
                .map(|row| self.item_row(row))
                .collect(),
            holders: self.receipt_rows_of(&stored.hash)?,
            backups: self.backups_holding(&stored.hash)?,
            tearlines: self.tearlines_of(&stored.id)?,
        })
    }

    /// `verified`, `unknown_key` or `invalid`: what can be said of an item's signature now.
    pub(crate) fn signature_word(&self, stored: &StoredItem) -> &'static str {
        let Some(by) = &stored.attribution else {
            return "none";
        };
        let Some(public) = self.any_item_key_of(&by.node, &by.key) else {
            return "unknown_key";
        };
        let message = noroshi_model::Attribution::message(
            self.world(),
            by.role,
            &by.node,
            &by.key,
            &by.assigned,
            &stored.hash,
        );
        if Ed25519.verify(&public, &message, &by.signature) {
            "verified"
        } else {
            "invalid"
        }
    }

    /// The item a person means: a hash, the beginning of one, or a STIX id. Of an object the
    /// current version is meant; where it has none any more, the one that is left.
    pub(crate) fn find_item(&self, named: &str) -> Result<StoredItem, Failure> {
        let unknown = || {
            Failure::new(
                "item.unknown",
                4,
                format_args!(
                    "no item here is called `{named}`: `noroshi list` and `noroshi search` name them"
                ),
            )
            .arg("item", named)
        };
        let reader = self.officer()?;
        let hash = if let Ok(hash) = named.parse::<ItemHash>() {
            hash
        } else if let Ok(id) = named.parse::<StixId>() {
            match reader.current(&id).map_err(store_failure)? {
                Some(current) => current.hash,
                None => match &reader.by_stix_id(&id).map_err(store_failure)?[..] {
                    [] => return Err(unknown()),
                    [one] => one.hash,
                    several => return Err(no_current(&id, several)),
                },
            }
        } else if named.len() >= 8 {
            let found = reader.by_hash_prefix(named, 2).map_err(store_failure)?;
            match found.as_slice() {
                [one] => *one,
                [] => return Err(unknown()),
                _ => {
                    return Err(Failure::new(
                        "item.ambiguous",
                        2,
                        format_args!("`{named}` begins several hashes: write more of it"),
                    )
                    .arg("item", named));
                }
            }
        } else {
            return Err(unknown());
        };
        reader
            .item(&hash)
            .map_err(store_failure)?
            .ok_or_else(unknown)
    }

    /// A source as stored: a profile's name stays, a peer's becomes its node id.
    pub(crate) fn source_name(&self, named: &str) -> String {
        self.find_peer(named)
            .map_or_else(|_| named.to_owned(), |peer| peer.node().to_string())
    }
}

fn end_page(rows: u64, next: Option<u64>, sink: &mut dyn Sink) {
    let answer = serde_json::to_value(PageAnswer { rows, next }).unwrap_or_default();
    sink.send(Event::Answer {
        kind: "page".into(),
        answer,
    });
}

/// Versions that a refusal names.
const NAMED_MAX: usize = 5;

/// An object of which no version is current, and several are left.
pub(crate) fn no_current(id: &StixId, versions: &[noroshi_store::ItemRow]) -> Failure {
    let named: Vec<String> = versions
        .iter()
        .take(NAMED_MAX)
        .map(|row| format!("{} ({})", row.hash, row.state.as_str()))
        .collect();
    let more = if versions.len() > NAMED_MAX {
        ", ..."
    } else {
        ""
    };
    let versions = format!("{}{more}", named.join(", "));
    let why = format_args!("no version of {id} is current: name one by its hash: {versions}");
    Failure::new("item.no_current", 4, why)
        .arg("item", id)
        .arg("versions", versions)
}

fn is_readable(state: ItemState) -> bool {
    matches!(state, ItemState::Admitted | ItemState::Held)
}

fn check_limit(limit: u32) -> Result<(), Failure> {
    if (1..=ROWS_MAX).contains(&limit) {
        Ok(())
    } else {
        Err(Failure::new("list.limit", 2, "a page has 1 to 10,000 rows"))
    }
}
