//! Bytes come in: files, folders, standard input. Split on one thread, parsed, marked and signed on
//! a second, judged and recorded on a third; memory is bounded by the batches between them.

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use noroshi_formats::stream::Splitter;
use noroshi_formats::{Note, ReadError, Valid};
use noroshi_gate::Scope;
use noroshi_model::profile::SourceProfile;
use noroshi_model::{Head, Timestamp};
use noroshi_store::{Tx, WriteError};

use crate::admit::{NO_PROFILE, Prepared};
use crate::command::{Event, Failure, ImportAnswer};
use crate::node::Node;
use crate::rules::profile_scope;
use crate::sink::Sink;
use crate::taxii::hand::{Hand, Taking};

/// Objects handed from thread to thread at once: few, so that the second and third thread begin
/// soon and a transaction finds the rest of a post ready.
const BATCH_OBJECTS: usize = 64;
/// Batches waiting between one thread and the next.
const BATCHES_AHEAD: usize = 8;
/// Notes and errors shown to the person; all are counted.
const REPORTED_MAX: u64 = 10;
/// Most files of one import.
const FILES_MAX: usize = 100_000;

/// Objects whose fate is kept by name, where that is asked for; all are counted.
const FATES_MAX: usize = 1000;

/// From where objects come, and what is told of them.
#[derive(Clone, Copy)]
pub(crate) struct Origin<'a> {
    pub(crate) profile: Option<&'a SourceProfile>,
    /// What store and ledger call it.
    pub(crate) source: &'a str,
    /// Is the fate of each object asked for by name?
    pub(crate) by_name: bool,
    /// What is written when all came, such as a cursor behind it: in the transaction of the last
    /// objects where all is at hand, and where the end is known by then.
    pub(crate) closing: Option<&'a Closing<'a>>,
    /// Is all of it here already, so that a transaction may wait for what is parsed next?
    pub(crate) is_at_hand: bool,
}

/// See [`Origin::closing`]; it gets what all of it came to.
pub(crate) type Closing<'a> = dyn Fn(&mut Tx<'_>, &Counted) -> Result<(), WriteError> + Sync + 'a;

impl<'a> Origin<'a> {
    fn of(profile: Option<&'a SourceProfile>) -> Self {
        Self {
            profile,
            source: profile.map_or(NO_PROFILE, |profile| profile.name.as_str()),
            by_name: false,
            closing: None,
            is_at_hand: false,
        }
    }

    /// By whose definitions the markings of what comes from there are read.
    pub(crate) fn scope(&self) -> Scope {
        profile_scope(self.source, self.profile.is_some_and(|profile| profile.own))
    }
}

/// What became of an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Admitted,
    /// It was here already.
    Known,
    /// For which reasons, as codes.
    Held(Vec<String>),
    /// Why, in English.
    Refused(String),
}

/// An object by name, and what became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ObjectFate {
    /// Its id; of a refused one as far as it could be read.
    pub(crate) id: String,
    pub(crate) version: Option<Timestamp>,
    pub(crate) verdict: Verdict,
}

/// One object as read, or why it could not be.
pub(crate) type Outcome = Result<(Valid, Vec<Note>), ReadError>;

impl Node {
    /// Import what the paths name; the counts at the end hold for all of it.
    pub(crate) fn import(
        &self,
        paths: &[PathBuf],
        profile: Option<&str>,
        input: Option<&mut dyn Read>,
        sink: &mut dyn Sink,
    ) -> Result<(), Failure> {
        let profile = profile.map(|name| self.profile(name)).transpose()?;
        let mut answer = ImportAnswer::default();
        let mut has_learned = false;
        let mut hand = None;
        let from_stdin = paths == [PathBuf::from("-")];
        if from_stdin {
            let input = input.ok_or_else(|| {
                Failure::new("import.no_input", 2, "there is no standard input to read")
            })?;
            // The stream is read on this thread's behalf by the splitter thread through a pipe of
            // its own in the caller; here it is one more reader.
            let origin = Origin::of(profile.as_ref());
            let mut counted = self.take_in(input, None, origin, sink)?;
            has_learned |= counted.has_learned;
            hand = counted.hand.take();
            counted.report("-", &mut answer, sink);
        } else {
            for path in files_of(paths)? {
                let origin = Origin::of(profile.as_ref());
                has_learned |= self.learn_markings_of(&mut opened(&path)?, origin)?;
                let mut reader = opened(&path)?;
                let size = reader.get_ref().metadata().ok().map(|meta| meta.len());
                let shown = path.display().to_string();
                let mut counted = self.take_in(&mut reader, size, origin, sink)?;
                // Of several files the last one's; the others are read from the store.
                hand = counted.hand.take();
                counted.report(&shown, &mut answer, sink);
            }
        }
        self.judge_held_again(&mut answer, has_learned)?;
        self.release_brought(hand.as_ref(), sink)?;
        sink.send(Event::Answer {
            kind: "import".into(),
            answer: serde_json::to_value(&answer).unwrap_or_default(),
        });
        if answer.refused > 0 && answer.refused == answer.read {
            return Err(Failure::new(
                "import.refused",
                2,
                "nothing in it can be used: each object's reason stands above",
            ));
        }
        Ok(())
    }

    /// A first look at a file, for marking definitions only: objects that stand before the
    /// definition they name need not be held and judged twice. Splitting alone is cheap beside the
    /// parsing that follows. Whatever is wrong with the file is told by the second look. `true`:
    /// something was learned.
    pub(crate) fn learn_markings_of(
        &self,
        reader: &mut dyn Read,
        origin: Origin<'_>,
    ) -> Result<bool, Failure> {
        let limits = *self.limits();
        let definitions = Splitter::new(reader, limits).flatten().filter(|entry| {
            let text = std::str::from_utf8(&entry.bytes);
            text.is_ok_and(|text| text.contains("\"marking-definition\""))
        });
        let mut has_learned = false;
        for (valid, _) in definitions.filter_map(|entry| entry.read(&limits).ok()) {
            // A definition that is refused here is refused again, with words, when it is recorded.
            has_learned |= self.learn_marking(&valid, origin)?;
        }
        Ok(has_learned)
    }

    /// Take in what a reader gives, by the one way there is; what it came to.
    pub(crate) fn take_in(
        &self,
        reader: &mut dyn Read,
        size: Option<u64>,
        origin: Origin<'_>,
        sink: &mut dyn Sink,
    ) -> Result<Counted, Failure> {
        let limits = *self.limits();
        // Splitting stays on this thread, because the reader may not be sent to another. A second
        // one parses, marks and signs; a third one judges and writes, and does nothing else. After
        // the last batch goes `None`: a channel that closes without it was cut.
        let (raw_out, raw_in) = sync_channel(BATCHES_AHEAD);
        let (ready_out, ready_in) = sync_channel(BATCHES_AHEAD);
        let taking = if self.has_standing()? {
            Taking::Begins
        } else {
            Taking::No
        };
        std::thread::scope(|scope| {
            let recorder = scope.spawn(move || self.record_batches(&ready_in, origin, taking));
            scope.spawn(move || self.prepare_batches(&raw_in, &ready_out, origin));
            let mut batch = Vec::with_capacity(BATCH_OBJECTS);
            let mut done = 0_u64;
            let mut is_whole = true;
            for entry in Splitter::new(reader, limits) {
                if let Ok(entry) = &entry {
                    done = entry.byte_offset;
                }
                batch.push(entry);
                if batch.len() == BATCH_OBJECTS {
                    let full = std::mem::replace(&mut batch, Vec::with_capacity(BATCH_OBJECTS));
                    // A recorder that stopped has its reason in its result, joined below.
                    if raw_out.send(Some(full)).is_err() {
                        break;
                    }
                    let progress = Event::Progress {
                        label: "progress-import".into(),
                        done,
                        total: size,
                    };
                    if !sink.send(progress) {
                        is_whole = false;
                        break;
                    }
                }
            }
            let _ = raw_out.send(Some(batch));
            if is_whole {
                let _ = raw_out.send(None);
            }
            drop(raw_out);
            recorder.join().unwrap_or_else(|_| {
                Err(Failure::new(
                    "internal",
                    1,
                    "the recording thread ended abnormally",
                ))
            })
        })
    }

    fn prepare_batches(
        &self,
        raw: &Receiver<Option<RawBatch>>,
        out: &SyncSender<Option<Result<Prepared, Failure>>>,
        origin: Origin<'_>,
    ) {
        for batch in raw {
            let Some(batch) = batch else {
                let _ = out.send(None);
                return;
            };
            let read = batch
                .into_iter()
                .map(|entry| entry.and_then(|entry| entry.read(self.limits())));
            // A recorder that stopped has its reason in its result.
            let prepared = self.prepare_batch(read.collect(), origin);
            if out.send(Some(prepared)).is_err() {
                return;
            }
        }
    }
}

/// What recording one source came to.
#[derive(Default)]
pub(crate) struct Counted {
    pub(crate) answer: ImportAnswer,
    pub(crate) rows: Vec<(String, String, String)>,
    /// What became of each object, where that is asked for, up to the cap.
    pub(crate) fates: Vec<ObjectFate>,
    /// Did marking definitions come that were not known?
    pub(crate) has_learned: bool,
    /// What was admitted, where standing collections want it and it is not too much.
    pub(crate) hand: Option<Hand>,
}

impl Counted {
    /// Keep a note or error for the person, up to the cap.
    pub(crate) fn row(&mut self, kind: &str, code: &str, text: String) {
        if (self.rows.len() as u64) < REPORTED_MAX {
            self.rows.push((kind.to_owned(), code.to_owned(), text));
        }
    }

    /// The notes on one object.
    pub(crate) fn note(&mut self, head: &Head, notes: &[Note]) {
        self.answer.notes += notes.len() as u64;
        for note in notes {
            self.row("note", note.code.as_str(), format!("{}: {note}", head.id));
        }
    }

    /// Keep what became of an object.
    pub(crate) fn fate(&mut self, fate: ObjectFate) {
        if self.fates.len() < FATES_MAX {
            self.fates.push(fate);
        }
    }

    /// What another part came to.
    pub(crate) fn add(&mut self, part: Self) {
        self.has_learned |= part.has_learned;
        for fate in part.fates {
            self.fate(fate);
        }
        for (kind, code, text) in part.rows {
            self.row(&kind, &code, text);
        }
        self.answer.add(part.answer);
    }

    /// Tell the notes and errors that were kept, and add the counts to those of the whole.
    pub(crate) fn report(self, shown: &str, answer: &mut ImportAnswer, sink: &mut dyn Sink) {
        for (kind, code, text) in self.rows {
            let row = serde_json::json!({ "file": shown, "code": code, "text": text });
            sink.send(Event::Row { kind, row });
        }
        answer.add(self.answer);
    }
}

type RawBatch = Vec<Result<noroshi_formats::stream::RawEntry, ReadError>>;

fn opened(path: &Path) -> Result<BufReader<File>, Failure> {
    let file = File::open(path).map_err(|error| unreadable(path, &error))?;
    Ok(BufReader::with_capacity(256 * 1024, file))
}

/// The files that paths name; folders are walked in name order, hidden entries left out.
fn files_of(paths: &[PathBuf]) -> Result<Vec<PathBuf>, Failure> {
    let mut files = Vec::new();
    let mut waiting: Vec<PathBuf> = paths.iter().rev().cloned().collect();
    while let Some(path) = waiting.pop() {
        let meta = std::fs::metadata(&path).map_err(|error| unreadable(&path, &error))?;
        if meta.is_dir() {
            let mut inside = Vec::new();
            for entry in std::fs::read_dir(&path).map_err(|error| unreadable(&path, &error))? {
                let entry = entry.map_err(|error| unreadable(&path, &error))?;
                // A link is not followed out of a folder: it might lead in a circle.
                let is_link = entry.file_type().is_ok_and(|kind| kind.is_symlink());
                if !entry.file_name().to_string_lossy().starts_with('.') && !is_link {
                    inside.push(entry.path());
                }
            }
            inside.sort();
            waiting.extend(inside.into_iter().rev());
        } else {
            files.push(path);
        }
        if files.len() + waiting.len() > FILES_MAX {
            return Err(Failure::new(
                "import.files",
                2,
                "more than 100,000 files at once",
            ));
        }
    }
    Ok(files)
}

fn unreadable(path: &Path, error: &std::io::Error) -> Failure {
    Failure::new(
        "import.unreadable",
        4,
        format_args!("cannot read {}: {error}", path.display()),
    )
    .arg("file", path.display())
}
