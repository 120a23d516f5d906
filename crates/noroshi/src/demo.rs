//! The demonstration: two nodes in two processes go the whole way with real data, and every step
//! is checked by what the *other* node says when it is asked.

mod data;
mod stage;
mod story;

use std::collections::BTreeSet;

use noroshi_node::Failure;
use noroshi_node::messages::{Lang, text};

use crate::call::print;
use crate::cli::DemoOptions;

/// What the demonstration has found so far.
pub(crate) struct Findings {
    lang: Lang,
    held: u32,
    faults: BTreeSet<&'static str>,
    failed: u32,
    step: u32,
}

impl Findings {
    /// Begin a step of the story.
    pub(crate) fn step(&mut self, id: &str, args: &[(&str, &str)]) {
        self.step += 1;
        let words = text(self.lang, id, args);
        let number = self.step.to_string();
        print(&text(
            self.lang,
            "demo-step",
            &[("number", &number), ("text", &words)],
        ));
    }

    /// A check held or did not; `guards` names the fault it would show.
    pub(crate) fn check(
        &mut self,
        guards: &'static str,
        holds: bool,
        id: &str,
        args: &[(&str, &str)],
    ) {
        let words = text(self.lang, id, args);
        let mark = if holds { "  ✓" } else { "  ✗" };
        print(&text(
            self.lang,
            "demo-check",
            &[("mark", mark), ("text", &words)],
        ));
        if holds {
            self.held += 1;
        } else {
            self.failed += 1;
            self.faults.insert(guards);
        }
    }
}

/// Run it. Succeeds only if each check held.
pub(crate) fn run(lang: Lang, options: &DemoOptions) -> Result<(), Failure> {
    print(&text(lang, "demo-title", &[]));
    if let Some(fault) = &options.fault {
        print(&text(lang, "demo-planted", &[("fault", fault)]));
    }
    let began = stage::now();
    let mut findings = Findings {
        lang,
        held: 0,
        faults: BTreeSet::new(),
        failed: 0,
        step: 0,
    };
    let mut stage = stage::Stage::build(lang)?;
    story::tell(&mut stage, &mut findings, options.fault.as_deref())?;
    let seconds = (stage::now().micros() - began.micros()) / 1_000_000;
    if findings.failed > 0 {
        let faults: Vec<&str> = findings.faults.iter().copied().collect();
        let faults = faults.join(", ");
        print(&text(
            lang,
            "demo-failed",
            &[("count", &findings.failed.to_string()), ("faults", &faults)],
        ));
        return Err(Failure::new(
            "demo.failed",
            1,
            format_args!("found: {faults}"),
        ));
    }
    let args = [
        ("count", &*findings.held.to_string()),
        ("seconds", &*seconds.to_string()),
    ];
    print(&text(lang, "demo-passed", &args));
    if options.keep {
        let args = [
            ("jp", &*stage.jp.how_to_talk()),
            ("us", &*stage.us.how_to_talk()),
        ];
        print(&text(lang, "demo-kept", &args));
        stage.wait();
    }
    Ok(())
}
