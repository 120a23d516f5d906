//! Observations out of STIX: observed-data of 2.1 with `object_refs`, and of 2.0 with `objects`.

use std::collections::BTreeMap;

use noroshi_model::{Object, Timestamp, Value};

use crate::observation::{Observation, ObservationError, ObservedObject};

/// Why STIX gives no observations.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ObservedError {
    /// It is neither a bundle, nor a list of objects, nor an object.
    #[error("it is neither a bundle nor a list of STIX objects")]
    Shape,
    /// An observed-data object lacks or garbles a property.
    #[error("{id}: `{property}` is missing or not what STIX wants there")]
    Property {
        /// The object's id, or its place in the list.
        id: String,
        /// The property.
        property: &'static str,
    },
    /// Its objects make no observation.
    #[error("{id}: {source}")]
    Observation {
        /// The object's id, or its place in the list.
        id: String,
        /// Why not.
        source: ObservationError,
    },
}

/// Every observed-data object of a bundle, or of a list of objects, as an observation, in the
/// order they stand in. An observation's id is its place in the list. References that lead nowhere
/// are left unresolved: what is not there matches nothing.
///
/// # Errors
/// The first object that is malformed.
pub fn observations(stix: &Value) -> Result<Vec<Observation>, ObservedError> {
    let list = match stix {
        Value::Array(list) => list.as_slice(),
        Value::Object(bundle) if bundle.str("type") == Some("bundle") => bundle
            .get("objects")
            .and_then(Value::as_array)
            .unwrap_or_default(),
        Value::Object(_) => core::slice::from_ref(stix),
        _ => return Err(ObservedError::Shape),
    };
    let by_id: BTreeMap<&str, &Object> = list
        .iter()
        .filter_map(Value::as_object)
        .filter_map(|object| Some((object.str("id")?, object)))
        .collect();
    let mut found = Vec::new();
    for (at, object) in list.iter().enumerate() {
        let object = object.as_object().ok_or(ObservedError::Shape)?;
        if object.str("type") == Some("observed-data") {
            found.push(observation(at, object, &by_id)?);
        }
    }
    Ok(found)
}

fn observation(
    at: usize,
    observed: &Object,
    by_id: &BTreeMap<&str, &Object>,
) -> Result<Observation, ObservedError> {
    let id = observed.str("id").map_or_else(
        || format!("object {at}"),
        |id| id.chars().take(80).collect(),
    );
    let property = |property| ObservedError::Property {
        id: id.clone(),
        property,
    };
    let time = |name| -> Result<Timestamp, ObservedError> {
        let text = observed.str(name).ok_or_else(|| property(name))?;
        text.parse().map_err(|_| property(name))
    };
    let span = (time("first_observed")?, time("last_observed")?);
    let count = observed.get("number_observed").and_then(Value::as_int);
    let count = count.and_then(|count| u32::try_from(count).ok());
    let count = count.ok_or_else(|| property("number_observed"))?;
    let mut objects = Vec::new();
    if let Some(own) = observed.get("objects").and_then(Value::as_object) {
        for (key, value) in own.iter() {
            let properties = value
                .as_object()
                .ok_or_else(|| property("objects"))?
                .clone();
            let key = key.into();
            objects.push(ObservedObject { key, properties });
        }
    } else {
        let refs = observed.get("object_refs").and_then(Value::as_array);
        for key in refs.ok_or_else(|| property("object_refs"))? {
            let key = key.as_str().ok_or_else(|| property("object_refs"))?;
            if let Some(properties) = by_id.get(key) {
                let properties = (*properties).clone();
                let key = key.into();
                objects.push(ObservedObject { key, properties });
            }
        }
    }
    objects.sort_by(|a, b| a.key.cmp(&b.key));
    objects.dedup_by(|a, b| a.key == b.key);
    let id_of = u64::try_from(at).unwrap_or(u64::MAX);
    Observation::over(id_of, span, count, objects)
        .map_err(|source| ObservedError::Observation { id, source })
}
