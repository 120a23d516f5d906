//! What STIX 2.1 demands of properties taken together, as data: spans, choices, dependences.
//!
//! The single properties are in `table.rs`; the section that a breach is reported under is the
//! type's own. Types that are not in the table are bound by none of these.

/// One demand on several properties of an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Law {
    /// The second time is not earlier than the first.
    NotEarlier(&'static str, &'static str),
    /// The second time is later than the first.
    Later(&'static str, &'static str),
    /// At least one of these is there.
    AnyOf(&'static [&'static str]),
    /// Not both of these are there.
    NotBoth(&'static str, &'static str),
    /// Where the first is, the second is too.
    Needs(&'static str, &'static str),
    /// Where the first is true, the second is there.
    NeedsIfTrue(&'static str, &'static str),
}

use Law::{AnyOf, Later, Needs, NeedsIfTrue, NotBoth, NotEarlier};

/// Every demand, by type.
pub(crate) const LAWS: &[(&str, Law)] = &[
    ("campaign", NotEarlier("first_seen", "last_seen")),
    ("indicator", Later("valid_from", "valid_until")),
    ("infrastructure", NotEarlier("first_seen", "last_seen")),
    ("intrusion-set", NotEarlier("first_seen", "last_seen")),
    ("location", AnyOf(&["region", "country", "latitude"])),
    ("location", Needs("latitude", "longitude")),
    ("location", Needs("longitude", "latitude")),
    ("location", Needs("precision", "latitude")),
    ("malware", NotEarlier("first_seen", "last_seen")),
    ("malware", NeedsIfTrue("is_family", "name")),
    ("malware-analysis", AnyOf(&["result", "analysis_sco_refs"])),
    (
        "malware-analysis",
        NotEarlier("analysis_started", "analysis_ended"),
    ),
    (
        "observed-data",
        NotEarlier("first_observed", "last_observed"),
    ),
    ("observed-data", AnyOf(&["object_refs", "objects"])),
    ("observed-data", NotBoth("objects", "object_refs")),
    ("relationship", Later("start_time", "stop_time")),
    ("sighting", NotEarlier("first_seen", "last_seen")),
    ("threat-actor", NotEarlier("first_seen", "last_seen")),
];
