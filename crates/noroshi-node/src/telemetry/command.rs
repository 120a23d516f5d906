//! What a person can ask about telemetry.

use std::io::Read;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::feed::Format;
use crate::command::Failure;
use crate::node::Node;
use crate::sink::Sink;

/// One command about telemetry.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "snake_case", tag = "telemetry")]
pub enum TelemetryCommand {
    /// Hold files, folders or standard input against the indicators at work. A `source` row for
    /// each stream, a `hit` row for each hit as it comes, `progress`; answers `watch`.
    Watch {
        /// Absolute paths; `-` alone means the command's input stream.
        paths: Vec<PathBuf>,
        /// `auto`, or the name of a format.
        format: String,
        /// Go on with what is appended, until nobody listens; one path.
        follow: bool,
    },
    /// The formats that are known, one `format` row each, and what the running node watches, one
    /// `watched` row each.
    Sources,
}

impl TelemetryCommand {
    /// Does it read the command's input stream?
    #[must_use]
    pub fn reads_input(&self) -> bool {
        matches!(self, Self::Watch { paths, .. } if paths.iter().any(|path| path.as_os_str() == "-"))
    }
}

impl Node {
    pub(crate) fn telemetry(
        &self,
        command: TelemetryCommand,
        input: Option<&mut dyn Read>,
        sink: &mut dyn Sink,
    ) -> Result<(), Failure> {
        match command {
            TelemetryCommand::Watch {
                paths,
                format,
                follow,
            } => {
                let format = Format::from_word(&format);
                if let Format::Named(name) = &format {
                    // Told at once, not when the first line is there.
                    self.kinds()?.named(name, b"")?;
                }
                if follow {
                    self.watch_growing(&paths, format, sink)
                } else {
                    self.watch_once(&paths, format, input, sink)
                }
            }
            TelemetryCommand::Sources => self.telemetry_sources(sink),
        }
    }
}
