//! Words for people, in English and Japanese, from one catalogue (Project Fluent) for the command
//! line and the console. A message that is missing falls back to its id and arguments.

mod lang;
mod render;
mod taxii;
mod telemetry;
mod views;
mod warnings;

#[cfg(test)]
mod tests;

use std::sync::LazyLock;

use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource};

use crate::command::Failure;

pub use lang::Lang;
pub use render::render;

const ENGLISH: &str = include_str!("../locales/en.ftl");
const JAPANESE: &str = include_str!("../locales/ja.ftl");
/// The console's pages.
const CONSOLE_ENGLISH: &str = include_str!("../locales/console-en.ftl");
const CONSOLE_JAPANESE: &str = include_str!("../locales/console-ja.ftl");
/// Further pages of the console.
const SCREENS_ENGLISH: &str = include_str!("../locales/screens-en.ftl");
const SCREENS_JAPANESE: &str = include_str!("../locales/screens-ja.ftl");
/// What failures mean, in Japanese, by code; in English each says it itself.
const FAILURES_JAPANESE: &str = include_str!("../locales/errors-ja.ftl");

/// What commands and their arguments are for, in Japanese; the definitions of the commands say it
/// in English.
const HELP_JAPANESE: &str = include_str!("../locales/help-ja.ftl");

/// What notes and errors of reading mean, in Japanese, by code; in English each says it itself.
const READING_JAPANESE: &str = include_str!("../locales/reading-ja.ftl");

type Bundle = FluentBundle<FluentResource>;

static BUNDLES: LazyLock<[Bundle; 2]> = LazyLock::new(|| {
    [
        bundle("en", &[ENGLISH, CONSOLE_ENGLISH, SCREENS_ENGLISH]),
        bundle(
            "ja",
            &[
                JAPANESE,
                CONSOLE_JAPANESE,
                SCREENS_JAPANESE,
                FAILURES_JAPANESE,
                READING_JAPANESE,
                HELP_JAPANESE,
            ],
        ),
    ]
});

fn bundle(tag: &str, sources: &[&str]) -> Bundle {
    let langs = tag.parse().into_iter().collect();
    let mut bundle = Bundle::new_concurrent(langs);
    // Marks around arguments would be copied with them from a terminal.
    bundle.set_use_isolating(false);
    // The catalogues are part of the binary and tested: a broken entry is left out here.
    for source in sources {
        let resource =
            FluentResource::try_new((*source).to_owned()).unwrap_or_else(|(usable, _)| usable);
        let _ = bundle.add_resource(resource);
    }
    bundle
}

fn bundle_of(lang: Lang) -> &'static Bundle {
    let [english, japanese] = &*BUNDLES;
    match lang {
        Lang::En => english,
        Lang::Ja => japanese,
    }
}

/// A message with its arguments.
#[must_use]
pub fn text(lang: Lang, id: &str, args: &[(&str, &str)]) -> String {
    let bundle = bundle_of(lang);
    let Some(pattern) = bundle.get_message(id).and_then(|message| message.value()) else {
        let listed: Vec<String> = args
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        return format!("{id} {}", listed.join(" ")).trim_end().to_owned();
    };
    let mut named = FluentArgs::new();
    for (name, value) in args {
        named.set(*name, *value);
    }
    bundle
        .format_pattern(pattern, Some(&named), &mut Vec::new())
        .into_owned()
}

/// What an argument of a command is for, where the catalogue says it.
#[must_use]
pub fn argument_help(lang: Lang, command: &str, argument: &str) -> Option<String> {
    let message = bundle_of(lang).get_message(command)?;
    let pattern = message.get_attribute(argument)?.value();
    let said = bundle_of(lang).format_pattern(pattern, None, &mut Vec::new());
    Some(said.into_owned())
}

/// Is there a message of that id?
#[must_use]
pub fn knows(lang: Lang, id: &str) -> bool {
    bundle_of(lang).has_message(id)
}

/// A failure for people: what went wrong, in words that say what to do. In Japanese the failure's
/// own English sentence, which holds the names and numbers, stands in brackets after it.
#[must_use]
pub fn failure(lang: Lang, failure: &Failure) -> String {
    let code = failure.code.replace('.', "-");
    // A refusal of the gate has its reason's words already, with their arguments.
    let known = [format!("error-{code}"), code]
        .into_iter()
        .find(|id| lang == Lang::Ja && knows(lang, id));
    let detail = match known {
        None => failure.detail.clone(),
        Some(id) => {
            let args: Vec<(&str, &str)> = failure
                .args
                .iter()
                .map(|(name, value)| (name.as_str(), value.as_str()))
                .collect();
            format!("{}\n({})", text(lang, &id, &args), failure.detail)
        }
    };
    text(lang, "failed", &[("detail", &detail)])
}
