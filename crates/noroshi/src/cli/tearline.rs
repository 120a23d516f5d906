//! What a person says of a version for release.

use std::path::PathBuf;

use clap::Args;
use noroshi_node::Command;
use serde_json::Value;

/// Options of `tearline`.
#[derive(Clone, Debug, Args)]
pub(crate) struct TearlineOptions {
    /// Of which item.
    item: String,
    /// For whom gate and review are asked beforehand.
    #[arg(long)]
    to: Vec<String>,
    /// A file with the STIX object as you edited it; - for standard input.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["drop", "replace"])]
    pub(crate) edit: Option<PathBuf>,
    /// Drop what stands at this selector.
    #[arg(long, value_name = "SELECTOR")]
    drop: Vec<String>,
    /// Put this text in place of what stands at the selector.
    #[arg(long, value_name = "SELECTOR=TEXT", value_parser = replacement)]
    replace: Vec<(String, String)>,
    /// Its markings by name (TLP:GREEN) or id.
    #[arg(long, required = true)]
    marking: Vec<String>,
    /// The purpose the gate is asked with.
    #[arg(long, default_value = "defence")]
    purpose: String,
    /// Show it only.
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Who asks.
    #[arg(long = "as", value_name = "NAME")]
    pub(crate) person: String,
}

impl TearlineOptions {
    /// The command it is, with the object from the file.
    pub(crate) fn command(self, object: Option<Value>) -> Command {
        Command::Tearline {
            item: self.item,
            to: self.to,
            object,
            drop: self.drop,
            replace: self.replace.into_iter().collect(),
            markings: self.marking,
            purpose: self.purpose,
            person: self.person,
            dry_run: self.dry_run,
        }
    }
}

fn replacement(text: &str) -> Result<(String, String), String> {
    let parts = text.split_once('=');
    let parts = parts.map(|(place, text)| (place.to_owned(), text.to_owned()));
    parts.ok_or_else(|| "write it as SELECTOR=TEXT".to_owned())
}
