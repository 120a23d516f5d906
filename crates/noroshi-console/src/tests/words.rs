//! Templates have no text of their own, and every message that pages name is there.

use std::path::Path;

use noroshi_node::messages::{Lang, knows};

fn files(folder: &str, ending: &str) -> Vec<(String, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let mut found = Vec::new();
    let mut waiting = vec![folder];
    while let Some(folder) = waiting.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                waiting.push(path);
            } else if path.extension().is_some_and(|known| known == ending) {
                let text = std::fs::read_to_string(&path).unwrap();
                found.push((path.display().to_string(), text));
            }
        }
    }
    found
}

/// A template without what askama puts in, its statements gone and its values one letter of another
/// alphabet.
fn bare(template: &str) -> String {
    let mut bare = String::new();
    let mut rest = template;
    while let Some(at) = rest.find('{') {
        let (before, after) = rest.split_at(at);
        bare.push_str(before);
        let ends = [("{%", "%}"), ("{{", "}}"), ("{#", "#}")];
        let Some((begin, end)) = ends.iter().find(|(begin, _)| after.starts_with(begin)) else {
            bare.push('{');
            rest = &after[1..];
            continue;
        };
        let close = after.find(end).expect("a template closes what it opens");
        if *begin == "{{" {
            bare.push('§');
        }
        rest = &after[close + 2..];
    }
    bare + rest
}

/// Attributes that people read or hear.
const READ: [&str; 5] = [
    "aria-label",
    "title",
    "alt",
    "placeholder",
    "aria-description",
];

/// Texts of a template that come from no message.
fn own_words(template: &str) -> Vec<String> {
    let bare = bare(template);
    let mut found = Vec::new();
    let (mut in_tag, mut is_code) = (false, false);
    let mut piece = String::new();
    for c in bare.chars() {
        match (in_tag, c) {
            (false, '<') => {
                let text = std::mem::take(&mut piece);
                // A command is the same in every language.
                if !(is_code && text.starts_with("noroshi ")) {
                    found.push(text);
                }
                in_tag = true;
            }
            (true, '>') => {
                for name in READ {
                    if let Some((_, rest)) = piece.split_once(&format!(" {name}=\"")) {
                        found.push(rest.split('"').next().unwrap().to_owned());
                    }
                }
                is_code = piece == "code";
                piece.clear();
                in_tag = false;
            }
            (_, c) => piece.push(c),
        }
    }
    found.push(piece);
    found.retain(|text| text.chars().any(|c| c.is_alphanumeric()));
    found
}

#[test]
fn every_text_of_a_template_is_a_message() {
    let templates = files("templates", "html");
    assert!(templates.len() >= 8);
    for (name, template) in &templates {
        assert_eq!(own_words(template), Vec::<String>::new(), "{name}");
        assert!(
            !template.contains("|safe") && !template.contains("| safe"),
            "{name}"
        );
        assert!(!template.contains("escape "), "{name}");
    }
}

#[test]
fn a_text_of_its_own_is_found_wherever_it_stands() {
    for (template, found) in [
        ("<p>Hello</p>", "Hello"),
        ("<p>{{ x }} items</p>", "§ items"),
        ("<img alt=\"A picture\">", "A picture"),
        ("<input placeholder=\"名前\">", "名前"),
        ("{% if a %}狼煙{% endif %}", "狼煙"),
    ] {
        assert_eq!(own_words(template), [found], "{template}");
    }
    assert!(own_words("<a href=\"/x\" class=\"y\">{{ shell.say(\"z\") }} · ×</a>").is_empty());
}

#[test]
fn every_message_that_pages_name_is_in_both_languages() {
    let mut named = Vec::new();
    let sources = files("templates", "html")
        .into_iter()
        .chain(files("src", "rs"));
    for (file, text) in sources.filter(|(file, _)| !file.contains("tests")) {
        for call in ["say(\"", "tell(\"", "\"console-"] {
            for rest in text.split(call).skip(1) {
                let id = rest.split('"').next().unwrap();
                let id = if call.starts_with('"') {
                    format!("console-{id}")
                } else {
                    id.to_owned()
                };
                if !id.contains(['{', '}']) {
                    named.push((file.clone(), id));
                }
            }
        }
    }
    assert!(named.len() > 60);
    // Beginnings of the words of closed sets.
    let prefixes: Vec<String> = files("templates", "html")
        .iter()
        .flat_map(|(_, text)| text.split("word(\"").skip(1))
        .map(|rest| rest.split('"').next().unwrap().to_owned())
        .collect();
    for (file, id) in named.iter().filter(|(_, id)| !prefixes.contains(id)) {
        for lang in Lang::ALL {
            assert!(knows(lang, id), "{file} names {id}");
        }
    }
}

#[test]
fn words_of_closed_sets_are_there() {
    let words = [
        (
            "console-act",
            noroshi_model::act::ActKind::ALL
                .iter()
                .map(|kind| kind.as_str())
                .collect::<Vec<_>>(),
        ),
        (
            "console-state",
            vec!["admitted", "held", "withdrawn", "destroyed", "superseded"],
        ),
        ("console-health", vec!["green", "amber", "red"]),
        ("console-role", vec!["originator", "attestor", "releaser"]),
        (
            "console-signature",
            vec!["verified", "unknown_key", "invalid", "none"],
        ),
        ("console-facet", vec!["kind", "marking", "source", "by"]),
        (
            "console-duty",
            noroshi_model::Duty::ALL
                .iter()
                .map(|duty| duty.as_str())
                .collect::<Vec<_>>(),
        ),
        (
            "console-kind",
            vec!["ministry", "unit", "agency", "operator", "partner"],
        ),
        (
            "console-holds",
            vec![
                "waiting",
                "delivered",
                "holds",
                "held",
                "refused",
                "recalling",
                "recalled",
            ],
        ),
        ("console-status", vec!["400", "403", "404", "405", "421"]),
    ];
    for (prefix, words) in words {
        for word in words {
            let id = format!("{prefix}-{word}").replace('.', "-");
            for lang in Lang::ALL {
                assert!(knows(lang, &id), "{id}");
            }
        }
    }
}
