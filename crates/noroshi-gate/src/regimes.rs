//! What a marking-definition means, regime by regime. Strict: a word, a field or a JSON type that
//! this node does not know makes the whole definition unknown, and whatever names it is held.

mod acs;
mod content;
mod iep;
mod national;

use noroshi_model::json::{Object, Value};

use self::content::Content;
use crate::fold::fold;
use crate::label::Label;
use crate::table::Meaning;

/// Property extension of TLP 2.0 marking-definitions.
const TLP2: &str = "extension-definition--60a3c5c5-0d10-413e-aab3-9e08dde9e88d";
/// Property extension of FIRST IEP 2.0.
const IEP: &str = "extension-definition--762e2e97-ee51-43e5-a9ea-165fbb862c4a";
/// Property extension of ACS 3.0.
const ACS: &str = "extension-definition--3a65884d-005a-4290-8335-cb2d778a83ce";
/// Property extension of national markings, this project's own.
const NATIONAL: &str = "extension-definition--694be976-4ec2-4b80-b47c-48f75510a38d";

/// What a definition means, or what this node does not know about it. Everything it says is
/// joined: an extension beside a `definition`, or beside another extension, opens nothing.
pub(crate) fn meaning(definition: &Object) -> Result<Meaning, String> {
    let mut label = Label::none();
    match definition.get("extensions") {
        None => {}
        Some(Value::Object(extensions)) => {
            for (extension, content) in extensions.iter() {
                label = label.join(&of_extension(extension, content)?);
            }
        }
        Some(_) => return Err("its extensions are no object".to_owned()),
    }
    let statement = match (
        definition.get("definition_type"),
        definition.get("definition"),
    ) {
        (None, None) => false,
        (Some(Value::String(kind)), Some(Value::Object(body))) => {
            match of_body(kind, &Content::of(body))? {
                Meaning::Statement => true,
                Meaning::Marks(more) => {
                    label = label.join(&more);
                    false
                }
            }
        }
        _ => return Err("its definition is not as STIX 2.1, 7.2.1 has it".to_owned()),
    };
    match (label.is_none(), statement) {
        (true, true) => Ok(Meaning::Statement),
        (true, false) => Err("it marks nothing".to_owned()),
        (false, _) => Ok(Meaning::Marks(label)),
    }
}

fn of_extension(extension: &str, content: &Value) -> Result<Label, String> {
    let content = content.as_object().ok_or("an extension is no object")?;
    let content = Content::of(content);
    if let Some(kind) = content.maybe_text("extension_type")?
        && kind != "property-extension"
    {
        return Err(format!("`{kind}` is no kind of extension for a marking"));
    }
    match extension {
        TLP2 => {
            content.only(&["extension_type", "tlp_2_0"])?;
            level("tlp", content.text("tlp_2_0")?)
        }
        IEP => iep::label(&content),
        ACS => acs::label(&content),
        NATIONAL => national::label(&content),
        _ => Err("it has an extension this node does not know".to_owned()),
    }
}

/// `definition_type` and `definition`: TLP 1, statements, and PAP as OpenCTI writes it.
fn of_body(kind: &str, body: &Content<'_>) -> Result<Meaning, String> {
    match fold(kind).as_deref() {
        Some("statement") => {
            body.only(&["statement"])?;
            body.text("statement").map(|_| Meaning::Statement)
        }
        Some(axis @ ("tlp" | "pap")) => {
            body.only(&[axis])?;
            level(axis, body.text(axis)?).map(Meaning::Marks)
        }
        _ => Err("its kind is not one this node knows".to_owned()),
    }
}

/// A level of an axis by its word, or what is not known.
fn level(axis: &str, word: &str) -> Result<Label, String> {
    Label::level(axis, word).ok_or_else(|| format!("`{}` is no level of {axis}", shortened(word)))
}

/// A word for a message: what comes from outside is never repeated at length.
fn shortened(word: &str) -> String {
    word.chars().filter(|c| !c.is_control()).take(40).collect()
}

#[cfg(test)]
mod tests;
