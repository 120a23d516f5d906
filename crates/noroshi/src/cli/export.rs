//! `noroshi export`.

use std::path::PathBuf;

use clap::Args;
use noroshi_node::{Command, TaxiiCommand};

use super::Asked;

#[derive(Clone, Debug, Args)]
pub(super) struct ExportOptions {
    /// Which collection.
    collection: String,
    /// suricata, suricata-domains, suricata-addresses, md5, sha1, sha256, zeek, rpz, csv, cef or
    /// stix.
    #[arg(long)]
    format: String,
    /// Into this file, as a whole or not at all [default: standard output].
    #[arg(long, value_name = "FILE")]
    to: Option<PathBuf>,
}

impl ExportOptions {
    pub(super) fn asked(self) -> Asked {
        let absolute = |file: PathBuf| std::path::absolute(&file).unwrap_or(file);
        Asked::Plain(Command::Taxii(TaxiiCommand::Export {
            collection: self.collection,
            format: self.format,
            file: self.to.map(absolute),
        }))
    }
}
