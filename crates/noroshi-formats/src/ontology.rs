//! The project's own types: what is registered, the objects that define it for others, and what
//! those who do not know a type are given instead.
//!
//! The types themselves are rows in `stix/own.rs`; nothing here is written per type.

use noroshi_model::Limits;
use noroshi_model::json::{Object, Value};

use crate::error::ReadError;
use crate::stix::own::{EXTENSIONS, ONTOLOGY_EXTENSION, OWN_TYPES, registered};
use crate::stix::{Need, Shape, is_own, own_type};
use crate::valid::{Valid, check};

mod fallback;
#[cfg(test)]
mod tests;

pub use crate::stix::own::{Fallback, OwnType};
pub use fallback::{fallback, fallback_id};

/// Who the definitions are by.
const PROJECT: &str = "identity--0d5b0f3c-6a0e-4d0b-9f43-5b1f0a4c9b7e";
/// When this version of the definitions was made. It changes with every row in `stix/own.rs`.
const MODIFIED: &str = "2026-11-25T21:00:00.000Z";
const CREATED: &str = "2026-11-25T00:00:00.000Z";
/// Version of the definitions.
const VERSION: &str = "1.1.0";

/// What the definitions of extensions are called: by the type that carries them.
const EXTENSION_NAMES: &[(&str, &str)] = &[
    ("identity", "Noroshi: units"),
    ("infrastructure", "Noroshi: services"),
    ("incident", "Noroshi: incidents between allies"),
    ("indicator", "Noroshi: warning"),
    ("marking-definition", "Noroshi: national markings"),
];

/// Every own type, in order of name.
#[must_use]
pub fn own_types() -> &'static [OwnType] {
    OWN_TYPES
}

/// The registered own type of an object; `None` where it is of none.
#[must_use]
pub fn own_type_of(object: &Valid) -> Option<&'static OwnType> {
    let kind = object.head().id.kind();
    registered(kind).filter(|_| is_own(kind, object.object()))
}

/// The own type of that name, whether or not an object that bears it is ours.
#[must_use]
pub fn own_type_named(kind: &str) -> Option<&'static OwnType> {
    registered(kind)
}

/// The objects to send along, so that others can look up what our types and extensions are: the
/// project's identity, the definition of all own types, and one of each property extension.
///
/// Their text is made from the tables that objects are checked against.
///
/// # Errors
/// None as long as the tables are sound, which the tests hold.
pub fn definitions() -> Result<Vec<Valid>, ReadError> {
    let identity = common("identity", PROJECT)
        .with("name", "Noroshi")
        .with("identity_class", "system");
    let types = OWN_TYPES
        .iter()
        .filter_map(|own| own_type(own.name))
        .map(|shape| format!("{}:{}", shape.name, described(shape)));
    let ontology = definition(
        ONTOLOGY_EXTENSION,
        "Noroshi: the types",
        types.collect(),
        vec!["new-sdo", "new-sro"],
    );
    let extensions = EXTENSIONS.iter().map(|(carrier, shape)| {
        let name = EXTENSION_NAMES.iter().find(|(it, _)| it == carrier);
        let name = name.map_or(*carrier, |(_, name)| *name);
        let text = format!("Extends `{carrier}`:{}", described(shape));
        definition(shape.name, name, vec![text], vec!["property-extension"])
    });
    [identity, ontology]
        .into_iter()
        .chain(extensions)
        .map(|object| check(Value::Object(object), &Limits::DEFAULT).map(|(valid, _)| valid))
        .collect()
}

fn common(kind: &str, id: &str) -> Object {
    Object::new()
        .with("type", kind)
        .with("spec_version", "2.1")
        .with("id", id)
        .with("created", CREATED)
        .with("modified", MODIFIED)
}

fn definition(id: &str, name: &str, texts: Vec<String>, types: Vec<&str>) -> Object {
    common("extension-definition", id)
        .with("created_by_ref", PROJECT)
        .with("name", name)
        .with("schema", texts.join("\n"))
        .with("version", VERSION)
        .with("extension_types", types)
}

/// A shape in words: what it must have, what it may have.
fn described(shape: &Shape) -> String {
    let named = |need: Need| {
        let rows = shape.properties.iter();
        let rows = rows.filter(|row| row.need == need && !row.is_common);
        let names: Vec<&str> = rows
            .map(|row| row.name)
            .filter(|name| *name != "extension_type")
            .collect();
        names.join(", ")
    };
    let (must, may) = (named(Need::Must), named(Need::May));
    let part = |word: &str, names: String| {
        if names.is_empty() {
            String::new()
        } else {
            format!(" {word}: {names}.")
        }
    };
    part("required", must) + &part("optional", may)
}
