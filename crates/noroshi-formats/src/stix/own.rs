//! The project's own types and extensions as data, in order of name.
//!
//! Source: the data model of the project. An object is of one of these types only where it carries
//! the extension that defines them. Words of our vocabularies that decide something are closed;
//! others are open, for a partner's newer node may know more of them.

use noroshi_model::agreement;

use super::forms::Form as Written;
use super::laws::Law::{Later, More, NotEarlier, Something};
use super::parts;
use super::shape::Kind::{
    Any, Bool, Choice, Filled, Form, Hashes, Id, IdNot, Ids, Integer, List, Number, Object, Text,
    Texts, Time, Word,
};
use super::shape::{Kind, Shape, may, must, part, shapes};
use super::table::OBJECT;

/// Id of the definition of all own types.
pub(crate) const ONTOLOGY_EXTENSION: &str = agreement::ONTOLOGY_EXTENSION;
/// The own type that has a strict reader of its own, which also checks its extension.
pub(super) const AGREEMENT: &str = "agreement";

const IDENTITY: Kind = Id(&["identity"]);
const IDENTITIES: Kind = Ids(&["identity"]);
const MISSION: Kind = Id(&["mission"]);
const MISSIONS: Kind = Ids(&["mission"]);
const OBJECTS: Kind = Ids(&[]);
const ANY_REF: Kind = Id(&[]);
const NATION: Kind = Form(Written::Nation);
const NATIONS: Kind = Kind::Forms(Written::Nation);
const PERCENT: Kind = Number(0, 100);
const SECONDS: Kind = Number(0, i32::MAX);
const COUNT: Kind = Number(0, i32::MAX);

const SITUATIONS: &[&str] = &[
    "peacetime",
    "gray-zone",
    "important-influence",
    "survival-threatening",
    "armed-attack-anticipated",
    "armed-attack",
];
const CONSULTATION_STATES: &[&str] = &[
    "requested",
    "acknowledged",
    "convened",
    "options",
    "agreed",
    "acting",
    "closed",
    "declined",
    "escalated",
    "expired",
];
const SUPPORT_MESSAGES: &[&str] = &[
    "RequestResource",
    "ResponseToRequestResource",
    "RequisitionResource",
    "CommitResource",
    "RequestInformation",
    "ResponseToRequestInformation",
    "OfferUnsolicitedResource",
    "ReleaseResource",
    "RequestReturn",
    "ResponseToRequestReturn",
    "RequestQuote",
    "ResponseToRequestQuote",
    "RequestResourceDeploymentStatus",
    "ReportResourceDeploymentStatus",
    "RequestExtendedDeploymentDuration",
    "ResponseToRequestExtendedDeploymentDuration",
    "Acknowledge",
    "Accept",
    "Decline",
    "Cancel",
    "Notify",
];
const EXERCISES: &[&str] = &[
    "seminar",
    "workshop",
    "TTX",
    "game",
    "drill",
    "functional",
    "full-scale",
    "live-fire",
];
const CHANNELS: &[&str] = &[
    "taxii", "file", "mail", "vtc", "voice", "courier", "hotline",
];
const SERVICES: &[&str] = &[
    "power",
    "telecom",
    "water",
    "port",
    "rail",
    "air",
    "fuel",
    "satellite",
    "cloud",
    "logistics",
    "payment",
];
const UNITS: &[&str] = &[
    "ministry",
    "agency",
    "command",
    "cyber-unit",
    "body",
    "operator",
];
const INJECT_STATES: &[&str] = &[
    "Pending", "Entered", "Approved", "Complete", "Deployed", "Archived",
];

/// What receivers that do not know a type are given instead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fallback {
    /// A note on the objects it speaks of.
    Note,
    /// A report: the type is a document of its own.
    Report,
}

/// One of the project's own types, as it is registered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OwnType {
    /// The STIX type.
    pub name: &'static str,
    /// Does it link two objects (`new-sro`), or stand alone (`new-sdo`)?
    pub is_link: bool,
    /// The property that says what it is about; empty: none does.
    pub titled_by: &'static str,
    /// What it becomes for those who do not know it.
    pub fallback: Fallback,
    /// Its name in English.
    pub english: &'static str,
    /// Its name in Japanese.
    pub japanese: &'static str,
}

/// Every own type, in order of name. Each has a row in the table of shapes.
pub(crate) const OWN_TYPES: &[OwnType] = &[
    sdo("agreement", "title", Fallback::Report, "Agreement", "協定"),
    sdo(
        "authority",
        "legal_basis",
        Fallback::Note,
        "Authority",
        "権限",
    ),
    sdo(
        "best-practice",
        "title",
        Fallback::Report,
        "Best practice",
        "優良事例",
    ),
    sdo("channel", "name", Fallback::Note, "Channel", "通信経路"),
    sdo(
        "consultation",
        "outcome",
        Fallback::Note,
        "Consultation",
        "協議",
    ),
    sdo("course", "title", Fallback::Note, "Course", "教育課程"),
    sdo(
        "custody-event",
        "action",
        Fallback::Note,
        "Custody event",
        "証拠保全の記録",
    ),
    OwnType {
        is_link: true,
        ..sdo("dependency", "", Fallback::Note, "Dependency", "依存関係")
    },
    sdo(
        "disclosure-decision",
        "decision",
        Fallback::Note,
        "Disclosure decision",
        "対外開示決定",
    ),
    sdo("engagement", "kind", Fallback::Note, "Engagement", "会合"),
    sdo(
        "evaluation",
        "objective",
        Fallback::Report,
        "Evaluation",
        "評価",
    ),
    sdo(
        "evidence",
        "exhibit_number",
        Fallback::Note,
        "Evidence",
        "証拠",
    ),
    sdo("exercise", "name", Fallback::Report, "Exercise", "演習"),
    sdo(
        "improvement-action",
        "issue",
        Fallback::Note,
        "Improvement action",
        "改善処置",
    ),
    sdo(
        "info-requirement",
        "question",
        Fallback::Note,
        "Information requirement",
        "情報要求",
    ),
    sdo("inject", "title", Fallback::Note, "Inject", "状況付与"),
    sdo("mission", "name", Fallback::Note, "Mission", "任務"),
    sdo(
        "partner-arrangement",
        "",
        Fallback::Note,
        "Partner arrangement",
        "多国間取決め",
    ),
    sdo("position", "role_id", Fallback::Note, "Position", "職位"),
    sdo(
        "resilience-assessment",
        "scenario",
        Fallback::Report,
        "Resilience assessment",
        "抗たん性評価",
    ),
    sdo(
        "situation-state",
        "state",
        Fallback::Note,
        "Situation",
        "事態",
    ),
    sdo(
        "staffing-assessment",
        "method",
        Fallback::Report,
        "Staffing assessment",
        "人員評価",
    ),
    sdo(
        "support-message",
        "message_type",
        Fallback::Note,
        "Support message",
        "支援連絡",
    ),
    sdo(
        "training-record",
        "verb",
        Fallback::Note,
        "Training record",
        "訓練記録",
    ),
    sdo("visit", "subject", Fallback::Note, "Visit", "施設訪問"),
    sdo(
        "warning-indicator",
        "statement",
        Fallback::Note,
        "Warning indicator",
        "警報指標",
    ),
    sdo(
        "warning-problem",
        "title",
        Fallback::Note,
        "Warning problem",
        "警報課題",
    ),
    sdo(
        "warning-report",
        "basis",
        Fallback::Report,
        "Warning report",
        "警報報告",
    ),
];

const fn sdo(
    name: &'static str,
    titled_by: &'static str,
    fallback: Fallback,
    english: &'static str,
    japanese: &'static str,
) -> OwnType {
    OwnType {
        name,
        is_link: false,
        titled_by,
        fallback,
        english,
        japanese,
    }
}

/// The own type of that name.
pub(crate) fn registered(kind: &str) -> Option<&'static OwnType> {
    let at = OWN_TYPES.binary_search_by(|own| own.name.cmp(kind)).ok()?;
    OWN_TYPES.get(at)
}

/// The `extension_type` an object of that own type declares.
pub(super) fn extension_type(kind: &str) -> Option<&'static str> {
    let own = registered(kind)?;
    Some(if own.is_link { "new-sro" } else { "new-sdo" })
}

/// Every own type's shape.
pub(super) static TYPES: &[Shape] = shapes! {
    // Its own reader knows its properties, and no others.
    "agreement" "docs/agreement.md" OBJECT {
        must("title", Any), must("title_ja", Any), must("kind", Any), must("parties", Any),
        must("valid_from", Any), must("valid_until", Any), must("clauses", Any),
        must("releases", Any), must("equivalences", Any), may("members_known", Any),
    } [More(parts::agreement)]
    "authority" "data model, authority" OBJECT {
        must("holder_ref", IDENTITY), must("actions", Texts), must("legal_basis", Object),
        may("networks", Texts), may("situations", Texts), may("approver_level", Text),
        may("conditions", Text), may("valid_from", Time), may("valid_until", Time),
    } [Later("valid_from", "valid_until")]
    "best-practice" "data model, best-practice" OBJECT {
        must("title", Filled), must("problem", Filled), must("practice", Filled),
        may("evidence", Text), may("context", Text), may("cost", Text), may("role_ids", Texts),
        may("sector", Text), may("adoption", List),
    } []
    "channel" "data model, channel" OBJECT {
        must("name", Filled), must("kind", Word(CHANNELS)), may("max_marking", Text),
        may("bandwidth_bps", COUNT), may("endpoints", List),
        may("pace", Word(&["primary", "alternate", "contingency", "emergency"])),
        may("status", Text), may("last_test", Time),
    } []
    "consultation" "data model, consultation" OBJECT {
        must("subject_refs", OBJECTS), must("basis_refs", OBJECTS),
        must("state", Choice(CONSULTATION_STATES)),
        may("level", Word(&["unit", "CCC", "BOCC", "ACG", "SCC"])), may("requested_by", Text),
        may("clocks", List), may("positions", List), may("outcome", Text),
        may("task_refs", OBJECTS), may("signatures", List),
    } []
    "course" "data model, course" OBJECT {
        must("title", Filled), must("provider_ref", IDENTITY), may("role_ids", Texts),
        may("level", Text), may("hours", COUNT), may("au_ids", Texts), may("seats", COUNT),
    } []
    "custody-event" "data model, custody-event" OBJECT {
        must("evidence_ref", Id(&["evidence"])),
        must("action", Choice(&["acquire", "transfer", "copy", "analyse", "return", "destroy"])),
        must("performer_ref", IDENTITY), may("instrument", Text), may("start", Time),
        may("end", Time), may("location", Text), may("from", Text), may("to", Text),
        may("prev_hash", Text), may("signature", Text),
    } [NotEarlier("start", "end")]
    "dependency" "data model, dependency" OBJECT {
        must("source_ref", IdNot(&["bundle"])), must("target_ref", IdNot(&["bundle"])),
        must("sod", Number(0, 1)), must("cod", PERCENT),
        may("logic", Word(&["min", "avg", "k-of-n"])), may("lag_s", SECONDS),
        may("buffer_s", SECONDS), may("restore_s", SECONDS),
        may("semantics", Word(&["fail", "degrade", "work-around", "nominal"])),
    } []
    "disclosure-decision" "data model, disclosure-decision" OBJECT {
        must("object_ref", ANY_REF), must("object_modified", Time), must("to", Filled),
        must("decision", Choice(&["release", "sanitise", "deny", "refer"])),
        may("authority_ref", Id(&["authority"])), may("rule_ref", Text),
        may("properties_removed", Texts), may("decided_by", Text), may("at", Time),
    } []
    "engagement" "data model, engagement" OBJECT {
        must("kind", Word(&["meeting", "vtc", "call", "working-group"])), must("start", Time),
        may("end", Time), may("ical_uid", Text), may("organiser_ref", IDENTITY),
        may("participant_refs", IDENTITIES), may("agenda", List), may("minutes_ref", ANY_REF),
        may("decision_refs", OBJECTS), may("action_refs", OBJECTS),
    } [NotEarlier("start", "end")]
    "evaluation" "data model, evaluation" OBJECT {
        must("objective", Filled), must("rating", Choice(&["P", "S", "M", "U"])),
        may("strengths", Texts), may("areas", List), may("evaluator_ref", IDENTITY),
    } []
    "evidence" "data model, evidence" OBJECT {
        must("exhibit_number", Filled), may("object_ref", Id(&["artifact", "file"])),
        may("hashes", Hashes), may("acquired_at", Time), may("method", Text),
        may("tool_ref", ANY_REF), may("storage", Text), may("legal_hold", Bool),
    } []
    "exercise" "data model, exercise" OBJECT {
        must("name", Filled), may("exercise_type", Word(EXERCISES)), may("objectives", List),
        may("capabilities", List), may("scope", Text), may("scenario", Text), may("start", Time),
        may("end", Time), may("participants", List), may("scoring_model", Any),
    } [NotEarlier("start", "end")]
    "improvement-action" "data model, improvement-action" OBJECT {
        must("issue", Filled), must("corrective_action", Filled), may("element", Text),
        may("owner_ref", IDENTITY), may("start", Time), may("due", Time), may("status", Text),
    } [NotEarlier("start", "due")]
    "info-requirement" "data model, info-requirement" OBJECT {
        must("question", Filled), must("asked_by", Filled), may("to_ref", IDENTITY),
        may("due", Time), may("priority", Any), may("related_refs", OBJECTS), may("state", Text),
        may("answer_refs", OBJECTS), may("decline_reason", Text),
    } []
    "inject" "data model, inject" OBJECT {
        may("exercise_ref", Id(&["exercise"])), may("control_number", Text), may("move", Text),
        may("group", Text), may("title", Text), may("description", Text),
        may("event_type", Word(&["Inject", "Contingency Inject", "Expected Action"])),
        may("mode", Text), may("from", Text), may("to", Text), may("message", Text),
        may("delivery_time", Time), may("delta_s", Integer(-1_000_000_000, 1_000_000_000)),
        may("simulated_time", Time), may("assigned_to", Text), may("expected_response", Text),
        may("objective", Text), may("status", Word(INJECT_STATES)),
    } [Something]
    "mission" "data model, mission" OBJECT {
        must("name", Filled), must("owner_ref", IDENTITY), may("kind", Text),
        may("criticality", PERCENT), may("operability_min", PERCENT), may("time_profile", Any),
        may("parent_ref", MISSION),
    } []
    "partner-arrangement" "data model, partner-arrangement" OBJECT {
        must("members", List), must("agreement_ref", Id(&["agreement"])),
        may("max_marking", Text), may("consent_rule", Text), may("topics", Texts),
        may("valid_from", Time), may("valid_until", Time),
    } [Later("valid_from", "valid_until")]
    "position" "data model, position" OBJECT {
        must("unit_ref", IDENTITY), must("role_id", Filled),
        may("level", Word(&["basic", "intermediate", "advanced"])), must("authorised", COUNT),
        may("filled", COUNT), may("vacancy_since", Time), may("clearance", Text),
        may("language", Any),
    } []
    "resilience-assessment" "data model, resilience-assessment" OBJECT {
        must("mission_ref", MISSION), may("scenario", Text), may("operability_series", List),
        may("loss_area", COUNT), may("rto_met", Bool), may("objective_scores", List),
        may("recommendation", Text),
    } []
    "situation-state" "data model, situation-state" OBJECT {
        must("nation", NATION), must("state", Choice(SITUATIONS)), must("asserted_by", Filled),
        may("instrument", Text), may("start", Time), may("end", Time),
    } [NotEarlier("start", "end")]
    "staffing-assessment" "data model, staffing-assessment" OBJECT {
        must("mission_refs", MISSIONS), may("method", Text), may("demand", List),
        may("supply", Any), may("gap", Any), may("cost", Any), may("assumptions", Any),
        may("horizon", Text),
    } []
    "support-message" "data model, support-message" OBJECT {
        must("message_type", Word(SUPPORT_MESSAGES)), must("originating_ref", ANY_REF),
        may("preceding_ref", ANY_REF), may("requester_ref", IDENTITY),
        may("provider_ref", IDENTITY), may("resource", Object), may("need", Object),
        may("conditions", Text), may("cost_rule", Text), may("legal_basis_refs", OBJECTS),
        may("status", Text),
    } []
    "training-record" "data model, training-record" OBJECT {
        may("statement_id", Text), may("learner", Text), may("verb", Text), may("result", Object),
        may("context", Object), may("course_ref", Id(&["course"])),
    } [Something]
    "visit" "data model, visit" OBJECT {
        may("kind", Word(&["one-time", "recurring", "emergency", "amendment"])),
        may("requesting_ref", IDENTITY), may("host_refs", IDENTITIES), may("start", Time),
        may("end", Time), may("subject", Text), may("justification", Text),
        may("information_level", Text), may("visitors", List), may("certification", Text),
        may("ical_uid", Text), may("host_decision", Text),
    } [Something, NotEarlier("start", "end")]
    "warning-indicator" "data model, warning-indicator" OBJECT {
        must("statement", Filled), must("problem_ref", Id(&["warning-problem"])),
        may("weight", Any), may("threshold", Any), may("lead_time_s", SECONDS),
        may("collection_refs", OBJECTS),
        may("state", Word(&["not-observed", "possible", "observed", "negated"])),
        may("evidence_refs", OBJECTS), may("last_checked", Time), may("states", List),
    } []
    "warning-problem" "data model, warning-problem" OBJECT {
        must("title", Filled), must("question", Filled), may("priority", Any),
        may("owner_refs", IDENTITIES), may("hypotheses", List), may("indicator_refs", OBJECTS),
        may("watch_level", Any), may("review_at", Time),
    } []
    // Levels are of the scale that the two sides have agreed for the problem.
    "warning-report" "data model, warning-report" OBJECT {
        must("problem_ref", Id(&["warning-problem"])), must("level_from", Any),
        must("level_to", Any), must("likelihood_term", Filled), must("confidence_term", Filled),
        may("basis", Text), may("what_would_change", Text), may("valid_until", Time),
        may("ack", List), may("issued_by", Text), may("assessment", Object),
    } []
};

/// Extensions of the standard's types: on which type, and their shape, named by the id of its
/// definition.
pub(crate) static EXTENSIONS: &[(&str, Shape)] = &[
    (
        "identity",
        part!(
            "extension-definition--47477552-7e2f-4363-a950-34b4b43cb278",
            "data model, unit extension",
            [
                may("extension_type", Any),
                must("unit_type", Word(UNITS)),
                must("nation", NATION),
                may("parent_ref", IDENTITY),
                may("echelon", Text),
                may("mission_refs", MISSIONS),
                may("authority_refs", Ids(&["authority"])),
                may("contact", Any),
                may("hours", Any),
                may("tz", Text),
                may("valid_from", Time),
                may("valid_until", Time),
                may("counterpart_refs", IDENTITIES),
            ],
            [Later("valid_from", "valid_until")]
        ),
    ),
    (
        "infrastructure",
        part!(
            "extension-definition--922aa17d-91a4-49aa-9c23-5efc63e49a5f",
            "data model, service extension",
            [
                may("extension_type", Any),
                must("service_type", Word(SERVICES)),
                may("operator_ref", IDENTITY),
                may("sector_jp", Text),
                may("sector_us", Text),
                may("capacity", Any),
                may("unit", Text),
                may("consumer_refs", OBJECTS),
                may("location_refs", Ids(&["location"])),
                may("rto_s", SECONDS),
                may("mtd_s", SECONDS),
                may("substitutes", List),
                may("supplier_refs", OBJECTS),
                may("sbom_ref", Any),
            ],
            []
        ),
    ),
    (
        "incident",
        part!(
            "extension-definition--80684c61-7c2c-4fad-a078-c8e3efb114d7",
            "data model, alliance extension",
            [
                may("extension_type", Any),
                must("ciss_level", Integer(0, 5)),
                must("jp_level", Integer(0, 4)),
                may("nciss", Object),
                may("seriousness", Object),
                may("mission_refs", MISSIONS),
                may("affected_nations", NATIONS),
                may("situation_ref", Id(&["situation-state"])),
                may("reporting_clocks", List),
            ],
            []
        ),
    ),
    (
        "indicator",
        part!(
            "extension-definition--a93ecc01-78ce-47f5-9a80-41b68ff47510",
            "data model, warning extension",
            [
                may("extension_type", Any),
                may("decay_model_ref", Any),
                may("base_score", PERCENT),
                may("source_reliability", Word(&["A", "B", "C", "D", "E", "F"])),
                may("info_credibility", Integer(1, 6)),
                may("false_positive_risk", Any),
                may("action_permitted", Text),
                may("common", Bool),
                may("tested_by", Any),
            ],
            []
        ),
    ),
    (
        "marking-definition",
        part!(
            "extension-definition--694be976-4ec2-4b80-b47c-48f75510a38d",
            "data model, national marking",
            [
                // A caveat such as NOFORN marks without a level. What the words mean, and that
                // unknown ones mark nothing, is the gate's.
                may("extension_type", Any),
                must("scheme", Text),
                may("level", Any),
                may("caveats", Any),
                may("rel_to", Any),
                may("fgi_source", Any),
                may("sds_category", Any),
                may("originator_ref", Any),
                may("handling", Any),
                may("declassify_on", Any),
                may("consent_required", Any),
            ],
            []
        ),
    ),
];
