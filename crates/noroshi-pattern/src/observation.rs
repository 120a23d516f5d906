//! What was seen: some objects, seen together, at a time or over a span of it.

use noroshi_model::{Object, Timestamp};

/// Most objects in one observation. A zip file's content or a mail with its parts stays far below.
pub(crate) const OBJECTS_MAX: usize = 1_000;

/// One observation (9.1). Several rows of telemetry are several observations.
#[derive(Clone, Debug, PartialEq)]
pub struct Observation {
    /// The caller's name for it; hits give it back.
    pub id: u64,
    // INVARIANT: not after `last`.
    first: Timestamp,
    last: Timestamp,
    // INVARIANT: at least 1.
    count: u32,
    // INVARIANT: sorted by `key`, no key twice, at most `OBJECTS_MAX`.
    objects: Vec<ObservedObject>,
}

/// An object of an observation, in the properties STIX 2.1 gives it.
#[derive(Clone, Debug, PartialEq)]
pub struct ObservedObject {
    /// By what references name it: its id, or its number in STIX 2.0.
    pub key: Box<str>,
    /// Its properties, `type` among them.
    pub properties: Object,
}

/// Why objects make no observation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ObservationError {
    /// The last time lies before the first.
    #[error("it was last observed before it was first observed")]
    Backwards,
    /// It was observed no times.
    #[error("it was observed no times at all")]
    Never,
    /// More objects than are allowed.
    #[error("{given} objects are more than the {OBJECTS_MAX} allowed in one observation")]
    TooMany {
        /// How many there are.
        given: usize,
    },
    /// Two objects have one key.
    #[error("two objects of it have the same id")]
    Repeated,
}

impl Observation {
    /// Objects seen together at one instant.
    ///
    /// # Errors
    /// Too many objects, or two with the same key.
    pub fn at(
        id: u64,
        time: Timestamp,
        objects: Vec<ObservedObject>,
    ) -> Result<Self, ObservationError> {
        Self::over(id, (time, time), 1, objects)
    }

    /// Objects seen together `count` times in a span of time.
    ///
    /// # Errors
    /// A span that ends before it begins, a count of 0, too many objects, or two with the same key.
    pub fn over(
        id: u64,
        (first, last): (Timestamp, Timestamp),
        count: u32,
        mut objects: Vec<ObservedObject>,
    ) -> Result<Self, ObservationError> {
        if last < first {
            return Err(ObservationError::Backwards);
        }
        if count == 0 {
            return Err(ObservationError::Never);
        }
        if objects.len() > OBJECTS_MAX {
            let given = objects.len();
            return Err(ObservationError::TooMany { given });
        }
        objects.sort_by(|a, b| a.key.cmp(&b.key));
        if objects.windows(2).any(|two| two[0].key == two[1].key) {
            return Err(ObservationError::Repeated);
        }
        Ok(Self {
            id,
            first,
            last,
            count,
            objects,
        })
    }

    /// When it was first seen.
    #[must_use]
    pub fn first(&self) -> Timestamp {
        self.first
    }

    /// When it was last seen.
    #[must_use]
    pub fn last(&self) -> Timestamp {
        self.last
    }

    /// How many times it was seen; each counts as an observation of its own.
    #[must_use]
    pub fn count(&self) -> u32 {
        self.count
    }

    /// Its objects, by key.
    #[must_use]
    pub fn objects(&self) -> &[ObservedObject] {
        &self.objects
    }

    /// The object a reference names.
    #[must_use]
    pub fn object(&self, key: &str) -> Option<&ObservedObject> {
        self.position(key).map(|at| &self.objects[at])
    }

    pub(crate) fn position(&self, key: &str) -> Option<usize> {
        self.objects
            .binary_search_by(|object| (*object.key).cmp(key))
            .ok()
    }
}
