//! A node that was lost comes back: with new keys, from no earlier number, and serving nobody
//! before its partners have told what it lost.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use noroshi_model::link::{EntryKind, LogLeaf, Precedence};
use noroshi_model::manifest::Purpose;
use noroshi_model::{Clock, Digest, KeyId, NodeId, Signed};
use noroshi_seal::SystemRng;
use noroshi_seal::backup::Lock;

use noroshi_store::{RecordKind, Viewer, WriteError};
use noroshi_sync::LinkState;
use serde_json::{Value, json};
use zeroize::Zeroizing;

use super::backups::{back_up, lock as fresh_lock};
use super::stage::{Hands, Party, Stage, id, object};
use super::taxii::{all, served};
use crate::command::{Command, Failure};
use crate::node::{Node, lock, store_failure};
use crate::persons;
use crate::recovery::wire::{Answer, Question};
use crate::restore::Staged;
use crate::sink::Collected;

type Key = (Lock, Zeroizing<[u8; 32]>);

/// A backup of Japan's node, and the folders where it comes back.
struct Safe {
    folder: tempfile::TempDir,
    key: Key,
}

impl Safe {
    fn of(stage: &Stage) -> Self {
        let safe = Self {
            folder: tempfile::tempdir().unwrap(),
            key: fresh_lock(),
        };
        back_up(&stage.jp, &safe.file(), Some(&safe.key)).unwrap();
        safe
    }

    fn file(&self) -> PathBuf {
        self.folder.path().join("jp.backup")
    }

    fn home(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn bring_back(&self, stage: &Stage, name: &str) -> Result<Arc<Node>, Failure> {
        bring_back(
            &self.file(),
            &self.key.1,
            &self.home(name),
            &stage.hands,
            "sato",
        )
    }
}

fn bring_back(
    file: &Path,
    key: &[u8; 32],
    home: &Path,
    hands: &Arc<Hands>,
    person: &str,
) -> Result<Arc<Node>, Failure> {
    let staged = Staged::unpack(file, Some(key), home, None, &mut |_, _, _| {})?;
    let name = person.parse().unwrap();
    let person = persons::unlock(staged.home(), &name, "passphrase")?;
    let root = persons::unlock_root(staged.home(), None, "passphrase")?;
    let clock: Arc<dyn Clock> = Arc::<Hands>::clone(hands);
    let mut sink = Collected::default();
    staged.finish(
        &name,
        &*person,
        &*root,
        Arc::clone(&clock),
        Arc::new(SystemRng),
        &mut sink,
    )?;
    Node::open(home, clock, Arc::new(SystemRng)).map(Arc::new)
}

fn status(party: &Party) -> Value {
    party.rows(Command::RestoreStatus).remove(0)
}

fn list(party: &Party) -> Result<Value, Failure> {
    party.try_ask(Command::List {
        kind: None,
        state: None,
        source: None,
        limit: 100,
        after: None,
    })
}

/// Both see the same log: size and root here and in the mirror there, both ways.
fn agree(stage: &Stage) {
    for (here, there) in [(&stage.jp, &stage.us), (&stage.us, &stage.jp)] {
        let own = here.node.inside().unwrap();
        let own = own.log_root(&there.node.me(), false).unwrap();
        let mirror = there.node.inside().unwrap();
        assert_eq!(own, mirror.log_root(&here.node.me(), true).unwrap());
        here.verifies();
        assert_eq!(here.lines("alarm"), Vec::<Value>::new());
        assert_eq!(here.lines("receipt.disputed"), Vec::<Value>::new());
    }
}

fn settle(stage: &Stage) {
    for _ in 0..3 {
        stage.jp.sync();
        stage.us.sync();
    }
}

/// Clause: I5
#[test]
fn a_restore_is_refused_over_something_by_a_stranger_under_another_root_or_before_its_backup() {
    let stage = Stage::new();
    let safe = Safe::of(&stage);
    let occupied = safe.home("occupied");
    std::fs::create_dir(&occupied).unwrap();
    std::fs::write(occupied.join("x"), b"mine").unwrap();
    let code = |outcome: Result<Arc<Node>, Failure>| outcome.err().unwrap().code;
    let file = safe.file();
    let open = |key: &[u8; 32], home: &str, person: &str| {
        bring_back(&file, key, &safe.home(home), &stage.hands, person)
    };
    assert_eq!(code(open(&safe.key.1, "occupied", "sato")), "home.occupied");
    assert_eq!(code(open(&[0; 32], "new", "sato")), "backup.refused");
    assert_eq!(code(open(&safe.key.1, "new", "smith")), "person.no_key");
    let staged = || {
        let home = safe.home("new");
        Staged::unpack(&file, Some(&safe.key.1), &home, None, &mut |_, _, _| {}).unwrap()
    };
    let finish = |staged: Staged, name: &str, person: &Path, root: &Path| {
        let name = name.parse().unwrap();
        let person = persons::unlock(person, &name, "passphrase").unwrap();
        let root = persons::unlock_root(root, None, "passphrase").unwrap();
        let clock: Arc<dyn Clock> = Arc::<Hands>::clone(&stage.hands);
        let mut sink = Collected::default();
        let done = staged.finish(
            &name,
            &*person,
            &*root,
            clock,
            Arc::new(SystemRng),
            &mut sink,
        );
        done.err().unwrap().code
    };
    let (jp, us) = (stage.jp.node.home().path(), stage.us.node.home().path());
    assert_eq!(finish(staged(), "sato", jp, us), "restore.root");
    assert_eq!(finish(staged(), "smith", us, jp), "restore.person");
    stage.hands.forward(-60);
    assert_eq!(finish(staged(), "sato", jp, jp), "restore.clock");
    let left: Vec<_> = std::fs::read_dir(safe.folder.path())
        .unwrap()
        .flatten()
        .collect();
    assert_eq!(
        left.len(),
        2,
        "the backup and the occupied folder: {left:?}"
    );
    // An operational key of the lost life is not in the new one.
    stage.hands.forward(60);
    let node = safe.bring_back(&stage, "new").unwrap();
    let (old, new) = (stage.jp.node.keys(), node.keys());
    for purpose in Purpose::ALL {
        let before = old.manifest.current(purpose).unwrap().id;
        assert!(new.manifest.key(&before).unwrap().revoked.is_some());
        assert_ne!(new.manifest.current(purpose).unwrap().id, before);
    }
    let again = bring_back(&file, &safe.key.1, node.home().path(), &stage.hands, "sato");
    assert_eq!(code(again), "home.occupied");
}

/// Clause: I5
#[test]
fn what_was_released_and_received_after_the_backup_is_known_again_and_no_number_is_used_twice() {
    let stage = Stage::new();
    let objects: Vec<_> = (1..=4).map(|number| object(number, 100)).collect();
    stage.jp.import("own", &objects);
    stage.us.import("own", &[object(20, 100), object(21, 100)]);
    stage.jp.order(stage.jp.share(&[&id(1)]));
    stage.us.order(stage.us.share(&[&id(20)]));
    settle(&stage);
    let safe = Safe::of(&stage);
    // After the backup: releases and recalls on both sides, and an item nobody else knows here.
    stage.jp.import("own", &[object(9, 100)]);
    stage.jp.order(stage.jp.share(&[&id(2), &id(9)]));
    stage.us.order(stage.us.share(&[&id(21)]));
    settle(&stage);
    stage.jp.order(stage.jp.recall(&id(1), "destroy"));
    stage.us.order(stage.us.recall(&id(20), "destroy"));
    settle(&stage);
    let (sent, _) = stage
        .jp
        .node
        .inside()
        .unwrap()
        .log_root(&stage.us.node.me(), false)
        .unwrap();
    let node = safe.bring_back(&stage, "new").unwrap();
    let stage = stage.replaced(&node);

    // Nobody is served, nothing is read, before the partner has told.
    assert_eq!(list(&stage.jp).unwrap_err().code, "restore.unfinished");
    let shown = stage.jp.try_ask(Command::Show { item: id(20) });
    assert_eq!(shown.unwrap_err().code, "restore.unfinished");
    let shared = stage.jp.try_ask(stage.jp.share(&[&id(3)]));
    assert_eq!(shared.unwrap_err().code, "restore.unfinished");
    assert!(stage.us.try_sync().is_err(), "its old keys are gone");
    assert_eq!(
        stage.jp.try_ask(Command::Doctor).unwrap_err().code,
        "doctor.bad"
    );
    assert_eq!(status(&stage.jp)["state"], "waiting");

    settle(&stage);
    let told = status(&stage.jp);
    assert_eq!(
        (&told["state"], &told["missing"]),
        (&json!("done"), &json!(0)),
        "{told}"
    );
    assert!(told["lost"].as_u64().unwrap() >= 3 && told["reread"].as_u64().unwrap() >= 2);
    // Recalls of the partner and of its own that it no longer knew.
    assert_eq!(stage.jp.state(&id(20)).as_deref(), Some("destroyed"));
    assert_eq!(stage.jp.state(&id(1)).as_deref(), Some("destroyed"));
    assert_eq!(stage.jp.state(&id(21)).as_deref(), Some("admitted"));
    assert_eq!(stage.us.state(&id(9)).as_deref(), Some("admitted"));
    let (again, _) = stage
        .jp
        .node
        .inside()
        .unwrap()
        .log_root(&stage.us.node.me(), false)
        .unwrap();
    assert!(again >= sent, "{again} < {sent}");
    agree(&stage);
    let receipts = stage.jp.rows(Command::Receipts {
        item: None,
        peer: None,
        outstanding: false,
        limit: 100,
    });
    let lost: Vec<_> = receipts.iter().filter(|row| row["lost"] == true).collect();
    assert!(lost.iter().any(|row| row["item"] == ""), "{receipts:?}");
    // The release of what is here is known again as one: a recall of it reaches the partner.
    stage.jp.order(stage.jp.recall(&id(2), "destroy"));
    stage.jp.order(stage.jp.share(&[&id(3)]));
    settle(&stage);
    assert_eq!(stage.us.state(&id(2)).as_deref(), Some("destroyed"));
    assert_eq!(stage.us.state(&id(3)).as_deref(), Some("admitted"));
    assert_eq!(stage.jp.unanswered(), 0);
    agree(&stage);
}

/// Clause: I5
#[test]
fn numbers_that_no_partner_received_stay_used_up_and_both_logs_agree_again() {
    let stage = Stage::new();
    stage.jp.import("own", &[object(1, 100), object(2, 100)]);
    let safe = Safe::of(&stage);
    stage.jp.order(stage.jp.share(&[&id(1)]));
    settle(&stage);
    // One entry overtook three that were lost with the node.
    let (jp, us) = (&stage.jp.node, &stage.us.node);
    let (size, _) = us.inside().unwrap().log_root(&jp.me(), true).unwrap();
    let digest = Digest::of(b"overtook");
    let leaf = LogLeaf {
        number: size + 3,
        kind: EntryKind::Release,
        at: jp.now(),
        precedence: Precedence::Flash,
        digest,
        salt: [7; 16],
    };
    us.store
        .write(|tx| tx.mirror_put(&jp.me(), size + 3, Ok(&leaf.to_bytes()), None))
        .map_err(store_failure::<WriteError>)
        .unwrap();
    let node = safe.bring_back(&stage, "new").unwrap();
    let stage = stage.replaced(&node);
    settle(&stage);
    let (had, _) = stage
        .jp
        .node
        .inside()
        .unwrap()
        .log_root(&us_of(&stage), false)
        .unwrap();
    assert!(had > size + 3);
    stage.jp.order(stage.jp.share(&[&id(2)]));
    settle(&stage);
    assert_eq!(stage.us.state(&id(2)).as_deref(), Some("admitted"));
    agree(&stage);
}

fn us_of(stage: &Stage) -> NodeId {
    stage.us.node.me()
}

/// Clause: I5
#[test]
fn a_recall_that_waited_in_the_backup_reaches_the_partner_under_a_living_key() {
    let stage = Stage::new();
    stage.jp.import("own", &[object(1, 100)]);
    stage.jp.order(stage.jp.share(&[&id(1)]));
    settle(&stage);
    stage.jp.order(stage.jp.recall(&id(1), "destroy"));
    let safe = Safe::of(&stage);
    let node = safe.bring_back(&stage, "new").unwrap();
    let stage = stage.replaced(&node);
    settle(&stage);
    assert_eq!(stage.us.state(&id(1)).as_deref(), Some("destroyed"));
    assert_eq!(stage.jp.unanswered(), 0);
    agree(&stage);
}

/// Clause: I5
#[test]
fn an_act_that_waited_in_the_backup_is_returned_and_its_approval_serves_no_more() {
    let stage = Stage::new();
    let asked = stage.jp.prepare(Command::ProfileSet {
        name: "late".to_owned(),
        title: "late".to_owned(),
        markings: vec!["TLP:CLEAR".to_owned()],
        own: false,
        person: "sato".to_owned(),
    });
    let asked = asked.unwrap();
    assert_eq!(stage.jp.endorse(&asked, 0).unwrap().act.state, "pending");
    let safe = Safe::of(&stage);
    let node = safe.bring_back(&stage, "new").unwrap();
    let stage = stage.replaced(&node);
    assert_eq!(stage.jp.endorse(&asked, 1).unwrap_err().code, "act.used");
    assert_eq!(stage.jp.lines("act.returned").len(), 1);
    assert_eq!(stage.jp.lines("restored")[0]["person"], "sato");
}

fn epoch(node: &Node, peer: &NodeId) -> u64 {
    let reader = node.store.read(&Viewer::node()).unwrap();
    let bytes = reader.record(RecordKind::Link, peer.bytes()).unwrap();
    LinkState::from_bytes(&bytes.unwrap())
        .unwrap()
        .sending_epoch
}

/// Clause: I5
#[test]
fn one_backup_restored_twice_shares_no_key_no_epoch_and_no_serial_and_the_later_cuts_off_the_other()
{
    let stage = Stage::new();
    let safe = Safe::of(&stage);
    let us = stage.us.node.me();
    let before = epoch(&stage.jp.node, &us);
    // In the same second: chance tells them apart.
    let twins: Vec<_> = (0..2)
        .map(|number| safe.bring_back(&stage, &format!("twin{number}")).unwrap())
        .collect();
    let tls = |node: &Node| node.keys().manifest.current(Purpose::Tls).unwrap().id;
    assert_ne!(tls(&twins[0]), tls(&twins[1]));
    let epochs: Vec<u64> = twins.iter().map(|node| epoch(node, &us)).collect();
    assert_ne!(epochs[0], epochs[1]);
    assert!(
        epochs
            .iter()
            .all(|epoch| *epoch > before + 1_000_000 && *epoch < 1 << 53)
    );
    stage.hands.forward(1);
    let later = safe.bring_back(&stage, "later").unwrap();
    assert!(epoch(&later, &us) > *epochs.iter().max().unwrap());
    assert!(later.keys().manifest.serial > twins[0].keys().manifest.serial);
    let first = stage.replaced(&twins[0]);
    settle(&first);
    assert_eq!(status(&first.jp)["state"], "done");
    let second = first.replaced(&later);
    settle(&second);
    assert_eq!(status(&second.jp)["state"], "done");
    assert_eq!(second.us.node.peer_of_tls(&tls(&twins[0])), None);
    agree(&second);
    let back = second.replaced(&twins[0]);
    assert!(back.jp.try_sync().is_err(), "the earlier life is over");
    assert_eq!(back.us.lines("alarm"), Vec::<Value>::new());
}

/// Clause: I5
#[test]
fn a_partner_that_is_away_keeps_the_node_from_serving_until_a_person_decides_otherwise() {
    let stage = Stage::new();
    stage
        .jp
        .import("own", &[object(1, 100), object(2, 100), object(3, 100)]);
    stage.jp.order(stage.jp.share(&[&id(3)]));
    settle(&stage);
    let safe = Safe::of(&stage);
    stage.jp.order(stage.jp.share(&[&id(1)]));
    settle(&stage);
    let node = safe.bring_back(&stage, "new").unwrap();
    let stage = stage.replaced(&node);
    *lock(&stage.jp.road.retell) = Some(Box::new(|_| None));
    assert_eq!(stage.jp.try_sync().unwrap_err().code, "peer.unreachable");
    assert_eq!(status(&stage.jp)["state"], "waiting");
    assert_eq!(list(&stage.jp).unwrap_err().code, "restore.unfinished");
    let skip = |person: &str| {
        stage.jp.try_ask(Command::RestoreSkip {
            peer: "USA".to_owned(),
            person: person.to_owned(),
        })
    };
    assert_eq!(skip("nobody").unwrap_err().code, "person.unknown");
    skip("sato").unwrap();
    assert_eq!(skip("sato").unwrap_err().code, "restore.not_waiting");
    list(&stage.jp).unwrap();
    // Its own log stays closed: the partner may know numbers that were lost. A recall waits for it.
    stage.jp.order(stage.jp.recall(&id(3), "destroy"));
    let shared = stage.jp.try_order(stage.jp.share(&[&id(2)]));
    assert_eq!(shared.unwrap_err().code, "restore.unanswered");
    *lock(&stage.jp.road.retell) = None;
    settle(&stage);
    assert_eq!(status(&stage.jp)["state"], "done");
    assert_eq!(stage.us.state(&id(3)).as_deref(), Some("destroyed"));
    stage.jp.order(stage.jp.share(&[&id(2)]));
    settle(&stage);
    assert_eq!(stage.us.state(&id(2)).as_deref(), Some("admitted"));
    agree(&stage);
}

type Lie = Box<dyn Fn(&mut Answer) + Send>;

/// A restored Japan whose partner tells what the lie makes of its true answer, signed as it should.
fn lied_to(lie: impl Fn(&mut Answer) + Send + 'static) -> (Stage, Result<(), Failure>, Safe) {
    let stage = Stage::new();
    stage
        .jp
        .import("own", &[object(1, 100), object(2, 100), object(3, 100)]);
    let safe = Safe::of(&stage);
    for number in 1..=2 {
        stage.jp.order(stage.jp.share(&[&id(number)]));
        settle(&stage);
    }
    let node = safe.bring_back(&stage, "new").unwrap();
    let stage = stage.replaced(&node);
    let us = Arc::clone(&stage.us.node);
    *lock(&stage.jp.road.retell) = Some(Box::new(move |reply| {
        let signed = Signed::<Answer>::from_bytes(reply).unwrap();
        let mut answer = signed.document().clone();
        lie(&mut answer);
        Some(Signed::sign(answer, &us.keys().items).to_bytes())
    }));
    let outcome = stage.jp.try_sync().map(|_| ());
    (stage, outcome, safe)
}

/// Clause: I5
#[test]
fn a_partner_that_lies_about_the_lost_log_is_found_out_and_nothing_of_it_is_taken() {
    let lies: [Lie; 8] = [
        Box::new(|answer| {
            answer.entries.remove(0);
        }),
        Box::new(|answer| {
            answer.entries.pop();
        }),
        Box::new(|answer| answer.entries[0].leaf = Err([7; 32])),
        Box::new(|answer| answer.entries.last_mut().unwrap().number += 1000),
        Box::new(|answer| answer.held.root = Digest([7; 32])),
        Box::new(|answer| answer.held.size += 1),
        Box::new(|answer| answer.checkpoint = Some("x\n1\nAAAA\n\n".to_owned())),
        Box::new(|answer| answer.contradiction = Some("no".to_owned())),
    ];
    for (number, lie) in lies.into_iter().enumerate() {
        let (stage, outcome, _safe) = lied_to(lie);
        assert_eq!(
            outcome.unwrap_err().code,
            "restore.disputed",
            "lie {number}"
        );
        let told = status(&stage.jp);
        assert_eq!(
            (&told["state"], &told["lost"]),
            (&json!("disputed"), &json!(0)),
            "{number}"
        );
        assert_eq!(stage.jp.lines("alarm").len(), 1, "lie {number}");
        assert_eq!(list(&stage.jp).unwrap_err().code, "restore.unfinished");
        stage.jp.verifies();
        // When it tells the truth after all, it is heard.
        *lock(&stage.jp.road.retell) = None;
        settle(&stage);
        assert_eq!(status(&stage.jp)["state"], "done", "lie {number}");
    }
}

/// Clause: I5
#[test]
fn an_answer_to_another_question_or_by_another_key_is_none() {
    for lie in [
        Box::new(|answer: &mut Answer| answer.nonce = [0; 16]) as Lie,
        Box::new(|answer| answer.to = answer.from),
        Box::new(|answer| answer.manifest.signature = [0; 64]),
    ] {
        let (stage, outcome, _safe) = lied_to(lie);
        assert_eq!(outcome.unwrap_err().code, "recovery.refused");
        assert_eq!(status(&stage.jp)["state"], "waiting");
    }
}

/// Clause: I5
#[test]
fn a_partner_answers_only_the_node_of_that_root_over_its_own_connection() {
    let stage = Stage::new();
    let safe = Safe::of(&stage);
    stage.hands.forward(1);
    let node = safe.bring_back(&stage, "new").unwrap();
    let us = &stage.us.node;
    let reader = node.inside().unwrap();
    let (size, root) = reader.log_root(&us.me(), false).unwrap();
    let (received, mirror) = reader.log_root(&us.me(), true).unwrap();
    let extent = |size, root| crate::recovery::wire::Extent {
        size,
        root: Digest(root),
    };
    let question = Question {
        world: node.world(),
        from: node.me(),
        to: us.me(),
        nonce: [1; 16],
        manifest: node.keys().signed.clone(),
        sent: extent(size, root),
        received: extent(received, mirror),
        next: size,
    };
    let tls = node.keys().manifest.current(Purpose::Tls).unwrap().id;
    let ask = |question: &Question, tls: &KeyId| {
        let signed = Signed::sign(question.clone(), &node.keys().items);
        us.recover(tls, &signed.to_bytes())
    };
    let refused = |outcome: Result<Vec<u8>, Failure>| {
        assert_eq!(outcome.unwrap_err().code, "recovery.refused");
    };
    // Recorded and sent again by whoever does not hold its TLS key.
    refused(ask(&question, &KeyId::of(b"another")));
    refused(ask(
        &Question {
            to: node.me(),
            ..question.clone()
        },
        &tls,
    ));
    refused(ask(
        &Question {
            from: us.me(),
            ..question.clone()
        },
        &tls,
    ));
    let old = stage.jp.node.keys().signed.clone();
    refused(ask(
        &Question {
            manifest: old,
            ..question.clone()
        },
        &tls,
    ));
    let mut altered = question.manifest.clone();
    altered.bytes[20] ^= 1;
    refused(ask(
        &Question {
            manifest: altered,
            ..question.clone()
        },
        &tls,
    ));
    let by_ledger_key = Signed::sign(question.clone(), &node.keys().ledger).to_bytes();
    refused(us.recover(&tls, &by_ledger_key));
    refused(us.recover(&tls, b"{}"));
    assert_eq!(us.peer_of_tls(&tls), None, "nothing was adopted");
    let lines = stage.us.lines("manifest").len();
    ask(&question, &tls).unwrap();
    assert_eq!(us.peer_of_tls(&tls), Some(node.me()));
    assert_eq!(stage.us.lines("manifest").len(), lines + 1);
    ask(&question, &tls).unwrap();
    // The life before has no say any more.
    let signed = Signed::sign(question.clone(), &stage.jp.node.keys().items);
    let lost = stage
        .jp
        .node
        .keys()
        .manifest
        .current(Purpose::Tls)
        .unwrap()
        .id;
    refused(us.recover(&lost, &signed.to_bytes()));
    // What it says it has must be what it was sent, and no more.
    let forged = Question {
        received: extent(received, [7; 32]),
        ..question.clone()
    };
    let more = Question {
        received: extent(received + 100, mirror),
        ..question.clone()
    };
    let other = Question {
        sent: extent(size, [7; 32]),
        ..question
    };
    for question in [forged, more, other] {
        let answer = ask(&question, &tls).unwrap();
        let answer = Signed::<Answer>::from_bytes(&answer).unwrap();
        let answer = answer.document();
        assert!(answer.contradiction.is_some() && answer.entries.is_empty());
    }
    assert_eq!(stage.us.lines("alarm").len(), 3);
}

/// Clause: I5
#[test]
fn a_backup_of_every_version_ever_written_is_restored() {
    let packed = include_bytes!("../../test-data/backup-v1.backup");
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("v1");
    std::fs::write(&file, packed).unwrap();
    let header = crate::backup::header_of(&file).unwrap();
    let key = header.lock.unwrap().key("the backup passphrase").unwrap();
    let staged = Staged::unpack(
        &file,
        Some(&key),
        &folder.path().join("node"),
        None,
        &mut |_, _, _| {},
    );
    let staged = staged.unwrap();
    let name = "sato".parse().unwrap();
    let person = persons::unlock(staged.home(), &name, "the first passphrase").unwrap();
    let root = persons::unlock_root(staged.home(), None, "the root passphrase").unwrap();
    let clock: Arc<dyn Clock> = Arc::new(crate::system::SystemClock);
    let mut sink = Collected::default();
    let done = staged
        .finish(
            &name,
            &*person,
            &*root,
            clock,
            Arc::new(SystemRng),
            &mut sink,
        )
        .unwrap();
    assert_eq!(done.partners, 0);
}

/// Clause: I2
#[test]
fn who_may_have_read_after_the_backup_is_named_by_a_recall() {
    let (stage, caller, shown) = served();
    stage.jp.profile("plain", "TLP:GREEN", true);
    stage.jp.import("plain", &[object(1, 50)]);
    let safe = Safe::of(&stage);
    assert_eq!(all(&stage, &caller, &shown).len(), 1);
    let node = safe.bring_back(&stage, "new").unwrap();
    let stage = stage.replaced(&node);
    settle(&stage);
    let recalled = stage.jp.order(stage.jp.recall(&id(1), "withdraw"));
    // Persons may have exported the collection too.
    let both = ["client:siem (export)", "client:siem (siem-1)"];
    assert_eq!(recalled.clients, both);
}
