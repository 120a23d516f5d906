//! The command line of our own traffic: watch, sources.

use std::path::PathBuf;

use clap::Args;
use noroshi_node::{Command, TelemetryCommand};

use super::Asked;

/// Options of `watch`.
#[derive(Clone, Debug, Args)]
pub(super) struct WatchOptions {
    /// Files or folders, also gzip and zstd; - alone is standard input.
    #[arg(required = true)]
    paths: Vec<PathBuf>,
    /// Name of a format; auto goes by the first lines.
    #[arg(long, default_value = "auto")]
    format: String,
    /// Go on with what is appended, through rotations, as tail -F does.
    #[arg(long)]
    follow: bool,
}

impl WatchOptions {
    pub(super) fn asked(self) -> Asked {
        let whole = |path: PathBuf| {
            if path.as_os_str() == "-" {
                path
            } else {
                std::path::absolute(&path).unwrap_or(path)
            }
        };
        Asked::Plain(Command::Telemetry(TelemetryCommand::Watch {
            paths: self.paths.into_iter().map(whole).collect(),
            format: self.format,
            follow: self.follow,
        }))
    }
}

/// `sources`.
pub(super) fn sources() -> Asked {
    Asked::Plain(Command::Telemetry(TelemetryCommand::Sources))
}
