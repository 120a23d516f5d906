//! Catalogues that came with the program, so that no first screen is empty: taken in offline, the
//! way that `import` goes, under the name of the feed that renews them.
//!
//! What comes here carries no marking of its own, and a source profile is set by two persons. The
//! program's own bytes are not anybody's to choose: what their publisher says of them is assumed,
//! for them alone, and no profile is left behind that something else could come under. Where two
//! persons have set one of that name, it holds.

use std::io::Read;

use noroshi_model::document::{DocumentError, Fields, text};
use noroshi_model::json::{Object, Value};
use noroshi_model::profile::SourceProfile;
use noroshi_model::{PersonId, Timestamp};
use noroshi_store::{RecordKind, Tx};
use serde::{Deserialize, Serialize};

use crate::command::{Event, Failure, ImportAnswer};
use crate::connect::feeds::feed;
use crate::intake::{Counted, Origin};
use crate::node::Node;
use crate::records::{Record, int};
use crate::rules::profile_scope;
use crate::sink::Sink;

/// A catalogue in the program.
struct Catalogue {
    /// The feed's.
    name: &'static str,
    edition: &'static str,
    /// How many objects it has.
    objects: u64,
    /// How large it is, in bytes.
    size: u64,
    /// Compressed, otherwise byte for byte as it was published: `data/README.md`.
    packed: &'static [u8],
}

const CATALOGUES: [Catalogue; 2] = [
    Catalogue {
        name: "mitre-attack-ics",
        edition: "18.1",
        objects: 1_826,
        size: 3_491_940,
        packed: include_bytes!("../../../data/attack-ics-18.1.json.zst"),
    },
    Catalogue {
        name: "cisa-kev",
        edition: "2025.08.25",
        objects: 1_404,
        size: 1_257_565,
        packed: include_bytes!("../../../data/kev-2025-08-25.json.zst"),
    },
];

/// One command about catalogues.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "snake_case", tag = "catalogue")]
pub enum CatalogueCommand {
    /// What came with the program; one `catalogue` row each ([`CatalogueRow`]).
    List,
    /// Take one in. Streams `progress`; answers `import` ([`ImportAnswer`]).
    Load {
        /// Which.
        name: String,
        /// Who asks.
        person: String,
    },
}

/// A catalogue that came with the program.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CatalogueRow {
    /// What its objects come under.
    pub name: String,
    /// In English.
    pub title_en: String,
    /// In Japanese.
    pub title_ja: String,
    /// Which edition came along.
    pub edition: String,
    /// How many objects it has.
    pub objects: u64,
    /// Its licence.
    pub licence: String,
    /// When this edition was taken in, where it was.
    pub loaded: Option<String>,
}

/// That a catalogue was taken in.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Taken {
    name: String,
    edition: String,
    objects: u64,
    by: PersonId,
    at: Timestamp,
}

impl Record for Taken {
    fn to_bytes(&self) -> Vec<u8> {
        Value::Object(
            Object::new()
                .with("v", 1)
                .with("name", self.name.as_str())
                .with("edition", self.edition.as_str())
                .with("objects", int(self.objects))
                .with("by", self.by.as_str())
                .with("at", text(self.at)),
        )
        .canonical()
    }

    fn from_bytes(bytes: &[u8]) -> Result<Self, DocumentError> {
        let mut fields = Fields::read("catalogue record", bytes)?;
        fields.version(1)?;
        let taken = Self {
            name: fields.text("name")?,
            edition: fields.text("edition")?,
            objects: fields.number("objects")?,
            by: fields.parsed("by")?,
            at: fields.parsed("at")?,
        };
        fields.end()?;
        Ok(taken)
    }
}

/// A catalogue's bytes as they were published, unpacked as they are read.
///
/// # Errors
/// `catalogue.unknown`, or `catalogue.damaged` where the program is.
pub fn unpacked(name: &str) -> Result<impl Read, Failure> {
    let catalogue = named(name)?;
    let decoder = zstd::stream::read::Decoder::new(catalogue.packed);
    let decoder = decoder.map_err(|error| {
        let why = format_args!("catalogue {name}: {error}");
        Failure::new("catalogue.damaged", 5, why).arg("catalogue", name)
    })?;
    Ok(decoder.take(catalogue.size))
}

fn named(name: &str) -> Result<&'static Catalogue, Failure> {
    let found = CATALOGUES.iter().find(|known| known.name == name);
    found.ok_or_else(|| {
        let why = format_args!("no catalogue is called `{name}`: see `noroshi catalogue list`");
        Failure::new("catalogue.unknown", 4, why).arg("catalogue", name)
    })
}

impl Node {
    pub(crate) fn run_catalogue(
        &self,
        command: CatalogueCommand,
        sink: &mut dyn Sink,
    ) -> Result<(), Failure> {
        match command {
            CatalogueCommand::List => {
                for catalogue in &CATALOGUES {
                    let row = self.catalogue_row(catalogue)?;
                    sink.send(Event::Row {
                        kind: "catalogue".into(),
                        row: serde_json::to_value(row).unwrap_or_default(),
                    });
                }
                Ok(())
            }
            CatalogueCommand::Load { name, person } => {
                let answer = self.catalogue_load(&name, &person, sink)?;
                sink.send(Event::Answer {
                    kind: "import".into(),
                    answer: serde_json::to_value(&answer).unwrap_or_default(),
                });
                Ok(())
            }
        }
    }

    fn catalogue_row(&self, catalogue: &Catalogue) -> Result<CatalogueRow, Failure> {
        let feed = feed(catalogue.name)?;
        let taken: Option<Taken> = self.record(RecordKind::Catalogue, catalogue.name.as_bytes())?;
        let taken = taken.filter(|taken| taken.edition == catalogue.edition);
        Ok(CatalogueRow {
            name: catalogue.name.to_owned(),
            title_en: feed.title_en.clone(),
            title_ja: feed.title_ja.clone(),
            edition: catalogue.edition.to_owned(),
            objects: catalogue.objects,
            licence: feed.licence.clone(),
            loaded: taken.map(|taken| taken.at.to_string()),
        })
    }

    fn catalogue_load(
        &self,
        name: &str,
        person: &str,
        sink: &mut dyn Sink,
    ) -> Result<ImportAnswer, Failure> {
        let catalogue = named(name)?;
        let by = self.active_person(person)?.name;
        let profile = self.catalogue_profile(catalogue, &by)?;
        let taken = Taken {
            name: name.to_owned(),
            edition: catalogue.edition.to_owned(),
            objects: catalogue.objects,
            by,
            at: self.now(),
        };
        // Where somebody ended it midway, it was not taken in.
        let closing = |tx: &mut Tx<'_>, counted: &Counted| {
            if counted.answer.read < catalogue.objects {
                return Ok(());
            }
            tx.put(RecordKind::Catalogue, name.as_bytes(), &taken.to_bytes())
        };
        let origin = Origin {
            profile: Some(&profile),
            source: name,
            by_name: false,
            closing: Some(&closing),
            is_at_hand: true,
        };
        let mut answer = ImportAnswer::default();
        let mut has_learned = self.learn_markings_of(&mut unpacked(name)?, origin)?;
        let mut reader = unpacked(name)?;
        let mut counted = self.take_in(&mut reader, Some(catalogue.size), origin, sink)?;
        has_learned |= counted.has_learned;
        let hand = counted.hand.take();
        counted.report(name, &mut answer, sink);
        self.judge_held_again(&mut answer, has_learned)?;
        self.release_brought(hand.as_ref(), sink)?;
        Ok(answer)
    }

    /// Under what it comes: the profile of its name, or what its publisher says of it.
    fn catalogue_profile(
        &self,
        catalogue: &Catalogue,
        by: &PersonId,
    ) -> Result<SourceProfile, Failure> {
        let set = self.record(RecordKind::Profile, catalogue.name.as_bytes())?;
        if let Some(profile) = set {
            return Ok(profile);
        }
        let feed = feed(catalogue.name)?;
        let damaged = |error| Failure::new("internal", 1, error);
        Ok(SourceProfile {
            name: catalogue.name.parse().map_err(damaged)?,
            title: feed.title_en.clone(),
            assigned: vec![self.marking_id(&feed.marking, &profile_scope(catalogue.name, false))?],
            own: false,
            ordered_by: by.clone(),
            at: self.now(),
        })
    }
}
