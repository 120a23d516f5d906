//! The properties of STIX 2.1 types as data: name, kind of value, required or not.
//!
//! Source: STIX 2.1 (OASIS Standard, 10 June 2021), sections 3.2 (common properties), 4 (SDO),
//! 5 (SRO), 7.2 (markings), 7.3 (extension-definition), 7.1 (language-content). A type that is not
//! here is kept and passed on with its common properties checked.

use Kind::{
    Any, Bool, Dictionary, Extensions, ExternalReferences, Granular, Id, IdList, IdNot, Integer,
    KillChain, Number, Object, Text, TextList, Time,
};

/// The kind of value a property takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A string.
    Text,
    /// true or false.
    Bool,
    /// A whole number in a range.
    Integer(i64, i64),
    /// A number in a range.
    Number(i32, i32),
    /// A timestamp.
    Time,
    /// An identifier of one of these types; empty: any.
    Id(&'static [&'static str]),
    /// An identifier of any type but these.
    IdNot(&'static [&'static str]),
    /// A list of identifiers, their types as in `Id`.
    IdList(&'static [&'static str]),
    /// A list of strings.
    TextList,
    /// A list of external references (2.5).
    ExternalReferences,
    /// A list of kill chain phases (2.11).
    KillChain,
    /// A list of granular markings (7.2.3).
    Granular,
    /// A dictionary, not empty.
    Dictionary,
    /// Extensions by the id of their definition or their predefined name (7.3).
    Extensions,
    /// An object.
    Object,
    /// Anything.
    Any,
}

/// One property of a type.
pub(crate) struct Property {
    pub(crate) name: &'static str,
    pub(crate) kind: Kind,
    pub(crate) required: bool,
}

const fn must(name: &'static str, kind: Kind) -> Property {
    Property {
        name,
        kind,
        required: true,
    }
}

const fn may(name: &'static str, kind: Kind) -> Property {
    Property {
        name,
        kind,
        required: false,
    }
}

/// A type: where the standard defines it, its properties, and which common ones it must have.
pub(crate) struct Type {
    pub(crate) name: &'static str,
    pub(crate) rule: &'static str,
    pub(crate) properties: &'static [Property],
    required: &'static [&'static str],
}

/// Common properties and their kinds (3.2).
pub(crate) const COMMON: &[Property] = &[
    must("type", Text),
    may("spec_version", Text),
    must("id", Id(&[])),
    may("created_by_ref", Id(&["identity"])),
    may("created", Time),
    may("modified", Time),
    may("revoked", Bool),
    may("labels", TextList),
    may("confidence", Integer(0, 100)),
    may("lang", Text),
    may("external_references", ExternalReferences),
    may("object_marking_refs", IdList(&["marking-definition"])),
    may("granular_markings", Granular),
    may("defanged", Bool),
    may("extensions", Extensions),
];

/// What a relationship or sighting cannot point to (5.1, 5.2): other links, and what only
/// describes or carries objects.
const UNLINKED: &[&str] = &[
    "bundle",
    "language-content",
    "marking-definition",
    "relationship",
    "sighting",
];

const SDO: &[&str] = &["type", "spec_version", "id", "created", "modified"];
const META: &[&str] = &["type", "spec_version", "id", "created"];

macro_rules! types {
    ($($name:literal $rule:literal [$($extra:literal),*] { $($property:expr,)* })*) => {
        /// Every type checked in full.
        pub(crate) const TYPES: &[Type] = &[$(Type {
            name: $name,
            rule: $rule,
            properties: &[$($property,)*],
            required: &["type", "spec_version", "id", "created", "modified", $($extra),*],
        },)*];
    };
}

types! {
    "attack-pattern" "STIX 2.1, 4.1" ["name"] {
        must("name", Text), may("description", Text), may("aliases", TextList),
        may("kill_chain_phases", KillChain),
    }
    "campaign" "STIX 2.1, 4.2" ["name"] {
        must("name", Text), may("description", Text), may("aliases", TextList),
        may("first_seen", Time), may("last_seen", Time), may("objective", Text),
    }
    "course-of-action" "STIX 2.1, 4.3" ["name"] {
        must("name", Text), may("description", Text), may("action", Any),
    }
    "grouping" "STIX 2.1, 4.4" ["context", "object_refs"] {
        may("name", Text), may("description", Text), must("context", Text),
        must("object_refs", IdList(&[])),
    }
    "identity" "STIX 2.1, 4.5" ["name"] {
        must("name", Text), may("description", Text), may("roles", TextList),
        may("identity_class", Text), may("sectors", TextList), may("contact_information", Text),
    }
    "incident" "STIX 2.1, 4.6" ["name"] {
        must("name", Text), may("description", Text),
    }
    "indicator" "STIX 2.1, 4.7" ["pattern", "pattern_type", "valid_from"] {
        may("name", Text), may("description", Text), may("indicator_types", TextList),
        must("pattern", Text), must("pattern_type", Text), may("pattern_version", Text),
        must("valid_from", Time), may("valid_until", Time), may("kill_chain_phases", KillChain),
    }
    "infrastructure" "STIX 2.1, 4.8" ["name"] {
        must("name", Text), may("description", Text), may("infrastructure_types", TextList),
        may("aliases", TextList), may("kill_chain_phases", KillChain), may("first_seen", Time),
        may("last_seen", Time),
    }
    "intrusion-set" "STIX 2.1, 4.9" ["name"] {
        must("name", Text), may("description", Text), may("aliases", TextList),
        may("first_seen", Time), may("last_seen", Time), may("goals", TextList),
        may("resource_level", Text), may("primary_motivation", Text),
        may("secondary_motivations", TextList),
    }
    "location" "STIX 2.1, 4.10" [] {
        may("name", Text), may("description", Text), may("latitude", Number(-90, 90)),
        may("longitude", Number(-180, 180)), may("precision", Number(0, i32::MAX)),
        may("region", Text),
        may("country", Text), may("administrative_area", Text), may("city", Text),
        may("street_address", Text), may("postal_code", Text),
    }
    "malware" "STIX 2.1, 4.11" ["is_family"] {
        may("name", Text), may("description", Text), may("malware_types", TextList),
        must("is_family", Bool), may("aliases", TextList), may("kill_chain_phases", KillChain),
        may("first_seen", Time), may("last_seen", Time),
        may("operating_system_refs", IdList(&["software"])),
        may("architecture_execution_envs", TextList), may("implementation_languages", TextList),
        may("capabilities", TextList), may("sample_refs", IdList(&["artifact", "file"])),
    }
    "malware-analysis" "STIX 2.1, 4.12" ["product"] {
        must("product", Text), may("version", Text),
        may("host_vm_ref", Id(&["software"])), may("operating_system_ref", Id(&["software"])),
        may("installed_software_refs", IdList(&["software"])),
        may("configuration_version", Text), may("modules", TextList),
        may("analysis_engine_version", Text), may("analysis_definition_version", Text),
        may("submitted", Time), may("analysis_started", Time), may("analysis_ended", Time),
        may("result_name", Text), may("result", Text), may("analysis_sco_refs", IdList(&[])),
        may("sample_ref", Id(&["artifact", "file", "network-traffic"])),
    }
    "note" "STIX 2.1, 4.13" ["content", "object_refs"] {
        may("abstract", Text), must("content", Text), may("authors", TextList),
        must("object_refs", IdList(&[])),
    }
    "observed-data" "STIX 2.1, 4.14" ["first_observed", "last_observed", "number_observed"] {
        must("first_observed", Time), must("last_observed", Time),
        must("number_observed", Integer(1, 999_999_999)), may("objects", Object),
        may("object_refs", IdList(&[])),
    }
    "opinion" "STIX 2.1, 4.15" ["opinion", "object_refs"] {
        may("explanation", Text), may("authors", TextList), must("opinion", Text),
        must("object_refs", IdList(&[])),
    }
    "report" "STIX 2.1, 4.16" ["name", "published", "object_refs"] {
        must("name", Text), may("description", Text), may("report_types", TextList),
        must("published", Time), must("object_refs", IdList(&[])),
    }
    "threat-actor" "STIX 2.1, 4.17" ["name"] {
        must("name", Text), may("description", Text), may("threat_actor_types", TextList),
        may("aliases", TextList), may("first_seen", Time), may("last_seen", Time),
        may("roles", TextList), may("goals", TextList), may("sophistication", Text),
        may("resource_level", Text), may("primary_motivation", Text),
        may("secondary_motivations", TextList), may("personal_motivations", TextList),
    }
    "tool" "STIX 2.1, 4.18" ["name"] {
        must("name", Text), may("description", Text), may("tool_types", TextList),
        may("aliases", TextList), may("kill_chain_phases", KillChain), may("tool_version", Text),
    }
    "vulnerability" "STIX 2.1, 4.19" ["name"] {
        must("name", Text), may("description", Text),
    }
    "relationship" "STIX 2.1, 5.1" ["relationship_type", "source_ref", "target_ref"] {
        must("relationship_type", Text), may("description", Text), must("source_ref", IdNot(UNLINKED)),
        must("target_ref", IdNot(UNLINKED)), may("start_time", Time), may("stop_time", Time),
    }
    "sighting" "STIX 2.1, 5.2" ["sighting_of_ref"] {
        may("description", Text), may("first_seen", Time), may("last_seen", Time),
        may("count", Integer(0, 999_999_999)), must("sighting_of_ref", IdNot(UNLINKED)),
        may("observed_data_refs", IdList(&["observed-data"])),
        may("where_sighted_refs", IdList(&["identity", "location"])), may("summary", Bool),
    }
    "language-content" "STIX 2.1, 7.1" ["object_ref", "contents"] {
        must("object_ref", Id(&[])), may("object_modified", Time), must("contents", Dictionary),
    }
    "extension-definition" "STIX 2.1, 7.3" ["created_by_ref", "name", "schema", "version", "extension_types"] {
        must("name", Text), may("description", Text), must("schema", Text), must("version", Text),
        must("extension_types", TextList), may("extension_properties", TextList),
    }
}

/// Marking definitions have no `modified`, and either a definition or an extension (7.2.1).
pub(crate) const MARKING_DEFINITION: Type = Type {
    name: "marking-definition",
    rule: "STIX 2.1, 7.2.1",
    properties: &[
        may("name", Text),
        may("definition_type", Text),
        may("definition", Object),
    ],
    required: META,
};

/// Types of STIX cyber-observable objects (6): they need neither times nor `spec_version`.
pub(crate) const OBSERVABLES: &[&str] = &[
    "artifact",
    "autonomous-system",
    "directory",
    "domain-name",
    "email-addr",
    "email-message",
    "file",
    "ipv4-addr",
    "ipv6-addr",
    "mac-addr",
    "mutex",
    "network-traffic",
    "process",
    "software",
    "url",
    "user-account",
    "windows-registry-key",
    "x509-certificate",
];

/// The type of that name, where it is checked in full.
pub(crate) fn type_of(kind: &str) -> Option<&'static Type> {
    if kind == MARKING_DEFINITION.name {
        return Some(const { &MARKING_DEFINITION });
    }
    TYPES.iter().find(|known| known.name == kind)
}

/// Properties without which an object of this type is none; for a type not checked in full the
/// common ones. The gate refuses a rendition that would lack one.
#[must_use]
pub fn required_properties(kind: &str) -> &'static [&'static str] {
    if is_observable(kind) {
        return &["type", "id"];
    }
    type_of(kind).map_or(SDO, |known| known.required)
}

/// Is it a type of cyber-observable object (STIX 2.1, section 6)? Its id is made from its
/// properties.
#[must_use]
pub fn is_observable(kind: &str) -> bool {
    OBSERVABLES.contains(&kind)
}
