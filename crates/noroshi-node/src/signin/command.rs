//! What a person can ask about people's ways into the console.

use serde::{Deserialize, Serialize};

use crate::command::{Event, Failure};
use crate::node::Node;
use crate::sink::Sink;

/// One command about people at the console.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "snake_case", tag = "signin")]
pub enum SigninCommand {
    /// A code for a person's account; answers [`super::CodeAnswer`].
    Code {
        /// Whose account it sets up.
        name: String,
        /// Who gives it.
        person: String,
    },
    /// Set a person's duties; two persons. Answers [`crate::command::ActAnswer`].
    Duties {
        /// Whose.
        name: String,
        /// All of them: watch, analysis, release, audit, administration.
        duties: Vec<String>,
        /// Who asks.
        person: String,
    },
}

impl Node {
    pub(crate) fn run_signin(
        &self,
        command: SigninCommand,
        sink: &mut dyn Sink,
    ) -> Result<(), Failure> {
        let (kind, answer) = match command {
            SigninCommand::Code { name, person } => {
                let code = self.person_code(&name, &person)?;
                ("code", serde_json::to_value(code))
            }
            SigninCommand::Duties {
                name,
                duties,
                person,
            } => {
                let act = self.duties_set(&name, &duties, &person)?;
                ("act", serde_json::to_value(act))
            }
        };
        sink.send(Event::Answer {
            kind: kind.into(),
            answer: answer.unwrap_or_default(),
        });
        Ok(())
    }
}
