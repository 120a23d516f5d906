//! What stands around every page: banner, head, navigation, foot; and the words in it.

use std::fmt::Display;

use askama::Template;
use askama::filters::HtmlSafe;
use noroshi_model::World;
use noroshi_node::messages::{Lang, text};

use crate::routes::NAVIGATION;
use crate::statics;
use crate::times::{When, Zone};
use crate::visit::Visit;

/// The frame of a page.
pub(crate) struct Shell {
    pub(crate) lang: Lang,
    pub(crate) title: String,
    pub(crate) organisation: String,
    pub(crate) is_exercise: bool,
    /// Markings of what stands on the page; none where nothing marked does.
    pub(crate) markings: Vec<String>,
    pub(crate) person: Option<String>,
    pub(crate) links: Vec<Link>,
    pub(crate) token: String,
    pub(crate) path: String,
    /// This address in the other language.
    pub(crate) other_query: String,
    pub(crate) clock: WhenTag,
    pub(crate) search: String,
    pub(crate) may_search: bool,
    zone: Zone,
}

/// A link of the navigation.
pub(crate) struct Link {
    pub(crate) path: &'static str,
    pub(crate) message: &'static str,
    pub(crate) is_here: bool,
}

impl Shell {
    pub(crate) fn new(visit: &Visit<'_>, title: &str) -> Self {
        let duties = visit.who.map(|who| who.duties()).unwrap_or_default();
        let links = NAVIGATION
            .iter()
            .filter(|(_, _, deed)| duties.permit(*deed))
            .map(|(path, message, _)| Link {
                path,
                message,
                is_here: visit.path == *path
                    || (*path != "/" && visit.path.starts_with(&format!("{path}/"))),
            });
        Self {
            lang: visit.lang,
            title: title.to_owned(),
            organisation: visit.face.name(visit.lang).to_owned(),
            is_exercise: visit.face.world == World::Exercise,
            markings: Vec::new(),
            person: visit.who.map(|who| who.person().to_string()),
            links: links.collect(),
            token: visit.token.clone(),
            path: visit.path.to_owned(),
            other_query: visit.query.with("lang", other(visit.lang).as_str()),
            clock: WhenTag(visit.zone.when(visit.now)),
            search: String::new(),
            may_search: duties.permit(noroshi_gate::Deed::ReadItems),
            zone: visit.zone.clone(),
        }
    }

    /// Markings that the banner names.
    pub(crate) fn marked(mut self, markings: impl IntoIterator<Item = String>) -> Self {
        self.markings = markings.into_iter().filter(|m| !m.is_empty()).collect();
        self.markings.sort();
        self.markings.dedup();
        self
    }

    /// A message without arguments.
    pub(crate) fn say(&self, id: &str) -> String {
        text(self.lang, id, &[])
    }

    /// A message with one argument.
    pub(crate) fn tell(&self, id: &str, name: &str, value: impl Display) -> String {
        text(self.lang, id, &[(name, &value.to_string())])
    }

    /// The message of a word that comes from a closed set: `PREFIX-WORD`.
    pub(crate) fn word(&self, prefix: &str, word: impl Display) -> String {
        let id = format!("{prefix}-{word}").replace('.', "-");
        if noroshi_node::messages::knows(self.lang, &id) {
            text(self.lang, &id, &[])
        } else {
            word.to_string()
        }
    }

    /// An instant in both zones.
    pub(crate) fn when(&self, instant: impl Display) -> WhenTag {
        WhenTag(self.zone.when_of(instant))
    }

    pub(crate) fn other_lang(&self) -> &'static str {
        other(self.lang).as_str()
    }

    pub(crate) fn version(&self) -> &'static str {
        statics::version()
    }
}

fn other(lang: Lang) -> Lang {
    match lang {
        Lang::En => Lang::Ja,
        Lang::Ja => Lang::En,
    }
}

/// An instant, as a part of a page.
#[derive(Template)]
#[template(
    ext = "html",
    source = r#"<time datetime="{{ self.0.machine }}"><span class="here">{{ self.0.here }}</span> <span class="utc">{{ self.0.utc }}</span></time>"#
)]
pub(crate) struct WhenTag(pub(crate) When);

impl HtmlSafe for WhenTag {}

/// A text of somebody else's: nothing in it turns the direction of writing or is hidden.
pub(crate) fn harmless(text: &str) -> String {
    let turns = |c: char| {
        matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
            | '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{180e}'
            | '\u{3164}' | '\u{ffa0}'
            | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
            || (c.is_control() && !matches!(c, '\n' | '\r' | '\t'))
    };
    if !text.contains(turns) {
        return text.to_owned();
    }
    let spelled = |c: char| {
        if turns(c) {
            format!("⟨U+{:04X}⟩", u32::from(c))
        } else {
            c.to_string()
        }
    };
    text.chars().map(spelled).collect()
}

#[cfg(test)]
mod tests {
    use super::harmless;

    #[test]
    fn what_turns_or_hides_is_spelled_out() {
        assert_eq!(harmless("a\u{202e}b"), "a⟨U+202E⟩b");
        // The mark of Arabic turns as well; fillers and soft hyphens hide.
        assert_eq!(
            harmless("\u{61c}\u{3164}\u{ad}\u{2028}"),
            "⟨U+061C⟩⟨U+3164⟩⟨U+00AD⟩⟨U+2028⟩"
        );
        assert_eq!(
            harmless("\u{200b}\u{feff}\u{1b}[0m"),
            "⟨U+200B⟩⟨U+FEFF⟩⟨U+001B⟩[0m"
        );
        // Browsers send the ends of lines as two characters.
        assert_eq!(harmless("特定秘密\r\n\tb"), "特定秘密\r\n\tb");
    }
}
