//! One stream of telemetry, held against what is at work.

use std::sync::Arc;

use noroshi_match::{HEAD_BYTES, Layout, Mapping, Scanner};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::kinds::Kinds;
use super::lines::Lines;
use super::seen::seen;
use crate::command::{Event, Failure};
use crate::matching::{Hit, Live, Way};
use crate::node::Node;
use crate::sink::Sink;

/// Longest value that is shown with an alert, in bytes.
const SHOWN_BYTES_MAX: usize = 200;

/// Which kind of log it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Format {
    /// What its first lines show.
    Auto,
    /// The one of this name.
    Named(String),
}

impl Format {
    /// From a word: `auto`, or the name of a mapping.
    #[must_use]
    pub fn from_word(word: &str) -> Self {
        match word {
            "auto" => Self::Auto,
            name => Self::Named(name.to_owned()),
        }
    }
}

/// What came of a stream so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    /// Bytes looked at, as they are uncompressed.
    pub bytes: u64,
    /// Lines, of every kind.
    pub events: u64,
    /// Indicators hit; one that is hit twice in a line counts once.
    pub hits: u64,
    /// Lines above the cap, which were not looked at.
    pub overlong: u64,
    /// Lines that say they happened before the one before them, among those that were hit.
    pub backwards: u64,
    /// Lines that were lost before they came here: a queue was full, or the system's own.
    pub dropped: u64,
}

impl Tally {
    /// Both together.
    pub fn add(&mut self, other: &Self) {
        self.bytes += other.bytes;
        self.events += other.events;
        self.hits += other.hits;
        self.overlong += other.overlong;
        self.backwards += other.backwards;
        self.dropped += other.dropped;
    }
}

/// A stream of telemetry.
pub struct Feed {
    /// What people call the source.
    source: String,
    /// Where the stream comes from: a file's path, or the same as the source.
    from: String,
    format: Format,
    lines: Lines,
    scanner: Option<Scanner>,
    kind: Option<(String, Layout)>,
    live: Arc<Live>,
    tally: Tally,
    latest: i64,
    hits: Vec<Hit>,
}

impl Feed {
    /// A stream that begins here.
    ///
    /// # Errors
    /// A store that fails.
    pub fn new(node: &Node, source: &str, from: &str, format: Format) -> Result<Self, Failure> {
        Ok(Self {
            source: source.to_owned(),
            from: from.to_owned(),
            format,
            lines: Lines::default(),
            scanner: None,
            kind: None,
            live: node.live()?,
            tally: Tally::default(),
            latest: i64::MIN,
            hits: Vec::new(),
        })
    }

    /// A stream that goes on at this place; `head` is how it began, for its format and header.
    pub(super) fn resume(
        &mut self,
        node: &Node,
        at: u64,
        head: &[u8],
        sink: &mut dyn Sink,
    ) -> Result<(), Failure> {
        self.lines = Lines::from(at);
        self.begin(node, head, sink)?;
        let header: Vec<u8> = match self.kind.as_ref().map(|(_, layout)| *layout) {
            Some(Layout::ZeekTsv) => {
                let lines = head.split_inclusive(|byte| *byte == b'\n');
                lines
                    .take_while(|line| line.starts_with(b"#"))
                    .flatten()
                    .copied()
                    .collect()
            }
            Some(Layout::Csv) => {
                let first = head.split_inclusive(|byte| *byte == b'\n').next();
                first.unwrap_or_default().to_vec()
            }
            Some(Layout::Json | Layout::Text) | None => Vec::new(),
        };
        if let Some(scanner) = &mut self.scanner {
            scanner.scan(self.live.current().view(), &header, &mut Vec::new());
        }
        Ok(())
    }

    /// What came of it so far.
    #[must_use]
    pub fn tally(&self) -> Tally {
        Tally {
            overlong: self.tally.overlong + self.lines.overlong,
            ..self.tally
        }
    }

    /// The format's name, once lines have come.
    #[must_use]
    pub fn format(&self) -> Option<&str> {
        self.kind.as_ref().map(|(name, _)| name.as_str())
    }

    /// How far the stream is given out in whole lines.
    pub(super) fn at(&self) -> u64 {
        self.lines.at()
    }

    /// Take a piece of the stream. `false`: whoever watches has gone.
    ///
    /// # Errors
    /// A format that does not exist; a store that fails.
    pub fn take(
        &mut self,
        node: &Node,
        bytes: &[u8],
        sink: &mut dyn Sink,
    ) -> Result<bool, Failure> {
        let mut lines = std::mem::take(&mut self.lines);
        let mut is_watched = true;
        let outcome = lines.push(bytes, |at, whole| {
            is_watched &= self.look(node, at, whole, sink)?;
            Ok(())
        });
        self.lines = lines;
        outcome.map(|()| is_watched)
    }

    /// The stream is at its end.
    ///
    /// # Errors
    /// See [`Feed::take`].
    pub fn end(&mut self, node: &Node, sink: &mut dyn Sink) -> Result<(), Failure> {
        let mut lines = std::mem::take(&mut self.lines);
        let outcome = lines.end(|at, line| self.look(node, at, line, sink).map(|_| ()));
        self.lines = lines;
        outcome
    }

    /// Hold whole lines against what is at work now.
    fn look(
        &mut self,
        node: &Node,
        at: u64,
        lines: &[u8],
        sink: &mut dyn Sink,
    ) -> Result<bool, Failure> {
        if self.scanner.is_none() {
            self.begin(node, lines, sink)?;
        }
        let Some(scanner) = &mut self.scanner else {
            return Ok(true);
        };
        let now = node.now();
        self.hits.clear();
        let set = self.live.current();
        let counts = set.scan(scanner, lines, now, &mut seen, &mut self.hits);
        self.tally.bytes += lines.len() as u64;
        self.tally.events += counts.lines;
        self.tally.overlong += counts.overlong;
        once_a_line(&mut self.hits);
        if self.hits.is_empty() {
            return Ok(true);
        }
        for hit in &self.hits {
            let when = hit.seen.map_or(self.latest, |time| time.micros());
            self.tally.backwards += u64::from(when < self.latest);
            self.latest = self.latest.max(when);
        }
        self.tally.hits += self.hits.len() as u64;
        node.record_hits(&self.source, &self.hits, now)?;
        let mut is_watched = true;
        for hit in &self.hits {
            is_watched &= sink.send(self.alert(hit, at, lines));
        }
        Ok(is_watched)
    }

    /// Find out which kind of log it is, and say so.
    fn begin(&mut self, node: &Node, head: &[u8], sink: &mut dyn Sink) -> Result<(), Failure> {
        let head = &head[..head.len().min(HEAD_BYTES)];
        let kinds = node.kinds()?;
        let Some((mapping, layout)) = chosen(&kinds, &self.format, head)? else {
            return Ok(());
        };
        sink.send(Event::Row {
            kind: "source".into(),
            row: json!({ "source": self.source, "from": self.from, "format": mapping.name(),
                "layout": layout.name(), "recognised": self.format == Format::Auto }),
        });
        self.kind = Some((mapping.name().to_owned(), layout));
        self.scanner = Some(Scanner::new(layout, mapping));
        Ok(())
    }

    /// A hit for whoever watches.
    fn alert(&self, hit: &Hit, at: u64, lines: &[u8]) -> Event {
        let (kind, how) = match hit.way {
            Way::Plain(kind, how) => (kind.name(), how_word(how)),
            Way::Pattern => ("pattern", "pattern"),
        };
        let value = lines.get(hit.value.clone()).unwrap_or_default();
        let value = String::from_utf8_lossy(&value[..value.len().min(SHOWN_BYTES_MAX)]);
        Event::Row {
            kind: "hit".into(),
            row: json!({ "source": self.source, "from": self.from,
                "indicator": hit.indicator.id().as_str(), "kind": kind, "how": how,
                "value": value, "offset": at + hit.line as u64,
                "seen": hit.seen.map(|time| time.to_string()) }),
        }
    }
}

fn chosen(
    kinds: &Kinds,
    format: &Format,
    head: &[u8],
) -> Result<Option<(Mapping, Layout)>, Failure> {
    match format {
        Format::Auto => Ok(kinds.recognised(head)),
        Format::Named(name) => kinds.named(name, head).map(Some),
    }
}

fn how_word(how: noroshi_match::How) -> &'static str {
    match how {
        noroshi_match::How::Whole => "whole",
        noroshi_match::How::Below => "below",
        noroshi_match::How::Within => "within",
        noroshi_match::How::Part => "part",
    }
}

/// Of the hits of an indicator in one line, the first: a line is one event.
fn once_a_line(hits: &mut Vec<Hit>) {
    let (mut line, mut seen) = (usize::MAX, std::collections::HashSet::new());
    hits.retain(|hit| {
        if hit.line != line {
            line = hit.line;
            seen.clear();
        }
        seen.insert(hit.indicator)
    });
}
