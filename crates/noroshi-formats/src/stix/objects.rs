//! Domain objects, relationship objects and meta objects of STIX 2.1 as data, in order of name.
//!
//! Source: STIX 2.1 (OASIS Standard, 10 June 2021), sections 4 (domain), 5 (relationship) and
//! 7 (meta). A property that is not here is kept and noted.

use super::laws::Law::{AnyOf, Later, More, Needs, NeedsIfTrue, NotBoth, NotEarlier};
use super::shape::Kind::{
    Bool, Choice, Choices, Dictionary, Filled, Form, Hashes, Id, IdNot, Ids, IdsNot, Integer,
    Number, Object, Parts, Text, Texts, Time, Version, Word, Words,
};
use super::shape::{Entry, Shape, may, must, part, shapes};
use super::table::{EXTENSION_DEFINITION, LANGUAGE_CONTENT, MARKING_DEFINITION, OBJECT};
use super::words::{
    ARCHITECTURES, DEFINITION_TYPES, EXTENSION_TYPES, GROUPING_CONTEXTS, IDENTITY_CLASSES,
    IMPLEMENTATION_LANGUAGES, INDICATOR_TYPES, INFRASTRUCTURE_TYPES, MALWARE_CAPABILITIES,
    MALWARE_RESULTS, MALWARE_TYPES, MOTIVATIONS, OPINIONS, PATTERN_TYPES, REGIONS, REPORT_TYPES,
    RESOURCE_LEVELS, SECTORS, SOPHISTICATIONS, THREAT_ACTOR_ROLES, THREAT_ACTOR_TYPES, TOOL_TYPES,
};
use super::{forms, parts};

/// Highest count the standard allows (4.14, 5.2).
const COUNT_MAX: i64 = 999_999_999;

/// What a relationship or sighting cannot point to (5.1, 5.2): other links, and what only
/// describes or carries objects.
const UNLINKED: &[&str] = &[
    "bundle",
    "language-content",
    "marking-definition",
    "relationship",
    "sighting",
];
/// What no list of objects can hold: a bundle is no object (8).
const NO_OBJECT: &[&str] = &["bundle"];
/// What has no text to translate of its own kind (7.1).
const UNTRANSLATED: &[&str] = &["bundle", "language-content"];
/// What is certainly no observable: domain, relationship and meta objects (4.12).
const NO_OBSERVABLE: &[&str] = &[
    "attack-pattern",
    "bundle",
    "campaign",
    "course-of-action",
    "extension-definition",
    "grouping",
    "identity",
    "incident",
    "indicator",
    "infrastructure",
    "intrusion-set",
    "language-content",
    "location",
    "malware",
    "malware-analysis",
    "marking-definition",
    "note",
    "observed-data",
    "opinion",
    "relationship",
    "report",
    "sighting",
    "threat-actor",
    "tool",
    "vulnerability",
];

/// A kill chain phase (2.11).
static KILL_CHAIN_PHASE: Shape = part!(
    "kill-chain-phase",
    "STIX 2.1, 2.11",
    [must("kill_chain_name", Text), must("phase_name", Text)],
    []
);
/// An external reference (2.5). That it has to point somewhere is noted only: a reduced rendition
/// may have lost just that, and the source alone still says something.
pub(super) static EXTERNAL_REFERENCE: Shape = part!(
    "external-reference",
    "STIX 2.1, 2.5",
    [
        must("source_name", Text),
        may("description", Text),
        may("url", Form(forms::Form::Url)),
        may("hashes", Hashes),
        may("external_id", Text),
    ],
    []
);

/// Every type of these.
pub(super) static TYPES: &[Shape] = shapes! {
    "attack-pattern" "STIX 2.1, 4.1" OBJECT {
        must("name", Text), may("description", Text), may("aliases", Texts),
        may("kill_chain_phases", Parts(&KILL_CHAIN_PHASE)),
    } []
    "campaign" "STIX 2.1, 4.2" OBJECT {
        must("name", Text), may("description", Text), may("aliases", Texts),
        may("first_seen", Time), may("last_seen", Time), may("objective", Text),
    } [NotEarlier("first_seen", "last_seen")]
    "course-of-action" "STIX 2.1, 4.3" OBJECT {
        must("name", Text), may("description", Text),
    } []
    "extension-definition" "STIX 2.1, 7.3" EXTENSION_DEFINITION {
        must("name", Text), may("description", Text), must("schema", Filled),
        must("version", Filled), must("extension_types", Choices(EXTENSION_TYPES)),
        may("extension_properties", Texts),
    } [More(parts::extension_definition)]
    "grouping" "STIX 2.1, 4.4" OBJECT {
        may("name", Text), may("description", Text), must("context", Word(GROUPING_CONTEXTS)),
        must("object_refs", IdsNot(NO_OBJECT)),
    } []
    "identity" "STIX 2.1, 4.5" OBJECT {
        must("name", Text), may("description", Text), may("roles", Texts),
        may("identity_class", Word(IDENTITY_CLASSES)), may("sectors", Words(SECTORS)),
        may("contact_information", Text),
    } []
    "incident" "STIX 2.1, 4.6" OBJECT {
        must("name", Text), may("description", Text),
    } []
    "indicator" "STIX 2.1, 4.7" OBJECT {
        may("name", Text), may("description", Text),
        may("indicator_types", Words(INDICATOR_TYPES)), must("pattern", Filled),
        must("pattern_type", Word(PATTERN_TYPES)), may("pattern_version", Text),
        must("valid_from", Time), may("valid_until", Time),
        may("kill_chain_phases", Parts(&KILL_CHAIN_PHASE)),
    } [Later("valid_from", "valid_until"), More(parts::indicator)]
    "infrastructure" "STIX 2.1, 4.8" OBJECT {
        must("name", Text), may("description", Text),
        may("infrastructure_types", Words(INFRASTRUCTURE_TYPES)), may("aliases", Texts),
        may("kill_chain_phases", Parts(&KILL_CHAIN_PHASE)), may("first_seen", Time),
        may("last_seen", Time),
    } [NotEarlier("first_seen", "last_seen")]
    "intrusion-set" "STIX 2.1, 4.9" OBJECT {
        must("name", Text), may("description", Text), may("aliases", Texts),
        may("first_seen", Time), may("last_seen", Time), may("goals", Texts),
        may("resource_level", Word(RESOURCE_LEVELS)),
        may("primary_motivation", Word(MOTIVATIONS)),
        may("secondary_motivations", Words(MOTIVATIONS)),
    } [NotEarlier("first_seen", "last_seen")]
    "language-content" "STIX 2.1, 7.1" LANGUAGE_CONTENT {
        must("object_ref", IdNot(UNTRANSLATED)), may("object_modified", Version),
        must("contents", Dictionary(Entry::Any)),
    } [More(parts::language_content)]
    "location" "STIX 2.1, 4.10" OBJECT {
        may("name", Text), may("description", Text), may("latitude", Number(-90, 90)),
        may("longitude", Number(-180, 180)), may("precision", Number(0, i32::MAX)),
        may("region", Word(REGIONS)), may("country", Form(forms::Form::Country)),
        may("administrative_area", Text), may("city", Text), may("street_address", Text),
        may("postal_code", Text),
    } [
        AnyOf(&["region", "country", "latitude"]), Needs("latitude", "longitude"),
        Needs("longitude", "latitude"), Needs("precision", "latitude"),
    ]
    "malware" "STIX 2.1, 4.11" OBJECT {
        may("name", Text), may("description", Text), may("malware_types", Words(MALWARE_TYPES)),
        must("is_family", Bool), may("aliases", Texts),
        may("kill_chain_phases", Parts(&KILL_CHAIN_PHASE)), may("first_seen", Time),
        may("last_seen", Time), may("operating_system_refs", Ids(&["software"])),
        may("architecture_execution_envs", Words(ARCHITECTURES)),
        may("implementation_languages", Words(IMPLEMENTATION_LANGUAGES)),
        may("capabilities", Words(MALWARE_CAPABILITIES)),
        may("sample_refs", Ids(&["artifact", "file"])),
    } [NotEarlier("first_seen", "last_seen"), NeedsIfTrue("is_family", "name")]
    "malware-analysis" "STIX 2.1, 4.12" OBJECT {
        must("product", Text), may("version", Text), may("host_vm_ref", Id(&["software"])),
        may("operating_system_ref", Id(&["software"])),
        may("installed_software_refs", Ids(&["software"])), may("configuration_version", Text),
        may("modules", Texts), may("analysis_engine_version", Text),
        may("analysis_definition_version", Text), may("submitted", Time),
        may("analysis_started", Time), may("analysis_ended", Time), may("result_name", Text),
        may("result", Word(MALWARE_RESULTS)), may("analysis_sco_refs", IdsNot(NO_OBSERVABLE)),
        may("sample_ref", Id(&["artifact", "file", "network-traffic"])),
    } [
        AnyOf(&["result", "analysis_sco_refs"]),
        NotEarlier("analysis_started", "analysis_ended"),
    ]
    "marking-definition" "STIX 2.1, 7.2.1" MARKING_DEFINITION {
        may("name", Text), may("definition_type", Word(DEFINITION_TYPES)),
        may("definition", Object),
    } [More(parts::marking_definition)]
    "note" "STIX 2.1, 4.13" OBJECT {
        may("abstract", Text), must("content", Text), may("authors", Texts),
        must("object_refs", IdsNot(NO_OBJECT)),
    } []
    "observed-data" "STIX 2.1, 4.14" OBJECT {
        must("first_observed", Time), must("last_observed", Time),
        must("number_observed", Integer(1, COUNT_MAX)), may("objects", Object),
        may("object_refs", IdsNot(NO_OBJECT)),
    } [
        NotEarlier("first_observed", "last_observed"), AnyOf(&["object_refs", "objects"]),
        NotBoth("objects", "object_refs"), More(parts::observed_data),
    ]
    "opinion" "STIX 2.1, 4.15" OBJECT {
        may("explanation", Text), may("authors", Texts), must("opinion", Choice(OPINIONS)),
        must("object_refs", IdsNot(NO_OBJECT)),
    } []
    "relationship" "STIX 2.1, 5.1" OBJECT {
        must("relationship_type", Form(forms::Form::TypeName)), may("description", Text),
        must("source_ref", IdNot(UNLINKED)), must("target_ref", IdNot(UNLINKED)),
        may("start_time", Time), may("stop_time", Time),
    } [Later("start_time", "stop_time")]
    "report" "STIX 2.1, 4.16" OBJECT {
        must("name", Text), may("description", Text), may("report_types", Words(REPORT_TYPES)),
        must("published", Time), must("object_refs", IdsNot(NO_OBJECT)),
    } []
    "sighting" "STIX 2.1, 5.2" OBJECT {
        may("description", Text), may("first_seen", Time), may("last_seen", Time),
        may("count", Integer(0, COUNT_MAX)), must("sighting_of_ref", IdNot(UNLINKED)),
        may("observed_data_refs", Ids(&["observed-data"])),
        may("where_sighted_refs", Ids(&["identity", "location"])), may("summary", Bool),
    } [NotEarlier("first_seen", "last_seen"), More(parts::sighting)]
    "threat-actor" "STIX 2.1, 4.17" OBJECT {
        must("name", Text), may("description", Text),
        may("threat_actor_types", Words(THREAT_ACTOR_TYPES)), may("aliases", Texts),
        may("first_seen", Time), may("last_seen", Time), may("roles", Words(THREAT_ACTOR_ROLES)),
        may("goals", Texts), may("sophistication", Word(SOPHISTICATIONS)),
        may("resource_level", Word(RESOURCE_LEVELS)),
        may("primary_motivation", Word(MOTIVATIONS)),
        may("secondary_motivations", Words(MOTIVATIONS)),
        may("personal_motivations", Words(MOTIVATIONS)),
    } [NotEarlier("first_seen", "last_seen")]
    "tool" "STIX 2.1, 4.18" OBJECT {
        must("name", Text), may("description", Text), may("tool_types", Words(TOOL_TYPES)),
        may("aliases", Texts), may("kill_chain_phases", Parts(&KILL_CHAIN_PHASE)),
        may("tool_version", Text),
    } []
    "vulnerability" "STIX 2.1, 4.19" OBJECT {
        must("name", Text), may("description", Text),
    } []
};
