//! What the organisation shows of itself on its own screens: its names, what it is, its time zone.

use noroshi_model::World;
use noroshi_model::document::{DocumentError, Fields};
use noroshi_model::json::{Object, Value};
use noroshi_model::org::OrganisationKind;
use noroshi_store::RecordKind;

use crate::command::Failure;
use crate::messages::Lang;
use crate::node::Node;
use crate::records::Record;

/// Longest name of a time zone, in bytes.
const ZONE_BYTES_MAX: usize = 64;

/// The organisation as its own people see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Face {
    /// Its name in English.
    pub name_en: String,
    /// Its name in Japanese.
    pub name_ja: String,
    /// Its nation's code.
    pub nation: String,
    /// What it is.
    pub kind: OrganisationKind,
    /// Its time zone by its name in the IANA database.
    pub zone: String,
    /// Operational or exercise.
    pub world: World,
}

impl Face {
    /// Its name in a language.
    #[must_use]
    pub fn name(&self, lang: Lang) -> &str {
        match lang {
            Lang::En => &self.name_en,
            Lang::Ja => &self.name_ja,
        }
    }
}

/// Rules that suit what an organisation is, to begin with. Two persons set each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Suggested {
    /// Above this a release needs a second person, as `noroshi rule set` takes it.
    pub second_person_above: &'static str,
    /// How what the organisation found itself is marked until somebody says otherwise.
    pub own_marking: &'static str,
}

impl Suggested {
    /// For such an organisation. A government's desk lets one person release what is public and no
    /// more; a firm with a few people releases as the program does by itself, and keeps its own
    /// findings closest.
    #[must_use]
    pub fn to(kind: OrganisationKind) -> Self {
        let (second_person_above, own_marking) = match kind {
            OrganisationKind::Ministry => ("tlp:clear us-class:unclassified", "TLP:AMBER"),
            OrganisationKind::Unit => ("tlp:clear us-class:unclassified", "TLP:AMBER+STRICT"),
            OrganisationKind::Agency => ("tlp:clear us-class:unclassified", "TLP:GREEN"),
            OrganisationKind::Operator => ("tlp:green us-class:unclassified", "TLP:AMBER+STRICT"),
            OrganisationKind::Partner => ("tlp:green us-class:unclassified", "TLP:GREEN"),
        };
        Self {
            second_person_above,
            own_marking,
        }
    }
}

/// What was said when the first account was set up.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Desk {
    pub(crate) kind: OrganisationKind,
    pub(crate) zone: String,
}

impl Record for Desk {
    fn to_bytes(&self) -> Vec<u8> {
        Value::Object(
            Object::new()
                .with("v", 1)
                .with("kind", self.kind.as_str())
                .with("zone", self.zone.as_str()),
        )
        .canonical()
    }

    fn from_bytes(bytes: &[u8]) -> Result<Self, DocumentError> {
        let mut fields = Fields::read("desk record", bytes)?;
        fields.version(1)?;
        let desk = Self {
            kind: fields.parsed("kind")?,
            zone: fields.text("zone")?,
        };
        fields.end()?;
        Ok(desk)
    }
}

impl Desk {
    /// Refuse what can be no name of a zone.
    pub(super) fn checked(self) -> Result<Self, Failure> {
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '/' | '_' | '-' | '+');
        let is_name =
            (1..=ZONE_BYTES_MAX).contains(&self.zone.len()) && self.zone.chars().all(plain);
        if is_name {
            return Ok(self);
        }
        let why = "a time zone is named as in the IANA database, such as Asia/Tokyo";
        Err(Failure::new("signin.zone", 2, why))
    }
}

impl Node {
    /// The organisation as its own people see it.
    ///
    /// # Errors
    /// The store fails.
    pub fn face(&self) -> Result<Face, Failure> {
        let organisation = self.keys().manifest.organisation.clone();
        let said: Option<Desk> = self.record(RecordKind::Desk, b"")?;
        let nation = organisation.nation.to_string();
        let desk = said.unwrap_or_else(|| Desk {
            kind: organisation.kind,
            zone: usual_zone(&nation).to_owned(),
        });
        Ok(Face {
            name_en: organisation.name_en,
            name_ja: organisation.name_ja,
            nation,
            kind: desk.kind,
            zone: desk.zone,
            world: self.world(),
        })
    }
}

/// The time zone of the seat of a nation's government; UTC where it is not known here.
#[must_use]
pub fn usual_zone(nation: &str) -> &'static str {
    match nation {
        "JPN" => "Asia/Tokyo",
        "USA" => "America/New_York",
        "AUS" => "Australia/Sydney",
        "GBR" => "Europe/London",
        "KOR" => "Asia/Seoul",
        _ => "UTC",
    }
}
