//! Watching: once, to the end of what is there; growing files, until nobody listens; and what a
//! running node watches by its configuration, which goes on where it ended.

use std::collections::BTreeMap;
use std::fs::DirBuilder;
use std::io::Read;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::feed::{Feed, Format, Tally};
use super::files::{files_of, open, unreadable};
use super::follow::{Follower, Place};
use crate::command::{Event, Failure};
use crate::home::write_private;
use crate::node::{Node, lock};
use crate::sink::{Silent, Sink};

/// Bytes that are read at once.
const PIECE_BYTES: usize = 1 << 20;
/// Between two notes of how far a growing source was read, in microseconds.
const NOTE_EVERY: i64 = 5_000_000;
/// Largest note, in bytes.
const NOTE_BYTES_MAX: u64 = 1 << 20;

/// What the running node watches, by name.
#[derive(Default)]
pub struct Watches(Mutex<BTreeMap<String, Watched>>);

/// One source, as it stands.
#[derive(Clone, Debug, Serialize)]
struct Watched {
    name: String,
    from: String,
    format: Option<String>,
    since: String,
    problem: Option<String>,
    #[serde(flatten)]
    tally: Tally,
}

/// How far the files of a source were read: version 1.
#[derive(Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Note {
    pub(super) version: u32,
    pub(super) files: BTreeMap<PathBuf, Place>,
}

impl Node {
    /// Read everything that is there.
    pub(super) fn watch_once(
        &self,
        paths: &[PathBuf],
        format: Format,
        input: Option<&mut dyn Read>,
        sink: &mut dyn Sink,
    ) -> Result<(), Failure> {
        let begun = self.now();
        let mut tally = Tally::default();
        let mut count = 0_u64;
        if paths == [PathBuf::from("-")] {
            let input = input.ok_or_else(|| {
                Failure::new("import.no_input", 2, "there is no standard input to read")
            })?;
            let mut feed = Feed::new(self, "-", "-", format)?;
            self.watch_stream(input, &mut feed, None, sink)
                .map_err(|error| unless_told(Path::new("-"), error))?;
            tally.add(&feed.tally());
            count = 1;
        } else {
            for path in files_of(paths)? {
                let name = path.file_name().unwrap_or_default().to_string_lossy();
                let shown = path.display().to_string();
                let size = std::fs::metadata(&path).ok().map(|meta| meta.len());
                let mut feed = Feed::new(self, &name, &shown, format.clone())?;
                let mut reader = open(&path).map_err(|error| unreadable(&path, &error))?;
                let outcome = self.watch_stream(&mut *reader, &mut feed, size, sink);
                tally.add(&feed.tally());
                count += 1;
                match outcome {
                    // What was read before the damage counts; the rest is told of.
                    Err(ReadAll::Io(error)) => {
                        sink.send(Event::Row {
                            kind: "broken".into(),
                            row: json!({ "from": shown, "problem": error.to_string() }),
                        });
                    }
                    Err(ReadAll::Failed(failure)) => return Err(failure),
                    Ok(true) => {}
                    Ok(false) => break,
                }
            }
        }
        self.write_sightings()?;
        let micros = self.now().micros().saturating_sub(begun.micros());
        let answer = watch_answer(&tally, count, micros);
        sink.send(answer);
        Ok(())
    }

    /// Read a stream to its end. `false`: whoever watches has gone.
    fn watch_stream(
        &self,
        reader: &mut dyn Read,
        feed: &mut Feed,
        size: Option<u64>,
        sink: &mut dyn Sink,
    ) -> Result<bool, ReadAll> {
        let mut piece = vec![0; PIECE_BYTES];
        let mut end = Ok(true);
        loop {
            let count = match reader.read(&mut piece) {
                Ok(0) => break,
                Ok(count) => count,
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
                Err(error) => {
                    end = Err(ReadAll::Io(error));
                    break;
                }
            };
            let is_watched = feed
                .take(self, &piece[..count], sink)
                .map_err(ReadAll::Failed)?;
            let progress = Event::Progress {
                label: "progress-watch".into(),
                done: feed.tally().bytes,
                total: size,
            };
            if !is_watched || !sink.send(progress) {
                return Ok(false);
            }
        }
        feed.end(self, sink).map_err(ReadAll::Failed)?;
        end
    }

    /// Go on with what is appended, until nobody listens.
    pub(super) fn watch_growing(
        &self,
        paths: &[PathBuf],
        format: Format,
        sink: &mut dyn Sink,
    ) -> Result<(), Failure> {
        let [path] = paths else {
            return Err(Failure::new(
                "source.follow_one",
                2,
                "--follow takes one file or one folder; name more of them in noroshi.toml",
            ));
        };
        if path.as_os_str() == "-" {
            return Err(Failure::new(
                "source.follow_input",
                2,
                "standard input is followed to its end anyway; leave --follow out",
            ));
        }
        let name = path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        let mut follower = Follower::new(path, &name, format, BTreeMap::new());
        loop {
            let progress = Event::Progress {
                label: "progress-watch".into(),
                done: follower.tally().bytes,
                total: None,
            };
            if !sink.send(progress) {
                break;
            }
            match follower.round(self, sink)? {
                None => break,
                Some(true) => {
                    self.write_sightings()?;
                    follower.wait();
                }
                Some(false) => {}
            }
        }
        self.write_sightings().map(|_| ())
    }

    /// Watch a file or a folder by the configuration, from where it ended, until told to end.
    /// Blocks; a thread of its own.
    ///
    /// # Errors
    /// A store that fails; a format that does not exist.
    pub fn watch_source(
        &self,
        name: &str,
        path: &Path,
        format: Format,
        is_over: &dyn Fn() -> bool,
    ) -> Result<(), Failure> {
        let note = self.note_of(name);
        let mut follower = Follower::new(path, name, format, note.files);
        let from = path.display().to_string();
        let mut noted = self.now().micros();
        while !is_over() {
            let is_all = match follower.round(self, &mut Silent) {
                Ok(is_all) => is_all.unwrap_or(true),
                Err(failure) => {
                    self.watch_failed(name, &from, &failure);
                    return Err(failure);
                }
            };
            self.watched(name, &from, follower.format().as_deref(), follower.tally());
            if self.now().micros() - noted > NOTE_EVERY {
                self.keep_note(name, follower.places())?;
                noted = self.now().micros();
            }
            if is_all {
                self.write_sightings()?;
                follower.wait();
            }
        }
        self.write_sightings()?;
        self.keep_note(name, follower.places())
    }

    /// How a source stands that the running node watches.
    pub fn watched(&self, name: &str, from: &str, format: Option<&str>, tally: Tally) {
        let mut watches = lock(&self.watches.0);
        let entry = watches.entry(name.to_owned()).or_insert_with(|| Watched {
            name: name.to_owned(),
            from: from.to_owned(),
            format: None,
            since: self.now().to_string(),
            problem: None,
            tally,
        });
        entry.tally = tally;
        entry.format = format.map(str::to_owned);
    }

    /// A source that is watched no more, and why.
    pub fn watch_failed(&self, name: &str, from: &str, failure: &Failure) {
        self.watched(name, from, None, Tally::default());
        if let Some(entry) = lock(&self.watches.0).get_mut(name) {
            entry.problem = Some(failure.detail.clone());
        }
    }

    pub(super) fn telemetry_sources(&self, sink: &mut dyn Sink) -> Result<(), Failure> {
        let kinds = self.kinds()?;
        for (place, mapping) in kinds.all().iter().enumerate() {
            let layouts: Vec<&str> = mapping
                .layouts()
                .iter()
                .map(|layout| layout.name())
                .collect();
            sink.send(Event::Row {
                kind: "format".into(),
                row: json!({ "name": mapping.name(), "layouts": layouts, "own": place < kinds.own }),
            });
        }
        let watches: Vec<Watched> = lock(&self.watches.0).values().cloned().collect();
        let count = watches.len();
        for watched in watches {
            sink.send(Event::Row {
                kind: "watched".into(),
                row: serde_json::to_value(watched).unwrap_or_default(),
            });
        }
        sink.send(Event::Answer {
            kind: "sources".into(),
            answer: json!({ "formats": kinds.all().len(), "watched": count }),
        });
        Ok(())
    }

    fn note_path(&self, name: &str) -> PathBuf {
        self.home()
            .path()
            .join("watch")
            .join(format!("{name}.json"))
    }

    /// How far a source was read; from the beginning where that cannot be told.
    fn note_of(&self, name: &str) -> Note {
        let path = self.note_path(name);
        let is_fit = std::fs::metadata(&path).is_ok_and(|meta| meta.len() <= NOTE_BYTES_MAX);
        let bytes = is_fit.then(|| std::fs::read(&path).ok()).flatten();
        let note = bytes.and_then(|bytes| serde_json::from_slice::<Note>(&bytes).ok());
        note.filter(|note| note.version == 1).unwrap_or_default()
    }

    fn keep_note(&self, name: &str, files: BTreeMap<PathBuf, Place>) -> Result<(), Failure> {
        let path = self.note_path(name);
        if let Some(folder) = path.parent() {
            let made = DirBuilder::new().recursive(true).mode(0o700).create(folder);
            made.map_err(|error| unreadable(folder, &error))?;
        }
        let note = Note { version: 1, files };
        write_private(&path, &serde_json::to_vec(&note).unwrap_or_default())
    }
}

/// Why a stream was not read to its end.
enum ReadAll {
    Io(std::io::Error),
    Failed(Failure),
}

fn unless_told(path: &Path, error: ReadAll) -> Failure {
    match error {
        ReadAll::Io(error) => unreadable(path, &error),
        ReadAll::Failed(failure) => failure,
    }
}

fn watch_answer(tally: &Tally, files: u64, micros: i64) -> Event {
    let seconds = micros.max(1) as f64 / 1e6;
    let mut answer = serde_json::to_value(tally).unwrap_or_default();
    answer["files"] = files.into();
    answer["seconds"] = json!((seconds * 1000.0).round() / 1000.0);
    answer["events_a_second"] = json!((tally.events as f64 / seconds).round());
    Event::Answer {
        kind: "watch".into(),
        answer,
    }
}
