//! A rule and its pattern find the same: rules and events by chance, the rule run over the event's
//! fields, the pattern over the objects that the event describes.

use noroshi_model::{Object, Timestamp, Value};
use noroshi_pattern::{Engine, EngineLimits, Observation, ObservedObject, PatternLimits, Program};
use proptest::prelude::*;

use crate::tests::read::rule;
use crate::{Event, FieldTable};

const WORDS: [&str; 6] = ["cmd.exe", "Run", "temp", "a", "ab", "-x"];

/// A process as a log tells it.
#[derive(Clone, Debug)]
struct Process {
    image: Option<(String, String)>,
    line: Option<String>,
    id: Option<i64>,
}

impl Process {
    fn event(&self) -> Event {
        let mut event = Event::default();
        if let Some((folder, name)) = &self.image {
            event.add("Image", &format!("{folder}\\{name}"));
        }
        if let Some(line) = &self.line {
            event.add("CommandLine", line);
        }
        if let Some(id) = self.id {
            event.add("ProcessId", &id.to_string());
        }
        event
    }

    fn observation(&self) -> Observation {
        let text = |text: &str| Value::String(text.into());
        let mut objects = Vec::new();
        let mut object = |key: &str, properties: Object| {
            objects.push(ObservedObject {
                key: key.into(),
                properties,
            });
        };
        let mut process = Object::new().with("type", "process");
        if let Some((folder, name)) = &self.image {
            object(
                "file",
                Object::new()
                    .with("type", "file")
                    .with("name", text(name))
                    .with("parent_directory_ref", "folder"),
            );
            object(
                "folder",
                Object::new()
                    .with("type", "directory")
                    .with("path", text(folder)),
            );
            process.insert("image_ref", "file");
        }
        if let Some(line) = &self.line {
            process.insert("command_line", text(line));
        }
        if let Some(id) = self.id {
            process.insert("pid", Value::Int(id));
        }
        object("process", process);
        Observation::at(0, Timestamp::from_micros(0), objects).unwrap()
    }
}

fn processes() -> impl Strategy<Value = Process> {
    let word = || proptest::sample::select(WORDS.to_vec());
    let folder = proptest::collection::vec(word(), 1..3).prop_map(|words| words.join("\\"));
    let name = proptest::collection::vec(word(), 1..3).prop_map(|words| words.concat());
    let line = proptest::collection::vec(word(), 0..3).prop_map(|words| words.join(" "));
    (
        proptest::option::of((folder, name)),
        proptest::option::of(line),
        proptest::option::of(0_i64..4),
    )
        .prop_map(|(image, line, id)| Process { image, line, id })
}

/// A line of a search that a pattern can say.
fn searches() -> impl Strategy<Value = String> {
    let word = || proptest::sample::select(WORDS.to_vec());
    let piece = || {
        prop_oneof![
            4 => word().prop_map(str::to_owned),
            1 => Just("*".to_owned()),
            1 => Just("?".to_owned()),
            2 => Just("\\".to_owned()),
        ]
    };
    // A backslash ahead of a wildcard would take its meaning away, which is tested elsewhere.
    let value = || {
        proptest::collection::vec(piece(), 1..4).prop_map(|pieces| {
            let text = pieces.concat();
            text.replace("\\*", "\\\\*")
                .replace("\\?", "\\\\?")
                .replace("\\\\\\", "\\\\")
        })
    };
    let values = || proptest::collection::vec(value().prop_map(|value| format!("'{value}'")), 1..3);
    let how = proptest::sample::select(vec!["", "|contains", "|endswith", "|startswith", "|cased"]);
    prop_oneof![
        3 => (how.clone(), values())
            .prop_map(|(how, values)| format!("Image{how}: [{}]", values.join(", "))),
        3 => (how, values())
            .prop_map(|(how, values)| format!("CommandLine{how}: [{}]", values.join(", "))),
        1 => (0..4).prop_map(|id| format!("ProcessId: {id}")),
        1 => (0..4).prop_map(|id| format!("ProcessId|gt: {id}")),
        1 => proptest::sample::select(vec!["Image", "CommandLine", "ProcessId"])
            .prop_map(|field| format!("{field}: null")),
    ]
}

const CONDITIONS: [&str; 8] = [
    "a",
    "not a",
    "a and b",
    "a or b",
    "a and not b",
    "not (a and b)",
    "not (a or b) or c",
    "(a or not b) and not c",
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn a_pattern_finds_what_its_rule_finds(
        lines in proptest::collection::vec(searches(), 3),
        condition in proptest::sample::select(CONDITIONS.to_vec()),
        seen in proptest::collection::vec(processes(), 12),
    ) {
        let detection = format!(
            "    a: {{ {} }}\n    b: {{ {} }}\n    c: {{ {} }}\n    condition: {condition}",
            lines[0], lines[1], lines[2]
        );
        let rule = rule("{ category: process_creation, product: windows }", &detection).unwrap();
        let conversion = rule.convert(&FieldTable::built_in());
        prop_assert_eq!(&conversion.unsaid, &[]);
        let pattern = conversion.pattern.unwrap().to_string();
        let program = Program::read(&pattern, &PatternLimits::DEFAULT).unwrap();
        let runner = rule.runner().unwrap();
        for process in &seen {
            let mut engine = Engine::new(EngineLimits::DEFAULT);
            engine.load(0, program.clone()).unwrap();
            let mut hits = Vec::new();
            engine.observe(&process.observation(), Timestamp::from_micros(0), &mut hits);
            prop_assert_eq!(
                runner.finds(&process.event()),
                !hits.is_empty(),
                "{} and {:?}", pattern, process
            );
        }
    }
}
