//! What objects have in common, and which shape belongs to which type.
//!
//! Source: STIX 2.1 (OASIS Standard, 10 June 2021), section 3.2. To add a type: a row in
//! `objects.rs`, `observables.rs` or `own.rs`, in order of name. A type that is in none of them is
//! kept and passed on with its common properties checked.

use noroshi_model::json::{Object, Value};

use super::laws::Law;
use super::shape::Kind::{
    Any, Bool, Extensions, ExternalReferences, Form, Granular, Id, Ids, Integer, Texts, Time,
    Version,
};
use super::shape::{Kind, Property, Shape, may, must, shape, stray};
use super::{forms, objects, observables, own};

/// The rule for everything common to all objects.
pub(super) const COMMON_RULE: &str = "STIX 2.1, 3.2";

const IDENTITY: Kind = Id(&["identity"]);
const MARKINGS: Kind = Ids(&["marking-definition"]);
const LANGUAGE: Kind = Form(forms::Form::Language);
const PERCENT: Kind = Integer(0, 100);

/// Of a domain or relationship object.
pub(super) const OBJECT: &[Property] = &[
    must("type", Any),
    must("spec_version", Any),
    must("id", Any),
    may("created_by_ref", IDENTITY),
    must("created", Version),
    must("modified", Version),
    may("revoked", Bool),
    may("labels", Texts),
    may("confidence", PERCENT),
    may("lang", LANGUAGE),
    may("external_references", ExternalReferences),
    may("object_marking_refs", MARKINGS),
    may("granular_markings", Granular),
    stray("defanged", Bool),
    may("extensions", Extensions),
];

/// Of language-content: it has no language, for its contents say theirs themselves.
pub(super) const LANGUAGE_CONTENT: &[Property] = &[
    must("type", Any),
    must("spec_version", Any),
    must("id", Any),
    may("created_by_ref", IDENTITY),
    must("created", Version),
    must("modified", Version),
    may("revoked", Bool),
    may("labels", Texts),
    may("confidence", PERCENT),
    stray("lang", LANGUAGE),
    may("external_references", ExternalReferences),
    may("object_marking_refs", MARKINGS),
    may("granular_markings", Granular),
    stray("defanged", Bool),
    may("extensions", Extensions),
];

/// Of an extension-definition.
pub(super) const EXTENSION_DEFINITION: &[Property] = &[
    must("type", Any),
    must("spec_version", Any),
    must("id", Any),
    must("created_by_ref", IDENTITY),
    must("created", Version),
    must("modified", Version),
    may("revoked", Bool),
    may("labels", Texts),
    stray("confidence", PERCENT),
    stray("lang", LANGUAGE),
    may("external_references", ExternalReferences),
    may("object_marking_refs", MARKINGS),
    may("granular_markings", Granular),
    stray("defanged", Bool),
    stray("extensions", Extensions),
];

/// Of a marking-definition: it is never changed, so it has no `modified`.
pub(super) const MARKING_DEFINITION: &[Property] = &[
    must("type", Any),
    must("spec_version", Any),
    must("id", Any),
    may("created_by_ref", IDENTITY),
    must("created", Version),
    stray("modified", Version),
    stray("revoked", Bool),
    stray("labels", Texts),
    stray("confidence", PERCENT),
    stray("lang", LANGUAGE),
    may("external_references", ExternalReferences),
    may("object_marking_refs", MARKINGS),
    may("granular_markings", Granular),
    stray("defanged", Bool),
    may("extensions", Extensions),
];

/// Of a cyber-observable: it needs neither times nor a version.
pub(super) const OBSERVABLE: &[Property] = &[
    must("type", Any),
    may("spec_version", Any),
    must("id", Any),
    stray("created_by_ref", IDENTITY),
    stray("created", Time),
    stray("modified", Time),
    stray("revoked", Bool),
    stray("labels", Texts),
    stray("confidence", PERCENT),
    stray("lang", LANGUAGE),
    stray("external_references", ExternalReferences),
    may("object_marking_refs", MARKINGS),
    may("granular_markings", Granular),
    may("defanged", Bool),
    may("extensions", Extensions),
];

/// Of a type that is in no table, and what every object has in common.
pub(super) static COMMON: Shape = shape!("", COMMON_RULE, OBJECT, true, [], []);
/// Of an observable that is in no table.
static CUSTOM_OBSERVABLE: Shape = shape!("", COMMON_RULE, OBSERVABLE, true, [], []);

/// What holds for every object.
pub(super) const COMMON_LAWS: &[Law] = &[Law::NotEarlier("created", "modified")];

fn find(table: &'static [Shape], kind: &str) -> Option<&'static Shape> {
    let at = table.binary_search_by(|shape| shape.name.cmp(kind)).ok()?;
    table.get(at)
}

/// Is it a type of cyber-observable object (STIX 2.1, section 6)? Its id is made from its
/// properties.
#[must_use]
pub fn is_observable(kind: &str) -> bool {
    find(observables::TYPES, kind).is_some()
}

/// Is it a type of the standard?
pub(crate) fn is_standard(kind: &str) -> bool {
    find(objects::TYPES, kind).is_some() || is_observable(kind)
}

/// The shape of one of the project's own types.
pub(crate) fn own_type(kind: &str) -> Option<&'static Shape> {
    find(own::TYPES, kind)
}

/// Is the object of one of our own types? They are known by their extension as well, for others
/// may use the same words for types of theirs.
pub(crate) fn is_own(kind: &str, object: &Object) -> bool {
    let extensions = object.get("extensions").and_then(Value::as_object);
    own_type(kind).is_some()
        && (kind == own::AGREEMENT
            || extensions.is_some_and(|all| all.get(own::ONTOLOGY_EXTENSION).is_some()))
}

/// The shape an object has to have.
pub(super) fn shape_of(kind: &str, object: &Object) -> &'static Shape {
    if let Some(shape) = find(objects::TYPES, kind).or_else(|| find(observables::TYPES, kind)) {
        return shape;
    }
    if let Some(shape) = own_type(kind).filter(|_| is_own(kind, object)) {
        return shape;
    }
    if is_extended(object, "new-sco") {
        &CUSTOM_OBSERVABLE
    } else {
        &COMMON
    }
}

/// Has the object an extension of this type (7.3)?
pub(super) fn is_extended(object: &Object, extension_type: &str) -> bool {
    let extensions = object.get("extensions").and_then(Value::as_object);
    extensions.is_some_and(|all| {
        all.iter().any(|(_, extension)| {
            extension
                .as_object()
                .and_then(|extension| extension.str("extension_type"))
                == Some(extension_type)
        })
    })
}

/// Properties without which an object of this type is none; for a type not checked in full the
/// common ones. The gate refuses a rendition that would lack one.
#[must_use]
pub fn required_properties(kind: &str) -> &'static [&'static str] {
    find(objects::TYPES, kind)
        .or_else(|| find(observables::TYPES, kind))
        .or_else(|| own_type(kind))
        .unwrap_or(&COMMON)
        .required
}
