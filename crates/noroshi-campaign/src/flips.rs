//! Single bits flipped in what is stored or sent: each must be noticed by the command or the check
//! that a partner or an auditor would use. Of the store's file, bytes that carry nothing are told
//! from bytes that do by what every row of every table says afterwards.

use std::collections::{BTreeMap, BTreeSet};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::process::Command as Process;
use std::sync::Arc;

use anyhow::{Context, Result, anyhow, ensure};
use noroshi_model::{Attribution, Clock, Digest, ItemHash, KeyId, NodeId, Role, Verifier, World};
use noroshi_node::backup;
use noroshi_node::command::BackupLock;
use noroshi_node::sink::Collected;
use noroshi_node::system::SystemClock;
use noroshi_node::{Command, Event, Node, Outside, OutsideError};
use noroshi_seal::SystemRng;
use noroshi_seal::backup::Lock;
use noroshi_seal::keyfile::Cost;
use noroshi_seal::merkle::{Frontier, leaf_hash};
use noroshi_seal::sealing::FrameKey;
use noroshi_seal::sign::{Ed25519, SigningKey};
use noroshi_seal::tlog::Checkpoint;
use serde_json::Value;

use crate::chance::Chance;
use crate::dump::{Dump, dump};
use crate::report::{Report, Stage};
use crate::story::{Hand, Side, Station, Story};
use crate::victim::{self, Ended, Moment, wire};

/// Threads at work.
const WORKERS: usize = 2;
/// What locks the backup.
const PASSPHRASE: &str = "the campaign's own";
/// Bytes shown on either side of one whose change nobody noticed.
const AROUND: usize = 24;
/// Bytes before a frame's sealed part, and where its counter begins.
const HEADER: usize = noroshi_sync::HEADER_BYTES;
const COUNTER: usize = HEADER - 8;

/// So many flips, a fifth of them in the store's file, a fiftieth in backups.
pub(crate) fn run(stage: &Stage, flips: u64) -> Result<Report> {
    let mut report = Report::new("flips", stage.seed);
    let folder = stage.folder()?;
    let (jp, us) = (folder.path().join("jp"), folder.path().join("us"));
    let mut story = Story::begin(&stage.binary, folder.path(), [&jp, &us])?;
    story.round(&mut Gentle)?;
    // A copy checks the proofs, so that the node itself can make them.
    let auditor = folder.path().join("auditor");
    copy(&jp.join("node"), &auditor)?;
    let auditor = Arc::new(open(&auditor)?);
    let things = [
        frame()?,
        item()?,
        checkpoint(),
        tile(),
        leaf(),
        proof(&auditor, &story, "proof of a line", &["--line", "3"])?,
        proof(
            &auditor,
            &story,
            "proof of a receipt",
            &story.receipt_args()?,
        )?,
    ];
    let each = flips * 4 / 5 / things.len() as u64;
    for thing in &things {
        let wrong = many(
            stage,
            each,
            thing.bytes.len(),
            |_| Ok(()),
            |(), at, bit| {
                let mut bytes = thing.bytes.clone();
                bytes[at] ^= bit;
                Ok((thing.accepts)(&bytes).then_some(at))
            },
        )?;
        let missed: BTreeSet<usize> = wrong.iter().copied().flatten().collect();
        let count = wrong.iter().flatten().count();
        report
            .lines
            .push(format!("{}: {each} flips, {count} not noticed", thing.name));
        if count > 0 {
            report.wrong.push(format!(
                "{count} flips in a {} pass, the first {}",
                thing.name,
                thing.around(missed.first().copied().unwrap_or_default())
            ));
        }
        stage.progress(&format!("flips: {} done", thing.name));
    }
    for locked in [false, true] {
        backups(stage, flips / 100, &jp.join("node"), locked, &mut report)?;
    }
    store(stage, flips / 5, &jp.join("node"), &mut report)?;
    Ok(report)
}

/// Strikes nobody.
struct Gentle;

impl Hand for Gentle {
    fn command(&mut self, station: Station, _: Side, command: Process) -> Result<Ended> {
        if station == Station::Restart {
            let idle = Process::new("true");
            return Ok(victim::server(command, idle, Moment::Never, &wire(), &|| ())?.0);
        }
        victim::command(command, Moment::Never, &wire(), &|| ())
    }

    fn server(
        &mut self,
        _: Station,
        _: Side,
        server: Process,
        caller: Process,
    ) -> Result<(Ended, Option<Ended>)> {
        victim::server(server, caller, Moment::Never, &wire(), &|| ())
    }
}

/// Work with a bit at a place, so many times, on every thread with what it made for itself.
fn many<W, T: Send>(
    stage: &Stage,
    flips: u64,
    length: usize,
    prepare: impl Fn(usize) -> Result<W> + Sync,
    work: impl Fn(&mut W, usize, u8) -> Result<T> + Sync,
) -> Result<Vec<T>> {
    let mut chance = Chance::new(stage.seed);
    let chances: Vec<Chance> = (0..WORKERS).map(|_| chance.fork()).collect();
    let (prepare, work) = (&prepare, &work);
    let results = std::thread::scope(|scope| {
        let workers: Vec<_> = chances
            .into_iter()
            .enumerate()
            .map(|(number, mut chance)| {
                scope.spawn(move || -> Result<Vec<T>> {
                    let mut own = prepare(number)?;
                    let share = flips / WORKERS as u64;
                    (0..share)
                        .map(|_| {
                            let (at, bit) = (chance.place(length), 1 << chance.below(8));
                            work(&mut own, at, bit)
                        })
                        .collect()
                })
            })
            .collect();
        workers
            .into_iter()
            .map(|worker| {
                worker
                    .join()
                    .unwrap_or_else(|_| Err(anyhow!("a thread panicked")))
            })
            .collect::<Result<Vec<_>>>()
    })?;
    Ok(results.into_iter().flatten().collect())
}

/// Would somebody take these bytes?
type Accepts = dyn Fn(&[u8]) -> bool + Sync;

/// Bytes, and whether somebody would take them.
struct Thing {
    name: &'static str,
    bytes: Vec<u8>,
    accepts: Box<Accepts>,
}

impl Thing {
    fn new(
        name: &'static str,
        bytes: Vec<u8>,
        accepts: impl Fn(&[u8]) -> bool + Sync + 'static,
    ) -> Result<Self> {
        ensure!(accepts(&bytes), "a {name} that is whole is refused");
        Ok(Self {
            name,
            bytes,
            accepts: Box::new(accepts),
        })
    }

    /// Where a byte stands, with those around it.
    fn around(&self, at: usize) -> String {
        let few = at.saturating_sub(AROUND)..(at + AROUND).min(self.bytes.len());
        format!("in byte {at}, of `{}`", self.bytes[few].escape_ascii())
    }
}

/// A sealed frame of 8 KiB: version, kind, world, link, epoch and counter are in its header, which
/// is bound to the sealed part.
fn frame() -> Result<Thing> {
    let secret = [6; 32];
    let mut header = [1; HEADER];
    header[COUNTER..].copy_from_slice(&9_u64.to_be_bytes());
    let key = FrameKey::from_bytes(&secret)?;
    let sealed = key.seal(9, &header, vec![7; 8192])?;
    let key = FrameKey::from_bytes(&secret)?;
    Thing::new("frame", [&header[..], &sealed].concat(), move |bytes| {
        let Some((header, sealed)) = bytes.split_first_chunk::<HEADER>() else {
            return false;
        };
        let mut counter = [0; 8];
        counter.copy_from_slice(&header[COUNTER..]);
        key.open(u64::from_be_bytes(counter), header, sealed)
            .is_ok()
    })
}

/// An item's bytes with the signature of who answers for it.
fn item() -> Result<Thing> {
    let key = SigningKey::generate(&SystemRng);
    let public = key.public();
    let node = NodeId::from_bytes([1; 32]);
    let message = move |bytes: &[u8]| {
        let hash = ItemHash(Digest::of(bytes));
        let id = KeyId::of(&public);
        Attribution::message(World::Operational, Role::Originator, &node, &id, &[], &hash)
    };
    let object = noroshi_testkit::bundle(1, 1).into_bytes();
    let signature = noroshi_model::Signer::sign(&key, &message(&object));
    Thing::new(
        "signed item",
        [&signature[..], &object].concat(),
        move |bytes| {
            bytes
                .split_first_chunk::<64>()
                .is_some_and(|(signature, object)| {
                    Ed25519.verify(&public, &message(object), signature)
                })
        },
    )
}

fn checkpoint() -> Thing {
    let key = SigningKey::generate(&SystemRng);
    let public = key.public();
    let name = "noroshi/1234/ledger";
    let checkpoint = Checkpoint {
        origin: name.to_owned(),
        size: 1_234_567,
        root: leaf_hash(b"root"),
    };
    let note = checkpoint.sign(name, &public, &key);
    Thing {
        name: "checkpoint",
        bytes: note.into_bytes(),
        accepts: Box::new(move |bytes| {
            core::str::from_utf8(bytes)
                .is_ok_and(|note| Checkpoint::open(note, name, &public).is_ok())
        }),
    }
}

fn root_over(hashes: impl Iterator<Item = [u8; 32]>) -> [u8; 32] {
    let mut frontier = Frontier::new();
    hashes.for_each(|hash| frontier.append(hash));
    frontier.root()
}

/// A full tile against the root that a checkpoint states.
fn tile() -> Thing {
    let hashes: Vec<[u8; 32]> = (0_u16..256).map(|n| leaf_hash(&n.to_be_bytes())).collect();
    let root = root_over(hashes.iter().copied());
    Thing {
        name: "tile",
        bytes: hashes.concat(),
        accepts: Box::new(move |bytes| {
            let hashes = bytes
                .chunks_exact(32)
                .filter_map(|hash| hash.try_into().ok());
            root_over(hashes) == root
        }),
    }
}

/// A leaf's bytes against the root above it.
fn leaf() -> Thing {
    let bytes = b"{\"v\":1,\"a ledger line\":\"of some length, to be sure\"}".to_vec();
    let root = root_over([leaf_hash(b"before"), leaf_hash(&bytes)].into_iter());
    Thing {
        name: "leaf",
        bytes,
        accepts: Box::new(move |bytes| {
            root_over([leaf_hash(b"before"), leaf_hash(bytes)].into_iter()) == root
        }),
    }
}

/// A proof as a node writes it, checked by a node that has only the keys. Whoever checks the proof
/// of a receipt is told of which item it is: a bit that makes it a proof of another one is noticed.
fn proof(
    auditor: &Arc<Node>,
    story: &Story,
    name: &'static str,
    args: &[impl AsRef<str>],
) -> Result<Thing> {
    let mut all = vec!["ledger", "prove"];
    all.extend(args.iter().map(AsRef::as_ref));
    let proof = story.jp().answer(&all)?;
    let node = Arc::clone(auditor);
    let bytes = proof.to_string().into_bytes();
    let item = checked(&node, &bytes).context("a proof that is whole is refused")?;
    Thing::new(name, bytes, move |bytes| {
        checked(&node, bytes).is_some_and(|said| said == item)
    })
}

/// Of which item a proof is, as its check says; `Null` where it is of none.
fn checked(node: &Node, bytes: &[u8]) -> Option<Value> {
    let proof = serde_json::from_slice(bytes).ok()?;
    let check = Command::LedgerCheck { proof, since: None };
    let mut said = Collected::default();
    node.run(check, None, &Nowhere, &mut said).ok()?;
    let answer = said.0.into_iter().find_map(|event| match event {
        Event::Answer { answer, .. } => Some(answer),
        _ => None,
    });
    Some(answer?["receipt"]["item"].clone())
}

fn open(home: &Path) -> Result<Node> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    Node::open(home, clock, Arc::new(SystemRng)).map_err(|error| anyhow!("{error}"))
}

fn copy(home: &Path, to: &Path) -> Result<()> {
    let copied = Process::new("cp").arg("-r").arg(home).arg(to).status()?;
    ensure!(copied.success(), "cannot copy the node");
    Ok(())
}

/// Nobody is called.
struct Nowhere;

impl Outside for Nowhere {
    fn pair(&self, address: &str, _: &[u8]) -> Result<(Vec<u8>, KeyId), OutsideError> {
        Err(nowhere(address))
    }

    fn exchange(&self, address: &str, _: &[KeyId], _: &[u8]) -> Result<Vec<u8>, OutsideError> {
        Err(nowhere(address))
    }

    fn recover(&self, address: &str, _: &[u8]) -> Result<(Vec<u8>, KeyId), OutsideError> {
        Err(nowhere(address))
    }

    fn wake(&self, _: &NodeId) {}

    fn present(&self, _: &[u8]) {}
}

fn nowhere(address: &str) -> OutsideError {
    OutsideError {
        address: address.to_owned(),
        problem: "nobody is called here".to_owned(),
    }
}

/// What a flipped bit of the store's file came to.
enum Outcome {
    Noticed,
    /// Every row of every table says what it said.
    Nothing,
    /// The columns that say something else.
    Missed(Vec<String>),
    Panicked,
}

/// A backup file, plain or locked: `backup verify` must refuse it whichever bit changed. What it
/// unpacks is taken away again each time.
fn backups(
    stage: &Stage,
    flips: u64,
    home: &Path,
    locked: bool,
    report: &mut Report,
) -> Result<()> {
    let folder = stage.folder()?;
    let file = folder.path().join("node.backup");
    let lock = locked.then(|| {
        let cost = Cost {
            memory_kib: 64,
            passes: 1,
        };
        Lock::fresh(&SystemRng, cost)
    });
    let key = lock.map(|lock| lock.key(PASSPHRASE)).transpose()?;
    let order = Command::BackupMake {
        to: file.clone(),
        person: "sato".to_owned(),
        lock: lock.zip(key).map(|(lock, key)| BackupLock {
            salt: in_hex(&lock.salt),
            memory_kib: lock.cost.memory_kib,
            passes: lock.cost.passes,
            key: in_hex(&*key),
        }),
    };
    let node = open(home)?;
    node.run(order, None, &Nowhere, &mut Collected::default())
        .map_err(|error| anyhow!("{error}"))?;
    node.close().map_err(|error| anyhow!("{error}"))?;
    let whole = std::fs::read(&file)?;
    let prepare = |number: usize| -> Result<PathBuf> {
        let work = folder.path().join(format!("work-{number}"));
        std::fs::create_dir(&work)?;
        std::fs::write(work.join("flipped"), &whole)?;
        ensure!(takes(&work), "a backup that is whole is refused");
        Ok(work)
    };
    let taken = many(stage, flips, whole.len(), prepare, |work, at, bit| {
        let mut bytes = whole.clone();
        bytes[at] ^= bit;
        std::fs::write(work.join("flipped"), &bytes)?;
        Ok(u64::from(takes(work)))
    })?;
    let missed: u64 = taken.into_iter().sum();
    let kind = if locked { "locked" } else { "plain" };
    report.lines.push(format!(
        "{kind} backup of {} bytes: {flips} flips, {missed} not noticed",
        whole.len()
    ));
    if missed > 0 {
        let told = format!("{missed} flips in a {kind} backup pass");
        report.wrong.push(told);
    }
    stage.progress(&format!("flips: {kind} backup done"));
    Ok(())
}

/// Would `backup verify` take the file in that folder?
fn takes(work: &Path) -> bool {
    let file = work.join("flipped");
    let Ok(header) = backup::header_of(&file) else {
        return false;
    };
    let Ok(key) = header.lock.map(|lock| lock.key(PASSPHRASE)).transpose() else {
        return false;
    };
    backup::verify(&file, key.as_deref(), work, &mut |_, _, _| {}).is_ok()
}

fn in_hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A worker's own copy of a node.
struct Copy {
    home: PathBuf,
    database: PathBuf,
    whole: Arc<Vec<u8>>,
}

fn store(stage: &Stage, flips: u64, home: &Path, report: &mut Report) -> Result<()> {
    // Opened and closed in good order once: everything is in one file.
    open(home)?.close().map_err(|error| anyhow!("{error}"))?;
    let whole = Arc::new(std::fs::read(home.join("store/noroshi.db"))?);
    let before = dump(&home.join("store/noroshi.db"))?;
    let folder = stage.folder()?;
    let prepare = |number: usize| -> Result<Copy> {
        let place = folder.path().join(number.to_string());
        copy(home, &place)?;
        Ok(Copy {
            database: place.join("store/noroshi.db"),
            home: place,
            whole: Arc::clone(&whole),
        })
    };
    let outcomes = many(stage, flips, whole.len(), prepare, |copy, at, bit| {
        copy.flip(at, bit, &before)
    })?;
    let (mut noticed, mut nothing) = (0_u64, 0_u64);
    let mut missed: BTreeMap<String, u64> = BTreeMap::new();
    for outcome in outcomes {
        match outcome {
            Outcome::Noticed => noticed += 1,
            Outcome::Nothing => nothing += 1,
            Outcome::Missed(columns) => *missed.entry(columns.join(", ")).or_default() += 1,
            Outcome::Panicked => report.wrong.push("PANIC at a flipped bit".to_owned()),
        }
    }
    report.lines.push(format!(
        "store of {} bytes: {flips} flips, {noticed} noticed, {nothing} in bytes that say nothing",
        whole.len()
    ));
    for (columns, count) in missed {
        report
            .wrong
            .push(format!("{count} flips pass in {columns}"));
    }
    Ok(())
}

impl Copy {
    fn write(&self, bytes: &[u8]) -> Result<()> {
        for name in ["noroshi.db-wal", "noroshi.db-shm"] {
            // Most often it is not there.
            let _ = std::fs::remove_file(self.database.with_file_name(name));
        }
        std::fs::write(&self.database, bytes).context("cannot write the copy")
    }

    fn flip(&mut self, at: usize, bit: u8, before: &Dump) -> Result<Outcome> {
        let mut bytes = (*self.whole).clone();
        bytes[at] ^= bit;
        self.write(&bytes)?;
        let verified = catch_unwind(AssertUnwindSafe(|| -> Result<()> {
            let node = open(&self.home)?;
            let done = node.run(
                Command::LedgerVerify,
                None,
                &Nowhere,
                &mut Collected::default(),
            );
            done.map_err(|error| anyhow!("{error}"))
        }));
        Ok(match verified {
            Err(_) => Outcome::Panicked,
            Ok(Err(_)) => Outcome::Noticed,
            Ok(Ok(())) => {
                // As it was before the node opened it, which may write a line of its own.
                self.write(&bytes)?;
                let columns = before.differences(&dump(&self.database)?);
                if columns.is_empty() {
                    Outcome::Nothing
                } else {
                    Outcome::Missed(columns)
                }
            }
        })
    }
}
