//! One request with everything a page needs to answer it.

use std::io::Read;

use noroshi_model::Timestamp;
use noroshi_node::messages::{Lang, render, text};
use noroshi_node::signin::{Face, SignedIn, Whence};
use noroshi_node::sink::Collected;
use noroshi_node::{Command, Event, Failure};
use serde::de::DeserializeOwned;

use crate::Console;
use crate::form::Form;
use crate::parts::Upload;
use crate::shell::Shell;
use crate::times::Zone;

/// A request on its way through a page.
pub(crate) struct Visit<'a> {
    pub(crate) console: &'a Console,
    /// Who has signed in. Routes that need somebody are not reached without.
    pub(crate) who: Option<&'a SignedIn>,
    pub(crate) whence: Whence<'a>,
    pub(crate) lang: Lang,
    pub(crate) face: Face,
    pub(crate) zone: Zone,
    pub(crate) path: &'a str,
    /// What stands at the `{}` of the route.
    pub(crate) parts: Vec<String>,
    pub(crate) query: Form,
    /// The form that was posted; its token was found right.
    pub(crate) form: Form,
    /// The file that came with it, on a route that takes one.
    pub(crate) file: Option<Upload>,
    /// The token for forms of this answer.
    pub(crate) token: String,
    pub(crate) now: Timestamp,
}

impl Visit<'_> {
    /// The frame of a page with that title.
    pub(crate) fn shell(&self, title: &str) -> Shell {
        Shell::new(self, title)
    }

    /// A message without arguments.
    pub(crate) fn say(&self, id: &str) -> String {
        text(self.lang, id, &[])
    }

    /// Who has signed in.
    pub(crate) fn signed_in(&self) -> Result<&SignedIn, Failure> {
        self.who
            .ok_or_else(|| Failure::new("duty.none", 3, "nobody has signed in"))
    }

    /// Ask the node, as the person, what the command line asks it too.
    pub(crate) fn ask(&self, command: Command) -> Result<Asked, Failure> {
        self.ask_with(command, None)
    }

    /// The same, with bytes that the command reads.
    pub(crate) fn ask_with(
        &self,
        command: Command,
        input: Option<&mut dyn Read>,
    ) -> Result<Asked, Failure> {
        let who = self.signed_in()?;
        let is_doctor = matches!(command, Command::Doctor);
        let mut told = Collected::default();
        let outside = &*self.console.outside;
        let done = self
            .console
            .node
            .run_as(who, command, input, outside, &mut told);
        // A doctor that finds something bad has told what, and fails as well.
        match done {
            Err(failure) if !is_doctor || told.0.is_empty() => Err(failure),
            _ => Ok(Asked(told.0)),
        }
    }
}

/// What the node answered.
pub(crate) struct Asked(Vec<Event>);

impl Asked {
    /// All that was told, as the command line says it.
    pub(crate) fn said(&self, lang: Lang) -> Vec<String> {
        self.0.iter().map(|event| render(lang, event)).collect()
    }

    /// Rows of a kind, as that type; what is not of it is left out.
    pub(crate) fn rows<T: DeserializeOwned>(&self, wanted: &str) -> Vec<T> {
        let rows = self.0.iter().filter_map(|event| match event {
            Event::Row { kind, row } if kind == wanted => Some(row.clone()),
            _ => None,
        });
        rows.filter_map(|row| serde_json::from_value(row).ok())
            .collect()
    }

    /// The last word of a kind, as that type.
    pub(crate) fn answer<T: DeserializeOwned>(&self, wanted: &str) -> Option<T> {
        self.0.iter().rev().find_map(|event| match event {
            Event::Answer { kind, answer } if kind == wanted => {
                serde_json::from_value(answer.clone()).ok()
            }
            _ => None,
        })
    }
}
