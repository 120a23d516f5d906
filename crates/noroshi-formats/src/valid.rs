//! A checked STIX 2.1 object, its canonical bytes and its name.

use noroshi_model::json::{Object, Value};
use noroshi_model::{Digest, Head, ItemHash, Limits};

use crate::error::{Note, ReadError};
use crate::{kev, stix};

/// How an entry of a file is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// A STIX 2.1 object and nothing else: what peers send and stores hold.
    Stix21,
    /// A STIX object of 2.1 or 2.0, told apart by its `spec_version`: what files hold.
    Stix,
    /// An entry of the Known Exploited Vulnerabilities catalogue. What the catalogue says about
    /// itself (version, release date) is no part of an item: an entry that did not change is the
    /// same item in every catalogue, and nothing about it travels again.
    Kev,
}

/// An object that has passed every check of this room.
#[derive(Clone, Debug, PartialEq)]
pub struct Valid {
    // INVARIANT: `object` passed `stix::check`; `canonical` and `hash` belong to it.
    object: Object,
    canonical: Box<[u8]>,
    hash: ItemHash,
    head: Head,
    received: Option<Box<[u8]>>,
    converted: bool,
}

impl Valid {
    /// The properties.
    #[must_use]
    pub fn object(&self) -> &Object {
        &self.object
    }

    /// The canonical bytes (RFC 8785).
    #[must_use]
    pub fn canonical(&self) -> &[u8] {
        &self.canonical
    }

    /// SHA-256 of the canonical bytes: the item's name.
    #[must_use]
    pub fn hash(&self) -> ItemHash {
        self.hash
    }

    /// What the node itself works with.
    #[must_use]
    pub fn head(&self) -> &Head {
        &self.head
    }

    /// The bytes as received, where they differ from the canonical ones.
    #[must_use]
    pub fn received(&self) -> Option<&[u8]> {
        self.received.as_deref()
    }

    /// Was the object derived from another form? Then nobody here is its originator.
    #[must_use]
    pub fn is_converted(&self) -> bool {
        self.converted
    }
}

/// Read one object from its bytes.
///
/// # Errors
/// See [`ReadError`]; `index` is 0 there: a stream knows better and says so.
pub fn read(bytes: &[u8], form: Form, limits: &Limits) -> Result<(Valid, Vec<Note>), ReadError> {
    read_at(bytes, form, limits, 0)
}

pub(crate) fn read_at(
    bytes: &[u8],
    form: Form,
    limits: &Limits,
    index: u64,
) -> Result<(Valid, Vec<Note>), ReadError> {
    let value = Value::parse(bytes, limits).map_err(|source| ReadError::Json { index, source })?;
    let Value::Object(object) = value else {
        return Err(ReadError::property(
            format!("object {index}"),
            "(object)",
            "is no JSON object",
            "STIX 2.1, 3.1",
        ));
    };
    let ((mut object, mut notes), mut converted) = match form {
        Form::Kev => (kev::convert(object, index)?, true),
        Form::Stix if stix::is_older(&object) => (stix::upgrade(object), true),
        Form::Stix | Form::Stix21 => ((object, Vec::new()), false),
    };
    let before = notes.len();
    let head = match stix::check(&object, &mut notes, index) {
        Ok(head) => head,
        Err(error) if form != Form::Stix => return Err(error),
        Err(error) => {
            // Only what fails pays for the second look.
            let (lowered, note) = stix::with_lower_ids(object).ok_or(error)?;
            notes.truncate(before);
            notes.push(note);
            converted = true;
            object = lowered;
            stix::check(&object, &mut notes, index)?
        }
    };
    let canonical = object.canonical();
    // Conversion adds properties, and `1e15` is shorter than its canonical form. What is admitted
    // here must not be too long for the peer that reads it next.
    check_length(head.id.as_str(), &canonical, limits)?;
    let received = (canonical != bytes).then(|| bytes.into());
    Ok((seal(object, canonical, head, received, converted), notes))
}

/// Read once more what was checked when it came: an item as the store keeps it. Its name proves
/// that no byte has changed, so its rules are not gone through again, nor its canonical form made.
/// What was valid when it came stays so when a later version of the rules asks for more.
///
/// # Errors
/// The bytes are not those of that name, or no object with an id.
pub fn reread(canonical: &[u8], name: &ItemHash, limits: &Limits) -> Result<Valid, ReadError> {
    let refused = |problem: &str| {
        ReadError::property(name.to_string(), "(object)", problem, "the item's name")
    };
    if Digest::of(canonical) != name.0 {
        return Err(refused("has other bytes than those it is named by"));
    }
    let value =
        Value::parse(canonical, limits).map_err(|source| ReadError::Json { index: 0, source })?;
    let Value::Object(object) = value else {
        return Err(refused("is no JSON object"));
    };
    let id = object.str("id").and_then(|id| id.parse().ok());
    let head = stix::head(&object, id.ok_or_else(|| refused("has no STIX id"))?);
    Ok(Valid {
        object,
        canonical: canonical.into(),
        hash: *name,
        head,
        received: None,
        converted: false,
    })
}

/// Check an object that the node itself built: a rendition, an agreement.
///
/// # Errors
/// See [`ReadError`].
pub fn check(value: Value, limits: &Limits) -> Result<(Valid, Vec<Note>), ReadError> {
    let canonical = value.canonical();
    check_length("object", &canonical, limits)?;
    let Value::Object(object) = value else {
        return Err(ReadError::property(
            "object",
            "(object)",
            "is no JSON object",
            "STIX 2.1, 3.1",
        ));
    };
    let mut notes = Vec::new();
    let head = stix::check(&object, &mut notes, 0)?;
    Ok((seal(object, canonical, head, None, false), notes))
}

fn check_length(name: &str, canonical: &[u8], limits: &Limits) -> Result<(), ReadError> {
    if canonical.len() <= limits.object_bytes_max {
        return Ok(());
    }
    Err(ReadError::property(
        name,
        "(object)",
        format_args!(
            "has {} bytes in canonical form, more than the {} allowed",
            canonical.len(),
            limits.object_bytes_max
        ),
        "node limits",
    ))
}

fn seal(
    object: Object,
    canonical: Vec<u8>,
    head: Head,
    received: Option<Box<[u8]>>,
    converted: bool,
) -> Valid {
    let hash = ItemHash(Digest::of(&canonical));
    Valid {
        object,
        canonical: canonical.into(),
        hash,
        head,
        received,
        converted,
    }
}
