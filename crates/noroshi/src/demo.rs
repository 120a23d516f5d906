//! The demonstration: two nodes in two processes go the whole way with real data, and every step
//! is checked by what the *other* node says when it is asked.

mod data;
mod stage;
mod story;

use std::collections::BTreeSet;

use noroshi_node::Failure;
use noroshi_node::messages::{Lang, text};
use serde_json::{Value, json};

use crate::call::print;
use crate::cli::DemoOptions;

/// How the story is told.
#[derive(Clone, Copy)]
pub(crate) struct Voice {
    pub(crate) lang: Lang,
    /// As JSON lines for a program, in place of sentences.
    pub(crate) json: bool,
}

impl Voice {
    /// A sentence for a person.
    fn say(self, id: &str, args: &[(&str, &str)]) {
        if !self.json {
            print(&text(self.lang, id, args));
        }
    }

    /// A row for a program.
    fn row(self, kind: &str, row: &Value) {
        if self.json {
            print(&json!({ "event": "row", "kind": kind, "row": row }).to_string());
        }
    }

    /// The last word for a program.
    fn answer(self, answer: &Value) {
        if self.json {
            print(&json!({ "event": "answer", "kind": "demo", "answer": answer }).to_string());
        }
    }
}

/// What the demonstration has found so far.
pub(crate) struct Findings {
    voice: Voice,
    held: u32,
    faults: BTreeSet<&'static str>,
    failed: u32,
    step: u32,
}

impl Findings {
    /// Begin a step of the story.
    pub(crate) fn step(&mut self, id: &str, args: &[(&str, &str)]) {
        self.step += 1;
        let words = text(self.voice.lang, id, args);
        let number = self.step.to_string();
        self.voice
            .say("demo-step", &[("number", &number), ("text", &words)]);
        let row = json!({ "number": self.step, "code": id, "text": words });
        self.voice.row("demo_step", &row);
    }

    /// A check held or did not; `guards` names the fault it would show.
    pub(crate) fn check(
        &mut self,
        guards: &'static str,
        holds: bool,
        id: &str,
        args: &[(&str, &str)],
    ) {
        let words = text(self.voice.lang, id, args);
        let mark = if holds { "  ✓" } else { "  ✗" };
        self.voice
            .say("demo-check", &[("mark", mark), ("text", &words)]);
        let row = json!({ "code": id, "guards": guards, "holds": holds, "text": words });
        self.voice.row("demo_check", &row);
        if holds {
            self.held += 1;
        } else {
            self.failed += 1;
            self.faults.insert(guards);
        }
    }
}

/// Run it. Succeeds only if each check held.
pub(crate) fn run(voice: Voice, options: &DemoOptions) -> Result<(), Failure> {
    voice.say("demo-title", &[]);
    if let Some(fault) = &options.fault {
        voice.say("demo-planted", &[("fault", fault)]);
    }
    let began = stage::now();
    let mut findings = Findings {
        voice,
        held: 0,
        faults: BTreeSet::new(),
        failed: 0,
        step: 0,
    };
    let mut stage = stage::Stage::build(voice)?;
    story::tell(&mut stage, &mut findings, options.fault.as_deref())?;
    let seconds = (stage::now().micros() - began.micros()) / 1_000_000;
    let faults: Vec<&str> = findings.faults.iter().copied().collect();
    voice.answer(&json!({
        "held": findings.held,
        "failed": findings.failed,
        "faults": faults,
        "seconds": seconds,
        "nodes": [stage.jp.whereabouts(), stage.us.whereabouts()],
    }));
    if findings.failed > 0 {
        let faults = faults.join(", ");
        let count = findings.failed.to_string();
        voice.say("demo-failed", &[("count", &count), ("faults", &faults)]);
        let why = format_args!("found: {faults}");
        return Err(Failure::new("demo.failed", 1, why));
    }
    let (count, seconds) = (findings.held.to_string(), seconds.to_string());
    voice.say("demo-passed", &[("count", &count), ("seconds", &seconds)]);
    if options.keep {
        let (jp, us) = (stage.jp.how_to_talk("USA"), stage.us.how_to_talk("JPN"));
        voice.say("demo-kept", &[("jp", &jp), ("us", &us)]);
        stage.wait();
    }
    Ok(())
}
