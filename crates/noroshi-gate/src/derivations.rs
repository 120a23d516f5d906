//! What was made of what for release: told to nobody.
//!
//! Whatever names both, a version for release and what it was made of, tells the derivation. Such
//! an object leaves for nobody, whoever wrote it and whatever it is marked with.

use std::collections::BTreeMap;
use std::sync::Arc;

use noroshi_model::StixId;
use noroshi_model::json::{Object, Value};

use crate::review;

/// Versions for release, each with what it was made of.
pub type Derivations = Arc<BTreeMap<StixId, StixId>>;

/// Does the object name some version for release and its original, in a reference, in a text or by
/// being one of them? Linear in the object; nothing where there are no derivations.
pub(crate) fn tells(object: &Object, derivations: &Derivations) -> bool {
    if derivations.is_empty() {
        return false;
    }
    let mut named = Vec::new();
    for (_, value) in object.iter() {
        collect(value, &mut named);
    }
    named.sort_unstable();
    named.dedup();
    named.iter().any(|id| {
        let original = derivations.get(id);
        original.is_some_and(|original| named.binary_search(original).is_ok())
    })
}

fn collect(value: &Value, named: &mut Vec<StixId>) {
    match value {
        Value::String(text) => named.extend(review::ids_in(text)),
        Value::Array(values) => values.iter().for_each(|value| collect(value, named)),
        Value::Object(object) => object.iter().for_each(|(key, value)| {
            named.extend(review::ids_in(key));
            collect(value, named);
        }),
        Value::Null | Value::Bool(_) | Value::Int(_) | Value::Float(_) => {}
    }
}
