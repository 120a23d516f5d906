//! A channel as two persons ordered it.

use noroshi_model::document::{DocumentError, Fields, text};
use noroshi_model::json::{Object, Value};
use noroshi_model::{KeyId, PersonId, Timestamp};
use noroshi_taxii::client::{Target, Trust};

use crate::records::{Record, flag, int, maybe};

/// How often a server is asked, in seconds: at least, at most, and where nobody says.
pub(crate) const EVERY_SECONDS: (u64, u64, u64) = (60, 30 * 86_400, 3600);
/// Largest list of authorities, in bytes.
const AUTHORITIES_BYTES_MAX: usize = 256 * 1024;
/// Most keys that are pinned.
const PINS_MAX: usize = 16;

/// In which form the other side gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// A collection of a TAXII 2.1 server.
    Taxii,
    /// One document: a STIX bundle, or a catalogue that the import reads.
    Document,
}

impl Form {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Taxii => "taxii",
            Self::Document => "document",
        }
    }
}

/// Which way objects go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// They come, under this source profile.
    Pull(PersonId),
    /// They go: what this collection of a client shows.
    Push(PersonId),
}

impl Way {
    pub(crate) fn as_str(&self) -> &'static str {
        match self {
            Self::Pull(_) => "pull",
            Self::Push(_) => "push",
        }
    }

    /// The profile or the collection.
    pub(crate) fn by(&self) -> &PersonId {
        match self {
            Self::Pull(name) | Self::Push(name) => name,
        }
    }
}

/// Which credential is shown: the secret itself lies in a file of that name among the keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Shown {
    /// 32 hexadecimal digits of chance.
    pub(crate) id: String,
    /// With a user HTTP Basic, else a bearer's token.
    pub(crate) user: Option<String>,
}

/// A channel as it is stored.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Channel {
    pub(crate) name: PersonId,
    pub(crate) title: String,
    pub(crate) form: Form,
    pub(crate) way: Way,
    /// The API root, or where the document is.
    pub(crate) target: Target,
    /// The collection's id there.
    pub(crate) collection: Option<String>,
    pub(crate) shown: Option<Shown>,
    pub(crate) trust: Trust,
    pub(crate) every_seconds: u64,
    /// Of the list of feeds, where it is one.
    pub(crate) feed: Option<String>,
    pub(crate) paused: bool,
    pub(crate) removed: bool,
    pub(crate) ordered_by: PersonId,
    pub(crate) at: Timestamp,
}

impl Channel {
    /// Is the same thing at the other end meant? Then a cursor goes on counting.
    pub(crate) fn is_same_end(&self, other: &Self) -> bool {
        self.form == other.form
            && self.way.as_str() == other.way.as_str()
            && (self.way.by() == other.way.by() || matches!(self.way, Way::Pull(_)))
            && self.target == other.target
            && self.collection == other.collection
    }

    pub(crate) fn to_object(&self) -> Object {
        let pins = self.trust.pins.iter().map(text);
        let mut object = Object::new()
            .with("v", 1)
            .with("name", self.name.as_str())
            .with("title", self.title.as_str())
            .with("form", self.form.as_str())
            .with("way", self.way.as_str())
            .with("by", self.way.by().as_str())
            .with("url", text(&self.target))
            .with("pins", pins.collect::<Vec<Value>>())
            .with("every_seconds", int(self.every_seconds))
            .with("paused", self.paused)
            .with("removed", self.removed)
            .with("ordered_by", self.ordered_by.as_str())
            .with("at", text(self.at));
        let shown = self.shown.as_ref();
        let optional = [
            ("collection", self.collection.as_deref()),
            ("credential", shown.map(|shown| shown.id.as_str())),
            ("user", shown.and_then(|shown| shown.user.as_deref())),
            ("authorities", self.trust.authorities.as_deref()),
            ("feed", self.feed.as_deref()),
        ];
        for (name, value) in optional {
            maybe(&mut object, name, value.map(Value::from));
        }
        object
    }

    pub(crate) fn from_value(value: Value) -> Result<Self, DocumentError> {
        let mut fields = Fields::of("channel", value)?;
        fields.version(1)?;
        let form = match &*fields.text("form")? {
            "taxii" => Form::Taxii,
            "document" => Form::Document,
            _ => return Err(fields.refused("form", "is not known")),
        };
        let by = fields.parsed("by")?;
        let way = match &*fields.text("way")? {
            "pull" => Way::Pull(by),
            "push" if form == Form::Taxii => Way::Push(by),
            _ => return Err(fields.refused("way", "is not known")),
        };
        let user: Option<String> = fields.maybe_parsed("user")?;
        let credential: Option<String> = fields.maybe_parsed("credential")?;
        let is_id = |id: &String| {
            id.len() == 32
                && id
                    .bytes()
                    .all(|c| c.is_ascii_digit() || (b'a'..=b'f').contains(&c))
        };
        if credential.as_ref().is_some_and(|id| !is_id(id)) {
            return Err(fields.refused("credential", "is no 32 hexadecimal digits"));
        }
        let trust = Trust {
            authorities: fields.maybe_parsed("authorities")?,
            pins: fields.parsed_list::<KeyId>("pins")?,
        };
        let authorities = trust.authorities.as_ref().map_or(0, String::len);
        if authorities > AUTHORITIES_BYTES_MAX || trust.pins.len() > PINS_MAX {
            return Err(fields.refused("pins", "or authorities are more than are kept"));
        }
        let channel = Self {
            name: fields.parsed("name")?,
            title: fields.text("title")?,
            form,
            way,
            target: fields.parsed("url")?,
            collection: fields.maybe_parsed("collection")?,
            shown: credential.map(|id| Shown { id, user }),
            trust,
            every_seconds: fields.number("every_seconds")?,
            feed: fields.maybe_parsed("feed")?,
            paused: flag(&mut fields, "paused")?,
            removed: flag(&mut fields, "removed")?,
            ordered_by: fields.parsed("ordered_by")?,
            at: fields.parsed("at")?,
        };
        let (least, most, _) = EVERY_SECONDS;
        if !(least..=most).contains(&channel.every_seconds) {
            return Err(fields.refused("every_seconds", "is not 60 to 2592000"));
        }
        if (channel.form == Form::Taxii) != channel.collection.is_some() {
            return Err(fields.refused("collection", "is there for TAXII, and only for it"));
        }
        fields.end()?;
        Ok(channel)
    }
}

impl Record for Channel {
    fn to_bytes(&self) -> Vec<u8> {
        Value::Object(self.to_object()).canonical()
    }

    fn from_bytes(bytes: &[u8]) -> Result<Self, DocumentError> {
        let value = Value::parse(bytes, &noroshi_model::Limits::DEFAULT).map_err(|source| {
            DocumentError::Json {
                document: "channel",
                source,
            }
        })?;
        Self::from_value(value)
    }
}
