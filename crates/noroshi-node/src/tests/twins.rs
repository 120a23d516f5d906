//! Non-interference on real nodes: two worlds that are equal in what the United States may see. In
//! one of them Japan also has what it may not see: items closed to it, items of others, drafts,
//! recalls and receipts of a third nation. After each step everything the United States can get is
//! compared: the frames by number, length and header (their keys are fresh), and all that they come
//! to at its node - log leaves with their times and salts, roots, checkpoints, items, receipts,
//! alarms, the whole ledger.
//!
//! The many pairs of stores are in `tests/noninterference.rs`, without a database; here are a few
//! hundred steps of whole nodes. `NOROSHI_TWIN_STEPS` sets how many.
//!
//! What may differ by design, because a receipt never lies: what a partner is told of the very
//! bytes it sent, where they were taken back here before; and that a version is held
//! because another originator answers for the object. Definitions of markings and trusted keys are
//! rules, and equal in both worlds.

use std::path::Path;
use std::sync::{Arc, Mutex};

use noroshi_model::link::{EntryKind, Precedence, Recall, RecallMode};
use noroshi_model::{Digest, ItemHash, Rng, Timestamp, World as WorldName};
use noroshi_store::Log;
use noroshi_sync::{HEADER_BYTES, split_frames};
use serde_json::{Value, json};

use super::stage::{Hands, Party, Stage, id, object, open_with};
use crate::Command;
use crate::node::{lock, store_failure};
use crate::recall::SignedRecall;

const STEPS: u32 = 150;
const STEPS_SLOW: u32 = 3_000;

/// Chance that follows from what was last thrown.
struct Dice(Mutex<Digest>);

impl Dice {
    fn throw(&self, number: u32) {
        *lock(&self.0) = Digest::of(&number.to_be_bytes());
    }
}

impl Rng for Dice {
    fn fill(&self, buffer: &mut [u8]) {
        let mut state = lock(&self.0);
        for part in buffer.chunks_mut(32) {
            *state = Digest::of(&state.0);
            part.copy_from_slice(&state.0[..part.len()]);
        }
    }
}

/// Japan between the United States and Australia.
struct World {
    us: Party,
    jp: Party,
    jp_to_au: Party,
    au: Party,
    dice: Arc<Dice>,
    /// How far the United States' ledger was compared.
    line: u64,
}

impl World {
    fn open(folder: &Path, hands: &Arc<Hands>) -> Self {
        let dice = Arc::new(Dice(Mutex::new(Digest::of(b"begin"))));
        let node = |nation: &str| {
            let rng: Arc<dyn Rng> = Arc::<Dice>::clone(&dice);
            open_with(&folder.join(nation), hands, rng)
        };
        let (jp, us, au) = (node("JPN"), node("USA"), node("AUS"));
        Self {
            us: Party::new(&us, &jp, ["smith", "jones"], "JPN"),
            jp: Party::new(&jp, &us, ["sato", "suzuki"], "USA"),
            jp_to_au: Party::new(&jp, &au, ["sato", "suzuki"], "AUS"),
            au: Party::new(&au, &jp, ["bruce", "sheila"], "JPN"),
            dice,
            line: 0,
        }
    }

    /// What both sides can see happens: the same in both worlds.
    fn visible(&self, step: u32, pick: u32) {
        let number = 10_000 + step;
        match pick % 8 {
            0 => {
                self.jp.import("own", &[object(number, 50)]);
                self.jp.order(self.jp.share(&[&id(number)]));
            }
            1 => {
                let mut closed = object(number, 50);
                closed["granular_markings"] =
                    json!([{ "selectors": ["description"], "marking_ref": RED }]);
                self.jp.import("own", &[closed]);
                self.jp.order(self.jp.share(&[&id(number)]));
            }
            2 => {
                self.us.import("own", &[object(number, 50)]);
                self.us.order(self.us.share(&[&id(number)]));
            }
            3 => self.recall_latest(&self.jp, pick),
            4 => self.recall_latest(&self.us, pick),
            // A partner that asks for what it may not know: recalls of names it guesses.
            5 => self.guess(pick),
            6 => {
                // Refused here, in both worlds alike, and nothing of it leaves.
                let refused = self.jp.try_ask(self.jp.share(&["campaign--none"]));
                assert!(refused.is_err());
            }
            _ => {}
        }
        self.us.sync();
        self.jp.sync();
    }

    fn recall_latest(&self, by: &Party, pick: u32) {
        let rows = by.rows(Command::Receipts {
            item: None,
            peer: Some(by.other.to_owned()),
            outstanding: false,
            limit: 10_000,
        });
        let known = |row: &&Value| row["entry"] == "release" && row["fate"] == "admitted";
        if let Some(row) = rows.iter().rfind(known) {
            let mode = ["withdraw", "destroy"][(pick / 8 % 2) as usize];
            // It may be recalled already: then nothing happens, here as there.
            let _ = by.try_order(by.recall(row["item"].as_str().unwrap(), mode));
        }
    }

    /// The United States recall, under a true signature, an item of which they guess the name.
    fn guess(&self, pick: u32) {
        let (us, jp) = (&self.us.node, self.jp.node.me());
        let stored = us.find_item(&id(1)).unwrap();
        let recall = Recall {
            world: WorldName::Operational,
            by: us.me(),
            item: hidden_hash(pick / 8 % 40),
            id: stored.id.clone(),
            modified: stored.modified,
            mode: RecallMode::Destroy,
            reason: "a guess".to_owned(),
            at: Timestamp::from_micros(0),
        };
        let bytes = SignedRecall::sign(recall, &us.keys().items).to_bytes();
        let urgent = Precedence::Immediate;
        us.store
            .write(|tx| us.log_bytes(tx, &jp, EntryKind::Recall, urgent, bytes))
            .map_err(store_failure)
            .unwrap();
    }

    /// What the United States may not see happens, in one world only.
    fn hidden(&self, step: u32, pick: u32) {
        let number = pick / 8 % 40;
        match pick % 8 {
            0 => {
                self.jp.bring(Some("own"), &[hidden_object(number)]);
            }
            1 => {
                self.jp.bring(None, &[object(50_000 + step, 40)]);
            }
            2 => {
                self.jp.import("own", &[object(40_000 + step, 60)]);
                self.jp_to_au
                    .order(self.jp_to_au.share(&[&id(40_000 + step)]));
                self.jp_to_au.sync();
            }
            3 => {
                self.au.import("own", &[object(60_000 + step, 80)]);
                self.au.order(self.au.share(&[&id(60_000 + step)]));
                self.au.sync();
            }
            4 => {
                self.recall_latest(&self.au, pick);
                self.au.sync();
            }
            5 => {
                // A draft that nobody signs.
                self.jp.import("own", &[object(70_000 + step, 30)]);
                self.jp
                    .prepare(self.jp.share(&[&id(70_000 + step)]))
                    .unwrap();
            }
            6 => {
                // The gate keeps it, and says so here.
                self.jp.bring(Some("own"), &[hidden_object(number)]);
                let plan = self.jp.ask(self.jp.share(&[&id(number)]));
                assert_eq!(plan["recipients"][0]["stays"], 1, "{plan}");
            }
            _ => self.recall_latest(&self.jp_to_au, pick),
        }
    }

    /// Everything the United States have got since last asked.
    fn seen(&mut self) -> Vec<String> {
        let mut seen = Vec::new();
        for road in [&self.us.road, &self.jp.road] {
            for body in std::mem::take(&mut *lock(&road.tape)) {
                for frame in split_frames(&body) {
                    // An announcement's body is over a fresh key: its header is compared.
                    let head = noroshi_model::document::hex(&frame[..HEADER_BYTES]);
                    seen.push(format!("frame {head:?} of {} bytes", frame.len()));
                }
            }
        }
        let rows = self.us.rows(Command::LedgerList {
            from: self.line,
            limit: 10_000,
            kind: None,
        });
        self.line += rows.len() as u64;
        seen.extend(rows.iter().map(Value::to_string));
        let (us, jp) = (&self.us.node, self.jp.node.me());
        let reader = us.inside().unwrap();
        seen.push(format!("mirror {:?}", reader.log_root(&jp, true).unwrap()));
        let note = reader.newest_checkpoint(Log::Of(&jp)).unwrap();
        seen.push(format!("checkpoint {note:?}"));
        let counts = reader.counts().unwrap();
        seen.push(format!("items {counts:?}"));
        seen
    }
}

const RED: &str = "marking-definition--e828b379-4e03-4974-9ac4-e53a884c97c1";

/// An item above what the agreements let pass.
fn hidden_object(number: u32) -> Value {
    let mut hidden = object(number + 100, 60);
    hidden["id"] = id(number).into();
    hidden["object_marking_refs"] = json!([RED]);
    hidden
}

/// The name of that item: all forty are worked out once, as a partner could that knows the text.
fn hidden_hash(number: u32) -> ItemHash {
    let bytes = hidden_object(number).to_string().into_bytes();
    let limits = noroshi_model::Limits::DEFAULT;
    let (valid, _) = noroshi_formats::read(&bytes, noroshi_formats::Form::Stix21, &limits).unwrap();
    valid.hash()
}

fn copy(from: &Path, to: &Path) {
    let closed = std::fs::metadata(from).unwrap().permissions();
    std::fs::create_dir_all(to).unwrap();
    std::fs::set_permissions(to, closed).unwrap();
    for file in std::fs::read_dir(from).unwrap().map(Result::unwrap) {
        let target = to.join(file.file_name());
        if file.file_type().unwrap().is_dir() {
            copy(&file.path(), &target);
        } else {
            std::fs::copy(file.path(), target).unwrap();
        }
    }
}

fn steps() -> u32 {
    let told = std::env::var("NOROSHI_TWIN_STEPS").ok();
    let slow = std::env::var_os("RUN_SLOW_TESTS").is_some();
    let usual = if slow { STEPS_SLOW } else { STEPS };
    told.and_then(|text| text.parse().ok()).unwrap_or(usual)
}

/// Clause: I6
#[test]
fn what_a_partner_may_not_see_changes_nothing_of_what_it_gets() {
    let stage = Stage::new();
    let (_, au) = {
        let au = stage.australia();
        let jp = Party::new(&stage.jp.node, &au.node, ["sato", "suzuki"], "AUS");
        jp.agree_with(&au);
        au.profile("own", "TLP:CLEAR", true);
        stage.us.import("own", &[object(1, 20)]);
        (jp, au)
    };
    let (first, second) = (stage.folder.path(), tempfile::tempdir().unwrap());
    let (hands, folder) = (Arc::clone(&stage.hands), first.to_owned());
    let Stage {
        jp,
        us,
        folder: kept,
        watch,
        ..
    } = stage;
    drop((jp, us, au));
    copy(&folder, second.path());
    let mut plain = World::open(&folder, &hands);
    let mut laden = World::open(second.path(), &hands);
    let mut pick = Digest::of(b"what happens");
    for step in 0..steps() {
        for number in 0..3_u8 {
            pick = Digest::of_parts(&[&pick.0, &[number]]);
            let pick = u32::from_be_bytes([pick.0[0], pick.0[1], pick.0[2], pick.0[3]]);
            laden.hidden(step * 3 + u32::from(number), pick);
        }
        let pick = u32::from_be_bytes([pick.0[4], pick.0[5], pick.0[6], pick.0[7]]);
        hands.forward(1 + i64::from(pick % 60));
        for world in [&plain, &laden] {
            world.dice.throw(step);
            world.visible(step, pick);
        }
        assert_eq!(plain.seen(), laden.seen(), "step {step}, pick {pick}");
    }
    plain.jp.verifies();
    laden.jp.verifies();
    assert!(laden.jp.admitted() > plain.jp.admitted());
    drop(watch);
    drop(kept);
}

/// Clause: I6
#[test]
fn a_newer_version_from_somebody_else_is_nothing_the_sender_learns() {
    let stage = Stage::new();
    let newer = {
        let mut newer = object(1, 10);
        newer["modified"] = "2026-02-02T00:00:00.000Z".into();
        newer
    };
    // Japan has a newer version of the object from a feed; the United States send the older one.
    stage.jp.import("feed", &[newer]);
    stage.us.import("feed", &[object(1, 10)]);
    stage.us.order(stage.us.share(&[&id(1)]));
    stage.us.sync();
    stage.us.sync();
    let rows = stage.us.rows(Command::Receipts {
        item: None,
        peer: None,
        outstanding: false,
        limit: 10,
    });
    assert_eq!(rows[0]["fate"], "admitted", "{rows:?}");
}
